//! Aircall: transcriptions of calls, as the API returns them.
//!
//! ```json
//! {"transcription": {"id": 9, "call_id": 512, "type": "call", "call_created_at": "2025-03-31T18:05:00Z",
//!   "content": {"language": "en", "utterances": [
//!     {"start_time": 0.5, "end_time": 2.9, "text": "Good evening", "participant_type": "internal", "user_id": 77},
//!     {"start_time": 3.1, "end_time": 5.0, "text": "My card is blocked", "participant_type": "external"}]}}}
//! ```
//! One transcription a file, a list of them, or one a line; with or without the `transcription` around it. `internal` is the
//! agent, whose id is `user_id`; `external` is the customer; `ai_voice_agent` is a bot. The conversation is named by `call_id`,
//! else by `id`, else like the file. Phone numbers are left out. An utterance that names no type keeps what it has instead as
//! a label.

use std::ops::ControlFlow;

use serde::Deserialize;

use super::json::{self, Number, Word};
use super::segments::{self, Segment};
use super::times;
use crate::ingest::{Format, Options, Record, Sample, Sink, Source};
use crate::model::{NoteKind, Reason, Speaker};

/// Transcriptions of Aircall.
pub struct Aircall;

impl Format for Aircall {
    fn name(&self) -> &'static str {
        "aircall"
    }

    fn about(&self) -> &'static str {
        "transcriptions of Aircall's API; internal speakers are agents"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        let at = |head: &str| keys.has(&format!("{head}utterances[].participant_type"));
        if ["transcription.content.", "content."].into_iter().any(at) {
            96
        } else if at("") {
            92
        } else {
            0
        }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        for source in sources {
            let mut count = 0;
            json::read(source, options, &["transcriptions"], sink, &mut |item, sink| {
                count += 1;
                let stem = if count == 1 { source.stem() } else { format!("{}-{count}", source.stem()) };
                let mut wrapped: Wrapped = match item.parse() {
                    Ok(wrapped) => wrapped,
                    Err(reason) => {
                        let id = item.word("call_id").or_else(|| item.word("id")).unwrap_or(stem);
                        return item.bad(Some(id), reason, sink);
                    }
                };
                let transcription = wrapped.transcription.take().unwrap_or(wrapped.own);
                let id = transcription.call_id.get().or(transcription.id.get()).map_or(stem, str::to_owned);
                let content = transcription.content.unwrap_or(transcription.bare);
                let Some(utterances) = content.utterances else {
                    let said = "no `content.utterances`: the transcription was not ready when it was exported";
                    return item.bad(Some(id), Reason::Content(said.to_owned()), sink);
                };
                let mut conversation = segments::call(&id, utterances.into_iter().map(segment).collect());
                conversation.language = content.language.get().map(|l| l.to_owned().into());
                let started = transcription.call_created_at.get().or(transcription.created_at.get());
                if let Some(written) = started.and_then(|s| times::parse(s).ok()).and_then(times::written) {
                    conversation.started_at = Some(written.into());
                } else if let Some(odd) = started {
                    conversation.note(NoteKind::Date, format!("its date cannot be read: {odd}"));
                }
                segments::one_agent(&mut conversation);
                sink(Record::Conversation { place: item.place.clone(), conversation: Box::new(conversation) })
            })?;
        }
        ControlFlow::Continue(())
    }
}

#[derive(Deserialize)]
struct Wrapped {
    #[serde(default)]
    transcription: Option<Transcription>,
    #[serde(flatten)]
    own: Transcription,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Transcription {
    id: Word,
    call_id: Word,
    created_at: Word,
    call_created_at: Word,
    content: Option<Content>,
    /// The same without `content` around it.
    #[serde(flatten)]
    bare: Content,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Content {
    language: Word,
    utterances: Option<Vec<Utterance>>,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an utterance")]
struct Utterance {
    start_time: Number,
    end_time: Number,
    text: Word,
    participant_type: Word,
    user_id: Word,
}

fn segment(u: Utterance) -> Segment {
    let kind = u.participant_type.get().unwrap_or_default();
    let speaker = match &*kind.to_ascii_lowercase() {
        "internal" => Speaker::Agent,
        "external" => Speaker::Customer,
        "ai_voice_agent" | "bot" => Speaker::Bot,
        "ivr" => Speaker::Ivr,
        _ => Speaker::Unknown,
    };
    let label = if speaker == Speaker::Unknown { u.user_id.get().unwrap_or(kind) } else { "" };
    Segment {
        label: label.to_owned(),
        speaker,
        agent_id: u.user_id.get().map(str::to_owned),
        start: u.start_time.0,
        end: u.end_time.0,
        text: u.text.0.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    #[test]
    fn wrapped_or_not_the_roles_are_those_of_the_vendor() {
        let utterances = r#"[{"start_time":0.5,"end_time":"1.5","text":"Hello","participant_type":"internal","user_id":7},
            {"start_time":2,"end_time":3,"text":"Hi","participant_type":"external"},
            {"start_time":4,"end_time":5,"text":"Hm","participant_type":null,"user_id":null},
            {"start_time":6,"end_time":7,"text":"One moment","participant_type":"internal"}]"#;
        let read = |text: String| read_text(&Aircall, "x.json", text.as_bytes());
        let wrapped =
            read(format!("{{\"transcription\":{{\"call_id\":5,\"content\":{{\"utterances\":{utterances}}}}}}}"));
        assert_eq!(
            wrapped,
            ["{\"id\":\"5\",\"channel\":\"call\",\"agent_id\":\"7\",\"turns\":[\
              {\"speaker\":\"agent\",\"text\":\"Hello\",\"start\":0.5,\"end\":1.5},\
              {\"speaker\":\"customer\",\"text\":\"Hi\",\"start\":2.0,\"end\":3.0},\
              {\"speaker\":\"unknown\",\"text\":\"Hm\",\"start\":4.0,\"end\":5.0},\
              {\"speaker\":\"agent\",\"text\":\"One moment\",\"start\":6.0,\"end\":7.0}]}"]
        );
        assert_eq!(read(format!("{{\"id\":5,\"utterances\":{utterances}}}")), wrapped);
        let list = format!("{{\"transcriptions\":[{{\"id\":5,\"content\":{{\"utterances\":{utterances}}}}}]}}");
        assert_eq!(read(list), wrapped);
        assert!(read("{\"id\":5,\"content\":null}".to_owned())[0].starts_with("line 1 5: no `content.utterances`"));
    }
}
