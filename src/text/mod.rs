//! Where are the words, the sentences, the languages? Every offset slices the original text.

mod fold;
mod language;
mod signs;
mod words;

pub use fold::{fold, is_latin, skeleton};
pub use language::{Vote, Votes, vote};
pub use signs::{emoji_end, is_emoji};
pub use words::{Flags, Scanned, Word, caseless_hash, scan, scan_with, sentences, stretches};
