//! All that a run knows of one conversation, laid over its transcript where that can be read again.

use std::path::Path;

use super::again::{self, Unread};
use super::{PartRow, PointRow, Run, RunsError};
use crate::model::{Conversation, Kind};
use crate::notes::Note;
use crate::report::Mask;
use crate::scorecard::Scorecard;

/// Words of a turn that a point stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Highlight {
    /// Byte of the shown text where they begin.
    pub start: usize,
    /// Byte behind their end.
    pub end: usize,
    /// Index into the criteria of the run.
    pub criterion: usize,
}

/// A turn as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownTurn {
    /// Index in the conversation, from 0.
    pub turn: usize,
    /// Who speaks: `agent`, `customer`, ...
    pub speaker: &'static str,
    /// Which agent.
    pub agent_id: String,
    /// Empty for speech; else `note`, `quote`, `signature`, `auto`.
    pub kind: &'static str,
    /// Seconds from the start.
    pub start: Option<f64>,
    /// The words, masked as asked.
    pub text: String,
    /// In the order of the text, none over another.
    pub highlights: Vec<Highlight>,
}

/// One agent's part.
#[derive(Clone, Debug)]
pub struct ExplainedPart {
    /// Its scores.
    pub row: PartRow,
    /// Its points, in the order of the turns.
    pub points: Vec<PointRow>,
    /// The words of each point as they are shown; none where the transcript cannot be read again, empty where a point is about a whole turn.
    pub words: Vec<String>,
    /// Notes and disputes about it.
    pub notes: Vec<Note>,
}

impl ExplainedPart {
    /// The sum of a criterion: base, won points, lost points (negative). `None` unless it was scored.
    pub fn sum(&self, criterion: usize) -> Option<(f64, f64, f64)> {
        let score = self.row.criteria.get(criterion)?.score?;
        let of = |keep: fn(f64) -> bool| -> f64 {
            self.points.iter().filter(|p| p.criterion == criterion && keep(p.points)).map(|p| p.points).sum()
        };
        let (won, lost) = (of(|p| p > 0.0), of(|p| p < 0.0));
        Some((score - won - lost, won, lost))
    }
}

/// What is known of one conversation.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// A part an agent.
    pub parts: Vec<ExplainedPart>,
    /// The transcript, or why it cannot be shown.
    pub transcript: Result<Vec<ShownTurn>, Unread>,
}

/// Why there is nothing to explain.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The run folder cannot be read.
    #[error(transparent)]
    Run(#[from] RunsError),
    /// No such conversation.
    #[error("{run} has no conversation {id:?}{}", nearest(.near))]
    NoConversation {
        /// The folder.
        run: String,
        /// As asked for.
        id: String,
        /// Ids that look alike, the nearest first.
        near: Vec<String>,
    },
    /// No such agent in it.
    #[error("{agent:?} has no part in conversation {id}; its agents: {agents}")]
    NoAgent {
        /// As asked for.
        agent: String,
        /// The conversation.
        id: String,
        /// Those that have one.
        agents: String,
    },
}

fn nearest(ids: &[String]) -> String {
    if ids.is_empty() {
        "; conversations.csv lists all".to_owned()
    } else {
        format!("; did you mean {}?", ids.join(", "))
    }
}

/// Ids that are proposed.
const PROPOSED: usize = 3;
/// Least similarity of a proposed id (Jaro-Winkler, 0..=1).
const ALIKE: f64 = 0.75;

/// How to explain.
pub struct How<'a> {
    /// Folder that relative names of sources are looked up from.
    pub from: &'a Path,
    /// Loads the phrases.
    pub load: again::Load<'a>,
    /// The scorecard.
    pub scorecard: &'a Scorecard,
    /// How the transcript is masked.
    pub mask: Mask,
    /// Only this agent's part.
    pub agent: Option<&'a str>,
}

/// Gathers what the run knows of a conversation; the id may be given as in the input or as the run writes it.
///
/// # Errors
/// [`ExplainError`]. That the transcript cannot be read again is none: it is in [`Explanation::transcript`].
pub fn explain(run: &Run, id: &str, notes: &[Note], how: &How<'_>) -> Result<Explanation, ExplainError> {
    let masked = crate::results::masked_id(id, run.mask());
    let mut rows: Vec<PartRow> = Vec::new();
    let mut near: Vec<(f64, String)> = Vec::new();
    run.parts(|row| {
        if row.conversation_id == id || row.conversation_id == masked {
            rows.push(row);
        } else if rows.is_empty() {
            let alike = strsim::jaro_winkler(id, &row.conversation_id);
            if alike >= ALIKE && !near.iter().any(|(_, n)| *n == row.conversation_id) {
                near.push((alike, row.conversation_id));
                near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
                near.truncate(PROPOSED);
            }
        }
    })?;
    let Some(first) = rows.first() else {
        let near = near.into_iter().map(|n| n.1).collect();
        return Err(ExplainError::NoConversation { run: run.path.display().to_string(), id: id.to_owned(), near });
    };
    let id = first.conversation_id.clone();
    let conversation = again::read(run, &rows, how.from, how.load, how.scorecard);
    if let Some(agent) = how.agent {
        let agents = rows.iter().map(|r| r.agent_id.as_str()).collect::<Vec<_>>().join(", ");
        rows.retain(|r| r.agent_id == agent);
        if rows.is_empty() {
            return Err(ExplainError::NoAgent { agent: agent.to_owned(), id, agents });
        }
    }
    let about = |row: &PartRow| {
        notes.iter().filter(|n| n.conversation_id == id && n.agent_id == row.agent_id).cloned().collect()
    };
    let mut parts: Vec<ExplainedPart> = rows
        .into_iter()
        .map(|row| ExplainedPart { notes: about(&row), row, points: Vec::new(), words: Vec::new() })
        .collect();
    run.points(|point| {
        if point.conversation_id == id
            && let Some(part) = parts.iter_mut().find(|p| p.row.agent_id == point.agent_id)
        {
            part.points.push(point);
        }
    })?;
    for part in &mut parts {
        part.points.sort_by_key(|p| (p.turn, p.start, p.end, p.criterion));
    }
    let transcript = conversation.map(|c| {
        for part in &mut parts {
            part.words = part.points.iter().map(|p| words(&c, p, how.mask)).collect();
        }
        show(&c, &parts, how.mask)
    });
    Ok(Explanation { parts, transcript })
}

fn show(c: &Conversation<'_>, parts: &[ExplainedPart], mask: Mask) -> Vec<ShownTurn> {
    let turns = c.turns.iter().enumerate();
    turns
        .map(|(i, turn)| {
            let points = parts.iter().flat_map(|p| &p.points).filter(|p| p.turn == i);
            // What is said of a whole turn would cover all else.
            let wanted = points.filter(|p| !is_whole(&turn.text, p)).map(|p| (p.start, p.end, p.criterion)).collect();
            let (text, highlights) = highlighted(&turn.text, wanted, mask);
            ShownTurn {
                turn: i,
                speaker: turn.speaker.name(),
                agent_id: c.agent_of(turn).unwrap_or_default().to_owned(),
                kind: match turn.kind {
                    Kind::Speech => "",
                    Kind::Note => "note",
                    Kind::Quote => "quote",
                    Kind::Signature => "signature",
                    Kind::Auto => "auto",
                },
                start: turn.start,
                text,
                highlights,
            }
        })
        .collect()
}

/// Whether a point stands at a whole turn.
fn is_whole(text: &str, p: &PointRow) -> bool {
    p.end.saturating_sub(p.start) >= text.trim().len()
}

fn words(c: &Conversation<'_>, p: &PointRow, mask: Mask) -> String {
    let Some(turn) = c.turns.get(p.turn) else { return String::new() };
    if is_whole(&turn.text, p) {
        return String::new();
    }
    let (text, highlights) = highlighted(&turn.text, vec![(p.start, p.end, p.criterion)], mask);
    highlights.first().map_or_else(String::new, |h| text[h.start..h.end].to_owned())
}

/// The masked text and where the words of some points are in it. Of points over each other the first counts.
fn highlighted(text: &str, mut wanted: Vec<(usize, usize, usize)>, mask: Mask) -> (String, Vec<Highlight>) {
    let shown = mask(text).into_owned();
    // Texts are masked in whole, so that no number escapes by being cut; the places move along.
    let spans = if shown == text {
        Vec::new()
    } else {
        crate::privacy::found(text).map(|(range, kind)| (range.start, range.end, kind)).collect()
    };
    let moved = |at: usize, is_end: bool| {
        let mut shift = 0_isize;
        for (start, end, kind) in &spans {
            if at <= *start {
                break;
            }
            if at < *end {
                let start = start.saturating_add_signed(shift);
                return if is_end { start + kind.len() } else { start };
            }
            shift += kind.len() as isize - (end - start) as isize;
        }
        at.saturating_add_signed(shift)
    };
    wanted.sort_unstable();
    let (mut out, mut behind) = (Vec::new(), 0);
    for (start, end, criterion) in wanted {
        let (start, end) = (moved(start, false), moved(end, true));
        if start >= behind && end > start && shown.get(start..end).is_some() {
            out.push(Highlight { start, end, criterion });
            behind = end;
        }
    }
    (shown, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn highlights_never_panic_and_lie_in_the_text(
            text in "[a-zа-я@.+ 0-9]{0,80}",
            wanted in prop::collection::vec((0_usize..200, 0_usize..200, 0_usize..6), 0..6),
        ) {
            let (shown, highlights) = highlighted(&text, wanted, crate::privacy::mask);
            prop_assert_eq!(&shown, &crate::privacy::mask(&text));
            let mut behind = 0;
            for h in highlights {
                prop_assert!(h.start >= behind && shown.get(h.start..h.end).is_some());
                behind = h.end;
            }
        }
    }

    #[test]
    fn words_are_found_again_in_the_masked_text() {
        let text = "My phone is +7 700 000 01 02, so sorry, and mail a@b.kz, thank you";
        let at = |words: &str| (text.find(words).unwrap(), text.find(words).unwrap() + words.len());
        let (sorry, thanks) = (at("so sorry"), at("thank you"));
        let across = (at("is +7").0, at("700 000").0);
        let wanted = vec![
            (thanks.0, thanks.1, 2),
            (sorry.0, sorry.1, 1),
            (across.0, across.1, 0),
            (sorry.0, sorry.1, 5),
            (3, 3, 4),
        ];
        let (shown, highlights) = highlighted(text, wanted, crate::privacy::mask);
        let said: Vec<(&str, usize)> = highlights.iter().map(|h| (&shown[h.start..h.end], h.criterion)).collect();
        assert_eq!(said, [("is [phone]", 0), ("so sorry", 1), ("thank you", 2)]);
        let (shown, highlights) = highlighted(text, vec![(sorry.0, sorry.1, 1), (900, 990, 1)], |t| t.into());
        assert_eq!((&shown[highlights[0].start..highlights[0].end], highlights.len()), ("so sorry", 1));
    }

    #[test]
    fn sums_add_up_to_the_score() {
        use crate::runs::Cells;
        let point = |criterion, points| PointRow { criterion, points, ..PointRow::default() };
        let row = PartRow {
            criteria: vec![Cells { score: Some(70.0), ..Cells::default() }, Cells::default()],
            ..PartRow::default()
        };
        let part = ExplainedPart {
            row,
            points: vec![point(0, 25.0), point(0, -5.0), point(1, 9.0)],
            words: Vec::new(),
            notes: Vec::new(),
        };
        assert_eq!((part.sum(0), part.sum(1), part.sum(9)), (Some((50.0, 25.0, -5.0)), None, None));
    }
}
