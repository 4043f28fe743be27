//! What a shopkeeper reads of a persona.

use crate::prediction::Clock;
use serde::{Deserialize, Serialize};

/// A persona's card. Money is in minor units of the shop's currency; shares are 0 to 1. What nobody knows is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// How many customers.
    pub people: u64,
    /// Of all who belong to a persona.
    pub share: f64,
    /// Paid less paid back, of all of them together.
    pub revenue_minor: i64,
    /// Of the revenue of all who belong to a persona; absent where that is nothing.
    pub revenue_share: Option<f64>,
    /// Paid so far by one of them, on average.
    pub value_minor: i64,
    /// The same and what a year is expected to bring, on average; absent where purchases are not predicted.
    pub lifetime_value_minor: Option<i64>,
    /// Of an order, on average; absent without one.
    pub order_value_minor: Option<i64>,
    /// What winning one of them cost on average, of those whose trait `acquisition_cost` tells it; absent where none does.
    pub acquisition_cost_minor: Option<i64>,
    /// Of those whose first order is more than 90 days old, the share that ordered within the last 90; absent where there is nobody.
    pub retention: Option<f64>,
    /// Of them, the share that another customer brought, by the trait `referred`; absent where the shop tells it of nobody.
    pub referral: Option<f64>,
    /// Its share of customers less that of four weeks ago, of a younger one less its first; absent in the first run.
    pub growth: Option<f64>,
    /// What they buy, most first, at most three.
    pub top_categories: Vec<Category>,
    /// Days from order to order, the median of those who came back; absent where nobody did.
    pub days_between_orders: Option<f64>,
    /// The hour of the day (UTC) at which most is done; absent where nothing is.
    pub usual_hour: Option<u8>,
    /// Their visits, orders and mails by hour of the day and by weekday (UTC).
    #[serde(default)]
    pub clock: Clock,
    /// Of order lines, the share that was reduced.
    pub reduced_share: Option<f64>,
    /// What was off reduced lines, on average.
    pub discount_depth: Option<f64>,
    /// Coupons entered, per order.
    pub coupons_per_order: Option<f64>,
    /// Where they stand.
    pub stages: Stages,
    /// What sets it apart from the shop's other customers, most first, at most five lines.
    pub apart: Vec<String>,
}

/// A top-level category, and its share of a persona's order lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Category {
    /// What the catalog calls it.
    pub name: String,
    /// 0 to 1.
    pub share: f64,
}

/// How many stand at each stage of the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stages {
    /// Looking, and have not ordered.
    pub looking: u64,
    /// Ordered once, and are not gone.
    pub first_order: u64,
    /// Ordered on several days, and keep their rhythm.
    pub coming_back: u64,
    /// Ordered on several days, and have waited more than twice as long as they use to.
    pub at_risk: u64,
    /// Have stayed away longer than the shop's customers do.
    pub lapsed: u64,
}
