//! Platforms beside the shop's own: each through its own door with its own proof, into one profile; and what a platform may ask.

use crate::shop::{Shop, sample};
use rapport_core::{auth::signature, id::CustomerId, profile::Subject, time::Timestamp};
use rapport_io::{catalog::Catalog, contacts::Contacts};
use serde_json::{Value as Json, json};
use std::sync::Arc;

fn body(name: &str) -> String {
    match &sample(&format!("ingest/{name}.json"))["body"] {
        Json::String(form) => form.clone(),
        json => json.to_string(),
    }
}

async fn shopify(shop: &Shop, topic: &str, body: &str) -> u16 {
    let proof = signature::sign_body(&shop.keys.shopify_secret, body.as_bytes());
    shop.post("/webhooks/shopify", &[("X-Shopify-Hmac-SHA256", &proof), ("X-Shopify-Topic", topic)], body.to_owned()).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_and_two_newsletters_meet_in_one_profile() {
    let shop = Shop::open().await;
    let now: Timestamp = rapport::clock::now();
    let paid = body("stripe-checkout");
    let proof = signature::sign_stripe(&shop.keys.stripe_secret, now.epoch_secs(), paid.as_bytes());
    for _ in 0..2 {
        assert_eq!(shop.post("/webhooks/stripe", &[("Stripe-Signature", &proof)], paid.clone()).await.0, 200);
    }
    let opened = body("klaviyo-batch");
    let proof = signature::sign_klaviyo(&shop.keys.klaviyo_secret, &now.to_string(), opened.as_bytes());
    let headers = [("Klaviyo-Signature", proof.as_str()), ("Klaviyo-Timestamp", &now.to_string())];
    assert_eq!(shop.post("/webhooks/klaviyo", &headers, opened).await.0, 200);
    let before = shop.customer("12748").await.expect("a profile");
    assert_eq!((&before["history"]["orders"], &before["consent"]["marketing"]["state"]), (&json!(1), &json!("unset")), "{before}");

    let door = format!("/webhooks/mailchimp?secret={}", shop.keys.mailchimp_secret);
    assert_eq!(shop.get("/webhooks/mailchimp", "none").await.0, 200, "Mailchimp looks before it sends");
    assert_eq!(shop.post("/webhooks/mailchimp?secret=mcs_guessed", &[], body("mailchimp-unsubscribe")).await.0, 401);
    assert_eq!(shop.post(&door, &[], body("mailchimp-unsubscribe")).await.0, 200);
    let after = shop.customer("12748").await.expect("a profile");
    assert_eq!(after["consent"]["marketing"]["state"], "denied", "by the address that the till tied to them: {after}");
    let acts: Vec<&str> = after["history"]["recent"].as_array().expect("a list").iter().filter_map(|act| act["type"].as_str()).collect();
    for act in ["email_opened", "email_link_clicked", "email_unsubscribed"] {
        assert!(acts.contains(&act), "{act} is among {acts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shopify_may_fill_the_shelf_and_ask_to_forget() {
    let shop = Shop::open().await;
    let catalog = Catalog::new(Arc::clone(&shop.aws.records));
    assert_eq!(shopify(&shop, "products/update", &body("shopify-product")).await, 200);
    assert_eq!(shopify(&shop, "products/delete", &body("shopify-product-deleted")).await, 200);
    shop.suite.drain().await.expect("drained");
    let items = catalog.items().await.expect("a catalog");
    assert_eq!(items.iter().map(|item| (item.id.as_str(), item.in_stock)).collect::<Vec<_>>(), [("632910392", false)]);

    assert_eq!(shopify(&shop, "customers/update", &body("shopify-customer")).await, 200);
    let known = shop.customer("706405506930370084").await.expect("a profile");
    assert_eq!(known["consent"]["marketing"]["state"], "granted", "{known}");
    let contacts = Contacts::new(Arc::clone(&shop.aws.records));
    let subject = Subject::Customer(CustomerId::new("706405506930370084").expect("an id"));
    assert!(contacts.get(&subject).await.expect("contacts").contains_key("email"));
    assert_eq!(shopify(&shop, "customers/redact", &body("shopify-customer-deleted")).await, 400, "another topic than the body's");
    assert_eq!(shopify(&shop, "customers/delete", &body("shopify-customer-deleted")).await, 200);
    assert_eq!(shop.customer("706405506930370084").await, None);
    assert!(contacts.get(&subject).await.expect("contacts").is_empty());
    assert_eq!(shop.objects("rejected/").await, Vec::<String>::new());
}
