//! # Empathy
//!
//! ## What it measures
//! Whether the agent answers what the customer feels or suffers, not only what they ask.
//!
//! ## Why it matters
//! A feeling that is voiced is an opportunity; research on consultations (Suchman et al. 1997; Bylund & Makoul's ECCS)
//! shows that people judge the whole talk by whether such openings are taken up.
//!
//! ## How it is scored
//! Opportunities are the customer's turns that voice a feeling or a hardship (upset, worried, hardship: *strong*) or just a trouble or an insult
//! (*weak*). The agent's next two turns may answer by naming the feeling, validating it, apologising, taking the trouble on,
//! or asking about it. The sum starts at 40. Each strong opportunity is worth an equal share: answered fully it adds up to
//! 60 / n points, missed it costs 16 / n. A weak one adds up to half a share and costs nothing when missed.
//! Naming and validating count most, an apology least, and several kinds count more than one. The same wording again counts a third, and an
//! apology after the third nothing. Waving a feeling away costs 20 each time, answering one with the very words of an earlier turn 15.
//! By degrees, the warmth of all own words adds or costs up to 75 (mean logit of the measure empathy, turns weighted by their words, what a longer turn has above plain talk scaled to 20 words), that of the two warmest turns up to 50 (empathy, too: one answer that meets the customer is remembered), the concern of the two turns that have most of it up to 19 (mean logit of the measure concern), the calm of the two calmest up to 8 (calm), what the two turns that do it most say can be done up to 15 (offering: help is an answer, too), pressure taken off in all turns up to 12 (easing), reacting to what was said between
//! -5 and 11, answering in the words of what was told between -10 and 15, talk in bare questions costs up to 45, the mood of the customer's last two turns adds or costs up to 36, and their courtesy up to 15 (mean logit of the measure politeness).
//! A good feeling told at some length is a weak opportunity too: it is answered by sharing it. So is something heavy that is told without a
//! feeling: a death, an illness, a child in need, age, being alone, the last money; and a turn of some words that sounds moved whatever it
//! says (measure distress 0.83 or more).
//! Set formulas that could be said without having listened are worth half.
//! Without any opportunity the criterion is not applicable.
//!
//! ## Example
//! Customer: "My mother is in hospital and the card is blocked, I'm so worried." Agent: "I'm so sorry, that must be very
//! stressful. Let me take care of the card right now."
//!
//! ## Counter-example
//! The same customer. Agent: "Card number?"
//!
//! ## Limits
//! Warmth that is only in the voice is not in a transcript. Irony is taken at its word.

use super::Criterion;
use super::part::{Leaving, Level, Part, Peak, fading};
use super::signals::OwnTurn;
use crate::lexicon::acts::{
    CARING_WISH_WELL, COURTESY_PLEASE, CUSTOMER_CONFUSED, CUSTOMER_FAREWELL, CUSTOMER_HARDSHIP, CUSTOMER_REPEATS,
    CUSTOMER_SATISFIED, CUSTOMER_THANKS, CUSTOMER_TROUBLE, CUSTOMER_UNRESOLVED, CUSTOMER_UPSET, CUSTOMER_WORRIED,
    EMPATHY_APOLOGY, EMPATHY_DISMISS, EMPATHY_EXPLORE, EMPATHY_NAME_FEELING, EMPATHY_TAKE_ON, EMPATHY_VALIDATE,
    PATIENCE_REASSURE, POSITIVE_GLADLY, RUDE_INSULT, TALK_BURDEN, TONE_NEGATIVE, TONE_POSITIVE,
};
use crate::lexicon::{Act, Found};
use crate::model::{Called, CriterionResult, Curve, Evidence};

/// See the head of this file.
pub struct Empathy;

/// What an answer of this kind is worth of a full answer.
const ANSWERS: &[(Act, &str, f64)] = &[
    (EMPATHY_NAME_FEELING, "names_feeling", 0.78),
    (EMPATHY_VALIDATE, "validates", 0.5),
    (EMPATHY_APOLOGY, "apologises", 0.25),
    (EMPATHY_TAKE_ON, "takes_on", 0.45),
    (EMPATHY_EXPLORE, "explores", 0.4),
    (PATIENCE_REASSURE, "reassures", 0.3),
    (CARING_WISH_WELL, "wishes_well", 0.3),
];
const BASE: f64 = 40.0;
/// Fitted to the ratings of `tests/gold`, and a little flatter, so that a few lost words move a score less; `tests/agreement` holds it
/// against them.
const CURVE: Curve = Curve { centre: 58.7, spread: 60.5 };
const FULL: f64 = 60.0;
const MISSED: f64 = -16.0;
const DISMISSED: f64 = -20.0;
const REPEATED: f64 = -15.0;
/// Points a logit of warmth, and at most.
const WARMTH: f64 = 42.0;
const MOST_WARMTH: f64 = 75.0;
/// Points a logit of calm and of concern in the two turns that have most of it, and at most.
const CALM: f64 = 4.0;
const MOST_CALM: f64 = 8.0;
const CONCERN: f64 = 9.5;
const MOST_CONCERN: f64 = 19.0;
/// The same of what the two turns that do it most say can be done: help is an answer, too. Of pressure taken off in all turns, and of how
/// courteous the customer leaves.
const HELPS: f64 = 5.0;
const MOST_HELPS: f64 = 15.0;
const EASES: f64 = 4.5;
const MOST_EASES: f64 = 12.0;
const LEAVES_COURTEOUS: f64 = 9.0;
const MOST_LEAVES_COURTEOUS: f64 = 15.0;
/// The same of warmth in the two warmest turns.
const BEST_WARMTH: f64 = 40.0;
const MOST_BEST_WARMTH: f64 = 50.0;
/// Points between no reaction and one in every turn, and the share of plain talk.
const REACTS: f64 = 15.0;
const REACTS_PLAIN: f64 = 0.3;
/// Points between no answer in the customer's words and all of them, and the share of plain talk.
const TAKES_UP: f64 = 25.0;
const TAKES_UP_PLAIN: f64 = 0.4;
const BARE: f64 = -45.0;
/// Points of the mood at the end: who was understood leaves lighter.
const MOOD: f64 = 60.0;
const AGAIN: f64 = -70.0;
const LOST: f64 = -42.0;
/// Turns that tell a feeling without naming it, from which on the criterion applies.
const TOLD: usize = 1;
/// Words from which on a turn tells a story.
const STORY: usize = 10;
/// The measure distress from which a turn sounds moved.
const MOVED: f64 = 0.4;
/// The same without a bad word in it.
const SURELY_MOVED: f64 = 0.83;
/// Own turns within which an opportunity can be answered.
const REACH: usize = 2;
/// Confidence from which a voiced feeling is a strong opportunity.
const STRONG: f32 = 0.7;

struct Opportunity {
    turn: usize,
    /// The words that open it.
    called: Option<Called>,
    confidence: f32,
    strong: bool,
    /// A good feeling: shared rather than consoled.
    joy: bool,
    /// Told rather than named: good news, or a turn that sounds moved.
    told: bool,
}

fn opportunities(part: &Part<'_>) -> Vec<Opportunity> {
    let mut out: Vec<Opportunity> = Vec::new();
    for turn in part.customer_turns() {
        // The last words of a customer who is not answered any more are not the agent's to answer.
        if part.next_own(turn, 1).next().is_none() {
            continue;
        }
        let feelings = [CUSTOMER_HARDSHIP, CUSTOMER_WORRIED, CUSTOMER_UPSET];
        let strongest = |acts: &[Act]| {
            part.acts(turn)
                .iter()
                .filter(|f| acts.contains(&f.act))
                .max_by(|a, b| a.confidence.total_cmp(&b.confidence))
                .copied()
        };
        let troubles = [CUSTOMER_TROUBLE, CUSTOMER_REPEATS, CUSTOMER_UNRESOLVED, RUDE_INSULT];
        let named = strongest(&feelings).or_else(|| strongest(&troubles));
        let opened = |found: Found, strong, joy, told| {
            let called = part.called(turn, &found);
            Opportunity { turn, called, confidence: found.confidence, strong, joy, told }
        };
        let new = if let Some(found) = named {
            opened(found, feelings.contains(&found.act) && found.confidence >= STRONG, false, false)
        } else if let Some(found) = joy(part, turn) {
            opened(found, false, true, true)
        } else if let Some(found) = burden(part, turn) {
            opened(found, false, false, true)
        } else if sounds(part, turn, SURELY_MOVED) {
            let called = Some(Called { turn, start: 0, end: part.text(turn).len(), act: "" });
            Opportunity { turn, called, confidence: 0.0, strong: false, joy: false, told: true }
        } else {
            continue;
        };
        // Turns that follow each other without an answer between them are one opportunity: the strongest.
        match out.last_mut() {
            Some(last) if part.next_own(last.turn, 1).next() > Some(turn) => {
                if new.confidence > last.confidence || (new.strong && !last.strong) {
                    *last = new;
                }
            }
            _ => out.push(new),
        }
    }
    out
}

impl Criterion for Empathy {
    fn name(&self) -> &'static str {
        "empathy"
    }
    fn title(&self) -> &'static str {
        "Empathy"
    }
    fn advice(&self) -> &'static str {
        "When the customer voices a feeling or a hardship, say it back in your own words before you turn to the task."
    }
    fn source(&self) -> &'static str {
        include_str!("empathy.rs")
    }

    fn curve(&self) -> Curve {
        CURVE
    }

    fn score(&self, part: &Part<'_>) -> CriterionResult {
        if let Some(reason) = part.cannot_tell() {
            return CriterionResult::cannot_tell(reason);
        }
        let opportunities = opportunities(part);
        let mut evidence: Vec<Evidence> = Vec::new();
        for turn in part.own_turns() {
            for found in part.acts(turn).iter().filter(|f| f.act == EMPATHY_DISMISS) {
                let points = DISMISSED * f64::from(found.confidence);
                evidence.push(part.point(
                    "dismisses",
                    points,
                    turn,
                    found,
                    "take the feeling as it is: \"I can see why this worries you\"",
                ));
            }
        }
        repeats_itself(part, &opportunities, &mut evidence);
        let strong = opportunities.iter().filter(|o| o.strong).count();
        let share = 1.0 / strong.max(1) as f64;
        let all = answers(part, &opportunities);
        let mut answered_any = false;
        for (k, opportunity) in opportunities.iter().enumerate() {
            let worth: f64 = all[k].iter().map(|a| a.2).sum();
            let scale = FULL * share * if opportunity.strong { 1.0 } else { 0.5 } / worth.max(1.0);
            answered_any |= worth > 0.0;
            for (turn, (found, rule), credit) in &all[k] {
                let mut point = part.point(rule, scale * credit, *turn, found, "");
                point.called = opportunity.called;
                evidence.push(point);
            }
            // What was answered together with a later one is not missed.
            let later = opportunities.get(k + 1).is_some_and(|next| {
                !all[k + 1].is_empty() && part.next_own(opportunity.turn, REACH).any(|t| t > next.turn)
            });
            if worth == 0.0 && opportunity.strong && !later {
                let turn = part.next_own(opportunity.turn, 1).next().unwrap_or(opportunity.turn);
                let mut miss = part.missed(
                    "missed_feeling",
                    MISSED * share,
                    turn,
                    "name the feeling or the hardship and take it on: \"That must be worrying; let me sort it out for you\"",
                );
                miss.called = opportunity.called;
                evidence.push(miss);
            }
        }
        let told = opportunities.iter().filter(|o| o.told && part.reading.word_count(o.turn) >= STORY).count();
        if strong == 0 && !answered_any && evidence.is_empty() && told < TOLD {
            return CriterionResult::not_applicable("the customer voices no feeling or hardship");
        }
        by_degrees(part, &opportunities, &mut evidence);
        CriterionResult::scored(BASE, evidence, self.curve(), "the customer voices a feeling, a hardship or a trouble")
    }
}

/// How warm the agent's turns are, whether they react, and whether they only ask.
fn by_degrees(part: &Part<'_>, opportunities: &[Opportunity], evidence: &mut Vec<Evidence>) {
    let s = &part.signals;
    evidence.extend(part.level(
        &Level::WARMTH,
        WARMTH,
        MOST_WARMTH,
        "let every answer show that you have heard how it is",
    ));
    let would_earn = "ask how it is for them, or take it on";
    evidence.extend(part.peak(&Peak::CONCERN, CONCERN, MOST_CONCERN, would_earn));
    evidence.extend(part.peak(&Peak::CALM, CALM, MOST_CALM, "let one answer be calm and friendly"));
    let would_earn = "let one answer say that you have heard how it is";
    evidence.extend(part.peak(&Peak::WARMTH, BEST_WARMTH, MOST_BEST_WARMTH, would_earn));
    evidence.extend(part.peak(&Peak::OFFERING, HELPS, MOST_HELPS, "say what you can do and when"));
    let would_earn = "leave them time, take the worry off, or say it in other words";
    evidence.extend(part.level(&Level::EASING, EASES, MOST_EASES, would_earn));
    let would_earn = "make sure that the customer feels understood before you part";
    evidence.extend(part.leaving(&Leaving::COURTESY, LEAVES_COURTEOUS, MOST_LEAVES_COURTEOUS, would_earn));
    part.mood(MOOD, would_earn, evidence);
    let reacts = REACTS * (s.own_share(|t| t.reacts) - REACTS_PLAIN);
    let turn = part.utmost(reacts, |t| f64::from(u8::from(t.reacts)));
    evidence.extend(turn.map(|t| part.graded("reacts", reacts, t, "react to what was said before the next question")));
    // Who answers in the words of what was told has heard it.
    let first = opportunities.iter().filter_map(|o| part.next_own(o.turn, 1).next());
    let answers: Vec<&OwnTurn> = first.filter_map(|t| s.own.iter().find(|o| o.turn == t)).collect();
    if let Some(turn) = answers.iter().find(|o| o.takes_up).or(answers.first()) {
        let share = answers.iter().filter(|o| o.takes_up).count() as f64 / answers.len() as f64;
        let would_earn = "answer in the words of what was told";
        evidence.push(part.graded("takes_up_words", TAKES_UP * (share - TAKES_UP_PLAIN), turn.turn, would_earn));
    }
    let again = AGAIN * s.own_share(super::signals::OwnTurn::says_again);
    let turn = part.utmost(1.0, |t| t.likeness);
    evidence.extend(turn.map(|t| part.graded("talks_in_formulas", again, t, "answer what the customer has just told")));
    let unheard: Vec<usize> = part
        .customer_turns()
        .filter(|t| part.find(*t, &[CUSTOMER_CONFUSED, CUSTOMER_REPEATS, CUSTOMER_UNRESOLVED], 0.5).is_some())
        .collect();
    if let (Some(first), Some(own)) = (unheard.first(), part.own_turns().next_back()) {
        let points = LOST * unheard.len() as f64 / s.customer.len().max(1) as f64;
        let mut e = part.graded("customer_feels_unheard", points, own, "take up what the customer says");
        e.called = Some(crate::model::Called { turn: *first, start: 0, end: part.text(*first).len(), act: "" });
        evidence.push(e);
    }
    let bare = BARE * s.own_share(|t| t.only_asks && !t.reacts);
    let turn = part.utmost(1.0, |t| f64::from(u8::from(t.only_asks && !t.reacts)));
    evidence.extend(
        turn.map(|t| part.graded("bare_questions", bare, t, "react to what was said before the next question")),
    );
    evidence.retain(|e| e.points != 0.0);
}

/// The same words as an own turn before, in answer to a feeling: not listening.
fn repeats_itself(part: &Part<'_>, opportunities: &[Opportunity], evidence: &mut Vec<Evidence>) {
    let mut count = 0;
    for opportunity in opportunities {
        let Some(turn) = part.next_own(opportunity.turn, 1).next() else { continue };
        let text = part.text(turn).trim();
        let before = part.own_turns().take_while(|t| *t < turn).any(|t| part.text(t).trim().eq_ignore_ascii_case(text));
        if before && part.reading.word_count(turn) >= 3 {
            count += 1;
            let mut e = part.missed(
                "says_the_same_again",
                REPEATED * fading(count - 1),
                turn,
                "answer what the customer has just told",
            );
            e.end = part.text(turn).len();
            e.called = opportunity.called;
            evidence.push(e);
        }
    }
}

/// A good feeling told at some length; a "great, thanks" is courtesy.
fn joy(part: &Part<'_>, turn: usize) -> Option<Found> {
    let words = part.reading.word_count(turn);
    let courtesy = [CUSTOMER_THANKS, CUSTOMER_FAREWELL, COURTESY_PLEASE];
    let content = words < STORY && part.find(turn, &[CUSTOMER_SATISFIED], 0.5).is_some();
    (words >= 6 && !content && part.find(turn, &courtesy, 0.5).is_none())
        .then(|| part.find(turn, &[TONE_POSITIVE], 0.8).copied())
        .flatten()
}

/// Something heavy that is told, or a turn that sounds moved.
fn burden(part: &Part<'_>, turn: usize) -> Option<Found> {
    part.find(turn, &[TALK_BURDEN], 0.5).copied().or_else(|| moved(part, turn))
}

/// A turn that sounds moved, though no phrase of feeling is found in it.
fn moved(part: &Part<'_>, turn: usize) -> Option<Found> {
    let negative = part.acts(turn).iter().find(|f| f.act == TONE_NEGATIVE).copied();
    negative.filter(|_| sounds(part, turn, MOVED))
}

/// Whether a turn of some words has so much distress.
fn sounds(part: &Part<'_>, turn: usize, distress: f64) -> bool {
    let customer = part.signals.customer.iter().find(|c| c.turn == turn);
    customer.is_some_and(|c| c.measures.distress >= distress) && part.reading.word_count(turn) >= 6
}

type Answer = (usize, (Found, &'static str), f64);

/// The agent's answers: to each opportunity its own, in the order of the opportunities.
///
/// An answer belongs to the latest opportunity before it, within the agent's next two turns.
fn answers(part: &Part<'_>, opportunities: &[Opportunity]) -> Vec<Vec<Answer>> {
    let mut out: Vec<Vec<Answer>> = opportunities.iter().map(|_| Vec::new()).collect();
    let mut said: Vec<(u32, String)> = Vec::new();
    let mut apologies = 0;
    for turn in part.own_turns() {
        let Some(at) = opportunities.iter().rposition(|o| o.turn < turn) else { continue };
        if !part.next_own(opportunities[at].turn, REACH).any(|t| t == turn) {
            continue;
        }
        for found in part.acts(turn) {
            let shared = opportunities[at].joy && matches!(found.act, TONE_POSITIVE | POSITIVE_GLADLY);
            let (rule, worth) = match ANSWERS.iter().find(|a| a.0 == found.act) {
                Some((_, rule, worth)) => (*rule, *worth),
                None if shared => ("shares_joy", 0.3),
                None => continue,
            };
            let words = part.wording(turn, found);
            let again = said.iter().any(|(r, w)| *r == found.rule && *w == words);
            said.push((found.rule, words));
            let mut credit = worth * f64::from(found.confidence) * if again { 0.3 } else { 1.0 };
            if found.act == EMPATHY_APOLOGY {
                apologies += 1;
                if apologies > 3 {
                    credit = 0.0;
                }
            }
            // A kind counts once for an opportunity.
            if credit > 0.0 && !out[at].iter().any(|o| o.1.0.act == found.act) {
                out[at].push((turn, (*found, rule), credit));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::criteria::testing::{better, result, score, told};
    use crate::model::{Channel, Status};

    /// How a talk ends whose agent goes on to business.
    fn status(words: &str) -> Status {
        result(&Empathy, Channel::Call, &format!("C: {words}\nA: What is the number?\nC: 55\nA: Fine.")).status
    }

    #[test]
    fn something_heavy_is_an_opportunity_though_no_feeling_is_named() {
        for (heavy, plain) in [
            (
                "my husband died in march and the account is still in his name with you",
                "my husband and the account is still in his name with you since march",
            ),
            (
                "муж у меня умер в марте а счёт до сих пор на его имя у вас",
                "муж у меня в командировке в марте а счёт до сих пор на его имя у вас",
            ),
            (
                "күйеуім наурызда қайтыс болды ал шот әлі соның атында тұр сіздерде",
                "күйеуім наурызда келеді ал шот әлі соның атында тұр сіздерде ғой",
            ),
        ] {
            assert_eq!((status(heavy), status(plain)), (Status::Scored, Status::NotApplicable), "{heavy}");
        }
    }

    #[test]
    fn the_warmth_of_long_turns_counts_most_and_a_bare_greeting_is_not_shown_for_it() {
        let warmth = |talk: &str| {
            let r = result(&Empathy, Channel::Call, talk);
            let found: Vec<_> =
                r.evidence.iter().filter(|e| e.rule == "warmth_of_all_turns").map(|e| (e.points, e.turn)).collect();
            assert_eq!(found.len(), 1, "{talk}");
            found[0]
        };
        let customer = "C: I am so worried, my mother is ill and the card does not work.";
        let cold = "A: Our records show that the card was blocked under section four of the terms, no further action arises from that.";
        let warm = "A: Oh no, with your mother ill the last thing you need is this. Go and sit with her, I'll see to the card and ring you.";
        let (points, turn) = warmth(&format!("A: Bank, Tom.\n{customer}\n{cold}\nC: oh\nA: Look after her."));
        assert!(points < 0.0 && turn == 2, "{points} in turn {turn}");
        let (points, turn) = warmth(&format!("A: Bank, Tom.\n{customer}\n{warm}\nC: oh\nA: Card number?"));
        assert!(points > 0.0 && turn == 2, "{points} in turn {turn}");
    }

    #[test]
    fn what_adds_up_in_a_letter_is_scaled_to_a_long_turn() {
        let warmth = |text: &str| {
            let talk = format!("C: My mother is in hospital and I'm so worried.\nA: {text}");
            told(&Empathy, Channel::Email, &talk, Level::WARMTH.rule).unwrap().points
        };
        let line = "I am sorry to hear of your mother and will gladly see to the card for her this week. ";
        let (short, long) = (warmth(line), warmth(&line.repeat(6)));
        // It would be eleven times as much; it is about as much as of one line.
        assert!(short > 0.0 && (0.5..2.0).contains(&(long / short)), "{short} {long}");
    }

    #[test]
    fn a_greeting_is_not_shown_for_the_warmth_that_lacks() {
        let talk = "A: Good morning, Bank, Tom speaking.\nC: My mother is in hospital and I'm so worried.\nA: Card number.\nC: 55\nA: The card is blocked under the terms.";
        let e = told(&Empathy, Channel::Call, talk, Peak::WARMTH.rule).unwrap();
        assert!(e.points < 0.0 && e.turn != 0, "{e:?}");
    }

    #[test]
    fn how_the_customer_leaves_counts() {
        let courtesy = |last: &str| {
            let talk = format!("C: My mother is in hospital and I'm so worried.\nA: The card is blocked.\nC: {last}");
            let e = told(&Empathy, Channel::Call, &talk, Leaving::COURTESY.rule).unwrap();
            (e.points, e.called.unwrap().turn)
        };
        let (kind, turn) = courtesy("Thank you so much for your patience, I really appreciate it.");
        let (curt, _) = courtesy("Whatever. Just do your job.");
        assert!(kind > 0.0 && curt < 0.0 && turn == 2, "{kind} {curt}");
    }

    #[test]
    fn concern_is_told_from_business_in_any_words() {
        let concern = |agent: &str| {
            let talk = format!("C: My mother is in hospital and I'm so worried.\nA: {agent}");
            told(&Empathy, Channel::Call, &talk, Peak::CONCERN.rule).map_or(0.0, |e| e.points)
        };
        let (kind, cold) = (
            concern("How is she now, and is there somebody with you tonight?"),
            concern("What is the number of the card?"),
        );
        assert!(kind > 0.0 && kind > cold, "{kind} {cold}");
    }

    #[test]
    fn warmth_is_shown_by_its_words_and_a_lack_of_it_by_the_turn() {
        let shown = |turn: &str| {
            let talk = format!("C: I am so worried about my mother.\nA: {turn}");
            [Level::WARMTH.rule, Peak::WARMTH.rule].map(|rule| {
                let e = told(&Empathy, Channel::Call, &talk, rule).unwrap();
                (e.points > 0.0, turn[e.start..e.end].to_owned())
            })
        };
        let cold = "Whatever, your card was blocked under the terms.";
        assert_eq!(shown(cold), [(false, cold.to_owned()), (false, cold.to_owned())]);
        let words = (true, "must be so frightening for you".to_owned());
        assert_eq!(shown("That must be so frightening for you."), [words.clone(), words]);
    }

    #[test]
    fn kazakh_in_latin_letters_is_told_by_its_acts_alone() {
        let talk = |customer: &str, agent: &str| {
            let r = result(&Empathy, Channel::Chat, &format!("C: {customer}\nA: {agent}"));
            r.evidence.iter().map(|e| e.rule).collect::<Vec<_>>()
        };
        let latin = talk("posylkam kelmedi, uaiymdap otyrmyn", "Uaiymdaganynyz tusinikti. Qazir birge sheshemiz.");
        assert!(latin.contains(&"validates") && !latin.contains(&"warmth_of_all_turns"), "{latin:?}");
        let cyrillic = talk("посылкам келмеді, уайымдап отырмын", "Уайымдағаныңыз түсінікті. Қазір бірге шешеміз.");
        assert!(cyrillic.contains(&"validates") && cyrillic.contains(&"warmth_of_all_turns"), "{cyrillic:?}");
    }

    #[test]
    fn a_turn_that_sounds_moved_is_an_opportunity_in_any_words() {
        assert_eq!(
            status("i keep looking at the phone every five minutes and i have not slept since they took her in"),
            Status::Scored
        );
        assert_eq!(
            status("i keep looking for the page where the opening hours of the shop are"),
            Status::NotApplicable
        );
    }

    #[test]
    fn who_answers_in_the_words_of_what_was_told_has_heard_it() {
        let points = |answer: &str| {
            let talk = format!("C: I am so worried, my grandfather has lost his hearing aid.\nA: {answer}");
            let r = result(&Empathy, Channel::Call, &talk);
            r.evidence.iter().filter(|e| e.rule == "takes_up_words").map(|e| e.points).sum::<f64>()
        };
        assert!(points("A hearing aid is with him tomorrow.") > 0.0);
        assert!(points("We are open until five.") < 0.0);
    }

    #[test]
    fn english_feeling_is_answered_or_missed() {
        let customer = "C: My mother is in hospital and my card is blocked, I am really worried.\n";
        better(
            &Empathy,
            &format!(
                "{customer}A: I'm so sorry to hear that, it must be very stressful for you. Let me sort this out for you right away."
            ),
            &format!("{customer}A: Card number?"),
            50.0,
        );
    }

    #[test]
    fn russian_feeling_is_answered_or_missed() {
        let customer = "C: У меня мама в больнице, а карту заблокировали, я очень переживаю.\n";
        better(
            &Empathy,
            &format!("{customer}A: Мне очень жаль, понимаю, как это тревожно. Давайте я сейчас же вам помогу."),
            &format!("{customer}A: Номер карты?"),
            40.0,
        );
    }

    #[test]
    fn kazakh_feeling_is_answered_or_missed() {
        let customer = "C: Анам ауруханада жатыр, картам бұғатталып қалды, қатты уайымдап отырмын.\n";
        better(
            &Empathy,
            &format!("{customer}A: Кешірім сұраймын, жағдайыңызды түсінемін. Қазір сізге көмектесемін."),
            &format!("{customer}A: Карта нөмірі?"),
            40.0,
        );
    }

    #[test]
    fn no_feeling_is_not_applicable_and_a_weak_one_missed_costs_nothing() {
        let r = result(&Empathy, Channel::Call, "C: What time do you open?\nA: At nine.");
        assert_eq!(r.status, Status::NotApplicable);
    }

    #[test]
    fn dismissing_costs() {
        let customer = "C: I am so upset, this is the third time my delivery is lost!\n";
        better(
            &Empathy,
            &format!("{customer}A: I understand your frustration, I'm sorry."),
            &format!("{customer}A: Calm down, it's not a big deal."),
            40.0,
        );
    }

    #[test]
    fn the_same_formula_again_counts_less() {
        let fresh = "C: I'm very upset.\nA: I understand your frustration.\nC: I am really worried about my money.\nA: That must be scary, I'm sorry.";
        let canned = "C: I'm very upset.\nA: I understand your frustration.\nC: I am really worried about my money.\nA: I understand your frustration.";
        assert!(score(&Empathy, fresh) > score(&Empathy, canned) + 5.0);
    }

    #[test]
    fn an_insult_may_be_answered_and_need_not() {
        let kind = "C: Are you stupid or what?\nA: I'm so sorry, that must be really frustrating. Let me sort this out for you.";
        let plain = "C: Are you stupid or what?\nA: Your parcel number, please.";
        let named = told(&Empathy, Channel::Call, kind, "names_feeling").unwrap();
        assert_eq!(named.called.unwrap().act, "rude.insult");
        assert_eq!(told(&Empathy, Channel::Call, plain, "missed_feeling"), None);
    }
}
