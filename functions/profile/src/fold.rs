//! One object's events into the profiles they belong to.
//!
//! Two deliveries may race: one links a device to a customer while the other folds the device's events. The order of steps makes
//! sure that one of them notices. We (1) record links, (2) fold whom the events name, (3) read who owns those, (4) fold the owners. Whoever folds the device
//! after the link was recorded reads the owner in (3); whoever folded it before left a device profile that the linker sees in (2)
//! and refolds the customer for.

use crate::{
    App, FoldError, refold,
    segments::{self, Placing, is_person},
};
use futures::{StreamExt, TryStreamExt, stream};
use rapport_core::{
    event::Event,
    profile::{Alias, Link, Profile, Subject, links, subjects},
    time::Timestamp,
};
use rapport_io::{
    StoreError,
    identities::{Linked, Owner},
    profiles::{Place, Versioned},
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many profiles are read at once: what one round trip carries.
const READ_AT_ONCE: usize = 100;
/// How many profiles are written at once.
const WRITE_AT_ONCE: usize = 16;
/// How often a write that lost a race is tried again before the message is handed back.
const ATTEMPTS: u32 = 8;
/// Up to so many refolds are done at once; more wait for the job, which reads the log once for all.
const FEW_REFOLDS: usize = 25;

/// Events by the subject they are folded into.
type BySubject = BTreeMap<Subject, Vec<Event>>;

/// What folding came to.
#[derive(Default)]
struct Folded {
    /// Those for whom only a refold is exact.
    refolds: BTreeSet<Subject>,
    /// Those whose rows are new, and do not say that somebody owns them.
    begun: BTreeSet<Subject>,
    /// Those whose rows are older, and do not say so either.
    own: BTreeSet<Subject>,
}

/// Folds `events`, which the log holds in `object`.
pub(crate) async fn events(app: &App, object: &str, events: &[Event], now: Timestamp) -> Result<(), FoldError> {
    let links = record_links(app, events).await?;
    let mut refolds = concerned(app, &links).await?;

    let named = by_subject(events);
    let mut folded = fold_all(app, &without(named.clone(), &refolds), now).await?;
    refolds.append(&mut folded.refolds);

    // Whoever is refolded may be somebody's alias, too, and that somebody is not.
    let subjects: Vec<Subject> = named.keys().cloned().collect();
    let mut owned = BySubject::new();
    for (subject, owner) in subjects.iter().zip(app.identities.owners(&subjects).await?) {
        if let (Some(owner), Some(events)) = (owner, named.get(subject)) {
            owned.entry(Subject::Customer(owner.customer)).or_default().extend_from_slice(events);
            if folded.begun.contains(subject) || folded.own.contains(subject) {
                segments::give_up(app, subject).await?;
            }
        }
    }
    let mut folded = fold_all(app, &without(owned, &refolds), now).await?;
    refolds.append(&mut folded.refolds);
    // A row that was there when its subject's link was recorded was marked by whoever recorded it; one that was not, asks.
    segments::give_up_owned(app, folded.begun.into_iter().filter(|begun| !named.contains_key(begun))).await?;
    ask_refolds(app, object, refolds, &links, now).await
}

/// Who is to be refolded gets these events from the log.
fn without(mut groups: BySubject, refolds: &BTreeSet<Subject>) -> BySubject {
    groups.retain(|subject, _| !refolds.contains(subject));
    groups
}

fn by_subject(events: &[Event]) -> BySubject {
    let mut grouped = BySubject::new();
    for event in events {
        for subject in subjects(event) {
            grouped.entry(subject).or_default().push(event.clone());
        }
    }
    grouped
}

/// Records what the events say about who is who. Gives the aliases that have a new owner, or one whose refolds nobody has noted.
async fn record_links(app: &App, events: &[Event]) -> Result<Vec<(Alias, Owner)>, FoldError> {
    let mut earliest: BTreeMap<(Subject, Subject), Link> = BTreeMap::new();
    for link in events.iter().flat_map(links) {
        let known = earliest.entry((link.alias.clone(), Subject::Customer(link.customer.clone()))).or_insert_with(|| link.clone());
        known.at = known.at.min(link.at);
    }
    let told: Vec<Link> = earliest.into_values().collect();
    let linked = app.identities.link_all(&told).await?.into_iter().zip(told);
    Ok(linked.filter_map(|(linked, link)| if let Linked::Fresh(owner) = linked { Some((link.alias, owner)) } else { None }).collect())
}

/// The customers whose history new owners of aliases change. What the aliases stand for is taken from them.
async fn concerned(app: &App, links: &[(Alias, Owner)]) -> Result<BTreeSet<Subject>, FoldError> {
    // An alias without a past brings nothing that this object's events do not.
    let aliases: Vec<Alias> = links.iter().map(|(alias, _)| alias.clone()).collect();
    let pasts = app.profiles.get(&aliases, true).await?;
    let mut refolds = BTreeSet::new();
    for ((alias, owner), past) in links.iter().zip(pasts) {
        if past.as_ref().is_some_and(|past| is_person(alias) && past.place() != Place::Owned) {
            segments::give_up(app, alias).await?;
        }
        if past.is_some() || !owner.before().is_empty() {
            refolds.insert(Subject::Customer(owner.customer.clone()));
        }
        refolds.extend(owner.before().iter().cloned().map(Subject::Customer));
    }
    Ok(refolds)
}

/// Folds every group into its subject's profile.
async fn fold_all(app: &App, groups: &BySubject, now: Timestamp) -> Result<Folded, FoldError> {
    let subjects: Vec<&Subject> = groups.keys().collect();
    let placing = Placing::of(app, groups.keys(), now).await?;
    let mut folded = Folded::default();
    for chunk in subjects.chunks(READ_AT_ONCE) {
        let wanted: Vec<Subject> = chunk.iter().map(|subject| (*subject).clone()).collect();
        let stored = app.profiles.get(&wanted, true).await?;
        let folds = wanted.into_iter().zip(stored).map(|(subject, stored)| fold_one(app, (groups, &placing), subject, stored));
        let done: Vec<(Subject, Fold)> = stream::iter(folds).buffer_unordered(WRITE_AT_ONCE).try_collect().await?;
        for (subject, fold) in done.into_iter().filter(|(subject, fold)| *fold == Fold::Inexact || is_person(subject)) {
            match fold {
                Fold::Inexact => folded.refolds.insert(subject),
                Fold::Begun => folded.begun.insert(subject),
                Fold::Own => folded.own.insert(subject),
                Fold::Owned => continue,
            };
        }
    }
    Ok(folded)
}

/// What became of one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fold {
    /// Only a refold is exact.
    Inexact,
    /// It is the first of its row.
    Begun,
    /// Its row says nothing of an owner.
    Own,
    /// Its row says that somebody owns it.
    Owned,
}

/// Folds one group.
async fn fold_one(
    app: &App,
    (groups, placing): (&BySubject, &Placing),
    subject: Subject,
    mut stored: Option<Versioned>,
) -> Result<(Subject, Fold), FoldError> {
    let events = groups.get(&subject).map_or(&[][..], Vec::as_slice);
    for attempt in 0..ATTEMPTS {
        let before = stored.as_ref().map(Versioned::place).unwrap_or_default();
        let (mut profile, version) = match stored {
            None => (Profile::new(subject.clone()), None),
            Some(Versioned { profile: Ok(profile), version, .. }) => (profile, Some(version)),
            Some(Versioned { profile: Err(error), .. }) => {
                tracing::warn!(%error, "a stored profile cannot be read and is folded anew");
                return Ok((subject, Fold::Inexact));
            }
        };
        let fold = match (version, &before) {
            (_, Place::Owned) => Fold::Owned,
            (None, _) => Fold::Begun,
            (Some(_), _) => Fold::Own,
        };
        match profile.fold(events) {
            Err(_needs) => return Ok((subject, Fold::Inexact)),
            Ok(false) => return Ok((subject, fold)),
            Ok(true) => {}
        }
        match placing.put(app, &profile, &before, version).await {
            Ok(()) => return Ok((subject, fold)),
            Err(StoreError::Conflict { .. }) => {
                step_back(app, attempt, &subject).await;
                stored = app.profiles.get(std::slice::from_ref(&subject), true).await?.pop().flatten();
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(conflict(&subject).into())
}

/// Notes the refolds durably, then that `links` are settled, and does the refolds if they are few.
async fn ask_refolds(
    app: &App,
    object: &str,
    refolds: BTreeSet<Subject>,
    links: &[(Alias, Owner)],
    now: Timestamp,
) -> Result<(), FoldError> {
    let asks = refolds.iter().cloned().map(|subject| async move { app.identities.ask_refold(&subject, object).await });
    stream::iter(asks).buffer_unordered(WRITE_AT_ONCE).try_collect::<()>().await?;
    let settled = links.iter().cloned().map(|(alias, owner)| async move { app.identities.settled(&alias, &owner).await });
    stream::iter(settled).buffer_unordered(WRITE_AT_ONCE).try_collect::<()>().await?;
    if !refolds.is_empty() && refolds.len() <= FEW_REFOLDS {
        refold::waiting(app, now).await?;
    }
    Ok(())
}

/// Waits a little longer each time, and a different while for each subject, so that two writers do not keep step.
async fn step_back(app: &App, attempt: u32, subject: &Subject) {
    if app.step_back_ms == 0 {
        return;
    }
    let spread = rapport_core::digest::short_hash(format!("{attempt}{subject}").as_bytes()) % 20;
    tokio::time::sleep(Duration::from_millis((app.step_back_ms << attempt.min(6)) + spread)).await;
}

pub(crate) fn conflict(subject: &Subject) -> StoreError {
    StoreError::Conflict { what: format!("profile {subject}") }
}
