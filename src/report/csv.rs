//! CSV that spreadsheets open right: UTF-8 with a byte-order mark, RFC 4180, texts that look like formulas defused.
//!
//! Rows are made by all threads at once and are most of what a run writes, so fields are copied whole instead of byte by
//! byte; the tests hold the bytes against those of the csv crate.

use std::borrow::Cow;

use super::columns::{Cell, Column, Table};
use super::local_time::LocalTime;

/// How CSV is written. [`PRESETS`] says in words what differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// For programs: RFC 4180, comma, decimal point, values as they are.
    #[default]
    Rfc,
    /// For a double-click in Excel with an English locale.
    Excel,
    /// For a double-click in Excel with a European locale: semicolon, decimal comma.
    ExcelEu,
}

/// What the presets have in common and where they differ, in Markdown.
pub const PRESETS: &str = "\
Every CSV file is UTF-8 with a byte-order mark (without it Excel shows Cyrillic as gibberish; read it with `utf-8-sig`), has one header line,
quotes as RFC 4180 says and ends its lines with CR LF. A text that a spreadsheet would run as a formula, that is one that begins, after any
space, with `=`, `+`, `-` or `@` (full-width forms too), or at once with a tab or line end, has an apostrophe put before it. Numbers are never touched.

| `--csv-preset` | `rfc`, for programs | `excel`, English locale | `excel-eu`, European locale |
|---|---|---|---|
| between fields | `,` | `,` | `;` |
| in numbers | `7.25` | `7.25` | `7,25` |
| dates and times | as in the input | `2026-11-20 18:00:00`, a date to any locale; the zone is in `started_at_zone` | the same |
| lists | `a; b` | `a; b` | `a, b` |
| line ends inside a text | as in the input | LF, Excel's own | LF |
| texts over 32,767 characters | whole | cut, `…` at the end | cut |
| texts that Excel would change when it opens them (`0012`, `3-4`, more than 15 digits) | as they are | an apostrophe before them | an apostrophe before them |

`report.xlsx` needs none of this: texts are texts there, numbers numbers, dates dates.
";

impl Preset {
    fn delimiter(self) -> u8 {
        if self == Preset::ExcelEu { b';' } else { b',' }
    }

    /// Whether a spreadsheet opens the file without being asked how.
    fn is_for_a_double_click(self) -> bool {
        self != Preset::Rfc
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
        Cell::Text(t) => text(out, t, preset),
        Cell::Time(t) => match LocalTime::parse(t).filter(|_| preset.is_for_a_double_click()) {
            Some(time) => out.extend_from_slice(time.for_spreadsheets().as_bytes()),
            None => text(out, t, preset),
        },
        // A list that is parted as the fields are would come apart with them.
        Cell::List(t) if preset == Preset::ExcelEu => text(out, &t.replace("; ", ", "), preset),
        Cell::List(t) => text(out, t, preset),
        Cell::Whole(n) => out.extend_from_slice(itoa::Buffer::new().format(*n).as_bytes()),
        Cell::Number(n, decimals) => number(out, *n, *decimals, preset),
    }
}

/// Ends a row.
pub fn end_row(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\r\n");
}

fn text(out: &mut Vec<u8>, text: &str, preset: Preset) {
    if !preset.is_for_a_double_click() {
        return field(out, text, is_formula(text), preset.delimiter());
    }
    let tidy = tidy(text);
    field(out, &tidy, is_formula(text) || changes_when_opened(text), preset.delimiter());
}

/// Writes a text, with an apostrophe before it where it is to be defused.
fn field(out: &mut Vec<u8>, text: &str, defuse: bool, delimiter: u8) {
    let bytes = text.as_bytes();
    // Without a way out of the loop it is done by sixteen bytes at once; most fields are not longer than a few of these.
    let special = |b: u8| (b == delimiter) | (b == b'"') | (b == b'\n') | (b == b'\r');
    if !bytes.iter().fold(false, |any, b| any | special(*b)) {
        if defuse {
            out.push(b'\'');
        }
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    if defuse {
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
        None => false,
        Some(b'\t' | b'\r' | b'\n') => true,
        // Most texts begin with a letter; full-width signs and some spaces begin with a byte above those of Cyrillic.
        Some(b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | 0xD0 | 0xD1 | 0xD2 | 0xD3) => false,
        Some(_) => text
            .trim_start_matches(|c: char| {
                c.is_whitespace() || c.is_control() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
            })
            .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']),
    }
}

/// Characters that a cell of Excel holds, counted as UTF-16 counts them.
pub(super) const LONGEST_CELL: usize = 32_767;

/// The text with line ends as Excel has them inside cells, and no longer than a cell.
pub(super) fn tidy(text: &str) -> Cow<'_, str> {
    let mut tidy = Cow::Borrowed(text);
    if memchr::memchr(b'\r', text.as_bytes()).is_some() {
        tidy = Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    // A letter is never shorter in UTF-8 than in UTF-16.
    if tidy.len() > LONGEST_CELL && tidy.encode_utf16().count() > LONGEST_CELL {
        let mut units = 0;
        let cut = tidy.char_indices().find(|(_, c)| {
            units += c.len_utf16();
            units >= LONGEST_CELL
        });
        let mut short = tidy[..cut.map_or(0, |(at, _)| at)].to_owned();
        short.push('…');
        tidy = Cow::Owned(short);
    }
    tidy
}

/// Whether a spreadsheet would make another number or a date of the text when it opens the file: of `0012`, `3-4`, `1E5`, or of
/// more digits than it can hold. Ids are such texts.
fn changes_when_opened(text: &str) -> bool {
    let bytes = text.trim().as_bytes();
    // Numbers with a sign are defused as formulas already.
    if !bytes.first().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'.' | b'(' | b'$')) {
        return false;
    }
    if bytes.iter().all(u8::is_ascii_digit) {
        return bytes.len() > 15 || (bytes.len() > 1 && bytes[0] == b'0');
    }
    bytes.iter().all(|b| b.is_ascii_digit() || b".,:/-+eE%()$ ".contains(b))
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
        assert_eq!((&back[1][4], &back[1][6]), ("0.00", "'- no"));
    }

    #[test]
    fn formulas_are_told_wherever_they_begin() {
        for text in [
            "=1+1",
            "+7",
            "-",
            "@SUM(A1)",
            "\tx",
            "\rx",
            "\n=1",
            " =1",
            "\u{A0}=1",
            "\u{FEFF}@x",
            "＝1",
            " ＋1",
            "\u{200B}-1",
            "\u{1}=1",
        ] {
            assert!(is_formula(text), "{text:?}");
        }
        for text in ["", "a=b", "дә=1", "Ә-1", "7-1", "'=1", "<script>", " x", "—", "(=1)", "\"=1\""] {
            assert!(!is_formula(text), "{text:?}");
        }
    }

    fn one(cell: &Cell<'_>, preset: Preset) -> String {
        let mut out = Vec::new();
        super::cell(&mut out, cell, true, preset);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_presets_differ_where_spreadsheets_do() {
        let each = |cell: Cell<'_>| [Preset::Rfc, Preset::Excel, Preset::ExcelEu].map(|p| one(&cell, p));
        let zoned = "2026-11-20T18:00:00+05:00";
        assert_eq!(each(Cell::Time(zoned)), [zoned, "2026-11-20 18:00:00", "2026-11-20 18:00:00"]);
        assert_eq!(each(Cell::Time("=now")), ["'=now"; 3]);
        assert_eq!(each(Cell::List("a; b")), ["a; b", "a; b", "a, b"]);
        assert_eq!(each(Cell::Text("a\r\nb\rc".into())), ["\"a\r\nb\rc\"", "\"a\nb\nc\"", "\"a\nb\nc\""]);
        assert_eq!(each(Cell::Text("a;b".into())), ["a;b", "a;b", "\"a;b\""]);
        assert_eq!(each(Cell::Number(-1234.5, 2)), ["-1234.50", "-1234.50", "-1234,50"]);
        for id in ["0012", "1234567890123456", "3-4", "1E5", "12:30", "1/2"] {
            assert_eq!(each(Cell::Text(id.into())), [id.to_owned(), format!("'{id}"), format!("'{id}")]);
        }
        for id in ["0", "12", "123456789012345", "call-1", "1a", "дана", "7 ұпай"] {
            assert_eq!(each(Cell::Text(id.into())), [id; 3]);
        }
    }

    #[test]
    fn what_is_too_long_for_a_cell_is_cut_for_spreadsheets_only() {
        for letter in ["a", "ә", "語", "😀"] {
            let long = letter.repeat(LONGEST_CELL + 1);
            assert_eq!(one(&Cell::Text(long.as_str().into()), Preset::Rfc), long);
            let cut = one(&Cell::Text(long.as_str().into()), Preset::Excel);
            let units = cut.encode_utf16().count();
            assert!(cut.ends_with('…') && (LONGEST_CELL - 1..=LONGEST_CELL).contains(&units), "{letter}: {units}");
        }
        let fits = "ә".repeat(LONGEST_CELL);
        assert_eq!(one(&Cell::Text(fits.as_str().into()), Preset::ExcelEu), fits);
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
