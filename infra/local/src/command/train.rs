//! `rapport train`: the nightly job, now.

use super::{Failure, Shop, holdout, shop::Open};
use crate::{
    clock,
    numbers::{counted, grouped},
};
use clap::Args;
use rapport_core::time::{DAY_MS, Timestamp};
use rapport_lambda::Job;
use std::fmt::Write as _;
use train::Summary;

/// A history whose newest event is older, in days, is of a shop that sells nothing any more, or of an old file.
const OLD_DAYS: i64 = 60;

#[derive(Clone, Debug, Args)]
pub(super) struct Arguments {}

/// Trains on everything that was sent so far.
pub(super) async fn run(shop: &Shop, _: Arguments) -> Result<(), Failure> {
    let open = shop.open().await?;
    let trained = train_now(&open).await;
    open.close().await;
    let summary = trained?;
    match shop.json {
        true => say!("{}", serde_json::to_string_pretty(&summary).unwrap_or_default()),
        false => say!("{}", page(&summary).trim_end()),
    }
    Ok(())
}

async fn train_now(open: &Open) -> Result<Summary, Failure> {
    let is_here = open.drain().await?;
    let (bar, tell) = holdout::bar();
    let summary = train::train(&open.functions().train, clock::now(), tell).await?;
    bar.finish_and_clear();
    // A stack's own clock does so within a minute; here nobody should read yesterday's segments under today's cut-offs.
    if is_here {
        profile::run(&open.functions().profile, Job::Segments, clock::now()).await?;
    }
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
    page.push_str(&stale(summary.newest, meta.created));
    if let Some(personas) = meta.personas.as_ref().filter(|personas| !personas.personas.is_empty()) {
        let names: Vec<&str> = personas.personas.iter().map(|persona| persona.name.as_str()).collect();
        let _ = writeln!(page, "{}: {}.", counted(names.len() as u64, "kind of shoppers", "kinds of shoppers"), names.join("; "));
    }
    page.push_str(&holdout::page(&summary.holdout));
    page
}

/// A word about a history that ended long ago: everything said of customers is about today, and would puzzle whoever tries an old file.
fn stale(newest: Option<Timestamp>, now: Timestamp) -> String {
    let days = newest.map_or(0, |newest| now.since_ms(newest) / DAY_MS);
    let Some(newest) = newest.filter(|_| days > OLD_DAYS) else { return String::new() };
    format!(
        "The newest look or purchase is of {}, {} days ago. What is said of customers is about today: nearly all count as lapsed, and are \
         expected to buy little.\n",
        newest.day(),
        grouped(days.unsigned_abs())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_that_ended_long_ago_is_said_to_have() {
        let now = Timestamp::parse("2026-11-27").expect("a day");
        let told = stale(Timestamp::parse("2011-12-09").ok(), now);
        assert!(told.starts_with("The newest look or purchase is of 2011-12-09, 5,467 days ago."), "{told}");
        assert_eq!(stale(Some(now.plus_days(-OLD_DAYS)), now), "");
        assert_eq!(stale(None, now), "");
    }
}
