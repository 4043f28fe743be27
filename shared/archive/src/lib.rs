//! The archive: closed days of the log as Parquet, which DuckDB, Athena and pandas open as they are.
//!
//! [`encode`] and [`decode`] are each other's inverse, event for event; [`compact`] is what a day goes through on its way in: copies
//! dropped by the rule that profiles follow, then sorted by whom an event is about, so that one customer's history is a few pages of
//! a file. [`Archive`] says where the files are.
//!
//! What is absent: Arrow. Columns go in and out through Parquet's own writer, which keeps the Lambda small.
#![warn(missing_docs)]

mod columns;
mod row;
mod store;

pub use columns::{decode, encode};
pub use store::Archive;

use rapport_core::{
    event::Event,
    profile::{subjects, OpenEvent},
};

/// The layout that is written today, kept in every file's metadata. Older ones stay readable.
pub const SCHEMA: u32 = 1;

/// Why a file of the archive cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// No Parquet file, or a damaged one.
    #[error("the archive file is damaged: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Written by another release.
    #[error("the archive file has schema {0}; this release reads {SCHEMA}")]
    Schema(String),
    /// A row that is no event.
    #[error("row {row} is no event: {why}")]
    Row {
        /// Counted from 0 within its row group.
        row: usize,
        /// What is wrong with it.
        why: String,
    },
    /// Not reachable, or refused.
    #[error(transparent)]
    Store(#[from] rapport_io::StoreError),
}

/// `events` as a file: each event once, sorted by subject, then time. The same set of events always gives the same bytes.
///
/// # Errors
/// [`ArchiveError::Parquet`] when the writer refuses.
pub fn compact(events: Vec<Event>) -> Result<Vec<u8>, ArchiveError> {
    encode(&settle(events))
}

/// Each event once, sorted by subject, then time.
#[must_use]
pub fn settle(events: Vec<Event>) -> Vec<Event> {
    let mut copies: Vec<((u64, rapport_core::time::Timestamp, u32), Event)> =
        events.into_iter().map(|event| (OpenEvent::of(&event).precedence(), event)).collect();
    copies.sort_by_key(|(precedence, _)| *precedence);
    copies.dedup_by_key(|((id, _, _), _)| *id);
    let mut placed: Vec<(String, _, Event)> = copies
        .into_iter()
        .map(|((id, at, _), event)| (subjects(&event).first().map(ToString::to_string).unwrap_or_default(), (at, id), event))
        .collect();
    placed.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    placed.into_iter().map(|(_, _, event)| event).collect()
}

#[cfg(test)]
mod tests;
