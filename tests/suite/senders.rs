//! Everyone who may send: what they say ends in the right profile, once, whoever says it and however often.

use crate::shop::{Shop, sample};
use rapport::import::{self, Basis, Target};
use rapport_core::{
    auth::{Credentials, authenticate, signature},
    money::Currency,
    source::csv::Options,
};
use serde_json::{Value as Json, json};

#[tokio::test(flavor = "multi_thread")]
async fn segments_calls_meet_in_one_profile() {
    let shop = Shop::open().await;
    let key = &shop.keys.secret_key;
    shop.say(
        "track",
        key,
        json!({ "anonymousId": "d1", "event": "Product Viewed", "messageId": "1", "properties": { "product_id": "bread" } }),
    )
    .await;
    shop.say(
        "identify",
        key,
        json!({ "userId": "ada", "anonymousId": "d1", "messageId": "2", "traits": { "email": "ada@example.org", "country": "FR" } }),
    )
    .await;
    shop.say("page", key, json!({ "userId": "ada", "messageId": "3", "name": "Guides" })).await;
    shop.say("alias", key, json!({ "previousId": "d0", "userId": "ada", "messageId": "4" })).await;
    let ada = shop.customer("ada").await.expect("a profile");
    assert_eq!(ada["history"]["events"], 4, "the look before she said who she is among them: {ada}");
    assert_eq!(
        (&ada["aliases"], &ada["traits"]["country"]),
        (&json!(4), &json!("FR")),
        "a device, an address, and the former id, which may name a device or a customer: {ada}"
    );
    assert!(!ada.to_string().contains("example.org"), "plain addresses are in contacts alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingest_key_may_send_and_nothing_else() {
    let shop = Shop::open().await;
    let mut keys = shop.keys.clone();
    keys.more.push(rapport_core::auth::ExtraKey {
        key: "sk_ingest_only".into(),
        scopes: vec![rapport_core::auth::Scope::Ingest],
        expires: None,
    });
    // Functions keep keys for five minutes, so a shop that was not asked yet reads the new ones.
    shop.aws.secrets.put("local/keys", &keys.document().expect("a document")).await.expect("the secret");
    shop.say("track", "sk_ingest_only", json!({ "userId": "ada", "event": "Product Viewed", "properties": { "product_id": "bread" } }))
        .await;
    assert!(shop.customer("ada").await.is_some());
    assert_eq!(shop.get("/v1/customers/ada", "sk_ingest_only").await.0, 403);
    let caller = authenticate(&keys, Credentials { authorization: Some("Bearer sk_ingest_onlx"), query: None, body: None }, shop_now());
    assert!(caller.is_err());
}

fn shop_now() -> rapport_core::time::Timestamp {
    rapport::clock::now()
}

/// Shopify's sample order, as Shopify would deliver it to this shop.
async fn shopify(shop: &Shop, body: &Json) -> u16 {
    let body = body.to_string();
    let proof = signature::sign_body(&shop.keys.shopify_secret, body.as_bytes());
    shop.post("/webhooks/shopify", &[("X-Shopify-Hmac-SHA256", &proof), ("X-Shopify-Topic", "orders/paid")], body).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn platforms_that_sign_are_believed() {
    let shop = Shop::open().await;
    let order = sample("ingest/shopify-order-paid.json")["body"].clone();
    let customer = order["customer"]["id"].to_string();
    assert_eq!(shopify(&shop, &order).await, 200);
    assert_eq!(shopify(&shop, &order).await, 200, "Shopify delivers at least once");
    let buyer = shop.customer(&customer).await.expect("a profile");
    assert_eq!((&buyer["history"]["orders"], &buyer["history"]["events"].as_u64().is_some()), (&json!(1), &true), "{buyer}");

    let woo = sample("ingest/woocommerce-order.json")["body"].to_string();
    let proof = signature::sign_body(&shop.keys.woocommerce_secret, woo.as_bytes());
    assert_eq!(shop.post("/webhooks/woocommerce", &[("X-WC-Webhook-Signature", &proof)], woo.clone()).await.0, 200);
    let id = sample("ingest/woocommerce-order.json")["body"]["customer_id"].to_string();
    assert_eq!(shop.customer(&id).await.expect("a profile")["history"]["orders"], 1);

    let till = sample("ingest/standard-webhook.json")["body"].to_string();
    let secs = rapport::clock::now().0 / 1000;
    let proof = signature::sign_standard(&shop.keys.webhook_secret, "msg_1", secs, till.as_bytes());
    let headers = [("webhook-id", "msg_1"), ("webhook-timestamp", &secs.to_string()), ("webhook-signature", &proof)];
    assert_eq!(shop.post("/webhooks/till", &headers, till).await.0, 200);
    assert_eq!(shop.customer("12748").await.expect("a profile")["history"]["orders"], 1);
    assert_eq!(shop.objects("rejected/").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_webhook_gets_401_and_leaves_no_trace() {
    let shop = Shop::open().await;
    let order = sample("ingest/shopify-order-paid.json")["body"].to_string();
    let right = signature::sign_body(&shop.keys.shopify_secret, order.as_bytes());
    let wrong = signature::sign_body("shpss_guessed", order.as_bytes());
    for (proof, body) in [(wrong.as_str(), order.clone()), (right.as_str(), order.replace("450789469", "450789470")), ("", order.clone())] {
        let (status, answer) = shop.post("/webhooks/shopify", &[("X-Shopify-Hmac-Sha256", proof)], body).await;
        assert_eq!(status, 401, "{answer}");
    }
    assert_eq!(shop.post("/webhooks/shopify", &[], order.clone()).await.0, 401, "no signature at all");
    assert_eq!(shop.post("/webhooks/woocommerce", &[("X-WC-Webhook-Signature", &wrong)], order.clone()).await.0, 401);
    assert_eq!(shop.post("/webhooks/till", &[("webhook-id", "1"), ("webhook-signature", "v1,AA==")], order).await.0, 401);
    shop.suite.drain().await.expect("drained");
    for prefix in ["inbox/", "log/", "rejected/"] {
        assert_eq!(shop.objects(prefix).await, Vec::<String>::new(), "{prefix}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_order_from_webhook_pixel_and_file_is_one_order() {
    let shop = Shop::open().await;
    let order = sample("ingest/shopify-order-paid.json")["body"].clone();
    let (id, customer) = (order["id"].to_string(), order["customer"]["id"].to_string());
    let lines: Vec<Json> = order["line_items"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| json!({ "product_id": line["product_id"].to_string(), "price": line["price"], "quantity": line["quantity"] }))
        .collect();
    // The pixel is first, as it is in life, and claims a discount that never was.
    let pixel = json!({ "anonymousId": "d1", "userId": customer, "messageId": "px", "event": "Order Completed",
        "properties": { "order_id": id, "revenue": 1.0, "currency": "GBP", "products": lines } });
    shop.say("track", &shop.keys.write_key, pixel).await;
    assert_eq!(shopify(&shop, &order).await, 200);
    let paid = shop.customer(&customer).await.expect("a profile")["history"].clone();

    let rows: Vec<String> = order["line_items"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| {
            let item = &line["product_id"];
            format!("{id},{item},{},2026-11-20 09:00:00,{},{customer}", line["quantity"], line["price"].as_str().unwrap_or_default())
        })
        .collect();
    let file = format!("invoice,stock_code,quantity,invoice_date,price,customer_id\n{}\n", rows.join("\n"));
    let options = Options {
        currency: Currency::GBP,
        map: Vec::new(),
        now: rapport::clock::now(),
        as_of: rapport::clock::now(),
        hash_key: Some(shop.keys.hash_key.clone()),
        insiders: shop.keys.insiders.clone(),
        zone: None,
    };
    let prepared = import::prepare("orders.csv".as_ref(), file.as_bytes(), &options).expect("a file");
    assert_eq!(prepared.report().taken, rows.len() as u64, "{:?}", prepared.report());
    prepared.write(&Target::over(&shop.aws), Basis::default(), rapport::clock::now(), |_| {}).await.expect("an import");

    let after = shop.customer(&customer).await.expect("a profile")["history"].clone();
    for field in ["orders", "revenue_minor", "other_currencies_minor", "discount_minor"] {
        assert_eq!(after[field], paid[field], "{field}: the webhook's word stands above a file's");
    }
    assert_eq!(after["orders"], 1, "{after}");
    let differing = profile::replay(&shop.suite.functions().profile, None).await.expect("a replay").differing;
    assert_eq!(differing, [], "and the same from nothing");
}
