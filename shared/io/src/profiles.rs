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
    profile::{Profile, ProfileError, Subject},
    segment::Standing,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The first byte of a row that says who owns its subject; then come the owner's length in bytes, the owner as JSON, the profile.
/// Rows of earlier releases begin with their profile's schema.
const WITH_OWNER: u8 = 0x80;
/// Of a standing as it is stored.
const SCHEMA: u8 = 1;

/// What a row says about who owns its subject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ownership {
    /// The customer, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// The version of the identity's row that says so: of two the greater holds. 0 where there was none, and in rows of earlier releases.
    #[serde(default)]
    pub version: u64,
}

/// A stored profile, and what a conditional write must name.
#[derive(Debug)]
pub struct Versioned {
    /// The profile. One that cannot be read is no loss: a refold writes it anew.
    pub profile: Result<Profile, ProfileError>,
    /// Who owns its subject; `None` where an earlier release wrote the row and says nothing of it. The identities table knows.
    pub ownership: Option<Ownership>,
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
    pub fn is_owned(&self) -> bool {
        self.owner().is_some()
    }

    /// The customer whom the subject is known to belong to.
    #[must_use]
    pub fn owner(&self) -> Option<&CustomerId> {
        self.ownership.as_ref().and_then(|told| told.customer.as_ref())
    }
}

impl Ownership {
    /// Of two words about one alias the one that holds: the newer. Where both are of one version, `this` does.
    #[must_use]
    pub fn newer(this: Self, that: Option<Self>) -> Self {
        that.filter(|that| that.version > this.version).unwrap_or(this)
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
    pub async fn put(&self, profile: &Profile, owner: &Ownership, standing: &Standing, read: Option<u64>) -> Result<(), StoreError> {
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

    /// A page of the customers whom no other owns, as they are stored: (subject, bytes). Devices, addresses and phone numbers are no
    /// customers: nobody knows how many people they are.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn customers(&self, next: Option<String>) -> Result<(Vec<(CustomerId, Bytes)>, Option<String>), StoreError> {
        let page = self.records.scan(Table::Profiles, true, next).await?;
        let customer = |row: Record| match Subject::parse(&row.key.pk)? {
            Subject::Customer(customer) => {
                let (owner, profile) = parts(&row.body);
                told(owner).is_none_or(|told| told.customer.is_none()).then_some((customer, profile))
            }
            Subject::Device(_) | Subject::Email(_) | Subject::Phone(_) => None,
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

fn write(profile: &Profile, owner: &Ownership) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    // Most subjects were never anybody's alias.
    let owner = if *owner == Ownership::default() { Vec::new() } else { serde_json::to_vec(owner)? };
    let mut body = vec![WITH_OWNER];
    body.extend(u16::try_from(owner.len())?.to_be_bytes());
    body.extend(owner);
    body.extend(profile.to_bytes()?);
    Ok(body)
}

fn read(row: Record) -> Versioned {
    let (owner, profile) = parts(&row.body);
    let beside = row.beside.map(|beside| beside.content);
    Versioned { profile: Profile::from_bytes(&profile), ownership: told(owner), version: row.version, beside }
}

/// An owner that cannot be read is looked up again, as one that was never told.
fn told(owner: Option<Bytes>) -> Option<Ownership> {
    let owner = owner?;
    if owner.is_empty() { Some(Ownership::default()) } else { serde_json::from_slice(&owner).ok() }
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

    fn phone() -> Subject {
        Subject::parse("d#phone").unwrap()
    }

    fn owner(version: u64) -> Ownership {
        Ownership { customer: CustomerId::new("ada").ok(), version }
    }

    async fn stored(profiles: &Profiles) -> Versioned {
        profiles.get(&[phone()], true).await.unwrap().pop().flatten().unwrap()
    }

    #[tokio::test]
    async fn a_row_says_who_owns_its_subject() {
        let profiles = Profiles::new(Arc::new(MemoryRecords::default()));
        let profile = Profile::new(phone());
        for (version, ownership) in [Ownership::default(), owner(5), Ownership { customer: None, version: 6 }].into_iter().enumerate() {
            let version = version as u64;
            profiles.put(&profile, &ownership, &Standing::default(), (version > 0).then_some(version)).await.unwrap();
            let row = stored(&profiles).await;
            assert_eq!((row.ownership, row.profile.unwrap(), row.version), (Some(ownership), profile.clone(), version + 1));
        }
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
            assert_eq!((row.ownership, row.profile.is_ok()), (None, readable));
        }
    }

    #[tokio::test]
    async fn an_owner_of_the_release_before_is_read_and_gives_way_to_any_newer_word() {
        let records = Arc::new(MemoryRecords::default());
        let profiles = Profiles::new(Arc::clone(&records) as _);
        let old = br#"{"customer":"ada","since":{"at":5,"id":1}}"#;
        let mut body = vec![WITH_OWNER, 0, u8::try_from(old.len()).unwrap()];
        body.extend(old);
        body.extend(Profile::new(phone()).to_bytes().unwrap());
        let key = RecordKey::alone(layout::subject(&phone()));
        records.put(Table::Profiles, Record::new(key, body.into()), Condition::Always).await.unwrap();
        let row = stored(&profiles).await;
        assert_eq!((row.owner().map(CustomerId::as_str), row.profile.is_ok()), (Some("ada"), true));
        assert_eq!(Ownership::newer(row.ownership.unwrap(), Some(Ownership { customer: None, version: 1 })).customer, None);
    }

    #[tokio::test]
    async fn customers_are_those_whom_nobody_owns() {
        let profiles = Profiles::new(Arc::new(MemoryRecords::default()));
        let subject = |key: &str| Subject::parse(key).unwrap();
        let nobody = Ownership::default;
        for (key, owned) in
            [("c#ada", nobody()), ("c#old-ada", owner(5)), ("c#bob", nobody()), ("d#phone", nobody()), ("e#h1_guest", nobody())]
        {
            profiles.put(&Profile::new(subject(key)), &owned, &Standing::default(), None).await.unwrap();
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
    fn the_newer_word_holds() {
        assert_eq!(Ownership::newer(owner(5), Some(Ownership { customer: None, version: 4 })), owner(5));
        assert_eq!(Ownership::newer(owner(5), Some(Ownership { customer: None, version: 5 })), owner(5));
        assert_eq!(Ownership::newer(Ownership::default(), Some(owner(3))), owner(3));
        assert_eq!(Ownership::newer(owner(3), None), owner(3));
    }
}
