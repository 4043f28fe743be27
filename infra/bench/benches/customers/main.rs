//! Knowing customers: how long the purchase models take to fit, and what it costs to say of one customer which persona they are, which
//! segments they are in and what they will do.
//!
//! `cargo bench --manifest-path infra/bench/Cargo.toml --bench customers`. The fits are of CDNOW's published summary, found in
//! `RAPPORT_DATA` or in `../shared/data`; where that is not, they are skipped and it says so. To compare with `lifetimes`, run
//! `benches/customers/lifetimes_fit.py` right after it on the same machine.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a measurement")]

#[path = "../lookup/customers.rs"]
mod customers;
mod history;
#[allow(dead_code, reason = "only its names of items are asked for")]
#[path = "../lookup/large_shop.rs"]
mod large_shop;
mod shop;

use criterion::Criterion;
use customers::{CUSTOMERS, NOW, profile};
use history::outlook;
use rapport_core::{
    features::{Basis, CutOffs, Facts},
    model::Model,
    money::Currency,
    prediction::{Bought, Clock, Interest, Purchases},
    profile::Profile,
    segment::{Segments, Standing},
};
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
    everything_of_one(&mut criterion);
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
            outlook.foresee_all(&known).for_each(|told| {
                black_box(told);
            });
        });
    });
}

/// Persona, all ready segments and all predictions of one profile as it was read, and the same from the bytes that it is stored as.
fn everything_of_one(criterion: &mut Criterion) {
    let (profiles, model) = shop::open(2_000, NOW);
    let (cut_offs, segments) = (CutOffs::prior(shop::CURRENCY), Segments::with(Vec::new()));
    let stored: Vec<Vec<u8>> = profiles.iter().map(|profile| profile.to_bytes().expect("a row")).collect();
    let bytes: usize = stored.iter().map(Vec::len).sum();
    println!("{} customers of the demo shop, {} bytes each", profiles.len(), bytes / profiles.len());
    let all = |profile: &Profile| black_box(everything(profile, &model, &cut_offs, &segments));
    let mut turn = profiles.iter().cycle();
    criterion.bench_function("persona, segments, predictions", |bench| bench.iter(|| all(turn.next().expect("an endless round"))));
    let mut turn = stored.iter().cycle();
    criterion.bench_function("the same from stored bytes", |bench| {
        bench.iter(|| all(&Profile::from_bytes(turn.next().expect("an endless round")).expect("a profile")));
    });
}

/// A number that depends on all that is said of `profile`.
fn everything(profile: &Profile, model: &Model, cut_offs: &CutOffs, segments: &Segments) -> f64 {
    let meta = model.meta();
    let facts = Facts::of(profile, Basis { currency: shop::CURRENCY, cut_offs, catalog: Some(model) });
    let persona = meta.personas.as_ref().and_then(|personas| personas.named(personas.of(&facts).id()?));
    let standing = Standing::after(&Standing::default(), segments, &facts, NOW);
    let mut sum = standing.memberships.len() as f64;
    if let Some((outlook, known)) = meta.outlook.as_ref().zip(Purchases::of(profile, shop::CURRENCY, NOW)) {
        let (days, lines) = (known.repeats() + 1.0, facts.category_lines());
        let of_all = lines.iter().map(|(_, lines)| f64::from(*lines)).sum();
        for (_, told) in outlook.foresee_all(&known) {
            sum += told.value_minor.value + told.chance.value;
            for (name, share) in meta.tastes.iter().flat_map(|tastes| &tastes.categories) {
                let of_category = lines.iter().find(|(own, _)| own == name).map_or(0.0, |(_, lines)| f64::from(*lines));
                let tastes = meta.tastes.as_ref().expect("just read");
                sum += tastes.chance(*share, Bought { days, lines: of_all, of_category }, &told).value;
            }
        }
    }
    sum += meta.leads.as_ref().zip(Interest::of(profile, NOW)).map_or(0.0, |(leads, interest)| leads.chance(&interest).value);
    let own = Clock::of(&facts.totals().habits);
    let members = persona.map(|persona| &persona.card.clock);
    sum + meta.rhythm.as_ref().map_or(0.0, |rhythm| rhythm.week(&own, members.zip(members)).best(3)[0].times.value)
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
