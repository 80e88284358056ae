//! The night in one JSON object, for scripts.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::night::NightReport;
use super::run_folder::RunFacts;
use crate::agents;
use crate::alerts::{Alert, KINDS};

/// Alerts that are listed; `alerts.csv` has all.
const LISTED: usize = 100;

/// A mean and what it rests on.
#[derive(Debug, Serialize)]
struct Mean {
    mean: f64,
    n: u64,
}

/// Alerts of the night.
#[derive(Debug, Serialize)]
struct Alerts<'n> {
    count: u64,
    by_kind: BTreeMap<&'static str, u64>,
    /// The most urgent ones.
    list: &'n [Alert],
}

/// What the nights before say.
#[derive(Debug, Serialize)]
struct Past {
    nights: usize,
    comparable: usize,
    breaks: Vec<String>,
    incomplete: Vec<String>,
    first_seen: Vec<String>,
}

/// What the night comes to.
#[derive(Debug, Serialize)]
struct Summary<'n> {
    exit_code: u8,
    out: String,
    /// Mean of each measure over all agents.
    means: BTreeMap<&'static str, f64>,
    means_by_language: BTreeMap<&'static str, BTreeMap<&'static str, Mean>>,
    alerts: Alerts<'n>,
    history: Option<Past>,
    /// As in `run.json`.
    run: &'n RunFacts,
}

/// The summary of a night that ended with this exit code, as JSON with a line end.
pub fn json(facts: &RunFacts, night: &NightReport, out: &Path, exit_code: u8) -> String {
    let round = |x: f64| (x * 1000.0).round() / 1000.0;
    let names: Vec<&str> = agents::measures().map(|m| m.0).collect();
    let mut means_by_language: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for ((measure, language), m) in &night.by_language {
        if let Some(name) = names.get(*measure) {
            means_by_language.entry(*name).or_default().insert(*language, Mean { mean: round(m.mean), n: m.n });
        }
    }
    let list = &night.alerts.list;
    let summary = Summary {
        exit_code,
        out: out.display().to_string(),
        means: names.iter().zip(&night.means).filter_map(|(n, m)| Some((*n, round((*m)?)))).collect(),
        means_by_language,
        alerts: Alerts {
            count: list.len() as u64 + night.alerts.unlisted,
            by_kind: KINDS.iter().map(|k| (*k, night.alerts.count(k))).collect(),
            list: &list[..list.len().min(LISTED)],
        },
        history: night.history.as_ref().map(|h| Past {
            nights: h.nights.len(),
            comparable: h.comparable(),
            breaks: h.breaks.iter().map(ToString::to_string).collect(),
            incomplete: night.incomplete.iter().map(ToString::to_string).collect(),
            first_seen: h.agents.iter().filter(|a| a.1.first_seen).map(|a| a.0.clone()).collect(),
        }),
        run: facts,
    };
    serde_json::to_string_pretty(&summary).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_json_with_what_a_script_asks_for() {
        let facts = RunFacts { read: 10, scored: 9, quarantined: 1, ..RunFacts::default() };
        let mut moments = agents::Moments::default();
        moments.add(50.0, 1.0);
        let night = NightReport {
            means: vec![Some(50.0), None],
            by_language: vec![((0, "en"), moments)],
            ..NightReport::default()
        };
        let text = json(&facts, &night, Path::new("night"), 1);
        let v: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&v["exit_code"], &v["run"]["quarantined"], &v["out"]), (&1.into(), &1.into(), &"night".into()));
        assert_eq!(v["means"]["overall"], 50.0);
        assert_eq!(v["means_by_language"]["overall"]["en"]["n"], 1);
        assert_eq!((&v["alerts"]["count"], &v["alerts"]["by_kind"]["fatal"]), (&0.into(), &0.into()));
        assert!(v["history"].is_null());
    }
}
