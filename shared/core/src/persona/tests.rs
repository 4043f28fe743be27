//! Portraits by made-up personas: right where it is plain, unknown where it is not, and never a number that cannot be.

use super::*;
use crate::money::Currency;
use proptest::prelude::*;

/// What is usual everywhere, and one persona at each of `places` on the theme of discounts.
fn personas(places: &[f64]) -> Personas {
    let at = |(number, place): (usize, &f64)| Persona {
        id: format!("p{number}").into(),
        name: format!("at {place}"),
        archetype: None,
        cloud: Cloud {
            weight: 1.0 / places.len() as f64,
            variance: 1.0,
            centre: std::iter::once(*place).chain(std::iter::repeat_n(0.0, THEMES - 1)).collect(),
        },
        card: Card::default(),
    };
    Personas {
        scales: vec![Scale { usual: 0.5, median: 0.0, spread: 0.2 }; MEASURES],
        themes: (0..THEMES).map(|theme| ThemeScale { median: 0.0, spread: 1.0, speaks: theme < 5 }).collect(),
        personas: places.iter().enumerate().map(at).collect(),
        fit: Fit::default(),
        history: Vec::new(),
    }
}

/// So many of so many order lines were reduced, at half the price, with a coupon each.
fn sketch(events: u64, reduced: f64, of: f64) -> Sketch {
    let mut evidence = Evidence([(0.0, 0.0); MEASURES]);
    for measure in [Measure::Reduced, Measure::Coupons, Measure::Depth, Measure::SalePages] {
        evidence.0[measure as usize] = (reduced, of);
    }
    Sketch { events, ever: evidence, lately: None }
}

#[test]
fn portraits_are_right_where_it_is_plain_and_unknown_where_it_is_not() {
    let personas = personas(&[0.0, 4.0]);
    assert_eq!(personas.portrait(&sketch(30, 20.0, 20.0)).id(), Some("p1"));
    assert_eq!(personas.portrait(&sketch(30, 10.0, 20.0)).id(), Some("p0"));
    assert_eq!(personas.portrait(&sketch(9, 20.0, 20.0)), Portrait::Unknown(Unknown::Thin));
    let crowd = super::tests::personas(&[1.9, 2.0, 2.1]);
    assert_eq!(crowd.portrait(&sketch(30, 20.0, 20.0)), Portrait::Unknown(Unknown::Unsure));
    let none = Personas { personas: Vec::new(), ..personas };
    assert_eq!(none.portrait(&sketch(30, 20.0, 20.0)), Portrait::Unknown(Unknown::NoPersonas));
}

#[test]
fn who_changed_is_what_they_do_lately_where_that_is_clear() {
    let personas = personas(&[0.0, 4.0]);
    let told = |lately: Sketch| {
        let sketch = Sketch { lately: Some(lately.ever), ..sketch(60, 20.0, 40.0) };
        personas.portrait(&sketch).id().map(str::to_owned)
    };
    assert_eq!(told(sketch(30, 20.0, 20.0)).as_deref(), Some("p1"));
    assert_eq!(told(sketch(30, 0.0, 0.0)).as_deref(), Some("p0"), "who does nothing lately is what they were");
}

#[test]
fn a_hint_of_another_persona_is_no_change() {
    let personas = personas(&[0.0, 4.0]);
    for reduced in 100..=200 {
        let lately = sketch(30, f64::from(reduced) / 10.0, 20.0).ever;
        // Of two round clouds of one size the odds follow from the place between them.
        let odds = (4.0 * personas.place(&lately)[0] - 8.0).exp();
        let changed = Sketch { lately: Some(lately), ..sketch(60, 20.0, 40.0) };
        assert_eq!(personas.portrait(&changed).id(), Some(if odds >= 60.0 { "p1" } else { "p0" }), "{odds}");
    }
}

#[test]
fn who_changed_is_told_by_what_they_do_lately_and_by_what_they_were() {
    let personas = personas(&[0.0, 4.0]);
    let changed = Sketch { lately: Some(sketch(30, 20.0, 20.0).ever), ..sketch(60, 20.0, 40.0) };
    let lines = personas.told(&personas.personas[1], &changed, Currency::EUR);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("100 % of purchases are reduced") || lines[1].starts_with("100 % of purchases are reduced"), "{lines:?}");
    assert_eq!(lines[2], "used to be: at 0");
    let steady = personas.told(&personas.personas[1], &sketch(30, 20.0, 20.0), Currency::EUR);
    assert!(
        steady.iter().all(|line| !line.starts_with("used to")) && steady.len() == 3,
        "who is as ever used to be nothing else: {steady:?}"
    );
    let as_ever = Sketch { lately: Some(sketch(30, 20.0, 20.0).ever), ..sketch(60, 40.0, 40.0) };
    assert_eq!(personas.told(&personas.personas[1], &as_ever, Currency::EUR), steady, "a past of more of the same is no change");
}

#[test]
fn the_words_are_a_shopkeepers() {
    for (measure, value, usual, words) in [
        (Measure::Reduced, 0.62, 0.23, Some("62 % of purchases are reduced (usual here: 23 %)")),
        (Measure::Gap, 3.12, 60.0, Some("orders every 3.1 days (usual here: 60)")),
        (Measure::Value, 12_345.0, 2_500.0, Some("123.45 EUR per order (usual here: 25.00 EUR)")),
        (Measure::ValuesPages, 0.0, 0.062, Some("no pages about the shop and its makers per visit (usual here: 0.06)")),
        (Measure::Coupons, 0.001, 0.002, None),
        (Measure::Depth, 0.0, 0.1, Some("pays list prices (usual here: 10 %)")),
        (Measure::Orders, 1.0, 6.84, Some("1 order (usual here: 6.8)")),
    ] {
        assert_eq!(telling(measure, value, usual, Currency::EUR).as_deref(), words);
    }
    let seeker = personas(&[4.0]);
    let lines = words::evidence(
        &sketch(30, 20.0, 20.0).ever,
        &seeker.scaled(&sketch(30, 20.0, 20.0).ever),
        &seeker.scales,
        &seeker.personas[0].cloud,
        Currency::EUR,
    );
    assert_eq!(lines.len(), 3);
    assert!(lines.contains(&"100 % of purchases are reduced (usual here: 50 %)".to_owned()), "{lines:?}");
}

#[test]
fn a_theme_speaks_where_enough_of_it_can_be_told() {
    assert!(Theme::Brand.can_speak(|measure| measure == Measure::BrandBought), "a shop without a beacon still has brands");
    assert!(!Theme::Impulse.can_speak(|measure| measure == Measure::Night), "who orders at night is not rash");
    assert_eq!(Measure::ALL.map(|measure| measure as usize), std::array::from_fn(|place| place));
    assert_eq!(Theme::ALL.map(|theme| theme as usize), std::array::from_fn(|place| place));
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(f64::MAX), Just(f64::MIN_POSITIVE), 0.0..1e9, -5.0..5.0]
}

proptest! {
    #[test]
    fn whatever_was_counted_a_chance_is_a_chance(parts in proptest::collection::vec((number(), number()), MEASURES), places in proptest::collection::vec(-5.0..5.0f64, 1..9)) {
        let evidence = Evidence(std::array::from_fn(|measure| parts[measure]));
        let personas = personas(&places);
        prop_assert!(personas.is_sound());
        prop_assert!(personas.place(&evidence).iter().all(|place| place.is_finite() && place.abs() <= 5.0));
        let (persona, chance) = personas.nearest(&personas.place(&evidence));
        prop_assert!(persona < places.len() && chance > 0.0 && chance <= 1.0 + 1e-12, "{chance}");
    }
}
