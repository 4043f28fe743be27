//! `rapport customer --csv FILE`: everybody, with what is said of each, as a table for spreadsheets and mailings.

use crate::{
    clock,
    command::{Failure, progress, shop::Open},
    numbers::{decimal, grouped},
};
use rapport_core::{
    assignment::CATEGORY_DAYS,
    money::Currency,
    prediction::{Foresight, HORIZON_DAYS, LEAD_DAYS},
    spreadsheet,
    time::Timestamp,
};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};
use train::{Person, people};

/// Writes everybody to `path`, which appears when it is whole; gives how many there are.
pub(super) async fn write(open: &Open, path: &Path) -> Result<u64, Failure> {
    let unfinished = PathBuf::from(format!("{}.part", path.display()));
    let written = write_to(open, &unfinished, failed(path)).await;
    let whole = written.and_then(|count| fs::rename(&unfinished, path).map(|()| count).map_err(failed(path)));
    if whole.is_err() {
        // The cause is told; a file that is left behind is only untidy.
        let _ = fs::remove_file(&unfinished);
    }
    whole
}

async fn write_to(open: &Open, path: &Path, failed: impl Fn(io::Error) -> Failure) -> Result<u64, Failure> {
    let mut table = csv::Writer::from_writer(File::create(path).map_err(&failed)?);
    let mut written = table.write_record(columns());
    open.drain().await?;
    let mut count = 0;
    let bar = progress::spinner("folding everybody");
    let told = people(&open.functions().train, clock::now(), row, |rows| {
        for row in &rows {
            if written.is_ok() {
                written = table.write_record(row);
            }
        }
        count += rows.len() as u64;
        bar.set_message(format!("{} people", grouped(count)));
    });
    let told = told.await;
    bar.finish_and_clear();
    told?;
    written.map_err(io::Error::from).map_err(&failed)?;
    table.into_inner().map_err(|error| failed(error.into_error()))?.sync_all().map_err(&failed)?;
    Ok(count)
}

fn failed(path: &Path) -> impl Fn(io::Error) -> Failure {
    let path = path.to_owned();
    move |source| Failure::File { path: path.clone(), source }
}

/// The names of what [`row`] tells, in its order.
fn columns() -> Vec<String> {
    let known = ["id", "kind", "first_seen", "last_seen", "events", "orders", "first_order", "last_order", "currency", "revenue"];
    let said = ["persona", "persona_strength", "segments"];
    let foreseen = HORIZON_DAYS.map(|days| [format!("purchase_{days}d"), format!("orders_{days}d"), format!("value_{days}d")]);
    let last = [
        "next_category".to_owned(),
        format!("next_category_{CATEGORY_DAYS}d"),
        format!("first_order_{LEAD_DAYS}d"),
        "send_time_utc".to_owned(),
    ];
    known.into_iter().chain(said).map(str::to_owned).chain(foreseen.into_iter().flatten()).chain(last).collect()
}

fn row(person: &Person<'_>) -> Vec<String> {
    let (facts, currency) = (person.facts, person.facts.currency());
    let (profile, totals) = (facts.profile(), facts.totals());
    let at = |at: Option<Timestamp>| at.map_or_else(String::new, |at| at.to_string());
    let mut row = vec![
        text(profile.subject.id()),
        profile.subject.kind().to_owned(),
        profile.first_seen.to_string(),
        profile.last_seen.to_string(),
        totals.events.to_string(),
        totals.orders.to_string(),
        at(totals.first_order),
        at(totals.last_order),
        currency.to_string(),
        decimal(facts.revenue_minor(), currency),
    ];
    // Of who keeps to themselves nothing is said.
    let Some(said) = person.said else {
        row.resize(columns().len(), String::new());
        return row;
    };
    let (persona, strength) = said.persona.map_or_else(Default::default, |(_, name, strength)| (text(name), chance(strength)));
    let segments: Vec<&str> = said.standing.memberships.iter().map(|one| one.segment.as_str()).collect();
    row.extend([persona, strength, text(&segments.join(";"))]);
    for days in HORIZON_DAYS {
        let told = said.foresights.iter().find(|(ahead, _)| *ahead == days).map(|(_, told)| told);
        row.extend(told.map_or_else(Default::default, |told| foreseen(told, currency)));
    }
    let (category, likely) = said.category.map_or_else(Default::default, |(name, told)| (text(name), chance(told.value)));
    let first_order = said.first_order.map_or_else(String::new, |told| chance(told.value));
    row.extend([category, likely, first_order, said.send_time.map_or_else(String::new, |moment| moment.to_string())]);
    row
}

fn foreseen(told: &Foresight, currency: Currency) -> [String; 3] {
    let value = decimal(told.value_minor.value.round() as i64, currency);
    [chance(told.chance.value), format!("{:.3}", told.purchase_days.value), value]
}

fn chance(chance: f64) -> String {
    format!("{chance:.4}")
}

fn text(text: &str) -> String {
    spreadsheet::text(text).into_owned()
}
