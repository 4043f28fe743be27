//! How much room an artifact has for what was learned.
//!
//! A catalog of up to 20,000 items makes an artifact of 8 MB at most. Purchases are the one table that may grow and shrink without a hole:
//! they take what the others, at their fullest, leave. Where a catalog is described at such length that this is too little, session rows
//! become shorter, too. A larger catalog has full session rows and twelve purchase entries an item.

use crate::{content, history::History, together, visits::Visits};
use rapport_core::{
    model::{Draft, HARDLY_KNOWN, ItemStatistics},
    money::Currency,
    time::Timestamp,
};

/// What an artifact of [`BOUNDED_ITEMS`] items weighs at most, in bytes.
pub(crate) const MOST_BYTES: usize = 8_000_000;
pub(crate) const BOUNDED_ITEMS: usize = 20_000;
/// Kept for what an artifact says about itself (weights, outlook, personas) and for the names of its tensors, in bytes.
pub(crate) const DESCRIPTION_BYTES: usize = 100_000;
/// An item's number and a weight, in bytes.
const ENTRY_BYTES: usize = 4;
/// Where each item's row of a table begins, in bytes.
const OFFSET_BYTES: usize = 4;
/// The share of people who buy an item anyway, in bytes.
const INTERCEPT_BYTES: usize = 2;
/// Session, together, content, purchases.
const TABLES: usize = 4;
/// Beyond [`BOUNDED_ITEMS`].
const ENTRIES_AN_ITEM: usize = 12;
/// Entries of a session row beside the purchase entries an item that must fit, too; the first that fits is taken. Sessions lose .003 of
/// their hits at 24 entries and .005 at 20.
const LADDER: [(usize, usize); 6] = [(30, 12), (24, 12), (20, 10), (16, 8), (12, 6), (8, 4)];

/// What fits beside everything else that was learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// Entries of a session row.
    pub(crate) session: usize,
    /// Purchase entries in all.
    pub(crate) purchases: usize,
}

impl Room {
    pub(crate) fn of(history: &History, statistics: &[ItemStatistics], visits: &Visits) -> Self {
        let items = history.items.len();
        if items > BOUNDED_ITEMS {
            return Self { session: LADDER[0].0, purchases: ENTRIES_AN_ITEM * items };
        }
        let bought = bought(history);
        let left = left(history, statistics, visits, bought);
        let fits = |(session, purchases): &(usize, usize)| visits.entries(*session, content::KEPT) + purchases * bought <= left;
        let (session, _) = LADDER.into_iter().find(fits).unwrap_or(LADDER[LADDER.len() - 1]);
        Self { session, purchases: left.saturating_sub(visits.entries(session, content::KEPT)) }
    }
}

/// How many items were ever bought.
fn bought(history: &History) -> usize {
    let mut items: Vec<u32> = history.buys.iter().map(|buy| buy.item).collect();
    items.sort_unstable();
    items.dedup();
    items.len()
}

/// Entries that are left for sessions, likeness in their place, and purchases.
fn left(history: &History, statistics: &[ItemStatistics], visits: &Visits, bought: usize) -> usize {
    let items = history.items.len();
    let bare = Draft {
        items: history.items.clone(),
        statistics: statistics.to_vec(),
        recent: Some(visits.recent.clone()),
        ..Draft::empty(Timestamp(0), Currency::EUR)
    };
    // What cannot be numbered is refused when it is written.
    let weight = bare.weight().unwrap_or(MOST_BYTES);
    let new = statistics.iter().filter(|item| item.popularity < HARDLY_KNOWN).count();
    let entries = together::DEFAULT.kept * bought + content::entries_back(items, new);
    let taken = weight + DESCRIPTION_BYTES + TABLES * OFFSET_BYTES * (items + 1) + INTERCEPT_BYTES * items + ENTRY_BYTES * entries;
    MOST_BYTES.saturating_sub(taken) / ENTRY_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        history::{Buy, Look},
        visits,
    };
    use rapport_core::{catalog::Item, id::ItemId};

    /// Entries an item, for a shop of so many; one looks at everything after everything else, unless nobody looks, and
    /// another buys it all.
    fn an_item(items: usize, is_looked_at: bool) -> usize {
        let at = Timestamp(0);
        let looks = (0..items as u32).map(|item| Look { person: 1, at, item }).filter(|_| is_looked_at);
        let history = History {
            items: (0..items).map(|item| Item::bare(ItemId::new(&format!("item-{item:07}")).expect("an id"))).collect(),
            known: vec![true; 2],
            looks: looks.collect(),
            buys: (0..items as u32).map(|item| Buy { person: 0, at, order: 0, item, quantity: 1 }).collect(),
            ..History::default()
        };
        let params = visits::Params { longest_visit: usize::MAX, ..visits::DEFAULT };
        let statistics = vec![ItemStatistics { popularity: 9.0, ..ItemStatistics::default() }; items];
        Room::of(&history, &statistics, &Visits::of(&history, &params)).purchases / items
    }

    #[test]
    fn what_looks_leave_is_for_purchases() {
        let [alone, beside] = [false, true].map(|is_looked_at| an_item(2_000, is_looked_at));
        assert!(alone > beside && beside > 800, "{alone}, {beside}");
        assert!(an_item(20_000, false) > 40, "a shop that only sells");
        assert_eq!([20_001, 100_000].map(|items| an_item(items, false)), [12, 12]);
    }
}
