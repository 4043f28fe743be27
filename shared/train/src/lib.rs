//! Learning from a shop's events: counting, relating, measuring. The same events always give the same artifact, byte for byte, on
//! one thread or many.
//!
//! ```text
//! events ─► Corpus ─► History ─► learn() ─► core::model::Draft ─► artifact
//!           dedupe,    looks and    one module a model: visits purchases together popularity season repeat content
//!           interning  buys, what   holdout: the newest past, half of it to choose weights (blend), half to judge them
//!                      holds of orders
//! ```
//!
//! [`Corpus`] takes events in any order with any duplicates and keeps a few bytes of each. [`History`] is what holds: people's looks
//! and purchases, orders resolved by the rule that profiles follow, refunds taken back, erased and unwilling people left out. Every
//! model reads the history and nothing else.
//!
//! What is absent: anything that reads a file or a clock.
#![warn(missing_docs)]

pub mod audit;
pub mod blend;
mod breadth;
mod content;
mod corpus;
mod examination;
mod history;
pub mod holdout;
mod intern;
pub mod leads;
mod learn;
pub mod lifetime;
mod lists;
pub mod outlook;
mod pairs;
pub mod persona;
mod popularity;
#[cfg(test)]
mod promises;
pub mod protocol;
pub mod purchases;
mod reliability;
mod repeat;
pub mod rhythm;
mod robots;
mod room;
mod score;
mod season;
mod shopper;
mod skus;
pub mod taste;
mod together;
mod visits;
pub mod whole;

pub use breadth::{Breadth, Part};
pub use corpus::Corpus;
pub use examination::Examination;
pub use history::{Buy, Draw, History, Look, Spent};
pub use learn::{Learned, learn};
