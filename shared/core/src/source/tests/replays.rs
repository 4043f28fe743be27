//! Recordings of what was signed, played again by somebody who may write any header and damage nothing else; and samples that are
//! damaged, by somebody who may sign.

use super::{Authority, RECEIVED, SHOP, Sample, parsed, samples};
use crate::{
    random::SplitMix,
    source::{Parsed, Route, ShopifyKind, json, shopify_topic_agrees},
};
use serde_json::Value;
use std::collections::BTreeSet;

const TOPICS: [&str; 36] = [
    "orders/create",
    "orders/updated",
    "orders/paid",
    "orders/cancelled",
    "orders/delete",
    "refunds/create",
    "checkouts/create",
    "checkouts/update",
    "checkouts/delete",
    "carts/create",
    "carts/update",
    "customers/create",
    "customers/update",
    "customers/delete",
    "customers/redact",
    "customers/merge",
    "customers/data_request",
    "customers_email_marketing_consent/update",
    "shop/redact",
    "products/create",
    "products/update",
    "products/delete",
    "inventory_levels/update",
    "themes/publish",
    "",
    "order.created",
    "order.updated",
    "order.deleted",
    "order.restored",
    "product.updated",
    "product.deleted",
    "customer.updated",
    "customer.deleted",
    "coupon.created",
    "coupon.updated",
    "coupon.deleted",
];

/// What a delivery leaves behind, by name: the ids of events, receipts, and what is told of products.
fn traces(parsed: &Parsed) -> BTreeSet<String> {
    let events = parsed.events.iter().map(|event| event.id.to_string());
    let erasures = parsed.erasures.iter().map(|erasure| erasure.receipt.clone());
    let tellings = parsed.tellings.iter().map(|telling| format!("{telling:?}"));
    events.chain(erasures).chain(tellings).collect()
}

fn of_platforms() -> Vec<(String, Sample, Route)> {
    let with_route = |(name, sample): (String, Sample)| {
        let route = sample.route.parse::<Route>().expect("a route");
        (name, sample, route)
    };
    samples().into_iter().map(with_route).filter(|(_, sample, _)| sample.authority == Authority::Webhook).collect()
}

/// Whatever headers stand over a signed body: it comes to what it came to, or to nothing.
#[test]
fn altered_headers_make_no_second_delivery() {
    for (name, sample, route) in of_platforms() {
        let read = |headers: &[(String, String)]| traces(&parsed(&route, Authority::Webhook, headers, &sample.text(), &SHOP));
        let once = read(&sample.headers);
        for topic in TOPICS {
            let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let headers = [
                header("x-shopify-topic", topic),
                header("x-wc-webhook-topic", topic),
                header("webhook-id", "another"),
                header("user-agent", "curl/8 (bot)"),
                header("sec-gpc", "1"),
            ];
            // A bare id is the exception: only the topic says that it is a product's, and all that does is to hide the product.
            let is_bare_id = sample.body.as_object().is_some_and(|body| body.len() == 1) && topic.contains("product");
            let again = read(&headers);
            assert!(is_bare_id || again.is_subset(&once), "{name} under {topic} leaves {again:?} beside {once:?}");
        }
    }
}

/// Every sample of Shopify's is of one kind, and refused under the topic of any other.
fn kind_of(body: &Value) -> ShopifyKind {
    ShopifyKind::of(&json(body.to_string().as_bytes()).expect("JSON"))
}

#[test]
fn no_topic_turns_a_body_into_something_else() {
    let shopify: Vec<_> = of_platforms().into_iter().filter(|(_, _, route)| *route == Route::Shopify).collect();
    let kinds: BTreeSet<String> = shopify.iter().map(|(_, sample, _)| format!("{:?}", kind_of(&sample.body))).collect();
    assert_eq!(kinds.len(), 14, "a sample of every kind: {kinds:?}");
    for (name, sample, route) in &shopify {
        let own = sample.headers.first().map(|(_, topic)| topic.as_str());
        let kind = kind_of(&sample.body);
        assert!(shopify_topic_agrees(own, kind), "{name} is {kind:?} under {own:?}");
        let others = shopify.iter().filter(|(_, theirs, _)| !theirs.headers.is_empty() && kind_of(&theirs.body) != kind);
        for (other, theirs, _) in others {
            let parsed = parsed(route, Authority::Webhook, &theirs.headers, &sample.text(), &SHOP);
            let reason = parsed.rejects.first().map(|reject| reject.reason.as_str()).unwrap_or_default();
            assert!(traces(&parsed).is_empty() && reason.contains("only the body is signed"), "{name} under the topic of {other}");
        }
    }
}

/// Samples with one to three values replaced by something else: nothing panics, no amount overflows, no time lies ahead.
#[test]
fn no_damaged_sample_makes_it_panic() {
    let samples = samples();
    let mut random = SplitMix::new(7);
    let strange = [
        Value::Null,
        true.into(),
        (-1).into(),
        i64::MAX.into(),
        i64::MIN.into(),
        u64::MAX.into(),
        1e308.into(),
        "9007199254740991".into(),
        "-9e15".into(),
        "9999-12-31T23:59:59Z".into(),
        "0001-01-01".into(),
        "gid://".into(),
        "é".repeat(400).into(),
        "XXX".into(),
        "kwd".into(),
        Value::Array(vec![Value::Null; 3]),
        Value::Object(serde_json::Map::new()),
    ];
    for _ in 0..20_000 {
        let (name, sample) = &samples[random.below(samples.len())];
        let mut body = sample.body.clone();
        for _ in 0..=random.below(3) {
            let places = count(&body);
            *place(&mut body, &mut random.below(places)).expect("a place") = strange[random.below(strange.len())].clone();
        }
        let route: Route = sample.route.parse().expect("a route");
        let parsed = parsed(&route, sample.authority, &[], &body.to_string(), &SHOP);
        for event in &parsed.events {
            assert!(event.at <= RECEIVED.plus_ms(300_000), "{name}: {body}");
        }
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

/// The `left`th value in depth-first order.
fn place<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|inner| place(inner, left)),
        Value::Object(map) => map.values_mut().find_map(|inner| place(inner, left)),
        _ => None,
    }
}
