//! Amazon Connect: Contact Lens, Transcribe Call Analytics, and the transcripts of chats.
//!
//! ```json
//! {"Channel": "VOICE", "LanguageCode": "en-US", "CustomerMetadata": {"ContactId": "c-1"},
//!  "Participants": [{"ParticipantId": "AGENT", "ParticipantRole": "AGENT"}],
//!  "ConversationCharacteristics": {},
//!  "Transcript": [{"ParticipantId": "AGENT", "Content": "Good morning.", "BeginOffsetMillis": 0, "EndOffsetMillis": 1200}]}
//! ```
//! Read are the analysed files of calls and chats (raw or redacted), the output of Transcribe Call Analytics, the chat
//! transcripts that Connect itself writes, and answers of the API with `Segments`. Names of fields may be written in
//! camelCase too.
//!
//! **Who speaks** is said outright: `ParticipantRole`, of the turn or of its `ParticipantId` in `Participants`. `SYSTEM` is
//! the voice menu in a call and the system in a chat; `CUSTOM_BOT` is a bot. A `SUPERVISOR` is nobody who is scored and
//! stays unknown under that label.
//!
//! **Which agent** a call had is in no file of a call: name it by the file's name or a list beside it, by contact id. In
//! chats the agent's display name is taken for the id.
//!
//! **Times** are milliseconds in calls and moments in chats, which have no ends.
//!
//! Left out: events of chats (joined, left, typing), attachments, and all that the vendor has worked out (sentiment,
//! categories, interruptions, loudness, words one by one). What was redacted stays as it is written (`[PII]`). The id is the
//! contact's id, the name of the job, or the file's name up to `_analysis_`; the raw and the redacted file of a contact are
//! one conversation, and the second of them is set aside.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::json::{Item, Word, or_default};
use super::segments::{self, Segment};
use super::vendor::{self, Made, Refused, Time};
use crate::ingest::{Format, Options, Sample, Sink, Source};
use crate::model::{NoteKind, Speaker};

/// Files of Amazon Connect and of Transcribe Call Analytics.
pub struct ContactLens;

impl Format for ContactLens {
    fn name(&self) -> &'static str {
        "contact-lens"
    }

    fn about(&self) -> &'static str {
        "Amazon Connect Contact Lens (calls and chats) and Transcribe Call Analytics, JSON with `Transcript`"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        let either = |a: &str, b: &str| keys.has(a) || keys.has(b);
        let turn = |list: &str, small: &str| {
            let text = keys.has(&format!("{list}.Content")) || keys.has(&format!("{small}.content"));
            let who = [format!("{list}.ParticipantId"), format!("{list}.ParticipantRole")].iter().any(|k| keys.has(k))
                || [format!("{small}.participantId"), format!("{small}.participantRole")].iter().any(|k| keys.has(k));
            text && who
        };
        if either("ConversationCharacteristics", "conversationCharacteristics") {
            96
        } else if turn("Transcript[]", "transcript[]") || turn("Segments[].Transcript", "segments[].transcript") {
            95
        } else if keys.has("JobStatus") && either("Participants[].ParticipantRole", "JobDetails") {
            92
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
    #[serde(alias = "channel")]
    channel: Word,
    #[serde(alias = "jobStatus", alias = "Status", alias = "status")]
    job_status: Word,
    #[serde(alias = "failureReason")]
    failure_reason: Word,
    #[serde(alias = "jobName", alias = "CallAnalyticsJobName")]
    job_name: Word,
    #[serde(alias = "languageCode")]
    language_code: Word,
    #[serde(alias = "contactId")]
    contact_id: Word,
    #[serde(alias = "customerMetadata", deserialize_with = "or_default")]
    customer_metadata: Metadata,
    #[serde(alias = "participants", deserialize_with = "or_default")]
    participants: Vec<Participant>,
    #[serde(alias = "transcript", deserialize_with = "or_default")]
    transcript: Vec<Said>,
    #[serde(alias = "segments", deserialize_with = "or_default")]
    segments: Vec<ApiSegment>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct Metadata {
    #[serde(alias = "contactId")]
    contact_id: Word,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct Participant {
    #[serde(alias = "participantId")]
    participant_id: Word,
    #[serde(alias = "participantRole")]
    participant_role: Word,
}

/// A segment of the API: one of transcript, categories, issues…
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct ApiSegment {
    #[serde(alias = "transcript")]
    transcript: Option<Said>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct Said {
    #[serde(alias = "participantId")]
    participant_id: Word,
    #[serde(alias = "participantRole")]
    participant_role: Word,
    #[serde(alias = "displayName")]
    display_name: Word,
    #[serde(alias = "content")]
    content: Option<String>,
    #[serde(alias = "contentType")]
    content_type: Word,
    #[serde(rename = "Type", alias = "type")]
    kind: Word,
    #[serde(alias = "beginOffsetMillis")]
    begin_offset_millis: Time,
    #[serde(alias = "endOffsetMillis")]
    end_offset_millis: Time,
    #[serde(alias = "absoluteTime")]
    absolute_time: Word,
    #[serde(alias = "time", deserialize_with = "or_default")]
    time: At,
}

/// The time of a segment of the API.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct At {
    #[serde(alias = "absoluteTime")]
    absolute_time: Word,
}

impl Said {
    /// The words; of an interactive message its title. Events and attachments have none.
    fn text(&mut self) -> String {
        let text = self.content.take().unwrap_or_default();
        match (self.kind.get(), self.content_type.get()) {
            (Some("EVENT" | "ATTACHMENT"), _) => String::new(),
            (_, Some(kind)) if kind.contains(".event.") => String::new(),
            (_, Some(kind)) if kind.contains("interactive") => {
                let message: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
                message.pointer("/data/content/title").and_then(|t| t.as_str()).unwrap_or_default().to_owned()
            }
            _ => text,
        }
    }
}

/// The speaker of a role as the vendor writes it; any other role stays a label.
fn speaker(role: &str, chat: bool) -> Speaker {
    match role.to_ascii_uppercase().as_str() {
        "AGENT" => Speaker::Agent,
        "CUSTOMER" => Speaker::Customer,
        "CUSTOM_BOT" | "CUSTOMBOT" => Speaker::Bot,
        "SYSTEM" if chat => Speaker::System,
        "SYSTEM" => Speaker::Ivr,
        _ => Speaker::Unknown,
    }
}

fn conversation(item: &Item<'_>, fallback: &str) -> Made {
    let mut file: File = item.parse()?;
    let named = file.customer_metadata.contact_id.get().or(file.contact_id.get()).or(file.job_name.get());
    let id = named.unwrap_or_else(|| fallback.split("_analysis_").next().unwrap_or(fallback)).to_owned();
    let mut said = std::mem::take(&mut file.transcript);
    said.extend(std::mem::take(&mut file.segments).into_iter().filter_map(|s| s.transcript));
    if let Some(status) = file.job_status.get().filter(|s| s.to_ascii_uppercase().contains("FAIL")) {
        return Err(Refused::vendor(&id, file.failure_reason.get().unwrap_or(status)));
    }
    if let Some(status @ ("IN_PROGRESS" | "QUEUED")) = file.job_status.get() {
        return Err(Refused::vendor(&id, format!("the status is {status}: export it again when it is COMPLETED")));
    }
    for turn in &mut said {
        if turn.absolute_time.get().is_none() {
            turn.absolute_time = std::mem::take(&mut turn.time.absolute_time);
        }
    }
    let chat = match file.channel.get() {
        Some(channel) => channel.eq_ignore_ascii_case("CHAT"),
        None => said.iter().any(|s| s.absolute_time.get().is_some()),
    };
    let roles: BTreeMap<&str, &str> =
        file.participants.iter().filter_map(|p| Some((p.participant_id.get()?, p.participant_role.get()?))).collect();
    let moments: Vec<Option<i64>> = said.iter().map(|s| s.absolute_time.get().and_then(vendor::micros)).collect();
    let first = moments.iter().flatten().min().copied();
    let mut unread = 0_usize;
    let mut turns = Vec::with_capacity(said.len());
    for (mut said, moment) in said.into_iter().zip(moments) {
        unread += usize::from(moment.is_none() && said.absolute_time.get().is_some());
        let text = said.text();
        let own = said.participant_id.get();
        let role = said.participant_role.get().or_else(|| own.and_then(|p| roles.get(p).copied())).or(own);
        let speaker = speaker(role.unwrap_or_default(), chat);
        let since = moment.zip(first).map(|(at, first)| vendor::seconds(first, at));
        turns.push(Segment {
            label: role.unwrap_or_default().to_owned(),
            speaker,
            agent_id: said.display_name.get().filter(|_| speaker == Speaker::Agent).map(str::to_owned),
            start: said.begin_offset_millis.millis().or(since),
            end: said.end_offset_millis.millis(),
            text,
        });
    }
    let mut c = if chat { vendor::chat(&id, turns) } else { segments::call(&id, turns) };
    c.language = file.language_code.get().map(|l| l.to_owned().into());
    c.started_at = first.and_then(vendor::date).map(Into::into);
    if unread > 0 {
        c.note(NoteKind::Times, format!("{unread} times of messages were not understood as dates"));
    }
    vendor::settle_agents(&mut c);
    Ok(Some(c))
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    #[test]
    fn redacted_and_lower_case_files_are_read_alike() {
        let upper = r#"{"Channel":"VOICE","JobStatus":"COMPLETED","ConversationCharacteristics":{},"Participants":null,
            "Transcript":[{"ParticipantRole":"AGENT","Content":"Is it [PII]?","BeginOffsetMillis":10,"EndOffsetMillis":900}]}"#;
        let lower = r#"{"channel":"VOICE","conversationCharacteristics":{},"participants":[{"participantId":"p","participantRole":"AGENT"}],
            "transcript":[{"participantId":"p","content":"Is it [PII]?","beginOffsetMillis":10,"endOffsetMillis":900}]}"#;
        let one = read_text(&ContactLens, "c7_analysis_redacted_2025-03-31T18:05:00Z.json", upper.as_bytes());
        assert_eq!(one, read_text(&ContactLens, "c7.json", lower.as_bytes()));
        assert!(one[0].starts_with(
            r#"{"id":"c7","channel":"call","turns":[{"speaker":"agent","text":"Is it [PII]?","start":0.01"#
        ));
    }

    #[test]
    fn roles_of_machines_and_supervisors_are_not_the_agents() {
        let text = r#"{"ConversationCharacteristics":{},"Transcript":[
            {"ParticipantRole":"SYSTEM","Content":"Press one.","BeginOffsetMillis":0},
            {"ParticipantRole":"SUPERVISOR","Content":"Let me help.","BeginOffsetMillis":9000}]}"#;
        let got = read_text(&ContactLens, "a.json", text.as_bytes());
        assert!(got[0].contains(r#"{"speaker":"ivr","text":"Press one.""#), "{got:?}");
        assert!(got[0].contains(r#"{"speaker":"system","text":"Let me help.""#), "{got:?}");
    }

    #[test]
    fn a_job_that_is_not_done_is_no_empty_call() {
        for (json, said) in [
            (r#"{"JobStatus":"FAILED","FailureReason":"no speech","Participants":[]}"#, "no speech"),
            (r#"{"JobStatus":"IN_PROGRESS","Transcript":[]}"#, "the status is IN_PROGRESS"),
        ] {
            let got = read_text(&ContactLens, "a.json", json.as_bytes());
            assert!(got[0].contains("the export itself reports a failure") && got[0].contains(said), "{got:?}");
        }
    }
}
