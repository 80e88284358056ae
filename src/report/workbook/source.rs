//! The run's own tables, row by row.

use std::path::{Path, PathBuf};

use polars::prelude::{DataType, Float64Chunked, Int64Chunked, PolarsResult, StringChunked};

use crate::report::columns::Table;
use crate::report::row_groups::RowGroups;
use crate::report::run_folder::RunError;

/// A value as the table has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Empty,
    Text(&'a str),
    Whole(i64),
    Number(f64),
}

/// A table of the run that is written and not yet published.
pub(super) struct TableFile {
    path: PathBuf,
    groups: RowGroups,
    names: Vec<String>,
}

/// The values of a column in a row group.
enum Values<'f> {
    Text(&'f StringChunked),
    Whole(&'f Int64Chunked),
    Number(&'f Float64Chunked),
}

impl<'f> Values<'f> {
    fn get(&self, row: usize) -> Value<'f> {
        match self {
            Values::Text(v) => v.get(row).map_or(Value::Empty, Value::Text),
            Values::Whole(v) => v.get(row).map_or(Value::Empty, Value::Whole),
            Values::Number(v) => v.get(row).map_or(Value::Empty, Value::Number),
        }
    }
}

impl TableFile {
    /// Opens a table of the run.
    pub(super) fn open<T: Table>(folder: &Path) -> Result<Self, RunError> {
        let path = folder.join(T::NAME).with_extension("parquet");
        let names = T::columns().into_iter().map(|c| c.name).collect();
        match RowGroups::open(&path) {
            Ok(groups) => Ok(Self { path, groups, names }),
            Err(e) => Err(RunError::ReadBack(path, e)),
        }
    }

    /// Rows of the table.
    pub(super) fn rows(&self) -> usize {
        self.groups.rows()
    }

    /// Hands on the rows with the values of these columns, or of all, in the order of the table; where a column is to decide
    /// which are kept, those only.
    pub(super) fn each(
        &self,
        columns: Option<&[&str]>,
        mut keep: Option<(usize, &mut Keep)>,
        mut row: impl FnMut(&[Value<'_>]) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let wrong = |e| RunError::ReadBack(self.path.clone(), e);
        let names: Vec<&str> =
            columns.map_or_else(|| self.names.iter().map(String::as_str).collect(), <[&str]>::to_vec);
        for frame in self.groups.frames(Some(&names)) {
            let frame = frame.map_err(wrong)?;
            let values = names
                .iter()
                .map(|name| {
                    let column = frame.column(name)?;
                    Ok(match column.dtype() {
                        DataType::Int64 => Values::Whole(column.i64()?),
                        DataType::Float64 => Values::Number(column.f64()?),
                        _ => Values::Text(column.str()?),
                    })
                })
                .collect::<PolarsResult<Vec<_>>>()
                .map_err(wrong)?;
            let mut cells = Vec::with_capacity(values.len());
            for i in 0..frame.height() {
                if let Some((by, keep)) = &mut keep
                    && !keep.takes(&values[*by].get(i))
                {
                    continue;
                }
                cells.clear();
                cells.extend(values.iter().map(|v| v.get(i)));
                row(&cells)?;
            }
        }
        Ok(())
    }
}

/// Which rows of a table that is larger than a sheet are kept: those lowest in a column, the earliest first among equals.
/// Rows without a number there count as highest.
pub(super) struct Keep {
    /// Rows below this step are kept ...
    below: usize,
    /// ... and so many more of those on it.
    on: usize,
}

/// Steps of a hundredth from -100 to 100, and one behind for rows without a number.
const STEPS: usize = 20_002;

fn step(value: &Value<'_>) -> usize {
    match value {
        Value::Number(n) => ((n.clamp(-100.0, 100.0) * 100.0).round() + 10_000.0) as usize,
        _ => STEPS - 1,
    }
}

impl Keep {
    /// Keeps so many rows of a table at the most.
    pub(super) fn lowest(file: &TableFile, column: &str, rows: usize) -> Result<Keep, RunError> {
        if file.rows() <= rows {
            return Ok(Keep { below: STEPS, on: 0 });
        }
        let mut counts = vec![0_usize; STEPS];
        file.each(Some(&[column]), None, |row| {
            counts[step(&row[0])] += 1;
            Ok(())
        })?;
        let mut room = rows;
        for (below, count) in counts.into_iter().enumerate() {
            if count > room {
                return Ok(Keep { below, on: room });
            }
            room -= count;
        }
        Ok(Keep { below: STEPS, on: 0 })
    }

    /// Whether the next row, which has this value in the column, is kept.
    pub(super) fn takes(&mut self, value: &Value<'_>) -> bool {
        let step = step(value);
        if step == self.below && self.on > 0 {
            self.on -= 1;
            return true;
        }
        step < self.below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_are_kept_and_the_earliest_of_equals() {
        let mut keep = Keep { below: step(&Value::Number(-1.5)), on: 2 };
        let values = [-3.0, -1.5, 0.0, -1.5, -1.5, -1.51].map(Value::Number).into_iter().chain([Value::Empty]);
        let kept: Vec<bool> = values.map(|v| keep.takes(&v)).collect();
        assert_eq!(kept, [true, true, false, true, false, true, false]);
    }

    #[test]
    fn steps_are_in_order_whatever_the_number() {
        let steps = [Value::Number(-1e9), Value::Number(-0.01), Value::Number(0.0), Value::Number(1e9), Value::Empty];
        let steps: Vec<usize> = steps.iter().map(step).collect();
        assert!(steps.is_sorted() && steps.windows(2).all(|w| w[0] < w[1]) && steps[4] < STEPS, "{steps:?}");
    }
}
