//! Why a chance is what it is: how it moves when one fact about a customer is replaced by what is usual in the shop.

use super::{Horizon, Outlook, Purchases};
use serde::{Deserialize, Serialize};

/// What is usual among a shop's customers: the median of each fact by itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usual {
    /// Purchase days.
    pub days: f64,
    /// Days since the newest purchase.
    pub silent_days: f64,
    /// Days since the first purchase.
    pub age_days: f64,
    /// What a purchase day is worth, in minor units.
    pub mean_minor: f64,
}

/// A fact about a customer that a chance rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// On how many days they bought.
    Frequency,
    /// How long ago they last bought.
    Recency,
    /// How long they have been a customer.
    Tenure,
    /// What they spend.
    Value,
    /// How much is bought in these weeks of the year.
    Season,
}

/// What one fact does to a chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Driver {
    /// Which fact.
    pub fact: Fact,
    /// The chance as it is less the chance if this one fact were as usual, -1 to 1.
    pub effect: f64,
}

impl Usual {
    /// The medians over `customers`; `None` where there is nobody.
    #[must_use]
    pub fn of(customers: &[Purchases]) -> Option<Self> {
        let median = |read: fn(&Purchases) -> f64| {
            let mut values: Vec<f64> = customers.iter().map(read).collect();
            values.sort_unstable_by(f64::total_cmp);
            values.get(values.len() / 2).copied()
        };
        Some(Self {
            days: median(Purchases::repeats)? + 1.0,
            silent_days: median(Purchases::silent_days)?,
            age_days: median(Purchases::age_days)?,
            mean_minor: median(Purchases::mean_minor)?.round(),
        })
    }
}

impl Outlook {
    /// What moves the chance of a purchase by `known` within `horizon` most, greatest first; nothing where it is not known what is usual.
    #[must_use]
    pub fn drivers(&self, known: &Purchases, horizon: &Horizon) -> Vec<Driver> {
        let Some(usual) = &self.usual else { return Vec::new() };
        let chance = |known: &Purchases, horizon: &Horizon| self.foresee(known, horizon).chance.value;
        let as_is = chance(known, horizon);
        let (repeats, silent, age, mean) = (known.repeats(), known.silent_days(), known.age_days(), known.mean_minor());
        // Who bought once is silent since then.
        let person = |repeats: f64, silent: f64, age: f64, mean: f64| {
            let age = if repeats > 0.0 { age.max(silent) } else { silent };
            Purchases::new(repeats, age - silent, age, mean)
        };
        let without_season = Horizon { season: 0.0, ..horizon.clone() };
        let of = |fact: Fact| {
            let otherwise = match fact {
                Fact::Frequency => chance(&person(usual.days - 1.0, silent, age, mean), horizon),
                Fact::Recency => chance(&person(repeats, usual.silent_days, age, mean), horizon),
                // Who bought once has been a customer since, so that there is nothing to tell apart.
                Fact::Tenure if repeats == 0.0 => as_is,
                Fact::Tenure => chance(&person(repeats, silent, usual.age_days, mean), horizon),
                Fact::Value => chance(&person(repeats, silent, age, usual.mean_minor), horizon),
                Fact::Season => chance(known, &without_season),
            };
            Driver { fact, effect: as_is - otherwise }
        };
        let mut drivers = [Fact::Frequency, Fact::Recency, Fact::Tenure, Fact::Value, Fact::Season].map(of).to_vec();
        drivers.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()).then(a.fact.cmp(&b.fact)));
        drivers
    }
}
