//! Amazon Transcribe: the output of a standard job.
//!
//! ```json
//! {"jobName": "call-17", "status": "COMPLETED",
//!  "results": {"language_code": "ru-RU", "transcripts": [{"transcript": "Алло?"}],
//!   "speaker_labels": {"speakers": 2, "segments": [{"speaker_label": "spk_0", "start_time": "0.1", "end_time": "0.6",
//!     "items": [{"speaker_label": "spk_0", "start_time": "0.1", "end_time": "0.6"}]}]},
//!   "items": [{"type": "pronunciation", "start_time": "0.1", "end_time": "0.6", "alternatives": [{"content": "Алло"}]},
//!             {"type": "punctuation", "alternatives": [{"content": "?"}]}]}}
//! ```
//! Read are outputs with speaker labels, with channel labels, with both or with none; `audio_segments` where they name the
//! speaker, else the words (`items`), which are put together until the speaker changes or pauses for two seconds. The
//! label of a turn is `spk_0`, or `channel 0` for `ch_0` where words are on several channels.
//!
//! **Who is the agent** is not in the file: give the role of the channels or let it be told by what is said. **Which agent**
//! it was isn't either: name it by the file's name or a list beside it. Without labels of any kind nobody can say who
//! speaks; run the job with channel identification or speaker partitioning.
//!
//! Left out: alternatives, confidences, toxicity. Redacted words stay as they are written (`[PII]`). When the call took place
//! is not in the file. The description of a job (`TranscriptionJob`) is no transcript and is set aside, with the reason of a
//! failed job.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::json::{Item, Word, or_default};
use super::segments;
use super::vendor::{self, Made, Piece, Refused, Time};
use crate::ingest::{Format, Options, Sample, Sink, Source};
use crate::model::Reason;

/// The output of a standard job of Amazon Transcribe.
pub struct Transcribe;

impl Format for Transcribe {
    fn name(&self) -> &'static str {
        "transcribe"
    }

    fn about(&self) -> &'static str {
        "Amazon Transcribe, JSON with `results.items`, with speaker or channel labels"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        if keys.has("results.transcripts") && keys.count(&["jobName", "results.items", "results.speaker_labels"]) > 0 {
            96
        } else if keys.has("results.items") && keys.count(&["jobName", "results.items[].alternatives"]) > 0 {
            95
        } else if keys.has("TranscriptionJob.TranscriptionJobStatus") || keys.all(&["jobName", "accountId", "status"]) {
            93
        } else {
            0
        }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        vendor::conversations(sources, options, &[], sink, &|_, item, id| conversation(item, id))
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    #[serde(rename = "jobName")]
    job_name: Word,
    status: Word,
    #[serde(rename = "failureReason", alias = "FailureReason", alias = "failure_reason")]
    failure_reason: Word,
    language_code: Word,
    #[serde(deserialize_with = "or_default")]
    results: Results,
    #[serde(rename = "TranscriptionJob")]
    job: Option<Job>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct Job {
    transcription_job_name: Word,
    transcription_job_status: Word,
    failure_reason: Word,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Results {
    language_code: Word,
    #[serde(deserialize_with = "or_default")]
    language_codes: Vec<Spoken>,
    #[serde(deserialize_with = "or_default")]
    transcripts: Vec<Whole>,
    speaker_labels: Option<SpeakerLabels>,
    channel_labels: Option<ChannelLabels>,
    #[serde(deserialize_with = "or_default")]
    items: Vec<Entry>,
    #[serde(deserialize_with = "or_default")]
    audio_segments: Vec<AudioSegment>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Spoken {
    language_code: Word,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Whole {
    transcript: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SpeakerLabels {
    #[serde(deserialize_with = "or_default")]
    segments: Vec<SpeakerSegment>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SpeakerSegment {
    speaker_label: Word,
    start_time: Time,
    end_time: Time,
    #[serde(deserialize_with = "or_default")]
    items: Vec<SpeakerItem>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SpeakerItem {
    speaker_label: Word,
    start_time: Time,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ChannelLabels {
    #[serde(deserialize_with = "or_default")]
    channels: Vec<ChannelItems>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ChannelItems {
    channel_label: Word,
    #[serde(deserialize_with = "or_default")]
    items: Vec<Entry>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AudioSegment {
    transcript: Option<String>,
    start_time: Time,
    end_time: Time,
    speaker_label: Word,
    channel_label: Word,
}

/// A word or a punctuation mark.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    #[serde(rename = "type")]
    kind: Word,
    start_time: Time,
    end_time: Time,
    speaker_label: Word,
    channel_label: Word,
    #[serde(deserialize_with = "or_default")]
    alternatives: Vec<Alternative>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Alternative {
    content: Option<String>,
}

fn conversation(item: &Item<'_>, fallback: &str) -> Made {
    let file: File = item.parse()?;
    if let Some(job) = &file.job {
        let id = job.transcription_job_name.get().unwrap_or(fallback);
        return Err(match job.transcription_job_status.get() {
            Some("FAILED") => Refused::vendor(id, job.failure_reason.get().unwrap_or("the job failed")),
            _ => Refused {
                id: Some(id.to_owned()),
                reason: Reason::Content(
                    "this describes a job; its transcript is the file that TranscriptFileUri names".to_owned(),
                ),
            },
        });
    }
    let id = file.job_name.get().unwrap_or(fallback);
    if let Some(status) = file.status.get().filter(|s| *s != "COMPLETED") {
        return Err(Refused::vendor(id, file.failure_reason.get().unwrap_or(&format!("the status is {status}"))));
    }
    let mut results = file.results;
    let language = match &*results.language_codes {
        [one] => one.language_code.get(),
        _ => None,
    };
    let language = results.language_code.get().or(file.language_code.get()).or(language).map(str::to_owned);
    let labels = results.speaker_labels.is_some() || results.channel_labels.is_some();
    let named = |s: &AudioSegment| s.speaker_label.get().is_some() || s.channel_label.get().is_some();
    let spoken = if !results.audio_segments.is_empty() && (!labels || results.audio_segments.iter().all(named)) {
        vendor::labelled(
            results
                .audio_segments
                .into_iter()
                .map(|s| Piece {
                    channel: channel(&s.channel_label),
                    speaker: s.speaker_label.get().map(str::to_owned),
                    start: s.start_time.0,
                    end: s.end_time.0,
                    text: s.transcript.unwrap_or_default(),
                })
                .collect(),
        )
    } else {
        let whole = std::mem::take(&mut results.transcripts);
        let words = vendor::labelled(words(results));
        let mut spoken =
            segments::from_words(words.into_iter().map(|word| (word.label, word.start, word.end, word.text)));
        if spoken.is_empty() {
            let text = |w: Whole| segments::Segment { text: w.transcript.unwrap_or_default(), ..Default::default() };
            spoken = whole.into_iter().map(text).collect();
        }
        spoken
    };
    let mut c = segments::call(id, spoken);
    c.language = language.map(Into::into);
    Ok(Some(c))
}

/// The number of `ch_0`.
fn channel(label: &Word) -> Option<String> {
    label.get().map(|l| l.strip_prefix("ch_").unwrap_or(l).to_owned())
}

/// The words channel by channel, each with its punctuation.
fn words(results: Results) -> Vec<Piece> {
    // Who speaks the word that begins at a time, in thousandths of a second.
    let at = |t: Time| t.0.map(whole_millis);
    let mut speakers: BTreeMap<i64, String> = BTreeMap::new();
    let mut ranges: Vec<(f64, f64, String)> = Vec::new();
    for segment in results.speaker_labels.into_iter().flat_map(|l| l.segments) {
        for word in &segment.items {
            let who = word.speaker_label.get().or(segment.speaker_label.get());
            if let (Some(at), Some(who)) = (at(word.start_time), who) {
                speakers.insert(at, who.to_owned());
            }
        }
        if let (Some(start), Some(end), Some(who)) =
            (segment.start_time.0, segment.end_time.0, segment.speaker_label.get())
        {
            ranges.push((start, end, who.to_owned()));
        }
    }
    let mut lists: Vec<(Option<String>, Vec<Entry>)> = Vec::new();
    for list in results.channel_labels.into_iter().flat_map(|l| l.channels) {
        lists.push((channel(&list.channel_label), list.items));
    }
    if lists.iter().all(|(_, items)| items.is_empty()) {
        // Items of several channels stand in the order of their times.
        let mut by_channel: BTreeMap<Option<String>, Vec<Entry>> = BTreeMap::new();
        for entry in results.items {
            by_channel.entry(channel(&entry.channel_label)).or_default().push(entry);
        }
        lists = by_channel.into_iter().collect();
    }
    let mut out: Vec<Piece> = Vec::new();
    for (channel, entries) in lists {
        let first = out.len();
        for mut entry in entries {
            let text = entry.alternatives.first_mut().and_then(|a| a.content.take()).unwrap_or_default();
            match out[first..].last_mut() {
                // Marks stand behind their word, without a space.
                Some(before) if entry.kind.get() == Some("punctuation") => before.text.push_str(&text),
                _ => {
                    let start = entry.start_time.0;
                    let within = || start.and_then(|t| ranges.iter().find(|(from, to, _)| (*from..=*to).contains(&t)));
                    let speaker = (entry.speaker_label.get().map(str::to_owned))
                        .or_else(|| at(entry.start_time).and_then(|at| speakers.get(&at).cloned()))
                        .or_else(|| within().map(|(_, _, who)| who.clone()));
                    let channel = channel.clone();
                    out.push(Piece { channel, speaker, start, end: entry.end_time.0, text });
                }
            }
        }
    }
    out
}

#[allow(clippy::cast_possible_truncation)] // saturates
fn whole_millis(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    #[test]
    fn old_outputs_name_the_speaker_beside_the_words_and_new_ones_on_them() {
        let old = r#"{"jobName":"j","results":{"transcripts":[],"speaker_labels":{"segments":[
              {"speaker_label":"spk_0","start_time":"0.0","end_time":"1.0","items":[{"speaker_label":"spk_0","start_time":"0.0","end_time":"0.4"}]},
              {"speaker_label":"spk_1","start_time":"1.0","end_time":"2.0","items":null}]},
            "items":[{"type":"pronunciation","start_time":"0.0","end_time":"0.4","alternatives":[{"content":"Hello"}]},
              {"type":"punctuation","alternatives":[{"content":"."}]},
              {"type":"pronunciation","start_time":"1.1","end_time":"1.4","alternatives":[{"content":"Hi"}]}]}}"#;
        let new = r#"{"jobName":"j","results":{"transcripts":[],"speaker_labels":{"segments":[]},
            "items":[{"type":"pronunciation","speaker_label":"spk_0","start_time":"0.0","end_time":"0.4","alternatives":[{"content":"Hello"}]},
              {"type":"punctuation","speaker_label":"spk_0","alternatives":[{"content":"."}]},
              {"type":"pronunciation","speaker_label":"spk_1","start_time":"1.1","end_time":"1.4","alternatives":[{"content":"Hi"}]}]}}"#;
        let got = read_text(&Transcribe, "a.json", old.as_bytes());
        assert_eq!(got, read_text(&Transcribe, "a.json", new.as_bytes()));
        assert!(got[0].contains(r#"{"speaker":"unknown","label":"spk_0","text":"Hello.","start":0.0,"end":0.4},"#));
        assert!(got[0].contains(r#"{"speaker":"unknown","label":"spk_1","text":"Hi""#));
    }

    #[test]
    fn channels_are_read_one_after_the_other() {
        let text = r#"{"jobName":"j","results":{"channel_labels":{"number_of_channels":2},"items":[
            {"type":"pronunciation","channel_label":"ch_0","start_time":"0.0","end_time":"0.4","alternatives":[{"content":"Good"}]},
            {"type":"pronunciation","channel_label":"ch_1","start_time":"0.2","end_time":"0.5","alternatives":[{"content":"Hi"}]},
            {"type":"pronunciation","channel_label":"ch_0","start_time":"0.5","end_time":"0.9","alternatives":[{"content":"day"}]}]}}"#;
        let got = read_text(&Transcribe, "a.json", text.as_bytes());
        assert!(got[0].contains(r#""label":"channel 0","text":"Good day","start":0.0,"end":0.9}"#), "{got:?}");
        assert!(got[0].contains(r#""label":"channel 1","text":"Hi""#), "{got:?}");
    }

    #[test]
    fn without_labels_the_words_are_kept_and_nobody_is_named() {
        let got = read_text(
            &Transcribe,
            "a.json",
            br#"{"results":{"transcripts":[{"transcript":"Hello there"}],"items":[]}}"#,
        );
        assert!(got[0].contains(r#"[{"speaker":"unknown","text":"Hello there"}]"#), "{got:?}");
        let got = read_text(&Transcribe, "a.json", br#"{"TranscriptionJob":{"TranscriptionJobStatus":"COMPLETED"}}"#);
        assert!(got[0].contains("TranscriptFileUri"), "{got:?}");
    }
}
