//! Excel workbooks (`.xlsx`, `.xlsm`) with a row a turn.
//!
//! | ID диалога | Роль | Оператор | Текст | Начало |
//! |---|---|---|---|---|
//! | 1204 | Клиент | | Не приходит посылка | 10.03.2025 10:00 |
//! | 1204 | Оператор | Айдана | Добрый день! Сейчас проверю. | 10.03.2025 10:01 |
//!
//! The columns are those of CSV (`csv_turns`), with the same names. Every sheet that has such a header is read; the header is
//! the first row, within the first 30, that has columns for id, speaker and text, so titles (also merged ones) above it do no
//! harm. Sheets without such a header (pivot tables, notes) are passed over, and a workbook with none is set aside.
//!
//! Cells are read as they are stored, not as they are shown: numbers have no `.0`, Excel's serial dates become dates, also where
//! the cell has no format of a date but its column is one of moments. A date without a zone stays without one. Formulas
//! give their stored results, errors (`#N/A`) are empty cells. Merged cells have their value in the first row only, so do not
//! merge ids. Rows of a conversation stand together, as in CSV.
//!
//! **Memory.** Rows are read one at a time, the workbook's table of texts is held in memory. What its parts expand to is bounded
//! by `--max-record`, or by 200 bytes for each of the file where that is more. `.xls`, `.xlsb` and `.ods` are not read: save them as
//! `.xlsx`. A build without the feature `xlsx` says that it
//! cannot read it.

use std::ops::ControlFlow;

use crate::ingest::{Format, Options, Sample, Sink, Source};

#[cfg(feature = "xlsx")]
mod sheet;

/// Workbooks with a row a turn.
pub struct Xlsx;

impl Format for Xlsx {
    fn name(&self) -> &'static str {
        "xlsx"
    }

    fn about(&self) -> &'static str {
        "Excel workbooks with a row a turn, columns as in CSV; all sheets that have them"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        if !sample.bytes.starts_with(b"PK\x03\x04") {
            return 0;
        }
        let named = [".xlsx", ".xlsm"].iter().any(|end| sample.name.ends_with(end));
        const PARTS: [&str; 6] =
            ["xl/workbook", "xl/worksheets/", "xl/sharedStrings", "xl/_rels/", "xl/styles", "xl/theme/"];
        let inside = PARTS.iter().any(|part| memchr::memmem::find(sample.bytes, part.as_bytes()).is_some());
        match (inside, named) {
            (true, _) => 96,
            (_, true) => 90,
            _ => 0,
        }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        sources.iter().try_for_each(|source| read_one(source, options, sink))
    }
}

#[cfg(feature = "xlsx")]
use sheet::read as read_one;

#[cfg(not(feature = "xlsx"))]
fn read_one(source: &Source, _: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
    super::absent(source, "xlsx", "no workbooks", "save the sheet as CSV", sink)
}
