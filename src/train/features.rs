//! Which features do the texts of the sets have, and how much of each?
//!
//! Words, pairs of neighbouring words and pieces of words, counted and tempered by length. Behind them stand the English words that words and
//! pieces stand for: they are fitted beside the others and then given out to them, so that the model that is kept has none.

use std::collections::{BTreeMap, HashMap};

use super::gloss::{Bitext, Gloss, Glosses};
use super::sets::Sets;
use super::taught;
use crate::learned::{Kind, Model, temper};
use crate::text::fold;

/// Texts in which a feature must occur.
const FEWEST: u32 = 3;

/// A feature.
pub(super) type Name = (Kind, String);

/// The features of some turns of a conversation, by number.
type Counted = Vec<(u32, f32)>;

/// Features of all texts.
pub(super) struct Features<'s> {
    /// By number.
    pub(super) names: Vec<Name>,
    /// What each stands for.
    glosses: Vec<Gloss>,
    english: usize,
    texts: HashMap<(usize, &'s [usize]), Counted>,
}

impl<'s> Features<'s> {
    /// Counts them with the pieces of a model.
    pub(super) fn of(sets: &'s Sets, model: &Model) -> Features<'s> {
        let mut texts: HashMap<(usize, &[usize]), BTreeMap<Name, f32>> = HashMap::new();
        let mut seen: BTreeMap<Name, u32> = BTreeMap::new();
        for e in &sets.examples {
            for &c in &e.conversations {
                texts.entry((c, &e.turns)).or_insert_with(|| {
                    let turns = &sets.conversations[c].turns;
                    let counts = count(e.turns.iter().map(|t| turns[*t].text.as_ref()), model);
                    counts.keys().for_each(|k| *seen.entry(k.clone()).or_default() += 1);
                    counts
                });
            }
        }
        let names: Vec<Name> = seen.into_iter().filter(|(_, n)| *n >= FEWEST).map(|(k, _)| k).collect();
        let shared = glosses(sets, model);
        let glosses: Vec<Gloss> = names.iter().map(|(kind, name)| shared.of(*kind, name)).collect();
        let numbers: HashMap<&Name, u32> = names.iter().enumerate().map(|(i, n)| (n, i as u32)).collect();
        let numbered = |counts: BTreeMap<Name, f32>| {
            let mut by_number: BTreeMap<u32, f32> = BTreeMap::new();
            for (name, v) in counts {
                if let Some(i) = numbers.get(&name) {
                    *by_number.entry(*i).or_default() += v;
                    let english = glosses[*i as usize].iter().map(|(n, share)| (names.len() as u32 + n, v * share));
                    english.for_each(|(n, v)| *by_number.entry(n).or_default() += v);
                }
            }
            by_number.into_iter().collect()
        };
        let texts = texts.into_iter().map(|(of, counts)| (of, numbered(counts))).collect();
        Features { glosses, english: shared.len(), texts, names }
    }

    /// How many are fitted.
    pub(super) fn len(&self) -> usize {
        self.names.len() + self.english
    }

    /// Adds the features of turns, times `sign`.
    pub(super) fn add(&self, conversation: usize, turns: &[usize], sign: f32, into: &mut BTreeMap<u32, f32>) {
        for (n, v) in &self.texts[&(conversation, turns)] {
            *into.entry(*n).or_default() += sign * v;
        }
    }

    /// Adds to the weight of each feature those of what it stands for, which come behind; then they are not needed.
    pub(super) fn give_out(&self, weights: &mut Vec<f64>) {
        let shared = weights.split_off(self.names.len());
        for (w, gloss) in weights.iter_mut().zip(&self.glosses) {
            *w += gloss.iter().map(|(n, share)| shared[*n as usize] * f64::from(*share)).sum::<f64>();
        }
    }
}

/// What words and their pieces stand for, from the turns that are told in several languages.
fn glosses(sets: &Sets, model: &Model) -> Glosses {
    let words = |at: &usize| words_of(&sets.conversations[*at].turns[0].text);
    let bitexts = |[english, others @ ..]: &[usize; taught::LANGUAGES]| {
        others.each_ref().map(|at| {
            let (words, english, mut pieces) = (words(at), words(english), Vec::new());
            words.iter().for_each(|w| model.each_piece(w, |p| pieces.push(p.to_owned())));
            Bitext { english, words, pieces }
        })
    };
    Glosses::learn(&sets.parallel.iter().flat_map(bitexts).collect::<Vec<_>>())
}

/// Counts of features by name, of some texts taken together.
fn count<'t>(texts: impl Iterator<Item = &'t str>, model: &Model) -> BTreeMap<Name, f32> {
    let mut counts: BTreeMap<Name, f32> = BTreeMap::new();
    let mut n = 0;
    for text in texts {
        let words = words_of(text);
        n += words.len();
        for word in &words {
            *counts.entry((Kind::Word, word.clone())).or_default() += 1.0;
            model.each_piece(word, |p| *counts.entry((Kind::Piece, p.to_owned())).or_default() += 1.0);
        }
        let ends = std::iter::once("^").chain(words.iter().map(String::as_str)).chain(std::iter::once("$"));
        let ends: Vec<&str> = ends.collect();
        if !words.is_empty() {
            for pair in ends.windows(2) {
                *counts.entry((Kind::Pair, pair.join(" "))).or_default() += 1.0;
            }
        }
    }
    let temper = temper(n) as f32;
    counts.values_mut().for_each(|v| *v *= temper);
    counts
}

/// The words of a text, folded.
pub(super) fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    crate::text::scan(text, &mut words);
    words.iter().map(|w| fold(&text[w.start as usize..w.end as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learned::{Head, Table};
    use crate::model::Speaker;
    use crate::train::sets::Target;

    #[test]
    fn what_a_word_stands_for_is_counted_beside_it_and_given_out_to_it() {
        let mut sets = Sets::default();
        for (english, other) in [("pay the card", "төле карта"), ("pay", "төле"), ("the card", "карта")].repeat(4)
        {
            let told = [("en", english), ("ru", other), ("kk", other)]
                .map(|(language, text)| sets.text(text, Speaker::Agent, Some(language)));
            told.iter().for_each(|at| sets.add(0, "", Head::Calm, Target::Graded(1.0), vec![*at], vec![0]));
            sets.parallel.push(told);
        }
        let pieces = tokenizers::models::bpe::BPE::builder().build().unwrap();
        let features = Features::of(&sets, &Model::new(Table::default(), pieces));
        let at = |name: &str| features.names.iter().position(|n| *n == (Kind::Word, name.to_owned())).unwrap();
        let counted = |conversation: usize| {
            let mut into = BTreeMap::new();
            features.add(conversation, &[0], 1.0, &mut into);
            into
        };
        // English "pay" and Kazakh "төле" share one more feature, the same one.
        let english: Vec<u32> = counted(3).into_keys().filter(|n| *n as usize >= features.names.len()).collect();
        let kazakh = counted(5);
        assert_eq!(english.len(), 1);
        assert!(kazakh[&english[0]] > kazakh[&(at(&fold("төле")) as u32)]);
        let mut weights = vec![0.0; features.len()];
        weights[at(&fold("төле"))] = 0.25;
        weights[english[0] as usize] = 1.0;
        features.give_out(&mut weights);
        assert_eq!(weights.len(), features.names.len());
        assert!(weights[at(&fold("төле"))] > 1.25 && weights[at("pay")] > 1.0 && weights[at("the")] == 0.0);
    }
}
