//! Which history holds of what was told, in any order.

use super::*;
use crate::{outlook::known_at, popularity, purchases, together};
use proptest::prelude::*;
use rapport_core::{
    event::{Authority, Consent, OrderLine, Product, Refund, Traffic, Who},
    id::{CustomerId, DeviceId, EventId, ItemId, OrderId},
    prediction::Purchases,
    profile::refold,
    time::DAY_MS,
};
use std::collections::BTreeMap;

fn event(id: &str, device: &str, action: Action) -> Event {
    Event {
        id: EventId::new(id).expect("an id"),
        at: Timestamp(1_000),
        authority: Authority::Browser,
        source: "test".into(),
        who: Who { device: DeviceId::new(device).ok(), ..Who::default() },
        traffic: Traffic::Human,
        action,
    }
}

fn exposure(answer: &str, item: &str, position: u16, propensity_ppm: u32) -> Exposure {
    Exposure { recommendation: answer.into(), item: ItemId::new(item).expect("an id"), position, propensity_ppm }
}

#[test]
fn numbers_do_not_depend_on_who_was_read_first() {
    let viewed = |id: &str, device: &str, item: &str| {
        event(id, device, Action::Viewed(Product { title: Some(item.into()), ..Product::bare(ItemId::new(item).expect("an id")) }))
    };
    let events = [viewed("1", "b", "tea"), viewed("2", "a", "cup"), viewed("3", "c", "tea"), viewed("4", "a", "pot")];
    let history = |events: &mut dyn Iterator<Item = &Event>| {
        let mut corpus = Corpus::default();
        events.for_each(|event| corpus.add(event));
        corpus.history(ConsentMode::OptOut)
    };
    let (read, backwards) = (history(&mut events.iter()), history(&mut events.iter().rev()));
    assert_eq!((read.looks, read.items), (backwards.looks, backwards.items));
}

#[test]
fn a_refund_holds_as_its_order_was_last_told() {
    let tea = || Some(Product::bare(ItemId::new("tea").expect("an id")));
    let by = |id: &str, action: Action| Event { authority: Authority::Webhook, ..event(id, "a", action) };
    let ordered = |version: i64, cancelled: bool| {
        let (order, version, currency) = (OrderId::new("1").expect("an id"), Timestamp(version), Currency::EUR);
        let product = tea().filter(|_| !cancelled);
        Action::Ordered(OrderLine { order, version, product, quantity: 5, paid_minor: 500, discount_minor: 0, currency, cancelled })
    };
    let refunded = |version: i64, cancelled: bool| {
        let (reference, version, currency) = (OrderId::new("r").ok(), Timestamp(version), Currency::EUR);
        let product = tea().filter(|_| !cancelled);
        Action::Refunded(Refund { order: None, reference, product, quantity: 2, amount_minor: 200, currency, version, cancelled })
    };
    let told = [
        by("1", ordered(1, false)),
        by("2", refunded(0, false)),
        by("3", refunded(1, false)),
        by("4", ordered(2, true)),
        by("5", refunded(2, true)),
        by("6", ordered(3, false)),
        by("7", refunded(3, false)),
    ];
    let pieces = |told: &[Event]| {
        let mut corpus = Corpus::default();
        told.iter().rev().for_each(|event| corpus.add(event));
        corpus.history(ConsentMode::OptOut).buys.iter().map(|buy| buy.quantity).sum::<u32>()
    };
    let other = [by(
        "8",
        Action::Ordered(match ordered(1, false) {
            Action::Ordered(line) => OrderLine { order: OrderId::new("2").expect("an id"), ..line },
            _ => unreachable!("an order"),
        }),
    )];
    let after = |count: usize| pieces(&[&other[..], &told[..count]].concat());
    assert_eq!([1, 2, 3, 4, 5, 7].map(after), [10, 8, 8, 3, 5, 8], "told twice it is one refund; void with its order; back with it");
}

/// A machine that calls itself a browser, beside people, in any order of reading.
#[test]
fn machines_teach_nothing_whatever_they_call_themselves() {
    let looked = |device: &str, number: i64, pause_ms: i64| Event {
        at: Timestamp(1_700_000_000_000 + number * pause_ms),
        ..event(
            &format!("{device}-{number}"),
            device,
            Action::Viewed(Product::bare(ItemId::new(&format!("i{}", number % 7)).expect("an id"))),
        )
    };
    let machine = (0..200).map(|number| looked("machine", number, 400));
    let person = (0..200).map(|number| looked("person", number * number, 1_000 + number % 3));
    let buyer = (0..200).map(|number| looked("buyer", number, 400));
    let line = OrderLine {
        order: OrderId::new("1").expect("an id"),
        version: Timestamp(1),
        product: Some(Product::bare(ItemId::new("i1").expect("an id"))),
        quantity: 1,
        paid_minor: 100,
        discount_minor: 0,
        currency: Currency::EUR,
        cancelled: false,
    };
    let bought = Event { authority: Authority::Backend, ..event("order", "buyer", Action::Ordered(line)) };
    let shown = event("shown", "machine", Action::Shown(exposure("r1", "i1", 4, 100_000)));
    let events: Vec<Event> = machine.chain(person).chain(buyer).chain([bought, shown]).collect();
    let history = |events: &mut dyn Iterator<Item = &Event>| {
        let mut corpus = Corpus::default();
        events.for_each(|event| corpus.add(event));
        corpus.history(ConsentMode::OptOut)
    };
    for history in [history(&mut events.iter()), history(&mut events.iter().rev())] {
        assert_eq!((history.robots, history.looks.len(), history.buys.len(), history.draws.len()), (1, 400, 1, 0));
    }
}

/// A file knows SKUs, webhooks know products: one item, whichever was read first, and a refund of the one takes back a purchase of the other.
#[test]
fn a_sku_and_its_product_are_one_item() {
    let line = |id: &str, at: i64, order: &str, product: Product| {
        let order = OrderLine {
            order: OrderId::new(order).expect("an id"),
            version: Timestamp(1),
            product: Some(product),
            quantity: 2,
            paid_minor: 100,
            discount_minor: 0,
            currency: Currency::EUR,
            cancelled: false,
        };
        Event { at: Timestamp(at), authority: Authority::Webhook, ..event(id, "a", Action::Ordered(order)) }
    };
    let named = |item: &str, sku: Option<&str>, title: &str| Product {
        sku: sku.map(Into::into),
        title: Some(title.into()),
        ..Product::bare(ItemId::new(item).expect("an id"))
    };
    let back = Refund {
        order: OrderId::new("1").ok(),
        reference: None,
        product: Some(named("5", Some("pan-1"), "Pan")),
        quantity: 1,
        amount_minor: 50,
        currency: Currency::EUR,
        version: Timestamp(1),
        cancelled: false,
    };
    let events = [
        line("1", 10, "1", named("PAN-1", None, "Old pan")),
        line("2", 20, "2", named("5", Some("pan-1"), "Pan")),
        Event { at: Timestamp(15), authority: Authority::Webhook, ..event("3", "a", Action::Refunded(back)) },
        line("4", 30, "3", named("6", Some("5"), "Lid")),
        Event { at: Timestamp(40), ..event("5", "b", Action::Viewed(named("7", Some("6"), "A claim"))) },
    ];
    let catalog = |id: &str, title: &str| Item { title: Some(title.into()), ..Item::bare(ItemId::new(id).expect("an id")) };
    let told = |events: &mut dyn Iterator<Item = &Event>, catalog: Vec<Item>| {
        let mut corpus = Corpus::default();
        events.for_each(|event| corpus.add(event));
        let history = corpus.with_skus_of(&catalog).history(ConsentMode::OptOut).with_catalog(catalog);
        let items: Vec<_> = history.items.iter().map(|item| (item.id.to_string(), item.title.clone().unwrap_or_default())).collect();
        let buys: Vec<_> = history.buys.iter().map(|buy| (items[buy.item as usize].0.clone(), buy.quantity)).collect();
        (items, buys, history.skus)
    };
    for order in [&mut events.iter() as &mut dyn Iterator<Item = &Event>, &mut events.iter().rev()] {
        let (items, buys, skus) = told(order, vec![catalog("PAN-1", "As the file has it"), catalog("8", "New")]);
        let expected = [("5", "As the file has it"), ("6", "Lid"), ("7", "A claim"), ("8", "New")];
        assert_eq!(
            items,
            expected.map(|(id, title)| (id.to_owned(), title.to_owned())),
            "5 is a product, so nobody's SKU; 6 is claimed by a browser"
        );
        assert_eq!(buys, [("5".to_owned(), 1), ("5".to_owned(), 2), ("6".to_owned(), 2)]);
        let names: Vec<_> = skus.iter().map(|(sku, product)| (sku.as_str(), product.as_str())).collect();
        assert_eq!(names, [("PAN-1", "5"), ("pan-1", "5")]);
    }
    // The catalog alone may know, and what it says of the product itself goes before its SKU's row.
    let own = catalog("5", "Own").with_skus(["PAN-1".to_owned()].into_iter());
    let (items, buys, _) = told(&mut events[..1].iter(), vec![catalog("PAN-1", "A row"), own]);
    assert_eq!(items, [("5".to_owned(), "Own".to_owned())]);
    assert_eq!(buys, [("5".to_owned(), 2)]);
}

#[test]
fn what_chance_showed_counts_once_an_answer_and_item() {
    let shown = |id: &str, device: &str, exposure: Exposure| event(id, device, Action::Shown(exposure));
    let refusal = Consent { purpose: Purpose::Personalization, granted: false, basis: "consent".into() };
    let events = [
        shown("1", "device-a", exposure("r1", "tea", 4, 100_000)),
        shown("1", "device-a", exposure("r1", "tea", 4, 100_000)),
        shown("2", "device-a", exposure("r1", "tea", 4, 100_000)),
        event("3", "device-a", Action::Clicked(exposure("r1", "tea", 4, 100_000))),
        shown("4", "device-a", exposure("r1", "cup", 0, 1_000_000)),
        event("9", "device-a", Action::Clicked(exposure("r5", "tea", 4, 100_000))),
        shown("5", "device-a", exposure("r2", "tea", 4, 1)),
        Event { traffic: Traffic::Bot, ..shown("6", "device-b", exposure("r3", "tea", 4, 100_000)) },
        shown("7", "device-c", exposure("r4", "tea", 4, 100_000)),
        event("8", "device-c", Action::Consented(refusal)),
    ];
    let draws = |events: &mut dyn Iterator<Item = &Event>| {
        let mut corpus = Corpus::default();
        events.for_each(|event| corpus.add(event));
        corpus.history(ConsentMode::OptOut).draws
    };
    let forged = Draw { position: 4, propensity: PROPENSITY_FLOOR, clicked: false };
    assert_eq!(draws(&mut events.iter()), [forged, Draw { position: 4, propensity: 0.1, clicked: true }]);
    assert_eq!(draws(&mut events.iter().rev()), draws(&mut events.iter()));
}

/// What somebody's order, or its refund, says of one item.
struct Dealing<'a> {
    who: &'a str,
    group: &'a str,
    item: &'a str,
    quantity: u32,
    minor: i64,
    day: i64,
}

impl Dealing<'_> {
    fn told(&self, id: &str, action: Action) -> Event {
        let who = Who { customer: CustomerId::new(self.who).ok(), ..Who::default() };
        Event { authority: Authority::Webhook, at: Timestamp(self.day * DAY_MS), who, ..event(id, "a", action) }
    }

    fn product(&self) -> Option<Product> {
        ItemId::new(self.item).ok().map(Product::bare)
    }

    fn ordered(&self) -> Event {
        let line = OrderLine {
            order: OrderId::new(self.group).expect("an id"),
            version: Timestamp(1),
            product: self.product(),
            quantity: self.quantity,
            paid_minor: self.minor,
            discount_minor: 0,
            currency: Currency::EUR,
            cancelled: false,
        };
        self.told(&format!("o{}{}", self.group, self.item), Action::Ordered(line))
    }

    fn refunded(&self) -> Event {
        let refund = Refund {
            order: None,
            reference: OrderId::new(&format!("r{}", self.group)).ok(),
            product: self.product(),
            quantity: self.quantity,
            amount_minor: self.minor,
            currency: Currency::EUR,
            version: Timestamp(1),
            cancelled: false,
        };
        self.told(&format!("r{}{}", self.group, self.item), Action::Refunded(refund))
    }
}

fn history<'a>(events: impl IntoIterator<Item = &'a Event>) -> History {
    let mut corpus = Corpus::default();
    events.into_iter().for_each(|event| corpus.add(event));
    corpus.history(ConsentMode::OptOut)
}

#[test]
fn what_came_back_was_not_bought() {
    let dealing = |who, group, item, day| Dealing { who, group, item, quantity: 2, minor: 500, day };
    let pairs = [("ada", "1", 1), ("bob", "2", 2)]
        .map(|(who, order, day)| [dealing(who, order, "cup", day), dealing(who, order, "tea", day)].map(|dealing| dealing.ordered()));
    let bought = pairs.concat();
    let learned = |events: &[Event]| {
        let history = history(events);
        let popularity = popularity::fit(&history, Timestamp(3 * DAY_MS), &popularity::DEFAULT);
        let pairs = together::fit(&history, &[], &together::DEFAULT).0.concat().len();
        let after = purchases::fit(&history, &purchases::DEFAULT).rows.concat().len();
        (history.buys.len(), popularity[0].0, pairs, after, history.spent.iter().map(|spent| (spent.day, spent.minor)).collect::<Vec<_>>())
    };
    assert_eq!(learned(&bought), (4, 2.0, 2, 2, vec![(1, 1_000), (2, 1_000)]));
    // The cup is the first item. One piece of two leaves the purchase; both take it, and of a pair one customer is left.
    let cup = dealing("bob", "2", "cup", 5);
    let one = [Dealing { quantity: 1, minor: 250, ..cup }.refunded()];
    assert_eq!(learned(&[&bought[..], &one].concat()), (4, 2.0, 2, 2, vec![(1, 1_000), (2, 750)]));
    let both = [dealing("bob", "2", "cup", 5).refunded()];
    assert_eq!(learned(&[&bought[..], &both].concat()), (3, 1.0, 0, 0, vec![(1, 1_000), (2, 500)]));
    let all = [both[0].clone(), dealing("bob", "2", "tea", 5).refunded()];
    assert_eq!(learned(&[&bought[..], &all].concat()), (2, 1.0, 0, 0, vec![(1, 1_000)]), "who sent everything back bought nothing");
}

#[test]
fn money_comes_back_in_its_own_currency_and_from_the_newest_earlier_days() {
    let spent = |person: u32, day: i64, minor: i64, currency: Currency| Spent { person, day, minor, currency };
    let (euro, pound) = (Currency::EUR, "GBP".parse().expect("a currency"));
    let paid = [
        spent(1, 1, 100, euro),
        spent(2, 1, 100, euro),
        spent(2, 2, 70, pound),
        spent(2, 3, 50, euro),
        spent(2, 9, 90, euro),
        spent(3, 1, 0, euro),
    ];
    let left = |refunds: &[Spent]| {
        let mut left = paid.to_vec();
        refunds::pay_back(&mut left, refunds);
        left.into_iter().map(|spent| spent.minor).collect::<Vec<i64>>()
    };
    assert_eq!(left(&[]), [100, 100, 70, 50, 90, 0], "an order of nothing is an order");
    assert_eq!(left(&[spent(2, 8, 60, euro)]), [100, 90, 70, 0, 90, 0]);
    assert_eq!(left(&[spent(2, 8, 900, euro)]), [100, 0, 70, 0, 90, 0], "what was never paid cannot come back");
    assert_eq!(left(&[spent(2, 9, 240, euro), spent(2, 9, 70, pound)]), [100, 0], "nothing is left of the second");
}

proptest! {
    /// Each order's refund is of its money at most, and comes any time after it.
    #[test]
    fn training_knows_of_a_customer_what_lookups_know(
        dealings in prop::collection::vec((0i64..200, 0i64..900, prop::option::of((0i64..60, 0i64..=4))), 1..12),
    ) {
        let mut events = Vec::new();
        for (number, (day, minor, refund)) in dealings.iter().enumerate() {
            let group = number.to_string();
            let order = Dealing { who: "ada", group: &group, item: "tea", quantity: 1, minor: *minor, day: *day };
            events.push(order.ordered());
            if let Some((later, quarters)) = refund {
                events.push(Dealing { day: day + later, minor: minor * quarters / 4, ..order }.refunded());
            }
        }
        let mut days: BTreeMap<i64, f64> = BTreeMap::new();
        for spent in history(&events).spent {
            *days.entry(spent.day).or_default() += spent.minor as f64;
        }
        let trained = known_at(&Vec::from_iter(days), 300);
        let subject = Subject::Customer(CustomerId::new("ada").expect("an id"));
        let served = Purchases::of(&refold(subject, &events), Currency::EUR, Timestamp(300 * DAY_MS));
        prop_assert_eq!(trained, served);
    }
}
