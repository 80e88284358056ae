//! Notes and disputes joined into a run folder: `review.csv`, and a section on the page of each agent.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use super::{Run, RunsError};
use crate::ingest::formats::sheet::{HandSheet, HandSheetError};
use crate::notes::{Joined, Note, NoteKind, Notes};
use crate::report::run_folder::RunError;
use crate::report::{agent_page, file, html};

/// Notes could not be put into a run folder.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The run cannot be read.
    #[error(transparent)]
    Run(#[from] RunsError),
    /// The table of notes cannot be read.
    #[error(transparent)]
    Sheet(#[from] HandSheetError),
    /// A page of the report could not be made.
    #[error(transparent)]
    Page(#[from] RunError),
    /// The system refused.
    #[error("cannot write {0}: {1}")]
    Write(PathBuf, io::Error),
}

/// Joins a table of notes with a run and writes them into its folder. What was there of earlier notes is replaced, so that the same
/// table twice gives the same folder.
///
/// # Errors
/// [`ReviewError`]. Rows that cannot be used are in [`Joined::rejected`].
pub fn add(run: &Run, sheet: &HandSheet) -> Result<Joined, ReviewError> {
    let mut notes = Notes::new(sheet, &run.criteria, run.mask())?;
    let mut agents = BTreeSet::new();
    run.parts(|row| {
        notes.meet(&row.conversation_id, &row.agent_id);
        if !agents.contains(&row.agent_id) {
            agents.insert(row.agent_id);
        }
    })?;
    let joined = notes.join();
    let write = |path: PathBuf, text: &[u8]| file::replace(&path, text).map_err(|e| ReviewError::Write(path, e));
    write(run.path.join("review.csv"), &agent_page::notes_table(&joined.notes))?;
    for agent in agents {
        let path = run.path.join("agents").join(agent_page::file_name(&agent) + ".md");
        // A page that somebody removed is not made anew.
        if let Ok(page) = fs::read_to_string(&path) {
            let with = agent_page::with_notes(&page, &joined.of(&agent).collect::<Vec<_>>());
            if with != page {
                write(path, with.as_bytes())?;
            }
        }
        let notes: Vec<&Note> = joined.of(&agent).collect();
        if let Some((path, page)) = html::page_with_notes(&run.path, &agent, &notes)? {
            write(path, page.as_bytes())?;
        }
    }
    Ok(joined)
}

/// The notes that were joined with a run earlier; none where there is no `review.csv`.
///
/// # Errors
/// A `review.csv` that cannot be read.
pub fn notes(run: &Run) -> Result<Vec<Note>, HandSheetError> {
    let path = run.path.join("review.csv");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let sheet = HandSheet::read(&path)?;
    let column = |name: &str| sheet.needed(&[name]).map(Some);
    let (id, agent, criterion) = (column("conversation_id")?, column("agent_id")?, column("criterion")?);
    let (reviewer, kind, text) = (column("reviewer")?, column("kind")?, column("text")?);
    let rows = sheet.rows.iter().filter_map(|row| {
        Some(Note {
            conversation_id: row.get(id).to_owned(),
            agent_id: row.get(agent).to_owned(),
            criterion: row.get(criterion).to_owned(),
            reviewer: row.get(reviewer).to_owned(),
            kind: NoteKind::ALL.into_iter().find(|k| k.name() == row.get(kind))?,
            text: row.get(text).to_owned(),
        })
    });
    Ok(rows.collect())
}
