//! What tells an agent from a customer, and by how much.

use crate::lexicon::acts::*;
use crate::lexicon::{ACTS, Act, Reading};
use crate::model::Conversation;
use crate::text::fold;

/// Something that one side says more than the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// An act: the sum of its confidences, at most 2.
    Does(Act),
    /// Words for the one spoken to: twenty times their share of the words, at most 3.
    You,
    /// Words for oneself, likewise.
    I,
    /// Words for one's own side, likewise.
    We,
}

/// How many signals there are: the acts, then `You`, `I`, `We`.
pub const COUNT: usize = ACTS.len() + 3;

impl Signal {
    /// Its place in [`signals`].
    pub fn index(self) -> usize {
        match self {
            Signal::Does(act) => usize::from(act.0),
            Signal::You => ACTS.len(),
            Signal::I => ACTS.len() + 1,
            Signal::We => ACTS.len() + 2,
        }
    }
}

use Signal::{Does, I, You};

/// Log-odds a unit of a signal; positive speaks for the agent.
///
/// A logistic regression on the differences of signals, fitted to the conversations of `tests/gold` and `tests/parallel`, of
/// MultiWOZ 2.1, SGD and STAR (`tests/roles` does it again), rounded. Left out or drawn towards nothing is what the sets have
/// by their making and not by the roles: who greets, "we", and acts that hardly occur.
pub const WEIGHTS: &[(Signal, f64)] = &[
    (You, 1.8),
    (I, -1.6),
    (Does(GREETING_OFFER_HELP), 1.6),
    (Does(GREETING_HELLO), -0.3),
    (Does(CLOSING_THANKS), 1.4),
    (Does(CLOSING_OFFER_MORE_HELP), 1.4),
    (Does(CLOSING_FAREWELL), 0.8),
    (Does(CLOSING_NEXT_STEP), 0.5),
    (Does(CLOSING_RECAP), 0.3),
    (Does(CLOSING_INVITE_REPLY), 0.5),
    (Does(NEGATIVE_REFUSAL), 0.9),
    (Does(NEGATIVE_POLICY_WALL), 0.4),
    (Does(NEGATIVE_NO_ALTERNATIVE), 0.4),
    (Does(NEGATIVE_YOU_MUST), 0.3),
    (Does(POSITIVE_CAN_DO), 0.8),
    (Does(POSITIVE_NEXT_STEP), 0.5),
    (Does(POSITIVE_GLADLY), 0.2),
    (Does(EMPATHY_NAME_FEELING), 0.6),
    (Does(EMPATHY_APOLOGY), 0.6),
    (Does(EMPATHY_VALIDATE), 0.5),
    (Does(EMPATHY_TAKE_ON), 0.4),
    (Does(PATIENCE_HOLD_ASK), 0.5),
    (Does(PATIENCE_HOLD_THANK), 0.4),
    (Does(PATIENCE_REASSURE), 0.3),
    (Does(PATIENCE_BLAME), 0.4),
    (Does(PATIENCE_RUSH), 0.2),
    (Does(HANDOVER_TRANSFER), 0.4),
    (Does(ATTENTION_CHECK_BACK), 0.4),
    (Does(OWNERSHIP_DEFLECT), 0.3),
    (Does(COURTESY_DEFERENCE), 0.4),
    (Does(COURTESY_REQUEST), 0.3),
    (Does(COURTESY_THANKS), -0.7),
    (Does(CARING_WISH_WELL), 0.3),
    (Does(TONE_POSITIVE), 0.4),
    (Does(TONE_NEGATIVE), -0.4),
    (Does(CUSTOMER_THANKS), -0.4),
    (Does(CUSTOMER_SATISFIED), -0.8),
    (Does(CUSTOMER_UPSET), -0.8),
    (Does(CUSTOMER_WORRIED), -0.8),
    (Does(CUSTOMER_HARDSHIP), -0.6),
    (Does(CUSTOMER_TROUBLE), -0.6),
    (Does(CUSTOMER_CONFUSED), -0.4),
    (Does(CUSTOMER_REPEATS), -0.4),
    (Does(CUSTOMER_UNRESOLVED), -0.4),
];

/// The weight of an act.
pub(super) fn of_act(act: Act) -> f64 {
    WEIGHTS.iter().find(|(s, _)| *s == Does(act)).map_or(0.0, |(_, w)| *w)
}

/// How much of each signal some turns hold, in the order of [`Signal::index`].
pub fn signals(c: &Conversation<'_>, reading: &Reading, turns: &[usize]) -> Vec<f64> {
    let mut out = vec![0.0; COUNT];
    let mut words = 0;
    for &t in turns {
        for found in reading.acts_of(t) {
            let sum = &mut out[Does(found.act).index()];
            *sum = (*sum + f64::from(found.confidence)).min(2.0);
        }
        let text = &c.turns[t].text;
        for word in reading.words_of(t) {
            words += 1;
            if let Some(signal) = person(&fold(&text[word.start as usize..word.end as usize])) {
                out[signal.index()] += 1.0;
            }
        }
    }
    for signal in [You, I, Signal::We] {
        let share = &mut out[signal.index()];
        *share = (20.0 * *share / (f64::from(words) + 20.0)).min(3.0);
    }
    out
}

/// Whom a folded word means, in English, Russian and Kazakh.
fn person(word: &str) -> Option<Signal> {
    Some(match word {
        "you" | "your" | "yours" | "yourself" | "you're" | "you've" | "you'll" | "you'd" => You,
        "вы" | "вас" | "вам" | "вами" | "ваш" | "ваша" | "ваше" | "ваши" | "вашу" | "вашего" | "вашей" | "вашему"
        | "вашем" | "ваших" | "вашим" => You,
        "сиз" | "сизди" | "сизге" | "сиздин" | "сизде" | "сизден" | "сизбен" => You,
        "i" | "my" | "me" | "mine" | "myself" | "i'm" | "i've" | "i'll" | "i'd" => I,
        "я" | "меня" | "мне" | "мной" | "мой" | "моя" | "мое" | "мои" | "мою" | "моего" | "моей" | "моему" | "моем"
        | "моих" | "моим" => I,
        "мен" | "мени" | "маган" | "менин" | "менде" | "менен" | "озим" => I,
        "we" | "our" | "us" | "ours" | "we're" | "we've" | "we'll" | "we'd" => Signal::We,
        "мы" | "нас" | "нам" | "нами" | "наш" | "наша" | "наше" | "наши" | "нашу" | "нашего" | "нашей" | "наших"
        | "нашем" => Signal::We,
        "биз" | "бизди" | "бизге" | "биздин" | "бизде" | "бизден" => Signal::We,
        // Kazakh says "your" and "you" by endings: нөміріңіз, айтыңыз.
        w if ["ныз", "низ", "нызды", "низди", "нызга", "низге", "ныздын", "низдин"]
            .iter()
            .any(|end| w.ends_with(end)) =>
        {
            You
        }
        _ => return None,
    })
}
