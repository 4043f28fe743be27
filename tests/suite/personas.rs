//! Personas through the real stores: found at a training, shown by the API, and the same after the next training.

use crate::{predictions, shop::Shop};
use rapport_demo::{Options, generate};
use serde_json::{Value as Json, json};

/// Messages in one call.
const BATCH: usize = 200;

/// A demo shop of so many customers, sent and folded.
async fn demo(customers: usize) -> Shop {
    let shop = Shop::open().await;
    let end = "2026-06-30T00:00:00Z".parse().expect("a time");
    let demo = generate(&Options { customers, seed: 21, ..Options::showcase(end) });
    let proof = format!("Bearer {}", shop.keys.secret_key);
    for batch in demo.messages.chunks(BATCH) {
        let (status, answer) = shop.post("/v1/batch", &[("authorization", &proof)], json!({ "batch": batch }).to_string()).await;
        assert_eq!(status, 200, "{answer}");
    }
    shop.suite.drain().await.expect("drained");
    shop
}

impl Shop {
    async fn personas(&self) -> Json {
        self.suite.train().await.expect("trained");
        self.suite.functions().recommend.warm(rapport::clock::now()).await;
        let (status, answer) = self.get("/v1/personas", &self.keys.secret_key).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }
}

fn list(value: &Json) -> &[Json] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_has_personas_and_keeps_them() {
    let shop = demo(140).await;
    let first = shop.personas().await;
    let people: u64 = list(&first["personas"]).iter().filter_map(|persona| persona["card"]["people"].as_u64()).sum();
    assert!(!list(&first["personas"]).is_empty() && people > 80, "{first}");
    assert_eq!(first["fit"]["outcome"], "first");

    let second = shop.personas().await;
    assert_eq!(second["fit"]["outcome"], "kept");
    let ids = |answer: &Json| list(&answer["personas"]).iter().map(|persona| persona["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&second), ids(&first));

    let (mut known, mut thin, mut buyers, mut leads) = (0, 0, 0, 0);
    for number in 0..140 {
        let Some(view) = shop.customer(&format!("c{number:05}")).await else { continue };
        let persona = &view["persona"];
        assert!(!list(&persona["evidence"]).is_empty(), "{persona}");
        if persona["id"].is_null() {
            assert_eq!((&persona["name"], &persona["strength"]), (&json!("unknown"), &json!(0)));
            thin += u64::from(view["history"]["events"].as_u64().is_some_and(|events| events < 10));
        } else {
            assert!(ids(&second).contains(&persona["id"]), "{persona}");
            known += 1;
        }
        match view["history"]["orders"].as_u64() {
            Some(0) => leads += predictions::of_a_lead(&view["predictions"]),
            _ => buyers += predictions::of_a_buyer(&view["predictions"]),
        }
    }
    assert!(known > 20, "{known} known, {thin} thin");
    assert!(buyers > 20 && leads > 0, "{buyers} buyers, {leads} leads");

    shop.say(
        "track",
        &shop.keys.secret_key,
        json!({ "userId": "c00001", "messageId": "no", "event": "Consent Updated", "context": { "consent": { "categoryPreferences": { "personalization": false } } } }),
    )
    .await;
    let private = shop.customer("c00001").await.expect("a customer");
    assert_eq!(private["persona"]["name"], "unknown", "who keeps to themselves is nobody's kind: {private}");
    assert_eq!(private["predictions"], Json::Null, "and nobody guesses what they will do");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_customers_are_told_honestly() {
    let shop = demo(10).await;
    let answer = shop.personas().await;
    assert!(list(&answer["personas"]).is_empty(), "{answer}");
    assert_eq!(answer["fit"]["outcome"], "too_few");
    let view = shop.customer("c00001").await.expect("a customer");
    assert_eq!(view["persona"]["evidence"], json!(["the shop has no personas yet"]));
    let (status, _) = shop.get("/v1/personas", &shop.keys.write_key).await;
    assert_eq!(status, 403, "a browser's key sees no customers");
}
