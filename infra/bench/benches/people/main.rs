//! A whole shop at once: persona, segments and all predictions of a million customers, from the archive's Parquet files, by the function that
//! is deployed (`train::people`).
//!
//! ```sh
//! cargo bench --manifest-path infra/bench/Cargo.toml --bench people             # a million
//! cargo bench --manifest-path infra/bench/Cargo.toml --bench people -- 50000    # so many
//! ```
//!
//! The customers are the demo shop's over and over, each with the newest [`EVENTS`] events of their own and under an id of their own, a file a
//! day for a year; the model is the one that the demo shop's training gives. What is measured runs in a process of its own, so that its
//! greatest memory is its own. The archive stays in `target/people` for the next run.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a measurement")]

#[allow(dead_code, reason = "its directory of archive files alone is asked for")]
#[path = "../scale/history.rs"]
mod history;
#[allow(dead_code, reason = "what customers did, and their model")]
#[path = "../customers/shop.rs"]
mod shop;
#[allow(dead_code, reason = "its directory of archive files stands beside them")]
#[path = "../scale/tables.rs"]
mod tables;

use history::{Directory, NOW};
use rapport_archive::Archive;
use rapport_core::{
    event::{Action, Event},
    id::{CustomerId, EventId, OrderId},
    source::ConsentMode,
};
use rapport_io::{memory::MemoryRecords, models::Models};
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Instant,
};

/// Customers of the demo shop, who stand for all.
const DEMO: usize = 2_000;
/// Events of a customer, the newest.
const EVENTS: usize = 12;
/// Said where the archive lies.
const ROOT: &str = "RAPPORT_PEOPLE_ARCHIVE";

fn main() {
    // Cargo adds `--bench`.
    let count = env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    if let Ok(root) = env::var(ROOT) {
        return measure(Path::new(&root));
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("target/people/{count}"));
    runtime().block_on(write(&root, count));
    let ran = Command::new(env::current_exe().expect("this program")).arg(count.to_string()).env(ROOT, &root).status().expect("runs");
    assert!(ran.success(), "the measurement failed");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

fn measure(root: &Path) {
    let (runtime, objects) = (runtime(), Arc::new(Directory::new(root)));
    let artifact = fs::read(root.with_extension("model")).expect("a model");
    runtime.block_on(Models::new(objects.clone()).publish(artifact.into(), "{}".into(), NOW)).expect("published");
    let config = train::Config { currency: shop::CURRENCY, consent: ConsentMode::OptOut };
    let app = train::App::new(objects, Arc::new(MemoryRecords::default()), config);
    let started = Instant::now();
    let (mut people, mut known, mut buyers, mut memberships) = (0usize, 0usize, 0usize, 0usize);
    let row = |person: &train::Person<'_>| {
        let said = person.said.expect("nobody keeps to themselves here");
        (said.persona.is_some(), said.foresights.len() == 4 && said.category.is_some(), said.standing.memberships.len())
    };
    let take = |told: Vec<(bool, bool, usize)>| {
        people += told.len();
        for (persona, foreseen, segments) in told {
            (known, buyers, memberships) = (known + usize::from(persona), buyers + usize::from(foreseen), memberships + segments);
        }
    };
    runtime.block_on(train::people(&app, NOW, row, take)).expect("tells");
    let (seconds, worked) = (started.elapsed().as_secs_f64(), processor_seconds());
    println!("{people} people in {seconds:.1} s, at most {:.0} MB", peak_kb() / 1e3);
    println!(
        "{worked:.1} s of processors' time, {:.1} µs each; what guests of this machine take is in the first alone",
        1e6 * worked / people as f64
    );
    println!("{known} of a persona, {buyers} with purchases to come, {:.1} segments each", memberships as f64 / people as f64);
}

/// What this process has had of all processors so far.
fn processor_seconds() -> f64 {
    let times = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    times.tv_sec as f64 + times.tv_nsec as f64 / 1e9
}

/// The most memory this process has had, by the kernel's word.
fn peak_kb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok());
    peak.unwrap_or(f64::NAN)
}

/// Writes the archive of `count` customers and the model beside it, unless they are there.
async fn write(root: &Path, count: usize) {
    let finished = root.with_extension("finished");
    if finished.exists() {
        return;
    }
    if root.exists() {
        fs::remove_dir_all(root).expect("removed");
    }
    fs::create_dir_all(root).expect("made");
    let (events, catalog) = shop::told(DEMO, NOW);
    let artifact = shop::artifact(&events, &shop::profiles(&events), catalog, NOW);
    fs::write(root.with_extension("model"), artifact).expect("written");
    let (days, customers) = newest(events);
    let kept: usize = days.values().map(Vec::len).sum();
    println!("{customers} customers of the demo shop, {:.1} events each", kept as f64 / customers as f64);
    let archive = Archive::new(Arc::new(Directory::new(root)));
    for (day, events) in days {
        // A file a day is what a night makes; the demo's customers come round until there are enough.
        let copies = (0..count.div_ceil(customers)).flat_map(|round| events.iter().map(move |event| copy(event, round)));
        archive.write(&day, copies.collect()).await.expect("written");
    }
    fs::write(finished, "").expect("written");
}

/// By day: the newest events of every customer; and how many customers there are.
fn newest(mut events: Vec<Event>) -> (BTreeMap<String, Vec<Event>>, usize) {
    events.sort_by_key(|event| event.at);
    let mut histories: BTreeMap<CustomerId, Vec<Event>> = BTreeMap::new();
    for event in events {
        if let Some(customer) = event.who.customer.clone() {
            histories.entry(customer).or_default().push(event);
        }
    }
    let customers = histories.len();
    let mut days: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for mut events in histories.into_values() {
        for event in events.split_off(events.len().saturating_sub(EVENTS)) {
            days.entry(event.at.day().to_string()).or_default().push(event);
        }
    }
    (days, customers)
}

/// The same done by another customer.
fn copy(event: &Event, round: usize) -> Event {
    let mut event = event.clone();
    event.id = EventId::new(&format!("{round}-{}", event.id.as_str())).expect("an id");
    event.who.customer = event.who.customer.map(|id| CustomerId::new(&format!("{round}-{id}")).expect("an id"));
    event.who.device = None;
    event.who.email = None;
    event.who.phone = None;
    let order = |id: &OrderId| OrderId::new(&format!("{round}-{}", id.as_str())).expect("an id");
    match &mut event.action {
        Action::Ordered(line) => line.order = order(&line.order),
        Action::Refunded(refund) => refund.order = refund.order.as_ref().map(order),
        _ => {}
    }
    event
}
