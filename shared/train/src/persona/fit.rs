//! A run: from shoppers, and the personas of the run before, to personas with cards.

use super::{
    Params, Place, Shopper, cards,
    choose::{choose, without_outliers},
    mixture::improve,
    names,
    scales::{self, rounded},
    succeed::{self, Succession},
};
use rapport_core::{
    money::Currency,
    persona::{ENOUGH_EVENTS, Evidence, Fit, Outcome, Past, Persona, Personas},
    time::{DAY_MS, Timestamp},
};

/// What is usual is learned anew once so many times as many people are known as then.
const OUTGROWN: u64 = 3;

/// The personas of a shop, each of whose customers is one of `shoppers` or stands behind one: `each` behind each, at least 1. Where they are
/// too few for any, there are none; where they have become too few, the last run's stay.
#[must_use]
pub fn fit(shoppers: &[Shopper], each: f64, last: Option<&Personas>, currency: Currency, now: Timestamp, params: &Params) -> Personas {
    let enough: Vec<&Evidence> =
        shoppers.iter().filter(|shopper| shopper.sketch.events >= ENOUGH_EVENTS).map(|shopper| &shopper.sketch.ever).collect();
    let (people, known) = (drawn(&enough, params.most_people), (enough.len() as f64 * each).round() as u64);
    let held = last.filter(|last| !last.personas.is_empty());
    let mut personas = match held {
        Some(last) if known < OUTGROWN.saturating_mul(last.fit.people) || people.len() < params.fewest_people => {
            followed(last, &people, params)
        }
        _ if people.len() < params.fewest_people => none(last),
        _ => found((&people, known), held, params),
    };
    personas.personas.sort_by(|a, b| b.cloud.weight.total_cmp(&a.cloud.weight).then_with(|| a.id.cmp(&b.id)));
    names::distinct(&mut personas.personas, params);
    let counted = cards::fill(&mut personas, (shoppers, each), last, currency, now);
    let scaled = |count: u64| (count as f64 * each).round() as u64;
    let since = match personas.fit.outcome {
        Outcome::Kept | Outcome::Moved => personas.fit.since,
        Outcome::First | Outcome::Anew | Outcome::TooFew => now,
    };
    personas.fit =
        Fit { at: now, since, thin: scaled(counted.thin), unknown: scaled(counted.unknown), ..std::mem::take(&mut personas.fit) };
    personas.history = history(last, &personas.personas, now);
    personas
}

/// Evenly drawn, in their order.
fn drawn<'a>(all: &[&'a Evidence], most: usize) -> Vec<&'a Evidence> {
    let step = all.len().div_ceil(most.max(1)).max(1);
    all.iter().step_by(step).copied().collect()
}

/// No personas yet.
fn none(last: Option<&Personas>) -> Personas {
    let next_id = last.map_or(1, |last| last.fit.next_id);
    let fit = Fit { outcome: Outcome::TooFew, next_id, ..Fit::default() };
    Personas { scales: Vec::new(), themes: Vec::new(), personas: Vec::new(), fit, history: Vec::new() }
}

/// By the measure of this run's people, a sample of those who are `known` well enough.
fn found((people, known): (&[&Evidence], u64), last: Option<&Personas>, params: &Params) -> Personas {
    let (scales, themes) = scales::learn(people, params);
    let mut personas = Personas { scales, themes, ..none(last) };
    let speaking = personas.speaking();
    let places = scales::places(people, &personas.scales, &personas.themes);
    let Some(choice) = choose(&places, &speaking, params) else { return none(last) };
    let (kept, outliers) = without_outliers(&places, &choice.mixture.clouds, &speaking);
    let mixture = improve(choice.mixture.clouds, &kept, &speaking, params.first_rounds, params);
    let succession = match last {
        Some(last) => succeed::matched(last, &mixture, &speaking, params),
        None => succeed::first(&mixture, personas.fit.next_id, params),
    };
    take(&mut personas, succession);
    personas.fit =
        Fit { people: known, outliers, stability: rounded(choice.stability), silhouette: rounded(choice.silhouette), ..personas.fit };
    personas
}

/// By the measure of the last run, whose personas hold until others are clearly better.
fn followed(last: &Personas, people: &[&Evidence], params: &Params) -> Personas {
    let mut personas = last.clone();
    let speaking = last.speaking();
    let places: Vec<Place> = scales::places(people, &last.scales, &last.themes);
    if people.len() < params.fewest_people {
        personas.fit = Fit { outcome: Outcome::Kept, drift: 0.0, ..personas.fit };
        return personas;
    }
    let Some(choice) = choose(&places, &speaking, params) else { return personas };
    let (kept, outliers) = without_outliers(&places, &choice.mixture.clouds, &speaking);
    take(&mut personas, succeed::succeed(last, &choice, &kept, &speaking, params));
    personas.fit.outliers = outliers;
    if personas.fit.outcome == Outcome::Anew {
        personas.fit = Fit { stability: rounded(choice.stability), silhouette: rounded(choice.silhouette), ..personas.fit };
    }
    personas
}

fn take(personas: &mut Personas, succession: Succession) {
    let Succession { personas: found, outcome, drift, next_id } = succession;
    personas.personas = found.into_iter().map(stored).collect();
    personas.fit = Fit { outcome, drift: rounded(drift), next_id, ..std::mem::take(&mut personas.fit) };
}

/// With as many digits as are kept.
fn stored(mut persona: Persona) -> Persona {
    persona.cloud.weight = rounded(persona.cloud.weight.max(1e-6));
    persona.cloud.variance = rounded(persona.cloud.variance);
    persona.cloud.centre.iter_mut().for_each(|place| *place = rounded(*place));
    persona
}

/// The last runs', and this one's in place of another of the same week.
fn history(last: Option<&Personas>, personas: &[Persona], now: Timestamp) -> Vec<Past> {
    let week = |at: Timestamp| at.0.div_euclid(7 * DAY_MS);
    let mut history: Vec<Past> = last.map_or_else(Vec::new, |last| last.history.clone());
    history.retain(|past| week(past.at) != week(now));
    history.extend(personas.iter().map(|persona| Past {
        at: now,
        id: persona.id.clone(),
        share: persona.card.share,
        people: persona.card.people,
        revenue_minor: persona.card.revenue_minor,
    }));
    let excess = history.len().saturating_sub(Personas::HISTORY_KEPT);
    history.drain(..excess);
    history
}
