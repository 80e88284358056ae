//! The run as one Excel workbook, `report.xlsx`, for those who neither script nor import.
//!
//! It is filled at the end from the run's own tables, a row group at a time and straight to disk, so memory does not grow with
//! the night; sheets hold so many rows at the most ([`Options::rows`]) and say what is left out. Texts are written as texts and
//! never as formulas. Nothing in the file depends on the clock or on threads.

mod distribution;
mod evidence;
mod grid;
mod source;
mod summary;
mod words;

use std::path::Path;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use self::distribution::Distribution;
use self::grid::{Grid, Head, Look, heads, link};
use self::source::{Keep, TableFile, Value};
use self::summary::Facts;
use self::words::{Words, words};
use super::ReportLanguage;
use super::columns::{Agents, Cell, Conversations, Evidence, Quarantine, Table, Type};
use super::run_folder::{RunError, RunFacts};
use crate::agents::AgentRow;

/// Rows of a sheet, if nothing else is asked for: what spreadsheets open without being asked to wait.
pub const ROWS: u32 = 100_000;

/// Rows that a sheet of Excel can hold beside its header.
pub const MOST_ROWS: u32 = 1_048_575;

/// Name of the file in the run folder.
pub const FILE: &str = "report.xlsx";

/// How the workbook is written.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Language of the sheets' names and of the summary.
    pub language: ReportLanguage,
    /// Most rows of a sheet beside its header, 1..=[`MOST_ROWS`].
    pub rows: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { language: ReportLanguage::En, rows: ROWS }
    }
}

/// Writes the workbook into a run folder whose tables are written.
///
/// # Errors
/// When a table cannot be read back or the workbook cannot be written.
pub fn write(folder: &Path, run: &RunFacts, agents: &[AgentRow], options: Options) -> Result<(), RunError> {
    let words = words(options.language);
    let rows = options.rows.clamp(1, MOST_ROWS) as usize;
    let mut workbook = Workbook::new();
    // Sheets on their way to the file stay beside the run, which has the room.
    workbook.set_tempdir(folder)?;
    // A moment of the run would make every file another one.
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    let by = format!("Sabyr {}", run.version);
    workbook.set_properties(
        &DocProperties::new().set_title(words.title).set_author(by).set_creation_datetime(&made),
    );

    let conversations = TableFile::open::<Conversations>(folder)?;
    let mut left_out = Vec::new();
    let mut all = |table: &str, kept: usize, all: usize, text: &str| {
        (kept < all).then(|| {
            let kept = text.replace("{kept}", &kept.to_string()).replace("{all}", &all.to_string());
            left_out.push(kept.replace("{table}", table));
            left_out.last().cloned().unwrap_or_default()
        })
    };

    // In the order in which one needs another; the sheets are put in their own order at the end.
    let points = TableFile::open::<Evidence>(folder)?;
    let list = heads::<Evidence>(|name| if name == "points" { Look::Signed } else { Look::Plain });
    let names: Vec<String> = list.iter().map(|h| h.name.clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut grid = Grid::new(workbook.new_worksheet_with_constant_memory()?, words.evidence, list)?;
    let places = evidence::fill(&points, &names, &mut grid, rows, folder)?;
    let note = all(Evidence::NAME, points.rows().min(rows), points.rows(), words.left_out_lowest);
    let evidence = grid.finish(2, note.as_deref())?;

    let to_evidence = |place| link(words.evidence, place, names.len());
    let mut grid = Grid::new(workbook.new_worksheet_with_constant_memory()?, words.conversations, heads::<Conversations>(scale))?;
    let mut keep = Keep::lowest(&conversations, "overall", rows)?;
    let overall = position::<Conversations>("overall");
    conversations.each(None, Some((overall, &mut keep)), |row| {
        let target = match (&row[0], &row[1]) {
            (Value::Text(conversation), Value::Text(agent)) => places.part(conversation, agent).map(to_evidence),
            _ => None,
        };
        grid.row(row, target.as_deref().map(|t| (t, words.unnamed)))?;
        Ok(())
    })?;
    let note = all(Conversations::NAME, conversations.rows().min(rows), conversations.rows(), words.left_out_lowest);
    let talks = grid.finish(1, note.as_deref())?;

    let columns = Agents::columns();
    let mut grid = Grid::new(workbook.new_worksheet_with_constant_memory()?, words.agents, heads::<Agents>(bar))?;
    for agent in agents.iter().take(rows) {
        let cells: Vec<Cell<'_>> = columns.iter().map(|c| (c.take)(agent)).collect();
        let values: Vec<Value<'_>> = cells.iter().map(value).collect();
        let target = places.agents.get(&agent.agent_id).copied().map(to_evidence);
        grid.row(&values, target.as_deref().map(|t| (t, words.unnamed)))?;
    }
    let note = all(Agents::NAME, agents.len().min(rows), agents.len(), words.left_out_first);
    let people = grid.finish(1, note.as_deref())?;

    let set_aside = TableFile::open::<Quarantine>(folder)?;
    let mut grid = Grid::new(workbook.new_worksheet_with_constant_memory()?, words.quarantine, heads::<Quarantine>(|_| Look::Plain))?;
    let mut room = rows;
    set_aside.each(None, None, |row| {
        if room > 0 {
            room -= 1;
            grid.row(row, None)?;
        }
        Ok(())
    })?;
    let note = all(Quarantine::NAME, set_aside.rows().min(rows), set_aside.rows(), words.left_out_first);
    let quarantine = grid.finish(1, note.as_deref())?;

    let dictionary = dictionary(&mut workbook, words)?;
    let distributions = Distribution::of(&conversations)?;
    let facts =
        Facts { words, language: options.language, run, agents, distributions: &distributions, left_out: &left_out };
    for sheet in [summary::sheet(&facts)?, people, talks, evidence, quarantine, dictionary] {
        workbook.push_worksheet(sheet);
    }
    Ok(workbook.save(folder.join(FILE))?)
}

/// The sheet that explains the columns of all others.
fn dictionary(workbook: &mut Workbook, words: &Words) -> Result<rust_xlsxwriter::Worksheet, XlsxError> {
    let head = |name: &str| Head { name: name.into(), kind: Type::Text, about: String::new(), look: Look::Plain };
    let columns = ["table", "column", "type", "meaning"].map(head).into_iter().collect();
    let mut grid = Grid::new(workbook.new_worksheet_with_constant_memory()?, words.dictionary, columns)?;
    let plain = |_: &str| Look::Plain;
    for (table, heads) in [
        (Agents::NAME, heads::<Agents>(plain)),
        (Conversations::NAME, heads::<Conversations>(plain)),
        (Evidence::NAME, heads::<Evidence>(plain)),
        (Quarantine::NAME, heads::<Quarantine>(plain)),
    ] {
        for h in heads {
            let row = [table, &h.name, h.kind.name(), &h.about].map(Value::Text);
            grid.row(&row, None)?;
        }
    }
    grid.finish(2, None)
}

/// Scores are coloured; how sure they are is not.
fn scale(name: &str) -> Look {
    if name.ends_with("confidence") { Look::Plain } else { Look::Scale }
}

/// Of an agent's figures, the one to compare agents by has a bar.
fn bar(name: &str) -> Look {
    if name.ends_with("_shrunken") { Look::Bar } else { Look::Plain }
}

fn position<T: Table>(name: &str) -> usize {
    T::columns().iter().position(|c| c.name == name).unwrap_or_default()
}

fn value<'a>(cell: &'a Cell<'_>) -> Value<'a> {
    match cell {
        Cell::Empty => Value::Empty,
        Cell::Text(t) => Value::Text(t),
        Cell::Time(t) | Cell::List(t) => Value::Text(t),
        Cell::Whole(n) => Value::Whole(*n),
        Cell::Number(n, _) => Value::Number(*n),
    }
}
