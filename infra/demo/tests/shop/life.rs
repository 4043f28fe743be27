//! What makes the shop believable: seasons, habits, affinities, people on several devices, and robots.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::Offset;
use rapport_demo::messages::{Call, Track};
use rapport_demo::{Archetype, Demo};

use crate::{by_customer, orders, shop};

#[test]
fn december_is_busier_than_july_and_sunday_than_tuesday() {
    let demo = shop(1);
    let clock = |message: &rapport_demo::Message| Offset::UTC.to_datetime(message.timestamp);
    let in_month = |month| orders(&demo).filter(|(message, _)| clock(message).month() == month).count() as f64;
    let on = |day| orders(&demo).filter(|(message, _)| clock(message).weekday() == day).count() as f64;
    assert!(in_month(12) > 1.3 * in_month(7), "{} {}", in_month(12), in_month(7));
    assert!(on(jiff::civil::Weekday::Sunday) > 1.2 * on(jiff::civil::Weekday::Tuesday));
}

#[test]
fn christmas_goods_sell_before_christmas_and_jam_sugar_in_summer() {
    let demo = shop(1);
    let tagged = |tag: &str| -> BTreeSet<&str> {
        let items = demo.catalog.iter().filter(|item| item.tags.iter().any(|t| t == tag));
        items.map(|item| item.id.as_str()).collect()
    };
    for (tag, months) in [("christmas", 10..=12), ("summer", 5..=8)] {
        let goods = tagged(tag);
        let mut lines = [(0.0, 0.0); 2];
        for (message, order) in orders(&demo) {
            let in_season = months.contains(&Offset::UTC.to_datetime(message.timestamp).month());
            let (seasonal, all) = &mut lines[usize::from(in_season)];
            *seasonal += order.products.iter().filter(|line| goods.contains(line.product_id.as_str())).count() as f64;
            *all += order.products.len() as f64;
        }
        let [outside, inside] = lines.map(|(seasonal, all)| seasonal / all);
        assert!(inside > 3.0 * outside, "{tag}: {inside} of the lines in season, {outside} outside");
    }
}

#[test]
fn coffee_beans_are_bought_again_after_four_weeks() {
    let demo = shop(1);
    let mut last: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    let mut gaps = Vec::new();
    for (message, order) in orders(&demo) {
        let day = message.timestamp.as_second() / 86_400;
        for line in order.products.iter().filter(|line| line.product_id.contains("-beans-")) {
            let habit = (message.user_id.as_deref().unwrap(), line.product_id.as_str());
            gaps.extend(last.insert(habit, day).map(|before| day - before));
        }
    }
    let in_rhythm = gaps.iter().filter(|days| (18..=36).contains(*days)).count();
    assert!(gaps.len() > 50, "{}", gaps.len());
    assert!(2 * in_rhythm > gaps.len(), "{in_rhythm} of {}", gaps.len());
}

#[test]
fn what_belongs_together_is_bought_together() {
    let demo = shop(1);
    for (a, b) in [
        ("teapot-cast-iron-0-8-l", "tea-strainer-fine-mesh"),
        ("banneton-1-kg-round", "bread-lame-walnut-handle"),
        ("moka-pot-6-cups", "milk-frother"),
        ("chefs-knife-20-cm", "whetstone-1000-6000"),
    ] {
        assert!(lift(&demo, a, b) > 4.0, "{a} and {b}: {}", lift(&demo, a, b));
    }
}

/// How much more often two products share an order than if they did not know of each other.
fn lift(demo: &Demo, a: &str, b: &str) -> f64 {
    let (mut orders_seen, mut with_a, mut with_b, mut with_both) = (0.0, 0.0, 0.0, 0.0);
    for (_, order) in orders(demo) {
        let has = |id: &str| f64::from(u8::from(order.products.iter().any(|line| line.product_id == id)));
        orders_seen += 1.0;
        with_a += has(a);
        with_b += has(b);
        with_both += has(a) * has(b);
    }
    with_both * orders_seen / (with_a * with_b)
}

#[test]
fn a_tenth_each_and_half_of_them_ordinary() {
    let demo = shop(1);
    let share = |archetype| demo.truth.iter().filter(|truth| truth.archetype == archetype).count() as f64 / demo.truth.len() as f64;
    assert!((0.46..0.54).contains(&share(Archetype::Ordinary)));
    for archetype in Archetype::MARKED {
        assert!((0.08..0.12).contains(&share(archetype)), "{archetype:?} {}", share(archetype));
    }
}

#[test]
fn people_browse_before_they_say_who_they_are_and_some_on_several_devices() {
    let demo = shop(1);
    let mut owners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut seen_anonymous = BTreeSet::new();
    let mut anonymous_first = BTreeSet::new();
    for message in &demo.messages {
        let Some(device) = message.anonymous_id.as_deref() else {
            continue;
        };
        match message.user_id.as_deref() {
            None => _ = seen_anonymous.insert(device),
            Some(customer) => {
                owners.entry(customer).or_default().insert(device);
                if seen_anonymous.contains(device) {
                    anonymous_first.insert(customer);
                }
            }
        }
    }
    let several = owners.values().filter(|devices| devices.len() > 1).count();
    assert!(anonymous_first.len() > 1_000, "{}", anonymous_first.len());
    assert!(several > 150, "{several}");
    for truth in &demo.truth {
        let known: BTreeSet<&str> = truth.anonymous_ids.iter().map(String::as_str).collect();
        assert!(owners.get(truth.id.as_str()).is_none_or(|devices| devices.is_subset(&known)));
    }
}

#[test]
fn a_device_says_who_it_is_before_it_uses_the_name() {
    let demo = shop(1);
    let mut identified = BTreeSet::new();
    for message in &demo.messages {
        let (Some(device), Some(customer)) = (&message.anonymous_id, &message.user_id) else {
            continue;
        };
        if matches!(message.call, Call::Identify { .. }) {
            identified.insert((device, customer));
        }
        assert!(identified.contains(&(device, customer)), "{}", message.message_id);
    }
}

#[test]
fn some_leave_for_good() {
    let demo = shop(1);
    let last = demo.messages.last().unwrap().timestamp.as_second();
    let lives = by_customer(&demo);
    let gone = lives.values().filter(|life| last - life.last().unwrap().timestamp.as_second() > 120 * 86_400).count();
    let share = gone as f64 / lives.len() as f64;
    assert!((0.2..0.6).contains(&share), "{share}");
}

/// Events per second of its own busiest minute give a robot away, whatever it calls itself.
#[test]
fn only_robots_are_inhumanly_quick() {
    let demo = shop(1);
    let mut minutes: BTreeMap<(&str, i64), usize> = BTreeMap::new();
    for message in &demo.messages {
        if let Some(device) = &message.anonymous_id {
            *minutes.entry((device, message.timestamp.as_second() / 60)).or_default() += 1;
        }
    }
    let mut busiest: BTreeMap<&str, usize> = BTreeMap::new();
    for ((device, _), many) in minutes {
        let most = busiest.entry(device).or_default();
        *most = many.max(*most);
    }
    for (device, most) in busiest {
        let is_bot = demo.bots.iter().any(|bot| bot == device);
        assert_eq!(is_bot, most > 15, "{device}: {most} events in a minute");
    }
}

#[test]
fn newsletters_are_opened_and_reviews_written() {
    let demo = shop(1);
    let count = |is: &dyn Fn(&Track) -> bool| {
        demo.messages.iter().filter(|message| matches!(&message.call, Call::Track(track) if is(track))).count()
    };
    assert!(count(&|track| matches!(track, Track::EmailOpened(_))) > 1_000);
    assert!(count(&|track| matches!(track, Track::EmailLinkClicked(_))) > 20);
    assert!(count(&|track| matches!(track, Track::ProductReviewed { .. })) > 200);
    assert!(count(&|track| matches!(track, Track::CouponApplied { .. })) > 300);
}
