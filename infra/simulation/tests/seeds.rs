//! Seeds by the hundred. `SEED=42 cargo test … --test seeds` runs one and tells its story; `SEEDS=20000` runs more of them, from `FIRST` on,
//! `DELIVERIES=10000000` as many as it takes to hand so many messages to handlers. `STOP=1` is content with the first that breaks a law.

#![allow(clippy::panic, clippy::print_stdout, reason = "tests")]

use rapport_simulation::{Options, Outcome, run, shrink};
use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

/// What CI runs.
const SEEDS: u64 = 300;

/// Deliveries between two lines of a long run.
const TOLD: u64 = 500_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// How many seeds.
#[derive(Clone, Copy)]
struct Span {
    first: u64,
    seeds: u64,
    /// Handed to handlers; the seeds that run when it is reached are the last.
    deliveries: u64,
    /// Whether the first that breaks a law is the last.
    stops: bool,
}

/// What they came to.
struct Survey {
    /// Seeds that broke a law, and which.
    broken: Vec<(u64, &'static str)>,
    seeds: u64,
    deliveries: u64,
    faults: u64,
}

fn survey(span: Span) -> Survey {
    let (next, deliveries, faults, broken) = (AtomicU64::new(span.first), AtomicU64::new(0), AtomicU64::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while deliveries.load(Ordering::Relaxed) < span.deliveries {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= span.first.saturating_add(span.seeds) {
                        return;
                    }
                    let outcome = run(seed, Options::default());
                    let before = deliveries.fetch_add(outcome.deliveries, Ordering::Relaxed);
                    let handed = before + outcome.deliveries;
                    if before / TOLD < handed / TOLD {
                        println!("{handed} deliveries");
                    }
                    faults.fetch_add(outcome.faults, Ordering::Relaxed);
                    if let (Some(law), Ok(mut broken)) = (outcome.broken, broken.lock()) {
                        println!("SEED={seed} breaks a law: {}", law.law);
                        broken.push((seed, law.law));
                        if span.stops {
                            next.store(u64::MAX / 2, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    let mut broken = broken.into_inner().unwrap_or_default();
    broken.sort_unstable();
    let seeds = next.into_inner().min(span.first.saturating_add(span.seeds)) - span.first;
    Survey { broken, seeds, deliveries: deliveries.into_inner(), faults: faults.into_inner() }
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
    let (first, most) = number("SEED").map_or_else(|| (number("FIRST").unwrap_or(0), number("SEEDS")), |seed| (seed, Some(1)));
    let (deliveries, stops) = (number("DELIVERIES"), number("STOP").is_some());
    let usual = if deliveries.is_some() { u64::MAX } else { SEEDS };
    let span = Span { first, seeds: most.unwrap_or(usual), deliveries: deliveries.unwrap_or(u64::MAX), stops };
    let Survey { broken, seeds, deliveries, faults } = survey(span);
    println!("{seeds} seeds, {deliveries} deliveries, {faults} faults, broken: {broken:?}");
    if let Some((seed, _)) = broken.first() {
        let told = if stops { String::new() } else { tell(*seed) };
        panic!("{} of {seeds} seeds break a law: {broken:?}\n{told}", broken.len());
    }
    assert!(seeds < SEEDS || faults > seeds, "the weather was bad: {faults} faults");
}

#[test]
fn the_same_seed_is_the_same_run() {
    let traces = |_: usize| (1000..1012).map(|seed| run(seed, Options::default()).trace).collect::<Vec<_>>();
    let (once, twice) = (traces(1), traces(2));
    assert_eq!(once, twice);
    assert!(once.windows(2).all(|pair| pair[0] != pair[1]), "another seed is another run");
}
