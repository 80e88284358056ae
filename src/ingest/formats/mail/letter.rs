//! What is a letter made of? The writer's own words, quoted letters, signatures, automatic text: the same for mail and
//! for the letters that help desks keep.

use super::body::{self, Line};
use super::quote;
use super::repeat::Repeats;
use super::signature;
use crate::model::Kind;

/// The letters of one thread, read one after the other in the order of time: what an earlier one says may stand in a
/// later one without any mark.
#[derive(Default)]
pub struct Letters {
    repeats: Repeats,
}

/// A letter taken apart.
pub struct Letter {
    /// What it is made of, in its order; none of the texts is blank.
    pub pieces: Vec<(Kind, String)>,
    /// Whether its own words still look as if a letter were quoted in them, in a language or by a program not known.
    pub doubtful: bool,
}

impl Letters {
    /// Takes a letter of `writer` apart; `answers` where it answers another one.
    pub fn read(&mut self, writer: &str, answers: bool, lines: Vec<Line>) -> Letter {
        let mut pieces = Vec::new();
        for piece in quote::split(lines) {
            if piece.quoted {
                pieces.push((Kind::Quote, joined(&piece.lines)));
            } else {
                pieces.extend(signature::split(&piece.lines));
            }
        }
        if answers && pieces.iter().all(|p| p.0 != Kind::Quote) {
            pieces = self.cut_unmarked(writer, pieces);
        }
        pieces.retain(|(_, text)| !text.trim().is_empty());
        let speech = || pieces.iter().filter(|p| p.0 == Kind::Speech);
        for (_, text) in speech() {
            self.repeats.add(writer, text);
        }
        let doubtful = speech().any(|(_, text)| quote::may_be_in(text));
        Letter { pieces, doubtful }
    }

    /// An answer in which no quote was found may hold an earlier letter without any mark.
    fn cut_unmarked(&mut self, writer: &str, pieces: Vec<(Kind, String)>) -> Vec<(Kind, String)> {
        let mut out = Vec::new();
        for (kind, text) in pieces {
            let mut rest = text.as_str();
            while let Some(run) = self.repeats.find(writer, rest) {
                out.push((kind, rest[..run.start].trim().to_owned()));
                out.push((Kind::Quote, rest[run.clone()].trim().to_owned()));
                rest = &rest[run.end..];
            }
            out.push((kind, rest.trim().to_owned()));
        }
        out
    }
}

/// Lines as one text.
pub fn joined(lines: &[body::Line]) -> String {
    let texts: Vec<&str> = lines.iter().map(|l| l.text.trim_end()).collect();
    texts.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_an_earlier_letter_are_no_words_of_the_answer() {
        let asked = "My order 5512 was promised for Monday and today is Thursday, nobody called me and the number on your \
                     site only plays music; I would like to know where it is, who is responsible and when I get it.";
        assert!(asked.len() >= 180);
        let asked = asked.repeat(2);
        let mut letters = Letters::default();
        letters.read("c@x", false, body::plain_lines(&asked));
        let answer = letters.read("a@x", true, body::plain_lines(&format!("It is on its way.\n\n{asked}")));
        let kinds: Vec<_> = answer.pieces.iter().map(|p| p.0).collect();
        assert_eq!(kinds, [Kind::Speech, Kind::Quote]);
        assert!(!answer.doubtful);
    }

    #[test]
    fn a_quote_in_a_language_not_known_is_told() {
        let mut letters = Letters::default();
        let lines = body::plain_lines(
            "Done.\n\nVon: Anna <a@x.de>\nGesendet: Montag, 3. März 2025 10:15\nAn: Shop\nBetreff: Frage\n\nWo?",
        );
        assert!(letters.read("a", true, lines).doubtful);
        assert!(!letters.read("a", true, body::plain_lines("Call us: 727 123\nWrite: help@shop.kz")).doubtful);
    }
}
