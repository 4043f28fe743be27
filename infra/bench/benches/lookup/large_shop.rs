//! A made-up shop of any size, for measuring: every item with all its attributes, every table as full as training leaves it.
//!
//! Neighbours lie as they do in real shops: half near the item, which makes the neighbours of related items overlap, half among the few
//! that everybody deals with. Nothing is random, so two runs measure the same.

use rapport_core::{
    catalog::Item,
    id::ItemId,
    model::{Draft, ItemStatistics, Neighbour, RecentVisits, Repeat, Table},
    money::Currency,
    time::{DAY_MS, Timestamp},
};
use std::collections::BTreeSet;

/// How many items share a category.
const CATEGORY: usize = 50;

/// How many neighbours training leaves an item in each table, in the order of [`Table::ALL`]; it gives likeness only to those with few.
const KEPT: [usize; 3] = [30, 10, 0];
/// Entries of all that is bought after another, and of how many recent visits an item is found in, as training has it.
const BOUGHT_AFTER: usize = 240_000;
const VISITS_AN_ITEM: usize = 12;
/// Items of a recent visit.
const VISIT: usize = 4;

/// The id of the item at `place`.
///
/// # Panics
/// Never: it is short text.
#[must_use]
pub fn item_id(place: usize) -> ItemId {
    ItemId::new(&format!("item-{place:05}")).expect("an id")
}

/// The place of the strongest session neighbour of the item at `place`.
#[must_use]
pub fn nearest(place: usize, items: usize) -> usize {
    neighbour(place, items, 0, Table::Session)
}

/// A shop of `items` items, trained at `created`, every table as full as training leaves it.
#[must_use]
pub fn draft(items: usize, created: Timestamp) -> Draft {
    let rows = |table: Table, kept: usize| (0..items).map(|place| row(place, items, kept, table)).collect();
    let bought_after = |place: usize| row(place, items, (BOUGHT_AFTER / items).min(128), Table::Content);
    Draft {
        items: (0..items).map(|place| item(place, created)).collect(),
        statistics: (0..items).map(statistics).collect(),
        tables: Table::ALL.into_iter().zip(KEPT).map(|(table, kept)| (table, rows(table, kept))).collect(),
        purchases: (0..items).map(|place| bought_after(place).into_iter().map(|near| (near.item, near.weight)).collect()).collect(),
        intercepts: (0..items).map(|place| 1.0 / (2.0 + place as f32)).collect(),
        recent: Some(RecentVisits {
            visits: (0..items * VISITS_AN_ITEM / VISIT).map(|number| visit(number, items)).collect(),
            an_item: VISITS_AN_ITEM,
            rarity: vec![0.5; items],
        }),
        learned_from: [100_000, 2_000_000, 150_000, 400_000],
        ..Draft::empty(created, Currency::EUR)
    }
}

fn item(place: usize, created: Timestamp) -> Item {
    let price_minor = 100 + (mixed(place, 1) % 20_000) as i64;
    Item {
        title: Some(format!("A thing of the shop, number {place}")),
        category: Some(format!("department-{}/shelf-{}", place / CATEGORY % 20, place / CATEGORY)),
        brand: Some(format!("brand-{}", mixed(place, 2) % 200)),
        price_minor: Some(price_minor),
        list_price_minor: Some(price_minor + price_minor / 5),
        currency: Some(Currency::EUR),
        image: Some(format!("https://shop.example/i/{place}.jpg")),
        url: Some(format!("https://shop.example/p/{place}")),
        in_stock: !place.is_multiple_of(17),
        published: Some(created.plus_ms(-DAY_MS * (mixed(place, 3) % 1_000) as i64)),
        ..Item::bare(item_id(place))
    }
}

fn statistics(place: usize) -> ItemStatistics {
    let popularity = 50_000.0 / (1.0 + mixed(place, 4) as f32 % 5_000.0);
    let repeat = if place.is_multiple_of(3) { Repeat { share: 0.5, median_days: 30.0 } } else { Repeat { share: 0.02, median_days: 90.0 } };
    ItemStatistics { popularity, trending: popularity / 10.0, repeat }
}

fn row(place: usize, items: usize, kept: usize, table: Table) -> Vec<Neighbour> {
    let mut seen = BTreeSet::from([place]);
    let ranks = (0..4 * kept).map(|rank| neighbour(place, items, rank, table));
    let places = ranks.filter(|other| seen.insert(*other)).take(kept);
    let entry = |(rank, other): (usize, usize)| Neighbour { item: other as u32, weight: 1.0 / (rank + 1) as f32, supporters: 20 };
    places.enumerate().map(entry).collect()
}

/// An item and some that go with it.
fn visit(number: usize, items: usize) -> Vec<u32> {
    let place = number % items;
    let next = |step: usize| if step == 0 { place } else { neighbour(place, items, step + number / items, Table::Session) };
    let mut visit: Vec<u32> = (0..VISIT).map(|step| next(step) as u32).collect();
    visit.sort_unstable();
    visit.dedup();
    visit
}

/// Even ranks are near by, odd ones popular: the cube of an even draw heaps up at the first places.
fn neighbour(place: usize, items: usize, rank: usize, table: Table) -> usize {
    if rank.is_multiple_of(2) {
        let shelf = place / CATEGORY * CATEGORY;
        (shelf + (place + 1 + rank / 2 * (1 + 2 * table as usize)) % (2 * CATEGORY)) % items
    } else {
        let drawn = mixed(place, 10 + rank * 4 + table as usize) as f64 / (1_u64 << 32) as f64;
        (drawn.powi(3) * items as f64) as usize % items
    }
}

/// 32 bits that look like chance (the finalizer of MurmurHash3).
fn mixed(place: usize, salt: usize) -> u64 {
    let mut bits = (place as u64) << 20 ^ salt as u64;
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53_u64] {
        bits = (bits ^ bits >> 33).wrapping_mul(factor);
    }
    (bits ^ bits >> 33) >> 32
}
