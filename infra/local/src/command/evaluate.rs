//! `rapport evaluate`: the public protocols on files, through the same learning and the same artifact as a shop's own model.

use super::{Failure, Shop, holdout, shop::Open};
use crate::evaluate::{EvaluateError, baskets, orders, sessions, write_predictions};
use clap::{Args, Subcommand, ValueEnum};
use rapport_train::{
    holdout::Report,
    protocol::{self, Prediction},
};
use std::path::PathBuf;

#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// Which protocol; without one, the newest part of the shop's own log judges.
    #[command(subcommand)]
    protocol: Option<Protocol>,
}

/// A protocol, and its files.
#[derive(Subcommand, Clone, Debug)]
enum Protocol {
    /// The next item in a session; columns `session_id`, `item_id`, and `pos` or `ts`.
    Sessions {
        /// What is learned from.
        #[arg(long, value_name = "FILE")]
        train: PathBuf,
        /// What is predicted.
        #[arg(long, value_name = "FILE")]
        test: PathBuf,
        /// The first position that is predicted, counted from 0.
        #[arg(long, default_value_t = 1)]
        first: usize,
        /// Predict every so-many-th session only.
        #[arg(long, default_value_t = 1)]
        every: usize,
        /// Where the predictions go.
        #[arg(long, value_name = "FILE")]
        predictions: PathBuf,
    },
    /// What each customer buys after a day; columns as in Online Retail II.
    Orders {
        /// All orders.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// The first day that is not learned from.
        #[arg(long, value_name = "DAY")]
        split: String,
        /// Whether items that the customer bought before may be listed.
        #[arg(long)]
        mode: Mode,
        /// Where the predictions go.
        #[arg(long, value_name = "FILE")]
        predictions: PathBuf,
    },
    /// The next basket; columns `user_id`, `basket_no`, `item_id`.
    Baskets {
        /// All baskets.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// Predicted are the users whose number it divides.
        #[arg(long, default_value_t = 5)]
        modulus: u64,
        /// Where the predictions go.
        #[arg(long, value_name = "FILE")]
        predictions: PathBuf,
    },
}

/// Which items may be listed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Any.
    All,
    /// Only what the customer never bought.
    New,
}

/// Measures the models.
pub(super) async fn run(shop: &Shop, arguments: &Arguments) -> Result<(), Failure> {
    let Some(protocol) = &arguments.protocol else { return on_own_log(shop).await };
    let predicted = tokio::task::block_in_place(|| protocol.run())?;
    if !shop.json {
        println!("{predicted} predictions written");
    }
    Ok(())
}

async fn on_own_log(shop: &Shop) -> Result<(), Failure> {
    let open = shop.open().await?;
    let measured = measure(&open).await;
    open.close().await;
    let report = measured?;
    match shop.json {
        true => println!("{}", serde_json::to_string_pretty(&report).unwrap_or_default()),
        false => print!("{}", holdout::page(&report)),
    }
    Ok(())
}

async fn measure(open: &Open) -> Result<Report, Failure> {
    open.drain().await?;
    let (bar, tell) = holdout::bar();
    let report = train::measure(&open.functions().train, tell).await?;
    bar.finish_and_clear();
    Ok(report)
}

impl Protocol {
    /// Learns, predicts, and writes the predictions; gives how many there are.
    fn run(&self) -> Result<usize, EvaluateError> {
        let (predicted, to): (Vec<Prediction>, &PathBuf) = match self {
            Self::Sessions { train, test, first, every, predictions } => {
                (protocol::sessions(&sessions(train)?, &sessions(test)?, *first, *every)?, predictions)
            }
            Self::Orders { file, split, mode, predictions } => {
                (protocol::purchases(&orders(file, split)?, *mode == Mode::New)?, predictions)
            }
            Self::Baskets { file, modulus, predictions } => {
                let is_test = |user: &str| user.parse::<u64>().is_ok_and(|user| user.checked_rem(*modulus) == Some(0));
                (protocol::baskets(&baskets(file)?, is_test)?, predictions)
            }
        };
        write_predictions(to, &predicted)?;
        Ok(predicted.len())
    }
}
