//! Writes the corpora that fuzzing begins with, one folder a target: `events/` as senders would send it, and what the house stores.

use rapport_core::{
    auth::{Keyring, RANDOM_BYTES, signature, token},
    event::{Authority, Event, encode_line},
    money::Currency,
    profile::{Subject, refold, subjects},
    source::{self, ConsentMode, Delivery, Route, Shop},
};
use rapport_fuzz::NOW;
use serde_json::Value;
use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

const EVENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
const CORE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/core/src");

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = Corpus(std::env::args().nth(1).ok_or("say where to: seeds FOLDER")?.into());
    let mut events = Vec::new();
    for file in fs::read_dir(format!("{EVENTS}/ingest"))?.filter_map(Result::ok).filter(|file| file.path().is_file()) {
        events.extend(sample(&corpus, &file.path())?);
    }
    for file in fs::read_dir(format!("{EVENTS}/import"))?.filter_map(Result::ok) {
        corpus.add("csv", &fs::read(file.path())?)?;
    }
    stored(&corpus, &events)?;
    written(&corpus)
}

struct Corpus(PathBuf);

impl Corpus {
    fn add(&self, target: &str, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
        let folder = self.0.join(target);
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(&rapport_core::digest::content_hash(bytes)[..16]), bytes)?)
    }
}

/// A sample's body to its route's target; gives the events that it becomes.
fn sample(corpus: &Corpus, path: &Path) -> Result<Vec<Event>, Box<dyn Error>> {
    let sample: Value = serde_json::from_slice(&fs::read(path)?)?;
    let (Some(route), false) = (sample["route"].as_str(), sample["body"].is_null()) else { return Ok(Vec::new()) };
    let body = sample["body"].as_str().map_or_else(|| sample["body"].to_string(), str::to_owned);
    let target = match route.split_once('/') {
        Some(("segment", _)) => "segment",
        Some(_) => "standard",
        None => route,
    };
    corpus.add(target, body.as_bytes())?;
    let route: Route = route.parse()?;
    let shop = Shop { currency: Currency::EUR, consent: ConsentMode::OptOut, hash_key: "0123456789abcdef" };
    let delivery = Delivery { route: &route, received: NOW, authority: Authority::Webhook, headers: &[], body: body.as_bytes() };
    Ok(source::parse(&delivery, &shop).events)
}

/// Log lines, profiles, models.
fn stored(corpus: &Corpus, events: &[Event]) -> Result<(), Box<dyn Error>> {
    for some in events.chunks(5) {
        let mut lines = Vec::new();
        some.iter().for_each(|event| encode_line(event, &mut lines));
        corpus.add("log_lines", &lines)?;
    }
    let mut people: Vec<Subject> = events.iter().flat_map(subjects).collect();
    people.sort();
    people.dedup();
    for subject in people {
        let own: Vec<Event> = events.iter().filter(|event| subjects(event).contains(&subject)).cloned().collect();
        corpus.add("profile", &refold(subject, &own).to_bytes()?)?;
    }
    for file in fs::read_dir(format!("{CORE}/model/fixtures"))?.filter_map(Result::ok) {
        corpus.add("model", &fs::read(file.path())?)?;
    }
    #[cfg(feature = "archive")]
    corpus.add("archive", &rapport_archive::encode(events)?)?;
    Ok(())
}

/// What people and machines write by hand: rules, filters, signatures, tokens.
fn written(corpus: &Corpus) -> Result<(), Box<dyn Error>> {
    for text in ["price_minor < 3000 and in_stock", "tags in ('organic', 'vegan') or not (brand = 'Acme')", "published >= '2026-01-01'"] {
        corpus.add("filter", text.as_bytes())?;
        corpus.add("segment_rule", text.as_bytes())?;
    }
    let shipped = fs::read_to_string(format!("{CORE}/segment/ready.rs"))?;
    for text in shipped.split('"').skip(1).step_by(2) {
        corpus.add("segment_rule", text.as_bytes())?;
    }
    corpus.add("rules", br#"{"discovery":0.1,"rules":[{"name":"hero","do":"pin","items":["tin-9"],"position":1,"placements":["home"]},{"name":"m","do":"boost","by":1.5,"where":"margin_percent > 40"}]}"#)?;
    corpus.add("rules", br#"{"id":"85123A","title":"Heart","price_minor":295,"currency":"GBP","in_stock":true,"tags":["red"],"attributes":{"margin_percent":41}}"#)?;
    let mut keyring = Keyring::default();
    keyring.complete(&[8; RANDOM_BYTES]);
    corpus.add("token", keyring.document()?.as_bytes())?;
    if let Some(key) = keyring.token_keys.first() {
        corpus.add("token", token::mint(key, "ada", NOW, 3_600)?.as_bytes())?;
    }
    let secs = NOW.epoch_secs();
    corpus.add("signatures", signature::sign_body("secret", b"body").as_bytes())?;
    corpus.add("signatures", signature::sign_stripe("secret", secs, b"body").as_bytes())?;
    corpus.add("signatures", format!("{}\n{secs}", signature::sign_klaviyo("secret", &secs.to_string(), b"body")).as_bytes())?;
    corpus.add(
        "signatures",
        format!("msg_1\n{secs}\n{}", signature::sign_standard("whsec_MTIzNDU2Nzg5MDEyMzQ1Ng==", "msg_1", secs, b"body")).as_bytes(),
    )
}
