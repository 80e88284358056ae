//! Rows of delimited text, strictly by RFC 4180, so that a quote that is never closed spoils one row and not the rest of
//! the file: where the quoting of a row breaks, reading goes on at the line behind its first. (A lenient reader would
//! take all conversations behind a stray quote for the text of one turn.)

use std::collections::VecDeque;

use crate::ingest::{BadLine, Lines};
use crate::model::Reason;

/// A row: its fields one behind the other, and where each ends.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// Line it begins at, counted from 1.
    pub line: u64,
    text: String,
    ends: Vec<usize>,
    /// Why the row is not whole; the fields are those that could be read.
    pub bad: Option<Reason>,
}

impl Row {
    /// How many fields.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// A field without the space around it; empty when there is none.
    pub fn get(&self, i: usize) -> &str {
        let Some(&end) = self.ends.get(i) else { return "" };
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        self.text[start..end].trim()
    }

    /// Empties the row, to be filled with the cells of a table's row of this number, counted from 1.
    #[cfg(any(feature = "parquet", feature = "xlsx"))]
    pub fn begin(&mut self, number: u64) {
        *self =
            Row { line: number, text: std::mem::take(&mut self.text), ends: std::mem::take(&mut self.ends), bad: None };
        self.text.clear();
        self.ends.clear();
    }

    /// Adds a cell.
    #[cfg(any(feature = "parquet", feature = "xlsx"))]
    pub fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    /// Whether nothing is written in it.
    pub fn is_blank(&self) -> bool {
        self.bad.is_none() && self.text.trim().is_empty()
    }

    /// Takes the fields of a line; `open` when it begins inside quotes. Whether it ends inside quotes.
    fn take(&mut self, line: &str, delimiter: u8, open: bool) -> Result<bool, ()> {
        enum State {
            Start,
            Plain,
            Quoted,
            Closed,
        }
        let bytes = line.as_bytes();
        let (mut i, mut state) = (0, if open { State::Quoted } else { State::Start });
        loop {
            state = match state {
                State::Start if bytes.get(i) == Some(&b'"') => {
                    i += 1;
                    State::Quoted
                }
                State::Start => State::Plain,
                State::Plain => {
                    let end = memchr::memchr(delimiter, &bytes[i..]);
                    self.text.push_str(&line[i..end.map_or(line.len(), |n| i + n)]);
                    self.ends.push(self.text.len());
                    let Some(n) = end else { return Ok(false) };
                    i += n + 1;
                    State::Start
                }
                State::Quoted => {
                    let Some(n) = memchr::memchr(b'"', &bytes[i..]) else {
                        self.text.push_str(&line[i..]);
                        return Ok(true);
                    };
                    self.text.push_str(&line[i..i + n]);
                    i += n + 1;
                    if bytes.get(i) == Some(&b'"') {
                        self.text.push('"');
                        i += 1;
                        State::Quoted
                    } else {
                        State::Closed
                    }
                }
                State::Closed => match bytes.get(i) {
                    None => {
                        self.ends.push(self.text.len());
                        return Ok(false);
                    }
                    Some(b) if *b == delimiter => {
                        self.ends.push(self.text.len());
                        i += 1;
                        State::Start
                    }
                    Some(b' ') => {
                        i += 1;
                        State::Closed
                    }
                    Some(_) => return Err(()),
                },
            };
        }
    }
}

/// The fields of one line, as far as they can be read.
pub(super) fn split(line: &str, delimiter: u8) -> Vec<String> {
    let mut row = Row::default();
    let _ = row.take(line, delimiter, false);
    (0..row.len()).map(|i| row.get(i).to_owned()).collect()
}

/// The rows of a file.
pub(super) struct Rows {
    lines: Lines,
    /// Lines to be read again, behind a row whose quoting broke.
    again: VecDeque<(u64, Result<String, BadLine>)>,
    delimiter: u8,
    limit: u64,
}

impl Rows {
    /// Rows of the lines that are left, beginning with `first`. A row longer than `limit` bytes is bad.
    pub fn new(lines: Lines, first: Option<(u64, Result<String, BadLine>)>, delimiter: u8, limit: u64) -> Rows {
        Rows { lines, again: first.into_iter().collect(), delimiter, limit }
    }

    /// Reads the next row into `row`; `false` behind the last.
    pub fn next_row(&mut self, row: &mut Row) -> bool {
        row.text.clear();
        row.ends.clear();
        row.bad = None;
        let took = if let Some((number, line)) = self.again.pop_front() {
            row.line = number;
            match &line {
                Ok(line) => row.take(line, self.delimiter, false),
                Err(bad) => return spoiled(row, bad, self.delimiter),
            }
        } else {
            let Some(line) = self.lines.next_line() else { return false };
            match line {
                Ok(line) => {
                    let took = row.take(line, self.delimiter, false);
                    row.line = self.lines.number();
                    took
                }
                Err(bad) => {
                    row.line = self.lines.number();
                    return spoiled(row, &bad, self.delimiter);
                }
            }
        };
        let mut behind = Vec::new();
        let mut took = took;
        let broken = loop {
            match took {
                Ok(false) => return true,
                Err(()) => break self.quoting(row),
                Ok(true) if row.text.len() as u64 > self.limit => break Reason::TooLarge { limit: self.limit },
                Ok(true) => {}
            }
            let (number, line) = match self.again.pop_front() {
                Some(line) => line,
                None => match self.lines.next_line() {
                    Some(line) => {
                        let line = line.map(str::to_owned);
                        (self.lines.number(), line)
                    }
                    None => break self.quoting(row),
                },
            };
            took = match &line {
                Ok(text) => {
                    row.text.push('\n');
                    row.take(text, self.delimiter, true)
                }
                Err(_) => Err(()),
            };
            behind.push((number, line));
        };
        row.text.truncate(row.ends.last().copied().unwrap_or_default());
        row.bad = Some(broken);
        for line in behind.into_iter().rev() {
            self.again.push_front(line);
        }
        true
    }

    fn quoting(&self, row: &Row) -> Reason {
        let detail = format!(
            "line {}, column {}: a quote is opened and not closed before the next {}; write quotes inside a text twice",
            row.line,
            row.len() + 1,
            if self.delimiter == b'\t' { "tab".to_owned() } else { format!("{:?}", char::from(self.delimiter)) },
        );
        Reason::Syntax { format: "CSV", detail }
    }
}

/// A row of a line that cannot be used; its fields are shown as far as they can be read.
fn spoiled(row: &mut Row, bad: &BadLine, delimiter: u8) -> bool {
    let _ = row.take(&bad.shown, delimiter, false);
    row.bad = Some(bad.reason.clone());
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::TextStream;

    fn rows(text: &'static str, limit: u64) -> Vec<String> {
        let stream = TextStream { reader: Box::new(text.as_bytes()), charset: "UTF-8" };
        let mut rows = Rows::new(Lines::new(stream, limit), None, b',', limit);
        let (mut row, mut out) = (Row::default(), Vec::new());
        while rows.next_row(&mut row) {
            let fields: Vec<_> = (0..row.len()).map(|i| row.get(i)).collect();
            let bad = row.bad.as_ref().map_or("", |r| r.kind());
            out.push(format!("{}{bad} {}", row.line, fields.join("/")));
        }
        out
    }

    #[test]
    fn fields_are_cut_and_quotes_undone() {
        assert_eq!(rows("a,b\r\n\"x, \"\"y\"\"\",\"\"\n,\n", 99), ["1 a/b", "2 x, \"y\"/", "3 /"]);
        assert_eq!(rows("a,\"two\r\nlines\" ,z\nb,5\" pipe", 99), ["1 a/two\nlines/z", "3 b/5\" pipe"]);
    }

    #[test]
    fn a_stray_quote_spoils_one_row_only() {
        assert_eq!(rows("1,\"never closed\n2,b\n3,c", 99), ["1syntax 1", "2 2/b", "3 3/c"]);
        assert_eq!(rows("1,\"open\n2,\"b\"\n3,c", 99), ["1syntax 1", "2 2/b", "3 3/c"]);
        assert_eq!(rows("1,\"said\" he\n2,b", 99), ["1syntax 1", "2 2/b"]);
        assert_eq!(rows("1,\"aaaa\naaaa\naaaa\n2,b\n3,c", 10), ["1too_large 1", "2 aaaa", "3 aaaa", "4 2/b", "5 3/c"]);
        assert_eq!(rows("1,a\0b\n2,b", 99), ["1content 1/a\0b", "2 2/b"]);
    }
}
