//! A table on its way to its files: rows are rendered by the threads that make them and appended in the order of the input.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::columns::{Column, Table};
use super::csv::{self, Preset};
use super::parquet::{ParquetTable, Values};
use super::run_folder::RunError;

/// How the rows of a table are rendered. Shared by threads.
pub struct Sheet<T: Table> {
    columns: Vec<Column<T>>,
    preset: Preset,
    parquet: bool,
    /// Memory of rows that are written, to be used again.
    spare: Mutex<Vec<Text>>,
}

/// Rows as CSV.
#[derive(Default)]
struct Text {
    csv: Vec<u8>,
    /// Bytes of CSV behind each row.
    ends: Vec<usize>,
}

/// Rendered rows, in order.
#[derive(Default)]
pub struct Rows {
    text: Text,
    values: Option<Values>,
}

/// Spare memory kept at the most.
const SPARE: usize = 16;

impl<T: Table> Sheet<T> {
    /// A table that is written as CSV, and as Parquet where asked.
    pub fn new(preset: Preset, parquet: bool) -> Self {
        Self { columns: T::columns(), preset, parquet, spare: Mutex::default() }
    }

    /// No rows yet.
    pub fn rows(&self) -> Rows {
        let text = self.spare().pop().unwrap_or_default();
        // A batch is about as large as the one before.
        let values = self.parquet.then(|| Values::new(&self.columns, text.ends.capacity()));
        Rows { text, values }
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Text>> {
        // A thread that panicked leaves the list usable.
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renders a row behind those before.
    pub fn add<'a>(&self, rows: &mut Rows, row: &'a T::Row<'a>) {
        let text = &mut rows.text;
        for (i, column) in self.columns.iter().enumerate() {
            let cell = (column.take)(row);
            csv::cell(&mut text.csv, &cell, i == 0, self.preset);
            if let Some(values) = &mut rows.values {
                values.push(i, &cell);
            }
        }
        csv::end_row(&mut text.csv);
        text.ends.push(text.csv.len());
        if let Some(values) = &mut rows.values {
            values.end_row();
        }
    }
}

impl Rows {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.text.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.text.ends.is_empty()
    }
}

/// The files of a table being written.
pub struct SheetFile {
    csv: BufWriter<File>,
    parquet: Option<ParquetTable>,
    path: PathBuf,
}

impl SheetFile {
    /// Begins the files of a table in a folder.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn create<T: Table>(folder: &Path, sheet: &Sheet<T>) -> Result<Self, RunError> {
        let path = folder.join(T::NAME);
        let open = |extension: &str| {
            let path = path.with_extension(extension);
            File::create(&path).map(|f| BufWriter::with_capacity(1 << 18, f)).map_err(|e| RunError::Io(path, e))
        };
        let mut csv = open("csv")?;
        csv.write_all(&csv::header(&sheet.columns, sheet.preset)).map_err(|e| RunError::Io(path.clone(), e))?;
        let parquet = match sheet.parquet {
            true => Some(
                ParquetTable::new(open("parquet")?, &sheet.columns).map_err(|e| RunError::Parquet(path.clone(), e))?,
            ),
            false => None,
        };
        Ok(Self { csv, parquet, path })
    }

    /// Appends rows, but for those that `keep` says no to.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn append<T: Table>(&mut self, sheet: &Sheet<T>, rows: Rows, keep: Option<&[bool]>) -> Result<(), RunError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut text = rows.text;
        let written = match keep {
            None => self.csv.write_all(&text.csv),
            Some(keep) => {
                let begins = std::iter::once(0).chain(text.ends.iter().copied());
                begins
                    .zip(&text.ends)
                    .zip(keep)
                    .filter(|(_, keep)| **keep)
                    .try_for_each(|((from, to), _)| self.csv.write_all(&text.csv[from..*to]))
            }
        };
        written.map_err(|e| RunError::Io(self.path.clone(), e))?;
        text.csv.clear();
        text.ends.clear();
        let mut spare = sheet.spare();
        if spare.len() < SPARE {
            spare.push(text);
        }
        drop(spare);
        match (&mut self.parquet, rows.values) {
            (Some(parquet), Some(values)) => {
                parquet.append(values, keep).map_err(|e| RunError::Parquet(self.path.clone(), e))
            }
            _ => Ok(()),
        }
    }

    /// Ends the files.
    ///
    /// # Errors
    /// When what was buffered cannot be written.
    pub fn finish(mut self) -> Result<(), RunError> {
        self.csv.flush().map_err(|e| RunError::Io(self.path.clone(), e))?;
        match self.parquet {
            Some(p) => p.finish().map_err(|e| RunError::Parquet(self.path, e)),
            None => Ok(()),
        }
    }
}
