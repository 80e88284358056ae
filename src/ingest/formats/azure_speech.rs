//! Azure Speech: results of batch and fast transcription.
//!
//! ```json
//! {"source": "https://example.com/calls/call-17.wav", "durationInTicks": 74800000,
//!  "combinedRecognizedPhrases": [{"channel": 0, "display": "Good morning."}],
//!  "recognizedPhrases": [{"recognitionStatus": "Success", "channel": 0, "speaker": 1, "offset": "PT0.04S",
//!    "duration": "PT2.18S", "offsetInTicks": 400000.0, "durationInTicks": 21800000.0,
//!    "nBest": [{"confidence": 0.95, "display": "Good morning."}]}]}
//! ```
//! Read are `recognizedPhrases` (or the `phrases` of fast transcription) whose `recognitionStatus` is `Success`, in the order
//! of their times, since the file has one channel after the other. The text is `display`, else `itn` or `lexical`, of the
//! first of `nBest`. Turns are labelled `channel 0`, `channel 1` where words are on several channels, else `speaker 1`,
//! `speaker 2` where the voices were told apart.
//!
//! **Who is the agent** is not in the file: give the role of the channels or let it be told by what is said. Without
//! diarisation a recording of one channel says nothing of who speaks. **Which agent** it was isn't either: name it by the
//! file's name or a list beside it.
//!
//! **Times** are milliseconds (`offsetMilliseconds`), ticks of 100 ns (`offsetInTicks`) or ISO lengths (`PT0.04S`), whichever
//! is there, with ends. When the call took place is not in the file (`timestamp` is when it was transcribed).
//!
//! Left out: words one by one, confidences, masked forms, `combinedRecognizedPhrases`. The name of the recording is the label
//! `source`. The report of a batch is no transcript: what failed in it is set aside with the vendor's reason.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::json::{Item, Number, Word, or_default};
use super::segments;
use super::vendor::{self, Made, Piece, Refused, Span, Time};
use crate::ingest::{Format, Options, Sample, Sink, Source};
use crate::model::NoteKind;

/// Results of batch and fast transcription of Azure Speech.
pub struct AzureSpeech;

impl Format for AzureSpeech {
    fn name(&self) -> &'static str {
        "azure-speech"
    }

    fn about(&self) -> &'static str {
        "Azure Speech batch or fast transcription, JSON with `recognizedPhrases` or `phrases`"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        if keys.count(&["recognizedPhrases", "combinedRecognizedPhrases"]) > 0 {
            96
        } else if keys.has("combinedPhrases") || keys.has("phrases[].offsetMilliseconds") {
            94
        } else if keys.all(&["successfulTranscriptionsCount", "failedTranscriptionsCount"]) {
            95
        } else {
            0
        }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        vendor::conversations(sources, options, &[], sink, &|_, item, id| conversation(item, id))
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct File {
    source: Word,
    recognized_phrases: Option<Vec<Phrase>>,
    phrases: Option<Vec<Phrase>>,
    failed_transcriptions_count: Number,
    #[serde(deserialize_with = "or_default")]
    details: Vec<Detail>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Phrase {
    recognition_status: Word,
    channel: Word,
    speaker: Word,
    locale: Word,
    offset: Span,
    duration: Span,
    offset_in_ticks: Time,
    duration_in_ticks: Time,
    offset_milliseconds: Time,
    duration_milliseconds: Time,
    text: Option<String>,
    #[serde(deserialize_with = "or_default")]
    n_best: Vec<Guess>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Guess {
    display: Option<String>,
    itn: Option<String>,
    lexical: Option<String>,
}

/// A recording in the report of a batch.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    source_url: Word,
    status: Word,
    error_message: Word,
}

impl Phrase {
    /// Start and length in seconds, by the most exact of the three ways of writing them.
    fn times(&self) -> (Option<f64>, Option<f64>) {
        let pick = |millis: Time, ticks: Time, iso: Span| millis.millis().or(ticks.0.map(|t| t / 1e7)).or(iso.0);
        (
            pick(self.offset_milliseconds, self.offset_in_ticks, self.offset),
            pick(self.duration_milliseconds, self.duration_in_ticks, self.duration),
        )
    }
}

/// The name of a recording, without its folder and the secrets behind it.
fn recording(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn conversation(item: &Item<'_>, id: &str) -> Made {
    let file: File = item.parse()?;
    let Some(phrases) = file.recognized_phrases.or(file.phrases) else {
        return match file.failed_transcriptions_count.0 {
            Some(0.0) => Ok(None),
            Some(count) => {
                let failed = file.details.iter().filter(|d| d.status.get() != Some("Succeeded"));
                let said: Vec<String> = failed
                    .take(5)
                    .map(|d| {
                        let name = recording(d.source_url.get().unwrap_or("?"));
                        format!("{name}: {}", d.error_message.get().or(d.status.get()).unwrap_or("failed"))
                    })
                    .collect();
                Err(Refused::vendor(id, format!("{count} recordings were not transcribed ({})", said.join("; "))))
            }
            None => Ok(Some(segments::call(id, Vec::new()))),
        };
    };
    let good = |p: &Phrase| p.recognition_status.get().is_none_or(|s| s.eq_ignore_ascii_case("success"));
    if !phrases.is_empty() && !phrases.iter().any(good) {
        let all: BTreeSet<&str> = phrases.iter().filter_map(|p| p.recognition_status.get()).collect();
        let all: Vec<_> = all.into_iter().collect();
        return Err(Refused::vendor(id, format!("no phrase was recognised ({})", all.join(", "))));
    }
    let locales: BTreeSet<String> = phrases.iter().filter_map(|p| p.locale.get().map(str::to_owned)).collect();
    let left_out = phrases.iter().filter(|p| !good(p)).count();
    let pieces = phrases.into_iter().filter(good).map(|phrase| {
        let (start, length) = phrase.times();
        let guess = phrase.n_best.into_iter().next().unwrap_or_default();
        let text = [phrase.text, guess.display, guess.itn, guess.lexical];
        Piece {
            channel: phrase.channel.get().map(str::to_owned),
            speaker: phrase.speaker.get().map(|n| format!("speaker {n}")),
            start,
            // Exact to a tick, as it is written.
            end: start.zip(length).map(|(start, length)| ((start + length) * 1e7).round() / 1e7),
            text: text.into_iter().flatten().find(|t| !t.trim().is_empty()).unwrap_or_default(),
        }
    });
    let mut c = segments::call(id, vendor::labelled(pieces.collect()));
    if locales.len() == 1 {
        c.language = locales.into_iter().next().map(Into::into);
    }
    vendor::label(&mut c, "source", file.source.get().map(recording));
    if left_out > 0 {
        c.note(NoteKind::LeftOut, format!("{left_out} phrases were not recognised"));
    }
    Ok(Some(c))
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    #[test]
    fn the_three_ways_of_writing_times_are_one() {
        let read = |times: &str| {
            let text = format!(r#"{{"recognizedPhrases":[{{"channel":0,{times},"nBest":[{{"display":"Hi."}}]}}]}}"#);
            read_text(&AzureSpeech, "a.json", text.as_bytes()).remove(0)
        };
        let one = read(r#""offsetInTicks":400000.0,"durationInTicks":21800000.0"#);
        assert!(one.contains(r#"{"speaker":"unknown","text":"Hi.","start":0.04,"end":2.22"#), "{one}");
        assert_eq!(one, read(r#""offset":"PT0.04S","duration":"PT2.18S""#));
        assert_eq!(one, read(r#""offsetMilliseconds":40,"durationMilliseconds":2180,"offset":"PT9S""#));
    }

    #[test]
    fn channels_are_put_in_the_order_of_time_and_failures_left_out() {
        let text = br#"{"source":"https://example.com/x/call-17.wav?sig=secret","recognizedPhrases":[
            {"recognitionStatus":"Success","channel":0,"speaker":1,"offset":"PT3S","duration":"PT1S","nBest":[{"display":"","lexical":"third"}]},
            {"recognitionStatus":"InitialSilenceTimeout","channel":0,"offset":"PT9S","nBest":null},
            {"recognitionStatus":"Success","channel":1,"offset":"PT1S","duration":"PT1S","nBest":[{"display":"First."}]}]}"#;
        let got = read_text(&AzureSpeech, "a.json", text).remove(0);
        assert!(got.find("First.") < got.find("third") && got.contains(r#""label":"channel 0""#), "{got}");
        assert!(got.contains(r#""source":"call-17.wav""#) && got.contains("1 phrases were not recognised"), "{got}");
        let none = br#"{"recognizedPhrases":[{"recognitionStatus":"NoMatch"}]}"#;
        assert!(read_text(&AzureSpeech, "a.json", none)[0].contains("no phrase was recognised (NoMatch)"));
    }

    #[test]
    fn reports_of_batches_tell_only_of_failures() {
        let fine = br#"{"successfulTranscriptionsCount":2,"failedTranscriptionsCount":0,"details":[]}"#;
        assert_eq!(read_text(&AzureSpeech, "report.json", fine), [""; 0]);
        let bad = br#"{"successfulTranscriptionsCount":0,"failedTranscriptionsCount":1,"details":[
            {"sourceUrl":"https://example.com/a.wav?sig=secret","status":"Failed","errorMessage":"not a sound file"}]}"#;
        let got = read_text(&AzureSpeech, "report.json", bad);
        assert!(got[0].contains("(a.wav: not a sound file)") && !got[0].contains("secret"), "{got:?}");
    }
}
