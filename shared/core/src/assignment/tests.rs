//! What is said of one customer at once is what each part says alone.

use super::*;
use crate::{
    event::{Action, Authority, Event, OrderLine, Product, Traffic, Who},
    features::{Basis, CutOffs},
    id::{CustomerId, EventId, ItemId, OrderId},
    model::{Draft, ItemStatistics, Model},
    money::Currency,
    prediction::{BgNbd, Blend, GammaGamma, Horizon, Leads, Outlook, ParetoNbd, Rhythm, Shares, Tastes, WEEK_HOURS},
    profile::{Profile, Subject, refold},
};

const NOW: Timestamp = Timestamp(1_795_348_800_000);

fn tea() -> crate::catalog::Item {
    crate::catalog::Item::read(r#"{"id":"tea-1","title":"Tea","category":"Tea/Green"}"#).expect("an item")
}

fn model() -> Model {
    let blend = || Blend { shares: Shares { bg_nbd: 0.5, pareto_nbd: 0.5, regression: 0.0 }, regression: None, spread: 0.3 };
    let horizon = |days| Horizon { days, season: 0.0, count: blend(), chance: blend(), base: None, calibration: None, unsure: 0.0 };
    let outlook = Outlook {
        bg_nbd: BgNbd { r: 0.243, alpha_days: 30.9, a: 0.793, b: 2.426 },
        pareto_nbd: ParetoNbd { r: 0.553, alpha_days: 74.0, s: 0.606, beta_days: 81.7 },
        spend: GammaGamma { p: 6.25, q: 3.74, v_minor: 1_544.0 },
        learned_from: 9,
        usual: None,
        horizons: [7, 30, 90, 365].map(horizon).to_vec(),
    };
    let draft = Draft {
        items: vec![tea()],
        statistics: vec![ItemStatistics::default()],
        outlook: Some(outlook),
        tastes: Some(Tastes {
            categories: vec![("Cups".to_owned(), 0.7), ("Tea".to_owned(), 0.3)],
            half_trusted: 1.0,
            apart: 0.5,
            lines_a_day: 1.0,
            learned_from: 9,
            calibration_error: None,
        }),
        leads: Some(Leads { regression: None, trust: 0.0, base_rate: 0.1, spread: 0.3, learned_from: 9, calibration_error: None }),
        rhythm: Some(Rhythm { shop: vec![1.0 / WEEK_HOURS as f64; WEEK_HOURS], half_trusted: Some(5.0), learned_from: 9, gain: None }),
        ..Draft::empty(NOW, Currency::EUR)
    };
    Model::parse(draft.to_bytes().expect("an artifact").0.into()).expect("a model")
}

fn profile(bought: bool) -> Profile {
    let tea = Product::bare(ItemId::new("tea-1").expect("an id"));
    let event = |number: i64| Event {
        id: EventId::new(&format!("e{number}")).expect("an id"),
        at: NOW.plus_days(-100 + 10 * number),
        authority: Authority::Backend,
        source: "test".into(),
        who: Who { customer: CustomerId::new("ada").ok(), ..Who::default() },
        traffic: Traffic::Human,
        action: if bought {
            Action::Ordered(OrderLine {
                order: OrderId::new(&format!("o{number}")).expect("an id"),
                version: Timestamp(0),
                product: Some(tea.clone()),
                quantity: 1,
                paid_minor: 900,
                discount_minor: 0,
                currency: Currency::EUR,
                cancelled: false,
            })
        } else {
            Action::Viewed(tea.clone())
        },
    };
    refold(Subject::Customer(CustomerId::new("ada").expect("an id")), &(0..9).map(event).collect::<Vec<_>>())
}

#[test]
fn all_of_it_is_what_each_part_says() {
    let (model, cut_offs, segments) = (model(), CutOffs::prior(Currency::EUR), Segments::with(Vec::new()));
    let basis = Basis { currency: Currency::EUR, cut_offs: &cut_offs, catalog: Some(&model) };
    let buyer = profile(true);
    let facts = Facts::of(&buyer, basis);
    let told = Assignment::of(&facts, &segments, &Standing::default(), NOW);
    let outlook = model.meta().outlook.as_ref().expect("an outlook");
    let known = crate::prediction::Purchases::of(&buyer, Currency::EUR, NOW).expect("who bought");
    let alone: Vec<(u32, Foresight)> = outlook.foresee_all(&known).map(|(horizon, told)| (horizon.days, told)).collect();
    assert_eq!(told.foresights, alone);
    assert_eq!(told.standing, Standing::after(&Standing::default(), &segments, &facts, NOW));
    assert!(told.standing.membership("loyal").is_some(), "{:?}", told.standing);
    let (category, chance) = told.category.expect("a likeliest");
    assert!(category == "Tea" && chance.value < alone[2].1.chance.value, "own purchases outweigh everybody's: {category} {chance:?}");
    assert_eq!((told.persona, told.first_order), (None, None));
    let hour = told.send_time.expect("an hour");
    assert_eq!(hour.hour, 12, "they always order at noon: {hour:?}");
}

#[test]
fn who_never_bought_is_a_lead_and_without_a_model_there_are_segments_alone() {
    let (model, cut_offs, segments) = (model(), CutOffs::prior(Currency::EUR), Segments::with(Vec::new()));
    let basis = |catalog| Basis { currency: Currency::EUR, cut_offs: &cut_offs, catalog };
    let looker = profile(false);
    let lead = Assignment::of(&Facts::of(&looker, basis(Some(&model))), &segments, &Standing::default(), NOW);
    assert!(
        lead.first_order.is_some_and(|chance| (chance.value - 0.1).abs() < 1e-9) && lead.foresights.is_empty() && lead.category.is_none()
    );
    let buyer = profile(true);
    let bare = Assignment::of(&Facts::of(&buyer, basis(None)), &segments, &Standing::default(), NOW);
    assert!(bare.foresights.is_empty() && bare.send_time.is_none() && bare.standing.membership("loyal").is_some(), "{bare:?}");
}
