//! Is a night out of the ordinary? Control charts of nightly means and of the share set aside.
//!
//! A Shewhart chart of means with unequal numbers (Montgomery, *Introduction to Statistical Quality Control*, §6.3): a night of n
//! conversations has the limits `centre ± 3·σ·s/√n`, where σ is the spread of conversations within a night, pooled over the nights, so
//! that nights of few conversations are given more room. Nights differ by more than that chance (other queues, other weather), so
//! the limits are widened by `s`, the spread of the standardised means from night to night, `mean moving range / 1.128`, as
//! Laney (2002, "Improved control charts for attributes") does for shares; never below 1. With equal numbers and a large `s`
//! this is the individuals chart (Shewhart; NIST/SEMATECH e-Handbook, §6.3.2.2).
//!
//! The night that is judged has no part in its own limits. A night signals beyond its limits (Nelson 1984, test 1), or when it ends a
//! run of nine on one side of the centre (test 2).

/// Mean moving range of two over the standard deviation.
const D2: f64 = 1.128;
/// Nights on one side that make a run.
const RUN: usize = 9;
/// Standard deviations from the centre to a limit.
const WIDTH: f64 = 3.0;

/// A mean of one night.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// How many equally weighted conversations would say as much.
    pub n: f64,
    /// Their mean.
    pub mean: f64,
    /// Sum of squared deviations from it.
    pub deviations: f64,
}

/// How a night is out of the ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Beyond the lower limit.
    Below,
    /// Beyond the upper limit.
    Above,
    /// The ninth night or a later one in a row below the centre.
    RunBelow,
    /// The ninth night or a later one in a row above the centre.
    RunAbove,
}

impl Signal {
    /// As in files: `below`, `above`, `run_below`, `run_above`.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Below => "below",
            Signal::Above => "above",
            Signal::RunBelow => "run_below",
            Signal::RunAbove => "run_above",
        }
    }
}

/// The limits of one night.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Lower control limit.
    pub low: f64,
    /// Upper control limit.
    pub high: f64,
    /// Whether the night is out of the ordinary.
    pub signal: Option<Signal>,
}

/// A chart: the limits of each night given, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Mean of the nights before the last, conversations counting equally.
    pub centre: f64,
    /// How much wider than chance within nights the limits are, 1 or more; `None` where nights of one conversation leave only the
    /// spread from night to night.
    pub widened: Option<f64>,
    /// One a night.
    pub limits: Vec<Limits>,
}

/// The chart of nights in order; the last one is judged by those before. Limits are kept within `range`. `None` for fewer than three
/// nights.
pub fn chart(nights: &[Sample], range: (f64, f64)) -> Option<Chart> {
    let (_, base) = nights.split_last()?;
    let weight: f64 = base.iter().map(|s| s.n).sum();
    if base.len() < 2 || weight <= 0.0 {
        return None;
    }
    let centre = base.iter().map(|s| s.n * s.mean).sum::<f64>() / weight;
    let freedom: f64 = base.iter().map(|s| (s.n - 1.0).max(0.0)).sum();
    let within = if freedom > 0.0 { (base.iter().map(|s| s.deviations).sum::<f64>() / freedom).sqrt() } else { 0.0 };
    // Without a spread within nights, nights are taken as they are.
    let known = within > 0.0;
    let error = |s: &Sample| if known { within / s.n.sqrt() } else { 1.0 };
    let standard: Vec<f64> = base.iter().map(|s| (s.mean - centre) / error(s)).collect();
    let ranges: f64 = standard.windows(2).map(|w| (w[1] - w[0]).abs()).sum();
    let between = ranges / (standard.len() - 1) as f64 / D2;
    let widened = if known { between.max(1.0) } else { between };
    let mut run = (0_i32, 0_usize);
    let limits = nights
        .iter()
        .map(|s| {
            let half = WIDTH * widened * error(s);
            let side = i32::from(s.mean > centre) - i32::from(s.mean < centre);
            run = if side != 0 && side == run.0 { (side, run.1 + 1) } else { (side, usize::from(side != 0)) };
            let signal = match side {
                1 if s.mean > centre + half => Some(Signal::Above),
                -1 if s.mean < centre - half => Some(Signal::Below),
                1 if run.1 >= RUN => Some(Signal::RunAbove),
                -1 if run.1 >= RUN => Some(Signal::RunBelow),
                _ => None,
            };
            Limits { low: (centre - half).max(range.0), high: (centre + half).min(range.1), signal }
        })
        .collect();
    Some(Chart { centre, widened: known.then_some(widened), limits })
}

/// What share is usual, and which is above it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UsualShare {
    /// Share over all nights before, 0..=1.
    pub usual: f64,
    /// Upper control limit of tonight's share, 0..=1.
    pub limit: f64,
}

/// Laney's p′ chart (Laney 2002): nights before as (bad, all), and how many there are tonight. `None` for fewer than two nights before
/// or an empty night.
pub fn usual_share(before: &[(u64, u64)], tonight: u64) -> Option<UsualShare> {
    let nights: Vec<(f64, f64)> = before.iter().filter(|n| n.1 > 0).map(|n| (n.0 as f64, n.1 as f64)).collect();
    if nights.len() < 2 || tonight == 0 {
        return None;
    }
    let usual = nights.iter().map(|n| n.0).sum::<f64>() / nights.iter().map(|n| n.1).sum::<f64>();
    let error = |n: f64| (usual * (1.0 - usual) / n).sqrt();
    let standard: Vec<f64> =
        nights.iter().map(|n| if error(n.1) > 0.0 { (n.0 / n.1 - usual) / error(n.1) } else { 0.0 }).collect();
    let ranges: f64 = standard.windows(2).map(|w| (w[1] - w[0]).abs()).sum();
    let widened = (ranges / (standard.len() - 1) as f64 / D2).max(1.0);
    Some(UsualShare { usual, limit: (usual + WIDTH * widened * error(tonight as f64)).min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nights(means: &[f64], n: f64, deviations: f64) -> Vec<Sample> {
        means.iter().map(|m| Sample { n, mean: *m, deviations }).collect()
    }

    const FLOW: [f64; 10] = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1];

    /// The flow rates of NIST/SEMATECH §6.3.2.2: centre 50.81, limits 45.8159 and 55.8041; none is beyond them.
    #[test]
    fn with_single_values_it_is_the_individuals_chart_of_nist() {
        let mut flow = nights(&FLOW, 1.0, 0.0);
        flow.push(Sample { n: 1.0, mean: 56.0, deviations: 0.0 });
        let c = chart(&flow, (0.0, 100.0)).unwrap();
        assert!((c.centre - 50.81).abs() < 1e-9 && c.widened.is_none());
        for l in &c.limits {
            assert!((l.low - 45.8159).abs() < 2e-3 && (l.high - 55.8041).abs() < 2e-3, "{l:?}");
        }
        assert!(c.limits[..10].iter().all(|l| l.signal.is_none()));
        assert_eq!(c.limits[10].signal, Some(Signal::Above));
    }

    #[test]
    fn equal_numbers_with_much_between_nights_give_the_same_limits() {
        let mut flow = nights(&FLOW, 16.0, 15.0);
        flow.push(Sample { n: 16.0, mean: 50.0, deviations: 15.0 });
        let c = chart(&flow, (0.0, 100.0)).unwrap();
        assert!((c.limits[0].low - 45.8159).abs() < 2e-3 && c.widened.unwrap() > 1.0, "{c:?}");
    }

    #[test]
    fn without_more_than_chance_the_limits_are_shewharts_and_respect_n() {
        // Spread within nights 10, hardly any between them.
        let mut all = nights(&[70.0, 70.1, 69.9, 70.0, 70.1, 69.9], 25.0, 2400.0);
        all.push(Sample { n: 4.0, mean: 70.0, deviations: 300.0 });
        let c = chart(&all, (0.0, 100.0)).unwrap();
        assert_eq!(c.widened, Some(1.0));
        assert!((c.limits[0].high - c.limits[0].low - 2.0 * 3.0 * 10.0 / 5.0).abs() < 1e-9, "{c:?}");
        assert!((c.limits[6].high - 85.0).abs() < 1e-6, "four conversations are given 15 points of room: {c:?}");
    }

    #[test]
    fn nine_on_one_side_are_a_run() {
        let mut means = vec![72.0, 68.0, 72.0, 68.0, 72.0, 68.0, 60.0, 60.0];
        means.extend([71.0; 9]);
        let c = chart(&nights(&means, 25.0, 2400.0), (0.0, 100.0)).unwrap();
        assert_eq!(c.limits.last().unwrap().signal, Some(Signal::RunAbove), "{c:?}");
        assert_eq!(c.limits[15].signal, None);
    }

    #[test]
    fn too_few_nights_have_no_chart() {
        assert_eq!(chart(&nights(&[70.0, 71.0], 9.0, 9.0), (0.0, 100.0)), None);
        assert_eq!(chart(&[], (0.0, 100.0)), None);
        let same = chart(&nights(&[70.0; 4], 1.0, 0.0), (0.0, 100.0)).unwrap();
        assert!(same.limits.iter().all(|l| l.signal.is_none()));
    }

    #[test]
    fn a_share_above_the_usual_is_told() {
        // 2 % of 1000 a night, by chance a little more or less: 3 standard deviations are 1.33 %.
        let before = [(20, 1000), (22, 1000), (18, 1000), (20, 1000)];
        let u = usual_share(&before, 1000).unwrap();
        assert!((u.usual - 0.02).abs() < 1e-12 && (u.limit - 0.03328).abs() < 1e-4, "{u:?}");
        assert!(usual_share(&before, 50).unwrap().limit > u.limit);
        assert_eq!((usual_share(&before[..1], 10), usual_share(&before, 0)), (None, None));
        assert!(usual_share(&[(0, 10), (0, 20)], 10).unwrap().limit.abs() < 1e-12);
    }
}
