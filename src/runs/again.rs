//! A conversation of a run, read from its source and scored once more, to show what the run folder does not keep: the transcript.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::{PartRow, Run};
use crate::criteria::{self, parts};
use crate::ingest::{self, Source};
use crate::lexicon::{Lexicon, Reading};
use crate::model::{Conversation, Place};
use crate::pipeline::{self, Outcome, Steps};
use crate::resolve::Resolver;
use crate::results::masked_id;
use crate::scorecard::Scorecard;

/// Scores of the run and of now that differ by no more are the same.
const SAME: f64 = 1e-6;

/// Why a conversation cannot be read again as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// A run of an older program.
    #[error("run.json does not say how the input was read; score the night again to see transcripts")]
    NotKept,
    /// The source is not where it was.
    #[error("{0}: no such file here; name the folder in which the night was scored with --from, if it was another one")]
    Gone(String),
    /// The source no longer has the conversation, or cannot be read.
    #[error("{0} no longer holds this conversation")]
    NotFound(String),
    /// Inputs that cannot be listed, or phrases that cannot be loaded.
    #[error("{0}")]
    Input(String),
    /// Others than those of the run.
    #[error("the phrases have changed since the run ({0} then, {1} now)")]
    Lexicon(String, String),
    /// Another than that of the run.
    #[error("the scorecard has changed since the run ({0} then, {1} now)")]
    Scorecard(String, String),
    /// Same id, other words.
    #[error("{0} has changed since the run: its words now get other scores")]
    Changed(String),
}

/// Loads the phrases, once they are needed: it takes far longer than to look for a file.
pub type Load<'a> = &'a dyn Fn() -> Result<Lexicon, String>;

/// Reads the conversation of `rows` (all parts of one conversation) again and sees whether it gets the same scores. Relative names of
/// files are looked up from the folder `from`.
///
/// # Errors
/// [`Unread`], in words for the user.
pub fn read(
    run: &Run,
    rows: &[PartRow],
    from: &Path,
    load: Load<'_>,
    scorecard: &Scorecard,
) -> Result<Conversation<'static>, Unread> {
    let facts = &run.facts;
    if facts.scorecard_hash != scorecard.hash {
        return Err(Unread::Scorecard(facts.scorecard_hash.clone(), scorecard.hash.clone()));
    }
    let first = rows.first().ok_or_else(|| Unread::NotFound("the run".into()))?;
    let mut conversation = find(run, first, from)?;
    let lexicon = load().map_err(Unread::Input)?;
    if facts.lexicon != lexicon.hash() {
        return Err(Unread::Lexicon(facts.lexicon.clone(), lexicon.hash().to_owned()));
    }
    if same_scores(run, rows, &mut conversation, &lexicon, scorecard) {
        Ok(conversation)
    } else {
        Err(Unread::Changed(file_of(&first.source, from).0))
    }
}

/// The file of a place as the run writes it, with its line.
fn file_of(source: &str, from: &Path) -> (String, Option<u64>) {
    if !from.join(source).is_file() {
        if let Some((file, line)) = source.rsplit_once(':')
            && let Ok(line) = line.parse()
        {
            return (file.to_owned(), Some(line));
        }
        if let Some((file, _)) = source.rsplit_once(" at byte ") {
            return (file.to_owned(), None);
        }
    }
    (source.to_owned(), None)
}

fn find(run: &Run, row: &PartRow, from: &Path) -> Result<Conversation<'static>, Unread> {
    let options = run.facts.how.as_ref().ok_or(Unread::NotKept)?.options(from).map_err(Unread::Input)?;
    let (file, line) = file_of(&row.source, from);
    // Without ".", which no user wrote.
    let at = |name: &str| -> PathBuf { if from == Path::new(".") { name.into() } else { from.join(name) } };
    let path = at(&file);
    if !path.is_file() {
        return Err(Unread::Gone(path.display().to_string()));
    }
    let source = Source { file: path.into() };
    let format =
        ingest::recognise(&source, &options).map_err(|q| Unread::Input(format!("{}: {}", q.place, q.reason)))?;
    // A conversation of several files needs them all.
    let sources = if format.joins_files() {
        let inputs: Vec<String> = run.facts.inputs.iter().map(|i| at(i).display().to_string()).collect();
        let all = ingest::discover(&inputs).map_err(|e| Unread::Input(e.to_string()))?;
        let same = |s: &Source| ingest::recognise(s, &options).is_ok_and(|f| f.name() == format.name());
        all.into_iter().filter(same).collect()
    } else {
        vec![source]
    };
    let (stop, mask) = (AtomicBool::new(false), run.mask());
    let mut found: Vec<(Option<u64>, Conversation<'static>)> = Vec::new();
    let read = pipeline::run(
        &sources,
        &options,
        1,
        &stop,
        Steps {
            worker: || (),
            work: |(): &mut (), c: &mut Conversation<'_>, place: &Place| {
                (masked_id(&c.id, mask) == row.conversation_id).then(|| {
                    // The right line, or any place of a format without lines: no need to read on.
                    if place.line == line {
                        stop.store(true, Ordering::Relaxed);
                    }
                    (place.line, c.clone().into_owned())
                })
            },
            seal: |(): &mut ()| (),
        },
        |outcomes, ()| {
            found.extend(
                outcomes.into_iter().filter_map(|o| if let Outcome::Done { value, .. } = o { value } else { None }),
            );
            Ok::<(), std::convert::Infallible>(())
        },
    );
    read.map_err(|e| Unread::Input(e.to_string()))?;
    let at = found.iter().position(|(l, _)| *l == line).unwrap_or(0);
    if at < found.len() { Ok(found.swap_remove(at).1) } else { Err(Unread::NotFound(file)) }
}

fn same_scores(
    run: &Run,
    rows: &[PartRow],
    conversation: &mut Conversation<'_>,
    lexicon: &Lexicon,
    scorecard: &Scorecard,
) -> bool {
    let mut reading = Reading::default();
    // It also settles who is the agent, as in the run.
    Resolver::new(lexicon).read(conversation, &mut reading);
    let now = parts(conversation, &reading, lexicon);
    let names: Vec<&str> = criteria::ALL.iter().map(|c| c.name()).collect();
    let near = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= SAME,
        (a, b) => a.is_none() && b.is_none(),
    };
    now.len() == rows.len()
        && rows.iter().zip(&now).all(|(row, part)| {
            let result = scorecard.score(part);
            row.agent_id == part.agent_id.unwrap_or_default()
                && near(row.overall, result.overall)
                && run.criteria.iter().zip(&row.criteria).all(|(name, cells)| {
                    names.iter().position(|n| n == name).is_some_and(|i| near(cells.score, result.criteria[i].score))
                })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_taken_apart() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a:7"), "").unwrap();
        let of = |source: &str| file_of(source, dir.path());
        assert_eq!(of("n/a.jsonl:12"), ("n/a.jsonl".into(), Some(12)));
        assert_eq!(of("inbox at byte 90"), ("inbox".into(), None));
        assert_eq!(of("a.eml"), ("a.eml".into(), None));
        assert_eq!(of("a:7"), ("a:7".into(), None), "a file of that name");
    }
}
