//! The bytes: Segment's JSON, and the catalog as it is put.

use std::collections::BTreeSet;

use rapport_demo::messages::{Call, Euros, Track};
use serde_json::Value;

use crate::shop;

/// The first message of every kind in one shop.
#[test]
fn one_message_of_each_kind() {
    let mut seen = BTreeSet::new();
    let mut firsts = Vec::new();
    for message in &shop(1).messages {
        let json = serde_json::to_value(message).unwrap();
        let kind = [&json["type"], &json["event"], &json["name"]].map(|name| name.as_str().unwrap_or("").to_owned());
        if seen.insert(kind.clone()) {
            firsts.push((kind, json));
        }
    }
    firsts.sort_by(|a, b| a.0.cmp(&b.0));
    let firsts: Vec<Value> = firsts.into_iter().map(|(_, json)| json).collect();
    insta::assert_json_snapshot!(firsts);
}

#[test]
fn the_first_items_of_the_catalog() {
    insta::assert_json_snapshot!(shop(1).catalog[..3]);
}

#[test]
fn every_message_fits_the_routes_limits() {
    for message in &shop(1).messages {
        assert!(serde_json::to_vec(message).unwrap().len() < 32_000);
    }
}

#[test]
fn every_product_that_is_spoken_of_is_in_the_catalog() {
    let demo = shop(1);
    let ids: BTreeSet<&str> = demo.catalog.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(ids.len(), demo.catalog.len());
    assert!((190..=220).contains(&ids.len()));
    let mut bought = BTreeSet::new();
    for message in &demo.messages {
        match &message.call {
            Call::Track(Track::ProductViewed(line)) => {
                assert!(ids.contains(line.product_id.as_str()))
            }
            Call::Track(Track::OrderCompleted(order)) => bought.extend(order.products.iter().map(|l| l.product_id.as_str())),
            _ => {}
        }
    }
    assert!(bought.is_subset(&ids));
    assert!(bought.len() > 200, "{}", bought.len());
}

#[test]
fn the_catalog_has_sales_novelties_and_gaps() {
    let catalog = shop(1).catalog;
    let count = |is: fn(&rapport_demo::CatalogItem) -> bool| catalog.iter().filter(|item| is(item)).count();
    assert!(catalog.iter().all(|item| 0 < item.price_minor && item.price_minor <= item.list_price_minor));
    assert!(count(|item| item.price_minor < item.list_price_minor) > 5);
    assert!(count(|item| item.published.year() == 2025) > 5);
    assert!((2..20).contains(&count(|item| !item.in_stock)));
}

#[test]
fn amounts_are_decimals_in_euros() {
    for (minor, json) in [(0, "0.0"), (5, "0.05"), (290, "2.9"), (1_999, "19.99"), (18_900, "189.0"), (-1, "-0.01")] {
        assert_eq!(serde_json::to_string(&Euros::cents(minor)).unwrap(), json);
    }
}
