//! The simulated year: which day it is, how busy the shop is, and what hour people come.
//!
//! The shop's clock is UTC all year round, so that no table of time zones decides anything.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::Offset;

/// Days that are simulated.
pub(crate) const DAYS: i64 = 365;

const DAY_SECS: i64 = 86_400;

/// The 365 whole days before a midnight.
pub(crate) struct Year {
    start_unix: i64,
}

/// Seconds since the year began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(i64);

impl Moment {
    pub(crate) fn new(day: i64, second_of_day: i64) -> Self {
        Self(day * DAY_SECS + second_of_day)
    }

    pub(crate) fn day(self) -> i64 {
        self.0.div_euclid(DAY_SECS)
    }

    pub(crate) fn later(self, secs: i64) -> Self {
        Self(self.0 + secs)
    }

    /// Inside the simulated year: what comes after has not happened yet.
    pub(crate) fn has_happened(self) -> bool {
        self.day() < DAYS
    }
}

impl Year {
    /// The year up to the last UTC midnight at or before `end`.
    pub(crate) fn ending(end: Timestamp) -> Self {
        let midnight = end.as_second().div_euclid(DAY_SECS) * DAY_SECS;
        Self { start_unix: midnight - DAYS * DAY_SECS }
    }

    /// Saturates at the ends of time that `jiff` knows.
    pub(crate) fn timestamp(&self, at: Moment) -> Timestamp {
        Timestamp::from_second(self.start_unix + at.0).unwrap_or(Timestamp::MIN)
    }

    pub(crate) fn date(&self, day: i64) -> Date {
        Offset::UTC.to_datetime(self.timestamp(Moment::new(day, 0))).date()
    }

    /// How busy the shop is on a day, around 1: people bake in winter and at weekends, and shop before Christmas.
    pub(crate) fn bustle(&self, day: i64) -> f64 {
        let date = self.date(day);
        monthly(&MONTH_BUSTLE, date) * WEEKDAY_BUSTLE[weekday_index(date.weekday())]
    }

    /// How much a season's goods are wanted on a day, around 1; out of season 0.15.
    pub(crate) fn appetite(&self, season: Season, day: i64) -> f64 {
        let date = self.date(day);
        match season {
            Season::Always => 1.0,
            Season::Christmas => monthly(&CHRISTMAS, date),
            Season::Summer => monthly(&SUMMER, date),
        }
    }

    pub(crate) fn first_thursday(&self) -> i64 {
        i64::from(self.date(0).weekday().until(Weekday::Thursday))
    }

    /// The days of the year that fall between two days of a month, both included.
    pub(crate) fn days_of(&self, month: i8, from: i8, to: i8) -> impl Iterator<Item = i64> + '_ {
        (0..DAYS).filter(move |day| {
            let date = self.date(*day);
            date.month() == month && (from..=to).contains(&date.day())
        })
    }
}

/// When a product is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Season {
    Always,
    Christmas,
    Summer,
}

impl Season {
    /// In the order of their discriminants.
    pub(crate) const ALL: [Self; 3] = [Self::Always, Self::Christmas, Self::Summer];
}

/// January first.
const MONTH_BUSTLE: [f64; 12] = [1.05, 0.95, 1.0, 1.0, 0.9, 0.75, 0.65, 0.7, 0.9, 1.05, 1.4, 1.7];
const CHRISTMAS: [f64; 12] = [0.1, 0.08, 0.08, 0.08, 0.08, 0.08, 0.08, 0.08, 0.3, 1.2, 3.5, 4.0];
const SUMMER: [f64; 12] = [0.08, 0.08, 0.1, 0.4, 1.5, 4.0, 5.0, 4.5, 1.5, 0.3, 0.08, 0.08];

/// Monday first.
const WEEKDAY_BUSTLE: [f64; 7] = [0.85, 0.8, 0.8, 0.9, 1.0, 1.25, 1.4];

/// Slides from the middle of one month to the middle of the next, so that nothing jumps on the first.
fn monthly(table: &[f64; 12], date: Date) -> f64 {
    let month = date.month() as usize - 1;
    let past_middle = f64::from(date.day() - 15) / 30.0;
    let neighbour = if past_middle < 0.0 { (month + 11) % 12 } else { (month + 1) % 12 };
    let share = if past_middle < 0.0 { -past_middle } else { past_middle };
    table[month] * (1.0 - share) + table[neighbour] * share
}

fn weekday_index(weekday: Weekday) -> usize {
    weekday.to_monday_zero_offset() as usize
}

/// The hours somebody keeps: a weight for each hour of the day, midnight first.
pub(crate) type Hours = [f64; 24];

/// The habits that people are drawn from, with how many keep them.
pub(crate) const RHYTHMS: [(f64, Hours); 3] = [(0.25, EARLY), (0.25, LUNCH), (0.5, EVENING)];

const EARLY: Hours = [0., 0., 0., 0., 0., 1., 4., 7., 7., 5., 3., 2., 1., 1., 1., 1., 1., 1., 1., 2., 1., 0., 0., 0.];
const LUNCH: Hours = [0., 0., 0., 0., 0., 0., 0., 1., 1., 2., 3., 5., 8., 7., 4., 2., 1., 1., 1., 1., 2., 2., 0., 0.];
const EVENING: Hours = [0., 0., 0., 0., 0., 0., 0., 0., 1., 1., 1., 1., 1., 1., 1., 2., 3., 4., 6., 8., 9., 6., 0., 0.];

/// When the house sleeps: from 22:00 to 03:00, and mostly around midnight.
pub(crate) const NIGHT: Hours = [8., 5., 2., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 5., 8.];

#[cfg(test)]
mod tests {
    use super::*;

    fn year(end: &str) -> Year {
        Year::ending(end.parse().unwrap_or(Timestamp::UNIX_EPOCH))
    }

    #[test]
    fn a_year_is_the_365_days_before_midnight() {
        for (end, first, last) in [
            ("2025-06-30T00:00:00Z", "2024-06-30", "2025-06-29"),
            ("2025-06-30T23:59:59Z", "2024-06-30", "2025-06-29"),
            ("2024-03-01T12:00:00Z", "2023-03-02", "2024-02-29"),
            ("1970-01-01T00:00:00Z", "1969-01-01", "1969-12-31"),
        ] {
            let year = year(end);
            assert_eq!(year.date(0).to_string(), first);
            assert_eq!(year.date(DAYS - 1).to_string(), last);
        }
    }

    #[test]
    fn the_first_thursday_is_one() {
        for day in 1..=9 {
            let year = year(&format!("2025-01-0{day}T00:00:00Z"));
            assert_eq!(year.date(year.first_thursday()).weekday(), Weekday::Thursday);
            assert!((0..7).contains(&year.first_thursday()));
        }
    }

    #[test]
    fn nothing_jumps_from_one_day_to_the_next() {
        let year = year("2025-06-30T00:00:00Z");
        for season in Season::ALL {
            for day in 1..DAYS {
                let step = year.appetite(season, day) - year.appetite(season, day - 1);
                assert!(step.abs() < 0.2, "{} {step}", year.date(day));
            }
        }
    }

    #[test]
    fn what_comes_after_the_year_has_not_happened() {
        assert!(Moment::new(DAYS - 1, 86_399).has_happened());
        assert!(!Moment::new(DAYS - 1, 86_399).later(1).has_happened());
    }
}
