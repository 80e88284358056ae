//! Which criteria count how much here? Weights, thresholds, fatal items and conditions, from a TOML file.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use crate::criteria::{self, Part};
use crate::lexicon::{Act, Found};
use crate::model::{Channel, Conversation, CriterionResult, Language, PartResult, Status};

/// The scorecard that comes with the program.
pub const DEFAULT: &str = include_str!("../../scorecards/default.toml");

/// What is wrong with a scorecard, with its line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct ScorecardError {
    /// As the user named it.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: Spanned<String>,
    #[serde(default)]
    minimum_words: Option<usize>,
    #[serde(default)]
    minimum_conversations: Option<Spanned<u64>>,
    thresholds: Spanned<Thresholds>,
    criteria: Vec<Spanned<Weighted>>,
    #[serde(default)]
    fatal: Vec<Spanned<WrittenFatal>>,
    #[serde(default)]
    conditions: Vec<Spanned<Condition>>,
}

/// Where a score begins to be good and excellent, 0..=100.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Below it: needs work.
    pub good: f64,
    /// From it on: excellent.
    pub excellent: f64,
}

/// A score in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// Below `good`.
    NeedsWork,
    /// From `good` on.
    Good,
    /// From `excellent` on.
    Excellent,
}

impl Band {
    /// As in reports.
    pub fn name(self) -> &'static str {
        match self {
            Band::NeedsWork => "needs work",
            Band::Good => "good",
            Band::Excellent => "excellent",
        }
    }
}

impl Thresholds {
    /// The band of a score.
    pub fn band(&self, score: f64) -> Band {
        if score >= self.excellent {
            Band::Excellent
        } else if score >= self.good {
            Band::Good
        } else {
            Band::NeedsWork
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Weighted {
    name: String,
    weight: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFatal {
    name: String,
    acts: Vec<String>,
    #[serde(default = "sure")]
    minimum_confidence: f32,
}

fn sure() -> f32 {
    0.8
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    criterion: String,
    #[serde(default)]
    channels: Vec<Channel>,
    #[serde(default)]
    languages: Vec<Language>,
    #[serde(default)]
    queues: Vec<String>,
    #[serde(default)]
    teams: Vec<String>,
    weight: f64,
}

#[derive(Debug, Clone)]
struct Fatal {
    name: &'static str,
    acts: Vec<Act>,
    minimum_confidence: f32,
}

impl Fatal {
    fn is_met_by(&self, found: &Found) -> bool {
        self.acts.contains(&found.act) && found.confidence >= self.minimum_confidence
    }
}

/// A verified scorecard.
#[derive(Debug, Clone)]
pub struct Scorecard {
    /// Its name.
    pub name: String,
    /// Bands of scores.
    pub thresholds: Thresholds,
    /// Fewest agent words of a part that is scored.
    pub minimum_words: usize,
    /// Fewest scored conversations of an agent for a band.
    pub minimum_conversations: u64,
    /// The first 16 hexadecimal digits of the SHA-256 of its text.
    pub hash: String,
    /// A weight a criterion, in the order of [`criteria::ALL`]; `None` leaves it out.
    weights: Vec<Option<f64>>,
    fatal: Vec<Fatal>,
    conditions: Vec<(usize, Condition)>,
}

impl Scorecard {
    /// The scorecard that comes with the program.
    ///
    /// # Errors
    /// Never, as a test sees to; the type says so for callers that load a user's file the same way.
    pub fn built_in() -> Result<Scorecard, ScorecardError> {
        Scorecard::parse("scorecards/default.toml", DEFAULT)
    }

    /// Reads and verifies a scorecard; `file` is only for messages.
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub fn parse(file: &str, text: &str) -> Result<Scorecard, ScorecardError> {
        let fail =
            |at: usize, message: String| ScorecardError { file: file.to_owned(), line: line_of(text, at), message };
        let written: Written =
            toml::from_str(text).map_err(|e| fail(e.span().map_or(0, |s| s.start), e.message().to_owned()))?;
        let names: Vec<&str> = criteria::ALL.iter().map(|c| c.name()).collect();
        let index = |at: usize, name: &str| {
            names
                .iter()
                .position(|n| *n == name)
                .ok_or_else(|| fail(at, format!("there is no criterion {name:?}; there are {}", names.join(", "))))
        };
        let weight = |at: usize, w: f64| {
            if (0.0..=1000.0).contains(&w) {
                Ok(w)
            } else {
                Err(fail(at, format!("a weight is a number from 0 to 1000, not {w}")))
            }
        };
        let t = *written.thresholds.get_ref();
        if !(0.0 <= t.good && t.good < t.excellent && t.excellent <= 100.0) {
            return Err(fail(
                written.thresholds.span().start,
                "thresholds must be 0 <= good < excellent <= 100".into(),
            ));
        }
        if written.name.get_ref().trim().is_empty() {
            return Err(fail(written.name.span().start, "the scorecard needs a name".into()));
        }
        let mut weights = vec![None; names.len()];
        for c in &written.criteria {
            let (at, c) = (c.span().start, c.get_ref());
            let i = index(at, &c.name)?;
            if weights[i].replace(weight(at, c.weight)?).is_some() {
                return Err(fail(at, format!("the criterion {:?} stands twice", c.name)));
            }
        }
        if weights.iter().flatten().all(|w| *w == 0.0) {
            return Err(fail(0, "no criterion counts: give at least one a weight above 0".into()));
        }
        let mut fatal = Vec::new();
        for f in &written.fatal {
            let (at, f) = (f.span().start, f.get_ref());
            let acts = f.acts.iter().map(|a| {
                Act::named(a).ok_or_else(|| fail(at, format!("there is no act {a:?}; `sabyr lexicon acts` lists them")))
            });
            // Names of fatal items live as long as the run; there are a handful.
            let name: &'static str = Box::leak(f.name.clone().into_boxed_str());
            fatal.push(Fatal { name, acts: acts.collect::<Result<_, _>>()?, minimum_confidence: f.minimum_confidence });
        }
        let mut conditions = Vec::new();
        for c in &written.conditions {
            let (at, c) = (c.span().start, c.get_ref());
            weight(at, c.weight)?;
            if c.channels.is_empty() && c.languages.is_empty() && c.queues.is_empty() && c.teams.is_empty() {
                return Err(fail(at, "a condition names at least one of channels, languages, queues, teams".into()));
            }
            conditions.push((index(at, &c.criterion)?, c.clone()));
        }
        let digest = Sha256::digest(text.as_bytes());
        Ok(Scorecard {
            name: written.name.into_inner(),
            thresholds: t,
            minimum_words: written.minimum_words.unwrap_or(0),
            minimum_conversations: written.minimum_conversations.map_or(5, Spanned::into_inner),
            hash: digest.iter().take(8).map(|b| format!("{b:02x}")).collect(),
            weights,
            fatal,
            conditions,
        })
    }

    /// The weight of a criterion in a conversation; `None` leaves it out. The last condition that is met decides.
    pub fn weight(&self, criterion: usize, conversation: &Conversation<'_>, language: Option<Language>) -> Option<f64> {
        let base = self.weights[criterion]?;
        let one_of = |list: &[String], value: Option<&str>| {
            list.is_empty() || value.is_some_and(|v| list.iter().any(|l| l == v))
        };
        let met = self.conditions.iter().rev().find(|(i, c)| {
            *i == criterion
                && (c.channels.is_empty() || c.channels.contains(&conversation.channel))
                && (c.languages.is_empty() || language.is_some_and(|l| c.languages.contains(&l)))
                && one_of(&c.queues, conversation.queue.as_deref())
                && one_of(&c.teams, conversation.team.as_deref())
        });
        Some(met.map_or(base, |(_, c)| c.weight))
    }

    /// The first words of a part that meet a fatal item: its name, the turn and the act.
    pub fn fatal_moment<'a>(&self, part: &Part<'a>) -> Option<(&'static str, usize, &'a Found)> {
        part.own_turns().find_map(|turn| {
            part.acts(turn)
                .iter()
                .find_map(|found| Some((self.fatal.iter().find(|f| f.is_met_by(found))?.name, turn, found)))
        })
    }

    /// Scores one agent's part of a conversation.
    pub fn score(&self, part: &Part<'_>) -> PartResult {
        let language = part.reading.language;
        let too_short = part.own_turns().next().is_some() && part.own_words() < self.minimum_words;
        let (mut sum, mut weights, mut confidence) = (0.0, 0.0, 0.0);
        let criteria: Vec<CriterionResult> = criteria::ALL
            .iter()
            .enumerate()
            .map(|(i, criterion)| {
                let Some(weight) = self.weight(i, part.conversation, language) else {
                    return CriterionResult::not_applicable("not on the scorecard");
                };
                if too_short {
                    return CriterionResult::not_applicable("too few words of the agent");
                }
                let mut result = criterion.score(part);
                if let (Status::Scored, Some(score)) = (result.status, result.score) {
                    result.confidence = criteria::confidence(part, &result);
                    sum += weight * score;
                    weights += weight;
                    confidence += weight * result.confidence;
                }
                result
            })
            .collect();
        let fatal: Vec<&'static str> = self
            .fatal
            .iter()
            .filter(|f| part.own_turns().any(|t| part.acts(t).iter().any(|a| f.is_met_by(a))))
            .map(|f| f.name)
            .collect();
        let overall = if fatal.is_empty() { (weights > 0.0).then(|| sum / weights) } else { Some(0.0) };
        PartResult {
            agent_id: part.agent_id.map(ToOwned::to_owned),
            channel: part.conversation.channel,
            language,
            criteria,
            overall,
            confidence: if weights > 0.0 { confidence / weights } else { 0.0 },
            fatal,
        }
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_right() {
        let s = Scorecard::built_in().unwrap();
        assert_eq!((s.name.as_str(), s.hash.len()), ("default", 16));
        assert_eq!(s.thresholds.band(79.9), Band::Good);
    }

    #[test]
    fn mistakes_name_their_line() {
        for (from, to, want) in [
            ("weight = 1.0", "weight = -1.0", "0 to 1000"),
            ("name = \"patience\"", "name = \"patients\"", "no criterion \"patients\""),
            ("good = 60", "good = 90", "good < excellent"),
            ("acts = [\"rude.insult\"]", "acts = [\"rude.insul\"]", "no act"),
            ("minimum_words = 3", "minimum_word = 3", "unknown field"),
            ("name = \"empathy\"", "name = \"patience\"", "stands twice"),
        ] {
            let text = DEFAULT.replacen(from, to, 1);
            assert_ne!(text, DEFAULT);
            let e = Scorecard::parse("s.toml", &text).unwrap_err();
            assert!(e.message.contains(want), "{e}");
            assert!(e.line > 1, "{e}");
        }
    }

    #[test]
    fn a_condition_changes_the_weight_where_it_is_met() {
        let text = format!(
            "{DEFAULT}\n[[conditions]]\ncriterion = \"proper_closing\"\nchannels = [\"chat\"]\nqueues = [\"sales\"]\nweight = 0.25\n"
        );
        let s = Scorecard::parse("s.toml", &text).unwrap();
        let mut c = Conversation { queue: Some("sales".into()), ..Conversation::default() };
        assert_eq!(s.weight(3, &c, None), Some(0.25));
        assert_eq!(s.weight(2, &c, None), Some(1.0));
        c.channel = Channel::Call;
        assert_eq!(s.weight(3, &c, None), Some(1.0));
    }
}
