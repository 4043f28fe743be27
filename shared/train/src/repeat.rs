//! Whether and how fast people buy an item again.
//!
//! An item that few bought twice has hardly an interval of its own: it borrows its category's, and that the shop's, as
//! `(n own + 10 above) / (n + 10)` after `n` repeated purchases.

use crate::history::{History, day_of};
use rapport_core::model::Repeat;
use std::collections::BTreeMap;

/// How many buyers at the shop's own rate are added to an item's, so that one fan of a new item is no habit yet.
const PRIOR_BUYERS: f32 = 10.0;
/// How many repeated purchases the level above counts beside an item's own, or a category's.
const PRIOR_INTERVALS: f32 = 10.0;

/// What is counted of an item.
#[derive(Clone, Default)]
struct Count {
    buyers: u32,
    again: u32,
    /// Days from one purchase to the next of the same person, shortest first.
    intervals: Vec<u32>,
}

/// By item. Purchases of one day are one; only known people can buy again.
pub(crate) fn fit(history: &History) -> Vec<Repeat> {
    let counts = counts(history);
    let (buyers, again) =
        counts.iter().fold((0u64, 0u64), |(buyers, again), item| (buyers + u64::from(item.buyers), again + u64::from(item.again)));
    let share = if buyers == 0 { 0.0 } else { again as f32 / buyers as f32 };

    let category = |item: usize| history.items[item].category.as_deref();
    let mut of_categories: BTreeMap<Option<&str>, Vec<u32>> = BTreeMap::new();
    for (item, count) in counts.iter().enumerate() {
        of_categories.entry(category(item)).or_default().extend(&count.intervals);
    }
    let of_shop = median(of_categories.values().flatten().copied().collect());
    let of_categories: BTreeMap<Option<&str>, f32> =
        of_categories.into_iter().map(|(name, intervals)| (name, shrunk(intervals, of_shop))).collect();
    let habit = |(item, Count { buyers, again, intervals }): (usize, Count)| Repeat {
        share: (again as f32 + PRIOR_BUYERS * share) / (buyers as f32 + PRIOR_BUYERS),
        median_days: shrunk(intervals, of_categories.get(&category(item)).copied().unwrap_or(of_shop)),
    };
    counts.into_iter().enumerate().map(habit).collect()
}

fn counts(history: &History) -> Vec<Count> {
    let buys = history.buys.iter().filter(|buy| history.is_known(buy.person));
    let mut days: Vec<(u32, u32, i64)> = buys.map(|buy| (buy.item, buy.person, day_of(buy.at))).collect();
    days.sort_unstable();
    days.dedup();
    let mut counts = vec![Count::default(); history.items.len()];
    for of_item in days.chunk_by(|a, b| a.0 == b.0) {
        let count = &mut counts[of_item[0].0 as usize];
        for of_person in of_item.chunk_by(|a, b| a.1 == b.1) {
            count.buyers += 1;
            count.again += u32::from(of_person.len() > 1);
            count.intervals.extend(of_person.windows(2).map(|pair| u32::try_from(pair[1].2 - pair[0].2).unwrap_or(u32::MAX)));
        }
    }
    counts
}

/// The median of a level's own intervals, so many of those `above` added.
fn shrunk(intervals: Vec<u32>, above: f32) -> f32 {
    let count = intervals.len() as f32;
    (count * median(intervals) + PRIOR_INTERVALS * above) / (count + PRIOR_INTERVALS)
}

/// The upper of the two in the middle; 0 for none.
fn median(mut days: Vec<u32>) -> f32 {
    let middle = days.len() / 2;
    if days.is_empty() { 0.0 } else { *days.select_nth_unstable(middle).1 as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Buy;
    use proptest::prelude::*;
    use rapport_core::{
        catalog::Item,
        id::ItemId,
        time::{DAY_MS, Timestamp},
    };
    use std::collections::BTreeSet;

    const ITEMS: u32 = 4;

    /// Purchases as (person, day, item); items 0 and 1 are tea, 2 is of no category, 3 a cup. Person 0 is nobody.
    fn history(bought: &[(u32, i64, u32)]) -> History {
        let category = |item: u32| [Some("Tea"), Some("Tea"), None, Some("Cups")][item as usize].map(str::to_owned);
        let item = |number: u32| Item { category: category(number), ..Item::bare(ItemId::new(&format!("i{number}")).expect("an id")) };
        let buy = |(order, (person, day, item)): (usize, &(u32, i64, u32))| Buy {
            person: *person,
            at: Timestamp(day * DAY_MS + i64::from(*item)),
            order: order as u32,
            item: *item,
            quantity: 1,
        };
        let mut buys: Vec<Buy> = bought.iter().enumerate().map(buy).collect();
        buys.sort_by_key(|buy| (buy.person, buy.at, buy.order));
        History { items: (0..ITEMS).map(item).collect(), known: (0..9).map(|person| person > 0).collect(), buys, ..History::default() }
    }

    /// The obvious way: every two neighbouring days of every person.
    fn intervals(bought: &[(u32, i64, u32)], of: impl Fn(u32) -> bool) -> Vec<i64> {
        let mut found = Vec::new();
        for (person, item) in (1..9).flat_map(|person| (0..ITEMS).map(move |item| (person, item))).filter(|(_, item)| of(*item)) {
            let days: BTreeSet<i64> = bought.iter().filter(|told| (told.0, told.2) == (person, item)).map(|told| told.1).collect();
            found.extend(days.iter().zip(days.iter().skip(1)).map(|(earlier, later)| later - earlier));
        }
        found.sort_unstable();
        found
    }

    proptest! {
        #[test]
        fn intervals_lean_on_the_category_and_that_on_the_shop(
            bought in prop::collection::vec((0u32..9, 0i64..200, 0u32..ITEMS), 0..120),
        ) {
            let level = |of: &dyn Fn(u32) -> bool, above: f64| {
                let own = intervals(&bought, of);
                let median = own.get(own.len() / 2).copied().unwrap_or(0) as f64;
                (own.len() as f64 * median + 10.0 * above) / (own.len() as f64 + 10.0)
            };
            let all = intervals(&bought, |_| true);
            let shop = all.get(all.len() / 2).copied().unwrap_or(0) as f64;
            let categories: [&dyn Fn(u32) -> bool; 4] = [&|item| item < 2, &|item| item < 2, &|item| item == 2, &|item| item == 3];
            let told = fit(&history(&bought));
            let people = |item: usize, least: usize| {
                let days = |person: u32| bought.iter().filter(|told| (told.0, told.2 as usize) == (person, item)).map(|told| told.1).collect();
                (1..9).filter(|person| BTreeSet::len(&days(*person)) >= least).count() as f64
            };
            let sum = |least: usize| (0..ITEMS as usize).map(|item| people(item, least)).sum::<f64>();
            let share = if sum(1) > 0.0 { sum(2) / sum(1) } else { 0.0 };
            for (item, told) in told.into_iter().enumerate() {
                let expected = level(&|other| other as usize == item, level(categories[item], shop));
                prop_assert!((f64::from(told.median_days) - expected).abs() < 1e-3, "{item}: {told:?}, not {expected}");
                let expected = (people(item, 2) + 10.0 * share) / (people(item, 1) + 10.0);
                prop_assert!((f64::from(told.share) - expected).abs() < 1e-5, "{item}: {told:?}, not {expected}");
            }
        }
    }

    #[test]
    fn an_item_that_nobody_bought_twice_has_the_interval_of_its_kind() {
        // Eight people buy the first tea every 30 days, ten times; nobody buys the second again.
        let mut bought: Vec<(u32, i64, u32)> =
            (1..9).flat_map(|person| (0..10).map(move |time| (person, 30 * time + i64::from(person), 0))).collect();
        bought.push((1, 3, 1));
        let told = fit(&history(&bought));
        assert_eq!([0, 1, 2, 3].map(|item: usize| told[item].median_days), [30.0; 4]);
        // Cups are bought anew every 100 days; that is not tea's affair.
        bought.extend((1..9).flat_map(|person| (0..9).map(move |time| (person, 100 * time, 3))));
        let told = fit(&history(&bought));
        assert!(told[3].median_days > 80.0 && told[1].median_days < 40.0, "{told:?}");
    }
}
