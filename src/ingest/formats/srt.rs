//! SRT: subtitles with speakers, as WhisperX and transcription services write them.
//!
//! ```text
//! 1
//! 00:00:00,500 --> 00:00:02,900
//! [SPEAKER_00]: Good evening, how can I help?
//!
//! 2
//! 00:00:03,100 --> 00:00:05,000
//! [SPEAKER_01]: My card is blocked.
//! ```
//! One call a file, named like it. How names are found, when they are believed, and what becomes of a file without names, is as
//! with [`webvtt`](super::webvtt): `Name: words` or `[SPEAKER_00]: words`, never `10:30 Meeting: …`; a diarisation file
//! `<name>.rttm` beside the file names speakers where it does not. Numbers may be missing, wrong or repeated; cues may come in
//! any order. Tags (`<i>`, `<font …>`, `{\an8}`) are left out.

use std::ops::ControlFlow;

use super::{cues, webvtt};
use crate::ingest::{Format, Options, Sample, Sink, Source};

/// SRT with speakers.
pub struct Srt;

impl Format for Srt {
    fn name(&self) -> &'static str {
        "srt"
    }

    fn about(&self) -> &'static str {
        "SRT subtitles with speakers (`Name: words` or `[SPEAKER_00]: words`)"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        // The times stand in the first line, or behind a number.
        let mut lines = sample.text.split(['\n', '\r']).map(str::trim).filter(|l| !l.is_empty());
        let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let number = first.trim_start_matches('\u{feff}').bytes().all(|b| b.is_ascii_digit());
        let begins = cues::timing(first).is_some() || number && second.contains("-->");
        match begins {
            true if cues::any_timing(&sample.text) => 96,
            true if sample.name.ends_with(".srt") => 60,
            _ => 0,
        }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        sources.iter().try_for_each(|source| webvtt::read(source, options, false, sink))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    #[test]
    fn numbers_may_be_wrong_and_clock_times_are_no_speakers() {
        let got = read_text(
            &Srt,
            "a.srt",
            "7\n00:00:01,000 --> 00:00:02,000\n<i>Оператор:</i> Добрый день\n7\n00:00:02,500 --> 00:00:03,000\n10:30 Meeting: moved\n\n\
             00:00:09,000 --> 00:00:10,000\nКлиент: да\n"
                .as_bytes(),
        );
        assert_eq!(
            got,
            ["{\"id\":\"a\",\"channel\":\"call\",\"turns\":[\
              {\"speaker\":\"agent\",\"text\":\"Добрый день 10:30 Meeting: moved\",\"start\":1.0,\"end\":3.0},\
              {\"speaker\":\"customer\",\"text\":\"да\",\"start\":9.0,\"end\":10.0}]}"]
        );
    }

    #[test]
    fn recognised_by_times_and_not_by_arrows() {
        let claim = |name, text: &'static str| Srt.recognise(&Sample::new(name, text.as_bytes(), text.into()));
        assert_eq!(claim("a.txt", "1\n00:00:01,000 --> 00:00:02,000\nA: b"), 96);
        assert_eq!(claim("a.txt", "Agent: press menu --> settings\nClient: ok"), 0);
        assert_eq!(claim("a.srt", "1\n00:00:xx --> 00\nA: b"), 60);
        assert_eq!(claim("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nA: b"), 0);
    }
}
