//! What a shop's webhooks and its exported files say of one order is one order, whichever comes first and however often.

use super::{RECEIVED, SHOP, orders_of, parsed};
use crate::{
    auth::Insiders,
    event::{Action, Authority, Event},
    id::CustomerId,
    profile::{Subject, Totals, refold},
    source::{
        Route,
        csv::{self, Doubt, Found, Options},
    },
};
use serde_json::{Value, json};

/// The events of a file, and what it leaves open.
fn imported(file: &str) -> (Vec<Event>, Vec<Doubt>) {
    let options = Options {
        currency: SHOP.currency,
        map: Vec::new(),
        now: RECEIVED,
        as_of: RECEIVED,
        hash_key: Some(SHOP.hash_key.to_owned()),
        insiders: Insiders::default(),
        zone: None,
    };
    let mut events = Vec::new();
    let report = csv::read(file.as_bytes(), &options, |found| match found {
        Found::Event(event) => events.push(event),
        Found::Rejected(row) => panic!("{:?}: {}", row.reason, String::from_utf8_lossy(&row.raw)),
        _ => {}
    });
    (events, report.expect("a report").doubts.into_keys().collect())
}

fn sent(route: &Route, body: &Value) -> Vec<Event> {
    let parsed = parsed(route, Authority::Webhook, &[], &body.to_string(), &SHOP);
    assert!(parsed.rejects.is_empty(), "{:?}", parsed.rejects);
    parsed.events
}

/// The sums after `told`, of which each may come at any place among the others, and again.
fn sums(told: &[Vec<Event>]) -> Totals {
    let subject = || Subject::Customer(CustomerId::new("7").expect("an id"));
    let whole = |order: &[usize]| refold(subject(), &order.iter().flat_map(|place| told[*place].clone()).collect::<Vec<_>>()).whole();
    let all = orders_of(told.len());
    let first = whole(&all[0]);
    for order in &all {
        assert_eq!(whole(&[order.as_slice(), order].concat()), first, "told in the order {order:?}");
    }
    first
}

/// (orders, orders paid back, revenue in minor units)
fn told(totals: &Totals) -> (u32, u32, i64) {
    (totals.orders, totals.refunds, totals.revenue_minor.iter().map(|(_, minor)| minor).sum())
}

const SHOPIFY: &str = "Name,Email,Financial Status,Paid at,Currency,Shipping,Taxes,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Cancelled at,Refunded Amount,Id";

fn shopify_export(refunded: &str, cancelled: &str) -> String {
    format!(
        "{SHOPIFY}\n#1001,ada@example.org,paid,2026-10-01 10:00:05 +0000,EUR,0,0,50.00,2026-10-01 10:00:00 +0000,5,Pan,10.00,PAN-1,{cancelled},{refunded},1\n"
    )
}

fn shopify(minute: u32, refunds: &[(u32, u32)], cancelled: bool) -> Value {
    let at = |minute: u32| format!("2026-10-02T10:{minute:02}:00Z");
    let line = json!({"id": 11, "product_id": 5, "sku": "PAN-1", "quantity": 5, "price": "10.00"});
    let refund = |(id, pieces): &(u32, u32)| {
        json!({"id": id, "created_at": at(*id), "refund_line_items": [{"id": id * 10, "quantity": pieces, "subtotal": format!("{pieces}0.00"), "line_item": line}],
            "transactions": [{"kind": "refund", "status": "success", "amount": format!("{pieces}0.00")}]})
    };
    json!({
        "id": 1, "order_number": 1001, "created_at": "2026-10-01T10:00:00Z", "updated_at": at(minute), "currency": "EUR",
        "cancelled_at": cancelled.then(|| at(minute)), "financial_status": "paid", "total_tax": "0.00", "taxes_included": true,
        "customer": {"id": 7}, "email": "ada@example.org", "line_items": [line], "shipping_lines": [],
        "refunds": refunds.iter().map(refund).collect::<Vec<_>>(),
    })
}

#[test]
fn shopifys_export_and_its_webhooks_are_one_order_with_one_refund() {
    let whole = |refunded: &str| imported(&shopify_export(refunded, "")).0;
    let order = |minute: u32, refunds: &[(u32, u32)]| sent(&Route::Shopify, &shopify(minute, refunds, false));
    let alone = {
        let mut refund = shopify(2, &[(2, 2)], false)["refunds"][0].clone();
        refund["order_id"] = json!(1);
        sent(&Route::Shopify, &refund)
    };
    for (name, deliveries, expected) in [
        ("the file alone", vec![whole("20.00")], (1, 1, 3000)),
        ("both", vec![whole("20.00"), order(2, &[(2, 2)])], (1, 1, 3000)),
        ("and by itself", vec![whole("20.00"), order(2, &[(2, 2)]), alone.clone()], (1, 1, 3000)),
        ("a second refund after the export", vec![whole("20.00"), order(2, &[(2, 2)]), order(4, &[(2, 2), (4, 1)])], (1, 1, 2000)),
        ("an export from before the refund", vec![whole("0.00"), order(2, &[(2, 2)])], (1, 1, 3000)),
        ("cancelled in the end", vec![whole("20.00"), sent(&Route::Shopify, &shopify(5, &[], true))], (0, 0, 0)),
        (
            "cancelled with its refunds",
            vec![whole("20.00"), order(2, &[(2, 2)]), sent(&Route::Shopify, &shopify(5, &[(2, 2)], true))],
            (0, 0, 0),
        ),
    ] {
        assert_eq!(told(&sums(&deliveries)), expected, "{name}");
    }
    let cancelled = imported(&shopify_export("50.00", "2026-10-03 10:00:00 +0000")).0;
    assert_eq!(told(&sums(&[order(2, &[(2, 2)]), cancelled])), (0, 0, 0), "only the file knows of the cancellation");
}

#[test]
fn woocommerces_export_and_its_webhooks_are_one_order_with_one_refund() {
    let file = |refunded: &str| {
        imported(&format!(
            "Order ID,Order Number,Order Status,Order Date,Email (Billing),Currency,Order Refund Amount,Order Total Amount,Product Id,SKU,Item Name,Quantity,Item Cost\n\
            1,A-0001,Completed,2026-10-01 10:00,ada@example.org,EUR,{refunded},50.00,5,PAN-1,Pan,5,10.00\n"
        ))
    };
    let order = |status: &str, refunds: Value| {
        let body = json!({
            "id": 1, "status": status, "currency": "EUR", "date_created_gmt": "2026-10-01T10:00:00", "date_modified_gmt": "2026-10-02T10:00:00",
            "customer_id": 7, "billing": {"email": "ada@example.org"},
            "line_items": [{"id": 11, "product_id": 5, "sku": "PAN-1", "quantity": 5, "subtotal": "50.00", "total": "50.00"}], "refunds": refunds,
        });
        sent(&Route::Woocommerce, &body)
    };
    let back = json!([{"id": 3, "total": "-20.00"}]);
    assert_eq!(told(&sums(&[file("20.00").0, order("completed", back.clone())])), (1, 1, 3000));
    assert_eq!(told(&sums(&[file("20.00").0, order("cancelled", json!([]))])), (0, 0, 0));
    let (events, doubts) = file("0");
    assert_eq!(doubts, [Doubt::NoZone], "the file has both ids, and times of which nobody knows where");
    let items: Vec<_> =
        events.iter().filter_map(|event| Some((event.action.product()?.item.to_string(), event.action.product()?.sku.clone()))).collect();
    assert_eq!(items, [("5".to_owned(), Some("PAN-1".into()))], "as webhooks name it");
}

const STRIPE: &str = "id,Created (UTC),Amount,Amount Refunded,Refunded date (UTC),Currency,Status,Customer Email,PaymentIntent ID,Invoice ID,order_id (metadata)";

fn stripe_export(refunded: &str, since: &str, names: &str) -> String {
    format!("{STRIPE}\nch_1,2026-10-01 10:00,50.00,{refunded},{since},eur,Paid,ada@example.org,{names}\n")
}

fn stripe(kind: &str, created: &str, about: &Value) -> Vec<Event> {
    let created = crate::time::Timestamp::parse(created).expect("a time").epoch_secs();
    sent(
        &Route::Stripe,
        &json!({"id": "evt", "object": "event", "created": created, "livemode": true, "type": kind, "data": {"object": about}}),
    )
}

fn paid_back(created: &str, in_all: i64, changed: &Value) -> Vec<Event> {
    let mut charge = json!({"id": "ch_1", "object": "charge", "currency": "eur", "amount": 5000, "amount_refunded": in_all, "payment_intent": "pi_1",
        "billing_details": {"email": "ada@example.org"}, "metadata": {}});
    charge.as_object_mut().expect("an object").extend(changed.as_object().expect("an object").clone());
    stripe("charge.refunded", created, &charge)
}

#[test]
fn stripes_export_and_its_webhooks_are_one_payment() {
    let session = |metadata: &Value| {
        stripe(
            "checkout.session.completed",
            "2026-10-01T10:00:00Z",
            &json!({"id": "cs_1", "object": "checkout.session", "currency": "eur", "amount_total": 5000, "mode": "payment", "payment_status": "paid",
                "payment_intent": "pi_1", "invoice": null, "metadata": metadata, "customer_details": {"email": "ada@example.org"}}),
        )
    };
    let file = |refunded: &str, since: &str, names: &str| imported(&stripe_export(refunded, since, names)).0;
    let (first, second) = (paid_back("2026-10-02T10:00:00Z", 500, &json!({})), paid_back("2026-10-03T10:00:00Z", 800, &json!({})));
    for (name, deliveries, expected) in [
        ("told twice", vec![file("0.00", "", "pi_1,,"), session(&json!({}))], (1, 0, 5000)),
        ("the shop's own number", vec![file("0.00", "", "pi_1,,2001"), session(&json!({"order_id": "#2001"}))], (1, 0, 5000)),
        ("paid back in part", vec![file("5.00", "2026-10-02 10:00", "pi_1,,"), session(&json!({})), first.clone()], (1, 1, 4500)),
        ("and more later", vec![file("5.00", "2026-10-02 10:00", "pi_1,,"), first.clone(), second.clone()], (1, 1, 4200)),
        (
            "a refund that no webhook told",
            vec![file("8.00", "2026-10-03 10:00", "pi_1,,"), session(&json!({})), first.clone()],
            (1, 1, 4200),
        ),
        (
            "two exports",
            vec![file("0.00", "", "pi_1,,"), file("5.00", "2026-10-02 10:00", "pi_1,,"), file("8.00", "2026-10-03 10:00", "pi_1,,")],
            (1, 1, 4200),
        ),
        ("two exports without a date", vec![file("5.00", "", "pi_1,,"), file("8.00", "", "pi_1,,")], (1, 1, 4200)),
        ("deliveries that got lost", vec![session(&json!({})), second], (1, 1, 4200)),
    ] {
        assert_eq!(told(&sums(&deliveries)), expected, "{name}");
    }
    let invoice = stripe(
        "invoice.paid",
        "2026-10-01T10:00:00Z",
        &json!({"id": "in_1", "object": "invoice", "currency": "eur", "total": 5000, "customer_email": "ada@example.org", "lines": {"data": []}}),
    );
    let back = paid_back("2026-10-02T10:00:00Z", 500, &json!({"invoice": "in_1"}));
    assert_eq!(told(&sums(&[file("5.00", "2026-10-02 10:00", "pi_1,in_1,"), invoice, back])), (1, 1, 4500), "an invoice");
}

/// What cannot be known is said, line by line.
#[test]
fn what_a_file_leaves_open_is_told() {
    let without = |column: &str, file: &str| {
        let place = file.lines().next().and_then(|header| header.split(',').position(|name| name == column)).expect("a column");
        let cut = |line: &str| {
            line.split(',').enumerate().filter(|(index, _)| *index != place).map(|(_, field)| field).collect::<Vec<_>>().join(",")
        };
        file.lines().map(|line| cut(line) + "\n").collect::<String>()
    };
    let (shopify, stripe) = (shopify_export("0", ""), stripe_export("0.00", "", "pi_1,,"));
    assert_eq!(imported(&shopify).1, [Doubt::SkuAlone]);
    assert_eq!(imported(&without("Lineitem sku", &shopify)).1, [Doubt::TitleAlone]);
    assert_eq!(imported(&without("Id", &shopify)).1, [Doubt::SkuAlone, Doubt::NumberAlone]);
    assert_eq!(imported(&stripe).1, []);
    assert_eq!(imported(&without("PaymentIntent ID", &stripe)).1, [Doubt::ChargeAlone]);
}

/// The line says both names, so whoever reads all events knows that the file's item is the webhook's.
#[test]
fn a_webhooks_line_names_its_sku_beside_its_product() {
    let events = sent(&Route::Shopify, &shopify(2, &[(2, 1)], false));
    let named: Vec<_> = events
        .iter()
        .filter(|event| matches!(event.action, Action::Ordered(_) | Action::Refunded(_)))
        .filter_map(|event| event.action.product())
        .map(|product| (product.item.as_str(), product.sku.as_deref()))
        .collect();
    assert_eq!(named, [("5", Some("PAN-1")), ("5", Some("PAN-1"))]);
}
