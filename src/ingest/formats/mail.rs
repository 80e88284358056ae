//! Email: `.eml` and Outlook's `.msg` files, mail folders (mbox, Maildir), one conversation for each thread.
//!
//! A Maildir is named as a folder: its letters in `cur/` and `new/` are told by what they hold, what lies in `tmp/` is
//! still being delivered and passed over, a letter with the flag of a draft is set aside. Who wrote a letter is said by its
//! sender's address: name the company's domains with `--agent-domain`. Where a quoted letter may have stayed among the
//! writer's own words, the label `note` says which letter it is.
//!
//! Two passes keep memory small: the first keeps a few numbers for each message (where it stands, hashes of its ids,
//! its date), the second reads the messages of one thread at a time. From each message the writer's own new words become
//! speech, with the sign-off and the name; quoted letters, contact blocks and legal notices become turns of their kinds.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

pub(super) use self::body::{Line, Mark, choose};
use self::headers::{Headers, field_name, is_known_field};
pub(super) use self::letter::{Letters, joined};
use self::scan::{Span, Store};
use self::thread::{Threads, base_subject, is_agent};
use crate::ingest::{Format, Options, Record, Sample, Sink, Source};
use crate::model::{Channel, Conversation, Kind, NoteKind, Place, Quarantined, Reason, Speaker, Text, Turn};

mod automatic;
mod body;
mod charset;
mod headers;
mod html;
mod letter;
mod msg;
mod quote;
mod repeat;
mod scan;
mod signature;
mod thread;
mod words;

/// Emails: `.eml`, `.msg`, mbox and Maildir, threads joined over all files.
pub struct Mail;

impl Format for Mail {
    fn name(&self) -> &'static str {
        "mail"
    }

    fn about(&self) -> &'static str {
        "Emails: .eml, .msg, mbox and Maildir, one conversation a thread; name your domains with --agent-domain"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let bytes = sample.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(sample.bytes).trim_ascii_start();
        if bytes.starts_with(msg::MAGIC) {
            return if msg::is_msg(bytes) || sample.name.ends_with(".msg") { 96 } else { 0 };
        }
        let by_name = Path::new(sample.name).extension().is_some_and(|e| e == "eml" || e == "mbox" || e == "mbx");
        let (first, rest) = bytes.split_at(memchr::memchr(b'\n', bytes).map_or(bytes.len(), |n| n + 1));
        if first.starts_with(b"From ") {
            return match (is_known_field(rest), scan::is_dated_separator(first)) {
                (true, _) => 98,
                (false, dated) if by_name || dated => 60,
                _ => 0,
            };
        }
        let known = if field_name(first).is_some() { count_known(bytes) } else { 0 };
        match known {
            0 | 1 if by_name => 40,
            0 | 1 => 0,
            _ if by_name => 98,
            2 => 50,
            _ => 92,
        }
    }

    fn why(&self, sample: &Sample<'_>) -> String {
        if sample.bytes.starts_with(b"From ") { "the line `From ` of a mail folder" } else { "headers of a letter" }
            .into()
    }

    fn joins_files(&self) -> bool {
        true
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        read_mail(sources, options, sink)
    }
}

/// Different fields of mail in the header block at the start.
fn count_known(bytes: &[u8]) -> usize {
    let lines = bytes.split(|b| *b == b'\n').take_while(|l| !l.trim_ascii().is_empty());
    let names: BTreeSet<Vec<u8>> =
        lines.filter(|l| is_known_field(l)).filter_map(field_name).map(<[u8]>::to_ascii_lowercase).collect();
    names.len()
}

/// What the first pass found, in the order of the files.
enum Seen {
    Message(u32),
    Bad(Box<Quarantined>),
}

fn read_mail(sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let mut store = Store::new(sources);
    let mut threads = Threads::default();
    let mut seen = Vec::new();
    // Progress is made where threads are put together.
    let aside = options.uncounted();
    for (index, source) in (0u32..).zip(sources) {
        if is_draft(&source.file) {
            let reason = Reason::Content("a draft by its flag: it was never sent".to_owned());
            seen.push(Seen::Bad(Box::new(bad(place(&source.file, 0), None, reason))));
            continue;
        }
        store.scan(index, &aside, &mut |found| match found {
            Ok(found) => {
                let headers = Headers::parse(found.header);
                seen.extend(threads.add(&headers, found.span, found.content, options).map(Seen::Message));
            }
            Err((byte, reason)) => seen.push(Seen::Bad(Box::new(bad(place(&source.file, byte), None, reason)))),
        });
    }
    let families = threads.finish();
    let mut next = families.iter().peekable();
    let each = aside.counted() as f64 / seen.len().max(1) as f64;
    for s in seen {
        options.count(each as u64);
        match s {
            Seen::Bad(q) => sink(Record::Bad(*q))?,
            Seen::Message(i) => {
                // Families stand in the order of their first-read messages.
                if next.peek().is_some_and(|f| f.iter().min() == Some(&i))
                    && let Some(family) = next.next()
                {
                    let spans: Vec<Span> = family.iter().map(|m| threads.message(*m).span).collect();
                    let first = threads.message(i).span;
                    read_thread(&mut store, sources, &spans, first, options, sink)?;
                }
            }
        }
    }
    ControlFlow::Continue(())
}

/// Whether the name of a letter in a Maildir has the flag `D`: `1741600000.M1P2.host:2,DS`. Where a colon cannot stand in a
/// name, programs write `;` or `!`.
fn is_draft(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    [":2,", ";2,", "!2,"].iter().any(|sign| {
        name.rsplit_once(sign).is_some_and(|(_, f)| f.contains('D') && f.bytes().all(|b| b.is_ascii_alphabetic()))
    })
}

fn place(file: &Arc<Path>, byte: u64) -> Place {
    Place { file: Arc::clone(file), line: None, byte: Some(byte) }
}

fn bad(place: Place, conversation_id: Option<String>, reason: Reason) -> Quarantined {
    Quarantined { place, conversation_id, reason }
}

/// A message understood.
struct Letter {
    id: String,
    /// Seconds since 1970, and RFC 3339.
    date: Option<(i64, String)>,
    subject: Option<String>,
    /// The writer's address, in lower case.
    sender: Option<String>,
    automatic: bool,
    /// Whether a quoted letter may have stayed in it.
    doubtful: bool,
    /// What it is made of, in its order; none of the texts is blank.
    pieces: Vec<(Kind, String)>,
}

impl Letter {
    fn read(bytes: &[u8], headers: &Headers<'_>, options: &Options, thread: &mut Letters) -> Result<Letter, Reason> {
        let addresses = || headers.addresses("from").into_iter().chain(headers.addresses("sender"));
        let mut letter = Letter {
            id: conversation_id(headers, bytes),
            date: headers.date().map(|d| (d.to_timestamp(), d.to_rfc3339())),
            subject: headers.text("subject"),
            sender: addresses().next(),
            automatic: automatic::is_automatic(headers, options),
            doubtful: false,
            pieces: Vec::new(),
        };
        let lines = body::lines(bytes, options.charset.as_deref())?;
        if letter.automatic {
            letter.pieces.push((Kind::Auto, joined(&lines)));
            letter.pieces.retain(|(_, text)| !text.is_empty());
        } else {
            let answers =
                !headers.ids("in-reply-to").is_empty() || letter.subject.as_deref().is_some_and(|s| base_subject(s).1);
            let read = thread.read(letter.sender.as_deref().unwrap_or_default(), answers, lines);
            (letter.pieces, letter.doubtful) = (read.pieces, read.doubtful);
        }
        Ok(letter)
    }

    /// Who wrote it: the company's domains tell agents from customers, and without them nobody guesses.
    fn speaker(&self, options: &Options) -> Speaker {
        match &self.sender {
            _ if self.automatic => Speaker::System,
            Some(_) if options.agent_domains.is_empty() => Speaker::Unknown,
            Some(address) if is_agent(address, options) => Speaker::Agent,
            Some(_) => Speaker::Customer,
            None => Speaker::Unknown,
        }
    }
}

/// The Message-ID, or a hash of the whole message when it has none of a sane length.
fn conversation_id(headers: &Headers<'_>, bytes: &[u8]) -> String {
    match headers.ids("message-id").into_iter().next() {
        Some(id) if id.len() <= 998 => id,
        _ => format!("mail-{:032x}", scan::digest(&[bytes])),
    }
}

/// Reads one thread and hands on its conversation, behind those of its messages that cannot be used.
/// `spans` are in the order of time, `first` is the one that was read first.
fn read_thread(
    store: &mut Store<'_>,
    sources: &[Source],
    spans: &[Span],
    first: Span,
    options: &Options,
    sink: &mut Sink<'_>,
) -> ControlFlow<()> {
    let place_of = |s: Span| place(&sources[s.source as usize].file, s.start);
    let mut thread = Letters::default();
    let mut letters: Vec<Letter> = Vec::new();
    let mut size = 0;
    for span in spans {
        let (id, read) = match store.read(span) {
            Ok(bytes) => {
                let headers = Headers::parse(&bytes);
                (headers.ids("message-id").into_iter().next(), Letter::read(&bytes, &headers, options, &mut thread))
            }
            Err(reason) => (None, Err(reason)),
        };
        match read {
            Ok(letter) => {
                size += letter.pieces.iter().map(|p| p.1.len() as u64).sum::<u64>();
                letters.push(letter);
            }
            Err(reason) => sink(Record::Bad(bad(place_of(*span), id, reason)))?,
        }
        if size > options.max_record {
            let id = letters.into_iter().next().map(|l| l.id);
            return sink(Record::Bad(bad(place_of(first), id, Reason::TooLarge { limit: options.max_record })));
        }
    }
    if letters.is_empty() {
        return ControlFlow::Continue(());
    }
    let conversation = conversation(letters, options);
    sink(if conversation.turns.is_empty() {
        Record::Bad(bad(place_of(first), Some(conversation.id.0.into_owned()), Reason::Empty))
    } else {
        Record::Conversation { place: place_of(first), conversation: Box::new(conversation) }
    })
}

/// The conversation of the letters of a thread, which are in the order of time.
fn conversation(letters: Vec<Letter>, options: &Options) -> Conversation<'static> {
    let mut out = Conversation { channel: Channel::Email, ..Conversation::default() };
    let begin = letters.iter().find_map(|l| l.date.clone());
    if let Some(head) = letters.first() {
        out.id = Text::from(head.id.clone());
        if let Some(subject) = &head.subject {
            out.labels.0.insert("subject".into(), subject.clone().into());
        }
    }
    let mut agents: BTreeSet<String> = BTreeSet::new();
    let doubtful: Vec<String> =
        (1..).zip(&letters).filter(|(_, l)| l.doubtful).map(|(n, _): (usize, _)| n.to_string()).collect();
    if !doubtful.is_empty() {
        out.note(NoteKind::Quote, unmarked(&doubtful));
    }
    for letter in letters {
        let speaker = letter.speaker(options);
        let label = letter.sender.clone().filter(|_| speaker == Speaker::Unknown).map(Text::from);
        let agent_id = letter.sender.filter(|_| speaker == Speaker::Agent);
        agents.extend(agent_id.clone());
        // A wrong clock puts a letter decades away: better no time than that one.
        let start = letter.date.zip(begin.as_ref()).and_then(|(d, b)| u32::try_from(d.0 - b.0).ok());
        let start = start.filter(|s| *s < 1_000_000_000).map(f64::from);
        out.turns.extend(letter.pieces.into_iter().map(|(kind, text)| Turn {
            label: label.clone(),
            speaker,
            agent_id: agent_id.clone().map(Text::from),
            text: text.into(),
            start,
            end: None,
            kind,
        }));
    }
    out.started_at = begin.map(|b| b.1.into());
    if agents.len() == 1 {
        out.agent_id = agents.pop_first().map(Text::from);
    }
    out
}

/// What is said of letters in which a quote may have stayed, by their numbers.
pub(super) fn unmarked(numbers: &[String]) -> String {
    format!("a quoted letter may have stayed in letter {}", numbers.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(sender: &str, seconds: i64, text: &str) -> Letter {
        Letter {
            id: format!("{seconds}@x"),
            date: Some((seconds, format!("date {seconds}"))),
            subject: Some(format!("subject {seconds}")),
            sender: (!sender.is_empty()).then(|| sender.to_owned()),
            automatic: sender.starts_with("robot"),
            doubtful: false,
            pieces: vec![(Kind::Speech, text.to_owned())],
        }
    }

    fn options() -> Options {
        Options { agent_domains: vec!["shop.kz".into()], ..Options::default() }
    }

    #[test]
    fn a_conversation_has_the_head_of_its_first_letter_and_times_from_it() {
        let c = conversation(vec![letter("c@m.kz", 100, "Where?"), letter("anna@shop.kz", 160, "Here.")], &options());
        assert_eq!(
            (&*c.id, c.started_at.as_deref(), c.agent_id.as_deref()),
            ("100@x", Some("date 100"), Some("anna@shop.kz"))
        );
        assert_eq!(c.labels.0.values().map(|v| v.to_string()).collect::<Vec<_>>(), ["subject 100"]);
        let turns: Vec<_> = c.turns.iter().map(|t| (t.speaker, t.agent_id.as_deref(), t.start)).collect();
        assert_eq!(turns, [(Speaker::Customer, None, Some(0.0)), (Speaker::Agent, Some("anna@shop.kz"), Some(60.0))]);
    }

    #[test]
    fn two_agents_leave_the_conversation_without_one_and_a_wrong_clock_without_a_time() {
        let letters =
            vec![letter("b@shop.kz", 0, "a"), letter("a@shop.kz", 10, "b"), letter("a@shop.kz", 2_000_000_000, "c")];
        let c = conversation(letters, &options());
        assert_eq!(c.agent_id, None);
        assert_eq!(c.turns.iter().map(|t| t.start).collect::<Vec<_>>(), [Some(0.0), Some(10.0), None]);
    }

    #[test]
    fn nobody_is_guessed() {
        let of = |sender: &str, o: &Options| letter(sender, 0, "x").speaker(o);
        assert_eq!(of("a@shop.kz", &options()), Speaker::Agent);
        assert_eq!(of("c@m.kz", &options()), Speaker::Customer);
        assert_eq!(of("robot@shop.kz", &options()), Speaker::System);
        assert_eq!(of("", &options()), Speaker::Unknown);
        assert_eq!(of("a@shop.kz", &Options::default()), Speaker::Unknown);
    }

    #[test]
    fn a_letter_without_an_id_is_named_by_its_bytes() {
        let id = |bytes: &[u8]| conversation_id(&Headers::parse(bytes), bytes);
        assert_eq!(id(b"Message-ID: <1@x>\n\na"), "1@x");
        assert!(id(b"Subject: x\n\na").starts_with("mail-"));
        assert_ne!(id(b"Subject: x\n\na"), id(b"Subject: x\n\nb"));
    }
}
