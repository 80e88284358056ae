//! How well does a fitted head tell what it was not fitted on?

use rayon::prelude::*;

use super::sets::set_name;
use super::{Fit, Row, is_measure};
use crate::learned::Head;
use crate::lexicon::context;
use crate::statistics::{ranks, spearman};

/// A fifth of the examples is held out to see how well the rest tells them.
const FOLDS: u64 = 5;

/// What is left out of a fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Left {
    /// Nothing.
    Nothing,
    /// A fifth of every set.
    Fifth,
    /// A set.
    Set(usize),
}

impl Left {
    /// Whether an example of a set and fold stays.
    pub(super) fn keeps(self, set: usize, fold: u64) -> bool {
        match self {
            Left::Nothing => true,
            Left::Fifth => !fold.is_multiple_of(FOLDS),
            Left::Set(left) => set != left,
        }
    }
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Left::Nothing => f.write_str("nothing"),
            Left::Fifth => f.write_str("a fifth of all sets"),
            Left::Set(set) => f.write_str(set_name(*set)),
        }
    }
}

/// How well a head tells a set of which a fifth was held out: area under the curve, rank correlation or share of pairs.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The head.
    pub head: Head,
    /// The set.
    pub set: &'static str,
    /// Examples held out.
    pub n: usize,
    /// What the figure is: `AUC`, `rho`, `pairs` or `F1`.
    pub kind: &'static str,
    /// The acts alone.
    pub acts: Told,
    /// Fitted on the other four fifths of all sets.
    pub with: Told,
    /// Fitted on all sets but this one; `None` where no other set teaches the head.
    pub without: Option<Told>,
}

/// A figure, and the same with length regressed out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    /// As it is.
    pub plain: f64,
    /// Of what is left of the logits once a straight line over the logarithm of the number of words is taken off; `None` where
    /// the figure needs a threshold.
    pub beyond_length: Option<f64>,
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.beyond_length {
            Some(beyond) => f.pad(&format!("{:.3} ({beyond:.3})", self.plain)),
            None => f.pad(&format!("{:.3}", self.plain)),
        }
    }
}

/// How well a head tells each of its sets, when it is fitted without some of them.
pub(super) fn told(rows: &[&Row], fit_without: &(impl Fn(Left) -> Fit + Sync)) -> Vec<Figure> {
    let mut sets: Vec<usize> = rows.iter().map(|r| r.set).collect();
    // Turns told in several languages come by turns.
    sets.sort_unstable();
    sets.dedup();
    let with = fit_without(Left::Fifth);
    let of_set = |set: &usize| {
        let without = (sets.len() > 1).then(|| fit_without(Left::Set(*set)));
        figure(rows, *set, &with, without.as_ref())
    };
    // Where all that is held out is of one kind there is nothing to tell apart.
    sets.par_iter().map(of_set).filter(|f| f.with.plain.is_finite()).collect()
}

fn figure(rows: &[&Row], set: usize, with: &Fit, without: Option<&Fit>) -> Figure {
    let held = |r: &&&Row| r.set == set && r.fold.is_multiple_of(FOLDS);
    let test: Vec<&Row> = rows.iter().filter(held).copied().collect();
    let (kind, of) = kind_of(&test);
    let tell = |f: &dyn Fn(&Row) -> f64| {
        let told: Vec<(f64, f64)> = test.iter().map(|r| (f(r), r.target)).collect();
        let left = || {
            let logits: Vec<f64> = told.iter().map(|t| t.0).collect();
            let lengths: Vec<f64> = test.iter().map(|r| r.length).collect();
            let rest = beyond(&logits, &lengths, test.first().is_some_and(|r| r.paired));
            of(&rest.into_iter().zip(&told).map(|(l, t)| (l, t.1)).collect::<Vec<_>>())
        };
        Told { plain: of(&told), beyond_length: is_measure(rows[0].head).then(left) }
    };
    let head = rows[0].head;
    let found = context::DECIDED.iter().find(|d| d.1 == head).map(|d| context::Feature::Has(d.0).index() as u32);
    Figure {
        head,
        set: set_name(set),
        n: test.len(),
        kind,
        acts: tell(&|r| match found {
            Some(i) => {
                if r.context.iter().any(|(k, _)| *k == i) {
                    1.0
                } else {
                    -1.0
                }
            }
            None => r.acts,
        }),
        with: tell(&|r| with.tell(r)),
        without: without.map(|f| tell(&|r| f.tell(r))),
    }
}

/// What is left of the values once a straight line over the lengths is taken off; for differences the line goes through 0.
fn beyond(values: &[f64], lengths: &[f64], differences: bool) -> Vec<f64> {
    let mean = |x: &[f64]| if differences { 0.0 } else { x.iter().sum::<f64>() / x.len().max(1) as f64 };
    let (v, l) = (mean(values), mean(lengths));
    let product: f64 = values.iter().zip(lengths).map(|(a, b)| (a - v) * (b - l)).sum();
    let square: f64 = lengths.iter().map(|b| (b - l).powi(2)).sum();
    let slope = if square > 0.0 { product / square } else { 0.0 };
    values.iter().zip(lengths).map(|(a, b)| a - v - slope * (b - l)).collect()
}

type Of = fn(&[(f64, f64)]) -> f64;

fn kind_of(rows: &[&Row]) -> (&'static str, Of) {
    match rows.first() {
        Some(r) if r.paired => ("pairs", pairs),
        Some(r) if !is_measure(r.head) => ("F1", f1),
        _ if rows.iter().all(|r| r.target == 0.0 || r.target == 1.0) => ("AUC", auc),
        _ => ("rho", |told| spearman(told).unwrap_or(f64::NAN)),
    }
}

/// Share of pairs of which the second is told to have more; a tie is half a hit.
fn pairs(told: &[(f64, f64)]) -> f64 {
    let hit = |z: f64| {
        if z > 0.0 {
            1.0
        } else if z == 0.0 {
            0.5
        } else {
            0.0
        }
    };
    told.iter().map(|(z, _)| hit(*z)).sum::<f64>() / told.len().max(1) as f64
}

fn f1(told: &[(f64, f64)]) -> f64 {
    let both = told.iter().filter(|(z, y)| *z > 0.0 && *y > 0.5).count() as f64;
    let wrong = told.iter().filter(|(z, y)| (*z > 0.0) != (*y > 0.5)).count() as f64;
    if both == 0.0 { 0.0 } else { 2.0 * both / (2.0 * both + wrong) }
}

/// Area under the receiver's curve, by ranks (Mann & Whitney 1947).
fn auc(told: &[(f64, f64)]) -> f64 {
    let r = ranks(&told.iter().map(|t| t.0).collect::<Vec<_>>());
    let yes: f64 = told.iter().filter(|t| t.1 > 0.5).count() as f64;
    let no = told.len() as f64 - yes;
    let sum: f64 = r.iter().zip(told).filter(|(_, t)| t.1 > 0.5).map(|(r, _)| r).sum();
    (sum - yes * (yes + 1.0) / 2.0) / (yes * no)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::fit;

    #[test]
    fn each_set_is_told_once_in_whatever_order_its_rows_come() {
        let row = |set: usize, fold: u64| Row {
            example: 0,
            set,
            fold,
            head: Head::Calm,
            words: vec![((fold % 2) as u32, 1.0)],
            context: Vec::new(),
            acts: 0.0,
            learned: (Vec::new(), 0.0),
            length: 1.0,
            target: (fold % 2) as f64,
            weight: 1.0,
            paired: false,
        };
        let rows: Vec<Row> = (0..20).flat_map(|fold| [row(0, fold), row(1, fold)]).collect();
        let rows: Vec<&Row> = rows.iter().collect();
        let fit_without =
            |left: Left| fit(&rows.iter().filter(|r| left.keeps(r.set, r.fold)).copied().collect::<Vec<_>>(), 2);
        let told = told(&rows, &fit_without);
        assert_eq!(told.iter().map(|f| f.set).collect::<Vec<_>>(), [set_name(0), set_name(1)]);
        assert!(told.iter().all(|f| f.n == 4 && f.with.plain == 1.0), "{told:?}");
    }

    #[test]
    fn figures_are_those_of_their_definitions() {
        let told = [(0.1, 0.0), (0.4, 0.0), (0.35, 1.0), (0.8, 1.0)];
        assert!((auc(&told) - 0.75).abs() < 1e-12);
        assert!((f1(&[(1.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (1.0, 1.0)]) - 2.0 / 3.0).abs() < 1e-12);
        let left = beyond(&[3.0, 5.0, 7.0, 8.0], &[1.0, 2.0, 3.0, 4.0], false);
        assert!(left.iter().zip([-0.2, 0.1, 0.4, -0.3]).all(|(a, b)| (a - b).abs() < 1e-12), "{left:?}");
        assert_eq!(beyond(&[2.0, -2.0], &[1.0, -1.0], true), [0.0, 0.0]);
        assert!((pairs(&[(1.0, 1.0), (0.0, 1.0), (-1.0, 1.0)]) - 0.5).abs() < 1e-12);
    }
}
