//! What stands beside a transcript: in the name of its file, in a table of all conversations, in a file of its own.
//!
//! What the transcript itself says stays; side data fill what it leaves out. A date that cannot be read is reported and
//! never replaced by the time of day.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::formats::fields::{self, Field};
use super::formats::side_file::SideFile;
use super::formats::times::{self, When};
use super::roles::fold;
use super::table::{SideError, Table};
use super::{Format, Options, Source, recognise};
use crate::model::{Conversation, Language, NoteKind, Outcome, Text};

/// What side data say of a conversation; empty where they say nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    values: BTreeMap<Field, String>,
}

/// What side data may say.
const KNOWN: [Field; 11] = [
    Field::Id,
    Field::Agent,
    Field::StartedAt,
    Field::Timestamp,
    Field::Date,
    Field::Time,
    Field::Queue,
    Field::Team,
    Field::Language,
    Field::Csat,
    Field::Resolved,
];

impl Facts {
    /// Keeps the first value of a field.
    fn set(&mut self, field: Field, value: &str) {
        let value = value.trim();
        if !value.is_empty() && KNOWN.contains(&field) {
            self.values.entry(field).or_insert_with(|| value.to_owned());
        }
    }

    fn get(&self, field: Field) -> Option<&str> {
        self.values.get(&field).map(String::as_str)
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Fills what the conversation does not say. `from` names the side data in notes; `stem` is the name of the conversation's
    /// file: an id made of it gives way to one of the side data.
    pub fn fill(&self, c: &mut Conversation<'_>, from: &str, stem: &str) {
        if let Some(id) = self.get(Field::Id)
            && &*c.id == stem
        {
            c.id = id.to_owned().into();
        }
        if let Some(agent) = self.get(Field::Agent) {
            match c.agent_id.as_deref() {
                Some(own) if fold(own) != fold(agent) => {
                    c.note(
                        NoteKind::SideData,
                        format!("{from} names another agent than the record; the record's is kept"),
                    );
                }
                Some(_) => {}
                // Turns with agents of their own say more than one name for all.
                None if c.turns.iter().any(|t| t.agent_id.is_some()) => {}
                None => c.agent_id = Some(agent.to_owned().into()),
            }
        }
        let date = match (self.get(Field::Date), self.get(Field::Time)) {
            (Some(date), Some(time)) => Some(format!("{date} {time}")),
            (date, _) => date.map(str::to_owned),
        };
        let date = self.get(Field::StartedAt).or(self.get(Field::Timestamp)).map(str::to_owned).or(date);
        if let Some(written) = date
            && c.started_at.is_none()
        {
            match moment(&written) {
                Some(at) => c.started_at = Some(at.into()),
                None => c.note(
                    NoteKind::Date,
                    format!("{from}: {written:?} is not a date that can be read; the conversation has none"),
                ),
            }
        }
        let own = |field| self.get(field).map(|v| Text::from(v.to_owned()));
        if c.queue.is_none() {
            c.queue = own(Field::Queue);
        }
        if c.team.is_none() {
            c.team = own(Field::Team);
        }
        if let Some(language) = self.get(Field::Language)
            && c.language.is_none()
        {
            let tag = Language::from_tag(language).map_or(language, |l| l.code());
            c.language = Some(tag.to_owned().into());
        }
        let csat =
            self.get(Field::Csat).and_then(|v| v.replace(',', ".").parse::<f64>().ok()).filter(|v| v.is_finite());
        let resolved = self.get(Field::Resolved).and_then(fields::yes_or_no);
        if csat.is_some() || resolved.is_some() {
            let outcome = c.outcome.get_or_insert_with(Outcome::default);
            outcome.csat = outcome.csat.or(csat);
            outcome.resolved = outcome.resolved.or(resolved);
        }
    }
}

/// A date and time as people and file names write them, as RFC 3339 (without an offset where none is known); `None` when it
/// cannot be read. A number of seconds is none.
pub(super) fn moment(text: &str) -> Option<String> {
    match times::parse(text) {
        Ok(When::Seconds(_)) | Err(_) => {}
        Ok(when) => return times::written(when),
    }
    // `2025-02-20T07-55-51`, `20250220_075551`, `2025_02_20`.
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if !text.chars().all(|c| c.is_ascii_digit() || " -_.:TtZz".contains(c)) || !matches!(digits.len(), 8 | 12 | 14) {
        return None;
    }
    let at = |from: usize, to: usize| digits.get(from..to).unwrap_or("00");
    let rest = match digits.len() {
        8 => String::new(),
        12 => format!("T{}:{}:00", at(8, 10), at(10, 12)),
        _ => format!("T{}:{}:{}", at(8, 10), at(10, 12), at(12, 14)),
    };
    let iso = format!("{}-{}-{}{rest}", at(0, 4), at(4, 6), at(6, 8));
    times::parse(&iso).ok().and_then(times::written)
}

/// Patterns that read what file names say, by groups named `id`, `agent`, `date`, `time`, `queue`, `team`, `csat`,
/// `language`.
#[derive(Clone, Debug, Default)]
pub struct NamePatterns(Vec<Regex>);

/// Groups and what they hold.
const GROUPS: [(&str, Field); 14] = [
    ("id", Field::Id),
    ("call", Field::Id),
    ("call_id", Field::Id),
    ("guid", Field::Id),
    ("agent", Field::Agent),
    ("agent_id", Field::Agent),
    ("date", Field::Date),
    ("time", Field::Time),
    ("datetime", Field::StartedAt),
    ("queue", Field::Queue),
    ("team", Field::Team),
    ("csat", Field::Csat),
    ("language", Field::Language),
    ("lang", Field::Language),
];

/// What AWS's post-call analytics reads from file names by default: `Auto1_GUID_001_AGENT_AndrewK_DT_2025-02-20T07-55-51`.
static BUILT_IN: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [r"_GUID_(?P<id>.+?)(?:_|$)", r"_AGENT_(?P<agent>.+?)(?:_|$)", r"(?P<datetime>\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2})"]
        .iter()
        .filter_map(|p| Regex::new(p).ok())
        .collect()
});

impl NamePatterns {
    /// Adds a pattern.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn add(&mut self, pattern: &str) -> Result<(), String> {
        let regex = Regex::new(pattern).map_err(|e| e.to_string())?;
        let names: Vec<&str> = regex.capture_names().flatten().collect();
        let known = || GROUPS.iter().map(|g| g.0).collect::<Vec<_>>().join(", ");
        if names.is_empty() {
            return Err(format!("it has no named group such as (?P<agent>[^_]+); names are {}", known()));
        }
        if let Some(odd) = names.iter().find(|n| !GROUPS.iter().any(|g| g.0 == **n)) {
            return Err(format!("no group may be named {odd:?}; names are {}", known()));
        }
        self.0.push(regex);
        Ok(())
    }

    /// Fills a conversation from the name of its file.
    pub(super) fn fill(&self, c: &mut Conversation<'_>, name: &str, stem: &str) {
        if !self.0.is_empty() {
            let mut facts = Facts::default();
            let met =
                self.0.iter().filter(|p| read_name(p, stem, &mut facts) || read_name(p, name, &mut facts)).count();
            if met == 0 {
                c.note(NoteKind::SideData, "the name of its file does not match --name-pattern");
            }
            facts.fill(c, "the file name", stem);
        }
        // Most names hold none of it, and the patterns are slow to say so.
        if name.contains("_GUID_") || name.contains("_AGENT_") || (c.started_at.is_none() && name.contains('T')) {
            let mut facts = Facts::default();
            for pattern in BUILT_IN.iter() {
                read_name(pattern, stem, &mut facts);
            }
            facts.fill(c, "the file name", stem);
        }
    }
}

fn read_name(pattern: &Regex, name: &str, facts: &mut Facts) -> bool {
    let Some(met) = pattern.captures(name) else { return false };
    for (group, field) in GROUPS {
        if let Some(value) = met.name(group) {
            facts.set(field, value.as_str());
        }
    }
    true
}

/// A table with a row a conversation, found by its id or by the name of its file.
#[derive(Debug, Default)]
pub struct SideTable {
    rows: Vec<Facts>,
    by: BTreeMap<String, usize>,
}

/// Names of columns that hold a file's name, as [`fields::key`] makes them.
const FILE: [&str; 11] = [
    "file",
    "filename",
    "recording",
    "recordingfile",
    "audio",
    "audiofile",
    "файл",
    "имяфайла",
    "запись",
    "файлзаписи",
    "файлаты",
];

impl SideTable {
    /// Reads a table: CSV whose header names the conversation's id or its file, and any of agent, date, time, queue, team,
    /// language, csat, resolved, in English, Russian or Kazakh.
    ///
    /// # Errors
    /// [`SideError`] when it cannot be read, has no such column, or tells two things of one conversation.
    pub fn read(path: &Path, options: &Options) -> Result<SideTable, SideError> {
        let table = Table::read(path, options)?;
        let columns: Vec<Option<Field>> = table.header.iter().map(|h| fields::field(h).map(|f| f.0)).collect();
        let file = table.header.iter().position(|h| FILE.contains(&&*fields::key(h)));
        let id = columns.iter().position(|f| *f == Some(Field::Id));
        if file.is_none() && id.is_none() {
            return Err(table.missing("the conversation (conversation_id, call_id, file, ID звонка, Файл)"));
        }
        let mut out = SideTable::default();
        for (line, row) in &table.rows {
            let mut facts = Facts::default();
            for (value, field) in row.iter().zip(&columns) {
                if let Some(field) = field {
                    facts.set(*field, value);
                }
            }
            let at = out.rows.len();
            for key in [id, file].into_iter().flatten().map(|c| row[c].trim()).filter(|k| !k.is_empty()) {
                // A file is known with and without its folder and extension.
                let name = key.rsplit(['/', '\\']).next().unwrap_or(key);
                let stem = Source { file: PathBuf::from(name).into() }.stem();
                for key in BTreeSet::from([key, name, &stem]) {
                    match out.by.insert(key.to_owned(), at) {
                        Some(other) if other != at && out.rows[other] != facts => {
                            return Err(SideError::Row {
                                path: table.path.clone(),
                                line: *line,
                                detail: format!("{key:?} has a row already that says otherwise"),
                            });
                        }
                        _ => {}
                    }
                }
            }
            out.rows.push(facts);
        }
        Ok(out)
    }

    /// What is said of a conversation: by its id, else by the name of its file.
    pub(super) fn find(&self, id: &str, name: &str, stem: &str) -> Option<&Facts> {
        [id, name, stem].into_iter().find_map(|key| self.by.get(key)).map(|at| &self.rows[*at])
    }
}

/// Endings of files that describe the transcript beside them.
const BESIDE: [&str; 3] = ["_metadata.json", "_call_metadata.json", ".metadata.json"];

/// The transcripts of a run by folder and stem, to tell which files describe them.
pub(super) struct Stems(BTreeSet<(PathBuf, String)>);

impl Stems {
    /// Of these transcripts.
    pub fn of(transcripts: &[&Source]) -> Stems {
        Stems(transcripts.iter().map(|s| (folder(s), s.stem())).collect())
    }

    /// Whether a file that is no transcript is named as one that describes a transcript: `a_metadata.json`, or `a.json` where
    /// `a.vtt` stands beside.
    pub fn describes(&self, source: &Source) -> bool {
        let name = source.file.file_name().unwrap_or_default().to_string_lossy();
        let mut stems = BESIDE.iter().chain(&[".json"]).filter_map(|end| name.strip_suffix(end));
        stems.any(|stem| self.0.contains(&(folder(source), stem.to_owned())))
    }
}

fn folder(source: &Source) -> PathBuf {
    source.file.parent().unwrap_or(Path::new("")).to_owned()
}

/// What the file beside a transcript says of it: `<stem>_metadata.json`, or `<stem>.json` where the transcript is no JSON.
/// Simple values are read, at the top and one object deep; keys have the names that columns have.
///
/// # Errors
/// A sentence, when the file is there and cannot be read.
pub(super) fn beside(source: &Source, options: &Options) -> Result<Option<Facts>, String> {
    let stem = source.stem();
    let json = source.name().ends_with(".json");
    let plain = if json { None } else { Some(format!("{stem}.json")) };
    let names = BESIDE.iter().map(|end| format!("{stem}{end}")).chain(plain);
    let Some(found) = names.into_iter().find_map(|n| source.beside(&n)) else { return Ok(None) };
    // Recognisers write one call in several formats: such a file is a transcript itself.
    let by_itself = Options { format: None, ..options.clone() };
    if recognise(&found, &by_itself).is_ok_and(|f| f.name() != SideFile.name()) {
        return Ok(None);
    }
    let name = found.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut text = String::new();
    let stream = found.open_text(options).map_err(|e| format!("{name}: {e}"))?;
    std::io::Read::read_to_string(&mut std::io::Read::take(stream.reader, options.max_record), &mut text)
        .map_err(|e| format!("{name}: {e}"))?;
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|e| format!("{name}: {e}"))?;
    let mut facts = Facts::default();
    members(&value, true, &mut facts);
    Ok(Some(facts).filter(|f| !f.is_empty()))
}

fn members(value: &serde_json::Value, deeper: bool, facts: &mut Facts) {
    let serde_json::Value::Object(map) = value else { return };
    for (key, value) in map {
        let text = match value {
            serde_json::Value::String(s) => s.clone(),
            serde_json::Value::Number(n) => n.to_string(),
            serde_json::Value::Bool(b) => b.to_string(),
            _ => continue,
        };
        // Deeper down an id is that of something else.
        if let Some((field, ..)) = fields::field(key).filter(|f| deeper || f.0 != Field::Id) {
            facts.set(field, &text);
        }
    }
    if deeper {
        map.values().for_each(|v| members(v, false, facts));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(patterns: &[&str], name: &str) -> Conversation<'static> {
        let mut all = NamePatterns::default();
        patterns.iter().for_each(|p| all.add(p).unwrap());
        let stem = name.rsplit_once('.').map_or(name, |n| n.0).to_owned();
        let mut c = Conversation { id: stem.clone().into(), ..Conversation::default() };
        all.fill(&mut c, name, &stem);
        c
    }

    #[test]
    fn file_names_say_agent_id_and_date() {
        let c = named(&[], "Auto1_GUID_001_AGENT_AndrewK_DT_2025-02-20T07-55-51.wav.json");
        assert_eq!((&*c.id, c.agent_id.as_deref()), ("001", Some("AndrewK")));
        assert_eq!(c.started_at.as_deref(), Some("2025-02-20T07:55:51"));
        let c = named(&[r"^(?P<date>\d{8})_(?P<agent>[^_]+)_(?P<id>\d+)$"], "20261120_Айдана_77.vtt");
        assert_eq!(
            (&*c.id, c.agent_id.as_deref(), c.started_at.as_deref()),
            ("77", Some("Айдана"), Some("2026-11-20"))
        );
        assert!(c.notes.is_empty());
    }

    #[test]
    fn what_a_name_does_not_say_is_noted_and_never_made_up() {
        let c = named(&[r"^(?P<date>\d{8})_(?P<agent>[^_]+)$"], "20261399_Dana.vtt");
        assert_eq!((c.started_at.as_deref(), c.notes[0].kind), (None, NoteKind::Date));
        let c = named(&[r"^(?P<agent>x\d)$"], "other.vtt");
        assert_eq!((c.agent_id.as_deref(), c.notes[0].kind), (None, NoteKind::SideData));
        assert!(NamePatterns::default().add(r"(\d+)").unwrap_err().contains("named group"));
        assert!(NamePatterns::default().add(r"(?P<boss>\d+)").unwrap_err().contains("names are id"));
        assert!(NamePatterns::default().add("(").is_err());
    }

    #[test]
    fn dates_of_file_names_are_read() {
        for (text, want) in [
            ("2025-02-20T07-55-51", Some("2025-02-20T07:55:51")),
            ("20250220_075551", Some("2025-02-20T07:55:51")),
            ("2025_02_20", Some("2025-02-20")),
            ("20.02.2025 07:55", Some("2025-02-20T07:55:00")),
            ("2025-02-20T07:55:51Z", Some("2025-02-20T07:55:51Z")),
            ("20251399", None),
            ("12345", None),
            ("yesterday", None),
        ] {
            assert_eq!(moment(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn a_table_fills_what_is_missing_by_id_or_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("side.csv");
        std::fs::write(&path, "Файл;Оператор;Дата;Очередь;Оценка\nrec/1.wav;dana;20.11.2026 18:05;cards;4,5\n")
            .unwrap();
        let table = SideTable::read(&path, &Options::default()).unwrap();
        let facts = table.find("x", "1.json", "1").unwrap();
        let mut c = Conversation { id: "1".into(), queue: Some("own".into()), ..Conversation::default() };
        facts.fill(&mut c, "--side", "1");
        assert_eq!((c.agent_id.as_deref(), c.queue.as_deref()), (Some("dana"), Some("own")));
        assert_eq!(c.started_at.as_deref(), Some("2026-11-20T18:05:00"));
        assert_eq!(c.outcome.unwrap().csat, Some(4.5));
        let mut c = Conversation { id: "1".into(), agent_id: Some("ali".into()), ..Conversation::default() };
        facts.fill(&mut c, "--side", "1");
        assert_eq!((c.agent_id.as_deref(), c.notes[0].kind), (Some("ali"), NoteKind::SideData));
        std::fs::write(&path, "call_id,agent\n1,a\n1,b\n").unwrap();
        assert!(SideTable::read(&path, &Options::default()).unwrap_err().to_string().contains("side.csv:3"));
        std::fs::write(&path, "agent,team\na,b\n").unwrap();
        assert!(
            SideTable::read(&path, &Options::default())
                .unwrap_err()
                .to_string()
                .contains("no column for the conversation")
        );
    }

    #[test]
    fn a_file_beside_describes_the_transcript() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            Source { file: path.into() }
        };
        let vtt = put("1.vtt", "WEBVTT");
        let side = put("1.json", r#"{"meta":{"agentId":7,"queueName":"cards"},"csat":5,"words":[1]}"#);
        let alone = put("2.json", "{}");
        let facts = beside(&vtt, &Options::default()).unwrap().unwrap();
        assert_eq!(
            (facts.get(Field::Agent), facts.get(Field::Queue), facts.get(Field::Csat)),
            (Some("7"), Some("cards"), Some("5"))
        );
        let all = Stems::of(&[&vtt]);
        assert!(all.describes(&side) && !all.describes(&alone) && !all.describes(&vtt));
        assert_eq!(beside(&alone, &Options::default()), Ok(None));
        put("1.json", "{");
        assert!(beside(&vtt, &Options::default()).unwrap_err().starts_with("1.json:"));
    }
}
