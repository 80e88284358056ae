//! `sabyr annotate`: a JSON line a turn with its acts and measures.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use sabyr::criteria::measures::{self, Mover};
use sabyr::learned::Head;
use sabyr::lexicon::{Lexicon, Reading};
use sabyr::model::{Conversation, Place, Speaker};
use sabyr::pipeline::{self, Outcome, Steps};
use sabyr::report::{Mask, masked_id};
use sabyr::resolve::Resolver;
use serde::Serialize;

use super::{Failure, Input, Limits, lexicon};

/// Write a JSON line a turn: its language, the acts found in it, and its measures
#[derive(Parser)]
#[command(after_help = "Example:\n  sabyr annotate data/night --out turns.jsonl")]
pub(crate) struct Args {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    limits: Limits,
    /// File to write; `-` is standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Phrases of your own, laid over the built-in ones
    #[arg(long, value_name = "DIR")]
    lexicons: Option<PathBuf>,
    /// Do not mask personal data in the quoted words
    #[arg(long)]
    no_redact: bool,
}

#[derive(Serialize)]
struct TurnLine<'a> {
    conversation_id: &'a str,
    turn: usize,
    speaker: Speaker,
    agent_id: Option<&'a str>,
    language: Option<sabyr::model::Language>,
    acts: Vec<ActLine<'a>>,
    measures: measures::Measures,
    /// What moves each measure most.
    because: BTreeMap<&'static str, Vec<MoverLine<'a>>>,
}

#[derive(Serialize)]
struct MoverLine<'a> {
    text: std::borrow::Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<&'static str>,
    by: f64,
}

/// Most movers that are named for a measure, and the fewest logits that are worth naming.
const MOVERS: usize = 3;
const LEAST: f64 = 0.1;

#[derive(Serialize)]
struct ActLine<'a> {
    act: &'static str,
    start: u32,
    end: u32,
    text: std::borrow::Cow<'a, str>,
    confidence: f64,
    rule: String,
}

pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    let sources = args.input.sources()?;
    let options = args.input.options()?;
    let lexicon = lexicon::load(args.lexicons.as_deref())?;
    let mask: Mask = super::mask(args.no_redact);
    let stop = super::stop_on_signal()?;
    let to_stdout = args.out.as_os_str() == "-";
    let folder = args.out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
    // Written beside its place and moved in whole.
    let mut temporary = if to_stdout {
        None
    } else {
        let file = tempfile::Builder::new().prefix(".sabyr-").tempfile_in(folder);
        Some(file.with_context(|| format!("cannot write in {}", folder.display())).map_err(Failure::Use)?)
    };
    let (mut read, mut quarantined) = (0, 0);
    let ended = {
        let mut out: BufWriter<Box<dyn Write>> = BufWriter::with_capacity(
            1 << 18,
            match &mut temporary {
                Some(file) => Box::new(file.as_file_mut()),
                None => Box::new(std::io::stdout().lock()),
            },
        );
        let ended = pipeline::run(
            &sources,
            &options,
            args.limits.threads(),
            &stop,
            Steps {
                worker: || (Resolver::new(&lexicon), Reading::default()),
                work: |(resolver, reading): &mut (Resolver<'_>, Reading),
                       conversation: &mut Conversation<'_>,
                       _: &Place| {
                    resolver.read(conversation, reading);
                    lines(conversation, reading, &lexicon, mask)
                },
                seal: |_: &mut _| (),
            },
            |outcomes, ()| {
                read += outcomes.len();
                outcomes.into_iter().try_for_each(|outcome| match outcome {
                    Outcome::Done { value, .. } => out.write_all(&value),
                    Outcome::Quarantined(q) => {
                        quarantined += 1;
                        super::say(args.limits.quiet, &format!("quarantined {}: {}", q.place, q.reason));
                        Ok(())
                    }
                })
            },
        )?;
        out.flush()?;
        ended
    };
    if !ended {
        return Err(Failure::Other(anyhow::anyhow!("stopped; nothing was written")));
    }
    if let Some(file) = temporary {
        super::publish_permissions(file.as_file())?;
        file.persist(&args.out).with_context(|| format!("cannot write {}", args.out.display()))?;
    }
    super::say(args.limits.quiet, &format!("read {read}: annotated {}, quarantined {quarantined}", read - quarantined));
    Ok(ExitCode::SUCCESS)
}

fn because<'a>(
    text: &'a str,
    reading: &Reading,
    turn: usize,
    lexicon: &Lexicon,
    head: Head,
    mask: Mask,
) -> Vec<MoverLine<'a>> {
    let movers = measures::movers(reading, turn, reading.acts_of(turn), lexicon.model(), head);
    // A word with digits may be a piece of a number that is to be masked.
    let said = |m: &Mover| &text[m.start as usize..m.end as usize];
    let worth = |m: &Mover| m.by.abs() >= LEAST && !said(m).contains(|c: char| c.is_ascii_digit());
    let worth = movers.into_iter().filter(worth).take(MOVERS);
    worth
        .map(|m| MoverLine { text: mask(said(&m)), act: m.act.map(|a| a.name()), by: (m.by * 1000.0).round() / 1000.0 })
        .collect()
}

fn lines(c: &Conversation<'_>, reading: &Reading, lexicon: &Lexicon, mask: Mask) -> Vec<u8> {
    let mut out = Vec::new();
    let id = masked_id(&c.id, mask);
    for (i, turn) in c.turns.iter().enumerate() {
        let acts = reading.acts_of(i);
        let line = TurnLine {
            conversation_id: &id,
            turn: i,
            speaker: turn.speaker,
            agent_id: if turn.speaker == Speaker::Agent { c.agent_of(turn) } else { None },
            language: reading.turns[i].language,
            acts: acts
                .iter()
                .map(|f| {
                    let rule = lexicon.rule(f.rule);
                    ActLine {
                        act: f.act.name(),
                        start: f.start,
                        end: f.end,
                        text: mask(&turn.text[f.start as usize..f.end as usize]),
                        confidence: (f64::from(f.confidence) * 1000.0).round() / 1000.0,
                        rule: format!("{}/{}:{}", rule.language.code(), rule.act.name(), rule.pattern),
                    }
                })
                .collect(),
            because: measures::HEADS
                .into_iter()
                .map(|head| (head.name(), because(&turn.text, reading, i, lexicon, head, mask)))
                .filter(|(_, movers)| !movers.is_empty())
                .collect(),
            measures: measures::of_turn(acts, &reading.turns[i], lexicon.model()),
        };
        if serde_json::to_writer(&mut out, &line).is_ok() {
            out.push(b'\n');
        }
    }
    out
}
