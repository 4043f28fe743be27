//! Profiles anew from log and archive, for those that wait for it.

use crate::{
    App, FoldError,
    fold::{WRITE_AT_ONCE, conflict},
    history::every_event,
    owner::tell_owners,
    segments::Placing,
};
use futures::{StreamExt, TryStreamExt, stream};
use rapport_core::{
    event::Event,
    profile::{Profile, Subject, refold, subjects},
    time::Timestamp,
};
use rapport_io::{StoreError, identities::Waiting, profiles::Versioned};
use rapport_lambda::Metric;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// So many subjects are refolded in one pass over the log: it bounds memory.
const PER_PASS: usize = 10_000;
/// How often a refold that lost a race is tried again.
const ATTEMPTS: u32 = 4;

/// What a refold job did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Refolded {
    /// Subjects folded anew.
    pub subjects: usize,
    /// How many came out different, their owners among them.
    pub changed: usize,
}

/// Refolds every subject on the waiting list.
pub(crate) async fn waiting(app: &App, now: Timestamp) -> Result<Refolded, FoldError> {
    let mut done = Refolded::default();
    let mut waiting: BTreeMap<Subject, Vec<Waiting>> = BTreeMap::new();
    for asked in app.identities.waiting_refolds().await? {
        waiting.entry(asked.subject.clone()).or_default().push(asked);
    }
    app.metrics.add(Metric::RefoldsWaiting, waiting.len());
    let waiting: Vec<(Subject, Vec<Waiting>)> = waiting.into_iter().collect();
    for part in waiting.chunks(PER_PASS) {
        let wanted: Vec<Subject> = part.iter().map(|(subject, _)| subject.clone()).collect();
        done.changed += refold_these(app, wanted, now).await?;
        let done_with: Vec<_> = part.iter().flat_map(|(_, asked)| asked).map(|asked| app.identities.refolded(asked)).collect();
        stream::iter(done_with).buffer_unordered(WRITE_AT_ONCE).try_collect::<()>().await?;
        done.subjects += part.len();
    }
    if done.subjects > 0 {
        tracing::info!(subjects = done.subjects, changed = done.changed, "profiles were folded anew from the whole log");
    }
    Ok(done)
}

/// Refolds `wanted` and their owners; gives how many changed.
///
/// Rows say who owns them before anything is read. Every row is written, also one that comes out as it was: a fold that read it before an
/// alias was taken from it must not find it unchanged.
async fn refold_these(app: &App, wanted: Vec<Subject>, now: Timestamp) -> Result<usize, FoldError> {
    tell_owners(app, &wanted).await?;
    let mut changed = 0;
    let mut left: BTreeSet<Subject> = wanted.into_iter().collect();
    for _ in 0..ATTEMPTS {
        if left.is_empty() {
            return Ok(changed);
        }
        // Versions first, events second: what somebody writes in between shows as a conflict, and their events are in our next pass.
        let rows = with_owners(app, left).await?;
        let mut histories = histories(app, rows.keys()).await?;
        let placing = Placing::of(app, rows.keys(), now).await?;
        let refolds: Vec<_> = rows
            .into_iter()
            .map(|(subject, stored)| {
                let history = histories.remove(&subject).unwrap_or_default();
                write(app, &placing, subject, stored, history)
            })
            .collect();
        let written: Vec<Written> = stream::iter(refolds).buffer_unordered(WRITE_AT_ONCE).try_collect().await?;
        changed += written.iter().filter(|written| matches!(written, Written::Changed)).count();
        left = written.into_iter().filter_map(|written| if let Written::Lost(subject) = written { Some(subject) } else { None }).collect();
    }
    left.first().map_or(Ok(changed), |subject| Err(conflict(subject).into()))
}

/// What became of one refold.
enum Written {
    Changed,
    AsItWas,
    /// Somebody else wrote meanwhile.
    Lost(Subject),
}

async fn write(
    app: &App,
    placing: &Placing,
    subject: Subject,
    stored: Option<Versioned>,
    history: Vec<Event>,
) -> Result<Written, StoreError> {
    let profile = refold(subject.clone(), &history);
    let version = stored.as_ref().map(|stored| stored.version);
    let owner = stored.as_ref().and_then(|stored| stored.ownership.clone()).unwrap_or_default();
    let standing = stored.as_ref().map(Versioned::standing).unwrap_or_default();
    let known = stored.map_or_else(|| Some(Profile::new(subject.clone())), |stored| stored.profile.ok());
    match placing.put(app, &profile, &owner, &standing, version).await {
        Ok(()) if known.as_ref() == Some(&profile) => Ok(Written::AsItWas),
        Ok(()) => Ok(Written::Changed),
        Err(StoreError::Conflict { .. }) => Ok(Written::Lost(subject)),
        Err(error) => Err(error),
    }
}

/// The rows of `subjects` and of everybody above: what only a refold brings to an alias, a fold has not handed on.
async fn with_owners(app: &App, subjects: BTreeSet<Subject>) -> Result<BTreeMap<Subject, Option<Versioned>>, FoldError> {
    let mut rows: BTreeMap<Subject, Option<Versioned>> = BTreeMap::new();
    let mut wanted: Vec<Subject> = subjects.into_iter().collect();
    while !wanted.is_empty() {
        let stored = app.profiles.get(&wanted, true).await?;
        let told = stored.iter().flatten().filter_map(Versioned::owner);
        let owners: BTreeSet<Subject> = told.cloned().map(Subject::Customer).collect();
        rows.extend(wanted.into_iter().zip(stored));
        wanted = owners.into_iter().filter(|owner| !rows.contains_key(owner)).collect();
        tell_owners(app, &wanted).await?;
    }
    Ok(rows)
}

/// All events of each of `wanted`, those of everything below among them.
async fn histories<'a>(app: &App, wanted: impl Iterator<Item = &'a Subject>) -> Result<HashMap<Subject, Vec<Event>>, FoldError> {
    let below: Vec<_> = wanted.map(|subject| below(app, subject)).collect();
    let below: Vec<(&Subject, Vec<Subject>)> = stream::iter(below).buffered(WRITE_AT_ONCE).try_collect().await?;
    let mut into: HashMap<Subject, Vec<Subject>> = HashMap::new();
    for (subject, aliases) in below {
        for named in std::iter::once(subject.clone()).chain(aliases) {
            into.entry(named).or_default().push(subject.clone());
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

/// `subject`, and every alias of theirs and of those.
async fn below<'a>(app: &App, subject: &'a Subject) -> Result<(&'a Subject, Vec<Subject>), StoreError> {
    let aliases = if let Subject::Customer(customer) = subject { app.identities.below(customer).await? } else { Vec::new() };
    Ok((subject, aliases))
}
