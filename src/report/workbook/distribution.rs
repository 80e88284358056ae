//! How scores are spread: counted in tenths of a point, so that a night of any size takes the same memory.

use super::source::{TableFile, Value};
use crate::criteria;
use crate::report::run_folder::RunError;

/// Bars of a distribution: 0 to 10, 10 to 20, ..., 90 to 100.
pub(super) const BINS: usize = 10;

/// The scores of one column.
#[derive(Clone)]
pub(super) struct Distribution {
    /// Scores by tenths of a point, 0 to 100.
    tenths: Vec<u64>,
    sum: f64,
    n: u64,
}

impl Distribution {
    fn new() -> Self {
        Self { tenths: vec![0; 1001], sum: 0.0, n: 0 }
    }

    fn add(&mut self, score: f64) {
        self.tenths[(score.clamp(0.0, 100.0) * 10.0).round() as usize] += 1;
        self.sum += score;
        self.n += 1;
    }

    /// The distributions of the overall score and of each criterion.
    pub(super) fn of(conversations: &TableFile) -> Result<Vec<Distribution>, RunError> {
        let names: Vec<&str> = std::iter::once("overall").chain(criteria::ALL.iter().map(|c| c.name())).collect();
        let mut all = vec![Distribution::new(); names.len()];
        conversations.each(Some(&names), None, |row| {
            for (of, value) in all.iter_mut().zip(row) {
                if let Value::Number(score) = value {
                    of.add(*score);
                }
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// How many.
    pub(super) fn n(&self) -> u64 {
        self.n
    }

    /// Their mean; `None` when there is none.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / self.n as f64)
    }

    /// The score that this share of the scores is at or below, to a tenth (nearest rank); of the median, the middle of the two in the middle.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        let rank = (share * self.n as f64).ceil().max(1.0) as u64;
        let at = self.ranked(rank)?;
        let median = share == 0.5 && self.n.is_multiple_of(2);
        Some(if median { f64::midpoint(at, self.ranked(rank + 1)?) } else { at })
    }

    /// The score of this rank, counted from 1.
    fn ranked(&self, rank: u64) -> Option<f64> {
        let mut seen = 0;
        let tenth = self.tenths.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        tenth.filter(|_| self.n > 0).map(|t| t as f64 / 10.0)
    }

    /// Scores in each bar; the last one holds 100 as well.
    pub(super) fn bins(&self) -> [u64; BINS] {
        let mut bins = [0; BINS];
        for (tenth, count) in self.tenths.iter().enumerate() {
            bins[(tenth * BINS / 1000).min(BINS - 1)] += count;
        }
        bins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(scores: &[f64]) -> Distribution {
        let mut d = Distribution::new();
        scores.iter().for_each(|s| d.add(*s));
        d
    }

    #[test]
    fn quantiles_and_bins_are_those_of_the_scores() {
        let d = of(&[0.0, 9.9, 10.0, 55.5, 89.9, 90.0, 100.0, 100.0]);
        assert_eq!((d.quantile(0.25), d.quantile(0.5), d.quantile(0.75)), (Some(9.9), Some(72.7), Some(90.0)));
        assert_eq!(d.bins(), [2, 1, 0, 0, 0, 1, 0, 0, 1, 3]);
        assert_eq!((d.n(), d.mean()), (8, Some(455.3 / 8.0)));
        assert_eq!(of(&[1.0, 2.0, 4.0]).quantile(0.5), Some(2.0));
        assert_eq!((of(&[]).quantile(0.5), of(&[]).mean(), of(&[]).bins()), (None, None, [0; BINS]));
    }
}
