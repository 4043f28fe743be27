//! What a shop's deliveries about one order come to, in whatever order they are delivered.

use super::{SHOP, orders_of, parsed};
use crate::{
    event::{Authority, Event},
    id::CustomerId,
    money::Currency,
    profile::{Subject, Totals, refold},
    source::{Parsed, Route},
};
use serde_json::{Value, json};

/// What a platform's `body` comes to.
fn told(route: &Route, body: &Value) -> Parsed {
    let parsed = parsed(route, Authority::Webhook, &[], &body.to_string(), &SHOP);
    assert!(parsed.rejects.is_empty(), "{:?}", parsed.rejects);
    parsed
}

/// The customer's sums after `bodies`, each of which may come at any place among the others.
fn sums(route: &Route, bodies: &[Value]) -> Totals {
    let deliveries: Vec<Vec<Event>> = bodies.iter().map(|body| told(route, body).events).collect();
    let subject = || Subject::Customer(CustomerId::new("7").expect("an id"));
    let named = |events: Vec<Event>| -> Vec<Event> { events.into_iter().filter(|event| event.who.customer.is_some()).collect() };
    let whole = |order: &[usize]| refold(subject(), &named(order.iter().flat_map(|place| deliveries[*place].clone()).collect())).whole();
    let all = orders_of(deliveries.len());
    let first = whole(&all[0]);
    for order in &all {
        assert_eq!(whole(order), first, "delivered in the order {order:?}");
    }
    first
}

fn at(minute: u32) -> String {
    format!("2026-11-20T10:{minute:02}:00Z")
}

/// An order of Shopify's for 50 euro, as it stood at `minute`.
fn shopify(minute: u32, changed: &Value) -> Value {
    let mut body = json!({
        "id": 1, "order_number": 1001, "created_at": at(0), "updated_at": at(minute), "currency": "EUR", "cancelled_at": null,
        "financial_status": "paid", "total_tax": "0.00", "taxes_included": true, "customer": {"id": 7},
        "line_items": [{"id": 11, "product_id": 5, "quantity": 5, "price": "10.00"}], "shipping_lines": [], "refunds": [],
    });
    merge(&mut body, changed);
    body
}

/// A refund of so many pieces of that order.
fn given_back(id: u32, pieces: u32) -> Value {
    let line = json!({"id": id * 10, "line_item_id": 11, "quantity": pieces, "subtotal": format!("{pieces}0.00"),
        "line_item": {"id": 11, "product_id": 5, "quantity": 5, "price": "10.00"}});
    let paid = json!({"kind": "refund", "status": "success", "amount": format!("{pieces}0.00")});
    json!({"id": id, "created_at": at(id), "refund_line_items": [line], "transactions": [paid]})
}

fn woocommerce(second: u32, status: &str, refunds: &[Value]) -> Value {
    json!({
        "id": 1, "status": status, "currency": "EUR", "date_created_gmt": "2026-11-20T10:00:00",
        "date_modified_gmt": format!("2026-11-20T10:00:{second:02}"), "customer_id": 7, "billing": {},
        "line_items": [{"id": 11, "product_id": 5, "quantity": 5, "subtotal": "50.00", "total": "50.00"}], "refunds": refunds,
    })
}

fn merge(body: &mut Value, changed: &Value) {
    let (Some(body), Some(changed)) = (body.as_object_mut(), changed.as_object()) else { return };
    body.extend(changed.clone());
}

#[test]
fn a_cancelled_order_is_worth_nothing_whatever_was_given_back() {
    let (created, partly) = (shopify(0, &json!({})), shopify(2, &json!({"refunds": [given_back(1, 2)]})));
    let cancelled = shopify(4, &json!({"cancelled_at": at(4), "refunds": [given_back(1, 2), given_back(3, 3)]}));
    let live = sums(&Route::Shopify, &[created.clone(), partly.clone()]);
    assert_eq!((live.orders, live.refunds, live.revenue_minor), (1, 1, vec![(Currency::EUR, 3000)]));
    let void = sums(&Route::Shopify, &[created, partly, cancelled]);
    assert_eq!((void.orders, void.refunds, void.revenue_minor), (0, 0, vec![]));

    let refund = |id: u32, total: &str| json!({"id": id, "total": total});
    let (paid, partly) = (woocommerce(0, "processing", &[]), woocommerce(2, "processing", &[refund(2, "-20.00")]));
    let cancelled = woocommerce(4, "cancelled", &[refund(2, "-20.00"), refund(3, "-30.00")]);
    let void = sums(&Route::Woocommerce, &[paid.clone(), partly.clone(), cancelled.clone()]);
    assert_eq!((void.orders, void.refunds, void.revenue_minor), (0, 0, vec![]));
    let refunded = woocommerce(4, "refunded", &[refund(2, "-20.00"), refund(3, "-30.00")]);
    let back = sums(&Route::Woocommerce, &[paid.clone(), partly.clone(), refunded]);
    assert_eq!(
        (back.orders, back.refunds, back.revenue_minor),
        (1, 1, vec![(Currency::EUR, 0)]),
        "an order is paid back once, in two parts"
    );
    let again = woocommerce(6, "completed", &[refund(2, "-20.00")]);
    let back = sums(&Route::Woocommerce, &[paid, partly, cancelled, again]);
    assert_eq!(
        (back.orders, back.refunds, back.revenue_minor),
        (1, 1, vec![(Currency::EUR, 3000)]),
        "what comes back has its refunds again"
    );
}

#[test]
fn what_was_never_paid_is_no_sale_until_it_is() {
    for unpaid in ["voided", "expired"] {
        let (void, paid) = (shopify(1, &json!({"financial_status": unpaid})), shopify(2, &json!({"financial_status": "paid"})));
        let before = sums(&Route::Shopify, std::slice::from_ref(&void));
        assert_eq!((before.orders, before.revenue_minor), (0, vec![]), "{unpaid}");
        let after = sums(&Route::Shopify, &[void, paid]);
        assert_eq!((after.orders, after.revenue_minor), (1, vec![(Currency::EUR, 5000)]), "{unpaid}, then paid");
    }
    for awaited in ["pending", "authorized"] {
        assert_eq!(sums(&Route::Shopify, &[shopify(1, &json!({"financial_status": awaited}))]).orders, 1, "{awaited}");
    }
    for unpaid in ["pending", "failed", "checkout-draft", "trash", "cancelled"] {
        let void = woocommerce(1, unpaid, &[]);
        let before = sums(&Route::Woocommerce, std::slice::from_ref(&void));
        assert_eq!((before.orders, before.revenue_minor), (0, vec![]), "{unpaid}");
        for paid in ["processing", "completed", "on-hold"] {
            let after = sums(&Route::Woocommerce, &[void.clone(), woocommerce(2, paid, &[])]);
            assert_eq!((after.orders, after.revenue_minor), (1, vec![(Currency::EUR, 5000)]), "{unpaid}, then {paid}");
        }
    }
}

/// What is left of an order for 30.10 dollars, which the customer paid as 4,500 yen, after a refund of 1,500 of them.
fn left_after(refund: &Value, changed: &Value) -> Vec<(Currency, i64)> {
    let mut order = shopify(
        2,
        &json!({
            "currency": "USD", "presentment_currency": "JPY", "total_price": "30.10",
            "total_price_set": {"shop_money": {"amount": "30.10", "currency_code": "USD"},
                "presentment_money": {"amount": "4500", "currency_code": "JPY"}},
            "line_items": [{"id": 11, "product_id": 5, "quantity": 1, "price": "30.10"}], "refunds": [refund],
        }),
    );
    merge(&mut order, changed);
    sums(&Route::Shopify, &[order]).revenue_minor
}

#[test]
fn what_was_paid_back_in_yen_is_booked_in_dollars() {
    let set = |dollars: &str, yen: &str| json!({"shop_money": {"amount": dollars, "currency_code": "USD"}, "presentment_money": {"amount": yen, "currency_code": "JPY"}});
    let line = json!({"id": 10, "quantity": 1, "subtotal": "8.02", "subtotal_set": set("8.02", "1200"),
        "line_item": {"id": 11, "product_id": 5, "quantity": 1, "price": "30.10"}});
    let refund = |lines: Value, paid: Value, changed: Value| {
        let mut refund = json!({"id": 1, "created_at": at(1), "refund_line_items": lines, "transactions": [paid]});
        merge(&mut refund, &changed);
        refund
    };
    let yen = || json!({"kind": "refund", "status": "success", "amount": "1500", "currency": "JPY"});
    let usd = |minor: i64| vec![("USD".parse::<Currency>().expect("a currency"), minor)];
    let shipping = json!({"order_adjustments": [{"kind": "shipping_refund", "amount": "-2.00", "amount_set": set("-2.00", "-300"), "tax_amount": "0.00"}]});
    for (name, refund, left) in [
        ("by the order's rate", refund(json!([]), yen(), json!({})), 3010 - 1003),
        ("by the order's rate, beside goods", refund(json!([line]), yen(), json!({})), 3010 - 1003),
        ("as Shopify worked it out", refund(json!([line]), yen(), shipping), 3010 - 802 - 200),
        (
            "in both",
            refund(
                json!([]),
                json!({"kind": "refund", "amount": "1500", "currency": "JPY", "amount_set": set("10.04", "1500")}),
                json!({}),
            ),
            3010 - 1004,
        ),
        ("in the shop's", refund(json!([]), json!({"kind": "refund", "amount": "15.00", "currency": "USD"}), json!({})), 3010 - 1500),
        ("in none", refund(json!([]), json!({"kind": "refund", "amount": "15.00"}), json!({})), 3010 - 1500),
    ] {
        assert_eq!(left_after(&refund, &json!({})), usd(left), "{name}");
    }
}

#[test]
fn a_rate_that_nobody_tells_is_not_guessed() {
    let refund = json!({"id": 1, "order_id": 1, "created_at": at(1), "refund_line_items": [],
        "transactions": [{"kind": "refund", "amount": "1500", "currency": "JPY"}]});
    let parsed = parsed(&Route::Shopify, Authority::Webhook, &[], &refund.to_string(), &SHOP);
    assert!(parsed.events.is_empty() && parsed.rejects[0].reason.contains("at what rate"), "{:?}", parsed.rejects);
}

#[test]
fn a_refund_told_alone_and_by_its_order_counts_once() {
    let mut alone = given_back(1, 2);
    merge(&mut alone, &json!({"order_id": 1}));
    let told_alone = told(&Route::Shopify, &alone).events;
    let names = |events: &[Event]| events.iter().map(|event| format!("{:?} {:?}", event.at, event.action)).collect::<Vec<_>>();
    assert_eq!(told_alone.len(), 1, "it leaves something: {:?}", names(&told_alone));
    let within = shopify(2, &json!({"refunds": [given_back(1, 2)]}));
    let inside = told(&Route::Shopify, &within).events.into_iter().filter(|event| event.action.name() == "order_refunded");
    // As if both had named the customer: the two are one refund all the same.
    let subject = || Subject::Customer(CustomerId::new("7").expect("an id"));
    let both: Vec<Event> = told_alone.into_iter().chain(inside).collect();
    let whole = refold(subject(), &both).whole();
    assert_eq!((whole.refunds, whole.revenue_minor), (1, vec![(Currency::EUR, -2000)]));
}
