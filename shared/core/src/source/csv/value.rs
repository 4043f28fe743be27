//! Numbers and times as spreadsheets and shops write them.

use super::Reason;
use crate::{
    money::Currency,
    time::{DAY_MS, Timestamp},
};
use jiff::{civil::DateTime, tz::TimeZone};

/// The habits of one file: they cannot be told from one value alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Habits {
    /// `31/12/2024` rather than `12/31/2024`.
    pub(super) day_first: bool,
    /// `1.234,50` rather than `1,234.50`.
    pub(super) decimal_comma: bool,
    /// Invoices that begin with a C are credit notes.
    pub(super) credit_notes: bool,
    /// No date shows whether its day or its month stands first.
    pub(super) order_unknown: bool,
}

/// What stands beside digits and says nothing of how many: currencies, and spaces and marks that part thousands.
const SIGNS: &str = "£$€¥₹₩₺₽₴₪₫₱฿ \u{a0}\u{202f}'’";

/// `text` without its minus, wherever ledgers put it: `-12.50`, `−12.50`, `12.50-`, `(12.50)`, `£-12.50`.
fn without_minus(text: &str) -> (&str, bool) {
    let text = text.trim_start_matches(|c| SIGNS.contains(c));
    let stripped = text
        .strip_prefix(['-', '−'])
        .or_else(|| text.strip_prefix('(')?.strip_suffix(')'))
        .or_else(|| text.strip_suffix('-').filter(|digits| digits.ends_with(|c: char| c.is_ascii_digit())));
    stripped.map_or((text, false), |digits| (digits, true))
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

    /// Whether `text` is a date of which one part can only be the day, or none of that kind: 13 to 31 first or second.
    pub(super) fn shows_order(text: &str) -> bool {
        let mut parts = text.split('/');
        let [first, second] = [parts.next(), parts.next()].map(|part| part.and_then(|part| part.parse::<u16>().ok()).unwrap_or_default());
        first > 12 || (13..=31).contains(&second)
    }

    /// An amount in minor units of `currency`.
    pub(super) fn money(self, text: &str, currency: Currency) -> Result<i64, Reason> {
        self.amount(text, currency).and_then(|amount| currency.minor(amount).ok()).ok_or(Reason::Amount)
    }

    /// An amount in major units of `currency`; none for `1,234` Kuwaiti dinars, which may be one or a thousand.
    pub(super) fn amount(self, text: &str, currency: Currency) -> Option<f64> {
        let may_be_two = currency.decimals() == 3 && !self.decimal_comma && text.matches(',').count() == 1 && !text.contains('.');
        let is_either = may_be_two && text.rsplit(',').next().is_some_and(|after| after.trim_end().len() == 3);
        self.number(text).filter(|_| !is_either)
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
        let (text, is_negative) = without_minus(text.trim());
        let plain: String = text.chars().filter(|c| !SIGNS.contains(*c)).collect();
        // One minus is enough.
        if plain.contains(['-', '−', '+']) {
            return None;
        }
        let decimal = match (plain.rfind(','), plain.rfind('.')) {
            (Some(comma), Some(point)) if comma > point => ',',
            (Some(comma), None) if self.decimal_comma || !is_thousands(&plain, comma) => ',',
            (None, Some(point)) if self.decimal_comma && is_thousands(&plain, point) => ',',
            _ => '.',
        };
        let digits: String =
            plain.chars().filter(|c| *c == decimal || !matches!(c, ',' | '.')).map(|c| if c == decimal { '.' } else { c }).collect();
        finite(&digits).map(|number| if is_negative { -number } else { number })
    }

    /// An instant: RFC 3339 and its relatives, Unix seconds or milliseconds, `12/31/2024 5:07 PM`, `31.12.2024 17:07`, `2024/12/31`.
    pub(super) fn time(self, text: &str) -> Result<Moment, Reason> {
        let moment = iso(text)
            .map(Moment::Civil)
            .or_else(|| text.parse::<jiff::Timestamp>().ok().map(|at| Moment::Told(Timestamp(at.as_millisecond()))))
            .or_else(|| spaced_offset(text).map(Moment::Told))
            .or_else(|| text.parse::<DateTime>().ok().map(Moment::Civil))
            .or_else(|| unix(text).map(Moment::Told))
            .or_else(|| self.slashed(text).map(Moment::Civil));
        moment.ok_or(Reason::Time)
    }

    fn slashed(self, text: &str) -> Option<DateTime> {
        let (date, clock) = text.split_once([' ', 'T']).unwrap_or((text, ""));
        let mut parts = date.split(['/', '.', '-']);
        let [first, second, third] = [parts.next()?, parts.next()?, parts.next()?].map(|part| part.parse::<i16>().ok());
        let (first, second, third) = (first?, second?, third?);
        let (mut year, month, day) = match (first > 31, self.day_first || date.contains('.')) {
            (true, _) => (first, second, third),
            (false, true) => (third, second, first),
            (false, false) => (third, first, second),
        };
        if year < 100 {
            year += 2000;
        }
        let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        let (clock, shift) = match clock.trim().to_ascii_lowercase() {
            clock if clock.ends_with("pm") => (clock.trim_end_matches("pm").trim().to_owned(), 12),
            clock if clock.ends_with("am") => (clock.trim_end_matches("am").trim().to_owned(), 0),
            clock => (clock, -1),
        };
        let mut parts = clock.split(':').map(|part| part.split('.').next().unwrap_or_default());
        let mut number = || parts.next().filter(|part| !part.is_empty()).map_or(Some(0i8), |part| part.parse().ok());
        let (hour, minute, second) = (number()?, number()?, number()?);
        let hour = if shift < 0 { hour } else { hour % 12 + shift };
        DateTime::new(year, month, day, hour, minute, second, 0).ok()
    }
}

/// A time as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// One that says which moment it means.
    Told(Timestamp),
    /// What a clock on some wall showed.
    Civil(DateTime),
}

impl Moment {
    /// The moment, where walls without a zone hang in `zone`; of an hour that comes twice in autumn the first.
    pub(super) fn at(self, zone: Option<&TimeZone>) -> Result<Timestamp, Reason> {
        let at = match (self, zone) {
            (Self::Told(at), _) => Some(at),
            (Self::Civil(moment), None) => utc(moment),
            (Self::Civil(moment), Some(zone)) => {
                zone.to_ambiguous_timestamp(moment).compatible().ok().map(|at| Timestamp(at.as_millisecond()))
            }
        };
        at.filter(|at| *at >= Timestamp::EARLIEST).ok_or(Reason::Time)
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
fn iso(text: &str) -> Option<DateTime> {
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
    DateTime::new(number(0..4)?, short(5..7)?, short(8..10)?, clock.0, clock.1, clock.2, 0).ok()
}

/// `moment` on a clock in Greenwich: nearly every row, so without a time zone's generality.
fn utc(moment: DateTime) -> Option<Timestamp> {
    let days = moment.date().since((jiff::Unit::Day, jiff::civil::date(1970, 1, 1))).ok()?.get_days();
    let time = moment.time();
    let seconds = (i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60 + i64::from(time.second());
    Some(Timestamp(i64::from(days) * DAY_MS + seconds * 1000 + i64::from(time.millisecond())))
}

/// Shopify's `2023-01-05 10:12:33 -0500`, WooCommerce's and Stripe's ` UTC`.
fn spaced_offset(text: &str) -> Option<Timestamp> {
    let (moment, zone) = text.rsplit_once(' ')?;
    let at = utc(iso(moment)?)?;
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
