//! `sabyr inspect`: what was recognised in files, and what each missing thing costs.

mod picture;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Write, stdout};
use std::process::ExitCode;

use clap::Parser;
use sabyr::criteria::{self, parts};
use sabyr::ingest::{self, Options, Source};
use sabyr::lexicon::Reading;
use sabyr::model::{Channel, Conversation, Language, Note, Place, RoleSource, Speaker, Status};
use sabyr::pipeline::{self, Outcome, Steps};
use sabyr::privacy;
use sabyr::resolve::Resolver;
use sabyr::scorecard::Scorecard;

use super::{Failure, Input, Limits, lexicon, suggest_map};
use picture::Picture;

/// Show what is recognised in files: format, turns by role, times, languages, what is missing, what that costs and what helps
#[derive(Parser)]
#[command(after_help = "Examples:
  sabyr inspect data/night --agent-domain sabyr-demo.kz
  sabyr inspect calls --channel-map 'channel 0=agent,channel 1=customer'
  sabyr inspect meetings --roster agents.csv --name-pattern '(?P<date>\\d{8})_(?P<id>\\d+)'
  sabyr inspect exports --side calls.csv --json | jq .warnings
  sabyr inspect export.json --suggest-map > ours.toml

The same options work for score and annotate: inspect until nothing is missing, then score.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    limits: Limits,
    /// Write JSON for machines
    #[arg(long)]
    json: bool,
    /// Propose a mapping (--map) for an export that is not recognised, and say what it reads of it
    #[arg(long, conflicts_with_all = ["json", "map"])]
    suggest_map: bool,
}

/// What one conversation adds to the picture.
#[derive(Default)]
struct Seen {
    format: &'static str,
    turns: BTreeMap<&'static str, u64>,
    without_start: u64,
    without_end: u64,
    seconds: f64,
    language: Option<Language>,
    channel: &'static str,
    role_source: RoleSource,
    /// What the speakers are called whose roles the input does not tell.
    labels: BTreeSet<String>,
    agents: BTreeSet<String>,
    without_agent: bool,
    notes: Vec<Note>,
    statuses: Vec<(usize, Status, &'static str)>,
    started_at: String,
}

pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    if args.suggest_map {
        return suggest_map::run(&args.input);
    }
    let sources = args.input.sources()?;
    let options = args.input.options()?;
    let lexicon = lexicon::load(None)?;
    let scorecard = Scorecard::built_in().map_err(Failure::usage)?;
    let stop = super::stop_on_signal()?;
    let mut picture = Picture::new(sources.len());
    sources.iter().for_each(|s| recognise(s, &options, &mut picture));
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
                let mut seen = look(conversation, reading);
                for part in parts(conversation, reading, &lexicon) {
                    let result = scorecard.score(&part);
                    seen.statuses.extend(result.criteria.iter().enumerate().map(|(i, r)| (i, r.status, r.reason)));
                }
                seen
            },
            seal: |_: &mut _| (),
        },
        |outcomes, ()| {
            outcomes.into_iter().for_each(|outcome| match outcome {
                Outcome::Done { value, .. } => picture.add(value),
                Outcome::Quarantined(q) => picture.set_aside(&q),
            });
            Ok::<(), std::convert::Infallible>(())
        },
    )?;
    if !ended {
        return Err(anyhow::anyhow!("stopped before the end of the input").into());
    }
    picture.warn();
    let mut out = stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &picture)?;
        writeln!(out)?;
    } else {
        picture.print(&mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Names the format of a file and, for the first of a format, the marks it is known by.
fn recognise(source: &Source, options: &Options, picture: &mut Picture) {
    // What is not recognised is set aside when it is read, with the reason.
    let Ok(format) = ingest::recognise(source, options) else { return };
    let told = options.format.is_some();
    picture.file(format.name(), || match source.sample(options) {
        _ if told => "--format".to_owned(),
        Ok(beginning) => format.why(&beginning.sample()),
        Err(_) => String::new(),
    });
}

fn look(c: &mut Conversation<'_>, reading: &Reading) -> Seen {
    let mut seen = Seen {
        format: c.format,
        channel: c.channel.name(),
        language: reading.language,
        role_source: c.roles.source,
        notes: std::mem::take(&mut c.notes),
        started_at: c.started_at.as_deref().unwrap_or_default().to_owned(),
        ..Seen::default()
    };
    for turn in &c.turns {
        *seen.turns.entry(turn.speaker.name()).or_default() += 1;
        seen.without_start += u64::from(turn.start.is_none());
        seen.without_end += u64::from(turn.end.is_none());
        seen.seconds = seen.seconds.max(turn.end.or(turn.start).unwrap_or(0.0));
        if turn.speaker == Speaker::Agent {
            match c.agent_of(turn) {
                Some(id) => {
                    seen.agents.insert(id.to_owned());
                }
                None => seen.without_agent = true,
            }
        }
        // A label stands where the input does not tell the role.
        if seen.labels.len() < 4 {
            seen.labels.extend(turn.label.as_deref().map(|l| privacy::mask(l).into_owned()));
        }
    }
    seen
}

/// The criteria by name, in their order.
fn criterion(index: usize) -> &'static str {
    criteria::ALL[index].name()
}

/// Whether turns of this channel have a length.
fn is_call(channel: &str) -> bool {
    channel == Channel::Call.name()
}
