//! The rows of a workbook's sheets.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::ops::ControlFlow;

use calamine::{DataRef, ExcelDateTime, ExcelDateTimeType, Reader as _};

use crate::ingest::formats::csv_turns::{Columns, Reader};
use crate::ingest::formats::fields::{Field, field};
use crate::ingest::formats::rows::Row;
use crate::ingest::{Options, Record, Sink, Source, guard};
use crate::model::{Place, Quarantined, Reason};

/// Rows at the top of a sheet among which the header is looked for.
const HEADER_ROWS: u32 = 30;
/// Columns of a sheet that are looked at.
const MAX_COLUMNS: u32 = 1_000;

type Book = calamine::Xlsx<BufReader<File>>;

/// Reads all sheets of a workbook.
pub fn read(source: &Source, options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let bad = |reason| Record::Bad(Quarantined { place: Place::file(&source.file), conversation_id: None, reason });
    let mut book = match open(source, options) {
        Ok(book) => book,
        Err(reason) => return sink(bad(reason)),
    };
    let mut found = false;
    let mut seen: Vec<String> = Vec::new();
    for name in book.sheet_names() {
        match sheet(&mut book, &name, source, options, sink) {
            Ok(Some(flow)) => {
                flow?;
                found = true;
            }
            Ok(None) => seen.push(name),
            Err(reason) => {
                found = true; // said already
                sink(bad(reason))?;
            }
        }
    }
    if found {
        return ControlFlow::Continue(());
    }
    sink(bad(Reason::Content(format!(
        "no sheet has a header with columns for the conversation's id, the speaker and the text in its first {HEADER_ROWS} \
         rows; the sheets are: {}",
        seen.join(", ").chars().take(300).collect::<String>()
    ))))
}

fn guarded<T, E: std::fmt::Display>(work: impl FnOnce() -> Result<T, E>) -> Result<T, Reason> {
    guard::guarded("XLSX", work)
}

fn open(source: &Source, options: &Options) -> Result<Book, Reason> {
    let mut file = source.open_seekable(options)?;
    let size = file.metadata().map_or(0, |m| m.len());
    options.count(source.size());
    let limit = options.max_record.max(options.max_expansion.saturating_mul(size));
    measure(&mut file, limit)?;
    file.rewind().map_err(|e| Reason::Io(e.to_string()))?;
    guarded(|| Book::new(BufReader::new(file)))
}

/// Expands all parts once without keeping them: what a ZIP says of its sizes may be a lie.
fn measure(file: &mut File, limit: u64) -> Result<(), Reason> {
    let mut archive = guarded(|| zip::ZipArchive::new(BufReader::new(file)))?;
    let mut left = limit;
    for i in 0..archive.len() {
        let part = guarded(|| archive.by_index(i))?;
        if part.name().is_ok_and(|name| !name.ends_with(".xml") && !name.ends_with(".rels")) {
            continue; // pictures, macros: never expanded
        }
        let n = io::copy(&mut part.take(left.saturating_add(1)), &mut io::sink())
            .map_err(|e| Reason::Syntax { format: "XLSX", detail: e.to_string() })?;
        left = left.checked_sub(n).ok_or(Reason::Bomb { limit })?;
    }
    Ok(())
}

/// Reads a sheet; `None` when it has no header.
fn sheet(
    book: &mut Book,
    name: &str,
    source: &Source,
    options: &Options,
    sink: &mut Sink<'_>,
) -> Result<Option<ControlFlow<()>>, Reason> {
    let in_sheet = |reason| match reason {
        Reason::Syntax { format, detail } => Reason::Syntax { format, detail: format!("sheet {name:?}: {detail}") },
        other => other,
    };
    // Chart sheets have no cells.
    let Ok(mut cells) = guarded(|| book.worksheet_cells_reader(name)) else { return Ok(None) };
    let mut reader: Option<(Reader<'_>, Vec<Option<Field>>)> = None;
    let (mut row, mut line) = (Row::default(), Line::default());
    loop {
        let cell = match guarded(|| cells.next_cell()) {
            Ok(cell) => cell,
            Err(reason) => {
                // What came before is whole but for the conversation at hand, which may lack its end.
                return match reader {
                    None => Err(in_sheet(reason)),
                    Some((mut reader, _)) => {
                        row.begin(u64::from(line.number) + 1);
                        row.bad = Some(in_sheet(reason));
                        let flow = reader.take(&row, sink);
                        Ok(Some(if flow.is_break() { flow } else { reader.finish(sink) }))
                    }
                };
            }
        };
        let at = cell.as_ref().map(calamine::Cell::get_position);
        if at.is_none_or(|(r, _)| r != line.number) {
            match &mut reader {
                None if line.number > HEADER_ROWS => return Ok(None),
                None => {
                    let names: Vec<String> = line.cells.iter().map(|c| c.text(None)).collect();
                    if let Ok(columns) = Columns::needed(&names) {
                        let fields = names.iter().map(|n| field(n).map(|(f, ..)| f)).collect();
                        reader = Some((Reader::new(&source.file, columns, options.max_record), fields));
                    }
                }
                Some((reader, fields)) => {
                    row.begin(u64::from(line.number) + 1);
                    // What stands right of the header's last cell is a remark.
                    for (i, field) in fields.iter().enumerate() {
                        row.push(&line.cells.get(i).map_or(String::new(), |c| c.text(*field)));
                    }
                    if let flow @ ControlFlow::Break(()) = reader.take(&row, sink) {
                        return Ok(Some(flow));
                    }
                }
            }
            line.cells.clear();
        }
        let (Some(cell), Some((number, column))) = (cell, at) else { break };
        line.number = number;
        if column < MAX_COLUMNS {
            let column = column as usize;
            if line.cells.len() <= column {
                line.cells.resize(column + 1, Stored::Empty);
            }
            line.cells[column] = Stored::of(cell.get_value());
        }
    }
    Ok(reader.map(|(reader, _)| reader.finish(sink)))
}

/// The cells of one row.
#[derive(Default)]
struct Line {
    number: u32,
    cells: Vec<Stored>,
}

/// A cell's value.
#[derive(Clone)]
enum Stored {
    Empty,
    Text(String),
    Number(f64),
    Date(ExcelDateTime),
}

impl Stored {
    fn of(value: &DataRef<'_>) -> Stored {
        match value {
            DataRef::String(s) => Stored::Text(s.clone()),
            DataRef::SharedString(s) => Stored::Text((*s).to_owned()),
            DataRef::DateTimeIso(s) | DataRef::DurationIso(s) => Stored::Text(s.clone()),
            #[allow(clippy::cast_precision_loss)] // Excel itself keeps 15 digits
            DataRef::Int(n) => Stored::Number(*n as f64),
            DataRef::Float(n) => Stored::Number(*n),
            DataRef::Bool(b) => Stored::Text(b.to_string()),
            DataRef::DateTime(d) => Stored::Date(*d),
            _ => Stored::Empty,
        }
    }

    /// As text for a column of this field.
    fn text(&self, field: Option<Field>) -> String {
        match self {
            Stored::Empty => String::new(),
            Stored::Text(s) => s.clone(),
            Stored::Date(d) => moment(*d, field),
            // A date whose cell lost its format: serials of 1954 to 2119.
            Stored::Number(n)
                if matches!(field, Some(Field::Timestamp | Field::Date | Field::StartedAt))
                    && (20_000.0..80_000.0).contains(n) =>
            {
                moment(ExcelDateTime::new(*n, ExcelDateTimeType::DateTime, false), field)
            }
            Stored::Number(n) if field == Some(Field::Time) && (0.0..1.0).contains(n) => clock(*n),
            #[allow(clippy::cast_possible_truncation)] // below 2^53
            Stored::Number(n) if n.fract() == 0.0 && n.abs() < 9e15 => (*n as i64).to_string(),
            Stored::Number(n) => n.to_string(),
        }
    }
}

/// A serial date: a time of day below one, a day where its column is one of days, a moment otherwise.
fn moment(date: ExcelDateTime, field: Option<Field>) -> String {
    let serial = date.as_f64();
    if date.is_duration() || (0.0..1.0).contains(&serial) {
        return clock(serial);
    }
    let (year, month, day, hour, minute, second, milli) = date.to_ymd_hms_milli();
    let day = format!("{year:04}-{month:02}-{day:02}");
    if field == Some(Field::Date) && serial.fract() == 0.0 {
        return day;
    }
    let fraction = if milli == 0 { String::new() } else { format!(".{milli:03}") };
    format!("{day}T{hour:02}:{minute:02}:{second:02}{fraction}")
}

/// Days as `hh:mm:ss`.
fn clock(days: f64) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // held in range
    let millis = (days * 86_400_000.0).round().clamp(0.0, 3.6e12) as u64;
    let (seconds, rest) = (millis / 1000, millis % 1000);
    let fraction = if rest == 0 { String::new() } else { format!(".{rest:03}") };
    format!("{:02}:{:02}:{:02}{fraction}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dates_become_what_people_read() {
        let date = |n| Stored::Date(ExcelDateTime::new(n, ExcelDateTimeType::DateTime, false));
        assert_eq!(Stored::Number(1204.0).text(None), "1204");
        assert_eq!(Stored::Number(1.5).text(Some(Field::Start)), "1.5");
        assert_eq!(date(45_726.5).text(Some(Field::Timestamp)), "2025-03-10T12:00:00");
        assert_eq!(date(45_726.0).text(Some(Field::Date)), "2025-03-10");
        assert_eq!(date(0.5).text(Some(Field::Time)), "12:00:00");
        assert_eq!(Stored::Number(45_726.25).text(Some(Field::Timestamp)), "2025-03-10T06:00:00");
        assert_eq!(Stored::Number(45_726.25).text(Some(Field::Id)), "45726.25");
        assert_eq!(clock(1.0 / 86_400.0 * 90.5), "00:01:30.500");
    }
}
