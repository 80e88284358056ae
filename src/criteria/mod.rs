//! From acts in context to scores with evidence: one file a criterion.
//!
//! The doc comment of a criterion's file is its user documentation (`sabyr criteria NAME` prints it). [`ALL`] is the one
//! place where criteria are listed: scoring, columns and documentation derive from it.

mod attentiveness;
mod circumstances;
mod empathy;
pub mod measures;
mod part;
mod patience;
mod politeness;
mod positive_language;
mod proper_closing;
pub mod signals;
#[cfg(test)]
pub(crate) mod testing;

use crate::model::{CriterionResult, Curve, Speaker};

pub use circumstances::{Circumstances, Side};
pub use measures::Measures;
pub use part::{Part, Role, parts};

/// Something agents are scored on.
pub trait Criterion: Sync {
    /// As in files and scorecards: `proper_closing`.
    fn name(&self) -> &'static str;
    /// As in reports: `Proper closing`.
    fn title(&self) -> &'static str;
    /// What to practise when it is weak, in one sentence.
    fn advice(&self) -> &'static str;
    /// The source file, whose head is the documentation.
    fn source(&self) -> &'static str;
    /// From its sum of points to its score.
    fn curve(&self) -> Curve;
    /// The score of one agent's part of a conversation.
    fn score(&self, part: &Part<'_>) -> CriterionResult;
}

/// Every criterion, in the order of columns.
pub static ALL: &[&dyn Criterion] = &[
    &patience::Patience,
    &empathy::Empathy,
    &positive_language::PositiveLanguage,
    &proper_closing::ProperClosing,
    &attentiveness::Attentiveness,
    &politeness::Politeness,
];

/// How sure a score is, 0..=1: low where evidence is thin, the language uncertain, the agent says little, or speakers are not known.
///
/// The product of five shares, each near 1 in an ordinary conversation: the root of how sure the languages of the own turns are;
/// 1 − exp(−words / 40); 1 − exp(−points / 2), a point by degrees counted for a third; the share of turns whose speaker is known;
/// and the chance that the roles are right, where they are concluded ([`crate::model::RolesFound`]).
pub fn confidence(part: &Part<'_>, result: &CriterionResult) -> f64 {
    let own: Vec<usize> = part.own_turns().collect();
    let words = part.own_words() as f64;
    let sure = |t: &usize| f64::from(part.reading.turns[*t].language_confidence) * part.reading.word_count(*t) as f64;
    let language = own.iter().map(sure).sum::<f64>() / words.max(1.0);
    let points: f64 = result.evidence.iter().map(|e| if e.act.is_empty() { 1.0 / 3.0 } else { 1.0 }).sum();
    let turns = &part.conversation.turns;
    let known = turns.iter().filter(|t| t.speaker != Speaker::Unknown).count() as f64 / turns.len().max(1) as f64;
    let roles = part.conversation.roles.confidence;
    language.clamp(0.0, 1.0).sqrt() * (1.0 - (-words / 40.0).exp()) * (1.0 - (-points / 2.0).exp()) * known * roles
}

/// The documentation of a criterion: the doc comment at the head of its file, as Markdown.
pub fn documentation(criterion: &dyn Criterion) -> String {
    let lines = criterion.source().lines().map_while(|l| l.strip_prefix("//!"));
    lines.map(|l| l.strip_prefix(' ').unwrap_or(l)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_criterion_is_documented_under_the_fixed_headings() {
        for c in ALL {
            let text = documentation(*c);
            for heading in [
                "## What it measures",
                "## Why it matters",
                "## How it is scored",
                "## Example",
                "## Counter-example",
                "## Limits",
            ] {
                assert!(text.contains(heading), "{} lacks {heading:?} at the head of its file", c.name());
            }
        }
    }

    #[test]
    fn thin_evidence_few_words_and_unknown_speakers_make_a_score_less_sure() {
        let of = |text: &str, unknown: bool| {
            let mut c = testing::conversation(crate::model::Channel::Call, text);
            if unknown {
                c.turns[0].speaker = Speaker::Unknown;
            }
            let mut reading = crate::lexicon::Reading::default();
            crate::lexicon::Reader::new(testing::lexicon()).read(&c, &mut reading);
            let part = &parts(&c, &reading, testing::lexicon())[0];
            let mut result = politeness::Politeness.score(part);
            let full = confidence(part, &result);
            result.evidence.truncate(1);
            (full, confidence(part, &result))
        };
        let long = "C: My card does not work.\nA: Good morning, thank you for calling. Could you tell me your number, please?\n\
                    C: 55\nA: Thank you. The new card will be with you on Friday, and the old one is blocked. Have a lovely day!";
        let (full, thin) = of(long, false);
        let (short, _) = of("C: My card does not work.\nA: Good morning, what is your number, please?", false);
        let (unknown, _) = of(long, true);
        assert!((0.0..=1.0).contains(&full) && full > thin && full > short && full > unknown && unknown > 0.0);
    }

    #[test]
    fn every_criterion_has_worked_examples_in_all_languages() {
        for c in ALL {
            for language in ["english", "russian", "kazakh"] {
                assert!(
                    c.source().contains(&format!("fn {language}")),
                    "{} lacks a worked example: a test whose name begins with {language:?}",
                    c.name()
                );
            }
        }
    }
}
