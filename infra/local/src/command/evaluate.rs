//! `rapport evaluate`: the public protocols on files, through the same learning and the same artifact as a shop's own model.
//!
//! What is learned from never meets what is asked about: the rows are parted first, predicted from the one part, judged by the other.

mod customers;

use super::{Failure, Shop, holdout, progress, shop::Open};
use crate::evaluate::{EvaluateError, baskets, orders, sessions, write_predictions};
use clap::{Args, Subcommand, ValueEnum};
use indicatif::ProgressBar;
use rapport_core::time::Timestamp;
use rapport_train::{
    holdout::Report,
    protocol::{
        self, Prediction,
        judge::{self, Judgement},
        judge_customers::{ChanceRow, ValueRow, Verdict},
    },
};
use serde::Serialize;
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
        /// Where the predictions go, for a scorer of your own.
        #[arg(long, value_name = "FILE")]
        predictions: Option<PathBuf>,
    },
    /// What each customer buys after a day; columns as in Online Retail II.
    Orders {
        /// All orders.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// The first day that is not learned from.
        #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
        split: String,
        /// Whether items that the customer bought before may be listed.
        #[arg(long, default_value = "all")]
        mode: Mode,
        /// Where the predictions go, for a scorer of your own.
        #[arg(long, value_name = "FILE")]
        predictions: Option<PathBuf>,
    },
    /// The next basket; columns `user_id`, `basket_no`, `item_id`.
    Baskets {
        /// All baskets.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// Predicted are the users whose number it divides.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
        modulus: u64,
        /// Where the predictions go, for a scorer of your own.
        #[arg(long, value_name = "FILE")]
        predictions: Option<PathBuf>,
    },
    /// Purchases and value to come; columns `customer_id`, `date`, `value`, or as in Online Retail II.
    Value(customers::Value),
    /// Who buys within days; columns as for value.
    Propensity(customers::Propensity),
}

/// What a protocol found.
#[derive(Serialize)]
#[serde(untagged)]
enum Judged {
    Lists(Judgement),
    Value(Verdict<ValueRow>),
    Propensity(Verdict<ChanceRow>),
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
    let bar = progress::spinner("reading");
    let judged = tokio::task::block_in_place(|| protocol.run(&bar));
    bar.finish_and_clear();
    let judged = judged?;
    match shop.json {
        true => say!("{}", serde_json::to_string_pretty(&judged).unwrap_or_default()),
        false => say!("{}", judged.page().trim_end()),
    }
    Ok(())
}

impl Judged {
    fn page(&self) -> String {
        match self {
            Self::Lists(judged) => page(judged),
            Self::Value(verdict) => customers::value_page(verdict),
            Self::Propensity(verdict) => customers::propensity_page(verdict),
        }
    }
}

/// The first ten characters are compared as text, so that a day must be written like one.
pub(super) fn day(text: &str) -> Result<String, String> {
    match Timestamp::parse(text) {
        Ok(_) if text.len() == "2011-11-11".len() => Ok(text.to_owned()),
        _ => Err("a day is written as 2011-11-11".to_owned()),
    }
}

/// Accuracy, then whom it serves.
fn page(judged: &Judgement) -> String {
    holdout::table(&judged.rows) + &holdout::breadth(&judged.breadth)
}

async fn on_own_log(shop: &Shop) -> Result<(), Failure> {
    let open = shop.open().await?;
    let measured = measure(&open).await;
    open.close().await;
    let report = measured?;
    match shop.json {
        true => say!("{}", serde_json::to_string_pretty(&report).unwrap_or_default()),
        false => say!("{}", holdout::page(&report).trim_end()),
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
    /// Learns, predicts, writes the predictions, and judges them.
    fn run(&self, bar: &ProgressBar) -> Result<Judged, EvaluateError> {
        const LEARNING: &str = "learning and predicting";
        let write = |to: &Option<PathBuf>, predictions: &[Prediction]| {
            bar.set_message("judging");
            to.as_deref().map_or(Ok(()), |to| write_predictions(to, predictions))
        };
        match self {
            Self::Sessions { train, test, first, every, predictions } => {
                let (train, test) = (sessions(train)?, sessions(test)?);
                bar.set_message(LEARNING);
                let predicted = protocol::sessions(&train, &test, *first, *every)?;
                write(predictions, &predicted)?;
                Ok(Judged::Lists(judge::sessions(&train, &test, *first, *every, &predicted)))
            }
            Self::Orders { file, split, mode, predictions } => {
                let (orders, only_new) = (orders(file, split)?, *mode == Mode::New);
                bar.set_message(LEARNING);
                let predicted = protocol::purchases(&orders.before, only_new)?;
                write(predictions, &predicted)?;
                Ok(Judged::Lists(judge::purchases(&orders.before, &orders.later, only_new, &predicted)))
            }
            Self::Baskets { file, modulus, predictions } => {
                let is_test = |user: &str| user.parse::<u64>().is_ok_and(|user| user.is_multiple_of(*modulus));
                let all = baskets(file)?;
                bar.set_message(LEARNING);
                let predicted = protocol::baskets(&all, is_test)?;
                write(predictions, &predicted)?;
                Ok(Judged::Lists(judge::baskets(&all, is_test, &predicted)))
            }
            Self::Value(value) => Ok(Judged::Value(value.run(bar)?)),
            Self::Propensity(propensity) => Ok(Judged::Propensity(propensity.run(bar)?)),
        }
    }
}
