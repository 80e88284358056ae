//! HTML of letters to lines of text, each marked when it stands in an element for quotes or signatures.

use mail_parser::decoders::html::add_html_token;

use super::body::{Line, MAX_LINES, Mark};

/// An element whose content is marked, open.
struct Frame {
    name: String,
    /// Elements of the same name open inside, itself included.
    depth: u32,
    mark: Mark,
    /// A Gmail container: what follows the block quote in it was written by the answerer.
    container: bool,
}

/// The text of an HTML letter, a line for each block or `<br>`. Comments, styles and scripts go.
pub fn lines(html: &str) -> Vec<Line> {
    let mut w = Writer::default();
    let mut rest = html;
    let mut skipped_until: Option<&'static str> = None;
    while !rest.is_empty() && w.lines.len() <= MAX_LINES {
        let Some(at) = memchr::memchr(b'<', rest.as_bytes()) else {
            if skipped_until.is_none() {
                w.text(rest);
            }
            break;
        };
        if skipped_until.is_none() {
            w.text(&rest[..at]);
        }
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |n| &comment[n + 3..]);
            continue;
        }
        let Some(tag) = Tag::parse(rest) else {
            // A bare `<` is text.
            if skipped_until.is_none() {
                w.text("<");
            }
            rest = &rest[1..];
            continue;
        };
        rest = &rest[tag.len..];
        match skipped_until {
            Some(name) if tag.closes && tag.name == name => skipped_until = None,
            Some(_) => {}
            None => {
                const SKIPPED: [&str; 5] = ["head", "style", "script", "template", "title"];
                if let Some(name) = SKIPPED.iter().find(|n| **n == tag.name).filter(|_| !tag.closes && !tag.empty) {
                    skipped_until = Some(name);
                } else {
                    w.tag(&tag);
                }
            }
        }
        // A head that is never closed ends where the body begins.
        if skipped_until == Some("head") && tag.name == "body" {
            skipped_until = None;
        }
    }
    w.end_line();
    w.lines
}

struct Tag<'a> {
    name: String,
    closes: bool,
    /// `<br/>`
    empty: bool,
    attributes: &'a str,
    len: usize,
}

impl<'a> Tag<'a> {
    /// The tag at the start of `s`, which begins with `<`; its end is the first `>` outside quotation marks.
    fn parse(s: &'a str) -> Option<Tag<'a>> {
        let bytes = s.as_bytes();
        let closes = bytes.get(1) == Some(&b'/');
        let from = if closes { 2 } else { 1 };
        let first = *bytes.get(from)?;
        if !(first.is_ascii_alphabetic() || matches!(first, b'!' | b'?')) {
            return None;
        }
        let name_end = from + bytes[from..].iter().position(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/'))?;
        // Tags are short: a stray quotation mark must not swallow the letter.
        let window = &bytes[..bytes.len().min(name_end + 8192)];
        let first_end = name_end + memchr::memchr(b'>', &window[name_end..])?;
        let mut quote = 0u8;
        let mut end = None;
        for (i, b) in window.iter().enumerate().skip(name_end) {
            match *b {
                b'>' if quote == 0 => {
                    end = Some(i);
                    break;
                }
                b'"' | b'\'' if quote == 0 && window[i - 1] == b'=' => quote = *b,
                q if q == quote => quote = 0,
                _ => {}
            }
        }
        let end = end.unwrap_or(first_end);
        let name: String = s.get(from..name_end.min(from + 32)).unwrap_or_default().to_ascii_lowercase();
        let attributes = s.get(name_end..end)?;
        Some(Tag { name, closes, empty: attributes.ends_with('/'), attributes, len: end + 1 })
    }

    /// The value of an attribute in lower case, empty when absent.
    fn attribute(&self, name: &str) -> String {
        let lower = self.attributes.to_ascii_lowercase();
        let mut rest = lower.as_str();
        while let Some(at) = rest.find(name) {
            let starts = rest[..at].ends_with(|c: char| c.is_ascii_whitespace() || c == '"' || c == '\'');
            let after = rest[at + name.len()..].trim_start();
            if let (true, Some(value)) = (starts, after.strip_prefix('=')) {
                let value = value.trim_start();
                return match value.chars().next() {
                    Some(q @ ('"' | '\'')) => value[1..].split(q).next().unwrap_or_default().to_owned(),
                    _ => {
                        value.split(|c: char| c.is_ascii_whitespace() || c == '/').next().unwrap_or_default().to_owned()
                    }
                };
            }
            rest = &rest[at + name.len()..];
        }
        String::new()
    }
}

#[derive(Default)]
struct Writer {
    lines: Vec<Line>,
    line: String,
    /// Mark of the line being written: that of its first word.
    mark: Option<Mark>,
    frames: Vec<Frame>,
    quoted: u32,
    signature: u32,
    /// Outlook puts the letter answered behind an empty element, up to the end.
    rest_quoted: bool,
    pre: u32,
    space: bool,
}

impl Writer {
    fn state(&self) -> Mark {
        if self.rest_quoted || self.quoted > 0 {
            Mark::Quoted
        } else if self.signature > 0 {
            Mark::Signature
        } else {
            Mark::Own
        }
    }

    fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if c == '\n' && self.pre > 0 {
                self.end_line();
                rest = &rest[1..];
            } else if c.is_ascii_whitespace() || c == '\u{a0}' {
                self.space = true;
                rest = &rest[c.len_utf8()..];
            } else if c == '&' {
                let end =
                    rest.bytes().take(40).position(|b| b == b';').filter(|n| !rest[..*n].contains(char::is_whitespace));
                let token = &rest[..end.map_or(1, |n| n + 1)];
                let mut decoded = String::new();
                add_html_token(&mut decoded, token.as_bytes(), false);
                rest = &rest[token.len()..];
                if decoded == "\u{a0}" || decoded.starts_with(char::is_control) {
                    self.space = true;
                } else {
                    self.word(&decoded);
                }
            } else {
                let end =
                    rest.find(|c: char| c.is_ascii_whitespace() || c == '&' || c == '\u{a0}').unwrap_or(rest.len());
                self.word(&rest[..end]);
                rest = &rest[end..];
            }
        }
    }

    fn word(&mut self, word: &str) {
        let mark = *self.mark.get_or_insert(self.state());
        if mark != self.state() && !self.line.is_empty() {
            // A quote that begins in the middle of a line begins a line of its own.
            self.end_line();
            self.mark = Some(self.state());
        }
        if self.space && !self.line.is_empty() {
            self.line.push(' ');
        }
        self.space = false;
        self.line.push_str(word);
    }

    fn end_line(&mut self) {
        if !self.line.is_empty() {
            let mark = self.mark.unwrap_or(self.state());
            self.lines.push(Line { text: std::mem::take(&mut self.line), mark });
        }
        self.mark = None;
        self.space = false;
    }

    /// A blank line, never two.
    fn blank(&mut self) {
        self.end_line();
        if self.lines.last().is_some_and(|l| !l.text.is_empty()) {
            self.lines.push(Line { text: String::new(), mark: self.state() });
        }
    }

    fn tag(&mut self, tag: &Tag<'_>) {
        match tag.name.as_str() {
            "br" if self.line.is_empty() => self.blank(),
            "br" | "div" | "tr" | "li" | "ul" | "ol" | "hr" | "table" | "blockquote" | "body" | "section"
            | "article" => self.end_line(),
            // Outlook writes every line as a paragraph of this class, and blank lines as such with a space.
            "p" if !tag.closes && tag.attribute("class").contains("msonormal") => self.end_line(),
            "p" if tag.closes => self.end_line(),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.blank(),
            "pre" => {
                self.end_line();
                self.pre = if tag.closes { self.pre.saturating_sub(1) } else { self.pre + 1 };
            }
            "td" | "th" => self.space = true,
            _ => {}
        }
        if !tag.empty {
            self.frame(tag);
        }
    }

    fn frame(&mut self, tag: &Tag<'_>) {
        if tag.closes {
            let Some(top) = self.frames.last_mut().filter(|f| f.name == tag.name) else { return };
            top.depth -= 1;
            if top.depth == 0 {
                if let Some(done) = self.frames.pop() {
                    self.count(done.mark, false);
                }
                if let Some(outer) = self.frames.last_mut().filter(|f| f.container && tag.name == "blockquote") {
                    let mark = std::mem::replace(&mut outer.mark, Mark::Own);
                    self.count(mark, false);
                }
            }
            return;
        }
        let (class, id) = (tag.attribute("class"), tag.attribute("id"));
        // Outlook writes the classes of a letter that it shows or answers with `x_` before them.
        let bare = |word: &str| word.trim_start_matches("x_").to_owned();
        let has = |name: &str| class.split_ascii_whitespace().any(|c| bare(c) == name);
        let id = bare(&id);
        if matches!(id.as_str(), "appendonsend" | "divrplyfwdmsg")
            || id.ends_with("_divrplyfwdmsg")
            || id.ends_with("_appendonsend")
        {
            self.end_line();
            self.rest_quoted = true;
        }
        let gmail = has("gmail_quote");
        let quote = gmail
            || tag.name == "blockquote"
            || [
                "moz-cite-prefix",
                "moz-forward-container",
                "yahoo_quoted",
                "protonmail_quote",
                "zmail_extra",
                "gmail_attr",
                "moz-email-headers-table",
                "mail-quote-collapse",
                "js-readmsg-msg",
            ]
            .iter()
            .any(|c| has(c))
            || id.starts_with("yahoo_quoted");
        let signature = ["gmail_signature", "moz-signature", "protonmail_signature_block"].iter().any(|c| has(c))
            || matches!(id.as_str(), "signature" | "ms-outlook-mobile-signature");
        let mark = if quote {
            Mark::Quoted
        } else if signature {
            Mark::Signature
        } else {
            Mark::Own
        };
        if mark != Mark::Own {
            self.end_line();
            self.count(mark, true);
            self.frames.push(Frame {
                name: tag.name.clone(),
                depth: 1,
                mark,
                container: gmail && tag.name != "blockquote",
            });
        } else if let Some(top) = self.frames.last_mut().filter(|f| f.name == tag.name) {
            top.depth += 1;
        }
    }

    fn count(&mut self, mark: Mark, open: bool) {
        let n = match mark {
            Mark::Own => return,
            Mark::Quoted => &mut self.quoted,
            Mark::Signature => &mut self.signature,
        };
        *n = if open { *n + 1 } else { n.saturating_sub(1) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(html: &str) -> String {
        let one = |l: &Line| format!("{}{}", ["", ">", "~"][l.mark as usize], l.text);
        lines(html).iter().map(one).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn blocks_and_breaks_become_lines() {
        assert_eq!(
            show(
                "<html><head><title>t</title></head><body><div>Hello &amp;\n  &laquo;you&raquo;</div><div>Bye<br>now</div>"
            ),
            "Hello & «you»|Bye|now"
        );
        assert_eq!(show("<p>One</p>\n<p>Two</p><p class=MsoNormal>x</p><p class=\"MsoNormal\">y</p>"), "One||Two|x|y");
        assert_eq!(show("a<br><br>b <style>p{}</style><!-- x --->c</!-->"), "a||b c");
        assert_eq!(show("1 < 2 &lt;b&gt; &bogus; & &#1178; <a title='x>y'>z</a>"), "1 < 2 <b> &bogus; & Қ z");
        assert_eq!(show("<pre>one\n  two</pre>&#0;&#10;three"), "one|two|three");
    }

    #[test]
    fn quotes_of_mail_programs_are_marked() {
        assert_eq!(show("Yes<blockquote>No<blockquote>a</blockquote>b</blockquote>c"), "Yes|>No|>a|>b|c");
        assert_eq!(
            show(
                "Hi<div class=\"gmail_quote\"><div class='gmail_attr'>On x wrote:</div><blockquote class=gmail_quote>q<div>r</div></blockquote></div>z"
            ),
            "Hi|>On x wrote:|>q|>r|z"
        );
        assert_eq!(
            show(
                "Hi<div class='x gmail_quote'>At<blockquote>q1</blockquote><div>mine</div><blockquote>q2</blockquote></div>"
            ),
            "Hi|>At|>q1|mine|>q2"
        );
        assert_eq!(
            show("Hi<div id=appendonsend></div><hr><div id=\"divRplyFwdMsg\">From: a</div>rest"),
            "Hi|>From: a|>rest"
        );
        assert_eq!(show("a<div class=\"moz-cite-prefix\">On:</div>b<div class=yahoo_quoted>q</div>"), "a|>On:|b|>q");
        assert_eq!(show("a<div class=gmail_signature>Kind regards</div>"), "a|~Kind regards");
        assert_eq!(show("a<div class='x_gmail_quote'>q</div>b<div id=x_signature>s</div>"), "a|>q|b|~s");
        assert_eq!(show("a<div class=\"mail-quote-collapse\">q<div>r</div></div>b"), "a|>q|>r|b");
    }

    #[test]
    fn nonsense_does_no_harm() {
        for s in [
            "<",
            "<a",
            "<a b='",
            "</",
            "<!--",
            "&",
            "&#xFFFFFFFFF;",
            "</div></blockquote>x",
            "<blockquote",
            "<p class=",
            "<head>x",
            "<é>",
            "a<b é='>",
        ] {
            let _ = lines(s);
        }
        assert_eq!(show("<head>no<body>yes"), "yes");
        let deep = "<blockquote>".repeat(20_000) + "x";
        assert_eq!(lines(&deep).len(), 1);
    }
}
