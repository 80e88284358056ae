//! The sixteen measures of a turn, 0..=1 each: empathy, politeness, positivity, calm, distress; of an agent's turn offering, refusing,
//! understanding, concern, easing, deflecting, harshness, concluding, inviting and parting; of a customer's contentment.
//!
//! Each is a logistic curve: `1 / (1 + exp(-(scale × (bias + Σ weight × amount) + Σ fitted × amount + words)))`. The amount of an act is
//! its highest confidence in the turn plus half of each further one. The weights below are ours; what labelled sets add to them
//! (`fitted`) and to the words of the turn is the fitted model's ([`crate::learned`]). Each language has a small constant of its own, so that they are alike.

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::learned::{self, Head, Model, temper, tempered};
use crate::lexicon::acts::{
    ATTENTION_CHECK_BACK, ATTENTION_PARAPHRASE, CARING_WISH_WELL, CLOSING_CHECK_RESOLVED, CLOSING_FAREWELL,
    CLOSING_INVITE_REPLY, CLOSING_NEXT_STEP, CLOSING_OFFER_MORE_HELP, CLOSING_RECAP, CLOSING_SIGN_OFF, CLOSING_THANKS,
    COURTESY_DEFERENCE, COURTESY_HEDGE, COURTESY_PLEASE, COURTESY_REQUEST, COURTESY_THANKS, CUSTOMER_CONFUSED,
    CUSTOMER_HARDSHIP, CUSTOMER_SATISFIED, CUSTOMER_THANKS, CUSTOMER_TROUBLE, CUSTOMER_UNRESOLVED, CUSTOMER_UPSET,
    CUSTOMER_WORRIED, EMPATHY_APOLOGY, EMPATHY_DISMISS, EMPATHY_EXPLORE, EMPATHY_NAME_FEELING, EMPATHY_TAKE_ON,
    EMPATHY_VALIDATE, GREETING_HELLO, GREETING_OFFER_HELP, NEGATIVE_NO_ALTERNATIVE, NEGATIVE_POLICY_WALL,
    NEGATIVE_REFUSAL, NEGATIVE_YOU_MUST, OWNERSHIP_DEFLECT, PATIENCE_BLAME, PATIENCE_EXPLAIN_AGAIN, PATIENCE_GIVE_TIME,
    PATIENCE_REASSURE, PATIENCE_REPEAT_REPROACH, PATIENCE_RUSH, POSITIVE_ALTERNATIVE, POSITIVE_CAN_DO, POSITIVE_GLADLY,
    POSITIVE_NEXT_STEP, RUDE_DISMISSIVE, RUDE_INSULT, RUDE_PROFANITY, TONE_NEGATIVE, TONE_POSITIVE,
};
use crate::lexicon::{ACTS, Act, Found, Reading, TurnReading};
use crate::model::{Language, Speaker};

/// How a turn comes across, 0..=1 each; higher is more of it.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Measures {
    /// Attention to the other's feelings.
    pub empathy: f64,
    /// Courtesy.
    pub politeness: f64,
    /// Good rather than bad feeling and worth.
    pub positivity: f64,
    /// Absence of hostility.
    pub calm: f64,
    /// How upset the speaker is.
    pub distress: f64,
    /// Says what can or will be done: a way, a step, another way.
    pub offering: f64,
    /// Says what cannot be had or must be done: a refusal, a rule, an order.
    pub refusing: f64,
    /// Shows what was understood: gives it back, checks it, sums it up, explains it anew.
    pub understanding: f64,
    /// How content a customer is with what was said or done.
    pub contentment: f64,
    /// Goes out to the other: asks how it is, takes the trouble on, wishes well.
    pub concern: f64,
    /// Takes pressure off: gives time, takes worry or shame away, explains anew.
    pub easing: f64,
    /// Pushes the matter away: to others, to nobody, back to the customer.
    pub deflecting: f64,
    /// Makes the customer smaller: blames, reproaches, rushes, mocks, waves the feeling away.
    pub harshness: f64,
    /// Brings together: what was agreed, what comes next, whether it is settled.
    pub concluding: f64,
    /// Leaves the door open: asks whether there is anything else, invites an answer.
    pub inviting: f64,
    /// Takes leave: a goodbye, a sign-off.
    pub parting: f64,
}

type Weights = &'static [(Act, f64)];

const EMPATHY: (f64, Weights) = (
    -1.5,
    &[
        (EMPATHY_NAME_FEELING, 2.0),
        (EMPATHY_VALIDATE, 2.0),
        (EMPATHY_APOLOGY, 1.4),
        (EMPATHY_TAKE_ON, 1.4),
        (EMPATHY_EXPLORE, 1.2),
        (CARING_WISH_WELL, 1.2),
        (PATIENCE_REASSURE, 1.0),
        (PATIENCE_GIVE_TIME, 0.6),
        (EMPATHY_DISMISS, -2.5),
        (RUDE_INSULT, -3.0),
        (RUDE_DISMISSIVE, -1.5),
        (PATIENCE_BLAME, -1.5),
    ],
);
const POLITENESS: (f64, Weights) = (
    0.0,
    &[
        (COURTESY_PLEASE, 1.0),
        (COURTESY_THANKS, 1.3),
        (COURTESY_REQUEST, 1.1),
        (COURTESY_HEDGE, 0.3),
        (COURTESY_DEFERENCE, 0.9),
        (GREETING_HELLO, 0.9),
        (EMPATHY_APOLOGY, 0.9),
        (CLOSING_THANKS, 0.8),
        (CLOSING_FAREWELL, 0.5),
        (CLOSING_OFFER_MORE_HELP, 0.5),
        (POSITIVE_GLADLY, 0.7),
        (PATIENCE_GIVE_TIME, 0.5),
        (ATTENTION_CHECK_BACK, 0.2),
        (ATTENTION_PARAPHRASE, 0.2),
        (TONE_POSITIVE, 0.3),
        (TONE_NEGATIVE, -0.3),
        (NEGATIVE_YOU_MUST, -0.8),
        (PATIENCE_RUSH, -1.5),
        (PATIENCE_BLAME, -1.8),
        (PATIENCE_REPEAT_REPROACH, -1.5),
        (RUDE_DISMISSIVE, -2.0),
        (RUDE_INSULT, -3.0),
        (RUDE_PROFANITY, -2.5),
    ],
);
const POSITIVITY: (f64, Weights) = (
    0.0,
    &[
        (TONE_POSITIVE, 1.3),
        (TONE_NEGATIVE, -1.5),
        (POSITIVE_GLADLY, 0.9),
        (POSITIVE_CAN_DO, 0.5),
        (POSITIVE_ALTERNATIVE, 0.3),
        (POSITIVE_NEXT_STEP, 0.3),
        (COURTESY_THANKS, 0.9),
        (CUSTOMER_THANKS, 0.5),
        (CUSTOMER_SATISFIED, 0.8),
        (CLOSING_FAREWELL, 0.5),
        (PATIENCE_REASSURE, 0.4),
        (NEGATIVE_REFUSAL, -0.7),
        (NEGATIVE_NO_ALTERNATIVE, -0.9),
        (NEGATIVE_POLICY_WALL, -0.5),
        (CUSTOMER_UPSET, -1.0),
        (CUSTOMER_HARDSHIP, -0.9),
        (CUSTOMER_WORRIED, -0.9),
        (CUSTOMER_TROUBLE, -0.7),
        (CUSTOMER_UNRESOLVED, -0.6),
        (CUSTOMER_CONFUSED, -0.2),
        (RUDE_INSULT, -1.5),
        (RUDE_PROFANITY, -1.0),
        (RUDE_DISMISSIVE, -0.8),
    ],
);
const CALM: (f64, Weights) = (
    1.5,
    &[
        (RUDE_INSULT, -2.5),
        (RUDE_PROFANITY, -2.5),
        (RUDE_DISMISSIVE, -1.5),
        (PATIENCE_BLAME, -1.2),
        (PATIENCE_RUSH, -1.2),
        (PATIENCE_REPEAT_REPROACH, -1.2),
        (EMPATHY_DISMISS, -0.8),
        (CUSTOMER_UPSET, -1.5),
        (TONE_NEGATIVE, -0.5),
        (TONE_POSITIVE, 0.2),
        (COURTESY_PLEASE, 0.3),
        (COURTESY_THANKS, 0.4),
        (PATIENCE_REASSURE, 0.5),
        (PATIENCE_GIVE_TIME, 0.5),
    ],
);
const DISTRESS: (f64, Weights) = (
    -2.0,
    &[
        (CUSTOMER_UPSET, 2.2),
        (CUSTOMER_HARDSHIP, 2.0),
        (CUSTOMER_WORRIED, 2.0),
        (CUSTOMER_UNRESOLVED, 1.0),
        (CUSTOMER_TROUBLE, 0.9),
        (CUSTOMER_CONFUSED, 0.5),
        (TONE_NEGATIVE, 0.6),
        (RUDE_PROFANITY, 1.0),
        (RUDE_INSULT, 1.2),
        (TONE_POSITIVE, -0.4),
        (COURTESY_THANKS, -0.5),
        (CUSTOMER_SATISFIED, -0.8),
    ],
);

const OFFERING: (f64, Weights) = (
    -1.5,
    &[
        (POSITIVE_CAN_DO, 2.0),
        (POSITIVE_ALTERNATIVE, 2.0),
        (POSITIVE_NEXT_STEP, 2.0),
        (CLOSING_NEXT_STEP, 1.5),
        (EMPATHY_TAKE_ON, 0.7),
        (POSITIVE_GLADLY, 0.3),
        (NEGATIVE_NO_ALTERNATIVE, -2.0),
        (RUDE_DISMISSIVE, -1.0),
    ],
);
const REFUSING: (f64, Weights) = (
    -2.0,
    &[
        (NEGATIVE_REFUSAL, 2.0),
        (NEGATIVE_NO_ALTERNATIVE, 2.0),
        (NEGATIVE_POLICY_WALL, 2.0),
        (NEGATIVE_YOU_MUST, 2.0),
        (RUDE_DISMISSIVE, 0.5),
    ],
);
const UNDERSTANDING: (f64, Weights) = (
    -2.0,
    &[(ATTENTION_PARAPHRASE, 2.0), (ATTENTION_CHECK_BACK, 2.0), (CLOSING_RECAP, 2.0), (PATIENCE_EXPLAIN_AGAIN, 2.0)],
);

const CONTENTMENT: (f64, Weights) = (
    -1.5,
    &[
        (CUSTOMER_SATISFIED, 2.5),
        (CUSTOMER_THANKS, 0.7),
        (TONE_POSITIVE, 0.3),
        (TONE_NEGATIVE, -0.5),
        (CUSTOMER_UNRESOLVED, -1.0),
        (CUSTOMER_UPSET, -1.0),
    ],
);
const CONCERN: (f64, Weights) = (
    -1.5,
    &[
        (EMPATHY_TAKE_ON, 2.0),
        (EMPATHY_EXPLORE, 2.0),
        (CARING_WISH_WELL, 2.0),
        (EMPATHY_NAME_FEELING, 0.5),
        (EMPATHY_DISMISS, -1.0),
        (RUDE_DISMISSIVE, -1.0),
        (PATIENCE_BLAME, -0.5),
    ],
);
const EASING: (f64, Weights) = (
    -1.5,
    &[
        (PATIENCE_GIVE_TIME, 2.0),
        (PATIENCE_REASSURE, 2.0),
        (PATIENCE_EXPLAIN_AGAIN, 2.0),
        (PATIENCE_RUSH, -1.0),
        (RUDE_DISMISSIVE, -1.0),
    ],
);
const DEFLECTING: (f64, Weights) =
    (-2.0, &[(OWNERSHIP_DEFLECT, 2.5), (NEGATIVE_NO_ALTERNATIVE, 0.5), (RUDE_DISMISSIVE, 0.5)]);
const HARSHNESS: (f64, Weights) = (
    -2.0,
    &[
        (PATIENCE_BLAME, 2.0),
        (PATIENCE_REPEAT_REPROACH, 2.0),
        (PATIENCE_RUSH, 2.0),
        (RUDE_DISMISSIVE, 2.0),
        (RUDE_INSULT, 2.5),
        (RUDE_PROFANITY, 1.0),
        (EMPATHY_DISMISS, 2.0),
        (PATIENCE_REASSURE, -0.5),
        (COURTESY_PLEASE, -0.3),
    ],
);

const CONCLUDING: (f64, Weights) =
    (-2.0, &[(CLOSING_RECAP, 2.0), (CLOSING_NEXT_STEP, 2.0), (CLOSING_CHECK_RESOLVED, 2.0), (POSITIVE_NEXT_STEP, 1.0)]);
const INVITING: (f64, Weights) =
    (-2.0, &[(CLOSING_OFFER_MORE_HELP, 2.5), (CLOSING_INVITE_REPLY, 2.5), (GREETING_OFFER_HELP, -1.0)]);
const PARTING: (f64, Weights) =
    (-2.0, &[(CLOSING_FAREWELL, 2.5), (CLOSING_SIGN_OFF, 2.5), (CLOSING_THANKS, 0.5), (GREETING_HELLO, -0.5)]);

/// Number of measures.
const N: usize = 16;
const BY_HEAD: [(f64, Weights); N] = [
    EMPATHY,
    POLITENESS,
    POSITIVITY,
    CALM,
    DISTRESS,
    OFFERING,
    REFUSING,
    UNDERSTANDING,
    CONTENTMENT,
    CONCERN,
    EASING,
    DEFLECTING,
    HARSHNESS,
    CONCLUDING,
    INVITING,
    PARTING,
];
/// Their heads in the model, in the order of the fields of [`Measures`].
pub const HEADS: [Head; N] = match Head::ALL.first_chunk() {
    Some(heads) => *heads,
    None => panic!("there are fewer heads than measures"),
};

/// Whose turns a measure is used of; `None` for one of everybody's.
pub fn speaks(head: Head) -> Option<Speaker> {
    match head {
        Head::Offering
        | Head::Refusing
        | Head::Understanding
        | Head::Concern
        | Head::Easing
        | Head::Deflecting
        | Head::Harshness
        | Head::Concluding
        | Head::Inviting
        | Head::Parting => Some(Speaker::Agent),
        Head::Contentment | Head::Distress => Some(Speaker::Customer),
        _ => None,
    }
}

impl Measures {
    fn all(&self) -> [f64; N] {
        [
            self.empathy,
            self.politeness,
            self.positivity,
            self.calm,
            self.distress,
            self.offering,
            self.refusing,
            self.understanding,
            self.contentment,
            self.concern,
            self.easing,
            self.deflecting,
            self.harshness,
            self.concluding,
            self.inviting,
            self.parting,
        ]
    }

    /// The measure of a head; 0 for a head that is none.
    pub fn of(&self, head: Head) -> f64 {
        self.all().get(head as usize).copied().unwrap_or(0.0)
    }
}

/// The acts of a turn without the bad words that belong to empathy: who names the customer's trouble does not complain of it.
pub fn without_others_troubles(acts: &[Found]) -> Cow<'_, [Found]> {
    let names_trouble = |f: &Found| TROUBLES.contains(&f.act);
    if !acts.iter().any(names_trouble) {
        return acts.into();
    }
    let within = |f: &Found| acts.iter().any(|a| names_trouble(a) && f.start < a.end && a.start < f.end);
    acts.iter().filter(|f| f.act != TONE_NEGATIVE || !within(f)).copied().collect()
}

/// Acts that name the customer's trouble.
const TROUBLES: [Act; 6] =
    [EMPATHY_NAME_FEELING, EMPATHY_VALIDATE, EMPATHY_APOLOGY, EMPATHY_TAKE_ON, EMPATHY_EXPLORE, PATIENCE_REASSURE];

/// Each act that a turn has, once, and how much of it: its highest confidence plus half of each further one.
fn amounts_of(acts: &[Found]) -> impl Iterator<Item = (Act, f64)> + '_ {
    acts.iter().enumerate().filter(|(i, f)| acts[..*i].iter().all(|a| a.act != f.act)).map(|(i, f)| {
        let alike = || acts[i..].iter().filter(|a| a.act == f.act).map(|a| f64::from(a.confidence));
        (f.act, alike().fold(0.0, f64::max).midpoint(alike().sum()))
    })
}

/// How much of each act a turn has, by the acts' numbers.
pub fn amounts(acts: &[Found]) -> [f64; ACTS.len()] {
    let mut amounts = [0.0; ACTS.len()];
    amounts_of(acts).for_each(|(act, amount)| amounts[usize::from(act.0)] = amount);
    amounts
}

/// What our own weights make of the acts of a turn, for each measure, in logits, in the order of the first heads ([`Head`]).
pub fn act_logits(amounts: &[f64; ACTS.len()]) -> [f64; N] {
    BY_HEAD.map(|(bias, weights)| bias + weights.iter().map(|(act, w)| w * amounts[usize::from(act.0)]).sum::<f64>())
}

/// The measures of a turn: from its acts, and from what the fitted model adds up to over its words.
pub fn of_turn(acts: &[Found], read: &TurnReading, model: Option<&Model>) -> Measures {
    let weights = weights(model);
    let mut logits = weights.bias;
    for (act, amount) in amounts_of(acts) {
        for (logit, weight) in logits.iter_mut().zip(weights.of_act[usize::from(act.0)]) {
            *logit += weight * amount;
        }
    }
    let of = |head: Head| {
        let words = tempered(read.learned[head as usize], read.words.len());
        1.0 / (1.0 + (-(logits[head as usize] + words + offset(read.language, head))).exp())
    };
    Measures {
        empathy: of(Head::Empathy),
        politeness: of(Head::Politeness),
        positivity: of(Head::Positivity),
        calm: of(Head::Calm),
        distress: of(Head::Distress),
        offering: of(Head::Offering),
        refusing: of(Head::Refusing),
        understanding: of(Head::Understanding),
        contentment: of(Head::Contentment),
        concern: of(Head::Concern),
        easing: of(Head::Easing),
        deflecting: of(Head::Deflecting),
        harshness: of(Head::Harshness),
        concluding: of(Head::Concluding),
        inviting: of(Head::Inviting),
        parting: of(Head::Parting),
    }
}

/// What a language adds, in logits: English (and what is not known), Russian, Kazakh. With it the turns of conversations that are told in
/// all three languages have the same mean logit, over the turns of whom the measure is used of (`tests/agreement` holds it against them),
/// and the rated conversations have the medians that the criteria take for plain talk, whatever the weights were fitted to.
const OFFSETS: [[f64; N]; 3] = [
    [0.50, -0.19, 0.16, -0.27, 0.61, 1.72, -1.18, 0.57, 0.14, 1.86, 0.73, 0.36, -0.20, 1.21, 1.03, -0.13],
    [0.54, -0.21, 0.17, -0.39, 0.65, 1.68, -1.28, 0.33, 0.25, 2.03, 0.97, 0.30, 0.01, 0.97, 0.91, -0.28],
    [0.45, -0.12, 0.22, -0.40, 0.51, 1.81, -0.94, 0.14, 0.39, 1.91, 0.95, 0.31, 0.06, 0.77, 0.80, -0.40],
];

fn offset(language: Option<Language>, head: Head) -> f64 {
    let row = match language {
        Some(Language::Russian) => 1,
        Some(Language::Kazakh) => 2,
        _ => 0,
    };
    OFFSETS[row][head as usize]
}

/// Our weights and what the model makes of them, in logits, for each measure.
struct Combined {
    bias: [f64; N],
    of_act: [[f64; N]; ACTS.len()],
}

fn combined(model: Option<&Model>) -> Combined {
    let mut out = Combined { bias: [0.0; N], of_act: [[0.0; N]; ACTS.len()] };
    for head in HEADS {
        let (h, (bias, weights)) = (head as usize, BY_HEAD[head as usize]);
        let scale = scale(model, head);
        out.bias[h] = scale * bias;
        for (act, weight) in weights {
            out.of_act[usize::from(act.0)][h] = scale * weight;
        }
        for (info, of_act) in ACTS.iter().zip(&mut out.of_act) {
            let fitted = model.and_then(|m| m.table().context.get(&format!("{FITTED}{}", info.name)));
            of_act[h] += fitted.map_or(0.0, |w| f64::from(w[h]) / 1000.0);
        }
    }
    out
}

fn weights(model: Option<&Model>) -> &Combined {
    static ALONE: LazyLock<Combined> = LazyLock::new(|| combined(None));
    match model {
        Some(model) => model.compiled(|| Box::new(combined(Some(model)))).downcast_ref().unwrap_or(&ALONE),
        None => &ALONE,
    }
}

/// Before the name of an act in the file of weights.
pub(crate) const FITTED: &str = "has ";

/// The weight of the acts next to the words.
fn scale(model: Option<&Model>, head: Head) -> f64 {
    model.map_or(1.0, |m| f64::from(m.table().scale[head as usize]) / 1000.0)
}

/// Something in a turn that moves a measure: an act, a word, or two neighbouring words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mover {
    /// Byte of the turn's text where it begins.
    pub start: u32,
    /// Byte behind its end.
    pub end: u32,
    /// The act; `None` for words that the fitted model weighs.
    pub act: Option<Act>,
    /// By how much, in logits; with the measure's constant, all of a turn add up to the logit of the measure.
    pub by: f64,
}

/// What moves one measure in a turn of these acts, strongest first.
pub fn movers(reading: &Reading, turn: usize, acts: &[Found], model: Option<&Model>, head: Head) -> Vec<Mover> {
    let mut out: Vec<Mover> = Vec::new();
    if !HEADS.contains(&head) {
        return out;
    }
    let weights = weights(model);
    for (i, f) in acts.iter().enumerate() {
        let weight = weights.of_act[usize::from(f.act.0)][head as usize];
        if weight == 0.0 {
            continue;
        }
        // The surest of an act counts in full, the first of equals; the others count half.
        let surer = |(k, other): (usize, &Found)| {
            other.act == f.act && (other.confidence > f.confidence || (other.confidence == f.confidence && k < i))
        };
        let share = if acts.iter().enumerate().any(surer) { 0.5 } else { 1.0 };
        let by = weight * share * f64::from(f.confidence);
        out.push(Mover { start: f.start, end: f.end, act: Some(f.act), by });
    }
    let read = &reading.turns[turn];
    if let Some(model) = model.filter(|_| read.is_legible()) {
        let words = reading.words_of(turn);
        let known: Vec<&learned::Word> = words.iter().map(|w| &reading.known(w).learned).collect();
        let temper = temper(words.len()) / 1000.0;
        let mut push = |start, end, weight: i16| {
            if weight != 0 {
                out.push(Mover { start, end, act: None, by: f64::from(weight) * temper });
            }
        };
        for (i, (w, k)) in words.iter().zip(&known).enumerate() {
            push(w.start, w.end, k.weights[head as usize]);
            let before = i.checked_sub(1);
            let pair = model.pair(before.map(|b| known[b]), Some(k)).map_or(0, |p| p[head as usize]);
            push(before.map_or(w.start, |b| words[b].start), w.end, pair);
        }
        if let (Some(w), Some(k)) = (words.last(), known.last()) {
            push(w.start, w.end, model.pair(Some(k), None).map_or(0, |p| p[head as usize]));
        }
    }
    out.sort_by(|a, b| b.by.abs().total_cmp(&a.by.abs()).then((a.start, a.end).cmp(&(b.start, b.end))));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_a_measure_adds_up_to_it() {
        let lexicon = crate::lexicon::Lexicon::built_in().unwrap();
        let turn = |text: &'static str| crate::model::Turn {
            speaker: crate::model::Speaker::Agent,
            text: text.into(),
            ..crate::model::Turn::default()
        };
        let c = crate::model::Conversation {
            turns: vec![
                turn("I'm so sorry, I do understand how upsetting that is, so sorry. Thank you for waiting!"),
                turn("Вы сами виноваты, ждите. Ужасно неудобно, спасибо."),
                turn("Кешіріңіз, түсінемін."),
                turn(""),
            ],
            ..crate::model::Conversation::default()
        };
        let mut reading = Reading::default();
        crate::lexicon::Reader::new(&lexicon).read(&c, &mut reading);
        let model = lexicon.model();
        for i in 0..c.turns.len() {
            let m = of_turn(reading.acts_of(i), &reading.turns[i], model);
            for head in HEADS {
                let all = movers(&reading, i, reading.acts_of(i), model, head);
                assert!(all.is_sorted_by(|a, b| a.by.abs() >= b.by.abs()));
                let sum = all.iter().map(|m| m.by).sum::<f64>()
                    + scale(model, head) * BY_HEAD[head as usize].0
                    + offset(reading.turns[i].language, head);
                let logit = (m.of(head) / (1.0 - m.of(head))).ln();
                assert!((sum - logit).abs() < 1e-6, "{head:?} of turn {i}: {sum} {logit}");
            }
        }
        assert!(!movers(&reading, 0, reading.acts_of(0), model, Head::Empathy).is_empty());
    }

    fn found(act: Act, confidence: f32) -> Found {
        Found { act, start: 0, end: 0, confidence, rule: 0, question: false }
    }

    #[test]
    fn measures_stay_within_bounds_and_follow_the_acts() {
        let of_turn = |acts: &[Found]| of_turn(acts, &TurnReading::default(), None);
        let none = of_turn(&[]);
        let insult = of_turn(&vec![found(RUDE_INSULT, 1.0); 50]);
        let kind = of_turn(&[found(EMPATHY_VALIDATE, 1.0), found(COURTESY_THANKS, 0.8)]);
        for m in [none, insult, kind] {
            for v in m.all() {
                assert!((0.0..=1.0).contains(&v));
            }
        }
        assert!(insult.calm < none.calm && insult.politeness < none.politeness);
        assert!(kind.empathy > none.empathy && kind.politeness > none.politeness);
    }

    #[test]
    fn no_act_has_two_weights_in_a_measure() {
        for (_, weights) in BY_HEAD {
            for (i, (a, _)) in weights.iter().enumerate() {
                assert!(weights[i + 1..].iter().all(|(b, _)| a != b), "{} twice", a.name());
            }
        }
    }
}
