//! An agent's habits over the night: the same words of empathy to everybody, the same sentence again and again, and whether they
//! follow the customer's language.
//!
//! Sentences are compared by their words, whatever their case, punctuation and numbers. How often each is said is counted in bounded memory
//! by Space-Saving (Metwally, Agrawal & El Abbadi 2005): a sentence said in more conversations than the number of sentences over the
//! number of counters is always kept, and a count is never above the true one once its error is taken off, which is done here.
//!
//! A habit is flagged when the agent's most frequent sentence stands in at least [`LEAST_SHARE`] of their conversations, in
//! [`MUCH_ABOVE`] times as large a share as the most frequent sentences of the other agents do, and by more than chance (two shares,
//! Benjamini & Hochberg over the agents). Words that the company wants said, which everybody says, are thus nobody's habit; greetings, closings
//! and holds are left out, unless they hold words of empathy.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::criteria::{Circumstances, Part, Side};
use crate::lexicon::acts::{
    CLOSING_CHECK_RESOLVED, CLOSING_FAREWELL, CLOSING_INVITE_REPLY, CLOSING_OFFER_MORE_HELP, CLOSING_SIGN_OFF,
    CLOSING_THANKS, COURTESY_THANKS, EMPATHY_APOLOGY, EMPATHY_NAME_FEELING, EMPATHY_TAKE_ON, EMPATHY_VALIDATE,
    GREETING_HELLO, GREETING_OFFER_HELP, PATIENCE_HOLD_ASK, PATIENCE_HOLD_THANK,
};
use crate::lexicon::{Act, Reading};
use crate::statistics::{DISCOVERY_RATE, benjamini_hochberg, shares_differ};
use crate::text::{Word, sentences};

/// Fewest conversations in which a habit can be told.
pub const LEAST_CONVERSATIONS: u64 = 10;
/// Least share of the conversations that a habit stands in.
pub const LEAST_SHARE: f64 = 0.3;
/// How many times the others' share it must be.
pub const MUCH_ABOVE: f64 = 1.5;

/// Counters of an agent for all sentences.
const SENTENCES: usize = 64;
/// Counters for sentences of empathy.
const FORMULAS: usize = 16;
/// Words of a sentence that can be a formula.
const WORDS: std::ops::RangeInclusive<usize> = 4..=40;
/// Longest such sentence, in bytes.
const LONGEST: usize = 300;
const EMPATHY: &[Act] = &[EMPATHY_NAME_FEELING, EMPATHY_VALIDATE, EMPATHY_APOLOGY, EMPATHY_TAKE_ON];
/// What is said in every conversation by right.
const ROUTINE: &[Act] = &[
    GREETING_HELLO,
    GREETING_OFFER_HELP,
    CLOSING_CHECK_RESOLVED,
    CLOSING_OFFER_MORE_HELP,
    CLOSING_THANKS,
    CLOSING_FAREWELL,
    CLOSING_INVITE_REPLY,
    CLOSING_SIGN_OFF,
    COURTESY_THANKS,
    PATIENCE_HOLD_ASK,
    PATIENCE_HOLD_THANK,
];

/// The sentences of an agent's part that may be formulas, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentences {
    text: String,
    items: Vec<Sentence>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Sentence {
    hash: u64,
    end: usize,
    empathy: bool,
}

impl Sentences {
    /// Those of a part, as they were said.
    pub fn of(part: &Part<'_>) -> Sentences {
        let mut out = Sentences::default();
        for turn in part.own_turns() {
            let words = part.reading.words_of(turn);
            for sentence in sentences(words) {
                let (Some(first), Some(last)) = (sentence.first(), sentence.last()) else { continue };
                let (start, end) = (first.start as usize, last.end as usize);
                let Some(said) = part.text(turn).get(start..end) else { continue };
                if !WORDS.contains(&sentence.len()) || said.len() > LONGEST {
                    continue;
                }
                let does = |acts: &[Act]| {
                    part.acts(turn).iter().any(|f| acts.contains(&f.act) && f.start < last.end && first.start < f.end)
                };
                // "Sorry for the delay" may both end a hold and be empathy.
                let empathy = does(EMPATHY);
                if empathy || !does(ROUTINE) {
                    out.add(hash(part.reading, sentence), said, empathy);
                }
            }
        }
        out
    }

    fn add(&mut self, hash: u64, said: &str, empathy: bool) {
        if self.items.iter().all(|i| i.hash != hash) {
            self.text.push_str(said);
            self.items.push(Sentence { hash, end: self.text.len(), empathy });
        }
    }

    fn iter(&self) -> impl Iterator<Item = (u64, &str, bool)> {
        let begins = std::iter::once(0).chain(self.items.iter().map(|i| i.end));
        begins.zip(&self.items).map(|(begin, i)| (i.hash, &self.text[begin..i.end], i.empathy))
    }
}

/// A hash of the words of a sentence; all numbers are one.
fn hash(reading: &Reading, words: &[Word]) -> u64 {
    words.iter().map(|w| reading.known(w)).fold(words.len() as u64, |h, known| {
        let word = if known.number { 1 } else { known.hash };
        (h.rotate_left(7) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    })
}

/// Counts of the most frequent sentences.
#[derive(Clone, Debug)]
struct Frequent {
    capacity: usize,
    hashes: Vec<u64>,
    slots: Vec<Slot>,
}

#[derive(Clone, Debug)]
struct Slot {
    count: u64,
    /// How much of the count may be other sentences'.
    error: u64,
    text: String,
}

impl Frequent {
    fn new(capacity: usize) -> Frequent {
        Frequent { capacity, hashes: Vec::new(), slots: Vec::new() }
    }

    fn add(&mut self, hash: u64, text: &str) {
        if let Some(i) = self.hashes.iter().position(|h| *h == hash) {
            self.slots[i].count += 1;
        } else if self.hashes.len() < self.capacity {
            self.hashes.push(hash);
            self.slots.push(Slot { count: 1, error: 0, text: text.to_owned() });
        } else if let Some((i, slot)) = self.slots.iter_mut().enumerate().min_by_key(|(i, s)| (s.count, *i)) {
            self.hashes[i] = hash;
            slot.error = slot.count;
            slot.count += 1;
            slot.text.clear();
            slot.text.push_str(text);
        }
    }

    /// The most frequent sentence and in how many conversations it stands at least.
    fn top(&self) -> Option<(&str, u64)> {
        let sure = |s: &&Slot| s.count - s.error;
        let top = self.slots.iter().max_by(|a, b| sure(a).cmp(&sure(b)).then_with(|| b.text.cmp(&a.text)))?;
        Some((&top.text, sure(&top)))
    }
}

/// What is counted for one agent.
#[derive(Clone, Debug)]
struct Counts {
    empathy: (u64, Frequent),
    sentences: (u64, Frequent),
    language: Languages,
}

/// How an agent and their customers chose a language, in conversations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Languages {
    /// In which it can be told.
    pub known: u64,
    /// In which the agent followed the customer.
    pub followed: u64,
    /// In which the agent was the first to leave the language that the customer began in.
    pub agent_switched: u64,
    /// In which the customer was.
    pub customer_switched: u64,
    /// In which the agent asked the customer to talk in another language.
    pub asked: u64,
}

/// The habits of all agents as they are counted.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    agents: BTreeMap<String, Counts>,
}

/// The most frequent sentence of an agent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Habit {
    /// Conversations that have a sentence of the kind.
    pub conversations: u64,
    /// The sentence, masked; empty where none was said twice.
    pub sentence: String,
    /// Share of the conversations in which it stands, 0..=1, at the least.
    pub share: Option<f64>,
    /// Whether it is much more frequent than the other agents' most frequent ones; `None` where too few conversations tell.
    pub flagged: Option<bool>,
}

/// What is said of the habits of one agent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentHabits {
    /// The most frequent sentence of empathy; flagged when empathy is canned.
    pub empathy: Habit,
    /// The most frequent sentence of any kind.
    pub sentence: Habit,
    /// Languages.
    pub languages: Languages,
}

impl Habits {
    /// Adds a part of a conversation.
    pub fn add(&mut self, agent: &str, sentences: &Sentences, circumstances: &Circumstances) {
        if !self.agents.contains_key(agent) {
            let counts = Counts {
                empathy: (0, Frequent::new(FORMULAS)),
                sentences: (0, Frequent::new(SENTENCES)),
                language: Languages::default(),
            };
            self.agents.insert(agent.to_owned(), counts);
        }
        let Some(counts) = self.agents.get_mut(agent) else { return };
        counts.sentences.0 += u64::from(!sentences.items.is_empty());
        counts.empathy.0 += u64::from(sentences.items.iter().any(|i| i.empathy));
        for (hash, text, empathy) in sentences.iter() {
            counts.sentences.1.add(hash, text);
            if empathy {
                counts.empathy.1.add(hash, text);
            }
        }
        let l = &mut counts.language;
        l.known += u64::from(circumstances.language_followed.is_some());
        l.followed += u64::from(circumstances.language_followed == Some(true));
        l.agent_switched += u64::from(circumstances.switched_first == Some(Side::Agent));
        l.customer_switched += u64::from(circumstances.switched_first == Some(Side::Customer));
        l.asked += u64::from(circumstances.asked_to_switch);
    }

    /// What is said of each agent, sentences masked.
    pub fn tell(&self, mask: for<'t> fn(&'t str) -> Cow<'t, str>) -> BTreeMap<String, AgentHabits> {
        let mut empathy = habits(self.agents.values().map(|c| &c.empathy), mask).into_iter();
        let mut sentences = habits(self.agents.values().map(|c| &c.sentences), mask).into_iter();
        let tell = |(id, counts): (&String, &Counts)| {
            let (empathy, sentence) = (empathy.next().unwrap_or_default(), sentences.next().unwrap_or_default());
            (id.clone(), AgentHabits { empathy, sentence, languages: counts.language })
        };
        self.agents.iter().map(tell).collect()
    }
}

/// The habits of one kind, agent by agent.
fn habits<'a>(
    agents: impl Iterator<Item = &'a (u64, Frequent)>,
    mask: for<'t> fn(&'t str) -> Cow<'t, str>,
) -> Vec<Habit> {
    let tops: Vec<(u64, &str, u64)> =
        agents.map(|(n, frequent)| frequent.top().map_or((*n, "", 0), |(text, k)| (*n, text, k))).collect();
    let all = tops.iter().fold((0, 0), |sum, t| (sum.0 + t.2, sum.1 + t.0));
    let others = |t: &(u64, &str, u64)| (all.0 - t.2, all.1 - t.0);
    let told = |t: &&(u64, &str, u64)| t.0 >= LEAST_CONVERSATIONS && others(t).1 >= LEAST_CONVERSATIONS;
    let p: Vec<f64> = tops.iter().filter(told).map(|t| shares_differ((t.2, t.0), others(t))).collect();
    let mut q = benjamini_hochberg(&p).into_iter();
    tops.iter()
        .map(|t| {
            let share = t.2 as f64 / t.0.max(1) as f64;
            let flagged = told(&t).then(|| {
                let (k, n) = others(t);
                let sure = q.next().is_some_and(|q| q <= DISCOVERY_RATE);
                sure && share >= LEAST_SHARE && share >= MUCH_ABOVE * k as f64 / n as f64
            });
            // What was said once is no formula, and may be anything.
            let said = t.2 >= 2;
            Habit {
                conversations: t.0,
                sentence: if said { mask(t.1).split_whitespace().collect::<Vec<_>>().join(" ") } else { String::new() },
                share: said.then_some(share),
                flagged,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(said: &[(&str, bool)]) -> Sentences {
        let mut out = Sentences::default();
        let lexicon = crate::lexicon::Lexicon::compile(&[]).unwrap();
        let (mut reader, mut reading) = (crate::lexicon::Reader::new(&lexicon), Reading::default());
        for (text, empathy) in said {
            let turn = crate::model::Turn { text: (*text).into(), ..crate::model::Turn::default() };
            reader.read(&crate::model::Conversation { turns: vec![turn], ..Default::default() }, &mut reading);
            out.add(hash(&reading, &reading.words), text, *empathy);
        }
        out
    }

    fn tell(agents: &[(&str, u64, u64)]) -> BTreeMap<String, AgentHabits> {
        let mut all = Habits::default();
        for (agent, same, other) in agents {
            for _ in 0..*same {
                all.add(agent, &sentences(&[("I do understand your frustration.", true)]), &Circumstances::default());
            }
            for i in 0..*other {
                let own = format!("That must be hard, {agent}{}.", char::from(b'a' + i as u8));
                all.add(agent, &sentences(&[(&own, true)]), &Circumstances::default());
            }
        }
        all.tell(|t| t.into())
    }

    #[test]
    fn who_says_the_same_to_everybody_is_flagged() {
        let told = tell(&[("can", 18, 2), ("own", 3, 17), ("two", 2, 18), ("few", 5, 0)]);
        let can = &told["can"].empathy;
        assert_eq!((can.flagged, can.share, can.conversations), (Some(true), Some(0.9), 20));
        assert_eq!(can.sentence, "I do understand your frustration.");
        assert_eq!(told["own"].empathy.flagged, Some(false));
        assert_eq!(told["few"].empathy.flagged, None, "five conversations tell nothing");
    }

    #[test]
    fn what_everybody_says_is_nobodys_habit() {
        let told = tell(&[("a", 18, 2), ("b", 17, 3), ("c", 19, 1)]);
        assert!(told.values().all(|h| h.empathy.flagged == Some(false)), "{told:?}");
        let told = tell(&[("alone", 20, 0)]);
        assert_eq!(told["alone"].empathy.flagged, None, "without others there is nothing to compare with");
    }

    #[test]
    fn sentences_are_the_same_whatever_their_case_and_numbers() {
        let of = |text: &str| sentences(&[(text, false)]).items[0].hash;
        assert_eq!(of("Your order 4711 is on its way"), of("your order 12 IS on its way!"));
        assert_ne!(of("Your order is on its way"), of("Your way is on its order"));
        assert_eq!(sentences(&[("Привет, как дела", false), ("привет как ДЕЛА", false)]).items.len(), 1);
    }

    #[test]
    fn a_frequent_sentence_survives_many_rare_ones() {
        let mut f = Frequent::new(8);
        for i in 0..2000_u64 {
            f.add(i + 10, "rare");
            if i % 5 == 0 {
                f.add(1, "often");
            }
        }
        let (text, sure) = f.top().unwrap();
        assert!(text == "often" && sure <= 400 && sure > 100, "{text} {sure}");
        assert_eq!(f.slots.len(), 8);
    }

    #[test]
    fn a_sentence_said_once_is_not_shown() {
        let told = tell(&[("a", 1, 0)]);
        assert_eq!((told["a"].empathy.sentence.as_str(), told["a"].empathy.share), ("", None));
    }

    #[test]
    fn sentences_of_a_part_leave_greetings_out_and_know_empathy() {
        use crate::lexicon::{Lexicon, Reader, Reading};
        use crate::model::{Conversation, Speaker, Turn};
        let lexicon = Lexicon::built_in().unwrap();
        let text = "Good evening, how can I help you? I'm so sorry about the delay. The courier has your parcel with him now. \
                    Thank you for calling, goodbye!";
        let turns = [(Speaker::Customer, "Where is my parcel?"), (Speaker::Agent, text)];
        let turns = turns.map(|(speaker, text)| Turn { speaker, text: text.into(), ..Turn::default() });
        let c = Conversation { id: "1".into(), turns: turns.into(), ..Conversation::default() };
        let mut reading = Reading::default();
        Reader::new(&lexicon).read(&c, &mut reading);
        let found = Sentences::of(&crate::criteria::parts(&c, &reading, &lexicon)[0]);
        let said: Vec<(&str, bool)> = found.iter().map(|s| (s.1, s.2)).collect();
        assert_eq!(said, [("I'm so sorry about the delay", true), ("The courier has your parcel with him now", false)]);
    }
}
