//! The first pass: where does each message stand? Only its header block is kept, and only while it is looked at.

use std::fs::File;
use std::io::{self, BufRead, BufWriter, Read, Seek, SeekFrom, Write};

use sha2::{Digest, Sha256};

use super::headers::{Headers, MAX_BLOCK, is_known_field};
use super::msg;
use crate::ingest::{Options, Source, reason_of};
use crate::model::Reason;

/// Bytes of a line looked at together; longer lines come in pieces.
const PIECE: u64 = 64 << 10;

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Index of the source.
    pub source: u32,
    /// First byte of its header, counted in the expanded file.
    pub start: u64,
    /// Bytes.
    pub len: u64,
    /// Whether it stood in a mail folder, where lines beginning with `From ` are escaped.
    pub folder: bool,
}

/// A message found.
#[derive(Debug)]
pub struct Found<'a> {
    /// Where.
    pub span: Span,
    /// Its header block.
    pub header: &'a [u8],
    /// Half a SHA-256 of all its bytes when it has no Message-ID to be known by.
    pub content: Option<u128>,
}

/// A message, or the place (byte) of what cannot be used and why.
pub type Scanned<'a> = Result<Found<'a>, (u64, Reason)>;

/// The first half of a SHA-256, by which ids and contents are compared.
pub fn digest(parts: &[&[u8]]) -> u128 {
    let mut h = Sha256::new();
    for p in parts {
        h.update((p.len() as u64).to_le_bytes());
        h.update(p);
    }
    half(h)
}

fn half(h: Sha256) -> u128 {
    h.finalize().iter().take(16).fold(0, |n, b| n << 8 | u128::from(*b))
}

/// The sources, to be read again message by message. What cannot be read again in place (compressed files, pipes) is
/// kept expanded in one temporary file, which goes when this does.
pub struct Store<'s> {
    sources: &'s [Source],
    spool: Option<BufWriter<File>>,
    /// Bytes in the spool.
    spooled: u64,
    /// For each source, where in the spool it begins.
    in_spool: Vec<Option<u64>>,
    open: Option<(u32, File)>,
}

impl<'s> Store<'s> {
    /// A store of nothing yet.
    pub fn new(sources: &'s [Source]) -> Store<'s> {
        Store { sources, spool: None, spooled: 0, in_spool: vec![None; sources.len()], open: None }
    }

    /// Walks source `index` and hands on what it finds.
    pub fn scan(&mut self, index: u32, options: &Options, each: &mut dyn FnMut(Scanned<'_>)) {
        let Some(source) = self.sources.get(index as usize) else { return };
        let mut in_place = can_be_read_again(source);
        let mut reader = match source.open(options) {
            Ok(r) => r,
            Err(reason) => return each(Err((0, reason))),
        };
        if reader.fill_buf().is_ok_and(|head| head.starts_with(msg::MAGIC)) {
            // What an Outlook message stands for is kept as what a compressed file expands to is.
            match outlook(reader, options.max_record) {
                Ok(message) => reader = Box::new(io::Cursor::new(message)),
                Err(reason) => return each(Err((0, reason))),
            }
            in_place = false;
        }
        if !in_place {
            if self.spool.is_none() {
                match tempfile::tempfile() {
                    Ok(f) => self.spool = Some(BufWriter::with_capacity(1 << 16, f)),
                    Err(e) => {
                        return each(Err((
                            0,
                            Reason::Io(format!("no temporary file to expand it into: {e}; set TMPDIR")),
                        )));
                    }
                }
            }
            self.in_spool[index as usize] = Some(self.spooled);
        }
        let mut keep = |piece: &[u8]| -> io::Result<()> {
            if let (false, Some(spool)) = (in_place, &mut self.spool) {
                spool.write_all(piece)?;
                self.spooled += piece.len() as u64;
            }
            Ok(())
        };
        walk(reader, index, options.max_record, &mut keep, each);
    }

    /// The bytes of a message, `>From ` lines restored.
    ///
    /// # Errors
    /// When the file has changed or gone since it was scanned.
    pub fn read(&mut self, span: &Span) -> Result<Vec<u8>, Reason> {
        let bytes = self.read_raw(span).map_err(|e| Reason::Io(format!("{e} (when reading it a second time)")))?;
        Ok(if span.folder { unescape(&bytes) } else { bytes })
    }

    fn read_raw(&mut self, span: &Span) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(span.len).map_err(io::Error::other)?];
        if let Some(base) = self.in_spool[span.source as usize] {
            let spool = self.spool.as_mut().ok_or_else(|| io::Error::other("the temporary file is gone"))?;
            spool.flush()?;
            let file = spool.get_mut();
            file.seek(SeekFrom::Start(base + span.start))?;
            file.read_exact(&mut bytes)?;
            return Ok(bytes);
        }
        if self.open.as_ref().is_none_or(|(i, _)| *i != span.source) {
            self.open = Some((span.source, File::open(&self.sources[span.source as usize].file)?));
        }
        if let Some((_, file)) = &mut self.open {
            file.seek(SeekFrom::Start(span.start))?;
            file.read_exact(&mut bytes)?;
        }
        Ok(bytes)
    }
}

/// The letter of an Outlook message.
fn outlook(reader: Box<dyn BufRead>, limit: u64) -> Result<Vec<u8>, Reason> {
    let mut bytes = Vec::new();
    reader.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| reason_of(&e))?;
    if bytes.len() as u64 > limit {
        return Err(Reason::TooLarge { limit });
    }
    msg::to_message(&bytes)
}

/// Whether the file is a plain one that can be read in place again; compressed ones are told by their first bytes.
fn can_be_read_again(source: &Source) -> bool {
    let magic = || -> io::Result<bool> {
        if !std::fs::metadata(&source.file)?.is_file() {
            return Ok(false);
        }
        let mut first = Vec::with_capacity(4);
        File::open(&source.file)?.take(4).read_to_end(&mut first)?;
        Ok(!first.starts_with(&[0x1F, 0x8B]) && first != [0x28, 0xB5, 0x2F, 0xFD])
    };
    magic().unwrap_or(false)
}

/// A message being read.
struct Current {
    start: u64,
    header: Vec<u8>,
    in_header: bool,
    too_long_header: bool,
    hash: Option<Sha256>,
}

impl Current {
    fn new(start: u64) -> Current {
        Current { start, header: Vec::new(), in_header: true, too_long_header: false, hash: None }
    }

    fn feed(&mut self, piece: &[u8], whole_line: bool) {
        if let Some(h) = &mut self.hash {
            h.update(piece);
        }
        if !self.in_header {
            return;
        }
        if self.header.len() + piece.len() > MAX_BLOCK {
            self.too_long_header = true;
            self.in_header = false;
            return;
        }
        self.header.extend_from_slice(piece);
        if whole_line && piece.trim_ascii().is_empty() {
            self.in_header = false;
            if Headers::parse(&self.header).ids("message-id").is_empty() {
                let mut h = Sha256::new();
                h.update(&self.header);
                self.hash = Some(h);
            }
        }
    }
}

fn walk(
    mut reader: Box<dyn BufRead>,
    source: u32,
    limit: u64,
    keep: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    each: &mut dyn FnMut(Scanned<'_>),
) {
    let mut folder = false;
    let mut current: Option<Current> = None;
    let mut finish = |current: Option<Current>, end: u64, folder: bool| {
        let Some(c) = current else { return };
        let len = end - c.start;
        if len > limit {
            each(Err((c.start, Reason::TooLarge { limit })));
        } else if c.too_long_header {
            let detail = format!("a header of more than {MAX_BLOCK} bytes");
            each(Err((c.start, Reason::Syntax { format: "mail", detail })));
        } else if !Headers::parse(&c.header).is_mail() {
            let reason = if c.header.trim_ascii().is_empty() && len < 3 {
                Reason::Empty
            } else {
                let detail = "no header fields such as From: or Date: at its beginning".to_owned();
                Reason::Syntax { format: "mail", detail }
            };
            each(Err((c.start, reason)));
        } else {
            let content = match c.hash {
                Some(h) => Some(half(h)),
                None => Headers::parse(&c.header).ids("message-id").is_empty().then(|| digest(&[&c.header])),
            };
            let span = Span { source, start: c.start, len, folder };
            each(Ok(Found { span, header: &c.header, content }));
        }
    };

    let (mut at, mut line_start, mut after_blank, mut begun) = (0u64, true, true, false);
    let mut piece: Vec<u8> = Vec::new();
    // A `From ` line without a date, which is a separator only when header fields follow it.
    let mut doubtful: Option<(u64, Vec<u8>)> = None;
    loop {
        piece.clear();
        let read = reader.by_ref().take(PIECE).read_until(b'\n', &mut piece).and_then(|n| keep(&piece).map(|()| n));
        let n = match read {
            Ok(0) => break,
            Ok(n) => n as u64,
            Err(e) => {
                // The message that breaks off here is the one that cannot be used; those before it can.
                let place = current.map_or(at, |c| c.start);
                return each(Err((place, reason_of(&e))));
            }
        };
        let whole = line_start && piece.ends_with(b"\n");
        let text: &[u8] = if at == 0 { piece.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&piece) } else { &piece };
        let here = at + (piece.len() - text.len()) as u64;
        let blank = whole && text.trim_ascii().is_empty();
        at += n;

        if let Some((from, line)) = doubtful.take() {
            if is_known_field(text) {
                finish(current.take(), from, folder);
                current = Some(Current::new(here));
            } else if let Some(c) = &mut current {
                c.feed(&line, true);
            }
        }
        if !begun {
            if blank {
                continue;
            }
            begun = true;
            folder = text.starts_with(b"From ");
            if folder {
                line_start = piece.ends_with(b"\n");
                after_blank = false;
                current = Some(Current::new(at));
                continue;
            }
            current = Some(Current::new(here));
        } else if folder && line_start && after_blank && text.starts_with(b"From ") {
            if is_dated_separator(text) {
                finish(current.take(), at - n, folder);
                current = Some(Current::new(at));
                (line_start, after_blank) = (piece.ends_with(b"\n"), false);
                continue;
            }
            doubtful = Some((at - n, piece.clone()));
            (line_start, after_blank) = (piece.ends_with(b"\n"), false);
            continue;
        }
        if let Some(c) = &mut current {
            c.feed(text, whole);
        }
        line_start = piece.ends_with(b"\n");
        after_blank = blank;
    }
    if let (Some((_, line)), Some(c)) = (doubtful, &mut current) {
        c.feed(&line, true);
    }
    match current {
        Some(c) => finish(Some(c), at, folder),
        None => each(Err((0, Reason::Empty))),
    }
}

/// Whether a `From ` line is the separator of a mail folder: `From anna@x.kz Tue Mar  5 10:15:00 2024`.
pub fn is_dated_separator(line: &[u8]) -> bool {
    const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    const MONTHS: [&[u8]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let words: Vec<&[u8]> =
        line[..line.len().min(300)].split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).skip(1).collect();
    let time = |w: &[u8]| w.len() >= 4 && w.contains(&b':') && w.iter().all(|b| b.is_ascii_digit() || *b == b':');
    words.iter().any(|w| DAYS.contains(w)) && words.iter().any(|w| MONTHS.contains(w)) && words.iter().any(|w| time(w))
}

/// Takes one `>` from lines that a mail folder escaped: `>From `, `>>From `.
fn unescape(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let rest = line.iter().position(|b| *b != b'>').map_or(line, |n| &line[n..]);
        let escaped = rest.len() < line.len() && rest.starts_with(b"From ");
        out.extend_from_slice(&line[usize::from(escaped)..]);
    }
    out
}

/// A reader of bytes in memory, for tests.
#[cfg(test)]
fn memory(bytes: &[u8]) -> Box<dyn BufRead> {
    Box::new(io::Cursor::new(bytes.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Start and text of a message, or place and kind of what is bad.
    type Cut = Result<(u64, String), (u64, &'static str)>;

    fn split(bytes: &[u8], limit: u64) -> Vec<Cut> {
        let mut out = Vec::new();
        walk(memory(bytes), 0, limit, &mut |_| Ok(()), &mut |f| {
            out.push(match f {
                Ok(f) => {
                    let s = usize::try_from(f.span.start).unwrap();
                    let raw = &bytes[s..s + usize::try_from(f.span.len).unwrap()];
                    Ok((f.span.start, String::from_utf8(raw.to_vec()).unwrap()))
                }
                Err((at, r)) => Err((at, r.kind())),
            });
        });
        out
    }

    #[test]
    fn a_folder_is_cut_at_from_lines_after_a_blank_line_only() {
        let mbox = b"From a@x Tue Mar  5 10:15:00 2024\nSubject: 1\n\nFrom here on\nit is text.\n\nFrom what I see, no.\n\n>From x\n\nFrom b@x\nSubject: 2\n\nbody\n";
        let got = split(mbox, 1000);
        assert_eq!(got.len(), 2);
        assert_eq!(
            got[0],
            Ok((34, "Subject: 1\n\nFrom here on\nit is text.\n\nFrom what I see, no.\n\n>From x\n\n".into()))
        );
        assert!(matches!(&got[1], Ok((_, t)) if t == "Subject: 2\n\nbody\n"));
    }

    #[test]
    fn too_large_and_broken_messages_do_not_stop_the_next() {
        let mut mbox = b"From a Tue Mar  5 10:15:00 2024\nSubject: 1\n\n".to_vec();
        mbox.extend(b"long line ".repeat(20_000));
        mbox.extend(b"\n\nFrom b Tue Mar  5 10:15:00 2024\nno header at all\n\nFrom c Tue Mar  5 10:15:00 2024\nSubject: 3\n\nok\n");
        let got = split(&mbox, 1000);
        assert_eq!(got[0], Err((32, "too_large")));
        assert!(matches!(got[1], Err((_, "syntax"))));
        assert!(matches!(&got[2], Ok((_, t)) if t.ends_with("ok\n")));
    }

    #[test]
    fn a_single_message_is_not_cut_and_an_empty_file_is_reported() {
        let eml = b"\xEF\xBB\xBFSubject: 1\n\ntext\n\nFrom b Tue Mar  5 10:15:00 2024\nSubject: 2\n";
        let got = split(eml, 1000);
        assert_eq!(got.len(), 1);
        assert!(matches!(&got[0], Ok((3, t)) if t.starts_with("Subject: 1")));
        assert_eq!(split(b"", 1000), [Err((0, "empty"))]);
        assert_eq!(split(b"\n\n", 1000), [Err((0, "empty"))]);
    }

    #[test]
    fn escaped_lines_are_restored_once() {
        assert_eq!(unescape(b">From a\n>>From b\n> From c\nFrom d\n>x"), b"From a\n>From b\n> From c\nFrom d\n>x");
    }

    #[test]
    fn a_message_without_an_id_is_known_by_its_bytes() {
        let hash = |b: &[u8]| {
            let mut out = None;
            walk(memory(b), 0, 1000, &mut |_| Ok(()), &mut |f| out = f.ok().and_then(|f| f.content));
            out
        };
        assert!(hash(b"Subject: 1\n\na").is_some());
        assert_ne!(hash(b"Subject: 1\n\na"), hash(b"Subject: 1\n\nb"));
        assert_eq!(hash(b"Message-ID: <1@x>\n\na"), None);
    }
}
