//! What a night says beside its scores: like cases, habits, the nights before, alerts. Worked out once the last conversation is added.

use std::borrow::Cow;
use std::path::Path;

use jiff::civil::Date;

use super::columns::{Table, dictionary};
use super::csv::Preset;
use super::history_folder::{HistoryFolder, Staged};
use super::night_columns::{AlertTable, CaseMix, Fairness, HistoryTable, history_rows};
use super::run_folder::{RunError, RunFacts};
use super::sheet::{Sheet, SheetFile};
use crate::agents::{self, AgentRow, Moments, Team};
use crate::alerts::Alerts;
use crate::fairness::{EffectRow, FairnessRow};
use crate::history::{History, Night, Ruler};
use crate::scorecard::Scorecard;

/// Which night it is, and which are before it.
#[derive(Clone, Debug, Default)]
pub struct NightOptions {
    /// The night's date; where it is absent, the day on which most conversations began.
    pub date: Option<Date>,
    /// Where nights are kept.
    pub history: Option<HistoryFolder>,
    /// Most nights that are looked back on.
    pub most_nights: usize,
    /// Whether nights are compared that were scored with other phrases or another scorecard.
    pub across_versions: bool,
}

/// What the night says.
#[derive(Clone, Debug, Default)]
pub struct NightReport {
    /// The night; `None` where no conversation says its day.
    pub date: Option<Date>,
    /// Scores as they are and on like cases, by agent and measure.
    pub fairness: Vec<FairnessRow>,
    /// What the model takes kinds of cases to be worth.
    pub case_mix: Vec<EffectRow>,
    /// The nights before; `None` without a history.
    pub history: Option<History>,
    /// What should be looked at.
    pub alerts: Alerts,
    /// Nights of the history that a stopped run left incomplete.
    pub incomplete: Vec<Date>,
    /// Mean of each measure over all agents, 0..=100.
    pub means: Vec<Option<f64>>,
    /// Scores by measure and language.
    pub by_language: Vec<((usize, &'static str), Moments)>,
    /// Tonight as the history keeps it.
    pub(super) night: Option<Night>,
}

impl NightReport {
    /// Works it out. Fills in the agents' habits, with sentences masked.
    ///
    /// # Errors
    /// When there is a history but no date, or the history cannot be read.
    pub fn new(
        team: &Team,
        rows: &mut [AgentRow],
        facts: &RunFacts,
        scorecard: &Scorecard,
        mask: for<'t> fn(&'t str) -> Cow<'t, str>,
        options: &NightOptions,
    ) -> Result<NightReport, RunError> {
        let mut habits = team.habits.tell(mask);
        for row in rows.iter_mut() {
            row.habits = habits.remove(&row.agent_id).unwrap_or_default();
        }
        let mut report = NightReport {
            date: options.date.or_else(|| team.night.day()),
            fairness: team.case_mix.compare(scorecard.minimum_conversations),
            case_mix: team.case_mix.effects(),
            means: (0..agents::measures().count()).map(|m| team.night.mean(m)).collect(),
            by_language: team.night.by_language.iter().map(|(k, m)| (*k, *m)).collect(),
            ..NightReport::default()
        };
        if let Some(folder) = &options.history {
            let date = report.date.ok_or(RunError::NoDate)?;
            let ruler = Ruler { lexicon: facts.lexicon.clone(), scorecard: facts.scorecard_hash.clone() };
            let night = Night::new(date, ruler, (facts.read, facts.quarantined), team, rows);
            let past = folder.before(date, options.most_nights)?;
            report.history = Some(History::new(&past.nights, &night, options.across_versions));
            (report.incomplete, report.night) = (past.incomplete, Some(night));
        }
        report.alerts = Alerts::new(&team.night, report.history.as_ref(), (facts.quarantined, facts.read));
        Ok(report)
    }

    /// Writes its tables.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&self, folder: &Path, preset: Preset) -> Result<(), RunError> {
        table::<Fairness>(folder, preset, &self.fairness)?;
        table::<CaseMix>(folder, preset, &self.case_mix)?;
        table::<AlertTable>(folder, preset, &self.alerts.list)?;
        if let Some(history) = &self.history {
            let rows: Vec<_> = history_rows(history).collect();
            table::<HistoryTable>(folder, preset, &rows)?;
        }
        Ok(())
    }

    /// Writes the night beside its place in the history, if there is one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn stage(&self, options: &NightOptions, facts: &RunFacts, run: &Path) -> Result<Option<Staged>, RunError> {
        match (&options.history, &self.night) {
            (Some(folder), Some(night)) => Ok(Some(folder.stage(night, facts, &run.join("conversations.parquet"))?)),
            _ => Ok(None),
        }
    }

    /// What `columns.md` says of its tables.
    pub fn dictionary(&self) -> String {
        let mut out = format!(
            "\n## fairness: a row an agent and criterion, compared on like cases\n\n{}\n## case_mix: what kinds of cases are worth in that comparison\n\n{}\n\
             ## alerts: what to look at, the most urgent first\n\n{}",
            dictionary::<Fairness>(),
            dictionary::<CaseMix>(),
            dictionary::<AlertTable>(),
        );
        if self.history.is_some() {
            out += "\n## history: a row an agent (or the team) and criterion, over the nights\n\n";
            out += &dictionary::<HistoryTable>();
        }
        out
    }
}

/// Writes a table that is at hand as a whole.
fn table<'a, T: Table>(folder: &Path, preset: Preset, rows: &'a [T::Row<'a>]) -> Result<(), RunError> {
    let sheet = Sheet::<T>::new(preset, true);
    let mut file = SheetFile::create(folder, &sheet)?;
    let mut out = sheet.rows();
    rows.iter().for_each(|row| sheet.add(&mut out, row));
    file.append(&sheet, out, None)?;
    file.finish()
}
