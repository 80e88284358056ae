//! Values as vendors write them: null for nothing, numbers as texts.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A text, a number or a truth value as text; nothing for null, lists and objects. For ids and names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::ingest::formats) struct Word(pub Option<String>);

/// As it is read: a text or null.
impl serde::Serialize for Word {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(s)
    }
}

/// A number, also one written as a text (`"12.5"`, `"12,5"`); nothing for anything else. For times and counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::ingest::formats) struct Number(pub Option<f64>);

impl Word {
    /// The text without white space around it; `None` where there is none.
    pub fn get(&self) -> Option<&str> {
        self.0.as_deref().map(str::trim).filter(|s| !s.is_empty())
    }
}

/// Visits a value of any kind.
struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Word;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }
    fn visit_str<E>(self, v: &str) -> Result<Word, E> {
        Ok(Word(Some(v.to_owned())))
    }
    fn visit_u64<E>(self, v: u64) -> Result<Word, E> {
        Ok(Word(Some(v.to_string())))
    }
    fn visit_i64<E>(self, v: i64) -> Result<Word, E> {
        Ok(Word(Some(v.to_string())))
    }
    fn visit_f64<E>(self, v: f64) -> Result<Word, E> {
        Ok(Word(Some(v.to_string())))
    }
    fn visit_bool<E>(self, v: bool) -> Result<Word, E> {
        Ok(Word(Some(v.to_string())))
    }
    fn visit_unit<E>(self) -> Result<Word, E> {
        Ok(Word(None))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut a: A) -> Result<Word, A::Error> {
        while a.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Word(None))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut a: A) -> Result<Word, A::Error> {
        while a.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Word(None))
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(AnyValue)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let word = d.deserialize_any(AnyValue)?;
        let number = word.get().and_then(|w| w.replace(',', ".").parse::<f64>().ok());
        Ok(Number(number.filter(|n| n.is_finite())))
    }
}

/// For `#[serde(default, deserialize_with = "or_default")]`: null, which vendors send for nothing, is the default.
pub(in crate::ingest::formats) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    d: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_vendors_write_them() {
        #[derive(serde::Deserialize)]
        struct Row {
            id: Word,
            at: Number,
            #[serde(default, deserialize_with = "or_default")]
            list: Vec<Number>,
        }
        let row: Row = serde_json::from_str(r#"{"id":7,"at":"1,5","list":null}"#).unwrap();
        assert_eq!((row.id.get(), row.at.0, row.list.len()), (Some("7"), Some(1.5), 0));
        let row: Row = serde_json::from_str(r#"{"id":{"x":1},"at":"soon","list":[1,"2",null]}"#).unwrap();
        assert_eq!((row.id.get(), row.at.0), (None, None));
        assert_eq!(row.list, [Number(Some(1.0)), Number(Some(2.0)), Number(None)]);
    }
}
