//! Rules against histories: what they mean, where they are wrong, and when time changes them, held against looking every hour.

mod said;

use super::*;
use crate::{
    event::{Action, Authority, Consent, EmailAct, Event, OrderLine, Product, Purpose, Traffic, Who},
    features::{Basis, CutOffs, Facts},
    id::{CustomerId, EventId, ItemId, OrderId},
    money::Currency,
    profile::{Profile, Subject, refold},
    time::{DAY_MS, Timestamp},
};
use proptest::prelude::*;

const HOUR_MS: i64 = DAY_MS / 24;
const START: Timestamp = Timestamp(1_795_348_800_000);

fn event(number: usize, hour: i64, action: Action) -> Event {
    Event {
        id: EventId::new(&format!("e{number}")).expect("an id"),
        at: START.plus_ms(hour * HOUR_MS),
        authority: Authority::Backend,
        source: "test".into(),
        who: Who { customer: CustomerId::new("ada").ok(), ..Who::default() },
        traffic: Traffic::Human,
        action,
    }
}

fn product(item: u8) -> Product {
    Product::bare(ItemId::new(&format!("i{item}")).expect("an id"))
}

fn order(number: u8, item: u8, paid_minor: i64, discount_minor: i64) -> Action {
    Action::Ordered(OrderLine {
        order: OrderId::new(&format!("o{number}")).expect("an id"),
        version: Timestamp(0),
        product: Some(product(item)),
        quantity: 1,
        paid_minor,
        discount_minor,
        currency: Currency::EUR,
        cancelled: false,
    })
}

fn folded(events: &[(i64, Action)]) -> Profile {
    let events: Vec<Event> = events.iter().enumerate().map(|(number, (hour, action))| event(number, *hour, action.clone())).collect();
    refold(Subject::Customer(CustomerId::new("ada").expect("an id")), &events)
}

fn with_facts<T>(profile: &Profile, ask: impl FnOnce(&Facts<'_>) -> T) -> T {
    let cut_offs = CutOffs::prior(Currency::EUR);
    ask(&Facts::of(profile, Basis { currency: Currency::EUR, cut_offs: &cut_offs, catalog: None }))
}

fn holds(profile: &Profile, rule: &str, hour: i64) -> bool {
    let rule = Rule::parse(rule).unwrap_or_else(|error| panic!("{rule}: {error}"));
    with_facts(profile, |facts| rule.holds(facts, START.plus_ms(hour * HOUR_MS)))
}

#[test]
fn rules_mean_what_they_say() {
    let told = |name: &str, value: &str| Action::Identified { traits: vec![(name.into(), value.into())] };
    let agreed = Action::Consented(Consent { purpose: Purpose::Marketing, granted: true, basis: "consent".into() });
    let profile = folded(&[
        (0, told("country", "GB")),
        (1, agreed),
        (24, order(1, 1, 3_000, 1_000)),
        (24, order(1, 2, 2_000, 0)),
        (24 * 11, order(2, 1, 5_000, 0)),
        (24 * 20, Action::Viewed(product(7))),
        (24 * 20 + 1, Action::Viewed(product(7))),
        (24 * 20 + 2, Action::Viewed(product(8))),
        (24 * 20 + 3, Action::CartAdded { product: product(7), quantity: 2 }),
        (24 * 20 + 4, Action::Searched { query: "Cake tin".into() }),
        (24 * 20 + 5, Action::Email(EmailAct::Opened)),
    ]);
    for (rule, expected) in [
        ("orders = 2 and order_days = 2 and revenue_minor = 10000", true),
        ("order_value_minor = 5000 and discount_minor = 1000", true),
        ("discount_share > 0.09 and discount_share < 0.0910", true),
        ("days_between_orders = 10", true),
        ("days_since_order = 10 and tenure_days = 21 and days_since_seen = 0", true),
        ("overdue = 1", true),
        ("items_bought = 2 and repeat_share = 0.5 and pieces_per_order = 1.5", true),
        ("views = 4 and items_viewed = 2 and view_to_buy = 0", true),
        ("count(viewed, 7d) = 3 and count(viewed \"i7\", 7d) = 2 and items(viewed, 7 days) = 2", true),
        ("count(viewed, 2h) = 0", true),
        ("count(searched \"cake\", 1d) = 1 and count(email_opened, 24h) >= 1", true),
        ("count(ordered, 14d) = 1 and count(ordered \"i2\", 14d) = 0", true),
        ("count(any, 1d) = 5 and count(any, 25h) = 6", true),
        ("trait.country = \"gb\"", true),
        ("trait.language = \"en\"", false),
        ("not trait.language = \"en\"", true),
        ("consent.marketing", true),
        ("consent.personalization = false", false),
        ("recency_score = 5 and frequency_score = 2 and monetary_score = 3", true),
        ("tier = \"new\"", true),
        ("tier in (\"high\", \"potential_high\")", false),
        ("brand_share > 0", false),
    ] {
        assert_eq!(holds(&profile, rule, 24 * 21), expected, "{rule}");
    }
}

#[test]
fn mistakes_say_where_and_how_to_mend_them() {
    for (rule, says) in [
        ("recncy_score > 3", "at character 1 of the rule: nothing is called `recncy_score`; did you mean `recency_score`?"),
        ("orders > 1 and orders = \"two\"", "at character 25 of the rule: `orders` is a number; compare it with one"),
        ("orders", "expected an operator such as `=` or `>=` at character 7 of the rule, found the end"),
        ("tier = \"gold\"", "`tier` is one of \"high\", \"potential_high\", \"medium\", \"low\", \"new\", \"lapsed\""),
        ("count(viewed, 30d) > 1", "events are counted from 1m to 14d back"),
        ("count(viewed 7d) > 1", "write what happened and how far back, as in `count(viewed \"85123A\", 7d)`"),
        ("count(looked, 7d) > 1", "`looked` is no event; the events are any, viewed"),
        ("count(viewed, 7) > 1", "expected a unit of time, as in `7d` or `36 hours` at character 16 of the rule, found `)`"),
        ("count(viewed, 7 moons) > 1", "`moons` is no unit of time"),
        ("count(page category \"x\", 7d) > 1", "narrow `page` down by a text in quotes"),
        ("items(searched, 7d) > 1", "`searched` is about no item; use `count`"),
        ("consent.marketing = 1", "`consent.marketing` is true or false"),
        ("trait.vip", "expected an operator"),
        ("trait.age = \"25-34\"", "nobody is sorted by `age`"),
        ("trait.Sexual_Orientation = \"x\"", "nobody is sorted by"),
        ("count > 3", "expected `(` at character 7 of the rule, found `>`"),
    ] {
        let error = Rule::parse(rule).expect_err(rule).to_string();
        assert!(error.contains(says), "{rule}: {error}");
    }
}

#[test]
fn evidence_is_what_made_it_true() {
    let profile = folded(&[(0, order(1, 1, 500, 0)), (1, Action::Viewed(product(1)))]);
    let rule =
        Rule::parse("orders >= 1 and (count(viewed, 7d) >= 1 or revenue_minor > 9000) and not trait.staff = \"yes\"").expect("a rule");
    let evidence = |hour: i64| -> Vec<String> {
        with_facts(&profile, |facts| rule.evidence(facts, START.plus_ms(hour * HOUR_MS)).iter().map(ToString::to_string).collect())
    };
    assert_eq!(evidence(2), ["orders >= 1 (1)", "count(viewed, 7d) >= 1 (1)", "not (trait.staff = \"yes\")"]);
    assert!(evidence(24 * 8).is_empty(), "what does not hold has no evidence");
}

#[test]
fn the_tier_follows_time() {
    let profile = folded(&[(0, order(1, 1, 3_000, 0))]);
    let tier_on = |day: i64| with_facts(&profile, |facts| facts.tier(START.plus_days(day)).map(crate::features::Tier::name));
    assert_eq!(
        [tier_on(0), tier_on(30), tier_on(31), tier_on(180), tier_on(181)],
        [Some("new"), Some("new"), Some("low"), Some("low"), Some("lapsed")]
    );
    assert_eq!(with_facts(&Profile::new(profile.subject.clone()), |facts| facts.tier(START)), None);
}

#[test]
fn a_segment_of_ones_own_replaces_a_ready_one() {
    let own = Segment {
        name: "loyal".into(),
        title: String::new(),
        description: String::new(),
        rule: Rule::parse("orders >= 9").expect("a rule"),
        active: false,
    };
    let segments = Segments::with(vec![own.clone(), Segment { name: "uk".into(), active: true, ..own.clone() }]);
    assert_eq!(segments.iter().filter(|segment| segment.name == "loyal").count(), 1);
    assert!(segments.active().all(|segment| segment.name != "loyal") && segments.named("uk").is_some());
    for name in ["", "High", "a b", "ä", &"x".repeat(65)] {
        assert!(Segment { name: name.into(), ..own.clone() }.checked().is_err(), "{name}");
    }
}

/// One segment of its own, nobody else's.
fn only(rule: &str) -> Segments {
    let silent = ready().into_iter().map(|segment| Segment { active: false, ..segment });
    let rule = Rule::parse(rule).expect("a rule");
    let own = Segment { name: "mine".into(), title: String::new(), description: String::new(), rule, active: true };
    Segments::with(silent.chain([own]).collect())
}

#[test]
fn transitions_have_one_id_however_often_they_are_worked_out() {
    let segments = only("days_since_order > 2");
    let profile = folded(&[(0, order(1, 1, 500, 0))]);
    let stand = |before: &Standing, profile: &Profile, hour: i64| {
        with_facts(profile, |facts| Standing::after(before, &segments, facts, START.plus_ms(hour * HOUR_MS)))
    };
    let fresh = stand(&Standing::default(), &profile, 1);
    assert_eq!((fresh.memberships.len(), fresh.next_change_at), (0, Some(START.plus_days(3))));
    let (soon, late) = (stand(&fresh, &profile, 72), stand(&fresh, &profile, 400));
    assert_eq!(soon, late, "the passing of time brought it about, whenever it was noticed");
    assert_eq!(soon.memberships[0].since, START.plus_days(3));
    assert_eq!(stand(&soon, &profile, 500), soon, "once in, nothing begins again");
    let entered: Vec<Transition> = soon.transitions(&fresh, &profile.subject).collect();
    assert!(matches!(entered.as_slice(), [Transition { entered: true, .. }]), "{entered:?}");

    let back = folded(&[(0, order(1, 1, 500, 0)), (100, order(2, 1, 500, 0))]);
    let left = stand(&soon, &back, 101);
    let ended: Vec<Transition> = left.transitions(&soon, &profile.subject).collect();
    assert!(matches!(ended.as_slice(), [Transition { entered: false, .. }]) && left.memberships.is_empty(), "{ended:?}");
    let again = stand(&left, &back, 400);
    let id = |standing: &Standing| standing.memberships[0].transition(&profile.subject).id;
    assert_eq!(entered[0].id, id(&late), "the same cause is the same transition");
    assert_ne!(id(&again), id(&soon), "another cause is another transition");
}

#[test]
fn what_is_no_news_is_not_written() {
    let segments = only("days_since_seen > 30");
    let stand = |before: &Standing, profile: &Profile, hour: i64| {
        with_facts(profile, |facts| Standing::after(before, &segments, facts, START.plus_ms(hour * HOUR_MS)))
    };
    let first = stand(&Standing::default(), &folded(&[(0, Action::CheckoutStarted)]), 0);
    assert!(first.is_news(&Standing::default(), START), "there is a look to plan");
    let later = stand(&first, &folded(&[(0, Action::CheckoutStarted), (50, Action::CheckoutStarted)]), 50);
    assert!(later.next_change_at > first.next_change_at && !later.is_news(&first, START.plus_ms(50 * HOUR_MS)), "a later look can wait");
    assert!(later.is_news(&first, START.plus_days(31)), "until the planned one is due");
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (0u8..4).prop_map(|item| Action::Viewed(product(item))),
        2 => (0u8..4).prop_map(|item| Action::CartAdded { product: product(item), quantity: 1 }),
        3 => (0u8..6, 0u8..4, 100i64..30_000, 0i64..500).prop_map(|(number, item, paid, off)| order(number, item, paid, off)),
        1 => Just(Action::Email(EmailAct::Opened)),
    ]
}

fn test() -> impl Strategy<Value = String> {
    let operator = prop_oneof![Just(">"), Just(">="), Just("<"), Just("<="), Just("="), Just("!=")];
    let days = prop_oneof![Just("days_since_order"), Just("days_since_seen"), Just("tenure_days"), Just("days_since_first_order")];
    let kind = prop_oneof![Just("viewed"), Just("viewed \"i1\""), Just("cart_added"), Just("ordered"), Just("any")];
    prop_oneof![
        3 => (days, operator.clone(), -1i64..70).prop_map(|(name, operator, days)| format!("{name} {operator} {days}")),
        3 => (kind, 1i64..336, operator.clone(), 0i64..4).prop_map(|(kind, hours, operator, count)| format!("count({kind}, {hours}h) {operator} {count}")),
        1 => (1i64..336, operator.clone(), 0i64..3).prop_map(|(hours, operator, count)| format!("items(viewed, {hours}h) {operator} {count}")),
        1 => (operator.clone(), 1i64..6).prop_map(|(operator, score)| format!("recency_score {operator} {score}")),
        1 => (prop_oneof![Just(">"), Just("<=")], 0.1f64..4.0).prop_map(|(operator, times)| format!("overdue {operator} {times:.2}")),
        1 => prop_oneof![Just("high"), Just("new"), Just("potential_high"), Just("lapsed"), Just("low")].prop_map(|tier| format!("tier = \"{tier}\"")),
        1 => (operator, 0i64..4).prop_map(|(operator, orders)| format!("orders {operator} {orders}")),
    ]
}

fn rule() -> impl Strategy<Value = String> {
    test().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" or "))),
            inner.prop_map(|part| format!("not ({part})")),
        ]
    })
}

/// Found by fuzzing: it overflowed.
#[test]
fn a_window_longer_than_time_is_refused() {
    let error = Rule::parse("count(email_opened, 92233720368547758074d) >= 3").expect_err("too far back").to_string();
    assert!(error.contains("14d back"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn time_changes_nothing_before_the_next_change(
        events in proptest::collection::vec((0i64..24 * 40, action()), 1..30),
        text in rule(),
        waited in 0i64..24 * 60,
    ) {
        let (profile, rule) = (folded(&events), Rule::parse(&text).expect("a rule"));
        let now = profile.last_seen.plus_ms(waited * HOUR_MS);
        let (is_member, next, hours) = with_facts(&profile, |facts| {
            let next = rule.next_change_at(facts, now);
            // Every test of these rules has turned for the last time within eight months: recency score 1 comes after 240 days.
            let hours: Vec<Timestamp> = (0..24 * 260).map(|hour| now.plus_ms(hour * HOUR_MS)).collect();
            let first = hours.iter().copied().find(|at| rule.holds(facts, *at) != rule.holds(facts, now));
            (rule.holds(facts, now), next, first)
        });
        match next {
            None => prop_assert_eq!(hours, None, "{} was to stay {}", text, is_member),
            Some(at) => with_facts(&profile, |facts| {
                prop_assert!(at > now);
                prop_assert!(rule.holds(facts, at) != is_member, "{} does not change at {}", text, at);
                prop_assert_eq!(rule.holds(facts, at.plus_ms(-1)), is_member, "{} changed before {}", text, at);
                prop_assert!(hours.is_none_or(|hour| hour >= at), "{} changed at {:?}, before {}", text, hours, at);
                Ok(())
            })?,
        }
    }

    #[test]
    fn any_text_is_a_rule_or_an_error(text in "\\PC{0,60}|(count|items|orders|tier|trait.x|not|and|or|[(),0-9dh<>= \"]){0,20}") {
        if let Ok(rule) = Rule::parse(&text) {
            prop_assert_eq!(Rule::parse(&rule.to_string()), Ok(rule.clone()));
        }
    }

    #[test]
    fn what_evidence_prints_parses_to_the_same_test(text in rule()) {
        let rule = Rule::parse(&text).expect("a rule");
        let profile = folded(&[(0, order(1, 1, 500, 0))]);
        with_facts(&profile, |facts| {
            for evidence in rule.evidence(facts, START) {
                let test = Rule::parse(&evidence.test).unwrap_or_else(|error| panic!("{}: {error}", evidence.test));
                assert!(test.holds(facts, START), "{} of {text}", evidence.test);
            }
        });
    }
}

#[test]
fn whoever_was_in_a_segment_that_is_switched_off_leaves_it_then() {
    let (cut_offs, history) = (CutOffs::prior(Currency::EUR), [event(1, 0, order(1, 1, 900, 0))]);
    let profile = refold(Subject::Customer(CustomerId::new("ada").expect("an id")), &history);
    let facts = Facts::of(&profile, Basis { currency: Currency::EUR, cut_offs: &cut_offs, catalog: None });
    let rule = Rule::parse("orders >= 1").expect("a rule");
    let buyers = |active| Segment { name: "buyers".into(), title: String::new(), description: String::new(), rule: rule.clone(), active };
    let at = |before: &Standing, active, hour: i64| {
        Standing::after(before, &Segments::with(vec![buyers(active)]), &facts, START.plus_ms(hour * HOUR_MS))
    };
    let inside = at(&Standing::default(), true, 1);
    let first = at(&inside, false, 5);
    // In again, and out again: another departure.
    let second = at(&at(&first, true, 6), false, 9);
    let left = |standing: &Standing| standing.left.last().filter(|left| left.segment == "buyers").expect("they left").clone();
    assert_eq!((left(&first).at, left(&second).at), (START.plus_ms(5 * HOUR_MS), START.plus_ms(9 * HOUR_MS)));
    assert_ne!(left(&first).transition(&profile.subject).id, left(&second).transition(&profile.subject).id);
}
