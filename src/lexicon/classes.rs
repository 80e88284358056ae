//! From a word of the text to its class: a word is classified once and remembered.

use std::collections::HashMap;

use super::vocabulary::{NUMBER, NegationRole, Vocabulary};
use super::{Lexicon, contractions};
use crate::learned;
use crate::model::Language;
use crate::text::{Scanned, Vote, caseless_hash, fold, is_latin, skeleton, vote};

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

/// What is remembered of a distinct word and asked for wherever it stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// Its class.
    pub class: u32,
    /// The conversation in which it was met last, and its number there.
    met: (u32, u32),
    /// What it says about the language.
    pub vote: Vote,
}

/// What is remembered of a distinct word and asked for once a conversation.
#[derive(Clone, Copy, Debug)]
struct Facts {
    learned: learned::Word,
    hash: u64,
    /// Its form: the same for a word in capital and in small letters.
    form: u32,
    /// The form of its beginning where it is a word of substance, in Kazakh and elsewhere.
    substance: [Option<u32>; 2],
    long: bool,
    number: bool,
}

/// A distinct word of a conversation.
#[derive(Clone, Copy, Debug)]
pub struct Distinct {
    /// What the fitted model knows of it.
    pub learned: learned::Word,
    /// [`caseless_hash`] of it.
    pub hash: u64,
    /// Its form among those of the conversation: the same for a word in capital and in small letters.
    pub form: u32,
    /// Where it is a word of substance, that is a long one that is no function word (set `function_word` of the lexicon), or a number:
    /// the form of its beginning, or of the number. Endings change, beginnings do not.
    pub substance: Option<u32>,
    /// Whether it has three letters, or a digit.
    pub counted: bool,
    /// Whether it has a digit.
    pub number: bool,
}

/// Letters from which on a word is one of substance; so many of them tell it. One fewer in Kazakh, which has more endings.
const SUBSTANCE: [usize; 2] = [4, 5];
/// Letters of a word that counts when turns are compared.
const COUNTED: usize = 3;

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
    known: Vec<Known>,
    /// By the numbers of words.
    facts: Vec<Facts>,
    /// Forms by their hashes.
    forms: HashMap<u64, u32>,
    /// By form: the conversation in which it was met last, and its number there.
    places: Vec<(u32, u32)>,
    /// Stands for the conversation at hand.
    conversation: u32,
    /// Numbers of the words of the conversation at hand.
    met: Vec<u32>,
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
            facts: Vec::new(),
            forms: HashMap::new(),
            places: Vec::new(),
            conversation: 0,
            met: Vec::new(),
        }
    }

    /// Begins a conversation. Forgets words when there are too many of them.
    pub fn begin(&mut self) {
        if self.known.len() >= SLOTS / 2 || self.conversation == u32::MAX {
            self.slots.clear();
            self.slots.resize(SLOTS, 0);
            self.known.clear();
            self.facts.clear();
            self.forms.clear();
            self.places.clear();
            self.conversation = 0;
        }
        self.met.clear();
        self.conversation += 1;
    }

    /// A word of the conversation at hand: what is known of it, and its number among the distinct words of the conversation.
    #[inline]
    pub fn of(&mut self, word: Scanned<'_>, lexicon: &Lexicon) -> (Known, u32) {
        let number = self.number(word, lexicon);
        let known = &mut self.known[number as usize];
        if known.met.0 != self.conversation {
            known.met = (self.conversation, self.met.len() as u32);
            self.met.push(number);
        }
        (*known, known.met.1)
    }

    /// The distinct words of the conversation at hand, by their numbers, into `out`; returns how many forms they have.
    pub fn distinct(&mut self, language: Option<Language>, out: &mut Vec<Distinct>) -> usize {
        let mut forms = 0;
        let mut local = |form: u32| {
            let place = &mut self.places[form as usize];
            if place.0 != self.conversation {
                *place = (self.conversation, forms);
                forms += 1;
            }
            place.1
        };
        out.clear();
        out.extend(self.met.iter().map(|number| {
            let f = &self.facts[*number as usize];
            Distinct {
                learned: f.learned,
                hash: f.hash,
                form: local(f.form),
                substance: f.substance[usize::from(language != Some(Language::Kazakh))].map(&mut local),
                counted: f.long || f.number,
                number: f.number,
            }
        }));
        forms as usize
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
        self.known.push(Known { class, met: (0, 0), vote: self.briefs[class as usize].vote });
        let learned = lexicon.model().map_or_else(Default::default, |m| m.word(&folded));
        let matter = !NegationRole::is_function_word(self.briefs[class as usize].roles);
        let facts = self.facts_of(word, learned, matter);
        self.facts.push(facts);
        insert(&mut self.slots, hash, number);
        number
    }

    /// `matter`: whether it can be a word of substance.
    fn facts_of(&mut self, word: &str, learned: learned::Word, matter: bool) -> Facts {
        let mut form = |hash: u64| {
            let next = self.places.len() as u32;
            *self.forms.entry(hash).or_insert_with(|| {
                self.places.push((0, 0));
                next
            })
        };
        let hash = caseless_hash(word);
        let (letters, number) = (word.chars().count(), word.bytes().any(|b| b.is_ascii_digit()));
        let substance = SUBSTANCE.map(|beginning| {
            if number {
                return Some(form(hash));
            }
            let end = word.char_indices().nth(beginning).map_or(word.len(), |(i, _)| i);
            (matter && letters >= beginning).then(|| form(caseless_hash(&word[..end])))
        });
        Facts { learned, hash, form: form(hash), substance, long: letters >= COUNTED, number }
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
    // "customer's" is "customer" too, whoever names the whole form; "it's" is two words.
    if let Some(stem) = folded.strip_suffix("'s").filter(|_| contractions::long_form(folded).is_none()) {
        collect(stem, v, &mut symbols);
    }
    if symbols.is_empty() {
        // "sooo" is "so".
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
            scan_with(w, &mut words, |word| {
                let (known, number) = c.of(word, &lexicon);
                (known.class, number)
            });
            words[0].class
        };
        c.begin();
        let before = of(&mut c, "Sorry");
        for i in 0..SLOTS * 2 {
            of(&mut c, &format!("w{i}x"));
        }
        assert!(c.slots.len() > SLOTS);
        assert_eq!(of(&mut c, "Sorry"), before);
        assert!(!c.all[before as usize].symbols.is_empty());
        c.begin();
        assert_eq!((c.slots.len(), c.known.len()), (SLOTS, 0));
        assert_eq!(of(&mut c, "Sorry"), before);
    }
    #[test]
    fn words_have_forms_and_substance_by_conversation() {
        let sets = LexiconFile::parse("en/sets.toml", "[sets]\nfunction_word = [\"would\", \"some*\"]\n").unwrap();
        let lexicon = Lexicon::compile(&[sets]).unwrap();
        let mut c = Classes::new();
        let mut read = |text: &str, language| {
            let (mut words, mut out) = (Vec::new(), Vec::new());
            c.begin();
            scan_with(text, &mut words, |word| (0, c.of(word, &lexicon).1));
            let forms = c.distinct(language, &mut out);
            (words.iter().map(|w| out[w.number as usize]).collect::<Vec<_>>(), forms)
        };
        read("something else before", None);
        let (d, forms) = read("Order my ORDER orders a 4711 order", Some(Language::English));
        assert_eq!((d[0].form, d[0].hash), (d[2].form, d[2].hash));
        assert!(d[0].form != d[3].form && d[0].substance.is_some());
        assert_eq!(d[0].substance, d[3].substance, "endings do not matter");
        assert_eq!((d[1].substance, d[1].counted, d[4].counted), (None, false, false));
        assert_eq!((d[5].substance, d[5].counted, d[5].number), (Some(d[5].form), true, true));
        assert!(d.iter().all(|w| (w.form as usize) < forms), "{forms}");
        let (d, _) = read("Would something wouldbe", None);
        assert_eq!((d[0].substance, d[1].substance, d[2].substance.is_some()), (None, None, true));
        let (d, _) = read("кітап кітабы", Some(Language::Kazakh));
        assert_eq!(d[0].substance, d[1].substance);
        let (d, _) = read("кітап кітабы", Some(Language::Russian));
        assert_ne!(d[0].substance, d[1].substance);
    }

    #[test]
    fn a_word_named_with_its_s_is_still_the_word() {
        let file = "act = \"empathy.apology\"\nweak = [\"engineer's\", \"engineer\", \"it\"]\n";
        let lexicon = Lexicon::compile(&[LexiconFile::parse("en/empathy.apology.toml", file).unwrap()]).unwrap();
        let symbols = |word: &str| classify(word, word, &lexicon.vocabulary).symbols;
        let (long, short) = (symbols("engineer's"), symbols("engineer"));
        assert!(short.len() == 1 && long.len() == 2 && long.contains(&short[0]), "{long:?} {short:?}");
        assert!(symbols("it's").is_empty(), "it's is two words");
    }
}
