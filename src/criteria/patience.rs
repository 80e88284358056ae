//! # Patience
//!
//! ## What it measures
//! Whether the agent stays patient when the customer is upset, confused, repeats themselves, needs time or has to wait.
//!
//! ## Why it matters
//! A customer who is rushed, blamed or cut off remembers that and not the solution.
//!
//! ## How it is scored
//! The sum starts at 70. An upset, confused, repeating or slow customer is an opportunity: explaining again, giving time,
//! reassuring, apologising or validating within the next two turns adds 7 (each further one less, the same wording again a third,
//! a formula before a rule or an order without a way on a half); leaving it without an answer costs 2. Giving time adds 20 by itself, asking before a wait 5 and thanking after it 4; parking the customer with a bare "hold on" costs 6.
//! Rushing costs 20, blaming 6, reproaching a repetition 13, cold or mocking words 15, waving a feeling away 17, insults 40.
//! Asking the very same question again after it was answered costs 8, saying goodbye while the customer is not done 8.
//! A customer who leaves such a talk thanking or content adds 9, one who leaves it upset costs 6.
//! With timestamps, cutting in costs 6: an overlap of at least 0.2 s by at least three words that takes the turn while the
//! customer's sentence is unfinished (back-channels such as "mhm, I see" never count).
//! The calm of all own turns adds or costs up to 4 (mean of the measure calm), that of the two calmest up to 10 (mean logit), their warmth up to 20 (mean logit of the measure empathy, turns weighted by their words), the courtesy of the two most courteous up to 9 (politeness), the concern of the two turns that show most of it up to 4 (concern), how much all of them push away up to 9 (deflecting), the mood of the customer's last two turns up to 10.
//! How much pressure the two turns that do it most take off, whatever the wording, adds or costs up to 30 (mean logit of the measure easing);
//! how harsh the harshest turn is (blame, reproach, hurry or scorn between the lines) costs up to 15, and adds as much where none is (logit of the measure harshness).
//! Without an opportunity and without a lapse the criterion is not applicable, unless something is refused or the customer sounds upset.
//!
//! ## Example
//! Customer: "I don't understand where to click." Agent: "No problem, take your time. Let's go through it step by step."
//!
//! ## Counter-example
//! Customer: "Sorry, how much was it again?" Agent: "As I already told you, forty. You're not listening."
//!
//! ## Limits
//! Sighs and tone of voice are not in a transcript. Without timestamps interruptions are not seen.

use super::Criterion;
use super::part::{Level, Part, Peak, Role, fading};
use crate::learned::Head;
use crate::lexicon::Act;
use crate::lexicon::acts::{
    ATTENTION_CHECK_BACK, ATTENTION_PARAPHRASE, CLOSING_FAREWELL, CLOSING_NEXT_STEP, CLOSING_OFFER_MORE_HELP,
    CUSTOMER_CONFUSED, CUSTOMER_FAREWELL, CUSTOMER_NEEDS_TIME, CUSTOMER_REPEATS, CUSTOMER_SATISFIED, CUSTOMER_THANKS,
    CUSTOMER_UNRESOLVED, CUSTOMER_UPSET, CUSTOMER_WORRIED, EMPATHY_APOLOGY, EMPATHY_DISMISS, EMPATHY_NAME_FEELING,
    EMPATHY_TAKE_ON, EMPATHY_VALIDATE, GREETING_HELLO, NEGATIVE_NO_ALTERNATIVE, NEGATIVE_POLICY_WALL, NEGATIVE_REFUSAL,
    NEGATIVE_YOU_MUST, PATIENCE_BLAME, PATIENCE_EXPLAIN_AGAIN, PATIENCE_GIVE_TIME, PATIENCE_HOLD_ASK,
    PATIENCE_HOLD_BARE, PATIENCE_HOLD_THANK, PATIENCE_REASSURE, PATIENCE_REPEAT_REPROACH, PATIENCE_RUSH,
    POSITIVE_ALTERNATIVE, POSITIVE_CAN_DO, POSITIVE_NEXT_STEP, RUDE_DISMISSIVE, RUDE_INSULT,
};
use crate::model::{Channel, CriterionResult, Curve, Evidence};

/// See the head of this file.
pub struct Patience;

const BASE: f64 = 70.0;
/// Fitted to the ratings of `tests/gold`, and a little flatter, so that a few lost words move a score less; `tests/agreement` holds it
/// against them.
const CURVE: Curve = Curve { centre: 70.9, spread: 22.8 };
const OPPORTUNITIES: &[Act] =
    &[CUSTOMER_UPSET, CUSTOMER_CONFUSED, CUSTOMER_REPEATS, CUSTOMER_NEEDS_TIME, CUSTOMER_UNRESOLVED, CUSTOMER_WORRIED];
const ANSWERS: &[Act] = &[
    PATIENCE_EXPLAIN_AGAIN,
    PATIENCE_GIVE_TIME,
    PATIENCE_REASSURE,
    EMPATHY_APOLOGY,
    EMPATHY_VALIDATE,
    EMPATHY_NAME_FEELING,
    EMPATHY_TAKE_ON,
    ATTENTION_PARAPHRASE,
    ATTENTION_CHECK_BACK,
];
const ANSWERED: f64 = 7.0;
/// What the same wording again is worth of an answer, and a formula before a closed door.
const AGAIN: f64 = 0.3;
const FORMULA: f64 = 0.5;
/// Acts that close a door, and those that leave one open.
const DOORS: &[Act] = &[NEGATIVE_POLICY_WALL, NEGATIVE_NO_ALTERNATIVE, NEGATIVE_YOU_MUST, PATIENCE_HOLD_BARE];
const WAYS_ON: &[Act] =
    &[POSITIVE_ALTERNATIVE, POSITIVE_CAN_DO, POSITIVE_NEXT_STEP, CLOSING_NEXT_STEP, PATIENCE_EXPLAIN_AGAIN];
const UNANSWERED: f64 = -2.0;
/// The measure distress from which a customer sounds upset.
const STRAINED: f64 = 0.5;
/// Points between hostility and calm, and the calm of plain turns.
const CALM: f64 = 20.0;
const CALM_PLAIN: f64 = 0.84;
const MOST_CALM: f64 = 4.0;
/// Points a logit of calm in the two calmest turns, and at most.
const BEST_CALM: f64 = 5.0;
const MOST_BEST_CALM: f64 = 10.0;
/// Points a logit of warmth, and at most: who cares waits.
const WARMTH: f64 = 11.0;
const MOST_WARMTH: f64 = 20.0;
/// The same of concern in the two turns that show most of it.
const CONCERN: f64 = 1.4;
const MOST_CONCERN: f64 = 4.0;
/// The same of courtesy in the two most courteous turns, and of what is pushed away: who is out of patience sends people elsewhere.
const COURTESY: f64 = 3.0;
const MOST_COURTESY: f64 = 9.0;
const DEFLECTS: f64 = -3.0;
const MOST_DEFLECTS: f64 = 9.0;
/// Points a logit of what is eased in the two turns that ease most, and at most.
const EASES: f64 = 7.5;
const MOST_EASING: f64 = 30.0;
/// The same of how harsh the harshest turn is.
const HARSH: f64 = -3.0;
const MOST_HARSH: f64 = 15.0;
/// Points of the mood at the end.
const MOOD: f64 = 17.0;

/// Acts that win or lose by themselves: act, rule, points, what would have earned them.
const BY_ITSELF: &[(Act, &str, f64, &str)] = &[
    (PATIENCE_HOLD_ASK, "asks_before_hold", 5.0, ""),
    (PATIENCE_HOLD_THANK, "thanks_after_hold", 4.0, ""),
    (PATIENCE_GIVE_TIME, "gives_time", 20.0, ""),
    (
        PATIENCE_HOLD_BARE,
        "parks_without_asking",
        -6.0,
        "ask first: \"May I put you on hold for a minute while I check?\"",
    ),
    (PATIENCE_RUSH, "rushes", -20.0, "give the time it takes: \"Take your time, I'm here\""),
    (PATIENCE_BLAME, "blames", -6.0, "say what to do now, not who is at fault"),
    (PATIENCE_REPEAT_REPROACH, "reproaches_repetition", -13.0, "say it again in other words, without \"as I said\""),
    (RUDE_DISMISSIVE, "cold_words", -15.0, "stay with the customer's question, politely"),
    (EMPATHY_DISMISS, "waves_away", -17.0, "take the feeling as it is"),
    (RUDE_INSULT, "insults", -40.0, "never"),
];

impl Criterion for Patience {
    fn name(&self) -> &'static str {
        "patience"
    }
    fn title(&self) -> &'static str {
        "Patience"
    }
    fn advice(&self) -> &'static str {
        "When the customer is lost or says it again, say it in other words and give them time; ask before every hold."
    }
    fn source(&self) -> &'static str {
        include_str!("patience.rs")
    }

    fn curve(&self) -> Curve {
        CURVE
    }

    fn score(&self, part: &Part<'_>) -> CriterionResult {
        if let Some(reason) = part.cannot_tell() {
            return CriterionResult::cannot_tell(reason);
        }
        let mut evidence = Vec::new();
        let opportunities = answer_opportunities(part, &mut evidence);
        part.by_itself(BY_ITSELF, &mut evidence);
        interruptions(part, &mut evidence);
        asked_again(part, &mut evidence);
        closed_too_early(part, &mut evidence);
        if opportunities == 0 && evidence.is_empty() && !strained(part) {
            return CriterionResult::not_applicable("nothing tried the agent's patience");
        }
        how_it_ends(part, &mut evidence);
        by_degrees(part, &mut evidence);
        CriterionResult::scored(BASE, evidence, self.curve(), "the customer needed patience, or the agent lost it")
    }
}

fn answer_opportunities(part: &Part<'_>, evidence: &mut Vec<Evidence>) -> usize {
    let (mut opportunities, mut answered, mut unanswered) = (0, 0, 0);
    let mut said: Vec<String> = Vec::new();
    for turn in part.customer_turns() {
        let Some(called) = part.find(turn, OPPORTUNITIES, 0.5) else { continue };
        let Some(first) = part.next_own(turn, 1).next() else { continue };
        opportunities += 1;
        let answer = part.next_own(turn, 2).find_map(|t| part.find(t, ANSWERS, 0.5).map(|f| (t, f)));
        let mut point = match answer {
            Some((t, f)) => {
                answered += 1;
                let words = part.wording(t, f);
                let mut points = ANSWERED * fading(answered - 1) * f64::from(f.confidence);
                if said.contains(&words) {
                    points *= AGAIN;
                } else if part.find(t, DOORS, 0.5).is_some() && part.find(t, WAYS_ON, 0.5).is_none() {
                    points *= FORMULA;
                }
                said.push(words);
                part.point("stays_with_customer", points, t, f, "")
            }
            None if called.act == CUSTOMER_NEEDS_TIME => continue,
            None => {
                unanswered += 1;
                part.missed(
                    "left_without_answer",
                    UNANSWERED * fading(unanswered - 1) * f64::from(called.confidence),
                    first,
                    "explain it in other words, reassure, or give time",
                )
            }
        };
        point.called = part.called(turn, called);
        evidence.push(point);
    }
    opportunities
}

/// Shortest overlap that is a cut-in, in seconds.
const OVERLAP: f64 = 0.2;
/// Fewest words that take the turn.
const WORDS: usize = 3;

fn interruptions(part: &Part<'_>, evidence: &mut Vec<Evidence>) {
    if part.conversation.channel != Channel::Call {
        return;
    }
    let mut count = 0;
    for turn in part.own_turns() {
        let Some(before) = turn.checked_sub(1).filter(|b| part.roles[*b] == Role::Customer) else { continue };
        let (own, customer) = (&part.conversation.turns[turn], &part.conversation.turns[before]);
        let (Some(start), Some(end), Some(own_end)) = (own.start, customer.end, own.end) else { continue };
        let words = customer.text.trim_end();
        let unfinished = words.ends_with("...") || !words.ends_with(['.', '!', '?', '"', '»']);
        let takes_turn = own_end > end && part.reading.word_count(turn) >= WORDS;
        if end - start >= OVERLAP && takes_turn && unfinished {
            count += 1;
            let mut e = part.missed("cuts_in", -6.0 * fading(count - 1), turn, "let the customer finish the sentence");
            e.end = own.text.len();
            e.called = Some(crate::model::Called { turn: before, start: 0, end: customer.text.len(), act: "" });
            evidence.push(e);
        }
    }
}

/// The very same question put twice although the customer answered in between.
fn asked_again(part: &Part<'_>, evidence: &mut Vec<Evidence>) {
    let own: Vec<usize> = part.own_turns().collect();
    let mut count = 0;
    for pair in own.windows(2) {
        let (a, b) = (part.text(pair[0]).trim(), part.text(pair[1]).trim());
        let answered = part.roles[pair[0] + 1..pair[1]].contains(&Role::Customer);
        let misheard =
            (pair[0] + 1..pair[1]).any(|t| part.find(t, &[CUSTOMER_CONFUSED, CUSTOMER_NEEDS_TIME], 0.5).is_some());
        let offer = part.find(pair[1], &[CLOSING_OFFER_MORE_HELP, CLOSING_FAREWELL], 0.5).is_some();
        if answered && !misheard && !offer && part.reading.word_count(pair[1]) >= 4 && a.eq_ignore_ascii_case(b) {
            count += 1;
            let mut e = part.missed(
                "says_the_same_again",
                -8.0 * fading(count - 1),
                pair[1],
                "take up what the customer answered",
            );
            e.end = part.text(pair[1]).len();
            evidence.push(e);
        }
    }
}

/// A goodbye after which the customer goes on, not having thanked, confirmed or said goodbye before.
fn closed_too_early(part: &Part<'_>, evidence: &mut Vec<Evidence>) {
    let done: &[Act] = &[CUSTOMER_THANKS, CUSTOMER_SATISFIED, CUSTOMER_FAREWELL];
    let mut count = 0;
    for turn in part.own_turns() {
        let Some(bye) = part.find(turn, &[CLOSING_FAREWELL], 0.8) else { continue };
        // "Good evening!" is said at both ends.
        if part.find(turn, &[GREETING_HELLO], 0.5).is_some() {
            continue;
        }
        let before = (0..turn).rev().find(|t| part.roles[*t] == Role::Customer);
        let after = (turn + 1..part.roles.len()).find(|t| part.roles[*t] == Role::Customer);
        let (Some(before), Some(after)) = (before, after) else { continue };
        let finished = |t: usize| part.find(t, done, 0.5).is_some();
        if !finished(before)
            && !finished(after)
            && part.reading.word_count(after) >= 4
            && part.next_own(after, 1).next().is_some()
        {
            count += 1;
            let mut e = part.point(
                "closes_too_early",
                -8.0 * fading(count - 1),
                turn,
                bye,
                "ask whether there is anything else before saying goodbye",
            );
            e.called = Some(crate::model::Called { turn: after, start: 0, end: part.text(after).len(), act: "" });
            evidence.push(e);
        }
    }
}

/// How the customer leaves a talk that needed patience.
fn how_it_ends(part: &Part<'_>, evidence: &mut Vec<Evidence>) {
    let content: &[Act] = &[CUSTOMER_THANKS, CUSTOMER_SATISFIED];
    let last: Vec<usize> = part.customer_turns().rev().take(2).collect();
    let Some(own) = part.own_turns().next_back() else { return };
    if let Some((turn, found)) = last.iter().find_map(|t| part.find(*t, content, 0.7).map(|f| (*t, f))) {
        let mut e = part.missed("customer_leaves_content", 9.0, own, "");
        e.end = part.text(own).len();
        e.called = part.called(turn, found);
        evidence.push(e);
    } else if let Some((turn, found)) =
        last.first().and_then(|t| part.find(*t, &[CUSTOMER_UPSET], 0.7).map(|f| (*t, f)))
    {
        let mut e = part.missed(
            "customer_leaves_upset",
            -6.0,
            own,
            "stay until the customer is calmer, and say what happens next",
        );
        e.called = part.called(turn, found);
        evidence.push(e);
    }
}

/// Whether the talk is strained though nobody says so: something is refused, or the customer sounds upset.
fn strained(part: &Part<'_>) -> bool {
    part.own_turns().any(|t| part.find(t, &[NEGATIVE_REFUSAL, NEGATIVE_NO_ALTERNATIVE], 0.7).is_some())
        || part.signals.customer.iter().any(|c| c.measures.distress >= STRAINED)
}

/// How calm the agent's turns are, and in what mood the customer's last ones.
fn by_degrees(part: &Part<'_>, evidence: &mut Vec<Evidence>) {
    let s = &part.signals;
    if let Some(mean) = s.mean_of(Head::Calm) {
        let points = (CALM * (mean - CALM_PLAIN)).clamp(-MOST_CALM, MOST_CALM);
        let would_earn = "keep the words even, whatever is said to you";
        evidence.extend(part.tone(Head::Calm, "tone_of_all_turns", points, would_earn));
    }
    evidence.extend(part.level(
        &Level::WARMTH,
        WARMTH,
        MOST_WARMTH,
        "show that there is time for what the customer feels",
    ));
    let would_earn = "let one answer be calm and friendly";
    evidence.extend(part.peak(&Peak::CALM, BEST_CALM, MOST_BEST_CALM, would_earn));
    evidence.extend(part.peak(&Peak::CONCERN, CONCERN, MOST_CONCERN, "ask how it is for them, or take it on"));
    evidence.extend(part.peak(&Peak::POLITENESS, COURTESY, MOST_COURTESY, would_earn));
    evidence.extend(part.level(&Level::DEFLECTING, DEFLECTS, MOST_DEFLECTS, "find it out yourself, or say who will"));
    let would_earn = "leave them time, take the worry off, or say it in other words";
    evidence.extend(part.peak(&Peak::EASING, EASES, MOST_EASING, would_earn));
    let would_earn = "say what to do now, without a word of whose fault it is or how often it was said";
    evidence.extend(part.peak(&Peak::HARSHNESS, HARSH, MOST_HARSH, would_earn));
    part.mood(MOOD, "stay until the customer is calmer", evidence);
    evidence.retain(|e| e.points != 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::criteria::testing::{better, result, score};
    use crate::model::Status;

    #[test]
    fn a_long_talk_alone_does_not_try_patience() {
        let talk = "C: A table for six.\nA: For six.\n".repeat(8);
        let r = result(&Patience, crate::model::Channel::Call, &talk);
        assert_eq!(r.status, Status::NotApplicable, "{r:?}");
    }

    #[test]
    fn english_confusion_is_met_with_patience_or_reproach() {
        let customer = "C: I don't understand, where do I have to click?\n";
        better(
            &Patience,
            &format!("{customer}A: No problem at all, take your time. Let's go through it step by step."),
            &format!("{customer}A: As I already told you, on the left. You're not listening."),
            40.0,
        );
    }

    #[test]
    fn russian_confusion_is_met_with_patience_or_reproach() {
        let customer = "C: Я не понимаю, куда нажимать?\n";
        better(
            &Patience,
            &format!("{customer}A: Ничего страшного, не торопитесь. Давайте разберём всё по шагам."),
            &format!("{customer}A: Я вам уже говорила, слева. Вы меня не слушаете."),
            30.0,
        );
    }

    #[test]
    fn kazakh_confusion_is_met_with_patience_or_reproach() {
        let customer = "C: Түсінбедім, қай жерді басу керек?\n";
        better(
            &Patience,
            &format!("{customer}A: Ештеңе етпейді, асықпаңыз. Қайтадан түсіндіріп берейін."),
            &format!("{customer}A: Мен сізге айттым ғой, тез болыңыз."),
            30.0,
        );
    }

    #[test]
    fn nothing_to_be_patient_about_is_not_applicable() {
        assert_eq!(
            result(&Patience, Channel::Call, "C: What time do you open?\nA: At nine.").status,
            Status::NotApplicable
        );
    }

    #[test]
    fn the_two_turns_that_take_most_pressure_off_count_in_any_words() {
        let eases = |first: &str, second: &str| {
            let talk = format!(
                "C: I don't understand, where do I have to click?\nA: {first}\nC: Hm.\nA: {second}\nC: Hm.\nA: {COLD}"
            );
            let r = result(&Patience, Channel::Call, &talk);
            let e = r.evidence.iter().find(|e| e.rule == Peak::EASING.rule).unwrap();
            (e.points, e.turn)
        };
        const COLD: &str = "The menu is on the left, press it, and do it now.";
        const KIND: &str =
            "It trips everybody up, that page. We've all evening, tell me what you see and we'll get there bit by bit.";
        let (cold, once, twice) = (eases(COLD, COLD), eases(COLD, KIND), eases(KIND, KIND));
        assert!(cold.0 < once.0 && once.0 < twice.0 && twice.0 > 0.0, "{cold:?} {once:?} {twice:?}");
        assert_eq!((once.1, twice.1), (3, 1), "the turn that does it most, the first of equals");
    }

    #[test]
    fn blame_between_the_lines_costs_in_any_words() {
        for (harsh, fair, plain) in [
            ("Most people do notice.", "The bill is for the tenth of May.", "It is on the left."),
            ("Ну система не ошибается.", "В системе стоит десятое мая.", "Она слева."),
        ] {
            let harshest = |said: &str| {
                let talk = format!("C: I don't understand this bill.\nA: {plain}\nC: Where is it?\nA: {said}");
                let r = result(&Patience, Channel::Call, &talk);
                assert!(r.evidence.iter().all(|e| e.rule != "blames"), "{said}: a phrase finds it");
                r.evidence.iter().find(|e| e.rule == Peak::HARSHNESS.rule).map_or((0.0, 0), |e| (e.points, e.turn))
            };
            let (harsh, fair) = (harshest(harsh), harshest(fair));
            assert!(harsh.0 < 0.0 && harsh.1 == 3 && harsh.0 < fair.0 - 3.0, "{harsh:?} {fair:?}");
        }
    }

    #[test]
    fn holds_are_asked_for_and_thanked_for() {
        better(
            &Patience,
            "C: Can you look it up?\nA: May I put you on hold for a minute while I check?\nC: Yes\nA: Thank you for holding.",
            "C: Can you look it up?\nA: Hold on.\nC: Yes\nA: It is forty.",
            8.0,
        );
    }

    #[test]
    fn cutting_in_needs_times_words_and_an_unfinished_sentence() {
        let base = "C 0.0-1.0: I don't understand this bill\nA 1.2-3.0: No problem, let me explain it again.\n";
        let cut = format!("{base}C 4.0-7.0: so when I opened the letter I\nA 6.0-9.0: you need the second page there");
        let mm = format!("{base}C 4.0-7.0: so when I opened the letter I\nA 6.0-6.4: mhm");
        let done = format!("{base}C 4.0-7.0: so I opened the letter.\nA 6.0-9.0: you need the second page there");
        let chat = result(&Patience, Channel::Chat, &cut);
        let cuts = |talk: &str| result(&Patience, Channel::Call, talk).evidence.iter().any(|e| e.rule == "cuts_in");
        assert!(cuts(&cut) && !cuts(&mm) && !cuts(&done));
        assert!(score(&Patience, &done) > score(&Patience, &cut));
        assert!(chat.evidence.iter().all(|e| e.rule != "cuts_in"), "chats have no voices to cut");
    }

    #[test]
    fn the_same_formula_again_and_one_before_a_closed_door_are_worth_less() {
        let twice = |second: &str| {
            let lines = format!(
                "C: I don't understand this bill at all.\nA: I'm sorry to hear that.\nC: I still don't understand it.\nA: {second}"
            );
            result(&Patience, Channel::Call, &lines)
                .evidence
                .into_iter()
                .filter(|e| e.rule == "stays_with_customer")
                .map(|e| e.points)
                .collect::<Vec<_>>()
        };
        let (again, other) = (twice("I'm sorry to hear that."), twice("Let me put it another way."));
        assert_eq!((again.len(), other.len()), (2, 2));
        assert!(again[1] < other[1] * 0.5, "{again:?} {other:?}");
        let after = |end: &str| {
            let lines = format!("C: This is ridiculous, I am really angry.\nA: I do understand how you feel, {end}.");
            result(&Patience, Channel::Call, &lines)
                .evidence
                .into_iter()
                .find(|e| e.rule == "stays_with_customer")
                .unwrap()
                .points
        };
        assert!(after("but that is our policy") < after("so here is what I have found"));
    }

    #[test]
    fn one_reproach_in_two_wordings_is_one_lapse() {
        let lines = "C: It does not work, what do I do?\nA: The problem is on your side, you're typing it in wrong.";
        let r = result(&Patience, Channel::Chat, lines);
        assert_eq!(r.evidence.iter().filter(|e| e.rule == "blames").count(), 1, "{:?}", r.evidence);
    }
}
