//! `sabyr robustness`: how far scores move when the transcripts get worse.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::Parser;
use sabyr::criteria;
use sabyr::lexicon::Reader;
use sabyr::model::{Conversation, Place};
use sabyr::pipeline::{self, Outcome, PipelineError, Steps};
use sabyr::robustness::{self, Damage, Report};

use super::{Failure, Input, Limits, lexicon};

/// Damage transcripts as recognisers do, score them again, and show how far the scores move
#[derive(Parser)]
#[command(
    after_help = "Each conversation is scored as it is, then with its speech damaged in one way at a time, three times each, the same in every run.
Columns: half of the scores move by no more than `median`, nine in ten by no more than `p90` points.

Example:
  sabyr robustness data/night --agent-domain sabyr-demo.kz"
)]
pub(crate) struct Args {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    limits: Limits,
    /// Scorecard: weights, thresholds, fatal items
    #[arg(long, value_name = "FILE")]
    scorecard: Option<PathBuf>,
    /// Phrases of your own, laid over the built-in ones
    #[arg(long, value_name = "DIR")]
    lexicons: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let scorecard = super::score::load_scorecard(args.scorecard.as_deref())?;
    let sources = args.input.sources()?;
    let options = args.input.options()?;
    let lexicon = lexicon::load(args.lexicons.as_deref())?;
    let stop = super::stop_on_signal()?;
    let mut report = Report::new();
    let (mut read, mut quarantined) = (0, 0);
    let ended = pipeline::run(
        &sources,
        &options,
        args.limits.threads(),
        &stop,
        Steps {
            worker: || (Reader::new(&lexicon), Report::new()),
            work: |(reader, report): &mut (Reader<'_>, Report), c: &mut Conversation<'_>, _: &Place| {
                robustness::add(report, c, &lexicon, &scorecard, reader);
            },
            seal: |(_, report): &mut (_, Report)| std::mem::take(report),
        },
        |outcomes: Vec<Outcome<()>>, part| {
            read += outcomes.len();
            for outcome in outcomes {
                if let Outcome::Quarantined(q) = outcome {
                    quarantined += 1;
                    super::say(args.limits.quiet, &format!("quarantined {}: {}", q.place, q.reason));
                }
            }
            robustness::merge(&mut report, part);
            Ok::<(), std::io::Error>(())
        },
    )
    .map_err(|e: PipelineError<std::io::Error>| anyhow!(e.to_string()))?;
    if !ended {
        return Err(Failure::Other(anyhow!("stopped")));
    }
    super::say(args.limits.quiet, &format!("read {read}: scored {}, quarantined {quarantined}", read - quarantined));
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:<30} {:<18} {:>7} {:>7} {:>7} {:>9}", "damage", "score", "n", "median", "p90", "un/scored")?;
    let names: Vec<&str> = std::iter::once("overall").chain(criteria::ALL.iter().map(|c| c.name())).collect();
    for damage in Damage::EVERY {
        for name in &names {
            let Some(moves) = report.get(&(damage, *name)) else { continue };
            writeln!(
                out,
                "{:<30} {:<18} {:>7} {:>7.1} {:>7.1} {:>9}",
                damage.name(),
                name,
                moves.count(),
                moves.quantile(0.5),
                moves.quantile(0.9),
                moves.changed
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
