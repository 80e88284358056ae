//! The folder of a run: written beside its place and moved in whole, so that a killed run leaves no half output.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::columns::{self, Agents, Conversations, Evidence, Quarantine};
use super::csv::Preset;
use super::html;
use super::rows::{self, QuarantineRow};
use super::sheet::{Rows, Sheet, SheetFile};
use super::{Mask, agent_page};
use crate::agents::{self, Contribution, Team};
use crate::criteria::{self, Part};
use crate::model::{Channel, Language, Place, Quarantined, Reason};
use crate::pipeline::Outcome;
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
    /// A page of the report could not be made.
    #[error("cannot make the page {0}: {1}")]
    Page(PathBuf, askama::Error),
    /// The words of the report are not as they should be.
    #[error(transparent)]
    Texts(html::TextsError),
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

/// How the tables that threads fill are rendered.
pub struct Sheets {
    conversations: Sheet<Conversations>,
    evidence: Sheet<Evidence>,
    preset: Preset,
    mask: Mask,
    /// Takes along what the report needs; `None` where none is written.
    report: Option<(html::Settings, html::Gatherer)>,
}

/// The rendered rows of a batch of conversations.
pub struct Batch {
    conversations: Rows,
    evidence: Rows,
}

/// What is left to say of a conversation once its rows are rendered.
pub struct Scored {
    language: Option<Language>,
    channel: Channel,
    parts: Vec<Contribution>,
    report: Vec<html::PartOfReport>,
    /// Its rows in the batch.
    evidence: usize,
}

impl Sheets {
    /// Tables in this form of CSV, with texts masked so.
    pub fn new(preset: Preset, mask: Mask) -> Self {
        Self { conversations: Sheet::new(preset, true), evidence: Sheet::new(preset, true), preset, mask, report: None }
    }

    /// The same with a report for reading.
    #[must_use]
    pub fn with_report(self, settings: html::Settings) -> Self {
        let gatherer = html::Gatherer::new(settings.pages, self.mask);
        Self { report: Some((settings, gatherer)), ..self }
    }

    /// A batch without rows.
    pub fn batch(&self) -> Batch {
        Batch { conversations: self.conversations.rows(), evidence: self.evidence.rows() }
    }

    /// Scores the parts of a conversation and adds their rows to a batch.
    pub fn render(&self, batch: &mut Batch, parts: &[Part<'_>], place: &Place, scorecard: &Scorecard) -> Scored {
        let before = batch.evidence.len();
        let mut scored =
            Scored { language: None, channel: Channel::Call, parts: Vec::new(), report: Vec::new(), evidence: 0 };
        for part in parts {
            let result = scorecard.score(part);
            let row = rows::conversation_row(part, &result, place, self.mask);
            let mut contribution = Contribution::new(&row);
            self.conversations.add(&mut batch.conversations, &row);
            let mut points = Vec::new();
            for point in rows::evidence_rows(part, &result, &row.conversation_id, self.mask) {
                self.evidence.add(&mut batch.evidence, &point);
                points.push(point);
            }
            if let Some((_, gatherer)) = &self.report {
                scored.report.push(gatherer.look(part, &result, &row, &points, scorecard));
            }
            points.into_iter().for_each(|p| contribution.add(p));
            (scored.language, scored.channel) = (row.language, row.channel);
            scored.parts.push(contribution);
        }
        scored.evidence = batch.evidence.len() - before;
        scored
    }
}

/// A run folder being written.
pub struct RunFolder<'s> {
    target: PathBuf,
    temporary: tempfile::TempDir,
    sheets: &'s Sheets,
    conversations: SheetFile,
    evidence: SheetFile,
    quarantine: SheetFile,
    set_aside: (Sheet<Quarantine>, Rows),
    seen: HashSet<u64>,
    team: Team,
    report: Option<html::Report>,
    /// What `run.json` will say; the caller fills in what it knows.
    pub facts: RunFacts,
}

impl<'s> RunFolder<'s> {
    /// Begins a run folder that will stand at `target`. A run that stands there already is replaced at the end.
    ///
    /// # Errors
    /// When the place is taken by something else or cannot be written.
    pub fn create(target: &Path, sheets: &'s Sheets, facts: RunFacts) -> Result<Self, RunError> {
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
        let set_aside = Sheet::new(sheets.preset, false);
        Ok(Self {
            conversations: SheetFile::create(folder, &sheets.conversations)?,
            evidence: SheetFile::create(folder, &sheets.evidence)?,
            quarantine: SheetFile::create(folder, &set_aside)?,
            set_aside: (set_aside, Rows::default()),
            target: target.to_owned(),
            temporary,
            sheets,
            seen: HashSet::new(),
            team: Team::default(),
            report: sheets.report.as_ref().map(|(settings, gatherer)| html::Report::new(*settings, gatherer.clone())),
            facts,
        })
    }

    /// Adds a batch in the order of its records. Of conversations with the same id only the first one counts.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, outcomes: Vec<Outcome<Scored>>, batch: Batch) -> Result<(), RunError> {
        // Which rows to keep; where there is no repeated id, all of them.
        let (mut conversations, mut evidence, mut all) = (Vec::new(), Vec::new(), true);
        for outcome in outcomes {
            match outcome {
                Outcome::Quarantined(q) => self.set_aside(&q),
                Outcome::Done { id, place, value } => {
                    let first = self.seen.insert(fingerprint(&id));
                    all &= first;
                    conversations.extend(value.parts.iter().map(|_| first));
                    evidence.extend(std::iter::repeat_n(first, value.evidence));
                    if first {
                        self.scored(value);
                    } else {
                        let reason = Reason::Duplicate(id.clone());
                        self.set_aside(&Quarantined { place, conversation_id: Some(id), reason });
                    }
                }
            }
        }
        self.conversations.append(&self.sheets.conversations, batch.conversations, (!all).then_some(&conversations))?;
        self.evidence.append(&self.sheets.evidence, batch.evidence, (!all).then_some(&evidence))?;
        self.quarantine.append(&self.set_aside.0, std::mem::take(&mut self.set_aside.1), None)
    }

    fn scored(&mut self, conversation: Scored) {
        let f = &mut self.facts;
        f.scored += 1;
        f.evidence += conversation.evidence as u64;
        *f.languages.entry(conversation.language.map_or("unknown", |l| l.code())).or_default() += 1;
        *f.channels.entry(conversation.channel.name()).or_default() += 1;
        for part in conversation.parts {
            f.parts += 1;
            for (c, (status, ..)) in criteria::ALL.iter().zip(&part.criteria) {
                *f.statuses.entry(c.name()).or_default().entry(status.name()).or_default() += 1;
            }
            self.team.add(part);
        }
        if let Some(report) = &mut self.report {
            conversation.report.into_iter().for_each(|part| report.add(part));
        }
    }

    fn set_aside(&mut self, q: &Quarantined) {
        self.facts.quarantined += 1;
        *self.facts.quarantined_by_kind.entry(q.reason.kind()).or_default() += 1;
        let (sheet, rows) = &mut self.set_aside;
        let row = QuarantineRow::new(q, self.sheets.mask);
        sheet.add(rows, &row);
        if let Some(report) = &mut self.report {
            report.set_aside(row);
        }
    }

    /// Writes agents, pages, dictionary, report and `run.json`, and moves the folder to its place. Returns the facts and the agents' rows.
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
        let sheet = Sheet::<Agents>::new(self.sheets.preset, true);
        let mut table = SheetFile::create(&folder, &sheet)?;
        let mut table_rows = sheet.rows();
        let pages = folder.join("agents");
        fs::create_dir(&pages).map_err(|e| RunError::Io(pages.clone(), e))?;
        for row in &rows {
            sheet.add(&mut table_rows, row);
            if let Some(agent) = self.team.agents.get(&row.agent_id) {
                let path = pages.join(agent_page::file_name(&row.agent_id)).to_string_lossy().into_owned() + ".md";
                let text = agent_page::page(row, agent, scorecard);
                fs::write(&path, text).map_err(|e| RunError::Io(path.into(), e))?;
            }
        }
        table.append(&sheet, table_rows, None)?;
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
        write("columns.md", &dictionary())?;
        let json = serde_json::to_string_pretty(&self.facts).unwrap_or_default() + "\n";
        write("run.json", &json)?;
        if let Some(report) = &self.report {
            report.write(&folder, &self.facts, &rows, &self.team, scorecard)?;
        }
        publish(self.temporary, &self.target)?;
        Ok((self.facts, rows))
    }
}

/// 64 bits of an id: two different ids of ten million meet with a chance of about 3 in a million.
fn fingerprint(id: &str) -> u64 {
    let mut h = DefaultHasher::new();
    id.hash(&mut h);
    h.finish()
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

fn dictionary() -> String {
    format!(
        "# Columns\n\nEvery table of this folder, written from the program. CSV is UTF-8 with a byte-order mark, one header line, RFC 4180; \
         a text that a spreadsheet would run as a formula begins with an apostrophe. The Parquet files hold the same columns, texts as they are.\n\n\
         ## conversations: a row a conversation and agent\n\n{}\n## agents: a row an agent\n\n{}\n## evidence: a row a point\n\n{}\n\
         ## quarantine: a row a record that was set aside\n\n{}",
        columns::dictionary::<Conversations>(),
        columns::dictionary::<Agents>(),
        columns::dictionary::<Evidence>(),
        columns::dictionary::<Quarantine>(),
    )
}
