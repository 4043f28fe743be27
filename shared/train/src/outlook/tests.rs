//! What is learned holds on people made up to a known rule, sees nothing of what comes after, and stands the smallest shops.

use super::*;
use rapport_core::{
    prediction::{Foresight, Outlook, Purchases},
    random::SplitMix,
};

/// Customers who come over a year and a half, buy at rates of their own, and leave after a purchase with a chance of one in ten.
pub(super) fn shop(customers: u32, until: Day) -> Ledger {
    let mut dice = SplitMix::new(7);
    let mut uniform = move || (dice.next_bits() >> 11) as f64 / (1u64 << 53) as f64;
    let customer = |number: u32| {
        let gap = 10.0 + 150.0 * uniform();
        let mut at = f64::from(number * 37 % 540);
        let mut days = Vec::new();
        while at <= until as f64 {
            days.push((at as Day, 1_000.0 + 500.0 * uniform()));
            if uniform() < 0.1 {
                break;
            }
            at += 1.0 - gap * uniform().max(1e-12).ln();
        }
        days
    };
    Ledger::new((0..customers).map(customer).collect())
}

fn told(outlook: &Outlook, ledger: &Ledger, today: Day) -> Vec<(Foresight, f64)> {
    let horizon = &outlook.horizons[0];
    let of = |days: &[(Day, f64)]| {
        let known = ledger::known(days, today)?;
        Some((outlook.foresee(&known, horizon), ledger::bought(days, today, today + i64::from(horizon.days)) as f64))
    };
    ledger.customers().filter_map(of).collect()
}

#[test]
fn made_up_customers_do_what_was_said() {
    let (ledger, today) = (shop(3_000, 690), 600);
    let learned = fit(&ledger, today, &[90], &DEFAULT).expect("learns");
    assert!(learned.outlook.is_sound() && learned.outlook.learned_from > 2_500);
    let told = told(&learned.outlook, &ledger, today);
    let (said, came) = told.iter().fold((0.0, 0.0), |sum, (told, came)| (sum.0 + told.purchase_days.value, sum.1 + came));
    assert!((said / came - 1.0).abs() < 0.1, "{said} purchase days said, {came} came");
    let (said, came) = told.iter().fold((0.0, 0.0), |sum, (told, came)| (sum.0 + told.chance.value, sum.1 + came.min(1.0)));
    assert!((said / came - 1.0).abs() < 0.1, "{said} customers said, {came} came");
    // Chances rank: who bought had higher ones.
    let mean = |bought: bool| {
        let chances: Vec<f64> = told.iter().filter(|(_, came)| (*came > 0.0) == bought).map(|(told, _)| told.chance.value).collect();
        crate::score::mean(&chances)
    };
    assert!(mean(true) > mean(false) + 0.1, "{} {}", mean(true), mean(false));
    let horizon = &learned.outlook.horizons[0];
    let kept = horizon.calibration.expect("enough were asked");
    assert!((0.001..0.1).contains(&kept.chance) && (0.001..0.3).contains(&kept.total), "{kept:?}");
    assert!(kept.covered.is_some_and(|share| (0.93..1.0).contains(&share)), "95 % lie where they were said to: {kept:?}");
    assert!((0.1..=4.0).contains(&horizon.unsure) && horizon.unsure != 1.0, "and how wide that is was learned: {}", horizon.unsure);
    let base = horizon.base.expect("there are customers").chance;
    assert!((base.value - said / told.len() as f64).abs() < 0.01 && base.low < base.value && base.value < base.high, "{base:?}");
    assert_eq!(learned.contests.len(), 2);
    assert!(learned.contests.iter().all(|contest| contest.standings.len() >= 4 && contest.asked > 2_000), "{:?}", learned.contests);
}

#[test]
fn simple_rules_compete() {
    // Whoever has not bought for 60 days is back within the next 60 for certain; whoever has, is not: nothing that a rate could tell.
    let customer = |number: i64| (0..12).map(|time| (number % 120 + time * 120, 1_000.0 + (number * 7 % 13) as f64 * 90.0)).collect();
    let ledger = Ledger::new((0..1_200).map(customer).collect());
    let learned = fit(&ledger, 900, &[60], &DEFAULT).expect("learns");
    let contest = learned.contests.iter().find(|contest| contest.question == "purchase").expect("it was asked");
    let place = |voice: &str| contest.standings.iter().position(|standing| standing.voice == voice).expect("it competed");
    assert!(place("recency") < place("base_rate"), "{contest:?}");
    let by = |repeats: f64, silent: f64| {
        let known = Purchases::new(repeats, 120.0 * repeats, 120.0 * repeats + silent, 1_500.0);
        learned.outlook.foresee(&known, &learned.outlook.horizons[0]).chance.value
    };
    assert!(by(5.0, 90.0) > 0.8 && by(5.0, 20.0) < 0.2, "{} {}", by(5.0, 90.0), by(5.0, 20.0));
}

#[test]
fn what_comes_after_today_teaches_nothing() {
    let (clean, today) = (shop(400, 700), 500);
    let noise = |days: &[(Day, f64)]| {
        days.iter().map(|(day, value)| if *day > today { (today + 1 + day * 31 % 97, value * 1e6) } else { (*day, *value) }).collect()
    };
    let poisoned = Ledger::new(clean.customers().map(noise).collect());
    assert_ne!(clean, poisoned);
    let learn = |ledger: &Ledger| fit(ledger, today, &[7, 90, 365], &DEFAULT).expect("learns");
    assert_eq!(learn(&clean), learn(&poisoned));
}

#[test]
fn the_smallest_shops_are_told_something() {
    let one = vec![(100, 900.0)];
    for customers in [vec![], vec![one.clone()], vec![one; 10], vec![vec![(0, 0.0), (1, 0.0), (400, 0.0)]]] {
        let ledger = Ledger::new(customers);
        let Learned { outlook, contests, held } = fit(&ledger, 500, &[7, 90, 365], &DEFAULT).expect("learns");
        assert!(outlook.is_sound() && contests.is_empty() && held.is_none(), "{outlook:?}");
        let known = Purchases::new(1.0, 30.0, 60.0, 1_000.0);
        let expected: Vec<f64> = outlook.horizons.iter().map(|horizon| outlook.foresee(&known, horizon).purchase_days.value).collect();
        assert!(expected.is_sorted() && expected[0] > 0.01 && expected[2] < 20.0, "{expected:?}");
    }
}

/// Who all pay the same on the same day of every month have no spread that a model could hold on to.
#[test]
fn subscribers_who_are_all_alike_are_told_the_next_month() {
    for (customers, months) in [(80, 7), (300, 12)] {
        let subscriber = |number: i64| (0..=months).map(|month| (number % 28 + 30 * month, 300.0)).collect();
        let ledger = Ledger::new((0..customers).map(subscriber).collect());
        let today = 30 * months + 28;
        let Learned { outlook, .. } = fit(&ledger, today, &HORIZONS, &DEFAULT).expect("learns");
        assert!(outlook.is_sound(), "{outlook:?}");
        let known = Purchases::new(months as f64, 30.0 * months as f64, 30.0 * months as f64 + 10.0, 300.0);
        let told: Vec<Foresight> = outlook.foresee_all(&known).map(|(_, told)| told).collect();
        assert!(told[2].chance.value > 0.5 && (1.0..6.0).contains(&told[2].purchase_days.value), "{customers}: {:?}", told[2]);
        for Foresight { purchase_days, value_minor, .. } in told {
            let each = value_minor.value / purchase_days.value;
            assert!((each - 300.0).abs() < 3.0, "{customers}: {each} each");
            assert!([value_minor.low, value_minor.high, purchase_days.high].iter().all(|end| end.is_finite()), "{value_minor:?}");
        }
    }
}

#[test]
fn days_are_counted_once_and_their_values_added() {
    let ledger = Ledger::new(vec![vec![(9, 1.0), (2, 4.0), (9, 2.0)], vec![]]);
    assert_eq!(ledger.customers().collect::<Vec<_>>(), [[(2, 4.0), (9, 3.0)]]);
    assert_eq!(ledger::known(&[(2, 4.0), (9, 3.0)], 12), Some(Purchases::new(1.0, 7.0, 10.0, 3.5)));
    assert_eq!((ledger::known(&[(2, 4.0)], 1), ledger::bought(&[(2, 4.0), (9, 3.0)], 2, 9)), (None, 1));
}
