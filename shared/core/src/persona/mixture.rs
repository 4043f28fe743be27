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

/// A cloud as people are held against it: what is the same for all of them, worked out once.
#[derive(Clone, Copy, Debug)]
pub struct Density {
    /// ln of the weight times the density in the middle.
    highest: f64,
    centre: [f64; THEMES],
    /// By theme, half of what one over the variance is; 0 where a theme does not speak.
    precision: [f64; THEMES],
}

impl Density {
    /// Over the themes that speak; `cloud` has a place for every theme.
    #[must_use]
    pub fn of(cloud: &Cloud, speaking: &[bool; THEMES]) -> Self {
        let directions = speaking.iter().filter(|speaks| **speaks).count() as f64;
        let mut centre = [0.0; THEMES];
        centre.iter_mut().zip(&cloud.centre).for_each(|(own, place)| *own = *place);
        Self {
            highest: cloud.weight.ln() - 0.5 * directions * (std::f64::consts::TAU * cloud.variance).ln(),
            centre,
            precision: speaking.map(|speaks| if speaks { 0.5 / cloud.variance } else { 0.0 }),
        }
    }

    /// ln of the cloud's weight times its density at `place`.
    #[must_use]
    pub fn at(&self, place: &[f64; THEMES]) -> f64 {
        let far: f64 = (0..THEMES).map(|theme| self.precision[theme] * (place[theme] - self.centre[theme]).powi(2)).sum();
        self.highest - far
    }
}

/// The likeliest of `clouds`, of two the first, and its chance; there is at least one.
pub(super) fn likeliest<'a>(clouds: impl Iterator<Item = &'a Cloud>, speaking: &[bool; THEMES], place: &[f64; THEMES]) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    let mut all = f64::NEG_INFINITY;
    for (number, cloud) in clouds.enumerate() {
        let own = Density::of(cloud, speaking).at(place);
        all = crate::prediction::special::ln_sum(all, own);
        if own > best.1 {
            best = (number, own);
        }
    }
    (best.0, (best.1 - all).exp())
}
