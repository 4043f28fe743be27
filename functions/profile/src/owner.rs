//! What aliases took in, into the profiles of whom they belong to.

use crate::{
    App, FoldError,
    fold::{ATTEMPTS, Opened, READ_AT_ONCE, conflict, open, reread, step_back},
    segments::Placing,
};
use rapport_core::{
    event::Event,
    id::CustomerId,
    profile::{NeedsRefold, Profile, Subject},
};
use rapport_io::{StoreError, profiles::Versioned};
use rapport_lambda::Metric;
use std::collections::{BTreeMap, BTreeSet};

/// What one owner is to take in.
#[derive(Default)]
pub(crate) struct Share {
    /// Events that name the owner.
    pub(crate) own: Vec<Event>,
    /// Those of its aliases.
    pub(crate) portions: Vec<Portion>,
}

/// What one alias hands to its owner.
pub(crate) struct Portion {
    /// Which; then, where it comes from further below, everybody on the way up, the owner last but not among them.
    pub(crate) way: Vec<Subject>,
    /// The events that name it.
    pub(crate) events: Vec<Event>,
    /// All it was folded from, where the link is fresh.
    pub(crate) past: Option<Profile>,
    /// Whether the last on the way was just written, and belonged to the owner at that moment, as did all below.
    pub(crate) is_written: bool,
}

/// What became of a share.
pub(crate) enum Handed {
    /// The owner has it.
    Taken,
    /// The owner has it, and so is to have whoever the owner belongs to.
    On(Subject, Vec<Portion>),
    /// Only a refold of the owner is exact, and of everybody above.
    NeedsRefold(Subject),
}

/// Folds `share` into the profile of `owner`, whose `row` was read before any alias was written; `None` when it was not read then.
pub(crate) async fn hand_over(
    app: &App,
    placing: &Placing,
    (owner, mut share): (Subject, Share),
    row: Option<Option<Versioned>>,
) -> Result<Handed, FoldError> {
    // What came under an alias was counted there.
    app.metrics.add(Metric::Folded, share.own.len());
    let mut is_vouched = row.is_some() && share.portions.iter().all(|portion| portion.is_written);
    let mut stored = match row {
        Some(row) => row,
        None => reread(app, &owner).await?,
    };
    for attempt in 0..ATTEMPTS {
        let Some(Opened { mut profile, version, owner: above, standing }) = open(&owner, stored) else {
            return Ok(Handed::NeedsRefold(owner));
        };
        let Ok(is_changed) = take(&mut profile, &share) else { return Ok(Handed::NeedsRefold(owner)) };
        if !is_changed {
            app.metrics.add(Metric::Copies, share.own.len());
            return Ok(above.customer.map_or(Handed::Taken, |above| handed_on(owner, share, above, false)));
        }
        if !is_vouched && !still_belong(app, &owner, &mut share).await? {
            // What is left is taken into the row as it was.
            stored = reread(app, &owner).await?;
            continue;
        }
        match placing.put(app, &profile, &above, &standing, version).await {
            Ok(()) => return Ok(above.customer.map_or(Handed::Taken, |above| handed_on(owner, share, above, true))),
            Err(StoreError::Conflict { .. }) => {
                step_back(app, attempt, &owner).await;
                stored = reread(app, &owner).await?;
                is_vouched = share.portions.is_empty();
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(conflict(&owner).into())
}

/// `share`, which `owner` has, to the customer `above`.
fn handed_on(owner: Subject, share: Share, above: CustomerId, is_written: bool) -> Handed {
    let mut portions = share.portions;
    for portion in &mut portions {
        portion.way.push(owner.clone());
        portion.is_written &= is_written;
    }
    if !share.own.is_empty() {
        portions.push(Portion { way: vec![owner], events: share.own, past: None, is_written });
    }
    Handed::On(Subject::Customer(above), portions)
}

fn take(profile: &mut Profile, share: &Share) -> Result<bool, NeedsRefold> {
    let events: Vec<Event> = share.own.iter().chain(share.portions.iter().flat_map(|portion| &portion.events)).cloned().collect();
    let mut is_changed = profile.fold(&events)?;
    for past in share.portions.iter().filter_map(|portion| portion.past.as_ref()) {
        is_changed |= profile.absorb(past)?;
    }
    Ok(is_changed)
}

/// Drops what no longer belongs to `owner`; whether everything still does.
async fn still_belong(app: &App, owner: &Subject, share: &mut Share) -> Result<bool, StoreError> {
    let on_ways: BTreeSet<Subject> = share.portions.iter().flat_map(|portion| portion.way.iter().cloned()).collect();
    let on_ways: Vec<Subject> = on_ways.into_iter().collect();
    let rows = app.profiles.get(&on_ways, true).await?;
    let told: BTreeMap<Subject, Subject> =
        on_ways.into_iter().zip(rows).filter_map(|(alias, row)| Some((alias, Subject::Customer(row?.owner()?.clone())))).collect();
    let before = share.portions.len();
    share.portions.retain(|portion| {
        let above = portion.way.iter().skip(1).chain([owner]);
        portion.way.iter().zip(above).all(|(alias, above)| told.get(alias) == Some(above))
    });
    Ok(share.portions.len() == before)
}

/// Makes the rows of `subjects` say who owns them, as the identities table has it, where they do not.
pub(crate) async fn tell_owners(app: &App, subjects: &[Subject]) -> Result<(), FoldError> {
    for chunk in subjects.chunks(READ_AT_ONCE) {
        let mut left = chunk.to_vec();
        for _ in 0..ATTEMPTS {
            left = tell_some(app, left).await?;
        }
        if let Some(subject) = left.first() {
            return Err(conflict(subject).into());
        }
    }
    Ok(())
}

/// Gives those whose rows somebody else wrote meanwhile.
///
/// Rows are read before the table: whoever changes that tells the rows afterwards, and one of the two finds a conflict.
async fn tell_some(app: &App, subjects: Vec<Subject>) -> Result<Vec<Subject>, StoreError> {
    if subjects.is_empty() {
        return Ok(subjects);
    }
    let rows = app.profiles.get(&subjects, true).await?;
    let owners = app.identities.owners(&subjects).await?;
    let mut left = Vec::new();
    for ((subject, owner), row) in subjects.into_iter().zip(owners).zip(rows) {
        let told = row.as_ref().and_then(|row| row.ownership.clone());
        if told.as_ref().is_some_and(|told| *told == owner) {
            continue;
        }
        let version = row.as_ref().map(|row| row.version);
        // Who belongs to somebody stands nowhere.
        let standing = row.as_ref().filter(|_| owner.customer.is_none()).map(Versioned::standing).unwrap_or_default();
        let profile = row.and_then(|row| row.profile.ok()).unwrap_or_else(|| Profile::new(subject.clone()));
        match app.profiles.put(&profile, &owner, &standing, version).await {
            Ok(()) => {}
            Err(StoreError::Conflict { .. }) => left.push(subject),
            Err(error) => return Err(error),
        }
    }
    Ok(left)
}
