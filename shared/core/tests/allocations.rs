//! What a warm lookup asks of the allocator, which must not depend on how many candidates there are.

#![expect(clippy::expect_used, unsafe_code, reason = "a test; the allocator counts")]

use rapport_core::{
    catalog::{Item, Listing},
    id::ItemId,
    model::{Draft, ItemStatistics, Model, Neighbour, Table},
    money::Currency,
    ranking::{Ask, Scratch, Shop, recommend},
    rules::Rules,
    time::Timestamp,
};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

const NOW: Timestamp = Timestamp(1_795_348_800_000);

struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes to the system's allocator as it came; beside it only a number is kept.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}

/// A shop in which `candidates` items follow the first, the last of them most likely; in two categories.
fn shop(candidates: usize) -> Shop {
    let items = (0..=candidates).map(|number| Item {
        title: Some(format!("Item {number:05}")),
        category: Some(["Baking/Tins", "Tea/Green"][number % 2].to_owned()),
        ..Item::bare(ItemId::new(&format!("i{number:05}")).expect("an id"))
    });
    let near = |number: usize| Neighbour { item: number as u32, weight: 0.1 + 0.9 * number as f32 / candidates as f32, supporters: 3 };
    let row = |of: usize| if of == 0 { (1..=candidates).map(near).collect() } else { Vec::new() };
    let rows: Vec<Vec<Neighbour>> = (0..=candidates).map(row).collect();
    let draft = Draft {
        items: items.collect(),
        statistics: vec![ItemStatistics { popularity: 9.0, trending: 1.0, ..ItemStatistics::default() }; candidates + 1],
        tables: BTreeMap::from([(Table::Session, rows.clone()), (Table::Together, rows)]),
        ..Draft::empty(NOW, Currency::EUR)
    };
    Shop::new(Model::parse(draft.to_bytes().expect("writes").0.into()).ok(), [], Rules::default())
}

#[test]
fn a_lookup_allocates_as_much_for_five_thousand_candidates_as_for_a_hundred() {
    let calls = |candidates: usize| {
        let (shop, mut scratch) = (shop(candidates), Scratch::default());
        let item = |number: usize| ItemId::new(&format!("i{number:05}")).expect("an id");
        let ask = Ask { placement: "product".into(), item: Some(item(0)), limit: 10, discovery: Some(0.2), ..Ask::default() };
        let mut ask_once = || recommend(&shop, &ask, &[], NOW, 7, &mut scratch);
        let first = ask_once();
        let best = shop.item(first.picks[0].item).expect("an item");
        assert!(best.id() >= format!("i{:05}", candidates * 9 / 10).as_str(), "the last were looked at, too: {}", best.id());
        let before = CALLS.load(Ordering::Relaxed);
        let warm = ask_once();
        let made = CALLS.load(Ordering::Relaxed) - before;
        assert_eq!(warm, first);
        made
    };
    let (few, many) = (calls(100), calls(5_000));
    assert!(few > 0, "nothing was counted");
    assert_eq!(many, few);
}
