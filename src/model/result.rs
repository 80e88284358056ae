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

    /// The status of this name.
    pub fn named(name: &str) -> Option<Status> {
        [Status::Scored, Status::NotApplicable, Status::CannotTell].into_iter().find(|s| s.name() == name)
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
    /// What it adds to the criterion's score; lost points are negative. `base + Σ points` is the score.
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
    /// Where the sum starts, on the scale of the score.
    pub base: f64,
    /// How sure the score is, 0..=1; 0 unless scored.
    pub confidence: f64,
    /// Every point, in the order of the turns.
    pub evidence: Vec<Evidence>,
}

impl CriterionResult {
    /// Nothing called for it.
    pub fn not_applicable(reason: &'static str) -> Self {
        Self { status: Status::NotApplicable, reason, score: None, base: 0.0, evidence: Vec::new(), confidence: 0.0 }
    }
    /// The input lacks what it needs.
    pub fn cannot_tell(reason: &'static str) -> Self {
        Self { status: Status::CannotTell, reason, score: None, base: 0.0, evidence: Vec::new(), confidence: 0.0 }
    }
    /// The score of a sum of points: `base` and the points are drawn through the curve, so that `base` plus the points is the score.
    pub fn scored(base: f64, mut evidence: Vec<Evidence>, curve: Curve, reason: &'static str) -> Self {
        evidence.sort_by_key(|e| (e.turn, e.start, e.end));
        let sum: f64 = evidence.iter().map(|e| e.points).sum();
        let (from, to) = (curve.at(base), curve.at(base + sum));
        // Every point keeps its sign and its share of the way from the base to the score.
        let factor = if sum.abs() > 1e-9 { (to - from) / sum } else { curve.slope(base) };
        evidence.iter_mut().for_each(|e| e.points *= factor);
        Self { status: Status::Scored, reason, score: Some(to), base: from, evidence, confidence: 0.0 }
    }
}

/// From a sum of points to a score: the mean rating of conversations with such a sum, where poor is 0, fair 50 and good 100.
///
/// A logistic curve fitted by maximum likelihood to the rated conversations of `tests/gold` (`tests/agreement` holds it against them).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// The sum of a fair conversation: its score is 50.
    pub centre: f64,
    /// How many points take a score from 50 to 73; the less the ratings follow the sums, the more.
    pub spread: f64,
}

impl Curve {
    /// The score of a sum, 0..=100.
    pub fn at(&self, sum: f64) -> f64 {
        100.0 / (1.0 + (-(sum - self.centre) / self.spread).exp())
    }

    /// How much a point counts there.
    fn slope(&self, sum: f64) -> f64 {
        let share = self.at(sum) / 100.0;
        100.0 * share * (1.0 - share) / self.spread
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
    /// How sure the overall score is, 0..=1: the weighted mean of what was scored.
    pub confidence: f64,
    /// Names of the fatal items that were met.
    pub fatal: Vec<&'static str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(points: f64) -> Evidence {
        Evidence { points, turn: 0, start: 0, end: 0, rule: "r", act: "", phrase: None, called: None, would_earn: "" }
    }

    #[test]
    fn base_and_points_add_up_to_the_score_and_keep_their_signs() {
        let curve = Curve { centre: 55.0, spread: 20.0 };
        for points in [vec![], vec![30.0], vec![40.0, -10.0, 5.0], vec![-200.0, 3.0], vec![8.0, -8.0], vec![900.0]] {
            let r = CriterionResult::scored(50.0, points.iter().map(|p| point(*p)).collect(), curve, "");
            let score = r.score.unwrap();
            let sum: f64 = r.evidence.iter().map(|e| e.points).sum();
            assert!((r.base + sum - score).abs() < 1e-6 && (0.0..=100.0).contains(&score), "{points:?}: {r:?}");
            assert!(r.evidence.iter().zip(&points).all(|(e, p)| e.points.signum() == p.signum()), "{points:?}");
        }
        assert!((curve.at(55.0) - 50.0).abs() < 1e-9);
    }
}
