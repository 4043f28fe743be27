//! A flood of browsers is told to wait, and costs no shop a webhook.

use crate::shop::{Shop, sample};
use rapport_core::auth::signature;
use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// Browsers at once, all behind one address.
const BROWSERS: usize = 8;
/// What Shopify sends meanwhile.
const ORDERS: u64 = 40;

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_browsers_refuses_no_webhook() {
    let shop = Shop::open().await;
    let beacon = format!("{}/v1/beacon?k={}", shop.suite.url(), shop.keys.write_key);
    let (stop, refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut orders: Vec<(String, String)> = Vec::new();
    for number in 1..=ORDERS {
        let mut order = sample("ingest/shopify-order-paid.json")["body"].clone();
        order["id"] = (9_000_000 + number).into();
        let body = order.to_string();
        orders.push((signature::sign_body(&shop.keys.shopify_secret, body.as_bytes()), body));
    }
    let webhooks = format!("{}/webhooks/shopify", shop.suite.url());
    let slowest = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            for browser in 0..BROWSERS {
                let (beacon, stop, refused) = (&beacon, &stop, &refused);
                scope.spawn(move || {
                    let agent = agent();
                    for number in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        let look = format!(
                            r#"{{"batch":[{{"type":"track","event":"Product Viewed","anonymousId":"d{browser}","messageId":"{browser}-{number}","properties":{{"product_id":"bread"}}}}]}}"#
                        );
                        let status = agent.post(beacon).send(look).expect("an answer").status().as_u16();
                        assert!([200, 429].contains(&status), "taken, or told to wait: {status}");
                        refused.fetch_add(usize::from(status == 429), Ordering::Relaxed);
                    }
                });
            }
            let agent = agent();
            let begun = Instant::now();
            while refused.load(Ordering::Relaxed) == 0 {
                assert!(begun.elapsed() < Duration::from_secs(60), "nobody is told to wait: there is no flood");
                std::thread::sleep(Duration::from_millis(20));
            }
            let times = orders.iter().map(|(proof, body)| {
                let started = Instant::now();
                let answer = agent.post(&webhooks).header("x-shopify-hmac-sha256", proof).send(body).expect("an answer");
                assert_eq!(answer.status(), 200, "in the middle of the flood");
                started.elapsed()
            });
            let slowest = times.max().unwrap_or_default();
            stop.store(true, Ordering::Relaxed);
            slowest
        })
    });
    println!("the slowest of {ORDERS} webhooks took {slowest:?}; {} beacons were told to wait", refused.load(Ordering::Relaxed));
    let customer = sample("ingest/shopify-order-paid.json")["body"]["customer"]["id"].to_string();
    assert_eq!(shop.customer(&customer).await.expect("a profile")["history"]["orders"], ORDERS);
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().new_agent()
}
