//! Where a record stands in the input, and why one could not be used.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// The place of a record: file, and line or byte within it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as the user named it.
    pub file: Arc<Path>,
    /// Line, counted from 1, where the format has lines.
    pub line: Option<u64>,
    /// Byte offset from the start of the (expanded) file, where known.
    pub byte: Option<u64>,
}

impl Place {
    /// The file as a whole.
    pub fn file(file: &Arc<Path>) -> Place {
        Place { file: Arc::clone(file), line: None, byte: None }
    }
    /// A line of a file, counted from 1.
    pub fn line(file: &Arc<Path>, line: u64) -> Place {
        Place { file: Arc::clone(file), line: Some(line), byte: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        } else if let Some(byte) = self.byte {
            write!(f, " at byte {byte}")?;
        }
        Ok(())
    }
}

/// Why a record was set aside: a kind to count by and a sentence to act on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Not the syntax of its format.
    #[error("not valid {format}: {detail}")]
    Syntax {
        /// The format it was read as.
        format: &'static str,
        /// What the parser said.
        detail: String,
    },
    /// Syntax right, but something needed is missing or of the wrong kind.
    #[error("{0}")]
    Content(String),
    /// Longer than the limit on a record.
    #[error("record of more than {limit} bytes; raise --max-record if it is real")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
    },
    /// Expands far beyond what its file holds.
    #[error("expands to more than {limit} bytes from a small file: taken for a compression bomb")]
    Bomb {
        /// Bytes allowed.
        limit: u64,
    },
    /// The bytes are not text in the charset they claim.
    #[error("bytes that are not {charset} text: {detail}; convert the file or name the charset with --charset")]
    Charset {
        /// The charset that was tried.
        charset: String,
        /// Where it failed.
        detail: String,
    },
    /// The file broke off or could not be read on.
    #[error("cannot be read: {0}")]
    Io(String),
    /// The same conversation was read before.
    #[error("the conversation {0:?} was read before in this run, with the same words; it counts once")]
    Duplicate(String),
    /// Another conversation has the same id; none of them is scored.
    #[error(
        "different conversations of this run have the id {0:?}, so none of them is scored; give them ids of their own, or remove the wrong one"
    )]
    Conflict(String),
    /// The vendor's own word that there is no transcript.
    #[error("the export itself reports a failure: {0}")]
    Vendor(String),
    /// Nothing in it to score.
    #[error("no turns with text")]
    Empty,
}

impl Reason {
    /// Every kind, in the order of the type.
    pub const KINDS: [&str; 10] =
        ["syntax", "content", "too_large", "bomb", "charset", "io", "duplicate", "conflict", "vendor_error", "empty"];

    /// A word to count and filter by, one of [`Reason::KINDS`].
    pub fn kind(&self) -> &'static str {
        match self {
            Reason::Syntax { .. } => "syntax",
            Reason::Content(_) => "content",
            Reason::TooLarge { .. } => "too_large",
            Reason::Bomb { .. } => "bomb",
            Reason::Charset { .. } => "charset",
            Reason::Io(_) => "io",
            Reason::Duplicate(_) => "duplicate",
            Reason::Conflict(_) => "conflict",
            Reason::Vendor(_) => "vendor_error",
            Reason::Empty => "empty",
        }
    }
}

/// A record that is not scored, kept with its place and reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Where it stands.
    pub place: Place,
    /// Its id, if that much could be read.
    pub conversation_id: Option<String>,
    /// Why.
    pub reason: Reason,
}
