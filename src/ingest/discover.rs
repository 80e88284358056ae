//! Which files are meant, in which formats are they, and in which order are they read?

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use walkdir::{DirEntry, WalkDir};

use super::{Format, Options, Record, Sink, Source, formats, side};
use crate::model::{Conversation, NoteKind, Place, Quarantined, Reason};

/// Why the inputs cannot be read at all: a wrong use, told before anything is read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// No such file or folder.
    #[error("{0}: no such file or folder; check the spelling and the working directory")]
    Missing(String),
    /// A pattern that no file matches.
    #[error("{0}: no file matches this pattern; `**` stands for any folders, and hidden files are passed over")]
    NoMatch(String),
    /// Not a pattern.
    #[error("{pattern}: not a file, and not a valid pattern: {detail}")]
    Pattern {
        /// As the user wrote it.
        pattern: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A folder without files.
    #[error("{0}: no files in this folder (hidden files are passed over); name the folder that holds the transcripts")]
    EmptyFolder(String),
    /// A device or a pipe: files are read twice, to recognise and to score.
    #[error("{0}: not a regular file; write the data to a file first")]
    NotAFile(String),
    /// A folder that cannot be listed.
    #[error("{path}: cannot be listed: {detail}; check its permissions")]
    Unreadable {
        /// The folder.
        path: String,
        /// What the operating system said.
        detail: String,
    },
    /// Nothing named.
    #[error("no input named; name files, folders or patterns such as 'calls/**/*.jsonl'")]
    Nothing,
}

/// The files that `inputs` mean: files as they are, folders with all that is in them, patterns (`*`, `?`, `[a-z]`,
/// `{a,b}`, `**`) with all that match. Order: as named, and within a folder by name. Hidden files and folders are passed
/// over unless named; a file that is meant twice comes once.
///
/// # Errors
/// [`InputError`] when an input means no file.
pub fn discover(inputs: &[String]) -> Result<Vec<Source>, InputError> {
    if inputs.is_empty() {
        return Err(InputError::Nothing);
    }
    let (mut sources, mut seen) = (Vec::new(), BTreeSet::new());
    for input in inputs {
        for path in meant(input)? {
            // The same file by another path is still the same; where that cannot be told, the path decides.
            let real = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            if seen.insert(real) {
                sources.push(Source { file: path.into() });
            }
        }
    }
    Ok(sources)
}

fn meant(input: &str) -> Result<Vec<PathBuf>, InputError> {
    let path = Path::new(input);
    match std::fs::metadata(path) {
        Ok(m) if m.is_dir() => {
            let files = walk(path, false, |_| true)?;
            if files.is_empty() { Err(InputError::EmptyFolder(input.to_owned())) } else { Ok(files) }
        }
        Ok(m) if m.is_file() => Ok(vec![path.to_owned()]),
        Ok(_) => Err(InputError::NotAFile(input.to_owned())),
        Err(_) if input.contains(['*', '?', '[', '{']) => matching(input),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(InputError::Missing(input.to_owned())),
        Err(e) => Err(InputError::Unreadable { path: input.to_owned(), detail: e.to_string() }),
    }
}

fn matching(pattern: &str) -> Result<Vec<PathBuf>, InputError> {
    let matcher: GlobMatcher = GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map_err(|e| InputError::Pattern { pattern: pattern.to_owned(), detail: e.kind().to_string() })?
        .compile_matcher();
    // Walk from the last folder that is named outright.
    let base: PathBuf = Path::new(pattern).components().take_while(|c| !has_meta(c.as_os_str())).collect::<PathBuf>();
    let from = if base.as_os_str().is_empty() { Path::new(".") } else { &base };
    if !from.is_dir() {
        return Err(InputError::NoMatch(pattern.to_owned()));
    }
    let hidden =
        pattern[base.as_os_str().len().min(pattern.len())..].split(['/', '\\']).any(|part| part.starts_with('.'));
    let files = walk(from, hidden, |path| {
        let path = if base.as_os_str().is_empty() { path.strip_prefix(".").unwrap_or(path) } else { path };
        // A folder that matches stands for what is in it.
        path.ancestors().take_while(|p| !p.as_os_str().is_empty() && *p != base).any(|p| matcher.is_match(p))
    })?;
    let files: Vec<_> = files.into_iter().map(|p| p.strip_prefix(".").map(Path::to_owned).unwrap_or(p)).collect();
    if files.is_empty() { Err(InputError::NoMatch(pattern.to_owned())) } else { Ok(files) }
}

fn has_meta(part: &OsStr) -> bool {
    part.to_string_lossy().contains(['*', '?', '[', '{'])
}

/// The regular files under a folder that are wanted, sorted by name folder by folder.
fn walk(folder: &Path, hidden: bool, wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, InputError> {
    let shown = |e: &DirEntry| {
        let named = hidden || e.depth() == 0 || !e.file_name().as_encoded_bytes().starts_with(b".");
        // The folders of a mailbox are hidden (`.Sent`), what is still being delivered is not.
        (named || is_maildir(e.path())) && !is_upkeep(e)
    };
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter().filter_entry(shown) {
        let entry = entry.map_err(|e| InputError::Unreadable {
            path: e.path().unwrap_or(folder).display().to_string(),
            detail: e.io_error().map_or_else(|| "a link that leads back to itself".to_owned(), ToString::to_string),
        })?;
        if entry.file_type().is_file() && wanted(entry.path()) {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// Whether a folder is a Maildir: `cur`, `new` and `tmp` are in it.
fn is_maildir(folder: &Path) -> bool {
    ["cur", "new", "tmp"].iter().all(|name| folder.join(name).is_dir())
}

/// Whether an entry of a Maildir is no letter: what is still being delivered, and what mail servers keep for themselves.
fn is_upkeep(entry: &DirEntry) -> bool {
    const FILES: [&str; 7] =
        ["dovecot", "courier", "maildirfolder", "maildirsize", "subscriptions", "imapkeywords", "sieve"];
    let name = entry.file_name().to_string_lossy();
    let own = if entry.file_type().is_dir() { name == "tmp" } else { FILES.iter().any(|f| name.starts_with(f)) };
    own && entry.depth() > 0 && entry.path().parent().is_some_and(is_maildir)
}

/// The format of a file: the one `options` name, or the one that is surest of its beginning.
///
/// # Errors
/// A [`Quarantined`] for the file when it cannot be opened, is empty, or no format knows it.
pub fn recognise(source: &Source, options: &Options) -> Result<&'static dyn Format, Quarantined> {
    let bad = |reason| Quarantined { place: Place::file(&source.file), conversation_id: None, reason };
    let names = || formats::ALL.iter().map(|f| f.name()).collect::<Vec<_>>().join(", ");
    if let Some(name) = &options.format {
        return formats::named(name)
            .ok_or_else(|| bad(Reason::Content(format!("no format is named {name:?}; there are {}", names()))));
    }
    if options.mapping.as_ref().is_some_and(|m| m.applies_to(&source.name())) {
        return Ok(&formats::mapped::Mapped);
    }
    let beginning = source.sample(options).map_err(bad)?;
    let sample = beginning.sample();
    if sample.text.trim().is_empty() {
        return Err(bad(Reason::Content("the file is empty".to_owned())));
    }
    let sure: Vec<(u8, &'static dyn Format)> = formats::ALL.iter().map(|&f| (f.recognise(&sample), f)).collect();
    let most = sure.iter().map(|(s, _)| *s).max().filter(|s| *s > 0);
    let mut best = sure.iter().filter(|(s, _)| Some(*s) == most).map(|(_, f)| *f);
    match best.next() {
        Some(format) => match best.next() {
            None => Ok(format),
            Some(other) => Err(bad(Reason::Content(format!(
                "this could be {} or {}; say which with --format",
                format.name(),
                other.name()
            )))),
        },
        None => Err(bad(Reason::Content(match known_stranger(sample.bytes).or_else(|| text_stranger(&sample.text)) {
            Some(what) => format!("this is {what}; `sabyr formats` lists what is read"),
            None => {
                "not recognised as any format (`sabyr formats` lists them); name it with --format, or describe it with \
                     --map (`sabyr inspect --suggest-map` proposes a mapping)"
                    .to_owned()
            }
        }))),
    }
}

/// Files that get among transcripts, by their first bytes.
fn known_stranger(bytes: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 9] = [
        (b"%PDF", "a PDF document (export the text)"),
        (b"PK\x03\x04", "a ZIP archive or an Office document (unpack it, or save the sheet as .xlsx or CSV)"),
        (b"\xd0\xcf\x11\xe0", "an old Office document (save it as .xlsx or CSV)"),
        (b"RIFF", "a sound file (transcribe it first)"),
        (b"ID3", "a sound file (transcribe it first)"),
        (b"OggS", "a sound file (transcribe it first)"),
        (b"\xff\xfb", "a sound file (transcribe it first)"),
        (b"\x89PNG", "a picture"),
        (b"\xff\xd8\xff", "a picture"),
    ];
    KNOWN.iter().find(|(head, _)| bytes.starts_with(head)).map(|(_, what)| *what)
}

/// Text of other kinds that gets among transcripts.
fn text_stranger(text: &str) -> Option<&'static str> {
    let text = text.trim_start();
    if text.starts_with(['{', '[']) {
        Some(
            "JSON of an export that is not known; describe it with --map (`sabyr inspect --suggest-map` proposes a mapping)",
        )
    } else if text.starts_with("WEBVTT") || text.contains(" --> ") {
        Some("like subtitles, but no cue can be read (write its times as 00:00:01,000 --> 00:00:02,500)")
    } else if text.starts_with('<') {
        Some("HTML or XML (export the text)")
    } else {
        None
    }
}

/// Reads all sources and hands on their records: file after file in the order given, except that the files of a format
/// that joins files (emails, whose thread may be spread over many) are read together where the first of them stands.
/// Conversations that break the common rules ([`formats::validate`]) are handed on as bad; [`Record::Lines`] are checked
/// when they are parsed. Returns `Break` when the sink asked to stop.
pub fn read_all(sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let mut sink = |record, format: &'static str, side: Option<&Beside>| match record {
        Record::Conversation { place, mut conversation } => sink(match formats::validate(&conversation) {
            Ok(()) => {
                conversation.format = format;
                if let Some(side) = side {
                    side.fill(&mut conversation);
                }
                Record::Conversation { place, conversation }
            }
            Err(reason) => {
                let id = conversation.id.to_string();
                let conversation_id = (!id.trim().is_empty()).then_some(id);
                Record::Bad(Quarantined { place, conversation_id, reason })
            }
        }),
        record => sink(record),
    };
    // All are recognised first: a format that joins files needs to know of the last one at the first.
    let mut recognised: Vec<_> = sources.iter().map(|s| Some(recognise(s, options))).collect();
    let known: Vec<&Source> =
        sources.iter().zip(&recognised).filter(|(_, r)| matches!(r, Some(Ok(_)))).map(|(s, _)| s).collect();
    let mut stems = None;
    for i in 0..sources.len() {
        match recognised[i].take() {
            None => {}
            // It describes another file, which reads it.
            Some(Err(_)) if stems.get_or_insert_with(|| side::Stems::of(&known)).describes(&sources[i]) => {}
            Some(Err(bad)) => sink(Record::Bad(bad), "", None)?,
            Some(Ok(format)) if format.joins_files() => {
                let mut joined = vec![sources[i].clone()];
                for (source, found) in sources.iter().zip(&mut recognised).skip(i + 1) {
                    if found.as_ref().is_some_and(|f| f.as_ref().is_ok_and(|f| f.name() == format.name())) {
                        *found = None;
                        joined.push(source.clone());
                    }
                }
                let mut any = false;
                format.read(&joined, options, &mut |r| {
                    any = true;
                    sink(r, format.name(), None)
                })?;
                if !any {
                    sink(nothing_in(&joined[0]), format.name(), None)?;
                }
            }
            Some(Ok(format)) => {
                let side = Beside::of(&sources[i], options);
                // What describes other files says nothing by itself.
                let mut any = format.has_side_files();
                format.read(std::slice::from_ref(&sources[i]), options, &mut |r| {
                    any = true;
                    sink(r, format.name(), side.as_ref())
                })?;
                if !any {
                    sink(nothing_in(&sources[i]), format.name(), None)?;
                }
            }
        }
    }
    ControlFlow::Continue(())
}

/// A file that was understood and holds nothing is set aside too, so that none is passed over in silence.
fn nothing_in(source: &Source) -> Record {
    let reason = Reason::Content("there is no conversation in it".to_owned());
    Record::Bad(Quarantined { place: Place::file(&source.file), conversation_id: None, reason })
}

/// What the file beside a transcript says.
struct Beside {
    facts: Result<side::Facts, String>,
    stem: String,
}

impl Beside {
    fn of(source: &Source, options: &Options) -> Option<Beside> {
        let facts = side::beside(source, options).transpose()?;
        Some(Beside { facts, stem: source.stem() })
    }

    fn fill(&self, conversation: &mut Conversation<'_>) {
        match &self.facts {
            Ok(facts) => facts.fill(conversation, "the file beside", &self.stem),
            Err(e) => conversation.note(NoteKind::SideData, format!("the file beside cannot be read: {e}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        dir
    }

    fn found(dir: &tempfile::TempDir, inputs: &[&str]) -> Result<Vec<String>, String> {
        let inputs: Vec<String> = inputs.iter().map(|i| dir.path().join(i).display().to_string()).collect();
        let sources = discover(&inputs).map_err(|e| e.to_string())?;
        Ok(sources.iter().map(|s| s.file.strip_prefix(dir.path()).unwrap().display().to_string()).collect())
    }

    #[test]
    fn folders_are_walked_in_order_and_hidden_files_passed_over() {
        let dir = tree(&["n/b.txt", "n/a/z.txt", "n/.git/x", "n/.hidden", "n/a.txt", "m.txt"]);
        assert_eq!(found(&dir, &["n"]).unwrap(), ["n/a/z.txt", "n/a.txt", "n/b.txt"]);
        assert_eq!(found(&dir, &["m.txt", "n/b.txt", "n"]).unwrap(), ["m.txt", "n/b.txt", "n/a/z.txt", "n/a.txt"]);
        assert_eq!(found(&dir, &["n/.hidden"]).unwrap(), ["n/.hidden"], "named, so meant");
    }

    #[test]
    fn a_maildir_gives_its_letters_and_those_of_its_folders() {
        let dir = tree(&["m/cur/1.a:2,S", "m/new/2.b", "m/tmp/3.c", "m/dovecot-uidlist", "m/.Sent/cur/4.d:2,S"]);
        for sub in ["new", "tmp"] {
            std::fs::create_dir_all(dir.path().join("m/.Sent").join(sub)).unwrap();
        }
        assert_eq!(found(&dir, &["m"]).unwrap(), ["m/.Sent/cur/4.d:2,S", "m/cur/1.a:2,S", "m/new/2.b"]);
        let dir = tree(&["n/cur/a.txt", "n/tmp/b.txt"]);
        assert_eq!(found(&dir, &["n"]).unwrap(), ["n/cur/a.txt", "n/tmp/b.txt"], "no Maildir");
    }

    #[test]
    fn patterns_match_files_and_folders() {
        let dir = tree(&["n/1/a.txt", "n/1/b.csv", "n/2/deep/c.txt", "n/.h/d.txt", "n/e.txt"]);
        assert_eq!(found(&dir, &["n/**/*.txt"]).unwrap(), ["n/1/a.txt", "n/2/deep/c.txt", "n/e.txt"]);
        assert_eq!(found(&dir, &["n/*.txt"]).unwrap(), ["n/e.txt"]);
        assert_eq!(found(&dir, &["n/[12]"]).unwrap(), ["n/1/a.txt", "n/1/b.csv", "n/2/deep/c.txt"]);
        assert_eq!(found(&dir, &["n/{1,.h}/*"]).unwrap(), ["n/1/a.txt", "n/1/b.csv"]);
        assert_eq!(found(&dir, &["n/.*/*"]).unwrap(), ["n/.h/d.txt"]);
    }

    #[test]
    fn inputs_that_mean_nothing_are_errors_with_a_remedy() {
        let dir = tree(&["a.txt"]);
        std::fs::create_dir(dir.path().join("empty")).unwrap();
        assert!(found(&dir, &["none.txt"]).unwrap_err().contains("no such file or folder; check"));
        assert!(found(&dir, &["*.csv"]).unwrap_err().contains("no file matches"));
        assert!(found(&dir, &["gone/*.csv"]).unwrap_err().contains("no file matches"));
        assert!(found(&dir, &["a[.txt"]).unwrap_err().contains("not a valid pattern"));
        assert!(found(&dir, &["empty"]).unwrap_err().contains("no files in this folder"));
        assert!(matches!(discover(&[]), Err(InputError::Nothing)));
        #[cfg(unix)]
        assert!(matches!(discover(&["/dev/null".into()]), Err(InputError::NotAFile(_))));
    }

    #[test]
    fn strangers_are_set_aside_and_the_rest_is_read_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        put("1.pdf", "%PDF-1.7 …");
        put("2.jsonl", "{\"id\":\"a\",\"turns\":[{\"text\":\"x\"}]}\n");
        put("3.bin", "no format at all");
        put("3.json", "[\n  {}]");
        put("4.txt", "");
        put("5.jsonl", "{\"id\":\"b\",\"turns\":[{\"text\":\"x\"}]}\n");
        let sources = discover(&[dir.path().display().to_string()]).unwrap();
        let mut got = Vec::new();
        let flow = read_all(&sources, &Options::default(), &mut |record| {
            got.push(match record {
                Record::Lines { bytes, .. } => String::from_utf8(bytes[6..9].to_vec()).unwrap(),
                Record::Bad(q) => q.reason.to_string(),
                Record::Conversation { conversation, .. } => conversation.id.to_string(),
            });
            if got.len() < 6 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        assert!(flow.is_break());
        assert!(got[0].contains("PDF"), "{got:?}");
        assert_eq!((&*got[1], &*got[5]), ("\"a\"", "\"b\""));
        assert!(got[2].contains("--format") && got[3].contains("--map"), "{got:?}");
        assert_eq!(got[4], "the file is empty");
        let odd = Options { format: Some("docx".into()), ..Options::default() };
        assert!(recognise(&sources[0], &odd).err().unwrap().reason.to_string().contains("there are jsonl"));
    }
}
