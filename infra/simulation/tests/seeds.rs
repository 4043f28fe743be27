//! Seeds by the hundred. `SEED=42 cargo test … --test seeds` runs one and tells its story; `SEEDS=20000` runs more of them.

#![allow(clippy::panic, clippy::print_stdout, reason = "tests")]

use rapport_simulation::{Options, Outcome, run, shrink};
use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

/// What CI runs.
const SEEDS: u64 = 300;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs `count` seeds from `first` on; gives those that broke a law, deliveries and faults.
fn survey(first: u64, count: u64) -> (Vec<u64>, u64, u64) {
    let (next, deliveries, faults, broken) = (AtomicU64::new(first), AtomicU64::new(0), AtomicU64::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let outcome = run(seed, Options::default());
                    deliveries.fetch_add(outcome.deliveries, Ordering::Relaxed);
                    faults.fetch_add(outcome.faults, Ordering::Relaxed);
                    if outcome.broken.is_some()
                        && let Ok(mut broken) = broken.lock()
                    {
                        broken.push(seed);
                    }
                }
            });
        }
    });
    let mut broken = broken.into_inner().unwrap_or_default();
    broken.sort_unstable();
    (broken, deliveries.into_inner(), faults.into_inner())
}

/// How a failure is told: what broke, with how little of the run, and what led to it.
fn tell(seed: u64) -> String {
    let (options, Outcome { broken, sends, rates, story, .. }) = shrink(seed);
    let broken = broken.map_or_else(|| "only the whole run fails".to_owned(), |broken| format!("{}: {}", broken.law, broken.by.join(", ")));
    let story = story.iter().rev().take(200).rev().cloned().collect::<Vec<_>>().join("\n");
    format!("SEED={seed}: {broken}\nwith the first {sends} sends, {rates:?}\n{story}\n(shrunk to {:?})", options.first)
}

#[test]
fn nothing_is_lost_and_nothing_counts_twice() {
    if let Some(seed) = number("SEED") {
        println!("{}", tell(seed));
    }
    let (first, count) = number("SEED").map_or_else(|| (number("FIRST").unwrap_or(0), number("SEEDS").unwrap_or(SEEDS)), |seed| (seed, 1));
    let (broken, deliveries, faults) = survey(first, count);
    println!("{count} seeds, {deliveries} deliveries, {faults} faults, broken: {broken:?}");
    assert!(broken.is_empty(), "{} of {count} seeds break a law: {broken:?}\n{}", broken.len(), tell(broken[0]));
    assert!(count < SEEDS || faults > count, "the weather was bad: {faults} faults");
}

#[test]
fn the_same_seed_is_the_same_run() {
    let traces = |_: usize| (1000..1012).map(|seed| run(seed, Options::default()).trace).collect::<Vec<_>>();
    let (once, twice) = (traces(1), traces(2));
    assert_eq!(once, twice);
    assert!(once.windows(2).all(|pair| pair[0] != pair[1]), "another seed is another run");
}
