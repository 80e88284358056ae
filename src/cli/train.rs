//! `sabyr train`: fits the learned part to labelled sets.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use sabyr::lexicon::{self, Lexicon};
use sabyr::train;

use super::Failure;

/// Fit the learned weights to labelled sets (for developers; the program comes with its weights)
#[derive(Parser)]
#[command(
    hide = true,
    after_help = "Example:
  sabyr train --data labelled --out data/learned"
)]
pub(crate) struct Args {
    /// Folder of labelled sets, NAME.jsonl
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Folder of turns written and rated to teach: LANGUAGE.tsv, and parallel.tsv for those told in every language
    #[arg(long, value_name = "DIR", default_value = "data/taught")]
    taught: PathBuf,
    /// Folder for weights.tsv and subwords.json
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Do not measure the fit: faster, and the notes in weights.tsv then name no figures
    #[arg(long)]
    no_figures: bool,
    /// Lexicon folder to find acts with, instead of the built-in one
    #[arg(long, value_name = "DIR")]
    lexicons: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let files = match &args.lexicons {
        Some(folder) => lexicon::files_of(folder),
        None => lexicon::built_in_files(),
    };
    let files = files.map_err(Failure::usage)?;
    let lexicon = Lexicon::compile(&files).map_err(Failure::usage)?;
    let trained =
        train::train(&args.data, &args.taught, &files, &lexicon, !args.no_figures, |what| super::say(false, what))
            .map_err(Failure::usage)?;
    fs::create_dir_all(&args.out).with_context(|| format!("cannot write in {}", args.out.display()))?;
    for (name, text) in [("weights.tsv", trained.table.text()), ("subwords.json", trained.pieces)] {
        let path = args.out.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "How well a fifth of each set that was held out is told; in brackets with length regressed out.")?;
    writeln!(out, "{:<24} {:<20} {:>5} {:<6} {:<14} {:<14} without", "head", "set", "n", "", "acts", "with the set")?;
    for f in &trained.figures {
        let without = f.without.map_or("-".to_owned(), |w| w.to_string());
        let train::Figure { set, n, kind, acts, with, .. } = f;
        writeln!(out, "{:<24} {set:<20} {n:>5} {kind:<6} {acts:<14} {with:<14} {without}", f.head.name())?;
    }
    writeln!(out, "{} features, written to {}", trained.table.features.len(), args.out.display())?;
    Ok(ExitCode::SUCCESS)
}
