//! Which characters are these bytes? Parts of letters name their charset, some of them wrongly, and headers often do not.

use encoding_rs::{Encoding, IBM866, UTF_8, WINDOWS_1251};
use mail_parser::decoders::charsets::map::charset_decoder;

use crate::ingest::charset::{Charset, detect};
use crate::model::Reason;

/// Labels that promise nothing about bytes above 127.
const SILENT: [&str; 7] = ["", "us-ascii", "ascii", "unknown-8bit", "x-unknown", "default", "none"];

/// Text of `bytes` in the charset `label`; without one, UTF-8, then `fallback`, then a guess among the Cyrillic ones.
///
/// # Errors
/// [`Reason::Charset`] when the bytes are not text in the charset they claim.
pub fn decode(bytes: &[u8], label: Option<&str>, fallback: Option<&str>) -> Result<String, Reason> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let label = label.map(|l| l.trim_matches(['"', '\'', ' ']).to_ascii_lowercase());
    let text = match label.filter(|l| !SILENT.contains(&l.as_str())) {
        // What the user named counts for texts whose own label is wrong.
        Some(label) => {
            strict(bytes, &label).or_else(|e| fallback.map_or(Err(e.clone()), |f| strict(bytes, f).or(Err(e))))?
        }
        None => match (std::str::from_utf8(bytes), fallback) {
            (Ok(text), _) => text.to_owned(),
            (Err(_), Some(label)) => strict(bytes, label)?,
            (Err(_), None) => match guess(bytes) {
                c if c.encoding == UTF_8 => strict(bytes, "utf-8")?,
                charset => charset.decode(bytes).into_owned(),
            },
        },
    };
    Ok(if text.contains('\0') { text.replace('\0', "") } else { text })
}

/// Text of a header that names no charset; bytes without meaning become signs of replacement.
pub fn decode_header(bytes: &[u8]) -> String {
    guess(bytes).decode(bytes).into_owned()
}

fn guess(bytes: &[u8]) -> Charset {
    // No label, no error.
    detect(bytes, None).unwrap_or(Charset { encoding: UTF_8, kazakh: false, bom: 0 })
}

fn strict(bytes: &[u8], label: &str) -> Result<String, Reason> {
    let fail = |detail: String| Reason::Charset { charset: label.chars().take(60).collect(), detail };
    let no_meaning = || fail("some bytes have no meaning in it".to_owned());
    let lower = label.to_ascii_lowercase();
    let known = match lower.as_str() {
        "kz-1048" | "kz1048" | "rk1048" | "strk1048-2002" | "cskz1048" => {
            return Ok(Charset { encoding: WINDOWS_1251, kazakh: true, bom: 0 }.decode(bytes).into_owned());
        }
        // Names that the web's list of labels lacks.
        "cp-1251" | "win-1251" | "win1251" | "windows1251" => Some(WINDOWS_1251),
        "cp-866" | "dos-866" => Some(IBM866),
        "utf_8" => Some(UTF_8),
        _ => Encoding::for_label_no_replacement(label.as_bytes()),
    };
    if let Some(encoding) = known {
        if encoding == UTF_8 {
            let text = std::str::from_utf8(bytes);
            return text.map(str::to_owned).map_err(|e| fail(format!("byte {} of the text part", e.valid_up_to())));
        }
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
        return text.map(std::borrow::Cow::into_owned).ok_or_else(no_meaning);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    // The mail library knows a few more (utf-7, ibm850); names longer than 45 bytes are past its table.
    let decoder = label.as_bytes().get(..label.len().min(45)).and_then(charset_decoder);
    let decoder = decoder.ok_or_else(|| fail("no charset of this name is known".to_owned()))?;
    Some(decoder(bytes)).filter(|t| !t.contains('\u{fffd}')).ok_or_else(no_meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets_of_the_region_are_read() {
        assert_eq!(decode(b"\xcf\xf0\xe8\xe2\xe5\xf2", Some("Windows-1251"), None).unwrap(), "Привет");
        assert_eq!(decode(b"\xf0\xd2\xc9\xd7\xc5\xd4", Some("koi8-r"), None).unwrap(), "Привет");
        assert_eq!(decode(b"\x8f\xe0\xa8\xa2\xa5\xe2", Some("cp866"), None).unwrap(), "Привет");
        assert_eq!(decode(b"\x9d\xfb\xe7\xfb\xeb", Some("KZ-1048"), None).unwrap(), "қызыл");
    }

    #[test]
    fn without_a_label_utf8_then_the_named_then_a_guess() {
        assert_eq!(decode("сәлем".as_bytes(), None, None).unwrap(), "сәлем");
        assert_eq!(decode(b"\xcf\xf0\xe8\xe2\xe5\xf2", None, None).unwrap(), "Привет");
        assert_eq!(decode(b"\xf0\xd2\xc9\xd7\xc5\xd4", Some("us-ascii"), None).unwrap(), "Привет");
        assert_eq!(decode(b"\xf0\xd2\xc9\xd7\xc5\xd4", None, Some("windows-1251")).unwrap(), "рТЙЧЕФ");
    }

    #[test]
    fn a_wrong_label_is_an_error_unless_the_user_named_the_charset() {
        let e = decode(b"ok \xff\xfe", Some("utf-8"), None).unwrap_err();
        assert_eq!(e, Reason::Charset { charset: "utf-8".into(), detail: "byte 3 of the text part".into() });
        assert_eq!(decode(b"\xcf\xf0\xe8", Some("utf-8"), Some("windows-1251")).unwrap(), "При");
        assert!(decode(b"\xcf\xf0", Some("martian-1"), None).is_err());
        assert_eq!(decode(b"plain", Some("martian-1"), None).unwrap(), "plain");
    }
}
