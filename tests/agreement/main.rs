//! How far the program agrees with people: on turns and conversations that were labelled before it saw them (`tests/gold`), and on
//! conversations that were written in three languages (`tests/parallel`).
//!
//! The bounds are what was reached, a little below: agreement that is lost fails. `cargo test --test agreement -- --nocapture` shows the figures.

#![allow(clippy::print_stdout)] // the figures, for who asks with --nocapture

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use sabyr::criteria::{self, measures, parts};
use sabyr::lexicon::{Lexicon, Reader, Reading, gold};
use sabyr::model::{Channel, Conversation, CriterionResult, Curve, PartResult, Turn};
use sabyr::robustness::{self, Damage, Report};
use sabyr::scorecard::Scorecard;
use serde::Deserialize;

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::built_in().unwrap());
static SCORECARD: LazyLock<Scorecard> = LazyLock::new(|| Scorecard::built_in().unwrap());

const LANGUAGES: [&str; 3] = ["en", "ru", "kk"];

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)).unwrap()
}

fn score(c: &Conversation<'_>) -> PartResult {
    let mut reading = Reading::default();
    Reader::new(&LEXICON).read(c, &mut reading);
    let mut all = parts(c, &reading, &LEXICON);
    assert_eq!(all.len(), 1, "{} has one agent", &*c.id);
    SCORECARD.score(&all.remove(0))
}

/// A conversation without its ratings, and the ratings by criterion: 0 poor, 0.5 fair, 1 good.
type Rated = (Conversation<'static>, BTreeMap<String, f64>);

fn rated(name: &str) -> Vec<Rated> {
    let mut all = Vec::new();
    for line in file(&format!("gold/{name}_conversations.jsonl")).lines() {
        let mut c: Conversation<'_> = serde_json::from_str(line).unwrap();
        let ratings = std::mem::take(&mut c.labels).0.into_iter().filter_map(|(name, rating)| {
            let rating = match &*rating {
                "poor" => 0.0,
                "fair" => 0.5,
                "good" => 1.0,
                "not_applicable" => return None,
                other => panic!("{other:?} is no rating"),
            };
            Some((name.to_string(), rating))
        });
        let ratings = ratings.collect();
        all.push((c.into_owned(), ratings));
    }
    all
}

/// Hard cases.
static RATED: LazyLock<Vec<Rated>> = LazyLock::new(|| {
    let all: Vec<Rated> = LANGUAGES.into_iter().flat_map(rated).collect();
    assert!(all.len() >= 140);
    all
});

/// What the curves are fitted to: all rated conversations but the sealed ones, and the plain ones that phrases were mended with, which would
/// make them too steep.
static FITTED: LazyLock<Vec<Rated>> = LazyLock::new(|| {
    let closed = rated("plain").into_iter().skip(1).step_by(2);
    RATED.iter().cloned().chain(rated("ordinary")).chain(rated("fresh")).chain(closed).collect()
});

/// Scores and ratings of one criterion, where both say something.
fn pairs(set: &[Rated], index: usize, of: impl Fn(&CriterionResult) -> f64) -> Vec<(f64, f64)> {
    let name = criteria::ALL[index].name();
    let pair = |(c, ratings): &Rated| {
        let rating = *ratings.get(name)?;
        let result = &score(c).criteria[index];
        result.score.map(|_| (of(result), rating))
    };
    set.iter().filter_map(pair).collect()
}

/// The chance that a good conversation has a higher score than a poor one.
fn auc(pairs: &[(f64, f64)]) -> f64 {
    let of = |rating: f64| pairs.iter().filter(move |p| p.1 == rating).map(|p| p.0);
    let (mut won, mut all) = (0.0, 0.0);
    for good in of(1.0) {
        for poor in of(0.0) {
            won += if good > poor {
                1.0
            } else if good == poor {
                0.5
            } else {
                0.0
            };
            all += 1.0;
        }
    }
    won / all
}

/// The logistic curve of greatest likelihood, by Newton's method.
fn fit(pairs: &[(f64, f64)]) -> Curve {
    let n = pairs.len() as f64;
    let mean = pairs.iter().map(|p| p.0).sum::<f64>() / n;
    let deviation = (pairs.iter().map(|p| (p.0 - mean).powi(2)).sum::<f64>() / n).sqrt();
    let (mut a, mut b) = (0.0, 0.0);
    for _ in 0..30 {
        let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (sum, rating) in pairs {
            let z = (sum - mean) / deviation;
            let p = 1.0 / (1.0 + f64::exp(-(a + b * z)));
            let w = p * (1.0 - p);
            ga += rating - p;
            gb += (rating - p) * z;
            haa += w;
            hab += w * z;
            hbb += w * z * z;
        }
        let det = haa * hbb - hab * hab;
        a += (hbb * ga - hab * gb) / det;
        b += (haa * gb - hab * ga) / det;
    }
    Curve { centre: mean - a / b * deviation, spread: deviation / b }
}

#[test]
fn scores_are_the_ratings_that_people_would_give() {
    let mut wrong = Vec::new();
    for (i, criterion) in criteria::ALL.iter().enumerate() {
        let curve = criterion.curve();
        let logit = |share: f64| (share / (1.0 - share)).ln();
        let sums = pairs(&FITTED, i, |r| curve.centre + curve.spread * logit(r.score.unwrap() / 100.0));
        let fitted = fit(&sums);
        let off: f64 = sums.iter().map(|(s, _)| (fitted.at(*s) - curve.at(*s)).abs()).sum::<f64>() / sums.len() as f64;
        println!("{}: {} conversations, {fitted:.1?}, used {curve:?}, {off:.1} apart", criterion.name(), sums.len());
        assert!(sums.len() >= 170, "{}: only {} rated conversations", criterion.name(), sums.len());
        // Flatter on purpose, so that a few lost words move a score less.
        if off > 4.0 {
            wrong.push(format!("{}: its curve should be {fitted:.1?}", criterion.name()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn good_conversations_score_higher_than_poor_ones() {
    let least = [
        ("patience", 0.93),
        ("empathy", 0.86),
        ("positive_language", 0.95),
        ("proper_closing", 0.88),
        ("attentiveness", 0.77),
        ("politeness", 0.95),
    ];
    for (i, (name, least)) in least.into_iter().enumerate() {
        assert_eq!(criteria::ALL[i].name(), name);
        let of = auc(&pairs(&RATED, i, |r| r.score.unwrap()));
        println!("{name}: {of:.3}");
        assert!(of >= least, "{name}: AUC {of:.3}");
    }
}

/// Talk as particular people have it, without set phrases. Phrases were mended with the odd ones; the even ones were not read, but their
/// figures were in view when points were chosen.
#[test]
fn plain_spoken_conversations_are_told_apart_less_surely() {
    let set = rated("plain");
    assert_eq!(set.len(), 120);
    let half = |from: usize| set.iter().skip(from).step_by(2).cloned().collect::<Vec<_>>();
    let (open, closed) = (half(0), half(1));
    let least = [0.91, 0.80, 0.84, 0.93, 0.90, 0.95];
    for ((i, criterion), least) in criteria::ALL.iter().enumerate().zip(least) {
        let of = |half: &[Rated]| {
            let pairs = pairs(half, i, |r| r.score.unwrap());
            (auc(&pairs), pairs.len())
        };
        let ((open, n), (closed, m), name) = (of(&open), of(&closed), criterion.name());
        println!("{name}, plain: {closed:.3} of {m} on the closed half, {open:.3} of {n} on the open one");
        assert!(m >= 30 && n >= 30 && closed >= least && open >= least, "{name}: AUC {closed:.3}, {open:.3}");
    }
}

/// Seven nights in three languages, rated by people who knew nothing of the program. The first three were each locked away until all that was
/// there in their time was chosen and have been in view since (points are chosen with them, curves are not fitted to them); the fourth to
/// the sixth were opened when earlier versions stood, and their figures were in view since; the seventh when every weight, point and curve that is there now stood.
#[test]
fn conversations_that_nothing_is_fitted_to_are_told_apart() {
    let nights = [
        ("sealed", 60, [0.95, 0.95, 0.95, 0.96, 0.94, 0.97]),
        ("unseen", 72, [0.96, 0.95, 0.95, 0.94, 0.93, 0.97]),
        ("untouched", 72, [0.97, 0.96, 0.95, 0.93, 0.95, 0.97]),
        ("blind", 72, [0.96, 0.96, 0.95, 0.94, 0.94, 0.97]),
        ("blind_second", 54, [0.94, 0.94, 0.96, 0.96, 0.94, 0.96]),
        ("blind_third", 54, [0.96, 0.95, 0.96, 0.96, 0.95, 0.96]),
        ("blind_fourth", 54, [0.95, 0.94, 0.96, 0.96, 0.94, 0.96]),
    ];
    for (name, count, least) in nights {
        let set = rated(name);
        assert_eq!(set.len(), count);
        for ((i, criterion), least) in criteria::ALL.iter().enumerate().zip(least) {
            let pairs = pairs(&set, i, |r| r.score.unwrap());
            let (criterion, of) = (criterion.name(), auc(&pairs));
            println!("{criterion}, {name}: {of:.3} of {}", pairs.len());
            assert!(pairs.len() >= 35 && of >= least, "{criterion}, {name}: AUC {of:.3} of {}", pairs.len());
        }
    }
}

/// Nothing but the curves is fitted to these: talk as it mostly is, with the conduct in a few turns of it.
#[test]
fn ordinary_conversations_are_told_apart_too() {
    let set = rated("ordinary");
    assert_eq!(set.len(), 48);
    for (i, criterion) in criteria::ALL.iter().enumerate() {
        let pairs = pairs(&set, i, |r| r.score.unwrap());
        let (name, of) = (criterion.name(), auc(&pairs));
        println!("{name}, ordinary: {of:.3} of {}", pairs.len());
        assert!(pairs.len() >= 30 && of >= 0.94, "{name}: AUC {of:.3} of {}", pairs.len());
    }
}

#[test]
fn acts_are_found_as_people_find_them() {
    // Phrases are mended with the differences of the odd lines; the even ones are only counted.
    for (language, least) in LANGUAGES.into_iter().zip([0.79, 0.78, 0.83]) {
        let turns = gold::parse(&file(&format!("gold/{language}_turns.jsonl"))).unwrap();
        let closed = gold::measure(&LEXICON, turns.iter().skip(1).step_by(2)).macro_f1();
        let open = gold::measure(&LEXICON, turns.iter().step_by(2)).macro_f1();
        println!("{language}: macro F1 {closed:.3} on the closed half, {open:.3} on the open one");
        assert!(turns.len() >= 360 && closed >= least && open >= least, "{language}: {closed:.3}, {open:.3}");
    }
}

#[derive(Deserialize)]
struct Parallel<'a> {
    id: &'a str,
    channel: Channel,
    #[serde(borrow)]
    versions: BTreeMap<&'a str, Vec<Turn<'a>>>,
}

/// What phrases were mended with until the three languages were alike.
const IN_VIEW: [&str; 2] = ["part1", "part2"];

/// Each conversation in English, Russian and Kazakh.
fn told_thrice(files: &[&str]) -> Vec<[Conversation<'static>; 3]> {
    let text: String = files.iter().map(|name| file(&format!("parallel/{name}.jsonl"))).collect();
    let conversations = text.lines().map(|line| {
        let parallel: Parallel<'_> = serde_json::from_str(line).unwrap();
        LANGUAGES.map(|language| {
            let c = Conversation {
                id: parallel.id.into(),
                channel: parallel.channel,
                language: Some(language.into()),
                agent_id: Some("agent".into()),
                turns: parallel.versions[language].clone(),
                ..Conversation::default()
            };
            c.into_owned()
        })
    });
    conversations.collect()
}

#[test]
fn measures_are_alike_in_every_language() {
    // Sums of logits and their numbers, by language and measure.
    let mut sums = [[(0.0, 0.0); measures::HEADS.len()]; 3];
    let (mut reader, mut reading) = (Reader::new(&LEXICON), Reading::default());
    for versions in told_thrice(&IN_VIEW) {
        for (sums, c) in sums.iter_mut().zip(&versions) {
            reader.read(c, &mut reading);
            for (i, read) in reading.turns.iter().enumerate() {
                let m = measures::of_turn(reading.acts_of(i), read, LEXICON.model());
                for ((sum, n), head) in sums.iter_mut().zip(measures::HEADS) {
                    if measures::speaks(head).is_none_or(|s| s == c.turns[i].speaker) {
                        *sum += (m.of(head) / (1.0 - m.of(head))).ln();
                        *n += 1.0;
                    }
                }
            }
        }
    }
    for (k, head) in measures::HEADS.into_iter().enumerate() {
        let means = sums.map(|s| s[k].0 / s[k].1);
        println!("{}: mean logits {means:.2?}", head.name());
        let apart = |l: usize| (means[l] - means[0]).abs();
        assert!(apart(1) <= 0.15 && apart(2) <= 0.15, "{}: {means:.2?} in {LANGUAGES:?}", head.name());
    }
}

/// How far the languages' means may lie apart, by criterion.
const MEANS: [f64; 6] = [7.0; 6];

/// The shares of conversations whose three scores are within 7 points must be at least these, and the languages' means within `furthest`.
fn alike(what: &str, told: Vec<[Conversation; 3]>, fewest: usize, furthest: [f64; 6], least: [f64; 6]) {
    let mut scores: Vec<Vec<[f64; 3]>> = vec![Vec::new(); criteria::ALL.len()];
    for versions in &told {
        let results = versions.each_ref().map(score);
        for (i, all) in scores.iter_mut().enumerate() {
            if let [Some(en), Some(ru), Some(kk)] = results.each_ref().map(|r| r.criteria[i].score) {
                all.push([en, ru, kk]);
            }
        }
    }
    for (((criterion, all), least), furthest) in criteria::ALL.iter().zip(&scores).zip(least).zip(furthest) {
        let name = criterion.name();
        let n = all.len() as f64;
        let mean = |l: usize| all.iter().map(|s| s[l]).sum::<f64>() / n;
        let spread =
            |s: &[f64; 3]| s.iter().fold(0.0, |m: f64, x| m.max(*x)) - s.iter().fold(100.0, |m: f64, x| m.min(*x));
        let near = all.iter().filter(|s| spread(s) <= 7.0).count() as f64 / n;
        let far = all.iter().map(spread).sum::<f64>() / n;
        let means = [mean(0), mean(1), mean(2)];
        println!(
            "{name}, {what}: {n} conversations, means {means:.1?}, {:.0} % within 7 points, {far:.1} apart",
            100.0 * near
        );
        assert!(all.len() >= fewest, "{name}: scored in {n} conversations");
        assert!(near >= least && spread(&means) <= furthest, "{name}, {what}: means {means:.1?}");
    }
}

#[test]
fn a_conversation_scores_alike_in_every_language() {
    let told = told_thrice(&IN_VIEW);
    assert!(told.len() >= 60);
    alike("in view", told, 40, MEANS, [0.72, 0.68, 0.69, 0.75, 0.65, 0.88]);
}

#[test]
fn a_conversation_that_no_phrase_was_mended_with_scores_less_alike() {
    let told = told_thrice(&["unseen"]);
    assert!(told.len() >= 50);
    alike("unseen", told, 40, MEANS, [0.42, 0.42, 0.33, 0.46, 0.39, 0.58]);
    // Few. What was chosen with the first four says `tests/parallel/README.md`; with the fifth nothing was.
    let told = told_thrice(&["blind"]);
    assert_eq!(told.len(), 24);
    alike("blind", told, 14, MEANS, [0.38, 0.54, 0.38, 0.45, 0.33, 0.46]);
    let told = told_thrice(&["blind_second"]);
    assert_eq!(told.len(), 24);
    alike("blind_second", told, 14, MEANS, [0.40, 0.34, 0.38, 0.38, 0.30, 0.54]);
    let told = told_thrice(&["blind_third"]);
    assert_eq!(told.len(), 24);
    alike("blind_third", told, 20, MEANS, [0.50, 0.42, 0.37, 0.46, 0.42, 0.54]);
    let told = told_thrice(&["blind_fourth"]);
    assert_eq!(told.len(), 24);
    alike("blind_fourth", told, 20, MEANS, [0.27, 0.37, 0.40, 0.42, 0.40, 0.46]);
    let told = told_thrice(&["blind_fifth"]);
    assert_eq!(told.len(), 24);
    // Positive language is 8 apart on average here; left as it was found.
    alike("blind_fifth", told, 20, [7.0, 7.0, 9.0, 7.0, 7.0, 7.0], [0.27, 0.50, 0.42, 0.35, 0.42, 0.35]);
}

#[test]
fn scores_stay_where_they_are_when_transcripts_get_worse() {
    let mut report = Report::new();
    let mut reader = Reader::new(&LEXICON);
    for (c, _) in RATED.iter() {
        robustness::add(&mut report, c, &LEXICON, &SCORECARD, &mut reader);
    }
    for damage in Damage::EVERY {
        let moves = &report[&(damage, "overall")];
        println!("{}: {} scores, median move {:.2}", damage.name(), moves.count(), moves.quantile(0.5));
        assert!(moves.count() >= 300 && moves.quantile(0.5) < if damage == Damage::All { 6.0 } else { 3.0 });
    }
}
