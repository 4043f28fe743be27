//! What a customer is likely to do next, as pure functions of (profile, parameters, now).
//!
//! ```text
//! Profile ─► Purchases ─┬─► BgNbd, ParetoNbd    purchase days to come, from rates that differ and customers who leave
//!            (x, t_x,   ├─► Regression          the same from what this shop's own past taught
//!             T, mean)  └─► GammaGamma          what a purchase day is worth
//!                             └─► Outlook       their blend, with the season: days, chance and value, with an interval
//!                                   ├─► Tastes  the chance by category
//!                                   └─► Driver  what moves it most
//! Interest ─────► Leads                         a first order, of who never bought
//! Clock ────────► Rhythm                        the hours of the week at which somebody is at it
//! ```
//!
//! Everything is counted in *purchase days*, UTC calendar days with an order that holds, as the literature's data has it: two orders of one
//! day are one decision to buy.
//!
//! What is absent: fitting, which lives in `rapport_train::lifetime` and `rapport_train::outlook`; a churn score made of the chance to be
//! alive, which says 1 of everybody who bought once (BG/NBD) and ranks worse than recency alone. Churn is that no purchase comes.

mod bg_nbd;
mod drivers;
mod features;
mod gamma_gamma;
mod lead;
mod outlook;
mod pareto_nbd;
mod purchases;
mod regression;
pub mod special;
mod taste;
#[cfg(test)]
mod tests;
mod week;

pub use bg_nbd::BgNbd;
pub use drivers::{Driver, Fact, Usual};
pub use features::{FEATURES, Features};
pub use gamma_gamma::GammaGamma;
pub use lead::{Interest, LATELY_DAYS, LEAD_DAYS, Leads, Sign};
pub use outlook::{Blend, Calibration, Foresight, Horizon, Link, Outlook, Ranged, Shares};
pub use pareto_nbd::{Departure, ParetoNbd};
pub use purchases::Purchases;
pub use regression::Regression;
pub use taste::{Bought, Tastes};
pub use week::{Clock, Moment, Rhythm, WEEK_HOURS, Week};

/// How far ahead is foreseen, in days.
pub const HORIZON_DAYS: [u32; 4] = [7, 30, 90, 365];

/// The smallest and the greatest parameter of a purchase model that is believed: beyond, no shop has ever been seen.
const SOUND: std::ops::RangeInclusive<f64> = 1e-6..=1e9;

/// Whether all `parameters` are numbers that a model can be made of.
fn are_sound(parameters: &[f64]) -> bool {
    parameters.iter().all(|parameter| SOUND.contains(parameter))
}
