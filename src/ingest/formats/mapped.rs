//! Any export, by a mapping of the user's: `--map FILE.toml` (see [`crate::ingest::mapping`] for what it holds).
//!
//! JSON (a document, lines, or a list at any depth) and delimited text. `sabyr inspect --suggest-map FILE` proposes a
//! mapping. A list at the top of the document, or under one name at the top, is read item by item, in bounded memory; a
//! list further down is read with its document.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path as FilePath;
use std::sync::Arc;

use serde_json::Value;

use super::csv_turns;
use super::draft::Draft;
use super::rows::Row;
use super::times::{self, When};
use super::{Field, json};
use crate::ingest::mapping::{Condition, Mapping, Path, Sources};
use crate::ingest::roles::{Role, speaker_from_label};
use crate::ingest::{Format, Options, Record, Sample, Sink, Source};
use crate::model::{Kind, Place, Quarantined, Reason, Speaker, Turn};

/// What a mapping describes.
pub struct Mapped;

impl Format for Mapped {
    fn name(&self) -> &'static str {
        "mapped"
    }

    fn about(&self) -> &'static str {
        "any JSON or CSV export, by a mapping of yours (--map FILE.toml; `sabyr inspect --suggest-map` proposes one)"
    }

    fn recognise(&self, _: &Sample<'_>) -> u8 {
        // Never by itself: the mapping says to which files it applies.
        0
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        for source in sources {
            let Some(mapping) = options.mapping.clone() else {
                let reason = Reason::Content("no mapping was given; name one with --map FILE.toml".to_owned());
                sink(Record::Bad(Quarantined { place: Place::file(&source.file), conversation_id: None, reason }))?;
                continue;
            };
            let text = source.sample(options).map(|b| b.sample().text.trim_start().starts_with(['{', '[']));
            let mut reader = Reader::new(source, &mapping, options.max_record);
            match text {
                Ok(true) => reader.json(source, options, sink)?,
                Ok(false) => reader.table(source, options, sink)?,
                Err(reason) => {
                    sink(Record::Bad(Quarantined { place: Place::file(&source.file), conversation_id: None, reason }))?;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// A turn or a record in which paths are looked up.
#[derive(Clone, Copy)]
enum Fields<'a> {
    Json(&'a Value),
    Cells(&'a [String], &'a Row),
}

impl Fields<'_> {
    fn get(&self, path: &str) -> Option<String> {
        match self {
            Fields::Json(value) => text_of(at(value, path)?),
            Fields::Cells(names, row) => {
                let i = names.iter().position(|n| n == path)?;
                Some(row.get(i).to_owned()).filter(|t| !t.trim().is_empty())
            }
        }
    }
}

/// What stands at a path such as `a.b[0].c`; a path that is empty is the value itself.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let mut value = value;
    for step in path.split('.').filter(|s| !s.is_empty()) {
        let (name, indices) = step.split_at(step.find('[').unwrap_or(step.len()));
        if !name.is_empty() {
            value = value.get(name)?;
        }
        for index in indices.split(['[', ']']).filter(|s| !s.is_empty()) {
            value = value.get(index.parse::<usize>().ok()?)?;
        }
    }
    Some(value)
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.clone()).filter(|s| !s.trim().is_empty()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The names of an object's members, for messages.
fn names(value: &Value) -> String {
    let names: Vec<&str> =
        value.as_object().map(|o| o.keys().take(12).map(String::as_str).collect()).unwrap_or_default();
    if names.is_empty() { "it is no object".to_owned() } else { format!("there are {}", names.join(", ")) }
}

struct Reader<'m> {
    file: Arc<FilePath>,
    stem: String,
    mapping: &'m Mapping,
    limit: u64,
    /// Conversations of the file whose id the mapping does not give.
    unnamed: u64,
    /// The conversation that rows are being added to, and the ids before it.
    current: Option<Draft>,
    seen: HashSet<String>,
}

impl<'m> Reader<'m> {
    fn new(source: &Source, mapping: &'m Mapping, limit: u64) -> Self {
        let (file, stem) = (Arc::clone(&source.file), source.stem());
        Reader { file, stem, mapping, limit, unnamed: 0, current: None, seen: HashSet::new() }
    }

    fn value(&self, sources: &Sources, own: Fields<'_>, record: Fields<'_>) -> Option<String> {
        sources.0.iter().find_map(|path| match path {
            Path::Constant(text) => Some(text.clone()),
            Path::Own(path) => own.get(path),
            Path::Record(path) => record.get(path),
            Path::File => Some(self.stem.clone()),
        })
    }

    fn json(&mut self, source: &Source, options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        // A list under one name at the top is streamed; one further down comes with its document.
        let path = self.mapping.records.trim_end_matches("[]").to_owned();
        let streamed = !path.is_empty() && !path.contains(['.', '[']);
        let lists: Vec<&str> = if streamed { vec![&path] } else { Vec::new() };
        json::read(source, options, &lists, sink, &mut |item, sink| {
            let value: Value = match item.parse() {
                Ok(value) => value,
                Err(reason) => return item.bad(None, reason, sink),
            };
            if path.is_empty() || (streamed && item.around != "{}") || (streamed && value.get(&path).is_none()) {
                return self.record(&value, &item.place, sink);
            }
            match at(&value, &path).and_then(Value::as_array) {
                Some(records) => records.iter().try_for_each(|r| self.record(r, &item.place, sink)),
                None => {
                    let said = format!("no list under `{path}` (records of the mapping); {}", names(&value));
                    item.bad(None, Reason::Content(said), sink)
                }
            }
        })?;
        self.end(sink)
    }

    fn table(&mut self, source: &Source, options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let (mut rows, names) = match csv_turns::open_table(source, options) {
            Ok(opened) => opened,
            Err(reason) => {
                let place = Place::file(&self.file);
                return sink(Record::Bad(Quarantined { place, conversation_id: None, reason }));
            }
        };
        if let Some(missing) = missing_column(self.mapping, &names) {
            let said = format!("no column {missing:?}, which the mapping names; the columns are: {}", names.join(", "));
            let place = Place::file(&self.file);
            return sink(Record::Bad(Quarantined { place, conversation_id: None, reason: Reason::Content(said) }));
        }
        let mut row = Row::default();
        while rows.next_row(&mut row) {
            if row.is_blank() {
                continue;
            }
            let place = Place::line(&self.file, row.line);
            let reason = match &row.bad {
                Some(reason) => Some(reason.clone()),
                None if row.len() < names.len() => Some(Reason::Content(format!(
                    "line {} has {} cells where the header has {}; put texts with the separator in quotes",
                    row.line,
                    row.len(),
                    names.len()
                ))),
                None => None,
            };
            match reason {
                None => self.row(Fields::Cells(&names, &row), &place, sink)?,
                Some(reason) => match &mut self.current {
                    // What is left of its conversation would be scored wrongly.
                    Some(draft) => draft.spoil(reason),
                    None => sink(Record::Bad(Quarantined { place, conversation_id: None, reason }))?,
                },
            }
        }
        self.end(sink)
    }

    /// A record of JSON: a conversation with its turns, or a turn.
    fn record(&mut self, value: &Value, place: &Place, sink: &mut Sink<'_>) -> ControlFlow<()> {
        if self.mapping.turns.is_empty() {
            return self.row(Fields::Json(value), place, sink);
        }
        let record = Fields::Json(value);
        if self.mapping.skip.iter().any(|c| self.of_record(c) && self.holds(c, record, record)) {
            return ControlFlow::Continue(());
        }
        let id = self.value(&self.mapping.conversation.id, record, record).unwrap_or_else(|| {
            self.unnamed += 1;
            if self.unnamed == 1 { self.stem.clone() } else { format!("{}-{}", self.stem, self.unnamed) }
        });
        let mut draft = Draft::new(place.clone(), &id);
        self.describe(&mut draft, record);
        match at(value, &self.mapping.turns).map(|t| (t, t.as_array())) {
            Some((_, Some(turns))) => {
                for (i, turn) in turns.iter().enumerate() {
                    if let Err(said) = self.turn(&mut draft, Fields::Json(turn), record) {
                        draft.spoil(Reason::Content(format!("turn {}: {said}", i + 1)));
                    }
                }
                if !turns.is_empty() && draft.bad.is_none() && draft.conversation.turns.is_empty() {
                    let said =
                        format!("no turn has a text where the mapping says; {} in the first turn", names(&turns[0]));
                    draft.spoil(Reason::Content(said));
                }
            }
            Some((Value::Null, _)) => {}
            _ => draft.spoil(Reason::Content(format!(
                "no list under `{}` (turns of the mapping); {}",
                self.mapping.turns,
                names(value)
            ))),
        }
        draft.finish(sink)
    }

    /// A row that is a turn: it goes to the conversation that it names.
    fn row(&mut self, row: Fields<'_>, place: &Place, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let Some(id) = self.value(&self.mapping.conversation.id, row, row) else {
            let reason = Reason::Content("no conversation id where the mapping says".to_owned());
            return sink(Record::Bad(Quarantined { place: place.clone(), conversation_id: None, reason }));
        };
        if self.current.as_ref().is_none_or(|d| *d.conversation.id != *id) {
            self.end(sink)?;
            let mut draft = Draft::new(place.clone(), &id);
            if !self.seen.insert(id.clone()) {
                draft.spoil(Reason::Content(format!(
                    "rows of conversation {id:?} that stand apart from its first ones; sort the file by conversation and time"
                )));
            }
            self.current = Some(draft);
        }
        let Some(mut draft) = self.current.take() else { return ControlFlow::Continue(()) };
        self.describe(&mut draft, row);
        if let Err(said) = self.turn(&mut draft, row, row) {
            let at = place.line.map_or(String::new(), |l| format!("line {l}: "));
            draft.spoil(Reason::Content(at + &said));
        }
        self.current = Some(draft);
        ControlFlow::Continue(())
    }

    fn end(&mut self, sink: &mut Sink<'_>) -> ControlFlow<()> {
        self.current.take().map_or(ControlFlow::Continue(()), |d| d.finish(sink))
    }

    /// Says of the conversation what a record tells.
    fn describe(&self, draft: &mut Draft, record: Fields<'_>) {
        let c = &self.mapping.conversation;
        for (field, sources) in [
            (Field::Channel, &c.channel),
            (Field::Language, &c.language),
            (Field::StartedAt, &c.started_at),
            (Field::Queue, &c.queue),
            (Field::Team, &c.team),
            (Field::Agent, &c.agent_id),
            (Field::Csat, &c.csat),
            (Field::Resolved, &c.resolved),
        ] {
            if let Some(value) = self.value(sources, record, record) {
                draft.set(field, &value);
            }
        }
        for (label, sources) in &self.mapping.labels {
            if let Some(value) = self.value(sources, record, record) {
                draft.conversation.labels.0.entry(label.clone().into()).or_insert(value.into());
            }
        }
    }

    fn of_record(&self, condition: &Condition) -> bool {
        condition.place.0.iter().any(|p| matches!(p, Path::Record(_)))
    }

    fn holds(&self, condition: &Condition, own: Fields<'_>, record: Fields<'_>) -> bool {
        condition.holds(&self.value(&condition.place, own, record).unwrap_or_default())
    }

    fn turn(&self, draft: &mut Draft, own: Fields<'_>, record: Fields<'_>) -> Result<(), String> {
        let t = &self.mapping.turn;
        if self.mapping.skip.iter().any(|c| self.holds(c, own, record)) {
            return Ok(());
        }
        let Some(text) = self.value(&t.text, own, record) else { return Ok(()) };
        let label = self.value(&t.speaker, own, record).unwrap_or_default();
        let role = match self.mapping.role(&label) {
            Some(speaker) => Role { speaker, agent_id: None },
            None => speaker_from_label(&label),
        };
        let start = self.time(&t.start, draft, own, record)?;
        let end = match self.time(&t.end, draft, own, record)? {
            Some(end) => Some(end),
            None => {
                let length = self.value(&t.duration, own, record).map(|d| self.seconds(&d)).transpose()?;
                match (start, length) {
                    (Some(start), Some(When::Seconds(length))) => Some(start + length),
                    _ => None,
                }
            }
        };
        let kind = if self.mapping.note.iter().any(|c| self.holds(c, own, record)) { Kind::Note } else { Kind::Speech };
        let agent = self.value(&t.agent_id, own, record).filter(|_| role.speaker == Speaker::Agent).unwrap_or_default();
        let named = (role.speaker == Speaker::Unknown && !label.is_empty()).then(|| label.clone().into());
        let turn = Turn { label: named, text: text.into(), start, end, kind, ..Turn::default() };
        draft.turn(&label, &role, &agent, turn, self.limit);
        Ok(())
    }

    fn time(
        &self,
        sources: &Sources,
        draft: &mut Draft,
        own: Fields<'_>,
        record: Fields<'_>,
    ) -> Result<Option<f64>, String> {
        match self.value(sources, own, record) {
            None => Ok(None),
            Some(text) => draft.clock.seconds(self.seconds(&text)?),
        }
    }

    /// A time in the mapping's unit; what is a date in that unit becomes a moment.
    fn seconds(&self, text: &str) -> Result<When, String> {
        let number = self.mapping.time_unit.per_second().zip(text.trim().replace(',', ".").parse::<f64>().ok());
        match number {
            Some((unit, n)) if n.is_finite() && n >= 0.0 => match n / unit {
                s if s >= super::LONGEST => times::parse(&format!("{s:.3}")),
                s => Ok(When::Seconds(s)),
            },
            _ => times::parse(text),
        }
    }
}

/// A column that every row needs and the table lacks.
fn missing_column<'m>(mapping: &'m Mapping, names: &[String]) -> Option<&'m str> {
    [&mapping.conversation.id, &mapping.turn.text, &mapping.turn.speaker].into_iter().find_map(|sources| {
        let column = |p: &'m Path| match p {
            Path::Own(c) | Path::Record(c) => Some(c.as_str()),
            Path::Constant(_) | Path::File => None,
        };
        let columns: Vec<&str> = sources.0.iter().filter_map(column).collect();
        let there = columns.len() < sources.0.len() || columns.iter().any(|c| names.iter().any(|n| n == c));
        (!there).then(|| columns.first().copied()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mapping: &str, name: &str, text: &str) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(name);
        std::fs::write(&file, text).unwrap();
        let mapping = Some(Arc::new(Mapping::parse("m.toml", mapping).unwrap()));
        let options = Options { mapping, ..Options::default() };
        let mut out = Vec::new();
        let _ = Mapped.read(&[Source { file: file.into() }], &options, &mut |record| {
            out.push(match record {
                Record::Conversation { conversation, .. } => serde_json::to_string(&conversation).unwrap(),
                Record::Bad(q) => format!("{:?} {}", q.place.line, q.reason),
                Record::Lines { .. } => unreachable!(),
            });
            ControlFlow::Continue(())
        });
        out
    }

    const CALLS: &str = r#"
records = "data.calls"
turns = "talk.items"
time_unit = "ms"
[conversation]
id = "ref"
channel = "=call"
started_at = "began"
agent_id = "who.login"
[turn]
text = ["nice", "raw"]
speaker = "side"
start = "from"
duration = "len"
[roles]
agent = ["in"]
customer = ["out"]
[labels]
code = "code"
[[skip]]
where = "type"
is = ["event"]
[[note]]
where = "private"
is = ["true"]
"#;

    #[test]
    fn a_deep_json_export_becomes_conversations() {
        let text = r#"{"data":{"calls":[{"ref":7,"began":"2026-01-05T10:00:00Z","code":3,"who":{"login":"aida"},"talk":{"items":[
            {"side":"IN","raw":"hello","from":0,"len":1500},{"side":"out","nice":"Hi.","raw":"hi","from":"2000","private":false},
            {"side":"in","type":"event","raw":"hold"},{"side":"in","raw":"check later","private":true},{"side":"x","raw":"?"}]}},
            {"ref":8,"talk":{}}]}}"#;
        let got = read(CALLS, "a.json", text);
        assert_eq!(
            got[0],
            r#"{"id":"7","channel":"call","started_at":"2026-01-05T10:00:00Z","agent_id":"aida","labels":{"code":"3"},"turns":[{"speaker":"agent","text":"hello","start":0.0,"end":1.5},{"speaker":"customer","text":"Hi.","start":2.0},{"speaker":"agent","text":"check later","kind":"note"},{"speaker":"unknown","label":"x","text":"?"}]}"#
        );
        assert_eq!(got[1], "Some(1) no list under `talk.items` (turns of the mapping); there are ref, talk");
    }

    #[test]
    fn rows_of_json_and_of_tables_are_put_together_by_id() {
        let mapping = "[conversation]\nid = 'Звонок №'\n[turn]\ntext = 'Фраза'\nspeaker = 'Канал'\nstart = 'Сек'\n[roles]\nagent = ['1']\ncustomer = ['2']";
        let want = [
            r#"{"id":"A","channel":"chat","turns":[{"speaker":"agent","text":"Алло","start":0.5},{"speaker":"customer","text":"Да"}]}"#,
            r#"{"id":"B","channel":"chat","turns":[{"speaker":"agent","text":"Алло"}]}"#,
        ];
        let table = "Звонок №;Канал;Фраза;Сек\nA;1;Алло;0,5\nA;2;Да;\nB;1;Алло;\n";
        assert_eq!(read(mapping, "a.csv", table), want);
        let lines = "{\"Звонок №\":\"A\",\"Канал\":1,\"Фраза\":\"Алло\",\"Сек\":0.5}\n{\"Звонок №\":\"A\",\"Канал\":2,\"Фраза\":\"Да\"}\n{\"Звонок №\":\"B\",\"Канал\":1,\"Фраза\":\"Алло\"}";
        assert_eq!(read(mapping, "a.ndjson", lines), want);
        assert!(read(mapping, "a.csv", "id;Канал;Фраза\nA;1;x\n")[0].contains("no column \"Звонок №\""));
        assert!(read(mapping, "a.csv", "Звонок №;Канал;Фраза\nA;1\n")[0].contains("line 2 has 2 cells"));
    }

    #[test]
    fn what_a_mapping_does_not_fit_is_told() {
        let got = read(CALLS, "a.json", r#"{"calls":[]}"#);
        assert_eq!(got, ["Some(1) no list under `data.calls` (records of the mapping); there are calls"]);
        let simple = "turns = 't'\n[turn]\ntext = 'words'\nspeaker = '=agent'";
        assert!(
            read(simple, "a.json", r#"{"t":[{"text":"x"}]}"#)[0]
                .contains("no turn has a text where the mapping says; there are text")
        );
        assert_eq!(read(simple, "call_9.json", r#"[{"t":[{"words":"x"}]},{"t":[{"words":"y"}]}]"#).len(), 2);
        assert!(read(simple, "call_9.json", r#"{"t":[{"words":"x"}]}"#)[0].starts_with(r#"{"id":"call_9""#));
        assert!(read(simple, "a.json", r#"{"t":[{"wor"#)[0].contains("breaks off"));
        let timed = "turns = 't'\n[turn]\ntext = 'w'\nspeaker = '=agent'\nstart = 's'";
        assert!(read(timed, "a.json", r#"{"t":[{"w":"x","s":"soon"}]}"#)[0].contains("turn 1: \"soon\" is not a time"));
    }
}
