//! How often are acts found as a person finds them? Precision, recall and F1 against labelled turns (`tests/gold/README.md`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Act, Lexicon, Reader, Reading};
use crate::model::{Channel, Conversation, Language, Speaker, Turn};

/// A labelled turn with what stands around it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldTurn {
    /// Unique within its file; begins with the code of the language.
    pub id: String,
    /// Who says it.
    pub speaker: Speaker,
    /// Where it is said.
    #[serde(default)]
    pub channel: Channel,
    /// Turns before it.
    #[serde(default)]
    pub context: Vec<Said>,
    /// Its words.
    pub text: String,
    /// Turns behind it.
    #[serde(default)]
    pub after: Vec<Said>,
    /// The acts that a person finds in it.
    pub acts: Vec<String>,
    /// What makes it hard; empty for a plain case.
    #[serde(default)]
    pub hard: String,
}

/// A turn that is only there for its neighbour.
#[derive(Clone, Debug, Deserialize)]
pub struct Said {
    /// Who says it.
    pub speaker: Speaker,
    /// The words.
    pub text: String,
}

/// Counts of one act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Found and labelled.
    pub both: u32,
    /// Found but not labelled.
    pub found: u32,
    /// Labelled but not found.
    pub missed: u32,
}

impl Counts {
    /// Share of what is found that is labelled, 0..=1; 1 when nothing is found.
    pub fn precision(&self) -> f64 {
        ratio(self.both, self.both + self.found)
    }
    /// Share of what is labelled that is found, 0..=1; 1 when nothing is labelled.
    pub fn recall(&self) -> f64 {
        ratio(self.both, self.both + self.missed)
    }
    /// Their harmonic mean.
    pub fn f1(&self) -> f64 {
        ratio(2 * self.both, 2 * self.both + self.found + self.missed)
    }
}

fn ratio(a: u32, b: u32) -> f64 {
    if b == 0 { 1.0 } else { f64::from(a) / f64::from(b) }
}

/// One act where program and person differ.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Id of the turn.
    pub id: String,
    /// The act.
    pub act: Act,
    /// The words and the phrase that found it; `None` where it was missed.
    pub found: Option<(String, String)>,
    /// The turn.
    pub text: String,
}

/// The result over some turns.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// By act, those that are found or labelled at all.
    pub acts: BTreeMap<Act, Counts>,
    /// Where they differ, in the order of the turns.
    pub differences: Vec<Difference>,
}

impl Report {
    /// Mean of F1 over the acts that are labelled.
    pub fn macro_f1(&self) -> f64 {
        let labelled: Vec<f64> = self.acts.values().filter(|c| c.both + c.missed > 0).map(Counts::f1).collect();
        labelled.iter().sum::<f64>() / labelled.len().max(1) as f64
    }

    /// Counts of all acts together.
    pub fn together(&self) -> Counts {
        self.acts.values().fold(Counts::default(), |a, c| Counts {
            both: a.both + c.both,
            found: a.found + c.found,
            missed: a.missed + c.missed,
        })
    }
}

/// Whether the gold set labels an act.
pub fn is_labelled(act: Act) -> bool {
    let name = act.name();
    ["customer.", "empathy.", "patience.", "positive.", "negative.", "closing.", "attention."]
        .iter()
        .any(|f| name.starts_with(f))
        || ["handover.transfer", "ownership.deflect", "rude.insult", "rude.dismissive"].contains(&name)
}

/// Reads the lines of a gold file.
///
/// # Errors
/// The first line that is wrong, with its number and what is wrong.
pub fn parse(text: &str) -> Result<Vec<GoldTurn>, (usize, String)> {
    let lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty());
    lines
        .map(|(i, line)| {
            let turn: GoldTurn = serde_json::from_str(line).map_err(|e| (i + 1, e.to_string()))?;
            match turn.acts.iter().find(|a| !Act::named(a).is_some_and(is_labelled)) {
                Some(act) => Err((i + 1, format!("{act:?} is not an act that is labelled here"))),
                None => Ok(turn),
            }
        })
        .collect()
}

/// Holds what the lexicon finds against the labels.
pub fn measure<'t>(lexicon: &Lexicon, turns: impl IntoIterator<Item = &'t GoldTurn>) -> Report {
    let mut reader = Reader::new(lexicon);
    let mut reading = Reading::default();
    let mut report = Report::default();
    for gold in turns {
        reader.read(&conversation(gold), &mut reading);
        let found = reading.acts_of(gold.context.len());
        let labelled: BTreeSet<Act> = gold.acts.iter().filter_map(|a| Act::named(a)).collect();
        let told: BTreeSet<Act> = found.iter().map(|f| f.act).filter(|a| is_labelled(*a)).collect();
        for act in labelled.union(&told) {
            let counts = report.acts.entry(*act).or_default();
            let first = found.iter().find(|f| f.act == *act);
            match (labelled.contains(act), first) {
                (true, Some(_)) => counts.both += 1,
                (false, _) => counts.found += 1,
                (true, None) => counts.missed += 1,
            }
            if labelled.contains(act) != first.is_some() {
                let by = |f: &super::Found| {
                    let rule = lexicon.rule(f.rule);
                    let words = gold.text[f.start as usize..f.end as usize].to_owned();
                    (words, format!("{} {:?}", rule.label, rule.pattern))
                };
                report.differences.push(Difference {
                    id: gold.id.clone(),
                    act: *act,
                    found: first.map(by),
                    text: gold.text.clone(),
                });
            }
        }
    }
    report
}

fn conversation(gold: &GoldTurn) -> Conversation<'_> {
    let turn = |speaker: Speaker, text: &'_ str| Turn { speaker, text: text.to_owned().into(), ..Turn::default() };
    let said = |s: &Said| turn(s.speaker, &s.text);
    let mut turns: Vec<Turn<'_>> = gold.context.iter().map(said).collect();
    turns.push(turn(gold.speaker, &gold.text));
    turns.extend(gold.after.iter().map(said));
    let language = gold.id.get(..2).and_then(Language::from_tag);
    Conversation {
        id: gold.id.as_str().into(),
        channel: gold.channel,
        language: language.map(|l| l.code().into()),
        turns,
        ..Conversation::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::LexiconFile;
    use crate::lexicon::acts::EMPATHY_APOLOGY;

    #[test]
    fn counts_and_differences_are_those_of_the_labels() {
        let file = "act = \"empathy.apology\"\nphrases = [\"sorry\"]\n";
        let lexicon = Lexicon::compile(&[LexiconFile::parse("en/empathy.apology.toml", file).unwrap()]).unwrap();
        let turns = parse(
            "{\"id\":\"en-1\",\"speaker\":\"agent\",\"text\":\"I am sorry\",\"acts\":[\"empathy.apology\"]}\n\
             {\"id\":\"en-2\",\"speaker\":\"agent\",\"text\":\"Sorry, what?\",\"acts\":[]}\n\
             {\"id\":\"en-3\",\"speaker\":\"agent\",\"text\":\"My apologies\",\"acts\":[\"empathy.apology\"],\
             \"context\":[{\"speaker\":\"customer\",\"text\":\"oh\"}]}\n",
        )
        .unwrap();
        let report = measure(&lexicon, &turns);
        assert_eq!(report.acts[&EMPATHY_APOLOGY], Counts { both: 1, found: 1, missed: 1 });
        assert!((report.macro_f1() - 0.5).abs() < 1e-9);
        let ids: Vec<_> = report.differences.iter().map(|d| (d.id.as_str(), d.found.is_some())).collect();
        assert_eq!(ids, [("en-2", true), ("en-3", false)]);
    }

    #[test]
    fn mistakes_name_their_line() {
        let e =
            parse("{\"id\":\"en-1\",\"speaker\":\"agent\",\"text\":\"x\",\"acts\":[\"tone.positive\"]}").unwrap_err();
        assert!(e.0 == 1 && e.1.contains("tone.positive"));
    }
}
