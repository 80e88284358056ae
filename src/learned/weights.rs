//! The file of fitted weights: one feature a line, so that anyone can look up what moves a measure.
//!
//! Columns parted by tabs: the kind of the line, its text, and a weight a head in thousandths of a logit (nothing is 0).
//! `#` begins a note: sets, sizes and figures of the fit. Kinds: `head` names the columns, `scale` is what the acts
//! count for in each head, `w`, `p`, `s` are words, pairs and pieces, `c` is the place and the company of an act (`crate::lexicon`'s context).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{HEADS, Head, Kind, Weights};

/// What is wrong in a file of the model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("data/learned, line {line}: {message}")]
pub struct Mistake {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// The file as it is read and written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The lines that begin with `#`, without it.
    pub notes: Vec<String>,
    /// Weight of what the acts say, for each head, in thousandths.
    pub scale: [i32; HEADS],
    /// Features and their weights.
    pub features: Vec<(Kind, String, Weights)>,
    /// Place and company of an act: name and weights.
    pub context: BTreeMap<String, Weights>,
}

impl Table {
    /// Reads a file.
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub fn parse(text: &str) -> Result<Table, Mistake> {
        let mut table = Table { scale: [1000; HEADS], ..Table::default() };
        let mut heads: Vec<Head> = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let fail = |message: String| Mistake { line: i + 1, message };
            if let Some(note) = line.strip_prefix('#') {
                table.notes.push(note.trim().to_owned());
                continue;
            }
            let mut cells = line.split('\t');
            let (Some(kind), Some(name)) = (cells.next(), cells.next()) else {
                return Err(fail("a line has a kind, a text and weights, parted by tabs".into()));
            };
            if kind == "head" {
                for cell in cells {
                    let head = Head::ALL.into_iter().find(|h| h.name() == cell);
                    heads.push(head.ok_or_else(|| fail(format!("there is no head {cell:?}")))?);
                }
                continue;
            }
            let mut values = [0_i32; HEADS];
            for (k, cell) in cells.enumerate().filter(|(_, c)| !c.is_empty()) {
                let head = heads.get(k).ok_or_else(|| fail("more weights than heads".into()))?;
                values[*head as usize] = cell.parse().map_err(|_| fail(format!("{cell:?} is no whole number")))?;
            }
            let kind = match kind {
                "scale" => {
                    table.scale = values;
                    continue;
                }
                "w" => Some(Kind::Word),
                "p" => Some(Kind::Pair),
                "s" => Some(Kind::Piece),
                "c" => None,
                other => return Err(fail(format!("there is no kind {other:?}"))),
            };
            let mut weights = Weights::default();
            for (w, v) in weights.iter_mut().zip(values) {
                *w = v.try_into().map_err(|_| fail(format!("the weight {v} is too large")))?;
            }
            match kind {
                Some(kind) => table.features.push((kind, name.to_owned(), weights)),
                None => drop(table.context.insert(name.to_owned(), weights)),
            }
        }
        Ok(table)
    }

    /// The file of this table, features in the order of their kinds and texts.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for note in &self.notes {
            let _ = writeln!(out, "# {note}");
        }
        let _ = writeln!(out, "head\t\t{}", Head::ALL.map(Head::name).join("\t"));
        let mut line = |kind: &str, name: &str, values: &[i32]| {
            let cells: Vec<String> =
                values.iter().map(|v| if *v == 0 { String::new() } else { v.to_string() }).collect();
            let _ = writeln!(out, "{}", format!("{kind}\t{name}\t{}", cells.join("\t")).trim_end_matches('\t'));
        };
        line("scale", "", &self.scale);
        for (name, weights) in &self.context {
            line("c", name, &weights.map(i32::from));
        }
        let mut features: Vec<_> = self.features.iter().collect();
        features.sort_unstable_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        for (kind, name, weights) in features {
            line(&kind.letter().to_string(), name, &weights.map(i32::from));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_as_it_is_written() {
        let mut table = Table { notes: vec!["sets: a 3".into()], ..Table::default() };
        table.scale[0] = 1480;
        let mut weights = Weights::default();
        (weights[1], weights[8]) = (-3, 7);
        table.features.push((Kind::Pair, "i can".into(), weights));
        table.context.insert("place:last".into(), weights);
        let text = table.text();
        assert_eq!(Table::parse(&text).unwrap(), table);
        assert!(text.contains("\np\ti can\t\t-3\t"), "{text}");
    }

    #[test]
    fn mistakes_name_their_line() {
        for (text, want) in [
            ("head\t\tempathy\nw\tx\tmany", "no whole number"),
            ("head\t\tlove", "no head"),
            ("w\tx\t1", "more weights"),
            ("head\t\tempathy\nq\tx\t1", "no kind"),
            ("head\t\tempathy\nw\tx\t99999", "too large"),
            ("nonsense", "parted by tabs"),
        ] {
            let e = Table::parse(text).unwrap_err();
            assert!(e.message.contains(want), "{text:?} gave {e}");
        }
    }
}
