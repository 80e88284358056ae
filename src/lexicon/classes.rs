//! From a word of the text to its class: a word is classified once and remembered.

use std::collections::HashMap;

use super::Lexicon;
use super::compile::{NUMBER, NegationRole, Vocabulary};
use crate::learned;
use crate::model::Language;
use crate::text::{Scanned, Vote, fold, is_latin, skeleton, vote};

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

/// Classes as bits: one each for the classes met first, which make up most of any text; all others share the bits of the last
/// word by their symbols.
pub(super) type Bits = [u64; 4];

/// The bits of a class: all of them are in one word of [`Bits`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sign {
    mask: u64,
    word: u32,
}

impl Sign {
    /// Whether the class may be among those of `bits`; never wrongly not.
    #[inline]
    pub fn meets(self, bits: &Bits) -> bool {
        // Always within; it spares the check.
        bits[(self.word % 4) as usize] & self.mask != 0
    }
}

/// Classes with a bit of their own.
pub(super) const OWN_BITS: usize = 192;

/// Slots of the memory of words to begin with: a power of two. A word is known by the bits of its hash that make its place
/// and content, 56 of them: two of a million distinct words meet with a chance of about 7 in 10⁶.
const SLOTS: usize = 1 << 16;
/// Bits of a slot that hold the word's number; the others hold the word's hash.
const NUMBER_BITS: u64 = (1 << 24) - 1;

/// What is remembered of a distinct word.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// Its class.
    pub class: u32,
    /// What the model knows of it.
    pub learned: learned::Word,
}

/// Remembers every distinct word. One a thread; what it remembers never shows in results.
#[derive(Debug)]
pub(super) struct Classes {
    pub all: Vec<Class>,
    /// One a class.
    pub briefs: Vec<Brief>,
    /// One a class.
    pub signs: Vec<Sign>,
    ids: HashMap<Class, u32>,
    /// Hash and number of a word; 0 where there is none.
    slots: Vec<u64>,
    /// By the numbers of words.
    pub known: Vec<Known>,
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
            known: Vec::new(),
        }
    }

    /// Forgets words when there are too many of them. Numbers of words hold until then.
    pub fn tidy(&mut self) {
        if self.known.len() >= SLOTS / 2 {
            self.slots.clear();
            self.slots.resize(SLOTS, 0);
            self.known.clear();
        }
    }

    /// Class and number of a word.
    #[inline]
    pub fn of(&mut self, word: Scanned<'_>, lexicon: &Lexicon) -> (u32, u32) {
        let number = self.number(word, lexicon);
        (self.known[number as usize].class, number)
    }

    #[inline]
    fn number(&mut self, word: Scanned<'_>, lexicon: &Lexicon) -> u32 {
        let hash = word.hash;
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot & !NUMBER_BITS == hash & !NUMBER_BITS {
                return (slot & NUMBER_BITS) as u32;
            }
            if slot == 0 {
                return self.learn(word.word(), hash, lexicon);
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn learn(&mut self, word: &str, hash: u64, lexicon: &Lexicon) -> u32 {
        if self.known.len() >= self.slots.len() / 4 * 3 {
            self.grow();
        }
        let folded = fold(word);
        let class = classify(word, &folded, &lexicon.vocabulary);
        let next = self.all.len() as u32;
        let class = *self.ids.entry(class).or_insert_with_key(|class| {
            self.signs.push(sign_of(next as usize, class));
            self.briefs.push(Brief { vote: class.vote, roles: class.roles });
            self.all.push(class.clone());
            next
        });
        let number = self.known.len() as u32;
        self.known.push(Known { class, learned: lexicon.model().map_or_else(Default::default, |m| m.word(&folded)) });
        insert(&mut self.slots, hash, number);
        number
    }

    /// One conversation may have more distinct words than are remembered between conversations. Numbers stay as they are; a
    /// word that is met again is learnt anew, to the same end.
    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() * 2];
    }
}

fn insert(slots: &mut [u64], hash: u64, number: u32) {
    let mask = slots.len() - 1;
    let mut at = hash as usize & mask;
    while slots[at] != 0 {
        at = (at + 1) & mask;
    }
    slots[at] = hash & !NUMBER_BITS | u64::from(number);
}

fn sign_of(id: usize, class: &Class) -> Sign {
    if (1..=OWN_BITS).contains(&id) {
        return Sign { mask: 1 << ((id - 1) % 64), word: ((id - 1) / 64) as u32 };
    }
    Sign { mask: class.symbols.iter().fold(0, |s, x| s | shared_bit(*x)), word: 3 }
}

/// The bit that a symbol shares with others.
pub(super) fn shared_bit(symbol: u32) -> u64 {
    1 << (symbol.wrapping_mul(0x9E37_79B1) >> 26)
}

fn classify(word: &str, folded: &str, v: &Vocabulary) -> Class {
    let mut symbols = Vec::new();
    collect(folded, v, &mut symbols);
    if symbols.is_empty() {
        // "customer's" is "customer"; "sooo" is "so".
        if let Some(stem) = folded.strip_suffix("'s") {
            collect(stem, v, &mut symbols);
        }
        for keep in [2, 1] {
            if symbols.is_empty()
                && let Some(short) = shorten_runs(folded, keep)
            {
                collect(&short, v, &mut symbols);
            }
        }
    }
    if is_latin(folded) && !folded.is_empty() {
        let skeleton = skeleton(folded);
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
    let mut roles = v.roles.get(folded).copied().unwrap_or(0);
    each_beginning(folded, |p| roles |= v.role_prefixes.get(p).copied().unwrap_or(0));
    Class { symbols, vote: vote(word, folded), roles }
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
    use crate::lexicon::LexiconFile;
    use crate::text::scan_with;

    #[test]
    fn drawn_out_words_are_shortened() {
        assert_eq!(shorten_runs("sooo", 2).as_deref(), Some("soo"));
        assert_eq!(shorten_runs("sooo", 1).as_deref(), Some("so"));
        assert_eq!(shorten_runs("good", 1), None);
    }

    #[test]
    fn a_word_keeps_its_class_when_the_memory_grows_and_is_emptied() {
        let file = "act = \"empathy.apology\"\nweak = [\"sorry\"]\n";
        let lexicon = Lexicon::compile(&[LexiconFile::parse("en/empathy.apology.toml", file).unwrap()]).unwrap();
        let mut c = Classes::new();
        let of = |c: &mut Classes, w: &str| {
            let mut words = Vec::new();
            scan_with(w, &mut words, |word| c.of(word, &lexicon));
            words[0].class
        };
        let before = of(&mut c, "Sorry");
        for i in 0..SLOTS * 2 {
            of(&mut c, &format!("w{i}x"));
        }
        assert!(c.slots.len() > SLOTS);
        assert_eq!(of(&mut c, "Sorry"), before);
        assert!(!c.all[before as usize].symbols.is_empty());
        c.tidy();
        assert_eq!((c.slots.len(), c.known.len()), (SLOTS, 0));
        assert_eq!(of(&mut c, "Sorry"), before);
    }
}
