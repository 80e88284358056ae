//! The Parquet tables of a run folder as plain rows, a row group's worth at a time.

use std::fs::File;
use std::path::{Path, PathBuf};

use polars::prelude::{Column, DataFrame, Float64Chunked, Int64Chunked, PolarsResult, StringChunked};
use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;

use super::RunsError;
use crate::model::Status;
use crate::report::row_groups::RowGroups;

/// A row of `conversations`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartRow {
    /// Id of the conversation.
    pub conversation_id: String,
    /// Whose part; empty when the input does not say.
    pub agent_id: String,
    /// call, chat or email.
    pub channel: String,
    /// en, ru, kk, or empty.
    pub language: String,
    /// As in the input.
    pub started_at: String,
    /// As in the input, masked.
    pub queue: String,
    /// 0..=100.
    pub overall: Option<f64>,
    /// 0..=1.
    pub confidence: Option<f64>,
    /// Fatal items, parted by `; `.
    pub fatal: String,
    /// Of the agent.
    pub agent_turns: i64,
    /// File and line of the record.
    pub source: String,
    /// One a criterion of the run.
    pub criteria: Vec<Cells>,
}

/// What a row says of one criterion.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cells {
    /// `None` for a word that this program does not know.
    pub status: Option<Status>,
    /// 0..=100 when scored.
    pub score: Option<f64>,
    /// 0..=1 when scored.
    pub confidence: Option<f64>,
    /// Why it has this status.
    pub reason: String,
}

/// A row of `evidence`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointRow {
    /// Id of the conversation.
    pub conversation_id: String,
    /// Whose point.
    pub agent_id: String,
    /// Index into the criteria of the run.
    pub criterion: usize,
    /// What it adds to the score.
    pub points: f64,
    /// Turn, from 0.
    pub turn: usize,
    /// Byte of the turn's original text where the words begin.
    pub start: usize,
    /// Byte behind their end.
    pub end: usize,
    /// The sentence, masked.
    pub quote: String,
    /// The rule.
    pub rule: String,
    /// The act; empty where the rule is not about words.
    pub act: String,
    /// `language/act:line` of the phrase.
    pub phrase: String,
    /// Turn of the customer's words that called for it.
    pub called_turn: Option<usize>,
    /// Those words in their sentence, masked.
    pub called_quote: String,
    /// For a lost point: what would have earned it.
    pub would_earn: String,
}

/// What `agents` says of one agent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentFigures {
    /// Id.
    pub agent_id: String,
    /// The shrunken mean and the band, of the overall score and then of each criterion of the run.
    pub figures: Vec<(Option<f64>, String)>,
}

/// A part of a table in memory.
struct Slice<'f> {
    frame: &'f DataFrame,
    path: &'f Path,
}

impl Slice<'_> {
    fn column(&self, name: &str) -> Result<&Column, RunsError> {
        self.frame.column(name).map_err(|e| RunsError::Table(self.path.to_owned(), e))
    }

    fn of<T>(&self, column: PolarsResult<T>) -> Result<T, RunsError> {
        column.map_err(|e| RunsError::Table(self.path.to_owned(), e))
    }

    fn text(&self, name: &str) -> Result<&StringChunked, RunsError> {
        self.of(self.column(name)?.str())
    }

    fn number(&self, name: &str) -> Result<&Float64Chunked, RunsError> {
        self.of(self.column(name)?.f64())
    }

    fn whole(&self, name: &str) -> Result<&Int64Chunked, RunsError> {
        self.of(self.column(name)?.i64())
    }
}

fn slices(
    folder: &Path,
    name: &str,
    mut each: impl FnMut(&Slice<'_>, usize) -> Result<(), RunsError>,
) -> Result<(), RunsError> {
    let path: PathBuf = folder.join(name);
    let fail = |e| RunsError::Table(path.clone(), e);
    for frame in RowGroups::open(&path).map_err(fail)?.frames(None) {
        let frame = frame.map_err(fail)?;
        each(&Slice { frame: &frame, path: &path }, frame.height())?;
    }
    Ok(())
}

fn string(column: &StringChunked, row: usize) -> String {
    column.get(row).unwrap_or_default().to_owned()
}

/// The criteria of a run, told by the columns of its conversations.
pub(super) fn criteria(folder: &Path) -> Result<Vec<String>, RunsError> {
    let path = folder.join("conversations.parquet");
    let file = File::open(&path).map_err(|e| RunsError::Io(path.clone(), e))?;
    let schema = ParquetReader::new(file).schema().map_err(|e| RunsError::Table(path.clone(), e))?;
    Ok(schema.iter_names().filter_map(|n| n.strip_suffix("_status")).map(str::to_owned).collect())
}

pub(super) fn parts(folder: &Path, criteria: &[String], mut each: impl FnMut(PartRow)) -> Result<(), RunsError> {
    slices(folder, "conversations.parquet", |slice, rows| {
        let [id, agent, channel, language, started, queue, fatal, source] =
            ["conversation_id", "agent_id", "channel", "language", "started_at", "queue", "fatal", "source"]
                .map(|n| slice.text(n));
        let (id, agent, channel, language) = (id?, agent?, channel?, language?);
        let (started, queue, fatal, source) = (started?, queue?, fatal?, source?);
        let (overall, confidence, turns) =
            (slice.number("overall")?, slice.number("confidence")?, slice.whole("agent_turns")?);
        let mut cells = Vec::new();
        for name in criteria {
            cells.push((
                slice.text(&format!("{name}_status"))?,
                slice.number(name)?,
                slice.number(&format!("{name}_confidence"))?,
                slice.text(&format!("{name}_reason"))?,
            ));
        }
        for i in 0..rows {
            let of = |(status, score, confidence, reason): &(
                &StringChunked,
                &Float64Chunked,
                &Float64Chunked,
                &StringChunked,
            )| Cells {
                status: status.get(i).and_then(Status::named),
                score: score.get(i),
                confidence: confidence.get(i),
                reason: string(reason, i),
            };
            each(PartRow {
                conversation_id: string(id, i),
                agent_id: string(agent, i),
                channel: string(channel, i),
                language: string(language, i),
                started_at: string(started, i),
                queue: string(queue, i),
                overall: overall.get(i),
                confidence: confidence.get(i),
                fatal: string(fatal, i),
                agent_turns: turns.get(i).unwrap_or(0),
                source: string(source, i),
                criteria: cells.iter().map(of).collect(),
            });
        }
        Ok(())
    })
}

pub(super) fn points(folder: &Path, criteria: &[String], mut each: impl FnMut(PointRow)) -> Result<(), RunsError> {
    slices(folder, "evidence.parquet", |slice, rows| {
        let [id, agent, criterion, quote, rule, act, phrase, called_quote, would_earn] = [
            "conversation_id",
            "agent_id",
            "criterion",
            "quote",
            "rule",
            "act",
            "phrase",
            "called_quote",
            "would_earn",
        ]
        .map(|n| slice.text(n));
        let (id, agent, criterion, quote, rule) = (id?, agent?, criterion?, quote?, rule?);
        let (act, phrase, called_quote, would_earn) = (act?, phrase?, called_quote?, would_earn?);
        let points = slice.number("points")?;
        let [turn, start, end, called_turn] = ["turn", "start", "end", "called_turn"].map(|n| slice.whole(n));
        let (turn, start, end, called_turn) = (turn?, start?, end?, called_turn?);
        let at = |column: &Int64Chunked, i: usize| column.get(i).and_then(|n| usize::try_from(n).ok());
        for i in 0..rows {
            let name = criterion.get(i).unwrap_or_default();
            let Some(criterion) = criteria.iter().position(|c| c == name) else {
                return Err(RunsError::Cell(
                    slice.path.to_owned(),
                    format!("there is no criterion {name:?} in conversations"),
                ));
            };
            each(PointRow {
                conversation_id: string(id, i),
                agent_id: string(agent, i),
                criterion,
                points: points.get(i).unwrap_or(0.0),
                turn: at(turn, i).unwrap_or(0),
                start: at(start, i).unwrap_or(0),
                end: at(end, i).unwrap_or(0),
                quote: string(quote, i),
                rule: string(rule, i),
                act: string(act, i),
                phrase: string(phrase, i),
                called_turn: at(called_turn, i),
                called_quote: string(called_quote, i),
                would_earn: string(would_earn, i),
            });
        }
        Ok(())
    })
}

pub(super) fn agents(folder: &Path, criteria: &[String]) -> Result<Vec<AgentFigures>, RunsError> {
    let mut out = Vec::new();
    slices(folder, "agents.parquet", |slice, rows| {
        let id = slice.text("agent_id")?;
        let mut columns = Vec::new();
        for name in std::iter::once("overall").chain(criteria.iter().map(String::as_str)) {
            columns.push((slice.number(&format!("{name}_shrunken"))?, slice.text(&format!("{name}_band"))?));
        }
        out.extend((0..rows).map(|i| AgentFigures {
            agent_id: string(id, i),
            figures: columns.iter().map(|(mean, band)| (mean.get(i), string(band, i))).collect(),
        }));
        Ok(())
    })?;
    Ok(out)
}
