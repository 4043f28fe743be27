//! What the shell can ask for. One file a command; each has a struct of arguments and a `run`.

/// Says a line on standard output. Unlike `println!`, it takes no offence at a reader who has seen enough, as in `rapport … | head`.
macro_rules! say {
    ($($words:tt)*) => { $crate::command::tell(format_args!($($words)*)) };
}

mod ask;
mod audit;
mod cost;
mod currency;
mod customer;
mod dead_letters;
mod evaluate;
mod holdout;
mod import;
mod keys;
mod personas;
mod progress;
mod recommend;
mod rejected;
mod replay;
mod ruling;
mod segments;
mod send;
mod serve;
mod shop;
mod train;

pub use shop::Shop;

use clap::{Parser, Subcommand};
use std::{
    io::{self, Write as _},
    path::PathBuf,
};

/// See `say!`. An answer that cannot be written for another reason (a full disk) must not pass for one that was.
#[expect(clippy::print_stderr, reason = "standard output is what failed")]
fn tell(words: std::fmt::Arguments<'_>) {
    if let Err(error) = writeln!(io::stdout(), "{words}")
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        eprintln!("rapport: standard output: {error}");
        std::process::exit(1);
    }
}

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
    /// The demo shop could not be opened.
    #[error(transparent)]
    Demo(#[from] crate::demo::DemoError),
    /// Nothing was trained; what served before serves on.
    #[error(transparent)]
    Train(#[from] ::train::TrainError),
    /// Profiles could not be folded or replayed.
    #[error(transparent)]
    Fold(#[from] profile::FoldError),
    /// Live profiles are not what the log says.
    #[error("{0} profiles differ from what the log says")]
    Differing(usize),
    /// Nobody of that name.
    #[error("there is no customer `{0}`; `rapport customer --list` names some")]
    NoCustomer(String),
    /// No training has seen the data yet.
    #[error("the data was not audited yet; `rapport train` does it, or `rapport audit --anew`")]
    NotAudited,
    /// Nothing was rejected under that key.
    #[error("there is no reject `{0}`; `rapport rejected --reason \"\"` lists the keys")]
    NoReject(String),
    /// A function refused.
    #[error("{message} (status {status})")]
    Answer {
        /// The HTTP status.
        status: u16,
        /// The function's own words.
        message: String,
    },
    /// A file that is no payload.
    #[error("{path}: {source}")]
    Payload {
        /// Which.
        path: PathBuf,
        /// Why.
        source: crate::payload::PayloadError,
    },
    /// Not everything that was sent was taken.
    #[error("{count} of {of} were refused")]
    Refused {
        /// How many.
        count: usize,
        /// Of how many.
        of: usize,
    },
    /// Nobody answers there.
    #[error("{url} does not answer: {error}")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        error: Box<ureq::Error>,
    },
    /// A protocol could not be run.
    #[error(transparent)]
    Evaluate(#[from] crate::evaluate::EvaluateError),
    /// The bill could not be made.
    #[error(transparent)]
    Cost(#[from] crate::cost::CostError),
    /// The stores did not start.
    #[error(transparent)]
    Suite(#[from] crate::suite::SuiteError),
    /// The system gave no random numbers.
    #[error("no random numbers: {0}")]
    Random(String),
}

impl Failure {
    /// Whether asking in another way mends it.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Usage(_) | Self::Demo(crate::demo::DemoError::Currency(_)))
    }
}

/// Rapport: personalization for one shop, in your own account or on this machine.
#[derive(Debug, Parser)]
#[command(name = "rapport", version)]
pub struct Cli {
    #[command(flatten)]
    shop: Shop,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the whole suite on this machine; where there is no shop yet, with a demo shop (the default).
    Serve(serve::Arguments),
    /// Take in a history: orders, customers, products or events as CSV.
    Import(import::Arguments),
    /// Learn from everything that was sent so far, and publish the model.
    Train(train::Arguments),
    /// Show what a visitor would be shown, and why.
    Recommend(recommend::Arguments),
    /// Show a customer's living profile.
    Customer(customer::Arguments),
    /// Rule that another id is a customer's, whatever senders say.
    Merge(ruling::Arguments),
    /// Rule that another id is not a customer's, whatever senders say; both histories are folded anew.
    Unmerge(ruling::Arguments),
    /// Show the kinds of shoppers, each with its card.
    Personas(personas::Arguments),
    /// Show the segments with their sizes, the members of one, or whom a rule would mean.
    Segments(segments::Arguments),
    /// Play sample or captured payloads into a running suite.
    Send(send::Arguments),
    /// Compute every profile anew from the log and compare it with the live one.
    Replay(replay::Arguments),
    /// Show what the shop's data looks like: sources, freshness, gaps, jumps, duplicates, rejects.
    Audit(audit::Arguments),
    /// Show what could not be read, by reason, and send it again once the cause is mended.
    Rejected(rejected::Arguments),
    /// Show the messages that a function failed on again and again, and hand them to it once more.
    DeadLetters(dead_letters::Arguments),
    /// Measure the models: by the newest part of the shop's own log, or by a public protocol.
    Evaluate(evaluate::Arguments),
    /// Say what a month on AWS costs, from counted calls and list prices.
    Cost(cost::Arguments),
    /// Show, mint, rotate or revoke keys.
    Keys(keys::Arguments),
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// See [`Failure`]; [`Failure::is_usage`] tells whether it is the caller's to mend.
    pub async fn run(self) -> Result<(), Failure> {
        let shop = &self.shop;
        match self.command.unwrap_or_else(|| Command::Serve(serve::Arguments::default())) {
            Command::Serve(arguments) => serve::run(shop, arguments).await,
            Command::Import(arguments) => import::run(shop, arguments).await,
            Command::Train(arguments) => train::run(shop, arguments).await,
            Command::Recommend(arguments) => recommend::run(shop, arguments).await,
            Command::Customer(arguments) => customer::run(shop, arguments).await,
            Command::Merge(arguments) => ruling::run(shop, arguments, true).await,
            Command::Unmerge(arguments) => ruling::run(shop, arguments, false).await,
            Command::Personas(arguments) => personas::run(shop, arguments).await,
            Command::Segments(arguments) => segments::run(shop, arguments).await,
            Command::Send(arguments) => send::run(shop, arguments).await,
            Command::Replay(arguments) => replay::run(shop, arguments).await,
            Command::Audit(arguments) => audit::run(shop, arguments).await,
            Command::Rejected(arguments) => rejected::run(shop, arguments).await,
            Command::DeadLetters(arguments) => dead_letters::run(shop, arguments).await,
            Command::Evaluate(arguments) => evaluate::run(shop, &arguments).await,
            Command::Cost(arguments) => cost::run(shop, arguments).await,
            Command::Keys(arguments) => keys::run(shop, arguments).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }
}
