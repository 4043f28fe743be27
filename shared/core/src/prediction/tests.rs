//! Whatever a profile holds and whatever was fitted, predictions are numbers that can be.

use super::*;
use crate::{
    event::{Action, Authority, Event, OrderLine, Refund, Traffic, Who},
    id::{CustomerId, EventId, OrderId},
    money::Currency,
    profile::{Subject, refold},
    time::Timestamp,
};
use proptest::prelude::*;

fn extreme() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.0),
        Just(1.0),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(f64::MAX),
        Just(f64::MIN_POSITIVE),
        -1e3..1e6,
        0.0..50.0
    ]
}

/// Log-uniform over all that is sound.
fn parameter() -> impl Strategy<Value = f64> {
    prop_oneof![(-6.0..9.0).prop_map(|power: f64| 10f64.powf(power).clamp(1e-6, 1e9)), 0.05..5.0, Just(1.0)]
}

fn outlook(parameters: [f64; 11], slope: f64, season: f64, days: u32) -> Outlook {
    let [r, alpha_days, a, b, r2, alpha2, s, beta_days, p, q, v_minor] = parameters;
    let regression = Regression { intercept: slope, means: [0.0; FEATURES], spreads: [1.0; FEATURES], slopes: [slope; FEATURES] };
    let blend =
        || Blend { shares: Shares { bg_nbd: 0.25, pareto_nbd: 0.25, regression: 0.5 }, regression: Some(regression.clone()), spread: 0.3 };
    Outlook {
        bg_nbd: BgNbd { r, alpha_days, a, b },
        pareto_nbd: ParetoNbd { r: r2, alpha_days: alpha2, s, beta_days },
        spend: GammaGamma { p, q, v_minor },
        learned_from: 1,
        usual: Usual::of(&[Purchases::new(1.0, 30.0, 90.0, 2_000.0)]),
        horizons: vec![Horizon { days, season, count: blend(), chance: blend(), base: None, calibration: None, unsure: 1.0 }],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn predictions_are_finite_and_in_range(
        known in prop::array::uniform4(extreme()),
        parameters in prop::array::uniform11(parameter()),
        slope in -50.0..50.0,
        season in -3.0..3.0,
        days in prop_oneof![Just(0u32), Just(1), Just(90), Just(365), Just(36_500), Just(u32::MAX)],
    ) {
        let [repeats, recency, age, mean] = known;
        let (known, outlook) = (Purchases::new(repeats, recency, age, mean), outlook(parameters, slope, season, days));
        prop_assert!(outlook.is_sound());
        for (days, bg, pareto) in [(f64::from(days), &outlook.bg_nbd, &outlook.pareto_nbd)] {
            for expected in [bg.expected(&known, days), pareto.expected(&known, days)] {
                prop_assert!(expected.is_finite() && expected >= 0.0, "{expected} of {known:?}");
            }
            for chance in [bg.chance(&known, days), pareto.chance(&known, days), bg.alive(&known), pareto.alive(&known)] {
                prop_assert!((0.0..=1.0).contains(&chance), "{chance} of {known:?}");
            }
        }
        let told = outlook.foresee(&known, &outlook.horizons[0]);
        let all: Vec<Foresight> = outlook.foresee_all(&known).map(|(_, told)| told).collect();
        prop_assert_eq!(all, [told], "however many horizons are asked about");
        for Ranged { value, low, high } in [told.purchase_days, told.chance, told.value_minor] {
            prop_assert!(value.is_finite() && 0.0 <= low && low <= value && value <= high && high.is_finite(), "{told:?}");
        }
        prop_assert!(told.chance.high <= 1.0 && told.purchase_days.high <= f64::from(days));
        prop_assert!(told.purchase_days.value >= told.chance.value.min(f64::from(days)), "a purchase needs a day: {told:?}");
        for driver in outlook.drivers(&known, &outlook.horizons[0]) {
            prop_assert!((-1.0..=1.0).contains(&driver.effect), "{driver:?}");
        }
    }

    #[test]
    fn more_days_never_bring_less(known in prop::array::uniform4(extreme()), slopes in prop::array::uniform3(-3.0..3.0)) {
        let [repeats, recency, age, mean] = known;
        let parameters = [0.3, 60.0, 0.8, 2.5, 0.6, 70.0, 0.6, 80.0, 6.0, 4.0, 1_500.0];
        // Horizons learned apart may disagree as they like.
        let horizons = [7, 30, 90].into_iter().zip(slopes).flat_map(|(days, slope)| outlook(parameters, slope, 0.0, days).horizons);
        let outlook = Outlook { horizons: horizons.collect(), ..outlook(parameters, 0.0, 0.0, 7) };
        let known = Purchases::new(repeats, recency, age, mean);
        let told: Vec<Foresight> = outlook.foresee_all(&known).map(|(_, told)| told).collect();
        for (sooner, later) in told.iter().zip(&told[1..]) {
            for (sooner, later) in [(sooner.chance, later.chance), (sooner.purchase_days, later.purchase_days), (sooner.value_minor, later.value_minor)] {
                prop_assert!(sooner.value <= later.value && sooner.low <= later.low && sooner.high <= later.high, "{told:?}");
            }
        }
    }
}

#[test]
fn the_less_is_known_of_somebody_the_wider_what_is_said() {
    let parameters = [0.3, 60.0, 0.8, 2.5, 0.6, 70.0, 0.6, 80.0, 6.0, 4.0, 1_500.0];
    let with = |unsure: f64| {
        let outlook = outlook(parameters, 0.0, 0.0, 90);
        let horizons = outlook.horizons.iter().map(|horizon| Horizon { unsure, ..horizon.clone() }).collect();
        Outlook { horizons, ..outlook }
    };
    // Known for a year, seen this week: once, four times, forty times.
    let regulars = [0.0, 4.0, 40.0].map(|repeats| Purchases::new(repeats, 360.0, 365.0, 2_000.0));
    let factor = |outlook: &Outlook, known: &Purchases, read: fn(&Foresight) -> Ranged| {
        let told = read(&outlook.foresee(known, &outlook.horizons[0]));
        told.high / told.low
    };
    let odds = |told: Ranged| Ranged { value: told.value, low: told.low / (1.0 - told.low), high: told.high / (1.0 - told.high) };
    for read in [|told: &Foresight| told.purchase_days, |told: &Foresight| told.value_minor] {
        let widths = regulars.map(|known| factor(&with(1.0), &known, read));
        assert!(widths[0] > 3.0 * widths[1] && widths[1] > 1.5 * widths[2], "{widths:?}");
        let alike = regulars.map(|known| factor(&with(0.0), &known, |told| told.purchase_days));
        assert!((alike[0] - alike[2]).abs() < 1e-9, "the shop's own interval is alike for everybody: {alike:?}");
    }
    let chances = [0.0, 4.0].map(|repeats| {
        let told = odds(with(1.0).foresee(&Purchases::new(repeats, 360.0, 365.0, 2_000.0), &with(1.0).horizons[0]).chance);
        told.high / told.low
    });
    assert!(chances[0] > 2.0 * chances[1], "{chances:?}");
    // Who has been silent for long may have left or not; that is doubt, too.
    let doubts = [5.0, 100.0, 400.0].map(|silent| with(1.0).doubt(&Purchases::new(9.0, 200.0, 200.0 + silent, 2_000.0)));
    assert!(doubts.is_sorted() && doubts[2] > 5.0 * doubts[0], "{doubts:?}");
    let many = with(1.0).foresee_of_many(&regulars[0], &with(1.0).horizons[0]);
    assert_eq!(many, with(0.0).foresee(&regulars[0], &with(0.0).horizons[0]), "averages are as sure as the shop");
}

#[test]
fn what_moves_a_chance_is_told_first() {
    let parameters = [0.3, 60.0, 0.8, 2.5, 0.6, 70.0, 0.6, 80.0, 6.0, 4.0, 1_500.0];
    let usual = [Purchases::new(0.0, 0.0, 40.0, 2_000.0)];
    let outlook = Outlook { usual: Usual::of(&usual), ..outlook(parameters, 0.0, 0.0, 90) };
    let drivers = |known: Purchases| outlook.drivers(&known, &outlook.horizons[0]);
    // Thirty purchases, every ten days, the last ten days ago.
    let regular = drivers(Purchases::new(30.0, 300.0, 310.0, 2_000.0));
    assert!(regular[0].fact == Fact::Frequency && regular[0].effect > 0.3, "{regular:?}");
    // The same, and silent for a year.
    let gone = drivers(Purchases::new(30.0, 300.0, 665.0, 2_000.0));
    assert!(gone[0].fact == Fact::Recency && gone[0].effect < -0.3, "{gone:?}");
    let typical = drivers(usual[0]);
    assert!(typical.iter().all(|driver| driver.effect.abs() < 1e-12), "who is as usual is moved by nothing: {typical:?}");
}

#[test]
fn a_profile_tells_its_purchase_days() {
    let order = |number: usize, at: &str, paid_minor: i64| Event {
        id: EventId::new(&format!("o{number}")).expect("an id"),
        at: Timestamp::parse(at).expect("a time"),
        authority: Authority::Import,
        source: "test".into(),
        who: Who { customer: CustomerId::new("c").ok(), ..Who::default() },
        traffic: Traffic::Human,
        action: Action::Ordered(OrderLine {
            order: OrderId::new(&format!("o{number}")).expect("an id"),
            version: Timestamp(0),
            product: None,
            quantity: 1,
            paid_minor,
            discount_minor: 0,
            currency: Currency::EUR,
            cancelled: false,
        }),
    };
    let subject = || Subject::Customer(CustomerId::new("c").expect("an id"));
    // Two orders of one day; days end at midnight UTC, however late it was.
    let events = [
        order(1, "2026-01-01T23:59:00Z", 1_000),
        order(2, "2026-01-02T00:01:00Z", 2_000),
        order(3, "2026-01-02T09:00:00Z", 3_000),
        order(4, "2026-03-01T12:00:00Z", 3_000),
    ];
    let now = Timestamp::parse("2026-04-01T00:00:00Z").expect("a time");
    let told = Purchases::of(&refold(subject(), &events), Currency::EUR, now);
    assert_eq!(told, Some(Purchases::new(2.0, 59.0, 90.0, 3_000.0)));
    assert_eq!(Purchases::of(&refold(subject(), &[]), Currency::EUR, now), None, "who never bought is no customer yet");
    let refund = |amount_minor: i64| Event {
        id: EventId::new("r").expect("an id"),
        action: Action::Refunded(Refund {
            order: None,
            reference: OrderId::new("r").ok(),
            product: None,
            quantity: 1,
            amount_minor,
            currency: Currency::EUR,
            version: Timestamp(0),
            cancelled: false,
        }),
        ..order(5, "2026-03-10T12:00:00Z", 0)
    };
    let after = |amount_minor: i64| {
        let told: Vec<Event> = events.iter().cloned().chain([refund(amount_minor)]).collect();
        Purchases::of(&refold(subject(), &told), Currency::EUR, now)
    };
    assert_eq!(after(3_000), Some(Purchases::new(2.0, 59.0, 90.0, 2_000.0)), "the day of what came back stays");
    assert_eq!(after(9_000), None, "who was paid back everything bought nothing");
}
