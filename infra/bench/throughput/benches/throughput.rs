//! Events a second on one core: what senders say is parsed and made canonical, written as lines of the log, read again, and folded into
//! profiles. The bar is 20,000. Beside the rate stands how much memory a batch takes at a time, which must not depend on how many
//! batches there were before.

#![expect(clippy::expect_used, clippy::print_stdout, unsafe_code, reason = "a measurement")]

use criterion::{Criterion, Throughput};
use rapport_core::{
    event::{Authority, Event, decode_lines, encode_line},
    money::Currency,
    profile::{Profile, Subject, subjects},
    source::{ConsentMode, Delivery, Route, Shop, parse},
    time::Timestamp,
};
use serde_json::json;
use std::{
    alloc::{GlobalAlloc, Layout, System},
    collections::HashMap,
    hint::black_box,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// 2026-11-22T12:00:00Z.
const NOW: Timestamp = Timestamp(1_795_348_800_000);
/// Messages of a delivery, as Segment's SDKs batch them.
const MESSAGES: u64 = 100;
/// Deliveries folded together, as `ingest` batches them.
const DELIVERIES: u64 = 50;
/// Who does it all.
const VISITORS: u64 = 700;
/// Events a second that the suite promises of one core.
const BAR: f64 = 20_000.0;

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes to the system's allocator as it came; beside it only numbers are kept. `realloc` is `alloc` and `dealloc`.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(at, layout) }
    }
}

/// A raw delivery.
struct Raw {
    route: Route,
    authority: Authority,
    body: Vec<u8>,
}

/// One of Segment's batches: looks, pages, carts and now and then an order of two lines.
fn segment(round: u64, delivery: u64) -> Raw {
    let message = |number: u64| {
        let serial = (round * DELIVERIES + delivery) * MESSAGES + number;
        let visitor = serial.wrapping_mul(7_919) % VISITORS;
        let product = json!({ "product_id": format!("item-{}", serial % 997), "name": "Loaf", "category": "Bread/Rye", "price": 4.5,
            "quantity": 1, "currency": "EUR" });
        let at = NOW.plus_ms((serial * 50).cast_signed()).to_string();
        let (event, properties) = match number % 20 {
            0 => ("Order Completed", json!({ "order_id": format!("o-{serial}"), "currency": "EUR", "products": [product, product] })),
            1..=3 => ("Product Added", product),
            4 => ("Products Searched", json!({ "query": "rye bread" })),
            _ => ("Product Viewed", product),
        };
        json!({ "type": "track", "messageId": format!("m-{serial}"), "anonymousId": format!("device-{visitor}"), "userId": format!("c-{visitor}"),
            "event": event, "properties": properties, "timestamp": at,
            "context": { "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "page": { "path": "/bread/rye" }, "locale": "de-DE" } })
    };
    let body = json!({ "batch": (0..MESSAGES).map(message).collect::<Vec<_>>() }).to_string().into_bytes();
    Raw { route: "segment/batch".parse().expect("a route"), authority: Authority::Backend, body }
}

/// An order as Shopify tells it, with four lines.
fn shopify(round: u64, delivery: u64) -> Raw {
    let serial = round * DELIVERIES * MESSAGES + delivery;
    let lines: Vec<_> = (0..4)
        .map(|line| {
            json!({ "id": serial * 10 + line, "product_id": 1_000 + (serial + line) % 997, "variant_id": line, "title": "Loaf", "vendor": "Mill",
            "quantity": 2, "price": "4.50", "total_discount": "0.00", "sku": "LOAF-1",
            "price_set": { "shop_money": { "amount": "4.50", "currency_code": "EUR" }, "presentment_money": { "amount": "4.50", "currency_code": "EUR" } } })
        })
        .collect();
    let at = NOW.plus_ms((serial * 1_000).cast_signed()).to_string();
    let body = json!({ "id": 1_000_000 + serial, "name": format!("#{serial}"), "order_number": serial, "created_at": at, "updated_at": at, "processed_at": at, "currency": "EUR",
        "financial_status": "paid", "total_price": "36.00", "email": "ada@example.org", "test": false, "line_items": lines, "refunds": [],
        "customer": { "id": serial % VISITORS + 1, "email": "ada@example.org", "first_name": "Ada", "created_at": at, "updated_at": at, "tags": "" } })
    .to_string()
    .into_bytes();
    Raw { route: Route::Shopify, authority: Authority::Webhook, body }
}

/// From the senders' words to the log's bytes.
fn ingest(batch: &[Raw]) -> Vec<u8> {
    let shop = Shop { currency: Currency::EUR, consent: ConsentMode::OptOut, hash_key: "0123456789abcdef" };
    let mut lines = Vec::new();
    for Raw { route, authority, body } in batch {
        let received = NOW.plus_days(30);
        let parsed = parse(&Delivery { route, received, authority: *authority, headers: &[], body }, &shop);
        assert!(parsed.rejects.is_empty(), "{:?}", parsed.rejects.first().map(|reject| &reject.reason));
        parsed.events.iter().for_each(|event| encode_line(event, &mut lines));
    }
    lines
}

/// From the log's bytes into profiles; gives how many events there were.
fn fold(lines: &[u8], profiles: &mut HashMap<Subject, Profile>) -> u64 {
    let events: Vec<Event> = decode_lines(lines).map(|line| line.expect("our own line")).collect();
    let mut by_subject: HashMap<Subject, Vec<Event>> = HashMap::new();
    for event in &events {
        for subject in subjects(event) {
            by_subject.entry(subject).or_default().push(event.clone());
        }
    }
    for (subject, events) in by_subject {
        // As stored: unpacked before, packed again after.
        let profile = profiles.entry(subject).or_insert_with_key(|subject| Profile::new(subject.clone()));
        let stored = profile.to_bytes().expect("bytes");
        let mut read = Profile::from_bytes(&stored).expect("a profile");
        read.fold(&events).expect("nothing here is late");
        *profile = read;
    }
    events.len() as u64
}

fn batch(round: u64, kind: fn(u64, u64) -> Raw) -> Vec<Raw> {
    (0..DELIVERIES).map(|delivery| kind(round, delivery)).collect()
}

/// Rounds on and on with the same profiles, as a day goes; gives events a second, and the most memory that a round held besides them.
fn day(kind: fn(u64, u64) -> Raw, rounds: u64) -> (f64, Vec<usize>) {
    let mut profiles = HashMap::new();
    let (mut events, mut spent, mut held) = (0, Duration::ZERO, Vec::new());
    for round in 0..rounds {
        let raw = batch(round, kind);
        let before = HELD.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let started = Instant::now();
        events += fold(&ingest(&raw), &mut profiles);
        spent += started.elapsed();
        held.push(PEAK.load(Ordering::Relaxed) - before);
    }
    (events as f64 / spent.as_secs_f64(), held)
}

fn main() {
    let kinds: [(&str, fn(u64, u64) -> Raw); 2] = [("segment batches", segment), ("shopify orders", shopify)];
    for (name, kind) in kinds {
        let (rate, held) = day(kind, 40);
        let late = held[held.len() / 2..].iter().max().copied().unwrap_or_default();
        let mb = |bytes: usize| bytes as f64 / 1e6;
        println!("{name}: {rate:.0} events a second, {:.1} × the bar; a batch holds {:.1} MB at first and {:.1} MB at most later on", rate / BAR, mb(held[0]), mb(late));
    }
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    for (name, kind) in kinds {
        let raw = batch(0, kind);
        let lines = ingest(&raw);
        let count = fold(&lines, &mut HashMap::new());
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(count));
        group.bench_function("parse and write", |bencher| bencher.iter(|| black_box(ingest(&raw))));
        group.bench_function("read and fold", |bencher| bencher.iter(|| fold(&lines, &mut HashMap::new())));
        group.finish();
    }
    criterion.final_summary();
}
