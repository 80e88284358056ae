//! The dialogue acts Sabyr knows: their names, who speaks them and what they mean.
//!
//! The phrases are data (`lexicons/<lang>/<act>.toml`); this table is what criteria refer to, so that a misspelt act
//! does not compile. To add an act, add a line here and a file a language.

use crate::model::Speaker;

/// Which acts a turn is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Spoken by the agent (and by speakers whose role is unknown).
    Agent,
    /// Spoken by the customer (and by speakers whose role is unknown).
    Customer,
    /// Spoken by anyone.
    Anyone,
}

impl By {
    /// A bit a role, to test many acts at once against a speaker.
    pub(super) fn bit(speaker: Speaker) -> u8 {
        1 << speaker as u8
    }

    /// The bits of all speakers whose turns can carry the act.
    pub(super) fn bits(self) -> u8 {
        Speaker::ALL.into_iter().filter(|s| self.admits(*s)).fold(0, |bits, s| bits | Self::bit(s))
    }

    /// Whether a turn of this speaker can carry the act.
    pub fn admits(self, speaker: Speaker) -> bool {
        match (self, speaker) {
            (_, Speaker::System | Speaker::Ivr | Speaker::Bot) => false,
            (_, Speaker::Unknown) | (By::Anyone, _) => true,
            (By::Agent, s) => s == Speaker::Agent,
            (By::Customer, s) => s == Speaker::Customer,
        }
    }
}

/// Index of an act in [`ACTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Act(pub u8);

/// What is known of an act.
#[derive(Debug)]
pub struct ActInfo {
    /// `family.act`, as in lexicon file names and outputs.
    pub name: &'static str,
    /// Who speaks it.
    pub by: By,
    /// Whether a criterion's score rests on it: such acts need a full lexicon in every language.
    pub scored: bool,
    /// What a stretch of text that carries it does.
    pub about: &'static str,
}

impl Act {
    /// The act of this name.
    pub fn named(name: &str) -> Option<Act> {
        ACTS.iter().position(|a| a.name == name).map(|i| Act(i as u8))
    }
    /// Name, speaker and meaning.
    pub fn info(self) -> &'static ActInfo {
        &ACTS[usize::from(self.0)]
    }
    /// `family.act`.
    pub fn name(self) -> &'static str {
        self.info().name
    }
}

macro_rules! acts {
    ($($constant:ident $name:literal $by:ident $scored:literal $about:literal;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(u8)]
        enum Order { $($constant),* }
        $(#[doc = $about] pub const $constant: Act = Act(Order::$constant as u8);)*
        /// Every act, in the order of their indices.
        pub const ACTS: &[ActInfo] =
            &[$(ActInfo { name: $name, by: By::$by, scored: $scored, about: $about }),*];
    };
}

acts! {
    // What the customer does.
    CUSTOMER_UPSET       "customer.upset"       Customer true  "Anger, frustration, disappointment: 'this is ridiculous', 'I am fed up', complaints about treatment or service.";
    CUSTOMER_CONFUSED    "customer.confused"    Customer true  "Does not understand or is lost: 'I don't get it', 'what do you mean', 'how do I do that'.";
    CUSTOMER_REPEATS     "customer.repeats"     Customer true  "Says that they say it again: 'as I said', 'I already told you', 'for the third time'.";
    CUSTOMER_HARDSHIP    "customer.hardship"    Customer true  "A hard situation in life: illness, a death, job loss, no money, stranded, a child without heating.";
    CUSTOMER_WORRIED     "customer.worried"     Customer true  "Worry, fear, stress, sadness: 'I'm worried', 'I'm afraid I'll lose my money', 'I feel so lonely'.";
    CUSTOMER_TROUBLE     "customer.trouble"     Customer true  "A trouble with the product or service told without much feeling: 'it is not working', 'it never arrived', 'I was charged twice' (a weak opportunity for empathy).";
    CUSTOMER_NEEDS_TIME  "customer.needs_time"  Customer true  "Needs a moment: 'hold on, let me find my card', 'one second', 'I'm not good with computers'.";
    CUSTOMER_THANKS      "customer.thanks"      Customer true  "Thanks the agent.";
    CUSTOMER_SATISFIED   "customer.satisfied"   Customer true  "Content, it worked, confirms that all is done: 'that works now', 'great, that's all I needed', 'no, that is everything'.";
    CUSTOMER_UNRESOLVED  "customer.unresolved"  Customer true  "Still not solved: 'it still does not work', 'that does not help me', 'so nobody can help me?'.";
    CUSTOMER_FAREWELL    "customer.farewell"    Customer true  "Says goodbye or ends the conversation: 'bye', 'have a good day', 'talk to you later'.";
    // Empathy.
    EMPATHY_NAME_FEELING "empathy.name_feeling" Agent true  "Names the customer's feeling or situation: 'I can hear how frustrating this is', 'that sounds exhausting', 'you must be worried'.";
    EMPATHY_VALIDATE     "empathy.validate"     Agent true  "Says that the feeling makes sense: 'I'd feel the same', 'you have every right to be upset', 'that is completely understandable', 'I understand how you feel'.";
    EMPATHY_APOLOGY      "empathy.apology"      Agent true  "Apologises for the trouble or says sorry to hear it.";
    EMPATHY_TAKE_ON      "empathy.take_on"      Agent true  "Takes the trouble on: 'let me sort this out for you', 'we'll get this fixed together', 'I'll take care of it personally', 'I'm here for you'.";
    EMPATHY_EXPLORE      "empathy.explore"      Agent true  "Asks about the feeling or the situation: 'how are you holding up', 'can you tell me more about what happened', 'what worries you most'.";
    EMPATHY_DISMISS      "empathy.dismiss"      Agent true  "Waves the feeling away: 'calm down', 'it's not a big deal', 'you're overreacting', 'others have it worse', 'just get over it'.";
    CARING_WISH_WELL     "caring.wish_well"     Agent false "Wishes well, encourages: 'I hope it gets better soon', 'you've got this', 'wishing you a speedy recovery', 'I'm so happy for you'.";
    // Patience.
    PATIENCE_GIVE_TIME     "patience.give_time"     Agent true "Gives the customer time: 'take your time', 'no rush', 'I'll wait'.";
    PATIENCE_EXPLAIN_AGAIN "patience.explain_again" Agent true "Explains again or in other words: 'let me put it another way', 'let's go through it step by step', 'in other words'.";
    PATIENCE_REASSURE      "patience.reassure"      Agent true "Reassures: 'don't worry, we'll figure it out', 'you're doing fine', 'that's a perfectly good question', 'no problem at all'.";
    PATIENCE_HOLD_ASK      "patience.hold_ask"      Agent true "Asks before a wait: 'may I put you on a brief hold', 'would you mind waiting a minute while I check', 'please bear with me'.";
    PATIENCE_HOLD_THANK    "patience.hold_thank"    Agent true "Thanks for a wait: 'thank you for holding', 'thanks for your patience', 'sorry to keep you waiting'.";
    PATIENCE_HOLD_BARE     "patience.hold_bare"     Agent true "Parks the customer without asking: 'hold on', 'wait', 'one sec', as an order.";
    PATIENCE_RUSH          "patience.rush"          Agent true "Rushes: 'hurry up', 'I don't have time for this', 'be quick', 'get to the point', 'there are other customers waiting'.";
    PATIENCE_BLAME         "patience.blame"         Agent true "Blames the customer: 'that's your fault', 'you should have read the terms', 'you did it wrong', 'you're not listening'.";
    PATIENCE_REPEAT_REPROACH "patience.repeat_reproach" Agent true "Reproaches the repetition: 'as I already said', 'I've told you three times', 'like I said before', 'how many times'.";
    // Positive language.
    POSITIVE_CAN_DO      "positive.can_do"      Agent true  "Says what can or will be done: 'I can do that for you', 'we'll have it ready', 'you can pick it up from Friday', 'that will be available tomorrow'.";
    POSITIVE_ALTERNATIVE "positive.alternative" Agent true  "Offers another way: 'what I can do instead', 'alternatively', 'we do have the blue one', 'how about', 'another option is'.";
    POSITIVE_NEXT_STEP   "positive.next_step"   Agent true  "Names what happens next, best with a time: 'I'll call you back tomorrow by noon', 'you'll get an email within the hour', 'as soon as it arrives I'll let you know'.";
    POSITIVE_GLADLY      "positive.gladly"      Agent true  "Does it gladly: 'I'd be happy to help', 'with pleasure', 'of course', 'absolutely', 'great choice', 'wonderful'.";
    NEGATIVE_REFUSAL     "negative.refusal"     Agent true  "Refuses or says what is not or cannot be: 'we can't', 'we don't have it', 'it's out of stock', 'unfortunately not', 'that is impossible'.";
    NEGATIVE_YOU_MUST    "negative.you_must"    Agent true  "Orders the customer about: 'you must', 'you have to', 'you need to', 'you are required to' (not as advice or a reassurance: 'you don't have to').";
    NEGATIVE_POLICY_WALL "negative.policy_wall" Agent true  "Policy as a wall: 'it's our policy', 'those are the rules', 'the system won't let me', 'I'm not allowed to'.";
    NEGATIVE_NO_ALTERNATIVE "negative.no_alternative" Agent true "Shuts the door: 'there's nothing I can do', 'no other way', 'that's not my problem', 'take it or leave it'.";
    // Closing.
    CLOSING_CHECK_RESOLVED "closing.check_resolved" Agent true "Checks that it is solved: 'has that solved it', 'does that answer your question', 'is everything working now'.";
    CLOSING_RECAP        "closing.recap"        Agent true  "Sums up what was agreed: 'to recap', 'so to summarise', 'just to confirm: your booking is', 'so we agreed that'.";
    CLOSING_NEXT_STEP    "closing.next_step"    Agent true  "Says what happens after the conversation and when: 'you'll receive a confirmation email', 'our courier will call you on Monday', 'it takes three to five days'.";
    CLOSING_OFFER_MORE_HELP "closing.offer_more_help" Agent true "Offers more help: 'is there anything else', 'can I help with anything else', 'feel free to call us back'.";
    CLOSING_THANKS       "closing.thanks"       Agent true  "Thanks for the contact: 'thank you for calling', 'thanks for choosing us', 'thanks for your email', 'glad I could help', 'you're welcome'.";
    CLOSING_FAREWELL     "closing.farewell"     Agent true  "Says goodbye: 'goodbye', 'have a great day', 'take care', 'enjoy your stay'.";
    CLOSING_INVITE_REPLY "closing.invite_reply" Agent true  "Email: invites an answer: 'just reply to this email', 'do not hesitate to contact us', 'let me know if you have questions'.";
    CLOSING_SIGN_OFF     "closing.sign_off"     Agent true  "Email: the sign-off formula: 'kind regards', 'best wishes', 'sincerely'.";
    // Greeting, courtesy, attention, ownership, handover.
    GREETING_HELLO       "greeting.hello"       Anyone false "Greets: 'good morning', 'hello', 'dear Mr ...'.";
    GREETING_OFFER_HELP  "greeting.offer_help"  Agent false "Opens with an offer: 'how can I help you today', 'what can I do for you'.";
    COURTESY_PLEASE      "courtesy.please"      Anyone false "Please.";
    COURTESY_THANKS      "courtesy.thanks"      Anyone false "Thanks or appreciation, of any kind, by anyone.";
    COURTESY_REQUEST     "courtesy.request"     Anyone false "A softened request: 'could you', 'would you mind', 'may I', 'if it is not too much trouble'.";
    COURTESY_HEDGE       "courtesy.hedge"       Anyone false "Softens a claim: 'I think', 'perhaps', 'it seems', 'possibly', 'as far as I know'.";
    COURTESY_DEFERENCE   "courtesy.deference"   Anyone false "Praises or defers: 'great question', 'good point', 'nice work', 'sir', 'madam', Russian respectful address.";
    ATTENTION_PARAPHRASE "attention.paraphrase" Agent false "Gives back what the customer said: 'so if I understand correctly', 'what you're saying is', 'it sounds like'.";
    ATTENTION_CHECK_BACK "attention.check_back" Agent false "Checks a detail: 'is that right', 'did I get that right', 'just to make sure', 'let me read that back'.";
    OWNERSHIP_COMMIT     "ownership.commit"     Agent false "Commits: 'I will', 'I'll personally', 'leave it with me', 'I'm on it'.";
    OWNERSHIP_DEFLECT    "ownership.deflect"    Agent false "Pushes it away: 'that's not my department', 'you'll have to ask someone else', 'I don't know', 'it's not up to me'.";
    HANDOVER_TRANSFER    "handover.transfer"    Agent false "Hands over: 'I'll transfer you to', 'let me put you through to', 'my colleague will take over'.";
    // Question and answer.
    TALK_ASKS            "talk.asks"            Anyone false "Asks something, with or without a question mark: 'so when is it', 'how much is that'.";
    TALK_ANSWERS         "talk.answers"         Anyone false "Answers yes or no, or gives a day, a price, a reason: 'yes, it is', 'on Thursday', 'because ...'.";
    TALK_INSISTS         "talk.insists"         Anyone false "Comes back to a question that is still open: 'but when', 'yes, but the dog?', 'that is not what I asked'.";
    TALK_BURDEN          "talk.burden"          Customer false "Speaks of something heavy to bear, without saying how it is: illness, death, a child in need, age, being alone, the last money.";
    // Tone of anyone's words.
    RUDE_INSULT          "rude.insult"          Anyone true  "Insults a person: 'you idiot', 'are you stupid', 'shut up', 'get lost'.";
    RUDE_PROFANITY       "rude.profanity"       Anyone false "Swear words.";
    RUDE_DISMISSIVE      "rude.dismissive"      Anyone true  "Cold or mocking: 'whatever', 'not my problem', 'so what', 'what do you want from me', 'are you even listening', 'oh please'.";
    RUDE_FAMILIAR        "rude.familiar"        Anyone false "Says ты (Russian) or сен (Kazakh) where strangers say вы and сіз.";
    TONE_POSITIVE        "tone.positive"        Anyone false "Words of good feeling or worth: 'great', 'love', 'enjoy', 'helpful' (negated they count as tone.negative).";
    TONE_NEGATIVE        "tone.negative"        Anyone false "Words of bad feeling or worth: 'terrible', 'hate', 'fail', 'sad' (negated they count as nothing).";
    // Which language to talk in.
    LANGUAGE_ASK_SWITCH  "language.ask_switch"  Agent false "Asks the customer to talk in another language: 'could you speak Russian', 'in English, please' (not an offer to choose: 'which language do you prefer').";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_again() {
        for (i, a) in ACTS.iter().enumerate() {
            assert_eq!(Act::named(a.name), Some(Act(i as u8)), "act {} stands twice in the table", a.name);
            assert!(a.name.contains('.') && !a.about.is_empty());
        }
        assert_eq!(Act::named("no.such"), None);
    }

    #[test]
    fn a_role_that_is_not_known_may_be_either_side_but_machines_never_act() {
        assert!(By::Agent.admits(Speaker::Unknown) && By::Customer.admits(Speaker::Unknown));
        assert!(!By::Agent.admits(Speaker::Customer) && !By::Anyone.admits(Speaker::Bot));
    }
}
