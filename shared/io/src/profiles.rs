//! Profiles in their table, one row a subject, and beside each who owns its subject and where the subject stands.
//!
//! Who owns an alias is settled in the identities table. The alias' own row carries a copy, so that whoever writes the row knows the
//! owner as of that write: a write names the version that was read, and nobody can have come between.
//!
//! What segments somebody is in lies in the same row: what the fold reads and writes anyway carries it along, both change in one piece,
//! and erasing the one takes the other away. It is no part of the profile's own bytes, which follow from events alone. DynamoDB keeps a
//! copy of it in the index `members`, for lists.

use crate::{
    layout::{self, Table},
    ports::{Beside, Condition, Record, RecordKey, Records, StoreError},
};
use bytes::Bytes;
use rapport_core::{
    id::CustomerId,
    money::Currency,
    profile::{Position, Profile, ProfileError, Subject},
    segment::Standing,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The first byte of a row that says who owns its subject; then come the owner's length in bytes, the owner as JSON, the profile.
/// Rows of earlier releases begin with their profile's schema.
const WITH_OWNER: u8 = 0x80;
/// Of a standing as it is stored.
const SCHEMA: u8 = 1;

/// The customer that an alias belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedBy {
    /// Who.
    pub customer: CustomerId,
    /// The trusted statement that said so. Of two the earlier holds.
    pub since: Position,
}

/// What a subject's row says about who owns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Nothing: an earlier release wrote it. The identities table knows.
    Untold,
    /// Nobody does.
    Nobody,
    /// Somebody does.
    By(OwnedBy),
}

/// A stored profile, and what a conditional write must name.
#[derive(Debug)]
pub struct Versioned {
    /// The profile. One that cannot be read is no loss: a refold writes it anew.
    pub profile: Result<Profile, ProfileError>,
    /// Who owns its subject.
    pub ownership: Ownership,
    /// Counts writes, from 1.
    pub version: u64,
    /// Read when somebody asks: lookups do not.
    beside: Option<Bytes>,
}

/// Some of those who are in segments, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// In no order that means anything, but always in the same.
    pub rows: Vec<Member>,
    /// Hand it back for more; `None` after the last.
    pub next: Option<String>,
}

/// Somebody who is in segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub subject: Subject,
    /// Where they stand.
    pub standing: Standing,
    /// Paid less paid back, by currency, in minor units.
    pub paid: Vec<(Currency, i64)>,
}

/// A standing as it is stored, with what lists of members tell of their worth.
#[derive(Serialize, Deserialize)]
struct Stored {
    v: u8,
    #[serde(flatten)]
    standing: Standing,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    paid: Vec<(Currency, i64)>,
}

impl Versioned {
    /// Where the subject stands; at nothing when nowhere, as everybody who belongs to somebody else. What cannot be read counts as
    /// nowhere; it is derived and is written anew.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let stored = self.beside.as_ref().and_then(|beside| serde_json::from_slice(beside).ok());
        stored.map(|Stored { standing, .. }| standing).unwrap_or_default()
    }

    /// Whether the subject is known to belong to a customer.
    #[must_use]
    pub const fn is_owned(&self) -> bool {
        self.ownership.owner().is_some()
    }
}

impl Ownership {
    /// The owner, where there is one.
    #[must_use]
    pub const fn owner(&self) -> Option<&OwnedBy> {
        match self {
            Self::By(owner) => Some(owner),
            Self::Untold | Self::Nobody => None,
        }
    }
}

impl OwnedBy {
    /// Of two words about one alias the one that holds: the earlier.
    #[must_use]
    pub fn earlier(this: Option<Self>, that: Option<Self>) -> Option<Self> {
        this.into_iter().chain(that).min_by_key(|owner| owner.since)
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
        Ok(rows.into_iter().map(|row| row.map(read)).collect())
    }

    /// Writes `profile`, who owns its subject and where that stands, over the version that was read; `None` when there was none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody else wrote since; the fold must then be done again on what they wrote.
    pub async fn put(&self, profile: &Profile, owner: Option<&OwnedBy>, standing: &Standing, read: Option<u64>) -> Result<(), StoreError> {
        let refused = |source| StoreError::Refused { what: format!("profile {}", profile.subject), source };
        let body = write(profile, owner).map_err(refused)?;
        let beside = beside(profile, standing).map_err(|source| refused(source.into()))?;
        let record = Record { beside, ..Record::new(RecordKey::alone(layout::subject(&profile.subject)), body.into()) };
        let condition = read.map_or(Condition::Absent, |version| Condition::Version(version.to_string()));
        self.records.put(Table::Profiles, record, condition).await.map(|_| ())
    }

    /// A page of all profiles as they are stored, for comparing and for listing: (subject, bytes).
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn scan(&self, next: Option<String>) -> Result<(Vec<(Subject, bytes::Bytes)>, Option<String>), StoreError> {
        let page = self.records.scan(Table::Profiles, true, next).await?;
        let rows = page.records.into_iter().filter_map(|row| Some((Subject::parse(&row.key.pk)?, parts(&row.body).1)));
        Ok((rows.collect(), page.next))
    }

    /// A page of the customers whom no other owns, as they are stored: (subject, bytes). Devices and addresses are no customers: nobody
    /// knows how many people they are.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn customers(&self, next: Option<String>) -> Result<(Vec<(CustomerId, Bytes)>, Option<String>), StoreError> {
        let page = self.records.scan(Table::Profiles, true, next).await?;
        let customer = |row: Record| match Subject::parse(&row.key.pk)? {
            Subject::Customer(customer) => {
                let (owner, profile) = parts(&row.body);
                owner.is_none_or(|owner| owner.is_empty()).then_some((customer, profile))
            }
            Subject::Device(_) | Subject::Email(_) => None,
        };
        Ok((page.records.into_iter().filter_map(customer).collect(), page.next))
    }

    /// A page of everybody who is no device, with where they stand, as of a moment ago: who writes over it names the version.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn people(&self, next: Option<String>) -> Result<(Vec<(Subject, Versioned)>, Option<String>), StoreError> {
        let page = self.records.scan(Table::Profiles, false, next).await?;
        let rows = page.records.into_iter().filter_map(|row| Some((Subject::parse(&row.key.pk)?, row)));
        let people = rows.filter(|(subject, _)| !matches!(subject, Subject::Device(_))).map(|(subject, row)| (subject, read(row)));
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
            Some(Member { subject: Subject::parse(&row.key.pk)?, standing: stored.standing, paid: stored.paid })
        };
        Ok(Members { rows: page.records.into_iter().filter_map(member).collect(), next: layout::following(shard, page.next) })
    }
}

/// Only who is in a segment is in the index.
fn beside(profile: &Profile, standing: &Standing) -> serde_json::Result<Option<Beside>> {
    if standing.is_empty() {
        return Ok(None);
    }
    let is_member = !standing.memberships.is_empty();
    let paid = if is_member { profile.ordered().revenue_minor } else { Vec::new() };
    let content = serde_json::to_vec(&Stored { v: SCHEMA, standing: standing.clone(), paid })?.into();
    Ok(Some(Beside { content, shard: is_member.then(|| layout::member(&profile.subject)) }))
}

fn write(profile: &Profile, owner: Option<&OwnedBy>) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let owner = owner.map(serde_json::to_vec).transpose()?.unwrap_or_default();
    let mut body = vec![WITH_OWNER];
    body.extend(u16::try_from(owner.len())?.to_be_bytes());
    body.extend(owner);
    body.extend(profile.to_bytes()?);
    Ok(body)
}

fn read(row: Record) -> Versioned {
    let (owner, profile) = parts(&row.body);
    let ownership = match owner {
        // An owner that cannot be read is looked up again, as one that was never told.
        Some(owner) if !owner.is_empty() => serde_json::from_slice(&owner).map_or(Ownership::Untold, Ownership::By),
        Some(_) => Ownership::Nobody,
        None => Ownership::Untold,
    };
    let beside = row.beside.map(|beside| beside.content);
    Versioned { profile: Profile::from_bytes(&profile), ownership, version: row.version, beside }
}

/// The owner, where the row says something of it, and the profile.
fn parts(body: &Bytes) -> (Option<Bytes>, Bytes) {
    let owner = match body.as_ref() {
        [WITH_OWNER, high, low, rest @ ..] => rest.get(..usize::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    };
    match owner {
        Some(owner) => (Some(body.slice_ref(owner)), body.slice(3 + owner.len()..)),
        None => (None, body.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryRecords;
    use rapport_core::time::Timestamp;

    fn phone() -> Subject {
        Subject::parse("d#phone").unwrap()
    }

    fn owner(at: i64) -> OwnedBy {
        OwnedBy { customer: CustomerId::new("ada").unwrap(), since: Position { at: Timestamp(at), id: 1 } }
    }

    async fn stored(profiles: &Profiles) -> Versioned {
        profiles.get(&[phone()], true).await.unwrap().pop().flatten().unwrap()
    }

    #[tokio::test]
    async fn a_row_says_who_owns_its_subject() {
        let profiles = Profiles::new(Arc::new(MemoryRecords::default()));
        let profile = Profile::new(phone());
        profiles.put(&profile, None, &Standing::default(), None).await.unwrap();
        assert_eq!(stored(&profiles).await.ownership, Ownership::Nobody);
        profiles.put(&profile, Some(&owner(5)), &Standing::default(), Some(1)).await.unwrap();
        let row = stored(&profiles).await;
        assert_eq!((row.ownership, row.profile.unwrap(), row.version), (Ownership::By(owner(5)), profile.clone(), 2));
        assert_eq!(profiles.scan(None).await.unwrap().0, [(phone(), Bytes::from(profile.to_bytes().unwrap()))]);
    }

    #[tokio::test]
    async fn rows_of_the_release_before_say_nothing_of_owners_and_are_read() {
        let records = Arc::new(MemoryRecords::default());
        let profiles = Profiles::new(Arc::clone(&records) as _);
        let profile = Profile::new(phone());
        for (body, readable) in [(profile.to_bytes().unwrap(), true), (vec![WITH_OWNER, 0xff, 0xff, 1], false), (vec![WITH_OWNER], false)] {
            let key = RecordKey::alone(layout::subject(&phone()));
            let old = Record::new(key, body.into());
            records.put(Table::Profiles, old, Condition::Always).await.unwrap();
            let row = stored(&profiles).await;
            assert_eq!((row.ownership, row.profile.is_ok()), (Ownership::Untold, readable));
        }
    }

    #[tokio::test]
    async fn customers_are_those_whom_nobody_owns() {
        let profiles = Profiles::new(Arc::new(MemoryRecords::default()));
        let subject = |key: &str| Subject::parse(key).unwrap();
        for (key, owner) in [("c#ada", None), ("c#old-ada", Some(owner(5))), ("c#bob", None), ("d#phone", None), ("e#h1_guest", None)] {
            profiles.put(&Profile::new(subject(key)), owner.as_ref(), &Standing::default(), None).await.unwrap();
        }
        let (rows, more) = profiles.customers(None).await.unwrap();
        let mut customers: Vec<String> = rows.iter().map(|(customer, _)| customer.to_string()).collect();
        customers.sort();
        assert_eq!((customers, more), (vec!["ada".to_owned(), "bob".to_owned()], None), "an id that is another's is nobody of its own");
        for (customer, bytes) in rows {
            assert_eq!(Profile::from_bytes(&bytes).unwrap().subject, Subject::Customer(customer), "the owner is no part of the profile");
        }
    }

    #[test]
    fn the_earlier_word_holds() {
        assert_eq!(OwnedBy::earlier(Some(owner(5)), Some(owner(3))), Some(owner(3)));
        assert_eq!(OwnedBy::earlier(None, Some(owner(3))), Some(owner(3)));
        assert_eq!(OwnedBy::earlier(None, None), None);
    }
}
