//! CSV that spreadsheets open right: UTF-8 with a byte-order mark, RFC 4180, texts that look like formulas defused.
//!
//! Rows are made by all threads at once and are most of what a run writes, so fields are copied whole instead of byte by
//! byte; the tests hold the bytes against those of the csv crate.

use super::columns::{Cell, Column, Table};

/// How CSV is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// RFC 4180: comma, decimal point.
    #[default]
    Rfc,
    /// For spreadsheets set to a European locale: semicolon, decimal comma.
    ExcelEu,
}

impl Preset {
    fn delimiter(self) -> u8 {
        if self == Preset::ExcelEu { b';' } else { b',' }
    }
}

/// The beginning of a file: byte-order mark and header line.
pub fn header<T: Table>(columns: &[Column<T>], preset: Preset) -> Vec<u8> {
    let mut out = "\u{FEFF}".as_bytes().to_vec();
    for (i, column) in columns.iter().enumerate() {
        cell(&mut out, &Cell::Text(column.name.as_str().into()), i == 0, preset);
    }
    end_row(&mut out);
    out
}

/// Adds a cell to a row; `first` says whether it begins the row.
pub fn cell(out: &mut Vec<u8>, cell: &Cell<'_>, first: bool, preset: Preset) {
    if !first {
        out.push(preset.delimiter());
    }
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => field(out, text, preset.delimiter()),
        Cell::Whole(n) => out.extend_from_slice(itoa::Buffer::new().format(*n).as_bytes()),
        Cell::Number(n, decimals) => number(out, *n, *decimals, preset),
    }
}

/// Ends a row.
pub fn end_row(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\r\n");
}

fn field(out: &mut Vec<u8>, text: &str, delimiter: u8) {
    let formula = is_formula(text);
    let bytes = text.as_bytes();
    // Without a way out of the loop it is done by sixteen bytes at once; most fields are not longer than a few of these.
    let special = |b: u8| (b == delimiter) | (b == b'"') | (b == b'\n') | (b == b'\r');
    if !bytes.iter().fold(false, |any, b| any | special(*b)) {
        if formula {
            out.push(b'\'');
        }
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    if formula {
        out.push(b'\'');
    }
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=at]);
        out.push(b'"');
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// A number with so many decimals, rounded half away from zero; there is no -0.
fn number(out: &mut Vec<u8>, n: f64, decimals: u8, preset: Preset) {
    let scale = 10_f64.powi(i32::from(decimals));
    let scaled = (n * scale).round();
    if scaled.is_nan() || scaled.abs() >= 1e15 {
        // Not a figure of ours; written as it is rather than wrong.
        out.extend_from_slice(n.to_string().as_bytes());
        return;
    }
    let (scaled, scale) = (scaled as i64, scale as i64);
    if scaled < 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    out.extend_from_slice(buffer.format(scaled.abs() / scale).as_bytes());
    if decimals > 0 {
        out.push(if preset == Preset::ExcelEu { b',' } else { b'.' });
        // With a 1 before them the decimals keep their zeros.
        out.extend_from_slice(&buffer.format(scale + scaled.abs() % scale).as_bytes()[1..]);
    }
}

/// Whether a spreadsheet would run the text as a formula.
pub fn is_formula(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'=' | b'@' | b'\t' | b'\r') => true,
        // "-" and "+" begin words and phone masks as well: a formula when something else than space follows.
        Some(b'+' | b'-') => text.len() > 1 && !text[1..].starts_with(' '),
        // Full-width signs are read as formulas by some locales.
        Some(0xEF) => text.starts_with(['＝', '＋', '－', '＠']),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::columns::Evidence;
    use crate::report::rows::EvidenceRow;
    use proptest::prelude::*;

    fn row(quote: &str, points: f64) -> EvidenceRow<'_> {
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
            phrase: "".into(),
            called_turn: None,
            called_quote: "две\nстроки".into(),
            would_earn: "",
        }
    }

    fn written(preset: Preset, rows: &[EvidenceRow<'_>]) -> String {
        let columns = Evidence::columns();
        let mut out = header(&columns, preset);
        for r in rows {
            for (i, c) in columns.iter().enumerate() {
                cell(&mut out, &(c.take)(r), i == 0, preset);
            }
            end_row(&mut out);
        }
        String::from_utf8(out).unwrap()
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

    #[test]
    fn numbers_keep_their_decimals() {
        for (n, decimals, want) in [
            (0.0, 1, "0.0"),
            (-0.04, 1, "0.0"),
            (99.95, 1, "100.0"),
            (7.2, 2, "7.20"),
            (-6.049, 2, "-6.05"),
            (100.0, 0, "100"),
            (1234.5, 3, "1234.500"),
        ] {
            let mut out = Vec::new();
            number(&mut out, n, decimals, Preset::Rfc);
            assert_eq!(String::from_utf8(out).unwrap(), want, "{n} with {decimals}");
        }
    }

    proptest! {
        #[test]
        fn fields_are_those_of_the_csv_crate(texts in prop::collection::vec("[a-c\"',;\r\n =é]{0,8}", 2..5)) {
            let mut ours = Vec::new();
            for (i, t) in texts.iter().enumerate() {
                cell(&mut ours, &Cell::Text(t.as_str().into()), i == 0, Preset::Rfc);
            }
            end_row(&mut ours);
            let mut theirs = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
            theirs.write_record(texts.iter().map(|t| if is_formula(t) { format!("'{t}") } else { t.clone() })).unwrap();
            prop_assert_eq!(ours, theirs.into_inner().unwrap());
        }
    }
}
