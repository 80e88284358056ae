//! What fills the slots of sentences: some things stay the same through a conversation, others are new each time.

use std::fmt::Write as _;

use super::{Phrases, Random};
use crate::model::Language;

const COMPANIES: &[&str] = &["Tulpar Home", "Altyn Store", "Nordvale", "Sunkar Mobile", "Birch and Co", "Samal Energy"];
const BRANDS: &[&str] = &["Lumo", "Veka", "Orrin", "Tazo", "Quill", "Brava", "Kelm", "Sorvi"];

/// What a conversation is about.
pub(super) struct Facts {
    pub(super) agent: String,
    company: &'static str,
    surname: String,
    street: String,
    product: &'static str,
    model: String,
    order: String,
    amount: String,
}

impl Facts {
    pub(super) fn new(random: &mut Random, phrases: &Phrases, agent: u64) -> Facts {
        let names = phrases.section("slot.name");
        let mut facts = Facts {
            agent: names.get((agent % names.len().max(1) as u64) as usize).copied().unwrap_or_default().to_owned(),
            company: random.pick(COMPANIES),
            surname: surname(random, phrases),
            street: surname(random, phrases),
            product: random.pick(phrases.section("slot.product")),
            model: format!(
                "{} {}{}",
                random.pick(BRANDS),
                (b'A' + random.below(26) as u8) as char,
                100 + random.below(900)
            ),
            order: format!("{}-{}", random.pick(&["TH", "AS", "NV", "KZ"]), 10_000 + random.below(90_000)),
            amount: String::new(),
        };
        let amount = random.pick(phrases.section("slot.amount"));
        let mut text = String::new();
        facts.fill(random, phrases, amount, &mut text);
        facts.amount = text;
        facts
    }

    /// Appends the sentence to `out`, its slots filled.
    pub(super) fn fill(&self, random: &mut Random, phrases: &Phrases, sentence: &'static str, out: &mut String) {
        let mut rest = sentence;
        while let Some((before, behind)) = rest.split_once('{') {
            let (slot, after) = behind.split_once('}').unwrap_or((behind, ""));
            out.push_str(before);
            self.slot(random, phrases, slot, out);
            rest = after;
        }
        out.push_str(rest);
    }

    fn slot(&self, random: &mut Random, phrases: &Phrases, slot: &str, out: &mut String) {
        let mut number = |out: &mut String, least: u64, most: u64| {
            // Writing to a text never fails.
            let _ = write!(out, "{}", least + random.below(most - least + 1));
        };
        match slot {
            "agent" => out.push_str(&self.agent),
            "company" => out.push_str(self.company),
            "surname" => out.push_str(&self.surname),
            "street" => out.push_str(&self.street),
            "product" => out.push_str(self.product),
            "model" => out.push_str(&self.model),
            "order" => out.push_str(&self.order),
            "amount" => out.push_str(&self.amount),
            "n" => number(out, 2, 9),
            "minutes" => number(out, 2, 40),
            "day" | "dayth" => {
                // No 1st, 2nd or 3rd to spell.
                number(out, 4, 20);
                if slot == "dayth" {
                    out.push_str("th");
                }
            }
            "digits" => number(out, 1000, 9999),
            "hundreds" => number(out, 20, 900),
            "thousands" => {
                number(out, 2, 180);
                out.push_str(if phrases.language == Language::English { ",500" } else { " 500" });
            }
            "time" => {
                number(out, 8, 21);
                out.push(':');
                number(out, 1, 5);
                number(out, 0, 9);
            }
            "phone" => {
                // A range that nobody has.
                out.push_str("+7 700 000 ");
                number(out, 10, 99);
                out.push(' ');
                number(out, 10, 99);
            }
            "email" => {
                let mut local = surname(random, Phrases::of(Language::English)).to_lowercase();
                let _ = write!(local, ".{}@example.com", random.below(1000));
                out.push_str(&local);
            }
            "date" => {
                let date = random.pick(phrases.section("slot.date"));
                self.fill(random, phrases, date, out);
            }
            "name" => out.push_str(random.pick(phrases.section("slot.name"))),
            "city" => out.push_str(random.pick(phrases.section("slot.city"))),
            "month" => out.push_str(random.pick(phrases.section("slot.month"))),
            // Left standing, so that a test finds it.
            _ => {
                let _ = write!(out, "{{{slot}}}");
            }
        }
    }
}

/// A surname or street put together from syllables: thousands of them, most of them seldom, as in life.
fn surname(random: &mut Random, phrases: &Phrases) -> String {
    ["slot.first", "slot.middle", "slot.last"].map(|part| random.pick(phrases.section(part))).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_known_and_rare_words_are_many() {
        for language in Language::ALL {
            let phrases = Phrases::of(language);
            let mut random = Random::new(1, 2, language);
            let facts = Facts::new(&mut random, phrases, 3);
            for sentence in phrases.sections.values().flatten() {
                let mut out = String::new();
                facts.fill(&mut random, phrases, sentence, &mut out);
                assert!(!out.contains(['{', '}']) && !out.is_empty(), "{language:?}: {sentence} gave {out}");
            }
            let names: std::collections::BTreeSet<_> = (0..1000).map(|_| surname(&mut random, phrases)).collect();
            assert!(names.len() > 600, "{language:?}: {} names", names.len());
        }
    }

    #[test]
    fn what_a_conversation_is_about_stays() {
        let phrases = Phrases::of(Language::English);
        let mut random = Random::new(1, 2, Language::English);
        let facts = Facts::new(&mut random, phrases, 3);
        let mut out = String::new();
        facts.fill(&mut random, phrases, "{order} {surname} {order} {surname}", &mut out);
        let (first, second) = out.split_at(out.len() / 2);
        assert_eq!(first.trim(), second.trim());
    }
}
