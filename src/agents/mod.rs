//! What does it say about an agent?
//!
//! Results are added one by one ([`Team::add`]) and kept as counts, means and sums of squares, so that memory grows with
//! the number of agents and not with the night. The statistics over the team are computed with polars.

mod context;
#[cfg(feature = "cli")]
mod statistics;

use std::collections::BTreeMap;

use crate::criteria;
use crate::fairness::{AgentHabits, CaseMix, Habits};
use crate::model::Status;
use crate::results::{ConversationRow, EvidenceRow};

pub use context::{Context, FatalMoment, Gathered};
#[cfg(feature = "cli")]
pub use statistics::{StatisticsError, estimate};

/// Count, weighted mean and sum of squared deviations of a stream of numbers (Welford 1962; West 1979).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// How many.
    pub n: u64,
    /// Sum of their weights.
    pub weight: f64,
    /// Sum of the squares of their weights.
    pub squares: f64,
    /// Their weighted mean; 0 when there is none.
    pub mean: f64,
    /// Weighted sum of squared deviations from the mean.
    pub m2: f64,
}

impl Moments {
    /// Adds a number with a weight above 0.
    pub fn add(&mut self, x: f64, weight: f64) {
        self.n += 1;
        self.weight += weight;
        self.squares += weight * weight;
        let d = x - self.mean;
        self.mean += d * weight / self.weight;
        self.m2 += weight * d * (x - self.mean);
    }

    /// How many equally weighted numbers would say as much (Kish 1965): at most `n`.
    pub fn effective(&self) -> f64 {
        if self.squares > 0.0 { self.weight * self.weight / self.squares } else { 0.0 }
    }

    /// The squared deviations on the scale of so many numbers: over `effective() - 1` they are the unbiased variance.
    pub fn deviations(&self) -> f64 {
        if self.weight > 0.0 { self.m2 * self.effective() / self.weight } else { 0.0 }
    }
}

/// Least that a conversation weighs, whatever its confidence.
const LEAST_WEIGHT: f64 = 0.05;

/// Moments worth showing that are kept for each criterion, won and lost.
const KEPT: usize = 3;

/// Points from which on a moment is worth showing.
const LEAST_POINTS: f64 = 3.0;

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
    pub best: Vec<Vec<EvidenceRow<'static>>>,
    /// The moments that lost most, by criterion.
    pub worst: Vec<Vec<EvidenceRow<'static>>>,
    /// Lost points by criterion and rule: how often, how many, and what would have earned them.
    pub lost: BTreeMap<(usize, &'static str), (u64, f64, &'static str)>,
}

/// What is known of all agents, by id; the empty id stands for agents that the input does not name.
#[derive(Clone, Debug, Default)]
pub struct Team {
    /// By id.
    pub agents: BTreeMap<String, Agent>,
    /// What their cases were like.
    pub case_mix: CaseMix,
    /// What they say again and again, and in which language.
    pub habits: Habits,
    /// What is known of the night as a whole.
    pub night: Gathered,
}

/// What one part of a conversation adds to its agent.
#[derive(Clone, Debug)]
pub struct Contribution {
    /// Whose part.
    pub agent_id: String,
    /// Whether it has a fatal item.
    pub fatal: bool,
    /// The overall score, 0..=100, and its confidence, 0..=1.
    pub overall: Option<(f64, f64)>,
    /// Status, score and confidence of each criterion, in the order of the registry.
    pub criteria: Vec<(Status, Option<f64>, f64)>,
    /// The moments that won and lost most, one of each for a criterion at the most.
    moments: Vec<EvidenceRow<'static>>,
    /// Every lost point: criterion, rule, points, what would have earned it.
    lost: Vec<(usize, &'static str, f64, &'static str)>,
    /// What is told of the part beside its scores.
    pub context: Context,
}

impl Contribution {
    /// Nothing but the scores of a row yet.
    pub fn new(row: &ConversationRow<'_>) -> Self {
        Self {
            agent_id: row.agent_id.to_owned(),
            fatal: !row.fatal.is_empty(),
            overall: row.overall.map(|o| (o, row.confidence)),
            criteria: row.criteria.iter().map(|c| (c.status, c.score, c.confidence)).collect(),
            moments: Vec::new(),
            lost: Vec::new(),
            context: Context::default(),
        }
    }

    /// The overall score, then each criterion, with the weights that they count by.
    fn weighted(&self) -> Vec<Option<(f64, f64)>> {
        let criteria = self.criteria.iter().map(|(_, score, confidence)| score.map(|s| (s, *confidence)));
        std::iter::once(self.overall).chain(criteria).map(|s| s.map(|(s, w)| (s, w.max(LEAST_WEIGHT)))).collect()
    }

    /// Adds a point of the same part.
    pub fn add(&mut self, e: EvidenceRow<'_>) {
        if e.points < 0.0 {
            self.lost.push((e.criterion, e.rule, e.points, e.would_earn));
        }
        let alike = |k: &EvidenceRow<'_>| k.criterion == e.criterion && (k.points > 0.0) == (e.points > 0.0);
        match self.moments.iter_mut().find(|k| alike(k)) {
            _ if e.points.abs() < LEAST_POINTS => {}
            None => self.moments.push(e.into_owned()),
            Some(kept) if rank(kept) < rank(&e) => *kept = e.into_owned(),
            Some(_) => {}
        }
    }
}

impl Team {
    /// Adds one part of a conversation.
    pub fn add(&mut self, part: Contribution) {
        let scores = part.weighted();
        self.case_mix.add(&part.agent_id, &part.context.case, &scores);
        self.habits.add(&part.agent_id, &part.context.sentences, &part.context.circumstances);
        self.night.add(&part, &scores);
        let criteria = criteria::ALL.len();
        let agent = self.agents.entry(part.agent_id).or_insert_with(|| Agent {
            scores: vec![Moments::default(); criteria + 1],
            not_applicable: vec![0; criteria],
            cannot_tell: vec![0; criteria],
            best: vec![Vec::new(); criteria],
            worst: vec![Vec::new(); criteria],
            ..Agent::default()
        });
        agent.conversations += 1;
        agent.fatal += u64::from(part.fatal);
        if let Some((overall, confidence)) = part.overall {
            agent.scores[0].add(overall, confidence.max(LEAST_WEIGHT));
        }
        for (i, result) in part.criteria.into_iter().enumerate() {
            match result {
                (Status::Scored, Some(score), confidence) => {
                    agent.scores[i + 1].add(score, confidence.max(LEAST_WEIGHT));
                }
                (Status::CannotTell, ..) => agent.cannot_tell[i] += 1,
                _ => agent.not_applicable[i] += 1,
            }
        }
        for (criterion, rule, points, would_earn) in part.lost {
            let lost = agent.lost.entry((criterion, rule)).or_insert((0, 0.0, would_earn));
            lost.0 += 1;
            lost.1 += points;
        }
        for e in part.moments {
            keep(if e.points > 0.0 { &mut agent.best[e.criterion] } else { &mut agent.worst[e.criterion] }, e);
        }
    }
}

/// The more, the more a moment is worth telling: by its points. Of won ones, what the agent said comes before what shows by degrees or in
/// the customer's words: nobody learns from "the customer agrees".
fn rank(e: &EvidenceRow<'_>) -> (bool, f64) {
    (e.points > 0.0 && !e.act.is_empty(), e.points.abs())
}

/// Keeps the moments that rank highest, the earliest first among equals.
fn keep(list: &mut Vec<EvidenceRow<'static>>, e: EvidenceRow<'static>) {
    let at = list.iter().position(|k| rank(k) < rank(&e)).unwrap_or(list.len());
    if at < KEPT {
        list.truncate(KEPT - 1);
        list.insert(at, e);
    }
}

/// The estimate of one score of one agent. All numbers are scores, 0..=100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Scored conversations.
    pub n: u64,
    /// Mean, conversations weighted by their confidence.
    pub mean: f64,
    /// Mean shrunken towards the team's by what its size warrants (empirical Bayes).
    pub shrunken: f64,
    /// Lower end of the 95 % interval of the shrunken mean; `None` where there is too little to tell.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// Name and title of what is estimated of an agent: the overall score, then each criterion in the order of the registry.
pub fn measures() -> impl Iterator<Item = (&'static str, &'static str)> {
    std::iter::once(("overall", "Overall")).chain(criteria::ALL.iter().map(|c| (c.name(), c.title())))
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
    /// What the agent says again and again, and in which language; filled in once texts are masked.
    pub habits: AgentHabits,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_definition() {
        let mut m = Moments::default();
        [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter().for_each(|x| m.add(x, 1.0));
        assert_eq!((m.n, m.mean, m.m2, m.effective(), m.deviations()), (8, 5.0, 32.0, 8.0, 32.0));
    }

    #[test]
    fn weights_count_as_repetitions_do() {
        let (mut once, mut twice) = (Moments::default(), Moments::default());
        for (x, w) in [(3.0, 2.0), (9.0, 1.0)] {
            once.add(x, w);
            (0..w as usize).for_each(|_| twice.add(x, 1.0));
        }
        assert!((once.mean - twice.mean).abs() < 1e-12 && (once.m2 - twice.m2).abs() < 1e-12);
        assert!((once.effective() - 9.0 / 5.0).abs() < 1e-12, "a heavy one says less than two");
    }

    #[test]
    fn the_strongest_moments_are_kept_one_of_a_conversation() {
        let row = |id: &'static str, points: f64| EvidenceRow {
            conversation_id: id.into(),
            agent_id: "a".into(),
            criterion: 1,
            points,
            turn: 0,
            start: 0,
            end: 1,
            quote: "q".into(),
            rule: "r",
            act: "",
            phrase: "".into(),
            called_turn: None,
            called_quote: "".into(),
            would_earn: "w",
        };
        let part = || Contribution {
            agent_id: "a".into(),
            fatal: false,
            overall: None,
            criteria: Vec::new(),
            moments: Vec::new(),
            lost: Vec::new(),
            context: Context::default(),
        };
        let mut team = Team::default();
        for (id, points) in
            [("c1", vec![5.0, 9.0, -3.5]), ("c2", vec![9.0]), ("c3", vec![1.0, 0.0]), ("c4", vec![3.2, -4.0])]
        {
            let mut part = part();
            points.into_iter().for_each(|p| part.add(row(id, p)));
            team.add(part);
        }
        let agent = &team.agents["a"];
        let ids = |list: &[EvidenceRow<'_>]| {
            list.iter().map(|e| format!("{}{}", e.conversation_id, e.points)).collect::<Vec<_>>()
        };
        assert_eq!(ids(&agent.best[1]), ["c19", "c29", "c43.2"]);
        assert_eq!(ids(&agent.worst[1]), ["c4-4", "c1-3.5"]);
        assert_eq!(agent.lost[&(1, "r")], (2, -7.5, "w"));
        let mut said = part();
        said.add(row("c5", 8.0));
        said.add(EvidenceRow { act: "positive.gladly", ..row("c5", 4.0) });
        team.add(said);
        assert_eq!(ids(&team.agents["a"].best[1]), ["c54", "c19", "c29"], "what the agent said comes first");
    }
}
