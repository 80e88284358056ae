//! What `sabyr inspect` says: formats, what is missing with its cost and remedy, what is scored.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use sabyr::ingest::roles::channel_map::is_technical;
use sabyr::model::{Language, Quarantined, RoleSource};
use sabyr::privacy;
use serde::Serialize;

use super::{Seen, criterion, is_call};

/// The picture of all files.
#[derive(Serialize)]
pub(super) struct Picture {
    files: usize,
    conversations: u64,
    quarantined: u64,
    /// The worst first.
    warnings: Vec<Warning>,
    formats: BTreeMap<&'static str, FormatPicture>,
    /// Criterion → status → reason → parts of conversations.
    criteria: BTreeMap<&'static str, BTreeMap<&'static str, BTreeMap<&'static str, u64>>>,
    /// Of the first ones: place and reason.
    set_aside: Vec<String>,
    quarantined_by_kind: BTreeMap<&'static str, u64>,
}

/// Something that is missing or odd.
#[derive(Serialize)]
struct Warning {
    format: &'static str,
    /// What is seen, with how many.
    what: String,
    /// What it costs.
    costs: String,
    /// What helps.
    remedy: String,
}

/// What is seen of one format.
#[derive(Default, Serialize)]
struct FormatPicture {
    /// The marks by which its files were recognised.
    told_by: String,
    files: usize,
    conversations: u64,
    channels: BTreeMap<&'static str, u64>,
    languages: BTreeMap<&'static str, u64>,
    turns: BTreeMap<&'static str, u64>,
    roles: BTreeMap<&'static str, u64>,
    agents: usize,
    conversations_without_agent: u64,
    first_started_at: String,
    last_started_at: String,
    conversations_without_date: u64,
    call_hours: f64,
    call_turns: u64,
    call_turns_without_start: u64,
    call_turns_without_end: u64,
    /// Kind of note → conversations.
    notes: BTreeMap<&'static str, u64>,
    #[serde(skip)]
    agent_ids: BTreeSet<String>,
    /// Of speakers whose role the input does not tell; a few.
    labels: BTreeSet<String>,
    /// Why roles are not known → conversations.
    roles_unknown: BTreeMap<String, u64>,
    #[serde(skip)]
    examples: BTreeMap<&'static str, String>,
}

/// Most of anything that is listed.
const SHOWN: usize = 10;

impl Picture {
    pub(super) fn new(files: usize) -> Picture {
        Picture {
            files,
            conversations: 0,
            quarantined: 0,
            warnings: Vec::new(),
            formats: BTreeMap::new(),
            criteria: BTreeMap::new(),
            set_aside: Vec::new(),
            quarantined_by_kind: BTreeMap::new(),
        }
    }

    /// A file of this format; `why` says by which marks it was recognised.
    pub(super) fn file(&mut self, format: &'static str, why: impl FnOnce() -> String) {
        let f = self.formats.entry(format).or_default();
        f.files += 1;
        // A name says less than what is in the file.
        if f.told_by.is_empty() || f.told_by.starts_with("its name") {
            f.told_by = why();
        }
    }

    pub(super) fn set_aside(&mut self, q: &Quarantined) {
        self.quarantined += 1;
        *self.quarantined_by_kind.entry(q.reason.kind()).or_default() += 1;
        if self.set_aside.len() < SHOWN {
            self.set_aside.push(format!("{}: {}", q.place, privacy::mask(&q.reason.to_string())));
        }
    }

    pub(super) fn add(&mut self, seen: Seen) {
        self.conversations += 1;
        for (i, status, reason) in &seen.statuses {
            let by = self.criteria.entry(criterion(*i)).or_default();
            *by.entry(status.name()).or_default().entry(reason).or_default() += 1;
        }
        self.formats.entry(seen.format).or_default().add(seen);
    }

    /// Says what is missing, what it costs and what helps; the worst first.
    pub(super) fn warn(&mut self) {
        let mut all: Vec<(u8, Warning)> = Vec::new();
        for (format, f) in &mut self.formats {
            f.agents = f.agent_ids.len();
            f.warn(format, &mut |rank, what, costs, remedy| {
                all.push((rank, Warning { format, what, costs, remedy }));
            });
        }
        if self.conversations == 0 {
            let warning = Warning {
                format: "",
                what: "no conversation could be read".into(),
                costs: "there is nothing to score".into(),
                remedy: "`sabyr formats` lists what is understood; --format names a format".into(),
            };
            all.push((0, warning));
        }
        all.sort_by_key(|w| w.0);
        self.warnings = all.into_iter().map(|w| w.1).collect();
    }

    pub(super) fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        let s = |n: u64| if n == 1 { "" } else { "s" };
        writeln!(
            out,
            "{} file{}: {} conversation{}, {} record{} set aside",
            self.files,
            s(self.files as u64),
            self.conversations,
            s(self.conversations),
            self.quarantined,
            s(self.quarantined)
        )?;
        if !self.warnings.is_empty() {
            writeln!(out, "\nWhat is missing or odd, the worst first")?;
        }
        for w in &self.warnings {
            let format = if w.format.is_empty() { String::new() } else { format!("{}: ", w.format) };
            writeln!(out, "  ! {format}{}", w.what)?;
            writeln!(out, "      costs   {}", w.costs)?;
            writeln!(out, "      helps   {}", w.remedy)?;
        }
        for (name, f) in &self.formats {
            writeln!(
                out,
                "\n{name}  {} conversation{} in {} file{}",
                f.conversations,
                s(f.conversations),
                f.files,
                s(f.files as u64)
            )?;
            f.print(out)?;
        }
        if self.conversations > 0 {
            writeln!(out, "\nWhat is scored")?;
        }
        for (criterion, statuses) in &self.criteria {
            let total: u64 = statuses.values().flat_map(|r| r.values()).sum();
            let scored: u64 = statuses.get("scored").map_or(0, |r| r.values().sum());
            writeln!(out, "  {criterion:<18} {scored:>6} of {total}")?;
            for (status, reasons) in statuses.iter().filter(|(s, _)| **s != "scored") {
                for (reason, n) in reasons {
                    writeln!(out, "  {:<18} {n:>6} {status}: {reason}", "")?;
                }
            }
        }
        if self.quarantined > 0 {
            writeln!(out, "\nSet aside: {}", counts(&self.quarantined_by_kind))?;
            for line in &self.set_aside {
                writeln!(out, "  {line}")?;
            }
            if self.quarantined as usize > self.set_aside.len() {
                writeln!(out, "  ... and {} more", self.quarantined as usize - self.set_aside.len())?;
            }
        }
        Ok(())
    }
}

impl FormatPicture {
    fn add(&mut self, seen: Seen) {
        self.conversations += 1;
        *self.channels.entry(seen.channel).or_default() += 1;
        *self.languages.entry(seen.language.map_or("not told", Language::code)).or_default() += 1;
        *self.roles.entry(seen.role_source.name()).or_default() += 1;
        self.conversations_without_agent += u64::from(seen.without_agent);
        let turns: u64 = seen.turns.values().sum();
        for (speaker, n) in seen.turns {
            *self.turns.entry(speaker).or_default() += n;
        }
        if is_call(seen.channel) {
            self.call_hours += seen.seconds / 3600.0;
            self.call_turns += turns;
            self.call_turns_without_start += seen.without_start;
            self.call_turns_without_end += seen.without_end;
        }
        self.agent_ids.extend(seen.agents);
        if self.labels.len() < SHOWN {
            self.labels.extend(seen.labels);
        }
        if seen.started_at.is_empty() {
            self.conversations_without_date += 1;
        } else {
            if self.first_started_at.is_empty() || seen.started_at < self.first_started_at {
                self.first_started_at.clone_from(&seen.started_at);
            }
            if seen.started_at > self.last_started_at {
                self.last_started_at = seen.started_at;
            }
        }
        let mut kinds = BTreeSet::new();
        for note in seen.notes {
            let kind = note.kind.name();
            if kind == "roles_unknown" && seen.role_source == RoleSource::Unknown && self.roles_unknown.len() < SHOWN {
                *self.roles_unknown.entry(note.text.clone()).or_default() += 1;
            }
            self.examples.entry(kind).or_insert(note.text);
            if kinds.insert(kind) {
                *self.notes.entry(kind).or_default() += 1;
            }
        }
    }

    fn warn(&self, format: &str, say: &mut dyn FnMut(u8, String, String, String)) {
        let all = self.conversations;
        let of = |n: u64| match n {
            1 if all == 1 => "the only conversation".to_owned(),
            n if n == all => format!("all {all} conversations"),
            n => format!("{n} of {all} conversations"),
        };
        let roles = |s: RoleSource| self.roles.get(s.name()).copied().unwrap_or(0);
        let noted = |kind: &str| self.notes.get(kind).copied().unwrap_or(0);
        let example = |kind: &str| self.examples.get(kind).map(|t| privacy::mask(t).into_owned()).unwrap_or_default();
        let unknown = roles(RoleSource::Unknown);
        if unknown > 0 {
            let why = self.roles_unknown.iter().max_by_key(|(_, n)| **n).map(|(t, _)| format!(", mostly: {t}"));
            say(
                0,
                format!("{}: who is the agent is not known{}", of(unknown), why.unwrap_or_default()),
                "nothing of them is scored: every criterion is cannot_tell".into(),
                self.role_remedy(format),
            );
        }
        let reversed = noted("roles_reversed");
        if reversed > 0 {
            say(
                1,
                format!("{}: by what is said, agent and customer look exchanged", of(reversed)),
                "the customer's words are scored as the agent's".into(),
                "look at one; if the export has the channels the wrong way round, mend it there".into(),
            );
        }
        let inferred = roles(RoleSource::Inferred);
        if inferred > 0 {
            say(
                4,
                format!("{}: the agent was concluded from what is said", of(inferred)),
                "scores are less sure there; where it was measured less than 1 in 100 was wrong (docs/roles.md)".into(),
                self.role_remedy(format),
            );
        }
        if self.conversations_without_agent > 0 {
            say(
                2,
                format!("{}: the agent has no id", of(self.conversations_without_agent)),
                "scored, but under an empty id: no agent gets a report of them".into(),
                "--side FILE with columns call_id and agent, --name-pattern where file names hold the agent, --roster where \
                 speakers have names, --agent-domain for mail"
                    .into(),
            );
        }
        let turns_of = |n: u64| format!("{n} of {} turns of calls", self.call_turns);
        if self.call_turns_without_start > 0 {
            say(
                3,
                format!("{} have no start time", turns_of(self.call_turns_without_start)),
                "patience does not see who cuts in, nor how long a wait was".into(),
                "export the times of turns with the transcript".into(),
            );
        } else if self.call_turns_without_end > 0 {
            say(
                3,
                format!("{} have no end time", turns_of(self.call_turns_without_end)),
                "patience does not see who cuts in there".into(),
                "export the ends of turns, or the times of words".into(),
            );
        }
        if self.conversations_without_date > 0 {
            say(
                5,
                format!("{}: no date", of(self.conversations_without_date)),
                "they cannot be put into a day or a week".into(),
                "--name-pattern with (?P<date>...), or --side FILE with a column date".into(),
            );
        }
        let silent = self.languages.get("not told").copied().unwrap_or(0);
        if silent > 0 {
            say(
                3,
                format!(
                    "{}: the language is none of English, Russian and Kazakh, or there are too few words",
                    of(silent)
                ),
                "no phrases are found there, so that hardly anything is scored".into(),
                "leave such conversations out, or name the charset with --charset if the texts look broken".into(),
            );
        }
        for (kind, costs, remedy) in [
            ("side_data", "what is missing stays missing", "compare the file with the ids and names of files above"),
            (
                "date",
                "the conversation cannot be put into a day",
                "write dates as 2026-11-20T18:05:00 or 20.11.2026 18:05",
            ),
            (
                "agents",
                "the scores of these calls may be of several people",
                "name the agent of each turn, or split the calls",
            ),
            ("left_out", "what is said there is not scored", "look at the export"),
            ("charset", "nothing: the texts were turned back", "export as UTF-8"),
            ("hallucination", "nothing: such turns are shown and not scored", "cut silence before recognising speech"),
            ("repetition", "what was really said there is lost", "recognise such calls again with other settings"),
            ("announcement", "nothing where they were taken out", "look at the turns that hold both"),
            ("times", "timing is not used there", "export times as seconds from the start"),
        ] {
            if noted(kind) > 0 {
                say(6, format!("{}: {}", of(noted(kind)), example(kind)), costs.into(), remedy.into());
            }
        }
    }

    /// What tells the roles where the input does not.
    fn role_remedy(&self, format: &str) -> String {
        let labels: Vec<&str> = self.labels.iter().map(String::as_str).filter(|l| !l.is_empty()).collect();
        match &labels[..] {
            [] => "let the recogniser tell speakers or channels apart, or record two channels; for mail --agent-domain"
                .into(),
            [a, b, ..] if is_technical(a) => {
                format!("--channel-map '{format}: {a}=agent,{b}=customer' (or the other way round)")
            }
            [a, ..] if is_technical(a) => format!("--channel-map '{format}: {a}=agent'"),
            [a, ..] => format!(
                "--roster FILE with the names of agents (speakers are called {a:?} and the like), or --channel-map"
            ),
        }
    }

    fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        let mut line =
            |name: &str, text: String| if text.is_empty() { Ok(()) } else { writeln!(out, "  {name:<10} {text}") };
        line("told by", self.told_by.clone())?;
        line("channels", counts(&self.channels))?;
        line("languages", counts(&self.languages))?;
        line("turns", counts(&self.turns))?;
        line("roles", counts(&self.roles))?;
        if self.conversations > 0 {
            let without = match self.conversations_without_agent {
                0 => String::new(),
                n => format!(", {n} conversations without an id"),
            };
            line("agents", format!("{}{without}", self.agent_ids.len()))?;
        }
        if !self.first_started_at.is_empty() {
            line("dates", format!("{} to {}", self.first_started_at, self.last_started_at))?;
        }
        if self.call_turns > 0 {
            let share = |n: u64| (self.call_turns - n) * 100 / self.call_turns;
            line(
                "times",
                format!(
                    "{} % of turns of calls have a start, {} % an end; {:.1} hours",
                    share(self.call_turns_without_start),
                    share(self.call_turns_without_end),
                    self.call_hours
                ),
            )?;
        }
        line("notes", counts(&self.notes))
    }
}

/// `agent 3, customer 2`.
fn counts(map: &BTreeMap<&'static str, u64>) -> String {
    map.iter().map(|(k, n)| format!("{k} {n}")).collect::<Vec<_>>().join(", ")
}
