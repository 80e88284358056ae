//! CSV that spreadsheets open right: UTF-8 with a byte-order mark, RFC 4180, texts that look like formulas defused.

use std::io::{self, Write};

use super::columns::{Cell, Column};

/// How CSV is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// RFC 4180: comma, decimal point.
    #[default]
    Rfc,
    /// For spreadsheets set to a European locale: semicolon, decimal comma.
    ExcelEu,
}

/// A CSV file being written.
pub struct CsvTable<W: Write> {
    out: ::csv::Writer<W>,
    preset: Preset,
    buffer: String,
}

impl<W: Write> CsvTable<W> {
    /// Begins a file with its byte-order mark and header line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new<R>(mut file: W, columns: &[Column<R>], preset: Preset) -> io::Result<Self> {
        file.write_all("\u{FEFF}".as_bytes())?;
        let delimiter = if preset == Preset::ExcelEu { b';' } else { b',' };
        let mut out = ::csv::WriterBuilder::new()
            .delimiter(delimiter)
            .terminator(::csv::Terminator::CRLF)
            .buffer_capacity(1 << 18)
            .from_writer(file);
        out.write_record(columns.iter().map(|c| c.name.as_str()))?;
        Ok(Self { out, preset, buffer: String::new() })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn row<R>(&mut self, columns: &[Column<R>], row: &R) -> io::Result<()> {
        use std::fmt::Write as _;
        for column in columns {
            match (column.take)(row) {
                Cell::Empty => self.out.write_field(b"")?,
                Cell::Text(t) if is_formula(&t) => {
                    self.buffer.clear();
                    self.buffer.push('\'');
                    self.buffer.push_str(&t);
                    self.out.write_field(&self.buffer)?;
                }
                Cell::Text(t) => self.out.write_field(&*t)?,
                Cell::Whole(n) => {
                    self.buffer.clear();
                    let _ = write!(self.buffer, "{n}");
                    self.out.write_field(&self.buffer)?;
                }
                Cell::Number(n, decimals) => {
                    self.buffer.clear();
                    let _ = write!(self.buffer, "{n:.*}", usize::from(decimals));
                    // -0.0 is 0.
                    if self.buffer.starts_with('-') && self.buffer[1..].bytes().all(|b| matches!(b, b'0' | b'.')) {
                        self.buffer.remove(0);
                    }
                    if self.preset == Preset::ExcelEu {
                        self.buffer = self.buffer.replace('.', ",");
                    }
                    self.out.write_field(&self.buffer)?;
                }
            }
        }
        self.out.write_record(None::<&[u8]>)?;
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When what was buffered cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Whether a spreadsheet would run the text as a formula.
pub fn is_formula(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'=' | b'@' | b'\t' | b'\r') => true,
        // "-" and "+" begin words and phone masks as well: a formula when something else than space follows.
        Some(b'+' | b'-') => text.len() > 1 && !text[1..].starts_with(' '),
        // Full-width signs are read as formulas by some locales.
        _ => text.starts_with(['＝', '＋', '－', '＠']),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::columns;
    use crate::report::rows::EvidenceRow;

    fn row(quote: &str, points: f64) -> EvidenceRow {
        EvidenceRow {
            conversation_id: "=cmd|'/c calc'!A1".into(),
            agent_id: "a\"b;c,d".into(),
            criterion: 0,
            points,
            turn: 3,
            start: 0,
            end: 4,
            quote: quote.into(),
            rule: "r",
            act: "",
            phrase: None,
            called_turn: None,
            called_quote: "две\nстроки".into(),
            would_earn: "",
        }
    }

    fn written(preset: Preset, rows: &[EvidenceRow]) -> String {
        let columns = columns::evidence();
        let mut bytes = Vec::new();
        let mut t = CsvTable::new(&mut bytes, &columns, preset).unwrap();
        for r in rows {
            t.row(&columns, r).unwrap();
        }
        t.finish().unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn formulas_are_defused_in_texts_and_numbers_are_left() {
        let text = written(Preset::Rfc, &[row("-5% off?", -14.0), row("- no", -0.001)]);
        assert!(text.starts_with("\u{FEFF}conversation_id,"));
        let back: Vec<_> = ::csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect();
        assert_eq!(&back[0][0], "'=cmd|'/c calc'!A1");
        assert_eq!(&back[0][1], "a\"b;c,d");
        assert_eq!((&back[0][4], &back[0][6], &back[0][11]), ("-14.00", "'-5% off?", "две\nстроки"));
        assert_eq!((&back[1][4], &back[1][6]), ("0.00", "- no"));
    }

    #[test]
    fn the_european_preset_has_semicolons_and_decimal_commas() {
        let text = written(Preset::ExcelEu, &[row("да", 1.5)]);
        assert!(text.lines().nth(1).unwrap().contains(";1,50;"));
    }
}
