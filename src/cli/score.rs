//! `sabyr score`: the nightly job.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sabyr::agents::AgentRow;
use sabyr::criteria::{self, parts};
use sabyr::lexicon::{Lexicon, Reading};
use sabyr::model::{Conversation, Place};
use sabyr::pipeline::{self, Outcome, PipelineError, Steps};
use sabyr::report::ReportLanguage;
use sabyr::report::csv::Preset;
use sabyr::report::history_folder::HistoryError;
use sabyr::report::how_read::HowRead;
use sabyr::report::html;
use sabyr::report::night::NightReport;
use sabyr::report::run_folder::{Batch, Conflicts, Finished, RunError, RunFacts, RunFolder, Sheets};
use sabyr::report::workbook;
use sabyr::resolve::Resolver;
use sabyr::scorecard::Scorecard;

use super::{Failure, Input, Limits, lexicon, night};

/// Score every conversation and write a run folder: tables, evidence, and a report to read in a browser
#[derive(Parser)]
#[command(after_help = "Examples:
  sabyr score data/night --agent-domain sabyr-demo.kz --out night
  sabyr score 'exports/2026-11-*.jsonl.gz' --out runs/2026-11-22 --csv-preset excel-eu --report-language ru --quiet
  sabyr score exports/2026-11-22 --out runs/2026-11-22 --history history --prometheus sabyr.prom
  sabyr score exports --out night --report-language kk --report-pages 10

Then open DIR/report/index.html in a browser: it works from disk and needs no network.

Exit codes: 0 done; 1 done, but more was quarantined than --max-quarantine allows; 2 wrong use; 3 failed.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    limits: Limits,
    /// Folder to write; an earlier run there is replaced once the new one is complete
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Scorecard: weights, thresholds, fatal items
    #[arg(long, value_name = "FILE")]
    scorecard: Option<PathBuf>,
    /// Phrases of your own, laid over the built-in ones
    #[arg(long, value_name = "DIR")]
    lexicons: Option<PathBuf>,
    /// How CSV is written; columns.md of the run folder says what differs
    #[arg(long, value_enum, default_value = "rfc")]
    csv_preset: CsvPreset,
    /// Language of what people read in reports; names of columns stay as they are
    #[arg(long, value_name = "LANG", default_value = "en", value_parser = report_language())]
    report_language: ReportLanguage,
    /// Write no report.xlsx
    #[arg(long)]
    no_workbook: bool,
    /// Most rows of a sheet of report.xlsx; of more, the lowest are kept
    #[arg(long, value_name = "N", default_value_t = workbook::ROWS, value_parser = clap::value_parser!(u32).range(1..=i64::from(workbook::MOST_ROWS)))]
    workbook_rows: u32,
    /// Do not mask personal data
    #[arg(long)]
    no_redact: bool,
    /// Show how far each criterion agrees with reviewers: a trust.json that `sabyr calibrate` wrote
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Join a table of reviewers' notes and disputes with the run (`sabyr review --help` says what it holds)
    #[arg(long, value_name = "FILE")]
    review: Option<PathBuf>,
    /// Most conversations of an agent that get a page in the report: half the worst, half the best; 0 for none
    #[arg(long, value_name = "N", default_value_t = html::PAGES as u16, value_parser = clap::value_parser!(u16).range(0..=1000))]
    report_pages: u16,
    /// Write no report for the browser
    #[arg(long, conflicts_with = "report_pages")]
    no_report: bool,
    /// Most records that may be quarantined before the exit code is 1: a number, or a share such as 5%
    #[arg(long, value_name = "N|P%", default_value = "5%", value_parser = parse_allowed)]
    max_quarantine: Allowed,
    #[command(flatten)]
    night: night::Nightly,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum CsvPreset {
    /// For programs: comma, decimal point, values as they are (RFC 4180, UTF-8 with a byte-order mark)
    Rfc,
    /// For a double-click in Excel with an English locale: comma, decimal point, dates that Excel reads, ids as texts
    Excel,
    /// For a double-click in Excel with a European locale: as excel, with semicolon and decimal comma
    ExcelEu,
}

fn report_language() -> impl TypedValueParser<Value = ReportLanguage> {
    PossibleValuesParser::new(["en", "ru", "kk"]).map(|code| match code.as_str() {
        "ru" => ReportLanguage::Ru,
        "kk" => ReportLanguage::Kk,
        _ => ReportLanguage::En,
    })
}

impl From<CsvPreset> for Preset {
    fn from(preset: CsvPreset) -> Self {
        match preset {
            CsvPreset::Rfc => Preset::Rfc,
            CsvPreset::Excel => Preset::Excel,
            CsvPreset::ExcelEu => Preset::ExcelEu,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Allowed {
    Records(u64),
    Share(f64),
}

fn parse_allowed(text: &str) -> Result<Allowed, String> {
    let wrong = || format!("{text:?} is neither a number nor a share such as 5%");
    match text.strip_suffix('%') {
        Some(share) => match share.trim().parse::<f64>() {
            Ok(p) if (0.0..=100.0).contains(&p) => Ok(Allowed::Share(p / 100.0)),
            _ => Err(wrong()),
        },
        None => text.parse().map(Allowed::Records).map_err(|_| wrong()),
    }
}

impl Allowed {
    fn exceeded(self, quarantined: u64, read: u64) -> bool {
        match self {
            Allowed::Records(n) => quarantined > n,
            Allowed::Share(p) => quarantined as f64 > p * read as f64,
        }
    }
}

pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    run_knowing(args, Instant::now(), Conflicts::default())
}

/// Runs with the ids known that stand for different conversations. Rows are written as they come, so that a run that finds
/// such an id when one of its conversations is written already begins again.
fn run_knowing(args: Args, began: Instant, conflicts: Conflicts) -> Result<ExitCode, Failure> {
    let scorecard = load_scorecard(args.scorecard.as_deref())?;
    let night = args.night.options(&args.out)?;
    let sources = args.input.sources()?;
    let options = args.input.options()?;
    let mask = super::mask(args.no_redact);
    let trust = args.trust.as_deref().map(super::calibrate::read_trust).transpose()?;
    let notes = args.review.as_deref().map(|path| super::review::read(path, mask)).transpose()?;
    let lexicon = lexicon::load(args.lexicons.as_deref())?;
    let stop = super::stop_on_signal()?;
    let facts = RunFacts {
        how: args.input.how(HowRead::new(&options, args.scorecard.as_deref(), args.lexicons.as_deref())),
        trust,
        ..facts(&args, &lexicon, &scorecard, sources.len())
    };
    let mut sheets = Sheets::new(args.csv_preset.into(), mask);
    if !args.no_report {
        let settings = html::Settings { language: args.report_language.into(), pages: usize::from(args.report_pages) };
        sheets = sheets.with_report(settings);
    }
    let mut folder = RunFolder::create(&args.out, &sheets, facts).map_err(|e| match e {
        RunError::Taken(_) => Failure::usage(e),
        e => e.into(),
    })?;
    folder.set_conflicts(conflicts);
    folder.workbook =
        (!args.no_workbook).then_some(workbook::Options { language: args.report_language, rows: args.workbook_rows });
    folder.night = night;
    if let Some(notes) = notes {
        folder.set_notes(notes);
    }
    let mut progress = Progress::new(args.limits.quiet, &sources, &options);
    let ended = pipeline::run(
        &sources,
        &options,
        args.limits.threads(),
        &stop,
        Steps {
            worker: || (Resolver::new(&lexicon), Reading::default(), sheets.batch()),
            work: |(resolver, reading, batch): &mut (Resolver<'_>, Reading, Batch),
                   c: &mut Conversation<'_>,
                   place: &Place| {
                resolver.read(c, reading);
                sheets.render(batch, &parts(c, reading, &lexicon), place, &scorecard)
            },
            seal: |(_, _, batch): &mut (_, _, Batch)| std::mem::replace(batch, sheets.batch()),
        },
        |outcomes, batch| {
            progress.step(&outcomes);
            folder.add(outcomes, batch)
        },
    )
    .map_err(|e| match e {
        PipelineError::Sink(e) => anyhow!(e),
        e @ PipelineError::Threads(..) => anyhow!(e.to_string()),
    })?;
    progress.clear();
    if !ended {
        return Err(anyhow!("stopped before the end of the input; nothing was written").into());
    }
    if let Some(conflicts) = folder.new_conflicts() {
        drop(folder);
        super::say(args.limits.quiet, "sabyr: different conversations have the same id; beginning again without them");
        return run_knowing(args, began, conflicts);
    }
    let finished = folder.finish(&scorecard, || began.elapsed().as_secs_f64());
    let Finished { facts, agents, night, notes } = finished.map_err(|e| match e {
        RunError::NoDate | RunError::History(HistoryError::Taken(..)) => Failure::usage(e),
        e => e.into(),
    })?;
    super::say_rejected(args.limits.quiet, &notes.rejected);
    if facts.read != facts.scored + facts.quarantined {
        return Err(anyhow!(
            "{} conversations read but {} scored and {} quarantined",
            facts.read,
            facts.scored,
            facts.quarantined
        )
        .into());
    }
    let exceeded = args.max_quarantine.exceeded(facts.quarantined, facts.read);
    if !args.limits.quiet && !args.night.takes_stdout() {
        summary(&facts, &agents, &night, &args)?;
    }
    args.night.report(&facts, &night, &args.out, exceeded.into())?;
    if exceeded {
        super::say(
            false,
            &format!(
                "sabyr: {} of {} records were quarantined, more than --max-quarantine allows; {} says why",
                facts.quarantined,
                facts.read,
                args.out.join("quarantine.csv").display()
            ),
        );
    }
    Ok(ExitCode::from(u8::from(exceeded)))
}

pub(super) fn load_scorecard(file: Option<&Path>) -> Result<Scorecard, Failure> {
    match file {
        None => Scorecard::built_in().map_err(Failure::usage),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the scorecard {}", path.display()))
                .map_err(Failure::Use)?;
            Scorecard::parse(&path.display().to_string(), &text).map_err(Failure::usage)
        }
    }
}

fn facts(args: &Args, lexicon: &Lexicon, scorecard: &Scorecard, files: usize) -> RunFacts {
    RunFacts {
        layout: sabyr::report::run_folder::LAYOUT,
        version: env!("CARGO_PKG_VERSION"),
        lexicon: lexicon.hash().to_owned(),
        scorecard: scorecard.name.clone(),
        scorecard_hash: scorecard.hash.clone(),
        thresholds: scorecard.thresholds,
        inputs: args.input.inputs.clone(),
        how: HowRead::default(),
        files,
        masked: !args.no_redact,
        ..RunFacts::default()
    }
}

/// A bar with rate and time left on a terminal, a line now and then elsewhere.
struct Progress {
    bar: Option<ProgressBar>,
    lines: bool,
    bytes: std::sync::Arc<std::sync::atomic::AtomicU64>,
    total: u64,
    done: u64,
    quarantined: u64,
    said: Instant,
}

impl Progress {
    fn new(quiet: bool, sources: &[sabyr::ingest::Source], options: &sabyr::ingest::Options) -> Self {
        let total = sources.iter().filter_map(|s| std::fs::metadata(&s.file).ok()).map(|m| m.len()).sum();
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            let style =
                ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}  {binary_bytes_per_sec}  {eta} left");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        let lines = !quiet && bar.is_none();
        Self { bar, lines, bytes: options.progress.clone(), total, done: 0, quarantined: 0, said: Instant::now() }
    }

    fn step<T>(&mut self, outcomes: &[Outcome<T>]) {
        self.done += outcomes.len() as u64;
        self.quarantined += outcomes.iter().filter(|o| matches!(o, Outcome::Quarantined(_))).count() as u64;
        let bytes = self.bytes.load(Ordering::Relaxed).min(self.total);
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{} conversations", self.done));
            bar.set_position(bytes);
        } else if self.lines && self.said.elapsed() >= Duration::from_secs(10) {
            self.said = Instant::now();
            let percent = bytes * 100 / self.total.max(1);
            super::say(
                false,
                &format!("{} conversations, {} quarantined, {percent} % of the input", self.done, self.quarantined),
            );
        }
    }

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn summary(facts: &RunFacts, agents: &[AgentRow], night: &NightReport, args: &Args) -> Result<(), Failure> {
    let out = &args.out;
    let mut to = std::io::stdout().lock();
    writeln!(
        to,
        "{} conversations read = {} scored + {} quarantined, from {} files in {:.1} s",
        facts.read, facts.scored, facts.quarantined, facts.files, facts.seconds
    )?;
    for (kind, count) in &facts.quarantined_by_kind {
        writeln!(to, "  {count} quarantined: {kind}")?;
    }
    for (kind, count) in &facts.notes {
        writeln!(to, "  {count} noted: {kind}")?;
    }
    let width = agents.iter().map(|a| a.agent_id.chars().count()).max().unwrap_or(0).clamp(5, 32);
    write!(to, "\n{:<width$} {:>5} {:>8}", "agent", "n", "overall")?;
    for c in criteria::ALL {
        write!(to, "  {}", c.title())?;
    }
    writeln!(to)?;
    let mut ranked: Vec<&AgentRow> = agents.iter().collect();
    let overall = |a: &AgentRow| a.estimates[0].map_or(-1.0, |e| e.shrunken);
    ranked.sort_by(|a, b| overall(b).total_cmp(&overall(a)).then(a.agent_id.cmp(&b.agent_id)));
    for a in ranked.iter().take(30) {
        let name: String =
            if a.agent_id.is_empty() { "(none)".into() } else { a.agent_id.chars().take(width).collect() };
        let figure = |i: usize| a.estimates[i].map_or("–".to_owned(), |e| format!("{:.0}", e.shrunken));
        write!(to, "{name:<width$} {:>5} {:>8}", a.conversations, figure(0))?;
        for (i, c) in criteria::ALL.iter().enumerate() {
            write!(to, "  {:>width$}", figure(i + 1), width = c.title().len())?;
        }
        writeln!(to, "{}", if a.fatal > 0 { format!("  ! {} fatal", a.fatal) } else { String::new() })?;
    }
    if ranked.len() > 30 {
        writeln!(to, "... and {} more in agents.csv", ranked.len() - 30)?;
    }
    night::print_alerts(&mut to, night)?;
    writeln!(
        to,
        "\nScores are drawn towards the team's by what the number of conversations warrants; intervals are in agents.csv."
    )?;
    writeln!(
        to,
        "Written to {}: {}conversations.csv, agents.csv, evidence.csv, a page an agent in agents/, columns.md says what is what.",
        out.display(),
        if args.no_workbook { "" } else { "report.xlsx, " }
    )?;
    if !args.no_report {
        writeln!(to, "To read it, open {} in a browser.", out.join("report").join("index.html").display())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowances_are_numbers_or_shares() {
        assert_eq!(parse_allowed("12"), Ok(Allowed::Records(12)));
        assert_eq!(parse_allowed("2.5%"), Ok(Allowed::Share(0.025)));
        assert!(parse_allowed("many").is_err() && parse_allowed("120%").is_err());
        assert!(Allowed::Share(0.05).exceeded(6, 100) && !Allowed::Share(0.05).exceeded(5, 100));
        assert!(!Allowed::Records(0).exceeded(0, 0) && Allowed::Records(0).exceeded(1, 1));
    }
}
