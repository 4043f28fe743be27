//! What a customer is likely to do next, as the living profile shows it.
//!
//! | Name | Means |
//! |---|---|
//! | `purchase_7d` … `purchase_365d` | the chance of a purchase within so many days |
//! | `orders_…` | days with a purchase to be expected in them |
//! | `value_minor_…` | what they are worth together, in the shop's currency |
//! | `churn_…` | the chance that no purchase comes |
//! | `next_order` | the day by which half of such customers have bought again; absent where most never do within a year |
//!
//! Each has the interval that the shop's own past gives it, and how many customers it was learned from.

use rapport_core::{
    money::Currency,
    prediction::{Foresight, Outlook, Purchases, Ranged},
    profile::Profile,
    time::Timestamp,
};
use serde_json::{Map, Value as Json, json};

/// What `outlook` says of `profile` at `now`; null for who never bought and where nothing was learned.
#[must_use]
pub(crate) fn predictions(profile: &Profile, outlook: Option<&Outlook>, currency: Currency, now: Timestamp) -> Json {
    let Some((outlook, known)) = outlook.zip(Purchases::of(profile, currency, now)) else { return Json::Null };
    let foreseen: Vec<(u32, Foresight)> = outlook.foresee_all(&known).collect();
    let mut told = Map::new();
    let mut tell = |name: String, Ranged { value, low, high }: Ranged| {
        told.insert(name, json!({ "value": value, "low": low, "high": high, "learned_from": outlook.learned_from }));
    };
    for (days, Foresight { purchase_days, chance, value_minor }) in &foreseen {
        let chance = changed(chance, |chance| rounded(chance, 1e4));
        tell(format!("purchase_{days}d"), chance);
        tell(
            format!("churn_{days}d"),
            Ranged { value: rounded(1.0 - chance.value, 1e4), low: rounded(1.0 - chance.high, 1e4), high: rounded(1.0 - chance.low, 1e4) },
        );
        tell(format!("orders_{days}d"), changed(purchase_days, |days| rounded(days, 1e3)));
        tell(format!("value_minor_{days}d"), changed(value_minor, f64::round));
    }
    let chances = |read: fn(&Ranged) -> f64| foreseen.iter().map(|(days, told)| (f64::from(*days), read(&told.chance))).collect::<Vec<_>>();
    let day = |chances: Vec<(f64, f64)>| half_bought(&chances).map(|days| now.plus_days(days.ceil() as i64).day());
    if let Some(value) = day(chances(|chance| chance.value)) {
        // Who buys more surely buys sooner.
        let (low, high) = (day(chances(|chance| chance.high)), day(chances(|chance| chance.low)));
        told.insert("next_order".to_owned(), json!({ "value": value, "low": low, "high": high, "learned_from": outlook.learned_from }));
    }
    Json::Object(told)
}

/// After how many days a chance passes one half, between horizons by equal hazard a day; `None` where it never does.
fn half_bought(chances: &[(f64, f64)]) -> Option<f64> {
    let hazard = |chance: f64| -(1.0 - chance.min(1.0 - 1e-9)).ln();
    let half = hazard(0.5);
    let mut before = (0.0, 0.0);
    for (days, chance) in chances {
        let reached = hazard(*chance);
        if reached >= half {
            return Some(before.0 + (days - before.0) * (half - before.1) / (reached - before.1).max(1e-12));
        }
        before = (*days, reached.max(before.1));
    }
    None
}

fn changed(ranged: &Ranged, change: impl Fn(f64) -> f64) -> Ranged {
    Ranged { value: change(ranged.value), low: change(ranged.low), high: change(ranged.high) }
}

fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_have_bought_when_the_chance_passes_one_half() {
        // An equal hazard all along: ln 2 / 60 a day.
        let at = |days: f64| (days, 1.0 - (-days * 2f64.ln() / 60.0).exp());
        let told = half_bought(&[at(7.0), at(30.0), at(90.0), at(365.0)]).expect("within a year");
        assert!((told - 60.0).abs() < 1e-9, "{told}");
        assert_eq!(half_bought(&[(7.0, 0.1), (365.0, 0.4)]), None);
        assert!(half_bought(&[(7.0, 1.0)]).is_some_and(|days| days < 1.0));
    }
}
