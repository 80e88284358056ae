//! whisper.cpp: the JSON that `whisper-cli --output-json` (or `--output-json-full`) writes.
//!
//! ```json
//! {"result": {"language": "en"},
//!  "transcription": [{"timestamps": {"from": "00:00:00,400", "to": "00:00:02,900"}, "offsets": {"from": 400, "to": 2900},
//!                     "text": " Good evening, how can I help?", "speaker": "0"}]}
//! ```
//! Read are text, offsets (milliseconds; the timestamps where there are none), the language, the times of words with
//! `--output-json-full`, and the speaker of stereo recordings with `--diarize` (`0` left, `1` right: the labels `speaker 0`
//! and `speaker 1`). The conversation is named like the file (`call-7.wav.json` is `call-7.wav`).
//!
//! A speaker `?` is none. `speaker_turn_next` of tinydiarize only says that somebody else goes on, not who, and is passed
//! over. Without speakers the agent cannot be told from the customer: record the two sides on two channels, or put a
//! diarisation file `<name>.rttm` beside the file.
//!
//! whisper.cpp cuts characters of several bytes at the ends of tokens and segments, so that its files are not always valid
//! UTF-8; such halves are read as U+FFFD. Loops of the recogniser are left out as [`whisper`](super::whisper) says.

use std::ops::ControlFlow;

use serde::Deserialize;

use super::heard::{Heard, HeardWord, Recording};
use super::json::{self, Item, Number, Word, or_default};
use super::rttm::Beside;
use super::times::{self, When};
use super::whisper;
use crate::ingest::{Format, Options, Sample, Sink, Source};

/// JSON of whisper.cpp.
pub struct WhisperCpp;

impl Format for WhisperCpp {
    fn name(&self) -> &'static str {
        "whisper-cpp"
    }

    fn about(&self) -> &'static str {
        "JSON of whisper.cpp; speakers from a stereo recording (--diarize) or a .rttm file beside it"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        let times = ["transcription[].offsets.from", "transcription[].timestamps.from"];
        if keys.has("transcription[].text") && times.iter().any(|k| keys.has(k)) { 97 } else { 0 }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        for source in sources {
            let beside = Beside::new(source, options);
            let mut count = 0;
            json::read_lossy(source, options, &[], sink, &mut |item, sink| {
                count += 1;
                let id = if count == 1 { source.stem() } else { format!("{}-{count}", source.stem()) };
                match recording(item, &id) {
                    Ok(recording) => recording.hand_on(item.place.clone(), (count == 1).then_some(&beside), sink),
                    Err(reason) => item.bad(Some(id), reason, sink),
                }
            })?;
        }
        ControlFlow::Continue(())
    }
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    result: ResultOf,
    transcription: Vec<Piece>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ResultOf {
    language: Word,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "a segment")]
struct Piece {
    #[serde(deserialize_with = "or_default")]
    offsets: Span<Number>,
    #[serde(deserialize_with = "or_default")]
    timestamps: Span<Word>,
    text: Word,
    speaker: Word,
    #[serde(deserialize_with = "or_default")]
    tokens: Vec<Token>,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object with `from` and `to`")]
struct Span<T: Default> {
    from: T,
    to: T,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Token {
    #[serde(deserialize_with = "or_default")]
    offsets: Span<Number>,
    text: Word,
}

fn recording(item: &Item<'_>, id: &str) -> Result<Recording, crate::model::Reason> {
    let Document { result, transcription } = item.parse()?;
    let heard = transcription
        .into_iter()
        .map(|piece| Heard {
            label: whisper::label(&piece.speaker),
            start: time(piece.offsets.from, &piece.timestamps.from),
            end: time(piece.offsets.to, &piece.timestamps.to),
            text: piece.text.0.unwrap_or_default(),
            words: words(piece.tokens),
        })
        .collect();
    Ok(Recording { id: id.to_owned(), language: result.language.get().map(str::to_owned), heard, notes: Vec::new() })
}

fn time(millis: Number, stamp: &Word) -> Option<f64> {
    let stamp = || match times::parse(stamp.get()?) {
        Ok(When::Seconds(seconds)) => Some(seconds),
        _ => None,
    };
    millis.0.map(|ms| ms / 1000.0).or_else(stamp)
}

/// Words of tokens: a token that begins with a space begins a word. Marks such as `[_BEG_]` are none.
fn words(tokens: Vec<Token>) -> Vec<HeardWord> {
    let mut words: Vec<HeardWord> = Vec::new();
    for token in tokens {
        let text = token.text.0.unwrap_or_default();
        if text.is_empty() || text.starts_with("[_") {
            continue;
        }
        let end = token.offsets.to.0.map(|ms| ms / 1000.0);
        match words.last_mut() {
            Some(word) if !text.starts_with(' ') => {
                word.text.push_str(&text);
                word.end = end.or(word.end);
            }
            _ => words.push(HeardWord {
                label: String::new(),
                start: token.offsets.from.0.map(|ms| ms / 1000.0),
                end,
                text,
            }),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    #[test]
    fn halves_of_characters_do_not_spoil_the_file() {
        let mut bytes =
            b"{\"transcription\":[{\"offsets\":{\"from\":0,\"to\":1500},\"text\":\" yes\",\"speaker\":\"1\",\
            \"tokens\":[{\"text\":\" y\xd0\",\"offsets\":{\"from\":0,\"to\":900}}]},"
                .to_vec();
        bytes.extend_from_slice(
            b"{\"timestamps\":{\"from\":\"00:00:02,000\",\"to\":\"00:01:03,250\"},\"text\":\" no\",\"speaker\":\"?\"}]}",
        );
        assert_eq!(
            read_text(&WhisperCpp, "call.wav.json", &bytes),
            ["{\"id\":\"call.wav\",\"channel\":\"call\",\"turns\":[\
              {\"speaker\":\"unknown\",\"label\":\"speaker 1\",\"text\":\"yes\",\"start\":0.0,\"end\":1.5},\
              {\"speaker\":\"unknown\",\"text\":\"no\",\"start\":2.0,\"end\":63.25}]}"]
        );
        assert!(read_text(&WhisperCpp, "a.json", b"{\"transcription\":[{\"text\":{}},7]}")[0].contains("invalid type"));
    }

    #[test]
    fn tokens_become_words() {
        let token = |text: &str, from: f64| Token {
            offsets: Span { from: Number(Some(from)), to: Number(Some(from + 100.0)) },
            text: Word(Some(text.to_owned())),
        };
        let words = words(vec![token("[_BEG_]", 0.0), token(" card", 0.0), token("s", 100.0), token(" ok", 300.0)]);
        let said: Vec<_> = words.iter().map(|w| (&*w.text, w.start, w.end)).collect();
        assert_eq!(said, [(" cards", Some(0.0), Some(0.2)), (" ok", Some(0.3), Some(0.4))]);
    }
}
