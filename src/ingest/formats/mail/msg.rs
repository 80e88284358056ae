//! Outlook's `.msg`: a compound file of MAPI properties, turned into the message of RFC 5322 that it stands for, so that
//! it is read and threaded like any other letter. Attachments and recipients' tables other than addresses are not read.

use std::io::{Cursor, Read};

use jiff::Timestamp;

use super::headers::Headers;
use super::scan::digest;
use crate::model::Reason;

/// The first bytes of a compound file.
pub const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Recipients that are looked at.
const RECIPIENTS: usize = 50;

// MAPI property ids, [MS-OXPROPS].
const MESSAGE_CLASS: u16 = 0x001A;
const SUBJECT: u16 = 0x0037;
const CLIENT_SUBMIT_TIME: u16 = 0x0039;
const TRANSPORT_HEADERS: u16 = 0x007D;
const SENDER_EMAIL: u16 = 0x0C1F;
const DELIVERY_TIME: u16 = 0x0E06;
const MESSAGE_FLAGS: u16 = 0x0E07;
const BODY: u16 = 0x1000;
const RTF_COMPRESSED: u16 = 0x1009;
const HTML: u16 = 0x1013;
const INTERNET_MESSAGE_ID: u16 = 0x1035;
const INTERNET_REFERENCES: u16 = 0x1039;
const IN_REPLY_TO: u16 = 0x1042;
const EMAIL_ADDRESS: u16 = 0x3003;
const SMTP_ADDRESS: u16 = 0x39FE;
const INTERNET_CODEPAGE: u16 = 0x3FDE;
const MESSAGE_CODEPAGE: u16 = 0x3FFD;
const SENDER_SMTP: u16 = 0x5D01;
const REPRESENTING_SMTP: u16 = 0x5D02;

/// Set in the flags of a message that was never sent.
const UNSENT: u32 = 0x8;

/// Whether a compound file is an Outlook message, by the names in the part of its directory that is at hand.
pub fn is_msg(beginning: &[u8]) -> bool {
    let wide = |name: &str| name.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    beginning.starts_with(MAGIC)
        && ["__properties_version1.0", "__substg1.0_"]
            .iter()
            .any(|name| memchr::memmem::find(beginning, &wide(name)).is_some())
}

/// The message as RFC 5322 text with its plain text and its HTML as alternatives.
///
/// # Errors
/// [`Reason::Syntax`] where the container is damaged, [`Reason::Content`] for a draft and for text kept as RTF alone.
pub fn to_message(bytes: &[u8]) -> Result<Vec<u8>, Reason> {
    let file = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(|e| damaged(&e.to_string()))?;
    let mut msg = Msg { file, limit: bytes.len() as u64, fixed: Vec::new() };
    msg.fixed = msg.stream("/__properties_version1.0").unwrap_or_default();
    if msg.fixed.is_empty() && msg.stream(&name(SUBJECT, "001F")).is_none() && msg.stream(&name(BODY, "001F")).is_none()
    {
        return Err(Reason::Content("an Office document without the parts of an Outlook message".to_owned()));
    }
    if msg.number(MESSAGE_FLAGS).is_some_and(|f| f & UNSENT != 0) {
        return Err(Reason::Content("a draft that was never sent".to_owned()));
    }
    let mut out = msg.header();
    let plain = msg.text_bytes(BODY).filter(|(text, _)| !text.trim_ascii().is_empty());
    let html = msg.text_bytes(HTML).filter(|(text, _)| !text.trim_ascii().is_empty());
    if plain.is_none() && html.is_none() && msg.stream(&name(RTF_COMPRESSED, "0102")).is_some() {
        return Err(Reason::Content(
            "its text is kept as RTF alone; save it from Outlook as .eml or as text".to_owned(),
        ));
    }
    let parts = [("plain", plain), ("html", html)];
    let boundary = format!("part-{:032x}", digest(&[bytes]));
    out.extend_from_slice(
        format!("MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary={boundary}\n").as_bytes(),
    );
    for (kind, part) in parts {
        let Some((text, charset)) = part else { continue };
        let charset = charset.map_or(String::new(), |c| format!("; charset={c}"));
        out.extend_from_slice(format!("\n--{boundary}\nContent-Type: text/{kind}{charset}\n\n").as_bytes());
        out.extend_from_slice(&text);
    }
    out.extend_from_slice(format!("\n--{boundary}--\n").as_bytes());
    Ok(out)
}

fn damaged(detail: &str) -> Reason {
    Reason::Syntax { format: "Outlook message", detail: detail.to_owned() }
}

/// The stream of a property of variable length.
fn name(id: u16, kind: &str) -> String {
    format!("/__substg1.0_{id:04X}{kind}")
}

struct Msg<'b> {
    file: cfb::CompoundFile<Cursor<&'b [u8]>>,
    /// No stream is longer than its file.
    limit: u64,
    /// The properties of fixed length, behind 32 bytes of header 16 bytes each.
    fixed: Vec<u8>,
}

impl Msg<'_> {
    fn stream(&mut self, path: &str) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        self.file.open_stream(path).ok()?.take(self.limit).read_to_end(&mut out).ok()?;
        Some(out)
    }

    /// The value of a property of fixed length.
    fn value(&self, id: u16) -> Option<[u8; 8]> {
        let entries = self.fixed.get(32..)?.chunks_exact(16);
        entries.into_iter().find(|e| e[2..4] == id.to_le_bytes()).and_then(|e| e[8..16].try_into().ok())
    }

    fn number(&self, id: u16) -> Option<u32> {
        self.value(id).map(|v| u32::from_le_bytes([v[0], v[1], v[2], v[3]]))
    }

    /// A moment: hundreds of nanoseconds since 1601.
    fn moment(&self, id: u16) -> Option<Timestamp> {
        let ticks = self.value(id).map(i64::from_le_bytes).filter(|t| *t > 0)?;
        Timestamp::from_second(ticks / 10_000_000 - 11_644_473_600).ok()
    }

    /// The bytes of a text under one of its types, with the label of their charset.
    fn text_bytes(&mut self, id: u16) -> Option<(Vec<u8>, Option<String>)> {
        if let Some(wide) = self.stream(&name(id, "001F")) {
            let units: Vec<u16> = wide.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
            return Some((String::from_utf16_lossy(&units).into_bytes(), Some("utf-8".to_owned())));
        }
        let bytes = self.stream(&name(id, "001E")).or_else(|| self.stream(&name(id, "0102")))?;
        let codepage = self.number(INTERNET_CODEPAGE).or_else(|| self.number(MESSAGE_CODEPAGE));
        let label = codepage.and_then(|c| match c {
            65001 => Some("utf-8".to_owned()),
            20866 => Some("koi8-r".to_owned()),
            28595 => Some("iso-8859-5".to_owned()),
            866 => Some("cp866".to_owned()),
            1250..=1258 => Some(format!("windows-{c}")),
            _ => None,
        });
        Some((bytes, label))
    }

    /// A text on one line.
    fn text(&mut self, id: u16) -> Option<String> {
        let (bytes, label) = self.text_bytes(id)?;
        let text = super::charset::decode(&bytes, label.as_deref(), None).ok()?;
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Some(line.trim().to_owned()).filter(|t| !t.is_empty())
    }

    /// The header block, without the blank line: that of the transport where it is kept, completed from the properties.
    fn header(&mut self) -> Vec<u8> {
        let kept = self.text_bytes(TRANSPORT_HEADERS).map(|t| t.0).unwrap_or_default();
        let mut out = Vec::new();
        let mut skipped = false;
        for line in kept.split(|b| *b == b'\n') {
            let line = line.trim_ascii_end();
            if line.is_empty() {
                continue;
            }
            if !matches!(line[0], b' ' | b'\t') {
                let name = super::headers::field_name(line).map(<[u8]>::to_ascii_lowercase).unwrap_or_default();
                // The parts are written anew; what is no field at all is the report line some servers put first.
                skipped = name.is_empty() || name.starts_with(b"content-") || name == b"mime-version";
            }
            if !skipped {
                out.extend_from_slice(line);
                out.push(b'\n');
            }
        }
        let there = |name: &str| Headers::parse(&kept).raw(name).is_some_and(|v| !v.is_empty());
        let mut missing: Vec<(&str, Option<String>)> = Vec::new();
        if !there("from") {
            let sender = [REPRESENTING_SMTP, SENDER_SMTP, SENDER_EMAIL].into_iter().filter_map(|id| self.text(id));
            missing.push(("From", sender.into_iter().find(|a| a.contains('@')).map(|a| format!("<{a}>"))));
        }
        if !there("to") {
            missing.push(("To", Some(self.recipients().join(", ")).filter(|t| !t.is_empty())));
        }
        if !there("date") {
            let moment = self.moment(CLIENT_SUBMIT_TIME).or_else(|| self.moment(DELIVERY_TIME));
            missing.push(("Date", moment.map(|m| m.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())));
        }
        for (field, id) in [
            ("Subject", SUBJECT),
            ("Message-ID", INTERNET_MESSAGE_ID),
            ("In-Reply-To", IN_REPLY_TO),
            ("References", INTERNET_REFERENCES),
        ] {
            if !there(field) {
                missing.push((field, self.text(id)));
            }
        }
        let class = self.text(MESSAGE_CLASS).unwrap_or_default().to_ascii_lowercase();
        if class.starts_with("report.") || class.contains("ooftemplate") {
            missing.push(("Auto-Submitted", Some("auto-replied".to_owned())));
        }
        for (field, value) in missing {
            if let Some(value) = value {
                out.extend_from_slice(format!("{field}: {value}\n").as_bytes());
            }
        }
        out
    }

    fn recipients(&mut self) -> Vec<String> {
        let mut out = Vec::new();
        for n in 0..RECIPIENTS {
            let folder = format!("__recip_version1.0_#{n:08X}");
            if !self.file.is_storage(format!("/{folder}")) {
                break;
            }
            let found = [SMTP_ADDRESS, EMAIL_ADDRESS].into_iter().find_map(|id| {
                let wide = self.stream(&format!("/{folder}{}", name(id, "001F")))?;
                let units: Vec<u16> = wide.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
                String::from_utf16(&units).ok().filter(|a| a.contains('@') && !a.contains(char::is_control))
            });
            out.extend(found.map(|a| format!("<{a}>")));
        }
        out
    }
}

/// What the tests write messages with.
#[cfg(test)]
pub mod testing {
    use std::io::Write;

    use super::*;

    /// A message of these texts and numbers.
    pub fn msg(texts: &[(u16, &str)], numbers: &[(u16, u64)]) -> Vec<u8> {
        let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        for (id, text) in texts {
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            file.create_stream(name(*id, "001F")).unwrap().write_all(&wide).unwrap();
        }
        let mut fixed = vec![0; 32];
        for (id, value) in numbers {
            fixed.extend_from_slice(&[0x40, 0]);
            fixed.extend_from_slice(&id.to_le_bytes());
            fixed.extend_from_slice(&[0; 4]);
            fixed.extend_from_slice(&value.to_le_bytes());
        }
        file.create_stream("/__properties_version1.0").unwrap().write_all(&fixed).unwrap();
        file.create_storage("/__recip_version1.0_#00000000").unwrap();
        let to: Vec<u8> = "help@saumal.example".encode_utf16().flat_map(u16::to_le_bytes).collect();
        file.create_stream("/__recip_version1.0_#00000000/__substg1.0_39FE001F").unwrap().write_all(&to).unwrap();
        file.flush().unwrap();
        file.into_inner().into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::msg;
    use super::*;

    fn written(bytes: &[u8]) -> String {
        String::from_utf8(to_message(bytes).unwrap()).unwrap()
    }

    #[test]
    fn properties_become_the_fields_of_a_letter() {
        let sent = (1_741_600_000 + 11_644_473_600) * 10_000_000;
        let bytes = msg(
            &[
                (SUBJECT, "Заказ 12"),
                (SENDER_SMTP, "c@mail.example"),
                (INTERNET_MESSAGE_ID, "<m1@mail.example>"),
                (BODY, "Где он?\r\n"),
            ],
            &[(CLIENT_SUBMIT_TIME, sent)],
        );
        assert!(is_msg(&bytes));
        let text = written(&bytes);
        assert!(text.starts_with(
            "From: <c@mail.example>\nTo: <help@saumal.example>\nDate: Mon, 10 Mar 2025 09:46:40 +0000\nSubject: Заказ 12\nMessage-ID: <m1@mail.example>\n"
        ), "{text}");
        assert!(text.contains("text/plain; charset=utf-8\n\nГде он?"));
    }

    #[test]
    fn the_transports_header_goes_first_and_its_parts_are_written_anew() {
        let kept = "Received: from a\r\n\tby b\r\nFrom: A <a@x>\r\nContent-Type: multipart/mixed;\r\n boundary=old\r\nDate: Mon, 10 Mar 2025 15:00:00 +0500\r\n\r\n";
        let text = written(&msg(&[(TRANSPORT_HEADERS, kept), (SENDER_SMTP, "other@x"), (HTML, "<p>Hi</p>")], &[]));
        assert!(
            text.starts_with("Received: from a\n\tby b\nFrom: A <a@x>\nDate: Mon, 10 Mar 2025 15:00:00 +0500\nTo: "),
            "{text}"
        );
        assert!(!text.contains("boundary=old") && !text.contains("other@x") && text.contains("text/html"));
        assert!(text.contains("<p>Hi</p>"));
    }

    #[test]
    fn reports_are_automatic_and_drafts_set_aside() {
        assert!(written(&msg(&[(MESSAGE_CLASS, "REPORT.IPM.Note.NDR"), (BODY, "x")], &[])).contains("Auto-Submitted:"));
        let draft = to_message(&msg(&[(BODY, "x")], &[(MESSAGE_FLAGS, u64::from(UNSENT))])).unwrap_err();
        assert!(draft.to_string().contains("draft"));
    }

    #[test]
    fn an_outlook_message_is_threaded_with_other_letters() {
        use crate::ingest::{Format, Options, Record, Source};
        let dir = tempfile::tempdir().unwrap();
        let question = msg(
            &[
                (SUBJECT, "Order 12"),
                (SENDER_SMTP, "c@mail.example"),
                (INTERNET_MESSAGE_ID, "<m1@mail.example>"),
                (BODY, "Where is it?"),
            ],
            &[(CLIENT_SUBMIT_TIME, (1_741_600_000 + 11_644_473_600) * 10_000_000)],
        );
        let answer = "From: dana@saumal.example\nDate: Mon, 10 Mar 2025 10:46:40 +0000\nMessage-ID: <m2@x>\nIn-Reply-To: <m1@mail.example>\n\nOn its way.";
        let mut sources = Vec::new();
        for (name, bytes) in [("1.msg", &question[..]), ("2.eml", answer.as_bytes())] {
            std::fs::write(dir.path().join(name), bytes).unwrap();
            sources.push(Source { file: dir.path().join(name).into() });
        }
        let options = Options { agent_domains: vec!["saumal.example".into()], ..Options::default() };
        let mut got = Vec::new();
        let _ = super::super::Mail.read(&sources, &options, &mut |record| {
            if let Record::Conversation { conversation, .. } = record {
                got.extend(
                    conversation.turns.iter().map(|t| format!("{} {:?} {}", t.speaker.name(), t.start, &*t.text)),
                );
            }
            std::ops::ControlFlow::Continue(())
        });
        assert_eq!(got, ["customer Some(0.0) Where is it?", "agent Some(3600.0) On its way."]);
    }

    #[test]
    fn damage_is_told_and_does_no_harm() {
        let whole = msg(&[(BODY, "hello"), (SUBJECT, "x")], &[]);
        assert!(matches!(to_message(&whole[..700]), Err(Reason::Syntax { .. })));
        for i in (0..whole.len()).step_by(41) {
            let mut bytes = whole.clone();
            bytes[i] ^= 0xFF;
            let _ = to_message(&bytes);
        }
        assert!(!is_msg(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 a table"));
    }
}
