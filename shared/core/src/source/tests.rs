//! Senders, by example: every file under `events/` has a snapshot of what it comes to. Add a case, not a test.

mod files;
mod orders;
mod phones;
mod replays;
mod ugly;

use super::*;
use crate::event::Who;
use proptest::prelude::*;
use serde::Deserialize;
use std::path::PathBuf;

const SHOP: Shop<'_> = Shop { currency: Currency::EUR, consent: ConsentMode::OptOut, hash_key: "0123456789abcdef" };
const RECEIVED: Timestamp = Timestamp(1_795_326_516_000);

/// A delivery as the fixtures write it.
#[derive(Deserialize)]
struct Sample {
    route: String,
    authority: Authority,
    #[serde(default)]
    headers: Vec<(String, String)>,
    received: String,
    #[serde(default)]
    opt_in: bool,
    body: serde_json::Value,
}

impl Sample {
    /// A form, or what is no JSON, stands as text.
    fn text(&self) -> String {
        self.body.as_str().map_or_else(|| self.body.to_string(), str::to_owned)
    }
}

/// All samples, by name.
fn samples() -> Vec<(String, Sample)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events/ingest");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).expect("events/ingest").map(|entry| entry.expect("a file").path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    assert!(files.len() >= 50, "the samples are gone");
    let read = |file: PathBuf| {
        let name = file.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let sample = serde_json::from_slice(&std::fs::read(&file).expect("readable")).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        (name, sample)
    };
    files.into_iter().map(read).collect()
}

fn parsed(route: &Route, authority: Authority, headers: &[(String, String)], body: &str, shop: &Shop<'_>) -> Parsed {
    parse(&Delivery { route, received: RECEIVED, authority, headers, body: body.as_bytes() }, shop)
}

/// Every order of the numbers below `count`.
fn orders_of(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let placed = |shorter: Vec<usize>| {
        (0..count).map(move |place| {
            let mut order = shorter.clone();
            order.insert(place, last);
            order
        })
    };
    orders_of(last).into_iter().flat_map(placed).collect()
}

/// One line an event, then contacts, then rejects: what a reviewer wants to read.
fn told(parsed: &Parsed) -> String {
    let mut lines = Vec::new();
    for event in &parsed.events {
        crate::event::encode_line(event, &mut lines);
    }
    let mut text = String::from_utf8(lines).expect("JSON is UTF-8");
    for contact in &parsed.contacts {
        text += &format!("contact {} {} = {} (at {})\n", contact.customer, contact.field, contact.value, contact.at.at);
    }
    for telling in &parsed.tellings {
        text += &format!("catalog {}\n", on_the_shelf(telling));
    }
    for erasure in &parsed.erasures {
        text += &format!("forget {:?} ({}, at {})\n", erasure.subjects, erasure.receipt, erasure.at);
    }
    for reject in &parsed.rejects {
        text += &format!("reject: {}\n", reject.reason);
    }
    text
}

fn on_the_shelf(telling: &Telling) -> String {
    match telling {
        Telling::Product { item, variants, told } => {
            let stock = variants
                .iter()
                .map(|variant| format!(" [{}: {}{}]", variant.id, variant.available, if variant.always { ", always" } else { "" }));
            format!("{}{} (told {told})", serde_json::to_string(item).expect("JSON"), stock.collect::<String>())
        }
        Telling::Gone { item, told } => format!("{item} is gone (told {told})"),
        Telling::Level { variant, place, available, told } => format!("{available} of {variant} at {place} (told {told})"),
    }
}

#[test]
fn every_sample_comes_to_what_its_snapshot_says() {
    for (name, sample) in samples() {
        let route: Route = sample.route.parse().expect("a route");
        let body = sample.text();
        let received = Timestamp::parse(&sample.received).expect("a time");
        let shop = Shop { consent: if sample.opt_in { ConsentMode::OptIn } else { ConsentMode::OptOut }, ..SHOP };
        let delivery = Delivery { route: &route, received, authority: sample.authority, headers: &sample.headers, body: body.as_bytes() };
        let first = parse(&delivery, &shop);
        assert_eq!(first, parse(&delivery, &shop), "the same delivery twice is the same events");
        for personal in ["@example", "Lovelace", "Hopper", "+44"] {
            let log: Vec<u8> = first.events.iter().fold(Vec::new(), |mut log, event| {
                crate::event::encode_line(event, &mut log);
                log
            });
            assert!(!String::from_utf8_lossy(&log).contains(personal), "{name} puts {personal} into the log");
        }
        insta::assert_snapshot!(name, told(&first));
    }
}

#[test]
fn shares_add_up() {
    let shared = |total: i64, weights: &[i64]| share(total, weights.iter().copied()).collect::<Vec<_>>();
    assert_eq!(shared(100, &[1, 1, 1]), [33, 33, 34]);
    assert_eq!(shared(-7, &[0, 0]), [-3, -4]);
    assert_eq!(shared(5, &[]), [] as [i64; 0]);
}

#[test]
fn one_order_has_one_name() {
    for name in ["gid://shopify/Order/450789469", "#450789469", " 450789469 "] {
        assert_eq!(order_id(name).map(|id| id.to_string()), Ok("450789469".to_owned()), "{name}");
    }
}

#[test]
fn routes_survive_the_inbox() {
    let platforms = [Route::Shopify, Route::Woocommerce, Route::Stripe, Route::Klaviyo, Route::Mailchimp];
    for route in platforms.into_iter().chain([Route::Segment(Call::Page), Route::Beacon, Route::Webhook("loyalty".into())]) {
        assert_eq!(route.to_string().parse(), Ok(route));
    }
    assert!("webhook/".parse::<Route>().is_err());
    assert_eq!(["t", "i", "p", "s", "g", "a", "b"].map(Call::named), Call::ALL.map(|(call, _)| Some(call)));
}

/// A clock that runs an hour ahead, one that agrees, and history that is sent today.
#[test]
fn times_are_corrected_by_the_senders_own_clock() {
    let hour = 3_600_000;
    for (name, told, sent, expected) in [
        ("an hour ahead", RECEIVED.plus_ms(hour - 5_000), Some(RECEIVED.plus_ms(hour)), RECEIVED.plus_ms(-5_000)),
        ("agrees", RECEIVED.plus_ms(-5_000), Some(RECEIVED.plus_ms(-900)), RECEIVED.plus_ms(-5_000)),
        ("two years ago", RECEIVED.plus_days(-730), Some(RECEIVED.plus_ms(-900)), RECEIVED.plus_days(-730)),
        ("says nothing of sending", RECEIVED.plus_days(-3), None, RECEIVED.plus_days(-3)),
        ("next year", RECEIVED.plus_days(365), None, RECEIVED.plus_ms(300_000)),
    ] {
        let sent = sent.map(|sent| format!(r#","sentAt":"{sent}""#)).unwrap_or_default();
        let body = format!(r#"{{"batch":[{{"type":"page","userId":"u","timestamp":"{told}"}}]{sent}}}"#);
        let parsed = parsed(&Route::Segment(Call::Batch), Authority::Backend, &[], &body, &SHOP);
        assert_eq!(parsed.events.first().map(|event| event.at), Some(expected), "{name}: {:?}", parsed.rejects);
    }
}

#[test]
fn a_browser_never_names_a_customer() {
    let body = r#"[{"type":"identify","userId":"12748","anonymousId":"d1","traits":{"email":"victim@example.org","phone":"+49 151 23456789","country":"GB"}},
        {"type":"alias","userId":"12748","previousId":"d1","anonymousId":"d1"}]"#;
    let parsed = parsed(&Route::Beacon, Authority::Browser, &[], body, &SHOP);
    assert_eq!(parsed.events.len(), 2);
    assert!(parsed.contacts.is_empty());
    for event in &parsed.events {
        assert_eq!((&event.who.customer, &event.who.email, &event.who.phone), (&None, &None, &None));
        assert!(crate::identity::words(event).is_empty(), "a claim ties nothing");
    }
}

#[test]
fn one_bad_event_leaves_its_mates_alone() {
    let body = r#"{"batch":[1,{"type":"page","userId":"u"},{"type":"track","userId":"u"},{"type":"dance","userId":"u"},{"type":"page"},
        {"type":"track","event":"Order Completed","userId":"u","properties":{"order_id":"1","revenue":"lots"}},
        {"type":"page","userId":"u","timestamp":"1970-01-01T00:00:00Z"},{"type":"page","userId":"null"}]}"#;
    let parsed = parsed(&Route::Segment(Call::Batch), Authority::Backend, &[], body, &SHOP);
    assert_eq!((parsed.events.len(), parsed.rejects.len()), (2, 6), "{:?}", parsed.rejects);
    assert!(parsed.events[1].who.is_nobody(), "`null` is nobody");
}

/// Under opt-in a browser that says nothing is counted, not known; who buys is known for the sake of the contract.
#[test]
fn silence_is_no_consent_under_opt_in() {
    let shop = Shop { consent: ConsentMode::OptIn, ..SHOP };
    let message = |event: &str, context: &str| {
        format!(
            r#"[{{"type":"track","event":"{event}","anonymousId":"d1","properties":{{"product_id":"a","order_id":"1","revenue":1}},"context":{context}}}]"#
        )
    };
    for (event, context, known) in [
        ("Product Viewed", "{}", false),
        ("Order Completed", "{}", true),
        ("Product Viewed", r#"{"consent":{"categoryPreferences":{"Analytics":true}}}"#, true),
        ("Product Viewed", r#"{"consent":{"categoryPreferences":{"Analytics":false}}}"#, false),
        ("Product Viewed", r#"{"customerPrivacy":{"analyticsProcessingAllowed":true}}"#, true),
        ("Product Viewed", r#"{"consent":{"analytics_storage":"granted"}}"#, true),
    ] {
        let parsed = parsed(&Route::Beacon, Authority::Browser, &[], &message(event, context), &shop);
        assert_eq!(parsed.events.first().map(|event| !event.who.is_nobody()), Some(known), "{event} {context}: {:?}", parsed.rejects);
    }
}

/// Both number from 1: neither may take the other's for its own, sent again.
#[test]
fn two_senders_may_number_alike() {
    let body = r#"{"type":"page","userId":"u","messageId":"1","name":"at the till"}"#;
    let id = |name: &str| parsed(&Route::Webhook(name.into()), Authority::Webhook, &[], body, &SHOP).events.remove(0).id;
    assert_eq!((id("till").as_str(), id("crm").as_str()), ("w:till:1", "w:crm:1"));
}

#[test]
fn only_people_are_people() {
    let page = |context: &str| format!(r#"[{{"type":"page","anonymousId":"d1","context":{context}}}]"#);
    let agent = |agent: &str| vec![("user-agent".to_owned(), agent.to_owned())];
    for (authority, headers, context, traffic) in [
        (Authority::Browser, agent("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"), "{}", crate::event::Traffic::Human),
        (Authority::Browser, agent("Mozilla/5.0 (compatible; Googlebot/2.1)"), "{}", crate::event::Traffic::Bot),
        (Authority::Backend, agent("python-requests/2.32"), "{}", crate::event::Traffic::Human),
        (Authority::Backend, vec![], r#"{"userAgent":"Mozilla/5.0 HeadlessChrome"}"#, crate::event::Traffic::Bot),
        (Authority::Browser, vec![], r#"{"internal":true}"#, crate::event::Traffic::Internal),
        (Authority::Browser, vec![(INSIDER.to_owned(), "1".to_owned())], "{}", crate::event::Traffic::Internal),
        (Authority::Backend, vec![(INSIDER.to_owned(), "1".to_owned())], "{}", crate::event::Traffic::Human),
    ] {
        let parsed = parsed(&Route::Beacon, authority, &headers, &page(context), &SHOP);
        assert_eq!(parsed.events.first().map(|event| event.traffic), Some(traffic), "{headers:?} {context}");
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let names = "type|event|userId|anonymousId|previousId|timestamp|sentAt|properties|token|variants|title|updated_at|customer|data|object|topic|payload|stock_status|name|products|traits|context|consent|price|quantity|revenue|order_id|product_id|line_items|order_number|id|created_at|refunds|status|customer_id|email|phone|items";
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "track|identify|page|alias|Order Completed|Order Refunded|Product Viewed|purchase|2026-11-22|-1|1e300|ada@example.org|\\+4915123456789|\\PC{0,12}"
            .prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::Array),
            proptest::collection::hash_map(names, inner, 0..10).prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn route() -> impl Strategy<Value = Route> {
    let calls = prop::sample::select(Call::ALL.to_vec()).prop_map(|(call, _)| Route::Segment(call));
    let platforms = prop::sample::select(vec![Route::Shopify, Route::Woocommerce, Route::Stripe, Route::Klaviyo, Route::Mailchimp]);
    prop_oneof![calls, Just(Route::Beacon), platforms, Just(Route::Webhook("pos".into()))]
}

proptest! {
    #[test]
    fn no_json_makes_it_panic(body in json(), route in route(), trusted in any::<bool>()) {
        let authority = if trusted { Authority::Backend } else { Authority::Browser };
        let parsed = parsed(&route, authority, &[], &body.to_string(), &SHOP);
        prop_assert!(parsed.events.iter().all(|event| event.at >= Timestamp::EARLIEST && event.at <= RECEIVED.plus_ms(300_000)));
        let is_claim = |who: &Who| *who == Who { device: who.device.clone(), ..Who::default() };
        prop_assert!(trusted || parsed.events.iter().all(|event| is_claim(&event.who)));
    }

    #[test]
    fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200), route in route()) {
        let parsed = parse(&Delivery { route: &route, received: RECEIVED, authority: Authority::Webhook, headers: &[], body: &body }, &SHOP);
        let is_form = route == Route::Mailchimp;
        prop_assert!(parsed.events.is_empty() || is_form || serde_json::from_slice::<serde_json::Value>(&body).is_ok());
    }

    #[test]
    fn every_cent_is_shared(total in -10_000_000_i64..10_000_000, weights in proptest::collection::vec(-5_i64..100_000, 1..40)) {
        let parts: Vec<i64> = share(total, weights.iter().copied()).collect();
        prop_assert_eq!(parts.iter().sum::<i64>(), total);
        prop_assert!(parts.iter().all(|part| part.signum() * total.signum() >= 0), "no part has the other sign");
    }
}
