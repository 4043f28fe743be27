//! The four ports in memory: what tests run on, and the plainest statement of what the ports promise.
//!
//! They keep to the limits of the real stores where a caller could trip over them (page sizes, row and message sizes), so that what
//! passes here does not fail there.

use crate::{
    layout::Table,
    ports::{Condition, Mailbox, Objects, Page, Queue, Record, RecordKey, Records, Secrets, StoreError, Stored, Taken},
};
use async_trait::async_trait;
use bytes::Bytes;
use rapport_core::digest::content_hash;
use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Keys in one page of a listing, as in S3.
pub const LIST_PAGE: usize = 1_000;
/// Rows in one page of a query or a scan. DynamoDB pages by size (1 MB); a small number makes every caller page in tests.
pub const ROWS_PAGE: usize = 100;
/// The largest row, in bytes, as in DynamoDB.
pub const LARGEST_ROW_BYTES: usize = 400 * 1024;
/// The largest message, in bytes, as in SQS.
pub const LARGEST_MESSAGE_BYTES: usize = 256 * 1024;
/// Messages that one call hands out at most, as in SQS.
pub const MESSAGES_AT_ONCE: usize = 10;

/// [`Objects`] in a map.
#[derive(Debug, Default)]
pub struct MemoryObjects {
    objects: Mutex<BTreeMap<String, Stored>>,
}

#[async_trait]
impl Objects for MemoryObjects {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        Ok(lock(&self.objects).get(key).cloned())
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<String, StoreError> {
        let mut objects = lock(&self.objects);
        let found = objects.get(key).map(|stored| stored.etag.as_str());
        if !holds(&condition, found) {
            return Err(StoreError::conflict(key));
        }
        let etag = format!("\"{}\"", &content_hash(&body)[..32]);
        objects.insert(key.to_owned(), Stored { body, etag: etag.clone() });
        Ok(etag)
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StoreError> {
        let objects = lock(&self.objects);
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let keys = objects.range::<str, _>((from, Bound::Unbounded)).map(|(key, _)| key);
        Ok(keys.take_while(|key| key.starts_with(prefix)).take(LIST_PAGE).cloned().collect())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        lock(&self.objects).remove(key);
        Ok(())
    }
}

/// [`Records`] in a map.
#[derive(Debug, Default)]
pub struct MemoryRecords {
    rows: Mutex<BTreeMap<(Table, RecordKey), Record>>,
}

impl MemoryRecords {
    fn page<'a>(rows: impl Iterator<Item = &'a Record>, mark: impl Fn(&Record) -> String) -> Page {
        let mut records: Vec<Record> = rows.take(ROWS_PAGE + 1).cloned().collect();
        let more = records.len() > ROWS_PAGE;
        records.truncate(ROWS_PAGE);
        let next = if more { records.last().map(mark) } else { None };
        Page { records, next }
    }
}

#[async_trait]
impl Records for MemoryRecords {
    async fn get(&self, table: Table, keys: &[RecordKey], _consistent: bool) -> Result<Vec<Option<Record>>, StoreError> {
        let rows = lock(&self.rows);
        Ok(keys.iter().map(|key| rows.get(&(table, key.clone())).cloned()).collect())
    }

    async fn put(&self, table: Table, record: Record, condition: Condition) -> Result<u64, StoreError> {
        let what = || format!("{} {}/{}", table.suffix(), record.key.pk, record.key.sk);
        if record.body.len() > LARGEST_ROW_BYTES {
            return Err(StoreError::refused(what(), "a row takes at most 400 KB"));
        }
        let mut rows = lock(&self.rows);
        let place = (table, record.key.clone());
        let found = rows.get(&place).map(|row| row.version.to_string());
        if !holds(&condition, found.as_deref()) {
            return Err(StoreError::conflict(what()));
        }
        let version = next_version(&condition).map_err(|source| StoreError::refused(what(), source))?;
        rows.insert(place, Record { version, ..record });
        Ok(version)
    }

    async fn delete(&self, table: Table, key: &RecordKey, condition: Condition) -> Result<(), StoreError> {
        let mut rows = lock(&self.rows);
        let place = (table, key.clone());
        let found = rows.get(&place).map(|row| row.version.to_string());
        if !holds(&condition, found.as_deref()) {
            return Err(StoreError::conflict(format!("{} {}/{}", table.suffix(), key.pk, key.sk)));
        }
        rows.remove(&place);
        Ok(())
    }

    async fn query(&self, table: Table, pk: &str, prefix: &str, next: Option<String>) -> Result<Page, StoreError> {
        let rows = lock(&self.rows);
        let from = next.map_or_else(|| Bound::Included(prefix.to_owned()), Bound::Excluded);
        let matching = partition(&rows, table, pk, from).take_while(|row| row.key.sk.starts_with(prefix));
        Ok(Self::page(matching, |row| row.key.sk.clone()))
    }

    async fn query_changed(&self, table: Table, pk: &str, after: &str, next: Option<String>) -> Result<Page, StoreError> {
        let rows = lock(&self.rows);
        let after = next.as_deref().unwrap_or(after);
        let whole = partition(&rows, table, pk, Bound::Included(String::new()));
        let mut changed: Vec<&Record> = whole.filter(|row| row.changed.as_deref().is_some_and(|at| at > after)).collect();
        changed.sort_by(|a, b| a.changed.cmp(&b.changed));
        Ok(Self::page(changed.into_iter(), |row| row.changed.clone().unwrap_or_default()))
    }

    async fn query_until(&self, table: Table, pk: &str, until: &str, next: Option<String>) -> Result<Page, StoreError> {
        let rows = lock(&self.rows);
        let from = next.map_or_else(|| Bound::Included(String::new()), Bound::Excluded);
        let matching = partition(&rows, table, pk, from).take_while(|row| row.key.sk.as_str() <= until);
        Ok(Self::page(matching, |row| row.key.sk.clone()))
    }

    async fn query_members(&self, table: Table, shard: &str, next: Option<String>) -> Result<Page, StoreError> {
        let rows = lock(&self.rows);
        let from =
            next.map_or_else(|| Bound::Included((table, RecordKey::new("", ""))), |next| Bound::Excluded((table, RecordKey::alone(next))));
        let here = rows.range((from, Bound::Unbounded)).take_while(|((at, _), _)| *at == table).map(|(_, row)| row);
        let members = here.filter(|row| row.beside.as_ref().is_some_and(|beside| beside.shard.as_deref() == Some(shard)));
        let mut page = Self::page(members, |row| row.key.pk.clone());
        page.records.iter_mut().for_each(|row| *row = Record { beside: row.beside.take(), ..Record::new(row.key.clone(), Bytes::new()) });
        Ok(page)
    }

    async fn scan(&self, table: Table, _consistent: bool, next: Option<String>) -> Result<Page, StoreError> {
        let rows = lock(&self.rows);
        let from = match next.as_deref().and_then(|next| next.split_once('\0')) {
            Some((pk, sk)) => Bound::Excluded((table, RecordKey::new(pk, sk))),
            None => Bound::Included((table, RecordKey::new("", ""))),
        };
        let here = rows.range((from, Bound::Unbounded)).take_while(|((at, _), _)| *at == table).map(|(_, row)| row);
        Ok(Self::page(here, |row| format!("{}\0{}", row.key.pk, row.key.sk)))
    }
}

/// The rows of one partition from `from` on, by sort key.
fn partition<'a>(
    rows: &'a BTreeMap<(Table, RecordKey), Record>,
    table: Table,
    pk: &'a str,
    from: Bound<String>,
) -> impl Iterator<Item = &'a Record> {
    let from = from.map(|sk| (table, RecordKey::new(pk, sk)));
    rows.range((from, Bound::Unbounded)).take_while(move |((at, key), _)| *at == table && key.pk == pk).map(|(_, row)| row)
}

/// A [`Queue`] that keeps what was sent until it is taken, and a [`Mailbox`] without a clock: what was received stays hidden until it is
/// given back.
#[derive(Debug, Default)]
pub struct MemoryQueue {
    sent: Mutex<Vec<Held>>,
    named: AtomicU64,
}

#[derive(Debug)]
struct Held {
    message: Taken,
    hidden: bool,
}

impl MemoryQueue {
    /// Takes out everything that was sent, oldest first.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.sent)).into_iter().map(|held| held.message.body).collect()
    }
}

#[async_trait]
impl Mailbox for MemoryQueue {
    async fn receive(&self, _hide_secs: u32) -> Result<Vec<Taken>, StoreError> {
        let mut sent = lock(&self.sent);
        let visible = sent.iter_mut().filter(|held| !held.hidden).take(MESSAGES_AT_ONCE);
        Ok(visible
            .map(|held| {
                held.hidden = true;
                held.message.deliveries += 1;
                held.message.receipt = format!("{}.{}", held.message.id, held.message.deliveries);
                held.message.clone()
            })
            .collect())
    }

    async fn give_back(&self, taken: &[Taken]) -> Result<(), StoreError> {
        let is_taken = |held: &Held| taken.iter().any(|taken| taken.receipt == held.message.receipt);
        lock(&self.sent).iter_mut().filter(|held| is_taken(held)).for_each(|held| held.hidden = false);
        Ok(())
    }

    async fn delete(&self, taken: &[Taken]) -> Result<(), StoreError> {
        lock(&self.sent).retain(|held| taken.iter().all(|taken| taken.receipt != held.message.receipt));
        Ok(())
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn send(&self, bodies: &[String]) -> Result<(), StoreError> {
        if bodies.iter().any(|body| body.len() > LARGEST_MESSAGE_BYTES) {
            return Err(StoreError::refused("send", "a message takes at most 256 KiB"));
        }
        lock(&self.sent).extend(bodies.iter().map(|body| {
            let id = self.named.fetch_add(1, Ordering::Relaxed).to_string();
            Held { message: Taken { id, receipt: String::new(), body: body.clone(), deliveries: 0 }, hidden: false }
        }));
        Ok(())
    }
}

/// [`Secrets`] in a map.
#[derive(Debug, Default)]
pub struct MemorySecrets {
    documents: Mutex<BTreeMap<String, String>>,
}

#[async_trait]
impl Secrets for MemorySecrets {
    async fn get(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(lock(&self.documents).get(name).cloned())
    }

    async fn put(&self, name: &str, document: &str) -> Result<(), StoreError> {
        lock(&self.documents).insert(name.to_owned(), document.to_owned());
        Ok(())
    }
}

fn holds(condition: &Condition, found: Option<&str>) -> bool {
    match condition {
        Condition::Always => true,
        Condition::Absent => found.is_none(),
        Condition::Version(version) => found == Some(version.as_str()),
    }
}

/// What a write under `condition` makes of a row's version.
pub(crate) fn next_version(condition: &Condition) -> Result<u64, std::num::ParseIntError> {
    match condition {
        Condition::Always | Condition::Absent => Ok(1),
        Condition::Version(version) => version.parse::<u64>().map(|version| version.saturating_add(1)),
    }
}

/// A thread that panicked while it held the lock left whole values behind: every change here is one call on the map.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
