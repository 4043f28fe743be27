//! The fold law, on histories made to break it: shuffled, repeated, torn into batches, with updates, refunds, conflicts, erasures.

use super::*;
use crate::{
    event::{Action, Authority, Consent, Event, OrderLine, Product, Refund, Traffic, Who},
    id::{CustomerId, DeviceId, EventId, ItemId, OrderId},
    money::Currency,
};
use proptest::prelude::*;

fn subject() -> Subject {
    Subject::Customer(CustomerId::new("ada").expect("an id"))
}

fn event(id: u32, at: i64, authority: Authority, action: Action) -> Event {
    let who = Who { customer: CustomerId::new("ada").ok(), device: DeviceId::new("d1").ok(), email: None };
    Event {
        id: EventId::new(&format!("e{id}")).expect("an id"),
        at: Timestamp(at),
        authority,
        source: "test".into(),
        who,
        traffic: Traffic::Human,
        action,
    }
}

fn product(item: u8) -> Product {
    Product::bare(ItemId::new(&format!("i{item}")).expect("an id"))
}

fn line(order: u8, version: i64, item: u8, paid_minor: i64, cancelled: bool) -> Action {
    Action::Ordered(OrderLine {
        order: OrderId::new(&format!("o{order}")).expect("an id"),
        version: Timestamp(version),
        product: Some(product(item)),
        quantity: 1,
        paid_minor,
        discount_minor: 0,
        currency: Currency::EUR,
        cancelled,
    })
}

fn authority() -> impl Strategy<Value = Authority> {
    prop_oneof![Just(Authority::Browser), Just(Authority::Import), Just(Authority::Backend), Just(Authority::Webhook)]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (0u8..30).prop_map(|item| Action::Viewed(product(item))),
        4 => (0u8..12, 0i64..3, 0u8..30, 1i64..500, proptest::bool::weighted(0.1)).prop_map(|(order, version, item, paid, cancelled)| line(order, version, item, paid, cancelled)),
        1 => (0u8..12, 0u8..30, 1i64..500).prop_map(|(reference, item, amount_minor)| Action::Refunded(Refund {
            order: None,
            reference: OrderId::new(&format!("r{reference}")).ok(),
            product: Some(product(item)),
            quantity: 1,
            amount_minor,
            currency: Currency::EUR,
        })),
        1 => (0u8..4).prop_map(|value| Action::Identified { traits: vec![("country".into(), format!("{value}").into())] }),
        1 => any::<bool>().prop_map(|granted| Action::Consented(Consent { purpose: crate::event::Purpose::Personalization, granted, basis: "consent".into() })),
        1 => proptest::bool::weighted(0.1).prop_map(|erased| if erased { Action::Erased } else { Action::CheckoutStarted }),
    ]
}

/// Up to 60 days of events; ids repeat now and then, with other content.
fn history() -> impl Strategy<Value = Vec<Event>> {
    let one = || {
        (0u32..400, 0i64..60 * 24, authority(), action())
            .prop_map(|(id, hour, authority, action)| event(id, hour * 3_600_000, authority, action))
    };
    prop_oneof![proptest::collection::vec(one(), 0..40), proptest::collection::vec(one(), 200..320)]
}

/// What a live system does: folds batches as they come, and refolds from everything delivered so far where it must.
fn live(deliveries: &[Event], batch: usize) -> (Profile, usize) {
    let mut profile = Profile::new(subject());
    let mut refolds = 0;
    for (start, events) in deliveries.chunks(batch).enumerate() {
        if profile.fold(events).is_err() {
            refolds += 1;
            profile = refold(subject(), &deliveries[..start * batch + events.len()]);
        }
    }
    (profile, refolds)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_was_bought_is_what_the_sums_say(history in history()) {
        let profile = refold(subject(), &history);
        let whole = profile.whole();
        prop_assert!(whole.items.len() < ITEMS_KEPT, "so that nothing is forgotten");
        let sums = whole.items.iter().filter(|totals| totals.purchases > 0);
        let sums: Vec<Bought<'_>> =
            sums.map(|totals| Bought { item: &totals.item, times: totals.purchases, last_at: totals.last_at }).collect();
        prop_assert_eq!(profile.bought(), sums);
        let orders = |totals: &Totals| {
            let Totals { orders, order_days, first_order, last_order, refunds, revenue_minor, discount_minor, .. } = totals.clone();
            (orders, order_days, first_order, last_order, refunds, revenue_minor, discount_minor)
        };
        prop_assert_eq!(orders(&profile.ordered()), orders(&whole));
    }

    #[test]
    fn any_order_any_duplicates_any_batches_give_the_same_bytes(
        history in history(),
        seed in any::<u64>(),
        batch in 1usize..40,
    ) {
        let mut deliveries: Vec<Event> = history.iter().chain(history.iter().step_by(3)).cloned().collect();
        // Time order is what a shop mostly sends; some seeds deliver so, the others shuffled.
        deliveries.sort_by_key(|event| if seed % 3 == 0 { event.at.0 as u64 } else { crate::digest::short_hash(format!("{seed}{event:?}").as_bytes()) });
        let expected = refold(subject(), &history);
        let (profile, _) = live(&deliveries, batch);
        prop_assert_eq!(profile.to_bytes().ok(), expected.to_bytes().ok());
    }

    #[test]
    fn an_alias_is_absorbed_as_if_the_log_were_read(
        own in history(),
        theirs in proptest::collection::vec((0u32..400, 0i64..60 * 24, authority(), action()), 0..30),
        hours in 24i64..60 * 24,
        batch in 1usize..40,
    ) {
        let device = Subject::Device(DeviceId::new("d1").expect("an id"));
        let theirs: Vec<Event> = theirs
            .into_iter()
            .map(|(id, hour, authority, action)| {
                let told = event(id, (60 * 24 - hour % hours) * 3_600_000, authority, action);
                Event { who: device.who(), ..told }
            })
            .collect();
        let (mut profile, _) = live(&own, batch);
        let alias = refold(device, &theirs);
        let before = profile.clone();
        let union: Vec<Event> = own.into_iter().chain(theirs).collect();
        let expected = refold(subject(), &union);
        match profile.absorb(&alias) {
            Ok(changed) => {
                prop_assert_eq!(changed, profile != before);
                prop_assert_eq!(profile.to_bytes().ok(), expected.to_bytes().ok());
                prop_assert_eq!(profile.absorb(&alias), Ok(false), "and once is enough");
            }
            Err(_) => prop_assert_eq!(profile, before, "untouched"),
        }
    }

    #[test]
    fn bytes_survive_a_round_trip(history in history()) {
        let profile = refold(subject(), &history);
        let read = profile.to_bytes().ok().and_then(|bytes| Profile::from_bytes(&bytes).ok());
        prop_assert_eq!(read, Some(profile));
    }

    #[test]
    fn damaged_bytes_are_an_error_or_a_profile_but_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Profile::from_bytes(&bytes);
    }
}

#[test]
fn in_time_order_nothing_needs_a_refold() {
    let history: Vec<Event> =
        (0..1000).map(|n| event(n, i64::from(n) * 3_600_000, Authority::Backend, Action::Viewed(product((n % 30) as u8)))).collect();
    let (profile, refolds) = live(&history, 7);
    assert_eq!((profile.whole().events, refolds), (1000, 0));
}

#[test]
fn an_order_told_by_webhook_pixel_and_file_is_one_order() {
    let told = [
        event(1, 1000, Authority::Browser, line(1, 5000, 1, 999_999, false)),
        event(2, 900, Authority::Import, line(1, 0, 1, 700, false)),
        event(3, 900, Authority::Webhook, line(1, 900, 1, 700, false)),
        event(4, 900, Authority::Webhook, line(1, 1200, 1, 650, false)),
    ];
    let totals = refold(subject(), &told).whole();
    assert_eq!((totals.orders, totals.revenue_minor), (1, vec![(Currency::EUR, 650)]));
}

#[test]
fn a_browsers_order_is_a_claim_and_earns_nothing() {
    let totals = refold(subject(), &[event(1, 1000, Authority::Browser, line(1, 0, 1, 700, false))]).whole();
    assert_eq!((totals.events, totals.orders, totals.revenue_minor), (1, 0, vec![]));
}

#[test]
fn a_cancelled_order_is_none() {
    let told =
        [event(1, 900, Authority::Webhook, line(1, 900, 1, 700, false)), event(2, 900, Authority::Webhook, line(1, 1200, 1, 700, true))];
    assert_eq!(refold(subject(), &told).whole().orders, 0);
}

#[test]
fn an_order_larger_than_the_window_is_counted_once_with_all_its_lines() {
    let mut told: Vec<Event> = (0..1114).map(|n| event(n, 1000, Authority::Import, line(1, 0, (n % 250) as u8, 10, false))).collect();
    told.push(event(5000, 2000, Authority::Import, line(2, 0, 1, 5, false)));
    let totals = refold(subject(), &told).whole();
    assert_eq!((totals.events, totals.orders, totals.revenue_minor), (1115, 2, vec![(Currency::EUR, 11_145)]));
}

#[test]
fn what_was_erased_stays_erased_and_what_follows_starts_anew() {
    let told = [
        event(1, 1000, Authority::Webhook, line(1, 0, 1, 700, false)),
        event(2, 2000, Authority::Backend, Action::Erased),
        event(3, 3000, Authority::Webhook, line(2, 0, 1, 300, false)),
    ];
    let profile = refold(subject(), &told);
    assert_eq!((profile.whole().orders, profile.first_seen, profile.erased_at), (1, Timestamp(3000), Some(Timestamp(2000))));
    let mut again = profile.clone();
    assert_eq!(again.fold(&told[..1]), Ok(false), "a replayed old event stays out");
    assert_eq!(again, profile);
}

/// What a device did, as its profile tells it: looks at items at these times, and then `last`.
fn device(times: &[i64], last: Option<(i64, Authority, Action)>) -> Profile {
    let device = Subject::Device(DeviceId::new("d1").expect("an id"));
    let looks = times.iter().map(|at| (*at, Authority::Browser, Action::Viewed(product(1))));
    let told: Vec<Event> = looks
        .chain(last)
        .enumerate()
        .map(|(n, (at, authority, action))| Event { who: device.who(), ..event(1000 + n as u32, at, authority, action) })
        .collect();
    refold(device, &told)
}

#[test]
fn only_what_an_alias_no_longer_tells_needs_the_log() {
    const DAY: i64 = crate::time::DAY_MS;
    let consent = |granted| Action::Consented(Consent { purpose: crate::event::Purpose::Marketing, granted, basis: "consent".into() });
    let customer = || refold(subject(), &[event(1, 20 * DAY, Authority::Webhook, line(1, 0, 1, 700, false))]);
    for (alias, expected) in [
        (device(&[], None), Ok(false)),
        (device(&[18 * DAY, 19 * DAY], None), Ok(true)),
        (device(&[19 * DAY], Some((19 * DAY, Authority::Browser, consent(false)))), Ok(true)),
        (device(&[19 * DAY], Some((19 * DAY, Authority::Browser, consent(true)))), Err(NeedsRefold::Closed)),
        (device(&[19 * DAY], Some((20 * DAY, Authority::Backend, Action::Erased))), Err(NeedsRefold::Closed)),
        (device(&[DAY, 19 * DAY], None), Err(NeedsRefold::Closed)),
        (device(&[5 * DAY], None), Err(NeedsRefold::BelowHorizon)),
        (customer(), Err(NeedsRefold::Closed)),
    ] {
        let mut profile = customer();
        assert_eq!(profile.absorb(&alias), expected, "{alias:?}");
        assert_eq!(profile == customer(), expected != Ok(true));
    }
}

#[test]
fn robots_leave_no_mark() {
    let mut robot = event(1, 1000, Authority::Browser, Action::Viewed(product(1)));
    robot.traffic = Traffic::Bot;
    assert!(refold(subject(), &[robot]).is_empty());
}
