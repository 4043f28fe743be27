//! A table of everybody says of each what their own page says.

use crate::home::Home;
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, fmt::Write as _, fs};

/// Customers with one to seven orders a month apart, a guest without an id, and one whose id is a formula.
fn history() -> String {
    let mut text = "invoice,stock_code,description,quantity,invoice_date,price,customer_id,email\n".to_owned();
    for customer in 1..=80u32 {
        for order in 0..=customer % 7 {
            let (month, day, item) = (1 + order, 1 + customer % 28, (customer + order) % 9);
            let _ = writeln!(text, "I{customer}-{order},S{item},Thing,2,2026-{month:02}-{day:02} 10:00:00,1.50,{customer},");
        }
    }
    text.push_str("F1,S1,Thing,1,2026-03-02 10:00:00,4.00,=1+1,\n");
    text.push_str("G1,S1,Thing,1,2026-03-01 10:00:00,9.00,,guest@example.org\n");
    text
}

#[test]
fn a_table_of_everybody_says_what_their_pages_say() {
    let home = Home::new();
    let [orders, table] = ["orders.csv", "people.csv"].map(|name| home.0.path().join(name));
    fs::write(&orders, history()).expect("a file");
    home.told(&["import", orders.to_str().expect("UTF-8")]);
    home.told(&["train"]);
    let told = home.told(&["customer", "--csv", table.to_str().expect("UTF-8")]);
    assert_eq!(told["people"], json!(82), "{told}");

    let mut reader = csv::Reader::from_path(&table).expect("the table");
    let names: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    let row = |row: csv::StringRecord| names.iter().cloned().zip(row.iter().map(str::to_owned)).collect::<BTreeMap<_, _>>();
    let rows: Vec<BTreeMap<String, String>> = reader.records().map(|read| row(read.expect("a row"))).collect();
    assert_eq!(rows.len(), 82);
    assert!(rows.iter().any(|row| row["id"] == "'=1+1" && row["revenue"] == "4.00"), "text to a spreadsheet");
    let guests: Vec<_> = rows.iter().filter(|row| row["kind"] == "email_hash").collect();
    assert!(matches!(guests[..], [guest] if guest["id"].starts_with("h1_") && guest["revenue"] == "9.00"), "{guests:?}");

    for id in ["7", "48", "80"] {
        let row = rows.iter().find(|row| row["id"] == id).expect("a row");
        let page = home.told(&["customer", id]);
        let history = &page["history"];
        assert_eq!(history["orders"].to_string(), row["orders"], "{id}");
        assert_eq!(history["revenue_minor"].as_i64(), row["revenue"].replace('.', "").parse().ok(), "{id}");
        let segments: Vec<&str> =
            page["memberships"].as_array().expect("a list").iter().filter_map(|one| one["segment"].as_str()).collect();
        assert_eq!(segments.join(";"), row["segments"], "{id}");
        assert!(!segments.is_empty(), "{page}");
        let predictions = &page["predictions"];
        let is_near = |told: &Json, name: &str, scale: f64, within: f64| {
            let (page, table) = (told.as_f64().expect(name), scale * row[name].parse::<f64>().expect(name));
            assert!((page - table).abs() <= within, "{id} {name}: {page} on the page, {table} in the table");
        };
        for days in [7, 30, 90, 365] {
            // A moment passes between the two, and the page rounds.
            is_near(&predictions[format!("purchase_{days}d")]["value"], &format!("purchase_{days}d"), 1.0, 2e-4);
            is_near(&predictions[format!("orders_{days}d")]["value"], &format!("orders_{days}d"), 1.0, 2e-3);
            is_near(&predictions[format!("value_minor_{days}d")]["value"], &format!("value_{days}d"), 100.0, 2.0);
        }
        assert_eq!(predictions["send_time"]["value"].as_str().unwrap_or_default(), row["send_time_utc"], "{id}");
    }
}
