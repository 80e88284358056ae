//! Formulas that several parts use: tails of distributions, differences of means and shares, corrections for many tests, correlations.

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::erf::erfc;

/// 97.5 % point of the standard normal distribution.
pub const Z95: f64 = 1.959_963_984_540_054;

/// The rate of false discoveries that flags are held to (Benjamini & Hochberg 1995).
pub const DISCOVERY_RATE: f64 = 0.05;

/// How likely a standard normal deviate is at least as far from 0, either way.
pub fn two_sided(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// Adjusted p values in the order given (Benjamini & Hochberg 1995, "Controlling the false discovery rate"): flagging those of at most
/// q keeps the expected share of false flags at q or below.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]).then(a.cmp(b)));
    let mut adjusted = vec![1.0; p.len()];
    let mut least = 1.0_f64;
    for (rank, &i) in order.iter().enumerate().rev() {
        least = least.min(p[i] * p.len() as f64 / (rank + 1) as f64);
        adjusted[i] = least;
    }
    adjusted
}

/// A mean of so many numbers with their unbiased variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// How many numbers, or how many equally weighted ones would say as much.
    pub n: f64,
    /// Their mean.
    pub mean: f64,
    /// Their variance.
    pub variance: f64,
}

/// A difference with what chance leaves of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Later less earlier.
    pub difference: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Two-sided p value of no difference.
    pub p: f64,
}

/// `later` less `earlier` with unequal variances (Welch 1947; degrees of freedom after Satterthwaite 1946). `None` where a mean
/// rests on fewer than two numbers or nothing varies.
pub fn welch(earlier: Mean, later: Mean) -> Option<Difference> {
    if earlier.n < 2.0 || later.n < 2.0 {
        return None;
    }
    let (a, b) = (earlier.variance / earlier.n, later.variance / later.n);
    let freedom = (a + b).powi(2) / (a * a / (earlier.n - 1.0) + b * b / (later.n - 1.0));
    let (difference, error) = (later.mean - earlier.mean, (a + b).sqrt());
    // What rounding leaves of a spread that is none may be negative.
    if !error.is_finite() || error < 1e-9 {
        return None;
    }
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?;
    let half = t.inverse_cdf(0.975) * error;
    let p = 2.0 * t.cdf(-(difference / error).abs());
    (half.is_finite() && p.is_finite()).then_some(Difference {
        difference,
        low: difference - half,
        high: difference + half,
        p,
    })
}

/// How likely two shares `k` of `n` differ so much by chance: two-sided, by the pooled normal approximation. 1 where there is nothing
/// to compare.
pub fn shares_differ(one: (u64, u64), other: (u64, u64)) -> f64 {
    let ((k1, n1), (k2, n2)) = ((one.0 as f64, one.1 as f64), (other.0 as f64, other.1 as f64));
    let pooled = (k1 + k2) / (n1 + n2);
    let error = (pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2)).sqrt();
    let z = (k1 / n1 - k2 / n2) / error;
    if z.is_finite() { two_sided(z) } else { 1.0 }
}

/// Pearson's correlation; `None` where one side does not vary or there are fewer than three pairs.
pub fn pearson(pairs: &[(f64, f64)]) -> Option<f64> {
    let n = pairs.len() as f64;
    if pairs.len() < 3 {
        return None;
    }
    let (ma, mb) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        aa += (a - ma) * (a - ma);
        bb += (b - mb) * (b - mb);
        ab += (a - ma) * (b - mb);
    }
    (aa > 1e-9 && bb > 1e-9).then(|| ab / (aa * bb).sqrt())
}

/// Spearman's rank correlation; equal numbers share the mean of their ranks.
pub fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let ranked: Vec<(f64, f64)> = ranks(&a).into_iter().zip(ranks(&b)).collect();
    pearson(&ranked)
}

/// Ranks from 1 on; equal numbers share the mean of theirs.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|i, j| values[*i].total_cmp(&values[*j]));
    let mut out = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let to = order[from..].iter().take_while(|i| values[**i] == values[order[from]]).count() + from;
        for i in &order[from..to] {
            out[*i] = (from + to - 1) as f64 / 2.0 + 1.0;
        }
        from = to;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_the_tables() {
        assert!((two_sided(Z95) - 0.05).abs() < 1e-9 && (two_sided(-2.575_829_303_548_9) - 0.01).abs() < 1e-9);
        assert_eq!(two_sided(0.0), 1.0);
    }

    /// The fifteen p values of Benjamini & Hochberg (1995), section 4.1: at 5 % four hypotheses are rejected.
    #[test]
    fn the_example_of_benjamini_and_hochberg() {
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.000,
        ];
        let mut shuffled = p;
        shuffled.reverse();
        let q = benjamini_hochberg(&shuffled);
        assert_eq!(q.iter().filter(|q| **q <= 0.05).count(), 4);
        assert!((q[14] - 0.0015).abs() < 1e-12 && (q[11] - 0.0095 * 15.0 / 4.0).abs() < 1e-12, "{q:?}");
        assert!(benjamini_hochberg(&[]).is_empty());
    }

    /// Student's sleep data (Cushny & Peebles 1905; Student 1908) as two groups: t = -1.8608, df = 17.776, p = 0.07939,
    /// interval -3.3654832 to 0.2054832, as the documentation of R's `t.test` has it.
    #[test]
    fn welch_on_students_sleep() {
        let of = |x: [f64; 10]| {
            let mean = x.iter().sum::<f64>() / 10.0;
            Mean { n: 10.0, mean, variance: x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 9.0 }
        };
        let one = of([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]);
        let two = of([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]);
        let d = welch(two, one).unwrap();
        assert!((d.difference + 1.58).abs() < 1e-9 && (d.p - 0.07939).abs() < 5e-6, "{d:?}");
        assert!((d.low + 3.365_483_2).abs() < 1e-5 && (d.high - 0.205_483_2).abs() < 1e-5, "{d:?}");
        assert_eq!(welch(Mean { n: 1.0, ..one }, two), None);
        assert_eq!(welch(Mean { variance: 0.0, ..one }, Mean { variance: 0.0, ..two }), None);
        assert_eq!(welch(Mean { variance: -1e-30, ..one }, Mean { variance: -1e-30, ..two }), None, "only rounding");
    }

    #[test]
    fn shares_that_are_alike_do_not_differ() {
        // 60 % and 40 % of 100 each: z = 0.2 / sqrt(0.25 * 2 / 100) = 2.8284.
        assert!((shares_differ((60, 100), (40, 100)) - two_sided(8.0_f64.sqrt())).abs() < 1e-12);
        assert_eq!(shares_differ((5, 10), (50, 100)), 1.0);
        assert_eq!((shares_differ((0, 0), (5, 10)), shares_differ((3, 3), (7, 7))), (1.0, 1.0));
    }

    #[test]
    fn correlations_are_those_of_their_definitions() {
        // Anscombe 1973: four sets of eleven pairs with a correlation of .816; this is the first.
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        let pairs: Vec<_> = x.into_iter().zip(y).collect();
        assert!((pearson(&pairs).unwrap() - 0.816).abs() <= 0.0005);
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        // Without ties 1 − 6 Σd² / (n (n² − 1)): d = 0, 1, 1, so 1 − 12 / 24.
        assert!((spearman(&[(1.0, 1.0), (2.0, 30.0), (3.0, 20.0)]).unwrap() - 0.5).abs() <= 1e-12);
        assert_eq!(pearson(&[(1.0, 2.0), (1.0, 3.0), (1.0, 4.0)]), None);
    }
}
