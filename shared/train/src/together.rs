//! What goes with what: complements, by lift.
//!
//! Lift is how much oftener two items share an order than chance would have it, `n_ij N / (n_i n_j)` (Brin et al. 1997). Rare pairs
//! have wild lifts, so the expectation is raised by a few orders: `n_ij / (n_i n_j / N + k)`. What is bought together less often than
//! chance would have it goes apart rather than together, and what people look at side by side in one category more often than they buy it
//! together is an alternative: neither is a complement. The first needs nothing but orders.

use crate::{
    history::{Buy, History},
    pairs::Groups,
};
use rapport_core::model::Neighbour;

/// What may be turned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Params {
    /// Orders added to the expectation.
    pub(crate) prior_orders: f32,
    /// Entries kept for an item.
    pub(crate) kept: usize,
    /// A pair that fewer people stand behind is not shown to strangers, so it is not stored.
    pub(crate) least_supporters: u32,
    /// Of an order, at most so many items; of a person, at most so many newest orders: a robot that buys must not make all else rare.
    pub(crate) longest: usize,
    pub(crate) orders_a_person: usize,
}

pub(crate) const DEFAULT: Params = Params { prior_orders: 5.0, kept: 10, least_supporters: 2, longest: 150, orders_a_person: 100 };

/// The table, and how many orders it rests on. `visits` is the session table, which knows alternatives.
pub(crate) fn fit(history: &History, visits: &[Vec<Neighbour>], params: &Params) -> (Vec<Vec<Neighbour>>, u64) {
    let count = history.items.len();
    let taken: Vec<&[Buy]> = history.shoppers().flat_map(|buys| newest(buys, params.orders_a_person)).collect();
    let groups = Groups::of_purchases(history, taken.iter().copied(), params.longest);
    let n = groups.occurrences(count);
    let category = |item: u32| history.items.get(item as usize).and_then(|item| item.category.as_deref());
    let looked_at_by = |item: u32, other: u32| {
        let row = visits.get(item as usize).map(Vec::as_slice).unwrap_or_default();
        row.iter().find(|near| near.item == other).map_or(0, |near| near.supporters)
    };
    let rows = groups.rows(count, params.kept, |item, pair| {
        let same_category = category(item).is_some() && category(item) == category(pair.item);
        let is_alternative = same_category && looked_at_by(item, pair.item) > pair.supporters;
        let expected = n[item as usize] as f32 * n[pair.item as usize] as f32 / taken.len() as f32;
        let lift = pair.groups as f32 / (expected + params.prior_orders);
        let goes_apart = (pair.groups as f32) < expected;
        (pair.supporters >= params.least_supporters && !goes_apart && !is_alternative).then_some(lift)
    });
    (rows, history.orders().count() as u64)
}

/// The newest orders of one person, at most so many.
fn newest(buys: &[Buy], most: usize) -> Vec<&[Buy]> {
    let mut orders: Vec<&[Buy]> = buys.chunk_by(|a, b| a.order == b.order).collect();
    orders.drain(..orders.len().saturating_sub(most));
    orders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Buy;
    use proptest::prelude::*;
    use rapport_core::{catalog::Item, id::ItemId, time::Timestamp};
    use std::collections::BTreeSet;

    const ITEMS: u32 = 6;

    /// Orders as (person, items); person 0 is nobody. Items 0 to 2 are tea, 3 and 4 cups, 5 is of no category.
    fn history(orders: &[(u32, BTreeSet<u32>)]) -> History {
        let category = |item: u32| [Some("Tea"), Some("Tea"), Some("Tea"), Some("Cups"), Some("Cups"), None][item as usize];
        let item = |number: u32| Item {
            category: category(number).map(str::to_owned),
            ..Item::bare(ItemId::new(&format!("i{number}")).expect("an id"))
        };
        let buys = orders.iter().enumerate().flat_map(|(order, (person, items))| {
            let buy = move |item: &u32| Buy { person: *person, at: Timestamp(order as i64), order: order as u32, item: *item, quantity: 1 };
            items.iter().map(buy)
        });
        let mut buys: Vec<Buy> = buys.collect();
        buys.sort_by_key(|buy| (buy.person, buy.at, buy.order));
        History { items: (0..ITEMS).map(item).collect(), known: (0..5).map(|person| person > 0).collect(), buys, ..History::default() }
    }

    /// A session table in which each of these pairs has so many supporters.
    fn looks(pairs: &[(u32, u32, u32)]) -> Vec<Vec<Neighbour>> {
        let row = |item: u32| {
            let of_item = pairs.iter().filter(|(a, _, _)| *a == item);
            of_item.map(|(_, other, supporters)| Neighbour { item: *other, weight: 1.0, supporters: *supporters }).collect()
        };
        (0..ITEMS).map(row).collect()
    }

    fn named(table: &[Vec<Neighbour>]) -> Vec<Vec<u32>> {
        table.iter().map(|row| row.iter().map(|near| near.item).collect()).collect()
    }

    proptest! {
        #[test]
        fn rows_hold_what_is_together_beyond_chance_by_lift(
            orders in prop::collection::vec((0u32..5, prop::collection::btree_set(0..ITEMS, 1..5)), 0..40),
            pairs in prop::collection::vec((0..ITEMS, 0..ITEMS, 1u32..6), 0..6),
        ) {
            let (table, count) = fit(&history(&orders), &looks(&pairs), &DEFAULT);
            prop_assert_eq!(count, orders.len() as u64);
            let kind = |item: u32| [Some(0), Some(0), Some(0), Some(1), Some(1), None][item as usize];
            for (a, row) in (0u32..).zip(&table) {
                let mut expected: Vec<(u32, f32, u32)> = Vec::new();
                for b in (0..ITEMS).filter(|b| *b != a) {
                    let with = |wanted: &[u32]| orders.iter().filter(|(_, items)| wanted.iter().all(|item| items.contains(item))).collect::<Vec<_>>();
                    let both = with(&[a, b]);
                    let people: BTreeSet<u32> = both.iter().map(|(person, _)| *person).filter(|person| *person > 0).collect();
                    let chance = (with(&[a]).len() * with(&[b]).len()) as f32 / orders.len().max(1) as f32;
                    let looked_at = pairs.iter().find(|(one, other, _)| (*one, *other) == (a, b)).map_or(0, |pair| pair.2);
                    let is_alternative = kind(a).is_some() && kind(a) == kind(b) && looked_at > people.len() as u32;
                    if people.len() >= 2 && both.len() as f32 >= chance && !is_alternative {
                        expected.push((b, both.len() as f32 / (chance + 5.0), people.len() as u32));
                    }
                }
                expected.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                let told: Vec<(u32, f32, u32)> = row.iter().map(|near| (near.item, near.weight, near.supporters)).collect();
                prop_assert_eq!(told, expected, "row {}", a);
            }
        }
    }

    #[test]
    fn what_is_bought_instead_is_not_bought_with() {
        // Everybody buys one of two teas, and a cup with it; two people bought both teas once.
        let order = |person: u32, items: &[u32]| (person, items.iter().copied().collect::<BTreeSet<u32>>());
        let mut orders: Vec<(u32, BTreeSet<u32>)> = (0..40).map(|number| order(1 + number % 4, &[number % 2, 3])).collect();
        orders.extend([order(1, &[0, 1]), order(2, &[0, 1])]);
        orders.extend((0..20).map(|number| order(1 + number % 4, &[5])));
        let (table, _) = fit(&history(&orders), &[], &DEFAULT);
        assert_eq!(named(&table)[..2], [vec![3], vec![3]], "rarely in one order, and with the same cup: one tea or the other");
    }

    #[test]
    fn what_is_compared_in_one_category_is_an_alternative() {
        let both = [0u32, 1].into_iter().collect::<BTreeSet<u32>>();
        let mut orders: Vec<(u32, BTreeSet<u32>)> = (1..4).map(|person| (person, both.clone())).collect();
        orders.extend((0..30).map(|number| (1 + number % 4, BTreeSet::from([5]))));
        let rows = |supporters: u32| named(&fit(&history(&orders), &looks(&[(0, 1, supporters), (1, 0, supporters)]), &DEFAULT).0);
        assert_eq!(rows(3)[..2], [vec![1], vec![0]], "three bought both, three compared them");
        assert!(rows(4).concat().is_empty(), "more compared them than bought both");
    }
}
