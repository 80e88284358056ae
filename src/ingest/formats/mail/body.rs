//! From a message to the lines of its text: MIME parts, transfer encodings, plain or HTML.
//!
//! The parts are walked here rather than by the mail library, whose tree of nested messages is dropped recursively and
//! whose search for delimiters is quadratic in hostile messages. Depth and number of parts are bounded, attachments are
//! never decoded.

use mail_parser::decoders::base64::base64_decode;
use memchr::memmem;

use super::charset;
use super::headers::{Content, Headers};
use super::html;
use super::quote;
use crate::model::Reason;

/// Levels of parts within parts; real mail has up to five or six.
const MAX_DEPTH: usize = 24;
/// Parts of a message.
const MAX_PARTS: usize = 1000;
/// Lines of text of a message.
pub const MAX_LINES: usize = 200_000;

/// What the markup says of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    Own,
    /// Inside an element that mail programs put quoted text in.
    Quoted,
    /// Inside an element that mail programs put the signature in.
    Signature,
}

/// A line of text without its line end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The words.
    pub text: String,
    /// What the markup says of it.
    pub mark: Mark,
}

/// The lines of the text of a message, without attachments. Empty when it has no text.
///
/// # Errors
/// Charset and encoding errors of the text parts, and messages nested beyond reason.
pub fn lines(message: &[u8], charset: Option<&str>) -> Result<Vec<Line>, Reason> {
    let mut walk = Walk { fallback: charset, parts: 0 };
    let mut out = Vec::new();
    for alternative in walk.part(message, 0)? {
        out.extend(alternative.choose()?);
        if out.len() > MAX_LINES {
            return Err(Reason::Content(format!("a letter of more than {MAX_LINES} lines; not taken for one")));
        }
    }
    Ok(out)
}

/// Lines of plain text, at most one more than [`MAX_LINES`].
pub fn plain_lines(text: &str) -> Vec<Line> {
    text.lines().take(MAX_LINES + 1).map(|l| Line { text: l.trim_end().to_owned(), mark: Mark::Own }).collect()
}

/// The lines of a letter that is there as plain text, as HTML or as both.
pub fn choose(plain: Option<String>, html: Option<String>) -> Vec<Line> {
    // Texts that are there cannot fail.
    Alternative { plain: plain.map(Ok), html: html.map(Ok) }.choose().unwrap_or_default()
}

fn syntax(detail: impl Into<String>) -> Reason {
    Reason::Syntax { format: "mail", detail: detail.into() }
}

/// The same text as plain text and as HTML, as far as it is there.
#[derive(Default)]
struct Alternative {
    plain: Option<Result<String, Reason>>,
    html: Option<Result<String, Reason>>,
}

impl Alternative {
    /// Plain text when it is there, unless only the HTML shows what is quoted.
    fn choose(self) -> Result<Vec<Line>, Reason> {
        let plain = match self.plain {
            Some(Ok(text)) if !text.trim().is_empty() => Some(Ok(plain_lines(&text))),
            Some(Err(e)) => Some(Err(e)),
            _ => None,
        };
        let html = match self.html {
            Some(Ok(text)) => Some(Ok(html::lines(&text))),
            Some(Err(e)) => Some(Err(e)),
            None => None,
        };
        match (plain, html) {
            (Some(Ok(plain)), Some(Ok(html))) => {
                let chars = |lines: &[Line]| lines.iter().map(|l| l.text.len()).sum::<usize>();
                let marked = html.iter().any(|l| l.mark == Mark::Quoted) && !quote::is_in(&plain);
                // "Your program cannot show HTML" is not the letter.
                let stub = chars(&plain) * 5 < chars(&html);
                Ok(if marked || stub { html } else { plain })
            }
            (Some(Ok(lines)), _) | (_, Some(Ok(lines))) => Ok(lines),
            (Some(Err(e)), _) | (_, Some(Err(e))) => Err(e),
            (None, None) => Ok(Vec::new()),
        }
    }
}

struct Walk<'o> {
    fallback: Option<&'o str>,
    parts: usize,
}

impl Walk<'_> {
    fn part(&mut self, bytes: &[u8], depth: usize) -> Result<Vec<Alternative>, Reason> {
        self.parts += 1;
        if depth > MAX_DEPTH || self.parts > MAX_PARTS {
            return Err(syntax(format!(
                "more than {MAX_DEPTH} levels or {MAX_PARTS} parts of MIME; taken for an attack"
            )));
        }
        let headers = Headers::parse(bytes);
        let body = &bytes[headers.end..];
        let content = headers.content();
        if content.kind.starts_with("multipart/") {
            return self.multipart(body, &content, depth);
        }
        if content.attachment || depth > 0 && content.named {
            return Ok(Vec::new());
        }
        let html = match content.kind.as_str() {
            "text/html" => true,
            "text/plain" | "text/" | "text" | "/" => false,
            _ => return Ok(Vec::new()), // pictures, calendars, messages as attachments
        };
        let text = self
            .decode(&headers, body, &content)
            .map(|t| if content.flowed && !html { unflow(&t, content.delsp) } else { t });
        let mut alternative = Alternative::default();
        *(if html { &mut alternative.html } else { &mut alternative.plain }) = Some(text);
        Ok(vec![alternative])
    }

    fn multipart(&mut self, body: &[u8], content: &Content, depth: usize) -> Result<Vec<Alternative>, Reason> {
        let Some(boundary) = &content.boundary else {
            return Err(syntax("a multipart that does not name its boundary"));
        };
        let parts = cut(body, boundary.as_bytes());
        if parts.is_empty() {
            return Err(syntax("a multipart whose boundary never comes"));
        }
        let mut all = Vec::new();
        for part in parts {
            all.append(&mut self.part(part, depth + 1)?);
        }
        if content.kind != "multipart/alternative" {
            return Ok(all);
        }
        let mut one = Alternative::default();
        for a in all {
            one.plain = both(one.plain, a.plain);
            one.html = both(one.html, a.html);
        }
        Ok(vec![one])
    }

    fn decode(&self, headers: &Headers<'_>, body: &[u8], content: &Content) -> Result<String, Reason> {
        let encoding = headers.keyword("content-transfer-encoding");
        let label = content.charset.as_deref();
        match encoding.as_str() {
            "base64" => {
                let bytes = base64_decode(body).ok_or_else(|| syntax("the base64 of its text is damaged"))?;
                charset::decode(&bytes, label, self.fallback)
            }
            "quoted-printable" => charset::decode(&quoted_printable(body), label, self.fallback),
            _ => charset::decode(body, label, self.fallback),
        }
    }
}

fn both(a: Option<Result<String, Reason>>, b: Option<Result<String, Reason>>) -> Option<Result<String, Reason>> {
    match (a, b) {
        (Some(Ok(a)), Some(Ok(b))) => Some(Ok(a + "\n" + &b)),
        (a, b) => a.or(b),
    }
}

/// The parts between lines of `--boundary`; what comes before the first and after the last is not read. A part that
/// is never closed reaches to the end.
fn cut<'a>(body: &'a [u8], boundary: &[u8]) -> Vec<&'a [u8]> {
    let delimiter = [b"--", boundary].concat();
    let mut parts = Vec::new();
    let mut from: Option<usize> = None;
    for at in memmem::find_iter(body, &delimiter) {
        if at > 0 && body[at - 1] != b'\n' {
            continue;
        }
        let rest = &body[at + delimiter.len()..];
        let line = &rest[..memchr::memchr(b'\n', rest).map_or(rest.len(), |n| n + 1)];
        let last = line.starts_with(b"--");
        // Another boundary may begin with this one.
        if !line[if last { 2 } else { 0 }..].trim_ascii().is_empty() {
            continue;
        }
        if let Some(from) = from {
            parts.push(&body[from..at.max(from)]);
        }
        from = (!last).then_some(at + delimiter.len() + line.len());
        if last || parts.len() > MAX_PARTS {
            return parts;
        }
    }
    if let Some(from) = from {
        parts.push(&body[from..]);
    }
    parts
}

/// Quoted-printable, as lenient as mail programs are: a `=` that begins no code stays.
fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let hex = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut out = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|b| *b == b'\n') {
        let has_end = line.ends_with(b"\n");
        let mut rest = line.trim_ascii_end();
        let soft = rest.ends_with(b"=");
        if soft {
            rest = &rest[..rest.len() - 1];
        }
        while let Some(at) = memchr::memchr(b'=', rest) {
            out.extend_from_slice(&rest[..at]);
            let code = match rest.get(at + 1..at + 3) {
                Some([a, b]) => hex(*a).zip(hex(*b)),
                _ => None,
            };
            let (byte, used) = code.map_or((b'=', 1), |(a, b)| (a << 4 | b, 3));
            out.push(byte);
            rest = &rest[at + used..];
        }
        out.extend_from_slice(rest);
        if has_end && !soft {
            out.push(b'\n');
        }
    }
    out
}

/// RFC 3676: a line that ends with a space goes on in the next one of the same depth of `>`.
fn unflow(text: &str, delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None; // depth of the line that goes on
    for line in text.lines() {
        let depth = line.bytes().take_while(|b| *b == b'>').count();
        let words = &line[depth..];
        let words = words.strip_prefix(' ').unwrap_or(words);
        let delimiter = words == "-- ";
        if open == Some(depth) && !delimiter {
            out.push_str(words);
        } else {
            if open.is_some() {
                out.push('\n');
            }
            out.extend(std::iter::repeat_n('>', depth));
            if depth > 0 && !words.is_empty() {
                out.push(' ');
            }
            out.push_str(words);
        }
        if words.ends_with(' ') && !delimiter {
            if delsp {
                out.pop();
            }
            open = Some(depth);
        } else {
            out.push('\n');
            open = None;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &[u8]) -> String {
        let lines: Vec<String> = lines(message, None).unwrap().into_iter().map(|l| l.text).collect();
        lines.join("\n")
    }

    #[test]
    fn plain_is_chosen_and_attachments_are_left_out() {
        let m = b"Content-Type: multipart/mixed; boundary=a\n\nintro\n--a\nContent-Type: multipart/alternative; boundary=ab\n\n--ab\n\nplain\n--ab\nContent-Type: text/html\n\n<p>html</p>\n--ab--\n--a\nContent-Type: text/plain; name=log.txt\nContent-Disposition: attachment\n\nsecret\n--a\nContent-Type: message/rfc822\n\nSubject: x\n\ninner\n--a--\nend";
        assert_eq!(text(m), "plain");
    }

    #[test]
    fn html_is_chosen_when_only_it_shows_the_quote() {
        let m = |plain: &str| {
            format!(
                "Content-Type: multipart/alternative; boundary=ab\n\n--ab\n\n{plain}\n--ab\nContent-Type: text/html\n\nYes<blockquote>Is it?</blockquote>\n--ab--\n"
            )
        };
        assert_eq!(lines(m("Yes Is it?").as_bytes(), None).unwrap()[1].mark, Mark::Quoted);
        assert_eq!(text(m("Yes\n> Is it?").as_bytes()), "Yes\n> Is it?");
    }

    #[test]
    fn transfer_encodings_are_undone() {
        assert_eq!(quoted_printable(b"a=3D=\r\nb  \nc=C3=\nx=zz="), b"a=b\nc\xC3x=zz");
        let m = b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n0J/RgNC4\n0LLQtdGC\n";
        assert_eq!(text(m), "Привет");
        let m = b"Content-Transfer-Encoding: base64\n\n0J/RgN*C4\n";
        assert!(matches!(lines(m, None), Err(Reason::Syntax { .. })));
    }

    #[test]
    fn soft_line_breaks_are_joined() {
        assert_eq!(unflow("one \ntwo\n> q \n> r\n-- \nsig\n", false), "one two\n> q r\n-- \nsig\n");
        assert_eq!(unflow("one \ntwo", true), "onetwo\n");
    }

    #[test]
    fn nesting_is_bounded_and_bad_multiparts_are_refused() {
        let mut bomb = String::new();
        for i in 0..50_000 {
            bomb.push_str(&format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n"));
        }
        assert!(matches!(lines(bomb.as_bytes(), None), Err(Reason::Syntax { .. })));
        let flat = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\n".repeat(5000));
        assert!(matches!(lines(flat.as_bytes(), None), Err(Reason::Syntax { .. })));
        assert!(lines(b"Content-Type: multipart/mixed\n\nx", None).is_err());
        assert!(lines(b"Content-Type: multipart/mixed; boundary=q\n\nx", None).is_err());
    }
}
