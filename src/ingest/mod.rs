//! How does each format become conversations?
//!
//! One file a format, all of them in `formats`. A reader hands on records in the order of the file; what cannot be
//! read is handed on as [`Record::Bad`] with its place and reason, and reading goes on behind it.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::{Conversation, Place, Quarantined};

mod announcements;
mod charset;
mod discover;
pub mod formats;
mod guard;
mod lines;
pub mod mapping;
mod mojibake;
pub(crate) mod prepare;
mod repair;
pub mod roles;
pub mod side;
mod source;
mod table;

pub use discover::{InputError, discover, read_all, recognise};
pub use guard::is_guarded;
pub use lines::{BadLine, Lines};
pub use prepare::prepare;
pub use source::{Beginning, Sample, Source, TextStream, reason_of};
pub use table::SideError;

/// The day that a time names as it is written (`started_at` of a conversation), in its own time zone; `None` where it names none.
pub fn day_of(time: &str) -> Option<jiff::civil::Date> {
    formats::times::day_of(time)
}

/// Whether this is the name of a charset, as `Options::charset` takes it.
pub fn knows_charset(label: &str) -> bool {
    charset::detect(&[], Some(label)).is_ok()
}

/// What the caller decides about reading.
#[derive(Clone, Debug)]
pub struct Options {
    /// Read as this format instead of recognising it.
    pub format: Option<String>,
    /// Charset of text files that say nothing of theirs, a label of the Encoding Standard; guessed when absent.
    pub charset: Option<String>,
    /// How the files that it applies to become conversations; the others are recognised.
    pub mapping: Option<Arc<mapping::Mapping>>,
    /// Domains whose email addresses belong to agents (`example.kz`), lower case.
    pub agent_domains: Vec<String>,
    /// Bytes a single record may have, expanded.
    pub max_record: u64,
    /// Bytes a compressed file may expand to for each byte it holds, once past `max_record`.
    pub max_expansion: u64,
    /// Roles of channels and diarisation labels.
    pub channel_map: roles::channel_map::ChannelMap,
    /// Who works here.
    pub roster: Option<Arc<roles::roster::Roster>>,
    /// What file names say.
    pub names: side::NamePatterns,
    /// What a table says of conversations.
    pub side: Option<Arc<side::SideTable>>,
    /// Counts the bytes of the files that are read, each once, for those who show progress.
    pub progress: Arc<AtomicU64>,
}

impl Options {
    /// These options with a count of their own: for a look at files that are read again, or whose conversations come later.
    pub(crate) fn uncounted(&self) -> Options {
        Options { progress: Arc::default(), ..self.clone() }
    }

    /// Bytes counted so far.
    pub(crate) fn counted(&self) -> u64 {
        self.progress.load(Ordering::Relaxed)
    }

    /// Counts bytes as read.
    pub(crate) fn count(&self, bytes: u64) {
        self.progress.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: None,
            charset: None,
            mapping: None,
            agent_domains: Vec::new(),
            max_record: 64 << 20,
            max_expansion: 200,
            channel_map: roles::channel_map::ChannelMap::default(),
            roster: None,
            names: side::NamePatterns::default(),
            side: None,
            progress: Arc::default(),
        }
    }
}

/// What a reader hands on.
#[derive(Debug)]
pub enum Record {
    /// Whole lines of canonical JSON, one conversation each, still to be parsed (in parallel, by `formats::jsonl::lines`).
    Lines {
        /// The file.
        file: Arc<Path>,
        /// Number of the first line, counted from 1.
        first_line: u64,
        /// Lines with their line ends.
        bytes: Vec<u8>,
    },
    /// A conversation.
    Conversation {
        /// Where it began.
        place: Place,
        /// What was read.
        conversation: Box<Conversation<'static>>,
    },
    /// A record that could not be used.
    Bad(Quarantined),
}

/// Takes records; `Break` asks the reader to stop.
pub type Sink<'s> = dyn FnMut(Record) -> ControlFlow<()> + 's;

/// A format of input files.
pub trait Format: Sync {
    /// A short lower-case name for `--format` and reports.
    fn name(&self) -> &'static str;
    /// One line for `sabyr formats`.
    fn about(&self) -> &'static str;
    /// How sure the beginning of a file is of this format, 0 (not at all) to 100 (certain).
    fn recognise(&self, sample: &Sample<'_>) -> u8;
    /// Which marks [`Format::recognise`] went by, for people: keys, header lines, the ending of the name.
    fn why(&self, sample: &Sample<'_>) -> String {
        let top: Vec<&str> = sample.json().iter().filter(|k| !k.contains(['.', '['])).take(5).collect();
        if top.is_empty() {
            format!("its first lines and its name, {}", sample.name)
        } else {
            format!("keys {}", top.join(", "))
        }
    }
    /// Whether all files of this format are read together, since a conversation may spread over several (emails).
    fn joins_files(&self) -> bool {
        false
    }
    /// Whether files of this format may be read for another file's sake, and then give no record of their own.
    fn has_side_files(&self) -> bool {
        false
    }
    /// Reads the sources (one, unless [`Format::joins_files`]) and hands on their records in order. Never panics on bad
    /// input; a file that cannot be read is a [`Record::Bad`] too. Returns `Break` when the sink asked to stop.
    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()>;
}
