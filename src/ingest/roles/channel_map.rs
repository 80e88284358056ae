//! Which channel is the agent's, as the user says.

use super::{fold, speaker_from_label};
use crate::ingest::formats;
use crate::model::Speaker;

/// Channels and diarisation labels with their roles: `channel 0=agent,channel 1=customer`, for all formats or for one.
#[derive(Clone, Debug, Default)]
pub struct ChannelMap {
    /// Format (for all when `None`), the words of the label, the role.
    entries: Vec<(Option<&'static str>, Vec<String>, Speaker)>,
}

impl ChannelMap {
    /// Adds what a user wrote: `LABEL=ROLE,LABEL=ROLE`, with `FORMAT:` before it where it holds for one format only.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let head = text.split('=').next().unwrap_or_default();
        let (format, pairs) = match head.split_once(':') {
            None => (None, text),
            Some((name, _)) => {
                let format = formats::named(name.trim()).ok_or_else(|| {
                    let names: Vec<_> = formats::ALL.iter().map(|f| f.name()).collect();
                    format!("there is no format {:?}; there are {}", name.trim(), names.join(", "))
                })?;
                (Some(format.name()), &text[name.len() + 1..])
            }
        };
        for pair in pairs.split(',').filter(|p| !p.trim().is_empty()) {
            let (label, role) = pair
                .split_once('=')
                .ok_or_else(|| format!("{:?} is not LABEL=ROLE, such as 'channel 0=agent'", pair.trim()))?;
            let words = words(label);
            let speaker = speaker_from_label(role).speaker;
            if words.is_empty() || speaker == Speaker::Unknown {
                return Err(format!(
                    "{:?} is not LABEL=ROLE; roles are agent, customer, bot, ivr, supervisor, system",
                    pair.trim()
                ));
            }
            self.entries.push((format, words, speaker));
        }
        if self.entries.is_empty() { Err("nothing in it; write LABEL=ROLE,LABEL=ROLE".to_owned()) } else { Ok(()) }
    }

    /// Whether nothing is mapped.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The role of a label in a format: an entry for the format before one for all, then the longest that the label begins
    /// with. `0` stands for `channel 0`, `ch_0`, `SPEAKER_00`.
    pub fn role(&self, format: &str, label: &str) -> Option<Speaker> {
        let label = words(label);
        let fits = |key: &[String]| {
            label.starts_with(key)
                || matches!((key, &label[..]), ([n], [kind, m]) if n == m && (kind == "channel" || kind == "speaker"))
        };
        let met = self.entries.iter().filter(|(f, key, _)| f.is_none_or(|f| f == format) && fits(key));
        met.max_by_key(|(f, key, _)| (f.is_some(), key.len())).map(|(_, _, speaker)| *speaker)
    }
}

/// Whether a label only counts channels or speakers, and names nobody.
pub fn is_technical(label: &str) -> bool {
    let words = words(label);
    words.iter().all(|w| {
        w == "channel"
            || w == "speaker"
            || w == "left"
            || w == "right"
            || w == "unknown"
            || w == "user"
            || w.chars().count() == 1
            || w.bytes().all(|b| b.is_ascii_digit())
    })
}

/// The words and numbers of a label, as recognisers vary them: `ch_0`, `Channel 0` and `channel 00` are the same.
fn words(label: &str) -> Vec<String> {
    let folded = fold(label);
    let mut out: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in folded.chars() {
        if c.is_alphanumeric() {
            let goes_on = last.is_alphanumeric() && last.is_numeric() == c.is_numeric();
            match out.last_mut() {
                Some(word) if goes_on => word.push(c),
                _ => out.push(c.to_string()),
            }
        }
        last = c;
    }
    for word in &mut out {
        let number = word.trim_start_matches('0');
        let plain = match &**word {
            "ch" | "chan" | "канал" | "арна" => "channel",
            "spk" | "говорящий" | "спикер" | "собеседник" => "speaker",
            w if w.bytes().all(|b| b.is_ascii_digit()) => {
                if number.is_empty() {
                    "0"
                } else {
                    number
                }
            }
            w => w,
        };
        if plain != word {
            *word = plain.to_owned();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_meet_however_recognisers_write_them() {
        let mut map = ChannelMap::default();
        map.add("channel 0=agent, channel 1 = customer").unwrap();
        map.add("SPEAKER_02=bot,Левый канал=оператор").unwrap();
        for (label, want) in [
            ("channel 0", Some(Speaker::Agent)),
            ("ch_0", Some(Speaker::Agent)),
            ("Channel 1", Some(Speaker::Customer)),
            ("channel 1 speaker 4", Some(Speaker::Customer)),
            ("spk_2", Some(Speaker::Bot)),
            ("левый канал", Some(Speaker::Agent)),
            ("channel 10", None),
            ("Aidana", None),
        ] {
            assert_eq!(map.role("csv", label), want, "{label}");
        }
    }

    #[test]
    fn a_format_of_its_own_goes_first_and_mistakes_are_named() {
        let mut map = ChannelMap::default();
        map.add("0=agent,1=customer").unwrap();
        map.add("csv: 0=customer,1=agent").unwrap();
        assert_eq!(map.role("csv", "SPEAKER_00"), Some(Speaker::Customer));
        assert_eq!(map.role("jsonl", "SPEAKER_00"), Some(Speaker::Agent));
        for (text, said) in
            [("0=boss", "roles are"), ("0", "LABEL=ROLE"), ("docx: 0=agent", "no format"), (" , ", "nothing in it")]
        {
            assert!(ChannelMap::default().add(text).unwrap_err().contains(said), "{text}");
        }
    }

    #[test]
    fn names_are_told_from_counters() {
        assert!(is_technical("SPEAKER_00") && is_technical("ch 1") && is_technical("A") && is_technical(""));
        assert!(!is_technical("Aidana") && !is_technical("Айдана К"));
    }
}
