//! A wrapper that counts round trips, so that "a lookup makes one read" is a test and not a hope.

use crate::{
    layout::Table,
    ports::{Condition, Objects, Page, Queue, Record, RecordKey, Records, Secrets, StoreError, Stored},
};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::atomic::{AtomicU64, Ordering};

/// `inner`, counting every call that crosses the network on AWS.
#[derive(Debug, Default)]
pub struct Counting<P> {
    inner: P,
    reads: AtomicU64,
    writes: AtomicU64,
}

impl<P> Counting<P> {
    /// From zero.
    #[must_use]
    pub const fn new(inner: P) -> Self {
        Self { inner, reads: AtomicU64::new(0), writes: AtomicU64::new(0) }
    }

    /// Gives (reads, writes) since the last call of this.
    pub fn take(&self) -> (u64, u64) {
        (self.reads.swap(0, Ordering::SeqCst), self.writes.swap(0, Ordering::SeqCst))
    }

    fn read(&self, round_trips: usize) -> &P {
        self.reads.fetch_add(round_trips as u64, Ordering::SeqCst);
        &self.inner
    }

    fn write(&self, round_trips: usize) -> &P {
        self.writes.fetch_add(round_trips as u64, Ordering::SeqCst);
        &self.inner
    }
}

#[async_trait]
impl<P: Objects> Objects for Counting<P> {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        self.read(1).get(key).await
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<String, StoreError> {
        self.write(1).put(key, body, condition).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StoreError> {
        self.read(1).list(prefix, after).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.write(1).delete(key).await
    }
}

#[async_trait]
impl<P: Records> Records for Counting<P> {
    async fn get(&self, table: Table, keys: &[RecordKey], consistent: bool) -> Result<Vec<Option<Record>>, StoreError> {
        // DynamoDB takes a hundred keys a call.
        self.read(keys.len().div_ceil(100)).get(table, keys, consistent).await
    }

    async fn put(&self, table: Table, record: Record, condition: Condition) -> Result<u64, StoreError> {
        self.write(1).put(table, record, condition).await
    }

    async fn delete(&self, table: Table, key: &RecordKey, condition: Condition) -> Result<(), StoreError> {
        self.write(1).delete(table, key, condition).await
    }

    async fn query(&self, table: Table, pk: &str, prefix: &str, next: Option<String>) -> Result<Page, StoreError> {
        self.read(1).query(table, pk, prefix, next).await
    }

    async fn query_changed(&self, table: Table, pk: &str, after: &str, next: Option<String>) -> Result<Page, StoreError> {
        self.read(1).query_changed(table, pk, after, next).await
    }

    async fn query_until(&self, table: Table, pk: &str, until: &str, next: Option<String>) -> Result<Page, StoreError> {
        self.read(1).query_until(table, pk, until, next).await
    }

    async fn query_members(&self, table: Table, shard: &str, next: Option<String>) -> Result<Page, StoreError> {
        self.read(1).query_members(table, shard, next).await
    }

    async fn scan(&self, table: Table, consistent: bool, next: Option<String>) -> Result<Page, StoreError> {
        self.read(1).scan(table, consistent, next).await
    }
}

#[async_trait]
impl<P: Queue> Queue for Counting<P> {
    async fn send(&self, bodies: &[String]) -> Result<(), StoreError> {
        // SQS takes ten messages a call.
        self.write(bodies.len().div_ceil(10)).send(bodies).await
    }
}

#[async_trait]
impl<P: Secrets> Secrets for Counting<P> {
    async fn get(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.read(1).get(name).await
    }

    async fn put(&self, name: &str, document: &str) -> Result<(), StoreError> {
        self.write(1).put(name, document).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryRecords;

    #[tokio::test]
    async fn a_hundred_rows_are_one_round_trip() {
        let records = Counting::new(MemoryRecords::default());
        let keys: Vec<RecordKey> = (0..101).map(|n| RecordKey::alone(n.to_string())).collect();
        Records::get(&records, Table::Profiles, &keys[..100], false).await.unwrap();
        assert_eq!(records.take(), (1, 0));
        Records::get(&records, Table::Profiles, &keys, false).await.unwrap();
        assert_eq!(records.take(), (2, 0));
        Records::delete(&records, Table::Profiles, &keys[0], Condition::Always).await.unwrap();
        assert_eq!(records.take(), (0, 1));
    }
}
