//! Kill the process at its busiest: what was acknowledged is in the log, and nothing counts twice.

use crate::binaries::binary;
use serde_json::{Value as Json, json};
use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A home that real processes work on, one after the other.
pub(crate) struct Home(pub(crate) TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn rapport(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary("rapport"));
        command.args(arguments).arg("--home").arg(self.0.path()).stdin(Stdio::null());
        command
    }

    /// What a command answers, as JSON.
    pub(crate) fn told(&self, arguments: &[&str]) -> Json {
        let output = self.rapport(arguments).arg("--json").output().expect("a run");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Serves on a port of the system's choice; gives the process and its address.
    pub(crate) fn serve(&self) -> (Killed, String) {
        let _ = fs::remove_file(self.0.path().join("serve.json"));
        let process = self.rapport(&["serve", "--no-demo", "--port", "0"]).stdout(Stdio::null()).spawn().expect("a start");
        let process = Killed(process);
        let started = Instant::now();
        loop {
            assert!(started.elapsed() < PATIENCE, "the suite does not start");
            let serving = fs::read(self.0.path().join("serve.json")).ok();
            if let Some(port) = serving.and_then(|text| serde_json::from_slice::<Json>(&text).ok()?["port"].as_u64()) {
                return (process, format!("http://127.0.0.1:{port}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn key(&self) -> String {
        let keys: Json = serde_json::from_slice(&fs::read(self.0.path().join("keys.json")).expect("keys")).expect("JSON");
        keys["secret_key"].as_str().expect("a key").to_owned()
    }
}

/// A process that is gone when this is.
pub(crate) struct Killed(Child);

impl Killed {
    /// SIGKILL: no handler, no flush, no goodbye.
    pub(crate) fn kill(mut self) {
        self.0.kill().expect("a kill");
        self.0.wait().expect("its end");
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

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

/// A history of `customers`, counted from 1, with one order of two lines each; the first has three.
fn history(path: &Path, customers: u32) {
    let mut text = "invoice,stock_code,description,quantity,invoice_date,price,customer_id\n".to_owned();
    for customer in 1..=customers {
        for line in 0..if customer == 1 { 3 } else { 2 } {
            let _ = writeln!(text, "I{customer},S{},Thing,1,2026-01-02 10:00:00,1.50,{customer}", (customer + line) % 50);
        }
    }
    fs::write(path, text).expect("a file");
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

#[test]
fn a_home_keeps_to_one_currency() {
    let home = Home::new();
    let file = home.0.path().join("history.csv");
    history(&file, 3);
    let file = file.to_str().expect("UTF-8");
    // Whoever looks around first has the home remember the default.
    home.told(&["segments"]);
    let counts_in = |customer: &str| home.told(&["customer", customer])["history"]["currency"].clone();
    let people = home.0.path().join("customers.csv");
    std::fs::write(&people, "customer_id,email,country\n1,ada@example.org,GB\n").expect("written");
    home.told(&["import", people.to_str().expect("UTF-8")]);
    home.told(&["import", file, "--currency", "GBP"]);
    assert_eq!(counts_in("1"), "GBP", "nothing had a price yet, whatever was remembered");

    let refused = home.rapport(&["import", file, "--currency", "EUR"]).output().expect("an end");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("counts in GBP") && said.contains("EUR"), "{said}");
    home.told(&["import", file]);
    assert_eq!((counts_in("1"), home.told(&["customer", "1"])["history"]["revenue_minor"].clone()), (json!("GBP"), json!(450)));
}

#[test]
fn a_name_that_stands_for_nothing_is_told() {
    let home = Home::new();
    let file = home.0.path().join("history.csv");
    history(&file, 60);
    home.told(&["import", file.to_str().expect("UTF-8")]);
    home.told(&["train"]);
    let said = |item: &str, customer: &str| {
        let output = home.rapport(&["recommend", "--item", item, "--customer", customer]).output().expect("an end");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let wrong = said("NOSUCH", "nobody");
    assert!(wrong.contains("`NOSUCH`") && wrong.contains("`nobody`") && wrong.contains("S1"), "{wrong}");
    let right = said("S1", "7");
    assert!(!right.contains("No item") && !right.contains("Nobody"), "{right}");
}
