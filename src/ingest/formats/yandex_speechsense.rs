//! Yandex SpeechSense: transcriptions of calls, and chats, with the `metadata.json` of their upload beside them.
//!
//! ```json
//! {"phrases": [{"channel_number": 0, "start_time_ms": 400, "end_time_ms": 1900,
//!               "phrase": {"text": "добрый вечер", "normalized_text": "Добрый вечер.", "language": "ru-RU"}}]}
//! ```
//! ```json
//! {"messages": [{"user_id": "op-7", "text": "Добрый вечер!", "timestamp": "2025-03-31T18:05:00+05:00"}]}
//! ```
//! ```json
//! {"operator_id": "op-7", "operator_name": "Айдана", "client_id": "c-1", "date": "2025-03-31T18:05:00Z", "language": "ru"}
//! ```
//! The metadata are taken from the file itself (also the `talkFields` of a talk), else from `metadata.json`, `<name>.metadata.json`
//! or `<name>_metadata.json` beside it. Of a **call**, the normalised text is read where there is one; channels become the
//! labels `channel 0`, `channel 1`: which of them is the operator's, SpeechSense keeps in the settings of the connection and
//! not in the file. The agent's id is `operator_id`, else `operator_name`. Of a **chat**, a message of `operator_id` is the
//! agent's, of `client_id` the customer's, of `bot_id` the bot's; anybody else keeps their id as a label. Times count from the
//! first message.
//!
//! The conversation is named by the talk's `id`, else like the file, and where that is only `chat`, `talk`, `transcription` or
//! the like, as its folder. `ticket_id` and the direction become labels. Classifiers, statistics and summaries are left out.

use std::io::Read;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::json::{self, Item, Number, Word, or_default};
use super::segments::{self, Segment};
use super::times::{self, When};
use crate::ingest::{Format, Options, Record, Sample, Sink, Source};
use crate::model::{Channel, Conversation, NoteKind, Reason, Speaker, Turn};

/// Transcriptions and chats of Yandex SpeechSense.
pub struct SpeechSense;

impl Format for SpeechSense {
    fn name(&self) -> &'static str {
        "yandex-speechsense"
    }

    fn about(&self) -> &'static str {
        "calls and chats of Yandex SpeechSense, with the metadata.json beside them"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        let call = ["phrases[].channel_number", "phrases[].channelNumber"].iter().any(|k| {
            keys.has(k) || keys.has(&format!("transcription.{k}")) || keys.has(&format!("talk.transcription.{k}"))
        });
        if call {
            96
        } else if keys.all(&["messages[].user_id", "messages[].text", "messages[].timestamp"]) {
            93
        } else {
            0
        }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        for source in sources {
            let beside = beside(source, options);
            let mut count = 0;
            json::read(source, options, &["talk", "talks"], sink, &mut |item, sink| {
                count += 1;
                let name = name(source);
                let name = if count == 1 { name } else { format!("{name}-{count}") };
                match talk(item, name.clone(), &beside) {
                    Ok(c) => sink(Record::Conversation { place: item.place.clone(), conversation: Box::new(c) }),
                    Err(reason) => item.bad(item.word("id").or(Some(name)), reason, sink),
                }
            })?;
        }
        ControlFlow::Continue(())
    }
}

/// What the upload says of a talk.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    operator_id: Word,
    operator_name: Word,
    client_id: Word,
    bot_id: Word,
    date: Word,
    language: Word,
    direction_outgoing: Word,
    ticket_id: Word,
}

impl Metadata {
    fn fields(&mut self) -> [(&'static str, &mut Word); 8] {
        [
            ("operator_id", &mut self.operator_id),
            ("operator_name", &mut self.operator_name),
            ("client_id", &mut self.client_id),
            ("bot_id", &mut self.bot_id),
            ("date", &mut self.date),
            ("language", &mut self.language),
            ("direction_outgoing", &mut self.direction_outgoing),
            ("ticket_id", &mut self.ticket_id),
        ]
    }

    fn or(mut self, mut other: Metadata) -> Metadata {
        for ((_, own), (_, other)) in self.fields().into_iter().zip(other.fields()) {
            if own.get().is_none() {
                *own = std::mem::take(other);
            }
        }
        self
    }
}

/// The keys that the metadata of an upload are told by.
pub(super) fn is_metadata(sample: &Sample<'_>) -> bool {
    let keys = sample.json();
    let known = [
        "operator_name",
        "operator_id",
        "client_name",
        "client_id",
        "bot_name",
        "bot_id",
        "date",
        "direction_outgoing",
    ];
    let own = |k: &str| keys.iter().any(|path| path == k);
    let talk = ["messages", "phrases", "transcription", "turns", "segments", "text"];
    (own("operator_id") || own("operator_name"))
        && known.iter().filter(|k| own(k)).count() >= 3
        && !talk.iter().any(|k| own(k))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Talk {
    id: Word,
    phrases: Option<Vec<Phrase>>,
    #[serde(deserialize_with = "or_default")]
    transcription: Transcription,
    messages: Option<Vec<Message>>,
    #[serde(alias = "talkFields", deserialize_with = "or_default")]
    talk_fields: Vec<TalkField>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Transcription {
    phrases: Option<Vec<Phrase>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TalkField {
    name: Word,
    value: Word,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "a phrase")]
struct Phrase {
    #[serde(alias = "channelNumber")]
    channel_number: Word,
    #[serde(alias = "startTimeMs")]
    start_time_ms: Number,
    #[serde(alias = "endTimeMs")]
    end_time_ms: Number,
    #[serde(deserialize_with = "or_default")]
    phrase: PhraseText,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object with the text of the phrase")]
struct PhraseText {
    text: Word,
    #[serde(alias = "normalizedText")]
    normalized_text: Word,
    language: Word,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "a message")]
struct Message {
    user_id: Word,
    text: Word,
    timestamp: Word,
}

/// The file's name, or that of its folder where every upload calls the file the same.
fn name(source: &Source) -> String {
    const SAME: [&str; 8] = ["chat", "talk", "call", "transcription", "transcript", "phrases", "messages", "result"];
    let stem = source.stem();
    let folder = source.file.parent().and_then(|p| p.file_name()).map(|n| n.to_string_lossy().into_owned());
    match folder {
        Some(folder) if SAME.contains(&&*stem.to_ascii_lowercase()) => folder,
        _ => stem,
    }
}

/// The metadata of the side file, where there is one.
fn beside(source: &Source, options: &Options) -> Result<Metadata, Reason> {
    let stem = source.stem();
    let names = [format!("{stem}.metadata.json"), format!("{stem}_metadata.json"), "metadata.json".to_owned()];
    let Some((name, side)) = names.into_iter().find_map(|n| source.beside(&n).map(|side| (n, side))) else {
        return Ok(Metadata::default());
    };
    let read = || -> Result<Metadata, String> {
        let stream = side.open_text(&options.uncounted()).map_err(|r| r.to_string())?;
        let mut text = String::new();
        stream.reader.take(1 << 20).read_to_string(&mut text).map_err(|e| e.to_string())?;
        serde_json::from_str(&text).map_err(|e| e.to_string())
    };
    read().map_err(|said| {
        Reason::Content(format!("its side file {name} cannot be read: {said}; mend or remove that file"))
    })
}

fn talk(item: &Item<'_>, name: String, beside: &Result<Metadata, Reason>) -> Result<Conversation<'static>, Reason> {
    let talk: Talk = item.parse()?;
    let mut from_fields = Metadata::default();
    for (key, slot) in from_fields.fields() {
        if let Some(field) = talk.talk_fields.iter().find(|f| f.name.get() == Some(key)) {
            slot.clone_from(&field.value);
        }
    }
    let about = item.parse::<Metadata>()?.or(from_fields).or(beside.clone()?);
    let id = talk.id.get().map_or(name, str::to_owned);
    let mut c = match (talk.phrases.or(talk.transcription.phrases), talk.messages) {
        (Some(phrases), _) => call(&id, phrases),
        (None, Some(messages)) => chat(&id, messages, &about),
        (None, None) => {
            return Err(Reason::Content("neither `phrases` nor `messages`: no transcription yet".to_owned()));
        }
    };
    c.agent_id = about.operator_id.get().or(about.operator_name.get()).map(|id| id.to_owned().into());
    if let Some(language) = about.language.get() {
        c.language = Some(language.to_owned().into());
    }
    if let Some(date) = about.date.get() {
        match times::parse(date).ok().and_then(times::written) {
            Some(written) => c.started_at = Some(written.into()),
            None => {
                c.note(NoteKind::Date, format!("its date cannot be read: {date}"));
            }
        }
    }
    let direction = match about.direction_outgoing.get() {
        Some("true" | "1") => Some("outgoing"),
        Some("false" | "0") => Some("incoming"),
        _ => None,
    };
    let labels = [("ticket_id", about.ticket_id.get()), ("direction", direction)];
    for (key, value) in labels.into_iter().filter_map(|(key, value)| value.map(|v| (key, v))) {
        c.labels.0.insert(key.into(), value.to_owned().into());
    }
    Ok(c)
}

fn call(id: &str, phrases: Vec<Phrase>) -> Conversation<'static> {
    let language = phrases.iter().find_map(|p| p.phrase.language.get()).map(|l| l.to_owned().into());
    let segments = phrases.into_iter().map(|p| {
        // A protocol buffer leaves out a channel or a start of 0.
        let channel = p.channel_number.get().unwrap_or("0").to_owned();
        let start = p.start_time_ms.0.or(p.end_time_ms.0.map(|_| 0.0));
        let text = p.phrase.normalized_text.get().or(p.phrase.text.get()).unwrap_or_default().to_owned();
        Segment {
            label: format!("channel {channel}"),
            start: start.map(|ms| ms / 1000.0),
            end: p.end_time_ms.0.map(|ms| ms / 1000.0),
            text,
            ..Segment::default()
        }
    });
    let mut c = segments::call(id, segments.collect());
    c.language = language;
    c
}

fn chat(id: &str, messages: Vec<Message>, about: &Metadata) -> Conversation<'static> {
    let known =
        [(&about.operator_id, Speaker::Agent), (&about.client_id, Speaker::Customer), (&about.bot_id, Speaker::Bot)];
    let mut said: Vec<(Option<When>, Turn<'static>)> = messages
        .into_iter()
        .filter(|m| m.text.get().is_some())
        .map(|m| {
            let user = m.user_id.get().unwrap_or_default();
            let speaker = known.iter().find(|(id, _)| !user.is_empty() && id.get() == Some(user)).map(|(_, s)| *s);
            let label = (speaker.is_none() && !user.is_empty()).then(|| user.to_owned().into());
            let text = m.text.get().unwrap_or_default().to_owned().into();
            let turn = Turn { speaker: speaker.unwrap_or_default(), label, text, ..Turn::default() };
            let at = m.timestamp.get().and_then(|t| times::parse(t).ok()).filter(|w| matches!(w, When::At(..)));
            (at, turn)
        })
        .collect();
    let first = said.iter().find_map(|(at, _)| *at);
    let passed = |at: Option<When>, from: When| at.and_then(|at| at.seconds_since(from));
    if let Some(first) = first
        && said.iter().all(|(at, _)| at.is_some())
    {
        let key = |at: Option<When>| passed(at, first).unwrap_or_default();
        said.sort_by(|a, b| key(a.0).total_cmp(&key(b.0)));
        let earliest = said[0].0.unwrap_or(first);
        for (at, turn) in &mut said {
            turn.start = passed(*at, earliest).filter(|s| *s >= 0.0);
        }
    }
    let started_at = said.first().and_then(|(at, _)| *at).and_then(times::written).map(Into::into);
    Conversation {
        id: id.to_owned().into(),
        channel: Channel::Chat,
        started_at,
        turns: said.into_iter().map(|(_, turn)| turn).collect(),
        ..Conversation::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    fn read(text: &str) -> Vec<String> {
        read_text(&SpeechSense, "talk 7.json", text.as_bytes())
    }

    #[test]
    fn phrases_of_the_api_and_of_files_are_read_alike() {
        let snake = r#"{"phrases":[{"channel_number":1,"start_time_ms":1000,"end_time_ms":"2500","phrase":{"text":"да","normalized_text":"Да."}},
            {"end_time_ms":900,"phrase":{"text":"алло","language":"ru-RU"}}]}"#;
        let camel = r#"{"talk":[{"transcription":{"phrases":[{"channelNumber":"1","startTimeMs":"1000","endTimeMs":"2500","phrase":{"text":"да","normalizedText":"Да."}},
            {"channelNumber":"0","startTimeMs":"0","endTimeMs":"900","phrase":{"text":"алло","language":"ru-RU"}}]}}]}"#;
        assert_eq!(
            read(snake),
            ["{\"id\":\"talk 7\",\"channel\":\"call\",\"language\":\"ru-RU\",\"turns\":[\
              {\"speaker\":\"unknown\",\"label\":\"channel 0\",\"text\":\"алло\",\"start\":0.0,\"end\":0.9},\
              {\"speaker\":\"unknown\",\"label\":\"channel 1\",\"text\":\"Да.\",\"start\":1.0,\"end\":2.5}]}"]
        );
        assert_eq!(read(camel), read(snake));
    }

    #[test]
    fn messages_are_sorted_and_fields_of_the_talk_tell_roles() {
        let got = read(
            r#"{"talks":[{"id":"t1","talkFields":[{"name":"operator_id","value":"o"},{"name":"client_id","value":"c"},{"name":"date","value":"вчера"}],
            "messages":[{"user_id":"o","text":"Сәлеметсіз бе!","timestamp":"2025-03-31T18:05:10+05:00"},
            {"user_id":"c","text":"Алло","timestamp":"2025-03-31T13:05:00Z"},{"user_id":"x","text":"?","timestamp":"2025-03-31T13:06:00Z"}]}]}"#,
        );
        assert_eq!(
            got,
            [
                "{\"id\":\"t1\",\"channel\":\"chat\",\"started_at\":\"2025-03-31T13:05:00Z\",\"agent_id\":\"o\",\"turns\":[\
              {\"speaker\":\"customer\",\"text\":\"Алло\",\"start\":0.0},\
              {\"speaker\":\"agent\",\"text\":\"Сәлеметсіз бе!\",\"start\":10.0},\
              {\"speaker\":\"unknown\",\"label\":\"x\",\"text\":\"?\",\"start\":60.0}],\
              \"notes\":[{\"kind\":\"date\",\"text\":\"its date cannot be read: вчера\"}]}"
            ]
        );
        assert!(read("{\"id\":\"t\",\"transcription\":null}")[0].contains("no transcription yet"));
    }
}
