//! What a public key says is a claim: it may not read, merge, grant or earn.

use crate::shop::Shop;
use serde_json::{Value as Json, json};

/// Ada has a history; Mallory knows her id, her device and the shop's public key.
async fn shop_with_ada() -> Shop {
    let shop = Shop::open().await;
    let key = &shop.keys.secret_key;
    for (number, item) in ["rye", "rye", "brie"].iter().enumerate() {
        let bought = json!({ "userId": "ada", "messageId": format!("a{number}"), "event": "Order Completed", "properties": {
            "order_id": format!("A-{number}"), "currency": "EUR", "products": [{ "product_id": item, "price": 3, "quantity": 1 }] } });
        shop.say("track", key, bought).await;
    }
    shop.say("identify", key, json!({ "userId": "ada", "anonymousId": "ada-phone", "messageId": "a9" })).await;
    shop
}

fn claim(message: &str, event: &str, properties: Json) -> Json {
    json!({ "userId": "ada", "anonymousId": "mallory", "messageId": message, "event": event, "properties": properties })
}

#[tokio::test(flavor = "multi_thread")]
async fn claiming_to_be_ada_merges_nothing_and_earns_nothing() {
    let shop = shop_with_ada().await;
    let before = shop.customer("ada").await.expect("ada");
    let key = &shop.keys.write_key;
    shop.say("identify", key, json!({ "userId": "ada", "anonymousId": "mallory", "messageId": "m1", "traits": { "country": "XX" } })).await;
    shop.say("alias", key, json!({ "previousId": "mallory", "userId": "ada", "messageId": "m2" })).await;
    shop.say("track", key, claim("m3", "Product Viewed", json!({ "product_id": "poison" }))).await;
    let bought = json!({ "order_id": "M-1", "revenue": 9999, "currency": "EUR", "products": [{ "product_id": "poison", "price": 9999, "quantity": 1 }] });
    shop.say("track", key, claim("m4", "Order Completed", bought)).await;
    shop.say("track", key, claim("m5", "Consent Updated", json!({ "personalization": false, "marketing": true }))).await;
    let after = shop.customer("ada").await.expect("ada");
    for field in ["aliases", "traits", "consent"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    for field in ["orders", "revenue_minor"] {
        assert_eq!(after["history"][field], before["history"][field], "{field}");
    }
    assert!(!after.to_string().contains("poison"), "nothing of it is hers: {after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn claiming_to_be_ada_shows_nothing_of_hers() {
    let shop = shop_with_ada().await;
    let key = shop.keys.write_key.clone();
    shop.suite.drain().await.expect("drained");
    shop.suite.train().await.expect("trained");
    shop.suite.functions().recommend.warm(rapport::clock::now()).await;
    let ask = async |body: Json| {
        let (status, answer) = shop.post("/v1/recommendations", &[], body.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        (answer["strategy"].clone(), answer["items"].clone())
    };
    let stranger = ask(json!({ "key": key, "placement": "home" })).await;
    for claim in [
        json!({ "key": key, "placement": "home", "customer": "ada" }),
        json!({ "key": key, "placement": "home", "customer": "nobody-at-all" }),
        json!({ "key": key, "placement": "home", "anonymous_id": "ada-phone" }),
    ] {
        assert_eq!(ask(claim.clone()).await, stranger, "{claim}");
    }
    for path in ["/v1/customers/ada", "/v1/customers/ada/export", "/v1/customers/ada/consent", "/v1/customers/nobody-at-all"] {
        assert_eq!(shop.get(path, &key).await.0, 403, "{path}");
    }
    let backend = format!("Bearer {}", shop.keys.secret_key);
    let (_, hers) = shop.post("/v1/recommendations", &[("authorization", &backend)], json!({ "customer": "ada" }).to_string()).await;
    assert_eq!(hers["strategy"], "personal", "her own backend sees her");
}
