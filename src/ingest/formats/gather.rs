//! Records of one conversation that stand apart, in one file or in several: they wait in a temporary file until all are
//! there. In memory stay 16 bytes a record, and the id of each conversation.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;

use crate::ingest::{Options, Record, Sink};
use crate::model::{Place, Quarantined, Reason};

/// What waits.
#[derive(Default)]
pub(super) struct Gather {
    spool: Option<BufWriter<File>>,
    written: u64,
    groups: Vec<Group>,
    /// Id → index of its group. Only looked up, never walked.
    known: HashMap<String, usize>,
    /// Bytes that the records were read from and that are not counted yet.
    uncounted: u64,
}

/// Takes what belongs to one conversation: its id, the place of its first record, all its records.
type Each<'e> = dyn FnMut(&str, Place, Vec<String>, &mut Sink<'_>) -> ControlFlow<()> + 'e;

/// The records of one conversation.
struct Group {
    id: String,
    place: Place,
    pieces: Vec<(u64, u32)>,
    bytes: u64,
    /// Why it cannot be used, and where the record stands that spoils it.
    bad: Option<(Place, Reason)>,
}

impl Gather {
    /// Keeps a record of the conversation `id`.
    ///
    /// # Errors
    /// [`Reason::Io`] where no temporary file can be written.
    pub fn add(&mut self, id: &str, place: &Place, record: &str) -> Result<(), Reason> {
        let failed =
            |e: &io::Error| Reason::Io(format!("the temporary file for records that stand apart: {e}; set TMPDIR"));
        if self.spool.is_none() {
            let file = tempfile::tempfile().map_err(|e| failed(&e))?;
            self.spool = Some(BufWriter::with_capacity(1 << 16, file));
        }
        if let Some(spool) = &mut self.spool {
            spool.write_all(record.as_bytes()).map_err(|e| failed(&e))?;
        }
        let length = u32::try_from(record.len()).map_err(|_| Reason::TooLarge { limit: u64::from(u32::MAX) })?;
        let start = self.written;
        let group = self.group(id, place);
        group.pieces.push((start, length));
        group.bytes += record.len() as u64;
        self.written += record.len() as u64;
        Ok(())
    }

    /// Sets the conversation `id` aside for a record of it that cannot be read: the score of the others would be wrong.
    pub fn spoil(&mut self, id: &str, place: &Place, reason: Reason) {
        let group = self.group(id, place);
        group.bad.get_or_insert_with(|| (place.clone(), reason));
    }

    fn group(&mut self, id: &str, place: &Place) -> &mut Group {
        let next = self.groups.len();
        let index = *self.known.entry(id.to_owned()).or_insert(next);
        if index == next {
            self.groups.push(Group {
                id: id.to_owned(),
                place: place.clone(),
                pieces: Vec::new(),
                bytes: 0,
                bad: None,
            });
        }
        &mut self.groups[index]
    }

    /// Counts these bytes when the conversations are handed on.
    pub fn count_later(&mut self, bytes: u64) {
        self.uncounted = bytes;
    }

    /// Hands on what was kept, conversation by conversation in the order of their first records: id, place of the first
    /// record, all records. A conversation of more than `options.max_record` bytes is set aside.
    pub fn finish(mut self, options: &Options, sink: &mut Sink<'_>, each: &mut Each<'_>) -> ControlFlow<()> {
        let limit = options.max_record;
        for group in std::mem::take(&mut self.groups) {
            let Group { id, place, pieces, bytes, bad } = group;
            options.count((self.uncounted as f64 * bytes as f64 / self.written.max(1) as f64) as u64);
            if let Some((place, reason)) = bad {
                sink(Record::Bad(Quarantined { place, conversation_id: Some(id), reason }))?;
                continue;
            }
            let read = if bytes > limit { Err(Reason::TooLarge { limit }) } else { self.pieces(&pieces) };
            match read {
                Ok(records) => each(&id, place, records, sink)?,
                Err(reason) => sink(Record::Bad(Quarantined { place, conversation_id: Some(id), reason }))?,
            }
        }
        ControlFlow::Continue(())
    }

    fn pieces(&mut self, pieces: &[(u64, u32)]) -> Result<Vec<String>, Reason> {
        let mut read = || -> io::Result<Vec<String>> {
            let Some(spool) = &mut self.spool else { return Ok(Vec::new()) };
            spool.flush()?;
            let file = spool.get_mut();
            let mut out = Vec::with_capacity(pieces.len());
            for (start, length) in pieces {
                file.seek(SeekFrom::Start(*start))?;
                let mut bytes = vec![0; *length as usize];
                file.read_exact(&mut bytes)?;
                out.push(String::from_utf8(bytes).map_err(io::Error::other)?);
            }
            Ok(out)
        };
        read().map_err(|e| Reason::Io(format!("the temporary file for records that stand apart: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_by_conversation_in_the_order_of_their_first() {
        let place = Place::file(&std::path::Path::new("a").into());
        let mut gather = Gather::default();
        for (id, record) in [("b", "1"), ("a", "22"), ("b", "қ"), ("big", "0123456789")] {
            gather.add(id, &place, record).unwrap();
        }
        gather.add("c", &place, "1").unwrap();
        gather.spoil("c", &place, Reason::Empty);
        let options = Options { max_record: 9, ..Options::default() };
        gather.count_later(1000);
        let mut got = Vec::new();
        let mut bad = Vec::new();
        let flow = gather.finish(
            &options,
            &mut |r| {
                if let Record::Bad(q) = r {
                    bad.push((q.conversation_id, q.reason.kind()));
                }
                ControlFlow::Continue(())
            },
            &mut |id, _, records, _| {
                got.push(format!("{id}:{}", records.join("/")));
                ControlFlow::Continue(())
            },
        );
        assert!(flow.is_continue());
        assert!((990..=1000).contains(&options.counted()));
        assert_eq!(got, ["b:1/қ", "a:22"]);
        assert_eq!(bad, [(Some("big".to_owned()), "too_large"), (Some("c".to_owned()), "empty")]);
    }
}
