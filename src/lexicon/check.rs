//! Verifying lexicons: every example is found, every counter-example is not, and which phrases stand twice.

use std::collections::BTreeMap;

use super::{Act, Content, Lexicon, LexiconFile, Mistake, Reader, Reading};
use crate::model::{Channel, Conversation, Language, Speaker, Turn};

/// A sentence of a lexicon file that must, or must not, carry its act.
#[derive(Clone, Debug)]
pub struct Example {
    /// `lang/act`.
    pub file: String,
    /// Line in the file.
    pub line: usize,
    /// The act.
    pub act: Act,
    /// Of the file.
    pub language: Language,
    /// The sentence.
    pub text: String,
    /// Whether the act must be found (`finds`) or must not (`passes`).
    pub found: bool,
}

/// The examples of lexicon files.
pub fn examples(files: &[LexiconFile]) -> Vec<Example> {
    let mut out = Vec::new();
    for file in files {
        let Content::Act(content) = &file.content else { continue };
        let Some(act) = Act::named(content.act.get_ref()) else { continue };
        for (list, found) in [(&content.finds, true), (&content.passes, false)] {
            for text in list {
                out.push(Example {
                    file: file.path.clone(),
                    line: file.line(text),
                    act,
                    language: file.language,
                    text: text.get_ref().clone(),
                    found,
                });
            }
        }
    }
    out
}

impl Example {
    /// Reads the sentence as a turn of the act's speaker.
    ///
    /// # Errors
    /// When the act is missing, or found where it must not be (naming the phrase that found it).
    pub fn check(&self, lexicon: &Lexicon, reader: &mut Reader<'_>) -> Result<(), Mistake> {
        let mut reading = Reading::default();
        let speaker = if self.act.info().by.admits(Speaker::Agent) { Speaker::Agent } else { Speaker::Customer };
        reader.read(&turn(&self.text, speaker, self.language), &mut reading);
        let hit = reading.acts.iter().find(|f| f.act == self.act);
        let message = match (hit, self.found) {
            (None, true) => format!("{} is not found in its example {:?}", self.act.name(), self.text),
            (Some(f), false) => {
                let rule = lexicon.rule(f.rule);
                format!("{} is found in its counter-example {:?} by {:?}", self.act.name(), self.text, rule.pattern)
            }
            _ => return Ok(()),
        };
        Err(Mistake { file: self.file.clone(), line: self.line, message })
    }
}

/// One turn as a conversation.
pub(super) fn turn(text: &str, speaker: Speaker, language: Language) -> Conversation<'_> {
    Conversation {
        id: "example".into(),
        channel: Channel::Chat,
        language: Some(language.code().into()),
        turns: vec![Turn { speaker, text: text.into(), ..Turn::default() }],
        ..Conversation::default()
    }
}

/// Fewest phrases of a scored act, by language.
pub fn fewest_phrases(language: Language) -> usize {
    if language == Language::Kazakh { 25 } else { 40 }
}

/// Everything that is wrong with lexicon files that compile: failing examples, too few phrases or examples, repetitions.
pub fn check(files: &[LexiconFile], lexicon: &Lexicon) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut reader = Reader::new(lexicon);
    for example in examples(files) {
        mistakes.extend(example.check(lexicon, &mut reader).err());
    }
    for file in files {
        let Content::Act(content) = &file.content else { continue };
        let Some(act) = Act::named(content.act.get_ref()) else { continue };
        let mut fail = |line: usize, message: String| mistakes.push(Mistake { file: file.path.clone(), line, message });
        let mut seen = BTreeMap::new();
        for written in content.strong.iter().chain(&content.phrases).chain(&content.weak) {
            if let Some(first) = seen.insert(written.get_ref().clone(), file.line(written)) {
                fail(file.line(written), format!("{:?} stands already in line {first}", written.get_ref()));
            }
        }
        if act.info().scored {
            let (need, have) = (fewest_phrases(file.language), seen.len());
            if have < need {
                fail(0, format!("{have} phrases; an act that carries a score needs {need}"));
            }
            if content.finds.len() < 8 || content.passes.len() < 5 {
                fail(0, format!("{} finds and {} passes; 8 and 5 are needed", content.finds.len(), content.passes.len()));
            }
        }
    }
    mistakes.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    mistakes
}

/// The same phrase in two acts of a language: allowed, but worth a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The phrase.
    pub pattern: String,
    /// File and line of each place.
    pub places: Vec<(String, usize)>,
}

/// Phrases that stand in more than one act of a language.
pub fn overlaps(lexicon: &Lexicon) -> Vec<Overlap> {
    let mut by: BTreeMap<(Language, &str), Vec<(String, usize)>> = BTreeMap::new();
    for rule in lexicon.rules().iter().filter(|r| !r.bar) {
        by.entry((rule.language, &rule.pattern)).or_default().push(rule.place.clone());
    }
    by.into_iter()
        .filter(|(_, places)| places.iter().any(|p| p.0 != places[0].0))
        .map(|((_, pattern), places)| Overlap { pattern: pattern.to_owned(), places })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexicon(files: &[(&str, &str)]) -> Lexicon {
        let files: Vec<_> = files.iter().map(|(p, s)| LexiconFile::parse(p, s).unwrap()).collect();
        Lexicon::compile(&files).unwrap()
    }

    fn found(lexicon: &Lexicon, text: &str, speaker: Speaker, language: Language) -> Vec<(&'static str, String)> {
        let mut reading = Reading::default();
        Reader::new(lexicon).read(&turn(text, speaker, language), &mut reading);
        reading.acts.iter().map(|f| (f.act.name(), text[f.start as usize..f.end as usize].to_owned())).collect()
    }

    fn small() -> Lexicon {
        lexicon(&[
            ("en/sets.toml", "[sets]\nnegator = [\"not\", \"don't\"]\nnegator_near = [\"no\"]\nclause_break = [\"but\"]\nbad = [\"delay\", \"long wait\", \"trouble\", \"mess*\", \"fault\"]\n"),
            (
                "en/empathy.apology.toml",
                "act = \"empathy.apology\"\nstrong = [\"i am [so|very] sorry\"]\nphrases = [\"sorry (about|for) ~2 @bad\"]\nweak = [\"sorry\"]\nunless = [\"^ sorry $\"]\n",
            ),
            ("en/tone.positive.toml", "act = \"tone.positive\"\nnegation = \"flip\"\nflipped = \"tone.negative\"\nphrases = [\"happy\"]\n"),
            ("ru/empathy.apology.toml", "act = \"empathy.apology\"\nphrases = [\"извин* за ~2 (ожидание|задержк*)\"]\n"),
            ("kk/empathy.apology.toml", "act = \"empathy.apology\"\nphrases = [\"кешірім сұраймын\"]\n"),
        ])
    }

    #[test]
    fn forms_gaps_sets_and_contractions_are_found_with_offsets() {
        let l = small();
        let one = |t: &str| found(&l, t, Speaker::Agent, Language::English);
        assert_eq!(one("Well, I’m so sorry."), [("empathy.apology", "I’m so sorry".to_owned())]);
        assert_eq!(one("sorry about all the trouble"), [("empathy.apology", "sorry about all the trouble".to_owned())]);
        assert_eq!(one("SORRY for the long wait!"), [("empathy.apology", "SORRY for the long wait".to_owned())]);
        assert_eq!(one("sorry for your messes").len(), 1);
        assert_eq!(one("Sorry? Say again"), [], "a look-alike");
        assert_eq!(one("so sorry. about the trouble")[0].1, "sorry", "never across a sentence end");
    }

    #[test]
    fn negation_bars_flips_and_ends_at_a_clause() {
        let l = small();
        let one = |t: &str| found(&l, t, Speaker::Agent, Language::English);
        assert_eq!(one("we are not sorry"), []);
        assert_eq!(one("not now, sorry").len(), 1, "a comma ends its reach");
        assert_eq!(one("it did not arrive but sorry anyway").len(), 1);
        assert_eq!(one("sorry for not the trouble"), [("empathy.apology", "sorry".to_owned())], "a gap does not pass over a negation");
        assert_eq!(one("I am not very happy"), [("tone.negative", "happy".to_owned())]);
    }

    #[test]
    fn gaps_may_follow_each_other_around_optional_words() {
        let l = lexicon(&[("en/empathy.apology.toml", "act = \"empathy.apology\"\nphrases = [\"sorry ~1 [really] ~2 wait\"]\n")]);
        for text in ["sorry wait", "sorry really wait", "sorry a b c wait", "sorry a really b c wait"] {
            assert_eq!(found(&l, text, Speaker::Agent, Language::English).len(), 1, "{text}");
        }
        assert_eq!(found(&l, "sorry a b c d wait", Speaker::Agent, Language::English), []);
    }

    #[test]
    fn only_the_right_speaker_carries_an_act() {
        assert_eq!(found(&small(), "I am sorry", Speaker::Customer, Language::English), []);
        assert_eq!(found(&small(), "I am sorry", Speaker::Unknown, Language::English).len(), 1);
    }

    #[test]
    fn russian_endings_and_kazakh_in_every_spelling() {
        let l = small();
        assert_eq!(found(&l, "извините за такое долгое ожидание", Speaker::Agent, Language::Russian).len(), 1);
        for text in ["Кешірім сұраймын", "кеширим сураймын", "keshirim suraimyn", "keşirim sūraymyn"] {
            assert_eq!(found(&l, text, Speaker::Agent, Language::Kazakh).len(), 1, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let files: Vec<_> = [("en/empathy.apology.toml", "act = \"empathy.apology\"\nphrases = [\"sorry\", \"sorry\"]\nfinds = [\"hello\"]\npasses = [\"sorry\"]\n")]
            .iter()
            .map(|(p, s)| LexiconFile::parse(p, s).unwrap())
            .collect();
        let text: Vec<String> = check(&files, &Lexicon::compile(&files).unwrap()).iter().map(ToString::to_string).collect();
        for want in ["not found in its example", "found in its counter-example", "stands already in line 2", "needs 40"] {
            assert!(text.iter().any(|t| t.contains(want)), "{want} in {text:?}");
        }
    }

    #[test]
    fn mistakes_of_patterns_carry_file_and_line() {
        let file = LexiconFile::parse("en/empathy.apology.toml", "act = \"empathy.apology\"\nphrases = [\n \"ok then\",\n \"(a\",\n \"@nosuch x\",\n]\n").unwrap();
        let e = Lexicon::compile(&[file]).unwrap_err().to_string();
        assert!(e.contains(":4:") && e.contains(":5:") && e.contains("@nosuch"), "{e}");
    }
}
