//! AssemblyAI: transcripts of its API.
//!
//! ```json
//! {"id": "t-1", "status": "completed", "language_code": "ru", "audio_url": "https://example.com/a.wav", "audio_duration": 63,
//!  "text": "Алло?", "utterances": [{"speaker": "A", "channel": null, "start": 250, "end": 900, "text": "Алло?"}]}
//! ```
//! Read are the utterances, else the words, which are put together until the speaker changes or pauses for two seconds, else
//! the bare text. Turns are labelled `channel 1`, `channel 2` where words are on several channels, else as the vendor names
//! the speaker: `A`, `B`, or a role or name, where speakers were identified.
//!
//! **Who is the agent** is only in the file where speakers were identified by role; else give the role of the channels or
//! let it be told by what is said. Without `speaker_labels` and `multichannel` nobody can say who speaks. **Which agent** it
//! was is not in the file: name it by the file's name or a list beside it.
//!
//! **Times** are milliseconds, with ends. When the call took place is not in the file.
//!
//! Left out: confidences, sentiment, entities, chapters, highlights. A transcript with the status `error` is set aside with
//! the vendor's reason, one that is `queued` or `processing` as not ready.

use std::ops::ControlFlow;

use serde::Deserialize;

use super::json::{Item, Word, or_default};
use super::segments::{self, Segment};
use super::vendor::{self, Made, Piece, Refused, Time};
use crate::ingest::{Format, Options, Sample, Sink, Source};

/// Transcripts of AssemblyAI.
pub struct AssemblyAi;

impl Format for AssemblyAi {
    fn name(&self) -> &'static str {
        "assemblyai"
    }

    fn about(&self) -> &'static str {
        "AssemblyAI, JSON with `utterances` (or `words`), `status` and `audio_url`"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        let audio = keys.count(&["audio_url", "audio_duration", "acoustic_model", "speech_model"]) > 0;
        let said = keys.count(&["utterances", "words", "text", "error"]) > 0;
        match (audio, said, keys.has("status")) {
            (true, true, true) => 93,
            (true, _, _) if keys.has("utterances[].speaker") => 91,
            _ => 0,
        }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        vendor::conversations(sources, options, &[], sink, &|_, item, id| conversation(item, id))
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    id: Word,
    status: Word,
    error: Word,
    language_code: Word,
    text: Option<String>,
    #[serde(deserialize_with = "or_default")]
    utterances: Vec<Said>,
    #[serde(deserialize_with = "or_default")]
    words: Vec<Said>,
}

/// An utterance or a word.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Said {
    speaker: Word,
    channel: Word,
    start: Time,
    end: Time,
    text: Option<String>,
}

fn conversation(item: &Item<'_>, fallback: &str) -> Made {
    let file: File = item.parse()?;
    let id = file.id.get().unwrap_or(fallback);
    match file.status.get() {
        Some("error") => return Err(Refused::vendor(id, file.error.get().unwrap_or("the status is error"))),
        Some(status @ ("queued" | "processing")) => {
            return Err(Refused::vendor(id, format!("the status is {status}: fetch it again when it is completed")));
        }
        _ => {}
    }
    let pieces = |list: Vec<Said>| {
        vendor::labelled(
            list.into_iter()
                .map(|s| Piece {
                    channel: s.channel.get().map(str::to_owned),
                    speaker: s.speaker.get().map(str::to_owned),
                    start: s.start.millis(),
                    end: s.end.millis(),
                    text: s.text.unwrap_or_default(),
                })
                .collect(),
        )
    };
    let spoken = if !file.utterances.is_empty() {
        pieces(file.utterances)
    } else if !file.words.is_empty() {
        let mut words = pieces(file.words);
        // Words of several channels stand in the order of their times.
        if words.iter().any(|w| w.label.starts_with("channel ")) {
            words.sort_by(|a, b| a.label.cmp(&b.label));
        }
        segments::from_words(words.into_iter().map(|w| (w.label, w.start, w.end, w.text)))
    } else {
        vec![Segment { text: file.text.unwrap_or_default(), ..Segment::default() }]
    };
    let mut c = segments::call(id, spoken);
    c.language = file.language_code.get().map(|l| l.to_owned().into());
    Ok(Some(c))
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    #[test]
    fn nulls_are_nothing_and_words_or_text_stand_in() {
        let words = br#"{"id":"t","status":"completed","utterances":null,"text":"Hi. Yes?","words":[
            {"text":"Hi.","start":100,"end":300,"speaker":"A","channel":"1"},{"text":"Yes?","start":200,"end":400,"speaker":"B","channel":"2"},
            {"text":"Well.","start":500,"end":700,"speaker":"A","channel":"1"}]}"#;
        let got = read_text(&AssemblyAi, "a.json", words);
        assert!(got[0].contains(r#""label":"channel 1","text":"Hi. Well.","start":0.1,"end":0.7}"#), "{got:?}");
        assert!(got[0].contains(r#""label":"channel 2","text":"Yes?""#), "{got:?}");
        let bare =
            br#"{"id":"t","status":"completed","utterances":null,"words":null,"text":"Hi.","language_code":null}"#;
        assert_eq!(
            read_text(&AssemblyAi, "a.json", bare),
            [r#"{"id":"t","channel":"call","turns":[{"speaker":"unknown","text":"Hi."}]}"#]
        );
    }

    #[test]
    fn identified_roles_are_believed() {
        let text = br#"{"id":"t","status":"completed","utterances":[{"speaker":"Agent","start":0,"end":900,"text":"Good day."},
            {"speaker":null,"start":950,"end":990,"text":"Hm."}]}"#;
        let got = read_text(&AssemblyAi, "a.json", text);
        assert!(got[0].contains(r#"{"speaker":"agent","text":"Good day.","start":0.0,"end":0.9}"#), "{got:?}");
        assert!(got[0].contains(r#"{"speaker":"unknown","text":"Hm.""#), "{got:?}");
    }

    #[test]
    fn a_transcript_that_is_not_ready_is_no_empty_call() {
        let got =
            read_text(&AssemblyAi, "a.json", br#"{"id":"t","status":"error","error":"no speech found","text":null}"#);
        assert_eq!(got, ["line 1 t: the export itself reports a failure: no speech found"]);
        let got = read_text(&AssemblyAi, "a.json", br#"{"id":"t","status":"processing","text":null}"#);
        assert!(got[0].contains("the status is processing"), "{got:?}");
    }
}
