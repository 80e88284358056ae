//! Times of the input as a spreadsheet has them: the date and time on the wall where the conversation was, and the zone apart.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime, Time};

/// A time of the input taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime<'a> {
    /// Date and time as written, whatever the zone; midnight where only a date is given.
    pub at: DateTime,
    /// Whether a time of day is given.
    pub timed: bool,
    /// What follows the time, as written: `Z`, `+05:00`; empty where the input does not say.
    pub zone: &'a str,
}

impl<'a> LocalTime<'a> {
    /// Takes `2026-11-20T18:00:00+05:00` and the like apart; `None` where the text is anything else, or of a year that
    /// spreadsheets do not know.
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let date: Date = text.get(..10)?.parse().ok()?;
        // Spreadsheets count days from 1900, and the first two months of it wrongly.
        if date < jiff::civil::date(1900, 3, 1) {
            return None;
        }
        let Some(rest) = text.get(10..).filter(|r| !r.is_empty()) else {
            return Some(Self { at: date.to_datetime(Time::midnight()), timed: false, zone: "" });
        };
        let rest = rest.strip_prefix(['T', 't', ' '])?;
        let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.' | ',')).unwrap_or(rest.len());
        let time: Time = rest[..end].parse().ok()?;
        Some(Self { at: date.to_datetime(time), timed: true, zone: rest[end..].trim() })
    }

    /// The zone such as no spreadsheet takes it for a time or a formula: `UTC`, `UTC+05:00`; other names as written.
    pub fn zone_name(&self) -> Cow<'a, str> {
        match self.zone {
            "Z" | "z" => "UTC".into(),
            zone if zone.starts_with(['+', '-']) => format!("UTC{zone}").into(),
            zone => zone.into(),
        }
    }

    /// As every spreadsheet reads it, whatever its locale: `2026-11-20 18:00:00`.
    pub fn for_spreadsheets(&self) -> String {
        self.at.strftime(if self.timed { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d" }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_the_wall_and_its_zone_are_told_apart() {
        for (text, want, zone) in [
            ("2026-11-20T18:00:00+05:00", "2026-11-20 18:00:00", "+05:00"),
            ("2026-11-20T18:00:00.25Z", "2026-11-20 18:00:00", "Z"),
            ("2026-11-20 18:00", "2026-11-20 18:00:00", ""),
            ("2026-11-20t18:00:00-03:30[America/St_Johns]", "2026-11-20 18:00:00", "-03:30[America/St_Johns]"),
            ("2026-11-20 18:00:00 UTC", "2026-11-20 18:00:00", "UTC"),
            (" 2026-11-20", "2026-11-20", ""),
        ] {
            let time = LocalTime::parse(text).unwrap();
            assert_eq!((time.for_spreadsheets().as_str(), time.zone), (want, zone), "{text}");
        }
    }

    #[test]
    fn zones_are_neither_times_nor_formulas() {
        for (text, want) in [("T18:00+05:00", "UTC+05:00"), ("T18:00Z", "UTC"), ("T18:00", ""), (" 18:00 MSK", "MSK")] {
            let time = format!("2026-11-20{text}");
            assert_eq!(LocalTime::parse(&time).unwrap().zone_name(), want, "{time}");
        }
    }

    #[test]
    fn what_is_no_such_time_stays_text() {
        for text in [
            "",
            "yesterday",
            "20.11.2026 18:00",
            "2026-13-01",
            "2026-11-20T25:00",
            "2026-11-20x",
            "1899-01-01T00:00",
            "бүгін",
        ] {
            assert_eq!(LocalTime::parse(text), None, "{text}");
        }
    }
}
