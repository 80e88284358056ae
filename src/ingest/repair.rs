//! What speech recognisers get wrong by themselves: loops, words invented in silence, times that cannot be.
//!
//! Loops and inventions get the kind `auto`: they are shown, and not scored. Times are dropped or put in order, never
//! invented. Chats are left as they are: people do write a line four times.

use std::sync::LazyLock;

use regex::Regex;

use super::announcements::turns;
use super::roles::fold;
use crate::model::{Channel, Conversation, Kind, NoteKind, Turn};

/// So many times in a row is a line said by nobody; a single word may be ("hello?", "да").
const SAME_LINE: usize = 4;
const SAME_WORD: usize = 6;

/// What Whisper and its kin write where nobody speaks: whole turns, folded, without signs at the ends. The list follows
/// what their users report most; each would be odd in a service call.
const INVENTED: [&str; 26] = [
    "thanks for watching",
    "thank you for watching",
    "thank you so much for watching",
    "thanks for watching!",
    "thank you very much for watching",
    "please subscribe",
    "please subscribe to my channel",
    "please subscribe to the channel",
    "like and subscribe",
    "don't forget to like and subscribe",
    "subtitles by the amara.org community",
    "transcription by castingwords",
    "subtitles by",
    "see you in the next video",
    "продолжение следует",
    "спасибо за просмотр",
    "подписывайтесь на канал",
    "подписывайтесь на мой канал",
    "подпишись на канал",
    "ставьте лайки и подписывайтесь на канал",
    "редактор субтитров",
    "субтитры сделал",
    "субтитры создавал",
    "субтитры делал",
    "субтитры подготовил",
    "до новых встреч в следующем видео",
];

/// Beginnings of [`INVENTED`] that a name follows.
const WITH_A_NAME: [&str; 7] = [
    "subtitles by",
    "transcription by castingwords",
    "редактор субтитров",
    "субтитры сделал",
    "субтитры создавал",
    "субтитры делал",
    "субтитры подготовил",
];

/// A piece of each of them as it stands in texts: a turn without any is none.
static SIGN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new("watching|WATCHING|ubscribe|ubtitles|CastingWords|next video|родолжение следует|росмотр|одпи|убтитр|новых встреч")
        .ok()
});

/// Mends the turns of a call.
pub(super) fn mend(c: &mut Conversation<'_>) {
    if c.channel != Channel::Call {
        return;
    }
    let mut repeated = same_lines(c);
    let mut invented = Vec::new();
    for (i, turn) in c.turns.iter_mut().enumerate() {
        if turn.kind != Kind::Speech {
            continue;
        }
        if is_loop(&turn.text) {
            turn.kind = Kind::Auto;
            repeated.push(i + 1);
        } else if turn.text.len() < 200
            && SIGN.as_ref().is_some_and(|s| s.is_match(&turn.text))
            && is_invented(&turn.text)
        {
            turn.kind = Kind::Auto;
            invented.push(i + 1);
        }
    }
    if !repeated.is_empty() {
        repeated.sort_unstable();
        let text = format!("not scored: the recogniser went round in circles in {}", turns(&repeated));
        c.note(NoteKind::Repetition, text);
    }
    if !invented.is_empty() {
        let text = format!("not scored: words that recognisers invent in silence, in {}", turns(&invented));
        c.note(NoteKind::Hallucination, text);
    }
    times(c);
}

/// Sets the repeats of a line apart, all but the first; their numbers, counted from 1.
fn same_lines(c: &mut Conversation<'_>) -> Vec<usize> {
    let mut out = Vec::new();
    let mut from = 0;
    for i in 1..=c.turns.len() {
        let goes_on = c.turns.get(i).is_some_and(|t| {
            let first: &Turn<'_> = &c.turns[from];
            t.text.len() == first.text.len()
                && t.kind == Kind::Speech
                && *t.text == *first.text
                && (t.speaker, &t.label) == (first.speaker, &first.label)
        });
        if goes_on {
            continue;
        }
        let count = i - from;
        if count >= SAME_LINE {
            let word = c.turns[from].text.split_whitespace().nth(1).is_none();
            if !word || count >= SAME_WORD {
                for (n, turn) in c.turns[from + 1..i].iter_mut().enumerate() {
                    turn.kind = Kind::Auto;
                    out.push(from + n + 2);
                }
            }
        }
        from = i;
    }
    out
}

/// Whether most of a turn is one word or phrase (up to eight words) over and over.
fn is_loop(text: &str) -> bool {
    const PROBE: usize = 12;
    const WINDOW: usize = 240;
    if text.len() < 40 {
        return false;
    }
    // What goes round for most of the text stands in its middle, and again not far behind.
    let bytes = text.as_bytes();
    let middle = text.len() / 2 - PROBE;
    let behind = &bytes[middle + 1..(middle + 1 + WINDOW).min(bytes.len())];
    if memchr::memmem::find(behind, &bytes[middle..middle + PROBE]).is_none() {
        return false;
    }
    let words: Vec<String> = text
        .split_whitespace()
        .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .filter(|w| !w.is_empty())
        .collect();
    (1..=8).any(|n| {
        let (mut longest, mut run, mut letters) = (0, 0, false);
        for i in n..words.len() {
            run = if words[i] == words[i - n] { run + 1 } else { 0 };
            if run > longest {
                longest = run;
                // Digits are read out like that.
                letters = words[i - n + 1..=i].iter().any(|w| w.chars().any(char::is_alphabetic));
            }
        }
        let covered = longest + n;
        let rounds = covered / n;
        letters && covered >= 10 && covered * 10 >= words.len() * 6 && rounds >= if n == 1 { 8 } else { 4 }
    })
}

fn is_invented(text: &str) -> bool {
    let folded = fold(text);
    let plain = folded.trim_matches(|c: char| !c.is_alphanumeric());
    INVENTED.contains(&plain)
        || WITH_A_NAME.iter().any(|b| plain.strip_prefix(b).is_some_and(|rest| rest.starts_with(' ')))
}

/// A turn that goes on for so long with so few words a second has an end that is wrong.
const SILENT: f64 = 30.0;
const WORDS_A_SECOND: f64 = 0.15;
/// Seconds by which a turn may begin before the one above it.
const BACKWARDS: f64 = 5.0;

/// Drops times that cannot be, and puts turns in the order of their starts where they stand speaker by speaker.
fn times(c: &mut Conversation<'_>) {
    let Some(first) = c.turns.first().and_then(|t| t.start) else { return };
    if c.turns.len() >= 3 && c.turns.iter().all(|t| t.start == Some(first) && t.end.is_none_or(|e| e == first)) {
        for turn in &mut c.turns {
            (turn.start, turn.end) = (None, None);
        }
        c.note(NoteKind::Times, "all turns have the same time; taken for none");
        return;
    }
    let mut dropped = Vec::new();
    let (mut latest, mut backwards, mut complete) = (first, false, true);
    for (i, turn) in c.turns.iter_mut().enumerate() {
        match turn.start {
            Some(start) => {
                backwards |= latest - start > BACKWARDS;
                latest = latest.max(start);
            }
            None => complete = false,
        }
        if let (Some(start), Some(end)) = (turn.start, turn.end)
            && end - start > SILENT
            && (turn.text.split_whitespace().take(1000).count() as f64) < (end - start) * WORDS_A_SECOND
        {
            turn.end = None;
            dropped.push(i + 1);
        }
    }
    if !dropped.is_empty() {
        let text = format!("{}: the end is too far behind the words; taken for not known", turns(&dropped));
        c.note(NoteKind::Times, text);
    }
    if backwards && complete {
        c.turns.sort_by(|a, b| a.start.unwrap_or(0.0).total_cmp(&b.start.unwrap_or(0.0)));
        c.note(NoteKind::Times, "the turns did not stand in the order of their times; put in order");
    } else if backwards {
        c.note(NoteKind::Times, "some turns have no time and others do not stand in order: left as they stand");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Speaker;

    fn call(lines: &[(&str, f64, f64)]) -> Conversation<'static> {
        let turns = lines.iter().map(|(text, start, end)| Turn {
            speaker: Speaker::Agent,
            text: (*text).to_owned().into(),
            start: (*start >= 0.0).then_some(*start),
            end: (*end >= 0.0).then_some(*end),
            ..Turn::default()
        });
        let mut c = Conversation { channel: Channel::Call, turns: turns.collect(), ..Conversation::default() };
        mend(&mut c);
        c
    }

    fn scored(texts: &[&str]) -> Vec<bool> {
        let lines: Vec<_> = texts.iter().map(|t| (*t, -1.0, -1.0)).collect();
        call(&lines).turns.iter().map(|t| t.kind == Kind::Speech).collect()
    }

    #[test]
    fn a_line_that_comes_again_and_again_is_kept_once() {
        assert_eq!(
            scored(&["One moment.", "One moment.", "One moment.", "One moment.", "Here."]),
            [true, false, false, false, true]
        );
        assert_eq!(scored(&["One moment.", "One moment.", "One moment."]), [true; 3]);
        assert_eq!(scored(&["Алло?", "Алло?", "Алло?", "Алло?"]), [true; 4], "people say so");
    }

    #[test]
    fn loops_within_a_turn_are_left_out() {
        let phrase = "и мы посмотрим ".repeat(12);
        assert_eq!(scored(&[&format!("Хорошо, {phrase}"), &"you ".repeat(30)]), [false, false]);
        assert_eq!(
            scored(&[
                "Ваш номер ноль ноль семь, ноль ноль семь, верно, я сейчас посмотрю, что с ним можно сделать",
                "8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8",
                "No, no, no, no, I did not mean that at all, I only wanted to ask about the delivery",
            ]),
            [true; 3]
        );
    }

    #[test]
    fn words_of_silence_are_left_out() {
        for text in [
            "Thanks for watching!",
            "Субтитры сделал DimaTorzok",
            "Продолжение следует...",
            "Редактор субтитров А.Синецкая Корректор А.Егорова",
            "Subtitles by the Amara.org community",
        ] {
            assert_eq!(scored(&[text]), [false], "{text}");
        }
        for text in [
            "Thanks for watching over it while I was away.",
            "Можно включить субтитры?",
            "Please subscribe me to the letter",
        ] {
            assert_eq!(scored(&[text]), [true], "{text}");
        }
    }

    #[test]
    fn times_are_dropped_or_put_in_order_and_never_invented() {
        let starts = |c: &Conversation<'_>| c.turns.iter().map(|t| (t.start, t.end)).collect::<Vec<_>>();
        let c = call(&[("a b", 0.0, 2.0), ("c d", 10.0, 90.0)]);
        assert_eq!(starts(&c)[1], (Some(10.0), None));
        assert_eq!(c.notes[0].kind, NoteKind::Times);
        let c = call(&[("a", 0.0, 1.0), ("c", 20.0, 21.0), ("b", 3.0, 4.0)]);
        assert_eq!(starts(&c)[1], (Some(3.0), Some(4.0)));
        let c = call(&[("a", 0.0, -1.0), ("b", 0.0, -1.0), ("c", 0.0, -1.0)]);
        assert_eq!(starts(&c), [(None, None); 3]);
        let c = call(&[("a", 0.0, 4.0), ("b", 3.0, 5.0), ("c", 2.5, 6.0)]);
        assert!(c.notes.is_empty() && starts(&c)[2].0 == Some(2.5), "people overlap");
    }
}
