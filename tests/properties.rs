//! What holds of every conversation, whatever is said in it: offsets slice, scores and measures stay in bounds, points
//! add up, and what was read before changes nothing.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use sabyr::criteria::{self, measures, parts};
use sabyr::lexicon::{Lexicon, Reader, Reading};
use sabyr::model::{Channel, Conversation, Kind, PartResult, Speaker, Status, Turn};
use sabyr::privacy::mask;
use sabyr::report::rows;
use sabyr::resolve::Resolver;
use sabyr::scorecard::Scorecard;

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::built_in().unwrap());
static SCORECARD: LazyLock<Scorecard> = LazyLock::new(|| Scorecard::built_in().unwrap());

/// Pieces of what agents and customers say, so that acts, negations, questions and look-alikes meet in every order.
const PIECES: [&str; 72] = [
    "I'm so sorry about the wait",
    "sorry",
    "I understand how frustrating that must be",
    "not",
    "don't",
    "never",
    "but",
    "we can't do that",
    "unfortunately",
    "there's nothing I can do",
    "I can send it tomorrow",
    "you have to",
    "calm down",
    "as I already said",
    "please hold",
    "may I put you on hold for a minute",
    "thank you for waiting",
    "take your time",
    "I am really upset",
    "this is ridiculous",
    "I don't understand",
    "my father died",
    "my parcel is late",
    "I already told you",
    "thanks, that's all",
    "is there anything else I can help you with",
    "thank you for calling",
    "goodbye",
    "kind regards",
    "you idiot",
    "yes",
    "no",
    "ok",
    "извините за ожидание",
    "приношу извинения",
    "я понимаю, как это неприятно",
    "не",
    "нельзя",
    "к сожалению",
    "вы должны",
    "я уже говорил",
    "оставайтесь на линии",
    "спасибо за ожидание",
    "сколько можно ждать",
    "я очень расстроена",
    "ничего не понимаю",
    "могу ли я ещё чем-то помочь",
    "спасибо за звонок",
    "до свидания",
    "завтра до полудня перезвоню",
    "кешірім сұраймын",
    "күткеніңізге рақмет",
    "түсінбеймін",
    "көмектесе аламын",
    "қазір тексеремін",
    "мүмкін емес",
    "өкінішке орай",
    "сау болыңыз",
    "тағы қандай сұрақтарыңыз бар",
    "kesirim suraimyn",
    "мазасызданбаңыз",
    " +7 701 123 45 67 ",
    " 4111 1111 1111 1111 ",
    " a.b@example.com ",
    "14:30",
    "3.5",
    ".",
    "?",
    "!",
    ",",
    "\n",
    "…",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        12 => prop::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
        // Marks, joiners, signs of other directions and scripts, and letters that change length when folded.
        1 => "[\u{300}-\u{36f}\u{200b}-\u{200f}İıßŁẞﬁ’ʼ\u{ad}𝒜😀عא中ёЁәі]{0,6}",
        1 => any::<String>().prop_map(|s| s.chars().take(8).collect()),
    ];
    (vec(piece, 0..9), prop::sample::select(&[" ", "", "  "][..])).prop_map(|(p, between)| p.join(between))
}

fn turn() -> impl Strategy<Value = Turn<'static>> {
    let speaker = prop_oneof![
        5 => Just(Speaker::Agent),
        5 => Just(Speaker::Customer),
        1 => Just(Speaker::Unknown),
        1 => Just(Speaker::Bot),
        1 => Just(Speaker::Ivr),
        1 => Just(Speaker::System),
    ];
    let time = option::of(0.0..100_000.0_f64);
    let agent = option::weighted(0.2, prop::sample::select(&["ana", "ben", ""][..]));
    (speaker, text(), time, option::of(0.0..500.0_f64), agent).prop_map(|(speaker, text, start, length, agent)| Turn {
        label: None,
        speaker,
        text: text.into(),
        agent_id: agent.map(Into::into),
        start,
        end: start.and_then(|s| length.map(|l| s + l)),
        kind: Kind::Speech,
    })
}

fn conversation() -> impl Strategy<Value = Conversation<'static>> {
    let channel = prop::sample::select(&[Channel::Call, Channel::Chat, Channel::Email][..]);
    let language = option::of(prop::sample::select(&["en", "ru", "kk", "de"][..]));
    (channel, language, vec(turn(), 1..14)).prop_map(|(channel, language, turns)| Conversation {
        id: "any".into(),
        channel,
        language: language.map(Into::into),
        agent_id: Some("ana".into()),
        turns,
        ..Conversation::default()
    })
}

fn read(c: &Conversation<'_>, reader: &mut Reader<'_>, reading: &mut Reading) -> Vec<PartResult> {
    reader.read(c, reading);
    parts(c, reading, &LEXICON).iter().map(|p| SCORECARD.score(p)).collect()
}

/// All of a reading that results can depend on.
fn seen(reading: &Reading) -> String {
    let words: Vec<_> = reading.words.iter().map(|w| (w.start, w.end, w.flags)).collect();
    format!("{:?} {words:?} {:?} {:?}", reading.language, reading.turns, reading.acts)
}

fn bounds(c: &Conversation<'_>, reading: &Reading, results: &[PartResult]) -> Result<(), TestCaseError> {
    prop_assert_eq!(reading.turns.len(), c.turns.len());
    for (i, turn) in c.turns.iter().enumerate() {
        let text: &str = &turn.text;
        let mut last = 0;
        for found in reading.acts_of(i) {
            let said = text.get(found.start as usize..found.end as usize);
            prop_assert!(said.is_some_and(|s| !s.is_empty()), "{} at {found:?} in {text:?}", found.act.name());
            prop_assert!((0.0..=1.0).contains(&found.confidence), "{found:?}");
            prop_assert!(found.act.info().by.admits(turn.speaker), "{} said by {:?}", found.act.name(), turn.speaker);
            prop_assert!(found.start >= last, "acts stand in the order of their beginnings");
            last = found.start;
        }
        let m = measures::of_turn(reading.acts_of(i), &reading.turns[i], LEXICON.model());
        for measure in [m.empathy, m.politeness, m.positivity, m.calm, m.distress] {
            prop_assert!((0.0..=1.0).contains(&measure), "{m:?}");
        }
    }
    prop_assert!(!results.is_empty(), "every conversation has a row");
    for result in results {
        prop_assert_eq!(result.criteria.len(), criteria::ALL.len());
        prop_assert!(result.overall.is_none_or(|o| (0.0..=100.0).contains(&o)), "overall {:?}", result.overall);
        prop_assert!(result.fatal.is_empty() || result.overall.is_none_or(|o| o == 0.0), "{:?}", result.fatal);
        for (criterion, r) in criteria::ALL.iter().zip(&result.criteria) {
            let name = criterion.name();
            prop_assert!(!r.reason.is_empty(), "{name} gives no reason");
            prop_assert_eq!(r.status == Status::Scored, r.score.is_some(), "{}", name);
            prop_assert!(r.score.is_some() || r.evidence.is_empty(), "{name}: points without a score");
            if let Some(score) = r.score {
                let sum = r.base + r.evidence.iter().map(|e| e.points).sum::<f64>();
                prop_assert!((0.0..=100.0).contains(&score), "{name} {score}");
                prop_assert!((sum.clamp(0.0, 100.0) - score).abs() < 1e-9, "{name}: {sum} is not {score}");
            }
            for e in &r.evidence {
                prop_assert!(e.points.is_finite(), "{name}: {e:?}");
                prop_assert!(c.turns[e.turn].text.get(e.start..e.end).is_some(), "{name}: {e:?}");
                if let Some(called) = e.called {
                    prop_assert!(c.turns[called.turn].text.get(called.start..called.end).is_some(), "{name}: {e:?}");
                    prop_assert_eq!(c.turns[called.turn].speaker, Speaker::Customer, "{}", name);
                }
            }
        }
    }
    Ok(())
}

/// A thread that has seen other conversations, in other languages, gives the same results as a fresh one.
fn fresh_and_used_agree(all: &[Conversation<'_>]) -> Result<(), TestCaseError> {
    let (mut used, mut kept) = (Reader::new(&LEXICON), Reading::default());
    for c in all.iter().chain(all.iter().rev()) {
        let from_used = read(c, &mut used, &mut kept);
        let mut reading = Reading::default();
        let from_fresh = read(c, &mut Reader::new(&LEXICON), &mut reading);
        prop_assert_eq!(seen(&kept), seen(&reading));
        bounds(c, &reading, &from_fresh)?;
        prop_assert_eq!(from_used, from_fresh);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn offsets_bounds_and_sums_hold_and_nothing_is_remembered(all in vec(conversation(), 1..4)) {
        fresh_and_used_agree(&all)?;
    }

    #[test]
    fn what_comes_before_scoring_loses_no_words_keeps_stated_roles_and_remembers_nothing(all in vec(conversation(), 1..4)) {
        let place = sabyr::model::Place::file(&std::path::Path::new("any.jsonl").into());
        let mut used = Resolver::new(&LEXICON);
        for c in all.iter().chain(all.iter().rev()) {
            let (mut mine, mut again) = (c.clone(), c.clone());
            for (c, resolver) in [(&mut mine, &mut used), (&mut again, &mut Resolver::new(&LEXICON))] {
                sabyr::ingest::prepare(c, &place, &sabyr::ingest::Options::default());
                resolver.read(c, &mut Reading::default());
            }
            prop_assert_eq!(&mine, &again);
            prop_assert_eq!(mine.turns.len(), c.turns.len());
            let texts = |c: &Conversation<'_>| {
                let mut all: Vec<String> = c.turns.iter().map(|t| t.text.to_string()).collect();
                all.sort();
                all
            };
            prop_assert_eq!(texts(&mine), texts(c));
            let stated = |c: &Conversation<'_>, s: Speaker| c.turns.iter().filter(|t| t.speaker == s).count();
            prop_assert!(stated(&mine, Speaker::Customer) >= stated(c, Speaker::Customer));
            prop_assert!((0.0..=1.0).contains(&mine.roles.confidence));
        }
    }

    #[test]
    fn rows_are_masked_short_and_on_one_line(c in conversation()) {
        let (mut reader, mut reading) = (Reader::new(&LEXICON), Reading::default());
        reader.read(&c, &mut reading);
        let place = sabyr::model::Place::file(&std::path::Path::new("any.jsonl").into());
        for part in parts(&c, &reading, &LEXICON) {
            let result = SCORECARD.score(&part);
            let row = rows::conversation_row(&part, &result, &place, mask);
            prop_assert_eq!(row.turns as usize, c.turns.len());
            for e in rows::evidence_rows(&part, &result, &row.conversation_id, mask) {
                for quote in [&e.quote, &e.called_quote] {
                    prop_assert!(quote.chars().count() <= 300 && !quote.contains('\n'), "{quote:?}");
                    prop_assert!(!quote.contains("4111 1111 1111 1111") && !quote.contains("a.b@example.com"), "{quote:?}");
                }
            }
        }
    }
}

/// What is made to take long: the same words over and over, deep repetition of gaps, one endless sentence.
#[test]
fn long_turns_end_soon_and_stay_in_bounds() {
    let (mut reader, mut reading) = (Reader::new(&LEXICON), Reading::default());
    for piece in ["sorry about the ", "not very ", "we can ", "извините за ", "кешірім ", "a", ". ", "\u{301}", "😀"]
    {
        let turn = |speaker| Turn { speaker, text: piece.repeat(20_000).into(), ..Turn::default() };
        let c = Conversation {
            id: "long".into(),
            turns: vec![turn(Speaker::Agent), turn(Speaker::Customer), turn(Speaker::Unknown)],
            ..Conversation::default()
        };
        let began = std::time::Instant::now();
        let results = read(&c, &mut reader, &mut reading);
        bounds(&c, &reading, &results).unwrap();
        assert!(began.elapsed().as_secs() < 60, "{piece:?} took {:?}", began.elapsed());
    }
}
