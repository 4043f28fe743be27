//! The same events give the same artifact, byte for byte, on one thread and on two: everything that is learned, from the demo shop's own
//! messages, looks, orders and profiles.
#![allow(clippy::expect_used, reason = "a test that cannot go on has failed")]

use rapport_core::{
    catalog::Item,
    event::{Authority, Event},
    features::CutOffs,
    money::Currency,
    profile::{Profile, Subject, refold, subjects},
    source::{self, Call, ConsentMode, Delivery, Route, Shop},
    time::Timestamp,
};
use rapport_demo::{Options, generate};
use rapport_train::{
    Corpus,
    whole::{self, Customers, Whole},
};
use std::collections::BTreeMap;

const END: &str = "2025-06-30T00:00:00Z";

/// Messages in one call.
const BATCH: usize = 500;

struct Demo {
    events: Vec<Event>,
    profiles: Vec<Profile>,
    catalog: Vec<Item>,
}

fn demo(customers: usize) -> Demo {
    let demo = generate(&Options { seed: 11, customers, ..Options::showcase(END.parse().expect("a time")) });
    let shop = Shop { currency: Currency::EUR, consent: ConsentMode::OptOut, hash_key: "0123456789abcdef" };
    let received = Timestamp::parse(END).expect("a time");
    let mut events: Vec<Event> = Vec::new();
    for batch in demo.messages.chunks(BATCH) {
        let body = serde_json::json!({ "batch": batch }).to_string();
        let (route, headers) = (&Route::Segment(Call::Batch), &[]);
        let delivery = Delivery { route, received, authority: Authority::Backend, headers, body: body.as_bytes() };
        events.extend(source::parse(&delivery, &shop).events);
    }
    let mut histories: BTreeMap<Subject, Vec<Event>> = BTreeMap::new();
    for event in &events {
        if let Some(subject @ Subject::Customer(_)) = subjects(event).pop() {
            histories.entry(subject).or_default().push(event.clone());
        }
    }
    let profiles = histories.into_iter().map(|(subject, events)| refold(subject, &events)).collect();
    let catalog = demo.catalog.iter().map(|item| Item::read(&serde_json::to_string(item).expect("JSON")).expect("an item")).collect();
    Demo { events, profiles, catalog }
}

fn learned(demo: &Demo, threads: usize, events: &mut dyn Iterator<Item = &Event>) -> Whole {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let mut corpus = Corpus::default();
    events.for_each(|event| corpus.add(event));
    let now = Timestamp::parse(END).expect("a time");
    let cut_offs = CutOffs::prior(Currency::EUR);
    pool.install(|| {
        let history = corpus.history(ConsentMode::OptOut).with_catalog(demo.catalog.clone());
        let customers = Customers { profiles: &demo.profiles, each: 1.0, last: None, cut_offs: &cut_offs };
        whole::fit(&history, customers, (Currency::EUR, ConsentMode::OptOut), now).expect("learns")
    })
}

#[test]
fn one_thread_and_two_learn_the_same_bytes_in_any_order_of_events() {
    let demo = demo(400);
    let one = learned(&demo, 1, &mut demo.events.iter());
    let two = learned(&demo, 2, &mut demo.events.iter().rev());
    let meta = one.model.meta();
    let holds = [meta.outlook.is_some(), meta.tastes.is_some(), meta.leads.is_some(), meta.rhythm.is_some(), meta.personas.is_some()];
    assert!(holds == [true; 5] && one.holdout.is_enough && one.unpredicted.is_none(), "{holds:?}");
    let description = serde_json::to_vec(meta).expect("JSON").len();
    assert!(description < 100_000, "what an artifact says about itself has its room beside the tables: {description} bytes");
    assert_eq!(one.model.id(), two.model.id());
    assert!(one.artifact == two.artifact, "the same name, but not the same bytes");
    assert_eq!((one.holdout, one.contests), (two.holdout, two.contests));
}
