//! One agent's part of a conversation: whose turns are scored, and what stands around them.

use super::measures;
use super::signals::{CustomerTurn, OwnTurn, Signals, logit};
use crate::learned::Head;
use crate::lexicon::{Act, Found, Lexicon, Reading};
use crate::model::{Called, Conversation, Evidence, Kind, Speaker};

/// The mood in which customers usually leave, and how far from it counts.
const MOOD_PLAIN: f64 = 0.4;
const MOST_MOOD: f64 = 0.6;
/// By how much a word must move a measure to be shown for it, in logits.
const TELLING: f64 = 0.4;
/// So many words tell half of a mood: "No, that's it" says little of it.
const MOOD_WORDS: f64 = 6.0;

/// Of a turn, as seen from the agent who is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The agent's own words.
    Own,
    /// The customer's words.
    Customer,
    /// Anybody or anything else.
    Other,
}

/// Words of a long turn; a letter has more.
const LETTER: f64 = 20.0;

/// A measure that counts by degrees over all own turns.
#[derive(Clone, Copy, Debug)]
pub struct Level {
    head: Head,
    /// The name of its evidence.
    pub rule: &'static str,
    /// Its logit in plain talk, where it wins and costs nothing: the median of the rated conversations.
    plain: f64,
    /// Whether a greeting or a goodbye says nothing of it: then another turn is shown.
    of_substance: bool,
    /// Words to which what a longer turn has above plain talk is scaled: in a letter it adds up.
    full: f64,
}

impl Level {
    /// How warm they are.
    pub const WARMTH: Self = Self { full: LETTER, ..Self::new(Head::Empathy, "warmth_of_all_turns", 0.6, false) };
    /// How much they push away.
    pub const DEFLECTING: Self = Self::new(Head::Deflecting, "deflects_in_all_turns", -3.4, true);
    /// How much they say of what can and will be done.
    pub const OFFERING: Self = Self::new(Head::Offering, "offers_in_all_turns", 1.0, true);
    /// How much they refuse and order.
    pub const REFUSING: Self = Self::new(Head::Refusing, "refuses_in_all_turns", -3.45, true);
    /// How much pressure they take off.
    pub const EASING: Self = Self::new(Head::Easing, "easing_of_all_turns", -1.04, true);
    /// How much they show of what was understood.
    pub const UNDERSTANDING: Self = Self::new(Head::Understanding, "understanding_of_all_turns", -2.35, true);

    const fn new(head: Head, rule: &'static str, plain: f64, of_substance: bool) -> Self {
        Self { head, rule, plain, of_substance, full: f64::INFINITY }
    }
}

/// A measure that counts by the own turns that have most of it.
#[derive(Clone, Copy, Debug)]
pub struct Peak {
    head: Head,
    /// The name of its evidence.
    pub rule: &'static str,
    /// How many turns.
    turns: usize,
    /// Of so many last ones.
    of_last: usize,
    /// Their mean logit in plain talk: the median of the rated conversations.
    plain: f64,
}

impl Peak {
    /// How much the two turns that do it most go out to the customer.
    pub const CONCERN: Self = Self::of_two(Head::Concern, "concern_of_the_best_turns", 1.13);
    /// How warm the two warmest turns are.
    pub const WARMTH: Self = Self::of_two(Head::Empathy, "warmth_of_the_best_turns", 1.2);
    /// How much pressure the two turns that do it most take off.
    pub const EASING: Self = Self::of_two(Head::Easing, "easing_of_the_best_turns", -0.51);
    /// How much the two turns that do it most say of what can and will be done.
    pub const OFFERING: Self = Self::of_two(Head::Offering, "offers_in_the_best_turns", 2.65);
    /// How much the two turns that do it most refuse and order.
    pub const REFUSING: Self = Self::of_two(Head::Refusing, "refuses_in_the_hardest_turns", -2.28);
    /// How much the two turns that do it most show of what was understood.
    pub const UNDERSTANDING: Self = Self::of_two(Head::Understanding, "understanding_of_the_best_turns", -1.15);
    /// How calm the two calmest turns are.
    pub const CALM: Self = Self::of_two(Head::Calm, "calm_of_the_best_turns", 3.36);
    /// How courteous the two most courteous turns are.
    pub const POLITENESS: Self = Self::of_two(Head::Politeness, "courtesy_of_the_best_turns", 1.6);
    /// How bright the two brightest turns are.
    pub const POSITIVITY: Self = Self::of_two(Head::Positivity, "brightness_of_the_best_turns", 1.8);
    /// How harsh the harshest turn is.
    pub const HARSHNESS: Self =
        Self { turns: 1, ..Self::of_two(Head::Harshness, "harshness_of_the_worst_turn", -1.96) };

    /// How much one of the last two turns brings together what was agreed.
    pub const CONCLUDING: Self = Self::at_the_end(Head::Concluding, "concludes_at_the_end", 0.15);
    /// How much one of the last two turns leaves the door open.
    pub const INVITING: Self = Self::at_the_end(Head::Inviting, "invites_at_the_end", 1.16);
    /// How much one of the last two turns takes leave.
    pub const PARTING: Self = Self::at_the_end(Head::Parting, "takes_leave_at_the_end", 3.75);
    /// How courteous one of the last two turns is.
    pub const LAST_COURTESY: Self = Self::at_the_end(Head::Politeness, "courtesy_at_the_end", 1.43);

    const fn of_two(head: Head, rule: &'static str, plain: f64) -> Self {
        Self { head, rule, turns: 2, of_last: usize::MAX, plain }
    }

    const fn at_the_end(head: Head, rule: &'static str, plain: f64) -> Self {
        Self { head, rule, turns: 1, of_last: 2, plain }
    }

    /// The same of so many last turns.
    pub const fn of_last(self, turns: usize) -> Self {
        Self { of_last: turns, ..self }
    }
}

/// A measure of the customer's that counts by degrees over their last two turns.
#[derive(Clone, Copy, Debug)]
pub struct Leaving {
    head: Head,
    /// The name of its evidence.
    pub rule: &'static str,
    /// Its logit in plain last words: the median of the rated conversations.
    plain: f64,
}

impl Leaving {
    /// How content they are.
    pub const CONTENTMENT: Self = Self { head: Head::Contentment, rule: "contentment_at_the_end", plain: -1.35 };
    /// How courteous they are.
    pub const COURTESY: Self = Self { head: Head::Politeness, rule: "customers_courtesy_at_the_end", plain: 0.33 };
}

/// One agent's part of a conversation.
#[derive(Debug)]
pub struct Part<'a> {
    /// The whole conversation, for context.
    pub conversation: &'a Conversation<'a>,
    /// Its words, languages and acts.
    pub reading: &'a Reading,
    /// The phrases behind the acts.
    pub lexicon: &'a Lexicon,
    /// Whose part; `None` when the input does not say.
    pub agent_id: Option<&'a str>,
    /// A role a turn.
    pub roles: Vec<Role>,
    /// Whether no human agent speaks after this one.
    pub is_last: bool,
    /// Whether the agent's and the customer's turns are told apart in the input.
    pub roles_known: bool,
    /// What it says by degrees.
    pub signals: Signals,
}

/// The parts of a conversation, in the order in which the agents first speak. A conversation without a turn known to be an
/// agent's has one part without own turns, so that it still has a row.
pub fn parts<'a>(conversation: &'a Conversation<'a>, reading: &'a Reading, lexicon: &'a Lexicon) -> Vec<Part<'a>> {
    let spoken =
        |t: &crate::model::Turn<'_>| t.kind == Kind::Speech && t.speaker == Speaker::Agent && !t.text.trim().is_empty();
    let mut agents: Vec<Option<&str>> = Vec::new();
    for turn in conversation.turns.iter().filter(|t| spoken(t)) {
        let agent = conversation.agent_of(turn);
        if !agents.contains(&agent) {
            agents.push(agent);
        }
    }
    if agents.is_empty() {
        agents.push(conversation.agent_id.as_deref());
    }
    let last = conversation.turns.iter().rev().find(|t| spoken(t)).map(|t| conversation.agent_of(t));
    let any = |s: Speaker| conversation.turns.iter().any(|t| t.speaker == s && t.kind == Kind::Speech);
    let roles_known = any(Speaker::Agent) && (any(Speaker::Customer) || !any(Speaker::Unknown));
    agents
        .into_iter()
        .map(|agent_id| {
            let roles = conversation
                .turns
                .iter()
                .map(|t| match (t.kind, t.speaker) {
                    (Kind::Speech, Speaker::Agent) if conversation.agent_of(t) == agent_id => Role::Own,
                    (Kind::Speech, Speaker::Customer) => Role::Customer,
                    _ => Role::Other,
                })
                .collect();
            let is_last = last.is_none_or(|l| l == agent_id);
            let signals = Signals::default();
            let mut part = Part { conversation, reading, lexicon, agent_id, roles, is_last, roles_known, signals };
            let customer: Vec<usize> = part.customer_turns().collect();
            part.signals = Signals::new(conversation, reading, lexicon.model(), &part.roles, &customer);
            part
        })
        .collect()
}

impl<'a> Part<'a> {
    /// Indices of the agent's own turns.
    pub fn own_turns(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        self.turns(Role::Own)
    }

    /// Indices of the customer's turns that lie within the agent's part: from just before the first own turn on, and
    /// up to the last own turn where another agent follows.
    pub fn customer_turns(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        let first = self.own_turns().next().unwrap_or(0);
        let from = (0..first).rev().take_while(|i| self.roles[*i] != Role::Other).last().unwrap_or(first);
        let to = if self.is_last { self.roles.len() } else { self.own_turns().next_back().map_or(0, |l| l + 1) };
        self.turns(Role::Customer).filter(move |i| (from..to).contains(i))
    }

    fn turns(&self, role: Role) -> impl DoubleEndedIterator<Item = usize> + '_ {
        self.roles.iter().enumerate().filter(move |(_, r)| **r == role).map(|(i, _)| i)
    }

    /// The next own turns behind turn `i`, at most `n`.
    pub fn next_own(&self, i: usize, n: usize) -> impl Iterator<Item = usize> + '_ {
        self.roles.iter().enumerate().skip(i + 1).filter(|(_, r)| **r == Role::Own).map(|(i, _)| i).take(n)
    }

    /// Acts of a turn.
    pub fn acts(&self, turn: usize) -> &'a [Found] {
        self.reading.acts_of(turn)
    }

    /// The first of these acts in a turn, with at least this confidence.
    pub fn find(&self, turn: usize, acts: &[Act], confidence: f32) -> Option<&'a Found> {
        self.acts(turn).iter().find(|f| acts.contains(&f.act) && f.confidence >= confidence)
    }

    /// The text of a turn.
    pub fn text(&self, turn: usize) -> &'a str {
        &self.conversation.turns[turn].text
    }

    /// The words of a find in small letters, to tell the same wording again.
    pub fn wording(&self, turn: usize, found: &Found) -> String {
        self.text(turn)[found.start as usize..found.end as usize].to_lowercase()
    }

    /// Number of words the agent says.
    pub fn own_words(&self) -> usize {
        self.own_turns().map(|i| self.reading.word_count(i)).sum()
    }

    /// Number of the sentence in which byte `at` of a turn stands.
    pub fn sentence(&self, turn: usize, at: u32) -> usize {
        let words = self.reading.words_of(turn);
        words.iter().take_while(|w| w.start <= at).filter(|w| w.begins_sentence()).count()
    }

    /// Evidence from an act.
    pub fn point(
        &self,
        rule: &'static str,
        points: f64,
        turn: usize,
        found: &Found,
        would_earn: &'static str,
    ) -> Evidence {
        Evidence {
            points,
            turn,
            start: found.start as usize,
            end: found.end as usize,
            rule,
            act: found.act.name(),
            phrase: Some(found.rule),
            called: None,
            would_earn,
        }
    }

    /// Evidence from what is not there: it points to a turn as a whole.
    pub fn missed(&self, rule: &'static str, points: f64, turn: usize, would_earn: &'static str) -> Evidence {
        Evidence { points, turn, start: 0, end: 0, rule, act: "", phrase: None, called: None, would_earn }
    }

    /// Evidence by degrees: it points to the turn that shows it best.
    pub fn graded(&self, rule: &'static str, points: f64, turn: usize, would_earn: &'static str) -> Evidence {
        let would_earn = if points < 0.0 { would_earn } else { "" };
        Evidence { end: self.text(turn).len(), ..self.missed(rule, points, turn, would_earn) }
    }

    /// Evidence from a measure over all own turns: it points to what moves it most where it is highest, or lowest where points are lost.
    pub fn tone(&self, head: Head, rule: &'static str, points: f64, would_earn: &'static str) -> Option<Evidence> {
        let turn = self.utmost_of(points, |t| points > 0.0 || !t.formal, |t| t.measures.of(head))?;
        Some(self.shown_by(turn, head, points > 0.0, self.graded(rule, points, turn, would_earn)))
    }

    /// The evidence, marking what in the turn moves the measure most, upwards or downwards.
    fn shown_by(&self, turn: usize, head: Head, up: bool, mut evidence: Evidence) -> Evidence {
        let acts = measures::without_others_troubles(self.acts(turn));
        let movers = measures::movers(self.reading, turn, &acts, self.lexicon.model(), head);
        // A word that moves it a little says nothing by itself: then it is the turn as a whole.
        let told = |m: &&measures::Mover| (m.by > 0.0) == up && (m.act.is_some() || m.by.abs() >= TELLING);
        if let Some(m) = movers.iter().find(told) {
            (evidence.start, evidence.end) = (m.start as usize, m.end as usize);
        }
        evidence
    }

    /// Evidence from how much of a measure all own words have ([`Signals::level`]): `points` a logit from that of plain talk on, at most
    /// `most`. It points to the turn that moves the mean most: a bare greeting is cool, too, but has few words.
    pub fn level(&self, of: &Level, points: f64, most: f64, would_earn: &'static str) -> Option<Evidence> {
        let Level { head, rule, plain, of_substance, full } = *of;
        let off_of = |t: &OwnTurn| (full / t.weight.max(1.0)).min(1.0) * (t.logit(head) - plain);
        let off = self.signals.level(off_of)?;
        // A greeting or a goodbye shows no lack.
        let shows = |t: &OwnTurn| !(t.formal && (of_substance || off < 0.0));
        let turn = self.utmost_of(off, shows, |t| t.weight * off_of(t))?;
        let evidence = self.graded(rule, (points * off).clamp(-most, most), turn, would_earn);
        // What is lacking is in no word: the turn shows it as a whole.
        Some(if off > 0.0 { self.shown_by(turn, head, true, evidence) } else { evidence })
    }

    /// Evidence from how much of a measure the own turns with most of it have (mean logit): `points` a logit from that of plain talk on,
    /// at most `most`. It points to the one with most; for a lack of it, to one that is no mere greeting or goodbye.
    pub fn peak(&self, of: &Peak, points: f64, most: f64, would_earn: &'static str) -> Option<Evidence> {
        let readable = self.signals.own.iter().filter(|t| t.weight > 0.0).rev().take(of.of_last);
        let first = readable.clone().last().map_or(0, |t| t.turn);
        let mut logits: Vec<f64> = readable.map(|t| t.logit(of.head)).collect();
        if logits.is_empty() {
            return None;
        }
        logits.sort_by(|a, b| b.total_cmp(a));
        logits.truncate(of.turns);
        let off = logits.iter().sum::<f64>() / logits.len() as f64 - of.plain;
        // A greeting or a goodbye shows no lack.
        let shows = |t: &OwnTurn| t.weight > 0.0 && !(t.formal && off < 0.0);
        let among = |t: &OwnTurn| if t.turn < first { f64::NEG_INFINITY } else { t.logit(of.head) };
        let turn = self.utmost_of(1.0, |t| t.turn >= first && shows(t), among)?;
        let evidence = self.graded(of.rule, (points * off).clamp(-most, most), turn, would_earn);
        Some(if off > 0.0 { self.shown_by(turn, of.head, true, evidence) } else { evidence })
    }

    /// Evidence from the mood (positivity less distress) of the customer's last two turns behind the first own one: half of `points` each
    /// between the deepest and the best that counts. Few words say little.
    pub fn mood(&self, points: f64, would_earn: &'static str, evidence: &mut Vec<Evidence>) {
        let Some(last) = self.own_turns().next_back() else { return };
        let leaving = self.signals.leaving();
        for c in &leaving {
            let off = c.measures.positivity - c.measures.distress - MOOD_PLAIN;
            let beyond = off.clamp(-MOST_MOOD, MOST_MOOD);
            let words = self.reading.word_count(c.turn) as f64;
            let points = points * beyond * words / (words + MOOD_WORDS) / leaving.len() as f64;
            if points != 0.0 {
                let mut e = self.graded("mood_at_the_end", points, last, would_earn);
                e.called = Some(Called { turn: c.turn, start: 0, end: self.text(c.turn).len(), act: "" });
                evidence.push(e);
            }
        }
    }

    /// Evidence from how much of a measure the customer's last two turns behind the first own one have (mean logit): `points` a logit
    /// from that of plain talk on, at most `most`. It names the turn that shows it most.
    pub fn leaving(&self, of: &Leaving, points: f64, most: f64, would_earn: &'static str) -> Option<Evidence> {
        let last = self.own_turns().next_back()?;
        let leaving = self.signals.leaving();
        let off = |c: &CustomerTurn| logit(c.measures.of(of.head)) - of.plain;
        let mean = leaving.iter().map(|c| off(c)).sum::<f64>() / leaving.len().max(1) as f64;
        let most_of = |a: &&&CustomerTurn, b: &&&CustomerTurn| (mean * off(a)).total_cmp(&(mean * off(b)));
        let shown = leaving.iter().max_by(most_of)?;
        let called = Called { turn: shown.turn, start: 0, end: self.text(shown.turn).len(), act: "" };
        let points = (points * mean).clamp(-most, most);
        Some(Evidence { called: Some(called), ..self.graded(of.rule, points, last, would_earn) })
    }

    /// The own turn with most of something, or with least where points are lost.
    pub fn utmost(&self, points: f64, of: impl Fn(&OwnTurn) -> f64) -> Option<usize> {
        self.utmost_of(points, |_| true, of)
    }

    /// The same among those that may show it, and among all where none may.
    fn utmost_of(&self, points: f64, shows: impl Fn(&OwnTurn) -> bool, of: impl Fn(&OwnTurn) -> f64) -> Option<usize> {
        let sign = if points < 0.0 { -1.0 } else { 1.0 };
        let value = |t: &OwnTurn| (shows(t), sign * of(t), t.turn);
        let more = |best: (bool, f64, usize), next: (bool, f64, usize)| {
            if (next.0, next.1) > (best.0, best.1) { next } else { best }
        };
        self.signals.own.iter().map(value).reduce(more).map(|(_, _, turn)| turn)
    }

    /// Words of a turn that begin from byte `from` on and before byte `to`.
    fn words_between(&self, turn: usize, from: u32, to: u32) -> usize {
        self.reading.words_of(turn).iter().filter(|w| (from..to).contains(&w.start)).count()
    }

    /// Evidence from acts of the own turns that count by themselves: act, rule, points, what would have earned them. Won points
    /// of one kind fade; lost ones count once in a dozen words.
    pub fn by_itself(&self, table: &[(Act, &'static str, f64, &'static str)], evidence: &mut Vec<Evidence>) {
        let mut counts = vec![0; table.len()];
        for turn in self.own_turns() {
            let mut last_end = 0;
            let mut lost: Vec<(usize, u32)> = Vec::new();
            for found in self.acts(turn) {
                let Some(k) = table.iter().position(|b| b.0 == found.act) else { continue };
                // One stretch of words counts once, however many acts it carries.
                if found.start < last_end {
                    continue;
                }
                let (_, rule, points, would_earn) = table[k];
                let same = |l: &(usize, u32)| l.0 == k && self.words_between(turn, l.1, found.start) < ONE_LAPSE;
                if points < 0.0 && lost.iter().any(same) {
                    continue;
                }
                lost.push((k, found.start));
                last_end = found.end;
                let weight = if points > 0.0 { fading(counts[k]) } else { 1.0 };
                counts[k] += 1;
                evidence.push(self.point(rule, points * weight * f64::from(found.confidence), turn, found, would_earn));
            }
        }
    }

    /// The customer's words as what called for something.
    pub fn called(&self, turn: usize, found: &Found) -> Option<Called> {
        Some(Called { turn, start: found.start as usize, end: found.end as usize, act: found.act.name() })
    }

    /// The reason why nothing can be told of an agent here, if there is one.
    pub fn cannot_tell(&self) -> Option<&'static str> {
        if self.own_turns().next().is_none() {
            return Some(if self.conversation.turns.iter().any(|t| t.speaker == Speaker::Unknown) {
                "no turn is known to be the agent's"
            } else {
                "the agent says nothing"
            });
        }
        (!self.roles_known).then_some("some speakers are not known to be agent or customer")
    }
}

/// Words within which two hits of an act are one lapse: "the problem is on your side, you're typing it in wrong".
const ONE_LAPSE: usize = 12;

/// The weight of the `n`-th point of a kind, counted from 0: the same thing again counts less and less.
pub(super) fn fading(n: usize) -> f64 {
    0.6_f64.powi(n.min(20) as i32)
}
