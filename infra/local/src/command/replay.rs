//! `rapport replay`: every profile, or those of who was there on some days, from nothing, held against the live ones.

use super::{Failure, Shop, progress, shop::Open};
use crate::{clock, numbers::grouped};
use clap::Args;
use profile::Replayed;
use rapport_core::time::Timestamp;
use rapport_lambda::Job;
use serde_json::json;
use std::ops::RangeInclusive;

/// Differing profiles named at most.
const NAMED: usize = 10;

#[derive(Clone, Debug, Args)]
pub(super) struct Arguments {
    /// Write what the log says over the profiles that differ.
    #[arg(long)]
    mend: bool,
    /// Only those who did something on this day or later (UTC), each with their whole history.
    #[arg(long, value_name = "DAY", value_parser = day)]
    from: Option<Timestamp>,
    /// Only those who did something on this day or earlier.
    #[arg(long, value_name = "DAY", value_parser = day)]
    to: Option<Timestamp>,
}

/// Midnight before `2026-11-22`.
fn day(text: &str) -> Result<Timestamp, String> {
    let at = Timestamp::parse(text).map_err(|error| error.to_string())?;
    if at.day() == text { Ok(at) } else { Err(format!("`{text}` is no day; write it like {}", at.day())) }
}

impl Arguments {
    /// From the first day's first instant to the last day's last; `None` when no day was named.
    fn span(&self) -> Option<RangeInclusive<Timestamp>> {
        if self.from.is_none() && self.to.is_none() {
            return None;
        }
        Some(self.from.unwrap_or(Timestamp(i64::MIN))..=self.to.map_or(Timestamp(i64::MAX), |to| to.plus_days(1).plus_ms(-1)))
    }
}

/// Replays; fails when a live profile is not what the log says, unless it was mended.
pub(super) async fn run(shop: &Shop, arguments: Arguments) -> Result<(), Failure> {
    let open = shop.open().await?;
    let replayed = replay(&open, &arguments).await;
    open.close().await;
    let replayed = replayed?;
    let differing: Vec<String> = replayed.differing.iter().map(ToString::to_string).collect();
    if shop.json {
        say!("{}", json!({ "events": replayed.events, "profiles": replayed.profiles, "differing": differing, "mended": arguments.mend }));
    } else {
        say!("{}", page(&replayed, &differing, &arguments).trim_end());
    }
    match differing.is_empty() || arguments.mend {
        true => Ok(()),
        false => Err(Failure::Differing(differing.len())),
    }
}

/// What waits is folded first: a replay is compared with profiles that have heard everything.
async fn replay(open: &Open, arguments: &Arguments) -> Result<Replayed, Failure> {
    let spinner = progress::spinner("folding what waits");
    if !open.drain().await? {
        profile::run(&open.functions().profile, Job::Refold, clock::now()).await?;
    }
    let functions = open.functions();
    spinner.set_message("replaying the log");
    let mend = arguments.mend.then(clock::now);
    let replayed = match arguments.span() {
        Some(span) => profile::replay_span(&functions.profile, span, mend).await?,
        None => profile::replay(&functions.profile, mend).await?,
    };
    spinner.finish_and_clear();
    Ok(replayed)
}

fn page(replayed: &Replayed, differing: &[String], arguments: &Arguments) -> String {
    let (profiles, events) = (grouped(replayed.profiles as u64), grouped(replayed.events));
    let active = if arguments.span().is_some() { " active on those days, folded anew" } else { "" };
    if differing.is_empty() {
        return format!("{profiles} profiles{active} from {events} events, byte for byte as the live ones.\n");
    }
    let some = differing.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if differing.len() > NAMED { ", …" } else { "" };
    let done = if arguments.mend { "and were written anew" } else { "`--mend` writes what the log says" };
    format!("{profiles} profiles{active} from {events} events; {} differ from the live ones ({some}{more}); {done}.\n", differing.len())
}
