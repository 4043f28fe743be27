//! How much a place on a list is looked at: position bias, learned from the slots that chance filled.
//!
//! What a shopper clicks is what they saw and liked, and they see the first places more. Where chance drew the item from a pool, every
//! place had the same choice of items, so that what differs between places is attention alone (Joachims, Swaminathan and Schnabel
//! 2017, with interventions; the pools here are drawn by [`rapport_core::ranking`]). A drawn item counts one over its probability, so that
//! pools of different sizes may be added up:
//!
//! `rate_p = sum(clicked / propensity) / sum(1 / propensity)` over the items shown at place `p`.
//!
//! Until much was shown, the logarithmic discount of NDCG stands in for as many exposures as [`PRIOR`]. Nobody who was shown
//! something and did not click is taken to dislike it; nothing here speaks about items.

use crate::history::Draw;
use serde::Serialize;
use std::collections::BTreeMap;

/// How many exposures the logarithmic discount weighs at each place.
const PRIOR: f64 = 200.0;
/// Fewer clicks in all say nothing.
const ENOUGH: usize = 20;
/// Two standard errors to either side.
const SIDES: f64 = 1.96;

/// How much one place is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Examination {
    /// The place, from 0.
    pub position: u16,
    /// How many drawn items were shown there.
    pub shown: usize,
    /// How many of them were clicked.
    pub clicked: usize,
    /// How much more or less than the first place of a list, which has 1.
    pub attention: f64,
    /// The 95 % interval of `attention` begins here, 0 or more
    pub low: f64,
    /// and ends here.
    pub high: f64,
}

/// By place, from the top; nothing while there are too few clicks.
pub(crate) fn fit(draws: &[Draw]) -> Vec<Examination> {
    let mut places: BTreeMap<u16, Sums> = BTreeMap::new();
    for draw in draws {
        places.entry(draw.position).or_default().add(draw);
    }
    if places.values().map(|sums| sums.clicked).sum::<usize>() < ENOUGH {
        return Vec::new();
    }
    // What the first place's rate would be, if attention fell as the discount does.
    let clicks: f64 = places.values().map(|sums| sums.clicks).sum();
    let seen: f64 = places.iter().map(|(position, sums)| sums.weight * discount(*position)).sum();
    let first = clicks / seen;
    places.iter().map(|(position, sums)| sums.examination(*position, first)).collect()
}

fn discount(position: u16) -> f64 {
    1.0 / (f64::from(position) + 2.0).log2()
}

/// What was shown at one place.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    shown: usize,
    clicked: usize,
    clicks: f64,
    weight: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, draw: &Draw) {
        let weight = 1.0 / f64::from(draw.propensity);
        self.shown += 1;
        self.weight += weight;
        self.squares += weight * weight;
        if draw.clicked {
            self.clicked += 1;
            self.clicks += weight;
        }
    }

    fn examination(&self, position: u16, first: f64) -> Examination {
        // As many equal exposures as the weighed ones are worth (Kish 1965).
        let worth = self.weight * self.weight / self.squares;
        let rate = (worth * self.clicks / self.weight + PRIOR * first * discount(position)) / (worth + PRIOR);
        let side = SIDES * (rate * (1.0 - rate).max(0.0) / (worth + PRIOR)).sqrt();
        Examination {
            position,
            shown: self.shown,
            clicked: self.clicked,
            attention: rate / first,
            low: (rate - side).max(0.0) / first,
            high: (rate + side) / first,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::random::SplitMix;

    /// Shoppers who look at place `p` with probability `looks(p)` and then click what they like, from pools of two sizes.
    fn draws(count: usize, looks: impl Fn(u16) -> f64) -> Vec<Draw> {
        let mut dice = SplitMix::new(7);
        let mut chance = |probability: f64| dice.below(1_000_000) < (probability * 1e6) as usize;
        let draw = |number: usize| {
            let position = [1, 3, 7][number % 3];
            let pool = if chance(0.5) { 10.0 } else { 40.0 };
            // The smaller pool is better liked, wherever it stands.
            let liked = if pool < 20.0 { 0.4 } else { 0.1 };
            Draw { position, propensity: 1.0 / pool, clicked: chance(looks(position)) && chance(liked) }
        };
        (0..count).map(draw).collect()
    }

    #[test]
    fn attention_is_found_and_what_is_liked_does_not_mislead() {
        // Half as much from place to place, much faster than the discount has it.
        let looks = |position: u16| [0.8, 0.4, 0.1][usize::from(position > 1) + usize::from(position > 3)];
        let found = fit(&draws(60_000, looks));
        assert_eq!(found.iter().map(|place| place.position).collect::<Vec<u16>>(), [1, 3, 7]);
        let [top, middle, bottom] = &found[..] else { panic!("three places") };
        assert!((middle.attention / top.attention - 0.5).abs() < 0.06, "{found:?}");
        assert!((bottom.attention / top.attention - 0.125).abs() < 0.04, "{found:?}");
        assert!(found.iter().all(|place| place.low < place.attention && place.attention < place.high));
        assert!(found.iter().all(|place| place.shown == 20_000 && place.clicked > 100));
    }

    #[test]
    fn little_evidence_keeps_to_the_discount_and_hardly_any_says_nothing() {
        // Only the lowest place is looked at: against the discount, so that what holds the estimate back is seen.
        let lowest_only = |position: u16| f64::from(u8::from(position == 7));
        let attention = |count: usize| fit(&draws(count, lowest_only))[0].attention;
        let (few, many) = (attention(450), attention(60_000));
        assert!(few > 0.3 && many < 0.05, "{few}, {many}");
        assert!(fit(&draws(30, |_| 1.0)).is_empty() && fit(&[]).is_empty());
    }
}
