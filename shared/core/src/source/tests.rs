//! Senders, by example.
