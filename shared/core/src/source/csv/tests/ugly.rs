//! What spreadsheets, tills and ledgers really write: each value read as it is meant, or refused, and never as something else.

use super::{Field, Found, Options, Reason, Report, options, read};
use crate::{
    event::{Action, Event},
    money::Currency,
    source::csv::Doubt,
    time::Timestamp,
};

fn taken(file: &[u8], options: &Options) -> (Vec<Event>, Report) {
    let mut events = Vec::new();
    let report = read(file, options, |one| {
        if let Found::Event(event) = one {
            events.push(event);
        }
    });
    (events, report.expect("a report"))
}

/// What a file with one row in `columns` says was paid, or why not.
fn paid(delimiter: char, amount: &str, currency: &str) -> Result<i64, Reason> {
    let file = format!("invoice;item;quantity;at;total;currency;customer\n1;mug;1;2024-01-01;\"{amount}\";{currency};7\n")
        .replace(';', &delimiter.to_string());
    let (events, report) = taken(file.as_bytes(), &options());
    let paid = events.iter().find_map(|event| match &event.action {
        Action::Ordered(line) => Some(line.paid_minor),
        Action::Refunded(back) => Some(-back.amount_minor),
        _ => None,
    });
    paid.ok_or_else(|| *report.rejected.keys().next().expect("a reason"))
}

#[test]
fn amounts_are_read_as_meant_or_refused() {
    for (delimiter, amount, currency, minor) in [
        (',', "1200", "JPY", Ok(1200)),
        (',', "¥1,200", "JPY", Ok(1200)),
        (',', "1200.00", "JPY", Ok(1200)),
        (',', "12.345", "KWD", Ok(12_345)),
        (',', "1,234.500", "KWD", Ok(1_234_500)),
        (',', "1,234", "KWD", Err(Reason::Amount)),
        (';', "1,234", "KWD", Ok(1234)),
        (',', "1,234", "EUR", Ok(123_400)),
        (',', "12,50", "EUR", Ok(1250)),
        (';', "1.234,50", "EUR", Ok(123_450)),
        (';', "1.234", "EUR", Ok(123_400)),
        (',', "1 234,50 €", "EUR", Ok(123_450)),
        (',', "1\u{202f}234,50\u{a0}€", "EUR", Ok(123_450)),
        (',', "CHF 12", "CHF", Err(Reason::Amount)),
        (',', "1’234.50", "CHF", Ok(123_450)),
        (',', "₹1,23,456.00", "INR", Ok(12_345_600)),
        (',', "(12.50)", "USD", Ok(-1250)),
        (',', "($12.50)", "USD", Ok(-1250)),
        (',', "−12.50", "USD", Ok(-1250)),
        (',', "$-12.50", "USD", Ok(-1250)),
        (',', "-$12.50", "USD", Ok(-1250)),
        (',', "12.50-", "USD", Ok(-1250)),
        (',', "--12.50", "USD", Err(Reason::Amount)),
        (',', "-(12.50)", "USD", Err(Reason::Amount)),
        (',', "12-50", "USD", Err(Reason::Amount)),
        (',', "12.50.50", "USD", Err(Reason::Amount)),
        (',', "NaN", "USD", Err(Reason::Amount)),
        (',', "1e400", "USD", Err(Reason::Amount)),
        (',', "99999999999999999999", "USD", Err(Reason::Amount)),
        (',', "１２", "JPY", Err(Reason::Amount)),
        (',', "12.50", "EURO", Err(Reason::Currency)),
        (',', "12.50", "usd", Ok(1250)),
    ] {
        assert_eq!(paid(delimiter, amount, currency), minor, "{amount} {currency} in a file parted by {delimiter:?}");
    }
}

/// When a row at `at` happened, and whether something is left open.
fn happened(at: &[&str], zone: Option<&str>) -> (Vec<String>, Report) {
    let rows: String = at.iter().map(|at| format!("1,mug,1,\"{at}\",1.00,7\n")).collect();
    let zone = zone.map(|name| jiff::tz::TimeZone::get(name).expect("a zone"));
    let (events, report) = taken(format!("invoice,item,quantity,at,price,customer\n{rows}").as_bytes(), &Options { zone, ..options() });
    (events.iter().map(|event| event.at.to_string()).collect(), report)
}

#[test]
fn times_are_read_as_meant_or_refused() {
    for (at, expected) in [
        ("2024-03-01T10:00:00Z", Some("2024-03-01T10:00:00Z")),
        ("2024-03-01 10:00:00+01", Some("2024-03-01T09:00:00Z")),
        ("2024-03-01 10:00:00 -0500", Some("2024-03-01T15:00:00Z")),
        ("2024-03-01 10:00:00.123456", Some("2024-03-01T10:00:00.123Z")),
        ("2024-03-01 10:00 UTC", Some("2024-03-01T10:00:00Z")),
        ("2024/03/01 10:00", Some("2024-03-01T10:00:00Z")),
        ("2024/3/1", Some("2024-03-01T00:00:00Z")),
        ("01.03.2024 10:00", Some("2024-03-01T10:00:00Z")),
        ("3/1/24 12:05 AM", Some("2024-03-01T00:05:00Z")),
        ("3/1/2024 12:05 PM", Some("2024-03-01T12:05:00Z")),
        ("3/31/2024", Some("2024-03-31T00:00:00Z")),
        ("1709287200", Some("2024-03-01T10:00:00Z")),
        ("1709287200000", Some("2024-03-01T10:00:00Z")),
        ("2024-02-30", None),
        ("13/13/2024", None),
        ("0000-00-00 00:00:00", None),
        ("1899-12-30", None),
        ("45413", None),
        ("2124-01-01", None),
        ("yesterday", None),
        ("25:00 1/1/2024", None),
        ("2024-03-01 25:00", None),
    ] {
        let (times, report) = happened(&[at], None);
        assert_eq!(times.first().map(String::as_str), expected, "{at}: {:?}", report.rejected);
    }
}

/// An hour that comes twice in autumn is its first, one that never comes in spring is an hour later; who says where they are is believed.
#[test]
fn clocks_without_a_zone_hang_where_the_shop_says() {
    let at = ["2024-07-01 10:00", "2024-01-01 10:00", "2024-10-27 02:30", "2024-03-31 02:30", "2024-07-01T10:00:00Z", "1719828000"];
    let (times, report) = happened(&at, Some("Europe/Berlin"));
    assert_eq!(
        times,
        [
            "2024-07-01T08:00:00Z",
            "2024-01-01T09:00:00Z",
            "2024-10-27T00:30:00Z",
            "2024-03-31T01:30:00Z",
            "2024-07-01T10:00:00Z",
            "2024-07-01T10:00:00Z"
        ]
    );
    assert!(report.doubts.is_empty());
    let (times, report) = happened(&at, None);
    assert_eq!(times[0], "2024-07-01T10:00:00Z");
    assert_eq!(report.doubts[&Doubt::NoZone].count, 4);
    assert!(happened(&["2024-07-01"], None).1.doubts.is_empty(), "a day is no time");
}

#[test]
fn a_date_that_may_be_two_is_said_to() {
    let doubts = |at: &[&str]| happened(at, None).1.doubts.into_keys().collect::<Vec<_>>();
    assert_eq!(doubts(&["1/2/2024", "3/4/2024"]), [Doubt::DateOrder]);
    assert_eq!(doubts(&["1/2/2024", "3/14/2024"]), []);
    assert_eq!(doubts(&["1/2/2024", "14/3/2024"]), []);
    assert_eq!(doubts(&["2024/1/2"]), []);
    assert_eq!(doubts(&["1.2.2024"]), []);
}

/// A clock in Auckland is half a day ahead of Greenwich's: what an export says of the morning must not outdate what a webhook says at noon.
#[test]
fn a_time_of_which_nobody_knows_the_zone_outdates_nothing_that_is_certain() {
    let version = |zone: Option<&str>| {
        let file = b"Order Number,Order Status,Order Date,Paid Date,Email (Billing),Item Name,Quantity,Item Cost\n\
            1,Completed,2024-05-06 11:20,2024-05-07 11:20,a@example.com,Pan,1,10.00\n";
        let zone = zone.map(|name| jiff::tz::TimeZone::get(name).expect("a zone"));
        let (events, _) = taken(file, &Options { zone, ..options() });
        events.iter().find_map(|event| if let Action::Ordered(line) = &event.action { Some(line.version) } else { None }).expect("a line")
    };
    let told = Timestamp::parse("2024-05-06T23:20:00Z").expect("a time");
    assert!(version(None) < told.plus_ms(-2 * 3_600_000), "as far east as any clock hangs");
    let known = version(Some("Pacific/Auckland"));
    assert!(known < told && known >= told.plus_ms(-1_000));
}

/// Only the first row of an order says that it was never paid, or cancelled, or what was given back.
#[test]
fn what_the_first_row_says_holds_for_all_rows_of_an_order() {
    let header = "Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Cancelled at,Refunded Amount,Id";
    let file = |first_quantity: &str, status: &str, cancelled: &str| {
        let at = "2024-03-01 10:00:00 +0000";
        format!(
            "{header}\n#1,a@example.com,{status},EUR,50.00,{at},{first_quantity},Pan,30.00,{cancelled},5.00,77\n#1,a@example.com,,,,{at},2,Lid,10.00,,,\n#2,b@example.com,paid,EUR,9.00,{at},1,Cup,9.00,,,78\n"
        )
    };
    let told = |file: &str| {
        let (events, report) = taken(file.as_bytes(), &options());
        assert_eq!(report.taken + report.blank + report.rejected_rows(), report.rows);
        let lines: Vec<(String, bool)> = events
            .iter()
            .filter_map(|event| match &event.action {
                Action::Ordered(line) => Some((line.order.to_string(), line.cancelled)),
                _ => None,
            })
            .collect();
        (lines, report.rejected.into_iter().map(|(reason, tally)| (reason, tally.count)).collect::<Vec<_>>())
    };
    let other = ("78".to_owned(), false);
    assert_eq!(
        told(&file("1", "voided", "")),
        (vec![other.clone()], vec![(Reason::Unpaid, 2)]),
        "the second row is of an order that was never paid"
    );
    let cancelled = told(&file("0", "paid", "2024-03-02 10:00:00 +0000"));
    assert_eq!(
        cancelled,
        (vec![("77".to_owned(), true), other], vec![(Reason::NoQuantity, 1)]),
        "a damaged line leaves the order cancelled"
    );
}

/// What tills and spreadsheets of the last thirty years write in.
#[test]
fn any_encoding_that_is_met_comes_out_the_same() {
    let text = "invoice,item,quantity,at,price,customer,description\n1,mug,1,2024-01-01,1.00,7,Café crème – 5 €\n";
    let title = |bytes: &[u8]| {
        let (events, _) = taken(bytes, &options());
        events.first().and_then(|event| event.action.product()?.title.clone()).unwrap_or_default()
    };
    let utf16 = |mark: bool, big: bool| {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect::<Vec<u8>>()
    };
    let windows = encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    let marked = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
    let mac_ends = text.replace('\n', "\r");
    for (name, bytes) in [
        ("UTF-8", text.as_bytes().to_vec()),
        ("UTF-8, marked", marked),
        ("Windows-1252", windows),
        ("UTF-16, little end first, marked", utf16(true, false)),
        ("UTF-16, big end first, marked", utf16(true, true)),
        ("UTF-16, little end first", utf16(false, false)),
        ("UTF-16, big end first", utf16(false, true)),
        ("an old Macintosh's line ends", mac_ends.into_bytes()),
    ] {
        assert_eq!(title(&bytes), "Café crème – 5 €", "{name}");
    }
    let mut cut = utf16(true, false);
    cut.push(0x41);
    assert_eq!(title(&cut), "Café crème – 5 €", "half a unit at the end");
    // A character of two units where one chunk that is read ends and the next begins.
    let long = format!("{text}{}", "2,😀,1,2024-01-01,1.00,7,x\n".repeat(30_000));
    for shift in ["", " "] {
        let units = [0xfeff].into_iter().chain(format!("{shift}{long}").encode_utf16().collect::<Vec<_>>());
        let (events, report) = taken(&units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>(), &options());
        assert!(
            report.rejected.is_empty()
                && events.iter().skip(1).all(|event| event.action.product().is_some_and(|product| product.item.as_str() == "😀"))
        );
    }
}

#[test]
fn a_second_name_of_an_item_is_taken_from_plain_files_too() {
    let map = vec![("Code".to_owned(), Field::Sku)];
    let file = b"invoice,item,Code,quantity,at,price,customer\n1,5,PAN-1,1,2024-01-01,1.00,7\n";
    let (events, _) = taken(file, &Options { map, currency: Currency::EUR, ..options() });
    let product = events.iter().find_map(|event| event.action.product()).expect("a product");
    assert_eq!((product.item.as_str(), product.sku.as_deref()), ("5", Some("PAN-1")));
}
