//! What is written of a conversation and of a point: rows, already masked. They borrow what need not be changed.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::criteria::{self, Circumstances, Part};
use crate::model::{Channel, Conversation, Evidence, Language, PartResult, Place, Quarantined, Status};

/// A row of `conversations`: one agent's part of one conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversationRow<'a> {
    /// As in the input.
    pub conversation_id: Cow<'a, str>,
    /// Whose part; empty when the input does not say.
    pub agent_id: &'a str,
    /// Call, chat or email.
    pub channel: Channel,
    /// Main language.
    pub language: Option<Language>,
    /// As in the input, RFC 3339 where it could be read.
    pub started_at: &'a str,
    /// As in the input.
    pub queue: Cow<'a, str>,
    /// As in the input.
    pub team: Cow<'a, str>,
    /// Weighted mean of what was scored, 0..=100; 0 on a fatal item.
    pub overall: Option<f64>,
    /// How sure the overall score is, 0..=1.
    pub confidence: f64,
    /// Fatal items that were met, parted by `; `.
    pub fatal: String,
    /// The result of each criterion, in the order of the registry.
    pub criteria: Vec<CriterionCells>,
    /// Turns of the conversation.
    pub turns: u32,
    /// Turns of this agent.
    pub agent_turns: u32,
    /// Words of this agent.
    pub agent_words: u32,
    /// File and line of the record.
    pub source: String,
    /// How it is known who is the agent.
    pub role_source: &'static str,
    /// The chance that the roles are right, 0..=1.
    pub role_confidence: f64,
    /// What was mended, concluded, left out or could not be read: `kind: sentence`, parted by `; `, masked.
    pub notes: Cow<'a, str>,
    /// What the agent met.
    pub circumstances: Circumstances,
}

/// What a row says of one criterion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CriterionCells {
    /// Scored, not applicable, or cannot tell.
    pub status: Status,
    /// 0..=100 when scored.
    pub score: Option<f64>,
    /// How sure the score is, 0..=1.
    pub confidence: f64,
    /// Why it has this status.
    pub reason: &'static str,
}

/// A row of `evidence`: one point of one criterion.
#[derive(Clone, Debug, PartialEq)]
pub struct EvidenceRow<'a> {
    /// As in the input.
    pub conversation_id: Cow<'a, str>,
    /// Whose part.
    pub agent_id: Cow<'a, str>,
    /// Index into [`criteria::ALL`].
    pub criterion: usize,
    /// What it adds to the score; lost points are negative.
    pub points: f64,
    /// Index of the turn, from 0.
    pub turn: u32,
    /// Byte of the turn's original text where the words begin.
    pub start: u32,
    /// Byte behind their end.
    pub end: u32,
    /// The sentence around the words, masked and shortened.
    pub quote: Cow<'a, str>,
    /// The rule of the criterion.
    pub rule: &'static str,
    /// The act behind it; empty where the rule is not about words.
    pub act: &'static str,
    /// `lang/act:line` of the phrase met; empty where there is none.
    pub phrase: Cow<'a, str>,
    /// Turn of the customer's words that called for it.
    pub called_turn: Option<u32>,
    /// Those words in their sentence, masked and shortened.
    pub called_quote: Cow<'a, str>,
    /// For a miss: what would have earned the point.
    pub would_earn: &'static str,
}

impl EvidenceRow<'_> {
    /// `won`, `lost`, or `noted` for a point of 0.
    pub fn effect(&self) -> &'static str {
        if self.points > 0.0 {
            "won"
        } else if self.points < 0.0 {
            "lost"
        } else {
            "noted"
        }
    }

    /// The same row with texts of its own.
    pub fn into_owned(self) -> EvidenceRow<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        EvidenceRow {
            conversation_id: own(self.conversation_id),
            agent_id: own(self.agent_id),
            quote: own(self.quote),
            phrase: own(self.phrase),
            called_quote: own(self.called_quote),
            ..self
        }
    }
}

/// A row of `quarantine`: a record that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineRow {
    /// File of the record.
    pub file: String,
    /// Line, counted from 1.
    pub line: Option<u64>,
    /// Byte within the expanded file.
    pub byte: Option<u64>,
    /// Its id, if that much could be read; masked.
    pub conversation_id: String,
    /// Kind of reason.
    pub kind: &'static str,
    /// What is wrong and what would help; masked, since parsers quote what they stumble over.
    pub reason: String,
}

impl QuarantineRow {
    /// The row of a record.
    pub fn new(q: &Quarantined, mask: Mask) -> Self {
        Self {
            file: q.place.file.display().to_string(),
            line: q.place.line,
            byte: q.place.byte,
            conversation_id: masked_id(q.conversation_id.as_deref().unwrap_or(""), mask).into_owned(),
            kind: q.reason.kind(),
            reason: mask(&q.reason.to_string()).into_owned(),
        }
    }
}

/// Longest quote, in characters.
const LONGEST: usize = 240;

/// An id as it is written: where masking would change it, a stable stand-in, so that rows still can be joined.
pub fn masked_id(id: &str, mask: Mask) -> Cow<'_, str> {
    match mask(id) {
        masked if masked == id => Cow::Borrowed(id),
        _ => {
            let digest = Sha256::digest(id.as_bytes());
            Cow::Owned(digest.iter().take(5).fold("id-".to_owned(), |s, b| s + &format!("{b:02x}")))
        }
    }
}

/// How texts are masked before they leave the program.
pub type Mask = fn(&str) -> Cow<'_, str>;

/// The row of one part. Its id is the one that the part's points carry, too.
pub fn conversation_row<'a>(part: &Part<'a>, result: &PartResult, place: &Place, mask: Mask) -> ConversationRow<'a> {
    let c: &'a Conversation<'a> = part.conversation;
    let text = |t: &'a Option<crate::model::Text<'a>>| t.as_deref().map_or(Cow::Borrowed(""), mask);
    debug_assert_eq!(result.criteria.len(), criteria::ALL.len());
    ConversationRow {
        conversation_id: masked_id(&c.id, mask),
        agent_id: part.agent_id.unwrap_or_default(),
        channel: result.channel,
        language: result.language,
        started_at: c.started_at.as_deref().unwrap_or_default(),
        queue: text(&c.queue),
        team: text(&c.team),
        overall: result.overall,
        confidence: result.confidence,
        fatal: result.fatal.join("; "),
        criteria: result
            .criteria
            .iter()
            .map(|r| CriterionCells { status: r.status, score: r.score, confidence: r.confidence, reason: r.reason })
            .collect(),
        turns: c.turns.len() as u32,
        agent_turns: part.own_turns().count() as u32,
        agent_words: part.own_words() as u32,
        source: place.to_string(),
        role_source: c.roles.source.name(),
        role_confidence: c.roles.confidence,
        notes: notes(c, mask),
        circumstances: Circumstances::of(part),
    }
}

/// The notes of a conversation in one cell.
fn notes<'a>(c: &Conversation<'_>, mask: Mask) -> Cow<'a, str> {
    if c.notes.is_empty() {
        return Cow::Borrowed("");
    }
    let all: Vec<String> = c.notes.iter().map(|n| format!("{}: {}", n.kind.name(), mask(&n.text))).collect();
    Cow::Owned(all.join("; "))
}

/// The sentence around some bytes of a turn as it is written: masked, on one line, shortened.
pub fn quote<'a>(part: &Part<'a>, turn: usize, start: usize, end: usize, mask: Mask) -> Cow<'a, str> {
    // Masked before it is cut: half a number at the cut could not be told any more.
    let (text, focus) = sentence(part, turn, start, end);
    shorten(mask(text), focus)
}

/// The rows of the points of one part, criterion by criterion; `id` is that of [`conversation_row`].
pub fn evidence_rows<'a>(
    part: &'a Part<'a>,
    result: &'a PartResult,
    id: &'a str,
    mask: Mask,
) -> impl Iterator<Item = EvidenceRow<'a>> {
    let points = result.criteria.iter().enumerate().flat_map(|(i, r)| r.evidence.iter().map(move |e| (i, e)));
    points.map(move |(criterion, e)| evidence_row(part, id, criterion, e, mask))
}

fn evidence_row<'a>(part: &'a Part<'a>, id: &'a str, criterion: usize, e: &Evidence, mask: Mask) -> EvidenceRow<'a> {
    let quoted = |turn: usize, start: usize, end: usize| quote(part, turn, start, end, mask);
    EvidenceRow {
        conversation_id: Cow::Borrowed(id),
        agent_id: Cow::Borrowed(part.agent_id.unwrap_or_default()),
        criterion,
        points: e.points,
        turn: e.turn as u32,
        start: e.start as u32,
        end: e.end as u32,
        quote: quoted(e.turn, e.start, e.end),
        rule: e.rule,
        act: e.act,
        phrase: Cow::Borrowed(e.phrase.map_or("", |p| &*part.lexicon.rule(p).label)),
        called_turn: e.called.map(|c| c.turn as u32),
        called_quote: e.called.map_or(Cow::Borrowed(""), |c| quoted(c.turn, c.start, c.end)),
        would_earn: e.would_earn,
    }
}

/// The sentence around bytes `start..end` of a turn with the signs behind it, and the byte within it where they begin; the whole turn where something is missing.
fn sentence<'a>(part: &Part<'a>, turn: usize, start: usize, end: usize) -> (&'a str, usize) {
    let c: &'a Conversation<'a> = part.conversation;
    let text: &'a str = &c.turns[turn].text;
    if start == end {
        return (text, 0);
    }
    let begin = || part.reading.words_of(turn).iter().filter(|w| w.begins_sentence()).map(|w| w.start as usize);
    let from = begin().take_while(|at| *at <= start).last().unwrap_or(0);
    let to = begin().find(|at| *at >= end.max(start + 1)).unwrap_or(text.len());
    (text.get(from..to.max(from)).unwrap_or(text), start.saturating_sub(from))
}

/// One line of at most [`LONGEST`] characters that keeps what stands at byte `focus`.
fn shorten(text: Cow<'_, str>, focus: usize) -> Cow<'_, str> {
    // Most sentences are short and on one line already.
    if text.len() <= LONGEST && is_one_line(text.as_bytes()) {
        return match text {
            Cow::Borrowed(t) => Cow::Borrowed(t.trim()),
            Cow::Owned(t) if t.trim().len() == t.len() => Cow::Owned(t),
            Cow::Owned(t) => Cow::Owned(t.trim().to_owned()),
        };
    }
    let one_line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let count = one_line.chars().count();
    if count <= LONGEST {
        return Cow::Owned(one_line);
    }
    let before = text.get(..focus).map_or(0, |t| t.split_whitespace().map(|w| w.chars().count() + 1).sum::<usize>());
    let skip = before.saturating_sub(LONGEST / 3).min(count - LONGEST);
    let cut: String = one_line.chars().skip(skip).take(LONGEST).collect();
    let lead = if skip > 0 { "… " } else { "" };
    let tail = if skip + LONGEST < count { " …" } else { "" };
    Cow::Owned(format!("{lead}{}{tail}", cut.trim()))
}

/// Whether no control character and no two spaces in a row are in it.
fn is_one_line(text: &[u8]) -> bool {
    // Loops without a way out, so that they are done by sixteen bytes at once.
    let control = text.iter().fold(false, |any, b| any | (*b < b' '));
    let behind = text.get(1..).unwrap_or_default();
    !control && !text.iter().zip(behind).fold(false, |any, (a, b)| any | ((*a == b' ') & (*b == b' ')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::criteria::testing::{conversation, lexicon};

    #[test]
    fn masked_ids_stay_apart_and_plain_ones_stay() {
        let mask: Mask = crate::privacy::mask;
        assert_eq!(masked_id("call-001", mask), "call-001");
        let (a, b) = (masked_id("1@mail.demo.kz", mask), masked_id("2@mail.demo.kz", mask));
        assert!(a != b && a.starts_with("id-") && a == masked_id("1@mail.demo.kz", mask));
    }

    #[test]
    fn a_sign_is_quoted_with_the_sentence_before_it() {
        let text = "Добрый день! Нашла посылку)) 👍 Ждите к шести.";
        let line = format!("A: {text}");
        let c = conversation(crate::model::Channel::Chat, &line);
        let lexicon = lexicon();
        let mut reading = crate::lexicon::Reading::default();
        crate::lexicon::Reader::new(lexicon).read(&c, &mut reading);
        let part = &crate::criteria::parts(&c, &reading, lexicon)[0];
        let quoted = |of: &str| {
            let at = text.find(of).unwrap();
            sentence(part, 0, at, at + of.len()).0.trim()
        };
        for of in ["посылку", "))", "👍"] {
            assert_eq!(quoted(of), "Нашла посылку)) 👍", "{of}");
        }
        assert_eq!(quoted("день"), "Добрый день!");
        assert_eq!(quoted("шести"), "Ждите к шести.");
    }

    #[test]
    fn quotes_are_short_one_line_and_hold_their_focus() {
        let text = format!("{} needle {}", "word ".repeat(100), "tail ".repeat(100));
        let at = text.find("needle").unwrap();
        let cut = shorten(Cow::Borrowed(&text), at);
        assert!(cut.contains("needle") && cut.starts_with('…') && cut.ends_with('…'));
        assert!(cut.chars().count() <= LONGEST + 4);
        assert_eq!(shorten(Cow::Borrowed("two\n lines"), 0), "two lines");
        assert_eq!(shorten(Cow::Owned(" end ".into()), 0), "end");
        assert_eq!(shorten(Cow::Borrowed("two  spaces"), 0), "two spaces");
    }
}
