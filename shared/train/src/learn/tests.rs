//! Shops that are not as shops should be.

use super::*;
use crate::{
    history::{Buy, Look},
    shopper::{self, Order},
};
use rapport_core::{
    catalog::Item,
    id::{CustomerId, ItemId},
    model::Model,
    profile::Profile,
    random::SplitMix,
    ranking::{Ask, Scratch, Shop, recommend},
    rules::Rules,
    time::DAY_MS,
};
use std::collections::BTreeSet;

const NOW: Timestamp = Timestamp(1_795_348_800_000);
const MINUTE_MS: i64 = 60_000;

fn items(count: usize) -> Vec<Item> {
    (0..count).map(|number| Item::bare(ItemId::new(&format!("i{number:02}")).expect("an id"))).collect()
}

fn shop(history: &History) -> Shop {
    let (artifact, _) = learn(history, Currency::EUR, NOW).expect("learns").draft.to_bytes().expect("writes");
    Shop::new(Some(Model::parse(artifact.into()).expect("reads")), [], Rules::default())
}

/// What it shows somebody who is at its first item, at each kind of placement.
fn shown(shop: &Shop) -> Vec<Vec<u32>> {
    shown_to(shop, &[])
}

/// The same, to who has a past.
fn shown_to(shop: &Shop, profiles: &[&Profile]) -> Vec<Vec<u32>> {
    let first = ItemId::new("i00").expect("an id");
    let at = |placement: &str| Ask {
        placement: placement.into(),
        item: (placement == "product").then(|| first.clone()),
        cart: if placement == "cart" { vec![first.clone()] } else { Vec::new() },
        session: vec![first.clone()],
        limit: 10,
        discovery: Some(0.5),
        ..Ask::default()
    };
    let answer = |placement| recommend(shop, &at(placement), profiles, NOW, 1, &mut Scratch::default()).picks;
    ["home", "product", "cart", "category"].map(|placement| answer(placement).iter().map(|pick| pick.item).collect()).into()
}

#[test]
fn strange_shops_are_served_sanely() {
    let look = |person: u32, at: i64, item: u32| Look { person, at: NOW.plus_ms(at - 9 * DAY_MS), item };
    let buy = |person: u32, at: i64, item: u32| Buy { person, at: NOW.plus_ms(at - 9 * DAY_MS), order: person, item, quantity: 1 };
    let known = |people: usize| vec![true; people];
    let strange = [
        ("nothing at all", History::default(), 0),
        ("a catalog that nobody came to", History { items: items(3), ..History::default() }, 2),
        ("one item, one customer", History { items: items(1), known: known(1), buys: vec![buy(0, 0, 0)], ..History::default() }, 0),
        ("one look", History { items: items(2), known: known(1), looks: vec![look(0, 0, 0)], ..History::default() }, 1),
        (
            "one customer, again and again",
            History {
                items: items(2),
                known: known(1),
                buys: (0..50).map(|day| buy(0, day * DAY_MS / 10, 1)).collect(),
                ..History::default()
            },
            1,
        ),
    ];
    for (name, history, at_least) in strange {
        for answer in shown(&shop(&History { events: 1, ..history })) {
            let distinct: BTreeSet<&u32> = answer.iter().collect();
            assert!(answer.len() >= at_least && distinct.len() == answer.len(), "{name}: {answer:?}");
        }
    }
}

#[test]
fn a_million_looks_of_one_robot_move_little() {
    const PAIRS: u32 = 20;
    // Three hundred people look at two things that belong together; one robot, taken for a person, at two that do not.
    let honest = (1..=300u32).flat_map(|person| {
        let pair = person % PAIRS * 2;
        [(person, 0, pair), (person, MINUTE_MS, pair + 1)]
    });
    let robot = (0..1_000_000u32).map(|number| {
        let visit = i64::from(number / 40) * 31 * MINUTE_MS / 100;
        (0, visit + i64::from(number % 40), [0, 3, 39][number as usize % 3])
    });
    let looks = robot.chain(honest).map(|(person, at, item)| Look { person, at: NOW.plus_ms(at - 9 * DAY_MS), item });
    let history = History { items: items(40), known: vec![true; 301], looks: looks.collect(), events: 1_000_600, ..History::default() };
    let shop = shop(&history);
    let model = shop.model().expect("a model");
    for answer in shown(&shop) {
        assert!(answer.len() == 10 && answer.contains(&1), "what people look at next is there: {answer:?}");
    }
    let expected = 0.1 * 300.0 / PAIRS as f32;
    assert!(model.popularity(39) <= expected + 3.0, "one person adds at most 3: {}", model.popularity(39));
}

/// Three hundred people who each buy two things that belong together, on nine days.
fn honest_buys(pairs: u32) -> impl Iterator<Item = Buy> {
    (1..=300u32).flat_map(move |person| {
        let (pair, at) = (person % pairs * 2, NOW.plus_ms(-i64::from(person % 9) * DAY_MS));
        [pair, pair + 1].map(|item| Buy { person, at, order: person, item, quantity: 1 })
    })
}

#[test]
fn a_hundred_thousand_orders_of_one_robot_in_a_day_move_little() {
    const PAIRS: u32 = 20;
    let robot = (0..100_000u32).flat_map(|number| {
        let at = NOW.plus_ms(-DAY_MS + i64::from(number) * 800);
        [0, 3, 39].map(|item| Buy { person: 0, at, order: 1_000 + number, item, quantity: 9 })
    });
    let learned = |robot: Vec<Buy>| {
        let buys: Vec<Buy> = robot.into_iter().chain(honest_buys(PAIRS)).collect();
        shop(&History { items: items(40), known: vec![true; 301], events: buys.len() as u64, buys, ..History::default() })
    };
    let (shop, honest) = (learned(robot.collect()), learned(Vec::new()));
    let model = |shop: &Shop| shop.model().expect("a model").clone();
    let (model, honest) = (model(&shop), model(&honest));
    for item in 0..40 {
        assert!(model.popularity(item) <= honest.popularity(item) + 3.0, "one person adds at most 3: {}", model.popularity(item));
    }
    // What belongs together still does, also to what the robot bought, and what it bought together does not.
    for item in [0, 3, 39, 8] {
        let partners: Vec<u32> = model.together(item).map(|near| near.item).collect();
        assert_eq!(partners, [item ^ 1], "of {item}");
        let lift = |model: &Model| model.together(item).next().map_or(0.0, |near| near.weight);
        assert!(lift(&model) >= lift(&honest) / 2.0, "of {item}: {} of {}", lift(&model), lift(&honest));
        let after: Vec<u32> = model.bought_after(item).map(|(other, _)| other).collect();
        assert_eq!(after, [item ^ 1], "of {item}");
    }
    for answer in shown(&shop) {
        assert!(answer.len() == 10, "{answer:?}");
    }
    let beside = &shown(&shop)[1..3];
    assert!(beside.iter().all(|answer| answer.contains(&1)), "what people buy with it is there: {beside:?}");
}

#[test]
fn what_vanished_stays_away_after_the_next_training() {
    let gone = 1u32;
    let buys: Vec<Buy> = honest_buys(5).collect();
    let looks: Vec<Look> = buys.iter().map(|buy| Look { person: buy.person, at: buy.at.plus_ms(-MINUTE_MS), item: buy.item }).collect();
    let history = History { items: items(10), known: vec![true; 301], events: buys.len() as u64, buys, looks, ..History::default() };
    let customer = CustomerId::new("ada").expect("an id");
    let bought = items(2).iter().map(|item| item.id.clone()).collect::<Vec<ItemId>>();
    let order = Order { customer: &customer, number: 1, at: NOW.plus_ms(-9 * DAY_MS), items: bought.iter().collect() };
    let profile = shopper::profile(&customer, &order.events().expect("events"));
    let everywhere = |shop: &Shop| [shown(shop), shown_to(shop, &[&profile])].concat();
    assert!(shown(&shop(&history)).iter().all(|answer| answer.contains(&gone)), "while it is there it is everywhere");
    let catalog: Vec<Item> =
        items(10).into_iter().enumerate().map(|(place, item)| Item { in_stock: place as u32 != gone, ..item }).collect();
    let without = shop(&history.with_catalog(catalog));
    for answer in everywhere(&without) {
        assert!(!answer.is_empty() && !answer.contains(&gone), "{answer:?}");
    }
}

/// A shop of 20,000 items that are described in full, looked at in many short visits and bought by people whose tastes are alike.
fn large() -> History {
    const ITEMS: u32 = 20_000;
    let described = |(place, item): (usize, Item)| Item {
        title: Some(format!("A thing of the shop, number {place}, in oak")),
        category: Some(format!("department-{}/shelf-{}", place / 50 % 20, place / 50)),
        brand: Some(format!("brand-{}", place * 7 % 200)),
        price_minor: Some(100 + place as i64 * 31 % 20_000),
        list_price_minor: Some(200 + place as i64 * 31 % 20_000),
        currency: Some(Currency::EUR),
        image: Some(format!("https://shop.example/i/{place}.jpg")),
        url: Some(format!("https://shop.example/p/{place}")),
        tags: vec![["gift", "new", "outlet"][place % 3].to_owned()],
        attributes: [("wood".to_owned(), "oak".into()), ("width_mm".to_owned(), (place % 900).into())].into(),
        ..item
    };
    let mut dice = SplitMix::new(7);
    let visits = (0..130_000u32).flat_map(|person| {
        let (at, from) = (NOW.plus_ms(-i64::from(person) * 10_000), dice.below(ITEMS as usize) as u32);
        let steps: Vec<u32> = (0..3).map(|_| (from + dice.below(200) as u32) % ITEMS).collect();
        (0..).zip(steps).map(move |(step, item)| Look { person, at: at.plus_ms(step * 1_000), item }).collect::<Vec<Look>>()
    });
    let buy = |person: u32, offset: u32| {
        let at = NOW.plus_ms(-i64::from(person) * 10_000);
        Buy { person, at, order: person, item: (person + offset) % ITEMS, quantity: 1 }
    };
    History {
        looks: visits.collect(),
        buys: (0..2 * ITEMS).flat_map(|person| [0, 1, 3, 7, 12, 20, 30].map(|offset| buy(person, offset))).collect(),
        items: (0..ITEMS as usize)
            .map(|number| Item::bare(ItemId::new(&format!("item-{number:05}")).expect("an id")))
            .enumerate()
            .map(described)
            .collect(),
        known: vec![true; 130_000],
        events: 1_000_000,
        ..History::default()
    }
}

#[test]
fn a_full_artifact_of_twenty_thousand_items_takes_what_it_may_and_no_more() {
    let history = large();
    let draft = Models::of(&history, NOW).draft(&Weights::DEFAULT, Currency::EUR);
    let bytes = draft.to_bytes().expect("writes").0.len() + room::DESCRIPTION_BYTES;
    let purchases = draft.purchases.iter().map(Vec::len).sum::<usize>();
    println!("{bytes} bytes with a full description, {purchases} entries of purchases");
    assert!((room::MOST_BYTES - 400_000..=room::MOST_BYTES).contains(&bytes), "{bytes} bytes");
    assert!(purchases < 7 * 6 * 20_000, "all of them would not fit");
}
