//! To be written.
use crate::ingest::{Format, Options, Sample, Sink, Source};
use std::ops::ControlFlow;
/// To be written.
pub struct PlainText;
impl Format for PlainText {
    fn name(&self) -> &'static str {
        "plain_text"
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
