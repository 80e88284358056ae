//! The sheet of evidence: sorted by agent and, within an agent, by conversation, so that a link can select what belongs to either.
//!
//! The table is in the order of the input. Its rows are put aside in a temporary file, and only their places are sorted in memory.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::grid::Grid;
use super::source::{Keep, TableFile, Value};
use crate::report::run_folder::RunError;

/// First and last row of the sheet, counted from 0.
pub(super) type Rows = (u32, u32);

/// Where the evidence of whom is.
#[derive(Default)]
pub(super) struct Places {
    pub(super) agents: BTreeMap<String, Rows>,
    /// By [`part`].
    parts: HashMap<u64, Rows>,
}

impl Places {
    /// The rows of one agent's part of a conversation.
    pub(super) fn part(&self, conversation: &str, agent: &str) -> Option<Rows> {
        self.parts.get(&part(conversation, agent)).copied()
    }
}

/// 64 bits of an agent's part of a conversation: of a sheet's rows hardly ever two meet, and then a link is a few rows off.
fn part(conversation: &str, agent: &str) -> u64 {
    let mut h = DefaultHasher::new();
    (conversation, agent).hash(&mut h);
    h.finish()
}

/// Columns that rows are sorted and chosen by, as the table of evidence has them.
struct Columns {
    conversation: usize,
    agent: usize,
    points: usize,
}

fn text<'a>(value: Option<&Value<'a>>) -> &'a str {
    match value {
        Some(Value::Text(t)) => t,
        _ => "",
    }
}

/// Fills the sheet with so many rows at the most, those that cost most.
pub(super) fn fill(
    file: &TableFile,
    names: &[String],
    grid: &mut Grid,
    most: usize,
    folder: &Path,
) -> Result<Places, RunError> {
    let at = |name: &str| names.iter().position(|n| n == name).unwrap_or_default();
    let columns = Columns { conversation: at("conversation_id"), agent: at("agent_id"), points: at("points") };
    let wrong = |e: io::Error| RunError::Io(folder.join("report.xlsx"), e);
    let mut keep = Keep::lowest(file, "points", most)?;

    // Agents in the order they are met, and of each row its agent and where it is put aside.
    let mut agents: BTreeMap<String, usize> = BTreeMap::new();
    let mut rows: Vec<(usize, u64)> = Vec::with_capacity(most.min(file.rows()));
    let mut aside = BufWriter::with_capacity(1 << 16, tempfile::tempfile_in(folder).map_err(wrong)?);
    let (mut offset, mut record) = (0, Vec::new());
    file.each(None, Some((columns.points, &mut keep)), |row| {
        let agent = text(row.get(columns.agent));
        let met = agents.len();
        let agent = match agents.get(agent) {
            Some(&n) => n,
            None => *agents.entry(agent.to_owned()).or_insert(met),
        };
        record.clear();
        row.iter().for_each(|value| encode(value, &mut record));
        aside.write_all(&record).map_err(wrong)?;
        rows.push((agent, offset));
        offset += record.len() as u64;
        Ok(())
    })?;

    let mut rank = vec![0; agents.len()];
    agents.values().enumerate().for_each(|(by_name, &met)| rank[met] = by_name);
    rows.sort_by_key(|(agent, _)| rank[*agent]);

    let mut aside = BufReader::with_capacity(1 << 14, aside.into_inner().map_err(|e| wrong(e.into_error()))?);
    aside.seek(SeekFrom::Start(0)).map_err(wrong)?;
    let (mut places, mut position) = (Places::default(), 0);
    for (_, offset) in rows {
        aside.seek_relative(offset as i64 - position as i64).map_err(wrong)?;
        let mut read = Counted { from: &mut aside, bytes: 0 };
        let owned = (0..names.len()).map(|_| decode(&mut read)).collect::<io::Result<Vec<Owned>>>().map_err(wrong)?;
        position = offset + read.bytes;
        let values: Vec<Value<'_>> = owned.iter().map(Owned::value).collect();
        let here = grid.next();
        let (agent, conversation) = (text(values.get(columns.agent)), text(values.get(columns.conversation)));
        match places.agents.get_mut(agent) {
            Some(of_agent) => of_agent.1 = here,
            None => drop(places.agents.insert(agent.to_owned(), (here, here))),
        }
        places.parts.entry(part(conversation, agent)).or_insert((here, here)).1 = here;
        grid.row(&values, None)?;
    }
    Ok(places)
}

/// A value read back.
enum Owned {
    Empty,
    Text(String),
    Whole(i64),
    Number(f64),
}

impl Owned {
    fn value(&self) -> Value<'_> {
        match self {
            Owned::Empty => Value::Empty,
            Owned::Text(t) => Value::Text(t),
            Owned::Whole(n) => Value::Whole(*n),
            Owned::Number(n) => Value::Number(*n),
        }
    }
}

fn encode(value: &Value<'_>, to: &mut Vec<u8>) {
    let (kind, bytes) = match value {
        Value::Empty => (0, [0; 8]),
        Value::Text(t) => (1, (t.len() as u64).to_le_bytes()),
        Value::Whole(n) => (2, n.to_le_bytes()),
        Value::Number(n) => (3, n.to_le_bytes()),
    };
    to.push(kind);
    if kind != 0 {
        to.extend_from_slice(&bytes);
    }
    if let Value::Text(t) = value {
        to.extend_from_slice(t.as_bytes());
    }
}

fn decode(from: &mut impl Read) -> io::Result<Owned> {
    let mut kind = [0];
    from.read_exact(&mut kind)?;
    if kind[0] == 0 {
        return Ok(Owned::Empty);
    }
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    Ok(match kind[0] {
        2 => Owned::Whole(i64::from_le_bytes(bytes)),
        3 => Owned::Number(f64::from_le_bytes(bytes)),
        _ => {
            let mut text = Vec::new();
            from.take(u64::from_le_bytes(bytes)).read_to_end(&mut text)?;
            Owned::Text(String::from_utf8(text).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?)
        }
    })
}

/// A reader that knows how much was read.
struct Counted<'r> {
    from: &'r mut BufReader<File>,
    bytes: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(to)?;
        self.bytes += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were_put_aside() {
        let row = [Value::Text("Дәлел\n=1"), Value::Empty, Value::Whole(-7), Value::Number(0.1), Value::Text("")];
        let mut bytes = Vec::new();
        row.iter().for_each(|v| encode(v, &mut bytes));
        let mut from = bytes.as_slice();
        for want in &row {
            assert_eq!(decode(&mut from).unwrap().value(), *want);
        }
        assert!(from.is_empty() && decode(&mut from).is_err());
    }
}
