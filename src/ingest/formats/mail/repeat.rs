//! Was an earlier letter pasted without any quote mark? Long literal runs are found by hashes of aligned blocks.

use std::collections::HashMap;
use std::ops::Range;

/// Characters that a run must have to be taken for a quote.
const RUN: usize = 200;
/// Any run of [`RUN`] characters holds a whole block of this many that is aligned in the earlier letter.
const BLOCK: usize = 100;
/// Characters of earlier letters kept for a thread.
const MAX_CHARS: usize = 1 << 20;
const BASE: u64 = 0x0100_0000_01b3;

/// The letters of a thread so far.
#[derive(Default)]
pub struct Repeats {
    letters: Vec<(String, Vec<char>)>,
    /// Hash of an aligned block → letter and position. Only looked up, never walked.
    blocks: HashMap<u64, Vec<(usize, usize)>>,
    chars: usize,
}

/// Characters with every stretch of white space as one space, and where each stands in the text.
fn collapse(text: &str) -> (Vec<char>, Vec<usize>) {
    let (mut chars, mut at) = (Vec::new(), Vec::new());
    for (i, c) in text.char_indices() {
        if !c.is_whitespace() {
            chars.push(c);
            at.push(i);
        } else if chars.last().is_some_and(|l| *l != ' ') {
            chars.push(' ');
            at.push(i);
        }
    }
    (chars, at)
}

fn hash(chars: &[char]) -> u64 {
    chars.iter().fold(0, |h, c| h.wrapping_mul(BASE).wrapping_add(u64::from(*c)))
}

impl Repeats {
    /// Adds what `writer` wrote.
    pub fn add(&mut self, writer: &str, text: &str) {
        if text.len() > 4 * MAX_CHARS {
            return;
        }
        let (chars, _) = collapse(text);
        if chars.len() < RUN || self.chars + chars.len() > MAX_CHARS {
            return;
        }
        self.chars += chars.len();
        for (n, block) in chars.chunks_exact(BLOCK).enumerate() {
            let places = self.blocks.entry(hash(block)).or_default();
            if places.len() < 4 {
                places.push((self.letters.len(), n * BLOCK));
            }
        }
        self.letters.push((writer.to_owned(), chars));
    }

    /// The first run in `text` (bytes) of at least 200 characters that somebody else than `writer` wrote before.
    pub fn find(&self, writer: &str, text: &str) -> Option<Range<usize>> {
        if text.len() > 8 * MAX_CHARS || self.letters.iter().all(|(w, _)| w == writer) {
            return None;
        }
        let (chars, at) = collapse(text);
        let drop = (0..BLOCK - 1).fold(1u64, |p, _| p.wrapping_mul(BASE));
        let mut h = hash(chars.get(..BLOCK)?);
        let mut i = 0;
        loop {
            for (letter, pos) in self.blocks.get(&h).into_iter().flatten() {
                let (author, theirs) = &self.letters[*letter];
                if author == writer || theirs.get(*pos..pos + BLOCK) != chars.get(i..i + BLOCK) {
                    continue;
                }
                let back = (0..i.min(*pos)).take_while(|k| theirs[pos - k - 1] == chars[i - k - 1]).count();
                let on = chars[i..].iter().zip(&theirs[*pos..]).take_while(|(a, b)| a == b).count();
                if back + on >= RUN {
                    let last = i + on - 1;
                    return Some(at[i - back]..at[last] + chars[last].len_utf8());
                }
            }
            let next = *chars.get(i + BLOCK)?;
            h = h.wrapping_sub(u64::from(chars[i]).wrapping_mul(drop)).wrapping_mul(BASE).wrapping_add(u64::from(next));
            i += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(seed: u32, words: usize) -> String {
        (0..words as u32).map(|i| format!("слово{} ", (seed + i).wrapping_mul(2_654_435_761) % 997)).collect()
    }

    #[test]
    fn a_pasted_letter_is_found_though_its_lines_were_broken_anew() {
        let theirs = letter(1, 60);
        let mut r = Repeats::default();
        r.add("customer", &theirs);
        let pasted = theirs.trim().replacen(' ', "\n", 7);
        let answer = format!("Ответ ниже. {pasted} Конец.");
        let found = r.find("agent", &answer).expect("found");
        assert_eq!(answer[found].trim(), pasted);
    }

    #[test]
    fn short_runs_and_own_words_stay() {
        let mut r = Repeats::default();
        r.add("agent", &letter(1, 60));
        assert_eq!(r.find("agent", &letter(1, 60)), None, "boilerplate of one's own is not a quote");
        r.add("customer", &letter(7, 60));
        assert_eq!(r.find("agent", &letter(7, 14)), None);
        assert_eq!(r.find("agent", "short"), None);
        assert!(r.find("agent", &letter(7, 60)).is_some());
    }

    #[test]
    fn monotonous_text_takes_no_quadratic_time() {
        let mut r = Repeats::default();
        r.add("a", &"x".repeat(300_000));
        assert!(r.find("b", &("y".repeat(200_000) + &"x".repeat(199))).is_none());
    }
}
