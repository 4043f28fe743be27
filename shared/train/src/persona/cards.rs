//! Cards: what the customers of each persona add up to.

use super::{Shopper, scales::rounded, shopper::Stage};
use rapport_core::{
    money::Currency,
    persona::{Card, Category, Evidence, MEASURES, Measure, Personas, Portrait, Stages, Theme, telling},
    prediction::Clock,
    time::Timestamp,
};
use std::collections::BTreeMap;

/// So many categories are named.
const CATEGORIES: usize = 3;
/// How much a persona has grown is told over so many days.
const GROWTH_DAYS: f64 = 28.0;
/// Since a younger run than this nothing has grown.
const LEAST_GROWTH_DAYS: f64 = 7.0;
/// So many lines say what sets a persona apart.
const LINES: usize = 5;
/// A measure sets a persona apart from this ratio to the usual on, up or down.
const APART: f64 = 1.25;

/// How many belong to a persona, and how many to none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) enough: u64,
    pub(super) thin: u64,
    pub(super) unknown: u64,
}

/// Fills every card in. Each of `shoppers` stands for `each` customers.
pub(super) fn fill(
    personas: &mut Personas,
    (shoppers, each): (&[Shopper], f64),
    last: Option<&Personas>,
    currency: Currency,
    now: Timestamp,
) -> Counted {
    let mut members: BTreeMap<&str, Vec<&Shopper>> = BTreeMap::new();
    let mut counted = Counted::default();
    for shopper in shoppers {
        let is_enough = shopper.sketch.events >= rapport_core::persona::ENOUGH_EVENTS;
        counted.enough += u64::from(is_enough);
        counted.thin += u64::from(!is_enough);
        match personas.portrait(&shopper.sketch) {
            Portrait::Known(persona, _) => members.entry(&persona.id).or_default().push(shopper),
            Portrait::Unknown(_) => counted.unknown += u64::from(is_enough),
        }
    }
    let everybody: f64 = members.values().map(|members| members.len() as f64).sum();
    let revenue: i64 = members.values().flatten().map(|shopper| shopper.tells.revenue_minor).sum();
    // Where the shop tells of anybody who was brought, who is not told of was not.
    let tells_referrals = shoppers.iter().any(|shopper| shopper.tells.referred == Some(true));
    let cards: Vec<Card> = personas
        .personas
        .iter()
        .map(|persona| {
            let own = members.get(persona.id.as_str()).map(Vec::as_slice).unwrap_or_default();
            let share = if everybody > 0.0 { own.len() as f64 / everybody } else { 0.0 };
            let before = last.and_then(|last| share_before(last, &persona.id, now));
            Card {
                share: rounded(share),
                growth: before.map(|before| rounded(share - before)),
                revenue_share: (revenue > 0).then(|| rounded(sum(own, |tells| tells.revenue_minor as f64) / revenue as f64)),
                referral: (tells_referrals && !own.is_empty()).then(|| rounded(referred(own) / own.len() as f64)),
                apart: apart(personas, own, persona.cloud.centre.as_slice(), currency),
                ..card(own, each)
            }
        })
        .collect();
    personas.personas.iter_mut().zip(cards).for_each(|(persona, card)| persona.card = card);
    counted
}

/// The share of the persona called `id` a month ago; of a younger one as far back as it is known, a week at least.
fn share_before(last: &Personas, id: &str, now: Timestamp) -> Option<f64> {
    let known = || last.history.iter().filter(|past| past.id == id && now.days_since(past.at) >= LEAST_GROWTH_DAYS);
    let month_ago = known().filter(|past| now.days_since(past.at) >= GROWTH_DAYS).max_by_key(|past| past.at);
    month_ago.or_else(|| known().min_by_key(|past| past.at)).map(|past| past.share)
}

/// What can be told of members alone.
fn card(members: &[&Shopper], each: f64) -> Card {
    let count = members.len() as f64;
    let orders = sum(members, |tells| f64::from(tells.orders));
    let revenue = sum(members, |tells| tells.revenue_minor as f64);
    let (reduced, lines) = (sum(members, |tells| tells.reduced_lines), sum(members, |tells| tells.lines));
    let retained: Vec<bool> = members.iter().filter_map(|shopper| shopper.tells.retained).collect();
    let expected: Vec<f64> = members.iter().filter_map(|shopper| shopper.tells.expected_minor).collect();
    let mut gaps: Vec<f64> = members.iter().filter_map(|shopper| shopper.tells.days_between_orders).collect();
    gaps.sort_unstable_by(f64::total_cmp);
    let ratio = |part: f64, whole: f64| (whole > 0.0).then(|| rounded(part / whole));
    let mut clock = Clock::default();
    members.iter().for_each(|shopper| clock.add(&shopper.tells.clock));
    Card {
        people: (count * each).round() as u64,
        revenue_minor: (revenue * each).round() as i64,
        value_minor: ratio(revenue, count).map_or(0, |value| value.round() as i64),
        lifetime_value_minor: (!expected.is_empty()).then(|| ((revenue + expected.iter().sum::<f64>()) / count).round() as i64),
        order_value_minor: ratio(revenue, orders).map(|value| value.round() as i64),
        acquisition_cost_minor: acquisition_cost(members),
        retention: ratio(retained.iter().filter(|retained| **retained).count() as f64, retained.len() as f64),
        top_categories: categories(members),
        days_between_orders: gaps.get(gaps.len() / 2).copied().map(rounded),
        usual_hour: usual_hour(&clock),
        clock: Clock { hours: clock.hours.map(|count| rounded(count * each)), weekdays: clock.weekdays.map(|count| rounded(count * each)) },
        reduced_share: ratio(reduced, lines),
        discount_depth: ratio(sum(members, |tells| tells.reductions), reduced),
        coupons_per_order: ratio(sum(members, |tells| tells.coupons), orders),
        stages: stages(members, each),
        ..Card::default()
    }
}

fn sum(members: &[&Shopper], read: impl Fn(&super::shopper::Tells) -> f64) -> f64 {
    members.iter().map(|shopper| read(&shopper.tells)).sum()
}

fn acquisition_cost(members: &[&Shopper]) -> Option<i64> {
    let costs: Vec<f64> = members.iter().filter_map(|shopper| shopper.tells.acquisition_cost_minor).map(|cost| cost as f64).collect();
    (!costs.is_empty()).then(|| (costs.iter().sum::<f64>() / costs.len() as f64).round() as i64)
}

fn referred(members: &[&Shopper]) -> f64 {
    members.iter().filter(|shopper| shopper.tells.referred == Some(true)).count() as f64
}

fn categories(members: &[&Shopper]) -> Vec<Category> {
    let mut lines: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, count) in members.iter().flat_map(|shopper| &shopper.tells.categories) {
        *lines.entry(name).or_default() += u64::from(*count);
    }
    let all: u64 = lines.values().sum();
    let mut named: Vec<(&str, u64)> = lines.into_iter().collect();
    named.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    named
        .into_iter()
        .take(CATEGORIES)
        .map(|(name, count)| Category { name: name.to_owned(), share: rounded(count as f64 / all as f64) })
        .collect()
}

fn usual_hour(clock: &Clock) -> Option<u8> {
    let best = (0..24usize).max_by(|a, b| clock.hours[*a].total_cmp(&clock.hours[*b]).then(b.cmp(a)))?;
    (clock.hours[best] > 0.0).then_some(best as u8)
}

fn stages(members: &[&Shopper], each: f64) -> Stages {
    let at = |stage: Stage| (members.iter().filter(|shopper| shopper.tells.stage == stage).count() as f64 * each).round() as u64;
    Stages {
        looking: at(Stage::Looking),
        first_order: at(Stage::FirstOrder),
        coming_back: at(Stage::ComingBack),
        at_risk: at(Stage::AtRisk),
        lapsed: at(Stage::Lapsed),
    }
}

/// What sets the members apart, in words. Of a strong theme its measures come first, then whatever else differs by a quarter.
fn apart(personas: &Personas, members: &[&Shopper], centre: &[f64], currency: Currency) -> Vec<String> {
    let mut sums = Evidence([(0.0, 0.0); MEASURES]);
    for shopper in members {
        for ((part, whole), (own_part, own_whole)) in sums.0.iter_mut().zip(&shopper.sketch.ever.0) {
            (*part, *whole) = (*part + own_part, *whole + own_whole);
        }
    }
    let is_of_theme = |measure: Measure| {
        let strong = Theme::ALL.into_iter().zip(centre).filter(|(_, centre)| **centre >= 1.0);
        strong.flat_map(|(theme, _)| theme.parts()).any(|(part, _)| *part == measure)
    };
    let mut differing: Vec<(bool, f64, String)> = Measure::ALL
        .into_iter()
        // The card has its median, which is not the mean: two numbers for one thing confuse.
        .filter(|measure| *measure != Measure::Gap)
        .filter_map(|measure| {
            let (part, whole) = sums.0[measure as usize];
            let scale = personas.scales.get(measure as usize).filter(|scale| scale.spread > 0.0 && whole > 0.0)?;
            let ratio = (part / whole / scale.usual).max(1e-3).ln().abs();
            let line = telling(measure, part / whole, scale.usual, currency)?;
            (ratio >= APART.ln()).then_some((is_of_theme(measure), ratio, line))
        })
        .collect();
    differing.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)));
    differing.into_iter().take(LINES).map(|(_, _, line)| line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::persona::shopper::Tells;
    use rapport_core::persona::{Past, Sketch};

    #[test]
    fn growth_is_told_over_four_weeks() {
        let day = |day: i64| Timestamp(0).plus_days(day);
        let past = |at: i64, id: &str, share: f64| Past { at: day(at), id: id.into(), share, people: 1, revenue_minor: 0 };
        let history = vec![past(0, "p1", 0.5), past(7, "p1", 0.4), past(7, "p2", 0.1), past(30, "p1", 0.2), past(30, "p2", 0.3)];
        let last =
            Personas { scales: Vec::new(), themes: Vec::new(), personas: Vec::new(), fit: rapport_core::persona::Fit::default(), history };
        assert_eq!(share_before(&last, "p1", day(36)), Some(0.4));
        assert_eq!(share_before(&last, "p1", day(90)), Some(0.2));
        assert_eq!(share_before(&last, "p2", day(31)), Some(0.1), "younger than that: as far back as it is known");
        assert_eq!(share_before(&last, "p2", day(13)), None, "six days are nothing");
        assert_eq!(share_before(&last, "p3", day(31)), None);
    }

    #[test]
    fn what_winning_one_cost_is_the_mean_of_those_who_tell() {
        let shopper = |acquisition_cost_minor: Option<i64>, referred: Option<bool>| {
            let sketch = Sketch { events: 3, ever: Evidence([(0.0, 0.0); MEASURES]), lately: None };
            Shopper { sketch, tells: Tells { acquisition_cost_minor, referred, ..Tells::default() } }
        };
        let told = [shopper(Some(1_000), Some(true)), shopper(None, None), shopper(Some(2_500), Some(false))];
        let members: Vec<&Shopper> = told.iter().collect();
        assert_eq!((card(&members, 1.0).acquisition_cost_minor, referred(&members)), (Some(1_750), 1.0));
        assert_eq!(card(&members[1..2], 1.0).acquisition_cost_minor, None, "who tells nothing costs nobody knows what");
    }
}
