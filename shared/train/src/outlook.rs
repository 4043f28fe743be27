//! What customers will do next, learned from purchase days alone.
//!
//! ```text
//! Ledger ─┬─► lifetime models at today          with priors
//!         ├─► questions at earlier days         what was known then, and what came
//!         ├─► regression on them                Poisson for counts, logistic for chances; with the season as an offset
//!         └─► contest on the newest of them     learned before it, judged on it: a simpler voice that is better speaks alone
//! ```
//!
//! The learning asks nothing that a profile does not hold: purchase days, the first, the last, their mean value.

mod contest;
mod doubt;
mod fit;
mod ledger;
mod params;
mod questions;
pub(crate) mod regression;
mod season;
#[cfg(test)]
mod tests;

pub use contest::{Contest, Standing};
pub(crate) use fit::recency_rule;
pub use fit::{HORIZONS, Held, Learned, fit, of_history};
pub use ledger::Ledger;
pub(crate) use ledger::known as known_at;
pub use params::{DEFAULT, Params};
pub(crate) use questions::Question;
pub(crate) use regression::Kind;

/// A day, counted from 1970-01-01 UTC.
pub type Day = i64;
