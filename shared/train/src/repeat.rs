//! Whether and how fast people buy an item again.

use crate::history::{History, day_of};
use rapport_core::model::Repeat;

/// How many buyers at the shop's own rate are added to an item's, so that one fan of a new item is no habit yet.
const PRIOR_BUYERS: f32 = 10.0;

/// By item. Purchases of one day are one; only known people can buy again.
pub(crate) fn fit(history: &History) -> Vec<Repeat> {
    let buys = history.buys.iter().filter(|buy| history.is_known(buy.person));
    let mut days: Vec<(u32, u32, i64)> = buys.map(|buy| (buy.item, buy.person, day_of(buy.at))).collect();
    days.sort_unstable();
    days.dedup();

    let mut counts = vec![(0u32, 0u32, 0.0f32); history.items.len()];
    for of_item in days.chunk_by(|a, b| a.0 == b.0) {
        let people = of_item.chunk_by(|a, b| a.1 == b.1);
        let (buyers, again) = people.fold((0, 0), |(buyers, again), days| (buyers + 1, again + u32::from(days.len() > 1)));
        let mut gaps: Vec<i64> = of_item.windows(2).filter(|pair| pair[0].1 == pair[1].1).map(|pair| pair[1].2 - pair[0].2).collect();
        gaps.sort_unstable();
        counts[of_item[0].0 as usize] = (buyers, again, gaps.get(gaps.len() / 2).copied().unwrap_or(0) as f32);
    }
    let (buyers, again) = counts.iter().fold((0u64, 0u64), |(buyers, again), item| (buyers + u64::from(item.0), again + u64::from(item.1)));
    let shop = if buyers == 0 { 0.0 } else { again as f32 / buyers as f32 };
    let habit = |(buyers, again, median_days): (u32, u32, f32)| Repeat {
        share: (again as f32 + PRIOR_BUYERS * shop) / (buyers as f32 + PRIOR_BUYERS),
        median_days,
    };
    counts.into_iter().map(habit).collect()
}
