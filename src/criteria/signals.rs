//! What a part of a conversation says by degrees: how each turn comes across, who repeats whom, how the customer leaves.
//!
//! Acts are found or not; these are smooth in what happened, so that a score does not hang on one phrase.

use super::measures::{self, Measures};
use super::part::Role;
use crate::learned::Model;
use crate::lexicon::acts::{
    ATTENTION_PARAPHRASE, CARING_WISH_WELL, EMPATHY_APOLOGY, EMPATHY_EXPLORE, EMPATHY_NAME_FEELING, EMPATHY_TAKE_ON,
    EMPATHY_VALIDATE, GREETING_HELLO, GREETING_OFFER_HELP, PATIENCE_REASSURE, POSITIVE_GLADLY, TALK_ASKS,
    TONE_POSITIVE,
};
use crate::lexicon::{Act, Found, Reading};
use crate::model::{Conversation, Kind, Language};
use crate::text::{Flags, Word, caseless_hash};

/// One of the agent's own turns.
#[derive(Clone, Debug)]
pub struct OwnTurn {
    /// Its index in the conversation.
    pub turn: usize,
    /// How it comes across.
    pub measures: Measures,
    /// Words in it.
    pub words: usize,
    /// Share of its words that it has in common with the own turn before it that is most like it (Jaccard), 0..=1.
    pub likeness: f64,
    /// That turn.
    pub like: Option<usize>,
    /// Whether it only asks.
    pub only_asks: bool,
    /// Whether it reacts to what was said: with feeling, gladly, in own words.
    pub reacts: bool,
    /// Whether it takes up a word of substance that the customer has just said.
    pub takes_up: bool,
}

/// A turn of the customer's.
#[derive(Clone, Debug)]
pub struct CustomerTurn {
    /// Its index in the conversation.
    pub turn: usize,
    /// How it comes across.
    pub measures: Measures,
    /// Whether it asks something.
    pub asks: bool,
    /// Whether it answers the agent with what the customer had said before, and the agent had not taken up.
    pub told_before: bool,
    /// An earlier question of the customer's that it asks again.
    pub asked_before: Option<usize>,
    /// One that it comes back to by a word that no answer has taken up.
    pub comes_back_to: Option<usize>,
}

/// The signals of one part.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// The agent's own turns.
    pub own: Vec<OwnTurn>,
    /// The customer's turns within the part.
    pub customer: Vec<CustomerTurn>,
}

/// Own turns before one that it is compared with.
const LOOK_BACK: usize = 40;
/// Fewest words of a turn that can repeat another.
const FEWEST_WORDS: usize = 3;
/// Likeness from which a turn says the same again.
const SAME: f64 = 0.7;
/// Letters from which on a word is one of substance; so many of them tell it, since endings change. One fewer in Kazakh, which
/// has more endings.
const SUBSTANCE: usize = 5;
/// Letters of a word that counts at all when a turn is compared with what was said before.
const COUNTED: usize = 3;
/// Share of a turn that was said before, from which on it only says it again.
const TOLD: f64 = 0.6;
/// Words of a turn that may only ask though it has no question mark.
const UNMARKED: usize = 14;
/// Words of a turn that may only say again what was said.
const TOLD_WORDS: usize = 14;
/// Words of a turn that may come back to a question by one word of it, if no answer has taken that word up.
const BRIEF: usize = 20;
/// Likeness, in words of substance, of a question that is asked again.
const ASKED: f64 = 0.3;
/// Acts that react to what was said.
const REACTIONS: &[Act] = &[
    EMPATHY_NAME_FEELING,
    EMPATHY_VALIDATE,
    EMPATHY_APOLOGY,
    EMPATHY_TAKE_ON,
    EMPATHY_EXPLORE,
    CARING_WISH_WELL,
    PATIENCE_REASSURE,
    ATTENTION_PARAPHRASE,
    POSITIVE_GLADLY,
    TONE_POSITIVE,
];

impl Signals {
    /// The signals of a part whose turns have these roles; `customer` are the customer's turns within it.
    pub(super) fn new(
        conversation: &Conversation<'_>,
        reading: &Reading,
        model: Option<&Model>,
        roles: &[Role],
        customer: &[usize],
    ) -> Signals {
        let measures = |i: usize| {
            let acts = measures::without_others_troubles(reading.acts_of(i));
            measures::of_turn(&acts, &reading.turns[i], model)
        };
        let words = |i: usize| &reading.words[reading.turns[i].words.clone()];
        let finds_question = |i: usize| reading.acts_of(i).iter().any(|f| f.act == TALK_ASKS);
        let all = |i: usize| Words::of(&conversation.turns[i].text, words(i), reading.language);
        let mut own: Vec<OwnTurn> = Vec::new();
        let mut said: Vec<Words> = Vec::new();
        let mut heard = Set::default();
        let mut told = Words::default();
        let mut questions: Vec<(usize, Set)> = Vec::new();
        let mut told_again = vec![(false, false, None, None); roles.len()];
        for (i, role) in roles.iter().enumerate() {
            match role {
                Role::Customer => {
                    let mine = all(i);
                    let asks = asks(words(i)) || finds_question(i);
                    let after_question =
                        own.last().is_some_and(|o: &OwnTurn| asks_at_end(words(o.turn)) || finds_question(o.turn));
                    let before = said
                        .last()
                        .filter(|_| after_question)
                        .map(|agent| mine.told_before(&told, agent, words(i).len()));
                    let answers = |q: usize| own.iter().zip(&said).filter(move |(o, _)| o.turn > q).map(|(_, w)| w);
                    let same =
                        |q: &&(usize, Set)| answers(q.0).next().is_some() && q.1.likeness(&mine.substance) >= ASKED;
                    let passed_over = |q: &&(usize, Set)| {
                        let nobody_takes_up = |h: &&u64| answers(q.0).all(|a| !a.substance.contains(h));
                        answers(q.0).next().is_some()
                            && mine.substance.0.iter().filter(|h| q.1.contains(h)).any(|h| nobody_takes_up(&h))
                    };
                    let asked = questions.iter().filter(|_| asks).find(same).map(|q| q.0);
                    let back = questions.iter().filter(|_| words(i).len() <= BRIEF).find(passed_over).map(|q| q.0);
                    told_again[i] = (asks, before.unwrap_or(false), asked, back);
                    if asks {
                        questions.push((i, mine.substance.clone()));
                    }
                    heard.add(&mine.substance);
                    told.add(&mine);
                }
                Role::Own => {
                    let mine = all(i);
                    let before = said.iter().enumerate().rev().take(LOOK_BACK);
                    let like = before
                        .map(|(k, other)| (mine.all.likeness(&other.all), k))
                        .reduce(|best, next| if next.0 > best.0 { next } else { best })
                        .filter(|_| words(i).len() >= FEWEST_WORDS);
                    own.push(OwnTurn {
                        turn: i,
                        measures: measures(i),
                        words: words(i).len(),
                        likeness: like.map_or(0.0, |l| l.0),
                        like: like.map(|(_, k)| own[k].turn),
                        only_asks: only_asks(words(i), finds_question(i)) && !opens(reading.acts_of(i)),
                        reacts: reading.acts_of(i).iter().any(|f| REACTIONS.contains(&f.act)),
                        takes_up: mine.substance.common(&heard) > 0,
                    });
                    said.push(mine);
                    heard.0.clear();
                }
                Role::Other => {}
            }
        }
        let customer = customer
            .iter()
            .filter(|i| conversation.turns[**i].kind == Kind::Speech)
            .map(|&i| {
                let (asks, told_before, asked_before, comes_back_to) = told_again[i];
                CustomerTurn { turn: i, measures: measures(i), asks, told_before, asked_before, comes_back_to }
            })
            .collect();
        Signals { own, customer }
    }

    /// Mean of something over the own turns; `None` when there is none.
    pub fn own_mean(&self, of: impl Fn(&OwnTurn) -> f64) -> Option<f64> {
        mean(self.own.iter().map(of))
    }

    /// Share of the own turns of which something holds, 0 when there is none.
    pub fn own_share(&self, holds: impl Fn(&OwnTurn) -> bool) -> f64 {
        self.own_mean(|t| f64::from(u8::from(holds(t)))).unwrap_or(0.0)
    }

    /// Mean of something over the customer's last two turns, if they come behind the agent's first.
    pub fn leaving(&self, of: impl Fn(&CustomerTurn) -> f64) -> Option<f64> {
        let first = self.own.first()?.turn;
        mean(self.customer.iter().rev().take_while(|c| c.turn > first).take(2).map(of))
    }
}

impl OwnTurn {
    /// Whether it says what was said before.
    pub fn says_again(&self) -> bool {
        self.likeness >= SAME
    }
}

/// Hashes of words, each once, in order.
#[derive(Clone, Debug, Default)]
struct Set(Vec<u64>);

impl Set {
    fn of(mut hashes: Vec<u64>) -> Set {
        hashes.sort_unstable();
        hashes.dedup();
        Set(hashes)
    }

    fn add(&mut self, other: &Set) {
        self.0.extend_from_slice(&other.0);
        // Two runs in order: a stable sort merges them.
        self.0.sort();
        self.0.dedup();
    }

    /// How many stand in both.
    fn common(&self, other: &Set) -> usize {
        let (mut i, mut k, mut n) = (0, 0, 0);
        while let (Some(a), Some(b)) = (self.0.get(i), other.0.get(k)) {
            n += usize::from(a == b);
            i += usize::from(a <= b);
            k += usize::from(b <= a);
        }
        n
    }

    /// Jaccard's share of what both have among what either has; 0 when both are empty.
    fn likeness(&self, other: &Set) -> f64 {
        let both = self.common(other);
        let any = self.0.len() + other.0.len() - both;
        if any == 0 { 0.0 } else { both as f64 / any as f64 }
    }

    fn contains(&self, hash: &u64) -> bool {
        self.0.binary_search(hash).is_ok()
    }
}

/// The words of a turn as hashes, for comparing turns.
#[derive(Debug, Default)]
struct Words {
    /// All of them.
    all: Set,
    /// Those that count when a turn is compared with what was said before.
    counted: Set,
    /// Those of substance, by their beginnings: long words and numbers.
    substance: Set,
}

impl Words {
    fn of(text: &str, words: &[Word], language: Option<Language>) -> Words {
        let beginning = SUBSTANCE - usize::from(language == Some(Language::Kazakh));
        let (mut all, mut counted, mut substance) = (Vec::with_capacity(words.len()), Vec::new(), Vec::new());
        for w in words {
            let word = &text[w.start as usize..w.end as usize];
            let hash = caseless_hash(word);
            all.push(hash);
            let (letters, number) = (word.chars().count(), word.bytes().any(|b| b.is_ascii_digit()));
            if letters >= COUNTED || number {
                counted.push(hash);
            }
            if number {
                substance.push(hash);
            } else if letters >= beginning {
                let end = word.char_indices().nth(beginning).map_or(word.len(), |(i, _)| i);
                substance.push(caseless_hash(&word[..end]));
            }
        }
        Words { all: Set::of(all), counted: Set::of(counted), substance: Set::of(substance) }
    }

    fn add(&mut self, other: &Words) {
        self.counted.add(&other.counted);
        self.substance.add(&other.substance);
    }

    /// Whether these words of `n` say what was told before, and `agent` did not say it back just now.
    fn told_before(&self, told: &Words, agent: &Words, n: usize) -> bool {
        let again = self.counted.common(&told.counted) as f64;
        let news = |h: &&u64| told.substance.contains(h) && !agent.substance.contains(h);
        n <= TOLD_WORDS && self.substance.0.iter().any(|h| news(&h)) && again >= TOLD * self.counted.0.len() as f64
    }
}

fn asks(words: &[Word]) -> bool {
    words.iter().any(|w| w.flags.has(Flags::QUESTION))
}

/// Whether a turn's last sentence asks.
fn asks_at_end(words: &[Word]) -> bool {
    words.last().is_some_and(|w| w.flags.has(Flags::QUESTION))
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0);
    for v in values {
        sum += v;
        n += 1;
    }
    (n > 0).then(|| sum / f64::from(n))
}

/// Whether a turn opens the talk: "This is Tom, how can I help?" is no bare question.
fn opens(acts: &[Found]) -> bool {
    acts.iter().any(|f| [GREETING_HELLO, GREETING_OFFER_HELP].contains(&f.act))
}

/// Whether a turn is one sentence that asks; without a question mark it must be short.
fn only_asks(words: &[Word], found: bool) -> bool {
    (asks_at_end(words) || (found && words.len() <= UNMARKED))
        && words.iter().filter(|w| w.flags.has(Flags::SENTENCE)).count() == 1
}
