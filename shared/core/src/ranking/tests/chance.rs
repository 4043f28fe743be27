//! What is drawn, what is not, and whether the probabilities told are the true ones.

use super::*;

/// A shop and what is asked of it.
struct Case {
    name: &'static str,
    shop: Shop,
    ask: Ask,
}

const PINS: &str = r#"{"rules":[{"name":"hero","do":"pin","items":["i13","i18"],"position":2}]}"#;

/// Shops with pins and without, with new items that are drawn, displaced, pinned or all there is; lists of many lengths.
fn cases() -> Vec<Case> {
    let model = |draft: Draft| Model::parse(draft.to_bytes().expect("writes").0.into()).expect("reads");
    let rules = |text: &str| serde_json::from_str::<Rules>(text).expect("rules");
    let new = |count: usize| {
        (0..count).map(|number| Item { category: Some(["Baking/Tins", "Tea"][number % 2].into()), ..Item::bare(id(&format!("n{number}"))) })
    };
    let unknown = || {
        let mut draft = draft();
        draft.statistics.iter_mut().for_each(|told| told.popularity = 0.0);
        draft
    };
    let shops: [(&'static str, &dyn Fn() -> Shop); 6] = [
        ("plain", &shop),
        ("pins", &|| shop_with(PINS)),
        ("newcomers", &|| Shop::new(Some(model(draft())), new(2), Rules::default())),
        ("pins and newcomers", &|| Shop::new(Some(model(draft())), new(5), rules(PINS))),
        ("a new item pinned", &|| {
            Shop::new(Some(model(draft())), new(3), rules(r#"{"rules":[{"name":"a","do":"pin","items":["n1"],"position":4}]}"#))
        }),
        ("hardly anything but newcomers", &|| Shop::new(Some(model(unknown())), new(9), rules(PINS))),
    ];
    let mut cases = Vec::new();
    for (name, shop) in shops {
        for limit in 1..=12 {
            let product = Ask { limit, ..ask("product", Some(item(4))) };
            let home = Ask { limit, session: vec![item(2), item(8)], ..ask("home", None) };
            cases.extend([product, home].map(|ask| Case { name, shop: shop(), ask }));
        }
    }
    cases
}

fn draw(case: &Case, share: f32, seed: u64, scratch: &mut Scratch) -> Vec<Pick> {
    recommend(&case.shop, &Ask { discovery: Some(share), ..case.ask.clone() }, &[], NOW, seed, scratch).picks
}

fn is_drawn(pick: &Pick) -> bool {
    pick.slot == Slot::Discovery
}

#[test]
fn the_first_slot_is_never_drawn_and_at_most_every_other_one_is() {
    let mut scratch = Scratch::default();
    for case in cases() {
        for share in [0.1, 0.25, 0.4, 0.5] {
            let picks = draw(&case, share, 1, &mut scratch);
            let drawn = picks.iter().filter(|pick| is_drawn(pick)).count();
            let (name, limit) = (case.name, case.ask.limit);
            assert!(!picks.first().is_some_and(is_drawn) && drawn <= limit / 2, "{name}, {limit} items, a share of {share}: {picks:?}");
            let asked = (share * limit as f32).round() as usize;
            assert!(name != "plain" || drawn == asked.min(limit / 2), "{limit} items, a share of {share}: {drawn}");
        }
    }
}

/// What stands in a slot that is not drawn is told to have stood there for certain.
#[test]
fn what_is_not_drawn_stands_there_whatever_the_seed() {
    let mut scratch = Scratch::default();
    for case in cases() {
        let certain = |seed: u64, scratch: &mut Scratch| -> Vec<Option<Pick>> {
            let picks = draw(&case, 0.5, seed, scratch);
            let mut items: Vec<u32> = picks.iter().map(|pick| pick.item).collect();
            items.sort_unstable();
            items.dedup();
            assert_eq!(items.len(), picks.len(), "no item twice: {picks:?}");
            picks.into_iter().map(|pick| Some(pick).filter(|pick| !is_drawn(pick))).collect()
        };
        let first = certain(0, &mut scratch);
        assert!(first.iter().flatten().all(|pick| pick.propensity == 1.0));
        for seed in 1..60 {
            assert_eq!(certain(seed * 7_919, &mut scratch), first, "{}, {} items, seed {seed}", case.name, case.ask.limit);
        }
    }
}

#[test]
fn every_item_is_drawn_as_often_as_it_is_told() {
    const ROUNDS: u32 = 3_000;
    let mut scratch = Scratch::default();
    for case in cases().into_iter().filter(|case| [2, 5, 10].contains(&case.ask.limit)) {
        let mut seen: BTreeMap<(usize, u32), (u32, f32)> = BTreeMap::new();
        for seed in 0..ROUNDS {
            for (position, pick) in
                draw(&case, 0.5, u64::from(seed) * 7_919, &mut scratch).iter().enumerate().filter(|(_, pick)| is_drawn(pick))
            {
                let (times, told) = seen.entry((position, pick.item)).or_insert((0, pick.propensity));
                *times += 1;
                assert_eq!(*told, pick.propensity, "{}: one probability an item and position", case.name);
            }
        }
        let mut mass: BTreeMap<usize, f32> = BTreeMap::new();
        for ((position, item), (times, told)) in &seen {
            assert!(*told >= PROPENSITY_FLOOR);
            let (expected, side) = (ROUNDS as f32 * told, 5.0 * (ROUNDS as f32 * told * (1.0 - told)).sqrt());
            let is_so = (*times as f32 - expected).abs() <= side;
            assert!(is_so, "{}: item {item} at {position} was drawn {times} times, told {expected} ± {side}", case.name);
            *mass.entry(*position).or_default() += told;
        }
        assert!(mass.values().all(|sum| (sum - 1.0).abs() < 1e-4), "{}: all that may stand there sums to one: {mass:?}", case.name);
        assert!(!seen.is_empty() || case.ask.limit < 5, "{}: something was drawn", case.name);
    }
}

#[test]
fn pinned_and_drawn_items_keep_their_scores() {
    // Without categories variety takes nothing from anybody.
    let mut draft = draft();
    draft.items.iter_mut().for_each(|item| item.category = None);
    let model = || Model::parse(draft.to_bytes().expect("writes").0.into()).ok();
    let pins = r#"{"rules":[{"name":"a","do":"pin","items":["i11","i18"],"position":1}]}"#;
    let (plain, pinned) = (Shop::new(model(), [], Rules::default()), Shop::new(model(), [], serde_json::from_str(pins).expect("rules")));
    let page = |shop: &Shop, limit: usize, share: f32, seed: u64| {
        let ask = Ask { limit, discovery: Some(share), ..ask("product", Some(item(4))) };
        recommend(shop, &ask, &[], NOW, seed, &mut Scratch::default()).picks
    };
    let scores: BTreeMap<u32, f32> = page(&plain, 100, 0.0, 0).iter().map(|pick| (pick.item, pick.score)).collect();
    assert!(scores[&11] > scores[&18], "one of them has neighbours that speak for it: {scores:?}");
    for shop in [&plain, &pinned] {
        let mut moved: Vec<u32> = Vec::new();
        for pick in (0..200).flat_map(|seed| page(shop, 2, 0.5, seed)).chain(page(shop, 3, 0.0, 0)) {
            assert_eq!(pick.score, scores[&pick.item], "{pick:?}");
            moved.extend((is_drawn(&pick) || pick.why.code == Code::Pinned).then_some(pick.item));
        }
        assert!(moved.contains(&11) && moved.contains(&18), "{moved:?}");
    }
}
