//! Stores in memory that count what AWS would bill.

use async_trait::async_trait;
use bytes::Bytes;
use rapport_io::{
    Condition, Objects, Page, Queue, Record, RecordKey, Records, StoreError, Stored,
    layout::{self, Table},
    memory::{MemoryObjects, MemoryQueue, MemoryRecords},
};
use std::{
    ops::{Add, Sub},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What a row takes beside its keys and its body: the names of its attributes, its version, its expiry.
const ROW_BYTES: usize = 40;
const READ_UNIT_BYTES: usize = 4096;
const WRITE_UNIT_BYTES: usize = 1024;
/// What SQS takes in a call.
const MESSAGES_A_CALL: usize = 10;
/// What DynamoDB takes in a call.
const KEYS_A_CALL: usize = 100;

/// Counted since the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tally {
    /// DynamoDB's, halves for what may be a moment old.
    pub(super) read_units: f64,
    /// DynamoDB's, copies in an index among them.
    pub(super) write_units: f64,
    /// DynamoDB calls, whatever they carried.
    pub(super) table_calls: f64,
    /// S3 calls that cost as a PUT does: puts and lists.
    pub(super) puts: f64,
    /// S3 calls that cost as a GET does.
    pub(super) gets: f64,
    /// SQS calls, by the sender.
    pub(super) sends: f64,
}

impl Tally {
    fn zip(self, other: Self, with: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            read_units: with(self.read_units, other.read_units),
            write_units: with(self.write_units, other.write_units),
            table_calls: with(self.table_calls, other.table_calls),
            puts: with(self.puts, other.puts),
            gets: with(self.gets, other.gets),
            sends: with(self.sends, other.sends),
        }
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl Sub for Tally {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

/// The three stores whose calls cost by the call, and what was counted.
#[derive(Clone, Default)]
pub(super) struct Metered {
    objects: Arc<MemoryObjects>,
    records: Arc<MemoryRecords>,
    queue: Arc<MemoryQueue>,
    tally: Arc<Mutex<Tally>>,
    /// Keys of log objects that nobody was told of yet.
    logged: Arc<Mutex<Vec<String>>>,
    /// What was put into the bucket so far, in bytes.
    put_bytes: Arc<AtomicUsize>,
}

impl Metered {
    pub(super) fn tally(&self) -> Tally {
        *self.counting()
    }

    /// The messages that were sent since the last call.
    pub(super) fn take_sent(&self) -> Vec<String> {
        self.queue.take()
    }

    /// The log objects that were written since the last call, as the bucket tells of them.
    pub(super) fn take_logged(&self) -> Vec<String> {
        std::mem::take(&mut *self.logged.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was put into the bucket, in bytes.
    pub(super) fn put_bytes(&self) -> usize {
        self.put_bytes.load(Ordering::Relaxed)
    }

    /// What lies in the tables that grow with visitors, in bytes.
    pub(super) async fn row_bytes(&self) -> Result<usize, StoreError> {
        let mut sum = 0;
        for table in [Table::Profiles, Table::Identities, Table::Segments] {
            let mut next = None;
            loop {
                let page = self.records.scan(table, true, next).await?;
                sum += page.records.iter().map(bytes).sum::<usize>();
                next = page.next;
                if next.is_none() {
                    break;
                }
            }
        }
        Ok(sum)
    }

    fn counting(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, calls: usize, units: f64) {
        let mut tally = self.counting();
        tally.table_calls += calls as f64;
        tally.read_units += units;
    }

    fn write(&self, units: f64) {
        let mut tally = self.counting();
        tally.table_calls += 1.0;
        tally.write_units += units;
    }

    async fn before(&self, table: Table, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        Ok(Records::get(self.records.as_ref(), table, std::slice::from_ref(key), true).await?.pop().flatten())
    }
}

fn bytes(record: &Record) -> usize {
    let changed = record.changed.as_ref().map_or(0, String::len);
    record.key.pk.len() + record.key.sk.len() + record.body.len() + changed + beside_bytes(record) + ROW_BYTES
}

fn beside_bytes(record: &Record) -> usize {
    record.beside.as_ref().map_or(0, |beside| beside.content.len() + beside.shard.as_ref().map_or(0, String::len))
}

/// What writing `after` over `before` costs in the index `members`: nothing while its copy stays as it is.
fn member_units(before: Option<&Record>, after: Option<&Record>) -> f64 {
    let copy = |record: Option<&Record>| record.and_then(|record| record.beside.clone()).filter(|beside| beside.shard.is_some());
    let bytes = |record: Option<&Record>| record.map_or(0, |record| beside_bytes(record) + record.key.pk.len() + record.key.sk.len());
    if copy(before) == copy(after) { 0.0 } else { units(bytes(before).max(bytes(after)), WRITE_UNIT_BYTES) }
}

/// A read of nothing costs a unit too.
fn units(bytes: usize, of: usize) -> f64 {
    bytes.div_ceil(of).max(1) as f64
}

fn page_units(page: &Page) -> f64 {
    units(page.records.iter().map(bytes).sum(), READ_UNIT_BYTES)
}

#[async_trait]
impl Records for Metered {
    async fn get(&self, table: Table, keys: &[RecordKey], consistent: bool) -> Result<Vec<Option<Record>>, StoreError> {
        let found = Records::get(self.records.as_ref(), table, keys, consistent).await?;
        let whole: f64 = found.iter().map(|record| units(record.as_ref().map_or(0, bytes), READ_UNIT_BYTES)).sum();
        self.read(keys.len().div_ceil(KEYS_A_CALL), if consistent { whole } else { whole / 2.0 });
        Ok(found)
    }

    async fn put(&self, table: Table, record: Record, condition: Condition) -> Result<u64, StoreError> {
        let before = self.before(table, &record.key).await?;
        // Writing over a row is billed by the larger of before and after.
        let own = units(bytes(&record).max(before.as_ref().map_or(0, bytes)), WRITE_UNIT_BYTES);
        // The index by change holds a copy of the whole.
        let copied = if record.changed.is_some() { own } else { 0.0 };
        self.write(own + copied + member_units(before.as_ref(), Some(&record)));
        Records::put(self.records.as_ref(), table, record, condition).await
    }

    async fn delete(&self, table: Table, key: &RecordKey, condition: Condition) -> Result<(), StoreError> {
        let before = self.before(table, key).await?;
        self.write(units(before.as_ref().map_or(0, bytes), WRITE_UNIT_BYTES) + member_units(before.as_ref(), None));
        Records::delete(self.records.as_ref(), table, key, condition).await
    }

    async fn query(&self, table: Table, pk: &str, prefix: &str, next: Option<String>) -> Result<Page, StoreError> {
        let page = self.records.query(table, pk, prefix, next).await?;
        self.read(1, page_units(&page));
        Ok(page)
    }

    async fn query_changed(&self, table: Table, pk: &str, after: &str, next: Option<String>) -> Result<Page, StoreError> {
        let page = self.records.query_changed(table, pk, after, next).await?;
        self.read(1, page_units(&page));
        Ok(page)
    }

    async fn query_until(&self, table: Table, pk: &str, until: &str, next: Option<String>) -> Result<Page, StoreError> {
        let page = self.records.query_until(table, pk, until, next).await?;
        self.read(1, page_units(&page));
        Ok(page)
    }

    async fn query_members(&self, table: Table, shard: &str, next: Option<String>) -> Result<Page, StoreError> {
        let page = self.records.query_members(table, shard, next).await?;
        self.read(1, page_units(&page) / 2.0);
        Ok(page)
    }

    async fn scan(&self, table: Table, consistent: bool, next: Option<String>) -> Result<Page, StoreError> {
        let page = self.records.scan(table, consistent, next).await?;
        self.read(1, if consistent { page_units(&page) } else { page_units(&page) / 2.0 });
        Ok(page)
    }
}

#[async_trait]
impl Objects for Metered {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        self.counting().gets += 1.0;
        Objects::get(self.objects.as_ref(), key).await
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<String, StoreError> {
        self.counting().puts += 1.0;
        self.put_bytes.fetch_add(body.len(), Ordering::Relaxed);
        let etag = Objects::put(self.objects.as_ref(), key, body, condition).await?;
        if key.starts_with(&layout::log_prefix(None)) {
            self.logged.lock().unwrap_or_else(PoisonError::into_inner).push(key.to_owned());
        }
        Ok(etag)
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StoreError> {
        self.counting().puts += 1.0;
        self.objects.list(prefix, after).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        Objects::delete(self.objects.as_ref(), key).await
    }
}

#[async_trait]
impl Queue for Metered {
    async fn send(&self, bodies: &[String]) -> Result<(), StoreError> {
        self.counting().sends += bodies.len().div_ceil(MESSAGES_A_CALL) as f64;
        self.queue.send(bodies).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_io::ports::Beside;

    fn row(bytes: usize) -> Record {
        let key = RecordKey::alone("a");
        Record::new(key, vec![0; bytes - ROW_BYTES - 2].into())
    }

    #[tokio::test]
    async fn units_are_those_of_the_price_list() {
        let metered = Metered::default();
        let key = [RecordKey::alone("a"), RecordKey::alone("nobody")];
        Records::put(&metered, Table::Profiles, row(1024), Condition::Always).await.unwrap();
        assert_eq!(metered.tally().write_units, 1.0);
        Records::put(&metered, Table::Profiles, row(1025), Condition::Always).await.unwrap();
        // A smaller row over a larger one is billed as the larger.
        Records::put(&metered, Table::Profiles, row(100), Condition::Always).await.unwrap();
        assert_eq!(metered.tally().write_units, 1.0 + 2.0 + 2.0);
        Records::get(&metered, Table::Profiles, &key, true).await.unwrap();
        Records::get(&metered, Table::Profiles, &key[..1], false).await.unwrap();
        assert_eq!((metered.tally().read_units, metered.tally().table_calls), (2.5, 5.0));
    }

    #[tokio::test]
    async fn the_list_of_members_costs_when_it_changes() {
        let metered = Metered::default();
        let beside = |content: &'static [u8], shard: Option<&str>| {
            Some(Beside { content: Bytes::from_static(content), shard: shard.map(str::to_owned) })
        };
        let mut costs = Vec::new();
        for beside in [beside(b"a", None), beside(b"a", Some("at#0")), beside(b"a", Some("at#0")), beside(b"b", Some("at#0")), None] {
            let before = metered.tally().write_units;
            Records::put(&metered, Table::Profiles, Record { beside, ..row(100) }, Condition::Always).await.unwrap();
            costs.push(metered.tally().write_units - before);
        }
        assert_eq!(costs, [1.0, 2.0, 1.0, 2.0, 2.0]);
    }
}
