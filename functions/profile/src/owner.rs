//! What aliases took in, into the profiles of whom they belong to.

use crate::{
    App, FoldError,
    fold::{ATTEMPTS, Opened, READ_AT_ONCE, conflict, open, reread, step_back},
    segments::Placing,
};
use rapport_core::{
    event::Event,
    profile::{NeedsRefold, Profile, Subject},
};
use rapport_io::{
    StoreError,
    profiles::{OwnedBy, Ownership, Versioned},
};
use rapport_lambda::Metric;

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
    /// Which.
    pub(crate) alias: Subject,
    /// The events that name it.
    pub(crate) events: Vec<Event>,
    /// All it was folded from, where the link is fresh.
    pub(crate) past: Option<Profile>,
    /// Whether its row was just written, and so was its owner's at that moment.
    pub(crate) is_written: bool,
}

/// Folds `share` into the profile of `owner`, whose `row` was read before any alias was written; `None` when it was not read then. Gives
/// the owner when only a refold is exact.
pub(crate) async fn hand_over(
    app: &App,
    placing: &Placing,
    (owner, mut share): (Subject, Share),
    row: Option<Option<Versioned>>,
) -> Result<Option<Subject>, FoldError> {
    // What came under an alias was counted there.
    app.metrics.add(Metric::Folded, share.own.len());
    let mut is_vouched = row.is_some() && share.portions.iter().all(|portion| portion.is_written);
    let mut stored = match row {
        Some(row) => row,
        None => reread(app, &owner).await?,
    };
    for attempt in 0..ATTEMPTS {
        let Some(Opened { mut profile, version, owner: above, standing }) = open(&owner, stored) else { return Ok(Some(owner)) };
        // Somebody linked the owner itself meanwhile: its own events are not its own alone.
        if above.is_some() && !share.own.is_empty() {
            return Ok(Some(owner));
        }
        match take(&mut profile, &share) {
            Err(_needs) => return Ok(Some(owner)),
            Ok(false) => {
                app.metrics.add(Metric::Copies, share.own.len());
                return Ok(None);
            }
            Ok(true) => {}
        }
        if !is_vouched && !still_belong(app, &owner, &mut share).await? {
            // What is left is taken into the row as it was.
            stored = reread(app, &owner).await?;
            continue;
        }
        match placing.put(app, &profile, above.as_ref(), &standing, version).await {
            Ok(()) => return Ok(None),
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
    let aliases: Vec<Subject> = share.portions.iter().map(|portion| portion.alias.clone()).collect();
    let rows = app.profiles.get(&aliases, true).await?;
    let before = share.portions.len();
    let mut belongs = rows.into_iter().map(|row| {
        let told = row.as_ref().and_then(|row| row.ownership.owner());
        told.is_some_and(|told| Subject::Customer(told.customer.clone()) == *owner)
    });
    share.portions.retain(|_| belongs.next().unwrap_or(false));
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
async fn tell_some(app: &App, subjects: Vec<Subject>) -> Result<Vec<Subject>, StoreError> {
    if subjects.is_empty() {
        return Ok(subjects);
    }
    let (owners, rows) = (app.identities.owners(&subjects).await?, app.profiles.get(&subjects, true).await?);
    let mut left = Vec::new();
    for ((subject, owner), row) in subjects.into_iter().zip(owners).zip(rows) {
        let told = row.as_ref().map(|row| row.ownership.clone());
        let known = told.as_ref().and_then(|told| told.owner().cloned());
        let holds = OwnedBy::earlier(known.clone(), owner.as_ref().map(Into::into));
        let is_same = holds.as_ref().map(|owner| &owner.customer) == known.as_ref().map(|owner| &owner.customer);
        if is_same && told != Some(Ownership::Untold) {
            continue;
        }
        let version = row.as_ref().map(|row| row.version);
        // Who belongs to somebody stands nowhere.
        let standing = row.as_ref().filter(|_| holds.is_none()).map(Versioned::standing).unwrap_or_default();
        let profile = row.and_then(|row| row.profile.ok()).unwrap_or_else(|| Profile::new(subject.clone()));
        match app.profiles.put(&profile, holds.as_ref(), &standing, version).await {
            Ok(()) => {}
            Err(StoreError::Conflict { .. }) => left.push(subject),
            Err(error) => return Err(error),
        }
    }
    Ok(left)
}
