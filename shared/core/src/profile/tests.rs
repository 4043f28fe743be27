//! The fold law, on histories made to break it: shuffled, repeated, torn into batches, with updates, refunds, conflicts, erasures.

use super::*;
use crate::{
    event::{Action, Authority, Consent, EmailAct, Event, OrderLine, Product, Refund, Traffic, Who},
    id::{CustomerId, DeviceId, EventId, ItemId, OrderId},
    money::Currency,
};
use proptest::prelude::*;

fn subject() -> Subject {
    Subject::Customer(CustomerId::new("ada").expect("an id"))
}

fn event(id: u32, at: i64, authority: Authority, action: Action) -> Event {
    let who = Who { customer: CustomerId::new("ada").ok(), device: DeviceId::new("d1").ok(), ..Who::default() };
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

/// The same event, come through another door.
fn from(source: &str, event: Event) -> Event {
    Event { source: source.into(), ..event }
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
        discount_minor: (paid_minor % 3 - 1).max(0) * 50,
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
        1 => (0u8..12, 0i64..3, 0u8..30, 1i64..500, proptest::bool::weighted(0.2)).prop_map(|(reference, version, item, amount_minor, cancelled)| Action::Refunded(Refund {
            order: None,
            reference: OrderId::new(&format!("r{reference}")).ok(),
            product: Some(product(item)),
            quantity: 1,
            amount_minor,
            currency: Currency::EUR,
            version: Timestamp(version),
            cancelled,
        })),
        1 => (0u8..4).prop_map(|value| Action::Identified { traits: vec![("country".into(), format!("{value}").into())] }),
        1 => any::<bool>().prop_map(|granted| Action::Consented(Consent { purpose: crate::event::Purpose::Personalization, granted, basis: "consent".into() })),
        2 => (0usize..4).prop_map(|page| Action::Page { name: ["/sale", "/about/us", "/products/i1/reviews", "/"][page].into() }),
        1 => any::<bool>().prop_map(|applied| Action::Coupon { code: "TEN".into(), applied }),
        1 => prop_oneof![Just(EmailAct::Clicked), Just(EmailAct::Opened), Just(EmailAct::Delivered)].prop_map(Action::Email),
        1 => (0u8..30).prop_map(|question| Action::Surveyed { question: format!("Question {question}?").into(), answer: "yes".into() }),
        1 => proptest::bool::weighted(0.1).prop_map(|erased| if erased { Action::Erased } else { Action::CheckoutStarted }),
    ]
}

/// Up to 60 days of events; ids repeat now and then, with other content.
fn history() -> impl Strategy<Value = Vec<Event>> {
    let one = || {
        (0u32..400, 0i64..60 * 24, authority(), action(), 0usize..3).prop_map(|(id, hour, authority, action, source)| {
            from(["segment", "shopify", "import:lines"][source], event(id, hour * 3_600_000, authority, action))
        })
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
        let sums = whole.items.iter().filter(|totals| totals.purchases > 0 && totals.quantity > 0);
        let times = |totals: &ItemTotals| totals.purchases.min(totals.quantity as u32);
        let sums: Vec<Bought<'_>> =
            sums.map(|totals| Bought { item: &totals.item, times: times(totals), last_at: totals.last_at }).collect();
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
fn a_window_longer_than_any_is_refused() {
    let views = |n| event(n, i64::from(n) * 1000, Authority::Backend, Action::Viewed(product(1)));
    let mut profile = refold(subject(), &(0..OPEN_EVENTS as u32 + 50).map(views).collect::<Vec<_>>());
    assert_eq!(profile.open.len(), OPEN_EVENTS);
    assert!(Profile::from_bytes(&profile.to_bytes().unwrap()).is_ok());
    profile.open.push(profile.open[0].clone());
    assert!(Profile::from_bytes(&profile.to_bytes().unwrap()).is_err());
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
fn what_a_crowd_sealed_stays_sealed() {
    let look = |id: u32| event(id, 1_000 * i64::from(id), Authority::Browser, Action::Viewed(product(1)));
    let crowd: Vec<Event> = (10..=OPEN_EVENTS as u32 + 20).map(look).collect();
    let mut profile = refold(subject(), &crowd);
    let sealed = profile.clone();
    assert_eq!(profile.fold(&crowd[crowd.len() - 1..]), Ok(false), "a copy is nothing new");
    assert_eq!(profile, sealed);
    assert_eq!(profile.fold(&[look(1)]), Err(NeedsRefold::BelowHorizon), "though the window has room again");
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
    assert_eq!(again.fold(&told[..1]), Err(NeedsRefold::Erasure), "an old event told again is the log's to judge");
    assert_eq!(again, profile, "and leaves the profile as it was");
    assert_eq!(refold(subject(), &[&told[..], &told[..1]].concat()), profile, "where it stays out");
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
fn of_an_aliases_copies_another_counts_where_the_first_is_erased() {
    const HOUR: i64 = 3_600_000;
    let device = Subject::Device(DeviceId::new("d1").expect("an id"));
    let told = |id: u32, hour: i64, item: u8| event(id, hour * HOUR, Authority::Backend, Action::Viewed(product(item)));
    let own = [told(1, 20, 1), event(2, 15 * HOUR, Authority::Backend, Action::Erased)];
    // One id that two things were told under: alone, the device remembers the first.
    let theirs = [told(3, 10, 2), told(3, 18, 3)].map(|told| Event { who: device.who(), ..told });
    let mut profile = refold(subject(), &own);
    assert_eq!(profile.absorb(&refold(device, &theirs)), Err(NeedsRefold::Erasure));
    let union: Vec<Event> = own.into_iter().chain(theirs).collect();
    assert_eq!(refold(subject(), &union).history(10).recent.len(), 2, "the second is no copy of what was erased");
}

#[test]
fn robots_leave_no_mark() {
    let mut robot = event(1, 1000, Authority::Browser, Action::Viewed(product(1)));
    robot.traffic = Traffic::Bot;
    assert!(refold(subject(), &[robot]).is_empty());
}

#[test]
fn a_machine_is_known_by_its_pace_and_a_buyer_is_none() {
    let looks = |pause_ms: i64, count: u32| {
        (0..count).map(move |n| event(n, 1_000_000 + i64::from(n) * pause_ms, Authority::Browser, Action::Viewed(product((n % 7) as u8))))
    };
    let is_machine = |events: Vec<Event>| refold(subject(), &events).moves_as_a_machine();
    assert!(is_machine(looks(300, 400).collect()));
    assert!(!is_machine(looks(300, 100).collect()), "too few to say");
    assert!(!is_machine(looks(2_000, 400).collect()), "a person in a hurry");
    let order = event(9_999, 900_000, Authority::Webhook, line(1, 0, 1, 500, false));
    assert!(!is_machine(looks(300, 400).chain([order]).collect()), "machines buy nothing");
}

/// Forty days of one customer: half of them sealed, with a refund, a void order, a trait and consent. Fixtures were written from it.
fn fixture_history() -> Vec<Event> {
    let hour = |n: i64| n * 3_600_000;
    let mut told: Vec<Event> = (0..40)
        .map(|day| event(day, hour(i64::from(day) * 24 + 9), Authority::Backend, Action::Viewed(product((day % 7) as u8))))
        .collect();
    let order = |n: u32| line(n as u8, 0, (n % 7) as u8, 500 + i64::from(n), n == 3);
    told.extend((0..8u32).map(|n| event(100 + n, hour(i64::from(n) * 24 * 5 + 10), Authority::Webhook, order(n))));
    told.push(event(200, hour(24 * 11), Authority::Webhook, Action::Page { name: "/sale".into() }));
    told.push(event(201, hour(24 * 39), Authority::Webhook, Action::Page { name: "/about/us".into() }));
    told.push(event(202, hour(24 * 12), Authority::Webhook, Action::Coupon { code: "TEN".into(), applied: true }));
    told.push(event(203, hour(24 * 13), Authority::Webhook, Action::Email(EmailAct::Opened)));
    let refund = Refund {
        order: None,
        reference: OrderId::new("r1").ok(),
        product: Some(product(1)),
        quantity: 1,
        amount_minor: 501,
        currency: Currency::EUR,
        version: Timestamp(0),
        cancelled: false,
    };
    told.push(event(204, hour(24 * 20), Authority::Webhook, Action::Refunded(refund)));
    told.push(event(205, hour(24), Authority::Backend, Action::Identified { traits: vec![("country".into(), "DE".into())] }));
    let consent = Consent { purpose: crate::event::Purpose::Personalization, granted: true, basis: "consent".into() };
    told.push(event(206, hour(24 * 2), Authority::Backend, Action::Consented(consent)));
    told
}

#[test]
fn what_older_releases_wrote_is_read_and_taken_further_by_a_refold() {
    let now = refold(subject(), &fixture_history());
    for (schema, bytes) in [(1, &include_bytes!("fixtures/schema-1.bin")[..]), (2, include_bytes!("fixtures/schema-2.bin"))] {
        let mut old = Profile::from_bytes(bytes).unwrap_or_else(|error| panic!("schema {schema}: {error}"));
        let (told, anew) = (old.whole(), now.whole());
        assert_eq!((told.events, told.orders, told.refunds, old.traits.len()), (anew.events, anew.orders, anew.refunds, 1));
        assert_eq!(old.consent_for(crate::event::Purpose::Personalization), now.consent_for(crate::event::Purpose::Personalization));
        assert_eq!(old.fold(&fixture_history()), Err(NeedsRefold::Outdated), "what was sealed then was counted otherwise");
    }
}

#[test]
fn a_mail_that_was_delivered_is_nothing_that_somebody_did() {
    let hour = |n: i64| n * 3_600_000;
    let mail = |number: u32, at: i64, act: EmailAct| event(number, hour(at), Authority::Webhook, Action::Email(act));
    let all = [mail(1, 5, EmailAct::Delivered), mail(2, 1, EmailAct::Delivered), mail(3, 3, EmailAct::Opened)];
    let idle = refold(subject(), &all[..2]);
    assert_eq!((idle.first_seen, idle.last_seen, idle.newest_at()), (Timestamp(hour(1)), Timestamp(hour(1)), Timestamp(hour(5))));
    assert_eq!((idle.whole().acts(), idle.whole().events, idle.has_acted()), (0, 2, false));
    let acted = refold(subject(), &all);
    let whole = acted.whole();
    assert_eq!((acted.last_seen, acted.newest_at()), (Timestamp(hour(3)), Timestamp(hour(5))), "what they did counts");
    assert_eq!((whole.acts(), whole.habits.mails_delivered, whole.habits.mails_opened), (1, 2, 1));
    assert_eq!(whole.habits.channels.iter().sum::<u32>(), 1, "and shares of channels are of what they did");
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
        let mut profile = Profile::new(subject());
        for place in order {
            profile.fold(std::slice::from_ref(&all[place])).expect("all are open");
        }
        assert_eq!(profile, acted, "whatever comes first");
    }
}

#[test]
fn waits_between_days_with_orders_are_squared() {
    let at = |number: u32, days: i64| event(number, days * 86_400_000 + 1, Authority::Webhook, line(number as u8, 0, 1, 500, false));
    let whole = refold(subject(), &[at(1, 0), at(2, 0), at(3, 10), at(4, 30)]).whole();
    assert_eq!((whole.order_days, whole.habits.squared_gap_days), (3, 100 + 400), "two orders of a day are one");
}

#[test]
fn what_this_release_writes_stays_as_it_is() {
    let now = refold(subject(), &fixture_history());
    let written = now.to_bytes().expect("it is written");
    let fixture = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/src/profile/fixtures/schema-3.bin")).expect("a fixture");
    assert_eq!(written, fixture, "a new schema gets a new number and a new fixture");
    assert_eq!(Profile::from_bytes(&written).expect("schema 3"), now);
}

#[test]
fn habits_are_counted() {
    let minute = |n: i64| n * 60_000;
    let by = Authority::Webhook;
    let told = [
        from("segment", event(0, minute(0), by, Action::Page { name: "/sale".into() })),
        from("segment", event(1, minute(1), by, Action::Viewed(product(1)))),
        from("segment", event(2, minute(2), by, Action::Coupon { code: "TEN".into(), applied: true })),
        from("segment", event(3, minute(3), by, line(1, 0, 1, 500, false))),
        from("segment", event(4, minute(100), by, Action::Viewed(product(2)))),
        from("klaviyo", event(5, minute(110), by, Action::Email(EmailAct::Opened))),
        from("shopify", event(6, minute(60 * 24 * 9), by, line(2, 0, 2, 402, false))),
        from("shopify", event(7, minute(60 * 24 * 9), by, line(3, 0, 3, 500, true))),
    ];
    let habits = refold(subject(), &told).whole().habits;
    let tally = &habits.tally;
    assert_eq!((tally.steps, tally.visits, tally.pause_secs), (4, 2, 120), "an order is no step, a void one nothing at all");
    assert_eq!((tally.coupons, tally.coupons_applied, tally.pages[PageKind::Sale.place()], tally.looks), (1, 1, 1, 2));
    assert_eq!((tally.reduced_lines, tally.full_lines, tally.reductions_permille), (1, 1, 90), "50 off 550");
    assert_eq!((tally.waits, habits.wait_secs), ([1, 0, 0, 0, 0, 1], 120 + 60 * (60 * 24 * 9 - 100)));
    assert_eq!((habits.months[0], habits.hours[0], habits.weekdays[3], habits.weekdays[5]), (2, 5, 6, 1), "Thursday, and a Saturday");
    assert_eq!((habits.channels, habits.mails_opened, tally.acts, tally.acts_at_night), ([5, 2, 1, 0, 0], 1, 7, 7));
}

#[test]
fn what_they_do_lately_is_counted_from_the_mark_before_the_last() {
    let looks = (0..30u32).map(|n| event(n, i64::from(n) * 3_600_000, Authority::Backend, Action::Viewed(product(1))));
    let told: Vec<Event> = looks.collect();
    let habits = |visits: usize| refold(subject(), &told[..visits]).whole().habits;
    let marked = |habits: &Habits| habits.marks.iter().map(|mark| (mark.tally.visits, mark.at.0 / 3_600_000)).collect::<Vec<_>>();
    assert_eq!(marked(&habits(6)), []);
    assert_eq!((marked(&habits(7)), habits(7).earlier()), (vec![(6, 6)], None), "who has hardly come does everything lately");
    assert_eq!(marked(&habits(30)), [(18, 18), (24, 24)]);
    assert_eq!(habits(30).earlier().map(|mark| 30 - mark.tally.visits), Some(12));
}

#[test]
fn answers_are_traits_but_not_of_what_the_law_protects() {
    let answered = |id: u32, question: &str, answer: &str| {
        event(id, i64::from(id), Authority::Backend, Action::Surveyed { question: question.into(), answer: answer.into() })
    };
    let told =
        [answered(1, "How did you find us?", "a friend"), answered(2, "Your age", "40"), answered(3, "How did you find us?", "a shop")];
    let traits = refold(subject(), &told).traits;
    assert_eq!(
        traits.iter().map(|told| (told.name.as_str(), told.value.as_str())).collect::<Vec<_>>(),
        [("survey_how_did_you_find_us", "a shop")]
    );
}

#[test]
fn who_looked_around_takes_less_than_a_kilobyte() {
    let device = Subject::Device(DeviceId::new("0b4f6e5a-1f2e-4d43-9a58-6d5e8f3a2b10").expect("an id"));
    let looks =
        (0..18u32).map(|n| event(n, 1_700_000_000_000 + i64::from(n) * 40_000, Authority::Browser, Action::Viewed(product(n as u8))));
    let bytes = refold(device, &looks.collect::<Vec<_>>()).to_bytes().expect("bytes").len();
    assert!(bytes < 1024, "{bytes}");
}
