//! What to look at first: the night's alerts, told in the language of the report.

use super::context::Context;
use super::conversation::fatal_items;
use super::model::{Block, Cell, Column, Section, Table, Text};
use super::nights;
use super::texts::fill;
use crate::agents;
use crate::alerts::Alert;

/// Rows of the table; the rest stands in alerts.csv.
const ROWS: usize = 60;

/// Builds the section.
pub(super) fn section(c: &Context<'_>) -> Section {
    let t = c.t;
    let alerts = &c.night.alerts;
    let mut section = Section {
        id: "attention".into(),
        title: t.attention.clone(),
        says: t.attention_says.clone(),
        ..Section::default()
    };
    if alerts.list.is_empty() {
        let none = if c.night.history.is_some() { &t.attention_none } else { &t.attention_alone };
        section.blocks.push(Block::Lines(vec![Text::Own(none.clone())]));
        return section;
    }
    section.blocks.push(Block::Table(Table {
        caption: t.attention_caption.clone(),
        stacked: true,
        head: vec![
            Column::text(&t.urgency),
            Column::text(&t.kind),
            Column::text(&t.agent),
            Column::text(&t.criterion),
            Column::text(&t.matter),
            Column::text(&t.conversation),
        ],
        rows: alerts.list.iter().take(ROWS).map(|a| row(c, a)).collect(),
        ..Table::default()
    }));
    let all = alerts.list.len() as u64 + alerts.unlisted;
    if all > ROWS as u64 {
        let capped = fill(&t.attention_capped, &[("shown", &c.count(ROWS as u64)), ("n", &c.count(all))]);
        let link = Text::Link("../alerts.csv".into(), "alerts.csv".into());
        section.blocks.push(Block::Lines(vec![Text::Own(capped), link]));
    }
    section
}

fn row(c: &Context<'_>, a: &Alert) -> Vec<Cell> {
    let t = c.t;
    let word = |words: &std::collections::BTreeMap<String, String>, name: &str| {
        words.get(name).cloned().unwrap_or_else(|| name.to_owned())
    };
    let measure = measure(a);
    let agent = match a.kind {
        "quarantine" => Cell::text("–"),
        _ => {
            let (name, input) = c.agent_name(&a.agent_id);
            Cell { input, ..Cell::text(name) }.href(c.agent_href("", &a.agent_id))
        }
    };
    let conversation = match (a.conversation_id.as_str(), a.kind) {
        ("", "quarantine") => Cell::text(&t.quarantine).href("quarantine.html"),
        ("", _) => Cell::text("–"),
        (id, _) => {
            let href = c.conversation_href("", id, &a.agent_id);
            let turn = a.turn.map_or(String::new(), |turn| format!("#t{turn}"));
            Cell::input(id).href(if href.is_empty() { href } else { href + &turn })
        }
    };
    vec![
        Cell::text(word(&t.urgencies, a.severity)).head(),
        Cell::text(word(&t.alert_kinds, a.kind)).class(if a.kind == "above_limits" { "won" } else { "lost" }),
        agent,
        Cell::text(measure.map_or("–".into(), |m| c.title(m))),
        Cell::text(matter(c, a)).quote(&a.quote),
        conversation,
    ]
}

fn measure(a: &Alert) -> Option<usize> {
    agents::measures().position(|(name, _)| name == a.criterion)
}

/// What is the matter. The program's own sentence stands in where the figures behind it are not at hand.
fn matter(c: &Context<'_>, a: &Alert) -> String {
    let series = || {
        let history = c.night.history.as_ref()?;
        history.agents.get(&a.agent_id)?.measures.get(measure(a)?)?.as_ref()
    };
    let told = match a.kind {
        "fatal" => a.text.split_once(": ").map(|(item, _)| fill(&c.t.alert_fatal, &[("item", &fatal_items(c, item))])),
        "quarantine" => quarantine(c),
        "drop" => series().and_then(|s| nights::drop_says(c, s)),
        "falling" => series().and_then(|s| nights::falling_says(c, s)),
        _ => series().and_then(|s| nights::signal_says(c, s)),
    };
    told.unwrap_or_else(|| a.text.clone())
}

fn quarantine(c: &Context<'_>) -> Option<String> {
    let usual = c.night.history.as_ref()?.quarantined.as_ref().ok()?;
    let percent = |share: f64| format!("{} %", c.number(100.0 * share, 2));
    let (bad, read) = (c.facts.quarantined, c.facts.read);
    Some(fill(
        &c.t.alert_quarantine,
        &[
            ("n", &c.count(bad)),
            ("read", &c.count(read)),
            ("share", &percent(bad as f64 / read.max(1) as f64)),
            ("usual", &percent(usual.usual)),
            ("limit", &percent(usual.limit)),
        ],
    ))
}
