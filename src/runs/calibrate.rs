//! Marks joined with the run that they are of.

use std::collections::{BTreeMap, BTreeSet};

use super::{PartRow, PointRow, Run, RunsError};
use crate::agreement::calibration::{Calibration, Unit};
use crate::agreement::marks::{Marked, Marks, Rejected};
use crate::results::masked_id;

/// Marks that stand beside scores.
#[derive(Clone, Debug, Default)]
pub struct Joined {
    /// A unit a part of a conversation, in the order of the run.
    pub units: Vec<Unit>,
    /// What could not be used, by file and line.
    pub rejected: Vec<Rejected>,
    /// Dates of the marks that are used, as given.
    pub dates: BTreeSet<String>,
}

/// Finds the part of the run that each mark is of.
///
/// # Errors
/// When the run cannot be read. Marks of unknown conversations and agents are listed.
pub fn join(run: &Run, marks: Marks) -> Result<Joined, RunsError> {
    let mask = run.mask();
    let mut wanted: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, mark) in marks.rows.iter().enumerate() {
        let masked = masked_id(&mark.conversation_id, mask).into_owned();
        for id in BTreeSet::from([mark.conversation_id.clone(), masked]) {
            wanted.entry(id).or_default().push(i);
        }
    }
    let mut rows: Vec<PartRow> = Vec::new();
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); marks.rows.len()];
    run.parts(|row| {
        if let Some(list) = wanted.get(&row.conversation_id) {
            list.iter().for_each(|i| parts[*i].push(rows.len()));
            rows.push(row);
        }
    })?;
    let mut out = Joined { rejected: marks.rejected, ..Joined::default() };
    out.units = rows
        .iter()
        .map(|row| Unit {
            conversation_id: row.conversation_id.clone(),
            agent_id: row.agent_id.clone(),
            language: row.language.clone(),
            channel: row.channel.clone(),
            random: false,
            scored: row.criteria.iter().map(|c| (c.status, c.score)).collect(),
            marks: vec![BTreeMap::new(); run.criteria.len()],
        })
        .collect();
    for (mark, parts) in marks.rows.into_iter().zip(parts) {
        let Marked { place: (file, line), conversation_id, agent_id, reviewer, date, drawn, criterion, mark } = mark;
        let reject = |what: String| Rejected { file: file.clone(), line, what };
        let agents = || parts.iter().map(|i| rows[*i].agent_id.as_str()).collect::<Vec<_>>().join(", ");
        let found = if agent_id.is_empty() && parts.len() == 1 {
            parts.first()
        } else {
            parts.iter().find(|i| rows[**i].agent_id == agent_id)
        };
        let Some(at) = found else {
            let id = mask(&conversation_id);
            let what = match (parts.is_empty(), agent_id.is_empty()) {
                (true, _) => format!("the run has no conversation {id:?}"),
                (false, true) => format!("{id} has several agents: name one of {} in agent_id", agents()),
                (false, false) => format!("{agent_id:?} has no part in {id}; its agents: {}", agents()),
            };
            // One line for a row, not one for each of its marks.
            if out.rejected.last() != Some(&reject(what.clone())) {
                out.rejected.push(reject(what));
            }
            continue;
        };
        let unit = &mut out.units[*at];
        if unit.marks[criterion].contains_key(&reviewer) {
            out.rejected.push(reject(format!(
                "{}: marked before by the same reviewer; the first mark counts",
                run.criteria[criterion]
            )));
            continue;
        }
        unit.random |= drawn == "random";
        unit.marks[criterion].insert(reviewer, mark);
        if !date.is_empty() {
            out.dates.insert(date);
        }
    }
    out.rejected.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    Ok(out)
}

/// For each of the worst disagreements, by conversation, agent and criterion, the point that weighs most.
///
/// # Errors
/// When the run cannot be read.
pub fn quotes(run: &Run, calibration: &Calibration) -> Result<BTreeMap<(String, String, usize), PointRow>, RunsError> {
    let mut wanted: BTreeSet<(String, String, usize)> = BTreeSet::new();
    for (i, criterion) in calibration.criteria.iter().enumerate() {
        wanted.extend(criterion.worst.iter().map(|d| (d.conversation_id.clone(), d.agent_id.clone(), i)));
    }
    let mut out: BTreeMap<(String, String, usize), PointRow> = BTreeMap::new();
    run.points(|point| {
        let key = (point.conversation_id.clone(), point.agent_id.clone(), point.criterion);
        if wanted.contains(&key) && out.get(&key).is_none_or(|p| p.points.abs() < point.points.abs()) {
            out.insert(key, point);
        }
    })?;
    Ok(out)
}
