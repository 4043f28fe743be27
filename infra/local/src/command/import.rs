//! `rapport import FILE…`: a shop's history out of CSV files.

use super::{Failure, Shop, progress, shop::Open};
use crate::{
    clock,
    import::{self, Basis, Outcome, Prepared, Target},
};
use clap::Args;
use indicatif::ProgressBar;
use jiff::tz::TimeZone;
use rapport_core::{
    source::csv::{Field, Options},
    time::Timestamp,
};
use std::{
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// What to import, and how to read it.
#[derive(Clone, Debug, Args)]
pub(super) struct Arguments {
    /// CSV files, gzipped or not: orders, customers, products or events.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What a column means where its name does not say: `--map "Bill No=order"`.
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = mapping)]
    map: Vec<(String, Field)>,
    /// Where the clock hangs that wrote times without a zone: `Europe/Berlin`, `America/New_York`; else they are read as UTC.
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    zone: Option<TimeZone>,
    /// On what grounds the history may be used: `consent`, `legitimate_interest` or `contract`.
    #[arg(long, default_value_t)]
    basis: Basis,
}

fn mapping(text: &str) -> Result<(String, Field), String> {
    let (column, field) = text.rsplit_once('=').ok_or("write COLUMN=FIELD, for example --map 'Bill No=order'")?;
    Ok((column.to_owned(), field.trim().parse()?))
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("`{name}` is no time zone; use a name such as Europe/Berlin"))
}

/// Imports, and waits until every profile has heard of it.
pub(super) async fn run(shop: &Shop, arguments: Arguments) -> Result<(), Failure> {
    let open = shop.open().await?;
    let done = take_in(shop, &open, &arguments).await;
    open.close().await;
    done
}

async fn take_in(shop: &Shop, open: &Open, arguments: &Arguments) -> Result<(), Failure> {
    let json = shop.json;
    let tells_amounts = files(open, arguments, json).await?;
    let folding = progress::spinner("folding into profiles");
    let folded = open.drain().await?;
    folding.finish_and_clear();
    if !json {
        if shop.currency.is_none() && tells_amounts {
            say!(
                "Amounts that name no currency were read as {}, the shop's; another is said with --currency at the first import.",
                open.settings.currency
            );
        }
        say!(
            "{}",
            if folded { "All profiles have heard of it; `rapport train` learns from it." } else { "Profiles follow within a minute." }
        );
    }
    Ok(())
}

/// Imports the files one after the other and prints what became of each; whether any of them told more than who the customers are.
///
/// # Errors
/// The first file that could not be imported; those before it are.
async fn files(open: &Open, arguments: &Arguments, json: bool) -> Result<bool, Failure> {
    let (target, mut tells_amounts) = (Target::over(&open.aws), false);
    for path in &arguments.files {
        let outcome = file(&target, path, open, arguments).await?;
        if json {
            say!("{}", serde_json::to_string(&outcome).unwrap_or_default());
        } else {
            say!("{}", import::summary(&outcome, arguments.basis).trim_end());
        }
        if outcome.report.taken == 0 && outcome.report.rejected_rows() > 0 {
            return Err(Failure::NothingTaken(path.clone()));
        }
        tells_amounts |= outcome.report.kinds.keys().any(|kind| *kind != "identify");
    }
    Ok(tells_amounts)
}

async fn file(target: &Target, path: &Path, open: &Open, arguments: &Arguments) -> Result<Outcome, Failure> {
    let now = clock::now();
    let options = Options {
        currency: open.settings.currency,
        map: arguments.map.clone(),
        now,
        as_of: written(path).unwrap_or(now),
        hash_key: Some(open.keys.hash_key.clone()),
        insiders: open.keys.insiders.clone(),
        zone: arguments.zone.clone(),
    };
    let reading = bar(path, "reading");
    reading.set_length(std::fs::metadata(path).map_or(0, |file| file.len()));
    let prepared = tokio::task::block_in_place(|| read(path, &options, &reading))?;
    reading.finish_and_clear();
    let writing = bar(path, "writing");
    writing.set_length(prepared.report().kinds.values().sum());
    let outcome = prepared.write(target, arguments.basis, now, |events| writing.set_position(events)).await?;
    writing.finish_and_clear();
    Ok(outcome)
}

fn read(path: &Path, options: &Options, bar: &ProgressBar) -> Result<Prepared, Failure> {
    let progress = bar.clone();
    let input = import::open(path, move |bytes| progress.set_position(bytes))?;
    Ok(import::prepare(path, input, options)?)
}

fn bar(path: &Path, doing: &str) -> ProgressBar {
    progress::bar(format!("{doing} {}", path.file_name().unwrap_or_default().to_string_lossy()))
}

/// When the file was written.
fn written(path: &Path) -> Option<Timestamp> {
    let age = std::fs::metadata(path).ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(age.as_millis()).ok().map(Timestamp)
}
