//! Roles, side data and ids that stand twice, from the files to the tables.

use std::fs;
use std::path::Path;

use super::{Table, run_json, score};

fn call(id: &str, agent: &str, customer: &str, last: &str) -> String {
    let turns = [
        (agent, "Good morning, thank you for calling Northgate, how can I help you?"),
        (customer, "Hello, my parcel is three weeks late and I am really upset."),
        (agent, "I'm so sorry about the wait, that must be upsetting. May I have your order number, please?"),
        (customer, "I have it here, it is seven seven one."),
        (agent, last),
    ];
    let turns: Vec<String> = turns.iter().map(|(l, t)| format!("{{\"label\":\"{l}\",\"text\":\"{t}\"}}")).collect();
    format!("{{\"id\":\"{id}\",\"channel\":\"call\",\"turns\":[{}]}}\n", turns.join(","))
}

const LAST: &str = "Thank you. It will be with you tomorrow. Is there anything else I can help you with? Goodbye!";

#[test]
fn names_tables_and_file_names_say_who_and_when() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    let input = dir.path().join("in");
    fs::create_dir(&input).unwrap();
    put("in/20261120_a.jsonl", &call("1", "Ana Silva", "Marat", LAST));
    put("in/20261399_b.jsonl", &call("2", "channel 0", "channel 1", LAST));
    put("roster.csv", "id,name,team\nana7,\"Silva, Ana\",Delivery\n");
    put("side.csv", "call_id;agent;csat\n2;bo;4\n1;ana7;5\n");
    let at = |name: &str| dir.path().join(name).display().to_string();
    let out = dir.path().join("out");
    let options = ["--roster", &at("roster.csv"), "--side", &at("side.csv"), "--name-pattern", r"^(?P<date>\d{8})_"];
    score(&input, &out, &options, 0);
    let t = Table::read(&out, "conversations.csv");
    assert_eq!(t.column("conversation_id"), ["1", "2"]);
    assert_eq!(t.column("agent_id"), ["ana7", "bo"]);
    assert_eq!(t.column("team"), ["Delivery", ""]);
    assert_eq!(t.column("role_source"), ["elimination", "inferred"]);
    assert_eq!(t.column("started_at"), ["2026-11-20", ""]);
    assert_eq!(t.column("role_confidence")[0], "0.97");
    let notes = t.column("notes");
    assert!(
        notes[1].contains("date: the file name: \"20261399\"") && notes[1].contains("roles_inferred: \"channel 0\""),
        "{notes:?}"
    );
    let facts = run_json(&out);
    assert_eq!(facts["notes"]["date"], 1);
    assert_eq!(facts["role_sources"]["inferred"], 1);
    assert!(t.column("overall").iter().all(|o| !o.is_empty()));
}

#[test]
fn an_id_with_two_contents_counts_for_none_whatever_the_order_and_the_threads() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (call("same", "channel 0", "channel 1", LAST), call("same", "channel 0", "channel 1", "No idea."));
    let once = call("once", "channel 0", "channel 1", LAST);
    let run = |name: &str, lines: &[&String], threads: &str| {
        let file = dir.path().join(format!("{name}.jsonl"));
        fs::write(&file, lines.iter().map(|l| l.as_str()).collect::<String>()).unwrap();
        let out = dir.path().join(format!("{name}-{threads}"));
        score(&file, &out, &["--threads", threads, "--max-quarantine", "100%"], 0);
        let read = |out: &Path, table: &str| fs::read(out.join(table)).unwrap();
        let kinds: Vec<String> =
            Table::read(&out, "quarantine.csv").column("kind").iter().map(|k| (*k).to_owned()).collect();
        (read(&out, "conversations.csv"), read(&out, "quarantine.csv"), kinds)
    };
    let one = run("first", &[&a, &once, &b, &once, &a], "1");
    assert_eq!(one.2, ["conflict", "conflict", "duplicate", "conflict"]);
    assert_eq!(run("first", &[&a, &once, &b, &once, &a], "3"), one);
    let other = run("second", &[&b, &a, &once], "1");
    assert_eq!(other.2, ["conflict", "conflict"]);
    let rows = Table::read(&dir.path().join("second-1"), "conversations.csv");
    assert_eq!(rows.column("conversation_id"), ["once"]);
}
