use super::*;
use proptest::prelude::*;
use rapport_core::{
    event::{Action, Authority, Consent, EmailAct, Exposure, OrderLine, Product, Purpose, Refund, Traffic, Who},
    id::{ContactHash, CustomerId, DeviceId, EventId, ItemId, OrderId},
    money::Currency,
    time::Timestamp,
};

fn text() -> impl Strategy<Value = String> {
    "[a-zA-ZäöüßЖ☕][ -~äöü]{0,11}[a-zA-Z0-9]".prop_map(|text| text)
}

fn product() -> impl Strategy<Value = Product> {
    let item = text().prop_map(|text| ItemId::new(&text).expect("an id"));
    let told = (prop::option::of(text()), prop::option::of(text()), prop::option::of(text()));
    (item, told, prop::option::of(any::<i64>()), any::<bool>()).prop_map(|(item, (title, category, brand), price_minor, priced)| Product {
        item,
        title: title.map(Into::into),
        category: category.map(Into::into),
        brand: brand.map(Into::into),
        price_minor,
        currency: priced.then_some(Currency::GBP),
    })
}

fn order_id() -> impl Strategy<Value = OrderId> {
    text().prop_map(|text| OrderId::new(&text).expect("an id"))
}

fn action() -> impl Strategy<Value = Action> {
    let line = (order_id(), any::<i64>(), prop::option::of(product()), any::<u32>(), any::<i64>(), any::<i64>(), any::<bool>());
    let refund = (prop::option::of(order_id()), prop::option::of(order_id()), prop::option::of(product()), any::<u32>(), any::<i64>());
    prop_oneof![
        product().prop_map(Action::Viewed),
        product().prop_map(Action::Wishlisted),
        (product(), any::<u32>()).prop_map(|(product, quantity)| Action::CartAdded { product, quantity }),
        (product(), any::<u32>()).prop_map(|(product, quantity)| Action::CartRemoved { product, quantity }),
        (product(), prop::option::of(1u8..6)).prop_map(|(product, stars)| Action::Reviewed { product, stars }),
        line.prop_map(|(order, version, product, quantity, paid_minor, discount_minor, cancelled)| Action::Ordered(OrderLine {
            order,
            version: Timestamp(version),
            product,
            quantity,
            paid_minor,
            discount_minor,
            currency: Currency::EUR,
            cancelled,
        })),
        refund.prop_map(|(order, reference, product, quantity, amount_minor)| Action::Refunded(Refund {
            order,
            reference,
            product,
            quantity,
            amount_minor,
            currency: Currency::USD,
        })),
        prop::option::of(text()).prop_map(|category| Action::Listed { category: category.map(Into::into) }),
        text().prop_map(|query| Action::Searched { query: query.into() }),
        (text(), text()).prop_map(|(name, value)| Action::Identified { traits: vec![(name.into(), value.into())] }),
        text().prop_map(|name| Action::Custom { name: name.into() }),
        (text(), product(), any::<u16>(), any::<u32>()).prop_map(|(rec, product, position, propensity_ppm)| Action::Shown(Exposure {
            recommendation: rec.into(),
            item: product.item,
            position,
            propensity_ppm,
        })),
        any::<bool>().prop_map(|granted| Action::Consented(Consent { purpose: Purpose::Marketing, granted, basis: "consent".into() })),
        Just(Action::Email(EmailAct::Unsubscribed)),
        Just(Action::CheckoutStarted),
        Just(Action::Erased),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let authority = prop::sample::select(vec![Authority::Browser, Authority::Import, Authority::Backend, Authority::Webhook]);
    let traffic = prop::sample::select(vec![Traffic::Human, Traffic::Bot, Traffic::Internal]);
    let who = (prop::option::of("[a-c]"), prop::option::of("[a-c]"), prop::option::of("[a-c]")).prop_map(|(customer, device, email)| Who {
        customer: customer.map(|text| CustomerId::new(&text).expect("an id")),
        device: device.map(|text| DeviceId::new(&text).expect("an id")),
        email: email.map(|text| ContactHash::new(&text).expect("an id")),
    });
    ("[a-f]{2}", 0i64..4, authority, text(), who, traffic, action()).prop_map(|(id, at, authority, source, who, traffic, action)| Event {
        id: EventId::new(&id).expect("an id"),
        at: Timestamp(at),
        authority,
        source: source.into(),
        who,
        traffic,
        action,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_archived_comes_back(events in prop::collection::vec(event(), 0..20)) {
        let file = encode(&events).expect("writes");
        prop_assert_eq!(decode(file.into()).expect("reads"), events);
    }

    #[test]
    fn order_and_copies_do_not_matter(events in prop::collection::vec(event(), 0..20), turn in 0usize..20) {
        let mut again = events.clone();
        again.extend(events.iter().take(5).cloned());
        let turn = turn.min(again.len());
        again.rotate_left(turn);
        prop_assert_eq!(compact(events).expect("writes"), compact(again).expect("writes"));
    }

    #[test]
    fn a_damaged_file_is_an_error_or_harmless(events in prop::collection::vec(event(), 1..5), cut in any::<prop::sample::Index>()) {
        let file = encode(&events).expect("writes");
        let cut = cut.index(file.len());
        prop_assert!(decode(file[..cut].to_vec().into()).is_err());
    }
}

#[test]
fn one_subject_stands_together_in_time_order() {
    let at = |id: &str, customer: &str, at: i64| Event {
        id: EventId::new(id).expect("an id"),
        at: Timestamp(at),
        authority: Authority::Import,
        source: "import:test".into(),
        who: Who { customer: CustomerId::new(customer).ok(), ..Who::default() },
        traffic: Traffic::Human,
        action: Action::CheckoutStarted,
    };
    let settled = settle(vec![at("1", "b", 1), at("2", "a", 2), at("3", "b", 0), at("2", "a", 1), at("4", "a", 3)]);
    let seen: Vec<(&str, i64)> = settled.iter().map(|event| (event.id.as_str(), event.at.0)).collect();
    assert_eq!(seen, [("2", 1), ("4", 3), ("3", 0), ("1", 1)], "of copies the earliest stays");
}
