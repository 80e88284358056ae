//! Reviewers' marks: what people say of the conversations that they were given to read.

use std::collections::BTreeSet;

use crate::ingest::formats::sheet::{HandRow, HandSheet, HandSheetError};
use crate::scorecard::{Band, Thresholds};

/// What a reviewer says of one criterion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    /// A score, 0..=100.
    Score(f64),
    /// A score in words.
    Band(Band),
    /// Nothing called for it.
    NotApplicable,
}

/// How bands and "not applicable" are written, beside their English names.
const WORDS: [(Mark, &[&str]); 4] = [
    (
        Mark::Band(Band::NeedsWork),
        &["needs work", "needs_work", "poor", "требует работы", "нужно работать", "плохо", "нашар"],
    ),
    (Mark::Band(Band::Good), &["good", "хорошо", "жақсы"]),
    (Mark::Band(Band::Excellent), &["excellent", "отлично", "өте жақсы"]),
    (
        Mark::NotApplicable,
        &["not applicable", "not_applicable", "n/a", "na", "неприменимо", "не применимо", "н/п", "қолданылмайды"],
    ),
];

impl Mark {
    /// Reads a cell; `None` when it is empty.
    ///
    /// # Errors
    /// Says what a mark may be.
    pub fn parse(cell: &str) -> Result<Option<Mark>, String> {
        let text = cell.trim().to_lowercase();
        if text.is_empty() {
            return Ok(None);
        }
        if let Some((mark, _)) = WORDS.iter().find(|(_, words)| words.contains(&text.as_str())) {
            return Ok(Some(*mark));
        }
        // A spreadsheet in a European locale writes a decimal comma.
        match text.replace(',', ".").parse::<f64>() {
            Ok(score) if (0.0..=100.0).contains(&score) => Ok(Some(Mark::Score(score))),
            _ => Err(format!("{cell:?} is not a mark: 0 to 100, needs work, good, excellent, or not applicable")),
        }
    }

    /// The band; `None` when it is not applicable.
    pub fn band(self, thresholds: Thresholds) -> Option<Band> {
        match self {
            Mark::Score(score) => Some(thresholds.band(score)),
            Mark::Band(band) => Some(band),
            Mark::NotApplicable => None,
        }
    }
}

/// One mark of one reviewer.
#[derive(Clone, Debug, PartialEq)]
pub struct Marked {
    /// File and line of the mark.
    pub place: (String, u64),
    /// Id of the conversation, as in the run.
    pub conversation_id: String,
    /// Whose part; empty when the reviewer does not say.
    pub agent_id: String,
    /// Who marked; empty when not said.
    pub reviewer: String,
    /// When, as given.
    pub date: String,
    /// Why the conversation was drawn, as in the sample.
    pub drawn: String,
    /// Index of the criterion in the list that was given to [`Marks::add`].
    pub criterion: usize,
    /// The mark.
    pub mark: Mark,
}

/// Something that cannot be used, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The file.
    pub file: String,
    /// Its line, counted from 1.
    pub line: u64,
    /// What is wrong, and what would help.
    pub what: String,
}

impl std::fmt::Display for Rejected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// All marks of some files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks {
    /// Those that can be used.
    pub rows: Vec<Marked>,
    /// What cannot be used.
    pub rejected: Vec<Rejected>,
}

/// Columns of a table of marks that are not a criterion's.
const OTHERS: [&str; 20] = [
    "conversation_id",
    "id",
    "agent_id",
    "agent",
    "reviewer",
    "date",
    "marked_at",
    "drawn",
    "channel",
    "language",
    "started_at",
    "queue",
    "team",
    "source",
    "comment",
    "overall",
    "criterion",
    "mark",
    "turns",
    "agent_words",
];

/// The column of the conversation's id.
pub(crate) const ID: [&str; 2] = ["conversation_id", "id"];
/// The column of the agent.
pub(crate) const AGENT: [&str; 2] = ["agent_id", "agent"];

impl Marks {
    /// Adds the marks of a table: a column a criterion (as `sabyr sample` writes it), or the columns `criterion` and `mark`.
    ///
    /// # Errors
    /// When a column is missing. Cells, criteria and repetitions that cannot be used are in [`Marks::rejected`].
    pub fn add(&mut self, sheet: &HandSheet, criteria: &[String]) -> Result<(), HandSheetError> {
        let id = sheet.needed(&ID)?;
        let column = |names: &[&str]| sheet.column(names);
        let (agent, reviewer) = (column(&AGENT), column(&["reviewer"]));
        let (date, drawn) = (column(&["date", "marked_at"]), column(&["drawn"]));
        let long = column(&["criterion"]).zip(column(&["mark"]));
        let reject = |line: u64, what: String| Rejected { file: sheet.file.clone(), line, what };
        let mut wide: Vec<(usize, usize)> = Vec::new();
        if long.is_none() {
            for (at, name) in sheet.header.iter().enumerate() {
                match criteria.iter().position(|c| c == name) {
                    Some(criterion) => wide.push((at, criterion)),
                    None if name.is_empty() || name.starts_with("sabyr_") || OTHERS.contains(&name.as_str()) => {}
                    None => self.rejected.push(reject(
                        1,
                        format!("the column {name:?} is not a criterion of the run; there are {}", criteria.join(", ")),
                    )),
                }
            }
            if wide.is_empty() {
                return Err(HandSheetError {
                    file: sheet.file.clone(),
                    reason: format!(
                        "no column with marks: name columns {}, or criterion and mark",
                        criteria.join(", ")
                    ),
                });
            }
        }
        self.rejected.extend(sheet.bad.iter().map(|(line, what)| reject(*line, what.clone())));
        let mut seen: BTreeSet<(String, String, String, usize)> = self
            .rows
            .iter()
            .map(|m| (m.conversation_id.clone(), m.agent_id.clone(), m.reviewer.clone(), m.criterion))
            .collect();
        for row in &sheet.rows {
            if row.get(Some(id)).is_empty() {
                self.rejected.push(reject(row.line, "no conversation_id in this row".into()));
                continue;
            }
            let mut take = |cell: &str, criterion: usize, rejected: &mut Vec<Rejected>| match Mark::parse(cell) {
                Err(what) => rejected.push(reject(row.line, format!("{}: {what}", criteria[criterion]))),
                Ok(None) => {}
                Ok(Some(mark)) => {
                    let text = |column: Option<usize>| row.get(column).to_owned();
                    let key = (text(Some(id)), text(agent), text(reviewer), criterion);
                    if seen.insert(key) {
                        self.rows.push(Marked {
                            place: (sheet.file.clone(), row.line),
                            conversation_id: text(Some(id)),
                            agent_id: text(agent),
                            reviewer: text(reviewer),
                            date: text(date),
                            drawn: text(drawn),
                            criterion,
                            mark,
                        });
                    } else {
                        let what = format!(
                            "{}: marked before by the same reviewer; the first mark counts",
                            criteria[criterion]
                        );
                        rejected.push(reject(row.line, what));
                    }
                }
            };
            match long {
                None => {
                    wide.iter().for_each(|(at, criterion)| take(row.get(Some(*at)), *criterion, &mut self.rejected))
                }
                Some((name, mark)) => match criterion_of(row, name, criteria) {
                    Ok(criterion) => take(row.get(Some(mark)), criterion, &mut self.rejected),
                    Err(what) => self.rejected.push(reject(row.line, what)),
                },
            }
        }
        Ok(())
    }
}

fn criterion_of(row: &HandRow, column: usize, criteria: &[String]) -> Result<usize, String> {
    let name = row.get(Some(column)).to_lowercase().replace(' ', "_");
    criteria
        .iter()
        .position(|c| *c == name)
        .ok_or_else(|| format!("there is no criterion {name:?} in the run; there are {}", criteria.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Marks, Result<(), HandSheetError>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.csv");
        std::fs::write(&path, text).unwrap();
        let sheet = HandSheet { file: "m.csv".into(), ..HandSheet::read(&path).unwrap() };
        let mut marks = Marks::default();
        let done = marks.add(&sheet, &["patience".into(), "empathy".into()]);
        (marks, done)
    }

    #[test]
    fn marks_are_scores_bands_or_not_applicable() {
        let mark = |t: &str| Mark::parse(t).unwrap();
        assert_eq!(mark(" 72,5 "), Some(Mark::Score(72.5)));
        assert_eq!(
            (mark("Good"), mark("n/a"), mark("Отлично")),
            (Some(Mark::Band(Band::Good)), Some(Mark::NotApplicable), Some(Mark::Band(Band::Excellent)))
        );
        assert_eq!(mark(""), None);
        assert!(["101", "-1", "ok", "NaN"].iter().all(|t| Mark::parse(t).is_err()));
        let t = Thresholds { good: 60.0, excellent: 80.0 };
        assert_eq!((Mark::Score(60.0).band(t), Mark::NotApplicable.band(t)), (Some(Band::Good), None));
    }

    #[test]
    fn both_layouts_are_read_and_what_cannot_be_used_is_listed_by_row() {
        let (marks, done) = read(
            "conversation_id,agent_id,reviewer,patience,empathy,charm,comment\nc1,a,r1,70,good,3,x\nc2,a,r1,ten,,,\n,a,r1,5,,,\nc1,a,r1,80,,,\n",
        );
        done.unwrap();
        assert_eq!(marks.rows.iter().map(|m| (m.place.1, m.criterion)).collect::<Vec<_>>(), [(2, 0), (2, 1)]);
        let said: Vec<String> = marks.rejected.iter().map(ToString::to_string).collect();
        assert!(
            said[0].contains("\"charm\" is not a criterion") && said[1].starts_with("m.csv:3: patience: \"ten\""),
            "{said:?}"
        );
        assert!(said[2].starts_with("m.csv:4: no conversation_id") && said[3].contains("marked before"), "{said:?}");

        let (marks, done) = read("id;criterion;mark\nc1;Patience;needs work\nc1;grace;5\n");
        done.unwrap();
        assert_eq!((marks.rows.len(), marks.rejected.len()), (1, 1));
        assert!(marks.rejected[0].what.contains("no criterion \"grace\""));
        assert!(read("id,comment\nc1,x\n").1.unwrap_err().reason.contains("no column with marks"));
    }
}
