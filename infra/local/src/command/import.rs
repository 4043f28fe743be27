//! `rapport import FILE…`: a shop's history out of CSV files.

use super::{Failure, Shop};
use crate::{
    clock,
    home::Home,
    import::{self, Basis, Outcome, Prepared, Target},
    stores::Stores,
    suite,
    template::Template,
};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rapport_core::{
    money::Currency,
    source::csv::{Field, Options},
    time::Timestamp,
};
use rapport_io::aws::{self, Aws};
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
    /// On what grounds the history may be used: `consent`, `legitimate_interest` or `contract`.
    #[arg(long, default_value_t)]
    basis: Basis,
    /// The currency of amounts that name none, as an ISO code.
    #[arg(long, env = "RAPPORT_CURRENCY", default_value = "USD")]
    currency: Currency,
}

fn mapping(text: &str) -> Result<(String, Field), String> {
    let (column, field) = text.rsplit_once('=').ok_or("write COLUMN=FIELD, for example --map 'Bill No=order'")?;
    Ok((column.to_owned(), field.trim().parse()?))
}

/// Imports into the stack, or into the home's stores, where profiles are folded as soon as the shop is served.
pub(super) async fn run(shop: &Shop, arguments: Arguments) -> Result<(), Failure> {
    let hash_key = super::keys::minted(shop).await?.hash_key;
    if let Some(stack) = &shop.stack {
        let aws = Aws::connect(aws::Options { stack: stack.clone(), ..aws::Options::default() }).await;
        return files(&aws, hash_key, &arguments, shop.json).await;
    }
    let template = Template::deployed().map_err(suite::SuiteError::from)?;
    let home = Home::hold(&shop.home).map_err(suite::SuiteError::from)?;
    let stores = Stores::start(&home, &template).await.map_err(suite::SuiteError::from)?;
    let done = files(&suite::connect(&stores).await, hash_key, &arguments, shop.json).await;
    stores.stop().await;
    done
}

/// Imports the files one after the other and prints what became of each.
///
/// # Errors
/// The first file that could not be imported; those before it are.
pub(super) async fn files(aws: &Aws, hash_key: String, arguments: &Arguments, json: bool) -> Result<(), Failure> {
    let target = Target::over(aws);
    for path in &arguments.files {
        let outcome = file(&target, path, &hash_key, arguments).await?;
        if json {
            println!("{}", serde_json::to_string(&outcome).unwrap_or_default());
        } else {
            print!("{}", import::summary(&outcome, arguments.basis));
        }
        if outcome.report.taken == 0 && outcome.report.rejected_rows() > 0 {
            return Err(Failure::NothingTaken(path.clone()));
        }
    }
    Ok(())
}

async fn file(target: &Target, path: &Path, hash_key: &str, arguments: &Arguments) -> Result<Outcome, Failure> {
    let now = clock::now();
    let options = Options {
        currency: arguments.currency,
        map: arguments.map.clone(),
        now,
        as_of: written(path).unwrap_or(now),
        hash_key: Some(hash_key.to_owned()),
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

/// A bar on standard error; it draws nothing where that is no terminal.
fn bar(path: &Path, doing: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {msg} {bar:30} {percent:>3} %").unwrap_or_else(|_| ProgressStyle::default_bar());
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    ProgressBar::no_length().with_style(style).with_prefix(doing).with_message(name)
}

/// When the file was written.
fn written(path: &Path) -> Option<Timestamp> {
    let age = std::fs::metadata(path).ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(age.as_millis()).ok().map(Timestamp)
}
