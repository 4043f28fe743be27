//! What will this customer buy: the one scorer of next purchases, for lookups and for whatever measures them.
//!
//! Two voices, each brought to a maximum of one by the blend and then weighed: what goes with the history (a sparse linear model of
//! baskets in the manner of SLIM, Ning and Karypis 2011, and EASE, Steck 2019, times the trend), and what is bought again (decayed
//! personal frequency, Hu et al. 2020, times how usual that is). [`NextPurchase`] has the formulas.

use super::{Shop, candidates::is_habit, taste::Bought};
use crate::{
    model::{Model, NextPurchase},
    time::Timestamp,
};

/// The scorer of one lookup.
#[derive(Clone, Copy, Debug)]
pub(super) struct NextPurchases<'a> {
    shop: &'a Shop,
    model: &'a Model,
    parameters: NextPurchase,
    now: Timestamp,
}

impl<'a> NextPurchases<'a> {
    /// `None` before the first training.
    pub(super) fn new(shop: &'a Shop, now: Timestamp) -> Option<Self> {
        shop.model().map(|model| Self { shop, model, parameters: model.meta().next_purchase, now })
    }

    /// How present an earlier purchase is: the root of how often, halved with every half-life since the last.
    fn heat(&self, bought: &Bought) -> f32 {
        (bought.times as f32).sqrt() * (-self.days_since(bought) / self.parameters.half_life_days).exp2()
    }

    fn days_since(&self, bought: &Bought) -> f32 {
        self.now.days_since(bought.last_at).max(0.0) as f32
    }

    /// What one earlier purchase says of other items: (item, weight), some of them below 0.
    pub(super) fn after(&self, bought: &Bought) -> impl Iterator<Item = (u32, f32)> + use<'a> {
        let strength = self.heat(bought).sqrt();
        self.model.bought_after(bought.item).map(move |(item, weight)| (item, strength * weight))
    }

    /// What is to be expected of an item whatever was bought.
    pub(super) fn anyway(&self, item: u32) -> f32 {
        self.parameters.intercept * self.model.bought_anyway(item)
    }

    /// What the sum over a history makes of an item, now that the trend has its say; 0 or more.
    pub(super) fn fitting(&self, item: u32, sum: f32) -> f32 {
        sum.max(0.0) * self.shop.lift(item)
    }

    /// How much an earlier purchase speaks for another one of the same.
    pub(super) fn again(&self, bought: &Bought) -> f32 {
        let share = self.model.repeat(bought.item).share.max(f32::MIN_POSITIVE);
        let trend = 1.0 + self.model.trending(bought.item).max(0.0);
        let due = ((self.days_since(bought) + 1.0) / (self.model.repeat(bought.item).median_days + 1.0)).min(1.0);
        let habit = self.heat(bought).ln_1p() * share.powf(self.parameters.repeat) * trend.powf(self.parameters.own_trend);
        habit * due.powf(self.parameters.due)
    }

    /// Whether the usual interval between purchases of the item has passed.
    pub(super) fn is_due(&self, bought: &Bought) -> bool {
        let interval_days = self.model.repeat(bought.item).median_days;
        interval_days > 0.0 && is_habit(self.model, bought.item) && self.days_since(bought) >= interval_days
    }

    /// Weight of buying again beside what goes with the history.
    pub(super) const fn own(&self) -> f32 {
        self.parameters.own
    }
}
