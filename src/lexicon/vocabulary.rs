//! What the lexicon knows of single words: the symbols that they satisfy and what they do to their neighbours.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::model::Language;

/// Symbol of a number in digits.
pub(super) const NUMBER: u32 = 1;

/// Hashes words and keys of edges: the lexicon is our own and needs no protection. Nothing written depends on the order.
#[derive(Default)]
pub(super) struct KeyHasher(u64);
pub(super) type Spread = BuildHasherDefault<KeyHasher>;

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((head, tail)) = rest.split_first_chunk::<8>() {
            self.0 = slot(self.0 ^ u64::from_le_bytes(*head));
            rest = tail;
        }
        let mut last = [0u8; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.0 = slot(self.0 ^ u64::from_le_bytes(last) ^ (bytes.len() as u64) << 56);
    }
    fn write_u8(&mut self, n: u8) {
        self.0 = slot(self.0 ^ u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = slot(self.0 ^ n);
    }
}

fn slot(key: u64) -> u64 {
    let x = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^ (x >> 29)
}

/// Words of the lexicon to what is known of them; only ever looked up in.
pub(super) type WordMap<V> = HashMap<String, V, Spread>;

/// What the lexicon knows of words.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    /// Folded word → symbols.
    pub words: WordMap<Vec<u32>>,
    /// Folded beginning → symbols.
    pub prefixes: WordMap<Vec<u32>>,
    /// Skeleton of a Kazakh word → symbols.
    pub kazakh_words: WordMap<Vec<u32>>,
    /// Skeleton of the beginning of a Kazakh word → symbols.
    pub kazakh_prefixes: WordMap<Vec<u32>>,
    /// Folded word → roles in negation, see [`NegationRole`].
    pub roles: WordMap<u16>,
    /// Folded beginning of a word → roles in negation.
    pub role_prefixes: WordMap<u16>,
    /// Symbols given out so far.
    pub symbols: u32,
}

/// Bits of what a word does to its neighbours and to the matter; of each kind one bit a language.
pub(super) struct NegationRole;
impl NegationRole {
    /// Negates a match up to three words behind it.
    pub const BEFORE: u16 = 0;
    /// Negates a match right behind it.
    pub const NEAR: u16 = 3;
    /// Negates a match right before it.
    pub const AFTER: u16 = 6;
    /// Ends the reach of a negation.
    pub const BREAK: u16 = 9;
    /// Has no matter of its own, in whatever language: never a word of substance.
    pub const FUNCTION: u16 = 12;

    /// Whether a word with these bits is a function word of some language.
    pub fn is_function_word(roles: u16) -> bool {
        Language::ALL.into_iter().any(|l| roles & Self::bit(Self::FUNCTION, l) != 0)
    }

    /// The bit of a role in a language.
    pub fn bit(kind: u16, language: Language) -> u16 {
        1 << (kind + language as u16)
    }
}
