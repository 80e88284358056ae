//! The funnel: how far an agent's mean may lie from the team's by chance alone.
//!
//! Spiegelhalter (2005), *Funnel plots for comparing institutional performance*, Statistics in Medicine 24, 1185-1202: each mean
//! against its number of conversations n, with control limits `target ± z·σ/√n` that hold 95 % and 99.8 % of agents who differ
//! by chance alone. The target is the mean of all conversations, σ their standard deviation within agents, n the effective
//! number of them ([`Moments::effective`]), all weighted by confidence.

use crate::agents::{Moments, Team};

/// Normal deviates of the two-sided limits.
pub(super) const Z_95: f64 = 1.959_963_984_540_054;
/// The same for 99.8 %.
pub(super) const Z_998: f64 = 3.090_232_306_167_813;

/// The limits of a team.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Funnel {
    /// Mean of all conversations.
    pub target: f64,
    /// Standard deviation of conversations within agents.
    pub sigma: f64,
}

/// Where an agent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Chance can explain it.
    Within,
    /// Outside 95 %.
    Outside95,
    /// Outside 99.8 %.
    Outside998,
}

impl Funnel {
    /// The limits of one score of a team: 0 is the overall score, then the criteria. `None` where nothing varies.
    pub fn of(team: &Team, score: usize) -> Option<Funnel> {
        let target = mean(team, score)?;
        let each = || team.agents.values().filter_map(|a| a.scores.get(score)).filter(|m| m.n > 0);
        let freedom: f64 = each().map(|m| m.effective() - 1.0).sum();
        let within: f64 = each().map(Moments::deviations).sum();
        (freedom > 0.0 && within > 0.0).then(|| Funnel { target, sigma: (within / freedom).sqrt() })
    }

    /// How many standard errors a mean lies above the target.
    pub fn z(&self, m: &Moments) -> f64 {
        (m.mean - self.target) / (self.sigma / m.effective().sqrt())
    }

    /// Where it stands, and whether above the target.
    pub fn standing(&self, m: &Moments) -> (Standing, bool) {
        let z = self.z(m);
        let standing = match z.abs() {
            z if z > Z_998 => Standing::Outside998,
            z if z > Z_95 => Standing::Outside95,
            _ => Standing::Within,
        };
        (standing, z > 0.0)
    }

    /// The limits at n conversations, kept within 0 and 100.
    pub fn limits(&self, n: f64, z: f64) -> (f64, f64) {
        let half = z * self.sigma / n.sqrt();
        ((self.target - half).max(0.0), (self.target + half).min(100.0))
    }
}

/// The mean of all conversations of a team, weighted by confidence.
pub(super) fn mean(team: &Team, score: usize) -> Option<f64> {
    let each = || team.agents.values().filter_map(|a| a.scores.get(score));
    let weight: f64 = each().map(|m| m.weight).sum();
    (weight > 0.0).then(|| each().map(|m| m.weight * m.mean).sum::<f64>() / weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::Agent;

    #[test]
    fn limits_are_those_worked_out_by_hand() {
        // (60, 70, 80) and (80, 90, 100): target 80, variance within 400 / 4 = 100, so σ = 10; at n = 4 the limits are ± z·5.
        let mut team = Team::default();
        for (id, scores) in [("a", [60.0, 70.0, 80.0]), ("b", [80.0, 90.0, 100.0])] {
            let mut m = Moments::default();
            scores.into_iter().for_each(|s| m.add(s, 1.0));
            team.agents.insert(id.into(), Agent { scores: vec![m], ..Agent::default() });
        }
        let funnel = Funnel::of(&team, 0).unwrap();
        assert!((funnel.target - 80.0).abs() < 1e-9 && (funnel.sigma - 10.0).abs() < 1e-9);
        let (low, high) = funnel.limits(4.0, Z_95);
        assert!((low - 70.2002).abs() < 1e-3 && (high - 89.7998).abs() < 1e-3);
        assert_eq!(funnel.limits(0.01, Z_998), (0.0, 100.0));
        // z of a: −10 / (10 / √3) = −1.73; ten times as many would be far outside.
        assert_eq!(funnel.standing(&team.agents["a"].scores[0]), (Standing::Within, false));
        let mut many = Moments::default();
        (0..30).for_each(|_| many.add(90.0, 1.0));
        assert_eq!(funnel.standing(&many), (Standing::Outside998, true));
        assert_eq!(Funnel::of(&Team::default(), 0), None);
    }
}
