//! The formats: one file each. To add one, write its file and add a line to [`ALL`].

use super::Format;

pub mod csv_turns;
pub mod jsonl;
pub mod mail;
pub mod plain_text;

/// Every format, in the order in which equal claims are decided.
pub static ALL: &[&dyn Format] = &[&jsonl::JsonLines, &mail::Eml, &mail::Mbox, &csv_turns::CsvTurns, &plain_text::PlainText];
