//! Personas of public data: a gift shop's orders, and a grocer's, whose households told their age and income, which personas never see.

use super::super::{Shopper, learn};
use super::CURRENCY;
use flate2::read::GzDecoder;
use rapport_core::{
    auth::Insiders,
    catalog::Item,
    event::Event,
    features::{Basis, CutOffs, Facts},
    model::{Draft, ItemStatistics, Model},
    persona::{ENOUGH_EVENTS, Personas, Portrait, Sketch, Theme},
    profile::{Profile, Subject, refold, subjects},
    segment::Rule,
    source::{
        ConsentMode,
        csv::{self, Found, Options},
    },
    time::Timestamp,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
};

fn path(name: &str) -> Option<PathBuf> {
    let folder = std::env::var("RAPPORT_DATA").unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data").to_owned());
    let path = PathBuf::from(folder).join(name);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

struct Shop {
    profiles: Vec<Profile>,
    model: Model,
    now: Timestamp,
}

/// Everybody in files of order lines and of customers, as they were when the last order came; `items` is the shop's catalog.
fn shop(files: &[&PathBuf], items: Vec<Item>) -> Shop {
    let now = Timestamp::parse("2026-01-01").expect("a time");
    // What is told of customers has no date in their file, and is older than any order.
    let as_of = Timestamp(0);
    let options = Options { currency: CURRENCY, map: Vec::new(), now, as_of, hash_key: None, insiders: Insiders::default(), zone: None };
    let mut histories: BTreeMap<Subject, Vec<Event>> = BTreeMap::new();
    let mut take = |found: Found| {
        if let Found::Event(event) = found
            && let Some(subject @ Subject::Customer(_)) = subjects(&event).pop()
        {
            histories.entry(subject).or_default().push(event);
        }
    };
    for file in files {
        csv::read(GzDecoder::new(File::open(file).expect("a file")), &options, &mut take).expect("rows");
    }
    let end = histories.values().flatten().map(|event| event.at).max().expect("events");
    let profiles = histories.into_iter().map(|(subject, events)| refold(subject, &events)).collect();
    let statistics = vec![ItemStatistics::default(); items.len()];
    let draft = Draft { items, statistics, ..Draft::empty(end, CURRENCY) };
    Shop { profiles, model: Model::parse(draft.to_bytes().expect("an artifact").0.into()).expect("a model"), now: end }
}

impl Shop {
    fn learn(&self) -> Personas {
        let personas =
            learn((&self.profiles, 1.0), None, &self.model, &CutOffs::prior(self.model.meta().currency), ConsentMode::OptOut, self.now);
        println!("{} profiles; stable to {:.2}, silhouette {:.2}", self.profiles.len(), personas.fit.stability, personas.fit.silhouette);
        for persona in &personas.personas {
            let card = &persona.card;
            println!(
                "{} {}: {} people ({:.0} %), {:.0} % of revenue, {} an order, every {:?} days, retention {:?}\n    {}",
                persona.id,
                persona.name,
                card.people,
                100.0 * card.share,
                100.0 * card.revenue_share.unwrap_or_default(),
                card.order_value_minor.unwrap_or_default(),
                card.days_between_orders,
                card.retention,
                card.apart.join("\n    "),
            );
        }
        personas
    }
}

/// `cargo test --release -p rapport-train --lib gift_shop -- --ignored --nocapture`
#[test]
#[ignore = "reads a million order lines"]
fn a_gift_shop_has_personas_that_differ_in_what_they_buy() {
    let Some(orders) = path("online_retail_ii.csv.gz") else { return };
    let personas = shop(&[&orders], Vec::new()).learn();
    assert!((2..=9).contains(&personas.personas.len()) && personas.fit.stability >= 0.8, "{:?}", personas.fit);
    assert!(personas.personas.iter().all(|persona| persona.archetype.is_none()), "order lines alone show no archetype");
    let values: Vec<i64> = personas.personas.iter().map(|persona| persona.card.value_minor).collect();
    assert!(values.iter().max() > values.iter().min().map(|least| least * 2).as_ref(), "{values:?}");
    assert!(personas.personas.iter().all(|persona| !persona.name.is_empty() && persona.card.people > 50));
}

/// `cargo test --release -p rapport-train --lib betray -- --ignored --nocapture`
#[test]
#[ignore = "reads seventy-five thousand order lines"]
fn personas_betray_little_of_age_and_income() {
    let (Some(orders), Some(told), Some(products)) = (
        path("complete_journey_transactions.csv.gz"),
        path("complete_journey_demographics.csv.gz"),
        path("complete_journey_products.csv.gz"),
    ) else {
        return;
    };
    let shop = shop(&[&orders], catalog(&products));
    let personas = shop.learn();
    let cut_offs = CutOffs::prior(CURRENCY);
    let basis = Basis { currency: CURRENCY, cut_offs: &cut_offs, catalog: Some(&shop.model) };
    let households: Vec<(String, Sketch)> = shop
        .profiles
        .iter()
        .map(|profile| (id(profile), Shopper::of(&Facts::of(profile, basis), None, shop.now).sketch))
        .filter(|(_, sketch)| sketch.events >= ENOUGH_EVENTS)
        .collect();
    let persona = households.iter().filter_map(|(id, sketch)| match personas.portrait(sketch) {
        Portrait::Known(persona, _) => Some((id.as_str(), persona.id.as_str())),
        Portrait::Unknown(_) => None,
    });
    audit("their persona", &persona.collect(), &told);
    if personas.personas.len() < 2 {
        println!("There is one kind of household, so that the persona can betray nothing, and the lines above say nothing.");
        println!("What personas are made from is held against age and income itself, households halved by each theme that speaks:");
    }
    // No persona knows more than the themes do: whatever division there will be, it is one of these.
    let speaking = Theme::ALL.into_iter().filter(|theme| personas.themes[*theme as usize].speaks);
    for theme in speaking {
        let places: Vec<f64> = households.iter().map(|(_, sketch)| personas.place(&sketch.ever)[theme as usize]).collect();
        let mut sorted = places.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted[sorted.len() / 2];
        let halves = households.iter().zip(&places).map(|((id, _), place)| (id.as_str(), if *place < middle { "less" } else { "more" }));
        let halves: BTreeMap<&str, &str> = halves.collect();
        assert!(halves.values().filter(|half| **half == "less").count() * 3 > households.len(), "a half is a half: {theme:?}");
        audit(&format!("{theme:?}"), &halves, &told);
    }
}

/// Says, and limits, how far a division of households tells their age and income.
fn audit(of: &str, division: &BTreeMap<&str, &str>, told: &PathBuf) {
    for (column, name) in [(1, "age"), (2, "income")] {
        let pairs = rows(told).into_iter().filter_map(|row| Some((row.get(column)?.clone(), *division.get(row.first()?.as_str())?)));
        let pairs: Vec<(String, &str)> = pairs.collect();
        let (v, guessed, blind) = (cramers_v(&pairs), guessed(&pairs), blind(&pairs));
        println!("{name} by {of}: {} households, Cramér's V {v:.3}; guessed right {guessed:.3} with it, {blind:.3} without", pairs.len());
        assert!(pairs.len() > 500);
        assert!(v < 0.2, "{of} tells {name}: {v}");
        assert!(guessed - blind < 0.05, "{of} helps to guess {name}: {guessed} {blind}");
    }
}

/// `cargo test --release -p rapport-train --lib households -- --ignored --nocapture`
#[test]
#[ignore = "reads seventy-five thousand order lines"]
fn households_are_grouped_by_what_they_told() {
    let (Some(orders), Some(told)) = (path("complete_journey_transactions.csv.gz"), path("complete_journey_demographics.csv.gz")) else {
        return;
    };
    let shop = shop(&[&orders, &told], Vec::new());
    let cut_offs = CutOffs::prior(CURRENCY);
    let basis = Basis { currency: CURRENCY, cut_offs: &cut_offs, catalog: Some(&shop.model) };
    let members = |rule: &str| -> BTreeSet<String> {
        let rule = Rule::parse(rule).expect("a rule");
        shop.profiles.iter().filter(|profile| rule.holds(&Facts::of(profile, basis), shop.now)).map(id).collect()
    };
    let by = |is: &dyn Fn(&[String]) -> bool| -> BTreeSet<String> {
        rows(&told).iter().filter(|row| is(row)).filter_map(|row| row.first().cloned()).collect()
    };
    let well_off = ["150-174K", "175-199K", "200-249K", "250K+"];
    let rich = members("trait.income in (\"150-174K\", \"175-199K\", \"200-249K\", \"250K+\")");
    assert_eq!(rich, by(&|row| well_off.contains(&row[2].as_str())), "who is meant is who told so");
    let large = members("trait.household_size = \"5+\"");
    assert_eq!(large, by(&|row| row[5] == "5+"));
    let loyal = members("trait.household_size = \"5+\" and orders >= 10 and not trait.income = \"Under 15K\"");
    assert!(!loyal.is_empty() && loyal.len() < large.len() && loyal.is_subset(&large), "{} of {}", loyal.len(), large.len());
    println!(
        "{} households with an income of 150,000 and more, {} of five and more, {} of these regular",
        rich.len(),
        large.len(),
        loyal.len()
    );
    let refused = Rule::parse("trait.age = \"65+\"").expect_err("nobody is sorted by age").to_string();
    assert!(refused.contains("kept to look for bias"), "{refused}");
    let told_of_age = shop.profiles.iter().filter(|profile| profile.traits.iter().any(|told| told.name == "age")).count();
    assert!(told_of_age > 500, "for audits it is there: {told_of_age}");
}

/// As the shop calls them.
fn id(profile: &Profile) -> String {
    profile.subject.to_string().trim_start_matches("c#").to_owned()
}

/// The rows of a plain file, its header left out.
fn rows(path: &PathBuf) -> Vec<Vec<String>> {
    let lines = BufReader::new(GzDecoder::new(File::open(path).expect("a file"))).lines();
    lines.skip(1).map(|line| line.expect("text").split(',').map(str::to_owned).collect()).collect()
}

/// Departments as categories, national or the grocer's own as brand.
fn catalog(products: &PathBuf) -> Vec<Item> {
    let item = |row: Vec<String>| {
        let text = |place: usize| row.get(place).filter(|text| !text.is_empty()).cloned();
        let id = rapport_core::id::ItemId::new(row.first()?).ok()?;
        Some(Item { category: text(2), brand: text(1), ..Item::bare(id) })
    };
    let items: BTreeMap<String, Item> = rows(products).into_iter().filter_map(item).map(|item| (item.id.to_string(), item)).collect();
    items.into_values().collect()
}

/// How often each value of a column and each persona meet.
fn table<'a>(pairs: &'a [(String, &'a str)]) -> BTreeMap<(&'a str, &'a str), f64> {
    let mut table = BTreeMap::new();
    for (value, persona) in pairs {
        *table.entry((value.as_str(), *persona)).or_default() += 1.0;
    }
    table
}

/// Cramér's V without the bias of small tables (Bergsma 2013): 0 is independent, 1 is told completely.
fn cramers_v(pairs: &[(String, &str)]) -> f64 {
    let (n, table) = (pairs.len() as f64, table(pairs));
    let (mut rows, mut columns) = (BTreeMap::<&str, f64>::new(), BTreeMap::<&str, f64>::new());
    for ((row, column), count) in &table {
        *rows.entry(row).or_default() += count;
        *columns.entry(column).or_default() += count;
    }
    let mut chi_squared = 0.0;
    for (row, in_row) in &rows {
        for (column, in_column) in &columns {
            let expected = in_row * in_column / n;
            chi_squared += (table.get(&(*row, *column)).copied().unwrap_or_default() - expected).powi(2) / expected;
        }
    }
    let (r, c) = (rows.len() as f64, columns.len() as f64);
    let phi = (chi_squared / n - (r - 1.0) * (c - 1.0) / (n - 1.0)).max(0.0);
    let corrected = |k: f64| k - (k - 1.0).powi(2) / (n - 1.0);
    (phi / (corrected(r).min(corrected(c)) - 1.0).max(1e-9)).sqrt()
}

/// How often the likeliest value given the persona is right.
fn guessed(pairs: &[(String, &str)]) -> f64 {
    let mut best: BTreeMap<&str, f64> = BTreeMap::new();
    for ((_, persona), count) in table(pairs) {
        let known = best.entry(persona).or_default();
        *known = known.max(count);
    }
    best.values().sum::<f64>() / pairs.len() as f64
}

/// How often the likeliest value of all is right.
fn blind(pairs: &[(String, &str)]) -> f64 {
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    pairs.iter().for_each(|(value, _)| *counts.entry(value).or_default() += 1.0);
    counts.values().copied().fold(0.0, f64::max) / pairs.len() as f64
}
