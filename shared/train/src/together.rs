//! What goes with what: complements, by lift.
//!
//! Lift is how much oftener two items share an order than chance would have it, `n_ij N / (n_i n_j)` (Brin et al. 1997). Rare pairs
//! have wild lifts, so the expectation is raised by a few orders: `n_ij / (n_i n_j / N + k)`. What people look at side by side
//! in one category more often than they buy it together is an alternative, and alternatives are no complements.

use crate::{history::History, pairs::Groups};
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
    /// Of an order, at most so many items.
    pub(crate) longest: usize,
}

pub(crate) const DEFAULT: Params = Params { prior_orders: 5.0, kept: 10, least_supporters: 2, longest: 150 };

/// The table, and how many orders it rests on. `visits` is the session table, which knows alternatives.
pub(crate) fn fit(history: &History, visits: &[Vec<Neighbour>], params: &Params) -> (Vec<Vec<Neighbour>>, u64) {
    let count = history.items.len();
    let orders = history.orders().count();
    let groups = Groups::of_purchases(history, history.orders(), params.longest);
    let n = groups.occurrences(count);
    let category = |item: u32| history.items.get(item as usize).and_then(|item| item.category.as_deref());
    let looked_at_by = |item: u32, other: u32| {
        let row = visits.get(item as usize).map(Vec::as_slice).unwrap_or_default();
        row.iter().find(|near| near.item == other).map_or(0, |near| near.supporters)
    };
    let rows = groups.rows(count, params.kept, |item, pair| {
        let same_category = category(item).is_some() && category(item) == category(pair.item);
        let is_alternative = same_category && looked_at_by(item, pair.item) > pair.supporters;
        let expected = n[item as usize] as f32 * n[pair.item as usize] as f32 / orders as f32;
        let lift = pair.groups as f32 / (expected + params.prior_orders);
        (pair.supporters >= params.least_supporters && !is_alternative).then_some(lift)
    });
    (rows, orders as u64)
}
