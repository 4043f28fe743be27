//! What training and a lookup cost as a shop grows: time, memory, size of the artifact.
//!
//! ```sh
//! cargo bench --manifest-path infra/bench/Cargo.toml --bench scale                       # every size, into docs/scale.tsv and .svg
//! cargo bench --manifest-path infra/bench/Cargo.toml --bench scale -- draw               # docs/scale.svg from docs/scale.tsv
//! cargo bench --manifest-path infra/bench/Cargo.toml --bench scale -- 10000000 20000     # so many events, so many items
//! ```
//!
//! Each size is trained in a process of its own, so that its greatest memory is its own: from the archive's Parquet files, the catalog and
//! customers' profiles to the published artifact, report included, by the same function that is deployed: personas, predictions and
//! segments' cut-offs with it. Archives and tables stay in `target/scale` for the next run.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a measurement")]

mod history;
mod plot;
mod tables;

use bytes::Bytes;
use history::{Directory, NOW};
use rapport_core::{
    catalog::Listing,
    id::ItemId,
    model::Model,
    money::Currency,
    ranking::{Ask, Scratch, Shop, recommend},
    rules::Rules,
    source::ConsentMode,
};
use rapport_io::models::Models;
use std::{
    env, fs,
    hint::black_box,
    path::{Path, PathBuf},
    process::Command,
    str::FromStr,
    sync::Arc,
    time::Instant,
};
use tables::Tables;

/// Histories of a shop of 20,000 items, and shops with a history of five million events.
const SIZES: [(usize, usize); 10] = [
    (1_000_000, 20_000),
    (2_000_000, 20_000),
    (5_000_000, 20_000),
    (10_000_000, 20_000),
    (20_000_000, 20_000),
    (50_000_000, 20_000),
    (5_000_000, 1_000),
    (5_000_000, 100_000),
    (5_000_000, 300_000),
    (5_000_000, 1_000_000),
];
const HEADER: &str = "events\titems\ttrain_s\tpeak_mb\tartifact_mb\tstart_ms\tlookup_p50_us\tlookup_p99_us";
/// Lookups that the percentiles rest on.
const LOOKUPS: usize = 5_000;

/// What one size cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) events: usize,
    pub(crate) items: usize,
    pub(crate) seconds: f64,
    pub(crate) memory_mb: f64,
    pub(crate) artifact_mb: f64,
    pub(crate) start_ms: f64,
    pub(crate) lookup_p50_us: f64,
    pub(crate) lookup_p99_us: f64,
}

impl Cost {
    fn line(&self) -> String {
        let Self { events, items, seconds, memory_mb, artifact_mb, start_ms, lookup_p50_us, lookup_p99_us } = self;
        format!("{events}\t{items}\t{seconds:.2}\t{memory_mb:.0}\t{artifact_mb:.2}\t{start_ms:.2}\t{lookup_p50_us:.1}\t{lookup_p99_us:.1}")
    }
}

impl FromStr for Cost {
    type Err = std::num::ParseFloatError;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let numbers: Vec<f64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let at = |place: usize| numbers.get(place).copied().unwrap_or(f64::NAN);
        Ok(Self {
            events: at(0) as usize,
            items: at(1) as usize,
            seconds: at(2),
            memory_mb: at(3),
            artifact_mb: at(4),
            start_ms: at(5),
            lookup_p50_us: at(6),
            lookup_p99_us: at(7),
        })
    }
}

fn main() {
    // Cargo adds `--bench`.
    let words: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    let numbers: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    assert!(words == ["draw"] || words.len() == numbers.len() && [0, 2].contains(&words.len()), "say nothing, `draw`, or EVENTS ITEMS");
    if let (Ok(root), &[events, items]) = (env::var("RAPPORT_SCALE_ARCHIVE"), &numbers[..]) {
        println!("{}", measure(Path::new(&root), events, items).line());
        return;
    }
    let chosen: Vec<(usize, usize)> = match numbers[..] {
        [events, items] => vec![(events, items)],
        _ => SIZES.to_vec(),
    };
    if words == ["draw"] {
        let lines = fs::read_to_string(docs("scale.tsv")).expect("docs/scale.tsv");
        let costs: Vec<Cost> = lines.lines().skip(1).map(|line| line.parse().expect("a line of numbers")).collect();
        return plot::draw(&docs("scale.svg"), &costs).expect("draws");
    }
    println!("{HEADER}");
    let costs: Vec<Cost> = chosen.iter().map(|(events, items)| in_a_process(*events, *items)).collect();
    for pair in costs.windows(2).filter(|pair| pair[0].items == pair[1].items && pair[0].events < pair[1].events) {
        // By how much a cost grows when the history doubles.
        let doublings = (pair[1].events as f64 / pair[0].events as f64).log2();
        let doubling = |cost: fn(&Cost) -> f64| (cost(&pair[1]) / cost(&pair[0])).powf(1.0 / doublings);
        let (time, memory) = (doubling(|cost| cost.seconds), doubling(|cost| cost.memory_mb));
        println!(
            "{} to {} events: each doubling takes {time:.2} times the time, {memory:.2} times the memory",
            pair[0].events, pair[1].events
        );
    }
    if costs.len() > 1 {
        let lines: Vec<String> = std::iter::once(HEADER.to_owned()).chain(costs.iter().map(Cost::line)).collect();
        fs::write(docs("scale.tsv"), lines.join("\n") + "\n").expect("writes");
        plot::draw(&docs("scale.svg"), &costs).expect("draws");
    }
}

fn docs(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(file)
}

fn in_a_process(events: usize, items: usize) -> Cost {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("target/scale/{events}-{items}"));
    runtime().block_on(history::write(&root, events, items)).expect("writes the history");
    let told = Command::new(env::current_exe().expect("this program"))
        .args([events.to_string(), items.to_string()])
        .env("RAPPORT_SCALE_ARCHIVE", &root)
        .output()
        .expect("runs");
    let line = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    print!("{line}");
    line.parse().expect("a line of numbers")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

fn measure(root: &Path, events: usize, items: usize) -> Cost {
    let runtime = runtime();
    let objects = Arc::new(Directory::new(root));
    let config = train::Config { currency: Currency::EUR, consent: ConsentMode::OptOut };
    let app = train::App::new(objects.clone(), Arc::new(Tables::new(root)), config);
    let started = Instant::now();
    let summary = runtime.block_on(train::train(&app, NOW, |_| {})).expect("trains");
    let seconds = started.elapsed().as_secs_f64();
    assert!(summary.model.personas.is_some(), "personas are part of a run");
    let memory_mb = peak_kb() / 1e3;
    let models = Models::new(objects);
    let pointer = runtime.block_on(models.current()).expect("reads").expect("a model");
    let artifact = runtime.block_on(models.artifact(&pointer.model)).expect("reads");
    let (start_ms, lookups) = look_up(artifact);
    let at = |share: f64| lookups[(share * lookups.len() as f64) as usize];
    Cost {
        events,
        items,
        seconds,
        memory_mb,
        artifact_mb: summary.artifact_bytes as f64 / 1e6,
        start_ms,
        lookup_p50_us: at(0.5),
        lookup_p99_us: at(0.99),
    }
}

/// The most memory this process has had, by the kernel's word.
fn peak_kb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok());
    peak.unwrap_or(f64::NAN)
}

/// What a function pays when it starts, and the times of visits' third clicks, sorted.
fn look_up(artifact: Bytes) -> (f64, Vec<f64>) {
    let started = Instant::now();
    let shop = Shop::new(Some(Model::parse(artifact).expect("a model")), [], Rules::default());
    let start_ms = started.elapsed().as_secs_f64() * 1e3;
    let item = |place: usize| -> ItemId {
        let item = shop.item((place % shop.len()) as u32).expect("an item");
        ItemId::new(item.id()).expect("an id")
    };
    let mut scratch = Scratch::default();
    let mut micros: Vec<f64> = (0..LOOKUPS)
        .map(|number| {
            let place = number * 7_919;
            let ask = Ask {
                placement: "product".into(),
                item: Some(item(place)),
                session: vec![item(place + 3), item(place + 1)],
                limit: 10,
                ..Ask::default()
            };
            let started = Instant::now();
            black_box(recommend(&shop, &ask, &[], NOW, number as u64, &mut scratch));
            started.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    micros.sort_by(f64::total_cmp);
    (start_ms, micros)
}
