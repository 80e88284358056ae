//! Conversations for people to read and mark: at random, where the program is least sure, and at the extremes.
//!
//! A conversation's lot is the SHA-256 of the seed, its id and its agent. So the draw depends on nothing else: not on the order of the
//! run, not on how many others there are, and the same seed draws the same again.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::{PartRow, Run, RunsError};
use crate::model::Status;
use crate::report::columns::Cell;
use crate::report::csv::{self, Preset};

/// Why a part was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// By lot: what all figures of agreement should rest on.
    Random,
    /// Least confidence: what marks teach most about.
    Uncertain,
    /// Lowest and highest scores in turn: what is most often disputed.
    Extreme,
}

impl Why {
    /// As in the column `drawn`.
    pub fn name(self) -> &'static str {
        match self {
            Why::Random => "random",
            Why::Uncertain => "uncertain",
            Why::Extreme => "extreme",
        }
    }
}

/// Half by lot, a quarter each of the others.
const TURN: [Why; 4] = [Why::Random, Why::Uncertain, Why::Random, Why::Extreme];

/// How much to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Parts of each agent, as many as there are.
    pub per_agent: usize,
    /// Parts in all; the quota of the agents is drawn first.
    pub total: usize,
}

/// A part that was drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// The part.
    pub row: PartRow,
    /// Why.
    pub why: Why,
}

/// What was drawn, in the order of the run.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// The parts.
    pub drawn: Vec<Drawn>,
    /// Parts that could have been drawn.
    pub of: usize,
    /// Agents among them.
    pub agents: usize,
}

/// What is remembered of a part while drawing.
struct Lot {
    key: [u8; 16],
    agent: usize,
    confidence: f64,
    overall: Option<f64>,
}

fn lot(seed: u64, conversation: &str, agent: &str) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(conversation.as_bytes());
    hash.update([0]);
    hash.update(agent.as_bytes());
    let mut key = [0; 16];
    key.copy_from_slice(&hash.finalize()[..16]);
    key
}

/// The queues of one pool of parts, each in its own order.
struct Pool {
    queues: BTreeMap<Why, Vec<usize>>,
}

impl Pool {
    fn new(of: &[usize], lots: &[Lot]) -> Pool {
        let sorted = |order: &dyn Fn(&Lot, &Lot) -> std::cmp::Ordering| {
            let mut list = of.to_vec();
            list.sort_by(|a, b| order(&lots[*a], &lots[*b]).then(lots[*a].key.cmp(&lots[*b].key)));
            // The next one is taken from the end.
            list.reverse();
            list
        };
        // The lowest and the highest in turn; what has no score is no extreme.
        let mut by_score: Vec<usize> = sorted(&|a, b| a.overall.unwrap_or(0.0).total_cmp(&b.overall.unwrap_or(0.0)));
        by_score.retain(|i| lots[*i].overall.is_some());
        let mut extremes = Vec::with_capacity(by_score.len());
        let (mut low, mut high) = (by_score.iter().rev(), by_score.iter());
        for _ in 0..by_score.len().div_ceil(2) {
            extremes.extend(low.next());
            extremes.extend(high.next());
        }
        extremes.truncate(by_score.len());
        extremes.reverse();
        let queues = BTreeMap::from([
            (Why::Random, sorted(&|a, b| a.key.cmp(&b.key))),
            (Why::Uncertain, sorted(&|a, b| a.confidence.total_cmp(&b.confidence))),
            (Why::Extreme, extremes),
        ]);
        Pool { queues }
    }

    /// The next part that is not drawn yet; where one queue is empty, the lot decides.
    fn next(&mut self, drawn: &BTreeMap<usize, Why>) -> Option<(usize, Why)> {
        // Counted over all pools, so that small quotas of many agents keep the shares, too.
        let why = TURN[drawn.len() % TURN.len()];
        for why in [why, Why::Random] {
            let queue = self.queues.entry(why).or_default();
            while let Some(i) = queue.pop() {
                if !drawn.contains_key(&i) {
                    return Some((i, why));
                }
            }
        }
        None
    }
}

/// Draws parts in which the agent says something and something can be told.
///
/// # Errors
/// When the run cannot be read.
pub fn draw(run: &Run, quota: Quota, seed: u64) -> Result<Sample, RunsError> {
    let (mut lots, mut names, mut index) = (Vec::new(), BTreeMap::<String, usize>::new(), 0_usize);
    let mut places: Vec<usize> = Vec::new();
    run.parts(|row| {
        if can_be_marked(&row) {
            let next = names.len();
            let agent = *names.entry(row.agent_id.clone()).or_insert(next);
            let key = lot(seed, &row.conversation_id, &row.agent_id);
            lots.push(Lot { key, agent, confidence: row.confidence.unwrap_or(0.0), overall: row.overall });
            places.push(index);
        }
        index += 1;
    })?;
    let mut drawn: BTreeMap<usize, Why> = BTreeMap::new();
    let mut by_agent: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
    lots.iter().enumerate().for_each(|(i, l)| by_agent[l.agent].push(i));
    for agent in names.values() {
        let mut pool = Pool::new(&by_agent[*agent], &lots);
        for _ in 0..quota.per_agent {
            let Some((i, why)) = pool.next(&drawn) else { break };
            drawn.insert(i, why);
        }
    }
    let mut pool = Pool::new(&(0..lots.len()).collect::<Vec<_>>(), &lots);
    while drawn.len() < quota.total {
        let Some((i, why)) = pool.next(&drawn) else { break };
        drawn.insert(i, why);
    }
    let wanted: BTreeMap<usize, Why> = drawn.into_iter().map(|(i, why)| (places[i], why)).collect();
    let (mut out, mut index) = (Sample { drawn: Vec::new(), of: lots.len(), agents: names.len() }, 0);
    run.parts(|row| {
        if let Some(why) = wanted.get(&index) {
            out.drawn.push(Drawn { row, why: *why });
        }
        index += 1;
    })?;
    Ok(out)
}

fn can_be_marked(row: &PartRow) -> bool {
    row.agent_turns > 0 && row.criteria.iter().any(|c| c.status.is_some_and(|s| s != Status::CannotTell))
}

/// Agents of a run that could be drawn from.
///
/// # Errors
/// When the run cannot be read.
pub fn agents(run: &Run) -> Result<usize, RunsError> {
    let mut names = BTreeSet::new();
    run.parts(|row| {
        if can_be_marked(&row) {
            names.insert(row.agent_id);
        }
    })?;
    Ok(names.len())
}

/// The table to fill in: a row a part of a conversation, an empty column a criterion. Without scores unless asked: who sees a score
/// marks nearer to it.
pub fn table(run: &Run, sample: &Sample, preset: Preset, show_scores: bool) -> Vec<u8> {
    let mut out = "\u{FEFF}".as_bytes().to_vec();
    let mut write = |cells: &[Cell<'_>]| {
        cells.iter().enumerate().for_each(|(i, cell)| csv::cell(&mut out, cell, i == 0, preset));
        csv::end_row(&mut out);
    };
    let text = |s: &'_ str| Cell::Text(s.to_owned().into());
    let known = ["conversation_id", "agent_id", "channel", "language", "started_at", "queue", "source", "drawn"];
    let mut header: Vec<Cell<'_>> = known.iter().map(|n| text(n)).collect();
    header.extend(run.criteria.iter().map(|n| text(n)));
    header.extend(["reviewer", "date", "comment"].iter().map(|n| text(n)));
    if show_scores {
        header.push(text("sabyr_overall"));
        for name in &run.criteria {
            header.extend([text(&format!("sabyr_{name}")), text(&format!("sabyr_{name}_status"))]);
        }
    }
    write(&header);
    for Drawn { row, why } in &sample.drawn {
        let r = row;
        let mut cells: Vec<Cell<'_>> =
            [&r.conversation_id, &r.agent_id, &r.channel, &r.language, &r.started_at, &r.queue, &r.source]
                .map(|s| text(s))
                .into();
        cells.push(text(why.name()));
        cells.extend((0..run.criteria.len() + 3).map(|_| Cell::Empty));
        if show_scores {
            let number = |n: Option<f64>| n.map_or(Cell::Empty, |n| Cell::Number(n, 1));
            cells.push(number(row.overall));
            for c in &row.criteria {
                cells.extend([number(c.score), text(c.status.map_or("", Status::name))]);
            }
        }
        write(&cells);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lots(n: usize) -> Vec<Lot> {
        (0..n)
            .map(|i| Lot {
                key: lot(1, &format!("c{i}"), "a"),
                agent: 0,
                confidence: i as f64,
                overall: (i != 5).then_some(i as f64),
            })
            .collect()
    }

    fn drawn(n: usize, take: usize) -> Vec<(usize, Why)> {
        let lots = lots(n);
        let mut pool = Pool::new(&(0..n).collect::<Vec<_>>(), &lots);
        let (mut drawn, mut order) = (BTreeMap::new(), Vec::new());
        for _ in 0..take {
            let Some((i, why)) = pool.next(&drawn) else { break };
            drawn.insert(i, why);
            order.push((i, why));
        }
        order
    }

    #[test]
    fn the_kinds_take_turns() {
        let order = drawn(40, 16);
        let of = |why: Why| order.iter().filter(|d| d.1 == why).map(|d| d.0).collect::<Vec<_>>();
        assert_eq!((of(Why::Random).len(), of(Why::Uncertain).len(), of(Why::Extreme).len()), (8, 4, 4));
        let random = of(Why::Random);
        let expected: Vec<usize> = (0..40).filter(|i| !random.contains(i)).take(4).collect();
        assert!(of(Why::Uncertain).iter().all(|i| *i <= expected[3] + 4), "the least sure: {order:?}");
        assert!(
            of(Why::Extreme).iter().any(|i| *i > 30) && of(Why::Extreme).iter().any(|i| *i < 10),
            "both ends: {order:?}"
        );
    }

    #[test]
    fn all_are_drawn_once_where_all_are_asked_for() {
        let mut all: Vec<usize> = drawn(11, 50).into_iter().map(|d| d.0).collect();
        all.sort_unstable();
        assert_eq!(all, (0..11).collect::<Vec<_>>());
        assert!(drawn(0, 5).is_empty());
    }

    #[test]
    fn the_lot_depends_on_seed_conversation_and_agent() {
        assert_eq!(lot(1, "c", "a"), lot(1, "c", "a"));
        assert!(
            lot(1, "c", "a") != lot(2, "c", "a")
                && lot(1, "c", "a") != lot(1, "c", "b")
                && lot(1, "ca", "") != lot(1, "c", "a")
        );
    }
}
