//! Times of turns as people and programs write them.

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::{Pieces, PiecesOffset};
use jiff::tz::Offset;

/// A time that was understood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::ingest) enum When {
    /// Seconds: from the start of the conversation, or of the day.
    Seconds(f64),
    /// A moment; without an offset its time zone is not known.
    At(DateTime, Option<Offset>),
    /// A day without a time.
    Day(Date),
}

impl When {
    /// Seconds between two moments, negative when `first` is the later one; `None` where one of them is none.
    pub fn seconds_since(self, first: When) -> Option<f64> {
        let (When::At(at, offset), When::At(from, from_offset)) = (self, first) else { return None };
        let shift = match (from_offset, offset) {
            (Some(a), Some(b)) => f64::from(a.seconds() - b.seconds()),
            _ => 0.0,
        };
        Some(at.duration_since(from).as_secs_f64() + shift)
    }
}

/// Reads a time: seconds (`12.5`, `12,5`), `mm:ss`, `hh:mm:ss` with a fraction, seconds or milliseconds since 1970, ISO 8601,
/// `dd.mm.yyyy hh:mm[:ss]`, `dd/mm/yyyy` and `mm/dd/yyyy` where a number above 12 tells which is the day.
///
/// # Errors
/// A sentence that says what is wrong, without the place.
pub(in crate::ingest) fn parse(text: &str) -> Result<When, String> {
    let text = text.trim();
    let wrong =
        || format!("{text:?} is not a time; write seconds, mm:ss, hh:mm:ss, 2025-03-31T18:05:00 or 31.03.2025 18:05");
    if let Some(seconds) = number(text) {
        return match seconds {
            // Past 2001 in seconds, past 2001 in milliseconds: no conversation lasts that long.
            s if s >= 1e12 => moment(s / 1000.0).ok_or_else(wrong),
            s if s >= 1e9 => moment(s).ok_or_else(wrong),
            s => Ok(When::Seconds(s)),
        };
    }
    if let Some(seconds) = clock(text) {
        return Ok(When::Seconds(seconds));
    }
    if let Some(when) = iso(text) {
        return Ok(when);
    }
    let (date, time) = match text.find([' ', ',', 'T']) {
        Some(end) => (&text[..end], text[end + 1..].trim_start_matches([',', ' '])),
        None => (text, ""),
    };
    let date = day(date).ok_or_else(wrong)??;
    match time {
        "" => Ok(When::Day(date)),
        time => at(date, time).ok_or_else(wrong),
    }
}

/// The day of a time as it is written, in the time zone that it is written in; `None` where it names no day.
pub(crate) fn day_of(text: &str) -> Option<Date> {
    // Most are written as 2025-03-31T18:05:00+05:00.
    if let Some(date) = text.get(..10).and_then(|d| d.parse().ok()) {
        return Some(date);
    }
    match parse(text).ok()? {
        When::At(at, _) => Some(at.date()),
        When::Day(date) => Some(date),
        When::Seconds(_) => None,
    }
}

/// A number that is not negative, with a point or a comma.
fn number(text: &str) -> Option<f64> {
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    if whole.is_empty() || whole.len() > 15 || !digits(whole) || !digits(fraction) || fraction.is_empty() {
        return None;
    }
    format!("{whole}.{fraction}").parse().ok()
}

/// Seconds of `mm:ss` or `hh:mm:ss`, with a fraction behind a point or a comma. Minutes alone may go past 59.
fn clock(text: &str) -> Option<f64> {
    let mut parts = text.rsplit(':');
    let seconds = number(parts.next()?).filter(|s| *s < 60.0)?;
    let whole = |s: &str| s.parse::<u32>().ok().filter(|_| s.len() <= 4 && s.bytes().all(|b| b.is_ascii_digit()));
    let minutes = whole(parts.next()?)?;
    let hours = parts.next().map(whole);
    if parts.next().is_some() {
        return None;
    }
    match hours {
        None => Some(f64::from(minutes) * 60.0 + seconds),
        Some(hours) if minutes < 60 => Some(f64::from(hours?) * 3600.0 + f64::from(minutes) * 60.0 + seconds),
        Some(_) => None,
    }
}

fn moment(epoch: f64) -> Option<When> {
    #[allow(clippy::cast_possible_truncation)] // rounded, and jiff checks the range
    let stamp = jiff::Timestamp::from_millisecond((epoch * 1000.0).round() as i64).ok()?;
    Some(When::At(Offset::UTC.to_datetime(stamp), Some(Offset::UTC)))
}

fn iso(text: &str) -> Option<When> {
    let pieces = Pieces::parse(text).ok()?;
    let date = pieces.date();
    let Some(time) = pieces.time() else { return Some(When::Day(date)) };
    let offset = match pieces.offset() {
        Some(PiecesOffset::Zulu) => Some(Offset::UTC),
        Some(PiecesOffset::Numeric(n)) => Some(n.offset()),
        _ => None,
    };
    Some(When::At(date.to_datetime(time), offset))
}

/// A day of numbers: with points the day comes first; with slashes it must be told by a number above 12.
fn day(text: &str) -> Option<Result<Date, String>> {
    let sign = ['.', '/'].into_iter().find(|sign| text.contains(*sign))?;
    let mut parts = text.split(sign).map(|p| p.parse::<i16>().ok().filter(|n| *n >= 0));
    let (a, b, year) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() {
        return None;
    }
    let (day, month) = match sign {
        '/' if a == b || a > 12 => (a, b),
        '/' if b > 12 => (b, a),
        '/' => return Some(Err(format!("{text:?} may be two days; write it as 2025-03-31 or 31.03.2025"))),
        _ => (a, b),
    };
    let year = if year < 100 { year + 2000 } else { year };
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().map(Ok)
}

/// A time of day (`18:05`, `18:05:30,5`, `6:05 PM`) on a day.
fn at(date: Date, text: &str) -> Option<When> {
    let lower = text.to_ascii_lowercase();
    let (text, late) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(t), _) => (t, Some(false)),
        (_, Some(t)) => (t, Some(true)),
        _ => (&*lower, None),
    };
    let text = text.trim();
    // Hours and minutes alone: what `clock` would take for minutes and seconds.
    let seconds = clock(&if text.matches(':').count() == 1 { format!("{text}:00") } else { text.to_owned() })?;
    #[allow(clippy::cast_possible_truncation)] // below 10^8
    let millis = (seconds * 1000.0).round() as i32;
    let (mut hour, rest) = (millis / 3_600_000, millis % 3_600_000);
    match late {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(late) => hour = hour % 12 + if late { 12 } else { 0 },
        None => {}
    }
    let (minute, second) = (i8::try_from(rest / 60_000).ok()?, i8::try_from(rest % 60_000 / 1000).ok()?);
    let time = Time::new(i8::try_from(hour).ok()?, minute, second, rest % 1000 * 1_000_000).ok()?;
    Some(When::At(date.to_datetime(time), None))
}

/// A moment as text: RFC 3339 where the offset is known, the same without an offset where it is not.
pub(in crate::ingest) fn written(when: When) -> Option<String> {
    match when {
        When::Seconds(_) => None,
        When::Day(date) => Some(date.to_string()),
        When::At(at, None) => Some(at.to_string()),
        When::At(at, Some(offset)) if offset == Offset::UTC => Some(format!("{at}Z")),
        When::At(at, Some(offset)) => {
            let minutes = offset.seconds() / 60;
            let sign = if minutes < 0 { '-' } else { '+' };
            Some(format!("{at}{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60))
        }
    }
}

/// Turns the times of one conversation into seconds from its start.
#[derive(Debug, Default)]
pub(in crate::ingest) struct Clock {
    first: Option<(DateTime, Option<Offset>)>,
    day: Option<Date>,
}

impl Clock {
    /// Seconds from the start: as they are, or from the first moment that was asked for; `None` for a day alone.
    ///
    /// # Errors
    /// When it lies before the first moment.
    pub fn seconds(&mut self, when: When) -> Result<Option<f64>, String> {
        match when {
            When::Seconds(s) => Ok(Some(s)),
            When::Day(date) => {
                self.day.get_or_insert(date);
                Ok(None)
            }
            When::At(at, offset) => {
                let (first, first_offset) = *self.first.get_or_insert((at, offset));
                let shift = match (first_offset, offset) {
                    (Some(a), Some(b)) => f64::from(a.seconds() - b.seconds()),
                    _ => 0.0,
                };
                let passed = at.duration_since(first).as_secs_f64() + shift;
                if passed < 0.0 {
                    Err(format!("{at} is before the first turn ({first}); sort the turns by time"))
                } else {
                    Ok(Some(passed))
                }
            }
        }
    }

    /// When the conversation started, where its times say so.
    pub fn started_at(&self) -> Option<String> {
        self.first.map(|(at, offset)| When::At(at, offset)).or(self.day.map(When::Day)).and_then(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        match parse(text) {
            Ok(When::Seconds(s)) => s.to_string(),
            Ok(when) => written(when).unwrap(),
            Err(e) => format!("error: {e}"),
        }
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, time) in [
            ("0", "0"),
            ("12.5", "12.5"),
            ("12,5", "12.5"),
            ("02:05", "125"),
            ("75:00", "4500"),
            ("1:02:03.25", "3723.25"),
            ("00:00:07,5", "7.5"),
            ("2025-03-31T18:05:00", "2025-03-31T18:05:00"),
            ("2025-03-31 18:05", "2025-03-31T18:05:00"),
            ("2025-03-31T18:05:00.5+05:00", "2025-03-31T18:05:00.5+05:00"),
            ("2025-03-31T18:05:00Z", "2025-03-31T18:05:00Z"),
            ("2025-03-31", "2025-03-31"),
            ("31.03.2025 18:05", "2025-03-31T18:05:00"),
            ("1.3.25, 8:05:09", "2025-03-01T08:05:09"),
            ("31/03/2025 18:05", "2025-03-31T18:05:00"),
            ("03/31/2025 6:05 PM", "2025-03-31T18:05:00"),
            ("31.03.2025", "2025-03-31"),
            ("1743444300", "2025-03-31T18:05:00Z"),
            ("1743444300250", "2025-03-31T18:05:00.25Z"),
        ] {
            assert_eq!(said(text), time, "{text}");
        }
        for text in [
            "",
            "abc",
            "-3",
            "NaN",
            "inf",
            "1e5",
            "12:75",
            "1:75:00",
            "1:2:3:4",
            "31.13.2025",
            "32.01.2025 10:00",
            "31.03.2025 25:00",
            "31.03.2025 13:00 pm",
            "2025-03-31T",
            "::",
            "9999999999999999",
            "99999:00",
        ] {
            assert!(said(text).starts_with("error"), "{text}: {}", said(text));
        }
        assert!(said("03/04/2025 10:00").contains("may be two days"));
    }

    #[test]
    fn moments_become_seconds_from_the_first() {
        let mut clock = Clock::default();
        let mut at = |text| clock.seconds(parse(text).unwrap());
        assert_eq!(at("31.03.2025 23:59:50"), Ok(Some(0.0)));
        assert_eq!(at("01.04.2025 00:00:02,5"), Ok(Some(12.5)));
        assert!(at("31.03.2025 23:59:49").unwrap_err().contains("before the first turn"));
        assert_eq!(clock.started_at().as_deref(), Some("2025-03-31T23:59:50"));
        let mut zones = Clock::default();
        zones.seconds(parse("2025-03-31T18:00:00+05:00").unwrap()).unwrap();
        assert_eq!(zones.seconds(parse("2025-03-31T13:00:30Z").unwrap()), Ok(Some(30.0)));
    }
}
