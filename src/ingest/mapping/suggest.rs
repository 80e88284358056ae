//! Proposes a mapping from what a sample file holds: names of fields that are known, and the form of the values.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::ControlFlow;

use serde_json::Value;

use crate::ingest::formats::{self, Known, known_field};
use crate::ingest::roles::speaker_from_label;
use crate::ingest::{Options, Record, Source};
use crate::model::{Reason, Speaker};

/// A proposed mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The mapping, with a comment where it is a guess.
    pub toml: String,
    /// What could not be found; empty when the mapping is whole.
    pub missing: Vec<String>,
}

/// Reads what [`suggest`] looks at: the first values of a JSON file, or the first rows of a table. The truth value says
/// whether it is a table.
///
/// # Errors
/// When the file cannot be read, or is neither.
pub fn look(source: &Source, options: &Options) -> Result<(Vec<Value>, bool), Reason> {
    let beginning = source.sample(options)?;
    if beginning.sample().text.trim_start().starts_with(['{', '[']) {
        let (mut values, mut fault) = (Vec::new(), None);
        let mut keep = |record| {
            if let Record::Bad(q) = record {
                fault.get_or_insert(q.reason);
            }
            ControlFlow::Continue(())
        };
        let _ = formats::json_values(source, options, &mut keep, &mut |text| {
            values.extend(serde_json::from_str::<Value>(text));
            if values.len() < LOOKED_AT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        return match fault {
            Some(reason) if values.is_empty() => Err(reason),
            _ => Ok((values, false)),
        };
    }
    let rows = formats::first_rows(source, options, LOOKED_AT)?;
    let rows = rows
        .into_iter()
        .map(|row| row.into_iter().map(|(k, v)| (k, Value::String(v))).collect::<serde_json::Map<_, _>>());
    Ok((rows.map(Value::Object).collect(), true))
}

/// Turns looked at.
const LOOKED_AT: usize = 2_000;
/// Lists further down than this are not looked for.
const DEPTH: usize = 8;

/// Proposes a mapping for records: the values of a JSON file in order (a document, lines, items of a list at the top), or
/// rows of a table as objects of texts. `None` when nothing in them looks like turns of talk.
pub fn suggest(records: &[Value], table: bool) -> Option<Suggestion> {
    if table {
        let rows: Vec<&Value> = records.iter().take(LOOKED_AT).collect();
        return Columns::of(&rows).map(|c| c.write("", "", None));
    }
    // The list in which something looks most like words that are said.
    let mut lists: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    records.iter().take(LOOKED_AT).for_each(|r| gather(r, "", 0, &mut lists));
    let nested = lists
        .iter()
        .filter_map(|(path, turns)| Some((path, turns, Columns::of(turns)?)))
        .max_by(|a, b| a.2.sure.total_cmp(&b.2.sure).then(b.0.len().cmp(&a.0.len())).then(b.0.cmp(a.0)));
    let rows: Vec<&Value> = records.iter().filter(|r| r.is_object()).take(LOOKED_AT).collect();
    let flat = (rows.len() > 1).then(|| Columns::of(&rows)).flatten();
    match (nested, flat) {
        (Some((_, _, n)), Some(f)) if f.sure > n.sure => Some(f.write("", "", None)),
        (Some((path, _, columns)), _) => {
            let (list, turns_path) = path.split_once("[].").unwrap_or(("", path));
            let firsts: Vec<&Value> = match list {
                "" => records.iter().collect(),
                list => records.iter().filter_map(|r| at(r, list)?.as_array()).flatten().collect(),
            };
            Some(columns.write(list, turns_path, Some(&firsts)))
        }
        (None, Some(f)) => Some(f.write("", "", None)),
        (None, None) => None,
    }
}

fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |v, name| v.get(name))
}

/// Lists of objects by path; at most one list of records above the list of turns (`calls[].talk`).
fn gather<'v>(value: &'v Value, path: &str, depth: usize, lists: &mut BTreeMap<String, Vec<&'v Value>>) {
    let Value::Object(members) = value else { return };
    if depth > DEPTH {
        return;
    }
    for (name, member) in members {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match member {
            Value::Array(items) => {
                let list = lists.entry(path.clone()).or_default();
                list.extend(items.iter().filter(|i| i.is_object()).take(LOOKED_AT.saturating_sub(list.len())));
                if !path.contains("[]") {
                    items.iter().take(50).for_each(|i| gather(i, &format!("{path}[]"), depth + 1, lists));
                }
            }
            Value::Object(_) => gather(member, &path, depth + 1, lists),
            _ => {}
        }
    }
}

/// The simple members of an object and of the objects in it, as paths.
fn leaves(value: &Value, path: &str, depth: usize, out: &mut Vec<(String, String)>) {
    let Value::Object(members) = value else { return };
    for (name, member) in members {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match member {
            Value::String(s) => out.push((path, s.clone())),
            Value::Number(n) => out.push((path, n.to_string())),
            Value::Bool(b) => out.push((path, b.to_string())),
            Value::Object(_) if depth < 3 => leaves(member, &path, depth + 1, out),
            _ => {}
        }
    }
}

/// What is known of one field over all turns.
#[derive(Default)]
struct Seen {
    values: Vec<String>,
}

impl Seen {
    fn distinct(&self) -> BTreeSet<&str> {
        self.values.iter().map(String::as_str).collect()
    }

    /// How much it looks like words that are said: words a value, and how many values have several.
    fn talk(&self) -> f64 {
        let words: Vec<usize> = self.values.iter().map(|v| v.split_whitespace().count()).collect();
        let several = words.iter().filter(|w| **w > 1).count() as f64 / words.len().max(1) as f64;
        let mean = words.iter().sum::<usize>() as f64 / words.len().max(1) as f64;
        let varied = self.distinct().len() as f64 / words.len().max(1) as f64;
        several * varied * mean.min(20.0) / 20.0
    }

    fn numbers(&self) -> Option<Vec<f64>> {
        self.values.iter().map(|v| v.trim().replace(',', ".").parse().ok()).collect()
    }
}

/// Which field of a turn holds what.
struct Columns {
    fields: BTreeMap<String, Seen>,
    text: String,
    speaker: Option<String>,
    /// How much it looks like turns, 0 to about 3.
    sure: f64,
    turns: usize,
}

impl Columns {
    fn of(turns: &[&Value]) -> Option<Columns> {
        let mut fields: BTreeMap<String, Seen> = BTreeMap::new();
        for turn in turns {
            let mut found = Vec::new();
            leaves(turn, "", 0, &mut found);
            for (path, value) in found {
                fields.entry(path).or_default().values.push(value);
            }
        }
        let named = |path: &str, wanted: Known| last(path).is_some_and(|n| known_field(n) == Some(wanted));
        let talk = |path: &str, seen: &Seen| seen.talk() + if named(path, Known::Text) { 0.5 } else { 0.0 };
        let (text, seen) = fields
            .iter()
            .filter(|(_, seen)| seen.talk() > 0.0 && seen.values.len() * 2 >= turns.len())
            .max_by(|a, b| talk(a.0, a.1).total_cmp(&talk(b.0, b.1)).then(b.0.cmp(a.0)))?;
        let (text, mut sure) = (text.clone(), talk(text, seen));
        let roles =
            |seen: &Seen| seen.distinct().iter().filter(|v| speaker_from_label(v).speaker != Speaker::Unknown).count();
        let party = |path: &str, seen: &Seen| -> f64 {
            let distinct = seen.distinct().len();
            let few = (2..=6).contains(&distinct) && distinct * 2 <= seen.values.len().max(4);
            let known =
                if named(path, Known::Speaker) { 1.0 } else { 0.0 } + roles(seen) as f64 / distinct.max(1) as f64;
            let hinted = ["channel", "speaker", "party", "side", "direction", "канал", "кто"];
            let hint = if hinted.iter().any(|h| path.to_lowercase().contains(h)) { 0.4 } else { 0.0 };
            if known + hint > 0.0 && (few || known >= 1.0) { known + hint } else { 0.0 }
        };
        let speaker = fields
            .iter()
            .filter(|(path, seen)| **path != text && party(path, seen) > 0.0)
            .max_by(|a, b| party(a.0, a.1).total_cmp(&party(b.0, b.1)).then(b.0.cmp(a.0)))
            .map(|(path, seen)| (path.clone(), party(path, seen)));
        sure += speaker.as_ref().map_or(0.0, |(_, p)| p.min(1.5));
        Some(Columns { fields, text, speaker: speaker.map(|(path, _)| path), sure, turns: turns.len() })
    }

    /// The field whose name is known as this, the surest name first; `^` before it where it is the record's.
    fn named(&self, wanted: Known) -> Option<&str> {
        let paths = self.fields.keys().filter(|p| **p != self.text && Some(*p) != self.speaker.as_ref());
        named(paths, wanted)
    }

    fn write(&self, records: &str, turns: &str, firsts: Option<&[&Value]>) -> Suggestion {
        let (mut toml, mut missing) = (String::new(), Vec::new());
        let mut line = |text: String| toml.push_str(&(text + "\n"));
        line("# Proposed from a sample; read it through, then: sabyr inspect FILE --map THIS.toml".to_owned());
        if !records.is_empty() {
            line(format!("records = {}", quoted(records)));
        }
        if !turns.is_empty() {
            line(format!("turns = {}", quoted(turns)));
        }
        let (start, end) = (self.named(Known::Start).or_else(|| self.named(Known::Timestamp)), self.named(Known::End));
        let duration =
            if end.is_none() { self.fields.keys().find(|p| is_duration(p)).map(String::as_str) } else { None };
        let unit = start.and_then(|s| self.unit(s));
        if let Some((unit, why)) = unit {
            line(format!("time_unit = {}   # {why}", quoted(unit)));
        }
        line("\n[conversation]".to_owned());
        // In a table, or where rows are turns, the conversation is described in the turn's own fields.
        let of_record: Vec<String> = match firsts {
            None => self.fields.keys().cloned().collect(),
            Some(firsts) => {
                let mut found = Vec::new();
                firsts.iter().take(20).for_each(|r| leaves(r, "", 0, &mut found));
                let paths: BTreeSet<String> = found.into_iter().map(|(path, _)| path).collect();
                paths.into_iter().collect()
            }
        };
        let own = |p: &&String| **p != self.text && Some(*p) != self.speaker.as_ref();
        match named(of_record.iter().filter(own), Known::Id) {
            Some(id) => line(format!("id = {}", quoted(id))),
            None if firsts.is_some() => {
                line("id = \"$file\"   # no field looks like an id: the file's name".to_owned())
            }
            None => {
                missing.push("which field names the conversation (id)".to_owned());
                line("# id = \"?\"   # which field names the conversation?".to_owned());
            }
        }
        for (key, known) in [
            ("channel", Known::Channel),
            ("language", Known::Language),
            ("started_at", Known::StartedAt),
            ("queue", Known::Queue),
            ("team", Known::Team),
            ("agent_id", Known::Agent),
            ("csat", Known::Csat),
            ("resolved", Known::Resolved),
        ] {
            // A start, a moment or a day of the record is when it began.
            let began = [Known::Start, Known::Timestamp, Known::Date];
            let found = named(of_record.iter().filter(own), known).or_else(|| {
                let of_start = firsts.is_some() && known == Known::StartedAt;
                began.iter().filter(|_| of_start).find_map(|k| named(of_record.iter().filter(own), *k))
            });
            match found {
                Some(path) => line(format!("{key} = {}", quoted(path))),
                None if key == "channel" && start.is_some() && unit.is_some() => {
                    line("channel = \"=call\"   # times from the start of a recording".to_owned());
                }
                None => {}
            }
        }
        line("\n[turn]".to_owned());
        line(format!("text = {}", quoted(&self.text)));
        match &self.speaker {
            Some(path) => line(format!("speaker = {}", quoted(path))),
            None => {
                missing.push("which field says who speaks (speaker)".to_owned());
                line("# speaker = \"?\"   # which field says who speaks?".to_owned());
            }
        }
        for (key, path) in [("start", start), ("end", end), ("duration", duration)] {
            if let Some(path) = path {
                line(format!("{key} = {}", quoted(path)));
            }
        }
        if let Some(path) = self.named(Known::Agent).filter(|_| firsts.is_some()) {
            line(format!("agent_id = {}", quoted(path)));
        }
        self.roles(&mut toml, &mut missing);
        self.notes(&mut toml);
        Suggestion { toml, missing }
    }

    fn roles(&self, toml: &mut String, missing: &mut Vec<String>) {
        let Some(seen) = self.speaker.as_ref().and_then(|s| self.fields.get(s)) else { return };
        let (mut told, mut open) = (BTreeMap::<&str, Vec<&str>>::new(), Vec::new());
        for value in seen.distinct().into_iter().take(12) {
            match speaker_from_label(value).speaker {
                Speaker::Unknown => match side(value) {
                    Some(role) => told.entry(role).or_default().push(value),
                    None => open.push(value),
                },
                role => told.entry(role.name()).or_default().push(value),
            }
        }
        toml.push_str("\n[roles]\n");
        for (role, values) in &told {
            let _ = writeln!(toml, "{role} = {}", list(values));
        }
        if !open.is_empty() {
            let values = list(&open);
            let _ = writeln!(
                toml,
                "# who is {values}? write: agent = [...] and customer = [...]; else it is worked out from what is said"
            );
            if !told.contains_key("agent") {
                missing.push(format!("which of {values} is the agent"));
            }
        }
    }

    /// Truth values that mark internal notes.
    fn notes(&self, toml: &mut String) {
        for path in self.fields.keys() {
            let name = last(path).unwrap_or_default().to_lowercase();
            let condition = match name.as_str() {
                "private" | "internal" | "is_private" | "is_internal" | "isprivate" | "isinternal" => "true",
                "public" | "is_public" | "ispublic" => "false",
                _ => continue,
            };
            let _ = writeln!(
                toml,
                "\n[[note]]   # internal notes are kept but not scored\nwhere = {}\nis = [\"{condition}\"]",
                quoted(path)
            );
        }
    }

    /// The unit of times, by the name of their field or by their size.
    fn unit(&self, path: &str) -> Option<(&'static str, &'static str)> {
        let name = last(path)?.to_lowercase();
        let numbers = self.fields.get(path)?.numbers()?;
        let most = numbers.iter().copied().fold(0.0, f64::max);
        let whole = numbers.iter().all(|n| n.fract() == 0.0);
        let pace = most / self.turns.max(1) as f64;
        Some(match () {
            () if name.ends_with("usec") || name.ends_with("micros") || name.ends_with("_us") => ("us", "by its name"),
            () if name.contains("tick") => ("ticks", "by its name"),
            () if name.contains("ms") || name.contains("milli") || name.contains("мс") => ("ms", "by its name"),
            () if name.contains("sec") || name.contains("сек") => ("s", "by its name"),
            // Whole numbers that grow by hundreds a turn are no seconds.
            () if whole && pace > 300.0 && most < 1e11 => ("ms", "a guess by the size of the numbers"),
            () => ("auto", "seconds, by the size of the numbers"),
        })
    }
}

fn last(path: &str) -> Option<&str> {
    path.rsplit('.').next()
}

fn is_duration(path: &str) -> bool {
    let name = last(path).unwrap_or_default().to_lowercase();
    ["duration", "length", "dur", "длительность", "ұзақтығы"].iter().any(|d| name.contains(d))
}

/// The path whose name is known as this: names that stand at the top first, then by name.
fn named<'p>(paths: impl Iterator<Item = &'p String>, wanted: Known) -> Option<&'p str> {
    paths
        .filter(|p| {
            let parent = p.rsplit('.').nth(1);
            // `agent.name`, `operator.login`: the parent says what, the name says that it is an id.
            let inner = matches!(last(p), Some("id" | "name" | "login" | "email" | "username"));
            match parent.filter(|_| inner) {
                Some(parent) => known_field(parent) == Some(wanted),
                None => last(p).is_some_and(|n| known_field(n) == Some(wanted)),
            }
        })
        .min_by_key(|p| (p.matches('.').count(), p.len(), (*p).clone()))
        .map(String::as_str)
}

/// Words that vendors have for the two sides.
fn side(value: &str) -> Option<&'static str> {
    match value.to_lowercase().as_str() {
        "internal" | "outbound" | "outgoing" | "admin" | "user_agent" | "исходящее" | "кіріс емес" => {
            Some("agent")
        }
        "external" | "inbound" | "incoming" | "end-user" | "requester" | "lead" | "входящее" => {
            Some("customer")
        }
        _ => None,
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(values: &[&str]) -> String {
    format!("[{}]", values.iter().map(|v| quoted(v)).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::mapping::Mapping;

    #[test]
    fn a_deep_export_is_seen_through() {
        let text = r#"{"export":{"calls":[{"callId":"c1","startTime":"2026-01-05T10:00:00Z","operator":{"login":"aida"},"score":[{"name":"a"}],
            "transcript":[{"party":"INTERNAL","phrase":"good morning how can I help","startMs":0,"durationMs":1500},
            {"party":"EXTERNAL","phrase":"my card does not work at all","startMs":2000,"durationMs":1000},
            {"party":"INTERNAL","phrase":"let me have a look at it","startMs":4000,"durationMs":900,"private":false}]}]}}"#;
        let s = suggest(&[serde_json::from_str(text).unwrap()], false).unwrap();
        assert_eq!(s.missing, [""; 0], "{}", s.toml);
        let m = Mapping::parse("suggested", &s.toml).unwrap();
        assert_eq!((&*m.records, &*m.turns, m.time_unit.per_second()), ("export.calls", "transcript", Some(1e3)));
        assert_eq!((m.role("internal"), m.role("EXTERNAL")), (Some(Speaker::Agent), Some(Speaker::Customer)));
        for line in [
            "id = \"callId\"",
            "started_at = \"startTime\"",
            "agent_id = \"operator.login\"",
            "text = \"phrase\"",
            "duration = \"durationMs\"",
        ] {
            assert!(s.toml.contains(line), "{line} is not in\n{}", s.toml);
        }
        assert_eq!((m.note.len(), m.skip.len()), (1, 0));
    }

    #[test]
    fn rows_with_unknown_names_are_told_by_their_values_and_gaps_are_said() {
        let rows: Vec<Value> = [
            ("1", "Алло, добрый день"),
            ("2", "У меня не работает интернет"),
            ("1", "Сейчас посмотрю"),
            ("2", "Спасибо вам большое"),
        ]
        .iter()
        .map(|(c, t)| serde_json::json!({"Номер записи": "77", "Канал связи": c, "Фраза": t}))
        .collect();
        let s = suggest(&rows, true).unwrap();
        assert!(s.toml.contains("text = \"Фраза\"") && s.toml.contains("speaker = \"Канал связи\""), "{}", s.toml);
        assert_eq!(s.missing.len(), 2, "{:?}", s.missing);
        assert!(s.missing[1].contains("[\"1\", \"2\"]"));
        assert_eq!(suggest(&[serde_json::json!({"a": 1, "b": [{"c": 2}]})], false), None);
    }
}
