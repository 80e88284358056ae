//! Freshdesk: tickets with their conversations, or lists of conversations that name their tickets.
//!
//! ```json
//! {"id":301,"subject":"Доставка","status":5,"source":1,"requester_id":9001,"responder_id":77,"created_at":"2025-03-10T05:00:00Z",
//!  "description_text":"Где мой заказ?",
//!  "conversations":[
//!   {"id":1,"user_id":77,"incoming":false,"private":false,"body_text":"Заказ у курьера.","created_at":"2025-03-10T06:00:00Z"}]}
//! ```
//! Read: one ticket a file, JSON Lines, a list, `{"tickets":[…]}` or a search's `{"results":[…]}`; conversations in a list, a document
//! `{"conversations":[…]}` or lines, each with its `ticket_id`. Tickets and conversations in several files: name the folder.
//!
//! **Who is who?** `incoming: true` is the customer, `false` the agent, whose id is `user_id`. The ticket's description is its
//! first message: the customer's, or the agent's where the ticket began with an outbound letter (source 10).
//!
//! **What is not scored?** `private: true` are notes. In letters quotes and signatures are cut as in mail. Attachments,
//! surveys and time entries are not read; the description of a call (source 3) is a note. Automatic answers cannot be told from an agent's: Freshdesk keeps them under a user.
//!
//! Status 4 (resolved) and 5 (closed) mean resolved; `group_id` is the queue. Conversations without their ticket lack its first
//! message, and a label `note` says so. **Memory.** A ticket with its conversations is read at once; conversations that stand
//! apart wait in a temporary file (16 bytes each stay in memory, and the id of each ticket).

use std::ops::ControlFlow;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::gather::Gather;
use super::json::{Item, Word, or_default, read};
use super::tickets::{Message, Ticket, is_true};
use crate::ingest::{Format, Options, Record, Sample, Sink, Source};
use crate::model::{Channel, Kind, NoteKind, Place, Quarantined, Reason, Speaker};

/// Tickets of Freshdesk.
pub struct Freshdesk;

impl Format for Freshdesk {
    fn name(&self) -> &'static str {
        "freshdesk"
    }

    fn about(&self) -> &'static str {
        "Freshdesk: tickets with conversations, or conversations with their ticket_id, as lists, documents or JSON Lines"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        let inside = keys.all(&["conversations[].incoming", "conversations[].private"]);
        let flat = keys.all(&["incoming", "private"]) && keys.count(&["ticket_id", "body_text", "support_email"]) > 0;
        let ticket = keys.all(&["requester_id", "responder_id"]);
        match (inside || flat, ticket) {
            (true, _) => 96,
            (false, true)
                if keys.count(&["description_text", "fr_escalated", "is_escalated", "spam", "source"]) > 0 =>
            {
                93
            }
            _ => 0,
        }
    }

    fn joins_files(&self) -> bool {
        true
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let mut gather = Gather::default();
        for source in sources {
            read(source, options, &["tickets", "results"], sink, &mut |item, sink| take(item, &mut gather, sink))?;
        }
        gather.finish(options, sink, &mut |id, place, records, sink| assemble(id, place, &records, sink))
    }
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct RawTicket {
    id: Word,
    subject: Word,
    description: Word,
    description_text: Word,
    status: Word,
    source: Word,
    requester_id: Word,
    responder_id: Word,
    group_id: Word,
    created_at: Word,
    conversations: Option<Vec<RawConversation>>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct RawConversation {
    ticket_id: Word,
    user_id: Word,
    body: Word,
    body_text: Word,
    incoming: Word,
    private: Word,
    created_at: Word,
}

/// Which keys an item has tells what it is; a failed request has a `code` and a `message`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Shape {
    incoming: Option<IgnoredAny>,
    requester_id: Option<IgnoredAny>,
    conversations: Option<IgnoredAny>,
    id: Option<IgnoredAny>,
    code: Word,
    message: Word,
}

#[derive(Default, Deserialize)]
struct Listed {
    #[serde(default, deserialize_with = "or_default")]
    conversations: Vec<RawConversation>,
}

/// What waits for the rest of its ticket.
#[derive(Deserialize, Serialize)]
enum Waiting {
    Ticket(Box<RawTicket>),
    Conversation(RawConversation),
}

fn take(item: &Item<'_>, gather: &mut Gather, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let shape = match item.parse::<Shape>() {
        Ok(shape) => shape,
        Err(reason) => return item.bad(None, reason, sink),
    };
    let wait = |gather: &mut Gather, id: &str, what: &Waiting| {
        let text = serde_json::to_string(what).map_err(|e| Reason::Content(e.to_string()))?;
        gather.add(id, &item.place, &text)
    };
    let mut apart = |all: Vec<RawConversation>| {
        for conversation in all {
            let Some(id) = conversation.ticket_id.get().map(str::to_owned) else {
                return Err(Reason::Content("a conversation without a ticket_id".to_owned()));
            };
            wait(gather, &id, &Waiting::Conversation(conversation))?;
        }
        Ok(ControlFlow::Continue(()))
    };
    let done = if shape.incoming.is_some() {
        item.parse::<RawConversation>().and_then(|c| apart(vec![c]))
    } else if shape.conversations.is_some() && shape.id.is_none() {
        item.parse::<Listed>().and_then(|l| apart(l.conversations))
    } else if shape.requester_id.is_some() || shape.conversations.is_some() {
        item.parse::<RawTicket>().and_then(|t| match (t.id.get().map(str::to_owned), t.conversations.is_some()) {
            (None, _) => Err(Reason::Content("a ticket without an id".to_owned())),
            (Some(id), true) => Ok(conversation(&id, item.place.clone(), t).finish(sink)),
            (Some(id), false) => wait(gather, &id, &Waiting::Ticket(Box::new(t))).map(|()| ControlFlow::Continue(())),
        })
    } else if let (Some(code), Some(message)) = (shape.code.get(), shape.message.get()) {
        Err(Reason::Vendor(format!("{code}: {message}")))
    } else {
        Err(Reason::Content("neither a ticket nor a conversation: no requester_id, no incoming".to_owned()))
    };
    match done {
        Ok(flow) => flow,
        Err(reason) => match item.word("ticket_id") {
            Some(id) => {
                gather.spoil(&id, &item.place, reason);
                ControlFlow::Continue(())
            }
            None => item.bad(item.word("id"), reason, sink),
        },
    }
}

fn assemble(id: &str, place: Place, records: &[String], sink: &mut Sink<'_>) -> ControlFlow<()> {
    let (mut ticket, mut conversations) = (None, Vec::new());
    for record in records {
        match serde_json::from_str(record) {
            Ok(Waiting::Ticket(t)) => ticket = Some(*t),
            Ok(Waiting::Conversation(c)) => conversations.push(c),
            Err(e) => {
                let reason = Reason::Content(e.to_string());
                return sink(Record::Bad(Quarantined { place, conversation_id: Some(id.to_owned()), reason }));
            }
        }
    }
    let known = ticket.is_some();
    let mut raw = ticket.unwrap_or_default();
    raw.conversations = Some(conversations);
    let mut ticket = conversation(id, place, raw);
    if !known {
        ticket
            .conversation
            .note(NoteKind::LeftOut, "the ticket itself is not in the export: its first message is missing");
    }
    ticket.finish(sink)
}

fn conversation(id: &str, place: Place, raw: RawTicket) -> Ticket {
    // Freshdesk's numbers of sources.
    let (channel, via) = match raw.source.get() {
        Some("1") => (Channel::Email, "email"),
        Some("2") => (Channel::Email, "portal"),
        Some("3") => (Channel::Call, "phone"),
        Some("5") => (Channel::Chat, "twitter"),
        Some("6") => (Channel::Chat, "facebook"),
        Some("7") => (Channel::Chat, "chat"),
        Some("9") => (Channel::Email, "feedback_widget"),
        Some("10") => (Channel::Email, "outbound_email"),
        Some("13") => (Channel::Chat, "whatsapp"),
        Some(other) => (Channel::Email, other),
        None => (Channel::Email, ""),
    };
    let mut ticket = Ticket::new(place, id, channel);
    ticket.label("via", Some(via));
    ticket.label("subject", raw.subject.get());
    ticket.opened.clone_from(&raw.created_at.0);
    ticket.conversation.queue = raw.group_id.get().map(|g| g.to_owned().into());
    let status = raw.status.get().and_then(|s| match s.to_ascii_lowercase().as_str() {
        "4" | "5" | "resolved" | "closed" => Some(true),
        "2" | "3" | "6" | "7" | "open" | "pending" => Some(false),
        _ => None, // a status of the company's own
    });
    ticket.outcome(None, status);
    if raw.description_text.get().is_some() || raw.description.get().is_some() {
        let outbound = via == "outbound_email";
        ticket.messages.push(Message {
            speaker: if outbound { Speaker::Agent } else { Speaker::Customer },
            name: None,
            author: if outbound { raw.responder_id.0 } else { raw.requester_id.0 },
            at: raw.created_at.0,
            plain: raw.description_text.0,
            html: raw.description.0,
            // What an agent wrote down of a call.
            kind: if channel == Channel::Call { Kind::Note } else { Kind::Speech },
        });
    }
    for c in raw.conversations.unwrap_or_default() {
        let speaker = match c.incoming.get() {
            Some(incoming) if is_true(incoming) => Speaker::Customer,
            Some(_) => Speaker::Agent,
            None => Speaker::Unknown,
        };
        let kind = if c.private.get().is_some_and(is_true) { Kind::Note } else { Kind::Speech };
        let name = c.user_id.get().map(|u| format!("user {u}"));
        let (plain, html) = (c.body_text.0, c.body.0);
        ticket.messages.push(Message { speaker, name, author: c.user_id.0, at: c.created_at.0, plain, html, kind });
    }
    ticket
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    #[test]
    fn conversations_that_stand_apart_meet_their_ticket() {
        let got = read_text(
            &Freshdesk,
            "x.jsonl",
            br#"{"ticket_id":3,"user_id":7,"incoming":false,"private":false,"body":"<div>Sent today.</div>","created_at":"2025-03-10T06:00:00Z"}
            {"ticket_id":4,"user_id":8,"incoming":true,"private":false,"body_text":"hello?","created_at":"2025-03-10T06:00:00Z"}
            {"ticket_id":3,"user_id":7,"incoming":false,"private":true,"body_text":"vip","created_at":"2025-03-10T05:30:00Z"}
            {"id":3,"requester_id":1,"responder_id":7,"source":7,"status":4,"description_text":"Where?","created_at":"2025-03-10T05:00:00Z"}"#,
        );
        assert_eq!(
            got,
            [
                "{\"id\":\"3\",\"channel\":\"chat\",\"started_at\":\"2025-03-10T05:00:00Z\",\"agent_id\":\"7\",\"labels\":{\"via\":\"chat\"},\"outcome\":{\"resolved\":true},\"turns\":[\
            {\"speaker\":\"customer\",\"text\":\"Where?\",\"start\":0.0},{\"speaker\":\"agent\",\"text\":\"vip\",\"start\":1800.0,\"kind\":\"note\"},\
            {\"speaker\":\"agent\",\"text\":\"Sent today.\",\"start\":3600.0}]}",
                "{\"id\":\"4\",\"channel\":\"email\",\"started_at\":\"2025-03-10T06:00:00Z\",\"turns\":[\
            {\"speaker\":\"customer\",\"text\":\"hello?\",\"start\":0.0}],\
            \"notes\":[{\"kind\":\"left_out\",\"text\":\"the ticket itself is not in the export: its first message is missing\"}]}"
            ]
        );
    }

    #[test]
    fn an_outbound_ticket_begins_with_the_agent() {
        let got = read_text(
            &Freshdesk,
            "x.json",
            br#"{"id":1,"source":10,"requester_id":2,"responder_id":7,"description_text":"We miss you","conversations":[]}"#,
        );
        assert!(
            got[0].contains("\"agent_id\":\"7\"")
                && got[0].contains("{\"speaker\":\"agent\",\"text\":\"We miss you\"}"),
            "{got:?}"
        );
    }

    #[test]
    fn failures_of_the_vendor_are_told() {
        let got = read_text(&Freshdesk, "x.json", br#"{"code":"invalid_credentials","message":"log in"}"#);
        assert!(got[0].ends_with("reports a failure: invalid_credentials: log in"), "{got:?}");
    }
}
