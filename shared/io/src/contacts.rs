//! Plain personal data: e-mail, phone, name, free-text traits. It lives here and nowhere else, and erasure takes it from here whole.
//!
//! One row a subject. Each field remembers by which event it was said, and the newer (time, id) wins, so events may come in any order.

use crate::{
    layout::{self, Table},
    ports::{Condition, Record, RecordKey, Records, StoreError},
};
use futures::{StreamExt, TryStreamExt, stream};
use rapport_core::{
    profile::{Position, Subject},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

const SCHEMA: u8 = 1;
/// How often a write is tried again when another one gets in between.
const ATTEMPTS: u32 = 5;
/// Rows that are written at a time.
const WRITES_AT_A_TIME: usize = 16;

/// Something somebody said about themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Who.
    pub subject: Subject,
    /// `email`, `phone`, `first_name` … or `trait:NAME`.
    pub field: String,
    /// As it was said.
    pub value: String,
    /// When, and by which event.
    pub at: Position,
}

/// The row of a subject.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Document {
    v: u8,
    fields: BTreeMap<String, Field>,
    /// Nothing said at or before this time is ever kept again: an event may be delivered long after its customer was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    erased: Option<Timestamp>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Field {
    value: String,
    at: Position,
}

/// Days that point-in-time recovery of the tables reaches back.
const RECOVERY_DAYS: i64 = 7;
/// Days until raw bodies and rejects expire.
const RAW_DAYS: i64 = 14;

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

impl Receipt {
    /// What an erasure does in each store, and until when traces last. Profiles and identities are folded anew from the log within
    /// seconds, and keep nothing from before; what was written to the tables remains recoverable for a week.
    #[must_use]
    pub fn new(id: String, requested: Timestamp) -> Self {
        let expires = |days| Progress::Expires(requested.plus_days(days).day());
        let stores = [
            ("contacts", Progress::Done),
            // Where somebody stands lies in the profile's row.
            ("profiles", expires(1)),
            ("segments", expires(1)),
            ("log", expires(RAW_DAYS)),
            ("archive", expires(RAW_DAYS)),
            ("inbox", expires(RAW_DAYS)),
            ("rejected", expires(RAW_DAYS)),
            ("table_recovery", expires(RECOVERY_DAYS)),
            // Models hold items and pairs of items, never people.
            ("models", Progress::Done),
        ];
        Self { id, requested, stores: stores.into_iter().map(|(store, progress)| (store.to_owned(), progress)).collect() }
    }
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

    /// Keeps what was `said`, unless something newer is known or the subject was erased since. Rows that would not change are not
    /// written.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read or written; some of it may be kept then, and the same call again is safe.
    pub async fn keep(&self, said: Vec<Said>) -> Result<(), StoreError> {
        let mut by_subject: BTreeMap<Subject, Vec<Said>> = BTreeMap::new();
        for said in said {
            by_subject.entry(said.subject.clone()).or_default().push(said);
        }
        let keys: Vec<RecordKey> = by_subject.keys().map(key).collect();
        let known = self.records.get(Table::Contacts, &keys, true).await?;
        let writes = by_subject.into_iter().zip(known).map(|((subject, said), known)| self.merge(subject, said, known));
        stream::iter(writes).buffer_unordered(WRITES_AT_A_TIME).try_collect().await
    }

    async fn merge(&self, subject: Subject, said: Vec<Said>, mut known: Option<Record>) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let (mut document, condition) = read(known.as_ref())?;
            // Every saying is heard; `any` would stop at the first that is new.
            if said.iter().filter(|said| document.hear(said)).count() == 0 {
                return Ok(());
            }
            match self.write(&subject, &document, condition).await {
                Err(StoreError::Conflict { .. }) => known = self.records.get_one(Table::Contacts, &key(&subject)).await?,
                written => return written,
            }
        }
        Err(StoreError::conflict("contacts"))
    }

    /// Everything known of `subject`: field → value.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn get(&self, subject: &Subject) -> Result<BTreeMap<String, String>, StoreError> {
        let row = self.records.get_one(Table::Contacts, &key(subject)).await?;
        Ok(read(row.as_ref())?.0.fields.into_iter().map(|(name, field)| (name, field.value)).collect())
    }

    /// Forgets everything known of `subject`, and whatever of theirs arrives later but was said by `at`.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be written; nothing is forgotten then.
    pub async fn erase(&self, subject: &Subject, at: Timestamp) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let row = self.records.get_one(Table::Contacts, &key(subject)).await?;
            let (mut document, condition) = read(row.as_ref())?;
            document.erased = document.erased.max(Some(at));
            document.fields.retain(|_, field| field.at.at > at);
            match self.write(subject, &document, condition).await {
                Err(StoreError::Conflict { .. }) => {}
                written => return written,
            }
        }
        Err(StoreError::conflict("contacts"))
    }

    async fn write(&self, subject: &Subject, document: &Document, condition: Condition) -> Result<(), StoreError> {
        let body = serde_json::to_vec(document).map_err(|error| StoreError::refused("contacts", error))?;
        let record = Record::new(key(subject), body.into());
        self.records.put(Table::Contacts, record, condition).await.map(|_| ())
    }

    /// Writes a receipt over what it said before.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be written.
    pub async fn put_receipt(&self, receipt: &Receipt) -> Result<(), StoreError> {
        let document = ReceiptDocument { v: SCHEMA, receipt: receipt.clone() };
        let body = serde_json::to_vec(&document).map_err(|error| StoreError::refused(format!("receipt {}", receipt.id), error))?;
        let record = Record::new(RecordKey::new(layout::ERASURES, &receipt.id), body.into());
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

impl Document {
    /// Takes one saying in; says whether that changed anything.
    fn hear(&mut self, said: &Said) -> bool {
        let is_erased = self.erased.is_some_and(|erased| said.at.at <= erased);
        // Copies of one event that say different things are heard in any order, so the greater value settles it.
        let is_newer = |known: &Field| (said.at, &said.value) > (known.at, &known.value);
        if is_erased || !self.fields.get(&said.field).is_none_or(is_newer) {
            return false;
        }
        self.fields.insert(said.field.clone(), Field { value: said.value.clone(), at: said.at });
        true
    }
}

fn key(subject: &Subject) -> RecordKey {
    RecordKey::alone(layout::subject(subject))
}

/// What a row says, and what a write over it must name. The error never names the person: it goes to the logs.
fn read(row: Option<&Record>) -> Result<(Document, Condition), StoreError> {
    let Some(row) = row else { return Ok((Document { v: SCHEMA, ..Document::default() }, Condition::Absent)) };
    let document = serde_json::from_slice(&row.body).map_err(|error| StoreError::refused("contacts", error))?;
    Ok((document, Condition::Version(row.version.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{counting::Counting, memory::MemoryRecords};

    fn contacts() -> Contacts {
        Contacts::new(Arc::new(MemoryRecords::default()))
    }

    fn ada() -> Subject {
        Subject::parse("c#ada").unwrap()
    }

    fn at(ms: i64, id: u64) -> Position {
        Position { at: Timestamp(ms), id }
    }

    fn said(subject: &Subject, field: &str, value: &str, at: Position) -> Said {
        Said { subject: subject.clone(), field: field.to_owned(), value: value.to_owned(), at }
    }

    #[tokio::test]
    async fn the_newest_wins_in_any_order() {
        let told = [("old@example.org", at(1, 9)), ("tied@example.org", at(2, 1)), ("new@example.org", at(2, 2))];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let (one_by_one, at_once) = (contacts(), contacts());
            let said = order.map(|index| said(&ada(), "email", told[index].0, told[index].1));
            for said in said.clone() {
                one_by_one.keep(vec![said]).await.unwrap();
            }
            at_once.keep(said.to_vec()).await.unwrap();
            for contacts in [one_by_one, at_once] {
                let newest = BTreeMap::from([("email".into(), "new@example.org".into())]);
                assert_eq!(contacts.get(&ada()).await.unwrap(), newest, "{order:?}");
            }
        }
    }

    #[tokio::test]
    async fn copies_of_one_event_that_disagree_agree_in_any_order() {
        let said = ["one@example.org", "two@example.org"].map(|value| said(&ada(), "email", value, at(1, 1)));
        for order in [[0, 1], [1, 0]] {
            let contacts = contacts();
            for index in order {
                contacts.keep(vec![said[index].clone()]).await.unwrap();
            }
            assert_eq!(contacts.get(&ada()).await.unwrap()["email"], "two@example.org", "{order:?}");
        }
    }

    #[tokio::test]
    async fn what_is_known_costs_no_write() {
        let records = Arc::new(Counting::new(MemoryRecords::default()));
        let contacts = Contacts::new(Arc::clone(&records) as _);
        let email = said(&ada(), "email", "ada@example.org", at(1, 1));
        contacts.keep(vec![email.clone(), said(&ada(), "phone", "1", at(1, 1))]).await.unwrap();
        contacts.keep(vec![email]).await.unwrap();
        assert_eq!(records.take(), (2, 1), "two reads, one write");
    }

    #[tokio::test]
    async fn erased_means_erased_and_nobody_else_is() {
        let contacts = contacts();
        let bob = Subject::parse("c#bob").unwrap();
        let all = ["email", "phone", "name"].map(|field| [said(&ada(), field, "x", at(1, 1)), said(&bob, field, "y", at(1, 1))]);
        contacts.keep(all.concat()).await.unwrap();
        contacts.erase(&ada(), Timestamp(5)).await.unwrap();
        contacts.keep(vec![said(&ada(), "email", "late@example.org", at(5, 9))]).await.unwrap();
        assert!(contacts.get(&ada()).await.unwrap().is_empty(), "what arrives late was said before");
        contacts.keep(vec![said(&ada(), "email", "again@example.org", at(6, 1))]).await.unwrap();
        assert_eq!(contacts.get(&ada()).await.unwrap().len(), 1, "who comes back is somebody new");
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
