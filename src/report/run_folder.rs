//! The folder of a run: written beside its place and moved in whole, so that a killed run leaves no half output.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::columns::{self, Column};
use super::csv::{CsvTable, Preset};
use super::parquet::ParquetTable;
use super::rows::QuarantineRow;
use super::{ConversationRow, EvidenceRow, Mask, agent_page};
use crate::agents::{self, Team};
use crate::criteria;
use crate::model::Quarantined;
use crate::scorecard::Scorecard;

/// The version of the run folder's layout; a reader of another version says so.
pub const LAYOUT: u32 = 1;

/// A run folder could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The place is taken by something that is not a run.
    #[error("{0} exists and is not the folder of a run; choose another --out or remove it")]
    Taken(PathBuf),
    /// The system refused.
    #[error("cannot write {0}: {1}")]
    Io(PathBuf, io::Error),
    /// Parquet could not be written.
    #[error("cannot write {0}: {1}")]
    Parquet(PathBuf, polars::prelude::PolarsError),
    /// The agents' statistics failed.
    #[error(transparent)]
    Statistics(#[from] agents::StatisticsError),
}

/// What `run.json` says.
#[derive(Clone, Debug, Serialize)]
pub struct RunFacts {
    /// Layout of the folder.
    pub layout: u32,
    /// Version of the program.
    pub version: &'static str,
    /// Hash of all phrases.
    pub lexicon: String,
    /// Name and hash of the scorecard.
    pub scorecard: String,
    /// Hash of the scorecard's text.
    pub scorecard_hash: String,
    /// Inputs as the user named them.
    pub inputs: Vec<String>,
    /// Files read.
    pub files: usize,
    /// Whether personal data was masked.
    pub masked: bool,
    /// Conversations read: always `scored + quarantined`.
    pub read: u64,
    /// Conversations scored.
    pub scored: u64,
    /// Records set aside.
    pub quarantined: u64,
    /// The same by kind of reason.
    pub quarantined_by_kind: BTreeMap<&'static str, u64>,
    /// Rows of `conversations`: one an agent's part.
    pub parts: u64,
    /// Rows of `evidence`.
    pub evidence: u64,
    /// Agents.
    pub agents: usize,
    /// Conversations by language (`unknown` where it cannot be told).
    pub languages: BTreeMap<&'static str, u64>,
    /// Conversations by channel.
    pub channels: BTreeMap<&'static str, u64>,
    /// Parts by criterion and status.
    pub statuses: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    /// Wall-clock seconds of the run. The one figure here that differs from run to run.
    pub seconds: f64,
}

type Out = BufWriter<File>;

struct Pair<R> {
    columns: Vec<Column<R>>,
    csv: CsvTable<Out>,
    parquet: Option<ParquetTable<Out>>,
    path: PathBuf,
}

impl<R> Pair<R> {
    fn create(
        folder: &Path,
        name: &str,
        columns: Vec<Column<R>>,
        preset: Preset,
        parquet: bool,
    ) -> Result<Self, RunError> {
        let path = folder.join(name);
        let open = |extension: &str| {
            let path = path.with_extension(extension);
            File::create(&path).map(|f| BufWriter::with_capacity(1 << 18, f)).map_err(|e| RunError::Io(path, e))
        };
        let csv = CsvTable::new(open("csv")?, &columns, preset).map_err(|e| RunError::Io(path.clone(), e))?;
        let parquet = if parquet {
            Some(ParquetTable::new(open("parquet")?, &columns).map_err(|e| RunError::Parquet(path.clone(), e))?)
        } else {
            None
        };
        Ok(Self { columns, csv, parquet, path })
    }

    fn row(&mut self, row: &R) -> Result<(), RunError> {
        self.csv.row(&self.columns, row).map_err(|e| RunError::Io(self.path.clone(), e))?;
        if let Some(p) = &mut self.parquet {
            p.row(&self.columns, row).map_err(|e| RunError::Parquet(self.path.clone(), e))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), RunError> {
        self.csv.finish().map_err(|e| RunError::Io(self.path.clone(), e))?;
        match self.parquet {
            Some(p) => p.finish().map_err(|e| RunError::Parquet(self.path, e)),
            None => Ok(()),
        }
    }
}

/// A run folder being written.
pub struct RunFolder {
    target: PathBuf,
    temporary: tempfile::TempDir,
    preset: Preset,
    mask: Mask,
    conversations: Pair<ConversationRow>,
    evidence: Pair<EvidenceRow>,
    quarantine: Pair<QuarantineRow>,
    team: Team,
    /// What `run.json` will say; the caller fills in what it knows.
    pub facts: RunFacts,
}

impl RunFolder {
    /// Begins a run folder that will stand at `target`. A run that stands there already is replaced at the end.
    ///
    /// # Errors
    /// When the place is taken by something else or cannot be written.
    pub fn create(target: &Path, preset: Preset, mask: Mask, facts: RunFacts) -> Result<Self, RunError> {
        if !is_free(target) {
            return Err(RunError::Taken(target.to_owned()));
        }
        let parent = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(|e| RunError::Io(parent.to_owned(), e))?;
        let temporary = tempfile::Builder::new()
            .prefix(".sabyr-run-")
            .tempdir_in(parent)
            .map_err(|e| RunError::Io(parent.to_owned(), e))?;
        let folder = temporary.path();
        Ok(Self {
            conversations: Pair::create(folder, "conversations", columns::conversations(), preset, true)?,
            evidence: Pair::create(folder, "evidence", columns::evidence(), preset, true)?,
            quarantine: Pair::create(folder, "quarantine", columns::quarantine(), preset, false)?,
            target: target.to_owned(),
            temporary,
            preset,
            mask,
            team: Team::default(),
            facts,
        })
    }

    /// Adds the result of one part of a conversation.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, row: &ConversationRow, evidence: &[EvidenceRow]) -> Result<(), RunError> {
        self.conversations.row(row)?;
        for e in evidence {
            self.evidence.row(e)?;
        }
        self.team.add(row, evidence);
        let f = &mut self.facts;
        f.parts += 1;
        f.evidence += evidence.len() as u64;
        for (c, (status, ..)) in criteria::ALL.iter().zip(&row.criteria) {
            *f.statuses.entry(c.name()).or_default().entry(status.name()).or_default() += 1;
        }
        Ok(())
    }

    /// Counts a scored conversation.
    pub fn scored(&mut self, row: &ConversationRow) {
        self.facts.scored += 1;
        *self.facts.languages.entry(row.language.map_or("unknown", |l| l.code())).or_default() += 1;
        *self.facts.channels.entry(row.channel.name()).or_default() += 1;
    }

    /// Adds a record that was set aside.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn quarantine(&mut self, q: &Quarantined) -> Result<(), RunError> {
        self.facts.quarantined += 1;
        *self.facts.quarantined_by_kind.entry(q.reason.kind()).or_default() += 1;
        self.quarantine.row(&QuarantineRow::new(q, self.mask))
    }

    /// Writes agents, pages, dictionary and `run.json`, and moves the folder to its place. Returns the facts and the agents' rows.
    ///
    /// # Errors
    /// When something cannot be written; then nothing stands at the place that was not there before.
    pub fn finish(
        mut self,
        scorecard: &Scorecard,
        seconds: f64,
    ) -> Result<(RunFacts, Vec<agents::AgentRow>), RunError> {
        let folder = self.temporary.path().to_owned();
        let rows = agents::estimate(&self.team, scorecard)?;
        let columns = columns::agents();
        let dictionary = dictionary(&columns);
        let mut table = Pair::create(&folder, "agents", columns, self.preset, true)?;
        let pages = folder.join("agents");
        fs::create_dir(&pages).map_err(|e| RunError::Io(pages.clone(), e))?;
        for row in &rows {
            table.row(row)?;
            if let Some(agent) = self.team.agents.get(&row.agent_id) {
                let path = pages.join(agent_page::file_name(&row.agent_id)).to_string_lossy().into_owned() + ".md";
                let text = agent_page::page(row, agent, scorecard);
                fs::write(&path, text).map_err(|e| RunError::Io(path.into(), e))?;
            }
        }
        table.finish()?;
        self.conversations.finish()?;
        self.evidence.finish()?;
        self.quarantine.finish()?;
        self.facts.agents = rows.len();
        self.facts.read = self.facts.scored + self.facts.quarantined;
        self.facts.seconds = (seconds * 1000.0).round() / 1000.0;
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            File::create(&path).and_then(|mut f| f.write_all(text.as_bytes())).map_err(|e| RunError::Io(path, e))
        };
        write("columns.md", &dictionary)?;
        let json = serde_json::to_string_pretty(&self.facts).unwrap_or_default() + "\n";
        write("run.json", &json)?;
        publish(self.temporary, &self.target)?;
        Ok((self.facts, rows))
    }
}

/// Whether a run may be put here: nothing there, an empty folder, or an earlier run.
fn is_free(target: &Path) -> bool {
    match fs::read_dir(target) {
        Ok(mut entries) => target.join("run.json").is_file() || entries.next().is_none(),
        Err(e) => e.kind() == io::ErrorKind::NotFound,
    }
}

fn publish(temporary: tempfile::TempDir, target: &Path) -> Result<(), RunError> {
    let fail = |e: io::Error| RunError::Io(target.to_owned(), e);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o755)).map_err(fail)?;
    }
    let from = temporary.path().to_owned();
    let parent = from.parent().unwrap_or(Path::new(".")).to_owned();
    if target.exists() {
        // The old run steps aside and is removed once the new one stands in its place.
        let aside = tempfile::Builder::new().prefix(".sabyr-old-").tempdir_in(&parent).map_err(fail)?;
        let old = aside.path().join("run");
        fs::rename(target, &old).map_err(fail)?;
        if let Err(e) = fs::rename(&from, target) {
            let _ = fs::rename(&old, target);
            return Err(fail(e));
        }
    } else {
        fs::rename(&from, target).map_err(fail)?;
    }
    let _ = temporary.keep();
    Ok(())
}

fn dictionary(agents: &[Column<agents::AgentRow>]) -> String {
    format!(
        "# Columns\n\nEvery table of this folder, written from the program. CSV is UTF-8 with a byte-order mark, one header line, RFC 4180; \
         a text that a spreadsheet would run as a formula begins with an apostrophe. The Parquet files hold the same columns, texts as they are.\n\n\
         ## conversations: a row a conversation and agent\n\n{}\n## agents: a row an agent\n\n{}\n## evidence: a row a point\n\n{}\n\
         ## quarantine: a row a record that was set aside\n\n{}",
        columns::dictionary(&columns::conversations()),
        columns::dictionary(agents),
        columns::dictionary(&columns::evidence()),
        columns::dictionary(&columns::quarantine()),
    )
}
