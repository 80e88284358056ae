//! A conversation while its turns are being read one by one.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::times::{self, Clock};
use super::{Field, fields};
use crate::ingest::roles::{Role, fold};
use crate::ingest::{Record, Sink};
use crate::model::{Conversation, Language, Outcome, Place, Quarantined, Reason, Speaker, Turn};

/// A conversation being read.
pub(super) struct Draft {
    pub place: Place,
    pub conversation: Conversation<'static>,
    pub clock: Clock,
    /// Why it cannot be used; the first reason stays.
    pub bad: Option<Reason>,
    /// For each turn: the agent's id, where the turn has one.
    agents: Vec<Option<String>>,
    /// Every agent that was named, in agent turns or beside them.
    named: BTreeSet<String>,
    bytes: u64,
    channel_said: bool,
}

impl Draft {
    pub fn new(place: Place, id: &str) -> Draft {
        let conversation = Conversation { id: id.to_owned().into(), ..Conversation::default() };
        let (clock, agents, named) = (Clock::default(), Vec::new(), BTreeSet::new());
        Draft { place, conversation, clock, bad: None, agents, named, bytes: 0, channel_said: false }
    }

    /// Sets the conversation aside; its turns are not needed any more.
    pub fn spoil(&mut self, reason: Reason) {
        self.bad.get_or_insert(reason);
        self.conversation.turns = Vec::new();
        self.agents = Vec::new();
    }

    /// Adds a turn. `agent` is what the input says of the agent beside the label, or empty.
    pub fn turn(&mut self, label: &str, role: &Role, agent: &str, turn: Turn<'static>, limit: u64) {
        self.bytes += turn.text.len() as u64;
        if self.bytes > limit {
            self.spoil(Reason::TooLarge { limit });
        }
        if self.bad.is_some() {
            return;
        }
        if !agent.is_empty() {
            self.named.insert(agent.to_owned());
        }
        let mut turn = turn;
        turn.speaker = role.speaker;
        // A label that is the agent's name says as much as the word "agent".
        if turn.speaker == Speaker::Unknown && !agent.is_empty() && fold(agent) == fold(label) {
            turn.speaker = Speaker::Agent;
        }
        if turn.speaker == Speaker::Unknown && !label.is_empty() {
            turn.label.get_or_insert_with(|| label.to_owned().into());
        }
        let own = if agent.is_empty() { role.agent_id.clone() } else { Some(agent.to_owned()) };
        let id = if turn.speaker == Speaker::Agent { own } else { None };
        self.named.extend(id.clone());
        self.agents.push(id);
        self.conversation.turns.push(turn);
    }

    /// Sets what is said of the whole conversation; the first value stays, and an empty one says nothing.
    pub fn set(&mut self, field: Field, value: &str) {
        if value.is_empty() {
            return;
        }
        let c = &mut self.conversation;
        let slot = match field {
            Field::Queue => &mut c.queue,
            Field::Team => &mut c.team,
            Field::Language => {
                if c.language.is_none() {
                    // A name (`русский`) is turned into its tag where it is one of the three.
                    let tag = match &*fields::key(value) {
                        "русский" | "орысша" | "орыстили" => Language::Russian.code(),
                        "казахский" | "казакша" | "казактили" => Language::Kazakh.code(),
                        "английский" | "агылшынша" | "агылшынтили" => {
                            Language::English.code()
                        }
                        _ => value,
                    };
                    c.language = Some(tag.to_owned().into());
                }
                return;
            }
            Field::Date | Field::Timestamp | Field::StartedAt => {
                if c.started_at.is_none() {
                    let written = times::parse(value).ok().and_then(times::written);
                    c.started_at = Some(written.unwrap_or_else(|| value.to_owned()).into());
                }
                return;
            }
            Field::Agent => &mut c.agent_id,
            Field::Channel => {
                if let Some(channel) = fields::channel(value).filter(|_| !self.channel_said) {
                    c.channel = channel;
                    self.channel_said = true;
                }
                return;
            }
            Field::Csat => {
                let outcome = c.outcome.get_or_insert_default();
                outcome.csat =
                    outcome.csat.or_else(|| value.replace(',', ".").parse().ok().filter(|x: &f64| x.is_finite()));
                return;
            }
            Field::Resolved => {
                let outcome = c.outcome.get_or_insert_default();
                outcome.resolved = outcome.resolved.or_else(|| fields::yes_or_no(value));
                return;
            }
            _ => return,
        };
        if slot.is_none() {
            *slot = Some(value.to_owned().into());
        }
    }

    /// Hands the conversation on, or the reason why it cannot be used.
    pub fn finish(mut self, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let place = self.place;
        if let Some(reason) = self.bad {
            let id = self.conversation.id.to_string();
            return sink(Record::Bad(Quarantined { place, conversation_id: (!id.is_empty()).then_some(id), reason }));
        }
        let c = &mut self.conversation;
        // Where only one agent is named, the conversation is theirs; else each turn carries its own.
        if self.named.len() == 1 && c.agent_id.as_deref().is_none_or(|id| self.named.contains(id)) {
            c.agent_id = self.named.pop_first().map(Into::into);
        } else {
            for (turn, id) in c.turns.iter_mut().zip(self.agents) {
                turn.agent_id = id.map(Into::into);
            }
        }
        if c.started_at.is_none() {
            c.started_at = self.clock.started_at().map(Into::into);
        }
        c.outcome = c.outcome.filter(|o| *o != Outcome::default());
        sink(Record::Conversation { place, conversation: Box::new(self.conversation) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::roles::speaker_from_label;
    use std::path::Path;

    fn draft(turns: &[(&str, &str)]) -> Conversation<'static> {
        let mut d = Draft::new(Place::file(&Path::new("a").into()), "1");
        for (label, agent) in turns {
            d.turn(label, &speaker_from_label(label), agent, Turn { text: "x".into(), ..Turn::default() }, 100);
        }
        let mut out = None;
        let _ = d.finish(&mut |r| {
            if let Record::Conversation { conversation, .. } = r {
                out = Some(*conversation);
            }
            ControlFlow::Continue(())
        });
        out.unwrap()
    }

    #[test]
    fn one_agent_is_the_conversations_and_several_are_the_turns() {
        let one = draft(&[("Agent", "A1"), ("Customer", ""), ("Agent", "")]);
        assert_eq!(one.agent_id.as_deref(), Some("A1"));
        assert!(one.turns.iter().all(|t| t.agent_id.is_none()));
        let two = draft(&[("Operator Dana", ""), ("Client", "ignored"), ("Operator Ali", "")]);
        assert_eq!(two.agent_id, None);
        let ids: Vec<_> = two.turns.iter().map(|t| t.agent_id.as_deref()).collect();
        assert_eq!(ids, [Some("Dana"), None, Some("Ali")]);
        let named = draft(&[("Айдана", "айдана"), ("Марат", "айдана")]);
        assert_eq!((named.turns[0].speaker, named.turns[1].speaker), (Speaker::Agent, Speaker::Unknown));
    }
}
