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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Buy, Look};
    use proptest::prelude::*;
    use rapport_core::{catalog::Item, id::ItemId, time::DAY_MS};

    const ITEMS: u32 = 3;
    const NOW: i64 = 100;

    /// Looks and purchases as (person, day, item).
    fn history(looks: &[(u32, i64, u32)], buys: &[(u32, i64, u32)]) -> History {
        let at = |day: i64| Timestamp(day * DAY_MS);
        History {
            items: (0..ITEMS).map(|item| Item::bare(ItemId::new(&format!("i{item}")).expect("an id"))).collect(),
            looks: looks.iter().map(|(person, day, item)| Look { person: *person, at: at(*day), item: *item }).collect(),
            buys: buys
                .iter()
                .map(|(person, day, item)| Buy { person: *person, at: at(*day), order: 0, item: *item, quantity: 1 })
                .collect(),
            ..History::default()
        }
    }

    fn fitted(looks: &[(u32, i64, u32)], buys: &[(u32, i64, u32)]) -> Vec<(f32, f32)> {
        fit(&history(looks, buys), Timestamp(NOW * DAY_MS), &DEFAULT)
    }

    proptest! {
        #[test]
        fn every_person_adds_their_days_up_to_a_bound(
            looks in prop::collection::vec((0u32..3, 60..=NOW, 0..ITEMS), 0..90),
            buys in prop::collection::vec((0u32..3, 60..=NOW, 0..ITEMS), 0..40),
        ) {
            for (item, told) in fitted(&looks, &buys).into_iter().enumerate() {
                let dealt = |with: &[(u32, i64, u32)], person: u32, day: i64| with.contains(&(person, day, item as u32));
                let weight = |person: u32, day: i64| match () {
                    () if dealt(&buys, person, day) => 1.0,
                    () if dealt(&looks, person, day) => 0.1,
                    () => 0.0f32,
                };
                let sum = |half_lives: f32| -> f32 {
                    let of_day = |person, day| weight(person, day) * (-((NOW - day) as f32) / 14.0 * half_lives).exp2();
                    (0..3).map(|person| (60..=NOW).map(|day| of_day(person, day)).sum::<f32>().min(3.0)).sum()
                };
                prop_assert!((told.0 - sum(0.0)).abs() < 1e-3 && (told.1 - sum(1.0)).abs() < 1e-3, "{told:?}");
            }
        }
    }

    #[test]
    fn the_trend_fades_and_popularity_does_not() {
        let buys: Vec<(u32, i64, u32)> = (0..8).map(|person| (person, NOW - 28, 0)).chain((0..3).map(|person| (person, NOW, 1))).collect();
        assert_eq!(fitted(&[], &buys), [(8.0, 2.0), (3.0, 3.0), (0.0, 0.0)], "two half-lives leave a quarter");
    }

    #[test]
    fn who_deals_with_an_item_every_day_makes_no_trend() {
        // One person buys and looks at the first item every day; four people bought the second this week.
        let every_day: Vec<(u32, i64, u32)> = (0..=NOW).map(|day| (0, day, 0)).collect();
        let buys: Vec<(u32, i64, u32)> = every_day.iter().copied().chain((1..5).map(|person| (person, NOW - 2, 1))).collect();
        let told = fitted(&every_day.repeat(50), &buys);
        assert_eq!(told[0], (3.0, 3.0));
        assert!(told[1].0 > told[0].0 && told[1].1 > told[0].1, "{told:?}");
    }

    /// Popularity and trend of a thing that sells, and of one that somebody pushes from so many devices, so often a day, for so many days.
    fn pushed(devices: u32, looks_a_day: u32, days: i64) -> [(f32, f32); 2] {
        let now = Timestamp((NOW + 1_000) * DAY_MS);
        let items = ["honest", "pushed"].map(|id| Item::bare(ItemId::new(id).expect("an id")));
        let buys = (0..40).map(|person| Buy { person, at: now.plus_days(-1), order: person, item: 0, quantity: 1 });
        let looks = (0..devices).flat_map(move |device| {
            (0..days).flat_map(move |day| {
                (0..looks_a_day).map(move |number| Look {
                    person: 100 + device,
                    at: now.plus_ms(i64::from(number) * 1_000 - day * DAY_MS),
                    item: 1,
                })
            })
        });
        let known = vec![true; 100 + devices as usize];
        let history = History { items: items.to_vec(), known, buys: buys.collect(), looks: looks.collect(), ..History::default() };
        let fitted = fit(&history, now, &DEFAULT);
        [fitted[0], fitted[1]]
    }

    /// One device, however loud, adds no more than three purchases would, and takes a month for it; a hundred devices that look a thousand
    /// times a day each are worth ten purchases.
    #[test]
    fn pushing_a_thing_into_the_trend_takes_more_hands_than_clicks() {
        let [(_, honest), (_, once)] = pushed(1, 1, 1);
        assert!(honest > 35.0 && once <= 0.1, "{honest} {once}");
        assert_eq!(pushed(1, 10_000, 1)[1].1, once, "a day of one device is one look");
        let [_, (popular, trending)] = pushed(1, 1_000, 365);
        assert!(popular <= 3.0 && trending <= 3.0, "a year of one device: {popular} {trending}");
        let [(_, honest), (_, many)] = pushed(100, 1_000, 1);
        assert!(many < 10.01 && honest > 3.0 * many, "{honest} {many}");
    }
}
