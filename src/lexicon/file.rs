//! Lexicon files: reading them with the line of every mistake, and writing them in their canonical form.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use serde::Deserialize;
use toml::Spanned;

use crate::model::Language;

/// A mistake in a lexicon file, with its line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistake {
    /// Path of the file within the lexicon folder.
    pub file: String,
    /// Line, counted from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message),
            line => write!(f, "{}:{line}: {}", self.file, self.message),
        }
    }
}

/// What negation in front of a match does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Negation {
    /// Drops it.
    #[default]
    Bar,
    /// Nothing.
    Keep,
    /// Turns it into the act named by `flipped`.
    Flip,
}

impl Negation {
    fn name(self) -> &'static str {
        match self {
            Negation::Bar => "bar",
            Negation::Keep => "keep",
            Negation::Flip => "flip",
        }
    }
}

/// A file of one act in one language, as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActFile {
    /// Name of the act.
    pub act: Spanned<String>,
    /// In a user's folder: use this file instead of the built-in one, not beside it.
    #[serde(default)]
    pub replace: bool,
    /// What negation does.
    #[serde(default)]
    pub negation: Negation,
    /// The act that a negated match turns into.
    #[serde(default)]
    pub flipped: Option<Spanned<String>>,
    /// Unmistakable wording, strength 1.0.
    #[serde(default)]
    pub strong: Vec<Spanned<String>>,
    /// Ordinary wording, strength 0.8.
    #[serde(default)]
    pub phrases: Vec<Spanned<String>>,
    /// Wording that often means it, strength 0.5.
    #[serde(default)]
    pub weak: Vec<Spanned<String>>,
    /// Look-alikes: a match that overlaps one of these is dropped.
    #[serde(default)]
    pub unless: Vec<Spanned<String>>,
    /// Sentences in which the act must be found.
    #[serde(default)]
    pub finds: Vec<Spanned<String>>,
    /// Sentences in which it must not.
    #[serde(default)]
    pub passes: Vec<Spanned<String>>,
}

/// The named sets of a language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetsFile {
    /// Name → members.
    pub sets: BTreeMap<String, Vec<Spanned<String>>>,
}

/// A lexicon file read: which language, and what it holds.
#[derive(Debug)]
pub struct LexiconFile {
    /// Path within the lexicon folder, `/` between parts.
    pub path: String,
    /// From the folder's name.
    pub language: Language,
    /// Its text.
    pub source: String,
    /// What it holds.
    pub content: Content,
    /// Bytes at which its lines begin.
    lines: Vec<usize>,
}

/// An act's phrases or a language's sets.
#[derive(Debug)]
pub enum Content {
    /// `<family.act>.toml`
    Act(Box<ActFile>),
    /// `sets.toml`
    Sets(SetsFile),
}

impl LexiconFile {
    /// Reads a file of a lexicon folder; `path` is like `en/empathy.apology.toml`.
    ///
    /// # Errors
    /// The first mistake in its TOML, with the line.
    pub fn parse(path: &str, source: &str) -> Result<LexiconFile, Mistake> {
        let fail = |line: usize, message: String| Mistake { file: path.to_owned(), line, message };
        let (folder, name) =
            path.rsplit_once('/').ok_or_else(|| fail(0, "lexicon files stand in a folder en, ru or kk".into()))?;
        let language = Language::ALL
            .into_iter()
            .find(|l| folder == l.code())
            .ok_or_else(|| fail(0, format!("the folder {folder:?} is not a language; use en, ru or kk")))?;
        let toml_mistake = |e: toml::de::Error| {
            let line = e.span().map_or(0, |s| line_of(source, s.start));
            fail(line, e.message().to_owned())
        };
        let content = if name == "sets.toml" {
            Content::Sets(toml::from_str(source).map_err(toml_mistake)?)
        } else {
            let file: ActFile = toml::from_str(source).map_err(toml_mistake)?;
            let stem = name.strip_suffix(".toml").unwrap_or(name);
            if file.act.get_ref() != stem {
                let line = line_of(source, file.act.span().start);
                return Err(fail(
                    line,
                    format!("the act {:?} must stand in a file of its name, not in {name}", file.act.get_ref()),
                ));
            }
            Content::Act(Box::new(file))
        };
        let lines = std::iter::once(0).chain(memchr::memchr_iter(b'\n', source.as_bytes()).map(|i| i + 1)).collect();
        Ok(LexiconFile { path: path.to_owned(), language, source: source.to_owned(), content, lines })
    }

    /// Line of a spanned value, counted from 1.
    pub fn line(&self, value: &Spanned<String>) -> usize {
        self.lines.partition_point(|start| *start <= value.span().start)
    }

    /// The file in its canonical form: head comment kept, patterns sorted and without repetition.
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        for line in self.source.lines().take_while(|l| l.starts_with('#') || l.trim().is_empty()) {
            if !line.trim().is_empty() {
                let _ = writeln!(out, "{}", line.trim_end());
            }
        }
        match &self.content {
            Content::Sets(file) => {
                let _ = writeln!(out, "[sets]");
                for (name, members) in &file.sets {
                    list(&mut out, name, members, true);
                }
            }
            Content::Act(file) => {
                let _ = writeln!(out, "act = {}", quoted(file.act.get_ref()));
                if file.replace {
                    out.push_str("replace = true\n");
                }
                if file.negation != Negation::Bar {
                    let _ = writeln!(out, "negation = \"{}\"", file.negation.name());
                }
                if let Some(flipped) = &file.flipped {
                    let _ = writeln!(out, "flipped = {}", quoted(flipped.get_ref()));
                }
                list(&mut out, "strong", &file.strong, true);
                list(&mut out, "phrases", &file.phrases, true);
                list(&mut out, "weak", &file.weak, true);
                list(&mut out, "unless", &file.unless, true);
                list(&mut out, "finds", &file.finds, false);
                list(&mut out, "passes", &file.passes, false);
            }
        }
        out
    }
}

fn list(out: &mut String, name: &str, items: &[Spanned<String>], sorted: bool) {
    if items.is_empty() {
        return;
    }
    let mut items: Vec<&str> = items.iter().map(|s| s.get_ref().as_str()).collect();
    if sorted {
        items.sort_unstable();
        items.dedup();
    }
    let _ = writeln!(out, "{name} = [");
    for item in items {
        let _ = writeln!(out, "  {},", quoted(item));
    }
    out.push_str("]\n");
}

fn quoted(s: &str) -> String {
    format!("\"{}\"", s.replace('\\', "\\\\").replace('"', "\\\""))
}

fn line_of(source: &str, at: usize) -> usize {
    source.as_bytes()[..at.min(source.len())].iter().filter(|b| **b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_carry_their_line() {
        let e = LexiconFile::parse("en/a.b.toml", "act = \"a.b\"\nphrases = [\n  3,\n]\n").unwrap_err();
        assert_eq!(e.line, 3, "{e}");
        let e = LexiconFile::parse("en/a.b.toml", "\nact = \"other\"\n").unwrap_err();
        assert_eq!((e.line, e.message.contains("a.b.toml")), (2, true));
        assert!(LexiconFile::parse("de/a.b.toml", "").unwrap_err().message.contains("not a language"));
        assert!(
            LexiconFile::parse("en/a.b.toml", "act = \"a.b\"\nphrase = []\n").is_err(),
            "unknown keys are mistakes"
        );
    }

    #[test]
    fn the_canonical_form_is_sorted_and_stable() {
        let f = LexiconFile::parse("en/a.b.toml", "# head\nact = \"a.b\"\nphrases = [\"z\", \"b \\\"q\\\"\", \"z\"]\n")
            .unwrap();
        let text = f.canonical();
        assert_eq!(text, "# head\nact = \"a.b\"\nphrases = [\n  \"b \\\"q\\\"\",\n  \"z\",\n]\n");
        assert_eq!(LexiconFile::parse("en/a.b.toml", &text).unwrap().canonical(), text);
    }
}
