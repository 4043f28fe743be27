//! `rapport train`: the nightly job, now.

use super::{Failure, Shop, holdout, shop::Open};
use crate::{
    clock,
    numbers::{counted, grouped},
};
use clap::Args;
use rapport_lambda::Job;
use std::fmt::Write as _;
use train::Summary;

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
    if let Some(personas) = meta.personas.as_ref().filter(|personas| !personas.personas.is_empty()) {
        let names: Vec<&str> = personas.personas.iter().map(|persona| persona.name.as_str()).collect();
        let _ = writeln!(page, "{}: {}.", counted(names.len() as u64, "kind of shoppers", "kinds of shoppers"), names.join(", "));
    }
    page.push_str(&holdout::page(&summary.holdout));
    page
}
