//! Columns of what a night says beside its scores: habits, like cases, history, alerts, and the tables of the history folder.

use jiff::civil::Date;

use super::columns::{Agents, Cell, Column, Table, Type, column, number, text};
use crate::agents::{self, AgentRow};
use crate::alerts::Alert;
use crate::fairness::{EffectRow, FairnessRow, Habit};
use crate::history::{AgentHistory, Figure, History, Series, TooFew};

/// A row an agent and measure: the score as it is and on like cases.
pub struct Fairness;
/// A row a measure and kind of case: what the model takes it to be worth.
pub struct CaseMix;
/// A row an agent (or the team) and measure: what the nights say.
pub struct HistoryTable;
/// A row an alert.
pub struct AlertTable;
/// A row an agent and measure of one night, as the history keeps it.
pub struct AgentNights;
/// The one row of a night, as the history keeps it.
pub struct Runs;

use Type::{Number, Text, Whole};

/// A count as a cell.
fn count(n: u64) -> Cell<'static> {
    Cell::Whole(i64::try_from(n).unwrap_or(i64::MAX))
}

/// Name of a measure by its index.
fn measure(i: usize) -> Cell<'static> {
    text(agents::measures().nth(i).map_or("", |m| m.0))
}

fn day(date: Date) -> Cell<'static> {
    Cell::Text(date.to_string().into())
}

fn yes_no(told: Option<bool>) -> Cell<'static> {
    text(match told {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    })
}

const MEASURE: &str = "overall, or the criterion.";
const Q: &str = "the same adjusted for all agents and criteria of the night (Benjamini-Hochberg): flagging up to 0.05 keeps false flags at one in twenty.";

/// The columns of `agents` about habits and languages.
pub(super) fn habits() -> Vec<Column<Agents>> {
    type Of = fn(&AgentRow) -> &Habit;
    let mut out = Vec::new();
    let kinds: [(&str, &str, &str, Of); 2] = [
        ("empathy_formula", "canned_empathy", "sentence of empathy", |r| &r.habits.empathy),
        ("repeated_sentence", "formula_repetition", "sentence (greetings, closings and holds left out)", |r| {
            &r.habits.sentence
        }),
    ];
    for (name, flag, what, of) in kinds {
        out.extend([
            column::<Agents>(
                name,
                Text,
                &format!("The agent's most frequent {what}, masked; empty where none was said in two conversations."),
                move |r| text(&of(r).sentence),
            ),
            column::<Agents>(
                &format!("{name}_share"),
                Number,
                "Share of the conversations with such a sentence in which it stands, 0 to 1, at the least.",
                move |r| number(of(r).share, 3),
            ),
            column::<Agents>(
                flag,
                Text,
                "yes when that share is at least 0.3, one and a half times that of the other agents' most frequent ones, and more than chance; no; or empty where fewer than 10 conversations tell it.",
                move |r| yes_no(of(r).flagged),
            ),
        ]);
    }
    type Number64 = fn(&AgentRow) -> u64;
    let counts: [(&str, &str, Number64); 5] = [
        ("language_n", "Parts in which it can be told whether the agent followed the customer's language.", |r| {
            r.habits.languages.known
        }),
        ("language_followed", "Of these, parts in which the agent did.", |r| r.habits.languages.followed),
        ("agent_switched_first", "Parts in which the agent first left the language that the customer began in.", |r| {
            r.habits.languages.agent_switched
        }),
        ("customer_switched_first", "Parts in which the customer did.", |r| r.habits.languages.customer_switched),
        ("asked_to_switch", "Parts in which the agent asks the customer to talk in another language.", |r| {
            r.habits.languages.asked
        }),
    ];
    out.extend(counts.map(|(name, about, of)| column::<Agents>(name, Whole, about, move |r| count(of(r)))));
    out
}

impl Table for Fairness {
    const NAME: &'static str = "fairness";
    type Row<'a> = FairnessRow;

    fn columns() -> Vec<Column<Self>> {
        vec![
            column::<Fairness>("agent_id", Text, "Id of the agent.", |r| text(&r.agent_id)),
            column::<Fairness>("criterion", Text, MEASURE, |r| measure(r.measure)),
            column::<Fairness>("n", Whole, "Scored parts.", |r| count(r.n)),
            column::<Fairness>(
                "raw",
                Number,
                "Mean as it is, 0 to 100, conversations weighted by their confidence.",
                |r| number(Some(r.raw), 1),
            ),
            column::<Fairness>(
                "expected",
                Number,
                "What the team would have scored on cases of the same languages, channels, queues and initial distress.",
                |r| number(Some(r.expected), 1),
            ),
            column::<Fairness>("adjusted", Number, "The score on like cases: raw - expected + the team's mean.", |r| {
                number(Some(r.adjusted), 1)
            }),
            column::<Fairness>("low", Number, "Lower end of the 95 % interval of the adjusted score.", |r| {
                number(r.low, 1)
            }),
            column::<Fairness>("high", Number, "Upper end of it.", |r| number(r.high, 1)),
            column::<Fairness>("difference", Number, "Adjusted score less the team's mean, in points.", |r| {
                number(Some(r.difference), 1)
            }),
            column::<Fairness>(
                "p",
                Number,
                "How likely chance alone makes such a difference, 0 to 1; empty where too few conversations or no other agents tell it.",
                |r| number(r.p, 4),
            ),
            column::<Fairness>("q", Number, Q, |r| number(r.q, 4)),
            column::<Fairness>(
                "flag",
                Text,
                "below or above the team on like cases (q up to 0.05 and at least 5 points); not enough data; or empty.",
                |r| text(r.flag),
            ),
        ]
    }
}

impl Table for CaseMix {
    const NAME: &'static str = "case_mix";
    type Row<'a> = EffectRow;

    fn columns() -> Vec<Column<Self>> {
        vec![
            column::<CaseMix>("criterion", Text, MEASURE, |r| measure(r.measure)),
            column::<CaseMix>("factor", Text, "language, channel, queue or distress.", |r| text(r.factor)),
            column::<CaseMix>("level", Text, "Which language, channel or queue.", |r| text(&r.level)),
            column::<CaseMix>("conversations", Whole, "Scored parts of this kind.", |r| count(r.conversations)),
            column::<CaseMix>(
                "effect",
                Number,
                "Points that the model gives such a case against the night's average one, agents being equal; for distress, points for a tenth more of it.",
                |r| number(Some(r.effect), 2),
            ),
        ]
    }
}

/// A row of `history`.
pub struct HistoryRow<'h> {
    history: &'h History,
    /// `None` for the team.
    agent: Option<&'h str>,
    of: &'h AgentHistory,
    measure: usize,
    series: &'h Series,
}

/// The rows of a history: the team, then the agents, measure by measure.
pub fn history_rows(history: &History) -> impl Iterator<Item = HistoryRow<'_>> {
    let agents = history.agents.iter().map(|(id, of)| (Some(id.as_str()), of));
    std::iter::once((None, &history.team)).chain(agents).flat_map(move |(agent, of)| {
        let measures = of.measures.iter().enumerate();
        measures.filter_map(move |(measure, s)| Some(HistoryRow { history, agent, of, measure, series: s.as_ref()? }))
    })
}

impl HistoryRow<'_> {
    fn too_few(&self) -> Option<TooFew> {
        self.series.trend.as_ref().err().or(self.series.chart.as_ref().err()).copied()
    }

    fn tonight(&self) -> Option<(&crate::history::ControlPoint, f64)> {
        let chart = self.series.chart.as_ref().ok()?;
        Some((chart.points.last()?, chart.centre))
    }

    fn note(&self) -> String {
        let mut notes: Vec<String> = self.too_few().iter().map(ToString::to_string).collect();
        if self.of.first_seen {
            notes.push("first seen tonight".into());
        }
        notes.extend(self.history.breaks.last().map(ToString::to_string));
        notes.join("; ")
    }
}

impl Table for HistoryTable {
    const NAME: &'static str = "history";
    type Row<'a> = HistoryRow<'a>;

    fn columns() -> Vec<Column<Self>> {
        use crate::history::{Change, ControlPoint, Trend};
        fn trend(name: &str, about: &str, decimals: u8, of: fn(&Trend) -> Option<f64>) -> Column<HistoryTable> {
            column::<HistoryTable>(name, Number, about, move |r| {
                number(r.series.trend.as_ref().ok().and_then(of), decimals)
            })
        }
        fn point(name: &str, about: &str, of: fn(&ControlPoint) -> f64) -> Column<HistoryTable> {
            column::<HistoryTable>(name, Number, about, move |r| number(r.tonight().map(|(p, _)| of(p)), 1))
        }
        fn change(name: &str, about: &str, decimals: u8, of: fn(&Change) -> Option<f64>) -> Column<HistoryTable> {
            column::<HistoryTable>(name, Number, about, move |r| {
                number(r.series.change.as_ref().and_then(of), decimals)
            })
        }
        vec![
            column::<HistoryTable>("date", Text, "Tonight's date.", |r| day(r.history.date)),
            column::<HistoryTable>("scope", Text, "team, or agent.", |r| text(r.agent.map_or("team", |_| "agent"))),
            column::<HistoryTable>("agent_id", Text, "Id of the agent; empty for the team.", |r| {
                text(r.agent.unwrap_or(""))
            }),
            column::<HistoryTable>("criterion", Text, MEASURE, |r| measure(r.measure)),
            column::<HistoryTable>("n", Whole, "Scored parts tonight.", |r| {
                count(r.series.points.last().map_or(0, |p| p.1.n))
            }),
            column::<HistoryTable>("mean", Number, "Tonight's mean, 0 to 100.", |r| {
                number(r.series.points.last().map(|p| p.1.mean), 1)
            }),
            column::<HistoryTable>(
                "nights",
                Whole,
                "Nights with this figure that can be compared with tonight, tonight among them: those scored with the same phrases and scorecard.",
                |r| count(r.series.points.iter().filter(|p| p.2).count() as u64),
            ),
            trend("slope", "Trend in points a week: the Theil-Sen slope; empty for fewer than 7 nights.", 2, |t| {
                Some(t.slope)
            }),
            trend("slope_low", "Lower end of its 95 % interval (Sen 1968).", 2, |t| t.low),
            trend("slope_high", "Upper end of it.", 2, |t| t.high),
            column::<HistoryTable>("mann_kendall_s", Whole, "Pairs of nights that rise less pairs that fall.", |r| {
                r.series.trend.as_ref().map_or(Cell::Empty, |t| Cell::Whole(t.test.s))
            }),
            trend("trend_p", "How likely chance alone makes such a trend, 0 to 1 (Mann-Kendall).", 4, |t| {
                Some(t.test.p)
            }),
            trend("trend_q", &format!("For agents, {Q} For the team, trend_p."), 4, |t| Some(t.q)),
            column::<HistoryTable>(
                "centre",
                Number,
                "Control chart: the usual mean, of the nights before tonight; empty for fewer than 9 nights.",
                |r| number(r.tonight().map(|(_, centre)| centre), 1),
            ),
            point("lower_limit", "Control chart: lower limit for tonight's number of conversations.", |p| p.low),
            point("upper_limit", "Control chart: upper limit.", |p| p.high),
            column::<HistoryTable>(
                "signal",
                Text,
                "below or above the limits; run_below or run_above for nine nights or more on one side of the centre; or empty.",
                |r| text(r.tonight().and_then(|(p, _)| p.signal).map_or("", |s| s.name())),
            ),
            change(
                "week_change",
                "Tonight's mean less that of seven days ago, in points; empty without a comparable night then.",
                1,
                |c| Some(c.difference),
            ),
            change("week_change_low", "Lower end of its 95 % interval (Welch).", 1, |c| c.told.map(|t| t.low)),
            change("week_change_high", "Upper end of it.", 1, |c| c.told.map(|t| t.high)),
            change("week_change_q", &format!("For agents, its p value, {Q}"), 4, |c| c.q),
            column::<HistoryTable>(
                "first_seen",
                Whole,
                "1 for an agent whom no kept night before knows, else 0.",
                |r| Cell::Whole(r.of.first_seen.into()),
            ),
            column::<HistoryTable>(
                "note",
                Text,
                "What is missing, and the last change of phrases or scorecard.",
                |r| Cell::Text(r.note().into()),
            ),
        ]
    }
}

impl Table for AlertTable {
    const NAME: &'static str = "alerts";
    type Row<'a> = Alert;

    fn columns() -> Vec<Column<Self>> {
        vec![
            column::<AlertTable>("severity", Text, "high (look today), medium (this week), low (good to know).", |r| {
                text(r.severity)
            }),
            column::<AlertTable>(
                "kind",
                Text,
                "fatal (a fatal item), quarantine (more bad records than usual), below_limits and above_limits (control chart), drop (since a week ago), falling (trend).",
                |r| text(r.kind),
            ),
            column::<AlertTable>("agent_id", Text, "Whom it is about; empty where it is the whole night.", |r| {
                text(&r.agent_id)
            }),
            column::<AlertTable>("criterion", Text, "overall, or the criterion; empty where it is about none.", |r| {
                text(r.criterion)
            }),
            column::<AlertTable>("text", Text, "What is the matter.", |r| text(&r.text)),
            column::<AlertTable>("conversation_id", Text, "The conversation to look at.", |r| text(&r.conversation_id)),
            column::<AlertTable>("turn", Whole, "Its turn, counted from 0.", |r| {
                r.turn.map_or(Cell::Empty, |t| count(t as u64))
            }),
            column::<AlertTable>("quote", Text, "The words said, masked and shortened.", |r| text(&r.quote)),
        ]
    }
}

/// A row of the history's `agents`.
pub struct AgentNight<'n> {
    /// Whose figure.
    pub agent_id: &'n str,
    /// 0 for the overall score, then the criteria in the order of the registry.
    pub measure: usize,
    /// The figure.
    pub figure: Figure,
}

impl Table for AgentNights {
    const NAME: &'static str = "agents";
    type Row<'a> = AgentNight<'a>;

    fn columns() -> Vec<Column<Self>> {
        fn figure(name: &str, about: &str, of: fn(&Figure) -> Option<f64>) -> Column<AgentNights> {
            column::<AgentNights>(name, Number, about, move |r| number(of(&r.figure), 6))
        }
        vec![
            column::<AgentNights>(
                "agent_id",
                Text,
                "Id of the agent; empty for agents that the input does not name.",
                |r| text(r.agent_id),
            ),
            column::<AgentNights>("criterion", Text, MEASURE, |r| measure(r.measure)),
            column::<AgentNights>("n", Whole, "Scored parts.", |r| count(r.figure.n)),
            figure("effective_n", "How many equally weighted parts would say as much (Kish).", |f| Some(f.effective)),
            figure("mean", "Mean, 0 to 100, conversations weighted by their confidence.", |f| Some(f.mean)),
            figure("deviations", "Sum of squared deviations from it, on the scale of effective_n.", |f| {
                Some(f.deviations)
            }),
            figure("shrunken", "Mean shrunken towards the team's (empirical Bayes).", |f| Some(f.shrunken)),
            figure("low", "Lower end of the 95 % interval of the shrunken mean.", |f| f.low),
            figure("high", "Upper end of it.", |f| f.high),
        ]
    }
}

/// The row of the history's `runs`.
pub struct RunRow<'n> {
    /// Hash of all phrases.
    pub lexicon: &'n str,
    /// Hash of the scorecard.
    pub scorecard: &'n str,
    /// Version of the program.
    pub version: &'n str,
    /// Records read.
    pub read: u64,
    /// Conversations scored.
    pub scored: u64,
    /// Records set aside.
    pub quarantined: u64,
    /// Rows of `conversations`.
    pub parts: u64,
}

impl Table for Runs {
    const NAME: &'static str = "runs";
    type Row<'a> = RunRow<'a>;

    fn columns() -> Vec<Column<Self>> {
        vec![
            column::<Runs>("lexicon", Text, "Hash of all phrases.", |r| text(r.lexicon)),
            column::<Runs>("scorecard_hash", Text, "Hash of the scorecard.", |r| text(r.scorecard)),
            column::<Runs>("version", Text, "Version of the program.", |r| text(r.version)),
            column::<Runs>("read", Whole, "Records read.", |r| count(r.read)),
            column::<Runs>("scored", Whole, "Conversations scored.", |r| count(r.scored)),
            column::<Runs>("quarantined", Whole, "Records set aside.", |r| count(r.quarantined)),
            column::<Runs>("parts", Whole, "Rows of conversations.", |r| count(r.parts)),
        ]
    }
}
