//! How is the learned part fitted? From labelled sets to `data/learned/`.
//!
//! For each head a logistic model: what the acts say, times a scale, plus a weight a feature (word, pair of words, piece of a
//! word) times how often it occurs, tempered by length; pairs of texts are compared by their difference. Weights are held
//! near 0 (ridge) and the scale near 1, so that the words only say what the acts leave open. What a word of one language has learned, the
//! words that stand for the same in another have learned in part (`gloss`). Every set has a constant of
//! its own and the same say, whatever its size. What a measure learns alone is mixed with what all measures learn together (`joint`).
//! Everything that looks like chance comes from fixed seeds: the same sets and phrases give the same bytes.

mod features;
mod figures;
mod gloss;
mod joint;
mod optimise;
pub mod sets;
pub mod taught;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::{Model as _, Trainer as _};

use crate::criteria::measures::{self, act_logits};
use crate::learned::{HEADS, Head, Model, Table, WORD_BEGINS, Weights};
use crate::lexicon::{ACTS, Act, Content, Found, Lexicon, LexiconFile, Reader, Reading, context};
use crate::random::SplitMix64;
use features::{Features, words_of};
use figures::Left;
pub use figures::{Figure, Told};
use joint::Material;
pub use optimise::minimise;
use sets::{Example, SetError, Sets, Target};
use taught::Talk;

/// Training failed.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The sets.
    #[error(transparent)]
    Sets(#[from] SetError),
    /// The pieces of words.
    #[error("cannot make pieces of words: {0}")]
    Pieces(String),
}

/// Pieces of words in the vocabulary.
const PIECES: usize = 6000;
/// Most that a set counts for, and how often one of its examples at the most.
const SET_WEIGHT: f64 = 3000.0;
const EXAMPLE_WEIGHT: f64 = 2.0;
/// So many times as much counts a turn that was written to teach: it is service talk, and rated in every measure.
const TAUGHT_WEIGHT: f64 = 1.6;
/// The same of everyday talk in the measures that labelled sets of such talk teach already.
const EVERYDAY_WEIGHT: f64 = 0.6;
/// The same of what is written in public, in politeness and calm; of positivity labelled sets teach most, and it counts as everyday talk does.
const PUBLIC_WEIGHT: f64 = 1.3;
/// Ridge: variance of the weights of words for measures (what our own turns teach best may move most) and for acts, of place and company,
/// and of the scale.
const SPREAD_EMPATHY: f64 = 0.08;
const SPREAD_FELT: f64 = 0.04;
const SPREAD_POSITIVITY: f64 = 0.03;
const SPREAD_POLITENESS: f64 = 0.02;
const SPREAD_ACT: f64 = 0.3;
const SPREAD_CONTEXT: f64 = 1.0;
const SPREAD_SCALE: f64 = 0.1;
/// What acts of taught turns alone teach: narrow, so that the three languages stay alike.
const SPREAD_TAUGHT: f64 = 0.015;
/// The same of what is added to our weights of acts in measures.
const SPREAD_FITTED: f64 = 0.1;
/// How much of a measure's weights is what all measures learned together, the rest it learned alone; and where labelled sets of such talk,
/// or phrases that nearly everybody uses, teach more than other measures do. Empathy, which may move most, is told best alone.
const JOINT_SHARE: f64 = 0.6;
const JOINT_SHARE_LITTLE: f64 = 0.35;
/// Share of the acts found in taught turns that is left out.
const FORGOTTEN: f64 = 0.5;
/// Steps of the optimiser.
const STEPS: usize = 250;
/// Weights below so many thousandths are not worth a line.
const SMALLEST: i16 = 16;

/// What training gives: the two files of the model and what was measured on the way.
#[derive(Debug)]
pub struct Trained {
    /// `weights.tsv`.
    pub table: Table,
    /// `subwords.json`.
    pub pieces: String,
    /// How well each head tells each set.
    pub figures: Vec<Figure>,
}

/// One example as numbers.
struct Row {
    /// Its number among the examples of the sets.
    example: usize,
    set: usize,
    fold: u64,
    head: Head,
    /// Features of words and how much of them; for a pair, of the second less the first.
    words: Vec<(u32, f32)>,
    /// Features of place and company.
    context: Vec<(u32, f32)>,
    /// What the acts say.
    acts: f64,
    /// What of company and acts a fit learns from ([`remembered`]).
    learned: (Vec<(u32, f32)>, f64),
    /// Logarithm of its number of words; for a pair, of the second less the first.
    length: f64,
    target: f64,
    weight: f64,
    paired: bool,
}

/// Fits the model on the labelled sets of a folder and the taught turns of another, and, with `measure`, also without a fifth of each set; `progress` is told what is being done.
///
/// # Errors
/// Sets that cannot be read.
pub fn train(
    folder: &Path,
    taught: &Path,
    files: &[LexiconFile],
    lexicon: &Lexicon,
    measure: bool,
    mut progress: impl FnMut(&str) + Send,
) -> Result<Trained, TrainError> {
    progress("reading the sets");
    let mut sets = sets::read(folder)?;
    taught::read(taught, &mut sets)?;
    progress("making pieces of words");
    let pieces = make_pieces(&sets, files)?;
    let texts = serde_json::to_string(&pieces).map_err(|e| TrainError::Pieces(e.to_string()))?;
    progress("finding acts");
    let features = Features::of(&sets, &Model::new(Table::default(), pieces));
    let rows = rows(&sets, lexicon, &features);
    let material = Material::gather(&sets, &rows, &features);
    let mut table = Table { scale: [1000; HEADS], ..Table::default() };
    let mut weights: Vec<Weights> = vec![Weights::default(); features.names.len()];
    let mut figures = Vec::new();
    progress("fitting the measures together");
    let mut joint = BTreeMap::from([(Left::Nothing, material.fit(Left::Nothing, joint::FITS))]);
    let progress = Mutex::new(progress);
    let say = |text: String| progress.lock().unwrap_or_else(PoisonError::into_inner)(&text);
    if measure {
        let sets: BTreeSet<usize> = material.items.iter().map(|i| i.set).collect();
        let lefts: Vec<Left> = std::iter::once(Left::Fifth).chain(sets.into_iter().map(Left::Set)).collect();
        joint.par_extend(lefts.into_par_iter().map(|left| {
            say(format!("fitting the measures together without {left}"));
            (left, material.fit(left, joint::FITS_TO_MEASURE))
        }));
    }
    let of_head = |head: &Head| {
        say(format!("fitting {}", head.name()));
        let of_head: Vec<&Row> = rows.iter().filter(|r| r.head == *head).collect();
        let fit_without = |left: Left| {
            let kept: Vec<&Row> = of_head.iter().filter(|r| left.keeps(r.set, r.fold)).copied().collect();
            let mut alone = fit(&kept, features.len());
            features.give_out(&mut alone.words);
            match joint.get(&left).and_then(|fits| fits.get(*head as usize)) {
                Some(joint) => alone.with(joint, joint_share(*head), &kept),
                None => alone,
            }
        };
        let figures = if measure { figures::told(&of_head, &fit_without) } else { Vec::new() };
        (*head, fit_without(Left::Nothing), figures)
    };
    for (head, fit, told) in Head::ALL.par_iter().map(of_head).collect::<Vec<_>>() {
        store(&fit, head, &mut table, &mut weights);
        figures.extend(told);
    }
    table.features = features.names.into_iter().zip(weights).map(|((kind, name), w)| (kind, name, w)).collect();
    table.features.retain(|(_, _, w)| w.iter().any(|w| *w != 0));
    table.notes = notes(&sets, &figures);
    Ok(Trained { table, pieces: texts, figures })
}

fn is_measure(head: Head) -> bool {
    measures::HEADS.contains(&head)
}

/// The vocabulary of pieces, from the words of all sets and of the lexicon's examples.
fn make_pieces(sets: &Sets, files: &[LexiconFile]) -> Result<BPE, TrainError> {
    let mut trainer = BpeTrainer::builder().vocab_size(PIECES).min_frequency(3).show_progress(false).build();
    let of_sets = sets.conversations.iter().flat_map(|c| c.turns.iter().map(|t| t.text.as_ref()));
    let of_files = files.iter().flat_map(|f| match &f.content {
        Content::Act(a) => a.finds.iter().chain(&a.passes).map(|s| s.get_ref().as_str()).collect(),
        Content::Sets(_) => Vec::new(),
    });
    let fail = |e: tokenizers::Error| TrainError::Pieces(e.to_string());
    let split = |text: &str| Ok(words_of(text).iter().map(|w| format!("{WORD_BEGINS}{w}")).collect());
    trainer.feed(of_sets.chain(of_files).collect::<Vec<_>>().into_iter(), split).map_err(fail)?;
    let mut pieces = BPE::builder().build().map_err(fail)?;
    trainer.train(&mut pieces).map_err(fail)?;
    debug_assert!(pieces.get_vocab_size() > 0);
    Ok(pieces)
}

fn rows(sets: &Sets, lexicon: &Lexicon, features: &Features) -> Vec<Row> {
    let mut reader = Reader::without_context(lexicon);
    let readings: Vec<Reading> = sets
        .conversations
        .iter()
        .map(|c| {
            let mut reading = Reading::default();
            reader.read(c, &mut reading);
            reading
        })
        .collect();
    let all = |c: usize, t: usize| readings[c].acts_of(t).to_vec();
    let some = |c: usize, t: usize| remembered(c, readings[c].acts_of(t));
    sets.examples
        .iter()
        .enumerate()
        .filter(|(_, e)| e.weight > 0.0)
        .map(|(example, e)| {
            let (mut words, mut length) = (BTreeMap::new(), 0.0);
            for (c, sign) in e.conversations.iter().zip(signs(e)) {
                features.add(*c, &e.turns, *sign, &mut words);
                let n: usize = e.turns.iter().map(|t| readings[*c].word_count(*t)).sum();
                length += f64::from(*sign) * (1.0 + n as f64).ln();
            }
            let (context, acts) = (context_of(e, sets, &readings, &all), said_by_acts(e, &all));
            let known = if shares(e.head) { features.len() } else { features.names.len() };
            words.retain(|n, v| *v != 0.0 && (*n as usize) < known);
            Row {
                example,
                set: e.set,
                fold: fold_of(&e.group),
                head: e.head,
                words: words.into_iter().collect(),
                learned: if sets::taught(e.set).is_some() {
                    (context_of(e, sets, &readings, &some), said_by_acts(e, &some))
                } else {
                    (context.clone(), acts)
                },
                context,
                acts,
                length,
                target: match e.target {
                    Target::Graded(t) => t,
                    Target::Second => 1.0,
                },
                weight: e.weight,
                paired: e.target == Target::Second,
            }
        })
        .collect()
}

/// Whether what a word stands for counts in a head, too: where our own turns teach most. Where labelled sets of a language do, or the head is
/// told by fixed phrases, it blurs what they say.
fn shares(head: Head) -> bool {
    matches!(head, Head::Calm | Head::Distress) || taught::by_acts(head)
}

/// The acts found in a conversation and turn.
type FoundIn<'f> = dyn Fn(usize, usize) -> Vec<Found> + 'f;

/// The acts of a taught turn that a fit learns from. Phrases were made with these turns in view and find more in them than elsewhere, and
/// what they find in one language they miss in another: so a share of the acts is left out, each by itself, and the words learn to do without.
fn remembered(conversation: usize, found: &[Found]) -> Vec<Found> {
    let left_out = |act: Act| {
        let seed = (conversation * ACTS.len() + usize::from(act.0)) as u64;
        SplitMix64::new(seed).unit() < FORGOTTEN
    };
    found.iter().filter(|f| !left_out(f.act)).copied().collect()
}

/// What the acts of an example say (for a pair, of the second less the first), a mean over its turns; nothing for heads that see the acts as company.
fn said_by_acts(e: &Example, found: &FoundIn) -> f64 {
    if !is_measure(e.head) || e.turns.is_empty() {
        return 0.0;
    }
    let of_turn = |c: usize, t: usize| act_logits(&measures::amounts(&found(c, t)))[e.head as usize];
    let of_text = |c: usize| e.turns.iter().map(|t| of_turn(c, *t)).sum::<f64>() / e.turns.len() as f64;
    e.conversations.iter().zip(signs(e)).map(|(c, sign)| f64::from(*sign) * of_text(*c)).sum()
}

/// How the texts of an example count: of a pair the second less the first.
fn signs(e: &Example) -> &'static [f32] {
    if e.conversations.len() == 2 { &[-1.0, 1.0] } else { &[1.0] }
}

fn context_of(e: &Example, sets: &Sets, readings: &[Reading], found: &FoundIn) -> Vec<(u32, f32)> {
    if is_measure(e.head) {
        let mut amounts = [0.0; ACTS.len()];
        for (c, sign) in e.conversations.iter().zip(signs(e)) {
            for t in &e.turns {
                let of_turn = measures::amounts(&found(*c, *t));
                let share = f64::from(*sign) / e.turns.len() as f64;
                amounts.iter_mut().zip(of_turn).for_each(|(a, b)| *a += share * b);
            }
        }
        let some = amounts.iter().enumerate().filter(|(_, a)| **a != 0.0);
        return some.map(|(i, a)| (context::Feature::Has(Act(i as u8)).index() as u32, *a as f32)).collect();
    }
    let (conversation, reading) = (&sets.conversations[e.conversations[0]], &readings[e.conversations[0]]);
    let mut out = Vec::new();
    let alone = matches!(e.head, Head::CustomerFarewell | Head::CustomerThanks);
    let surroundings = if alone {
        context::Surroundings { acts: reading.acts_of(e.turns[0]), ..context::Surroundings::default() }
    } else {
        context::Surroundings::of_turn(conversation, reading, e.turns[0])
    };
    surroundings.each(|f, v| out.push((f.index() as u32, v)));
    out
}

/// The fold of a group: from its letters, so that it never changes.
fn fold_of(group: &str) -> u64 {
    group.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)) >> 32
        & 0xffff
}

/// A fitted head.
struct Fit {
    scale: f64,
    constant: f64,
    words: Vec<f64>,
    context: Vec<f64>,
}

impl Fit {
    /// The logit of a row, with the weights of what words stand for given out to them.
    fn tell(&self, row: &Row) -> f64 {
        let given_out = row.words.iter().take_while(|(i, _)| (*i as usize) < self.words.len());
        let words: f64 = given_out.map(|(i, v)| self.words[*i as usize] * f64::from(*v)).sum();
        let context: f64 = row.context.iter().map(|(i, v)| self.context[*i as usize] * f64::from(*v)).sum();
        self.scale * row.acts + words + context + self.constant
    }

    /// This fit with a share of another. The logits of rows spread as much as before: two fits that are not of one mind would
    /// otherwise say less together than each does.
    fn with(mut self, other: &Fit, share: f64, rows: &[&Row]) -> Fit {
        let before = self.spread(rows);
        self.times(1.0 - share);
        self.add(other, share);
        let now = self.spread(rows);
        if now > 0.0 {
            self.times(before / now);
        }
        self
    }

    /// Standard deviation of the logits of rows of one text.
    fn spread(&self, rows: &[&Row]) -> f64 {
        let logits: Vec<f64> = rows.iter().filter(|r| !r.paired).map(|r| self.tell(r)).collect();
        let mean = logits.iter().sum::<f64>() / logits.len().max(1) as f64;
        (logits.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / logits.len().max(1) as f64).sqrt()
    }

    /// Adds another fit, times a factor.
    fn add(&mut self, other: &Fit, factor: f64) {
        self.scale += factor * other.scale;
        self.constant += factor * other.constant;
        let add = |to: &mut [f64], of: &[f64]| to.iter_mut().zip(of).for_each(|(t, o)| *t += factor * o);
        add(&mut self.words, &other.words);
        add(&mut self.context, &other.context);
    }

    fn times(&mut self, factor: f64) {
        self.scale *= factor;
        self.constant *= factor;
        self.words.iter_mut().chain(&mut self.context).for_each(|w| *w *= factor);
    }
}

/// How much an example of a set counts that has so many: no set more than others.
fn share_of(set: f64) -> f64 {
    (SET_WEIGHT / set).min(EXAMPLE_WEIGHT)
}

fn joint_share(head: Head) -> f64 {
    match head {
        Head::Empathy => 0.0,
        Head::Distress | Head::Contentment | Head::Inviting => JOINT_SHARE_LITTLE,
        _ => JOINT_SHARE,
    }
}

/// How much each row of a measure counts: every set as much as others, whatever its size, our own turns more.
fn set_share(rows: &[&Row]) -> Vec<f64> {
    let mut set_weights = [0.0; sets::ALL];
    rows.iter().for_each(|r| set_weights[r.set] += r.weight);
    let weight = |r: &&Row| {
        let tone = matches!(r.head, Head::Politeness | Head::Positivity | Head::Calm);
        let taught = match sets::taught(r.set) {
            None => 1.0,
            Some(Talk::Everyday) if tone => EVERYDAY_WEIGHT,
            Some(Talk::Public) if r.head == Head::Positivity => EVERYDAY_WEIGHT,
            Some(Talk::Public) => PUBLIC_WEIGHT,
            Some(_) => TAUGHT_WEIGHT,
        };
        r.weight * share_of(set_weights[r.set]) * taught
    };
    rows.iter().map(weight).collect()
}

/// Fits a head on some rows.
fn fit(rows: &[&Row], features: usize) -> Fit {
    let Some(first) = rows.first() else {
        return Fit { scale: 1.0, constant: 0.0, words: vec![0.0; features], context: vec![0.0; context::FEATURES] };
    };
    let measure = is_measure(first.head);
    let weights: Vec<f64> = if measure { set_share(rows) } else { rows.iter().map(|r| r.weight).collect() };
    let spread = match first.head {
        Head::Empathy => SPREAD_EMPATHY,
        Head::Calm | Head::Distress => SPREAD_FELT,
        Head::Positivity => SPREAD_POSITIVITY,
        Head::Politeness => SPREAD_POLITENESS,
        head if taught::by_acts(head) => SPREAD_TAUGHT,
        _ => SPREAD_ACT,
    };
    // Constants a set (one for acts, whose place is the same everywhere), then the scale, context and words.
    let constants = if measure { sets::ALL } else { 1 };
    let (scale_at, context_at) = (constants, constants + 1);
    let words_at = context_at + context::FEATURES;
    let objective = |x: &[f64], g: &mut [f64]| {
        g.fill(0.0);
        let mut sum = 0.0;
        for (r, w) in rows.iter().zip(&weights) {
            let constant = if r.paired { None } else { Some(if measure { r.set } else { 0 }) };
            let (context, acts) = &r.learned;
            let mut z = x[scale_at] * acts + constant.map_or(0.0, |c| x[c]);
            z += context.iter().map(|(i, v)| x[context_at + *i as usize] * f64::from(*v)).sum::<f64>();
            z += r.words.iter().map(|(i, v)| x[words_at + *i as usize] * f64::from(*v)).sum::<f64>();
            sum += w * (softplus(z) - r.target * z);
            let slope = w * (1.0 / (1.0 + (-z).exp()) - r.target);
            if let Some(c) = constant {
                g[c] += slope;
            }
            g[scale_at] += slope * acts;
            context.iter().for_each(|(i, v)| g[context_at + *i as usize] += slope * f64::from(*v));
            r.words.iter().for_each(|(i, v)| g[words_at + *i as usize] += slope * f64::from(*v));
        }
        let mut ridge = |at: usize, to: usize, centre: f64, spread: f64| {
            for i in at..to {
                sum += (x[i] - centre).powi(2) / (2.0 * spread);
                g[i] += (x[i] - centre) / spread;
            }
        };
        ridge(scale_at, context_at, 1.0, SPREAD_SCALE);
        ridge(context_at, words_at, 0.0, if measure { SPREAD_FITTED } else { SPREAD_CONTEXT });
        ridge(words_at, x.len(), 0.0, spread);
        sum
    };
    let mut start = vec![0.0; words_at + features];
    start[scale_at] = 1.0;
    let x = minimise(objective, start, STEPS);
    Fit {
        scale: x[scale_at],
        constant: if measure { 0.0 } else { x[0] },
        words: x[words_at..].to_vec(),
        context: x[context_at..words_at].to_vec(),
    }
}

fn softplus(z: f64) -> f64 {
    if z > 0.0 { z + (-z).exp().ln_1p() } else { z.exp().ln_1p() }
}

fn thousandths(v: f64) -> i16 {
    (v * 1000.0).round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
}

fn store(fit: &Fit, head: Head, table: &mut Table, weights: &mut [Weights]) {
    table.scale[head as usize] = i32::from(thousandths(fit.scale));
    for (w, v) in weights.iter_mut().zip(&fit.words) {
        let v = thousandths(*v);
        w[head as usize] = if v.abs() < SMALLEST { 0 } else { v };
    }
    let mut put = |name: &str, v: f64| {
        if thousandths(v).abs() >= SMALLEST {
            table.context.entry(name.to_owned()).or_default()[head as usize] = thousandths(v);
        }
    };
    // For a measure these are the features that its acts have; it has no constant and no others.
    put(context::CONSTANT, fit.constant);
    for (feature, v) in context::Feature::all().iter().zip(&fit.context) {
        put(&feature.name(), *v);
    }
}

fn notes(sets: &Sets, figures: &[Figure]) -> Vec<String> {
    let sizes: Vec<String> = sets.sizes.iter().map(|(name, n)| format!("{name} {n}")).collect();
    let mut notes = vec![
        "Weights fitted by `sabyr train`; a weight is in thousandths of a logit. See src/train/mod.rs and docs/validity.md.".into(),
        format!("Sets and their lines: {}.", sizes.join(", ")),
        format!("Pieces of words: {PIECES} by byte-pair encoding over the sets and the lexicon's examples."),
    ];
    if !figures.is_empty() {
        notes.push("How well a fifth that was held out is told: by the acts alone, fitted on the other four fifths of all sets, and fitted without the set; in brackets with length regressed out.".into());
    }
    notes.extend(figures.iter().map(|f| {
        let without = f.without.map_or("-".to_owned(), |w| w.to_string());
        let Figure { set, n, kind, acts, with, .. } = f;
        format!("{} {set} n={n} {kind}: acts {acts}, with the set {with}, without it {without}", f.head.name())
    }));
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_that_takes_a_share_of_another_says_it_as_strongly() {
        let row = |n: usize, paired: bool| Row {
            example: n,
            set: 0,
            fold: 0,
            head: Head::Calm,
            words: vec![(n as u32 % 3, 1.0)],
            context: vec![(n as u32 % 2, 1.0)],
            acts: n as f64 / 10.0,
            learned: (Vec::new(), 0.0),
            length: 1.0,
            target: 1.0,
            weight: 1.0,
            paired,
        };
        let rows: Vec<Row> = (0..12).map(|n| row(n, false)).chain([row(2, true)]).collect();
        let rows: Vec<&Row> = rows.iter().collect();
        let fit = |words: [f64; 3]| Fit { scale: 1.0, constant: 0.0, words: words.to_vec(), context: vec![0.5, -0.5] };
        let (one, other) = (fit([1.0, 0.0, -1.0]), fit([-0.5, 2.0, 0.0]));
        let before = one.spread(&rows);
        let both = fit([1.0, 0.0, -1.0]).with(&other, 0.5, &rows);
        assert!((both.spread(&rows) - before).abs() < 1e-9, "{before}");
        // As much of each word as the halves say, in the same proportion.
        let factor = both.scale;
        assert!(factor > 1.0 && both.words.iter().zip([0.25, 1.0, -0.5]).all(|(w, m)| (w - m * factor).abs() < 1e-9));
        assert_eq!(fit([1.0, 0.0, -1.0]).with(&other, 0.0, &rows).words, one.words);
    }

    #[test]
    fn of_the_acts_of_a_taught_turn_a_share_is_left_out() {
        let hit = |act: usize, start: u32| Found {
            act: Act(act as u8),
            start,
            end: start + 1,
            confidence: 1.0,
            rule: 0,
            question: false,
        };
        let found: Vec<Found> = (0..ACTS.len()).flat_map(|a| [hit(a, 0), hit(a, 5)]).collect();
        let kept: Vec<Vec<Found>> = (0..40).map(|c| remembered(c, &found)).collect();
        // An act is left out as a whole, in each turn others.
        assert!(kept.iter().all(|k| k.chunks(2).all(|two| two[0].act == two[1].act)));
        assert!(kept.windows(2).all(|two| two[0] != two[1]));
        assert_eq!(kept[7], remembered(7, &found));
        let share = kept.iter().map(Vec::len).sum::<usize>() as f64 / (kept.len() * found.len()) as f64;
        assert!((share - (1.0 - FORGOTTEN)).abs() < 0.05, "{share}");
    }
}
