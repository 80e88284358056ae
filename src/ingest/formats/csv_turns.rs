//! To be written.
use crate::ingest::{Format, Options, Sample, Sink, Source};
use std::ops::ControlFlow;
/// To be written.
pub struct CsvTurns;
impl Format for CsvTurns {
    fn name(&self) -> &'static str {
        "csv_turns"
    }
    fn about(&self) -> &'static str {
        "…"
    }
    fn recognise(&self, _: &Sample<'_>) -> u8 {
        0
    }
    fn read(&self, _: &[Source], _: &Options, _: &mut Sink<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
