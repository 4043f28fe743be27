//! Instants in whole milliseconds: what an event, an order or a lookup carries.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One minute, in milliseconds.
pub const MINUTE_MS: i64 = 60_000;
/// One day, in milliseconds.
pub const DAY_MS: i64 = 86_400_000;

/// Milliseconds since 1970-01-01T00:00:00Z.
///
/// A plain integer on purpose: it sorts, subtracts and stores without thought. Parsing and printing are [`jiff`]'s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A text that is not an instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time; use RFC 3339, for example 2026-11-22T09:30:00Z")]
pub struct NotATime(String);

impl Timestamp {
    /// The earliest instant a shop's history is believed to have: 1990-01-01. Anything before it is a broken clock.
    pub const EARLIEST: Self = Self(631_152_000_000);

    /// The instant `days` days later (earlier when negative).
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.saturating_mul(DAY_MS)))
    }

    /// The instant `ms` milliseconds later (earlier when negative).
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to `self`; negative when `earlier` is later.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Days from `earlier` to `self`, with fraction.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> f64 {
        self.since_ms(earlier) as f64 / DAY_MS as f64
    }

    /// Whole seconds since the epoch, as DynamoDB's expiry wants them.
    #[must_use]
    pub const fn epoch_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The UTC day, `2026-11-22`, as it stands in object keys.
    #[must_use]
    pub fn day(self) -> String {
        self.instant().strftime("%Y-%m-%d").to_string()
    }

    /// Reads RFC 3339, a bare date, or a date and time without a zone (taken as UTC).
    ///
    /// # Errors
    /// [`NotATime`] for anything else, and for instants outside 1990 to 2262.
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        let not_a_time = || NotATime(text.chars().take(40).collect());
        let text = text.trim();
        let instant = text.parse::<jiff::Timestamp>().ok().or_else(|| {
            let civil = text.parse::<jiff::civil::DateTime>().ok()?;
            Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
        });
        let at = Self(instant.ok_or_else(not_a_time)?.as_millisecond());
        if at < Self::EARLIEST || at.0 > 9_214_646_400_000 { Err(not_a_time()) } else { Ok(at) }
    }

    /// The month (UTC), 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        jiff::tz::Offset::UTC.to_datetime(self.instant()).month().unsigned_abs()
    }

    /// The day of the week from Monday, 0 to 6, and the hour of the day, 0 to 23 (UTC).
    #[must_use]
    pub fn weekday_and_hour(self) -> (usize, usize) {
        // 1970-01-01 was a Thursday.
        let weekday = (self.0.div_euclid(DAY_MS) + 3).rem_euclid(7);
        let hour = self.0.rem_euclid(DAY_MS) / (DAY_MS / 24);
        (usize::try_from(weekday).unwrap_or_default(), usize::try_from(hour).unwrap_or_default())
    }

    fn instant(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.instant())
    }
}

/// An instant as text that people can read and write.
pub(crate) mod written_out {
    use super::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::ref_option, reason = "serde hands a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => to.serialize_some(&at.to_string()),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.map(|text| Timestamp::parse(&text).map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_shops_send() {
        for (text, expected) in [
            ("2026-11-22T09:30:00Z", Some("2026-11-22T09:30:00Z")),
            ("2026-11-22T10:30:00+01:00", Some("2026-11-22T09:30:00Z")),
            ("2026-11-22 09:30:00", Some("2026-11-22T09:30:00Z")),
            ("2026-11-22", Some("2026-11-22T00:00:00Z")),
            ("1899-12-30", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(Timestamp::parse(text).ok().map(|at| at.to_string()).as_deref(), expected, "{text}");
        }
    }
}
