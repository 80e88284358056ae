//! Embeds every file of `lexicons/`, so that adding one edits nothing else.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=lexicons");
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("lexicons");
    let mut files = Vec::new();
    for language in fs::read_dir(&root)? {
        let language = language?.path();
        if language.is_dir() {
            for file in fs::read_dir(&language)? {
                let file = file?.path();
                if file.extension().is_some_and(|e| e == "toml") {
                    println!("cargo::rerun-if-changed={}", file.display());
                    files.push(file);
                }
            }
        }
    }
    files.sort();
    let mut out =
        String::from("/// Path and text of every built-in lexicon file.\npub const BUILT_IN: &[(&str, &str)] = &[\n");
    for file in &files {
        let path = file.strip_prefix(&root)?.display().to_string().replace('\\', "/");
        writeln!(out, "    ({path:?}, include_str!({:?})),", file.display().to_string())?;
    }
    out.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("lexicons.rs"), out)?;
    Ok(())
}
