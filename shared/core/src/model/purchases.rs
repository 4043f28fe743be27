//! What else is bought by who bought an item: a sparse linear model of baskets, and how its word is weighed with the habit's.

use super::{
    ModelError,
    tensor::{Lists, Tensor, Tensors, check},
    widened,
};
use half::f16;
use serde::{Deserialize, Serialize};

/// How a customer's next purchase is ranked; what training found best for the shop, or these defaults.
///
/// With `h = times^0.5 2^(-days since last / half_life_days)` for an item bought before, the score of item `j` is
/// `A_j / max A + own O_j / max O`, where `A_j = (1 + trend_j)^trend max(0, sum_i h_i^0.5 w_ij + intercept b_j)` speaks for what goes with
/// the history, `b_j` being the share of customers who buy the item anyway, and `O_j = (1 + trend_j)^own_trend share_j^repeat min(1, (days since last + 1) / (interval_j + 1))^due ln(1 + h_j)` for buying
/// it again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NextPurchase {
    /// After so many days an earlier purchase counts half; above 0.
    pub half_life_days: f32,
    /// Weight of buying again beside what goes with the history, 0 or more.
    pub own: f32,
    /// Exponent of the trend in what goes with the history, 0 for none.
    pub trend: f32,
    /// Exponent of the trend in what is bought again.
    pub own_trend: f32,
    /// Exponent of the share of buyers who come back for the item.
    pub repeat: f32,
    /// Exponent of how much of the item's usual interval has passed, 0 for none.
    pub due: f32,
    /// Weight of what everybody buys anyway beside what goes with the history, 0 or more.
    pub intercept: f32,
}

impl Default for NextPurchase {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl NextPurchase {
    /// What serves a shop that has none of its own.
    pub const DEFAULT: Self = Self { half_life_days: 90.0, own: 2.0, trend: 0.75, own_trend: 0.15, repeat: 0.25, due: 0.0, intercept: 0.1 };

    /// Whether every number is one that a score can be made of.
    pub(super) fn is_sound(&self) -> bool {
        let exponents = [self.trend, self.own_trend, self.repeat, self.due];
        self.half_life_days.is_finite()
            && self.half_life_days > 0.0
            && [self.own, self.intercept].iter().all(|weight| (0.0..=1e6).contains(weight))
            && exponents.iter().all(|exponent| (0.0..=4.0).contains(exponent))
    }
}

/// The tensor of what is bought anyway; artifacts of earlier releases have none.
pub(super) const INTERCEPTS: &str = "purchase_intercept";

/// For each item the items that its purchase speaks for or against, in order of their indices.
#[derive(Clone, Debug)]
pub(super) struct Purchases {
    items: Lists,
    weights: Tensor<f16>,
    intercepts: Tensor<f16>,
}

impl Purchases {
    /// Nothing is said in an artifact that has no such table: older ones, and those of shops that sold nothing yet.
    pub(super) fn parse(tensors: &Tensors, count: usize) -> Result<Self, ModelError> {
        let intercepts = if tensors.has(INTERCEPTS) { tensors.numbers::<f16>(INTERCEPTS, Some(count))? } else { Tensor::none() };
        check(INTERCEPTS, intercepts.iter().all(|share| share.is_finite()), "has a share that is no number")?;
        // Schema 1 named them by their width.
        let items = ["purchase_items", "purchase_narrow", "purchase_wide"].into_iter().find(|name| tensors.has(name));
        let Some(items) = items else { return Ok(Self { items: Lists::none(), weights: Tensor::none(), intercepts }) };
        let items = Lists::parse_from(tensors, "purchase", items, count, count)?;
        let weights = tensors.numbers::<f16>("purchase_weights", Some(items.entries()))?;
        check("purchase_weights", weights.iter().all(|weight| weight.is_finite()), "has a weight that is no number")?;
        Ok(Self { items, weights, intercepts })
    }

    /// What is to be expected of item `index` whatever else was bought; 0 in artifacts that do not say.
    pub(super) fn intercept(&self, index: u32) -> f32 {
        self.intercepts.at(index).map_or(0.0, widened)
    }

    /// What buying item `index` says of others: (item, weight), none for an unknown index. Allocates nothing.
    pub(super) fn row(&self, index: u32) -> impl Iterator<Item = (u32, f32)> + '_ {
        self.items.weighed(index, &self.weights).map(|(item, weight)| (item, widened(weight)))
    }
}
