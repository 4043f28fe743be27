//! Everything through real SDK calls and real HTTP, in one binary: it links once.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod binaries;
mod claims;
mod contract;
mod crashes;
mod house_rules;
mod lookups;
mod platforms;
mod retail;
mod runtime_api;
mod segments;
mod senders;
mod shop;
mod stack;
