//! Run folders read back: what `sabyr score` wrote, for the commands that people work with it by.
//!
//! `tables` reads the Parquet files into plain rows, `again` reads a conversation from its source once more, the other files answer a
//! command's question each. Nothing here knows the command line.

pub mod again;
pub mod calibrate;
pub mod diff;
pub mod explain;
pub mod review;
pub mod sample;
mod tables;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::agreement::trust::Trust;
use crate::criteria;
use crate::report::Mask;
use crate::report::how_read::HowRead;
use crate::report::run_folder::LAYOUT;
use crate::scorecard::Thresholds;

pub use tables::{AgentFigures, Cells, PartRow, PointRow};

/// A run folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RunsError {
    /// Nothing there.
    #[error("{0}: no such folder; name the folder that `sabyr score --out` wrote")]
    Missing(PathBuf),
    /// Something else than a run.
    #[error("{0} is not a run folder: there is no run.json in it; name the folder that `sabyr score --out` wrote")]
    NotARun(PathBuf),
    /// A `run.json` that is not one.
    #[error("{0}: not the run.json of a run ({1}); score the night again")]
    Syntax(PathBuf, serde_json::Error),
    /// Of another layout.
    #[error(
        "{path} has layout {found}, and this program reads layout {LAYOUT}: score the night again with this version, or use sabyr {version}, which wrote it"
    )]
    Layout {
        /// The folder.
        path: PathBuf,
        /// Its layout.
        found: u64,
        /// The version of the program that wrote it.
        version: String,
    },
    /// The system refused.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// A table that cannot be read.
    #[error("{0}: {1}; the run folder is damaged, score the night again")]
    Table(PathBuf, polars::prelude::PolarsError),
    /// A cell that no run writes.
    #[error("{0}: {1}; the run folder is damaged, score the night again")]
    Cell(PathBuf, String),
}

/// What `run.json` says, as far as it is needed.
#[derive(Clone, Debug, Deserialize)]
pub struct Facts {
    /// Version of the program.
    pub version: String,
    /// Hash of all phrases.
    pub lexicon: String,
    /// Name of the scorecard.
    pub scorecard: String,
    /// Hash of the scorecard's text.
    pub scorecard_hash: String,
    /// Inputs as the user named them.
    pub inputs: Vec<String>,
    /// Whether personal data was masked.
    pub masked: bool,
    /// Where bands begin; absent in runs of older programs.
    #[serde(default)]
    pub thresholds: Option<Thresholds>,
    /// How the input was read; absent in runs of older programs.
    #[serde(default)]
    pub how: Option<HowRead>,
    /// How far criteria may be trusted, where the run was told.
    #[serde(default)]
    pub trust: Option<Trust>,
}

/// A run folder.
#[derive(Clone, Debug)]
pub struct Run {
    /// Where it is.
    pub path: PathBuf,
    /// What `run.json` says.
    pub facts: Facts,
    /// Names of the criteria of the run, in the order of its columns. They may differ from those of this program.
    pub criteria: Vec<String>,
}

impl Run {
    /// Opens a run folder.
    ///
    /// # Errors
    /// [`RunsError`], when it is not one or of another layout.
    pub fn open(path: &Path) -> Result<Run, RunsError> {
        if !path.is_dir() {
            return Err(RunsError::Missing(path.to_owned()));
        }
        let file = path.join("run.json");
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(RunsError::NotARun(path.to_owned())),
            Err(e) => return Err(RunsError::Io(file, e)),
        };
        let json: serde_json::Value = serde_json::from_str(&text).map_err(|e| RunsError::Syntax(file.clone(), e))?;
        // First of all, since another layout may have other names for everything else.
        match json.get("layout").and_then(serde_json::Value::as_u64) {
            Some(found) if found != u64::from(LAYOUT) => {
                let version = json.get("version").and_then(serde_json::Value::as_str).unwrap_or("of another version");
                return Err(RunsError::Layout { path: path.to_owned(), found, version: version.to_owned() });
            }
            Some(_) => {}
            None => return Err(RunsError::NotARun(path.to_owned())),
        }
        let facts = serde_json::from_value(json).map_err(|e| RunsError::Syntax(file, e))?;
        let criteria = tables::criteria(path)?;
        Ok(Run { path: path.to_owned(), facts, criteria })
    }

    /// How texts of this run were masked.
    pub fn mask(&self) -> Mask {
        if self.facts.masked { crate::privacy::mask } else { |t| t.into() }
    }

    /// Where bands begin: as the run says, else as the scorecard that comes with the program says.
    ///
    /// # Errors
    /// A mistake in the built-in scorecard, which a test rules out.
    pub fn thresholds(&self) -> Result<Thresholds, crate::scorecard::ScorecardError> {
        match self.facts.thresholds {
            Some(t) => Ok(t),
            None => Ok(crate::scorecard::Scorecard::built_in()?.thresholds),
        }
    }

    /// The title of a criterion of the run.
    pub fn title(&self, criterion: usize) -> String {
        title(self.criteria.get(criterion).map_or("", String::as_str))
    }

    /// The parts of all conversations, in the order of the input.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn parts(&self, each: impl FnMut(PartRow)) -> Result<(), RunsError> {
        tables::parts(&self.path, &self.criteria, each)
    }

    /// The points of all conversations, in the order of the input.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn points(&self, each: impl FnMut(PointRow)) -> Result<(), RunsError> {
        tables::points(&self.path, &self.criteria, each)
    }

    /// The agents' figures, by id.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn agents(&self) -> Result<Vec<AgentFigures>, RunsError> {
        tables::agents(&self.path, &self.criteria)
    }
}

/// The title of a criterion, or its name where this program does not know it.
pub fn title(name: &str) -> String {
    criteria::ALL.iter().find(|c| c.name() == name).map_or_else(|| name.replace('_', " "), |c| c.title().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_run_is_told_with_a_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let said = |path: &Path| Run::open(path).unwrap_err().to_string();
        assert!(said(&dir.path().join("none")).contains("no such folder"));
        assert!(said(dir.path()).contains("not a run folder"));
        let put = |text: &str| fs::write(dir.path().join("run.json"), text).unwrap();
        put("{\"layout\": 99, \"version\": \"9.9.9\"}");
        assert!(said(dir.path()).contains("has layout 99") && said(dir.path()).contains("sabyr 9.9.9"));
        put("{\"layout\": 1}");
        assert!(said(dir.path()).contains("not the run.json of a run"));
        put("{");
        assert!(said(dir.path()).contains("run.json"));
        put("{}");
        assert!(said(dir.path()).contains("not a run folder"));
        put(r#"{"layout":1,"version":"0","lexicon":"","scorecard":"","scorecard_hash":"","inputs":[],"masked":true}"#);
        assert!(said(dir.path()).contains("conversations.parquet"), "{}", said(dir.path()));
    }
}
