//! The page of what could not be read.

use super::context::Context;
use super::model::{Block, Cell, Column, Page, Section, Table, Text};
use super::texts::fill;

/// Builds the page.
pub(super) fn page<'c>(c: &'c Context<'_>) -> Page<'c> {
    let t = c.t;
    let total: u64 = c.gathered.quarantine.values().map(|k| k.count).sum();
    let lead = match total {
        0 => t.quarantine_none.clone(),
        n => fill(&t.quarantine_lead, &[("n", &c.count(n)), ("read", &c.count(c.facts.read))]),
    };
    let sections = c.gathered.quarantine.iter().map(|(kind, set_aside)| {
        let known = t.quarantine_kinds.get(*kind);
        let mut blocks = Vec::new();
        if let Some(known) = known {
            blocks.push(Block::Lines(vec![Text::Own(known.remedy.clone())]));
        }
        let shown = set_aside.listed.len() as u64;
        if shown < set_aside.count {
            let what = [("shown", &c.count(shown)), ("n", &c.count(set_aside.count))];
            blocks.push(Block::Lines(vec![
                Text::Own(fill(&t.quarantine_capped, &what.map(|(k, v)| (k, v.as_str())))),
                Text::Link("../quarantine.csv".into(), "quarantine.csv".into()),
            ]));
        }
        blocks.push(Block::Table(Table {
            caption: fill(&t.quarantine_caption, &[("kind", &title(c, kind)), ("n", &c.count(set_aside.count))]),
            head: vec![
                Column::text(&t.file),
                Column::number(&t.line),
                Column::text(&t.conversation),
                Column::text(&t.reason),
            ],
            rows: set_aside
                .listed
                .iter()
                .map(|row| {
                    let (text, at) = match (row.line, row.byte) {
                        (Some(line), _) => (line.to_string(), line),
                        (None, Some(byte)) => (fill(&t.byte, &[("n", &byte.to_string())]), byte),
                        (None, None) => ("–".into(), 0),
                    };
                    vec![
                        Cell::input(&row.file).head(),
                        Cell::number(text, at as f64),
                        Cell::input(&row.conversation_id),
                        Cell::input(&row.reason),
                    ]
                })
                .collect(),
            stacked: true,
            ..Table::default()
        }));
        Section { id: format!("kind-{kind}"), title: title(c, kind), blocks, ..Section::default() }
    });
    Page {
        t,
        up: "",
        title: t.quarantine.clone(),
        input_title: false,
        kicker: String::new(),
        crumbs: vec![(t.report.clone(), "index.html".into(), false)],
        lead: vec![Text::Own(lead)],
        sections: sections.collect(),
    }
}

fn title(c: &Context<'_>, kind: &str) -> String {
    c.t.quarantine_kinds.get(kind).map_or_else(|| kind.replace('_', " "), |k| k.title.clone())
}
