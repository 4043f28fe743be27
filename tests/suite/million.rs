//! A million events by HTTP, with duplicates, while the suite is killed twice: not one is lost and not one counts twice.
//!
//! On demand, for it takes both cores for minutes:
//! `cargo test --release --workspace --locked --test suite -- --ignored --nocapture a_million`. `RAPPORT_EVENTS` says how many instead.

use crate::home::Home;
use serde_json::{Value as Json, json};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Events in a batch: some 100 KB.
const BATCH: u64 = 400;
/// Connections that send at once.
const SENDERS: usize = 4;
/// Customers in turn; each of their histories spans two months.
const CUSTOMERS: u64 = 2_000;
/// Every so many batches one is sent again although it was acknowledged.
const REPEAT_EVERY: u64 = 10;

/// Event `serial`: every twentieth is an order, for a price of its own. Gives whose, and for how much.
fn event(serial: u64, of: u64, now: i64) -> (Json, u64, Option<u64>) {
    let customer = serial * 7 % CUSTOMERS;
    let span_ms = 60 * 86_400_000;
    let at = now - span_ms + i64::try_from(u128::from(serial) * span_ms as u128 / u128::from(of)).expect("a time");
    let at = rapport_core::time::Timestamp(at).to_string();
    let (name, properties, paid) = if serial.is_multiple_of(20) {
        let price = 1 + serial % 9;
        let product = json!({ "product_id": format!("item-{}", serial % 500), "price": price, "quantity": 1 });
        ("Order Completed", json!({ "order_id": format!("o{serial}"), "currency": "USD", "products": [product] }), Some(100 * price))
    } else {
        ("Product Viewed", json!({ "product_id": format!("item-{}", serial % 500) }), None)
    };
    let message = json!({ "type": "track", "userId": format!("c{customer}"), "messageId": format!("m{serial}"), "event": name,
        "timestamp": at, "properties": properties });
    (message, customer, paid)
}

struct Plan {
    batches: Vec<String>,
    /// By customer: events, orders, revenue in minor units.
    expected: BTreeMap<u64, (u64, u64, u64)>,
}

fn plan(events: u64, now: i64) -> Plan {
    let mut plan = Plan { batches: Vec::new(), expected: BTreeMap::new() };
    for first in (0..events).step_by(BATCH as usize) {
        let mut messages = Vec::new();
        for serial in first..(first + BATCH).min(events) {
            let (message, customer, paid) = event(serial, events, now);
            messages.push(message);
            let known = plan.expected.entry(customer).or_default();
            known.0 += 1;
            known.1 += u64::from(paid.is_some());
            known.2 += paid.unwrap_or_default();
        }
        plan.batches.push(json!({ "batch": messages }).to_string());
    }
    plan
}

/// Sends from `next` on until `until` batches are acknowledged or the suite is gone; gives batches that were not acknowledged.
fn send(url: &str, key: &str, batches: &[String], waiting: &Mutex<Vec<usize>>, until: usize) -> usize {
    let (done, gone) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            let (done, gone) = (&done, &gone);
            scope.spawn(move || {
                let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(60))).build().new_agent();
                while done.load(Ordering::Relaxed) < until && !gone.load(Ordering::Relaxed) {
                    let Some(batch) = waiting.lock().expect("a lock").pop() else { break };
                    let copies = if (batch as u64).is_multiple_of(REPEAT_EVERY) { 2 } else { 1 };
                    for _ in 0..copies {
                        let call = agent.post(&format!("{url}/v1/batch")).header("authorization", format!("Bearer {key}"));
                        if call.send(&batches[batch]).is_ok_and(|answer| answer.status() == 200) {
                            continue;
                        }
                        waiting.lock().expect("a lock").push(batch);
                        gone.store(true, Ordering::Relaxed);
                        return;
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    done.into_inner()
}

#[test]
#[ignore = "on demand: it takes both cores for minutes"]
fn a_million_events_by_http_are_exact_though_the_suite_is_killed_twice() {
    let events = std::env::var("RAPPORT_EVENTS").map_or(1_000_000, |text| text.parse().expect("a number"));
    let Plan { batches, expected } = plan(events, rapport::clock::now().0);
    let waiting = Mutex::new((0..batches.len()).rev().collect::<Vec<_>>());
    let home = Home::new();
    let begun = Instant::now();
    for life in 0..2 {
        let (process, url) = home.serve();
        let sent = send(&url, &home.key(), &batches, &waiting, batches.len() / 3);
        // In the middle of what it does with them.
        process.kill();
        println!("life {life}: {sent} batches acknowledged, killed after {:.0?}", begun.elapsed());
    }
    let (process, url) = home.serve();
    let started = Instant::now();
    let sent = send(&url, &home.key(), &batches, &waiting, usize::MAX) as u64;
    println!("the last {sent} batches: {:.0} events a second taken in", (sent * BATCH) as f64 / started.elapsed().as_secs_f64());
    assert!(waiting.lock().expect("a lock").is_empty(), "every batch was acknowledged in the end");

    let audit = home.told(&["audit", "--anew"]);
    println!("all read and folded after {:.0?}: {}", begun.elapsed(), audit["duplicates"]);
    assert_eq!(audit["events"], json!(events), "{audit}");
    assert!(audit["duplicates"]["copies"].as_u64() >= Some(BATCH), "some were sent twice");
    let (agent, key) = (ureq::Agent::new_with_defaults(), home.key());
    let mut totals = (0, 0, 0);
    for (customer, expected) in expected {
        let call = agent.get(&format!("{url}/v1/customers/c{customer}")).header("authorization", format!("Bearer {key}"));
        let text = call.call().expect("a profile").body_mut().read_to_string().expect("text");
        let history = &serde_json::from_str::<Json>(&text).expect("JSON")["history"];
        let count = |field: &str| history[field].as_u64().unwrap_or_default();
        let seen = (count("events"), count("orders"), count("revenue_minor"));
        assert_eq!(seen, expected, "customer {customer}: {history}");
        totals = (totals.0 + seen.0, totals.1 + seen.1, totals.2 + seen.2);
    }
    println!("{} events, {} orders, {} minor units: exact", totals.0, totals.1, totals.2);
    process.kill();
}
