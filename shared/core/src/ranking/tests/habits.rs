//! What was bought before: again, due, sent back.

use super::*;
use crate::model::NextPurchase;

#[test]
fn what_was_bought_returns_only_where_that_is_a_habit() {
    let shop = shop();
    let buyer = buyer(&[(item(1), 25), (item(2), 25)]);
    let answer = answer(&shop, &Ask { limit: 100, ..ask("home", None) }, &[&buyer]);
    let shown = names(&shop, &answer);
    assert_eq!(answer.strategy, Strategy::Personal);
    assert!(!shown.contains(&"i02".to_owned()), "a tin is bought once: {shown:?}");
    let flour = answer.picks.iter().find(|pick| pick.why.code == Code::BuyAgain).expect("flour again");
    assert_eq!(shop.item(flour.item).as_ref().map(|item| item.id()), Some("i01"));
    assert!(answer.picks.iter().any(|pick| pick.why.code == Code::AlsoBought));
}

#[test]
fn where_a_history_says_little_it_is_what_most_people_buy() {
    // Who bought the tin is told i06 and i10 by it, half and two fifths; of all customers nine in ten buy i12, and few the rest.
    let intercepts = (0..20).map(|number| if number == 12 { 0.9 } else { 0.01 }).collect();
    let learned = |intercept| Draft { next_purchase: NextPurchase { intercept, ..NextPurchase::default() }, ..draft() };
    let first = |draft: Draft| {
        let shop = Shop::new(Some(Model::parse(draft.to_bytes().expect("writes").0.into()).expect("reads")), [], Rules::default());
        let shown = answer(&shop, &ask("home", None), &[&buyer(&[(item(2), 25)])]);
        (names(&shop, &shown)[0].clone(), shown.picks[0].why.code)
    };
    assert_eq!(first(Draft { intercepts: vec![], ..learned(1.0) }), ("i06".to_owned(), Code::AlsoBought));
    assert_eq!(first(Draft { intercepts, ..learned(1.0) }), ("i12".to_owned(), Code::Popular));
}

#[test]
fn what_was_sent_back_is_neither_owned_nor_bought_again() {
    let shop = shop();
    let again = |profile: &Profile| {
        let answer = answer(&shop, &Ask { limit: 100, ..ask("home", None) }, &[profile]);
        let habits = answer.picks.iter().filter(|pick| pick.why.code == Code::BuyAgain);
        habits.map(|pick| (pick.item, pick.why.evidence.concat())).collect::<Vec<(u32, String)>>()
    };
    // The purchases may be sealed by now, or not; the second of two is what came back.
    for days in [10, 200] {
        let flour = [(item(1), days), (item(1), days + 1)];
        let once = returner(&flour, &[(item(1), 5)]);
        assert_eq!(again(&once), [(1, "1".to_owned())], "{days} days");
        let never = returner(&flour, &[(item(1), 5), (item(1), 4)]);
        assert!(never.bought().is_empty() && again(&never).is_empty(), "{days} days: {:?}", never.bought());
        let tins = returner(&[(item(2), days)], &[(item(2), 5)]);
        let shown = answer(&shop, &Ask { limit: 100, ..ask("home", None) }, &[&tins]);
        assert!(names(&shop, &shown).contains(&"i02".to_owned()), "who sent it back may still want it");
    }
}

#[test]
fn what_is_due_by_its_interval_rises_and_says_so() {
    let shop = |due: f32| {
        let next_purchase = NextPurchase { due, ..NextPurchase::DEFAULT };
        let draft = Draft { next_purchase, ..draft() };
        Shop::new(Some(Model::parse(draft.to_bytes().expect("writes").0.into()).expect("reads")), [], Rules::default())
    };
    // Flour lasts twenty days.
    let bought = buyer(&[(item(1), 2), (item(5), 19), (item(5), 60), (item(9), 20)]);
    let told = |due: f32| {
        let answer = answer(&shop(due), &Ask { limit: 100, ..ask("home", None) }, &[&bought]);
        let habits = answer.picks.into_iter().filter(|pick| pick.why.code == Code::BuyAgain);
        habits.map(|pick| (pick.item, pick.why.evidence, pick.why.text)).collect::<Vec<(u32, Vec<String>, String)>>()
    };
    let words = |item: u32, times: &str, text: &str| (item, vec![times.to_owned()], text.to_owned());
    let [fresh, twice, due] = [
        words(1, "1", "You have bought this before"),
        words(5, "2", "You have bought this 2 times"),
        words(9, "1", "You have bought this before, and it may be time again"),
    ];
    assert_eq!(told(0.0), [twice.clone(), fresh.clone(), due.clone()], "by heat and trend alone");
    assert_eq!(told(1.0), [twice, due, fresh], "bought two days ago, it lasts");
}

/// The formula of `NextPurchase`, said plainly.
#[test]
fn a_customer_is_answered_by_what_they_buy_next() {
    let shop = shop();
    let bought = [(item(1), 25), (item(2), 25), (item(2), 70), (item(5), 5), (item(13), 200)];
    let heat = |times: f32, days: f32| times.sqrt() * (-days / 90.0f32).exp2();
    let trend = |number: usize| (21 - number) as f32;
    let after = |number: usize, weight: f32| (number, heat(2.0, 25.0).sqrt() * weight * trend(number).powf(0.75));
    let again = |number: usize, times: f32, days: f32, share: f32| {
        (number, heat(times, days).ln_1p() * share.powf(0.25) * trend(number).powf(0.15))
    };
    let of_one = |scores: &[(usize, f32)], weight: f32| {
        let most = scores.iter().map(|(_, score)| *score).fold(0.0, f32::max);
        scores.iter().map(|(number, score)| (*number, score * weight / most)).collect::<Vec<(usize, f32)>>()
    };
    let fitting = of_one(&[after(6, 0.5), after(10, 0.4)], 1.0);
    let own = of_one(&[again(1, 1.0, 25.0, 0.6), again(2, 2.0, 25.0, 0.05), again(5, 1.0, 5.0, 0.6), again(13, 1.0, 200.0, 0.6)], 2.0);
    let mut expected: Vec<(usize, f32)> = fitting.into_iter().chain(own).collect();
    expected.sort_by(|a, b| b.1.total_cmp(&a.1));
    // The twelve others come by trend; variety within a category must not mix in, so no more than two of one are looked at.
    let answer = answer(&shop, &Ask { limit: 3, ..ask("home", None) }, &[&buyer(&bought)]);
    let expected: Vec<String> = expected.iter().take(3).map(|(number, _)| item(*number).to_string()).collect();
    assert_eq!(names(&shop, &answer), expected);
    let shown = names(&shop, &self::answer(&shop, &Ask { limit: 6, ..ask("home", None) }, &[&buyer(&bought)]));
    assert!(!shown.contains(&"i14".to_owned()), "what the history speaks against is not put forward: {shown:?}");
}
