//! Which acts are told by their place and company?
//!
//! "Enjoy the show!" ends one conversation and hands over the tickets in another. For a few acts the phrases only propose: what
//! stands in the turn, what the customer said before and says after it, where in the conversation it is, and its words decide, by
//! a logistic model fitted to labelled sets (`data/learned/weights.tsv`, lines `c`). Those sets are English; elsewhere the phrases stand.
//! An agent's act is decided for the turn, a customer's for the sentence.

use super::acts::{
    ACTS, Act, CLOSING_FAREWELL, CLOSING_INVITE_REPLY, CLOSING_OFFER_MORE_HELP, CLOSING_THANKS, CUSTOMER_FAREWELL,
    CUSTOMER_SATISFIED, CUSTOMER_THANKS,
};
use super::classes::Distinct;
use super::compile::Rule;
use super::file::Negation;
use super::matcher::{Found, Reading};
use crate::learned::{self, Head, Model, Sums, tempered};
use crate::model::{Conversation, Kind, Language, Speaker};
use crate::text::{Flags, Word, stretches};

/// Acts that are decided here, with the head that decides.
pub(crate) const DECIDED: [(Act, Head); 4] = [
    (CLOSING_FAREWELL, Head::Farewell),
    (CLOSING_OFFER_MORE_HELP, Head::OfferMoreHelp),
    (CUSTOMER_FAREWELL, Head::CustomerFarewell),
    (CUSTOMER_THANKS, Head::CustomerThanks),
];
/// The logits from which an act is said to be there. For an agent's goodbye it is 60 %, since one that nobody said is the worse
/// mistake; where phrases propose the others, 40 % is enough.
const SURE: [f64; 4] = [0.4, -0.4, -0.4, -0.4];
/// Fewest words of a turn that an act is added to which no phrase finds: a bare "OK." is none.
const FEWEST_WORDS: usize = 2;
/// A phrase of this confidence stands whatever its place speaks for.
const PLAIN: f32 = 0.9;
/// An act that no phrase finds must have the words on its side, in logits: place alone makes none.
const BY_WORDS: f64 = 0.5;
/// At the very end of a talk they must only not speak against it, where the turn thanks or the customer has just taken leave: "Happy to
/// help!" is the goodbye there.
const AT_THE_END: f64 = -1.0;
/// Closing acts whose place is looked at together with them, and acts of the customer before them.
const CLOSERS: [Act; 4] = [CLOSING_FAREWELL, CLOSING_THANKS, CLOSING_OFFER_MORE_HELP, CLOSING_INVITE_REPLY];
const LEAVERS: [Act; 3] = [CUSTOMER_FAREWELL, CUSTOMER_THANKS, CUSTOMER_SATISFIED];

/// A feature of the place and company of a stretch of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    /// The act is found in it.
    Has(Act),
    /// It is the last act in it.
    Ends(Act),
    /// It is found in the customer's turn before.
    Before(Act),
    /// It is found in the customer's turn behind.
    After(Act),
    /// The agent's first turn.
    First,
    /// A closing act (by its number among the closers) in the last turn, and in another.
    Closer(usize, bool),
    /// A closing act behind a leave-taking one of the customer.
    Answer(usize, usize),
}

const A: usize = ACTS.len();
/// Number of features.
pub(crate) const FEATURES: usize = 4 * A + 1 + 2 * CLOSERS.len() + CLOSERS.len() * LEAVERS.len();

impl Feature {
    /// Its number.
    pub(crate) fn index(self) -> usize {
        match self {
            Feature::Has(a) => usize::from(a.0),
            Feature::Ends(a) => A + usize::from(a.0),
            Feature::Before(a) => 2 * A + usize::from(a.0),
            Feature::After(a) => 3 * A + usize::from(a.0),
            Feature::First => 4 * A,
            Feature::Closer(c, last) => 4 * A + 1 + 2 * c + usize::from(last),
            Feature::Answer(c, l) => 4 * A + 1 + 2 * CLOSERS.len() + c * LEAVERS.len() + l,
        }
    }

    /// Every feature, in the order of their numbers.
    pub(crate) fn all() -> Vec<Feature> {
        let acts = || (0..A).map(|i| Act(i as u8));
        let mut all: Vec<Feature> = acts().map(Feature::Has).collect();
        all.extend(acts().map(Feature::Ends));
        all.extend(acts().map(Feature::Before));
        all.extend(acts().map(Feature::After));
        all.push(Feature::First);
        all.extend((0..CLOSERS.len()).flat_map(|c| [Feature::Closer(c, false), Feature::Closer(c, true)]));
        all.extend((0..CLOSERS.len()).flat_map(|c| (0..LEAVERS.len()).map(move |l| Feature::Answer(c, l))));
        all
    }

    /// As in the file of weights.
    pub(crate) fn name(self) -> String {
        match self {
            Feature::Has(a) => format!("has {}", a.name()),
            Feature::Ends(a) => format!("ends {}", a.name()),
            Feature::Before(a) => format!("before {}", a.name()),
            Feature::After(a) => format!("after {}", a.name()),
            Feature::First => "place first".into(),
            Feature::Closer(c, last) => {
                format!("{} {}", if last { "in the last turn" } else { "in another turn" }, CLOSERS[c].name())
            }
            Feature::Answer(c, l) => format!("behind {} {}", LEAVERS[l].name(), CLOSERS[c].name()),
        }
    }
}

/// What stands around a stretch of words.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Surroundings<'a> {
    /// Acts found in the stretch, in the order of their beginnings.
    pub acts: &'a [Found],
    /// Those of the customer's turn before, if its place counts.
    pub before: &'a [Found],
    /// Those of the customer's turn behind.
    pub after: &'a [Found],
    /// Whether its place counts.
    pub place: Option<Place>,
}

/// Where an agent's turn stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The agents' turns before it.
    pub from_start: usize,
    /// The agents' turns behind it.
    pub from_end: usize,
}

/// A stretch of words and what the model knows of them.
struct Words<'a> {
    words: &'a [Word],
    distinct: &'a [Distinct],
    language: Option<Language>,
}

impl<'a> Words<'a> {
    fn known(&self) -> impl Iterator<Item = &'a learned::Word> {
        self.words.iter().map(|w| &self.distinct[w.number as usize].learned)
    }
}

impl<'a> Surroundings<'a> {
    /// Of an agent's turn.
    pub(crate) fn of_turn(conversation: &Conversation<'_>, reading: &'a Reading, turn: usize) -> Self {
        let spoken = |k: &usize, s: Speaker| {
            let t = &conversation.turns[*k];
            t.kind == Kind::Speech && t.speaker == s
        };
        let agents = |range: std::ops::Range<usize>| range.filter(|k| spoken(k, Speaker::Agent)).count();
        let before = (0..turn).rev().find(|k| spoken(k, Speaker::Customer));
        let after = (turn + 1..conversation.turns.len()).find(|k| spoken(k, Speaker::Customer));
        Surroundings {
            acts: reading.acts_of(turn),
            before: before.map_or(&[], |k| reading.acts_of(k)),
            after: after.map_or(&[], |k| reading.acts_of(k)),
            place: Some(Place { from_start: agents(0..turn), from_end: agents(turn + 1..conversation.turns.len()) }),
        }
    }

    /// Calls `f` with each feature once and with its value, 0..=1.
    pub(crate) fn each(&self, mut f: impl FnMut(Feature, f32)) {
        let strongest = |act: Act| self.acts.iter().filter(|x| x.act == act).map(|x| x.confidence).reduce(f32::max);
        let first_of_its_act = |acts: &[Found], i: usize| acts[..i].iter().all(|x| x.act != acts[i].act);
        for (i, found) in self.acts.iter().enumerate() {
            if first_of_its_act(self.acts, i) {
                f(Feature::Has(found.act), strongest(found.act).unwrap_or(0.0));
            }
        }
        if let Some(last) = self.acts.last() {
            f(Feature::Ends(last.act), 1.0);
        }
        let Some(place) = self.place else { return };
        let once = |acts: &[Found]| (0..acts.len()).filter(|i| first_of_its_act(acts, *i)).collect::<Vec<_>>();
        once(self.before).into_iter().for_each(|i| f(Feature::Before(self.before[i].act), 1.0));
        once(self.after).into_iter().for_each(|i| f(Feature::After(self.after[i].act), 1.0));
        if place.from_start == 0 {
            f(Feature::First, 1.0);
        }
        for (c, act) in CLOSERS.iter().enumerate() {
            if strongest(*act).is_some() {
                f(Feature::Closer(c, place.from_end == 0), 1.0);
                for (l, leaver) in LEAVERS.iter().enumerate() {
                    if self.before.iter().any(|x| x.act == *leaver) {
                        f(Feature::Answer(c, l), 1.0);
                    }
                }
            }
        }
    }
}

/// The weights of place and company, compiled.
#[derive(Debug)]
pub(crate) struct Context {
    model: &'static Model,
    /// For each decided act: the constant and a weight a feature, in logits.
    weights: [(f64, Vec<f64>); 4],
    /// Rules that stand for acts found by their place and words.
    rules: [u32; 4],
}

/// The constant of an act in the file of weights.
pub(crate) const CONSTANT: &str = "constant";

impl Context {
    /// The context of a model; adds the rules that its acts are found by.
    pub(super) fn new(model: &'static Model, rules: &mut Vec<Rule>) -> Context {
        let table = model.table();
        let weight = |name: &str, head: Head| {
            let weights = table.context.get(name);
            weights.map_or(0.0, |w| f64::from(w[head as usize]) / 1000.0)
        };
        let weights = DECIDED.map(|(_, head)| {
            let all = Feature::all().into_iter().map(|f| weight(&f.name(), head)).collect();
            (weight(CONSTANT, head), all)
        });
        let rules = DECIDED.map(|(act, _)| {
            rules.push(Rule {
                act,
                language: Language::English,
                strength: 0.5,
                pattern: "(its words and its place)".into(),
                holds_negator: true,
                bar: false,
                negation: Negation::Keep,
                flipped: None,
                place: ("data/learned/weights.tsv".into(), 0),
                label: format!("learned/{}", act.name()).into(),
            });
            rules.len() as u32 - 1
        });
        Context { model, weights, rules }
    }

    /// Decides the acts of a conversation that are told by their place.
    pub(super) fn settle(&self, conversation: &Conversation<'_>, reading: &mut Reading) {
        let spoken = |i: usize, s: Speaker| {
            let t = &conversation.turns[i];
            t.kind == Kind::Speech && t.speaker == s
        };
        let mut acts: Vec<Found> = Vec::with_capacity(reading.acts.len());
        let mut ranges = Vec::with_capacity(reading.turns.len());
        for (i, turn) in reading.turns.iter().enumerate() {
            let from = acts.len();
            let found = reading.acts_of(i);
            let words = Words {
                words: &reading.words[turn.words.clone()],
                distinct: &reading.distinct,
                language: turn.language,
            };
            if spoken(i, Speaker::Agent) {
                let surroundings = Surroundings::of_turn(conversation, reading, i);
                acts.extend_from_slice(found);
                for k in [0, 1] {
                    self.decide(k, &surroundings, &words, &turn.learned, &mut acts, from);
                }
            } else if spoken(i, Speaker::Customer) {
                for sentence in stretches(words.words) {
                    let sentence = Words { words: sentence, ..words };
                    let (start, end) = (sentence.words[0].start, sentence.words[sentence.words.len() - 1].end);
                    let within = |f: &&Found| f.start >= start && f.start < end;
                    let here: Vec<Found> = found.iter().filter(within).copied().collect();
                    let first = acts.len();
                    acts.extend_from_slice(&here);
                    if sentence.words[0].flags.has(Flags::SIGN) {
                        continue;
                    }
                    let sums =
                        if turn.language.is_some() { self.model.sums(sentence.known()) } else { Sums::default() };
                    let surroundings = Surroundings { acts: &here, ..Surroundings::default() };
                    for k in [2, 3] {
                        self.decide(k, &surroundings, &sentence, &sums, &mut acts, first);
                    }
                }
            } else {
                acts.extend_from_slice(found);
            }
            acts[from..].sort_unstable_by_key(|a| (a.start, a.end, a.act, a.rule));
            ranges.push(from..acts.len());
        }
        for (turn, range) in reading.turns.iter_mut().zip(ranges) {
            turn.acts = range;
        }
        reading.acts = acts;
    }

    /// Keeps, drops or adds one act of a stretch of words, whose acts begin at `from` in `acts`.
    fn decide(
        &self,
        which: usize,
        surroundings: &Surroundings<'_>,
        stretch: &Words<'_>,
        sums: &Sums,
        acts: &mut Vec<Found>,
        from: usize,
    ) {
        let (act, head) = DECIDED[which];
        let (constant, weights) = &self.weights[which];
        let Words { words, language, .. } = stretch;
        if *language != Some(Language::English)
            || words.is_empty()
            || (*constant == 0.0 && weights.iter().all(|w| *w == 0.0))
        {
            return;
        }
        let mut logit = *constant;
        surroundings.each(|feature, value| logit += weights[feature.index()] * f64::from(value));
        let said = tempered(sums[head as usize], words.len());
        logit += said;
        let has = acts[from..].iter().any(|f| f.act == act);
        let at_end = surroundings.place.is_some_and(|p| p.from_end == 0);
        // What is said in so many words stands; an agent's goodbye if nothing comes after it. A customer's is often part of thanks
        // or of a "no", which is what counts then.
        let alone = match act {
            CLOSING_FAREWELL => at_end,
            CUSTOMER_FAREWELL => false,
            _ => true,
        };
        // Nothing leads up to a goodbye in an agent's first turn: one that no phrase finds there is not added.
        let opens = act == CLOSING_FAREWELL && surroundings.place.is_some_and(|p| p.from_start == 0);
        let parting = at_end
            && act == CLOSING_FAREWELL
            && (surroundings.acts.iter().any(|f| f.act == CLOSING_THANKS)
                || surroundings.before.iter().any(|f| LEAVERS.contains(&f.act)));
        let needed = if parting { AT_THE_END } else { BY_WORDS };
        let plain = alone && acts[from..].iter().any(|f| f.act == act && f.confidence >= PLAIN);
        if logit < SURE[which] {
            if has && !plain {
                let kept: Vec<Found> = acts.drain(from..).filter(|f| f.act != act).collect();
                acts.extend(kept);
            }
        } else if !has && said >= needed && !opens && words.len() >= FEWEST_WORDS {
            let (start, end) = self.strongest(stretch, head);
            let confidence = (1.0 / (1.0 + (-logit).exp())) as f32;
            let question = words[words.len() - 1].flags.has(Flags::QUESTION);
            acts.push(Found { act, start, end, confidence, rule: self.rules[which], question });
        }
    }

    /// The word or the two neighbours that speak most for a head.
    fn strongest(&self, stretch: &Words<'_>, head: Head) -> (u32, u32) {
        let words = stretch.words;
        let mut best = (i32::MIN, words[0].start, words[0].end);
        let mut before: Option<(&learned::Word, u32)> = None;
        for (w, known) in words.iter().zip(stretch.known()) {
            let alone = i32::from(known.weights[head as usize]);
            if alone > best.0 {
                best = (alone, w.start, w.end);
            }
            if let Some((previous, start)) = before {
                let pair = self.model.pair(Some(previous), Some(known)).map_or(0, |p| i32::from(p[head as usize]));
                let both = pair + alone + i32::from(previous.weights[head as usize]);
                if both > best.0 {
                    best = (both, start, w.end);
                }
            }
            before = Some((known, w.start));
        }
        (best.1, best.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Turn;

    #[test]
    fn features_have_numbers_and_names_of_their_own() {
        let all = Feature::all();
        assert_eq!(all.len(), FEATURES);
        let names: std::collections::BTreeSet<String> = all.iter().map(|f| f.name()).collect();
        assert_eq!(names.len(), FEATURES);
        assert!(all.iter().enumerate().all(|(i, f)| f.index() == i));
    }

    fn acts(turns: &[(Speaker, &str)]) -> Vec<(usize, &'static str)> {
        let lexicon = crate::lexicon::Lexicon::built_in().unwrap();
        let turns: Vec<Turn<'_>> =
            turns.iter().map(|(s, t)| Turn { speaker: *s, text: (*t).into(), ..Turn::default() }).collect();
        let conversation = Conversation { language: Some("en".into()), turns, ..Conversation::default() };
        let mut reading = Reading::default();
        crate::lexicon::Reader::new(&lexicon).read(&conversation, &mut reading);
        let of_turn = |i: usize| reading.acts_of(i).iter().map(move |f| (i, f.act.name())).collect::<Vec<_>>();
        (0..conversation.turns.len()).flat_map(of_turn).collect()
    }

    #[test]
    fn what_a_customers_sign_says_is_kept() {
        let found = acts(&[(Speaker::Customer, "It is out again. 😡 👎 Goodbye."), (Speaker::Agent, "Goodbye.")]);
        for act in ["customer.upset", "tone.negative", "customer.farewell"] {
            assert!(found.contains(&(0, act)), "{act}: {found:?}");
        }
    }

    #[test]
    fn a_wish_takes_leave_at_the_end_and_thanks_that_open_a_talk_do_not() {
        use Speaker::{Agent, Customer};
        let talk = [
            (Agent, "Many thanks for getting in touch with the library."),
            (Customer, "Can I keep the atlas for another week?"),
            (Agent, "You can, it is yours until the ninth. Anything else?"),
            (Customer, "No, that is all, thank you!"),
            (Agent, "You're welcome. Enjoy the atlas!"),
        ];
        let found = acts(&talk);
        let goodbyes: Vec<usize> = found.iter().filter(|a| a.1 == "closing.farewell").map(|a| a.0).collect();
        assert_eq!(goodbyes, [4], "{found:?}");
        let alone = acts(&talk[..1]);
        assert!(alone.iter().all(|a| a.1 != "closing.farewell"), "{alone:?}");
        let leaving = acts(&[(Agent, "Is that everything?"), (Customer, "okay thanks then bye bye")]);
        assert!(leaving.contains(&(1, "customer.farewell")), "{leaving:?}");
    }
}
