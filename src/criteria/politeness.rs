//! # Politeness
//!
//! ## What it measures
//! Whether the agent is courteous in form: greeting, please and thanks, softened requests, respectful address (Вы, Сіз), with
//! whomever and whatever the customer says.
//!
//! ## Why it matters
//! The customer is not always right, but the agent is always polite. The strategies are those of Brown & Levinson (1987) as found in
//! requests by Danescu-Niculescu-Mizil et al. (2013); for Russian and Kazakh, those of their own grammar.
//!
//! ## How it is scored
//! The sum starts at 50. A greeting adds 10, an offer of help 3, please and softened requests 7, thanks 5, thanks for the contact 5,
//! praise or deference 4, a goodbye with a wish 4; the same kind again counts less and less. Orders ("you must") cost 5, rushing 8, blaming 4.5, reproaching a repetition 6, waving a feeling away 6, cold or mocking words 11, swearing 25, insults 40,
//! and ты or сен to a customer who did not say it first 12.
//! The tone of all own turns adds or costs up to 12.5 (mean of the measure politeness, which begins at one half), their warmth up to 10
//! (mean of the measure empathy: to attend to the other's feelings is politeness, too) and the mood of the customer's last two turns up to
//! 8, their contentment up to 3 (mean logit); how far one of the last two own turns takes leave up to 4 (logit of parting); the courtesy and the brightness of the two turns that have most of it up to 6 each (mean logits of politeness and positivity), the calm of the two calmest up to 8 (calm), the harshness of the
//! one that has most up to 8 (logit of harshness: blame, reproach, hurry or scorn between the lines); saying the very same again costs up to 10, and talk in bare questions up to 5.
//! Not applicable where the agent says fewer than six words.
//!
//! ## Example
//! "Good morning, how can I help? ... Could you give me the number, please? Thank you, Ms Kim. ... Have a lovely day!"
//!
//! ## Counter-example
//! "Number. ... Wait. ... You have to call again tomorrow."
//!
//! ## Limits
//! It sees the form and not the voice. English has no ты.

use super::Criterion;
use super::part::{Leaving, Level, Part, Peak, fading};
use crate::learned::Head;
use crate::lexicon::Act;
use crate::lexicon::acts::{
    CLOSING_FAREWELL, CLOSING_THANKS, COURTESY_DEFERENCE, COURTESY_PLEASE, COURTESY_REQUEST, COURTESY_THANKS,
    EMPATHY_DISMISS, GREETING_HELLO, GREETING_OFFER_HELP, NEGATIVE_YOU_MUST, PATIENCE_BLAME, PATIENCE_REPEAT_REPROACH,
    PATIENCE_RUSH, RUDE_DISMISSIVE, RUDE_FAMILIAR, RUDE_INSULT, RUDE_PROFANITY,
};
use crate::model::{CriterionResult, Curve, Evidence};

/// See the head of this file.
pub struct Politeness;

const BASE: f64 = 50.0;
/// Fitted to the ratings of `tests/gold`, and a little flatter, so that a few lost words move a score less; `tests/agreement` holds it
/// against them.
const CURVE: Curve = Curve { centre: 52.1, spread: 21.3 };
/// Fewest words that have a form.
const FEWEST_WORDS: usize = 6;
/// Points between no politeness and all of it.
const TONE: f64 = 50.0;
/// Positive politeness (Brown & Levinson 1987): attention to the other's feelings.
const WARMTH: f64 = 40.0;
const PLAIN_WARMTH: f64 = 0.57;
const MOST_WARMTH: f64 = 10.0;
/// Points of the mood at the end: who was treated politely leaves in peace.
const MOOD: f64 = 14.0;
const MOST_TONE: f64 = 12.5;
/// Points a logit of courtesy, brightness and calm in the two turns that have most of it, of harshness in the one that has, and at most.
const COURTESY: f64 = 2.0;
const MOST_COURTESY: f64 = 6.0;
const BRIGHT: f64 = 2.0;
const MOST_BRIGHT: f64 = 6.0;
const CALM: f64 = 4.0;
const MOST_CALM: f64 = 8.0;
const HARSH: f64 = -1.0;
const MOST_HARSH: f64 = 8.0;
/// Points a logit of how far one of the last two turns takes leave, and of how content the customer leaves, and at most.
const TAKES_LEAVE: f64 = 0.75;
const MOST_TAKES_LEAVE: f64 = 4.0;
const CONTENTMENT: f64 = 1.0;
const MOST_CONTENTMENT: f64 = 3.0;
const REPEATED: f64 = -20.0;
const MOST_REPEATED: f64 = -10.0;
/// Ты or сен to a stranger.
const FAMILIAR: f64 = -12.0;
const BARE: f64 = -12.5;
const MOST_BARE: f64 = -5.0;

/// Acts that win or lose by themselves: act, rule, points, what would have earned them.
const BY_ITSELF: &[(Act, &str, f64, &str)] = &[
    (GREETING_HELLO, "greets", 10.0, ""),
    (GREETING_OFFER_HELP, "offers_help", 3.0, ""),
    (COURTESY_PLEASE, "says_please", 7.0, ""),
    (COURTESY_REQUEST, "asks_softly", 7.0, ""),
    (COURTESY_THANKS, "thanks", 5.0, ""),
    (CLOSING_THANKS, "thanks_for_contact", 5.0, ""),
    (COURTESY_DEFERENCE, "shows_respect", 4.0, ""),
    (CLOSING_FAREWELL, "says_goodbye", 4.0, ""),
    (NEGATIVE_YOU_MUST, "orders_about", -5.0, "ask: \"Could you please ...\""),
    (PATIENCE_RUSH, "rushes", -8.0, "give the time it takes"),
    (PATIENCE_BLAME, "blames", -4.5, "say what to do now, not who is at fault"),
    (PATIENCE_REPEAT_REPROACH, "reproaches_repetition", -6.0, "say it again in other words, without \"as I said\""),
    (EMPATHY_DISMISS, "waves_away", -6.0, "take the feeling as it is"),
    (RUDE_DISMISSIVE, "cold_words", -11.0, "stay with the customer's question, politely"),
    (RUDE_PROFANITY, "swears", -25.0, "never"),
    (RUDE_INSULT, "insults", -40.0, "never"),
];

impl Criterion for Politeness {
    fn name(&self) -> &'static str {
        "politeness"
    }
    fn title(&self) -> &'static str {
        "Politeness"
    }
    fn advice(&self) -> &'static str {
        "Greet, say please and thank you, and put every request as a question: \"Could you tell me your number, please?\""
    }
    fn source(&self) -> &'static str {
        include_str!("politeness.rs")
    }

    fn curve(&self) -> Curve {
        CURVE
    }

    fn score(&self, part: &Part<'_>) -> CriterionResult {
        if let Some(reason) = part.cannot_tell() {
            return CriterionResult::cannot_tell(reason);
        }
        if part.own_words() < FEWEST_WORDS {
            return CriterionResult::not_applicable("too few words to tell the form");
        }
        let mut evidence: Vec<Evidence> = Vec::new();
        part.by_itself(BY_ITSELF, &mut evidence);
        familiar(part, &mut evidence);
        tone(part, &mut evidence);
        CriterionResult::scored(BASE, evidence, self.curve(), "the agent spoke")
    }
}

/// Own turns that say ты or сен, unless the customer said it first.
fn familiar(part: &Part<'_>, evidence: &mut Vec<Evidence>) {
    let says = |t: usize| part.find(t, &[RUDE_FAMILIAR], 0.7);
    let first = part.own_turns().find(|t| says(*t).is_some());
    if first.is_none_or(|f| part.customer_turns().any(|c| c < f && says(c).is_some())) {
        return;
    }
    for (n, (turn, found)) in part.own_turns().filter_map(|t| says(t).map(|f| (t, f))).enumerate() {
        let points = FAMILIAR * fading(n) * f64::from(found.confidence);
        evidence.push(part.point("is_familiar", points, turn, found, "use the formal you with whom you do not know"));
    }
}

/// What the own turns say by degrees.
fn tone(part: &Part<'_>, evidence: &mut Vec<Evidence>) {
    let s = &part.signals;
    let would_earn = "soften requests, and thank for what is given";
    if let Some(mean) = s.mean_of(Head::Politeness) {
        let points = (TONE * (mean - 0.5)).clamp(-MOST_TONE, MOST_TONE);
        evidence.extend(part.tone(Head::Politeness, "tone_of_all_turns", points, would_earn));
    }
    if let Some(mean) = s.mean_of(Head::Empathy) {
        let points = (WARMTH * (mean - PLAIN_WARMTH)).clamp(-MOST_WARMTH, MOST_WARMTH);
        evidence.extend(part.tone(
            Head::Empathy,
            Level::WARMTH.rule,
            points,
            "show that you care how it is for the customer",
        ));
    }
    evidence.extend(part.peak(&Peak::POLITENESS, COURTESY, MOST_COURTESY, would_earn));
    evidence.extend(part.peak(&Peak::CALM, CALM, MOST_CALM, "let one answer be calm and friendly"));
    evidence.extend(part.peak(&Peak::POSITIVITY, BRIGHT, MOST_BRIGHT, "let one turn be friendly"));
    let would_earn = "say what to do now, without a word of whose fault it is or how often it was said";
    evidence.extend(part.peak(&Peak::HARSHNESS, HARSH, MOST_HARSH, would_earn));
    evidence.extend(part.peak(&Peak::PARTING, TAKES_LEAVE, MOST_TAKES_LEAVE, "say goodbye with a kind wish"));
    part.mood(MOOD, "part on a kind word", evidence);
    evidence.extend(part.leaving(&Leaving::CONTENTMENT, CONTENTMENT, MOST_CONTENTMENT, "part on a kind word"));
    let again = (REPEATED * s.own_share(super::signals::OwnTurn::says_again)).max(MOST_REPEATED);
    let turn = part.utmost(1.0, |t| t.likeness);
    evidence
        .extend(turn.map(|t| part.graded("says_the_same_again", again, t, "answer what the customer has just said")));
    let bare = (BARE * s.own_share(|t| t.only_asks && !t.reacts)).max(MOST_BARE);
    let turn = part.utmost(1.0, |t| f64::from(u8::from(t.only_asks && !t.reacts)));
    evidence
        .extend(turn.map(|t| part.graded("bare_questions", bare, t, "say why you ask, and acknowledge the answer")));
    evidence.retain(|e| e.points != 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::criteria::testing::{better, result, score, told};
    use crate::model::{Channel, Status};

    #[test]
    fn who_says_ty_first_to_a_stranger_loses_points() {
        let is_told = |talk: &str| {
            result(&Politeness, Channel::Chat, talk).evidence.iter().any(|e| e.rule == "is_familiar" && e.points < 0.0)
        };
        for (polite, familiar) in [
            ("Здравствуйте, диктуйте ваш номер, я запишу.", "Здравствуйте, диктуй свой номер, я тебе запишу."),
            ("Сәлеметсіз бе, нөміріңізді айта беріңіз.", "Сәлеметсіз бе, сен нөміріңді айта бер."),
        ] {
            let talk = |agent: &str| format!("C: Алло.\nA: {agent}\nC: 55\nA: Рахмет.");
            better(&Politeness, &talk(polite), &talk(familiar), 5.0);
            assert!(is_told(&talk(familiar)) && !is_told(&talk(polite)), "{familiar}");
        }
        let mutual = "C: Привет, ты там? Карта не работает.\nA: Здравствуйте, диктуй свой номер, я тебе запишу.";
        assert!(!is_told(mutual));
    }

    #[test]
    fn english_requests_are_asked_or_ordered() {
        better(
            &Politeness,
            "C: My card does not work.\nA: Good morning, thank you for calling. Could you tell me your number, please?\nC: 55\nA: Thank you. Have a lovely day!",
            "C: My card does not work.\nA: Number.\nC: 55\nA: You have to call tomorrow. Hurry up.",
            30.0,
        );
    }

    #[test]
    fn russian_requests_are_asked_or_ordered() {
        better(
            &Politeness,
            "C: Карта не работает.\nA: Добрый день, спасибо за звонок. Не могли бы Вы назвать номер, пожалуйста?\nC: 55\nA: Благодарю Вас. Всего доброго!",
            "C: Карта не работает.\nA: Номер говорите.\nC: 55\nA: Вы обязаны позвонить завтра. Давайте быстрее.",
            30.0,
        );
    }

    #[test]
    fn kazakh_requests_are_asked_or_ordered() {
        better(
            &Politeness,
            "C: Картам істемейді.\nA: Сәлеметсіз бе, хабарласқаныңызға рақмет. Нөміріңізді айтып жібересіз бе?\nC: 55\nA: Рақмет сізге. Сау болыңыз!",
            "C: Картам істемейді.\nA: Нөміріңді айт, тез бол.\nC: 55\nA: Ертең қайта қоңырау шалуыңыз керек.",
            20.0,
        );
    }

    #[test]
    fn an_insult_outweighs_all_courtesy() {
        assert!(score(&Politeness, "C: Hi\nA: Good morning, thank you for calling, please hold, you idiot.") < 40.0);
    }

    #[test]
    fn a_word_or_two_have_no_form() {
        let r = result(&Politeness, Channel::Call, "C: Where are you?\nA: Abay avenue.");
        assert_eq!(r.status, Status::NotApplicable);
    }

    #[test]
    fn a_word_that_says_little_is_not_shown_for_the_tone() {
        let shown = |turn: &str| {
            let talk = format!("C: Where is it?\nA: {turn}");
            let e = told(&Politeness, Channel::Call, &talk, "tone_of_all_turns").unwrap();
            turn[e.start..e.end].to_owned()
        };
        let plain = "The parcel is at the depot near the station today.";
        assert_eq!(shown(plain), plain, "no word of it moves it much: the turn as a whole");
        let telling = shown("It is at the depot, and thank you so much for asking.");
        assert!(telling.contains("thank you") && !telling.contains("depot"), "{telling}");
    }
}
