//! `sabyr calibrate`: scores held against reviewers' marks.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Parser;
use sabyr::agreement::calibration::{Agreement, Calibration, FEW, FEWEST, Figure, OfCriterion};
use sabyr::agreement::marks::Marks;
use sabyr::agreement::trust::Trust;
use sabyr::ingest::formats::sheet::HandSheet;
use sabyr::runs::{PointRow, calibrate, title};

use super::{Failure, clean, say};

/// Hold the scores of a run against people's marks, and say how far each criterion may be trusted
#[derive(Parser)]
#[command(
    after_help = "Marks are tables as `sabyr sample` writes them, filled in; or with the columns conversation_id, agent_id, reviewer, criterion, mark.
A mark is 0 to 100, needs work, good, excellent, or not applicable.

What comes out, for each criterion, with 95 % intervals (bootstrap, whole conversations drawn 2000 times):
  percent     pairs of score and mark in the same band
  kappa       Cohen's, unweighted, with linear and with quadratic weights
  AC1, AC2    Gwet's, which hold where nearly all is in one band
  alpha       Krippendorff's: nominal, ordinal, interval
  difference  score minus mark, where marks are numbers, and their correlations
the same by language and channel, between reviewers where two marked the same, and the worst disagreements with quotes.

The label of a criterion (kappa with linear weights; of randomly drawn conversations where they suffice):
  agrees with reviewers as well as they agree with each other: at most 0.10 below the reviewers' own kappa (30 pairs of theirs at
    least), and the whole interval above 0.40
  substantial: 0.60 or more, the whole interval above 0.40
  moderate: 0.40 or more, the whole interval above 0.20
  do not use alone: less
Fewer than 30 marks of a criterion give no label. The labels go to trust.json in the run folder; `sabyr score --trust trust.json`
prints them in later reports.

Examples:
  sabyr calibrate night rita.csv olga.csv
  sabyr calibrate night marks.csv --out trust.json --details agreement.json"
)]
pub(crate) struct Args {
    /// Folder that `sabyr score` wrote
    run: PathBuf,
    /// Tables of marks
    #[arg(required = true)]
    marks: Vec<PathBuf>,
    /// Where the labels are written; trust.json in the run folder when absent
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write every figure as JSON
    #[arg(long, value_name = "FILE")]
    details: Option<PathBuf>,
    /// Seed of the intervals and of the halves that thresholds are fitted and tested on
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// Reads a `trust.json`.
pub(super) fn read_trust(path: &Path) -> Result<Trust, Failure> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {}", path.display()))
        .map_err(Failure::Use)?;
    Trust::parse(&text).with_context(|| path.display().to_string()).map_err(Failure::Use)
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let run = super::open_run(&args.run)?;
    let mut marks = Marks::default();
    for path in &args.marks {
        let sheet = HandSheet::read(path).map_err(Failure::usage)?;
        marks.add(&sheet, &run.criteria).map_err(Failure::usage)?;
    }
    let joined = calibrate::join(&run, marks)?;
    super::say_rejected(false, &joined.rejected);
    let found = Calibration::new(&run.criteria, &joined.units, run.thresholds()?, args.seed);
    let most = found.criteria.iter().map(|c| c.marks).max().unwrap_or(0);
    if most < FEWEST {
        return Err(Failure::usage(anyhow!(
            "no criterion has more than {most} marks that can be used, and fewer than {FEWEST} tell nothing; mark more conversations (`sabyr sample` draws them)"
        )));
    }
    let quotes = calibrate::quotes(&run, &found)?;
    let trust =
        Trust::new(&found, &run.facts.lexicon, &run.facts.scorecard_hash, joined.dates.iter().map(String::as_str));
    let out = args.out.clone().unwrap_or_else(|| run.path.join("trust.json"));
    let json = |value: Result<String, serde_json::Error>| value.map(|t| t + "\n");
    super::write_file(&out, json(serde_json::to_string_pretty(&trust))?.as_bytes())?;
    if let Some(details) = &args.details {
        super::write_file(details, json(serde_json::to_string_pretty(&found))?.as_bytes())?;
    }
    let mut to = io::stdout().lock();
    print(&mut to, &found, &trust, &quotes)?;
    for c in found.criteria.iter().filter(|c| (FEWEST..FEW).contains(&c.marks)) {
        say(
            false,
            &format!("few marks: {} has {}, and its figures are rough below {FEW}", title(&c.criterion), c.marks),
        );
    }
    writeln!(
        to,
        "\nLabels written to {}; `sabyr score --trust {}` prints them in later reports.",
        out.display(),
        out.display()
    )?;
    Ok(ExitCode::SUCCESS)
}

fn figure(f: Figure) -> String {
    match (f.value, f.low, f.high) {
        (Some(v), Some(l), Some(h)) => format!("{v:.2} ({l:.2} to {h:.2})"),
        (Some(v), ..) => format!("{v:.2}"),
        _ => "–".to_owned(),
    }
}

fn print(
    out: &mut impl Write,
    found: &Calibration,
    trust: &Trust,
    quotes: &BTreeMap<(String, String, usize), PointRow>,
) -> io::Result<()> {
    let reviewers = found.reviewers.iter().filter(|r| !r.is_empty()).count().max(1);
    writeln!(
        out,
        "{} marks of {} conversations by {reviewers} reviewer{}; seed {}\n",
        found.marks,
        found.conversations,
        if reviewers == 1 { "" } else { "s" },
        found.seed
    )?;
    writeln!(out, "{:<20} {:>5}  {:<22}  label", "", "marks", "kappa, linear weights")?;
    for (c, t) in found.criteria.iter().zip(&trust.criteria) {
        let kappa = figure(Figure { value: t.kappa, low: t.low, high: t.high });
        writeln!(out, "{:<20} {:>5}  {kappa:<22}  {}", title(&c.criterion), c.marks, t.label.words())?;
    }
    for (i, c) in found.criteria.iter().enumerate().filter(|(_, c)| c.marks >= FEWEST) {
        criterion(out, c)?;
        for d in &c.worst {
            writeln!(
                out,
                "  {} · {} · scored {}, {} marked {}",
                clean(&d.conversation_id),
                clean(&d.agent_id),
                d.scored,
                clean(reviewer(&d.reviewer)),
                d.marked
            )?;
            if let Some(p) = quotes.get(&(d.conversation_id.clone(), d.agent_id.clone(), i)) {
                writeln!(out, "      {:+.1} {}: “{}”", p.points, p.rule.replace('_', " "), clean(&p.quote))?;
            }
        }
    }
    if let Some(p) = &found.thresholds {
        let kappa = |k: Option<f64>| k.map_or("–".to_owned(), |k| format!("{k:.2}"));
        let (now, new) = (p.current, p.proposed);
        writeln!(
            out,
            "\nThresholds of bands, fitted on {} pairs and tested on {} others: now good from {}, excellent from {}, kappa {}",
            p.fitted_on,
            p.tested_on,
            now.good,
            now.excellent,
            kappa(p.kappa_current)
        )?;
        if p.is_better() {
            writeln!(
                out,
                "  better: good = {}, excellent = {} in the scorecard, kappa {}",
                new.good,
                new.excellent,
                kappa(p.kappa_proposed)
            )?;
        } else {
            writeln!(out, "  no others do better on the pairs that they were not fitted to; leave them")?;
        }
    }
    Ok(())
}

fn reviewer(name: &str) -> &str {
    if name.is_empty() { "the reviewer" } else { name }
}

fn criterion(out: &mut impl Write, c: &OfCriterion) -> io::Result<()> {
    writeln!(out, "\n{}", title(&c.criterion))?;
    agreement(out, "scores and marks", &c.all)?;
    if let Some(random) = &c.random {
        agreement(out, "of these, drawn at random", random)?;
    }
    if let Some(between) = &c.between_reviewers {
        agreement(out, "reviewers with each other", between)?;
    }
    for (kind, list) in [("language", &c.by_language), ("channel", &c.by_channel)] {
        for (name, a) in list.iter().filter(|_| list.len() > 1) {
            let (percent, kappa, ac2) = (figure(a.percent), figure(a.kappa_linear), figure(a.ac2));
            writeln!(out, "  {kind} {name}: {} pairs, percent {percent}, kappa (linear) {kappa}, AC2 {ac2}", a.n)?;
        }
    }
    writeln!(out, "  applicable or not: the same in {}, AC1 {}", figure(c.applicable), figure(c.applicable_ac1))?;
    if let Some(s) = &c.scores {
        let d = s.mean_difference;
        let ends = d.low.zip(d.high).map_or(String::new(), |(l, h)| format!(" ({l:+.1} to {h:+.1})"));
        writeln!(
            out,
            "  score minus mark: {:+.1}{ends}, deviation {:.1}, n {}; correlation {}, of ranks {}",
            d.value.unwrap_or(0.0),
            s.deviation,
            s.n,
            figure(s.pearson),
            figure(s.spearman)
        )?;
    }
    writeln!(
        out,
        "  {:<16} {:>10} {:>6} {:>10} {:>14}  (marked)",
        "scored", "needs work", "good", "excellent", "not applicable"
    )?;
    for (name, row) in ["needs work", "good", "excellent", "not applicable"].iter().zip(&c.confusion) {
        writeln!(out, "  {name:<16} {:>10} {:>6} {:>10} {:>14}", row[0], row[1], row[2], row[3])?;
    }
    Ok(())
}

fn agreement(out: &mut impl Write, what: &str, a: &Agreement) -> io::Result<()> {
    writeln!(out, "  {what}: {} pairs of {} conversations, percent {}", a.n, a.conversations, figure(a.percent))?;
    let (k, l, q) = (figure(a.kappa), figure(a.kappa_linear), figure(a.kappa_quadratic));
    writeln!(out, "    kappa {k}, linear {l}, quadratic {q}")?;
    writeln!(out, "    AC1 {}, AC2 {}", figure(a.ac1), figure(a.ac2))?;
    let (n, o, i) = (figure(a.alpha_nominal), figure(a.alpha_ordinal), figure(a.alpha_interval));
    writeln!(out, "    alpha nominal {n}, ordinal {o}, interval {i}")
}
