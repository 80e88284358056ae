//! Who is the agent? Roles from what the input says, never from guesses.

use crate::model::Speaker;

/// A speaker's label understood: the role, and the agent's id or name where the label holds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// The role, `Unknown` when the label does not say.
    pub speaker: Speaker,
    /// For agents: the id or name in the label, if any.
    pub agent_id: Option<String>,
}

/// Labels → roles, in English, Russian and Kazakh.
#[derive(Clone, Debug, Default)]
pub struct RoleMap {}
