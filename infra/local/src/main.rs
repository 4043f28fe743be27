//! The `rapport` command.
#![allow(clippy::print_stderr, reason = "a command speaks to whoever started it")]

use clap::Parser;
use rapport::command::Cli;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    rapport::logging::start();
    match Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("rapport: {failure}");
            if failure.is_usage() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
