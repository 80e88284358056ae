//! Gong: transcripts of calls, as the API returns them (`/v2/calls/transcript`).
//!
//! ```json
//! {"callTranscripts": [{"callId": "77", "transcript": [{"speakerId": "301", "topic": "Pricing", "sentences": [
//!    {"start": 460, "end": 2900, "text": "Good evening, how can I help?"}]}],
//!   "parties": [{"speakerId": "301", "userId": "u-5", "name": "Aidana K", "affiliation": "Internal"}]}]}
//! ```
//! One call a file, the list `callTranscripts` (or `calls`), or one a line. The transcript alone names speakers by number, which
//! become labels. Where a call also has its `parties` (from `/v2/calls/extensive`), `Internal` is the agent, by `userId`, else
//! the address, else the name, and `External` the customer; other parties are named. From `metaData`: `started`, `language`,
//! `title` (a label). Topics, trackers and comments are left out.
//!
//! Times are milliseconds in Gong's API and seconds in some exports: they are taken for seconds where they have fractions, or
//! where milliseconds would mean that people say more than 20 words a second.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::json::{self, Number, Word, or_default};
use super::segments::{self, Segment};
use super::times;
use crate::ingest::{Format, Options, Record, Sample, Sink, Source};
use crate::model::{Conversation, NoteKind, Reason, Speaker};

/// Call transcripts of Gong.
pub struct Gong;

impl Format for Gong {
    fn name(&self) -> &'static str {
        "gong"
    }

    fn about(&self) -> &'static str {
        "call transcripts of Gong's API; roles where the parties of the call are in the file"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        match keys.has("transcript[].sentences[].text") {
            true if keys.has("transcript[].speakerId") => 96,
            true => 85,
            // Calls whose transcript is null or empty.
            false if keys.iter().any(|k| k == "callTranscripts[].callId") => 92,
            false => 0,
        }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        for source in sources {
            let mut count = 0;
            json::read(source, options, &["callTranscripts", "calls"], sink, &mut |item, sink| {
                count += 1;
                let stem = if count == 1 { source.stem() } else { format!("{}-{count}", source.stem()) };
                match item.parse::<Call>() {
                    Ok(call) => {
                        let id = call.call_id.get().or(call.meta_data.id.get()).map_or(stem, str::to_owned);
                        match conversation(&id, call) {
                            Ok(c) => {
                                sink(Record::Conversation { place: item.place.clone(), conversation: Box::new(c) })
                            }
                            Err(reason) => item.bad(Some(id), reason, sink),
                        }
                    }
                    Err(reason) => item.bad(item.word("callId").or(Some(stem)), reason, sink),
                }
            })?;
        }
        ControlFlow::Continue(())
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Call {
    call_id: Word,
    transcript: Option<Vec<Monologue>>,
    #[serde(deserialize_with = "or_default")]
    parties: Vec<Party>,
    #[serde(deserialize_with = "or_default")]
    meta_data: MetaData,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MetaData {
    id: Word,
    title: Word,
    started: Word,
    language: Word,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Party {
    speaker_id: Word,
    user_id: Word,
    name: Word,
    email_address: Word,
    affiliation: Word,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Monologue {
    speaker_id: Word,
    #[serde(deserialize_with = "or_default")]
    sentences: Vec<Sentence>,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "a sentence")]
struct Sentence {
    start: Number,
    end: Number,
    text: Word,
}

fn conversation(id: &str, call: Call) -> Result<Conversation<'static>, Reason> {
    let Some(transcript) = call.transcript else {
        return Err(Reason::Content(
            "no `transcript`: the call was not transcribed, or not exported with it".to_owned(),
        ));
    };
    let unit = unit(&transcript);
    let parties: BTreeMap<&str, &Party> =
        call.parties.iter().filter_map(|p| p.speaker_id.get().map(|id| (id, p))).collect();
    let mut segments = Vec::new();
    for monologue in &transcript {
        let id = monologue.speaker_id.get().unwrap_or_default();
        let party = parties.get(id);
        let affiliation = party.and_then(|p| p.affiliation.get()).unwrap_or_default().to_ascii_lowercase();
        let speaker = match &*affiliation {
            "internal" => Speaker::Agent,
            "external" => Speaker::Customer,
            _ => Speaker::Unknown,
        };
        let name = party.and_then(|p| p.name.get());
        let agent = party.and_then(|p| p.user_id.get().or(p.email_address.get())).or(name);
        let label = match (speaker, name) {
            (Speaker::Unknown, Some(name)) => name.to_owned(),
            (Speaker::Unknown, None) if !id.is_empty() => format!("speaker {id}"),
            _ => String::new(),
        };
        for sentence in &monologue.sentences {
            segments.push(Segment {
                label: label.clone(),
                speaker,
                agent_id: agent.filter(|_| speaker == Speaker::Agent).map(str::to_owned),
                start: sentence.start.0.map(|t| t / unit),
                end: sentence.end.0.map(|t| t / unit),
                text: sentence.text.0.clone().unwrap_or_default(),
            });
        }
    }
    let mut c = segments::call(id, segments);
    segments::one_agent(&mut c);
    c.language = call.meta_data.language.get().map(|l| l.to_owned().into());
    if let Some(title) = call.meta_data.title.get() {
        c.labels.0.insert("title".into(), title.to_owned().into());
    }
    if let Some(started) = call.meta_data.started.get() {
        match times::parse(started).ok().and_then(times::written) {
            Some(written) => c.started_at = Some(written.into()),
            None => {
                c.note(NoteKind::Date, format!("its date cannot be read: {started}"));
            }
        }
    }
    Ok(c)
}

/// How many units of the file's times are a second.
fn unit(transcript: &[Monologue]) -> f64 {
    let (mut spoken, mut words, mut fractions) = (0.0, 0.0, false);
    for sentence in transcript.iter().flat_map(|m| &m.sentences) {
        if let (Some(start), Some(end)) = (sentence.start.0, sentence.end.0) {
            fractions |= start.fract() != 0.0 || end.fract() != 0.0;
            spoken += (end - start).max(0.0);
            let text = sentence.text.get().unwrap_or_default();
            words += f64::from(u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX));
        }
    }
    if fractions || words > 20.0 * spoken / 1000.0 { 1.0 } else { 1000.0 }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    fn times(sentences: &str) -> Vec<(f64, f64)> {
        let text = format!("{{\"callId\":\"1\",\"transcript\":[{{\"speakerId\":\"3\",\"sentences\":[{sentences}]}}]}}");
        let got = read_text(&Gong, "x.json", text.as_bytes());
        let value: serde_json::Value = serde_json::from_str(&got[0]).unwrap();
        let turns = value["turns"].as_array().unwrap();
        turns.iter().map(|t| (t["start"].as_f64().unwrap(), t["end"].as_f64().unwrap())).collect()
    }

    #[test]
    fn milliseconds_and_seconds_are_told_apart() {
        assert_eq!(times("{\"start\":460,\"end\":2900,\"text\":\"Good evening to you\"}"), [(0.46, 2.9)]);
        assert_eq!(times("{\"start\":4,\"end\":7,\"text\":\"Good evening to you\"}"), [(4.0, 7.0)]);
        assert_eq!(times("{\"start\":460.5,\"end\":462,\"text\":\"Yes\"}"), [(460.5, 462.0)]);
        assert_eq!(times("{\"start\":90000,\"end\":90400,\"text\":\"Yes\"}"), [(90.0, 90.4)]);
    }

    #[test]
    fn parties_give_roles_and_the_transcript_alone_gives_labels() {
        let read = |parties: &str| {
            let text = format!(
                "{{\"callTranscripts\":[{{\"callId\":7,{parties}\"transcript\":[\
                 {{\"speakerId\":\"3\",\"sentences\":[{{\"start\":0,\"end\":900,\"text\":\"Hello\"}}]}},\
                 {{\"speakerId\":\"4\",\"sentences\":[{{\"start\":1000,\"end\":1900,\"text\":\"Hi\"}}]}}]}}]}}"
            );
            read_text(&Gong, "x.json", text.as_bytes()).remove(0)
        };
        let bare = read("");
        assert!(
            bare.contains("\"label\":\"speaker 3\",\"text\":\"Hello\"") && bare.starts_with("{\"id\":\"7\""),
            "{bare}"
        );
        let named = read(
            "\"parties\":[{\"speakerId\":\"3\",\"affiliation\":\"Internal\",\"name\":\"A\",\"emailAddress\":\"a@example.kz\"},{\"speakerId\":\"4\",\"affiliation\":\"Unknown\",\"name\":\"Marat\"}],",
        );
        assert!(
            named.contains("\"agent_id\":\"a@example.kz\",\"turns\":[{\"speaker\":\"agent\",\"text\":\"Hello\""),
            "{named}"
        );
        assert!(named.contains("\"label\":\"Marat\",\"text\":\"Hi\""), "{named}");
        let none = read_text(&Gong, "x.json", b"{\"callId\":\"9\",\"transcript\":null}");
        assert!(none[0].starts_with("line 1 9: no `transcript`"), "{none:?}");
    }
}
