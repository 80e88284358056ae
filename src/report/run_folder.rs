//! The folder of a run: written beside its place and moved in whole, so that a killed run leaves no half output.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::columns::{self, Agents, Conversations, Evidence, Quarantine};
use super::csv::Preset;
use super::how_read::HowRead;
use super::rows::{self, QuarantineRow};
use super::sheet::{Rows, Sheet, SheetFile};
use super::{Mask, agent_page};
use crate::agents::{self, Contribution, Team};
use crate::agreement::trust::Trust;
use crate::criteria::{self, Part};
use crate::model::{Channel, Language, Place, Quarantined, Reason};
use crate::notes::{Joined, Notes};
use crate::pipeline::Outcome;
use crate::results::masked_id;
use crate::scorecard::{Scorecard, Thresholds};

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
    /// Where bands begin.
    pub thresholds: Thresholds,
    /// Inputs as the user named them.
    pub inputs: Vec<String>,
    /// How they were read, so that they can be read again.
    pub how: HowRead,
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
    /// How far criteria agree with reviewers, where the run was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
    /// Wall-clock seconds of the run. The one figure here that differs from run to run.
    pub seconds: f64,
}

/// How the tables that threads fill are rendered.
pub struct Sheets {
    conversations: Sheet<Conversations>,
    evidence: Sheet<Evidence>,
    preset: Preset,
    mask: Mask,
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
    /// Its rows in the batch.
    evidence: usize,
}

impl Sheets {
    /// Tables in this form of CSV, with texts masked so.
    pub fn new(preset: Preset, mask: Mask) -> Self {
        Self { conversations: Sheet::new(preset, true), evidence: Sheet::new(preset, true), preset, mask }
    }

    /// A batch without rows.
    pub fn batch(&self) -> Batch {
        Batch { conversations: self.conversations.rows(), evidence: self.evidence.rows() }
    }

    /// Scores the parts of a conversation and adds their rows to a batch.
    pub fn render(&self, batch: &mut Batch, parts: &[Part<'_>], place: &Place, scorecard: &Scorecard) -> Scored {
        let before = batch.evidence.len();
        let mut scored = Scored { language: None, channel: Channel::Call, parts: Vec::new(), evidence: 0 };
        for part in parts {
            let result = scorecard.score(part);
            let row = rows::conversation_row(part, &result, place, self.mask);
            let mut contribution = Contribution::new(&row);
            self.conversations.add(&mut batch.conversations, &row);
            for point in rows::evidence_rows(part, &result, &row.conversation_id, self.mask) {
                self.evidence.add(&mut batch.evidence, &point);
                contribution.add(point);
            }
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
    notes: Option<Notes>,
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
            notes: None,
            facts,
        })
    }

    /// Reviewers' notes, to be joined with the conversations as they come.
    pub fn set_notes(&mut self, notes: Notes) {
        self.notes = Some(notes);
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
                        if let Some(notes) = &mut self.notes {
                            let id = masked_id(&id, self.sheets.mask);
                            value.parts.iter().for_each(|p| notes.meet(&id, &p.agent_id));
                        }
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
    }

    fn set_aside(&mut self, q: &Quarantined) {
        self.facts.quarantined += 1;
        *self.facts.quarantined_by_kind.entry(q.reason.kind()).or_default() += 1;
        let (sheet, rows) = &mut self.set_aside;
        sheet.add(rows, &QuarantineRow::new(q, self.sheets.mask));
    }

    /// Writes agents, pages, dictionary, notes and `run.json`, and moves the folder to its place. Returns the facts, the agents' rows and
    /// the notes.
    ///
    /// # Errors
    /// When something cannot be written; then nothing stands at the place that was not there before.
    pub fn finish(
        mut self,
        scorecard: &Scorecard,
        seconds: f64,
    ) -> Result<(RunFacts, Vec<agents::AgentRow>, Joined), RunError> {
        let folder = self.temporary.path().to_owned();
        let (noted, notes) = (self.notes.is_some(), self.notes.take().map_or_else(Joined::default, Notes::join));
        let trust = self.facts.trust.clone();
        let trust = trust.as_ref().map(|t| (t, t.is_of(&self.facts.lexicon, &self.facts.scorecard_hash)));
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
                let of: Vec<_> = notes.of(&row.agent_id).collect();
                let text = agent_page::page(row, agent, scorecard, agent_page::People { trust, notes: &of });
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
        let write = |name: &str, text: &[u8]| {
            let path = folder.join(name);
            File::create(&path).and_then(|mut f| f.write_all(text)).map_err(|e| RunError::Io(path, e))
        };
        let json = |value: serde_json::Result<String>| value.unwrap_or_default() + "\n";
        write("columns.md", dictionary().as_bytes())?;
        if noted {
            write("review.csv", &agent_page::notes_table(&notes.notes))?;
        }
        if let Some(trust) = &self.facts.trust {
            write("trust.json", json(serde_json::to_string_pretty(trust)).as_bytes())?;
        }
        write("run.json", json(serde_json::to_string_pretty(&self.facts)).as_bytes())?;
        publish(self.temporary, &self.target)?;
        Ok((self.facts, rows, notes))
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
         ## quarantine: a row a record that was set aside\n\n{}\n\
         ## review: a row a note of a reviewer, where the run was told (CSV only)\n\n\
         The columns conversation_id, agent_id, criterion (empty for the whole), reviewer, kind (comment, dispute, accepted, rejected) and \
         text, masked.\n",
        columns::dictionary::<Conversations>(),
        columns::dictionary::<Agents>(),
        columns::dictionary::<Evidence>(),
        columns::dictionary::<Quarantine>(),
    )
}
