//! Who is the agent, by what is said?
//!
//! Where neither the input nor the user tells the roles, the two speakers of a conversation are weighed against each other:
//! the acts that the lexicon finds in their turns, and how much they say "you", "I" and "we". The difference is a log-odds
//! ([`weigh`]); the roles are given only where it is large enough, else they stay unknown and nothing is scored. Stated roles
//! are never changed, but a note says where they look reversed. `docs/roles.md` has the measured accuracy.

mod weights;

use crate::ingest::prepare::{give_role, unknown_labels};
use crate::lexicon::{By, Lexicon, Reader, Reading};
use crate::model::{Conversation, Kind, NoteKind, RoleSource, RolesFound, Speaker};

pub use weights::{Signal, WEIGHTS, signals};

/// Log-odds from which roles are given: of 100 such conversations less than 1 was wrong where it was measured.
pub const SURE: f64 = 3.0;
/// Log-odds against stated roles from which they are said to look reversed.
pub const REVERSED: f64 = 4.5;
/// Stated roles whose own acts weigh more than this are right; nothing more is looked at.
const PLAINLY_RIGHT: f64 = 1.5;
/// No conclusion is surer than this.
const SUREST: f64 = 0.99;
/// Fewest turns of each speaker that are concluded from.
const TURNS: usize = 2;

/// Reads conversations with a lexicon and settles who is the agent. Holds what a thread remembers between them; results
/// never depend on it.
#[derive(Debug)]
pub struct Resolver<'l> {
    reader: Reader<'l>,
    other: Reading,
}

impl<'l> Resolver<'l> {
    /// A resolver with nothing remembered yet.
    pub fn new(lexicon: &'l Lexicon) -> Self {
        Self { reader: Reader::new(lexicon), other: Reading::default() }
    }

    /// Finds words, languages and acts of a conversation, and gives its speakers roles where that takes what they say.
    pub fn read(&mut self, c: &mut Conversation<'_>, out: &mut Reading) {
        self.reader.read(c, out);
        let speaks = |s: Speaker| c.turns.iter().any(|t| t.speaker == s && t.kind == Kind::Speech);
        match (speaks(Speaker::Agent), speaks(Speaker::Customer), speaks(Speaker::Unknown)) {
            (true, true, false) => self.check(c, out),
            (_, _, false) => {}
            (false, false, true) => {
                if self.infer(c, out) {
                    self.reader.read(c, out);
                }
            }
            (agent, ..) => {
                let count = unknown_labels(c).len();
                let what = if agent { "some turns" } else { "the other side" };
                if !agent {
                    c.roles = RolesFound { source: RoleSource::Unknown, confidence: 0.0 };
                }
                c.note(NoteKind::RolesUnknown, format!("{what}: the role of {count} speakers is not known"));
            }
        }
    }

    /// Whether roles were given.
    fn infer(&mut self, c: &mut Conversation<'_>, reading: &Reading) -> bool {
        let labels = unknown_labels(c);
        let why = match &labels[..] {
            [a, b] if !a.is_empty() && !b.is_empty() => {
                let of = |label: &str| {
                    let mine = |(i, t): (usize, &crate::model::Turn<'_>)| {
                        let said = t.kind == Kind::Speech && t.speaker == Speaker::Unknown;
                        (said && t.label.as_deref() == Some(label)).then_some(i)
                    };
                    c.turns.iter().enumerate().filter_map(mine).collect::<Vec<_>>()
                };
                let (first, second) = (of(a), of(b));
                let odds = weigh(c, reading, &first, &second);
                if first.len().min(second.len()) < TURNS {
                    "a speaker says too little to conclude who is the agent".to_owned()
                } else if odds.abs() < SURE {
                    format!("what is said does not tell who is the agent (chance {:.2})", chance(odds.abs()))
                } else {
                    let (agent, customer) = if odds > 0.0 { (a, b) } else { (b, a) };
                    let confidence = chance(odds.abs()).min(SUREST);
                    give_role(c, agent, Speaker::Agent);
                    give_role(c, customer, Speaker::Customer);
                    c.roles = RolesFound { source: RoleSource::Inferred, confidence };
                    c.note(
                        NoteKind::RolesInferred,
                        format!("{agent:?} was taken for the agent by what is said (chance {confidence:.2})"),
                    );
                    return true;
                }
            }
            labels if labels.iter().any(String::is_empty) => {
                "the speakers are not told apart; let the recogniser separate speakers or channels".to_owned()
            }
            [_] => "there is only one speaker".to_owned(),
            many => format!("{} speakers without a role; with more than two nothing is concluded", many.len()),
        };
        c.roles = RolesFound { source: RoleSource::Unknown, confidence: 0.0 };
        c.note(NoteKind::RolesUnknown, why);
        false
    }

    /// Notes stated roles that look reversed.
    fn check(&mut self, c: &mut Conversation<'_>, reading: &Reading) {
        if plainly_right(c, reading) {
            return;
        }
        let turns_of = |s: Speaker| -> Vec<usize> {
            let all = c.turns.iter().enumerate();
            all.filter(|(_, t)| t.speaker == s && t.kind == Kind::Speech).map(|(i, _)| i).collect()
        };
        let (agent, customer) = (turns_of(Speaker::Agent), turns_of(Speaker::Customer));
        if agent.len().min(customer.len()) < TURNS {
            return;
        }
        // Acts are searched for by role; without roles all are.
        let hide = |c: &mut Conversation<'_>, agents: Speaker, customers: Speaker| {
            agent.iter().for_each(|i| c.turns[*i].speaker = agents);
            customer.iter().for_each(|i| c.turns[*i].speaker = customers);
        };
        hide(c, Speaker::Unknown, Speaker::Unknown);
        self.reader.read(c, &mut self.other);
        hide(c, Speaker::Agent, Speaker::Customer);
        let odds = weigh(c, &self.other, &agent, &customer);
        if odds <= -REVERSED {
            c.note(
                NoteKind::RolesReversed,
                "by what is said, agent and customer look exchanged; the roles stay as the input has them".to_owned(),
            );
        }
    }
}

/// Whether acts that only one side can do, found on the sides that the input states, say enough.
fn plainly_right(c: &Conversation<'_>, reading: &Reading) -> bool {
    let mut sum = 0.0;
    for (turn, t) in c.turns.iter().zip(&reading.turns) {
        for found in &reading.acts[t.acts.clone()] {
            let weight = weights::of_act(found.act);
            let own = match (found.act.info().by, turn.speaker) {
                (By::Agent, Speaker::Agent) => weight,
                (By::Customer, Speaker::Customer) => -weight,
                _ => 0.0,
            };
            sum += own.max(0.0) * f64::from(found.confidence);
        }
        if sum > PLAINLY_RIGHT {
            return true;
        }
    }
    false
}

/// The log-odds that the speaker of the turns `a` is the agent and that of `b` the customer; exchanged, it has the other sign.
/// `reading` must be that of a conversation in which the roles of both are not known: then acts of both sides are searched for.
pub fn weigh(c: &Conversation<'_>, reading: &Reading, a: &[usize], b: &[usize]) -> f64 {
    let (a, b) = (signals(c, reading, a), signals(c, reading, b));
    WEIGHTS.iter().map(|(s, w)| w * (a[s.index()] - b[s.index()])).sum()
}

fn chance(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}
