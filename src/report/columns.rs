//! What the tables hold: every column with its type and meaning, once. CSV, Parquet and `columns.md` derive from it.

use std::borrow::Cow;

use super::local_time::LocalTime;
use super::rows::{ConversationRow, EvidenceRow, QuarantineRow};
use crate::agents::{self, AgentRow};
use crate::criteria::{self, Side};
use crate::model::Language;

/// The value of a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Words.
    Text(Cow<'a, str>),
    /// A date and time, as in the input.
    Time(&'a str),
    /// Several texts, parted by `; `.
    List(&'a str),
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
    /// A date and time, as in the input.
    Time,
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
            Type::Time => "date and time",
            Type::Whole => "whole number",
            Type::Number => "number",
        }
    }
}

/// A table of the run folder.
pub trait Table: 'static {
    /// Name of its files, without extension.
    const NAME: &'static str;
    /// What a row is made from.
    type Row<'a>;
    /// Its columns, in order.
    fn columns() -> Vec<Column<Self>>
    where
        Self: Sized;
}

/// A row a conversation and agent.
pub struct Conversations;
/// A row an agent.
pub struct Agents;
/// A row a point.
pub struct Evidence;
/// A row a record that was set aside.
pub struct Quarantine;

type Take<T> = Box<dyn for<'a> Fn(&'a <T as Table>::Row<'a>) -> Cell<'a> + Send + Sync>;

/// A column of a table.
pub struct Column<T: Table> {
    /// As in the header line.
    pub name: String,
    /// What it holds.
    pub kind: Type,
    /// What it means, with its unit and range.
    pub about: String,
    /// Its value in a row.
    pub take: Take<T>,
}

pub(super) fn column<T: Table>(
    name: &str,
    kind: Type,
    about: &str,
    take: impl for<'a> Fn(&'a T::Row<'a>) -> Cell<'a> + Send + Sync + 'static,
) -> Column<T> {
    Column { name: name.to_owned(), kind, about: about.to_owned(), take: Box::new(take) }
}

pub(super) fn text(s: &str) -> Cell<'_> {
    Cell::Text(Cow::Borrowed(s))
}

fn whole(n: u32) -> Cell<'static> {
    Cell::Whole(i64::from(n))
}

pub(super) fn number(n: Option<f64>, decimals: u8) -> Cell<'static> {
    n.map_or(Cell::Empty, |n| Cell::Number(n, decimals))
}

impl Table for Conversations {
    const NAME: &'static str = "conversations";
    type Row<'a> = ConversationRow<'a>;

    fn columns() -> Vec<Column<Self>> {
        use Type::{Number, Text, Time, Whole};
        let mut out = vec![
            column::<Conversations>(
                "conversation_id",
                Text,
                "Id of the conversation, as in the input; a stable stand-in (id-...) where the id itself is personal data, such as an address or a phone number.",
                |r| text(&r.conversation_id),
            ),
            column::<Conversations>(
                "agent_id",
                Text,
                "Whose part of the conversation the row scores; empty when the input does not say.",
                |r| text(r.agent_id),
            ),
            column::<Conversations>("channel", Text, "call, chat or email.", |r| text(r.channel.name())),
            column::<Conversations>(
                "language",
                Text,
                "Main language: en, ru or kk; empty when it cannot be told.",
                |r| text(r.language.map_or("", Language::code)),
            ),
            column::<Conversations>(
                "started_at",
                Time,
                "Date and time of the start, as in the input. In report.xlsx and in CSV for spreadsheets (--csv-preset excel, excel-eu) the local time as written, without its zone, which started_at_zone holds.",
                |r| Cell::Time(r.started_at),
            ),
            column::<Conversations>(
                "overall",
                Number,
                "Weighted mean of the scored criteria, 0 to 100; 0 on a fatal item; empty when nothing was scored.",
                |r| number(r.overall, 1),
            ),
        ];
        for (i, c) in criteria::ALL.iter().enumerate() {
            let about = format!("{}: 0 to 100, empty unless scored.", c.title());
            out.push(column::<Conversations>(c.name(), Number, &about, move |r| number(r.criteria[i].score, 1)));
            let about = format!(
                "{}: scored, not_applicable (nothing called for it) or cannot_tell (the input lacks what it needs).",
                c.title()
            );
            out.push(column::<Conversations>(&format!("{}_status", c.name()), Text, &about, move |r| {
                text(r.criteria[i].status.name())
            }));
        }
        for (i, c) in criteria::ALL.iter().enumerate() {
            let about = format!("{}: why it has this status.", c.title());
            out.push(column::<Conversations>(&format!("{}_reason", c.name()), Text, &about, move |r| {
                text(r.criteria[i].reason)
            }));
        }
        out.extend([
            column::<Conversations>(
                "fatal",
                Text,
                "Fatal items that were met, parted by `; ` (in CSV by `, ` with --csv-preset excel-eu).",
                |r| Cell::List(&r.fatal),
            ),
            column::<Conversations>("queue", Text, "Queue, as in the input.", |r| text(&r.queue)),
            column::<Conversations>("team", Text, "Team, as in the input.", |r| text(&r.team)),
            column::<Conversations>("turns", Whole, "Turns of the whole conversation.", |r| whole(r.turns)),
            column::<Conversations>("agent_turns", Whole, "Turns of this agent.", |r| whole(r.agent_turns)),
            column::<Conversations>("agent_words", Whole, "Words of this agent.", |r| whole(r.agent_words)),
            column::<Conversations>("source", Text, "File, and line where it has lines, of the record.", |r| {
                text(&r.source)
            }),
        ]);
        let about = "How sure the overall score is, 0 to 1: the weighted mean of what was scored.";
        out.push(column::<Conversations>("confidence", Number, about, |r| number(r.overall.map(|_| r.confidence), 2)));
        for (i, c) in criteria::ALL.iter().enumerate() {
            let about = format!(
                "{}: how sure the score is, 0 to 1; low where evidence is thin, the language uncertain or the transcript poor; empty unless scored.",
                c.title()
            );
            out.push(column::<Conversations>(&format!("{}_confidence", c.name()), Number, &about, move |r| {
                let cells = &r.criteria[i];
                number(cells.score.map(|_| cells.confidence), 2)
            }));
        }
        out.extend([
            column::<Conversations>(
                "role_source",
                Text,
                "How it is known who is the agent: stated (by the input), channel_map, roster, elimination (of two speakers the other one is known), inferred (from what is said) or unknown.",
                |r| text(r.role_source),
            ),
            column::<Conversations>(
                "role_confidence",
                Number,
                "The chance that the roles are right, 0 to 1; the confidences of the scores hold it already.",
                |r| number(Some(r.role_confidence), 2),
            ),
            column::<Conversations>(
                "notes",
                Text,
                "What was mended, concluded, left out or could not be read: kind and sentence, parted by `; `, masked.",
                |r| text(&r.notes),
            ),
        ]);
        let about =
            "Zone of started_at: UTC, UTC+05:00, or a name as in the input; empty where the input does not say.";
        out.push(column::<Conversations>("started_at_zone", Text, about, |r| {
            Cell::Text(LocalTime::parse(r.started_at).map_or_else(Cow::default, |t| t.zone_name()))
        }));
        out.extend([
            column::<Conversations>(
                "initial_distress",
                Number,
                "How upset the customer came, 0 to 1: the highest distress of their turns before the agent's second turn; empty when they say nothing by then.",
                |r| number(r.circumstances.initial_distress, 2),
            ),
            column::<Conversations>(
                "customer_language",
                Text,
                "Language of most of the customer's words in turns of three words or more: en, ru or kk; empty when it cannot be told.",
                |r| text(r.circumstances.customer_language.map_or("", Language::code)),
            ),
            column::<Conversations>("agent_language", Text, "The same of the agent's words.", |r| {
                text(r.circumstances.agent_language.map_or("", Language::code))
            }),
            column::<Conversations>(
                "language_match",
                Text,
                "followed when at least half of the agent's turns are in the language in which the customer spoke last, not_followed otherwise; empty when it cannot be told.",
                |r| {
                    text(match r.circumstances.language_followed {
                        Some(true) => "followed",
                        Some(false) => "not_followed",
                        None => "",
                    })
                },
            ),
            column::<Conversations>(
                "switched_first",
                Text,
                "Who first left the language that the customer began in: agent or customer; empty when nobody did.",
                |r| text(r.circumstances.switched_first.map_or("", Side::name)),
            ),
            column::<Conversations>(
                "asked_to_switch",
                Whole,
                "1 when the agent asks the customer to talk in another language, else 0.",
                |r| Cell::Whole(r.circumstances.asked_to_switch.into()),
            ),
        ]);
        out
    }
}

impl Table for Evidence {
    const NAME: &'static str = "evidence";
    type Row<'a> = EvidenceRow<'a>;

    fn columns() -> Vec<Column<Self>> {
        use Type::{Number, Text, Whole};
        vec![
            column::<Evidence>("conversation_id", Text, "Id of the conversation.", |r| text(&r.conversation_id)),
            column::<Evidence>("agent_id", Text, "Whose point it is.", |r| text(&r.agent_id)),
            column::<Evidence>("criterion", Text, "The criterion it belongs to.", |r| {
                text(criteria::ALL[r.criterion].name())
            }),
            column::<Evidence>("effect", Text, "won, lost, or noted (no points).", |r| text(r.effect())),
            column::<Evidence>(
                "points",
                Number,
                "What it adds to the criterion's score; lost points are negative. Start of the sum plus points, kept within 0 to 100, is the score.",
                |r| number(Some(r.points), 2),
            ),
            column::<Evidence>("turn", Whole, "Turn of the words, counted from 0.", |r| whole(r.turn)),
            column::<Evidence>("quote", Text, "The sentence, masked and shortened to 240 characters.", |r| {
                text(&r.quote)
            }),
            column::<Evidence>("rule", Text, "The rule of the criterion that gave the point.", |r| text(r.rule)),
            column::<Evidence>("act", Text, "The act found there; empty where the rule is not about words.", |r| {
                text(r.act)
            }),
            column::<Evidence>(
                "phrase",
                Text,
                "The lexicon phrase that was met, as language/act:line of lexicons/.",
                |r| text(&r.phrase),
            ),
            column::<Evidence>("called_turn", Whole, "Turn of the customer's words that called for it.", |r| {
                r.called_turn.map_or(Cell::Empty, whole)
            }),
            column::<Evidence>(
                "called_quote",
                Text,
                "The customer's sentence that called for it, masked and shortened.",
                |r| text(&r.called_quote),
            ),
            column::<Evidence>("would_earn", Text, "For a lost point: what would have earned it.", |r| {
                text(r.would_earn)
            }),
            column::<Evidence>("start", Whole, "Byte of the turn's original text where the words begin.", |r| {
                whole(r.start)
            }),
            column::<Evidence>(
                "end",
                Whole,
                "Byte behind their end; equal to start where something is missing.",
                |r| whole(r.end),
            ),
        ]
    }
}

impl Table for Agents {
    const NAME: &'static str = "agents";
    type Row<'a> = AgentRow;

    fn columns() -> Vec<Column<Self>> {
        use Type::{Number, Text, Whole};
        let mut out = vec![
            column::<Agents>(
                "agent_id",
                Text,
                "Id of the agent; empty for agents that the input does not name.",
                |r| text(&r.agent_id),
            ),
            column::<Agents>("conversations", Whole, "Parts of conversations of this agent.", |r| {
                Cell::Whole(r.conversations as i64)
            }),
            column::<Agents>("fatal", Whole, "Parts with a fatal item.", |r| Cell::Whole(r.fatal as i64)),
        ];
        for (i, (name, title)) in agents::measures().enumerate() {
            let estimate = move |r: &AgentRow| r.estimates[i];
            let about = |what: &str| format!("{title}: {what}");
            out.extend([
                column::<Agents>(&format!("{name}_n"), Whole, &about("scored parts."), move |r| {
                    Cell::Whole(estimate(r).map_or(0, |e| e.n as i64))
                }),
                column::<Agents>(
                    &format!("{name}_mean"),
                    Number,
                    &about("mean, 0 to 100, conversations weighted by their confidence."),
                    move |r| number(estimate(r).map(|e| e.mean), 1),
                ),
                column::<Agents>(
                    &format!("{name}_shrunken"),
                    Number,
                    &about("mean shrunken towards the team's (empirical Bayes): the figure to compare agents by."),
                    move |r| number(estimate(r).map(|e| e.shrunken), 1),
                ),
                column::<Agents>(
                    &format!("{name}_low"),
                    Number,
                    &about("lower end of the 95 % interval of the shrunken mean."),
                    move |r| number(estimate(r).and_then(|e| e.low), 1),
                ),
                column::<Agents>(
                    &format!("{name}_high"),
                    Number,
                    &about("upper end of the 95 % interval of the shrunken mean."),
                    move |r| number(estimate(r).and_then(|e| e.high), 1),
                ),
                column::<Agents>(
                    &format!("{name}_band"),
                    Text,
                    &about("needs work, good, excellent, or not enough data."),
                    move |r| text(r.bands[i]),
                ),
            ]);
        }
        out.extend(super::night_columns::habits());
        out
    }
}

impl Table for Quarantine {
    const NAME: &'static str = "quarantine";
    type Row<'a> = QuarantineRow;

    fn columns() -> Vec<Column<Self>> {
        use Type::{Text, Whole};
        let at = |n: Option<u64>| n.map_or(Cell::Empty, |n| Cell::Whole(n as i64));
        vec![
            column::<Quarantine>("file", Text, "File of the record.", |r| text(&r.file)),
            column::<Quarantine>("line", Whole, "Line, counted from 1, where the format has lines.", move |r| {
                at(r.line)
            }),
            column::<Quarantine>("byte", Whole, "Byte within the expanded file, where it is known.", move |r| {
                at(r.byte)
            }),
            column::<Quarantine>("conversation_id", Text, "Its id, if that much could be read.", |r| {
                text(&r.conversation_id)
            }),
            column::<Quarantine>(
                "kind",
                Text,
                "Kind of reason: syntax, content, too_large, bomb, charset, io, duplicate, conflict, vendor_error, empty.",
                |r| text(r.kind),
            ),
            column::<Quarantine>("reason", Text, "What is wrong and what would help, masked.", |r| text(&r.reason)),
        ]
    }
}

/// The rows of the data dictionary: column, type and meaning.
pub fn dictionary<T: Table>() -> String {
    let mut out = String::from("| column | type | meaning |\n|---|---|---|\n");
    for c in T::columns() {
        out.push_str(&format!("| `{}` | {} | {} |\n", c.name, c.kind.name(), c.about));
    }
    out
}
