//! Scores held against reviewers' marks, criterion by criterion.
//!
//! The unit is a pair: a score and one reviewer's mark of the same part of a conversation, both in bands (needs work, good,
//! excellent). So a score is compared with *a* reviewer, as one reviewer is compared with another. Whether the criterion applies at all
//! is compared apart. Intervals draw whole conversations.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::marks::Mark;
use super::resample::{Interval, intervals};
use super::thresholds::{self, Proposal};
use super::{Metric, Table, Weights, alpha, alpha_interval};
use crate::model::Status;
use crate::scorecard::Thresholds;
use crate::statistics::{pearson, spearman};

/// Fewest marks of a criterion that anything is concluded from.
pub const FEWEST: usize = 30;
/// Marks of a criterion below which it is said that they are few.
pub const FEW: usize = 50;

/// A part of a conversation that reviewers marked.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    /// Id of the conversation.
    pub conversation_id: String,
    /// Whose part.
    pub agent_id: String,
    /// Language of the conversation; empty when it cannot be told.
    pub language: String,
    /// Channel of the conversation.
    pub channel: String,
    /// Whether it was drawn at random.
    pub random: bool,
    /// What was scored: status and score of each criterion.
    pub scored: Vec<(Option<Status>, Option<f64>)>,
    /// The marks of each criterion, by reviewer.
    pub marks: Vec<BTreeMap<String, Mark>>,
}

/// A figure with its 95 % interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figure {
    /// `None` where it cannot be told.
    pub value: Option<f64>,
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

impl Figure {
    fn new(value: Option<f64>, interval: Option<Interval>) -> Self {
        Self { value, low: interval.map(|i| i.0), high: interval.map(|i| i.1) }
    }
}

/// How far two raters agree on bands.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Agreement {
    /// Pairs in which both gave a band.
    pub n: usize,
    /// Conversations they are of.
    pub conversations: usize,
    /// Share of pairs with the same band, 0..=1.
    pub percent: Figure,
    /// Cohen's kappa.
    pub kappa: Figure,
    /// With linear weights: a band apart is half an agreement.
    pub kappa_linear: Figure,
    /// With quadratic weights: a band apart is three quarters of one.
    pub kappa_quadratic: Figure,
    /// Gwet's AC1.
    pub ac1: Figure,
    /// Gwet's AC2 with linear weights.
    pub ac2: Figure,
    /// Krippendorff's alpha, nominal.
    pub alpha_nominal: Figure,
    /// Krippendorff's alpha, ordinal.
    pub alpha_ordinal: Figure,
    /// Krippendorff's alpha, interval: on scores where both sides gave scores, else on the numbers of the bands.
    pub alpha_interval: Figure,
}

/// How far scores agree with marks that are scores.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ScoreAgreement {
    /// Pairs.
    pub n: usize,
    /// Score minus mark.
    pub mean_difference: Figure,
    /// Standard deviation of the differences: nineteen in twenty lie within two of them around the mean (Bland and Altman 1986).
    pub deviation: f64,
    /// Pearson's correlation.
    pub pearson: Figure,
    /// Spearman's rank correlation.
    pub spearman: Figure,
}

/// A pair that is far apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Disagreement {
    /// Id of the conversation.
    pub conversation_id: String,
    /// Whose part.
    pub agent_id: String,
    /// The reviewer.
    pub reviewer: String,
    /// The score as written in reports, or its status.
    pub scored: String,
    /// The mark.
    pub marked: String,
    /// How far apart: bands, then points.
    #[serde(skip)]
    apart: (usize, f64),
}

/// What is found of one criterion.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OfCriterion {
    /// Its name.
    pub criterion: String,
    /// Marks that could be compared: those of parts in which the input let it be told.
    pub marks: usize,
    /// Scores against reviewers.
    pub all: Agreement,
    /// The same for conversations drawn at random only, where there are enough marks: the fair estimate.
    pub random: Option<Agreement>,
    /// The same by language.
    pub by_language: BTreeMap<String, Agreement>,
    /// The same by channel.
    pub by_channel: BTreeMap<String, Agreement>,
    /// Reviewers against each other, where two marked the same.
    pub between_reviewers: Option<Agreement>,
    /// Whether it applies: share of marks with the same answer.
    pub applicable: Figure,
    /// Gwet's AC1 of the same.
    pub applicable_ac1: Figure,
    /// Counts: rows needs work, good, excellent, not applicable as scored; columns as marked.
    pub confusion: [[u64; 4]; 4],
    /// Against marks that are scores.
    pub scores: Option<ScoreAgreement>,
    /// The worst disagreements, worst first.
    pub worst: Vec<Disagreement>,
}

/// What is found of all.
#[derive(Clone, Debug, Serialize)]
pub struct Calibration {
    /// Seed of the intervals and of the split.
    pub seed: u64,
    /// Reviewers.
    pub reviewers: BTreeSet<String>,
    /// Conversations with marks.
    pub conversations: usize,
    /// Marks.
    pub marks: usize,
    /// One a criterion, in the order of the run.
    pub criteria: Vec<OfCriterion>,
    /// Better thresholds of bands, where the marks suffice to tell.
    pub thresholds: Option<Proposal>,
}

/// Worst disagreements that are kept of each criterion.
const WORST: usize = 3;

/// What one conversation gives to a comparison.
#[derive(Clone, Debug, Default)]
struct Cluster {
    pairs: Vec<(usize, usize)>,
    units: Vec<Vec<usize>>,
    numbers: Vec<Vec<f64>>,
    scores: Vec<(f64, f64)>,
    applicable: Vec<(usize, usize)>,
}

impl Cluster {
    fn add(&mut self, first: Rating, second: Rating, thresholds: Thresholds) {
        self.applicable
            .push((usize::from(first.band(thresholds).is_some()), usize::from(second.band(thresholds).is_some())));
        if let (Some(a), Some(b)) = (first.band(thresholds), second.band(thresholds)) {
            self.pairs.push((a as usize, b as usize));
            self.units.push(vec![a as usize, b as usize]);
        }
        if let (Mark::Score(a), Mark::Score(b)) = (first, second) {
            self.scores.push((a, b));
            self.numbers.push(vec![a, b]);
        }
    }
}

/// A score is a mark of the program.
type Rating = Mark;

/// Clusters by conversation.
#[derive(Clone, Debug, Default)]
struct Clusters(BTreeMap<String, Cluster>);

impl Clusters {
    fn of(&mut self, conversation: &str) -> &mut Cluster {
        self.0.entry(conversation.to_owned()).or_default()
    }

    fn with_pairs(&self) -> Vec<&Cluster> {
        self.0.values().filter(|c| !c.pairs.is_empty()).collect()
    }

    fn agreement(&self, seed: u64) -> Agreement {
        let clusters = self.with_pairs();
        let on_scores = clusters.iter().all(|c| c.numbers.len() == c.units.len());
        let figures = |drawn: &[usize]| -> [Option<f64>; 9] {
            let chosen = || drawn.iter().map(|i| clusters[*i]);
            let mut table = Table::<3>::default();
            chosen().flat_map(|c| &c.pairs).for_each(|(a, b)| table.add(*a, *b));
            let units = || chosen().flat_map(|c| c.units.iter().map(Vec::as_slice));
            let interval = if on_scores {
                alpha_interval(chosen().flat_map(|c| c.numbers.iter().map(Vec::as_slice)))
            } else {
                let numbers: Vec<Vec<f64>> = units().map(|u| u.iter().map(|b| *b as f64).collect()).collect();
                alpha_interval(numbers.iter().map(Vec::as_slice))
            };
            [
                table.observed(Weights::Identity),
                table.kappa(Weights::Identity),
                table.kappa(Weights::Linear),
                table.kappa(Weights::Quadratic),
                table.gwet(Weights::Identity),
                table.gwet(Weights::Linear),
                alpha(units(), 3, Metric::Nominal),
                alpha(units(), 3, Metric::Ordinal),
                interval,
            ]
        };
        let everything: Vec<usize> = (0..clusters.len()).collect();
        let values = figures(&everything);
        let ends = intervals(clusters.len(), seed, figures);
        let [percent, kappa, kappa_linear, kappa_quadratic, ac1, ac2, alpha_nominal, alpha_ordinal, alpha_interval] =
            std::array::from_fn(|i| Figure::new(values[i], ends[i]));
        Agreement {
            n: clusters.iter().map(|c| c.pairs.len()).sum(),
            conversations: clusters.len(),
            percent,
            kappa,
            kappa_linear,
            kappa_quadratic,
            ac1,
            ac2,
            alpha_nominal,
            alpha_ordinal,
            alpha_interval,
        }
    }

    fn applicable(&self, seed: u64) -> [Figure; 2] {
        let clusters: Vec<&Cluster> = self.0.values().filter(|c| !c.applicable.is_empty()).collect();
        let figures = |drawn: &[usize]| {
            let mut table = Table::<2>::default();
            drawn.iter().flat_map(|i| &clusters[*i].applicable).for_each(|(a, b)| table.add(*a, *b));
            [table.observed(Weights::Identity), table.gwet(Weights::Identity)]
        };
        let everything: Vec<usize> = (0..clusters.len()).collect();
        let (values, ends) = (figures(&everything), intervals(clusters.len(), seed, figures));
        std::array::from_fn(|i| Figure::new(values[i], ends[i]))
    }

    fn scores(&self, seed: u64) -> Option<ScoreAgreement> {
        let clusters: Vec<&Cluster> = self.0.values().filter(|c| !c.scores.is_empty()).collect();
        let pairs = |drawn: &[usize]| -> Vec<(f64, f64)> {
            drawn.iter().flat_map(|i| clusters[*i].scores.iter().copied()).collect()
        };
        let everything: Vec<usize> = (0..clusters.len()).collect();
        let all = pairs(&everything);
        if all.len() < 3 {
            return None;
        }
        let mean = |pairs: &[(f64, f64)]| pairs.iter().map(|(a, b)| a - b).sum::<f64>() / pairs.len() as f64;
        let figures = |drawn: &[usize]| {
            let pairs = pairs(drawn);
            [Some(mean(&pairs)), pearson(&pairs), spearman(&pairs)]
        };
        let (values, ends) = (figures(&everything), intervals(clusters.len(), seed, figures));
        let [mean_difference, pearson, spearman] = std::array::from_fn(|i| Figure::new(values[i], ends[i]));
        let centre = mean(&all);
        let squares: f64 = all.iter().map(|(a, b)| (a - b - centre).powi(2)).sum();
        Some(ScoreAgreement {
            n: all.len(),
            mean_difference,
            deviation: (squares / (all.len() - 1) as f64).sqrt(),
            pearson,
            spearman,
        })
    }
}

impl Calibration {
    /// Compares scores and marks; `criteria` are the names in the order of the units' lists.
    pub fn new(criteria: &[String], units: &[Unit], thresholds: Thresholds, seed: u64) -> Calibration {
        let reviewers = units.iter().flat_map(|u| &u.marks).flat_map(BTreeMap::keys).cloned().collect();
        let of = |i: usize| of_criterion(&criteria[i], i, units, thresholds, seed);
        let marked: Vec<&Unit> = units.iter().filter(|u| u.marks.iter().any(|m| !m.is_empty())).collect();
        Calibration {
            seed,
            reviewers,
            conversations: marked.iter().map(|u| &u.conversation_id).collect::<BTreeSet<_>>().len(),
            marks: units.iter().flat_map(|u| &u.marks).map(BTreeMap::len).sum(),
            criteria: (0..criteria.len()).map(of).collect(),
            thresholds: thresholds::propose(units, thresholds, seed),
        }
    }
}

/// What the program says, as a mark; `None` where it cannot tell or was not on the scorecard of the run.
fn rating(scored: &(Option<Status>, Option<f64>)) -> Option<Rating> {
    match scored {
        (Some(Status::Scored), Some(score)) => Some(Mark::Score(*score)),
        (Some(Status::NotApplicable), _) => Some(Mark::NotApplicable),
        _ => None,
    }
}

fn of_criterion(name: &str, i: usize, units: &[Unit], thresholds: Thresholds, seed: u64) -> OfCriterion {
    let mut out = OfCriterion { criterion: name.to_owned(), ..OfCriterion::default() };
    let (mut all, mut random, mut between) = (Clusters::default(), Clusters::default(), Clusters::default());
    let mut by_language: BTreeMap<String, Clusters> = BTreeMap::new();
    let mut by_channel: BTreeMap<String, Clusters> = BTreeMap::new();
    for unit in units {
        let marks = &unit.marks[i];
        reviewers_among_themselves(between.of(&unit.conversation_id), marks, thresholds);
        let Some(scored) = rating(&unit.scored[i]) else { continue };
        let row = scored.band(thresholds).map_or(3, |b| b as usize);
        for (reviewer, mark) in marks {
            out.marks += 1;
            out.confusion[row][mark.band(thresholds).map_or(3, |b| b as usize)] += 1;
            out.worst.extend(disagreement(unit, reviewer, scored, *mark, thresholds));
            let language = if unit.language.is_empty() { "unknown" } else { &unit.language };
            let mut into = vec![
                all.of(&unit.conversation_id),
                by_language.entry(language.to_owned()).or_default().of(&unit.conversation_id),
                by_channel.entry(unit.channel.clone()).or_default().of(&unit.conversation_id),
            ];
            if unit.random {
                into.push(random.of(&unit.conversation_id));
            }
            into.into_iter().for_each(|c| c.add(scored, *mark, thresholds));
        }
    }
    out.worst.sort_by(|a, b| b.apart.0.cmp(&a.apart.0).then(b.apart.1.total_cmp(&a.apart.1)));
    out.worst.truncate(WORST);
    out.all = all.agreement(seed);
    out.random = Some(random.agreement(seed)).filter(|r| r.n >= FEWEST);
    out.between_reviewers = Some(between.agreement(seed)).filter(|b| b.n > 0);
    out.by_language = by_language.into_iter().map(|(k, c)| (k, c.agreement(seed))).collect();
    out.by_channel = by_channel.into_iter().map(|(k, c)| (k, c.agreement(seed))).collect();
    [out.applicable, out.applicable_ac1] = all.applicable(seed);
    out.scores = all.scores(seed);
    out
}

/// Every two reviewers of a part, the one whose name comes first as the first rater; for alpha, all of them together.
fn reviewers_among_themselves(cluster: &mut Cluster, marks: &BTreeMap<String, Mark>, thresholds: Thresholds) {
    let marks: Vec<Mark> = marks.values().copied().collect();
    let mut pairs = Cluster::default();
    for (i, first) in marks.iter().enumerate() {
        marks[i + 1..].iter().for_each(|second| pairs.add(*first, *second, thresholds));
    }
    if pairs.pairs.is_empty() {
        return;
    }
    cluster.pairs.extend(pairs.pairs);
    cluster.units.push(marks.iter().filter_map(|m| m.band(thresholds)).map(|b| b as usize).collect());
    let numbers: Vec<f64> = marks.iter().filter_map(|m| if let Mark::Score(s) = m { Some(*s) } else { None }).collect();
    if numbers.len() > 1 {
        cluster.numbers.push(numbers);
    }
}

fn disagreement(
    unit: &Unit,
    reviewer: &str,
    scored: Rating,
    mark: Mark,
    thresholds: Thresholds,
) -> Option<Disagreement> {
    let said = |m: Mark| match m {
        Mark::Score(s) => format!("{s:.0} ({})", thresholds.band(s).name()),
        Mark::Band(b) => b.name().to_owned(),
        Mark::NotApplicable => "not applicable".to_owned(),
    };
    let apart = match (scored.band(thresholds), mark.band(thresholds)) {
        (Some(a), Some(b)) => (a as usize).abs_diff(b as usize),
        (None, None) => 0,
        // Whether it applies at all is a smaller matter than two bands.
        _ => 1,
    };
    let points = match (scored, mark) {
        (Mark::Score(a), Mark::Score(b)) => (a - b).abs(),
        // From a score to the nearest score of the band that was marked.
        (Mark::Score(a), Mark::Band(b)) => match b as usize {
            0 => (a - thresholds.good).max(0.0),
            1 => (thresholds.good - a).max(a - thresholds.excellent).max(0.0),
            _ => (thresholds.excellent - a).max(0.0),
        },
        _ => 0.0,
    };
    (apart > 0).then(|| Disagreement {
        conversation_id: unit.conversation_id.clone(),
        agent_id: unit.agent_id.clone(),
        reviewer: reviewer.to_owned(),
        scored: said(scored),
        marked: said(mark),
        apart: (apart, points),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::random::SplitMix64;
    use crate::scorecard::Band;

    pub const THRESHOLDS: Thresholds = Thresholds { good: 60.0, excellent: 80.0 };

    /// Units of one criterion; `mark` makes a reviewer's mark of the score.
    pub fn units(n: usize, reviewers: &[&str], mark: impl Fn(f64, &mut SplitMix64) -> Mark) -> Vec<Unit> {
        let mut random = SplitMix64::new(5);
        (0..n)
            .map(|i| {
                let score = random.below(101) as f64;
                Unit {
                    conversation_id: format!("c{i:03}"),
                    agent_id: "a".into(),
                    language: ["en", "ru"][i % 2].into(),
                    channel: "call".into(),
                    random: true,
                    scored: vec![(Some(Status::Scored), Some(score))],
                    marks: vec![reviewers.iter().map(|r| ((*r).to_owned(), mark(score, &mut random))).collect()],
                }
            })
            .collect()
    }

    fn one(units: &[Unit]) -> OfCriterion {
        Calibration::new(&["patience".into()], units, THRESHOLDS, 1).criteria.remove(0)
    }

    #[test]
    fn full_agreement_is_one_and_chance_is_about_none() {
        let same = one(&units(60, &["r"], |s, _| Mark::Score(s)));
        assert_eq!((same.all.n, same.all.kappa.value, same.all.alpha_interval.value), (60, Some(1.0), Some(1.0)));
        assert!(same.worst.is_empty() && same.between_reviewers.is_none());
        let scores = same.scores.unwrap();
        assert_eq!((scores.mean_difference.value, scores.deviation), (Some(0.0), 0.0));
        let chance = one(&units(400, &["r"], |_, random| Mark::Score(random.below(101) as f64)));
        let kappa = chance.all.kappa_linear;
        assert!(kappa.value.unwrap().abs() < 0.1 && kappa.low.unwrap() < 0.0 && kappa.high.unwrap() > 0.0, "{kappa:?}");
        assert_eq!(chance.worst.len(), WORST);
        assert_eq!(chance.by_language.values().map(|a| a.n).sum::<usize>(), 400);
    }

    #[test]
    fn a_shift_is_seen_as_a_mean_difference() {
        let shifted = one(&units(80, &["r"], |s, _| Mark::Score((s - 10.0).max(0.0))));
        let scores = shifted.scores.unwrap();
        let d = scores.mean_difference;
        assert!(d.low.unwrap() > 8.0 && d.high.unwrap() <= 10.0 && scores.spearman.value.unwrap() > 0.99, "{d:?}");
    }

    #[test]
    fn reviewers_are_compared_with_each_other_and_applicability_apart() {
        let mut all = units(40, &["r1", "r2"], |s, _| Mark::Band(THRESHOLDS.band(s)));
        for unit in all.iter_mut().take(10) {
            unit.marks[0].insert("r1".into(), Mark::NotApplicable);
        }
        all[20].scored[0] = (Some(Status::CannotTell), None);
        let found = one(&all);
        assert_eq!((found.marks, found.all.n), (78, 68));
        let between = found.between_reviewers.unwrap();
        assert_eq!((between.n, between.percent.value), (30, Some(1.0)));
        assert!((found.applicable.value.unwrap() - 68.0 / 78.0).abs() < 1e-12);
        assert_eq!(found.confusion.iter().flatten().sum::<u64>(), 78);
        assert_eq!(found.confusion.iter().map(|row| row[3]).sum::<u64>(), 10);
    }

    #[test]
    fn the_worst_disagreements_come_first() {
        let mut all = units(12, &["r"], |s, _| Mark::Band(THRESHOLDS.band(s)));
        (all[3].scored[0].1, all[5].scored[0].1, all[7].scored[0].1) = (Some(95.0), Some(10.0), Some(99.0));
        all[3].marks[0].insert("r".into(), Mark::Band(Band::NeedsWork));
        all[5].marks[0].insert("r".into(), Mark::Band(Band::Good));
        all[7].marks[0].insert("r".into(), Mark::Band(Band::NeedsWork));
        let ids: Vec<String> = one(&all).worst.into_iter().map(|d| d.conversation_id).collect();
        assert_eq!(ids, ["c007", "c003", "c005"]);
    }
}
