//! `sabyr explain`: one conversation with its points, in the terminal.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use clap::{Parser, ValueEnum};
use sabyr::model::Status;
use sabyr::runs::explain::{ExplainError, ExplainedPart, Explanation, How, ShownTurn, explain};
use sabyr::runs::{PointRow, Run, review};

use super::{Failure, clean, lexicon};

/// Show one conversation of a run: every turn with its points, what called for them, and how they add up
#[derive(Parser)]
#[command(
    after_help = "The transcript is not in the run folder. It is read again from its source, with the options of the run, and scored again; where
the source is gone, or it, the phrases or the scorecard have changed, that is said and the run's own evidence is shown instead.

Each score is the base of its criterion plus the points won and lost. Words that a point stands at have the colour of the criterion;
NO_COLOR and pipes are respected.

Examples:
  sabyr explain night call-017
  sabyr explain night call-017 --agent tom --criterion empathy
  sabyr explain /srv/quality/2026-11-22 c-1041 --from /srv/exports --color always | less -R"
)]
pub(crate) struct Args {
    /// Folder that `sabyr score` wrote
    run: PathBuf,
    /// Id of the conversation, as in conversations.csv
    id: String,
    /// Only the part of this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// Only the points of this criterion; may be given several times
    #[arg(long, value_name = "NAME")]
    criterion: Vec<String>,
    /// Folder from which the night was scored, where its inputs had relative names
    #[arg(long, value_name = "DIR", default_value = ".")]
    from: PathBuf,
    /// Scorecard, where it is no longer where it was
    #[arg(long, value_name = "FILE")]
    scorecard: Option<PathBuf>,
    /// Phrases of your own, where they are no longer where they were
    #[arg(long, value_name = "DIR")]
    lexicons: Option<PathBuf>,
    /// When to use colours
    #[arg(long, value_enum, default_value = "auto")]
    color: Color,
    /// Do not mask personal data in the transcript
    #[arg(long)]
    no_redact: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// A colour for each criterion, in their order.
const COLORS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Magenta,
    AnsiColor::Yellow,
    AnsiColor::Blue,
    AnsiColor::BrightGreen,
    AnsiColor::BrightMagenta,
];
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const WON: Style = AnsiColor::Green.on_default();
const LOST: Style = AnsiColor::Red.on_default();

fn color(criterion: usize) -> Style {
    COLORS[criterion % COLORS.len()].on_default()
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let run = super::open_run(&args.run)?;
    let wanted = wanted(&run, &args.criterion)?;
    let notes = review::notes(&run).map_err(Failure::usage)?;
    let how = run.facts.how.clone().unwrap_or_default();
    let at = |told: &Option<PathBuf>, kept: Option<String>| told.clone().or_else(|| kept.map(|k| args.from.join(k)));
    let (scorecard, lexicons) = (at(&args.scorecard, how.scorecard_file), at(&args.lexicons, how.lexicons));
    // Files that are gone leave the built-in ones, whose hash then says that they are others.
    let there = |path: Option<PathBuf>| path.filter(|p| p.exists());
    let scorecard = super::score::load_scorecard(there(scorecard).as_deref())?;
    let lexicons = there(lexicons);
    let load = || {
        lexicon::load(lexicons.as_deref()).map_err(|e| match e {
            Failure::Use(e) | Failure::Other(e) => format!("{e:#}"),
        })
    };
    let how = How {
        from: &args.from,
        load: &load,
        scorecard: &scorecard,
        mask: super::mask(args.no_redact),
        agent: args.agent.as_deref(),
    };
    let found = explain(&run, &args.id, &notes, &how).map_err(|e| match e {
        ExplainError::Run(e) => e.into(),
        e => Failure::usage(e),
    })?;
    if let Err(why) = &found.transcript {
        super::say(false, &format!("The transcript cannot be shown: {why}.\nThis is the run's own evidence."));
    }
    let choice = match args.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    let mut out = AutoStream::new(io::stdout().lock(), choice);
    print(&mut out, &run, &found, &wanted)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Which criteria are shown.
fn wanted(run: &Run, names: &[String]) -> Result<Vec<bool>, Failure> {
    for name in names {
        if !run.criteria.contains(name) {
            return Err(Failure::usage(anyhow::anyhow!(
                "there is no criterion {name:?} in the run; there are {}",
                run.criteria.join(", ")
            )));
        }
    }
    Ok(run.criteria.iter().map(|c| names.is_empty() || names.contains(c)).collect())
}

fn print(out: &mut impl Write, run: &Run, found: &Explanation, wanted: &[bool]) -> io::Result<()> {
    let Some(first) = found.parts.first() else { return Ok(()) };
    let r = &first.row;
    let known = [&r.channel, &r.language, &r.started_at, &r.queue, &r.source];
    let known: Vec<&str> = known.into_iter().map(String::as_str).filter(|s| !s.is_empty()).collect();
    writeln!(out, "{BOLD}{}{BOLD:#}  {DIM}{}{DIM:#}", clean(&r.conversation_id), clean(&known.join(" · ")))?;
    for part in &found.parts {
        summary(out, run, part, wanted)?;
    }
    writeln!(out)?;
    match &found.transcript {
        Ok(turns) => {
            for turn in turns {
                transcript(out, run, turn, &found.parts, wanted)?;
            }
        }
        Err(_) => {
            for part in &found.parts {
                if found.parts.len() > 1 {
                    writeln!(out, "{BOLD}{}{BOLD:#}", name(&part.row.agent_id))?;
                }
                let mut last = None;
                for p in part.points.iter().filter(|p| wanted[p.criterion]) {
                    if last.replace((p.turn, &p.quote)) != Some((p.turn, &p.quote)) {
                        writeln!(out, "{:>3}  “{}”", p.turn, clean(&p.quote))?;
                    }
                    point(out, run, p, "", None)?;
                }
            }
        }
    }
    Ok(())
}

fn name(agent: &str) -> Cow<'_, str> {
    if agent.is_empty() { "(agent not named)".into() } else { clean(agent) }
}

fn summary(out: &mut impl Write, run: &Run, part: &ExplainedPart, wanted: &[bool]) -> io::Result<()> {
    let r = &part.row;
    let overall = r.overall.map_or("nothing scored".to_owned(), |o| format!("overall {o:.0}"));
    let sure = r.confidence.map_or(String::new(), |c| format!(", confidence {c:.2}"));
    writeln!(out, "\n{BOLD}{}{BOLD:#}  {overall}{sure}", name(&r.agent_id))?;
    if !r.fatal.is_empty() {
        writeln!(out, "  {LOST}fatal: {}; the overall score is 0{LOST:#}", clean(&r.fatal))?;
    }
    let width = (0..run.criteria.len()).map(|i| run.title(i).chars().count()).max().unwrap_or(0);
    for (i, c) in r.criteria.iter().enumerate().filter(|(i, _)| wanted[*i]) {
        let (title, color) = (run.title(i), color(i));
        match (c.score, part.sum(i)) {
            (Some(score), Some((base, won, lost))) => writeln!(
                out,
                "  {color}{title:<width$}{color:#} {score:>5.1} = {base:.1} base {WON}+ {won:.1} won{WON:#} {LOST}− {:.1} lost{LOST:#}",
                lost.abs()
            )?,
            _ => {
                let status = c.status.map_or("", Status::name).replace('_', " ");
                writeln!(out, "  {color}{title:<width$}{color:#}     – {status}: {}", c.reason)?;
            }
        }
    }
    for n in &part.notes {
        let about =
            if n.criterion.is_empty() { String::new() } else { format!(" about {}", n.criterion.replace('_', " ")) };
        let by = if n.reviewer.is_empty() { String::new() } else { format!(" by {}", clean(&n.reviewer)) };
        let text = if n.text.is_empty() { String::new() } else { format!(": {}", clean(&n.text)) };
        writeln!(out, "  {BOLD}{}{BOLD:#}{about}{by}{text}", n.kind.name())?;
    }
    Ok(())
}

fn transcript(
    out: &mut impl Write,
    run: &Run,
    turn: &ShownTurn,
    parts: &[ExplainedPart],
    wanted: &[bool],
) -> io::Result<()> {
    let time = turn.start.map_or(String::new(), |s| format!("{}:{:02} ", s as u64 / 60, s as u64 % 60));
    let who = match (turn.speaker, turn.agent_id.as_str()) {
        ("agent", id) if !id.is_empty() => format!("agent {}", clean(id)),
        (speaker, _) => speaker.to_owned(),
    };
    let kind = if turn.kind.is_empty() { String::new() } else { format!(" ({}, not scored)", turn.kind) };
    write!(out, "{:>3}  {DIM}{time}{DIM:#}{BOLD}{who}{BOLD:#}{kind}  ", turn.turn)?;
    let mut at = 0;
    for h in turn.highlights.iter().filter(|h| wanted[h.criterion]) {
        let style = color(h.criterion).underline();
        write!(out, "{}{style}{}{style:#}", lines(&turn.text[at..h.start]), lines(&turn.text[h.start..h.end]))?;
        at = h.end;
    }
    writeln!(out, "{}", lines(turn.text[at..].trim_end()))?;
    for part in parts {
        let here = part.points.iter().enumerate().filter(|(_, p)| p.turn == turn.turn && wanted[p.criterion]);
        for (i, p) in here {
            let whose = (parts.len() > 1).then_some(part.row.agent_id.as_str());
            point(out, run, p, part.words.get(i).map_or("", String::as_str), whose)?;
        }
    }
    Ok(())
}

/// A text of several lines, set in below its turn; blank lines left out.
fn lines(text: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' { '\u{FFFD}' } else { c };
    let mut out: String = text.replace('\r', "").replace('\t', " ").chars().map(shown).collect();
    while out.contains("\n\n") {
        out = out.replace("\n\n", "\n");
    }
    out.replace('\n', "\n       ")
}

fn point(out: &mut impl Write, run: &Run, p: &PointRow, words: &str, whose: Option<&str>) -> io::Result<()> {
    let (title, hue) = (run.title(p.criterion), color(p.criterion));
    let effect = if p.points > 0.0 { WON } else { LOST };
    let whose = whose.map_or(String::new(), |w| format!(" ({})", name(w)));
    let words = if words.is_empty() {
        String::new()
    } else {
        format!("  “{}”", clean(&words.split_whitespace().collect::<Vec<_>>().join(" ")))
    };
    let phrase = if p.phrase.is_empty() { String::new() } else { format!("  {}", p.phrase) };
    let points = format!("{:+.1}", p.points).replace('-', "−");
    let rule = p.rule.replace('_', " ");
    writeln!(
        out,
        "     {effect}{points:>6}{effect:#}  {hue}{title}{hue:#}{whose} · {rule}{words}{DIM}{phrase}{DIM:#}"
    )?;
    if let Some(turn) = p.called_turn {
        writeln!(out, "             called for by turn {turn}: “{}”", clean(&p.called_quote))?;
    }
    if !p.would_earn.is_empty() && p.points < 0.0 {
        writeln!(out, "             would have earned it: {}", p.would_earn)?;
    }
    Ok(())
}
