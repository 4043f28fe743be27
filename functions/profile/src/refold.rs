//! Profiles anew from log and archive, for those that wait for it.

use crate::{
    App, FoldError,
    fold::conflict,
    history::every_event,
    segments::{self, Placing},
};
use rapport_core::{
    event::Event,
    profile::{Profile, Subject, refold, subjects},
    time::Timestamp,
};
use rapport_io::{StoreError, identities::Waiting, profiles::Versioned};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// So many subjects are refolded in one pass over the log: it bounds memory.
const PER_PASS: usize = 10_000;
/// How often a refold that lost a race is tried again.
const ATTEMPTS: u32 = 4;

/// What a refold job did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Refolded {
    /// Subjects folded anew.
    pub subjects: usize,
    /// Of these, how many came out different.
    pub changed: usize,
}

/// Refolds every subject on the waiting list.
pub(crate) async fn waiting(app: &App, now: Timestamp) -> Result<Refolded, FoldError> {
    let mut done = Refolded::default();
    let mut waiting: BTreeMap<Subject, Vec<Waiting>> = BTreeMap::new();
    for asked in app.identities.waiting_refolds().await? {
        waiting.entry(asked.subject.clone()).or_default().push(asked);
    }
    let waiting: Vec<(Subject, Vec<Waiting>)> = waiting.into_iter().collect();
    for part in waiting.chunks(PER_PASS) {
        let wanted: Vec<Subject> = part.iter().map(|(subject, _)| subject.clone()).collect();
        done.changed += refold_these(app, wanted.clone(), now).await?;
        segments::give_up_owned(app, wanted).await?;
        for asked in part.iter().flat_map(|(_, asked)| asked) {
            app.identities.refolded(asked).await?;
        }
        done.subjects += part.len();
    }
    Ok(done)
}

/// Refolds `wanted`; gives how many changed.
async fn refold_these(app: &App, mut wanted: Vec<Subject>, now: Timestamp) -> Result<usize, FoldError> {
    let placing = Placing::of(app, wanted.iter(), now).await?;
    let mut changed = 0;
    for _ in 0..ATTEMPTS {
        if wanted.is_empty() {
            return Ok(changed);
        }
        // Versions first, events second: what somebody writes in between shows as a conflict, and their events are in our next pass.
        let stored = app.profiles.get(&wanted, true).await?;
        let mut histories = histories(app, &wanted).await?;
        let mut lost = Vec::new();
        for (subject, stored) in wanted.into_iter().zip(stored) {
            let profile = refold(subject.clone(), &histories.remove(&subject).unwrap_or_default());
            if stored.as_ref().is_some_and(|stored| stored.profile.as_ref().is_ok_and(|known| *known == profile)) {
                continue;
            }
            match save(app, &placing, &profile, stored.as_ref()).await {
                Ok(()) => changed += 1,
                Err(StoreError::Conflict { .. }) => lost.push(subject),
                Err(error) => return Err(error.into()),
            }
        }
        wanted = lost;
    }
    wanted.first().map_or(Ok(changed), |subject| Err(conflict(subject).into()))
}

/// A profile that never held anything is not stored. One that holds nothing any more is: were its row deleted, the next one would have
/// a version that was seen before, and a slow writer would take the one for the other.
pub(crate) async fn save(app: &App, placing: &Placing, profile: &Profile, stored: Option<&Versioned>) -> Result<(), StoreError> {
    if stored.is_none() && profile.is_empty() && profile.erased_at.is_none() {
        return Ok(());
    }
    let before = stored.map(Versioned::place).unwrap_or_default();
    placing.put(app, profile, &before, stored.map(|stored| stored.version)).await
}

/// All events of each of `wanted`, those of its aliases among them.
async fn histories(app: &App, wanted: &[Subject]) -> Result<HashMap<Subject, Vec<Event>>, FoldError> {
    let mut into: HashMap<Subject, Vec<Subject>> = HashMap::new();
    for subject in wanted {
        into.entry(subject.clone()).or_default().push(subject.clone());
        if let Subject::Customer(customer) = subject {
            for alias in app.identities.aliases(customer).await? {
                into.entry(alias).or_default().push(subject.clone());
            }
        }
    }
    let mut histories: HashMap<Subject, Vec<Event>> = HashMap::new();
    every_event(app, |event| {
        for subject in subjects(&event).iter().filter_map(|named| into.get(named)).flatten() {
            histories.entry(subject.clone()).or_default().push(event.clone());
        }
    })
    .await?;
    Ok(histories)
}
