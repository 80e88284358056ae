//! What a recogniser heard, with its words: whose segment is it, where speakers change within it, and what is an echo of
//! the recogniser's own.

use std::ops::ControlFlow;

use super::rttm::Beside;
use super::segments::{self, Segment};
use crate::ingest::{Record, Sink};
use crate::model::{Note, NoteKind, Place, Quarantined, Reason};

/// A segment with its words.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Heard {
    /// The speaker as the input names them; empty where it does not.
    pub label: String,
    /// Seconds from the start.
    pub start: Option<f64>,
    /// Seconds from the start.
    pub end: Option<f64>,
    /// The words as the recogniser puts them together.
    pub text: String,
    /// The words one by one, where the input has them.
    pub words: Vec<HeardWord>,
}

/// A word of a segment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct HeardWord {
    /// The speaker of this word; empty where the input does not say.
    pub label: String,
    /// Seconds from the start.
    pub start: Option<f64>,
    /// Seconds from the start.
    pub end: Option<f64>,
    /// The word, with the space before it where the recogniser writes one.
    pub text: String,
}

/// A recording as a recogniser's file tells of it.
#[derive(Debug, Default)]
pub(super) struct Recording {
    /// The id of the conversation.
    pub id: String,
    /// A language tag.
    pub language: Option<String>,
    /// In the order of the file.
    pub heard: Vec<Heard>,
    /// What the reader has to say of it, as sentences without a full stop.
    pub notes: Vec<Note>,
}

impl Recording {
    /// Hands the recording on as a call: what a diarisation file beside it says of speakers is taken in where the
    /// recording names none, segments are cut where the speaker clearly changes, and what the recogniser repeats is left
    /// out.
    pub fn hand_on(self, place: Place, beside: Option<&Beside<'_>>, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let Recording { id, language, heard, mut notes } = self;
        let mut heard = without_loops(heard, &mut notes);
        if let Some(beside) = beside
            && let Err(reason) = beside.name_speakers(&mut heard)
        {
            return sink(Record::Bad(Quarantined { place, conversation_id: Some(id), reason }));
        }
        let mut conversation = segments::call(&id, heard.into_iter().flat_map(Heard::split).collect());
        conversation.language = language.map(Into::into);
        conversation.notes = notes;
        if conversation.turns.is_empty() {
            return sink(Record::Bad(Quarantined { place, conversation_id: Some(id), reason: Reason::Empty }));
        }
        segments::one_agent(&mut conversation);
        sink(Record::Conversation { place, conversation: Box::new(conversation) })
    }
}

/// Whether nothing says who speaks.
pub(super) fn speakerless(heard: &[Heard]) -> bool {
    heard.iter().all(|h| h.label.is_empty() && h.words.iter().all(|w| w.label.is_empty()))
}

/// Fewest words of another speaker that cut a segment in two. Recognisers and diarisation disagree by a word or two at
/// every change of speakers, and most shorter runs are such errors.
const RUN_WORDS: usize = 3;
/// Fewest seconds of them.
const RUN_SECONDS: f64 = 0.5;

impl Heard {
    /// Segments of one speaker each: cut where another speaker says at least three words in at least half a second.
    /// Shorter runs stay with the speaker before them.
    pub fn split(self) -> Vec<Segment> {
        let Heard { label, start, end, text, mut words } = self;
        let whole = |label: String, text: String| Segment { label, start, end, text, ..Segment::default() };
        // A word without a speaker is said by whoever said the one before, and where none has one, by the segment's.
        let first = words.iter().map(|w| &w.label).find(|l| !l.is_empty());
        let mut last = first.unwrap_or(&label).clone();
        for word in &mut words {
            if word.label.is_empty() {
                word.label.clone_from(&last);
            } else {
                last.clone_from(&word.label);
            }
        }
        // Where each clear run begins, and where what goes with it ends: an unclear run goes with the one before, at the
        // beginning with the one behind.
        let mut runs: Vec<(usize, usize)> = Vec::new();
        let mut begin = 0;
        for i in 1..=words.len() {
            if i < words.len() && words[i].label == words[begin].label {
                continue;
            }
            let same = runs.last().is_some_and(|(first, _)| words[*first].label == words[begin].label);
            match runs.last_mut() {
                Some(run) if same || !clear(&words[begin..i]) => run.1 = i,
                None if !clear(&words[begin..i]) => {}
                _ => runs.push((begin, i)),
            }
            begin = i;
        }
        let named = |run: &(usize, usize)| words[run.0].label.clone();
        if let [only] = &runs[..] {
            return vec![whole(named(only), text)];
        }
        if runs.is_empty() {
            return vec![whole(if label.is_empty() { most(&words) } else { label }, text)];
        }
        let (mut out, mut from) = (Vec::with_capacity(runs.len()), 0);
        for (i, run) in runs.iter().enumerate() {
            let said = &words[from..run.1];
            out.push(Segment {
                label: named(run),
                start: if i == 0 { start } else { said.iter().find_map(|w| w.start) },
                end: if i + 1 == runs.len() { end } else { said.iter().rev().find_map(|w| w.end.or(w.start)) },
                text: together(said),
                ..Segment::default()
            });
            from = run.1;
        }
        out
    }
}

/// Whether a run of words is long enough to be another speaker's.
fn clear(words: &[HeardWord]) -> bool {
    let first = words.iter().find_map(|w| w.start);
    let last = words.iter().rev().find_map(|w| w.end.or(w.start));
    let long = match (first, last) {
        (Some(first), Some(last)) => last - first >= RUN_SECONDS,
        _ => true,
    };
    words.len() >= RUN_WORDS && long
}

/// The label of most words, of equals the first by name.
fn most(words: &[HeardWord]) -> String {
    let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for word in words {
        *counts.entry(&word.label).or_default() += 1;
    }
    let best = counts.values().max().copied().unwrap_or_default();
    counts.iter().find(|(_, n)| **n == best).map(|(label, _)| (*label).to_owned()).unwrap_or_default()
}

/// Words as a text: Whisper writes the space before a word into it, others do not.
fn together(words: &[HeardWord]) -> String {
    let spaced = words.iter().skip(1).any(|w| w.text.starts_with(char::is_whitespace));
    let texts: Vec<&str> = words.iter().map(|w| &*w.text).collect();
    texts.join(if spaced { "" } else { " " }).trim().to_owned()
}

/// Fewest times that a sentence is repeated before it is taken for a loop of the recogniser.
const LOOP: usize = 3;

/// Leaves out what a recogniser says again and again where nobody speaks: of a sentence of three words or more that follows
/// itself at least twice, word by word, the first is kept.
fn without_loops(heard: Vec<Heard>, notes: &mut Vec<Note>) -> Vec<Heard> {
    let key = |h: &Heard| h.text.trim().trim_end_matches(['.', '!', '?', '…', ',']).to_lowercase();
    let mut out: Vec<Heard> = Vec::with_capacity(heard.len());
    let mut left_out = 0;
    let mut heard = heard.into_iter().peekable();
    while let Some(first) = heard.next() {
        let text = key(&first);
        let mut again = Vec::new();
        while let Some(next) = heard.next_if(|h| h.label == first.label && key(h) == text) {
            again.push(next);
        }
        out.push(first);
        if again.len() + 1 >= LOOP && text.split_whitespace().count() >= 3 {
            left_out += again.len();
        } else {
            out.append(&mut again);
        }
    }
    if left_out > 0 {
        let text = format!("repetitions of a sentence, taken for a loop of the recogniser and left out: {left_out}");
        notes.push(Note { kind: NoteKind::Repetition, text });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(label: &str, words: &str) -> Heard {
        let words: Vec<HeardWord> = words
            .split(' ')
            .enumerate()
            .map(|(i, w)| {
                let (word, label) = w.split_once('/').unwrap_or((w, ""));
                let start = Some(i as f64 * 0.3);
                HeardWord { label: label.into(), start, end: start.map(|s| s + 0.25), text: word.into() }
            })
            .collect();
        let text = words.iter().map(|w| &*w.text).collect::<Vec<_>>().join(" ");
        Heard { label: label.into(), start: Some(0.0), end: Some(9.0), text, words }
    }

    fn cut(label: &str, words: &str) -> Vec<String> {
        heard(label, words).split().into_iter().map(|s| format!("{} {}", s.label, s.text)).collect()
    }

    #[test]
    fn a_segment_is_cut_where_a_run_is_long_and_stays_whole_where_it_is_not() {
        assert_eq!(cut("A", "one/A two/A three/A four/B five/B six/B"), ["A one two three", "B four five six"]);
        assert_eq!(cut("A", "one/A two/A three/A yes/B four/A"), ["A one two three yes four"]);
        assert_eq!(cut("A", "yes/B one/A two/A three/A four/A"), ["A yes one two three four"]);
        assert_eq!(cut("A", "a/A b/B c/A d/B"), ["A a b c d"], "no run is clear: the segment's own label");
        assert_eq!(cut("", "a/A b/B c/B"), ["B a b c"]);
        assert_eq!(cut("A", "one two/A three four/B five six"), ["A one two three", "B four five six"]);
        assert_eq!(
            cut("A", "ok/B one/A two/A three/A no/B four/B five/B si/A"),
            ["A ok one two three", "B no four five si"]
        );
        assert_eq!(cut("", "one two"), [" one two"]);
        let times: Vec<_> =
            heard("A", "1/A 2/A 3/A 4/B 5/B 6/B").split().into_iter().map(|s| (s.start, s.end)).collect();
        assert_eq!(times, [(Some(0.0), Some(0.85)), (Some(0.3 * 3.0), Some(9.0))]);
    }

    #[test]
    fn a_loop_is_left_out_and_said_and_short_answers_stay() {
        let said = |texts: &[&str]| {
            let mut notes = Vec::new();
            let heard = texts.iter().map(|t| Heard { text: (*t).to_owned(), ..Heard::default() }).collect();
            (without_loops(heard, &mut notes).len(), notes)
        };
        let (kept, notes) = said(&["Thank you so much.", "thank you so much", "Thank you so much!", "Bye"]);
        assert_eq!((kept, notes.len()), (2, 1));
        assert!(notes[0].text.ends_with("left out: 2"));
        assert_eq!(said(&["Да", "Да", "Да", "Да"]).0, 4);
        assert_eq!(said(&["I am still here", "I am still here"]).0, 2);
    }
}
