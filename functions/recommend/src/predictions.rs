//! What a customer is likely to do next, as the living profile shows it.
//!
//! | Name | Of | Means |
//! |---|---|---|
//! | `purchase_7d` … `purchase_365d` | who bought | the chance of a purchase within so many days |
//! | `churn_…` | who bought | the chance that none comes |
//! | `orders_…` | who bought | days with a purchase to be expected in them |
//! | `value_minor_…` | who bought | what they are worth together, in the shop's currency |
//! | `next_order` | who bought | the day by which half of such customers have bought again; absent where most never do within a year |
//! | `next_category` | who bought | the likeliest category, and the chance of each of the likeliest |
//! | `first_order_30d` | who looks around | the lead score: the chance of a first order within thirty days |
//! | `send_time` | everybody | the hours of the week (UTC) at which they are at it |
//!
//! Each has an interval, the wider the less is known of the customer, and says how much it was learned from. Chances and sums tell what they
//! are for the shop's customers on average (`base_rate`), how far they were off on the shop's newest past (`calibration_error`), for which share
//! of customers the purchases of that past lay where 95 % were said to (`covered`), and what moves them most (`drivers`).

mod words;

use rapport_core::{
    assignment::CATEGORY_DAYS,
    features::Facts,
    model::Model,
    money::Currency,
    persona::{Personas, Portrait},
    prediction::{Bought, Clock, Foresight, Horizon, Interest, LEAD_DAYS, Moment, Outlook, Purchases, Ranged, Tastes},
    time::Timestamp,
};
use serde_json::{Map, Value as Json, json};

/// So many categories and hours are told.
const TOLD: usize = 3;
/// A fact is worth telling from this change of a chance on.
const TELLING: f64 = 0.005;

/// What the model says of the customer of `facts` at `now`. Null where nothing was learned, or they keep to themselves.
#[must_use]
pub(crate) fn predictions(facts: &Facts<'_>, may_personalize: bool, now: Timestamp) -> Json {
    let Some(model) = facts.model().filter(|_| may_personalize) else { return Json::Null };
    let currency = facts.currency();
    let mut told = Map::new();
    if let Some((outlook, known)) = model.meta().outlook.as_ref().zip(Purchases::of_totals(facts.totals(), currency, now)) {
        let foreseen: Vec<(&Horizon, Foresight)> = outlook.horizons.iter().zip(facts.foreseen(now).iter().map(|(_, told)| *told)).collect();
        purchases(&mut told, outlook, (&known, &foreseen), currency, now);
        told.extend(next_category(facts, model, &foreseen).map(|next| ("next_category".to_owned(), next)));
    }
    if let Some((leads, interest)) = model.meta().leads.as_ref().zip(Interest::of_totals(facts.profile(), facts.totals(), now)) {
        let drivers = leads.drivers(&interest).into_iter().map(|(sign, effect)| (effect, words::sign(sign, &interest)));
        let mut lead = ranged(leads.chance(&interest), |chance| rounded(chance, 1e4));
        lead["learned_from"] = leads.learned_from.into();
        lead["base_rate"] = json!({ "value": rounded(leads.base_rate, 1e4) });
        lead["calibration_error"] = leads.calibration_error.map(|error| rounded(error, 1e4)).into();
        lead["drivers"] = told_drivers(drivers);
        told.insert(format!("first_order_{LEAD_DAYS}d"), lead);
    }
    told.extend(send_time(facts, model).map(|best| ("send_time".to_owned(), best)));
    if told.is_empty() { Json::Null } else { Json::Object(told) }
}

/// Everything about purchases as such.
fn purchases(
    told: &mut Map<String, Json>,
    outlook: &Outlook,
    (known, foreseen): (&Purchases, &[(&Horizon, Foresight)]),
    currency: Currency,
    now: Timestamp,
) {
    for (horizon, foresight) in foreseen {
        let days = horizon.days;
        let drivers: Vec<(f64, String)> = outlook
            .drivers(known, horizon)
            .into_iter()
            .map(|driver| (driver.effect, words::fact(driver.fact, known, outlook.usual.as_ref(), currency)))
            .collect();
        let calibration = horizon.calibration;
        let mut tell = |name: &str, of: &dyn Fn(&Foresight) -> Ranged, round: fn(f64) -> f64, off: Option<f64>, sign: f64| {
            let mut one = ranged(of(foresight), round);
            one["learned_from"] = outlook.learned_from.into();
            one["base_rate"] = horizon.base.as_ref().map_or(Json::Null, |base| ranged(of(base), round));
            one["calibration_error"] = off.map(|off| rounded(off, 1e4)).into();
            one["covered"] = calibration.and_then(|kept| kept.covered).map(|share| rounded(share, 1e3)).into();
            one["drivers"] = told_drivers(drivers.iter().map(|(effect, text)| (sign * effect, text.clone())));
            told.insert(format!("{name}_{days}d"), one);
        };
        let (of_chance, of_total) = (calibration.map(|kept| kept.chance), calibration.map(|kept| kept.total));
        tell("purchase", &|told| told.chance, |chance| rounded(chance, 1e4), of_chance, 1.0);
        tell("churn", &|told| complement(told.chance), |chance| rounded(chance, 1e4), of_chance, -1.0);
        tell("orders", &|told| told.purchase_days, |days| rounded(days, 1e3), of_total, 1.0);
        tell("value_minor", &|told| told.value_minor, f64::round, of_total, 1.0);
    }
    let chances = |read: fn(&Ranged) -> f64| -> Vec<(f64, f64)> {
        foreseen.iter().map(|(horizon, told)| (f64::from(horizon.days), read(&told.chance))).collect()
    };
    let day = |chances: Vec<(f64, f64)>| half_bought(&chances).map(|days| now.plus_days(days.ceil() as i64).day());
    if let Some(value) = day(chances(|chance| chance.value)) {
        // Who buys more surely buys sooner.
        let (low, high) = (day(chances(|chance| chance.high)), day(chances(|chance| chance.low)));
        told.insert("next_order".to_owned(), json!({ "value": value, "low": low, "high": high, "learned_from": outlook.learned_from }));
    }
}

/// Which categories they will buy of; none where the catalog knows no categories.
fn next_category(facts: &Facts<'_>, model: &Model, foreseen: &[(&Horizon, Foresight)]) -> Option<Json> {
    let tastes = model.meta().tastes.as_ref()?;
    let horizons = &foreseen[..foreseen.partition_point(|(horizon, _)| horizon.days <= CATEGORY_DAYS)];
    let (_, furthest) = horizons.last()?;
    let chance = |(name, share): &(String, f64)| tastes.chance(*share, Bought::of(facts, name), furthest).value;
    let mut likely: Vec<(f64, &(String, f64))> = tastes.categories.iter().map(|category| (chance(category), category)).collect();
    likely.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.0.cmp(&b.1.0)));
    let category = |(_, category): &(f64, &(String, f64))| told_category(tastes, category, Bought::of(facts, &category.0), horizons);
    Some(json!({
        "value": likely.first()?.1.0,
        "categories": likely.iter().take(TOLD).map(category).collect::<Vec<_>>(),
        "learned_from": tastes.learned_from,
        "calibration_error": tastes.calibration_error.map(|error| rounded(error, 1e4)),
    }))
}

fn told_category(tastes: &Tastes, (name, share): &(String, f64), own: Bought, horizons: &[(&Horizon, Foresight)]) -> Json {
    let mut told = json!({ "category": name, "own_share": share_of(own), "usual_share": rounded(*share, 1e3) });
    for (horizon, foresight) in horizons {
        told[format!("purchase_{}d", horizon.days)] = ranged(tastes.chance(*share, own, foresight), |chance| rounded(chance, 1e4));
    }
    told
}

fn share_of(own: Bought) -> Json {
    if own.lines > 0.0 { rounded(own.of_category / own.lines, 1e3).into() } else { Json::Null }
}

/// The best hours of the week for a message.
fn send_time(facts: &Facts<'_>, model: &Model) -> Option<Json> {
    let rhythm = model.meta().rhythm.as_ref()?;
    let own = Clock::of(&facts.totals().habits);
    let everybody = model.meta().personas.as_ref().map(Personas::clock);
    let persona = match facts.portrait() {
        Portrait::Known(persona, _) => Some(persona),
        Portrait::Unknown(_) => None,
    };
    let members = persona.map(|persona| &persona.card.clock);
    let best = rhythm.week(&own, members.zip(everybody.as_ref())).best(TOLD);
    let hour = |moment: &Moment| {
        let mut told = ranged(moment.times, |times| rounded(times, 1e2));
        (told["weekday"], told["hour"]) = (moment.weekday_name().into(), moment.hour.into());
        told
    };
    let first = best.first()?;
    Some(json!({
        "value": first.to_string(),
        "zone": "UTC",
        "hours": best.iter().map(hour).collect::<Vec<_>>(),
        "learned_from": rhythm.learned_from,
        "own": own.occasions().round(),
        "persona": persona.map(|persona| &persona.id),
    }))
}

/// The facts that move a chance, most first.
fn told_drivers(drivers: impl Iterator<Item = (f64, String)>) -> Json {
    let telling = drivers.filter(|(effect, _)| effect.abs() >= TELLING).take(TOLD);
    Json::Array(telling.map(|(effect, text)| json!({ "effect": rounded(effect, 1e3), "text": text })).collect())
}

fn ranged(Ranged { value, low, high }: Ranged, round: impl Fn(f64) -> f64) -> Json {
    json!({ "value": round(value), "low": round(low), "high": round(high) })
}

fn complement(Ranged { value, low, high }: Ranged) -> Ranged {
    Ranged { value: 1.0 - value, low: 1.0 - high, high: 1.0 - low }
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
