//! Help Scout: conversations with their threads.
//!
//! ```json
//! {"id":4001,"number":12,"type":"email","subject":"Возврат","status":"closed","createdAt":"2025-03-10T05:00:00Z",
//!  "assignee":{"id":7,"email":"dana@shop.example"},
//!  "_embedded":{"threads":[
//!   {"id":2,"type":"message","body":"<p>Деньги вернём завтра.</p>","createdAt":"2025-03-10T06:00:00Z","createdBy":{"id":7,"type":"user"}},
//!   {"id":1,"type":"customer","body":"Где мои деньги?","createdAt":"2025-03-10T05:00:00Z","createdBy":{"id":90,"type":"customer"}}]}}
//! ```
//! Read: one conversation a file, JSON Lines, a list, `{"conversations":[…]}`, the interface's `{"_embedded":{"conversations":[…]}}` (that
//! one as a whole, so it must fit into `--max-record`), with the threads fetched (`embed=threads`); threads in `_embedded.threads` or
//! `threads`, in any order; webhooks' `text` for `body`.
//!
//! **Who is who?** The type of a thread and of its writer: `customer` and `user` (the agent). A `chat` or forwarded
//! thread is its writer's. An agent's id is that of the user.
//!
//! **What is not scored?** Notes (`note`), and what was written down of a call (`phone`), are kept as notes; line items and threads that are drafts or hidden are left out or
//! kept as notes; what a workflow sent (`action.type` or `actionType` of `workflow`) is automatic. In letters quotes and signatures
//! are cut as in mail. Attachments are not read.
//!
//! `closed` means resolved. Ratings are a label (`great`, `okay`, `not_good`), and 3, 2, 1 as the satisfaction. Times are when a
//! thread was written; there are no ends.

use std::ops::ControlFlow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::json::{Item, Word, or_default, read};
use super::tickets::{Message, Ticket, channel};
use crate::ingest::{Format, Options, Record, Sample, Sink, Source};
use crate::model::{Kind, Place, Quarantined, Reason, Speaker};

/// Conversations of Help Scout.
pub struct HelpScout;

impl Format for HelpScout {
    fn name(&self) -> &'static str {
        "helpscout"
    }

    fn about(&self) -> &'static str {
        "Help Scout: conversations with threads, alone, in lists or as JSON Lines"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        let threads =
            |at: &str| keys.has(&format!("{at}threads[].createdBy")) || keys.has(&format!("{at}threads[].createdAt"));
        let listed = "_embedded.conversations[].";
        if threads("_embedded.") || threads("") || threads(&format!("{listed}_embedded.")) || threads(listed) {
            96
        } else if keys.has("mailboxId") && keys.has("createdAt") || keys.has(&format!("{listed}mailboxId")) {
            93
        } else {
            0
        }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        for source in sources {
            read(source, options, &["conversations", "items"], sink, &mut |item, sink| take(item, sink))?;
        }
        ControlFlow::Continue(())
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Raw {
    id: Word,
    #[serde(rename = "type")]
    kind: Word,
    subject: Word,
    status: Word,
    state: Word,
    mailbox_id: Word,
    created_at: Word,
    threads: Option<Threads>,
    #[serde(rename = "_embedded", deserialize_with = "or_default")]
    embedded: Embedded,
    #[serde(deserialize_with = "or_default")]
    ratings: Vec<Rating>,
    message: Word,
    error: Word,
}

/// The list; in lists of conversations alone it is only how many there are.
#[derive(Deserialize)]
#[serde(untagged)]
enum Threads {
    All(Vec<Thread>),
    Other(IgnoredAny),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Embedded {
    threads: Option<Vec<Thread>>,
    conversations: Option<Vec<Raw>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rating {
    rating: Word,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Thread {
    #[serde(rename = "type")]
    kind: Word,
    state: Word,
    body: Word,
    text: Word,
    action_type: Word,
    #[serde(deserialize_with = "or_default")]
    action: Action,
    created_at: Word,
    #[serde(deserialize_with = "or_default")]
    created_by: Person,
    #[serde(deserialize_with = "or_default")]
    rating: Option<Rating>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Action {
    #[serde(rename = "type")]
    kind: Word,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Person {
    id: Word,
    #[serde(rename = "type")]
    kind: Word,
    email: Word,
    first: Word,
}

fn take(item: &Item<'_>, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let mut raw: Raw = match item.parse() {
        Ok(raw) => raw,
        Err(reason) => return item.bad(item.word("id"), reason, sink),
    };
    match raw.embedded.conversations.take() {
        Some(all) => all.into_iter().try_for_each(|raw| one(&item.place, raw, sink)),
        None => one(&item.place, raw, sink),
    }
}

fn one(place: &Place, raw: Raw, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let mut bad = |id: Option<String>, reason| {
        sink(Record::Bad(Quarantined { place: place.clone(), conversation_id: id, reason }))
    };
    let Some(id) = raw.id.get().map(str::to_owned) else {
        return bad(
            None,
            match raw.message.get().or(raw.error.get()) {
                Some(said) => Reason::Vendor(said.to_owned()),
                None => Reason::Content("a conversation without an id".to_owned()),
            },
        );
    };
    let threads = match (raw.embedded.threads, raw.threads) {
        (Some(threads), _) | (None, Some(Threads::All(threads))) => threads,
        (None, Some(Threads::Other(_)) | None) => {
            let said = "its threads are not in the export; fetch the conversations with embed=threads";
            return bad(Some(id), Reason::Content(said.to_owned()));
        }
    };
    let mut ticket = Ticket::new(place.clone(), &id, channel(raw.kind.get()));
    ticket.opened = raw.created_at.0;
    ticket.conversation.queue = raw.mailbox_id.get().map(|m| m.to_owned().into());
    ticket.label("subject", raw.subject.get());
    ticket.label("via", raw.kind.get());
    ticket.label("state", raw.state.get().filter(|s| *s != "published"));
    let rating = threads.iter().find_map(|t| t.rating.as_ref()).or(raw.ratings.first()).and_then(|r| r.rating.get());
    ticket.label("satisfaction", rating);
    let csat = rating.and_then(|r| match r {
        "great" => Some(3.0),
        "okay" => Some(2.0),
        "not_good" | "notGood" | "bad" => Some(1.0),
        other => other.parse().ok().filter(|n: &f64| n.is_finite()),
    });
    ticket.outcome(csat, raw.status.get().map(|s| s == "closed"));
    ticket.messages.extend(threads.into_iter().filter_map(message));
    ticket.finish(sink)
}

fn message(thread: Thread) -> Option<Message> {
    let kind = thread.kind.get().unwrap_or_default().to_ascii_lowercase();
    let html = thread.body.get().or(thread.text.get())?.to_owned();
    if kind == "lineitem" {
        return None; // "assigned to …": nobody said it
    }
    let person = thread.created_by;
    let speaker = match (kind.as_str(), person.kind.get()) {
        ("customer", _) | (_, Some("customer")) => Speaker::Customer,
        ("message" | "reply" | "note", _) | (_, Some("user")) => Speaker::Agent,
        _ => Speaker::Unknown,
    };
    let workflow = thread.action_type.get().or(thread.action.kind.get()).is_some_and(|a| a.contains("workflow"));
    let unseen = thread.state.get().is_some_and(|s| matches!(s, "draft" | "hidden"));
    let kind = match kind.as_str() {
        _ if unseen => Kind::Note,
        "note" | "phone" => Kind::Note,
        _ if workflow && speaker != Speaker::Customer => Kind::Auto,
        _ => Kind::Speech,
    };
    let speaker = if kind == Kind::Auto { Speaker::System } else { speaker };
    let name = person.first.get().or(person.email.get()).or(person.id.get()).map(str::to_owned);
    Some(Message { speaker, name, author: person.id.0, at: thread.created_at.0, plain: None, html: Some(html), kind })
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    #[test]
    fn threads_are_put_in_order_and_told_by_their_types() {
        let got = read_text(
            &HelpScout,
            "x.json",
            br#"{"_embedded":{"conversations":[{"id":1,"type":"chat","status":"active","threads":[
            {"type":"message","body":"b","createdAt":"2025-03-10T06:00:00Z","createdBy":{"id":7,"type":"user"},"rating":{"rating":"great"}},
            {"type":"lineitem","body":"assigned","createdAt":"2025-03-10T05:30:00Z"},
            {"type":"note","text":"n","createdAt":"2025-03-10T05:10:00Z","createdBy":{"id":8,"type":"user"}},
            {"type":"message","body":"auto","actionType":"workflow","createdAt":"2025-03-10T05:00:01Z","createdBy":{"id":1,"type":"user"}},
            {"type":"chat","body":"a","createdAt":"2025-03-10T05:00:00Z","createdBy":{"id":9,"type":"customer"}}]},
            {"id":2,"threads":4}]}}"#,
        );
        assert_eq!(
            got,
            [
                "{\"id\":\"1\",\"channel\":\"chat\",\"started_at\":\"2025-03-10T05:00:00Z\",\"agent_id\":\"7\",\"labels\":{\"satisfaction\":\"great\",\"via\":\"chat\"},\"outcome\":{\"csat\":3.0,\"resolved\":false},\"turns\":[\
            {\"speaker\":\"customer\",\"text\":\"a\",\"start\":0.0},{\"speaker\":\"system\",\"text\":\"auto\",\"start\":1.0,\"kind\":\"auto\"},\
            {\"speaker\":\"agent\",\"agent_id\":\"8\",\"text\":\"n\",\"start\":600.0,\"kind\":\"note\"},{\"speaker\":\"agent\",\"text\":\"b\",\"start\":3600.0}]}",
                "line 1 2: its threads are not in the export; fetch the conversations with embed=threads"
            ]
        );
    }
}
