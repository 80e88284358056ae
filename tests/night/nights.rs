//! Night after night: the history keeps each one once, says what it takes, and no run depends on threads or on what came later.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Table, files, sabyr, score};

/// A small night of two agents; ana's last words are those of a bad night.
pub(crate) fn night(folder: &Path, day: &str, agents: &[&str], last: &str) -> PathBuf {
    let mut out = String::new();
    for (a, agent) in agents.iter().enumerate() {
        for i in 0..12 {
            let said = if *agent == "ana" { last } else { "I can have it with you tomorrow before noon." };
            let _ = writeln!(
                out,
                r#"{{"id":"{day}-{a}-{i}","channel":"{channel}","queue":"q{queue}","started_at":"{day}T2{hour}:00:00+05:00","agent_id":"{agent}","turns":[{{"speaker":"customer","text":"My parcel {i} is late again and I am really upset about it."}},{{"speaker":"agent","text":"I am so sorry about the delay. {said}"}},{{"speaker":"customer","text":"Thank you, that would be great."}},{{"speaker":"agent","text":"Is there anything else I can help you with? Have a lovely evening!"}}]}}"#,
                channel = ["call", "chat"][i % 2],
                queue = i % 3,
                hour = i % 4,
            );
        }
    }
    let path = folder.join(format!("{day}.jsonl"));
    fs::write(&path, out).unwrap();
    path
}

/// All files of a folder with their bytes, but for the seconds.
pub(crate) fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let text = |bytes: Vec<u8>| match String::from_utf8(bytes) {
        Ok(text) => text.lines().filter(|l| !l.contains("\"seconds\":")).collect::<Vec<_>>().join("\n").into_bytes(),
        Err(e) => e.into_bytes(),
    };
    files(folder).into_iter().map(|f| (f.clone(), text(fs::read(folder.join(&f)).unwrap()))).collect()
}

#[test]
fn nights_are_kept_once_and_compared() {
    let dir = tempfile::tempdir().unwrap();
    let place = |name: &str| dir.path().join(name).display().to_string();
    let (one, two) = (place("one"), place("two"));
    let first = night(dir.path(), "2026-11-20", &["ana", "ben"], "I can have it with you tomorrow before noon.");
    let second = night(dir.path(), "2026-11-21", &["ana", "new"], "That's not my problem, you idiot.");
    let run = |input: &Path, out: &str, history: &str, threads: &str| {
        let out = dir.path().join(out);
        score(input, &out, &["--history", history, "--threads", threads], 0);
        out
    };
    // With one thread and with three, in a history each.
    let (a1, b1) = (run(&first, "a1", &one, "1"), run(&first, "b1", &two, "3"));
    let (metrics, summary) = (place("s.prom"), place("s.json"));
    let more = ["--history", &one, "--prometheus", &metrics, "--summary-json", &summary, "--threads", "1"];
    let a2 = dir.path().join("a2");
    let said = score(&second, &a2, &more, 0);
    let b2 = run(&second, "b2", &two, "2");
    for (a, b) in [(&a1, &b1), (&a2, &b2)] {
        assert!(content(a) == content(b), "{} and {} differ", a.display(), b.display());
    }
    assert!(content(Path::new(&one)) == content(Path::new(&two)), "the histories differ");
    let kept: Vec<String> = files(Path::new(&one)).iter().map(|f| f.display().to_string()).collect();
    assert_eq!(kept.len(), 6, "{kept:?}");
    assert!(kept.contains(&"conversations/date=2026-11-21/conversations.parquet".to_owned()), "{kept:?}");

    // The first night again: the same, as if the second had not been.
    let before = content(Path::new(&one));
    run(&first, "a1", &one, "2");
    assert!(content(&a1) == content(&b1) && content(Path::new(&one)) == before, "a night run again is not the same");

    let table = Table::read(&a2, "history.csv");
    let rows: Vec<Vec<&str>> = table
        .rows
        .iter()
        .filter(|r| r[table.at("criterion")] == "overall")
        .map(|r| {
            ["scope", "agent_id", "nights", "first_seen", "slope"].iter().map(|c| r[table.at(c)].as_str()).collect()
        })
        .collect();
    let want = [["team", "", "2", "0", ""], ["agent", "ana", "2", "0", ""], ["agent", "new", "1", "1", ""]];
    assert_eq!(rows, want);
    assert!(table.column("note").iter().all(|n| n.contains("not enough nights")));

    // Fatal moments are listed with their words, printed, counted and summed up.
    let alerts = Table::read(&a2, "alerts.csv");
    assert_eq!(alerts.rows.len(), 12);
    assert!(alerts.column("quote").iter().all(|q| q.contains("you idiot")), "{:?}", alerts.column("quote"));
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("12 to look at (alerts.csv):") && said.contains("... and 2 more"), "{said}");
    let metrics = fs::read_to_string(metrics).unwrap();
    for line in ["sabyr_conversations_scored 24", "sabyr_alerts{kind=\"fatal\"} 12", "sabyr_exit_code 0"] {
        assert!(metrics.lines().any(|l| l == line), "{line} is not in {metrics}");
    }
    let summary: serde_json::Value = serde_json::from_slice(&fs::read(summary).unwrap()).unwrap();
    assert_eq!(summary["run"]["date"], "2026-11-21");
    assert_eq!(summary["alerts"]["by_kind"]["fatal"], 12);
    assert_eq!((&summary["history"]["nights"], &summary["history"]["first_seen"][0]), (&2.into(), &"new".into()));
    let page = fs::read_to_string(a2.join("agents/new.md")).unwrap();
    assert!(page.contains("## Trend") && page.contains("First seen tonight."), "{page}");

    // Everything that is written is described.
    let dictionary = fs::read_to_string(a2.join("columns.md")).unwrap();
    for name in ["history.csv", "fairness.csv", "case_mix.csv", "alerts.csv"] {
        for column in Table::read(&a2, name).header {
            assert!(dictionary.contains(&format!("`{column}`")), "columns.md says nothing of {column} in {name}");
        }
    }
}

#[test]
fn a_night_without_a_date_and_a_damaged_history_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("undated.jsonl");
    let talk = r#"{"id":"1","agent_id":"ana","turns":[{"speaker":"customer","text":"Hello there"},{"speaker":"agent","text":"Hello, how can I help you?"}]}"#;
    fs::write(&input, format!("{talk}\n")).unwrap();
    let (out, history) = (dir.path().join("out"), dir.path().join("history"));
    let folder = history.display().to_string();
    let said = |output: std::process::Output| String::from_utf8(output.stderr).unwrap();
    let undated = said(score(&input, &out, &["--history", &folder], 2));
    assert!(undated.contains("--date YYYY-MM-DD") && undated.lines().count() == 1, "{undated}");
    assert!(!out.exists() && !history.exists(), "nothing is written");

    let json = score(&input, &out, &["--history", &folder, "--date", "2026-11-20", "--summary-json", "-"], 0).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("standard output is JSON alone");
    assert_eq!((&json["run"]["date"], &json["exit_code"]), (&"2026-11-20".into(), &0.into()));

    let kept = history.join("agents/date=2026-11-20/agents.parquet");
    fs::write(&kept, "half a fi").unwrap();
    let damaged = said(score(&input, &dir.path().join("next"), &["--history", &folder, "--date", "2026-11-21"], 3));
    assert!(damaged.contains("date=2026-11-20") && damaged.contains("run that night again"), "{damaged}");
    assert!(!dir.path().join("next").exists());
    // The damaged night itself can be run again.
    score(&input, &out, &["--history", &folder, "--date", "2026-11-20"], 0);
    score(&input, &dir.path().join("next"), &["--history", &folder, "--date", "2026-11-21"], 0);

    // A night that was cut off while it moved is named and left out.
    fs::remove_dir_all(history.join("runs/date=2026-11-20")).unwrap();
    let cut = said(score(&input, &dir.path().join("third"), &["--history", &folder, "--date", "2026-11-22"], 0));
    assert!(cut.contains("2026-11-20 is incomplete"), "{cut}");
}

#[test]
fn wrong_use_is_told_before_the_work() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("n.jsonl");
    fs::write(&input, "{}\n").unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let wrong = [
        (vec!["--history", "OUT/history"], "lie in each other"),
        (vec!["--prometheus", "metrics.txt"], ".prom"),
        (vec!["--prometheus", "/no/such/folder/x.prom"], "does not exist"),
        (vec!["--across-versions"], "--history"),
        (vec!["--date", "yesterday"], "--date"),
    ];
    for (arguments, wanted) in wrong {
        let arguments: Vec<String> = arguments.iter().map(|a| a.replace("OUT", &path("out"))).collect();
        let output = sabyr().arg("score").arg(&input).args(["--out", &path("out")]).args(&arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(wanted), "{arguments:?}: {said}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "wrong use writes nothing");
}
