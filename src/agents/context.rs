//! What a part of a conversation tells beside its scores, and what adds up over the night from it: days, fatal moments, means by language.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Contribution, Moments};
use crate::criteria::{Circumstances, Part};
use crate::fairness::{Case, Sentences};
use crate::ingest;
use crate::model::Language;
use crate::results::{ConversationRow, Mask, quote};
use crate::scorecard::Scorecard;

/// Fatal moments that are kept.
const FATAL: usize = 1000;

/// What a part tells beside its scores.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The day of the conversation, as its start is written.
    pub day: Option<Date>,
    /// What the case is like.
    pub case: Case,
    /// What the agent met.
    pub circumstances: Circumstances,
    /// What the agent may say again and again.
    pub sentences: Sentences,
    /// Where a fatal item is met.
    pub fatal: Option<FatalMoment>,
}

/// Words that meet a fatal item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FatalMoment {
    /// Of the conversation, masked.
    pub conversation_id: String,
    /// Who says them.
    pub agent_id: String,
    /// Name of the item.
    pub item: &'static str,
    /// Index of the turn, from 0.
    pub turn: usize,
    /// The sentence, masked and shortened.
    pub quote: String,
}

impl Context {
    /// The context of a part whose row is this.
    pub fn new(part: &Part<'_>, row: &ConversationRow<'_>, scorecard: &Scorecard, mask: Mask) -> Context {
        let fatal = scorecard.fatal_moment(part).map(|(item, turn, found)| FatalMoment {
            conversation_id: row.conversation_id.clone().into_owned(),
            agent_id: row.agent_id.to_owned(),
            item,
            turn,
            quote: quote(part, turn, found.start as usize, found.end as usize, mask).into_owned(),
        });
        let circumstances = row.circumstances;
        Context {
            day: ingest::day_of(row.started_at),
            case: Case {
                language: row.language,
                channel: row.channel,
                queue: row.queue.clone().into_owned(),
                distress: circumstances.initial_distress,
            },
            circumstances,
            sentences: Sentences::of(part),
            fatal,
        }
    }
}

/// What adds up over the night.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// Parts by the day of their conversation.
    pub days: BTreeMap<Date, u64>,
    /// Parts without a day.
    pub undated: u64,
    /// Fatal moments in the order of the input, the first thousand.
    pub fatal: Vec<FatalMoment>,
    /// How many there are.
    pub fatal_count: u64,
    /// Scores by measure and language (`unknown` where it cannot be told).
    pub by_language: BTreeMap<(usize, &'static str), Moments>,
}

impl Gathered {
    /// Adds a part with its weighted scores.
    pub(super) fn add(&mut self, part: &Contribution, scores: &[Option<(f64, f64)>]) {
        let context = &part.context;
        match context.day {
            Some(day) => *self.days.entry(day).or_default() += 1,
            None => self.undated += 1,
        }
        if let Some(fatal) = &context.fatal {
            self.fatal_count += 1;
            if self.fatal.len() < FATAL {
                self.fatal.push(fatal.clone());
            }
        }
        let language = context.case.language.map_or("unknown", Language::code);
        for (measure, score) in scores.iter().enumerate() {
            if let Some((score, weight)) = score {
                self.by_language.entry((measure, language)).or_default().add(*score, *weight);
            }
        }
    }

    /// The day on which most parts began, the earlier one of two; `None` where none says its day.
    pub fn day(&self) -> Option<Date> {
        self.days.iter().rev().max_by_key(|(_, n)| **n).map(|(day, _)| *day)
    }

    /// The weighted mean of a measure over all languages.
    pub fn mean(&self, measure: usize) -> Option<f64> {
        let all = || self.by_language.iter().filter(|((m, _), _)| *m == measure).map(|(_, moments)| moments);
        let weight: f64 = all().map(|m| m.weight).sum();
        (weight > 0.0).then(|| all().map(|m| m.weight * m.mean).sum::<f64>() / weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_is_the_day_of_most_parts_and_the_earlier_one_of_two() {
        let day = |n| jiff::civil::date(2026, 11, n);
        let mut g = Gathered::default();
        assert_eq!(g.day(), None);
        g.days = [(day(19), 3), (day(20), 9), (day(21), 9)].into();
        assert_eq!(g.day(), Some(day(20)));
    }

    #[test]
    fn days_are_read_as_they_are_written() {
        let of = ingest::day_of;
        let day = Some(jiff::civil::date(2026, 11, 20));
        assert_eq!(of("2026-11-20T23:30:00+05:00"), day, "a late call belongs to the evening where it was");
        assert_eq!((of("2026-11-20"), of("20.11.2026 18:00"), of("2026-11-20 18:00")), (day, day, day));
        assert_eq!((of(""), of("12:30"), of("soon"), of("2026-13-45T00:00:00")), (None, None, None, None));
    }

    #[test]
    fn means_by_language_add_up() {
        let mut g = Gathered::default();
        for (language, score, weight) in [("en", 80.0, 1.0), ("ru", 50.0, 0.5), ("ru", 60.0, 0.5)] {
            g.by_language.entry((0, language)).or_default().add(score, weight);
        }
        assert!((g.mean(0).unwrap() - 67.5).abs() < 1e-9 && g.mean(1).is_none());
    }
}
