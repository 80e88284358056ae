//! Is the comparison fair? Agents on like cases ([`case_mix`]), and habits that scores do not show ([`habits`]).
//!
//! Conversations are added one by one and kept as sums and counts, so that memory grows with the number of agents only.

pub mod case_mix;
pub mod habits;

pub use case_mix::{Case, CaseMix, EffectRow, FairnessRow};
pub use habits::{AgentHabits, Habit, Habits, Languages, Sentences};
