//! Rules about what the model says: who is meant, what is refused and how to mend it, and when the day or a training changes them.

use super::{HOUR_MS, START, folded, order, product};
use crate::{
    event::Action,
    features::{Basis, CutOffs, Facts},
    model::{Draft, Model},
    money::Currency,
    persona::{Archetype, Card, Cloud, Fit, MEASURES, Measure, Persona, Personas, Scale, THEMES, ThemeScale},
    prediction::{BgNbd, Blend, GammaGamma, Horizon, Leads, Outlook, ParetoNbd, Shares},
    profile::Profile,
    segment::{Rule, RuleError},
    time::{DAY_MS, Timestamp},
};

/// Who buys everything reduced is `p2`, an archetype; who buys nothing reduced is `p5`. Purchases are foreseen by BG/NBD and Pareto/NBD as
/// CDNOW has them; one in ten who look around will order.
fn model(created: Timestamp) -> Model {
    let persona = |id: &str, name: &str, archetype, place: f64| Persona {
        id: id.into(),
        name: name.to_owned(),
        archetype,
        cloud: Cloud { weight: 0.5, variance: 1.0, centre: std::iter::once(place).chain([0.0; THEMES]).take(THEMES).collect() },
        card: Card::default(),
    };
    let scale = |measure| Scale { usual: 0.5, median: 0.0, spread: if measure == Measure::Reduced as usize { 0.2 } else { 0.0 } };
    let personas = Personas {
        scales: (0..MEASURES).map(scale).collect(),
        themes: (0..THEMES).map(|theme| ThemeScale { median: 0.0, spread: 0.25, speaks: theme == 0 }).collect(),
        personas: vec![persona("p2", "Discount Seeker", Some(Archetype::DiscountSeeker), 3.0), persona("p5", "Steady", None, -3.0)],
        fit: Fit::default(),
        history: Vec::new(),
    };
    let blend = || Blend { shares: Shares { bg_nbd: 0.5, pareto_nbd: 0.5, regression: 0.0 }, regression: None, spread: 0.3 };
    let horizon = |days| Horizon { days, season: 0.0, count: blend(), chance: blend(), base: None, calibration: None, unsure: 0.0 };
    let outlook = Outlook {
        bg_nbd: BgNbd { r: 0.243, alpha_days: 30.9, a: 0.793, b: 2.426 },
        pareto_nbd: ParetoNbd { r: 0.553, alpha_days: 74.0, s: 0.606, beta_days: 81.7 },
        spend: GammaGamma { p: 6.25, q: 3.74, v_minor: 1_544.0 },
        learned_from: 2_357,
        usual: None,
        horizons: [7, 30, 90, 365].map(horizon).to_vec(),
    };
    let leads = Leads { regression: None, trust: 0.0, base_rate: 0.1, spread: 0.3, learned_from: 100, calibration_error: None };
    let draft = Draft { outlook: Some(outlook), leads: Some(leads), personas: Some(personas), ..Draft::empty(created, Currency::EUR) };
    Model::parse(draft.to_bytes().expect("an artifact").0.into()).expect("a model")
}

/// Twelve orders, one every ten days, each with as much off as asked.
fn regular(discount_minor: i64) -> Profile {
    let orders: Vec<(i64, Action)> =
        (0..12u8).map(|number| (i64::from(number) * 240, order(number, number, 2_000, discount_minor))).collect();
    folded(&orders)
}

/// The hour of the last of them.
const LAST: i64 = 11 * 240;

fn asked<T>(profile: &Profile, model: Option<&Model>, ask: impl FnOnce(&Facts<'_>) -> T) -> T {
    let cut_offs = CutOffs::prior(Currency::EUR);
    ask(&Facts::of(profile, Basis { currency: Currency::EUR, cut_offs: &cut_offs, catalog: model }))
}

fn rule(text: &str) -> Rule {
    Rule::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn rules_ask_what_the_model_says() {
    let model = model(START);
    let now = START.plus_ms((LAST + 24) * HOUR_MS);
    for (text, of_seeker, of_steady) in [
        ("persona = \"discount_seeker\"", true, false),
        ("persona = \"Discount Seeker\"", true, false),
        ("persona = \"p2\"", true, false),
        ("persona in (\"p5\", \"researcher\")", false, true),
        ("persona != \"discount_seeker\"", false, true),
        ("persona_strength > 0.9 and orders = 12", true, true),
        ("not persona_strength > 0", false, false),
        ("purchase_90d > 0.9 and churn_90d < 0.1", true, true),
        ("purchase_7d > 0.1 and purchase_7d < 0.9", true, true),
        ("orders_90d > 3 and value_minor_365d > 10000", true, true),
        ("first_order_30d > 0", false, false),
    ] {
        let told = |profile: &Profile, model: Option<&Model>| asked(profile, model, |facts| rule(text).holds(facts, now));
        assert_eq!((told(&regular(2_000), Some(&model)), told(&regular(0), Some(&model))), (of_seeker, of_steady), "{text}");
        assert_eq!(told(&regular(0), None), text.starts_with("not"), "without a model nothing is told: {text}");
    }
    let looks = folded(&[(0, Action::Viewed(product(1))), (1, Action::Viewed(product(2)))]);
    asked(&looks, Some(&model), |facts| {
        assert!(rule("first_order_30d >= 0.1 and first_order_30d < 0.11").holds(facts, now), "who looks around is a lead");
        for text in ["purchase_90d >= 0", "persona != \"p2\"", "churn_7d <= 1"] {
            assert!(!rule(text).holds(facts, now), "who never bought, and did little, passes no such test: {text}");
        }
    });
    let evidence = asked(&regular(2_000), Some(&model), |facts| rule("persona = \"p2\" and purchase_365d > 0.5").evidence(facts, now));
    let words: Vec<String> = evidence.iter().map(ToString::to_string).collect();
    assert_eq!(words, ["persona = \"p2\" (p2 Discount Seeker)", "purchase_365d > 0.5 (0.94)"]);
}

#[test]
fn what_cannot_be_asked_of_a_model_says_how_to_mend_it() {
    let error = |text: &str| Rule::parse(text).expect_err(text).to_string();
    for (text, says) in [
        ("purchase_60d > 0.5", "`purchase_60d` is not foreseen; there are `purchase_7d`, `purchase_30d`, `purchase_90d`, `purchase_365d`"),
        ("purchase_90d > 50", "`purchase_90d` lies between 0 and 1, and 50 does not; half is 0.5"),
        ("churn_90d = \"high\"", "`churn_90d` is a number; compare it with one"),
        ("value_365d_minor > 1", "nothing is called `value_365d_minor`; did you mean `value_minor_365d`?"),
        ("first_order_7d > 0.1", "a first order is foreseen for 30 days: `first_order_30d`"),
        ("persona = 2", "`persona` is a text; compare it with one in quotes"),
        (
            "persona = \"bargain hunters\"",
            "`bargain hunters` is no persona that stays; write an id as `GET /v1/personas` lists them, such as \"p2\", or one of \"discount_seeker\"",
        ),
        ("persona = \"unknown\"", "they are `not persona_strength > 0`"),
        ("personna = \"p2\"", "did you mean `persona`?"),
    ] {
        assert!(error(text).contains(says), "{text}: {}", error(text));
    }
    let personas = model(START).meta().personas.clone().expect("two");
    let missing = |text: &str| rule(text).missing_persona(&personas);
    assert_eq!(
        missing("orders > 1 and persona in (\"p2\", \"p9\")").as_deref(),
        Some("the shop has no persona \"p9\"; there are \"p2\" (Discount Seeker), \"p5\" (Steady)")
    );
    assert_eq!(missing("persona = \"researcher\"").as_deref().map(|words| words.contains("\"researcher\"")), Some(true));
    assert_eq!(missing("persona = \"P5\" or orders > 2"), None);
    assert_eq!(
        rule("persona = \"p9\"").missing_persona(&Personas { personas: Vec::new(), ..personas }),
        None,
        "a young shop may plan ahead"
    );
    let _: RuleError = Rule::parse("persona").expect_err("a test is missing");
}

/// Held against looking every hour of the next two days.
#[test]
fn what_is_foreseen_turns_at_midnight() {
    let (model, profile) = (model(START), regular(0));
    let rule = rule("purchase_30d < 0.5");
    assert!(rule.is_of_the_day() && rule.asks_model() && rule.needs_catalog());
    let turns = asked(&profile, Some(&model), |facts| {
        let mut turns = 0;
        for day in 0..120 {
            let now = START.plus_ms((LAST + day * 24 + 5) * HOUR_MS);
            let next = Timestamp((now.0.div_euclid(DAY_MS) + 1) * DAY_MS);
            let is_member = rule.holds(facts, now);
            let first = (1..48).map(|hour| next.plus_ms((hour - 24) * HOUR_MS)).find(|at| *at > now && rule.holds(facts, *at) != is_member);
            assert!(first.is_none_or(|at| at >= next), "within a day nothing changes");
            let told = rule.next_change_at(facts, now);
            assert_eq!(told, first.filter(|at| *at == next), "day {day}");
            turns += usize::from(told.is_some());
        }
        turns
    });
    assert_eq!(turns, 1, "who stays away falls below one half once");
}

#[test]
fn what_the_model_says_is_new_with_the_model_and_with_the_day() {
    let last_seen = START.plus_ms(LAST * HOUR_MS);
    let (now, trained) = (last_seen.plus_days(40).plus_ms(5 * HOUR_MS), last_seen.plus_days(30));
    let (profile, model) = (regular(0), model(trained));
    let since = |text: &str| asked(&profile, Some(&model), |facts| rule(text).unchanged_since(facts, now));
    assert_eq!(since("persona = \"p5\""), trained);
    assert_eq!(since("purchase_7d < 0.9"), Timestamp(now.0.div_euclid(DAY_MS) * DAY_MS));
    assert_eq!(since("orders > 2"), last_seen);
    let later = Model::clone(&model);
    let of = |days: i64| asked(&profile, Some(&later), |facts| rule("persona = \"p5\"").unchanged_since(facts, last_seen.plus_days(days)));
    assert_eq!(of(20), last_seen, "a model of tomorrow says nothing of today");
    assert!(!rule("persona = \"p5\" or persona_strength > 0.5").is_of_the_day(), "time alone makes nobody another shopper");
}
