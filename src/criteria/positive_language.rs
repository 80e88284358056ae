//! # Positive language
//!
//! ## What it measures
//! Whether the agent says what will and can be done rather than what will not and cannot.
//!
//! ## Why it matters
//! The same fact can shut a door or open one. Customers act on what they can have next, and concrete promises raise
//! satisfaction (Packard & Berger 2021).
//!
//! ## How it is scored
//! The sum starts at 60. Saying what can be done, offering another way, naming a next step and doing it gladly add points
//! (6, 6, 4 and 4; the same kind again counts less and less). A refusal that the same or the next own turn follows with an
//! alternative, a can-do or a next step is a *reframe* and adds 4; left standing it costs 16. "You must" costs 8, policy as a wall 12,
//! blaming 7, a shut door ("nothing I can do") 16; losses of one kind fade more slowly than gains.
//! By degrees, whatever the wording: how much is offered in all own turns adds or costs up to 32, how much is refused up to 34,
//! how much is pushed away up to 30 (mean logits of the measures offering, refusing and deflecting, turns weighted by their words), their warmth up to 22 (empathy), and their tone
//! up to 6 (mean of the measure positivity).
//! The two turns that offer most add or cost up to 16 more, the two that refuse most up to 18; how much the own turns show of what was understood up to 9
//! (understanding), for a way fits whom it is built for; how content the customer's last two turns are up to 22 (contentment); how much the two turns that do it most go out to the customer up to 8 (concern).
//! Not applicable where no phrase frames anything either way and no own turn offers or refuses (0.8 of one of the two measures).
//!
//! ## Example
//! "This product will be here next month; I can take your order now and will let you know as soon as it is in."
//!
//! ## Counter-example
//! "We don't have this product until next month; we have ordered it, but it is out of stock."
//!
//! ## Limits
//! A refusal that must stay a refusal (a request that the law forbids) is scored like any other; it still can be followed by a next step.

use super::Criterion;
use super::part::{Leaving, Level, Part, Peak, fading};
use crate::learned::Head;
use crate::lexicon::acts::{
    CLOSING_NEXT_STEP, EMPATHY_TAKE_ON, NEGATIVE_NO_ALTERNATIVE, NEGATIVE_POLICY_WALL, NEGATIVE_REFUSAL,
    NEGATIVE_YOU_MUST, PATIENCE_BLAME, POSITIVE_ALTERNATIVE, POSITIVE_CAN_DO, POSITIVE_GLADLY, POSITIVE_NEXT_STEP,
    RUDE_DISMISSIVE,
};
use crate::lexicon::{Act, Found};
use crate::model::{CriterionResult, Curve, Evidence};

/// See the head of this file.
pub struct PositiveLanguage;

const BASE: f64 = 60.0;
/// Fitted to the ratings of `tests/gold`, and a little flatter, so that a few lost words move a score less; `tests/agreement` holds it
/// against them.
const CURVE: Curve = Curve { centre: 41.9, spread: 53.0 };
const REFRAMED: f64 = 4.0;
const REFUSED: f64 = -16.0;
/// Points between the worst and the best tone, and that of plain turns.
const TONE: f64 = 24.0;
const PLAIN: f64 = 0.56;
const MOST_TONE: f64 = 6.0;
/// Points a logit of warmth, and at most.
const WARMTH: f64 = 12.0;
const MOST_WARMTH: f64 = 22.0;
/// Points a logit of what is offered and of what is refused, and at most.
const OFFERS: f64 = 20.0;
const MOST_OFFERS: f64 = 32.0;
const REFUSES: f64 = -13.0;
const MOST_REFUSES: f64 = 34.0;
/// The same of what is pushed away.
const DEFLECTS: f64 = -15.0;
const MOST_DEFLECTS: f64 = 30.0;
/// The same of what is offered, taken on and refused in the two turns that do it most, of what is shown to be understood, and of how content the
/// customer is at the end.
const BEST_OFFERS: f64 = 8.0;
const MOST_BEST_OFFERS: f64 = 16.0;
const CONCERN: f64 = 4.0;
const MOST_CONCERN: f64 = 8.0;
const HARDEST_REFUSES: f64 = -4.5;
const MOST_HARDEST_REFUSES: f64 = 18.0;
const UNDERSTANDS: f64 = 6.0;
const MOST_UNDERSTANDS: f64 = 9.0;
const CONTENTMENT: f64 = 14.0;
const MOST_CONTENTMENT: f64 = 22.0;
/// An own turn with so much of either measure offers or refuses, in whatever words.
const SURELY: f64 = 0.8;
/// What turns a refusal into a reframe.
const WAYS_ON: &[Act] =
    &[POSITIVE_ALTERNATIVE, POSITIVE_CAN_DO, POSITIVE_NEXT_STEP, CLOSING_NEXT_STEP, EMPATHY_TAKE_ON];

/// Acts that count by themselves: act, rule, points, what would have earned them.
const BY_ITSELF: &[(Act, &str, f64, &str)] = &[
    (POSITIVE_CAN_DO, "can_do", 6.0, ""),
    (POSITIVE_ALTERNATIVE, "offers_alternative", 6.0, ""),
    (POSITIVE_NEXT_STEP, "names_next_step", 4.0, ""),
    (CLOSING_NEXT_STEP, "names_next_step", 4.0, ""),
    (POSITIVE_GLADLY, "does_it_gladly", 4.0, ""),
    (NEGATIVE_YOU_MUST, "orders_about", -8.0, "say what it gives them: \"Once you send the form, I can ...\""),
    (NEGATIVE_POLICY_WALL, "policy_as_wall", -12.0, "give the reason and the way that is open"),
    (NEGATIVE_NO_ALTERNATIVE, "shuts_the_door", -16.0, "offer what is possible, however small, or who can help"),
    (PATIENCE_BLAME, "blames", -7.0, "say what to do now, not who is at fault"),
    (RUDE_DISMISSIVE, "cold_words", -8.0, "stay with the customer's question, politely"),
];

impl Criterion for PositiveLanguage {
    fn name(&self) -> &'static str {
        "positive_language"
    }
    fn title(&self) -> &'static str {
        "Positive language"
    }
    fn advice(&self) -> &'static str {
        "After every \"no\" say in the same breath what is possible and when: an alternative or a next step with a date."
    }
    fn source(&self) -> &'static str {
        include_str!("positive_language.rs")
    }

    fn curve(&self) -> Curve {
        CURVE
    }

    fn score(&self, part: &Part<'_>) -> CriterionResult {
        if let Some(reason) = part.cannot_tell() {
            return CriterionResult::cannot_tell(reason);
        }
        let mut evidence: Vec<Evidence> = Vec::new();
        let mut counts = vec![0; BY_ITSELF.len()];
        let (mut reframed, mut refused) = (0, 0);
        for turn in part.own_turns() {
            let shut = part.acts(turn).iter().filter(|f| f.act == NEGATIVE_NO_ALTERNATIVE);
            let shut: Vec<_> = shut.map(|f| f.start..f.end).collect();
            for found in part.acts(turn) {
                if found.act == NEGATIVE_REFUSAL {
                    // "No?" asks.
                    if found.question && found.confidence <= 0.5 {
                        continue;
                    }
                    // "There is nothing I can do" is a shut door, not a refusal as well.
                    if shut.iter().any(|s| found.start < s.end && s.start < found.end) {
                        continue;
                    }
                    // "Unfortunately we can't" is one refusal: the strongest of a sentence counts, and what is said
                    // before the last of them is taken back by it.
                    let sentence = part.sentence(turn, found.start);
                    let same: Vec<&Found> = part
                        .acts(turn)
                        .iter()
                        .filter(|f| f.act == NEGATIVE_REFUSAL && part.sentence(turn, f.start) == sentence)
                        .collect();
                    let order =
                        |a: &&&Found, b: &&&Found| a.confidence.total_cmp(&b.confidence).then(b.start.cmp(&a.start));
                    if same.iter().max_by(order).is_some_and(|s| s.start != found.start) {
                        continue;
                    }
                    let end = same.iter().map(|f| f.end).max().unwrap_or(found.end);
                    let behind = part
                        .acts(turn)
                        .iter()
                        .find(|f| f.start >= end && f.confidence >= 0.5 && WAYS_ON.contains(&f.act));
                    let before = part.acts(turn).iter().find(|f| f.end <= found.start && f.act == POSITIVE_ALTERNATIVE);
                    let next = || part.next_own(turn, 1).find_map(|t| part.find(t, WAYS_ON, 0.5));
                    let confidence = f64::from(found.confidence);
                    evidence.push(if behind.or(before).or_else(next).is_some() {
                        reframed += 1;
                        part.point("reframe", REFRAMED * fading(reframed - 1) * confidence, turn, found, "")
                    } else {
                        refused += 1;
                        let would_earn = "follow it with what is possible: \"It will be in on the 3rd; I can reserve one for you now\"";
                        part.point("refusal_left_standing", REFUSED * slow_fading(refused - 1) * confidence, turn, found, would_earn)
                    });
                } else if let Some(k) = BY_ITSELF.iter().position(|b| b.0 == found.act) {
                    let (_, rule, points, would_earn) = BY_ITSELF[k];
                    if found.act == POSITIVE_CAN_DO && taken_back(part, turn, found) {
                        continue;
                    }
                    // What happens after the talk is a next step, told once.
                    if found.act == CLOSING_NEXT_STEP && part.find(turn, &[POSITIVE_NEXT_STEP], 0.0).is_some() {
                        continue;
                    }
                    // An offer put as a question is an offer; "can I have your number?" is not, and the lexicon keeps them apart.
                    let weight = if points > 0.0 { fading(counts[k]) } else { slow_fading(counts[k]) };
                    counts[k] += 1;
                    evidence.push(part.point(
                        rule,
                        points * weight * f64::from(found.confidence),
                        turn,
                        found,
                        would_earn,
                    ));
                }
            }
        }
        let reaches = |head| part.signals.reaches(head, SURELY);
        if evidence.is_empty() && !reaches(Head::Offering) && !reaches(Head::Refusing) {
            return CriterionResult::not_applicable("nothing was refused, ordered, offered or promised");
        }
        if let Some(mean) = part.signals.mean_of(Head::Positivity) {
            let points = (TONE * (mean - PLAIN)).clamp(-MOST_TONE, MOST_TONE);
            let would_earn = "say what will be, not what is wrong";
            evidence.extend(part.tone(Head::Positivity, "tone_of_all_turns", points, would_earn));
        }
        evidence.extend(part.level(&Level::OFFERING, OFFERS, MOST_OFFERS, "say what you can do and when"));
        evidence.extend(part.level(&Level::REFUSING, REFUSES, MOST_REFUSES, "say what is possible instead"));
        evidence.extend(part.level(
            &Level::DEFLECTING,
            DEFLECTS,
            MOST_DEFLECTS,
            "find it out yourself, or say who will",
        ));
        evidence.extend(part.peak(&Peak::OFFERING, BEST_OFFERS, MOST_BEST_OFFERS, "say what you can do and when"));
        evidence.extend(part.peak(
            &Peak::REFUSING,
            HARDEST_REFUSES,
            MOST_HARDEST_REFUSES,
            "say what is possible instead",
        ));
        let would_earn = "ask how it is for them, or take it on";
        evidence.extend(part.peak(&Peak::CONCERN, CONCERN, MOST_CONCERN, would_earn));
        let would_earn = "build the answer on what the customer needs";
        evidence.extend(part.level(&Level::UNDERSTANDING, UNDERSTANDS, MOST_UNDERSTANDS, would_earn));
        let would_earn = "ask what would help them most";
        evidence.extend(part.leaving(&Leaving::CONTENTMENT, CONTENTMENT, MOST_CONTENTMENT, would_earn));
        evidence.extend(part.level(&Level::WARMTH, WARMTH, MOST_WARMTH, "say what it does for this customer"));
        evidence.retain(|e| e.points != 0.0);
        CriterionResult::scored(BASE, evidence, self.curve(), "something was refused, ordered, offered or promised")
    }
}

/// Whether a refusal later in the same sentence takes it back: "we have ordered it, but it is out of stock".
fn taken_back(part: &Part<'_>, turn: usize, found: &Found) -> bool {
    let sentence = part.sentence(turn, found.start);
    let refusals = part.acts(turn).iter().filter(|f| f.act == NEGATIVE_REFUSAL && f.confidence >= 0.7);
    refusals.filter(|f| f.start >= found.end).any(|f| part.sentence(turn, f.start) == sentence)
}

fn slow_fading(n: usize) -> f64 {
    0.85_f64.powi(n.min(20) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::criteria::testing::{better, result, score};
    use crate::model::{Channel, Status};

    #[test]
    fn english_pair_of_the_text() {
        better(
            &PositiveLanguage,
            "C: Do you have it?\nA: This product will be here next month; I can take your order now and will let you know as soon as it is in.",
            "C: Do you have it?\nA: We don't have this product until next month; we have ordered it, but it is out of stock.",
            25.0,
        );
    }

    #[test]
    fn russian_pair_of_the_text() {
        better(
            &PositiveLanguage,
            "C: Он есть в наличии?\nA: Этот товар поступит в следующем месяце; я могу оформить заказ прямо сейчас и сообщу вам, как только он появится.",
            "C: Он есть в наличии?\nA: До следующего месяца у нас этого товара нет; мы его заказали, но его нет в наличии.",
            20.0,
        );
    }

    #[test]
    fn kazakh_pair_of_the_text() {
        better(
            &PositiveLanguage,
            "C: Бұл тауар бар ма?\nA: Бұл тауар келесі айда келеді; қазір тапсырысыңызды қабылдай аламын және келген бойда сізге хабарлаймын.",
            "C: Бұл тауар бар ма?\nA: Келесі айға дейін бұл тауар бізде жоқ; тапсырыс бердік, бірақ қоймада жоқ.",
            20.0,
        );
    }

    #[test]
    fn a_refusal_with_a_way_on_is_a_reframe() {
        let reframe = "C: Can I get a refund?\nA: Unfortunately we can't refund it, but what I can do instead is exchange it for a new one.";
        let bare = "C: Can I get a refund?\nA: Unfortunately we can't refund it.";
        better(&PositiveLanguage, reframe, bare, 20.0);
        assert!(result(&PositiveLanguage, Channel::Call, reframe).evidence.iter().any(|e| e.rule == "reframe"));
    }

    #[test]
    fn what_no_phrase_finds_is_offered_by_degrees() {
        let r = result(
            &PositiveLanguage,
            Channel::Call,
            "C: Where is it?\nA: Right, that's on its way up to you with Paul.",
        );
        assert_eq!(r.status, Status::Scored);
        assert!(r.evidence.iter().all(|e| e.phrase.is_none()), "{:?}", r.evidence);
        assert!(r.evidence.iter().any(|e| e.rule == "offers_in_all_turns" && e.points > 0.0), "{:?}", r.evidence);
    }

    #[test]
    fn a_goodbye_is_not_shown_for_what_is_not_offered() {
        let talk = "C: Do you have it?\nA: We are out of it.\nC: oh\nA: Thank you so much for calling us today, have a lovely evening, goodbye.";
        let r = result(&PositiveLanguage, Channel::Call, talk);
        let of = |rule: &str| r.evidence.iter().find(|e| e.rule == rule).map(|e| (e.points < 0.0, e.turn));
        assert_eq!(of("refuses_in_all_turns"), Some((true, 1)));
        assert_eq!(of("offers_in_all_turns"), Some((true, 1)));
    }

    #[test]
    fn neutral_talk_is_not_applicable() {
        let r = result(&PositiveLanguage, Channel::Call, "C: Where are you?\nA: Abay avenue fifty two.");
        assert_eq!(r.status, Status::NotApplicable);
    }

    #[test]
    fn shutting_the_door_costs_most() {
        assert!(
            score(&PositiveLanguage, "C: Help\nA: There is nothing I can do.")
                < score(&PositiveLanguage, "C: Help\nA: You have to fill in the form.")
        );
    }

    #[test]
    fn a_step_after_the_talk_is_a_next_step_and_told_once() {
        let steps = |agent: &str| {
            let r = result(&PositiveLanguage, Channel::Call, &format!("C: When will I hear?\nA: {agent}"));
            r.evidence.iter().filter(|e| e.rule == "names_next_step").count()
        };
        assert_eq!(steps("You'll receive a confirmation email on Monday."), 1);
        // Found as a step after the talk alone.
        assert_eq!(steps("the plumber gives you a ring first thing on the day"), 1);
    }
}
