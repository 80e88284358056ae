//! A single file, written beside its place and moved there in whole.

use std::io::{self, Write};
use std::path::Path;

/// Writes a file, in the place of one that may be there.
///
/// # Errors
/// What the system says.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".sabyr-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    // Temporary files are private; what is published has the permissions of any new file.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}
