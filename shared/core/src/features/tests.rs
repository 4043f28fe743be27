//! Features of histories with brands and categories, and cut-offs of made-up shops.

use super::*;
use crate::{
    catalog::Item,
    event::{Action, Authority, EmailAct, Event, OrderLine, Product, Traffic, Who},
    id::{CustomerId, EventId, ItemId, OrderId},
    model::{Draft, Model},
    money::Currency,
    persona::{Evidence, Measure, Span},
    profile::{Profile, Subject, refold},
    time::{DAY_MS, Timestamp},
};
use proptest::prelude::*;

fn item(id: &str, brand: &str, category: &str) -> Item {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Item { brand: some(brand), category: some(category), ..Item::bare(ItemId::new(id).expect("an id")) }
}

fn catalog() -> Model {
    let published = |item: Item| Item { published: Some(Timestamp(0)), ..item };
    let careful = Item { tags: vec!["Fair-Trade".to_owned()], ..published(item("a", "Kornhaus", "Baking/Tins")) };
    let items = vec![careful, item("b", "Kornhaus", "Baking"), item("c", "Nord", "Tea/Black"), item("d", "", "")];
    let draft = Draft { items, statistics: vec![crate::model::ItemStatistics::default(); 4], ..Draft::empty(Timestamp(0), Currency::EUR) };
    Model::parse(draft.to_bytes().expect("an artifact").0.into()).expect("a model")
}

/// Bought on days in a row, a line each.
fn bought(items: &[&str]) -> Profile {
    let line = |(day, item): (usize, &&str)| Event {
        id: EventId::new(&format!("e{day}")).expect("an id"),
        at: Timestamp(day as i64 * DAY_MS),
        authority: Authority::Import,
        source: "test".into(),
        who: Who { customer: CustomerId::new("ada").ok(), ..Who::default() },
        traffic: Traffic::Human,
        action: Action::Ordered(OrderLine {
            order: OrderId::new(&format!("o{day}")).expect("an id"),
            version: Timestamp(0),
            product: Some(Product::bare(ItemId::new(item).expect("an id"))),
            quantity: 1,
            paid_minor: 100,
            discount_minor: 0,
            currency: Currency::EUR,
            cancelled: false,
        }),
    };
    let events: Vec<Event> = items.iter().enumerate().map(line).collect();
    refold(Subject::Customer(CustomerId::new("ada").expect("an id")), &events)
}

#[test]
fn brands_and_categories_are_the_catalogs() {
    let (model, cut_offs, profile) = (catalog(), CutOffs::prior(Currency::EUR), bought(&["a", "b", "b", "c", "d", "gone"]));
    let facts = Facts::of(&profile, Basis { currency: Currency::EUR, cut_offs: &cut_offs, catalog: Some(&model) });
    let value = |feature: Feature| feature.value(&facts, Timestamp(10 * DAY_MS));
    assert_eq!((value(Feature::BrandShare), value(Feature::Brands)), (Some(0.75), Some(2.0)), "what has no brand is not counted");
    assert_eq!((value(Feature::CategoryShare), value(Feature::Categories)), (Some(0.75), Some(2.0)), "levels below the first are one");
    assert_eq!(facts.label(Label::TopBrand, Timestamp(0)), Some("Kornhaus"));
    assert_eq!(facts.label(Label::TopCategory, Timestamp(0)), Some("Baking"));
    let is_in = |id: &str, category: &str| facts.is_in(&ItemId::new(id).expect("an id"), category);
    assert!(is_in("a", "Baking") && is_in("a", "Baking/Tins") && !is_in("b", "Baking/Tins") && !is_in("gone", "Baking"));
    let blind = Facts::of(&profile, Basis { currency: Currency::EUR, cut_offs: &cut_offs, catalog: None });
    assert_eq!(Feature::BrandShare.value(&blind, Timestamp(0)), None, "without a catalog nothing is made up");
}

#[test]
fn who_buys_the_same_again_keeps_to_that_and_not_to_its_maker() {
    let (model, cut_offs) = (catalog(), CutOffs::prior(Currency::EUR));
    let told = |items: &[&str], measure: Measure| {
        let profile = bought(items);
        let facts = Facts::of(&profile, Basis { currency: Currency::EUR, cut_offs: &cut_offs, catalog: Some(&model) });
        Evidence::of(&facts, Span::Ever).0[measure as usize]
    };
    assert_eq!(told(&["b", "b", "b"], Measure::BrandBought), (0.0, 0.0), "one thing says nothing of its brand");
    assert_eq!(told(&["a", "b", "c"], Measure::BrandBought), (2.0 / 3.0, 2.0));
    assert_eq!(told(&["a", "b", "b", "b", "c"], Measure::BrandBought), (2.0 / 3.0, 2.0));
    assert_eq!(told(&["b", "b", "b"], Measure::Again), (2.0, 3.0));
    assert_eq!(told(&["b"], Measure::Again), (0.0, 0.0), "nor does a first order say that nothing is bought again");
}

#[test]
fn a_shop_that_nobody_buys_from_any_more_has_lapsed_customers() {
    let buyer = |days: u32| Buyer {
        days_since_order: 5_000.0 + f64::from(days),
        orders: 1 + days % 3,
        revenue_minor: 1_000,
        days_between_orders: (!days.is_multiple_of(3)).then_some(40.0),
    };
    let learned = CutOffs::learn(Currency::EUR, &(0..200).map(buyer).collect::<Vec<_>>());
    assert_eq!((learned.learned_from, learned.lapsed_days), (200, 730));
}

#[test]
fn who_did_nothing_has_no_made_up_numbers() {
    let profile = bought(&[]);
    let cut_offs = CutOffs::prior(Currency::EUR);
    let facts = Facts::of(&profile, Basis { currency: Currency::EUR, cut_offs: &cut_offs, catalog: None });
    for feature in Feature::ALL {
        let value = feature.value(&facts, Timestamp(0));
        assert!(value.is_none_or(f64::is_finite), "{}: {value:?}", feature.name());
    }
    assert_eq!(Feature::DaysSinceOrder.value(&facts, Timestamp(0)), None);
    assert_eq!(Feature::Orders.value(&facts, Timestamp(0)), Some(0.0));
}

/// Somebody of whom everything can be told.
fn somebody() -> Profile {
    let at = |id: usize, hour: i64, source: &str, action: Action| Event {
        id: EventId::new(&format!("h{id}")).expect("an id"),
        at: Timestamp(hour * DAY_MS / 24),
        authority: Authority::Webhook,
        source: source.into(),
        who: Who { customer: CustomerId::new("ada").ok(), ..Who::default() },
        traffic: Traffic::Human,
        action,
    };
    let product = |id: &str| Product::bare(ItemId::new(id).expect("an id"));
    let order = |number: usize, item: &str, discount_minor: i64| {
        Action::Ordered(OrderLine {
            order: OrderId::new(&format!("o{number}")).expect("an id"),
            version: Timestamp(0),
            product: Some(product(item)),
            quantity: 2,
            paid_minor: 300,
            discount_minor,
            currency: Currency::EUR,
            cancelled: false,
        })
    };
    let events = [
        at(0, 22, "segment", Action::Page { name: "/sale".into() }),
        at(1, 22, "segment", Action::Viewed(product("a"))),
        at(2, 22, "segment", Action::Coupon { code: "TEN".into(), applied: true }),
        at(3, 23, "shopify", order(1, "a", 100)),
        at(4, 24 * 30, "shopify", order(2, "b", 0)),
        at(5, 24 * 31, "klaviyo", Action::Email(EmailAct::Opened)),
        at(6, 24 * 31 - 2, "klaviyo", Action::Email(EmailAct::Delivered)),
        at(7, 24 * 32, "klaviyo", Action::Email(EmailAct::Delivered)),
        at(8, 24 * 33, "shopify", order(3, "a", 100)),
        at(9, 24 * 33, "shopify", order(3, "b", 0)),
    ];
    refold(Subject::Customer(CustomerId::new("ada").expect("an id")), &events)
}

#[test]
fn everything_can_be_told_of_somebody_and_is_finite() {
    let (model, profile) = (catalog(), somebody());
    let cut_offs = CutOffs::learn(Currency::EUR, &[]);
    let facts = Facts::of(&profile, Basis { currency: Currency::EUR, cut_offs: &cut_offs, catalog: Some(&model) });
    let value = |feature: Feature| feature.value(&facts, Timestamp(40 * DAY_MS));
    for feature in Feature::ALL {
        assert!(value(*feature).is_some_and(f64::is_finite), "{}: {:?}", feature.name(), value(*feature));
    }
    for (feature, expected) in [
        (Feature::ReducedShare, 0.5),
        (Feature::DiscountDepth, 0.25),
        (Feature::CouponsPerOrder, 1.0 / 3.0),
        (Feature::SalePages, 1.0),
        (Feature::ValuesShare, 0.5),
        (Feature::NewShare, 1.0),
        (Feature::QuickShare, 0.0),
        (Feature::HoursToBuy, 1.0),
        (Feature::NightShare, 1.0),
        (Feature::MailShare, 1.0 / 8.0),
        (Feature::MailOpenShare, 0.5),
        (Feature::Events, 8.0),
        // Thirty days, then three.
        (Feature::GapVariation, 13.5 / 16.5),
    ] {
        assert_eq!(value(feature), Some(expected), "{}", feature.name());
    }
}

#[test]
fn names_and_meanings_are_told_apart() {
    for (place, feature) in Feature::ALL.iter().enumerate() {
        assert_eq!(Feature::named(feature.name()), Some(*feature));
        assert!(Feature::ALL.iter().take(place).all(|other| other.name() != feature.name()) && feature.meaning().len() > 15, "{feature:?}");
    }
}

fn buyer(days: f64, orders: u32, revenue_minor: i64) -> Buyer {
    Buyer { days_since_order: days, orders, revenue_minor, days_between_orders: (orders > 1).then_some(40.0) }
}

#[test]
fn quintiles_are_learned_from_enough_customers() {
    let buyers: Vec<Buyer> = (0..100).map(|n| buyer(f64::from(n), 1 + n % 10, i64::from(n) * 100 + 1)).collect();
    let cut_offs = CutOffs::learn(Currency::EUR, &buyers);
    assert_eq!((cut_offs.recency_days, cut_offs.learned_from), ([20, 40, 60, 80], 100));
    assert_eq!(cut_offs.revenue_minor, [2_001, 4_001, 6_001, 8_001]);
    assert_eq!(cut_offs.orders, [3, 5, 7, 9]);
    assert_eq!(cut_offs.lapsed_days, 60);
    assert_eq!(CutOffs::learn(Currency::EUR, &buyers[..ENOUGH_BUYERS - 1]), CutOffs::prior(Currency::EUR));
    assert_eq!(CutOffs::prior("JPY".parse().expect("a currency")).order_value_minor, 10_000);
}

#[test]
fn who_ordered_once_like_everybody_is_not_frequent() {
    let buyers: Vec<Buyer> = (0..100).map(|n| buyer(f64::from(n), 1, 500)).collect();
    let cut_offs = CutOffs::learn(Currency::EUR, &buyers);
    assert_eq!((cut_offs.orders, cut_offs.frequency_score(1), cut_offs.frequency_score(5)), ([2, 3, 4, 5], 1.0, 5.0));
}

#[test]
fn cut_offs_that_shiver_are_the_same_to_customers() {
    let known = CutOffs {
        recency_days: [20, 50, 90, 200],
        revenue_minor: [1_000, 3_000, 9_000, 40_000],
        learned_from: 60,
        ..CutOffs::prior(Currency::EUR)
    };
    let near = CutOffs { recency_days: [20, 52, 90, 200], revenue_minor: [1_040, 3_000, 8_600, 40_000], learned_from: 64, ..known };
    assert!(known.is_near(&near) && near.is_near(&known));
    for other in [
        CutOffs { recency_days: [20, 53, 90, 200], ..known },
        CutOffs { orders: [2, 3, 4, 8], ..known },
        CutOffs { revenue_minor: [1_000, 3_000, 9_000, 43_000], ..known },
        CutOffs { order_value_minor: known.order_value_minor * 2, ..known },
        CutOffs { lapsed_days: 200, ..known },
        CutOffs { learned_from: 0, ..known },
    ] {
        assert!(!known.is_near(&other) && !other.is_near(&known), "{other:?}");
    }
}

proptest! {
    #[test]
    fn scores_are_one_to_five_and_better_is_never_worse(
        shop in proptest::collection::vec((0f64..2000.0, 1u32..60, -5_000i64..1_000_000), 0..200),
        days in 0f64..3000.0, orders in 1u32..100, revenue in -9_000i64..2_000_000,
    ) {
        let buyers: Vec<Buyer> = shop.into_iter().map(|(days, orders, revenue)| buyer(days.floor(), orders, revenue)).collect();
        let cut_offs = CutOffs::learn(Currency::EUR, &buyers);
        let scores = [cut_offs.recency_score(days), cut_offs.frequency_score(orders), cut_offs.monetary_score(revenue)];
        prop_assert!(scores.iter().all(|score| (1.0..=5.0).contains(score)), "{scores:?}");
        prop_assert!(cut_offs.recency_score(days + 1.0) <= scores[0]);
        prop_assert!(cut_offs.frequency_score(orders + 1) >= scores[1]);
        prop_assert!(cut_offs.monetary_score(revenue + 1) >= scores[2]);
    }
}

#[test]
fn the_docs_name_every_feature() {
    let docs = include_str!("../../../../docs/segments.md");
    let missing: Vec<&str> =
        Feature::ALL.iter().map(|feature| feature.name()).filter(|name| !docs.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/segments.md does not tell of {missing:?}");
}
