//! Turns that were written and rated to teach the learned part (`data/taught`): the file of a language and its examples.
//!
//! One turn a line, eight columns parted by tabs: who speaks (`a` agent, `c` customer), five ratings of 0 to 4 (empathy, politeness,
//! positivity, calm, distress), the acts in it with commas (`-` none, `?` not labelled), its words. `parallel.tsv` has ten: its turns
//! are told in English, Russian and Kazakh and rated once. An empty line ends a scene; turns of one scene are kept on one side of a split.

use std::path::Path;

use super::sets::{SETS, SetError, Sets, Target};
use crate::criteria::measures::speaks;
use crate::learned::Head;
use crate::lexicon::acts::{
    ATTENTION_CHECK_BACK, ATTENTION_PARAPHRASE, Act, CARING_WISH_WELL, CLOSING_CHECK_RESOLVED, CLOSING_FAREWELL,
    CLOSING_INVITE_REPLY, CLOSING_NEXT_STEP, CLOSING_OFFER_MORE_HELP, CLOSING_RECAP, CLOSING_SIGN_OFF,
    CUSTOMER_SATISFIED, EMPATHY_DISMISS, EMPATHY_EXPLORE, EMPATHY_TAKE_ON, NEGATIVE_NO_ALTERNATIVE,
    NEGATIVE_POLICY_WALL, NEGATIVE_REFUSAL, NEGATIVE_YOU_MUST, OWNERSHIP_DEFLECT, PATIENCE_BLAME,
    PATIENCE_EXPLAIN_AGAIN, PATIENCE_GIVE_TIME, PATIENCE_REASSURE, PATIENCE_REPEAT_REPROACH, PATIENCE_RUSH,
    POSITIVE_ALTERNATIVE, POSITIVE_CAN_DO, POSITIVE_NEXT_STEP, RUDE_DISMISSIVE, RUDE_INSULT,
};
use crate::model::Speaker;

/// A file of turns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taught {
    /// Its name without `.tsv`.
    pub file: &'static str,
    /// The name of its set.
    pub set: &'static str,
    /// What talk it is.
    pub talk: Talk,
    language: &'static str,
}

/// What talk a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talk {
    /// Agents and customers.
    Service,
    /// People among themselves, of their troubles.
    Everyday,
    /// What people write in public: reviews, comments, requests. It teaches politeness, positivity and calm.
    Public,
}

/// The files, each a set of its own.
pub const FILES: [Taught; 9] = [
    Taught { file: "en", set: "taught_en", talk: Talk::Service, language: "en" },
    Taught { file: "ru", set: "taught_ru", talk: Talk::Service, language: "ru" },
    Taught { file: "kk", set: "taught_kk", talk: Talk::Service, language: "kk" },
    Taught { file: "everyday_en", set: "everyday_en", talk: Talk::Everyday, language: "en" },
    Taught { file: "everyday_ru", set: "everyday_ru", talk: Talk::Everyday, language: "ru" },
    Taught { file: "everyday_kk", set: "everyday_kk", talk: Talk::Everyday, language: "kk" },
    Taught { file: "public_en", set: "public_en", talk: Talk::Public, language: "en" },
    Taught { file: "public_ru", set: "public_ru", talk: Talk::Public, language: "ru" },
    Taught { file: "public_kk", set: "public_kk", talk: Talk::Public, language: "kk" },
];
/// The file of turns that are told in the languages of the first files, in their order.
const PARALLEL: &str = "parallel";
/// How many languages they are told in.
pub const LANGUAGES: usize = 3;
/// Highest rating.
const MOST: f64 = 4.0;
/// Measures in the order of the columns.
const RATED: [Head; 5] = [Head::Empathy, Head::Politeness, Head::Positivity, Head::Calm, Head::Distress];

/// Measures that a turn has when it has an act of their family: an agent's, contentment a customer's.
const FAMILIES: [(Head, &[Act]); 11] = [
    (Head::Offering, &[POSITIVE_CAN_DO, POSITIVE_NEXT_STEP, POSITIVE_ALTERNATIVE]),
    (Head::Refusing, &[NEGATIVE_REFUSAL, NEGATIVE_NO_ALTERNATIVE, NEGATIVE_POLICY_WALL, NEGATIVE_YOU_MUST]),
    (Head::Understanding, &[ATTENTION_CHECK_BACK, ATTENTION_PARAPHRASE, CLOSING_RECAP, PATIENCE_EXPLAIN_AGAIN]),
    (Head::Contentment, &[CUSTOMER_SATISFIED]),
    (Head::Concern, &[EMPATHY_TAKE_ON, EMPATHY_EXPLORE, CARING_WISH_WELL]),
    (Head::Easing, &[PATIENCE_GIVE_TIME, PATIENCE_REASSURE, PATIENCE_EXPLAIN_AGAIN]),
    (Head::Deflecting, &[OWNERSHIP_DEFLECT]),
    (
        Head::Harshness,
        &[PATIENCE_BLAME, PATIENCE_REPEAT_REPROACH, PATIENCE_RUSH, RUDE_DISMISSIVE, RUDE_INSULT, EMPATHY_DISMISS],
    ),
    (Head::Concluding, &[CLOSING_RECAP, CLOSING_NEXT_STEP, CLOSING_CHECK_RESOLVED]),
    (Head::Inviting, &[CLOSING_OFFER_MORE_HELP, CLOSING_INVITE_REPLY]),
    (Head::Parting, &[CLOSING_FAREWELL, CLOSING_SIGN_OFF]),
];

/// Whether a measure is taught by acts.
pub fn by_acts(head: Head) -> bool {
    FAMILIES.iter().any(|f| f.0 == head)
}

/// What one line of a file says of its turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// Who speaks.
    pub speaker: Speaker,
    /// A rating a measure, 0..=1, in the order of the columns.
    pub ratings: [f64; 5],
    /// The acts in it; `None` when they are not labelled.
    pub acts: Option<Vec<Act>>,
}

/// Reads a line that tells its turn so many times.
///
/// # Errors
/// What is wrong with it.
pub fn parse<const N: usize>(line: &str) -> Result<(Turn, [&str; N]), String> {
    let cells: Vec<&str> = line.split('\t').collect();
    let columns = || format!("a turn has {} columns parted by tabs", 7 + N);
    let (rated, texts) = cells.split_at_checked(7).ok_or_else(columns)?;
    let texts = texts.try_into().map_err(|_| columns())?;
    let [who, ratings @ .., acts] = rated else { return Err(columns()) };
    let speaker = match *who {
        "a" => Speaker::Agent,
        "c" => Speaker::Customer,
        other => return Err(format!("the speaker is a or c, not {other:?}")),
    };
    let rating = |cell: &&str| match cell.as_bytes() {
        [digit @ b'0'..=b'4'] => Ok(f64::from(digit - b'0') / MOST),
        _ => Err(format!("a rating is 0 to 4, not {cell:?}")),
    };
    let ratings = ratings.iter().map(rating).collect::<Result<Vec<f64>, String>>()?;
    let ratings = ratings.try_into().map_err(|_| columns())?;
    let named = |name: &str| Act::named(name).ok_or_else(|| format!("there is no act {name:?}"));
    let acts = match *acts {
        "?" => None,
        "-" => Some(Vec::new()),
        list => Some(list.split(',').map(named).collect::<Result<_, _>>()?),
    };
    Ok((Turn { speaker, ratings, acts }, texts))
}

/// Adds the turns of a folder's files to the sets; files that are missing are passed over.
///
/// # Errors
/// The first line that is not what it should be, or a folder without any file.
pub fn read(folder: &Path, sets: &mut Sets) -> Result<(), SetError> {
    let before = sets.examples.len();
    for (k, Taught { file, .. }) in FILES.iter().enumerate() {
        each_line(folder, file, |scene, line| {
            let (turn, [text]) = parse(line)?;
            teach(sets, k, &format!("{file}:{scene}"), &turn, text);
            Ok(())
        })?;
    }
    each_line(folder, PARALLEL, |scene, line| {
        let (turn, texts) = parse::<LANGUAGES>(line)?;
        let mut told = [0; LANGUAGES];
        for (k, text) in texts.into_iter().enumerate() {
            told[k] = teach(sets, k, &format!("{PARALLEL}:{scene}"), &turn, text);
        }
        sets.parallel.push(told);
        Ok(())
    })?;
    if sets.examples.len() == before { Err(SetError::NoTaught(folder.to_owned(), FILES[0].file)) } else { Ok(()) }
}

/// Calls `read` with each line of a file and the number of its scene.
fn each_line(
    folder: &Path,
    file: &str,
    mut read: impl FnMut(usize, &str) -> Result<(), String>,
) -> Result<(), SetError> {
    let path = folder.join(file).with_extension("tsv");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(SetError::Io(path, e)),
    };
    let mut scene = 0;
    for (n, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            scene += 1;
        } else {
            read(scene, line).map_err(|message| SetError::Line { file: path.clone(), line: n + 1, message })?;
        }
    }
    Ok(())
}

/// Adds what a turn of the `k`th file teaches; gives the number of its conversation.
fn teach(sets: &mut Sets, k: usize, group: &str, turn: &Turn, text: &str) -> usize {
    let Taught { set: name, language, talk, .. } = FILES[k];
    let set = SETS.len() + k;
    let at = sets.text(text, turn.speaker, Some(language));
    for (head, rating) in RATED.into_iter().zip(turn.ratings) {
        let says = match head {
            Head::Politeness | Head::Positivity | Head::Calm => true,
            _ if talk == Talk::Public => false,
            Head::Empathy => turn.speaker == Speaker::Agent || turn.acts.is_none(),
            // Of those who speak of their trouble among themselves, next to nobody is at ease.
            Head::Distress => turn.speaker == Speaker::Customer && talk == Talk::Service,
            _ => true,
        };
        if says {
            sets.add(set, group, head, Target::Graded(rating), vec![at], vec![0]);
        }
    }
    for (head, family) in FAMILIES.iter().filter(|f| speaks(f.0) == Some(turn.speaker)) {
        if let Some(acts) = &turn.acts {
            let has = acts.iter().any(|a| family.contains(a));
            sets.add(set, group, *head, Target::Graded(f64::from(u8::from(has))), vec![at], vec![0]);
        }
    }
    if let Some(acts) = &turn.acts {
        sets.named.push((at, acts.clone()));
    }
    *sets.sizes.entry(name).or_default() += 1;
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_becomes_an_example_for_each_measure_it_is_rated_in() {
        let folder = tempfile::tempdir().unwrap();
        let text = "a\t4\t3\t2\t4\t0\tempathy.apology\tI am so sorry about your dog.\nc\t2\t2\t1\t3\t3\t-\tshe is all I have\n\nc\t3\t2\t2\t4\t0\t?\tthinking of you\n\na\t2\t2\t2\t4\t0\tnegative.refusal,positive.alternative\tnot that one but the red one\nc\t2\t3\t4\t4\t0\tcustomer.satisfied\tthe red one suits us\n";
        std::fs::write(folder.path().join("en.tsv"), text).unwrap();
        let mut sets = Sets::default();
        read(folder.path(), &mut sets).unwrap();
        assert_eq!(sets.sizes["taught_en"], 5);
        let of = |head: Head| sets.examples.iter().filter(|e| e.head == head).map(|e| e.target).collect::<Vec<_>>();
        assert_eq!(
            of(Head::Empathy),
            [Target::Graded(1.0), Target::Graded(0.75), Target::Graded(0.5)],
            "the agents', and what is no service talk"
        );
        assert_eq!(of(Head::Distress), [Target::Graded(0.75), Target::Graded(0.0), Target::Graded(0.0)]);
        assert_eq!(of(Head::Calm).len(), 5);
        // By their acts, of the agents' turns alone or of the customers'; nothing where they are not labelled.
        assert_eq!(of(Head::Contentment), [Target::Graded(0.0), Target::Graded(1.0)]);
        assert_eq!(of(Head::Concern), [Target::Graded(0.0), Target::Graded(0.0)]);
        assert_eq!(of(Head::Offering), [Target::Graded(0.0), Target::Graded(1.0)]);
        assert_eq!(of(Head::Refusing), [Target::Graded(0.0), Target::Graded(1.0)]);
        assert_eq!(of(Head::Understanding), [Target::Graded(0.0), Target::Graded(0.0)]);
        let groups: Vec<&str> = sets.examples.iter().map(|e| e.group.as_str()).collect();
        assert!(groups.contains(&"en:0") && groups.contains(&"en:1"), "{groups:?}");
    }

    #[test]
    fn a_turn_that_is_told_three_times_is_rated_once() {
        let folder = tempfile::tempdir().unwrap();
        let text = "a\t4\t3\t2\t4\t0\tempathy.apology\tso sorry\tочень жаль\tөкінішті-ақ\n";
        std::fs::write(folder.path().join("parallel.tsv"), format!("{text}\n{text}")).unwrap();
        let mut sets = Sets::default();
        read(folder.path(), &mut sets).unwrap();
        assert_eq!(["taught_en", "taught_ru", "taught_kk"].map(|s| sets.sizes[s]), [2, 2, 2]);
        assert_eq!(sets.parallel.len(), 2);
        let told = sets.parallel[1]
            .map(|at| (sets.conversations[at].language.as_deref(), &*sets.conversations[at].turns[0].text));
        assert_eq!(told, [(Some("en"), "so sorry"), (Some("ru"), "очень жаль"), (Some("kk"), "өкінішті-ақ")]);
        // The three are kept on one side of a split.
        let group = |at: usize| {
            sets.examples.iter().filter(move |e| e.conversations == [at]).map(|e| (e.head, e.target, &e.group))
        };
        let english: Vec<_> = group(sets.parallel[1][0]).collect();
        assert!(!english.is_empty() && english.iter().all(|e| e.2 == "parallel:1"), "{english:?}");
        assert!(sets.parallel[1].iter().all(|at| group(*at).eq(english.iter().copied())));
    }

    #[test]
    fn what_is_written_in_public_teaches_tone_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("public_ru.tsv"), "c\t2\t0\t1\t1\t3\t?\tИ зачем вы это удалили?\n").unwrap();
        let mut sets = Sets::default();
        read(folder.path(), &mut sets).unwrap();
        let heads: Vec<Head> = sets.examples.iter().map(|e| e.head).collect();
        assert_eq!(heads, [Head::Politeness, Head::Positivity, Head::Calm]);
        assert_eq!(sets.sizes["public_ru"], 1);
    }

    #[test]
    fn mistakes_name_the_line() {
        for (line, want) in [
            ("a\t4\t3", "8 columns"),
            ("b\t1\t1\t1\t1\t1\t-\tx", "a or c"),
            ("a\t1\t1\t5\t1\t1\t-\tx", "0 to 4"),
            ("a\t1\t1\t1\t1\t-\tx", "8 columns"),
            ("a\t1\t1\t1\t1\t1\tno.act\tx", "no act"),
            ("a\t1\t1\t1\t1\t1\t-\tx\ty", "8 columns"),
        ] {
            let e = parse::<1>(line).unwrap_err();
            assert!(e.contains(want), "{line:?} gave {e}");
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kk.tsv"), "\nx\n").unwrap();
        let e = read(folder.path(), &mut Sets::default()).unwrap_err().to_string();
        assert!(e.contains("kk.tsv:2"), "{e}");
        std::fs::write(folder.path().join("parallel.tsv"), "a\t4\t3\t2\t4\t0\t-\tx\tx").unwrap();
        std::fs::remove_file(folder.path().join("kk.tsv")).unwrap();
        let e = read(folder.path(), &mut Sets::default()).unwrap_err().to_string();
        assert!(e.contains("parallel.tsv:1") && e.contains("10 columns"), "{e}");
        let e = read(&folder.path().join("none"), &mut Sets::default()).unwrap_err().to_string();
        assert!(e.contains("such as en.tsv"), "{e}");
    }

    #[test]
    fn the_turns_that_come_along_are_right() {
        let mut sets = Sets::default();
        read(Path::new("data/taught"), &mut sets).unwrap();
        for Taught { set, .. } in FILES {
            assert!(sets.sizes[set] >= 1000, "{set}: {}", sets.sizes[set]);
        }
        assert!(sets.parallel.len() >= 5000, "{}", sets.parallel.len());
    }
}
