//! Which charset is a text file in, and how does it become UTF-8?
//!
//! A byte-order mark decides, then what the user says, then the bytes: UTF-16 shows by its high bytes, UTF-8 by being
//! valid, and what is left is one of the single-byte Cyrillic charsets, told apart by how often letters occur.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use encoding_rs::{DecoderResult, Encoding, IBM866, KOI8_R, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1251};

use crate::model::Reason;

/// A charset, and how many bytes of mark stand before the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Charset {
    pub encoding: &'static Encoding,
    /// Windows-1251 with the letters of Kazakh in the places of Serbian and Ukrainian ones: KZ-1048.
    pub kazakh: bool,
    pub bom: usize,
}

impl Charset {
    /// As it is named in messages.
    pub fn name(self) -> &'static str {
        if self.kazakh { "kz-1048" } else { self.encoding.name() }
    }

    /// The beginning of a file as text; a character cut off at its end is left out.
    pub fn decode(self, head: &[u8]) -> Cow<'_, str> {
        let text = head.get(self.bom..).unwrap_or_default();
        let whole = if self.encoding == UTF_8 {
            match std::str::from_utf8(text) {
                Err(e) if e.error_len().is_none() => &text[..e.valid_up_to()],
                _ => text,
            }
        } else if self.encoding == UTF_16LE || self.encoding == UTF_16BE {
            &text[..text.len() & !1]
        } else {
            text
        };
        match self.encoding.decode_without_bom_handling(whole).0 {
            Cow::Owned(mut s) if self.kazakh => {
                s = s.chars().map(|c| KAZAKH.iter().find(|(from, _)| *from == c).map_or(c, |(_, to)| *to)).collect();
                Cow::Owned(s)
            }
            text => text,
        }
    }
}

/// The charset of a file that begins with `head`; `label` is what the user says of files without a byte-order mark.
pub(super) fn detect(head: &[u8], label: Option<&str>) -> Result<Charset, Reason> {
    if let Some((encoding, bom)) = Encoding::for_bom(head) {
        return Ok(Charset { encoding, kazakh: false, bom });
    }
    let plain = |encoding| Charset { encoding, kazakh: false, bom: 0 };
    if let Some(label) = label {
        if ["kz-1048", "kz1048", "strk1048-2002", "rk1048"].contains(&label.trim().to_ascii_lowercase().as_str()) {
            return Ok(Charset { kazakh: true, ..plain(WINDOWS_1251) });
        }
        return Encoding::for_label(label.as_bytes()).map(plain).ok_or_else(|| {
            Reason::Content(format!("--charset {label:?} is not a known charset; try utf-8, windows-1251 or utf-16le"))
        });
    }
    if let Some(encoding) = wide(head) {
        return Ok(plain(encoding));
    }
    Ok(single_byte(head).unwrap_or(plain(UTF_8)))
}

/// UTF-16 without a mark: in Latin and Cyrillic text the high bytes are nearly all 0 or 4, the low bytes hardly ever.
fn wide(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head.get(..head.len().min(4096) & !1)?.chunks_exact(2);
    let (mut first, mut second) = (0, 0);
    let count = pairs.len();
    for pair in pairs {
        first += usize::from(matches!(pair[0], 0 | 4));
        second += usize::from(matches!(pair[1], 0 | 4));
    }
    let high = |n: usize| count >= 4 && n * 10 >= count * 8;
    let low = |n: usize| n * 10 <= count * 3;
    match () {
        () if high(second) && low(first) => Some(UTF_16LE),
        () if high(first) && low(second) => Some(UTF_16BE),
        () => None,
    }
}

/// A single-byte Cyrillic charset, when the bytes are better text in one than in UTF-8; `None` for UTF-8, also for UTF-8
/// with some bytes broken: those records are set aside one by one.
fn single_byte(head: &[u8]) -> Option<Charset> {
    let (mut valid, mut invalid) = (0usize, 0usize);
    for chunk in head.utf8_chunks() {
        valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        invalid += chunk.invalid().len();
    }
    if invalid == 0 || valid * 2 > invalid || head.contains(&0) {
        return None;
    }
    let (score, encoding) = [WINDOWS_1251, KOI8_R, IBM866]
        .into_iter()
        .map(|e| (likeness(&e.decode_without_bom_handling(head).0), e))
        .reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    // The marks of Kazakh: қ ә ң ұ, in lower and upper case. Two, since one may be a stray byte.
    let kazakh =
        encoding == WINDOWS_1251 && head.iter().filter(|b| b"\x9d\xbc\xbe\xa2\x8d\xa3".contains(b)).count() > 1;
    (score > 0).then_some(Charset { encoding, kazakh, bom: 0 })
}

/// How much a text is like Russian or Kazakh, or English with typographic signs: common letters add; what hardly occurs
/// in a text (boxes, letters alone, small letters before capitals) takes away.
pub(super) fn likeness(text: &str) -> i64 {
    let mut sum = 0;
    let mut before = ' ';
    for c in text.chars() {
        sum += match c {
            '\0'..='\u{7f}' => 0,
            _ if c.is_alphabetic() && before.is_ascii_alphabetic() => -6,
            // One letter alone may be any broken byte.
            'а'..='я' | 'ё' if !before.is_alphabetic() => 0,
            'о' | 'е' | 'а' | 'и' | 'н' | 'т' | 'с' | 'р' | 'в' | 'л' | 'к' | 'д' | 'м' | 'п' | 'у' | 'я' | 'ы' => {
                3
            }
            'а'..='я' | 'ё' => 1,
            'А'..='Я' | 'Ё' if before.is_lowercase() => -4,
            'А'..='Я' | 'Ё' | '№' | '\u{a0}' => 0,
            '«' | '»' | '„' | '“' | '”' | '‘' | '’' | '–' | '—' | '…' | '•' => 1,
            _ if KAZAKH.iter().any(|(from, _)| *from == c) => 0,
            _ => -4,
        };
        before = c;
    }
    sum
}

/// What windows-1251 and KZ-1048 read at the same bytes. All are two bytes long in UTF-8.
const KAZAKH: [(char, char); 16] = [
    ('Ќ', 'Қ'),
    ('Ћ', 'Һ'),
    ('ќ', 'қ'),
    ('ћ', 'һ'),
    ('Ў', 'Ұ'),
    ('ў', 'ұ'),
    ('Ј', 'Ә'),
    ('Ґ', 'Ө'),
    ('Є', 'Ғ'),
    ('Ї', 'Ү'),
    ('ґ', 'ө'),
    ('є', 'ғ'),
    ('ј', 'ә'),
    ('Ѕ', 'Ң'),
    ('ѕ', 'ң'),
    ('ї', 'ү'),
];

/// Puts the Kazakh letters in place; each takes as many bytes as the letter before.
fn to_kazakh(utf8: &mut [u8]) {
    let mut i = 0;
    while i + 1 < utf8.len() {
        if let [lead @ 0xd0..=0xd2, tail] = utf8[i..i + 2]
            && let Ok(s) = std::str::from_utf8(&[lead, tail])
            && let Some((_, to)) = KAZAKH.iter().find(|(from, _)| s.starts_with(*from))
        {
            to.encode_utf8(&mut utf8[i..i + 2]);
        }
        i += 1;
    }
}

/// Turns a stream into UTF-8. At bytes that are not text of the charset it gives a byte that is not UTF-8.
pub(super) struct Transcoder<R> {
    inner: R,
    decoder: encoding_rs::Decoder,
    kazakh: bool,
    out: Vec<u8>,
    taken: usize,
    ended: bool,
}

impl<R: BufRead> Transcoder<R> {
    pub fn new(inner: R, charset: Charset) -> Self {
        let decoder = charset.encoding.new_decoder_without_bom_handling();
        Self { inner, decoder, kazakh: charset.kazakh, out: Vec::new(), taken: 0, ended: false }
    }

    /// Decodes the next bytes into `out`.
    fn step(&mut self) -> io::Result<()> {
        self.out.clear();
        self.taken = 0;
        while self.out.is_empty() && !self.ended {
            let chunk = self.inner.fill_buf()?;
            let last = chunk.is_empty();
            let mut read = 0;
            loop {
                let rest = &chunk[read..];
                let start = self.out.len();
                // Room enough for all of it, or a dozen bytes more of a decoder that gives up its last state.
                let room =
                    self.decoder.max_utf8_buffer_length_without_replacement(rest.len()).unwrap_or(rest.len()) + 16;
                self.out.resize(start + room, 0);
                let (result, n, written) =
                    self.decoder.decode_to_utf8_without_replacement(rest, &mut self.out[start..], last);
                self.out.truncate(start + written);
                read += n;
                match result {
                    DecoderResult::InputEmpty => break,
                    DecoderResult::OutputFull => {}
                    DecoderResult::Malformed(..) => self.out.push(0xff),
                }
            }
            self.inner.consume(read);
            self.ended = last;
        }
        if self.kazakh {
            to_kazakh(&mut self.out);
        }
        Ok(())
    }
}

impl<R: BufRead> BufRead for Transcoder<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken >= self.out.len() {
            self.step()?;
        }
        Ok(&self.out[self.taken..])
    }

    fn consume(&mut self, n: usize) {
        self.taken = (self.taken + n).min(self.out.len());
    }
}

impl<R: BufRead> Read for Transcoder<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUSSIAN: &str = "id;роль;текст\n1;Оператор;Добрый день, чем могу помочь?\n1;Клиент;Не работает интернет";

    fn name(bytes: &[u8]) -> &'static str {
        detect(bytes, None).unwrap().name()
    }

    fn transcode(bytes: &[u8], charset: Charset) -> Vec<u8> {
        let mut out = Vec::new();
        // One byte at a time, so that characters are cut everywhere.
        let reader = io::BufReader::with_capacity(1, &bytes[charset.bom..]);
        Transcoder::new(reader, charset).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn each_charset_is_told_and_read_back() {
        for encoding in [WINDOWS_1251, KOI8_R, IBM866] {
            let bytes = encoding.encode(RUSSIAN).0;
            let charset = detect(&bytes, None).unwrap();
            assert_eq!(charset.encoding, encoding);
            assert_eq!(charset.decode(&bytes), RUSSIAN);
            assert_eq!(transcode(&bytes, charset), RUSSIAN.as_bytes());
        }
        for mark in ["", "\u{feff}"] {
            let text = format!("{mark}{RUSSIAN}");
            let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            for (bytes, name) in [(le, "UTF-16LE"), (be, "UTF-16BE"), (text.clone().into_bytes(), "UTF-8")] {
                let charset = detect(&bytes, None).unwrap();
                assert_eq!(charset.name(), name);
                assert_eq!(charset.decode(&bytes), RUSSIAN);
                assert_eq!(transcode(&bytes, charset), RUSSIAN.as_bytes());
            }
        }
    }

    #[test]
    fn kazakh_letters_of_the_single_byte_charset_are_kept() {
        // "Оператор: қалай көмектесе аламын, әрине" in KZ-1048.
        let mut bytes = WINDOWS_1251.encode("Оператор: ќалай кґмектесе аламын, јрине").0.into_owned();
        let charset = detect(&bytes, None).unwrap();
        assert_eq!(charset.name(), "kz-1048");
        assert_eq!(charset.decode(&bytes), "Оператор: қалай көмектесе аламын, әрине");
        assert_eq!(transcode(&bytes, charset), "Оператор: қалай көмектесе аламын, әрине".as_bytes());
        bytes.truncate(10);
        assert_eq!(detect(&bytes, Some("kz-1048")).unwrap().name(), "kz-1048");
        assert_eq!(detect(&bytes, Some("windows-1251")).unwrap().name(), "windows-1251");
    }

    #[test]
    fn utf8_with_broken_bytes_stays_utf8() {
        assert_eq!(name(b""), "UTF-8");
        assert_eq!(name(b"plain ascii"), "UTF-8");
        assert_eq!(name("Жақсы, \u{1f600}".as_bytes()), "UTF-8");
        assert_eq!(name(&["Добрый день ".as_bytes(), b"\xff\xfe"].concat()), "UTF-8");
        assert_eq!(name(b"{\"text\":\"caf\xe9\"}"), "UTF-8", "a lone byte is no Cyrillic word");
        assert_eq!(name(b"Agent: \xff"), "UTF-8");
        assert_eq!(name(b"I don\x92t know, it\x92s broken"), "windows-1251", "curly quotes of an English Windows");
        let cut = "текст".as_bytes();
        assert_eq!(detect(&cut[..3], None).unwrap().decode(&cut[..3]), "т", "cut in the middle of a character");
    }

    #[test]
    fn what_is_not_text_of_the_charset_is_not_utf8_behind_the_decoder() {
        let mut bytes: Vec<u8> = "ab".encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes.extend([0x00, 0xdc, b'c', 0x00]); // half a surrogate pair
        let charset = Charset { encoding: UTF_16LE, kazakh: false, bom: 0 };
        assert_eq!(transcode(&bytes, charset), b"ab\xffc");
        assert_eq!(transcode(b"a\0b", charset), b"a\xff", "and half a unit at the end");
    }
}
