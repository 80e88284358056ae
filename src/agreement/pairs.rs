//! Agreement of two raters on ordered categories, and of two rows of numbers.
//!
//! Cohen's kappa (Cohen 1960; weighted: Cohen 1968, with the linear and quadratic weights of Fleiss and Cohen 1973) and Gwet's AC1 and
//! AC2 (Gwet 2008; Gwet 2014, "Handbook of Inter-Rater Reliability", 4th ed.), which do not collapse where nearly all is in one
//! category. All are 1 for full agreement and 0 for what chance would give.

/// How much of an agreement two categories are that are not the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// None: only the same counts.
    Identity,
    /// 1 − distance / longest distance.
    Linear,
    /// 1 − the square of that.
    Quadratic,
}

impl Weights {
    /// The weight of categories `a` and `b` of `k`, 0..=1.
    pub fn of(self, a: usize, b: usize, k: usize) -> f64 {
        let far = a.abs_diff(b) as f64 / (k.max(2) - 1) as f64;
        match self {
            Weights::Identity => f64::from(a == b),
            Weights::Linear => 1.0 - far,
            Weights::Quadratic => 1.0 - far * far,
        }
    }
}

/// Counts of pairs: a row a category of the first rater, a column one of the second.
#[derive(Clone, Debug, PartialEq)]
pub struct Table<const K: usize> {
    cells: [[u64; K]; K],
}

impl<const K: usize> Default for Table<K> {
    fn default() -> Self {
        Self { cells: [[0; K]; K] }
    }
}

impl<const K: usize> From<[[u64; K]; K]> for Table<K> {
    fn from(cells: [[u64; K]; K]) -> Self {
        Self { cells }
    }
}

impl<const K: usize> Table<K> {
    /// Adds a pair; categories are below `K`.
    pub fn add(&mut self, first: usize, second: usize) {
        self.cells[first][second] += 1;
    }

    /// The counts.
    pub fn cells(&self) -> &[[u64; K]; K] {
        &self.cells
    }

    /// Pairs.
    pub fn n(&self) -> u64 {
        self.cells.iter().flatten().sum()
    }

    fn sum(&self, weight: impl Fn(usize, usize) -> f64) -> f64 {
        let cells =
            self.cells.iter().enumerate().flat_map(|(i, row)| row.iter().enumerate().map(move |(j, n)| (i, j, n)));
        cells.map(|(i, j, n)| weight(i, j) * *n as f64).sum()
    }

    /// Shares of the categories, of the first and of the second rater.
    fn margins(&self) -> Option<([f64; K], [f64; K])> {
        let n = self.n();
        if n == 0 {
            return None;
        }
        let share = |count: u64| count as f64 / n as f64;
        let rows = std::array::from_fn(|i| share(self.cells[i].iter().sum()));
        let columns = std::array::from_fn(|j| share(self.cells.iter().map(|row| row[j]).sum()));
        Some((rows, columns))
    }

    /// Observed agreement, 0..=1; `None` without pairs.
    pub fn observed(&self, weights: Weights) -> Option<f64> {
        let n = self.n();
        (n > 0).then(|| self.sum(|i, j| weights.of(i, j, K)) / n as f64)
    }

    /// Cohen's kappa; `None` without pairs, or where chance alone would agree fully.
    pub fn kappa(&self, weights: Weights) -> Option<f64> {
        self.kappa_with(|i, j| weights.of(i, j, K))
    }

    fn kappa_with(&self, weight: impl Fn(usize, usize) -> f64) -> Option<f64> {
        let (rows, columns) = self.margins()?;
        let observed = self.sum(&weight) / self.n() as f64;
        let mut chance = 0.0;
        for (i, r) in rows.iter().enumerate() {
            for (j, c) in columns.iter().enumerate() {
                chance += weight(i, j) * r * c;
            }
        }
        beyond(observed, chance)
    }

    /// Gwet's AC1 (identity weights) or AC2; `None` without pairs.
    pub fn gwet(&self, weights: Weights) -> Option<f64> {
        let (rows, columns) = self.margins()?;
        let spread: f64 = rows.iter().zip(&columns).map(|(r, c)| (r + c) / 2.0).map(|p| p * (1.0 - p)).sum();
        let total: f64 = (0..K).flat_map(|i| (0..K).map(move |j| weights.of(i, j, K))).sum();
        let chance = total / (K * (K - 1)) as f64 * spread;
        beyond(self.observed(weights)?, chance)
    }
}

/// The share of what chance leaves open.
fn beyond(observed: f64, chance: f64) -> Option<f64> {
    (1.0 - chance > 1e-12).then(|| (observed - chance) / (1.0 - chance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn coefficients_keep_to_their_range_and_do_not_mind_who_is_first(cells in prop::array::uniform3(prop::array::uniform3(0_u64..40))) {
            let table = Table::from(cells);
            let turned: Table<3> = Table::from(std::array::from_fn(|i| std::array::from_fn(|j| cells[j][i])));
            for w in [Weights::Identity, Weights::Linear, Weights::Quadratic] {
                for (x, y) in [(table.kappa(w), turned.kappa(w)), (table.gwet(w), turned.gwet(w))] {
                    prop_assert_eq!(x.is_some(), y.is_some());
                    if let (Some(x), Some(y)) = (x, y) {
                        prop_assert!((x - y).abs() < 1e-9 && x <= 1.0 + 1e-12 && x.is_finite(), "{} {}", x, y);
                    }
                }
            }
        }
    }

    fn near(value: Option<f64>, want: f64, within: f64) {
        let value = value.unwrap();
        assert!((value - want).abs() <= within, "{value} is not {want}");
    }

    /// The diagnoses of Cohen (1960, 1968): 200 cases, shares .44 .07 .09 / .05 .20 .05 / .01 .03 .06.
    fn cohen() -> Table<3> {
        Table::from([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    }

    #[test]
    fn kappa_is_that_of_cohen() {
        // Cohen 1960 and 1968: kappa .492; 1968, weighted with disagreements 0 1 3 / 1 0 6 / 3 6 0: .348.
        near(cohen().kappa(Weights::Identity), 0.492, 0.0005);
        let disagreement = [[0.0, 1.0, 3.0], [1.0, 0.0, 6.0], [3.0, 6.0, 0.0]];
        near(cohen().kappa_with(|i, j| 1.0 - disagreement[i][j] / 6.0), 0.348, 0.0005);
    }

    #[test]
    fn weighted_kappa_is_that_of_its_definition() {
        // By hand, from shares: margins .6 .3 .1 and .5 .3 .2; one apart: observed .20, by chance .42; the same: .70 and .41.
        // Linear: (.70 + .5 × .20 − .62) / .38; quadratic: (.70 + .75 × .20 − .725) / .275.
        near(cohen().kappa(Weights::Linear), 0.18 / 0.38, 1e-12);
        near(cohen().kappa(Weights::Quadratic), 0.125 / 0.275, 1e-12);
        // Two categories leave nothing to weigh.
        let two = Table::from([[20, 5], [10, 15]]);
        near(two.kappa(Weights::Identity), 0.4, 1e-12);
        assert_eq!(two.kappa(Weights::Linear), two.kappa(Weights::Quadratic));
    }

    #[test]
    fn gwet_agrees_where_kappa_is_paradoxical() {
        // Gwet's example of the paradox, 125 cases: agreement .944, kappa −.0234, AC1 .9408.
        // By hand: mean share of the first category .972, chance 2 × .972 × .028 = .054432, (.944 − .054432) / .945568.
        let table = Table::from([[118, 5], [2, 0]]);
        near(table.observed(Weights::Identity), 0.944, 1e-12);
        near(table.kappa(Weights::Identity), -0.0234, 0.00005);
        near(table.gwet(Weights::Identity), 0.9408, 0.00005);
    }

    #[test]
    fn ac2_is_that_of_its_definition() {
        // By hand: mean shares .55 .30 .15, their spread .585. AC1: chance .585 / 2. AC2, linear: the weights add up to 5, chance
        // 5 / 6 × .585 = .4875.
        near(cohen().gwet(Weights::Identity), (0.7 - 0.2925) / 0.7075, 1e-12);
        near(cohen().gwet(Weights::Linear), (0.8 - 0.4875) / 0.5125, 1e-12);
    }

    #[test]
    fn what_cannot_be_told_is_none() {
        assert_eq!(Table::<3>::default().kappa(Weights::Linear), None);
        let one = Table::from([[9, 0], [0, 0]]);
        assert_eq!((one.kappa(Weights::Identity), one.gwet(Weights::Identity)), (None, Some(1.0)));
    }
}
