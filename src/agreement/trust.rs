//! How far a criterion may be trusted: one label each, drawn from a [`Calibration`] by a fixed rule, kept in `trust.json`.

use serde::{Deserialize, Serialize};

use super::calibration::{Agreement, Calibration, FEWEST, OfCriterion};

/// The version of `trust.json`.
pub const LAYOUT: u32 = 1;

/// How far below the reviewers' own agreement still counts as the same.
const MARGIN: f64 = 0.1;

/// What may be concluded. The figures are kappa with linear weights; .40 and .60 are where Landis and Koch (1977) begin to speak of
/// moderate and substantial agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// Reviewers were compared with each other on at least 30 pairs, kappa is at most 0.10 below theirs, and its interval lies above .40.
    LikeReviewers,
    /// Kappa is at least .60 and its interval lies above .40; how reviewers agree with each other is not known, or it is better.
    Substantial,
    /// Kappa is at least .40 and its interval lies above .20.
    Moderate,
    /// Anything less.
    NotAlone,
    /// Fewer than 30 marks, or marks that are all of one band.
    Unknown,
}

impl Label {
    /// In words, as reports print it.
    pub fn words(self) -> &'static str {
        match self {
            Label::LikeReviewers => "agrees with reviewers as well as they agree with each other",
            Label::Substantial => "substantial agreement with reviewers",
            Label::Moderate => "moderate agreement with reviewers",
            Label::NotAlone => "do not use alone",
            Label::Unknown => "not known: too few marks",
        }
    }

    /// In few words, as tables print it.
    pub fn short(self) -> &'static str {
        match self {
            Label::LikeReviewers => "like reviewers",
            Label::Substantial => "substantial",
            Label::Moderate => "moderate",
            Label::NotAlone => "do not use alone",
            Label::Unknown => "not known",
        }
    }

    /// The rule above.
    pub fn of(agreement: &Agreement, between: Option<&Agreement>) -> Label {
        let kappa = agreement.kappa_linear;
        let (Some(value), Some(low)) = (kappa.value, kappa.low) else { return Label::Unknown };
        if agreement.n < FEWEST {
            return Label::Unknown;
        }
        let theirs = between.filter(|b| b.n >= FEWEST).and_then(|b| b.kappa_linear.value);
        match theirs {
            Some(theirs) if value >= theirs - MARGIN && low >= 0.4 => Label::LikeReviewers,
            _ if value >= 0.6 && low >= 0.4 => Label::Substantial,
            _ if value >= 0.4 && low >= 0.2 => Label::Moderate,
            _ => Label::NotAlone,
        }
    }
}

/// What is known of one criterion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrustOf {
    /// Its name.
    pub criterion: String,
    /// The label.
    pub label: Label,
    /// The label in words.
    pub says: String,
    /// Pairs of a score and a mark behind it.
    pub n: usize,
    /// `random` where only conversations drawn at random count, `all` where they were too few.
    pub basis: String,
    /// Kappa with linear weights.
    pub kappa: Option<f64>,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Pairs of reviewers' marks.
    pub reviewers_n: usize,
    /// The reviewers' own kappa.
    pub reviewers_kappa: Option<f64>,
}

/// What is known of all criteria: the file `trust.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trust {
    /// Version of the file.
    pub layout: u32,
    /// Hash of the phrases that were measured.
    pub lexicon: String,
    /// Hash of the scorecard that was measured.
    pub scorecard_hash: String,
    /// Earliest date of a mark, as given; empty when none is.
    pub marked_from: String,
    /// Latest date.
    pub marked_to: String,
    /// Reviewers.
    pub reviewers: usize,
    /// Conversations with marks.
    pub conversations: usize,
    /// Seed of the intervals.
    pub seed: u64,
    /// One a criterion.
    pub criteria: Vec<TrustOf>,
}

/// Why a `trust.json` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Not such a file.
    #[error("not what `sabyr calibrate` writes as trust.json: {0}")]
    Syntax(#[from] serde_json::Error),
    /// Of another version.
    #[error("of version {0}, and this program reads version {LAYOUT}; run `sabyr calibrate` again")]
    Layout(u32),
}

impl Trust {
    /// Draws the conclusions; `dates` are those of the marks, as given.
    pub fn new<'a>(
        calibration: &Calibration,
        lexicon: &str,
        scorecard_hash: &str,
        dates: impl IntoIterator<Item = &'a str>,
    ) -> Trust {
        let mut dates: Vec<&str> = dates.into_iter().filter(|d| !d.is_empty()).collect();
        dates.sort_unstable();
        Trust {
            layout: LAYOUT,
            lexicon: lexicon.to_owned(),
            scorecard_hash: scorecard_hash.to_owned(),
            marked_from: dates.first().copied().unwrap_or_default().to_owned(),
            marked_to: dates.last().copied().unwrap_or_default().to_owned(),
            reviewers: calibration.reviewers.len(),
            conversations: calibration.conversations,
            seed: calibration.seed,
            criteria: calibration.criteria.iter().map(of_criterion).collect(),
        }
    }

    /// Reads a `trust.json`.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn parse(text: &str) -> Result<Trust, TrustError> {
        let json: serde_json::Value = serde_json::from_str(text)?;
        match json.get("layout").and_then(serde_json::Value::as_u64) {
            Some(n) if n != u64::from(LAYOUT) => Err(TrustError::Layout(u32::try_from(n).unwrap_or(u32::MAX))),
            _ => Ok(serde_json::from_value(json)?),
        }
    }

    /// What is known of a criterion.
    pub fn of(&self, criterion: &str) -> Option<&TrustOf> {
        self.criteria.iter().find(|c| c.criterion == criterion)
    }

    /// Whether scores of these phrases and this scorecard were measured, and not earlier or later ones.
    pub fn is_of(&self, lexicon: &str, scorecard_hash: &str) -> bool {
        self.lexicon == lexicon && self.scorecard_hash == scorecard_hash
    }
}

fn of_criterion(c: &OfCriterion) -> TrustOf {
    // Uncertain and extreme conversations are harder and easier than the rest: only random ones give a fair figure.
    let (agreement, basis) = c.random.as_ref().map_or((&c.all, "all"), |r| (r, "random"));
    let label = Label::of(agreement, c.between_reviewers.as_ref());
    let round = |x: Option<f64>| x.map(|x| (x * 1000.0).round() / 1000.0);
    TrustOf {
        criterion: c.criterion.clone(),
        label,
        says: label.words().to_owned(),
        n: agreement.n,
        basis: basis.to_owned(),
        kappa: round(agreement.kappa_linear.value),
        low: round(agreement.kappa_linear.low),
        high: round(agreement.kappa_linear.high),
        reviewers_n: c.between_reviewers.as_ref().map_or(0, |b| b.n),
        reviewers_kappa: round(c.between_reviewers.as_ref().and_then(|b| b.kappa_linear.value)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::calibration::Figure;
    use super::*;

    fn agreement(n: usize, value: f64, low: f64) -> Agreement {
        let kappa_linear = Figure { value: Some(value), low: Some(low), high: Some(1.0) };
        Agreement { n, kappa_linear, ..Agreement::default() }
    }

    #[test]
    fn labels_follow_the_rule() {
        let theirs = agreement(30, 0.6, 0.4);
        for (n, value, low, between, want) in [
            (60, 0.52, 0.41, Some(&theirs), Label::LikeReviewers),
            (60, 0.52, 0.39, Some(&theirs), Label::Moderate),
            (60, 0.49, 0.41, Some(&theirs), Label::Moderate),
            (60, 0.65, 0.45, None, Label::Substantial),
            (60, 0.65, 0.35, None, Label::Moderate),
            (60, 0.39, 0.25, None, Label::NotAlone),
            (60, 0.45, 0.10, None, Label::NotAlone),
            (29, 0.99, 0.95, Some(&theirs), Label::Unknown),
        ] {
            assert_eq!(Label::of(&agreement(n, value, low), between), want, "{n} {value} {low}");
        }
        let few = agreement(29, 0.6, 0.4);
        assert_eq!(
            Label::of(&agreement(60, 0.65, 0.45), Some(&few)),
            Label::Substantial,
            "29 pairs of reviewers tell nothing"
        );
        assert_eq!(Label::of(&Agreement { n: 99, ..Agreement::default() }, None), Label::Unknown);
    }

    #[test]
    fn the_file_is_read_back_and_others_are_refused() {
        let units = super::super::calibration::tests::units(60, &["r"], |s, _| super::super::marks::Mark::Score(s));
        let calibration =
            Calibration::new(&["patience".into()], &units, super::super::calibration::tests::THRESHOLDS, 9);
        let trust = Trust::new(&calibration, "abc", "def", ["2026-11-20", "", "2026-11-03"]);
        assert_eq!((trust.marked_from.as_str(), trust.marked_to.as_str()), ("2026-11-03", "2026-11-20"));
        assert_eq!((trust.criteria[0].label, trust.criteria[0].basis.as_str()), (Label::Substantial, "random"));
        let text = serde_json::to_string(&trust).unwrap();
        assert_eq!(Trust::parse(&text).unwrap(), trust);
        assert!(trust.is_of("abc", "def") && !trust.is_of("abc", "x") && trust.of("patience").is_some());
        assert!(matches!(Trust::parse(&text.replace("\"layout\":1", "\"layout\":7")), Err(TrustError::Layout(7))));
        assert!(matches!(Trust::parse("{}"), Err(TrustError::Syntax(_))));
    }
}
