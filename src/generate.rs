//! Makes nights of service talk to measure with: as much as is asked for, the same bytes from the same seed.
//!
//! A conversation follows a plan (greeting, problem, questions, holds, refusals, closing, or a hang-up) whose turns are
//! put together from invented sentences (`generate/<lang>.txt`) with names, products, sums and dates in them. What matters
//! for speed is as in real talk: about 25 turns and 600 words a conversation (in English about 4.5 KB of JSON), short and
//! long turns mixed, numbers, and a long tail of rare words (surnames, streets, models). It says nothing of how *well*
//! anything is scored: the sentences were not said by anybody.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::model::{Channel, Conversation, Language, Outcome, Speaker, Turn};

mod facts;
mod phrases;

use facts::Facts;
use phrases::{Phrases, Random};

/// Agents the conversations are shared among: `agent-000` to `agent-199`.
pub const AGENTS: u64 = 200;

/// How much to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// As many conversations as it takes to reach so many bytes; the last one may stand over.
    Bytes(u64),
    /// So many conversations.
    Conversations(u64),
}

/// Writes canonical JSON Lines, the languages taking turns (English when there are none). Returns the number of
/// conversations.
///
/// # Errors
/// What `out` returns.
pub fn write(out: &mut impl Write, amount: Amount, seed: u64, languages: &[Language]) -> io::Result<u64> {
    let languages = if languages.is_empty() { &[Language::English] } else { languages };
    let (mut bytes, mut index) = (0, 0);
    let mut line = Vec::with_capacity(16 << 10);
    for language in languages.iter().cycle() {
        match amount {
            Amount::Bytes(n) if bytes >= n => break,
            Amount::Conversations(n) if index >= n => break,
            _ => {}
        }
        line.clear();
        serde_json::to_writer(&mut line, &conversation(seed, index, *language))?;
        line.push(b'\n');
        out.write_all(&line)?;
        bytes += line.len() as u64;
        index += 1;
    }
    Ok(index)
}

/// One conversation; it depends on nothing but the arguments. The id is unique within a seed.
pub fn conversation(seed: u64, index: u64, language: Language) -> Conversation<'static> {
    let mut random = Random::new(seed, index, language);
    let phrases = Phrases::of(language);
    let agent = random.below(AGENTS);
    let channel = if random.chance(75) { Channel::Call } else { Channel::Chat };
    let facts = Facts::new(&mut random, phrases, agent);
    let mut talk = Talk {
        // A manner belongs to an agent, so that agents differ by more than chance.
        manner: [Manner::Kind, Manner::Kind, Manner::Plain, Manner::Plain, Manner::Curt][(agent % 5) as usize],
        mood: [Mood::Calm, Mood::Calm, Mood::Calm, Mood::Worried, Mood::Upset][random.below(5) as usize],
        timed: channel == Channel::Call,
        random,
        phrases,
        facts,
        turns: Vec::with_capacity(32),
        used: BTreeMap::new(),
        clock: 0.0,
        second_agent: None,
    };
    let ended = talk.run();
    let random = &mut talk.random;
    let second = random.below(14 * 3600);
    let outcome = random.chance(30).then(|| Outcome {
        csat: Some((1 + random.below(3) + if ended { 2 } else { 0 }) as f64),
        resolved: Some(ended),
    });
    let end = if ended { "completed" } else { "customer_hang_up" };
    let mut conversation = Conversation {
        id: format!("g{index}-s{seed:x}").into(),
        channel,
        language: Some(language.code().into()),
        started_at: Some(
            format!("2026-11-20T{:02}:{:02}:{:02}+05:00", 8 + second / 3600, second / 60 % 60, second % 60).into(),
        ),
        queue: Some(["orders", "billing", "repairs", "mobile"][random.below(4) as usize].into()),
        team: Some(format!("team {}", 1 + agent / 20).into()),
        agent_id: Some(format!("agent-{agent:03}").into()),
        outcome,
        turns: talk.turns,
        ..Conversation::default()
    };
    conversation.labels.0.insert("end_reason".into(), end.into());
    conversation
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Kind,
    Plain,
    Curt,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Calm,
    Worried,
    Upset,
}

/// A conversation as it is made.
struct Talk {
    random: Random,
    phrases: &'static Phrases,
    facts: Facts,
    manner: Manner,
    mood: Mood,
    timed: bool,
    turns: Vec<Turn<'static>>,
    /// Sentences already said, a bit each, by section: people seldom repeat themselves word for word.
    used: BTreeMap<&'static str, u64>,
    clock: f64,
    second_agent: Option<u64>,
}

impl Talk {
    /// Says everything; whether it came to an orderly end.
    fn run(&mut self) -> bool {
        let middle = 12
            + self.random.below(9)
            + self.random.below(9)
            + if self.random.chance(15) { self.random.below(24) } else { 0 };
        self.opening();
        let (mut before, mut same) = (u64::MAX, 0);
        while self.turns.len() < middle as usize {
            let next = self.random.below(20);
            // The same step three times running would be no talk.
            same = if next == before { same + 1 } else { 0 };
            before = next;
            if same < 2 {
                self.step(next);
            }
        }
        let hang_up = if self.mood == Mood::Upset && self.manner == Manner::Curt { 35 } else { 3 };
        if self.random.chance(hang_up) {
            self.customer(&["customer.upset", "customer.hang_up"]);
            return false;
        }
        self.closing();
        true
    }

    fn opening(&mut self) {
        if self.manner == Manner::Curt && self.random.chance(60) {
            self.agent(&["agent.hello_curt"]);
        } else {
            self.agent(&["agent.hello"]);
        }
        let feeling = self.feeling();
        self.customer(&["customer.open", "customer.problem", "customer.story", feeling]);
        match self.manner {
            Manner::Kind => self.agent(&["agent.empathy", "agent.apology", "agent.ask_id"]),
            Manner::Plain if self.random.chance(40) => self.agent(&["agent.apology", "agent.ask_id"]),
            _ => self.agent(&["agent.ask_id"]),
        }
        let story = self.maybe(60, "customer.story");
        self.customer(&["customer.give_id", story]);
    }

    /// One step of the middle part, of 0..20: a turn of one and the answer of the other.
    fn step(&mut self, which: u64) {
        let (kind, curt) = (self.manner == Manner::Kind, self.manner == Manner::Curt);
        let mhm = self.maybe(30, "agent.mhm");
        let feeling = self.feeling();
        match which {
            0..5 => {
                let more = self.maybe(30, "agent.ask");
                let warm = if kind { self.maybe(35, "agent.reassure") } else { "" };
                self.agent(&[mhm, warm, "agent.ask", more]);
                let story = self.maybe(85, "customer.story");
                self.customer(&["customer.answer", story, feeling]);
            }
            5..9 => {
                let next = self.maybe(75, "agent.next_step");
                let more = self.maybe(60, "agent.explain");
                self.agent(&[mhm, "agent.explain", more, next]);
                self.reaction();
            }
            9..11 => {
                if kind || (!curt && self.random.chance(50)) {
                    self.agent(&[mhm, "agent.hold_ask"]);
                    self.customer(&["customer.wait"]);
                } else {
                    self.agent(&["agent.hold_bare"]);
                }
                self.clock += (20 + self.random.below(160)) as f64;
                self.agent(&["agent.hold_back", "agent.explain", "agent.next_step"]);
                self.reaction();
            }
            11..13 => {
                let (instead, also) =
                    if curt { ("agent.curt", "") } else { ("agent.alternative", self.maybe(30, "agent.next_step")) };
                self.agent(&["agent.refusal", instead, also]);
                if curt || self.mood == Mood::Upset {
                    self.customer(&["customer.upset", "customer.story"]);
                } else {
                    self.reaction();
                }
            }
            13..15 => {
                self.customer(&["customer.question"]);
                let more = self.maybe(60, "agent.next_step");
                self.agent(&["agent.explain", more]);
            }
            15 => {
                self.customer(&["customer.worried", feeling]);
                self.agent(if curt { &["agent.curt"] } else { &["agent.reassure", "agent.next_step"] });
            }
            16 => {
                self.customer(&["customer.confused"]);
                self.agent(if curt {
                    &["agent.curt", "agent.explain"]
                } else {
                    &["agent.explain_again", "agent.explain"]
                });
            }
            17 if self.mood == Mood::Upset => {
                self.customer(&["customer.repeats", "customer.upset", "customer.story"]);
                self.agent(if curt { &["agent.curt"] } else { &["agent.apology", "agent.empathy", "agent.next_step"] });
            }
            18 if self.second_agent.is_none() && self.random.chance(15) => {
                self.agent(&["agent.transfer"]);
                self.second_agent = Some(self.random.below(AGENTS));
                self.clock += (10 + self.random.below(60)) as f64;
                self.facts.agent = self.random.pick(self.phrases.section("slot.name")).to_owned();
                self.agent(&["agent.take_over"]);
                self.customer(&["customer.problem", feeling]);
            }
            _ => {
                self.customer(&["customer.story", "customer.answer"]);
                self.agent(&["agent.mhm"]);
                self.customer(&["customer.story", feeling]);
            }
        }
    }

    fn closing(&mut self) {
        match self.manner {
            Manner::Kind => {
                self.agent(&["agent.recap", "agent.more_help"]);
                self.customer(&["customer.pleased", "customer.no_more"]);
                self.agent(&["agent.bye"]);
            }
            Manner::Plain => {
                let recap = self.maybe(40, "agent.recap");
                self.agent(&[recap, "agent.more_help"]);
                self.customer(&["customer.no_more"]);
                self.agent(&["agent.bye"]);
            }
            Manner::Curt => self.agent(&["agent.bye_curt"]),
        }
        if self.random.chance(70) {
            self.customer(&["customer.bye"]);
        }
    }

    fn reaction(&mut self) {
        let next = match (self.mood, self.random.below(10)) {
            (Mood::Upset, 0..4) => "customer.upset",
            (Mood::Worried, 0..3) => "customer.worried",
            (_, 0..4) => "customer.agree",
            (_, 4..6) => "customer.pleased",
            (_, 6..8) => "customer.mhm",
            _ => "customer.question",
        };
        let story = self.maybe(45, "customer.story");
        self.customer(&[next, story]);
    }

    fn feeling(&mut self) -> &'static str {
        let percent = if self.mood == Mood::Calm { 8 } else { 35 };
        self.maybe(percent, "customer.feeling")
    }

    fn maybe(&mut self, percent: u64, section: &'static str) -> &'static str {
        if self.random.chance(percent) { section } else { "" }
    }

    fn agent(&mut self, sections: &[&'static str]) {
        self.say(Speaker::Agent, sections);
    }

    fn customer(&mut self, sections: &[&'static str]) {
        self.say(Speaker::Customer, sections);
    }

    /// A turn of one sentence from each section; sections without a name are left out.
    fn say(&mut self, speaker: Speaker, sections: &[&'static str]) {
        let mut text = String::with_capacity(256);
        for section in sections.iter().copied().filter(|s| !s.is_empty()) {
            let sentence = self.sentence(section);
            if !text.is_empty() {
                text.push(' ');
            }
            self.facts.fill(&mut self.random, self.phrases, sentence, &mut text);
        }
        if !self.timed {
            text = slips(&mut self.random, &text, if speaker == Speaker::Customer { 6 } else { 1 });
        }
        let (mut start, mut end) = (None, None);
        if self.timed {
            // Now and then one begins before the other has ended.
            let long = self.turns.last().is_some_and(|t| t.end > t.start.map(|s| s + 2.0));
            let gap = if long && self.random.chance(8) { -1.0 } else { 0.3 + self.random.below(12) as f64 / 10.0 };
            let from = if self.turns.is_empty() { 0.0 } else { self.clock + gap };
            self.clock = from + 0.4 + text.split(' ').count() as f64 / 2.6;
            (start, end) = (Some(tenths(from)), Some(tenths(self.clock)));
        }
        let agent_id = self.second_agent.filter(|_| speaker == Speaker::Agent).map(|a| format!("agent-{a:03}").into());
        self.turns.push(Turn { speaker, agent_id, text: text.into(), start, end, ..Turn::default() });
    }

    /// A sentence of the section that was not said yet, as long as there is one.
    fn sentence(&mut self, section: &'static str) -> &'static str {
        let from = self.phrases.section(section);
        let used = self.used.entry(section).or_default();
        if used.count_ones() as usize >= from.len() {
            *used = 0;
        }
        let mut at = self.random.below(from.len() as u64) as usize;
        while *used >> at & 1 == 1 {
            at = (at + 1) % from.len();
        }
        *used |= 1 << at;
        from.get(at).copied().unwrap_or_default()
    }
}

/// What fingers do in a chat: two letters of a word change places in so many of a hundred longer words.
fn slips(random: &mut Random, text: &str, percent: u64) -> String {
    let mut out = String::with_capacity(text.len());
    for (i, word) in text.split(' ').enumerate() {
        if i > 0 {
            out.push(' ');
        }
        let mut letters: Vec<char> = word.chars().collect();
        if letters.len() >= 5 && letters.iter().all(|c| c.is_alphabetic()) && random.chance(percent) {
            let at = 1 + random.below(letters.len() as u64 - 3) as usize;
            letters.swap(at, at + 1);
        }
        out.extend(letters);
    }
    out
}

fn tenths(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::formats::jsonl::lines;
    use crate::lexicon::{Lexicon, Reader, Reading};
    use crate::text::scan;
    use std::path::Path;
    use std::sync::Arc;

    fn night(amount: Amount, seed: u64, languages: &[Language]) -> (u64, Vec<u8>) {
        let mut out = Vec::new();
        let n = write(&mut out, amount, seed, languages).unwrap();
        (n, out)
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let of = |seed| night(Amount::Conversations(40), seed, &Language::ALL);
        assert_eq!(of(7), of(7));
        assert_ne!(of(7).1, of(8).1);
        let (first, second) = (conversation(7, 0, Language::English), conversation(7, 1, Language::English));
        assert_ne!(first.turns, second.turns);
    }

    #[test]
    fn slips_change_the_order_of_letters_and_nothing_else() {
        let mut random = Random::new(1, 0, Language::English);
        let text = "wrong order TH-12345, заказали пылесос";
        assert_eq!(slips(&mut random, text, 0), text);
        let slipped = slips(&mut random, text, 100);
        assert_ne!(slipped, text);
        let sorted = |s: &str| {
            let mut letters: Vec<char> = s.chars().collect();
            letters.sort_unstable();
            letters
        };
        assert_eq!(sorted(&slipped), sorted(text));
        assert!(slipped.contains(" TH-12345, "), "{slipped}");
    }

    #[test]
    fn sizes_are_as_asked() {
        for languages in [&[Language::English][..], &Language::ALL] {
            let (n, bytes) = night(Amount::Bytes(300_000), 1, languages);
            assert!((300_000..330_000).contains(&bytes.len()), "{}", bytes.len());
            assert_eq!(bytes.iter().filter(|b| **b == b'\n').count() as u64, n);
        }
        assert_eq!(night(Amount::Conversations(3), 1, &[]).0, 3);
        assert_eq!(night(Amount::Bytes(0), 1, &[]), (0, vec![]));
    }

    #[test]
    fn the_statistics_are_those_of_talk() {
        let (n, bytes) = night(Amount::Conversations(400), 1, &[Language::English]);
        let file: Arc<Path> = Path::new("x.jsonl").into();
        let (mut turns, mut words, mut hang_ups, mut upset) = (0, 0, 0, 0);
        let mut agents = std::collections::BTreeSet::new();
        let mut scanned = Vec::new();
        for line in lines(&file, 1, &bytes) {
            let (_, c) = line.expect("every line is canonical JSON");
            turns += c.turns.len();
            for t in &c.turns {
                scan(&t.text, &mut scanned);
                words += std::mem::take(&mut scanned).len();
            }
            hang_ups += usize::from(c.labels.0.values().any(|v| &**v == "customer_hang_up"));
            upset += usize::from(c.turns.iter().any(|t| t.text.contains("fed up") || t.text.contains("ridiculous")));
            agents.insert(c.agent_id.unwrap().into_owned());
            if c.channel == Channel::Call {
                let times: Vec<_> = c.turns.iter().map(|t| (t.start.unwrap(), t.end.unwrap())).collect();
                assert!(times.iter().all(|(s, e)| s < e) && times.is_sorted_by_key(|t| t.0), "{times:?}");
            }
        }
        let each = |total: usize| total as f64 / n as f64;
        assert!((20.0..28.0).contains(&each(turns)), "{} turns", each(turns));
        assert!((510.0..690.0).contains(&each(words)), "{} words", each(words));
        assert!((4_200.0..5_600.0).contains(&each(bytes.len())), "{} bytes", each(bytes.len()));
        assert!((8..80).contains(&hang_ups) && upset > 20, "{hang_ups} hang-ups, {upset} upset");
        assert!(agents.len() > 150, "{} agents", agents.len());
    }

    #[test]
    fn every_language_is_read_as_itself() {
        let lexicon = Lexicon::built_in().unwrap();
        let mut reader = Reader::new(&lexicon);
        let mut reading = Reading::default();
        for language in Language::ALL {
            let (mut right, mut acts) = (0, 0);
            for i in 0..40 {
                let c = conversation(1, i, language);
                assert!(c.turns.iter().all(|t| !t.text.is_empty() && !t.text.contains(['{', '}'])), "{c:?}");
                assert_eq!(crate::privacy::mask(&c.id), &*c.id);
                reader.read(&c, &mut reading);
                right += usize::from(reading.language == Some(language));
                acts += reading.acts.len();
            }
            assert_eq!(right, 40, "{language:?}");
            assert!(acts > 40 * 5, "{language:?}: {acts} acts");
        }
    }
}
