//! Krippendorff's alpha: agreement of any number of raters with gaps (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability").

/// How far two values are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// The same or not.
    Nominal,
    /// By how many ratings lie between them.
    Ordinal,
}

/// Alpha of ratings in categories `0..k`: a list for each unit with the categories that its raters gave. `None` where no unit has
/// two ratings, or all ratings are the same. A category of `k` and above is a mistake of the caller and counts as `k - 1`.
pub fn alpha<'a>(units: impl IntoIterator<Item = &'a [usize]>, k: usize, metric: Metric) -> Option<f64> {
    // Coincidences: every ordered pair of ratings within a unit, a unit of m ratings weighing each by 1 / (m − 1).
    let mut coincidences = vec![vec![0.0; k]; k];
    for unit in units.into_iter().filter(|u| u.len() > 1) {
        let weight = 1.0 / (unit.len() - 1) as f64;
        for (i, a) in unit.iter().enumerate() {
            for (_, b) in unit.iter().enumerate().filter(|(j, _)| *j != i) {
                coincidences[(*a).min(k - 1)][(*b).min(k - 1)] += weight;
            }
        }
    }
    let totals: Vec<f64> = coincidences.iter().map(|row| row.iter().sum()).collect();
    let n: f64 = totals.iter().sum();
    let distance = |c: usize, d: usize| -> f64 {
        let (c, d) = (c.min(d), c.max(d));
        match metric {
            Metric::Nominal => f64::from(c != d),
            Metric::Ordinal => (totals[c..=d].iter().sum::<f64>() - (totals[c] + totals[d]) / 2.0).powi(2),
        }
    };
    let (mut observed, mut expected) = (0.0, 0.0);
    for c in 0..k {
        for d in 0..k {
            observed += coincidences[c][d] * distance(c, d);
            expected += totals[c] * totals[d] * distance(c, d);
        }
    }
    (expected > 0.0).then(|| 1.0 - (n - 1.0) * observed / expected)
}

/// Alpha of numbers with the interval metric, the square of the difference. `None` as for [`alpha`].
pub fn alpha_interval<'a>(units: impl IntoIterator<Item = &'a [f64]>) -> Option<f64> {
    // Σ over ordered pairs of (a − b)² is 2 (m Σ x² − (Σ x)²), so neither pairs nor a table of all values are needed.
    let spread = |m: f64, sum: f64, squares: f64| 2.0 * (m * squares - sum * sum);
    let (mut n, mut sum, mut squares, mut observed) = (0.0, 0.0, 0.0, 0.0);
    for unit in units.into_iter().filter(|u| u.len() > 1) {
        let (m, s, q) = (unit.len() as f64, unit.iter().sum::<f64>(), unit.iter().map(|x| x * x).sum::<f64>());
        observed += spread(m, s, q) / (m - 1.0);
        n += m;
        sum += s;
        squares += q;
    }
    let expected = spread(n, sum, squares) / (n - 1.0);
    (n > 1.0 && expected > 1e-9).then(|| 1.0 - observed / expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reliability data of Krippendorff (2011), part C: four observers, twelve units, values 1 to 5, gaps.
    fn reliability_data() -> Vec<Vec<usize>> {
        let observers = [
            "1 2 3 3 2 1 4 1 2 . . .",
            "1 2 3 3 2 2 4 1 2 5 . 3",
            ". 3 3 3 2 3 4 2 2 5 1 .",
            "1 2 3 3 2 4 4 1 2 5 1 .",
        ];
        let rows: Vec<Vec<&str>> = observers.iter().map(|o| o.split(' ').collect()).collect();
        (0..12).map(|u| rows.iter().filter_map(|r| r[u].parse().ok()).collect()).collect()
    }

    #[test]
    fn alpha_is_that_of_krippendorff() {
        let data = reliability_data();
        assert_eq!(data.iter().map(Vec::len).sum::<usize>(), 41);
        let near = |value: Option<f64>, want: f64| {
            let value = value.unwrap();
            assert!((value - want).abs() < 0.0005, "{value} is not {want}");
        };
        near(alpha(data.iter().map(Vec::as_slice), 6, Metric::Nominal), 0.743);
        near(alpha(data.iter().map(Vec::as_slice), 6, Metric::Ordinal), 0.815);
        let numbers: Vec<Vec<f64>> = data.iter().map(|u| u.iter().map(|x| *x as f64).collect()).collect();
        near(alpha_interval(numbers.iter().map(Vec::as_slice)), 0.849);
    }

    #[test]
    fn what_cannot_be_told_is_none() {
        assert_eq!(alpha([&[1_usize][..], &[2]], 3, Metric::Nominal), None, "no unit has two ratings");
        assert_eq!(alpha([&[1_usize, 1][..], &[1, 1]], 3, Metric::Ordinal), None, "nothing varies");
        assert_eq!(alpha_interval([&[3.0, 3.0][..]]), None);
        assert_eq!(alpha([&[0_usize, 0][..], &[2, 2]], 3, Metric::Ordinal), Some(1.0));
    }
}
