//! `rapport customer --csv FILE`: everybody, with what is said of each, as a table for spreadsheets and mailings.

use crate::{
    clock,
    command::{Failure, progress, shop::Open},
    numbers::{decimal, grouped},
};
use rapport_core::{
    assignment::CATEGORY_DAYS,
    money::Currency,
    prediction::{Foresight, HORIZON_DAYS, LEAD_DAYS, Moment},
    profile::{Profile, Subject},
    time::Timestamp,
};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};
use train::{Person, people};

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Writes everybody to `path`, which appears when it is whole; gives how many there are.
pub(super) async fn write(open: &Open, path: &Path) -> Result<u64, Failure> {
    let failed = |source: io::Error| Failure::File { path: path.to_owned(), source };
    open.drain().await?;
    let unfinished = PathBuf::from(format!("{}.part", path.display()));
    let mut table = csv::Writer::from_writer(File::create(&unfinished).map_err(failed)?);
    let mut written = table.write_record(columns());
    let mut count = 0;
    let bar = progress::spinner("folding everybody");
    let currency = open.settings.currency;
    let row = move |person: &Person<'_>| row(person, currency);
    let told = people(&open.functions().train, clock::now(), row, |rows| {
        for row in &rows {
            // What cannot be written is told once everybody was folded; nothing else is lost by it.
            written = std::mem::replace(&mut written, Ok(())).and_then(|()| table.write_record(row));
        }
        count += rows.len() as u64;
        bar.set_message(format!("{} people", grouped(count)));
    });
    let told = told.await.map_err(Failure::from);
    bar.finish_and_clear();
    let whole = told.and_then(|()| {
        written.map_err(io::Error::from).map_err(failed)?;
        table.into_inner().map_err(|error| failed(error.into_error()))?.sync_all().map_err(failed)?;
        std::fs::rename(&unfinished, path).map_err(failed)
    });
    if whole.is_err() {
        // The cause is told; a file that is left behind is only untidy.
        let _ = std::fs::remove_file(&unfinished);
    }
    whole.map(|()| count)
}

/// The names of what [`row`] tells, in its order.
fn columns() -> Vec<String> {
    let known = ["id", "is_guest", "first_seen", "last_seen", "events", "orders", "first_order", "last_order", "currency", "revenue"];
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

fn row(person: &Person<'_>, currency: Currency) -> Vec<String> {
    let id = match person.subject {
        Subject::Customer(id) => id.to_string(),
        Subject::Email(hash) | Subject::Phone(hash) => hash.to_string(),
        Subject::Device(id) => id.to_string(),
    };
    let Profile { first_seen, last_seen, .. } = person.profile;
    let totals = person.profile.whole();
    let revenue = totals.revenue_minor.iter().find(|(named, _)| *named == currency).map_or(0, |(_, minor)| *minor);
    let at = |at: Option<Timestamp>| at.map_or_else(String::new, |at| at.to_string());
    let mut row = vec![
        id,
        (!matches!(person.subject, Subject::Customer(_))).to_string(),
        first_seen.to_string(),
        last_seen.to_string(),
        totals.events.to_string(),
        totals.orders.to_string(),
        at(totals.first_order),
        at(totals.last_order),
        currency.to_string(),
        decimal(revenue, currency),
    ];
    // Of who keeps to themselves nothing is said.
    let Some(said) = person.said else {
        row.resize(columns().len(), String::new());
        return row;
    };
    let (persona, strength) = said.persona.map_or_else(Default::default, |(_, name, strength)| (name.to_owned(), chance(strength)));
    let segments: Vec<&str> = said.standing.memberships.iter().map(|one| one.segment.as_str()).collect();
    row.extend([persona, strength, segments.join(";")]);
    for days in HORIZON_DAYS {
        let told = said.foresights.iter().find(|(ahead, _)| *ahead == days).map(|(_, told)| told);
        row.extend(told.map_or_else(Default::default, |told| foreseen(told, currency)));
    }
    let (category, likely) = said.category.map_or_else(Default::default, |(name, told)| (name.to_owned(), chance(told.value)));
    let first_order = said.first_order.map_or_else(String::new, |told| chance(told.value));
    row.extend([category, likely, first_order, said.send_time.as_ref().map_or_else(String::new, hour)]);
    row
}

fn foreseen(told: &Foresight, currency: Currency) -> [String; 3] {
    let value = decimal(told.value_minor.value.round() as i64, currency);
    [chance(told.chance.value), format!("{:.3}", told.purchase_days.value), value]
}

fn chance(chance: f64) -> String {
    format!("{chance:.4}")
}

fn hour(moment: &Moment) -> String {
    format!("{} {:02}:00", WEEKDAYS.get(moment.weekday).copied().unwrap_or_default(), moment.hour)
}
