//! What all targets share: a counting allocator, and a delivery to a route.
//!
//! A target hands its bytes to one parser. It fails when that panics, and when the parser holds more memory at a time than a multiple
//! of what it was given: a sender who pays for a kilobyte must not make us pay for a gigabyte.

use rapport_core::{
    catalog::Telling,
    event::{Authority, Event},
    money::Currency,
    source::{self, ConsentMode, ContactField, Delivery, Erasure, Reject, Route, Shop, Sink},
    time::Timestamp,
};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

/// When everything was received: 2026-11-22T12:00:00Z.
pub const NOW: Timestamp = Timestamp(1_795_348_800_000);
/// What a parser may hold whatever it is given: a file's buffer of a quarter of a megabyte, tables, the text of an error, the hundred
/// events of a delivery that are held back until all of it is read.
const ALWAYS_BYTES: usize = 512 * 1024;
/// What it may hold for each byte given.
const TIMES: usize = 8;

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes to the system's allocator as it came; beside it only numbers are kept.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        grow(size);
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}

fn grow(bytes: usize) {
    let held = HELD.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(held, Ordering::Relaxed);
}

/// Runs `parse` and sees that it never held more than eight bytes for each of `given`.
pub fn bounded<T>(given: usize, parse: impl FnOnce() -> T) -> T {
    bounded_beside(0, given, parse)
}

/// The same, for what may hold so many bytes more.
pub fn bounded_beside<T>(beside: usize, given: usize, parse: impl FnOnce() -> T) -> T {
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let parsed = parse();
    let used = PEAK.load(Ordering::Relaxed).saturating_sub(before);
    assert!(used <= TIMES * given + ALWAYS_BYTES + beside, "{used} bytes held at a time for {given} given: more than {TIMES} for each");
    parsed
}

/// Takes what is read, one by one, and keeps nothing: what the reader holds is its own.
struct Nowhere;

impl Sink for Nowhere {
    fn event(&mut self, _: Event) {}
    fn contact(&mut self, _: ContactField) {}
    fn telling(&mut self, _: Telling) {}
    fn erasure(&mut self, _: Erasure) {}
    fn reject(&mut self, _: Reject) {}
}

/// Reads `body` as if `route` had received it: from a browser, then from somebody who is believed.
pub fn deliver(route: &str, body: &[u8]) {
    let route: Route = route.parse().expect("a route");
    let shop = Shop { currency: Currency::EUR, consent: ConsentMode::OptOut, hash_key: "0123456789abcdef" };
    for authority in [Authority::Browser, Authority::Webhook] {
        let headers = [("user-agent".to_owned(), "Mozilla/5.0".to_owned())];
        let delivery = Delivery { route: &route, received: NOW, authority, headers: &headers, body };
        bounded(body.len(), || source::read(&delivery, &shop, &mut Nowhere));
    }
}
