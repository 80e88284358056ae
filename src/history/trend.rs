//! Does a figure rise or fall over the nights?
//!
//! - **Slope**: the median of the slopes of all pairs of nights (Theil 1950; Sen 1968), which a few odd nights do not move. Its interval
//!   is read from the ordered slopes at the ranks `(N ∓ z·√var(S)) / 2` (Sen 1968; Gilbert 1987, §16.5), rounded outwards.
//! - **Test**: Mann–Kendall (Mann 1945; Kendall 1975): S counts the pairs that rise less those that fall. Up to [`EXACT`] nights
//!   without ties the p value is exact; otherwise the variance is corrected for ties (Kendall 1975; Gilbert 1987, §16.4.2) and z for
//!   continuity.
//!
//! Both ask only for the order of the nights, not for a distribution, but take nights to be independent of each other.

use crate::statistics::two_sided;

/// Most nights for which the distribution of S is worked out.
const EXACT: usize = 40;

/// A slope with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// What y changes by when x grows by one.
    pub slope: f64,
    /// Lower end of the interval; `None` where there are too few points for it.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// The Theil–Sen slope of points with different x. `z` is the normal quantile of the interval, 1.96 for 95 %. `None` for fewer
/// than two points.
pub fn theil_sen(points: &[(f64, f64)], z: f64) -> Option<Slope> {
    let mut slopes: Vec<f64> =
        pairs(points).filter(|(a, b)| a.0 != b.0).map(|(a, b)| (b.1 - a.1) / (b.0 - a.0)).collect();
    slopes.sort_by(f64::total_cmp);
    let n = slopes.len();
    let (lower, upper) = (slopes.get(n.checked_sub(1)? / 2)?, slopes.get(n / 2)?);
    let half = z * variance(points).sqrt();
    // Ranks from 1: M1 for the lower end, M2 + 1 for the upper one.
    let (first, last) = (((n as f64 - half) / 2.0).floor(), ((n as f64 + half) / 2.0).ceil() + 1.0);
    let told = first >= 1.0 && last <= n as f64;
    Some(Slope {
        slope: f64::midpoint(*lower, *upper),
        low: told.then(|| slopes[first as usize - 1]),
        high: told.then(|| slopes[last as usize - 1]),
    })
}

/// What the Mann–Kendall test says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannKendall {
    /// Pairs that rise less pairs that fall.
    pub s: i64,
    /// S over its standard deviation, corrected for ties and continuity.
    pub z: f64,
    /// Two-sided p value of no trend.
    pub p: f64,
}

/// The test on points in the order of x.
pub fn mann_kendall(points: &[(f64, f64)]) -> MannKendall {
    let s: i64 = pairs(points).map(|(a, b)| i64::from(b.1 > a.1) - i64::from(b.1 < a.1)).sum();
    let variance = variance(points);
    let z = if variance > 0.0 { (s - s.signum()) as f64 / variance.sqrt() } else { 0.0 };
    let ties = pairs(points).any(|(a, b)| a.1 == b.1);
    let p = if ties || points.len() > EXACT { two_sided(z) } else { exact(points.len(), s) };
    MannKendall { s, z, p }
}

fn pairs(points: &[(f64, f64)]) -> impl Iterator<Item = (&(f64, f64), &(f64, f64))> {
    points.iter().enumerate().flat_map(|(i, a)| points[i + 1..].iter().map(move |b| (a, b)))
}

/// Variance of S where nothing changes, corrected for equal values.
fn variance(points: &[(f64, f64)]) -> f64 {
    let part = |n: usize| n as f64 * (n as f64 - 1.0) * (2.0 * n as f64 + 5.0);
    let mut values: Vec<f64> = points.iter().map(|p| p.1).collect();
    values.sort_by(f64::total_cmp);
    let tied: f64 = values.chunk_by(|a, b| a == b).map(|group| part(group.len())).sum();
    (part(points.len()) - tied) / 18.0
}

/// How likely |S| is at least as large when every order of `n` values is equally likely (Kendall 1975): the number of inversions is a
/// sum of independent uniform numbers, one a value.
fn exact(n: usize, s: i64) -> f64 {
    let most = n * n.saturating_sub(1) / 2;
    let mut chances = vec![0.0; most + 1];
    chances[0] = 1.0;
    for k in 2..=n {
        let before = chances.clone();
        let mut window = 0.0_f64;
        for i in 0..=most {
            window += before[i];
            if i >= k {
                window -= before[i - k];
            }
            chances[i] = window.max(0.0) / k as f64;
        }
    }
    // S = most − 2 × inversions.
    let inversions = (most as i64 - s.abs()) / 2;
    let tail: f64 = chances.iter().take(inversions as usize + 1).sum();
    if s == 0 { 1.0 } else { (2.0 * tail).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Z95;

    fn numbered(y: &[f64]) -> Vec<(f64, f64)> {
        y.iter().enumerate().map(|(i, y)| (i as f64 + 1.0, *y)).collect()
    }

    /// The example of Sen (1968), section 6: slope 4, and from 3.71 to 4.38 with 93 %.
    #[test]
    fn the_example_of_sen() {
        let x = [1.0, 2.0, 3.0, 4.0, 10.0, 12.0, 18.0];
        let y = [9.0, 15.0, 19.0, 20.0, 45.0, 55.0, 78.0];
        let points: Vec<_> = x.into_iter().zip(y).collect();
        let s = theil_sen(&points, 1.811_910_67).unwrap();
        assert!((s.slope - 4.0).abs() < 1e-12, "{s:?}");
        assert!((s.low.unwrap() - 3.71).abs() < 5e-3 && (s.high.unwrap() - 4.38).abs() < 5e-3, "{s:?}");
    }

    /// Hollander & Wolfe (1999), example 9.1: double ratios of five years of cloud seeding. Slope -0.056; S = -6 with a one-sided
    /// probability of 0.117.
    #[test]
    fn the_example_of_hollander_and_wolfe() {
        let points = numbered(&[1.26, 1.27, 1.12, 1.16, 1.03]);
        let (slope, test) = (theil_sen(&points, Z95).unwrap(), mann_kendall(&points));
        assert!((slope.slope + 0.05625).abs() < 1e-9, "{slope:?}");
        assert_eq!(test.s, -6);
        assert!((test.p / 2.0 - 0.117).abs() < 5e-4, "{test:?}");
    }

    /// Gilbert (1987), §16.4.2, shows the correction on 23, 24, trace, 6, trace, 24, 24, trace, 23: groups of 2, 3 and 3 equal values.
    #[test]
    fn the_variance_of_gilbert_with_ties() {
        let points = numbered(&[23.0, 24.0, 0.0, 6.0, 0.0, 24.0, 24.0, 0.0, 23.0]);
        assert!((variance(&points) - (9.0 * 8.0 * 23.0 - 18.0 - 66.0 - 66.0) / 18.0).abs() < 1e-12);
        let t = mann_kendall(&points);
        assert!((t.p - two_sided(t.z)).abs() < 1e-15, "with ties the normal approximation is used: {t:?}");
    }

    /// Gilbert (1987), table A18: the probabilities of S for n = 4, 7 and 10.
    #[test]
    fn exact_probabilities_are_those_of_the_table() {
        let table = [(4, 6, 42), (4, 4, 167), (7, 9, 119), (7, 15, 15), (10, 21, 36), (10, 33, 1)];
        for (n, s, thousandths) in table {
            let p = exact(n, s) / 2.0 * 1000.0;
            assert!((p - f64::from(thousandths)).abs() <= 0.5, "n = {n}, S = {s}: {p} thousandths, not {thousandths}");
        }
        assert_eq!((exact(5, 0), exact(1, 0)), (1.0, 1.0));
    }

    #[test]
    fn flat_and_short_series_are_no_trouble() {
        assert_eq!(theil_sen(&numbered(&[5.0]), Z95), None);
        assert_eq!(theil_sen(&[], Z95), None);
        let flat = numbered(&[70.0; 9]);
        let (slope, test) = (theil_sen(&flat, Z95).unwrap(), mann_kendall(&flat));
        assert_eq!((slope.slope, test.s, test.z, test.p), (0.0, 0, 0.0, 1.0));
        assert_eq!(theil_sen(&numbered(&[1.0, 2.0]), Z95).unwrap().low, None);
    }

    #[test]
    fn one_odd_night_moves_a_slope_little() {
        let mut points = numbered(&[60.0, 61.0, 62.0, 63.0, 64.0, 65.0, 66.0, 67.0, 68.0]);
        points[4].1 = 0.0;
        assert!((theil_sen(&points, Z95).unwrap().slope - 1.0).abs() < 1e-9);
    }
}
