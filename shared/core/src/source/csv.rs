//! CSV files: exports of Shopify, WooCommerce and Stripe, plain order lines, browsing events, customers, products.
//!
//! [`read`] streams a file once, row by row, in memory that does not grow with the file but for eight bytes a row that keep equal lines
//! of one invoice apart, and sixteen an order in platforms' exports. Whatever the file is like, its good rows come out: a damaged row is handed out raw with its [`Reason`], and its
//! neighbours are not touched. What a whole file can be wrong about (binary, unknown columns, one column) is a [`CsvError`]
//! that says what was found and what to do.
//!
//! Two imports of one file give the same events: an event's id is a hash of its source, its fields, and how many equal rows came
//! before it (the k-th equal line of an invoice is a line of its own: two clerks may well scan the same mug twice). Of two exports of a
//! platform's order that differ the newer one holds, whole; see `orders`.
//!
//! What is absent: unpacking gzip, and storing anything. Callers do both.

mod dictionary;
mod events;
mod format;
mod intake;
mod lines;
mod opinions;
mod orders;
mod people;
mod products;
mod records;
mod report;
mod rows;
mod text;
mod value;

pub use format::{Field, Format, Unrecognised};
pub use report::{Doubt, Mend, Reason, Report, Tally};

use crate::{
    auth::Insiders,
    catalog::Item,
    event::{Event, Who},
    money::Currency,
    time::Timestamp,
};
use jiff::tz::TimeZone;
use std::io::Read;

/// How to read a file.
#[derive(Clone, Debug)]
pub struct Options {
    /// The currency of amounts that name none.
    pub currency: Currency,
    /// Columns named by hand, `(column as the header has it, what it means)`; they go before what is recognised.
    pub map: Vec<(String, Field)>,
    /// When the file is read: nothing in it can be later.
    pub now: Timestamp,
    /// The time of statements that carry none, as customers' traits do: when the file was written.
    pub as_of: Timestamp,
    /// Key of the hash under which e-mail addresses and phone numbers enter the log; where `None` they are left out.
    pub hash_key: Option<String>,
    /// Where the clocks hang whose times name no zone; where `None` they are taken for Greenwich's, and the report says so.
    pub zone: Option<TimeZone>,
    /// Whose rows are the shop's own people's.
    pub insiders: Insiders,
}

/// One thing found in a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Something that happened.
    Event(Event),
    /// A product.
    Item(Item),
    /// Plain personal data about a customer; it belongs into the contacts store and nowhere else.
    Contact(Contact),
    /// A row that could not be taken.
    Rejected(Rejected),
}

/// A contact detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Whose.
    pub who: Who,
    /// `email`, `phone` or `name`.
    pub field: &'static str,
    /// As the file has it, trimmed.
    pub value: String,
    /// Since when it is known.
    pub at: Timestamp,
}

/// A row that could not be taken, as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The line on which it begins, counted from 1.
    pub line: u64,
    /// Why.
    pub reason: Reason,
    /// Its bytes, without the line's end.
    pub raw: Vec<u8>,
}

/// Why a whole file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// The bytes could not be had.
    #[error("the file cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Not text.
    #[error("this is not a text file but {what}; export it as CSV")]
    Binary {
        /// What it looks like.
        what: &'static str,
    },
    /// Not enough columns are known.
    #[error("{0}")]
    Unrecognised(Unrecognised),
}

/// Reads `input` (unpacked) to its end and hands what it finds to `sink`, in the order of the file.
///
/// # Errors
/// [`CsvError`] when the file as a whole cannot be read; nothing was handed to `sink` then, but for an I/O error half-way.
pub fn read<R: Read>(input: R, options: &Options, mut sink: impl FnMut(Found)) -> Result<Report, CsvError> {
    rows::read(input, options, &mut sink)
}

#[cfg(test)]
mod tests;
