//! A mixture of round clouds: normal distributions with a variance of their own that is the same in every direction (Celeux and Govaert
//! 1995, the model they call `[λ_k I]`).

use super::THEMES;
use serde::{Deserialize, Serialize};

/// One cloud.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cloud {
    /// The share of people in it, above 0 to 1.
    pub weight: f64,
    /// By theme: where its middle is; those that do not speak describe it and decide nothing.
    pub centre: Vec<f64>,
    /// In each direction, above 0.
    pub variance: f64,
}

impl Cloud {
    pub(super) fn is_sound(&self) -> bool {
        let positive = |number: f64| number.is_finite() && number > 0.0;
        positive(self.weight) && positive(self.variance) && self.centre.len() == THEMES && self.centre.iter().all(|place| place.is_finite())
    }
}

/// ln of the cloud's weight times its density at `place`, over the themes that speak.
#[must_use]
pub fn density(cloud: &Cloud, speaking: &[bool; THEMES], place: &[f64; THEMES]) -> f64 {
    let (mut directions, mut distance) = (0.0, 0.0);
    for ((centre, place), _) in cloud.centre.iter().zip(place).zip(speaking).filter(|(_, speaks)| **speaks) {
        directions += 1.0;
        distance += (place - centre) * (place - centre);
    }
    cloud.weight.ln() - 0.5 * directions * (std::f64::consts::TAU * cloud.variance).ln() - 0.5 * distance / cloud.variance
}

/// The likeliest of `clouds`, of two the first, and its chance; there is at least one.
pub(super) fn likeliest<'a>(clouds: impl Iterator<Item = &'a Cloud>, speaking: &[bool; THEMES], place: &[f64; THEMES]) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    let mut all = f64::NEG_INFINITY;
    for (number, cloud) in clouds.enumerate() {
        let own = density(cloud, speaking, place);
        all = crate::prediction::special::ln_sum(all, own);
        if own > best.1 {
            best = (number, own);
        }
    }
    (best.0, (best.1 - all).exp())
}
