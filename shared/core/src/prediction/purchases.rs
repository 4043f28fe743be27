//! A customer's purchases in four numbers, which is all that the models ask for (Fader, Hardie and Lee 2005).

use crate::{
    money::Currency,
    profile::{Profile, Totals},
    time::{DAY_MS, Timestamp},
};

/// Nobody is known for longer, in days: a century.
const LONGEST_DAYS: f64 = 36_525.0;

/// When and for how much somebody bought, summed up at a day. All numbers are finite and at least 0; recency is at most the age.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Purchases {
    repeats: f64,
    recency_days: f64,
    age_days: f64,
    mean_minor: f64,
}

impl Purchases {
    /// From the literature's (x, t_x, T) in days, and the mean value of a purchase day in minor units. What cannot be is brought to the
    /// nearest that can: no number to 0, a last purchase after today to today.
    #[must_use]
    pub fn new(repeats: f64, recency_days: f64, age_days: f64, mean_minor: f64) -> Self {
        let within = |number: f64, most: f64| if number.is_nan() { 0.0 } else { number.clamp(0.0, most) };
        let age_days = within(age_days, LONGEST_DAYS);
        // There is one purchase day a day at most.
        let repeats = within(repeats, LONGEST_DAYS);
        let recency_days = if repeats > 0.0 { within(recency_days, age_days) } else { 0.0 };
        Self { repeats, recency_days, age_days, mean_minor: within(mean_minor, 9e15) }
    }

    /// What a profile tells at `now`, in `currency`; `None` for who never bought, or was paid back everything. A day of which something or
    /// all came back stays a purchase day, of so much less.
    #[must_use]
    pub fn of(profile: &Profile, currency: Currency, now: Timestamp) -> Option<Self> {
        Self::of_totals(&profile.ordered(), currency, now)
    }

    /// What a profile's sums tell, where they were added up already.
    #[must_use]
    pub fn of_totals(totals: &Totals, currency: Currency, now: Timestamp) -> Option<Self> {
        let (first, last) = totals.first_order.zip(totals.last_order)?;
        let paid_back_all = |sums: &[(Currency, i64)]| !sums.is_empty() && sums.iter().all(|(_, minor)| *minor <= 0);
        if paid_back_all(&totals.revenue_minor) {
            return None;
        }
        let day = |at: Timestamp| at.0.div_euclid(DAY_MS) as f64;
        let paid = totals.revenue_minor.iter().find(|(named, _)| *named == currency).map_or(0, |(_, minor)| *minor);
        let days = f64::from(totals.order_days.max(1));
        Some(Self::new(days - 1.0, day(last) - day(first), day(now) - day(first), paid as f64 / days))
    }

    /// Purchase days after the first: the literature's x.
    #[must_use]
    pub const fn repeats(&self) -> f64 {
        self.repeats
    }

    /// Days from the first purchase to the newest: t_x.
    #[must_use]
    pub const fn recency_days(&self) -> f64 {
        self.recency_days
    }

    /// Days from the first purchase to now: T.
    #[must_use]
    pub const fn age_days(&self) -> f64 {
        self.age_days
    }

    /// Days from the newest purchase to now.
    #[must_use]
    pub fn silent_days(&self) -> f64 {
        self.age_days - self.recency_days
    }

    /// The mean value of a purchase day, in minor units.
    #[must_use]
    pub const fn mean_minor(&self) -> f64 {
        self.mean_minor
    }
}
