//! `sabyr inspect --suggest-map`: a mapping proposed from a sample.

use std::io::Write;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::anyhow;
use sabyr::ingest::mapping::{Mapping, look, suggest};
use sabyr::ingest::{self, Record};

use super::{Failure, Input};

/// Writes the mapping to standard output; what it reads of the file, and what is missing, to standard error.
pub(super) fn run(input: &Input) -> Result<ExitCode, Failure> {
    let sources = input.sources()?;
    let [source] = &sources[..] else {
        return Err(Failure::usage(anyhow!("--suggest-map looks at one file, and {} are named", sources.len())));
    };
    let mut options = input.options()?;
    let file = source.file.display();
    let (records, table) = look(source, &options).map_err(|reason| Failure::usage(anyhow!("{file}: {reason}")))?;
    let suggestion = suggest(&records, table).ok_or_else(|| {
        Failure::usage(anyhow!(
            "{file}: no list of turns is found in it (objects or rows of which one field holds talk)"
        ))
    })?;
    std::io::stdout().lock().write_all(suggestion.toml.as_bytes())?;
    for missing in &suggestion.missing {
        super::say(false, &format!("not found: {missing}"));
    }
    if suggestion.missing.iter().all(|m| m.starts_with("which of")) {
        let mapping = Mapping::parse("the proposed mapping", &suggestion.toml).map_err(Failure::usage)?;
        options.mapping = Some(Arc::new(mapping));
        let (mut conversations, mut turns, mut bad) = (0_u64, 0, 0_u64);
        let _ = ingest::read_all(&sources, &options, &mut |record| {
            match record {
                Record::Conversation { conversation, .. } => {
                    conversations += 1;
                    turns += conversation.turns.len();
                }
                Record::Bad(_) => bad += 1,
                Record::Lines { .. } => {}
            }
            ControlFlow::Continue(())
        });
        let aside = if bad > 0 { format!(", and sets {bad} records aside") } else { String::new() };
        super::say(false, &format!("it reads {conversations} conversations with {turns} turns of {file}{aside}"));
    }
    Ok(ExitCode::SUCCESS)
}
