//! A made-up shop, and what its audit must say.

use super::*;
use rapport_core::{
    event::{Authority, OrderLine, Product, Who},
    id::{DeviceId, EventId, OrderId},
};

/// 2026-11-22, a Sunday, as a day since the epoch.
const TODAY: i64 = 20_779;

fn at(day: i64, second: i64) -> Timestamp {
    Timestamp(day * DAY_MS + second * 1_000)
}

fn viewed(source: &str, day: i64, number: i64, item: &str) -> Event {
    Event {
        id: EventId::new(&format!("{source}-{day}-{number}")).expect("an id"),
        at: at(day, number),
        authority: Authority::Browser,
        source: source.into(),
        who: Who { device: DeviceId::new("d1").ok(), ..Who::default() },
        traffic: Traffic::Human,
        action: Action::Viewed(Product::bare(ItemId::new(item).expect("an item"))),
    }
}

fn finish(auditor: Auditor, catalog: &[&str], before: Duplicates) -> Audit {
    let beside = Beside {
        catalog: catalog.iter().map(|id| ItemId::new(id).expect("an item")).collect(),
        rejects: vec![
            ("beacon".into(), "not JSON".into(), at(TODAY, 1)),
            ("beacon".into(), "no id".into(), at(TODAY, 9)),
            ("beacon".into(), "not JSON".into(), at(TODAY, 2)),
        ],
        before,
        ties: Vec::new(),
        currency: Currency::EUR,
    };
    auditor.finish(beside, at(TODAY, 36_000))
}

/// So many looks a day and twice as many on Sundays, for twelve weeks; `day` is told how many days ago.
fn steady(auditor: &mut Auditor, source: &str, day: impl Fn(i64) -> i64) {
    for back in 0..84 {
        let sunday = if back % 7 == 0 { 2 } else { 1 };
        for number in 0..day(back) * sunday {
            auditor.hear_logged(&viewed(source, TODAY - back, number, "tea"), TODAY - back);
        }
    }
}

#[test]
fn a_shops_rhythm_is_no_news_and_what_breaks_it_is() {
    let mut auditor = Auditor::default();
    steady(&mut auditor, "beacon", |back| match back {
        3 => 0,
        10 => 200,
        5 => 24,
        _ => 20,
    });
    // Silent since the week before last, and younger than anybody could judge.
    steady(&mut auditor, "shopify", |back| if back < 9 { 0 } else { 20 });
    steady(&mut auditor, "new", |back| if (1..20).contains(&back) { 20 } else { 0 });
    let audit = finish(auditor, &[], Duplicates::default());

    let gaps: Vec<_> = audit.gaps.iter().map(|gap| (gap.source.as_str(), gap.day.as_str(), gap.usual)).collect();
    assert_eq!(gaps.iter().filter(|(source, ..)| *source == "beacon").collect::<Vec<_>>(), [&("beacon", "2026-11-19", 20.0)]);
    let silent: Vec<_> = gaps.iter().filter(|(source, ..)| *source == "shopify").map(|(_, day, usual)| (*day, *usual)).collect();
    assert_eq!(silent.len(), 8, "from the 14th to yesterday: {silent:?}");
    assert_eq!((silent[0], silent[6]), (("2026-11-21", 20.0), ("2026-11-15", 40.0)), "Sundays are known as such");
    assert!(audit.jumps.iter().all(|jump| jump.source == "beacon"), "{:?}", audit.jumps);
    let jumps: Vec<_> = audit.jumps.iter().map(|jump| (jump.day.as_str(), jump.events, jump.deviations > 30.0)).collect();
    assert_eq!(jumps, [("2026-11-12", 200, true)], "a fifth more is chance, ten times as much is not, and the week after is judged fairly");
}

#[test]
fn files_are_missed_between_their_days_and_not_after() {
    let mut auditor = Auditor::default();
    steady(&mut auditor, "import:orders", |back| if back < 30 || back == 40 { 0 } else { 20 });
    let audit = finish(auditor, &[], Duplicates::default());
    assert_eq!(audit.gaps.iter().map(|gap| gap.day.as_str()).collect::<Vec<_>>(), ["2026-10-13"]);
    assert_eq!(audit.sources[0].late_share, None);
}

#[test]
fn copies_are_counted_once_and_remembered_when_the_archive_has_none() {
    let mut auditor = Auditor::default();
    for event in [viewed("beacon", TODAY, 1, "tea"), viewed("beacon", TODAY, 2, "tea")] {
        (0..3).for_each(|_| auditor.hear_logged(&event, TODAY));
    }
    auditor.hear_archived(&viewed("beacon", TODAY - 5, 1, "cup"), TODAY - 2);
    let before = Duplicates { days: BTreeMap::from([("2026-11-20".to_owned(), (10, 4))]), ..Duplicates::default() };
    let audit = finish(auditor, &["tea"], before);
    assert_eq!((audit.events, audit.duplicates.received, audit.duplicates.copies), (3, 16, 8));
    assert_eq!(audit.sources[0].late_share, Some(1.0 / 3.0), "on the road for days");
    let items = audit.items.expect("a catalog");
    assert_eq!((items.mentioned, items.unknown, items.unknown_share), (2, 1, 1.0 / 3.0));
    assert_eq!(items.examples, [ItemId::new("cup").expect("an item")]);
    let rejects: Vec<_> = audit.rejects.iter().map(|reject| (reject.reason.as_str(), reject.count)).collect();
    assert_eq!(rejects, [("no id", 1), ("not JSON", 2)], "newest first");
}

/// What the fold takes for one event is one here: an id that comes back, however it is told, but not after weeks.
#[test]
fn copies_are_told_by_their_id_as_the_fold_tells_them() {
    let mut auditor = Auditor::default();
    let first = viewed("till", TODAY - 20, 1, "tea");
    let again = |at: Timestamp, item: &str| Event { at, ..Event { id: first.id.clone(), ..viewed("till", 0, 0, item) } };
    let (day, hour_ms) = (TODAY - 20, 3_600_000);
    for (event, received) in [
        (first.clone(), day),
        (first.clone(), day),
        (again(first.at, "cup"), day),
        (again(first.at.plus_ms(hour_ms), "tea"), day + 1),
        (again(first.at.plus_days(14), "tea"), day + 14),
        (again(first.at.plus_days(15), "tea"), day + 15),
    ] {
        auditor.hear_logged(&event, received);
    }
    // Closed days lie in the archive, which keeps copies that differ.
    auditor.hear_archived(&viewed("shopify", TODAY - 2, 1, "tea"), TODAY - 2);
    auditor.hear_archived(&Event { who: Who::default(), ..viewed("shopify", TODAY - 2, 1, "tea") }, TODAY - 2);
    auditor.hear_logged(&viewed("shopify", TODAY - 2, 1, "tea"), TODAY);
    let before = Duplicates { conflicting_days: BTreeMap::from([("2026-11-22".to_owned(), 0)]), ..Duplicates::default() };
    let Audit { events, duplicates, sources, .. } = finish(auditor, &[], before);
    assert_eq!((duplicates.received, duplicates.copies, duplicates.conflicting), (7, 5, 3), "{duplicates:?}");
    assert_eq!(duplicates.conflicting_days.values().copied().collect::<Vec<_>>(), [1, 1, 1, 0]);
    assert_eq!(events, 3, "the till's counter started anew after fifteen days");
    assert_eq!(sources.iter().map(|source| (source.source.as_str(), source.events)).collect::<Vec<_>>(), [("shopify", 1), ("till", 2)]);
}

#[test]
fn each_source_says_how_fresh_it_is() {
    let mut auditor = Auditor::default();
    for (source, happened, received) in
        [("beacon", TODAY, TODAY), ("beacon", TODAY - 9, TODAY), ("shopify", TODAY - 40, TODAY - 40), ("import:lines", TODAY - 400, TODAY)]
    {
        auditor.hear_logged(&viewed(source, happened, 7, "tea"), received);
    }
    let audit = finish(auditor, &[], Duplicates::default());
    let told: Vec<_> = audit
        .sources
        .iter()
        .map(|source| (source.source.as_str(), &source.oldest[..10], &source.newest[..10], source.late_share))
        .collect();
    assert_eq!(
        told,
        [
            ("beacon", "2026-11-13", "2026-11-22", Some(0.5)),
            ("import:lines", "2025-10-18", "2025-10-18", None),
            ("shopify", "2026-10-13", "2026-10-13", Some(0.0)),
        ]
    );
    assert!(audit.sources.iter().all(|source| source.days.iter().map(|(_, events)| events).sum::<u64>() == source.events));
}

#[test]
fn who_is_kept_out_and_what_was_paid_in_is_said() {
    let mut auditor = Auditor::default();
    let ordered = |order: &str, currency| {
        let line = OrderLine {
            order: OrderId::new(order).expect("an id"),
            version: at(TODAY, 1),
            product: None,
            quantity: 1,
            paid_minor: 100,
            discount_minor: 0,
            currency,
            cancelled: false,
        };
        Event { id: EventId::new(order).expect("an id"), action: Action::Ordered(line), ..viewed("shopify", TODAY, 1, "tea") }
    };
    for event in [ordered("1", Currency::EUR), ordered("2", Currency::EUR), ordered("3", Currency::GBP)] {
        auditor.hear_logged(&event, TODAY);
    }
    auditor.hear_logged(&Event { traffic: Traffic::Bot, ..viewed("beacon", TODAY, 1, "tea") }, TODAY);
    auditor.hear_logged(&Event { traffic: Traffic::Internal, who: Who::default(), ..viewed("beacon", TODAY, 2, "tea") }, TODAY);
    let audit = finish(auditor, &[], Duplicates::default());
    assert_eq!(audit.kept_out, 2);
    let beacon = &audit.sources[0];
    assert_eq!((beacon.source.as_str(), beacon.events, beacon.bots, beacon.internal, beacon.nobody), ("beacon", 2, 1, 1, 1));
    let paid: Vec<_> = audit.currencies.iter().map(|paid| (paid.currency, paid.lines, paid.is_shops)).collect();
    assert_eq!(paid, [(Currency::EUR, 2, true), (Currency::GBP, 1, false)]);
}
