//! The night in `data/night`: the same bytes from every run, every figure accounted for, every quote in the data.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use polars::prelude::AnyValue;
use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;
use sabyr::criteria;
use sabyr::ingest::{Options, Record, discover, formats, read_all};
use sabyr::model::Conversation;
use sabyr::privacy::mask;
use sabyr::report::masked_id;

use crate::{Table, files, root, run_json, score};

const DOMAIN: &str = "sabyr-demo.kz";

/// What the masks write.
const MASKS: [&str; 8] = ["[email]", "[phone]", "[card]", "[iban]", "[iin]", "[inn]", "[snils]", "[passport]"];

#[test]
fn the_demo_night() {
    let dir = tempfile::tempdir().unwrap();
    let extra = dir.path().join("told.jsonl");
    fs::write(&extra, TOLD.replace('\n', " ") + "\n").unwrap();
    let extra = extra.to_str().unwrap();
    let run = |name: &str, threads: &str, more: &[&str]| {
        let out = dir.path().join(name);
        let more = [&[extra, "--agent-domain", DOMAIN, "--threads", threads], more].concat();
        score(Path::new("data/night"), &out, &more, 0);
        out
    };
    let masked = run("masked", "3", &[]);
    let first: Vec<_> = files(&masked).into_iter().map(|f| (f.clone(), bytes(&masked.join(f)))).collect();
    let alone = run("alone", "1", &[]);
    same(&first, &alone);
    // Again, over the run that is there.
    let again = run("masked", "2", &["--quiet"]);
    same(&first, &again);
    let open = run("open", "2", &["--no-redact"]);

    let data = conversations(extra);
    adds_up(&masked, data.len());
    sets_aside_what_is_broken(&masked);
    personal_data_is_masked(&masked, &open);
    masking_changes_no_score(&masked, &open);
    for (name, rows) in
        [("conversations", 100), ("evidence", 500), ("agents", 5), ("fairness", 30), ("case_mix", 30), ("alerts", 0)]
    {
        assert!(parquet_is_csv(&masked, name) >= rows, "hardly any rows in {name}");
    }
    points_add_up(&open);
    points_add_up(&masked);
    evidence_slices_the_turns(&open, &data);
    pages_quote_the_data(&masked, &data);
    pages_quote_the_data(&open, &data);
    columns_are_described(&masked);
}

/// A file of a run without what differs from run to run.
fn bytes(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    if path.ends_with("run.json") {
        let text = String::from_utf8(bytes).unwrap();
        return text.lines().filter(|l| !l.trim_start().starts_with("\"seconds\":")).collect::<String>().into_bytes();
    }
    bytes
}

fn same(first: &[(std::path::PathBuf, Vec<u8>)], other: &Path) {
    let names: Vec<_> = first.iter().map(|f| f.0.clone()).collect();
    assert_eq!(files(other), names);
    for (file, content) in first {
        assert!(bytes(&other.join(file)) == *content, "{} differs in {}", file.display(), other.display());
    }
}

/// The conversations of the night as the program reads them.
fn conversations(extra: &str) -> Vec<Conversation<'static>> {
    let sources = discover(&[root().join("data/night").display().to_string(), extra.to_owned()]).unwrap();
    let options = Options { agent_domains: vec![DOMAIN.into()], ..Options::default() };
    let mut all = Vec::new();
    let end = read_all(&sources, &options, &mut |record| {
        match record {
            Record::Conversation { conversation, .. } => all.push(*conversation),
            Record::Lines { file, first_line, bytes } => {
                all.extend(formats::jsonl::lines(&file, first_line, &bytes).flatten().map(|(_, c)| c.into_owned()));
            }
            Record::Bad(_) => {}
        }
        ControlFlow::Continue(())
    });
    assert!(end.is_continue());
    all
}

fn adds_up(run: &Path, conversations: usize) {
    let json = run_json(run);
    let n = |name: &str| json[name].as_u64().unwrap();
    assert_eq!(n("read"), n("scored") + n("quarantined"));
    assert_eq!(n("scored"), conversations as u64);
    assert_eq!(n("quarantined"), Table::read(run, "quarantine.csv").rows.len() as u64);
    assert_eq!(n("parts"), Table::read(run, "conversations.csv").rows.len() as u64);
    assert_eq!(n("evidence"), Table::read(run, "evidence.csv").rows.len() as u64);
    let table = Table::read(run, "conversations.csv");
    let ids: HashSet<&str> = table.column("conversation_id").into_iter().collect();
    assert_eq!(ids.len() as u64, n("scored"), "masked ids stay apart");
    assert_eq!(n("agents"), Table::read(run, "agents.csv").rows.len() as u64);
    for by in ["languages", "channels"] {
        let sum: u64 = json[by].as_object().unwrap().values().map(|v| v.as_u64().unwrap()).sum();
        assert_eq!(sum, n("scored"), "{by}");
    }
    for (criterion, statuses) in json["statuses"].as_object().unwrap() {
        let sum: u64 = statuses.as_object().unwrap().values().map(|v| v.as_u64().unwrap()).sum();
        assert_eq!(sum, n("parts"), "{criterion}");
    }
    for language in ["en", "ru", "kk"] {
        assert!(json["languages"][language].as_u64().unwrap() >= 20, "the night lost its {language}");
    }
}

fn sets_aside_what_is_broken(run: &Path) {
    let table = Table::read(run, "quarantine.csv");
    let mut found: Vec<_> = table
        .rows
        .iter()
        .map(|r| {
            let get = |name: &str| r[table.at(name)].as_str();
            assert!(!get("reason").is_empty());
            (get("file"), get("line"), get("kind"))
        })
        .collect();
    found.sort_unstable();
    let want = [
        ("data/night/broken.csv", "", "content"),
        ("data/night/broken.jsonl", "2", "syntax"),
        ("data/night/broken.jsonl", "3", "content"),
    ];
    assert_eq!(found, want);
}

/// A conversation beside the night whose every quote holds personal data.
const TOLD: &str = r#"{"id":"told-1","channel":"chat","agent_id":"tom","turns":[
{"speaker":"customer","text":"I am really upset about my card 4111 1111 1111 1111, my IIN 451231500014 and my phone +7 700 000 01 02"},
{"speaker":"agent","text":"I am so sorry about the trouble with card 4111 1111 1111 1111, IIN 451231500014 and phone 8 (700) 000-01-02"},
{"speaker":"customer","text":"Thanks"}]}"#;

/// Digits of the personal data of the night, however they are grouped: a card, an IIN, and the numbers it calls from.
const SECRETS: [&str; 3] = ["4111111111111111", "451231500014", "7000000"];

/// Which of [`SECRETS`] a text holds.
fn secrets(text: &str) -> [bool; 3] {
    let mut found = [false; 3];
    // Runs of digits with at most one separator between two digits.
    let mut run = String::new();
    let mut gap = 0;
    for c in text.chars().chain(['\n', '\n']) {
        if c.is_ascii_digit() {
            run.push(c);
            gap = 0;
            continue;
        }
        gap += 1;
        if !matches!(c, ' ' | '-' | '(' | ')' | '+') || gap > 2 {
            for (found, secret) in found.iter_mut().zip(SECRETS) {
                *found |= run.len() >= 10 && run.contains(secret);
            }
            run.clear();
        }
    }
    found
}

fn personal_data_is_masked(masked: &Path, open: &Path) {
    let mut shown = [false; 3];
    let mut email = false;
    for file in files(open) {
        let text = String::from_utf8_lossy(&fs::read(open.join(&file)).unwrap()).into_owned();
        for (shown, found) in shown.iter_mut().zip(secrets(&text)) {
            *shown |= found;
        }
        email |= text.contains("@example.");
    }
    assert!(shown == [true; 3] && email, "--no-redact hides something: {shown:?} {email}");
    let mut masks = 0;
    for file in files(masked) {
        let bytes = fs::read(masked.join(&file)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(secrets(&text), [false; 3], "personal data in {}", file.display());
        assert!(!text.contains("@example."), "a customer's address in {}", file.display());
        masks += MASKS.iter().map(|m| text.matches(m).count()).sum::<usize>();
    }
    assert!(masks > 0);
    assert_eq!(run_json(masked)["masked"], true);
    assert_eq!(run_json(open)["masked"], false);
}

fn masking_changes_no_score(masked: &Path, open: &Path) {
    let texts = ["conversation_id", "quote", "called_quote"];
    for name in ["conversations.csv", "evidence.csv"] {
        let (a, b) = (Table::read(masked, name), Table::read(open, name));
        assert_eq!(a.rows.len(), b.rows.len());
        for column in a.header.iter().filter(|h| !texts.contains(&h.as_str())) {
            assert_eq!(a.column(column), b.column(column), "{name}: {column}");
        }
    }
    assert!(Table::read(masked, "agents.csv").rows == Table::read(open, "agents.csv").rows);
}

/// Compares a table's two files and returns its number of rows.
fn parquet_is_csv(run: &Path, name: &str) -> usize {
    let table = Table::read(run, &format!("{name}.csv"));
    let file = fs::File::open(run.join(format!("{name}.parquet"))).unwrap();
    let frame = ParquetReader::new(file).finish().unwrap();
    let names: Vec<&str> = frame.get_column_names().into_iter().map(|n| n.as_str()).collect();
    assert_eq!(names, table.header, "{name}");
    assert_eq!(frame.height(), table.rows.len(), "{name}");
    for column in &table.header {
        let values = frame.column(column).unwrap();
        for (i, written) in table.column(column).into_iter().enumerate() {
            let near = |x: f64| {
                let decimals = written.split_once('.').map_or(0, |(_, d)| d.len());
                let given: f64 = written.parse().unwrap_or(f64::NAN);
                (given - x).abs() <= 0.5 * 0.1_f64.powi(decimals as i32) + 1e-9
            };
            let text = |s: &str| written == s || written.strip_prefix('\'') == Some(s);
            let equal = match values.get(i).unwrap() {
                AnyValue::Null => written.is_empty(),
                AnyValue::Int64(n) => written == n.to_string(),
                AnyValue::Float64(x) => near(x),
                AnyValue::String(s) => text(s),
                AnyValue::StringOwned(s) => text(s.as_str()),
                other => panic!("{name}: {column} holds {other:?}"),
            };
            assert!(
                equal,
                "{name} row {i}: {column} is {written:?} in CSV but {:?} in Parquet",
                values.get(i).unwrap()
            );
        }
    }
    table.rows.len()
}

fn points_add_up(run: &Path) {
    let evidence = Table::read(run, "evidence.csv");
    let mut sums: HashMap<[&str; 3], (f64, f64)> = HashMap::new();
    let at = ["conversation_id", "agent_id", "criterion", "points", "effect"].map(|c| evidence.at(c));
    for (i, row) in evidence.rows.iter().enumerate() {
        let [id, agent, criterion, points, written] = at.map(|c| row[c].as_str());
        let points: f64 = points.parse().unwrap();
        let effect = if points > 0.0 {
            "won"
        } else if points < 0.0 {
            "lost"
        } else {
            "noted"
        };
        // A point of less than half a hundredth is written as 0.00.
        assert!(written == effect || points == 0.0, "row {i}: {points} is {written}");
        let sum = sums.entry([id, agent, criterion]).or_default();
        sum.0 += points;
        sum.1 += 1.0;
    }
    let table = Table::read(run, "conversations.csv");
    let (ids, agents) = (table.column("conversation_id"), table.column("agent_id"));
    let mut scored = 0;
    for criterion in criteria::ALL.iter().map(|c| c.name()) {
        // Every sum of a criterion starts at the same place.
        let mut base = None;
        let (scores, statuses) = (table.column(criterion), table.column(&format!("{criterion}_status")));
        for (i, written) in scores.into_iter().enumerate() {
            let (points, count) = sums.remove(&[ids[i], agents[i], criterion]).unwrap_or_default();
            assert_eq!(statuses[i] == "scored", !written.is_empty(), "{} {criterion}", ids[i]);
            if written.is_empty() {
                assert_eq!(count, 0.0, "{}: evidence for {criterion}, which is {}", ids[i], statuses[i]);
                continue;
            }
            scored += 1;
            let starts = written.parse::<f64>().unwrap() - points;
            let base = *base.get_or_insert((starts, count));
            assert!(
                (starts - base.0).abs() <= 0.102 + 0.0051 * (count + base.1),
                "{} {criterion}: its points start at {starts}, others at {}",
                ids[i],
                base.0
            );
        }
    }
    assert!(scored > 200 && sums.is_empty(), "evidence that belongs to no row: {:?}", sums.keys().next());
}

fn evidence_slices_the_turns(run: &Path, data: &[Conversation<'_>]) {
    let by_id: HashMap<&str, &Conversation<'_>> = data.iter().map(|c| (&*c.id, c)).collect();
    let table = Table::read(run, "evidence.csv");
    let mut words = 0;
    for row in &table.rows {
        let get = |name: &str| row[table.at(name)].as_str();
        let number = |name: &str| get(name).parse::<usize>().unwrap();
        let conversation = by_id[get("conversation_id").trim_start_matches('\'')];
        let text: &str = &conversation.turns[number("turn")].text;
        let (start, end) = (number("start"), number("end"));
        let said = text.get(start..end).unwrap_or_else(|| panic!("{row:?} cuts {text:?}"));
        words += usize::from(!said.is_empty());
        assert_eq!(said.trim(), said, "{row:?} begins or ends with space");
        if !get("act").is_empty() {
            assert!(!said.is_empty(), "{row:?}: an act without words");
        }
        let quote = pieces(get("quote").trim_start_matches('\''));
        assert!(holds(text, &quote), "{row:?} does not quote {text:?}");
        if !get("called_turn").is_empty() {
            let called: &str = &conversation.turns[number("called_turn")].text;
            assert!(
                holds(called, &pieces(get("called_quote").trim_start_matches('\''))),
                "{row:?} does not quote {called:?}"
            );
        }
    }
    assert!(words > 300);
}

/// A quote without the dots of shortening, divided where something was masked.
fn pieces(quote: &str) -> Vec<String> {
    let quote = quote.strip_prefix("… ").unwrap_or(quote);
    let mut text = quote.strip_suffix(" …").unwrap_or(quote).to_owned();
    for mask in MASKS {
        text = text.replace(mask, "\0");
    }
    text.split('\0').map(str::to_owned).collect()
}

/// Whether a turn holds the pieces in this order, whatever its spaces are.
fn holds(turn: &str, pieces: &[String]) -> bool {
    let line = turn.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rest = line.as_str();
    pieces.iter().all(|p| match rest.find(p.trim()) {
        Some(at) => {
            rest = &rest[at + p.trim().len()..];
            true
        }
        None => false,
    })
}

/// What [`sabyr::report::agent_page::escape`] made of a text.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn pages_quote_the_data(run: &Path, data: &[Conversation<'_>]) {
    let agents = Table::read(run, "agents.csv").rows.len();
    let pages: Vec<_> = files(run).into_iter().filter(|f| f.starts_with("agents")).collect();
    assert_eq!(pages.len(), agents, "a page an agent");
    let mut quotes = 0;
    for page in pages {
        let text = String::from_utf8(fs::read(run.join(&page)).unwrap()).expect("pages are UTF-8");
        assert!(
            text.starts_with("# ") && text.contains("## Scores") && text.contains("## To practise"),
            "{}",
            page.display()
        );
        let mut place: Option<(String, usize)> = None;
        for line in text.lines() {
            if let Some((_, at)) = line.strip_prefix("- **").and_then(|l| l.rsplit_once(" · conversation ")) {
                let (id, turn) = at.rsplit_once(", turn ").unwrap();
                place = Some((unescaped(id), turn.parse().unwrap()));
                continue;
            }
            let Some((who, quote)) = line.trim_start().strip_prefix("- ").and_then(|l| l.split_once(": “")) else {
                continue;
            };
            let quote = unescaped(quote.strip_suffix('”').unwrap());
            let (id, turn) = place.as_ref().expect("a quote follows its place");
            let pieces = pieces(&quote);
            let mut candidates = data.iter().filter(|c| *c.id == **id || masked_id(&c.id, mask) == **id);
            let there = candidates.any(|c| match who {
                "agent" => c.turns.get(*turn).is_some_and(|t| holds(&t.text, &pieces)),
                _ => c.turns.iter().any(|t| holds(&t.text, &pieces)),
            });
            assert!(there, "{}: {who} never said {quote:?} in {id}", page.display());
            quotes += 1;
        }
    }
    assert!(quotes >= 2 * agents, "only {quotes} quotes on {agents} pages");
}

fn columns_are_described(run: &Path) {
    let text = fs::read_to_string(run.join("columns.md")).unwrap();
    for name in ["conversations", "agents", "evidence", "quarantine", "fairness", "case_mix", "alerts"] {
        for column in Table::read(run, &format!("{name}.csv")).header {
            assert!(text.contains(&column), "columns.md says nothing of {column} in {name}");
        }
    }
}
