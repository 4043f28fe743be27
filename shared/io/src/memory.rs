//! The ports in memory: what the contract suite holds the SDK adapters against, and what tests of decisions run on.

use crate::{
    layout::Table,
    ports::{Condition, Objects, Page, Queue, Record, RecordKey, Records, Secrets, StoreError, Stored},
};
use async_trait::async_trait;
use bytes::Bytes;
use rapport_core::digest::content_hash;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Rows a page, small enough that tests turn pages.
const PAGE: usize = 100;

/// All four ports, over ordered maps.
#[derive(Debug, Default)]
pub struct Memory {
    objects: Mutex<BTreeMap<String, Bytes>>,
    records: Mutex<BTreeMap<(Table, RecordKey), Record>>,
    sent: Mutex<Vec<String>>,
    secrets: Mutex<BTreeMap<String, String>>,
}

impl Memory {
    /// Empty stores.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything that was sent to the queue, and forgets it.
    pub fn drain_sent(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.sent))
    }
}

/// A test that panicked while it held the lock leaves whole maps behind: every change is one insertion or removal.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn check(condition: &Condition, known: Option<String>, what: &str) -> Result<(), StoreError> {
    let holds = match condition {
        Condition::Always => true,
        Condition::Absent => known.is_none(),
        Condition::Version(version) => known.as_ref() == Some(version),
    };
    if holds { Ok(()) } else { Err(StoreError::Conflict { what: what.to_owned() }) }
}

#[async_trait]
impl Objects for Memory {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        Ok(lock(&self.objects).get(key).map(|body| Stored { body: body.clone(), etag: content_hash(body) }))
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<String, StoreError> {
        let mut objects = lock(&self.objects);
        check(&condition, objects.get(key).map(|body| content_hash(body)), key)?;
        let etag = content_hash(&body);
        objects.insert(key.to_owned(), body);
        Ok(etag)
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StoreError> {
        let objects = lock(&self.objects);
        let keys = objects.keys().filter(|key| key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after));
        Ok(keys.take(1000).cloned().collect())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        lock(&self.objects).remove(key);
        Ok(())
    }
}

#[async_trait]
impl Records for Memory {
    async fn get(&self, table: Table, keys: &[RecordKey], _consistent: bool) -> Result<Vec<Option<Record>>, StoreError> {
        let records = lock(&self.records);
        Ok(keys.iter().map(|key| records.get(&(table, key.clone())).cloned()).collect())
    }

    async fn put(&self, table: Table, record: Record, condition: Condition) -> Result<u64, StoreError> {
        let mut records = lock(&self.records);
        let place = (table, record.key.clone());
        check(&condition, records.get(&place).map(|known| known.version.to_string()), &record.key.pk)?;
        let version = match &condition {
            Condition::Version(version) => version.parse::<u64>().map_or(1, |version| version + 1),
            Condition::Always | Condition::Absent => 1,
        };
        records.insert(place, Record { version, ..record });
        Ok(version)
    }

    async fn delete(&self, table: Table, key: &RecordKey, condition: Condition) -> Result<(), StoreError> {
        let mut records = lock(&self.records);
        let place = (table, key.clone());
        check(&condition, records.get(&place).map(|known| known.version.to_string()), &key.pk)?;
        records.remove(&place);
        Ok(())
    }

    async fn query(&self, table: Table, pk: &str, prefix: &str, next: Option<String>) -> Result<Page, StoreError> {
        let records = lock(&self.records);
        let rows = records.iter().filter(|((named, key), _)| *named == table && key.pk == pk && key.sk.starts_with(prefix));
        Ok(page(rows.map(|((_, key), row)| (key.sk.clone(), row.clone())), next))
    }

    async fn query_changed(&self, table: Table, pk: &str, after: &str, next: Option<String>) -> Result<Page, StoreError> {
        let records = lock(&self.records);
        let rows = records.iter().filter(|((named, key), _)| *named == table && key.pk == pk);
        let mut changed: Vec<(String, Record)> =
            rows.filter_map(|(_, row)| Some((row.changed.clone()?, row.clone()))).filter(|(changed, _)| changed.as_str() > after).collect();
        changed.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(page(changed.into_iter(), next))
    }

    async fn scan(&self, table: Table, next: Option<String>) -> Result<Page, StoreError> {
        let records = lock(&self.records);
        let rows = records.iter().filter(|((named, _), _)| *named == table);
        Ok(page(rows.map(|((_, key), row)| (format!("{}\n{}", key.pk, key.sk), row.clone())), next))
    }
}

/// The rows after `next`, a page of them. `rows` come with the name that orders them.
fn page(rows: impl Iterator<Item = (String, Record)>, next: Option<String>) -> Page {
    let mut rest = rows.filter(|(name, _)| next.as_ref().is_none_or(|next| name > next));
    let taken: Vec<(String, Record)> = rest.by_ref().take(PAGE).collect();
    let next = rest.next().and(taken.last()).map(|(name, _)| name.clone());
    Page { records: taken.into_iter().map(|(_, row)| row).collect(), next }
}

#[async_trait]
impl Queue for Memory {
    async fn send(&self, bodies: &[String]) -> Result<(), StoreError> {
        lock(&self.sent).extend_from_slice(bodies);
        Ok(())
    }
}

#[async_trait]
impl Secrets for Memory {
    async fn get(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(lock(&self.secrets).get(name).cloned())
    }

    async fn put(&self, name: &str, document: &str) -> Result<(), StoreError> {
        lock(&self.secrets).insert(name.to_owned(), document.to_owned());
        Ok(())
    }
}
