//! Every fixture gives what is written beside it, and no reader panics on anything.
//!
//! `tests/fixtures/<format>/name.ext` has its records in `name.expected.jsonl`: canonical JSON for a conversation, and
//! `{"quarantined":…}` for what is set aside. A folder `name/` is read as one input; in `<format>/malformed/` every
//! file has something that must be set aside. `SABYR_BLESS=1 cargo test --test ingest` writes the expected files anew;
//! read the difference before you keep it.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use proptest::collection::vec;
use proptest::prelude::*;
use sabyr::ingest::{Options, Record, Source, discover, formats, read_all, recognise};
use sabyr::model::{Place, Quarantined};
use serde_json::json;

/// Folders of fixtures that are not named like their format. Those of mail have a test of their own.
const NAMED: [(&str, &str); 2] = [("csv_turns", "csv"), ("plain_text", "text")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Every folder of fixtures, and the format that its files must be recognised as; in `malformed` there are all kinds.
fn folders() -> Vec<(String, Option<String>)> {
    let mut out = Vec::new();
    for entry in fs::read_dir(root()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_file() || ["eml", "mbox", "malformed_mail"].contains(&&*name) {
            continue;
        }
        // What a build without their features says of such files is another matter.
        if name == "parquet" && !cfg!(feature = "parquet") || name == "xlsx" && !cfg!(feature = "xlsx") {
            continue;
        }
        let format = NAMED.iter().find(|(folder, _)| *folder == name).map_or(&*name, |(_, format)| format);
        let format = (name != "malformed").then(|| format.to_owned());
        if root().join(&name).join("malformed").is_dir() {
            out.push((format!("{name}/malformed"), None));
        }
        out.push((name, format));
    }
    out.sort();
    out
}

/// The fixtures of a folder: files, and folders whose files are read together.
fn fixtures(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(root().join(folder)).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| !f.to_string_lossy().ends_with(".expected.jsonl") && !f.ends_with("malformed"));
    files.sort();
    files
}

fn bad(q: &Quarantined) -> String {
    let Quarantined { place, conversation_id, reason } = q;
    let said = json!({"line": place.line, "id": conversation_id, "kind": reason.kind(), "reason": reason.to_string()});
    json!({ "quarantined": said }).to_string()
}

/// Reads a file, or the files of a folder together; a line a record.
fn records(file: &Path, options: &Options) -> Vec<String> {
    // A file is read whatever its name; a hidden or empty one too.
    let sources = match file.is_dir() {
        true => discover(&[file.to_str().unwrap().to_owned()]).unwrap(),
        false => vec![Source { file: file.into() }],
    };
    let mut out = Vec::new();
    let before = options.progress.load(Ordering::Relaxed);
    let flow = read_all(&sources, options, &mut |record| {
        let whole = |place: &Place| assert!(sources.iter().any(|s| s.file == place.file));
        match record {
            Record::Conversation { place, conversation } => {
                whole(&place);
                formats::validate(&conversation).expect("only valid conversations are handed on");
                out.push(serde_json::to_string(&conversation).unwrap());
            }
            Record::Bad(q) => {
                whole(&q.place);
                out.push(bad(&q));
            }
            Record::Lines { file, first_line, bytes } => {
                for parsed in formats::jsonl::lines(&file, first_line, &bytes) {
                    out.push(match parsed {
                        Ok((_, conversation)) => {
                            formats::validate(&conversation).expect("only valid conversations are handed on");
                            serde_json::to_string(&conversation).unwrap()
                        }
                        Err(q) => bad(&q),
                    });
                }
            }
        }
        ControlFlow::Continue(())
    });
    assert!(flow.is_continue());
    // Bars must not stand at their end while most is still to come: however often a file is looked into, it counts once.
    let counted = options.progress.load(Ordering::Relaxed) - before;
    let bytes: u64 = sources.iter().map(|s| fs::metadata(&s.file).unwrap().len()).sum();
    assert!(counted <= bytes, "{}: {counted} of {bytes} bytes counted", file.display());
    out
}

#[test]
fn fixtures_give_what_is_expected() {
    let bless = std::env::var_os("SABYR_BLESS").is_some();
    let mut wrong = Vec::new();
    for (folder, format) in folders() {
        let files = fixtures(&folder);
        assert!(!files.is_empty(), "no fixtures in {folder}");
        let mut names = BTreeSet::new();
        for file in files {
            if let Some(format) = format.as_deref().filter(|_| file.is_file()) {
                let found = recognise(&Source { file: file.as_path().into() }, &Options::default());
                assert_eq!(found.map(|f| f.name()).ok(), Some(format), "{}", file.display());
            }
            let name = file.file_name().unwrap().to_string_lossy();
            let name = name.split('.').next().unwrap();
            assert!(names.insert(name.to_owned()), "two fixtures are called {name}");
            let expected = file.with_file_name(format!("{name}.expected.jsonl"));
            let options = Options::default();
            let got: String = records(&file, &options).into_iter().map(|r| r + "\n").collect();
            // A side file is read with what it belongs to.
            if format.is_some() && file.is_file() && folder != "side-file" {
                let (counted, bytes) = (options.progress.load(Ordering::Relaxed), fs::metadata(&file).unwrap().len());
                assert!(counted * 10 >= bytes * 9, "{}: {counted} of {bytes} bytes counted", file.display());
            }
            if folder.ends_with("/malformed") {
                assert!(got.contains("\"quarantined\""), "{} has nothing to set aside", file.display());
            }
            if bless {
                fs::write(&expected, &got).unwrap();
            } else if fs::read_to_string(&expected).unwrap_or_default() != got {
                wrong.push(format!("{}:\n{got}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "not as expected (SABYR_BLESS=1 accepts it):\n{}", wrong.join("\n"));
}

#[test]
fn the_charset_of_a_file_does_not_change_what_is_read() {
    let dir = fixtures("csv_turns");
    let read = |name: &str| {
        let file = dir.iter().find(|f| f.file_stem().is_some_and(|s| s == name)).unwrap();
        records(file, &Options::default())
    };
    let plain = read("russian_bom");
    assert_eq!(plain.len(), 2);
    for name in ["russian_1251", "russian_866", "russian_koi8", "excel_unicode"] {
        assert_eq!(read(name), plain, "{name}");
    }
    assert_eq!(read("kazakh_kz1048"), read("kazakh"));
}

#[test]
fn what_is_written_as_canonical_json_is_read_back_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let mut count = 0;
    for (folder, _) in folders() {
        for file in fixtures(&folder) {
            let good: Vec<_> = records(&file, &Options::default())
                .into_iter()
                .filter(|r| !r.starts_with("{\"quarantined\""))
                .collect();
            let again = dir.path().join("again.jsonl");
            fs::write(&again, good.join("\n")).unwrap();
            if !good.is_empty() {
                assert_eq!(records(&again, &Options::default()), good, "{}", file.display());
                count += good.len();
            }
        }
    }
    assert!(count > 20);
}

#[test]
fn a_huge_line_is_set_aside_in_every_text_format() {
    let dir = tempfile::tempdir().unwrap();
    let long = "x".repeat(3 << 20);
    let options = Options { max_record: 1 << 20, ..Options::default() };
    for (name, text) in [
        (
            "a.jsonl",
            format!(
                "{{\"id\":\"big\",\"turns\":[{{\"text\":\"{long}\"}}]}}\n{{\"id\":\"ok\",\"turns\":[{{\"text\":\"x\"}}]}}"
            ),
        ),
        ("a.csv", format!("id,role,text\nbig,agent,{long}\nok,agent,x\n")),
        ("a.txt", format!("Agent: hi\n=== big\nAgent: {long}\n=== ok\nAgent: x\nClient: y\n")),
    ] {
        let file = dir.path().join(name);
        fs::write(&file, text).unwrap();
        let got = records(&file, &options);
        let big =
            got.iter().find(|r| r.contains("\"kind\":\"too_large\"")).unwrap_or_else(|| panic!("{name}: {got:?}"));
        assert!(big.contains("\"id\":\"big\""), "{name}: {big}");
        assert!(got.last().unwrap().starts_with("{\"id\":\"ok\""), "{name}: {got:?}");
    }
}

/// Reads bytes in every way; what matters is that it comes to an end.
fn survive(bytes: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("any.txt");
    fs::write(&file, bytes).unwrap();
    let names: Vec<_> = formats::ALL.iter().map(|f| Some(f.name().to_owned())).chain([None]).collect();
    for format in names {
        for (max_record, charset) in [(64 << 20, None), (40, None), (1, Some("utf-16le")), (300, Some("windows-1251"))]
        {
            let options = Options {
                format: format.clone(),
                max_record,
                charset: charset.map(str::to_owned),
                ..Options::default()
            };
            records(&file, &options);
        }
    }
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let all: Vec<Vec<u8>> = folders()
        .iter()
        .flat_map(|(f, _)| fixtures(f))
        .filter(|f| f.is_file())
        .map(|f| fs::read(f).unwrap())
        .filter(|b| !b.is_empty())
        .collect();
    let edit = (any::<prop::sample::Index>(), vec(any::<u8>(), 0..6), 0usize..40);
    (prop::sample::select(all), vec(edit, 1..6)).prop_map(|(mut bytes, edits)| {
        for (at, new, gone) in edits {
            let start = at.index(bytes.len() + 1).min(bytes.len());
            let end = (start + gone).min(bytes.len());
            bytes.splice(start..end, new);
        }
        bytes
    })
}

/// Bytes that mean something to a reader, in any order.
fn syntax() -> impl Strategy<Value = Vec<u8>> {
    const PARTS: &[&str] = &[
        "id,role,text,start,end\n",
        "a,",
        "\"",
        "\"\"",
        "\n",
        "\r\n",
        ";",
        "Agent: ",
        "[00:01] ",
        "=== x ===",
        "# Date: 1.1.2025\n",
        "{\"id\":\"a\",\"turns\":[",
        "{\"text\":\"",
        "\\",
        "\\u0000",
        "]}",
        "}",
        "\0",
        "ә",
        "\u{feff}",
        "31.03.2025 25:61",
        "1e400",
        "WEBVTT\n\n",
        "00:01.000 --> 00:02.000\n",
        "<v A>",
        "&#",
        "[A]: ",
        "SPEAKER a 1 0 1 <NA> <NA> A\n",
        "1/2/2025, 1:05 PM - A: ",
        "{\"segments\":[{\"start\":1,\"text\":\"a\",\"words\":[",
        "{\"result\":{\"final\":{\"alternatives\":[{\"text\":\"",
        "{\"phrases\":[{\"channel_number\":",
        "{\"callId\":1,\"transcript\":[{\"sentences\":[{\"start\":1,\"end\":0,\"text\":\"a",
        ",null,",
    ];
    vec(prop::sample::select(PARTS), 0..40).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_reader_panics_on_any_bytes(bytes in vec(any::<u8>(), 0..600)) {
        survive(&bytes);
    }

    #[test]
    fn no_reader_panics_on_broken_fixtures(bytes in mutated()) {
        survive(&bytes);
    }

    #[test]
    fn no_reader_panics_on_pieces_of_syntax(bytes in syntax()) {
        survive(&bytes);
    }
}
