//! WebVTT: transcripts of Teams, Zoom and other meeting programs, and subtitles with names.
//!
//! ```text
//! WEBVTT
//!
//! 5e1c/12-0
//! 00:00:05.000 --> 00:00:08.000
//! <v Aidana K.>Good morning, how can I help?</v>
//!
//! 2
//! 00:00:08.400 --> 00:00:10.000
//! Marat: My card is blocked.
//! ```
//! One call a file, named like it. Speakers are read from voice spans (`<v Name>`, as Teams writes them; the closing tag may be
//! missing) or else from `Name: words` (Zoom) and `[SPEAKER_00]: words` (WhisperX). A name before a colon is believed where it
//! names a role, stands in brackets or comes twice, or where nearly every cue has one; a cue without a name goes on with the
//! speaker before when it follows within two seconds. Cues of one speaker that follow within two seconds become one turn;
//! cues that overlap keep their times.
//!
//! The metadata variant of Teams, whose cues are JSON with `speakerName` and `spokenText`, is read as well.
//!
//! Read are also files with a byte-order mark, lone carriage returns, times without hours or with a comma, cues in any order,
//! and cues whose text has blank lines or arrows. Left out: cue ids, settings, notes, styles, regions and all tags but voices.
//!
//! Names are kept as labels: a roster or the labels themselves must say who is the agent. A file that names no speaker at all
//! (Teams can leave the names out; its metadata variant has them) is set aside, unless a diarisation file `<name>.rttm` stands beside it: with all words in
//! one mouth, nobody can be scored.

use std::ops::ControlFlow;

use super::cues;
use crate::ingest::{Format, Options, Record, Sample, Sink, Source};
use crate::model::{Place, Quarantined};

/// WebVTT with speakers.
pub struct WebVtt;

impl Format for WebVtt {
    fn name(&self) -> &'static str {
        "webvtt"
    }

    fn about(&self) -> &'static str {
        "WebVTT with speakers, as Teams and Zoom export it (`<v Name>` or `Name: words`)"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let text = sample.text.trim_start_matches(['\u{feff}', '\n', '\r', ' ']);
        match text.strip_prefix("WEBVTT") {
            Some(rest) if rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']) => 97,
            _ => 0,
        }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        sources.iter().try_for_each(|source| read(source, options, true, sink))
    }
}

/// Reads a file of cues.
pub(super) fn read(source: &Source, options: &Options, vtt: bool, sink: &mut Sink<'_>) -> ControlFlow<()> {
    match cues::read(source, options, vtt) {
        Ok(cues) => cues::hand_on(source, options, cues, sink),
        Err(reason) => {
            let place = Place::file(&source.file);
            sink(Record::Bad(Quarantined { place, conversation_id: Some(source.stem()), reason }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    fn read(bytes: &[u8]) -> Vec<String> {
        read_text(&WebVtt, "call 7.vtt", bytes)
    }

    #[test]
    fn one_speaker_is_joined_and_overlaps_keep_their_times() {
        let got = read(
            "\u{feff}WEBVTT\r\r00:01.000 --> 00:02.000\r<v Ann>Good\r\r00:03,500 --> 00:05.000\r<v Ann>morning</v>\r\r\
             00:04.000 --> 00:06.000\r<v.x Client>Hi &amp; hello</v>\r"
                .as_bytes(),
        );
        assert_eq!(
            got,
            ["{\"id\":\"call 7\",\"channel\":\"call\",\"turns\":[\
              {\"speaker\":\"unknown\",\"label\":\"Ann\",\"text\":\"Good morning\",\"start\":1.0,\"end\":5.0},\
              {\"speaker\":\"customer\",\"text\":\"Hi & hello\",\"start\":4.0,\"end\":6.0}]}"]
        );
    }

    #[test]
    fn a_file_without_speakers_is_set_aside_with_a_remedy() {
        let got = read(b"WEBVTT\n\n00:01.000 --> 00:02.000\nGood morning\n\n00:03.000 --> 00:04.000\nHello\n");
        assert_eq!(got.len(), 1);
        assert!(got[0].contains("no cue names its speaker") && got[0].contains("call 7.rttm"), "{got:?}");
        assert!(read(b"WEBVTT\n\nNOTE nothing else\n")[0].contains("no turns with text"));
    }

    #[test]
    fn recognised_whatever_the_name() {
        let claim = |text: &'static str| WebVtt.recognise(&Sample::new("x.txt", text.as_bytes(), text.into()));
        assert_eq!(
            (claim("WEBVTT\n\n"), claim("WEBVTT - call\n"), claim("WEBVTTX\n"), claim("Agent: WEBVTT")),
            (97, 97, 0, 0)
        );
    }
}
