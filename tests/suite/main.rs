//! Everything through real SDK calls and real HTTP, in one binary: it links once.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod binaries;
mod house_rules;
mod runtime_api;
