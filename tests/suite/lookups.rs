//! Lookups through the real stores: what the last click does, and what is answered when something is missing.

use crate::shop::Shop;
use rapport_core::{digest::content_hash, money::Currency, source::ConsentMode};
use rapport_io::{
    Condition,
    aws::{Aws, Endpoints, Options},
    layout,
};
use rapport_lambda::Request;
use serde_json::{Value as Json, json};

/// Twelve loaves and cheeses that go together, bought by six people.
async fn bakery() -> Shop {
    let shop = Shop::open().await;
    let items: Vec<Json> =
        (0..12).map(|n| json!({ "id": format!("i{n}"), "title": format!("Loaf {n}"), "price_minor": 300, "currency": "EUR" })).collect();
    let url = format!("{}/v1/catalog/items", shop.suite.url());
    let (proof, body) = (format!("Bearer {}", shop.keys.secret_key), json!(items).to_string());
    let put = move || ureq::put(&url).header("authorization", proof).send(body).map(|answer| answer.status().as_u16());
    assert_eq!(tokio::task::spawn_blocking(put).await.expect("a call").expect("an answer"), 200);
    for person in 0..6 {
        for order in 0..4 {
            let lines: Vec<Json> =
                (0..3).map(|line| json!({ "product_id": format!("i{}", (order * 3 + line) % 12), "price": 3, "quantity": 1 })).collect();
            let bought = json!({ "userId": format!("u{person}"), "messageId": format!("{person}-{order}"), "event": "Order Completed",
                "properties": { "order_id": format!("o{person}-{order}"), "currency": "EUR", "products": lines } });
            shop.say("track", &shop.keys.secret_key, bought).await;
        }
    }
    shop.suite.drain().await.expect("drained");
    shop
}

impl Shop {
    async fn trained(self) -> Self {
        self.suite.train().await.expect("trained");
        self.suite.functions().recommend.warm(rapport::clock::now()).await;
        self
    }

    async fn ask(&self, query: &str) -> Json {
        let (status, answer) = self.get(&format!("/v1/recommendations?{query}"), &self.keys.write_key).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }
}

fn ids(answer: &Json) -> Vec<&str> {
    answer["items"].as_array().expect("items").iter().filter_map(|item| item["id"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_training_good_items_are_shown_all_the_same() {
    let shop = bakery().await;
    shop.suite.functions().recommend.warm(rapport::clock::now()).await;
    let answer = shop.ask("placement=home&limit=5").await;
    assert_eq!((ids(&answer).len(), answer["fallback"].as_str()), (5, Some("no_model")), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_request_reflects_the_last_click() {
    let shop = bakery().await.trained().await;
    let before = shop.ask("placement=home&anonymous_id=d1&limit=4").await;
    let look = json!({ "anonymousId": "d1", "messageId": "look", "event": "Product Viewed", "properties": { "product_id": "i0" } });
    shop.say("track", &shop.keys.write_key, look).await;
    shop.suite.drain().await.expect("drained");
    let after = shop.ask("placement=home&anonymous_id=d1&limit=4").await;
    assert_eq!((before["strategy"].as_str(), after["strategy"].as_str()), (Some("popular"), Some("session")));
    let beside = ids(&after)[..2].iter().all(|id| ["i1", "i2"].contains(id));
    assert!(beside, "what goes with the loaf comes first: {after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_tables_gone_the_shopper_still_sees_bread() {
    let shop = bakery().await.trained().await;
    let stores = shop.suite.stores();
    // A port that nobody listens on, and everything else as it is.
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let endpoints = stores.endpoints.clone();
    let aws = Aws::connect(Options {
        stack: rapport::stores::STACK.into(),
        bucket: stores.names.bucket.clone(),
        region: Some(rapport::stores::REGION.into()),
        credentials: Some((rapport::stores::ACCESS_KEY.into(), rapport::stores::ACCESS_KEY.into())),
        endpoints: Endpoints {
            dynamodb: Some(format!("http://{nowhere}")),
            s3: Some(endpoints.s3),
            sqs: Some(endpoints.sqs),
            secrets: Some(endpoints.secrets),
        },
        ..Options::default()
    })
    .await;
    let config = recommend::Config { stack: rapport::stores::STACK.into(), currency: Currency::EUR, consent: ConsentMode::OptOut };
    let app = recommend::App::new(aws.records, aws.objects, aws.secrets, config);
    app.warm(rapport::clock::now()).await;
    let uri = format!("/v1/recommendations?placement=home&anonymous_id=d1&k={}", shop.keys.write_key);
    let request: Request = http::Request::builder().uri(uri).body(bytes::Bytes::new()).expect("a request");
    let answer = recommend::handle(&app, request, rapport::clock::now()).await;
    assert_eq!(answer.status(), 200);
    let answer: Json = serde_json::from_slice(answer.body()).expect("JSON");
    assert_eq!((ids(&answer).len(), answer["fallback"].as_str()), (10, Some("profile_unavailable")), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_newest_model_is_refused_and_the_one_before_serves() {
    let shop = bakery().await.trained().await;
    let first = shop.ask("placement=product&item=i0").await;
    let rotten = bytes::Bytes::from_static(b"this is no model");
    let hash = content_hash(&rotten);
    let pointer = shop.aws.objects.get(layout::CURRENT_MODEL).await.expect("a read").expect("a pointer");
    let live: Json = serde_json::from_slice(&pointer.body).expect("JSON");
    let next = json!({ "v": 1, "model": hash, "previous": live["model"], "created": live["created"] });
    shop.aws.objects.put(&layout::model_artifact(&hash), rotten, Condition::Always).await.expect("a write");
    shop.aws.objects.put(layout::CURRENT_MODEL, next.to_string().into(), Condition::Always).await.expect("a write");
    shop.suite.functions().recommend.warm(rapport::clock::now()).await;
    let second = shop.ask("placement=product&item=i0").await;
    assert_eq!((ids(&second), &second["model"]), (ids(&first), &first["model"]));
    assert_eq!(second["fallback"], Json::Null, "an older model is a model");
}
