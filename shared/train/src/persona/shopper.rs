//! A customer, cut down to what personas are learned and told from.

use rapport_core::{
    features::{Facts, Feature},
    persona::Sketch,
    prediction::{Clock, Outlook, Purchases},
    time::Timestamp,
};
use std::collections::BTreeMap;

/// How far ahead "a year" is, in days.
const YEAR_DAYS: u32 = 365;
/// Retention asks for orders within so many days.
const RETAINED_DAYS: f64 = 90.0;
/// Who has waited so many times their usual wait is at risk.
const OVERDUE: f64 = 2.0;

/// A customer at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Shopper {
    /// What personas are learned from, and nothing else.
    pub sketch: Sketch,
    pub(super) tells: Tells,
}

/// What cards add up.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tells {
    pub(super) revenue_minor: i64,
    pub(super) orders: u32,
    pub(super) expected_minor: Option<f64>,
    pub(super) days_between_orders: Option<f64>,
    /// Of who has been a customer for 90 days: whether they ordered in the last 90.
    pub(super) retained: Option<bool>,
    pub(super) stage: Stage,
    pub(super) clock: Clock,
    pub(super) categories: BTreeMap<String, u32>,
    pub(super) reduced_lines: f64,
    pub(super) lines: f64,
    pub(super) reductions: f64,
    pub(super) coupons: f64,
    pub(super) acquisition_cost_minor: Option<i64>,
    /// Whether somebody brought them; `None` where nobody told.
    pub(super) referred: Option<bool>,
}

/// Where somebody stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    #[default]
    Looking,
    FirstOrder,
    ComingBack,
    AtRisk,
    Lapsed,
}

impl Shopper {
    /// What `facts` say at `now`; `outlook` says what is to come.
    #[must_use]
    pub fn of(facts: &Facts<'_>, outlook: Option<&Outlook>, now: Timestamp) -> Self {
        let totals = facts.totals();
        let tally = &totals.habits.tally;
        let known_days = Feature::DaysSinceFirstOrder.value(facts, now).filter(|days| *days > RETAINED_DAYS);
        let silent_days = Feature::DaysSinceOrder.value(facts, now);
        let categories = facts.category_lines().iter().map(|(name, lines)| ((*name).to_owned(), *lines)).collect();
        Self {
            sketch: Sketch::of(facts),
            tells: Tells {
                revenue_minor: facts.revenue_minor(),
                orders: totals.orders,
                expected_minor: expected_minor(facts, outlook, now),
                days_between_orders: Feature::DaysBetweenOrders.value(facts, now),
                retained: known_days.zip(silent_days).map(|(_, silent)| silent <= RETAINED_DAYS),
                stage: Stage::of(facts, now),
                clock: Clock::of(&totals.habits),
                categories,
                reduced_lines: f64::from(tally.reduced_lines),
                lines: f64::from(tally.reduced_lines) + f64::from(tally.full_lines),
                reductions: tally.reductions_permille as f64 / 1000.0,
                coupons: f64::from(tally.coupons),
                acquisition_cost_minor: told(facts, "acquisition_cost").and_then(|cost| facts.currency().parse_minor(cost).ok()),
                referred: told(facts, "referred").map(|referred| referred == "yes"),
            },
        }
    }
}

impl Stage {
    fn of(facts: &Facts<'_>, now: Timestamp) -> Self {
        let silent_days = Feature::DaysSinceOrder.value(facts, now).unwrap_or_default();
        match facts.totals().order_days {
            0 => Self::Looking,
            _ if silent_days > f64::from(facts.cut_offs().lapsed_days) => Self::Lapsed,
            1 => Self::FirstOrder,
            _ if Feature::Overdue.value(facts, now).is_some_and(|overdue| overdue > OVERDUE) => Self::AtRisk,
            _ => Self::ComingBack,
        }
    }
}

fn told<'a>(facts: &'a Facts<'_>, name: &str) -> Option<&'a str> {
    facts.profile().traits.iter().find(|told| told.name == name).map(|told| told.value.as_str())
}

/// What the next year brings, in minor units; `None` where nobody can tell.
fn expected_minor(facts: &Facts<'_>, outlook: Option<&Outlook>, now: Timestamp) -> Option<f64> {
    let outlook = outlook?;
    let horizon = outlook.horizons.iter().find(|horizon| horizon.days == YEAR_DAYS)?;
    let known = Purchases::of(facts.profile(), facts.currency(), now)?;
    Some(outlook.foresee(&known, horizon).value_minor.value)
}
