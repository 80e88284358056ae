//! Input that is broken, that lies or that means harm is set aside with its place and reason, in bounded memory, and
//! the good records beside it are scored.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::{Table, run_json, score};

fn good(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","channel":"chat","agent_id":"ana","turns":[{{"speaker":"customer","text":"I am really upset, my parcel is late."}},{{"speaker":"agent","text":"I am so sorry about the delay, let me find it for you right now."}}]}}"#
    ) + "\n"
}

/// The same in UTF-8 beyond ASCII, so that the charset of a file can be told.
fn russian(id: &str) -> String {
    good(id).replace(
        "I am really upset",
        "Здравствуйте, я очень расстроена, посылка опаздывает на неделю. I am really upset",
    )
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::new(6));
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// Two gibibytes of zeros once expanded: the same 16 MiB as so many members of a gzip file.
fn bomb() -> Vec<u8> {
    let mut member = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..16 {
        member.write_all(&zeros).unwrap();
    }
    member.finish().unwrap().repeat(128)
}

/// A line of 200 MB between good ones, most of it a hole in the file.
fn long_line(path: &Path) {
    let mut file = File::create(path).unwrap();
    // More good lines than the beginning that formats are recognised by.
    for i in 0..400 {
        file.write_all(good(&format!("before-{i}")).as_bytes()).unwrap();
    }
    file.write_all(br#"{"id":"long","turns":[{"speaker":"agent","text":""#).unwrap();
    file.seek(SeekFrom::Current(200_000_000)).unwrap();
    file.write_all(b"\"}]}\n").unwrap();
    file.write_all(good("after").as_bytes()).unwrap();
}

/// Windows-1251 for a few Russian words.
const PRIVET_1251: &[u8] = b"\xcf\xf0\xe8\xe2\xe5\xf2, \xef\xee\xf7\xe5\xec\xf3 \xf2\xe0\xea \xe4\xee\xeb\xe3\xee";

#[test]
fn what_is_hostile_is_set_aside_and_the_rest_is_scored() {
    let dir = tempfile::tempdir().unwrap();
    let night = dir.path().join("night");
    fs::create_dir(&night).unwrap();
    let write = |name: &str, parts: &[&[u8]]| fs::write(night.join(name), parts.concat()).unwrap();

    write("bomb.jsonl.gz", &[&bomb()]);
    let many: String = (0..200).map(|i| good(&format!("cut-{i}"))).collect();
    let packed = gzip(many.as_bytes());
    write("cut.jsonl.gz", &[&packed[..packed.len() - 20]]);
    let deep = format!("{{\"id\":\"deep\",\"turns\":{}\n", "[".repeat(200_000));
    let labels = format!("{{\"id\":\"labels\",\"labels\":{{\"x\":{}\n", "{\"a\":[".repeat(100_000));
    write("deep.jsonl", &[good("deep-1").as_bytes(), deep.as_bytes(), labels.as_bytes(), good("deep-2").as_bytes()]);
    let rows = b"conversation_id,role,text\nlie,customer,".as_slice();
    write("lie.csv", &[b"\xef\xbb\xbf", rows, PRIVET_1251, b"\nlie,agent,\xff\xfe\n"]);
    write(
        "lie.jsonl",
        &[
            russian("lie-1").as_bytes(),
            br#"{"id":"lie","turns":[{"speaker":"customer","text":""#,
            PRIVET_1251,
            b"\"}]}\n",
            russian("lie-2").as_bytes(),
        ],
    );
    long_line(&night.join("long.jsonl"));
    write(
        "nul.jsonl",
        &[
            good("nul-1").as_bytes(),
            b"{\"id\":\"nul\",\"turns\":[{\"speaker\":\"agent\",\"text\":\"a\0b\"}]}\n",
            br#"{"id":"nul-escaped","turns":[{"speaker":"agent","text":"a\u0000b"}]}"#,
            b"\n",
            good("nul-2").as_bytes(),
        ],
    );
    // Nothing but zeros, and noise.
    write("zeros.jsonl", &[&[0; 4096]]);
    let noise: Vec<u8> = (0_u32..100_000).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    write("noise.csv", &[&noise]);

    let out = dir.path().join("out");
    score(&night, &out, &["--max-record", "64", "--max-quarantine", "100%"], 0);
    let json = run_json(&out);
    assert_eq!(json["read"].as_u64(), Some(json["scored"].as_u64().unwrap() + json["quarantined"].as_u64().unwrap()));

    let table = Table::read(&out, "quarantine.csv");
    let mut kinds: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for row in &table.rows {
        let file = Path::new(&row[table.at("file")]).file_name().unwrap().to_string_lossy().into_owned();
        kinds.entry(file).or_default().insert(&row[table.at("kind")]);
        assert!(!row[table.at("reason")].is_empty() && row[table.at("reason")].len() < 2000, "{row:?}");
    }
    let reasons = format!("{:?}", table.rows);
    let has = |file: &str, any: &[&str]| {
        let found = kinds.get(file).unwrap_or_else(|| panic!("nothing of {file} was set aside: {reasons}"));
        assert!(any.iter().any(|k| found.contains(k)), "{file}: {found:?} holds none of {any:?}: {reasons}");
    };
    has("bomb.jsonl.gz", &["bomb"]);
    has("cut.jsonl.gz", &["io"]);
    has("deep.jsonl", &["syntax", "content"]);
    has("lie.csv", &["charset"]);
    has("lie.jsonl", &["charset"]);
    has("long.jsonl", &["too_large"]);
    has("nul.jsonl", &["syntax", "content"]);
    has("zeros.jsonl", &["charset", "content", "syntax"]);
    has("noise.csv", &["charset", "content", "syntax"]);

    let scored = Table::read(&out, "conversations.csv");
    let ids: BTreeSet<&str> = scored.column("conversation_id").into_iter().collect();
    for id in ["deep-1", "deep-2", "lie-1", "lie-2", "nul-1", "nul-2", "before-0", "before-399", "after", "cut-0"] {
        assert!(ids.contains(id), "{id} is good but was not scored: {reasons}");
    }
    for id in ["deep", "labels", "lie", "long", "nul", "nul-escaped"] {
        assert!(!ids.contains(id), "{id} was scored");
    }
    let set_aside = table.column("conversation_id");
    for id in ["deep", "lie", "long", "nul-escaped"] {
        assert!(set_aside.contains(&id), "the reason names no conversation {id}: {reasons}");
    }
}

#[test]
fn the_exit_code_tells_when_too_much_was_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("night.jsonl");
    let lines: String = (0..8).map(|i| if i < 6 { good(&format!("c{i}")) } else { "{broken\n".to_owned() }).collect();
    fs::write(&file, lines).unwrap();
    let out = dir.path().join("out");
    // Two of eight are broken; the run is written either way.
    for (allowed, code) in [("2", 0), ("1", 1), ("25%", 0), ("24%", 1)] {
        score(&file, &out, &["--quiet", "--max-quarantine", allowed], code);
        assert_eq!(run_json(&out)["quarantined"].as_u64(), Some(2));
        fs::remove_dir_all(&out).unwrap();
    }
}
