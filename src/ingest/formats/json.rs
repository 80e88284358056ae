//! What readers of JSON share: the records of a file in bounded memory, the keys that a file is recognised by (`keys`), and
//! values as vendors write them (`values`).

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::ingest::lines::not_text;
use crate::ingest::source::reason_of;
use crate::ingest::{Options, Record, Sink, Source, TextStream};
use crate::model::{Place, Quarantined, Reason};

mod keys;
mod values;

pub use keys::Keys;
pub(super) use values::{Number, Word, or_default};

/// One JSON value of a file: a document, or an item of a list in it.
pub(super) struct Item<'a> {
    /// The value as it is written.
    pub text: &'a str,
    /// Where it begins.
    pub place: Place,
    /// The members of the object around its list that come before it, as an object; `{}` outside of one.
    pub around: &'a str,
}

impl Item<'_> {
    /// The value as a type of the reader's.
    ///
    /// # Errors
    /// [`Reason::Syntax`] or [`Reason::Content`] with line and column in the file.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Reason> {
        serde_json::from_str(self.text).map_err(|e| {
            let said = e.to_string();
            let said = said.rfind(" at line ").map_or(&*said, |end| &said[..end]);
            let line = self.place.line.unwrap_or(1) + (e.line() as u64).saturating_sub(1);
            let detail = format!("{said} (line {line}, column {})", e.column());
            if e.is_data() { Reason::Content(detail) } else { Reason::Syntax { format: "JSON", detail } }
        })
    }

    /// A text or number of the item's object, for the id of an item whose rest cannot be read.
    pub fn word(&self, key: &str) -> Option<String> {
        let members: BTreeMap<String, Word> = serde_json::from_str(self.text).ok()?;
        members.get(key)?.get().map(str::to_owned)
    }

    /// Sets the item aside.
    pub fn bad(&self, id: Option<String>, reason: Reason, sink: &mut Sink<'_>) -> ControlFlow<()> {
        sink(Record::Bad(Quarantined { place: self.place.clone(), conversation_id: id, reason }))
    }
}

/// Reads the values of a JSON file one by one, holding no more than `options.max_record` bytes: the items of a list at the
/// top or under one of the `lists` keys of an object at the top, objects one after the other (JSON Lines), or the document
/// as a whole. What is not JSON is set aside with its place; reading goes on behind it where the next value can be found.
pub(super) fn read(
    source: &Source,
    options: &Options,
    lists: &[&str],
    sink: &mut Sink<'_>,
    each: &mut dyn FnMut(&Item<'_>, &mut Sink<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    open(source, options, false, lists, sink, each)
}

/// As [`read`], with U+FFFD for bytes that are not text: for programs whose JSON is known to hold halves of characters.
pub(super) fn read_lossy(
    source: &Source,
    options: &Options,
    lists: &[&str],
    sink: &mut Sink<'_>,
    each: &mut dyn FnMut(&Item<'_>, &mut Sink<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    open(source, options, true, lists, sink, each)
}

fn open(
    source: &Source,
    options: &Options,
    lossy: bool,
    lists: &[&str],
    sink: &mut Sink<'_>,
    each: &mut Each<'_>,
) -> ControlFlow<()> {
    match source.open_text(options) {
        Ok(stream) => {
            let mut scanner = Scanner::new(&source.file, stream, options.max_record);
            scanner.lossy = lossy;
            scanner.file(lists, sink, each)
        }
        Err(reason) => {
            sink(Record::Bad(Quarantined { place: Place::file(&source.file), conversation_id: None, reason }))
        }
    }
}

type Each<'e> = dyn FnMut(&Item<'_>, &mut Sink<'_>) -> ControlFlow<()> + 'e;

struct Scanner {
    file: Arc<Path>,
    reader: Box<dyn BufRead>,
    charset: &'static str,
    line: u64,
    limit: u64,
    lossy: bool,
}

/// Why a value was not read.
enum Fault {
    /// The value alone: reading goes on behind it.
    Item(Reason),
    /// The rest of the file cannot be read.
    End(Reason),
}

impl From<io::Error> for Fault {
    fn from(e: io::Error) -> Self {
        Fault::End(reason_of(&e))
    }
}

fn broken_off() -> Fault {
    Fault::End(syntax("the file breaks off here; it is cut, or still being written"))
}

fn syntax(detail: &str) -> Reason {
    Reason::Syntax { format: "JSON", detail: detail.to_owned() }
}

impl Scanner {
    fn new(file: &Arc<Path>, stream: TextStream, limit: u64) -> Scanner {
        Scanner { file: Arc::clone(file), reader: stream.reader, charset: stream.charset, line: 1, limit, lossy: false }
    }

    fn file(&mut self, lists: &[&str], sink: &mut Sink<'_>, each: &mut Each<'_>) -> ControlFlow<()> {
        loop {
            let begun = self.space(&mut Vec::new());
            let place = Place::line(&self.file, self.line);
            let done = match begun {
                Ok(None) => return ControlFlow::Continue(()),
                Ok(Some(b'[')) => self.items("{}", sink, each),
                Ok(Some(b'{')) if !lists.is_empty() => self.object(lists, sink, each),
                Ok(Some(b'{')) => {
                    let mut value = Vec::new();
                    self.value(&mut value).map(|()| self.hand_on(&value, &place, "{}", sink, each))
                }
                Ok(Some(_)) => Err(Fault::End(syntax("no object or list begins here"))),
                Err(fault) => Err(fault),
            };
            match done {
                Ok(flow) => flow?,
                Err(Fault::Item(reason)) => sink(Record::Bad(Quarantined { place, conversation_id: None, reason }))?,
                Err(Fault::End(reason)) => {
                    let place = Place::line(&self.file, self.line);
                    return sink(Record::Bad(Quarantined { place, conversation_id: None, reason }));
                }
            }
        }
    }

    /// The items of a list, whose bracket comes next.
    fn items(&mut self, around: &str, sink: &mut Sink<'_>, each: &mut Each<'_>) -> Result<ControlFlow<()>, Fault> {
        self.reader.consume(1);
        let mut value = Vec::new();
        loop {
            match self.space(&mut Vec::new())? {
                None => return Err(broken_off()),
                Some(b']') => {
                    self.reader.consume(1);
                    return Ok(ControlFlow::Continue(()));
                }
                Some(b',') => self.reader.consume(1),
                Some(b':' | b'}') => return Err(Fault::End(syntax("a sign that does not belong into a list"))),
                Some(_) => {
                    let place = Place::line(&self.file, self.line);
                    value.clear();
                    let flow = match self.value(&mut value) {
                        Ok(()) => self.hand_on(&value, &place, around, sink, each),
                        Err(Fault::Item(reason)) => {
                            sink(Record::Bad(Quarantined { place, conversation_id: None, reason }))
                        }
                        Err(end) => return Err(end),
                    };
                    if flow.is_break() {
                        return Ok(flow);
                    }
                }
            }
        }
    }

    /// An object, whose brace comes next: the lists of it that are wanted are read item by item.
    fn object(&mut self, lists: &[&str], sink: &mut Sink<'_>, each: &mut Each<'_>) -> Result<ControlFlow<()>, Fault> {
        let place = Place::line(&self.file, self.line);
        self.reader.consume(1);
        let (mut whole, mut listed, mut too_large) = (vec![b'{'], false, false);
        loop {
            match self.space(&mut whole)? {
                None => return Err(broken_off()),
                Some(b'}') => {
                    self.reader.consume(1);
                    break;
                }
                Some(b',') => self.reader.consume(1),
                Some(b'"') => {
                    let mut member = Vec::new();
                    self.value(&mut member)?;
                    let key = String::from_utf8_lossy(&member[1..member.len() - 1]).into_owned();
                    if self.space(&mut member)? != Some(b':') {
                        return Err(Fault::End(syntax(&format!("no colon behind the name {key:?}"))));
                    }
                    self.reader.consume(1);
                    member.push(b':');
                    match self.space(&mut member)? {
                        None => return Err(broken_off()),
                        Some(b'[') if lists.contains(&&*key) => {
                            listed = true;
                            let around = String::from_utf8_lossy(&whole).into_owned() + "}";
                            let flow = self.items(&around, sink, each)?;
                            if flow.is_break() {
                                return Ok(flow);
                            }
                        }
                        Some(_) => match self.value(&mut member) {
                            Ok(()) if (whole.len() + member.len()) as u64 <= self.limit => {
                                if whole.iter().rev().find(|b| !b.is_ascii_whitespace()) != Some(&b'{') {
                                    whole.push(b',');
                                }
                                whole.append(&mut member);
                            }
                            Ok(()) | Err(Fault::Item(Reason::TooLarge { .. })) => too_large = true,
                            Err(fault) => return Err(fault),
                        },
                    }
                }
                Some(_) => return Err(Fault::End(syntax("no name of a member begins here"))),
            }
        }
        if listed {
            return Ok(ControlFlow::Continue(()));
        }
        if too_large {
            return Err(Fault::Item(Reason::TooLarge { limit: self.limit }));
        }
        whole.push(b'}');
        Ok(self.hand_on(&whole, &place, "{}", sink, each))
    }

    fn hand_on(
        &self,
        value: &[u8],
        place: &Place,
        around: &str,
        sink: &mut Sink<'_>,
        each: &mut Each<'_>,
    ) -> ControlFlow<()> {
        let reason = match std::str::from_utf8(value) {
            Ok(_) if memchr::memchr(0, value).is_some() => {
                Reason::Content("a NUL byte: binary data or a broken copy".to_owned())
            }
            Ok(text) => return each(&Item { text, place: place.clone(), around }, sink),
            Err(_) if self.lossy => {
                let text = String::from_utf8_lossy(value).replace('\0', "\u{fffd}");
                return each(&Item { text: &text, place: place.clone(), around }, sink);
            }
            Err(e) => not_text(value, e.valid_up_to(), self.charset),
        };
        sink(Record::Bad(Quarantined { place: place.clone(), conversation_id: None, reason }))
    }

    /// Passes over white space, whose line ends go into `to`; the byte that comes next stays.
    fn space(&mut self, to: &mut Vec<u8>) -> Result<Option<u8>, Fault> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let Some(&b) = buffer.first() else { return Ok(None) };
            let n = buffer.iter().take_while(|b| b.is_ascii_whitespace()).count();
            if n == 0 {
                return Ok(Some(b));
            }
            let ends = memchr::memchr_iter(b'\n', &buffer[..n]).count();
            self.line += ends as u64;
            to.extend(std::iter::repeat_n(b'\n', ends));
            self.reader.consume(n);
        }
    }

    /// Copies the value that comes next; one that is too long is passed over.
    fn value(&mut self, to: &mut Vec<u8>) -> Result<(), Fault> {
        let (mut depth, mut string, mut escaped, mut scalar, mut first) = (0_usize, false, false, false, true);
        let mut length = to.len() as u64;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return if scalar { Ok(()) } else { Err(broken_off()) };
            }
            let (mut used, mut ended) = (buffer.len(), false);
            for (i, &b) in buffer.iter().enumerate() {
                self.line += u64::from(b == b'\n');
                if string {
                    match b {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => {
                            string = false;
                            ended = depth == 0;
                        }
                        _ => {}
                    }
                } else if scalar {
                    if matches!(b, b',' | b']' | b'}' | b':') || b.is_ascii_whitespace() {
                        self.line -= u64::from(b == b'\n');
                        (used, ended) = (i, true);
                        break;
                    }
                } else {
                    match b {
                        b'"' => string = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => {
                            depth = depth.saturating_sub(1);
                            ended = depth == 0;
                        }
                        _ if first => scalar = true,
                        _ => {}
                    }
                }
                first = false;
                if ended {
                    used = i + 1;
                    break;
                }
            }
            length += used as u64;
            if length <= self.limit {
                to.extend_from_slice(&buffer[..used]);
            }
            self.reader.consume(used);
            if ended && length > self.limit {
                to.clear();
                return Err(Fault::Item(Reason::TooLarge { limit: self.limit }));
            }
            if ended {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &'static str, lists: &[&str], limit: u64) -> Vec<String> {
        let file: Arc<Path> = Path::new("a.json").into();
        // A small buffer, so that values are cut anywhere.
        let reader = Box::new(io::BufReader::with_capacity(3, text.as_bytes()));
        let stream = TextStream { reader, charset: "UTF-8" };
        let mut out: Vec<String> = Vec::new();
        let out_cell = std::cell::RefCell::new(&mut out);
        let mut sink = |record| {
            if let Record::Bad(q) = record {
                out_cell.borrow_mut().push(format!("{} {}", q.place.line.unwrap(), q.reason));
            }
            ControlFlow::Continue(())
        };
        let _ = Scanner::new(&file, stream, limit).file(lists, &mut sink, &mut |item, _| {
            let around = if item.around == "{}" { "" } else { item.around };
            out_cell.borrow_mut().push(format!("{} {}{around}", item.place.line.unwrap(), item.text));
            ControlFlow::Continue(())
        });
        out
    }

    #[test]
    fn documents_lines_and_lists_are_cut_into_values() {
        assert_eq!(values("{\"a\":[1,\n2]}\n", &[], 99), ["1 {\"a\":[1,\n2]}"]);
        assert_eq!(values("{\"a\":1}\n{\"a\":\"}\\\"\"} {}", &[], 99), ["1 {\"a\":1}", "2 {\"a\":\"}\\\"\"}", "2 {}"]);
        assert_eq!(values("[ {\"a\":1},\n 12 , \"x,]\"]", &[], 99), ["1 {\"a\":1}", "2 12", "2 \"x,]\""]);
        assert_eq!(values("[]", &[], 99), [""; 0]);
        assert_eq!(
            values("{\"n\":1,\n\"all\":[{\"b\":[]},{}],\"z\":null}", &["all"], 99),
            ["2 {\"b\":[]}{\"n\":1\n}", "2 {}{\"n\":1\n}"]
        );
        assert_eq!(values("{\"n\":1, \"m\":{\"all\":[]}}", &["all"], 99), ["1 {\"n\":1,\"m\":{\"all\":[]}}"]);
    }

    #[test]
    fn what_is_not_json_or_too_long_is_named_and_the_rest_read() {
        assert_eq!(
            values("[1,[2222222222],3]", &[], 6),
            ["1 1", "1 record of more than 6 bytes; raise --max-record if it is real", "1 3"]
        );
        let cut = values("[{\"a\":1},\n{\"a\":", &[], 99);
        assert_eq!(cut.len(), 2);
        assert!(cut[1].starts_with("2 not valid JSON: the file breaks off"), "{cut:?}");
        assert!(values("{\"a\" 1}", &["x"], 99)[0].contains("no colon"));
        assert!(values("nothing", &[], 99)[0].contains("no object or list"));
        assert!(values("[1:2]", &[], 99)[1].contains("does not belong"));
        assert!(values("{\"a\":\"\0\"}", &[], 99)[0].contains("NUL"));
        assert!(values("{\"long\":\"0123456789\"}", &["x"], 12)[0].contains("record of more than 12"));
    }
}
