//! WhatsApp: a chat exported as text (Export chat → Without media), from Android and from iPhones.
//!
//! ```text
//! 31.03.2025, 18:05 - Messages and calls are end-to-end encrypted.
//! 31.03.2025, 18:05 - Марат: Здравствуйте, карта не работает
//! вторая строка того же сообщения
//! 31.03.2025, 18:06 - Aidana: Здравствуйте, Марат! Проверяю.
//! ```
//! ```text
//! [31/03/2025, 18:05:09] Marat: Hello
//! ```
//! A file is one chat, named like it (`_chat.txt` is named by its folder). Times, which are to the minute on Android, count from
//! the earliest message. Names are kept as labels: a roster or the names themselves must say who is the agent. Lines behind a
//! message that begin with no date belong to it. Lines with a date and no name (encryption, changes of the group) are said by
//! the system; messages without words (`<Media omitted>`, `<Без медиафайлов>`, deleted ones, notices that WhatsApp writes in
//! somebody's name) are kept as machine-written, so that times of answers stay right. The mark of edited messages is taken off.
//!
//! Days are written as the telephone's settings have it. With points the day comes first. With slashes the order is told by a
//! number above 12 anywhere in the file, else by which order makes the messages follow each other, else by which makes the chat
//! shorter; then the label `note` says so, and no date of the chat is given.

use std::ops::ControlFlow;

use jiff::civil::{Date, DateTime, Time};

use super::segments;
use super::times::{When, written};
use crate::ingest::lines::on_line;
use crate::ingest::roles::speaker_from_label;
use crate::ingest::{Format, Lines, Options, Record, Sample, Sink, Source};
use crate::model::{Channel, Conversation, Kind, NoteKind, Place, Quarantined, Reason, Speaker, Turn};

/// Chats exported from WhatsApp.
pub struct WhatsApp;

impl Format for WhatsApp {
    fn name(&self) -> &'static str {
        "whatsapp"
    }

    fn about(&self) -> &'static str {
        "a WhatsApp chat exported as text; names of people are kept as labels"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let first = sample.text.lines().find(|l| !l.trim().is_empty()).and_then(head);
        let others = sample.text.lines().filter(|l| head(l).is_some()).take(3).count();
        match first {
            Some(Head { sure: true, .. }) if others > 1 => 94,
            Some(Head { sure: true, .. }) => 91,
            // Plain text may have `[31.03.2025 18:05] Operator:` too, and knows such labels better.
            Some(_) => 30,
            None => 0,
        }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        for source in sources {
            let place = Place::file(&source.file);
            let id = id(source);
            sink(match read(source, options, &id) {
                Ok(conversation) => Record::Conversation { place, conversation: Box::new(conversation) },
                Err(reason) => Record::Bad(Quarantined { place, conversation_id: Some(id), reason }),
            })?;
        }
        ControlFlow::Continue(())
    }
}

/// The file's name; iPhones call every file `_chat.txt`.
fn id(source: &Source) -> String {
    let stem = source.stem();
    let folder = source.file.parent().and_then(|p| p.file_name()).map(|n| n.to_string_lossy().into_owned());
    folder.filter(|_| stem == "_chat").unwrap_or(stem)
}

/// How a message begins.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Head<'a> {
    date: Numbers,
    time: Time,
    /// Whether it is written as WhatsApp does: a date in brackets has a comma before its time.
    sure: bool,
    /// Name and words, or the words of the system.
    rest: &'a str,
}

/// The numbers of a date as they stand.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Numbers {
    first: i16,
    second: i16,
    third: i16,
    /// Written with slashes (or hyphens): the order of day and month is open.
    open: bool,
}

impl Numbers {
    fn date(self, month_first: bool) -> Option<Date> {
        let Numbers { first, second, third, open } = self;
        let (day, month, year) = match () {
            () if first > 31 => (third, second, first),
            () if open && month_first => (second, first, third),
            () => (first, second, third),
        };
        let year = if year < 100 { year + 2000 } else { year };
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    }
}

/// Marks of the direction of writing, which WhatsApp strews in.
fn marks(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn head(line: &str) -> Option<Head<'_>> {
    let line = line.trim_start_matches(|c: char| marks(c) || c.is_whitespace());
    let (stamp, rest) = match line.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        // A date has no hyphen with spaces around it.
        None => [" - ", " – ", " -", " –"].iter().find_map(|dash| line.split_once(dash))?,
    };
    if stamp.len() > 60 || !stamp.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let end = stamp.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '/' | '-'))?;
    let (day, time) = stamp.split_at(end);
    let time = time.trim_start_matches(|c: char| c == ',' || c.is_whitespace() || marks(c));
    let rest = rest.trim_matches(|c: char| c.is_whitespace() || marks(c));
    let sure = !line.starts_with('[') || stamp[end..].starts_with(',');
    Some(Head { date: numbers(day)?, time: clock(time)?, sure, rest })
}

fn numbers(day: &str) -> Option<Numbers> {
    let day = day.trim_end_matches('.');
    let sign = ['.', '/', '-'].into_iter().find(|sign| day.contains(*sign))?;
    let mut parts = day.split(sign).map(|p| p.parse::<i16>().ok().filter(|n| (0..=9999).contains(n)));
    let numbers = Numbers { first: parts.next()??, second: parts.next()??, third: parts.next()??, open: sign != '.' };
    let one = numbers.date(false).or(numbers.date(true)).is_some();
    (one && parts.next().is_none()).then_some(numbers)
}

/// A time of day: `18:05`, `18:05:09`, `6:05 PM` (with any kind of space), `6:05 p. m.`
fn clock(text: &str) -> Option<Time> {
    let text: String =
        text.chars().filter(|c| !c.is_whitespace() && !marks(*c) && *c != '.').flat_map(char::to_lowercase).collect();
    let (digits, late) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(digits), _) => (digits, Some(false)),
        (_, Some(digits)) => (digits, Some(true)),
        _ => (&*text, None),
    };
    let mut parts = digits.split(':').map(|p| p.parse::<i8>().ok().filter(|n| *n >= 0));
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let hour = match late {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(late) => hour % 12 + if late { 12 } else { 0 },
        None => hour,
    };
    Time::new(hour, minute, second, 0).ok().filter(|_| parts.next().is_none())
}

/// Name and words of a message, and whether the words are WhatsApp's own (it puts U+200E before them: notices,
/// attachments); `None` for a line of the system.
fn name(rest: &str) -> Option<(&str, &str, bool)> {
    let (name, words) = rest.split_once(':')?;
    let name = name.trim_matches(|c: char| marks(c) || c.is_whitespace());
    let odd = name.contains(['"', '«', '“', '„']) || name.chars().count() > 60;
    let behind = words.is_empty() || words.starts_with(|c: char| c.is_whitespace() || marks(c));
    (!name.is_empty() && !odd && behind).then(|| {
        let own = words.trim_start().starts_with('\u{200e}');
        (name, words.trim_matches(|c: char| c.is_whitespace() || marks(c)), own)
    })
}

/// What stands for something that is not words, folded to lower case; what stands in angle brackets alone needs no naming.
#[rustfmt::skip] // one entry a line would be pages
const NO_WORDS: [&str; 18] = [
    "image omitted", "video omitted", "audio omitted", "sticker omitted", "gif omitted", "document omitted",
    "contact card omitted",
    "изображение отсутствует", "видео отсутствует", "аудиофайл отсутствует", "стикер отсутствует",
    "документ отсутствует", "контакт отсутствует",
    "this message was deleted", "you deleted this message", "данное сообщение удалено", "вы удалили данное сообщение",
    "null",
];
/// A message that ends like this is the name of a file.
const FILE: [&str; 2] = ["(file attached)", "(файл добавлен)"];
/// Marks behind the words, in lower case.
const EDITED: [&str; 2] = ["<this message was edited>", "<сообщение изменено>"];

/// Whether a message has no words of its own: `<Media omitted>`, `IMG-20250331-WA0001.jpg (…)`.
fn wordless(text: &str) -> bool {
    let text = text.trim_end_matches('.').to_lowercase();
    if text.contains('\n') {
        return false;
    }
    let brackets = text.strip_prefix('<').and_then(|t| t.strip_suffix('>')).is_some_and(|t| !t.contains(['<', '>']));
    let file = text.split_once(" (").is_some_and(|(name, rest)| {
        let end = name.rsplit_once('.').map_or("", |(_, end)| end);
        !name.contains(' ') && (2..=4).contains(&end.len()) && rest.strip_suffix(')').is_some_and(|r| !r.contains(')'))
    });
    brackets || file || NO_WORDS.contains(&&*text) || FILE.iter().any(|f| text.ends_with(f))
}

/// A message on its way to a turn.
struct Message {
    date: Numbers,
    time: Time,
    name: Option<String>,
    text: String,
    /// The words are WhatsApp's own.
    own: bool,
}

fn read(source: &Source, options: &Options, id: &str) -> Result<Conversation<'static>, Reason> {
    let mut lines = Lines::new(source.open_text(options)?, options.max_record);
    let (mut messages, mut bytes) = (Vec::<Message>::new(), 0);
    while let Some(line) = lines.next_line() {
        let line = line.map(str::to_owned);
        let number = lines.number();
        let line = line.map_err(|bad| on_line(number, bad.reason))?;
        bytes += line.len() as u64;
        if bytes > options.max_record {
            return Err(Reason::TooLarge { limit: options.max_record });
        }
        match (head(&line), messages.last_mut()) {
            (Some(Head { date, time, rest, .. }), _) => {
                let (name, text, own) =
                    name(rest).map_or((None, rest, true), |(name, words, own)| (Some(name.to_owned()), words, own));
                messages.push(Message { date, time, name, text: text.to_owned(), own });
            }
            (None, Some(open)) => {
                open.text.push('\n');
                open.text.push_str(line.trim_matches(|c: char| c.is_whitespace() || marks(c)));
            }
            (None, None) if line.trim().is_empty() => {}
            (None, None) => {
                let said = format!(
                    "line {number}: no message of WhatsApp begins here, such as `31.03.2025, 18:05 - Name: words`"
                );
                return Err(Reason::Content(said));
            }
        }
    }
    if messages.iter().all(|m| m.name.is_none()) {
        return Err(Reason::Empty);
    }
    let (moments, note) = moments(&messages)?;
    let earliest = moments.iter().min().copied().unwrap_or_default();
    let mut conversation = Conversation {
        id: id.to_owned().into(),
        channel: Channel::Chat,
        started_at: if note.is_none() { written(When::At(earliest, None)).map(Into::into) } else { None },
        turns: messages
            .into_iter()
            .zip(moments)
            .map(|(m, at)| turn(m, at.duration_since(earliest).as_secs_f64()))
            .filter(|t| !t.text.is_empty())
            .collect(),
        ..Conversation::default()
    };
    segments::one_agent(&mut conversation);
    if let Some(note) = note {
        conversation.note(NoteKind::Date, note);
    }
    Ok(conversation)
}

/// When each message was sent, and what is to be said of it where the order of day and month had to be judged.
fn moments(messages: &[Message]) -> Result<(Vec<DateTime>, Option<String>), Reason> {
    let all = |month_first: bool| -> Option<Vec<DateTime>> {
        messages.iter().map(|m| m.date.date(month_first).map(|d| d.to_datetime(m.time))).collect()
    };
    let span = |moments: &[DateTime]| {
        let (first, last) = (moments.iter().min().copied(), moments.iter().max().copied());
        first.zip(last).map_or(0.0, |(a, b)| b.duration_since(a).as_secs_f64())
    };
    match (all(false), all(true)) {
        (Some(day), Some(month)) if day == month => Ok((day, None)),
        (Some(day), Some(month)) => {
            let ordered = |m: &[DateTime]| m.is_sorted();
            let use_month = match (ordered(&day), ordered(&month)) {
                (true, false) => return Ok((day, None)),
                (false, true) => return Ok((month, None)),
                _ => span(&month) < span(&day),
            };
            let note =
                "its dates may be read with the day or with the month first; the shorter chat is taken".to_owned();
            Ok((if use_month { month } else { day }, Some(note)))
        }
        (Some(moments), None) | (None, Some(moments)) => Ok((moments, None)),
        (None, None) => Err(Reason::Content(
            "its dates are days in neither order: some have the month first and some the day; export the chat again"
                .to_owned(),
        )),
    }
}

fn turn(message: Message, start: f64) -> Turn<'static> {
    let mut text = message.text.trim_end().to_owned();
    for mark in EDITED {
        let lower = text.to_lowercase();
        // Folding to lower case may change how long a text is; then the mark stays.
        if lower.len() == text.len() && lower.ends_with(mark) {
            text.truncate(text.len() - mark.len());
            text.truncate(text.trim_end_matches(|c: char| c.is_whitespace() || marks(c)).len());
        }
    }
    let Some(name) = message.name else {
        let speaker = Speaker::System;
        return Turn { speaker, text: text.into(), start: Some(start), kind: Kind::Auto, ..Turn::default() };
    };
    let role = speaker_from_label(&name);
    let kind = if message.own || wordless(&text) { Kind::Auto } else { Kind::Speech };
    Turn {
        speaker: role.speaker,
        label: (role.speaker == Speaker::Unknown).then(|| name.into()),
        agent_id: role.agent_id.map(Into::into),
        text: text.into(),
        start: Some(start),
        end: None,
        kind,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let got = read_text(&WhatsApp, "WhatsApp Chat with Aidana.txt", text.as_bytes());
        let Ok(value) = serde_json::from_str::<serde_json::Value>(&got[0]) else { return got };
        let turns = value["turns"].as_array().unwrap().iter().map(|t| {
            let who = t["label"].as_str().or(t["speaker"].as_str()).unwrap();
            format!("{who} {} {}{}", t["start"], t["text"], if t["kind"] == "auto" { " auto" } else { "" })
        });
        std::iter::once(value["started_at"].as_str().unwrap_or("-").to_owned()).chain(turns).collect()
    }

    #[test]
    fn android_and_iphone_are_read() {
        assert_eq!(
            said(
                "31.03.2025, 23:59 - Сообщения и звонки защищены сквозным шифрованием\n31.03.2025, 23:59 - Марат: Карта\nне работает\n\n\
                 01.04.2025, 00:01 - Aidana: <Без медиафайлов>\n01.04.2025, 00:02 - Aidana: Готово <Сообщение изменено>\n"
            ),
            [
                "2025-03-31T23:59:00",
                "system 0.0 \"Сообщения и звонки защищены сквозным шифрованием\" auto",
                "Марат 0.0 \"Карта\\nне работает\"",
                "Aidana 120.0 \"<Без медиафайлов>\" auto",
                "Aidana 180.0 \"Готово\""
            ]
        );
        assert_eq!(
            said(
                "\u{200e}[3/31/25, 6:05:09\u{202f}PM] Marat: \u{200e}image omitted\r\n[3/31/25, 6:05:19\u{202f}PM] ~\u{a0}Aidana: Hi: all\r\n"
            ),
            ["2025-03-31T18:05:09", "Marat 0.0 \"image omitted\" auto", "~\u{a0}Aidana 10.0 \"Hi: all\""]
        );
        assert_eq!(said("2025-03-31, 18:05 - Operator: Hi"), ["2025-03-31T18:05:00", "agent 0.0 \"Hi\""]);
        assert_eq!(said("31/03/25 6:05 p. m. - A: Hi")[0], "2025-03-31T18:05:00");
    }

    #[test]
    fn the_order_of_day_and_month_is_told_or_judged() {
        assert_eq!(said("01/02/2025, 10:00 - A: x\n13/02/2025, 10:00 - B: y")[0], "2025-02-01T10:00:00");
        assert_eq!(said("01/12/2025, 10:00 - A: x\n02/01/2025, 10:00 - B: y")[0], "2025-01-12T10:00:00");
        let judged = said("01/02/2025, 10:00 - A: x\n02/02/2025, 10:00 - B: y");
        assert_eq!(judged, ["-", "A 0.0 \"x\"", "B 86400.0 \"y\""], "a day, rather than a month");
        assert!(said("13/02/2025, 10:00 - A: x\n02/13/2025, 10:00 - B: y")[0].contains("neither order"));
        assert_eq!(
            said("02/02/2025, 10:01 - A: x\n02/02/2025, 10:00 - B: y")[1],
            "A 60.0 \"x\"",
            "not sorted, still read"
        );
    }

    #[test]
    fn what_is_no_message_is_not_taken_for_one() {
        assert_eq!(head("31.03.2025 is the day - Aidana: ok"), None);
        assert_eq!(head("[00:12] Operator: hi"), None);
        assert_eq!(head("12 - Aidana: ok"), None);
        assert_eq!(head("31.13.2025, 10:00 - A: x"), None);
        assert_eq!(name("Вы создали группу \"X: Y\""), None);
        assert_eq!(name("https://example.kz"), None);
        assert!(said("hello\n31.03.2025, 18:05 - A: x")[0].contains("line 1: no message"));
        assert!(said("31.03.2025, 18:05 - You created this group")[0].contains("no turns with text"));
        for text in ["<Медиафайл жоқ>", "IMG-20250331-WA0001.jpg (…)", "Договор 5.pdf (файл добавлен)", "Image omitted"]
        {
            assert!(wordless(text), "{text}");
        }
        for text in
            ["the parcel was omitted", "<3", "ok (yes)", "a < b > c", "see page.html (the new one) today", "a.pdf ("]
        {
            assert!(!wordless(text), "{text}");
        }
    }

    #[test]
    fn recognised_by_the_first_line() {
        let claim = |text: &'static str| WhatsApp.recognise(&Sample::new("x.txt", text.as_bytes(), text.into()));
        assert_eq!(claim("31.03.2025, 18:05 - A: x\n31.03.2025, 18:06 - B: y"), 94);
        assert_eq!(claim("# Date: 31.03.2025\n[00:05] Agent: x"), 0);
        assert_eq!(claim("[31.03.2025 18:05:00] Agent: x"), 30);
    }
}
