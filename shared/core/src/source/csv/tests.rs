//! Samples under `events/import` against their snapshots, and what holds for any bytes whatever.

mod ugly;

use super::{Field, Found, Options, Reason, Report, read};
use crate::{
    auth::Insiders,
    event::{Action, Event, Who, encode_line},
    id::CustomerId,
    money::Currency,
    profile::{Subject, Totals, refold},
    time::Timestamp,
};
use proptest::prelude::*;
use std::{fmt::Write, path::PathBuf};

fn options() -> Options {
    Options {
        currency: Currency::GBP,
        map: Vec::new(),
        now: Timestamp(1_790_000_000_000),
        as_of: Timestamp(1_780_000_000_000),
        hash_key: Some("a key for tests".into()),
        insiders: Insiders::default(),
        zone: None,
    }
}

/// All that comes out of `bytes`, as text.
fn told(bytes: &[u8], options: &Options) -> String {
    let mut found = String::new();
    let report = read(bytes, options, |one| match one {
        Found::Event(event) => {
            let mut line = Vec::new();
            encode_line(&event, &mut line);
            found.push_str(&String::from_utf8_lossy(&line));
        }
        Found::Item(item) => writeln!(found, "item {}", serde_json::to_string(&item).expect("an item")).expect("a string"),
        Found::Contact(contact) => writeln!(found, "contact {:?} {} of {:?}", contact.field, contact.value, contact.who).expect("a string"),
        Found::Rejected(row) => {
            writeln!(found, "rejected {} {:?} {}", row.line, row.reason, String::from_utf8_lossy(&row.raw)).expect("a string")
        }
    });
    match report {
        Ok(report) => format!("{found}{}", serde_json::to_string_pretty(&report).expect("a report")),
        Err(error) => format!("{found}error: {error}"),
    }
}

#[test]
fn samples() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events/import");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).expect("samples").map(|entry| entry.expect("a sample").path()).collect();
    files.sort();
    assert!(files.len() >= 23, "{} samples", files.len());
    for file in files {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        insta::assert_snapshot!(name, told(&std::fs::read(&file).expect("a sample"), &options()));
    }
}

#[test]
fn columns_are_named_by_hand() {
    let file = b"Bill,Thing,Pieces,Day,Each\n7,mug,2,2024-02-03,4.50\n";
    let map = [("Bill", Field::Order), ("Thing", Field::Item), ("Pieces", Field::Quantity), ("day", Field::At), ("Each", Field::UnitPrice)];
    let mapped = Options { map: map.iter().map(|(column, field)| ((*column).to_owned(), *field)).collect(), ..options() };
    insta::assert_snapshot!("mapped", told(file, &mapped));
    let wrong = Options { map: vec![("Bil".into(), Field::Order)], ..options() };
    insta::assert_snapshot!("mapped-wrong", told(file, &wrong));
}

/// A till knows a card; whose it is, it may learn later, from its own customers' file or a purchase that names both.
#[test]
fn a_card_is_somebody_and_then_somebody_known() {
    let said = |file: &[u8]| {
        let mut said = Vec::new();
        read(file, &options(), |one| {
            if let Found::Event(event) = one {
                said.push((event.who.customer.map(|id| id.to_string()), event.action));
            }
        })
        .expect("a report");
        said
    };
    let till = b"Receipt No,Date,Article No,Qty,Price,Loyalty Card,Customer ID\n\
        1,2024-01-01,mug,1,4.50,0042,\n2,2024-01-02,mug,1,4.50,0042,7\n3,2024-01-03,mug,1,4.50,0042,7\n4,2024-01-04,mug,1,4.50,0,\n";
    let told = said(till);
    let buyers: Vec<_> = told.iter().filter(|(_, action)| matches!(action, Action::Ordered(_))).map(|(who, _)| who.as_deref()).collect();
    assert_eq!(buyers, [Some("card:0042"), Some("7"), Some("7"), None], "0 is nobody's card");
    let aliases: Vec<_> = told.iter().filter(|(_, action)| matches!(action, Action::Aliased { .. })).collect();
    assert_eq!(aliases, [&(Some("7".to_owned()), Action::Aliased { previous: "card:0042".into() })], "told once");
    let members = b"Customer ID,Loyalty Card,Name,Country\n7,0042,Ada,GB\n";
    assert!(said(members).contains(&(Some("7".to_owned()), Action::Aliased { previous: "card:0042".into() })));
}

/// What is told once a file is told once, whether a row has the number or not.
#[test]
fn a_number_that_comes_and_goes_tells_nothing_twice() {
    let countries = |phones: [&str; 2]| {
        let [one, other] = phones;
        let file = format!(
            "order,item,quantity,at,price,customer,phone,country\n1,mug,1,2024-01-01,1.00,7,{one},GB\n2,mug,1,2024-01-02,1.00,7,{other},GB\n"
        );
        let mut told = Vec::new();
        read(file.as_bytes(), &options(), |one| {
            told.extend(if let Found::Event(Event { id, action: Action::Identified { .. }, .. }) = one { Some(id) } else { None });
        })
        .expect("a report");
        told
    };
    let without = countries(["", ""]);
    assert_eq!(without.len(), 1);
    for phones in [["+4915123456789", ""], ["", "+4915123456789"], ["+4915123456789", "+4915123456780"]] {
        assert_eq!(countries(phones), without, "as a release that knew no numbers told it: {phones:?}");
    }
}

/// One number in a till's files, with a customer and without, and in none of its spellings that lack the country.
#[test]
fn a_number_names_somebody_in_files_too() {
    let file = b"Receipt No,Date,Article No,Qty,Price,Customer ID,Telephone\n\
        1,2024-01-01,mug,1,4.50,7,+49 151 23456789\n2,2024-01-02,mug,1,4.50,,'+4915123456789\n3,2024-01-03,mug,1,4.50,,0151 23456789\n";
    let (mut buyers, mut contacts) = (Vec::new(), Vec::new());
    read(file.as_slice(), &options(), |one| match one {
        Found::Event(event) => buyers.push(event.who),
        Found::Contact(contact) => contacts.push((contact.who, contact.value)),
        _ => {}
    })
    .expect("a report");
    let phone = crate::auth::personal::phone("a key for tests", "+4915123456789");
    let named =
        |customer: Option<&str>| Who { customer: customer.and_then(|id| CustomerId::new(id).ok()), phone: phone.clone(), ..Who::default() };
    assert_eq!(buyers, [named(Some("7")), named(None), Who::default()]);
    assert_eq!(contacts.len(), 2, "of nobody nothing is kept: {contacts:?}");
    let callers = b"date,total,phone\n2024-01-01,4.50,+4915123456789\n2024-01-02,4.50,+4915123456780\n";
    let mut told = Vec::new();
    let report = read(callers.as_slice(), &options(), |one| told.extend(if let Found::Event(event) = one { Some(event) } else { None }));
    assert_eq!((report.expect("a report").taken, told.len()), (2, 2), "who is known by a number alone bought something, too");
}

#[test]
fn the_shops_own_people_are_no_customers_in_files_either() {
    let insiders = Insiders { customers: vec!["7".into()], domains: vec!["shop.example".into()], ..Insiders::default() };
    let file = b"invoice,item,quantity,at,price,customer,email\n1,mug,1,2024-01-01,1.00,7,\n2,mug,1,2024-01-01,1.00,8,a@example.org\n3,mug,1,2024-01-01,1.00,9,Boss@Shop.example\n";
    let mut told = Vec::new();
    let report = read(file.as_slice(), &Options { insiders, ..options() }, |one| {
        if let Found::Event(event) = one {
            told.push((event.who.customer.map(|id| id.to_string()).unwrap_or_default(), event.traffic.is_human()));
        }
    });
    assert_eq!(report.expect("a report").taken, 3);
    assert_eq!(told, [("7".to_owned(), false), ("8".to_owned(), true), ("9".to_owned(), false)]);
}

/// What the orders and refunds in `files`, imported one after the other, come to for who is called `a@example.com`.
fn sums(files: &[&str]) -> Totals {
    let mut events = Vec::new();
    for file in files {
        let found = |one| {
            if let Found::Event(event) = one {
                events.push(event);
            }
        };
        read(file.as_bytes(), &options(), found).expect("a report");
    }
    let who = events.first().expect("an event").who.email.clone().expect("an address");
    refold(Subject::Email(who), &events).whole()
}

#[test]
fn a_cancelled_order_in_a_file_is_worth_nothing_whatever_was_given_back() {
    let header = "Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Cancelled at,Refunded Amount,Id";
    let order = |cancelled: &str| {
        format!("{header}\n#1,a@example.com,refunded,EUR,50.00,2024-03-01 10:00:00 +0000,1,Pan,50.00,{cancelled},50.00,77\n")
    };
    let void = sums(&[&order("2024-03-02 10:00:00 +0000")]);
    assert_eq!((void.orders, void.refunds, void.revenue_minor), (0, 0, vec![]));
    let back = sums(&[&order("")]);
    assert_eq!((back.orders, back.refunds, back.revenue_minor), (1, 1, vec![(Currency::EUR, 0)]));
}

/// An order of two lines as Shopify exports it, before and after it was sent.
#[test]
fn a_newer_export_replaces_the_older_one_whole() {
    let header = "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Cancelled at,Refunded Amount,Id";
    let export = |status: &str, sent: &str, cancelled: &str, price: &str| {
        format!(
            "{header}\n#1,a@example.com,paid,2024-03-01 10:00:05 +0000,{status},{sent},EUR,50.00,2024-03-01 10:00:00 +0000,1,Pan,{price},{cancelled},0.00,77\n\
            #1,a@example.com,,,,,,,2024-03-01 10:00:00 +0000,2,Lid,10.00,,,\n"
        )
    };
    let (before, after) = (export("unfulfilled", "", "", "30.00"), export("fulfilled", "2024-03-04 09:00:00 +0000", "", "30.00"));
    let status_alone = export("fulfilled", "", "", "30.00");
    let cheaper = export("fulfilled", "2024-03-04 09:00:00 +0000", "", "20.00");
    let cancelled = export("fulfilled", "2024-03-04 09:00:00 +0000", "2024-03-05 09:00:00 +0000", "20.00");
    for (files, orders, minor) in [
        (vec![&before, &before], 1, 5000),
        (vec![&before, &after], 1, 5000),
        (vec![&before, &status_alone], 1, 5000),
        (vec![&before, &cheaper], 1, 4000),
        (vec![&before, &cheaper, &cancelled], 0, 0),
    ] {
        let forward: Vec<&str> = files.iter().map(|file| file.as_str()).collect();
        let backward: Vec<&str> = forward.iter().rev().copied().collect();
        for files in [forward, backward] {
            let whole = sums(&files);
            let revenue = whole.revenue_minor.first().map_or(0, |(_, minor)| *minor);
            assert_eq!((whole.orders, revenue), (orders, minor), "{files:?}");
        }
    }
}

#[test]
fn rows_of_an_order_that_stand_apart_are_all_kept() {
    let header = "Order Number,Order Status,Order Date,Email (Billing),Item Name,Quantity,Item Cost,Paid Date";
    let row = |order: u32, item: &str, paid: &str| format!("{order},Completed,2024-05-06 11:20,a@example.com,{item},1,10.00,{paid}\n");
    let file = |rows: &[String]| format!("{header}\n{}", rows.concat());
    let apart = file(&[row(1, "Pan", ""), row(2, "Pan", ""), row(1, "Lid", "2024-05-07 11:20"), row(1, "Cup", "")]);
    let whole = sums(&[&apart]);
    assert_eq!((whole.orders, whole.revenue_minor.as_slice()), (2, &[(Currency::GBP, 4000)][..]));
    assert_eq!(sums(&[&apart, &apart]).revenue_minor, whole.revenue_minor, "imported twice");
}

#[test]
fn what_was_never_paid_in_an_export_is_no_sale() {
    let header = "Order Number,Order Status,Order Date,Email (Billing),Item Name,Quantity,Item Cost";
    for (status, taken) in [("wc-pending", 0), ("Pending payment", 0), ("wc-failed", 0), ("wc-on-hold", 1), ("Completed", 1)] {
        let file = format!("{header}\n1,{status},2024-05-06 11:20,a@example.com,Pan,1,10.00\n");
        let mut events = 0;
        let report = read(file.as_bytes(), &options(), |one| events += usize::from(matches!(one, Found::Event(_)))).expect("a report");
        assert_eq!(events, taken, "{status}: {report:?}");
    }
}

/// A file of good rows with `damage` between two of them.
fn around(damage: &[u8]) -> (Report, Vec<String>) {
    let mut file = b"invoice,item,quantity,at,price,customer\n1,mug,1,2024-01-01,1.00,7\n".to_vec();
    file.extend_from_slice(damage);
    file.extend_from_slice(b"\n2,cup,1,2024-01-01,1.00,7\n3,\"pan\",1,2024-01-01,1.00,7\n");
    let mut items = Vec::new();
    let report = read(file.as_slice(), &options(), |one| {
        if let Found::Event(event) = one {
            items.extend(event.action.product().map(|product| product.item.to_string()));
        }
    });
    (report.expect("a report"), items)
}

#[test]
fn a_damaged_row_costs_only_itself() {
    for damage in ["\"", "9,\"X,1,2024-01-01,1.00,7", "9,X", "9,\"X\"Y,1,2024-01-01,1.00,7", "9,\"X\n\"\"\n", "\",\"\",\n\"", ",,,,,,,,x"] {
        let (report, items) = around(damage.as_bytes());
        assert_eq!(items, ["MUG", "CUP", "PAN"], "{damage:?}");
        assert_eq!(report.taken + report.blank + report.rejected_rows(), report.rows, "{damage:?}");
    }
}

#[test]
fn an_endless_line_is_set_aside_in_pieces() {
    let (report, items) = around(&vec![b'x'; 3 * 1024 * 1024]);
    assert_eq!(items, ["MUG", "CUP", "PAN"]);
    assert_eq!(report.rejected_rows(), 3);
}

/// Counts of a million real rows, worked out apart from this code with a dozen lines of Python.
#[test]
fn a_gift_shops_two_years() {
    let folder = std::env::var_os("RAPPORT_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let path = folder.join("online_retail_ii.csv.gz");
    let Ok(file) = std::fs::File::open(&path) else {
        println!("skipped: no data at {}", path.display());
        return;
    };
    let (mut lines, mut refunds, mut ids) = (0, 0, std::collections::HashSet::new());
    let report = read(flate2::read::GzDecoder::new(file), &options(), |one| {
        if let Found::Event(event) = one {
            lines += u64::from(event.action.name() == "order_completed");
            refunds += u64::from(event.action.name() == "order_refunded");
            assert!(ids.insert(event.id.clone()), "{:?} comes twice", event.id);
        }
    })
    .expect("a report");
    assert_eq!((report.rows, report.taken), (1_044_847, 1_038_888));
    assert_eq!((lines, refunds), (1_019_723, 19_165));
    let rejected: Vec<(Reason, u64)> = report.rejected.iter().map(|(reason, tally)| (*reason, tally.count)).collect();
    assert_eq!(rejected, [(Reason::NegativePrice, 5), (Reason::StockNote, 5954)]);
}

/// Field-shaped fragments: pure noise never gets past the header.
fn rows() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b",".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"1,mug,1,2024-01-01,1.00,7\n".to_vec()),
        Just(b"C2,M,-1,2024-01-01,1e300,x@y.example\n".to_vec()),
        Just(b"\xe9\x00-9223372036854775808".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..12),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn every_row_is_accounted_for(tail in rows(), kind in 0usize..5) {
        const HEADERS: [&str; 5] = [
            "invoice,item,quantity,at,price,customer\n",
            "customer,at,value,email,country,x\n",
            "Name,Created at,Lineitem quantity,Lineitem name,Lineitem price,Email\n",
            "timestamp,visitorid,event,itemid,transactionid,price\n",
            "Handle,Title,Variant Price,Variant SKU,Status,Variant Inventory Qty\n",
        ];
        // Enough text that no tail makes the file look binary.
        let mut file = HEADERS[kind].as_bytes().to_vec();
        file.extend(b"1,A,1,2024-01-01,1.00,7\n".repeat(300));
        file.extend(&tail);
        let mut rejected = 0;
        let report = read(file.as_slice(), &options(), |one| rejected += u64::from(matches!(one, Found::Rejected(_)))).expect("a report");
        prop_assert_eq!(report.taken + report.blank + report.rejected_rows(), report.rows);
        prop_assert_eq!(report.rejected_rows(), rejected);
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = told(&bytes, &options());
    }

    #[test]
    fn reading_twice_gives_the_same(tail in rows()) {
        let mut file = b"invoice,item,quantity,at,price,customer\n".to_vec();
        file.extend(&tail);
        prop_assert_eq!(told(&file, &options()), told(&file, &options()));
    }
}
