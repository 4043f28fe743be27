//! How others say things, translated into canonical events.

pub mod csv;
