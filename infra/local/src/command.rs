//! What the shell can ask for. One file a command; each has a struct of arguments and a `run`.
#![allow(clippy::print_stdout, reason = "a command's answer goes to standard output")]

mod evaluate;
mod import;
mod keys;

use clap::{Args, Parser, Subcommand};
use std::{io, path::PathBuf};

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The arguments do not fit each other or the shop.
    #[error("{0}")]
    Usage(String),
    /// The keys' document is damaged.
    #[error(transparent)]
    Keyring(#[from] rapport_core::auth::KeyringError),
    /// A store did not do its part.
    #[error(transparent)]
    Store(#[from] rapport_io::StoreError),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of history was not imported.
    #[error(transparent)]
    Import(#[from] crate::import::ImportError),
    /// All rows of a file were rejected.
    #[error("{0}: no row could be taken")]
    NothingTaken(PathBuf),
    /// A protocol could not be run.
    #[error(transparent)]
    Evaluate(#[from] crate::evaluate::EvaluateError),
    /// The stores did not start.
    #[error(transparent)]
    Suite(#[from] crate::suite::SuiteError),
    /// The system gave no random numbers.
    #[error("no random numbers: {0}")]
    Random(String),
}

/// Rapport: personalization for one shop, in your own account or on this machine.
#[derive(Debug, Parser)]
#[command(name = "rapport", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    shop: Shop,
    #[command(subcommand)]
    command: Command,
}

/// Which shop a command works on.
#[derive(Clone, Debug, Args)]
pub struct Shop {
    /// Where the shop's local state lives.
    #[arg(long, global = true, env = "RAPPORT_HOME", default_value = ".rapport")]
    pub home: PathBuf,
    /// Work on this deployed stack instead, with your AWS credentials.
    #[arg(long, global = true)]
    pub stack: Option<String>,
    /// Answer as JSON, for machines.
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure the models by a public protocol.
    Evaluate(evaluate::Arguments),
    /// Take in a history: orders, customers, products or events as CSV.
    Import(import::Arguments),
    /// Show, mint, rotate or revoke keys.
    Keys(keys::Arguments),
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// See [`Failure`]; [`Failure::Usage`] is the caller's to mend.
    pub async fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Evaluate(arguments) => evaluate::run(&self.shop, &arguments),
            Command::Import(arguments) => import::run(&self.shop, arguments).await,
            Command::Keys(arguments) => keys::run(&self.shop, arguments).await,
        }
    }
}
