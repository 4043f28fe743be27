//! The six release binaries as Lambda runs them: started with the environment of `infra/template.yaml`, handed the events under
//! `events/*/lambda/`. A handler that works can still be a process that does not start.

mod house;
#[expect(unreachable_pub, reason = "the benchmark that it is shared with is a crate of its own")]
#[path = "../../infra/bench/benches/lookup/large_shop.rs"]
mod large_shop;
mod server;
mod start_times;

use house::{House, sample, variable_names};
use rapport_core::{
    auth::personal,
    event::{Action, Authority, Event, Product, Traffic, Who},
    id::{CustomerId, DeviceId, EventId, ItemId},
    model::Model,
    profile::Subject,
    segment::Standing,
    source::Route,
    time::{MINUTE_MS, Timestamp},
};
use rapport_io::{
    Condition,
    inbox::{self, Envelope},
    log::Log,
    models::Models,
    profiles::{Ownership, Profiles},
    rejects::Rejects,
};
use serde_json::{Value as Json, json};

/// All of them.
const FUNCTIONS: [&str; 6] = ["webhooks", "collect", "ingest", "profile", "train", "recommend"];
/// When the samples were made.
const NOW: Timestamp = Timestamp(1_795_339_800_000);

/// What a function URL's function answered: status and body.
fn answered(answer: &Json) -> (i64, Json) {
    let body = answer["body"].as_str().unwrap_or_default();
    (answer["statusCode"].as_i64().expect("a status"), serde_json::from_str(body).unwrap_or_else(|_| body.into()))
}

/// Messages that a queue's function wants again.
fn failures(answer: &Json) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().expect("failures");
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().expect("an id")).collect()
}

async fn envelopes(house: &House) -> Vec<Envelope> {
    let mut envelopes = Vec::new();
    for message in house.inbox().await {
        envelopes.push(inbox::open(house.aws.objects.as_ref(), &message).await.expect("an envelope"));
    }
    envelopes
}

fn viewed(number: usize, customer: usize, item: &str, at: Timestamp) -> Event {
    Event {
        id: EventId::new(&format!("v-{number}")).expect("an id"),
        at,
        authority: Authority::Backend,
        source: "test".into(),
        who: Who { customer: Some(CustomerId::new(&format!("customer-{customer}")).expect("an id")), ..Who::default() },
        traffic: Traffic::Human,
        action: Action::Viewed(Product::bare(ItemId::new(item).expect("an id"))),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_order_comes_in_and_a_forged_one_does_not() {
    let house = House::new().await;
    let mut webhooks = house.boot("webhooks").await;
    let order = sample("webhooks/lambda/shopify-order.json");

    let mut forged = order.clone();
    forged["body"] = order["body"].as_str().expect("a body").replace("1001", "1002").into();
    assert_eq!(answered(&webhooks.api.invoke(forged).await.expect("an answer")).0, 401);
    let mut past_the_front = order.clone();
    past_the_front["headers"]["x-rapport-origin"] = "guessed".into();
    assert_eq!(answered(&webhooks.api.invoke(past_the_front).await.expect("an answer")).0, 403);
    assert_eq!(house.inbox().await, [""; 0], "neither leaves a trace");

    assert_eq!(answered(&webhooks.api.invoke(order.clone()).await.expect("an answer")).0, 200);
    let inbox = envelopes(&house).await;
    assert_eq!((inbox.len(), inbox[0].route.as_str(), inbox[0].authority), (1, "shopify", Authority::Webhook));
    assert_eq!(inbox[0].body, order["body"].as_str().expect("a body").as_bytes(), "byte for byte");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beacon_comes_in() {
    let house = House::new().await;
    let mut collect = house.boot("collect").await;
    let beacon = sample("collect/lambda/beacon.json");

    let mut stranger = beacon.clone();
    stranger["rawQueryString"] = "k=wk_other".into();
    assert_eq!(answered(&collect.api.invoke(stranger).await.expect("an answer")).0, 401);
    assert_eq!(answered(&collect.api.invoke(beacon).await.expect("an answer")), (200, json!({ "success": true })));
    let inbox = envelopes(&house).await;
    let route: Route = inbox[0].route.parse().expect("a route");
    assert_eq!((inbox.len(), route, inbox[0].authority), (1, Route::Beacon, Authority::Browser));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_with_poison_in_it_is_logged_without_the_poison() {
    let house = House::new().await;
    let mut ingest = house.boot("ingest").await;
    let answer = ingest.api.invoke(sample("ingest/lambda/batch-with-poison.json")).await.expect("an answer");
    assert_eq!(failures(&answer), [""; 0], "what cannot be read would not be better the next time");

    let (log, rejects) = (Log::new(house.aws.objects.clone()), Rejects::new(house.aws.objects.clone()));
    let keys = log.keys(None).await.expect("a listing");
    let object = log.read(&keys[0]).await.expect("the log").expect("an object");
    let ids: Vec<&str> = object.events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!((keys.len(), ids.as_slice()), (1, ["s:i-1", "s:i-2"].as_slice()));
    assert_eq!(rejects.keys(None).await.expect("a listing").len(), 2, "a torn envelope, and a body that is no JSON");
}

#[tokio::test(flavor = "multi_thread")]
async fn log_objects_are_folded_and_only_what_failed_is_named() {
    let house = House::new().await;
    let log = Log::new(house.aws.objects.clone());
    let events = [viewed(1, 1, "bread-1", NOW), viewed(2, 1, "bread-2", NOW.plus_ms(1)), viewed(3, 2, "bread-1", NOW)];
    let written = log.append(&events, NOW).await.expect("the log");
    let object = house.aws.objects.get(&written).await.expect("the bucket").expect("an object").body;
    // Where the sample's notification says that it lies.
    house.aws.objects.put("log/dt=2026-11-22/sample.ndjson.zst", object, Condition::Always).await.expect("the bucket");

    let mut profile = house.boot("profile").await;
    for _ in 0..2 {
        let answer = profile.api.invoke(sample("profile/lambda/notifications.json")).await.expect("an answer");
        assert_eq!(failures(&answer), ["m-2"], "the one that is no notification");
        let subjects = ["1", "2"].map(|name| Subject::Customer(CustomerId::new(&format!("customer-{name}")).expect("an id")));
        let profiles = Profiles::new(house.aws.records.clone()).get(&subjects, true).await.expect("the table");
        let events = profiles.into_iter().map(|found| found.expect("a profile").profile.expect("readable").history(0).totals.events);
        assert_eq!(events.collect::<Vec<_>>(), [2, 1], "the second delivery changes nothing");
    }
    profile.api.invoke(sample("profile/lambda/refold.json")).await.expect("the hourly job");
    assert!(profile.api.invoke(json!({ "job": "bake" })).await.is_err(), "an unknown job fails its invocation, which the alarm counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nightly_job_publishes_a_model() {
    let house = House::new().await;
    let visits = (0..60).flat_map(|visitor| {
        let at = NOW.plus_ms(visitor as i64 * 10 * MINUTE_MS);
        ["bread-1", "bread-2", "butter"]
            .into_iter()
            .enumerate()
            .map(move |(step, item)| viewed(visitor * 3 + step, visitor, item, at.plus_ms(step as i64 * 1_000)))
    });
    Log::new(house.aws.objects.clone()).append(&visits.collect::<Vec<_>>(), NOW).await.expect("the log");

    let mut train = house.boot("train").await;
    let summary = train.api.invoke(sample("train/lambda/job.json")).await.expect("a summary");
    let models = Models::new(house.aws.objects.clone());
    let pointer = models.current().await.expect("the bucket").expect("a pointer");
    let model = Model::parse(models.load(&pointer).await.expect("the bucket").artifact).expect("a model");
    assert_eq!((model.len(), summary["items"].as_u64()), (3, Some(3)));
    assert_eq!(summary["model"]["id"], model.id());
    assert!(train.api.invoke(json!({ "job": "refold" })).await.is_err(), "another function's job");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_is_answered_from_model_and_profile() {
    const ITEMS: usize = 500;
    let house = House::new().await;
    let artifact = large_shop::draft(ITEMS, NOW).to_bytes().expect("an artifact").0;
    Models::new(house.aws.objects.clone()).publish(artifact.into(), "{}".into(), NOW).await.expect("published");
    let mut recommend = house.boot("recommend").await;
    let lookup = sample("recommend/lambda/product-page.json");
    let ask = async |recommend: &mut house::Booted| {
        let (status, body) = answered(&recommend.api.invoke(lookup.clone()).await.expect("an answer"));
        assert_eq!(status, 200, "{body}");
        body
    };

    let stranger = ask(&mut recommend).await;
    assert_eq!((stranger["strategy"].as_str(), stranger["items"].as_array().map(Vec::len)), (Some("contextual"), Some(10)));
    let ids: Vec<&str> = stranger["items"].as_array().expect("items").iter().filter_map(|item| item["id"].as_str()).collect();
    assert!(ids.contains(&large_shop::item_id(large_shop::nearest(7, ITEMS)).as_str()), "{ids:?}");

    let device: DeviceId = personal::device(&house.keyring.hash_key, "device-1").expect("an id");
    let past = Event { who: Who { device: Some(device.clone()), ..Who::default() }, ..viewed(1, 1, "item-00123", NOW) };
    let profile = rapport_core::profile::refold(Subject::Device(device), &[past]);
    Profiles::new(house.aws.records.clone()).put(&profile, &Ownership::default(), &Standing::default(), None).await.expect("the table");
    assert_eq!(ask(&mut recommend).await["strategy"], "session", "what the device looked at counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_without_one_of_its_variables_does_not_start_and_says_which() {
    let house = House::new().await;
    for function in FUNCTIONS {
        let names = variable_names(function);
        assert!(names.len() >= 4, "{function} is told {names:?}");
        for name in names {
            let (ended_well, written) = house.boot_without(function, &name);
            assert!(!ended_well && written.contains(&format!("the environment variable {name} is not set")), "{function}: {written}");
        }
    }
}
