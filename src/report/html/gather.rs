//! What the report needs of each conversation, kept in bounded memory.
//!
//! Threads look at a part while its texts are at hand ([`Gatherer`]) and take along only what may still be shown; the parts are
//! added in the order of the input ([`Gathered::add`]), and of each kind only the first few of a total order are kept. A thread
//! may know an older bound than the newest, and so take along too much, never too little: what is kept does not depend on threads.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest, Sha256};

use super::transcript::{self, Piece, Transcript};
use crate::criteria::{self, Part, Role};
use crate::model::{Channel, Kind, Language, PartResult, Speaker};
use crate::results::{ConversationRow, EvidenceRow, Mask, QuarantineRow};
use crate::scorecard::Scorecard;

/// Moments of each criterion that are kept for an agent, won and lost.
const MOMENTS: usize = 3;
/// Conversations of an agent on the timeline: of more, so many drawn by chance (the smallest hashes of their ids).
const TIMELINE: usize = 200;
/// Agents whose best example of a rule is kept: a second one for the page of the first.
const EXAMPLES: usize = 2;
/// Quarantined records that are listed of each kind.
const LISTED: usize = 200;
/// Turns of context before a moment.
const CONTEXT: usize = 2;
/// Characters shown of a turn of context, and bytes of the turn that is quoted in whole.
const CONTEXT_LENGTH: usize = 300;
const QUOTED: usize = 700;

/// A turn around a moment.
#[derive(Clone, Debug)]
pub struct Said {
    /// Index in the conversation.
    pub turn: usize,
    /// Who speaks.
    pub speaker: Speaker,
    /// Whether these are the agent's own words.
    pub own: bool,
    /// Masked; words that a point rests on are pieces with marks.
    pub pieces: Vec<Piece>,
}

/// A point worth showing with the turns before it.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The point.
    pub row: EvidenceRow<'static>,
    /// Main language of its conversation.
    pub language: Option<Language>,
    /// Two turns and the one of the point.
    pub context: Vec<Said>,
}

/// A conversation on the timeline.
#[derive(Clone, Debug)]
pub struct Dot {
    /// Masked id.
    pub id: String,
    /// As in the input.
    pub started_at: String,
    /// 0..=100.
    pub overall: f64,
    /// 0..=1.
    pub confidence: f64,
    /// By which way.
    pub channel: Channel,
    /// Main language.
    pub language: Option<Language>,
    /// Whether a fatal item was met.
    pub fatal: bool,
}

/// The place of a part among the pages of its agent: the smallest come first. Fatal ones, then the score's distance from 50
/// as far as it is sure, then the id.
#[derive(Clone, Debug, PartialEq)]
struct Rank {
    fatal: bool,
    sure: f64,
    id: String,
}

impl Rank {
    fn of(row: &ConversationRow<'_>) -> Option<Rank> {
        let overall = row.overall?;
        let fatal = !row.fatal.is_empty();
        Some(Rank { fatal, sure: (overall - 50.0) * row.confidence, id: row.conversation_id.clone().into_owned() })
    }

    /// Whether it comes before another among the worst, or among the best.
    fn before(&self, other: &Rank, worst: bool) -> bool {
        let (a, b) = if worst { (self, other) } else { (other, self) };
        let order = b.fatal.cmp(&a.fatal).then(a.sure.total_cmp(&b.sure));
        order.then(self.id.cmp(&other.id)).is_lt()
    }
}

/// What it takes to be kept for an agent; it only ever rises.
#[derive(Clone, Debug, Default)]
struct Bounds {
    worst: Option<Rank>,
    best: Option<Rank>,
    /// Points, by criterion; won, then lost.
    moments: [Vec<f64>; 2],
}

/// A rule of a criterion in a language.
type ExampleKey = (usize, &'static str, Option<Language>);

#[derive(Debug, Default)]
struct Shared {
    agents: HashMap<String, Arc<Bounds>>,
    examples: Arc<HashMap<ExampleKey, f64>>,
}

/// What threads use. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gatherer {
    shared: Arc<RwLock<Shared>>,
    mask: Mask,
    /// Pages an agent, worst and best.
    pages: [usize; 2],
}

/// What a part brings along.
#[derive(Debug)]
pub struct PartOfReport {
    agent_id: String,
    scores: Vec<Option<f64>>,
    channel: Channel,
    language: Option<Language>,
    dot: Option<(u64, Dot)>,
    rank: Option<Rank>,
    page: Option<Arc<Transcript>>,
    moments: Vec<Moment>,
    examples: Vec<Moment>,
}

impl Gatherer {
    /// For so many pages an agent.
    pub fn new(pages: usize, mask: Mask) -> Self {
        Self { shared: Arc::default(), mask, pages: [pages.div_ceil(2), pages / 2] }
    }

    /// What the report may need of a part; `points` are its rows.
    pub fn look(
        &self,
        part: &Part<'_>,
        result: &PartResult,
        row: &ConversationRow<'_>,
        points: &[EvidenceRow<'_>],
        scorecard: &Scorecard,
    ) -> PartOfReport {
        let (bounds, examples) = {
            let shared = self.shared.read().unwrap_or_else(PoisonError::into_inner);
            (shared.agents.get(row.agent_id).cloned().unwrap_or_default(), Arc::clone(&shared.examples))
        };
        let rank = Rank::of(row);
        let page = rank.as_ref().is_some_and(|rank| {
            let enters = |k: usize, bound: &Option<Rank>| {
                self.pages[k] > 0 && bound.as_ref().is_none_or(|b| rank.before(b, k == 0))
            };
            enters(0, &bounds.worst) || enters(1, &bounds.best)
        });
        // The first of the strongest points of each criterion, won and lost.
        let mut strongest: BTreeMap<(usize, bool), usize> = BTreeMap::new();
        let mut shows: BTreeMap<(usize, &'static str), usize> = BTreeMap::new();
        for (i, e) in points.iter().enumerate().filter(|(_, e)| e.points != 0.0) {
            let least = bounds.moments[usize::from(e.points < 0.0)].get(e.criterion).copied().unwrap_or(0.0);
            if e.points.abs() > least {
                let at = strongest.entry((e.criterion, e.points > 0.0)).or_insert(i);
                if e.points.abs() > points[*at].points.abs() {
                    *at = i;
                }
            }
            let key = (e.criterion, e.rule, row.language);
            // An example comes from a conversation that went well.
            let good =
                row.criteria.get(e.criterion).and_then(|c| c.score).is_some_and(|s| s >= scorecard.thresholds.good);
            if good && !e.act.is_empty() && e.points > examples.get(&key).copied().unwrap_or(0.0) {
                let at = shows.entry((e.criterion, e.rule)).or_insert(i);
                if e.points > points[*at].points {
                    *at = i;
                }
            }
        }
        let moment = |i: &usize| self.moment(part, row, &points[*i]);
        let owned = || points.iter().cloned().map(EvidenceRow::into_owned).collect::<Vec<_>>();
        PartOfReport {
            agent_id: row.agent_id.to_owned(),
            scores: std::iter::once(row.overall).chain(row.criteria.iter().map(|c| c.score)).collect(),
            channel: row.channel,
            language: row.language,
            dot: row.overall.map(|overall| {
                let dot = Dot {
                    id: row.conversation_id.clone().into_owned(),
                    started_at: row.started_at.to_owned(),
                    overall,
                    confidence: row.confidence,
                    channel: row.channel,
                    language: row.language,
                    fatal: !row.fatal.is_empty(),
                };
                (hash(&dot.id), dot)
            }),
            rank,
            page: page.then(|| Arc::new(Transcript::new(part, result, row, &owned(), scorecard, self.mask))),
            moments: strongest.values().map(moment).collect(),
            examples: shows.values().map(moment).collect(),
        }
    }

    /// A point with the turns before it.
    fn moment(&self, part: &Part<'_>, row: &ConversationRow<'_>, e: &EvidenceRow<'_>) -> Moment {
        let turns = &part.conversation.turns;
        let at = (e.turn as usize).min(turns.len().saturating_sub(1));
        let said = |turn: usize, pieces: Vec<Piece>| Said {
            turn,
            speaker: turns[turn].speaker,
            own: part.roles.get(turn) == Some(&Role::Own),
            pieces,
        };
        let plain = |text: String| vec![Piece { text, marks: Vec::new() }];
        let mut context: Vec<Said> = (0..at)
            .rev()
            .filter(|t| turns[*t].kind == Kind::Speech && !turns[*t].text.trim().is_empty())
            .take(CONTEXT)
            .map(|t| said(t, plain(transcript::clipped(&turns[t].text, CONTEXT_LENGTH, self.mask))))
            .collect();
        context.reverse();
        if let Some(turn) = turns.get(at) {
            let whole = e.start == e.end || (e.end - e.start) as usize >= turn.text.len();
            let marks = if whole { Vec::new() } else { vec![(e.start as usize..e.end as usize, 0)] };
            let pieces = match turn.text.len() <= QUOTED {
                true => transcript::pieces(&turn.text, &marks, usize::MAX, self.mask).0,
                false => vec![Piece { text: e.quote.clone().into_owned(), marks: Vec::new() }],
            };
            context.push(said(at, pieces));
        }
        Moment { row: e.clone().into_owned(), language: row.language, context }
    }
}

fn hash(id: &str) -> u64 {
    Sha256::digest(id.as_bytes()).iter().take(8).fold(0, |h, b| (h << 8) | u64::from(*b))
}

/// What is known of an agent.
#[derive(Clone, Debug, Default)]
pub struct AgentGathered {
    /// Parts by language, `None` where it cannot be told.
    pub languages: BTreeMap<Option<Language>, u64>,
    /// Parts by channel.
    pub channels: BTreeMap<Channel, u64>,
    /// The moments that won most, by criterion.
    pub best: Vec<Vec<Moment>>,
    /// The moments that lost most, by criterion.
    pub worst: Vec<Vec<Moment>>,
    /// Scored parts with an overall score.
    pub scored: u64,
    dots: BTreeMap<(u64, String), Dot>,
    pages: [Vec<(Rank, Arc<Transcript>)>; 2],
}

impl AgentGathered {
    /// The conversations of the timeline by time, those without one at the end.
    pub fn dots(&self) -> Vec<&Dot> {
        let mut dots: Vec<&Dot> = self.dots.values().collect();
        dots.sort_by(|a, b| {
            (a.started_at.is_empty(), &a.started_at, &a.id).cmp(&(b.started_at.is_empty(), &b.started_at, &b.id))
        });
        dots
    }

    /// The conversations that get a page: the worst, the worst first; then the best, the best first.
    pub fn pages(&self) -> [Vec<&Transcript>; 2] {
        let worst: Vec<&Transcript> = self.pages[0].iter().map(|(_, t)| &**t).collect();
        let best = self.pages[1].iter().map(|(_, t)| &**t).filter(|t| !worst.iter().any(|w| w.id == t.id));
        let best = best.collect();
        [worst, best]
    }

    /// The language that most of the agent's conversations are in.
    pub fn language(&self) -> Option<Language> {
        self.languages.iter().rev().max_by_key(|(_, n)| **n).and_then(|(l, _)| *l)
    }
}

/// Quarantined records of a kind.
#[derive(Clone, Debug, Default)]
pub struct SetAside {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub listed: Vec<QuarantineRow>,
}

/// What the report knows of the night.
#[derive(Debug)]
pub struct Gathered {
    gatherer: Gatherer,
    /// By id.
    pub agents: BTreeMap<String, AgentGathered>,
    /// Parts by tens of their score: overall, then each criterion.
    pub tens: Vec<[u64; 10]>,
    /// Set aside, by kind.
    pub quarantine: BTreeMap<&'static str, SetAside>,
    /// Earliest and latest begin, as in the input.
    pub span: Option<(String, String)>,
    examples: BTreeMap<ExampleKey, Vec<Moment>>,
}

impl Gathered {
    /// Nothing yet.
    pub fn new(gatherer: Gatherer) -> Self {
        Self {
            gatherer,
            agents: BTreeMap::new(),
            tens: vec![[0; 10]; criteria::ALL.len() + 1],
            quarantine: BTreeMap::new(),
            span: None,
            examples: BTreeMap::new(),
        }
    }

    /// Adds a part, in the order of the input.
    pub fn add(&mut self, part: PartOfReport) {
        for (tens, score) in self.tens.iter_mut().zip(&part.scores) {
            if let Some(score) = score {
                tens[((score / 10.0) as usize).min(9)] += 1;
            }
        }
        let criteria = criteria::ALL.len();
        let agent = self.agents.entry(part.agent_id.clone()).or_insert_with(|| AgentGathered {
            best: vec![Vec::new(); criteria],
            worst: vec![Vec::new(); criteria],
            ..AgentGathered::default()
        });
        *agent.languages.entry(part.language).or_default() += 1;
        *agent.channels.entry(part.channel).or_default() += 1;
        if let Some((hash, dot)) = part.dot {
            agent.scored += 1;
            if dot.started_at.len() >= 10 {
                let (first, last) = self.span.get_or_insert_with(|| (dot.started_at.clone(), dot.started_at.clone()));
                if dot.started_at < *first {
                    first.clone_from(&dot.started_at);
                } else if dot.started_at > *last {
                    last.clone_from(&dot.started_at);
                }
            }
            agent.dots.insert((hash, dot.id.clone()), dot);
            if agent.dots.len() > TIMELINE {
                agent.dots.pop_last();
            }
        }
        let mut risen = false;
        if let (Some(rank), Some(page)) = (part.rank, part.page) {
            for (k, list) in agent.pages.iter_mut().enumerate() {
                let at = list.iter().position(|(r, _)| rank.before(r, k == 0)).unwrap_or(list.len());
                if at < self.gatherer.pages[k] {
                    list.insert(at, (rank.clone(), Arc::clone(&page)));
                    list.truncate(self.gatherer.pages[k]);
                    risen = true;
                }
            }
        }
        for m in part.moments {
            let lists = if m.row.points > 0.0 { &mut agent.best } else { &mut agent.worst };
            if let Some(list) = lists.get_mut(m.row.criterion) {
                risen |= keep(list, m);
            }
        }
        if risen {
            let full = |list: &Vec<(Rank, Arc<Transcript>)>, k: usize| {
                list.last().filter(|_| list.len() >= self.gatherer.pages[k]).map(|(r, _)| r.clone())
            };
            let least = |lists: &[Vec<Moment>]| {
                lists.iter().map(|l| l.get(MOMENTS - 1).map_or(0.0, |m| m.row.points.abs())).collect()
            };
            let bounds = Bounds {
                worst: full(&agent.pages[0], 0),
                best: full(&agent.pages[1], 1),
                moments: [least(&agent.best), least(&agent.worst)],
            };
            let mut shared = self.gatherer.shared.write().unwrap_or_else(PoisonError::into_inner);
            shared.agents.insert(part.agent_id, Arc::new(bounds));
        }
        for m in part.examples {
            self.example(m);
        }
    }

    /// Keeps the strongest example of a rule of each of the agents that have the strongest.
    fn example(&mut self, m: Moment) {
        let key = (m.row.criterion, m.row.rule, m.language);
        let list = self.examples.entry(key).or_default();
        if let Some(own) = list.iter().position(|k| k.row.agent_id == m.row.agent_id) {
            if list[own].row.points >= m.row.points {
                return;
            }
            list.remove(own);
        }
        let at = list.iter().position(|k| k.row.points < m.row.points).unwrap_or(list.len());
        if at >= EXAMPLES {
            return;
        }
        list.insert(at, m);
        list.truncate(EXAMPLES);
        if let Some(least) = list.get(EXAMPLES - 1).map(|m| m.row.points) {
            let mut shared = self.gatherer.shared.write().unwrap_or_else(PoisonError::into_inner);
            Arc::make_mut(&mut shared.examples).insert(key, least);
        }
    }

    /// A good turn by another agent: by these rules in this order, in this language.
    pub fn example_for(
        &self,
        agent_id: &str,
        criterion: usize,
        rules: &[&str],
        language: Option<Language>,
    ) -> Option<&Moment> {
        let by_others = |list: &'_ Vec<Moment>| list.iter().position(|m| m.row.agent_id != agent_id);
        let of = |rule: &&str| {
            let list = self.examples.iter().find(|((c, r, l), _)| *c == criterion && r == rule && *l == language)?.1;
            by_others(list).map(|i| &list[i])
        };
        rules.iter().find_map(of).or_else(|| {
            // Else the strongest of the criterion in this language.
            let all = self.examples.iter().filter(|((c, _, l), _)| *c == criterion && *l == language);
            let firsts = all.filter_map(|(_, list)| by_others(list).map(|i| &list[i]));
            firsts.reduce(|best, next| if next.row.points > best.row.points { next } else { best })
        })
    }

    /// Adds a record that was set aside.
    pub fn set_aside(&mut self, row: QuarantineRow) {
        let kind = self.quarantine.entry(row.kind).or_default();
        kind.count += 1;
        if kind.listed.len() < LISTED {
            kind.listed.push(row);
        }
    }
}

/// Keeps the moments with most points, the earliest first among equals. Returns whether this one is kept.
fn keep(list: &mut Vec<Moment>, m: Moment) -> bool {
    let at = list.iter().position(|k| k.row.points.abs() < m.row.points.abs()).unwrap_or(list.len());
    if at < MOMENTS {
        list.truncate(MOMENTS - 1);
        list.insert(at, m);
    }
    at < MOMENTS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::criteria::parts;
    use crate::lexicon::{Lexicon, Reader, Reading};
    use crate::model::{Conversation, Place};
    use crate::results;

    /// Parts of conversations of one agent, good and bad ones mixed.
    fn gathered(gatherer: &Gatherer, order: &[usize]) -> Vec<PartOfReport> {
        static LEXICON: std::sync::LazyLock<Lexicon> = std::sync::LazyLock::new(|| Lexicon::built_in().unwrap());
        let lexicon = &*LEXICON;
        let scorecard = Scorecard::built_in().unwrap();
        let good = "Of course, I can see how worrying that must be. I will send it to you by Friday, I promise.";
        let bad = [
            "You must wait, that is our policy.",
            "Calm down, there is nothing I can do.",
            "Are you stupid or what, you idiot",
        ];
        let texts: Vec<String> =
            (0..12).map(|i| if i % 2 == 0 { good.into() } else { bad[i / 2 % 3].to_owned() }).collect();
        order
            .iter()
            .map(|i| {
                let json = format!(
                    r#"{{"id":"c{i:02}","agent_id":"{}","turns":[{{"speaker":"customer","text":"I am so worried, my card was stolen"}},
                    {{"speaker":"agent","text":"{}"}},{{"speaker":"customer","text":"And now?"}},
                    {{"speaker":"agent","text":"{}"}}]}}"#,
                    ["ann", "bob"][usize::from(*i > 7)],
                    texts[*i],
                    texts[(*i + 2) % 12],
                );
                let c: Conversation<'_> = serde_json::from_str(&json).unwrap();
                let mut reading = Reading::default();
                Reader::new(lexicon).read(&c, &mut reading);
                let part = &parts(&c, &reading, lexicon)[0];
                let result = scorecard.score(part);
                let place = Place::line(&std::path::Path::new("f").into(), 1);
                let row = results::conversation_row(part, &result, &place, crate::privacy::mask);
                let points: Vec<_> =
                    results::evidence_rows(part, &result, &row.conversation_id, crate::privacy::mask).collect();
                gatherer.look(part, &result, &row, &points, &scorecard)
            })
            .collect()
    }

    /// What is kept, in words.
    fn kept(all: &Gathered) -> Vec<String> {
        let mut out = Vec::new();
        for (id, agent) in &all.agents {
            let [worst, best] = agent.pages();
            for p in worst.iter().chain(&best) {
                out.push(format!("{id} {} {:.1}", p.id, p.overall));
                let sum: f64 = p.sums.iter().filter_map(|s| s.score.map(|x| (s.base + s.won + s.lost - x).abs())).sum();
                assert!(sum < 1e-6, "base and points are the score");
            }
            for m in agent.best.iter().chain(&agent.worst).flatten() {
                out.push(format!("{} {} {:.2}", m.row.conversation_id, m.row.rule, m.row.points));
                assert_eq!(m.context.last().map(|s| s.turn), Some(m.row.turn as usize));
            }
        }
        out.extend(all.examples.values().flatten().map(|m| format!("{} {}", m.row.agent_id, m.row.rule)));
        out
    }

    #[test]
    fn what_is_kept_does_not_depend_on_how_late_bounds_are_known() {
        let order: Vec<usize> = (0..12).collect();
        // Bounds known at once, and not before the end.
        let (early, late) = (Gatherer::new(4, crate::privacy::mask), Gatherer::new(4, crate::privacy::mask));
        let (mut a, mut b) = (Gathered::new(early.clone()), Gathered::new(late.clone()));
        order.iter().for_each(|i| gathered(&early, &[*i]).into_iter().for_each(|p| a.add(p)));
        gathered(&late, &order).into_iter().for_each(|p| b.add(p));
        assert_eq!(kept(&a), kept(&b));
        assert!(a.agents["ann"].pages().concat().len() == 4 && a.agents["bob"].pages().concat().len() == 4);
        let [worst, best] = a.agents["ann"].pages();
        assert!(!worst[0].fatal.is_empty() && worst[1].overall < best[1].overall && best[1].overall <= best[0].overall);
        // Once full, what cannot enter is not taken along.
        let again = gathered(&early, &[2]).remove(0);
        assert!(again.moments.is_empty() && again.examples.is_empty());
    }

    #[test]
    fn examples_are_a_colleagues() {
        let gatherer = Gatherer::new(0, crate::privacy::mask);
        let mut all = Gathered::new(gatherer.clone());
        gathered(&gatherer, &(0..12).collect::<Vec<_>>()).into_iter().for_each(|p| all.add(p));
        assert!(all.agents["ann"].pages().concat().is_empty());
        let of = |id: &str| {
            let m = all.example_for(id, 1, &["names_feeling", "validates"], Some(Language::English)).unwrap();
            m.row.agent_id.clone().into_owned()
        };
        assert_eq!((of("ann").as_str(), of("bob").as_str()), ("bob", "ann"));
        assert!(all.example_for("ann", 1, &[], Some(Language::Kazakh)).is_none());
    }

    #[test]
    fn quarantine_is_counted_in_full_and_listed_in_part() {
        let mut all = Gathered::new(Gatherer::new(1, crate::privacy::mask));
        let row = QuarantineRow {
            file: "f".into(),
            line: None,
            byte: None,
            conversation_id: String::new(),
            kind: "syntax",
            reason: String::new(),
        };
        (0..LISTED + 5).for_each(|_| all.set_aside(row.clone()));
        let kind = &all.quarantine["syntax"];
        assert_eq!((kind.count, kind.listed.len()), (LISTED as u64 + 5, LISTED));
    }
}
