//! The labelled sets: what a line of each holds and which head it teaches.
//!
//! One JSON object a line with `id`, `language`, `labels`, and `text`, a pair `a` and `b` of which `b` is preferred, or `turns`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::taught;
use crate::learned::Head;
use crate::lexicon::Act;
use crate::model::{Channel, Conversation, Speaker, Turn};

/// A labelled set could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// The system refused.
    #[error("cannot read {0}: {1}")]
    Io(PathBuf, std::io::Error),
    /// A line is not what it should be.
    #[error("{file}:{line}: {message}")]
    Line {
        /// The file.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// No taught turns at all.
    #[error("no taught turns in {0}: it should hold files such as {1}.tsv")]
    NoTaught(PathBuf, &'static str),
    /// No set at all.
    #[error("no labelled set in {0}: it should hold files such as {1}.jsonl")]
    None(PathBuf, &'static str),
}

#[derive(Deserialize)]
struct Line {
    id: String,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    a: Option<String>,
    #[serde(default)]
    b: Option<String>,
    #[serde(default)]
    turns: Vec<LineTurn>,
    #[serde(default)]
    labels: serde_json::Value,
}

#[derive(Deserialize)]
struct LineTurn {
    speaker: Speaker,
    text: String,
    #[serde(default)]
    labels: serde_json::Value,
}

/// What an example teaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// More of it the nearer to 1.
    Graded(f64),
    /// The second of two texts has more of it.
    Second,
}

/// An example: a text (or two, or an agent's turns in a conversation) with what it teaches a head.
#[derive(Clone, Debug)]
pub struct Example {
    /// Number of its set ([`set_name`]).
    pub set: usize,
    /// Examples of one group are kept on one side of a split.
    pub group: String,
    /// The head it teaches.
    pub head: Head,
    /// What it teaches.
    pub target: Target,
    /// How much it counts within its set.
    pub weight: f64,
    /// The conversations that hold its texts: one, or two for a pair.
    pub conversations: Vec<usize>,
    /// The turns of it that are looked at: one whose surroundings count, or all of a speaker's.
    pub turns: Vec<usize>,
}

/// Examples and the conversations they are taken from.
#[derive(Debug, Default)]
pub struct Sets {
    /// Every text as a conversation.
    pub conversations: Vec<Conversation<'static>>,
    /// Every example.
    pub examples: Vec<Example>,
    /// Conversations that tell the same turn in the languages of taught turns.
    pub parallel: Vec<[usize; taught::LANGUAGES]>,
    /// The acts that are named in taught turns, by conversation.
    pub named: Vec<(usize, Vec<Act>)>,
    /// Lines read of each set, by name.
    pub sizes: BTreeMap<&'static str, usize>,
}

/// A set: its file and how an item becomes examples.
pub struct Set {
    /// Name of its file without extension.
    pub name: &'static str,
    read: fn(&mut Sets, usize, Line) -> Result<(), String>,
}

/// Every set that is known; those that are missing are passed over.
pub const SETS: &[Set] = &[
    Set { name: "goemotions_en", read: goemotions },
    Set { name: "goemotions_ru", read: goemotions },
    Set { name: "emobank", read: emobank },
    Set { name: "positive_reframing", read: |s, i, l| pair(s, i, l, &[Head::Positivity]) },
    Set { name: "detox_en", read: |s, i, l| pair(s, i, l, &[Head::Calm, Head::Politeness]) },
    Set { name: "tydip_ru", read: tydip },
    Set { name: "ieval", read: ieval },
    Set { name: "lend_an_ear", read: lend_an_ear },
    Set { name: "multiwoz", read: |s, i, l| acts(s, i, l, "general-bye", "general-reqmore") },
    Set { name: "sgd", read: |s, i, l| acts(s, i, l, "GOODBYE", "REQ_MORE") },
    Set { name: "multidogo", read: multidogo },
];

/// How many sets there are, the taught ones behind the labelled ones.
pub const ALL: usize = SETS.len() + taught::FILES.len();

/// The name of a set by its number.
pub fn set_name(set: usize) -> &'static str {
    SETS.get(set).map_or_else(|| taught::FILES[set - SETS.len()].set, |s| s.name)
}

/// What talk it holds, if it was written to teach.
pub(super) fn taught(set: usize) -> Option<taught::Talk> {
    set.checked_sub(SETS.len()).map(|k| taught::FILES[k].talk)
}

/// Reads all sets of a folder.
///
/// # Errors
/// The first line that is not what it should be, or a folder without any set.
pub fn read(folder: &Path) -> Result<Sets, SetError> {
    let mut sets = Sets::default();
    for (i, set) in SETS.iter().enumerate() {
        let path = folder.join(set.name).with_extension("jsonl");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(e) => return Err(SetError::Io(path, e)),
        };
        for (n, line) in BufReader::new(file).lines().enumerate() {
            let line = line.map_err(|e| SetError::Io(path.clone(), e))?;
            let fail = |message: String| SetError::Line { file: path.clone(), line: n + 1, message };
            let item: Line = serde_json::from_str(&line).map_err(|e| fail(e.to_string()))?;
            (set.read)(&mut sets, i, item).map_err(fail)?;
            *sets.sizes.entry(set.name).or_default() += 1;
        }
    }
    if sets.examples.is_empty() { Err(SetError::None(folder.to_owned(), SETS[0].name)) } else { Ok(sets) }
}

impl Sets {
    pub(super) fn text(&mut self, text: &str, speaker: Speaker, language: Option<&str>) -> usize {
        let turn = Turn { speaker, text: text.to_owned().into(), ..Turn::default() };
        self.conversation(vec![turn], language)
    }

    fn conversation(&mut self, turns: Vec<Turn<'static>>, language: Option<&str>) -> usize {
        self.conversations.push(Conversation {
            id: self.conversations.len().to_string().into(),
            channel: Channel::Chat,
            language: language.map(|l| l.to_owned().into()),
            turns,
            ..Conversation::default()
        });
        self.conversations.len() - 1
    }

    pub(super) fn add(
        &mut self,
        set: usize,
        group: &str,
        head: Head,
        target: Target,
        conversations: Vec<usize>,
        turns: Vec<usize>,
    ) {
        self.examples.push(Example { set, group: group.to_owned(), head, target, weight: 1.0, conversations, turns });
    }
}

fn text_of(line: &Line) -> Result<&str, String> {
    line.text.as_deref().ok_or_else(|| "it has no text".to_owned())
}

const POSITIVE: [&str; 12] = [
    "admiration",
    "amusement",
    "approval",
    "caring",
    "gratitude",
    "joy",
    "love",
    "optimism",
    "pride",
    "relief",
    "excitement",
    "desire",
];
const NEGATIVE: [&str; 11] = [
    "anger",
    "annoyance",
    "disappointment",
    "disapproval",
    "disgust",
    "embarrassment",
    "fear",
    "grief",
    "nervousness",
    "remorse",
    "sadness",
];
const HOSTILE: [&str; 3] = ["anger", "annoyance", "disgust"];
const DISTRESSED: [&str; 10] = [
    "anger",
    "annoyance",
    "disappointment",
    "disgust",
    "embarrassment",
    "fear",
    "grief",
    "nervousness",
    "remorse",
    "sadness",
];

fn goemotions(sets: &mut Sets, set: usize, line: Line) -> Result<(), String> {
    let emotions: Vec<&str> =
        line.labels["emotions"].as_array().into_iter().flatten().filter_map(|e| e.as_str()).collect();
    let any = |list: &[&str]| emotions.iter().any(|e| list.contains(e));
    let (text, language) = (text_of(&line)?.to_owned(), line.language.as_deref());
    let customer = sets.text(&text, Speaker::Customer, language);
    let agent = sets.text(&text, Speaker::Agent, language);
    let yes = |b: bool| Target::Graded(f64::from(u8::from(b)));
    if any(&POSITIVE) != any(&NEGATIVE) {
        sets.add(set, &line.id, Head::Positivity, yes(any(&POSITIVE)), vec![customer], vec![0]);
    }
    sets.add(set, &line.id, Head::Calm, yes(!any(&HOSTILE)), vec![agent], vec![0]);
    sets.add(set, &line.id, Head::Distress, yes(any(&DISTRESSED)), vec![customer], vec![0]);
    sets.add(set, &line.id, Head::Empathy, yes(any(&["caring"])), vec![agent], vec![0]);
    Ok(())
}

/// How far from neutral a valence of 1 to 5 must be to say anything.
const NEUTRAL: f64 = 0.1;

fn emobank(sets: &mut Sets, set: usize, line: Line) -> Result<(), String> {
    let valence = line.labels["V"].as_f64().ok_or("it has no valence")? - 3.0;
    let at = sets.text(text_of(&line)?, Speaker::Agent, line.language.as_deref());
    let target = Target::Graded(if valence > 0.0 { 1.0 } else { 0.0 });
    sets.add(set, &line.id, Head::Positivity, target, vec![at], vec![0]);
    if let Some(last) = sets.examples.last_mut() {
        last.weight = if valence.abs() > NEUTRAL { (valence.abs() * 2.0).min(1.0) } else { 0.0 };
    }
    Ok(())
}

fn pair(sets: &mut Sets, set: usize, line: Line, heads: &[Head]) -> Result<(), String> {
    let (Some(a), Some(b)) = (&line.a, &line.b) else { return Err("it is no pair of a and b".into()) };
    let language = line.language.as_deref();
    let both = vec![sets.text(a, Speaker::Agent, language), sets.text(b, Speaker::Agent, language)];
    for head in heads {
        sets.add(set, &line.id, *head, Target::Second, both.clone(), vec![0]);
    }
    Ok(())
}

fn tydip(sets: &mut Sets, set: usize, line: Line) -> Result<(), String> {
    let score = line.labels["score"].as_f64().ok_or("it has no score")?;
    let at = sets.text(text_of(&line)?, Speaker::Agent, line.language.as_deref());
    let target = Target::Graded(if score > 0.0 { 1.0 } else { 0.0 });
    sets.add(set, &line.id, Head::Politeness, target, vec![at], vec![0]);
    if let Some(last) = sets.examples.last_mut() {
        last.weight = score.abs().min(1.0);
    }
    Ok(())
}

fn turns_of(line: &Line) -> Vec<Turn<'static>> {
    let turn = |t: &LineTurn| Turn { speaker: t.speaker, text: t.text.clone().into(), ..Turn::default() };
    line.turns.iter().map(turn).collect()
}

fn agent_turns(line: &Line) -> Vec<usize> {
    line.turns.iter().enumerate().filter(|(_, t)| t.speaker == Speaker::Agent).map(|(i, _)| i).collect()
}

fn ieval(sets: &mut Sets, set: usize, line: Line) -> Result<(), String> {
    let (turns, own) = (turns_of(&line), agent_turns(&line));
    let at = sets.conversation(turns, line.language.as_deref());
    // One rater wrote and rated four talks.
    let group = line.id.rsplit_once(':').map_or(line.id.as_str(), |g| g.0).to_owned();
    for (label, head) in [("EU", Head::Empathy), ("P", Head::Politeness)] {
        let rating = line.labels[label].as_f64().ok_or_else(|| format!("it has no rating {label}"))?;
        sets.add(set, &group, head, Target::Graded((rating - 1.0) / 4.0), vec![at], own.clone());
    }
    Ok(())
}

fn lend_an_ear(sets: &mut Sets, set: usize, line: Line) -> Result<(), String> {
    let ratings: Vec<f64> = ["expert1", "expert2", "expert3"]
        .iter()
        .filter_map(|e| line.labels[e]["validating_emotions"].as_f64())
        .collect();
    if ratings.is_empty() {
        return Err("no expert rates it".into());
    }
    let mean = ratings.iter().sum::<f64>() / ratings.len() as f64;
    let own = agent_turns(&line);
    let at = sets.conversation(turns_of(&line), line.language.as_deref());
    sets.add(set, &line.id, Head::Empathy, Target::Graded(((mean - 1.0) / 4.0).clamp(0.0, 1.0)), vec![at], own);
    Ok(())
}

fn acts(sets: &mut Sets, set: usize, line: Line, bye: &str, more: &str) -> Result<(), String> {
    let at = sets.conversation(turns_of(&line), line.language.as_deref());
    for i in agent_turns(&line) {
        let labels = line.turns[i].labels["acts"].as_array();
        let has = |name: &str| labels.is_some_and(|l| l.iter().any(|a| a.as_str() == Some(name)));
        for (name, head) in [(bye, Head::Farewell), (more, Head::OfferMoreHelp)] {
            let target = Target::Graded(f64::from(u8::from(has(name))));
            sets.add(set, &line.id, head, target, vec![at], vec![i]);
        }
    }
    Ok(())
}

fn multidogo(sets: &mut Sets, set: usize, line: Line) -> Result<(), String> {
    let intent = line.labels["intent"].as_str().ok_or("it has no intent")?;
    let at = sets.text(text_of(&line)?, Speaker::Customer, line.language.as_deref());
    for (name, head) in [("closinggreeting", Head::CustomerFarewell), ("thankyou", Head::CustomerThanks)] {
        let target = Target::Graded(f64::from(u8::from(intent == name)));
        sets.add(set, &line.id, head, target, vec![at], vec![0]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_examples() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "goemotions_en.jsonl",
            "{\"id\":\"1\",\"language\":\"en\",\"text\":\"take care of yourself\",\"labels\":{\"emotions\":[\"caring\"]}}\n",
        );
        write("detox_en.jsonl", "{\"id\":\"2\",\"a\":\"go away\",\"b\":\"please leave\",\"labels\":{}}\n");
        write(
            "sgd.jsonl",
            "{\"id\":\"3\",\"turns\":[{\"speaker\":\"customer\",\"text\":\"hi\"},{\"speaker\":\"agent\",\"text\":\"bye\",\"labels\":{\"acts\":[\"GOODBYE\"]}}]}\n",
        );
        let sets = read(folder.path()).unwrap();
        assert_eq!(sets.sizes.values().sum::<usize>(), 3);
        let targets: Vec<_> = sets.examples.iter().map(|e| (e.head, e.target)).collect();
        assert!(targets.contains(&(Head::Empathy, Target::Graded(1.0))));
        assert!(targets.contains(&(Head::Politeness, Target::Second)));
        assert!(targets.contains(&(Head::Farewell, Target::Graded(1.0))));
        assert!(targets.contains(&(Head::OfferMoreHelp, Target::Graded(0.0))));
        write("tydip_ru.jsonl", "{\"id\":\"4\",\"text\":\"x\",\"labels\":{}}\n");
        assert!(read(folder.path()).unwrap_err().to_string().contains("tydip_ru.jsonl:1: it has no score"));
    }

    #[test]
    fn a_folder_without_sets_says_what_it_should_hold() {
        let e = read(tempfile::tempdir().unwrap().path()).unwrap_err().to_string();
        assert!(e.contains("goemotions_en.jsonl"), "{e}");
    }
}
