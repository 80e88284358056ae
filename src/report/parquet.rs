//! The same tables as Parquet, in row groups of a fixed size, so that memory stays bounded and the bytes do not depend on batches.

use std::io::Write;

use polars::prelude::{
    Column as Series, DataFrame, DataType, Field, IntoSeries, NamedFrom, PolarsResult, Schema, Series as Values,
    StringChunkedBuilder,
};
use polars_io::parquet::write::{BatchedWriter, ParquetCompression, ParquetWriter};

use super::columns::{Cell, Column, Type};

/// Rows of a row group.
const GROUP: usize = 20_000;

/// A Parquet file being written.
pub struct ParquetTable<W: Write> {
    writer: BatchedWriter<W>,
    names: Vec<String>,
    values: Vec<Buffer>,
    rows: usize,
}

enum Buffer {
    Text(Box<StringChunkedBuilder>),
    Whole(Vec<Option<i64>>),
    Number(Vec<Option<f64>>),
}

impl Buffer {
    fn new(kind: Type, name: &str) -> Buffer {
        match kind {
            Type::Text => Buffer::Text(Box::new(StringChunkedBuilder::new(name.into(), GROUP))),
            Type::Whole => Buffer::Whole(Vec::new()),
            Type::Number => Buffer::Number(Vec::new()),
        }
    }

    fn take(&mut self, name: &str) -> Series {
        let fresh = StringChunkedBuilder::new(name.into(), GROUP);
        let name = name.into();
        match self {
            Buffer::Text(v) => std::mem::replace(&mut **v, fresh).finish().into_series(),
            Buffer::Whole(v) => Values::new(name, std::mem::take(v)),
            Buffer::Number(v) => Values::new(name, std::mem::take(v)),
        }
        .into()
    }
}

impl<W: Write> ParquetTable<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new<R>(file: W, columns: &[Column<R>]) -> PolarsResult<Self> {
        let fields = columns.iter().map(|c| {
            let kind = match c.kind {
                Type::Text => DataType::String,
                Type::Whole => DataType::Int64,
                Type::Number => DataType::Float64,
            };
            Field::new(c.name.as_str().into(), kind)
        });
        let schema: Schema = fields.collect();
        let writer = ParquetWriter::new(file)
            .with_compression(ParquetCompression::Zstd(None))
            .set_parallel(false)
            .batched(&schema)?;
        Ok(Self {
            writer,
            names: columns.iter().map(|c| c.name.clone()).collect(),
            values: columns.iter().map(|c| Buffer::new(c.kind, &c.name)).collect(),
            rows: 0,
        })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When a full row group cannot be written.
    pub fn row<R>(&mut self, columns: &[Column<R>], row: &R) -> PolarsResult<()> {
        for (column, values) in columns.iter().zip(&mut self.values) {
            match ((column.take)(row), values) {
                (Cell::Text(t), Buffer::Text(v)) => v.append_value(&*t),
                (Cell::Whole(n), Buffer::Whole(v)) => v.push(Some(n)),
                (Cell::Number(n, _), Buffer::Number(v)) => v.push(Some(n)),
                (_, Buffer::Text(v)) => v.append_null(),
                (_, Buffer::Whole(v)) => v.push(None),
                (_, Buffer::Number(v)) => v.push(None),
            }
        }
        self.rows += 1;
        if self.rows >= GROUP { self.write_group() } else { Ok(()) }
    }

    fn write_group(&mut self) -> PolarsResult<()> {
        let columns = self.names.iter().zip(&mut self.values).map(|(n, v)| v.take(n)).collect();
        let frame = DataFrame::new(self.rows, columns)?;
        self.rows = 0;
        self.writer.write_batch(&frame)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> PolarsResult<()> {
        if self.rows > 0 {
            self.write_group()?;
        }
        self.writer.finish()?;
        Ok(())
    }
}
