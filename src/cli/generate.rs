//! `sabyr generate`: conversations to measure with.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use sabyr::generate::{self, Amount};
use sabyr::model::Language;

use super::Failure;

/// Write invented conversations as canonical JSON Lines, to measure speed with
#[derive(Parser)]
#[command(hide = true, after_help = "Example:\n  sabyr generate --out big.jsonl --mib 1024 --language mixed")]
pub(crate) struct Args {
    /// File to write; an existing one is replaced
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// So many MiB
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "conversations")]
    mib: u32,
    /// So many conversations
    #[arg(long, value_name = "N")]
    conversations: Option<u64>,
    /// Another seed gives other conversations
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Language of the conversations; mixed takes turns
    #[arg(long, value_enum, default_value = "en")]
    language: Which,
}

#[derive(Clone, Copy, ValueEnum)]
enum Which {
    En,
    Ru,
    Kk,
    Mixed,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let amount = args.conversations.map_or(Amount::Bytes(u64::from(args.mib) << 20), Amount::Conversations);
    let languages: &[Language] = match args.language {
        Which::En => &[Language::English],
        Which::Ru => &[Language::Russian],
        Which::Kk => &[Language::Kazakh],
        Which::Mixed => &Language::ALL,
    };
    // Written beside its place and moved in whole.
    let folder = args.out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::Builder::new().prefix(".sabyr-").tempfile_in(folder);
    let mut file = file.with_context(|| format!("cannot write in {}", folder.display())).map_err(Failure::Use)?;
    let mut out = BufWriter::with_capacity(1 << 18, file.as_file_mut());
    let failed = || format!("cannot write {}", args.out.display());
    let conversations = generate::write(&mut out, amount, args.seed, languages).with_context(failed)?;
    out.flush().with_context(failed)?;
    drop(out);
    super::publish_permissions(file.as_file())?;
    file.persist(&args.out).with_context(failed)?;
    super::say(false, &format!("wrote {conversations} conversations to {}", args.out.display()));
    Ok(ExitCode::SUCCESS)
}
