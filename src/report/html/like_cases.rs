//! Fair comparison: scores on like cases, and what an agent says again and again.

use super::context::Context;
use super::model::{Block, Cell, Column, Section, Table, Text};
use super::texts::fill;
use crate::agents::AgentRow;
use crate::fairness::{FairnessRow, Habit};

/// The agents' overall scores as they are and on like cases; `None` where there is nothing to compare.
pub(super) fn of_team(c: &Context<'_>) -> Option<Section> {
    let t = c.t;
    let mut rows: Vec<&FairnessRow> = c.night.fairness.iter().filter(|f| f.measure == 0).collect();
    if !rows.iter().any(|r| r.p.is_some()) {
        return None;
    }
    rows.sort_by(|a, b| b.adjusted.total_cmp(&a.adjusted).then(a.agent_id.cmp(&b.agent_id)));
    let moved = || rows.iter().map(|r| (r.adjusted - r.raw).abs());
    let flagged = rows.iter().filter(|r| matches!(r.flag, "above" | "below")).count() as u64;
    let figures = [
        ("mean", c.number(moved().sum::<f64>() / rows.len() as f64, 1)),
        ("most", c.number(moved().fold(0.0, f64::max), 1)),
        ("flagged", c.count(flagged)),
        ("n", c.count(rows.len() as u64)),
    ];
    let effect = fill(&t.like_effect, &figures.each_ref().map(|(k, v)| (*k, v.as_str())));
    let table = Table {
        caption: t.like_caption.clone(),
        sortable: true,
        stacked: false,
        head: vec![
            Column::text(&t.agent),
            Column::number(&t.as_it_is),
            Column { sorted: "descending", ..Column::number(&t.adjusted) },
            Column::number(&t.difference),
            Column::text(&t.verdict),
        ],
        rows: rows
            .iter()
            .map(|r| {
                let (name, input) = c.agent_name(&r.agent_id);
                let head = Cell { input, ..Cell::text(name) }.href(c.agent_href("", &r.agent_id)).head();
                std::iter::once(head).chain(cells(c, r)).collect()
            })
            .collect(),
    };
    Some(Section {
        id: "like-cases".into(),
        title: t.like_cases.clone(),
        says: t.like_says.clone(),
        blocks: vec![Block::Lines(vec![Text::Own(effect)]), Block::Table(table)],
    })
}

/// An agent's scores as they are and on like cases; `None` where there is nothing to compare.
pub(super) fn of_agent(c: &Context<'_>, agent_id: &str) -> Option<Section> {
    let t = c.t;
    let rows: Vec<&FairnessRow> = c.night.fairness.iter().filter(|f| f.agent_id == agent_id).collect();
    if !rows.iter().any(|r| r.p.is_some()) {
        return None;
    }
    let table = Table {
        caption: t.like_caption.clone(),
        stacked: true,
        head: vec![
            Column::text(&t.criterion),
            Column::number(&t.as_it_is),
            Column::number(&t.adjusted),
            Column::number(&t.difference),
            Column::text(&t.verdict),
        ],
        rows: rows
            .iter()
            .map(|r| std::iter::once(Cell::text(c.title(r.measure)).head()).chain(cells(c, r)).collect())
            .collect(),
        ..Table::default()
    };
    Some(Section {
        id: "like-cases".into(),
        title: t.like_cases.clone(),
        says: t.like_says.clone(),
        blocks: vec![Block::Table(table)],
    })
}

/// The mean as it is and on like cases, the difference from the team, and what may be said of it.
fn cells(c: &Context<'_>, r: &FairnessRow) -> [Cell; 4] {
    let t = c.t;
    let interval = match (r.low, r.high) {
        (Some(low), Some(high)) => format!("{}–{}", c.number(low, 0), c.number(high, 0)),
        _ => t.no_interval.clone(),
    };
    let below = fill(&t.interval_and_n, &[("interval", &interval), ("n", &c.count(r.n))]);
    let verdict = match r.flag {
        "above" => Cell::text(&t.surely_above).class("won"),
        "below" => Cell::text(&t.surely_below).class("lost"),
        "" => Cell::text(&t.no_difference).class("quiet"),
        other => Cell::text(c.band(other)).class("quiet"),
    };
    [
        Cell::number(c.number(r.raw, 0), r.raw),
        Cell::number(c.number(r.adjusted, 0), r.adjusted).below(below).class("strong"),
        Cell::number(c.points(r.difference), r.difference),
        Cell { sort: format!("{}", r.difference), ..verdict },
    ]
}

/// What the agent says again and again, and in whose language; `None` where nothing is known of it.
pub(super) fn habits(c: &Context<'_>, row: &AgentRow) -> Option<Section> {
    let t = c.t;
    let habits = &row.habits;
    let mut blocks = Vec::new();
    let mut say = |text: &str, h: &Habit| {
        if h.flagged == Some(true) {
            let share = format!("{} %", c.number(100.0 * h.share.unwrap_or(0.0), 0));
            let says = fill(text, &[("share", &share), ("n", &c.count(h.conversations))]);
            let sentence = Text::Quote(h.sentence.clone());
            blocks.push(Block::Lines(vec![Text::Own(says + " "), sentence]));
        }
    };
    say(&t.habit_empathy, &habits.empathy);
    if habits.sentence.sentence != habits.empathy.sentence || habits.empathy.flagged != Some(true) {
        say(&t.habit_sentence, &habits.sentence);
    }
    if blocks.is_empty() && habits.sentence.flagged == Some(false) {
        blocks.push(Block::Lines(vec![Text::Own(t.habit_none.clone())]));
    }
    let l = &habits.languages;
    if l.known > 0 {
        let figures = [
            ("followed", c.count(l.followed)),
            ("known", c.count(l.known)),
            ("switched", c.count(l.agent_switched)),
            ("asked", c.count(l.asked)),
        ];
        let says = fill(&t.habit_language, &figures.each_ref().map(|(k, v)| (*k, v.as_str())));
        blocks.push(Block::Lines(vec![Text::Own(says)]));
    }
    (!blocks.is_empty()).then(|| Section { id: "habits".into(), title: t.habits.clone(), says: String::new(), blocks })
}
