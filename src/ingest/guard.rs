//! Libraries that read damaged files: some end on them without an error of their own, which must not end the run.

use std::cell::Cell;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::model::Reason;

thread_local! {
    static WITHIN: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is within a library whose panics are caught and become the reason of a quarantined record. A program may
/// keep its panic hook quiet then.
pub fn is_guarded() -> bool {
    WITHIN.get()
}

/// Runs what a library does with a file of a format; `format` as in messages.
pub(super) fn guarded<T, E: Display>(format: &'static str, work: impl FnOnce() -> Result<T, E>) -> Result<T, Reason> {
    let before = WITHIN.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    WITHIN.set(before);
    let detail = match done {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(e)) => e.to_string(),
        Err(_) => "the file is damaged in a way that its reader does not bear".to_owned(),
    };
    Err(Reason::Syntax { format, detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_reason_and_the_guard_ends_with_the_work() {
        assert_eq!(guarded("X", || Ok::<_, String>(is_guarded())), Ok(true));
        let reason = guarded("X", || -> Result<(), String> { std::panic::resume_unwind(Box::new("deep inside")) });
        assert!(
            matches!(reason, Err(Reason::Syntax { format: "X", ref detail }) if detail.contains("damaged")),
            "{reason:?}"
        );
        let reason = guarded("X", || Err::<(), _>("no end"));
        assert!(matches!(reason, Err(Reason::Syntax { ref detail, .. }) if detail == "no end"), "{reason:?}");
        assert!(!is_guarded());
    }
}
