//! Promises that something stands behind: each of these fails where that is taken away.

use super::*;
use crate::{event::Exposure, id::DeviceId};

/// The draft with other rows in a table, by item.
fn draft_with(table: Table, rows: &[(usize, &[(u32, f32)])]) -> Draft {
    let mut draft = draft();
    let mut told: Vec<Vec<Neighbour>> = vec![Vec::new(); draft.items.len()];
    for (of, near) in rows {
        told[*of] = near.iter().map(|(item, weight)| Neighbour { item: *item, weight: *weight, supporters: 9 }).collect();
    }
    draft.tables.insert(table, told);
    draft
}

fn shop_of(draft: &Draft, rules: &str) -> Shop {
    let model = Model::parse(draft.to_bytes().expect("writes").0.into()).expect("reads");
    Shop::new(Some(model), [], serde_json::from_str(rules).expect("rules"))
}

#[test]
fn the_third_of_a_category_makes_room_for_another_that_is_nearly_as_good() {
    // Tins are 0, 4, 8, 12, 16; teas 2, 6, 10.
    let near = |tea: f32| draft_with(Table::Together, &[(1, &[(0, 1.0), (4, 0.98), (8, 0.96), (12, 0.94), (6, tea)])]);
    let related = |draft: &Draft| -> Vec<u32> {
        let picks = related(&shop_of(draft, "{}"), &item(1), Relation::Together, 5, NOW, &mut Scratch::default());
        assert!(picks.is_sorted_by(|a, b| a.score >= b.score), "{picks:?}");
        picks.iter().map(|pick| pick.item).collect()
    };
    assert_eq!(related(&near(0.9)), [0, 4, 6, 8, 12], "two tins are enough before the tea");
    assert_eq!(related(&near(0.5)), [0, 4, 8, 12, 6], "but it must be nearly as good");
}

#[test]
fn what_is_buried_stands_behind_what_it_was_ahead_of() {
    let bury = r#"{"rules":[{"name":"slow","do":"bury","by":4,"items":["i07"]}]}"#;
    let places = |rules: &str| {
        let page = answer(&shop_of(&draft(), rules), &Ask { limit: 100, ..ask("product", Some(item(4))) }, &[]).picks;
        [7, 11].map(|wanted| page.iter().position(|pick| pick.item == wanted).expect("it is still shown"))
    };
    let (plain, buried) = (places("{}"), places(bury));
    assert!(plain[0] < plain[1], "together more often, so ahead: {plain:?}");
    assert!(buried[0] > buried[1], "buried, so behind: {buried:?}");
    let elsewhere = r#"{"rules":[{"name":"slow","do":"bury","by":4,"items":["i07"],"placements":["home"]}]}"#;
    assert_eq!(places(elsewhere), plain, "a rule of another placement");
    let own = |rules: &str| {
        let ask = ask("product", Some(item(4)));
        rank(&shop_of(&draft(), rules), &ask, &[], &[item(7), item(11)], NOW, &mut Scratch::default())
    };
    assert_eq!((own("{}")[0].0.clone(), own(bury)[0].0.clone()), (item(7), item(11)), "the caller's own items, too");
}

/// A device that nobody knows, whose events these are, oldest first, a minute apart.
fn visitor(actions: &[Action]) -> Profile {
    let device = DeviceId::new("somebody-new").expect("an id");
    let event = |(place, action): (usize, &Action)| Event {
        id: EventId::new(&format!("e{place}")).expect("an id"),
        at: NOW.plus_ms(60_000 * (place as i64 - actions.len() as i64)),
        authority: Authority::Browser,
        source: "snippet".into(),
        who: Who { device: Some(device.clone()), ..Who::default() },
        traffic: Traffic::Human,
        action: action.clone(),
    };
    let events: Vec<Event> = actions.iter().enumerate().map(event).collect();
    refold(Subject::Device(device), &events)
}

fn viewed(number: usize) -> Action {
    Action::Viewed(Product::bare(item(number)))
}

#[test]
fn each_click_of_a_new_visitor_changes_the_answer() {
    let draft = draft_with(Table::Session, &[(3, &[(7, 0.9), (11, 0.8)]), (2, &[(6, 0.9), (10, 0.8)])]);
    let shop = shop_of(&draft, "{}");
    for placement in ["home", "category"] {
        let home = |profile: Option<&Profile>, session: &[usize]| -> Vec<u32> {
            let ask = Ask { session: session.iter().map(|number| item(*number)).collect(), ..ask(placement, None) };
            answer(&shop, &ask, profile.as_slice()).picks.iter().map(|pick| pick.item).collect()
        };
        let (one, two) = (visitor(&[viewed(3)]), visitor(&[viewed(3), viewed(2)]));
        for [nothing, first, second] in
            [[home(None, &[]), home(Some(&one), &[]), home(Some(&two), &[])], [home(None, &[]), home(None, &[3]), home(None, &[3, 2])]]
        {
            assert_eq!((nothing[0], first[0], second[0]), (0, 7, 6), "{nothing:?}, {first:?}, {second:?}");
            assert!(second.contains(&7) && second.contains(&3), "the first click still speaks: {second:?}");
        }
    }
}

/// Whoever was shown something and did nothing has said nothing about it.
#[test]
fn what_was_shown_and_passed_over_is_not_disliked() {
    let shown = |place: usize| {
        Action::Shown(Exposure { recommendation: format!("r{place}").into(), item: item(place % 20), position: 1, propensity_ppm: 100_000 })
    };
    let clicks = [viewed(4), viewed(2)];
    // Fewer than push an event out of the window.
    let passed: Vec<Action> = clicks.iter().cloned().chain((0..150).map(shown)).collect();
    let shop = shop();
    for placement in ["home", "product"] {
        let ask = Ask { limit: 20, ..ask(placement, None) };
        let items = |profile: &Profile| answer(&shop, &ask, &[profile]).picks.iter().map(|pick| pick.item).collect::<Vec<u32>>();
        assert_eq!(items(&visitor(&passed)), items(&visitor(&clicks)), "{placement}");
        assert_eq!(items(&visitor(&passed[2..])), answer(&shop, &ask, &[]).picks.iter().map(|pick| pick.item).collect::<Vec<u32>>());
    }
}

#[test]
fn a_product_that_the_shop_does_not_know_is_looked_at_all_the_same() {
    let draft = draft_with(Table::Session, &[(4, &[(8, 0.9)])]);
    let page = Ask { session: vec![item(4)], ..ask("product", Some(id("unheard-of"))) };
    let shown: Vec<u32> = answer(&shop_of(&draft, "{}"), &page, &[]).picks.iter().map(|pick| pick.item).collect();
    assert_eq!(shown.first(), Some(&4), "they may go back to where they came from: {shown:?}");
}
