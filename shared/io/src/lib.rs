//! Every use of an AWS SDK in the house, behind four narrow ports.
//!
//! | Port | On AWS | In memory | Holds |
//! |---|---|---|---|
//! | [`Objects`] | S3 | yes | the log, the archive, models, rejects |
//! | [`Records`] | DynamoDB | yes | profiles, identities, contacts, segments, the catalog |
//! | [`Queue`], [`Mailbox`] | SQS | yes | the inbox; dead letters, which are read by hand |
//! | [`Secrets`] | Secrets Manager | yes | keys |
//!
//! The ports speak bytes and keys; what the bytes mean is said once, in the modules on top of them ([`log`], [`profiles`] …), which
//! therefore behave the same on every adapter. One contract suite runs against the memory adapters and the SDK adapters alike.
//! Where a thing is stored is said in one file: [`layout`].
#![warn(missing_docs)]

pub mod aws;
pub mod catalog;
pub mod contacts;
pub mod contract;
pub mod counting;
pub mod dead_letters;
pub mod faulty;
pub mod identities;
pub mod inbox;
pub mod keys;
pub mod layout;
pub mod log;
pub mod memory;
pub mod models;
pub mod ports;
pub mod profiles;
pub mod redrive;
pub mod rejects;
pub mod segments;

pub use ports::{Condition, Mailbox, Objects, Page, Queue, Record, RecordKey, Records, Secrets, StoreError, Stored, Taken};
