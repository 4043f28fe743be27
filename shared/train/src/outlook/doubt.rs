//! How far one customer may be from what is said of them, and whether the intervals that say so hold.
//!
//! What a customer does is taken as Poisson around an expectation of their own; that expectation varies around what is said by the relative
//! variance that the purchase models leave open ([`Outlook::doubt`]), times a factor. Purchases that vary more than Poisson ones would tell the
//! factor (method of moments). Whether there is a purchase tells nothing of it: one yes or no varies as its chance alone has it.

use rapport_core::prediction::{Horizon, Outlook, Purchases};

/// The factor where no past tells: as the purchase models have it.
pub(super) const AS_MODELLED: f64 = 1.0;
/// So many customers who vary as modelled stand beside those who were asked.
const PRIOR_PEOPLE: f64 = 100.0;
/// No factor is believed below or above.
const SOUND: std::ops::RangeInclusive<f64> = 0.1..=4.0;
/// What is left out at either end of an interval.
const TAIL: f64 = 0.025;

/// The factor, of people of whom is known what was known, and on how many days they then bought.
pub(super) fn learn<'a>(outlook: &Outlook, horizon: &Horizon, people: impl Iterator<Item = &'a (Purchases, f64)>) -> f64 {
    let (mut count, mut said, mut came) = (0.0, 0.0, 0.0);
    let told: Vec<(f64, f64, f64)> = people
        .map(|(known, bought)| (outlook.foresee_of_many(known, horizon).purchase_days.value, outlook.doubt(known), *bought))
        .inspect(|(mean, _, bought)| (count, said, came) = (count + 1.0, said + mean, came + bought))
        .collect();
    // The level is the whole shop's, and has an interval of its own.
    let level = if said > 0.0 && came > 0.0 { came / said } else { 1.0 };
    let (mut extra, mut modelled) = (0.0, 0.0);
    for (mean, doubt, bought) in told {
        let mean = mean * level;
        extra += (bought - mean).powi(2) - mean;
        modelled += mean * mean * doubt;
    }
    let prior = PRIOR_PEOPLE * modelled / f64::max(count, 1.0);
    if modelled > 0.0 { ((extra + AS_MODELLED * prior) / (modelled + prior)).clamp(*SOUND.start(), *SOUND.end()) } else { AS_MODELLED }
}

/// The share of people whose purchase days lay where 95 % of such customers' should: neither so few nor so many that fewer than one in forty
/// would have had them. Days are negative binomial, which is what Poisson days around a gamma distributed expectation are.
pub(super) fn covered<'a>(outlook: &Outlook, horizon: &Horizon, people: impl Iterator<Item = &'a (Purchases, f64)>) -> f64 {
    let shop = horizon.count.spread.powi(2).exp();
    let (mut count, mut within) = (0.0, 0.0);
    for (known, bought) in people {
        let mean = outlook.foresee_of_many(known, horizon).purchase_days.value;
        let variance = (1.0 + horizon.unsure * outlook.doubt(known)) * shop - 1.0;
        count += 1.0;
        within += f64::from(u8::from(is_within(mean, variance, *bought)));
    }
    within / f64::max(count, 1.0)
}

/// Whether `bought` lies within the middle 95 % of a negative binomial number of such a mean and relative variance of its rate.
fn is_within(mean: f64, variance: f64, bought: f64) -> bool {
    let shape = 1.0 / variance.clamp(1e-6, 1e6);
    let stays = mean / (shape + mean);
    let mut chance = (shape * (shape / (shape + mean)).ln()).exp();
    let (mut below, mut number) = (0.0, 0.0);
    while number < bought {
        below += chance;
        chance *= (shape + number) / (number + 1.0) * stays;
        number += 1.0;
    }
    below + chance > TAIL && 1.0 - below > TAIL
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outlook::{DEFAULT, fit, tests::shop};
    use rapport_core::prediction::Purchases;

    #[test]
    fn the_middle_of_a_distribution_is_within() {
        // A Poisson number of mean 4: 0 in .018 of cases, up to 1 in .092; 9 or more in .021.
        let told = [0.0, 1.0, 8.0, 9.0].map(|bought| is_within(4.0, 0.0, bought));
        assert_eq!(told, [false, true, true, false]);
        assert!(is_within(4.0, 1.0, 0.0) && is_within(4.0, 1.0, 12.0) && !is_within(4.0, 1.0, 20.0), "a rate that varies reaches further");
        assert!(is_within(0.01, 3.0, 0.0) && !is_within(0.01, 3.0, 2.0));
    }

    #[test]
    fn who_varies_as_modelled_is_borne_out_and_who_does_not_is_not() {
        let ledger = shop(600, 600);
        let outlook = fit(&ledger, 500, &[90], &DEFAULT).expect("learns").outlook;
        let horizon = &outlook.horizons[0];
        let known: Vec<Purchases> =
            (0..4_000).map(|number| Purchases::new(f64::from(number % 12), f64::from(30 + number % 200), 260.0, 1_000.0)).collect();
        let mean = |known: &Purchases| outlook.foresee_of_many(known, horizon).purchase_days.value;
        // Exactly as expected, in whole and in part: less even than Poisson.
        let even: Vec<(Purchases, f64)> = known.iter().map(|known| (*known, mean(known))).collect();
        assert_eq!(learn(&outlook, horizon, even.iter()), *SOUND.start());
        // Two in three do nothing, the third three times as much: a relative variance of two, beside which Poisson's is little.
        let thirds: Vec<(Purchases, f64)> =
            known.iter().enumerate().map(|(number, known)| (*known, if number % 3 == 0 { 3.0 * mean(known) } else { 0.0 })).collect();
        let factor = learn(&outlook, horizon, thirds.iter());
        let (squares, doubts) = known.iter().fold((0.0, 0.0), |(squares, doubts), known| {
            (squares + 2.0 * mean(known).powi(2) - mean(known), doubts + mean(known).powi(2) * outlook.doubt(known))
        });
        assert!((factor / (squares / doubts) - 1.0).abs() < 0.1, "{factor} {}", squares / doubts);
        assert_eq!(learn(&outlook, horizon, [].iter()), AS_MODELLED);
    }
}
