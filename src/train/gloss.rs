//! Which English words do the words of other languages stand for, and their pieces? Learned from turns that are told in several
//! languages, so that what is learned of a word in one language is learned for the others.
//!
//! Translation by co-occurrence: model 1 of Brown, Della Pietra, Della Pietra & Mercer (1993).

use std::collections::{BTreeMap, HashMap};

use crate::learned::Kind;

/// Turns in which a word or piece must stand.
const FEWEST: u32 = 4;
/// Rounds of the estimate.
const ROUNDS: usize = 8;
/// Least probability of a gloss, and the most glosses of a word.
const LEAST: f64 = 0.1;
const MOST: usize = 4;
/// How much more the weight of what a word stands for may move than that of the word alone (standard deviations).
const SHARE: f32 = 2.5;

/// A turn in two languages.
#[derive(Debug)]
pub(super) struct Bitext {
    /// Its English words.
    pub(super) english: Vec<String>,
    /// Its words in the other language, and their pieces.
    pub(super) words: Vec<String>,
    pub(super) pieces: Vec<String>,
}

/// English words by number, and how much of each is meant.
pub(super) type Gloss = Vec<(u32, f32)>;

/// Glosses of words and pieces.
#[derive(Debug, Default)]
pub(super) struct Glosses {
    english: BTreeMap<String, u32>,
    words: HashMap<String, Gloss>,
    pieces: HashMap<String, Gloss>,
}

impl Glosses {
    /// Learns from turns.
    pub(super) fn learn(turns: &[Bitext]) -> Glosses {
        let mut english: BTreeMap<String, u32> = BTreeMap::new();
        turns.iter().flat_map(|t| &t.english).for_each(|w| _ = english.insert(w.clone(), 0));
        english.values_mut().enumerate().for_each(|(i, n)| *n = i as u32);
        let numbered: Vec<Vec<u32>> = turns.iter().map(|t| t.english.iter().map(|w| english[w]).collect()).collect();
        let words = translate(&numbered, turns.iter().map(|t| t.words.as_slice()));
        let pieces = translate(&numbered, turns.iter().map(|t| t.pieces.as_slice()));
        Glosses { english, words, pieces }
    }

    /// How many English words there are.
    pub(super) fn len(&self) -> usize {
        self.english.len()
    }

    /// What a feature stands for, an English word for itself; nothing for one that is not known.
    pub(super) fn of(&self, kind: Kind, name: &str) -> Gloss {
        match kind {
            Kind::Word => match self.english.get(name) {
                Some(n) => vec![(*n, SHARE)],
                None => self.words.get(name).cloned().unwrap_or_default(),
            },
            Kind::Piece => self.pieces.get(name).cloned().unwrap_or_default(),
            Kind::Pair => Gloss::new(),
        }
    }
}

/// The glosses of the words of turns, given the English words of each.
fn translate<'a>(english: &[Vec<u32>], others: impl Iterator<Item = &'a [String]>) -> HashMap<String, Gloss> {
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    // The empty word stands for what is said in English alone.
    let mut names: Vec<&str> = vec![""];
    let mut turns: Vec<u32> = vec![0];
    let mut said: Vec<Vec<u32>> = Vec::with_capacity(english.len());
    for words in others {
        let mut codes = vec![0];
        for word in words {
            let n = *numbers.entry(word).or_insert_with(|| {
                names.push(word);
                turns.push(0);
                names.len() as u32 - 1
            });
            if !codes.contains(&n) {
                turns[n as usize] += 1;
            }
            codes.push(n);
        }
        said.push(codes);
    }
    // How likely a word means an English one; alike at first.
    let mut chance: Option<HashMap<(u32, u32), f64>> = None;
    for _ in 0..ROUNDS {
        let mut counts: HashMap<(u32, u32), f64> = HashMap::new();
        let mut totals = vec![0.0; names.len()];
        for (meant, said) in english.iter().zip(&said) {
            for e in meant {
                let of = |w: &u32| chance.as_ref().map_or(1.0, |c| c.get(&(*w, *e)).copied().unwrap_or(0.0));
                let all: f64 = said.iter().map(of).sum();
                for w in said.iter().filter(|_| all > 0.0) {
                    let share = of(w) / all;
                    *counts.entry((*w, *e)).or_default() += share;
                    totals[*w as usize] += share;
                }
            }
        }
        counts.iter_mut().for_each(|((w, _), c)| *c /= totals[*w as usize]);
        chance = Some(counts);
    }
    let mut glosses: HashMap<u32, Vec<(u32, f64)>> = HashMap::new();
    for ((w, e), p) in chance.unwrap_or_default() {
        if w != 0 && p >= LEAST && turns[w as usize] >= FEWEST {
            glosses.entry(w).or_default().push((e, p));
        }
    }
    let named = |(w, mut gloss): (u32, Vec<(u32, f64)>)| {
        gloss.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        gloss.truncate(MOST);
        (names[w as usize].to_owned(), gloss.into_iter().map(|(e, p)| (e, SHARE * p as f32)).collect())
    };
    glosses.into_iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_by_the_company_they_keep() {
        let turns: Vec<Bitext> = [
            ("your card is here", "ваша карта здесь"),
            ("your money is here", "ваши деньги здесь"),
            ("the card is lost", "карта потеряна"),
            ("the money is lost", "деньги потеряны"),
            ("card", "карта"),
            ("the card and the money", "карта и деньги"),
            ("money", "деньги"),
        ]
        .map(|(english, other)| {
            let words = |t: &str| t.split(' ').map(str::to_owned).collect::<Vec<_>>();
            let pieces = words(other).iter().map(|w| w.chars().take(5).collect()).collect();
            Bitext { english: words(english), words: words(other), pieces }
        })
        .into();
        let glosses = Glosses::learn(&turns);
        let best = |kind, name: &str| {
            let of = glosses.of(kind, name);
            of.first().map(|(n, _)| glosses.english.iter().find(|e| e.1 == n).unwrap().0.as_str().to_owned())
        };
        assert_eq!(best(Kind::Word, "карта").as_deref(), Some("card"));
        assert_eq!(best(Kind::Word, "деньги").as_deref(), Some("money"));
        assert_eq!(best(Kind::Piece, "деньг").as_deref(), Some("money"));
        assert_eq!(best(Kind::Word, "money").as_deref(), Some("money"), "itself");
        assert_eq!(best(Kind::Word, "потеряна"), None, "too seldom");
        assert_eq!(best(Kind::Pair, "карта потеряна"), None);
        let shares: f32 = glosses.of(Kind::Word, "карта").iter().map(|g| g.1).sum();
        assert!(shares > 0.0 && shares <= SHARE + 1e-6, "{shares}");
    }
}
