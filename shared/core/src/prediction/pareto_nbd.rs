//! Pareto/NBD: everybody buys at a rate of their own and leaves on a day of their own, which nobody sees.
//!
//! Schmittlein, Morrison and Colombo: Counting Your Customers, Management Science 33(1), 1987. Instead of the hypergeometric functions of
//! the paper the day of departure is integrated over, which they are a closed form of: one smooth integral, well behaved for all parameters.

use super::{Purchases, are_sound, special::ln_sum};
use crate::prediction::special::damped;
use serde::{Deserialize, Serialize};

/// Purchase rates and departure rates are both gamma distributed over customers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParetoNbd {
    /// Shape of the purchase rates.
    pub r: f64,
    /// Scale of the purchase rates, in days.
    pub alpha_days: f64,
    /// Shape of the departure rates.
    pub s: f64,
    /// Scale of the departure rates, in days.
    pub beta_days: f64,
}

/// An integral over the days on which somebody may have left, and what is needed for its slopes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Departure {
    /// ln of `∫ (α + y)^-(r + x) (β + y)^-(s + 1) dy`; -infinity over no days.
    pub ln: f64,
    /// Means under the integrand of `ln(α + y)`, `1 / (α + y)`, `ln(β + y)`, `1 / (β + y)`.
    pub means: [f64; 4],
}

impl ParetoNbd {
    /// Whether all parameters are numbers that the formulas hold for.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        are_sound(&[self.r, self.alpha_days, self.s, self.beta_days])
    }

    /// ln of the two ways to have bought just so, up to one constant: by being there still, and by having left since, which
    /// `ln_departure` is the integral of.
    #[must_use]
    pub fn ways(&self, known: &Purchases, ln_departure: f64) -> (f64, f64) {
        let (x, age) = (known.repeats(), known.age_days());
        let stayed = -(self.r + x) * (self.alpha_days + age).ln() - self.s * (self.beta_days + age).ln();
        (stayed, self.s.ln() + ln_departure)
    }

    /// The chance that the customer is still there, 0 to 1.
    #[must_use]
    pub fn alive(&self, known: &Purchases) -> f64 {
        let (stayed, left) = self.ways(known, self.ln_departure(known.repeats(), known.recency_days(), known.age_days()));
        (-ln_sum(0.0, left - stayed)).exp()
    }

    /// Purchase days to be expected in the next `days`, at least 0 (the paper's equation 22).
    #[must_use]
    pub fn expected(&self, known: &Purchases, days: f64) -> f64 {
        self.alive(known) * self.expected_if_alive(known, days)
    }

    /// The same of somebody who is still there.
    pub(super) fn expected_if_alive(&self, known: &Purchases, days: f64) -> f64 {
        let rate = (self.r + known.repeats()) / (self.alpha_days + known.age_days());
        let there = self.beta_days + known.age_days();
        rate * (there * damped(self.s - 1.0, (days / there).ln_1p())).clamp(0.0, days)
    }

    /// The chance of a purchase in the next `days`, 0 to 1.
    #[must_use]
    pub fn chance(&self, known: &Purchases, days: f64) -> f64 {
        self.alive(known) * self.chance_if_alive(known, days)
    }

    /// The same of somebody who is still there.
    pub(super) fn chance_if_alive(&self, known: &Purchases, days: f64) -> f64 {
        let (x, age) = (known.repeats(), known.age_days());
        let (alpha, beta) = (self.alpha_days + age, self.beta_days + age);
        let stays = -(self.r + x) * (days / alpha).ln_1p() - self.s * (days / beta).ln_1p();
        let leaves = self.s.ln() + self.s * beta.ln() + (self.r + x) * alpha.ln() + self.ln_departure(x, age, age + days);
        (1.0 - stays.exp() - leaves.exp()).clamp(0.0, 1.0)
    }

    /// Integrates over departures from day `from` to day `to` after the first purchase, for whoever fits the parameters.
    #[must_use]
    pub fn departure(&self, repeats: f64, from: f64, to: f64) -> Departure {
        let Some(Path { points, half }) = self.path(repeats, from, to) else { return Departure { ln: f64::NEG_INFINITY, means: [0.0; 4] } };
        let (highest, mut sum, mut means) = (highest(&points), 0.0, [0.0; 4]);
        for point in &points {
            let share = point.share(highest);
            sum += share;
            let at = [point.ln_alpha, 1.0 / point.alpha, point.ln_beta, 1.0 / point.beta];
            means.iter_mut().zip(at).for_each(|(mean, value)| *mean += share * value);
        }
        Departure { ln: highest + (sum * half).ln(), means: means.map(|mean| mean / sum) }
    }

    /// The integral alone.
    fn ln_departure(&self, repeats: f64, from: f64, to: f64) -> f64 {
        let Some(Path { points, half }) = self.path(repeats, from, to) else { return f64::NEG_INFINITY };
        let highest = highest(&points);
        highest + (points.iter().map(|point| point.share(highest)).sum::<f64>() * half).ln()
    }

    /// Gauss and Legendre's 32 points in `ln(α + y)`, no further than the integrand matters; `None` over no days.
    fn path(&self, repeats: f64, from: f64, to: f64) -> Option<Path> {
        let bought = self.r + repeats;
        let start = (self.alpha_days + from).ln();
        let half = ((self.alpha_days + to).ln() - start).min(MATTERS / (bought + self.s)) / 2.0;
        if half <= 0.0 {
            return None;
        }
        let (ln_middle, middle) = (start + half, (start + half).exp());
        let point = |way: f64, growth: f64, weight: f64| {
            let alpha = middle * growth;
            let beta = (self.beta_days - self.alpha_days + alpha).max(f64::MIN_POSITIVE);
            let (ln_alpha, ln_beta) = (ln_middle + half * way, beta.ln());
            Point { ln: -(bought - 1.0) * ln_alpha - (self.s + 1.0) * ln_beta, weight, alpha, ln_alpha, beta, ln_beta }
        };
        let points = std::array::from_fn(|number| {
            let (node, weight) = NODES[number / 2];
            // As far up as down: one power tells both.
            let growth = (half * node).exp();
            if number % 2 == 0 { point(-node, 1.0 / growth, weight) } else { point(node, growth, weight) }
        });
        Some(Path { points, half })
    }
}

/// Where an integrand is asked, and half the length that it is asked over.
struct Path {
    points: [Point; 32],
    half: f64,
}

/// One of the points: ln of the integrand there, its weight, `α + y` and `β + y`.
#[derive(Clone, Copy)]
struct Point {
    ln: f64,
    weight: f64,
    alpha: f64,
    ln_alpha: f64,
    beta: f64,
    ln_beta: f64,
}

impl Point {
    fn share(&self, highest: f64) -> f64 {
        self.weight * (self.ln - highest).exp()
    }
}

/// What all are brought to, so that none overflows.
fn highest(points: &[Point]) -> f64 {
    points.iter().fold(f64::NEG_INFINITY, |high, point| high.max(point.ln))
}

/// In so many decay lengths an integrand falls below 1e-17 of what it was.
const MATTERS: f64 = 40.0;

/// The positive half of the points, and their weights (Abramowitz and Stegun 1964, table 25.4, n = 32).
const NODES: [(f64, f64); 16] = [
    (0.048_307_665_687_738_32, 0.096_540_088_514_727_66),
    (0.144_471_961_582_796_5, 0.095_638_720_079_274_71),
    (0.239_287_362_252_137_06, 0.093_844_399_080_804_51),
    (0.331_868_602_282_127_67, 0.091_173_878_695_763_78),
    (0.421_351_276_130_635_33, 0.087_652_093_004_403_78),
    (0.506_899_908_932_229_4, 0.083_311_924_226_946_71),
    (0.587_715_757_240_762_3, 0.078_193_895_787_070_23),
    (0.663_044_266_930_215_2, 0.072_345_794_108_848_34),
    (0.732_182_118_740_289_7, 0.065_822_222_776_361_68),
    (0.794_483_795_967_942_4, 0.058_684_093_478_535_57),
    (0.849_367_613_732_57, 0.050_998_059_262_376_09),
    (0.896_321_155_766_052_1, 0.042_835_898_022_226_84),
    (0.934_906_075_937_739_7, 0.034_273_862_913_021_76),
    (0.964_762_255_587_506_4, 0.025_392_065_309_262_02),
    (0.985_611_511_545_268_4, 0.016_274_394_730_905_74),
    (0.997_263_861_849_481_6, 0.007_018_610_009_470_51),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Two million steps in place of 32 points.
    fn bluntly(model: &ParetoNbd, repeats: f64, from: f64, to: f64) -> f64 {
        const STEPS: u32 = 2_000_000;
        let step = (to - from) / f64::from(STEPS);
        let at = |number: u32| from + step * (f64::from(number) + 0.5);
        let density = |y: f64| (model.alpha_days + y).powf(-model.r - repeats) * (model.beta_days + y).powf(-model.s - 1.0);
        ((0..STEPS).map(|number| density(at(number))).sum::<f64>() * step).ln()
    }

    #[test]
    fn departures_add_up_to_the_integral() {
        for (r, alpha_days, s, beta_days) in [(0.553, 74.0, 0.606, 81.7), (0.74, 73.9, 16.7, 44_800.0), (0.9, 3.0, 0.01, 1_000.0)] {
            let model = ParetoNbd { r, alpha_days, s, beta_days };
            for (repeats, from, to) in [(0.0, 0.0, 272.0), (2.0, 213.0, 272.0), (60.0, 300.0, 640.0), (0.0, 5.0, 5.5)] {
                let (told, bluntly) = (model.departure(repeats, from, to).ln, bluntly(&model, repeats, from, to));
                assert!((told - bluntly).abs() < 1e-7, "{model:?} {repeats} {from} {to}: {told} {bluntly}");
            }
        }
    }

    #[test]
    fn a_purchase_is_likelier_the_longer_one_waits() {
        let model = ParetoNbd { r: 0.553, alpha_days: 74.0, s: 0.606, beta_days: 81.7 };
        let known = Purchases::new(3.0, 100.0, 130.0, 0.0);
        let chances = [0.0, 7.0, 30.0, 90.0, 3_650.0].map(|days| model.chance(&known, days));
        assert!(chances.is_sorted() && chances[0] < 1e-12 && chances[4] < model.alive(&known), "{chances:?}");
        assert!(chances[1] < model.expected(&known, 7.0), "some buy twice");
    }
}
