//! How often the agent is told by what is said: conversations whose roles are known, with the roles hidden.
//!
//! `cargo test --test roles -- --nocapture` shows the figures. `SABYR_LABELLED=FOLDER` adds the conversations of other sets
//! (`*.jsonl`, canonical), `SABYR_FIT=1` fits the weights anew and prints them with the accuracy of five-fold cross-validation.

#![allow(clippy::print_stdout)] // the figures, for who asks with --nocapture

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use sabyr::lexicon::{ACTS, Lexicon, Reader, Reading};
use sabyr::model::{Channel, Conversation, NoteKind, RoleSource, Speaker, Turn};
use sabyr::resolve::{REVERSED, Resolver, SURE, WEIGHTS, signals, weigh};
use serde::Deserialize;

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::built_in().unwrap());

/// The set it is from with its language, and the conversation.
type Labelled = (String, Conversation<'static>);

static REPOSITORY: LazyLock<Vec<Labelled>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct Parallel<'a> {
        channel: Channel,
        #[serde(borrow)]
        versions: BTreeMap<String, Vec<Turn<'a>>>,
    }
    let read =
        |path: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)).unwrap();
    let mut all = Vec::new();
    for language in ["en", "ru", "kk"] {
        for line in read(&format!("gold/{language}_conversations.jsonl")).lines() {
            let c: Conversation<'_> = serde_json::from_str(line).unwrap();
            all.push((format!("gold {language}"), c.into_owned()));
        }
    }
    for part in ["part1", "part2"] {
        for line in read(&format!("parallel/{part}.jsonl")).lines() {
            let p: Parallel<'_> = serde_json::from_str(line).unwrap();
            for (language, turns) in p.versions {
                let c = Conversation { channel: p.channel, turns, ..Conversation::default() };
                all.push((format!("parallel {language}"), c.into_owned()));
            }
        }
    }
    all.retain(|(_, c)| [Speaker::Agent, Speaker::Customer].iter().all(|s| turns_of(c, *s).len() >= 2));
    assert!(all.len() > 250);
    all
});

/// Conversations of other sets, where somebody names a folder of them.
fn further() -> Vec<Labelled> {
    let Ok(folder) = std::env::var("SABYR_LABELLED") else { return Vec::new() };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let mut out = Vec::new();
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "jsonl")) {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let Ok(c) = serde_json::from_str::<Conversation<'_>>(line) else { continue };
            if [Speaker::Agent, Speaker::Customer].iter().all(|s| turns_of(&c, *s).len() >= 2) {
                out.push((name.clone(), c.into_owned()));
            }
        }
    }
    out
}

fn turns_of(c: &Conversation<'_>, speaker: Speaker) -> Vec<usize> {
    c.turns.iter().enumerate().filter(|(_, t)| t.speaker == speaker).map(|(i, _)| i).collect()
}

/// The same without roles: the labels say nothing but who is the same.
fn hidden(c: &Conversation<'static>) -> Conversation<'static> {
    let mut c = c.clone();
    c.agent_id = None;
    for turn in &mut c.turns {
        let label = match turn.speaker {
            Speaker::Agent => "SPEAKER_00",
            Speaker::Customer => "SPEAKER_01",
            _ => continue,
        };
        (turn.speaker, turn.label, turn.agent_id) = (Speaker::Unknown, Some(label.into()), None);
    }
    c
}

/// Makes a conversation without roles of one with them.
type Form = fn(&Conversation<'static>) -> Conversation<'static>;

fn bare(mut c: Conversation<'static>) -> Conversation<'static> {
    for turn in &mut c.turns {
        let words = turn.text.to_lowercase().replace([',', '.', '!', '?', ';', ':', '«', '»', '"', '–', '—'], " ");
        turn.text = words.split_whitespace().collect::<Vec<_>>().join(" ").into();
    }
    c
}

#[derive(Default)]
struct Tally {
    right: usize,
    wrong: usize,
    abstained: usize,
}

impl Tally {
    fn all(&self) -> usize {
        self.right + self.wrong + self.abstained
    }
}

fn show(title: &str, tallies: &BTreeMap<String, Tally>) {
    println!("{title}\n  {:<22} {:>5} {:>6} {:>6} {:>9}", "set", "n", "right", "wrong", "abstained");
    for (name, t) in tallies {
        println!("  {name:<22} {:>5} {:>6} {:>6} {:>9}", t.all(), t.right, t.wrong, t.abstained);
    }
}

#[test]
fn the_agent_is_told_by_what_is_said_or_not_at_all() {
    let mut resolver = Resolver::new(&LEXICON);
    let mut reading = Reading::default();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let further = further();
    // As they were written, and as recognisers write: lower case, no signs.
    let forms: [(&str, Form); 2] = [("", hidden), ("bare ", |c| bare(hidden(c)))];
    let each = REPOSITORY.iter().chain(&further);
    for ((set, c), (form, of)) in each.flat_map(|labelled| forms.map(|form| (labelled, form))) {
        let mut without = of(c);
        resolver.read(&mut without, &mut reading);
        let tally = tallies.entry(format!("{form}{set}")).or_default();
        match without.roles.source {
            RoleSource::Inferred => {
                let right = without.turns.iter().zip(&c.turns).all(|(a, b)| a.speaker == b.speaker);
                if right {
                    tally.right += 1;
                } else {
                    tally.wrong += 1;
                    println!("wrong: {set} {}", c.id);
                }
                assert!(without.notes.iter().any(|n| n.kind == NoteKind::RolesInferred));
            }
            source => {
                assert_eq!(source, RoleSource::Unknown);
                assert!(without.turns.iter().all(|t| t.speaker != Speaker::Agent));
                tally.abstained += 1;
            }
        }
    }
    show("roles hidden", &tallies);
    for language in ["en", "ru", "kk"] {
        let sum = |of: fn(&Tally) -> usize| -> usize {
            tallies.iter().filter(|(name, _)| name.ends_with(language)).map(|(_, t)| of(t)).sum()
        };
        let (all, wrong, abstained) = (sum(Tally::all), sum(|t| t.wrong), sum(|t| t.abstained));
        assert!(wrong * 100 <= all * 2, "{language}: {wrong} of {all} wrong");
        assert!(abstained * 100 <= all * 25, "{language}: {abstained} of {all} abstained");
    }
}

#[test]
fn reversed_roles_are_noticed_and_right_ones_are_not_blamed() {
    let mut resolver = Resolver::new(&LEXICON);
    let mut reading = Reading::default();
    let (mut noticed, mut blamed): (BTreeMap<String, Tally>, BTreeMap<String, Tally>) = Default::default();
    for (set, c) in REPOSITORY.iter().chain(&further()) {
        for (reversed, tallies) in [(true, &mut noticed), (false, &mut blamed)] {
            let mut c = c.clone();
            if reversed {
                for turn in &mut c.turns {
                    turn.speaker = match turn.speaker {
                        Speaker::Agent => Speaker::Customer,
                        Speaker::Customer => Speaker::Agent,
                        other => other,
                    };
                }
            }
            let before: Vec<Speaker> = c.turns.iter().map(|t| t.speaker).collect();
            resolver.read(&mut c, &mut reading);
            assert_eq!(before, c.turns.iter().map(|t| t.speaker).collect::<Vec<_>>(), "never changed");
            let said = c.notes.iter().any(|n| n.kind == NoteKind::RolesReversed);
            let tally = tallies.entry(set.clone()).or_default();
            match (reversed, said) {
                (true, true) | (false, false) => tally.right += 1,
                (false, true) => tally.wrong += 1,
                (true, false) => tally.abstained += 1,
            }
        }
    }
    show("roles reversed (right: noticed)", &noticed);
    show("roles as they are (wrong: blamed)", &blamed);
    let sum = |tallies: &BTreeMap<String, Tally>, of: fn(&Tally) -> usize| -> usize { tallies.values().map(of).sum() };
    assert!(sum(&blamed, |t| t.wrong) * 500 <= sum(&blamed, Tally::all));
    assert!(sum(&noticed, |t| t.right) * 100 >= sum(&noticed, Tally::all) * 40);
}

#[test]
fn more_or_fewer_than_two_speakers_are_left() {
    let mut resolver = Resolver::new(&LEXICON);
    let turn = |label: Option<&'static str>, text: &'static str| Turn {
        label: label.map(Into::into),
        text: text.into(),
        ..Turn::default()
    };
    let lines = [
        "Good morning, thank you for calling, how can I help you?",
        "My parcel never came.",
        "May I have your number, please?",
        "I have it here.",
    ];
    for (labels, said) in [
        ([Some("a"), Some("b"), Some("c"), Some("b")], "more than two"),
        ([Some("a"), Some("a"), Some("a"), Some("a")], "only one speaker"),
        ([None, None, None, None], "not told apart"),
        ([Some("a"), Some("a"), Some("a"), Some("b")], "too little"),
    ] {
        let turns = labels.iter().zip(lines).map(|(l, t)| turn(*l, t)).collect();
        let mut c = Conversation { turns, ..Conversation::default() };
        resolver.read(&mut c, &mut Reading::default());
        assert!(c.turns.iter().all(|t| t.speaker == Speaker::Unknown));
        assert!(c.notes[0].text.contains(said), "{:?}", c.notes);
    }
}

/// Fits the weights: logistic regression on the differences of signals, sets weighted alike, squares of weights held down.
#[test]
fn the_weights_can_be_fitted_anew() {
    if std::env::var_os("SABYR_FIT").is_none() {
        return;
    }
    let mut all: Vec<(String, Vec<f64>)> = Vec::new();
    let (mut reader, mut reading) = (Reader::new(&LEXICON), Reading::default());
    for (set, c) in REPOSITORY.iter().chain(&further()) {
        let without = hidden(c);
        reader.read(&without, &mut reading);
        let (a, b) = (turns_of(c, Speaker::Agent), turns_of(c, Speaker::Customer));
        let (a, b) = (signals(&without, &reading, &a), signals(&without, &reading, &b));
        all.push((set.clone(), a.iter().zip(&b).map(|(a, b)| a - b).collect()));
    }
    let odds = |w: &[f64], x: &[f64]| -> f64 { w.iter().zip(x).map(|(w, x)| w * x).sum() };
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for fold in 0..5 {
        let train: Vec<_> = all.iter().enumerate().filter(|(i, _)| i % 5 != fold).map(|(_, x)| x.clone()).collect();
        let w = fit(&train);
        for (set, x) in all.iter().enumerate().filter(|(i, _)| i % 5 == fold).map(|(_, x)| x) {
            let tally = tallies.entry(set.clone()).or_default();
            match odds(&w, x) {
                z if z >= SURE => tally.right += 1,
                z if z <= -SURE => tally.wrong += 1,
                _ => tally.abstained += 1,
            }
        }
    }
    show("five-fold cross-validation", &tallies);
    println!("the weights of the program, by the log-odds from which they conclude");
    let own: Vec<f64> = all.iter().map(|(_, x)| WEIGHTS.iter().map(|(s, w)| w * x[s.index()]).sum()).collect();
    for sure in [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0] {
        let wrong = own.iter().filter(|z| **z <= -sure).count();
        let abstained = own.iter().filter(|z| z.abs() < sure).count();
        println!("  {sure:.1}: {wrong} wrong, {abstained} abstained of {}", own.len());
    }
    let w = fit(&all);
    let mut named: Vec<(String, f64)> =
        ACTS.iter().map(|a| a.name.to_owned()).chain(["You", "I", "We"].map(str::to_owned)).zip(w).collect();
    named.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (name, w) in named.iter().filter(|n| n.1.abs() >= 0.15) {
        println!("{name:<26} {w:.2}");
    }
    // The odds of one conversation are those of the weights in the program.
    let (_, c) = &REPOSITORY[0];
    reader.read(&hidden(c), &mut reading);
    let z = weigh(c, &reading, &turns_of(c, Speaker::Agent), &turns_of(c, Speaker::Customer));
    assert!((z - WEIGHTS.iter().map(|(s, w)| w * all[0].1[s.index()]).sum::<f64>()).abs() < 1e-9 && REVERSED > SURE);
}

fn fit(all: &[(String, Vec<f64>)]) -> Vec<f64> {
    let mut sizes: BTreeMap<&str, f64> = BTreeMap::new();
    all.iter().for_each(|(set, _)| *sizes.entry(set).or_default() += 1.0);
    // The sets count alike, but a small one not as much as a large one.
    let weight = |set: &str| 40.0 / sizes[set].sqrt() / 3.0;
    let n = all[0].1.len();
    let mut w = vec![0.0; n];
    let mut squares = vec![1e-8; n];
    for _ in 0..600 {
        let mut gradient: Vec<f64> = w.iter().map(|w| 2.0 * w).collect();
        for (set, x) in all {
            let z: f64 = w.iter().zip(x).map(|(w, x)| w * x).sum();
            let error = weight(set) / (1.0 + z.exp());
            gradient.iter_mut().zip(x).for_each(|(g, x)| *g -= error * x);
        }
        for i in 0..n {
            squares[i] += gradient[i] * gradient[i];
            w[i] -= 0.5 * gradient[i] / f64::sqrt(squares[i]);
        }
    }
    w
}
