//! The command line: one file a command.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod lexicon;

/// Scores how agents treated customers in calls, chats and emails, and shows the sentence behind every point.
#[derive(Parser)]
#[command(name = "sabyr", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Lexicon(lexicon::Args),
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
    let done = match Cli::parse().command {
        Command::Lexicon(args) => lexicon::run(args),
    };
    let (code, error) = match done {
        Ok(code) => return code,
        Err(Failure::Use(e)) => (WRONG_USE, e),
        // A reader that closed the pipe has seen what it wanted.
        Err(Failure::Other(e)) if is_broken_pipe(&e) => return ExitCode::SUCCESS,
        Err(Failure::Other(e)) => (3, e),
    };
    let _ = writeln!(std::io::stderr(), "sabyr: {error:#}");
    ExitCode::from(code)
}

fn is_broken_pipe(e: &anyhow::Error) -> bool {
    e.chain().any(|c| c.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe))
}
