//! Plain personal data: e-mail, phone, name, free-text traits. It lives here and nowhere else, and erasure takes it from here whole.
//!
//! Each field remembers by which event it was said, and the newer (time, id) wins, so events may come in any order.

use crate::{
    layout::{self, Table},
    ports::{Condition, Record, RecordKey, Records, StoreError},
};
use rapport_core::{
    profile::{Position, Subject},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

const SCHEMA: u8 = 1;
/// How often a write is tried again when another one gets in between.
const ATTEMPTS: u32 = 5;

#[derive(Serialize, Deserialize)]
struct Field {
    v: u8,
    value: String,
    at: Position,
}

/// What became of a request to be forgotten, store by store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// What `GET /v1/erasures/{receipt}` asks by. It says nothing about whom.
    pub id: String,
    /// When it was asked for.
    pub requested: Timestamp,
    /// Store → how far it is.
    pub stores: BTreeMap<String, Progress>,
}

/// How far erasure is in one store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Nothing is left.
    Done,
    /// Under way.
    Pending,
    /// What is left goes by itself on that day: `2026-12-06`.
    Expires(String),
}

#[derive(Serialize, Deserialize)]
struct ReceiptDocument {
    v: u8,
    receipt: Receipt,
}

/// The contacts table.
#[derive(Clone)]
pub struct Contacts {
    records: Arc<dyn Records>,
}

impl Contacts {
    /// Over `records`.
    #[must_use]
    pub fn new(records: Arc<dyn Records>) -> Self {
        Self { records }
    }

    /// Notes that `field` of `subject` was `value` at `at`, unless something newer is known. Says whether it was written.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read or written.
    pub async fn put(&self, subject: &Subject, field: &str, value: &str, at: Position) -> Result<bool, StoreError> {
        let key = RecordKey::new(layout::subject(subject), field);
        let what = || format!("contact field {field}");
        let body =
            serde_json::to_vec(&Field { v: SCHEMA, value: value.to_owned(), at }).map_err(|error| StoreError::refused(what(), error))?;
        let record = Record { key: key.clone(), version: 0, body: body.into(), expires: None, changed: None };
        for _ in 0..ATTEMPTS {
            let known = self.records.get_one(Table::Contacts, &key).await?;
            let condition = match &known {
                Some(row) if read(row)?.at >= at => return Ok(false),
                Some(row) => Condition::Version(row.version.to_string()),
                None => Condition::Absent,
            };
            match self.records.put(Table::Contacts, record.clone(), condition).await {
                Err(StoreError::Conflict { .. }) => {}
                written => return written.map(|_| true),
            }
        }
        Err(StoreError::conflict(what()))
    }

    /// Everything known of `subject`: field → value.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn get(&self, subject: &Subject) -> Result<BTreeMap<String, String>, StoreError> {
        let rows = self.records.query_all(Table::Contacts, &layout::subject(subject), "").await?;
        rows.into_iter().map(|row| Ok((row.key.sk.clone(), read(&row)?.value))).collect()
    }

    /// Deletes everything known of `subject`.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be written; the same call again takes the rest.
    pub async fn erase(&self, subject: &Subject) -> Result<(), StoreError> {
        for row in self.records.query_all(Table::Contacts, &layout::subject(subject), "").await? {
            self.records.delete(Table::Contacts, &row.key, Condition::Always).await?;
        }
        Ok(())
    }

    /// Writes a receipt over what it said before.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be written.
    pub async fn put_receipt(&self, receipt: &Receipt) -> Result<(), StoreError> {
        let document = ReceiptDocument { v: SCHEMA, receipt: receipt.clone() };
        let body = serde_json::to_vec(&document).map_err(|error| StoreError::refused(format!("receipt {}", receipt.id), error))?;
        let record =
            Record { key: RecordKey::new(layout::ERASURES, &receipt.id), version: 0, body: body.into(), expires: None, changed: None };
        self.records.put(Table::Contacts, record, Condition::Always).await.map(|_| ())
    }

    /// The receipt called `id`.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn receipt(&self, id: &str) -> Result<Option<Receipt>, StoreError> {
        let Some(row) = self.records.get_one(Table::Contacts, &RecordKey::new(layout::ERASURES, id)).await? else { return Ok(None) };
        let document: ReceiptDocument =
            serde_json::from_slice(&row.body).map_err(|error| StoreError::refused(format!("receipt {id}"), error))?;
        Ok(Some(document.receipt))
    }
}

fn read(row: &Record) -> Result<Field, StoreError> {
    // The error names the field, never the person: it goes to the logs.
    serde_json::from_slice(&row.body).map_err(|error| StoreError::refused(format!("contact field {}", row.key.sk), error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryRecords;

    fn contacts() -> Contacts {
        Contacts::new(Arc::new(MemoryRecords::default()))
    }

    fn ada() -> Subject {
        Subject::parse("c#ada").unwrap()
    }

    fn at(ms: i64, id: u64) -> Position {
        Position { at: Timestamp(ms), id }
    }

    #[tokio::test]
    async fn the_newest_wins_in_any_order() {
        let told = [("old@example.org", at(1, 9)), ("tied@example.org", at(2, 1)), ("new@example.org", at(2, 2))];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let contacts = contacts();
            for index in order {
                contacts.put(&ada(), "email", told[index].0, told[index].1).await.unwrap();
            }
            assert_eq!(contacts.get(&ada()).await.unwrap(), BTreeMap::from([("email".into(), "new@example.org".into())]), "{order:?}");
        }
    }

    #[tokio::test]
    async fn erased_means_erased_and_nobody_else_is() {
        let contacts = contacts();
        let bob = Subject::parse("c#bob").unwrap();
        for field in ["email", "phone", "name"] {
            contacts.put(&ada(), field, "x", at(1, 1)).await.unwrap();
            contacts.put(&bob, field, "y", at(1, 1)).await.unwrap();
        }
        contacts.erase(&ada()).await.unwrap();
        assert!(contacts.get(&ada()).await.unwrap().is_empty());
        assert_eq!(contacts.get(&bob).await.unwrap().len(), 3);
    }

    #[tokio::test]
    async fn a_receipt_says_how_far_it_is() {
        let contacts = contacts();
        let stores = BTreeMap::from([("profiles".into(), Progress::Done), ("logs".into(), Progress::Expires("2026-12-06".into()))]);
        let receipt = Receipt { id: "er_1".into(), requested: Timestamp(5), stores };
        contacts.put_receipt(&receipt).await.unwrap();
        assert_eq!(contacts.receipt("er_1").await.unwrap(), Some(receipt));
        assert_eq!(contacts.receipt("er_2").await.unwrap(), None);
    }
}
