//! What the house asks of storage. Four traits, because I/O happens in four places.

use crate::layout::Table;
use async_trait::async_trait;
use bytes::Bytes;

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The condition did not hold: somebody else wrote first. Read again and decide anew.
    #[error("{what} was changed by somebody else")]
    Conflict {
        /// Table and key, or object key.
        what: String,
    },
    /// Busy, throttled, timed out, out of reach: trying again later may help.
    #[error("{what} is not available: {source}")]
    Unavailable {
        /// The operation.
        what: String,
        /// What the store said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Refused, malformed, forbidden: trying again will not help.
    #[error("{what} was refused: {source}")]
    Refused {
        /// The operation.
        what: String,
        /// What the store said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// [`StoreError::Conflict`] on `what`.
    pub fn conflict(what: impl Into<String>) -> Self {
        Self::Conflict { what: what.into() }
    }

    /// [`StoreError::Unavailable`]: `what` could not be done for now, because of `source`.
    pub fn unavailable(what: impl Into<String>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable { what: what.into(), source: source.into() }
    }

    /// [`StoreError::Refused`]: `what` will never be done, because of `source`.
    pub fn refused(what: impl Into<String>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Refused { what: what.into(), source: source.into() }
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::Unavailable { .. })
    }
}

/// What must hold for a write to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    Always,
    /// Nothing is there yet.
    Absent,
    /// What is there has this version (records: the number as text; objects: the ETag).
    Version(String),
}

/// An object as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The content.
    pub body: Bytes,
    /// What a conditional write must name.
    pub etag: String,
}

/// Immutable things under string keys.
#[async_trait]
pub trait Objects: Send + Sync + 'static {
    /// The object under `key`; `None` when there is none.
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError>;
    /// Writes `body` under `key` if `condition` holds; [`StoreError::Conflict`] when it does not. Gives the new ETag.
    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<String, StoreError>;
    /// All keys that begin with `prefix`, in order, after `after`; at most 1,000. Ask again with the last one until it is empty.
    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StoreError>;
    /// Deletes `key`; deleting what is not there is no error.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;
}

impl dyn Objects {
    /// Every key that begins with `prefix`, in order, a round trip for each 1,000.
    ///
    /// # Errors
    /// [`StoreError`] when the listing fails half way; nothing is handed out then.
    pub async fn list_all(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut keys = self.list(prefix, None).await?;
        while let Some(last) = keys.last().cloned() {
            let page = self.list(prefix, Some(&last)).await?;
            if page.is_empty() {
                break;
            }
            keys.extend(page);
        }
        Ok(keys)
    }
}

/// A row's name within its table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// Partition.
    pub pk: String,
    /// Place within the partition; `-` where a partition holds one row.
    pub sk: String,
}

impl RecordKey {
    /// A row within a partition.
    #[must_use]
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    /// The only row of a partition.
    #[must_use]
    pub fn alone(pk: impl Into<String>) -> Self {
        Self::new(pk, "-")
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub key: RecordKey,
    /// Counts writes, from 1. On `put` the store ignores it and writes one more than what the condition named (1 for `Absent`
    /// and `Always`).
    pub version: u64,
    /// The content, at most 400 KB; its first byte or field says its schema.
    pub body: Bytes,
    /// When the store may drop it, in epoch seconds.
    pub expires: Option<i64>,
    /// Sort key of the catalog's `by_change` index; only the catalog sets it.
    pub changed: Option<String>,
    /// What lies beside the content; only profiles set it.
    pub beside: Option<Beside>,
}

/// A little that a row knows beside its content, written with it in one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Some hundred bytes; its first field says its schema.
    pub content: Bytes,
    /// Partition of the index `members`, which holds a copy of it; a row that names none is not in there.
    pub shard: Option<String>,
}

impl Record {
    /// A row that holds `body` and nothing else, to be written.
    #[must_use]
    pub const fn new(key: RecordKey, body: Bytes) -> Self {
        Self { key, version: 0, body, expires: None, changed: None, beside: None }
    }
}

/// Some rows, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// In key order within a partition; in no order for scans.
    pub records: Vec<Record>,
    /// Hand it back to get the next page; `None` after the last.
    pub next: Option<String>,
}

/// Rows under (partition, sort) keys.
#[async_trait]
pub trait Records: Send + Sync + 'static {
    /// Any number of rows of one table, in the order asked, in as few round trips as the store allows (100 rows each), strongly
    /// consistent when `consistent`.
    async fn get(&self, table: Table, keys: &[RecordKey], consistent: bool) -> Result<Vec<Option<Record>>, StoreError>;
    /// Writes a row if `condition` holds; [`StoreError::Conflict`] when it does not. Gives the new version.
    async fn put(&self, table: Table, record: Record, condition: Condition) -> Result<u64, StoreError>;
    /// Writes rows whatever is there, in as few round trips as the store allows (25 rows each). On an error some may have been written. Of
    /// rows with one name any may stay.
    async fn put_all(&self, table: Table, records: Vec<Record>) -> Result<(), StoreError> {
        for record in records {
            self.put(table, record, Condition::Always).await?;
        }
        Ok(())
    }
    /// Deletes a row if `condition` holds; with `Always`, deleting what is not there is no error.
    async fn delete(&self, table: Table, key: &RecordKey, condition: Condition) -> Result<(), StoreError>;
    /// Rows of one partition by sort key, those beginning with `prefix`, strongly consistent.
    async fn query(&self, table: Table, pk: &str, prefix: &str, next: Option<String>) -> Result<Page, StoreError>;
    /// Rows of one partition by sort key, those up to `until`, strongly consistent.
    async fn query_until(&self, table: Table, pk: &str, until: &str, next: Option<String>) -> Result<Page, StoreError>;
    /// Rows of one partition of the index `members` by partition key, a moment old: name and what lies beside the content; the content
    /// itself is empty, the version 0.
    async fn query_members(&self, table: Table, shard: &str, next: Option<String>) -> Result<Page, StoreError>;
    /// Rows of one partition by `changed`, those greater than `after`.
    async fn query_changed(&self, table: Table, pk: &str, after: &str, next: Option<String>) -> Result<Page, StoreError>;
    /// All rows of a table, a page at a time, strongly consistent when `consistent`.
    async fn scan(&self, table: Table, consistent: bool, next: Option<String>) -> Result<Page, StoreError>;
}

impl dyn Records {
    /// Every row of one partition whose sort key begins with `prefix`, in order.
    ///
    /// # Errors
    /// [`StoreError`] when a page cannot be read; nothing is handed out then.
    pub async fn query_all(&self, table: Table, pk: &str, prefix: &str) -> Result<Vec<Record>, StoreError> {
        let mut page = self.query(table, pk, prefix, None).await?;
        let mut rows = std::mem::take(&mut page.records);
        while let Some(next) = page.next {
            page = self.query(table, pk, prefix, Some(next)).await?;
            rows.append(&mut page.records);
        }
        Ok(rows)
    }

    /// One row, strongly consistent.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn get_one(&self, table: Table, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        Ok(self.get(table, std::slice::from_ref(key), true).await?.pop().flatten())
    }
}

/// A queue to send to. Receiving is the platform's work: functions are handed batches.
#[async_trait]
pub trait Queue: Send + Sync + 'static {
    /// Sends `bodies`; returns once the queue has them all durably. On an error some may have been sent: receivers deduplicate.
    async fn send(&self, bodies: &[String]) -> Result<(), StoreError>;
}

/// A message in hand: hidden from others until it is deleted, given back, or its time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Names the message for as long as it lives.
    pub id: String,
    /// Names this delivery of it.
    pub receipt: String,
    /// What was sent.
    pub body: String,
    /// How often it was delivered, in the queue it died in and in this one, this time included.
    pub deliveries: u32,
}

/// A queue that is read by hand: of dead letters nobody is handed batches.
#[async_trait]
pub trait Mailbox: Queue {
    /// Some messages, ten at most, which nobody else gets for `hide_secs`. None when nothing can be had now.
    async fn receive(&self, hide_secs: u32) -> Result<Vec<Taken>, StoreError>;
    /// Lets others have these again, at once.
    async fn give_back(&self, taken: &[Taken]) -> Result<(), StoreError>;
    /// Deletes these for good. What is gone already is no error.
    async fn delete(&self, taken: &[Taken]) -> Result<(), StoreError>;
}

/// Small documents that must not be in the environment in clear.
#[async_trait]
pub trait Secrets: Send + Sync + 'static {
    /// The document called `name`; `None` when there is none.
    async fn get(&self, name: &str) -> Result<Option<String>, StoreError>;
    /// Writes the document, creating it where there is none.
    async fn put(&self, name: &str, document: &str) -> Result<(), StoreError>;
}
