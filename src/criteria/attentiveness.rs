//! # Attentiveness
//!
//! ## What it measures
//! Whether the agent listens: gives back what the customer said, takes up its details, asks nothing twice, leaves no question unanswered.
//!
//! ## Why it matters
//! Who has to say things again feels unheard, and the next step is only as good as what was understood. Giving back what was
//! heard is the core of active listening (Rogers & Farson 1957).
//!
//! ## How it is scored
//! The sum starts at 60. Giving back the customer's matter in own words adds 10 and checking a detail 6, the same kind again
//! counting less and less; asking what happened or what worries adds 2.5. Taking up the customer's words adds up to 6 (share of own turns
//! that do), reacting to what was said up to 2.5. A question of the customer that is met with comfort, a rebuff or a goodbye and nothing
//! else costs 6; a question asked again after it was answered 14, the same words said again 8, asking for what the customer had said 20.
//! A question that the customer has to ask again in the same words costs 14; one that they come back to ("but when?", "and the dog?"),
//! since no answer has taken its words up, costs 19. A customer who says that they say it again costs 26, each further time less.
//! Talk in bare questions costs up to 12. By degrees, whatever the wording: how much the own words show of what was understood adds or costs
//! up to 12 (mean logit of the measure understanding) and for the two turns that show most up to 8 more; how much they say of what can and of what cannot be done up to 17 (offering and refusing: a plain no is an answer), the two turns that offer most up to 9; how much pressure the two turns that do it most take off up to 8 (easing); their warmth up to 5 (empathy); how much they push away up to 6 (deflecting).
//! A customer who leaves content adds 6, one who leaves with the matter open costs 6; the mood of their last two turns adds or costs up to 8, their contentment up to 5 (mean logit).
//! Not applicable with fewer than two own turns or no turn of the customer.
//!
//! ## Example
//! Customer: "The blue sofa came with a broken leg." Agent: "So the sofa is there, but one leg is broken, is that right? ..."
//!
//! ## Counter-example
//! Customer: "The blue sofa came with a broken leg." Agent: "What did you order?" Customer: "A sofa." Agent: "What did you order?"
//!
//! ## Limits
//! Whether the answer was the right one is not seen. A detail taken up in other words counts as not taken up. A question that is met with
//! words about something else is noticed only if the customer comes back to it.

use super::Criterion;
use super::part::{Leaving, Level, Part, Peak, fading};
use super::signals::{LEAVES, OwnTurn};
use crate::lexicon::Act;
use crate::lexicon::acts::{
    ATTENTION_CHECK_BACK, ATTENTION_PARAPHRASE, CLOSING_FAREWELL, CLOSING_OFFER_MORE_HELP, CUSTOMER_CONFUSED,
    CUSTOMER_NEEDS_TIME, CUSTOMER_REPEATS, CUSTOMER_SATISFIED, CUSTOMER_THANKS, CUSTOMER_UNRESOLVED, EMPATHY_EXPLORE,
    TALK_ASKS,
};
use crate::model::{Called, CriterionResult, Curve, Evidence};

/// See the head of this file.
pub struct Attentiveness;

const BASE: f64 = 60.0;
/// Fitted to the ratings of `tests/gold`, and a little flatter, so that a few lost words move a score less; `tests/agreement` holds it
/// against them.
const CURVE: Curve = Curve { centre: 50.9, spread: 20.8 };
const TAKES_UP: f64 = 6.0;
const REACTS: f64 = 2.5;
const UNANSWERED: f64 = -6.0;
const ASKS_AGAIN: f64 = -14.0;
const SAYS_AGAIN: f64 = -8.0;
const TOLD_BEFORE: f64 = -20.0;
const ASKED_BEFORE: f64 = -14.0;
const PASSED_OVER: f64 = -19.0;
const BARE: f64 = -12.0;
/// Points a logit of warmth, and at most.
const WARMTH: f64 = 3.0;
const MOST_WARMTH: f64 = 5.0;
/// Points a logit of what is shown to be understood and of what is offered, and at most.
const UNDERSTANDS: f64 = 6.0;
const ANSWERS: f64 = 3.0;
const MOST_BY_DEGREES: f64 = 12.0;
/// The same of the two turns that do it most.
const BEST_UNDERSTANDS: f64 = 2.0;
const BEST_ANSWERS: f64 = 3.0;
const MOST_OF_BEST: f64 = 8.0;
const MOST_OF_BEST_ANSWERS: f64 = 9.0;
/// The same of pressure taken off in the two turns that do it most: who gives time and says it in other words has listened.
const EASES: f64 = 2.5;
/// The same of what is refused: a plain no is an answer as well.
const SAYS_NO: f64 = 1.75;
const MOST_SAYS_NO: f64 = 5.0;
/// The same of what is pushed away, and of how content the customer is at the end.
const DEFLECTS: f64 = -2.5;
const MOST_DEFLECTS: f64 = 6.0;
const CONTENTMENT: f64 = 3.0;
const MOST_CONTENTMENT: f64 = 5.0;
/// Points of the mood at the end.
const MOOD: f64 = 13.0;
const LEAVES_CONTENT: f64 = 6.0;
const LEAVES_OPEN: f64 = -6.0;

/// Fewest words of a turn that could be an answer and is none.
const FEWEST_WORDS: usize = 3;
/// Acts of the agent that win by themselves.
const BY_ITSELF: &[(Act, &str, f64, &str)] = &[
    (ATTENTION_PARAPHRASE, "gives_back", 10.0, ""),
    (ATTENTION_CHECK_BACK, "checks_back", 6.0, ""),
    (EMPATHY_EXPLORE, "asks_what_happened", 2.5, ""),
];
/// Acts of the customer that say they were not heard.
const UNHEARD: &[(Act, &str, f64, &str)] =
    &[(CUSTOMER_REPEATS, "customer_has_to_repeat", -26.0, "give back what was said the first time")];

impl Criterion for Attentiveness {
    fn name(&self) -> &'static str {
        "attentiveness"
    }
    fn title(&self) -> &'static str {
        "Attentiveness"
    }
    fn advice(&self) -> &'static str {
        "Before you answer, give back in one sentence what you have understood, and check the detail that matters."
    }
    fn source(&self) -> &'static str {
        include_str!("attentiveness.rs")
    }

    fn curve(&self) -> Curve {
        CURVE
    }

    fn score(&self, part: &Part<'_>) -> CriterionResult {
        if let Some(reason) = part.cannot_tell() {
            return CriterionResult::cannot_tell(reason);
        }
        if part.signals.own.len() < 2 || part.signals.customer.is_empty() {
            return CriterionResult::not_applicable("too short a talk to listen in");
        }
        let mut evidence: Vec<Evidence> = Vec::new();
        part.by_itself(BY_ITSELF, &mut evidence);
        unheard(part, &mut evidence);
        unanswered(part, &mut evidence);
        told_again(part, &mut evidence);
        again(part, &mut evidence);
        by_degrees(part, &mut evidence);
        leaving(part, &mut evidence);
        evidence.retain(|e| e.points != 0.0);
        CriterionResult::scored(BASE, evidence, self.curve(), "customer and agent talked")
    }
}

/// The customer says that they were not heard: the loss stands at the own turn before.
fn unheard(part: &Part<'_>, evidence: &mut Vec<Evidence>) {
    let mut counts = vec![0; UNHEARD.len()];
    // What the customer's first turn repeats was told to somebody else.
    for turn in part.customer_turns().skip(1) {
        let Some(own) = part.own_turns().take_while(|t| *t < turn).last() else { continue };
        for (k, (act, rule, points, would_earn)) in UNHEARD.iter().enumerate() {
            let Some(found) = part.find(turn, &[*act], 0.5) else { continue };
            counts[k] += 1;
            let points = points * fading(counts[k] - 1) * f64::from(found.confidence);
            let mut e = part.graded(rule, points, own, would_earn);
            e.called = part.called(turn, found);
            evidence.push(e);
        }
    }
}

/// A question of the customer that is met with comfort, a rebuff or a goodbye, and with nothing else.
fn unanswered(part: &Part<'_>, evidence: &mut Vec<Evidence>) {
    let mut count = 0;
    for customer in part.signals.customer.iter().filter(|c| c.asks) {
        let Some(next) = part.signals.own.iter().find(|o| o.turn > customer.turn) else { continue };
        let answers = next.tells || next.asks || next.takes_up || next.words < FEWEST_WORDS;
        // A statement with "you know?" behind it wants no answer.
        let rhetorical = !customer.brief && part.find(customer.turn, &[TALK_ASKS], 0.5).is_none();
        if rhetorical || answers || !next.evades || part.find(customer.turn, LEAVES, 0.5).is_some() {
            continue;
        }
        count += 1;
        let points = UNANSWERED * fading(count - 1);
        let mut e = part.graded("question_left_unanswered", points, next.turn, "answer first, then ask or comfort");
        e.called = Some(whole(part, customer.turn));
        evidence.push(e);
    }
}

/// The customer answers with what they had said before, or asks again what they had asked.
fn told_again(part: &Part<'_>, evidence: &mut Vec<Evidence>) {
    let mut counts = [0, 0, 0];
    for customer in &part.signals.customer {
        let Some(own) = part.own_turns().take_while(|t| *t < customer.turn).last() else { continue };
        let (k, rule, points, would_earn) = if customer.told_before {
            (0, "asks_what_was_said", TOLD_BEFORE, "use what the customer has said already")
        } else if customer.asked_before.is_some() {
            (1, "question_asked_in_vain", ASKED_BEFORE, "answer the question the first time, or say when you will")
        } else if customer.comes_back_to.is_some() {
            (2, "question_passed_over", PASSED_OVER, "take up what was asked, in the customer's own words")
        } else {
            continue;
        };
        counts[k] += 1;
        let mut e = part.graded(rule, points * fading(counts[k] - 1), own, would_earn);
        e.called = Some(whole(part, customer.turn));
        evidence.push(e);
    }
}

/// What was said before is said again although the customer answered.
fn again(part: &Part<'_>, evidence: &mut Vec<Evidence>) {
    let mut counts = [0, 0];
    for own in part.signals.own.iter().filter(|o| o.says_again()) {
        let Some(before) = own.like else { continue };
        let between = before + 1..own.turn;
        let misheard = |t: usize| part.find(t, &[CUSTOMER_CONFUSED, CUSTOMER_NEEDS_TIME], 0.5).is_some();
        let closing = part.find(own.turn, &[CLOSING_OFFER_MORE_HELP, CLOSING_FAREWELL], 0.5).is_some();
        if closing || between.clone().any(misheard) {
            continue;
        }
        let asks = usize::from(own.only_asks);
        counts[asks] += 1;
        let (rule, points) = [("says_the_same_again", SAYS_AGAIN), ("asks_again", ASKS_AGAIN)][asks];
        let points = points * fading(counts[asks] - 1);
        let mut e = part.graded(rule, points, own.turn, "take up what the customer answered");
        e.called = between.rev().find(|t| part.roles[*t] == super::Role::Customer).map(|t| whole(part, t));
        evidence.push(e);
    }
}

fn by_degrees(part: &Part<'_>, evidence: &mut Vec<Evidence>) {
    let s = &part.signals;
    let mut share = |rule, most: f64, holds: &dyn Fn(&OwnTurn) -> bool, would_earn| {
        let points = most * s.own_share(holds);
        let turn = part.utmost(1.0, |t| f64::from(u8::from(holds(t))));
        evidence.extend(turn.map(|t| part.graded(rule, points, t, would_earn)));
    };
    share("takes_up_words", TAKES_UP, &|t| t.takes_up, "");
    share("reacts", REACTS, &|t| t.reacts, "");
    share("bare_questions", BARE, &|t| t.only_asks && !t.reacts, "acknowledge the answer before the next question");
    let would_earn = "give back what you have understood, and check it";
    evidence.extend(part.level(&Level::UNDERSTANDING, UNDERSTANDS, MOST_BY_DEGREES, would_earn));
    evidence.extend(part.peak(&Peak::UNDERSTANDING, BEST_UNDERSTANDS, MOST_OF_BEST, would_earn));
    evidence.extend(answers(part));
    evidence.extend(part.peak(&Peak::OFFERING, BEST_ANSWERS, MOST_OF_BEST_ANSWERS, "answer with what can be done"));
    let would_earn = "leave them time, take the worry off, or say it in other words";
    evidence.extend(part.peak(&Peak::EASING, EASES, MOST_OF_BEST, would_earn));
    let would_earn = "find it out yourself, or say who will";
    evidence.extend(part.level(&Level::DEFLECTING, DEFLECTS, MOST_DEFLECTS, would_earn));
    evidence.extend(part.level(&Level::WARMTH, WARMTH, MOST_WARMTH, "take up what the customer feels and wants"));
}

/// How much the own turns say of what can and of what cannot be done; shown by what of both says more.
fn answers(part: &Part<'_>) -> Option<Evidence> {
    let would_earn = "say plainly what can and what cannot be done";
    let can = part.level(&Level::OFFERING, ANSWERS, MOST_BY_DEGREES, would_earn)?;
    let cannot = part.level(&Level::REFUSING, SAYS_NO, MOST_SAYS_NO, would_earn)?;
    let points = can.points + cannot.points;
    let shown = if can.points.abs() >= cannot.points.abs() { can } else { cannot };
    Some(Evidence { rule: "answers_in_all_turns", points, ..shown })
}

fn leaving(part: &Part<'_>, evidence: &mut Vec<Evidence>) {
    part.mood(MOOD, "ask what is still open", evidence);
    evidence.extend(part.leaving(&Leaving::CONTENTMENT, CONTENTMENT, MOST_CONTENTMENT, "ask what is still open"));
    let Some(own) = part.own_turns().next_back() else { return };
    let last: Vec<usize> = part.customer_turns().rev().take(2).collect();
    let find = |acts: &[Act]| last.iter().find_map(|t| part.find(*t, acts, 0.6).map(|f| (*t, f)));
    let (rule, points, would_earn, found) = match find(&[CUSTOMER_THANKS, CUSTOMER_SATISFIED]) {
        Some(found) => ("customer_leaves_content", LEAVES_CONTENT, "", found),
        None => match find(&[CUSTOMER_UNRESOLVED]) {
            Some(found) => ("customer_leaves_unheard", LEAVES_OPEN, "ask what is still open", found),
            None => return,
        },
    };
    let mut e = part.graded(rule, points, own, would_earn);
    e.called = part.called(found.0, found.1);
    evidence.push(e);
}

fn whole(part: &Part<'_>, turn: usize) -> Called {
    Called { turn, start: 0, end: part.text(turn).len(), act: "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::criteria::testing::{better, result, told};
    use crate::model::{Channel, Status};

    #[test]
    fn english_details_are_taken_up_or_asked_twice() {
        let start = "C: The blue sofa came with a broken leg, and I need it for Saturday.\n";
        better(
            &Attentiveness,
            &format!(
                "{start}A: So the sofa is there, but one leg is broken, is that right?\nC: Yes.\nA: Let me see how we get a new leg to you before Saturday.\nC: Thank you!"
            ),
            &format!(
                "{start}A: What did you order?\nC: I said a sofa.\nA: What did you order?\nC: As I already told you, a sofa!"
            ),
            30.0,
        );
    }

    #[test]
    fn russian_details_are_taken_up_or_asked_twice() {
        let start = "C: Привезли синий диван со сломанной ножкой, а он нужен мне к субботе.\n";
        better(
            &Attentiveness,
            &format!(
                "{start}A: Правильно ли я понимаю, что диван привезли, но сломана ножка?\nC: Да.\nA: Давайте посмотрим, как доставить новую ножку до субботы.\nC: Спасибо!"
            ),
            &format!("{start}A: Что вы заказывали?\nC: Диван.\nA: Что вы заказывали?\nC: Я же вам уже сказала, диван!"),
            30.0,
        );
    }

    #[test]
    fn kazakh_details_are_taken_up_or_asked_twice() {
        let start = "C: Көк диванның аяғы сынып келді, маған сенбіге керек еді.\n";
        better(
            &Attentiveness,
            &format!(
                "{start}A: Дұрыс түсінсем, диван келді, бірақ аяғы сынған ғой, солай ма?\nC: Иә.\nA: Сенбіге дейін жаңа аяғын қалай жеткіземіз, қарап көрейін.\nC: Рақмет!"
            ),
            &format!(
                "{start}A: Не тапсырыс бердіңіз?\nC: Диван.\nA: Не тапсырыс бердіңіз?\nC: Айттым ғой сізге, диван!"
            ),
            25.0,
        );
    }

    #[test]
    fn a_question_that_no_answer_takes_up_costs_points() {
        for (start, good, bad, end) in [
            (
                "C: Can she travel by aeroplane after the operation?\n",
                "She may take an aeroplane",
                "There is no need to worry",
                "C: And the aeroplane?\nA: We can order a taxi as well.",
            ),
            (
                "C: Можно ли ей лететь самолётом после операции?\n",
                "Самолётом можно",
                "Не волнуйтесь",
                "C: А самолётом?\nA: Можем вызвать и такси.",
            ),
            (
                "C: Операциядан кейін ұшаққа отыруға бола ма?\n",
                "Ұшаққа отыруға болады",
                "Уайымдамаңыз",
                "C: Ал ұшақ ше?\nA: Такси де шақырамыз.",
            ),
        ] {
            let of = |answer: &str| format!("{start}A: {answer}, the doctor says so.\n{end}");
            better(&Attentiveness, &of(good), &of(bad), 8.0);
        }
    }

    fn lost(lines: &str) -> Vec<&'static str> {
        let r = result(&Attentiveness, Channel::Call, lines);
        let listens = |rule: &str| ["question", "asks_what_was_said"].iter().any(|begin| rule.starts_with(begin));
        r.evidence.iter().filter(|e| e.points < 0.0 && listens(e.rule)).map(|e| e.rule).collect()
    }

    #[test]
    fn a_letter_comes_back_to_a_question_in_more_words_than_a_turn() {
        let talk = "C: When will you refund the aeroplane tickets?\nA: Thank you for writing, we do not worry about this.\nC: Dear all, I have waited a while and nobody has said a word to me, though it would take you a minute. So what about the tickets?\nA: Thank you.";
        let told =
            |channel| result(&Attentiveness, channel, talk).evidence.iter().any(|e| e.rule == "question_passed_over");
        assert!(told(Channel::Email) && !told(Channel::Chat));
    }

    #[test]
    fn nobody_is_accused_of_an_ordinary_talk() {
        for talk in [
            // What is asked for is needed; an answer may have no word of the question, and the next question is another one.
            "C: Can you book a room for three nights?\nA: How many people will stay?\nC: Two of us.\nA: the Rosehip Inn has one free.",
            "C: Which one would you recommend?\nA: Riverside Lodge.\nC: Are there any other lodges in the area?\nA: Pine Tree Lodge.",
            "C: Can you check the weather in Almaty for Tuesday?\nA: Sunny, twenty degrees.\nC: Can you check the weather in Astana for Tuesday?\nA: Cloudy.",
            "C: No, that is it. Thank you.\nA: You are welcome. Goodbye.\nC: Bye.\nA: Bye.",
            "C: Можете забронировать номер на три ночи?\nA: Сколько человек приедет?\nC: Двое.\nA: Есть один в гостинице «Алатау».",
            "C: Какую посоветуете?\nA: «Чайный дом».\nC: А другие кафе рядом есть?\nA: Кофейня на углу.",
            "C: Үш түнге бөлме алуға бола ма?\nA: Қанша адам келеді?\nC: Екеуіміз.\nA: «Алатау» қонақүйінде бір бөлме бар.",
        ] {
            assert_eq!(lost(talk), [""; 0], "{talk}");
        }
    }

    #[test]
    fn comfort_is_no_answer_and_an_open_question_comes_back() {
        for (talk, rule) in [
            (
                "C: When will the engineer come?\nA: I am so sorry, I understand how you feel.\nC: Well.\nA: Goodbye.",
                "question_left_unanswered",
            ),
            (
                "C: Может ли собака ехать в каюте?\nA: Прекрасно! На какое число?\nC: На восьмое. А собака?\nA: Сколько вас?",
                "question_passed_over",
            ),
            (
                "C: My order number is 66210, the cake was crushed.\nA: What is your order number?\nC: 66210.\nA: Thank you.",
                "asks_what_was_said",
            ),
        ] {
            assert!(lost(talk).contains(&rule), "{rule} in {talk}: {:?}", lost(talk));
        }
    }

    #[test]
    fn a_plain_no_is_an_answer() {
        for (no, beside) in [
            (
                "No, dogs are not allowed in the cabin, and I cannot change that.",
                "The cabin is very spacious and modern.",
            ),
            ("Нет, с собакой в каюту нельзя, и изменить этого я не могу.", "Каюта у нас просторная и современная."),
            ("Жоқ, каютаға ит кіргізуге болмайды, мен оны өзгерте алмаймын.", "Каюта өте кең әрі заманауи."),
        ] {
            let points = |answer: &str| {
                let talk = format!("C: And the dog?\nA: {answer}\nC: Okay.\nA: {answer}");
                told(&Attentiveness, Channel::Call, &talk, "answers_in_all_turns").unwrap().points
            };
            assert!(points(no) > points(beside), "{no} {} {beside} {}", points(no), points(beside));
        }
    }

    #[test]
    fn a_talk_of_one_turn_is_not_applicable() {
        let r = result(&Attentiveness, Channel::Call, "C: Where are you?\nA: Abay avenue fifty two.");
        assert_eq!(r.status, Status::NotApplicable);
    }

    #[test]
    fn what_the_first_turn_repeats_was_told_to_somebody_else() {
        let talk = "A: Good morning, how can I help?\nC: I have told you three times that the lift is broken!\n\
            A: Which house is it?\nC: As I already said, number nine.\nA: Thank you, number nine.";
        let r = result(&Attentiveness, Channel::Call, talk);
        let turns: Vec<usize> =
            r.evidence.iter().filter(|e| e.rule == "customer_has_to_repeat").map(|e| e.turn).collect();
        assert_eq!(turns, [2], "{:?}", r.evidence);
    }
}
