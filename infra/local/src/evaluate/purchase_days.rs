//! Purchase days out of order lines, and what is said of customers as the scorer reads it.

use super::{EvaluateError, Row, Table};
use rapport_core::time::{DAY_MS, Timestamp};
use rapport_train::{
    outlook::Day,
    protocol::customers::{PurchaseDay, Told},
};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

/// Purchase days, parted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Up to and including the day asked at.
    pub before: Vec<PurchaseDay>,
    /// After it.
    pub later: Vec<PurchaseDay>,
}

/// The purchase days of known customers, each once with all its value, parted after `today`: either by `date` and `value`, or order lines
/// with pieces and price above nothing and no cancellation.
///
/// # Errors
/// [`EvaluateError`] names file, column or line.
pub fn purchase_days(path: &Path, today: Day) -> Result<History, EvaluateError> {
    let mut table = Table::open(path)?;
    let mut minor: BTreeMap<(String, Day), f64> = BTreeMap::new();
    let customer = table.column("customer_id")?;
    if let Ok(price) = table.column("unit_price") {
        let (invoice, at, quantity) = (table.column("invoice")?, table.column("invoice_ts")?, table.column("quantity")?);
        table.each(|row| {
            if row.text(customer).is_empty() || row.text(invoice).starts_with('C') {
                return Ok(());
            }
            let (pieces, price) = (row.number(quantity)?, row.number(price)?);
            if pieces > 0.0 && price > 0.0 {
                let who = format!("{:.0}", row.number(customer)?.trunc());
                *minor.entry((who, day(&row, at)?)).or_default() += 100.0 * pieces * price;
            }
            Ok(())
        })?;
    } else {
        let (date, value) = (table.column("date")?, table.column("value")?);
        table.each(|row| {
            *minor.entry((row.text(customer).to_owned(), day(&row, date)?)).or_default() += 100.0 * row.number(value)?;
            Ok(())
        })?;
    }
    let days = minor.into_iter().map(|((who, day), minor)| PurchaseDay { who, day, minor });
    let (before, later) = days.partition(|bought| bought.day <= today);
    Ok(History { before, later })
}

/// The day that a text begins with.
fn day(row: &Row<'_>, column: usize) -> Result<Day, EvaluateError> {
    let text = row.text(column);
    Ok(Timestamp::parse(text.get(.."2011-11-11".len()).unwrap_or(text))?.0.div_euclid(DAY_MS))
}

/// Writes customer, expected purchase days and expected value; tabs between.
///
/// # Errors
/// [`EvaluateError::File`] when the file cannot be written.
pub fn write_values(path: &Path, told: &[Told]) -> Result<(), EvaluateError> {
    write(path, told, |told| format!("{}\t{}\t{}", told.who, told.purchase_days, told.value))
}

/// Writes customer and the chance of a purchase; tabs between.
///
/// # Errors
/// [`EvaluateError::File`] when the file cannot be written.
pub fn write_chances(path: &Path, told: &[Told]) -> Result<(), EvaluateError> {
    write(path, told, |told| format!("{}\t{}", told.who, told.chance))
}

fn write(path: &Path, told: &[Told], line: impl Fn(&Told) -> String) -> Result<(), EvaluateError> {
    let failed = |source| EvaluateError::File { path: path.to_owned(), source };
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    for told in told {
        writeln!(file, "{}", line(told)).map_err(failed)?;
    }
    file.flush().map_err(failed)
}
