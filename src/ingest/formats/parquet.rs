//! Parquet tables with a row a turn, or with a row a conversation.
//!
//! ```text
//! conversation_id: string, role: string, agent_id: string, text: string, start: double, end: double        a row a turn
//! conversation_id: string, queue: string, turns: list<struct<role: string, text: string, start: double>>   a row a conversation
//! conversation_id: string, agent: string, transcript: string                       lines `Speaker: words` in one cell
//! ```
//! The columns have the names that CSV knows (`csv_turns`); others are not even read. In a table with a row a conversation
//! the turns stand in a list of structs called `turns`, `messages`, `utterances` or `segments`, whose fields have the names
//! that columns of turns have; or the whole transcript is a text as plain-text files have it (`plain_text`), then a column of
//! speakers is missing. A table with a row a turn keeps the rows of a conversation together.
//!
//! Texts (also dictionaries of them), numbers, truth values, dates, times and timestamps are read; decimals, binary data and
//! deeper nesting are empty. A timestamp with a zone is a moment, one without a zone has none.
//!
//! **Memory.** One row group is read at a time, the columns that are used only. A row group whose columns hold more than 1 GiB
//! or that has more than five million rows is set aside: write smaller ones (`row_group_size=20000`). A build without the
//! feature `parquet` says that it cannot read it.

use std::ops::ControlFlow;

use crate::ingest::{Format, Options, Sample, Sink, Source};

#[cfg(feature = "parquet")]
mod footer;
#[cfg(feature = "parquet")]
mod table;

/// Parquet tables.
pub struct Parquet;

impl Format for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn about(&self) -> &'static str {
        "Parquet with a row a turn, columns as in CSV, or a row a conversation with a list of turns or a transcript"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        if sample.bytes.starts_with(b"PAR1") { 97 } else { 0 }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        sources.iter().try_for_each(|source| read_one(source, options, sink))
    }
}

#[cfg(feature = "parquet")]
use table::read as read_one;

#[cfg(not(feature = "parquet"))]
fn read_one(source: &Source, _: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
    super::absent(source, "parquet", "no Parquet", "write the table as CSV or JSON Lines", sink)
}
