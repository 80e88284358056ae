//! How is it shown? One file an output.

pub mod agent_page;
pub mod columns;
pub mod csv;
#[cfg(feature = "cli")]
pub mod html;
#[cfg(feature = "cli")]
pub mod parquet;
#[cfg(feature = "cli")]
pub mod run_folder;
#[cfg(feature = "cli")]
pub mod sheet;

pub use crate::results as rows;
pub use rows::{ConversationRow, EvidenceRow, Mask, masked_id};
