//! The kinds of shoppers that a shop has, found by clustering what they do.
//!
//! ```text
//! Shopper ─► scales     what is usual here, robustly            of people with enough events
//!         ─► places     by theme, outliers set aside
//!         ─► mixture    k-means++, then EM                      for two to nine personas
//!         ─► choose     how many: those that stay the same when a fifth of the people is left out
//!         ─► succeed    the last run's are kept while they hold; else ids go to the nearest
//!         ─► names      by the signatures of `core::persona`, plain words otherwise
//!         ─► cards      of all shoppers, not of those alone that were learned from
//! ```
//!
//! The learning sees [`Evidence`](rapport_core::persona::Evidence) and nothing else: no trait, no country, no age. It is deterministic: the
//! same shoppers in any order give the same personas.

mod cards;
mod choose;
mod fit;
mod learn;
mod mixture;
mod names;
mod params;
mod scales;
mod shopper;
mod succeed;
#[cfg(test)]
mod tests;

pub use fit::fit;
pub use learn::learn;
pub use mixture::alike;
pub use params::{DEFAULT, Params};
pub use shopper::Shopper;

use rapport_core::persona::THEMES;

/// Where somebody lies, by theme.
type Place = [f64; THEMES];
