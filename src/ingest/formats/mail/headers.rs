//! What do the header fields of a message say? Lengths are bounded before anything is parsed.

use mail_parser::parsers::MessageStream;
use mail_parser::{DateTime, HeaderValue};

use super::charset;
use super::words::KNOWN;

/// Bytes a header block may have; real ones stay far below.
pub const MAX_BLOCK: usize = 256 << 10;
/// Bytes of one address or id field that are looked at.
const MAX_FIELD: usize = 64 << 10;
/// Bytes of one `Content-*` field that are looked at; its parser is quadratic in the parameters.
const MAX_CONTENT_FIELD: usize = 4 << 10;

/// The fields of one header block, in order, still encoded and folded.
#[derive(Debug)]
pub struct Headers<'a> {
    fields: Vec<(&'a [u8], &'a [u8])>,
    /// Bytes of the block, the blank line included: where the body begins.
    pub end: usize,
}

/// The name of a header field when the line begins one: printable ASCII before a colon.
pub fn field_name(line: &[u8]) -> Option<&[u8]> {
    let colon = memchr::memchr(b':', line.get(..line.len().min(100))?)?;
    let name = line[..colon].trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(name)
}

/// Whether the line begins one of the fields that mail has.
pub fn is_known_field(line: &[u8]) -> bool {
    field_name(line).is_some_and(|n| {
        KNOWN.iter().any(|k| n.eq_ignore_ascii_case(k.as_bytes()))
            || n.get(..2).is_some_and(|x| x.eq_ignore_ascii_case(b"x-"))
    })
}

impl<'a> Headers<'a> {
    /// Reads the block at the start of `bytes`. It ends with a blank line, or before the first line that is no header
    /// field (a body that follows without its blank line); `From ` lines of mail folders are passed over.
    pub fn parse(bytes: &'a [u8]) -> Headers<'a> {
        let mut fields: Vec<(&[u8], &[u8])> = Vec::new();
        let mut open: Option<(&[u8], usize)> = None; // name of the last field, where its value begins
        let mut at = 0;
        let mut close = |open: &mut Option<(&'a [u8], usize)>, to: usize| {
            if let Some((name, from)) = open.take() {
                fields.push((name, bytes[from..to].trim_ascii()));
            }
        };
        while at < bytes.len() {
            let next = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n + 1);
            let line = &bytes[at..next];
            if line.trim_ascii().is_empty() {
                close(&mut open, at);
                at = next;
                break;
            }
            if matches!(line[0], b' ' | b'\t') && open.is_some() {
                at = next;
                continue;
            }
            close(&mut open, at);
            if let Some(name) = field_name(line) {
                let colon = memchr::memchr(b':', line).unwrap_or(0);
                open = Some((name, at + colon + 1));
            } else if !(line.starts_with(b"From ") || line.starts_with(b">From ")) {
                break;
            }
            at = next;
        }
        close(&mut open, at);
        Headers { fields, end: at }
    }

    /// Whether any field is one that mail has.
    pub fn is_mail(&self) -> bool {
        self.fields.iter().any(|(n, _)| KNOWN.iter().any(|k| n.eq_ignore_ascii_case(k.as_bytes())))
    }

    /// The first field of this name, as it stands.
    pub fn raw(&self, name: &str) -> Option<&'a [u8]> {
        self.fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|f| f.1)
    }

    /// The first field of this name as lower-case ASCII, for fields of keywords; empty when absent.
    pub fn keyword(&self, name: &str) -> String {
        let raw = self.raw(name).unwrap_or_default();
        String::from_utf8_lossy(&raw[..raw.len().min(MAX_FIELD)]).trim().to_ascii_lowercase()
    }

    /// The first field of this name as text: unfolded, encoded words decoded, bare 8-bit bytes guessed.
    pub fn text(&self, name: &str) -> Option<String> {
        match MessageStream::new(&self.line(name, MAX_FIELD)?).parse_unstructured() {
            HeaderValue::Text(t) => Some(t.trim().to_owned()).filter(|t| !t.is_empty()),
            _ => None,
        }
    }

    /// The addresses of all fields of this name, in lower case.
    pub fn addresses(&self, name: &str) -> Vec<String> {
        let Some(line) = self.line(name, MAX_FIELD) else { return Vec::new() };
        let HeaderValue::Address(found) = MessageStream::new(&line).parse_address() else { return Vec::new() };
        found
            .iter()
            .filter_map(|a| a.address.as_deref())
            .map(|a| a.trim().trim_matches(['<', '>']).to_lowercase())
            .filter(|a| a.contains('@'))
            .collect()
    }

    /// The ids of the first field of this name, without angle brackets.
    pub fn ids(&self, name: &str) -> Vec<String> {
        let raw = self.raw(name).unwrap_or_default();
        let text = String::from_utf8_lossy(&raw[..raw.len().min(MAX_FIELD)]);
        let tidy = |s: &str| s.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect::<String>();
        let mut ids: Vec<String> =
            text.split('<').skip(1).filter_map(|s| s.split_once('>')).map(|s| tidy(s.0)).collect();
        if ids.is_empty() && !text.contains('<') {
            // Broken writers leave the brackets out.
            ids = text.split_whitespace().filter(|w| w.contains('@')).map(tidy).collect();
        }
        ids.retain(|i| !i.is_empty());
        ids
    }

    /// When it was written: the `Date` field, or else the time of the last `Received`. Years before 1990 are those of
    /// clocks that were never set.
    pub fn date(&self) -> Option<DateTime> {
        let parse = |raw: &[u8]| {
            let text = String::from_utf8_lossy(&raw[..raw.len().min(1024)]).replace(['\r', '\n'], " ");
            DateTime::parse_rfc822(&format!("{text}\n"))
                .or_else(|| DateTime::parse_rfc822(&format!("{text} +0000\n"))) // no zone given
                .filter(|d| {
                    d.is_valid()
                        && (1990..=2200).contains(&d.year)
                        && jiff::civil::Date::new(
                            i16::try_from(d.year).unwrap_or(-1),
                            i8::try_from(d.month).unwrap_or(-1),
                            i8::try_from(d.day).unwrap_or(-1),
                        )
                        .is_ok()
                })
        };
        self.raw("date").and_then(parse).or_else(|| {
            let received = self.raw("received")?;
            parse(received.rsplit(|b| *b == b';').next()?)
        })
    }

    /// Type, charset and boundary of the content; `text/plain` when not said.
    pub fn content(&self) -> Content {
        let mut content = Content::default();
        if let Some(HeaderValue::ContentType(ct)) = self
            .line("content-type", MAX_CONTENT_FIELD)
            .as_deref()
            .map(|l| MessageStream::new(l).parse_content_type().into_owned())
        {
            let get = |name: &str| ct.attribute(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
            content.kind = format!("{}/{}", ct.ctype(), ct.subtype().unwrap_or_default()).to_ascii_lowercase();
            content.boundary = get("boundary");
            content.charset = get("charset");
            content.named = get("name").is_some();
            content.flowed = get("format").is_some_and(|f| f.eq_ignore_ascii_case("flowed"));
            content.delsp = get("delsp").is_some_and(|f| f.eq_ignore_ascii_case("yes"));
        }
        let disposition = self.keyword("content-disposition");
        content.attachment = disposition.starts_with("attachment");
        content.named |= disposition.contains("filename");
        content
    }

    /// The first field of this name, cut to `limit` bytes, as UTF-8 with a line end (the parser wants one).
    fn line(&self, name: &str, limit: usize) -> Option<Vec<u8>> {
        let raw = self.raw(name)?;
        let raw = &raw[..raw.len().min(limit)];
        let mut line = match std::str::from_utf8(raw) {
            Ok(_) => raw.to_vec(),
            Err(_) => charset::decode_header(raw).into_bytes(),
        };
        line.push(b'\n');
        Some(line)
    }
}

/// What a part says about its content.
#[derive(Debug)]
pub struct Content {
    /// `text/plain`, lower case.
    pub kind: String,
    /// Delimiter of a multipart.
    pub boundary: Option<String>,
    /// Label of the charset.
    pub charset: Option<String>,
    /// Whether it is an attachment by its own word.
    pub attachment: bool,
    /// Whether it has a file name.
    pub named: bool,
    /// RFC 3676 soft line breaks.
    pub flowed: bool,
    /// Whether the space of a soft break goes with it.
    pub delsp: bool,
}

impl Default for Content {
    fn default() -> Self {
        Content {
            kind: "text/plain".to_owned(),
            boundary: None,
            charset: None,
            attachment: false,
            named: false,
            flowed: false,
            delsp: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &[u8] = b"From: =?utf-8?B?0JDQvdC90LA=?= <Anna@Client.KZ>\r\nTo: a@b.kz,\r\n\tc@d.kz\r\nSubject: =?koi8-r?Q?=F0=D2=C9?=\r\n =?koi8-r?Q?=D7=C5=D4?=\r\nDate: Tue, 5 Mar 2024 10:15:00 +0500\r\nReferences: <1@x>\r\n <2@x>\r\nMessage-ID: <3@x>\r\nContent-Type: multipart/mixed; boundary=\"a b\"\r\n\r\nbody";

    #[test]
    fn fields_are_unfolded_and_decoded() {
        let h = Headers::parse(BLOCK);
        assert_eq!(&BLOCK[h.end..], b"body");
        assert!(h.is_mail());
        assert_eq!(h.addresses("from"), ["anna@client.kz"]);
        assert_eq!(h.addresses("TO"), ["a@b.kz", "c@d.kz"]);
        assert_eq!(h.text("subject").as_deref(), Some("Привет"));
        assert_eq!(h.ids("references"), ["1@x", "2@x"]);
        assert_eq!(h.date().map(|d| d.to_rfc3339()).as_deref(), Some("2024-03-05T10:15:00+05:00"));
        let c = h.content();
        assert_eq!((c.kind.as_str(), c.boundary.as_deref()), ("multipart/mixed", Some("a b")));
    }

    #[test]
    fn broken_fields_give_nothing_rather_than_nonsense() {
        let h = Headers::parse(b"Date: Tue, 41 Foo 2024 10:15:00\nMessage-ID: no brackets\nSubject:\n\n");
        assert!(h.date().is_none());
        assert!(h.ids("message-id").is_empty());
        assert!(h.text("subject").is_none());
        let h = Headers::parse(b"just text without any colon\nSubject: x\n\n");
        assert!(!h.is_mail());
        assert_eq!(h.end, 0);
        assert!(Headers::parse(b"Date: Tue, 31 Feb 2024 10:15:00 +0000\n\n").date().is_none());
    }

    #[test]
    fn a_date_without_a_zone_is_taken_as_utc_and_received_stands_in() {
        let h = Headers::parse(b"Date: 5 Mar 2024 10:15:00\n\n");
        assert_eq!(h.date().map(|d| d.to_rfc3339()).as_deref(), Some("2024-03-05T10:15:00Z"));
        let h = Headers::parse(b"Received: from a by b; Tue, 5 Mar 2024 10:15:00 +0000\nDate: soon\n\n");
        assert_eq!(h.date().map(|d| d.to_timestamp()), Some(1_709_633_700));
    }

    #[test]
    fn bare_cyrillic_bytes_in_a_subject_are_guessed() {
        let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode("Subject: возврат товара\n\n");
        assert_eq!(Headers::parse(&bytes).text("subject").as_deref(), Some("возврат товара"));
    }
}
