//! Purchase models by maximum likelihood: one file a model, the same shape in each.
//!
//! | Model | Slopes | Prior, where one is asked for |
//! |---|---|---|
//! | [`bg_nbd`] | by hand | [`bg_nbd::PRIOR`] |
//! | [`pareto_nbd`] | by hand, under the integral | [`pareto_nbd::PRIOR`] |
//! | [`gamma_gamma`] | by hand | [`gamma_gamma::prior`] |
//!
//! Customers with the same (x, t_x, T) are one row with a count. Parameters are sought as logarithms, so that they stay above 0, by BFGS;
//! sums are added up in a fixed order, so that the same customers give the same bits on any number of threads. A *prior* is a lognormal
//! around what published data sets came to: ten customers get those, ten thousand their own.

pub mod bg_nbd;
mod error;
pub mod gamma_gamma;
mod likelihood;
mod minimise;
mod params;
pub mod pareto_nbd;
#[cfg(test)]
mod tests;

pub use error::FitError;
pub use params::{Alike, Fitted, Prior, alike};
