//! What an agent met in a part of a conversation, apart from what they made of it: how upset the customer came, and in which
//! language the two talked.

use super::part::{Part, Role};
use crate::lexicon::acts::LANGUAGE_ASK_SWITCH;
use crate::model::Language;

/// Fewest words of a turn that tells its language.
const FEWEST_WORDS: usize = 3;
/// How sure a turn's language must be.
const SURE: f32 = 0.7;
/// How sure a request to switch must be.
const ASKED: f32 = 0.5;

/// One of the two who talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The agent.
    Agent,
    /// The customer.
    Customer,
}

impl Side {
    /// As in files: `agent`, `customer`.
    pub fn name(self) -> &'static str {
        match self {
            Side::Agent => "agent",
            Side::Customer => "customer",
        }
    }
}

/// What an agent met.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Circumstances {
    /// The highest distress, 0..=1, of the customer's turns before the agent's second one; `None` when the customer says nothing by then.
    pub initial_distress: Option<f64>,
    /// The language of most of the customer's words, from turns long enough to tell.
    pub customer_language: Option<Language>,
    /// The language of most of the agent's words.
    pub agent_language: Option<Language>,
    /// Whether at least half of the agent's turns are in the language in which the customer spoke last; `None` when it cannot be told.
    pub language_followed: Option<bool>,
    /// Who first left the language that the customer began in; `None` when nobody did.
    pub switched_first: Option<Side>,
    /// Whether the agent asks the customer to talk in another language.
    pub asked_to_switch: bool,
}

impl Circumstances {
    /// The circumstances of a part.
    pub fn of(part: &Part<'_>) -> Circumstances {
        let second = part.own_turns().nth(1).unwrap_or(usize::MAX);
        let early = part.signals.customer.iter().take_while(|c| c.turn < second);
        let initial_distress = early.map(|c| c.measures.distress).reduce(f64::max);
        let mut out = Circumstances {
            initial_distress,
            asked_to_switch: part.own_turns().any(|t| part.find(t, &[LANGUAGE_ASK_SWITCH], ASKED).is_some()),
            ..Circumstances::default()
        };
        out.languages(part);
        out
    }

    fn languages(&mut self, part: &Part<'_>) {
        let mut turns: Vec<(usize, Side)> = part.customer_turns().map(|t| (t, Side::Customer)).collect();
        turns.extend(part.own_turns().map(|t| (t, Side::Agent)));
        turns.sort_unstable_by_key(|t| t.0);
        let mut words = [[0_usize; Language::ALL.len()]; 2];
        let (mut began, mut last) = (None, None);
        let (mut followed, mut answers) = (0, 0);
        for (turn, side) in turns {
            debug_assert!(part.roles[turn] != Role::Other);
            let reading = &part.reading.turns[turn];
            let n = reading.words.len();
            let Some(language) = reading.language.filter(|_| n >= FEWEST_WORDS && reading.language_confidence >= SURE)
            else {
                continue;
            };
            words[side as usize][language as usize] += n;
            match (side, last) {
                (Side::Customer, _) => {
                    began = began.or(Some(language));
                    last = Some(language);
                }
                (Side::Agent, Some(last)) => {
                    answers += 1;
                    followed += usize::from(language == last);
                }
                // What an agent says before the customer has spoken follows nobody.
                (Side::Agent, None) => continue,
            }
            if began != Some(language) && self.switched_first.is_none() {
                self.switched_first = Some(side);
            }
        }
        let main = |side: Side| {
            let counts = words[side as usize];
            let most = counts.iter().copied().max().filter(|n| *n > 0)?;
            Language::ALL.into_iter().find(|l| counts[*l as usize] == most)
        };
        (self.customer_language, self.agent_language) = (main(Side::Customer), main(Side::Agent));
        self.language_followed = (answers > 0).then_some(followed * 2 >= answers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::criteria::parts;
    use crate::lexicon::{Lexicon, Reader, Reading};
    use crate::model::{Conversation, Speaker, Turn};

    fn of(turns: &[(&str, &str)]) -> Circumstances {
        static LEXICON: std::sync::OnceLock<Lexicon> = std::sync::OnceLock::new();
        let lexicon = LEXICON.get_or_init(|| Lexicon::built_in().unwrap());
        let turns = turns.iter().map(|(who, text)| Turn {
            speaker: if *who == "c" { Speaker::Customer } else { Speaker::Agent },
            text: (*text).into(),
            ..Turn::default()
        });
        let conversation = Conversation {
            id: "1".into(),
            agent_id: Some("a".into()),
            turns: turns.collect(),
            ..Conversation::default()
        };
        let mut reading = Reading::default();
        Reader::new(lexicon).read(&conversation, &mut reading);
        Circumstances::of(&parts(&conversation, &reading, lexicon)[0])
    }

    #[test]
    fn an_agent_who_follows_the_customer() {
        let c = of(&[
            ("a", "Здравствуйте, меня зовут Дана, чем могу помочь?"),
            ("c", "Сәлеметсіз бе, менің интернетім үш күннен бері істемей тұр."),
            ("a", "Қолайсыздық үшін кешірім сұраймын, қазір тексеріп көремін."),
            ("c", "Рақмет, күтіп отырмын, тезірек болса жақсы болар еді."),
        ]);
        assert_eq!(c.customer_language, Some(Language::Kazakh));
        assert_eq!((c.language_followed, c.switched_first, c.asked_to_switch), (Some(true), None, false), "{c:?}");
    }

    #[test]
    fn an_agent_who_asks_to_switch() {
        let c = of(&[
            ("c", "Сәлеметсіз бе, менің интернетім үш күннен бері істемей тұр."),
            ("a", "Извините, я не понимаю по-казахски, говорите, пожалуйста, по-русски."),
            ("c", "Хорошо, у меня три дня не работает интернет, помогите пожалуйста."),
            ("a", "Сейчас проверю вашу линию, подождите минуту."),
        ]);
        assert_eq!((c.switched_first, c.asked_to_switch), (Some(Side::Agent), true), "{c:?}");
        assert_eq!(c.agent_language, Some(Language::Russian));
    }

    #[test]
    fn a_customer_who_switches_is_followed_or_not() {
        let talk = |answer| {
            of(&[
                ("c", "Здравствуйте, у меня не работает интернет уже третий день."),
                ("c", "Қазақша сөйлейік, маған солай ыңғайлы болады, рақмет."),
                ("a", answer),
            ])
        };
        let c = talk("Жақсы, мен қазір сіздің желіңізді тексеріп көремін.");
        assert_eq!((c.switched_first, c.language_followed), (Some(Side::Customer), Some(true)), "{c:?}");
        let c = talk("Хорошо, сейчас проверю вашу линию и отвечу вам.");
        assert_eq!((c.switched_first, c.language_followed), (Some(Side::Customer), Some(false)), "{c:?}");
    }

    #[test]
    fn distress_is_what_the_customer_brings() {
        let upset = of(&[
            ("a", "Hello, how can I help you?"),
            ("c", "This is outrageous, I am absolutely furious with your terrible service!"),
            ("a", "I'm so sorry to hear that."),
            ("c", "Thank you."),
        ]);
        let calm = of(&[
            ("a", "Hello, how can I help you?"),
            ("c", "Hello, I would like to know your opening hours."),
            ("a", "From nine to six."),
            ("c", "This is outrageous, I am absolutely furious with your terrible service!"),
        ]);
        assert!(upset.initial_distress.unwrap() > calm.initial_distress.unwrap() + 0.3, "{upset:?} {calm:?}");
        assert_eq!(of(&[("a", "Hello, how can I help you?")]).initial_distress, None);
        assert_eq!(of(&[("c", "ok"), ("a", "ok")]).language_followed, None);
    }
}
