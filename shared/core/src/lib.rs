//! The pure heart of Rapport: what an event is, what a profile is, how one becomes the other, and what a model says about both.
//!
//! Nothing in here waits, reads a clock, rolls dice or talks to a network. Time and randomness are arguments, so every function is
//! as easy to test as addition, and the same bytes in give the same bytes out on a laptop, in a test and in a Lambda.
//!
//! Start with [`event::Event`], the one thing that is stored for ever; then [`profile::Profile`], a fold over events; then
//! [`model::Model`], what training learned; then [`ranking`], which turns the three into an answer.
#![warn(missing_docs)]

pub mod assignment;
pub mod auth;
pub mod catalog;
pub mod digest;
pub mod event;
pub mod features;
pub mod filter;
pub mod id;
pub mod identity;
pub mod model;
pub mod money;
pub mod persona;
pub mod prediction;
pub mod profile;
pub mod random;
pub mod ranking;
pub mod rules;
pub mod segment;
pub mod source;
pub mod spreadsheet;
pub mod time;
