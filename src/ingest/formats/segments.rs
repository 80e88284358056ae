//! Segments of a speech recogniser on their way to turns.

use std::collections::BTreeSet;

use crate::ingest::roles::speaker_from_label;
use crate::model::{Channel, Conversation, Speaker, Turn};

/// What one speaker says in one go, as a recogniser cuts it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Segment {
    /// The speaker as the input names them: a role, a name, a channel (`channel 0`), a diarisation label (`SPEAKER_00`).
    pub label: String,
    /// The role where the input says it outright; a label that names a role (`AGENT`) decides where this is unknown.
    pub speaker: Speaker,
    /// The agent's id where the segment has one.
    pub agent_id: Option<String>,
    /// Seconds from the start.
    pub start: Option<f64>,
    /// Seconds from the start.
    pub end: Option<f64>,
    /// The words.
    pub text: String,
}

/// Most seconds of silence within a turn: fragments of one speaker that follow closer are one turn.
const PAUSE: f64 = 2.0;

/// A call of these segments: in the order of their starts (where all have one), the fragments of one speaker joined where
/// nobody speaks between them and the pause is at most two seconds. Segments without words are left out.
pub(super) fn call(id: &str, segments: Vec<Segment>) -> Conversation<'static> {
    let mut segments: Vec<Segment> = segments.into_iter().filter(|s| !s.text.trim().is_empty()).collect();
    if segments.iter().all(|s| s.start.is_some()) {
        segments.sort_by(|a, b| a.start.unwrap_or(0.0).total_cmp(&b.start.unwrap_or(0.0)));
    }
    let mut joined: Vec<Segment> = Vec::with_capacity(segments.len());
    for segment in segments {
        match joined.last_mut() {
            Some(last) if goes_on(last, &segment) => {
                last.text.truncate(last.text.trim_end().len());
                last.text.push(' ');
                last.text.push_str(segment.text.trim_start());
                last.end = match (last.end, segment.end) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    (_, end) => end,
                };
            }
            _ => joined.push(segment),
        }
    }
    Conversation {
        id: id.to_owned().into(),
        channel: Channel::Call,
        turns: joined.into_iter().map(turn).collect(),
        ..Conversation::default()
    }
}

fn goes_on(last: &Segment, next: &Segment) -> bool {
    let same = (&last.label, last.speaker, &last.agent_id) == (&next.label, next.speaker, &next.agent_id);
    let close = match (last.end.or(last.start), next.start) {
        (Some(end), Some(start)) => start - end <= PAUSE,
        _ => last.start.is_none() && next.start.is_none(),
    };
    // A label that says nothing (no diarisation at all) may be two people.
    same && close && (!last.label.is_empty() || last.speaker != Speaker::Unknown)
}

/// A turn of a segment.
pub(super) fn turn(segment: Segment) -> Turn<'static> {
    let Segment { label, speaker, agent_id, start, end, text } = segment;
    let role = speaker_from_label(&label);
    let speaker = if speaker == Speaker::Unknown { role.speaker } else { speaker };
    let agent_id = if speaker == Speaker::Agent { agent_id.or(role.agent_id) } else { None };
    // A recogniser's end before its start says nothing of the end.
    let end = end.filter(|e| start.is_none_or(|s| *e >= s));
    let label = (speaker == Speaker::Unknown && !label.is_empty()).then(|| label.into());
    let text = text.trim().to_owned().into();
    Turn { speaker, label, agent_id: agent_id.map(Into::into), text, start, end, ..Turn::default() }
}

/// Groups words into segments: a new one where the label changes or after a pause of more than two seconds.
pub(super) fn from_words(words: impl IntoIterator<Item = (String, Option<f64>, Option<f64>, String)>) -> Vec<Segment> {
    let mut out: Vec<Segment> = Vec::new();
    for (label, start, end, text) in words {
        let next = Segment { label, start, end, text, ..Segment::default() };
        match out.last_mut() {
            // Words without a time stay with those before them.
            Some(last)
                if last.label == next.label
                    && match (last.end.or(last.start), next.start) {
                        (Some(a), Some(b)) => b - a <= PAUSE,
                        _ => true,
                    } =>
            {
                last.text.push(' ');
                last.text.push_str(&next.text);
                last.end = next.end.or(last.end);
            }
            _ => out.push(next),
        }
    }
    out
}

/// Where the agent turns name one agent only, the conversation is theirs, also the turns that name nobody.
pub(super) fn one_agent(conversation: &mut Conversation<'_>) {
    let named: BTreeSet<String> =
        conversation.turns.iter().filter_map(|t| t.agent_id.as_deref().map(str::to_owned)).collect();
    if named.len() == 1 && conversation.agent_id.is_none() {
        conversation.agent_id = named.into_iter().next().map(Into::into);
        for turn in &mut conversation.turns {
            turn.agent_id = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(label: &str, start: f64, end: f64, text: &str) -> Segment {
        Segment { label: label.into(), start: Some(start), end: Some(end), text: text.into(), ..Segment::default() }
    }

    fn said(c: &Conversation<'_>) -> Vec<String> {
        c.turns
            .iter()
            .map(|t| {
                format!(
                    "{} {} {:?}-{:?} {}",
                    t.speaker.name(),
                    t.label.as_deref().unwrap_or("-"),
                    t.start,
                    t.end,
                    &*t.text
                )
            })
            .collect()
    }

    #[test]
    fn fragments_are_sorted_and_joined_and_overlaps_keep_their_times() {
        let c = call(
            "a",
            vec![
                s("AGENT", 0.0, 1.0, "Good"),
                s("1", 5.0, 6.5, " hello there "),
                s("AGENT", 1.5, 2.0, "morning"),
                s("AGENT", 6.0, 7.0, "yes"),
                s("1", 3.0, 4.0, "  "),
            ],
        );
        assert_eq!(
            said(&c),
            [
                "agent - Some(0.0)-Some(2.0) Good morning",
                "unknown 1 Some(5.0)-Some(6.5) hello there",
                "agent - Some(6.0)-Some(7.0) yes"
            ]
        );
    }

    #[test]
    fn unlabelled_segments_are_not_taken_for_one_speaker() {
        let c = call("a", vec![s("", 0.0, 1.0, "hello"), s("", 1.1, 2.0, "hi")]);
        assert_eq!(c.turns.len(), 2);
        let c = call("a", vec![s("x", 3.0, 1.0, "hello"), s("x", 9.0, 9.5, "again")]);
        assert_eq!((c.turns.len(), c.turns[0].end), (2, None));
    }

    #[test]
    fn words_become_segments_by_speaker_and_pause() {
        let w = |l: &str, t: f64, w: &str| (l.to_owned(), Some(t), Some(t + 0.3), w.to_owned());
        let got = from_words([w("a", 0.0, "one"), w("a", 0.4, "two"), w("b", 0.9, "three"), w("b", 9.0, "four")]);
        let texts: Vec<_> = got.iter().map(|s| (&*s.label, &*s.text)).collect();
        assert_eq!(texts, [("a", "one two"), ("b", "three"), ("b", "four")]);
    }
}
