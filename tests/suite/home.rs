//! A home on a laptop: real processes, one after the other, where no schedule runs between the commands.

use crate::binaries::binary;
use rapport::{stores::Names, suite::reach, template::Template};
use rapport_io::identities::Identities;
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
const PATIENCE: Duration = Duration::from_secs(180);

/// A home that real processes work on, one after the other.
pub(crate) struct Home(pub(crate) TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// A command on this home.
    pub(crate) fn rapport(&self, arguments: &[&str]) -> Command {
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
pub(crate) struct Killed(pub(crate) Child);

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

/// A history of `customers`, counted from 1, with one order of two lines each; the first has three.
pub(crate) fn history(path: &Path, customers: u32) {
    let mut text = "invoice,stock_code,description,quantity,invoice_date,price,customer_id\n".to_owned();
    for customer in 1..=customers {
        for line in 0..if customer == 1 { 3 } else { 2 } {
            let _ = writeln!(text, "I{customer},S{},Thing,1,2026-01-02 10:00:00,1.50,{customer}", (customer + line) % 50);
        }
    }
    fs::write(path, text).expect("a file");
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

    for command in [&["import", file][..], &["train"], &["serve", "--port", "0", "--no-demo"]] {
        let refused = home.rapport(command).args(["--currency", "EUR"]).output().expect("an end");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{command:?}: {said}");
        assert!(said.contains("counts in GBP") && said.contains("EUR"), "{command:?}: {said}");
    }
    home.told(&["import", file]);
    assert_eq!((counts_in("1"), home.told(&["customer", "1"])["history"]["revenue_minor"].clone()), (json!("GBP"), json!(450)));
}

#[test]
fn who_serves_decides_about_the_currency() {
    let home = Home::new();
    let file = home.0.path().join("history.csv");
    history(&file, 3);
    let import = ["import", file.to_str().expect("UTF-8"), "--currency", "GBP"];
    let (process, _) = home.serve();
    let refused = home.rapport(&import).output().expect("an end");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("is being served in USD") && said.contains("GBP"), "{said}");
    process.kill();
    home.told(&import);
    assert_eq!(home.told(&["customer", "1"])["history"]["currency"], "GBP", "nothing had a price yet");
}

#[test]
fn the_demo_shop_has_a_currency_of_its_own() {
    let home = Home::new();
    let refused = home.rapport(&["serve", "--port", "0", "--currency", "GBP"]).output().expect("an end");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("the demo shop counts in EUR, not in GBP") && said.contains("--no-demo"), "{said}");
    assert!(!home.0.path().join("demo.json").exists(), "and the home is still nobody's");
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

#[test]
fn what_is_older_than_a_profile_remembers_counts_at_once() {
    let home = Home::new();
    let import = |name: &str, lines: &[&str]| {
        let file = home.0.path().join(name);
        // More customers than are folded anew with the object that asks for it: the rest waits for the schedule.
        let rows: String = (1..=60).flat_map(|n| lines.iter().map(move |line| format!("{n}-{line},{n}\n"))).collect();
        fs::write(&file, format!("invoice,stock_code,quantity,invoice_date,price,customer_id\n{rows}")).expect("a file");
        home.told(&["import", file.to_str().expect("UTF-8")]);
    };
    import("this-year.csv", &["I2,S1,1,2026-03-02 10:00:00,2.00", "I3,S1,1,2026-05-02 10:00:00,2.00"]);
    import("last-year.csv", &["I1,S2,1,2025-03-02 10:00:00,1.50"]);
    for customer in ["1", "30", "60"] {
        let history = &home.told(&["customer", customer])["history"];
        assert_eq!((&history["orders"], &history["revenue_minor"]), (&json!(3), &json!(550)), "{customer} is folded anew: {history}");
    }
}

#[test]
fn training_moves_segments_at_once() {
    let home = Home::new();
    let file = home.0.path().join("history.csv");
    let day = rapport::clock::now().plus_days(-40).day();
    let rows: String = (1..=120).map(|n| format!("I{n},S1,1,{day} 10:00:00,{},{n}\n", if n <= 20 { 10 } else { 2 })).collect();
    fs::write(&file, format!("invoice,stock_code,quantity,invoice_date,price,customer_id\n{rows}")).expect("a file");
    let (process, url) = home.serve();
    home.told(&["import", file.to_str().expect("UTF-8")]);
    let members = || {
        let call = ureq::get(&format!("{url}/v1/segments/high_value/members")).header("authorization", format!("Bearer {}", home.key()));
        let text = call.call().expect("an answer").body_mut().read_to_string().expect("text");
        serde_json::from_str::<Json>(&text).expect("JSON")["members"].as_array().map(Vec::len)
    };
    assert_eq!(members(), Some(0), "ten dollars are little where nothing is learned yet");
    home.told(&["train"]);
    assert_eq!(members(), Some(20), "and five times what others spend here");
    process.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_shop_catches_up_after_its_first_answer() {
    let home = Home::new();
    let mark = json!({ "seed": 7, "customers": 80, "end": "2026-11-22T00:00:00Z", "loaded": false });
    fs::write(home.0.path().join("demo.json"), mark.to_string()).expect("written");
    let (process, _) = home.serve();
    let serving = rapport::home::serving(home.0.path()).expect("it serves");
    let template = Template::deployed().expect("a template");
    let aws = reach(serving.endpoints.clone(), Names::of(&serving.endpoints, &template)).await;
    let identities = Identities::new(aws.records.clone());
    let started = Instant::now();
    loop {
        let models = aws.objects.list_all("models/").await.expect("a listing").iter().filter(|key| key.ends_with("/report.json")).count();
        // Who signed in after their device's past was closed waits from then on; the second model is learned once nobody does.
        if models >= 2 && identities.waiting_refolds().await.expect("a list").is_empty() {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{models} models");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    process.kill();
}
