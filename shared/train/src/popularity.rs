//! What people deal with: in all time, and lately.
//!
//! Every person adds to an item at most [`Params::most_a_person`], so that neither a fan nor an unnoticed robot makes a bestseller.

use crate::history::{History, day_of};
use rapport_core::time::Timestamp;
use rayon::prelude::*;

/// What may be turned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Params {
    /// What a day with a purchase, and a day with looks only, adds.
    pub(crate) purchase: f32,
    pub(crate) look: f32,
    /// The most that one person adds to one item.
    pub(crate) most_a_person: f32,
    /// After so many days an event counts half towards the trend.
    pub(crate) half_life_days: f32,
}

pub(crate) const DEFAULT: Params = Params { purchase: 1.0, look: 0.1, most_a_person: 3.0, half_life_days: 14.0 };

/// By item: popularity in all time, and the trend at `now`.
pub(crate) fn fit(history: &History, now: Timestamp, params: &Params) -> Vec<(f32, f32)> {
    let looks = history.looks.iter().map(|look| (look.person, look.item, day_of(look.at), params.look));
    let buys = history.buys.iter().map(|buy| (buy.person, buy.item, day_of(buy.at), params.purchase));
    let mut days: Vec<(u32, u32, i64, f32)> = looks.chain(buys).collect();
    // Of a day's dealings of a person with an item the weightiest stands for all.
    days.par_sort_unstable_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then(b.3.total_cmp(&a.3)));
    days.dedup_by_key(|(person, item, day, _)| (*person, *item, *day));

    let mut sums = vec![(0.0, 0.0); history.items.len()];
    for dealings in days.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let decayed = |day: i64| (-((day_of(now) - day).max(0) as f32) / params.half_life_days).exp2();
        let all: f32 = dealings.iter().map(|(_, _, _, weight)| weight).sum();
        let lately: f32 = dealings.iter().map(|(_, _, day, weight)| weight * decayed(*day)).sum();
        let sum = &mut sums[dealings[0].1 as usize];
        sum.0 += all.min(params.most_a_person);
        sum.1 += lately.min(params.most_a_person);
    }
    sums
}
