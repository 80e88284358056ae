//! The report for reading: pages of HTML that open from disk, with nothing to fetch and nothing to install.
//!
//! [`Gatherer`] looks at each part on the threads, [`Report`] keeps what will be shown and writes the pages at the end:
//! `index.html`, `quarantine.html`, a page an agent and a page for each conversation worth a look. Pages are built as plain
//! values (`model`) by one file each; one template shows them all. Every word of the interface stands in `texts`.

mod agent;
mod attention;
mod context;
mod conversation;
mod funnel;
mod gather;
mod index;
mod like_cases;
mod model;
mod nights;
mod plots;
mod quarantine;
mod read;
mod review;
mod texts;
mod transcript;
mod trust;

use std::fs;
use std::path::Path;

use askama::Template;
use rayon::prelude::*;

use super::night::NightReport;
use super::run_folder::{RunError, RunFacts};
use crate::agents::{AgentRow, Team};
use crate::model::Language;
use crate::notes::{Joined, Note};
use crate::results::QuarantineRow;
use crate::scorecard::Scorecard;
use context::Context;
use gather::Gathered;
use model::{Block, Page, Text};

pub use gather::{Gatherer, PartOfReport};
pub use review::page_with_notes;
pub use texts::TextsError;
pub(super) use texts::criterion_titles;

/// Conversations of an agent that get a page of their own, unless said otherwise.
pub const PAGES: usize = 6;

/// How the report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Language of the interface.
    pub language: Language,
    /// Most conversations of an agent that get a page: half of them the worst, half the best.
    pub pages: usize,
}

/// What is told of the night, once its last conversation is added.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// What `run.json` says.
    pub facts: &'a RunFacts,
    /// A row an agent.
    pub rows: &'a [AgentRow],
    /// What is known of the agents.
    pub team: &'a Team,
    /// What scored them.
    pub scorecard: &'a Scorecard,
    /// Like cases, the nights before, alerts.
    pub night: &'a NightReport,
    /// Reviewers' notes.
    pub notes: &'a Joined,
}

/// A report being gathered.
#[derive(Debug)]
pub struct Report {
    settings: Settings,
    gathered: Gathered,
}

impl Report {
    /// Nothing yet.
    pub fn new(settings: Settings, gatherer: Gatherer) -> Self {
        Self { settings, gathered: Gathered::new(gatherer) }
    }

    /// Adds a part, in the order of the input.
    pub fn add(&mut self, part: PartOfReport) {
        self.gathered.add(part);
    }

    /// Adds a record that was set aside.
    pub fn set_aside(&mut self, row: QuarantineRow) {
        self.gathered.set_aside(row);
    }

    /// Writes the pages into `folder/report`.
    ///
    /// # Errors
    /// When a page cannot be written.
    pub fn write(&self, folder: &Path, told: Told<'_>) -> Result<(), RunError> {
        let texts = texts::load(self.settings.language).map_err(RunError::Texts)?;
        let context = Context::new(&texts, self.settings, &told, &self.gathered);
        let root = folder.join("report");
        for folder in [root.clone(), root.join("agents"), root.join("conversations")] {
            fs::create_dir_all(&folder).map_err(|e| RunError::Io(folder.clone(), e))?;
        }
        write(&root, "index.html", &index::page(&context))?;
        write(&root, "quarantine.html", &quarantine::page(&context))?;
        told.rows.par_iter().try_for_each(|row| {
            let Some(of) = context.agent(row) else { return Ok(()) };
            let path = root.join(context::agent_file(&row.agent_id));
            let notes: Vec<_> = told.notes.of(&row.agent_id).collect();
            let has_page = |n: &Note| !context.conversation_href("", &n.conversation_id, &n.agent_id).is_empty();
            let page = render(&path, &agent::page(&context, &of))?;
            let page = review::put(&page, &texts, &notes, &has_page).map_err(|e| RunError::Page(path.clone(), e))?;
            fs::write(&path, page).map_err(|e| RunError::Io(path, e))?;
            of.gathered.pages().into_iter().flatten().try_for_each(|transcript| {
                let file = context::conversation_file(&transcript.id, &transcript.agent_id);
                write(&root, &file, &conversation::page(&context, transcript))
            })
        })
    }
}

#[derive(Template)]
#[template(path = "page.html")]
struct Shown<'p> {
    p: &'p Page<'p>,
    style: &'static str,
    script: &'static str,
}

fn render(path: &Path, page: &Page<'_>) -> Result<String, RunError> {
    let shown = Shown { p: page, style: include_str!("style.css"), script: include_str!("script.js") };
    shown.render().map_err(|e| RunError::Page(path.to_owned(), e))
}

fn write(root: &Path, file: &str, page: &Page<'_>) -> Result<(), RunError> {
    let path = root.join(file);
    let text = render(&path, page)?;
    fs::write(&path, text).map_err(|e| RunError::Io(path, e))
}
