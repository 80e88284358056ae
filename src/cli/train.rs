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
  sabyr train --data ../shared/eval/fit --out data/learned"
)]
pub(crate) struct Args {
    /// Folder of labelled sets, NAME.jsonl
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Folder for weights.tsv and subwords.json
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
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
    let trained = train::train(&args.data, &files, &lexicon, |what| super::say(false, what)).map_err(Failure::usage)?;
    fs::create_dir_all(&args.out).with_context(|| format!("cannot write in {}", args.out.display()))?;
    for (name, text) in [("weights.tsv", trained.table.text()), ("subwords.json", trained.pieces)] {
        let path = args.out.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:<24} {:<20} {:>6} {:>6} {:>8} {:>8} {:>8}", "head", "set", "n", "", "acts", "with", "without")?;
    for f in &trained.figures {
        let without = f.without.map_or("-".to_owned(), |w| format!("{w:.3}"));
        writeln!(
            out,
            "{:<24} {:<20} {:>6} {:>6} {:>8.3} {:>8.3} {:>8}",
            f.head.name(),
            f.set,
            f.n,
            f.kind,
            f.acts,
            f.with,
            without
        )?;
    }
    writeln!(out, "{} features, written to {}", trained.table.features.len(), args.out.display())?;
    Ok(ExitCode::SUCCESS)
}
