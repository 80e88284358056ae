//! Intercom: conversations with their parts.
//!
//! ```json
//! {"id":"88","created_at":1741582800,"state":"closed","admin_assignee_id":5,"team_assignee_id":"61",
//!  "source":{"type":"conversation","delivered_as":"customer_initiated","body":"<p>The app does not open.</p>",
//!            "author":{"type":"user","id":"u1","name":"Aigul"}},
//!  "conversation_parts":{"conversation_parts":[
//!   {"part_type":"comment","body":"<p>I am looking into it.</p>","created_at":1741582920,
//!    "author":{"type":"admin","id":"5","name":"Dana","email":"dana@shop.example"}}]},
//!  "conversation_rating":{"rating":5}}
//! ```
//! Read: one conversation a file, JSON Lines, a list, `{"conversations":[…]}` or `{"data":[…]}`, with the parts fetched (a list of
//! conversations alone has only the first message of each). The first message stands in `source`, the others in
//! `conversation_parts`.
//!
//! **Who is who?** The author's type says it: `admin` is the agent (`teammate` too), `user`, `lead`, `contact` the customer, `bot`
//! a bot; what an AI agent wrote in the name of an admin (`from_ai_agent`, `is_ai_answer`) is the bot's too. An agent's id is that
//! of the admin.
//!
//! **What is not scored?** Parts whose type begins with `note` are notes. Comments, and what was said with an assignment, a
//! closing or an opening, are speech: the customer sees them. Campaigns (`delivered_as` of `automated` or
//! `campaigns_initiated`) are automatic. Parts without words (assignments, snoozes, redacted ones) are left out, as are
//! attachments. With `source.type` of `email` quotes and signatures are cut as in mail.
//!
//! Times are when a part was written; there are no ends. The rating (1 to 5) is the satisfaction, `closed` means resolved.

use std::ops::ControlFlow;

use serde::Deserialize;

use super::json::{Item, Number, Word, or_default, read};
use super::tickets::{Message, Ticket, is_true};
use crate::ingest::{Format, Options, Sample, Sink, Source};
use crate::model::{Channel, Kind, NoteKind, Reason, Speaker};

/// Conversations of Intercom.
pub struct Intercom;

impl Format for Intercom {
    fn name(&self) -> &'static str {
        "intercom"
    }

    fn about(&self) -> &'static str {
        "Intercom: conversations with source and conversation_parts, alone, in lists or as JSON Lines"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        let source = keys.has("source.delivered_as") || keys.has("source.author");
        let parts = keys.has("conversation_parts.conversation_parts") || keys.has("conversation_parts");
        match (source, parts) {
            (true, true) => 97,
            (true, false) if keys.has("source.delivered_as") => 95,
            (false, true) => 93,
            _ => 0,
        }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        for source in sources {
            read(source, options, &["conversations", "data"], sink, &mut |item, sink| take(item, sink))?;
        }
        ControlFlow::Continue(())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Conversation {
    #[serde(rename = "type")]
    kind: Word,
    id: Word,
    title: Word,
    created_at: Word,
    state: Word,
    team_assignee_id: Word,
    #[serde(deserialize_with = "or_default")]
    source: First,
    conversation_parts: Option<Parts>,
    #[serde(deserialize_with = "or_default")]
    conversation_rating: Rating,
    errors: Option<Vec<Failure>>,
    ai_agent_participated: Word,
}

/// The parts, in their list object or bare.
#[derive(Deserialize)]
#[serde(untagged, expecting = "\"conversation_parts\" is not a list of parts")]
enum Parts {
    Object { conversation_parts: Option<Vec<Part>> },
    List(Vec<Part>),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct First {
    #[serde(rename = "type")]
    kind: Word,
    delivered_as: Word,
    subject: Word,
    body: Word,
    #[serde(deserialize_with = "or_default")]
    author: Author,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Part {
    part_type: Word,
    body: Word,
    created_at: Word,
    #[serde(deserialize_with = "or_default")]
    author: Author,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Author {
    #[serde(rename = "type")]
    kind: Word,
    id: Word,
    name: Word,
    from_ai_agent: Word,
    is_ai_answer: Word,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rating {
    rating: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Failure {
    code: Word,
    message: Word,
}

impl Author {
    fn speaker(&self) -> Speaker {
        let machine = |w: &Word| w.get().is_some_and(is_true);
        match self.kind.get().unwrap_or_default() {
            _ if machine(&self.from_ai_agent) || machine(&self.is_ai_answer) => Speaker::Bot,
            "admin" | "teammate" => Speaker::Agent,
            "user" | "lead" | "contact" | "visitor" => Speaker::Customer,
            "bot" => Speaker::Bot,
            _ => Speaker::Unknown,
        }
    }

    fn says(self, body: Word, at: Word, kind: Kind) -> Message {
        let speaker = self.speaker();
        let (id, name) = (self.id.0, self.name.0);
        let name = name.or_else(|| id.clone());
        Message { speaker, name, author: id, at: at.0, plain: None, html: body.0, kind }
    }
}

fn take(item: &Item<'_>, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let raw: Conversation = match item.parse() {
        Ok(raw) => raw,
        Err(reason) => return item.bad(item.word("id"), reason, sink),
    };
    if raw.kind.get() == Some("error.list") || raw.errors.is_some() {
        let first = raw.errors.unwrap_or_default().into_iter().next().unwrap_or_default();
        let said = first.message.get().or(first.code.get()).unwrap_or("an error without a message").to_owned();
        return item.bad(raw.id.0, Reason::Vendor(said), sink);
    }
    let Some(id) = raw.id.get() else {
        return item.bad(None, Reason::Content("a conversation without an id".to_owned()), sink);
    };
    let medium = raw.source.kind.get().unwrap_or("conversation");
    let channel = match medium {
        "email" => Channel::Email,
        m if m.contains("phone") || m.contains("call") => Channel::Call,
        _ => Channel::Chat,
    };
    let mut ticket = Ticket::new(item.place.clone(), id, channel);
    ticket.opened.clone_from(&raw.created_at.0);
    ticket.conversation.queue = raw.team_assignee_id.get().map(|t| t.to_owned().into());
    let subject = raw.source.subject.get().or(raw.title.get()).map(untagged);
    ticket.label("subject", subject.as_deref());
    ticket.label("via", Some(medium));
    if raw.ai_agent_participated.get().is_some_and(is_true) {
        ticket.label("ai_agent", Some("true"));
    }
    ticket.outcome(raw.conversation_rating.rating.0, raw.state.get().map(|s| s == "closed"));
    if raw.source.body.get().is_some() {
        let campaign = matches!(raw.source.delivered_as.get(), Some("automated" | "campaigns_initiated"));
        let kind = if campaign { Kind::Auto } else { Kind::Speech };
        ticket.messages.push(raw.source.author.says(raw.source.body, raw.created_at, kind));
    }
    match raw.conversation_parts {
        Some(Parts::Object { conversation_parts: Some(parts) } | Parts::List(parts)) => {
            for part in parts.into_iter().filter(|p| p.body.get().is_some()) {
                let note = part.part_type.get().is_some_and(|t| t.starts_with("note"));
                let kind = if note { Kind::Note } else { Kind::Speech };
                ticket.messages.push(part.author.says(part.body, part.created_at, kind));
            }
        }
        _ => ticket
            .conversation
            .note(NoteKind::LeftOut, "the parts of the conversation are not in the export: only its first message"),
    }
    ticket.finish(sink)
}

/// A subject, which Intercom wraps into a paragraph.
fn untagged(html: &str) -> String {
    let lines = super::mail::choose(None, Some(html.to_owned()));
    super::mail::joined(&lines)
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    #[test]
    fn parts_of_people_are_speech_and_those_of_machines_are_not() {
        let got = read_text(
            &Intercom,
            "x.json",
            br#"{"conversations":[{"id":"1","created_at":1741582800,"source":{"type":"email","subject":"<p>Bill</p>","body":"<p>Why?</p>","author":{"type":"lead","id":"u"}},
            "conversation_parts":{"conversation_parts":[
            {"part_type":"note_and_reopen","body":"<p>ours</p>","created_at":1741582810,"author":{"type":"admin","id":"5"}},
            {"part_type":"assignment","body":null,"created_at":1741582811,"author":{"type":"admin","id":"5"}},
            {"part_type":"comment","body":"<p>robot</p>","created_at":1741582812,"author":{"type":"admin","id":"9","from_ai_agent":true}},
            {"part_type":"close","body":"<p>Done.<br>Bye.</p>","created_at":1741582820,"author":{"type":"admin","id":"5"}}]}}]}"#,
        );
        assert_eq!(
            got,
            [
                "{\"id\":\"1\",\"channel\":\"email\",\"started_at\":\"2025-03-10T05:00:00Z\",\"agent_id\":\"5\",\"labels\":{\"subject\":\"Bill\",\"via\":\"email\"},\"turns\":[\
            {\"speaker\":\"customer\",\"text\":\"Why?\",\"start\":0.0},{\"speaker\":\"agent\",\"text\":\"ours\",\"start\":10.0,\"kind\":\"note\"},\
            {\"speaker\":\"bot\",\"text\":\"robot\",\"start\":12.0},{\"speaker\":\"agent\",\"text\":\"Done.\\nBye.\",\"start\":20.0}]}"
            ]
        );
    }

    #[test]
    fn an_error_of_the_vendor_is_no_conversation() {
        let got = read_text(
            &Intercom,
            "x.json",
            br#"{"type":"error.list","errors":[{"code":"not_found","message":"gone"}]}"#,
        );
        assert!(got[0].ends_with("the export itself reports a failure: gone"), "{got:?}");
    }
}
