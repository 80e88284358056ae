//! Which characters are these bytes? Labels of mail include some that the web's list lacks.

use encoding_rs::Encoding;
use mail_parser::decoders::charsets::map::charset_decoder;

use crate::model::Reason;

/// Letters that KZ-1048 (RK1048) has in places where windows-1251 has others.
const KZ1048: [(u8, char); 16] = [
    (0x8D, 'Қ'),
    (0x8E, 'Һ'),
    (0x9D, 'қ'),
    (0x9E, 'һ'),
    (0xA1, 'Ұ'),
    (0xA2, 'ұ'),
    (0xA3, 'Ә'),
    (0xA5, 'Ө'),
    (0xAA, 'Ғ'),
    (0xAF, 'Ү'),
    (0xB4, 'ө'),
    (0xBA, 'ғ'),
    (0xBC, 'ә'),
    (0xBD, 'Ң'),
    (0xBE, 'ң'),
    (0xBF, 'ү'),
];

/// Text of `bytes` in the charset `label`; without one, UTF-8, then `fallback`, then a guess between the Cyrillic ones.
///
/// # Errors
/// [`Reason::Charset`] when the bytes are not text in the charset they claim.
pub fn decode(bytes: &[u8], label: Option<&str>, fallback: Option<&str>) -> Result<String, Reason> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    // These labels promise nothing about bytes above 127.
    let silent = |l: &&str| {
        !matches!(
            l.to_ascii_lowercase().as_str(),
            "us-ascii" | "ascii" | "unknown-8bit" | "x-unknown" | "default" | "none"
        )
    };
    let label = label.map(|l| l.trim_matches(['"', '\'', ' '])).filter(silent).filter(|l| !l.is_empty());
    let text = match label {
        Some(label) => match strict(bytes, label) {
            Ok(text) => text,
            // What the user named counts for texts whose own label is wrong.
            Err(reason) => match fallback.map(|f| strict(bytes, f)) {
                Some(Ok(text)) => text,
                _ => return Err(reason),
            },
        },
        None => match (std::str::from_utf8(bytes), fallback) {
            (Ok(text), _) => text.to_owned(),
            (Err(_), Some(f)) => strict(bytes, f)?,
            (Err(_), None) => guess(bytes).decode_without_bom_handling(bytes).0.into_owned(),
        },
    };
    Ok(if text.contains('\0') { text.replace('\0', "") } else { text })
}

/// The likeliest charset of bytes that are not UTF-8: KOI8-R has its small letters where windows-1251 has its capitals.
pub fn guess(bytes: &[u8]) -> &'static Encoding {
    let low = bytes.iter().filter(|b| (0xC0..=0xDF).contains(*b)).count();
    let high = bytes.iter().filter(|b| (0xE0..=0xFF).contains(*b)).count();
    if low + high < 3 {
        encoding_rs::WINDOWS_1252
    } else if low > high {
        encoding_rs::KOI8_R
    } else {
        encoding_rs::WINDOWS_1251
    }
}

fn strict(bytes: &[u8], label: &str) -> Result<String, Reason> {
    let fail = |detail: String| Reason::Charset { charset: label.chars().take(60).collect(), detail };
    let lower = label.to_ascii_lowercase();
    if matches!(lower.as_str(), "kz-1048" | "kz1048" | "rk1048" | "strk1048-2002" | "cskz1048") {
        return Ok(bytes.iter().map(|b| kz1048(*b)).collect());
    }
    let known = match lower.as_str() {
        "cp-1251" | "win-1251" | "win1251" | "windows1251" | "cp1251" => Some(encoding_rs::WINDOWS_1251),
        "cp866" | "cp-866" | "dos-866" => Some(encoding_rs::IBM866),
        "utf8" | "utf-8" | "utf_8" => Some(encoding_rs::UTF_8),
        _ => Encoding::for_label_no_replacement(label.as_bytes()),
    };
    if let Some(encoding) = known {
        if encoding == encoding_rs::UTF_8 {
            return match std::str::from_utf8(bytes) {
                Ok(t) => Ok(t.to_owned()),
                Err(e) => Err(fail(format!("byte {} of the text part", e.valid_up_to()))),
            };
        }
        return encoding
            .decode_without_bom_handling_and_without_replacement(bytes)
            .map(std::borrow::Cow::into_owned)
            .ok_or_else(|| fail("some bytes have no meaning in it".to_owned()));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    // The mail library knows a few more (utf-7, ibm850).
    match charset_decoder(label.as_bytes().get(..label.len().min(45)).unwrap_or_default()) {
        Some(decoder) => Some(decoder(bytes)).filter(|t| !t.contains('\u{fffd}')),
        None => return Err(fail("no charset of this name is known".to_owned())),
    }
    .ok_or_else(|| fail("some bytes have no meaning in it".to_owned()))
}

fn kz1048(byte: u8) -> char {
    let own = KZ1048.iter().find(|(b, _)| *b == byte);
    own.map_or_else(
        || encoding_rs::WINDOWS_1251.decode_without_bom_handling(&[byte]).0.chars().next().unwrap_or('\u{fffd}'),
        |(_, c)| *c,
    )
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
