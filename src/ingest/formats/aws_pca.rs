//! Amazon's post-call analytics (PCA): the file it keeps for each call.
//!
//! ```json
//! {"ConversationAnalytics": {"GUID": "c-77", "Agent": "AidanaK", "ConversationTime": "2025-02-20 07:55:51",
//!    "LanguageCode": "ru-RU", "SpeakerLabels": [{"Speaker": "spk_1", "DisplayText": "Agent"}]},
//!  "SpeechSegments": [{"SegmentStartTime": 0.1, "SegmentEndTime": 3.2, "SegmentSpeaker": "spk_1", "IVRSegment": false,
//!    "DisplayText": "Добрый день!"}]}
//! ```
//! **Who speaks** is told by `SpeakerLabels` (`Agent`, `Customer`); what is marked as `IVRSegment` is the voice menu's. A
//! speaker whose text names no role keeps it as a label.
//!
//! **Which agent**: `UserId` of the speaker, else `Agent`, if no more than one agent is named. Where several are named and
//! nothing says who speaks when, the turns stay without an id and the names are in the label `agents`.
//!
//! **Times** are seconds, with ends. When the call took place is taken from `ConversationTime`; the vendor writes the time
//! of processing there if the file's name had no date.
//!
//! Left out: sentiment, entities, categories, loudness, confidences of words.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde::Deserialize;

use super::json::{Item, Word, or_default};
use super::segments::{self, Segment};
use super::vendor::{self, Made, Time};
use crate::ingest::roles::speaker_from_label;
use crate::ingest::{Format, Options, Sample, Sink, Source};
use crate::model::{NoteKind, Speaker};

/// The output of Amazon's post-call analytics.
pub struct AwsPca;

impl Format for AwsPca {
    fn name(&self) -> &'static str {
        "aws-pca"
    }

    fn about(&self) -> &'static str {
        "AWS post-call analytics, JSON with `ConversationAnalytics` and `SpeechSegments`"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        if keys.has("ConversationAnalytics") {
            96
        } else if keys.has("SpeechSegments[].SegmentSpeaker") {
            94
        } else {
            0
        }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        vendor::conversations(sources, options, &[], sink, &|_, item, id| conversation(item, id))
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct File {
    #[serde(deserialize_with = "or_default")]
    conversation_analytics: Analytics,
    #[serde(deserialize_with = "or_default")]
    speech_segments: Vec<Speech>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct Analytics {
    agent: Word,
    #[serde(deserialize_with = "or_default")]
    agents: Vec<Word>,
    #[serde(rename = "GUID")]
    guid: Word,
    conversation_time: Word,
    language_code: Word,
    #[serde(deserialize_with = "or_default")]
    speaker_labels: Vec<SpeakerLabel>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct SpeakerLabel {
    speaker: Word,
    display_text: Word,
    user_id: Word,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct Speech {
    segment_start_time: Time,
    segment_end_time: Time,
    segment_speaker: Word,
    #[serde(rename = "IVRSegment", deserialize_with = "or_default")]
    ivr: bool,
    original_text: Option<String>,
    display_text: Option<String>,
}

/// A value that says something: the vendor writes `None` for nothing.
fn some(word: &Word) -> Option<&str> {
    word.get().filter(|w| !matches!(*w, "None" | "null" | "NONE"))
}

fn conversation(item: &Item<'_>, fallback: &str) -> Made {
    let file: File = item.parse()?;
    let about = file.conversation_analytics;
    let speakers: BTreeMap<&str, &SpeakerLabel> =
        about.speaker_labels.iter().filter_map(|s| Some((s.speaker.get()?, s))).collect();
    let turns = file.speech_segments.into_iter().map(|s| {
        let code = s.segment_speaker.get().unwrap_or_default();
        let named = speakers.get(code);
        let label = named.and_then(|n| some(&n.display_text)).unwrap_or(code);
        let speaker = if s.ivr { Speaker::Ivr } else { speaker_from_label(label).speaker };
        let text = s.display_text.filter(|t| !t.trim().is_empty()).or(s.original_text).unwrap_or_default();
        Segment {
            label: label.to_owned(),
            speaker,
            agent_id: named.and_then(|n| some(&n.user_id)).filter(|_| speaker == Speaker::Agent).map(str::to_owned),
            start: s.segment_start_time.0,
            end: s.segment_end_time.0,
            text,
        }
    });
    let mut c = segments::call(some(&about.guid).unwrap_or(fallback), turns.collect());
    let agents: BTreeSet<&str> = about.agents.iter().chain([&about.agent]).filter_map(some).collect();
    let nobody = c.turns.iter().all(|t| t.agent_id.is_none());
    match agents.len() {
        1 if nobody => c.agent_id = agents.first().map(|a| (*a).to_owned().into()),
        2.. if nobody => {
            let all: Vec<_> = agents.into_iter().collect();
            vendor::label(&mut c, "agents", Some(&all.join(", ")));
            c.note(NoteKind::Agents, "several agents are named and nothing says who speaks when");
        }
        _ => {}
    }
    vendor::settle_agents(&mut c);
    c.language = some(&about.language_code).map(|l| l.to_owned().into());
    vendor::started(&mut c, some(&about.conversation_time));
    Ok(Some(c))
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    fn read(agent: &str, second: &str) -> String {
        let text = format!(
            r#"{{"ConversationAnalytics":{{"GUID":"g","Agent":"A",{agent}"SpeakerLabels":[
              {{"Speaker":"spk_0","DisplayText":"Customer"}},{{"Speaker":"spk_1","DisplayText":"Agent"{second}}}]}},
            "SpeechSegments":[{{"SegmentStartTime":0.0,"SegmentEndTime":1,"SegmentSpeaker":"spk_1","IVRSegment":true,"DisplayText":"Press one"}},
              {{"SegmentStartTime":5.0,"SegmentEndTime":6,"SegmentSpeaker":"spk_1","DisplayText":"","OriginalText":"Hello"}},
              {{"SegmentStartTime":7.0,"SegmentEndTime":8,"SegmentSpeaker":"spk_2","DisplayText":"Hm"}}]}}"#
        );
        read_text(&AwsPca, "a.json", text.as_bytes()).remove(0)
    }

    #[test]
    fn an_agent_is_named_only_where_it_is_clear_who() {
        let one = read("", "");
        assert!(
            one.starts_with(
                r#"{"id":"g","channel":"call","agent_id":"A","turns":[{"speaker":"ivr","text":"Press one""#
            )
        );
        assert!(one.contains(r#"{"speaker":"agent","text":"Hello""#) && one.contains(r#""label":"spk_2""#), "{one}");
        let several = read(r#""Agents":["A","B"],"#, "");
        assert!(several.contains(r#""agents":"A, B""#) && !several.contains("agent_id"), "{several}");
        assert!(read(r#""Agents":["A","B"],"#, r#","UserId":"u7""#).contains(r#""agent_id":"u7""#));
    }
}
