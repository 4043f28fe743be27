//! What is bought by the same people: the basket table. An order counts whole; purchases of one person in different orders count, too,
//! since most pairs of a small shop never meet in one order.
//!
//! `sim(i, j) = (O + 0.5 P) / (n_i^0.5 n_j^0.3)` with O the orders and P the people with both, n the people with the item: item-kNN
//! (Deshpande and Karypis 2004) over two kinds of group at once, a little softer on popular items than cosine.

use crate::{
    history::{Buy, History},
    pairs::{Groups, best},
};
use rapport_core::model::Neighbour;

/// What may be turned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Params {
    pub(crate) in_order: f32,
    pub(crate) by_person: f32,
    pub(crate) own_exponent: f32,
    pub(crate) other_exponent: f32,
    /// Entries kept for an item.
    pub(crate) kept: usize,
    /// A pair that fewer people stand behind is not shown to strangers, so it is not stored.
    pub(crate) least_supporters: u32,
    /// Of an order and of a person, at most so many newest items: a wholesaler's thousand lines are no taste.
    pub(crate) longest: usize,
}

pub(crate) const DEFAULT: Params =
    Params { in_order: 1.0, by_person: 0.5, own_exponent: 0.5, other_exponent: 0.3, kept: 10, least_supporters: 2, longest: 150 };

/// The table.
pub(crate) fn fit(history: &History, params: &Params) -> Vec<Vec<Neighbour>> {
    let count = history.items.len();
    let orders = groups(history, history.orders(), params.longest);
    let people = groups(history, history.shoppers().filter(|buys| history.is_known(buys[0].person)), params.longest);
    let n = people.occurrences(count).into_iter().zip(orders.occurrences(count)).map(|(people, orders)| people.max(orders) as f32);
    let n: Vec<f32> = n.collect();
    let scale = |item: u32, other: u32| n[item as usize].powf(params.own_exponent) * n[other as usize].powf(params.other_exponent);
    let keep = |share: f32| {
        move |item: u32, pair: &crate::pairs::Pair| {
            (pair.supporters >= params.least_supporters).then(|| share * pair.groups as f32 / scale(item, pair.item))
        }
    };
    // Twice as many from either kind, so that what is strong in the sum is found in both.
    let in_order = orders.rows(count, params.kept * 2, keep(params.in_order));
    let by_person = people.rows(count, params.kept * 2, keep(params.by_person));
    in_order.into_iter().zip(by_person).map(|(a, b)| best(sum(a, b), params.kept)).collect()
}

/// Purchases as groups: each item once, the newest first to stay when there are too many.
pub(crate) fn groups<'a>(history: &History, groups: impl Iterator<Item = &'a [Buy]>, longest: usize) -> Groups {
    let mut collected = Groups::default();
    for buys in groups {
        let person = if history.is_known(buys[0].person) { buys[0].person } else { u32::MAX };
        let mut items: Vec<u32> = buys[buys.len().saturating_sub(longest)..].iter().map(|buy| buy.item).collect();
        items.sort_unstable();
        items.dedup();
        collected.push(person, items);
    }
    collected
}

fn sum(a: Vec<Neighbour>, b: Vec<Neighbour>) -> Vec<Neighbour> {
    let mut both: Vec<Neighbour> = a.into_iter().chain(b).collect();
    both.sort_by_key(|near| near.item);
    both.dedup_by(|next, kept| {
        let same = next.item == kept.item;
        if same {
            kept.weight += next.weight;
            kept.supporters = kept.supporters.max(next.supporters);
        }
        same
    });
    both
}
