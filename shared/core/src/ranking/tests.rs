mod habits;

use super::*;
use crate::{
    catalog::{Item, Listing},
    event::{Action, Authority, Event, OrderLine, Product, Refund, Traffic, Who},
    id::{CustomerId, EventId, OrderId},
    model::{Calibration, Draft, ItemStatistics, Model, Neighbour, Repeat},
    money::Currency,
    profile::{Subject, refold},
    rules::Rules,
};
use proptest::{prelude::prop, prop_assert, prop_assert_eq, proptest};
use std::collections::BTreeMap;

mod chance;
mod guards;

const NOW: Timestamp = Timestamp(1_795_348_800_000);

fn id(text: &str) -> ItemId {
    ItemId::new(text).expect("an id")
}

fn item(number: usize) -> ItemId {
    id(&format!("i{number:02}"))
}

/// Twenty items in four categories; `i00` sells best. Neighbours by hand.
fn draft() -> Draft {
    let count = 20;
    let category = |number: usize| ["Baking/Tins", "Baking/Flour", "Tea", "Gifts"].get(number % 4).map(|name| (*name).to_owned());
    let items = (0..count).map(|number| Item {
        title: Some(format!("Item {number}")),
        category: category(number),
        price_minor: Some(100 * number as i64),
        currency: Some(Currency::EUR),
        in_stock: number != 19,
        ..Item::bare(item(number))
    });
    let statistics = (0..count).map(|number| ItemStatistics {
        trending: (count - number) as f32,
        popularity: (count - number) as f32,
        // Flour is bought again and again.
        repeat: Repeat { share: if number % 4 == 1 { 0.6 } else { 0.05 }, median_days: 20.0 },
    });
    let row = |number: usize, near: &[(u32, f32, u32)], of: usize| {
        if number == of {
            near.iter().map(|(item, weight, supporters)| Neighbour { item: *item, weight: *weight, supporters: *supporters }).collect()
        } else {
            Vec::new()
        }
    };
    let table = |of: usize, near: &[(u32, f32, u32)]| (0..count).map(|number| row(number, near, of)).collect::<Vec<Vec<Neighbour>>>();
    Draft {
        items: items.collect(),
        statistics: statistics.collect(),
        tables: BTreeMap::from([
            (Table::Session, table(4, &[(8, 0.9, 9), (12, 0.8, 2), (16, 0.99, 1), (19, 0.95, 9)])),
            (Table::Together, table(4, &[(7, 3.0, 5), (11, 2.0, 5)])),
        ]),
        purchases: (0..count).map(|number| if number == 2 { vec![(6, 0.5), (10, 0.4), (14, -0.5)] } else { Vec::new() }).collect(),
        learned_from: [9, 99, 9, 9],
        ..Draft::empty(NOW, Currency::EUR)
    }
}

fn shop_with(rules: &str) -> Shop {
    let model = Model::parse(draft().to_bytes().expect("writes").0.into()).expect("reads");
    let rules: Rules = serde_json::from_str(rules).expect("rules");
    Shop::new(Some(model), [], rules.checked().expect("valid rules"))
}

fn shop() -> Shop {
    shop_with("{}")
}

fn ask(placement: &str, item: Option<ItemId>) -> Ask {
    Ask { placement: placement.into(), item, limit: 5, ..Ask::default() }
}

fn answer(shop: &Shop, ask: &Ask, profiles: &[&Profile]) -> Answer {
    recommend(shop, ask, profiles, NOW, 7, &mut Scratch::default())
}

fn names(shop: &Shop, answer: &Answer) -> Vec<String> {
    answer.picks.iter().filter_map(|pick| shop.item(pick.item)).map(|item| item.id().to_owned()).collect()
}

/// A customer who bought these items, each so many days ago.
fn buyer(bought: &[(ItemId, i64)]) -> Profile {
    returner(bought, &[])
}

/// A customer who bought some items and sent some back, each so many days ago.
fn returner(bought: &[(ItemId, i64)], returned: &[(ItemId, i64)]) -> Profile {
    let customer = CustomerId::new("ada").expect("an id");
    let told = |id: String, days: i64, action: Action| Event {
        id: EventId::new(&id).expect("an id"),
        at: NOW.plus_days(-days),
        authority: Authority::Webhook,
        source: "shopify".into(),
        who: Who { customer: Some(customer.clone()), ..Who::default() },
        traffic: Traffic::Human,
        action,
    };
    let group = |name: String| OrderId::new(&name).expect("an id");
    let (currency, cancelled) = (Currency::EUR, false);
    let ordered = |(place, (item, days)): (usize, &(ItemId, i64))| {
        let (order, version, product) = (group(format!("o{place}")), NOW.plus_days(-days), Some(Product::bare(item.clone())));
        let line = OrderLine { order, version, product, quantity: 1, paid_minor: 100, discount_minor: 0, currency, cancelled };
        told(format!("e{place}"), *days, Action::Ordered(line))
    };
    let refunded = |(place, (item, days)): (usize, &(ItemId, i64))| {
        let (reference, version, product) = (Some(group(format!("r{place}"))), NOW.plus_days(-days), Some(Product::bare(item.clone())));
        let refund = Refund { order: None, reference, product, quantity: 1, amount_minor: 100, currency, version, cancelled };
        told(format!("f{place}"), *days, Action::Refunded(refund))
    };
    let events: Vec<Event> = bought.iter().enumerate().map(ordered).chain(returned.iter().enumerate().map(refunded)).collect();
    refold(Subject::Customer(customer), &events)
}

#[test]
fn a_product_page_shows_what_goes_with_the_product() {
    let shop = shop();
    let answer = answer(&shop, &ask("product", Some(item(4))), &[]);
    let shown = names(&shop, &answer);
    assert_eq!(answer.strategy, Strategy::Contextual);
    assert_eq!(shown.first().map(String::as_str), Some("i16"), "one visitor's pair may lead to the next look");
    for expected in ["i08", "i12", "i07", "i11"] {
        assert!(shown.iter().any(|name| name == expected), "{expected} in {shown:?}");
    }
    assert_eq!(
        answer.picks[0].why,
        Why { code: Code::ViewedTogether, evidence: vec!["i04".into()], text: "Often looked at with Item 4".into() }
    );
}

#[test]
fn equals_stand_in_the_order_of_their_ids() {
    let pair = |item| vec![Neighbour { item, weight: 1.0, supporters: 9 }];
    let rows = (0..20).map(|number| match number {
        5 => pair(14),
        6 => pair(13),
        _ => Vec::new(),
    });
    let draft = Draft { tables: BTreeMap::from([(Table::Together, rows.collect())]), ..draft() };
    let shop = Shop::new(Some(Model::parse(draft.to_bytes().expect("writes").0.into()).expect("reads")), [], Rules::default());
    // In either order of the cart: what is found first has no advantage.
    for cart in [[5, 6], [6, 5]] {
        let ask = Ask { cart: cart.map(item).to_vec(), ..ask("cart", None) };
        let taste = Taste::of(&shop, &ask, &[], NOW);
        let gate = Gate::new(&shop, &ask, &taste, NOW);
        let mut scratch = Scratch::default();
        scratch.gather_from(&shop, &ask, &taste, &gate, &[(Source::Near(Table::Together), 1.0)]);
        let best: Vec<(u32, f32)> = selection::best(&shop, &scratch, 5).iter().map(|choice| (choice.item, choice.score)).collect();
        assert_eq!(best, [(13, 0.5), (14, 0.5)]);
    }
}

#[test]
fn never_out_of_stock_nor_a_pair_of_one_person_nor_the_item_itself() {
    let shop = shop();
    let everything = Ask { limit: 100, ..ask("product", Some(item(4))) };
    let shown = answer(&shop, &everything, &[]);
    let reasons: BTreeMap<String, Code> = names(&shop, &shown).into_iter().zip(shown.picks.iter().map(|pick| pick.why.code)).collect();
    assert!(!reasons.contains_key("i19") && !reasons.contains_key("i04"));
    let similar = related(&shop, &item(4), Relation::Similar, 100, NOW, &mut Scratch::default());
    assert!(similar.iter().all(|pick| pick.item != 16), "one supporter is too few for a list of similar items");
    assert_eq!(reasons.len(), 18, "everything else in stock widens the answer");
}

#[test]
fn the_session_speaks_newest_first() {
    let shop = shop();
    let asked = Ask { session: vec![item(0), item(4)], ..ask("home", None) };
    let answer = answer(&shop, &asked, &[]);
    assert_eq!(answer.strategy, Strategy::Session);
    assert_eq!(names(&shop, &answer).first().map(String::as_str), Some("i16"));
    let ranked: Vec<u32> = next_look::Looks::default()
        .best(shop.model().expect("a model"), &next_look::session_of(&[0, 4]), 3)
        .iter()
        .map(|found| found.item)
        .collect();
    assert_eq!(ranked, [16, 19, 8], "the evaluated ranking");
    assert_eq!(
        answer.picks.iter().map(|pick| pick.item).take(3).collect::<Vec<_>>(),
        [16, 8, 0],
        "is the answer, but for what is sold out"
    );
}

#[test]
fn unknown_things_widen_the_answer() {
    let shop = shop();
    for asked in [
        ask("product", Some(id("nothing"))),
        ask("the shop's own place", None),
        Ask { category: Some("no such category".into()), ..ask("category", None) },
        Ask { session: vec![id("x")], cart: vec![id("y")], exclude: vec![id("z")], ..ask("cart", None) },
    ] {
        assert_eq!(answer(&shop, &asked, &[]).picks.len(), 5, "{asked:?}");
    }
    let narrow = Ask { category: Some("Baking".into()), limit: 6, ..ask("category", None) };
    let narrow = answer(&shop, &narrow, &[]);
    assert!(narrow.picks.iter().all(|pick| shop.item(pick.item).is_some_and(|item| item.is_in("Baking"))), "enough in the category");
}

#[test]
fn filters_and_exclusions_hold_even_when_little_is_left() {
    let shop = shop();
    let filter = Filter::parse("price_minor < 300").expect("a filter");
    let asked = Ask { filter: Some(filter), exclude: vec![item(0)], ..ask("home", None) };
    assert_eq!(names(&shop, &answer(&shop, &asked, &[])), ["i01", "i02"]);
}

#[test]
fn rules_are_obeyed() {
    let shop = shop_with(
        r#"{"rules":[
            {"name":"hero","do":"pin","items":["i13","i18"],"position":2,"placements":["home"]},
            {"name":"banned","do":"ban","items":["i00","i18"]},
            {"name":"ended","do":"ban","items":["i01"],"until":"2026-01-01"},
            {"name":"push","do":"boost","by":10,"items":["i03"]},
            {"name":"picks","do":"staff_pick","items":["i17"]}]}"#,
    );
    let answer = answer(&shop, &Ask { limit: 10, ..ask("home", None) }, &[]);
    let shown = names(&shop, &answer);
    assert_eq!(shown[0], "i03", "boosted");
    assert_eq!((shown[1].as_str(), answer.picks[1].why.code), ("i13", Code::Pinned));
    assert_eq!(answer.picks[1].why.evidence, ["hero"]);
    assert!(!shown.contains(&"i00".to_owned()) && !shown.contains(&"i18".to_owned()), "a ban beats a pin: {shown:?}");
    assert!(shown.contains(&"i01".to_owned()), "an ended rule is no rule");
    assert!(answer.picks.iter().any(|pick| pick.why.code == Code::StaffPick && pick.slot == Slot::Merchandised));
}

#[test]
fn discovery_draws_as_often_as_it_says() {
    let shop = shop();
    let asked = Ask { discovery: Some(0.4), limit: 5, ..ask("product", Some(item(4))) };
    let mut drawn: BTreeMap<(usize, u32), u32> = BTreeMap::new();
    let (mut propensity, rounds) = (0.0, 4_000);
    for seed in 0..rounds {
        let answer = recommend(&shop, &asked, &[], NOW, seed * 7_919, &mut Scratch::default());
        assert_eq!(answer.picks.iter().filter(|pick| pick.slot == Slot::Discovery).count(), 2);
        for (position, pick) in answer.picks.iter().enumerate().filter(|(_, pick)| pick.slot == Slot::Discovery) {
            propensity = pick.propensity;
            *drawn.entry((position, pick.item)).or_default() += 1;
        }
        assert!(answer.picks.iter().filter(|pick| pick.slot != Slot::Discovery).all(|pick| pick.propensity == 1.0));
    }
    assert!(propensity >= PROPENSITY_FLOOR);
    let (expected, error) = (rounds as f32 * propensity, 5.0 * (rounds as f32 * propensity * (1.0 - propensity)).sqrt());
    for (place, count) in &drawn {
        assert!((*count as f32 - expected).abs() < error, "{place:?} was drawn {count} times, expected {expected} ± {error}");
    }
    assert_eq!(drawn.len(), 2 * (1.0 / propensity).round() as usize, "every item of the pool, at every slot");
}

#[test]
fn the_callers_own_items_are_all_kept() {
    let shop = shop();
    let own = [id("unknown"), item(19), item(11), item(8), item(8)];
    let ranked = rank(&shop, &ask("product", Some(item(4))), &[], &own, NOW, &mut Scratch::default());
    assert_eq!(ranked.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["i19", "i08", "i11", "unknown"]);
}

#[test]
fn relations_are_for_strangers() {
    let shop = shop();
    let mut scratch = Scratch::default();
    let together = related(&shop, &item(4), Relation::Together, 10, NOW, &mut scratch);
    assert_eq!(together.iter().map(|pick| pick.item).collect::<Vec<_>>(), [7, 11]);
    let similar = related(&shop, &item(4), Relation::Similar, 10, NOW, &mut scratch);
    assert_eq!(similar.iter().map(|pick| pick.item).collect::<Vec<_>>(), [8, 12], "neither out of stock nor one person's pair");
    assert!(related(&shop, &id("nothing"), Relation::Similar, 10, NOW, &mut scratch).is_empty());
}

#[test]
fn a_shop_without_a_model_shows_its_newest() {
    let changes = (0..3).map(|number| Item { published: Some(NOW.plus_days(number)), ..Item::bare(item(number as usize)) });
    let shop = Shop::new(None, changes, Rules::default());
    let answer = answer(&shop, &ask("home", None), &[]);
    assert_eq!((names(&shop, &answer), answer.strategy), (vec!["i02".into(), "i01".into(), "i00".into()], Strategy::Popular));
}

#[test]
fn changes_lie_over_the_models_catalog() {
    let model = Model::parse(draft().to_bytes().expect("writes").0.into()).expect("reads");
    let sold_out = Item { in_stock: false, ..Item::bare(item(0)) };
    let shop = Shop::new(Some(model), [sold_out, Item::bare(id("brand-new"))], Rules::default());
    let shown = names(&shop, &answer(&shop, &Ask { limit: 100, ..ask("home", None) }, &[]));
    assert!(!shown.contains(&"i00".to_owned()) && shown.contains(&"brand-new".to_owned()));
}

#[test]
fn what_has_no_column_is_asked_of_model_and_catalog_alike() {
    let tagged =
        |item: Item, tag: &str| Item { tags: vec![tag.to_owned()], attributes: BTreeMap::from([("oven".into(), true.into())]), ..item };
    let items = draft().items.into_iter().enumerate();
    let items = items.map(|(number, item)| if number % 5 == 0 { tagged(item, "steel") } else { item }).collect();
    let model = Model::parse(Draft { items, ..draft() }.to_bytes().expect("writes").0.into()).expect("reads");
    let changes = [tagged(Item::bare(item(3)), "steel"), Item::bare(item(5)), tagged(Item::bare(id("new")), "steel")];
    let rules = r#"{"rules":[{"name":"steel","do":"ban","where":"tags = 'steel'","placements":["home"]}]}"#;
    let shop = Shop::new(Some(model), changes, serde_json::from_str(rules).expect("rules"));
    let steel = ["i00", "i03", "i10", "i15", "new"];
    let filtered = Ask { filter: Some(Filter::parse("tags = 'steel' and oven").expect("a filter")), limit: 50, ..ask("email", None) };
    let mut shown = names(&shop, &answer(&shop, &filtered, &[]));
    shown.sort_unstable();
    assert_eq!(shown, steel);
    let rest = names(&shop, &answer(&shop, &Ask { limit: 50, ..ask("home", None) }, &[]));
    assert!(rest.len() == 15 && steel.iter().all(|banned| !rest.contains(&(*banned).to_owned())), "{rest:?}");
}

#[test]
fn what_is_described_is_pinned_behind_what_is_named() {
    let shop = shop_with(
        r#"{"rules":[{"name":"flour","do":"pin","items":["i09","i01"],"where":"category = 'Baking/Flour' and price_minor < 1000","position":1}]}"#,
    );
    let shown = names(&shop, &answer(&shop, &Ask { limit: 6, ..ask("home", None) }, &[]));
    assert_eq!(shown.get(..3), Some(["i09", "i01", "i05"].map(str::to_owned).as_slice()));
}

#[test]
fn a_new_items_id_settles_ties_among_the_old_ones() {
    let pair = |item| Neighbour { item, weight: 1.0, supporters: 9 };
    let rows = (0..20).map(|number| if number == 5 { vec![pair(13), pair(14)] } else { Vec::new() });
    let draft = Draft { tables: BTreeMap::from([(Table::Together, rows.collect())]), statistics: vec![], ..draft() };
    let model = Model::parse(draft.to_bytes().expect("writes").0.into()).expect("reads");
    let shop = Shop::new(Some(model), [Item::bare(id("i13a")), Item::bare(id("a"))], Rules::default());
    let by_id = |places: &[u32]| places.iter().filter_map(|place| shop.item(*place)).map(|item| item.id().to_owned()).collect::<Vec<_>>();
    let favourites = by_id(shop.favourites());
    assert!(favourites.is_sorted() && favourites.len() == 21, "nothing else tells them apart: {favourites:?}");
    let picks = related(&shop, &item(5), Relation::Together, 9, NOW, &mut Scratch::default());
    assert_eq!(by_id(&picks.iter().map(|pick| pick.item).collect::<Vec<_>>()), ["i13", "i14"]);
}

#[test]
fn categories_nest_only_so_deep() {
    let endless = "a/".repeat(3_000);
    let item = Item { category: Some(endless.clone()), ..Item::bare(id("deep")) };
    let shop = Shop::new(None, [item], Rules::default());
    assert_eq!(shop.favourites_in("a").len(), 1);
    assert_eq!(shop.favourites_in(&endless).len(), 1, "by what is told apart of it");
    assert!(shop.favourites_in("b").is_empty());
}

proptest! {
    /// The heap against sorting everything.
    #[test]
    fn the_best_are_the_best(scores in prop::collection::vec(0u8..6, 1..200), limit in 1usize..20) {
        let draft = Draft {
            items: (0..scores.len()).map(|number| Item::bare(id(&format!("i{number:03}")))).collect(),
            tables: BTreeMap::from([(Table::Content, (0..scores.len()).map(|number| if number == 0 {
                let near = |(item, score): (u32, &u8)| Neighbour { item, weight: f32::from(*score), supporters: 0 };
                (0u32..).zip(&scores).skip(1).filter(|(_, score)| **score > 0).map(near).collect()
            } else {
                Vec::new()
            }).collect())]),
            ..Draft::empty(NOW, Currency::EUR)
        };
        let shop = Shop::new(Some(Model::parse(draft.to_bytes().expect("writes").0.into()).expect("reads")), [], Rules::default());
        let mut scratch = Scratch::default();
        let found = related(&shop, &id("i000"), Relation::Similar, limit, NOW, &mut scratch);
        let mut expected: Vec<u32> = (1..scores.len() as u32).filter(|item| scores[*item as usize] > 0).collect();
        expected.sort_by_key(|item| (std::cmp::Reverse(scores[*item as usize]), *item));
        expected.truncate(limit);
        prop_assert_eq!(found.iter().map(|pick| pick.item).collect::<Vec<_>>(), expected.clone());
        // The strongest came first; whoever comes last must not be worse off.
        scratch.blend.candidates.reverse();
        prop_assert_eq!(selection::best(&shop, &scratch, limit).iter().map(|choice| choice.item).collect::<Vec<_>>(), expected);
    }

    /// Law 3, and the promises that hold whatever is asked.
    #[test]
    fn the_same_input_gives_the_same_answer(
        items in prop::collection::vec(0usize..25, 0..12), placement in 0usize..5, limit in 1usize..30, seed: u64, share in 0.0f32..0.5,
    ) {
        let shop = shop();
        let asked = Ask {
            placement: ["home", "product", "cart", "search", "email"][placement].into(),
            item: items.first().map(|number| item(*number)),
            cart: items.iter().skip(1).take(2).map(|number| item(*number)).collect(),
            session: items.iter().skip(3).map(|number| item(*number)).collect(),
            limit,
            discovery: Some(share),
            ..Ask::default()
        };
        let mut used = Scratch::default();
        let first = recommend(&shop, &asked, &[], NOW, seed, &mut used);
        prop_assert_eq!(&first, &recommend(&shop, &asked, &[], NOW, seed, &mut used));
        prop_assert_eq!(&first, &recommend(&shop, &asked, &[], NOW, seed, &mut Scratch::default()));
        let mut shown: Vec<u32> = first.picks.iter().map(|pick| pick.item).collect();
        shown.sort_unstable();
        shown.dedup();
        prop_assert_eq!(shown.len(), first.picks.len(), "no item twice");
        prop_assert!(first.picks.iter().all(|pick| (0.0..=1.0).contains(&pick.score) && pick.propensity >= PROPENSITY_FLOOR));
        let earned: Vec<f32> = first.picks.iter().filter(|pick| pick.slot != Slot::Discovery).map(|pick| pick.score).collect();
        prop_assert!(earned.is_sorted_by(|a, b| a >= b), "{earned:?}");
    }
}

#[test]
fn what_is_in_season_stands_among_a_strangers_favourites_only() {
    let draft = Draft { seasonal: vec![18, 19, 2], ..draft() };
    let shop = Shop::new(Model::parse(draft.to_bytes().expect("writes").0.into()).ok(), [], Rules::default());
    let answer = |ask: &Ask| recommend(&shop, ask, &[], NOW, 1, &mut Scratch::default()).picks;
    let home = answer(&ask("home", None));
    let seasonal: Vec<&Pick> = home.iter().filter(|pick| pick.why.code == Code::Seasonal).collect();
    assert_eq!(seasonal.first().map(|pick| pick.item), Some(18), "what sells worst but one, and is in season: {home:?}");
    assert!(home.iter().all(|pick| pick.item != 19), "what is out of stock is in no season");
    assert_eq!(home.first().map(|pick| pick.item), Some(0), "the bestseller stays ahead");
    let clicked = answer(&Ask { session: vec![item(4)], ..ask("home", None) });
    assert!(clicked.iter().all(|pick| pick.why.code != Code::Seasonal), "after a click their own doings speak: {clicked:?}");
}

#[test]
fn calibrated_scores_are_other_numbers_in_the_same_order() {
    let model = Model::parse(draft().to_bytes().expect("writes").0.into()).expect("reads");
    let mut placements = model.meta().placements;
    let calibration = Calibration { offset: -2.0, slope: 0.5 };
    placements.product.calibration = calibration;
    let (plain, calibrated) = (shop(), Shop::new(Some(model.placing(placements)), [], Rules::default()));
    let page = |shop: &Shop| answer(shop, &ask("product", Some(item(4))), &[]).picks;
    let expected: Vec<(u32, f32)> = page(&plain).iter().map(|pick| (pick.item, calibration.of(pick.score))).collect();
    assert_eq!(page(&calibrated).iter().map(|pick| (pick.item, pick.score)).collect::<Vec<_>>(), expected);
    let own = |shop: &Shop| rank(shop, &ask("product", Some(item(4))), &[], &[item(8), item(12)], NOW, &mut Scratch::default());
    let expected: Vec<(ItemId, f32)> = own(&plain).into_iter().map(|(id, score)| (id, calibration.of(score))).collect();
    assert_eq!(own(&calibrated), expected);
    assert_eq!(answer(&calibrated, &ask("home", None), &[]), answer(&plain, &ask("home", None), &[]), "another placement");
}

/// A new tin and a new tea came to the shop after the training.
fn shop_with_news(news: &[(&str, Option<&str>)], draft: Draft) -> Shop {
    let model = Model::parse(draft.to_bytes().expect("writes").0.into()).expect("reads");
    let came = news.iter().map(|(name, category)| Item { category: category.map(str::to_owned), ..Item::bare(id(name)) });
    Shop::new(Some(model), came, Rules::default())
}

#[test]
fn a_new_item_is_shown_to_who_deals_with_its_category() {
    let shop = shop_with_news(&[("tin", Some("Baking/Tins")), ("tea", Some("Tea"))], draft());
    let tins = buyer(&[(item(4), 30), (item(8), 20)]);
    let shown = |ask: Ask, profiles: &[&Profile]| {
        let picks = answer(&shop, &ask, profiles).picks;
        let new = picks.iter().filter(|pick| pick.why.code == Code::New);
        new.map(|pick| shop.item(pick.item).map_or_else(String::new, |item| item.id().to_owned())).collect::<Vec<String>>()
    };
    assert_eq!(shown(ask("product", Some(item(4))), &[]), ["tin"]);
    assert_eq!(shown(Ask { session: vec![item(2)], ..ask("home", None) }, &[]), ["tea"]);
    assert_eq!(shown(ask("home", None), &[&tins]), ["tin"]);
    assert_eq!(shown(Ask { category: Some("Baking".into()), ..ask("category", None) }, &[]), ["tin"]);
    assert!(shown(ask("home", None), &[]).is_empty(), "nothing is known of a stranger");
    assert!(shown(Ask { exclude: vec![id("tin")], ..ask("product", Some(item(4))) }, &[]).is_empty(), "excluded");
    assert!(shown(Ask { session: vec![item(3)], ..ask("home", None) }, &[]).is_empty(), "gifts have nothing new");

    let page = answer(&shop, &Ask { limit: 10, discovery: Some(0.2), ..ask("product", Some(item(4))) }, &[]).picks;
    let new = page.iter().find(|pick| pick.why.code == Code::New).expect("the tin");
    assert_eq!((new.propensity, new.slot, new.why.evidence.as_slice()), (1.0, Slot::Contextual, ["i04".to_owned()].as_slice()));
    assert_eq!(page.iter().filter(|pick| pick.slot == Slot::Discovery).count(), 2, "what is drawn stays drawn");
    assert_eq!((page.len(), page.iter().position(|pick| pick.why.code == Code::New)), (10, Some(8)), "last of what is not drawn");
}

#[test]
fn of_new_items_those_come_first_that_are_like_what_is_at_hand() {
    let like = |of: usize| Neighbour { item: of as u32, weight: 0.9, supporters: 0 };
    let rows = (0..20).map(|number| if number == 4 { vec![like(18)] } else { Vec::new() }).collect();
    let mut draft = draft();
    draft.tables.insert(Table::Content, rows);
    // Nobody has dealt with i18; i17 is as little known and has been there for long.
    draft.statistics[18].popularity = 0.0;
    draft.statistics[17].popularity = 0.0;
    draft.items[17].published = Some(NOW.plus_days(-300));
    let shop = shop_with_news(&[("tin", Some("Baking/Tins"))], draft);
    let news = |limit: usize| {
        let picks = answer(&shop, &Ask { limit, ..ask("product", Some(item(4))) }, &[]).picks;
        picks.into_iter().filter(|pick| shop.is_newcomer(pick.item)).map(|pick| pick.item).collect::<Vec<u32>>()
    };
    assert!(shop.is_newcomer(18) && shop.is_newcomer(20) && !shop.is_newcomer(17));
    assert_eq!((news(5), news(4)), (vec![18], Vec::new()));
}
