//! The demo shop as a shop knows its customers: their profiles, and the model that was trained on them.

use rapport_core::{
    catalog::Item,
    event::{Authority, Event},
    features::CutOffs,
    identity::Ties,
    model::Model,
    money::Currency,
    profile::{Profile, Subject, refold, subjects},
    source::{self, Call, ConsentMode, Delivery, Route, Shop},
    time::Timestamp,
};
use rapport_demo::{Options, generate};
use rapport_train::{Corpus, leads, learn, outlook, persona, rhythm, taste};
use std::collections::BTreeMap;

pub const CURRENCY: Currency = Currency::EUR;
/// Messages in one call.
const BATCH: usize = 500;

/// `customers` of them, as the training of tonight finds them.
pub fn open(customers: usize, now: Timestamp) -> (Vec<Profile>, Model) {
    let (events, catalog) = told(customers, now);
    let profiles = profiles(&events);
    (profiles.clone(), model(&events, &profiles, catalog, now))
}

/// What they did, and the shop's catalog.
pub fn told(customers: usize, now: Timestamp) -> (Vec<Event>, Vec<Item>) {
    let demo = generate(&Options { customers, seed: 7, ..Options::showcase(now.to_string().parse().expect("a time")) });
    let shop = Shop { currency: CURRENCY, consent: ConsentMode::OptOut, hash_key: "0123456789abcdef" };
    let mut events: Vec<Event> = Vec::new();
    for batch in demo.messages.chunks(BATCH) {
        let body = serde_json::json!({ "batch": batch }).to_string();
        let route = Route::Segment(Call::Batch);
        let delivery = Delivery { route: &route, received: now, authority: Authority::Backend, headers: &[], body: body.as_bytes() };
        events.extend(source::parse(&delivery, &shop).events);
    }
    let catalog = demo.catalog.iter().map(|item| Item::read(&serde_json::to_string(item).expect("JSON")).expect("an item")).collect();
    (events, catalog)
}

/// Of every customer, what their devices did before they signed in included.
pub fn profiles(events: &[Event]) -> Vec<Profile> {
    let mut ties = Ties::default();
    events.iter().for_each(|event| ties.hear(event));
    let owners = ties.owners();
    let mut histories: BTreeMap<Subject, Vec<Event>> = BTreeMap::new();
    for event in events {
        let whose = subjects(event).into_iter().map(|subject| owners.person(&subject));
        whose.for_each(|whose| histories.entry(whose).or_default().push(event.clone()));
    }
    let customers = histories.into_iter().filter(|(subject, _)| matches!(subject, Subject::Customer(_)));
    customers.map(|(subject, events)| refold(subject, &events)).collect()
}

/// As the train function fits it.
fn model(events: &[Event], profiles: &[Profile], catalog: Vec<Item>, now: Timestamp) -> Model {
    Model::parse(artifact(events, profiles, catalog, now).into()).expect("a model")
}

/// The same as it is stored.
pub fn artifact(events: &[Event], profiles: &[Profile], catalog: Vec<Item>, now: Timestamp) -> Vec<u8> {
    let mut corpus = Corpus::default();
    events.iter().for_each(|event| corpus.add(event));
    let history = corpus.history(ConsentMode::OptOut).with_catalog(catalog);
    let mut draft = learn(&history, CURRENCY, now).expect("learns").draft;
    let learned = outlook::of_history(&history, CURRENCY, now).expect("learns");
    draft.tastes = taste::fit(&history, learned.held.as_ref());
    draft.outlook = Some(learned.outlook);
    draft.leads = Some(leads::fit(&history, now));
    draft.rhythm = rhythm::fit(&history);
    let known = Model::parse(draft.to_bytes().expect("an artifact").0.into()).expect("a model");
    draft.personas = Some(persona::learn((profiles, 1.0), None, &known, &CutOffs::prior(CURRENCY), ConsentMode::OptOut, now));
    draft.to_bytes().expect("an artifact").0
}
