//! Reviewers' notes and disputes, by conversation: read from a table, joined with a run, shown where its agents are shown.

use std::collections::{BTreeMap, BTreeSet};

use crate::agreement::marks::{AGENT, ID, Rejected};
use crate::ingest::formats::sheet::{HandSheet, HandSheetError};
use crate::results::{Mask, masked_id};

/// What a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteKind {
    /// A remark.
    Comment,
    /// Somebody says that the score is wrong.
    Dispute,
    /// A dispute was found right.
    Accepted,
    /// A dispute was found wrong.
    Rejected,
}

impl NoteKind {
    /// Every kind.
    pub const ALL: [NoteKind; 4] = [NoteKind::Comment, NoteKind::Dispute, NoteKind::Accepted, NoteKind::Rejected];

    /// As in files.
    pub fn name(self) -> &'static str {
        match self {
            NoteKind::Comment => "comment",
            NoteKind::Dispute => "dispute",
            NoteKind::Accepted => "accepted",
            NoteKind::Rejected => "rejected",
        }
    }
}

/// A note that was joined with a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// As in the run.
    pub conversation_id: String,
    /// Whose part; empty for agents that the input does not name.
    pub agent_id: String,
    /// The criterion; empty where the whole part is meant.
    pub criterion: String,
    /// Who wrote it; as given, like the ids of agents.
    pub reviewer: String,
    /// What it is.
    pub kind: NoteKind,
    /// What it says, masked.
    pub text: String,
}

/// Notes on their way to a run: first all are read, then the run's parts are met, then they are joined.
#[derive(Clone, Debug)]
pub struct Notes {
    rows: Vec<Row>,
    rejected: Vec<Rejected>,
    /// Rows by the id of the conversation.
    wanted: BTreeMap<String, Vec<usize>>,
    mask: Mask,
}

#[derive(Clone, Debug)]
struct Row {
    place: (String, u64),
    note: Note,
    /// Whether the table names the agent.
    agent_named: bool,
    /// Agents of the conversation that were met.
    met: BTreeSet<String>,
}

/// Notes joined with a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Joined {
    /// In the order of the table.
    pub notes: Vec<Note>,
    /// What could not be used, in the order of the table.
    pub rejected: Vec<Rejected>,
}

impl Joined {
    /// The notes of an agent.
    pub fn of<'s>(&'s self, agent_id: &'s str) -> impl Iterator<Item = &'s Note> {
        self.notes.iter().filter(move |n| n.agent_id == agent_id)
    }
}

impl Notes {
    /// Reads a table with the columns `conversation_id`, `kind` and `text`, and perhaps `agent_id`, `criterion` and `reviewer`. Texts and
    /// ids are masked as those of the run are.
    ///
    /// # Errors
    /// When a column is missing. Rows that cannot be used are listed when notes are joined.
    pub fn new(sheet: &HandSheet, criteria: &[String], mask: Mask) -> Result<Notes, HandSheetError> {
        let (id, kind, text) = (sheet.needed(&ID)?, sheet.needed(&["kind"])?, sheet.needed(&["text", "comment"])?);
        let (agent, criterion, reviewer) =
            (sheet.column(&AGENT), sheet.column(&["criterion"]), sheet.column(&["reviewer"]));
        let mut out = Notes { rows: Vec::new(), rejected: Vec::new(), wanted: BTreeMap::new(), mask };
        let reject = |line: u64, what: String| Rejected { file: sheet.file.clone(), line, what };
        out.rejected.extend(sheet.bad.iter().map(|(line, what)| reject(*line, what.clone())));
        for row in &sheet.rows {
            let told = row.get(Some(kind)).to_lowercase();
            let name = row.get(criterion).to_lowercase().replace(' ', "_");
            let wrong = if row.get(Some(id)).is_empty() {
                Some("no conversation_id in this row".to_owned())
            } else if !name.is_empty() && !criteria.contains(&name) {
                Some(format!("there is no criterion {name:?} in the run; there are {}", criteria.join(", ")))
            } else if row.get(Some(text)).is_empty() && !matches!(told.as_str(), "accepted" | "rejected") {
                Some("the note has no text".to_owned())
            } else {
                None
            };
            match (NoteKind::ALL.into_iter().find(|k| k.name() == told), wrong) {
                (_, Some(what)) => out.rejected.push(reject(row.line, what)),
                (None, None) => {
                    let kinds = NoteKind::ALL.map(NoteKind::name).join(", ");
                    out.rejected.push(reject(row.line, format!("{told:?} is not a kind of note; there are {kinds}")));
                }
                (Some(kind), None) => {
                    let note = Note {
                        conversation_id: row.get(Some(id)).to_owned(),
                        agent_id: row.get(agent).to_owned(),
                        criterion: name,
                        reviewer: row.get(reviewer).to_owned(),
                        kind,
                        text: mask(row.get(Some(text))).into_owned(),
                    };
                    // An id that is personal data may be given as it is or as the run writes it.
                    let masked = masked_id(&note.conversation_id, mask).into_owned();
                    for known in BTreeSet::from([note.conversation_id.clone(), masked]) {
                        out.wanted.entry(known).or_default().push(out.rows.len());
                    }
                    let agent_named = !note.agent_id.is_empty();
                    out.rows.push(Row {
                        place: (sheet.file.clone(), row.line),
                        note,
                        agent_named,
                        met: BTreeSet::new(),
                    });
                }
            }
        }
        Ok(out)
    }

    /// Tells that the run has this part; the id is as the run writes it.
    pub fn meet(&mut self, conversation_id: &str, agent_id: &str) {
        for i in self.wanted.get(conversation_id).into_iter().flatten() {
            let row = &mut self.rows[*i];
            conversation_id.clone_into(&mut row.note.conversation_id);
            row.met.insert(agent_id.to_owned());
        }
    }

    /// Joins, when all parts of the run were met.
    pub fn join(self) -> Joined {
        let mut out = Joined { notes: Vec::new(), rejected: self.rejected };
        for mut row in self.rows {
            let agents =
                || row.met.iter().map(|a| if a.is_empty() { "(none)" } else { a }).collect::<Vec<_>>().join(", ");
            let wrong = if row.met.is_empty() {
                Some(format!("the run has no conversation {:?}", (self.mask)(&row.note.conversation_id)))
            } else if row.agent_named && !row.met.contains(&row.note.agent_id) {
                Some(format!(
                    "{:?} has no part in {}; its agents: {}",
                    row.note.agent_id,
                    row.note.conversation_id,
                    agents()
                ))
            } else if !row.agent_named && row.met.len() > 1 {
                Some(format!("{} has several agents: name one of {} in agent_id", row.note.conversation_id, agents()))
            } else {
                None
            };
            match wrong {
                Some(what) => out.rejected.push(Rejected { file: row.place.0, line: row.place.1, what }),
                None => {
                    if let (false, Some(agent)) = (row.agent_named, row.met.pop_first()) {
                        row.note.agent_id = agent;
                    }
                    // The same note twice says nothing more.
                    if !out.notes.contains(&row.note) {
                        out.notes.push(row.note);
                    }
                }
            }
        }
        out.rejected.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(text: &str) -> Notes {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("n.csv");
        std::fs::write(&path, text).unwrap();
        let sheet = HandSheet { file: "n.csv".into(), ..HandSheet::read(&path).unwrap() };
        Notes::new(&sheet, &["patience".into()], crate::privacy::mask).unwrap()
    }

    #[test]
    fn notes_are_joined_and_what_is_wrong_is_listed_by_row() {
        let mut n = notes(
            "id,agent,criterion,reviewer,kind,text\n\
             c1,,patience,rita,dispute,\"call +7 700 000 01 02\"\n\
             c1,,,rita,comment,\n\
             c2,tom,,,Comment,fine\n\
             c2,zoe,,,comment,who\n\
             c2,,,,comment,whose\n\
             c9,,,,comment,nowhere\n\
             c1,,charm,,comment,x\n\
             c1,,,,praise,x\n\
             c3@x.kz,,,,accepted,\n\
             c2,tom,,,Comment,fine\n",
        );
        n.meet("c1", "ana");
        n.meet("c2", "tom");
        n.meet("c2", "eva");
        n.meet(&masked_id("c3@x.kz", crate::privacy::mask), "");
        let joined = n.join();
        let said: Vec<_> = joined
            .notes
            .iter()
            .map(|n| (n.conversation_id.as_str(), n.agent_id.as_str(), n.kind.name(), n.text.as_str()))
            .collect();
        assert_eq!(said[..2], [("c1", "ana", "dispute", "call [phone]"), ("c2", "tom", "comment", "fine")]);
        assert!(said.len() == 3 && said[2].0.starts_with("id-") && said[2].2 == "accepted", "{said:?}");
        let lines: Vec<u64> = joined.rejected.iter().map(|r| r.line).collect();
        assert_eq!(lines, [3, 5, 6, 7, 8, 9]);
        let what = |i: usize| joined.rejected[i].what.as_str();
        assert!(
            what(1).contains("\"zoe\" has no part in c2; its agents: eva, tom") && what(2).contains("several agents")
        );
        assert!(
            what(3).contains("no conversation \"c9\"")
                && what(4).contains("no criterion")
                && what(5).contains("not a kind")
        );
        assert_eq!(joined.of("tom").count(), 1);
    }
}
