//! Emails from outside: every file in `tests/fixtures/{eml,mbox,malformed_mail}` against its `.expected.jsonl`.
//! A folder in `eml` is read as one input, since threads go over files. `SABYR_BLESS=1` rewrites what is expected.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use sabyr::ingest::formats::mail::Mail;
use sabyr::ingest::formats::validate;
use sabyr::ingest::{Format, Options, Record, Sample, Source};
use sabyr::model::{Kind, Speaker};

fn options() -> Options {
    Options { agent_domains: vec!["saumal.example".into()], ..Options::default() }
}

fn fixtures(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder)
}

fn read(files: &[PathBuf], options: &Options) -> Vec<Record> {
    let sources: Vec<Source> = files.iter().map(|f| Source { file: f.as_path().into() }).collect();
    let mut out = Vec::new();
    let _ = Mail.read(&sources, options, &mut |r| {
        out.push(r);
        ControlFlow::Continue(())
    });
    out
}

/// Records as JSON lines; places name the file without its folder.
fn show(records: &[Record]) -> String {
    let line = |r: &Record| match r {
        Record::Conversation { conversation, .. } => {
            serde_json::to_string(conversation).expect("a conversation is JSON")
        }
        Record::Bad(q) => serde_json::json!({
            "file": q.place.file.file_name().map(|n| n.to_string_lossy().into_owned()),
            "byte": q.place.byte,
            "conversation_id": q.conversation_id,
            "kind": q.reason.kind(),
            "reason": q.reason.to_string(),
        })
        .to_string(),
        Record::Lines { .. } => panic!("mail is no JSON Lines"),
    };
    records.iter().map(|r| line(r) + "\n").collect()
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(folder).expect("fixtures").map(|e| e.expect("entry").path()).collect();
    all.sort();
    all
}

/// Compares every input of the folder with its expected lines; returns how many there were.
fn check(folder: &str) -> usize {
    let (mut ran, mut failed) = (0, Vec::new());
    for path in sorted(&fixtures(folder)) {
        if path.extension().is_some_and(|e| e == "jsonl") {
            continue;
        }
        let files = if path.is_dir() { sorted(&path) } else { vec![path.clone()] };
        let got = show(&read(&files, &options()));
        let expected = PathBuf::from(format!("{}.expected.jsonl", path.display()));
        if std::env::var_os("SABYR_BLESS").is_some() {
            fs::write(&expected, &got).expect("write");
        } else if fs::read_to_string(&expected).ok().as_deref() != Some(&got) {
            failed.push(format!("{}:\n{got}", path.display()));
        }
        ran += 1;
    }
    assert!(failed.is_empty(), "not as expected (SABYR_BLESS=1 rewrites):\n{}", failed.join("\n"));
    ran
}

#[test]
fn eml_files_and_folders_of_them() {
    assert!(check("eml") >= 20);
}

#[test]
fn mbox_files() {
    assert!(check("mbox") >= 2);
}

#[test]
fn malformed_mail_is_quarantined_with_its_place() {
    assert!(check("malformed_mail") >= 10);
}

/// Letters of a Maildir have no extension; what is being delivered is passed over, drafts are set aside.
#[test]
fn a_maildir_is_read_as_a_folder() {
    let dir = tempfile::tempdir().expect("folder");
    let root = dir.path().join("support");
    for sub in ["cur", "new", "tmp", ".Sent/cur", ".Sent/new", ".Sent/tmp"] {
        fs::create_dir_all(root.join(sub)).expect("folder");
    }
    let letter = |id: &str, from: &str, answers: &str, text: &str| {
        format!("From: {from}\nTo: x@y.example\nMessage-ID: <{id}@x>\n{answers}Subject: card\n\n{text}\n")
    };
    let put = |name: &str, text: String| fs::write(root.join(name), text).expect("write");
    // A colon cannot stand in a name on Windows, where programs write `;`.
    put("cur/1741600000.M1P1.host;2,S", letter("q", "c@mail.example", "", "My card is blocked."));
    put(".Sent/cur/1741600100.M2P1.host;2,S", letter("a", "d@saumal.example", "In-Reply-To: <q@x>\n", "Unblocked."));
    put("new/1741600200.M3P1.host;2,D", letter("d", "d@saumal.example", "", "never sent"));
    put("tmp/1741600300.M4P1.host", "half a let".into());
    put("dovecot-uidlist", "3 V1 N5".into());
    let sources = sabyr::ingest::discover(&[root.to_str().expect("name").to_owned()]).expect("files");
    let mut got = Vec::new();
    let _ = sabyr::ingest::read_all(&sources, &options(), &mut |r| {
        got.push(r);
        ControlFlow::Continue(())
    });
    let shown = show(&got);
    assert_eq!(got.len(), 2, "{shown}");
    assert!(shown.contains("\"text\":\"My card is blocked.\"") && shown.contains("\"text\":\"Unblocked.\""), "{shown}");
    assert!(shown.contains("a draft by its flag") && !shown.contains("half a let"), "{shown}");
}

fn all_files() -> Vec<PathBuf> {
    let mut out = Vec::new();
    for folder in ["eml", "mbox", "malformed_mail"] {
        for path in sorted(&fixtures(folder)) {
            if path.is_dir() {
                out.extend(sorted(&path));
            } else if path.extension().is_some_and(|e| e != "jsonl") {
                out.push(path);
            }
        }
    }
    out
}

#[test]
fn quoted_words_never_count_as_the_agents() {
    for record in read(&all_files(), &options()) {
        let Record::Conversation { conversation, .. } = record else { continue };
        for turn in conversation.turns.iter().filter(|t| t.speaker == Speaker::Agent && t.kind == Kind::Speech) {
            for words in [
                "You never listen",
                "I asked twice",
                "Где",
                "Три дня",
                "Үш күн",
                "very disappointed",
                "confidential",
                "құпия",
            ] {
                assert!(!turn.text.contains(words), "{words:?} in the agent's speech: {}", turn.text);
            }
        }
    }
}

#[test]
fn without_domains_nobody_is_called_an_agent() {
    for record in read(&all_files(), &Options::default()) {
        let Record::Conversation { conversation, .. } = record else { continue };
        assert!(conversation.turns.iter().all(|t| matches!(t.speaker, Speaker::Unknown | Speaker::System)));
    }
}

#[test]
fn fixtures_are_recognised_and_other_files_are_not() {
    let sure = |name: &str, bytes: &[u8]| Mail.recognise(&Sample::new(name, bytes, String::from_utf8_lossy(bytes)));
    for path in all_files().iter().filter(|p| !p.to_string_lossy().contains("malformed")) {
        let bytes = fs::read(path).expect("fixture");
        assert!(sure("x", &bytes) >= 90, "{}", path.display());
    }
    for other in [
        "",
        "{\"id\":1}\n",
        "id,text\n1,hi\n",
        "Agent: hello\nCustomer: hi\n",
        "[00:12] Operator: Hi\n",
        "WEBVTT\n\n",
        "From me\nto you\n",
    ] {
        assert_eq!(sure("x.txt", other.as_bytes()), 0, "{other:?}");
    }
    assert!(sure("x.eml", b"garbage") > 0);
}

#[test]
fn the_sink_can_stop_the_reader() {
    let sources: Vec<Source> = all_files().iter().map(|f| Source { file: f.as_path().into() }).collect();
    let mut n = 0;
    let flow = Mail.read(&sources, &options(), &mut |_| {
        n += 1;
        if n == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((flow, n), (ControlFlow::Break(()), 3));
}

#[test]
fn a_message_past_the_limit_is_set_aside_and_the_next_is_read() {
    let dir = tempfile::tempdir().expect("folder");
    let file = dir.path().join("big.mbox");
    let separator = "From a@x.example Tue Mar  5 10:15:00 2024\n";
    let big = "word ".repeat(5000);
    fs::write(&file, format!("{separator}From: a@x.example\nSubject: big\n\n{big}\n\n{separator}From: a@x.example\nSubject: small\n\nhello\n")).expect("write");
    let got = read(&[file], &Options { max_record: 10_000, ..options() });
    assert!(matches!(&got[0], Record::Bad(q) if q.reason.kind() == "too_large" && q.place.byte == Some(42)));
    assert!(matches!(&got[1], Record::Conversation { conversation, .. } if &*conversation.turns[0].text == "hello"));
    assert_eq!(got.len(), 2);
}

/// A pipe cannot be read twice, so its bytes are kept in a temporary file, as those of compressed files are.
#[cfg(unix)]
#[test]
fn what_cannot_be_read_twice_gives_the_same() {
    let dir = tempfile::tempdir().expect("folder");
    let pipe = dir.path().join("pipe");
    if !std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|s| s.success()) {
        return;
    }
    let folder = fixtures("mbox").join("support_day.mbox");
    let bytes = fs::read(&folder).expect("fixture");
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::write(pipe, bytes)
    });
    let got = show(&read(&[pipe], &options()));
    writer.join().expect("thread").expect("written");
    assert_eq!(got, show(&read(&[folder], &options())));
}

#[test]
fn compressed_folders_give_the_same_and_broken_ones_what_came_before() {
    use std::io::Write;
    let dir = tempfile::tempdir().expect("folder");
    let plain = fixtures("mbox").join("support_day.mbox");
    let bytes = fs::read(&plain).expect("fixture");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(&bytes).expect("compressed");
    let gz = gz.finish().expect("compressed");
    let file = dir.path().join("support_day.mbox.gz");
    fs::write(&file, &gz).expect("write");
    assert_eq!(show(&read(std::slice::from_ref(&file), &options())), show(&read(&[plain], &options())));

    fs::write(&file, &gz[..gz.len() * 2 / 3]).expect("write");
    let got = read(&[file], &options());
    assert!(
        got.iter()
            .any(|r| matches!(r, Record::Conversation { conversation, .. } if &*conversation.id == "b1@mail.example"))
    );
    assert!(got.iter().any(|r| matches!(r, Record::Bad(q) if q.reason.kind() == "io")));
}

#[test]
fn a_missing_file_is_reported_and_the_others_are_read() {
    let got = read(&[PathBuf::from("/no/such/file.eml"), fixtures("eml/en_flowed_original_message.eml")], &options());
    assert!(matches!(&got[0], Record::Bad(q) if q.reason.kind() == "io"));
    assert!(matches!(&got[1], Record::Conversation { .. }));
}

#[test]
fn nesting_bombs_end_quickly() {
    let dir = tempfile::tempdir().expect("folder");
    let mut bomb = String::from("From: a@x.example\nSubject: x\n");
    for _ in 0..200_000 {
        bomb.push_str("Content-Type: message/rfc822\n\n");
    }
    let mut boundaries = String::from("From: a@x.example\n");
    for i in 0..30_000 {
        boundaries.push_str(&format!("Content-Type: multipart/mixed; boundary=b{i}z\n\n--b{i}z\n"));
    }
    let html =
        format!("From: a@x.example\nContent-Type: text/html\n\n{}", "<div class=gmail_quote><b ='".repeat(50_000));
    let arrows = format!("From: a@x.example\n\n{}", "On\n".repeat(100_000));
    for (i, text) in [bomb, boundaries, html, arrows].iter().enumerate() {
        let file = dir.path().join(format!("{i}.eml"));
        fs::write(&file, text).expect("write");
        let began = std::time::Instant::now();
        assert_eq!(read(&[file], &options()).len(), 1);
        assert!(began.elapsed().as_secs() < 20, "input {i} took {:?}", began.elapsed());
    }
}

/// Reads bytes as a file; every text that comes out must be there to be counted.
fn swallow(bytes: &[u8]) {
    let dir = tempfile::tempdir().expect("folder");
    let file = dir.path().join("x");
    fs::write(&file, bytes).expect("write");
    let records = read(std::slice::from_ref(&file), &Options { max_record: 1 << 20, ..options() });
    assert!(!records.is_empty(), "every file gives at least one record");
    for r in &records {
        if let Record::Conversation { conversation, .. } = r {
            assert_eq!(validate(conversation), Ok(()));
            assert!(conversation.turns.iter().all(|t| !t.text.trim().is_empty()));
        }
    }
    let _ = Mail.recognise(&Sample::new("x", bytes, String::from_utf8_lossy(bytes)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        swallow(&bytes);
        swallow(&[b"From: a@b\nContent-Type: text/html\n\n".as_slice(), &bytes].concat());
        swallow(&[b"From: a@b\nContent-Transfer-Encoding: quoted-printable\n\n".as_slice(), &bytes].concat());
    }

    #[test]
    fn mutated_fixtures_do_no_harm(
        which in any::<proptest::sample::Index>(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0usize..40), 1..30),
    ) {
        let files = all_files();
        let mut bytes = fs::read(&files[which.index(files.len())]).expect("fixture");
        for (at, byte, cut) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match byte % 4 {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, b"\n<>=:; \"@"[usize::from(byte / 4) % 9]),
                2 => drop(bytes.drain(at..(at + cut).min(bytes.len()))),
                _ => {
                    let piece = bytes[at..(at + cut).min(bytes.len())].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
        }
        swallow(&bytes);
    }
}
