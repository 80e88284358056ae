//! The nights before: control charts, trends, and what changed since a week ago, of an agent and of the team.

use super::context::Context;
use super::model::{Block, Cell, Column, Plot, Section, Table, Text};
use super::plots::{self, NightDot, Width};
use super::texts::fill;
use crate::history::{AgentHistory, ControlChart, History, Series, Signal, TooFew};
use crate::statistics::DISCOVERY_RATE;

/// The team's section; `None` without a history.
pub(super) fn of_team(c: &Context<'_>) -> Option<Section> {
    let history = c.night.history.as_ref()?;
    Some(section(c, history, &history.team, ("team-history", &c.t.team_history)))
}

/// An agent's section; `None` without a history.
pub(super) fn of_agent(c: &Context<'_>, agent_id: &str) -> Option<Section> {
    let history = c.night.history.as_ref()?;
    Some(section(c, history, history.agents.get(agent_id)?, ("history", &c.t.history)))
}

fn section(c: &Context<'_>, history: &History, of: &AgentHistory, (id, title): (&str, &str)) -> Section {
    let t = c.t;
    let mut blocks = vec![Block::Lines(vec![Text::Own(compared(c, history))])];
    if of.first_seen {
        blocks.push(Block::Notice(t.first_seen.clone()));
    }
    let measured = || of.measures.iter().enumerate().filter_map(|(m, s)| Some((m, s.as_ref()?)));
    for (m, series) in measured() {
        if let Some(says) = signal_says(c, series) {
            blocks.push(Block::Notice(format!("{}: {says}", c.title(m))));
        }
    }
    blocks.push(Block::Table(Table {
        caption: t.history_caption.clone(),
        stacked: true,
        head: vec![
            Column::text(&t.criterion),
            Column::number(&t.tonight),
            Column::number(&t.usual),
            Column::number(&t.limits),
            Column::number(&t.trend_week),
            Column::number(&t.week_ago),
        ],
        rows: measured().map(|(m, s)| row(c, m, s)).collect(),
        ..Table::default()
    }));
    let charts: Vec<(usize, &ControlChart)> =
        measured().filter_map(|(m, s)| Some((m, s.chart.as_ref().ok()?))).collect();
    blocks.extend(drawn(c, history, &charts));
    Section { id: id.into(), title: title.into(), says: t.history_says.clone(), blocks }
}

/// With how many nights tonight is compared, which are left out, and where the ruler changed.
fn compared(c: &Context<'_>, history: &History) -> String {
    let t = c.t;
    let date = history.date.to_string();
    let before = history.comparable().saturating_sub(1);
    let mut says = vec![match before {
        0 => fill(&t.history_first, &[("date", &date)]),
        n => fill(&t.history_compared, &[("date", &date), ("n", &c.count(n as u64))]),
    }];
    let others = history.nights.len() - history.comparable();
    if others > 0 {
        says.push(fill(&t.history_left_out, &[("n", &c.count(others as u64))]));
    }
    says.extend(history.breaks.iter().map(|b| {
        let text = match (b.lexicon, b.scorecard) {
            (true, true) => &t.break_both,
            (true, false) => &t.break_phrases,
            _ => &t.break_scorecard,
        };
        fill(text, &[("date", &b.date.to_string())])
    }));
    says.join(" ")
}

fn row(c: &Context<'_>, measure: usize, s: &Series) -> Vec<Cell> {
    let t = c.t;
    let few = |f: &TooFew| {
        let (n, needed) = (c.count(f.nights as u64), c.count(f.needed as u64));
        Cell { number: true, ..Cell::text("–") }.below(fill(&t.few_nights, &[("n", &n), ("needed", &needed)]))
    };
    let ends = |low: f64, high: f64| fill(&t.from_to, &[("low", &c.points(low)), ("high", &c.points(high))]);
    let n_is = |n: u64| fill(&t.n_is, &[("n", &c.count(n))]);
    let tonight = s.points.last().map_or_else(Cell::default, |(_, f, _)| {
        Cell::number(c.number(f.mean, 0), f.mean).below(n_is(f.n)).class("strong")
    });
    let (usual, limits) = match &s.chart {
        Err(f) => (Cell { number: true, ..Cell::text("–") }, few(f)),
        Ok(chart) => (
            Cell::number(c.number(chart.centre, 0), chart.centre),
            chart.points.last().map_or_else(Cell::default, |p| {
                let text = format!("{}–{}", c.number(p.low, 0), c.number(p.high, 0));
                let within = Cell::number(text, p.low);
                match p.signal {
                    Some(signal) => within.below(signal_name(c, signal)).class(colour(signal)),
                    None => within.below(&t.within),
                }
            }),
        ),
    };
    let trend = match &s.trend {
        Err(f) => few(f),
        Ok(trend) => {
            let sure = trend.q <= DISCOVERY_RATE;
            let word = direction(trend.slope, sure, [&t.falls, &t.may_be_chance, &t.rises]);
            let below = match trend.low.zip(trend.high) {
                Some((low, high)) => format!("{}; {word}", ends(low, high)),
                None => word.to_owned(),
            };
            sign(Cell::number(c.points(trend.slope), trend.slope).below(below), trend.slope, sure)
        }
    };
    let change = match &s.change {
        None => Cell { number: true, ..Cell::text("–") }.below(&t.no_week_ago),
        Some(change) => {
            let sure = change.q.is_some_and(|q| q <= DISCOVERY_RATE);
            let below = match change.told {
                Some(told) => {
                    let word = direction(change.difference, sure, [&t.lower, &t.may_be_chance, &t.higher]);
                    format!("{}; {word}", ends(told.low, told.high))
                }
                None => t.no_interval.clone(),
            };
            sign(Cell::number(c.points(change.difference), change.difference).below(below), change.difference, sure)
        }
    };
    vec![Cell::text(c.title(measure)).head(), tonight, usual, limits, trend, change]
}

fn direction(x: f64, sure: bool, [down, chance, up]: [&String; 3]) -> &str {
    match (sure, x < 0.0) {
        (false, _) => chance,
        (true, true) => down,
        (true, false) => up,
    }
}

fn sign(cell: Cell, x: f64, sure: bool) -> Cell {
    cell.class(match (sure, x < 0.0) {
        (false, _) => "",
        (true, true) => "lost",
        (true, false) => "won",
    })
}

fn colour(signal: Signal) -> &'static str {
    match signal {
        Signal::Below | Signal::RunBelow => "lost",
        Signal::Above | Signal::RunAbove => "won",
    }
}

fn signal_name(c: &Context<'_>, signal: Signal) -> String {
    c.t.signals.get(signal.name()).cloned().unwrap_or_else(|| signal.name().replace('_', " "))
}

/// The charts: overall large, criteria small, with the nights behind them.
fn drawn(c: &Context<'_>, history: &History, charts: &[(usize, &ControlChart)]) -> Vec<Block> {
    let t = c.t;
    let Some(first) = charts.iter().filter_map(|(_, chart)| chart.points.first()).map(|p| p.date).min() else {
        return Vec::new();
    };
    let days = |date: jiff::civil::Date| {
        let midnight = jiff::civil::Time::midnight();
        date.to_datetime(midnight).duration_since(first.to_datetime(midnight)).as_hours() as f64 / 24.0
    };
    let name = |day: f64| {
        if (day - day.round()).abs() > 1e-9 {
            return String::new();
        }
        let at = first.saturating_add(jiff::SignedDuration::from_hours(24 * day.round() as i64));
        at.strftime("%d.%m").to_string()
    };
    let draw = |chart: &ControlChart, width| {
        let dot = |p: &crate::history::ControlPoint| NightDot {
            day: days(p.date),
            mean: p.mean,
            limits: (p.low, p.high),
            flagged: p.signal.is_some(),
            title: format!("{}: {} (n = {})", p.date, c.number(p.mean, 0), p.n),
        };
        let dots: Vec<NightDot> = chart.points.iter().map(dot).collect();
        plots::control(&dots, chart.centre, &name, &t.axis_night, width)
    };
    let says = |chart: &ControlChart| {
        chart.points.last().and_then(|p| p.signal).map_or_else(|| t.within.clone(), |signal| signal_name(c, signal))
    };
    let mut blocks = Vec::new();
    let (overall, criteria): (Vec<_>, Vec<_>) = charts.iter().partition(|(m, _)| *m == 0);
    for (m, chart) in overall {
        blocks.push(Block::Plot(Plot {
            title: format!("{}: {}", t.control, c.title(m)),
            says: t.control_says.clone(),
            wide: draw(chart, Width::Wide),
            narrow: draw(chart, Width::Narrow),
            table: None,
        }));
    }
    let plots = criteria.iter().map(|(m, chart)| Plot {
        title: c.title(*m),
        says: says(chart),
        wide: draw(chart, Width::Small),
        ..Plot::default()
    });
    blocks.push(Block::Plots(plots.collect(), String::new(), Some(nights(c, history, charts))));
    blocks
}

/// A row a night, a column a score.
fn nights(c: &Context<'_>, history: &History, charts: &[(usize, &ControlChart)]) -> Table {
    let t = c.t;
    let rows = history.nights.iter().rev().filter(|n| n.1).map(|(date, _)| {
        let cells = charts.iter().map(|(_, chart)| {
            let Some(p) = chart.points.iter().find(|p| p.date == *date) else {
                return Cell { number: true, ..Cell::text("–") };
            };
            let cell = Cell::number(c.number(p.mean, 0), p.mean);
            match p.signal {
                Some(signal) => cell.below(signal_name(c, signal)).class(colour(signal)),
                None => cell.below(format!("{}–{}", c.number(p.low, 0), c.number(p.high, 0))),
            }
        });
        std::iter::once(Cell::text(date.to_string()).head()).chain(cells).collect()
    });
    Table {
        caption: t.nights_caption.clone(),
        head: std::iter::once(Column::text(&t.axis_night))
            .chain(charts.iter().map(|(m, _)| Column::number(c.title(*m))))
            .collect(),
        rows: rows.collect(),
        ..Table::default()
    }
}

/// How tonight is out of the ordinary; `None` where it is not.
pub(super) fn signal_says(c: &Context<'_>, s: &Series) -> Option<String> {
    let chart = s.chart.as_ref().ok()?;
    let p = chart.points.last()?;
    let figures = [
        ("mean", c.number(p.mean, 1)),
        ("n", c.count(p.n)),
        ("centre", c.number(chart.centre, 1)),
        ("low", c.number(p.low, 1)),
        ("high", c.number(p.high, 1)),
    ];
    let text = match p.signal? {
        Signal::Below | Signal::Above => &c.t.signal_beyond,
        Signal::RunBelow | Signal::RunAbove => &c.t.signal_run,
    };
    Some(fill(text, &figures.each_ref().map(|(k, v)| (*k, v.as_str()))))
}

/// How much lower it is than a week ago.
pub(super) fn drop_says(c: &Context<'_>, s: &Series) -> Option<String> {
    let change = s.change?;
    let points = c.number(-change.difference, 1);
    let says = fill(&c.t.alert_drop, &[("points", &points), ("since", &change.since.to_string())]);
    Some(with_interval(c, says, change.told.map(|t| (t.low, t.high))))
}

/// How much it falls a week.
pub(super) fn falling_says(c: &Context<'_>, s: &Series) -> Option<String> {
    let trend = s.trend.ok()?;
    let (points, nights) = (c.number(-trend.slope, 1), c.count(trend.nights as u64));
    let says = fill(&c.t.alert_falling, &[("points", &points), ("nights", &nights)]);
    Some(with_interval(c, says, trend.low.zip(trend.high)))
}

fn with_interval(c: &Context<'_>, text: String, ends: Option<(f64, f64)>) -> String {
    match ends {
        Some((low, high)) => {
            fill(&c.t.with_interval, &[("text", &text), ("low", &c.points(low)), ("high", &c.points(high))])
        }
        None => text,
    }
}
