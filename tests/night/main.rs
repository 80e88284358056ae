//! The program as a whole: the demo night, its report, stopped runs, hostile input.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

mod demo;
mod hostile;
mod nights;
mod people;
mod report;
mod roles;
#[cfg(unix)]
mod stopped;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program, to be run in the root of the repository.
fn sabyr() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sabyr"));
    command.current_dir(root());
    command
}

/// Runs `sabyr score` and expects this exit code.
fn score(input: &Path, out: &Path, more: &[&str], code: i32) -> Output {
    let output = sabyr().arg("score").arg(input).arg("--out").arg(out).args(more).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "sabyr score {} {more:?}: {said}", input.display());
    output
}

/// A table of a run folder: its header and its rows.
struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(folder: &Path, name: &str) -> Table {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let text = text.strip_prefix('\u{FEFF}').expect("a byte-order mark");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows = reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
        Table { header, rows }
    }

    /// The column of this name in every row.
    fn column(&self, name: &str) -> Vec<&str> {
        let at = self.at(name);
        self.rows.iter().map(|r| r[at].as_str()).collect()
    }

    fn at(&self, name: &str) -> usize {
        self.header.iter().position(|h| h == name).unwrap_or_else(|| panic!("no column {name}"))
    }
}

fn run_json(folder: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(folder.join("run.json")).unwrap()).unwrap()
}

/// The files below a folder, relative to it, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|e| e.file_type().is_file())
        .map(|e| e.path().strip_prefix(folder).unwrap().to_owned())
        .collect();
    files.sort();
    files
}
