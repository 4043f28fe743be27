//! Which ids are one customer, and which subjects wait for a refold.

use crate::{
    layout::{self, Table},
    ports::{Condition, Page, Record, RecordKey, Records, StoreError},
    profiles::OwnedBy,
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use rapport_core::{
    digest::short_hash,
    id::CustomerId,
    profile::{Alias, Link, Position, Subject},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const OWNER: &str = "owner";
const SCHEMA: u8 = 1;
/// The content of a refold's row whose sort key ends in its cause.
const WITH_CAUSE: &[u8] = b"2";
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
    /// Whose telling made it: to that one alone it is fresh, however often it comes, since it may have died on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<u64>,
    /// Nobody has vouched yet that the refolds this ownership asks for are noted: see [`Identities::settled`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unsettled: bool,
    /// Who had the alias before, while unsettled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    before: Vec<CustomerId>,
    /// The row's, as it was read or written.
    #[serde(skip)]
    version: u64,
}

/// What recording a link did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linked {
    /// It was known, or somebody was linked earlier and keeps the alias.
    Known,
    /// The alias has this owner now, or has had it since the same was told the last time: the owner's profile is to have what the alias did.
    /// Where the alias moved, everybody's telling gives this until it is settled.
    Fresh(Owner),
}

/// A request for a refold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Whom to fold anew.
    pub subject: Subject,
    row: String,
}

impl Owner {
    /// From whom the alias came: their profiles hold what is no longer theirs.
    #[must_use]
    pub fn before(&self) -> &[CustomerId] {
        &self.before
    }

    /// Whether who tells this as `cause` has to see to it.
    fn is_fresh_to(&self, cause: Option<u64>) -> bool {
        self.unsettled || (cause.is_some() && self.cause == cause)
    }
}

impl From<&Owner> for OwnedBy {
    fn from(owner: &Owner) -> Self {
        Self { customer: owner.customer.clone(), since: owner.at }
    }
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

    /// Every alias that has an owner, in no order.
    ///
    /// # Errors
    /// As [`Identities::owners`].
    pub async fn everybody(&self) -> Result<Vec<(Alias, Owner)>, StoreError> {
        let (mut everybody, mut next) = (Vec::new(), None);
        loop {
            let page = self.records.scan(Table::Identities, true, next).await?;
            for row in page.records.iter().filter(|row| row.key.sk == OWNER) {
                if let Some(alias) = Alias::parse(&row.key.pk) {
                    everybody.push((alias, decode(row)?));
                }
            }
            next = page.next;
            if next.is_none() {
                return Ok(everybody);
            }
        }
    }

    /// Records each of `links`, unless an earlier statement says otherwise; gives what became of each, in their order. `cause` is the log
    /// object that tells them; without one, the caller sees to everything itself. Links that are known cost one read for a hundred of them,
    /// which may be a moment old: what is written names the version that was read, and an owner that was overtaken was so by an earlier
    /// word, whose teller sees to what it asks for.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read or written, [`StoreError::Conflict`] when others keep linking the same aliases.
    /// Some may be recorded then, and the same call again is safe.
    pub async fn link_all(&self, links: &[Link], cause: Option<&str>) -> Result<Vec<Linked>, StoreError> {
        let cause = cause.map(|cause| short_hash(cause.as_bytes()));
        let keys: Vec<RecordKey> = links.iter().map(|link| owner_key(&link.alias)).collect();
        let known = self.records.get(Table::Identities, &keys, false).await?;
        // Lists of aliases are written first, so that no owner is without; what stands in one too much is read past.
        let mut listed = Vec::new();
        for (link, known) in links.iter().zip(&known) {
            if let Decided::Owns(_) = decide(link, known.as_ref(), cause)? {
                let key = RecordKey::new(customer_partition(&link.customer), format!("alias#{}", link.alias));
                listed.push(Record::new(key, Bytes::from_static(b"1")));
            }
        }
        self.records.put_all(Table::Identities, listed).await?;
        let recorded = links.iter().cloned().zip(known).map(|(link, known)| async move { self.settle(&link, known, cause).await });
        stream::iter(recorded).buffered(WRITES_AT_A_TIME).try_collect().await
    }

    /// [`Identities::link_all`] for one that nobody in particular tells.
    ///
    /// # Errors
    /// As there.
    pub async fn link(&self, link: &Link) -> Result<Linked, StoreError> {
        Ok(self.link_all(std::slice::from_ref(link), None).await?.pop().unwrap_or(Linked::Known))
    }

    async fn settle(&self, link: &Link, mut known: Option<Record>, cause: Option<u64>) -> Result<Linked, StoreError> {
        let key = owner_key(&link.alias);
        for _ in 0..ATTEMPTS {
            match self.record(link, known.as_ref(), cause).await {
                Err(StoreError::Conflict { .. }) => known = self.records.get_one(Table::Identities, &key).await?,
                settled => return settled,
            }
        }
        Err(StoreError::conflict(format!("identity {}", key.pk)))
    }

    async fn record(&self, link: &Link, known: Option<&Record>, cause: Option<u64>) -> Result<Linked, StoreError> {
        let next = match decide(link, known, cause)? {
            Decided::Nothing(linked) => return Ok(linked),
            Decided::Owns(next) => next,
        };
        let key = owner_key(&link.alias);
        let condition = known.map_or(Condition::Absent, |row| Condition::Version(row.version.to_string()));
        let version = self.put(key.clone(), encode(&key, &next)?, condition).await?;
        Ok(if next.is_fresh_to(cause) { Linked::Fresh(Owner { version, ..next }) } else { Linked::Known })
    }

    /// Says that the refolds which `owner`'s having `alias` asks for are noted durably, so that nobody need ask again. Until then every
    /// telling of a link that moved gives [`Linked::Fresh`]: between recording it and noting its refolds a function may die. An alias that
    /// was nobody's before asks for none, and nothing is written.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be written; the refolds are then asked for once more, which only costs.
    pub async fn settled(&self, alias: &Alias, owner: &Owner) -> Result<(), StoreError> {
        if !owner.unsettled {
            return Ok(());
        }
        let key = owner_key(alias);
        let settled = Owner { cause: None, unsettled: false, before: Vec::new(), ..owner.clone() };
        match self.put(key.clone(), encode(&key, &settled)?, Condition::Version(owner.version.to_string())).await {
            // Those who had it before keep it on their lists, which are read past it: they may be given it back at this very moment.
            // An ownership that changed since is for whoever changed it to settle.
            Ok(_) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The ids that belong to `customer`, its own not among them.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn aliases(&self, customer: &CustomerId) -> Result<Vec<Alias>, StoreError> {
        let rows = self.all(&customer_partition(customer), "alias#").await?;
        let listed: Vec<Alias> = rows.iter().filter_map(|row| Alias::parse(row.key.sk.strip_prefix("alias#")?)).collect();
        // Who lost the race for an alias, or the alias itself, may still have it in the list: its owner is what counts.
        let owners = self.owners(&listed).await?;
        let owns = |owner: &Option<Owner>| owner.as_ref().is_some_and(|owner| owner.customer == *customer);
        Ok(listed.into_iter().zip(owners).filter(|(_, owner)| owns(owner)).map(|(alias, _)| alias).collect())
    }

    /// Notes that `subject` must be folded anew because of `cause`, a log object: a row for each subject and cause.
    ///
    /// One row a subject would not do: a refold that read the log before our events were there must not take our request off the list
    /// with the one that it serves, and a row that is deleted and written again has the version that it had.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be written.
    pub async fn ask_refold(&self, subject: &Subject, cause: &str) -> Result<(), StoreError> {
        let cause = short_hash(cause.as_bytes());
        let key = RecordKey::new(layout::REFOLDS, format!("{} {cause:016x}", layout::subject(subject)));
        self.put(key, Bytes::from_static(WITH_CAUSE), Condition::Always).await.map(drop)
    }

    /// Who waits for a refold, once for each cause.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn waiting_refolds(&self) -> Result<Vec<Waiting>, StoreError> {
        let rows = self.all(layout::REFOLDS, "").await?;
        Ok(rows.into_iter().filter_map(|row| waiting(row.key.sk, &row.body)).collect())
    }

    /// Takes what was done off the list. Whoever calls has read the log since it was on it.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be written.
    pub async fn refolded(&self, done: &Waiting) -> Result<(), StoreError> {
        let key = RecordKey::new(layout::REFOLDS, &done.row);
        self.records.delete(Table::Identities, &key, Condition::Always).await
    }

    /// Gives the new version.
    async fn put(&self, key: RecordKey, body: Bytes, condition: Condition) -> Result<u64, StoreError> {
        self.records.put(Table::Identities, Record::new(key, body), condition).await
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

/// What a link makes of what is known.
enum Decided {
    /// Nothing is to be written.
    Nothing(Linked),
    /// The alias is to have this owner.
    Owns(Owner),
}

fn decide(link: &Link, known: Option<&Record>, cause: Option<u64>) -> Result<Decided, StoreError> {
    let owned = |unsettled: bool, before: Vec<CustomerId>| {
        Decided::Owns(Owner { v: SCHEMA, customer: link.customer.clone(), at: link.at, cause, unsettled, before, version: 0 })
    };
    Ok(match known.map(decode).transpose()? {
        None => owned(false, Vec::new()),
        // Whoever recorded this may have died before its owner had what the alias did; its message comes again.
        Some(owner) if owner.at <= link.at && owner.customer == link.customer && owner.is_fresh_to(cause) => {
            Decided::Nothing(Linked::Fresh(owner))
        }
        Some(owner) if owner.at <= link.at => Decided::Nothing(Linked::Known),
        Some(owner) if owner.customer == link.customer => Decided::Owns(Owner { at: link.at, ..owner }),
        Some(Owner { customer, mut before, .. }) => {
            before.push(customer);
            before.retain(|before| *before != link.customer);
            owned(true, before)
        }
    })
}

/// Rows of earlier releases name no cause.
fn waiting(row: String, body: &[u8]) -> Option<Waiting> {
    let subject = if body == WITH_CAUSE { row.rsplit_once(' ')?.0 } else { row.as_str() };
    Some(Waiting { subject: Subject::parse(subject)?, row })
}

fn encode(key: &RecordKey, owner: &Owner) -> Result<Bytes, StoreError> {
    Ok(serde_json::to_vec(owner).map_err(|source| refused(key, source))?.into())
}

fn decode(row: &Record) -> Result<Owner, StoreError> {
    let owner: Owner = serde_json::from_slice(&row.body).map_err(|source| refused(&row.key, source))?;
    Ok(Owner { version: row.version, ..owner })
}

fn refused(key: &RecordKey, source: serde_json::Error) -> StoreError {
    StoreError::Refused { what: format!("identity {}", key.pk), source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryRecords;
    use rapport_core::time::Timestamp;

    fn identities() -> (Arc<MemoryRecords>, Identities) {
        let records = Arc::new(MemoryRecords::default());
        (Arc::clone(&records), Identities::new(records))
    }

    fn customer(id: &str) -> CustomerId {
        CustomerId::new(id).unwrap()
    }

    fn phone() -> Alias {
        Subject::parse("d#phone").unwrap()
    }

    fn link(to: &str, at: i64) -> Link {
        Link { alias: phone(), customer: customer(to), at: Position { at: Timestamp(at), id: 1 } }
    }

    fn fresh(linked: Linked) -> Owner {
        let Linked::Fresh(owner) = linked else { panic!("it was known") };
        owner
    }

    async fn told(identities: &Identities, link: Link, cause: &str) -> Linked {
        identities.link_all(&[link], Some(cause)).await.unwrap().remove(0)
    }

    #[tokio::test]
    async fn a_link_is_fresh_to_who_told_it_first() {
        let (_, identities) = identities();
        let owner = fresh(told(&identities, link("ada", 5), "log/one").await);
        assert_eq!(fresh(told(&identities, link("ada", 5), "log/one").await), owner, "who recorded it may have died");
        assert_eq!(told(&identities, link("ada", 5), "log/two").await, Linked::Known, "whose message comes again");
        assert_eq!(told(&identities, link("ada", 4), "log/two").await, Linked::Known, "the owner is the same");
        let earlier = fresh(told(&identities, link("ada", 5), "log/one").await);
        assert_eq!((earlier.customer, earlier.at), (owner.customer, link("ada", 4).at), "the earliest word counts, whoever said it");
    }

    #[tokio::test]
    async fn a_link_that_moved_is_fresh_to_all_until_its_refolds_are_noted() {
        let (_, identities) = identities();
        fresh(told(&identities, link("bob", 9), "log/one").await);
        let owner = fresh(told(&identities, link("ada", 5), "log/two").await);
        assert_eq!(fresh(told(&identities, link("ada", 6), "log/three").await), owner, "whoever recorded it may have died");
        identities.settled(&phone(), &owner).await.unwrap();
        for cause in ["log/one", "log/two", "log/three"] {
            assert_eq!(told(&identities, link("ada", 5), cause).await, Linked::Known);
        }
    }

    #[tokio::test]
    async fn an_alias_that_moves_names_everybody_who_had_it_since_it_was_settled() {
        let (_, identities) = identities();
        fresh(told(&identities, link("ada", 9), "log/one").await);
        let stale = fresh(identities.link(&link("bob", 8)).await.unwrap());
        fresh(identities.link(&link("eve", 7)).await.unwrap());
        let owner = fresh(identities.link(&link("eve", 7)).await.unwrap());
        assert_eq!(owner.before(), [customer("ada"), customer("bob")]);
        identities.settled(&phone(), &stale).await.unwrap();
        assert_eq!(fresh(identities.link(&link("eve", 7)).await.unwrap()), owner, "who was overtaken settles nothing");
        identities.settled(&phone(), &owner).await.unwrap();
        assert_eq!(identities.link(&link("ada", 9)).await.unwrap(), Linked::Known, "the earlier word holds");
    }

    #[tokio::test]
    async fn only_the_owner_has_the_alias() {
        let (records, identities) = identities();
        identities.link(&link("ada", 5)).await.unwrap();
        // What somebody leaves behind who lost the race for it.
        let row = RecordKey::new("c#bob", "alias#d#phone");
        let left = Record::new(row, Bytes::from_static(b"1"));
        records.put(Table::Identities, left, Condition::Always).await.unwrap();
        assert_eq!(identities.aliases(&customer("ada")).await.unwrap(), [phone()]);
        assert_eq!(identities.aliases(&customer("bob")).await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_refold_takes_off_the_list_what_it_served_and_nothing_else() {
        let (records, identities) = identities();
        identities.ask_refold(&phone(), "log/one").await.unwrap();
        let served = identities.waiting_refolds().await.unwrap();
        // Another refold serves the same request and is done; then somebody asks for something that neither has read.
        identities.refolded(&served[0]).await.unwrap();
        identities.ask_refold(&phone(), "log/two").await.unwrap();
        identities.refolded(&served[0]).await.unwrap();
        let waiting = identities.waiting_refolds().await.unwrap();
        assert_eq!(waiting.iter().map(|waiting| &waiting.subject).collect::<Vec<_>>(), [&phone()]);

        let old = RecordKey::new(layout::REFOLDS, "d#an old phone");
        let old = Record::new(old, Bytes::from_static(b"1"));
        records.put(Table::Identities, old, Condition::Always).await.unwrap();
        let subjects: Vec<String> = identities.waiting_refolds().await.unwrap().iter().map(|waiting| waiting.subject.to_string()).collect();
        assert_eq!(subjects, ["d#an old phone", "d#phone"], "rows of the release before are read, too");
    }
}
