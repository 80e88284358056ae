//! Opening files: decompression, limits, and the sample that formats are recognised by.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::fs::File;
#[cfg(any(feature = "parquet", feature = "xlsx"))]
use std::io::Seek;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Options;
use super::charset::{self, Charset, Transcoder};
use super::formats::Keys;
use crate::model::Reason;

/// Bytes of a file that formats are recognised by.
const SAMPLE: usize = 64 << 10;
/// Bytes asked of the operating system at once.
const BUFFER: usize = 256 << 10;

/// A file to read.
#[derive(Clone, Debug)]
pub struct Source {
    /// As the user named it.
    pub file: Arc<Path>,
}

impl Source {
    /// Opens the file; gzip (also of several members) and Zstandard are expanded, told by their first bytes and not by the
    /// name. Reading ends with an error that [`reason_of`] turns into [`Reason::Bomb`] when, past `options.max_record`
    /// expanded bytes, there are more than `options.max_expansion` of them for each byte of the file.
    ///
    /// # Errors
    /// [`Reason::Io`] when the file cannot be opened or is not what its compression header claims.
    pub fn open(&self, options: &Options) -> Result<Box<dyn BufRead>, Reason> {
        self.open_counting(options, Arc::clone(&options.progress))
    }

    fn open_counting(&self, options: &Options, progress: Arc<AtomicU64>) -> Result<Box<dyn BufRead>, Reason> {
        let file = File::open(&self.file).map_err(|e| reason_of(&e))?;
        let read = Rc::new(Cell::new(0));
        let mut plain = BufReader::with_capacity(BUFFER, Counted { inner: file, read: Rc::clone(&read), progress });
        let head = plain.fill_buf().map_err(|e| reason_of(&e))?;
        let expanded: Box<dyn Read> = match head {
            [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(plain)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                Box::new(zstd::stream::read::Decoder::with_buffer(plain).map_err(|e| reason_of(&e))?)
            }
            _ => return Ok(Box::new(plain)),
        };
        let guarded = Guarded {
            inner: expanded,
            expanded: 0,
            compressed: read,
            free: options.max_record,
            ratio: options.max_expansion,
        };
        Ok(Box::new(BufReader::with_capacity(BUFFER, guarded)))
    }

    /// Opens the file for formats whose end says where things are; a compressed one is expanded into a temporary file. Its
    /// bytes are for the caller to count, as far as it has come.
    ///
    /// # Errors
    /// As [`Source::open`], and [`Reason::Bomb`].
    #[cfg(any(feature = "parquet", feature = "xlsx"))]
    pub(crate) fn open_seekable(&self, options: &Options) -> Result<File, Reason> {
        let mut file = File::open(&self.file).map_err(|e| reason_of(&e))?;
        let mut head = [0; 4];
        let n = file.read(&mut head).map_err(|e| reason_of(&e))?;
        if !matches!(&head[..n], [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd]) {
            file.rewind().map_err(|e| reason_of(&e))?;
            return Ok(file);
        }
        let mut expanded = tempfile::tempfile().map_err(|e| reason_of(&e))?;
        io::copy(&mut self.open_counting(options, Arc::default())?, &mut expanded).map_err(|e| reason_of(&e))?;
        expanded.rewind().map_err(|e| reason_of(&e))?;
        Ok(expanded)
    }

    /// Reads the first 64 KiB, expanded, to recognise the format by.
    ///
    /// # Errors
    /// As [`Source::open`], and [`Reason::Content`] when `options.charset` is not the name of a charset.
    pub fn sample(&self, options: &Options) -> Result<Beginning, Reason> {
        let mut bytes = Vec::with_capacity(SAMPLE);
        let reader = self.open_counting(options, Arc::default())?;
        let outcome = reader.take(SAMPLE as u64).read_to_end(&mut bytes);
        // A file that breaks off is still read as far as it goes.
        if let Err(e) = outcome
            && bytes.is_empty()
        {
            return Err(reason_of(&e));
        }
        let charset = charset::detect(&bytes, options.charset.as_deref())?;
        Ok(Beginning { name: self.name(), bytes, charset })
    }

    /// Opens the file as text: a stream of UTF-8, whatever its charset, without a byte-order mark. Where the file is not
    /// valid text in its charset, the stream is not valid UTF-8 at the same place, so that each record can be judged alone.
    ///
    /// # Errors
    /// As [`Source::sample`].
    pub fn open_text(&self, options: &Options) -> Result<TextStream, Reason> {
        let mut reader = self.open(options)?;
        let mut head = Vec::with_capacity(SAMPLE);
        let broken = reader.by_ref().take(SAMPLE as u64).read_to_end(&mut head).err();
        let charset = charset::detect(&head, options.charset.as_deref())?;
        head.drain(..charset.bom);
        // What could be read is handed on before the error, as anywhere later in the file.
        let tail: Box<dyn BufRead> = match broken {
            Some(e) => Box::new(BufReader::new(Failing(Some(e)))),
            None => reader,
        };
        let bytes = io::Cursor::new(head).chain(tail);
        let reader: Box<dyn BufRead> = if charset.encoding == encoding_rs::UTF_8 {
            Box::new(bytes)
        } else {
            Box::new(Transcoder::new(bytes, charset))
        };
        Ok(TextStream { reader, charset: charset.name() })
    }

    /// The file of this name in the same folder, where there is one: side files stand there.
    pub fn beside(&self, name: &str) -> Option<Source> {
        let file = self.file.with_file_name(name);
        file.is_file().then(|| Source { file: file.into() })
    }

    /// Bytes of the file on disk; 0 where that cannot be told.
    pub(crate) fn size(&self) -> u64 {
        std::fs::metadata(&self.file).map_or(0, |m| m.len())
    }

    /// The file's name in lower case, without `.gz` or `.zst`.
    pub fn name(&self) -> String {
        let name = self.file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        match name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")) {
            Some(inner) => inner.to_owned(),
            None => name,
        }
    }

    /// The file's name as it is written, without its extension (and `.gz` or `.zst` behind it): the id of a conversation
    /// that has no other.
    pub fn stem(&self) -> String {
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        let lower = name.to_ascii_lowercase();
        let packed = [".gz", ".zst"].into_iter().find(|end| lower.ends_with(end)).map_or(0, str::len);
        let name = &name[..name.len() - packed];
        match name.rfind('.') {
            Some(dot) if dot > 0 => name[..dot].to_owned(),
            _ => name.to_owned(),
        }
    }
}

/// A file opened as text.
pub struct TextStream {
    /// UTF-8 where the file was valid, and not where it was not.
    pub reader: Box<dyn BufRead>,
    /// The charset of the file, as messages name it (`UTF-8`, `windows-1251`, …).
    pub charset: &'static str,
}

/// The beginning of a file with its own storage; [`Beginning::sample`] is what formats look at.
#[derive(Debug)]
pub struct Beginning {
    name: String,
    bytes: Vec<u8>,
    charset: Charset,
}

impl Beginning {
    /// The sample.
    pub fn sample(&self) -> Sample<'_> {
        Sample::new(&self.name, &self.bytes, self.charset.decode(&self.bytes))
    }

    /// The charset it was taken for, as messages name it (`UTF-8`, `windows-1251`, …).
    pub fn charset(&self) -> &'static str {
        self.charset.name()
    }
}

/// The beginning of a file, expanded.
#[derive(Debug)]
pub struct Sample<'a> {
    /// File name in lower case, without `.gz` or `.zst`.
    pub name: &'a str,
    /// The first bytes (up to 64 KiB).
    pub bytes: &'a [u8],
    /// The same, decoded as text.
    pub text: Cow<'a, str>,
    keys: OnceCell<Keys>,
}

impl<'a> Sample<'a> {
    /// A sample of a file of this name (lower case, without `.gz` or `.zst`).
    pub fn new(name: &'a str, bytes: &'a [u8], text: Cow<'a, str>) -> Self {
        Sample { name, bytes, text, keys: OnceCell::new() }
    }

    /// The keys of the text where it is JSON.
    pub fn json(&self) -> &Keys {
        self.keys.get_or_init(|| Keys::of(&self.text))
    }
}

/// Why reading failed: the limit that was passed, or what the operating system or the decompressor said.
pub fn reason_of(e: &io::Error) -> Reason {
    if let Some(reason) = e.get_ref().and_then(|inner| inner.downcast_ref::<Reason>()) {
        return reason.clone();
    }
    Reason::Io(match e.kind() {
        io::ErrorKind::UnexpectedEof => "the compressed file breaks off; copy it again".to_owned(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => format!("the compressed file is damaged ({e})"),
        _ => e.to_string(),
    })
}

/// Counts the bytes taken from the file itself.
struct Counted {
    inner: File,
    read: Rc<Cell<u64>>,
    progress: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.read.set(self.read.get() + n as u64);
        self.progress.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Ends the stream of a file that expands beyond measure.
struct Guarded {
    inner: Box<dyn Read>,
    expanded: u64,
    compressed: Rc<Cell<u64>>,
    free: u64,
    ratio: u64,
}

impl Read for Guarded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.expanded += n as u64;
        let limit = self.free.max(self.ratio.saturating_mul(self.compressed.get()));
        if self.expanded > limit {
            return Err(io::Error::other(Reason::Bomb { limit }));
        }
        Ok(n)
    }
}

/// Gives an error that was met earlier, once, then the end.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(dir: &tempfile::TempDir, name: &str, bytes: &[u8]) -> Source {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Source { file: path.into() }
    }

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut w = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        w.write_all(bytes).unwrap();
        w.finish().unwrap()
    }

    fn all(s: &Source, options: &Options) -> Result<Vec<u8>, Reason> {
        let mut out = Vec::new();
        s.open(options)?.read_to_end(&mut out).map_err(|e| reason_of(&e))?;
        Ok(out)
    }

    #[test]
    fn compression_is_told_by_content_and_gzip_may_have_several_members() {
        let dir = tempfile::tempdir().unwrap();
        let o = Options::default();
        let two = [gz(b"one "), gz(b"two")].concat();
        assert_eq!(all(&file(&dir, "a.txt", &two), &o).unwrap(), b"one two");
        let z = zstd::encode_all(&b"packed"[..], 3).unwrap();
        assert_eq!(all(&file(&dir, "b.gz", &z), &o).unwrap(), b"packed", "the name lies, the content does not");
        assert_eq!(all(&file(&dir, "c.gz", b"plain"), &o).unwrap(), b"plain");
        assert_eq!(all(&file(&dir, "d", b""), &o).unwrap(), b"");
    }

    #[test]
    fn a_bomb_and_a_broken_file_end_with_their_reasons() {
        let dir = tempfile::tempdir().unwrap();
        let o = Options { max_record: 1 << 20, max_expansion: 100, ..Options::default() };
        let bomb = file(&dir, "bomb.gz", &gz(&vec![b'a'; 8 << 20]));
        assert_eq!(all(&bomb, &o).unwrap_err().kind(), "bomb");
        assert_eq!(all(&bomb, &Options::default()).unwrap().len(), 8 << 20, "within the limit on a record it may");
        let zst = file(&dir, "bomb.zst", &zstd::encode_all(&vec![0u8; 8 << 20][..], 3).unwrap());
        assert_eq!(all(&zst, &o).unwrap_err().kind(), "bomb");
        let whole = gz("how are you today ".repeat(50).as_bytes());
        let half = file(&dir, "half.gz", &whole[..whole.len() / 2]);
        assert!(matches!(all(&half, &o).unwrap_err(), Reason::Io(m) if m.contains("breaks off")));
        assert_eq!(Source { file: dir.path().join("none").into() }.open(&o).err().unwrap().kind(), "io");
    }

    #[test]
    fn the_sample_has_the_bare_name_and_decoded_text() {
        let dir = tempfile::tempdir().unwrap();
        let o = Options::default();
        let s = file(&dir, "Звонок.1.CSV.gz", &gz("id;Текст\n1;Сәлем".as_bytes()));
        let b = s.sample(&o).unwrap();
        assert_eq!((b.sample().name, &*b.sample().text), ("звонок.1.csv", "id;Текст\n1;Сәлем"));
        assert_eq!(s.stem(), "Звонок.1");
        let wide: Vec<u8> = "\u{feff}Оператор: да".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let s = file(&dir, "w.txt", &wide);
        assert_eq!(s.sample(&o).unwrap().sample().text, "Оператор: да");
        let mut text = String::new();
        s.open_text(&o).unwrap().reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "Оператор: да");
        let wrong = Options { charset: Some("klingon".into()), ..Options::default() };
        let s = file(&dir, "unmarked.txt", b"Agent: yes");
        assert!(matches!(s.sample(&wrong).unwrap_err(), Reason::Content(m) if m.contains("klingon")));
    }
}
