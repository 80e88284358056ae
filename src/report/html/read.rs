//! How well the night could be read: where roles come from, and what was noted while reading.

use std::collections::BTreeMap;

use super::context::Context;
use super::model::{Block, Cell, Column, Table, Text};
use super::texts::fill;

/// A sentence and two tables; nothing where there is nothing to tell.
pub(super) fn blocks(c: &Context<'_>) -> Vec<Block> {
    let (t, f) = (c.t, c.facts);
    let of = |source: &str| f.role_sources.get(source).copied().unwrap_or(0);
    let mut blocks = Vec::new();
    let (inferred, unknown) = (of("inferred"), of("unknown"));
    if inferred + unknown > 0 {
        let figures = [("inferred", c.count(inferred)), ("n", c.count(f.scored)), ("unknown", c.count(unknown))];
        let says = fill(&t.roles_say, &figures.each_ref().map(|(k, v)| (*k, v.as_str())));
        blocks.push(Block::Lines(vec![Text::Own(says)]));
    }
    let table = |caption: &str, head: &str, words: &BTreeMap<String, String>, counts: &BTreeMap<&str, u64>| {
        let mut counts: Vec<(&str, u64)> = counts.iter().map(|(name, n)| (*name, *n)).collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let row = |(name, n): &(&str, u64)| {
            let word = words.get(*name).cloned().unwrap_or_else(|| (*name).to_owned());
            let share = c.percent(*n, f.scored);
            vec![Cell::text(word).head(), Cell::number(c.count(*n), *n as f64).below(share)]
        };
        (!counts.is_empty()).then(|| {
            Block::Table(Table {
                caption: caption.to_owned(),
                head: vec![Column::text(head), Column::number(&t.conversations)],
                rows: counts.iter().map(row).collect(),
                ..Table::default()
            })
        })
    };
    blocks.extend(table(&t.roles_caption, &t.how_known, &t.role_sources, &f.role_sources));
    blocks.extend(table(&t.notes_caption, &t.noted, &t.note_kinds, &f.notes));
    blocks
}

#[cfg(test)]
mod tests {
    use super::super::texts;
    use crate::model::{Language, NoteKind, RoleSource};

    #[test]
    fn every_source_and_kind_has_its_words() {
        use RoleSource::{ChannelMap, Elimination, Inferred, Roster, Stated, Unknown};
        let t = texts::load(Language::Kazakh).unwrap();
        for source in [Stated, ChannelMap, Roster, Elimination, Inferred, Unknown] {
            assert!(t.role_sources.contains_key(source.name()), "{}", source.name());
        }
        use NoteKind::{
            Agents, Announcement, Charset, Date, Hallucination, LeftOut, Quote, Repetition, RolesInferred,
            RolesReversed, RolesUnknown, SideData, Times,
        };
        for kind in [
            Agents,
            Announcement,
            Charset,
            Date,
            Hallucination,
            LeftOut,
            Quote,
            Repetition,
            RolesInferred,
            RolesReversed,
            RolesUnknown,
            SideData,
            Times,
        ] {
            assert!(t.note_kinds.contains_key(kind.name()), "{}", kind.name());
        }
        for kind in crate::alerts::KINDS {
            assert!(t.alert_kinds.contains_key(kind), "{kind}");
        }
        for severity in crate::alerts::Severity::ALL {
            assert!(t.urgencies.contains_key(severity.name()), "{}", severity.name());
        }
        for kind in crate::model::Reason::KINDS {
            assert!(t.quarantine_kinds.contains_key(kind), "{kind}");
        }
        for kind in crate::notes::NoteKind::ALL {
            assert!(t.review_kinds.contains_key(kind.name()), "{}", kind.name());
        }
    }
}
