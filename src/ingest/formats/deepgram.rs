//! Deepgram: answers of the transcription of recordings.
//!
//! ```json
//! {"metadata": {"request_id": "r-1", "channels": 2},
//!  "results": {"channels": [{"detected_language": "ru", "alternatives": [{"transcript": "Алло?",
//!     "words": [{"word": "алло", "punctuated_word": "Алло?", "start": 0.1, "end": 0.5, "speaker": 0}]}]}],
//!   "utterances": [{"start": 0.1, "end": 0.5, "channel": 0, "speaker": 0, "transcript": "Алло?"}]}}
//! ```
//! Read are the utterances (ask for them with `utterances=true`), else the paragraphs, else the words, which are put together
//! until the speaker changes or pauses for two seconds, else the bare transcript of each channel. Turns are labelled
//! `channel 0`, `channel 1` where words are on several channels, else `speaker 0`, `speaker 1`.
//!
//! **Who is the agent** is not in the file: give the role of the channels or let it be told by what is said. Without
//! `multichannel` and `diarize` nobody can say who speaks. **Which agent** isn't either: name it by the file's name or a
//! list beside it, or send it along as `extra`, which becomes labels, as do the `tags`.
//!
//! **Times** are seconds, with ends. When the call took place is not in the file (`created` is when it was transcribed).
//!
//! Left out: confidences, summaries, topics, sentiment, other alternatives than the first.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::json::{Item, Word, or_default};
use super::segments::{self, Segment};
use super::vendor::{self, Made, Piece, Refused, Time};
use crate::ingest::{Format, Options, Sample, Sink, Source};

/// Answers of Deepgram.
pub struct Deepgram;

impl Format for Deepgram {
    fn name(&self) -> &'static str {
        "deepgram"
    }

    fn about(&self) -> &'static str {
        "Deepgram, JSON with `results.channels`: utterances, paragraphs or words"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        if keys.has("results.channels[].alternatives") {
            95
        } else if keys.all(&["metadata.request_id", "metadata.channels"]) || keys.all(&["err_code", "err_msg"]) {
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
    #[serde(deserialize_with = "or_default")]
    metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    results: Results,
    err_code: Word,
    err_msg: Word,
    request_id: Word,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Metadata {
    request_id: Word,
    #[serde(deserialize_with = "or_default")]
    extra: BTreeMap<String, Word>,
    #[serde(deserialize_with = "or_default")]
    tags: Vec<Word>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Results {
    #[serde(deserialize_with = "or_default")]
    channels: Vec<Track>,
    #[serde(deserialize_with = "or_default")]
    utterances: Vec<Said>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Track {
    detected_language: Word,
    #[serde(deserialize_with = "or_default")]
    alternatives: Vec<Alternative>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Alternative {
    transcript: Option<String>,
    #[serde(deserialize_with = "or_default")]
    words: Vec<Spoken>,
    #[serde(deserialize_with = "or_default")]
    paragraphs: Paragraphs,
    #[serde(deserialize_with = "or_default")]
    languages: Vec<Word>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Paragraphs {
    #[serde(deserialize_with = "or_default")]
    paragraphs: Vec<Paragraph>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Paragraph {
    speaker: Word,
    start: Time,
    end: Time,
    #[serde(deserialize_with = "or_default")]
    sentences: Vec<Sentence>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Sentence {
    text: Option<String>,
}

/// An utterance.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Said {
    start: Time,
    end: Time,
    channel: Word,
    speaker: Word,
    transcript: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Spoken {
    word: Option<String>,
    punctuated_word: Option<String>,
    start: Time,
    end: Time,
    speaker: Word,
}

fn conversation(item: &Item<'_>, fallback: &str) -> Made {
    let file: File = item.parse()?;
    let id = file.metadata.request_id.get().or(file.request_id.get()).unwrap_or(fallback);
    if let Some(code) = file.err_code.get() {
        let said = file.err_msg.get().map_or(code.to_owned(), |said| format!("{code}: {said}"));
        return Err(Refused::vendor(id, said));
    }
    let mut languages: Vec<&str> = file.results.channels.iter().filter_map(|c| c.detected_language.get()).collect();
    if languages.is_empty() {
        // Of several languages the first is that of most words.
        let all = file.results.channels.iter().flat_map(|c| c.alternatives.first());
        languages.extend(all.filter_map(|a| a.languages.first().and_then(Word::get)));
    }
    languages.dedup();
    let language = if let [one] = *languages { Some(one.to_owned()) } else { None };
    let mut c = segments::call(id, spoken(file.results));
    c.language = language.map(Into::into);
    for (name, value) in &file.metadata.extra {
        vendor::label(&mut c, name, value.get());
    }
    let tags: Vec<&str> = file.metadata.tags.iter().filter_map(Word::get).collect();
    vendor::label(&mut c, "tags", Some(&tags.join(", ")));
    Ok(Some(c))
}

fn name(speaker: &Word) -> Option<String> {
    speaker.get().map(|n| format!("speaker {n}"))
}

/// The best that is there: utterances, paragraphs, words, the transcript of a channel.
fn spoken(results: Results) -> Vec<Segment> {
    if !results.utterances.is_empty() {
        return vendor::labelled(
            results
                .utterances
                .into_iter()
                .map(|u| Piece {
                    channel: u.channel.get().map(str::to_owned),
                    speaker: name(&u.speaker),
                    start: u.start.0,
                    end: u.end.0,
                    text: u.transcript.unwrap_or_default(),
                })
                .collect(),
        );
    }
    let tracks: Vec<(String, Alternative)> = (results.channels.into_iter().enumerate())
        .filter_map(|(n, track)| Some((n.to_string(), track.alternatives.into_iter().next()?)))
        .collect();
    let (mut pieces, mut words) = (Vec::new(), Vec::new());
    for (channel, track) in tracks {
        let channel = Some(channel);
        if !track.paragraphs.paragraphs.is_empty() {
            pieces.extend(track.paragraphs.paragraphs.into_iter().map(|p| {
                let sentences: Vec<_> = p.sentences.into_iter().filter_map(|s| s.text).collect();
                let (speaker, text) = (name(&p.speaker), sentences.join(" "));
                Piece { channel: channel.clone(), speaker, start: p.start.0, end: p.end.0, text }
            }));
        } else if !track.words.is_empty() {
            words.extend(track.words.into_iter().map(|w| Piece {
                channel: channel.clone(),
                speaker: name(&w.speaker),
                start: w.start.0,
                end: w.end.0,
                text: w.punctuated_word.or(w.word).unwrap_or_default(),
            }));
        } else {
            pieces.push(Piece { channel, text: track.transcript.unwrap_or_default(), ..Piece::default() });
        }
    }
    // All are labelled together, since one channel may have paragraphs and another only words.
    let split = pieces.len();
    pieces.extend(words);
    let mut all = vendor::labelled(pieces);
    let words = all.split_off(split.min(all.len()));
    all.extend(segments::from_words(words.into_iter().map(|w| (w.label, w.start, w.end, w.text))));
    all
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    const WORDS: &str = r#""words":[{"word":"hello","punctuated_word":"Hello,","start":0.1,"end":0.4,"speaker":0},
        {"word":"good","start":0.5,"end":0.7,"speaker":0},{"word":"hi","punctuated_word":"Hi.","start":0.9,"end":1.0,"speaker":1}]"#;

    fn read(alternative: &str, more: &str) -> String {
        let text = format!(
            r#"{{"metadata":{{"request_id":"r"}},"results":{{"channels":[{{"alternatives":[{{"transcript":"Hello, good. Hi."{alternative}}}]}}]{more}}}}}"#
        );
        read_text(&Deepgram, "a.json", text.as_bytes()).remove(0)
    }

    #[test]
    fn the_best_that_is_there_is_read() {
        assert!(read("", "").contains(r#"[{"speaker":"unknown","text":"Hello, good. Hi."}]"#));
        let words = format!(",{WORDS}");
        let by_words = read(&words, "");
        assert!(by_words.contains(r#""label":"speaker 0","text":"Hello, good","start":0.1,"end":0.7}"#), "{by_words}");
        assert!(by_words.contains(r#""label":"speaker 1","text":"Hi.""#), "{by_words}");
        let paragraphs = format!(
            r#"{words},"paragraphs":{{"paragraphs":[{{"speaker":4,"start":0.1,"end":1,"sentences":[{{"text":"Hello."}},{{"text":"Good."}}]}}]}}"#
        );
        assert!(read(&paragraphs, "").contains(r#"[{"speaker":"unknown","label":"speaker 4","text":"Hello. Good.""#));
        let utterance = r#","utterances":[{"start":0.1,"end":1,"channel":0,"speaker":7,"transcript":"Hello."}]"#;
        assert!(read(&paragraphs, utterance).contains(r#"[{"speaker":"unknown","label":"speaker 7""#));
        assert!(read("", r#","utterances":null"#).contains("Hello, good. Hi."));
    }

    #[test]
    fn an_error_is_the_vendors() {
        let got = read_text(&Deepgram, "a.json", br#"{"err_code":"BAD","err_msg":"no audio","request_id":"r"}"#);
        assert_eq!(got, ["line 1 r: the export itself reports a failure: BAD: no audio"]);
    }
}
