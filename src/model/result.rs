//! What scoring says: a result a criterion, a piece of evidence a point.

use super::{Channel, Language};

/// How a criterion ended for a part of a conversation. Only `Scored` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// There is a score.
    Scored,
    /// Nothing called for it.
    NotApplicable,
    /// The input lacks what it needs.
    CannotTell,
}

impl Status {
    /// As in files: `scored`, `not_applicable`, `cannot_tell`.
    pub fn name(self) -> &'static str {
        match self {
            Status::Scored => "scored",
            Status::NotApplicable => "not_applicable",
            Status::CannotTell => "cannot_tell",
        }
    }
}

/// The customer's words that called for something: bytes `start..end` of the text of `turn`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Called {
    /// Index of the turn.
    pub turn: usize,
    /// Byte where it begins.
    pub start: usize,
    /// Byte behind its end.
    pub end: usize,
    /// The act that was found there.
    pub act: &'static str,
}

/// One point, won or lost, and the words behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// What it adds to the criterion's score; lost points are negative. `base + Σ points`, clamped to 0..=100, is the score.
    pub points: f64,
    /// Index of the turn in the conversation.
    pub turn: usize,
    /// Byte of the turn's text where the words begin.
    pub start: usize,
    /// Byte behind their end; `start == end` where a whole turn or its absence is meant.
    pub end: usize,
    /// The rule of the criterion, a stable name such as `reframe` or `missed_feeling`.
    pub rule: &'static str,
    /// The act behind it; empty where the rule is not about words.
    pub act: &'static str,
    /// The phrase that was met, by its index in the lexicon; `None` where the rule is not about words.
    pub phrase: Option<u32>,
    /// The customer's words that called for it.
    pub called: Option<Called>,
    /// For a miss: what would have earned the point.
    pub would_earn: &'static str,
}

/// The result of one criterion for one agent's part of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct CriterionResult {
    /// Scored, not applicable, or cannot tell.
    pub status: Status,
    /// Why, in a few words; always there.
    pub reason: &'static str,
    /// 0..=100 when scored.
    pub score: Option<f64>,
    /// Where the sum starts.
    pub base: f64,
    /// Every point, in the order of the turns.
    pub evidence: Vec<Evidence>,
}

impl CriterionResult {
    /// Nothing called for it.
    pub fn not_applicable(reason: &'static str) -> Self {
        Self { status: Status::NotApplicable, reason, score: None, base: 0.0, evidence: Vec::new() }
    }
    /// The input lacks what it needs.
    pub fn cannot_tell(reason: &'static str) -> Self {
        Self { status: Status::CannotTell, reason, score: None, base: 0.0, evidence: Vec::new() }
    }
    /// `base` plus the points of the evidence, clamped to 0..=100.
    pub fn scored(base: f64, mut evidence: Vec<Evidence>, reason: &'static str) -> Self {
        evidence.sort_by_key(|e| (e.turn, e.start, e.end));
        let sum: f64 = evidence.iter().map(|e| e.points).sum();
        Self { status: Status::Scored, reason, score: Some((base + sum).clamp(0.0, 100.0)), base, evidence }
    }
}

/// The results of one agent's part of one conversation: the unit of scoring.
#[derive(Clone, Debug, PartialEq)]
pub struct PartResult {
    /// Whose part; `None` when the input does not say.
    pub agent_id: Option<String>,
    /// Of the conversation.
    pub channel: Channel,
    /// Main language of the conversation.
    pub language: Option<Language>,
    /// One a criterion, in the order of the registry.
    pub criteria: Vec<CriterionResult>,
    /// Weighted mean of what was scored, 0..=100; 0 on a fatal item; `None` when nothing was scored.
    pub overall: Option<f64>,
    /// Names of the fatal items that were met.
    pub fatal: Vec<&'static str>,
}
