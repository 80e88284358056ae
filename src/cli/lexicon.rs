//! `sabyr lexicon`: check, try and list what the phrases find.

use std::io::{IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::{Parser, Subcommand, ValueEnum};
use sabyr::learned::Model;
use sabyr::lexicon::{self, ACTS, Lexicon, LexiconFile, Reader, Reading, gold};
use sabyr::model::{Channel, Conversation, Speaker, Turn};

use super::Failure;

/// Check, try out and list the phrases that acts are found by
#[derive(Parser)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Verify lexicon files: every example found, no counter-example found, enough phrases, sorted
    #[command(
        after_help = "Examples:\n  sabyr lexicon check lexicons\n  sabyr lexicon check lexicons --only ru/empathy.apology --write"
    )]
    Check {
        /// Folder with en/, ru/, kk/ in it; the built-in lexicon when absent
        folder: Option<PathBuf>,
        /// Rewrite the files in their canonical form: sorted, without repetition
        #[arg(long, requires = "folder")]
        write: bool,
        /// Report only these files, as LANG/ACT (the beginning is enough)
        #[arg(long, value_name = "LANG/ACT")]
        only: Vec<String>,
        /// Also list phrases that stand in two acts
        #[arg(long)]
        overlaps: bool,
    },
    /// Show what is found in a text, and by which phrase
    #[command(after_help = "Example:\n  sabyr lexicon try \"I'm so sorry about the wait\"")]
    Try {
        /// The text
        text: String,
        /// Who says it
        #[arg(long, value_enum, default_value = "anyone")]
        speaker: Who,
        /// Phrases of your own, laid over the built-in ones
        #[arg(long, value_name = "DIR")]
        lexicons: Option<PathBuf>,
    },
    /// Hold what is found against labelled turns: precision, recall and F1 of each act
    #[command(
        after_help = "Every second line, from the second on, is the closed half: it shows figures and no differences, so that phrases are\nnot mended by it.\n\nExamples:\n  sabyr lexicon gold tests/gold/en_turns.jsonl\n  sabyr lexicon gold tests/gold/ru_turns.jsonl --folder lexicons --half open --differences --act empathy"
    )]
    Gold {
        /// Files of labelled turns (tests/gold/README.md)
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Lexicon folder to measure, instead of the built-in one
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
        /// Only one half of the turns
        #[arg(long, value_enum)]
        half: Option<Half>,
        /// Also list where program and person differ, in the open half
        #[arg(long)]
        differences: bool,
        /// Only acts whose names begin so
        #[arg(long, value_name = "ACT", default_value = "")]
        act: String,
    },
    /// List every act, who speaks it, and what it means
    Acts,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Half {
    /// Phrases may be mended by it.
    Open,
    /// Only ever measured.
    Closed,
}

#[derive(Clone, Copy, ValueEnum)]
enum Who {
    Agent,
    Customer,
    Anyone,
}

/// The built-in lexicon, with the user's laid over it.
pub(crate) fn load(folder: Option<&std::path::Path>) -> Result<Lexicon, Failure> {
    let mut files = lexicon::built_in_files()?;
    if let Some(folder) = folder {
        files = lexicon::overlay(files, lexicon::files_of(folder).map_err(Failure::usage)?);
    }
    compile(&files)
}

fn compile(files: &[LexiconFile]) -> Result<Lexicon, Failure> {
    let model = Model::built_in().map_err(Failure::usage)?;
    Ok(Lexicon::compile(files).map_err(Failure::usage)?.with_model(model))
}

pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    match args.command {
        Command::Check { folder, write, only, overlaps } => check(folder, write, &only, overlaps),
        Command::Try { text, speaker, lexicons } => try_text(&text, speaker, &load(lexicons.as_deref())?),
        Command::Gold { files, folder, half, differences, act } => {
            measure(&files, folder.as_deref(), half, differences, &act)
        }
        Command::Acts => {
            let mut out = stdout().lock();
            for act in ACTS {
                writeln!(out, "{:<26} {:<9} {}", act.name, format!("{:?}", act.by).to_lowercase(), act.about)?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(folder: Option<PathBuf>, write: bool, only: &[String], overlaps: bool) -> Result<ExitCode, Failure> {
    let wanted = |path: &str| only.is_empty() || only.iter().any(|o| path.starts_with(o.as_str()));
    let (files, mut mistakes) = match &folder {
        Some(folder) => lexicon::files_and_mistakes_of(folder).map_err(Failure::usage)?,
        None => lexicon::built_in_files_and_mistakes(),
    };
    let (compiled, of_patterns) = Lexicon::compile_what_is_right(&files);
    mistakes.extend(of_patterns);
    mistakes.extend(lexicon::check(&files, &compiled));
    mistakes.retain(|m| wanted(&m.file));
    let mut out = stdout().lock();
    for mistake in &mistakes {
        writeln!(out, "{mistake}")?;
    }
    if overlaps {
        for overlap in lexicon::overlaps(&compiled) {
            let places: Vec<String> =
                overlap.places.iter().filter(|p| wanted(&p.0)).map(|p| format!("{}:{}", p.0, p.1)).collect();
            if !places.is_empty() {
                writeln!(out, "in several acts: {:?} ({})", overlap.pattern, places.join(", "))?;
            }
        }
    }
    let mut unsorted = 0;
    for file in files.iter().filter(|f| wanted(&f.path)) {
        let canonical = file.canonical();
        if canonical != file.source {
            unsorted += 1;
            match (&folder, write) {
                (Some(folder), true) => std::fs::write(folder.join(&file.path), canonical)?,
                _ => writeln!(out, "{}: not in its canonical form; --write sorts it", file.path)?,
            }
        }
    }
    let examples = lexicon::examples(&files).iter().filter(|e| wanted(&e.file)).count();
    let phrases = compiled.rules().iter().filter(|r| !r.bar && wanted(&r.place.0)).count();
    writeln!(
        out,
        "{} files, {phrases} phrases, {} nodes, {examples} examples: {} mistakes, {unsorted} {}",
        files.iter().filter(|f| wanted(&f.path)).count(),
        compiled.nodes(),
        mistakes.len(),
        if write { "rewritten" } else { "not in canonical form" },
    )?;
    Ok(if mistakes.is_empty() && (unsorted == 0 || write) { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn measure(
    paths: &[PathBuf],
    folder: Option<&Path>,
    half: Option<Half>,
    differences: bool,
    act: &str,
) -> Result<ExitCode, Failure> {
    let lexicon = match folder {
        None => load(None)?,
        Some(folder) => compile(&lexicon::files_of(folder).map_err(Failure::usage)?)?,
    };
    let mut out = stdout().lock();
    for path in paths {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
        let turns = gold::parse(&text.map_err(Failure::Use)?)
            .map_err(|(line, message)| Failure::usage(anyhow!("{}:{line}: {message}", path.display())))?;
        let of = |half: Half| turns.iter().skip(usize::from(half == Half::Closed)).step_by(2);
        let report = match half {
            None => gold::measure(&lexicon, &turns),
            Some(half) => gold::measure(&lexicon, of(half)),
        };
        writeln!(out, "{}", path.display())?;
        writeln!(out, "{:<26} {:>9} {:>7} {:>6} {:>5}", "act", "precision", "recall", "F1", "n")?;
        for (a, c) in report.acts.iter().filter(|(a, _)| a.name().starts_with(act)) {
            let n = c.both + c.missed;
            writeln!(out, "{:<26} {:>9.2} {:>7.2} {:>6.2} {n:>5}", a.name(), c.precision(), c.recall(), c.f1())?;
        }
        let all = report.together();
        writeln!(
            out,
            "{:<26} {:>9.2} {:>7.2} {:>6.2} {:>5}   macro F1 {:.3}",
            "all",
            all.precision(),
            all.recall(),
            all.f1(),
            all.both + all.missed,
            report.macro_f1()
        )?;
        if differences {
            for d in gold::measure(&lexicon, of(Half::Open)).differences {
                if d.act.name().starts_with(act) {
                    let what = d.found.map_or("missed".to_owned(), |(words, by)| format!("found {words:?} by {by}"));
                    writeln!(out, "{} {} {what}\n    {}", d.id, d.act.name(), d.text)?;
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn try_text(text: &str, who: Who, lexicon: &Lexicon) -> Result<ExitCode, Failure> {
    if text.trim().is_empty() {
        return Err(Failure::usage(anyhow!("there is no text to try")));
    }
    let speaker = match who {
        Who::Agent => Speaker::Agent,
        Who::Customer => Speaker::Customer,
        Who::Anyone => Speaker::Unknown,
    };
    let conversation = Conversation {
        id: "try".into(),
        channel: Channel::Chat,
        turns: vec![Turn { speaker, text: text.into(), ..Turn::default() }],
        ..Conversation::default()
    };
    let mut reading = Reading::default();
    Reader::new(lexicon).read(&conversation, &mut reading);
    let mut out = stdout().lock();
    let language = reading.language.map_or("not known", |l| l.code());
    writeln!(out, "language: {language}, {} words", reading.word_count(0))?;
    let (bold, plain) = if std::io::stdout().is_terminal() { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    for found in &reading.acts {
        let rule = lexicon.rule(found.rule);
        writeln!(
            out,
            "{bold}{:<26}{plain} {:.2}  {:?}  by {}:{} {:?}",
            found.act.name(),
            found.confidence,
            &text[found.start as usize..found.end as usize],
            rule.place.0,
            rule.place.1,
            rule.pattern,
        )?;
    }
    if reading.acts.is_empty() {
        writeln!(out, "nothing found")?;
    }
    Ok(ExitCode::SUCCESS)
}
