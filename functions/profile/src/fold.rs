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
    profile::{Link, Profile, Subject, links, subjects},
};
use rapport_io::{StoreError, identities::Linked, profiles::Versioned};
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

/// Folds `events`.
pub(crate) async fn events(app: &App, events: &[Event]) -> Result<(), FoldError> {
    let mut refolds = record_links(app, events).await?;

    let named = without(by_subject(events), &refolds);
    refolds.extend(fold_all(app, &named).await?);

    let subjects: Vec<Subject> = named.keys().cloned().collect();
    let mut owned = BySubject::new();
    for (subject, owner) in subjects.iter().zip(app.identities.owners(&subjects).await?) {
        if let (Some(owner), Some(events)) = (owner, named.get(subject)) {
            owned.entry(Subject::Customer(owner.customer)).or_default().extend_from_slice(events);
        }
    }
    refolds.extend(fold_all(app, &without(owned, &refolds)).await?);
    ask_refolds(app, refolds).await
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

/// Records what the events say about who is who. Gives the customers whose history that changed.
async fn record_links(app: &App, events: &[Event]) -> Result<BTreeSet<Subject>, FoldError> {
    let mut earliest: BTreeMap<(Subject, Subject), Link> = BTreeMap::new();
    for link in events.iter().flat_map(links) {
        let known = earliest.entry((link.alias.clone(), Subject::Customer(link.customer.clone()))).or_insert_with(|| link.clone());
        known.at = known.at.min(link.at);
    }
    let mut refolds = BTreeSet::new();
    let mut new: Vec<Link> = Vec::new();
    let told: Vec<Link> = earliest.into_values().collect();
    for (linked, link) in app.identities.link_all(&told).await?.into_iter().zip(told) {
        match linked {
            Linked::Known => {}
            Linked::New => new.push(link),
            Linked::Moved(before) => {
                refolds.insert(Subject::Customer(before));
                refolds.insert(Subject::Customer(link.customer));
            }
        }
    }
    // An alias without a past brings nothing that this object's events do not.
    let aliases: Vec<Subject> = new.iter().map(|link| link.alias.clone()).collect();
    let pasts = app.profiles.get(&aliases, true).await?;
    refolds.extend(new.into_iter().zip(pasts).filter(|(_, past)| past.is_some()).map(|(link, _)| Subject::Customer(link.customer)));
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
            Ok(false) => return Ok(None),
            Ok(true) => {}
        }
        match app.profiles.put(&profile, version).await {
            Ok(()) => return Ok(None),
            Err(StoreError::Conflict { .. }) => {
                pause(attempt, &subject).await;
                stored = app.profiles.get(std::slice::from_ref(&subject), true).await?.pop().flatten();
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(conflict(&subject).into())
}

/// Notes the refolds durably, and does them if they are few.
async fn ask_refolds(app: &App, refolds: BTreeSet<Subject>) -> Result<(), FoldError> {
    let asks = refolds.iter().cloned().map(|subject| async move { app.identities.ask_refold(&subject).await });
    stream::iter(asks).buffer_unordered(WRITE_AT_ONCE).try_collect::<()>().await?;
    if !refolds.is_empty() && refolds.len() <= FEW_REFOLDS {
        refold::waiting(app).await?;
    }
    Ok(())
}

/// Waits a little longer each time, and a different while for each subject, so that two writers do not keep step.
async fn pause(attempt: u32, subject: &Subject) {
    let spread = rapport_core::digest::short_hash(format!("{attempt}{subject}").as_bytes()) % 20;
    tokio::time::sleep(Duration::from_millis((5 << attempt.min(6)) + spread)).await;
}

pub(crate) fn conflict(subject: &Subject) -> StoreError {
    StoreError::Conflict { what: format!("profile {subject}") }
}
