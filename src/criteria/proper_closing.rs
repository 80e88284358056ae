//! # Proper closing
//!
//! ## What it measures
//! Whether the conversation ends only when everything is solved, and in order: resolution check, recap or next step, further
//! help, thanks, farewell.
//!
//! ## Why it matters
//! The end is what customers remember; a closing is made in steps that both sides take together (Schegloff & Sacks 1973).
//!
//! ## How it is scored
//! Each step is worth its weight, half of it won by doing it, half lost by leaving it out; the sum starts at 50.
//! Calls and chats: checking that it is solved, or the customer's own confirmation (5); recap or next step (4); offer of more
//! help (16); thanks (7); farewell (10). A turn near the end that says four details of the talk again is three quarters of a recap. Checks, recaps and offers count in the last eight turns of the agent, thanks and farewell in the last two.
//! Both sides close: a customer whose last two turns thank, are content or say goodbye adds 10 where the agent takes a step at all; one who is upset, lost or says it again costs 11, a
//! question that the end cuts off 13.
//! By degrees, whatever the wording: how much one of the last two turns (of letters the last one) leaves the door open adds or costs up to 12 (logit of the
//! measure inviting), brings together what was agreed up to 8 (concluding), takes leave up to 11 (parting), is courteous up to 12 (politeness); how much the own turns say of what can and will be done adds or costs up to 15 (mean logit of the
//! measure offering), for an end is agreed on what will be; how much they give back and check up to 8 (understanding); how much they push
//! away up to 15 (deflecting). How content the customer's last two turns are adds or costs up to 10 (mean logit of contentment).
//! Emails: next step or date (10), invitation to reply (18), sign-off (10), in the agent's last letter (the last two where the last one only answers thanks).
//! A trouble that the customer still calls open at the end, or a customer left confused by the last words, caps the steps at 40, and no goodbye of theirs lifts it.
//! Not applicable after a transfer, a hang-up or a drop, and where the conversation never came to an end.
//!
//! ## Example
//! "So your new card arrives on Friday. Is there anything else I can help you with? ... Thank you for calling, have a lovely evening!"
//!
//! ## Counter-example
//! "OK. Bye."
//!
//! ## Limits
//! A call that the recording cuts off looks like an abrupt end unless the input says who hung up.

use super::Criterion;
use super::part::{Leaving, Level, Part, Peak, Role};
use super::signals::OwnTurn;
use crate::lexicon::acts::{
    CLOSING_CHECK_RESOLVED, CLOSING_FAREWELL, CLOSING_INVITE_REPLY, CLOSING_NEXT_STEP, CLOSING_OFFER_MORE_HELP,
    CLOSING_RECAP, CLOSING_SIGN_OFF, CLOSING_THANKS, CUSTOMER_CONFUSED, CUSTOMER_FAREWELL, CUSTOMER_REPEATS,
    CUSTOMER_SATISFIED, CUSTOMER_THANKS, CUSTOMER_UNRESOLVED, CUSTOMER_UPSET, EMPATHY_APOLOGY, EMPATHY_TAKE_ON,
    HANDOVER_TRANSFER, NEGATIVE_NO_ALTERNATIVE, NEGATIVE_POLICY_WALL, NEGATIVE_REFUSAL, PATIENCE_EXPLAIN_AGAIN,
    POSITIVE_ALTERNATIVE, POSITIVE_NEXT_STEP, TALK_ASKS,
};
use crate::lexicon::{Act, Found};
use crate::model::{Called, Channel, CriterionResult, Curve, Evidence, Kind, Speaker};

/// See the head of this file.
pub struct ProperClosing;

const BASE: f64 = 50.0;
/// Fitted to the ratings of `tests/gold`, and a little flatter, so that a few lost words move a score less; `tests/agreement` holds it
/// against them.
const CURVE: Curve = Curve { centre: 60.5, spread: 26.0 };
const CAP: f64 = 40.0;
/// Details from long before that a recap has, the last own turns it may stand in, and what such a one is worth of a told one.
const DETAILS: usize = 4;
const LAST_TURNS: usize = 5;
const GIVEN_BACK: f64 = 0.75;
/// Likeness to an earlier turn from which on a turn repeats itself and not the talk.
const ALIKE: f64 = 0.4;
/// Acts of turns that say no instead.
const NO_RECAP: &[Act] = &[NEGATIVE_REFUSAL, NEGATIVE_POLICY_WALL, NEGATIVE_NO_ALTERNATIVE, EMPATHY_APOLOGY];
/// Points of a customer who goes along with the end, of one who does not, and of one whose question the end cuts off.
const AGREES: f64 = 10.0;
const DISAGREES: f64 = -11.0;
const OVER_A_QUESTION: f64 = -13.0;
const CONTENT: &[Act] = &[CUSTOMER_THANKS, CUSTOMER_SATISFIED, CUSTOMER_FAREWELL];
const DISCONTENT: &[Act] = &[CUSTOMER_UNRESOLVED, CUSTOMER_UPSET, CUSTOMER_REPEATS, CUSTOMER_CONFUSED];

/// Points a logit of what is offered, and at most.
const AGREED: f64 = 7.5;
const MOST_AGREED: f64 = 15.0;
/// The same of what is given back and checked, of what is pushed away, and of how content the customer is at the end.
const UNDERSTOOD: f64 = 4.5;
const MOST_UNDERSTOOD: f64 = 8.0;
const DEFLECTS: f64 = -10.0;
const MOST_DEFLECTS: f64 = 15.0;
const CONTENTMENT: f64 = 5.0;
const MOST_CONTENTMENT: f64 = 10.0;

/// Points a logit of what the last turns do of a closing in any words, and at most: leave the door open, bring together, take leave, be courteous.
const INVITES: f64 = 4.0;
const MOST_INVITES: f64 = 12.0;
const CONCLUDES: f64 = 2.0;
const MOST_CONCLUDES: f64 = 8.0;
const TAKES_LEAVE: f64 = 2.75;
const MOST_TAKES_LEAVE: f64 = 11.0;
const COURTEOUS: f64 = 4.0;
const MOST_COURTEOUS: f64 = 12.0;

/// What answers a trouble that is still open.
const WAYS_ON: &[Act] = &[
    POSITIVE_NEXT_STEP,
    CLOSING_NEXT_STEP,
    EMPATHY_TAKE_ON,
    POSITIVE_ALTERNATIVE,
    PATIENCE_EXPLAIN_AGAIN,
    HANDOVER_TRANSFER,
];

/// A step: rule, acts that do it, acts of the customer that do it too, weight, agent turns it may stand in, what would earn it.
struct Step {
    rule: &'static str,
    acts: &'static [Act],
    customer: &'static [Act],
    weight: f64,
    turns: usize,
    would_earn: &'static str,
}

const TALK: &[Step] = &[
    Step {
        rule: "checks_resolved",
        acts: &[CLOSING_CHECK_RESOLVED],
        customer: &[CUSTOMER_SATISFIED],
        weight: 5.0,
        turns: 8,
        would_earn: "ask: \"Has that solved it for you?\"",
    },
    Step {
        rule: "recap_or_next_step",
        acts: &[CLOSING_RECAP, CLOSING_NEXT_STEP, POSITIVE_NEXT_STEP],
        customer: &[],
        weight: 4.0,
        turns: 8,
        would_earn: "sum up what was agreed and what happens next, with a date",
    },
    Step {
        rule: "offers_more_help",
        acts: &[CLOSING_OFFER_MORE_HELP],
        customer: &[],
        weight: 16.0,
        turns: 8,
        would_earn: "ask: \"Is there anything else I can help you with?\"",
    },
    Step {
        rule: "thanks",
        acts: &[CLOSING_THANKS],
        customer: &[],
        weight: 7.0,
        turns: 2,
        would_earn: "thank the customer for the contact",
    },
    Step {
        rule: "farewell",
        acts: &[CLOSING_FAREWELL],
        customer: &[],
        weight: 10.0,
        turns: 2,
        would_earn: "say goodbye with a kind wish",
    },
];

const LETTER: &[Step] = &[
    Step {
        rule: "recap_or_next_step",
        acts: &[CLOSING_NEXT_STEP, POSITIVE_NEXT_STEP, CLOSING_RECAP],
        customer: &[],
        weight: 10.0,
        turns: 1,
        would_earn: "name the next step and its date",
    },
    Step {
        rule: "invites_reply",
        acts: &[CLOSING_INVITE_REPLY, CLOSING_OFFER_MORE_HELP],
        customer: &[],
        weight: 18.0,
        turns: 1,
        would_earn: "invite an answer: \"Just reply to this email if anything is unclear\"",
    },
    Step {
        rule: "signs_off",
        acts: &[CLOSING_SIGN_OFF, CLOSING_FAREWELL],
        customer: &[],
        weight: 10.0,
        turns: 1,
        would_earn: "end with a sign-off and your name",
    },
];

impl Criterion for ProperClosing {
    fn name(&self) -> &'static str {
        "proper_closing"
    }
    fn title(&self) -> &'static str {
        "Proper closing"
    }
    fn advice(&self) -> &'static str {
        "Before you say goodbye, check that it is solved, sum up the next step, and offer further help."
    }
    fn source(&self) -> &'static str {
        include_str!("proper_closing.rs")
    }

    fn curve(&self) -> Curve {
        CURVE
    }

    fn score(&self, part: &Part<'_>) -> CriterionResult {
        if let Some(reason) = part.cannot_tell() {
            return CriterionResult::cannot_tell(reason);
        }
        if let Some(reason) = never_closed(part) {
            return CriterionResult::not_applicable(reason);
        }
        let steps = if part.conversation.channel == Channel::Email { LETTER } else { TALK };
        let own: Vec<usize> = part.own_turns().collect();
        let last = own[own.len() - 1];
        // A letter that only answers thanks ends what the one before it closed.
        let more = usize::from(part.conversation.channel == Channel::Email && answers_thanks(part, last));
        let mut evidence: Vec<Evidence> = Vec::new();
        let details = gives_back(part);
        for step in steps {
            let half = step.weight / 2.0;
            evidence.push(match (take(part, &own, step, step.turns + more), details) {
                (Some((turn, found)), _) => part.point(step.rule, half, turn, &found, ""),
                (None, Some(turn)) if step.acts.contains(&CLOSING_RECAP) => {
                    part.graded(step.rule, half * GIVEN_BACK, turn, "")
                }
                _ => part.missed(step.rule, -half, last, step.would_earn),
            });
        }
        by_degrees(part, 1 + more, &mut evidence);
        let sum = BASE + evidence.iter().map(|e| e.points).sum::<f64>();
        if let Some((turn, open)) = open_at_the_end(part)
            && sum > CAP
        {
            let mut e =
                part.missed("left_open", CAP - sum, last, "solve it, or agree what happens next, before closing");
            e.called = part.called(turn, open);
            evidence.push(e);
        }
        if part.conversation.channel != Channel::Email {
            // Nor does a "bye" lift what is left open above the cap.
            let open = evidence.iter().any(|e| e.rule == "left_open");
            let step = |e: &Evidence| {
                e.points > 0.0 && steps.iter().any(|s| s.rule == e.rule) && part.roles[e.turn] == Role::Own
            };
            let led = !open && evidence.iter().any(step);
            evidence.extend(goes_along(part, last, led));
        }
        CriterionResult::scored(BASE, evidence, self.curve(), "the agent brought the conversation to its end")
    }
}

/// What the last turns do of a closing whatever the wording, of letters the last `letters` ones; and what all turns make of it.
fn by_degrees(part: &Part<'_>, letters: usize, evidence: &mut Vec<Evidence>) {
    let last = if part.conversation.channel == Channel::Email { letters } else { 2 };
    for (peak, points, most, would_earn) in [
        (Peak::INVITING, INVITES, MOST_INVITES, "ask: \"Is there anything else I can help you with?\""),
        (Peak::CONCLUDING, CONCLUDES, MOST_CONCLUDES, "sum up what was agreed and what happens next, with a date"),
        (Peak::PARTING, TAKES_LEAVE, MOST_TAKES_LEAVE, "say goodbye with a kind wish"),
        (Peak::LAST_COURTESY, COURTEOUS, MOST_COURTEOUS, "thank the customer for the contact"),
    ] {
        evidence.extend(part.peak(&peak.of_last(last), points, most, would_earn));
    }
    for (level, points, most, would_earn) in [
        (&Level::OFFERING, AGREED, MOST_AGREED, "say what will be done, and when"),
        (&Level::UNDERSTANDING, UNDERSTOOD, MOST_UNDERSTOOD, "give back what was agreed, and check it"),
        (&Level::DEFLECTING, DEFLECTS, MOST_DEFLECTS, "find it out yourself, or say who will"),
    ] {
        evidence.extend(part.level(level, points, most, would_earn));
    }
    let would_earn = "ask whether that is all right for them";
    evidence.extend(part.leaving(&Leaving::CONTENTMENT, CONTENTMENT, MOST_CONTENTMENT, would_earn));
    evidence.retain(|e| e.points != 0.0);
}

/// One of the last own turns that says the details of the talk again, whatever its wording: "Thursday then, ten to twelve, two meters".
fn gives_back(part: &Part<'_>) -> Option<usize> {
    let last = part.signals.own.iter().rev().take(LAST_TURNS);
    let recap = |o: &&OwnTurn| o.recalls >= DETAILS && o.likeness < ALIKE && !o.only_asks;
    last.filter(recap).map(|o| o.turn).find(|t| part.find(*t, NO_RECAP, 0.5).is_none())
}

/// Whether the customer goes along with the end: a closing is made by both sides. What they say in their last two turns.
///
/// To agree is worth something where the agent leads there, by one step at least (`led`).
fn goes_along(part: &Part<'_>, last: usize, led: bool) -> Option<Evidence> {
    let turns: Vec<usize> = part.customer_turns().rev().take(2).collect();
    let find = |acts: &[Act]| turns.iter().find_map(|t| part.find(*t, acts, 0.5).map(|f| (*t, f)));
    if let Some((turn, found)) = find(CONTENT) {
        if !led {
            return None;
        }
        let mut e = part.graded("customer_agrees", AGREES, last, "");
        e.called = part.called(turn, found);
        return Some(e);
    }
    let would_earn = "answer it, or agree what happens next, and ask whether that is all right";
    if let Some((turn, found)) = find(DISCONTENT) {
        let mut e = part.graded("closes_against_the_customer", DISAGREES, last, would_earn);
        e.called = part.called(turn, found);
        return Some(e);
    }
    let turn = *turns.first()?;
    let asks = part.signals.customer.iter().any(|c| c.turn == turn && c.asks);
    (asks && turn < last).then(|| {
        let mut e = part.graded("closes_over_a_question", OVER_A_QUESTION, last, would_earn);
        e.called = Some(Called { turn, start: 0, end: part.text(turn).len(), act: "" });
        e
    })
}

/// Where a step is taken in the last `turns` own turns: the last place that does it.
fn take(part: &Part<'_>, own: &[usize], step: &Step, turns: usize) -> Option<(usize, Found)> {
    let within = &own[own.len().saturating_sub(turns)..];
    let by_agent = within.iter().rev().find_map(|t| {
        let all = part.acts(*t).iter().rev();
        all.filter(|f| step.acts.contains(&f.act) && f.confidence >= 0.5).map(|f| (*t, *f)).next()
    });
    by_agent.or_else(|| {
        let from = *within.first()?;
        (from..part.roles.len())
            .rev()
            .filter(|t| part.roles[*t] == Role::Customer)
            .take(3)
            .filter(|t| part.find(*t, &[CUSTOMER_UPSET, CUSTOMER_UNRESOLVED], 0.5).is_none())
            .find_map(|t| part.find(t, step.customer, 0.7).map(|f| (t, *f)))
    })
}

/// Most words of a letter that only answers thanks.
const COURTESY: usize = 30;

fn answers_thanks(part: &Part<'_>, letter: usize) -> bool {
    let before = (0..letter).rev().find(|t| part.roles[*t] == Role::Customer);
    part.reading.word_count(letter) <= COURTESY
        && before.is_some_and(|c| {
            part.find(c, &[CUSTOMER_THANKS, CUSTOMER_SATISFIED], 0.5).is_some()
                && part.find(c, &[CUSTOMER_UNRESOLVED, CUSTOMER_UPSET, CUSTOMER_CONFUSED, TALK_ASKS], 0.5).is_none()
        })
}

/// Why there was no closing to be made, if there was none.
fn never_closed(part: &Part<'_>) -> Option<&'static str> {
    if !part.is_last {
        return Some("handed over to another agent");
    }
    let own = part.own_turns().next_back()?;
    let transferred = part.acts(own).iter().any(|f| f.act == HANDOVER_TRANSFER);
    let customer_after = (own + 1..part.roles.len()).rev().find(|t| part.roles[*t] == Role::Customer);
    if transferred && customer_after.is_none() && part.find(own, &[CLOSING_FAREWELL], 0.5).is_none() {
        return Some("transferred");
    }
    let hung_up = |v: &str| ["hang", "hung", "drop", "abandon", "lost", "обрыв", "брос"].iter().any(|w| v.contains(w));
    let by_customer = |v: &str| ["customer", "client", "caller", "клиент"].iter().any(|w| v.contains(w));
    let closed = [CLOSING_FAREWELL, CLOSING_OFFER_MORE_HELP];
    let done = [CUSTOMER_FAREWELL, CUSTOMER_THANKS, CUSTOMER_SATISFIED];
    let agreed =
        part.find(own, &closed, 0.5).is_some() || customer_after.is_some_and(|c| part.find(c, &done, 0.5).is_some());
    let ended = part.conversation.labels.0.iter().any(|(k, v)| {
        let (k, v) = (k.to_lowercase(), v.to_lowercase());
        // "The customer ended it" is how most talks end; without any closing words it was a hang-up.
        ["end", "disconnect", "hangup", "hang_up"].iter().any(|w| k.contains(w))
            && (hung_up(&v) || (by_customer(&v) && !agreed))
    });
    let said_dropped = part.conversation.turns.iter().skip(own + 1).any(|t| {
        matches!(t.speaker, Speaker::System | Speaker::Ivr) && t.kind != Kind::Quote && {
            let text = t.text.to_lowercase();
            ["disconnect", "hung up", "dropped", "обрыв", "положил трубку", "үзілді"].iter().any(|w| text.contains(w))
        }
    });
    if ended || said_dropped {
        return Some("the customer hung up or the line dropped");
    }
    if part.conversation.channel == Channel::Email {
        return None;
    }
    if part.own_turns().count() == 1 && part.customer_turns().count() == 0 {
        return Some("a single turn without the customer");
    }
    // A call whose last words are an upset customer's ended in a hang-up; a talk that breaks off there never closed.
    let customer = customer_after?;
    let content = [CUSTOMER_THANKS, CUSTOMER_SATISFIED];
    (part.conversation.channel == Channel::Call
        && part.find(own, &closed, 0.5).is_none()
        && part.find(customer, &content, 0.5).is_none()
        && part.find(customer, &[CUSTOMER_UPSET, CUSTOMER_UNRESOLVED], 0.5).is_some())
    .then_some("the customer hung up")
}

/// The customer's last words on the matter, if they say that it is still open and the agent gave no way on after them.
fn open_at_the_end<'a>(part: &Part<'a>) -> Option<(usize, &'a Found)> {
    let turns: Vec<usize> = part.customer_turns().collect();
    for turn in turns.iter().rev().take(3) {
        if part.find(*turn, &[CUSTOMER_SATISFIED, CUSTOMER_THANKS], 0.5).is_some() {
            return None;
        }
        let lost = || part.find(*turn, &[CUSTOMER_CONFUSED], 0.7).filter(|_| part.next_own(*turn, 1).next().is_none());
        if let Some(open) = part.find(*turn, &[CUSTOMER_UNRESOLVED], 0.7).or_else(lost) {
            let mut answers = (turn + 1..part.roles.len()).filter(|t| part.roles[*t] == Role::Own);
            let answered =
                answers.any(|t| part.conversation.channel == Channel::Email || part.find(t, WAYS_ON, 0.7).is_some());
            return (!answered).then_some((*turn, open));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::criteria::testing::{better, conversation, lexicon, result, score, told};
    use crate::lexicon::{Reader, Reading};
    use crate::model::Status;

    #[test]
    fn how_content_the_customer_is_counts_in_any_words() {
        for (content, put_off) in [
            ("Oh lovely, Thursday suits us down to the ground.", "If you say so. And the refund?"),
            ("Ой, в четверг нам в самый раз, прямо камень с души.", "Ну раз вы так говорите. А деньги-то где?"),
            ("Бейсенбі бізге дәл келіп тұр, көңілім жайланып қалды.", "Солай десеңіз солай шығар. Ал ақша ше?"),
        ] {
            let end = |customer: &str| {
                let talk =
                    format!("C: My kettle came broken.\nA: We send a new one on Thursday.\nC: {customer}\nA: Goodbye.");
                let e = told(&ProperClosing, Channel::Call, &talk, Leaving::CONTENTMENT.rule);
                e.map(|e| (e.points, e.called.unwrap().turn))
            };
            let (Some((won, turn)), Some((lost, _))) = (end(content), end(put_off)) else { panic!("{content}") };
            assert!(won > 0.0 && lost < 0.0 && turn == 2, "{content}: {won}, {put_off}: {lost}");
        }
    }

    #[test]
    fn the_end_counts_in_any_words() {
        for (warm, abrupt) in [
            ("And if anything is odd about it, just shout. Take care of yourself now.", "The form is on the site."),
            ("И если что-то будет не так, сразу набирайте. Берегите себя.", "Бланк есть на сайте."),
            ("Бірдеңесі дұрыс болмаса, бірден хабарласа салыңыз. Өзіңізді күтіңіз.", "Бланк сайтта тұр."),
        ] {
            let points = |end: &str, rule: &str| {
                let talk = format!("C: My kettle came broken.\nA: We send a new one on Thursday.\nC: Okay.\nA: {end}");
                told(&ProperClosing, Channel::Call, &talk, rule).map_or(0.0, |e| e.points)
            };
            for rule in ["invites_at_the_end", "takes_leave_at_the_end", "courtesy_at_the_end"] {
                let (kind, bare) = (points(warm, rule), points(abrupt, rule));
                assert!(kind > bare, "{rule} of {warm}: {kind}, of {abrupt}: {bare}");
            }
        }
    }

    #[test]
    fn what_is_said_early_is_not_the_end() {
        let inviting = |talk: &str| {
            told(&ProperClosing, Channel::Call, talk, "invites_at_the_end").map(|e| (e.points, e.turn)).unwrap()
        };
        let (rest, invites) =
            ("A: The form is on the site.\nC: Okay.", "A: If anything is odd about it, just shout.\nC: Okay.");
        let (late, at) = inviting(&format!("C: It broke.\n{rest}\n{rest}\n{rest}\n{invites}"));
        assert!(late > 0.0 && at == 7, "{late} at {at}");
        let (early, at) = inviting(&format!("C: It broke.\n{invites}\n{rest}\n{rest}\n{rest}"));
        assert!(early < 0.0 && at >= 5, "{early} at {at}");
    }

    #[test]
    fn english_call_is_closed_in_steps_or_abruptly() {
        let start = "C: My card is lost.\nA: I have blocked it and ordered a new one.\nC: Great, thank you.\n";
        better(
            &ProperClosing,
            &format!(
                "{start}A: You will receive the new card by Friday. Is there anything else I can help you with?\nC: No, that's all.\nA: Thank you for calling, have a great day!"
            ),
            &format!("{start}A: OK."),
            50.0,
        );
    }

    #[test]
    fn russian_call_is_closed_in_steps_or_abruptly() {
        let start = "C: Я потеряла карту.\nA: Я заблокировала её и заказала новую.\nC: Хорошо, спасибо.\n";
        better(
            &ProperClosing,
            &format!(
                "{start}A: Новая карта придёт в пятницу. Чем ещё могу вам помочь?\nC: Нет, это всё.\nA: Спасибо за обращение, всего доброго!"
            ),
            &format!("{start}A: Ладно."),
            50.0,
        );
    }

    #[test]
    fn kazakh_call_is_closed_in_steps_or_abruptly() {
        let start = "C: Картамды жоғалттым.\nA: Мен оны бұғаттап, жаңасына тапсырыс бердім.\nC: Жақсы, рақмет.\n";
        better(
            &ProperClosing,
            &format!(
                "{start}A: Жаңа карта жұма күні келеді. Тағы қандай сұрағыңыз бар?\nC: Жоқ, болды.\nA: Хабарласқаныңызға рақмет, сау болыңыз!"
            ),
            &format!("{start}A: Жарайды."),
            40.0,
        );
    }

    #[test]
    fn a_bye_does_not_lift_what_is_left_open() {
        let talk = "C: My card does not work.\nA: You will get a letter on Friday. Is there anything else?\nC: It still doesn't work. Bye.\nA: Thank you for calling, goodbye!";
        let r = result(&ProperClosing, Channel::Call, talk);
        let rules: Vec<&str> = r.evidence.iter().map(|e| e.rule).collect();
        assert!(rules.contains(&"left_open") && !rules.contains(&"customer_agrees"), "{rules:?}");
        assert!(r.score.unwrap() <= CURVE.at(CAP) + 1e-9, "{:?}", r.score);
    }

    #[test]
    fn details_said_again_are_a_recap_in_any_words() {
        let talk = |end: &str| {
            let start = "C: The meter in the cellar is from Duray, number 4471.\nA: Which street is it?\nC: Tanner Lane 17, second floor.\nA: And your name?\nC: Holfiham.\nA: The fitter has Thursday free.\nC: Thursday is fine, morning please.\nA: He rings first.\nC: Good.\n";
            result(&ProperClosing, Channel::Call, &format!("{start}A: {end}\nC: Okay.\nA: Goodbye."))
        };
        let won = |r: &CriterionResult| r.evidence.iter().any(|e| e.rule == "recap_or_next_step" && e.points > 0.0);
        assert!(won(&talk("Holfiham, Tanner Lane 17, cellar, Duray 4471.")));
        assert!(!won(&talk("All right, lovely.")));
    }

    #[test]
    fn both_sides_close() {
        let rules = |end: &str| {
            let talk = format!("C: My card is lost.\nA: I have blocked it and ordered a new one.\n{end}");
            let r = result(&ProperClosing, Channel::Call, &talk);
            let ours = ["customer_agrees", "closes_against_the_customer", "closes_over_a_question"];
            r.evidence.iter().map(|e| e.rule).find(|rule| ours.contains(rule))
        };
        assert_eq!(rules("C: Great, thank you.\nA: Goodbye!"), Some("customer_agrees"));
        assert_eq!(rules("C: Great, thank you.\nA: OK."), None, "the agent takes no step");
        assert_eq!(rules("A: I'll ring you when it is there. Goodbye!"), None, "the customer says nothing more");
        assert_eq!(rules("C: And when does it come?\nA: Goodbye!"), Some("closes_over_a_question"));
        assert_eq!(
            rules("C: It is not here. And when? 🙏\nA: Goodbye!"),
            Some("closes_over_a_question"),
            "a sign behind it"
        );
        assert_eq!(rules("C: This is ridiculous, I am furious.\nA: Goodbye!"), Some("closes_against_the_customer"));
    }

    #[test]
    fn letters_close_with_a_step_an_invitation_and_a_sign_off() {
        let good = "C: When will it come?\nA: Your parcel will arrive on Monday. If you have any questions, just reply to this email.\n".trim_end().to_owned() + " Kind regards, Aida";
        let r = result(&ProperClosing, Channel::Email, &good);
        assert!(r.score.unwrap() > 80.0, "{r:?}");
        assert!(result(&ProperClosing, Channel::Email, "C: When will it come?\nA: Monday").score.unwrap() < 40.0);
    }

    #[test]
    fn an_open_trouble_caps_the_score() {
        let s = score(
            &ProperClosing,
            "C: It does not work.\nA: Try again.\nC: It still doesn't work.\nA: Is there anything else I can help you with? Thank you for calling, have a great day, goodbye!",
        );
        assert!(s <= CURVE.at(CAP) + 1e-9, "{s}");
    }

    #[test]
    fn hang_ups_drops_and_transfers_are_not_applicable() {
        let mut c = conversation(Channel::Call, "C: Hello?\nA: Hello, how can I help?");
        c.labels.0.insert("end_reason".into(), "customer_hangup".into());
        let mut reading = Reading::default();
        Reader::new(lexicon()).read(&c, &mut reading);
        let part = &crate::criteria::parts(&c, &reading, lexicon())[0];
        assert_eq!(ProperClosing.score(part).status, Status::NotApplicable);
        let r =
            result(&ProperClosing, Channel::Call, "C: Billing please\nA: I'll transfer you to our billing department.");
        assert_eq!(r.status, Status::NotApplicable, "{r:?}");
    }

    #[test]
    fn a_letter_that_only_answers_thanks_does_not_undo_the_one_before() {
        let letters = "C: When will my parcel come?\n\
            A: It will be with you on Monday. If anything is unclear, just reply to this email. Kind regards, Anna\n\
            C: Wonderful, thank you!\nA: You're very welcome, Elena!";
        let closed = result(&ProperClosing, Channel::Email, letters).score.unwrap();
        assert!(closed > 70.0, "{closed}");
        let asked = letters.replace("Wonderful, thank you!", "And who pays for it?");
        assert!(result(&ProperClosing, Channel::Email, &asked).score.unwrap() < closed - 20.0);
    }

    #[test]
    fn who_is_lost_after_the_goodbye_is_left_open() {
        let talk = "C: When does the man come?\nA: On Monday at nine. Is there anything else I can help you with?\nC: No.\n\
            A: Thank you for calling, goodbye.";
        let open = format!("{talk}\nC: I don't understand, which Monday do you mean?");
        let e = result(&ProperClosing, Channel::Call, &open);
        assert!(e.evidence.iter().any(|e| e.rule == "left_open"), "{:?}", e.evidence);
        assert!(result(&ProperClosing, Channel::Call, talk).evidence.iter().all(|e| e.rule != "left_open"));
    }

    #[test]
    fn an_angry_goodbye_is_a_hang_up() {
        let talk = "A: Cablestar, Phil speaking.\nC: Eight days without a line!\nA: There's no date given.\nC: ";
        let r = result(&ProperClosing, Channel::Call, &format!("{talk}This is ridiculous, goodbye."));
        assert_eq!(r.status, Status::NotApplicable, "{}", r.reason);
        let r = result(&ProperClosing, Channel::Call, &format!("{talk}Thank you, goodbye."));
        assert_eq!(r.status, Status::Scored, "{}", r.reason);
    }
}
