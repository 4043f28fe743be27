//! Where a shop's quintiles and value tiers begin: learned from its own customers, documented priors before there are enough of them.
//!
//! Recency, frequency and monetary value are scored from 1 to 5 by quintiles (Hughes 1994, Strategic Database Marketing). The tiers
//! are rules of thumb on top of them, tried in this order:
//!
//! | Tier | When |
//! |---|---|
//! | `lapsed` | no order for more than `lapsed_days` |
//! | `high` | revenue of the top fifth |
//! | `potential_high` | an order value of the top fifth, and ordered lately (recency score 4 or 5) |
//! | `new` | the first order is at most [`NEW_DAYS`] days old |
//! | `medium` | revenue above the lowest two fifths |
//! | `low` | everybody else with an order |

use super::{Facts, Feature};
use crate::{money::Currency, time::Timestamp};
use serde::{Deserialize, Serialize};

/// So many customers with an order make quintiles; with fewer the priors hold.
pub const ENOUGH_BUYERS: usize = 50;
/// How long a first order makes somebody new, in days.
pub(super) const NEW_DAYS: u32 = 30;
/// Nobody has lapsed sooner than this, in days, however fast a shop's customers come back.
const LAPSED_AT_LEAST: f64 = 60.0;
/// Cut-offs that differ by no larger share than this are the same to customers.
const NEAR: f64 = 0.05;
/// Everybody has lapsed after this, in days.
const LAPSED_AT_MOST: f64 = 730.0;

/// Where quintiles and tiers begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutOffs {
    /// Days since the last order that the scores 5, 4, 3 and 2 allow at most; rising.
    pub recency_days: [u32; 4],
    /// Orders that the scores 2, 3, 4 and 5 ask for at least; rising, the first at least 2.
    pub orders: [u32; 4],
    /// Revenue in minor units that the scores 2, 3, 4 and 5 ask for at least; rising.
    pub revenue_minor: [i64; 4],
    /// Revenue per order, in minor units, at which the top fifth begins.
    pub order_value_minor: i64,
    /// Days without an order after which somebody has lapsed.
    pub lapsed_days: u32,
    /// How many customers they were learned from; 0 for priors.
    pub learned_from: u64,
}

/// What somebody's worth rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Buyer {
    /// Whole days since the last order.
    pub days_since_order: f64,
    /// Orders that hold, 1 and up.
    pub orders: u32,
    /// In minor units of the shop's currency.
    pub revenue_minor: i64,
    /// Mean days between days with orders, where there are two.
    pub days_between_orders: Option<f64>,
}

/// How much somebody is worth to the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// Of the top fifth.
    High,
    /// Spends like the top fifth, but has not ordered often enough yet.
    PotentialHigh,
    /// In the middle two fifths.
    Medium,
    /// In the lowest two fifths.
    Low,
    /// Ordered for the first time lately.
    New,
    /// Has stayed away long.
    Lapsed,
}

impl Tier {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::High, Self::PotentialHigh, Self::Medium, Self::Low, Self::New, Self::Lapsed];

    /// What rules call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::PotentialHigh => "potential_high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::New => "new",
            Self::Lapsed => "lapsed",
        }
    }
}

impl Buyer {
    /// What `facts` say at `now`; `None` for who never ordered.
    #[must_use]
    pub fn of(facts: &Facts<'_>, now: Timestamp) -> Option<Self> {
        Some(Self {
            days_since_order: Feature::DaysSinceOrder.value(facts, now)?,
            orders: facts.totals().orders,
            revenue_minor: facts.revenue_minor(),
            days_between_orders: facts.days_between_orders(),
        })
    }

    fn order_value_minor(&self) -> i64 {
        self.revenue_minor / i64::from(self.orders.max(1))
    }
}

impl CutOffs {
    /// What holds before a shop's own customers say better: a gift or grocery shop's usual rhythm, and order values around 50 units
    /// of a currency like the euro (5,000 of one without decimals, such as the yen).
    #[must_use]
    pub fn prior(currency: Currency) -> Self {
        let minor = |units: i64| units * 10_i64.pow(currency.decimals().max(2));
        Self {
            recency_days: [30, 60, 120, 240],
            orders: [2, 3, 4, 7],
            revenue_minor: [25, 75, 150, 400].map(minor),
            order_value_minor: minor(100),
            lapsed_days: 180,
            learned_from: 0,
        }
    }

    /// The quintiles of `buyers`, in any order; the priors where they are fewer than [`ENOUGH_BUYERS`]. Lapsed is who stayed away
    /// longer than nine in ten of the mean waits of those who came back, 60 to 730 days, and not sooner than recency score 2.
    #[must_use]
    pub fn learn(currency: Currency, buyers: &[Buyer]) -> Self {
        let prior = Self::prior(currency);
        if buyers.len() < ENOUGH_BUYERS {
            return prior;
        }
        let mut days: Vec<i64> = buyers.iter().map(|buyer| buyer.days_since_order as i64).collect();
        let mut orders: Vec<i64> = buyers.iter().map(|buyer| i64::from(buyer.orders)).collect();
        let mut revenue: Vec<i64> = buyers.iter().map(|buyer| buyer.revenue_minor).collect();
        let mut order_value: Vec<i64> = buyers.iter().map(Buyer::order_value_minor).collect();
        [&mut days, &mut orders, &mut revenue, &mut order_value].into_iter().for_each(|values| values.sort_unstable());
        let mut waits: Vec<f64> = buyers.iter().filter_map(|buyer| buyer.days_between_orders).collect();
        waits.sort_unstable_by(f64::total_cmp);

        let small = |values: [i64; 4]| values.map(|value| u32::try_from(value.max(0)).unwrap_or(u32::MAX));
        let recency_days = small(rising(fifths(&days), 0));
        let waits_long = waits.get(waits.len() * 9 / 10).copied().filter(|_| waits.len() >= ENOUGH_BUYERS / 2);
        let lapsed_days = waits_long.map_or(prior.lapsed_days, |days| days.clamp(LAPSED_AT_LEAST, LAPSED_AT_MOST).ceil() as u32);
        Self {
            recency_days,
            orders: small(rising(fifths(&orders), 2)),
            revenue_minor: rising(fifths(&revenue), 1),
            order_value_minor: fifths(&order_value)[3].max(1),
            // In a shop that nobody has bought from for years everybody has lapsed.
            lapsed_days: lapsed_days.max(recency_days[2].min(LAPSED_AT_MOST as u32)),
            learned_from: buyers.len() as u64,
        }
    }

    /// Whether `other` is so close that nobody need be moved for it: every value within [`NEAR`], and neither learned where the other is
    /// not. Quintiles shiver from night to night; customers should not.
    #[must_use]
    pub fn is_near(&self, other: &Self) -> bool {
        let values = |cut_offs: &Self| {
            let counts = cut_offs.recency_days.into_iter().chain(cut_offs.orders).chain([cut_offs.lapsed_days]).map(i64::from);
            counts.chain(cut_offs.revenue_minor).chain([cut_offs.order_value_minor]).map(|value| value as f64).collect::<Vec<f64>>()
        };
        let near = |(one, other): (f64, f64)| (one - other).abs() <= NEAR * one.abs().max(other.abs());
        (self.learned_from == 0) == (other.learned_from == 0) && values(self).into_iter().zip(values(other)).all(near)
    }

    pub(super) fn recency_score(&self, days_since_order: f64) -> f64 {
        5.0 - self.recency_days.iter().filter(|days| days_since_order > f64::from(**days)).count() as f64
    }

    pub(super) fn frequency_score(&self, orders: u32) -> f64 {
        1.0 + self.orders.iter().filter(|least| orders >= **least).count() as f64
    }

    pub(super) fn monetary_score(&self, revenue_minor: i64) -> f64 {
        1.0 + self.revenue_minor.iter().filter(|least| revenue_minor >= **least).count() as f64
    }

    /// See the table at the head of this module.
    pub(super) fn tier(&self, buyer: &Buyer, days_since_first_order: f64) -> Tier {
        let [_, low_ends, _, high_begins] = self.revenue_minor;
        if buyer.days_since_order > f64::from(self.lapsed_days) {
            Tier::Lapsed
        } else if buyer.revenue_minor >= high_begins {
            Tier::High
        } else if buyer.order_value_minor() >= self.order_value_minor && self.recency_score(buyer.days_since_order) >= 4.0 {
            Tier::PotentialHigh
        } else if days_since_first_order <= f64::from(NEW_DAYS) {
            Tier::New
        } else if buyer.revenue_minor >= low_ends {
            Tier::Medium
        } else {
            Tier::Low
        }
    }
}

/// What the first, second, third and fourth fifth of sorted values end before; `values` is not empty.
fn fifths(values: &[i64]) -> [i64; 4] {
    [1, 2, 3, 4].map(|fifth| values.get(values.len() * fifth / 5).copied().unwrap_or_default())
}

/// Ties are parted: each cut is at least one more than the one before, the first at least `least`, so that all five scores exist.
fn rising(mut cuts: [i64; 4], least: i64) -> [i64; 4] {
    let mut floor = least;
    for cut in &mut cuts {
        *cut = (*cut).max(floor);
        floor = *cut + 1;
    }
    cuts
}
