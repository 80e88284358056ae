//! A text file line by line, in bounded memory.

use std::io::{self, BufRead};

use super::source::{TextStream, reason_of};
use crate::model::Reason;

/// How much of a line that is too long is still shown to the format, to read an id from.
const SHOWN: usize = 4096;

/// The lines of a text file. A line that cannot be used is handed on as a [`BadLine`], and reading goes on behind it.
pub struct Lines {
    stream: TextStream,
    limit: u64,
    number: u64,
    line: Vec<u8>,
    ended: bool,
}

/// A line that cannot be used.
#[derive(Clone, Debug)]
pub struct BadLine {
    /// Why.
    pub reason: Reason,
    /// The line as far as it can be read (at most 4 KiB when it is too long), with U+FFFD for what is not text.
    pub shown: String,
}

impl Lines {
    /// Reads `stream`, holding no more than `limit` bytes of a line.
    pub fn new(stream: TextStream, limit: u64) -> Lines {
        Lines { stream, limit, number: 0, line: Vec::new(), ended: false }
    }

    /// The number of the line that was read last, counted from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next line without its line end (`\n` or `\r\n`); `None` behind the last.
    ///
    /// # Errors
    /// [`Reason::TooLarge`] for a line past the limit, [`Reason::Charset`] for bytes that are not text, [`Reason::Content`]
    /// for a NUL byte; anything else when the file cannot be read on, and then no line follows.
    pub fn next_line(&mut self) -> Option<Result<&str, BadLine>> {
        if self.ended {
            return None;
        }
        self.number += 1;
        self.line.clear();
        let too_long = match self.fill() {
            Ok(None) => return None,
            Ok(Some(too_long)) => too_long,
            Err(e) => {
                self.ended = true;
                return Some(Err(BadLine { reason: reason_of(&e), shown: String::new() }));
            }
        };
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        let reason = if too_long {
            self.line.truncate(SHOWN);
            Reason::TooLarge { limit: self.limit }
        } else {
            match std::str::from_utf8(&self.line) {
                Ok(_) => match memchr::memchr(0, &self.line) {
                    None => return std::str::from_utf8(&self.line).ok().map(Ok),
                    Some(_) => Reason::Content("a NUL byte in the line: binary data or a broken copy".to_owned()),
                },
                Err(e) => not_text(&self.line, e.valid_up_to(), self.stream.charset),
            }
        };
        Some(Err(BadLine { reason, shown: String::from_utf8_lossy(&self.line).into_owned() }))
    }

    /// Reads a line into `line`: whether it is too long (it is cut then), or `None` at the end of the file.
    fn fill(&mut self) -> io::Result<Option<bool>> {
        let (mut any, mut too_long) = (false, false);
        loop {
            let chunk = match self.stream.reader.fill_buf() {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                chunk => chunk?,
            };
            if chunk.is_empty() {
                self.ended = true;
                return Ok(any.then_some(too_long));
            }
            any = true;
            let newline = memchr::memchr(b'\n', chunk);
            let content = &chunk[..newline.unwrap_or(chunk.len())];
            if !too_long {
                too_long = (self.line.len() + content.len()) as u64 > self.limit;
                let kept =
                    if too_long { SHOWN.saturating_sub(self.line.len()).min(content.len()) } else { content.len() };
                self.line.extend_from_slice(&content[..kept]);
            }
            let taken = content.len() + usize::from(newline.is_some());
            self.stream.reader.consume(taken);
            if newline.is_some() {
                return Ok(Some(too_long));
            }
        }
    }
}

/// A reason with the number of its line before it, for a record of several lines.
pub(super) fn on_line(line: u64, reason: Reason) -> Reason {
    match reason {
        Reason::Content(said) => Reason::Content(format!("line {line}: {said}")),
        Reason::Charset { charset, detail } => Reason::Charset { charset, detail: format!("line {line}, {detail}") },
        other => other,
    }
}

/// The reason for a line that breaks its charset `at` this byte.
pub(super) fn not_text(line: &[u8], at: usize, charset: &str) -> Reason {
    let column = String::from_utf8_lossy(&line[..at]).chars().count() + 1;
    let detail = if charset == "UTF-8" {
        format!("byte 0x{:02X} at column {column}", line.get(at).copied().unwrap_or_default())
    } else {
        format!("at column {column}")
    };
    Reason::Charset { charset: charset.to_owned(), detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &'static [u8], limit: u64) -> Vec<(u64, String)> {
        let reader = Box::new(io::BufReader::with_capacity(3, bytes));
        let mut lines = Lines::new(TextStream { reader, charset: "UTF-8" }, limit);
        let mut out = Vec::new();
        while let Some(line) = lines.next_line() {
            let said = match line {
                Ok(s) => s.to_owned(),
                Err(bad) => format!("{}: {}", bad.reason.kind(), bad.shown),
            };
            out.push((lines.number(), said));
        }
        out
    }

    #[test]
    fn lines_end_with_or_without_return_and_the_last_needs_none() {
        let said: Vec<_> = read(b"a\r\nbc\n\nlast", 100).into_iter().map(|l| l.1).collect();
        assert_eq!(said, ["a", "bc", "", "last"]);
        assert_eq!(read(b"", 100), []);
        assert_eq!(read(b"\n", 100), [(1, String::new())]);
    }

    #[test]
    fn a_bad_line_is_named_and_the_next_is_read() {
        let got = read(b"good\n12345678901\nx\xffy\na\0b\nend\n", 10);
        assert_eq!(got[0], (1, "good".into()));
        assert!(got[1].1.starts_with("too_large: 1234"));
        assert_eq!(got[2], (3, "charset: x\u{fffd}y".into()));
        assert_eq!(got[3], (4, "content: a\0b".into()));
        assert_eq!(got[4], (5, "end".into()));
    }

    #[test]
    fn the_message_names_the_byte_and_the_column() {
        let reason = not_text("да\u{fffd}".as_bytes(), 4, "UTF-8");
        assert_eq!(
            reason.to_string(),
            "bytes that are not UTF-8 text: byte 0xEF at column 3; convert the file or name the charset with --charset"
        );
    }
}
