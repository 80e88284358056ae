//! The folder that keeps the nights: Parquet, a partition a night and table, as DuckDB, polars and Spark read them.
//!
//! ```text
//! DIR/conversations/date=2026-11-20/conversations.parquet    the table of the run folder
//! DIR/agents/date=2026-11-20/agents.parquet                  a row an agent and measure
//! DIR/runs/date=2026-11-20/runs.parquet                      one row: hashes and counts
//! ```
//!
//! A night is written beside its place and moved there, each partition in whole, so that no reader ever meets half a file; `runs`
//! goes first and comes last, so that a night that was cut off in between is told by its absence.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use polars::prelude::{DataFrame, PolarsError};
use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;

use super::columns::Table;
use super::night_columns::{AgentNight, AgentNights, RunRow, Runs};
use super::parquet::{ParquetTable, Values};
use super::run_folder::RunFacts;
use crate::agents;
use crate::history::{Figure, Night, Ruler};

/// The tables in the order in which they are moved to their place.
const TABLES: [&str; 3] = ["conversations", "agents", "runs"];

/// The history could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The place is taken by something else.
    #[error("{0} holds something that is not a history ({1}); give --history a folder of its own")]
    Taken(PathBuf, String),
    /// The system refused.
    #[error("cannot read or write {0}: {1}")]
    Io(PathBuf, io::Error),
    /// A file is no Parquet or lacks what it needs.
    #[error(
        "{0} cannot be read as a night of the history ({1}); move its date=... folders away and run that night again"
    )]
    Damaged(PathBuf, PolarsError),
    /// Parquet could not be written.
    #[error("cannot write {0}: {1}")]
    Parquet(PathBuf, PolarsError),
}

/// A folder of nights.
#[derive(Clone, Debug)]
pub struct HistoryFolder {
    root: PathBuf,
}

/// The nights that were found.
#[derive(Clone, Debug, Default)]
pub struct Nights {
    /// In the order of their dates.
    pub nights: Vec<Night>,
    /// Nights that a stopped run left without their row in `runs`; they do not count.
    pub incomplete: Vec<Date>,
}

impl HistoryFolder {
    /// A history in this folder, which may not exist yet.
    ///
    /// # Errors
    /// When the folder holds something else or cannot be read.
    pub fn open(root: &Path) -> Result<HistoryFolder, HistoryError> {
        match fs::read_dir(root) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(HistoryError::Io(root.to_owned(), e)),
            Ok(entries) => {
                for entry in entries {
                    let entry = entry.map_err(|e| HistoryError::Io(root.to_owned(), e))?;
                    let name = entry.file_name().to_string_lossy().into_owned();
                    if !name.starts_with('.') && !TABLES.contains(&name.as_str()) {
                        return Err(HistoryError::Taken(root.to_owned(), name));
                    }
                }
            }
        }
        Ok(HistoryFolder { root: root.to_owned() })
    }

    fn partition(&self, table: &str, date: Date) -> PathBuf {
        self.root.join(table).join(format!("date={date}"))
    }

    /// The dates of a table's partitions, in order.
    fn dates(&self, table: &str) -> Result<Vec<Date>, HistoryError> {
        let folder = self.root.join(table);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(HistoryError::Io(folder, e)),
        };
        let mut dates = Vec::new();
        for entry in entries {
            let name = entry.map_err(|e| HistoryError::Io(folder.clone(), e))?.file_name();
            dates.extend(name.to_string_lossy().strip_prefix("date=").and_then(|d| d.parse::<Date>().ok()));
        }
        dates.sort_unstable();
        Ok(dates)
    }

    /// The last `most` nights before a date.
    ///
    /// # Errors
    /// When a night cannot be read.
    pub fn before(&self, date: Date, most: usize) -> Result<Nights, HistoryError> {
        let complete: Vec<Date> = self.dates("runs")?.into_iter().filter(|d| *d < date).collect();
        let begun = self.dates("agents")?.into_iter().filter(|d| *d < date);
        let incomplete = begun.filter(|d| complete.binary_search(d).is_err()).collect();
        let last = &complete[complete.len().saturating_sub(most)..];
        Ok(Nights { nights: last.iter().map(|d| self.night(*d)).collect::<Result<_, _>>()?, incomplete })
    }

    fn night(&self, date: Date) -> Result<Night, HistoryError> {
        let (path, runs) = self.frame::<Runs>(date)?;
        let run = (|| {
            let text =
                |name: &str| Ok::<_, PolarsError>(runs.column(name)?.str()?.get(0).unwrap_or_default().to_owned());
            let count = |name: &str| Ok::<_, PolarsError>(runs.column(name)?.i64()?.get(0).unwrap_or(0).unsigned_abs());
            let ruler = Ruler { lexicon: text("lexicon")?, scorecard: text("scorecard_hash")? };
            Ok((ruler, count("read")?, count("quarantined")?))
        })();
        let (ruler, read, quarantined) = run.map_err(|e| HistoryError::Damaged(path, e))?;
        let (path, frame) = self.frame::<AgentNights>(date)?;
        let agents = figures(&frame).map_err(|e| HistoryError::Damaged(path, e))?;
        Ok(Night { date, ruler, read, quarantined, agents })
    }

    fn frame<T: Table>(&self, date: Date) -> Result<(PathBuf, DataFrame), HistoryError> {
        let path = self.partition(T::NAME, date).join(T::NAME).with_extension("parquet");
        let file = File::open(&path).map_err(|e| HistoryError::Io(path.clone(), e))?;
        let frame = ParquetReader::new(file).finish().map_err(|e| HistoryError::Damaged(path.clone(), e))?;
        Ok((path, frame))
    }

    /// Writes a night beside its place. `conversations` is the Parquet file of the run folder.
    ///
    /// # Errors
    /// When it cannot be written; then the history is as it was.
    pub fn stage(&self, night: &Night, facts: &RunFacts, conversations: &Path) -> Result<Staged, HistoryError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |e| HistoryError::Io(path, e)
        };
        fs::create_dir_all(&self.root).map_err(io(&self.root))?;
        let temporary =
            tempfile::Builder::new().prefix(".sabyr-night-").tempdir_in(&self.root).map_err(io(&self.root))?;
        let place = |table: &str| -> Result<PathBuf, HistoryError> {
            let folder = temporary.path().join(table);
            fs::create_dir(&folder).map_err(io(&folder))?;
            Ok(folder.join(table).with_extension("parquet"))
        };
        let to = place("conversations")?;
        fs::copy(conversations, &to).map_err(io(&to))?;
        let rows: Vec<AgentNight<'_>> = night
            .agents
            .iter()
            .flat_map(|(agent_id, figures)| {
                let figures = figures.iter().enumerate();
                figures.filter_map(move |(measure, f)| Some(AgentNight { agent_id, measure, figure: (*f)? }))
            })
            .collect();
        write::<AgentNights>(&place("agents")?, &rows)?;
        let run = RunRow {
            lexicon: &night.ruler.lexicon,
            scorecard: &night.ruler.scorecard,
            version: facts.version,
            read: night.read,
            scored: facts.scored,
            quarantined: night.quarantined,
            parts: facts.parts,
        };
        write::<Runs>(&place("runs")?, &[run])?;
        Ok(Staged { folder: self.clone(), temporary, date: night.date })
    }
}

/// A night that is written but not in its place yet. Dropped, it leaves nothing.
pub struct Staged {
    folder: HistoryFolder,
    temporary: tempfile::TempDir,
    date: Date,
}

impl Staged {
    /// Moves the night to its place, over the same night of an earlier run.
    ///
    /// # Errors
    /// When the system refuses; a night without its row in `runs` does not count.
    pub fn commit(self) -> Result<(), HistoryError> {
        let step = |from: &Path, to: &Path| fs::rename(from, to).map_err(|e| HistoryError::Io(to.to_owned(), e));
        let old = self.temporary.path().join("old");
        fs::create_dir(&old).map_err(|e| HistoryError::Io(old.clone(), e))?;
        let aside = |table: &str| {
            let place = self.folder.partition(table, self.date);
            if place.exists() { step(&place, &old.join(table)) } else { Ok(()) }
        };
        aside("runs")?;
        for table in TABLES {
            let place = self.folder.partition(table, self.date);
            if let Some(parent) = place.parent() {
                fs::create_dir_all(parent).map_err(|e| HistoryError::Io(parent.to_owned(), e))?;
            }
            aside(table)?;
            step(&self.temporary.path().join(table), &place)?;
        }
        Ok(())
    }
}

/// Writes the rows of a table as one Parquet file.
fn write<'a, T: Table>(path: &Path, rows: &'a [T::Row<'a>]) -> Result<(), HistoryError> {
    let file = File::create(path).map_err(|e| HistoryError::Io(path.to_owned(), e))?;
    let columns = T::columns();
    let mut values = Values::new(&columns, rows.len());
    for row in rows {
        columns.iter().enumerate().for_each(|(i, c)| values.push(i, &(c.take)(row)));
        values.end_row();
    }
    let done = ParquetTable::new(file, &columns).and_then(|mut table| {
        table.append(values, None)?;
        table.finish()
    });
    done.map_err(|e| HistoryError::Parquet(path.to_owned(), e))
}

/// The figures of a night by agent. Measures that this version does not know are left out.
fn figures(frame: &DataFrame) -> Result<BTreeMap<String, Vec<Option<Figure>>>, PolarsError> {
    let names: Vec<&str> = agents::measures().map(|m| m.0).collect();
    let (ids, criteria) = (frame.column("agent_id")?.str()?, frame.column("criterion")?.str()?);
    let n = frame.column("n")?.i64()?;
    let number = |name: &str| frame.column(name)?.f64();
    let (effective, mean, deviations) = (number("effective_n")?, number("mean")?, number("deviations")?);
    let (shrunken, low, high) = (number("shrunken")?, number("low")?, number("high")?);
    let mut out: BTreeMap<String, Vec<Option<Figure>>> = BTreeMap::new();
    for i in 0..frame.height() {
        let Some(measure) = criteria.get(i).and_then(|c| names.iter().position(|n| *n == c)) else { continue };
        let (Some(n), Some(effective), Some(mean)) = (n.get(i), effective.get(i), mean.get(i)) else { continue };
        let figures = out.entry(ids.get(i).unwrap_or_default().to_owned()).or_insert_with(|| vec![None; names.len()]);
        figures[measure] = Some(Figure {
            n: n.unsigned_abs(),
            effective,
            mean,
            deviations: deviations.get(i).unwrap_or(0.0),
            shrunken: shrunken.get(i).unwrap_or(mean),
            low: low.get(i),
            high: high.get(i),
        });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn night(day: i8, mean: f64) -> Night {
        let figure = Figure {
            n: 9,
            effective: 8.5,
            mean,
            deviations: 1.0 / 3.0,
            shrunken: mean + 1.0,
            low: None,
            high: Some(90.0),
        };
        let mut figures = vec![None; agents::measures().count()];
        (figures[0], figures[2]) = (Some(figure), Some(Figure { low: Some(1.0), ..figure }));
        Night {
            date: jiff::civil::date(2026, 11, day),
            ruler: Ruler { lexicon: "l".into(), scorecard: "s".into() },
            read: 10,
            quarantined: 1,
            agents: [(String::new(), figures.clone()), ("дана".into(), figures)].into(),
        }
    }

    fn keep(folder: &HistoryFolder, night: &Night, conversations: &Path) -> Staged {
        folder.stage(night, &RunFacts::default(), conversations).unwrap()
    }

    #[test]
    fn what_is_kept_is_read_again_and_a_night_replaces_itself() {
        let dir = tempfile::tempdir().unwrap();
        let table = dir.path().join("conversations.parquet");
        fs::write(&table, "a table").unwrap();
        let root = dir.path().join("history");
        let folder = HistoryFolder::open(&root).unwrap();
        assert!(folder.before(jiff::civil::date(2026, 11, 30), 90).unwrap().nights.is_empty());
        for day in [21, 20, 22] {
            keep(&folder, &night(day, 70.0 + f64::from(day)), &table).commit().unwrap();
        }
        keep(&folder, &night(21, 50.0), &table).commit().unwrap();
        let again = HistoryFolder::open(&root).unwrap();
        let found = again.before(jiff::civil::date(2026, 11, 22), 90).unwrap();
        assert_eq!(found.nights, [night(20, 90.0), night(21, 50.0)]);
        assert_eq!(again.before(jiff::civil::date(2026, 11, 23), 1).unwrap().nights, [night(22, 92.0)]);
        let mut files: Vec<_> = walkdir::WalkDir::new(&root)
            .into_iter()
            .map(Result::unwrap)
            .filter(|e| e.file_type().is_file())
            .map(|e| e.path().strip_prefix(&root).unwrap().display().to_string())
            .collect();
        files.sort();
        assert_eq!(files.len(), 9, "{files:?}");
        assert_eq!(files[0], "agents/date=2026-11-20/agents.parquet");
    }

    #[test]
    fn a_night_that_is_not_committed_leaves_nothing_and_half_a_night_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let table = dir.path().join("conversations.parquet");
        fs::write(&table, "a table").unwrap();
        let folder = HistoryFolder::open(&dir.path().join("h")).unwrap();
        drop(keep(&folder, &night(20, 70.0), &table));
        assert_eq!(fs::read_dir(dir.path().join("h")).unwrap().count(), 0);
        keep(&folder, &night(20, 70.0), &table).commit().unwrap();
        fs::remove_dir_all(dir.path().join("h/runs/date=2026-11-20")).unwrap();
        let found = folder.before(jiff::civil::date(2026, 11, 21), 90).unwrap();
        assert_eq!((found.nights.len(), found.incomplete), (0, vec![jiff::civil::date(2026, 11, 20)]));
    }

    #[test]
    fn other_folders_and_damaged_nights_are_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("run.json"), "{}").unwrap();
        let said = HistoryFolder::open(dir.path()).unwrap_err().to_string();
        assert!(said.contains("run.json") && said.contains("--history"), "{said}");
        fs::remove_file(dir.path().join("run.json")).unwrap();
        let folder = HistoryFolder::open(dir.path()).unwrap();
        let place = dir.path().join("runs/date=2026-11-20");
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("runs.parquet"), "no parquet").unwrap();
        let said = folder.before(jiff::civil::date(2026, 11, 21), 90).unwrap_err().to_string();
        assert!(said.contains("date=2026-11-20") && said.contains("run that night again"), "{said}");
    }
}
