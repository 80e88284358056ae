//! What do the nights before say?
//!
//! From the figures of every kept night ([`Night`]) this works out, for each agent and for the team, overall and for each criterion: a
//! trend ([`trend`]), a control chart ([`control`]), and the change since the same night a week ago. Nights that were scored with
//! other phrases or another scorecard were measured with another ruler: they are left out unless asked for, and each change of
//! ruler is named ([`Break`]). Keeping and reading nights is the matter of `report::history_folder`.

pub mod control;
pub mod trend;

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;

use crate::agents::{self, AgentRow, Team};
use crate::statistics::{self, Difference, Mean, Z95};
pub use control::{Signal, UsualShare};

/// Fewest nights of a trend.
pub const NIGHTS_OF_A_TREND: usize = 7;
/// Fewest nights of a control chart: the one that is judged and eight before it.
pub const NIGHTS_OF_A_CHART: usize = 9;
/// Fewest nights before tonight that make a share of bad records usual.
pub const NIGHTS_OF_A_USUAL_SHARE: usize = 7;

/// What the scores of a night were measured with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ruler {
    /// Hash of all phrases.
    pub lexicon: String,
    /// Hash of the scorecard.
    pub scorecard: String,
}

/// One score of one agent, or of the team, in one night. Scores are 0..=100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// Scored conversations.
    pub n: u64,
    /// How many equally weighted ones would say as much.
    pub effective: f64,
    /// Mean, conversations weighted by their confidence.
    pub mean: f64,
    /// Sum of squared deviations from it, on the scale of `effective`.
    pub deviations: f64,
    /// Mean drawn towards the team's; the mean itself for the team.
    pub shrunken: f64,
    /// Lower end of the 95 % interval of `shrunken`.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// The figures of one night.
#[derive(Clone, Debug, PartialEq)]
pub struct Night {
    /// Its date.
    pub date: Date,
    /// What it was measured with.
    pub ruler: Ruler,
    /// Records read.
    pub read: u64,
    /// Records set aside.
    pub quarantined: u64,
    /// By agent: the overall score, then each criterion in the order of the registry; `None` where nothing was scored.
    pub agents: BTreeMap<String, Vec<Option<Figure>>>,
}

impl Night {
    /// The figures of a night that was just scored.
    pub fn new(date: Date, ruler: Ruler, (read, quarantined): (u64, u64), team: &Team, rows: &[AgentRow]) -> Night {
        let figures = |row: &AgentRow| {
            let scores = team.agents.get(&row.agent_id).map(|a| a.scores.as_slice()).unwrap_or_default();
            let figure = |(m, e): (&agents::Moments, &Option<agents::Estimate>)| {
                e.as_ref().map(|e| Figure {
                    n: e.n,
                    effective: m.effective(),
                    mean: e.mean,
                    deviations: m.deviations(),
                    shrunken: e.shrunken,
                    low: e.low,
                    high: e.high,
                })
            };
            scores.iter().zip(&row.estimates).map(figure).collect()
        };
        let agents = rows.iter().map(|r| (r.agent_id.clone(), figures(r))).collect();
        Night { date, ruler, read, quarantined, agents }
    }

    fn figure(&self, agent: &str, measure: usize) -> Option<Figure> {
        *self.agents.get(agent)?.get(measure)?
    }

    /// The figure of all agents together, conversations counting by their confidence.
    fn team(&self, measure: usize) -> Option<Figure> {
        let all = || self.agents.values().filter_map(|a| a.get(measure).copied().flatten());
        let effective: f64 = all().map(|f| f.effective).sum();
        let n = all().map(|f| f.n).sum();
        if n == 0 || effective <= 0.0 {
            return None;
        }
        let mean = all().map(|f| f.effective * f.mean).sum::<f64>() / effective;
        let deviations = all().map(|f| f.deviations + f.effective * (f.mean - mean).powi(2)).sum();
        Some(Figure { n, effective, mean, deviations, shrunken: mean, low: None, high: None })
    }
}

/// Too few nights to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFew {
    /// Nights that can be compared.
    pub nights: usize,
    /// Nights it takes.
    pub needed: usize,
}

impl std::fmt::Display for TooFew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not enough nights: {} of {}", self.nights, self.needed)
    }
}

/// Whether a figure rises or falls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// Nights it rests on.
    pub nights: usize,
    /// Points a week: the Theil–Sen slope.
    pub slope: f64,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// The Mann–Kendall test.
    pub test: trend::MannKendall,
    /// Its p value, adjusted for all agents and criteria of the night (Benjamini & Hochberg 1995); as it is for the team.
    pub q: f64,
}

/// A night on a control chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ControlPoint {
    /// The night.
    pub date: Date,
    /// Scored conversations.
    pub n: u64,
    /// Their mean, 0..=100.
    pub mean: f64,
    /// The night's lower limit.
    pub low: f64,
    /// The night's upper limit.
    pub high: f64,
    /// Whether the night is out of the ordinary.
    pub signal: Option<Signal>,
}

/// A control chart; tonight is its last point.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlChart {
    /// Nights that can be compared, in order.
    pub points: Vec<ControlPoint>,
    /// Mean of the nights before tonight.
    pub centre: f64,
    /// How much wider than chance within nights the limits are; `None` where only the spread from night to night is known.
    pub widened: Option<f64>,
}

/// What changed since the night seven days ago.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// That night.
    pub since: Date,
    /// Tonight's mean less that night's, in points.
    pub difference: f64,
    /// Its 95 % interval and p value (Welch 1947); `None` where a night has too few conversations.
    pub told: Option<Difference>,
    /// The p value, adjusted for all agents and criteria of the night.
    pub q: Option<f64>,
}

/// One figure over the nights.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Every night that has the figure, and whether it can be compared with tonight.
    pub points: Vec<(Date, Figure, bool)>,
    /// Whether it rises or falls.
    pub trend: Result<Trend, TooFew>,
    /// Whether tonight is out of the ordinary.
    pub chart: Result<ControlChart, TooFew>,
    /// What changed since a week ago; `None` without a comparable night then.
    pub change: Option<Change>,
}

/// The history of one agent, or of the team.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentHistory {
    /// Whether no kept night before knows the agent, though there are nights before.
    pub first_seen: bool,
    /// The overall score, then each criterion; `None` where tonight has nothing scored.
    pub measures: Vec<Option<Series>>,
}

/// A night from which on scores were measured with another ruler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Break {
    /// The first night with it.
    pub date: Date,
    /// Whether phrases changed.
    pub lexicon: bool,
    /// Whether the scorecard changed.
    pub scorecard: bool,
}

impl std::fmt::Display for Break {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match (self.lexicon, self.scorecard) {
            (true, true) => "phrases and scorecard",
            (true, false) => "phrases",
            _ => "scorecard",
        };
        write!(f, "{}: other {what} than the night before", self.date)
    }
}

/// What the nights say on the evening of `date`.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Tonight.
    pub date: Date,
    /// Every night up to tonight, and whether it can be compared with tonight.
    pub nights: Vec<(Date, bool)>,
    /// Changes of the ruler, in order.
    pub breaks: Vec<Break>,
    /// All agents together.
    pub team: AgentHistory,
    /// Agents of tonight.
    pub agents: BTreeMap<String, AgentHistory>,
    /// What share of records is usually set aside.
    pub quarantined: Result<UsualShare, TooFew>,
}

impl History {
    /// Works out the history of `tonight`. Nights that are not before it are left out. `across_versions` compares nights whatever they
    /// were measured with.
    pub fn new(past: &[Night], tonight: &Night, across_versions: bool) -> History {
        let mut nights: Vec<&Night> = past.iter().filter(|n| n.date < tonight.date).collect();
        nights.sort_by_key(|n| n.date);
        nights.push(tonight);
        let comparable = |n: &Night| across_versions || n.ruler == tonight.ruler;
        let breaks = nights.windows(2).filter(|w| w[0].ruler != w[1].ruler).map(|w| Break {
            date: w[1].date,
            lexicon: w[0].ruler.lexicon != w[1].ruler.lexicon,
            scorecard: w[0].ruler.scorecard != w[1].ruler.scorecard,
        });
        let before = &nights[..nights.len() - 1];
        let known: BTreeSet<&str> = before.iter().flat_map(|n| n.agents.keys().map(String::as_str)).collect();
        let of = |figure: &dyn Fn(&Night, usize) -> Option<Figure>| {
            let measures = 0..agents::measures().count();
            measures.map(|m| series(&nights, &comparable, &|n| figure(n, m))).collect::<Vec<_>>()
        };
        let mut agents: BTreeMap<String, AgentHistory> = tonight
            .agents
            .keys()
            .map(|id| {
                let first_seen = !before.is_empty() && !known.contains(id.as_str());
                (id.clone(), AgentHistory { first_seen, measures: of(&|n, m| n.figure(id, m)) })
            })
            .collect();
        adjust(&mut agents);
        let shares: Vec<(u64, u64)> = before.iter().map(|n| (n.quarantined, n.read)).collect();
        let too_few = TooFew { nights: shares.len(), needed: NIGHTS_OF_A_USUAL_SHARE };
        let usual = (too_few.nights >= too_few.needed).then(|| control::usual_share(&shares, tonight.read)).flatten();
        History {
            date: tonight.date,
            nights: nights.iter().map(|n| (n.date, comparable(n))).collect(),
            breaks: breaks.collect(),
            team: AgentHistory { first_seen: false, measures: of(&|n, m| n.team(m)) },
            agents,
            quarantined: usual.ok_or(too_few),
        }
    }

    /// Nights that can be compared with tonight, tonight among them.
    pub fn comparable(&self) -> usize {
        self.nights.iter().filter(|n| n.1).count()
    }
}

/// A figure over the nights; `None` where tonight has none.
fn series(
    nights: &[&Night],
    comparable: &dyn Fn(&Night) -> bool,
    figure: &dyn Fn(&Night) -> Option<Figure>,
) -> Option<Series> {
    let tonight = *nights.last()?;
    let now = figure(tonight)?;
    let points: Vec<(Date, Figure, bool)> =
        nights.iter().filter_map(|n| Some((n.date, figure(n)?, comparable(n)))).collect();
    let compared: Vec<(Date, Figure)> = points.iter().filter(|p| p.2).map(|p| (p.0, p.1)).collect();
    let weeks = |d: Date| days(d, tonight.date) / 7.0;
    let line: Vec<(f64, f64)> = compared.iter().map(|(d, f)| (weeks(*d), f.mean)).collect();
    let few = |needed| TooFew { nights: compared.len(), needed };
    let enough = |needed| if compared.len() >= needed { Ok(()) } else { Err(few(needed)) };
    let trend = enough(NIGHTS_OF_A_TREND).and_then(|()| {
        let slope = trend::theil_sen(&line, Z95).ok_or(few(NIGHTS_OF_A_TREND))?;
        let test = trend::mann_kendall(&line);
        Ok(Trend { nights: line.len(), slope: slope.slope, low: slope.low, high: slope.high, test, q: test.p })
    });
    let chart = enough(NIGHTS_OF_A_CHART).and_then(|()| {
        let samples: Vec<control::Sample> = compared
            .iter()
            .map(|(_, f)| control::Sample { n: f.effective, mean: f.mean, deviations: f.deviations })
            .collect();
        let chart = control::chart(&samples, (0.0, 100.0)).ok_or(few(NIGHTS_OF_A_CHART))?;
        let points = compared.iter().zip(&chart.limits).map(|((date, f), l)| ControlPoint {
            date: *date,
            n: f.n,
            mean: f.mean,
            low: l.low,
            high: l.high,
            signal: l.signal,
        });
        Ok(ControlChart { points: points.collect(), centre: chart.centre, widened: chart.widened })
    });
    let week_ago = tonight.date.checked_sub(7.days()).ok();
    let change = compared.iter().find(|(d, _)| Some(*d) == week_ago).map(|(since, then)| {
        let told = statistics::welch(mean(then), mean(&now));
        Change { since: *since, difference: now.mean - then.mean, told, q: told.map(|t| t.p) }
    });
    Some(Series { points, trend, chart, change })
}

fn mean(f: &Figure) -> Mean {
    Mean { n: f.effective, mean: f.mean, variance: f.deviations / (f.effective - 1.0).max(f64::MIN_POSITIVE) }
}

/// Days from `origin` to `date`.
fn days(date: Date, origin: Date) -> f64 {
    (date - origin).get_days().into()
}

/// Adjusts the p values of all agents and criteria for their number.
fn adjust(agents: &mut BTreeMap<String, AgentHistory>) {
    let mut all: Vec<&mut Series> = agents.values_mut().flat_map(|a| a.measures.iter_mut().flatten()).collect();
    let trends: Vec<f64> = all.iter().filter_map(|s| s.trend.as_ref().ok()).map(|t| t.test.p).collect();
    let changes: Vec<f64> = all.iter().filter_map(|s| s.change?.told).map(|t| t.p).collect();
    let (mut trends, mut changes) =
        (statistics::benjamini_hochberg(&trends).into_iter(), statistics::benjamini_hochberg(&changes).into_iter());
    for series in &mut all {
        if let Ok(trend) = &mut series.trend {
            trend.q = trends.next().unwrap_or(1.0);
        }
        if let Some(change) = series.change.as_mut().filter(|c| c.told.is_some()) {
            change.q = changes.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i8) -> Date {
        jiff::civil::date(2026, 11, n)
    }

    fn figure(mean: f64, n: u64) -> Figure {
        // A spread of 10 points within the night.
        let deviations = 100.0 * (n as f64 - 1.0);
        Figure { n, effective: n as f64, mean, deviations, shrunken: mean, low: None, high: None }
    }

    fn night(n: i8, ruler: &str, agents: &[(&str, f64)]) -> Night {
        let agents = agents.iter().map(|(a, m)| ((*a).to_owned(), vec![Some(figure(*m, 25))])).collect();
        Night {
            date: day(n),
            ruler: Ruler { lexicon: ruler.into(), scorecard: "s".into() },
            read: 1000,
            quarantined: 10,
            agents,
        }
    }

    fn falling(nights: i8) -> Vec<Night> {
        (1..=nights).map(|n| night(n, "a", &[("ana", 90.0 - 2.0 * f64::from(n)), ("ben", 70.0)])).collect()
    }

    #[test]
    fn a_fall_is_seen_and_what_stays_is_not() {
        let mut past = falling(12);
        let tonight = past.pop().unwrap();
        let h = History::new(&past, &tonight, false);
        let ana = h.agents["ana"].measures[0].as_ref().unwrap();
        let trend = ana.trend.unwrap();
        assert!((trend.slope + 14.0).abs() < 1e-9 && trend.test.s == -66 && trend.q < 0.05, "{trend:?}");
        assert!(trend.low.unwrap() <= -14.0 && trend.high.unwrap() >= -14.0);
        let change = ana.change.unwrap();
        assert_eq!(change.since, day(5));
        assert!((change.difference + 14.0).abs() < 1e-9 && change.told.unwrap().high < 0.0);
        assert!(change.q.unwrap() >= change.told.unwrap().p);
        let chart = ana.chart.as_ref().unwrap();
        assert_eq!((chart.points.len(), chart.points[11].date), (12, day(12)));
        assert_eq!(chart.points[11].signal, Some(Signal::Below));
        let ben = h.agents["ben"].measures[0].as_ref().unwrap();
        assert_eq!(ben.trend.unwrap().q, 1.0);
        assert_eq!(ben.chart.as_ref().unwrap().points[11].signal, None);
        // The team's mean is that of all conversations.
        let team = h.team.measures[0].as_ref().unwrap();
        assert!((team.points[11].1.mean - 68.0).abs() < 1e-9 && team.points[11].1.n == 50);
    }

    #[test]
    fn too_few_nights_say_how_many_it_takes() {
        let past = falling(5);
        let h = History::new(&past, &night(6, "a", &[("ana", 50.0), ("new", 60.0)]), false);
        let ana = h.agents["ana"].measures[0].as_ref().unwrap();
        assert_eq!(ana.trend, Err(TooFew { nights: 6, needed: 7 }));
        assert_eq!(ana.chart.as_ref().unwrap_err().to_string(), "not enough nights: 6 of 9");
        assert_eq!(ana.change, None);
        assert!(h.agents["new"].first_seen && !h.agents["ana"].first_seen);
        assert_eq!(h.quarantined, Err(TooFew { nights: 5, needed: 7 }));
        let first = History::new(&[], &night(1, "a", &[("ana", 1.0)]), false);
        assert!(!first.agents["ana"].first_seen, "without nights before, nobody is new");
    }

    #[test]
    fn another_ruler_makes_a_break_and_no_trend() {
        let mut past = falling(8);
        past.extend((9..=11).map(|n| night(n, "b", &[("ana", 40.0)])));
        let tonight = night(12, "b", &[("ana", 41.0)]);
        let h = History::new(&past, &tonight, false);
        assert_eq!(h.breaks, [Break { date: day(9), lexicon: true, scorecard: false }]);
        assert_eq!(h.breaks[0].to_string(), "2026-11-09: other phrases than the night before");
        assert_eq!((h.comparable(), h.nights.len()), (4, 12));
        let ana = h.agents["ana"].measures[0].as_ref().unwrap();
        assert_eq!(ana.trend, Err(TooFew { nights: 4, needed: 7 }));
        assert_eq!(ana.change, None, "the night a week ago was measured with another ruler");
        let across = History::new(&past, &tonight, true);
        assert!(across.agents["ana"].measures[0].as_ref().unwrap().trend.is_ok());
        assert_eq!(across.breaks, h.breaks);
    }

    #[test]
    fn nights_after_tonight_do_not_count() {
        let nights = falling(12);
        let (past, tonight) = (&nights, &nights[7]);
        let h = History::new(past, tonight, false);
        assert_eq!(h.nights.len(), 8);
        assert_eq!(h, History::new(&nights[..7], tonight, false));
    }
}
