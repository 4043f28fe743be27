//! The parameters of next purchases: tried one after the other on held-out orders, through the ranking of lookups.
//!
//! A value replaces the one before it only when it is better by more than two standard errors of the paired difference, so that a
//! small shop keeps the defaults. What is maximised is NDCG@10 over all items plus NDCG@10 over the items new to the customer.

use crate::{
    holdout::{Case, Judged, lists},
    score::{mean, standard_error},
};
use rapport_core::model::{Model, NextPurchase};

/// What is tried, in this order; with the defaults twelve configurations.
const TRIED: [fn(NextPurchase) -> NextPurchase; 11] = [
    |now| NextPurchase { own: now.own * 2.5, ..now },
    |now| NextPurchase { own: now.own / 2.5, ..now },
    |now| NextPurchase { half_life_days: now.half_life_days * 3.0, ..now },
    |now| NextPurchase { half_life_days: now.half_life_days / 3.0, ..now },
    |now| NextPurchase { trend: 0.0, own_trend: 0.0, ..now },
    |now| NextPurchase { trend: now.trend + 0.5, ..now },
    |now| NextPurchase { own_trend: now.own_trend + 0.25, ..now },
    |now| NextPurchase { repeat: 0.0, ..now },
    |now| NextPurchase { repeat: now.repeat + 0.35, ..now },
    |now| NextPurchase { half_life_days: now.half_life_days * 1.7, ..now },
    |now| NextPurchase { due: now.due + 0.5, ..now },
];

/// What suits the `cases` best.
pub(crate) fn fit(model: &Model, cases: &[Case]) -> NextPurchase {
    let gains = |how: NextPurchase| -> Vec<f64> {
        let judged = lists(&model.clone().weighing(model.meta().next_look, how), cases);
        judged.iter().map(gain).collect()
    };
    let mut best = model.meta().next_purchase;
    let mut best_gains = gains(best);
    for change in TRIED {
        let tried = change(best);
        let tried_gains = gains(tried);
        if is_better(&tried_gains, &best_gains) {
            (best, best_gains) = (tried, tried_gains);
        }
    }
    best
}

/// Whether the first answers are better than the second to the same questions, beyond what chance explains.
pub(super) fn is_better(tried: &[f64], best: &[f64]) -> bool {
    let differences: Vec<f64> = tried.iter().zip(best).map(|(tried, best)| tried - best).collect();
    mean(&differences) > 2.0 * standard_error(&differences)
}

fn gain(judged: &Judged) -> f64 {
    judged.all.ndcg + judged.new.map_or(0.0, |new| new.ndcg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_changes_nothing() {
        let best = [0.4; 100];
        // A mean lead of .02 with a standard error of .01, and a little less.
        let noisy = |lead: f64| -> Vec<f64> { (0..100).map(|case| 0.4 + lead + if case % 2 == 0 { 0.1 } else { -0.1 }).collect() };
        assert!(is_better(&noisy(0.021), &best) && !is_better(&noisy(0.019), &best));
        assert!(!is_better(&best, &best) && !is_better(&noisy(-0.05), &best) && !is_better(&[], &[]));
        // The same lead everywhere leaves nothing to chance.
        assert!(is_better(&[0.41; 100], &best));
    }
}
