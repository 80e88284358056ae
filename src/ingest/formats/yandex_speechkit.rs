//! Yandex SpeechKit: what asynchronous recognition returns, of API v3 and of v2.
//!
//! ```json
//! {"result": {"sessionUuid": {"uuid": "s-1"}, "final": {"alternatives": [{"text": "добрый вечер", "startTimeMs": "400",
//!   "endTimeMs": "1900", "words": []}]}, "channelTag": "0"}}
//! {"result": {"sessionUuid": {"uuid": "s-1"}, "finalRefinement": {"finalIndex": "0", "normalizedText": {"alternatives":
//!   [{"text": "Добрый вечер.", "startTimeMs": "400", "endTimeMs": "1900"}]}}, "channelTag": "0"}}
//! ```
//! **v3** is one JSON object a line (or a list of them), each wrapped in `result` or not. Read are the final results; where the
//! normalised text (`finalRefinement`) of one is there, it stands in its place, so that nothing counts twice. Partial results,
//! end-of-utterance marks, classifiers and summaries are passed over. **v2** is one document with `response.chunks[]`.
//!
//! The conversation is named like the file; the session goes into the label `session`. A file with several sessions gives one
//! conversation for each, named by it. Channels (`channelTag`; with speaker labelling, speakers) become the labels `channel 0`,
//! `channel 1` in v3, `channel 1`, `channel 2` in v2: who of them is the agent, the file does not say. An operation that is not
//! done, or ended in an error, is set aside.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::json::{self, Number, Word, or_default};
use super::segments::{self, Segment};
use crate::ingest::{Format, Options, Record, Sample, Sink, Source};
use crate::model::{Language, Place, Quarantined, Reason};

/// Results of Yandex SpeechKit.
pub struct SpeechKit;

impl Format for SpeechKit {
    fn name(&self) -> &'static str {
        "yandex-speechkit"
    }

    fn about(&self) -> &'static str {
        "results of Yandex SpeechKit, v3 (one JSON object a line) or v2; channels, not roles"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let keys = sample.json();
        let has = |camel: &str, snake: &str| {
            ["", "result."].iter().any(|head| [camel, snake].iter().any(|k| keys.has(&format!("{head}{k}"))))
        };
        let said = has("final.alternatives", "final.alternatives")
            || has("partial.alternatives", "partial.alternatives")
            || has("finalRefinement.normalizedText", "final_refinement.normalized_text");
        let session = has("sessionUuid", "session_uuid")
            || has("channelTag", "channel_tag")
            || has("audioCursors", "audio_cursors")
            || has("responseWallTimeMs", "response_wall_time_ms");
        let operation = keys.has("done") && keys.count(&["createdAt", "createdBy", "modifiedAt", "id"]) >= 3;
        match (said, session) {
            (true, true) => 96,
            (true, false) => 90,
            _ if keys.has("response.chunks[].alternatives") => 96,
            _ if operation => 90,
            (false, true) if keys.any() && has("sessionUuid", "session_uuid") => 90,
            _ => 0,
        }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        sources.iter().try_for_each(|source| read(source, options, sink))
    }
}

/// A line of v3 with or without its wrapper, or a document of v2.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    #[serde(deserialize_with = "or_default")]
    result: Option<Event>,
    #[serde(flatten)]
    event: Event,
    #[serde(deserialize_with = "or_default")]
    error: Option<Failure>,
    done: Option<bool>,
    #[serde(deserialize_with = "or_default")]
    response: Option<Response>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Failure {
    code: Word,
    message: Word,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Event {
    #[serde(alias = "sessionUuid", deserialize_with = "or_default")]
    session_uuid: Session,
    #[serde(alias = "channelTag")]
    channel_tag: Word,
    #[serde(rename = "final", deserialize_with = "or_default")]
    last: Option<Update>,
    #[serde(alias = "finalRefinement", deserialize_with = "or_default")]
    final_refinement: Option<Refinement>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Session {
    uuid: Word,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Update {
    #[serde(deserialize_with = "or_default")]
    alternatives: Vec<Alternative>,
    #[serde(alias = "channelTag")]
    channel_tag: Word,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refinement {
    #[serde(alias = "finalIndex")]
    final_index: Number,
    #[serde(alias = "normalizedText", deserialize_with = "or_default")]
    normalized_text: Update,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Alternative {
    text: Word,
    #[serde(alias = "startTimeMs")]
    start_time_ms: Number,
    #[serde(alias = "endTimeMs")]
    end_time_ms: Number,
    #[serde(deserialize_with = "or_default")]
    words: Vec<SpokenWord>,
    #[serde(deserialize_with = "or_default")]
    languages: Vec<Probable>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SpokenWord {
    #[serde(alias = "startTimeMs")]
    start_time_ms: Number,
    #[serde(alias = "endTimeMs")]
    end_time_ms: Number,
    /// Of v2: seconds with an `s` behind them.
    #[serde(rename = "startTime")]
    start_time: Word,
    #[serde(rename = "endTime")]
    end_time: Word,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Probable {
    #[serde(alias = "languageCode")]
    language_code: Word,
    probability: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Response {
    #[serde(deserialize_with = "or_default")]
    chunks: Vec<Update>,
}

/// One final result, or what refines it.
struct Said {
    channel: String,
    start: Option<f64>,
    end: Option<f64>,
    text: String,
}

/// One session.
struct Talk {
    place: Place,
    session: String,
    finals: Vec<Said>,
    /// With the index of the final result they refine.
    refined: Vec<(Option<f64>, Said)>,
    /// Probability of each language, added up.
    languages: BTreeMap<String, f64>,
    bytes: u64,
    bad: Option<Reason>,
}

fn read(source: &Source, options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let mut open: Option<Talk> = None;
    let mut several = false;
    // A line that cannot be read is a hole in its conversation, which is then set aside as a whole.
    let hole = Cell::new(None);
    let mut outer = |record| match record {
        Record::Bad(bad) if bad.conversation_id.is_none() => {
            hole.set(hole.take().or(Some(bad)));
            ControlFlow::Continue(())
        }
        record => sink(record),
    };
    json::read(source, options, &[], &mut outer, &mut |item, sink| {
        let line: Line = match item.parse() {
            Ok(line) => line,
            Err(reason) => return item.bad(None, reason, sink),
        };
        let event = line.result.unwrap_or(line.event);
        let session = event.session_uuid.uuid.get().unwrap_or_default();
        // Lines that name no session go on with the one before.
        if open.as_ref().is_some_and(|talk| !session.is_empty() && !talk.session.is_empty() && talk.session != session)
            && let Some(talk) = open.take()
        {
            several = true;
            let id = talk.session.clone();
            talk.hand_on(id, hole.take(), sink)?;
        }
        let talk = open.get_or_insert_with(|| Talk::new(item.place.clone()));
        if talk.session.is_empty() {
            session.clone_into(&mut talk.session);
        }
        talk.bytes += item.text.len() as u64;
        if talk.bytes > options.max_record {
            talk.spoil(Reason::TooLarge { limit: options.max_record });
        } else if let Some(failure) = line.error {
            let said = failure.message.get().or(failure.code.get()).unwrap_or("no message").to_owned();
            talk.spoil(Reason::Vendor(said));
        } else if line.done == Some(false) {
            talk.spoil(Reason::Vendor("the recognition was not done yet (`done` is false)".to_owned()));
        }
        talk.take(event, line.response);
        ControlFlow::Continue(())
    })?;
    match (open, hole.take()) {
        (None, None) => ControlFlow::Continue(()),
        (None, Some(hole)) => sink(Record::Bad(Quarantined { conversation_id: Some(source.stem()), ..hole })),
        (Some(talk), hole) if several && !talk.session.is_empty() => {
            let id = talk.session.clone();
            talk.hand_on(id, hole, sink)
        }
        (Some(talk), hole) => talk.hand_on(source.stem(), hole, sink),
    }
}

impl Talk {
    fn new(place: Place) -> Talk {
        let (finals, refined, languages) = (Vec::new(), Vec::new(), BTreeMap::new());
        Talk { place, session: String::new(), finals, refined, languages, bytes: 0, bad: None }
    }

    fn spoil(&mut self, reason: Reason) {
        self.bad.get_or_insert(reason);
        (self.finals, self.refined) = (Vec::new(), Vec::new());
    }

    fn hand_on(self, id: String, hole: Option<Quarantined>, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let place = self.place;
        if let Some(hole) = hole {
            return sink(Record::Bad(Quarantined { conversation_id: Some(id), ..hole }));
        }
        if let Some(reason) = self.bad {
            return sink(Record::Bad(Quarantined { place, conversation_id: Some(id), reason }));
        }
        let mut conversation = segments::call(&id, settle(self.finals, self.refined));
        let likely = self.languages.iter().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0)));
        conversation.language = likely.map(|(code, _)| code.clone().into());
        if !self.session.is_empty() && self.session != id {
            conversation.labels.0.insert("session".into(), self.session.into());
        }
        sink(Record::Conversation { place, conversation: Box::new(conversation) })
    }

    fn take(&mut self, event: Event, response: Option<Response>) {
        if self.bad.is_some() {
            return;
        }
        let tag = event.channel_tag;
        if let Some(last) = event.last {
            self.hear(&last);
            self.finals.extend(said(last, &tag));
        }
        if let Some(Refinement { final_index, normalized_text }) = event.final_refinement {
            // A protocol buffer leaves out an index of 0.
            let index = final_index.0.or(Some(0.0));
            self.refined.extend(said(normalized_text, &tag).map(|said| (index, said)));
        }
        for chunk in response.unwrap_or_default().chunks {
            self.finals.extend(said(chunk, &Word::default()));
        }
    }

    fn hear(&mut self, update: &Update) {
        for language in update.alternatives.first().map_or(&[][..], |a| &a.languages) {
            // SpeechKit also lists those it ruled out.
            if let (Some(code), Some(p)) = (language.language_code.get(), language.probability.0.filter(|p| *p > 0.5))
                && Language::from_tag(code).is_some()
            {
                *self.languages.entry(code.to_owned()).or_default() += p;
            }
        }
    }
}

/// The best alternative; the others are other readings of the same words.
fn said(update: Update, tag: &Word) -> Option<Said> {
    let channel = update.channel_tag.get().or(tag.get()).map_or(String::new(), |tag| format!("channel {tag}"));
    let best = update.alternatives.into_iter().next()?;
    let seconds = |w: &Word| w.get().and_then(|s| s.trim_end_matches('s').parse::<f64>().ok());
    let millis = |n: Number| n.0.map(|ms| ms / 1000.0);
    let first = best.words.first().and_then(|w| millis(w.start_time_ms).or_else(|| seconds(&w.start_time)));
    let last = best.words.last().and_then(|w| millis(w.end_time_ms).or_else(|| seconds(&w.end_time)));
    let end = millis(best.end_time_ms).or(last);
    // A protocol buffer leaves out a start of 0.
    let start = millis(best.start_time_ms).or(first).or(end.map(|_| 0.0));
    Some(Said { channel, start, end, text: best.text.0.unwrap_or_default() })
}

/// Final results with the normalised text in the place of their own: of the same channel and start, else of the same index
/// in the channel; what refines nothing that is there stands for itself.
fn settle(finals: Vec<Said>, refined: Vec<(Option<f64>, Said)>) -> Vec<Segment> {
    let mut out: Vec<Segment> = finals
        .into_iter()
        .map(|s| Segment { label: s.channel, start: s.start, end: s.end, text: s.text, ..Segment::default() })
        .collect();
    let count = out.len();
    let mut by_start: BTreeMap<(String, Option<u64>), usize> = BTreeMap::new();
    let mut by_index: BTreeMap<(String, u64), usize> = BTreeMap::new();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (i, segment) in out.iter().enumerate() {
        by_start.entry((segment.label.clone(), segment.start.map(f64::to_bits))).or_insert(i);
        let n = counts.entry(segment.label.clone()).or_default();
        by_index.insert((segment.label.clone(), *n), i);
        *n += 1;
    }
    for (index, said) in refined {
        if said.text.trim().is_empty() {
            continue;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // an index; anything else finds nothing
        let index = index.map(|n| n.max(0.0) as u64).unwrap_or_default();
        let at = by_start
            .get(&(said.channel.clone(), said.start.map(f64::to_bits)))
            .or_else(|| by_index.get(&(said.channel.clone(), index)))
            .copied()
            .filter(|at| *at < count);
        match at {
            Some(at) => out[at].text = said.text,
            None => out.push(Segment {
                label: said.channel,
                start: said.start,
                end: said.end,
                text: said.text,
                ..Segment::default()
            }),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    fn read(text: &str) -> Vec<String> {
        read_text(&SpeechKit, "call 7.json", text.as_bytes())
    }

    fn texts(got: &str) -> Vec<String> {
        let value: serde_json::Value = serde_json::from_str(got).unwrap();
        value["turns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| format!("{} {}-{} {}", t["label"], t["start"], t["end"], t["text"]))
            .collect()
    }

    #[test]
    fn a_refinement_stands_in_the_place_of_its_final_result() {
        let said = |kind: &str, channel: u8, at: &str, text: &str| {
            let update = format!("{{\"alternatives\":[{{\"text\":\"{text}\"{at}}},{{\"text\":\"other\"}}]}}");
            let update = match kind {
                "final" => format!("\"final\":{update}"),
                _ => format!("\"finalRefinement\":{{\"normalizedText\":{update}{kind}}}"),
            };
            format!("{{\"result\":{{{update},\"channelTag\":\"{channel}\"}}}}\n")
        };
        let text = [
            said("final", 0, ",\"endTimeMs\":\"900\"", "алло"),
            said("final", 1, ",\"startTimeMs\":\"1000\",\"endTimeMs\":\"2000\"", "добрый день"),
            said("", 0, ",\"endTimeMs\":\"900\"", "Алло."),
            said(",\"finalIndex\":\"0\"", 1, ",\"startTimeMs\":\"1010\",\"endTimeMs\":\"2000\"", "Добрый день."),
            said("final", 0, ",\"startTimeMs\":\"3000\",\"endTimeMs\":\"4000\"", "без правки"),
            said(",\"finalIndex\":\"5\"", 1, ",\"startTimeMs\":\"5000\",\"endTimeMs\":\"6000\"", "Одна правка."),
        ]
        .concat();
        let got = read(&text);
        assert_eq!(
            texts(&got[0]),
            [
                "\"channel 0\" 0.0-0.9 \"Алло.\"",
                "\"channel 1\" 1.0-2.0 \"Добрый день.\"",
                "\"channel 0\" 3.0-4.0 \"без правки\"",
                "\"channel 1\" 5.0-6.0 \"Одна правка.\""
            ]
        );
    }

    #[test]
    fn sessions_of_a_file_are_conversations() {
        let line = |s: &str, text: &str| {
            format!(
                "{{\"session_uuid\":{{\"uuid\":\"{s}\"}},\"final\":{{\"alternatives\":[{{\"text\":\"{text}\",\"end_time_ms\":5}}]}}}}\n"
            )
        };
        let got = read(&(line("s2", "а") + &line("s1", "б")));
        assert!(got[0].starts_with("{\"id\":\"s2\"") && got[1].starts_with("{\"id\":\"s1\""), "{got:?}");
        assert!(
            read(&line("s2", "а"))[0]
                .contains("\"id\":\"call 7\",\"channel\":\"call\",\"labels\":{\"session\":\"s2\"}")
        );
    }

    #[test]
    fn errors_of_the_vendor_are_said() {
        assert!(read("{\"error\":{\"code\":3,\"message\":\"audio too long\"}}")[0].contains("audio too long"));
        assert!(read("{\"done\":false,\"id\":\"e1\"}")[0].contains("not done yet"));
        assert!(read("{\"result\":{\"final\":{\"alternatives\":7}}}")[0].contains("invalid type"));
        assert!(read("{\"result\":{\"final\":null,\"eouUpdate\":{}}}")[0].contains("no turns with text"));
    }
}
