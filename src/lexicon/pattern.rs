//! The pattern language of phrases: words, `(a|b)`, `[a]`, `word*`, `~3`, `#`, `@set`, `^`, `$`.
//!
//! `lexicons/README.md` is its description for those who write phrases.

use crate::text::{emoji_end, fold, is_emoji};

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// One word, folded.
    Word(String),
    /// Any word that begins so, folded.
    Prefix(String),
    /// A number in digits.
    Number,
    /// A member of a named set.
    Set(String),
    /// Up to this many words.
    Gap(u8),
    /// One after the other.
    Seq(Vec<Node>),
    /// One of these.
    Alt(Vec<Node>),
    /// May be left out.
    Opt(Box<Node>),
}

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Only at the beginning of a sentence or turn.
    pub at_start: bool,
    /// Only at the end of a sentence or turn.
    pub at_end: bool,
    /// What is to be found.
    pub root: Node,
}

/// Most words a gap may span.
const MAX_GAP: u8 = 8;

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// A sentence saying what is wrong with it and what would be right.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let mut body = text.trim();
        let at_start = body.starts_with('^');
        body = body.strip_prefix('^').unwrap_or(body);
        let at_end = body.ends_with('$');
        body = body.strip_suffix('$').unwrap_or(body);
        let mut parser = Parser { rest: body, depth: 0 };
        let root = parser.alternatives()?;
        if !parser.rest.is_empty() {
            return Err(format!("{:?} has no opening bracket", &parser.rest[..1]));
        }
        // A gap at the end says nothing, and how far it is followed would depend on what was read before.
        if edge_gap(&root, true) || (edge_gap(&root, false) && !at_start) {
            return Err(
                "a pattern must not begin or end with a gap (only ^ ~3 may), nor when what may be left out is; \
                        leave the gap out, or put it into the brackets: [~2 word]"
                    .into(),
            );
        }
        if min_words(&root) == 0 {
            return Err("everything in it may be left out; at least one word must always be there".into());
        }
        Ok(Pattern { at_start, at_end, root })
    }
}

/// Whether a gap may stand at an edge of a node: at its end or at its beginning.
fn edge_gap(node: &Node, end: bool) -> bool {
    let by_edge = |items: &mut dyn Iterator<Item = &Node>| {
        for item in items {
            if edge_gap(item, end) {
                return true;
            }
            if min_words(item) > 0 {
                break;
            }
        }
        false
    };
    match node {
        Node::Word(_) | Node::Prefix(_) | Node::Number | Node::Set(_) => false,
        Node::Gap(_) => true,
        Node::Opt(inner) => edge_gap(inner, end),
        Node::Alt(items) => items.iter().any(|i| edge_gap(i, end)),
        Node::Seq(items) if end => by_edge(&mut items.iter().rev()),
        Node::Seq(items) => by_edge(&mut items.iter()),
    }
}

/// The fewest words that satisfy a node.
fn min_words(node: &Node) -> usize {
    match node {
        Node::Word(_) | Node::Prefix(_) | Node::Number | Node::Set(_) => 1,
        Node::Gap(_) | Node::Opt(_) => 0,
        Node::Seq(items) => items.iter().map(min_words).sum(),
        Node::Alt(items) => items.iter().map(min_words).min().unwrap_or(0),
    }
}

impl Parser<'_> {
    fn alternatives(&mut self) -> Result<Node, String> {
        let mut branches = vec![self.sequence()?];
        while self.rest.starts_with('|') {
            self.rest = &self.rest[1..];
            branches.push(self.sequence()?);
        }
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Alt(branches) })
    }

    fn sequence(&mut self) -> Result<Node, String> {
        let mut items = Vec::new();
        loop {
            self.rest = self.rest.trim_start_matches([' ', '-', '\t']);
            let Some(c) = self.rest.chars().next() else { break };
            match c {
                '|' | ')' | ']' => break,
                '(' | '[' => items.push(self.group(c)?),
                '~' => {
                    let digits: String = self.rest[1..].chars().take_while(char::is_ascii_digit).collect();
                    let n: u8 = digits.parse().map_err(|_| "a gap is written ~ and a number, as in ~3".to_owned())?;
                    if n == 0 || n > MAX_GAP {
                        return Err(format!("a gap may span 1 to {MAX_GAP} words, not {n}"));
                    }
                    self.rest = &self.rest[1 + digits.len()..];
                    items.push(Node::Gap(n));
                }
                '@' => {
                    let name: String =
                        self.rest[1..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                    if name.is_empty() {
                        return Err("@ needs the name of a set".into());
                    }
                    self.rest = &self.rest[1 + name.len()..];
                    items.push(Node::Set(name));
                }
                '#' => {
                    self.rest = &self.rest[1..];
                    items.push(Node::Number);
                }
                '^' | '$' => return Err("^ stands only at the very beginning and $ only at the very end".into()),
                c if is_letter(c) || is_apostrophe(c) => items.push(self.word()?),
                c if is_emoji(c) => {
                    let (sign, rest) = self.rest.split_at(emoji_end(self.rest, 0));
                    self.rest = rest;
                    items.push(Node::Word(fold(sign)));
                }
                c => return Err(format!("{c:?} is not part of the pattern language; leave punctuation out")),
            }
        }
        match items.len() {
            0 => Err("an empty alternative; write [a|b] for words that may be left out".into()),
            1 => Ok(items.remove(0)),
            _ => Ok(Node::Seq(items)),
        }
    }

    fn group(&mut self, open: char) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > 8 {
            return Err("brackets nest more than 8 deep".into());
        }
        self.rest = &self.rest[1..];
        let inner = self.alternatives()?;
        let close = if open == '(' { ')' } else { ']' };
        self.rest = self.rest.strip_prefix(close).ok_or_else(|| format!("{open:?} is not closed by {close:?}"))?;
        self.depth -= 1;
        Ok(if open == '(' { inner } else { Node::Opt(Box::new(inner)) })
    }

    fn word(&mut self) -> Result<Node, String> {
        let len = self
            .rest
            .char_indices()
            .find(|(_, c)| !(is_letter(*c) || is_apostrophe(*c) || ('\u{0300}'..='\u{036F}').contains(c)))
            .map_or(self.rest.len(), |(i, _)| i);
        let folded = fold(&self.rest[..len]);
        self.rest = &self.rest[len..];
        if let Some(rest) = self.rest.strip_prefix('*') {
            self.rest = rest;
            if folded.chars().count() < 2 {
                return Err(format!("{folded}* would find too much; give at least two letters"));
            }
            return Ok(Node::Prefix(folded));
        }
        Ok(Node::Word(folded))
    }
}

/// A letter or digit; the tables of the standard library are asked last.
fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || ('\u{0400}'..='\u{0481}').contains(&c) || (!c.is_ascii() && c.is_alphanumeric())
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2018}' | '\u{02BC}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn word(w: &str) -> Node {
        Node::Word(w.into())
    }

    #[test]
    fn every_form_is_read() {
        let p = Pattern::parse("^ I am [so|very] (sorry|apolog*) ~2 @trouble # $").unwrap();
        assert!(p.at_start && p.at_end);
        let Node::Seq(items) = p.root else { panic!("a sequence") };
        assert_eq!(items[0], word("i"));
        assert_eq!(items[2], Node::Opt(Box::new(Node::Alt(vec![word("so"), word("very")]))));
        assert_eq!(items[3], Node::Alt(vec![word("sorry"), Node::Prefix("apolog".into())]));
        assert_eq!(&items[4..], [Node::Gap(2), Node::Set("trouble".into()), Node::Number]);
        // However an emoji is typed: with its colour, or asked to be a picture.
        let p = Pattern::parse("(❤️|👍🏽)").unwrap();
        assert_eq!(p.root, Node::Alt(vec![word("❤"), word("👍")]));
    }

    #[test]
    fn words_are_folded_and_parted_at_hyphens() {
        assert_eq!(Pattern::parse("Ещё").unwrap().root, word("еще"));
        assert_eq!(Pattern::parse("кое-что").unwrap().root, Node::Seq(vec![word("кое"), word("что")]));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, want) in [
            ("(a|b", "not closed"),
            ("a)", "no opening"),
            ("[so]", "at least one word"),
            ("~2 a", "begin or end with a gap"),
            ("^ a ~2", "begin or end with a gap"),
            ("a (b|the ~2) [c]", "begin or end with a gap"),
            ("[a] ~1 b", "begin or end with a gap"),
            ("a [b ~1]", "begin or end with a gap"),
            ("a*", "too much"),
            ("hello, you", "punctuation"),
            ("a ~99 b", "1 to 8"),
            ("a | ", "empty alternative"),
            ("", "empty alternative"),
            ("a ^ b", "very beginning"),
        ] {
            let e = Pattern::parse(text).unwrap_err();
            assert!(e.contains(want), "{text:?} gave {e:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = Pattern::parse(&text);
        }
        #[test]
        fn never_panics_on_its_own_signs(text in "[a-c()\\[\\]|~@#*^$ 1-9]{0,30}") {
            let _ = Pattern::parse(&text);
        }
    }
}
