//! Scoring: a line of the input is a turn, its first byte says whose. Acts slice their turns, scores stay in bounds, and a
//! reader that has read before agrees with a fresh one.
#![no_main]

use std::cell::RefCell;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sabyr::criteria::{measures, parts};
use sabyr::lexicon::{Lexicon, Reader, Reading};
use sabyr::model::{Channel, Conversation, Speaker, Turn};
use sabyr::scorecard::Scorecard;

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::built_in().unwrap());
static SCORECARD: LazyLock<Scorecard> = LazyLock::new(|| Scorecard::built_in().unwrap());

thread_local! {
    static USED: RefCell<(Reader<'static>, Reading)> = RefCell::new((Reader::new(&LEXICON), Reading::default()));
}

fuzz_target!(|text: &str| {
    let turns = text.lines().filter_map(|line| {
        let first = line.chars().next()?;
        let speaker = match first as u32 % 5 {
            0 | 1 => Speaker::Agent,
            2 | 3 => Speaker::Customer,
            _ => Speaker::Unknown,
        };
        Some(Turn { speaker, text: line[first.len_utf8()..].into(), ..Turn::default() })
    });
    let conversation = Conversation {
        id: "any".into(),
        channel: [Channel::Call, Channel::Chat, Channel::Email][text.len() % 3],
        agent_id: Some("ana".into()),
        turns: turns.collect(),
        ..Conversation::default()
    };
    let mut fresh = Reading::default();
    Reader::new(&LEXICON).read(&conversation, &mut fresh);
    USED.with_borrow_mut(|(reader, reading)| {
        reader.read(&conversation, reading);
        assert_eq!(reading.acts, fresh.acts);
        assert_eq!(reading.language, fresh.language);
    });
    for (i, turn) in conversation.turns.iter().enumerate() {
        for found in fresh.acts_of(i) {
            assert!(turn.text.get(found.start as usize..found.end as usize).is_some());
        }
        let m = measures::of_turn(fresh.acts_of(i));
        assert!([m.empathy, m.politeness, m.positivity, m.calm, m.distress].iter().all(|m| (0.0..=1.0).contains(m)));
    }
    for part in parts(&conversation, &fresh, &LEXICON) {
        for result in SCORECARD.score(&part).criteria {
            let sum = result.base + result.evidence.iter().map(|e| e.points).sum::<f64>();
            assert!(result.score.is_none_or(|s| (s - sum.clamp(0.0, 100.0)).abs() < 1e-9));
        }
    }
});
