//! Everything through real SDK calls and real HTTP, in one binary: it links once.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod binaries;
mod claims;
mod contract;
mod crashes;
mod everybody;
mod flood;
mod heavy;
mod home;
mod house_rules;
mod lookups;
mod million;
mod personas;
mod platforms;
mod predictions;
mod rejects;
mod retail;
mod runtime_api;
mod segments;
mod senders;
mod shop;
mod stack;
