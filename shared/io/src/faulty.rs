//! A wrapper that fails on demand: the store that is out of reach, for tests of what happens then.

use crate::{
    layout::Table,
    ports::{Condition, Objects, Page, Queue, Record, RecordKey, Records, Secrets, StoreError, Stored},
};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::atomic::{AtomicBool, Ordering};

/// `inner`, or [`StoreError::Unavailable`] while told to fail.
#[derive(Debug, Default)]
pub struct Faulty<P> {
    inner: P,
    failing: AtomicBool,
}

impl<P> Faulty<P> {
    /// Works until told otherwise.
    #[must_use]
    pub const fn new(inner: P) -> Self {
        Self { inner, failing: AtomicBool::new(false) }
    }

    /// From now on every call fails, or none does.
    pub fn fail(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    fn up(&self, what: &str) -> Result<&P, StoreError> {
        if self.failing.load(Ordering::SeqCst) { Err(StoreError::unavailable(what, "told to fail")) } else { Ok(&self.inner) }
    }
}

#[async_trait]
impl<P: Objects> Objects for Faulty<P> {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        self.up(key)?.get(key).await
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<String, StoreError> {
        self.up(key)?.put(key, body, condition).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StoreError> {
        self.up(prefix)?.list(prefix, after).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.up(key)?.delete(key).await
    }
}

#[async_trait]
impl<P: Records> Records for Faulty<P> {
    async fn get(&self, table: Table, keys: &[RecordKey], consistent: bool) -> Result<Vec<Option<Record>>, StoreError> {
        self.up(table.suffix())?.get(table, keys, consistent).await
    }

    async fn put(&self, table: Table, record: Record, condition: Condition) -> Result<u64, StoreError> {
        self.up(table.suffix())?.put(table, record, condition).await
    }

    async fn delete(&self, table: Table, key: &RecordKey, condition: Condition) -> Result<(), StoreError> {
        self.up(table.suffix())?.delete(table, key, condition).await
    }

    async fn query(&self, table: Table, pk: &str, prefix: &str, next: Option<String>) -> Result<Page, StoreError> {
        self.up(table.suffix())?.query(table, pk, prefix, next).await
    }

    async fn query_changed(&self, table: Table, pk: &str, after: &str, next: Option<String>) -> Result<Page, StoreError> {
        self.up(table.suffix())?.query_changed(table, pk, after, next).await
    }

    async fn query_until(&self, table: Table, pk: &str, until: &str, next: Option<String>) -> Result<Page, StoreError> {
        self.up(table.suffix())?.query_until(table, pk, until, next).await
    }

    async fn query_members(&self, table: Table, shard: &str, next: Option<String>) -> Result<Page, StoreError> {
        self.up(table.suffix())?.query_members(table, shard, next).await
    }

    async fn scan(&self, table: Table, consistent: bool, next: Option<String>) -> Result<Page, StoreError> {
        self.up(table.suffix())?.scan(table, consistent, next).await
    }
}

#[async_trait]
impl<P: Queue> Queue for Faulty<P> {
    async fn send(&self, bodies: &[String]) -> Result<(), StoreError> {
        self.up("queue")?.send(bodies).await
    }
}

#[async_trait]
impl<P: Secrets> Secrets for Faulty<P> {
    async fn get(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.up(name)?.get(name).await
    }

    async fn put(&self, name: &str, document: &str) -> Result<(), StoreError> {
        self.up(name)?.put(name, document).await
    }
}
