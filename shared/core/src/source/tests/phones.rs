//! One number is one hash, whoever tells it and however they write it.

use super::*;
use crate::{auth::personal, id::ContactHash, profile::Subject};
use serde_json::{Value as Json, json};

const NUMBER: &str = "+4915123456789";

fn hashed() -> Option<ContactHash> {
    personal::phone(SHOP.hash_key, NUMBER)
}

fn whos(route: &str, body: &Json) -> Vec<Who> {
    let parsed = parsed(&route.parse().expect("a route"), Authority::Webhook, &[], &body.to_string(), &SHOP);
    assert!(parsed.rejects.is_empty() && !parsed.events.is_empty(), "{body}: {:?}", parsed.rejects);
    parsed.events.into_iter().map(|event| event.who).collect()
}

fn shopify_order(more: Json) -> Json {
    let mut order = json!({ "id": 1001, "order_number": 1001, "created_at": "2026-11-20T10:00:00Z", "currency": "EUR",
        "line_items": [{ "id": 1, "product_id": 5, "price": "1.00", "quantity": 1 }] });
    order.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
    order
}

fn klaviyo(profile: Json) -> Json {
    json!({ "data": [{ "topic": "event:klaviyo.opened_email", "external_id": "e1", "payload": {
        "data": { "attributes": { "datetime": "2026-11-22T09:00:00Z" } }, "included": [{ "type": "profile", "attributes": profile }] } }] })
}

#[test]
fn every_sender_tells_a_number() {
    let woo = |billing: Json| {
        json!({ "id": 727, "status": "processing", "date_created_gmt": "2026-11-20T10:00:00", "customer_id": 0,
        "billing": billing, "line_items": [{ "id": 1, "product_id": 5, "total": "1.00", "quantity": 1 }] })
    };
    let session = |more: Json| {
        json!({ "id": "evt_1", "object": "event", "type": "checkout.session.completed", "created": 1_795_300_000, "livemode": true,
        "data": { "object": { "id": "cs_1", "object": "checkout.session", "payment_status": "paid", "amount_total": 500, "currency": "eur",
            "created": 1_795_300_000, "customer_details": more } } })
    };
    for (route, body, is_alone) in [
        ("segment/identify", json!({ "userId": "7", "traits": { "phone": "+49 151 2345 6789" } }), false),
        ("segment/track", json!({ "userId": "7", "event": "Spun", "context": { "traits": { "phone": "0049 151 23456789" } } }), false),
        ("segment/track", json!({ "userId": "7", "event": "Spun", "properties": { "phone_number": "+49 (0)151 23456789" } }), false),
        ("segment/identify", json!({ "userId": "+49 151 23456789" }), false),
        ("webhook/till", json!({ "type": "identify", "userId": "7", "traits": { "mobile": "+49-151-23456789" } }), false),
        ("webhook/till", json!({ "type": "page", "anonymousId": "till-1", "traits": { "phone": NUMBER } }), true),
        ("shopify", shopify_order(json!({ "phone": "+4915123456789" })), true),
        ("shopify", shopify_order(json!({ "customer": { "id": 7, "phone": "+49 151 23456789" } })), false),
        ("shopify", json!({ "id": 7, "verified_email": true, "updated_at": "2026-11-20T10:00:00Z", "phone": NUMBER }), false),
        ("woocommerce", woo(json!({ "phone": "+49 151/23456789" })), true),
        (
            "woocommerce",
            json!({ "id": 7, "email": "ada@example.org", "username": "ada", "role": "customer",
            "date_modified_gmt": "2026-11-20T10:00:00", "billing": { "phone": NUMBER } }),
            false,
        ),
        ("stripe", session(json!({ "phone": NUMBER })), true),
        ("klaviyo", klaviyo(json!({ "external_id": "7", "phone_number": NUMBER })), false),
        ("klaviyo", klaviyo(json!({ "phone_number": NUMBER })), true),
    ] {
        for who in whos(route, &body) {
            assert_eq!((&who.phone, who.customer.is_none()), (&hashed(), is_alone), "{route}: {body}");
            let by_phone = Event {
                id: crate::id::EventId::new("e").expect("an id"),
                at: RECEIVED,
                authority: Authority::Webhook,
                source: "test".into(),
                who,
                traffic: crate::event::Traffic::Human,
                action: crate::event::Action::CheckoutStarted,
            };
            let belongs = crate::profile::subjects(&by_phone);
            assert_eq!(belongs == [Subject::Phone(hashed().expect("a hash"))], is_alone, "{route}: {body}");
        }
    }
}

/// Whose a number is must not hang on what nobody vouches for.
#[test]
fn what_ties_nobody() {
    for (route, body) in [
        ("segment/identify", json!({ "userId": "7", "traits": { "phone": "0151 23456789" } })),
        ("segment/identify", json!({ "userId": "7", "traits": { "phone": "+49 000 000000" } })),
        ("segment/identify", json!({ "userId": "0049 151 23456789" })),
        ("shopify", shopify_order(json!({ "customer": { "id": 7 }, "billing_address": { "phone": NUMBER } }))),
        ("shopify", json!({ "id": 7, "verified_email": false, "updated_at": "2026-11-20T10:00:00Z", "phone": NUMBER })),
        (
            "shopify",
            json!({ "token": "t", "cart_token": "c", "abandoned_checkout_url": "https://shop.example", "created_at": "2026-11-20T10:00:00Z",
            "phone": NUMBER, "customer": { "id": 7 }, "line_items": [] }),
        ),
    ] {
        for who in whos(route, &body) {
            assert_eq!((who.phone, who.customer.is_some()), (None, true), "{route}: {body}");
        }
    }
}

#[test]
fn who_is_to_be_forgotten_is_forgotten_by_number_too() {
    let named = |customer: Json| {
        let body = json!({ "shop_id": 1, "shop_domain": "shop.example", "customer": customer, "orders_to_redact": [] }).to_string();
        let parsed = parsed(&Route::Shopify, Authority::Webhook, &[], &body, &SHOP);
        parsed.erasures.iter().flat_map(|erasure| &erasure.subjects).map(|subject| subject.to_string()[..2].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(named(json!({ "id": 7, "email": "ada@example.org", "phone": NUMBER })), ["c#", "e#", "p#"]);
    assert_eq!(named(json!({ "phone": NUMBER })), ["p#"], "a guest");
    assert_eq!(named(json!({ "id": 7, "phone": "555-625-1199" })), ["c#"]);
}
