//! Profiles in their table, one row a subject, and where their subjects stand.
//!
//! What segments somebody is in lies beside the profile, in the same row: what the fold reads and writes anyway carries it along, both
//! change in one piece, and erasing the one takes the other away. It is no part of the profile's own bytes, which follow from events
//! alone. DynamoDB keeps a copy of it in the index `members`, for lists.

use crate::{
    layout::{self, Table},
    ports::{Beside, Condition, Record, RecordKey, Records, StoreError},
};
use bytes::Bytes;
use rapport_core::{
    profile::{Profile, ProfileError, Subject},
    segment::Standing,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const SCHEMA: u8 = 1;

/// Where a subject stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// In no segment, and time alone changes nothing.
    #[default]
    Nowhere,
    /// Here.
    Stands(Standing),
    /// Nowhere of its own: the id belongs to a customer. It stays so, for an id that has an owner never loses all of them.
    Owned,
}

/// A stored profile, and what a conditional write must name.
#[derive(Debug)]
pub struct Versioned {
    /// The profile. One that cannot be read is no loss: a refold writes it anew.
    pub profile: Result<Profile, ProfileError>,
    /// Counts writes, from 1.
    pub version: u64,
    /// Read when somebody asks: lookups do not.
    beside: Option<Bytes>,
}

/// Some of those who are in segments, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// In no order that means anything, but always in the same.
    pub rows: Vec<(Subject, Standing)>,
    /// Hand it back for more; `None` after the last.
    pub next: Option<String>,
}

/// A place as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    v: u8,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    owned: bool,
    #[serde(flatten)]
    standing: Standing,
}

impl Place {
    /// Where the customer stands; at nothing when nowhere.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self {
            Self::Stands(standing) => standing.clone(),
            Self::Nowhere | Self::Owned => Standing::default(),
        }
    }
}

impl Versioned {
    /// Where the subject stands. What cannot be read counts as nowhere; it is derived and is written anew.
    #[must_use]
    pub fn place(&self) -> Place {
        match self.beside.as_ref().and_then(|beside| serde_json::from_slice(beside).ok()) {
            None => Place::Nowhere,
            Some(Stored { owned: true, .. }) => Place::Owned,
            Some(Stored { standing, .. }) => Place::Stands(standing),
        }
    }

    fn of(row: Record) -> Self {
        Self { profile: Profile::from_bytes(&row.body), version: row.version, beside: row.beside.map(|beside| beside.content) }
    }
}

/// The profiles table.
#[derive(Clone)]
pub struct Profiles {
    records: Arc<dyn Records>,
}

impl Profiles {
    /// Over `records`.
    #[must_use]
    pub fn new(records: Arc<dyn Records>) -> Self {
        Self { records }
    }

    /// The profiles of `subjects`, in the order asked, in one round trip for up to 100.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn get(&self, subjects: &[Subject], consistent: bool) -> Result<Vec<Option<Versioned>>, StoreError> {
        let keys: Vec<RecordKey> = subjects.iter().map(|subject| RecordKey::alone(layout::subject(subject))).collect();
        let rows = self.records.get(Table::Profiles, &keys, consistent).await?;
        Ok(rows.into_iter().map(|row| row.map(Versioned::of)).collect())
    }

    /// Writes `profile`, and where its subject stands, over the version that was read; `None` when there was none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody else wrote since; the fold must then be done again on what they wrote.
    pub async fn put(&self, profile: &Profile, place: &Place, read: Option<u64>) -> Result<(), StoreError> {
        let refused =
            |source: Box<dyn std::error::Error + Send + Sync>| StoreError::refused(format!("profile {}", profile.subject), source);
        let body = profile.to_bytes().map_err(|source| refused(source.into()))?;
        let beside = beside(&profile.subject, place).map_err(|source| refused(source.into()))?;
        let record = Record { beside, ..Record::new(RecordKey::alone(layout::subject(&profile.subject)), body.into()) };
        let condition = read.map_or(Condition::Absent, |version| Condition::Version(version.to_string()));
        self.records.put(Table::Profiles, record, condition).await.map(|_| ())
    }

    /// A page of all profiles as they are stored, for comparing and for listing: (subject, bytes).
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn scan(&self, next: Option<String>) -> Result<(Vec<(Subject, Bytes)>, Option<String>), StoreError> {
        let page = self.records.scan(Table::Profiles, true, next).await?;
        let rows = page.records.into_iter().filter_map(|row| Some((Subject::parse(&row.key.pk)?, row.body)));
        Ok((rows.collect(), page.next))
    }

    /// A page of everybody who is no device, with where they stand, as of a moment ago: who writes over it names the version.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn people(&self, next: Option<String>) -> Result<(Vec<(Subject, Versioned)>, Option<String>), StoreError> {
        let page = self.records.scan(Table::Profiles, false, next).await?;
        let rows = page.records.into_iter().filter_map(|row| Some((Subject::parse(&row.key.pk)?, row)));
        let people = rows.filter(|(subject, _)| !matches!(subject, Subject::Device(_))).map(|(subject, row)| (subject, Versioned::of(row)));
        Ok((people.collect(), page.next))
    }

    /// A page of those who are in a segment, as of a moment ago.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read, or `next` is none of ours.
    pub async fn members(&self, next: Option<String>) -> Result<Members, StoreError> {
        let (shard, inner) = layout::place(next).ok_or_else(|| StoreError::refused("a cursor", "it is none of ours"))?;
        let page = self.records.query_members(Table::Profiles, &layout::members(shard), inner).await?;
        let member = |row: Record| {
            let stored: Stored = serde_json::from_slice(&row.beside?.content).ok()?;
            Some((Subject::parse(&row.key.pk)?, stored.standing))
        };
        Ok(Members { rows: page.records.into_iter().filter_map(member).collect(), next: layout::following(shard, page.next) })
    }
}

/// Only who is in a segment is in the index.
fn beside(subject: &Subject, place: &Place) -> serde_json::Result<Option<Beside>> {
    let standing = place.standing();
    let is_member = !standing.memberships.is_empty();
    let stored = match place {
        Place::Stands(standing) if standing.is_empty() => return Ok(None),
        Place::Nowhere => return Ok(None),
        Place::Stands(_) => Stored { v: SCHEMA, owned: false, standing },
        Place::Owned => Stored { v: SCHEMA, owned: true, standing },
    };
    Ok(Some(Beside { content: serde_json::to_vec(&stored)?.into(), shard: is_member.then(|| layout::member(subject)) }))
}
