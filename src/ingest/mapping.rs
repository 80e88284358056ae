//! A mapping: how the fields of an export that Sabyr does not know become a conversation. The user writes it as TOML.
//!
//! ```toml
//! files = ["*.json"]            # to which files it applies; all when absent
//! records = "data.calls"        # JSON: the list of conversations; absent: the document or line is one
//! turns = "transcript.items"    # JSON: the list of turns in a record; absent: a record (or row) is one turn
//! time_unit = "ms"              # auto, s, ms, us or ticks (100 ns)
//!
//! [conversation]
//! id = "callId"                 # a path (JSON) or a column (CSV)
//! channel = "=call"             # `=` before it: the text itself
//! started_at = "meta.start"
//! agent_id = ["meta.agent.login", "meta.agent.name"]   # the first that is there
//!
//! [turn]
//! text = "text"
//! speaker = "party"
//! start = "from"
//! duration = "length"           # or end = "to"
//! agent_id = "^meta.agent.login" # `^` before it: from the record, not the turn
//!
//! [roles]                       # values of `speaker`; others are read as labels ("Operator", "Клиент")
//! agent = ["internal", "1"]
//! customer = ["external", "2"]
//!
//! [labels]
//! disposition = "meta.code"
//!
//! [[skip]]                      # turns (or, with `^`, records) that are left out
//! where = "type"
//! is = ["event"]
//!
//! [[note]]                      # turns that are internal notes: kept, not scored
//! where = "private"
//! is = ["true"]
//! ```

use std::collections::BTreeMap;

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::Deserialize;

use super::roles::fold;
use crate::model::Speaker;

mod suggest;
pub use suggest::{Suggestion, look, suggest};

/// A mapping that cannot be used, with the place of the mistake.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {detail}")]
pub struct MappingError {
    /// As the user named it.
    pub file: String,
    /// What is wrong, with line and column.
    pub detail: String,
}

/// A mistake in TOML on one line, with its place.
fn placed(text: &str, e: &toml::de::Error) -> String {
    let said = e.message().replace('\n', " ");
    match e.span().and_then(|s| text.get(..s.start)) {
        None => said,
        Some(before) => {
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            format!("line {line}, column {column}: {said}")
        }
    }
}

/// One source of a value, or several of which the first that is there counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(pub Vec<Path>);

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path {
    /// `=text`: the text itself.
    Constant(String),
    /// `^a.b`: in the record, seen from a turn.
    Record(String),
    /// `a.b[0].c`: in the turn, or in the record where there is no turn; a column of a table.
    Own(String),
    /// `$file`: the name of the file without its extension.
    File,
}

impl Path {
    fn parse(text: &str) -> Result<Path, String> {
        match text {
            "$file" => Ok(Path::File),
            "" | "=" | "^" => Err("a path is empty; write a name, =text or ^name".to_owned()),
            _ if text.starts_with('$') => Err(format!("{text:?} is not known; there is $file")),
            _ => Ok(match (text.strip_prefix('='), text.strip_prefix('^')) {
                (Some(constant), _) => Path::Constant(constant.to_owned()),
                (_, Some(path)) => Path::Record(path.to_owned()),
                _ => Path::Own(text.to_owned()),
            }),
        }
    }
}

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a path, or a list of paths")]
        enum Written {
            One(String),
            Several(Vec<String>),
        }
        let paths = match Written::deserialize(d)? {
            Written::One(path) => vec![path],
            Written::Several(paths) => paths,
        };
        let parsed: Result<Vec<Path>, String> = paths.iter().map(|p| Path::parse(p)).collect();
        Ok(Sources(parsed.map_err(serde::de::Error::custom)?))
    }
}

/// In which unit times are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeUnit {
    /// Seconds, `mm:ss`, dates and times, told by their form.
    #[default]
    Auto,
    /// Seconds.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Hundreds of nanoseconds.
    Ticks,
}

impl TimeUnit {
    /// How many of it make a second; `None` for [`TimeUnit::Auto`].
    pub fn per_second(self) -> Option<f64> {
        match self {
            TimeUnit::Auto => None,
            TimeUnit::S => Some(1.0),
            TimeUnit::Ms => Some(1e3),
            TimeUnit::Us => Some(1e6),
            TimeUnit::Ticks => Some(1e7),
        }
    }
}

/// A condition on a turn.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The value looked at.
    #[serde(rename = "where")]
    pub place: Sources,
    /// Holds when the value is one of these, whatever its case.
    #[serde(default)]
    pub is: Vec<String>,
    /// Holds when the value is none of these.
    #[serde(default)]
    pub is_not: Vec<String>,
}

impl Condition {
    /// Whether it holds of a value (empty where there is none).
    pub fn holds(&self, value: &str) -> bool {
        let among = |list: &[String]| list.iter().any(|v| fold(v) == fold(value));
        if self.is.is_empty() { !among(&self.is_not) } else { among(&self.is) && !among(&self.is_not) }
    }
}

/// What is said of a conversation.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // as in the canonical conversation
pub struct ConversationPaths {
    pub id: Sources,
    pub channel: Sources,
    pub language: Sources,
    pub started_at: Sources,
    pub queue: Sources,
    pub team: Sources,
    pub agent_id: Sources,
    pub csat: Sources,
    pub resolved: Sources,
}

/// What is said of a turn.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // as in the canonical turn
pub struct TurnPaths {
    pub text: Sources,
    pub speaker: Sources,
    pub agent_id: Sources,
    pub start: Sources,
    pub end: Sources,
    pub duration: Sources,
}

/// A mapping.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Patterns of file names it applies to; empty: all.
    #[serde(default)]
    files: Vec<String>,
    /// JSON: path of the list of conversations; empty: each document, line or item of the list at the top is one.
    #[serde(default)]
    pub records: String,
    /// JSON: path of the list of turns within a record; empty: a record is a turn.
    #[serde(default)]
    pub turns: String,
    /// Of all times of turns.
    #[serde(default)]
    pub time_unit: TimeUnit,
    /// Of the conversation.
    #[serde(default)]
    pub conversation: ConversationPaths,
    /// Of a turn; `text` and `speaker` are needed.
    pub turn: TurnPaths,
    /// Role → values of `speaker`.
    #[serde(default)]
    roles: BTreeMap<Speaker, Vec<String>>,
    /// Label → where it stands.
    #[serde(default)]
    pub labels: BTreeMap<String, Sources>,
    /// Turns that are left out.
    #[serde(default)]
    pub skip: Vec<Condition>,
    /// Turns that are internal notes.
    #[serde(default)]
    pub note: Vec<Condition>,
    #[serde(skip)]
    matcher: Option<GlobSet>,
}

impl Mapping {
    /// Reads a mapping; `file` names it in errors.
    ///
    /// # Errors
    /// [`MappingError`] with line and column for TOML that is wrong, names that are not known, and what is missing.
    pub fn parse(file: &str, text: &str) -> Result<Mapping, MappingError> {
        let wrong = |detail: String| MappingError { file: file.to_owned(), detail };
        let mut mapping: Mapping = toml::from_str(text).map_err(|e| wrong(placed(text, &e)))?;
        if mapping.turn.text.0.is_empty() {
            return Err(wrong("[turn] needs `text`: where the words of a turn stand".to_owned()));
        }
        if mapping.turn.speaker.0.is_empty() {
            return Err(wrong(
                "[turn] needs `speaker`: where it stands who speaks (or a constant, `=agent`)".to_owned(),
            ));
        }
        if mapping.turns.is_empty() && mapping.conversation.id.0.is_empty() {
            return Err(wrong(
                "without `turns` a row is a turn, and [conversation] needs `id` to put them together".to_owned(),
            ));
        }
        if let Some(unknown) = mapping.roles.keys().find(|s| **s == Speaker::Unknown) {
            return Err(wrong(format!(
                "[roles]: {} is no role; there are agent, customer, bot, ivr, system",
                unknown.name()
            )));
        }
        for values in mapping.roles.values_mut() {
            values.iter_mut().for_each(|v| *v = fold(v));
        }
        if let Some(c) = mapping.skip.iter().chain(&mapping.note).find(|c| c.is.is_empty() && c.is_not.is_empty()) {
            return Err(wrong(format!("a condition on {:?} needs `is` or `is_not`", c.place.0)));
        }
        if !mapping.files.is_empty() {
            let mut set = GlobSetBuilder::new();
            for pattern in &mapping.files {
                set.add(Glob::new(pattern).map_err(|e| wrong(format!("files: {e}")))?);
            }
            mapping.matcher = Some(set.build().map_err(|e| wrong(format!("files: {e}")))?);
        }
        Ok(mapping)
    }

    /// Whether it applies to a file of this name.
    pub fn applies_to(&self, name: &str) -> bool {
        self.matcher.as_ref().is_none_or(|m| m.is_match(name))
    }

    /// The role that a value of `speaker` is mapped to.
    pub fn role(&self, speaker: &str) -> Option<Speaker> {
        let speaker = fold(speaker);
        self.roles.iter().find(|(_, values)| values.contains(&speaker)).map(|(role, _)| *role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_with_their_place() {
        let wrong = |text: &str| Mapping::parse("m.toml", text).unwrap_err().to_string();
        assert!(wrong("[turn]\ntext = 'a'").contains("needs `speaker`"));
        assert!(wrong("[turn]\nspeaker = 'a'\ntext=''").contains("empty"));
        assert!(wrong("turns = 'x'\n[turn]\ntext = 'a'\nspeaker = 'b'\nwho = 'c'").contains("unknown field `who`"));
        assert!(wrong("turns = 'x'\n[turn]\ntext = 'a'\nspeaker = 'b'\nwho = 'c'").contains("line 5"));
        assert!(wrong("[turn]\ntext = 'a'\nspeaker = 'b'").contains("[conversation] needs `id`"));
        assert!(wrong("turns='t'\n[turn]\ntext='a'\nspeaker='b'\n[roles]\nboss=['x']").contains("no role"));
        assert!(wrong("turns='t'\n[turn]\ntext='a'\nspeaker='b'\n[[skip]]\nwhere='x'").contains("`is`"));
        assert!(wrong("turns='t'\nfiles=['a[']\n[turn]\ntext='a'\nspeaker='b'").contains("files"));
    }

    #[test]
    fn paths_roles_and_conditions_are_understood() {
        let m = Mapping::parse(
            "m",
            "turns = 't'\nfiles = ['*.json']\n[turn]\ntext = ['a', '^b', '=c', '$file']\nspeaker = 's'\n\
             [roles]\nagent = ['ОПЕРАТОР', '1']\n[[skip]]\nwhere = 'k'\nis = ['Event']\n[[note]]\nwhere = 'p'\nis_not = ['public']",
        )
        .unwrap();
        assert_eq!(
            m.turn.text.0,
            [Path::Own("a".into()), Path::Record("b".into()), Path::Constant("c".into()), Path::File]
        );
        assert_eq!((m.role("оператор"), m.role("1"), m.role("2")), (Some(Speaker::Agent), Some(Speaker::Agent), None));
        assert!(m.applies_to("x.json") && !m.applies_to("x.csv"));
        assert!(m.skip[0].holds("event") && !m.skip[0].holds(""));
        assert!(m.note[0].holds("") && !m.note[0].holds("Public"));
    }
}
