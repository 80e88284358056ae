//! What the program says to people: `tests/cmd/*.toml` hold commands with what they must print and their exit codes, `*.trycmd`
//! several that build on each other.
//!
//! `[..]` stands for anything in a line, `...` for any lines. `TRYCMD=overwrite cargo test --test cli` writes what is
//! printed into the files; put the wildcards back before you keep it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd")
}

/// Every file below a folder with its bytes; folders with none.
fn everything(folder: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            into.insert(path.clone(), Vec::new());
            everything(&path, into);
        } else {
            into.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}

#[test]
fn every_command_says_what_it_should_and_wrong_use_writes_nothing() {
    let given = folder().join("given");
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    everything(&given, &mut before);
    let cases = trycmd::TestCases::new();
    // The lexicon takes seconds to compile in a debug build on a busy machine.
    cases.timeout(Duration::from_secs(300)).case("tests/cmd/*.toml").case("tests/cmd/*.trycmd").run();
    everything(&given, &mut after);
    assert!(before == after, "a command that was used wrongly wrote in {}", given.display());
}

/// So that a case added later keeps to the rules: wrong use is exit code 2, nothing on standard output, and one line that
/// begins with the program's name, unless the command line itself is at fault.
#[test]
fn cases_of_wrong_use_keep_to_the_rules() {
    let mut count = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("wrong_") {
            continue;
        }
        count += 1;
        let case: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        let text = |key: &str| case[key].as_str().unwrap().to_owned();
        assert_eq!(case["status"]["code"].as_integer(), Some(2), "{name}");
        assert_eq!(text("stdout"), "", "{name}");
        let stderr = text("stderr");
        assert!(
            stderr.starts_with("error: ") || stderr.starts_with("sabyr: ") && stderr.lines().count() == 1,
            "{name}: {stderr}"
        );
    }
    assert!(count >= 12, "only {count} cases of wrong use");
}
