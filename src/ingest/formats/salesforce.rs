//! Salesforce: the letters, comments and chats of cases, as CSV (Data Loader, reports) or as JSON of its interface.
//!
//! ```csv
//! "ID","PARENTID","INCOMING","MESSAGEDATE","FROMADDRESS","SUBJECT","TEXTBODY","CREATEDBYID"
//! "02s1","5001","true","2025-03-10T05:00:00.000Z","aigul@mail.example","Шот","Шотты жіберіңізші.","0051"
//! "02s2","5001","false","2025-03-10T06:00:00.000Z","help@shop.example","RE: Шот","Шот хатқа тіркелді.","0057"
//! ```
//! Read: `EmailMessage` and `CaseComment` records, joined by their case (`ParentId`) over all files named and put in the order of
//! time; `Case` records for subject, status and description, also with the letters and comments nested in them;
//! `LiveChatTranscript` records, a chat each. As JSON: `{"records":[…]}`, a list, or JSON Lines. Names of columns in any case. Ids of
//! 15 and 18 signs are the same id.
//!
//! **Who is who?** `Incoming` tells letters of the customer; an outgoing one's agent is its `CreatedById`, else its address. A
//! comment's writer is an agent where they own the case or `CreatedBy.UserType` is `Standard`, a customer where it is a portal user
//! or a guest, else unknown with their name or id for a label: export `CreatedBy.Name` and `CreatedBy.UserType`. In chats the lines
//! "Agent …" name the agents; other names stay labels.
//!
//! **What is not scored?** Comments that are not published and drafts (`Status` 5) are notes. In letters quotes and signatures
//! are cut as in mail. A case's `Description` is its first message only where no incoming letter says the same. Attachments,
//! feed items and whispers are not read.
//!
//! Chats have seconds from their start, letters the moment they were written; there are no ends. **Memory.** Letters and comments
//! wait in a temporary file; 16 bytes each stay in memory, and the id of each case.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::gather::Gather;
use super::json::{Item, read};
use super::rows::{Row, Rows, split};
use super::tickets::{Message, Ticket, is_true};
use super::{mail, times};
use crate::ingest::roles::speaker_from_label;
use crate::ingest::{Format, Lines, Options, Record, Sample, Sink, Source};
use crate::model::{Channel, Kind, NoteKind, Place, Quarantined, Reason, Speaker};

/// Cases and chats of Salesforce.
pub struct Salesforce;

impl Format for Salesforce {
    fn name(&self) -> &'static str {
        "salesforce"
    }

    fn about(&self) -> &'static str {
        "Salesforce: EmailMessage, CaseComment, Case and LiveChatTranscript as CSV or JSON, joined by case"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        if keys.any() {
            let named = [
                "TextBody",
                "HtmlBody",
                "CommentBody",
                "LiveChatVisitorId",
                "ChatKey",
                "CaseNumber",
                "EmailMessages",
                "CaseComments",
                "ParentId",
            ];
            return match (keys.has("attributes.type"), keys.count(&named)) {
                (true, 1..) => 96,
                (false, 2..) => 94,
                _ if keys.all(&["errorCode", "message"]) => 70,
                _ => 0,
            };
        }
        let header = sample.text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
        let names: BTreeSet<String> =
            split(header, delimiter(header)).iter().map(|n| n.trim().to_ascii_lowercase()).collect();
        let has = |all: &[&str]| all.iter().any(|n| names.contains(*n));
        let letter = has(&["textbody", "htmlbody", "commentbody"]) && has(&["parentid", "relatedtoid", "caseid"]);
        let chat = has(&["body"]) && has(&["livechatvisitorid", "chatkey", "livechatdeploymentid", "livechatbuttonid"]);
        let case = has(&["casenumber"]) && has(&["description", "subject"]) && has(&["origin", "ownerid"]);
        if letter || chat || case { 96 } else { 0 }
    }

    fn joins_files(&self) -> bool {
        true
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let (mut gather, aside) = (Gather::default(), options.uncounted());
        for source in sources {
            let json = source.sample(options).is_ok_and(|b| b.sample().json().any());
            if json {
                read(source, &aside, &["records"], sink, &mut |item, sink| {
                    from_json(item, options, &mut gather, sink)
                })?;
            } else {
                from_csv(source, &aside, &mut gather, sink)?;
            }
        }
        gather.count_later(aside.counted());
        gather.finish(options, sink, &mut |id, place, records, sink| assemble(id, place, &records, sink))
    }
}

/// A record: its fields by their names in lower case.
struct Fields(Map<String, Value>);

impl Fields {
    fn of(object: Map<String, Value>) -> Fields {
        Fields(object.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect())
    }

    /// A field as text; of a nested record by `createdby.name`, which CSV has as the name of a column.
    fn get(&self, name: &str) -> Option<String> {
        let value = self.0.get(name).or_else(|| {
            let (outer, inner) = name.split_once('.')?;
            let nested = self.0.get(outer)?.as_object()?;
            nested.iter().find(|(n, _)| n.eq_ignore_ascii_case(inner)).map(|(_, v)| v)
        })?;
        let text = match value {
            Value::String(s) => s.trim().to_owned(),
            Value::Number(n) => n.to_string(),
            Value::Bool(b) => b.to_string(),
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|n| self.get(n))
    }

    fn has(&self, names: &[&str]) -> bool {
        names.iter().any(|n| self.0.contains_key(*n))
    }

    /// The records of a nested query.
    fn nested(&self, name: &str) -> Vec<Fields> {
        let records = self.0.get(name).and_then(|v| v.get("records").or(Some(v))).and_then(Value::as_array);
        records.into_iter().flatten().filter_map(|r| r.as_object().cloned()).map(Fields::of).collect()
    }

    fn what(&self) -> Option<What> {
        let kind = self.get("attributes.type").unwrap_or_default().to_ascii_lowercase();
        if kind == "livechattranscript"
            || kind.is_empty()
                && self.has(&["livechatvisitorid", "chatkey", "livechatdeploymentid", "livechatbuttonid"])
        {
            Some(What::Chat)
        } else if self.has(&["textbody", "htmlbody"]) {
            Some(What::Letter)
        } else if self.has(&["commentbody"]) {
            Some(What::Comment)
        } else if kind == "case" || self.has(&["casenumber"]) {
            Some(What::Case)
        } else {
            None
        }
    }
}

/// Kinds of records.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Letter,
    Comment,
    Case,
    Chat,
}

/// The fields that name the case of a letter or comment.
const PARENTS: [&str; 3] = ["parentid", "caseid", "relatedtoid"];

/// The first 15 signs of an id; the other three only check it.
fn short(id: &str) -> &str {
    if id.len() == 18 { id.get(..15).unwrap_or(id) } else { id }
}

fn from_json(item: &Item<'_>, options: &Options, gather: &mut Gather, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let mut object: Map<String, Value> = match item.parse() {
        Ok(object) => object,
        Err(reason) => return item.bad(None, reason, sink),
    };
    if let (Some(code), Some(said)) = (object.get("errorCode"), object.get("message")) {
        let said = format!("{}: {}", code.as_str().unwrap_or_default(), said.as_str().unwrap_or_default());
        return item.bad(None, Reason::Vendor(said), sink);
    }
    // A page of a longer answer says so before its records.
    if item.around.contains("\"done\":false") || item.around.contains("\"done\": false") {
        object.insert("sabyr.pages".to_owned(), Value::Bool(true));
    }
    take(Fields::of(object), &item.place, options, gather, sink)
}

/// The separator that gives the header most columns.
fn delimiter(header: &str) -> u8 {
    [b'\t', b';', b','].into_iter().max_by_key(|d| split(header, *d).len()).unwrap_or(b',')
}

fn from_csv(source: &Source, options: &Options, gather: &mut Gather, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let mut bad = |place: Place, reason| sink(Record::Bad(Quarantined { place, conversation_id: None, reason }));
    let stream = match source.open_text(options) {
        Ok(stream) => stream,
        Err(reason) => return bad(Place::file(&source.file), reason),
    };
    let mut lines = Lines::new(stream, options.max_record);
    let first = loop {
        match lines.next_line() {
            None => return bad(Place::file(&source.file), Reason::Content("the file has no header line".to_owned())),
            Some(Err(line)) => return bad(Place::file(&source.file), line.reason),
            Some(Ok(line)) if line.trim().is_empty() => {}
            Some(Ok(line)) => break line.to_owned(),
        }
    };
    let delimiter = delimiter(&first);
    let names: Vec<String> = split(&first, delimiter);
    let mut rows = Rows::new(lines, None, delimiter, options.max_record);
    let mut row = Row::default();
    while rows.next_row(&mut row) {
        if row.is_blank() {
            continue;
        }
        let place = Place::line(&source.file, row.line);
        let reason = match row.bad.take() {
            Some(reason) => Some(reason),
            None if row.len() != names.len() => Some(Reason::Content(format!(
                "line {} has {} cells where the header has {}; export it again with all fields in quotes",
                row.line,
                row.len(),
                names.len()
            ))),
            None => None,
        };
        match reason {
            // Before a text that is cut wrongly stand the right cells.
            Some(reason) => match parent(&names, &row) {
                Some(id) => gather.spoil(short(&id), &place, reason),
                None => sink(Record::Bad(Quarantined { place, conversation_id: None, reason }))?,
            },
            None => {
                let cells = names.iter().enumerate().map(|(i, n)| (n.clone(), Value::String(row.get(i).to_owned())));
                take(Fields::of(cells.collect()), &place, options, gather, sink)?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// The id of the case of a broken row, where its cell stands before those of texts.
fn parent(names: &[String], row: &Row) -> Option<String> {
    let at = names.iter().position(|n| n.eq_ignore_ascii_case("parentid") || n.eq_ignore_ascii_case("caseid"))?;
    let texts = ["subject", "textbody", "htmlbody", "commentbody", "description", "fromname"];
    let text = names.iter().position(|n| texts.iter().any(|t| n.eq_ignore_ascii_case(t)))?;
    let id = row.get(at);
    let sound = (15..=18).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    (at < text && sound).then(|| id.to_owned())
}

/// A chat is handed on; all else waits for the rest of its case.
fn take(fields: Fields, place: &Place, options: &Options, gather: &mut Gather, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let id = fields.get("id");
    let mut bad = |id: Option<String>, said: &str| {
        let reason = Reason::Content(said.to_owned());
        sink(Record::Bad(Quarantined { place: place.clone(), conversation_id: id, reason }))
    };
    let case = match fields.what() {
        None => {
            return bad(
                id,
                "neither a letter, a comment, a case nor a chat: no TextBody, CommentBody, CaseNumber or ChatKey",
            );
        }
        Some(What::Chat) => {
            return match id.or_else(|| fields.get("chatkey")) {
                Some(id) => chat(&id, place.clone(), &fields).finish(sink),
                None => bad(None, "a chat without an Id"),
            };
        }
        Some(What::Case) => id.clone(),
        Some(What::Letter | What::Comment) => fields.first(&PARENTS),
    };
    let Some(case) = case else {
        return bad(id, "a record without the id of its case; export the field ParentId (of a case, Id)");
    };
    let text = Value::Object(fields.0).to_string();
    match if text.len() as u64 > options.max_record {
        Err(Reason::TooLarge { limit: options.max_record })
    } else {
        gather.add(short(&case), place, &text)
    } {
        Ok(()) => ControlFlow::Continue(()),
        Err(reason) => sink(Record::Bad(Quarantined { place: place.clone(), conversation_id: Some(case), reason })),
    }
}

fn assemble(id: &str, place: Place, records: &[String], sink: &mut Sink<'_>) -> ControlFlow<()> {
    let mut all: Vec<Fields> = Vec::new();
    for record in records {
        // They were written by this program a moment ago.
        let Ok(Value::Object(object)) = serde_json::from_str(record) else { continue };
        let fields = Fields(object);
        let nested = [fields.nested("emailmessages"), fields.nested("casecomments")];
        all.push(fields);
        all.extend(nested.into_iter().flatten());
    }
    let case = all.iter().find(|f| f.what() == Some(What::Case));
    // As the export writes it, for those who look it up there.
    let as_given = case.and_then(|c| c.get("id")).or_else(|| all.iter().find_map(|f| f.first(&PARENTS)));
    let mut ticket = Ticket::new(place, as_given.as_deref().unwrap_or(id), Channel::Email);
    if let Some(case) = case {
        ticket.label("case_number", case.get("casenumber").as_deref());
        ticket.label("subject", case.get("subject").as_deref());
        ticket.label("via", case.get("origin").as_deref());
        ticket.opened = case.get("createddate");
        let closed = case.get("isclosed").map(|c| is_true(&c));
        let closed = closed.or_else(|| case.get("status").map(|s| s.eq_ignore_ascii_case("closed")));
        ticket.outcome(None, closed);
    }
    let owner = case.and_then(|c| c.get("ownerid"));
    let mut seen = BTreeSet::new();
    let mut asked = false;
    let mut subject = None;
    for fields in &all {
        if fields.has(&["sabyr.pages"]) && ticket.conversation.notes.is_empty() {
            ticket
                .conversation
                .note(NoteKind::LeftOut, "the export is a page of a longer answer: letters may be missing");
        }
        // The same record may stand in two exports, or nested and alone.
        if fields.get("id").is_some_and(|id| !seen.insert(short(&id).to_owned())) {
            continue;
        }
        match fields.what() {
            Some(What::Letter) => {
                let message = letter(fields);
                asked |= message.speaker == Speaker::Customer;
                subject = subject.or(fields.get("subject"));
                ticket.messages.push(message);
            }
            Some(What::Comment) => ticket.messages.push(comment(fields, owner.as_deref())),
            _ => {}
        }
    }
    if case.is_none() {
        ticket.label("subject", subject.as_deref());
    }
    if let Some(case) = case.filter(|_| !asked) {
        ticket.messages.push(Message {
            speaker: Speaker::Customer,
            at: case.get("createddate"),
            plain: case.get("description"),
            ..Message::default()
        });
    }
    ticket.finish(sink)
}

fn letter(fields: &Fields) -> Message {
    let address = fields.get("fromaddress").map(|a| a.to_lowercase());
    let speaker = match fields.get("incoming") {
        Some(incoming) if is_true(&incoming) => Speaker::Customer,
        Some(_) => Speaker::Agent,
        None => Speaker::Unknown,
    };
    let draft = fields.get("status").is_some_and(|s| s == "5" || s.eq_ignore_ascii_case("draft"));
    let own = if speaker == Speaker::Agent { fields.get("createdbyid") } else { None };
    Message {
        speaker,
        name: fields.get("fromname").or_else(|| address.clone()),
        author: own.or(address),
        at: fields.first(&["messagedate", "createddate"]),
        plain: fields.get("textbody"),
        html: fields.get("htmlbody"),
        kind: if draft { Kind::Note } else { Kind::Speech },
    }
}

fn comment(fields: &Fields, owner: Option<&str>) -> Message {
    let author = fields.get("createdbyid");
    let user = fields.get("createdby.usertype").unwrap_or_default().to_ascii_lowercase();
    let owns = owner.zip(author.as_deref()).is_some_and(|(o, a)| short(o) == short(a));
    let speaker = match user.as_str() {
        _ if owns => Speaker::Agent,
        "standard" => Speaker::Agent,
        "" | "automatedprocess" => Speaker::Unknown,
        u if ["portal", "customer", "guest", "csp"].iter().any(|p| u.contains(p)) => Speaker::Customer,
        _ => Speaker::Unknown,
    };
    let public = fields.get("ispublished").is_none_or(|p| is_true(&p));
    Message {
        speaker,
        name: fields.first(&["createdby.name", "creatorname"]).or_else(|| author.clone()),
        author,
        at: fields.get("createddate"),
        plain: fields.get("commentbody"),
        html: None,
        kind: if public { Kind::Speech } else { Kind::Note },
    }
}

/// A chat: lines `( 1m 5s ) Name: words` between lines of the system.
fn chat(id: &str, place: Place, fields: &Fields) -> Ticket {
    let mut ticket = Ticket::new(place, id, Channel::Chat);
    ticket.label("case", fields.get("caseid").as_deref());
    ticket.label("chat_key", fields.get("chatkey").as_deref());
    let started = fields.first(&["starttime", "requesttime", "createddate"]);
    let begin = started.as_deref().and_then(|s| times::parse(s).ok());
    ticket.opened.clone_from(&started);
    let body = fields.get("body").unwrap_or_default();
    let lines = mail::choose(None, Some(body));
    let mut agents: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut said: Vec<(f64, String, String)> = Vec::new();
    for line in lines.iter().map(|l| l.text.trim()).filter(|l| !l.is_empty()) {
        if let Some((at, rest)) = clock(line) {
            let (name, words) = rest.split_once(':').unwrap_or(("", rest));
            said.push((at, name.trim().to_owned(), words.trim().to_owned()));
        } else if let Some(name) = line.strip_prefix("Agent ").filter(|n| n.split_whitespace().count() <= 4) {
            agents.insert(name.trim().to_owned(), None);
        } else if !line.starts_with("Chat ") {
            // A message of several lines; what stands before the first is of the system.
            if let Some(last) = said.last_mut() {
                last.2.push('\n');
                last.2.push_str(line);
            }
        }
    }
    let owner = fields.get("ownerid").filter(|_| agents.len() == 1);
    for (at, name, words) in said {
        let known = agents.contains_key(&name);
        let speaker = if known { Speaker::Agent } else { speaker_from_label(&name).speaker };
        let moment = begin.and_then(|b| later(b, at));
        let author = if known { owner.clone().or(Some(name.clone())) } else { None };
        let name = (!name.is_empty()).then_some(name);
        ticket.messages.push(Message { speaker, name, author, at: moment, plain: Some(words), ..Message::default() });
    }
    if begin.is_none() && !ticket.messages.is_empty() {
        ticket.conversation.note(NoteKind::LeftOut, "no StartTime in the export: times are left out");
    }
    ticket
}

/// `( 1h 2m 3s ) rest`: seconds and the rest.
fn clock(line: &str) -> Option<(f64, &str)> {
    let (inner, rest) = line.strip_prefix('(')?.split_once(')')?;
    let mut seconds = 0.0;
    let mut any = false;
    let mut digits = String::new();
    for c in inner.chars().filter(|c| !c.is_whitespace()) {
        let unit = match c {
            '0'..='9' if digits.len() < 6 => {
                digits.push(c);
                continue;
            }
            'h' | 'ч' => 3600.0,
            'm' | 'м' => 60.0,
            's' | 'с' => 1.0,
            _ => return None,
        };
        seconds += unit * digits.parse::<f64>().ok()?;
        digits.clear();
        any = true;
    }
    (any && digits.is_empty()).then_some((seconds, rest.trim()))
}

/// A moment so many seconds later, as text.
fn later(begin: times::When, seconds: f64) -> Option<String> {
    let times::When::At(at, offset) = begin else { return None };
    #[allow(clippy::cast_possible_truncation)] // at most six digits of hours
    let at = at.checked_add(jiff::SignedDuration::from_secs(seconds as i64)).ok()?;
    times::written(times::When::At(at, offset))
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    #[test]
    fn letters_and_comments_meet_at_their_case_by_either_id() {
        let got = read_text(
            &Salesforce,
            "x.json",
            br#"{"totalSize":4,"done":true,"records":[
            {"attributes":{"type":"EmailMessage"},"Id":"02s2","ParentId":"500000000000001AAA","Incoming":false,"MessageDate":"2025-03-10T06:00:00.000+0000","TextBody":"Sent.","CreatedById":"005A"},
            {"attributes":{"type":"EmailMessage"},"Id":"02s1","ParentId":"500000000000001","Incoming":true,"MessageDate":"2025-03-10T05:00:00.000+0000","TextBody":null,"HtmlBody":"<p>Where?</p>","FromAddress":"A@x.example"},
            {"attributes":{"type":"CaseComment"},"Id":"00a1","ParentId":"500000000000001","CommentBody":"vip","IsPublished":false,"CreatedDate":"2025-03-10T05:30:00.000+0000","CreatedById":"005B","CreatedBy":{"Name":"Boss","UserType":"Standard"}},
            {"attributes":{"type":"Case"},"Id":"500000000000001AAA","CaseNumber":"0001","Subject":"Order","IsClosed":true,"OwnerId":"005A","Description":"Where?"}]}"#,
        );
        assert_eq!(
            got,
            [
                "{\"id\":\"500000000000001AAA\",\"channel\":\"email\",\"started_at\":\"2025-03-10T05:00:00Z\",\"agent_id\":\"005A\",\"labels\":{\"case_number\":\"0001\",\"subject\":\"Order\"},\"outcome\":{\"resolved\":true},\"turns\":[\
            {\"speaker\":\"customer\",\"text\":\"Where?\",\"start\":0.0},{\"speaker\":\"agent\",\"agent_id\":\"005B\",\"text\":\"vip\",\"start\":1800.0,\"kind\":\"note\"},\
            {\"speaker\":\"agent\",\"text\":\"Sent.\",\"start\":3600.0}]}"
            ]
        );
    }

    #[test]
    fn chats_are_cut_at_their_clocks() {
        assert_eq!(clock("( 1h 2m 3s ) Dana: hi"), Some((3723.0, "Dana: hi")));
        assert_eq!(clock("(yes) no"), None);
        let got = read_text(
            &Salesforce,
            "x.json",
            br#"[{"Id":"570A","ChatKey":"k","StartTime":"2025-03-10T05:00:00.000Z","OwnerId":"005A","Body":"<p align=\"center\">Chat Started: Monday</p><p align=\"center\">Agent Dana K</p>( 4s ) Dana K: Hello<br>there<br>( 1m 0s ) Visitor: Hi<br>( 1m 9s ) Aigul: me<br>"}]"#,
        );
        assert_eq!(
            got,
            [
                "{\"id\":\"570A\",\"channel\":\"chat\",\"started_at\":\"2025-03-10T05:00:04Z\",\"agent_id\":\"005A\",\"labels\":{\"chat_key\":\"k\"},\"turns\":[\
            {\"speaker\":\"agent\",\"text\":\"Hello\\nthere\",\"start\":0.0},{\"speaker\":\"customer\",\"text\":\"Hi\",\"start\":56.0},\
            {\"speaker\":\"unknown\",\"label\":\"Aigul\",\"text\":\"me\",\"start\":65.0}]}"
            ]
        );
    }

    #[test]
    fn rows_without_a_case_and_failures_are_set_aside() {
        let got = read_text(&Salesforce, "x.csv", b"ID,PARENTID,TEXTBODY\n1,,hello\n2,5,\"never closed\n3,5,ok\n");
        assert!(got[0].contains("line 2 1: a record without the id of its case"), "{got:?}");
        assert!(got[1].contains("line 3") && got[1].contains("not valid CSV"), "{got:?}");
        assert!(got[2].contains("\"text\":\"ok\""), "{got:?}");
        let got = read_text(&Salesforce, "x.json", br#"[{"errorCode":"INVALID_SESSION_ID","message":"expired"}]"#);
        assert!(got[0].contains("INVALID_SESSION_ID: expired"), "{got:?}");
    }
}
