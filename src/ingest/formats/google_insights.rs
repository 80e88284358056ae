//! Google Customer Experience Insights (CCAI Insights): what is uploaded to it, and what its API gives.
//!
//! ```json
//! {"entries": [{"start_timestamp_usec": 5200000, "text": "Good morning.", "role": "AGENT", "user_id": 2}]}
//! ```
//! ```json
//! {"conversations": [{"name": "projects/p/locations/l/conversations/c-1", "agentId": "a-1", "medium": "PHONE_CALL",
//!   "startTime": "2025-03-31T13:05:00Z", "transcript": {"transcriptSegments": [{"text": "Good morning.",
//!     "segmentParticipant": {"role": "HUMAN_AGENT"}, "words": [{"word": "Good", "startOffset": "5.2s", "endOffset": "5.4s"}]}]}}]}
//! ```
//! **Who speaks** is said by the role (`AGENT`, `HUMAN_AGENT`, `AUTOMATED_AGENT`, `CUSTOMER`, `END_USER`), else by the audio
//! channels of `callMetadata`; `ANY_AGENT`, a human or a machine, stays unknown under that label.
//!
//! **Which agent**: `agentId`, or the one entry of `qualityMetadata.agentInfo`. Where there are several, a turn gets the id
//! that its participant carries; turns without one stay without an agent, and the ids are in the label `agents`. In the
//! upload format there are no agents' ids (`user_id` counts the speakers of the file): name them by the file's name or a
//! list beside it.
//!
//! **Times**: the upload format has starts only, in microseconds, so that nothing is said of pauses and interruptions. If
//! they are dates it is taken for a chat, else for a call. In the API form they are those of the words, else `messageTime`.
//!
//! Read too: `customerSatisfactionRating`, team, disposition code, menu path, waiting time, labels. Left out: annotations,
//! sentiment, Dialogflow's suggestions. A list under `conversations` (or at the top, or a line each) is read one by one,
//! however long the file is.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde::Deserialize;

use super::json::{Item, Number, Word, or_default};
use super::segments::{self, Segment};
use super::vendor::{self, Made, Span, Time};
use crate::ingest::{Format, Options, Sample, Sink, Source};
use crate::model::{Conversation, Outcome, Speaker};

/// Conversations of Google Customer Experience Insights.
pub struct GoogleInsights;

impl Format for GoogleInsights {
    fn name(&self) -> &'static str {
        "google-insights"
    }

    fn about(&self) -> &'static str {
        "Google CX (CCAI) Insights: upload JSON with `entries`, or the API's conversations with `transcriptSegments`"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        let entries = ["entries[].start_timestamp_usec", "entries[].startTimestampUsec"];
        let segments = ["transcript.transcriptSegments", "transcript.transcript_segments"];
        // What may stand before a transcript is longer than the sample.
        let about =
            ["agentId", "turnCount", "medium", "qualityMetadata", "dataSource", "latestAnalysis", "callMetadata"];
        if keys.count(&entries) > 0 || keys.count(&segments) > 0 {
            96
        } else if keys.count(&about) > 2 {
            92
        } else if keys.all(&["entries[].role", "entries[].text"]) {
            91
        } else {
            0
        }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        vendor::conversations(sources, options, &["conversations"], sink, &|_, item, id| conversation(item, id))
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct File {
    name: Word,
    #[serde(deserialize_with = "or_default")]
    entries: Vec<Entry>,
    #[serde(alias = "language_code")]
    language_code: Word,
    #[serde(alias = "agent_id")]
    agent_id: Word,
    #[serde(alias = "start_time")]
    start_time: Word,
    medium: Word,
    #[serde(deserialize_with = "or_default")]
    labels: BTreeMap<String, Word>,
    #[serde(alias = "call_metadata", deserialize_with = "or_default")]
    call_metadata: CallMetadata,
    #[serde(alias = "quality_metadata", deserialize_with = "or_default")]
    quality_metadata: Quality,
    #[serde(deserialize_with = "or_default")]
    transcript: Transcript,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Entry {
    #[serde(alias = "start_timestamp_usec")]
    start_timestamp_usec: Time,
    text: Option<String>,
    role: Word,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct CallMetadata {
    #[serde(alias = "customer_channel")]
    customer_channel: Word,
    #[serde(alias = "agent_channel")]
    agent_channel: Word,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Quality {
    #[serde(alias = "customer_satisfaction_rating")]
    customer_satisfaction_rating: Number,
    #[serde(alias = "wait_duration")]
    wait_duration: Span,
    #[serde(alias = "menu_path")]
    menu_path: Word,
    #[serde(alias = "agent_info", deserialize_with = "or_default")]
    agent_info: Vec<Agent>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Agent {
    #[serde(alias = "agent_id")]
    agent_id: Word,
    #[serde(alias = "display_name")]
    display_name: Word,
    team: Word,
    #[serde(deserialize_with = "or_default")]
    teams: Vec<Word>,
    #[serde(alias = "disposition_code")]
    disposition_code: Word,
    #[serde(alias = "agent_type")]
    agent_type: Word,
}

impl Agent {
    fn id(&self) -> Option<&str> {
        let human = self.agent_type.get() != Some("AUTOMATED_AGENT");
        self.agent_id.get().or(self.display_name.get()).filter(|_| human)
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Transcript {
    #[serde(alias = "transcript_segments", deserialize_with = "or_default")]
    transcript_segments: Vec<Said>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Said {
    #[serde(alias = "message_time")]
    message_time: Word,
    text: Option<String>,
    #[serde(alias = "channel_tag")]
    channel_tag: Word,
    #[serde(alias = "segment_participant", deserialize_with = "or_default")]
    segment_participant: Participant,
    #[serde(deserialize_with = "or_default")]
    words: Vec<Spoken>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Participant {
    role: Word,
    #[serde(alias = "user_id")]
    user_id: Word,
    #[serde(alias = "obfuscated_external_user_id")]
    obfuscated_external_user_id: Word,
    #[serde(alias = "dialogflow_participant_name")]
    dialogflow_participant_name: Word,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Spoken {
    #[serde(alias = "start_offset")]
    start_offset: Span,
    #[serde(alias = "end_offset")]
    end_offset: Span,
}

fn speaker(role: &str) -> Speaker {
    match role.to_ascii_uppercase().as_str() {
        "AGENT" | "HUMAN_AGENT" => Speaker::Agent,
        "CUSTOMER" | "END_USER" => Speaker::Customer,
        "AUTOMATED_AGENT" => Speaker::Bot,
        _ => Speaker::Unknown,
    }
}

fn conversation(item: &Item<'_>, fallback: &str) -> Made {
    let mut file: File = item.parse()?;
    if !file.entries.is_empty() {
        return Ok(Some(uploaded(file, fallback)));
    }
    let id =
        file.name.get().and_then(|n| n.rsplit('/').next()).filter(|n| !n.is_empty()).unwrap_or(fallback).to_owned();
    let agents: BTreeSet<&str> = file.quality_metadata.agent_info.iter().filter_map(Agent::id).collect();
    let segments = std::mem::take(&mut file.transcript.transcript_segments);
    let moments: Vec<Option<i64>> = segments.iter().map(|s| s.message_time.get().and_then(vendor::micros)).collect();
    let said_start = file.start_time.get().and_then(vendor::micros);
    // Messages count from the start of the conversation, unless that is after the first.
    let first = moments.iter().flatten().copied().chain(said_start).min();
    let turns = segments.into_iter().zip(moments).map(|(said, moment)| {
        let who = &said.segment_participant;
        let channel = said.channel_tag.get().filter(|c| *c != "0");
        let by_channel = || match channel {
            Some(_) if channel == file.call_metadata.customer_channel.get() => Speaker::Customer,
            Some(_) if channel == file.call_metadata.agent_channel.get() => Speaker::Agent,
            _ => Speaker::Unknown,
        };
        let role = who.role.get().filter(|r| *r != "ROLE_UNSPECIFIED");
        let speaker = role.map_or_else(by_channel, speaker);
        let label = role.map(str::to_owned).or(channel.map(|c| format!("channel {c}"))).unwrap_or_default();
        let ids = [&who.user_id, &who.obfuscated_external_user_id, &who.dialogflow_participant_name];
        let own = ids.iter().filter_map(|w| w.get()).find_map(|w| agents.get(w.rsplit('/').next().unwrap_or(w)));
        let since = moment.zip(first).map(|(at, first)| vendor::seconds(first, at));
        Segment {
            label,
            speaker,
            agent_id: own.filter(|_| speaker == Speaker::Agent).map(|a| (*a).to_owned()),
            start: said.words.first().and_then(|w| w.start_offset.0).or(since),
            end: said.words.last().and_then(|w| w.end_offset.0),
            text: said.text.unwrap_or_default(),
        }
    });
    let turns: Vec<Segment> = turns.collect();
    let mut c = match file.medium.get() {
        Some("CHAT") => vendor::chat(&id, turns),
        _ => segments::call(&id, turns),
    };
    c.language = file.language_code.get().map(|l| l.to_owned().into());
    vendor::started(&mut c, file.start_time.get());
    if c.started_at.is_none() {
        c.started_at = first.and_then(vendor::date).map(Into::into);
    }
    if agents.len() > 1 {
        let all: Vec<_> = agents.iter().copied().collect();
        vendor::label(&mut c, "agents", Some(&all.join(", ")));
    } else {
        c.agent_id = file.agent_id.get().or(agents.first().copied()).map(|a| a.to_owned().into());
    }
    vendor::settle_agents(&mut c);
    let quality = &file.quality_metadata;
    let said = |word: fn(&Agent) -> Option<&str>| {
        let all: BTreeSet<&str> = quality.agent_info.iter().filter_map(word).collect();
        all.first().filter(|_| all.len() == 1).map(|s| (*s).to_owned())
    };
    c.team = said(|a| a.team.get().or(a.teams.first().and_then(Word::get))).map(Into::into);
    if let Some(csat) = quality.customer_satisfaction_rating.0.filter(|r| *r > 0.0) {
        c.outcome = Some(Outcome { csat: Some(csat), resolved: None });
    }
    for (name, value) in &file.labels {
        vendor::label(&mut c, name, value.get());
    }
    vendor::label(&mut c, "disposition_code", said(|a| a.disposition_code.get()).as_deref());
    vendor::label(&mut c, "menu_path", quality.menu_path.get());
    vendor::label(&mut c, "wait_seconds", quality.wait_duration.0.map(|s| s.to_string()).as_deref());
    Ok(Some(c))
}

/// Microseconds that are dates: past 2001.
const DATES: f64 = 1e15;

/// A conversation in the format for uploads.
fn uploaded(file: File, fallback: &str) -> Conversation<'static> {
    let first = file.entries.iter().filter_map(|e| e.start_timestamp_usec.0).fold(f64::INFINITY, f64::min);
    let dated = first.is_finite() && first >= DATES;
    let zero = if dated { first } else { 0.0 };
    let turns = file.entries.into_iter().map(|e| {
        let role = e.role.get().unwrap_or_default();
        Segment {
            label: role.to_owned(),
            speaker: speaker(role),
            start: e.start_timestamp_usec.0.map(|t| (t - zero) / 1e6),
            text: e.text.unwrap_or_default(),
            ..Segment::default()
        }
    });
    let turns: Vec<Segment> = turns.collect();
    let mut c = if dated { vendor::chat(fallback, turns) } else { segments::call(fallback, turns) };
    c.language = file.language_code.get().map(|l| l.to_owned().into());
    #[allow(clippy::cast_possible_truncation)] // saturates, and the range is checked
    if dated {
        c.started_at = vendor::date(first as i64).map(Into::into);
    }
    c
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    #[test]
    fn several_agents_are_told_apart_by_their_participants_or_not_at_all() {
        let text = |user: &str| {
            format!(
                r#"{{"name":"projects/p/locations/l/conversations/c9","agentId":"a1","medium":"PHONE_CALL",
                "qualityMetadata":{{"agentInfo":[{{"agentId":"a1","team":"T"}},{{"agentId":"a2","team":"T"}}]}},
                "transcript":{{"transcriptSegments":[
                  {{"text":"Hi","channelTag":1,"segmentParticipant":{{"role":"HUMAN_AGENT"{user}}}}},
                  {{"text":"Hello","channelTag":2,"segmentParticipant":{{"role":"END_USER"}}}}]}}}}"#
            )
        };
        let one = read_text(&GoogleInsights, "a.json", text(r#","userId":"a2""#).as_bytes());
        assert!(one[0].starts_with(r#"{"id":"c9","channel":"call","team":"T","agent_id":"a2""#), "{one:?}");
        let none = read_text(&GoogleInsights, "a.json", text("").as_bytes());
        assert!(!none[0].contains("agent_id") && none[0].contains(r#""agents":"a1, a2""#), "{none:?}");
    }

    #[test]
    fn channels_tell_who_speaks_where_roles_do_not() {
        let text = r#"{"callMetadata":{"customerChannel":1,"agentChannel":2},"transcript":{"transcriptSegments":[
            {"text":"Hi","channelTag":2,"words":[{"startOffset":"0.5s","endOffset":"1s"},{"startOffset":"1s","endOffset":"1.250s"}]},
            {"text":"Hello","channelTag":1},{"text":"Hm","channelTag":3}]}}"#;
        let got = read_text(&GoogleInsights, "a.json", text.as_bytes());
        assert!(got[0].contains(r#"{"speaker":"agent","text":"Hi","start":0.5,"end":1.25}"#), "{got:?}");
        assert!(got[0].contains(r#"{"speaker":"customer","text":"Hello"}"#), "{got:?}");
        assert!(got[0].contains(r#"{"speaker":"unknown","label":"channel 3","text":"Hm"}"#), "{got:?}");
    }

    #[test]
    fn a_list_longer_than_a_record_may_be_is_read_one_by_one() {
        let one = |n: usize| {
            format!(
                r#"{{"name":"c/{n}","transcript":{{"transcriptSegments":[{{"text":"Hi","segmentParticipant":{{"role":"END_USER"}}}}]}}}}"#
            )
        };
        let list: Vec<String> = (0..500).map(one).collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("all.json");
        std::fs::write(&path, format!(r#"{{"conversations":[{}]}}"#, list.join(","))).unwrap();
        let options = Options { max_record: 1_000, ..Options::default() };
        let mut ids = Vec::new();
        let _ = GoogleInsights.read(&[Source { file: path.into() }], &options, &mut |record| {
            match record {
                crate::ingest::Record::Conversation { conversation, .. } => ids.push(conversation.id.to_string()),
                other => panic!("{other:?}"),
            }
            ControlFlow::Continue(())
        });
        assert_eq!((ids.len(), ids.last().map(String::as_str)), (500, Some("499")));
    }

    #[test]
    fn uploaded_dates_make_a_chat() {
        let text = r#"{"entries":[{"start_timestamp_usec":"1743444300000000","text":"Hi","role":"END_USER"},
            {"start_timestamp_usec":1743444302500000,"text":"Hello","role":"ANY_AGENT"}]}"#;
        let got = read_text(&GoogleInsights, "a.json", text.as_bytes());
        assert!(got[0].starts_with(r#"{"id":"a","channel":"chat","started_at":"2025-03-31T18:05:00Z""#), "{got:?}");
        assert!(got[0].contains(r#""label":"ANY_AGENT","text":"Hello","start":2.5}"#), "{got:?}");
    }
}
