//! The same tables as Parquet: values are gathered column by column where rows are made, and encoded on a thread of their own.
//!
//! Row groups hold whole batches of the input, so that memory stays bounded and the bytes do not depend on threads.

use std::io::Write;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use polars::prelude::{
    BooleanChunked, Column as Series, DataFrame, DataType, Field, IntoSeries, NamedFrom, PolarsResult, Schema,
    Series as Plain, StringChunkedBuilder,
};
use polars_io::parquet::write::{ParquetCompression, ParquetWriter};

use super::columns::{Cell, Column, Table, Type};

/// Rows from which on a row group is full.
const GROUP: usize = 20_000;

/// Values of some rows, column by column.
pub struct Values {
    columns: Vec<Buffer>,
    rows: usize,
}

enum Buffer {
    Text(Box<StringChunkedBuilder>),
    Whole(String, Vec<Option<i64>>),
    Number(String, Vec<Option<f64>>),
}

impl Buffer {
    fn push(&mut self, cell: &Cell<'_>) {
        match (self, cell) {
            (Buffer::Text(v), Cell::Text(t)) => v.append_value(&**t),
            (Buffer::Text(v), Cell::Time(t) | Cell::List(t)) => v.append_value(t),
            (Buffer::Text(v), _) => v.append_null(),
            (Buffer::Whole(_, v), Cell::Whole(n)) => v.push(Some(*n)),
            (Buffer::Whole(_, v), _) => v.push(None),
            (Buffer::Number(_, v), Cell::Number(n, _)) => v.push(Some(*n)),
            (Buffer::Number(_, v), _) => v.push(None),
        }
    }

    fn finish(self) -> Series {
        match self {
            Buffer::Text(v) => v.finish().into_series(),
            Buffer::Whole(name, v) => Plain::new(name.into(), v),
            Buffer::Number(name, v) => Plain::new(name.into(), v),
        }
        .into()
    }
}

impl Values {
    /// None yet, with room for so many rows.
    pub fn new<T: Table>(columns: &[Column<T>], rows: usize) -> Values {
        let buffer = |c: &Column<T>| match c.kind {
            Type::Text | Type::Time => Buffer::Text(Box::new(StringChunkedBuilder::new(c.name.as_str().into(), rows))),
            Type::Whole => Buffer::Whole(c.name.clone(), Vec::with_capacity(rows)),
            Type::Number => Buffer::Number(c.name.clone(), Vec::with_capacity(rows)),
        };
        Values { columns: columns.iter().map(buffer).collect(), rows: 0 }
    }

    /// Adds the value of a column to the row at hand.
    pub fn push(&mut self, column: usize, cell: &Cell<'_>) {
        self.columns[column].push(cell);
    }

    /// Ends a row.
    pub fn end_row(&mut self) {
        self.rows += 1;
    }

    fn frame(self, keep: Option<&[bool]>) -> PolarsResult<DataFrame> {
        let frame = DataFrame::new(self.rows, self.columns.into_iter().map(Buffer::finish).collect())?;
        match keep {
            None => Ok(frame),
            Some(keep) => frame.filter(&BooleanChunked::new("".into(), keep)),
        }
    }
}

/// A Parquet file being written.
pub struct ParquetTable {
    to: SyncSender<DataFrame>,
    writer: JoinHandle<PolarsResult<()>>,
    waiting: Option<DataFrame>,
}

impl ParquetTable {
    /// Begins a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new<T: Table>(file: impl Write + Send + 'static, columns: &[Column<T>]) -> PolarsResult<Self> {
        let fields = columns.iter().map(|c| {
            let kind = match c.kind {
                Type::Text | Type::Time => DataType::String,
                Type::Whole => DataType::Int64,
                Type::Number => DataType::Float64,
            };
            Field::new(c.name.as_str().into(), kind)
        });
        let schema: Schema = fields.collect();
        let mut out = ParquetWriter::new(file)
            .with_compression(ParquetCompression::Zstd(None))
            .set_parallel(false)
            .batched(&schema)?;
        let (to, groups) = sync_channel::<DataFrame>(1);
        let writer = std::thread::Builder::new().name("parquet".into()).spawn(move || {
            for mut group in groups {
                group.rechunk_mut();
                out.write_batch(&group)?;
            }
            out.finish()?;
            Ok(())
        })?;
        Ok(Self { to, writer, waiting: None })
    }

    /// Adds rows, but for those that `keep` says no to.
    ///
    /// # Errors
    /// When an earlier row group could not be written.
    pub fn append(&mut self, values: Values, keep: Option<&[bool]>) -> PolarsResult<()> {
        let frame = values.frame(keep)?;
        let group = match self.waiting.take() {
            None => frame,
            Some(mut all) => {
                all.vstack_mut_owned(frame)?;
                all
            }
        };
        if group.height() < GROUP {
            self.waiting = Some(group);
            return Ok(());
        }
        // A writer that is gone has failed; finish() says of what.
        let _ = self.to.send(group);
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn finish(self) -> PolarsResult<()> {
        if let Some(last) = self.waiting.filter(|f| f.height() > 0) {
            let _ = self.to.send(last);
        }
        drop(self.to);
        match self.writer.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}
