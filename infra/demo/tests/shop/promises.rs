//! What `generate` promises of any year: determinism, bounds, and books that balance.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Unit;
use rapport_demo::messages::{Call, Track};
use rapport_demo::{Options, generate};
use sha2::{Digest, Sha256};

use crate::{by_customer, end, options, orders, shop};

/// Whoever changes the generator on purpose changes this line, and with it every number that was scored on the old shop.
const DIGEST: &str = "83a2cfd7e70f802ccf9b15044a0e97f52e103e63e685be1cce388a9c1e3213ea";

#[test]
fn one_seed_gives_these_bytes() {
    let demo = generate(&Options { customers: 300, switchers: true, ..options(1) });
    let mut digest = Sha256::new();
    digest.update(serde_json::to_vec(&demo.catalog).unwrap());
    digest.update(serde_json::to_vec(&demo.messages).unwrap());
    digest.update(serde_json::to_vec(&demo.truth).unwrap());
    let hex: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, DIGEST);
}

#[test]
fn seeds_differ() {
    let ids = |seed| shop(seed).bots;
    assert_ne!(ids(1), ids(2));
}

#[test]
fn the_time_of_day_of_the_end_does_not_matter() {
    let midnight = end().to_zoned(jiff::tz::TimeZone::UTC).round(Unit::Day).unwrap().timestamp();
    let small = |end| generate(&Options { customers: 50, end, ..options(3) });
    assert_eq!(json(&small(end()).messages), json(&small(midnight).messages));
}

#[test]
fn messages_are_in_order_unique_inside_the_year_and_at_most_80_000() {
    for seed in 1..=5 {
        let demo = shop(seed);
        assert!((60_000..=80_000).contains(&demo.messages.len()), "seed {seed}: {}", demo.messages.len());
        assert!(demo.messages.is_sorted_by_key(|message| message.timestamp));
        assert_eq!(demo.messages.first().unwrap().timestamp.to_string().get(..10), Some("2024-06-30"));
        assert_eq!(demo.messages.last().unwrap().timestamp.to_string().get(..10), Some("2025-06-29"));
        let ids: BTreeSet<&str> = demo.messages.iter().map(|message| message.message_id.as_str()).collect();
        assert_eq!(ids.len(), demo.messages.len());
        assert!(demo.messages.iter().all(|message| message.user_id.is_some() || message.anonymous_id.is_some()));
    }
}

#[test]
fn more_customers_leave_the_first_ones_as_they_were() {
    let (few, many) = (generate(&Options { customers: 40, ..options(5) }), generate(&Options { customers: 90, ..options(5) }));
    assert_eq!(json(&few.truth[..]), json(&many.truth[..40]));
    let (few, many) = (by_customer(&few), by_customer(&many));
    assert!(few.len() > 30);
    for (customer, life) in few {
        assert_eq!(json(&life), json(&many[customer]), "{customer}");
    }
}

#[test]
fn no_customers_is_a_shop_with_robots_alone() {
    let demo = generate(&Options { customers: 0, ..options(5) });
    assert!(demo.truth.is_empty());
    assert!(demo.messages.iter().all(|message| demo.bots.contains(message.anonymous_id.as_ref().unwrap())));
}

#[test]
fn switchers_switch_ten_weeks_before_the_end_and_the_others_live_as_before() {
    let (without, with) = (shop(6), generate(&Options { switchers: true, ..options(6) }));
    assert!(without.truth.iter().all(|truth| truth.switch.is_none()));
    let switched: Vec<_> = with.truth.iter().filter(|truth| truth.switch.is_some()).collect();
    assert!((60..140).contains(&switched.len()), "{}", switched.len());
    assert!(with.messages.len() <= 85_000, "{}", with.messages.len());

    let mut shown = 0;
    let (before, after) = (by_customer(&without), by_customer(&with));
    for truth in &with.truth {
        let Some(switch) = &truth.switch else {
            assert_eq!(json(&before.get(truth.id.as_str())), json(&after.get(truth.id.as_str())), "{}", truth.id);
            continue;
        };
        assert_ne!(switch.to, truth.archetype);
        let days_left = (end().as_second() - switch.at.as_second()) / 86_400;
        assert!((63..=70).contains(&days_left), "{days_left}");
        let lately = after[truth.id.as_str()].iter().filter(|message| message.timestamp >= switch.at);
        shown += usize::from(lately.count() >= 20);
    }
    assert!(shown * 100 >= switched.len() * 95, "only {shown} of {} show what they have become", switched.len());
}

#[test]
fn every_order_adds_up() {
    let demo = shop(8);
    let mut ids = BTreeSet::new();
    for (message, order) in orders(&demo) {
        assert!(message.user_id.is_some());
        assert!(ids.insert(&order.order_id), "{} twice", order.order_id);
        let sum = |price: &dyn Fn(&rapport_demo::messages::Line) -> i64| -> i64 {
            order.products.iter().map(|line| price(line) * line.quantity.unwrap()).sum()
        };
        let (paid, list) = (sum(&|line| line.price.minor()), sum(&|line| line.list_price.unwrap_or(line.price).minor()));
        assert_eq!(list, order.revenue.minor() + order.discount.minor());
        assert_eq!(order.total.minor(), order.revenue.minor() + order.shipping.minor());
        assert!(order.coupon.is_some() == (order.revenue.minor() < paid), "{order:?}");
        for line in &order.products {
            assert!(line.price.minor() > 0);
            assert!(line.list_price.is_none_or(|list| line.price < list), "{line:?}");
        }
    }
    assert!(ids.len() > 4_000);
}

#[test]
fn what_is_sent_back_was_bought() {
    let demo = shop(8);
    let bought: BTreeMap<&str, _> = orders(&demo).map(|(message, order)| (order.order_id.as_str(), (message, order))).collect();
    let mut refunds = 0;
    for message in &demo.messages {
        let Call::Track(Track::OrderRefunded(refund)) = &message.call else {
            continue;
        };
        refunds += 1;
        let (sale, order) = bought[refund.order_id.as_str()];
        assert_eq!(sale.user_id, message.user_id);
        assert!(sale.timestamp < message.timestamp);
        assert!(refund.revenue <= order.revenue);
        let has = |id: &str| order.products.iter().any(|line| line.product_id == id);
        assert!(refund.products.iter().all(|line| has(&line.product_id)));
    }
    assert!(refunds as f64 > 0.02 * bought.len() as f64 && (refunds as f64) < 0.10 * bought.len() as f64, "{refunds}");
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}
