//! Texts that somebody read in the wrong charset before they came here: `РџСЂРёРІРµС‚`, `Ïðèâåò`, `оПХБЕР`.
//!
//! Told by how often letters occur, as charsets of files are; turned back only where nothing is lost by it.

use std::borrow::Cow;

use encoding_rs::{Encoding, IBM866, KOI8_R, UTF_8, WINDOWS_1251, WINDOWS_1252};

use super::charset::likeness;
use crate::model::{Conversation, NoteKind, Text};

/// What it was taken for, what it is.
type Mistake = (&'static Encoding, &'static Encoding);

/// Bytes of a conversation that are looked at.
const SAMPLE: usize = 600;
/// Fewest letters beyond ASCII in them.
const LETTERS: usize = 12;

/// Mends the texts of a conversation.
pub(super) fn mend(c: &mut Conversation<'_>) {
    let mut found = None;
    for turn in c.turns.iter().filter(|t| !t.text.is_ascii()).take(8) {
        let sample = &turn.text[..turn.text.floor_char_boundary(SAMPLE)];
        // Boxes and blocks are what letters become in IBM866 and KOI8-R, signs and controls in Latin-1.
        let sign = |c: &char| ('\u{2500}'..='\u{259f}').contains(c) || ('\u{80}'..='\u{bf}').contains(c);
        let letter = |c: &char| !c.is_ascii() && (c.is_alphabetic() || sign(c));
        let letters = sample.chars().filter(letter).count();
        if letters < LETTERS {
            continue;
        }
        // Nearly always it is the first turn that is like any text, and nothing is to do.
        found = if likeness(sample) > letters as i64 / 2 { None } else { mistake(sample) };
        break;
    }
    let Some(mistake) = found else { return };
    let mut left = 0;
    for turn in &mut c.turns {
        left += usize::from(!put_right(&mut turn.text, mistake));
        for text in [&mut turn.label, &mut turn.agent_id].into_iter().flatten() {
            put_right(text, mistake);
        }
    }
    for text in [&mut c.agent_id, &mut c.queue, &mut c.team].into_iter().flatten() {
        put_right(text, mistake);
    }
    let taken = if mistake.0 == WINDOWS_1252 { "Latin" } else { mistake.0.name() };
    let mut text = format!("the texts are {} that was taken for {taken}; turned back", mistake.1.name());
    if left > 0 {
        text += &format!("; {left} turns had lost letters and are left as they are");
    }
    c.note(NoteKind::Charset, text);
}

/// What went wrong with a text that is unlike one as it stands, if it is like one when turned back.
fn mistake(sample: &str) -> Option<Mistake> {
    let mut best: Option<((u8, i64), Mistake)> = None;
    for from in [WINDOWS_1252, WINDOWS_1251, KOI8_R, IBM866] {
        let whole = encode(sample, from, false);
        let lossless = whole.is_some();
        let Some(bytes) = whole.or_else(|| encode(sample, from, true)) else { continue };
        for to in [UTF_8, WINDOWS_1251, KOI8_R, IBM866] {
            if from == to {
                continue;
            }
            let (text, broken) = to.decode_without_bom_handling(&bytes);
            let cyrillic = text.chars().filter(|c| ('\u{400}'..='\u{4ff}').contains(c)).count();
            // A letter cut off at the end of the sample may be broken, and one that was lost before.
            let lost = text.chars().filter(|c| *c == '\u{fffd}').count();
            if cyrillic < LETTERS / 2 || broken && lost * 20 > cyrillic {
                continue;
            }
            let score = likeness(&text) * 100 / cyrillic as i64;
            // Bytes that are UTF-8 by chance are rare; of the rest those go first by which nothing is lost.
            let sure = match (to == UTF_8 && lost <= 2, lossless && lost <= 1) {
                (true, _) => 2,
                (false, lossless) => u8::from(lossless),
            };
            let rank = (sure, score + 4 * pairs(&text) * 100 / cyrillic as i64);
            // The letters of Kazakh are no common ones.
            let least = if sure == 2 { 0 } else { 120 };
            if score >= least && best.is_none_or(|b| rank > b.0) {
                best = Some((rank, (from, to)));
            }
        }
    }
    best.map(|b| b.1)
}

/// How many of the most frequent pairs of letters of Russian a text has.
fn pairs(text: &str) -> i64 {
    const FREQUENT: [&str; 36] = [
        "ст", "но", "то", "на", "ен", "ов", "ни", "ра", "во", "ко", "пр", "ть", "ет", "по", "не", "ро", "ал", "ер",
        "ли", "ос", "ом", "ль", "го", "та", "ва", "да", "де", "ан", "ка", "ор", "ам", "ит", "ем", "ме", "ту", "вы",
    ];
    let lower = text.to_lowercase();
    // Letters of these pairs are two bytes each.
    let bytes = lower.as_bytes();
    let count = (0..bytes.len()).filter(|i| FREQUENT.iter().any(|p| bytes[*i..].starts_with(p.as_bytes()))).count();
    count as i64
}

/// The bytes that a text was read from; with `lossy` letters that no byte can have been are left out.
fn encode(text: &str, from: &'static Encoding, lossy: bool) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for c in text.chars() {
        match c {
            '\0'..='\u{7f}' => out.push(c as u8),
            // Latin-1 leaves bytes as they are, windows-1252 makes signs of some.
            '\u{80}'..='\u{ff}' if from == WINDOWS_1252 => out.push(c as u8),
            _ => {
                let (bytes, _, unmapped) = from.encode(c.encode_utf8(&mut buffer));
                if !unmapped {
                    out.extend_from_slice(&bytes);
                } else if !lossy {
                    return None;
                }
            }
        }
    }
    Some(out)
}

/// Turns a text back; whether nothing would be lost by it, or nothing was to do.
fn put_right(text: &mut Text<'_>, (from, to): Mistake) -> bool {
    if text.is_ascii() {
        return true;
    }
    let Some(bytes) = encode(text, from, false) else { return false };
    let (right, broken) = to.decode_without_bom_handling(&bytes);
    if broken {
        return false;
    }
    // A part that was right from the start would become worse.
    if likeness(&right) > likeness(text) {
        text.0 = Cow::Owned(right.into_owned());
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Turn;

    const RUSSIAN: &str = "Добрый день, меня зовут Айдана, чем я могу вам помочь?";
    const KAZAKH: &str = "Қайырлы күн, сізге қалай көмектесе аламын? Өтінемін, айтыңызшы.";

    fn mended(texts: &[&str]) -> (Vec<String>, usize) {
        let turns = texts.iter().map(|t| Turn { text: (*t).to_owned().into(), ..Turn::default() }).collect();
        let mut c = Conversation { turns, ..Conversation::default() };
        mend(&mut c);
        (c.turns.iter().map(|t| t.text.to_string()).collect(), c.notes.len())
    }

    /// Bytes of one charset read in another; Latin-1 leaves bytes as they are.
    fn misread(text: &str, is: &'static Encoding, taken: &'static Encoding) -> String {
        let bytes = is.encode(text).0.into_owned();
        if taken == WINDOWS_1252 {
            bytes.iter().map(|b| char::from(*b)).collect()
        } else {
            taken.decode_without_bom_handling(&bytes).0.into_owned()
        }
    }

    #[test]
    fn texts_read_in_the_wrong_charset_are_turned_back() {
        for is in [UTF_8, WINDOWS_1251, KOI8_R, IBM866] {
            for taken in [WINDOWS_1252, WINDOWS_1251, KOI8_R, IBM866] {
                if is != taken {
                    let (texts, notes) = mended(&[&misread(RUSSIAN, is, taken), "ok"]);
                    assert_eq!(
                        (&*texts[0], &*texts[1], notes),
                        (RUSSIAN, "ok", 1),
                        "{} as {}",
                        is.name(),
                        taken.name()
                    );
                }
            }
        }
        let (texts, notes) = mended(&[&misread(KAZAKH, UTF_8, WINDOWS_1252)]);
        assert_eq!((&*texts[0], notes), (KAZAKH, 1));
    }

    #[test]
    fn right_texts_stay() {
        for text in [
            RUSSIAN,
            KAZAKH,
            "Café, déjà vu, naïve — c'est là que ça à été créé",
            "Grüße aus Köln, schöne Größe übrig für später",
        ] {
            assert_eq!(mended(&[text]), (vec![text.to_owned()], 0));
        }
        let wrong = misread(RUSSIAN, UTF_8, WINDOWS_1251);
        let (texts, _) = mended(&[&wrong, RUSSIAN]);
        assert_eq!(texts, [RUSSIAN, RUSSIAN], "a turn that was right stays");
    }
}
