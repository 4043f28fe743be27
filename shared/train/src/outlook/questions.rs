//! What could have been asked at earlier days, and what came: the examples that regressions learn from.

use super::{
    Day, Ledger, Params,
    ledger::{bought, known},
    season::Season,
};
use rapport_core::prediction::{BgNbd, Features, ParetoNbd};
use rayon::prelude::*;

/// One customer at one day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Question {
    /// What was known.
    pub(crate) features: Features,
    /// The shift of the weeks asked about.
    pub(crate) season: f64,
    /// What the answer counts.
    pub(crate) weight: f64,
    /// On how many days they then bought.
    pub(crate) bought: f64,
}

/// What was asked so many half-lives ago counts next to nothing, and is not asked.
const HALF_LIVES: f64 = 6.0;

/// The earlier days whose next `days` are over by `today`, newest first.
pub(super) fn cuts(ledger: &Ledger, today: Day, days: i64, params: &Params) -> Vec<Day> {
    let Some(first) = ledger.first() else { return Vec::new() };
    let oldest = (first + params.first_days).max(today - days - (params.half_life_days * HALF_LIVES) as i64);
    (0..).map(|step| today - days - step * params.step_days).take_while(|cut| *cut >= oldest).collect()
}

/// All that can be asked about the next `days` at `cuts`, by cut, then customer.
pub(super) fn questions(
    ledger: &Ledger,
    (today, days): (Day, i64),
    cuts: &[Day],
    (bg_nbd, pareto_nbd): (&BgNbd, &ParetoNbd),
    params: &Params,
) -> Vec<Vec<Question>> {
    let season = Season::of(ledger, today);
    let every = (ledger.len() * cuts.len()).div_ceil(params.most_questions.max(1)).max(1);
    let customers: Vec<&[(Day, f64)]> = ledger.customers().step_by(every).collect();
    let at = |cut: Day| -> Vec<Question> {
        let (shift, age) = (season.shift(cut, cut + days), (today - days - cut) as f64);
        let weight = (-age / params.half_life_days).exp2();
        let of = |purchases: &&[(Day, f64)]| {
            let features = Features::of(&known(purchases, cut)?, days as f64, bg_nbd, pareto_nbd);
            Some(Question { features, season: shift, weight, bought: bought(purchases, cut, cut + days) as f64 })
        };
        customers.par_iter().filter_map(of).collect()
    };
    cuts.iter().map(|cut| at(*cut)).collect()
}
