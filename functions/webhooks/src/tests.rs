//! The door, over memory.

use super::*;
use base64::{Engine, prelude::BASE64_STANDARD};
use rapport_core::digest::hmac_sha256;
use rapport_io::{
    Secrets,
    faulty::Faulty,
    memory::{MemoryObjects, MemoryQueue, MemorySecrets},
};

const NOW: Timestamp = Timestamp(1_795_326_516_000);
const ORDER: &str = r#"{"id":1,"order_number":1001,"line_items":[]}"#;

async fn keys() -> Arc<Keys<Keyring>> {
    let secrets = MemorySecrets::default();
    secrets.put("local/keys", r#"{"shopify_secret":"s","woocommerce_secret":"w","webhook_secret":"plain","stripe_secret":"st","klaviyo_secret":"kl","mailchimp_secret":"mcs_1"}"#).await.expect("memory");
    Arc::new(Keys::new(Arc::new(secrets), "local", |document| Ok(Keyring::parse(document)?)))
}

async fn post(app: &App, path: &str, headers: &[(&str, &str)], body: &str) -> u16 {
    send(app, http::Request::post(path), headers, body).await
}

async fn send(app: &App, request: http::request::Builder, headers: &[(&str, &str)], body: &str) -> u16 {
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    handle(app, request.body(body.to_owned().into()).expect("a request"), NOW).await.status().as_u16()
}

fn signed(secret: &str, message: &str) -> String {
    BASE64_STANDARD.encode(hmac_sha256(secret.as_bytes(), message.as_bytes()))
}

#[tokio::test]
async fn only_what_is_signed_leaves_a_trace() {
    let (by_shop, by_woo, forged) = (signed("s", ORDER), signed("w", ORDER), signed("x", ORDER));
    let secs = (NOW.0 / 1000).to_string();
    let stripe = signature::sign_stripe("st", NOW.0 / 1000, ORDER.as_bytes());
    let stale = signature::sign_stripe("st", NOW.0 / 1000 - 301, ORDER.as_bytes());
    let klaviyo = signature::sign_klaviyo("kl", &secs, ORDER.as_bytes());
    let standard = format!("v1,AAAA v1,{}", signed("plain", &format!("m1.{secs}.{ORDER}")));
    for (path, headers, body, status, kept) in [
        ("/webhooks/shopify", vec![("X-Shopify-Hmac-SHA256", by_shop.as_str())], ORDER, 200, 1),
        ("/webhooks/shopify", vec![("x-shopify-hmac-sha256", &by_shop), ("X-Shopify-Topic", "orders/paid")], ORDER, 200, 1),
        ("/webhooks/shopify", vec![("x-shopify-hmac-sha256", &by_shop), ("x-shopify-topic", "customers/redact")], ORDER, 400, 0),
        ("/webhooks/shopify", vec![("x-shopify-hmac-sha256", &forged)], ORDER, 401, 0),
        ("/webhooks/shopify", vec![("x-shopify-hmac-sha256", &by_shop)], r#"{"id":2}"#, 401, 0),
        ("/webhooks/shopify", vec![], ORDER, 401, 0),
        ("/webhooks/woocommerce", vec![("x-wc-webhook-signature", &by_woo)], ORDER, 200, 1),
        ("/webhooks/woocommerce", vec![("x-wc-webhook-signature", &by_shop)], ORDER, 401, 0),
        ("/webhooks/woocommerce", vec![], "webhook_id=17", 200, 0),
        ("/webhooks/woocommerce", vec![], "webhook_id=17&x", 401, 0),
        ("/webhooks/till", vec![("webhook-id", "m1"), ("webhook-timestamp", &secs), ("webhook-signature", &standard)], ORDER, 200, 1),
        ("/webhooks/till", vec![("webhook-id", "m2"), ("webhook-timestamp", &secs), ("webhook-signature", &standard)], ORDER, 401, 0),
        ("/webhooks/till", vec![("webhook-id", "m1"), ("webhook-timestamp", "1"), ("webhook-signature", &standard)], ORDER, 401, 0),
        ("/webhooks/stripe", vec![("stripe-signature", &stripe)], ORDER, 200, 1),
        ("/webhooks/stripe", vec![("stripe-signature", &stale)], ORDER, 401, 0),
        ("/webhooks/stripe", vec![("webhook-id", "m1"), ("webhook-timestamp", &secs), ("webhook-signature", &standard)], ORDER, 401, 0),
        ("/webhooks/klaviyo", vec![("klaviyo-signature", &klaviyo), ("klaviyo-timestamp", &secs)], ORDER, 200, 1),
        ("/webhooks/klaviyo", vec![("klaviyo-signature", &klaviyo)], ORDER, 401, 0),
        ("/webhooks/mailchimp?secret=mcs_1", vec![], "type=subscribe", 200, 1),
        ("/webhooks/mailchimp?secret=mcs_2", vec![], "type=subscribe", 401, 0),
        ("/webhooks/mailchimp?secret=", vec![], "type=subscribe", 401, 0),
        ("/webhooks/mailchimp", vec![], "type=subscribe", 401, 0),
        ("/webhooks/", vec![], ORDER, 404, 0),
        ("/webhooks/a/b", vec![], ORDER, 404, 0),
    ] {
        let (queue, objects) = (Arc::new(MemoryQueue::default()), Arc::new(MemoryObjects::default()));
        let app = App::new(Inbox::new(Arc::clone(&queue) as _, objects), keys().await);
        assert_eq!(post(&app, path, &headers, body).await, status, "{path} {headers:?} {body}");
        assert_eq!(queue.take().len(), kept, "{path} {headers:?}");
    }
}

#[tokio::test]
async fn mailchimp_finds_somebody_at_home() {
    let queue = Arc::new(MemoryQueue::default());
    let app = App::new(Inbox::new(Arc::clone(&queue) as _, Arc::new(MemoryObjects::default())), keys().await);
    assert_eq!(send(&app, http::Request::get("/webhooks/mailchimp?secret=wrong"), &[], "").await, 200);
    assert_eq!(send(&app, http::Request::get("/webhooks/stripe"), &[], "").await, 405);
    assert!(queue.take().is_empty());
}

#[tokio::test]
async fn nothing_is_acknowledged_before_the_queue_has_it() {
    let queue = Faulty::new(MemoryQueue::default());
    queue.fail(true);
    let app = App::new(Inbox::new(Arc::new(queue), Arc::new(MemoryObjects::default())), keys().await);
    let request = http::Request::post("/webhooks/shopify").header("x-shopify-hmac-sha256", signed("s", ORDER));
    let response = handle(&app, request.body(ORDER.into()).expect("a request"), NOW).await;
    assert_eq!(response.status(), 503);
    let wait: u32 = response.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "platforms that heed it come back soon: {wait}");
}
