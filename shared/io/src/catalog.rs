//! What the shop sells and how it wants it sold: items and merchandising rules.
//!
//! A model ships with the catalog as it was at training. What changed since is one partition, read through the index `by_change`
//! from where the reader stopped; so a price reaches lookups within a minute at the cost of one small query.

mod tellings;

use crate::{
    layout::{self, Table},
    ports::{Condition, Record, RecordKey, Records, StoreError},
};
use bytes::Bytes;
use rapport_core::{
    catalog::{Item, Shelf},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::task::JoinSet;

const SCHEMA: u8 = 1;
/// Writes under way at a time. DynamoDB takes one row a call where it is to say which one failed.
const WRITES_AT_A_TIME: usize = 16;
/// How far back a reader looks before where it stopped, in milliseconds: writers' clocks differ, and a row stamped a second ago may
/// be written now. Reading an item twice changes nothing.
const OVERLAP_MS: i64 = 10_000;

#[derive(Serialize, Deserialize)]
struct Document<T> {
    v: u8,
    item: T,
    /// What platforms told of it; an item that the shop's backend writes starts anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shelf: Option<Shelf>,
}

/// What changed, and where to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// The items as they are now, in order of change.
    pub items: Vec<Item>,
    /// Hand it to the next [`Catalog::changes_since`].
    pub until: Timestamp,
}

/// Merchandising rules as they are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRules {
    /// JSON; the core says what it means.
    pub body: Bytes,
    /// Counts writes, from 1: the `ETag` of `PUT /v1/rules`.
    pub version: u64,
}

/// The catalog table.
#[derive(Clone)]
pub struct Catalog {
    records: Arc<dyn Records>,
}

impl Catalog {
    /// Over `records`.
    #[must_use]
    pub fn new(records: Arc<dyn Records>) -> Self {
        Self { records }
    }

    /// Writes `items`, each over what was there.
    ///
    /// # Errors
    /// The first [`StoreError`]; some items may be written then, and the same call again is safe.
    pub async fn put_items(&self, items: &[Item], now: Timestamp) -> Result<(), StoreError> {
        let mut writes = JoinSet::new();
        for item in items {
            if writes.len() >= WRITES_AT_A_TIME {
                finish_one(&mut writes).await?;
            }
            let record = row(item, None, now)?;
            let records = Arc::clone(&self.records);
            writes.spawn(async move { records.put(Table::Catalog, record, Condition::Always).await });
        }
        while !writes.is_empty() {
            finish_one(&mut writes).await?;
        }
        Ok(())
    }

    /// All items, by id.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read, or holds what this release cannot read.
    pub async fn items(&self) -> Result<Vec<Item>, StoreError> {
        let rows = self.records.query_all(Table::Catalog, layout::ITEMS, "").await?;
        rows.iter().map(item).collect()
    }

    /// Items written at or after `since`, one round trip for each megabyte of them.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read, or holds what this release cannot read.
    pub async fn changes_since(&self, since: Timestamp) -> Result<Changes, StoreError> {
        let after = stamp(since.plus_ms(-OVERLAP_MS));
        let mut changes = Changes { items: Vec::new(), until: since };
        let mut next = None;
        loop {
            let page = self.records.query_changed(Table::Catalog, layout::ITEMS, &after, next).await?;
            for row in &page.records {
                changes.items.push(item(row)?);
                changes.until = changes.until.max(changed_at(row).unwrap_or(since));
            }
            match page.next {
                Some(more) => next = Some(more),
                None => return Ok(changes),
            }
        }
    }

    /// The rules; `None` before the first were written.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn rules(&self) -> Result<Option<StoredRules>, StoreError> {
        let row = self.records.get_one(Table::Catalog, &RecordKey::alone(layout::RULES)).await?;
        Ok(row.map(|row| StoredRules { body: row.body, version: row.version }))
    }

    /// Writes the rules over `version`, the one that was read (`None`: there were none), and gives the new one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody else changed them since.
    pub async fn put_rules(&self, body: Bytes, version: Option<u64>) -> Result<u64, StoreError> {
        let record = Record::new(RecordKey::alone(layout::RULES), body);
        let condition = version.map_or(Condition::Absent, |version| Condition::Version(version.to_string()));
        self.records.put(Table::Catalog, record, condition).await
    }
}

async fn finish_one(writes: &mut JoinSet<Result<u64, StoreError>>) -> Result<(), StoreError> {
    match writes.join_next().await {
        Some(Ok(written)) => written.map(|_| ()),
        Some(Err(lost)) => Err(StoreError::unavailable("catalog write", lost)),
        None => Ok(()),
    }
}

/// `changed` sorts as text, so the time has a fixed width; the id makes it unique.
fn stamp(at: Timestamp) -> String {
    format!("{:013}", at.0.max(0))
}

fn changed_at(row: &Record) -> Option<Timestamp> {
    row.changed.as_deref()?.split_once('#')?.0.parse().ok().map(Timestamp)
}

fn row(item: &Item, shelf: Option<Shelf>, now: Timestamp) -> Result<Record, StoreError> {
    let key = RecordKey::new(layout::ITEMS, layout::item(&item.id));
    let body = serde_json::to_vec(&Document { v: SCHEMA, item, shelf })
        .map_err(|error| StoreError::refused(format!("item {}", item.id), error))?;
    Ok(Record { changed: Some(format!("{}#{}", stamp(now), item.id)), ..Record::new(key, body.into()) })
}

fn item(row: &Record) -> Result<Item, StoreError> {
    document(row).map(|document| document.item)
}

fn document(row: &Record) -> Result<Document<Item>, StoreError> {
    serde_json::from_slice(&row.body).map_err(|error| StoreError::refused(format!("item {}", row.key.sk), error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryRecords;
    use rapport_core::id::ItemId;

    const NOW: Timestamp = Timestamp(1_795_348_800_000);

    fn catalog() -> Catalog {
        Catalog::new(Arc::new(MemoryRecords::default()))
    }

    fn named(id: &str, title: &str) -> Item {
        Item { title: Some(title.into()), ..Item::bare(ItemId::new(id).unwrap()) }
    }

    #[tokio::test]
    async fn items_come_back_by_id_however_many() {
        let catalog = catalog();
        let items: Vec<Item> = (0..250).map(|n| named(&format!("{n:03}"), "bread")).collect();
        catalog.put_items(&items, NOW).await.unwrap();
        assert_eq!(catalog.items().await.unwrap(), items);
        assert_eq!(catalog.changes_since(Timestamp(0)).await.unwrap().items.len(), 250, "pages are followed");
    }

    #[tokio::test]
    async fn a_reader_gets_what_changed_since_it_stopped() {
        let catalog = catalog();
        catalog.put_items(&[named("a", "bread"), named("b", "rolls")], NOW).await.unwrap();
        let first = catalog.changes_since(Timestamp(0)).await.unwrap();
        assert_eq!((first.items.len(), first.until), (2, NOW));
        catalog.put_items(&[named("b", "buns")], NOW.plus_ms(60_000)).await.unwrap();
        let second = catalog.changes_since(NOW.plus_ms(OVERLAP_MS + 1)).await.unwrap();
        assert_eq!((second.items, second.until), (vec![named("b", "buns")], NOW.plus_ms(60_000)));
    }

    #[tokio::test]
    async fn a_slow_writer_is_not_missed() {
        let catalog = catalog();
        catalog.put_items(&[named("a", "bread")], NOW).await.unwrap();
        let until = catalog.changes_since(Timestamp(0)).await.unwrap().until;
        catalog.put_items(&[named("b", "rolls")], NOW.plus_ms(-5_000)).await.unwrap();
        let late = catalog.changes_since(until).await.unwrap().items;
        assert!(late.contains(&named("b", "rolls")), "{late:?}");
    }

    #[tokio::test]
    async fn rules_are_not_overwritten_unseen() {
        let catalog = catalog();
        assert_eq!(catalog.rules().await.unwrap(), None);
        let version = catalog.put_rules("[]".into(), None).await.unwrap();
        assert!(matches!(catalog.put_rules("[1]".into(), None).await, Err(StoreError::Conflict { .. })));
        assert_eq!(catalog.put_rules("[2]".into(), Some(version)).await.unwrap(), version + 1);
        assert_eq!(catalog.rules().await.unwrap(), Some(StoredRules { body: "[2]".into(), version: version + 1 }));
    }
}
