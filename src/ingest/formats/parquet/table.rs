//! The rows of a table, row group by row group.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use polars_arrow::array::{
    Array, BooleanArray, DictionaryArray, DictionaryKey, ListArray, PrimitiveArray, StructArray, Utf8Array,
    Utf8ViewArray,
};
use polars_arrow::datatypes::{ArrowDataType, Field as ArrowField, TimeUnit};
use polars_parquet::parquet::page::CompressedPage;
use polars_parquet::read::{
    BasicDecompressor, FileMetadata, PageReader, RowGroupMetadata, column_iter_to_arrays, infer_schema, read_metadata,
};

use super::footer;
use crate::ingest::formats::csv_turns::{Columns, Reader};
use crate::ingest::formats::fields::{Field, field, key};
use crate::ingest::formats::plain_text;
use crate::ingest::formats::rows::Row;
use crate::ingest::{Options, Record, Sink, Source, guard};
use crate::model::{Place, Quarantined, Reason};

/// Bytes of the used columns of one row group, expanded.
const GROUP_BYTES: u64 = 1 << 30;
/// Rows of one row group.
const GROUP_ROWS: usize = 5_000_000;
/// Values of one column of a row group, those of lists among them.
const COLUMN_VALUES: usize = 100_000_000;
/// Bytes of one page, expanded.
const PAGE_BYTES: usize = 256 << 20;

/// Reads a table.
pub fn read(source: &Source, options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let bad = |line: Option<u64>, reason| {
        let place = Place { line, ..Place::file(&source.file) };
        Record::Bad(Quarantined { place, conversation_id: None, reason })
    };
    let opened = source.open_seekable(options).and_then(|mut file| {
        if let Some(fault) = footer::fault(&mut file).map_err(|e| Reason::Io(e.to_string()))? {
            return Err(broken(fault));
        }
        let metadata = guarded(|| read_metadata(&mut file))?;
        let schema = guarded(|| infer_schema(&metadata))?;
        let plan = Plan::of(&schema.iter_values().cloned().collect::<Vec<_>>())?;
        Ok((file, metadata, plan))
    });
    let (mut file, metadata, plan): (File, FileMetadata, Plan) = match opened {
        Ok(opened) => opened,
        Err(reason) => return sink(bad(None, reason)),
    };
    let mut reader = match &plan.shape {
        Shape::Transcripts => None,
        _ => match Columns::needed(&plan.names()) {
            Ok(columns) => Some(Reader::new(&source.file, columns, options.max_record)),
            Err(reason) => return sink(bad(None, reason)),
        },
    };
    let (size, mut first) = (source.size(), 1);
    // The reason why the rows just before are lost.
    let mut lost: Option<Reason> = None;
    for group in &metadata.row_groups {
        match plan.load(&mut file, group) {
            Ok(columns) => {
                for i in 0..group.num_rows() {
                    let number = first + i as u64;
                    match &mut reader {
                        Some(reader) => plan.row(&columns, i, number, lost.take(), reader, sink)?,
                        None => plan.transcript(&columns, i, number, source, options, sink)?,
                    }
                }
            }
            Err(reason) => {
                if let (Some(reader), Shape::Turns) = (&mut reader, &plan.shape) {
                    // The conversation may go on in what is lost, and the next one may have begun in it.
                    reader.interrupt(&reason);
                    lost = Some(reason.clone());
                }
                sink(bad(Some(first), reason))?;
            }
        }
        first += group.num_rows() as u64;
        let share = group.num_rows() as f64 / metadata.num_rows.max(1) as f64;
        options.count((size as f64 * share) as u64);
    }
    reader.map_or(ControlFlow::Continue(()), |reader| reader.finish(sink))
}

fn broken(detail: impl std::fmt::Display) -> Reason {
    Reason::Syntax { format: "Parquet", detail: detail.to_string() }
}

fn guarded<T, E: std::fmt::Display>(work: impl FnOnce() -> Result<T, E>) -> Result<T, Reason> {
    guard::guarded("Parquet", work)
}

/// Holds what the pages of a column claim to have against the column: the library asks for the memory of whatever a damaged page
/// claims, and a program that cannot have its memory ends.
fn plausible(pages: &mut PageReader, values: i64, column: &str) -> Result<(), Reason> {
    let mut left = usize::try_from(values).unwrap_or(0).min(COLUMN_VALUES);
    while let Some(page) = guarded(|| pages.next().transpose())? {
        let CompressedPage::Data(page) = page else { continue };
        match left.checked_sub(page.num_values()) {
            Some(rest) => left = rest,
            None => return Err(broken(format!("a page of column {column} has more values than the column"))),
        }
    }
    Ok(())
}

/// How the table holds conversations.
enum Shape {
    /// A row a turn.
    Turns,
    /// A row a conversation, with the turns in the list of this column; the fields of its structs.
    Lists(usize),
    /// A row a conversation, with its transcript as a text.
    Transcripts,
}

/// Where the cells of a row come from.
enum Cell {
    /// A column of the table.
    Of(usize),
    /// A field of the structs in the list.
    Inside(String),
}

/// Which columns are read, and what they hold.
struct Plan {
    shape: Shape,
    columns: Vec<ArrowField>,
    cells: Vec<(String, Cell)>,
}

impl Plan {
    fn of(fields: &[ArrowField]) -> Result<Plan, Reason> {
        let known = |name: &str| field(name).map(|(f, ..)| f);
        let label = |name: &str| ["label_", "label:", "label "].iter().any(|p| name.starts_with(p));
        let has = |wanted: Field| fields.iter().any(|f| known(&f.name) == Some(wanted));
        let structs = fields.iter().find_map(|f| {
            let named = matches!(key(&f.name).as_str(), "turns" | "messages" | "utterances" | "segments");
            let inner = match f.dtype.to_storage() {
                ArrowDataType::List(inner) | ArrowDataType::LargeList(inner) => inner,
                _ => return None,
            };
            match inner.dtype.to_storage() {
                ArrowDataType::Struct(inside) if named => Some((f, inside)),
                _ => None,
            }
        });
        let flat: Vec<ArrowField> =
            fields.iter().filter(|f| known(&f.name).is_some() || label(&f.name)).cloned().collect();
        let own = |i: usize, f: &ArrowField| (f.name.to_string(), Cell::Of(i));
        if let (Some((list, inside)), true) = (structs, has(Field::Id)) {
            // Of turns speak their own fields; a moment beside the conversation is when it began.
            let mut columns = Vec::new();
            let mut cells: Vec<(String, Cell)> = inside
                .iter()
                .filter(|f| !matches!(known(&f.name), None | Some(Field::Id)))
                .map(|f| (f.name.to_string(), Cell::Inside(f.name.to_string())))
                .collect();
            for f in flat.into_iter().filter(|f| f.name != list.name) {
                let name = match known(&f.name) {
                    Some(Field::Speaker | Field::Text | Field::End | Field::Time | Field::Kind) => continue,
                    Some(Field::Timestamp | Field::Date | Field::Start) => "started_at".to_owned(),
                    Some(of) if of != Field::Id && inside.iter().any(|i| known(&i.name) == Some(of)) => continue,
                    _ => f.name.to_string(),
                };
                cells.push((name, Cell::Of(columns.len())));
                columns.push(f);
            }
            let at = columns.len();
            columns.push(list.clone());
            return Ok(Plan { shape: Shape::Lists(at), columns, cells });
        }
        let cells = flat.iter().enumerate().map(|(i, f)| own(i, f)).collect();
        if has(Field::Id) && has(Field::Text) && !has(Field::Speaker) {
            return Ok(Plan { shape: Shape::Transcripts, columns: flat, cells });
        }
        if flat.is_empty() {
            let names: Vec<&str> = fields.iter().map(|f| f.name.as_str()).take(40).collect();
            return Err(Reason::Content(format!(
                "no column of a conversation (conversation_id, role, text, or turns); the columns are: {}",
                names.join(", ")
            )));
        }
        Ok(Plan { shape: Shape::Turns, columns: flat, cells })
    }

    fn names(&self) -> Vec<String> {
        self.cells.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Reads the columns of a row group.
    fn load(&self, file: &mut File, group: &RowGroupMetadata) -> Result<Vec<Column>, Reason> {
        let used = || self.columns.iter().filter_map(|f| group.columns_under_root_iter(&f.name)).flatten();
        let bytes: u64 = used().map(|c| u64::try_from(c.uncompressed_size()).unwrap_or(0)).sum();
        if bytes > GROUP_BYTES || group.num_rows() > GROUP_ROWS {
            return Err(Reason::Content(format!(
                "a row group of {} rows and {} MiB; write the table with smaller ones (row_group_size=20000)",
                group.num_rows(),
                bytes >> 20
            )));
        }
        let size = file.metadata().map_or(u64::MAX, |m| m.len());
        let mut out = Vec::with_capacity(self.columns.len());
        for f in &self.columns {
            let chunks = group.columns_under_root_iter(&f.name).ok_or_else(|| broken(format!("column {}", f.name)))?;
            let (mut pages, mut types) = (Vec::new(), Vec::new());
            for meta in chunks {
                let range = guarded(|| Ok::<_, String>(meta.byte_range()))?;
                if range.end > size || range.start > range.end {
                    return Err(broken(format!("column {} reaches past the end of the file", f.name)));
                }
                let mut bytes = vec![0; usize::try_from(range.end - range.start).map_err(broken)?];
                file.seek(SeekFrom::Start(range.start)).and_then(|_| file.read_exact(&mut bytes)).map_err(broken)?;
                let mut reader = PageReader::new(Cursor::new(bytes.into()), meta, Vec::new(), PAGE_BYTES);
                plausible(&mut reader, meta.num_values(), &f.name)?;
                let (mut bytes, scratch) = reader.into_inner();
                bytes.set_position(0);
                let reader = PageReader::new(bytes, meta, scratch, PAGE_BYTES);
                pages.push(BasicDecompressor::new(reader, Vec::new()));
                types.push(&meta.descriptor().descriptor.primitive_type);
            }
            let (chunks, _) = guarded(|| column_iter_to_arrays(pages, types, f.clone(), None))?;
            if chunks.iter().map(|c| c.len()).sum::<usize>() != group.num_rows() {
                return Err(broken(format!("column {} has not as many values as there are rows", f.name)));
            }
            out.push(Column { chunks });
        }
        Ok(out)
    }

    /// Hands on the turn, or the turns, of a row; `lost` is why the rows before it could not be read.
    fn row(
        &self,
        columns: &[Column],
        i: usize,
        number: u64,
        lost: Option<Reason>,
        reader: &mut Reader<'_>,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        let mut row = Row::default();
        let Shape::Lists(at) = self.shape else {
            row.begin(number);
            for (_, cell) in &self.cells {
                row.push(&self.cell(cell, columns, i, None));
            }
            row.bad = lost;
            return reader.take(&row, sink);
        };
        let turns = columns.get(at).and_then(|c| c.at(i)).and_then(|(array, i)| list(array, i));
        let turns = turns.as_deref().and_then(|t| t.as_any().downcast_ref::<StructArray>());
        // A conversation without turns is not passed over: it is one without words.
        for t in 0..turns.map_or(0, |t| t.len()).max(1) {
            row.begin(number);
            for (_, cell) in &self.cells {
                row.push(&self.cell(cell, columns, i, turns.filter(|s| t < s.len()).map(|s| (s, t))));
            }
            reader.take(&row, sink)?;
        }
        ControlFlow::Continue(())
    }

    fn cell(&self, cell: &Cell, columns: &[Column], i: usize, turn: Option<(&StructArray, usize)>) -> String {
        match cell {
            Cell::Of(column) => columns.get(*column).and_then(|c| c.at(i)).map_or(String::new(), |(a, i)| text(a, i)),
            Cell::Inside(name) => turn.map_or(String::new(), |(turns, t)| {
                let at = turns.fields().iter().position(|f| f.name == *name);
                at.and_then(|at| turns.values().get(at)).map_or(String::new(), |a| text(&**a, t))
            }),
        }
    }

    /// Hands on the conversation of a row.
    fn transcript(
        &self,
        columns: &[Column],
        i: usize,
        number: u64,
        source: &Source,
        options: &Options,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        let (mut id, mut words, mut header) = (String::new(), String::new(), Vec::new());
        for (name, cell) in &self.cells {
            let value = self.cell(cell, columns, i, None);
            match field(name).map(|(f, ..)| f) {
                Some(Field::Id) if id.is_empty() => id = value,
                Some(Field::Text) if words.is_empty() => words = value,
                Some(Field::Id | Field::Text) => {}
                _ if value.is_empty() => {}
                Some(_) => header.push((name.clone(), value)),
                None => header
                    .push((name.trim_start_matches("label").trim_start_matches(['_', ':', ' ']).to_owned(), value)),
            }
        }
        if id.trim().is_empty() {
            let place = Place::line(&source.file, number);
            let reason = Reason::Content(format!("row {number} has no conversation id"));
            return sink(Record::Bad(Quarantined { place, conversation_id: None, reason }));
        }
        plain_text::transcript(&source.file, number, id.trim(), header, &words, options.max_record, sink)
    }
}

/// A column of a row group.
struct Column {
    chunks: Vec<Box<dyn Array>>,
}

impl Column {
    /// The array that holds the value of a row, and where.
    fn at(&self, row: usize) -> Option<(&dyn Array, usize)> {
        let mut i = row;
        for chunk in &self.chunks {
            if i < chunk.len() {
                return Some((&**chunk, i));
            }
            i -= chunk.len();
        }
        None
    }
}

/// The list at this place.
fn list(array: &dyn Array, i: usize) -> Option<Box<dyn Array>> {
    if array.is_null(i) {
        return None;
    }
    let any = array.as_any();
    any.downcast_ref::<ListArray<i64>>()
        .map(|l| l.value(i))
        .or_else(|| any.downcast_ref::<ListArray<i32>>().map(|l| l.value(i)))
}

/// The value at this place as text; empty for null and for what is not read.
fn text(array: &dyn Array, i: usize) -> String {
    if i >= array.len() || array.is_null(i) {
        return String::new();
    }
    let any = array.as_any();
    if let Some(a) = any.downcast_ref::<Utf8ViewArray>() {
        return a.value(i).to_owned();
    }
    if let Some(a) = any.downcast_ref::<Utf8Array<i64>>() {
        return a.value(i).to_owned();
    }
    if let Some(a) = any.downcast_ref::<Utf8Array<i32>>() {
        return a.value(i).to_owned();
    }
    if let Some(a) = any.downcast_ref::<BooleanArray>() {
        return a.value(i).to_string();
    }
    macro_rules! whole {
        ($($kind:ty),*) => {$(
            if let Some(a) = any.downcast_ref::<PrimitiveArray<$kind>>() {
                return moment(array.dtype(), i64::try_from(a.value(i)).ok());
            }
            if let Some(a) = any.downcast_ref::<DictionaryArray<$kind>>() {
                return entry(a, i);
            }
        )*};
    }
    whole!(i64, i32, u32, u64, i16, u16, i8, u8);
    if let Some(a) = any.downcast_ref::<PrimitiveArray<f64>>() {
        return number(a.value(i));
    }
    if let Some(a) = any.downcast_ref::<PrimitiveArray<f32>>() {
        return number(f64::from(a.value(i)));
    }
    String::new()
}

fn entry<K: DictionaryKey>(array: &DictionaryArray<K>, i: usize) -> String {
    text(&**array.values(), array.key_value(i))
}

/// A number without `.0`: ids are numbers where a column has gaps.
fn number(n: f64) -> String {
    #[allow(clippy::cast_possible_truncation)] // below 2^53
    if n.fract() == 0.0 && n.abs() < 9e15 { (n as i64).to_string() } else { n.to_string() }
}

/// A whole number by its type: a date, a time, a moment, or itself.
fn moment(dtype: &ArrowDataType, value: Option<i64>) -> String {
    let Some(n) = value else { return String::new() };
    let nanos = |unit: &TimeUnit| {
        i128::from(n)
            * match unit {
                TimeUnit::Second => 1_000_000_000,
                TimeUnit::Millisecond => 1_000_000,
                TimeUnit::Microsecond => 1_000,
                TimeUnit::Nanosecond => 1,
            }
    };
    #[allow(clippy::cast_precision_loss)] // seconds of a conversation
    let seconds = |unit: &TimeUnit| nanos(unit) as f64 / 1e9;
    match dtype {
        ArrowDataType::Timestamp(unit, zone) => {
            let Ok(stamp) = jiff::Timestamp::from_nanosecond(nanos(unit)) else { return String::new() };
            let at = jiff::tz::Offset::UTC.to_datetime(stamp);
            if zone.is_some() { format!("{at}Z") } else { at.to_string() }
        }
        ArrowDataType::Date32 => {
            let day = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(n).unwrap_or_default());
            day.map_or(String::new(), |d| d.to_string())
        }
        ArrowDataType::Time32(unit) | ArrowDataType::Time64(unit) => {
            let s = seconds(unit);
            let whole = s.floor();
            let (h, m) = ((whole / 3600.0).floor(), (whole / 60.0).floor() % 60.0);
            format!("{h:02}:{m:02}:{:06.3}", s - h * 3600.0 - m * 60.0)
        }
        ArrowDataType::Duration(unit) => number(seconds(unit)),
        _ => n.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_by_their_types() {
        let stamp = |zone: Option<&str>| ArrowDataType::Timestamp(TimeUnit::Millisecond, zone.map(Into::into));
        assert_eq!(moment(&stamp(Some("UTC")), Some(1_741_582_800_500)), "2025-03-10T05:00:00.5Z");
        assert_eq!(moment(&stamp(None), Some(1_741_582_800_000)), "2025-03-10T05:00:00");
        assert_eq!(moment(&ArrowDataType::Date32, Some(20_157)), "2025-03-10");
        assert_eq!(moment(&ArrowDataType::Time64(TimeUnit::Microsecond), Some(3_723_250_000)), "01:02:03.250");
        assert_eq!(moment(&ArrowDataType::Duration(TimeUnit::Second), Some(90)), "90");
        assert_eq!(moment(&ArrowDataType::Int64, Some(1204)), "1204");
        assert_eq!((number(12.0), number(1.5)), ("12".to_owned(), "1.5".to_owned()));
    }
}
