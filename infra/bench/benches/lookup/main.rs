//! One lookup at 20,000 items: the whole handler over stores in memory, and the ranking in it.
//!
//! `cargo bench --manifest-path infra/bench/Cargo.toml` prints percentiles first, because a mean hides what a visitor feels, and then lets criterion compare
//! with the run before. Stores in memory answer at once, so all that is measured is our own work: reading the request, keys, profile,
//! ranking, JSON.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a measurement")]

mod customers;
#[allow(dead_code, reason = "the tests ask it more than the measurement does")]
mod large_shop;
mod served;

use bytes::Bytes;
use criterion::{BatchSize, Criterion};
use customers::{CUSTOMERS, ITEMS, NOW, profile};
use large_shop::item_id;
use rapport_core::{
    model::Model,
    profile::Profile,
    ranking::{self, Ask, Scratch, Shop},
    rules::Rules,
};
use rapport_lambda::{Request, Response};
use recommend::handle;
use rustix::time::{ClockId, clock_gettime};
use served::{app, request};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

/// How many lookups the percentiles rest on.
const LOOKUPS: usize = 20_000;
/// How often each of them is made.
const PASSES: usize = 5;

fn ask(number: usize) -> Ask {
    let (item, cart) = (Some(item_id(number * 37 % ITEMS)), vec![item_id(number * 11 % ITEMS)]);
    Ask { placement: "product".into(), item, cart, limit: 10, discovery: Some(0.2), ..Ask::default() }
}

/// Every lookup [`PASSES`] times, one pass after the other so that each finds the caches as the others left them: by the clock on the
/// wall, and by this thread's own. The last figure takes the median of a lookup's passes by the wall: what the lookup costs, without
/// what the machine's other guests cost it.
fn percentiles<I>(name: &str, mut prepare: impl FnMut(usize) -> I, mut lookup: impl FnMut(I)) {
    let (mut micros, mut of_cpu) = (vec![[0.0; PASSES]; LOOKUPS], Vec::with_capacity(PASSES * LOOKUPS));
    for pass in 0..PASSES {
        for (number, micros) in micros.iter_mut().enumerate() {
            let input = prepare(number);
            let (started, spent) = (Instant::now(), cpu_time());
            lookup(input);
            of_cpu.push((cpu_time() - spent).as_secs_f64() * 1e6);
            micros[pass] = started.elapsed().as_secs_f64() * 1e6;
        }
    }
    let at = |sorted: &[f64], share: f64| sorted[(share * sorted.len() as f64) as usize];
    let sorted = |mut micros: Vec<f64>| {
        micros.sort_by(f64::total_cmp);
        micros
    };
    let all = sorted(micros.iter().flatten().copied().collect());
    let medians = sorted(micros.iter().map(|passes| at(&sorted(passes.to_vec()), 0.5)).collect());
    let of_cpu = sorted(of_cpu);
    let (wall, cpu) = ([at(&all, 0.5), at(&all, 0.99)], [at(&of_cpu, 0.5), at(&of_cpu, 0.99)]);
    println!(
        "{name:<24} wall p50 {:>6.1} p99 {:>6.1} µs   cpu p50 {:>6.1} p99 {:>6.1} µs   p99 of medians {:>6.1} µs",
        wall[0],
        wall[1],
        cpu[0],
        cpu[1],
        at(&medians, 0.99)
    );
}

/// What this thread has worked.
fn cpu_time() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec as u64, spent.tv_nsec as u32)
}

fn main() {
    let runtime: Runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let artifact: Bytes = large_shop::draft(ITEMS, NOW).to_bytes().expect("an artifact").0.into();
    let profiles: Vec<Profile> = (0..CUSTOMERS).map(profile).collect();
    let app = runtime.block_on(app(artifact.clone(), &profiles));
    let whole = |request: Request| -> Response { runtime.block_on(handle(&app, request, NOW)) };
    let shop = Shop::new(Some(Model::parse(artifact.clone()).expect("a model")), [], Rules::default());
    let stored: Vec<Vec<u8>> = profiles.iter().map(|profile| profile.to_bytes().expect("a row")).collect();
    let mut scratch = Scratch::default();
    let mut rank = |number: usize| {
        let profile = [&profiles[number % CUSTOMERS]];
        ranking::recommend(&shop, &ask(number), &profile, NOW, number as u64, &mut scratch)
    };

    let answer = whole(request(1));
    assert!(answer.status().is_success() && rank(1).picks.len() == 10, "{answer:?}");
    println!("{ITEMS} items, artifact {:.1} MB, profile {} bytes", artifact.len() as f64 / 1e6, stored[1].len());
    // Making the request is not part of a lookup.
    percentiles("handler, in memory", request, |request| drop(black_box(whole(request))));
    percentiles("of this, ranking", |number| number, |number| drop(black_box(rank(number))));
    let read = |number: usize| drop(black_box(Profile::from_bytes(&stored[number % CUSTOMERS])));
    percentiles("of this, reading profile", |number| number, read);

    let mut criterion = Criterion::default().configure_from_args();
    let mut number = 0;
    let mut next = || {
        number += 1;
        number
    };
    criterion.bench_function("handler", |bench| bench.iter_batched(|| request(next()), &whole, BatchSize::SmallInput));
    criterion.bench_function("ranking", |bench| bench.iter_batched(&mut next, &mut rank, BatchSize::SmallInput));
    criterion.final_summary();
}
