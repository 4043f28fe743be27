//! One object's events into the profiles they belong to.
//!
//! Two deliveries may race: one links a device to a customer while the other folds the device's events. The order of steps makes
//! sure that one of them notices. We (1) record links, (2) fold whom the events name, (3) read who owns those, (4) fold the owners. Whoever folds the device
//! after the link was recorded reads the owner in (3); whoever folded it before left a device profile that the linker sees in (2)
//! and refolds the customer for.

use crate::{App, FoldError, refold};
use futures::{StreamExt, TryStreamExt, stream};
use rapport_core::{
    event::Event,
    profile::{Alias, Link, Profile, Subject, links, subjects},
};
use rapport_io::{
    StoreError,
    identities::{Linked, Owner},
    profiles::Versioned,
};
use rapport_lambda::Metric;
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

/// Folds `events`, which the log holds in `object`.
pub(crate) async fn events(app: &App, object: &str, events: &[Event]) -> Result<(), FoldError> {
    let links = record_links(app, events).await?;
    let mut refolds = concerned(app, &links).await?;

    let named = by_subject(events);
    refolds.extend(fold_all(app, &without(named.clone(), &refolds)).await?);

    // Whoever is refolded may be somebody's alias, too, and that somebody is not.
    let subjects: Vec<Subject> = named.keys().cloned().collect();
    let mut owned = BySubject::new();
    for (subject, owner) in subjects.iter().zip(app.identities.owners(&subjects).await?) {
        if let (Some(owner), Some(events)) = (owner, named.get(subject)) {
            owned.entry(Subject::Customer(owner.customer)).or_default().extend_from_slice(events);
        }
    }
    refolds.extend(fold_all(app, &without(owned, &refolds)).await?);
    ask_refolds(app, object, refolds, &links).await
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

/// The customers whose history new owners of aliases change.
async fn concerned(app: &App, links: &[(Alias, Owner)]) -> Result<BTreeSet<Subject>, FoldError> {
    // An alias without a past brings nothing that this object's events do not.
    let aliases: Vec<Alias> = links.iter().map(|(alias, _)| alias.clone()).collect();
    let pasts = app.profiles.get(&aliases, true).await?;
    let mut refolds = BTreeSet::new();
    for ((_, owner), past) in links.iter().zip(pasts) {
        if past.is_some() || !owner.before().is_empty() {
            refolds.insert(Subject::Customer(owner.customer.clone()));
        }
        refolds.extend(owner.before().iter().cloned().map(Subject::Customer));
    }
    Ok(refolds)
}

/// Folds every group into its subject's profile. Gives the subjects for which only a refold is exact.
async fn fold_all(app: &App, groups: &BySubject) -> Result<Vec<Subject>, FoldError> {
    let subjects: Vec<&Subject> = groups.keys().collect();
    let mut refolds = Vec::new();
    for chunk in subjects.chunks(READ_AT_ONCE) {
        let wanted: Vec<Subject> = chunk.iter().map(|subject| (*subject).clone()).collect();
        let stored = app.profiles.get(&wanted, true).await?;
        let folds = wanted.into_iter().zip(stored).map(|(subject, stored)| fold_one(app, groups, subject, stored));
        let asked: Vec<Option<Subject>> = stream::iter(folds).buffer_unordered(WRITE_AT_ONCE).try_collect().await?;
        refolds.extend(asked.into_iter().flatten());
    }
    Ok(refolds)
}

/// Folds one group. `Some` when only a refold is exact.
async fn fold_one(app: &App, groups: &BySubject, subject: Subject, mut stored: Option<Versioned>) -> Result<Option<Subject>, FoldError> {
    let events = groups.get(&subject).map_or(&[][..], Vec::as_slice);
    app.metrics.add(Metric::Folded, events.len());
    for attempt in 0..ATTEMPTS {
        let (mut profile, version) = match stored {
            None => (Profile::new(subject.clone()), None),
            Some(Versioned { profile: Ok(profile), version }) => (profile, Some(version)),
            Some(Versioned { profile: Err(error), .. }) => {
                tracing::warn!(%error, "a stored profile cannot be read and is folded anew");
                return Ok(Some(subject));
            }
        };
        match profile.fold(events) {
            Err(_needs) => return Ok(Some(subject)),
            Ok(false) => {
                app.metrics.add(Metric::Copies, events.len());
                return Ok(None);
            }
            Ok(true) => {}
        }
        match app.profiles.put(&profile, version).await {
            Ok(()) => return Ok(None),
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
async fn ask_refolds(app: &App, object: &str, refolds: BTreeSet<Subject>, links: &[(Alias, Owner)]) -> Result<(), FoldError> {
    let asks = refolds.iter().cloned().map(|subject| async move { app.identities.ask_refold(&subject, object).await });
    stream::iter(asks).buffer_unordered(WRITE_AT_ONCE).try_collect::<()>().await?;
    let settled = links.iter().cloned().map(|(alias, owner)| async move { app.identities.settled(&alias, &owner).await });
    stream::iter(settled).buffer_unordered(WRITE_AT_ONCE).try_collect::<()>().await?;
    if !refolds.is_empty() && refolds.len() <= FEW_REFOLDS {
        refold::waiting(app).await?;
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
