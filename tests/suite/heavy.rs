//! Customers of whom there is far too much: what a batch costs and what a profile weighs does not grow with their history.

use crate::shop::data;
use rapport::import;
use rapport_core::{
    auth::Insiders,
    event::{Action, Authority, Event, OrderLine, Product, Traffic, Who},
    id::{CustomerId, EventId, ItemId, OrderId},
    money::Currency,
    profile::{Profile, Subject, refold},
    source::csv::{Found, Options, read},
    time::{DAY_MS, Timestamp},
};
use std::time::{Duration, Instant};

/// What a profile weighs at most, in bytes: half of what a row of DynamoDB holds.
const HEAVIEST_BYTES: usize = 200 * 1024;
/// Events that `ingest` hands over together.
const BATCH: usize = 1_000;

fn subject(id: &str) -> Subject {
    Subject::Customer(CustomerId::new(id).expect("an id"))
}

/// Event `number` of a customer who does `a_day` things a day; one in two hundred is an order.
fn event(number: u64, a_day: u64) -> Event {
    let product = Product::bare(ItemId::new(&format!("item-{}", number % 977)).expect("an id"));
    let action = if number.is_multiple_of(200) {
        Action::Ordered(OrderLine {
            order: OrderId::new(&format!("o{number}")).expect("an id"),
            version: Timestamp(1),
            product: Some(product),
            quantity: 1,
            paid_minor: 100,
            discount_minor: 0,
            currency: Currency::EUR,
            cancelled: false,
        })
    } else {
        Action::Viewed(product)
    };
    Event {
        id: EventId::new(&format!("e{number}")).expect("an id"),
        at: Timestamp(i64::try_from(number * DAY_MS.unsigned_abs() / a_day).expect("a time")),
        authority: Authority::Backend,
        source: "test".into(),
        who: Who { customer: CustomerId::new("kiosk").ok(), ..Who::default() },
        traffic: Traffic::Human,
        action,
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[test]
fn a_million_events_of_one_customer_cost_a_batch_what_the_first_thousands_did() {
    let mut profile = Profile::new(subject("kiosk"));
    let (mut times, mut heaviest) = (Vec::new(), 0);
    for batch in 0..1_000_000 / BATCH as u64 {
        let events: Vec<Event> = (batch * BATCH as u64..(batch + 1) * BATCH as u64).map(|number| event(number, 250)).collect();
        let started = Instant::now();
        // As stored: unpacked before, packed again after.
        let mut read = Profile::from_bytes(&profile.to_bytes().expect("bytes")).expect("a profile");
        assert_eq!(read.fold(&events), Ok(true), "batch {batch} needs no look into the log");
        profile = read;
        times.push(started.elapsed());
        heaviest = heaviest.max(profile.to_bytes().expect("bytes").len());
    }
    let (early, late) = (median(times[20..120].to_vec()), median(times[900..].to_vec()));
    println!("a batch of {BATCH}: {early:?} early, {late:?} late; the profile weighs {heaviest} bytes at most");
    assert!(late < 3 * early, "{early:?} became {late:?}");
    assert!(heaviest < HEAVIEST_BYTES, "{heaviest} bytes");
    let whole = profile.whole();
    assert_eq!((whole.events, whole.orders), (1_000_000, 5_000));
}

/// Who does twenty thousand things a day outruns what a profile can remember: it says so at once instead of growing.
#[test]
fn who_outruns_a_profiles_memory_is_refolded_and_weighs_no_more() {
    let events: Vec<Event> = (0..50_000).map(|number| event(number, 20_000)).collect();
    let mut profile = Profile::new(subject("kiosk"));
    let folded = events.chunks(BATCH).take_while(|batch| profile.fold(batch).is_ok()).count();
    assert!((5..events.len() / BATCH).contains(&folded), "{folded} batches");
    let whole = refold(subject("kiosk"), &events);
    let bytes = whole.to_bytes().expect("bytes").len();
    println!("{folded} batches were folded; all {} events weigh {bytes} bytes", events.len());
    assert!(bytes < HEAVIEST_BYTES, "{bytes} bytes");
    assert_eq!(whole.whole().events, 50_000);
}

/// Customer 14096 of Online Retail II, with 1,507 order lines in two weeks: folded object by object as an import writes them, the profile is
/// what all of them give at once.
#[test]
fn a_customer_of_fifteen_hundred_lines_in_two_weeks() {
    let Some(folder) = data("the busiest customer of Online Retail II") else { return };
    let input = import::open(&folder.join("online_retail_ii.csv.gz"), |_| {}).expect("a file");
    let now = Timestamp::parse("2026-01-01").expect("a time");
    let options = Options {
        currency: Currency::GBP,
        map: Vec::new(),
        now,
        as_of: now,
        hash_key: Some("0123456789abcdef".into()),
        insiders: Insiders::default(),
        zone: None,
    };
    let busiest = CustomerId::new("14096").ok();
    let mut events = Vec::new();
    read(input, &options, |found| match found {
        Found::Event(event) if event.who.customer == busiest => events.push(event),
        _ => {}
    })
    .expect("a report");
    let lines = events.iter().filter(|event| matches!(event.action, Action::Ordered(_)));
    let times: Vec<i64> = lines.map(|event| event.at.0).collect();
    let fortnight = 14 * DAY_MS;
    let densest = times.iter().map(|from| times.iter().filter(|at| (*from..from + fortnight).contains(at)).count()).max();
    assert!(densest >= Some(1_500), "{densest:?} lines in two weeks");

    let whole = refold(subject("14096"), &events);
    let mut profile = Profile::new(subject("14096"));
    let (mut slowest, mut refolds) = (Duration::ZERO, 0);
    for (batch, some) in events.chunks(BATCH).enumerate() {
        let started = Instant::now();
        if profile.fold(some).is_err() {
            refolds += 1;
            profile = refold(subject("14096"), &events[..(batch * BATCH + some.len())]);
        }
        slowest = slowest.max(started.elapsed());
    }
    let bytes = profile.to_bytes().expect("bytes");
    println!("{} events, {densest:?} in two weeks: slowest batch {slowest:?}, {refolds} refolds, {} bytes", events.len(), bytes.len());
    assert_eq!(bytes, whole.to_bytes().expect("bytes"), "the same, byte for byte");
    assert!(bytes.len() < HEAVIEST_BYTES, "{} bytes", bytes.len());
}
