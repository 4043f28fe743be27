//! Which category somebody buys of next: the chance of a purchase, shared out by what they bought before.

use super::{Foresight, Ranged};
use crate::features::Facts;
use serde::{Deserialize, Serialize};

/// What a shop's customers buy, and how far a customer's own lines are followed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tastes {
    /// Top-level categories, most first: (name, share of all order lines).
    pub categories: Vec<(String, f64)>,
    /// From so many order lines on, what somebody bought says as much as what everybody does; above 0.
    pub half_trusted: f64,
    /// How far the lines of a purchase day are choices of their own: 0, a day is of one category; 1, each line is drawn anew.
    pub apart: f64,
    /// Order lines on a purchase day, on average; above 0.
    pub lines_a_day: f64,
    /// How many customers it was learned from.
    pub learned_from: u64,
    /// How far what was said and what came were apart on the newest past, in ten groups of like chances, on average; absent where nobody
    /// could be asked.
    pub calibration_error: Option<f64>,
}

/// What somebody bought, as [`Tastes`] ask for it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bought {
    /// Purchase days.
    pub days: f64,
    /// Order lines of a known category.
    pub lines: f64,
    /// Those of the category that is asked about.
    pub of_category: f64,
}

impl Bought {
    /// What is known of the customer of `facts` and of `category`.
    #[must_use]
    pub fn of(facts: &Facts<'_>, category: &str) -> Self {
        let lines = facts.category_lines();
        let of_category = lines.iter().find(|(name, _)| *name == category).map_or(0.0, |(_, lines)| f64::from(*lines));
        let days = f64::from(facts.totals().order_days.max(1));
        Self { days, lines: lines.iter().map(|(_, lines)| f64::from(*lines)).sum(), of_category }
    }
}

impl Tastes {
    /// Whether every number is one that chances can be made of.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let is_above = |number: f64| number.is_finite() && number > 0.0;
        self.categories.iter().all(|(_, share)| (0.0..=1.0).contains(share))
            && is_above(self.half_trusted)
            && is_above(self.lines_a_day)
            && (0.0..=1.0).contains(&self.apart)
    }

    /// The chance of a purchase of a category whose share of everybody's lines is `share`, by somebody who bought as `bought` says and is
    /// expected to do what `foresight` says. Never above the chance of any purchase.
    #[must_use]
    pub fn chance(&self, share: f64, bought: Bought, foresight: &Foresight) -> Ranged {
        let of_day = self.of_day(share, bought);
        let told = |chance: f64, days: f64| of_horizon(of_day, chance, days);
        let Foresight { chance, purchase_days, .. } = foresight;
        Ranged {
            value: told(chance.value, purchase_days.value),
            low: told(chance.low, purchase_days.low),
            high: told(chance.high, purchase_days.high),
        }
    }

    /// The chance that a purchase day has a line of the category.
    fn of_day(&self, share: f64, Bought { days, lines, of_category }: Bought) -> f64 {
        let of_line = ((of_category + self.half_trusted * share) / (lines + self.half_trusted)).clamp(0.0, 1.0);
        let lines_a_day = ((lines + self.lines_a_day) / (days + 1.0)).max(1.0);
        1.0 - (1.0 - of_line).powf(lines_a_day.powf(self.apart))
    }
}

/// The chance that one of the purchase days to come has it: none with `1 - chance`, else one and a Poisson number of others, so many that
/// `days` are expected.
fn of_horizon(of_day: f64, chance: f64, days: f64) -> f64 {
    let others = (days / chance.max(1e-12) - 1.0).max(0.0);
    (chance * (1.0 - (1.0 - of_day) * (-of_day * others).exp())).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tastes() -> Tastes {
        let categories = vec![("tea".to_owned(), 0.6), ("cups".to_owned(), 0.4)];
        Tastes { categories, half_trusted: 4.0, apart: 0.5, lines_a_day: 2.0, learned_from: 100, calibration_error: None }
    }

    fn foresight(chance: f64, days: f64) -> Foresight {
        let sure = |value: f64| Ranged { value, low: value, high: value };
        Foresight { purchase_days: sure(days), chance: sure(chance), value_minor: sure(0.0) }
    }

    #[test]
    fn own_lines_outweigh_everybodys_the_more_there_are() {
        let told = |lines: f64| tastes().chance(0.4, Bought { days: lines / 2.0, lines, of_category: lines }, &foresight(0.5, 0.7)).value;
        let chances = [0.0, 2.0, 8.0, 80.0].map(told);
        assert!(chances.is_sorted() && chances[0] < 0.4 && chances[3] > 0.49, "{chances:?}");
    }

    #[test]
    fn a_category_is_never_likelier_than_a_purchase() {
        for (share, chance, days) in [(1.0, 0.3, 4.0), (0.2, 0.9, 30.0), (0.0, 0.5, 0.5), (0.5, 0.0, 0.0), (0.5, 1.0, 365.0)] {
            let bought = Bought { days: 3.0, lines: 9.0, of_category: 9.0 * share };
            let told = tastes().chance(share, bought, &foresight(chance, days)).value;
            assert!((0.0..=chance).contains(&told), "{share} {chance} {days}: {told}");
        }
    }

    #[test]
    fn the_closed_form_is_the_sum_over_numbers_of_days() {
        let (of_day, chance, days) = (0.3, 0.6, 1.5);
        let others: f64 = days / chance - 1.0;
        let mut poisson = (-others).exp();
        let mut without = 0.0;
        for number in 0..60 {
            without += poisson * (1.0f64 - of_day).powi(number + 1);
            poisson *= others / f64::from(number + 1);
        }
        assert!((of_horizon(of_day, chance, days) - chance * (1.0 - without)).abs() < 1e-12);
    }
}
