//! The sentences conversations are put together from, and the dice.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::model::Language;
use crate::random::SplitMix64;

/// Numbers that look like chance: splitmix64.
pub(super) struct Random(SplitMix64);

impl Random {
    pub(super) fn new(seed: u64, index: u64, language: Language) -> Self {
        // Neighbouring seeds and indices must not give neighbouring streams.
        let first = |seed: u64| SplitMix64::new(seed).next_u64();
        Random(SplitMix64::new(first(seed ^ (language as u64) << 62).wrapping_add(first(index))))
    }

    #[cfg(test)]
    fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// 0..n, for n below 2³².
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0.below(n)
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of them; an empty text when there are none.
    pub(super) fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from.get(self.below(from.len() as u64) as usize).copied().unwrap_or_default()
    }
}

/// The sentences of a language and the words for their slots, by section.
pub(super) struct Phrases {
    pub(super) language: Language,
    pub(super) sections: BTreeMap<&'static str, Vec<&'static str>>,
}

impl Phrases {
    pub(super) fn of(language: Language) -> &'static Phrases {
        static ALL: OnceLock<[Phrases; 3]> = OnceLock::new();
        let all = ALL.get_or_init(|| {
            Language::ALL.map(|language| {
                Phrases::parse(
                    language,
                    match language {
                        Language::English => include_str!("en.txt"),
                        Language::Russian => include_str!("ru.txt"),
                        Language::Kazakh => include_str!("kk.txt"),
                    },
                )
            })
        });
        &all[language as usize]
    }

    fn parse(language: Language, text: &'static str) -> Phrases {
        let mut sections: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut section = "";
        for line in text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']');
            } else if section.starts_with("slot.") {
                sections.entry(section).or_default().extend(line.split(", "));
            } else {
                sections.entry(section).or_default().push(line);
            }
        }
        Phrases { language, sections }
    }

    pub(super) fn section(&self, name: &str) -> &[&'static str] {
        self.sections.get(name).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_have_the_same_sections_and_enough_sentences() {
        let sections = |l| Phrases::of(l).sections.keys().collect::<Vec<_>>();
        for (language, least) in [(Language::English, 120), (Language::Russian, 60), (Language::Kazakh, 60)] {
            assert_eq!(sections(language), sections(Language::English));
            let talk = Phrases::of(language).sections.iter().filter(|s| !s.0.starts_with("slot."));
            // The bits that remember what was said.
            assert!(talk.clone().all(|s| s.1.len() <= 64));
            assert!(talk.map(|s| s.1.len()).sum::<usize>() >= least);
        }
    }

    #[test]
    fn the_dice_are_fair_and_neighbours_differ() {
        let mut random = Random::new(1, 0, Language::English);
        let mut counts = [0; 6];
        for _ in 0..6000 {
            counts[random.below(6) as usize] += 1;
        }
        assert!(counts.iter().all(|n| (850..1150).contains(n)), "{counts:?}");
        let mut firsts: Vec<u64> = Vec::new();
        for (seed, index) in [(1, 0), (1, 1), (2, 0), (2, 1)] {
            firsts.extend(Language::ALL.map(|l| Random::new(seed, index, l).next()));
        }
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), 12);
    }
}
