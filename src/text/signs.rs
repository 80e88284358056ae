//! Emoji, and faces drawn with brackets: chats say with them what calls say in words.
//!
//! A sign is scanned as a word. All smiles are one word and all sad faces another, whatever they are drawn with: `:)`, `=)`, `)))` as Russians
//! and Kazakhs write, `🙂`; of an emoji that is said again and again the first counts.

/// What faces drawn with brackets are folded to.
const SMILE: char = '🙂';
const SAD: char = '🙁';

/// Whether it is an emoji that says something: faces, hands, hearts, people, animals, things; arrows and bullets are none.
pub fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{1F300}'..='\u{1F3FA}' | '\u{1F400}'..='\u{1F64F}' | '\u{1F680}'..='\u{1F6FF}' | '\u{1F900}'..='\u{1FAFF}'
        | '\u{2600}'..='\u{26FF}' | '\u{270A}'..='\u{270D}' | '\u{2728}' | '\u{2763}' | '\u{2764}' | '\u{2B50}')
}

/// The written form of a sign; `None` for a word.
pub(super) fn fold(word: &str) -> Option<String> {
    let last = word.chars().next_back()?;
    let first = word.chars().next()?;
    match last {
        ')' | 'D' if !first.is_alphanumeric() => Some(SMILE.into()),
        '(' => Some(SAD.into()),
        _ if is_emoji(first) => Some(first.into()),
        _ => None,
    }
}

/// Byte behind the emoji at `at`, with what only changes its look and its repetitions.
pub fn emoji_end(text: &str, at: usize) -> usize {
    let mut rest = text[at..].chars();
    let Some(first) = rest.next() else { return at };
    let mut end = at + first.len_utf8();
    let mut joined = false;
    for c in rest {
        let looks = matches!(c, '\u{FE0E}' | '\u{FE0F}' | '\u{200D}' | '\u{1F3FB}'..='\u{1F3FF}');
        if !(looks || joined || c == first) {
            break;
        }
        joined = c == '\u{200D}';
        end += c.len_utf8();
    }
    end
}

/// Byte behind the face at `at`, if one begins there: eyes and a mouth, or brackets that nothing has opened or closes. `open` is how many
/// brackets are open before it, and `item` whether it may be the mark of an item: `a)`, `2)`.
pub(super) fn face_end(text: &str, at: usize, open: usize, item: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let is = |at: usize, b: u8| bytes.get(at) == Some(&b);
    let run = |from: usize, b: u8| from + bytes[from..].iter().take_while(|x| **x == b).count();
    let blank =
        |at: usize| bytes.get(at).is_none_or(|b| matches!(b, b' ' | b'\n' | b'\r' | b'\t' | b'.' | b',' | b'!'));
    match bytes[at] {
        b':' | b';' | b'=' => {
            let mouth = at + 1 + usize::from(is(at + 1, b'-'));
            match bytes.get(mouth)? {
                b')' if open == 0 => Some(run(mouth, b')')),
                b'(' if blank(run(mouth, b'(')) => Some(run(mouth, b'(')),
                b'D' if blank(mouth + 1) => Some(mouth + 1),
                _ => None,
            }
        }
        b')' if open == 0 => Some(run(at, b')')).filter(|end| !item || end - at > 1),
        b'(' => Some(run(at, b'(')).filter(|end| blank(*end)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::text::{Flags, fold, scan, sentences};

    fn signs(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        scan(text, &mut words);
        let signs = words.iter().filter(|w| w.flags.has(Flags::SIGN));
        signs.map(|w| fold(&text[w.start as usize..w.end as usize])).collect()
    }

    #[test]
    fn faces_are_one_whatever_they_are_drawn_with() {
        for smile in
            ["спасибо)", "спасибо )))", "thanks :)", "thanks :-)", "рахмет =)", "ok ;)", "nice :D", "ok 🙂🙂🙂"]
        {
            assert_eq!(signs(smile), ["🙂"], "{smile}");
        }
        for sad in ["не работает(", "ужас ((", "oh no :(", "oh :-((", "істемейді (("] {
            assert_eq!(signs(sad), ["🙁"], "{sad}");
        }
    }

    #[test]
    fn brackets_and_marks_of_items_are_no_faces() {
        for text in [
            "the card (the old one) is here",
            "1) name 2) number",
            "а) паспорт б) полис",
            "(см. приложение)",
            "a note: (see below)",
            "at 10:30, or (10:45)",
            "I paid (twice).",
            "x == y",
        ] {
            assert!(signs(text).is_empty(), "{text}: {:?}", signs(text));
        }
    }

    #[test]
    fn emoji_are_told_without_their_look_and_repetitions() {
        assert_eq!(signs("Top 👍🏽👍🏽 ❤️❤️!"), ["👍", "❤"]);
        assert_eq!(signs("🤦🏻‍♀️ again"), ["🤦"]);
        assert_eq!(signs("→ ✓ № ©"), Vec::<String>::new());
    }

    #[test]
    fn a_sign_is_no_sentence_and_parts_those_around_it() {
        let text = "Could you help me? 🙏 thank you)) and bye";
        let mut words = Vec::new();
        scan(text, &mut words);
        let lengths: Vec<usize> = sentences(&words).map(<[_]>::len).collect();
        assert_eq!(lengths, [4, 2, 2]);
        let thank = words.iter().find(|w| text[w.start as usize..].starts_with("thank")).unwrap();
        assert!(thank.flags.has(Flags::SENTENCE) && !thank.flags.has(Flags::SIGN));
    }
}
