//! What was done to a conversation on its way to scoring: a note for everything that was mended, concluded, left out or
//! could not be read.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// Roles were concluded from what is said, or by elimination.
    RolesInferred,
    /// Roles could not be told, and why.
    RolesUnknown,
    /// The roles that the input states look reversed; they are not changed.
    RolesReversed,
    /// Announcements and hold messages were taken out of the agent's turns, or could not be.
    Announcement,
    /// A recogniser's loop was left out.
    Repetition,
    /// Words that recognisers invent in silence were left out.
    Hallucination,
    /// Texts in the wrong charset were mended.
    Charset,
    /// Times that cannot be right were put in order or dropped.
    Times,
    /// A date could not be read.
    Date,
    /// Several agents speak and nothing says which of them when.
    Agents,
    /// Parts of the record that could not be read, or that the vendor left out.
    LeftOut,
    /// A quoted letter may have stayed in a letter.
    Quote,
    /// Side data disagrees with the record, or is about no record.
    SideData,
}

impl NoteKind {
    /// As in files: `roles_inferred`.
    pub fn name(self) -> &'static str {
        match self {
            NoteKind::RolesInferred => "roles_inferred",
            NoteKind::RolesUnknown => "roles_unknown",
            NoteKind::RolesReversed => "roles_reversed",
            NoteKind::Announcement => "announcement",
            NoteKind::Repetition => "repetition",
            NoteKind::Hallucination => "hallucination",
            NoteKind::Charset => "charset",
            NoteKind::Times => "times",
            NoteKind::Date => "date",
            NoteKind::Agents => "agents",
            NoteKind::LeftOut => "left_out",
            NoteKind::Quote => "quote",
            NoteKind::SideData => "side_data",
        }
    }

    /// Whether somebody should look at it: it may make scores wrong.
    pub fn is_warning(self) -> bool {
        matches!(
            self,
            NoteKind::RolesUnknown
                | NoteKind::RolesReversed
                | NoteKind::Date
                | NoteKind::Agents
                | NoteKind::LeftOut
                | NoteKind::SideData
        )
    }
}

/// A note on a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What it is about.
    pub kind: NoteKind,
    /// What was done, in a sentence without personal data but for what the input calls the speakers.
    pub text: String,
}

/// Reads the notes of canonical JSON; what is called so and is none of ours is passed over, as fields that are not known are.
pub(super) fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Note>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Read {
        Notes(Vec<Note>),
        Other(IgnoredAny),
    }
    Ok(match Read::deserialize(d)? {
        Read::Notes(notes) => notes,
        Read::Other(IgnoredAny) => Vec::new(),
    })
}

/// How it is known who is the agent. The surest source of those that were needed is not named, but the weakest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleSource {
    /// The input says so.
    #[default]
    Stated,
    /// `--channel-map` says so.
    ChannelMap,
    /// The speaker is on the roster.
    Roster,
    /// Of two speakers the other one's role is known.
    Elimination,
    /// Concluded from what is said.
    Inferred,
    /// Not known.
    Unknown,
}

impl RoleSource {
    /// As in files: `channel_map`.
    pub fn name(self) -> &'static str {
        match self {
            RoleSource::Stated => "stated",
            RoleSource::ChannelMap => "channel_map",
            RoleSource::Roster => "roster",
            RoleSource::Elimination => "elimination",
            RoleSource::Inferred => "inferred",
            RoleSource::Unknown => "unknown",
        }
    }
}

/// How the roles of a conversation were found, and how sure they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RolesFound {
    /// By which way.
    pub source: RoleSource,
    /// The chance that they are right, 0..=1; 0 where they are not known.
    pub confidence: f64,
}

impl Default for RolesFound {
    fn default() -> Self {
        Self { source: RoleSource::Stated, confidence: 1.0 }
    }
}
