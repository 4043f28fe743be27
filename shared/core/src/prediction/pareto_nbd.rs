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

    /// ln of the two ways to have bought just so, up to one constant: by being there still, and by having left since, which `departure`
    /// is the integral of.
    #[must_use]
    pub fn ways(&self, known: &Purchases, departure: &Departure) -> (f64, f64) {
        let (x, age) = (known.repeats(), known.age_days());
        let stayed = -(self.r + x) * (self.alpha_days + age).ln() - self.s * (self.beta_days + age).ln();
        (stayed, self.s.ln() + departure.ln)
    }

    /// The chance that the customer is still there, 0 to 1.
    #[must_use]
    pub fn alive(&self, known: &Purchases) -> f64 {
        let departure = self.departure(known.repeats(), known.recency_days(), known.age_days());
        let (stayed, left) = self.ways(known, &departure);
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
        let leaves = self.s.ln() + self.s * beta.ln() + (self.r + x) * alpha.ln() + self.departure(x, age, age + days).ln;
        (1.0 - stays.exp() - leaves.exp()).clamp(0.0, 1.0)
    }

    /// Integrates over departures from day `from` to day `to` after the first purchase: Gauss and Legendre's 32 points in `ln(α + y)`,
    /// no further than the integrand matters.
    #[must_use]
    pub fn departure(&self, repeats: f64, from: f64, to: f64) -> Departure {
        let bought = self.r + repeats;
        let start = (self.alpha_days + from).ln();
        let span = ((self.alpha_days + to).ln() - start).min(MATTERS / (bought + self.s));
        if span <= 0.0 {
            return Departure { ln: f64::NEG_INFINITY, means: [0.0; 4] };
        }
        let point = |node: f64| {
            let ln_alpha = start + span * (1.0 + node) / 2.0;
            let alpha = ln_alpha.exp();
            let beta = (self.beta_days - self.alpha_days + alpha).max(f64::MIN_POSITIVE);
            (-(bought - 1.0) * ln_alpha - (self.s + 1.0) * beta.ln(), [ln_alpha, 1.0 / alpha, beta.ln(), 1.0 / beta])
        };
        let points = NODES.map(|(node, weight)| [(point(-node), weight), (point(node), weight)]);
        let highest = points.iter().flatten().fold(f64::NEG_INFINITY, |high, ((ln, _), _)| high.max(*ln));
        let (mut sum, mut means) = (0.0, [0.0; 4]);
        for ((ln, at), weight) in points.iter().flatten() {
            let share = weight * (ln - highest).exp();
            sum += share;
            means.iter_mut().zip(at).for_each(|(mean, value)| *mean += share * value);
        }
        Departure { ln: highest + (sum * span / 2.0).ln(), means: means.map(|mean| mean / sum) }
    }
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
