//! What the learning is set to. One set for all shops.

/// How an outlook is learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Params {
    /// So many days lie between the earlier days that questions are asked at.
    pub step_days: i64,
    /// The first of them is so many days after the shop's first purchase.
    pub first_days: i64,
    /// What was asked so many days ago counts half.
    pub half_life_days: f64,
    /// What holds a regression's slopes at 0, in squared standard deviations of a feature.
    pub ridge: f64,
    /// With so many purchases behind it, a regression counts half of what it may.
    pub half_trusted: f64,
    /// Purchase models are fitted to no more customers than these, evenly drawn: their few parameters gain nothing from more.
    pub most_customers: usize,
    /// No more questions than these are learned from: customers are left out evenly.
    pub most_questions: usize,
    /// How far totals are taken to be off where no past tells, as a standard deviation of a logarithm.
    pub unknown_spread: f64,
}

/// As the figures in `docs/models.md` were made.
pub const DEFAULT: Params = Params {
    step_days: 30,
    first_days: 90,
    half_life_days: 180.0,
    ridge: 30.0,
    half_trusted: 200.0,
    most_customers: 50_000,
    most_questions: 120_000,
    unknown_spread: 0.5,
};
