//! How many events came on each day, and on which days that was out of the ordinary.
//!
//! A shop's week has its rhythm, so a day is held against the same weekday of the eight weeks before: their median, and the median of
//! their distances from it (MAD). Both shrug off single strange days, which a mean and a standard deviation would not
//! (F. R. Hampel, "The influence curve and its role in robust estimation", JASA 69, 1974).

use super::DAYS;
use compact_str::CompactString;
use rapport_core::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// Weeks looked back.
const WEEKS: i64 = 8;
/// Of which so many must be there: before that nobody knows what is usual.
const WEEKS_NEEDED: usize = 4;
/// A day without events is a gap where the median is at least this.
const USUAL: f64 = 5.0;
/// How many robust standard deviations are a jump.
const FAR: f64 = 5.0;
/// Makes a MAD an estimate of a normal standard deviation: 1 / Φ⁻¹(3/4).
const MAD_TO_SIGMA: f64 = 1.4826;

/// The same in words, for who reads an audit.
pub(super) const METHOD: &str = "each day of the last 90 is held against the median of the same weekday in the 8 weeks before (4 at least): \
     a gap is a day without events where that median is 5 or more; a jump is a day further from it than 5 standard deviations, taken as \
     1.4826 times the median distance of those weeks from their median, or as the root of the median where that is more";

/// A day on which a source said nothing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gap {
    /// Which source.
    pub source: CompactString,
    /// Which day.
    pub day: String,
    /// Events on such a day, usually.
    pub usual: f64,
}

/// A day on which a source said far more or less than usual.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Jump {
    /// Which source.
    pub source: CompactString,
    /// Which day.
    pub day: String,
    /// Events on that day.
    pub events: u64,
    /// Events on such a day, usually.
    pub usual: f64,
    /// How far off, in robust standard deviations; negative for less.
    pub deviations: f64,
}

/// Events by day since the epoch.
#[derive(Clone, Debug, Default)]
pub(super) struct Series(BTreeMap<i64, u64>);

impl Series {
    pub(super) fn add(&mut self, day: i64) {
        *self.0.entry(day).or_default() += 1;
    }

    /// The newest `count` days' worth, oldest first.
    pub(super) fn newest(&self, count: i64) -> Vec<(String, u64)> {
        let last = self.0.keys().next_back().copied().unwrap_or_default();
        self.0.range(last - count + 1..).map(|(day, events)| (name(*day), *events)).collect()
    }

    /// Days up to `end` on which nothing came although something usually does.
    pub(super) fn gaps<'a>(&'a self, source: &'a CompactString, end: i64) -> impl Iterator<Item = Gap> + 'a {
        self.judged(end).filter(|(_, events, usual)| *events == 0 && usual.median >= USUAL).map(|(day, _, usual)| Gap {
            source: source.clone(),
            day: name(day),
            usual: usual.median,
        })
    }

    /// Days up to `end` on which far more or far less came than usual; days without anything are gaps.
    pub(super) fn jumps<'a>(&'a self, source: &'a CompactString, end: i64) -> impl Iterator<Item = Jump> + 'a {
        self.judged(end).filter(|(_, events, usual)| *events > 0 && usual.deviations(*events).abs() > FAR).map(|(day, events, usual)| {
            Jump { source: source.clone(), day: name(day), events, usual: usual.median, deviations: usual.deviations(events) }
        })
    }

    fn judged(&self, end: i64) -> impl Iterator<Item = (i64, u64, Usual)> + '_ {
        (end - DAYS + 1..=end).filter_map(|day| Some((day, self.on(day), self.usual(day)?)))
    }

    fn on(&self, day: i64) -> u64 {
        self.0.get(&day).copied().unwrap_or_default()
    }

    /// What the same weekday was like before `day`; `None` where the source is too young to say.
    fn usual(&self, day: i64) -> Option<Usual> {
        let first = *self.0.keys().next()?;
        let before: Vec<f64> =
            (1..=WEEKS).map(|weeks| day - 7 * weeks).filter(|day| *day >= first).map(|day| self.on(day) as f64).collect();
        if before.len() < WEEKS_NEEDED {
            return None;
        }
        let center = median(before.clone());
        let mad = median(before.into_iter().map(|events| (events - center).abs()).collect());
        // Counts scatter by their root even where the weeks before happened to be alike.
        Some(Usual { median: center, sigma: (MAD_TO_SIGMA * mad).max(center.sqrt()).max(1.0) })
    }
}

/// What a day is held against.
struct Usual {
    median: f64,
    sigma: f64,
}

impl Usual {
    fn deviations(&self, events: u64) -> f64 {
        (events as f64 - self.median) / self.sigma
    }
}

/// The middle of `values`, or the mean of the two in the middle; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match (values.len() / 2, values.len() % 2) {
        (0, 0) => 0.0,
        (middle, 1) => values[middle],
        (middle, _) => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// `2026-11-22`.
pub(super) fn name(day: i64) -> String {
    Timestamp(0).plus_days(day).day()
}
