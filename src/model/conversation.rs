//! The canonical conversation: the model every format is turned into, and the canonical JSON of it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::note::{Note, NoteKind, RolesFound};

/// Text borrowed from the input where possible, owned where it had to be unescaped or converted.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a>(pub Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(s: &'a str) -> Self {
        Text(Cow::Borrowed(s))
    }
}

impl From<String> for Text<'_> {
    fn from(s: String) -> Self {
        Text(Cow::Owned(s))
    }
}

impl Text<'_> {
    /// The same text, no longer tied to the input.
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(v)))
            }
            fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(v.to_owned())))
            }
            fn visit_string<E>(self, v: String) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(v)))
            }
            // Exports write ids as numbers as often as texts.
            fn visit_u64<E>(self, v: u64) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(v.to_string())))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(v.to_string())))
            }
        }
        d.deserialize_any(V)
    }
}

/// By which way the customer and the agent talked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A telephone call.
    #[serde(alias = "voice", alias = "phone", alias = "VOICE", alias = "CALL", alias = "Call")]
    Call,
    /// A text chat or messenger.
    #[default]
    #[serde(alias = "CHAT", alias = "Chat", alias = "messenger", alias = "sms")]
    Chat,
    /// A thread of emails.
    #[serde(alias = "EMAIL", alias = "Email", alias = "mail", alias = "e-mail")]
    Email,
}

impl Channel {
    /// `call`, `chat` or `email`.
    pub fn name(self) -> &'static str {
        match self {
            Channel::Call => "call",
            Channel::Chat => "chat",
            Channel::Email => "email",
        }
    }
}

/// The three languages Sabyr scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[serde(rename = "en")]
    English,
    /// Russian.
    #[serde(rename = "ru")]
    Russian,
    /// Kazakh, in any of its scripts.
    #[serde(rename = "kk")]
    Kazakh,
}

impl Language {
    /// All, in the order used for indices.
    pub const ALL: [Language; 3] = [Language::English, Language::Russian, Language::Kazakh];

    /// ISO 639-1 code: `en`, `ru`, `kk`.
    pub fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Russian => "ru",
            Language::Kazakh => "kk",
        }
    }

    /// The language of a tag such as `ru`, `ru-RU`, `kaz` or `Kazakh`; `None` when it is not one of the three.
    pub fn from_tag(tag: &str) -> Option<Language> {
        let head = tag.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        match head.as_str() {
            "en" | "eng" | "english" => Some(Language::English),
            "ru" | "rus" | "russian" => Some(Language::Russian),
            "kk" | "kaz" | "kazakh" => Some(Language::Kazakh),
            _ => None,
        }
    }
}

/// Who says a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// A human of the company: the one who is scored.
    Agent,
    /// The one who is served.
    Customer,
    /// An automatic writer.
    Bot,
    /// A voice menu or hold message.
    Ivr,
    /// The recording or ticketing system.
    System,
    /// Not known, and not guessed.
    #[default]
    Unknown,
}

impl Speaker {
    /// Every one, in the order of the type.
    pub const ALL: [Speaker; 6] =
        [Speaker::Agent, Speaker::Customer, Speaker::Bot, Speaker::Ivr, Speaker::System, Speaker::Unknown];

    /// As in files: `agent`, `customer`, `bot`, `ivr`, `system`, `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Speaker::Agent => "agent",
            Speaker::Customer => "customer",
            Speaker::Bot => "bot",
            Speaker::Ivr => "ivr",
            Speaker::System => "system",
            Speaker::Unknown => "unknown",
        }
    }
}

impl<'de> Deserialize<'de> for Speaker {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let s = Text::deserialize(d)?;
        Ok(match s.to_ascii_lowercase().as_str() {
            "agent" => Speaker::Agent,
            "customer" => Speaker::Customer,
            "bot" => Speaker::Bot,
            "ivr" => Speaker::Ivr,
            "system" => Speaker::System,
            _ => Speaker::Unknown,
        })
    }
}

/// What a turn is made of; only speech is scored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The speaker's own words.
    #[default]
    Speech,
    /// An internal note.
    Note,
    /// Words of somebody else, quoted.
    Quote,
    /// The contact block under a letter (the sign-off itself is speech).
    Signature,
    /// Written by a machine: an auto-reply, a disclaimer.
    Auto,
}

/// One stretch of talk by one speaker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Turn<'a> {
    /// Who speaks.
    #[serde(default)]
    pub speaker: Speaker,
    /// The speaker as the input names them (a channel, a diarisation label, a name), where that does not tell the role.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Text<'a>>,
    /// The agent's id where the turn itself carries one (a transfer has several agents).
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<Text<'a>>,
    /// The words, as the input has them.
    #[serde(borrow)]
    pub text: Text<'a>,
    /// Seconds from the start of the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<f64>,
    /// Seconds from the start of the conversation; not before `start`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<f64>,
    /// Speech unless said otherwise.
    #[serde(default, skip_serializing_if = "is_speech")]
    pub kind: Kind,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature serde asks for
fn is_speech(k: &Kind) -> bool {
    *k == Kind::Speech
}

/// How it ended, as the customer or the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Satisfaction as the export gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csat: Option<f64>,
    /// Whether the case was solved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<bool>,
}

/// A call, a chat or a thread of emails.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation<'a> {
    /// Unique within a run.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// Call, chat or email.
    #[serde(default)]
    pub channel: Channel,
    /// A language tag as given; only a hint.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Text<'a>>,
    /// Date and time, RFC 3339 where the input allows.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Text<'a>>,
    /// Queue or skill group.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Text<'a>>,
    /// Team of the agent.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Text<'a>>,
    /// The agent of all agent turns that carry no id of their own.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<Text<'a>>,
    /// Anything else that was said of it; only texts, numbers and booleans are kept.
    #[serde(borrow, default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels<'a>,
    /// Satisfaction and solution, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// In the order they were said.
    #[serde(borrow)]
    pub turns: Vec<Turn<'a>>,
    /// What was mended, concluded, left out or could not be read.
    #[serde(default, deserialize_with = "super::note::read", skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// How it is known who is the agent.
    #[serde(skip)]
    pub roles: RolesFound,
    /// Name of the format it was read as; empty where it was not read from a file.
    #[serde(skip)]
    pub format: &'static str,
}

/// Labels of a conversation: name → value.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Labels<'a>(pub BTreeMap<Text<'a>, Text<'a>>);

impl Labels<'_> {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Labels<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        /// A value that is kept when it is simple and passed over when it is not.
        enum Simple<'a> {
            Kept(Text<'a>),
            PassedOver,
        }
        impl<'de: 'a, 'a> Deserialize<'de> for Simple<'a> {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                struct V;
                impl<'de> Visitor<'de> for V {
                    type Value = Simple<'de>;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("any value")
                    }
                    fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Self::Value, E> {
                        Ok(Simple::Kept(v.into()))
                    }
                    fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
                        Ok(Simple::Kept(v.to_owned().into()))
                    }
                    fn visit_u64<E>(self, v: u64) -> Result<Self::Value, E> {
                        Ok(Simple::Kept(v.to_string().into()))
                    }
                    fn visit_i64<E>(self, v: i64) -> Result<Self::Value, E> {
                        Ok(Simple::Kept(v.to_string().into()))
                    }
                    fn visit_f64<E>(self, v: f64) -> Result<Self::Value, E> {
                        Ok(Simple::Kept(v.to_string().into()))
                    }
                    fn visit_bool<E>(self, v: bool) -> Result<Self::Value, E> {
                        Ok(Simple::Kept(v.to_string().into()))
                    }
                    fn visit_unit<E>(self) -> Result<Self::Value, E> {
                        Ok(Simple::PassedOver)
                    }
                    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut a: A) -> Result<Self::Value, A::Error> {
                        while a.next_element::<IgnoredAny>()?.is_some() {}
                        Ok(Simple::PassedOver)
                    }
                    fn visit_map<A: MapAccess<'de>>(self, mut a: A) -> Result<Self::Value, A::Error> {
                        while a.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                        Ok(Simple::PassedOver)
                    }
                }
                d.deserialize_any(V)
            }
        }
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Labels<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of labels")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Labels::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut a: A) -> Result<Self::Value, A::Error> {
                let mut out = BTreeMap::new();
                while let Some((k, v)) = a.next_entry::<Text<'de>, Simple<'de>>()? {
                    if let Simple::Kept(v) = v {
                        out.insert(k, v);
                    }
                }
                Ok(Labels(out))
            }
        }
        d.deserialize_any(V)
    }
}

impl Conversation<'_> {
    /// The agent of a turn: its own id, or the conversation's.
    pub fn agent_of<'s>(&'s self, turn: &'s Turn<'_>) -> Option<&'s str> {
        turn.agent_id.as_deref().or(self.agent_id.as_deref())
    }

    /// Adds a note.
    pub fn note(&mut self, kind: NoteKind, text: impl Into<String>) {
        self.notes.push(Note { kind, text: text.into() });
    }

    /// The same conversation, no longer tied to the input.
    pub fn into_owned(self) -> Conversation<'static> {
        let own = |t: Option<Text<'_>>| t.map(Text::into_owned);
        Conversation {
            id: self.id.into_owned(),
            channel: self.channel,
            language: own(self.language),
            started_at: own(self.started_at),
            queue: own(self.queue),
            team: own(self.team),
            agent_id: own(self.agent_id),
            labels: Labels(self.labels.0.into_iter().map(|(k, v)| (k.into_owned(), v.into_owned())).collect()),
            outcome: self.outcome,
            turns: self
                .turns
                .into_iter()
                .map(|t| Turn {
                    speaker: t.speaker,
                    label: t.label.map(Text::into_owned),
                    agent_id: t.agent_id.map(Text::into_owned),
                    text: t.text.into_owned(),
                    start: t.start,
                    end: t.end,
                    kind: t.kind,
                })
                .collect(),
            notes: self.notes,
            roles: self.roles,
            format: self.format,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_canonical_json_is_read_without_copying_and_written_back() {
        let line = r#"{"id":7,"channel":"voice","agent_id":"a1","labels":{"n":3,"deep":{"x":[1]},"s":"t"},"extra":[1,{"a":2}],
            "turns":[{"speaker":"AGENT","text":"Hello","start":1.5},{"speaker":"who?","text":"a \"q\"","kind":"note"}]}"#;
        let c: Conversation<'_> = serde_json::from_str(line).unwrap();
        assert_eq!(&*c.id, "7");
        assert_eq!(c.channel, Channel::Call);
        assert!(matches!(c.turns[0].text.0, Cow::Borrowed("Hello")));
        assert_eq!(c.turns[1].speaker, Speaker::Unknown);
        assert_eq!(&*c.turns[1].text, "a \"q\"");
        assert_eq!(c.labels.0.len(), 2, "simple labels are kept, deep ones passed over");
        let again = serde_json::to_string(&c).unwrap();
        assert_eq!(serde_json::from_str::<Conversation<'_>>(&again).unwrap(), c);
    }

    #[test]
    fn notes_are_read_back_and_other_notes_passed_over() {
        let notes = |json: &str| serde_json::from_str::<Conversation<'_>>(json).unwrap().notes.len();
        assert_eq!(notes(r#"{"id":"1","turns":[],"notes":[{"kind":"date","text":"x"}]}"#), 1);
        assert_eq!(notes(r#"{"id":"1","turns":[],"notes":"call back"}"#), 0);
        assert_eq!(notes(r#"{"id":"1","turns":[],"notes":[{"by":"dana"}]}"#), 0);
    }

    #[test]
    fn language_tags_of_vendors_are_understood() {
        assert_eq!(Language::from_tag("ru-RU"), Some(Language::Russian));
        assert_eq!(Language::from_tag("KK"), Some(Language::Kazakh));
        assert_eq!(Language::from_tag("de"), None);
    }
}
