//! Knowing customers: how long the purchase models take to fit, and what one customer's predictions cost.
//!
//! `cargo bench --manifest-path infra/bench/Cargo.toml --bench customers`. The fits are of CDNOW's published summary, found in
//! `RAPPORT_DATA` or in `../shared/data`; where that is not, they are skipped and it says so. To compare with `lifetimes`, run
//! `benches/customers/lifetimes_fit.py` right after it on the same machine.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a measurement")]

#[path = "../lookup/customers.rs"]
mod customers;
mod history;

use criterion::Criterion;
use customers::{CUSTOMERS, NOW, profile};
use history::outlook;
use rapport_core::{money::Currency, prediction::Purchases, profile::Profile};
use rapport_train::lifetime::{alike, bg_nbd, gamma_gamma, gamma_gamma::Spender, pareto_nbd};
use std::{env, fs, hint::black_box, path::PathBuf};

/// Repeat purchase days, weeks from the first to the last, weeks known, mean value.
type Row = [f64; 4];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    match cdnow() {
        Ok(rows) => fits(&mut criterion, &rows),
        Err(path) => println!("skipped: the fits, for there is no {}", path.display()),
    }
    one_customer(&mut criterion);
    criterion.final_summary();
}

fn fits(criterion: &mut Criterion, rows: &[Row]) {
    let known = || rows.iter().map(|[repeats, recency, age, mean]| Purchases::new(*repeats, *recency, *age, *mean));
    let spenders: Vec<Spender> = rows.iter().filter(|row| row[0] > 0.0).map(|row| Spender { days: row[0], mean_minor: row[3] }).collect();
    // Grouping alike customers is part of a fit.
    criterion.bench_function("BG/NBD, 2,357 customers", |bench| bench.iter(|| bg_nbd::fit(&alike(known()), None).expect("fits")));
    criterion.bench_function("Pareto/NBD, 2,357 customers", |bench| bench.iter(|| pareto_nbd::fit(&alike(known()), None).expect("fits")));
    criterion.bench_function("Gamma-Gamma, 946 customers", |bench| bench.iter(|| gamma_gamma::fit(&spenders, None).expect("fits")));
}

/// What the customer's page asks of one profile, at every horizon; profiles in turn, so that none is in the processor's cache by luck.
fn one_customer(criterion: &mut Criterion) {
    let outlook = outlook();
    let profiles: Vec<Profile> = (0..CUSTOMERS).map(profile).collect();
    let mut turn = profiles.iter().cycle();
    criterion.bench_function("predictions of one profile", |bench| {
        bench.iter(|| {
            let profile = turn.next().expect("an endless round");
            let known = Purchases::of(profile, Currency::EUR, NOW).expect("somebody who bought");
            outlook.foresee_all(&known).for_each(|told| drop(black_box(told)));
        });
    });
}

fn cdnow() -> Result<Vec<Row>, PathBuf> {
    let data = env::var_os("RAPPORT_DATA")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")), PathBuf::from);
    let path = data.join("cdnow_2357_summary_39weeks.csv");
    let Ok(text) = fs::read_to_string(&path) else { return Err(path) };
    let row = |line: &str| {
        let mut numbers = line.split(',').skip(1).map(|number| number.parse().expect("a number"));
        std::array::from_fn(|_| numbers.next().expect("four numbers"))
    };
    Ok(text.lines().skip(1).map(row).collect())
}
