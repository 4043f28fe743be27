//! The simulated year is a plausible shop, and the same one everywhere.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod life;
mod promises;
mod wire;

use std::collections::BTreeMap;

use jiff::Timestamp;
use rapport_demo::messages::{Call, Order, Track};
use rapport_demo::{Demo, Message, Options, generate};

fn end() -> Timestamp {
    "2025-06-30T09:30:00Z".parse().unwrap()
}

fn options(seed: u64) -> Options {
    Options { seed, ..Options::showcase(end()) }
}

fn shop(seed: u64) -> Demo {
    generate(&options(seed))
}

fn orders(demo: &Demo) -> impl Iterator<Item = (&Message, &Order)> {
    demo.messages.iter().filter_map(|message| match &message.call {
        Call::Track(Track::OrderCompleted(order)) => Some((message, &**order)),
        _ => None,
    })
}

fn by_customer(demo: &Demo) -> BTreeMap<&str, Vec<&Message>> {
    let mut lives: BTreeMap<&str, Vec<&Message>> = BTreeMap::new();
    for message in &demo.messages {
        if let Some(customer) = &message.user_id {
            lives.entry(customer).or_default().push(message);
        }
    }
    lives
}
