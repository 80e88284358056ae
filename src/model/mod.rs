//! What is a conversation, a turn, a score, a piece of evidence?
//!
//! Text is borrowed from the input where the input allows it: a conversation read from JSON Lines copies no turn.

mod conversation;
mod note;
mod place;
mod result;

pub use conversation::{Channel, Conversation, Kind, Language, Outcome, Speaker, Text, Turn};
pub use note::{Note, NoteKind, RoleSource, RolesFound};
pub use place::{Place, Quarantined, Reason};
pub use result::{Called, CriterionResult, Curve, Evidence, PartResult, Status};
