//! Is the footer of a file sound enough to be read?
//!
//! The library asks for memory for as many elements as a list in the footer claims, and a program that cannot have its memory ends. So the
//! footer, a struct in Thrift's compact protocol, is walked through first: no list may have more elements than there are bytes
//! left, and no text may reach past the end.

use std::io::{Read, Seek, SeekFrom};

/// Longest footer, in bytes.
const LONGEST: u64 = 64 << 20;
/// Structs and lists within each other.
const DEEPEST: u32 = 32;

/// Why the footer of a file cannot be read, if it cannot; the file is left at its end or anywhere.
pub(super) fn fault(file: &mut (impl Read + Seek)) -> std::io::Result<Option<&'static str>> {
    let size = file.seek(SeekFrom::End(0))?;
    let mut end = [0; 8];
    if size < 12 {
        return Ok(Some("the file is too short"));
    }
    file.seek(SeekFrom::End(-8))?;
    file.read_exact(&mut end)?;
    let (length, magic) = end.split_at(4);
    if magic != b"PAR1" {
        return Ok(Some("the file does not end with PAR1: it is cut off or encrypted"));
    }
    let length = length.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b));
    if length > size - 12 || length > LONGEST {
        return Ok(Some("its footer is longer than it can be"));
    }
    file.seek(SeekFrom::Start(size - 8 - length))?;
    let mut footer = Vec::new();
    file.take(length).read_to_end(&mut footer)?;
    Ok(if is_sound(&footer) { None } else { Some("its footer is damaged") })
}

/// Whether the bytes begin with a struct whose parts all lie within them.
fn is_sound(bytes: &[u8]) -> bool {
    Walk { rest: bytes }.structure(0).is_some()
}

struct Walk<'b> {
    rest: &'b [u8],
}

impl Walk<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn skip(&mut self, n: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(n).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..70).step_by(7) {
            let b = self.byte()?;
            n |= u64::from(b & 0x7f).checked_shl(shift).unwrap_or(0);
            if b < 0x80 {
                return Some(n);
            }
        }
        None
    }

    fn structure(&mut self, depth: u32) -> Option<()> {
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            if head >> 4 == 0 {
                self.varint()?;
            }
            self.value(head & 15, false, depth)?;
        }
    }

    /// A value of a type; a truth value takes a byte in a list only.
    fn value(&mut self, kind: u8, in_list: bool, depth: u32) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match kind {
            1 | 2 => self.skip(u64::from(in_list)),
            3 => self.skip(1),
            4..=6 => self.varint().map(drop),
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                if count > self.rest.len() as u64 {
                    return None;
                }
                (0..count).try_for_each(|_| self.value(head & 15, true, depth + 1))
            }
            11 => {
                let count = self.varint()?;
                if count == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                if count > self.rest.len() as u64 {
                    return None;
                }
                (0..count).try_for_each(|_| {
                    self.value(kinds >> 4, true, depth + 1)?;
                    self.value(kinds & 15, true, depth + 1)
                })
            }
            12 => self.structure(depth + 1),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    #[test]
    fn lists_and_texts_stay_within_the_footer() {
        // A field of a list of three numbers, a text of two letters, a nested struct, the end.
        let sound = [0x19, 0x35, 1, 2, 3, 0x18, 2, b'a', b'b', 0x1c, 0x11, 0, 0];
        assert!(is_sound(&sound));
        for broken in [
            &[0x19, 0xf5, 0xff, 0xff, 0xff, 0x7f, 1][..],
            &[0x18, 9, b'a', 0],
            &[0x1d, 0],
            &sound[..sound.len() - 1],
            &[0x1c; 100],
        ] {
            assert!(!is_sound(broken), "{broken:?}");
        }
    }

    #[test]
    fn the_ends_of_files_are_told() {
        let of = |bytes: &[u8]| fault(&mut Cursor::new(bytes)).unwrap();
        assert!(of(b"PAR1").unwrap().contains("short"));
        assert!(of(b"PAR1 and then it was cut").unwrap().contains("cut off"));
        assert!(of(b"PAR1\x00\xff\x00\x00\x00PAR1").unwrap().contains("longer"));
        assert!(of(b"PAR1\x1d\x01\x00\x00\x00PAR1").unwrap().contains("damaged"));
        assert_eq!(of(b"PAR1\x00\x01\x00\x00\x00PAR1"), None);
    }

    proptest! {
        #[test]
        fn anything_comes_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = is_sound(&bytes);
            let _ = fault(&mut Cursor::new(&bytes)).unwrap();
        }
    }
}
