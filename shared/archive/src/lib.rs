//! Closed days as Parquet: the training snapshot, and the form in which the shop owns its data.
//!
//! A row is an event. The columns in front are for people and their tools (DuckDB, Athena, pandas); the last one, `event`, is the
//! canonical line that the log held, and what we read back. So the archive can never say less than the log did, and a new kind of
//! event needs no new column.
#![warn(missing_docs)]

mod columns;
mod store;

pub use columns::{Named, count, decode, encode, lines_of};
pub use store::Archive;

use rapport_core::event::{Event, encode_line};
use rapport_io::StoreError;

/// Why an archive file cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Not Parquet, cut short, or of another shape than ours.
    #[error("not an archive of ours: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Another content than its name tells: it was overwritten, or its disk failed.
    #[error("{0} is damaged: its content is not what its name says; put it back from a copy, or delete it and lose the events in it")]
    Damaged(String),
    /// A row's `event` cannot be read.
    #[error("row {0}")]
    Event(#[from] rapport_core::event::DecodeError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Puts `events` in the archive's order, by whom they are about, then by time, then by content, and drops identical copies. Copies
/// that differ stay: which one counts is for the fold to say, and it must see them all.
#[must_use]
pub fn in_order(events: Vec<Event>) -> Vec<Event> {
    let mut lines: Vec<(Vec<u8>, Event)> = events.into_iter().map(|event| (line(&event), event)).collect();
    lines.sort_unstable_by(|(a_line, a), (b_line, b)| key(a).cmp(&key(b)).then_with(|| a_line.cmp(b_line)));
    lines.dedup_by(|(a, _), (b, _)| a == b);
    lines.into_iter().map(|(_, event)| event).collect()
}

fn key(event: &Event) -> ([Option<&str>; 4], i64) {
    let who = &event.who;
    let named = [
        who.customer.as_ref().map(|id| id.as_str()),
        who.email.as_ref().map(|id| id.as_str()),
        who.phone.as_ref().map(|id| id.as_str()),
        who.device.as_ref().map(|id| id.as_str()),
    ];
    (named, event.at.0)
}

fn line(event: &Event) -> Vec<u8> {
    let mut line = Vec::with_capacity(256);
    encode_line(event, &mut line);
    line
}
