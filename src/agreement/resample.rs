//! Intervals by the bootstrap (Efron 1979), whole conversations drawn together: marks of one conversation are not independent.

use crate::random::SplitMix64;

/// How often is drawn.
pub const DRAWS: usize = 2000;
/// Fewest conversations that an interval is worked out from.
const FEWEST: usize = 10;
/// Largest share of draws in which the figure may be undefined.
const UNDEFINED: f64 = 0.1;

/// The 95 % interval: lower and upper end.
pub type Interval = (f64, f64);

/// The 95 % percentile intervals of some figures, from [`DRAWS`] draws with replacement of so many conversations. `figures` gets the
/// indices that were drawn. The same seed gives the same intervals. `None` with too few conversations, or where a figure is often
/// undefined.
pub fn intervals<const N: usize>(
    conversations: usize,
    seed: u64,
    mut figures: impl FnMut(&[usize]) -> [Option<f64>; N],
) -> [Option<Interval>; N] {
    if conversations < FEWEST {
        return [None; N];
    }
    let mut random = SplitMix64::new(seed);
    let mut drawn = vec![0; conversations];
    let mut values: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(DRAWS));
    for _ in 0..DRAWS {
        drawn.fill_with(|| random.below(conversations as u64) as usize);
        for (list, value) in values.iter_mut().zip(figures(&drawn)) {
            list.extend(value);
        }
    }
    values.map(|mut list| {
        list.sort_by(f64::total_cmp);
        let enough = list.len() as f64 >= (1.0 - UNDEFINED) * DRAWS as f64;
        enough.then(|| (quantile(&list, 0.025), quantile(&list, 0.975)))
    })
}

/// A quantile of a sorted list, by linear interpolation between its numbers.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len().max(1) - 1) as f64;
    let (low, part) = (at as usize, at.fract());
    let value = |i: usize| sorted.get(i).or(sorted.last()).copied().unwrap_or(f64::NAN);
    value(low) + part * (value(low + 1) - value(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_is_about_that_of_theory() {
        // 100 numbers, 0 to 99: standard error 28.87 / 10, so the mean 49.5 ± 1.96 × 2.887.
        let mean = |drawn: &[usize]| [Some(drawn.iter().sum::<usize>() as f64 / drawn.len() as f64)];
        let [Some((low, high))] = intervals(100, 7, mean) else { panic!("an interval") };
        assert!((low - 43.84).abs() < 0.4 && (high - 55.16).abs() < 0.4, "{low} to {high}");
        assert_eq!(intervals(100, 7, mean), [Some((low, high))], "the same every time");
        assert_ne!(intervals(100, 8, mean), [Some((low, high))]);
    }

    #[test]
    fn too_little_gives_none() {
        assert_eq!(intervals(9, 1, |_| [Some(1.0)]), [None]);
        let mut n = 0;
        let half = |_: &[usize]| {
            n += 1;
            [(n % 2 == 0).then_some(1.0), Some(2.0)]
        };
        assert_eq!(intervals(20, 1, half), [None, Some((2.0, 2.0))]);
    }

    #[test]
    fn quantiles_are_interpolated() {
        assert_eq!([0.0, 0.5, 0.975, 1.0].map(|q| quantile(&[0.0, 10.0, 20.0], q)), [0.0, 10.0, 19.5, 20.0]);
    }
}
