//! Customers who bought, as training reads them.

use rapport_core::{
    catalog::Item,
    id::ItemId,
    random::SplitMix,
    time::{DAY_MS, Timestamp},
};
use rapport_train::{Buy, History};

/// Twelve orders of three items each a customer, from a shelf of their own and from what everybody buys. Seeded, so that two runs count the
/// same.
pub fn history(customers: u32, items: u32, now: Timestamp) -> History {
    let mut dice = SplitMix::new(1);
    let mut below = |bound: u32| dice.below(bound as usize) as u32;
    let mut buys: Vec<Buy> = Vec::new();
    for person in 0..customers {
        for order in 0..12 {
            let at = now.plus_ms(-DAY_MS * (360 - 30 * i64::from(order)));
            for line in 0..3 {
                let place = if line == 0 { below(20) } else { person * 37 + below(60) };
                buys.push(Buy { person, at, order: person * 12 + order, item: place % items, quantity: 1 });
            }
        }
    }
    let item = |number: u32| Item::bare(ItemId::new(&format!("item-{number:05}")).expect("an id"));
    History {
        items: (0..items).map(item).collect(),
        known: vec![true; customers as usize],
        events: buys.len() as u64,
        buys,
        ..History::default()
    }
}
