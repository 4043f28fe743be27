//! Gamma-Gamma: what a customer spends on a purchase day, between their own mean and the shop's.
//!
//! Fader and Hardie: The Gamma-Gamma Model of Monetary Value, 2013; after Colombo and Jiang 1999.

use super::are_sound;
use serde::{Deserialize, Serialize};

/// No mean is taken to be less known, as a standard deviation of its logarithm.
const WIDEST: f64 = 1.5;

/// Values of purchase days are gamma distributed around a customer's mean, the means' scales again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GammaGamma {
    /// Shape within a customer.
    pub p: f64,
    /// Shape over customers.
    pub q: f64,
    /// Scale over customers, in minor units.
    pub v_minor: f64,
}

impl GammaGamma {
    /// Whether all parameters are numbers that the formulas hold for.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        are_sound(&[self.p, self.q, self.v_minor])
    }

    /// The value to be expected of a purchase day, in minor units, at least 0, of somebody who had `days` of them worth `mean_minor` each
    /// on average (equation 5 there). Where no mean exists, their own stands.
    #[must_use]
    pub fn expected_minor(&self, days: f64, mean_minor: f64) -> f64 {
        let left = self.p * days + self.q - 1.0;
        if left > 1e-9 { self.p * (self.v_minor + days * mean_minor) / left } else { mean_minor }
    }

    /// How far a customer's own mean may lie from that, as a standard deviation of its logarithm, above 0 to [`WIDEST`]: of what is known
    /// after `days`, an inverse gamma distribution, it is the standard deviation over the mean.
    #[must_use]
    pub fn spread(&self, days: f64) -> f64 {
        (self.p * days + self.q - 2.0).max(1e-9).sqrt().recip().min(WIDEST)
    }
}
