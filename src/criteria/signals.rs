//! What a part of a conversation says by degrees: how each turn comes across, who repeats whom, how the customer leaves.
//!
//! Acts are found or not; these are smooth in what happened, so that a score does not hang on one phrase.

use super::measures::{self, Measures};
use super::part::Role;
use crate::learned::{Head, Model};
use crate::lexicon::acts::{
    ATTENTION_CHECK_BACK, ATTENTION_PARAPHRASE, CARING_WISH_WELL, CLOSING_FAREWELL, CLOSING_NEXT_STEP,
    CLOSING_OFFER_MORE_HELP, CLOSING_RECAP, CLOSING_SIGN_OFF, CLOSING_THANKS, CUSTOMER_FAREWELL, CUSTOMER_SATISFIED,
    CUSTOMER_THANKS, EMPATHY_APOLOGY, EMPATHY_DISMISS, EMPATHY_EXPLORE, EMPATHY_NAME_FEELING, EMPATHY_TAKE_ON,
    EMPATHY_VALIDATE, GREETING_HELLO, GREETING_OFFER_HELP, HANDOVER_TRANSFER, NEGATIVE_NO_ALTERNATIVE,
    NEGATIVE_POLICY_WALL, NEGATIVE_REFUSAL, NEGATIVE_YOU_MUST, OWNERSHIP_DEFLECT, PATIENCE_BLAME,
    PATIENCE_EXPLAIN_AGAIN, PATIENCE_GIVE_TIME, PATIENCE_HOLD_ASK, PATIENCE_HOLD_BARE, PATIENCE_REASSURE,
    PATIENCE_RUSH, POSITIVE_ALTERNATIVE, POSITIVE_CAN_DO, POSITIVE_GLADLY, POSITIVE_NEXT_STEP, RUDE_DISMISSIVE,
    RUDE_INSULT, TALK_ANSWERS, TALK_ASKS, TALK_INSISTS, TONE_POSITIVE,
};
use crate::lexicon::{Act, Found, Reading};
use crate::model::{Channel, Conversation, Kind};
use crate::text::{Flags, Word, sentences};

/// One of the agent's own turns.
#[derive(Clone, Debug)]
pub struct OwnTurn {
    /// Its index in the conversation.
    pub turn: usize,
    /// How it comes across.
    pub measures: Measures,
    /// Words in it.
    pub words: usize,
    /// How much it counts where turns are weighted by their words: none of them in letters that the fitted model cannot read.
    pub weight: f64,
    /// Share of its words, and of those of substance, that it has in common with the own turn before it that is most like it
    /// (Jaccard, the lesser of the two), 0..=1. Turns with other numbers are not alike.
    pub likeness: f64,
    /// That turn.
    pub like: Option<usize>,
    /// Whether it only asks.
    pub only_asks: bool,
    /// Whether it asks something.
    pub asks: bool,
    /// Whether it tells something: by an act that does, or with a number.
    pub tells: bool,
    /// Whether it comforts, waves away or ends the talk.
    pub evades: bool,
    /// Whether it greets or takes leave and tells nothing.
    pub formal: bool,
    /// Whether it reacts to what was said: with feeling, gladly, in own words.
    pub reacts: bool,
    /// Whether it takes up a word of substance that the customer has just said.
    pub takes_up: bool,
    /// Different words of substance, numbers among them, that it says again from [`EARLIER`] turns before or longer ago.
    pub recalls: usize,
}

/// A turn of the customer's.
#[derive(Clone, Debug)]
pub struct CustomerTurn {
    /// Its index in the conversation.
    pub turn: usize,
    /// How it comes across.
    pub measures: Measures,
    /// Whether it ends in a question.
    pub asks: bool,
    /// Whether its last sentence has a few words.
    pub brief: bool,
    /// Whether it answers the agent with what the customer had said before, and the agent had not taken up.
    pub told_before: bool,
    /// An earlier question of the customer's that it asks again in much the same words.
    pub asked_before: Option<usize>,
    /// One that it comes back to, since the agent had gone on without a word of it.
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
/// Turns after which a word is said again and not taken up.
const EARLIER: usize = 3;
/// Words of a turn that may only ask though it has no question mark.
const UNMARKED: usize = 14;
/// Words of a turn that may only say again what was said.
const TOLD_WORDS: usize = 14;
/// Words of a turn that may come back to a question, and own turns after which it may.
const BRIEF: usize = 20;
const BRIEF_LETTER: usize = 80;
const BACK: usize = 2;
/// Words of a question that leaves out what it asks: "And the dog?"
const ELLIPTIC: usize = 4;
/// A measure is never surer than so far from 0 and 1.
const SURE: f64 = 0.01;
/// Words of a brief sentence.
const FEW: usize = 5;
/// Share of the words of an answer that were said before, from which on it only says them again.
const TOLD: f64 = 0.7;
/// Likeness from which on a question without a new word of substance is one that was asked before.
const ASKED: f64 = 0.4;
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

/// Acts that comfort, wave away or end the talk: what an agent says instead of an answer.
const INSTEAD: &[Act] = &[
    EMPATHY_NAME_FEELING,
    EMPATHY_VALIDATE,
    EMPATHY_APOLOGY,
    EMPATHY_TAKE_ON,
    EMPATHY_DISMISS,
    CARING_WISH_WELL,
    PATIENCE_REASSURE,
    PATIENCE_GIVE_TIME,
    PATIENCE_RUSH,
    PATIENCE_BLAME,
    CLOSING_FAREWELL,
    CLOSING_THANKS,
    CLOSING_OFFER_MORE_HELP,
    RUDE_DISMISSIVE,
    RUDE_INSULT,
];
/// Acts that open or close a talk.
const FORMALITIES: &[Act] =
    &[GREETING_HELLO, GREETING_OFFER_HELP, CLOSING_FAREWELL, CLOSING_THANKS, CLOSING_OFFER_MORE_HELP, CLOSING_SIGN_OFF];
/// Acts by which a customer takes leave, however it sounds.
pub(super) const LEAVES: &[Act] = &[CUSTOMER_FAREWELL, CUSTOMER_THANKS, CUSTOMER_SATISFIED];
/// Acts that tell something, ask for time to find out, or give back what was asked.
const TELLS: &[Act] = &[
    TALK_ANSWERS,
    ATTENTION_PARAPHRASE,
    ATTENTION_CHECK_BACK,
    POSITIVE_CAN_DO,
    POSITIVE_ALTERNATIVE,
    POSITIVE_NEXT_STEP,
    CLOSING_NEXT_STEP,
    CLOSING_RECAP,
    NEGATIVE_REFUSAL,
    NEGATIVE_POLICY_WALL,
    NEGATIVE_NO_ALTERNATIVE,
    NEGATIVE_YOU_MUST,
    OWNERSHIP_DEFLECT,
    HANDOVER_TRANSFER,
    PATIENCE_HOLD_ASK,
    PATIENCE_HOLD_BARE,
    PATIENCE_EXPLAIN_AGAIN,
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
        let finds = |i: usize, acts: &[Act]| reading.acts_of(i).iter().any(|f| acts.contains(&f.act));
        let brief_turn = if conversation.channel == Channel::Email { BRIEF_LETTER } else { BRIEF };
        // A question without its mark is looked for where there are no other marks either.
        let marked = |i: usize| conversation.turns[i].text.trim_end().ends_with(['.', '!', '…']);
        let unmarked = |i: usize| finds(i, &[TALK_ASKS]) && sentences(words(i)).nth(1).is_none() && !marked(i);
        let ends_asking = |i: usize| asks_at_end(words(i)) || unmarked(i);
        let mut own: Vec<OwnTurn> = Vec::new();
        // The forms of each own turn; those of substance in the last one; and those of the customer since.
        let mut said: Vec<Said> = Vec::new();
        let (mut agent, mut heard) = (Forms::new(reading), Forms::new(reading));
        // Words of substance that the customer has said so far, and all words.
        let (mut told, mut said_before) = (Forms::new(reading), Forms::new(reading));
        let (mut mine, mut substance, mut asked) = (Forms::new(reading), Forms::new(reading), Forms::new(reading));
        let mut questions: Vec<Question> = Vec::new();
        // The turn in which each form of substance was first said.
        let mut first_said: Vec<Option<usize>> = vec![None; reading.forms];
        let mut told_again = vec![(false, false, None, None); roles.len()];
        for (i, role) in roles.iter().enumerate() {
            let (known, n) = (words(i).iter().map(|w| reading.known(w)), words(i).len());
            match role {
                Role::Customer => {
                    substance.set(known.clone().filter_map(|d| d.substance));
                    let asks = ends_asking(i);
                    let of_question = |s: &&[Word]| asks_at_end(s) || unmarked(i);
                    let in_questions = sentences(words(i)).filter(of_question).flatten().map(|w| reading.known(w));
                    asked.set(in_questions.clone().filter_map(|d| d.substance));
                    mine.set(in_questions.map(|d| d.form));
                    // What is said again, and nothing else, to an agent who has not just said it.
                    let first = sentences(words(i)).next().unwrap_or_default().iter().map(|w| reading.known(w));
                    let mut about = first.clone().filter_map(|d| d.substance);
                    let counted = first.filter(|d| d.counted).map(|d| said_before.has(d.form));
                    let (all, again) = counted.fold((0, 0), |(n, k), b| (n + 1, k + usize::from(b)));
                    let before = !asks
                        && n <= TOLD_WORDS
                        && !finds(i, LEAVES)
                        && !finds(i, &[TALK_ANSWERS])
                        && own
                            .last()
                            .is_some_and(|o| ends_asking(o.turn) && !finds(o.turn, &[CLOSING_OFFER_MORE_HELP]))
                        && about.clone().all(|f| told.has(f))
                        && f64::from(again as u32) >= TOLD * f64::from(all as u32)
                        && about.any(|f| !agent.has(f));
                    let same = |q: &&Question| {
                        let nothing_new = asked.common(&q.substance) == asked.list.len();
                        q.replies > 0 && nothing_new && !asked.list.is_empty() && mine.likeness(&q.forms) >= ASKED
                    };
                    // Who insists may ask it in other words; so may a question of a few words.
                    let brief = sentences(words(i)).any(|s| s.len() <= ELLIPTIC && asks_at_end(s));
                    let insists = brief || finds(i, &[TALK_INSISTS]);
                    let nothing_new = asked.common(&told.list) == asked.list.len();
                    let passed_over = |q: &&Question| {
                        (1..=BACK).contains(&q.replies)
                            && if insists {
                                substance.common(&q.open) > 0
                            } else {
                                !q.told && nothing_new && asked.common(&q.open) > 0
                            }
                    };
                    let asked_before = questions.iter().find(same).map(|q| q.turn);
                    let back = questions.iter().rev().filter(|_| n <= brief_turn).find(passed_over).map(|q| q.turn);
                    told_again[i] = (asks, before, asked_before, back);
                    if !asked.list.is_empty() {
                        let (substance, forms) = (asked.list.clone(), mine.list.clone());
                        let open = substance.clone();
                        questions.push(Question { turn: i, substance, forms, open, replies: 0, told: false });
                    }
                    heard.add(&substance);
                    told.add(&substance);
                    known.for_each(|d| said_before.push(d.form));
                }
                Role::Own => {
                    mine.set(known.clone().map(|d| d.form));
                    agent.set(known.clone().filter_map(|d| d.substance));
                    let numbers: Vec<u32> = known.clone().filter(|d| d.number).map(|d| d.form).collect();
                    let before = said.iter().enumerate().rev().take(LOOK_BACK);
                    let like = before
                        .filter(|(_, other)| other.numbers == numbers)
                        .map(|(k, other)| {
                            let substance = agent.likeness(&other.substance);
                            let all = mine.likeness(&other.forms);
                            // Words that differ in nothing but what they are about are not the same words.
                            (if agent.list.is_empty() { all } else { all.min(substance) }, k)
                        })
                        .reduce(|best, next| if next.0 > best.0 { next } else { best })
                        .filter(|_| n >= FEWEST_WORDS);
                    let tells = finds(i, TELLS) || !numbers.is_empty();
                    let (asks, evades) = (asks(words(i)) || unmarked(i), finds(i, INSTEAD));
                    let only_asks = only_asks(words(i), finds(i, &[TALK_ASKS])) && !opens(reading.acts_of(i));
                    own.push(OwnTurn {
                        turn: i,
                        measures: measures(i),
                        words: n,
                        weight: if reading.turns[i].latin_kazakh { 0.0 } else { n as f64 },
                        likeness: like.map_or(0.0, |l| l.0),
                        like: like.map(|(_, k)| own[k].turn),
                        only_asks,
                        asks,
                        tells,
                        evades,
                        formal: finds(i, FORMALITIES) && !tells,
                        reacts: finds(i, REACTIONS),
                        takes_up: agent.list.iter().any(|f| heard.has(*f)),
                        recalls: agent
                            .list
                            .iter()
                            .filter(|f| first_said[**f as usize].is_some_and(|t| t + EARLIER <= i))
                            .count(),
                    });
                    said.push(Said { forms: mine.list.clone(), substance: agent.list.clone(), numbers });
                    heard.clear();
                    for q in &mut questions {
                        q.told |= q.replies == 0 && tells;
                        q.replies += 1;
                        q.open.retain(|f| !agent.has(*f));
                    }
                }
                Role::Other => {}
            }
            for f in words(i).iter().filter_map(|w| reading.known(w).substance) {
                first_said[f as usize].get_or_insert(i);
            }
        }
        let customer = customer
            .iter()
            .filter(|i| conversation.turns[**i].kind == Kind::Speech)
            .map(|&i| {
                let (asks, told_before, asked_before, comes_back_to) = told_again[i];
                let brief = sentences(words(i)).last().is_some_and(|s| s.len() <= FEW);
                CustomerTurn { turn: i, measures: measures(i), asks, brief, told_before, asked_before, comes_back_to }
            })
            .collect();
        Signals { own, customer }
    }

    /// Mean of a measure over the own turns that can be read; `None` when there is none.
    pub fn mean_of(&self, head: Head) -> Option<f64> {
        mean(self.own.iter().filter(|t| t.weight > 0.0).map(|t| t.measures.of(head)))
    }

    /// How much of something the own words have: its mean over the own turns, weighted by their words. `None` when there are none.
    pub fn level(&self, of: impl Fn(&OwnTurn) -> f64) -> Option<f64> {
        let weight: f64 = self.own.iter().map(|t| t.weight).sum();
        let sum: f64 = self.own.iter().map(|t| t.weight * of(t)).sum();
        (weight > 0.0).then(|| sum / weight)
    }

    /// Whether a measure of an own turn reaches so much, 0..=1.
    pub fn reaches(&self, head: Head, least: f64) -> bool {
        self.own.iter().any(|t| t.measures.of(head) >= least)
    }

    /// Share of the own turns of which something holds, 0 when there is none.
    pub fn own_share(&self, holds: impl Fn(&OwnTurn) -> bool) -> f64 {
        mean(self.own.iter().map(|t| f64::from(u8::from(holds(t))))).unwrap_or(0.0)
    }

    /// The customer's last two turns behind the agent's first, the last one first.
    pub fn leaving(&self) -> Vec<&CustomerTurn> {
        let first = self.own.first().map_or(usize::MAX, |t| t.turn);
        self.customer.iter().rev().take_while(|c| c.turn > first).take(2).collect()
    }
}

impl OwnTurn {
    /// The logit of a measure.
    pub fn logit(&self, head: Head) -> f64 {
        logit(self.measures.of(head))
    }

    /// Whether it says what was said before.
    pub fn says_again(&self) -> bool {
        self.likeness >= SAME
    }
}

/// The logit of a measure, which is never surer than [`SURE`].
pub(super) fn logit(measure: f64) -> f64 {
    let m = measure.clamp(SURE, 1.0 - SURE);
    (m / (1.0 - m)).ln()
}

/// A question of the customer's.
struct Question {
    turn: usize,
    /// Forms of substance in what asks.
    substance: Vec<u32>,
    /// All its forms.
    forms: Vec<u32>,
    /// Those of substance that no reply has taken up.
    open: Vec<u32>,
    /// Own turns since.
    replies: usize,
    /// Whether the first of them tells something.
    told: bool,
}

/// What an own turn said: all forms, those of substance, and the numbers in their order.
struct Said {
    forms: Vec<u32>,
    substance: Vec<u32>,
    numbers: Vec<u32>,
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

/// Whether a turn's last sentence asks, whatever sign stands behind it.
fn asks_at_end(words: &[Word]) -> bool {
    words.iter().rfind(|w| !w.flags.has(Flags::SIGN)).is_some_and(|w| w.flags.has(Flags::QUESTION))
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
    (asks_at_end(words) || (found && words.len() <= UNMARKED)) && sentences(words).nth(1).is_none()
}
