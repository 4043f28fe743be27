//! BG/NBD: everybody buys at a rate of their own, and may leave for good after any purchase.
//!
//! Fader, Hardie and Lee: "Counting Your Customers" the Easy Way, Marketing Science 24(2), 2005.

use super::{
    Purchases, are_sound,
    special::{damped, ln_sum},
};
use serde::{Deserialize, Serialize};

/// Terms of a series after which it is no longer followed.
const TERMS: usize = 2_000;

/// Purchase rates are gamma distributed over customers, the chance to leave after a purchase beta distributed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BgNbd {
    /// Shape of the rates.
    pub r: f64,
    /// Scale of the rates, in days.
    pub alpha_days: f64,
    /// Leaving, for.
    pub a: f64,
    /// Leaving, against.
    pub b: f64,
}

impl BgNbd {
    /// Whether all parameters are numbers that the formulas hold for.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        are_sound(&[self.r, self.alpha_days, self.a, self.b])
    }

    /// The chance that the customer has not left, 0 to 1; 1 for who bought once, of whom the model can know nothing.
    #[must_use]
    pub fn alive(&self, known: &Purchases) -> f64 {
        let x = known.repeats();
        if x == 0.0 {
            return 1.0;
        }
        let silence = ((self.alpha_days + known.age_days()) / (self.alpha_days + known.recency_days())).ln();
        let odds = (self.a / (self.b + x - 1.0).max(1e-9)).ln() + (self.r + x) * silence;
        (-ln_sum(0.0, odds)).exp()
    }

    /// Purchase days to be expected in the next `days`, at least 0 (the paper's equation 10).
    ///
    /// The hypergeometric function there is brought by Euler's transformation (Abramowitz and Stegun 15.3.3) to one whose first parameter
    /// is `a - 1`, which then cancels: no division by it is left, so that `a = 1` is a number like any other.
    #[must_use]
    pub fn expected(&self, known: &Purchases, days: f64) -> f64 {
        let (x, seen) = (known.repeats(), self.alpha_days + known.age_days());
        let (k, b, c) = (self.a - 1.0, self.a + self.b - 1.0 - self.r, self.a + self.b + x - 1.0);
        let z = days / (seen + days);
        let closeness = -(-z).ln_1p();
        let told = c * damped(k, closeness) - (-k * closeness).exp() * tail(k, b, c, z);
        // Who stays for ever buys at their rate; nobody buys more.
        let most = (self.r + x) / seen * days;
        self.alive(known) * if told.is_finite() { told.clamp(0.0, most) } else { most.min((self.b + x) / self.a) }
    }

    /// The chance of a purchase in the next `days`, 0 to 1.
    #[must_use]
    pub fn chance(&self, known: &Purchases, days: f64) -> f64 {
        let seen = self.alpha_days + known.age_days();
        self.alive(known) * -(-(self.r + known.repeats()) * (days / seen).ln_1p()).exp_m1()
    }
}

/// `c (F(k, b; c; z) - 1) / k`, F being Gauss's hypergeometric series, for `z` from 0 to below 1 and `c` above -1.
fn tail(k: f64, b: f64, c: f64, z: f64) -> f64 {
    let mut term = b * z;
    let mut sum = term;
    for n in 1..TERMS {
        let n = n as f64;
        term *= (k + n) * (b + n) / ((c + n) * (n + 1.0)) * z;
        sum += term;
        if term.abs() <= 1e-15 * sum.abs() {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prediction::special::ln_beta;

    /// The definition, integrated bluntly over the chance to leave: `E = ∫ (1 - (s / (s + p t))^(r + x)) / p dBeta(p; a, b + x)`.
    fn oracle(model: &BgNbd, known: &Purchases, days: f64) -> f64 {
        const STEPS: u32 = 400_000;
        let (x, seen) = (known.repeats(), model.alpha_days + known.age_days());
        let density = |step: u32| {
            // In q = p^a, which leaves no pole at 0.
            let p = ((f64::from(step) + 0.5) / f64::from(STEPS)).powf(1.0 / model.a);
            (1.0 - (seen / (seen + p * days)).powf(model.r + x)) / p * (1.0 - p).powf(model.b + x - 1.0)
        };
        let whole: f64 = (0..STEPS).map(density).sum::<f64>() / f64::from(STEPS) / model.a;
        model.alive(known) * whole / ln_beta(model.a, model.b + x).exp()
    }

    #[test]
    fn expectations_are_those_of_the_definition() {
        for (r, alpha_days, a, b) in [(0.2426, 30.9, 0.793, 2.426), (0.7, 65.0, 1.0, 3.4), (0.4, 40.0, 1.7, 1.3)] {
            let model = BgNbd { r, alpha_days, a, b };
            for (x, recency, age, days) in [(0.0, 0.0, 10.0, 90.0), (2.0, 213.0, 272.0, 273.0), (15.0, 300.0, 310.0, 30.0)] {
                let known = Purchases::new(x, recency, age, 100.0);
                let (told, bluntly) = (model.expected(&known, days), oracle(&model, &known, days));
                assert!((told - bluntly).abs() < 2e-4 * bluntly, "{model:?} {known:?}: {told} {bluntly}");
            }
        }
    }
}
