//! What the tests of criteria share: conversations written as lines, scored with the built-in lexicon.

use std::sync::OnceLock;

use super::{Criterion, parts};
use crate::lexicon::{Lexicon, Reader, Reading};
use crate::model::{Channel, Conversation, CriterionResult, Evidence, Speaker, Turn};

pub(crate) fn lexicon() -> &'static Lexicon {
    static LEXICON: OnceLock<Lexicon> = OnceLock::new();
    LEXICON.get_or_init(|| Lexicon::built_in().expect("the built-in lexicon has no mistakes"))
}

/// A conversation from lines `A: words` (agent) and `C: words` (customer); `A 3.0-4.5: words` has times.
pub(crate) fn conversation(channel: Channel, lines: &str) -> Conversation<'_> {
    let turns = lines.lines().map(str::trim).filter(|l| !l.is_empty()).map(|line| {
        let (head, text) = line.split_once(": ").expect("a line is `A: words` or `C: words`");
        let (who, times) = head.split_once(' ').unwrap_or((head, ""));
        let (start, end) = times.split_once('-').map_or((None, None), |(a, b)| (a.parse().ok(), b.parse().ok()));
        let speaker = match who {
            "A" => Speaker::Agent,
            "C" => Speaker::Customer,
            _ => Speaker::Unknown,
        };
        Turn { speaker, text: text.into(), start, end, ..Turn::default() }
    });
    Conversation {
        id: "t".into(),
        channel,
        agent_id: Some("a".into()),
        turns: turns.collect(),
        ..Conversation::default()
    }
}

/// The result of the only part of a conversation.
#[track_caller]
pub(super) fn result(criterion: &dyn Criterion, channel: Channel, lines: &str) -> CriterionResult {
    let c = conversation(channel, lines);
    let mut reading = Reading::default();
    Reader::new(lexicon()).read(&c, &mut reading);
    let parts = parts(&c, &reading, lexicon());
    assert_eq!(parts.len(), 1, "help: use one agent");
    criterion.score(&parts[0])
}

/// The first evidence by a rule in the only part of a conversation.
#[track_caller]
pub(super) fn told(criterion: &dyn Criterion, channel: Channel, lines: &str, rule: &str) -> Option<Evidence> {
    result(criterion, channel, lines).evidence.into_iter().find(|e| e.rule == rule)
}

/// The score of the only part of a call.
#[track_caller]
pub(super) fn score(criterion: &dyn Criterion, lines: &str) -> f64 {
    let r = result(criterion, Channel::Call, lines);
    r.score.unwrap_or_else(|| panic!("{} is not scored: {} in\n{lines}", criterion.name(), r.reason))
}

/// The first scores at least `by` points more than the second.
#[track_caller]
pub(super) fn better(criterion: &dyn Criterion, good: &str, bad: &str, by: f64) {
    let (g, b) = (score(criterion, good), score(criterion, bad));
    assert!(g >= b + by, "{}: {g:.0} is not {by} more than {b:.0}\n{good}\n  against\n{bad}", criterion.name());
}
