//! What a shop's own past taught about its customers' next weeks: a line in thirteen features, for a logarithm or for odds.

use super::features::{FEATURES, Features};
use serde::{Deserialize, Serialize};

/// A feature counts no further from its mean, in standard deviations: what was never seen is not gone on about.
const FURTHEST: f64 = 6.0;

/// A generalised linear model over standardised features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    /// What somebody average comes to.
    pub intercept: f64,
    /// Means of the features.
    pub means: [f64; FEATURES],
    /// Their standard deviations, above 0.
    pub spreads: [f64; FEATURES],
    /// What a standard deviation adds.
    pub slopes: [f64; FEATURES],
}

impl Regression {
    /// Whether all numbers are finite and every spread is above 0.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let mut numbers = [&self.means, &self.spreads, &self.slopes].into_iter().flatten();
        self.intercept.is_finite() && numbers.all(|number| number.is_finite()) && self.spreads.iter().all(|spread| *spread > 0.0)
    }

    /// How far each feature is from its mean, in standard deviations, within bounds.
    #[must_use]
    pub fn standardised(&self, features: &Features) -> [f64; FEATURES] {
        std::array::from_fn(|place| ((features.0[place] - self.means[place]) / self.spreads[place].max(1e-12)).clamp(-FURTHEST, FURTHEST))
    }

    /// The line's height: ln of a count, or ln of odds.
    #[must_use]
    pub fn height(&self, features: &Features) -> f64 {
        self.intercept + self.standardised(features).iter().zip(&self.slopes).map(|(feature, slope)| feature * slope).sum::<f64>()
    }
}
