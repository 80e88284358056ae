//! What does it say about an agent?
//!
//! Results are added one by one ([`Team::add`]) and kept as counts, means and sums of squares, so that memory grows with
//! the number of agents and not with the night. The statistics over the team are computed with polars.

#[cfg(feature = "cli")]
mod statistics;

use std::collections::BTreeMap;

use crate::criteria;
use crate::model::Status;
use crate::results::{ConversationRow, EvidenceRow};

#[cfg(feature = "cli")]
pub use statistics::{StatisticsError, estimate};

/// Count, mean and sum of squared deviations of a stream of numbers (Welford 1962).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// How many.
    pub n: u64,
    /// Their mean; 0 when there is none.
    pub mean: f64,
    /// Sum of squared deviations from the mean.
    pub m2: f64,
}

impl Moments {
    /// Adds a number.
    pub fn add(&mut self, x: f64) {
        self.n += 1;
        let d = x - self.mean;
        self.mean += d / self.n as f64;
        self.m2 += d * (x - self.mean);
    }
}

/// Moments worth showing that are kept for each criterion, won and lost.
const KEPT: usize = 3;

/// What is known of one agent.
#[derive(Clone, Debug, Default)]
pub struct Agent {
    /// Parts of conversations.
    pub conversations: u64,
    /// Parts with a fatal item.
    pub fatal: u64,
    /// The overall score, then each criterion in the order of the registry.
    pub scores: Vec<Moments>,
    /// Parts in which a criterion was not applicable, by criterion.
    pub not_applicable: Vec<u64>,
    /// Parts in which it could not be told, by criterion.
    pub cannot_tell: Vec<u64>,
    /// The moments that won most, by criterion.
    pub best: Vec<Vec<EvidenceRow>>,
    /// The moments that lost most, by criterion.
    pub worst: Vec<Vec<EvidenceRow>>,
    /// Lost points by criterion and rule: how often, how many, and what would have earned them.
    pub lost: BTreeMap<(usize, &'static str), (u64, f64, &'static str)>,
}

/// What is known of all agents, by id; the empty id stands for agents that the input does not name.
#[derive(Clone, Debug, Default)]
pub struct Team {
    /// By id.
    pub agents: BTreeMap<String, Agent>,
}

impl Team {
    /// Adds the result of one part of a conversation.
    pub fn add(&mut self, row: &ConversationRow, evidence: &[EvidenceRow]) {
        let criteria = criteria::ALL.len();
        let agent = self.agents.entry(row.agent_id.clone()).or_insert_with(|| Agent {
            scores: vec![Moments::default(); criteria + 1],
            not_applicable: vec![0; criteria],
            cannot_tell: vec![0; criteria],
            best: vec![Vec::new(); criteria],
            worst: vec![Vec::new(); criteria],
            ..Agent::default()
        });
        agent.conversations += 1;
        agent.fatal += u64::from(!row.fatal.is_empty());
        if let Some(overall) = row.overall {
            agent.scores[0].add(overall);
        }
        for (i, (status, score, _)) in row.criteria.iter().enumerate() {
            match (status, score) {
                (Status::Scored, Some(score)) => agent.scores[i + 1].add(*score),
                (Status::CannotTell, _) => agent.cannot_tell[i] += 1,
                _ => agent.not_applicable[i] += 1,
            }
        }
        for e in evidence {
            if e.points > 0.0 {
                keep(&mut agent.best[e.criterion], e);
            } else if e.points < 0.0 {
                keep(&mut agent.worst[e.criterion], e);
                let lost = agent.lost.entry((e.criterion, e.rule)).or_insert((0, 0.0, e.would_earn));
                lost.0 += 1;
                lost.1 += e.points;
            }
        }
    }
}

/// Keeps the moments with most points, one of a conversation, the earliest first among equals.
fn keep(list: &mut Vec<EvidenceRow>, e: &EvidenceRow) {
    let size = |r: &EvidenceRow| r.points.abs();
    if list.len() == KEPT && list.iter().all(|k| size(k) >= size(e)) {
        return;
    }
    if let Some(same) = list.iter().position(|k| k.conversation_id == e.conversation_id) {
        if size(&list[same]) >= size(e) {
            return;
        }
        list.remove(same);
    }
    let at = list.iter().position(|k| size(k) < size(e)).unwrap_or(list.len());
    list.insert(at, e.clone());
    list.truncate(KEPT);
}

/// The estimate of one score of one agent. All numbers are scores, 0..=100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Scored conversations.
    pub n: u64,
    /// Plain mean.
    pub mean: f64,
    /// Mean shrunken towards the team's by what its size warrants (empirical Bayes).
    pub shrunken: f64,
    /// Lower end of the 95 % interval of the shrunken mean; `None` where there is too little to tell.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// One row of `agents`: the estimates of the overall score and of each criterion.
#[derive(Clone, Debug)]
pub struct AgentRow {
    /// Id; empty for agents that the input does not name.
    pub agent_id: String,
    /// Parts of conversations.
    pub conversations: u64,
    /// Parts with a fatal item.
    pub fatal: u64,
    /// Overall, then each criterion; `None` where nothing was scored.
    pub estimates: Vec<Option<Estimate>>,
    /// The band of each, or `not enough data`.
    pub bands: Vec<&'static str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_definition() {
        let mut m = Moments::default();
        [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter().for_each(|x| m.add(x));
        assert_eq!((m.n, m.mean, m.m2), (8, 5.0, 32.0));
    }
}
