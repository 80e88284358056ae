//! People working with a run: explain, sample, calibrate, review and diff on the demo night.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use crate::{Table, files, root, run_json, sabyr, score};

const NIGHT: &[&str] = &["--agent-domain", "sabyr-demo.kz", "--quiet"];
const CRITERIA: [&str; 6] =
    ["patience", "empathy", "positive_language", "proper_closing", "attentiveness", "politeness"];

fn run(args: &[&str], code: i32) -> (String, String) {
    let Output { status, stdout, stderr } = sabyr().args(args).output().unwrap();
    let (out, said) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert_eq!(status.code(), Some(code), "sabyr {args:?}: {said}");
    (out, said)
}

#[test]
fn people_work_with_the_demo_night() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let night = at("night");
    score(Path::new("data/night"), Path::new(&night), NIGHT, 0);
    explains_every_kind_of_source(&night);
    falls_back_to_the_evidence(&night, &at("other"));
    let marks = samples(&night, &at);
    calibrates(&night, &marks, &at);
    reviews(&night, &at);
    differs(&night, &at);
    let (_, said) = run(&["explain", &night, "call-17"], 2);
    assert!(said.contains("did you mean call-017"), "{said}");
}

/// JSON Lines, gzip, CSV, text and mail: the transcript is found again and the sums are those of the run.
fn explains_every_kind_of_source(night: &str) {
    let table = Table::read(Path::new(night), "conversations.csv");
    let (ids, sources) = (table.column("conversation_id"), table.column("source"));
    for part in ["kazakh.jsonl.gz", "chats.csv", "calls_text", ".eml"] {
        let i = sources.iter().position(|s| s.contains(part)).unwrap();
        let (out, said) = run(&["explain", night, ids[i]], 0);
        assert_eq!(said, "", "{part}");
        for name in CRITERIA {
            let score = table.column(name)[i];
            assert!(score.is_empty() || out.contains(&format!("{score} = ")), "{part}: {name} is not {score}:\n{out}");
        }
        assert!(out.contains("won") && !out.contains('\u{1b}'), "no colours in a pipe");
    }
    // A transfer: both parts, or the one that is asked for.
    let twice = ids.iter().find(|id| ids.iter().filter(|i| i == id).count() == 2).unwrap();
    let agents: Vec<&str> = table.rows.iter().filter(|r| r[0] == **twice).map(|r| r[1].as_str()).collect();
    let (both, _) = run(&["explain", night, twice, "--color", "always"], 0);
    assert!(
        agents.iter().all(|a| both.contains(&format!("{a}\u{1b}[0m  overall"))) && both.contains("\u{1b}[4m"),
        "{both}"
    );
    let (one, _) = run(&["explain", night, twice, "--agent", agents[1], "--criterion", "politeness"], 0);
    assert!(!one.contains(&format!("{}  overall", agents[0])) && !one.contains("Patience"), "{one}");
    let (_, said) = run(&["explain", night, twice, "--agent", "nobody"], 2);
    assert!(said.contains("has no part in conversation"), "{said}");
    // Personal data stays masked unless asked.
    let (open, _) = run(&["explain", night, "call-041", "--no-redact"], 0);
    let (masked, _) = run(&["explain", night, "call-041"], 0);
    assert!(
        open.contains("4111 1111 1111 1111") && !masked.contains("4111 1111") && masked.contains("[card]"),
        "{masked}"
    );
}

/// A run whose source has changed or gone, or that is read with other phrases.
fn falls_back_to_the_evidence(night: &str, other: &str) {
    let (out, said) = run(&["explain", night, "call-017", "--from", other], 0);
    assert!(said.contains("no such file here") && said.contains("--from") && out.contains("won"), "{said}");
    fs::create_dir_all(format!("{other}/data/night")).unwrap();
    let text = fs::read_to_string(root().join("data/night/calls.jsonl")).unwrap();
    let put = |text: &str| fs::write(format!("{other}/data/night/calls.jsonl"), text).unwrap();
    put(&text.replace("Спасибо", "Ладно"));
    let (out, said) = run(&["explain", night, "call-017", "--from", other], 0);
    assert!(said.contains("has changed since the run") && out.contains("won"), "{said}");
    // Lines before it do not matter.
    put(&format!("{{\"id\":\"new\",\"turns\":[{{\"text\":\"x\"}}]}}\n{text}"));
    assert_eq!(run(&["explain", night, "call-017", "--from", other], 0).1, "");
    put("{\"id\":\"new\",\"turns\":[{\"text\":\"x\"}]}\n");
    assert!(run(&["explain", night, "call-017", "--from", other], 0).1.contains("no longer holds this conversation"));
    let card = format!("{other}/card.toml");
    fs::write(
        &card,
        fs::read_to_string(root().join("scorecards/default.toml")).unwrap().replace("good = 60", "good = 55"),
    )
    .unwrap();
    assert!(run(&["explain", night, "call-017", "--scorecard", &card], 0).1.contains("the scorecard has changed"));
}

/// Draws; returns the table as drawn.
fn samples(night: &str, at: &impl Fn(&str) -> String) -> String {
    let (one, two, all) = (at("one.csv"), at("two.csv"), at("all.csv"));
    run(&["sample", night, "--out", &one, "--per-agent", "3", "--total", "40", "--seed", "7"], 0);
    run(&["sample", night, "--out", &two, "--per-agent", "3", "--total", "40", "--seed", "7"], 0);
    assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap(), "the same seed draws the same");
    let (_, said) = run(&["sample", night, "--out", &two], 2);
    assert!(said.contains("--overwrite"), "{said}");
    run(&["sample", night, "--out", &two, "--per-agent", "3", "--total", "40", "--seed", "8", "--overwrite"], 0);
    assert_ne!(fs::read(&one).unwrap(), fs::read(&two).unwrap());
    let table = Table::read(Path::new(""), &one);
    assert_eq!(table.rows.len(), 40);
    let mut agents: BTreeMap<&str, usize> = BTreeMap::new();
    table.column("agent_id").into_iter().for_each(|a| *agents.entry(a).or_default() += 1);
    assert!(agents.len() == 10 && agents.values().all(|n| *n >= 3), "{agents:?}");
    for why in ["random", "uncertain", "extreme"] {
        assert!(table.column("drawn").iter().filter(|d| **d == why).count() >= 8, "{why}");
    }
    assert!(CRITERIA.iter().all(|c| table.column(c).iter().all(|cell| cell.is_empty())), "blind");
    assert!(!table.header.iter().any(|h| h.starts_with("sabyr_")));
    run(&["sample", night, "--out", &all, "--total", "500", "--show-scores"], 0);
    let (all_rows, run) = (Table::read(Path::new(""), &all), Table::read(Path::new(night), "conversations.csv"));
    assert_eq!(all_rows.column("sabyr_patience"), run.column("patience"), "all of them, in the order of the run");
    let (_, said) = self::run(&["sample", night, "--out", &at("x.csv"), "--per-agent", "9", "--total", "20"], 2);
    assert!(said.contains("more than --total 20"), "{said}");
    all
}

/// Marks that follow the scores, one of them a little off, by two reviewers.
fn filled(night: &str, drawn: &str, reviewer: &str, off: impl Fn(usize, f64) -> f64) -> String {
    let (table, scores) = (Table::read(Path::new(""), drawn), Table::read(Path::new(night), "conversations.csv"));
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(["conversation_id", "agent_id", "drawn", "reviewer", "date"].iter().chain(&CRITERIA)).unwrap();
    for (i, row) in table.rows.iter().enumerate() {
        let mut cells = vec![
            row[0].clone(),
            row[1].clone(),
            row[table.at("drawn")].clone(),
            reviewer.into(),
            format!("2026-11-{}", 10 + i % 5),
        ];
        for (k, c) in CRITERIA.iter().enumerate() {
            cells.push(match scores.column(c)[i].parse::<f64>() {
                Ok(score) => format!("{:.0}", off(i * 6 + k, score).clamp(0.0, 100.0)),
                Err(_) => "not applicable".into(),
            });
        }
        out.write_record(&cells).unwrap();
    }
    String::from_utf8(out.into_inner().unwrap()).unwrap()
}

fn calibrates(night: &str, drawn: &str, at: &impl Fn(&str) -> String) {
    let (rita, olga, trust) = (at("rita.csv"), at("olga.csv"), at("trust.json"));
    let swing = |i: usize| [0.0, 9.0, -14.0, 5.0, -6.0, 18.0, -3.0][i % 7];
    fs::write(&rita, filled(night, drawn, "rita", |i, s| s + swing(i))).unwrap();
    // One reviewer's own mistakes, too: an unknown conversation and a mark that is none.
    let marks = filled(night, drawn, "olga", |i, s| s + swing(i * 5 + 3));
    let marks = marks.replacen("call-001,aigerim", "call-999,aigerim", 1).replacen(",not applicable", ",perhaps", 1);
    fs::write(&olga, marks.replace(',', ";")).unwrap();
    let (out, said) = run(&["calibrate", night, &rita, &olga, "--out", &trust, "--details", &at("details.json")], 0);
    assert!(
        said.contains("the run has no conversation \"call-999\"") && said.contains("\"perhaps\" is not a mark"),
        "{said}"
    );
    assert!(
        out.contains("by 2 reviewers") && out.contains("reviewers with each other") && out.contains("language kk"),
        "{out}"
    );
    assert!(out.contains("Thresholds of bands, fitted on"), "{out}");
    let again = run(&["calibrate", night, &rita, &olga, "--out", &trust], 0);
    assert_eq!(again.0, out, "the same seed gives the same intervals");
    let json: serde_json::Value = serde_json::from_slice(&fs::read(&trust).unwrap()).unwrap();
    assert_eq!(
        (json["reviewers"].as_u64(), json["marked_from"].as_str(), json["marked_to"].as_str()),
        (Some(2), Some("2026-11-10"), Some("2026-11-14"))
    );
    for c in json["criteria"].as_array().unwrap() {
        let (kappa, low) = (c["kappa"].as_f64().unwrap(), c["low"].as_f64().unwrap());
        assert!(kappa > 0.4 && low < kappa && c["n"].as_u64().unwrap() >= 30, "{c}");
        assert_ne!(c["label"], "unknown");
    }
    // Too few.
    let few = at("few.csv");
    fs::write(&few, fs::read_to_string(&rita).unwrap().lines().take(30).collect::<Vec<_>>().join("\n")).unwrap();
    let (_, said) = run(&["calibrate", night, &few, "--out", &at("none.json")], 2);
    assert!(said.contains("more than 29 marks") && !Path::new(&at("none.json")).exists(), "{said}");
    fs::write(&few, fs::read_to_string(&rita).unwrap().lines().take(41).collect::<Vec<_>>().join("\n")).unwrap();
    assert!(run(&["calibrate", night, &few, "--out", &at("some.json")], 0).1.contains("few marks: Politeness has 40"));
}

fn reviews(night: &str, at: &impl Fn(&str) -> String) {
    let (notes, pages) = (at("notes.csv"), |night: &str| {
        files(Path::new(night))
            .into_iter()
            .map(|f| (f.clone(), fs::read(Path::new(night).join(&f)).unwrap()))
            .collect::<Vec<_>>()
    });
    let untouched = pages(night);
    fs::write(
        &notes,
        "id,kind,text,reviewer\ncall-017,dispute,\"=1+1, or call +7 700 000 01 02\",<b>rita</b>\nnone-1,comment,x,\n",
    )
    .unwrap();
    let (_, said) = run(&["review", night, &notes], 0);
    assert!(
        said.contains("notes.csv:3: the run has no conversation \"none-1\"") && said.contains("1 dispute in"),
        "{said}"
    );
    let first = pages(night);
    run(&["review", night, &notes, "--quiet"], 0);
    assert!(pages(night) == first, "twice is once");
    let table = Table::read(Path::new(night), "review.csv");
    assert_eq!(table.rows, [["call-017", "aigerim", "", "<b>rita</b>", "dispute", "'=1+1, or call [phone]"]]);
    let page = fs::read_to_string(format!("{night}/agents/aigerim.md")).unwrap();
    assert!(
        page.contains("## Notes and disputes") && page.contains("&lt;b&gt;rita&lt;/b&gt;: “=1+1, or call \\[phone\\]”"),
        "{page}"
    );
    let page = fs::read_to_string(format!("{night}/report/agents/aigerim.html")).unwrap();
    let html_notes =
        |page: &str| page.split_once("<!-- notes -->").unwrap().1.split_once("<!-- /notes -->").unwrap().0.to_owned();
    let shown = html_notes(&page);
    assert!(shown.contains("Notes and disputes") && shown.contains("=1+1, or call [phone]"), "{shown}");
    assert!(shown.contains("&#60;b&#62;rita") && !shown.contains("<b>rita"), "{shown}");
    assert!(run(&["explain", night, "call-017"], 0).0.contains("dispute by <b>rita</b>: =1+1, or call [phone]"));
    // At once with the scores, and with the labels that were measured.
    let (later, trust) = (at("later"), at("trust.json"));
    score(Path::new("data/night"), Path::new(&later), &[NIGHT, &["--review", &notes, "--trust", &trust]].concat(), 0);
    let of = |folder: &str, file: &str| fs::read_to_string(format!("{folder}/{file}")).unwrap();
    assert_eq!(of(&later, "review.csv"), of(night, "review.csv"));
    let notes_of = |folder: &str| html_notes(&of(folder, "agents/aigerim.md"));
    assert_eq!(notes_of(&later), notes_of(night));
    assert_eq!(html_notes(&of(&later, "report/agents/aigerim.html")), shown, "at once as later");
    let page = of(&later, "agents/tom.md");
    assert!(page.contains("| agreement with reviewers |") && page.contains("kappa 0."), "{page}");
    assert!(page.contains("marked 2026-11-10 to 2026-11-14") && !page.contains("## Notes"), "{page}");
    let json: serde_json::Value = serde_json::from_slice(&fs::read(&trust).unwrap()).unwrap();
    assert_eq!(run_json(Path::new(&later))["trust"], json);
    assert_eq!(of(&later, "trust.json"), of(Path::new(&trust).parent().unwrap().to_str().unwrap(), "trust.json"));
    // An empty table takes the notes out again.
    fs::write(&notes, "id,kind,text\n").unwrap();
    run(&["review", night, &notes], 0);
    fs::remove_file(format!("{night}/review.csv")).unwrap();
    assert!(pages(night) == untouched);
}

fn differs(night: &str, at: &impl Fn(&str) -> String) {
    let (out, _) = run(&["diff", night, night], 0);
    assert!(out.contains("made by the same program") && out.contains("Nothing moves by 3 points"), "{out}");
    let (mine, after, moves) = (at("mine"), at("after"), at("moves.csv"));
    fs::create_dir_all(format!("{mine}/en")).unwrap();
    fs::write(
        format!("{mine}/en/rude.dismissive.toml"),
        "act = \"rude.dismissive\"\nstrong = [\"that is plenty\"]\nfinds = [\"That's plenty.\"]\n",
    )
    .unwrap();
    score(Path::new("data/night/calls.jsonl"), Path::new(&after), &[NIGHT, &["--lexicons", &mine]].concat(), 0);
    let (out, _) = run(&["diff", night, &after, "--out", &moves], 0);
    assert!(out.contains("phrases: ") && out.contains("The runs are of different inputs"), "{out}");
    assert!(
        out.contains("appeared") && out.contains("en/rude.dismissive") && out.contains("that's plenty, let's fix it"),
        "{out}"
    );
    let table = Table::read(Path::new(""), &moves);
    let of = |what: &str| table.column("what").iter().filter(|w| **w == what).count();
    assert!(of("only in a") >= 50 && of("only in b") == 0, "{} only in a", of("only in a"));
    assert!(table.column("conversation_id").contains(&"call-025"));
    let n = table
        .column("criterion")
        .iter()
        .zip(table.column("cause"))
        .filter(|(c, w)| **c == "politeness" && *w == "appeared")
        .count();
    assert!(n >= 1, "a cause in politeness");
    // The transcript of that run is read again with its own phrases.
    assert_eq!(run(&["explain", &after, "call-025"], 0).1, "");
}
