//! Kill the process at its busiest: what was acknowledged is in the log, and nothing counts twice.

use crate::home::{Home, Killed, history};
use serde_json::json;
use std::{
    process::Stdio,
    time::{Duration, Instant},
};

/// Posts one order of customer `c`; says whether it was acknowledged.
fn order(url: &str, key: &str, number: u32) -> bool {
    let body = json!({ "userId": "c", "messageId": format!("m{number}"), "event": "Order Completed", "properties": {
        "order_id": format!("o{number}"), "currency": "EUR", "products": [{ "product_id": "bread", "price": 1, "quantity": 1 }] } });
    let call = ureq::post(&format!("{url}/v1/track")).config().timeout_global(Some(Duration::from_secs(5))).build();
    call.header("authorization", format!("Bearer {key}")).send(body.to_string()).is_ok_and(|answer| answer.status() == 200)
}

#[test]
fn no_acknowledged_event_is_lost_under_load_and_none_counts_twice() {
    let home = Home::new();
    let mut acknowledged = Vec::new();
    let mut number = 0;
    // Three lives, each cut short a little later in the work of the one before.
    for life in 1..=3u64 {
        let (process, url) = home.serve();
        let key = home.key();
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(700 * life) {
            number += 1;
            if order(&url, &key, number) {
                acknowledged.push(number);
            }
        }
        process.kill();
    }
    assert!(acknowledged.len() > 20, "there was a load: {}", acknowledged.len());
    // Senders repeat what they are not sure of; here, everything.
    let (process, url) = home.serve();
    let key = home.key();
    assert!(acknowledged.iter().all(|number| order(&url, &key, *number)));
    process.kill();

    let replayed = home.told(&["replay"]);
    assert_eq!(replayed["differing"], json!([]), "{replayed}");
    let orders = home.told(&["customer", "c"])["history"]["orders"].as_u64().expect("orders");
    let (least, most) = (acknowledged.len() as u64, u64::from(number));
    // An order whose acknowledgement was cut off may have been taken, once.
    assert!((least..=most).contains(&orders), "{least} acknowledged of {most} sent, {orders} counted");
}

#[test]
fn an_import_that_is_killed_is_simply_run_again() {
    let home = Home::new();
    let file = home.0.path().join("history.csv");
    history(&file, 30_000);
    let file = file.to_str().expect("UTF-8");
    for millis in [300, 900, 1_800] {
        let process = Killed(home.rapport(&["import", file]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a start"));
        std::thread::sleep(Duration::from_millis(millis));
        process.kill();
    }
    home.told(&["import", file]);
    let replayed = home.told(&["replay"]);
    assert_eq!((&replayed["differing"], &replayed["profiles"]), (&json!([]), &json!(30_000)), "{replayed}");
    for (customer, orders, revenue) in [("1", 1, 450), ("7", 1, 300), ("30000", 1, 300)] {
        let history = &home.told(&["customer", customer])["history"];
        assert_eq!((&history["orders"], &history["revenue_minor"]), (&json!(orders), &json!(revenue)), "{customer}");
    }
}
