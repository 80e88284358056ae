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

impl Class {
    pub fn negates(&self, kind: u16, language: Language) -> bool {
        self.roles & NegationRole::bit(kind, language) != 0
    }
}

/// Slots of the memory of words: a power of two. 16 bytes a slot.
const SLOTS: usize = 1 << 16;

/// Remembers the class of every distinct word, in bounded memory. One a thread; what it remembers never shows in results.
#[derive(Debug)]
pub(super) struct Classes {
    pub all: Vec<Class>,
    /// A sign a class, see [`sign`].
    pub signs: Vec<u64>,
    ids: HashMap<Class, u32>,
    slots: Vec<(u64, u32)>,
    used: usize,
}

impl Classes {
    pub fn new() -> Self {
        let unknown = Class::default();
        Self {
            all: vec![unknown.clone()],
            signs: vec![0],
            ids: HashMap::from([(unknown, 0)]),
            slots: vec![(0, 0); SLOTS],
            used: 0,
        }
    }

    /// The class of a word as written.
    #[inline]
    pub fn of(&mut self, word: &str, vocabulary: &Vocabulary) -> u32 {
        let hash = hash(word.as_bytes());
        let mut at = hash as usize & (SLOTS - 1);
        loop {
            let (found, class) = self.slots[at];
            if found == hash {
                return class;
            }
            if found == 0 {
                return self.learn(word, hash, vocabulary);
            }
            at = (at + 1) & (SLOTS - 1);
        }
    }

    #[cold]
    fn learn(&mut self, word: &str, hash: u64, vocabulary: &Vocabulary) -> u32 {
        if self.used >= SLOTS / 4 * 3 {
            self.slots.fill((0, 0));
            self.used = 0;
        }
        let class = classify(word, vocabulary);
        let next = self.all.len() as u32;
        let id = *self.ids.entry(class).or_insert_with_key(|class| {
            self.signs.push(class.symbols.iter().fold(0, |s, x| s | sign(*x)));
            self.all.push(class.clone());
            next
        });
        let mut at = hash as usize & (SLOTS - 1);
        while self.slots[at].0 != 0 {
            at = (at + 1) & (SLOTS - 1);
        }
        self.slots[at] = (hash, id);
        self.used += 1;
        id
    }
}

/// One bit of 64 for a symbol: a class whose bits a state does not have leads nowhere from it.
pub(super) fn sign(symbol: u32) -> u64 {
    1 << (symbol.wrapping_mul(0x9E37_79B1) >> 26)
}

/// 64 bits of a word's bytes; never 0. Two of a million distinct words meet with a chance of about 3 in 10⁸.
#[inline]
fn hash(bytes: &[u8]) -> u64 {
    const K: u64 = 0x9FB2_1C65_1E98_DF25;
    let mut h = (bytes.len() as u64).wrapping_mul(K);
    let mut rest = bytes;
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        h = mix(h ^ u64::from_le_bytes(*head));
        rest = tail;
    }
    let mut last = [0u8; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(h ^ u64::from_le_bytes(last)) | 1
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
    each_beginning(&folded, |p| roles |= v.roles.get(&format!("{p}*")).copied().unwrap_or(0));
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
        let before = c.of("Sorry", &v);
        for i in 0..SLOTS {
            c.of(&format!("w{i}x"), &v);
        }
        assert_eq!(c.of("Sorry", &v), before);
        assert_eq!(c.all[before as usize].symbols, [7]);
        assert!(c.used < SLOTS);
    }
}
