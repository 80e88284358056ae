//! What a page of an agent says beside the scores of the night: like cases, habits, and the nights before. Markdown.

use std::fmt::Write as _;

use super::agent_page::escape;
use super::night::NightReport;
use crate::agents::{self, AgentRow};
use crate::fairness::{FairnessRow, Habit};
use crate::history::{AgentHistory, History, Series};

/// The sections of one agent; empty where there is nothing to say.
pub fn sections(night: &NightReport, row: &AgentRow) -> String {
    let mut out = String::new();
    let fairness: Vec<&FairnessRow> = night.fairness.iter().filter(|f| f.agent_id == row.agent_id).collect();
    like_cases(&mut out, &fairness);
    habits(&mut out, row);
    if let Some(history) = &night.history
        && let Some(agent) = history.agents.get(&row.agent_id)
    {
        trend(&mut out, history, agent);
    }
    out
}

fn title(measure: usize) -> &'static str {
    agents::measures().nth(measure).map_or("", |m| m.1)
}

fn like_cases(out: &mut String, rows: &[&FairnessRow]) {
    // Without other agents, or with too few conversations, there is nothing to compare.
    if !rows.iter().any(|r| r.p.is_some()) {
        return;
    }
    out.push_str(
        "\n## On like cases\n\n| | mean | on like cases | 95 % interval | team | |\n|---|--:|--:|:-:|--:|---|\n",
    );
    for r in rows {
        let interval = match (r.low, r.high) {
            (Some(low), Some(high)) => format!("{low:.0} to {high:.0}"),
            _ => "not enough to tell".into(),
        };
        let (team, flag) = (r.adjusted - r.difference, r.flag);
        let flag = if matches!(flag, "below" | "above") { format!("**{flag} the team**") } else { flag.into() };
        let _ = writeln!(
            out,
            "| {} | {:.0} | {:.0} | {interval} | {team:.0} | {flag} |",
            title(r.measure),
            r.raw,
            r.adjusted
        );
    }
    out.push_str(
        "\nOn like cases: as if language, channel, queue and how upset the customers came were those of the whole team.\n",
    );
}

fn habits(out: &mut String, row: &AgentRow) {
    let mut say = |what: &str, h: &Habit| {
        if h.flagged == Some(true) {
            let _ = writeln!(
                out,
                "\n**{what}** in at least {:.0} % of {} conversations: “{}”",
                100.0 * h.share.unwrap_or(0.0),
                h.conversations,
                escape(&h.sentence)
            );
        }
    };
    say("The same words of empathy", &row.habits.empathy);
    if row.habits.sentence.sentence != row.habits.empathy.sentence {
        say("The same sentence", &row.habits.sentence);
    }
    let l = &row.habits.languages;
    if l.followed < l.known {
        let _ = writeln!(
            out,
            "\nThe customer's language was followed in {} of {} conversations; the agent switched first in {}, asked the customer to switch in {}.",
            l.followed, l.known, l.agent_switched, l.asked
        );
    }
}

fn trend(out: &mut String, history: &History, agent: &AgentHistory) {
    out.push_str("\n## Trend\n\n");
    let others = history.nights.len() - history.comparable();
    let _ = match history.comparable() {
        1 => writeln!(out, "{}: no night before can be compared.", history.date),
        n => writeln!(
            out,
            "{}: compared with {} before.",
            history.date,
            if n == 2 { "one night".into() } else { format!("{} nights", n - 1) }
        ),
    };
    if others > 0 {
        let _ = writeln!(out, "\nLeft out, because other phrases or another scorecard scored them: {others}.");
    }
    for b in &history.breaks {
        let _ = writeln!(out, "\n{b}.");
    }
    if agent.first_seen {
        out.push_str("\nFirst seen tonight.\n");
    }
    out.push_str("\n| | tonight | usual | limits | trend a week | since a week ago |\n|---|--:|--:|:-:|--:|--:|\n");
    for (measure, series) in agent.measures.iter().enumerate() {
        if let Some(series) = series {
            line(out, title(measure), series);
        }
    }
    out.push_str(
        "\nUsual and limits are those of a control chart of the nights before, with room for the number of conversations; the trend is the median \
         slope between nights with its 95 % interval, bold where it is more than chance.\n",
    );
}

fn line(out: &mut String, title: &str, series: &Series) {
    let tonight = series.points.last().map_or(0.0, |p| p.1.mean);
    let (usual, limits) = match &series.chart {
        Err(few) => ("–".to_owned(), few.to_string()),
        Ok(chart) => chart.points.last().map_or_else(Default::default, |p| {
            let signal = p.signal.map_or(String::new(), |s| format!(" **{}**", s.name().replace('_', " ")));
            (format!("{:.0}", chart.centre), format!("{:.0} to {:.0}{signal}", p.low, p.high))
        }),
    };
    let ranged = |value: f64, ends: Option<(f64, f64)>, sure: bool| {
        let text = match ends {
            Some((low, high)) => format!("{value:+.1} ({low:+.1} to {high:+.1})"),
            None => format!("{value:+.1}"),
        };
        if sure { format!("**{text}**") } else { text }
    };
    let rate = crate::statistics::DISCOVERY_RATE;
    let slope = match &series.trend {
        Ok(t) => ranged(t.slope, t.low.zip(t.high), t.q <= rate),
        Err(few) => few.to_string(),
    };
    let change = match &series.change {
        Some(c) => ranged(c.difference, c.told.map(|t| (t.low, t.high)), c.q.is_some_and(|q| q <= rate)),
        None => "–".to_owned(),
    };
    let _ = writeln!(out, "| {title} | {tonight:.0} | {usual} | {limits} | {slope} | {change} |");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Figure, Night, Ruler};

    #[test]
    fn a_falling_agent_is_shown_as_such() {
        let night = |d: i8, mean| {
            let figure =
                Figure { n: 30, effective: 30.0, mean, deviations: 29.0 * 64.0, shrunken: mean, low: None, high: None };
            Night {
                date: jiff::civil::date(2026, 11, d),
                ruler: Ruler { lexicon: if d < 3 { "old".into() } else { "new".into() }, ..Ruler::default() },
                read: 100,
                quarantined: 0,
                agents: [("ana".to_owned(), vec![Some(figure)])].into(),
            }
        };
        let past: Vec<Night> = (1..=13).map(|d| night(d, 80.0 - f64::from(d))).collect();
        let history = History::new(&past, &night(14, 40.0), false);
        let mut out = String::new();
        trend(&mut out, &history, &history.agents["ana"]);
        assert!(
            out.contains("2026-11-14: compared with 11 nights before.\n\nLeft out, because other phrases or another scorecard scored them: 2.\n"),
            "{out}"
        );
        assert!(out.contains("\n2026-11-03: other phrases than the night before.\n"), "{out}");
        assert!(
            out.contains("| Overall | 40 | 72 |") && out.contains("**below**") && out.contains("**-7.0 ("),
            "{out}"
        );
        let first = History::new(&[], &night(1, 70.0), false);
        let mut out = String::new();
        trend(&mut out, &first, &first.agents["ana"]);
        assert!(
            out.contains("| Overall | 70 | – | not enough nights: 1 of 9 | not enough nights: 1 of 7 | – |"),
            "{out}"
        );
    }
}
