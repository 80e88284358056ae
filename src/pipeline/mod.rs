//! Reads, works in parallel, hands on in the order of the input, in bounded memory.
//!
//! One thread reads, the pool works on batches, the caller's thread takes the results in input order. Only so many
//! batches are under way at once, so memory does not grow with the night.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{channel, sync_channel};

use crate::ingest::{self, Record, Source};
use crate::model::{Conversation, Place, Quarantined};

/// A record after work: a result, or why there is none.
#[derive(Debug)]
pub enum Outcome<T> {
    /// What the work gave, with the id and place of the conversation.
    Done {
        /// Id of the conversation.
        id: String,
        /// Where it began.
        place: Place,
        /// The result.
        value: T,
    },
    /// Set aside.
    Quarantined(Quarantined),
}

/// Conversations of formats that hand on one at a time: so many make a batch.
const BATCH: usize = 64;
/// Batches under way for each thread.
const UNDER_WAY: usize = 4;

/// Why a run ended before its input did.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError<E> {
    /// The threads could not be started.
    #[error("cannot start {0} threads: {1}")]
    Threads(usize, String),
    /// The taker of results failed.
    #[error(transparent)]
    Sink(E),
}

/// The steps of a run.
///
/// `worker` makes what a thread keeps between batches (results must not depend on it), `work` is done on each conversation
/// when it is prepared ([`ingest::prepare`]), `seal` ends a batch and gives what belongs to it as a whole.
pub struct Steps<Worker, Work, Seal> {
    /// Makes what a thread keeps.
    pub worker: Worker,
    /// Done on each conversation.
    pub work: Work,
    /// Ends a batch.
    pub seal: Seal,
}

/// Takes every conversation of the sources through the steps and hands the outcomes to `take`, batch by batch, in input order.
///
/// Where batches end depends on the input alone. Setting `stop` ends the reading; what was read before is still handed on.
/// Returns whether the input was read to its end.
///
/// # Errors
/// What `take` returns, or threads that could not be started.
pub fn run<W, T, B, E>(
    sources: &[Source],
    options: &ingest::Options,
    threads: usize,
    stop: &AtomicBool,
    steps: Steps<
        impl Fn() -> W + Sync,
        impl Fn(&mut W, &mut Conversation<'_>, &Place) -> T + Sync,
        impl Fn(&mut W) -> B + Sync,
    >,
    mut take: impl FnMut(Vec<Outcome<T>>, B) -> Result<(), E>,
) -> Result<bool, PipelineError<E>>
where
    W: Send,
    T: Send,
    B: Send,
    E: Send,
{
    let Steps { worker, work, seal } = steps;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("score-{i}"))
        .build()
        .map_err(|e| PipelineError::Threads(threads, e.to_string()))?;
    let limit = threads.max(1) * UNDER_WAY;
    let (permit, released) = sync_channel::<()>(limit);
    let (results, finished) = channel::<(u64, Vec<Outcome<T>>, B)>();
    let workers: Mutex<Vec<W>> = Mutex::new(Vec::new());
    let failed = AtomicBool::new(false);
    let do_batch = |batch: Vec<Record>| -> (Vec<Outcome<T>>, B) {
        // A worker that panicked elsewhere leaves the list usable: it only holds spare workers.
        let spare = workers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        let mut w = spare.unwrap_or_else(&worker);
        let out = work_on(batch, &mut w, options, &work);
        let sealed = seal(&mut w);
        workers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(w);
        (out, sealed)
    };
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let results = results;
            let permit = permit;
            pool.in_place_scope_fifo(|tasks| {
                let mut number = 0;
                let mut batch: Vec<Record> = Vec::new();
                let mut send = |batch: Vec<Record>| -> ControlFlow<()> {
                    if permit.send(()).is_err() {
                        return ControlFlow::Break(());
                    }
                    let (results, do_batch, at) = (results.clone(), &do_batch, number);
                    number += 1;
                    tasks.spawn_fifo(move |_| {
                        // The taker may have gone after an error; then nobody wants the result.
                        let (outcomes, sealed) = do_batch(batch);
                        let _ = results.send((at, outcomes, sealed));
                    });
                    ControlFlow::Continue(())
                };
                let mut sink = |record: Record| {
                    if stop.load(Ordering::Relaxed) || failed.load(Ordering::Relaxed) {
                        return ControlFlow::Break(());
                    }
                    let whole = matches!(record, Record::Lines { .. });
                    batch.push(record);
                    if whole || batch.len() >= BATCH {
                        send(std::mem::take(&mut batch))
                    } else {
                        ControlFlow::Continue(())
                    }
                };
                let end = ingest::read_all(sources, options, &mut sink);
                if !batch.is_empty() && !failed.load(Ordering::Relaxed) {
                    let _ = send(batch);
                }
                end.is_continue()
            })
        });
        let mut waiting = BTreeMap::new();
        let mut next = 0;
        let mut error = None;
        for (number, outcomes, sealed) in finished {
            waiting.insert(number, (outcomes, sealed));
            while let Some((outcomes, sealed)) = waiting.remove(&next) {
                next += 1;
                if error.is_none()
                    && let Err(e) = take(outcomes, sealed)
                {
                    failed.store(true, Ordering::Relaxed);
                    error = Some(e);
                }
                // After the last batch nobody waits for the permit.
                let _ = released.try_recv();
            }
        }
        let read_to_end = match reader.join() {
            Ok(end) => end,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        match error {
            Some(e) => Err(PipelineError::Sink(e)),
            None => Ok(read_to_end),
        }
    })
}

fn work_on<W, T>(
    batch: Vec<Record>,
    w: &mut W,
    options: &ingest::Options,
    work: &impl Fn(&mut W, &mut Conversation<'_>, &Place) -> T,
) -> Vec<Outcome<T>> {
    let mut out = Vec::with_capacity(batch.len());
    for record in batch {
        match record {
            Record::Bad(q) => out.push(Outcome::Quarantined(q)),
            Record::Conversation { place, mut conversation } => {
                ingest::prepare(&mut conversation, &place, options);
                let value = work(w, &mut conversation, &place);
                out.push(Outcome::Done { id: conversation.id.0.into_owned(), place, value });
            }
            Record::Lines { file, first_line, bytes } => {
                for line in ingest::formats::jsonl::lines(&file, first_line, &bytes) {
                    out.push(match line {
                        Ok((place, mut conversation)) => {
                            conversation.format = ingest::formats::jsonl::NAME;
                            ingest::prepare(&mut conversation, &place, options);
                            let value = work(w, &mut conversation, &place);
                            Outcome::Done { id: conversation.id.0.into_owned(), place, value }
                        }
                        Err(q) => Outcome::Quarantined(q),
                    });
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn night(lines: usize) -> tempfile::NamedTempFile {
        let mut f = tempfile::Builder::new().suffix(".jsonl").tempfile().unwrap();
        for i in 0..lines {
            let bad = if i % 97 == 5 { "," } else { "" };
            writeln!(
                f,
                r#"{{"id":"c{i}","turns":[{{"speaker":"agent","text":"{}"}}{bad}]}}"#,
                "hello there ".repeat(i % 50 + 1)
            )
            .unwrap();
        }
        f
    }

    fn ids(threads: usize, path: &str) -> Vec<String> {
        let sources = ingest::discover(&[path.to_owned()]).unwrap();
        let mut out = Vec::new();
        let mut batches = 0;
        let take = |outcomes: Vec<Outcome<usize>>, sealed: usize| {
            let done = outcomes.iter().filter(|o| matches!(o, Outcome::Done { .. })).count();
            assert_eq!(done, sealed, "a batch is sealed with what was done in it");
            batches += 1;
            out.extend(outcomes.into_iter().map(|o| match o {
                Outcome::Done { id, value, .. } => format!("{id}:{value}"),
                Outcome::Quarantined(q) => format!("bad {}", q.place.line.unwrap()),
            }));
            Ok::<(), std::convert::Infallible>(())
        };
        let steps = Steps {
            worker: || 0,
            work: |n: &mut usize, c: &mut Conversation<'_>, _: &Place| {
                *n += 1;
                c.turns.len()
            },
            seal: std::mem::take,
        };
        let end = run(&sources, &ingest::Options::default(), threads, &AtomicBool::new(false), steps, take);
        assert!(batches > 1);
        assert!(end.unwrap());
        out
    }

    #[test]
    fn results_come_in_input_order_whatever_the_threads() {
        let f = night(5_000);
        let path = f.path().display().to_string();
        let one = ids(1, &path);
        assert_eq!(one.len(), 5_000);
        assert_eq!(one[5], "bad 6");
        for threads in [2, 5] {
            assert_eq!(ids(threads, &path), one);
        }
    }

    #[test]
    fn a_failing_taker_and_a_stop_end_the_run() {
        let f = night(20_000);
        let sources = ingest::discover(&[f.path().display().to_string()]).unwrap();
        let options = ingest::Options::default();
        let nothing = || Steps {
            worker: || (),
            work: |(): &mut (), _: &mut Conversation<'_>, _: &Place| (),
            seal: |(): &mut ()| (),
        };
        let failing = |_: Vec<Outcome<()>>, ()| Err("full disk");
        let e = run(&sources, &options, 2, &AtomicBool::new(false), nothing(), failing);
        assert!(matches!(e, Err(PipelineError::Sink("full disk"))));
        let stop = AtomicBool::new(true);
        let take = |_: Vec<Outcome<()>>, ()| Ok::<(), ()>(());
        assert!(!run(&sources, &options, 2, &stop, nothing(), take).unwrap());
    }
}
