//! Genesys Cloud: transcripts of speech and text analytics.
//!
//! ```json
//! {"conversationId": "conv-1", "communicationId": "comm-1", "mediaType": "call", "conversationStartTime": 1740000000000,
//!  "participants": [{"participantPurpose": "agent", "userId": "u-1", "startTimeMs": 1740000009000, "endTimeMs": 1740000181000}],
//!  "transcripts": [{"language": "ru-ru", "phrases": [
//!    {"participantPurpose": "internal", "startTimeMs": 1740000009500, "duration": {"milliseconds": 1900},
//!     "text": "добрый день чем помочь", "decoratedText": "Добрый день! Чем помочь?"}]}]}
//! ```
//! **Who speaks.** `external` is the customer. `internal` is the whole company: the agent, but also the voice menu before, the
//! music and messages of a hold, and a second agent after a transfer. Who of them a phrase belongs to is told by the time
//! at which agents were on the line, from `participants` or from a side file: the details of the conversation
//! (`participants[].sessions[].segments[]`) in a file beside the transcript that is called like it (or like the
//! conversation's id) with `_metadata.json` or `_call_metadata.json` behind. A phrase is the agent's whose `interact`
//! segment it overlaps most; two agents at once leave it without an id; outside of all of them, and in a hold, it is the
//! voice menu's. Without such details every internal phrase is taken for the agent's, and a label `note` says so.
//!
//! **Which agent**: `userId`. `queue` and `team` are the ids of the agents' segments, if there is one only.
//!
//! **Times** are milliseconds since 1970 (or from the start), with ends. `decoratedText` (with punctuation) is preferred.
//!
//! Left out: words, alternatives, sentiment, topics. The id is `conversationId`. Where a conversation has several recordings,
//! save each under a name that has its `communicationId` in it: the id is then `conversationId/communicationId`; else the
//! second is set aside as a repetition. `communicationId` is also a label.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::json::{Item, Word, or_default};
use super::segments::{self, Segment};
use super::vendor::{self, Made, Refused, Time};
use crate::ingest::{Format, Options, Sample, Sink, Source};
use crate::model::{Channel, NoteKind, Reason, Speaker};

/// Transcripts of Genesys Cloud.
pub struct Genesys;

impl Format for Genesys {
    fn name(&self) -> &'static str {
        "genesys"
    }

    fn about(&self) -> &'static str {
        "Genesys Cloud transcripts, JSON with `transcripts[].phrases[]`; the conversation's details beside it if there"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        if keys.has("transcripts[].phrases") {
            96
        } else if keys.all(&["conversationId", "communicationId"]) && keys.count(&["transcripts", "organizationId"]) > 0
        {
            92
        } else if keys.has("participants[].purpose")
            && keys.count(&["conversationId", "participants[].sessions", "participants[].userId"]) > 0
        {
            96
        } else {
            0
        }
    }

    fn has_side_files(&self) -> bool {
        true
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        vendor::conversations(sources, options, &["conversations", "entities"], sink, &|source, item, id| {
            conversation(source, options, item, id)
        })
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct File {
    conversation_id: Word,
    communication_id: Word,
    media_type: Word,
    conversation_start_time: Word,
    start_time: Word,
    #[serde(deserialize_with = "or_default")]
    participants: Vec<Participant>,
    transcripts: Option<Vec<Transcript>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Transcript {
    language: Word,
    #[serde(deserialize_with = "or_default")]
    phrases: Vec<Phrase>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Phrase {
    participant_purpose: Word,
    start_time_ms: Time,
    #[serde(deserialize_with = "or_default")]
    duration: Length,
    text: Option<String>,
    decorated_text: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Length {
    milliseconds: Time,
}

/// Somebody on the line: as transcripts list them, with times of their own, or as the details of a conversation do, with
/// sessions and their segments.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Participant {
    purpose: Word,
    participant_purpose: Word,
    user_id: Word,
    queue_id: Word,
    team_id: Word,
    start_time: Word,
    start_time_ms: Word,
    end_time: Word,
    end_time_ms: Word,
    #[serde(deserialize_with = "or_default")]
    sessions: Vec<Session>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Session {
    #[serde(deserialize_with = "or_default")]
    segments: Vec<LineSegment>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct LineSegment {
    segment_type: Word,
    segment_start: Word,
    segment_end: Word,
    queue_id: Word,
}

/// What a company's side of the line is at a time.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    /// An agent talks with the customer.
    Agent,
    /// A machine talks, or plays music.
    Machine,
}

/// A stretch of time, in milliseconds since 1970.
struct Stretch<'f> {
    side: Side,
    user: Option<&'f str>,
    from: f64,
    to: f64,
}

/// Who was on the line when.
#[derive(Default)]
struct Line<'f> {
    stretches: Vec<Stretch<'f>>,
    queues: BTreeSet<&'f str>,
    teams: BTreeSet<&'f str>,
}

/// Milliseconds since 1970 of a number or a date.
#[allow(clippy::cast_precision_loss)] // milliseconds of dates are exact
fn epoch(word: &Word) -> Option<f64> {
    let text = word.get()?;
    match text.parse::<f64>() {
        Ok(number) => Some(number).filter(|n| n.is_finite()),
        Err(_) => vendor::micros(text).map(|us| us as f64 / 1e3),
    }
}

fn is_machine(purpose: &str) -> bool {
    matches!(purpose, "ivr" | "acd" | "workflow" | "flow" | "voicemail" | "fax" | "bot" | "botflow")
}

fn is_agent(purpose: &str) -> bool {
    matches!(purpose, "agent" | "user")
}

impl<'f> Line<'f> {
    fn of(participants: &'f [Participant]) -> Line<'f> {
        let mut line = Line::default();
        for person in participants {
            let purpose =
                person.purpose.get().or(person.participant_purpose.get()).unwrap_or_default().to_ascii_lowercase();
            let user = person.user_id.get();
            if !is_agent(&purpose) && !is_machine(&purpose) {
                continue;
            }
            let whole = if is_agent(&purpose) { Side::Agent } else { Side::Machine };
            let mut add = |side, from: Option<f64>, to: Option<f64>| {
                if let Some(from) = from {
                    line.stretches.push(Stretch { side, user, from, to: to.unwrap_or(f64::INFINITY) });
                }
            };
            let mut segments = person.sessions.iter().flat_map(|s| &s.segments).peekable();
            if segments.peek().is_none() {
                let start = epoch(&person.start_time_ms).or(epoch(&person.start_time));
                add(whole, start, epoch(&person.end_time_ms).or(epoch(&person.end_time)));
            }
            for segment in segments.clone() {
                let kind = segment.segment_type.get().unwrap_or_default().to_ascii_lowercase();
                let side = match (&*kind, whole) {
                    ("interact", Side::Agent) => Side::Agent,
                    ("hold", Side::Agent) => Side::Machine,
                    // Ringing, wrapping up and dialling are no talk.
                    (_, Side::Agent) => continue,
                    (_, Side::Machine) => Side::Machine,
                };
                add(side, epoch(&segment.segment_start), epoch(&segment.segment_end));
            }
            if is_agent(&purpose) {
                line.queues.extend(segments.filter_map(|s| s.queue_id.get()).chain(person.queue_id.get()));
                line.teams.extend(person.team_id.get());
            }
        }
        line
    }

    /// Whether it is known when an agent talked.
    fn knows(&self) -> bool {
        self.stretches.iter().any(|s| s.side == Side::Agent)
    }

    /// Whose an internal phrase is, and the agent's id.
    fn who(&self, from: f64, to: f64) -> (Speaker, Option<&'f str>) {
        if !self.knows() {
            return (Speaker::Agent, None);
        }
        let shared = |s: &Stretch<'_>| to.max(from + 1.0).min(s.to) - from.max(s.from);
        let overlap = |side| {
            self.stretches
                .iter()
                .filter(move |s| s.side == side)
                .map(move |s| (shared(s), s.user))
                .filter(|(n, _)| *n > 0.0)
        };
        let longest = overlap(Side::Agent).map(|(n, _)| n).fold(0.0, f64::max);
        if longest == 0.0 || overlap(Side::Machine).any(|(n, _)| n > longest) {
            return (Speaker::Ivr, None);
        }
        let users: BTreeSet<_> = overlap(Side::Agent).filter(|(n, _)| *n >= longest).map(|(_, user)| user).collect();
        (Speaker::Agent, if users.len() == 1 { users.first().copied().flatten() } else { None })
    }
}

fn conversation(source: &Source, options: &Options, item: &Item<'_>, fallback: &str) -> Made {
    let file: File = item.parse()?;
    // A file for each recording is named after the recording.
    let recording = file.communication_id.get().filter(|r| source.stem().contains(r));
    let own_id = file.conversation_id.get().zip(recording).map(|(call, recording)| format!("{call}/{recording}"));
    let id = own_id.as_deref().or(file.conversation_id.get()).unwrap_or(fallback);
    let Some(transcripts) = file.transcripts else {
        return details_alone(source, &file.participants, id);
    };
    let own = Line::of(&file.participants);
    let side = if own.knows() { None } else { side_file(source, options, &file.conversation_id, id)? };
    let line = side.as_ref().map_or(own, |s| Line::of(&s.participants));

    let language = transcripts.iter().find_map(|t| t.language.get()).map(str::to_owned);
    let phrases: Vec<Phrase> = transcripts.into_iter().flat_map(|t| t.phrases).collect();
    let earliest = phrases.iter().filter_map(|p| p.start_time_ms.0).fold(f64::INFINITY, f64::min);
    // Small numbers are not dates but milliseconds from the start.
    let dated = earliest > 1e11;
    // The call begins where it says, unless that is after its first words or a day before them.
    let begun = [epoch(&file.conversation_start_time), epoch(&file.start_time)].into_iter().flatten();
    let begun: Vec<f64> = begun.filter(|b| *b > 1e11).collect();
    let first = begun.iter().copied().find(|b| *b <= earliest && earliest - b < 86_400e3);
    let zero = if dated { first.unwrap_or(earliest) } else { 0.0 };
    // Dates of the line for phrases that count from the start.
    let shift = if dated { 0.0 } else { begun.last().copied().unwrap_or(0.0) };
    let (mut internal, mut known) = (false, true);
    let turns = phrases.into_iter().map(|p| {
        let from = p.start_time_ms.0;
        let to = from.and_then(|f| p.duration.milliseconds.0.map(|d| f + d.max(0.0)));
        let purpose = p.participant_purpose.get().unwrap_or_default().to_ascii_lowercase();
        let (speaker, agent) = match &*purpose {
            "external" | "customer" => (Speaker::Customer, None),
            "bot" | "botflow" => (Speaker::Bot, None),
            machine if is_machine(machine) => (Speaker::Ivr, None),
            "internal" | "agent" | "user" => {
                internal |= purpose == "internal";
                known &= line.knows();
                let (speaker, user) = match from {
                    Some(from) => line.who(from + shift, to.unwrap_or(from) + shift),
                    None => (Speaker::Agent, None),
                };
                // Said to be the agent's outright.
                if is_agent(&purpose) { (Speaker::Agent, user) } else { (speaker, user) }
            }
            _ => (Speaker::Unknown, None),
        };
        Segment {
            label: purpose,
            speaker,
            agent_id: agent.map(str::to_owned),
            start: from.map(|t| (t - zero) / 1e3),
            end: to.map(|t| (t - zero) / 1e3),
            text: p.decorated_text.filter(|t| !t.trim().is_empty()).or(p.text).unwrap_or_default(),
        }
    });
    let turns: Vec<Segment> = turns.collect();
    let channel = match file.media_type.get().map(str::to_ascii_lowercase).as_deref() {
        Some("chat" | "message" | "webchat" | "webmessaging" | "sms") => Channel::Chat,
        Some("email") => Channel::Email,
        _ => Channel::Call,
    };
    let mut c = if channel == Channel::Call { segments::call(id, turns) } else { vendor::chat(id, turns) };
    c.channel = channel;
    if internal && !known {
        c.note(
            NoteKind::Announcement,
            "all internal phrases are taken for the agent's, also those of a voice menu: nothing says when an agent was on the line",
        );
    }
    let only = |set: &BTreeSet<&str>| set.first().filter(|_| set.len() == 1).map(|v| (*v).to_owned().into());
    (c.queue, c.team) = (only(&line.queues), only(&line.teams));
    // Where the file tells of one agent only, what overlaps nobody is theirs too.
    let users: BTreeSet<_> = line.stretches.iter().filter(|s| s.side == Side::Agent).map(|s| s.user).collect();
    if let Some(Some(user)) = users.first().filter(|_| users.len() == 1) {
        c.agent_id = Some((*user).to_owned().into());
    }
    vendor::settle_agents(&mut c);
    c.language = language.map(Into::into);
    #[allow(clippy::cast_possible_truncation)] // saturates, and the range is checked
    let at = if dated { Some(zero) } else { begun.first().copied() }.and_then(|ms| vendor::date((ms * 1e3) as i64));
    c.started_at = at.map(Into::into);
    vendor::label(&mut c, "communication_id", file.communication_id.get());
    Ok(Some(c))
}

const SIDE: [&str; 2] = ["_metadata.json", "_call_metadata.json"];

/// The conversation's details in a file beside the transcript.
fn side_file(source: &Source, options: &Options, call: &Word, id: &str) -> Result<Option<File>, Refused> {
    let stem = source.stem();
    let audio = stem.rsplit_once('.').map_or(&*stem, |(audio, _)| audio);
    let plain = ["_transcript", "-transcript"].into_iter().find_map(|end| stem.strip_suffix(end));
    let bases = [Some(&*stem), plain, Some(audio), call.get().filter(|id| !id.contains(['/', '\\']))];
    let names = bases.into_iter().flatten().flat_map(|base| SIDE.map(|end| format!("{base}{end}")));
    let Some(side) = names.into_iter().find_map(|name| source.beside(&name)) else { return Ok(None) };
    let read = vendor::side_file(&side, options).map_err(|reason| Refused { id: Some(id.to_owned()), reason })?;
    Ok(Some(read))
}

/// The details of a conversation were read with its transcript, if that is there.
fn details_alone(source: &Source, participants: &[Participant], id: &str) -> Made {
    let name = source.stem() + ".json";
    let transcript = SIDE.iter().filter_map(|end| name.strip_suffix(end)).any(|base| {
        ["", "_transcript", "-transcript", ".wav", ".mp3"]
            .iter()
            .flat_map(|end| [format!("{base}{end}.json"), format!("{base}{end}.json.gz")])
            .any(|name| source.beside(&name).is_some())
    });
    if transcript {
        return Ok(None);
    }
    let reason = if participants.is_empty() {
        Reason::Content("no transcripts[].phrases[]: this is no transcript".to_owned())
    } else {
        Reason::Content(
            "the details of a conversation, without its transcript; put them beside it and call them like it, with _metadata.json behind"
                .to_owned(),
        )
    };
    Err(Refused { id: Some(id.to_owned()), reason })
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    fn phrases(list: &[(&str, u64)]) -> String {
        let all: Vec<String> = list
            .iter()
            .map(|(who, at)| {
                format!(r#"{{"participantPurpose":"{who}","startTimeMs":{at},"duration":{{"milliseconds":1000}},"text":"words"}}"#)
            })
            .collect();
        format!(r#""transcripts":[{{"language":"en-us","phrases":[{}]}}]"#, all.join(","))
    }

    fn speakers(json: &str) -> Vec<String> {
        let got = read_text(&Genesys, "a.json", json.as_bytes()).remove(0);
        let c: crate::model::Conversation<'_> = serde_json::from_str(&got).unwrap_or_else(|e| panic!("{got}: {e}"));
        let who = |t: &crate::model::Turn<'_>| format!("{} {}", t.speaker.name(), c.agent_of(t).unwrap_or("-"));
        c.turns.iter().filter(|t| t.speaker != Speaker::Customer).map(who).collect()
    }

    const T: u64 = 1_740_000_000_000;

    #[test]
    fn internal_phrases_are_the_agents_only_while_one_is_on_the_line() {
        let said = phrases(&[
            ("internal", T + 1_000),
            ("internal", T + 10_000),
            ("internal", T + 25_000),
            ("internal", T + 40_000),
            ("internal", T + 55_000),
            ("internal", T + 70_000),
        ]);
        let times = |from: u64, to: u64| format!(r#""startTimeMs":{},"endTimeMs":{}"#, T + from, T + to);
        let json = format!(
            r#"{{"conversationId":"c","participants":[{{"participantPurpose":"ivr",{}}},{{"participantPurpose":"agent","userId":"u1",{}}},
               {{"participantPurpose":"agent","userId":"u2",{}}}],{said}}}"#,
            times(0, 8_000),
            times(9_000, 45_000),
            times(38_000, 60_000)
        );
        assert_eq!(speakers(&json), ["ivr -", "agent u1", "agent u1", "agent -", "agent u2", "ivr -"]);
    }

    #[test]
    fn holds_and_ringing_are_not_talk() {
        let said = phrases(&[("internal", T + 2_000), ("internal", T + 12_000), ("internal", T + 22_000)]);
        let json = format!(
            r#"{{"conversationId":"c","conversationStartTime":"2025-02-19T21:20:00.000Z","participants":[{{"purpose":"agent","userId":"u1","sessions":[{{"segments":[
               {{"segmentType":"alert","segmentStart":"2025-02-19T21:20:00.000Z","segmentEnd":"2025-02-19T21:20:09Z"}},
               {{"segmentType":"interact","segmentStart":"2025-02-19T21:20:09Z","segmentEnd":"2025-02-19T21:20:20Z"}},
               {{"segmentType":"hold","segmentStart":"2025-02-19T21:20:20Z","segmentEnd":"2025-02-19T21:21:20Z"}}]}}]}}],{said}}}"#
        );
        assert_eq!(speakers(&json), ["ivr u1", "agent u1", "ivr u1"]);
    }

    #[test]
    fn a_file_for_each_recording_has_an_id_of_its_own() {
        let said = phrases(&[("agent", T), ("external", T + 1_500)]);
        let json = format!(r#"{{"conversationId":"c","communicationId":"r-2",{said}}}"#);
        for (name, id) in [("c_r-2.json", r#"{"id":"c/r-2","#), ("c.json", r#"{"id":"c","#)] {
            let got = read_text(&Genesys, name, json.as_bytes());
            assert!(got[0].starts_with(id), "{got:?}");
        }
    }

    #[test]
    fn without_details_it_is_said_that_the_company_may_be_a_machine() {
        let json = format!(r#"{{"conversationId":"c",{}}}"#, phrases(&[("internal", T), ("external", T + 1_500)]));
        assert_eq!(speakers(&json), ["agent -"]);
        assert!(read_text(&Genesys, "a.json", json.as_bytes())[0].contains("all internal phrases are taken"));
        let json = format!(r#"{{"conversationId":"c",{}}}"#, phrases(&[("agent", 500), ("acd", 60_000)]));
        assert_eq!(speakers(&json), ["agent -", "ivr -"], "times from the start");
    }
}
