//! Finds acts: one pass over the words of a conversation.

use super::Lexicon;
use super::acts::{Act, By};
use super::classes::{self, Classes, Distinct};
use super::compile::Brief;
use super::context::Context;
use super::machine::Machine;
use super::vocabulary::NegationRole;
use crate::learned::Sums;
use crate::model::{Conversation, Kind, Language, Speaker};
use crate::text::{Flags, Vote, Votes, Word, scan_with};

/// An act found in a turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// What the stretch does.
    pub act: Act,
    /// Byte of the turn's text where it begins.
    pub start: u32,
    /// Byte behind its end.
    pub end: u32,
    /// 0..=1: how surely the words mean the act.
    pub confidence: f32,
    /// Index of the phrase, for [`Lexicon::rule`].
    pub rule: u32,
    /// Whether the words stand in a question.
    pub question: bool,
}

/// What was read in one turn.
#[derive(Clone, Debug, Default)]
pub struct TurnReading {
    /// Range of its words in [`Reading::words`].
    pub words: std::ops::Range<usize>,
    /// Its language, the conversation's where it is too short to tell.
    pub language: Option<Language>,
    /// 0..=1: how sure the language is.
    pub language_confidence: f32,
    /// Range of its acts in [`Reading::acts`].
    pub acts: std::ops::Range<usize>,
    /// What the fitted model adds up to over its words; zeros where it cannot read them.
    pub learned: Sums,
    /// Kazakh in Latin letters: the fitted model, which has met it in Cyrillic ones alone, cannot read it.
    pub latin_kazakh: bool,
}

impl TurnReading {
    /// Whether the fitted model can read its words.
    pub fn is_legible(&self) -> bool {
        self.language.is_some() && !self.latin_kazakh
    }
}

/// The words, languages and acts of a conversation. Kept and filled anew for each one.
#[derive(Debug, Default)]
pub struct Reading {
    /// All words, turn after turn.
    pub words: Vec<Word>,
    /// One a turn.
    pub turns: Vec<TurnReading>,
    /// All acts, turn after turn, in the order of their beginnings.
    pub acts: Vec<Found>,
    /// What is known of each distinct word, by the words' numbers.
    pub distinct: Vec<Distinct>,
    /// How many forms the distinct words have.
    pub forms: usize,
    /// Main language of the conversation.
    pub language: Option<Language>,
}

impl Reading {
    /// Acts of a turn.
    pub fn acts_of(&self, turn: usize) -> &[Found] {
        &self.acts[self.turns[turn].acts.clone()]
    }
    /// What is known of a word of this conversation.
    #[inline]
    pub fn known(&self, word: &Word) -> &Distinct {
        &self.distinct[word.number as usize]
    }
    /// The words of a turn.
    pub fn words_of(&self, turn: usize) -> &[Word] {
        &self.words[self.turns[turn].words.clone()]
    }
    /// Number of words of a turn.
    pub fn word_count(&self, turn: usize) -> usize {
        self.turns[turn].words.len()
    }
}

/// Reads conversations with a lexicon. Holds what a thread remembers between them; results never depend on it.
#[derive(Debug)]
pub struct Reader<'l> {
    lexicon: &'l Lexicon,
    context: Option<&'l Context>,
    classes: Classes,
    machine: Machine,
    votes: Vec<Votes>,
    spans: Vec<Span>,
    kept: Vec<(u32, u32)>,
}

/// A pattern met. In order: look-alikes of an act first, then the strongest, then the longest, then the earliest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    /// [`Brief::rank`] with the length in words below it, falling.
    rank: u32,
    /// First word.
    first: u32,
    rule: u32,
    /// Last word, and whether its sentence is a question.
    last: u32,
}

impl Span {
    fn new(rank: u32, rule: u32, first: usize, last: usize, question: bool) -> Self {
        let length = (last - first).min(LONGEST as usize) as u32;
        Self {
            rank: rank << LENGTH_BITS | (LONGEST - length),
            first: first as u32,
            rule,
            last: (last as u32) << 1 | u32::from(question),
        }
    }
    /// Behind its last word.
    fn last(&self) -> usize {
        (self.last >> 1) as usize
    }
    fn question(&self) -> bool {
        self.last & 1 == 1
    }
}

/// Bits of a span's rank that hold its length.
const LENGTH_BITS: u32 = 16;
const LONGEST: u32 = (1 << LENGTH_BITS) - 1;
/// Most matches looked at in one turn; a text made to exceed it is cut there.
const MAX_SPANS: usize = 20_000;
/// Words a negation reaches over.
const NEGATION_REACH: usize = 3;

impl<'l> Reader<'l> {
    /// A reader with nothing remembered yet.
    pub fn new(lexicon: &'l Lexicon) -> Self {
        Self {
            lexicon,
            context: lexicon.context(),
            classes: Classes::new(),
            machine: Machine::new(),
            votes: Vec::new(),
            spans: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// A reader that leaves every act as its phrases say, whatever its place in the conversation.
    pub fn without_context(lexicon: &'l Lexicon) -> Self {
        Self { context: None, ..Self::new(lexicon) }
    }

    /// Finds words, languages and acts of a conversation.
    pub fn read(&mut self, conversation: &Conversation<'_>, out: &mut Reading) {
        out.words.clear();
        out.turns.clear();
        out.acts.clear();
        self.votes.clear();
        self.classes.begin();
        let mut all = Votes::default();
        for turn in &conversation.turns {
            let first = out.words.len();
            let mut votes = Votes::default();
            scan_with(&turn.text, &mut out.words, |word| {
                let (known, number) = self.classes.of(word, self.lexicon);
                votes.add(known.vote);
                (known.class, number)
            });
            if matches!(turn.kind, Kind::Speech) {
                all.merge(&votes);
            }
            self.votes.push(votes);
            out.turns.push(TurnReading { words: first..out.words.len(), ..TurnReading::default() });
        }
        self.machine.meet(&self.classes.all, &self.lexicon.automaton);
        let hint = conversation.language.as_deref().and_then(Language::from_tag);
        let longest = conversation.turns.iter().max_by_key(|t| t.text.len()).map_or("", |t| &t.text);
        let main = all.decide(longest).map(|d| d.0).or(hint);
        out.language = main;
        out.forms = self.classes.distinct(main, &mut out.distinct);
        for (i, turn) in conversation.turns.iter().enumerate() {
            let decided = if self.votes[i] == Votes::default() { None } else { self.votes[i].decide(&turn.text) };
            let (language, confidence) = match decided {
                Some((l, c)) => (Some(l), c),
                None => (main, if main.is_some() { 0.5 } else { 0.0 }),
            };
            let from = out.acts.len();
            if matches!(turn.kind, Kind::Speech)
                && !matches!(turn.speaker, Speaker::Bot | Speaker::Ivr | Speaker::System)
            {
                let words = &out.words[out.turns[i].words.clone()];
                self.find(words, turn.speaker, language, &mut out.acts);
            }
            let reading = &mut out.turns[i];
            reading.language = language;
            reading.language_confidence = confidence;
            reading.acts = from..out.acts.len();
            reading.latin_kazakh = language == Some(Language::Kazakh) && self.votes[i].mostly_latin();
            if let Some(model) = self.lexicon.model() {
                let words = &out.words[reading.words.clone()];
                if reading.is_legible() && turn.kind == Kind::Speech {
                    reading.learned = model.sums(words.iter().map(|w| &out.distinct[w.number as usize].learned));
                }
            }
        }
        if let Some(context) = self.context {
            context.settle(conversation, out);
        }
    }

    fn find(&mut self, words: &[Word], speaker: Speaker, language: Option<Language>, acts: &mut Vec<Found>) {
        self.spans.clear();
        let Self { lexicon, classes, machine, spans, .. } = self;
        let (automaton, rules, speaker) = (&lexicon.automaton, &lexicon.briefs, By::bit(speaker));
        let (mut end, mut question) = (0, false);
        for first in 0..words.len() {
            if first >= end {
                let more = words[first + 1..].iter().position(|w| w.flags.has(Flags::SENTENCE));
                end = more.map_or(words.len(), |n| first + 1 + n);
                question = words[end - 1].flags.has(Flags::QUESTION);
            }
            machine.tidy();
            let at_start = words[first].flags.has(Flags::SENTENCE);
            let mut number = machine.begin(words[first].class, at_start, &classes.all, automaton);
            let mut at = first + 1;
            loop {
                let state = machine.state(number);
                if !state.is_silent() {
                    for accept in machine.accepts(state) {
                        let rule = &rules[accept.rule as usize];
                        if (!accept.at_end || at == end) && rule.speakers & speaker != 0 && spans.len() < MAX_SPANS {
                            spans.push(Span::new(rule.rank, accept.rule, first, at, question));
                        }
                    }
                }
                let may_take = |word: &Word| classes.signs[word.class as usize].meets(&state.needs);
                let ahead = &words[at..end];
                let Some(next) = ahead.first() else { break };
                let mut class = next.class;
                if !may_take(next) {
                    let within = &ahead[..ahead.len().min(state.reach as usize)];
                    let Some(passed) = within.iter().position(may_take) else { break };
                    class = within[passed].class;
                    for _ in 0..passed {
                        number = machine.skip(number, &classes.all, automaton);
                    }
                    at += passed;
                }
                number = machine.step(number, class, classes, automaton);
                at += 1;
            }
        }
        if !self.spans.is_empty() {
            self.settle(words, language, acts);
        }
    }

    /// From raw matches to acts: language, look-alikes, negation, overlaps.
    fn settle(&mut self, words: &[Word], language: Option<Language>, acts: &mut Vec<Found>) {
        let rules = &self.lexicon.briefs;
        let classes = &self.classes.briefs;
        self.spans.sort_unstable();
        let from = acts.len();
        let kept = &mut self.kept;
        kept.clear();
        let mut act = None;
        for span in &self.spans {
            let rule = &rules[span.rule as usize];
            if act != Some(rule.act) {
                act = Some(rule.act);
                kept.clear();
            }
            let (first, last) = (span.first as usize, span.last());
            if rule.language == Language::Kazakh
                && language != Some(Language::Kazakh)
                && !words[first..last]
                    .iter()
                    .any(|w| matches!(classes[w.class as usize].vote, Vote::Kazakh | Vote::KazakhLatin))
            {
                continue;
            }
            if rule.bar {
                kept.push((span.first, last as u32));
                continue;
            }
            if kept.iter().any(|k| span.first < k.1 && k.0 < last as u32) {
                continue;
            }
            let mut found = rule.act;
            let mut confidence = rule.strength;
            if rule.negatable && negated(words, classes, first, last, rule) {
                match rule.flipped {
                    Some(flipped) => {
                        found = flipped;
                        confidence *= 0.8;
                    }
                    None => continue,
                }
            }
            kept.push((span.first, last as u32));
            acts.push(Found {
                act: found,
                start: words[first].start,
                end: words[last - 1].end,
                confidence,
                rule: span.rule,
                question: span.question(),
            });
        }
        acts[from..].sort_unstable_by_key(|a| (a.start, a.end, a.act, a.rule));
    }
}

/// Whether a negation reaches the match of words `first..last`.
fn negated(words: &[Word], classes: &[classes::Brief], first: usize, last: usize, rule: &Brief) -> bool {
    let language = rule.language;
    let class = |i: usize| classes[words[i].class as usize];
    // A negator that a gap passed over.
    if !rule.holds_negator && (first + 1..last).any(|i| class(i).negates(NegationRole::BEFORE, language)) {
        return true;
    }
    let mut at = first;
    // The flags of a word tell what stands before it: check the gap before stepping over it.
    for distance in 1..=NEGATION_REACH {
        if at == 0 || words[at].flags.has(Flags::SENTENCE | Flags::CLAUSE) {
            break;
        }
        at -= 1;
        let c = class(at);
        if c.negates(NegationRole::BREAK, language) {
            break;
        }
        if c.negates(NegationRole::BEFORE, language) || (distance == 1 && c.negates(NegationRole::NEAR, language)) {
            return true;
        }
    }
    words.get(last).is_some_and(|w| !w.flags.has(Flags::SENTENCE | Flags::CLAUSE))
        && class(last).negates(NegationRole::AFTER, language)
}
