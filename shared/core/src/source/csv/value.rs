//! Numbers and times as spreadsheets and shops write them.

use super::Reason;
use crate::{
    money::Currency,
    time::{DAY_MS, Timestamp},
};
use jiff::civil::DateTime;

/// The habits of one file: they cannot be told from one value alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Habits {
    /// `31/12/2024` rather than `12/31/2024`.
    pub(super) day_first: bool,
    /// `1.234,50` rather than `1,234.50`.
    pub(super) decimal_comma: bool,
    /// Invoices that begin with a C are credit notes.
    pub(super) credit_notes: bool,
}

impl Habits {
    /// What the times in `sample` show: a file is month first unless one of its dates cannot be.
    pub(super) fn day_first<'a>(mut sample: impl Iterator<Item = &'a str>) -> bool {
        sample.any(|text| {
            let mut parts = text.split(['/', '-']);
            let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            first.len() <= 2
                && first.parse::<u8>().is_ok_and(|first| (13..=31).contains(&first))
                && second.parse::<u8>().is_ok_and(|second| second <= 12)
        })
    }

    /// An amount in minor units of `currency`.
    pub(super) fn money(self, text: &str, currency: Currency) -> Result<i64, Reason> {
        self.number(text).and_then(|amount| currency.minor(amount).ok()).ok_or(Reason::Amount)
    }

    /// A decimal number, with thousands parted or a currency sign.
    pub(super) fn number(self, text: &str) -> Option<f64> {
        // What machines write, first.
        if !text.contains(',')
            && (!self.decimal_comma || !text.contains('.'))
            && let Some(number) = finite(text)
        {
            return Some(number);
        }
        let plain: String = text.chars().filter(|c| !matches!(c, '£' | '$' | '€' | ' ' | '\u{a0}' | '\u{202f}' | '\'')).collect();
        let decimal = match (plain.rfind(','), plain.rfind('.')) {
            (Some(comma), Some(point)) if comma > point => ',',
            (Some(comma), None) if self.decimal_comma || !is_thousands(&plain, comma) => ',',
            (None, Some(point)) if self.decimal_comma && is_thousands(&plain, point) => ',',
            _ => '.',
        };
        let digits: String =
            plain.chars().filter(|c| *c == decimal || !matches!(c, ',' | '.')).map(|c| if c == decimal { '.' } else { c }).collect();
        finite(&digits)
    }

    /// An instant: RFC 3339 and its relatives, Unix seconds or milliseconds, `12/31/2024 5:07 PM`, `31.12.2024 17:07`.
    pub(super) fn time(self, text: &str) -> Result<Timestamp, Reason> {
        let at = iso(text)
            .or_else(|| Timestamp::parse(text).ok())
            .or_else(|| spaced_offset(text))
            .or_else(|| unix(text))
            .or_else(|| self.slashed(text));
        at.filter(|at| *at >= Timestamp::EARLIEST).ok_or(Reason::Time)
    }

    fn slashed(self, text: &str) -> Option<Timestamp> {
        let (date, clock) = text.split_once([' ', 'T']).unwrap_or((text, ""));
        let mut parts = date.split(['/', '.', '-']);
        let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
        let (first, second, mut year): (i8, i8, i16) = (first.parse().ok()?, second.parse().ok()?, year.parse().ok()?);
        if year < 100 {
            year += 2000;
        }
        let (month, day) = if self.day_first || date.contains('.') { (second, first) } else { (first, second) };
        let (clock, shift) = match clock.trim().to_ascii_lowercase() {
            clock if clock.ends_with("pm") => (clock.trim_end_matches("pm").trim().to_owned(), 12),
            clock if clock.ends_with("am") => (clock.trim_end_matches("am").trim().to_owned(), 0),
            clock => (clock, -1),
        };
        let mut parts = clock.split(':').map(|part| part.split('.').next().unwrap_or_default());
        let mut number = || parts.next().filter(|part| !part.is_empty()).map_or(Some(0i8), |part| part.parse().ok());
        let (hour, minute, second) = (number()?, number()?, number()?);
        let hour = if shift < 0 { hour } else { hour % 12 + shift };
        civil(DateTime::new(year, month, day, hour, minute, second, 0).ok()?)
    }
}

/// A whole number of pieces; `12.0` is one, `1.5` is none.
pub(super) fn quantity(text: &str, habits: Habits) -> Result<i64, Reason> {
    if let Ok(quantity) = text.parse::<i64>() {
        return in_range(quantity);
    }
    let number = habits.number(text).filter(|number| number.fract() == 0.0 && number.abs() < 1e9).ok_or(Reason::Quantity)?;
    in_range(number as i64)
}

fn in_range(quantity: i64) -> Result<i64, Reason> {
    if quantity.unsigned_abs() <= u64::from(u32::MAX) { Ok(quantity) } else { Err(Reason::Quantity) }
}

fn finite(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Whether the mark at `index` parts thousands: one to three digits before it, exactly three after.
fn is_thousands(text: &str, index: usize) -> bool {
    let after = text.get(index + 1..).unwrap_or_default();
    after.len() == 3 && after.bytes().all(|byte| byte.is_ascii_digit()) && !text.trim_start_matches('-').starts_with('0')
}

/// `2009-12-01T07:45:00`, `2009-12-01 07:45` and `2009-12-01`: nearly every row, so without a parser's generality.
fn iso(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let number = |range: std::ops::Range<usize>| {
        bytes.get(range)?.iter().try_fold(0i16, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i16::from(byte - b'0')))
    };
    let short = |range| number(range).and_then(|number| i8::try_from(number).ok());
    let marks =
        |places: &[(usize, &[u8])]| places.iter().all(|(place, allowed)| bytes.get(*place).is_some_and(|byte| allowed.contains(byte)));
    let clock = match bytes.len() {
        10 => (0, 0, 0),
        16 if marks(&[(10, b"T "), (13, b":")]) => (short(11..13)?, short(14..16)?, 0),
        19 if marks(&[(10, b"T "), (13, b":"), (16, b":")]) => (short(11..13)?, short(14..16)?, short(17..19)?),
        _ => return None,
    };
    if !marks(&[(4, b"-"), (7, b"-")]) {
        return None;
    }
    civil(DateTime::new(number(0..4)?, short(5..7)?, short(8..10)?, clock.0, clock.1, clock.2, 0).ok()?)
}

fn civil(moment: DateTime) -> Option<Timestamp> {
    let days = moment.date().since((jiff::Unit::Day, jiff::civil::date(1970, 1, 1))).ok()?.get_days();
    let time = moment.time();
    let seconds = (i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60 + i64::from(time.second());
    Some(Timestamp(i64::from(days) * DAY_MS + seconds * 1000))
}

/// Shopify's `2023-01-05 10:12:33 -0500`, WooCommerce's and Stripe's ` UTC`.
fn spaced_offset(text: &str) -> Option<Timestamp> {
    let (moment, zone) = text.rsplit_once(' ')?;
    let at = iso(moment)?;
    if matches!(zone, "UTC" | "GMT" | "Z") {
        return Some(at);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let offset: i64 = digits.parse().ok().filter(|_| digits.len() == 4)?;
    Some(at.plus_ms(-sign * (offset / 100 * 60 + offset % 100) * 60_000))
}

/// Seconds or milliseconds since 1970: a shop's seconds have ten digits, its milliseconds thirteen.
fn unix(text: &str) -> Option<Timestamp> {
    let number = finite(text).filter(|number| *number >= 6.0e8)?;
    match number {
        seconds if seconds < 9.0e9 => Some(Timestamp((seconds * 1000.0).round() as i64)),
        ms if ms < 9.2e12 => Some(Timestamp(ms.round() as i64)),
        _ => None,
    }
}
