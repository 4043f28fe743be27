//! `rapport replay`: every profile from nothing, held against the live ones.

use super::{Failure, Shop, progress, shop::Open};
use crate::{clock, numbers::grouped};
use clap::Args;
use profile::Replayed;
use rapport_lambda::Job;
use serde_json::json;

/// Differing profiles named at most.
const NAMED: usize = 10;

#[derive(Clone, Debug, Args)]
pub(super) struct Arguments {
    /// Write what the log says over the profiles that differ.
    #[arg(long)]
    mend: bool,
}

/// Replays; fails when a live profile is not what the log says, unless it was mended.
pub(super) async fn run(shop: &Shop, arguments: Arguments) -> Result<(), Failure> {
    let open = shop.open().await?;
    let replayed = replay(&open, arguments.mend).await;
    open.close().await;
    let replayed = replayed?;
    let differing: Vec<String> = replayed.differing.iter().map(ToString::to_string).collect();
    if shop.json {
        say!("{}", json!({ "events": replayed.events, "profiles": replayed.profiles, "differing": differing, "mended": arguments.mend }));
    } else {
        say!("{}", page(&replayed, &differing, arguments.mend).trim_end());
    }
    match differing.is_empty() || arguments.mend {
        true => Ok(()),
        false => Err(Failure::Differing(differing.len())),
    }
}

/// What waits is folded first: a replay is compared with profiles that have heard everything.
async fn replay(open: &Open, mend: bool) -> Result<Replayed, Failure> {
    let spinner = progress::spinner("folding what waits");
    open.drain().await?;
    let functions = open.functions();
    profile::run(&functions.profile, Job::Refold, clock::now()).await?;
    spinner.set_message("replaying the log");
    let replayed = profile::replay(&functions.profile, mend.then(clock::now)).await?;
    spinner.finish_and_clear();
    Ok(replayed)
}

fn page(replayed: &Replayed, differing: &[String], mended: bool) -> String {
    let (profiles, events) = (grouped(replayed.profiles as u64), grouped(replayed.events));
    if differing.is_empty() {
        return format!("{profiles} profiles from {events} events, byte for byte as the live ones.\n");
    }
    let some = differing.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if differing.len() > NAMED { ", …" } else { "" };
    let done = if mended { "and were written anew" } else { "`--mend` writes what the log says" };
    format!("{profiles} profiles from {events} events; {} differ from the live ones ({some}{more}); {done}.\n", differing.len())
}
