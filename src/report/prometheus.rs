//! The night as metrics for the textfile collector of Prometheus' node exporter (text exposition format).
//!
//! No timestamps: the collector takes none, and tells a file's age by itself (`node_textfile_mtime_seconds`).

use std::fmt::Write as _;

use super::night::NightReport;
use super::run_folder::RunFacts;
use crate::agents;
use crate::alerts::{KINDS, Severity};
use crate::model::Reason;

/// The metrics of a night that ended with this exit code.
pub fn metrics(facts: &RunFacts, night: &NightReport, exit_code: u8) -> String {
    let mut out = String::new();
    let mut metric = |name: &str, help: &str, values: &[(String, f64)]| {
        let _ = writeln!(out, "# HELP sabyr_{name} {help}\n# TYPE sabyr_{name} gauge");
        for (labels, value) in values {
            let _ = writeln!(out, "sabyr_{name}{labels} {value}");
        }
    };
    let plain = |value: f64| [(String::new(), value)];
    metric("conversations_read", "Records read in the last run.", &plain(facts.read as f64));
    metric("conversations_scored", "Conversations scored in the last run.", &plain(facts.scored as f64));
    let quarantined = Reason::KINDS
        .map(|kind| (labels(&[("kind", kind)]), facts.quarantined_by_kind.get(kind).copied().unwrap_or(0) as f64));
    metric("conversations_quarantined", "Records set aside in the last run, by kind of reason.", &quarantined);
    metric("run_seconds", "Seconds that the last run took.", &plain(facts.seconds));
    metric("agents", "Agents in the last run.", &plain(facts.agents as f64));
    let names: Vec<&str> = agents::measures().map(|m| m.0).collect();
    let by_language = |of: fn(&agents::Moments) -> f64| -> Vec<(String, f64)> {
        let cell = |((measure, language), m): &((usize, &str), agents::Moments)| {
            Some((labels(&[("criterion", names.get(*measure)?), ("language", language)]), of(m)))
        };
        night.by_language.iter().filter_map(cell).collect()
    };
    let mean = |m: &agents::Moments| (m.mean * 1000.0).round() / 1000.0;
    metric("score_mean", "Mean score, 0 to 100, by criterion and language.", &by_language(mean));
    metric("scored_parts", "Scored parts of conversations, by criterion and language.", &by_language(|m| m.n as f64));
    let alerts = KINDS.map(|kind| (labels(&[("kind", kind)]), night.alerts.count(kind) as f64));
    metric("alerts", "Alerts of the last run, by kind.", &alerts);
    let severe = Severity::ALL.map(|s| {
        let listed = night.alerts.list.iter().filter(|a| a.severity == s.name()).count() as u64;
        let unlisted = if s == Severity::High { night.alerts.unlisted } else { 0 };
        (labels(&[("severity", s.name())]), (listed + unlisted) as f64)
    });
    metric("alerts_by_severity", "Alerts of the last run, by severity.", &severe);
    metric(
        "exit_code",
        "Exit code of the last run that wrote its folder: 0, or 1 past the quarantine limit.",
        &plain(exit_code.into()),
    );
    let date = facts.date.as_deref().unwrap_or_default();
    let info = labels(&[
        ("date", date),
        ("lexicon", &facts.lexicon),
        ("scorecard", &facts.scorecard_hash),
        ("version", facts.version),
    ]);
    metric("run_info", "What made the last run.", &[(info, 1.0)]);
    out
}

/// Labels as the format wants them: backslash, quote and line end are escaped.
fn labels(pairs: &[(&str, &str)]) -> String {
    let escaped = |v: &str| v.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}=\"{}\"", escaped(v))).collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_metric_of_the_format() {
        let mut facts =
            RunFacts { read: 10, scored: 9, version: "0", date: Some("2026-11-20".into()), ..RunFacts::default() };
        facts.quarantined_by_kind.insert("syntax", 1);
        let mut moments = agents::Moments::default();
        moments.add(61.23456, 1.0);
        let night = NightReport { by_language: vec![((1, "kk"), moments)], ..NightReport::default() };
        let text = metrics(&facts, &night, 1);
        assert!(text.ends_with('\n'));
        for wanted in [
            "sabyr_conversations_read 10",
            "sabyr_conversations_quarantined{kind=\"syntax\"} 1",
            "sabyr_conversations_quarantined{kind=\"empty\"} 0",
            "sabyr_score_mean{criterion=\"patience\",language=\"kk\"} 61.235",
            "sabyr_alerts{kind=\"fatal\"} 0",
            "sabyr_exit_code 1",
        ] {
            assert!(text.lines().any(|l| l == wanted), "{wanted} is not in\n{text}");
        }
        let mut declared = None;
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                declared = rest.split(' ').next();
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').unwrap();
                assert_eq!(series.split('{').next(), declared, "{line}");
                assert!(value.parse::<f64>().unwrap().is_finite(), "{line}");
            }
        }
    }

    #[test]
    fn labels_are_escaped() {
        assert_eq!(labels(&[("a", "x\\y\"z\n")]), "{a=\"x\\\\y\\\"z\\n\"}");
    }
}
