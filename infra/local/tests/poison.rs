//! What comes after the split is never learned from: replaced by noise, it leaves every prediction as it was, to the byte.

use rapport::evaluate::{History, baskets, orders, purchase_days, write_chances, write_predictions, write_values};
use rapport_core::id::ItemId;
use rapport_train::protocol::{self, customers::PurchaseDay};
use std::{fs, path::Path};

const SPLIT: &str = "2026-03-01";

/// Three tastes of eight items; everybody buys by theirs, the newest fifth of the lines after the split.
fn lines(noise: u32) -> String {
    let mut csv = "customer_id,invoice,invoice_ts,stock_code,quantity,unit_price\n".to_owned();
    for customer in 0..60u32 {
        for order in 0..5u32 {
            let is_future = order == 4;
            for line in 0..3u32 {
                let usual = 10_000 + customer % 3 * 8 + (customer * 7 + order * 5 + line * 3) % 8;
                let code = if is_future { usual + noise * (1 + line) } else { usual };
                let day = if is_future {
                    format!("2026-03-{:02}", 1 + customer % 28)
                } else {
                    format!("2026-0{}-{:02}", 1 + order / 2, 1 + (customer + order * 9) % 28)
                };
                csv += &format!("{customer}.0,{customer}-{order},{day}T10:00:00,{code},{},1.5\n", 1 + noise * line);
            }
        }
    }
    csv
}

fn user_baskets(noise: u32) -> String {
    let mut csv = "user_id,basket_no,item_id\n".to_owned();
    for user in 0..60u32 {
        for basket in 0..5u32 {
            for line in 0..3u32 {
                let usual = user % 3 * 8 + (user * 7 + basket * 5 + line * 3) % 8;
                csv += &format!("{user},{basket},{}\n", if basket == 4 { usual + noise * (1 + line) } else { usual });
            }
        }
    }
    csv
}

#[expect(clippy::expect_used, reason = "a test's helper")]
fn predicted(home: &Path, predictions: &[protocol::Prediction]) -> String {
    let path = home.join("predictions");
    write_predictions(&path, predictions).expect("writes");
    fs::read_to_string(path).expect("reads")
}

#[test]
fn orders_after_the_split_teach_nothing() {
    let home = tempfile::tempdir().expect("a directory");
    let answers = |noise: u32, only_new: bool| {
        let path = home.path().join("orders.csv");
        fs::write(&path, lines(noise)).expect("writes");
        predicted(home.path(), &protocol::purchases(&orders(&path, SPLIT).expect("orders").before, only_new).expect("predicts"))
    };
    for only_new in [false, true] {
        assert_eq!(answers(0, only_new).lines().count(), 60);
        assert_eq!(answers(0, only_new), answers(1, only_new));
        assert_eq!(answers(0, only_new), answers(9_999, only_new));
    }
    assert_ne!(answers(0, true), answers(0, false), "what was bought is listed, or not");
}

#[test]
fn last_baskets_teach_nothing() {
    let home = tempfile::tempdir().expect("a directory");
    let answers = |noise: u32| {
        let path = home.path().join("baskets.csv");
        fs::write(&path, user_baskets(noise)).expect("writes");
        let is_test = |user: &str| user.ends_with(['0', '5']);
        predicted(home.path(), &protocol::baskets(&baskets(&path).expect("baskets"), is_test).expect("predicts"))
    };
    assert_eq!(answers(0).lines().count(), 12);
    assert_eq!(answers(0), answers(977));
}

/// From nothing to the first ten orders: an answer for everybody, whatever there is to learn from.
#[test]
fn the_smallest_shops_are_answered() {
    let order = |who: u32, day: i64, items: &[&str]| protocol::Group {
        who: format!("{who}"),
        at: rapport_core::time::Timestamp::parse("2026-01-01").expect("a time").plus_days(day),
        items: items.iter().map(|item| ItemId::new(item).expect("an id")).collect(),
    };
    assert!(protocol::purchases(&[], false).expect("predicts").is_empty());
    let one = protocol::purchases(&[order(1, 0, &["tea"])], false).expect("predicts");
    assert_eq!((one.len(), one[0].key.as_str()), (1, "1"));
    assert!(protocol::purchases(&[order(1, 0, &["tea"])], true).expect("predicts")[0].items.is_empty());

    // Ten orders of ten people: what most of them bought comes first for who did not.
    let ten: Vec<protocol::Group> = (0..10)
        .map(|who| if who == 9 { order(who, 9, &["milk"]) } else { order(who, i64::from(who), &["tea", ["cup", "pot"][who as usize % 2]]) })
        .collect();
    let answers = protocol::purchases(&ten, true).expect("predicts");
    assert_eq!(answers[9].items.first().map(ItemId::as_str), Some("tea"), "{:?}", answers[9]);
}

/// What comes after the day asked at moves no prediction, whatever it becomes.
#[test]
fn purchases_to_come_teach_nothing() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("purchases.csv");
    let answers = |noise: u32| {
        let mut csv = "customer_id,date,cds,value\n".to_owned();
        for customer in 0..150u32 {
            for order in 0..1 + customer % 6 {
                let month = 1 + (customer + order * (1 + customer % 3)) % 12;
                let is_future = month > 8;
                if !is_future || (customer + noise) % 3 != 2 {
                    let (day, value) = (1 + (customer * 7 + order + if is_future { noise } else { 0 }) % 28, 5 + customer % 9);
                    csv +=
                        &format!("{customer:03},2025-{month:02}-{day:02},1,{}.25\n", if is_future { value * (1 + noise) } else { value });
                }
            }
        }
        fs::write(&path, csv).expect("writes");
        let today = rapport_core::time::Timestamp::parse("2025-08-31").expect("a day").0 / rapport_core::time::DAY_MS;
        // Even where what comes later is handed over.
        let History { before, later } = purchase_days(&path, today).expect("purchases");
        assert!(!later.is_empty());
        let all: Vec<PurchaseDay> = before.into_iter().chain(later).collect();
        let told = protocol::customers::customers(&all, today, 60, today - 60).expect("predicts").told;
        let file = home.path().join("predictions");
        write_values(&file, &told).expect("writes");
        let values = fs::read_to_string(&file).expect("reads");
        write_chances(&file, &told).expect("writes");
        values + &fs::read_to_string(&file).expect("reads")
    };
    assert!(answers(0).lines().count() > 200);
    assert_eq!(answers(0), answers(1));
    assert_eq!(answers(0), answers(977));
}
