//! `--stack` with real credentials' chain and the stack's own names; only the endpoints are somewhere else.

use crate::{
    binaries::binary,
    shop::{Shop, sample},
};
use rapport::stores::{ACCESS_KEY, ACCOUNT, REGION, STACK};
use serde_json::{Value as Json, json};
use std::process::{Command, Output};

async fn run(shop: &Shop, arguments: &[&str], told: bool) -> Output {
    let endpoints = &shop.suite.stores().endpoints;
    let mut command = Command::new(binary("rapport"));
    command.args(arguments).args(["--stack", STACK, "--json"]).current_dir(shop.home.path()).env_clear();
    command.envs([
        ("AWS_REGION", REGION),
        ("AWS_ACCOUNT_ID", ACCOUNT),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", ACCESS_KEY),
    ]);
    command.envs([
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb),
        ("AWS_ENDPOINT_URL_S3", &endpoints.s3),
        ("AWS_ENDPOINT_URL_SQS", &endpoints.sqs),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &endpoints.secrets),
    ]);
    if told {
        command.envs([("RAPPORT_CURRENCY", "EUR"), ("RAPPORT_CONSENT", "opt_out")]);
    }
    tokio::task::spawn_blocking(move || command.output().expect("a run")).await.expect("a run")
}

async fn told(shop: &Shop, arguments: &[&str]) -> Json {
    let output = run(shop, arguments, true).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or(Json::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_works_on_a_stack() {
    let shop = Shop::open().await;
    let file = shop.home.path().join("orders.csv");
    let rows: String = (0..40).map(|n| format!("I{n},S{},1,2026-01-02 10:00:00,1.50,{}\n", n % 4, 1 + n / 4)).collect();
    std::fs::write(&file, format!("invoice,stock_code,quantity,invoice_date,price,customer_id\n{rows}")).expect("a file");
    let outcome = told(&shop, &["import", file.to_str().expect("UTF-8")]).await;
    assert_eq!(outcome["taken"], 40, "{outcome}");
    let order = shop.home.path().join("order.json");
    std::fs::write(&order, sample("ingest/woocommerce-order.json").to_string()).expect("a file");
    told(&shop, &["send", order.to_str().expect("UTF-8")]).await;
    shop.suite.drain().await.expect("drained");

    assert_eq!(told(&shop, &["train"]).await["items"].as_u64().map(|items| items >= 4), Some(true));
    assert_eq!(told(&shop, &["evaluate"]).await["is_enough"], json!(false), "ten customers are no sample");
    assert_eq!(told(&shop, &["customer", "3"]).await["history"]["orders"], 4);
    assert_eq!(told(&shop, &["customer", "--list", "1"]).await.as_array().map(Vec::len), Some(1));
    assert_eq!(told(&shop, &["recommend", "--item", "S0", "--limit", "2"]).await["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(told(&shop, &["replay"]).await["differing"], json!([]));
    let days = told(&shop, &["replay", "--from", "2026-01-02", "--to", "2026-01-02"]).await;
    assert_eq!((&days["profiles"], &days["differing"]), (&json!(10), &json!([])), "those of the file, without WooCommerce's buyer");
    assert_eq!(told(&shop, &["audit"]).await["sources"].as_array().map(Vec::len), Some(2), "as training saw it");

    let strange = shop.home.path().join("strange.json");
    std::fs::write(&strange, json!({ "route": "segment/track", "body": { "userId": "1", "event": "Order Completed" } }).to_string())
        .expect("a file");
    told(&shop, &["send", strange.to_str().expect("UTF-8")]).await;
    shop.suite.drain().await.expect("drained");
    let rejected = told(&shop, &["rejected"]).await;
    assert_eq!((&rejected["count"], &rejected["reasons"][0]["source"]), (&json!(1), &json!("segment/track")), "{rejected}");
    let key = told(&shop, &["rejected", "--reason", ""]).await["rejects"][0]["key"].as_str().expect("a key").to_owned();
    let shown = told(&shop, &["rejected", "--show", &key]).await;
    assert!(shown["raw"].as_str().is_some_and(|raw| raw.contains("Order Completed")), "{shown}");
    assert_eq!(told(&shop, &["rejected", "redrive", &key]).await["sent"], 1);
    assert_eq!(told(&shop, &["dead-letters"]).await["count"], 0);
    assert_eq!(told(&shop, &["dead-letters", "redrive"]).await["sent"], 0);
    assert_eq!(told(&shop, &["audit", "--anew"]).await["duplicates"]["copies"], json!(0));
    assert_eq!(told(&shop, &["keys"]).await["secret_key"], json!(shop.keys.secret_key));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stack_decided_must_be_said() {
    let shop = Shop::open().await;
    let output = run(&shop, &["train"], false).await;
    assert_eq!(output.status.code(), Some(2), "wrong usage");
    assert!(String::from_utf8_lossy(&output.stderr).contains("--currency and --consent"), "{output:?}");
}
