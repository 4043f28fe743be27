//! How a shop's evidence is weighed: learned on the shop's own newest past, and close to the defaults while that is small.
//!
//! | Question | What is learned | How |
//! |---|---|---|
//! | what is looked at next | the mix of the session table, what distance takes away, what returning and neighbours count | [`looks`]: expectation maximisation |
//! | what is bought next | half-life, weight of buying again, the trend's exponents | [`purchases`]: one parameter after the other |
//! | what belongs on a product page, in a cart … | weights of the sources, what scores mean | [`placements`]: the same; logistic regression |
//!
//! Both learn from the choosing half of the [`crate::holdout`]; the other half judges.

pub(crate) mod looks;
pub(crate) mod placements;
pub(crate) mod purchases;

use crate::visits::Mix;
use rapport_core::model::{NextLook, NextPurchase, Placements};
use serde::Serialize;

/// All weights that a shop may have its own of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Weights {
    /// Shares of the estimates in the session table.
    pub mix: Mix,
    /// How a session's evidence is weighed.
    pub next_look: NextLook,
    /// How next purchases are ranked.
    pub next_purchase: NextPurchase,
    /// How sources are weighed by placement, and what scores mean.
    pub placements: Placements,
}

impl Weights {
    /// What serves a shop whose past is too short to choose by.
    pub const DEFAULT: Self =
        Self { mix: Mix::DEFAULT, next_look: NextLook::DEFAULT, next_purchase: NextPurchase::DEFAULT, placements: Placements::DEFAULT };
}
