//! The formats: one file each. To add one, write its file and add a line to [`ALL`].

use std::ops::ControlFlow;

use super::{Format, Options, Sink, Source};
use crate::model::{Conversation, Reason};

pub mod aircall;
pub mod assemblyai;
pub mod aws_pca;
pub mod azure_speech;
pub mod contact_lens;
pub mod csv_turns;
mod cues;
pub mod deepgram;
mod draft;
pub(super) mod fields;
pub mod freshdesk;
mod gather;
pub mod genesys;
pub mod gong;
pub mod google_insights;
mod heard;
pub mod helpscout;
pub mod intercom;
mod json;
pub mod jsonl;
pub mod mail;
pub mod mapped;
pub mod parquet;
pub mod plain_text;
mod rows;
mod rttm;
pub mod salesforce;
mod segments;
pub mod side_file;
pub mod srt;
mod tickets;
pub(crate) mod times;
pub mod transcribe;
pub mod twilio;
mod vendor;
pub mod webvtt;
pub mod whatsapp;
pub mod whisper;
pub mod whisper_cpp;
pub mod whisperx;
pub mod xlsx;
pub mod yandex_speechkit;
pub mod yandex_speechsense;
pub mod zendesk;

use fields::Field;
pub use json::Keys;

/// Every format, in the order in which equal claims are decided.
pub static ALL: &[&dyn Format] = &[
    &jsonl::JsonLines,
    &mail::Mail,
    &csv_turns::CsvTurns,
    &plain_text::PlainText,
    &whisper::Whisper,
    &whisperx::WhisperX,
    &whisper_cpp::WhisperCpp,
    &yandex_speechkit::SpeechKit,
    &yandex_speechsense::SpeechSense,
    &aircall::Aircall,
    &gong::Gong,
    &webvtt::WebVtt,
    &srt::Srt,
    &whatsapp::WhatsApp,
    &side_file::SideFile,
    &contact_lens::ContactLens,
    &transcribe::Transcribe,
    &aws_pca::AwsPca,
    &genesys::Genesys,
    &google_insights::GoogleInsights,
    &deepgram::Deepgram,
    &assemblyai::AssemblyAi,
    &azure_speech::AzureSpeech,
    &twilio::Twilio,
    &zendesk::Zendesk,
    &intercom::Intercom,
    &freshdesk::Freshdesk,
    &helpscout::HelpScout,
    &salesforce::Salesforce,
    &parquet::Parquet,
    &xlsx::Xlsx,
    &mapped::Mapped,
];

/// The format of this name, as `--format` takes it.
pub fn named(name: &str) -> Option<&'static dyn Format> {
    ALL.iter().copied().find(|f| f.name() == name)
}

pub(super) use fields::Field as Known;

/// What the name of a field or column is known to hold.
pub(super) fn known_field(name: &str) -> Option<Known> {
    fields::field(name).map(|(field, ..)| field)
}

/// The values of a JSON file one by one, as they are written.
pub(super) fn json_values(
    source: &Source,
    options: &Options,
    sink: &mut Sink<'_>,
    each: &mut dyn FnMut(&str) -> ControlFlow<()>,
) -> ControlFlow<()> {
    json::read(source, options, &[], sink, &mut |item, _| each(item.text))
}

/// The first rows of a table that are whole: column and cell, where there is something in it.
///
/// # Errors
/// When it has no header or cannot be read.
pub(super) fn first_rows(
    source: &Source,
    options: &Options,
    most: usize,
) -> Result<Vec<Vec<(String, String)>>, Reason> {
    let (mut rows, names) = csv_turns::open_table(source, options)?;
    let (mut row, mut out) = (rows::Row::default(), Vec::new());
    while out.len() < most && rows.next_row(&mut row) {
        if row.bad.is_none() && row.len() >= names.len() {
            let cells = names.iter().enumerate().map(|(i, n)| (n.clone(), row.get(i).to_owned()));
            out.push(cells.filter(|(_, cell)| !cell.is_empty()).collect());
        }
    }
    Ok(out)
}

/// More seconds than a conversation can last (31 years): what is past them is a date in seconds, or milliseconds.
const LONGEST: f64 = 1e9;

/// Checks what every conversation must keep to, whatever its format: an id, a turn with text, and times that are
/// seconds from its start with no end before its start.
///
/// # Errors
/// [`Reason::Empty`] without text, else [`Reason::Content`] naming the turn, counted from 1.
pub fn validate(conversation: &Conversation<'_>) -> Result<(), Reason> {
    if conversation.id.trim().is_empty() {
        return Err(Reason::Content("the conversation id is empty".to_owned()));
    }
    let mut text = false;
    for (i, turn) in conversation.turns.iter().enumerate() {
        text = text || !turn.text.trim_start().is_empty();
        for (name, time) in [("start", turn.start), ("end", turn.end)] {
            if let Some(t) = time
                && !(0.0..LONGEST).contains(&t)
            {
                let what = if t < 0.0 { "before the start of the conversation" } else { "not seconds from its start" };
                return Err(Reason::Content(format!("turn {}: its {name} ({t}) is {what}", i + 1)));
            }
        }
        if let (Some(start), Some(end)) = (turn.start, turn.end)
            && end < start
        {
            return Err(Reason::Content(format!("turn {}: its end ({end}) is before its start ({start})", i + 1)));
        }
        // Borrowed text comes from readers that let no control characters through.
        if let std::borrow::Cow::Owned(s) = &turn.text.0
            && memchr::memchr(0, s.as_bytes()).is_some()
        {
            return Err(Reason::Content(format!("turn {}: a NUL character in its text", i + 1)));
        }
    }
    if text { Ok(()) } else { Err(Reason::Empty) }
}

/// Sets aside a file whose format needs what this build lacks.
#[cfg(not(all(feature = "parquet", feature = "xlsx")))]
fn absent(
    source: &super::Source,
    feature: &str,
    what: &str,
    remedy: &str,
    sink: &mut super::Sink<'_>,
) -> std::ops::ControlFlow<()> {
    let said = format!("this build of Sabyr reads {what} (it was made without the feature `{feature}`); {remedy}");
    let place = crate::model::Place::file(&source.file);
    sink(super::Record::Bad(crate::model::Quarantined { place, conversation_id: None, reason: Reason::Content(said) }))
}

/// What the tests of the formats share.
#[cfg(test)]
mod testing {
    use std::ops::ControlFlow;

    use super::{Format, validate};
    use crate::ingest::{Options, Record, Source};

    /// Reads bytes as a file of this name: a line a record, canonical JSON or `line N id: reason`.
    pub fn read_text(format: &dyn Format, name: &str, bytes: &[u8]) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut out = Vec::new();
        let _ = format.read(&[Source { file: path.into() }], &Options::default(), &mut |record| {
            out.push(match record {
                Record::Conversation { place, conversation } => match validate(&conversation) {
                    Ok(()) => serde_json::to_string(&conversation).unwrap(),
                    Err(e) => format!("line {} {}: {e}", place.line.unwrap_or_default(), conversation.id),
                },
                Record::Bad(q) => {
                    let id = q.conversation_id.unwrap_or_default();
                    format!("line {} {id}: {}", q.place.line.unwrap_or_default(), q.reason)
                }
                Record::Lines { bytes, .. } => String::from_utf8(bytes).unwrap(),
            });
            ControlFlow::Continue(())
        });
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Turn;

    fn check(id: &'static str, turn: Turn<'static>) -> Option<String> {
        validate(&Conversation { id: id.into(), turns: vec![turn], ..Conversation::default() })
            .err()
            .map(|r| r.to_string())
    }

    #[test]
    fn what_cannot_be_scored_is_named() {
        let turn = |start, end| Turn { text: "hello".into(), start, end, ..Turn::default() };
        assert_eq!(check("a", turn(Some(0.0), Some(0.0))), None);
        assert_eq!(check(" ", turn(None, None)).unwrap(), "the conversation id is empty");
        assert_eq!(check("a", Turn { text: " \n".into(), ..Turn::default() }).unwrap(), "no turns with text");
        assert_eq!(check("a", turn(Some(3.0), Some(2.5))).unwrap(), "turn 1: its end (2.5) is before its start (3)");
        assert!(check("a", turn(Some(-1.0), None)).unwrap().contains("before the start of the conversation"));
        assert!(check("a", turn(Some(1.74e12), None)).unwrap().contains("not seconds from its start"));
        assert!(check("a", turn(None, Some(f64::NAN))).is_some());
        assert!(check("a", Turn { text: String::from("a\0").into(), ..Turn::default() }).unwrap().contains("NUL"));
    }

    #[test]
    fn every_format_has_its_own_name() {
        for (i, f) in ALL.iter().enumerate() {
            assert_eq!(f.name(), f.name().to_lowercase());
            assert!(!f.about().is_empty());
            assert_eq!(ALL.iter().position(|g| g.name() == f.name()), Some(i));
            assert!(named(f.name()).is_some());
        }
        assert!(named("docx").is_none());
    }
}
