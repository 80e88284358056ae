//! Words and sentence ends, in one pass over the bytes.
//!
//! A word is a run of letters, digits and marks, with apostrophes inside it (`don't`) and `.` `,` `:` inside numbers
//! (`3.5`, `14:30`). Hyphens divide. An emoji is a word, and so is a face drawn with brackets; they part sentences. The word boundaries are those of UAX #29 for the three languages save for the
//! hyphen and for scripts without spaces; a property test compares the two.

use super::signs;

/// What stands before a word, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// The word begins a sentence (or the text).
    pub const SENTENCE: u8 = 1;
    /// A comma, dash, colon, semicolon or bracket stands between this word and the one before.
    pub const CLAUSE: u8 = 2;
    /// The word begins with a digit.
    pub const NUMBER: u8 = 4;
    /// The word ends a sentence that closes with a question mark.
    pub const QUESTION: u8 = 8;
    /// No word but an emoji, or a face drawn with brackets.
    pub const SIGN: u8 = 16;

    /// Whether any of these bits is set.
    #[inline]
    pub fn has(self, bits: u8) -> bool {
        self.0 & bits != 0
    }
}

/// A word: bytes `start..end` of the text it was scanned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Byte where it begins.
    pub start: u32,
    /// Byte behind its end.
    pub end: u32,
    /// Class of the word in the lexicon, 0 when it is in none of its phrases.
    pub class: u32,
    /// The word among those that the reader remembers.
    pub number: u32,
    /// What stands around it.
    pub flags: Flags,
}

impl Word {
    /// Whether a sentence of words begins with it; a sign parts sentences and is none.
    pub fn begins_sentence(&self) -> bool {
        self.flags.has(Flags::SENTENCE) && !self.flags.has(Flags::SIGN)
    }
}

/// The sentences of a turn's words and the signs between them, in their order.
pub fn stretches(words: &[Word]) -> impl Iterator<Item = &[Word]> + Clone {
    words.chunk_by(|_, next| !next.flags.has(Flags::SENTENCE))
}

/// The sentences of a turn's words, without the signs between them.
pub fn sentences(words: &[Word]) -> impl Iterator<Item = &[Word]> + Clone {
    stretches(words).filter(|s| !s[0].flags.has(Flags::SIGN))
}

const OTHER: u8 = 0;
const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const STOP: u8 = 3; // . ! ?
const CLAUSE: u8 = 4;
const NEWLINE: u8 = 5;
const APOSTROPHE: u8 = 6;
const HIGH: u8 = 7; // not ASCII
const BRACKET: u8 = 8; // or eyes: what a face may begin with
const SIGN: u8 = 9;

const KIND: [u8; 256] = {
    let mut t = [OTHER; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        t[i] = if b.is_ascii_alphabetic() {
            LETTER
        } else if b.is_ascii_digit() {
            DIGIT
        } else if b >= 0x80 {
            HIGH
        } else {
            match b {
                b'.' | b'!' | b'?' => STOP,
                b',' | b'"' | b'[' | b']' => CLAUSE,
                b'(' | b')' | b':' | b';' | b'=' => BRACKET,
                b'\n' => NEWLINE,
                b'\'' | b'`' => APOSTROPHE,
                _ => OTHER,
            }
        };
        i += 1;
    }
    t
};

/// What a character beyond ASCII is to the scanner, and its length in bytes.
fn high(text: &str, at: usize) -> (u8, usize) {
    let bytes = text.as_bytes();
    // Cyrillic (U+0400..U+04FF) and Latin with marks (U+00C0..U+024F) are two bytes: decide without decoding.
    match bytes[at] {
        0xD0 | 0xD1 | 0xD3 | 0xC4..=0xC9 => return (LETTER, 2),
        0xD2 => return (if matches!(bytes.get(at + 1), Some(0x82..=0x89)) { OTHER } else { LETTER }, 2),
        _ => {}
    }
    let Some(c) = text[at..].chars().next() else { return (OTHER, 1) };
    let kind = match c {
        '\u{2019}' | '\u{2018}' | '\u{02BC}' | '\u{00B4}' => APOSTROPHE,
        '\u{2026}' => STOP,
        '\u{2013}' | '\u{2014}' | '\u{00AB}' | '\u{00BB}' | '\u{201C}' | '\u{201D}' | '\u{201E}' => CLAUSE,
        '\u{0300}'..='\u{036F}' | '\u{00AD}' | '\u{200D}' => LETTER, // marks and soft hyphens stay inside the word
        c if c.is_alphabetic() => LETTER,
        c if signs::is_emoji(c) => SIGN,
        c if c.is_numeric() => DIGIT,
        _ => OTHER,
    };
    (kind, c.len_utf8())
}

/// Words after which a full stop does not end a sentence.
fn is_abbreviation(word: &str) -> bool {
    const LIST: &[&str] = &[
        "mr", "mrs", "ms", "dr", "st", "vs", "etc", "approx", "тел", "ул", "кв", "стр", "руб", "тыс", "млн", "тг",
        "көш",
    ];
    let letters = word.chars().count();
    (letters == 1 && word != "I" && word != "i") || (letters <= 6 && LIST.iter().any(|a| a.eq_ignore_ascii_case(word)))
}

/// Finds the words of `text`; their class and number are left 0. Texts longer than 4 GiB are cut there.
pub fn scan(text: &str, words: &mut Vec<Word>) {
    scan_with(text, words, |_| (0, 0));
}

/// Finds the words of `text`, each with the class and number that `class_of` gives for it. Texts longer than 4 GiB are cut there.
pub fn scan_with(text: &str, words: &mut Vec<Word>, mut class_of: impl FnMut(Scanned<'_>) -> (u32, u32)) {
    let bytes = &text.as_bytes()[..text.len().min(u32::MAX as usize)];
    let first = words.len();
    let mut before = Flags::SENTENCE;
    let mut open: usize = 0;
    let mut at = 0;
    while at < bytes.len() {
        let (kind, len) = match KIND[usize::from(bytes[at])] {
            HIGH => high(text, at),
            kind => (kind, 1),
        };
        match kind {
            LETTER | DIGIT => {
                let start = at;
                let hash;
                (at, hash) = word_end(text, at, kind, len);
                let digit = if kind == DIGIT { Flags::NUMBER } else { 0 };
                let (class, number) = class_of(Scanned { text, start, end: at, hash });
                words.push(Word { start: start as u32, end: at as u32, class, number, flags: Flags(before | digit) });
                before = 0;
                // Most words are parted by one space.
                at += usize::from(bytes.get(at) == Some(&b' '));
                continue;
            }
            STOP => {
                let after = bytes.get(at + len).copied();
                let open = matches!(
                    after,
                    None | Some(b' ' | b'\n' | b'\r' | b'\t' | b'"' | b'\'' | b')' | b'.' | b'!' | b'?')
                ) || after.is_some_and(|b| b >= 0x80);
                if open && words.len() > first {
                    let last = words.len() - 1;
                    let word = &text[words[last].start as usize..words[last].end as usize];
                    let glued = words[last].end as usize == at;
                    if bytes[at] == b'?' {
                        words[last].flags.0 |= Flags::QUESTION;
                    }
                    if !(bytes[at] == b'.' && glued && is_abbreviation(word)) {
                        before |= Flags::SENTENCE;
                    }
                }
            }
            CLAUSE => before |= Flags::CLAUSE,
            SIGN | BRACKET => {
                let item =
                    || words.last().is_some_and(|w| w.end as usize == at && may_mark_item(&text[w.start as usize..at]));
                let end = if kind == SIGN {
                    Some(signs::emoji_end(text, at))
                } else {
                    signs::face_end(text, at, open, words.len() > first && item())
                };
                if let Some(end) = end {
                    let (class, number) = class_of(Scanned { text, start: at, end, hash: hash(bytes, at, end) });
                    let apart = if words[first..].last().is_some_and(|w| w.flags.has(Flags::SIGN)) {
                        0
                    } else {
                        Flags::SENTENCE
                    };
                    let flags = Flags(Flags::SIGN | apart);
                    words.push(Word { start: at as u32, end: end as u32, class, number, flags });
                    before = Flags::SENTENCE;
                    at = end;
                    continue;
                }
                match bytes[at] {
                    b'(' => open += 1,
                    b')' => open = open.saturating_sub(1),
                    _ => {}
                }
                before |= if bytes[at] == b'=' { 0 } else { Flags::CLAUSE };
            }
            NEWLINE => {
                // A wrapped line goes on in lower case; anything else begins anew.
                let rest = text[at + 1..].trim_start_matches([' ', '\t', '\r']);
                if rest.chars().next().is_some_and(|c| !c.is_lowercase()) && words.len() > first {
                    before |= Flags::SENTENCE;
                }
            }
            OTHER if bytes[at] == b'-' && matches!(bytes.get(at + 1), Some(b' ' | b'-')) => before |= Flags::CLAUSE,
            _ => {}
        }
        at += len;
    }
}

/// Whether a word before a closing bracket may number an item: `2)`, `a)`.
fn may_mark_item(word: &str) -> bool {
    word.ends_with(|c: char| c.is_ascii_digit()) || word.chars().nth(1).is_none()
}

/// A word as it is found: bytes `start..end` of `text`.
#[derive(Clone, Copy, Debug)]
pub struct Scanned<'a> {
    /// The text it stands in.
    pub text: &'a str,
    /// Byte where it begins.
    pub start: usize,
    /// Byte behind its end.
    pub end: usize,
    /// 64 bits of its bytes, never 0: equal words have equal ones, wherever they stand.
    pub hash: u64,
}

impl<'a> Scanned<'a> {
    /// As written.
    pub fn word(&self) -> &'a str {
        &self.text[self.start..self.end]
    }
}

/// A hash of a word that is the same in capital and small letters.
pub fn caseless_hash(word: &str) -> u64 {
    let mut h = seed(word.len());
    for c in word.chars() {
        let small = match c {
            'A'..='Z' | 'А'..='Я' => u32::from(c) + 32,
            c if c.is_ascii() || ('а'..='я').contains(&c) => u32::from(c),
            c => c.to_lowercase().next().map_or(0, u32::from),
        };
        h = (h ^ u64::from(small)).wrapping_mul(0x0100_0000_01B3);
    }
    mix(h)
}

/// The end of the word that begins at `at` with a character of this kind and length, and the word's hash.
#[inline]
fn word_end(text: &str, at: usize, kind: u8, len: usize) -> (usize, u64) {
    let bytes = text.as_bytes();
    // A plain short word with a plain end, which is most of them in English.
    if let Some(chunk) = bytes[at..].first_chunk::<8>() {
        let chunk = u64::from_le_bytes(*chunk);
        let letters = ascii_letters(chunk);
        if (1..8).contains(&letters) && ENDS[usize::from(bytes[at + letters])] {
            let hash = mix(seed(letters) ^ (chunk & (u64::MAX >> (64 - 8 * letters))));
            return (at + letters, hash | 1 << 63);
        }
    }
    let end = slow_word_end(text, at + len, kind);
    (end, hash(bytes, at, end))
}

/// Bytes that certainly end a word of letters.
const ENDS: [bool; 256] = {
    let mut t = [false; 256];
    let mut i = 0;
    while i < 256 {
        t[i] = matches!(KIND[i], OTHER | STOP | CLAUSE | NEWLINE | BRACKET);
        i += 1;
    }
    t
};

/// How many of eight bytes are ASCII letters, from the first on.
#[inline]
fn ascii_letters(chunk: u64) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // Lower case without the high bits; adding carries a letter's byte to 0x80 and more, and never into the next byte.
    let low = (chunk | (EACH * 0x20)) & (EACH * 0x7F);
    let letters = (low + EACH * (0x80 - 0x61)) & !(low + EACH * (0x80 - 0x7B)) & !chunk & (EACH * 0x80);
    (!letters & (EACH * 0x80)).trailing_zeros() as usize / 8
}

fn seed(length: usize) -> u64 {
    (length as u64).wrapping_mul(0x9FB2_1C65_1E98_DF25)
}

/// The hash of bytes `start..end`.
#[inline]
fn hash(text: &[u8], start: usize, end: usize) -> u64 {
    let mut h = seed(end - start);
    let mut at = start;
    while end - at > 8 {
        h = mix(h ^ eight(text, at));
        at += 8;
    }
    mix(h ^ (eight(text, at) & (u64::MAX >> (64 - 8 * (end - at))))) | 1 << 63
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

/// The end of a word, character by character; `last` is the kind of the character before `at`.
fn slow_word_end(text: &str, mut at: usize, mut last: u8) -> usize {
    let bytes = text.as_bytes();
    while let Some(&b) = bytes.get(at) {
        match KIND[usize::from(b)] {
            LETTER => {
                last = LETTER;
                at += 1;
            }
            DIGIT => {
                last = DIGIT;
                at += 1;
            }
            HIGH => match high(text, at) {
                (kind @ (LETTER | DIGIT), len) => {
                    last = kind;
                    at += len;
                }
                (APOSTROPHE, len) if letter_at(text, at + len) => at += len,
                _ => break,
            },
            APOSTROPHE if letter_at(text, at + 1) => at += 1,
            _ if last == DIGIT
                && matches!(b, b'.' | b',' | b':')
                && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) =>
            {
                at += 1
            }
            _ => break,
        }
    }
    at
}

fn letter_at(text: &str, at: usize) -> bool {
    match text.as_bytes().get(at) {
        Some(&b) if b < 0x80 => KIND[usize::from(b)] == LETTER,
        Some(_) => high(text, at).0 == LETTER,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_segmentation::UnicodeSegmentation;

    fn words(text: &str) -> Vec<&str> {
        let mut out = Vec::new();
        scan(text, &mut out);
        out.iter().map(|w| &text[w.start as usize..w.end as usize]).collect()
    }

    fn starts(text: &str) -> Vec<&str> {
        let mut out = Vec::new();
        scan(text, &mut out);
        out.iter().filter(|w| w.flags.has(Flags::SENTENCE)).map(|w| &text[w.start as usize..w.end as usize]).collect()
    }

    #[test]
    fn words_keep_apostrophes_and_numbers_and_part_at_hyphens() {
        assert_eq!(words("Don't worry: it’s 14:30, 3.5 kg!"), ["Don't", "worry", "it’s", "14:30", "3.5", "kg"]);
        assert_eq!(words("какие-нибудь вопросы? Сәлеметсіз бе"), ["какие", "нибудь", "вопросы", "Сәлеметсіз", "бе"]);
        assert_eq!(words("'quoted' words"), ["quoted", "words"]);
    }

    #[test]
    fn a_turn_is_cut_at_its_sentences() {
        let mut words = Vec::new();
        scan("Thanks. Bye now! ok", &mut words);
        assert_eq!(sentences(&words).map(<[Word]>::len).collect::<Vec<_>>(), [1, 2, 1]);
        assert_eq!(sentences(&[]).count(), 0);
    }

    #[test]
    fn sentences_begin_after_stops_and_blank_lines_but_not_after_abbreviations() {
        assert_eq!(starts("Hello. How are you? fine"), ["Hello", "How", "fine"]);
        assert_eq!(starts("Dear Mr. Smith, thanks"), ["Dear"]);
        assert_eq!(starts("a wrapped\nline\nNew one"), ["a", "New"]);
        assert_eq!(starts("version 3.5 is out… да"), ["version", "да"]);
    }

    #[test]
    fn capitals_do_not_tell_words_apart() {
        for (a, b) in [("Hello", "hELLO"), ("Ёлка", "ёЛКА"), ("СӘЛЕМ", "сәлем"), ("3G", "3g")] {
            assert_eq!(caseless_hash(a), caseless_hash(b), "{a}");
        }
        assert_ne!(caseless_hash("ab"), caseless_hash("ba"));
    }

    #[test]
    fn questions_and_clauses_are_marked() {
        let mut out = Vec::new();
        scan("No, is it? Yes", &mut out);
        assert!(out[1].flags.has(Flags::CLAUSE));
        assert!(out[2].flags.has(Flags::QUESTION) && !out[3].flags.has(Flags::QUESTION));
    }

    proptest! {
        #[test]
        fn letters_are_counted_alike_by_eights(bytes in prop::array::uniform8(prop_oneof![any::<u8>(), b'@'..=b'{'])) {
            let one_by_one = bytes.iter().take_while(|b| b.is_ascii_alphabetic()).count();
            prop_assert_eq!(ascii_letters(u64::from_le_bytes(bytes)), one_by_one);
        }

        #[test]
        fn a_word_has_its_hash_wherever_it_stands(before in "[a-z ]{0,9}", word in "[a-zA-Zжң']{1,20}", after in "[ ,.a-z]{0,9}") {
            let text = format!("{before} {word} {after}");
            let start = before.len() + 1;
            let mut hashes = std::collections::HashMap::new();
            scan_with(&text, &mut Vec::new(), |w| {
                hashes.insert((w.start, w.end), w.hash);
                (0, 0)
            });
            for ((from, to), found) in hashes {
                prop_assert_eq!(found, hash(&text.as_bytes()[from..to], 0, to - from));
                prop_assert!(found != 0 && (from, to).1 > from && start > 0);
            }
        }

        #[test]
        fn offsets_slice_the_original_and_grow(text in "\\PC{0,80}") {
            let mut out = Vec::new();
            scan(&text, &mut out);
            let mut last = 0;
            for w in out {
                prop_assert!(w.start >= last && w.end > w.start);
                prop_assert!(text.get(w.start as usize..w.end as usize).is_some());
                last = w.end;
            }
        }

        #[test]
        fn plain_words_are_those_of_the_unicode_standard(text in "[a-zA-Zа-яА-ЯёәғқңөұүһіӘҒҚҢӨҰҮҺІ ,!?\n]{0,60}") {
            let ours = words(&text);
            let theirs: Vec<&str> = text.unicode_words().collect();
            prop_assert_eq!(ours, theirs);
        }
    }
}
