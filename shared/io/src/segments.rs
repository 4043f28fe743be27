//! Segments: the shop's own definitions, what training learned for them, and when whose memberships may change by time alone.
//!
//! Where somebody stands lies beside their profile ([`crate::profiles`]). A *look* is a row that says when to work it out again although
//! nothing happened. It is written before the standing that asks for it and taken away some minutes after it was due, so that neither
//! a crash nor a race loses one; a look in vain costs a read.
//!
//! Definitions are the shopkeeper's word and no replay rebuilds them, so they lie in the catalog's table beside the rules.

use crate::{
    layout::{self, Table},
    ports::{Condition, Record, RecordKey, Records, StoreError},
};
use bytes::Bytes;
use rapport_core::{features::CutOffs, profile::Subject, segment::Segment, time::Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::sync::Arc;

const SCHEMA: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Document<T> {
    v: u8,
    #[serde(flatten)]
    content: T,
}

#[derive(Serialize, Deserialize)]
struct Own {
    segments: Vec<Segment>,
}

/// The segments that the shop defined itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Definitions {
    /// Laid over the ready ones by name.
    pub own: Vec<Segment>,
    /// Counts writes; 0 before the first: the `ETag` of `PUT /v1/segments/{name}`.
    pub version: u64,
}

/// How far everybody was looked at anew after definitions or cut-offs changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What they are held against.
    pub fingerprint: String,
    /// When the first of the passes began.
    pub began: Timestamp,
    /// Where in the profiles to go on; `None` between passes.
    pub cursor: Option<String>,
    /// How often everybody was looked at.
    pub passes: u8,
}

/// Somebody whom time may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub subject: Subject,
}

/// The segments table, and the definitions beside the rules.
#[derive(Clone)]
pub struct SegmentStore {
    records: Arc<dyn Records>,
}

impl SegmentStore {
    /// Over `records`.
    #[must_use]
    pub fn new(records: Arc<dyn Records>) -> Self {
        Self { records }
    }

    /// What the shop defined, strongly consistent.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read, or holds what this release cannot read.
    pub async fn definitions(&self) -> Result<Definitions, StoreError> {
        let row = self.records.get_one(Table::Catalog, &RecordKey::alone(layout::SEGMENTS)).await?;
        let Some(row) = row else { return Ok(Definitions::default()) };
        Ok(Definitions { own: read::<Own>(&row)?.segments, version: row.version })
    }

    /// Writes the definitions over the version that was read (0: there were none), and gives the new one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody else changed them since.
    pub async fn put_definitions(&self, own: Vec<Segment>, version: u64) -> Result<u64, StoreError> {
        let condition = if version == 0 { Condition::Absent } else { Condition::Version(version.to_string()) };
        let record = Record::new(RecordKey::alone(layout::SEGMENTS), written(&Own { segments: own })?);
        self.records.put(Table::Catalog, record, condition).await
    }

    /// The cut-offs that training learned; `None` before the first.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read, or holds what this release cannot read.
    pub async fn cut_offs(&self) -> Result<Option<CutOffs>, StoreError> {
        let row = self.records.get_one(Table::Segments, &RecordKey::alone(layout::CUT_OFFS)).await?;
        row.map(|row| read(&row)).transpose()
    }

    /// Writes the cut-offs.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be written.
    pub async fn put_cut_offs(&self, cut_offs: &CutOffs) -> Result<(), StoreError> {
        let record = Record::new(RecordKey::alone(layout::CUT_OFFS), written(cut_offs)?);
        self.records.put(Table::Segments, record, Condition::Always).await.map(|_| ())
    }

    /// How far everybody was looked at anew; nothing before the first time.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read, or holds what this release cannot read.
    pub async fn progress(&self) -> Result<Progress, StoreError> {
        let row = self.records.get_one(Table::Segments, &RecordKey::alone(layout::EVALUATED)).await?;
        Ok(row.map(|row| read(&row)).transpose()?.unwrap_or_default())
    }

    /// Notes how far it is.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be written.
    pub async fn put_progress(&self, progress: &Progress) -> Result<(), StoreError> {
        let record = Record::new(RecordKey::alone(layout::EVALUATED), written(progress)?);
        self.records.put(Table::Segments, record, Condition::Always).await.map(|_| ())
    }

    /// Plans a look; planning it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be written.
    pub async fn plan(&self, look: &Look) -> Result<(), StoreError> {
        let record = Record::new(layout::look(&look.subject, look.at), Bytes::from_static(b"1"));
        self.records.put(Table::Segments, record, Condition::Always).await.map(|_| ())
    }

    /// Takes a look off the list.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be written.
    pub async fn looked(&self, look: &Look) -> Result<(), StoreError> {
        self.records.delete(Table::Segments, &layout::look(&look.subject, look.at), Condition::Always).await
    }

    /// Some of the looks that are due at `now`, and where to go on; `None` asks from the beginning.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read, or `next` is none of ours.
    pub async fn due(&self, now: Timestamp, next: Option<String>) -> Result<(Vec<Look>, Option<String>), StoreError> {
        let (shard, inner) = layout::place(next).ok_or_else(|| StoreError::refused("a cursor", "it is none of ours"))?;
        let page = self.records.query_until(Table::Segments, &layout::looks(shard), &layout::looks_until(now), inner).await?;
        let look = |row: &Record| {
            let (at, subject) = row.key.sk.split_once('#')?;
            Some(Look { at: Timestamp(at.parse().ok()?), subject: Subject::parse(subject)? })
        };
        Ok((page.records.iter().filter_map(look).collect(), layout::following(shard, page.next)))
    }
}

fn written(content: &impl Serialize) -> Result<Bytes, StoreError> {
    let body = serde_json::to_vec(&Document { v: SCHEMA, content }).map_err(|error| StoreError::refused("segments", error))?;
    Ok(body.into())
}

/// The error names no customer: it goes to the logs.
fn read<T: DeserializeOwned>(row: &Record) -> Result<T, StoreError> {
    let document: Document<T> = serde_json::from_slice(&row.body).map_err(|error| StoreError::refused("segments", error))?;
    Ok(document.content)
}
