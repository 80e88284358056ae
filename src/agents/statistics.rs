//! Estimates over a team, with polars.
//!
//! Conversations weigh by their confidence; n below is the effective number of them ([`super::Moments::effective`]).
//! A one-way random-effects model: the score of a conversation is the agent's mean plus noise of variance σ², agents' means
//! spread with variance τ² around the team's. σ² is pooled within agents; τ² is the moment estimator for unequal group sizes
//! (Searle, Casella & McCulloch 1992, §3.6; as in DerSimonian & Laird 1986), at least 0. The team mean M weighs agents by
//! 1/(τ² + σ²/n). With B = τ²/(τ² + σ²/n) the shrunken mean is B·mean + (1 − B)·M, its variance B·σ²/n + (1 − B)²·var(M)
//! (Morris 1983); the interval is ± 1.96 standard deviations, kept within 0 and 100.

use polars::prelude::{Column, DataFrame, IntoLazy, NamedFrom, PolarsError, Series, col, lit, when};

use super::{AgentRow, Estimate, Team};
use crate::criteria;
use crate::fairness::AgentHabits;
use crate::scorecard::Scorecard;

/// polars could not compute the estimates.
#[derive(Debug, thiserror::Error)]
#[error("cannot compute the agents' statistics: {0}")]
pub struct StatisticsError(#[from] PolarsError);

/// 97.5 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The rows of all agents, by id.
///
/// # Errors
/// When polars fails, which no input should make it do.
pub fn estimate(team: &Team, scorecard: &Scorecard) -> Result<Vec<AgentRow>, StatisticsError> {
    let mut rows: Vec<AgentRow> = team
        .agents
        .iter()
        .map(|(id, a)| AgentRow {
            agent_id: id.clone(),
            conversations: a.conversations,
            fatal: a.fatal,
            estimates: vec![None; criteria::ALL.len() + 1],
            bands: vec!["not enough data"; criteria::ALL.len() + 1],
            habits: AgentHabits::default(),
        })
        .collect();
    let (mut agents, mut measures, mut n, mut mean, mut m2) = (vec![], vec![], vec![], vec![], vec![]);
    let mut counts = vec![];
    for (i, agent) in team.agents.values().enumerate() {
        for (k, m) in agent.scores.iter().enumerate().filter(|(_, m)| m.n > 0) {
            counts.push(m.n);
            agents.push(i as u32);
            measures.push(k as u32);
            n.push(m.effective());
            mean.push(m.mean);
            m2.push(m.deviations());
        }
    }
    if agents.is_empty() {
        return Ok(rows);
    }
    let columns: Vec<Column> = vec![
        Series::new("agent".into(), agents).into(),
        Series::new("measure".into(), measures).into(),
        Series::new("n".into(), n).into(),
        Series::new("mean".into(), mean).into(),
        Series::new("m2".into(), m2).into(),
    ];
    let frame = shrink(DataFrame::new_infer_height(columns)?)?;
    let (agent, measure) = (frame.column("agent")?.u32()?, frame.column("measure")?.u32()?);
    let number = |name: &str| frame.column(name).and_then(|c| c.f64().cloned());
    let (mean, shrunken, variance) = (number("mean")?, number("shrunken")?, number("variance")?);
    for (i, &n) in counts.iter().enumerate() {
        let (Some(a), Some(k), Some(mean)) = (agent.get(i), measure.get(i), mean.get(i)) else { continue };
        let shrunken = shrunken.get(i).filter(|s| s.is_finite()).unwrap_or(mean).clamp(0.0, 100.0);
        let row = &mut rows[a as usize];
        // A few equal scores do not make certainty.
        let told = |v: &f64| v.is_finite() && (*v > 0.0 || n >= scorecard.minimum_conversations);
        let half = variance.get(i).filter(told).map(|v| Z * v.max(0.0).sqrt());
        row.estimates[k as usize] = Some(Estimate {
            n,
            mean,
            shrunken,
            low: half.map(|h| (shrunken - h).max(0.0)),
            high: half.map(|h| (shrunken + h).min(100.0)),
        });
        if n >= scorecard.minimum_conversations {
            row.bands[k as usize] = scorecard.thresholds.band(shrunken).name();
        }
    }
    Ok(rows)
}

/// Adds `shrunken` and `variance` to a frame of agent, measure, n, mean, m2.
fn shrink(frame: DataFrame) -> Result<DataFrame, PolarsError> {
    let over = || [col("measure")];
    let sum = |e: polars::prelude::Expr| e.sum().over(over());
    let done = frame
        .lazy()
        .with_columns([
            sum(lit(1.0) * col("n"))?.alias("total"),
            sum(col("n") * col("mean"))?.alias("weighted"),
            sum(col("m2"))?.alias("within"),
            sum(col("n") - lit(1.0))?.alias("freedom"),
            sum(col("n") * lit(0.0) + lit(1.0))?.alias("groups"),
            sum(col("n") * col("n"))?.alias("squares"),
        ])
        .with_columns([
            (col("weighted") / col("total")).alias("pooled"),
            // Without a second conversation of anybody the noise is not known.
            when(col("freedom").gt(lit(0.0)))
                .then(col("within") / col("freedom"))
                .otherwise(lit(f64::NAN))
                .alias("noise"),
        ])
        .with_columns([sum(col("n") * (col("mean") - col("pooled")) * (col("mean") - col("pooled")))?.alias("between")])
        .with_columns([((col("between") - (col("groups") - lit(1.0)) * col("noise"))
            / (col("total") - col("squares") / col("total")))
        .alias("moment")])
        .with_columns([
            when(col("groups").gt(lit(1.0)).and(col("moment").gt(lit(0.0))))
                .then(col("moment"))
                .otherwise(lit(0.0))
                .alias("spread"),
            (col("noise") / col("n")).alias("error"),
        ])
        .with_columns([
            // Scores that never vary carry equal weight.
            when((col("spread") + col("error")).gt(lit(0.0)))
                .then(lit(1.0) / (col("spread") + col("error")))
                .otherwise(lit(1e12))
                .alias("weight"),
        ])
        .with_columns([sum(col("weight"))?.alias("weights"), sum(col("weight") * col("mean"))?.alias("team_sum")])
        .with_columns([
            (col("team_sum") / col("weights")).alias("team"),
            when(col("groups").gt(lit(1.0))).then(col("spread") * col("weight")).otherwise(lit(1.0)).alias("own"),
        ])
        .with_columns([
            (col("own") * col("mean") + (lit(1.0) - col("own")) * col("team")).alias("shrunken"),
            (col("own") * col("error") + (lit(1.0) - col("own")) * (lit(1.0) - col("own")) / col("weights"))
                .alias("variance"),
        ]);
    done.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::{Agent, Moments};

    fn team(groups: &[&[f64]]) -> Team {
        let mut team = Team::default();
        for (i, scores) in groups.iter().enumerate() {
            let mut m = vec![Moments::default(); criteria::ALL.len() + 1];
            scores.iter().for_each(|s| m[0].add(*s, 1.0));
            team.agents
                .insert(format!("a{i}"), Agent { conversations: scores.len() as u64, scores: m, ..Agent::default() });
        }
        team
    }

    fn overall(groups: &[&[f64]]) -> Vec<Estimate> {
        let rows = estimate(&team(groups), &Scorecard::built_in().unwrap()).unwrap();
        rows.iter().map(|r| r.estimates[0].unwrap()).collect()
    }

    #[test]
    fn the_figures_are_those_worked_out_by_hand() {
        // Groups (60, 70, 80) and (80, 90, 100): pooled noise 100; between 3·(100+100) = 600; τ² = (600 − 100) / (6 − 18/6) = 166.67;
        // error 33.33; B = 166.67 / 200 = 0.8333; team mean 80; shrunken 71.67 and 88.33; var(M) = 1 / (2/200) = 100;
        // variance 0.8333·33.33 + 0.1667²·100 = 30.56.
        let e = overall(&[&[60.0, 70.0, 80.0], &[80.0, 90.0, 100.0]]);
        assert!((e[0].shrunken - 71.6667).abs() < 1e-3 && (e[1].shrunken - 88.3333).abs() < 1e-3, "{e:?}");
        let half = Z * 30.5556_f64.sqrt();
        assert!((e[0].low.unwrap() - (71.6667 - half)).abs() < 1e-3);
        assert_eq!(e[1].high, Some((88.333_333_f64 + half).min(e[1].high.unwrap())));
    }

    #[test]
    fn few_conversations_are_drawn_to_the_team_more() {
        let e = overall(&[&[90.0], &[60.0, 62.0, 58.0, 61.0, 59.0], &[70.0, 80.0, 75.0, 72.0]]);
        assert!(e[0].shrunken < e[0].mean);
        assert!((e[0].mean - e[0].shrunken).abs() > (e[1].mean - e[1].shrunken).abs());
    }

    #[test]
    fn one_agent_one_conversation_and_equal_scores_are_no_trouble() {
        let e = overall(&[&[50.0]]);
        assert_eq!((e[0].mean, e[0].shrunken, e[0].low), (50.0, 50.0, None));
        let e = overall(&[&[70.0, 70.0], &[70.0, 70.0]]);
        assert!((e[0].shrunken - 70.0).abs() < 1e-9);
        assert!(estimate(&Team::default(), &Scorecard::built_in().unwrap()).unwrap().is_empty());
    }

    #[test]
    fn a_band_needs_enough_conversations() {
        let rows = estimate(&team(&[&[90.0, 91.0], &[90.0; 6]]), &Scorecard::built_in().unwrap()).unwrap();
        assert_eq!((rows[0].bands[0], rows[1].bands[0]), ("not enough data", "excellent"));
    }
}
