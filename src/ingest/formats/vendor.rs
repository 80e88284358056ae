//! What readers of vendors' JSON exports share: from the values of a file to conversations, who speaks on which audio
//! channel, and the few ways in which times are written.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Read;
use std::ops::ControlFlow;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::json::{self, Item};
use super::segments::{Segment, turn};
use super::times::{self, When};
use crate::ingest::{Options, Record, Sink, Source, reason_of};
use crate::model::{Channel, Conversation, NoteKind, Reason, Speaker};

/// A value that does not become a conversation, and the conversation's id where that is known.
#[derive(Debug)]
pub(super) struct Refused {
    pub id: Option<String>,
    pub reason: Reason,
}

/// What a value of a file becomes; `None` for what is no conversation and not missed either.
pub(super) type Made = Result<Option<Conversation<'static>>, Refused>;

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Refused {
        Refused { id: None, reason }
    }
}

impl Refused {
    /// The vendor's own word that there is no transcript.
    pub fn vendor(id: &str, said: impl Into<String>) -> Refused {
        Refused { id: Some(id.to_owned()), reason: Reason::Vendor(said.into()) }
    }
}

/// Hands on a conversation for each value of the sources. `make` gets the source, the value and the id of a conversation
/// that has no other (the file's name; behind the first value of a file with its number).
/// `lists`: as [`json::read`] takes them.
pub(super) fn conversations(
    sources: &[Source],
    options: &Options,
    lists: &[&str],
    sink: &mut Sink<'_>,
    make: &dyn Fn(&Source, &Item<'_>, &str) -> Made,
) -> ControlFlow<()> {
    for source in sources {
        let (stem, mut count) = (source.stem(), 0_u64);
        json::read(source, options, lists, sink, &mut |item, sink| {
            count += 1;
            let id = if count == 1 { stem.clone() } else { format!("{stem}#{count}") };
            match make(source, item, &id) {
                Ok(Some(conversation)) => {
                    let place = item.place.clone();
                    sink(Record::Conversation { place, conversation: Box::new(conversation) })
                }
                Ok(None) => ControlFlow::Continue(()),
                Err(Refused { id, reason }) => item.bad(id, reason, sink),
            }
        })?;
    }
    ControlFlow::Continue(())
}

/// Reads a file that stands beside another and says more of it.
///
/// # Errors
/// [`Reason::Content`] that names the file: it cannot be read, is longer than a record may be, or is not what it should be.
pub(super) fn side_file<T: DeserializeOwned>(side: &Source, options: &Options) -> Result<T, Reason> {
    let name = side.file.file_name().unwrap_or_default().to_string_lossy();
    let bad = |said: String| Reason::Content(format!("{name} beside it: {said}"));
    let stream = side.open_text(&options.uncounted()).map_err(|reason| bad(reason.to_string()))?;
    let (mut text, limit) = (Vec::new(), options.max_record.saturating_add(1));
    stream.reader.take(limit).read_to_end(&mut text).map_err(|e| bad(reason_of(&e).to_string()))?;
    if text.len() as u64 >= limit {
        return Err(bad(Reason::TooLarge { limit: options.max_record }.to_string()));
    }
    serde_json::from_slice(&text).map_err(|e| bad(e.to_string()))
}

/// What somebody says, with the two ways in which recognisers tell speakers apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Piece {
    /// The audio channel, as the vendor numbers it.
    pub channel: Option<String>,
    /// The diarisation label, as it shall be written.
    pub speaker: Option<String>,
    /// Seconds from the start.
    pub start: Option<f64>,
    /// Seconds from the start.
    pub end: Option<f64>,
    /// The words.
    pub text: String,
}

/// Names the speaker of each piece: the channel (`channel 0`) where words are on more than one, since voices on channels of
/// their own are not told apart better by ear; else the diarisation label, or nothing.
pub(super) fn labelled(pieces: Vec<Piece>) -> Vec<Segment> {
    let channels: BTreeSet<_> =
        pieces.iter().filter(|p| !p.text.trim().is_empty()).filter_map(|p| p.channel.clone()).collect();
    let several = channels.len() > 1;
    let name = |channel: Option<String>, speaker: Option<String>| match channel {
        Some(channel) if several => format!("channel {channel}"),
        _ => speaker.unwrap_or_default(),
    };
    pieces
        .into_iter()
        .map(|Piece { channel, speaker, start, end, text }| {
            let label = name(channel, speaker);
            Segment { label, start, end, text, ..Segment::default() }
        })
        .collect()
}

/// A chat of these messages: in the order of their times where all have one, each a turn of its own.
pub(super) fn chat(id: &str, mut messages: Vec<Segment>) -> Conversation<'static> {
    if messages.iter().all(|s| s.start.is_some()) {
        messages.sort_by(|a, b| a.start.unwrap_or(0.0).total_cmp(&b.start.unwrap_or(0.0)));
    }
    Conversation {
        id: id.to_owned().into(),
        channel: Channel::Chat,
        turns: messages.into_iter().filter(|m| !m.text.trim().is_empty()).map(turn).collect(),
        ..Conversation::default()
    }
}

/// Where all agent turns are one agent's, the conversation is theirs; else each turn carries its own id.
pub(super) fn settle_agents(c: &mut Conversation<'_>) {
    let agent_turns = || c.turns.iter().filter(|t| t.speaker == Speaker::Agent);
    let ids: BTreeSet<_> = agent_turns().map(|t| t.agent_id.clone()).collect();
    if let Some(Some(id)) = ids.first().filter(|_| ids.len() == 1)
        && c.agent_id.as_ref().is_none_or(|own| own == id)
    {
        c.agent_id = Some(id.clone());
        for turn in &mut c.turns {
            turn.agent_id = None;
        }
    }
}

/// Adds a label where there is a value.
pub(super) fn label(c: &mut Conversation<'static>, name: &str, value: Option<&str>) {
    if let Some(value) = value.map(str::trim).filter(|v| !v.is_empty()) {
        c.labels.0.insert(name.to_owned().into(), value.to_owned().into());
    }
}

/// Sets when the conversation started; a date that is not understood is left out and told.
pub(super) fn started(c: &mut Conversation<'static>, text: Option<&str>) {
    let Some(text) = text.map(str::trim).filter(|t| !t.is_empty()) else { return };
    match times::parse(text).ok().and_then(times::written) {
        Some(at) => c.started_at = Some(at.into()),
        None => c.note(NoteKind::Date, format!("the start {text:?} was not understood as a date")),
    }
}

/// Microseconds since 1970 of a date with a time; without an offset it is taken for UTC.
pub(super) fn micros(text: &str) -> Option<i64> {
    match times::parse(text).ok()? {
        When::At(at, offset) => Some(offset.unwrap_or(jiff::tz::Offset::UTC).to_timestamp(at).ok()?.as_microsecond()),
        _ => None,
    }
}

/// Microseconds since 1970 as RFC 3339 in UTC.
pub(super) fn date(micros: i64) -> Option<String> {
    let stamp = jiff::Timestamp::from_microsecond(micros).ok()?;
    times::written(When::At(jiff::tz::Offset::UTC.to_datetime(stamp), Some(jiff::tz::Offset::UTC)))
}

/// Seconds between two moments in microseconds.
#[allow(clippy::cast_precision_loss)] // what a conversation lasts is exact
pub(super) fn seconds(from: i64, to: i64) -> f64 {
    to.saturating_sub(from) as f64 / 1e6
}

/// A time in the vendor's unit, a number or a text of one; null and an empty text are none. Anything else is an error, so
/// that a time is never lost in silence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Time(pub Option<f64>);

impl Time {
    /// Seconds of milliseconds.
    pub fn millis(self) -> Option<f64> {
        self.0.map(|t| t / 1e3)
    }
}

/// A length of time in seconds: a number, `12.5s`, `PT1M2.5S`, or an object of `seconds` and `nanos`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Span(pub Option<f64>);

/// Visits a number, a text of one, or null.
struct TimeVisitor {
    /// Whether texts may be lengths of time and objects are read.
    span: bool,
}

impl<'de> Visitor<'de> for TimeVisitor {
    type Value = Option<f64>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.span { "a length of time such as \"12.5s\"" } else { "a time as a number" })
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    #[allow(clippy::cast_precision_loss)] // far beyond any time
    fn visit_u64<E>(self, v: u64) -> Result<Self::Value, E> {
        Ok(Some(v as f64))
    }
    #[allow(clippy::cast_precision_loss)]
    fn visit_i64<E>(self, v: i64) -> Result<Self::Value, E> {
        Ok(Some(v as f64))
    }
    fn visit_f64<E>(self, v: f64) -> Result<Self::Value, E> {
        Ok(Some(v))
    }
    fn visit_str<E: Error>(self, v: &str) -> Result<Self::Value, E> {
        let text = v.trim();
        let wrong = || E::invalid_value(serde::de::Unexpected::Str(v), &self);
        if text.is_empty() {
            return Ok(None);
        }
        if let Ok(number) = text.replace(',', ".").parse::<f64>() {
            return if number.is_finite() { Ok(Some(number)) } else { Err(wrong()) };
        }
        match text.parse::<jiff::SignedDuration>() {
            Ok(length) if self.span => Ok(Some(length.as_secs_f64())),
            _ => Err(wrong()),
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        if !self.span {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Map, &self));
        }
        let (mut whole, mut nanos) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match &*key {
                "seconds" => whole = map.next_value::<Time>()?.0,
                "nanos" => nanos = map.next_value::<Time>()?.0,
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(whole.or(nanos).map(|_| whole.unwrap_or(0.0) + nanos.unwrap_or(0.0) / 1e9))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(TimeVisitor { span: false }).map(Time)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(TimeVisitor { span: true }).map(Span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Turn;

    #[test]
    fn times_are_numbers_and_lengths_have_units() {
        let time = |json: &str| serde_json::from_str::<Time>(json).map(|t| t.0).map_err(|e| e.to_string());
        assert_eq!(time("1250"), Ok(Some(1250.0)));
        assert_eq!(time("\"4.87\""), Ok(Some(4.87)));
        assert_eq!(time("null"), Ok(None));
        assert_eq!(time("\"\""), Ok(None));
        assert!(time("\"soon\"").unwrap_err().contains("expected a time"));
        assert!(time("\"inf\"").is_err() && time("[1]").is_err() && time("{}").is_err() && time("\"5s\"").is_err());
        let span = |json: &str| serde_json::from_str::<Span>(json).map(|t| t.0).map_err(|e| e.to_string());
        assert_eq!(span("\"12.500s\""), Ok(Some(12.5)));
        assert_eq!(span("\"PT1M2.5S\""), Ok(Some(62.5)));
        assert_eq!(span("{\"seconds\":\"3\",\"nanos\":500000000}"), Ok(Some(3.5)));
        assert_eq!(span("{}"), Ok(None));
        assert!(span("\"P1Y\"").is_err() && span("\"x\"").is_err());
    }

    #[test]
    fn channels_name_the_speakers_only_where_several_have_words() {
        let piece = |channel: &str, speaker: &str, text: &str| Piece {
            channel: Some(channel.into()),
            speaker: Some(speaker.into()),
            text: text.into(),
            ..Piece::default()
        };
        let names = |pieces| labelled(pieces).into_iter().map(|s| s.label).collect::<Vec<_>>();
        assert_eq!(names(vec![piece("0", "A", "x"), piece("1", "A", "y")]), ["channel 0", "channel 1"]);
        assert_eq!(names(vec![piece("0", "A", "x"), piece("1", "B", " "), piece("0", "B", "z")]), ["A", "B", "B"]);
    }

    #[test]
    fn one_agent_is_the_conversations() {
        let turn = |speaker, id: Option<&'static str>| Turn {
            speaker,
            agent_id: id.map(Into::into),
            text: "x".into(),
            ..Turn::default()
        };
        let settled = |turns| {
            let mut c = Conversation { turns, ..Conversation::default() };
            settle_agents(&mut c);
            (c.agent_id.map(|a| a.to_string()), c.turns.iter().filter(|t| t.agent_id.is_some()).count())
        };
        let (a, c) = (Speaker::Agent, Speaker::Customer);
        assert_eq!(settled(vec![turn(a, Some("1")), turn(c, None), turn(a, Some("1"))]), (Some("1".into()), 0));
        assert_eq!(settled(vec![turn(a, Some("1")), turn(a, Some("2"))]), (None, 2));
        assert_eq!(settled(vec![turn(a, Some("1")), turn(a, None)]), (None, 1), "whose the second is, is not known");
        assert_eq!(settled(vec![turn(c, None)]), (None, 0));
    }

    #[test]
    fn moments_are_told_apart_to_the_microsecond() {
        let at = |t| micros(t).unwrap();
        assert_eq!(seconds(at("2025-03-31T18:05:00+05:00"), at("2025-03-31T13:00:00.25Z")), -299.75);
        assert_eq!(date(at("2025-03-31T18:05:00.5+05:00")).unwrap(), "2025-03-31T13:05:00.5Z");
        assert_eq!(micros("soon"), None);
    }
}
