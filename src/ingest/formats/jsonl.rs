//! Canonical JSON Lines: a conversation a line.
//!
//! ```json
//! {"id":"c-1","channel":"chat","agent_id":"aidana","turns":[{"speaker":"customer","text":"Hello"},{"speaker":"agent","text":"Good morning"}]}
//! ```
//! Needed: `id` and `turns` with `text`. All else is described at [`Conversation`]; fields that are not known are passed
//! over. The reader only cuts the file into pieces of whole lines; [`lines`] parses a piece without copying its texts, so
//! pieces can be parsed in parallel.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::validate;
use crate::ingest::lines::not_text;
use crate::ingest::source::reason_of;
use crate::ingest::{Format, Options, Record, Sample, Sink, Source, TextStream};
use crate::model::{Conversation, Place, Quarantined, Reason, Text};

/// Bytes handed on at once: enough to parse for a while, few enough to share a small file among threads.
const PIECE: usize = 256 << 10;

/// What the format is called.
pub const NAME: &str = "jsonl";

/// Canonical JSON Lines.
pub struct JsonLines;

impl Format for JsonLines {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "canonical JSON Lines, a conversation a line: {\"id\":…,\"turns\":[{\"speaker\":…,\"text\":…}]}"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let mut lines = sample.text.lines().map(str::trim).filter(|l| !l.is_empty());
        let object = lines.clone().take(3).any(|l| l.starts_with('{'));
        let turns = lines.next().is_some_and(|l| l.starts_with("{\"") && l.contains("\"turns\""));
        let named = [".jsonl", ".ndjson"].iter().any(|end| sample.name.ends_with(end));
        match (turns, object, named) {
            (true, _, _) => 95,
            (_, true, true) => 80,
            (_, _, true) => 50,
            _ => 0,
        }
    }

    fn why(&self, sample: &Sample<'_>) -> String {
        let turns = sample.text.contains("\"turns\"");
        if turns { "lines that are JSON objects with turns".into() } else { format!("its name, {}", sample.name) }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        for source in sources {
            match source.open_text(options) {
                Ok(stream) => pieces(&source.file, stream, options.max_record, sink)?,
                Err(reason) => {
                    sink(Record::Bad(Quarantined { place: Place::file(&source.file), conversation_id: None, reason }))?;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// Cuts a stream into pieces of whole lines.
fn pieces(file: &Arc<Path>, stream: TextStream, max_record: u64, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let mut reader = stream.reader;
    let limit = usize::try_from(max_record).unwrap_or(usize::MAX).max(1);
    // A piece no longer than a record may be: then no line in it is too long but one that fills it.
    let size = PIECE.min(limit);
    let (mut line, mut buf) = (1, Vec::with_capacity(size + size / 8));
    let mut skipping = false;
    loop {
        let before = buf.len();
        let asked = if before < size { size - before } else { PIECE.min(limit + 1 - before) };
        let outcome = reader.by_ref().take(asked as u64).read_to_end(&mut buf);
        let (n, broken) = match outcome {
            Ok(n) => (n, None),
            Err(e) => (buf.len() - before, Some(reason_of(&e))),
        };
        let ended = n < asked;
        if skipping {
            // The rest of a line that was too long.
            match memchr::memchr(b'\n', &buf) {
                Some(end) => {
                    buf.drain(..=end);
                    skipping = false;
                    line += 1;
                }
                None => buf.clear(),
            }
        }
        let whole = match memchr::memrchr(b'\n', &buf) {
            _ if ended && broken.is_none() => buf.len(),
            Some(end) => end + 1,
            None => 0,
        };
        if whole > 0 {
            let mut rest = Vec::with_capacity(size + size / 8);
            rest.extend_from_slice(&buf[whole..]);
            buf.truncate(whole);
            let first_line = line;
            line += memchr::memchr_iter(b'\n', &buf).count() as u64;
            sink(Record::Lines { file: Arc::clone(file), first_line, bytes: std::mem::replace(&mut buf, rest) })?;
        }
        if let Some(reason) = broken {
            return sink(Record::Bad(Quarantined { place: Place::line(file, line), conversation_id: None, reason }));
        }
        if ended {
            return ControlFlow::Continue(());
        }
        if buf.len() > limit {
            let reason = Reason::TooLarge { limit: max_record };
            let shown = &buf[..buf.len().min(4096)];
            let conversation_id = locate(&String::from_utf8_lossy(shown), 0, false).1;
            sink(Record::Bad(Quarantined { place: Place::line(file, line), conversation_id, reason }))?;
            buf.clear();
            skipping = true;
        }
    }
}

/// The conversations of a piece of a file, in order; blank lines are passed over. `first_line` is the number of the first
/// line, counted from 1. Texts are borrowed from `bytes` wherever the JSON has no escapes.
pub fn lines<'b>(file: &'b Arc<Path>, first_line: u64, bytes: &'b [u8]) -> Conversations<'b> {
    Conversations { file, line: first_line, rest: bytes }
}

/// What [`lines`] gives.
pub struct Conversations<'b> {
    file: &'b Arc<Path>,
    line: u64,
    rest: &'b [u8],
}

impl<'b> Iterator for Conversations<'b> {
    type Item = Result<(Place, Conversation<'b>), Quarantined>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let (line, rest) = match memchr::memchr(b'\n', self.rest) {
                Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
                None => (self.rest, &[][..]),
            };
            let place = Place::line(self.file, self.line);
            self.rest = rest;
            self.line += 1;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            return Some(match parse(line) {
                Ok(conversation) => Ok((place, conversation)),
                Err((conversation_id, reason)) => Err(Quarantined { place, conversation_id, reason }),
            });
        }
        None
    }
}

fn parse(line: &[u8]) -> Result<Conversation<'_>, (Option<String>, Reason)> {
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(e) => {
            let id = locate(&String::from_utf8_lossy(line), 0, false).1;
            return Err((id, not_text(line, e.valid_up_to(), "UTF-8")));
        }
    };
    if !text.trim_start().starts_with('{') {
        return Err((None, Reason::Content("the line is not a JSON object {…}".to_owned())));
    }
    let conversation: Conversation<'_> = serde_json::from_str(text).map_err(|e| explain(text, &e))?;
    match validate(&conversation) {
        Ok(()) => Ok(conversation),
        Err(reason) => {
            let id = conversation.id.into_owned().0.into_owned();
            Err(((!id.trim().is_empty()).then_some(id), reason))
        }
    }
}

/// Says what is wrong with a line, in which field and column, and whose it is.
fn explain(text: &str, e: &serde_json::Error) -> (Option<String>, Reason) {
    /// All that is wanted of a line that is JSON but not a conversation.
    #[derive(Deserialize)]
    struct Id<'a> {
        #[serde(borrow)]
        id: Text<'a>,
    }
    let said = e.to_string();
    let said = said.rfind(" at line ").map_or(&*said, |end| &said[..end]).replace("expected f64", "expected a number");
    // serde_json counts bytes from 1; people count characters.
    let byte = text.floor_char_boundary(e.column().min(text.len()));
    let column = text[..byte].chars().count().max(1);
    // Said at the end of an object: the field that lacks is not the one before.
    let of_object = said.starts_with("missing field") || said.starts_with("duplicate field");
    let (path, found) = locate(text, byte.saturating_sub(1), of_object);
    let id = serde_json::from_str::<Id<'_>>(text).ok().map(|i| i.id.to_string()).or(found);
    if memchr::memchr(0, text.as_bytes()).is_some() {
        return (id, Reason::Content("a NUL byte in the line: binary data or a broken copy".to_owned()));
    }
    let place = if path.is_empty() { String::new() } else { format!("{path}: ") };
    let reason = if e.is_data() {
        Reason::Content(format!("{place}{said} (column {column})"))
    } else {
        Reason::Syntax { format: "JSON", detail: format!("{place}{said} (column {column})") }
    };
    (id, reason)
}

/// The path (`turns[2].text`, counted from 0) of what stands at byte `stop` of a line that may be broken JSON, or of the
/// object around it; and the conversation's id, if it comes before the break.
fn locate(line: &str, stop: usize, of_object: bool) -> (String, Option<String>) {
    enum Step<'a> {
        Field(Option<&'a str>),
        Index(usize),
    }
    let write = |stack: &[Step<'_>]| {
        let mut path = String::new();
        for step in &stack[..stack.len() - usize::from(of_object && !stack.is_empty())] {
            match step {
                Step::Field(Some(name)) if path.is_empty() => path.push_str(name),
                Step::Field(Some(name)) => path.extend([".", name]),
                Step::Field(None) => {}
                Step::Index(i) => path.extend(["[", &i.to_string(), "]"]),
            }
        }
        path
    };
    let bytes = line.as_bytes();
    let (mut stack, mut id, mut path, mut i) = (Vec::new(), None, None, 0);
    while i < bytes.len() && stack.len() < 200 {
        if i >= stop && path.is_none() {
            path = Some(write(&stack));
        }
        let start = i;
        i += 1;
        let is_id = matches!(&stack[..], [Step::Field(Some("id"))]);
        match bytes[start] {
            b'{' => stack.push(Step::Field(None)),
            b'[' => stack.push(Step::Index(0)),
            b'}' | b']' => {
                stack.pop();
            }
            b',' => match stack.last_mut() {
                Some(Step::Index(n)) => *n += 1,
                Some(field) => *field = Step::Field(None),
                None => {}
            },
            b'"' => {
                while i < bytes.len() && bytes[i] != b'"' {
                    i += 1 + usize::from(bytes[i] == b'\\');
                }
                let end = i.min(bytes.len());
                i = (end + 1).min(bytes.len());
                // A string is cut by a lone backslash at the end of the line at most, so these are whole characters.
                let inner = line.get(start + 1..end).unwrap_or_default();
                match stack.last_mut() {
                    Some(field @ Step::Field(None)) => *field = Step::Field(Some(inner)),
                    _ if is_id && id.is_none() => {
                        id = line.get(start..i).and_then(|s| serde_json::from_str::<String>(s).ok());
                    }
                    _ => {}
                }
            }
            b'0'..=b'9' | b'-' if is_id && id.is_none() => {
                while i < bytes.len() && bytes[i].is_ascii_digit() {
                    i += 1;
                }
                id = line.get(start..i).map(str::to_owned);
            }
            _ => {}
        }
    }
    (path.unwrap_or_else(|| write(&stack)), id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Speaker;
    use std::borrow::Cow;

    fn file() -> Arc<Path> {
        Path::new("a.jsonl").into()
    }

    fn bad(line: &str) -> (Option<String>, String) {
        let file = file();
        let q = lines(&file, 7, line.as_bytes()).next().unwrap().unwrap_err();
        assert_eq!(q.place.line, Some(7));
        (q.conversation_id, format!("{}: {}", q.reason.kind(), q.reason))
    }

    #[test]
    fn lines_are_parsed_in_place_and_blank_ones_passed_over() {
        let file = file();
        let text = "{\"id\":\"a\",\"turns\":[{\"speaker\":\"agent\",\"text\":\"Сәлем\"}],\"new\":{}}\r\n\n  \n{\"id\":2,\"turns\":[{\"text\":\"x\"}]}";
        let got: Vec<_> = lines(&file, 1, text.as_bytes()).map(Result::unwrap).collect();
        assert_eq!((got.len(), got[1].0.line, &*got[1].1.id), (2, Some(4), "2"));
        assert_eq!(got[0].1.turns[0].speaker, Speaker::Agent);
        assert!(matches!(got[0].1.turns[0].text.0, Cow::Borrowed("Сәлем")));
    }

    #[test]
    fn a_bad_line_names_its_field_its_column_and_its_id() {
        let (id, said) = bad(r#"{"id":"a","turns":[{"text":"ок"},{"text":"x","start":"1"}]}"#);
        assert_eq!(id.as_deref(), Some("a"));
        assert_eq!(said, "content: turns[1].start: invalid type: string \"1\", expected a number (column 56)");
        let (id, said) = bad(r#"{"labels":{"id":"no"},"id":17,"turns":[{"speaker":"agent"}]}"#);
        assert_eq!(id.as_deref(), Some("17"));
        assert_eq!(said, "content: turns[0]: missing field `text` (column 58)");
        let (id, said) = bad(r#"{"id":"b"}"#);
        assert_eq!((id.as_deref(), &*said), (Some("b"), "content: missing field `turns` (column 10)"));
        let (id, said) = bad(r#"{"id":"cut \"off\"","turns":[{"text":"hel"#);
        assert_eq!(id.as_deref(), Some("cut \"off\""));
        assert!(said.starts_with("syntax: not valid JSON: turns[0].text: EOF while parsing a string"), "{said}");
        assert!(
            bad(r#"{"id":"a","channel":"fax","turns":[]}"#).1.starts_with("content: channel: unknown variant `fax`")
        );
        assert_eq!(bad(r#"{"id":"e","turns":[]}"#), (Some("e".into()), "empty: no turns with text".into()));
        assert!(bad("{\"id\":\"n\",\"turns\":[{\"text\":\"\0\"}]}").1.starts_with("content: a NUL"));
        assert_eq!(bad("nonsense").1, "content: the line is not a JSON object {…}");
        assert!(bad("{nonsense").1.starts_with("syntax"));
        assert!(bad(&"[".repeat(100_000)).1.starts_with("content"));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_named_and_the_id_kept() {
        let file = file();
        let text = b"{\"id\":\"q\",\"turns\":[{\"text\":\"\xff\"}]}\n{\"id\":\"r\",\"turns\":[{\"text\":\"y\"}]}";
        let got: Vec<_> = lines(&file, 1, text).collect();
        let q = got[0].as_ref().unwrap_err();
        assert_eq!((q.conversation_id.as_deref(), q.reason.kind()), (Some("q"), "charset"));
        assert!(q.reason.to_string().contains("byte 0xFF at column 29"), "{}", q.reason);
        assert!(got[1].is_ok());
    }

    /// Reads bytes with a limit on records; says what came.
    fn read(bytes: &'static [u8], limit: u64) -> Vec<String> {
        let mut out = Vec::new();
        let stream = TextStream { reader: Box::new(bytes), charset: "UTF-8" };
        let _ = pieces(&file(), stream, limit, &mut |record| {
            match record {
                Record::Lines { first_line, bytes, .. } => {
                    for (i, l) in String::from_utf8(bytes).unwrap().lines().enumerate() {
                        out.push(format!("{} {l}", first_line + i as u64));
                    }
                }
                Record::Bad(q) => out.push(format!("{} {}", q.place.line.unwrap(), q.reason.kind())),
                Record::Conversation { .. } => unreachable!("lines are not parsed here"),
            }
            ControlFlow::Continue(())
        });
        out
    }

    #[test]
    fn a_line_past_the_limit_is_skipped_and_reading_goes_on() {
        for limit in 4..12 {
            let got = read(b"ab\ncd\n0123456789abcdef\n\nef\n0123456789abc", limit);
            assert_eq!(got, ["1 ab", "2 cd", "3 too_large", "4 ", "5 ef", "6 too_large"], "limit {limit}");
        }
        assert_eq!(read(b"0123456\nab\n", 7), ["1 0123456", "2 ab"]);
        assert_eq!(read(b"", 7), [""; 0]);
    }

    #[test]
    fn recognised_by_the_first_line_or_by_name() {
        let claim = |name, text: &'static str| JsonLines.recognise(&Sample::new(name, text.as_bytes(), text.into()));
        assert_eq!(claim("x.txt", "\n{\"id\":1,\"turns\":[]}"), 95);
        assert_eq!(claim("x.jsonl", "{\"callId\":1}"), 80);
        assert_eq!(claim("x.ndjson", "oops"), 50);
        assert_eq!(claim("x.json", "{\n  \"id\": 1,"), 0, "one object over many lines is another format");
        assert_eq!(claim("x.csv", "id,text"), 0);
    }
}
