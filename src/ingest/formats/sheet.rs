//! Tables that people fill in by hand: reviewers' marks and notes. Read as leniently as a spreadsheet saves them (comma, semicolon or
//! tab, any of the charsets, a `sep=` line), with the line of every row, so that what cannot be used can be named.

use std::path::Path;

use super::csv_turns::open_delimited;
use super::rows::Row;
use crate::ingest::{Options, Source};
use crate::model::Reason;

/// Longest row, in bytes.
const LONGEST: u64 = 1 << 20;

/// A table with a header line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HandSheet {
    /// As messages name the file.
    pub file: String,
    /// Names of the columns, in lower case, without the space around them.
    pub header: Vec<String>,
    /// Its rows, blank ones left out.
    pub rows: Vec<HandRow>,
    /// Rows that could not be read: line and reason.
    pub bad: Vec<(u64, String)>,
}

/// A row of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HandRow {
    /// Where it begins, counted from 1.
    pub line: u64,
    cells: Vec<String>,
}

impl HandRow {
    /// The cell of a column; empty when there is none.
    pub fn get(&self, column: Option<usize>) -> &str {
        column.and_then(|i| self.cells.get(i)).map_or("", String::as_str)
    }
}

/// Why a table cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct HandSheetError {
    /// The file.
    pub file: String,
    /// What is wrong, and what would help.
    pub reason: String,
}

impl HandSheet {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read or has no header line. Rows that cannot be read are in [`HandSheet::bad`].
    pub fn read(path: &Path) -> Result<HandSheet, HandSheetError> {
        let file = path.display().to_string();
        let fail = |reason: Reason| HandSheetError { file: file.clone(), reason: reason.to_string() };
        let options = Options { max_record: LONGEST, ..Options::default() };
        let (mut rows, names, delimiter) = open_delimited(&Source { file: path.into() }, &options).map_err(fail)?;
        let header = names.iter().map(|n| n.trim_start_matches('\u{FEFF}').to_lowercase()).collect();
        let (mut row, mut out) = (Row::default(), HandSheet { file: file.clone(), header, ..HandSheet::default() });
        while rows.next_row(&mut row) {
            match &row.bad {
                Some(reason) => out.bad.push((row.line, reason.to_string())),
                None if row.is_blank() => {}
                None if (out.header.len()..row.len()).any(|i| !row.get(i).is_empty()) => {
                    let what = format!(
                        "{} cells under {} columns; put a text with {:?} in it into quotes",
                        row.len(),
                        out.header.len(),
                        char::from(delimiter)
                    );
                    out.bad.push((row.line, what));
                }
                None => {
                    let cells = (0..row.len()).map(|i| undefused(row.get(i)).to_owned()).collect();
                    out.rows.push(HandRow { line: row.line, cells });
                }
            }
        }
        Ok(out)
    }

    /// The first column with one of these names.
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|n| self.header.iter().position(|h| h == n))
    }

    /// The first column with one of these names, which must be there.
    ///
    /// # Errors
    /// Names the column and those that there are.
    pub fn needed(&self, names: &[&str]) -> Result<usize, HandSheetError> {
        self.column(names).ok_or_else(|| {
            let mut columns = self.header.join(", ");
            if let Some((cut, _)) = columns.char_indices().nth(200) {
                columns.truncate(cut);
                columns.push('…');
            }
            HandSheetError {
                file: self.file.clone(),
                reason: format!("no column {:?}; the columns are: {columns}", names[0]),
            }
        })
    }
}

/// A text as it was before it was written so that no spreadsheet runs it as a formula.
fn undefused(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '@', '+', '-', '＝', '＋', '－', '＠']) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<HandSheet, HandSheetError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("marks.csv");
        std::fs::write(&path, bytes).unwrap();
        HandSheet::read(&path)
    }

    #[test]
    fn what_a_spreadsheet_saves_is_read_with_its_lines() {
        let sheet =
            read("\u{FEFF}Conversation_ID;Patience\r\nc1;\"7\n2\"\r\n\r\n;\r\n'=cmd|x;good\r\n'tis;1".as_bytes())
                .unwrap();
        assert_eq!(sheet.header, ["conversation_id", "patience"]);
        let id = Some(sheet.needed(&["id", "conversation_id"]).unwrap());
        let rows: Vec<_> = sheet.rows.iter().map(|r| (r.line, r.get(id), r.get(Some(1)), r.get(Some(9)))).collect();
        assert_eq!(rows, [(2, "c1", "7\n2", ""), (6, "=cmd|x", "good", ""), (7, "'tis", "1", "")]);
        // As a spreadsheet on a Russian Windows saves it.
        let (cyrillic, ..) = encoding_rs::WINDOWS_1251.encode("id;комментарий\n1;Оператор был вежлив и всё объяснил\n");
        let sheet = read(&cyrillic).unwrap();
        assert_eq!(sheet.rows[0].get(sheet.column(&["комментарий"])), "Оператор был вежлив и всё объяснил");
    }

    #[test]
    fn bad_rows_and_missing_columns_are_named() {
        let sheet = read(b"id,text\n1,\"open\n2,b\n3,so, he said\n4,x,,\n").unwrap();
        assert_eq!((sheet.bad.len(), sheet.bad[0].0, sheet.rows.len()), (2, 2, 2));
        assert!(sheet.bad[1].0 == 4 && sheet.bad[1].1.contains("3 cells under 2 columns"), "{:?}", sheet.bad);
        assert!(
            sheet
                .needed(&["agent_id"])
                .unwrap_err()
                .to_string()
                .contains("no column \"agent_id\"; the columns are: id, text")
        );
        assert!(read(b"").unwrap_err().reason.contains("no header line"));
    }
}
