//! `sabyr review`: reviewers' notes and disputes joined into a run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use sabyr::criteria;
use sabyr::ingest::formats::sheet::HandSheet;
use sabyr::notes::Notes;
use sabyr::report::Mask;
use sabyr::runs::review::{self, ReviewError};

use super::{Failure, say};

/// Join a table of reviewers' comments and disputes with a run
#[derive(Parser)]
#[command(
    after_help = "The table is CSV with a header: conversation_id, agent_id (may be empty where the conversation has one agent), criterion (empty for the
whole), reviewer, kind (comment, dispute, accepted, rejected) and text. It may come from a spreadsheet: comma, semicolon or tab.

  conversation_id,agent_id,criterion,reviewer,kind,text
  call-017,tom,empathy,rita,dispute,The apology in turn 4 is missing from the points.
  call-017,tom,empathy,olga,accepted,

Written into the run folder: review.csv, and a section on the agents' pages; `sabyr explain` shows the notes, too. Notes of an earlier
call are replaced, so keep one table and call it again. Scores are never changed by a note. `sabyr score --review FILE` does the same
at once.

Example:
  sabyr review night notes.csv"
)]
pub(crate) struct Args {
    /// Folder that `sabyr score` wrote
    run: PathBuf,
    /// Table of notes
    notes: PathBuf,
    /// Say nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

/// Reads a table of notes for a run that is being made.
pub(super) fn read(path: &Path, mask: Mask) -> Result<Notes, Failure> {
    let names: Vec<String> = criteria::ALL.iter().map(|c| c.name().to_owned()).collect();
    let sheet = HandSheet::read(path).map_err(Failure::usage)?;
    Notes::new(&sheet, &names, mask).map_err(Failure::usage)
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let run = super::open_run(&args.run)?;
    let sheet = HandSheet::read(&args.notes).map_err(Failure::usage)?;
    let joined = review::add(&run, &sheet).map_err(|e| match e {
        ReviewError::Sheet(e) => Failure::usage(e),
        e => e.into(),
    })?;
    super::say_rejected(args.quiet, &joined.rejected);
    let mut by: BTreeMap<&str, usize> = BTreeMap::new();
    joined.notes.iter().for_each(|n| *by.entry(n.kind.name()).or_default() += 1);
    let by: Vec<String> = by.into_iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    let what = if by.is_empty() { "no notes".to_owned() } else { by.join(", ") };
    say(args.quiet, &format!("{what} in {}", run.path.join("review.csv").display()));
    Ok(ExitCode::SUCCESS)
}
