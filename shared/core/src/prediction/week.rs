//! When somebody is at it, by hour of the week: what the best moment for a message is chosen by.
//!
//! ```text
//! the shop's week     168 hours, from all visits and orders
//!   × the persona     how its members bend hours and weekdays, shrunk to everybody's
//!   × the person      how they bend them themselves, shrunk to the persona's
//! ```
//!
//! A person's hours and weekdays are counted apart. Most leave a dozen traces, which say something of 24 hours and 7 weekdays and nothing of
//! 168 pairs of them; which hours go with which weekdays, the shop's week knows.

use super::Ranged;
use crate::profile::Habits;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Hours of a week.
pub const WEEK_HOURS: usize = 168;

/// A persona's members say as much as everybody does from so many visits, orders and mails on.
const PERSONA_HALF_TRUSTED: f64 = 200.0;
/// Whose own past says nothing bends nothing.
const NEVER_TRUSTED: f64 = 1e12;
/// No share of an hour or a weekday is taken for less.
const LEAST: f64 = 1e-6;
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// Half the width of a 95 % interval, in standard deviations.
const NINETY_FIVE: f64 = 1.96;

/// A shop's week, and how far a person's own past is followed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rhythm {
    /// The share of visits and orders in each hour of the week (UTC), Monday midnight first; above 0, together 1, [`WEEK_HOURS`] of them.
    pub shop: Vec<f64>,
    /// From so many visits, orders and mails on somebody's own past says as much as everything else; absent where people's pasts said
    /// nothing of their later hours.
    pub half_trusted: Option<f64>,
    /// How many visits and orders it was learned from.
    pub learned_from: u64,
    /// What people's own pasts told about the hours of their later visits and orders beyond the shop's week, in nats each; absent where
    /// nobody could be asked.
    pub gain: Option<Ranged>,
}

/// Visits, orders and mails by hour of the day and by day of the week (UTC, Monday first).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// By hour.
    pub hours: [f64; 24],
    /// By weekday.
    pub weekdays: [f64; 7],
}

/// Somebody's week.
#[derive(Clone, Debug, PartialEq)]
pub struct Week {
    /// The share of what they do in each hour, Monday midnight first.
    pub shares: Vec<f64>,
    /// On how many visits, orders and mails it rests, those of everybody else that it was shrunk to included.
    trust: f64,
}

/// One hour of somebody's week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// 0 is Monday (UTC).
    pub weekday: usize,
    /// 0 to 23 (UTC).
    pub hour: usize,
    /// How many times as much they do in it as in an average hour.
    pub times: Ranged,
}

impl Moment {
    /// The day's name.
    #[must_use]
    pub fn weekday_name(&self) -> &'static str {
        WEEKDAYS.get(self.weekday).copied().unwrap_or_default()
    }
}

/// `Tuesday 09:00`, UTC.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:02}:00", self.weekday_name(), self.hour)
    }
}

impl Clock {
    /// What `habits` tell. A visit counts once, however many steps it had.
    #[must_use]
    pub fn of(habits: &Habits) -> Self {
        let tally = &habits.tally;
        let occasions =
            f64::from(tally.visits) + f64::from(tally.orders) + f64::from(habits.mails_opened) + f64::from(habits.mails_clicked);
        let each = if tally.acts > 0 { occasions / f64::from(tally.acts) } else { 0.0 };
        Self { hours: habits.hours.map(|acts| f64::from(acts) * each), weekdays: habits.weekdays.map(|acts| f64::from(acts) * each) }
    }

    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        self.hours.iter_mut().zip(other.hours).for_each(|(sum, count)| *sum += count);
        self.weekdays.iter_mut().zip(other.weekdays).for_each(|(sum, count)| *sum += count);
    }

    /// Visits, orders and mails.
    #[must_use]
    pub fn occasions(&self) -> f64 {
        self.weekdays.iter().sum()
    }

    /// What happened at one hour speaks for its neighbours, too.
    fn smoothed(&self) -> [f64; 24] {
        std::array::from_fn(|hour| 0.5 * self.hours[hour] + 0.25 * (self.hours[(hour + 23) % 24] + self.hours[(hour + 1) % 24]))
    }
}

impl Rhythm {
    /// Whether every number is one that weeks can be made of.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.shop.len() == WEEK_HOURS
            && self.shop.iter().all(|share| (0.0..=1.0).contains(share))
            && (self.shop.iter().sum::<f64>() - 1.0).abs() < 1e-3
            && self.half_trusted.is_none_or(|half| half.is_finite() && half > 0.0)
    }

    /// The week of somebody who left `own` traces; of a persona whose members left `persona.0` where everybody together left `persona.1`.
    #[must_use]
    pub fn week(&self, own: &Clock, persona: Option<(&Clock, &Clock)>) -> Week {
        let mut shares = self.shop.clone();
        if let Some((members, everybody)) = persona {
            let whole = everybody.occasions().max(LEAST);
            let (hours, weekdays) = (everybody.smoothed().map(|count| count / whole), everybody.weekdays.map(|count| count / whole));
            bend(
                &mut shares,
                &bends(&members.smoothed(), &hours, PERSONA_HALF_TRUSTED),
                &bends(&members.weekdays, &weekdays, PERSONA_HALF_TRUSTED),
            );
        }
        let half = self.half_trusted.unwrap_or(NEVER_TRUSTED);
        let (hours, weekdays) = margins(&shares);
        bend(&mut shares, &bends(&own.smoothed(), &hours, half), &bends(&own.weekdays, &weekdays, half));
        Week { shares, trust: own.occasions() + self.half_trusted.unwrap_or(PERSONA_HALF_TRUSTED) }
    }
}

impl Week {
    /// The `count` hours with most, best first; of two alike the earlier.
    #[must_use]
    pub fn best(&self, count: usize) -> Vec<Moment> {
        let (hours, weekdays) = margins(&self.shares);
        let mut places: Vec<usize> = (0..self.shares.len()).collect();
        let order = |a: &usize, b: &usize| self.shares[*b].total_cmp(&self.shares[*a]).then(a.cmp(b));
        if count < places.len() {
            places.select_nth_unstable_by(count, order);
            places.truncate(count);
        }
        places.sort_unstable_by(order);
        let moment = |place: usize| {
            let (weekday, hour) = (place / 24, place % 24);
            let value = self.shares[place] * WEEK_HOURS as f64;
            // Two shares of so many traces, multiplied.
            let spread = (1.0 / (self.trust * hours[hour]) + 1.0 / (self.trust * weekdays[weekday])).sqrt();
            let margin = (NINETY_FIVE * spread).min(10.0).exp();
            Moment { weekday, hour, times: Ranged { value, low: value / margin, high: value * margin } }
        };
        places.into_iter().map(moment).collect()
    }
}

/// The shares of hours of the day, and of weekdays.
fn margins(shares: &[f64]) -> ([f64; 24], [f64; 7]) {
    let (mut hours, mut weekdays) = ([0.0; 24], [0.0; 7]);
    for (place, share) in shares.iter().enumerate() {
        hours[place % 24] += share;
        weekdays[(place / 24).min(6)] += share;
    }
    (hours.map(|share| share.max(LEAST)), weekdays.map(|share| share.max(LEAST)))
}

/// How `counts` depart from `usual`, as factors, where `half` counts are worth as much as what is usual.
fn bends<const N: usize>(counts: &[f64; N], usual: &[f64; N], half: f64) -> [f64; N] {
    let all: f64 = counts.iter().sum();
    std::array::from_fn(|place| {
        let usual = usual[place].max(LEAST);
        (counts[place] + half * usual) / (all + half) / usual
    })
}

fn bend(shares: &mut [f64], hours: &[f64; 24], weekdays: &[f64; 7]) {
    for (place, share) in shares.iter_mut().enumerate() {
        *share *= hours[place % 24] * weekdays[(place / 24).min(6)];
    }
    let all: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= all.max(f64::MIN_POSITIVE));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat() -> Rhythm {
        Rhythm { shop: vec![1.0 / WEEK_HOURS as f64; WEEK_HOURS], half_trusted: Some(10.0), learned_from: 1_000, gain: None }
    }

    fn at(hour: usize, weekday: usize, times: f64) -> Clock {
        let mut clock = Clock::default();
        (clock.hours[hour], clock.weekdays[weekday]) = (times, times);
        clock
    }

    #[test]
    fn who_left_no_trace_has_the_shops_week() {
        let week = flat().week(&Clock::default(), None);
        assert!(week.shares.iter().all(|share| (share * WEEK_HOURS as f64 - 1.0).abs() < 1e-9), "{week:?}");
    }

    #[test]
    fn the_more_somebody_did_the_more_it_is_their_own_week() {
        let times = |traces: f64| {
            let best = flat().week(&at(20, 2, traces), None).best(1)[0];
            assert_eq!((best.weekday, best.hour), (2, 20));
            assert!(best.times.low < best.times.value && best.times.value < best.times.high);
            best.times.value
        };
        let (few, many) = (times(2.0), times(200.0));
        assert!(1.0 < few && few < 8.0 && many > 10.0 * few, "{few} {many}");
    }

    #[test]
    fn a_persona_speaks_for_who_left_no_trace() {
        let mut everybody = Clock { hours: [50.0; 24], weekdays: [1_200.0 / 7.0; 7] };
        let night = at(23, 6, 400.0);
        everybody.add(&night);
        let best = flat().week(&Clock::default(), Some((&night, &everybody))).best(1)[0];
        assert_eq!((best.weekday, best.hour), (6, 23));
        // Where people's own pasts said nothing, one person's says nothing either.
        let deaf = Rhythm { half_trusted: None, ..flat() };
        let best = deaf.week(&at(8, 0, 50.0), Some((&night, &everybody))).best(1)[0];
        assert_eq!((best.weekday, best.hour), (6, 23));
    }

    #[test]
    fn a_visit_counts_once_however_many_steps_it_had() {
        let mut habits = Habits::default();
        (habits.tally.visits, habits.tally.acts) = (2, 40);
        (habits.hours[9], habits.hours[21], habits.weekdays[0]) = (30, 10, 40);
        let clock = Clock::of(&habits);
        assert_eq!((clock.hours[9], clock.hours[21], clock.occasions()), (1.5, 0.5, 2.0));
    }
}
