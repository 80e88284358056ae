//! Comparing agents on like cases.
//!
//! An agent who gets the upset customers, or the night's one queue in a language that scores lower, is not a worse agent. For each score a
//! small linear model says what language, channel, queue and the customer's distress at the beginning are worth:
//! `score = agent + language + channel + queue + slope × distress`. It is fitted on the night within agents (fixed effects: every agent is
//! compared with themselves on other cases, so that the model cannot take what an agent does for what their cases do; Mundlak 1978;
//! for comparing providers Kalbfleisch & Wolfe 2013), weighted by the confidence of the scores, and ridged (Hoerl & Kennard 1970):
//! every effect is drawn to 0 as if [`RIDGE`] conversations had shown none. Where agents do not share cases, the effects stay near 0 and
//! so does the adjustment.
//!
//! The expected score of an agent is the team's mean moved by how their cases differ from the team's; **adjusted = raw − expected + the
//! team's mean**. Its variance is that of the mean plus that of the adjustment, `σ²·(1/n + d'Sd)`, with d how the cases differ and S the
//! ridge's covariance.
//!
//! Only sums are kept, at most 74 of them for each score of an agent: queues past the first [`QUEUES`] that are met count as one.

use std::collections::BTreeMap;

use crate::model::{Channel, Language};
use crate::statistics::{DISCOVERY_RATE, Z95, benjamini_hochberg, two_sided};

/// Queues that are told apart.
pub const QUEUES: usize = 64;
/// Conversations without an effect that each effect is drawn to 0 by.
pub const RIDGE: f64 = 10.0;
/// Points by which an agent must differ from the team to be flagged, however sure it is.
pub const LEAST_DIFFERENCE: f64 = 5.0;

const LANGUAGES: usize = Language::ALL.len() + 1;
const CHANNELS: usize = 3;
const QUEUE: usize = LANGUAGES + CHANNELS;
const DISTRESS: usize = QUEUE + QUEUES + 1;
const UNKNOWN_DISTRESS: usize = DISTRESS + 1;
/// Terms of the model.
const TERMS: usize = UNKNOWN_DISTRESS + 1;
/// Distress is counted in quarters, so that the ridge weighs on it about as on the others.
const QUARTER: f64 = 0.25;
/// What a customer who says nothing at first is taken for, but for an effect of their own.
const MIDDLE: f64 = 0.5;

/// What a case is like.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Case {
    /// Main language of the conversation.
    pub language: Option<Language>,
    /// Call, chat or email.
    pub channel: Channel,
    /// Queue; empty when the input does not say.
    pub queue: String,
    /// How upset the customer came, 0..=1.
    pub distress: Option<f64>,
}

/// Sums of one score over the conversations of one agent.
#[derive(Clone, Debug)]
struct Sums {
    n: u64,
    weight: f64,
    squares: f64,
    y: f64,
    /// Those terms that an agent has met, in order.
    x: Vec<(usize, f64)>,
}

/// Sums of one score over all conversations.
#[derive(Clone, Debug)]
struct Cross {
    counts: Box<[u64]>,
    squares: f64,
    yy: f64,
    xy: Box<[f64]>,
    /// Upper triangle, by rows of the full square.
    xx: Box<[f64]>,
}

/// What is known of the cases of a night.
#[derive(Clone, Debug, Default)]
pub struct CaseMix {
    queues: BTreeMap<String, usize>,
    /// One a score.
    team: Vec<Cross>,
    /// By agent, one a score.
    agents: BTreeMap<String, Vec<Option<Sums>>>,
}

impl CaseMix {
    /// Adds a part of a conversation: its scores with their weights, in the order of the measures.
    pub fn add(&mut self, agent: &str, case: &Case, scores: &[Option<(f64, f64)>]) {
        let terms = self.terms(case);
        self.team.resize_with(self.team.len().max(scores.len()), || Cross {
            counts: vec![0; TERMS].into(),
            squares: 0.0,
            yy: 0.0,
            xy: vec![0.0; TERMS].into(),
            xx: vec![0.0; TERMS * TERMS].into(),
        });
        if !self.agents.contains_key(agent) {
            self.agents.insert(agent.to_owned(), Vec::new());
        }
        let Some(sums) = self.agents.get_mut(agent) else { return };
        sums.resize(sums.len().max(scores.len()), None);
        for ((score, cross), sums) in scores.iter().zip(&mut self.team).zip(sums) {
            let Some((y, w)) = *score else { continue };
            let s = sums.get_or_insert_with(|| Sums { n: 0, weight: 0.0, squares: 0.0, y: 0.0, x: Vec::new() });
            s.n += 1;
            s.weight += w;
            s.squares += w * w;
            s.y += w * y;
            cross.squares += w * w;
            cross.yy += w * y * y;
            for (k, (i, x)) in terms.iter().enumerate() {
                match s.x.binary_search_by_key(i, |t| t.0) {
                    Ok(at) => s.x[at].1 += w * x,
                    Err(at) => s.x.insert(at, (*i, w * x)),
                }
                cross.counts[*i] += u64::from(*i != DISTRESS || case.distress.is_some());
                cross.xy[*i] += w * x * y;
                for (j, z) in &terms[k..] {
                    cross.xx[i * TERMS + j] += w * x * z;
                }
            }
        }
    }

    /// The terms of a case that are not 0, in order.
    fn terms(&mut self, case: &Case) -> Vec<(usize, f64)> {
        let queue = match self.queues.get(&case.queue) {
            Some(i) => *i,
            None if self.queues.len() < QUEUES => {
                let i = self.queues.len();
                self.queues.insert(case.queue.clone(), i);
                i
            }
            None => QUEUES,
        };
        let mut terms = vec![
            (case.language.map_or(LANGUAGES - 1, |l| l as usize), 1.0),
            (LANGUAGES + case.channel as usize, 1.0),
            (QUEUE + queue, 1.0),
            (DISTRESS, case.distress.unwrap_or(MIDDLE) / QUARTER),
        ];
        if case.distress.is_none() {
            terms.push((UNKNOWN_DISTRESS, 1.0));
        }
        terms
    }

    fn sums(&self, measure: usize) -> impl Iterator<Item = (&str, &Sums)> {
        self.agents.iter().filter_map(move |(id, s)| Some((id.as_str(), s.get(measure)?.as_ref()?)))
    }

    /// The model of one score; `None` where nothing is scored.
    fn fit(&self, measure: usize) -> Option<Fit> {
        let cross = self.team.get(measure)?;
        let (mut weight, mut y, mut x, mut agents) = (0.0, 0.0, vec![0.0; TERMS], 0.0);
        let (mut xx, mut xy, mut yy) = (cross.xx.to_vec(), cross.xy.to_vec(), cross.yy);
        for (_, s) in self.sums(measure) {
            agents += 1.0;
            weight += s.weight;
            y += s.y;
            yy -= s.y * s.y / s.weight;
            for (k, (i, sum)) in s.x.iter().enumerate() {
                x[*i] += sum;
                xy[*i] -= sum * s.y / s.weight;
                for (j, other) in &s.x[k..] {
                    xx[i * TERMS + j] -= sum * other / s.weight;
                }
            }
        }
        if weight <= 0.0 {
            return None;
        }
        // On the scale of so many equally weighted conversations (Kish 1965).
        let n = weight * weight / cross.squares;
        let scale = n / weight;
        let full: Vec<f64> = (0..TERMS * TERMS)
            .map(|k| (k / TERMS, k % TERMS))
            .map(|(i, j)| scale * xx[i.min(j) * TERMS + i.max(j)])
            .collect();
        let mut ridged = full.clone();
        (0..TERMS).for_each(|i| ridged[i * TERMS + i] += RIDGE);
        let inverse = invert(&ridged)?;
        let effects: Vec<f64> = (0..TERMS).map(|i| scale * dot(&inverse[i * TERMS..][..TERMS], &xy)).collect();
        let covariance = product(&product(&inverse, &full), &inverse);
        let explained: f64 =
            (0..TERMS).map(|i| effects[i] * (2.0 * scale * xy[i] - dot(&full[i * TERMS..][..TERMS], &effects))).sum();
        let used: f64 = (0..TERMS * TERMS).map(|k| inverse[k] * full[(k % TERMS) * TERMS + k / TERMS]).sum();
        let freedom = n - agents - used;
        let noise = (freedom > 1.0).then(|| ((scale * yy - explained) / freedom).max(0.0));
        Some(Fit { n, mean: y / weight, cases: x.iter().map(|x| x / weight).collect(), effects, covariance, noise })
    }

    /// Each agent's scores as they are and on like cases, by agent and measure. Agents with fewer scored conversations than `minimum`
    /// are not flagged.
    pub fn compare(&self, minimum: u64) -> Vec<FairnessRow> {
        let mut rows = Vec::new();
        for measure in 0..self.team.len() {
            let Some(fit) = self.fit(measure) else { continue };
            let alone = self.sums(measure).count() < 2;
            rows.extend(self.sums(measure).map(|(id, s)| fit.row(id, measure, s, minimum, alone)));
        }
        let told: Vec<f64> = rows.iter().filter_map(|r| r.p).collect();
        let mut adjusted = benjamini_hochberg(&told).into_iter();
        for row in rows.iter_mut().filter(|r| r.p.is_some()) {
            row.q = adjusted.next();
            if row.n >= minimum
                && row.q.is_some_and(|q| q <= DISCOVERY_RATE)
                && row.difference.abs() >= LEAST_DIFFERENCE
            {
                row.flag = if row.difference < 0.0 { "below" } else { "above" };
            }
        }
        rows.sort_by(|a, b| a.agent_id.cmp(&b.agent_id).then(a.measure.cmp(&b.measure)));
        rows
    }

    /// What the model takes each language, channel, queue and distress to be worth, by measure.
    pub fn effects(&self) -> Vec<EffectRow> {
        let mut queues: Vec<&str> = vec!["other queues"; QUEUES + 1];
        self.queues.iter().for_each(|(name, i)| queues[*i] = if name.is_empty() { "none" } else { name });
        let languages = Language::ALL.iter().map(|l| l.code()).chain(["unknown"]);
        let channels = [Channel::Call, Channel::Chat, Channel::Email].map(Channel::name);
        let levels: Vec<(&str, &str)> = languages
            .map(|l| ("language", l))
            .chain(channels.map(|c| ("channel", c)))
            .chain(queues.into_iter().map(|q| ("queue", q)))
            .chain([("distress", "a tenth more"), ("distress", "customer silent at first")])
            .collect();
        let mut rows = Vec::new();
        for (measure, cross) in self.team.iter().enumerate() {
            let Some(fit) = self.fit(measure) else { continue };
            let mut own: Vec<EffectRow> = Vec::new();
            for (i, (factor, level)) in levels.iter().enumerate().filter(|(i, _)| cross.counts[*i] > 0) {
                // An effect is told against the average case of the night; distress, which has no levels, by its slope.
                let average: f64 =
                    (0..TERMS).filter(|k| levels[*k].0 == *factor).map(|k| fit.cases[k] * fit.effects[k]).sum();
                let effect = match i {
                    DISTRESS => fit.effects[i] * 0.1 / QUARTER,
                    UNKNOWN_DISTRESS => fit.effects[i] + fit.effects[DISTRESS] * MIDDLE / QUARTER - average,
                    _ => fit.effects[i] - average,
                };
                own.push(EffectRow {
                    measure,
                    factor,
                    level: (*level).to_owned(),
                    conversations: cross.counts[i],
                    effect,
                });
            }
            own.sort_by(|a, b| rank(a.factor).cmp(&rank(b.factor)).then_with(|| a.level.cmp(&b.level)));
            rows.append(&mut own);
        }
        rows
    }
}

fn rank(factor: &str) -> usize {
    ["language", "channel", "queue", "distress"].iter().position(|f| *f == factor).unwrap_or(4)
}

/// The fitted model of one score.
struct Fit {
    n: f64,
    mean: f64,
    /// Mean of each term over the team.
    cases: Vec<f64>,
    effects: Vec<f64>,
    /// Of the effects, in units of the noise.
    covariance: Vec<f64>,
    /// Variance of a conversation within an agent and like cases; `None` where too few tell it.
    noise: Option<f64>,
}

impl Fit {
    fn row(&self, id: &str, measure: usize, s: &Sums, minimum: u64, alone: bool) -> FairnessRow {
        let mut d: Vec<f64> = self.cases.iter().map(|c| -c).collect();
        s.x.iter().for_each(|(i, x)| d[*i] += x / s.weight);
        let (raw, shift) = (s.y / s.weight, dot(&d, &self.effects));
        let adjusted = raw - shift;
        let n = s.weight * s.weight / s.squares;
        let uncertain: f64 = (0..TERMS).map(|i| d[i] * dot(&self.covariance[i * TERMS..][..TERMS], &d)).sum();
        let told = self.noise.filter(|v| *v > 0.0 && s.n >= minimum.max(2));
        let half = told.map(|v| Z95 * (v * (1.0 / n + uncertain)).sqrt());
        // The agent is part of the team that they are compared with.
        let error = told.map(|v| (v * ((1.0 / n - 1.0 / self.n).max(0.0) + uncertain)).sqrt());
        let difference = adjusted - self.mean;
        FairnessRow {
            agent_id: id.to_owned(),
            measure,
            n: s.n,
            raw,
            expected: self.mean + shift,
            adjusted,
            low: half.map(|h| (adjusted - h).max(0.0)),
            high: half.map(|h| (adjusted + h).min(100.0)),
            difference,
            p: error.filter(|e| *e > 0.0 && !alone).map(|e| two_sided(difference / e)),
            q: None,
            flag: if s.n < minimum { "not enough data" } else { "" },
        }
    }
}

/// A row of `fairness`: one score of one agent as it is and on like cases.
#[derive(Clone, Debug, PartialEq)]
pub struct FairnessRow {
    /// Whose score.
    pub agent_id: String,
    /// 0 for the overall score, then the criteria in the order of the registry.
    pub measure: usize,
    /// Scored conversations.
    pub n: u64,
    /// Mean, conversations weighted by their confidence, 0..=100.
    pub raw: f64,
    /// What the team would have scored on these cases.
    pub expected: f64,
    /// Raw less expected plus the team's mean.
    pub adjusted: f64,
    /// Lower end of the 95 % interval of `adjusted`; `None` where too few conversations tell it.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Adjusted less the team's mean.
    pub difference: f64,
    /// Two-sided p value of no difference; `None` where it cannot be told.
    pub p: Option<f64>,
    /// The same adjusted for all agents and measures of the night.
    pub q: Option<f64>,
    /// `below` or `above` the team on like cases, surely and by enough to matter; `not enough data`; or empty.
    pub flag: &'static str,
}

/// A row of `case_mix`: what the model takes a kind of case to be worth.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectRow {
    /// 0 for the overall score, then the criteria in the order of the registry.
    pub measure: usize,
    /// `language`, `channel`, `queue` or `distress`.
    pub factor: &'static str,
    /// Which language, channel or queue.
    pub level: String,
    /// Scored conversations of this kind.
    pub conversations: u64,
    /// Points against the night's average case; for distress, points for a tenth more of it.
    pub effect: f64,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The product of two symmetric squares of [`TERMS`].
fn product(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; TERMS * TERMS];
    for i in 0..TERMS {
        for k in (0..TERMS).filter(|k| a[i * TERMS + k] != 0.0) {
            for j in 0..TERMS {
                out[i * TERMS + j] += a[i * TERMS + k] * b[k * TERMS + j];
            }
        }
    }
    out
}

/// The inverse of a positive definite square of [`TERMS`] by Cholesky's method; `None` where it is not positive definite.
fn invert(a: &[f64]) -> Option<Vec<f64>> {
    let mut l = vec![0.0; TERMS * TERMS];
    for i in 0..TERMS {
        for j in 0..=i {
            let rest = a[i * TERMS + j] - dot(&l[i * TERMS..][..j], &l[j * TERMS..][..j]);
            l[i * TERMS + j] = if i == j {
                if rest <= 0.0 || !rest.is_finite() {
                    return None;
                }
                rest.sqrt()
            } else {
                rest / l[j * TERMS + j]
            };
        }
    }
    let mut inverse = vec![0.0; TERMS * TERMS];
    for column in 0..TERMS {
        let mut z = vec![0.0; TERMS];
        for i in column..TERMS {
            let given = if i == column { 1.0 } else { 0.0 };
            z[i] = (given - dot(&l[i * TERMS..][..i], &z[..i])) / l[i * TERMS + i];
        }
        for i in (0..TERMS).rev() {
            let behind: f64 = (i + 1..TERMS).map(|k| l[k * TERMS + i] * z[k]).sum();
            z[i] = (z[i] - behind) / l[i * TERMS + i];
            inverse[i * TERMS + column] = z[i];
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Agents with a level of their own; Russian cases are worth 20 points less, and each tenth of distress 2 less.
    fn night(shares: &[(&str, f64, usize)], each: usize) -> CaseMix {
        let mut mix = CaseMix::default();
        for (agent, level, russian) in shares {
            for i in 0..each {
                let language = if i % 10 < *russian { Language::Russian } else { Language::English };
                let distress = (i % 4) as f64 / 10.0;
                // Noise that adds up to nothing: ±2.
                let noise = if i / 10 % 2 == 0 { 2.0 } else { -2.0 };
                let score = level - if language == Language::Russian { 20.0 } else { 0.0 } - 20.0 * distress + noise;
                let case = Case {
                    language: Some(language),
                    channel: Channel::Call,
                    queue: "q".into(),
                    distress: Some(distress),
                };
                mix.add(agent, &case, &[Some((score, 1.0))]);
            }
        }
        mix
    }

    #[test]
    fn like_cases_make_like_agents_alike() {
        // Two agents equally good, one with nine Russian cases of ten, one with one.
        let mix = night(&[("few", 80.0, 1), ("many", 80.0, 9)], 400);
        let rows = mix.compare(5);
        let (few, many) = (&rows[0], &rows[1]);
        assert!((few.raw - many.raw - 16.0).abs() < 1e-9, "{rows:?}");
        assert!((few.adjusted - many.adjusted).abs() < 1.5, "{rows:?}");
        assert!(few.expected > many.expected + 14.0);
        assert!(rows.iter().all(|r| r.flag.is_empty() && (r.adjusted - (r.raw - r.expected + 67.0)).abs() < 1e-9));
        let effects = mix.effects();
        let of = |level: &str| effects.iter().find(|e| e.level == level).unwrap();
        assert!((of("en").effect - of("ru").effect - 20.0).abs() < 1.5, "{effects:?}");
        assert!((of("a tenth more").effect + 2.0).abs() < 0.3, "{effects:?}");
        assert_eq!((of("ru").conversations, of("a tenth more").conversations), (400, 800));
    }

    #[test]
    fn what_an_agent_does_is_not_taken_for_what_their_cases_do() {
        // The worse agent has all the Russian cases: nothing within an agent tells the language apart, so nothing is adjusted.
        let mut mix = CaseMix::default();
        for i in 0..100 {
            let noise = f64::from(i % 3) - 1.0;
            let case = |language| Case { language: Some(language), ..Case::default() };
            mix.add("en", &case(Language::English), &[Some((80.0 + noise, 1.0))]);
            mix.add("ru", &case(Language::Russian), &[Some((60.0 + noise, 1.0))]);
        }
        let rows = mix.compare(5);
        assert!((rows[1].adjusted - rows[1].raw).abs() < 1e-9, "{rows:?}");
        assert_eq!((rows[0].flag, rows[1].flag), ("above", "below"));
        assert!(rows[1].q.unwrap() >= rows[1].p.unwrap());
    }

    #[test]
    fn without_cases_to_tell_apart_it_is_the_plain_comparison() {
        // Groups (60, 70, 80) and (80, 90, 100): noise 400/4 = 100 over 6 − 2 = 4 degrees; interval 70 ± 1.96·sqrt(100/3).
        let mut mix = CaseMix::default();
        for (agent, scores) in [("a", [60.0, 70.0, 80.0]), ("b", [80.0, 90.0, 100.0])] {
            scores.iter().for_each(|s| mix.add(agent, &Case::default(), &[Some((*s, 1.0)), None]));
        }
        let rows = mix.compare(2);
        let half = Z95 * (100.0_f64 / 3.0).sqrt();
        assert!(
            (rows[0].adjusted - 70.0).abs() < 1e-9 && (rows[0].low.unwrap() - (70.0 - half)).abs() < 1e-9,
            "{rows:?}"
        );
        // Against a mean of which the agent is half: sqrt(100·(1/3 − 1/6)).
        assert!((rows[0].p.unwrap() - two_sided(10.0 / (100.0_f64 / 6.0).sqrt())).abs() < 1e-9);
        assert_eq!(rows.len(), 2, "nothing of the second measure was scored");
    }

    #[test]
    fn few_conversations_and_one_agent_are_not_judged() {
        let mix = night(&[("alone", 50.0, 5)], 40);
        let rows = mix.compare(5);
        assert_eq!((rows[0].p, rows[0].flag), (None, ""));
        let rows = night(&[("a", 50.0, 5), ("b", 90.0, 5)], 3).compare(5);
        assert!(rows.iter().all(|r| r.flag == "not enough data" && r.low.is_none() && r.p.is_none()));
        assert!(CaseMix::default().compare(5).is_empty() && CaseMix::default().effects().is_empty());
    }

    #[test]
    fn a_customer_who_is_silent_at_first_is_taken_for_one_in_the_middle() {
        let mut mix = night(&[("a", 80.0, 5), ("b", 70.0, 5)], 200);
        let silent = Case { language: Some(Language::English), queue: "q".into(), ..Case::default() };
        // As a distress of a half: 20 points less than none, 7 less than the average of 0.15.
        (0..20).for_each(|_| mix.add("a", &silent, &[Some((70.0, 1.0))]));
        let effects = mix.effects();
        let silent = effects.iter().find(|e| e.level == "customer silent at first").unwrap();
        assert!(silent.conversations == 20 && (silent.effect + 7.0).abs() < 1.5, "{silent:?}");
        assert_eq!(effects.iter().find(|e| e.level == "a tenth more").unwrap().conversations, 400);
    }

    #[test]
    fn queues_past_the_limit_count_as_one() {
        let mut mix = CaseMix::default();
        for i in 0..QUEUES + 5 {
            mix.add("a", &Case { queue: format!("q{i:03}"), ..Case::default() }, &[Some((50.0, 1.0))]);
        }
        let effects = mix.effects();
        assert_eq!(effects.iter().find(|e| e.level == "other queues").unwrap().conversations, 5);
        assert_eq!(effects.iter().filter(|e| e.factor == "queue").count(), QUEUES + 1);
    }
}
