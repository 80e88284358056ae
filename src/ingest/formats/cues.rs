//! What WebVTT and SRT share: cues with their times, tags, and the names of speakers before or around the words.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::heard::{Heard, Recording, speakerless};
use super::json::Word;
use super::rttm::Beside;
use super::times::{self, When};
use crate::ingest::lines::on_line;
use crate::ingest::roles::speaker_from_label;
use crate::ingest::{Lines, Options, Record, Sink, Source};
use crate::model::{Place, Quarantined, Reason, Speaker};

/// A stretch of text with its time.
#[derive(Debug, PartialEq)]
pub(super) struct Cue {
    pub start: f64,
    pub end: f64,
    /// The lines of its text, with tags.
    pub lines: Vec<String>,
}

/// What stands before and between the cues of WebVTT.
#[derive(Debug, Default)]
pub(super) struct Cues {
    pub cues: Vec<Cue>,
    /// A language tag, where the head or a note gives one.
    pub language: Option<String>,
}

/// The times of a line such as `00:01.000 --> 00:02,500 align:start`.
pub(super) fn timing(line: &str) -> Option<(f64, f64)> {
    let (start, rest) = line.split_once("-->")?;
    let time = |text: &str| match times::parse(text).ok()? {
        When::Seconds(seconds) if text.contains(':') => Some(seconds),
        _ => None,
    };
    Some((time(start.trim())?, time(rest.split_whitespace().next()?)?))
}

/// Whether a text has the line of a cue's times in it.
pub(super) fn any_timing(text: &str) -> bool {
    text.split(['\n', '\r']).filter(|l| l.contains("-->")).any(|l| timing(l.trim()).is_some())
}

/// Reads the cues of a file. `vtt`: with a head and notes, and ids of any kind before the times.
///
/// # Errors
/// The first line that cannot be read, or [`Reason::TooLarge`].
pub(super) fn read(source: &Source, options: &Options, vtt: bool) -> Result<Cues, Reason> {
    let mut reader = Lines::new(source.open_text(options)?, options.max_record);
    let (mut lines, mut bytes) = (Vec::new(), 0);
    while let Some(line) = reader.next_line() {
        let line = line.map(str::to_owned);
        let number = reader.number();
        let line = line.map_err(|bad| on_line(number, bad.reason))?;
        bytes += line.len() as u64;
        if bytes > options.max_record {
            return Err(Reason::TooLarge { limit: options.max_record });
        }
        // Old programs end lines with a return alone.
        lines.extend(line.split('\r').map(|l| l.trim().to_owned()));
    }
    cut(&lines, vtt)
}

fn cut(lines: &[String], vtt: bool) -> Result<Cues, Reason> {
    let mut out = Cues::default();
    let (mut blank, mut passed_over) = (true, vtt);
    for (i, line) in lines.iter().enumerate() {
        let before = std::mem::replace(&mut blank, line.is_empty());
        if line.is_empty() {
            passed_over = false;
            continue;
        }
        if let Some((start, end)) = timing(line) {
            passed_over = false;
            out.cues.push(Cue { start, end, lines: Vec::new() });
            continue;
        }
        if vtt && before && i > 0 && ["NOTE", "STYLE", "REGION"].iter().any(|word| block(line, word)) {
            passed_over = true;
        }
        if passed_over {
            if let Some((_, tag)) = line.split_once("anguage:") {
                let tag = tag.trim().split([',', ' ', ';']).next().unwrap_or_default();
                out.language.get_or_insert_with(|| tag.to_owned());
            }
            continue;
        }
        let id = lines.get(i + 1).is_some_and(|next| timing(next).is_some())
            && (line.bytes().all(|b| b.is_ascii_digit()) || before);
        if id {
            continue;
        }
        // Words that have an arrow in them are words; times that cannot be read are not.
        let behind_id = i > 0 && timing(&lines[i - 1]).is_none() && (i == 1 || lines[i - 2].is_empty());
        if (before || behind_id) && line.contains("-->") && line.starts_with(|c: char| c.is_ascii_digit()) {
            let format = if vtt { "WebVTT" } else { "SRT" };
            let detail =
                format!("line {}: the times {line:?} cannot be read; write 00:00:01.000 --> 00:00:02.500", i + 1);
            return Err(Reason::Syntax { format, detail });
        }
        // A blank line within a cue's text does not end the text.
        match out.cues.last_mut() {
            Some(cue) => cue.lines.push(line.clone()),
            None if vtt || line.bytes().all(|b| b.is_ascii_digit()) => {}
            None => {
                let detail = format!("line {}: words before the first times", i + 1);
                return Err(Reason::Syntax { format: "SRT", detail });
            }
        }
    }
    out.cues.sort_by(|a, b| a.start.total_cmp(&b.start));
    Ok(out)
}

fn block(line: &str, word: &str) -> bool {
    line.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', ':']))
}

/// Hands the cues on as a call, each piece with the speaker that is named; a file that names none, and has no diarisation
/// beside it, is set aside.
pub(super) fn hand_on(source: &Source, options: &Options, cues: Cues, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let place = Place::file(&source.file);
    let id = source.stem();
    let bad = |reason, sink: &mut Sink<'_>| {
        sink(Record::Bad(Quarantined { place: place.clone(), conversation_id: Some(id.clone()), reason }))
    };
    let (mut heard, spoken_language) = heard(&cues.cues);
    if heard.is_empty() {
        return bad(Reason::Empty, sink);
    }
    if speakerless(&heard) {
        match Beside::new(source, options).name_speakers(&mut heard) {
            Err(reason) => return bad(reason, sink),
            Ok(true) => {}
            Ok(false) => {
                let said = format!(
                    "no cue names its speaker (`<v Name>` or `Name: words`), so that the agent cannot be told from the \
                     customer; export it with the speakers' names, or put a diarisation file {id}.rttm beside it"
                );
                return bad(Reason::Content(said), sink);
            }
        }
    }
    let language = cues.language.or(spoken_language);
    Recording { id: id.clone(), language, heard, notes: Vec::new() }.hand_on(place.clone(), None, sink)
}

/// A piece of a cue: said by one voice, on lines of its own.
struct Piece {
    cue: usize,
    voice: Option<String>,
    text: String,
}

/// The text of a cue as Teams' metadata have it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spoken {
    #[serde(default)]
    speaker_name: Word,
    spoken_text: Word,
    #[serde(default)]
    spoken_language: Word,
}

/// What is said in cues, and the language that they name themselves.
fn heard(cues: &[Cue]) -> (Vec<Heard>, Option<String>) {
    let (mut pieces, mut language): (Vec<Piece>, Option<String>) = (Vec::new(), None);
    for (i, cue) in cues.iter().enumerate() {
        let text = cue.lines.join("\n");
        if let Some(spoken) = text.starts_with('{').then(|| serde_json::from_str::<Spoken>(&text).ok()).flatten() {
            language = language.or(spoken.spoken_language.get().map(str::to_owned));
            let voice = spoken.speaker_name.get().map(str::to_owned);
            pieces.push(Piece { cue: i, voice, text: spoken.spoken_text.0.unwrap_or_default() });
            continue;
        }
        let spans = voices(&text);
        pieces.extend(spans.into_iter().map(|(voice, text)| Piece { cue: i, voice, text }));
    }
    if pieces.iter().all(|p| p.voice.is_none()) {
        pieces = by_prefix(pieces, cues);
    }
    let mut out = Vec::with_capacity(pieces.len());
    for (i, piece) in pieces.iter().enumerate() {
        let text = piece.text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            continue;
        }
        let cue = &cues[piece.cue];
        // Where several speak in a cue, only its beginning and its end are known.
        let first = i == 0 || pieces[i - 1].cue != piece.cue;
        let last = pieces.get(i + 1).is_none_or(|next| next.cue != piece.cue);
        out.push(Heard {
            label: piece.voice.clone().unwrap_or_default(),
            start: first.then_some(cue.start),
            end: last.then_some(cue.end),
            text,
            words: Vec::new(),
        });
    }
    (out, language)
}

/// Seconds within which a cue without a name goes on with the speaker before.
const GOES_ON: f64 = 2.0;

/// Names before the words: `Name: words`, `[SPEAKER_00]: words`. A name is believed where it names a role or stands in
/// brackets, where it comes twice, or where nearly every cue has one; and no names are believed where few cues have any.
fn by_prefix(pieces: Vec<Piece>, cues: &[Cue]) -> Vec<Piece> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut with_any = 0;
    for piece in &pieces {
        let mut any = false;
        for (name, ..) in piece.text.lines().filter_map(prefix) {
            *counts.entry(name).or_default() += 1;
            any = true;
        }
        with_any += usize::from(any);
    }
    let nearly_all = with_any * 5 >= pieces.len() * 4;
    let sure = |name: &str, bracketed: bool| bracketed || speaker_from_label(name).speaker != Speaker::Unknown;
    let believed = |name: &str, bracketed: bool| {
        let often = counts.get(name).copied().unwrap_or_default() > 1;
        sure(name, bracketed) || often || nearly_all && name.starts_with(|c: char| !c.is_lowercase())
    };
    let named = |piece: &&Piece| piece.text.lines().filter_map(prefix).any(|(n, b, _)| believed(n, b));
    let surely = |piece: &Piece| piece.text.lines().filter_map(prefix).any(|(n, b, _)| sure(n, b));
    if pieces.iter().filter(named).count() * 3 < pieces.len() && !pieces.iter().any(surely) {
        return pieces;
    }
    let mut out: Vec<Piece> = Vec::new();
    for piece in &pieces {
        // A cue without a name goes on with the speaker before, unless there is a pause.
        let before = out.last().filter(|b| cues[piece.cue].start - cues[b.cue].end <= GOES_ON);
        let mut open = Piece { cue: piece.cue, voice: before.and_then(|b| b.voice.clone()), text: String::new() };
        for line in piece.text.lines() {
            match prefix(line).filter(|(name, bracketed, _)| believed(name, *bracketed)) {
                Some((name, _, words)) => {
                    let voice = Some(name.to_owned());
                    let done = std::mem::replace(&mut open, Piece { cue: piece.cue, voice, text: words.to_owned() });
                    if !done.text.trim().is_empty() {
                        out.push(done);
                    }
                }
                None => {
                    open.text.push('\n');
                    open.text.push_str(line);
                }
            }
        }
        out.push(open);
    }
    out
}

/// The name a line begins with, whether it stands in brackets, and the words behind it. `10:30 Meeting: moved` has none.
fn prefix(line: &str) -> Option<(&str, bool, &str)> {
    let rest = line.trim_start_matches(['-', '–', '—', '>', ' ']);
    if let Some(inner) = rest.strip_prefix('[') {
        let (name, behind) = inner.split_once(']')?;
        let words = behind.trim_start_matches(']').trim_start().strip_prefix(':')?;
        let name = name.trim_start_matches('[').trim();
        return (!name.is_empty() && name.len() <= 100).then_some((name, true, words.trim_start()));
    }
    let (name, words) = rest.split_once(':')?;
    let name = name.trim_end();
    let short = name.chars().count() <= 60 && name.split_whitespace().count() <= 6;
    let sentence = name.contains(['?', '!', ';', '"', '«', '…']) || name.contains(". ");
    // Callers without a name stand as their number.
    let number = name.len() >= 7 && name.chars().all(|c| c.is_ascii_digit() || "+*-() ".contains(c));
    let behind = words.is_empty() || words.starts_with(char::is_whitespace);
    let whole = short && !sentence && behind && (number || name.starts_with(char::is_alphabetic));
    whole.then_some((name, false, words.trim_start()))
}

/// A cue's text by voice: `<v Name>words</v>` (the end may be missing, classes may follow the `v`), other tags left out,
/// character references undone.
fn voices(text: &str) -> Vec<(Option<String>, String)> {
    let mut out: Vec<(Option<String>, String)> = vec![(None, String::new())];
    let mut rest = text;
    while let Some(at) = rest.find(['<', '{']) {
        let (before, tag) = rest.split_at(at);
        plain(before, &mut out);
        // `{\an8}` is a place on the screen.
        let (close, opens) = match tag.as_bytes() {
            [b'{', b'\\', ..] => ('}', true),
            [b'<', next, ..] => ('>', next.is_ascii_alphanumeric() || *next == b'/'),
            _ => ('>', false),
        };
        // A tag ends before the next begins, and none is longer: so a text of nothing but `<` takes no time.
        let end = tag.bytes().skip(1).take(300).position(|b| char::from(b) == close || b == b'<' || b == b'\n');
        match end.map(|n| n + 1).filter(|end| opens && tag[*end..].starts_with(close)) {
            None => {
                plain(&tag[..1], &mut out);
                rest = &tag[1..];
            }
            Some(end) => {
                let inner = &tag[1..end];
                let kind = inner.split([' ', '\t', '.']).next().unwrap_or_default();
                match kind {
                    "v" => {
                        let mut name = String::new();
                        entities(inner.split_once([' ', '\t']).map_or("", |(_, n)| n).trim(), &mut name);
                        out.push(((!name.is_empty()).then_some(name), String::new()));
                    }
                    "/v" => out.push((None, String::new())),
                    "br" | "br/" => plain("\n", &mut out),
                    _ => {}
                }
                rest = &tag[end + 1..];
            }
        }
    }
    plain(rest, &mut out);
    out.retain(|(_, text)| !text.trim().is_empty());
    out
}

fn plain(text: &str, out: &mut [(Option<String>, String)]) {
    if let Some((_, to)) = out.last_mut() {
        entities(text, to);
    }
}

/// Undoes character references: `&amp;`, `&#39;`, `&#x27;`.
fn entities(text: &str, to: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        to.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(10).position(|b| b == b';');
        let sign = end.and_then(|end| reference(&rest[1..end]));
        match (sign, end) {
            (Some(sign), Some(end)) => {
                to.push(sign);
                rest = &rest[end + 1..];
            }
            _ => {
                to.push('&');
                rest = &rest[1..];
            }
        }
    }
    to.push_str(rest);
}

fn reference(name: &str) -> Option<char> {
    let code = match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        "nbsp" => return Some(' '),
        "lrm" => return Some('\u{200e}'),
        "rlm" => return Some('\u{200f}'),
        _ => name.strip_prefix('#')?,
    };
    let number = match code.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => code.parse().ok()?,
    };
    char::from_u32(number).filter(|c| *c != '\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.split('\n').map(|l| l.trim().to_owned()).collect()
    }

    fn said(text: &str, vtt: bool) -> Vec<String> {
        let cues = cut(&lines(text), vtt).unwrap().cues;
        heard(&cues).0.into_iter().map(|h| format!("{}|{:?}-{:?}|{}", h.label, h.start, h.end, h.text)).collect()
    }

    #[test]
    fn times_are_read_with_and_without_hours() {
        assert_eq!(timing("00:01.000 --> 00:02,500 align:start"), Some((1.0, 2.5)));
        assert_eq!(timing("01:00:01,000-->01:00:02.5"), Some((3601.0, 3602.5)));
        assert_eq!(timing("menu --> settings"), None);
        assert_eq!(timing("1 --> 2"), None);
        assert!(any_timing("x\r1\r00:01.000 --> 00:02.500") && !any_timing("Agent: press menu --> settings"));
    }

    #[test]
    fn voices_are_cut_and_tags_left_out() {
        let v = |text: &str| voices(text).into_iter().map(|(v, t)| (v.unwrap_or_default(), t)).collect::<Vec<_>>();
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(v("<v Aidana K.>Good <i>day</i></v>"), [pair("Aidana K.", "Good day")]);
        assert_eq!(v("<v.loud Ann &amp; Co>Hi<v Bob>Yes"), [pair("Ann & Co", "Hi"), pair("Bob", "Yes")]);
        assert_eq!(v("{\\an8}a < b &lt; c&#39;s &bad; &"), [pair("", "a < b < c's &bad; &")]);
        assert_eq!(v("<00:00:01.000><c.yellow>x</c>"), [pair("", "x")]);
        assert_eq!(v("<v >x</v>"), [pair("", "x")]);
        assert_eq!(v("<v Өмір"), [pair("", "<v Өмір")]);
    }

    #[test]
    fn names_before_the_words_are_believed_with_care() {
        assert_eq!(prefix("Christina: hello"), Some(("Christina", false, "hello")));
        assert_eq!(prefix("[SPEAKER_00]: hello"), Some(("SPEAKER_00", true, "hello")));
        assert_eq!(prefix("- [[SPEAKER_01]]: hello"), Some(("SPEAKER_01", true, "hello")));
        assert_eq!(prefix("+7 701 ***: hello"), Some(("+7 701 ***", false, "hello")));
        for line in ["10:30 Meeting: moved", "https://example.kz", "Why? Because: x", "[music]", "no name"] {
            assert_eq!(prefix(line), None, "{line}");
        }
        let cue = |n: u32, text: &str| format!("{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{text}\n\n");
        let text =
            [cue(1, "Anna: hello"), cue(2, "Marat: hi"), cue(3, "it is the card"), cue(4, "Note: blue")].concat();
        assert_eq!(
            said(&text, false),
            [
                "|Some(1.0)-Some(1.9)|Anna: hello",
                "|Some(2.0)-Some(2.9)|Marat: hi",
                "|Some(3.0)-Some(3.9)|it is the card",
                "|Some(4.0)-Some(4.9)|Note: blue"
            ],
            "three names once each in four cues are not believed"
        );
        let text = [
            cue(1, "Anna: hello"),
            cue(2, "Marat: hi"),
            cue(3, "it is the card"),
            cue(4, "Anna: Note: blue\nMarat: ok"),
        ];
        assert_eq!(
            said(&text.concat(), false),
            [
                "Anna|Some(1.0)-Some(1.9)|hello",
                "Marat|Some(2.0)-Some(2.9)|hi",
                "Marat|Some(3.0)-Some(3.9)|it is the card",
                "Anna|Some(4.0)-None|Note: blue",
                "Marat|None-Some(4.9)|ok"
            ]
        );
        let text = [
            cue(1, "one"),
            cue(2, "Важно: два"),
            cue(3, "three"),
            cue(4, "Важно: x"),
            cue(5, "y"),
            cue(6, "z"),
            cue(7, "w"),
        ];
        assert!(said(&text.concat(), false).iter().all(|s| s.starts_with('|')), "two of seven are not speakers");
    }

    #[test]
    fn blocks_ids_and_blank_lines_are_minded() {
        let text = "WEBVTT - x\nLanguage: ru\n\nNOTE a\nb --> c\n\nSTYLE\n::cue {}\n\nid one\n00:05.000 --> 00:06.000\n<v B>later\n\n\
            and more --> words\n\n2\n00:01.000 --> 00:02.000\n<v A>first\n";
        assert_eq!(said(text, true), ["A|Some(1.0)-Some(2.0)|first", "B|Some(5.0)-Some(6.0)|later and more --> words"]);
        assert_eq!(cut(&lines(text), true).unwrap().language.as_deref(), Some("ru"));
        let bad = cut(&lines("1\n00:00:01,000 --> 00:00:xx\nwords"), false).unwrap_err().to_string();
        assert!(bad.contains("SRT: line 2: the times"), "{bad}");
        assert!(cut(&lines("words\n\n1\n00:00:01,000 --> 00:00:02,000\nx"), false).is_err());
    }
}
