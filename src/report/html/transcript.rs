//! A conversation as a page shows it: masked texts, cut where points begin and end, and the sum behind each score.

use std::borrow::Cow;
use std::ops::Range;

use crate::criteria::{self, Part, Role};
use crate::model::{Channel, Kind, Language, PartResult, Speaker, Status};
use crate::privacy;
use crate::results::{ConversationRow, EvidenceRow, Mask};
use crate::scorecard::Scorecard;

/// Most characters of a turn that are shown.
const LONGEST_TURN: usize = 6_000;
/// Most bytes of a transcript that are shown, and most turns.
const LONGEST: usize = 120_000;
const MOST_TURNS: usize = 600;
/// Most points of a part that are listed; the sums are over all.
const MOST_POINTS: usize = 400;

/// A stretch of a turn's masked text and the points that stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Masked.
    pub text: String,
    /// The points that rest on these words, as indices into the list the marks came from.
    pub marks: Vec<usize>,
}

/// A turn as it is shown.
#[derive(Clone, Debug)]
pub struct ShownTurn {
    /// Index in the conversation, from 0, as in `evidence`.
    pub number: usize,
    /// Who speaks.
    pub speaker: Speaker,
    /// What it is made of.
    pub kind: Kind,
    /// Whether these are the words of the agent who is scored.
    pub own: bool,
    /// Seconds from the start.
    pub start: Option<f64>,
    /// The text.
    pub pieces: Vec<Piece>,
    /// Whether it goes on.
    pub cut: bool,
}

/// How the score of a criterion comes about.
#[derive(Clone, Debug)]
pub struct Sum {
    /// Scored, not applicable, or cannot tell.
    pub status: Status,
    /// Why.
    pub reason: &'static str,
    /// Where the sum starts.
    pub base: f64,
    /// Points won.
    pub won: f64,
    /// Points lost, at most 0.
    pub lost: f64,
    /// `base + won + lost`, 0..=100.
    pub score: Option<f64>,
    /// How sure it is, 0..=1.
    pub confidence: f64,
    /// Its weight in the overall score.
    pub weight: Option<f64>,
}

/// One agent's part of a conversation, ready to be shown.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// Masked id, as in the tables.
    pub id: String,
    /// Whose part.
    pub agent_id: String,
    /// By which way.
    pub channel: Channel,
    /// Main language.
    pub language: Option<Language>,
    /// As in the input.
    pub started_at: String,
    /// File and line.
    pub source: String,
    /// 0..=100.
    pub overall: f64,
    /// 0..=1.
    pub confidence: f64,
    /// Fatal items; empty where there is none.
    pub fatal: String,
    /// One a criterion.
    pub sums: Vec<Sum>,
    /// The points that are listed, in the order of the criteria and turns.
    pub points: Vec<EvidenceRow<'static>>,
    /// Points that are not listed.
    pub more_points: usize,
    /// What is shown of the turns.
    pub turns: Vec<ShownTurn>,
    /// Turns that are not shown, at the end.
    pub more_turns: usize,
}

impl Transcript {
    /// The transcript of a part; `points` are its rows, `row` that of the part.
    pub fn new(
        part: &Part<'_>,
        result: &PartResult,
        row: &ConversationRow<'_>,
        points: &[EvidenceRow<'static>],
        scorecard: &Scorecard,
        mask: Mask,
    ) -> Self {
        let sums = result.criteria.iter().enumerate().map(|(i, r)| {
            let of = |won: bool| r.evidence.iter().map(|e| e.points).filter(|p| (*p > 0.0) == won).sum();
            Sum {
                status: r.status,
                reason: r.reason,
                base: r.base,
                won: of(true),
                lost: of(false),
                score: r.score,
                confidence: r.confidence,
                weight: scorecard.weight(i, part.conversation, row.language),
            }
        });
        let listed: Vec<EvidenceRow<'static>> = points.iter().take(MOST_POINTS).cloned().collect();
        let mut turns: Vec<ShownTurn> = Vec::new();
        let mut room = LONGEST;
        for (number, turn) in part.conversation.turns.iter().enumerate().take(MOST_TURNS) {
            if room == 0 {
                break;
            }
            let marks = marks_of(number, &listed, turn.text.len());
            let (pieces, cut) = pieces(&turn.text, &marks, room.min(LONGEST_TURN), mask);
            room = room.saturating_sub(pieces.iter().map(|p| p.text.len()).sum::<usize>().max(1));
            turns.push(ShownTurn {
                number,
                speaker: turn.speaker,
                kind: turn.kind,
                own: part.roles.get(number) == Some(&Role::Own),
                start: turn.start,
                pieces,
                cut,
            });
        }
        Self {
            id: row.conversation_id.clone().into_owned(),
            agent_id: row.agent_id.to_owned(),
            channel: row.channel,
            language: row.language,
            started_at: row.started_at.to_owned(),
            source: row.source.clone(),
            overall: row.overall.unwrap_or_default(),
            confidence: row.confidence,
            fatal: row.fatal.clone(),
            sums: sums.take(criteria::ALL.len()).collect(),
            more_points: points.len() - listed.len(),
            points: listed,
            more_turns: part.conversation.turns.len() - turns.len(),
            turns,
        }
    }
}

/// The words of a turn that points rest on: bytes and the point's index. Points on a turn as a whole mark no words.
fn marks_of(turn: usize, points: &[EvidenceRow<'_>], length: usize) -> Vec<(Range<usize>, usize)> {
    let on_words =
        |e: &EvidenceRow<'_>| e.end > e.start && (!e.act.is_empty() || ((e.end - e.start) as usize) < length);
    points
        .iter()
        .enumerate()
        .filter(|(_, e)| e.turn as usize == turn && on_words(e))
        .map(|(i, e)| (e.start as usize..e.end as usize, i))
        .collect()
}

/// A text masked and cut at the ends of its marks, at most `longest` bytes of it, and whether it goes on behind.
pub fn pieces(text: &str, marks: &[(Range<usize>, usize)], longest: usize, mask: Mask) -> (Vec<Piece>, bool) {
    let shown = mask(text);
    // Where the masked text has other bytes than the original: bytes of both.
    let mut replaced: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    if shown != text {
        let mut shift: isize = 0;
        for (from, by) in privacy::found(text) {
            let start = from.start.saturating_add_signed(shift);
            shift += by.len() as isize - from.len() as isize;
            replaced.push((from, start..start + by.len()));
        }
        // Masked by other rules than ours: then places cannot be told, and the text stands in one piece.
        let told = replaced.last().is_some_and(|_| shown.len() as isize == text.len() as isize + shift);
        if !told {
            return cut(vec![Piece { text: shown.into_owned(), marks: marks.iter().map(|m| m.1).collect() }], longest);
        }
    }
    let place = |at: usize, is_end: bool| {
        let mut shift: isize = 0;
        for (from, to) in &replaced {
            if at <= from.start {
                break;
            }
            if at < from.end {
                return if is_end { to.end } else { to.start };
            }
            shift = to.end as isize - from.end as isize;
        }
        at.saturating_add_signed(shift)
    };
    let placed: Vec<(Range<usize>, usize)> =
        marks.iter().map(|(r, i)| (place(r.start, false)..place(r.end, true), *i)).collect();
    let mut ends: Vec<usize> = placed.iter().flat_map(|(r, _)| [r.start, r.end]).collect();
    ends.extend([0, shown.len()]);
    ends.retain(|e| shown.is_char_boundary(*e));
    ends.sort_unstable();
    ends.dedup();
    let out = ends.windows(2).filter_map(|w| {
        let within = |r: &Range<usize>| r.start <= w[0] && w[1] <= r.end;
        let text = shown.get(w[0]..w[1])?.to_owned();
        Some(Piece { text, marks: placed.iter().filter(|(r, _)| within(r)).map(|(_, i)| *i).collect() })
    });
    cut(out.collect(), longest)
}

/// So many bytes of the pieces at the most, and whether more was there.
fn cut(pieces: Vec<Piece>, longest: usize) -> (Vec<Piece>, bool) {
    let mut room = longest;
    let mut out = Vec::new();
    for mut piece in pieces {
        if piece.text.len() > room {
            let mut end = room;
            while !piece.text.is_char_boundary(end) {
                end -= 1;
            }
            piece.text.truncate(end);
            out.push(piece);
            return (out, true);
        }
        room -= piece.text.len();
        out.push(piece);
    }
    (out, false)
}

/// A text masked, on one line, with at most so many characters.
pub fn clipped(text: &str, longest: usize, mask: Mask) -> String {
    let masked: Cow<'_, str> = mask(text);
    let line = masked.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(longest) {
        Some((at, _)) => format!("{} …", line[..at].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, marks: &[(Range<usize>, usize)]) -> Vec<(String, Vec<usize>)> {
        let (pieces, _) = pieces(text, marks, 1_000, privacy::mask);
        pieces.into_iter().map(|p| (p.text, p.marks)).collect()
    }

    #[test]
    fn overlapping_marks_cut_the_text_and_share_pieces() {
        let got = shown("I am so sorry for this", &[(5..13, 0), (8..17, 1)]);
        let want = [("I am ", vec![]), ("so ", vec![0]), ("sorry", vec![0, 1]), (" for", vec![1]), (" this", vec![])];
        assert_eq!(got, want.map(|(t, m)| (t.to_owned(), m)));
    }

    #[test]
    fn marks_keep_their_place_behind_and_across_masked_words() {
        let text = "write to ann@demo.kz, or call +7 700 000 01 02 gladly";
        let (at, end) = (text.find("or call").unwrap(), text.len());
        let got = shown(text, &[(at..at + 7, 0), (end - 6..end, 1), (text.find('+').unwrap() + 3..end - 7, 2)]);
        let of = |i: usize| got.iter().filter(|p| p.1.contains(&i)).map(|p| p.0.as_str()).collect::<String>();
        assert_eq!((of(0).as_str(), of(1).as_str(), of(2).as_str()), ("or call", "gladly", "[phone]"));
        assert_eq!(got.iter().map(|p| p.0.as_str()).collect::<String>(), privacy::mask(text));
    }

    #[test]
    fn another_mask_leaves_the_text_whole_rather_than_marking_the_wrong_words() {
        let (pieces, _) = pieces("secret words", &[(7..12, 0)], 100, |t| t.replace("secret", "***").into());
        assert_eq!(pieces, [Piece { text: "*** words".into(), marks: vec![0] }]);
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        let (pieces, more) = pieces("шшшш", &[], 5, privacy::mask);
        assert_eq!((pieces[0].text.as_str(), more), ("шш", true));
        assert_eq!(clipped("one  two\nthree", 7, privacy::mask), "one two …");
    }
}
