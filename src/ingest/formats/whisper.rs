//! Whisper: the JSON of openai-whisper, of faster-whisper and of the OpenAI transcription API (`verbose_json`).
//!
//! ```json
//! {"text": " Good evening…", "language": "en",
//!  "segments": [{"id": 0, "start": 0.4, "end": 2.9, "text": " Good evening, how can I help?", "avg_logprob": -0.21,
//!                "compression_ratio": 1.1, "no_speech_prob": 0.02, "words": [{"word": " Good", "start": 0.4, "end": 0.7}]}]}
//! ```
//! Read are the text and the times of segments and words, and the language. The conversation is named like the file. Segments
//! may also stand alone in a list or one a line, as scripts around faster-whisper write them.
//!
//! **Whisper does not know who speaks.** Without more, the agent cannot be told from the customer and nothing is scored. What
//! to do: put a diarisation file `<name>.rttm` beside `<name>.json` (pyannote, NeMo), or use WhisperX with `--diarize`, or record
//! agent and customer on two channels and use a recogniser that keeps channels apart.
//!
//! Left out, and counted in the label `note`: segments that Whisper itself takes for silence (`no_speech_prob` above 0.6 with
//! `avg_logprob` below -1), and a sentence of three words or more that follows itself word by word at least twice, which is a
//! loop of the recogniser. Segments with a `compression_ratio` above 2.4, which may be loops in themselves, are kept and
//! counted.

use std::cell::Cell;
use std::ops::ControlFlow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::heard::{Heard, HeardWord, Recording};
use super::json::{self, Item, Number, Word, or_default};
use super::rttm::Beside;
use crate::ingest::{Format, Options, Record, Sample, Sink, Source};
use crate::model::{Note, NoteKind, Place, Quarantined, Reason};

/// JSON of Whisper.
pub struct Whisper;

impl Format for Whisper {
    fn name(&self) -> &'static str {
        "whisper"
    }

    fn about(&self) -> &'static str {
        "JSON of openai-whisper, faster-whisper and the OpenAI API (verbose_json); speakers from a .rttm file beside it"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        let own = ["avg_logprob", "no_speech_prob", "compression_ratio"];
        // A list of segments, or one a line.
        if own.iter().filter(|k| keys.iter().any(|path| path.strip_prefix("[].").unwrap_or(path) == **k)).count() > 1 {
            return 95;
        }
        match keys.all(&["segments[].text", "segments[].start", "segments[].end"]) {
            true if diarised(sample) => 0,
            true if own.iter().any(|k| keys.has(&format!("segments[].{k}"))) => 96,
            true => 82,
            false => 0,
        }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        sources.iter().try_for_each(|source| read(source, options, sink))
    }
}

/// Whether the segments have what WhisperX adds to them.
pub(super) fn diarised(sample: &Sample<'_>) -> bool {
    let keys = sample.json();
    keys.all(&["segments[].text", "segments[].start"])
        && ["word_segments", "segments[].speaker", "segments[].words[].speaker", "segments[].words[].score"]
            .iter()
            .any(|k| keys.has(k))
}

/// A document as far as it is told apart from a single segment.
#[derive(Deserialize)]
struct Shape {
    segments: Option<IgnoredAny>,
    start: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Document {
    #[serde(deserialize_with = "or_default")]
    segments: Vec<Piece>,
    language: Word,
}

/// A segment.
#[derive(Default, Deserialize)]
#[serde(default, expecting = "a segment")]
struct Piece {
    start: Number,
    end: Number,
    text: Word,
    speaker: Word,
    avg_logprob: Number,
    no_speech_prob: Number,
    compression_ratio: Number,
    #[serde(deserialize_with = "or_default")]
    words: Vec<PieceWord>,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "a word")]
struct PieceWord {
    #[serde(alias = "text")]
    word: Word,
    start: Number,
    end: Number,
    speaker: Word,
}

/// Reads documents, and segments that stand alone: those of a file are one recording.
pub(super) fn read(source: &Source, options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let beside = Beside::new(source, options);
    let mut count = 0;
    let mut loose: Option<(Place, Result<Vec<Piece>, Reason>, u64)> = None;
    // What cannot be read behind the first segment that stands alone is a hole in the one recording.
    let (begun, hole) = (Cell::new(false), Cell::new(None));
    let mut outer = |record| match record {
        Record::Bad(bad) if begun.get() => {
            hole.set(hole.take().or(Some(bad)));
            ControlFlow::Continue(())
        }
        record => sink(record),
    };
    json::read(source, options, &[], &mut outer, &mut |item, sink| {
        let shape: Shape = match item.parse() {
            Ok(shape) => shape,
            Err(reason) => return item.bad(Some(source.stem()), reason, sink),
        };
        if shape.segments.is_none() && shape.start.is_some() {
            let (_, pieces, bytes) = loose.get_or_insert_with(|| (item.place.clone(), Ok(Vec::new()), 0));
            begun.set(true);
            *bytes += item.text.len() as u64;
            match (item.parse(), &mut *pieces) {
                _ if *bytes > options.max_record => *pieces = Err(Reason::TooLarge { limit: options.max_record }),
                (Ok(piece), Ok(list)) => list.push(piece),
                (Err(reason), Ok(_)) => *pieces = Err(reason),
                (_, Err(_)) => {}
            }
            return ControlFlow::Continue(());
        }
        count += 1;
        let id = if count == 1 { source.stem() } else { format!("{}-{count}", source.stem()) };
        // A diarisation file speaks of one recording.
        document(item, &shape, id, (count == 1).then_some(&beside), sink)
    })?;
    match loose.map(|(place, pieces, _)| (place, pieces, hole.take())) {
        None => ControlFlow::Continue(()),
        Some((_, _, Some(hole))) => sink(Record::Bad(Quarantined { conversation_id: Some(source.stem()), ..hole })),
        Some((place, Ok(segments), None)) => {
            let id = if count == 0 { source.stem() } else { format!("{}-segments", source.stem()) };
            recording(id, Document { segments, ..Document::default() }).hand_on(place, Some(&beside), sink)
        }
        Some((place, Err(reason), None)) => {
            sink(Record::Bad(Quarantined { place, conversation_id: Some(source.stem()), reason }))
        }
    }
}

fn document(
    item: &Item<'_>,
    shape: &Shape,
    id: String,
    beside: Option<&Beside<'_>>,
    sink: &mut Sink<'_>,
) -> ControlFlow<()> {
    if shape.segments.is_none() {
        let said = "no `segments`: this has no times; export it with segments (--output_format json, or \
                    response_format=verbose_json)";
        return item.bad(Some(id), Reason::Content(said.to_owned()), sink);
    }
    match item.parse() {
        Ok(document) => recording(id, document).hand_on(item.place.clone(), beside, sink),
        Err(reason) => item.bad(Some(id), reason, sink),
    }
}

/// What Whisper's own decoder takes for silence: both bounds are its defaults.
fn silent(piece: &Piece) -> bool {
    piece.no_speech_prob.0.is_some_and(|p| p > 0.6) && piece.avg_logprob.0.is_some_and(|p| p < -1.0)
}

fn recording(id: String, document: Document) -> Recording {
    let (mut silence, mut doubtful) = (0, 0);
    let mut heard = Vec::with_capacity(document.segments.len());
    for piece in document.segments {
        if silent(&piece) {
            silence += 1;
            continue;
        }
        doubtful += usize::from(piece.compression_ratio.0.is_some_and(|r| r > 2.4));
        heard.push(Heard {
            label: label(&piece.speaker),
            start: piece.start.0,
            end: piece.end.0,
            text: piece.text.0.unwrap_or_default(),
            words: piece
                .words
                .into_iter()
                .map(|w| HeardWord {
                    label: label(&w.speaker),
                    start: w.start.0,
                    end: w.end.0,
                    text: w.word.0.unwrap_or_default(),
                })
                .collect(),
        });
    }
    let mut notes = Vec::new();
    if silence > 0 {
        let text = format!("segments that Whisper takes for silence, left out: {silence}");
        notes.push(Note { kind: NoteKind::Hallucination, text });
    }
    if doubtful > 0 {
        let text = format!("segments that may be loops of the recogniser (compression ratio above 2.4): {doubtful}");
        notes.push(Note { kind: NoteKind::Repetition, text });
    }
    Recording { id, language: document.language.get().map(str::to_owned), heard, notes }
}

/// A speaker's label: as it is written; a number alone says nothing without a word before it.
pub(super) fn label(speaker: &Word) -> String {
    match speaker.get() {
        None | Some("?" | "UNKNOWN" | "unknown") => String::new(),
        Some(number) if number.bytes().all(|b| b.is_ascii_digit()) => format!("speaker {number}"),
        Some(label) => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    fn read(text: &str) -> Vec<String> {
        read_text(&Whisper, "call 7.json", text.as_bytes())
    }

    #[test]
    fn segments_without_speakers_stay_apart_and_silence_is_left_out() {
        let got = read(
            r#"{"language":"russian","segments":[{"start":0.5,"end":"1,5","text":" Алло"},{"start":1.6,"end":2,"text":" Да"},
            {"start":3,"end":4,"text":" Субтитры","no_speech_prob":0.9,"avg_logprob":-1.4},
            {"start":5,"end":6,"text":" нет нет нет","compression_ratio":3.0,"words":null}]}"#,
        );
        assert_eq!(
            got,
            ["{\"id\":\"call 7\",\"channel\":\"call\",\"language\":\"russian\",\"turns\":[\
                 {\"speaker\":\"unknown\",\"text\":\"Алло\",\"start\":0.5,\"end\":1.5},\
                 {\"speaker\":\"unknown\",\"text\":\"Да\",\"start\":1.6,\"end\":2.0},\
                 {\"speaker\":\"unknown\",\"text\":\"нет нет нет\",\"start\":5.0,\"end\":6.0}],\
                 \"notes\":[{\"kind\":\"hallucination\",\"text\":\"segments that Whisper takes for silence, left out: 1\"},\
                 {\"kind\":\"repetition\",\"text\":\"segments that may be loops of the recogniser (compression ratio above 2.4): 1\"}]}"]
        );
    }

    #[test]
    fn segments_alone_are_one_recording() {
        let list = "[{\"start\":0,\"end\":1,\"text\":\"Hello\"},{\"start\":4,\"end\":5,\"text\":\"Yes\"}]";
        let lines = "{\"start\":0,\"end\":1,\"text\":\"Hello\"}\n{\"start\":4,\"end\":5,\"text\":\"Yes\"}\n";
        assert_eq!(read(list), read(lines));
        assert_eq!(read(list).len(), 1);
        assert!(read(list)[0].contains("\"text\":\"Yes\",\"start\":4.0"));
    }

    #[test]
    fn a_list_that_breaks_off_is_set_aside_as_a_whole() {
        let got = read("[{\"start\":0,\"end\":1,\"text\":\"Hello\"},\n{\"start\":4,");
        assert_eq!(got.len(), 1);
        assert!(got[0].starts_with("line 2 call 7: not valid JSON: the file breaks off"), "{got:?}");
        assert!(read("[{\"start\":0,\"text\":\"Hello\"},{\"start\":1,\"words\":7}]")[0].contains("invalid type"));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert!(read("{\"text\":\"Hello\",\"language\":\"en\"}")[0].contains("verbose_json"));
        assert!(read("{\"segments\":[]}")[0].ends_with("no turns with text"));
        assert!(read("{\"segments\":\"none\"}")[0].contains("invalid type"));
        let two = read("{\"segments\":[{\"start\":1,\"text\":\"a\"}]}\n{\"segments\":[{\"start\":1,\"text\":\"b\"}]}");
        assert!(two[0].contains("\"id\":\"call 7\"") && two[1].contains("\"id\":\"call 7-2\""), "{two:?}");
    }

    #[test]
    fn labels_are_simple() {
        let word = |s: &str| label(&Word(Some(s.to_owned())));
        assert_eq!([word("1"), word("SPEAKER_00"), word("?"), word(" ")], ["speaker 1", "SPEAKER_00", "", ""]);
    }
}
