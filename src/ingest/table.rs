//! Small tables that come beside the transcripts: rosters and side data, read as a whole.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Options, Source};

/// Why a table beside the transcripts cannot be used: wrong use, told before anything is read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SideError {
    /// It cannot be opened or is not text.
    #[error("{path}: {detail}", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// A column is missing.
    #[error("{path}: no column for {wanted}; the columns are: {found}", path = .path.display())]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// What it is needed for, with names that are understood.
        wanted: &'static str,
        /// The columns that are there.
        found: String,
    },
    /// A row that is not one.
    #[error("{path}:{line}: {detail}", path = .path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong.
        detail: String,
    },
}

/// A header and its rows, without the space around the fields.
pub(super) struct Table {
    pub path: PathBuf,
    pub header: Vec<String>,
    /// Line and fields; as many as the header has.
    pub rows: Vec<(u64, Vec<String>)>,
}

impl Table {
    /// Reads a table separated by `,`, `;` or tab, in any charset that transcripts may be in.
    pub fn read(path: &Path, options: &Options) -> Result<Table, SideError> {
        let fail = |detail: String| SideError::Unreadable { path: path.to_owned(), detail };
        let source = Source { file: path.into() };
        let mut text = String::new();
        let stream = source.open_text(options).map_err(|e| fail(e.to_string()))?;
        let mut reader = stream.reader.take(options.max_record.saturating_add(1));
        reader.read_to_string(&mut text).map_err(|e| fail(e.to_string()))?;
        if text.len() as u64 > options.max_record {
            return Err(fail(format!("more than {} bytes; raise --max-record if it is real", options.max_record)));
        }
        let first = text.lines().find(|l| !l.trim().is_empty()).ok_or_else(|| fail("the file is empty".to_owned()))?;
        let count = |sign: u8| memchr::memchr_iter(sign, first.as_bytes()).count();
        let delimiter = [b'\t', b';', b','].into_iter().max_by_key(|d| count(*d)).unwrap_or(b',');
        let mut rows = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
        let wrong = |e: &csv::Error| SideError::Row {
            path: path.to_owned(),
            line: e.position().map_or(1, csv::Position::line),
            detail: match e.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("{len} fields where the header has {expected_len}")
                }
                _ => e.to_string(),
            },
        };
        let header = rows.headers().map_err(|e| wrong(&e))?.iter().map(str::to_owned).collect();
        let mut out = Vec::new();
        for row in rows.records() {
            let row = row.map_err(|e| wrong(&e))?;
            out.push((row.position().map_or(0, csv::Position::line), row.iter().map(str::to_owned).collect()));
        }
        Ok(Table { path: path.to_owned(), header, rows: out })
    }

    /// The error that names a column that is missing.
    pub fn missing(&self, wanted: &'static str) -> SideError {
        let mut found = self.header.join(", ");
        if let Some((cut, _)) = found.char_indices().nth(300) {
            found.truncate(cut);
            found.push('…');
        }
        SideError::NoColumn { path: self.path.clone(), wanted, found }
    }
}
