//! The first page: the night at a glance, the team, the agents, what to read first.

use super::agent::pages_say;
use super::context::Context;
use super::funnel::Standing;
use super::model::{Block, Cell, Column, Figure, Page, Plot, Section, Table, Text};
use super::plots::{self, FunnelDot, Interval, Width};
use super::texts::fill;
use super::transcript::Transcript;
use super::{attention, like_cases, nights, read, trust};
use crate::agents::AgentRow;
use crate::criteria;
use crate::model::Language;

/// Conversations to read first, from either end.
const WORST: usize = 12;
const BEST: usize = 5;
/// Rows of the interval chart; of more agents, so many from either end.
const ROWS: usize = 80;

/// Builds the page.
pub(super) fn page<'c>(c: &'c Context<'_>) -> Page<'c> {
    let t = c.t;
    let mut lead = Vec::new();
    if let Some((first, last)) = &c.gathered.span {
        let (first, last) = (c.time(first), c.time(last));
        lead.push(Text::Input(if first == last { first } else { format!("{first} – {last}") }));
    }
    lead.push(Text::Own(fill(&t.files_read, &[("n", &c.count(c.facts.files as u64))])));
    Page {
        t,
        up: "",
        title: t.index_title.clone(),
        input_title: false,
        kicker: t.report.clone(),
        crumbs: Vec::new(),
        lead,
        sections: [
            Some(attention::section(c)),
            Some(night(c)),
            team(c),
            nights::of_team(c),
            Some(agents(c)),
            like_cases::of_team(c),
            first(c),
            Some(about(c)),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

fn night(c: &Context<'_>) -> Section {
    let (t, f) = (c.t, c.facts);
    let figure = |n: u64, label: &str, href: &str| Figure { value: c.count(n), label: label.into(), href: href.into() };
    let fatal: u64 = c.rows.iter().map(|r| r.fatal).sum();
    let figures = vec![
        figure(f.read, &t.read, ""),
        figure(f.scored, &t.scored, ""),
        figure(f.quarantined, &t.quarantined, "quarantine.html"),
        figure(f.parts, &t.parts, ""),
        figure(c.rows.len() as u64, &t.agents, "#agents"),
        figure(fatal, &t.with_fatal, if fatal > 0 { "#attention" } else { "" }),
    ];
    let share = |n: u64, of: u64| Cell::number(c.count(n), n as f64).below(c.percent(n, of));
    let coverage = criteria::ALL.iter().enumerate().map(|(i, criterion)| {
        let of = |status: &str| f.statuses.get(criterion.name()).and_then(|s| s.get(status)).copied().unwrap_or(0);
        let mean = c.means[i + 1];
        vec![
            Cell::text(c.title(i + 1)).below(trust::line(c, criterion.name())).head(),
            share(of("scored"), f.parts),
            share(of("not_applicable"), f.parts),
            share(of("cannot_tell"), f.parts),
            Cell::number(mean.map_or("–".into(), |m| c.number(m, 0)), mean.unwrap_or(-1.0))
                .below(fill(&t.n_is, &[("n", &c.count(of("scored")))])),
        ]
    });
    let coverage = Table {
        caption: t.coverage_caption.clone(),
        head: vec![
            Column::text(&t.criterion),
            Column::number(&t.scored),
            Column::number(&t.not_applicable),
            Column::number(&t.cannot_tell),
            Column::number(&t.mean),
        ],
        rows: coverage.collect(),
        ..Table::default()
    };
    let mut mix: Vec<Vec<Cell>> = Vec::new();
    for (code, n) in &f.languages {
        let language = Language::from_tag(code).map_or_else(|| c.language(None), |l| c.language(Some(l)));
        mix.push(vec![Cell::text(language).head(), Cell::text(&t.language), share(*n, f.scored)]);
    }
    for (name, n) in &f.channels {
        let channel = t.channels.get(*name).cloned().unwrap_or_else(|| (*name).to_owned());
        mix.push(vec![Cell::text(channel).head(), Cell::text(&t.channel), share(*n, f.scored)]);
    }
    let mix = Table {
        caption: t.mix_caption.clone(),
        head: vec![Column::text(&t.what), Column::text(&t.kind), Column::number(&t.conversations)],
        rows: mix,
        ..Table::default()
    };
    let mut blocks = vec![Block::Figures(figures), Block::Table(coverage)];
    blocks.extend(trust::measured(c));
    blocks.push(Block::Table(mix));
    blocks.extend(read::blocks(c));
    blocks.push(distributions(c));
    Section { id: "night".into(), title: t.night.clone(), says: t.night_says.clone(), blocks }
}

fn distributions(c: &Context<'_>) -> Block {
    let t = c.t;
    let all = c.gathered.tens.iter().enumerate();
    let plots = all.clone().map(|(i, tens)| {
        let n: u64 = tens.iter().sum();
        let mean = c.means[i].map_or("–".into(), |m| c.number(m, 0));
        Plot {
            title: c.title(i),
            says: fill(&t.mean_and_n, &[("mean", &mean), ("n", &c.count(n))]),
            wide: plots::histogram(tens, c.means[i]),
            ..Plot::default()
        }
    });
    let rows = all.clone().map(|(i, tens)| {
        let cells = tens.iter().map(|n| Cell::number(c.count(*n), *n as f64));
        std::iter::once(Cell::text(c.title(i)).head()).chain(cells).collect()
    });
    let tens = (0..10).map(|i| Column::number(format!("{}–{}", i * 10, if i == 9 { 100 } else { i * 10 + 9 })));
    let table = Table {
        caption: t.distribution_caption.clone(),
        head: std::iter::once(Column::text(&t.criterion)).chain(tens).collect(),
        rows: rows.collect(),
        ..Table::default()
    };
    Block::Plots(plots.collect(), t.distribution_says.clone(), Some(table))
}

/// Agents with an overall score, the highest first.
fn ranked<'a>(c: &Context<'a>) -> Vec<&'a AgentRow> {
    let mut rows: Vec<&AgentRow> = c.rows.iter().collect();
    let score = |r: &AgentRow| r.estimates[0].map_or(-1.0, |e| e.shrunken);
    rows.sort_by(|a, b| score(b).total_cmp(&score(a)).then(a.agent_id.cmp(&b.agent_id)));
    rows
}

fn team(c: &Context<'_>) -> Option<Section> {
    let t = c.t;
    let ranked: Vec<&AgentRow> = ranked(c).into_iter().filter(|r| r.estimates[0].is_some()).collect();
    if ranked.is_empty() {
        return None;
    }
    let mut blocks = Vec::new();
    if let Some(funnel) = c.funnels[0] {
        let mut outside = [0_u64; 2];
        let dots: Vec<FunnelDot> = ranked
            .iter()
            .filter_map(|r| {
                let m = &c.team.agents.get(&r.agent_id)?.scores[0];
                let (standing, above) = funnel.standing(m);
                if standing == Standing::Outside998 {
                    outside[usize::from(above)] += 1;
                }
                let (name, _) = c.agent_name(&r.agent_id);
                Some(FunnelDot {
                    title: format!("{name}: {} (n = {})", c.number(m.mean, 0), m.n),
                    href: c.agent_href("", &r.agent_id),
                    name,
                    n: m.effective(),
                    mean: m.mean,
                    standing,
                })
            })
            .collect();
        let line = fill(&t.team_line, &[("mean", &c.number(funnel.target, 0))]);
        let draw = |width| plots::funnel(&dots, &funnel, (&t.axis_n, &line), width);
        let outside = [("below", c.count(outside[0])), ("above", c.count(outside[1]))];
        let outside = fill(&t.funnel_outside, &outside.each_ref().map(|(k, v)| (*k, v.as_str())));
        blocks.push(Block::Plot(Plot {
            title: t.funnel.clone(),
            says: format!("{} {outside}", t.funnel_says),
            wide: draw(Width::Wide),
            narrow: draw(Width::Narrow),
            table: None,
        }));
    }
    let shown: Vec<&AgentRow> = match ranked.len() > ROWS {
        false => ranked.clone(),
        true => ranked[..ROWS / 2].iter().chain(&ranked[ranked.len() - ROWS / 2..]).copied().collect(),
    };
    let intervals: Vec<Interval> = shown
        .iter()
        .filter_map(|r| {
            let e = r.estimates[0].as_ref()?;
            let (name, input) = c.agent_name(&r.agent_id);
            Some(Interval {
                title: format!("{name}: {} ({}), n = {}", c.number(e.shrunken, 0), c.interval(e), e.n),
                href: c.agent_href("", &r.agent_id),
                name,
                input,
                at: e.shrunken,
                ends: e.low.zip(e.high),
                team: None,
            })
        })
        .collect();
    let mut says = t.intervals_says.clone();
    if shown.len() < ranked.len() {
        let half = c.count(ROWS as u64 / 2);
        says =
            format!("{says} {}", fill(&t.intervals_capped, &[("half", &half), ("n", &c.count(ranked.len() as u64))]));
    }
    let draw = |width| plots::intervals(&intervals, c.means[0], &t.axis_score, width);
    blocks.push(Block::Plot(Plot {
        title: t.intervals.clone(),
        says,
        wide: draw(Width::Wide),
        narrow: draw(Width::Narrow),
        table: None,
    }));
    blocks.push(Block::Lines(vec![Text::Link("#agents".into(), t.figures_in_table.clone())]));
    Some(Section { id: "team".into(), title: t.team.clone(), says: t.team_says.clone(), blocks })
}

fn agents(c: &Context<'_>) -> Section {
    let t = c.t;
    let rows = ranked(c).into_iter().map(|r| {
        let (name, input) = c.agent_name(&r.agent_id);
        let mut cells = vec![
            Cell { input, ..Cell::text(name) }.href(c.agent_href("", &r.agent_id)).head(),
            Cell::number(c.count(r.conversations), r.conversations as f64),
        ];
        cells.extend(r.estimates.iter().map(|e| c.score_cell(e.as_ref())));
        cells[2].class = "strong";
        cells.push(Cell::text(c.band(r.bands[0])));
        let m = c.team.agents.get(&r.agent_id).map(|a| &a.scores[0]).filter(|m| m.n > 0);
        cells.push(match c.funnels[0].zip(m) {
            None => Cell { sort: "0".into(), ..Cell::text("–") },
            Some((f, m)) => {
                let text = match f.standing(m) {
                    (Standing::Within, _) => &t.within,
                    (Standing::Outside95, true) => &t.above,
                    (Standing::Outside95, false) => &t.below,
                    (Standing::Outside998, true) => &t.far_above,
                    (Standing::Outside998, false) => &t.far_below,
                };
                Cell { sort: format!("{}", f.z(m)), ..Cell::text(text) }
            }
        });
        cells.push(match r.fatal {
            0 => Cell::number("–", 0.0),
            n => Cell::number(c.count(n), n as f64).class("lost"),
        });
        cells
    });
    let mut head = vec![Column::text(&t.agent), Column::number(&t.conversations)];
    head.extend((0..=criteria::ALL.len()).map(|i| Column::number(c.title(i))));
    head[2].sorted = "descending";
    head.extend([Column::text(&t.band), Column::text(&t.against_team), Column::number(&t.fatal)]);
    let table = Table { caption: t.agents_caption.clone(), sortable: true, stacked: false, head, rows: rows.collect() };
    Section {
        id: "agents".into(),
        title: t.agents.clone(),
        says: fill(&t.agents_says, &[("minimum", &c.count(c.scorecard.minimum_conversations))]),
        blocks: vec![Block::Table(table)],
    }
}

/// What to read first: fatal conversations, then the worst; and a few of the best.
fn first(c: &Context<'_>) -> Option<Section> {
    let t = c.t;
    let pages = || c.gathered.agents.values().map(super::gather::AgentGathered::pages);
    let sure = |p: &Transcript| (p.overall - 50.0) * p.confidence;
    let id = |p: &Transcript| (p.id.clone(), p.agent_id.clone());
    let mut worst: Vec<&Transcript> = pages().flat_map(|[worst, _]| worst).collect();
    worst.retain(|p| !p.fatal.is_empty() || sure(p) < 0.0);
    worst.sort_by(|a, b| {
        a.fatal.is_empty().cmp(&b.fatal.is_empty()).then(sure(a).total_cmp(&sure(b))).then(id(a).cmp(&id(b)))
    });
    let mut best: Vec<&Transcript> = pages().flatten().flatten().collect();
    best.retain(|p| p.fatal.is_empty() && sure(p) > 0.0);
    best.sort_by(|a, b| sure(b).total_cmp(&sure(a)).then(id(a).cmp(&id(b))));
    best.truncate(BEST);
    worst.truncate(WORST);
    let line = |p: &&Transcript| {
        let (name, input) = c.agent_name(&p.agent_id);
        let why = if !p.fatal.is_empty() {
            &t.why_fatal
        } else if sure(p) < 0.0 {
            &t.why_worst
        } else {
            &t.why_best
        };
        vec![
            Cell::input(&p.id).href(c.conversation_href("", &p.id, &p.agent_id)).head(),
            Cell { input, ..Cell::text(name) }.href(c.agent_href("", &p.agent_id)),
            Cell::text(why),
            Cell::text(c.channel(p.channel)),
            Cell::text(c.language(p.language)),
            Cell::number(c.number(p.overall, 0), p.overall).class("strong"),
            Cell::number(c.number(p.confidence, 2), p.confidence),
        ]
    };
    let rows: Vec<_> = worst.iter().chain(&best).map(line).collect();
    if rows.is_empty() {
        return None;
    }
    let paged: u64 = pages().map(|[w, b]| (w.len() + b.len()) as u64).sum();
    let n = fill(&t.pages_written, &[("pages", &c.count(paged)), ("n", &c.count(c.facts.parts))]);
    Some(Section {
        id: "first".into(),
        title: t.read_first.clone(),
        says: format!("{} {n}", pages_say(c)),
        blocks: vec![Block::Table(Table {
            caption: t.first_caption.clone(),
            head: vec![
                Column::text(&t.conversation),
                Column::text(&t.agent),
                Column::text(&t.why),
                Column::text(&t.channel),
                Column::text(&t.language),
                Column::number(&t.score),
                Column::number(&t.confidence),
            ],
            rows,
            ..Table::default()
        })],
    })
}

fn about(c: &Context<'_>) -> Section {
    let (t, f) = (c.t, c.facts);
    let mut lines = vec![Block::Lines(vec![Text::Own(t.about_scores.clone())])];
    if c.settings.pages == 0 {
        lines.push(Block::Lines(vec![Text::Own(t.no_pages.clone())]));
    }
    lines.push(Block::Lines(vec![Text::Own(if f.masked { t.masked.clone() } else { t.not_masked.clone() })]));
    lines.push(Block::Lines(vec![
        Text::Own(t.made_by.clone()),
        Text::Input(format!("Sabyr {}", f.version)),
        Text::Own(format!(" · {} ", t.scorecard)),
        Text::Input(format!("{} {}", f.scorecard, f.scorecard_hash)),
        Text::Own(format!(" · {} ", t.phrases)),
        Text::Input(f.lexicon.clone()),
    ]));
    let mut links = vec![Text::Own(format!("{} ", t.tables))];
    for (i, name) in [
        "conversations.csv",
        "agents.csv",
        "evidence.csv",
        "quarantine.csv",
        "alerts.csv",
        "fairness.csv",
        "columns.md",
        "run.json",
    ]
    .into_iter()
    .enumerate()
    {
        if i > 0 {
            links.push(Text::Own(", ".into()));
        }
        links.push(Text::Link(format!("../{name}"), name.into()));
    }
    lines.push(Block::Lines(links));
    Section { id: "about".into(), title: t.about.clone(), says: String::new(), blocks: lines }
}
