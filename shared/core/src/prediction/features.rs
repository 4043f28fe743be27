//! What regressions see of a customer: recency, frequency, age and value as logarithms, and what the purchase models say of them.

use super::{BgNbd, ParetoNbd, Purchases, special::logit};

/// How many there are.
pub const FEATURES: usize = 13;

/// Nothing is taken for less likely, before a logarithm.
const LEAST: f64 = 1e-9;

/// Of one customer, for a number of days to come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Features(pub [f64; FEATURES]);

impl Features {
    /// The place of the logarithm of the days since the last purchase: what a recency rule looks at.
    pub const SILENCE: usize = 1;

    /// Of `known`, by these models, for the next `days`.
    #[must_use]
    pub fn of(known: &Purchases, days: f64, bg_nbd: &BgNbd, pareto_nbd: &ParetoNbd) -> Self {
        Self::of_present(known, pareto_nbd.alive(known), days, bg_nbd, pareto_nbd)
    }

    /// The same where [`ParetoNbd::alive`] was asked before: it is an integral, and does not depend on the days.
    #[must_use]
    pub(super) fn of_present(known: &Purchases, alive: f64, days: f64, bg_nbd: &BgNbd, pareto_nbd: &ParetoNbd) -> Self {
        let bought = known.repeats().ln_1p();
        let silence = (known.silent_days() / 7.0).ln_1p();
        let once = f64::from(u8::from(known.repeats() == 0.0));
        // Silence beside the customer's own mean gap.
        let overdue = (known.silent_days() * (known.repeats() + 1.0) / known.age_days().max(1.0)).ln_1p();
        Self([
            bought,
            silence,
            (known.age_days() / 7.0).ln_1p(),
            (alive * pareto_nbd.expected_if_alive(known, days)).max(LEAST).ln(),
            bg_nbd.expected(known, days).max(LEAST).ln(),
            known.mean_minor().max(1.0).ln(),
            bought * silence,
            once,
            bought * bought,
            silence * silence,
            silence * once,
            overdue,
            logit(alive * pareto_nbd.chance_if_alive(known, days)),
        ])
    }

    /// ln of the purchase days that BG/NBD expects.
    #[must_use]
    pub const fn ln_bg_nbd(&self) -> f64 {
        self.0[4]
    }

    /// ln of the purchase days that Pareto/NBD expects.
    #[must_use]
    pub const fn ln_pareto_nbd(&self) -> f64 {
        self.0[3]
    }

    /// ln odds of a purchase, after Pareto/NBD.
    #[must_use]
    pub const fn odds_pareto_nbd(&self) -> f64 {
        self.0[12]
    }
}
