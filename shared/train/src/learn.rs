//! All models of a shop at once.

use crate::{baskets, content, history::History, popularity, purchases, repeat, together, visits};
use rapport_core::{
    model::{Draft, ItemStatistics, NextLook, NextPurchase, Table},
    money::Currency,
    time::Timestamp,
};
use std::collections::BTreeMap;

/// An item with fewer neighbours from people's doings gets some by likeness.
const ENOUGH_NEIGHBOURS: usize = 10;

/// Learns everything that an artifact holds. The same history and `now` give the same draft on any number of threads; a history
/// without events gives an honest empty model.
#[must_use]
pub fn learn(history: &History, currency: Currency, now: Timestamp) -> Draft {
    let visits::Visits { table: session, recent, count: visits } = visits::fit(history, &visits::DEFAULT);
    let basket = baskets::fit(history, &baskets::DEFAULT);
    let (together, orders) = together::fit(history, &session, &together::DEFAULT);
    let neighbours = |item: usize| session.get(item).map_or(0, Vec::len) + basket.get(item).map_or(0, Vec::len);
    let content = content::fit(&history.items, |item| neighbours(item) < ENOUGH_NEIGHBOURS);
    let popularity = popularity::fit(history, now, &popularity::DEFAULT);
    let statistics = popularity.into_iter().zip(repeat::fit(history));
    Draft {
        created: now,
        currency,
        learned_from: [history.people(), history.events, orders, visits],
        items: history.items.clone(),
        statistics: statistics.map(|((popularity, trending), repeat)| ItemStatistics { popularity, trending, repeat }).collect(),
        tables: BTreeMap::from([
            (Table::Session, session),
            (Table::Basket, basket),
            (Table::Together, together),
            (Table::Content, content),
        ]),
        purchases: purchases::fit(history, &purchases::DEFAULT),
        next_purchase: NextPurchase::default(),
        next_look: NextLook::DEFAULT,
        recent: Some(recent),
    }
}
