//! Which phrases are said?
//!
//! Phrases are data (`lexicons/<lang>/<act>.toml`, described in `lexicons/README.md`). They are compiled once into one
//! automaton over words ([`Lexicon`]) and found in one pass ([`Reader`]).

pub mod acts;
mod automaton;
mod check;
mod classes;
mod compile;
pub(crate) mod context;
mod contractions;
mod file;
pub mod gold;
mod machine;
mod matcher;
mod pattern;
mod vocabulary;

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::learned::Model;
use context::Context;

pub use acts::{ACTS, Act, ActInfo, By};
pub use check::{Example, Overlap, check, examples, overlaps};
pub use classes::Distinct;
pub use compile::Rule;
pub use file::{Content, LexiconFile, Mistake, Negation};
pub use matcher::{Found, Reader, Reading, TurnReading};
pub use pattern::Pattern;

include!(concat!(env!("OUT_DIR"), "/lexicons.rs"));

/// All phrases, compiled.
#[derive(Debug)]
pub struct Lexicon {
    automaton: automaton::Automaton,
    vocabulary: vocabulary::Vocabulary,
    rules: Vec<Rule>,
    /// One a rule.
    briefs: Vec<compile::Brief>,
    /// What is fitted to labelled sets, if the lexicon is used with it.
    learned: Option<(&'static Model, Context)>,
    hash: String,
}

/// Why a lexicon could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LexiconError {
    /// Mistakes in its files.
    #[error("{}", mistakes(.0))]
    Mistakes(Vec<Mistake>),
    /// A mistake in the fitted model.
    #[error(transparent)]
    Model(#[from] crate::learned::Mistake),
    /// A folder that cannot be read.
    #[error("{path}: {error}; --lexicons takes a folder with en/, ru/ or kk/ in it")]
    Folder {
        /// The folder.
        path: String,
        /// What the system said.
        error: String,
    },
}

fn mistakes(all: &[Mistake]) -> String {
    let mut lines: Vec<String> = all.iter().take(20).map(ToString::to_string).collect();
    if all.len() > 20 {
        lines.push(format!("... and {} more", all.len() - 20));
    }
    lines.join("\n")
}

/// Reads the built-in lexicon files.
///
/// # Errors
/// Every mistake in them.
pub fn built_in_files() -> Result<Vec<LexiconFile>, LexiconError> {
    let (files, mistakes) = built_in_files_and_mistakes();
    if mistakes.is_empty() { Ok(files) } else { Err(LexiconError::Mistakes(mistakes)) }
}

/// As [`built_in_files`], with the mistakes beside the files that are right.
pub fn built_in_files_and_mistakes() -> (Vec<LexiconFile>, Vec<Mistake>) {
    parse_all(BUILT_IN.iter().map(|(path, source)| ((*path).to_owned(), (*source).to_owned())))
}

/// Reads the lexicon files of a folder: `<lang>/<act>.toml` and `<lang>/sets.toml`, in the order of their paths.
///
/// # Errors
/// A folder that cannot be read, one without lexicon files, or every mistake in the files.
pub fn files_of(folder: &Path) -> Result<Vec<LexiconFile>, LexiconError> {
    let (files, mistakes) = files_and_mistakes_of(folder)?;
    if mistakes.is_empty() { Ok(files) } else { Err(LexiconError::Mistakes(mistakes)) }
}

/// As [`files_of`], with the mistakes beside the files that are right.
///
/// # Errors
/// A folder that cannot be read, or one without lexicon files.
pub fn files_and_mistakes_of(folder: &Path) -> Result<(Vec<LexiconFile>, Vec<Mistake>), LexiconError> {
    let fail = |error: String| LexiconError::Folder { path: folder.display().to_string(), error };
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(|e| fail(e.to_string()))?;
        if entry.file_type().is_file() && entry.path().extension().is_some_and(|e| e == "toml") {
            let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            let path = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            let source = std::fs::read_to_string(entry.path()).map_err(|e| fail(format!("{path}: {e}")))?;
            found.push((path, source));
        }
    }
    if found.is_empty() {
        return Err(fail("no lexicon files (*.toml)".into()));
    }
    Ok(parse_all(found.into_iter()))
}

fn parse_all(all: impl Iterator<Item = (String, String)>) -> (Vec<LexiconFile>, Vec<Mistake>) {
    let (mut files, mut mistakes) = (Vec::new(), Vec::new());
    for (path, source) in all {
        match LexiconFile::parse(&path, &source) {
            Ok(f) => files.push(f),
            Err(m) => mistakes.push(m),
        }
    }
    (files, mistakes)
}

/// The built-in files with a user's laid over them: added, or in place of the built-in ones where they say `replace = true`.
pub fn overlay(mut base: Vec<LexiconFile>, user: Vec<LexiconFile>) -> Vec<LexiconFile> {
    let replaced: Vec<String> =
        user.iter().filter(|f| matches!(&f.content, Content::Act(a) if a.replace)).map(|f| f.path.clone()).collect();
    base.retain(|f| !replaced.contains(&f.path));
    base.extend(user);
    base
}

impl Lexicon {
    /// The lexicon that comes with the program.
    ///
    /// # Errors
    /// Mistakes in its files; the tests see to it that there are none.
    pub fn built_in() -> Result<Lexicon, LexiconError> {
        Ok(Lexicon::compile(&built_in_files()?)?.with_model(Model::built_in()?))
    }

    /// Compiles lexicon files.
    ///
    /// # Errors
    /// Every mistake in them, with file and line.
    pub fn compile(files: &[LexiconFile]) -> Result<Lexicon, LexiconError> {
        let (lexicon, mistakes) = Lexicon::compile_what_is_right(files);
        if mistakes.is_empty() { Ok(lexicon) } else { Err(LexiconError::Mistakes(mistakes)) }
    }

    /// Compiles what is right in lexicon files and returns every mistake beside it, for those who mend them.
    pub fn compile_what_is_right(files: &[LexiconFile]) -> (Lexicon, Vec<Mistake>) {
        let (compiled, mistakes) = compile::compile(files);
        let hash = short_hash(files.iter().flat_map(|f| [f.path.as_bytes(), f.source.as_bytes()]));
        let briefs = compiled.rules.iter().map(Rule::brief).collect();
        let compile::Compiled { automaton, vocabulary, rules } = compiled;
        (Lexicon { automaton, vocabulary, rules, briefs, learned: None, hash }, mistakes)
    }

    /// The same with what is fitted to labelled sets: measures and the acts that are told by their place.
    ///
    /// # Errors
    /// A mistake in the files of the model.
    pub fn with_model(mut self, model: &'static Model) -> Lexicon {
        let context = Context::new(model, &mut self.rules);
        self.briefs = self.rules.iter().map(Rule::brief).collect();
        self.hash = short_hash([self.hash.as_bytes(), model.hash().as_bytes()]);
        self.learned = Some((model, context));
        self
    }

    /// The fitted model, if the lexicon is used with it.
    pub fn model(&self) -> Option<&'static Model> {
        self.learned.as_ref().map(|l| l.0)
    }

    fn context(&self) -> Option<&Context> {
        self.learned.as_ref().map(|l| &l.1)
    }

    /// A phrase by its index.
    pub fn rule(&self, index: u32) -> &Rule {
        &self.rules[index as usize]
    }

    /// Every phrase.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The first 16 hexadecimal digits of the SHA-256 of all files.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Nodes of the automaton.
    pub fn nodes(&self) -> usize {
        self.automaton.len()
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of some texts.
pub(crate) fn short_hash<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update(text);
        hasher.update([0]);
    }
    hasher.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect()
}
