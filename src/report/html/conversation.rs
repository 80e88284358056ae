//! The page of one agent's part of a conversation: the sum of each score and the whole transcript with its points.

use super::context::Context;
use super::model::{Block, Cell, Column, Marked, Page, Point, Section, Table, Text, TurnLine, Turns};
use super::texts::fill;
use super::transcript::{ShownTurn, Transcript};
use crate::criteria;
use crate::model::Status;

/// Builds the page.
pub(super) fn page<'c>(c: &'c Context<'_>, transcript: &Transcript) -> Page<'c> {
    let t = c.t;
    let (name, input) = c.agent_name(&transcript.agent_id);
    let mut lead = vec![
        Text::Own(format!("{} · {}", c.channel(transcript.channel), c.language(transcript.language))),
        Text::Input(c.time(&transcript.started_at)),
        Text::Own(fill(
            &t.overall_with_confidence,
            &[("score", &c.number(transcript.overall, 0)), ("confidence", &c.number(transcript.confidence, 2))],
        )),
    ];
    lead.retain(|l| !matches!(l, Text::Input(text) if text.is_empty()));
    let mut sections = Vec::new();
    if !transcript.fatal.is_empty() {
        let block = Block::Notice(fill(&t.fatal_here, &[("items", &fatal_items(c, &transcript.fatal))]));
        sections.push(Section { blocks: vec![block], ..Section::default() });
    }
    sections.push(sums(c, transcript));
    sections.push(turns(c, transcript));
    let source = vec![Text::Own(format!("{}: ", t.source)), Text::Input(transcript.source.clone())];
    sections.push(Section { blocks: vec![Block::Lines(source)], ..Section::default() });
    Page {
        t,
        up: "../",
        title: transcript.id.clone(),
        input_title: true,
        kicker: t.conversation.clone(),
        crumbs: vec![
            (t.report.clone(), "../index.html".into(), false),
            (name, c.agent_href("../", &transcript.agent_id), input),
        ],
        lead,
        sections,
    }
}

/// Names of fatal items come from the scorecard; the usual ones are known.
pub(super) fn fatal_items(c: &Context<'_>, items: &str) -> String {
    let names = items.split("; ").map(|n| c.t.fatal_items.get(n).map_or(n, String::as_str));
    names.collect::<Vec<_>>().join("; ")
}

/// base + won + lost = score, for each criterion; and how they make the overall score.
fn sums(c: &Context<'_>, transcript: &Transcript) -> Section {
    let t = c.t;
    let rows = transcript.sums.iter().enumerate().map(|(i, sum)| {
        let head = Cell::text(c.title(i + 1)).head();
        let weight = sum.weight.map_or("–".into(), |w| c.number(w, if w.fract() == 0.0 { 0 } else { 1 }));
        match (sum.status, sum.score) {
            (Status::Scored, Some(score)) => vec![
                head,
                Cell::number(c.number(sum.base, 1), sum.base),
                Cell::number(c.points(sum.won), sum.won).class("won"),
                Cell::number(c.points(sum.lost), sum.lost).class("lost"),
                Cell::number(format!("= {}", c.number(score, 1)), score).class("strong"),
                Cell::number(c.number(sum.confidence, 2), sum.confidence),
                Cell::number(weight, sum.weight.unwrap_or_default()),
            ],
            (status, _) => {
                let name = t.statuses.get(status.name()).cloned().unwrap_or_else(|| status.name().to_owned());
                let (Text::Own(why) | Text::Input(why) | Text::Quote(why) | Text::Link(_, why)) = c.reason(sum.reason);
                let none = || Cell { text: "–".into(), number: true, ..Cell::default() };
                vec![head.below(format!("{name}: {why}")), none(), none(), none(), none(), none(), none()]
            }
        }
    });
    let table = Table {
        caption: t.sums_caption.clone(),
        head: vec![
            Column::text(&t.criterion),
            Column::number(&t.base),
            Column::number(&t.won),
            Column::number(&t.lost),
            Column::number(&t.score),
            Column::number(&t.confidence),
            Column::number(&t.weight),
        ],
        rows: rows.collect(),
        ..Table::default()
    };
    Section { id: "sums".into(), title: t.sums.clone(), says: t.sums_says.clone(), blocks: vec![Block::Table(table)] }
}

fn turns(c: &Context<'_>, transcript: &Transcript) -> Section {
    let t = c.t;
    let has_points = |i: usize| transcript.points.iter().any(|e| e.criterion == i);
    let used = (0..criteria::ALL.len()).filter(|i| has_points(*i));
    let mut more = Vec::new();
    if transcript.more_turns > 0 {
        more.push(fill(&t.more_turns, &[("n", &c.count(transcript.more_turns as u64))]));
    }
    if transcript.more_points > 0 {
        more.push(fill(&t.more_points, &[("n", &c.count(transcript.more_points as u64))]));
    }
    let block = Turns {
        criteria: used.map(|i| (class(i), c.title(i + 1))).collect(),
        turns: transcript.turns.iter().map(|turn| line(c, transcript, turn)).collect(),
        more: more.join(" "),
    };
    Section {
        id: "transcript".into(),
        title: t.transcript.clone(),
        says: if c.facts.masked { t.transcript_says.clone() } else { t.transcript_says_open.clone() },
        blocks: vec![Block::Transcript(block)],
    }
}

fn line(c: &Context<'_>, transcript: &Transcript, turn: &ShownTurn) -> TurnLine {
    let points = transcript.points.iter().filter(|e| e.turn as usize == turn.number && e.points != 0.0);
    let marked = turn.pieces.iter().map(|p| {
        let resting: Vec<_> = p.marks.iter().filter_map(|i| transcript.points.get(*i)).collect();
        let mut classes: Vec<&str> = resting.iter().map(|e| class(e.criterion)).collect();
        classes.dedup();
        // The strongest gives the colour.
        let strongest = resting.iter().max_by(|a, b| a.points.abs().total_cmp(&b.points.abs()));
        classes.extend(strongest.map(|e| if e.points < 0.0 { "lost" } else { "won" }));
        let titles = resting
            .iter()
            .map(|e| format!("{} {}: {}", c.title(e.criterion + 1), c.points(e.points), c.rule(e.criterion, e.rule)));
        Marked { text: p.text.clone(), classes: classes.join(" "), title: titles.collect::<Vec<_>>().join("; ") }
    });
    TurnLine {
        number: turn.number,
        who: c.speaker(turn.speaker),
        kind: c.kind(turn.kind),
        time: turn.start.filter(|s| (0.0..360_000.0).contains(s)).map_or(String::new(), clock),
        class: if turn.own {
            "own"
        } else if turn.speaker == crate::model::Speaker::Customer {
            "customer"
        } else {
            "other"
        },
        pieces: marked.collect(),
        cut: turn.cut,
        points: points
            .map(|e| Point {
                class: class(e.criterion),
                won: e.points > 0.0,
                points: c.points(e.points),
                criterion: c.title(e.criterion + 1),
                rule: c.rule(e.criterion, e.rule),
                called: e.called_turn.map_or(String::new(), |n| fill(&c.t.called_by, &[("n", &n.to_string())])),
                called_href: e.called_turn.map_or(String::new(), |n| {
                    if transcript.turns.iter().any(|t| t.number == n as usize) {
                        format!("#t{n}")
                    } else {
                        String::new()
                    }
                }),
                would_earn: c.would_earn(e.would_earn),
            })
            .collect(),
    }
}

/// A class of the style sheet for each criterion.
fn class(criterion: usize) -> &'static str {
    const CLASSES: [&str; 8] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"];
    CLASSES[criterion % CLASSES.len()]
}

/// Seconds as minutes and seconds.
fn clock(seconds: f64) -> String {
    let s = seconds.floor() as u64;
    format!("{}:{:02}", s / 60, s % 60)
}
