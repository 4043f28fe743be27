//! What every adapter promises, as one suite of assertions: memory and the embedded stores pass the same one.
//!
//! Each function wants a store that nobody else writes to, and panics, as a test does, where a promise is broken. A store that fails
//! altogether is the error it gives.

use crate::{
    layout::Table,
    ports::{Condition, Mailbox, Objects, Record, RecordKey, Records, Secrets, StoreError, Taken},
    profiles::{Ownership, Profiles},
    segments::{Definitions, Look, SegmentStore},
};
use bytes::Bytes;
use rapport_core::{
    id::CustomerId,
    profile::{Profile, Subject},
    segment::{Membership, Segment, Standing, ready},
    time::Timestamp,
};
use std::sync::Arc;

/// [`Objects`]: conditions, listings over several pages, deletes that need nothing to delete.
///
/// # Errors
/// What the store says when it fails.
///
/// # Panics
/// Where it breaks a promise.
pub async fn objects(objects: &dyn Objects) -> Result<(), StoreError> {
    assert_eq!(objects.get("contract/none").await?, None, "what was never written is none");
    let body = Bytes::from_static(b"\x00\xff one");
    let etag = objects.put("contract/dt=1/a b+c", body.clone(), Condition::Absent).await?;
    let stored = objects.get("contract/dt=1/a b+c").await?;
    assert_eq!(stored.map(|stored| (stored.body, stored.etag)), Some((body.clone(), etag.clone())), "bytes and ETag come back");

    let again = objects.put("contract/dt=1/a b+c", body.clone(), Condition::Absent).await;
    assert!(is_conflict(&again), "`Absent` where something is: {again:?}");
    let changed = objects.put("contract/dt=1/a b+c", Bytes::from_static(b"two"), Condition::Version(etag.clone())).await?;
    assert_ne!(changed, etag, "new bytes, new ETag");
    let stale = objects.put("contract/dt=1/a b+c", body.clone(), Condition::Version(etag)).await;
    assert!(is_conflict(&stale), "an ETag from before: {stale:?}");

    for n in 0..1_005 {
        objects.put(&format!("contract/many/{n:04}"), Bytes::from_static(b"x"), Condition::Always).await?;
    }
    let all = objects.list_all("contract/many/").await?;
    assert_eq!(all.len(), 1_005, "every page comes");
    assert!(all.is_sorted(), "in order");
    assert_eq!(objects.list("contract/many/", Some("contract/many/1002")).await?, ["contract/many/1003", "contract/many/1004"]);

    objects.delete("contract/dt=1/a b+c").await?;
    objects.delete("contract/dt=1/a b+c").await?;
    assert_eq!(objects.get("contract/dt=1/a b+c").await?, None, "deleted is gone");
    Ok(())
}

/// [`Records`]: versions, reads in the order asked, queries by prefix and by change, scans.
///
/// # Errors
/// What the store says when it fails.
///
/// # Panics
/// Where it breaks a promise.
pub async fn records(records: &dyn Records) -> Result<(), StoreError> {
    versions(records).await?;
    many(records).await?;
    reads(records).await?;
    until(records).await?;
    changes(records).await
}

async fn versions(records: &dyn Records) -> Result<(), StoreError> {
    let row = row("version", "-", "one");
    assert_eq!(records.put(Table::Profiles, row.clone(), Condition::Absent).await?, 1);
    let again = records.put(Table::Profiles, row.clone(), Condition::Absent).await;
    assert!(is_conflict(&again), "`Absent` where something is: {again:?}");
    assert_eq!(records.put(Table::Profiles, row.clone(), Condition::Version("1".into())).await?, 2);
    let stale = records.put(Table::Profiles, row.clone(), Condition::Version("1".into())).await;
    assert!(is_conflict(&stale), "a version from before: {stale:?}");
    let stored = records.get_one(Table::Profiles, &row.key).await?;
    assert_eq!(stored, Some(Record { version: 2, ..row.clone() }), "all of the row comes back");

    let stale = records.delete(Table::Profiles, &row.key, Condition::Version("1".into())).await;
    assert!(is_conflict(&stale), "deleting a version from before: {stale:?}");
    records.delete(Table::Profiles, &row.key, Condition::Version("2".into())).await?;
    let gone = records.delete(Table::Profiles, &row.key, Condition::Version("2".into())).await;
    assert!(is_conflict(&gone), "deleting a version of what is gone: {gone:?}");
    records.delete(Table::Profiles, &row.key, Condition::Always).await?;
    assert_eq!(records.get_one(Table::Profiles, &row.key).await?, None, "deleted is gone");
    Ok(())
}

/// More rows than a call takes, some of them there already and one named twice.
async fn many(records: &dyn Records) -> Result<(), StoreError> {
    let rows: Vec<Record> = (0..60).map(|number| row("many", &format!("{number:02}"), &number.to_string())).collect();
    records.put(Table::Profiles, row("many", "07", "old"), Condition::Absent).await?;
    let twice = [rows.clone(), vec![rows[3].clone()]].concat();
    records.put_all(Table::Profiles, twice).await?;
    let stored = records.query_all(Table::Profiles, "many", "").await?;
    assert_eq!(stored, rows.into_iter().map(|row| Record { version: 1, ..row }).collect::<Vec<_>>());
    records.put_all(Table::Profiles, Vec::new()).await
}

async fn reads(records: &dyn Records) -> Result<(), StoreError> {
    for n in 0..120 {
        records.put(Table::Identities, row("read", &format!("a#{n:03}"), &n.to_string()), Condition::Always).await?;
    }
    records.put(Table::Identities, row("read", "b#000", "b"), Condition::Always).await?;
    records.put(Table::Identities, row("other", "a#000", "other"), Condition::Always).await?;

    let asked: Vec<RecordKey> = (0..130).rev().chain([5]).map(|n| RecordKey::new("read", format!("a#{n:03}"))).collect();
    let found = records.get(Table::Identities, &asked, true).await?;
    let keys = |rows: &[Option<Record>]| rows.iter().map(|row| row.as_ref().map(|row| row.key.clone())).collect::<Vec<_>>();
    let expected: Vec<_> = (0..130).rev().chain([5]).zip(&asked).map(|(n, key)| (n < 120).then(|| key.clone())).collect();
    assert_eq!(keys(&found), expected, "in the order asked, what is not there as none, a key asked twice twice");

    let queried = records.query_all(Table::Identities, "read", "a#").await?;
    assert_eq!(queried.len(), 120, "one partition, one prefix, every page");
    assert!(queried.is_sorted_by_key(|row| row.key.sk.clone()), "by sort key");
    assert_eq!(records.query_all(Table::Identities, "read", "").await?.len(), 121, "no prefix is the whole partition");

    let (mut scanned, mut next) = (0, None);
    loop {
        let page = records.scan(Table::Identities, true, next).await?;
        scanned += page.records.len();
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(scanned, 122, "a scan sees every row of its table once");
    Ok(())
}

async fn until(records: &dyn Records) -> Result<(), StoreError> {
    for sk in ["1#a", "1#b", "2#a"] {
        records.put(Table::Segments, row("until", sk, sk), Condition::Always).await?;
    }
    let keys = |page: crate::ports::Page| page.records.into_iter().map(|row| row.key.sk).collect::<Vec<_>>();
    assert_eq!(keys(records.query_until(Table::Segments, "until", "1$", None).await?), ["1#a", "1#b"]);
    assert_eq!(keys(records.query_until(Table::Segments, "until", "2#a", None).await?), ["1#a", "1#b", "2#a"], "up to and with");
    assert_eq!(keys(records.query_until(Table::Segments, "until", "0", None).await?), Vec::<String>::new());
    Ok(())
}

async fn changes(records: &dyn Records) -> Result<(), StoreError> {
    for (sk, changed) in [("a", "0003#a"), ("b", "0001#b"), ("c", "0002#c")] {
        let row = Record { changed: Some(changed.into()), ..row("change", sk, sk) };
        records.put(Table::Catalog, row, Condition::Always).await?;
    }
    records.put(Table::Catalog, row("change", "d", "never in the index"), Condition::Always).await?;
    let order = |page: crate::ports::Page| page.records.into_iter().map(|row| row.key.sk).collect::<Vec<_>>();
    assert_eq!(order(records.query_changed(Table::Catalog, "change", "", None).await?), ["b", "c", "a"], "by change");
    assert_eq!(order(records.query_changed(Table::Catalog, "change", "0001#b", None).await?), ["c", "a"], "after, not at");
    Ok(())
}

/// The rows of segments on top of [`Records`]: definitions, and looks by when they are due.
///
/// # Errors
/// What the store says when it fails.
///
/// # Panics
/// Where it breaks a promise.
pub async fn segments(records: Arc<dyn Records>) -> Result<(), StoreError> {
    let store = SegmentStore::new(records);
    assert_eq!(store.definitions().await?, Definitions::default());
    let own: Vec<Segment> = ready().into_iter().take(2).collect();
    assert_eq!(store.put_definitions(own.clone(), 0).await?, 1);
    assert!(is_conflict(&store.put_definitions(own.clone(), 0).await), "written over unseen");
    assert_eq!(store.definitions().await?, Definitions { own, version: 1 });

    let subject = |n: i64| CustomerId::new(&format!("s{n:03}")).ok().map(Subject::Customer);
    let looks: Vec<Look> = (0..250).filter_map(|n| Some(Look { at: Timestamp(1_000 + n), subject: subject(n)? })).collect();
    for look in looks.iter().chain(&looks[..3]) {
        store.plan(look).await?;
    }
    store.looked(&looks[0]).await?;
    store.looked(&looks[0]).await?;
    let (mut due, mut next) = (Vec::new(), None);
    loop {
        let (looks, more) = store.due(Timestamp(1_199), next).await?;
        due.extend(looks);
        next = more;
        if next.is_none() {
            break;
        }
    }
    due.sort_by_key(|look| look.at);
    assert_eq!(due, looks[1..200], "all that are due, each once, and none that is not");
    assert!(store.due(Timestamp(1_199), Some("9:x".to_owned())).await.is_err(), "a cursor from elsewhere");
    Ok(())
}

/// Where people stand, beside their profiles on top of [`Records`], and the index that lists them.
///
/// # Errors
/// What the store says when it fails.
///
/// # Panics
/// Where it breaks a promise.
pub async fn members(records: Arc<dyn Records>) -> Result<(), StoreError> {
    let profiles = Profiles::new(records);
    let subjects: Vec<Subject> = (0..250).filter_map(|n| CustomerId::new(&format!("m{n:03}")).ok().map(Subject::Customer)).collect();
    let in_since = |at: i64| {
        let memberships = vec![Membership { segment: "loyal".into(), since: Timestamp(at) }];
        Standing { memberships, next_change_at: Some(Timestamp(at + 1)), ..Standing::default() }
    };
    for subject in &subjects {
        profiles.put(&Profile::new(subject.clone()), &Ownership::default(), &in_since(1), None).await?;
    }
    // One more time each: stays, leaves, turns out to be somebody's other id.
    let (nobody, owned) = (Ownership::default(), Ownership { customer: CustomerId::new("m000").ok(), version: 1 });
    let nowhere = Standing::default();
    for (subject, (owner, standing)) in subjects.iter().zip([(&nobody, in_since(2)), (&nobody, nowhere.clone()), (&owned, nowhere.clone())])
    {
        profiles.put(&Profile::new(subject.clone()), owner, &standing, Some(1)).await?;
    }
    let stale = profiles.put(&Profile::new(subjects[0].clone()), &nobody, &nowhere, Some(1)).await;
    assert!(is_conflict(&stale), "over what nobody read: {stale:?}");
    let stored = profiles.get(&subjects[..4], true).await?;
    let told: Vec<(bool, Standing)> = stored.iter().flatten().map(|row| (row.is_owned(), row.standing())).collect();
    assert_eq!(told, [(false, in_since(2)), (false, nowhere.clone()), (true, nowhere), (false, in_since(1))]);

    let (mut members, mut next) = (Vec::new(), None);
    loop {
        let page = profiles.members(next).await?;
        members.extend(page.rows.into_iter().map(|member| (member.subject, member.standing)));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    let expected: Vec<(Subject, Standing)> = subjects
        .iter()
        .zip([2, 1, 1].into_iter().chain(std::iter::repeat(1)))
        .map(|(subject, at)| (subject.clone(), in_since(at)))
        .collect();
    assert_eq!(members, [&expected[..1], &expected[3..]].concat(), "every member of every shard once, as they stand now");
    assert!(profiles.members(Some("4:".to_owned())).await.is_err(), "a cursor from elsewhere");
    Ok(())
}

/// [`Secrets`]: none, written, written over.
///
/// # Errors
/// What the store says when it fails.
///
/// # Panics
/// Where it breaks a promise.
pub async fn secrets(secrets: &dyn Secrets, name: &str) -> Result<(), StoreError> {
    assert_eq!(secrets.get(name).await?, None);
    for document in ["one", "two"] {
        secrets.put(name, document).await?;
        assert_eq!(secrets.get(name).await?.as_deref(), Some(document));
    }
    Ok(())
}

/// [`Mailbox`]: what was received is hidden, given back it returns, deleted it is gone.
///
/// # Errors
/// What the queue says when it fails.
///
/// # Panics
/// Where it breaks a promise.
pub async fn mailbox(queue: &dyn Mailbox) -> Result<(), StoreError> {
    const HIDE_SECS: u32 = 60;
    assert_eq!(queue.receive(HIDE_SECS).await?, [], "nothing was sent");
    let sent: Vec<String> = (0..25).map(|n| format!("letter {n:02}")).collect();
    queue.send(&sent).await?;
    let first = every(queue, HIDE_SECS).await?;
    let mut bodies: Vec<&str> = first.iter().map(|taken| taken.body.as_str()).collect();
    bodies.sort_unstable();
    assert_eq!(bodies, sent, "each once, ten at most at a time");
    assert!(first.iter().all(|taken| taken.deliveries == 1), "for the first time");
    assert_eq!(queue.receive(HIDE_SECS).await?, [], "what is in hand is hidden");

    queue.give_back(&first).await?;
    let second = every(queue, HIDE_SECS).await?;
    assert_eq!(second.len(), 25, "given back, it returns");
    assert!(second.iter().all(|taken| taken.deliveries == 2), "for the second time");
    queue.delete(&second[..20]).await?;
    queue.delete(&second[..20]).await?;
    queue.give_back(&second[20..]).await?;
    assert_eq!(every(queue, HIDE_SECS).await?.len(), 5, "deleted is gone");
    Ok(())
}

async fn every(queue: &dyn Mailbox, hide_secs: u32) -> Result<Vec<Taken>, StoreError> {
    let mut all = Vec::new();
    loop {
        let some = queue.receive(hide_secs).await?;
        assert!(some.len() <= 10, "ten at most");
        if some.is_empty() {
            return Ok(all);
        }
        all.extend(some);
    }
}

fn row(pk: &str, sk: &str, body: &str) -> Record {
    let body = Bytes::copy_from_slice(body.as_bytes());
    Record { expires: Some(4_102_444_800), ..Record::new(RecordKey::new(pk, sk), body) }
}

const fn is_conflict<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict { .. }))
}

#[cfg(test)]
mod tests {
    use crate::memory::{MemoryObjects, MemoryQueue, MemoryRecords, MemorySecrets};

    #[tokio::test]
    async fn memory_keeps_the_contract() {
        super::objects(&MemoryObjects::default()).await.unwrap();
        super::records(&MemoryRecords::default()).await.unwrap();
        super::segments(std::sync::Arc::new(MemoryRecords::default())).await.unwrap();
        super::members(std::sync::Arc::new(MemoryRecords::default())).await.unwrap();
        super::secrets(&MemorySecrets::default(), "shop/keys").await.unwrap();
        super::mailbox(&MemoryQueue::default()).await.unwrap();
    }
}
