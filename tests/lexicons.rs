//! Every example of every lexicon file is found or passed over as the file says.
//!
//! One test a file, since test runners that start a process a test would compile the lexicon once a sentence;
//! `SABYR_EACH_EXAMPLE=1` makes each sentence a test with its own name. `SABYR_BLESS=1` rewrites files that are not in
//! their canonical form.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::LazyLock;

use libtest_mimic::{Arguments, Failed, Trial};
use sabyr::lexicon::{self, ACTS, Content, Example, Lexicon, LexiconFile, Mistake, Reader};
use sabyr::model::Language;

/// The files that can be read, and the mistakes in those that cannot.
static FILES: LazyLock<(Vec<LexiconFile>, Vec<Mistake>)> = LazyLock::new(lexicon::built_in_files_and_mistakes);

/// What compiles of them, and the mistakes in what does not: compiled once, and only when a test wants it.
static COMPILED: LazyLock<(Lexicon, Vec<Mistake>)> = LazyLock::new(|| Lexicon::compile_what_is_right(&FILES.0));

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let each = std::env::var_os("SABYR_EACH_EXAMPLE").is_some_and(|v| v != "0");
    let mut tests = of_examples(lexicon::examples(&FILES.0), each);
    tests.extend([
        Trial::test("lexicon: every file can be read and compiled", all_compile),
        Trial::test("lexicon: check finds no mistake", check_finds_nothing),
        Trial::test("lexicon: every file is in its canonical form", all_are_canonical),
        Trial::test("lexicon: every scored act has phrases in every language", every_scored_act_is_there),
        Trial::test("lexicon: examples fail when they should", examples_can_fail),
    ]);
    libtest_mimic::run(&arguments, tests).exit_code()
}

/// `en/empathy.apology.toml` as `lexicon::en::empathy.apology`.
fn name(file: &str) -> String {
    format!("lexicon::{}", file.trim_end_matches(".toml").replace('/', "::"))
}

fn of_examples(examples: Vec<Example>, each: bool) -> Vec<Trial> {
    if each {
        // A sentence may stand in two files but has one name a file: its line tells repetitions apart.
        return examples
            .into_iter()
            .map(|e| {
                let verb = if e.found { "finds" } else { "passes" };
                let text = e.text.split_whitespace().collect::<Vec<_>>().join(" ");
                let title = format!("{}:{}::{verb}: {text}", name(&e.file), e.line);
                Trial::test(title, move || all_hold(&[e]))
            })
            .collect();
    }
    let mut by_file: BTreeMap<String, Vec<Example>> = BTreeMap::new();
    for e in examples {
        by_file.entry(e.file.clone()).or_default().push(e);
    }
    by_file
        .into_iter()
        .map(|(file, examples)| {
            let finds = examples.iter().filter(|e| e.found).count();
            let title = format!("{} ({finds} finds, {} passes)", name(&file), examples.len() - finds);
            Trial::test(title, move || all_hold(&examples))
        })
        .collect()
}

fn all_hold(examples: &[Example]) -> Result<(), Failed> {
    let lexicon = &COMPILED.0;
    let mut reader = Reader::new(lexicon);
    none(examples.iter().filter_map(|e| e.check(lexicon, &mut reader).err()))
}

/// Fails with a line a mistake, if there is any.
fn none(mistakes: impl Iterator<Item = impl ToString>) -> Result<(), Failed> {
    let mut text = String::new();
    for m in mistakes {
        let _ = writeln!(text, "{}", m.to_string());
    }
    if text.is_empty() { Ok(()) } else { Err(text.into()) }
}

fn all_compile() -> Result<(), Failed> {
    if COMPILED.0.rules().is_empty() {
        return Err("the lexicon is empty".into());
    }
    none(FILES.1.iter().chain(&COMPILED.1))
}

fn check_finds_nothing() -> Result<(), Failed> {
    none(lexicon::check(&FILES.0, &COMPILED.0).iter())
}

fn all_are_canonical() -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("lexicons");
    let bless = std::env::var_os("SABYR_BLESS").is_some();
    let mut wrong = Vec::new();
    for file in &FILES.0 {
        let canonical = file.canonical();
        if canonical == file.source {
            continue;
        }
        let path = folder.join(&file.path);
        if !bless {
            wrong.push(format!("{}: not in its canonical form", file.path));
        } else if std::fs::read_to_string(&path)? == file.source {
            std::fs::write(&path, canonical)?;
        } else {
            wrong.push(format!("{}: changed since the tests were built; run them again", file.path));
        }
    }
    if !wrong.is_empty() {
        wrong.push("SABYR_BLESS=1 or `sabyr lexicon check lexicons --write` sorts them".to_owned());
    }
    none(wrong.iter())
}

fn every_scored_act_is_there() -> Result<(), Failed> {
    let there = |language: Language, act: &str| {
        FILES
            .0
            .iter()
            .any(|f| f.language == language && matches!(&f.content, Content::Act(a) if a.act.get_ref() == act))
    };
    let mut missing = Vec::new();
    for act in ACTS.iter().filter(|a| a.scored) {
        for language in Language::ALL {
            if !there(language, act.name) {
                missing.push(format!(
                    "lexicons/{}/{}.toml is missing: a score rests on this act",
                    language.code(),
                    act.name
                ));
            }
        }
    }
    none(missing.iter())
}

/// The tests above are worth something only if a wrong example is one: turned round, every example must fail.
fn examples_can_fail() -> Result<(), Failed> {
    let lexicon = &COMPILED.0;
    let mut reader = Reader::new(lexicon);
    let mut examples = lexicon::examples(&FILES.0);
    if examples.len() < 1000 {
        return Err(format!("hardly any examples: {}", examples.len()).into());
    }
    examples.retain(|e| e.check(lexicon, &mut reader).is_ok());
    for e in &mut examples {
        e.found = !e.found;
    }
    none(
        examples
            .iter()
            .filter(|e| e.check(lexicon, &mut reader).is_ok())
            .map(|e| format!("{}:{} holds either way", e.file, e.line)),
    )
}
