//! `sabyr sample`: conversations for people to mark.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::Parser;
use sabyr::runs::sample::{self, Quota};

use super::score::CsvPreset;
use super::{Failure, say};

/// Draw conversations of a run for people to read and mark
#[derive(Parser)]
#[command(
    after_help = "What is drawn: half at random, a quarter where the scores are least sure, a quarter from the extremes, first for every agent, then
over all. The column `drawn` says which; agreement is best judged on the random ones. The same run and seed draw the same.

How to mark: open the file in a spreadsheet, one row is one agent's part of one conversation, with an empty column for each criterion.
Read the conversation at its `source`, then write into each column 0 to 100, or needs work, good, excellent, or not applicable where
nothing called for the criterion. Leave a cell empty where you cannot tell. Write your name into `reviewer`, the day into `date`.
Mark before you look at the scores. Two reviewers fill in a copy each; `sabyr calibrate` takes both.

Examples:
  sabyr sample night --out marks.csv
  sabyr sample night --per-agent 5 --total 120 --seed 7 --csv-preset excel-eu --out marks.csv"
)]
pub(crate) struct Args {
    /// Folder that `sabyr score` wrote
    run: PathBuf,
    /// CSV file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Conversations of each agent, as far as there are so many
    #[arg(long, value_name = "N", default_value_t = 2)]
    per_agent: usize,
    /// Conversations in all; 100, or what --per-agent makes, when absent
    #[arg(long, value_name = "N")]
    total: Option<usize>,
    /// Another seed draws other conversations
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Add the scores of the run; who sees them marks nearer to them
    #[arg(long)]
    show_scores: bool,
    /// How CSV is written
    #[arg(long, value_enum, default_value = "rfc")]
    csv_preset: CsvPreset,
    /// Replace the file, and what people have written into it
    #[arg(long)]
    overwrite: bool,
    /// Say nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

/// Conversations that are drawn when nothing is said.
const TOTAL: usize = 100;

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let run = super::open_run(&args.run)?;
    if args.out.exists() && !args.overwrite {
        let out = args.out.display();
        return Err(Failure::usage(anyhow!(
            "{out} exists and may hold people's marks; choose another --out, or say --overwrite"
        )));
    }
    let least = sample::agents(&run)?.saturating_mul(args.per_agent);
    let total = match args.total {
        Some(total) if total < least => {
            return Err(Failure::usage(anyhow!(
                "{} for each agent may make {least} conversations, more than --total {total}; raise --total or lower --per-agent",
                args.per_agent
            )));
        }
        Some(total) => total,
        None => TOTAL.max(least),
    };
    let drawn = sample::draw(&run, Quota { per_agent: args.per_agent, total }, args.seed)?;
    if drawn.drawn.is_empty() {
        return Err(Failure::usage(anyhow!(
            "{} has no conversation in which an agent says something",
            args.run.display()
        )));
    }
    super::write_file(&args.out, &sample::table(&run, &drawn, args.csv_preset.into(), args.show_scores))?;
    let mut by: BTreeMap<&str, usize> = BTreeMap::new();
    drawn.drawn.iter().for_each(|d| *by.entry(d.why.name()).or_default() += 1);
    let by: Vec<String> = by.into_iter().map(|(why, n)| format!("{n} {why}")).collect();
    say(
        args.quiet,
        &format!(
            "{} of {} conversations of {} agents ({}), seed {}, written to {}",
            drawn.drawn.len(),
            drawn.of,
            drawn.agents,
            by.join(", "),
            args.seed,
            args.out.display()
        ),
    );
    Ok(ExitCode::SUCCESS)
}
