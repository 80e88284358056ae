//! What is different between two runs, and by which points: what a change of phrases or scorecard does.

use std::collections::{BTreeMap, BTreeSet};

use super::{PartRow, PointRow, Run, RunsError};
use crate::model::Status;
use crate::report::columns::Cell;
use crate::report::csv::{self, Preset};
use crate::scorecard::Thresholds;

/// What a row of `conversations` says of the overall score or of a criterion.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Side {
    /// `None` for the overall score.
    pub status: Option<Status>,
    /// 0..=100.
    pub score: Option<f64>,
    /// The band of the score, by the run's own thresholds.
    pub band: Option<&'static str>,
}

/// A point that only one run has, or that counts differently.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// `appeared`, `vanished`, or `weighs differently`.
    pub how: &'static str,
    /// Points in the first run; 0 where it is not there.
    pub before: f64,
    /// Points in the second run.
    pub after: f64,
    /// The point, of the run that has it.
    pub point: PointRow,
}

/// A score, status or band that is not the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// The conversation.
    pub conversation_id: String,
    /// Whose part.
    pub agent_id: String,
    /// Name of the criterion; `overall` for the whole.
    pub criterion: String,
    /// In the first run.
    pub a: Side,
    /// In the second.
    pub b: Side,
    /// Why, the heaviest first; empty for the overall score.
    pub causes: Vec<Cause>,
}

impl Move {
    /// From the first to the second score; `None` where one has none.
    pub fn change(&self) -> Option<f64> {
        Some(self.b.score? - self.a.score?)
    }
}

/// An agent whose figure is not the same.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentMove {
    /// The agent.
    pub agent_id: String,
    /// Name of the criterion; `overall` for the whole.
    pub criterion: String,
    /// Shrunken mean and band in the first run.
    pub a: (Option<f64>, String),
    /// In the second.
    pub b: (Option<f64>, String),
}

/// Points that appeared or vanished, gathered by what made them.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// Name of the criterion.
    pub criterion: String,
    /// The rule.
    pub rule: String,
    /// The phrase without its line, or the rule's own ground where there is none.
    pub phrase: String,
    /// `appeared` or `vanished`.
    pub how: &'static str,
    /// How often.
    pub count: usize,
    /// Points in all, as they were where they stand.
    pub points: f64,
    /// A quote, and the conversation it is from.
    pub example: (String, String),
}

/// All that is different.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    /// What made the runs, where it is not the same: what, first, second.
    pub made_by: Vec<(&'static str, String, String)>,
    /// Whether the runs were given other inputs.
    pub inputs_differ: bool,
    /// Parts that both have.
    pub both: usize,
    /// Parts of the first run only: conversation and agent.
    pub only_a: Vec<(String, String)>,
    /// Parts of the second run only.
    pub only_b: Vec<(String, String)>,
    /// Criteria of one run only.
    pub criteria: Vec<String>,
    /// Scores that moved by at least the asked amount, and statuses and bands that changed, in the order of conversations.
    pub moves: Vec<Move>,
    /// Agents, those that moved most first.
    pub agents: Vec<AgentMove>,
    /// By what, those with most points first.
    pub reasons: Vec<Reason>,
}

/// Causes that are kept of one move.
const CAUSES: usize = 3;
/// An agent's figure that moves by less is the same.
const AGENT_CHANGE: f64 = 0.1;

type Key = (String, String);

/// What is compared of a part: overall, then the criteria of both runs.
type Sides = Vec<Side>;

fn sides(row: &PartRow, at: &[usize], thresholds: Thresholds) -> Sides {
    let side = |status, score: Option<f64>| Side { status, score, band: score.map(|s| thresholds.band(s).name()) };
    std::iter::once(side(None, row.overall))
        .chain(at.iter().map(|i| side(row.criteria[*i].status, row.criteria[*i].score)))
        .collect()
}

/// Compares two runs; scores that move by less than `least` points are the same unless their status or band changes.
///
/// # Errors
/// When a run cannot be read.
pub fn compare(a: &Run, b: &Run, least: f64, thresholds: [Thresholds; 2]) -> Result<Diff, RunsError> {
    let mut out = Diff { inputs_differ: a.facts.inputs != b.facts.inputs, made_by: made_by(a, b), ..Diff::default() };
    let common: Vec<(usize, usize)> = a
        .criteria
        .iter()
        .enumerate()
        .filter_map(|(i, n)| b.criteria.iter().position(|m| m == n).map(|k| (i, k)))
        .collect();
    let (in_a, in_b): (Vec<usize>, Vec<usize>) = common.iter().copied().unzip();
    let names: Vec<&str> = std::iter::once("overall").chain(in_a.iter().map(|i| a.criteria[*i].as_str())).collect();
    let set = |run: &Run| run.criteria.iter().cloned().collect::<BTreeSet<_>>();
    out.criteria = set(a).symmetric_difference(&set(b)).cloned().collect();

    let mut before: BTreeMap<Key, Sides> = BTreeMap::new();
    a.parts(|row| {
        let key = (row.conversation_id.clone(), row.agent_id.clone());
        before.insert(key, sides(&row, &in_a, thresholds[0]));
    })?;
    let mut wanted: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    b.parts(|row| {
        let key = (row.conversation_id.clone(), row.agent_id.clone());
        let Some(old) = before.remove(&key) else {
            out.only_b.push(key);
            return;
        };
        out.both += 1;
        for (i, (x, y)) in old.into_iter().zip(sides(&row, &in_b, thresholds[1])).enumerate() {
            let far = x.score.zip(y.score).is_some_and(|(x, y)| x != y && (x - y).abs() >= least);
            if far || x.status != y.status || x.score.is_some() != y.score.is_some() || x.band != y.band {
                wanted.entry(key.clone()).or_default().push(out.moves.len());
                let (conversation_id, agent_id) = key.clone();
                out.moves.push(Move {
                    conversation_id,
                    agent_id,
                    criterion: names[i].to_owned(),
                    a: x,
                    b: y,
                    causes: Vec::new(),
                });
            }
        }
    })?;
    out.only_a = before.into_keys().collect();
    out.only_b.sort();
    causes(a, b, &wanted, &mut out)?;
    out.moves.sort_by(|x, y| (&x.conversation_id, &x.agent_id).cmp(&(&y.conversation_id, &y.agent_id)));
    out.agents = agents(a, b, &common)?;
    Ok(out)
}

fn made_by(a: &Run, b: &Run) -> Vec<(&'static str, String, String)> {
    let (x, y) = (&a.facts, &b.facts);
    let masked = |m: bool| if m { "masked" } else { "not masked" };
    [
        ("program", x.version.as_str(), y.version.as_str()),
        ("phrases", &x.lexicon, &y.lexicon),
        ("scorecard", &x.scorecard, &y.scorecard),
        ("scorecard's text", &x.scorecard_hash, &y.scorecard_hash),
        ("personal data", masked(x.masked), masked(y.masked)),
    ]
    .into_iter()
    .filter(|(_, x, y)| x != y)
    .map(|(what, x, y)| (what, x.to_owned(), y.to_owned()))
    .collect()
}

/// What makes two points the same, whatever they count. Not the phrase: its line moves when another is put in before it.
fn identity(p: &PointRow) -> (usize, usize, usize, &str, &str) {
    (p.turn, p.start, p.end, &p.rule, &p.act)
}

/// A phrase without its line.
fn phrase_of(p: &PointRow) -> &str {
    match p.phrase.rsplit_once(':') {
        Some((phrase, _)) => phrase,
        None if p.act.is_empty() => "by degrees",
        None => &p.act,
    }
}

fn causes(a: &Run, b: &Run, wanted: &BTreeMap<Key, Vec<usize>>, out: &mut Diff) -> Result<(), RunsError> {
    // The points of the moved scores, of both runs, by move.
    let mut points: Vec<[Vec<PointRow>; 2]> = vec![<[Vec<PointRow>; 2]>::default(); out.moves.len()];
    for (side, run) in [a, b].into_iter().enumerate() {
        run.points(|p| {
            let Some(list) = wanted.get(&(p.conversation_id.clone(), p.agent_id.clone())) else { return };
            let name = &run.criteria[p.criterion];
            if let Some(i) = list.iter().find(|i| out.moves[**i].criterion == *name) {
                points[*i][side].push(p);
            }
        })?;
    }
    let mut reasons: BTreeMap<(String, String, String, &'static str), Reason> = BTreeMap::new();
    for (moved, [old, new]) in out.moves.iter_mut().zip(points) {
        let pairs = |of: &[PointRow], p: &PointRow| of.iter().find(|q| identity(q) == identity(p)).map(|q| q.points);
        let mut all: Vec<Cause> = Vec::new();
        for p in &old {
            match pairs(&new, p) {
                None => all.push(Cause { how: "vanished", before: p.points, after: 0.0, point: p.clone() }),
                Some(after) if (after - p.points).abs() > 0.05 => {
                    all.push(Cause { how: "weighs differently", before: p.points, after, point: p.clone() });
                }
                Some(_) => {}
            }
        }
        for p in new.iter().filter(|p| pairs(&old, p).is_none()) {
            all.push(Cause { how: "appeared", before: 0.0, after: p.points, point: p.clone() });
        }
        for c in all.iter().filter(|c| c.how != "weighs differently") {
            let phrase = phrase_of(&c.point).to_owned();
            let key = (moved.criterion.clone(), c.point.rule.clone(), phrase.clone(), c.how);
            let reason = reasons.entry(key).or_insert_with(|| Reason {
                criterion: moved.criterion.clone(),
                rule: c.point.rule.clone(),
                phrase,
                how: c.how,
                count: 0,
                points: 0.0,
                example: (c.point.quote.clone(), c.point.conversation_id.clone()),
            });
            reason.count += 1;
            reason.points += c.point.points;
        }
        // What is new or gone explains more than what is only drawn through the curve at another place.
        let weight = |c: &Cause| (c.how != "weighs differently", (c.after - c.before).abs());
        all.sort_by(|x, y| weight(y).0.cmp(&weight(x).0).then(weight(y).1.total_cmp(&weight(x).1)));
        all.truncate(CAUSES);
        moved.causes = all;
    }
    out.reasons = reasons.into_values().collect();
    out.reasons.sort_by(|x, y| y.points.abs().total_cmp(&x.points.abs()));
    Ok(())
}

fn agents(a: &Run, b: &Run, common: &[(usize, usize)]) -> Result<Vec<AgentMove>, RunsError> {
    let before: BTreeMap<String, _> = a.agents()?.into_iter().map(|r| (r.agent_id, r.figures)).collect();
    let mut out = Vec::new();
    let columns = || {
        std::iter::once(("overall", 0, 0)).chain(common.iter().map(|(i, k)| (a.criteria[*i].as_str(), i + 1, k + 1)))
    };
    for row in b.agents()? {
        let Some(old) = before.get(&row.agent_id) else { continue };
        for (name, i, k) in columns() {
            let (x, y) = (&old[i], &row.figures[k]);
            let far = x.0.zip(y.0).is_some_and(|(x, y)| (x - y).abs() >= AGENT_CHANGE);
            if far || x.0.is_some() != y.0.is_some() || x.1 != y.1 {
                out.push(AgentMove {
                    agent_id: row.agent_id.clone(),
                    criterion: name.to_owned(),
                    a: x.clone(),
                    b: y.clone(),
                });
            }
        }
    }
    let far = |m: &AgentMove| m.a.0.zip(m.b.0).map_or(f64::INFINITY, |(x, y)| (x - y).abs());
    out.sort_by(|x, y| {
        far(y).total_cmp(&far(x)).then_with(|| x.agent_id.cmp(&y.agent_id)).then_with(|| x.criterion.cmp(&y.criterion))
    });
    Ok(out)
}

/// Every difference as a table: a row a move and cause, and a row a part that only one run has.
pub fn table(diff: &Diff, preset: Preset) -> Vec<u8> {
    let mut out = "\u{FEFF}".as_bytes().to_vec();
    let mut write = |cells: &[Cell<'_>]| {
        cells.iter().enumerate().for_each(|(i, cell)| csv::cell(&mut out, cell, i == 0, preset));
        csv::end_row(&mut out);
    };
    fn text(s: &str) -> Cell<'_> {
        Cell::Text(s.into())
    }
    let number = |n: Option<f64>| n.map_or(Cell::Empty, |n| Cell::Number(n, 1));
    let header = [
        "what",
        "conversation_id",
        "agent_id",
        "criterion",
        "a_score",
        "b_score",
        "change",
        "a_status",
        "b_status",
        "a_band",
        "b_band",
        "cause",
        "a_points",
        "b_points",
        "turn",
        "rule",
        "phrase",
        "quote",
    ];
    write(&header.map(text));
    for m in &diff.moves {
        let what = if m.a.status != m.b.status || m.a.score.is_some() != m.b.score.is_some() {
            "status"
        } else if m.a.band != m.b.band {
            "band"
        } else {
            "score"
        };
        let status = |s: Side| text(s.status.map_or("", Status::name));
        let (a, b) = (m.a, m.b);
        let head = [
            text(what),
            text(&m.conversation_id),
            text(&m.agent_id),
            text(&m.criterion),
            number(a.score),
            number(b.score),
            number(m.change()),
            status(a),
            status(b),
            text(a.band.unwrap_or("")),
            text(b.band.unwrap_or("")),
        ];
        if m.causes.is_empty() {
            write(&[&head[..], &[const { Cell::Empty }; 7]].concat());
        }
        for c in &m.causes {
            let p = &c.point;
            let points = |n: f64| Cell::Number(n, 2);
            let tail = [
                text(c.how),
                points(c.before),
                points(c.after),
                Cell::Whole(p.turn as i64),
                text(&p.rule),
                text(&p.phrase),
                text(&p.quote),
            ];
            write(&[&head[..], &tail].concat());
        }
    }
    for (what, list) in [("only in a", &diff.only_a), ("only in b", &diff.only_b)] {
        for (conversation, agent) in list {
            write(&[&[text(what), text(conversation), text(agent)][..], &[const { Cell::Empty }; 15]].concat());
        }
    }
    out
}
