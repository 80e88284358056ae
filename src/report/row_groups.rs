//! Parquet tables of a run read back, a row group at a time, so that memory does not grow with the night.

use std::fs::File;
use std::path::{Path, PathBuf};

use polars::prelude::{DataFrame, PolarsResult};
use polars_io::SerReader;
use polars_io::parquet::metadata::FileMetadata;
use polars_io::parquet::read::{ParallelStrategy, ParquetReader};

/// A Parquet file of which the metadata is read.
pub struct RowGroups {
    path: PathBuf,
    /// Without row groups. Each is read as if the file had no other: the library's own slices decode something of every row
    /// group before them, which takes the square of their number.
    file: FileMetadata,
    groups: Vec<Group>,
}

type Group = polars_parquet::parquet::metadata::RowGroupMetadata;

impl RowGroups {
    /// Opens a file.
    ///
    /// # Errors
    /// When it is not there or no Parquet file.
    pub fn open(path: &Path) -> PolarsResult<Self> {
        let mut file = ParquetReader::new(File::open(path)?).get_metadata()?.as_ref().clone();
        Ok(Self { path: path.to_owned(), groups: std::mem::take(&mut file.row_groups), file })
    }

    /// Rows of the table.
    pub fn rows(&self) -> usize {
        self.file.num_rows
    }

    /// The rows of each row group in the order of the table, with these columns or with all.
    ///
    /// # Errors
    /// Of an item: when it cannot be read.
    pub fn frames(&self, columns: Option<&[&str]>) -> impl Iterator<Item = PolarsResult<DataFrame>> {
        let columns: Option<Vec<String>> = columns.map(|c| c.iter().map(|&name| name.to_owned()).collect());
        self.groups.iter().map(move |group| {
            let mut only = self.file.clone();
            only.num_rows = group.num_rows();
            only.row_groups.push(group.clone());
            let mut reader = ParquetReader::new(File::open(&self.path)?);
            reader.set_metadata(only.into());
            reader.read_parallel(ParallelStrategy::Columns).with_columns(columns.clone()).set_rechunk(true).finish()
        })
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{Column, NamedFrom, Series};
    use polars_io::parquet::write::ParquetWriter;

    use super::*;

    #[test]
    fn every_row_comes_once_and_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.parquet");
        let column = |name: &str, values: Vec<i64>| Column::from(Series::new(name.into(), values));
        let mut all =
            DataFrame::new(25, vec![column("a", (0..25).collect()), column("b", (100..125).collect())]).unwrap();
        ParquetWriter::new(File::create(&path).unwrap()).with_row_group_size(Some(10)).finish(&mut all).unwrap();

        let table = RowGroups::open(&path).unwrap();
        assert_eq!(table.rows(), 25);
        let frames: Vec<DataFrame> = table.frames(Some(&["b"])).map(|f| f.unwrap()).collect();
        assert!(frames.len() > 1, "one row group shows nothing");
        let b: Vec<i64> =
            frames.iter().flat_map(|f| f.column("b").unwrap().i64().unwrap().into_no_null_iter()).collect();
        assert_eq!(b, (100..125).collect::<Vec<i64>>());
        assert!(frames.iter().all(|f| f.width() == 1) && table.frames(None).all(|f| f.unwrap().width() == 2));
        assert!(RowGroups::open(&dir.path().join("none")).is_err());
    }
}
