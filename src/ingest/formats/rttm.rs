//! RTTM: who speaks when, as diarisation programs (pyannote, NeMo, Kaldi) write it, beside a transcript without speakers.
//!
//! ```text
//! SPEAKER call-7 1 0.35 4.10 <NA> <NA> SPEAKER_00 <NA> <NA>
//! SPEAKER call-7 1 4.60 2.85 <NA> <NA> SPEAKER_01 <NA> <NA>
//! ```
//! `call-7.rttm` in the folder of `call-7.json` (`call-7.wav.json`, `call-7.srt`, `call-7.vtt`) names the speakers of that
//! transcript where it has none of its own. A segment gets the label that speaks for most of it; where the transcript has
//! times for words, a segment is cut where another label speaks at least three words. What no label covers goes to the
//! nearest within a second. A file that speaks of several recordings is read for the one that is named like the transcript.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::heard::{Heard, speakerless};
use crate::ingest::{Lines, Options, Source};
use crate::model::Reason;

/// Seconds from a speaker's nearest words within which words that nobody claims are still theirs.
const NEAR: f64 = 1.0;
/// Speakers of one recording; more are no diarisation of a conversation.
const SPEAKERS: usize = 64;

/// Who speaks when.
#[derive(Debug, Default)]
pub(super) struct Diarisation(BTreeMap<String, Spans>);

/// When one speaker speaks: spans that do not touch, sorted.
#[derive(Debug, Default)]
struct Spans {
    starts: Vec<f64>,
    ends: Vec<f64>,
    /// Seconds spoken before each span.
    before: Vec<f64>,
}

impl Spans {
    fn of(mut spans: Vec<(f64, f64)>) -> Spans {
        spans.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let (mut out, mut total) = (Spans::default(), 0.0);
        for (start, end) in spans {
            match out.ends.last_mut() {
                Some(last) if start <= *last => {
                    total += (end - *last).max(0.0);
                    *last = last.max(end);
                }
                _ => {
                    out.starts.push(start);
                    out.ends.push(end);
                    out.before.push(total);
                    total += end - start;
                }
            }
        }
        out
    }

    /// Seconds spoken up to a moment.
    fn spoken(&self, until: f64) -> f64 {
        match self.starts.partition_point(|s| *s <= until).checked_sub(1) {
            None => 0.0,
            Some(i) => self.before[i] + until.min(self.ends[i]) - self.starts[i],
        }
    }

    /// Seconds to the nearest span; 0 inside of one.
    fn distance(&self, start: f64, end: f64) -> f64 {
        let i = self.starts.partition_point(|s| *s <= end);
        let back = i.checked_sub(1).map_or(f64::INFINITY, |i| (start - self.ends[i]).max(0.0));
        let ahead = self.starts.get(i).map_or(f64::INFINITY, |s| s - end);
        back.min(ahead)
    }
}

impl Diarisation {
    /// Reads the lines of a file that speak of `recording`, or all if they speak of one only.
    ///
    /// # Errors
    /// [`Reason::Syntax`] with the line, [`Reason::Content`] when it does not speak of the recording, and what [`Lines`]
    /// says of lines.
    pub fn read(mut lines: Lines, recording: &[String], limit: u64) -> Result<Diarisation, Reason> {
        let mut bytes = 0;
        let mut files: BTreeMap<String, BTreeMap<String, Vec<(f64, f64)>>> = BTreeMap::new();
        while let Some(line) = lines.next_line() {
            let line = line.map(str::to_owned).map_err(|bad| bad.reason);
            let number = lines.number();
            let line = line?;
            bytes += line.len() as u64;
            if bytes > limit {
                return Err(Reason::TooLarge { limit });
            }
            let wrong = |what: &str| Reason::Syntax { format: "RTTM", detail: format!("line {number}: {what}") };
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields.first() != Some(&"SPEAKER") {
                continue;
            }
            let [_, file, _, start, duration, _, _, label, ..] = fields[..] else {
                return Err(wrong("a SPEAKER line has at least 8 fields, the speaker's label is the eighth"));
            };
            let number = |field: &str| field.parse::<f64>().ok().filter(|n| (0.0..super::LONGEST).contains(n));
            let (Some(start), Some(duration)) = (number(start), number(duration)) else {
                return Err(wrong("its start and duration (fields 4 and 5) must be seconds"));
            };
            let speakers = files.entry(file.to_owned()).or_default();
            if !speakers.contains_key(label) && speakers.len() == SPEAKERS {
                return Err(wrong(&format!("more than {SPEAKERS} speakers in one recording")));
            }
            speakers.entry(label.to_owned()).or_default().push((start, start + duration));
        }
        let own = files.keys().find(|f| recording.iter().any(|r| r.eq_ignore_ascii_case(f))).cloned();
        let speakers = match own {
            Some(own) => files.remove(&own),
            None if files.len() > 1 => {
                let names: Vec<&str> = files.keys().take(3).map(String::as_str).collect();
                let name = recording.first().map_or("", String::as_str);
                return Err(Reason::Content(format!(
                    "it speaks of several recordings ({}, …) and of none that is named {name}",
                    names.join(", ")
                )));
            }
            None => files.pop_first().map(|(_, speakers)| speakers),
        };
        let speakers = speakers.unwrap_or_default();
        if speakers.is_empty() {
            return Err(Reason::Content("it has no SPEAKER lines".to_owned()));
        }
        Ok(Diarisation(speakers.into_iter().map(|(label, spans)| (label, Spans::of(spans))).collect()))
    }

    /// Who speaks for most of this time, or else nearest to it within a second; of equals the first by name.
    fn who(&self, start: Option<f64>, end: Option<f64>) -> Option<&str> {
        let start = start.or(end)?;
        let end = end.unwrap_or(start).max(start);
        let mut best: Option<(&str, f64)> = None;
        for (label, spans) in &self.0 {
            let spoken = spans.spoken(end) - spans.spoken(start);
            if spoken > best.map_or(1e-6, |(_, most)| most + 1e-6) {
                best = Some((label, spoken));
            }
        }
        if best.is_none() {
            for (label, spans) in &self.0 {
                let far = spans.distance(start, end);
                if far < best.map_or(NEAR, |(_, least)| least - 1e-6) {
                    best = Some((label, far));
                }
            }
        }
        best.map(|(label, _)| label)
    }

    fn name_speakers(&self, heard: &mut [Heard]) {
        let who = |start, end| self.who(start, end).unwrap_or_default().to_owned();
        for segment in heard {
            segment.label = who(segment.start, segment.end);
            for word in &mut segment.words {
                word.label = if word.start.is_some() { who(word.start, word.end) } else { String::new() };
            }
        }
    }
}

/// What names of recordings end in.
pub(super) const SOUND: [&str; 8] = [".wav", ".mp3", ".ogg", ".opus", ".m4a", ".flac", ".mp4", ".webm"];

/// The names that a recording of this transcript may have: `call-7.wav`, `call-7`.
pub(super) fn recordings(source: &Source) -> Vec<String> {
    let stem = source.stem();
    let lower = stem.to_ascii_lowercase();
    let bare = SOUND.iter().find(|end| lower.ends_with(**end)).map(|end| stem[..stem.len() - end.len()].to_owned());
    std::iter::once(stem).chain(bare).collect()
}

/// The diarisation file beside a transcript, read when it is first needed.
pub(super) struct Beside<'a> {
    source: &'a Source,
    options: &'a Options,
    found: OnceCell<Result<Option<Diarisation>, Reason>>,
}

impl<'a> Beside<'a> {
    pub fn new(source: &'a Source, options: &'a Options) -> Beside<'a> {
        Beside { source, options, found: OnceCell::new() }
    }

    fn get(&self) -> &Result<Option<Diarisation>, Reason> {
        self.found.get_or_init(|| {
            let names = recordings(self.source);
            let Some((name, side)) =
                names.iter().map(|n| format!("{n}.rttm")).find_map(|n| self.source.beside(&n).map(|side| (n, side)))
            else {
                return Ok(None);
            };
            let read = || {
                let stream = side.open_text(&self.options.uncounted())?;
                Diarisation::read(Lines::new(stream, self.options.max_record), &names, self.options.max_record)
            };
            let told = |reason: Reason| {
                Reason::Content(format!("its speakers cannot be read from {name}: {reason}; mend or remove that file"))
            };
            read().map(Some).map_err(told)
        })
    }

    /// Names the speakers of a transcript that names none itself. Whether there was a file to do so.
    ///
    /// # Errors
    /// [`Reason::Content`] when the file beside it cannot be used.
    pub fn name_speakers(&self, heard: &mut [Heard]) -> Result<bool, Reason> {
        if heard.is_empty() || !speakerless(heard) {
            return Ok(false);
        }
        match self.get() {
            Ok(None) => Ok(false),
            Ok(Some(diarisation)) => {
                diarisation.name_speakers(heard);
                Ok(true)
            }
            Err(reason) => Err(reason.clone()),
        }
    }
}

/// The recordings that a sample speaks of; `None` when it is no RTTM.
pub(super) fn speaks_of(text: &str) -> Option<BTreeSet<String>> {
    let first = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with(";;"))?;
    let known = ["SPEAKER", "SPKR-INFO", "SEGMENT", "NON-SPEECH", "LEXEME", "SU", "NOSCORE", "NO_RT_METADATA"];
    let fields: Vec<&str> = first.split_whitespace().collect();
    let times = fields.get(3..5)?.iter().all(|f| *f == "<NA>" || f.parse::<f64>().is_ok());
    (known.contains(&fields[0]) && fields.len() >= 8 && times)
        .then(|| text.lines().filter(|l| l.starts_with("SPEAKER ")).filter_map(|l| l.split_whitespace().nth(1)))
        .map(|names| names.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::TextStream;
    use crate::ingest::formats::heard::HeardWord;

    fn read(text: &'static str, name: &str) -> Result<Diarisation, String> {
        let stream = TextStream { reader: Box::new(text.as_bytes()), charset: "UTF-8" };
        Diarisation::read(Lines::new(stream, 1000), &[name.to_owned()], 1000).map_err(|r| r.to_string())
    }

    const TWO: &str = ";; made by hand\nSPKR-INFO a 1 <NA> <NA> <NA> unknown A <NA> <NA>\n\
        SPEAKER a 1 0.0 4.0 <NA> <NA> A <NA> <NA>\nSPEAKER a 1 3.0 2.0 <NA> <NA> A <NA> <NA>\n\
        SPEAKER a 1 4.5 3.0 <NA> <NA> B <NA> <NA>\nSPEAKER b 1 0 9 <NA> <NA> C <NA> <NA>\n";

    #[test]
    fn the_label_with_the_most_overlap_or_else_the_nearest() {
        let d = read(TWO, "A").unwrap();
        let who = |a: f64, b: f64| d.who(Some(a), Some(b)).unwrap_or("-").to_owned();
        assert_eq!(who(1.0, 2.0), "A");
        assert_eq!(who(4.0, 7.0), "B");
        assert_eq!(who(4.0, 5.0), "A", "1 second against half of one");
        assert_eq!(who(8.0, 9.0), "B", "half a second behind");
        assert_eq!(who(8.6, 9.0), "-");
        assert_eq!(d.who(Some(4.2), None), Some("A"));
        assert_eq!(d.who(None, None), None);
    }

    #[test]
    fn segments_go_by_their_words_where_these_have_times() {
        let d = read(TWO, "a").unwrap();
        let word = |start: f64| HeardWord { start: Some(start), end: Some(start + 0.3), ..HeardWord::default() };
        let words = [2.0, 2.4, 2.8, 5.5, 6.0, 6.5].map(word).to_vec();
        let mut heard = [Heard { start: Some(2.0), end: Some(6.8), text: "x".into(), words, ..Heard::default() }];
        d.name_speakers(&mut heard);
        let labels: Vec<_> = heard[0].clone().split().into_iter().map(|s| s.label).collect();
        assert_eq!(labels, ["A", "B"]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        assert!(read("SPEAKER a 1 0.0 x <NA> <NA> A\n", "a").unwrap_err().contains("line 1: its start and duration"));
        assert!(read("SPEAKER a 1 0.0\n", "a").unwrap_err().contains("at least 8 fields"));
        assert!(read(TWO, "c").unwrap_err().contains("several recordings (a, b"));
        assert!(read(";; none\n", "c").unwrap_err().contains("no SPEAKER lines"));
        assert!(read("SPEAKER other 1 0 1 <NA> <NA> A\n", "c").is_ok(), "one recording is meant whatever its name");
        assert!(
            read("SPEAKER a 1 -1 1 <NA> <NA> A\n", "a").is_err() && read("SPEAKER a 1 0 nan 0 0 A\n", "a").is_err()
        );
    }

    #[test]
    fn rttm_is_told_by_its_first_line() {
        assert_eq!(speaks_of(TWO).unwrap().len(), 2);
        assert!(speaks_of("SPEAKER 1: hello there how are you doing").is_none());
        assert!(speaks_of("").is_none());
    }
}
