//! The folder of a run: written beside its place and moved in whole, so that a killed run leaves no half output.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::columns::{self, Agents, Conversations, Evidence, Quarantine};
use super::csv::{PRESETS, Preset};
use super::history_folder::{HistoryError, Staged};
use super::how_read::HowRead;
use super::html;
use super::night::{NightOptions, NightReport};
use super::rows::{self, QuarantineRow};
use super::sheet::{Rows, Sheet, SheetFile};
use super::{Mask, agent_page, trend_section, workbook};
use crate::agents::{self, Context, Contribution, Team};
use crate::agreement::trust::Trust;
use crate::criteria::{self, Part};
use crate::model::{Channel, Conversation, Language, NoteKind, Place, Quarantined, Reason, RoleSource, Speaker};
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
    /// A table that was just written could not be read back for the workbook.
    #[error("cannot read {0} back for the workbook: {1}; --no-workbook does without it")]
    ReadBack(PathBuf, polars::prelude::PolarsError),
    /// The workbook could not be written.
    #[error("cannot write report.xlsx: {0}; --no-workbook does without it")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// A page of the report could not be made.
    #[error("cannot make the page {0}: {1}")]
    Page(PathBuf, askama::Error),
    /// The words of the report are not as they should be.
    #[error(transparent)]
    Texts(html::TextsError),
    /// The agents' statistics failed.
    #[error(transparent)]
    Statistics(#[from] agents::StatisticsError),
    /// A history needs to know which night it is.
    #[error(
        "no conversation says on which day it began, so the history does not know the night; give it with --date YYYY-MM-DD"
    )]
    NoDate,
    /// The history could not be read or written.
    #[error(transparent)]
    History(#[from] HistoryError),
}

/// What `run.json` says.
#[derive(Clone, Debug, Default, Serialize)]
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
    /// The night: as given, or the day on which most conversations began; absent where none says its day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
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
    /// Conversations by how it is known who is the agent.
    pub role_sources: BTreeMap<&'static str, u64>,
    /// Conversations by kind of note.
    pub notes: BTreeMap<&'static str, u64>,
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
    /// Of what it says.
    content: u64,
    roles: RoleSource,
    notes: Vec<NoteKind>,
}

/// Ids, as fingerprints, that stand for different conversations of a run.
#[derive(Clone, Debug, Default)]
pub struct Conflicts(HashSet<u64>);

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
        let mut scored = Scored {
            language: None,
            channel: Channel::Call,
            parts: Vec::new(),
            report: Vec::new(),
            evidence: 0,
            content: 0,
            roles: RoleSource::Stated,
            notes: Vec::new(),
        };
        if let Some(c) = parts.first().map(|p| p.conversation) {
            (scored.content, scored.roles) = (content(c), c.roles.source);
            scored.notes.extend(c.notes.iter().map(|n| n.kind));
        }
        for part in parts {
            let result = scorecard.score(part);
            let row = rows::conversation_row(part, &result, place, self.mask);
            let mut contribution = Contribution::new(&row);
            contribution.context = Context::new(part, &row, scorecard, self.mask);
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

/// A run that stands.
pub struct Finished {
    /// What `run.json` says.
    pub facts: RunFacts,
    /// A row an agent.
    pub agents: Vec<agents::AgentRow>,
    /// What the night says beside its scores.
    pub night: NightReport,
    /// Reviewers' notes that were joined.
    pub notes: Joined,
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
    /// Fingerprints of the ids and contents that were read.
    seen: HashMap<u64, u64>,
    conflicts: Conflicts,
    found: Conflicts,
    team: Team,
    /// How the workbook is written; `None`, which it begins with, for none.
    pub workbook: Option<workbook::Options>,
    /// Reviewers' notes, while they are joined.
    notes: Option<Notes>,
    report: Option<html::Report>,
    /// What `run.json` will say; the caller fills in what it knows.
    pub facts: RunFacts,
    /// Which night it is; the caller fills it in.
    pub night: NightOptions,
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
        let set_aside = Sheet::new(sheets.preset, true);
        let rows = set_aside.rows();
        Ok(Self {
            conversations: SheetFile::create(folder, &sheets.conversations)?,
            evidence: SheetFile::create(folder, &sheets.evidence)?,
            quarantine: SheetFile::create(folder, &set_aside)?,
            set_aside: (set_aside, rows),
            target: target.to_owned(),
            temporary,
            sheets,
            seen: HashMap::new(),
            conflicts: Conflicts::default(),
            found: Conflicts::default(),
            team: Team::default(),
            workbook: None,
            notes: None,
            report: sheets.report.as_ref().map(|(settings, gatherer)| html::Report::new(*settings, gatherer.clone())),
            facts,
            night: NightOptions::default(),
        })
    }

    /// Reviewers' notes, to be joined with the conversations as they come.
    pub fn set_notes(&mut self, notes: Notes) {
        self.notes = Some(notes);
    }

    /// Tells which ids stand for different conversations: none of these is taken.
    pub fn set_conflicts(&mut self, conflicts: Conflicts) {
        self.conflicts = conflicts;
    }

    /// All conflicts, if some were found that were not known before: then the run must begin again with them, since one of the
    /// conversations is written already.
    pub fn new_conflicts(&self) -> Option<Conflicts> {
        let all = || Conflicts(self.conflicts.0.union(&self.found.0).copied().collect());
        (!self.found.0.is_empty()).then(all)
    }

    /// Adds a batch in the order of its records. Of conversations with the same id and content only the first one counts; of
    /// those with the same id and different content none does, once the id is known.
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
                    let reason = self.repeated(&id, value.content);
                    let kept = reason.is_none();
                    all &= kept;
                    conversations.extend(value.parts.iter().map(|_| kept));
                    evidence.extend(std::iter::repeat_n(kept, value.evidence));
                    match reason {
                        None => {
                            if let Some(notes) = &mut self.notes {
                                let id = masked_id(&id, self.sheets.mask);
                                value.parts.iter().for_each(|p| notes.meet(&id, &p.agent_id));
                            }
                            self.scored(value);
                        }
                        Some(reason) => self.set_aside(&Quarantined { place, conversation_id: Some(id), reason }),
                    }
                }
            }
        }
        self.conversations.append(&self.sheets.conversations, batch.conversations, (!all).then_some(&conversations))?;
        self.evidence.append(&self.sheets.evidence, batch.evidence, (!all).then_some(&evidence))?;
        let rows = std::mem::replace(&mut self.set_aside.1, self.set_aside.0.rows());
        self.quarantine.append(&self.set_aside.0, rows, None)
    }

    /// Why a conversation does not count, if its id was read before.
    fn repeated(&mut self, id: &str, content: u64) -> Option<Reason> {
        let print = fingerprint(id);
        if self.conflicts.0.contains(&print) {
            return Some(Reason::Conflict(id.to_owned()));
        }
        match self.seen.entry(print) {
            Entry::Vacant(free) => {
                free.insert(content);
                None
            }
            Entry::Occupied(before) if *before.get() == content => Some(Reason::Duplicate(id.to_owned())),
            Entry::Occupied(_) => {
                self.found.0.insert(print);
                Some(Reason::Conflict(id.to_owned()))
            }
        }
    }

    fn scored(&mut self, conversation: Scored) {
        let f = &mut self.facts;
        *f.role_sources.entry(conversation.roles.name()).or_default() += 1;
        for (i, kind) in conversation.notes.iter().enumerate() {
            if !conversation.notes[..i].contains(kind) {
                *f.notes.entry(kind.name()).or_default() += 1;
            }
        }
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

    /// Writes agents, pages, workbook, dictionary, notes, report and `run.json`, moves the folder to its place, and then the night into its
    /// history. `seconds` is asked for when all but `run.json` is written.
    ///
    /// # Errors
    /// When something cannot be written; then nothing stands at the place that was not there before.
    pub fn finish(mut self, scorecard: &Scorecard, seconds: impl Fn() -> f64) -> Result<Finished, RunError> {
        let folder = self.temporary.path().to_owned();
        let (noted, notes) = (self.notes.is_some(), self.notes.take().map_or_else(Joined::default, Notes::join));
        let trust = self.facts.trust.clone();
        let trust = trust.as_ref().map(|t| (t, t.is_of(&self.facts.lexicon, &self.facts.scorecard_hash)));
        let mut rows = agents::estimate(&self.team, scorecard)?;
        self.facts.read = self.facts.scored + self.facts.quarantined;
        let night = NightReport::new(&self.team, &mut rows, &self.facts, scorecard, self.sheets.mask, &self.night)?;
        self.facts.date = night.date.map(|d| d.to_string());
        night.write(&folder, self.sheets.preset)?;
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
                let text = agent_page::page(row, agent, scorecard, trust) + &trend_section::sections(&night, row);
                let text = agent_page::with_notes(&text, &of);
                fs::write(&path, text).map_err(|e| RunError::Io(path.into(), e))?;
            }
        }
        table.append(&sheet, table_rows, None)?;
        table.finish()?;
        self.conversations.finish()?;
        self.evidence.finish()?;
        self.quarantine.finish()?;
        self.facts.agents = rows.len();
        if let Some(options) = self.workbook {
            workbook::write(&folder, &self.facts, &rows, options)?;
        }
        let write = |name: &str, text: &[u8]| {
            let path = folder.join(name);
            File::create(&path).and_then(|mut f| f.write_all(text)).map_err(|e| RunError::Io(path, e))
        };
        let json = |value: serde_json::Result<String>| value.unwrap_or_default() + "\n";
        write("columns.md", (dictionary() + &night.dictionary()).as_bytes())?;
        if noted {
            write("review.csv", &agent_page::notes_table(&notes.notes))?;
        }
        if let Some(trust) = &self.facts.trust {
            write("trust.json", json(serde_json::to_string_pretty(trust)).as_bytes())?;
        }
        self.facts.seconds = (seconds() * 1000.0).round() / 1000.0;
        write("run.json", json(serde_json::to_string_pretty(&self.facts)).as_bytes())?;
        let staged = night.stage(&self.night, &self.facts, &folder)?;
        if let Some(report) = &self.report {
            let (facts, rows, team) = (&self.facts, rows.as_slice(), &self.team);
            let told = html::Told { facts, rows, team, scorecard, night: &night, notes: &notes };
            report.write(&folder, told)?;
        }
        publish(self.temporary, &self.target)?;
        staged.map_or(Ok(()), Staged::commit)?;
        Ok(Finished { facts: self.facts, agents: rows, night, notes })
    }
}

/// 64 bits of an id: two different ids of ten million meet with a chance of about 3 in a million.
fn fingerprint(id: &str) -> u64 {
    let mut h = DefaultHasher::new();
    id.hash(&mut h);
    h.finish()
}

/// 64 bits of what a conversation says: who, and what. Two exports of one conversation agree in it, whatever their times.
fn content(c: &Conversation<'_>) -> u64 {
    // Multiply and fold, eight bytes at once: the text is most of a run's input, and this is no defence against anybody.
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |hash: u64, word: u64| {
        let wide = u128::from(hash ^ word) * u128::from(K | 1);
        (wide as u64) ^ (wide >> 64) as u64
    };
    let bytes = |mut hash: u64, bytes: &[u8]| {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let word = chunk.try_into().map_or(0, u64::from_le_bytes);
            hash = fold(hash, word).wrapping_add(K);
        }
        let mut last = [0; 8];
        last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
        fold(hash, u64::from_le_bytes(last)) ^ fold(bytes.len() as u64, K)
    };
    let mut hash = K;
    for turn in &c.turns {
        hash = bytes(fold(hash, turn.speaker as u64 + 1), turn.text.as_bytes());
        if turn.speaker == Speaker::Agent {
            hash = bytes(hash, c.agent_of(turn).unwrap_or_default().as_bytes());
        }
    }
    hash
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
        "# Columns\n\nEvery table of this folder, written from the program. The Parquet files hold the same columns with the values as they are; \
         so does report.xlsx.\n\n## CSV\n\n{}\n\
         ## conversations: a row a conversation and agent\n\n{}\n## agents: a row an agent\n\n{}\n## evidence: a row a point\n\n{}\n\
         ## quarantine: a row a record that was set aside\n\n{}\n\
         ## review: a row a note of a reviewer, where the run was told (CSV only)\n\n\
         The columns conversation_id, agent_id, criterion (empty for the whole), reviewer, kind (comment, dispute, accepted, rejected) and \
         text, masked.\n",
        PRESETS,
        columns::dictionary::<Conversations>(),
        columns::dictionary::<Agents>(),
        columns::dictionary::<Evidence>(),
        columns::dictionary::<Quarantine>(),
    )
}
