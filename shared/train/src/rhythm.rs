//! A shop's week, and whether people's own pasts tell their later hours better.
//!
//! The older three quarters of all visits and orders are what is known, the newer quarter is what came. A person's own past is followed
//! as far as it made the hours that came likelier, on average over people, by more than two standard errors; else nobody's is.

use crate::{
    history::History,
    score::{interval, mean, standard_error},
};
use rapport_core::{
    prediction::{Clock, Ranged, Rhythm, WEEK_HOURS},
    time::Timestamp,
};
use rayon::prelude::*;

/// From so many visits and orders on, somebody's own past says as much as the shop's: what is tried.
const HALF_TRUSTED: [f64; 6] = [3.0, 8.0, 20.0, 50.0, 120.0, 300.0];
/// Which part of all visits and orders is known when the rest is asked about.
const KNOWN: f64 = 0.75;
/// No more people than these are asked about.
const MOST_PEOPLE: usize = 5_000;
/// The hours of a week are taken to be what days and hours apart say until this many visits and orders speak for each.
const HALF_PAIRED: f64 = 4.0 * WEEK_HOURS as f64;

/// A visit or an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Occasion {
    person: u32,
    at: Timestamp,
}

/// Learns from `history`; `None` where nothing happened.
#[must_use]
pub fn fit(history: &History) -> Option<Rhythm> {
    let occasions = occasions(history);
    let mut times: Vec<Timestamp> = occasions.iter().map(|occasion| occasion.at).collect();
    times.sort_unstable();
    let cut = *times.get((KNOWN * times.len() as f64) as usize)?;
    let (half_trusted, gain) = contest(&occasions, cut);
    Some(Rhythm { shop: week(&occasions), half_trusted, learned_from: occasions.len() as u64, gain })
}

/// Visits at their first look, and orders, by person, then time.
fn occasions(history: &History) -> Vec<Occasion> {
    let visits = history.visits().filter_map(<[_]>::first).map(|look| Occasion { person: look.person, at: look.at });
    let orders = history.orders().filter_map(<[_]>::first).map(|buy| Occasion { person: buy.person, at: buy.at });
    let mut occasions: Vec<Occasion> = visits.chain(orders).filter(|occasion| history.is_known(occasion.person)).collect();
    occasions.sort_unstable_by_key(|occasion| (occasion.person, occasion.at));
    occasions
}

/// The share of each hour; of few occasions what their hours and weekdays say apart.
fn week(occasions: &[Occasion]) -> Vec<f64> {
    let (mut pairs, mut clock) = (vec![0.0; WEEK_HOURS], Clock::default());
    for occasion in occasions {
        let (weekday, hour) = occasion.at.weekday_and_hour();
        pairs[weekday * 24 + hour] += 1.0;
        clock.hours[hour] += 1.0;
        clock.weekdays[weekday] += 1.0;
    }
    let all = occasions.len() as f64;
    let share = |(place, pairs): (usize, &f64)| {
        let apart = (clock.hours[place % 24] + 1.0) / (all + 24.0) * (clock.weekdays[place / 24] + 1.0) / (all + 7.0);
        (pairs + HALF_PAIRED * apart) / (all + HALF_PAIRED)
    };
    // Seven digits tell any share; more would be bytes of the artifact.
    pairs.iter().enumerate().map(share).map(|share| (share * 1e7).round() / 1e7).collect()
}

/// How far people's own pasts are followed, and what that gained.
fn contest(occasions: &[Occasion], cut: Timestamp) -> (Option<f64>, Option<Ranged>) {
    let known: Vec<Occasion> = occasions.iter().filter(|occasion| occasion.at < cut).copied().collect();
    let shop = week(&known);
    let mut asked: Vec<(Clock, Vec<usize>)> =
        occasions.chunk_by(|a, b| a.person == b.person).filter_map(|own| question(own, cut)).collect();
    let every = asked.len().div_ceil(MOST_PEOPLE).max(1);
    asked = asked.into_iter().step_by(every).collect();
    if asked.len() < 2 {
        return (None, None);
    }
    let tried = HALF_TRUSTED.map(|half| {
        let rhythm = Rhythm { shop: shop.clone(), half_trusted: Some(half), learned_from: 0, gain: None };
        let gain = |(own, came): &(Clock, Vec<usize>)| {
            let week = rhythm.week(own, None);
            mean(&came.iter().map(|place| (week.shares[*place] / shop[*place]).ln()).collect::<Vec<f64>>())
        };
        (half, asked.par_iter().map(gain).collect::<Vec<f64>>())
    });
    let Some((half, gains)) = tried.into_iter().max_by(|a, b| mean(&a.1).total_cmp(&mean(&b.1))) else { return (None, None) };
    let (low, high) = interval(&gains);
    let is_better = mean(&gains) > 2.0 * standard_error(&gains);
    (is_better.then_some(half), Some(Ranged { value: mean(&gains), low, high }))
}

/// What somebody did before `cut`, and the hours of what they did after; `None` where either is nothing.
fn question(own: &[Occasion], cut: Timestamp) -> Option<(Clock, Vec<usize>)> {
    let (before, after) = own.split_at(own.partition_point(|occasion| occasion.at < cut));
    if before.is_empty() || after.is_empty() {
        return None;
    }
    let mut clock = Clock::default();
    for occasion in before {
        let (weekday, hour) = occasion.at.weekday_and_hour();
        clock.hours[hour] += 1.0;
        clock.weekdays[weekday] += 1.0;
    }
    let came = after.iter().map(|occasion| occasion.at.weekday_and_hour()).map(|(weekday, hour)| weekday * 24 + hour);
    Some((clock, came.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Look;
    use rapport_core::{random::SplitMix, time::DAY_MS};

    const MONDAY: Timestamp = Timestamp(1_795_996_800_000);

    /// Two hundred people who come thirty times, at an hour that `hour_of` gives.
    fn shop(hour_of: impl Fn(u32, &mut SplitMix) -> i64) -> History {
        let mut dice = SplitMix::new(5);
        let mut looks = Vec::new();
        for person in 0..200u32 {
            for visit in 0..30i64 {
                let hour = hour_of(person, &mut dice);
                looks.push(Look { person, at: MONDAY.plus_ms(visit * DAY_MS + hour * (DAY_MS / 24)), item: 0 });
            }
        }
        History { known: vec![true; 200], looks, ..History::default() }
    }

    #[test]
    fn own_pasts_are_followed_where_people_differ() {
        let rhythm = fit(&shop(|person, dice| i64::from(person % 24 + dice.below(2) as u32) % 24)).expect("a week");
        assert!(rhythm.is_sound() && rhythm.half_trusted.is_some_and(|half| half <= 20.0), "{:?}", rhythm.half_trusted);
        assert!(rhythm.gain.is_some_and(|gain| gain.low > 1.0), "{:?}", rhythm.gain);
    }

    #[test]
    fn nobodys_past_is_followed_where_all_are_alike() {
        let rhythm = fit(&shop(|_, dice| 18 + dice.below(4) as i64)).expect("a week");
        assert_eq!(rhythm.half_trusted, None, "{:?}", rhythm.gain);
        let best = rhythm.week(&Clock::default(), None).best(1)[0];
        assert!((18..22).contains(&best.hour), "{best:?}");
        assert_eq!(fit(&History::default()), None, "nothing happened");
    }
}
