//! Which history holds of what was told, in any order.

use super::*;
use rapport_core::{
    event::{Authority, Consent, OrderLine, Refund, Traffic, Who},
    id::{DeviceId, EventId, OrderId},
};

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
