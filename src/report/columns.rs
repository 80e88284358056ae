//! What the tables hold: every column with its type and meaning, once. CSV, Parquet and `columns.md` derive from it.

use std::borrow::Cow;

use super::rows::{ConversationRow, EvidenceRow, QuarantineRow};
use crate::agents::AgentRow;
use crate::criteria;
use crate::model::Language;

/// The value of a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Words.
    Text(Cow<'a, str>),
    /// A whole number.
    Whole(i64),
    /// A number, written with so many decimals.
    Number(f64, u8),
    /// Nothing.
    Empty,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Words.
    Text,
    /// A whole number.
    Whole,
    /// A number.
    Number,
}

impl Type {
    /// As in `columns.md`.
    pub fn name(self) -> &'static str {
        match self {
            Type::Text => "text",
            Type::Whole => "whole number",
            Type::Number => "number",
        }
    }
}

type Take<R> = Box<dyn for<'a> Fn(&'a R) -> Cell<'a> + Send + Sync>;

/// A column of a table with rows of type `R`.
pub struct Column<R> {
    /// As in the header line.
    pub name: String,
    /// What it holds.
    pub kind: Type,
    /// What it means, with its unit and range.
    pub about: String,
    /// Its value in a row.
    pub take: Take<R>,
}

fn column<R>(
    name: &str,
    kind: Type,
    about: &str,
    take: impl for<'a> Fn(&'a R) -> Cell<'a> + Send + Sync + 'static,
) -> Column<R> {
    Column { name: name.to_owned(), kind, about: about.to_owned(), take: Box::new(take) }
}

fn text(s: &str) -> Cell<'_> {
    Cell::Text(Cow::Borrowed(s))
}

fn whole(n: u32) -> Cell<'static> {
    Cell::Whole(i64::from(n))
}

pub(super) fn number(n: Option<f64>, decimals: u8) -> Cell<'static> {
    n.map_or(Cell::Empty, |n| Cell::Number(n, decimals))
}

/// The columns of `conversations`.
pub fn conversations() -> Vec<Column<ConversationRow>> {
    use Type::{Number, Text, Whole};
    let mut out = vec![
        column(
            "conversation_id",
            Text,
            "Id of the conversation, as in the input; a stable stand-in (id-...) where the id itself is personal data, such as an address or a phone number.",
            |r: &ConversationRow| text(&r.conversation_id),
        ),
        column(
            "agent_id",
            Text,
            "Whose part of the conversation the row scores; empty when the input does not say.",
            |r: &ConversationRow| text(&r.agent_id),
        ),
        column("channel", Text, "call, chat or email.", |r: &ConversationRow| text(r.channel.name())),
        column(
            "language",
            Text,
            "Main language: en, ru or kk; empty when it cannot be told.",
            |r: &ConversationRow| text(r.language.map_or("", Language::code)),
        ),
        column("started_at", Text, "Date and time of the start, as in the input.", |r: &ConversationRow| {
            text(&r.started_at)
        }),
        column(
            "overall",
            Number,
            "Weighted mean of the scored criteria, 0 to 100; 0 on a fatal item; empty when nothing was scored.",
            |r: &ConversationRow| number(r.overall, 1),
        ),
    ];
    for (i, c) in criteria::ALL.iter().enumerate() {
        let about = format!("{}: 0 to 100, empty unless scored.", c.title());
        out.push(column(c.name(), Number, &about, move |r: &ConversationRow| number(r.criteria[i].1, 1)));
        let about = format!(
            "{}: scored, not_applicable (nothing called for it) or cannot_tell (the input lacks what it needs).",
            c.title()
        );
        out.push(column(&format!("{}_status", c.name()), Text, &about, move |r: &ConversationRow| {
            text(r.criteria[i].0.name())
        }));
    }
    for (i, c) in criteria::ALL.iter().enumerate() {
        let about = format!("{}: why it has this status.", c.title());
        out.push(column(&format!("{}_reason", c.name()), Text, &about, move |r: &ConversationRow| {
            text(r.criteria[i].2)
        }));
    }
    out.extend([
        column("fatal", Text, "Fatal items that were met, parted by `; `.", |r: &ConversationRow| text(&r.fatal)),
        column("queue", Text, "Queue, as in the input.", |r: &ConversationRow| text(&r.queue)),
        column("team", Text, "Team, as in the input.", |r: &ConversationRow| text(&r.team)),
        column("turns", Whole, "Turns of the whole conversation.", |r: &ConversationRow| whole(r.turns)),
        column("agent_turns", Whole, "Turns of this agent.", |r: &ConversationRow| whole(r.agent_turns)),
        column("agent_words", Whole, "Words of this agent.", |r: &ConversationRow| whole(r.agent_words)),
        column("source", Text, "File, and line where it has lines, of the record.", |r: &ConversationRow| {
            text(&r.source)
        }),
    ]);
    out
}

/// The columns of `evidence`.
pub fn evidence() -> Vec<Column<EvidenceRow>> {
    use Type::{Number, Text, Whole};
    vec![
        column("conversation_id", Text, "Id of the conversation.", |r: &EvidenceRow| text(&r.conversation_id)),
        column("agent_id", Text, "Whose point it is.", |r: &EvidenceRow| text(&r.agent_id)),
        column("criterion", Text, "The criterion it belongs to.", |r: &EvidenceRow| {
            text(criteria::ALL[r.criterion].name())
        }),
        column("effect", Text, "won, lost, or noted (no points).", |r: &EvidenceRow| text(r.effect())),
        column(
            "points",
            Number,
            "What it adds to the criterion's score; lost points are negative. Start of the sum plus points, kept within 0 to 100, is the score.",
            |r: &EvidenceRow| number(Some(r.points), 2),
        ),
        column("turn", Whole, "Turn of the words, counted from 0.", |r: &EvidenceRow| whole(r.turn)),
        column("quote", Text, "The sentence, masked and shortened to 240 characters.", |r: &EvidenceRow| {
            text(&r.quote)
        }),
        column("rule", Text, "The rule of the criterion that gave the point.", |r: &EvidenceRow| text(r.rule)),
        column("act", Text, "The act found there; empty where the rule is not about words.", |r: &EvidenceRow| {
            text(r.act)
        }),
        column(
            "phrase",
            Text,
            "The lexicon phrase that was met, as language/act:line of lexicons/.",
            |r: &EvidenceRow| text(r.phrase.as_deref().unwrap_or("")),
        ),
        column("called_turn", Whole, "Turn of the customer's words that called for it.", |r: &EvidenceRow| {
            r.called_turn.map_or(Cell::Empty, whole)
        }),
        column(
            "called_quote",
            Text,
            "The customer's sentence that called for it, masked and shortened.",
            |r: &EvidenceRow| text(&r.called_quote),
        ),
        column("would_earn", Text, "For a lost point: what would have earned it.", |r: &EvidenceRow| {
            text(r.would_earn)
        }),
        column("start", Whole, "Byte of the turn's original text where the words begin.", |r: &EvidenceRow| {
            whole(r.start)
        }),
        column("end", Whole, "Byte behind their end; equal to start where something is missing.", |r: &EvidenceRow| {
            whole(r.end)
        }),
    ]
}

/// The columns of `agents`.
pub fn agents() -> Vec<Column<AgentRow>> {
    use Type::{Number, Text, Whole};
    let mut out = vec![
        column("agent_id", Text, "Id of the agent; empty for agents that the input does not name.", |r: &AgentRow| {
            text(&r.agent_id)
        }),
        column("conversations", Whole, "Parts of conversations of this agent.", |r: &AgentRow| {
            Cell::Whole(r.conversations as i64)
        }),
        column("fatal", Whole, "Parts with a fatal item.", |r: &AgentRow| Cell::Whole(r.fatal as i64)),
    ];
    let names = std::iter::once(("overall", "Overall")).chain(criteria::ALL.iter().map(|c| (c.name(), c.title())));
    for (i, (name, title)) in names.enumerate() {
        let estimate = move |r: &AgentRow| r.estimates[i];
        let about = |what: &str| format!("{title}: {what}");
        out.extend([
            column(&format!("{name}_n"), Whole, &about("scored parts."), move |r: &AgentRow| {
                Cell::Whole(estimate(r).map_or(0, |e| e.n as i64))
            }),
            column(&format!("{name}_mean"), Number, &about("plain mean, 0 to 100."), move |r: &AgentRow| {
                number(estimate(r).map(|e| e.mean), 1)
            }),
            column(
                &format!("{name}_shrunken"),
                Number,
                &about("mean shrunken towards the team's (empirical Bayes): the figure to compare agents by."),
                move |r: &AgentRow| number(estimate(r).map(|e| e.shrunken), 1),
            ),
            column(
                &format!("{name}_low"),
                Number,
                &about("lower end of the 95 % interval of the shrunken mean."),
                move |r: &AgentRow| number(estimate(r).and_then(|e| e.low), 1),
            ),
            column(
                &format!("{name}_high"),
                Number,
                &about("upper end of the 95 % interval of the shrunken mean."),
                move |r: &AgentRow| number(estimate(r).and_then(|e| e.high), 1),
            ),
            column(
                &format!("{name}_band"),
                Text,
                &about("needs work, good, excellent, or not enough data."),
                move |r: &AgentRow| text(r.bands[i]),
            ),
        ]);
    }
    out
}

/// The columns of `quarantine`.
pub fn quarantine() -> Vec<Column<QuarantineRow>> {
    use Type::{Text, Whole};
    let at = |n: Option<u64>| n.map_or(Cell::Empty, |n| Cell::Whole(n as i64));
    vec![
        column("file", Text, "File of the record.", |r: &QuarantineRow| text(&r.file)),
        column("line", Whole, "Line, counted from 1, where the format has lines.", move |r: &QuarantineRow| at(r.line)),
        column("byte", Whole, "Byte within the expanded file, where it is known.", move |r: &QuarantineRow| at(r.byte)),
        column("conversation_id", Text, "Its id, if that much could be read.", |r: &QuarantineRow| {
            text(&r.conversation_id)
        }),
        column(
            "kind",
            Text,
            "Kind of reason: syntax, content, too_large, bomb, charset, io, duplicate, empty.",
            |r: &QuarantineRow| text(r.kind),
        ),
        column("reason", Text, "What is wrong and what would help, masked.", |r: &QuarantineRow| text(&r.reason)),
    ]
}

/// The rows of the data dictionary: column, type and meaning.
pub fn dictionary<R>(columns: &[Column<R>]) -> String {
    let mut out = String::from("| column | type | meaning |\n|---|---|---|\n");
    for c in columns {
        out.push_str(&format!("| `{}` | {} | {} |\n", c.name, c.kind.name(), c.about));
    }
    out
}
