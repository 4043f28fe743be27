//! What a shop's deliveries about one order come to, in whatever order they are delivered.

use super::{SHOP, parsed};
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
    assert_eq!((back.orders, back.refunds, back.revenue_minor), (1, 2, vec![(Currency::EUR, 0)]));
    let again = woocommerce(6, "completed", &[refund(2, "-20.00")]);
    let back = sums(&Route::Woocommerce, &[paid, partly, cancelled, again]);
    assert_eq!((back.orders, back.refunds, back.revenue_minor), (1, 1, vec![(Currency::EUR, 3000)]), "what comes back has its refunds again");
}
