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
use crate::model::{Conversation, Kind};
use crate::text::{Flags, Word};

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
const ASKED_BY_ONE_WORD: f64 = 0.6;
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
        let words = |i: usize| reading.words_of(i);
        let finds_question = |i: usize| reading.acts_of(i).iter().any(|f| f.act == TALK_ASKS);
        let mut own: Vec<OwnTurn> = Vec::new();
        // The forms of each own turn; those of substance in the last one; and those of the customer since.
        let mut said: Vec<Vec<u32>> = Vec::new();
        let (mut agent, mut heard) = (Forms::new(reading), Forms::new(reading));
        // All that the customer has said so far.
        let (mut told, mut told_substance) = (Forms::new(reading), Forms::new(reading));
        let (mut mine, mut substance) = (Forms::new(reading), Forms::new(reading));
        let mut questions: Vec<Question> = Vec::new();
        let mut told_again = vec![(false, false, None, None); roles.len()];
        for (i, role) in roles.iter().enumerate() {
            let (known, n) = (words(i).iter().map(|w| reading.known(w)), words(i).len());
            match role {
                Role::Customer => {
                    mine.set(known.clone().filter(|d| d.counted).map(|d| d.form));
                    substance.set(known.filter_map(|d| d.substance));
                    let asks = asks(words(i)) || finds_question(i);
                    let after_question =
                        own.last().is_some_and(|o: &OwnTurn| asks_at_end(words(o.turn)) || finds_question(o.turn));
                    let again = mine.list.iter().filter(|f| told.has(**f)).count() as f64;
                    let news = |f: &u32| told_substance.has(*f) && !agent.has(*f);
                    let before = after_question
                        && n <= TOLD_WORDS
                        && substance.list.iter().any(news)
                        && again >= TOLD * mine.list.len() as f64;
                    // One word in common is the question again only if it has hardly another.
                    let same = |q: &&Question| {
                        let like = substance.likeness(&q.substance);
                        let enough = if substance.common(&q.substance) > 1 { ASKED } else { ASKED_BY_ONE_WORD };
                        q.answered && like >= enough
                    };
                    let passed_over = |q: &&Question| q.answered && q.open.iter().any(|f| substance.has(*f));
                    let asked = questions.iter().filter(|_| asks).find(same).map(|q| q.turn);
                    let back = questions.iter().filter(|_| n <= BRIEF).find(passed_over).map(|q| q.turn);
                    told_again[i] = (asks, before, asked, back);
                    if asks {
                        let (list, open) = (substance.list.clone(), substance.list.clone());
                        questions.push(Question { turn: i, substance: list, open, answered: false });
                    }
                    heard.add(&substance);
                    told.add(&mine);
                    told_substance.add(&substance);
                }
                Role::Own => {
                    mine.set(known.clone().map(|d| d.form));
                    let before = said.iter().enumerate().rev().take(LOOK_BACK);
                    let like = before
                        .map(|(k, other)| (mine.likeness(other), k))
                        .reduce(|best, next| if next.0 > best.0 { next } else { best })
                        .filter(|_| n >= FEWEST_WORDS);
                    agent.set(known.filter_map(|d| d.substance));
                    own.push(OwnTurn {
                        turn: i,
                        measures: measures(i),
                        words: n,
                        likeness: like.map_or(0.0, |l| l.0),
                        like: like.map(|(_, k)| own[k].turn),
                        only_asks: only_asks(words(i), finds_question(i)) && !opens(reading.acts_of(i)),
                        reacts: reading.acts_of(i).iter().any(|f| REACTIONS.contains(&f.act)),
                        takes_up: agent.list.iter().any(|f| heard.has(*f)),
                    });
                    said.push(mine.list.clone());
                    heard.clear();
                    for q in &mut questions {
                        q.answered = true;
                        q.open.retain(|f| !agent.has(*f));
                    }
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

    /// The customer's last two turns behind the agent's first, the last one first.
    pub fn leaving(&self) -> Vec<&CustomerTurn> {
        let first = self.own.first().map_or(usize::MAX, |t| t.turn);
        self.customer.iter().rev().take_while(|c| c.turn > first).take(2).collect()
    }
}

impl OwnTurn {
    /// Whether it says what was said before.
    pub fn says_again(&self) -> bool {
        self.likeness >= SAME
    }
}

/// A question of the customer's.
struct Question {
    turn: usize,
    /// Its forms of substance.
    substance: Vec<u32>,
    /// Those that no answer has taken up.
    open: Vec<u32>,
    /// Whether the agent has said something since.
    answered: bool,
}

/// Forms of words ([`Distinct`](crate::lexicon::Distinct)), each once.
struct Forms {
    list: Vec<u32>,
    bits: Vec<u64>,
}

impl Forms {
    fn new(reading: &Reading) -> Forms {
        Forms { list: Vec::new(), bits: vec![0; reading.forms / 64 + 1] }
    }

    fn has(&self, form: u32) -> bool {
        self.bits[form as usize / 64] >> (form % 64) & 1 == 1
    }

    fn clear(&mut self) {
        self.list.drain(..).for_each(|f| self.bits[f as usize / 64] = 0);
    }

    /// These and no others.
    fn set(&mut self, forms: impl Iterator<Item = u32>) {
        self.clear();
        forms.for_each(|f| self.push(f));
    }

    fn push(&mut self, form: u32) {
        if !self.has(form) {
            self.bits[form as usize / 64] |= 1 << (form % 64);
            self.list.push(form);
        }
    }

    fn add(&mut self, other: &Forms) {
        other.list.iter().for_each(|f| self.push(*f));
    }

    /// How many of these, each once, are among them.
    fn common(&self, other: &[u32]) -> usize {
        other.iter().filter(|f| self.has(**f)).count()
    }

    /// Jaccard's share of what both have among what either has; 0 when both are empty. `other` has each form once.
    fn likeness(&self, other: &[u32]) -> f64 {
        let both = self.common(other);
        let any = self.list.len() + other.len() - both;
        if any == 0 { 0.0 } else { both as f64 / any as f64 }
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
