//! Zendesk: tickets with their comments in them, or tickets, comments and users in files of their own.
//!
//! ```json
//! {"id":512,"subject":"Invoice","status":"solved","requester_id":9001,"assignee_id":77,"via":{"channel":"email"},
//!  "created_at":"2025-03-10T05:00:00Z","satisfaction_rating":{"score":"good"},
//!  "comments":[
//!   {"id":1,"author_id":9001,"public":true,"plain_body":"Where is my invoice?","created_at":"2025-03-10T05:00:00Z"},
//!   {"id":2,"author_id":77,"public":true,"html_body":"<p>Here it is.</p>","created_at":"2025-03-10T06:10:00Z"}]}
//! ```
//! Read: JSON Lines (the account's own export), a list of tickets, a document `{"tickets":[…]}`, one ticket `{"ticket":…}`;
//! `{"comments":[…]}` with a `ticket_id` in each comment, or the ticket's number in the file's name
//! (`ticket_512_comments.json`); audits and ticket events, whose events of type `Comment` are comments; `{"users":[…]}` beside
//! or in the same file. Name the folder, so that all of them are read together.
//!
//! **Who is who?** The author who is the ticket's requester is the customer. Anybody else is what the users file says
//! (`end-user`, `agent`, `admin`); without it only the assignee is known for an agent, and others stay unknown. Export the
//! users too. An agent's id is their number in Zendesk.
//!
//! **What is not scored?** Comments with `public: false` are notes. What triggers, automations and integrations write
//! (author -1, `via.channel` of `rule`, `trigger`, `automation`, `system`, or `api` unless by the requester) is automatic. In
//! letters, quoted text and signatures are cut as in mail. The ticket's `description` is read only where there are no
//! comments, since it repeats the first one. Attachments and voice recordings are not read.
//!
//! **Satisfaction** is 1 for `good`, 0 for `bad`; `solved` and `closed` mean resolved. The group is the queue.
//!
//! **Memory.** Tickets with their comments in them are read one at a time. Comments in files of their own wait in a temporary
//! file (16 bytes each stay in memory, and the id of each ticket); the users (number and role) are kept in memory.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::gather::Gather;
use super::json::{Item, Word, or_default, read};
use super::tickets::{Message, Ticket, channel, is_true};
use crate::ingest::{Format, Options, Record, Sample, Sink, Source};
use crate::model::{Kind, NoteKind, Place, Quarantined, Reason, Speaker};

/// Exports of Zendesk Support.
pub struct Zendesk;

impl Format for Zendesk {
    fn name(&self) -> &'static str {
        "zendesk"
    }

    fn about(&self) -> &'static str {
        "Zendesk: tickets with comments (JSON Lines or lists), or a folder of tickets, comments or audits, and users"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        if !keys.any() {
            return 0;
        }
        let ticket = |at: &str| {
            let has = |name: &str| keys.has(&format!("{at}{name}"));
            has("requester_id")
                && (has("submitter_id") || has("assignee_id") || has("comments"))
                && !has("responder_id")
        };
        let comments = keys.has("author_id")
            && keys.has("public")
            && ["body", "html_body", "plain_body"].iter().any(|k| keys.has(k));
        let embedded = keys.has("comments[].author_id") && keys.has("comments[].public");
        let events = |list: &str| {
            keys.has("ticket_id") && keys.has(&format!("{list}[].type"))
                || keys.has("ticket_id") && keys.has(&format!("{list}[].event_type"))
        };
        let user = keys.has("email")
            && keys.has("role")
            && keys.count(&["ticket_restriction", "default_group_id", "organization_id", "shared_agent", "suspended"])
                > 0;
        if ticket("") || ticket("ticket.") || embedded {
            96
        } else if comments || events("events") || events("child_events") {
            94
        } else if user {
            92
        } else {
            0
        }
    }

    fn joins_files(&self) -> bool {
        true
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let mut reader = Reader::default();
        // The users may stand in the last file; what cannot be read is told in the second pass.
        let first = options.uncounted();
        for source in sources {
            let _ = read(source, &first, lists(source, options), &mut |_| ControlFlow::Continue(()), &mut |item, _| {
                reader.learn(item);
                ControlFlow::Continue(())
            });
        }
        for source in sources {
            let stem = source.stem();
            read(source, options, lists(source, options), sink, &mut |item, sink| reader.take(item, &stem, sink))?;
        }
        let Reader { users, gather } = reader;
        gather.finish(options, sink, &mut |id, place, records, sink| assemble(id, place, &records, &users, sink))
    }
}

const LISTS: [&str; 5] = ["tickets", "users", "ticket_events", "audits", "results"];

/// The lists that a file may be: none where its values are tickets, which may carry lists of users and audits themselves.
fn lists(source: &Source, options: &Options) -> &'static [&'static str] {
    let of_tickets = source.sample(options).is_ok_and(|b| b.sample().json().iter().any(|k| k == "requester_id"));
    if of_tickets { &[] } else { &LISTS }
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct RawTicket {
    id: Word,
    subject: Word,
    raw_subject: Word,
    description: Word,
    status: Word,
    requester_id: Word,
    assignee_id: Word,
    submitter_id: Word,
    group_id: Word,
    created_at: Word,
    #[serde(deserialize_with = "or_default")]
    via: Via,
    #[serde(deserialize_with = "or_default")]
    satisfaction_rating: Rating,
    #[serde(deserialize_with = "or_default")]
    comments: Option<Vec<RawComment>>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Via {
    channel: Word,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Rating {
    score: Word,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct RawComment {
    ticket_id: Word,
    author_id: Word,
    body: Word,
    html_body: Word,
    plain_body: Word,
    public: Word,
    created_at: Word,
    #[serde(deserialize_with = "or_default")]
    via: Via,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawUser {
    id: Word,
    name: Word,
    email: Word,
    role: Word,
}

/// An audit or a ticket event, whose events may be comments.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawEvents {
    ticket_id: Word,
    author_id: Word,
    updater_id: Word,
    created_at: Word,
    #[serde(deserialize_with = "or_default")]
    via: Via,
    #[serde(deserialize_with = "or_default", alias = "child_events")]
    events: Vec<RawEvent>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawEvent {
    #[serde(rename = "type")]
    kind: Word,
    event_type: Word,
    #[serde(flatten)]
    comment: RawComment,
}

/// Which keys an item has tells what it is.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Shape {
    ticket: Option<IgnoredAny>,
    comments: Option<IgnoredAny>,
    requester_id: Option<IgnoredAny>,
    author_id: Option<IgnoredAny>,
    ticket_id: Option<IgnoredAny>,
    role: Option<IgnoredAny>,
    events: Option<IgnoredAny>,
    child_events: Option<IgnoredAny>,
    subject: Option<IgnoredAny>,
    id: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wrapped {
    #[serde(deserialize_with = "or_default")]
    ticket: RawTicket,
    #[serde(deserialize_with = "or_default")]
    comments: Option<Vec<RawComment>>,
}

/// What is known of a user.
struct User {
    speaker: Speaker,
    name: Option<String>,
}

/// The first pass keeps the users, the second hands on what stands together and lets the rest wait.
#[derive(Default)]
struct Reader {
    users: HashMap<String, User>,
    gather: Gather,
}

impl Reader {
    fn learn(&mut self, item: &Item<'_>) {
        #[derive(Deserialize)]
        struct Beside {
            users: Vec<RawUser>,
        }
        if !item.text.contains("\"role\"") {
            return;
        }
        if let Ok(beside) = item.parse::<Beside>() {
            beside.users.iter().for_each(|user| self.know(user));
        } else if let Ok(user) = item.parse::<RawUser>() {
            self.know(&user);
        }
    }

    fn know(&mut self, user: &RawUser) {
        let (Some(id), Some(role)) = (user.id.get(), user.role.get()) else { return };
        let speaker = match role {
            "end-user" => Speaker::Customer,
            "agent" | "admin" | "owner" => Speaker::Agent,
            _ => Speaker::Unknown,
        };
        let name = user.name.get().or(user.email.get()).map(str::to_owned);
        self.users.insert(id.to_owned(), User { speaker, name });
    }

    fn take(&mut self, item: &Item<'_>, stem: &str, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let shape = match item.parse::<Shape>() {
            Ok(shape) => shape,
            Err(reason) => return item.bad(None, reason, sink),
        };
        let done = if shape.ticket.is_some() {
            item.parse::<Wrapped>().and_then(|w| self.ticket(&item.place, w.ticket, w.comments, sink))
        } else if shape.requester_id.is_some() || shape.comments.is_some() && shape.id.is_some() {
            item.parse::<RawTicket>().and_then(|t| self.ticket(&item.place, t, None, sink))
        } else if shape.events.is_some() || shape.child_events.is_some() {
            item.parse::<RawEvents>().and_then(|e| self.events(&item.place, e))
        } else if shape.comments.is_some() {
            item.parse::<Wrapped>().and_then(|w| self.comments(&item.place, w.comments.unwrap_or_default(), stem))
        } else if shape.author_id.is_some() {
            item.parse::<RawComment>().and_then(|c| self.comments(&item.place, vec![c], stem))
        } else if shape.role.is_some() && shape.subject.is_none() {
            return ControlFlow::Continue(()); // a user, known since the first pass
        } else {
            let said = "neither a ticket, nor a comment, nor a user: no requester_id, author_id or role";
            Err(Reason::Content(said.to_owned()))
        };
        match done {
            Ok(flow) => flow,
            Err(reason) => match item.word("ticket_id") {
                Some(id) => {
                    self.gather.spoil(&id, &item.place, reason);
                    ControlFlow::Continue(())
                }
                None => item.bad(item.word("id"), reason, sink),
            },
        }
    }

    /// A ticket with its comments is handed on; one without waits for them.
    fn ticket(
        &mut self,
        place: &Place,
        mut ticket: RawTicket,
        beside: Option<Vec<RawComment>>,
        sink: &mut Sink<'_>,
    ) -> Result<ControlFlow<()>, Reason> {
        let Some(id) = ticket.id.get().map(str::to_owned) else {
            return Err(Reason::Content("a ticket without an id".to_owned()));
        };
        if let Some(comments) = ticket.comments.take().or(beside) {
            return Ok(conversation(&id, place.clone(), &ticket, comments, &self.users).finish(sink));
        }
        self.wait(&id, place, &Waiting::Ticket(Box::new(ticket)))?;
        Ok(ControlFlow::Continue(()))
    }

    fn comments(&mut self, place: &Place, all: Vec<RawComment>, stem: &str) -> Result<ControlFlow<()>, Reason> {
        let named = stem.rsplit(|c: char| !c.is_ascii_digit()).find(|n| !n.is_empty());
        for comment in all {
            let Some(id) = comment.ticket_id.get().or(named).map(str::to_owned) else {
                return Err(Reason::Content(
                    "comments without a ticket_id; put the ticket's number into the file's name (ticket_512_comments.json)"
                        .to_owned(),
                ));
            };
            self.wait(&id, place, &Waiting::Comment(comment))?;
        }
        Ok(ControlFlow::Continue(()))
    }

    fn events(&mut self, place: &Place, events: RawEvents) -> Result<ControlFlow<()>, Reason> {
        let Some(id) = events.ticket_id.get() else {
            return Err(Reason::Content("events without a ticket_id".to_owned()));
        };
        for event in events.events {
            if !event.kind.get().or(event.event_type.get()).is_some_and(|k| k.eq_ignore_ascii_case("comment")) {
                continue;
            }
            let mut comment = event.comment;
            for (own, outer) in [
                (&mut comment.author_id, events.author_id.get().or(events.updater_id.get())),
                (&mut comment.created_at, events.created_at.get()),
                (&mut comment.via.channel, events.via.channel.get()),
            ] {
                if own.get().is_none() {
                    own.0 = outer.map(str::to_owned);
                }
            }
            self.wait(id, place, &Waiting::Comment(comment))?;
        }
        Ok(ControlFlow::Continue(()))
    }

    fn wait(&mut self, id: &str, place: &Place, what: &Waiting) -> Result<(), Reason> {
        let text = serde_json::to_string(what).map_err(|e| Reason::Content(e.to_string()))?;
        self.gather.add(id, place, &text)
    }
}

/// What waits for the rest of its ticket.
#[derive(Deserialize, Serialize)]
enum Waiting {
    Ticket(Box<RawTicket>),
    Comment(RawComment),
}

fn assemble(
    id: &str,
    place: Place,
    records: &[String],
    users: &HashMap<String, User>,
    sink: &mut Sink<'_>,
) -> ControlFlow<()> {
    let (mut ticket, mut comments) = (None, Vec::new());
    for record in records {
        match serde_json::from_str(record) {
            Ok(Waiting::Ticket(t)) => ticket = Some(t),
            Ok(Waiting::Comment(c)) => comments.push(c),
            Err(e) => {
                let reason = Reason::Content(e.to_string());
                return sink(Record::Bad(Quarantined { place, conversation_id: Some(id.to_owned()), reason }));
            }
        }
    }
    let known = ticket.is_some();
    let mut ticket = conversation(id, place, &ticket.unwrap_or_default(), comments, users);
    if !known {
        ticket.conversation.note(NoteKind::LeftOut, "the ticket itself is not in the export: who asked is not known");
    }
    ticket.finish(sink)
}

fn conversation(
    id: &str,
    place: Place,
    raw: &RawTicket,
    comments: Vec<RawComment>,
    users: &HashMap<String, User>,
) -> Ticket {
    let mut ticket = Ticket::new(place, id, channel(raw.via.channel.get()));
    ticket.opened = raw.created_at.get().map(str::to_owned);
    ticket.conversation.queue = raw.group_id.get().map(|g| g.to_owned().into());
    ticket.label("subject", raw.subject.get().or(raw.raw_subject.get()));
    ticket.label("via", raw.via.channel.get());
    let score = raw.satisfaction_rating.score.get();
    ticket.label("satisfaction", score.filter(|s| !s.contains("offered")));
    let csat = match score {
        Some(s) if s.starts_with("good") => Some(1.0),
        Some(s) if s.starts_with("bad") => Some(0.0),
        other => other.and_then(|s| s.parse().ok()).filter(|n: &f64| n.is_finite()),
    };
    ticket.outcome(csat, raw.status.get().map(|s| matches!(s, "solved" | "closed")));
    if comments.is_empty() {
        let first = RawComment {
            author_id: Word(raw.submitter_id.get().or(raw.requester_id.get()).map(str::to_owned)),
            plain_body: raw.description.clone(),
            created_at: raw.created_at.clone(),
            ..RawComment::default()
        };
        ticket.messages.push(message(raw, first, users));
    }
    // The same comment may stand in audits and in a file of comments.
    let mut seen = BTreeMap::new();
    for comment in comments {
        let key = (comment.author_id.0.clone(), comment.created_at.0.clone(), text_of(&comment).map(str::to_owned));
        if seen.insert(key, ()).is_none() {
            ticket.messages.push(message(raw, comment, users));
        }
    }
    ticket
}

fn text_of(comment: &RawComment) -> Option<&str> {
    comment.plain_body.get().or(comment.body.get()).or(comment.html_body.get())
}

fn message(raw: &RawTicket, comment: RawComment, users: &HashMap<String, User>) -> Message {
    let author = comment.author_id.get().map(str::to_owned);
    let user = author.as_ref().and_then(|a| users.get(a));
    let requester = author.is_some() && author.as_deref() == raw.requester_id.get();
    let via = comment.via.channel.get().unwrap_or_default();
    let machine = author.as_deref() == Some("-1")
        || matches!(via, "rule" | "trigger" | "automation" | "system")
        || via == "api" && !requester;
    let speaker = if machine {
        Speaker::System
    } else if requester {
        Speaker::Customer
    } else {
        match user.map_or(Speaker::Unknown, |u| u.speaker) {
            Speaker::Unknown if author.is_some() && author.as_deref() == raw.assignee_id.get() => Speaker::Agent,
            known => known,
        }
    };
    let kind = match (comment.public.get(), machine) {
        (Some(public), _) if !is_true(public) => Kind::Note,
        (_, true) => Kind::Auto,
        _ => Kind::Speech,
    };
    let name = user.and_then(|u| u.name.clone()).or_else(|| author.as_ref().map(|a| format!("user {a}")));
    let plain = comment.plain_body.get().or(comment.body.get()).map(str::to_owned);
    Message { speaker, name, author, at: comment.created_at.0, plain, html: comment.html_body.0, kind }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    fn one(text: &str) -> Vec<String> {
        read_text(&Zendesk, "x.json", text.as_bytes())
    }

    #[test]
    fn roles_come_from_the_requester_the_users_and_the_assignee() {
        let got = one(
            r#"{"tickets":[{"id":5,"requester_id":1,"assignee_id":7,"via":{"channel":"chat"},"status":"open","comments":[
            {"author_id":1,"body":"a","public":true},{"author_id":7,"body":"b","public":true},{"author_id":8,"body":"c","public":true},
            {"author_id":9,"body":"d","public":true},{"author_id":-1,"body":"e","public":true},{"author_id":7,"body":"f","public":false}]}],
            "users":[{"id":8,"role":"end-user","name":"Friend"}],"count":1}"#,
        );
        assert_eq!(
            got,
            [
                "{\"id\":\"5\",\"channel\":\"chat\",\"agent_id\":\"7\",\"labels\":{\"via\":\"chat\"},\"outcome\":{\"resolved\":false},\"turns\":[\
            {\"speaker\":\"customer\",\"text\":\"a\"},{\"speaker\":\"agent\",\"text\":\"b\"},{\"speaker\":\"customer\",\"text\":\"c\"},\
            {\"speaker\":\"unknown\",\"label\":\"user 9\",\"text\":\"d\"},{\"speaker\":\"system\",\"text\":\"e\",\"kind\":\"auto\"},\
            {\"speaker\":\"agent\",\"text\":\"f\",\"kind\":\"note\"}]}"
            ]
        );
    }

    #[test]
    fn audits_bear_comments_and_the_description_stands_in_for_none() {
        let got = one("{\"id\":1,\"requester_id\":2,\"submitter_id\":2,\"description\":\"help me\",\"comments\":[]}\n\
             {\"ticket_id\":3,\"author_id\":4,\"created_at\":\"2025-01-02T03:04:05Z\",\"events\":[{\"type\":\"Change\",\"value\":\"x\"},{\"type\":\"Comment\",\"body\":\"said\",\"public\":true}]}\n\
             {\"id\":3,\"requester_id\":4}");
        assert!(got[0].contains("\"speaker\":\"customer\",\"text\":\"help me\""), "{got:?}");
        assert!(
            got[1].contains("\"id\":\"3\"") && got[1].contains("\"speaker\":\"customer\",\"text\":\"said\""),
            "{got:?}"
        );
        assert_eq!(got.len(), 2);
    }

    #[test]
    fn what_is_nothing_of_zendesks_is_set_aside() {
        assert!(one(r#"[{"hello":1}]"#)[0].contains("neither a ticket"));
        assert!(one(r#"{"requester_id":1,"comments":[]}"#)[0].contains("without an id"));
        assert!(one(r#"{"id":1,"requester_id":1,"comments":"none"}"#)[0].contains("invalid type"));
    }
}
