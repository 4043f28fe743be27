//! Which ids are one customer, and which subjects wait for a refold.

use crate::{
    layout::{self, Table},
    ports::{Condition, Page, Record, RecordKey, Records, StoreError},
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use rapport_core::{
    id::CustomerId,
    profile::{Alias, Link, Position, Subject},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const OWNER: &str = "owner";
const SCHEMA: u8 = 1;
/// How often a link that lost a race is tried again.
const ATTEMPTS: u32 = 8;
/// Links that are recorded at a time.
const WRITES_AT_A_TIME: usize = 16;

/// Who an alias belongs to, and by which statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    v: u8,
    /// The customer.
    pub customer: CustomerId,
    /// The earliest trusted statement that said so.
    pub at: Position,
}

/// What recording a link did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linked {
    /// It was known, or somebody was linked earlier and keeps the alias.
    Known,
    /// The alias had no owner.
    New,
    /// The statement is earlier than the one that gave the alias to this customer.
    Moved(CustomerId),
}

/// The identities table.
#[derive(Clone)]
pub struct Identities {
    records: Arc<dyn Records>,
}

impl Identities {
    /// Over `records`.
    #[must_use]
    pub fn new(records: Arc<dyn Records>) -> Self {
        Self { records }
    }

    /// The owners of `aliases`, in the order asked, strongly consistent.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read, or holds what this release cannot read.
    pub async fn owners(&self, aliases: &[Alias]) -> Result<Vec<Option<Owner>>, StoreError> {
        let keys: Vec<RecordKey> = aliases.iter().map(owner_key).collect();
        let rows = self.records.get(Table::Identities, &keys, true).await?;
        rows.into_iter().map(|row| row.map(|row| decode(&row)).transpose()).collect()
    }

    /// Records each of `links`, unless an earlier statement says otherwise; gives what became of each, in their order. Links that
    /// are known cost one read for a hundred of them.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read or written, [`StoreError::Conflict`] when others keep linking the same aliases.
    /// Some may be recorded then, and the same call again is safe.
    pub async fn link_all(&self, links: &[Link]) -> Result<Vec<Linked>, StoreError> {
        let keys: Vec<RecordKey> = links.iter().map(|link| owner_key(&link.alias)).collect();
        let known = self.records.get(Table::Identities, &keys, true).await?;
        let recorded = links.iter().cloned().zip(known).map(|(link, known)| async move { self.settle(&link, known).await });
        stream::iter(recorded).buffered(WRITES_AT_A_TIME).try_collect().await
    }

    /// [`Identities::link_all`] for one.
    ///
    /// # Errors
    /// As there.
    pub async fn link(&self, link: &Link) -> Result<Linked, StoreError> {
        Ok(self.link_all(std::slice::from_ref(link)).await?.pop().unwrap_or(Linked::Known))
    }

    async fn settle(&self, link: &Link, mut known: Option<Record>) -> Result<Linked, StoreError> {
        let key = owner_key(&link.alias);
        for _ in 0..ATTEMPTS {
            match self.record(link, known.as_ref()).await {
                Err(StoreError::Conflict { .. }) => known = self.records.get_one(Table::Identities, &key).await?,
                settled => return settled,
            }
        }
        Err(StoreError::conflict(format!("identity {}", key.pk)))
    }

    /// The list of the customer's aliases is written first: should we die between the two writes, the link is told again, because
    /// the message that carries it was not acknowledged.
    async fn record(&self, link: &Link, known: Option<&Record>) -> Result<Linked, StoreError> {
        let key = owner_key(&link.alias);
        let owner = known.map(decode).transpose()?;
        let linked = match &owner {
            None => Linked::New,
            Some(owner) if owner.at <= link.at => return Ok(Linked::Known),
            Some(owner) if owner.customer == link.customer => Linked::Known,
            Some(owner) => Linked::Moved(owner.customer.clone()),
        };
        let alias = RecordKey::new(customer_partition(&link.customer), format!("alias#{}", link.alias));
        self.put(alias, Bytes::from_static(b"1"), Condition::Always).await?;
        let body = serde_json::to_vec(&Owner { v: SCHEMA, customer: link.customer.clone(), at: link.at })
            .map_err(|source| refused(&key, source))?;
        let condition = known.map_or(Condition::Absent, |row| Condition::Version(row.version.to_string()));
        self.put(key, body.into(), condition).await?;
        if let Linked::Moved(before) = &linked {
            let key = RecordKey::new(customer_partition(before), format!("alias#{}", link.alias));
            self.records.delete(Table::Identities, &key, Condition::Always).await?;
        }
        Ok(linked)
    }

    /// The ids that belong to `customer`, its own not among them.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn aliases(&self, customer: &CustomerId) -> Result<Vec<Alias>, StoreError> {
        let rows = self.all(&customer_partition(customer), "alias#").await?;
        Ok(rows.iter().filter_map(|row| Alias::parse(row.key.sk.strip_prefix("alias#")?)).collect())
    }

    /// Notes that `subject` must be folded anew.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be written.
    pub async fn ask_refold(&self, subject: &Subject) -> Result<(), StoreError> {
        let key = refold_key(subject);
        let waiting = self.records.get(Table::Identities, std::slice::from_ref(&key), true).await?.pop().flatten();
        // A new version, so that a refold under way does not take this request off the list with the one it serves.
        let condition = waiting.map_or(Condition::Absent, |row| Condition::Version(row.version.to_string()));
        match self.put(key, Bytes::from_static(b"1"), condition).await {
            // Somebody else asked at this moment, after our events were in the log: their request serves us too.
            Err(StoreError::Conflict { .. }) => Ok(()),
            other => other,
        }
    }

    /// Subjects that wait for a refold, with the version that [`Identities::refolded`] must name.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn waiting_refolds(&self) -> Result<Vec<(Subject, u64)>, StoreError> {
        let rows = self.all(layout::REFOLDS, "").await?;
        Ok(rows.iter().filter_map(|row| Some((Subject::parse(&row.key.sk)?, row.version))).collect())
    }

    /// Takes `subject` off the list, unless it was asked for again since.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be written.
    pub async fn refolded(&self, subject: &Subject, version: u64) -> Result<(), StoreError> {
        match self.records.delete(Table::Identities, &refold_key(subject), Condition::Version(version.to_string())).await {
            Err(StoreError::Conflict { .. }) => Ok(()),
            other => other,
        }
    }

    async fn put(&self, key: RecordKey, body: Bytes, condition: Condition) -> Result<(), StoreError> {
        let record = Record { key, version: 0, body, expires: None, changed: None };
        self.records.put(Table::Identities, record, condition).await.map(|_| ())
    }

    async fn all(&self, pk: &str, prefix: &str) -> Result<Vec<Record>, StoreError> {
        let mut rows = Vec::new();
        let mut next = None;
        loop {
            let Page { records, next: more } = self.records.query(Table::Identities, pk, prefix, next).await?;
            rows.extend(records);
            match more {
                Some(more) => next = Some(more),
                None => return Ok(rows),
            }
        }
    }
}

fn owner_key(alias: &Alias) -> RecordKey {
    RecordKey::new(layout::subject(alias), OWNER)
}

fn customer_partition(customer: &CustomerId) -> String {
    layout::subject(&Subject::Customer(customer.clone()))
}

fn refold_key(subject: &Subject) -> RecordKey {
    RecordKey::new(layout::REFOLDS, layout::subject(subject))
}

fn decode(row: &Record) -> Result<Owner, StoreError> {
    serde_json::from_slice(&row.body).map_err(|source| refused(&row.key, source))
}

fn refused(key: &RecordKey, source: serde_json::Error) -> StoreError {
    StoreError::Refused { what: format!("identity {}", key.pk), source: source.into() }
}
