//! How far do scores move when a transcript gets worse?
//!
//! Each kind of damage is done to every turn in the same way every time (by a hash of conversation, turn and word), the conversation
//! is scored again, and the moves of its scores are gathered.

use std::collections::BTreeMap;

use crate::criteria::{self, parts};
use crate::lexicon::{Lexicon, Reader, Reading};
use crate::model::{Conversation, Kind, Language, PartResult, Status};
use crate::scorecard::Scorecard;
use crate::text::{Word, caseless_hash, scan};

/// A kind of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Damage {
    /// Every tenth word is missing.
    Dropped,
    /// Small letters, no punctuation.
    Bare,
    /// Words are taken for others that sound alike, or lose their ends: one in twenty-five.
    Misheard,
    /// Fillers stand between words: one for every twelve.
    Filled,
    /// All of these.
    All,
}

impl Damage {
    /// Every kind.
    pub const EVERY: [Damage; 5] = [Damage::Dropped, Damage::Bare, Damage::Misheard, Damage::Filled, Damage::All];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Damage::Dropped => "a tenth of the words missing",
            Damage::Bare => "lower case, no punctuation",
            Damage::Misheard => "words misheard",
            Damage::Filled => "fillers put in",
            Damage::All => "all of these",
        }
    }
}

/// Groups of words that recognisers take for each other.
const ALIKE: &[&[&str]] = &[
    &["their", "there", "they're"],
    &["to", "too", "two"],
    &["your", "you're"],
    &["its", "it's"],
    &["for", "four"],
    &["no", "know"],
    &["then", "than"],
    &["hear", "here"],
    &["were", "where", "we're"],
    &["by", "bye", "buy"],
    &["right", "write"],
    &["can", "can't"],
    &["sorry", "sory"],
    &["ли", "лей"],
    &["что", "шо"],
    &["сейчас", "щас"],
    &["здравствуйте", "здрасте"],
    &["тоже", "то же"],
    &["также", "так же"],
    &["пожалуйста", "пожалуста"],
    &["спасибо", "пасибо"],
    &["ма", "ба"],
    &["ме", "бе"],
    &["рақмет", "рахмет"],
    &["қазір", "казір"],
    &["жақсы", "жаксы"],
    &["сіз", "сыз"],
];
/// Fillers of each language.
const FILLERS: [&[&str]; 3] = [
    &["um", "uh", "you know", "like", "well"],
    &["ну", "эээ", "вот", "как бы", "это самое"],
    &["ну", "мм", "ааа", "сосын", "жаңағы"],
];

/// A conversation with its speech damaged in one way; another `draw` hits other words.
pub fn damaged(
    c: &Conversation<'_>,
    damage: Damage,
    draw: u64,
    languages: &[Option<Language>],
) -> Conversation<'static> {
    let mut out = c.clone().into_owned();
    for (i, turn) in out.turns.iter_mut().enumerate().filter(|(_, t)| t.kind == Kind::Speech) {
        let seed = caseless_hash(&c.id) ^ ((i as u64) << 8 | draw).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let fillers = FILLERS[languages.get(i).copied().flatten().unwrap_or(Language::English) as usize];
        turn.text = damage_text(&turn.text, damage, seed, fillers).into();
    }
    out
}

fn damage_text(text: &str, damage: Damage, seed: u64, fillers: &[&str]) -> String {
    let does = |d: Damage| damage == d || damage == Damage::All;
    let mut words: Vec<Word> = Vec::new();
    scan(text, &mut words);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (k, w) in words.iter().enumerate() {
        let chance = |salt: u64, one_in: u64| {
            let mut h =
                seed ^ salt.wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ (k as u64).wrapping_mul(0xA076_1D64_78BD_642F);
            h = (h ^ (h >> 32)).wrapping_mul(0xE703_7ED1_A0B4_28DB);
            (h >> 33).is_multiple_of(one_in)
        };
        let (start, end) = (w.start as usize, w.end as usize);
        let between = &text[at..start];
        if does(Damage::Bare) {
            out.push_str(if out.is_empty() { "" } else { " " });
        } else {
            out.push_str(between);
        }
        at = end;
        if does(Damage::Filled) && chance(3, 12) {
            out.push_str(fillers[k % fillers.len()]);
            out.push(' ');
        }
        if does(Damage::Dropped) && words.len() > 1 && chance(1, 10) {
            continue;
        }
        let mut word = text[start..end].to_owned();
        if does(Damage::Misheard) && chance(2, 25) {
            word = misheard(&word);
        }
        out.push_str(&if does(Damage::Bare) { word.to_lowercase() } else { word });
    }
    if !does(Damage::Bare) {
        out.push_str(&text[at..]);
    }
    out
}

/// What a word may be taken for.
fn misheard(word: &str) -> String {
    let lower = word.to_lowercase();
    if let Some(group) = ALIKE.iter().find(|g| g.contains(&lower.as_str())) {
        let at = group.iter().position(|w| *w == lower).unwrap_or(0);
        return group[(at + 1) % group.len()].to_owned();
    }
    // A long word loses its end.
    let letters = word.chars().count();
    if letters >= 6 { word.chars().take(letters - 1).collect() } else { word.to_owned() }
}

/// The moves of one score under one kind of damage: how many there were of each size, so that memory does not grow with them.
#[derive(Clone, Debug, Default)]
pub struct Moves {
    /// Moves by their size in hundredths of a point, without sign.
    sizes: BTreeMap<u16, u64>,
    /// How often a criterion was scored before or after, but not both.
    pub changed: usize,
}

impl Moves {
    /// Adds a move between two scores, 0..=100 each.
    fn add(&mut self, before: f64, after: f64) {
        *self.sizes.entry(((before - after).abs() * 100.0).round() as u16).or_default() += 1;
    }

    /// How many scores were there before and after.
    pub fn count(&self) -> u64 {
        self.sizes.values().sum()
    }

    /// A quantile of the moves in points, `share` in 0..=1; 0 when there is none.
    pub fn quantile(&self, share: f64) -> f64 {
        let wanted = (share * self.count().saturating_sub(1) as f64).round() as u64;
        let mut passed = 0;
        let size = self.sizes.iter().find(|(_, n)| {
            passed += **n;
            passed > wanted
        });
        size.map_or(0.0, |(size, _)| f64::from(*size) / 100.0)
    }
}

/// Moves by damage and score: `overall`, then the criteria by name.
pub type Report = BTreeMap<(Damage, &'static str), Moves>;

/// How often each conversation is damaged in each way.
const DRAWS: u64 = 3;

/// Damages a conversation in every way, three times each, and adds how far its scores move.
pub fn add(
    report: &mut Report,
    c: &Conversation<'_>,
    lexicon: &Lexicon,
    scorecard: &Scorecard,
    reader: &mut Reader<'_>,
) {
    let mut reading = Reading::default();
    let mut score = |c: &Conversation<'_>| -> (Vec<PartResult>, Vec<Option<Language>>) {
        reader.read(c, &mut reading);
        let results = parts(c, &reading, lexicon).iter().map(|p| scorecard.score(p)).collect();
        (results, reading.turns.iter().map(|t| t.language).collect())
    };
    let (before, languages) = score(c);
    let draws = Damage::EVERY.into_iter().flat_map(|d| (0..DRAWS).map(move |draw| (d, draw)));
    for (damage, draw) in draws {
        let (after, _) = score(&damaged(c, damage, draw, &languages));
        for (a, b) in before.iter().zip(&after) {
            let overall = report.entry((damage, "overall")).or_default();
            a.overall.zip(b.overall).iter().for_each(|(x, y)| overall.add(*x, *y));
            for (i, (x, y)) in a.criteria.iter().zip(&b.criteria).enumerate() {
                let moves = report.entry((damage, criteria::ALL[i].name())).or_default();
                x.score.zip(y.score).iter().for_each(|(x, y)| moves.add(*x, *y));
                moves.changed += usize::from((x.status == Status::Scored) != (y.status == Status::Scored));
            }
        }
    }
}

/// Adds the moves of one report to another.
pub fn merge(report: &mut Report, other: Report) {
    for (of, moves) in other {
        let into = report.entry(of).or_default();
        moves.sizes.into_iter().for_each(|(size, n)| *into.sizes.entry(size).or_default() += n);
        into.changed += moves.changed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Speaker, Turn};

    #[test]
    fn damage_is_the_same_every_time_and_does_what_it_says() {
        let text = "Good morning, this is Anna. How can I help you today? I would like to know your number, please.";
        let of = |d| damage_text(text, d, 7, FILLERS[0]);
        assert_eq!(of(Damage::Dropped), of(Damage::Dropped));
        assert!(of(Damage::Dropped).len() < text.len());
        assert_eq!(of(Damage::Bare), text.to_lowercase().replace([',', '.', '?'], ""));
        assert!(of(Damage::Filled).len() > text.len());
        assert!((0..20).any(|s| damage_text(text, Damage::Misheard, s, FILLERS[0]) != text));
        assert_eq!(misheard("Their"), "there");
    }

    #[test]
    fn a_conversation_keeps_its_shape() {
        let turn = |speaker, text: &'static str| Turn { speaker, text: text.into(), ..Turn::default() };
        let c = Conversation {
            id: "x".into(),
            turns: vec![turn(Speaker::Customer, "Hello?"), turn(Speaker::Agent, "Yes.")],
            ..Conversation::default()
        };
        for d in Damage::EVERY {
            let e = damaged(&c, d, 0, &[None, None]);
            assert_eq!((e.turns.len(), e.turns[1].speaker), (2, Speaker::Agent));
        }
        let mut moves = Moves::default();
        assert_eq!((moves.count(), moves.quantile(0.5)), (0, 0.0));
        [(55.0, 50.0), (1.0, 2.0), (0.0, 3.25), (9.0, 8.0)].iter().for_each(|(a, b)| moves.add(*a, *b));
        let quantiles = [0.0, 0.3, 0.6, 1.0].map(|q| moves.quantile(q));
        assert_eq!((moves.count(), quantiles), (4, [1.0, 1.0, 3.25, 5.0]));
    }
}
