//! `sabyr inspect`: what was recognised in files, and what each missing thing costs.

use std::collections::BTreeMap;
use std::io::{Write, stdout};
use std::process::ExitCode;

use clap::Parser;
use sabyr::criteria::{self, parts};
use sabyr::ingest;
use sabyr::lexicon::{Reader, Reading};
use sabyr::model::{Channel, Conversation, Language, Place, Speaker, Status};
use sabyr::pipeline::{self, Outcome, Steps};
use sabyr::scorecard::Scorecard;
use serde::Serialize;

use super::{Failure, Input, Limits, lexicon, suggest_map};

/// Show what is recognised in files: format, turns by role, times, languages, what is missing and what that costs
#[derive(Parser)]
#[command(after_help = "Examples:
  sabyr inspect data/night --agent-domain sabyr-demo.kz
  sabyr inspect export.json --suggest-map > ours.toml")]
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
    turns: BTreeMap<&'static str, u64>,
    without_start: u64,
    without_end: u64,
    seconds: f64,
    language: Option<Language>,
    channel: &'static str,
    without_agent: bool,
    statuses: Vec<(usize, Status, &'static str)>,
    started_at: String,
}

#[derive(Default, Serialize)]
struct Picture {
    files: Vec<FileLine>,
    conversations: u64,
    quarantined: Vec<String>,
    turns_by_speaker: BTreeMap<&'static str, u64>,
    channels: BTreeMap<&'static str, u64>,
    languages: BTreeMap<&'static str, u64>,
    first_started_at: String,
    last_started_at: String,
    hours: f64,
    turns_without_start: u64,
    turns_without_end: u64,
    conversations_without_agent: u64,
    /// Criterion → status → reason → conversations' parts.
    criteria: BTreeMap<&'static str, BTreeMap<&'static str, BTreeMap<&'static str, u64>>>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct FileLine {
    file: String,
    format: String,
}

pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    if args.suggest_map {
        return suggest_map::run(&args.input);
    }
    let lexicon = lexicon::load(None)?;
    let scorecard = Scorecard::built_in().map_err(Failure::usage)?;
    let sources = args.input.sources()?;
    let options = args.input.options()?;
    let stop = super::stop_on_signal()?;
    let mut picture = Picture::default();
    for source in &sources {
        let format = match (&options.format, ingest::recognise(source, &options)) {
            (Some(name), _) => format!("{name} (as told)"),
            (None, Ok(format)) => format.name().to_owned(),
            (None, Err(q)) => format!("not recognised: {}", q.reason),
        };
        picture.files.push(FileLine { file: source.file.display().to_string(), format });
    }
    let ended = pipeline::run(
        &sources,
        &options,
        args.limits.threads(),
        &stop,
        Steps {
            worker: || (Reader::new(&lexicon), Reading::default()),
            work: |(reader, reading): &mut (Reader<'_>, Reading), conversation: &Conversation<'_>, _: &Place| {
                reader.read(conversation, reading);
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
                Outcome::Quarantined(q) => picture.quarantined.push(format!("{}: {}", q.place, q.reason)),
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

fn look(c: &Conversation<'_>, reading: &Reading) -> Seen {
    let mut seen = Seen { channel: c.channel.name(), language: reading.language, ..Seen::default() };
    let mut agents = 0;
    for turn in &c.turns {
        *seen.turns.entry(turn.speaker.name()).or_default() += 1;
        seen.without_start += u64::from(turn.start.is_none());
        seen.without_end += u64::from(turn.end.is_none());
        seen.seconds = seen.seconds.max(turn.end.or(turn.start).unwrap_or(0.0));
        if turn.speaker == Speaker::Agent {
            agents += 1;
            seen.without_agent |= c.agent_of(turn).is_none();
        }
    }
    seen.without_agent |= agents == 0;
    seen.started_at = c.started_at.as_deref().unwrap_or_default().to_owned();
    seen
}

impl Picture {
    fn add(&mut self, seen: Seen) {
        self.conversations += 1;
        for (speaker, n) in seen.turns {
            *self.turns_by_speaker.entry(speaker).or_default() += n;
        }
        *self.channels.entry(seen.channel).or_default() += 1;
        *self.languages.entry(seen.language.map_or("not told", Language::code)).or_default() += 1;
        self.turns_without_start += seen.without_start;
        self.turns_without_end += seen.without_end;
        self.conversations_without_agent += u64::from(seen.without_agent);
        if seen.channel == Channel::Call.name() {
            self.hours += seen.seconds / 3600.0;
        }
        if !seen.started_at.is_empty() {
            if self.first_started_at.is_empty() || seen.started_at < self.first_started_at {
                self.first_started_at.clone_from(&seen.started_at);
            }
            if seen.started_at > self.last_started_at {
                self.last_started_at = seen.started_at;
            }
        }
        for (i, status, reason) in seen.statuses {
            let by = self.criteria.entry(criteria::ALL[i].name()).or_default();
            *by.entry(status.name()).or_default().entry(reason).or_default() += 1;
        }
    }

    fn warn(&mut self) {
        let mut say = |line: String| self.warnings.push(line);
        let of = |n: u64, all: u64| format!("{n} of {all}");
        if self.conversations == 0 {
            say("nothing could be read; `sabyr formats` lists what is understood".into());
        }
        if self.conversations_without_agent > 0 {
            say(format!(
                "{} conversations have agent turns without an agent's id, or no agent: they are scored under an empty id or not at all; name the agent in the \
                 input, in the speaker's label (`Agent Aida: ...`) or, for mail, with --agent-domain",
                of(self.conversations_without_agent, self.conversations)
            ));
        }
        if let Some(n) = self.turns_by_speaker.get("unknown") {
            say(format!(
                "{n} turns have a speaker that is not known to be agent or customer: criteria that need it become cannot_tell"
            ));
        }
        let turns: u64 = self.turns_by_speaker.values().sum();
        let calls = self.channels.get("call").copied().unwrap_or(0);
        if calls > 0 && self.turns_without_end > 0 {
            say(format!(
                "{} turns have no end time: interruptions are not seen there (patience loses that part only)",
                of(self.turns_without_end, turns)
            ));
        }
    }

    fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        let mut formats: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for f in &self.files {
            formats.entry(&f.format).or_default().push(&f.file);
        }
        writeln!(out, "files           {}", self.files.len())?;
        for (format, files) in formats {
            let more = if files.len() > 3 { format!(" and {} more", files.len() - 3) } else { String::new() };
            writeln!(out, "  {format:<13} {}{more}", files[..files.len().min(3)].join(", "))?;
        }
        let counts =
            |m: &BTreeMap<&'static str, u64>| m.iter().map(|(k, n)| format!("{k} {n}")).collect::<Vec<_>>().join(", ");
        writeln!(out, "conversations   {}", self.conversations)?;
        writeln!(out, "channels        {}", counts(&self.channels))?;
        writeln!(out, "languages       {}", counts(&self.languages))?;
        writeln!(out, "turns           {}", counts(&self.turns_by_speaker))?;
        if !self.first_started_at.is_empty() {
            writeln!(out, "started         {} to {}", self.first_started_at, self.last_started_at)?;
        }
        writeln!(out, "calls           {:.1} hours by the times given", self.hours)?;
        writeln!(
            out,
            "without times   {} turns without start, {} without end",
            self.turns_without_start, self.turns_without_end
        )?;
        for (criterion, statuses) in &self.criteria {
            let total: u64 = statuses.values().flat_map(|r| r.values()).sum();
            let scored: u64 = statuses.get("scored").map_or(0, |r| r.values().sum());
            writeln!(out, "{criterion:<18} {scored} of {total} scored")?;
            for (status, reasons) in statuses.iter().filter(|(s, _)| **s != "scored") {
                for (reason, n) in reasons {
                    writeln!(out, "  {n:>5} {status}: {reason}")?;
                }
            }
        }
        if !self.quarantined.is_empty() {
            writeln!(out, "quarantined     {}", self.quarantined.len())?;
            for line in self.quarantined.iter().take(10) {
                writeln!(out, "  {line}")?;
            }
        }
        for line in &self.warnings {
            writeln!(out, "warning: {line}")?;
        }
        Ok(())
    }
}
