//! `rapport evaluate value` and `propensity`: what customers are told to do, against what they did.

use crate::{
    evaluate::{EvaluateError, purchase_days, write_chances, write_values},
    numbers::grouped,
};
use clap::Args;
use indicatif::ProgressBar;
use rapport_core::time::{DAY_MS, Timestamp};
use rapport_train::{
    outlook::{Contest, Day},
    protocol::{
        customers,
        judge_customers::{self, Ahead, ChanceRow, ValueRow, Verdict},
    },
};
use std::{fmt::Write as _, path::PathBuf};

/// Where, and from when to when.
#[derive(Args, Clone, Debug)]
pub(super) struct Value {
    /// All purchases.
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// The last day that is learned from.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    calibration_end: Day,
    /// The last day that is predicted.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    end: Day,
    /// Where the predictions go, for a scorer of your own.
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
}

/// Where, and at which day.
#[derive(Args, Clone, Debug)]
pub(super) struct Propensity {
    /// All purchases.
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// The day that the recency rule is learned at, which stands beside the model.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    train_at: Day,
    /// The first day that is not learned from.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    test_at: Day,
    /// How many days are asked about.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: u32,
    /// Where the predictions go, for a scorer of your own.
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
}

const LEARNING: &str = "learning and predicting";

/// A day, counted from 1970.
fn day(text: &str) -> Result<Day, String> {
    super::day(text).and_then(|text| Ok(Timestamp::parse(&text).map_err(|error| error.to_string())?.0.div_euclid(DAY_MS)))
}

impl Value {
    /// Learns, predicts, writes the predictions, and judges them.
    pub(super) fn run(&self, bar: &ProgressBar) -> Result<Verdict<ValueRow>, EvaluateError> {
        let history = purchase_days(&self.file, self.calibration_end)?;
        bar.set_message(LEARNING);
        let days = u32::try_from(self.end - self.calibration_end).ok().filter(|days| *days > 0).ok_or(EvaluateError::NoDays)?;
        let foretold = customers::customers(&history.before, self.calibration_end, days, self.calibration_end - i64::from(days))?;
        bar.set_message("judging");
        self.predictions.as_deref().map_or(Ok(()), |to| write_values(to, &foretold.told))?;
        Ok(judge_customers::value(&foretold, &history.later, self.calibration_end, self.end))
    }
}

impl Propensity {
    /// Learns, predicts, writes the predictions, and judges them.
    pub(super) fn run(&self, bar: &ProgressBar) -> Result<Verdict<ChanceRow>, EvaluateError> {
        // The test's first day is not known yet.
        let today = self.test_at - 1;
        let history = purchase_days(&self.file, today)?;
        bar.set_message(LEARNING);
        let foretold = customers::customers(&history.before, today, self.days, self.train_at - 1)?;
        bar.set_message("judging");
        self.predictions.as_deref().map_or(Ok(()), |to| write_chances(to, &foretold.told))?;
        Ok(judge_customers::propensity(&foretold, &history.later, today, today + i64::from(self.days)))
    }
}

/// The table of purchases and value.
pub(super) fn value_page(verdict: &Verdict<ValueRow>) -> String {
    let mut page = format!("\n{} customers, asked what they buy and what it is worth:\n\n", grouped(verdict.asked as u64));
    let _ = writeln!(
        page,
        "  {:<20}{:>9}{:>9}{:>9}{:>8}{:>13}{:>15}{:>11}   model's squared error is less by",
        "answered by", "said", "came", "total", "RMSE", "correlation", "rank of value", "top tenth"
    );
    for ValueRow { answerer, said, came, rmse, correlation, value_rank, top_tenth, lead } in &verdict.rows {
        let (total, told) = (format!("{:+.1} %", 100.0 * (said / came - 1.0)), lead.map(ahead).unwrap_or_default());
        let (said, came) = (grouped(said.round() as u64), grouped(*came as u64));
        let _ = writeln!(
            page,
            "  {answerer:<20}{said:>9}{came:>9}{total:>9}{rmse:>8.3}{correlation:>13.3}{value_rank:>15.3}{top_tenth:>11.3}   {told}"
        );
    }
    page + &contests(verdict.season, &verdict.contests, "purchase_days")
}

/// The table of chances.
pub(super) fn propensity_page(verdict: &Verdict<ChanceRow>) -> String {
    let mut page = format!("\n{} customers, asked whether they buy:\n\n", grouped(verdict.asked as u64));
    let _ = writeln!(
        page,
        "  {:<20}{:>9}{:>9}{:>8}{:>9}{:>13}   model's Brier score is less by",
        "answered by", "said", "came", "AUC", "Brier", "calibration"
    );
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    for ChanceRow { answerer, said, came, auc, brier, calibration, lead, .. } in &verdict.rows {
        let (said, came, told) = (percent(*said), percent(*came), lead.map(ahead).unwrap_or_default());
        let _ = writeln!(page, "  {answerer:<20}{said:>9}{came:>9}{auc:>8.3}{brier:>9.4}{calibration:>13.3}   {told}");
    }
    if let Some(ChanceRow { said, said_between: (low, high), .. }) = verdict.rows.first() {
        let (said, low, high) = (percent(*said), percent(*low), percent(*high));
        let _ = writeln!(page, "\n  The base rate assumed: {said} ({low} to {high}, by how far earlier days were off).");
    }
    page + &contests(verdict.season, &verdict.contests, "purchase")
}

fn ahead(Ahead { by, low, high }: Ahead) -> String {
    format!("{by:+.4} ({low:+.4} to {high:+.4})")
}

/// The season assumed, and who spoke why.
fn contests(season: f64, contests: &[Contest], question: &str) -> String {
    let mut page = format!("\n  Season assumed: {season:.2} times the average, as last year had it where a year is known.\n");
    for Contest { days, asked, standings, champion, .. } in contests.iter().filter(|contest| contest.question == question) {
        let standings: Vec<String> = standings.iter().map(|standing| format!("{} {:.4}", standing.voice, standing.loss)).collect();
        let (asked, standings) = (grouped(*asked as u64), standings.join(", "));
        let _ = writeln!(page, "  Voices over the newest {days} days known ({asked} customers, loss): {standings}. Spoke: {champion}.");
    }
    page
}
