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

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};

use self::distribution::Distribution;
use self::evidence::Places;
use self::grid::{Grid, Head, LINKS, Look, heads, link};
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
    let mut workbook = Workbook::new();
    // Sheets on their way to the file stay beside the run, which has the room.
    workbook.set_tempdir(folder)?;
    // A moment of the run would make every file another one.
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    let by = format!("Sabyr {}", run.version);
    workbook.set_properties(&DocProperties::new().set_title(words.title).set_author(by).set_creation_datetime(&made));

    let rows = options.rows.clamp(1, MOST_ROWS) as usize;
    let mut book = Book { workbook, words, folder, rows, left_out: Vec::new() };
    // In the order in which one needs another; the sheets are put in their own order at the end.
    let (evidence, places) = book.evidence()?;
    let talks = TableFile::open::<Conversations>(folder)?;
    let conversations = book.conversations(&talks, &places)?;
    let people = book.agents(agents, &places)?;
    let quarantine = book.quarantine()?;
    let dictionary = book.dictionary()?;
    let distributions = Distribution::of(&talks)?;
    let summary = summary::sheet(&Facts {
        words,
        language: options.language,
        run,
        agents,
        distributions: &distributions,
        left_out: &book.left_out,
    })?;
    let mut workbook = book.workbook;
    for sheet in [summary, people, conversations, evidence, quarantine, dictionary] {
        workbook.push_worksheet(sheet);
    }
    Ok(workbook.save(folder.join(FILE))?)
}

/// A workbook being written.
struct Book<'a> {
    workbook: Workbook,
    words: &'static Words,
    folder: &'a Path,
    /// Most rows of a sheet beside its header.
    rows: usize,
    /// What is not in it, a sentence each.
    left_out: Vec<String>,
}

impl Book<'_> {
    fn grid(&mut self, name: &str, heads: Vec<Head>) -> Result<Grid, XlsxError> {
        Grid::new(self.workbook.new_worksheet_with_constant_memory()?, name, heads)
    }

    /// Ends a sheet of a table with so many rows and says, in `text`, if not all of them are there.
    fn end(&mut self, grid: Grid, frozen: u16, table: &str, all: usize, text: &str) -> Result<Worksheet, XlsxError> {
        if all <= self.rows {
            return grid.finish(frozen, None);
        }
        let text = text.replace("{kept}", &self.rows.to_string()).replace("{all}", &all.to_string());
        let sentence = text.replace("{table}", table);
        let sheet = grid.finish(frozen, Some(&sentence));
        self.left_out.push(sentence);
        sheet
    }

    fn evidence(&mut self) -> Result<(Worksheet, Places), RunError> {
        let table = TableFile::open::<Evidence>(self.folder)?;
        let heads = heads::<Evidence>(|name| if name == "points" { Look::Signed } else { Look::Plain });
        let names: Vec<String> = heads.iter().map(|h| h.name.clone()).collect();
        let mut grid = self.grid(self.words.evidence, heads)?;
        let places = evidence::fill(&table, &names, &mut grid, self.rows, self.folder)?;
        Ok((self.end(grid, 2, Evidence::NAME, table.rows(), self.words.left_out_lowest)?, places))
    }

    /// A link to rows of evidence, and what it shows where there is no name.
    fn to_evidence(&self, rows: Option<evidence::Rows>) -> Option<(String, &'static str)> {
        rows.map(|rows| (link(self.words.evidence, rows, Evidence::columns().len()), self.words.unnamed))
    }

    fn conversations(&mut self, table: &TableFile, places: &Places) -> Result<Worksheet, RunError> {
        let overall = Conversations::columns().iter().position(|c| c.name == "overall").unwrap_or_default();
        let mut grid = self.grid(self.words.conversations, heads::<Conversations>(scale))?;
        let mut keep = Keep::lowest(table, "overall", self.rows)?;
        table.each(None, Some((overall, &mut keep)), |row| {
            let place = match (&row[0], &row[1]) {
                (Value::Text(conversation), Value::Text(agent)) => places.part(conversation, agent),
                _ => None,
            };
            grid.row(row, self.to_evidence(place))?;
            Ok(())
        })?;
        if grid.links() == LINKS {
            self.left_out.push(self.words.links_end.replace("{links}", &LINKS.to_string()));
        }
        Ok(self.end(grid, 1, Conversations::NAME, table.rows(), self.words.left_out_lowest)?)
    }

    fn agents(&mut self, agents: &[AgentRow], places: &Places) -> Result<Worksheet, RunError> {
        let columns = Agents::columns();
        let mut grid = self.grid(self.words.agents, heads::<Agents>(bar))?;
        for agent in agents.iter().take(self.rows) {
            let cells: Vec<Cell<'_>> = columns.iter().map(|c| (c.take)(agent)).collect();
            let values: Vec<Value<'_>> = cells.iter().map(value).collect();
            grid.row(&values, self.to_evidence(places.agents.get(&agent.agent_id).copied()))?;
        }
        Ok(self.end(grid, 1, Agents::NAME, agents.len(), self.words.left_out_first)?)
    }

    fn quarantine(&mut self) -> Result<Worksheet, RunError> {
        let table = TableFile::open::<Quarantine>(self.folder)?;
        let mut grid = self.grid(self.words.quarantine, heads::<Quarantine>(|_| Look::Plain))?;
        let mut room = self.rows;
        table.each(None, None, |row| {
            if room > 0 {
                room -= 1;
                grid.row(row, None)?;
            }
            Ok(())
        })?;
        Ok(self.end(grid, 1, Quarantine::NAME, table.rows(), self.words.left_out_first)?)
    }

    /// The sheet that explains the columns of all others.
    fn dictionary(&mut self) -> Result<Worksheet, XlsxError> {
        let head = |name: &str| Head { name: name.into(), kind: Type::Text, about: String::new(), look: Look::Plain };
        let columns = ["table", "column", "type", "meaning"].map(head).into_iter().collect();
        let mut grid = self.grid(self.words.dictionary, columns)?;
        let plain = |_: &str| Look::Plain;
        for (table, heads) in [
            (Agents::NAME, heads::<Agents>(plain)),
            (Conversations::NAME, heads::<Conversations>(plain)),
            (Evidence::NAME, heads::<Evidence>(plain)),
            (Quarantine::NAME, heads::<Quarantine>(plain)),
        ] {
            for h in heads {
                grid.row(&[table, &h.name, h.kind.name(), &h.about].map(Value::Text), None)?;
            }
        }
        grid.finish(2, None)
    }
}

/// Scores are coloured; how sure they are is not.
fn scale(name: &str) -> Look {
    if name.ends_with("confidence") { Look::Plain } else { Look::Scale }
}

/// Of an agent's figures, the one to compare agents by has a bar.
fn bar(name: &str) -> Look {
    if name.ends_with("_shrunken") { Look::Bar } else { Look::Plain }
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
