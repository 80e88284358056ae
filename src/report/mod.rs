//! How is it shown? One file an output.

pub mod rows;

pub use rows::{ConversationRow, EvidenceRow, Mask};
