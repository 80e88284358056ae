//! WhisperX: Whisper's segments with times of words and, with `--diarize`, speakers.
//!
//! ```json
//! {"segments": [{"start": 0.4, "end": 2.9, "text": " Good evening, how can I help?", "speaker": "SPEAKER_00",
//!                "words": [{"word": "Good", "start": 0.4, "end": 0.7, "score": 0.98, "speaker": "SPEAKER_00"}]}],
//!  "word_segments": [], "language": "en"}
//! ```
//! Read are text, times and speakers of segments, and the language; the conversation is named like the file. WhisperX gives a
//! segment the speaker of most of its words. It is cut here where another speaker says at least three words in a row in half
//! a second or more; shorter runs are mostly errors of the diarisation and stay with the speaker before them. Words may lack
//! times (numbers, mostly) or a speaker: they go with the word before. `word_segments` repeat the words and are passed over.
//!
//! Who of `SPEAKER_00` and `SPEAKER_01` is the agent, the file does not say; the labels are kept for those who find out.
//! WhisperX writes the same call as `.json`, `.srt`, `.vtt` and more unless told `--output_format json`: name only one of them as
//! input (`'calls/*.json'`), since a call that comes twice is set aside. Without `--diarize` there are no speakers, and the help of [`whisper`](super::whisper) applies, also what is said there of
//! loops and silence.

use std::ops::ControlFlow;

use super::whisper;
use crate::ingest::{Format, Options, Sample, Sink, Source};

/// JSON of WhisperX.
pub struct WhisperX;

impl Format for WhisperX {
    fn name(&self) -> &'static str {
        "whisperx"
    }

    fn about(&self) -> &'static str {
        "JSON of WhisperX, with --diarize for the speakers"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        if whisper::diarised(sample) { 96 } else { 0 }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        sources.iter().try_for_each(|source| whisper::read(source, options, sink))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    #[test]
    fn segments_are_cut_by_the_speakers_of_words() {
        let word = |w: &str, at: f64, who: &str| {
            format!("{{\"word\":\"{w}\",\"start\":{at},\"end\":{},\"score\":0.9,\"speaker\":\"{who}\"}}", at + 0.4)
        };
        let words = [
            word("How", 0.0, "SPEAKER_00"),
            word("can", 0.5, "SPEAKER_00"),
            "{\"word\":\"7\"}".to_owned(),
            word("help", 1.0, "SPEAKER_00"),
            word("My", 2.0, "SPEAKER_01"),
            word("card", 2.5, "SPEAKER_01"),
            word("broke", 3.0, "SPEAKER_01"),
        ]
        .join(",");
        let text = format!(
            "{{\"segments\":[{{\"start\":0,\"end\":3.5,\"text\":\" How can 7 help My card broke\",\"speaker\":\"SPEAKER_00\",\"words\":[{words}]}}],\"word_segments\":[]}}"
        );
        let got = read_text(&WhisperX, "a.json", text.as_bytes());
        assert_eq!(
            got,
            ["{\"id\":\"a\",\"channel\":\"call\",\"turns\":[\
              {\"speaker\":\"unknown\",\"label\":\"SPEAKER_00\",\"text\":\"How can 7 help\",\"start\":0.0,\"end\":1.4},\
              {\"speaker\":\"unknown\",\"label\":\"SPEAKER_01\",\"text\":\"My card broke\",\"start\":2.0,\"end\":3.5}]}"]
        );
    }
}
