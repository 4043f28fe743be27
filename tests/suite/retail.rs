//! A real shop's two years, from the file to the answer: Online Retail II, where it is at hand.

use crate::shop::{Shop, data};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use rapport::import::{self, Basis, Target};
use rapport_core::{auth::Insiders, money::Currency, source::csv::Options};
use serde_json::{Value as Json, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::Read,
    path::Path,
};

/// What is learned from ends here; what came after judges.
const CUT: &str = "2011-11-10";
/// The item of the acceptance: a cream hanging heart.
const HEART: &str = "85123A";

/// Rows before the cut, packed; and the baskets after it, by invoice.
struct Parted {
    past: Vec<u8>,
    baskets: BTreeMap<String, BTreeSet<String>>,
}

fn part(path: &Path) -> Parted {
    let mut reader = csv::Reader::from_reader(GzDecoder::new(File::open(path).expect("the file")));
    let header = reader.headers().expect("a header").clone();
    let column = |name: &str| header.iter().position(|found| found == name).unwrap_or_else(|| panic!("a column {name}"));
    let (invoice, code, at) = (column("invoice"), column("stock_code"), column("invoice_ts"));
    let mut past = csv::Writer::from_writer(GzEncoder::new(Vec::new(), Compression::fast()));
    past.write_record(&header).expect("memory");
    let mut baskets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in reader.records() {
        let row = row.expect("a row");
        if &row[at] < CUT {
            past.write_record(&row).expect("memory");
        } else if !row[invoice].starts_with('C') {
            baskets.entry(row[invoice].to_owned()).or_default().insert(row[code].to_uppercase());
        }
    }
    Parted { past: past.into_inner().expect("memory").finish().expect("memory"), baskets }
}

async fn import(shop: &Shop, past: &[u8]) -> import::Outcome {
    let now = rapport::clock::now();
    let options = Options {
        currency: Currency::GBP,
        map: Vec::new(),
        now,
        as_of: now,
        hash_key: Some(shop.keys.hash_key.clone()),
        insiders: Insiders::default(),
        zone: None,
    };
    let mut text = Vec::new();
    GzDecoder::new(past).read_to_end(&mut text).expect("gzip");
    let prepared = import::prepare("past.csv.gz".as_ref(), text.as_slice(), &options).expect("a history");
    let outcome = prepared.write(&Target::over(&shop.aws), Basis::default(), now, |_| {}).await.expect("an import");
    shop.suite.drain().await.expect("drained");
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_shops_history_comes_out_as_its_recommendations() {
    let Some(folder) = data("Online Retail II") else { return };
    let Parted { past, baskets } = part(&folder.join("online_retail_ii.csv.gz"));
    let shop = Shop::open().await;
    let outcome = import(&shop, &past).await;
    assert!(outcome.report.taken > 900_000 && outcome.report.rejected_rows() > 1_000, "{:?}", outcome.report);
    let known = shop.customer("12748").await.expect("a customer");
    assert!(known["history"]["orders"].as_u64().is_some_and(|orders| orders > 200), "{known}");

    let again = import(&shop, &past).await;
    assert_eq!(again.report.taken, outcome.report.taken);
    assert_eq!(shop.customer("12748").await.expect("a customer"), known, "a second import changes nothing");

    shop.suite.train().await.expect("trained");
    shop.suite.functions().recommend.warm(rapport::clock::now()).await;
    let beside: BTreeSet<&String> = baskets.values().filter(|basket| basket.contains(HEART)).flatten().collect();
    for path in [format!("/v1/recommendations?placement=product&item={HEART}"), format!("/v1/together/{HEART}")] {
        let (status, answer) = shop.get(&path, &shop.keys.write_key).await;
        assert_eq!(status, 200, "{answer}");
        let items = answer["items"].as_array().expect("items");
        assert_eq!(items.len(), 10, "{answer}");
        let good = items.iter().filter(|item| item["id"].as_str().is_some_and(|id| beside.contains(&id.to_owned()))).count();
        assert!(good >= 8, "{path}: {good} of 10 share a later basket with it: {answer}");
        assert!(items.iter().all(|item| item["why"]["text"].as_str().is_some_and(|why| !why.is_empty())), "{answer}");
        assert!(items.iter().all(|item| item["id"] != json!(HEART)), "{answer}");
    }
    let differing = profile::replay(&shop.suite.functions().profile, None).await.expect("a replay").differing;
    assert_eq!(differing, [], "replay equals live");
    let current: Json = shop.get("/v1/models/current", &shop.keys.secret_key).await.1;
    assert!(current.to_string().contains("holdout"), "{current}");
}
