//! Profiles in their table, one row a subject.

use crate::{
    layout::{self, Table},
    ports::{Condition, Record, RecordKey, Records, StoreError},
};
use rapport_core::profile::{Profile, ProfileError, Subject};
use std::sync::Arc;

/// A stored profile, and what a conditional write must name.
#[derive(Debug)]
pub struct Versioned {
    /// The profile. One that cannot be read is no loss: a refold writes it anew.
    pub profile: Result<Profile, ProfileError>,
    /// Counts writes, from 1.
    pub version: u64,
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
        let read = |row: Record| Versioned { profile: Profile::from_bytes(&row.body), version: row.version };
        Ok(rows.into_iter().map(|row| row.map(read)).collect())
    }

    /// Writes `profile` over the version that was read; `None` when there was none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody else wrote since; the fold must then be done again on what they wrote.
    pub async fn put(&self, profile: &Profile, read: Option<u64>) -> Result<(), StoreError> {
        let body = profile
            .to_bytes()
            .map_err(|source| StoreError::Refused { what: format!("profile {}", profile.subject), source: source.into() })?;
        let record = Record {
            key: RecordKey::alone(layout::subject(&profile.subject)),
            version: 0,
            body: body.into(),
            expires: None,
            changed: None,
        };
        let condition = read.map_or(Condition::Absent, |version| Condition::Version(version.to_string()));
        self.records.put(Table::Profiles, record, condition).await.map(|_| ())
    }

    /// A page of all profiles as they are stored, for comparing and for listing: (subject, bytes).
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn scan(&self, next: Option<String>) -> Result<(Vec<(Subject, bytes::Bytes)>, Option<String>), StoreError> {
        let page = self.records.scan(Table::Profiles, next).await?;
        let rows = page.records.into_iter().filter_map(|row| Some((Subject::parse(&row.key.pk)?, row.body)));
        Ok((rows.collect(), page.next))
    }
}
