//! `sabyr formats`, `sabyr criteria` and `sabyr scorecard`: what there is, and whether a scorecard is right.

use std::io::{Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::{Parser, Subcommand};
use sabyr::criteria;
use sabyr::ingest::formats;
use sabyr::scorecard::{self, Scorecard};

use super::Failure;

/// List the criteria, or show how one is scored
#[derive(Parser)]
#[command(after_help = "Example:\n  sabyr criteria empathy")]
pub(crate) struct CriteriaArgs {
    /// Name of the criterion
    name: Option<String>,
}

/// Show or verify a scorecard
#[derive(Parser)]
pub(crate) struct ScorecardArgs {
    #[command(subcommand)]
    command: ScorecardCommand,
}

#[derive(Subcommand)]
enum ScorecardCommand {
    /// Print the built-in scorecard, to begin your own from
    Show,
    /// Verify a scorecard; a mistake is named with its line
    Check {
        /// The scorecard
        file: PathBuf,
    },
}

pub(crate) fn formats() -> Result<ExitCode, Failure> {
    let mut out = stdout().lock();
    for format in formats::ALL {
        writeln!(out, "{:<20} {}", format.name(), format.about())?;
    }
    writeln!(out, "\nEach also as .gz or .zst. Files are recognised by what is in them; --format NAME decides it.")?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn criteria(args: &CriteriaArgs) -> Result<ExitCode, Failure> {
    let mut out = stdout().lock();
    match &args.name {
        None => {
            for c in criteria::ALL {
                writeln!(out, "{:<18} {}", c.name(), c.advice())?;
            }
        }
        Some(name) => {
            let Some(c) = criteria::ALL.iter().find(|c| c.name() == name) else {
                let names: Vec<&str> = criteria::ALL.iter().map(|c| c.name()).collect();
                return Err(Failure::usage(anyhow!("there is no criterion {name:?}; there are {}", names.join(", "))));
            };
            writeln!(out, "{}", criteria::documentation(*c))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn scorecard(args: &ScorecardArgs) -> Result<ExitCode, Failure> {
    let mut out = stdout().lock();
    match &args.command {
        ScorecardCommand::Show => write!(out, "{}", scorecard::DEFAULT)?,
        ScorecardCommand::Check { file } => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read the scorecard {}", file.display()))
                .map_err(Failure::Use)?;
            let card = Scorecard::parse(&file.display().to_string(), &text).map_err(Failure::usage)?;
            writeln!(out, "{}: the scorecard {:?} is right (hash {})", file.display(), card.name, card.hash)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
