//! From a word of the text to its class: a word is classified once and remembered.

use std::collections::HashMap;

use super::compile::{NUMBER, NegationRole, Vocabulary};
use crate::model::Language;
use crate::text::{Vote, fold, is_latin, skeleton, vote};

/// What all words of one kind share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Class {
    /// Symbols of the automaton that such a word satisfies, ascending.
    pub symbols: Vec<u32>,
    /// What it says about the language.
    pub vote: Vote,
    /// What it does to its neighbours, bits of `NegationRole`.
    pub roles: u16,
}

/// What is asked of a class at every word, apart from its symbols so that it stays in the processor's cache.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Brief {
    /// What it says about the language.
    pub vote: Vote,
    /// What it does to its neighbours, bits of `NegationRole`.
    pub roles: u16,
}

impl Brief {
    pub fn negates(self, kind: u16, language: Language) -> bool {
        self.roles & NegationRole::bit(kind, language) != 0
    }
}

/// Which classes may lead on from a state, as bits: one each for the classes met first, which make up most of any text, and
/// a last word of bits that all others share by their symbols.
pub(super) type Sign = [u64; 4];
/// Classes with a bit of their own.
pub(super) const OWN_BITS: usize = 192;

/// Slots of the memory of words: a power of two.
const SLOTS: usize = 1 << 16;
/// Bits of a slot that hold the class; the others hold the word's hash.
const CLASS_BITS: u64 = (1 << 20) - 1;

/// Remembers the class of every distinct word, in bounded memory. One a thread; what it remembers never shows in results.
#[derive(Debug)]
pub(super) struct Classes {
    pub all: Vec<Class>,
    /// One a class.
    pub briefs: Vec<Brief>,
    /// One a class.
    pub signs: Vec<Sign>,
    ids: HashMap<Class, u32>,
    /// Hash and class of a word; 0 where there is none.
    slots: Vec<u64>,
    used: usize,
}

impl Classes {
    pub fn new() -> Self {
        let unknown = Class::default();
        Self {
            all: vec![unknown.clone()],
            briefs: vec![Brief::default()],
            signs: vec![Sign::default()],
            ids: HashMap::from([(unknown, 0)]),
            slots: vec![0; SLOTS],
            used: 0,
        }
    }

    /// The class of the word at bytes `start..end` of a text.
    #[inline]
    pub fn of(&mut self, text: &str, start: usize, end: usize, vocabulary: &Vocabulary) -> u32 {
        let hash = hash(text.as_bytes(), start, end);
        let mut at = hash as usize & (SLOTS - 1);
        loop {
            let slot = self.slots[at];
            if slot & !CLASS_BITS == hash & !CLASS_BITS {
                return (slot & CLASS_BITS) as u32;
            }
            if slot == 0 {
                return self.learn(&text[start..end], hash, vocabulary);
            }
            at = (at + 1) & (SLOTS - 1);
        }
    }

    #[cold]
    fn learn(&mut self, word: &str, hash: u64, vocabulary: &Vocabulary) -> u32 {
        if self.used >= SLOTS / 4 * 3 {
            self.slots.fill(0);
            self.used = 0;
        }
        let class = classify(word, vocabulary);
        let next = self.all.len() as u32;
        let id = *self.ids.entry(class).or_insert_with_key(|class| {
            self.signs.push(sign_of(next as usize, class));
            self.briefs.push(Brief { vote: class.vote, roles: class.roles });
            self.all.push(class.clone());
            next
        });
        let mut at = hash as usize & (SLOTS - 1);
        while self.slots[at] != 0 {
            at = (at + 1) & (SLOTS - 1);
        }
        self.slots[at] = hash & !CLASS_BITS | u64::from(id);
        self.used += 1;
        id
    }
}

fn sign_of(id: usize, class: &Class) -> Sign {
    let mut sign = Sign::default();
    if (1..=OWN_BITS).contains(&id) {
        sign[(id - 1) / 64] = 1 << ((id - 1) % 64);
    } else {
        sign[3] = class.symbols.iter().fold(0, |s, x| s | shared_bit(*x));
    }
    sign
}

/// The bit that a symbol shares with others.
pub(super) fn shared_bit(symbol: u32) -> u64 {
    1 << (symbol.wrapping_mul(0x9E37_79B1) >> 26)
}

/// 64 bits of a word's bytes, never 0. A word is known by 60 of them (place and content of its slot): two of a million
/// distinct words meet with a chance of about 5 in 10⁷.
#[inline]
fn hash(text: &[u8], start: usize, end: usize) -> u64 {
    const K: u64 = 0x9FB2_1C65_1E98_DF25;
    let mut h = ((end - start) as u64).wrapping_mul(K);
    let mut at = start;
    while end - at > 8 {
        h = mix(h ^ eight(text, at));
        at += 8;
    }
    let rest = eight(text, at) & (u64::MAX >> (64 - 8 * (end - at)));
    mix(h ^ rest) | 1 << 63
}

/// Eight bytes from `at` on, zeros behind the end of the text.
#[inline]
fn eight(text: &[u8], at: usize) -> u64 {
    match text[at..].first_chunk::<8>() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => text[at..].iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)),
    }
}

#[inline]
fn mix(x: u64) -> u64 {
    let wide = u128::from(x ^ 0xA076_1D64_78BD_642F) * 0xE703_7ED1_A0B4_28DB;
    (wide as u64) ^ ((wide >> 64) as u64)
}

fn classify(word: &str, v: &Vocabulary) -> Class {
    let folded = fold(word);
    let mut symbols = Vec::new();
    collect(&folded, v, &mut symbols);
    if symbols.is_empty() {
        // "customer's" is "customer"; "sooo" is "so".
        if let Some(stem) = folded.strip_suffix("'s") {
            collect(stem, v, &mut symbols);
        }
        for keep in [2, 1] {
            if symbols.is_empty()
                && let Some(short) = shorten_runs(&folded, keep)
            {
                collect(&short, v, &mut symbols);
            }
        }
    }
    if is_latin(&folded) && !folded.is_empty() {
        let skeleton = skeleton(&folded);
        if skeleton.chars().count() >= 3 {
            symbols.extend(v.kazakh_words.get(&skeleton).into_iter().flatten());
            each_beginning(&skeleton, |p| symbols.extend(v.kazakh_prefixes.get(p).into_iter().flatten()));
        }
    }
    if folded.starts_with(|c: char| c.is_numeric()) {
        symbols.push(NUMBER);
    }
    symbols.sort_unstable();
    symbols.dedup();
    let mut roles = v.roles.get(&folded).copied().unwrap_or(0);
    each_beginning(&folded, |p| roles |= v.role_prefixes.get(p).copied().unwrap_or(0));
    Class { symbols, vote: vote(word, &folded), roles }
}

fn collect(folded: &str, v: &Vocabulary, symbols: &mut Vec<u32>) {
    symbols.extend(v.words.get(folded).into_iter().flatten());
    each_beginning(folded, |p| symbols.extend(v.prefixes.get(p).into_iter().flatten()));
}

/// Calls `f` with every beginning of at least two letters, the whole word among them.
fn each_beginning(word: &str, mut f: impl FnMut(&str)) {
    for (i, _) in word.char_indices().skip(2) {
        f(&word[..i]);
    }
    f(word);
}

/// "sooo" → "soo" or "so": runs of three and more equal letters cut to `keep`.
fn shorten_runs(word: &str, keep: usize) -> Option<String> {
    let (mut out, mut run, mut last, mut cut) = (String::new(), 0, '\0', false);
    let chars: Vec<char> = word.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        run = if c == last { run + 1 } else { 1 };
        last = c;
        let length = run + chars[i + 1..].iter().take_while(|x| **x == c).count();
        if length >= 3 && run > keep {
            cut = true;
            continue;
        }
        out.push(c);
    }
    cut.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_out_words_are_shortened() {
        assert_eq!(shorten_runs("sooo", 2).as_deref(), Some("soo"));
        assert_eq!(shorten_runs("sooo", 1).as_deref(), Some("so"));
        assert_eq!(shorten_runs("good", 1), None);
    }

    #[test]
    fn a_word_keeps_its_class_when_the_memory_is_emptied() {
        let mut v = Vocabulary::default();
        v.words.insert("sorry".into(), vec![7]);
        let mut c = Classes::new();
        let of = |c: &mut Classes, w: &str| c.of(w, 0, w.len(), &v);
        let before = of(&mut c, "Sorry");
        for i in 0..SLOTS {
            of(&mut c, &format!("w{i}x"));
        }
        assert_eq!(of(&mut c, "Sorry"), before);
        assert_eq!(c.all[before as usize].symbols, [7]);
        assert!(c.used < SLOTS);
    }
    #[test]
    fn a_word_is_the_same_wherever_it_stands() {
        let text = "x sorry extraordinarily sorry";
        let at = |w: &str, n: usize| text.match_indices(w).nth(n).unwrap().0;
        let (a, b) = (at("sorry", 0), at("sorry", 1));
        assert_eq!(hash(text.as_bytes(), a, a + 5), hash(text.as_bytes(), b, b + 5), "one stands at the very end");
        let long = at("extraordinarily", 0);
        assert_eq!(hash(text.as_bytes(), long, long + 15), hash(b"extraordinarily", 0, 15));
        assert_ne!(hash(b"ab", 0, 1), hash(b"ab", 0, 2));
    }
}
