//! What the readers of help desks share: messages of a ticket on their way to turns. They are put into the order of time;
//! letters go through the same cutting of quotes and signatures as mail (`mail::Letters`), other messages are taken whole.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::mail::{self, Letters, Line, Mark, choose};
use super::times::{self, When};
use crate::ingest::{Record, Sink};
use crate::model::{Channel, Conversation, Kind, NoteKind, Outcome, Place, Speaker, Turn};

/// A message of a ticket.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    /// Who wrote it.
    pub speaker: Speaker,
    /// The writer as the input names them: for the label where the role is not known.
    pub name: Option<String>,
    /// The writer's id, kept where the writer is an agent.
    pub author: Option<String>,
    /// When it was written, as the input has it.
    pub at: Option<String>,
    /// The text as plain text.
    pub plain: Option<String>,
    /// The text as HTML.
    pub html: Option<String>,
    /// Speech, or the internal note or automatic message that it is.
    pub kind: Kind,
}

/// A ticket being read.
pub(super) struct Ticket {
    /// Where it began.
    pub place: Place,
    /// What is said of it as a whole; its turns are made of the messages.
    pub conversation: Conversation<'static>,
    /// When it was opened, for tickets whose messages bear no dates.
    pub opened: Option<String>,
    /// Its messages in any order.
    pub messages: Vec<Message>,
}

impl Ticket {
    /// A ticket of this id.
    pub fn new(place: Place, id: &str, channel: Channel) -> Ticket {
        let conversation = Conversation { id: id.to_owned().into(), channel, ..Conversation::default() };
        Ticket { place, conversation, opened: None, messages: Vec::new() }
    }

    /// Adds a label, where there is something to say.
    pub fn label(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value.map(str::trim).filter(|v| !v.is_empty()) {
            self.conversation.labels.0.insert(name.into(), value.to_owned().into());
        }
    }

    /// Adds how it ended.
    pub fn outcome(&mut self, csat: Option<f64>, resolved: Option<bool>) {
        let outcome = Outcome { csat, resolved };
        self.conversation.outcome = (outcome != Outcome::default()).then_some(outcome);
    }

    /// Hands the conversation on.
    pub fn finish(mut self, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let conversation = self.conversation();
        sink(Record::Conversation { place: self.place, conversation: Box::new(conversation) })
    }

    fn conversation(&mut self) -> Conversation<'static> {
        let messages = self.in_order();
        let mut out = std::mem::take(&mut self.conversation);
        let first = messages.iter().find_map(|(at, _)| *at);
        let opened = self.opened.as_deref().and_then(|o| times::parse(o).ok());
        out.started_at = first.map(|f| f.0).or(opened).and_then(times::written).map(Into::into);

        let mut letters = Letters::default();
        let mut doubtful = Vec::new();
        let mut answers = false;
        let mut ids: BTreeSet<String> = BTreeSet::new();
        let mut agents = Vec::new();
        for (n, (at, message)) in (1..).zip(messages) {
            let start = at.zip(first).map(|(a, f)| a.1 - f.1);
            let Message { speaker, name, author, plain, html, kind, .. } = message;
            // Fields of HTML hold plain text where the customer wrote such; its line ends count.
            let (plain, html) = match html {
                Some(text) if plain.is_none() && !has_tags(&text) => (Some(text), None),
                html => (plain, html),
            };
            let lines = choose(plain, html);
            let pieces = match (out.channel, kind) {
                (Channel::Email, Kind::Speech) => {
                    let writer = author.as_deref().or(name.as_deref()).unwrap_or(speaker.name());
                    let letter = letters.read(writer, answers, lines);
                    answers = true;
                    if letter.doubtful {
                        doubtful.push(n.to_string());
                    }
                    letter.pieces
                }
                (_, Kind::Speech) => marked(&lines),
                (_, kind) => vec![(kind, mail::joined(&lines))],
            };
            let agent = author.filter(|_| speaker == Speaker::Agent);
            let label = name.filter(|_| speaker == Speaker::Unknown);
            for (kind, text) in pieces.into_iter().filter(|(_, text)| !text.trim().is_empty()) {
                if kind == Kind::Speech {
                    ids.extend(agent.clone());
                }
                agents.push(agent.clone());
                let label = label.clone().map(Into::into);
                out.turns.push(Turn { speaker, label, text: text.into(), start, kind, ..Turn::default() });
            }
        }
        // One agent's words: the conversation is theirs. Colleagues who only leave notes keep their own ids.
        match (ids.len(), ids.first()) {
            (1, Some(only)) => {
                for (turn, agent) in out.turns.iter_mut().zip(agents) {
                    turn.agent_id = agent.filter(|a| a != only).map(Into::into);
                }
                out.agent_id = ids.pop_first().map(Into::into);
            }
            (0, _) => {}
            _ => {
                for (turn, agent) in out.turns.iter_mut().zip(agents) {
                    turn.agent_id = agent.map(Into::into);
                }
                out.agent_id = None;
            }
        }
        if !doubtful.is_empty() {
            out.note(NoteKind::Quote, mail::unmarked(&doubtful));
        }
        out
    }

    /// The messages by time, with it: what was understood, and seconds. One without a time stays behind the one it follows.
    fn in_order(&mut self) -> Vec<(Option<Moment>, Message)> {
        let mut odd = None;
        let mut last = f64::NEG_INFINITY;
        let mut keyed: Vec<(f64, Option<Moment>, Message)> = Vec::new();
        for message in std::mem::take(&mut self.messages) {
            let at = message.at.as_deref().map(str::trim).filter(|a| !a.is_empty()).and_then(|text| {
                let found = times::parse(text).ok().and_then(moment);
                if found.is_none() {
                    odd.get_or_insert_with(|| text.chars().take(60).collect::<String>());
                }
                found
            });
            last = at.map_or(last, |a| a.1);
            keyed.push((last, at, message));
        }
        // Stable, so that equal and missing times keep the order of the file.
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        if let Some(text) = odd {
            self.conversation
                .note(NoteKind::Date, format!("{text:?} is not a date; the times of such messages are left out"));
        }
        keyed.into_iter().map(|(_, at, message)| (at, message)).collect()
    }
}

/// A moment as it was understood, and its seconds since 1970.
type Moment = (When, f64);

/// A moment with its seconds since 1970; a time without an offset is taken for UTC.
fn moment(when: When) -> Option<Moment> {
    let When::At(at, offset) = when else { return None };
    let stamp = offset.unwrap_or(jiff::tz::Offset::UTC).to_timestamp(at).ok()?;
    #[allow(clippy::cast_precision_loss)] // milliseconds of our age are exact
    Some((when, stamp.as_millisecond() as f64 / 1000.0))
}

/// Whether there is markup in a text.
fn has_tags(text: &str) -> bool {
    let begins = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
    text.match_indices('<').any(|(i, _)| begins(&text[i + 1..]) && text[i..].contains('>')) || text.contains("&nbsp;")
}

/// What the markup alone says: quoted lines, signatures, and the rest.
fn marked(lines: &[Line]) -> Vec<(Kind, String)> {
    let kind = |line: &Line| match line.mark {
        Mark::Own => Kind::Speech,
        Mark::Quoted => Kind::Quote,
        Mark::Signature => Kind::Signature,
    };
    let runs = lines.chunk_by(|a, b| a.mark == b.mark);
    runs.filter_map(|run| Some((kind(run.first()?), mail::joined(run)))).collect()
}

/// `yes`, `1`, `true` as exports write truth.
pub(super) fn is_true(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "1" | "yes")
}

/// The channel of a vendor's word; letters where it says nothing else.
pub(super) fn channel(word: Option<&str>) -> Channel {
    let word = word.unwrap_or_default().to_ascii_lowercase();
    const CHATS: [&str; 14] = [
        "chat",
        "messag",
        "whatsapp",
        "facebook",
        "instagram",
        "twitter",
        "telegram",
        "viber",
        "sms",
        "line",
        "wechat",
        "sunshine",
        "mobile_sdk",
        "conversation",
    ];
    if ["voice", "phone", "call"].iter().any(|w| word.contains(w)) {
        Channel::Call
    } else if word != "offline" && !word.contains("mail") && CHATS.iter().any(|w| word.contains(w)) {
        Channel::Chat
    } else {
        Channel::Email
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(speaker: Speaker, author: &str, at: &str, plain: &str) -> Message {
        let some = |s: &str| (!s.is_empty()).then(|| s.to_owned());
        Message { speaker, author: some(author), at: some(at), plain: some(plain), ..Message::default() }
    }

    fn read(channel: Channel, messages: Vec<Message>) -> Conversation<'static> {
        let mut ticket = Ticket::new(Place::file(&std::path::Path::new("a").into()), "1", channel);
        ticket.messages = messages;
        ticket.conversation()
    }

    #[test]
    fn messages_are_put_in_order_and_times_counted_from_the_first() {
        let c = read(
            Channel::Chat,
            vec![
                say(Speaker::Agent, "7", "2025-03-10T10:01:00+05:00", "hello"),
                say(Speaker::Agent, "7", "", "how are you"),
                say(Speaker::Customer, "9", "2025-03-10T05:00:30Z", "hi"),
                say(Speaker::Agent, "8", "soon", "bye"),
            ],
        );
        let texts: Vec<_> = c.turns.iter().map(|t| (&*t.text, t.start, t.agent_id.as_deref())).collect();
        // What has no time stays behind what it followed in the file: "bye" behind "hi".
        assert_eq!(
            texts,
            [
                ("hi", Some(0.0), None),
                ("bye", None, Some("8")),
                ("hello", Some(30.0), Some("7")),
                ("how are you", None, Some("7"))
            ]
        );
        assert_eq!(c.started_at.as_deref(), Some("2025-03-10T05:00:30Z"));
        assert!(c.notes[0].text.contains("\"soon\" is not a date"));
    }

    #[test]
    fn one_agents_conversation_is_theirs_whoever_left_a_note() {
        let mut note = say(Speaker::Agent, "8", "", "call him");
        note.kind = Kind::Note;
        let c = read(Channel::Email, vec![say(Speaker::Agent, "7", "", "Dear Anna, it is sent."), note]);
        assert_eq!((c.agent_id.as_deref(), c.turns[1].agent_id.as_deref()), (Some("7"), Some("8")));
        assert_eq!(c.turns[1].kind, Kind::Note);
    }

    #[test]
    fn letters_are_cut_and_chats_are_not() {
        let text = "It is sent.\n\nKind regards,\nDana\nShop, tel. +7 727 000 00 00\n\nOn Mon, 3 Mar 2025 at 10:00, Anna <a@x.example> wrote:\n> Where is it?";
        let kinds = |c: Channel| {
            read(c, vec![say(Speaker::Agent, "7", "", text)]).turns.iter().map(|t| t.kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds(Channel::Email), [Kind::Speech, Kind::Signature, Kind::Quote]);
        assert_eq!(kinds(Channel::Chat), [Kind::Speech]);
    }

    #[test]
    fn channels_of_vendors() {
        assert_eq!(channel(Some("native_messaging")), Channel::Chat);
        assert_eq!(channel(Some("whatsapp")), Channel::Chat);
        assert_eq!(channel(Some("web")), Channel::Email);
        assert_eq!(channel(Some("voice")), Channel::Call);
        assert_eq!(channel(None), Channel::Email);
    }
}
