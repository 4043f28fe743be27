//! A file of history into the log: read, sort by customer, append, and keep what could not be read.
//!
//! The profile of a customer whose whole history lies in one log object is folded in one go. So events are sorted by customer before
//! they are written, on `piles` that stay packed until their turn comes: a million rows pass through some fifty megabytes.
//!
//! A second import of a file changes nothing. Events are named by what the file says, objects by what they hold; whatever comes twice is
//! recognised by the fold.

mod basis;
mod open;
mod piles;
mod summary;

pub use basis::{Basis, UnknownBasis};
pub use open::open;
pub use summary::summary;

use piles::Piles;
use rapport_core::{
    catalog::Item,
    digest::short_hash,
    event::Event,
    profile::{Position, Subject},
    source::csv::{self, Contact, CsvError, Found, Options, Reason, Report},
    time::Timestamp,
};
use rapport_io::{
    StoreError,
    aws::Aws,
    catalog::Catalog,
    contacts::{Contacts, Said},
    log::Log,
    rejects::{Form, Reject, Rejects},
};
use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Events in a log object: enough to pack well, few enough that a function folds them in seconds.
const EVENTS_PER_OBJECT: usize = 10_000;
/// Rejected rows kept in one object, in bytes.
const REJECTS_BYTES: usize = 1024 * 1024;

/// Where an import goes.
#[derive(Clone)]
pub struct Target {
    /// Events.
    pub log: Log,
    /// Rows that could not be taken.
    pub rejects: Rejects,
    /// Plain personal data.
    pub contacts: Contacts,
    /// Products.
    pub catalog: Catalog,
}

impl Target {
    /// The stores of a stack.
    #[must_use]
    pub fn over(aws: &Aws) -> Self {
        Self {
            log: Log::new(Arc::clone(&aws.objects)),
            rejects: Rejects::new(Arc::clone(&aws.objects)),
            contacts: Contacts::new(Arc::clone(&aws.records)),
            catalog: Catalog::new(Arc::clone(&aws.records)),
        }
    }
}

/// What became of a file.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Outcome {
    /// The file.
    pub file: PathBuf,
    /// What became of its rows.
    #[serde(flatten)]
    pub report: Report,
    /// Events written, those that state the basis among them.
    pub events: u64,
    /// Log objects written, or found to be there.
    pub objects: Vec<String>,
    /// Customers, devices, e-mail addresses and phone numbers that the events are about.
    pub subjects: u64,
}

/// Why a file was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It could not be opened.
    #[error("{path}: {source}")]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no CSV that is known.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: CsvError,
    },
    /// The packed events could not be unpacked: memory is damaged, or this is a bug.
    #[error("sorting failed: {0}")]
    Sort(#[source] io::Error),
    /// A store did not take it. What was written so far is safe, and importing again is too.
    #[error("{0}; what was written is safe, run the import again")]
    Store(#[from] StoreError),
}

/// A file that was read, its events not yet written.
pub struct Prepared {
    path: PathBuf,
    report: Report,
    piles: Piles,
    items: Vec<Item>,
    contacts: Vec<Contact>,
    rejected: BTreeMap<Reason, Vec<u8>>,
}

/// Reads `input`, the unpacked content of `path`. Blocks: run it where blocking is allowed.
///
/// # Errors
/// [`ImportError::File`] when it cannot be read as a whole; no store was touched then.
pub fn prepare(path: &Path, input: impl Read, options: &Options) -> Result<Prepared, ImportError> {
    let mut piles = Piles::default();
    let mut failed = None;
    let (mut items, mut contacts, mut rejected) = (Vec::new(), Vec::new(), BTreeMap::<Reason, Vec<u8>>::new());
    let report = csv::read(input, options, |found| match found {
        Found::Event(event) => {
            if let Err(error) = piles.add(&event) {
                failed.get_or_insert(error);
            }
        }
        Found::Item(item) => items.push(item),
        Found::Contact(contact) => contacts.push(contact),
        Found::Rejected(row) => {
            let rows = rejected.entry(row.reason).or_default();
            rows.extend_from_slice(&row.raw);
            rows.push(b'\n');
        }
    });
    let report = report.map_err(|source| ImportError::File { path: path.to_owned(), source })?;
    match failed {
        Some(error) => Err(ImportError::Sort(error)),
        None => Ok(Prepared { path: path.to_owned(), report, piles, items, contacts, rejected }),
    }
}

impl Prepared {
    /// What became of the file's rows.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// Writes everything to `target`, and tells `progress` how many events are written.
    ///
    /// # Errors
    /// [`ImportError::Store`] when a store stays out of reach; the same import again is safe.
    pub async fn write(self, target: &Target, basis: Basis, now: Timestamp, progress: impl Fn(u64)) -> Result<Outcome, ImportError> {
        let Self { path, report, piles, items, contacts, rejected } = self;
        keep_rejects(target, &path, &report, rejected, now).await?;
        put_contacts(target, contacts).await?;
        target.catalog.put_items(&items, now).await?;
        let mut outcome = Outcome { file: path, report, events: 0, objects: Vec::new(), subjects: 0 };
        let mut batch: Vec<Event> = Vec::new();
        for pile in piles.finish().map_err(ImportError::Sort)? {
            for mut group in pile.groups().map_err(ImportError::Sort)? {
                outcome.subjects += u64::from(!group.who().is_nobody());
                basis.state(&mut group.events);
                batch.append(&mut group.events);
                while batch.len() >= EVENTS_PER_OBJECT {
                    outcome.append(target, take(&mut batch), now).await?;
                    progress(outcome.events);
                }
            }
        }
        if !batch.is_empty() {
            outcome.append(target, batch, now).await?;
        }
        progress(outcome.events);
        Ok(outcome)
    }
}

impl Outcome {
    async fn append(&mut self, target: &Target, events: Vec<Event>, now: Timestamp) -> Result<(), ImportError> {
        self.events += events.len() as u64;
        self.objects.push(target.log.append(&events, now).await?);
        Ok(())
    }
}

/// What goes into the next object: all of it, unless one customer alone is too large.
fn take(batch: &mut Vec<Event>) -> Vec<Event> {
    let rest = if batch.len() > 2 * EVENTS_PER_OBJECT { batch.split_off(EVENTS_PER_OBJECT) } else { Vec::new() };
    std::mem::replace(batch, rest)
}

/// Keeps rejected rows under the file's header, so that what is kept can be mended and imported as it is.
async fn keep_rejects(
    target: &Target,
    path: &Path,
    report: &Report,
    rejected: BTreeMap<Reason, Vec<u8>>,
    now: Timestamp,
) -> Result<(), ImportError> {
    let source = format!("import:{}", path.file_name().unwrap_or_default().to_string_lossy());
    for (reason, rows) in rejected {
        let mut rest = rows.as_slice();
        while !rest.is_empty() {
            let end = rest.iter().skip(REJECTS_BYTES).position(|byte| *byte == b'\n').map_or(rest.len(), |more| REJECTS_BYTES + more + 1);
            let (part, later) = rest.split_at(end);
            let raw = [report.header.as_slice(), b"\n", part].concat();
            let reason = reason.text().to_owned();
            target.rejects.put(&Reject { reason, source: source.clone(), received: now, form: Form::Rows, raw }).await?;
            rest = later;
        }
    }
    Ok(())
}

async fn put_contacts(target: &Target, contacts: Vec<Contact>) -> Result<(), ImportError> {
    let said = contacts.into_iter().filter_map(|contact| {
        let at = Position { at: contact.at, id: short_hash(contact.value.as_bytes()) };
        Some(Said { subject: subject(&contact)?, field: contact.field.to_string(), value: contact.value, at })
    });
    Ok(target.contacts.keep(said.collect()).await?)
}

fn subject(contact: &Contact) -> Option<Subject> {
    contact.who.person()
}

#[cfg(test)]
mod tests;
