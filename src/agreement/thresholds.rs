//! Thresholds of bands that agree better with reviewers: fitted on one half of the conversations, reported on the other.

use serde::Serialize;

use super::calibration::{FEWEST, Unit};
use super::{Table, Weights};
use crate::random::SplitMix64;
use crate::scorecard::{Band, Thresholds};

/// A proposal, and what it would change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proposal {
    /// The thresholds of the run.
    pub current: Thresholds,
    /// Those that agree best with the half that was fitted; the current ones where none is better.
    pub proposed: Thresholds,
    /// Pairs of the half that was fitted.
    pub fitted_on: usize,
    /// Pairs of the other half.
    pub tested_on: usize,
    /// Linearly weighted kappa of the current thresholds on the other half.
    pub kappa_current: Option<f64>,
    /// The same of the proposed ones.
    pub kappa_proposed: Option<f64>,
}

impl Proposal {
    /// Whether the proposal does better on the half that it was not fitted to.
    pub fn is_better(&self) -> bool {
        self.kappa_proposed.zip(self.kappa_current).is_some_and(|(p, c)| p > c + 0.005)
    }
}

/// Which half a conversation falls into: by its id and the seed, so that another night of marks changes nothing for the old ones.
fn fitted(conversation_id: &str, seed: u64) -> bool {
    let mixed = conversation_id.bytes().fold(seed, |h, b| SplitMix64::new(h ^ u64::from(b)).next_u64());
    mixed & 1 == 0
}

fn kappa(pairs: &[(f64, Band)], thresholds: Thresholds) -> Option<f64> {
    let mut table = Table::<3>::default();
    pairs.iter().for_each(|(score, band)| table.add(thresholds.band(*score) as usize, *band as usize));
    table.kappa(Weights::Linear)
}

/// Looks for better thresholds over all criteria, in whole points. Marks keep the bands that they have by the current thresholds.
/// `None` where either half has fewer than [`FEWEST`] pairs, or its marks are all of one band.
pub fn propose(units: &[Unit], current: Thresholds, seed: u64) -> Option<Proposal> {
    let (mut fit, mut test) = (Vec::new(), Vec::new());
    for unit in units {
        let half = if fitted(&unit.conversation_id, seed) { &mut fit } else { &mut test };
        for ((_, score), marks) in unit.scored.iter().zip(&unit.marks) {
            let bands = marks.values().filter_map(|m| m.band(current));
            half.extend(score.iter().flat_map(|s| bands.clone().map(|b| (*s, b))));
        }
    }
    if fit.len() < FEWEST || test.len() < FEWEST {
        return None;
    }
    let distance = |t: Thresholds| (t.good - current.good).abs() + (t.excellent - current.excellent).abs();
    let mut best = (kappa(&fit, current)?, current);
    for good in 1..99_u32 {
        for excellent in good + 1..100 {
            let tried = Thresholds { good: f64::from(good), excellent: f64::from(excellent) };
            let Some(k) = kappa(&fit, tried) else { continue };
            // Of equally good ones those nearest to what people are used to.
            if k > best.0 + 1e-9 || (k > best.0 - 1e-9 && distance(tried) < distance(best.1)) {
                best = (k, tried);
            }
        }
    }
    Some(Proposal {
        current,
        proposed: best.1,
        fitted_on: fit.len(),
        tested_on: test.len(),
        kappa_current: kappa(&test, current),
        kappa_proposed: kappa(&test, best.1),
    })
}

#[cfg(test)]
mod tests {
    use super::super::calibration::tests::{THRESHOLDS, units};
    use super::*;
    use crate::agreement::marks::Mark;

    #[test]
    fn the_reviewers_thresholds_are_found() {
        let theirs = Thresholds { good: 45.0, excellent: 70.0 };
        let all = units(300, &["r"], |s, _| Mark::Band(theirs.band(s)));
        let p = propose(&all, THRESHOLDS, 3).unwrap();
        assert!((p.proposed.good - 45.0).abs() <= 2.0 && (p.proposed.excellent - 70.0).abs() <= 2.0, "{p:?}");
        assert!(p.is_better() && p.kappa_proposed.unwrap() > 0.95 && p.fitted_on + p.tested_on == 300);
        assert!((100..200).contains(&p.fitted_on), "about half: {}", p.fitted_on);
    }

    #[test]
    fn what_is_right_stays_and_too_little_says_nothing() {
        let all = units(200, &["r"], |s, _| Mark::Band(THRESHOLDS.band(s)));
        let p = propose(&all, THRESHOLDS, 3).unwrap();
        assert!(p.proposed == THRESHOLDS && !p.is_better(), "{p:?}");
        assert_eq!(propose(&all[..40], THRESHOLDS, 3), None);
    }
}
