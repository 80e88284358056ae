//! What `sabyr score` does for a nightly job beside scoring: the history, the summary for scripts, metrics, alerts.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use jiff::civil::Date;
use sabyr::alerts::{Alert, Severity};
use sabyr::report::history_folder::HistoryFolder;
use sabyr::report::night::{NightOptions, NightReport};
use sabyr::report::run_folder::RunFacts;
use sabyr::report::{prometheus, summary};

use super::Failure;

/// Alerts that are printed.
const PRINTED: usize = 10;

/// For the nightly job.
#[derive(clap::Args)]
#[command(next_help_heading = "Nightly operation")]
pub(crate) struct Nightly {
    /// Folder that keeps every night as Parquet; adds trends, control charts and changes to the run
    #[arg(long, value_name = "DIR")]
    history: Option<PathBuf>,
    /// The night's date [default: the day on which most conversations began]
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<Date>,
    /// Most nights before this one that are looked back on
    #[arg(long, value_name = "N", default_value_t = 90, requires = "history", value_parser = clap::value_parser!(u32).range(1..=3660))]
    history_nights: u32,
    /// Compare nights even where phrases or scorecard have changed between them
    #[arg(long, requires = "history")]
    across_versions: bool,
    /// Write the night's summary as JSON; - for standard output, in place of the summary for people
    #[arg(long, value_name = "FILE")]
    summary_json: Option<PathBuf>,
    /// Write metrics for the textfile collector of Prometheus' node exporter
    #[arg(long, value_name = "FILE")]
    prometheus: Option<PathBuf>,
}

impl Nightly {
    /// Verifies all that can be wrong before the work begins.
    pub(super) fn options(&self, out: &Path) -> Result<NightOptions, Failure> {
        for (name, file) in [("--summary-json", &self.summary_json), ("--prometheus", &self.prometheus)] {
            if let Some(file) = file.as_deref().filter(|f| *f != Path::new("-")) {
                let folder = parent(file);
                if !folder.is_dir() || file.is_dir() {
                    let what = if file.is_dir() { "is a folder" } else { "lies in a folder that does not exist" };
                    return Err(Failure::usage(anyhow!("{name} {} {what}", file.display())));
                }
            }
        }
        if self.prometheus.as_deref().is_some_and(|f| f.extension().is_none_or(|e| e != "prom")) {
            return Err(Failure::usage(anyhow!("--prometheus must end in .prom; the collector reads no other files")));
        }
        let history = self.history.as_deref().map(|folder| self.history(folder, out)).transpose()?;
        Ok(NightOptions {
            date: self.date,
            history,
            most_nights: self.history_nights as usize,
            across_versions: self.across_versions,
        })
    }

    fn history(&self, folder: &Path, out: &Path) -> Result<HistoryFolder, Failure> {
        let whole = |p: &Path| std::path::absolute(p).with_context(|| format!("cannot find {}", p.display()));
        let (inner, outer) = (whole(folder)?, whole(out)?);
        if inner.starts_with(&outer) || outer.starts_with(&inner) {
            return Err(Failure::usage(anyhow!(
                "--history {} and --out {} lie in each other; give the history a folder of its own",
                folder.display(),
                out.display()
            )));
        }
        let history = HistoryFolder::open(folder).map_err(Failure::usage)?;
        // A damaged history is told now and not after the work.
        history.before(self.date.unwrap_or(Date::MAX), self.history_nights as usize)?;
        Ok(history)
    }

    /// Whether standard output is for a script.
    pub(super) fn takes_stdout(&self) -> bool {
        self.summary_json.as_deref() == Some(Path::new("-"))
    }

    /// Writes what was asked for and says what needs saying.
    pub(super) fn report(
        &self,
        facts: &RunFacts,
        night: &NightReport,
        out: &Path,
        exit_code: u8,
    ) -> Result<(), Failure> {
        for date in &night.incomplete {
            super::say(false, &format!("sabyr: the history's night {date} is incomplete and left out; score it again"));
        }
        if let Some(file) = &self.prometheus {
            write(file, &prometheus::metrics(facts, night, exit_code))?;
        }
        if let Some(file) = &self.summary_json {
            let text = summary::json(facts, night, out, exit_code);
            if self.takes_stdout() {
                std::io::stdout().lock().write_all(text.as_bytes())?;
            } else {
                write(file, &text)?;
            }
        }
        Ok(())
    }
}

fn parent(file: &Path) -> &Path {
    file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file beside its place and moves it there.
fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let failed = || format!("the run is written, but not {}", file.display());
    // Its name must not end like those that a collector reads.
    let temporary = tempfile::Builder::new().prefix(".sabyr-").suffix(".tmp").tempfile_in(parent(file));
    let mut temporary = temporary.with_context(failed)?;
    temporary.write_all(text.as_bytes()).with_context(failed)?;
    super::publish_permissions(temporary.as_file())?;
    temporary.persist(file).with_context(failed)?;
    Ok(())
}

/// The alerts for people: how many, and the most urgent ones.
pub(super) fn print_alerts(to: &mut impl Write, night: &NightReport) -> std::io::Result<()> {
    let urgent = |a: &&Alert| a.severity != Severity::Low.name();
    let list = &night.alerts.list;
    let count = list.iter().filter(urgent).count() as u64 + night.alerts.unlisted;
    if count == 0 {
        return Ok(());
    }
    writeln!(to, "\n{count} to look at (alerts.csv):")?;
    for a in list.iter().filter(urgent).take(PRINTED) {
        let whom = if a.agent_id.is_empty() { "the night" } else { &a.agent_id };
        write!(to, "  {:<6} {whom}", a.severity)?;
        if !a.criterion.is_empty() {
            write!(to, ", {}", a.criterion)?;
        }
        write!(to, ": {}", a.text)?;
        if !a.conversation_id.is_empty() {
            write!(to, " (conversation {}: “{}”)", a.conversation_id, a.quote)?;
        }
        writeln!(to)?;
    }
    if count > PRINTED as u64 {
        writeln!(to, "  ... and {} more", count - PRINTED as u64)?;
    }
    Ok(())
}
