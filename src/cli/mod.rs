//! The command line: one file a command.

use std::borrow::Cow;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use clap::{Parser, Subcommand};
use sabyr::agreement::marks::Rejected;
use sabyr::ingest::roles::roster::Roster;
use sabyr::ingest::side::SideTable;
use sabyr::ingest::{self, Source};
use sabyr::report::Mask;
use sabyr::report::how_read::HowRead;
use sabyr::runs::Run;

mod annotate;
mod calibrate;
mod diff;
mod explain;
mod generate;
mod inspect;
mod lexicon;
mod list;
mod night;
mod review;
mod robustness;
mod sample;
mod score;
mod suggest_map;
mod train;

/// Scores how agents treated customers in calls, chats and emails, and shows the sentence behind every point.
#[derive(Parser)]
#[command(name = "sabyr", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Score(score::Args),
    Explain(explain::Args),
    Sample(sample::Args),
    Calibrate(calibrate::Args),
    Review(review::Args),
    Diff(diff::Args),
    Annotate(annotate::Args),
    Inspect(inspect::Args),
    /// List the formats that are read
    Formats,
    Criteria(list::CriteriaArgs),
    Scorecard(list::ScorecardArgs),
    Lexicon(lexicon::Args),
    Generate(generate::Args),
    Robustness(robustness::Args),
    Train(train::Args),
}

/// Exit codes: done; done, but more was quarantined than allowed; wrong use; failed.
pub(crate) const WRONG_USE: u8 = 2;

/// What went wrong, and whether the user can mend it by calling differently.
pub(crate) enum Failure {
    /// Exit code 2: arguments, input or configuration.
    Use(anyhow::Error),
    /// Exit code 3.
    Other(anyhow::Error),
}

impl Failure {
    pub(crate) fn usage(e: impl Into<anyhow::Error>) -> Failure {
        Failure::Use(e.into())
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(e: E) -> Self {
        Failure::Other(e.into())
    }
}

/// Parses the arguments, runs the command, and turns its end into an exit code.
pub(crate) fn run() -> ExitCode {
    // Where a library's panic over a damaged file is caught, the file is set aside with the reason; there is nothing else to say.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !sabyr::ingest::is_guarded() {
            hook(panic);
        }
    }));
    let done = match Cli::parse().command {
        Command::Score(args) => score::run(args),
        Command::Explain(args) => explain::run(&args),
        Command::Sample(args) => sample::run(&args),
        Command::Calibrate(args) => calibrate::run(&args),
        Command::Review(args) => review::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Annotate(args) => annotate::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Formats => list::formats(),
        Command::Criteria(args) => list::criteria(&args),
        Command::Scorecard(args) => list::scorecard(&args),
        Command::Lexicon(args) => lexicon::run(args),
        Command::Generate(args) => generate::run(&args),
        Command::Robustness(args) => robustness::run(&args),
        Command::Train(args) => train::run(&args),
    };
    let (code, error) = match done {
        Ok(code) => return code,
        Err(Failure::Use(e)) => (WRONG_USE, e),
        // A reader that closed the pipe has seen what it wanted.
        Err(Failure::Other(e)) if is_broken_pipe(&e) => return ExitCode::SUCCESS,
        Err(Failure::Other(e)) => (3, e),
    };
    let said = format!("sabyr: {error:#}");
    // Lists of mistakes have lines.
    let said: Vec<Cow<'_, str>> = said.lines().map(clean).collect();
    let _ = writeln!(std::io::stderr(), "{}", said.join("\n"));
    ExitCode::from(code)
}

fn is_broken_pipe(e: &anyhow::Error) -> bool {
    e.chain().any(|c| c.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe))
}

/// What to read and how.
#[derive(clap::Args)]
pub(crate) struct Input {
    /// Files, folders or glob patterns; `.gz` and `.zst` are expanded
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    /// Read every file as this format instead of recognising it (`sabyr formats` lists them)
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// Mapping of an export that Sabyr does not know (TOML); `sabyr inspect --suggest-map FILE` proposes one
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Charset of text files that do not say theirs, such as windows-1251; guessed when absent
    #[arg(long, value_name = "LABEL")]
    charset: Option<String>,
    /// Domain whose email addresses are agents'; may be given several times
    #[arg(long = "agent-domain", value_name = "DOMAIN")]
    agent_domains: Vec<String>,
    /// Roles of channels or speakers' labels: 'channel 0=agent,channel 1=customer'; 'FORMAT: ...' for one format; repeatable
    #[arg(long = "channel-map", value_name = "LABEL=ROLE,...")]
    channel_maps: Vec<String>,
    /// Who works here: CSV with ids, names or addresses, and teams
    #[arg(long, value_name = "FILE")]
    roster: Option<PathBuf>,
    /// What file names say, by named groups: '(?P<date>\d{8})_(?P<agent>[^_]+)_(?P<id>\d+)'; repeatable
    #[arg(long = "name-pattern", value_name = "REGEX")]
    name_patterns: Vec<String>,
    /// What a table says of conversations, by id or file: CSV with agent, date, queue, team, csat, ...
    #[arg(long, value_name = "FILE")]
    side: Option<PathBuf>,
    /// Most MiB a single record may have, expanded
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=4096))]
    max_record: u64,
}

impl Input {
    pub(crate) fn sources(&self) -> Result<Vec<Source>, Failure> {
        ingest::discover(&self.inputs).map_err(Failure::usage)
    }

    pub(crate) fn options(&self) -> Result<ingest::Options, Failure> {
        if let Some(name) = self.format.as_deref().filter(|n| ingest::formats::named(n).is_none()) {
            let names: Vec<&str> = ingest::formats::ALL.iter().map(|f| f.name()).collect();
            return Err(Failure::usage(anyhow::anyhow!("there is no format {name:?}; there are {}", names.join(", "))));
        }
        if let Some(label) = self.charset.as_deref().filter(|l| !ingest::knows_charset(l)) {
            return Err(Failure::usage(anyhow::anyhow!(
                "{label:?} is not the name of a charset; try windows-1251, koi8-r, utf-16le"
            )));
        }
        let mapping = self.map.as_deref().map(read_mapping).transpose()?.map(Arc::new);
        let mut options = ingest::Options {
            format: self.format.clone(),
            mapping,
            charset: self.charset.clone(),
            agent_domains: self.agent_domains.iter().map(|d| d.trim_start_matches('@').to_lowercase()).collect(),
            max_record: self.max_record << 20,
            ..ingest::Options::default()
        };
        self.who_and_what(&mut options)?;
        Ok(options)
    }

    /// What the user says of roles, agents and conversations beside the transcripts.
    /// Adds what the user named of files and roles to what a run keeps of how it read.
    pub(crate) fn how(&self, how: HowRead) -> HowRead {
        let named = |path: &Option<PathBuf>| path.as_ref().map(|p| p.display().to_string());
        HowRead {
            map: named(&self.map),
            channel_maps: self.channel_maps.clone(),
            roster: named(&self.roster),
            name_patterns: self.name_patterns.clone(),
            side: named(&self.side),
            ..how
        }
    }

    fn who_and_what(&self, options: &mut ingest::Options) -> Result<(), Failure> {
        let wrong = |option: &str, e: String| Failure::usage(anyhow::anyhow!("{option}: {e}"));
        for map in &self.channel_maps {
            options.channel_map.add(map).map_err(|e| wrong("--channel-map", e))?;
        }
        for pattern in &self.name_patterns {
            options.names.add(pattern).map_err(|e| wrong("--name-pattern", one_line(&e)))?;
        }
        let table = |e: ingest::SideError, option: &str| wrong(option, e.to_string());
        if let Some(path) = &self.roster {
            options.roster = Some(Arc::new(Roster::read(path, options).map_err(|e| table(e, "--roster"))?));
        }
        if let Some(path) = &self.side {
            options.side = Some(Arc::new(SideTable::read(path, options).map_err(|e| table(e, "--side"))?));
        }
        Ok(())
    }
}

/// The last line of a message of several, which says what is wrong.
fn one_line(message: &str) -> String {
    message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

fn read_mapping(path: &std::path::Path) -> Result<ingest::mapping::Mapping, Failure> {
    use anyhow::Context as _;
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the mapping {}", path.display()))
        .map_err(Failure::Use)?;
    ingest::mapping::Mapping::parse(&path.display().to_string(), &text).map_err(Failure::usage)
}

/// How much of the machine to use, and how much to say.
#[derive(clap::Args)]
pub(crate) struct Limits {
    /// Threads to score on; all cores when absent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Say nothing but errors
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

impl Limits {
    pub(crate) fn threads(&self) -> usize {
        self.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
    }
}

/// A line for people, on standard error.
pub(crate) fn say(quiet: bool, line: &str) {
    if !quiet {
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

/// A text of the input as a terminal may show it: control characters, which could move its cursor or worse, are replaced.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        let shown = |c: char| {
            if c == '\t' {
                ' '
            } else if c.is_control() {
                '\u{FFFD}'
            } else {
                c
            }
        };
        Cow::Owned(text.chars().map(shown).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Most rejected rows that are listed.
const LISTED: usize = 20;

/// Rows of people's tables that could not be used.
pub(crate) fn say_rejected(quiet: bool, rejected: &[Rejected]) {
    rejected.iter().take(LISTED).for_each(|r| say(quiet, &clean(&format!("not used: {r}"))));
    if rejected.len() > LISTED {
        say(quiet, &format!("not used: ... and {} more rows", rejected.len() - LISTED));
    }
}

/// Opens a run folder that the user named.
pub(crate) fn open_run(path: &Path) -> Result<Run, Failure> {
    Run::open(path).map_err(Failure::usage)
}

/// Writes a file whole, in the place of one that may be there.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    Ok(sabyr::report::file::replace(path, bytes).with_context(|| format!("cannot write {}", path.display()))?)
}

/// How texts are masked before they are written.
pub(crate) fn mask(no_redact: bool) -> Mask {
    if no_redact { |t| t.into() } else { sabyr::privacy::mask }
}

/// Set by Ctrl-C and by a polite kill: the run stops clean.
pub(crate) fn stop_on_signal() -> Result<Arc<AtomicBool>, Failure> {
    // A run that begins again keeps the handler it has.
    static STOP: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    if let Some(stop) = STOP.get() {
        return Ok(Arc::clone(stop));
    }
    let stop = Arc::clone(STOP.get_or_init(Arc::default));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))?;
    Ok(stop)
}

/// Temporary files are private; what is published has the permissions of any new file.
pub(crate) fn publish_permissions(file: &std::fs::File) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_given_control_characters() {
        assert_eq!(clean("a\u{1b}[2Jb\u{9b}\n"), "a\u{FFFD}[2Jb\u{FFFD}\u{FFFD}");
        assert!(matches!(clean("Сәлем – “да”"), Cow::Borrowed(_)));
    }
}
