//! Customers to measure with.

use rapport_core::{
    auth::personal,
    event::{Action, Authority, Event, OrderLine, Product, Traffic, Who},
    id::{CustomerId, EventId, ItemId, OrderId},
    money::Currency,
    profile::{Profile, Subject, refold},
    time::{DAY_MS, MINUTE_MS, Timestamp},
};

/// When they are asked about.
pub const NOW: Timestamp = Timestamp(1_795_348_800_000);
/// How many items their shop sells.
pub const ITEMS: usize = 20_000;
/// How many there are, to be asked about in turn: none finds the last one's neighbours in the processor's cache.
pub const CUSTOMERS: usize = 64;

fn customer(number: usize) -> CustomerId {
    personal::customer("salt", &format!("customer-{number}")).expect("an id")
}

/// Two years of a good customer: ten orders of five items, and a full window of 200 looks in the last fortnight.
pub fn profile(number: usize) -> Profile {
    let place = |step: usize| (number * 301 + step * step * 7) % ITEMS;
    let event = |step: usize, at: Timestamp, action: Action| Event {
        id: EventId::new(&format!("{number}-{step}")).expect("an id"),
        at,
        authority: Authority::Backend,
        source: "bench".into(),
        who: Who { customer: Some(customer(number)), ..Who::default() },
        traffic: Traffic::Human,
        action,
    };
    let bought = (0..50).map(|step| {
        let at = NOW.plus_ms(-DAY_MS * (700 - 60 * (step as i64 / 5)));
        let line = OrderLine {
            order: OrderId::new(&format!("{number}-{}", step / 5)).expect("an id"),
            version: at,
            product: Some(Product::bare(item(place(step)))),
            quantity: 1,
            paid_minor: 900,
            discount_minor: 0,
            currency: Currency::EUR,
            cancelled: false,
        };
        event(step, at, Action::Ordered(line))
    });
    let looked = (0..200).map(|step| {
        let at = NOW.plus_ms(-MINUTE_MS * (1 + 90 * step as i64));
        event(1_000 + step, at, Action::Viewed(Product::bare(item(place(step)))))
    });
    let events: Vec<Event> = bought.chain(looked).collect();
    refold(Subject::Customer(customer(number)), &events)
}

/// As the large shop names them.
fn item(place: usize) -> ItemId {
    ItemId::new(&format!("item-{place:05}")).expect("an id")
}
