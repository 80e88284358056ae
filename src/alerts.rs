//! What should somebody look at this morning?
//!
//! Fatal moments, agents whose night is out of the ordinary or who drop, and more bad records than usual. Every alert says where to
//! look. Rates of false alarms are held down: trends and changes are adjusted for all agents and criteria of the night.

use std::fmt::Write as _;

use crate::agents::{self, Gathered};
use crate::history::{AgentHistory, History, Signal};
use crate::statistics::DISCOVERY_RATE;

/// Fewest bad records that are more than usual: where there never was any, one is no alarm.
const LEAST_BAD: u64 = 3;

/// How soon it should be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Today.
    High,
    /// This week.
    Medium,
    /// Good to know.
    Low,
}

impl Severity {
    /// All, the most urgent first.
    pub const ALL: [Severity; 3] = [Severity::High, Severity::Medium, Severity::Low];

    /// As in files: `high`, `medium`, `low`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Low => "low",
        }
    }
}

/// Kinds of alerts, as in files.
pub const KINDS: [&str; 6] = ["fatal", "quarantine", "below_limits", "drop", "falling", "above_limits"];

/// Something to look at.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Alert {
    /// One of [`KINDS`].
    pub kind: &'static str,
    /// `high`, `medium` or `low`.
    pub severity: &'static str,
    /// Whom it is about; empty where it is the night or an agent that the input does not name.
    pub agent_id: String,
    /// The measure it is about, such as `overall` or `empathy`; empty where it is about none.
    pub criterion: &'static str,
    /// The conversation to look at; empty where it is about none.
    pub conversation_id: String,
    /// Its turn, counted from 0.
    pub turn: Option<usize>,
    /// The words said, masked.
    pub quote: String,
    /// What is the matter, in a sentence.
    pub text: String,
}

/// The alerts of a night, the most urgent first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alerts {
    /// All that are listed.
    pub list: Vec<Alert>,
    /// Fatal moments that are not, because there are too many.
    pub unlisted: u64,
}

impl Alerts {
    /// The alerts of a night with so many records set aside of all that were read.
    pub fn new(night: &Gathered, history: Option<&History>, (quarantined, read): (u64, u64)) -> Alerts {
        let mut list: Vec<Alert> = night
            .fatal
            .iter()
            .map(|f| Alert {
                conversation_id: f.conversation_id.clone(),
                turn: Some(f.turn),
                quote: f.quote.clone(),
                ..alert("fatal", Severity::High, &f.agent_id, "", format!("{}: the conversation fails", f.item))
            })
            .collect();
        if let Some(history) = history {
            list.extend(bad_records(history, quarantined, read));
            for (id, agent) in &history.agents {
                list.extend(of_agent(id, agent));
            }
        }
        let rank = |a: &Alert| {
            (Severity::ALL.iter().position(|s| s.name() == a.severity), KINDS.iter().position(|k| *k == a.kind))
        };
        // Stable: within a kind in the order of the input and of the agents.
        list.sort_by_key(rank);
        Alerts { list, unlisted: night.fatal_count - night.fatal.len() as u64 }
    }

    /// How many there are of a kind, unlisted ones among them.
    pub fn count(&self, kind: &str) -> u64 {
        let unlisted = if kind == "fatal" { self.unlisted } else { 0 };
        self.list.iter().filter(|a| a.kind == kind).count() as u64 + unlisted
    }
}

fn alert(kind: &'static str, severity: Severity, agent_id: &str, criterion: &'static str, text: String) -> Alert {
    debug_assert!(KINDS.contains(&kind));
    Alert {
        kind,
        severity: severity.name(),
        agent_id: agent_id.to_owned(),
        criterion,
        conversation_id: String::new(),
        turn: None,
        quote: String::new(),
        text,
    }
}

fn bad_records(history: &History, quarantined: u64, read: u64) -> Option<Alert> {
    let usual = history.quarantined.as_ref().ok()?;
    let share = quarantined as f64 / read.max(1) as f64;
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    (share > usual.limit && quarantined >= LEAST_BAD).then(|| {
        let text = format!(
            "{quarantined} of {read} records were quarantined ({}); usual are {}, and up to {} is chance; see quarantine.csv",
            percent(share),
            percent(usual.usual),
            percent(usual.limit)
        );
        alert("quarantine", Severity::High, "", "", text)
    })
}

fn of_agent<'a>(id: &'a str, agent: &'a AgentHistory) -> impl Iterator<Item = Alert> + 'a {
    agents::measures().zip(&agent.measures).flat_map(move |((name, _), series)| {
        let mut out = Vec::new();
        let Some(series) = series else { return out };
        let tonight = series.chart.as_ref().ok().and_then(|c| Some((c.points.last()?, c.centre)));
        if let Some((p, centre)) = tonight
            && let Some(signal) = p.signal
        {
            let (kind, severity) = match signal {
                Signal::Below | Signal::RunBelow => ("below_limits", Severity::Medium),
                Signal::Above | Signal::RunAbove => ("above_limits", Severity::Low),
            };
            let text = match signal {
                Signal::Below | Signal::Above => format!(
                    "mean {:.1} of {} conversations; the usual {centre:.1} varies from {:.1} to {:.1}",
                    p.mean, p.n, p.low, p.high
                ),
                Signal::RunBelow => {
                    format!("mean {:.1}: nine nights in a row or more below the usual {centre:.1}", p.mean)
                }
                Signal::RunAbove => {
                    format!("mean {:.1}: nine nights in a row or more above the usual {centre:.1}", p.mean)
                }
            };
            out.push(alert(kind, severity, id, name, text));
        }
        if let Some(change) = series.change
            && let (Some(told), Some(q)) = (change.told, change.q)
            && told.high < 0.0
            && q <= DISCOVERY_RATE
        {
            let text = format!(
                "{:.1} points lower than on {} (95 % interval {:+.1} to {:+.1})",
                -change.difference, change.since, told.low, told.high
            );
            out.push(alert("drop", Severity::Medium, id, name, text));
        }
        if let Ok(trend) = series.trend
            && trend.slope < 0.0
            && trend.q <= DISCOVERY_RATE
        {
            let mut text = format!("falls by {:.1} points a week over {} nights", -trend.slope, trend.nights);
            if let (Some(low), Some(high)) = (trend.low, trend.high) {
                let _ = write!(text, " (95 % interval {low:+.1} to {high:+.1})");
            }
            out.push(alert("falling", Severity::Medium, id, name, text));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::FatalMoment;
    use crate::history::{Figure, Night, Ruler};

    fn night(day: i8, means: &[(&str, f64)], quarantined: u64) -> Night {
        let figure = |mean| Figure {
            n: 30,
            effective: 30.0,
            mean,
            deviations: 29.0 * 64.0,
            shrunken: mean,
            low: None,
            high: None,
        };
        Night {
            date: jiff::civil::date(2026, 11, day),
            ruler: Ruler::default(),
            read: 1000,
            quarantined,
            agents: means.iter().map(|(a, m)| ((*a).to_owned(), vec![Some(figure(*m))])).collect(),
        }
    }

    #[test]
    fn what_drops_is_alerted_and_what_stays_is_not() {
        let past: Vec<Night> = (1..=12).map(|d| night(d, &[("ana", 80.0), ("ben", 70.0)], 10)).collect();
        let tonight = night(13, &[("ana", 60.0), ("ben", 70.5)], 90);
        let history = History::new(&past, &tonight, false);
        let alerts = Alerts::new(&Gathered::default(), Some(&history), (90, 1000));
        let found: Vec<_> = alerts.list.iter().map(|a| (a.kind, a.severity, a.agent_id.as_str())).collect();
        assert_eq!(
            found,
            [("quarantine", "high", ""), ("below_limits", "medium", "ana"), ("drop", "medium", "ana")],
            "{alerts:?}"
        );
        assert!(alerts.list[2].text.starts_with("20.0 points lower than on 2026-11-06"), "{}", alerts.list[2].text);
        let clean: Vec<Night> = (1..=12).map(|d| night(d, &[("ana", 80.0)], 0)).collect();
        let spotless = History::new(&clean, &night(13, &[("ana", 80.0)], 0), false);
        let bad = |n| Alerts::new(&Gathered::default(), Some(&spotless), (n, 1000)).count("quarantine");
        assert_eq!((bad(1), bad(3)), (0, 1));
        let usual = Alerts::new(&Gathered::default(), Some(&history), (11, 1000));
        assert_eq!((usual.count("quarantine"), usual.count("drop")), (0, 1));
    }

    #[test]
    fn a_steady_fall_is_told_before_a_limit_is_met() {
        let mean = |d: i8| 80.0 - 0.4 * f64::from(d) + if d % 2 == 0 { 0.1 } else { -0.1 };
        let past: Vec<Night> = (1..=13).map(|d| night(d, &[("ana", mean(d))], 0)).collect();
        let history = History::new(&past, &night(14, &[("ana", mean(14))], 0), false);
        let alerts = Alerts::new(&Gathered::default(), Some(&history), (0, 1000));
        assert_eq!(alerts.list.iter().map(|a| a.kind).collect::<Vec<_>>(), ["falling"], "{alerts:?}");
    }

    #[test]
    fn fatal_moments_are_quoted_and_those_past_the_limit_counted() {
        let moment = FatalMoment {
            conversation_id: "c1".into(),
            agent_id: "ana".into(),
            item: "insult",
            turn: 3,
            quote: "You idiot.".into(),
        };
        let night = Gathered { fatal: vec![moment], fatal_count: 5, ..Gathered::default() };
        let alerts = Alerts::new(&night, None, (0, 10));
        let a = &alerts.list[0];
        assert_eq!(
            (a.kind, a.conversation_id.as_str(), a.turn, a.quote.as_str()),
            ("fatal", "c1", Some(3), "You idiot.")
        );
        assert_eq!((alerts.unlisted, alerts.count("fatal"), alerts.count("drop")), (4, 5, 0));
    }
}
