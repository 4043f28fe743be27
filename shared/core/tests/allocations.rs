//! What is asked of the allocator: by a warm lookup, whatever the number of candidates; by a body, whatever somebody wrote into it.

#![expect(clippy::expect_used, unsafe_code, reason = "a test; the allocator counts")]

use rapport_core::{
    catalog::{Item, Listing, Telling},
    event::{Authority, Event},
    id::ItemId,
    model::{Draft, ItemStatistics, Model, Neighbour, Table},
    money::Currency,
    ranking::{Ask, Scratch, Shop, recommend},
    rules::Rules,
    source::{self, ConsentMode, ContactField, Delivery, Erasure, Reject, Sink},
    time::Timestamp,
};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    collections::BTreeMap,
};

const NOW: Timestamp = Timestamp(1_795_348_800_000);

struct Counting;

thread_local! {
    /// Of this thread, so that tests do not count each other's: calls, bytes held, and the most that were.
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

fn grow(bytes: usize) {
    CALLS.set(CALLS.get() + 1);
    HELD.set(HELD.get() + bytes);
    PEAK.set(PEAK.get().max(HELD.get()));
}

fn shrink(bytes: usize) {
    HELD.set(HELD.get().saturating_sub(bytes));
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes to the system's allocator as it came; beside it only numbers are kept.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        shrink(layout.size());
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        grow(size);
        shrink(layout.size());
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
        let before = CALLS.get();
        let warm = ask_once();
        let made = CALLS.get() - before;
        assert_eq!(warm, first);
        made
    };
    let (few, many) = (calls(100), calls(5_000));
    assert!(few > 0, "nothing was counted");
    assert_eq!(many, few);
}

/// What is held while a body is read, beside eight bytes for each of its own: the hundred events that are held back until all is read.
const ALWAYS_BYTES: usize = 256 * 1024;
/// About how long each body is.
const BODY_BYTES: usize = 2_000_000;

/// Takes everything and keeps nothing.
#[derive(Default)]
struct Nowhere {
    events: usize,
    rejects: usize,
}

impl Sink for Nowhere {
    fn event(&mut self, _: Event) {
        self.events += 1;
    }
    fn contact(&mut self, _: ContactField) {}
    fn telling(&mut self, _: Telling) {}
    fn erasure(&mut self, _: Erasure) {}
    fn reject(&mut self, _: Reject) {
        self.rejects += 1;
    }
}

/// `before`, as many of `part` as there is room for, and `after`.
fn body(before: &str, part: &str, after: &str) -> String {
    let parts = vec![part; BODY_BYTES / (part.len() + 1)].join(",");
    format!("{before}{parts}{after}")
}

/// What can be read of a body is handed on one by one, and what cannot is kept once.
#[test]
fn a_body_is_held_at_eight_times_its_size_at_most() {
    let id = "o".repeat(180);
    let track = |event: &str, inside: &str| format!(r#"{{"type":"track","userId":"u","event":"{event}","properties":{{{inside}"#);
    let shopify = |inside: &str| format!(r#"{{"id":"{id}","order_number":1,"created_at":"2026-11-20T10:00:00Z",{inside}"#);
    let woocommerce = format!(r#"{{"id":"{id}","status":"completed","date_created_gmt":"2026-11-20T10:00:00","line_items":["#);
    let stripe =
        r#"{"type":"invoice.paid","created":1795000000,"data":{"object":{"id":"in_1","currency":"eur","total":1,"lines":{"data":["#;
    let cases = [
        ("segment/batch", body("[", "0", "]")),
        ("segment/batch", body("[", "1e14", "]")),
        ("segment/batch", body("[", "[]", "]")),
        ("segment/batch", body("[", r#"{"":0}"#, "]")),
        ("segment/batch", body("[", r#"{"type":"page","userId":"1"}"#, "]")),
        ("segment/batch", body("[", r#"{"type":"identify","userId":"1","traits":{"a":"b"}}"#, "]")),
        ("segment/batch", body(r#"{"batch":[0,0],"context":["#, "0.1", "]}")),
        ("segment/batch", format!(r#"["{}"]"#, "\\n".repeat(BODY_BYTES / 2))),
        ("segment/identify", body(r#"{"userId":"1","traits":{"a":"b""#, r#""a":"b""#, "}}").replacen("\"b\"\"a", "\"b\",\"a", 1)),
        ("segment/track", body(&track("Order Completed", &format!(r#""order_id":"{id}","products":["#)), r#"{"sku":"a"}"#, "]}}")),
        ("segment/track", body(&track("Order Refunded", &format!(r#""order_id":"{id}","products":["#)), r#"{"sku":"a"}"#, "]}}")),
        ("segment/track", body(&track("view_cart", r#""items":["#), r#"{"id":1}"#, "]}}")),
        ("segment/track", body(&track("Recommendation Shown", r#""recommendation_id":"r","items":["#), r#"{"id":1}"#, "]}}")),
        ("segment/track", body(&track("Survey Answered", r#""answers":["#), r#"{"question":"a","answer":"b"}"#, "]}}")),
        ("beacon", body("[", r#"{"type":"page","anonymousId":"1"}"#, "]")),
        ("shopify", body(&shopify(r#""line_items":["#), r#"{"id":1}"#, "]}")),
        ("shopify", body(&shopify(r#""line_items":[],"refunds":["#), r#"{"id":1,"refund_line_items":[{"line_item":{}}]}"#, "]}")),
        ("shopify", body(&shopify(r#""line_items":[],"discount_codes":["#), r#"{"code":1}"#, "]}")),
        ("shopify", body(r#"{"token":"t","line_items":["#, r#"{"sku":1}"#, "]}")),
        ("shopify", body(r#"{"id":1,"title":"t","updated_at":"2026-11-20T10:00:00Z","tags":["a"],"variants":["#, r#"{"id":1}"#, "]}")),
        ("shopify", body(r#"{"id":1,"title":"t","updated_at":"2026-11-20T10:00:00Z","variants":[],"tags":["#, r#""a""#, "]}")),
        ("woocommerce", body(&woocommerce, r#"{"id":1}"#, "]}")),
        ("stripe", body(stripe, "{}", "]}}}}")),
        ("klaviyo", body(r#"{"data":["#, r#"{"topic":"event:klaviyo.opened_email"}"#, "]}")),
        ("klaviyo", body(r#"{"data":["#, "0", "]}")),
        ("mailchimp", body("mandrill_events=[", "0", "]")),
        ("mailchimp", format!("type=subscribe&{}", "a=b&".repeat(BODY_BYTES / 4))),
        ("mailchimp", format!("mandrill_events={}", "%5B".repeat(BODY_BYTES / 3))),
    ];
    for (route, body) in cases {
        let route = route.parse().expect("a route");
        let shop = source::Shop { currency: Currency::EUR, consent: ConsentMode::OptOut, hash_key: "0123456789abcdef" };
        let delivery = Delivery { route: &route, received: NOW, authority: Authority::Webhook, headers: &[], body: body.as_bytes() };
        let mut nowhere = Nowhere::default();
        let before = HELD.get();
        PEAK.set(before);
        source::read(&delivery, &shop, &mut nowhere);
        let most = PEAK.get() - before;
        let said = format!("{} events, {} rejects of {route} {}", nowhere.events, nowhere.rejects, &body[..body.len().min(200)]);
        assert!(most <= 8 * body.len() + ALWAYS_BYTES, "{most} bytes held for {}: {said}", body.len());
    }
}
