//! How is it shown? One file an output.

pub mod columns;
pub mod csv;
#[cfg(feature = "cli")]
pub mod parquet;
pub mod rows;

pub use rows::{ConversationRow, EvidenceRow, Mask};
