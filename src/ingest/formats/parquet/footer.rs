//! Is the footer of a file sound enough to be read?
//!
//! The library asks for memory for as many elements as a list in the footer claims, and a program that cannot have its memory ends. So the
//! footer, a struct in Thrift's compact protocol, is walked through first: no list may have more elements than there are bytes
//! left, and no text may reach past the end. The library goes by the numbers of fields and not by their types, so those that it reads must
//! have the types of `parquet.thrift` (apache/parquet-format); then it finds the lists where they are found here.

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

/// Whether the bytes begin with the metadata of a file whose parts all lie within them.
fn is_sound(bytes: &[u8]) -> bool {
    Walk { rest: bytes }.structure(Struct::File, 0).is_some()
}

/// Types of the compact protocol, as far as they are laid out differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Bool,
    Byte,
    /// Whole numbers of 16, 32 and 64 bits.
    Number,
    Double,
    Text,
    List,
    Map,
    Struct,
}

impl Layout {
    fn of(code: u8) -> Option<Layout> {
        Some(match code {
            1 | 2 => Layout::Bool,
            3 => Layout::Byte,
            4..=6 => Layout::Number,
            7 => Layout::Double,
            8 => Layout::Text,
            9 | 10 => Layout::List,
            11 => Layout::Map,
            12 => Layout::Struct,
            _ => return None,
        })
    }
}

/// The structs of `parquet.thrift` that the library reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Struct {
    File,
    SchemaElement,
    LogicalType,
    Decimal,
    Moment,
    Integer,
    RowGroup,
    Sorting,
    Column,
    ColumnMeta,
    Statistics,
    KeyValue,
    Order,
    /// One that is passed over.
    Any,
}

impl Struct {
    /// The layout of a field, and which struct it is or holds; `None` for fields that are passed over by their type.
    fn field(self, id: i16) -> Option<(Layout, Struct)> {
        use Layout::{Bool, Byte, List, Number, Text};
        let is = |layout| Some((layout, Struct::Any));
        match (self, id) {
            (Struct::File, 2) => Some((List, Struct::SchemaElement)),
            (Struct::File, 4) => Some((List, Struct::RowGroup)),
            (Struct::File, 5) => Some((List, Struct::KeyValue)),
            (Struct::File, 7) => Some((List, Struct::Order)),
            (Struct::File, 1 | 3) => is(Number),
            (Struct::File, 6) => is(Text),
            (Struct::SchemaElement, 10) => Some((Layout::Struct, Struct::LogicalType)),
            (Struct::SchemaElement, 4) => is(Text),
            (Struct::SchemaElement, 1..=9) => is(Number),
            (Struct::LogicalType, 5) => Some((Layout::Struct, Struct::Decimal)),
            (Struct::LogicalType, 7 | 8) => Some((Layout::Struct, Struct::Moment)),
            (Struct::LogicalType, 10) => Some((Layout::Struct, Struct::Integer)),
            (Struct::LogicalType | Struct::Order, _) | (Struct::Moment, 2) => is(Layout::Struct),
            (Struct::Decimal, 1 | 2) => is(Number),
            (Struct::Moment, 1) | (Struct::Integer, 2) | (Struct::Sorting, 2 | 3) | (Struct::Statistics, 7 | 8) => {
                is(Bool)
            }
            (Struct::Integer, 1) => is(Byte),
            (Struct::RowGroup, 1) => Some((List, Struct::Column)),
            (Struct::RowGroup, 4) => Some((List, Struct::Sorting)),
            (Struct::RowGroup, 2 | 3 | 5..=7) | (Struct::Sorting, 1) | (Struct::Column, 2 | 4..=7) => is(Number),
            (Struct::Column, 1) | (Struct::KeyValue, 1 | 2) | (Struct::Statistics, 1 | 2 | 5 | 6) => is(Text),
            (Struct::Column, 3) => Some((Layout::Struct, Struct::ColumnMeta)),
            (Struct::ColumnMeta, 2 | 3) => is(List),
            (Struct::ColumnMeta, 12) => Some((Layout::Struct, Struct::Statistics)),
            (Struct::ColumnMeta, 1 | 4..=7 | 9..=11 | 14 | 15) | (Struct::Statistics, 3 | 4) => is(Number),
            _ => None,
        }
    }

    /// The layout of the elements of a list, where the library goes by it.
    fn element(self, id: i16) -> Option<Layout> {
        match (self, id) {
            (Struct::File, 2 | 4 | 5 | 7) | (Struct::RowGroup, 1 | 4) => Some(Layout::Struct),
            (Struct::ColumnMeta, 2) => Some(Layout::Number),
            (Struct::ColumnMeta, 3) => Some(Layout::Text),
            _ => None,
        }
    }
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

    fn structure(&mut self, of: Struct, depth: u32) -> Option<()> {
        let mut id: i16 = 0;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            id = match head >> 4 {
                0 => i16::try_from(unfold(self.varint()?)).ok()?,
                step => id.checked_add(i16::from(step))?,
            };
            let layout = Layout::of(head & 15)?;
            let (wanted, inner) = of.field(id).unwrap_or((layout, Struct::Any));
            if layout != wanted {
                return None;
            }
            self.value(layout, inner, of.element(id), false, depth)?;
        }
    }

    /// A value; a truth value takes a byte in a list only. `element`: what a list must hold, if that matters.
    fn value(
        &mut self,
        layout: Layout,
        inner: Struct,
        element: Option<Layout>,
        in_list: bool,
        depth: u32,
    ) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match layout {
            Layout::Bool => self.skip(u64::from(in_list)),
            Layout::Byte => self.skip(1),
            Layout::Number => self.varint().map(drop),
            Layout::Double => self.skip(8),
            Layout::Text => {
                let length = self.varint()?;
                self.skip(length)
            }
            Layout::List => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                // Some writers leave the type out of an empty list.
                if count == 0 {
                    return Some(());
                }
                let holds = Layout::of(head & 15)?;
                if count > self.rest.len() as u64 || element.is_some_and(|e| e != holds) {
                    return None;
                }
                (0..count).try_for_each(|_| self.value(holds, inner, None, true, depth + 1))
            }
            Layout::Map => {
                let count = self.varint()?;
                if count == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                let (key, value) = (Layout::of(kinds >> 4)?, Layout::of(kinds & 15)?);
                if count > self.rest.len() as u64 {
                    return None;
                }
                (0..count).try_for_each(|_| {
                    self.value(key, Struct::Any, None, true, depth + 1)?;
                    self.value(value, Struct::Any, None, true, depth + 1)
                })
            }
            Layout::Struct => self.structure(inner, depth + 1),
        }
    }
}

/// A number from its zigzag form.
fn unfold(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    #[test]
    fn lists_and_texts_stay_within_the_footer() {
        // The version, a schema of one element with a name of two letters, the number of rows, an unknown list of numbers, the end.
        let sound = [0x15, 2, 0x19, 0x1c, 0x48, 2, b'a', b'b', 0, 0x16, 4, 0x69, 0x35, 1, 2, 3, 0];
        assert!(is_sound(&sound));
        // Too long a list, too long a text, no type, cut off, too deep, a text where a list should be, a list of numbers where structs should be.
        for broken in [
            &[0x99, 0xf5, 0xff, 0xff, 0xff, 0x7f, 1][..],
            &[0x68, 9, b'a', 0],
            &[0x1d, 0],
            &sound[..sound.len() - 1],
            &[0x8c; 100],
            &[0x28, 1, b'a', 0],
            &[0x29, 0x15, 1, 0],
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
