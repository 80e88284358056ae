//! One small night, as it is written: a change of scoring shows here as a difference to read.
//!
//! `INSTA_UPDATE=always cargo test --test snapshots` accepts what is new.

use std::process::Command;

/// A call in English, a chat in Russian, an email in Kazakh, all of one agent.
const NIGHT: &str = concat!(
    r#"{"id":"call-en","channel":"call","language":"en","started_at":"2026-11-20T18:00:00+05:00","queue":"delivery","agent_id":"dana","turns":["#,
    r#"{"speaker":"agent","text":"Good evening, Dana speaking. How can I help you?","start":0,"end":3},"#,
    r#"{"speaker":"customer","text":"My parcel should have come last week, and I'm really upset about it. My number is +7 700 000 01 02.","start":4,"end":12},"#,
    r#"{"speaker":"agent","text":"I'm so sorry about the delay. I understand how upsetting that is, so let me find it for you right now. May I put you on hold for a minute?","start":13,"end":22},"#,
    r#"{"speaker":"customer","text":"Yes, please.","start":23,"end":24},"#,
    r#"{"speaker":"agent","text":"Thank you for waiting. I can't send it today, but I can have it with you tomorrow before noon.","start":70,"end":78},"#,
    r#"{"speaker":"customer","text":"That would be great, thank you.","start":79,"end":81},"#,
    r#"{"speaker":"agent","text":"Is there anything else I can help you with? Thank you for calling, have a lovely evening!","start":82,"end":88}]}"#,
    "\n",
    r#"{"id":"chat-ru","channel":"chat","language":"ru","started_at":"2026-11-20T19:00:00+05:00","queue":"cards","agent_id":"dana","turns":["#,
    r#"{"speaker":"customer","text":"Здравствуйте! Вы заблокировали карту 4111 1111 1111 1111, я стою на кассе, мне очень стыдно."},"#,
    r#"{"speaker":"agent","text":"Таковы правила банка, ничем не могу помочь."},"#,
    r#"{"speaker":"customer","text":"Я не понимаю, за что? Я уже говорила, что сама оплачивала."},"#,
    r#"{"speaker":"agent","text":"Я уже сказала: вы должны обратиться в отделение."},"#,
    r#"{"speaker":"customer","text":"Ужасное обслуживание."}]}"#,
    "\n",
    r#"{"id":"mail-kk","channel":"email","language":"kk","started_at":"2026-11-20T20:00:00+05:00","queue":"internet","agent_id":"dana","turns":["#,
    r#"{"speaker":"customer","text":"Сәлеметсіз бе! Интернет үш күннен бері істемейді, балам сабағына қосыла алмай отыр, қатты алаңдап отырмын."},"#,
    r#"{"speaker":"agent","text":"Сәлеметсіз бе! Қолайсыздық үшін кешірім сұраймыз, алаңдағаныңызды түсінемін. Шебер ертең сағат 10:00-де келеді, мен өзім қадағалаймын. Тағы сұрақтарыңыз болса, жазыңыз. Құрметпен, Дана"}]}"#,
    "\n",
);

#[test]
fn a_small_night_is_scored_as_before() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("night.jsonl"), NIGHT).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_sabyr"))
        .current_dir(dir.path())
        .args(["score", "night.jsonl", "--out", "out", "--threads", "1", "--quiet"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name: &str| std::fs::read_to_string(dir.path().join("out").join(name)).unwrap();
    insta::with_settings!({ snapshot_path => ".", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("agent_page", read("agents/dana.md"));
        insta::assert_snapshot!("conversations", listed(&read("conversations.csv")));
    });
}

/// A line a cell, so that a difference shows which column changed.
fn listed(table: &str) -> String {
    let mut reader = csv::Reader::from_reader(table.trim_start_matches('\u{FEFF}').as_bytes());
    let header = reader.headers().unwrap().clone();
    let mut out = String::new();
    for row in reader.records() {
        for (name, value) in header.iter().zip(&row.unwrap()) {
            out += format!("{name}: {value}").trim_end();
            out.push('\n');
        }
        out.push('\n');
    }
    out
}
