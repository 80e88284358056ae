//! How is it shown? One file an output.

pub mod agent_page;
pub mod columns;
pub mod csv;
pub mod file;
#[cfg(feature = "cli")]
pub mod history_folder;
pub mod how_read;
#[cfg(feature = "cli")]
pub mod html;
pub mod local_time;
#[cfg(feature = "cli")]
pub mod night;
pub mod night_columns;
#[cfg(feature = "cli")]
pub mod parquet;
#[cfg(feature = "cli")]
pub mod prometheus;
#[cfg(feature = "cli")]
pub mod row_groups;
#[cfg(feature = "cli")]
pub mod run_folder;
#[cfg(feature = "cli")]
pub mod sheet;
#[cfg(feature = "cli")]
pub mod summary;
#[cfg(feature = "cli")]
pub mod trend_section;
#[cfg(feature = "cli")]
pub mod workbook;

pub use crate::results as rows;
pub use rows::{ConversationRow, EvidenceRow, Mask, masked_id};

/// The language of what people read in a report. Names of columns and values stay as they are in the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReportLanguage {
    /// English.
    #[default]
    En,
    /// Russian.
    Ru,
    /// Kazakh.
    Kk,
}

impl From<ReportLanguage> for crate::model::Language {
    fn from(language: ReportLanguage) -> Self {
        match language {
            ReportLanguage::En => Self::English,
            ReportLanguage::Ru => Self::Russian,
            ReportLanguage::Kk => Self::Kazakh,
        }
    }
}
