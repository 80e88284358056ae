//! The report for reading: which pages are written, that ids and texts do no harm there, and that it does not depend on threads.

use std::fs;
use std::path::{Path, PathBuf};

use crate::nights::{content, night};
use crate::{files, run_json, sabyr, score};

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

#[test]
fn the_nights_before_alerts_and_trust_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    let good = "I can have it with you tomorrow before noon.";
    let run = |name: &str, history: &str, input: &Path, more: &[&str]| {
        let (out, history) = (dir.path().join(name), dir.path().join(history).display().to_string());
        score(input, &out, &[&["--quiet", "--history", &history], more].concat(), 0);
        out
    };
    for day in 12..20 {
        let input = night(dir.path(), &format!("2026-11-{day}"), &["ana", "ben"], good);
        let plain = if day == 13 { "--no-workbook" } else { "--no-report" };
        let out = run("before", "one", &input, &["--threads", "1", plain]);
        run("before-two", "two", &input, &["--threads", "2", plain]);
        if day == 13 {
            let page = fs::read_to_string(out.join("report/agents/ana.html")).unwrap();
            assert!(
                page.contains("compared with nights before: 1.") && page.contains("not enough nights: 2 of 9"),
                "{page}"
            );
        }
    }
    let last = night(dir.path(), "2026-11-20", &["ana", "new"], "That's not my problem, you idiot.");
    let facts = run_json(&dir.path().join("before"));
    // Measured with these phrases and another scorecard.
    let trust = dir.path().join("trust.json");
    let criterion = serde_json::json!({
        "criterion": "empathy", "label": "moderate", "says": "moderate agreement with reviewers", "n": 60, "basis": "all",
        "kappa": 0.52, "low": 0.31, "high": 0.7, "reviewers_n": 0, "reviewers_kappa": null,
    });
    let told = serde_json::json!({
        "layout": 1, "lexicon": facts["lexicon"], "scorecard_hash": "another", "marked_from": "2026-11-01", "marked_to": "2026-11-03",
        "reviewers": 2, "conversations": 60, "seed": 1, "criteria": [criterion],
    });
    fs::write(&trust, told.to_string()).unwrap();
    let trust = trust.display().to_string();
    let more = |threads: &'static str| ["--threads", threads, "--trust", &trust, "--report-pages", "20"];
    let (one, two) = (run("one-out", "one", &last, &more("1")), run("two-out", "two", &last, &more("2")));
    assert!(content(&one.join("report")) == content(&two.join("report")), "the report depends on threads");

    let of = |run: &Path, page: &str| fs::read_to_string(run.join("report").join(page)).unwrap();
    let section = |page: &str, id: &str| {
        let from = page.find(&format!("<section id=\"{id}\"")).unwrap_or_else(|| panic!("no section {id}"));
        page[from..from + page[from..].find("</section>").unwrap()].to_owned()
    };
    let index = of(&one, "index.html");
    let first = section(&index, "attention");
    assert!(first.contains("insult: the conversation fails") && first.contains("you idiot"), "{first}");
    assert!(first.contains("#t3") || first.contains("#t1"), "a fatal item leads to its turn: {first}");
    assert!(first.contains("below the usual") && first.contains("agents/ana.html"), "{first}");
    assert!(section(&index, "team-history").contains("<svg"));
    let night = section(&index, "night");
    assert!(night.contains("moderate agreement with reviewers · n 60 · kappa 0.52 (0.31 to 0.70)"), "{night}");
    assert!(night.contains("measured with other phrases or another scorecard"), "{night}");
    assert!(
        night.contains("How it is known who in a conversation is the agent.") && night.contains("the input says so")
    );

    let ana = of(&one, "agents/ana.html");
    let history = section(&ana, "history");
    assert!(history.contains("compared with nights before: 8.") && history.contains("below the limits"), "{history}");
    assert_eq!(history.matches("<svg").count(), 2 + history.matches("plot small").count(), "overall wide and narrow");
    assert!(
        section(&ana, "scores").contains("kappa 0.52") && section(&ana, "habits").contains("language was followed")
    );
    assert!(section(&of(&one, "agents/new.html"), "history").contains("First seen tonight."));

    // The same in Russian, with nothing of the alerts left in English.
    let russian = run("russian", "one", &last, &["--report-language", "ru", "--trust", &trust]);
    let first = section(&of(&russian, "index.html"), "attention");
    assert!(first.contains("оскорбление: разговор не засчитан") && !first.contains("conversation fails"), "{first}");
    assert!(!first.contains("varies from"), "{first}");
}
