//! What sells in these weeks of the year and in few others, as last year had it.
//!
//! An item is in season when the people who bought it in the weeks around this day a year ago are more than its whole year explains, by
//! two standard errors of such a count (Poisson's root). The excess orders the list: a Christmas tree ornament stands before the tea towel
//! that always sells, however well that does.

use crate::history::{Buy, History, day_of};
use rapport_core::time::Timestamp;
use rayon::prelude::*;

/// A year, so that weekdays match.
const YEAR: i64 = 364;
/// The season begins so many days before this day of last year, and ends so many after it.
const BEFORE: i64 = 7;
const AFTER: i64 = 21;
/// How many items are in season at most.
const KEPT: usize = 60;

/// The items in season at `now`, most out of the ordinary first; none before the shop has a year behind it.
pub(crate) fn fit(history: &History, now: Timestamp) -> Vec<u32> {
    let this_day = day_of(now) - YEAR;
    let (from, to) = (this_day - BEFORE, this_day + AFTER);
    // The year that the season is measured against: half a year to either side of it, as far as the shop has been there.
    let oldest = history.buys.iter().map(|buy| day_of(buy.at)).min().unwrap_or(i64::MAX);
    let year = (this_day - YEAR / 2).max(oldest)..(this_day + YEAR / 2).min(day_of(now));
    if oldest > from {
        return Vec::new();
    }
    let share = (to - from) as f32 / (year.end - year.start).max(1) as f32;
    let mut buys: Vec<&Buy> = history.buys.iter().filter(|buy| year.contains(&day_of(buy.at))).collect();
    buys.par_sort_unstable_by_key(|buy| (buy.item, buy.person, buy.at));
    let excess = |of_item: &[&Buy]| {
        let people = |is_meant: &dyn Fn(i64) -> bool| {
            of_item.chunk_by(|a, b| a.person == b.person).filter(|buys| buys.iter().any(|buy| is_meant(day_of(buy.at)))).count() as f32
        };
        let (in_season, usual) = (people(&|day| (from..to).contains(&day)), share * people(&|_| true));
        (in_season > usual + 2.0 * usual.max(1.0).sqrt()).then_some((in_season - usual, of_item[0].item))
    };
    let mut found: Vec<(f32, u32)> = buys.chunk_by(|a, b| a.item == b.item).filter_map(excess).collect();
    found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| history.items[a.1 as usize].id.cmp(&history.items[b.1 as usize].id)));
    found.truncate(KEPT);
    found.into_iter().map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::{catalog::Item, id::ItemId, time::DAY_MS};

    const NOW: i64 = 800;

    /// People who each buy `item` once, on these days.
    fn history(of_items: &[(u32, Vec<i64>)]) -> History {
        let buy = |item: u32, person: usize, day: i64| Buy {
            person: person as u32,
            at: Timestamp(day * DAY_MS),
            order: person as u32,
            item,
            quantity: 1,
        };
        let of_item =
            |(item, days): &(u32, Vec<i64>)| days.iter().enumerate().map(|(person, day)| buy(*item, person, *day)).collect::<Vec<_>>();
        let mut buys: Vec<Buy> = of_items.iter().flat_map(of_item).collect();
        buys.sort_by_key(|buy| (buy.person, buy.at));
        History {
            items: (0..5).map(|item| Item::bare(ItemId::new(&format!("i{item}")).expect("an id"))).collect(),
            buys,
            ..History::default()
        }
    }

    #[test]
    fn what_sold_at_this_time_last_year_and_hardly_otherwise_is_in_season() {
        let season = NOW - YEAR;
        let all_year: Vec<i64> = (0..400).map(|step| NOW - 700 + step * 7 / 4).collect();
        let ornaments: Vec<i64> = (0..30).map(|step| season + step % 15).collect();
        let stars: Vec<i64> = (0..20).map(|step| season - 5 + step).collect();
        let eggs: Vec<i64> = (0..40).map(|step| season + 100 + step % 20).collect();
        let one: Vec<i64> = vec![season];
        let history = history(&[(0, all_year), (1, stars), (2, eggs), (3, ornaments), (4, one)]);
        assert_eq!(fit(&history, Timestamp(NOW * DAY_MS)), [3, 1]);
        assert_eq!(fit(&history, Timestamp((NOW + 110) * DAY_MS)), [2], "eggs have their time");
    }

    #[test]
    fn a_shop_in_its_first_year_knows_no_season() {
        let young = history(&[(0, (0..50).map(|step| NOW - 300 + step).collect())]);
        assert!(fit(&young, Timestamp(NOW * DAY_MS)).is_empty() && fit(&History::default(), Timestamp(0)).is_empty());
    }
}
