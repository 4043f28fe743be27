//! `rapport train`: the nightly job, now.

use super::{Failure, Shop, progress, shop::Open};
use crate::{clock, numbers::grouped};
use clap::Args;
use std::fmt::Write as _;
use train::{Step, Summary};

#[derive(Clone, Debug, Args)]
pub(super) struct Arguments {}

/// Trains on everything that was sent so far.
pub(super) async fn run(shop: &Shop, _: Arguments) -> Result<(), Failure> {
    let open = shop.open().await?;
    let trained = train_now(&open).await;
    open.close().await;
    let summary = trained?;
    match shop.json {
        true => println!("{}", serde_json::to_string_pretty(&summary).unwrap_or_default()),
        false => print!("{}", page(&summary)),
    }
    Ok(())
}

async fn train_now(open: &Open) -> Result<Summary, Failure> {
    open.drain().await?;
    let bar = progress::bar("reading");
    let tell = |step| match step {
        Step::Read { done, of } => {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
        }
        Step::Learn => bar.set_message("learning"),
        Step::Publish => bar.set_message("publishing"),
    };
    let summary = train::train(&open.functions().train, clock::now(), tell).await?;
    bar.finish_and_clear();
    Ok(summary)
}

fn page(summary: &Summary) -> String {
    let meta = &summary.model;
    let mut page = format!(
        "{} is live: {} items, {:.1} MB, learned from {} events of {} people ({} orders, {} visits).\n",
        meta.id,
        grouped(summary.items as u64),
        summary.artifact_bytes as f64 / 1e6,
        grouped(meta.events),
        grouped(meta.people),
        grouped(meta.orders),
        grouped(meta.visits),
    );
    if summary.archived > 0 {
        let _ = writeln!(page, "{} events of closed days moved to the archive.", grouped(summary.archived as u64));
    }
    if summary.damaged_lines > 0 {
        let _ = writeln!(page, "{} lines of the log cannot be read; they stay where they are.", grouped(summary.damaged_lines as u64));
    }
    match summary.holdout.cut.filter(|_| summary.holdout.is_enough) {
        None => page.push_str("Too little came after the rest to measure by: not enough data yet.\n"),
        Some(cut) => {
            let _ = writeln!(page, "\nAsked about what came after {}, which it had not seen:\n", cut.day());
            let _ = writeln!(page, "  {:<14}{:<14}{:>8}{:>18}{:>8}", "question", "answered by", "asked", "in the top 20", "MRR");
            for row in &summary.holdout.rows {
                let hits = format!("{:.1} % ± {:.1}", 100.0 * row.hit_rate, 100.0 * row.margin);
                let question = row.question.replace('_', " ");
                let _ = writeln!(
                    page,
                    "  {question:<14}{:<14}{:>8}{hits:>18}{:>8.3}",
                    row.answerer,
                    grouped(row.asked as u64),
                    row.reciprocal_rank
                );
            }
        }
    }
    page
}
