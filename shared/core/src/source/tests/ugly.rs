//! JSON as many hands write it: what is meant is read, what cannot be is refused, and neither costs the messages around it.

use super::{RECEIVED, SHOP, parsed};
use crate::{
    event::{Action, Authority, Event},
    money::Currency,
    source::{Call, Route, Shop},
};
use serde_json::{Value, json};

fn sent(route: &Route, body: &str, shop: &Shop<'_>) -> Vec<Event> {
    let parsed = parsed(route, Authority::Webhook, &[], body, shop);
    assert!(parsed.rejects.is_empty(), "{:?}", parsed.rejects);
    parsed.events
}

fn lines(events: &[Event]) -> Vec<(u32, i64, String)> {
    let line = |event: &Event| match &event.action {
        Action::Ordered(line) => Some((line.quantity, line.paid_minor, line.currency.to_string())),
        _ => None,
    };
    events.iter().filter_map(line).collect()
}

/// A browser that cuts a text in the middle of an emoji writes half of it; the cart beside it is whole.
#[test]
fn half_an_emoji_costs_no_message() {
    let body = r#"[{"type":"track","event":"Products Searched","anonymousId":"d1","properties":{"query":"cake \ud83c"}},
        {"type":"track","event":"Product Added","anonymousId":"d1","properties":{"product_id":"a"}}]"#;
    let parsed = parsed(&Route::Beacon, Authority::Browser, &[], body, &SHOP);
    assert_eq!((parsed.events.len(), parsed.rejects.len()), (2, 0), "{:?}", parsed.rejects);
    assert_eq!(parsed.events[0].action, Action::Searched { query: "cake \u{fffd}".into() });
}

/// A page with the public key may send a body of countless mistakes, or a large envelope around some: neither is multiplied.
#[test]
fn mistakes_by_the_thousand_are_kept_together() {
    let bad = vec![r#""bad""#; 5_000].join(",");
    let context = "x".repeat(30_000);
    for (name, body) in [
        ("tiny mistakes", format!("[{bad}]")),
        ("a large envelope", format!(r#"{{"context":{{"x":"{context}"}},"batch":[{bad}]}}"#)),
        (
            "reasons of one's own",
            format!("[{}]", (0..1_000).map(|n| format!(r#"{{"userId":"u","type":"t{n}"}}"#)).collect::<Vec<_>>().join(",")),
        ),
    ] {
        let parsed = parsed(&Route::Beacon, Authority::Browser, &[], &body, &SHOP);
        let kept: usize = parsed.rejects.iter().map(|reject| reject.raw.len()).sum();
        assert!(parsed.rejects.len() <= 21 && kept <= 2 * body.len() + 4_096, "{name}: {} records of {kept} bytes", parsed.rejects.len());
        let whole = parsed.rejects.last().expect("a reject");
        assert_eq!(String::from_utf8_lossy(&whole.raw), body, "{name}: none is lost");
        assert!(whole.reason.contains("messages of one delivery"), "{name}: {}", whole.reason);
    }
}

/// A delivery that was kept whole is sent again whole, and what was read of it the first time is the same events.
#[test]
fn what_could_be_read_among_many_mistakes_counts_once() {
    let good = r#"{"type":"page","anonymousId":"d1","timestamp":"2026-11-21T09:00:00Z"}"#;
    let body = format!("[{good},{}]", vec![r#"{"type":"page"}"#; 30].join(","));
    let first = parsed(&Route::Beacon, Authority::Browser, &[], &body, &SHOP);
    let whole = String::from_utf8_lossy(&first.rejects.last().expect("a reject").raw).into_owned();
    assert_eq!(first.events.len(), 1);
    assert_eq!(parsed(&Route::Beacon, Authority::Browser, &[], &whole, &SHOP).events, first.events);
}

/// What was refused is a delivery of its own: once its cause is mended it is read.
#[test]
fn what_klaviyo_sent_can_be_sent_again() {
    let body = json!({"data": [{"topic": "event:klaviyo.opened_email", "external_id": "e1", "payload": {"data": {"attributes": {}}}}]});
    let refused = parsed(&Route::Klaviyo, Authority::Webhook, &[], &body.to_string(), &SHOP).rejects;
    assert_eq!(refused.len(), 1);
    assert_eq!(serde_json::from_slice::<Value>(&refused[0].raw).expect("JSON"), body);
}

/// PHP and Python write whole numbers as `12748.0` when they were computed.
#[test]
fn a_number_names_the_same_customer_however_it_is_written() {
    let customer = |id: &str| {
        let body = format!(r#"{{"type":"page","userId":{id}}}"#);
        sent(&Route::Segment(Call::Batch), &body, &SHOP)[0].who.customer.as_ref().map(ToString::to_string)
    };
    for id in ["12748", "12748.0", "\"12748\"", "1.2748e4"] {
        assert_eq!(customer(id).as_deref(), Some("12748"), "{id}");
    }
    assert_eq!(customer("9007199254740993").as_deref(), Some("9007199254740993"), "longer than a double");
    assert_eq!(customer("0.0"), None);
}

#[test]
fn what_is_sold_by_weight_is_a_piece_and_money_has_its_own_decimals() {
    let order = |currency: &str, price: &str, quantity: &str| {
        let body = format!(
            r#"{{"id":1,"status":"completed","currency":"{currency}","date_created_gmt":"2026-11-20T10:00:00","customer_id":7,
            "line_items":[{{"id":1,"product_id":5,"quantity":{quantity},"subtotal":"{price}","total":"{price}"}}],"refunds":[]}}"#
        );
        lines(&sent(&Route::Woocommerce, &body, &SHOP))
    };
    for (currency, price, quantity, pieces, minor) in [
        ("EUR", "8.333", "1", 1, 833),
        ("EUR", "8.333333", "0.35", 1, 833),
        ("EUR", "1234.567", "2.5", 3, 123_457),
        ("EUR", "12.50", "0", 0, 1250),
        ("JPY", "1200", "1", 1, 1200),
        ("JPY", "1200.00", "1", 1, 1200),
        ("KWD", "1.234", "1", 1, 1234),
        ("KWD", "1234.567", "1", 1, 1_234_567),
    ] {
        assert_eq!(order(currency, price, quantity), [(pieces, minor, currency.to_owned())], "{price} {currency}");
    }
    for told in [r#""quantity":-1"#, r#""quantity":"many""#, r#""total":"lots""#] {
        let body = format!(
            r#"{{"id":1,"status":"completed","currency":"EUR","date_created_gmt":"2026-11-20T10:00:00","line_items":[{{"id":1,"product_id":5,{told}}}]}}"#
        );
        let parsed = parsed(&Route::Woocommerce, Authority::Webhook, &[], &body, &SHOP);
        assert!(parsed.events.is_empty() && parsed.rejects.len() == 1, "{told} is no order to be half believed");
    }
}

/// The customer paid in yen; the shop's books are in dinars. Every amount is the shop's, with its three decimals.
#[test]
fn the_shops_money_goes_before_the_customers() {
    let both = |dinars: &str, yen: &str| json!({"shop_money": {"amount": dinars, "currency_code": "KWD"}, "presentment_money": {"amount": yen, "currency_code": "JPY"}});
    let body = json!({
        "id": 1, "order_number": 1, "created_at": "2026-11-20T10:00:00+03:00", "updated_at": "2026-11-20T10:00:00+03:00",
        "currency": "KWD", "presentment_currency": "JPY", "taxes_included": false, "total_tax": "71", "total_tax_set": both("0.150", "71"),
        "line_items": [{"id": 1, "product_id": 5, "quantity": 3, "price": "500", "price_set": both("1.005", "500"),
            "discount_allocations": [{"amount": "100", "amount_set": both("0.215", "100")}]}],
        "shipping_lines": [{"price": "240", "price_set": both("0.500", "240")}],
        "refunds": [{"id": 2, "created_at": "2026-11-21T10:00:00+03:00", "refund_line_items": [
            {"id": 3, "quantity": 1, "subtotal": "467", "subtotal_set": both("0.933", "467"), "line_item": {"id": 1, "product_id": 5, "price": "500"}}],
            "transactions": [{"kind": "refund", "status": "success", "amount": "467", "currency": "JPY", "amount_set": both("0.933", "467")}]}],
    });
    let events = sent(&Route::Shopify, &body.to_string(), &Shop { currency: "KWD".parse().expect("a currency"), ..SHOP });
    let kwd = |minor: i64, quantity: u32| (quantity, minor, "KWD".to_owned());
    assert_eq!(lines(&events), [kwd(3 * 1005 - 215, 3), kwd(500, 1), kwd(150, 1)]);
    let back: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.action {
            Action::Refunded(back) => Some((back.quantity, back.amount_minor, back.currency)),
            _ => None,
        })
        .collect();
    assert_eq!(back, [(1, 933, "KWD".parse::<Currency>().expect("a currency"))]);
}

/// A till that is a day behind, a phone that is a year ahead, a laptop that wakes in the past: what happened is never later than it came,
/// and what is sent again keeps its time.
#[test]
fn clocks_that_are_off_are_set_right_once() {
    let day_ms = 86_400_000;
    for (off_ms, name) in [(-day_ms, "a day behind"), (365 * day_ms, "a year ahead"), (29_000, "within what is tolerated")] {
        let sent_at = RECEIVED.plus_ms(off_ms);
        let told = sent_at.plus_ms(-60_000);
        let body = json!({"batch": [{"type": "page", "userId": "u", "messageId": "m", "timestamp": told.to_string()}], "sentAt": sent_at.to_string()});
        let at = sent(&Route::Segment(Call::Batch), &body.to_string(), &SHOP)[0].at;
        let expected = if off_ms.abs() > 30_000 { RECEIVED.plus_ms(-60_000) } else { told };
        assert_eq!(at, expected, "{name}");
    }
    let ahead: Value = json!({"id": 1, "order_number": 1, "created_at": "2036-01-01T00:00:00Z", "updated_at": "2036-01-01T00:00:00Z",
        "line_items": [{"id": 1, "product_id": 5, "price": "1.00", "quantity": 1}]});
    for event in sent(&Route::Shopify, &ahead.to_string(), &SHOP) {
        assert_eq!(event.at, RECEIVED.plus_ms(300_000), "a platform's clock, too");
    }
}
