//! Which ids are one customer, and which subjects wait for a refold.
//!
//! A row an alias: everything that was said about whose it is, as [`Claims`], which only ever grow. Whose it is follows from them, but for
//! rings of customers that are each other's aliases, which are undone by looking along them: see [`Identities::owners`].

use crate::{
    layout::{self, Table},
    ports::{Condition, Page, Record, RecordKey, Records, StoreError},
    profiles::Ownership,
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use rapport_core::{
    digest::short_hash,
    id::CustomerId,
    identity::{Claims, OwnedBy, Ties, Word, gives_way},
    profile::{Alias, Position, Subject},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

const OWNER: &str = "owner";
const SCHEMA: u8 = 2;
/// The content of a refold's row whose sort key ends in its cause.
const WITH_CAUSE: &[u8] = b"2";
/// How often a row that lost a race is tried again.
const ATTEMPTS: u32 = 8;
/// Aliases that are recorded at a time.
const WRITES_AT_A_TIME: usize = 16;

/// All that is known of an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// Which.
    pub alias: Alias,
    /// What was said about it.
    pub claims: Claims,
    /// Whose telling made its owner: to that one alone it is fresh, however often it comes, since it may have died on its way.
    cause: Option<u64>,
    /// Nobody has vouched yet that the refolds this ownership asks for are noted: see [`Identities::settled`].
    unsettled: bool,
    /// Who had the alias before, while unsettled.
    before: Vec<CustomerId>,
    /// The row's, as it was read or written.
    version: u64,
}

/// A tie as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    v: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claims: Option<Claims>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unsettled: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    before: Vec<CustomerId>,
    /// Schema 1 knew the first claimant alone.
    #[serde(default, skip_serializing)]
    customer: Option<CustomerId>,
    #[serde(default, skip_serializing)]
    at: Option<Position>,
}

/// A request for a refold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Whom to fold anew.
    pub subject: Subject,
    row: String,
}

impl Tie {
    /// Whose the alias is by what was said about it alone.
    #[must_use]
    pub fn owner(&self) -> Option<OwnedBy> {
        self.claims.owner(&self.alias)
    }

    /// The same, as the alias' own row is to say it.
    #[must_use]
    pub fn ownership(&self) -> Ownership {
        Ownership { customer: self.owner().map(|owner| owner.customer), version: self.version }
    }

    /// From whom the alias came: their profiles hold what is no longer theirs.
    fn before(&self) -> &[CustomerId] {
        &self.before
    }

    /// Whether who tells this as `cause` has to see to it.
    fn is_fresh_to(&self, cause: Option<u64>) -> bool {
        self.unsettled || (cause.is_some() && self.cause == cause)
    }

    /// What `told` makes of it; `None` where that was known.
    fn with(&self, told: &Claims, cause: Option<u64>) -> Option<Self> {
        let mut next = self.clone();
        if !next.claims.join(told) {
            return None;
        }
        let (was, is) = (self.owner(), next.owner());
        // Which of the aliases in a ring gives way depends on the words, too.
        let is_same = if may_own(&self.alias) { was == is } else { customer(was.as_ref()) == customer(is.as_ref()) };
        if !is_same {
            let left = was.map(|was| was.customer);
            next.unsettled |= left.is_some() || may_own(&self.alias);
            next.before.extend(left.filter(|left| !self.before.contains(left)));
            next.before.retain(|before| Some(before) != customer(is.as_ref()));
            next.cause = cause;
        }
        Some(next)
    }

    fn first(alias: Alias, told: &Claims, cause: Option<u64>) -> Self {
        Self { alias, claims: told.clone(), cause, unsettled: false, before: Vec::new(), version: 0 }
    }
}

/// Whether the alias may own others: a merge of customers moves whatever they have, which only refolds do.
const fn may_own(alias: &Alias) -> bool {
    matches!(alias, Subject::Customer(_))
}

fn customer(owner: Option<&OwnedBy>) -> Option<&CustomerId> {
    owner.map(|owner| &owner.customer)
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

    /// What is known of `aliases`, in the order asked, strongly consistent.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read, or holds what this release cannot read.
    pub async fn ties(&self, aliases: &[Alias]) -> Result<Vec<Option<Tie>>, StoreError> {
        let keys: Vec<RecordKey> = aliases.iter().map(owner_key).collect();
        let rows = self.records.get(Table::Identities, &keys, true).await?;
        rows.iter().zip(aliases).map(|(row, alias)| row.as_ref().map(|row| decode(alias, row)).transpose()).collect()
    }

    /// The owners of `aliases`, in the order asked, strongly consistent. Of a ring of aliases the word that gives way is left out.
    ///
    /// # Errors
    /// As [`Identities::ties`].
    pub async fn owners(&self, aliases: &[Alias]) -> Result<Vec<Ownership>, StoreError> {
        let mut owners = Vec::with_capacity(aliases.len());
        for (alias, tie) in aliases.iter().zip(self.ties(aliases).await?) {
            let mut ownership = tie.map(|tie| tie.ownership()).unwrap_or_default();
            if ownership.customer.is_some() && may_own(alias) && gives_way(&self.trail(alias).await?) {
                ownership.customer = None;
            }
            owners.push(ownership);
        }
        Ok(owners)
    }

    /// From `alias` upward, each with whom it belongs to by what was said, until somebody belongs to nobody or it comes round.
    ///
    /// # Errors
    /// As [`Identities::ties`].
    pub async fn trail(&self, alias: &Alias) -> Result<Vec<(Alias, OwnedBy)>, StoreError> {
        let (mut trail, mut seen, mut next) = (Vec::new(), BTreeSet::new(), alias.clone());
        while seen.insert(next.clone()) {
            let tie = self.ties(std::slice::from_ref(&next)).await?.pop().flatten();
            let Some(owner) = tie.and_then(|tie| tie.owner()) else { break };
            let alias = std::mem::replace(&mut next, Subject::Customer(owner.customer.clone()));
            trail.push((alias, owner));
        }
        Ok(trail)
    }

    /// Everything that is known, in no order.
    ///
    /// # Errors
    /// As [`Identities::ties`].
    pub async fn everything(&self) -> Result<Vec<Tie>, StoreError> {
        let (mut everything, mut next) = (Vec::new(), None);
        loop {
            let page = self.records.scan(Table::Identities, true, next).await?;
            for row in page.records.iter().filter(|row| row.key.sk == OWNER) {
                if let Some(alias) = Alias::parse(&row.key.pk) {
                    everything.push(decode(&alias, row)?);
                }
            }
            next = page.next;
            if next.is_none() {
                return Ok(everything);
            }
        }
    }

    /// Records `words`; gives the ties whose owner's profile is to have, or to lose, what the alias did: those that have another owner by
    /// these words, or had one the last time that the same was told. Where an alias moved, everybody's telling gives it until it is settled.
    /// `cause` is the log object that tells them; without one, the caller sees to everything itself.
    ///
    /// Words that are known cost one read for a hundred aliases, which may be a moment old: what is written names the version that was read,
    /// and what is known only ever grows, so that what was known a moment ago is so now.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read or written, [`StoreError::Conflict`] when others keep writing of the same aliases.
    /// Some may be recorded then, and the same call again is safe.
    pub async fn hear(&self, words: &[Word], cause: Option<&str>) -> Result<Vec<Tie>, StoreError> {
        let mut told: BTreeMap<Alias, Claims> = BTreeMap::new();
        for word in words {
            told.entry(word.alias.clone()).or_default().hear(word);
        }
        self.join(told.into_iter().collect(), cause.map(|cause| short_hash(cause.as_bytes()))).await
    }

    /// Whom only a refold makes exact once `heard` was: who lost an alias or got it from them, and everybody whom merged or parted customers
    /// concern.
    ///
    /// # Errors
    /// As [`Identities::ties`].
    pub async fn stirred(&self, heard: &[Tie]) -> Result<BTreeSet<Subject>, StoreError> {
        let mut stirred = moved(heard);
        stirred.extend(self.turned(heard).await?);
        Ok(stirred)
    }

    /// Everybody along the ways that lead, or led, up from customers that are merged or parted. A ring that such a word closes, opens, or turns
    /// is among them, and with it all whose owner another word in it decides.
    async fn turned(&self, heard: &[Tie]) -> Result<BTreeSet<Subject>, StoreError> {
        let mut turned = BTreeSet::new();
        for tie in heard.iter().filter(|tie| may_own(&tie.alias)) {
            for from in tie.before().iter().cloned().map(Subject::Customer).chain([tie.alias.clone()]) {
                for (alias, owner) in self.trail(&from).await? {
                    turned.extend([alias, Subject::Customer(owner.customer)]);
                }
            }
        }
        Ok(turned)
    }

    /// Records everything in `ties`, of which the caller sees to what follows.
    ///
    /// # Errors
    /// As [`Identities::hear`].
    pub async fn learn(&self, ties: &Ties) -> Result<(), StoreError> {
        let told = ties.iter().map(|(alias, claims)| (alias.clone(), claims.clone())).collect();
        for tie in self.join(told, None).await? {
            self.settled(&tie).await?;
        }
        Ok(())
    }

    async fn join(&self, told: Vec<(Alias, Claims)>, cause: Option<u64>) -> Result<Vec<Tie>, StoreError> {
        let keys: Vec<RecordKey> = told.iter().map(|(alias, _)| owner_key(alias)).collect();
        let rows = self.records.get(Table::Identities, &keys, false).await?;
        let known: Vec<Option<Tie>> = rows
            .iter()
            .zip(&told)
            .map(|(row, (alias, _))| row.as_ref().map(|row| decode(alias, row)).transpose())
            .collect::<Result<_, _>>()?;
        // Lists of aliases are written first, so that no owner is without; what stands in one too much is read past.
        let mut listed = Vec::new();
        for ((alias, claims), known) in told.iter().zip(&known) {
            let is_listed = |customer: &CustomerId| known.as_ref().is_some_and(|tie| tie.claims.named().any(|known| known == customer));
            for customer in claims.named().filter(|customer| !is_listed(customer)) {
                let key = RecordKey::new(customer_partition(customer), format!("alias#{alias}"));
                listed.push(Record::new(key, Bytes::from_static(b"1")));
            }
        }
        self.records.put_all(Table::Identities, listed).await?;
        let recorded =
            told.into_iter().zip(known).map(|((alias, told), known)| async move { self.record((&alias, &told), known, cause).await });
        let recorded: Vec<Option<Tie>> = stream::iter(recorded).buffered(WRITES_AT_A_TIME).try_collect().await?;
        Ok(recorded.into_iter().flatten().collect())
    }

    /// Gives the tie where the caller has to see to it.
    async fn record(
        &self,
        (alias, told): (&Alias, &Claims),
        mut known: Option<Tie>,
        cause: Option<u64>,
    ) -> Result<Option<Tie>, StoreError> {
        let key = owner_key(alias);
        for _ in 0..ATTEMPTS {
            let next = known.as_ref().map_or_else(|| Some(Tie::first(alias.clone(), told, cause)), |known| known.with(told, cause));
            // Whoever recorded this may have died before its owner had what the alias did; its message comes again.
            let Some(next) = next else { return Ok(known.filter(|known| known.is_fresh_to(cause))) };
            let condition = known.as_ref().map_or(Condition::Absent, |known| Condition::Version(known.version.to_string()));
            match self.put(key.clone(), encode(&key, &next)?, condition).await {
                Ok(version) => return Ok(Some(Tie { version, ..next }).filter(|tie| tie.is_fresh_to(cause))),
                Err(StoreError::Conflict { .. }) => known = self.ties(std::slice::from_ref(alias)).await?.pop().flatten(),
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::conflict(format!("identity {}", key.pk)))
    }

    /// Says that the refolds which `tie` asks for are noted durably, so that nobody need ask again. Until then every telling of an alias that
    /// moved gives it: between recording it and noting its refolds a function may die. An alias that was nobody's before asks for none, and
    /// nothing is written.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be written; the refolds are then asked for once more, which only costs.
    pub async fn settled(&self, tie: &Tie) -> Result<(), StoreError> {
        if !tie.unsettled {
            return Ok(());
        }
        let key = owner_key(&tie.alias);
        let settled = Tie { cause: None, unsettled: false, before: Vec::new(), ..tie.clone() };
        match self.put(key.clone(), encode(&key, &settled)?, Condition::Version(tie.version.to_string())).await {
            // Those who had it before keep it on their lists, which are read past it: they may be given it back at this very moment.
            // An ownership that changed since is for whoever changed it to settle.
            Ok(_) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What is known of every id that a word ties to `customer`, or parts from it, whoever has it.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn about(&self, customer: &CustomerId) -> Result<Vec<Tie>, StoreError> {
        Ok(self.ties(&self.listed(customer).await?).await?.into_iter().flatten().collect())
    }

    /// The ids that belong to `customer` itself, its own not among them.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn aliases(&self, customer: &CustomerId) -> Result<Vec<Alias>, StoreError> {
        let listed = self.listed(customer).await?;
        // Who lost the race for an alias, or the alias itself, may still have it in the list: its owner is what counts.
        let owners = self.owners(&listed).await?;
        let owns = |owner: &Ownership| owner.customer.as_ref() == Some(customer);
        Ok(listed.into_iter().zip(owners).filter(|(_, owner)| owns(owner)).map(|(alias, _)| alias).collect())
    }

    async fn listed(&self, customer: &CustomerId) -> Result<Vec<Alias>, StoreError> {
        let rows = self.all(&customer_partition(customer), "alias#").await?;
        Ok(rows.iter().filter_map(|row| Alias::parse(row.key.sk.strip_prefix("alias#")?)).collect())
    }

    /// Every id below `customer`: its aliases, theirs, and so on.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be read.
    pub async fn below(&self, customer: &CustomerId) -> Result<Vec<Alias>, StoreError> {
        let (mut below, mut ahead) = (Vec::new(), vec![customer.clone()]);
        let mut seen = BTreeSet::from([Subject::Customer(customer.clone())]);
        while let Some(customer) = ahead.pop() {
            for alias in self.aliases(&customer).await? {
                // While somebody else writes, two may each seem to be below the other.
                if seen.insert(alias.clone()) {
                    ahead.extend(if let Subject::Customer(customer) = &alias { Some(customer.clone()) } else { None });
                    below.push(alias);
                }
            }
        }
        Ok(below)
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

/// Who lost an alias, and who got it from them: what was folded cannot be taken out again.
fn moved(heard: &[Tie]) -> BTreeSet<Subject> {
    let moved = heard.iter().filter(|tie| !tie.before().is_empty());
    let of_tie = |tie: &Tie| {
        let owners = tie.before().iter().cloned().chain(tie.ownership().customer).map(Subject::Customer);
        owners.chain(may_own(&tie.alias).then(|| tie.alias.clone())).collect::<Vec<_>>()
    };
    moved.flat_map(of_tie).collect()
}

fn owner_key(alias: &Alias) -> RecordKey {
    RecordKey::new(layout::subject(alias), OWNER)
}

fn customer_partition(customer: &CustomerId) -> String {
    layout::subject(&Subject::Customer(customer.clone()))
}

/// Rows of earlier releases name no cause.
fn waiting(row: String, body: &[u8]) -> Option<Waiting> {
    let subject = if body == WITH_CAUSE { row.rsplit_once(' ')?.0 } else { row.as_str() };
    Some(Waiting { subject: Subject::parse(subject)?, row })
}

fn encode(key: &RecordKey, tie: &Tie) -> Result<Bytes, StoreError> {
    let Tie { claims, cause, unsettled, before, .. } = tie.clone();
    let stored = Stored { v: SCHEMA, claims: Some(claims), cause, unsettled, before, customer: None, at: None };
    Ok(serde_json::to_vec(&stored).map_err(|source| refused(key, source))?.into())
}

fn decode(alias: &Alias, row: &Record) -> Result<Tie, StoreError> {
    let stored: Stored = serde_json::from_slice(&row.body).map_err(|source| refused(&row.key, source))?;
    if stored.v > SCHEMA {
        return Err(StoreError::refused(format!("identity {}", row.key.pk), format!("a newer release wrote it, as schema {}", stored.v)));
    }
    let first = stored.customer.zip(stored.at).map(|(customer, at)| Claims::of(customer, at));
    let claims = stored.claims.or(first).unwrap_or_default();
    let Stored { cause, unsettled, before, .. } = stored;
    Ok(Tie { alias: alias.clone(), claims, cause, unsettled, before, version: row.version })
}

fn refused(key: &RecordKey, source: serde_json::Error) -> StoreError {
    StoreError::Refused { what: format!("identity {}", key.pk), source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryRecords;
    use rapport_core::{identity::Says, time::Timestamp};

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

    fn word(of: &str, at: i64) -> Word {
        Word { alias: phone(), customer: customer(of), at: Position { at: Timestamp(at), id: 1 }, says: Says::Claimed }
    }

    fn ruling(of: &str, at: i64, says: Says) -> Word {
        Word { says, ..word(of, at) }
    }

    fn fresh(heard: Option<Tie>) -> Tie {
        heard.expect("it was known")
    }

    fn owner(tie: &Tie) -> Option<CustomerId> {
        tie.owner().map(|owner| owner.customer)
    }

    async fn told(identities: &Identities, word: Word, cause: &str) -> Option<Tie> {
        identities.hear(&[word], Some(cause)).await.unwrap().pop()
    }

    #[tokio::test]
    async fn a_word_is_fresh_to_who_told_it_first() {
        let (_, identities) = identities();
        let tie = fresh(told(&identities, word("ada", 5), "log/one").await);
        assert_eq!(fresh(told(&identities, word("ada", 5), "log/one").await), tie, "who recorded it may have died");
        assert_eq!(told(&identities, word("ada", 5), "log/two").await, None, "whose message comes again");
        assert_eq!(told(&identities, word("ada", 4), "log/two").await, None, "the owner is the same");
        let earlier = fresh(told(&identities, word("ada", 5), "log/one").await);
        let since = Position { at: Timestamp(4), id: 1 };
        assert_eq!(earlier.owner(), Some(OwnedBy { customer: customer("ada"), since, is_ruled: false }), "the earliest word counts");
    }

    #[tokio::test]
    async fn an_alias_that_moved_is_fresh_to_all_until_its_refolds_are_noted() {
        let (_, identities) = identities();
        fresh(told(&identities, word("bob", 9), "log/one").await);
        let tie = fresh(told(&identities, word("ada", 5), "log/two").await);
        assert_eq!(fresh(told(&identities, word("ada", 6), "log/three").await), tie, "whoever recorded it may have died");
        identities.settled(&tie).await.unwrap();
        for cause in ["log/one", "log/two", "log/three"] {
            assert_eq!(told(&identities, word("ada", 5), cause).await, None);
        }
    }

    #[tokio::test]
    async fn an_alias_that_moves_names_everybody_who_had_it_since_it_was_settled() {
        let (_, identities) = identities();
        fresh(told(&identities, word("ada", 9), "log/one").await);
        let stale = fresh(told(&identities, word("bob", 8), "log/two").await);
        let tie = fresh(told(&identities, word("eve", 7), "log/three").await);
        assert_eq!(tie.before(), [customer("ada"), customer("bob")]);
        identities.settled(&stale).await.unwrap();
        assert_eq!(fresh(told(&identities, word("eve", 7), "log/four").await), tie, "who was overtaken settles nothing");
        identities.settled(&tie).await.unwrap();
        assert_eq!(told(&identities, word("ada", 9), "log/one").await, None, "the earlier word holds");
    }

    #[tokio::test]
    async fn an_unmerge_takes_the_alias_away_and_a_merge_gives_it_back() {
        let (_, identities) = identities();
        told(&identities, word("ada", 5), "log/one").await;
        let parted = fresh(told(&identities, ruling("ada", 9, Says::Parted), "log/two").await);
        assert_eq!((owner(&parted), parted.before()), (None, &[customer("ada")][..]));
        assert_eq!(identities.aliases(&customer("ada")).await.unwrap(), []);
        assert_eq!(identities.about(&customer("ada")).await.unwrap(), std::slice::from_ref(&parted), "and is known of");
        let merged = fresh(told(&identities, ruling("ada", 10, Says::Merged), "log/three").await);
        assert_eq!(owner(&merged), Some(customer("ada")));
        assert!(merged.ownership().version > parted.ownership().version, "who told the one late does not undo the other");
    }

    #[tokio::test]
    async fn only_the_owner_has_the_alias() {
        let (_, identities) = identities();
        told(&identities, word("bob", 9), "log/one").await;
        told(&identities, word("ada", 5), "log/two").await;
        assert_eq!(identities.aliases(&customer("ada")).await.unwrap(), [phone()]);
        assert_eq!(identities.aliases(&customer("bob")).await.unwrap(), []);
    }

    #[tokio::test]
    async fn whoever_is_merged_brings_what_they_have_and_a_ring_is_undone() {
        let (_, identities) = identities();
        let merged = |from: &str, into: &str, at: i64| Word { alias: Subject::Customer(customer(from)), ..word(into, at) };
        let words = [word("ada", 1), merged("ada", "bob", 2), merged("bob", "eve", 3)];
        identities.hear(&words, None).await.unwrap();
        let ids = |below: Vec<Alias>| below.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(ids(identities.below(&customer("eve")).await.unwrap()), ["c#bob", "c#ada", "d#phone"]);
        let tie = identities.hear(&[merged("eve", "ada", 4)], Some("log/two")).await.unwrap().remove(0);
        assert_eq!(owner(&tie), Some(customer("ada")), "by what was said");
        assert_eq!(
            identities.owners(std::slice::from_ref(&tie.alias)).await.unwrap()[0].customer,
            None,
            "but it is the newest word of a ring"
        );
        assert_eq!(ids(identities.below(&customer("ada")).await.unwrap()), ["d#phone"]);
    }

    #[tokio::test]
    async fn a_row_of_the_release_before_is_read() {
        let (records, identities) = identities();
        let old = br#"{"v":1,"customer":"ada","at":{"at":5,"id":1},"unsettled":true,"before":["bob"]}"#;
        let row = Record::new(owner_key(&phone()), Bytes::from_static(old));
        records.put(Table::Identities, row, Condition::Always).await.unwrap();
        let tie = identities.ties(&[phone()]).await.unwrap().remove(0).unwrap();
        assert_eq!((tie.owner().map(|owner| owner.customer), tie.before()), (Some(customer("ada")), &[customer("bob")][..]));
        let newer = Record::new(owner_key(&phone()), Bytes::from_static(br#"{"v":3}"#));
        records.put(Table::Identities, newer, Condition::Always).await.unwrap();
        assert!(identities.ties(&[phone()]).await.is_err(), "what a newer release wrote is not taken for nothing");
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
