//! Plain text: `Speaker: words`.
//!
//! ```text
//! # Channel: call
//! # Agent: Aidana K
//! # Date: 31.03.2025 18:05
//! [00:00] Operator: Good evening, how can I help?
//! [00:04] Customer: My card is blocked,
//! and I am abroad.
//! ```
//! A turn begins with a label and a colon, and may have a time before it: `[mm:ss]`, `[hh:mm:ss]`, `(mm:ss)`, `00:12`,
//! `[00:12 - 00:15]`, or a date and time in brackets. Lines without a label go on with the turn before. A label that names
//! no role (`Aidana:`) begins a turn when a time in brackets stands before it, when it is said twice, when it is the agent
//! named at the top, or when no label in the conversation names a role; else it is taken for words (`Note: call back`,
//! `10:30 Meeting: moved`).
//!
//! Lines `# key: value` at the top say what is known of the conversation: channel, agent, customer, date, queue, team,
//! language, csat, resolved, id, in English, Russian or Kazakh; any other key becomes a label.
//!
//! A file holds one conversation, named like the file, or several, each under a line `=== id ===` (or `=== id`, or
//! `--- id ---`). Header lines above the first such line hold for all. Words before the first label are kept as a note.

use std::collections::HashMap;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::Arc;

use super::draft::Draft;
use super::times::{self, When};
use super::{Field, fields};
use crate::ingest::roles::{Role, fold, speaker_from_label};
use crate::ingest::{Format, Lines, Options, Record, Sample, Sink, Source};
use crate::model::{Kind, Place, Quarantined, Reason, Speaker, Turn};

/// Plain text with a speaker's label before each turn.
pub struct PlainText;

impl Format for PlainText {
    fn name(&self) -> &'static str {
        "text"
    }

    fn about(&self) -> &'static str {
        "plain text, `Speaker: words`, with or without a time such as [00:12] before; several conversations under `=== id ===`"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let text = &sample.text;
        let binary = memchr::memchr_iter(0, text.as_bytes()).count() > text.len() / 100;
        // Subtitles have times on lines of their own.
        if text.starts_with("WEBVTT") || super::cues::any_timing(text) || binary {
            return 0;
        }
        let (mut lines, mut labels, mut roles) = (0, 0, 0);
        for line in text.lines().filter(|l| !l.trim().is_empty()) {
            lines += 1;
            if let Some(label) = label(line) {
                labels += 1;
                roles += usize::from(speaker_from_label(&line[label.label]).speaker != Speaker::Unknown);
            }
        }
        match (labels, roles) {
            (_, 2..) => 50,
            (_, 1) => 40,
            (2.., 0) if labels * 2 >= lines && sample.name.ends_with(".txt") => 20,
            _ => 0,
        }
    }

    fn why(&self, _: &Sample<'_>) -> String {
        "lines that begin with a speaker's label and a colon".into()
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        for source in sources {
            match source.open_text(options) {
                Ok(stream) => read(source, Lines::new(stream, options.max_record), options.max_record, sink)?,
                Err(reason) => {
                    sink(Record::Bad(Quarantined { place: Place::file(&source.file), conversation_id: None, reason }))?;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// The lines of one conversation.
struct Block {
    id: String,
    first_line: u64,
    /// `# key: value`.
    header: Vec<(String, String)>,
    lines: Vec<(u64, String)>,
    bytes: u64,
    bad: Option<Reason>,
}

impl Block {
    fn new(id: String, first_line: u64) -> Block {
        Block { id, first_line, header: Vec::new(), lines: Vec::new(), bytes: 0, bad: None }
    }

    fn spoil(&mut self, reason: Reason) {
        self.bad.get_or_insert(reason);
        self.lines = Vec::new();
    }
}

/// Cuts a file into conversations and hands each on.
fn read(source: &Source, mut lines: Lines, limit: u64, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let mut block = Block::new(source.stem(), 1);
    let mut separated = false;
    let mut common: Vec<(String, String)> = Vec::new();
    while let Some(line) = lines.next_line() {
        let line = line.map(str::trim).map(str::to_owned);
        let number = lines.number();
        match line {
            Err(bad) => block.spoil(match bad.reason {
                Reason::Content(said) => Reason::Content(format!("line {number}: {said}")),
                Reason::Charset { charset, detail } => {
                    Reason::Charset { charset, detail: format!("line {number}, {detail}") }
                }
                other => other,
            }),
            Ok(line) if line.is_empty() || line.chars().all(|c| matches!(c, '=' | '-' | '_' | '*' | '—')) => {}
            Ok(line) => {
                if let Some(id) = separator(&line) {
                    let before = std::mem::replace(&mut block, Block::new(id.to_owned(), number));
                    if separated || !before.lines.is_empty() || before.bad.is_some() {
                        hand_on(&source.file, before, &common, sink)?;
                    } else {
                        common = before.header;
                    }
                    separated = true;
                } else if let Some((key, value)) = header_line(&line).filter(|_| block.lines.is_empty()) {
                    block.header.push((key.to_owned(), value.to_owned()));
                } else if block.bad.is_none() {
                    block.bytes += line.len() as u64;
                    if block.bytes > limit {
                        block.spoil(Reason::TooLarge { limit });
                    } else {
                        block.lines.push((number, line));
                    }
                }
            }
        }
    }
    hand_on(&source.file, block, &common, sink)
}

/// Reads a transcript that stands in a cell of a table: its lines are those of a file of one conversation. `header` is what
/// the other cells say of it.
#[cfg(feature = "parquet")]
pub(super) fn transcript(
    file: &Arc<Path>,
    row: u64,
    id: &str,
    header: Vec<(String, String)>,
    text: &str,
    limit: u64,
    sink: &mut Sink<'_>,
) -> ControlFlow<()> {
    let mut block = Block::new(id.to_owned(), row);
    block.header = header;
    if text.len() as u64 > limit {
        block.spoil(Reason::TooLarge { limit });
    } else {
        let lines = (1..).zip(text.lines()).map(|(n, l)| (n, l.trim().to_owned()));
        block.lines = lines.filter(|(_, l)| !l.is_empty()).collect();
    }
    hand_on(file, block, &[], sink)
}

/// `=== id ===`, `=== id` or `--- id ---`.
fn separator(line: &str) -> Option<&str> {
    let id = match line.strip_prefix("===") {
        Some(rest) => rest.trim_matches('='),
        None => line.strip_prefix("---")?.strip_suffix("---")?.trim_matches('-'),
    }
    .trim();
    (!id.is_empty() && id.len() <= 200).then_some(id)
}

/// `# key: value`.
fn header_line(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.strip_prefix('#')?.split_once(':')?;
    Some((key.trim(), value.trim())).filter(|(key, value)| !key.is_empty() && !value.is_empty())
}

/// The beginning of a turn: where its label, its times and its words stand in the line.
struct Label {
    label: Range<usize>,
    time: Option<Range<usize>>,
    bracketed: bool,
    words: usize,
}

/// The label that a line begins with, if it looks like one.
fn label(line: &str) -> Option<Label> {
    let at = |part: &str| part.as_ptr() as usize - line.as_ptr() as usize;
    let mut rest = line.trim_start();
    let mut time = None;
    let mut bracketed = false;
    for (open, close) in [('[', ']'), ('(', ')')] {
        if let Some((inner, behind)) = rest.strip_prefix(open).and_then(|r| r.split_once(close))
            && inner.starts_with(|c: char| c.is_ascii_digit())
        {
            time = Some(at(inner)..at(inner) + inner.len());
            bracketed = true;
            rest = behind.trim_start();
            break;
        }
    }
    if time.is_none() && rest.starts_with(|c: char| c.is_ascii_digit()) {
        let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.' | ',')).unwrap_or(rest.len());
        let clock = &rest[..end];
        if !clock.contains(':') || times::parse(clock).is_err() {
            return None;
        }
        time = Some(at(clock)..at(clock) + clock.len());
        rest = rest[end..].trim_start();
    }
    let rest = rest.trim_start_matches(['-', '–', '—', ' ']);
    let (label, words) = rest.split_once(':')?;
    let label = label.trim_end();
    let inner = label.trim_matches(['[', ']', '<', '>', '*']);
    // A label is short and has no sentence in it; `https://` is none, nor is `10:30`.
    let short = inner.chars().count() <= 60 && inner.split_whitespace().count() <= 6;
    let clean =
        inner.starts_with(char::is_alphabetic) && !inner.contains(['?', '!', ';', '"', '«']) && !inner.contains(". ");
    (short && clean && !words.starts_with("//")).then(|| Label {
        label: at(label)..at(label) + label.len(),
        time,
        bracketed,
        words: at(words),
    })
}

/// Puts the turns of a block together and hands the conversation on.
fn hand_on(file: &Arc<Path>, block: Block, common: &[(String, String)], sink: &mut Sink<'_>) -> ControlFlow<()> {
    let mut draft = Draft::new(Place::line(file, block.first_line), &block.id);
    let customer = header(&mut draft, common, &block.header);
    match block.bad {
        Some(reason) => draft.spoil(reason),
        None => {
            if let Err(reason) = turns(&mut draft, &block.lines, &customer) {
                draft.spoil(reason);
            }
        }
    }
    draft.finish(sink)
}

/// Takes in the header lines, those of the block before those of the file. The customer's name, or empty.
fn header(draft: &mut Draft, common: &[(String, String)], own: &[(String, String)]) -> String {
    let mut customer = String::new();
    for (i, (key, value)) in own.iter().chain(common).enumerate() {
        match fields::field(key) {
            // An id at the top of the file cannot be that of several conversations.
            Some((Field::Id, ..)) if i < own.len() => draft.conversation.id = value.clone().into(),
            Some((Field::Time, ..)) => draft.set(Field::StartedAt, value),
            Some((Field::Id | Field::Speaker | Field::Text | Field::Start | Field::End | Field::Kind, ..)) => {}
            Some((field, ..)) => draft.set(field, value),
            None if speaker_from_label(key).speaker == Speaker::Customer => customer.clone_from(value),
            None => {
                draft.conversation.labels.0.entry(key.clone().into()).or_insert_with(|| value.clone().into());
            }
        }
    }
    customer
}

fn turns(draft: &mut Draft, lines: &[(u64, String)], customer: &str) -> Result<(), Reason> {
    let agent = draft.conversation.agent_id.as_deref().unwrap_or_default().to_owned();
    let role_of = |label: &str| {
        let role = speaker_from_label(label);
        match role.speaker {
            Speaker::Unknown if !agent.is_empty() && named(label, &agent) => Role { speaker: Speaker::Agent, ..role },
            Speaker::Unknown if !customer.is_empty() && named(label, customer) => {
                Role { speaker: Speaker::Customer, ..role }
            }
            // "Operator Aidana" is the "Aidana K" of the header.
            _ if role.agent_id.as_deref().is_some_and(|id| named(id, &agent)) => Role { agent_id: None, ..role },
            _ => role,
        }
    };
    // First: which labels are there, how often, and does any name a role?
    let found: Vec<Option<Label>> = lines.iter().map(|(_, line)| label(line)).collect();
    let mut labels: HashMap<&str, (Role, usize)> = HashMap::new();
    for (label, (_, line)) in found.iter().zip(lines) {
        if let Some(label) = label {
            let name = &line[label.label.clone()];
            labels.entry(name).or_insert_with(|| (role_of(name), 0)).1 += 1;
        }
    }
    let known = |(role, _): &(Role, usize)| role.speaker != Speaker::Unknown;
    let any_role = labels.values().any(known);
    let mut open: Option<(&str, Turn<'static>, String)> = None;
    let mut spoken = false;
    for ((number, line), label) in lines.iter().zip(&found) {
        let begins = label.as_ref().filter(|l| {
            let name = &line[l.label.clone()];
            let plain_time = l.time.is_some() && !l.bracketed;
            labels.get(name).is_some_and(|entry| {
                known(entry) || l.bracketed || !plain_time && (entry.1 > 1 || !any_role && capital(name))
            })
        });
        let Some(l) = begins else {
            match &mut open {
                Some((_, _, text)) => {
                    text.push('\n');
                    text.push_str(line);
                }
                None => open = Some(("", Turn { kind: Kind::Note, ..Turn::default() }, line.clone())),
            }
            continue;
        };
        spoken = true;
        close(draft, open.take(), &labels);
        let (start, end) = match &l.time {
            None => (None, None),
            Some(time) => {
                let text = &line[time.clone()];
                span(draft, text).map_err(|said| Reason::Content(format!("line {number}: {said}")))?
            }
        };
        let turn = Turn { start, end, ..Turn::default() };
        open = Some((&line[l.label.clone()], turn, line[l.words..].trim().to_owned()));
    }
    close(draft, open, &labels);
    if spoken || lines.is_empty() {
        return Ok(());
    }
    Err(Reason::Content("no line begins with a speaker's label, such as `Operator:` or `Клиент:`".to_owned()))
}

fn close(draft: &mut Draft, open: Option<(&str, Turn<'static>, String)>, labels: &HashMap<&str, (Role, usize)>) {
    if let Some((label, turn, text)) = open {
        let nobody = Role { speaker: Speaker::Unknown, agent_id: None };
        let role = labels.get(label).map_or(&nobody, |(role, _)| role);
        draft.turn(label, role, "", Turn { text: text.into(), ..turn }, u64::MAX);
    }
}

fn capital(name: &str) -> bool {
    name.trim_start_matches(['[', '<', '*']).starts_with(|c: char| !c.is_lowercase())
}

/// Whether a label is this person: the whole name, or the first word of it.
fn named(label: &str, person: &str) -> bool {
    let (label, person) = (fold(label), fold(person));
    let label = label.trim_matches(|c: char| !c.is_alphanumeric());
    !label.is_empty()
        && (label == person.trim_matches(|c: char| !c.is_alphanumeric()) || person.split(' ').next() == Some(label))
}

/// Start, and end where the time is a span such as `00:12 - 00:15`.
fn span(draft: &mut Draft, text: &str) -> Result<(Option<f64>, Option<f64>), String> {
    let mut seconds = |text: &str| -> Result<Option<f64>, String> {
        let when: When = times::parse(text)?;
        draft.clock.seconds(when)
    };
    match [" - ", " – ", "–", " — "].into_iter().find_map(|dash| text.split_once(dash)) {
        Some((start, end)) => Ok((seconds(start)?, seconds(end)?)),
        None => match text.split_once('-') {
            // A date has hyphens too.
            Some((start, end)) if start.contains(':') && times::parse(text).is_err() => {
                Ok((seconds(start)?, seconds(end)?))
            }
            _ => Ok((seconds(text)?, None)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    fn read(text: &str) -> Vec<String> {
        read_text(&PlainText, "Call 7.txt", text.as_bytes())
    }

    #[test]
    fn labels_times_headers_and_continuations_are_read() {
        let got = read(
            "# Channel: call\n# Agent: Aidana K\n# Дата: 31.03.2025 18:05\n# Queue: cards\n# shift: night\n\n\
             [00:01] Operator: Good evening\r\n[00:04.5 - 00:06] Customer: My card,\n the blue one.\n01:02:03 Aidana: Done\nNote: call back",
        );
        assert_eq!(
            got,
            [
                "{\"id\":\"Call 7\",\"channel\":\"call\",\"started_at\":\"2025-03-31T18:05:00\",\"queue\":\"cards\",\"agent_id\":\"Aidana K\",\"labels\":{\"shift\":\"night\"},\"turns\":[\
              {\"speaker\":\"agent\",\"text\":\"Good evening\",\"start\":1.0},\
              {\"speaker\":\"customer\",\"text\":\"My card,\\nthe blue one.\",\"start\":4.5,\"end\":6.0},\
              {\"speaker\":\"agent\",\"text\":\"Done\\nNote: call back\",\"start\":3723.0}]}"
            ]
        );
    }

    #[test]
    fn what_is_not_a_label_stays_with_the_words() {
        let got = read("Operator: See\n10:30 Meeting: moved\nhttps://example.kz\nAddress: Abay 5\nClient: ok");
        assert!(got[0].contains("See\\n10:30 Meeting: moved\\nhttps://example.kz\\nAddress: Abay 5\""), "{got:?}");
        let got = read("Aidana: Hello\nMarat: Hello");
        let unknown = "\"speaker\":\"unknown\",\"label\":\"Aidana\",\"text\":\"Hello\"},";
        assert!(got[0].contains(unknown), "two unknown people: {got:?}");
    }

    #[test]
    fn several_conversations_stand_under_their_ids() {
        let got = read(
            "# Channel: chat\n=== a-1 ===\nАгент: Сәлем\n--- b 2 ---\nКлиент: Алло\n=== empty\n=====\n=== words\njust words",
        );
        assert_eq!(got.len(), 4, "{got:?}");
        assert!(got[0].starts_with("{\"id\":\"a-1\"") && got[1].starts_with("{\"id\":\"b 2\""), "{got:?}");
        assert_eq!(got[2], "line 6 empty: no turns with text");
        assert!(got[3].starts_with("line 8 words: no line begins with a speaker's label"), "{got:?}");
    }

    #[test]
    fn a_bad_line_sets_its_conversation_aside_only() {
        let got = read_text(
            &PlainText,
            "x.txt",
            b"=== a\nAgent: \xff\n=== b\nAgent: fine\n=== c\n[31.13.2025 10:00] Agent: x",
        );
        assert!(
            got[0].starts_with("line 1 a: bytes that are not UTF-8 text: line 2, byte 0xFF at column 8"),
            "{got:?}"
        );
        assert!(got[1].contains("fine"));
        assert!(got[2].starts_with("line 5 c: line 6: \"31.13.2025 10:00\" is not a time"), "{got:?}");
    }

    #[test]
    fn recognised_by_labels_that_name_roles() {
        let claim = |name, text: &'static str| PlainText.recognise(&Sample::new(name, text.as_bytes(), text.into()));
        assert_eq!(claim("x", "Оператор: да\nКлиент: нет"), 50);
        assert_eq!(claim("x.txt", "Aidana: hi\nMarat: hi"), 20);
        assert_eq!(claim("x.md", "Install: run it\nUsage: see below"), 0);
        assert_eq!(claim("x.vtt", "WEBVTT\n\nAgent: a\nClient: b"), 0);
        assert_eq!(claim("x.srt", "1\n00:00:01,000 --> 00:00:02,000\nAgent: a\nClient: b"), 0);
        assert_eq!(claim("x.txt", "Agent: press Menu --> Settings\nClient: done"), 50, "an arrow makes no subtitles");
    }
}
