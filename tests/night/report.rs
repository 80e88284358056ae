//! The report for reading: which pages are written, that ids and texts do no harm there, and that it does not depend on threads.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{files, sabyr, score};

/// The pages of a run, relative to the folder of its report.
fn pages(run: &Path) -> Vec<PathBuf> {
    files(&run.join("report"))
}

fn below(pages: &[PathBuf], folder: &str) -> usize {
    pages.iter().filter(|p| p.starts_with(folder)).count()
}

#[test]
fn the_choice_of_pages_does_not_depend_on_threads() {
    let dir = tempfile::tempdir().unwrap();
    let night = dir.path().join("night.jsonl");
    let made =
        sabyr().args(["generate", "--conversations", "1200", "--language", "mixed", "--out"]).arg(&night).output();
    assert!(made.unwrap().status.success());
    let run = |name: &str, threads: &str| {
        let out = dir.path().join(name);
        score(&night, &out, &["--quiet", "--threads", threads, "--report-pages", "3", "--report-language", "ru"], 0);
        out
    };
    let (one, four) = (run("one", "1"), run("four", "4"));
    let written = pages(&one);
    assert_eq!(written, pages(&four));
    // A call that is handed over may give an agent beyond the 200 a part.
    let agents = below(&written, "agents");
    assert!(agents >= 190 && below(&written, "conversations") <= agents * 3 && below(&written, "conversations") > 400);
    for page in &written {
        let read = |run: &Path| fs::read_to_string(run.join("report").join(page)).unwrap();
        assert!(read(&one) == read(&four), "{} differs", page.display());
    }
    let index = fs::metadata(one.join("report/index.html")).unwrap().len();
    assert!(index < 1_000_000, "an index of {index} bytes does not open at once");
}

#[test]
fn ids_and_texts_do_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let ids = [
        "../../x",
        "=cmd|'/c calc'!A1",
        "<script>alert(1)</script>",
        "con",
        "a\" onmouseover=\"x",
        &"ә".repeat(300),
        "",
    ];
    let line = |(i, id): (usize, &&str)| {
        let text = "I am so sorry, <script>alert(2)</script> & \"that\" must be worrying; call +7 700 000 01 02";
        let turns = serde_json::json!([
            {"speaker": "customer", "text": "I am really worried, my card is blocked"},
            {"speaker": "agent", "text": text},
        ]);
        serde_json::json!({"id": format!("{id}/{i}"), "agent_id": id, "channel": "chat", "turns": turns}).to_string()
            + "\n"
    };
    let night = dir.path().join("night.jsonl");
    fs::write(&night, ids.iter().enumerate().map(line).collect::<String>() + "{\"id\": \"<script>\", oh\n").unwrap();
    let out = dir.path().join("out");
    score(&night, &out, &["--quiet", "--max-quarantine", "1"], 0);
    let written = pages(&out);
    assert_eq!((below(&written, "agents"), below(&written, "conversations")), (ids.len(), ids.len()), "{written:?}");
    for page in &written {
        let text = fs::read_to_string(out.join("report").join(page)).unwrap();
        assert_eq!(text.matches("<script").count(), 1, "{}: only the program's own", page.display());
        assert!(!text.contains("+7 700 000") && !text.contains("\" onmouseover"), "{}", page.display());
        assert!(
            !text.contains("http://")
                || text.matches("http://").count() == text.matches("http://www.w3.org/2000/svg").count()
        );
        assert!(!text.contains("https://"), "{} names an address", page.display());
    }
    let of = |name: &str| fs::read_to_string(out.join("report").join(name)).unwrap();
    assert!(of("index.html").contains("&#60;script&#62;alert(1)&#60;/script&#62;"), "the id is shown as it is");
    assert!(of("quarantine.html").contains("night.jsonl") && of("quarantine.html").contains("Not valid in its format"));
    assert!(fs::read_dir(dir.path()).unwrap().count() == 2, "nothing stands outside of the run's folder");
}

#[test]
fn the_report_can_be_left_out_or_be_without_conversations() {
    let dir = tempfile::tempdir().unwrap();
    let run = |name: &str, more: &[&str]| {
        let out = dir.path().join(name);
        score(
            Path::new("tests/cmd/given/night.jsonl"),
            &out,
            &[&["--quiet", "--max-quarantine", "1"], more].concat(),
            0,
        );
        out
    };
    assert!(!run("without", &["--no-report"]).join("report").exists());
    let none = pages(&run("none", &["--report-pages", "0"]));
    assert_eq!((none.len(), below(&none, "agents")), (3, 1), "{none:?}");
    let kazakh = run("kazakh", &["--report-language", "kk"]).join("report/index.html");
    assert!(fs::read_to_string(kazakh).unwrap().contains("<html lang=\"kk\">"));
}
