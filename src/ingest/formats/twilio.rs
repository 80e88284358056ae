//! Twilio Conversational Intelligence: the sentences of a transcript.
//!
//! ```json
//! {"transcript": {"sid": "GT00", "language_code": "en-US", "media_start_time": "2025-03-31T13:05:00Z",
//!    "channel": {"participants": [{"channel_participant": 1, "role": "Agent", "user_id": "aidana"},
//!                                 {"channel_participant": 2, "role": "Customer"}]}},
//!  "sentences": [{"media_channel": 1, "sentence_index": 0, "start_time": "0.31", "end_time": "1.90", "transcript": "Good morning."}]}
//! ```
//! Read is what `/v2/Transcripts/{Sid}/Sentences` answers. What is known of the transcript stands elsewhere
//! (`/v2/Transcripts/{Sid}`): put it into the file as `transcript`, or beside it in a file that is called like it with
//! `_transcript.json` behind. Names of fields may be written in camelCase too.
//!
//! **Who speaks** is told by the `participants` of the transcript's channel, **which agent** by their `user_id` or
//! `full_name`. Without them turns are labelled `channel 1`, `channel 2`, and the roles of the channels must be given.
//!
//! **Times** are seconds, as texts; where they are null the sentences stand in the order of `sentence_index`.
//!
//! Left out: words, confidences, results of language operators, the customer's key. The id is the transcript's (`GT…`), also from the page's own
//! address in `meta`. A page of several is set aside: ask for all sentences at once (`PageSize`) or put them into one list.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::json::{Item, Number, Word, or_default};
use super::segments::{self, Segment};
use super::vendor::{self, Made, Refused, Time};
use crate::ingest::roles::speaker_from_label;
use crate::ingest::{Format, Options, Sample, Sink, Source};
use crate::model::{Reason, Speaker};

/// Transcripts of Twilio.
pub struct Twilio;

impl Format for Twilio {
    fn name(&self) -> &'static str {
        "twilio"
    }

    fn about(&self) -> &'static str {
        "Twilio Conversational Intelligence, JSON with `sentences[].media_channel`; the transcript's data beside it if there"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        if keys.count(&["sentences[].media_channel", "sentences[].mediaChannel"]) > 0 {
            96
        } else if keys.all(&["sentences[].sentence_index", "sentences[].transcript"]) {
            94
        } else if keys.count(&["service_sid", "serviceSid"]) > 0 && keys.count(&["channel", "data_logging"]) > 0 {
            91
        } else {
            0
        }
    }

    fn has_side_files(&self) -> bool {
        true
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        vendor::conversations(sources, options, &[], sink, &|source, item, id| conversation(source, options, item, id))
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    sentences: Option<Vec<Sentence>>,
    #[serde(deserialize_with = "or_default")]
    meta: Meta,
    transcript: Option<About>,
    // The transcript's own members, where the sentences were put among them.
    #[serde(flatten)]
    about: About,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Meta {
    url: Word,
    page: Number,
    #[serde(alias = "nextPageUrl")]
    next_page_url: Word,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Sentence {
    #[serde(alias = "mediaChannel")]
    media_channel: Word,
    #[serde(alias = "sentenceIndex")]
    sentence_index: Number,
    #[serde(alias = "startTime")]
    start_time: Time,
    #[serde(alias = "endTime")]
    end_time: Time,
    transcript: Option<String>,
}

/// What is known of a transcript.
#[derive(Deserialize, Default)]
#[serde(default)]
struct About {
    sid: Word,
    status: Word,
    #[serde(alias = "languageCode")]
    language_code: Word,
    #[serde(alias = "mediaStartTime")]
    media_start_time: Word,
    #[serde(deserialize_with = "or_default")]
    channel: Channels,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Channels {
    #[serde(deserialize_with = "or_default")]
    participants: Vec<Participant>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Participant {
    #[serde(alias = "channelParticipant")]
    channel_participant: Word,
    role: Word,
    #[serde(alias = "userId")]
    user_id: Word,
    #[serde(alias = "fullName")]
    full_name: Word,
}

const SIDE: &str = "_transcript.json";

fn conversation(source: &Source, options: &Options, item: &Item<'_>, fallback: &str) -> Made {
    let file: File = item.parse()?;
    let Some(mut sentences) = file.sentences else { return about_alone(source, &file.about, fallback) };
    let mut about = file.transcript.unwrap_or(file.about);
    if about.sid.get().is_none()
        && about.channel.participants.is_empty()
        && let Some(side) = source.beside(&format!("{}{SIDE}", source.stem()))
    {
        about = vendor::side_file(&side, options)?;
    }
    // …/Transcripts/GT00/Sentences?PageSize=50
    let of_url = file.meta.url.get().and_then(|url| url.split("/Transcripts/").nth(1)?.split(['/', '?']).next());
    let id = about.sid.get().or(of_url).unwrap_or(fallback);
    if let Some(status) = about.status.get().filter(|s| *s != "completed") {
        return Err(Refused::vendor(id, format!("the status of the transcript is {status}")));
    }
    if file.meta.next_page_url.get().is_some() || file.meta.page.0.is_some_and(|page| page > 0.0) {
        let said = "this is one page of several; ask for all sentences at once (PageSize) or put them into one list";
        return Err(Refused { id: Some(id.to_owned()), reason: Reason::Content(said.to_owned()) });
    }
    if sentences.iter().any(|s| s.start_time.0.is_none()) {
        let index = |s: &Sentence| s.sentence_index.0.unwrap_or(f64::INFINITY);
        sentences.sort_by(|a, b| index(a).total_cmp(&index(b)));
    }
    let people: BTreeMap<&str, &Participant> =
        about.channel.participants.iter().filter_map(|p| Some((p.channel_participant.get()?, p))).collect();
    let turns = sentences.into_iter().map(|s| {
        let channel = s.media_channel.get();
        let person = channel.and_then(|c| people.get(c));
        let role = person.and_then(|p| p.role.get());
        let speaker = role.map_or(Speaker::Unknown, |r| speaker_from_label(r).speaker);
        let own = person.and_then(|p| p.user_id.get().or(p.full_name.get()));
        Segment {
            // A person whose role is not one of ours is known by name.
            label: person
                .and_then(|p| p.full_name.get())
                .filter(|_| speaker == Speaker::Unknown)
                .map(str::to_owned)
                .or(channel.map(|c| format!("channel {c}")))
                .unwrap_or_default(),
            speaker,
            agent_id: own.filter(|_| speaker == Speaker::Agent).map(str::to_owned),
            start: s.start_time.0,
            end: s.end_time.0,
            text: s.transcript.unwrap_or_default(),
        }
    });
    let mut c = segments::call(id, turns.collect());
    vendor::settle_agents(&mut c);
    c.language = about.language_code.get().map(|l| l.to_owned().into());
    vendor::started(&mut c, about.media_start_time.get());
    Ok(Some(c))
}

/// A transcript's data were read with its sentences, if those are there.
fn about_alone(source: &Source, about: &About, id: &str) -> Made {
    let name = source.stem() + ".json";
    if let Some(base) = name.strip_suffix(SIDE)
        && [".json", ".json.gz"].iter().any(|end| source.beside(&format!("{base}{end}")).is_some())
    {
        return Ok(None);
    }
    let id = about.sid.get().unwrap_or(id);
    match about.status.get() {
        Some(status @ ("failed" | "error" | "canceled")) => {
            Err(Refused::vendor(id, format!("the status of the transcript is {status}")))
        }
        _ => Err(Refused {
            id: Some(id.to_owned()),
            reason: Reason::Content(
                "no sentences: fetch …/Sentences of this transcript and put this file beside it, called like it with _transcript.json behind"
                    .to_owned(),
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    #[test]
    fn null_times_leave_the_order_of_the_index() {
        let text = r#"{"sentences":[
            {"media_channel":2,"sentence_index":1,"start_time":null,"end_time":null,"transcript":"Second."},
            {"media_channel":1,"sentence_index":0,"start_time":"0.5","end_time":null,"transcript":"First."}],
            "meta":{"page":0,"url":"https://intelligence.example.com/v2/Transcripts/GT12/Sentences?PageSize=50","next_page_url":null}}"#;
        let got = read_text(&Twilio, "a.json", text.as_bytes()).remove(0);
        assert!(
            got.starts_with(r#"{"id":"GT12","channel":"call","turns":[{"speaker":"unknown","label":"channel 1""#),
            "{got}"
        );
        let more = text.replace("\"next_page_url\":null", "\"next_page_url\":\"https://x\"");
        assert!(read_text(&Twilio, "a.json", more.as_bytes())[0].contains("one page of several"));
    }

    #[test]
    fn participants_name_roles_and_agents() {
        let text = r#"{"sid":"GT1","status":"completed","channel":{"participants":[
              {"channel_participant":1,"role":"Agent","user_id":"aidana"},{"channelParticipant":2,"role":"Customer"},
              {"channel_participant":3,"role":"Interpreter","full_name":"Dana"}]},
            "sentences":[{"mediaChannel":1,"startTime":"0","endTime":"1","transcript":"Good day."},
              {"mediaChannel":2,"startTime":"2","endTime":"3","transcript":"Hi."},
              {"mediaChannel":3,"startTime":"4","endTime":"5","transcript":"Salem."}]}"#;
        let got = read_text(&Twilio, "a.json", text.as_bytes()).remove(0);
        assert!(got.contains(r#""agent_id":"aidana","turns":[{"speaker":"agent","text":"Good day.""#), "{got}");
        assert!(got.contains(r#"{"speaker":"customer","text":"Hi.""#) && got.contains(r#""label":"Dana""#), "{got}");
    }
}
