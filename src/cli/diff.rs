//! `sabyr diff`: what is different between two runs, and why.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use sabyr::model::Status;
use sabyr::runs::Run;
use sabyr::runs::diff::{self, AgentMove, Cause, Diff, Move, Side};

use super::score::CsvPreset;
use super::{Failure, clean};

/// Compare two runs: what a change of phrases or of the scorecard does to conversations and agents
#[derive(Parser)]
#[command(
    after_help = "Score the same input twice, once with the phrases or the scorecard as they are and once as you would have them, and compare.
Listed are scores that move by at least --min-change points, and whatever changes its status or its band; for each, the points that
appeared or vanished. The terminal shows the largest; --out writes all.

Examples:
  sabyr score exports --out before
  sabyr score exports --lexicons mine --out after
  sabyr diff before after
  sabyr diff before after --min-change 5 --out moves.csv"
)]
pub(crate) struct Args {
    /// Folder of the first run
    run_a: PathBuf,
    /// Folder of the second run
    run_b: PathBuf,
    /// Points by which a score must move to be listed
    #[arg(long, value_name = "POINTS", default_value_t = 3.0, value_parser = parse_points)]
    min_change: f64,
    /// CSV file with every difference
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How CSV is written
    #[arg(long, value_enum, default_value = "rfc")]
    csv_preset: CsvPreset,
}

fn parse_points(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(n) if (0.0..=100.0).contains(&n) => Ok(n),
        _ => Err("a number of points from 0 to 100".to_owned()),
    }
}

/// Lines of each list on the terminal.
const SHOWN: usize = 10;

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let (a, b) = (super::open_run(&args.run_a)?, super::open_run(&args.run_b)?);
    let thresholds = [a.thresholds()?, b.thresholds()?];
    let found = diff::compare(&a, &b, args.min_change, thresholds)?;
    if let Some(out) = &args.out {
        super::write_file(out, &diff::table(&found, args.csv_preset.into()))?;
    }
    let mut to = io::stdout().lock();
    print(&mut to, &a, &b, &found, args.min_change)?;
    match &args.out {
        Some(out) => writeln!(to, "\nAll differences are in {}.", out.display())?,
        None if found.moves.len() > SHOWN => writeln!(to, "\n--out FILE.csv writes all differences.")?,
        None => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn print(out: &mut impl Write, a: &Run, b: &Run, found: &Diff, least: f64) -> io::Result<()> {
    for (what, x, y) in &found.made_by {
        writeln!(out, "{what}: {x} → {y}")?;
    }
    if found.made_by.is_empty() {
        writeln!(out, "Both runs were made by the same program, phrases and scorecard.")?;
    }
    if found.inputs_differ {
        let (x, y) = (a.facts.inputs.join(" "), b.facts.inputs.join(" "));
        writeln!(out, "The runs are of different inputs: {x} → {y}. Only what both have is compared.")?;
    }
    if !found.criteria.is_empty() {
        writeln!(out, "Only one of the runs has {}; not compared.", found.criteria.join(", "))?;
    }
    let (only_a, only_b) = (found.only_a.len(), found.only_b.len());
    writeln!(
        out,
        "{} parts of conversations in both, {only_a} only in {}, {only_b} only in {}",
        found.both,
        a.path.display(),
        b.path.display()
    )?;

    writeln!(out, "\n{:<20} {:>6} {:>6} {:>6} {:>6}  {:>7}", "", "up", "down", "band", "status", "largest")?;
    for name in std::iter::once("overall")
        .chain(a.criteria.iter().map(String::as_str))
        .filter(|n| !found.criteria.iter().any(|c| c == n))
    {
        let of: Vec<&Move> = found.moves.iter().filter(|m| m.criterion == name).collect();
        let count = |keep: &dyn Fn(&Move) -> bool| of.iter().filter(|m| keep(m)).count();
        let largest =
            of.iter().filter_map(|m| m.change()).filter(|c| c.abs() >= 0.05).max_by(|x, y| x.abs().total_cmp(&y.abs()));
        writeln!(
            out,
            "{name:<20} {:>6} {:>6} {:>6} {:>6}  {:>7}",
            count(&|m| m.change().is_some_and(|c| c >= least && c > 0.0)),
            count(&|m| m.change().is_some_and(|c| c <= -least && c < 0.0)),
            count(&|m| m.a.band.zip(m.b.band).is_some_and(|(x, y)| x != y)),
            count(&|m| m.a.status != m.b.status || m.a.score.is_some() != m.b.score.is_some()),
            largest.map_or("–".to_owned(), |c| format!("{c:+.1}")),
        )?;
    }

    if !found.agents.is_empty() {
        writeln!(out, "\nAgents")?;
        list(out, &found.agents, agent)?;
    }
    if !found.reasons.is_empty() {
        writeln!(out, "\nWhy: points that appeared or vanished in what is listed")?;
        list(out, &found.reasons, |out, r| {
            let times = if r.count == 1 { "once".to_owned() } else { format!("{} times", r.count) };
            writeln!(
                out,
                "  {} {times}: {} · {} · {} ({:+.1} points)",
                r.how, r.criterion, r.rule, r.phrase, r.points
            )?;
            writeln!(out, "      “{}” ({})", clean(&r.example.0), clean(&r.example.1))
        })?;
    }
    let mut moves: Vec<&Move> = found.moves.iter().filter(|m| m.criterion != "overall").collect();
    let far = |m: &Move| m.change().map_or(f64::INFINITY, f64::abs);
    moves.sort_by(|x, y| far(y).total_cmp(&far(x)));
    if !moves.is_empty() {
        writeln!(out, "\nConversations")?;
        list(out, &moves, |out, m| one(out, m))?;
    }
    if found.moves.is_empty() && found.agents.is_empty() {
        writeln!(out, "\nNothing moves by {least} points or more, and no status or band changes.")?;
    }
    Ok(())
}

fn list<W: Write, T>(out: &mut W, all: &[T], mut each: impl FnMut(&mut W, &T) -> io::Result<()>) -> io::Result<()> {
    all.iter().take(SHOWN).try_for_each(|one| each(out, one))?;
    if all.len() > SHOWN {
        writeln!(out, "  ... and {} more", all.len() - SHOWN)?;
    }
    Ok(())
}

fn agent(out: &mut impl Write, m: &AgentMove) -> io::Result<()> {
    let figure = |n: Option<f64>| n.map_or("–".to_owned(), |n| format!("{n:.1}"));
    let band = if m.a.1 == m.b.1 { String::new() } else { format!("  {} → {}", m.a.1, m.b.1) };
    let name = if m.agent_id.is_empty() { "(none)".into() } else { clean(&m.agent_id) };
    writeln!(out, "  {name} · {}: {} → {}{band}", m.criterion, figure(m.a.0), figure(m.b.0))
}

fn one(out: &mut impl Write, m: &Move) -> io::Result<()> {
    let side = |s: Side| match (s.score, s.status) {
        (Some(score), _) => format!("{score:.1} ({})", s.band.unwrap_or("")),
        (None, status) => status.map_or("no score", Status::name).replace('_', " "),
    };
    writeln!(
        out,
        "  {} · {} · {}: {} → {}",
        clean(&m.conversation_id),
        clean(&m.agent_id),
        m.criterion,
        side(m.a),
        side(m.b)
    )?;
    if m.change() == Some(0.0) {
        writeln!(out, "      the score is the same; bands begin elsewhere")?;
    }
    for Cause { how, before, after, point } in &m.causes {
        let points = match *how {
            "appeared" => format!("{after:+.1}"),
            "vanished" => format!("{before:+.1}"),
            _ => format!("{before:+.1} → {after:+.1}"),
        };
        let phrase = if point.phrase.is_empty() { String::new() } else { format!(" · {}", point.phrase) };
        writeln!(out, "      {how}: {points} {}{phrase} “{}”", point.rule, clean(&point.quote))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_numbers_from_0_to_100() {
        assert_eq!(parse_points("2.5"), Ok(2.5));
        assert!(parse_points("-1").is_err() && parse_points("nan").is_err() && parse_points("many").is_err());
    }
}
