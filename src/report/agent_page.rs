//! One Markdown page an agent: scores with intervals, best and worst moments with quotes, two things to practise.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::columns::Cell;
use super::csv::{self, Preset};
use super::rows::EvidenceRow;
use crate::agents::{Agent, AgentRow, Estimate};
use crate::agreement::trust::{Label, Trust};
use crate::criteria;
use crate::notes::Note;
use crate::scorecard::Scorecard;

/// Moments of each kind on a page.
const MOMENTS: usize = 4;
/// Things to practise on a page.
const PRACTISE: usize = 2;

/// A file name, without extension, that is safe on every system whatever the id.
///
/// Letters and digits of any script, `-`, `_`, `.` and `@` stay; a short hash is added where anything had to change, or where two ids
/// would differ by case only.
pub fn file_name(agent_id: &str) -> String {
    if agent_id.is_empty() {
        return "unnamed".into();
    }
    let mut safe: String = agent_id
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@') { c } else { '_' })
        .take(60)
        .collect();
    while safe.starts_with('.') || safe.ends_with('.') {
        safe = safe.trim_matches('.').to_owned();
        safe.push('_');
    }
    // File systems allow 255 bytes; a letter may take four.
    let reserved = ["con", "prn", "aux", "nul", "unnamed"].iter().any(|r| safe.eq_ignore_ascii_case(r))
        || ["com", "lpt"].iter().any(|r| safe.len() == 4 && safe.get(..3).is_some_and(|s| s.eq_ignore_ascii_case(r)));
    if safe != agent_id || reserved || agent_id.to_lowercase() != agent_id {
        let digest = Sha256::digest(agent_id.as_bytes());
        let _ = write!(safe, "-{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2]);
    }
    safe
}

/// Text as Markdown shows it literally, on one line.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn interval(e: &Estimate) -> String {
    match (e.low, e.high) {
        (Some(low), Some(high)) => format!("{low:.0} to {high:.0}"),
        _ => "not enough to tell".into(),
    }
}

/// How far criteria may be trusted, and whether it was measured with the phrases and the scorecard of this run.
pub type Measured<'a> = Option<(&'a Trust, bool)>;

/// The page of an agent, but for what other nights say and for reviewers' notes ([`with_notes`]).
pub fn page(row: &AgentRow, agent: &Agent, scorecard: &Scorecard, trust: Measured<'_>) -> String {
    let mut out = String::new();
    let name =
        if row.agent_id.is_empty() { "Agents that the input does not name".to_owned() } else { escape(&row.agent_id) };
    let _ = writeln!(out, "# {name}\n");
    let parts = if row.conversations == 1 { "conversation" } else { "conversations" };
    let _ = writeln!(out, "{} {parts}.", row.conversations);
    if row.fatal > 0 {
        let _ = writeln!(
            out,
            "\n**{} with a fatal item: read {} first.**",
            row.fatal,
            if row.fatal == 1 { "it" } else { "them" }
        );
    }
    scores(&mut out, row, agent, scorecard, trust.map(|t| t.0));
    if let Some((trust, same)) = trust {
        measured(&mut out, trust, same);
    }
    let best = moments(&agent.best);
    let worst = moments(&agent.worst);
    section(&mut out, "What went best", &best);
    section(&mut out, "What went worst", &worst);
    practise(&mut out, row, agent);
    out
}

/// How far a score agrees with reviewers, for a table.
fn agreement(trust: &Trust, criterion: Option<&str>) -> String {
    let Some(t) = criterion.and_then(|c| trust.of(c)) else { return "–".into() };
    match (t.kappa, t.low, t.high) {
        (Some(k), Some(low), Some(high)) => {
            format!("{}: kappa {k:.2} ({low:.2} to {high:.2}), {} marks", t.label.short(), t.n)
        }
        _ => t.label.words().to_owned(),
    }
}

/// What the agreement was measured on.
fn measured(out: &mut String, trust: &Trust, same: bool) {
    let when = match (trust.marked_from.as_str(), trust.marked_to.as_str()) {
        ("", _) => String::new(),
        (from, to) if from == to => format!(", marked {}", escape(from)),
        (from, to) => format!(", marked {} to {}", escape(from), escape(to)),
    };
    let _ = writeln!(
        out,
        "\nAgreement: scores held against the marks of {} reviewer{} on {} conversations{when}; *{}* means: {}.{}",
        trust.reviewers,
        if trust.reviewers == 1 { "" } else { "s" },
        trust.conversations,
        Label::LikeReviewers.short(),
        Label::LikeReviewers.words(),
        if same { "" } else { " **Measured with other phrases or another scorecard than this run's.**" }
    );
}

/// Around the section of notes, so that it can be put in anew.
const NOTES: [&str; 2] = ["<!-- notes -->", "<!-- /notes -->"];

/// A page with these notes in place of those it may have.
pub fn with_notes(page: &str, notes: &[&Note]) -> String {
    // Texts are escaped, so only the program writes these marks.
    let (before, after) = match (page.find(NOTES[0]), page.find(NOTES[1])) {
        (Some(from), Some(to)) if from < to => (&page[..from], page[to + NOTES[1].len()..].trim_start_matches('\n')),
        _ => (page, ""),
    };
    let mut out = before.trim_end_matches('\n').to_owned();
    out.push('\n');
    if !notes.is_empty() {
        let _ = writeln!(out, "\n{}\n## Notes and disputes\n", NOTES[0]);
        for n in notes {
            let criterion = criteria::ALL.iter().find(|c| c.name() == n.criterion).map_or("", |c| c.title());
            let about = if criterion.is_empty() { String::new() } else { format!(" · {criterion}") };
            let by = if n.reviewer.is_empty() { String::new() } else { format!(" · {}", escape(&n.reviewer)) };
            let text = if n.text.is_empty() { String::new() } else { format!(": “{}”", escape(&n.text)) };
            let _ =
                writeln!(out, "- **{}** · conversation {}{about}{by}{text}", n.kind.name(), escape(&n.conversation_id));
        }
        let _ = writeln!(out, "\n{}", NOTES[1]);
    }
    if !after.is_empty() {
        out.push('\n');
        out.push_str(after);
    }
    out
}

/// The notes as `review.csv`.
pub fn notes_table(notes: &[Note]) -> Vec<u8> {
    let mut out = "\u{FEFF}".as_bytes().to_vec();
    let mut write = |cells: [&str; 6]| {
        for (i, text) in cells.into_iter().enumerate() {
            csv::cell(&mut out, &Cell::Text(text.into()), i == 0, Preset::Rfc);
        }
        csv::end_row(&mut out);
    };
    write(["conversation_id", "agent_id", "criterion", "reviewer", "kind", "text"]);
    for n in notes {
        write([&n.conversation_id, &n.agent_id, &n.criterion, &n.reviewer, n.kind.name(), &n.text]);
    }
    out
}

fn scores(out: &mut String, row: &AgentRow, agent: &Agent, scorecard: &Scorecard, trust: Option<&Trust>) {
    let (head, line) = if trust.is_some() { (" agreement with reviewers |", "---|") } else { ("", "") };
    let _ = writeln!(
        out,
        "\n## Scores\n\n| | score | 95 % interval | scored | mean | band |{head}\n|---|--:|:-:|--:|--:|---|{line}"
    );
    let titles = std::iter::once("**Overall**").chain(criteria::ALL.iter().map(|c| c.title()));
    for (i, title) in titles.enumerate() {
        let name = i.checked_sub(1).map(|c| criteria::ALL[c].name());
        let agreement = trust.map_or(String::new(), |t| format!(" {} |", agreement(t, name)));
        let _ = match &row.estimates[i] {
            Some(e) => writeln!(
                out,
                "| {title} | {:.0} | {} | {} of {} | {:.0} | {} |{agreement}",
                e.shrunken,
                interval(e),
                e.n,
                row.conversations,
                e.mean,
                row.bands[i]
            ),
            None => {
                writeln!(
                    out,
                    "| {title} | – | – | 0 of {} | – | {} |{agreement}",
                    row.conversations,
                    why_none(agent, i)
                )
            }
        };
    }
    let t = scorecard.thresholds;
    let _ = writeln!(
        out,
        "\nThe score is the mean drawn towards the team's by as much as the number of conversations warrants; good from {}, excellent from {}; \
         no band under {} scored conversations.",
        t.good, t.excellent, scorecard.minimum_conversations
    );
}

fn why_none(agent: &Agent, i: usize) -> &'static str {
    match i.checked_sub(1) {
        Some(c) if agent.cannot_tell[c] > 0 => "cannot tell",
        Some(_) => "nothing called for it",
        None => "nothing scored",
    }
}

/// The moments with most points over all criteria: the first of each criterion, then the second ones.
fn moments<'a>(lists: &'a [Vec<EvidenceRow<'static>>]) -> Vec<&'a EvidenceRow<'static>> {
    let mut ranked: Vec<(usize, &EvidenceRow<'_>)> = lists.iter().flat_map(|l| l.iter().enumerate()).collect();
    ranked.sort_by(|(i, a), (k, b)| {
        i.cmp(k).then(b.points.abs().total_cmp(&a.points.abs())).then(a.criterion.cmp(&b.criterion))
    });
    let mut shown: Vec<&EvidenceRow<'_>> = Vec::new();
    for (_, e) in ranked {
        // The same words won or lost by two criteria are one moment.
        if shown.len() < MOMENTS && !shown.iter().any(|s| s.conversation_id == e.conversation_id && s.turn == e.turn) {
            shown.push(e);
        }
    }
    shown
}

fn section(out: &mut String, title: &str, moments: &[&EvidenceRow<'_>]) {
    if moments.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## {title}\n");
    for e in moments {
        let criterion = criteria::ALL[e.criterion];
        let _ = writeln!(
            out,
            "- **{}** {:+.0} · {} · conversation {}, turn {}",
            criterion.title(),
            e.points,
            e.rule.replace('_', " "),
            escape(&e.conversation_id),
            e.turn
        );
        if !e.called_quote.is_empty() {
            let _ = writeln!(out, "  - customer: “{}”", escape(&e.called_quote));
        }
        if e.end > e.start || !e.quote.is_empty() {
            let _ = writeln!(out, "  - agent: “{}”", escape(&e.quote));
        }
        if !e.would_earn.is_empty() {
            let _ = writeln!(out, "  - would have earned it: {}", escape(e.would_earn));
        }
    }
}

fn practise(out: &mut String, row: &AgentRow, agent: &Agent) {
    let mut ranked: Vec<(f64, usize)> = row.estimates[1..]
        .iter()
        .enumerate()
        .filter_map(|(i, e)| e.as_ref().map(|e| (e.shrunken, i)))
        .filter(|(_, i)| agent.lost.keys().any(|(c, _)| c == i))
        .collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    if ranked.is_empty() {
        return;
    }
    out.push_str("\n## To practise\n\n");
    for (number, (_, i)) in ranked.into_iter().take(PRACTISE).enumerate() {
        let criterion = criteria::ALL[i];
        let _ = write!(out, "{}. **{}.** {}", number + 1, criterion.title(), criterion.advice());
        let costliest =
            agent.lost.iter().filter(|((c, _), _)| *c == i).min_by(|a, b| a.1.1.total_cmp(&b.1.1).then(a.0.cmp(b.0)));
        if let Some(((_, rule), (count, points, would_earn))) = costliest {
            let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
            let _ = write!(out, " Most was lost by *{}* ({times}, {points:.0} points)", rule.replace('_', " "));
            if would_earn.is_empty() {
                out.push('.');
            } else {
                let _ = write!(out, "; what would have earned it: {}.", escape(would_earn));
            }
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_safe_and_apart() {
        assert_eq!(file_name("aida-7"), "aida-7");
        assert_eq!(file_name("dana@demo.kz"), "dana@demo.kz");
        for id in ["../../x", "=cmd|'/c'!A1", "<script>", "a/b", "CON", "con", "..", "a\u{0}b", &"ә".repeat(300), " "]
        {
            let name = file_name(id);
            assert!(
                !name.is_empty()
                    && name.len() < 255
                    && !name.contains(['/', '\\', '<', '|', '\0'])
                    && !name.starts_with('.'),
                "{id:?} gave {name:?}"
            );
        }
        assert_ne!(file_name("Aida").to_lowercase(), file_name("aida").to_lowercase());
        assert_ne!(file_name("a/b"), file_name("a_b"));
        assert_eq!(file_name(""), "unnamed");
        assert_ne!(file_name("unnamed"), "unnamed");
    }

    #[test]
    fn notes_are_put_in_anew_and_taken_out() {
        let note = |text: &str| Note {
            conversation_id: "c<1>".into(),
            agent_id: "a".into(),
            criterion: "empathy".into(),
            reviewer: "=rita".into(),
            kind: crate::notes::NoteKind::Dispute,
            text: text.into(),
        };
        let page = "# a\n\ntext\n";
        let (first, second) = (note("not <!-- /notes --> so"), note("*fine*"));
        let one = with_notes(page, &[&first]);
        assert!(
            one.contains("- **dispute** · conversation c&lt;1&gt; · Empathy · =rita: “not &lt;!-- /notes --&gt; so”"),
            "{one}"
        );
        assert_eq!(with_notes(&one, &[&first]), one);
        let two = with_notes(&one, &[&second]);
        assert!(two.contains("\\*fine\\*") && !two.contains("not &lt;") && two.matches("## Notes").count() == 1);
        assert_eq!(with_notes(&two, &[]), page);
        assert_eq!(with_notes(&(one.clone() + "\n## Behind\n"), &[]), "# a\n\ntext\n\n## Behind\n");
        let table = String::from_utf8(notes_table(&[first])).unwrap();
        assert!(table.contains("c<1>,a,empathy,'=rita,dispute,not <!-- /notes --> so\r\n"), "{table}");
    }

    #[test]
    fn markdown_shows_texts_literally() {
        assert_eq!(escape("<script>*a*|b\n"), "&lt;script&gt;\\*a\\*\\|b ");
    }
}
