//! One object's events into the profiles they belong to.
//!
//! Two deliveries may race: one links a device to a customer while the other folds the device's events. The device's own row settles it,
//! because it says who owns the device. A linker records the link and writes the owner into that row; what stood there before, it hands to
//! the owner. Whoever folds the device's events afterwards finds the owner in the row, and hands the events on. Every write names the
//! version that was read, so nobody's events fall in between, and reads may be a moment old.
//!
//! An owner may lose an alias to another word. So (1) rows are read, those of owners among them, (2) aliases are written, and (3) owners:
//! at (2) the alias was still theirs, and whoever takes it away later has the owner folded anew after that. Where (2) had nothing to
//! write, whose it is is read again.
//!
//! An owner may be an alias, too, of a customer it was merged into: what it takes in, it hands on, one step after the other. Merging customers
//! itself is seen to by refolds alone, since it moves everything that they have.

use crate::{
    App, FoldError,
    owner::{Handed, Portion, Share, hand_over},
    refold,
    segments::Placing,
};
use futures::{StreamExt, TryStreamExt, stream};
use rapport_core::{
    event::Event,
    identity::{Word, words},
    profile::{Alias, Profile, Subject, subjects},
    segment::Standing,
    time::Timestamp,
};
use rapport_io::{
    StoreError,
    identities::Tie,
    profiles::{Ownership, Versioned},
};
use rapport_lambda::Metric;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many profiles are read at once: what one round trip carries.
pub(crate) const READ_AT_ONCE: usize = 100;
/// How many profiles are written at once.
pub(crate) const WRITE_AT_ONCE: usize = 16;
/// How often a write that lost a race is tried again before the message is handed back.
pub(crate) const ATTEMPTS: u32 = 8;
/// Up to so many refolds are done at once; more wait for the job, which reads the log once for all.
const FEW_REFOLDS: usize = 25;
/// Customers merged into each other, one above the other; whoever is above so many is folded anew.
const MOST_STEPS: usize = 8;

/// Events by the subject they are folded into.
type BySubject = BTreeMap<Subject, Vec<Event>>;
/// Rows by their subject, as they were read.
type Rows = BTreeMap<Subject, Option<Versioned>>;
/// Who is to own an alias, by words whose owner may be without what the alias did before.
type Claims = BTreeMap<Alias, Ownership>;

/// Folds `events`, which the log holds in `object`.
pub(crate) async fn events(app: &App, object: &str, events: &[Event], now: Timestamp) -> Result<(), FoldError> {
    let said: Vec<Word> = events.iter().flat_map(words).collect();
    let fresh = app.identities.hear(&said, Some(object)).await?;
    let claims = claims(&fresh);
    let mut refolds = app.identities.stirred(&fresh).await?;
    // Who is refolded gets these events from the log, and so does their owner.
    let mut named = by_subject(events);
    named.retain(|subject, _| !refolds.contains(subject));
    for alias in claims.keys() {
        named.entry(alias.clone()).or_default();
    }
    let named: Vec<(Subject, Vec<Event>)> = named.into_iter().collect();
    for part in named.chunks(READ_AT_ONCE) {
        fold_part(app, part, &claims, &mut refolds, now).await?;
    }
    ask_refolds(app, object, refolds, &fresh, now).await
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

/// What the rows of aliases are to say. Rows of customers are told by refolds, which see rings.
fn claims(fresh: &[Tie]) -> Claims {
    let fresh = fresh.iter().filter(|tie| !is_customer(&tie.alias));
    fresh.map(|tie| (tie.alias.clone(), tie.ownership())).collect()
}

const fn is_customer(alias: &Alias) -> bool {
    matches!(alias, Subject::Customer(_))
}

/// Folds a part of the groups, then what of it belongs to owners; adds the subjects for which only a refold is exact to `refolds`.
async fn fold_part(
    app: &App,
    part: &[(Subject, Vec<Event>)],
    claims: &Claims,
    refolds: &mut BTreeSet<Subject>,
    now: Timestamp,
) -> Result<(), FoldError> {
    let mut rows = read(app, part.iter().map(|(subject, _)| subject.clone()).collect()).await?;
    let told = rows.values().flatten().filter_map(Versioned::owner);
    let claimed = part.iter().filter_map(|(subject, _)| claims.get(subject)?.customer.as_ref());
    let owners: BTreeSet<Subject> = told.chain(claimed).cloned().map(Subject::Customer).collect();
    rows.append(&mut read(app, owners.iter().filter(|owner| !rows.contains_key(owner)).cloned().collect()).await?);

    // An owner that is nobody's alias is written once, with its own events and its aliases'.
    let waits = |subject: &Subject| {
        let is_told_nobodys = |row: &Versioned| row.ownership.as_ref().is_some_and(|told| told.customer.is_none());
        let is_nobodys = rows.get(subject).is_some_and(|row| row.as_ref().is_none_or(is_told_nobodys));
        is_nobodys && owners.contains(subject) && !claims.contains_key(subject)
    };
    let (waiting, first): (Vec<_>, Vec<_>) = part.iter().partition(|(subject, _)| waits(subject));
    let placing = Placing::of(app, first.iter().map(|(subject, _)| subject), now).await?;
    let folds: Vec<_> = first
        .into_iter()
        .map(|(subject, events)| fold_one(app, &placing, (subject, events, claims.get(subject)), rows.remove(subject).flatten()))
        .collect();
    let taken: Vec<(Subject, Taken)> = stream::iter(folds).buffer_unordered(WRITE_AT_ONCE).try_collect().await?;

    let mut shares: BTreeMap<Subject, Share> = BTreeMap::new();
    for (subject, events) in waiting {
        shares.entry(subject.clone()).or_default().own.extend_from_slice(events);
    }
    for (subject, taken) in taken {
        match taken {
            Taken::Alone => {}
            Taken::Owned(owner, portion) => shares.entry(owner).or_default().portions.push(portion),
            Taken::NeedsRefold => refolds.extend([subject]),
        }
    }
    for _ in 0..MOST_STEPS {
        shares.retain(|owner, _| !refolds.contains(owner));
        if shares.is_empty() {
            return Ok(());
        }
        // An alias may have got an owner only now, who is a person even where only devices were read.
        let placing = Placing::of(app, shares.keys(), now).await?;
        let shared: Vec<_> = shares.into_iter().map(|(owner, share)| (rows.remove(&owner), owner, share)).collect();
        let handed = shared.into_iter().map(|(row, owner, share)| hand_over(app, &placing, (owner, share), row));
        let handed: Vec<Handed> = stream::iter(handed).buffer_unordered(WRITE_AT_ONCE).try_collect().await?;
        shares = BTreeMap::new();
        for handed in handed {
            match handed {
                Handed::Taken => {}
                Handed::On(above, portions) => shares.entry(above).or_default().portions.extend(portions),
                Handed::NeedsRefold(owner) => refolds.extend([owner]),
            }
        }
    }
    refolds.extend(shares.into_keys());
    Ok(())
}

/// The rows of `subjects`, perhaps a moment old.
async fn read(app: &App, subjects: Vec<Subject>) -> Result<Rows, StoreError> {
    let rows = app.profiles.get(&subjects, false).await?;
    Ok(subjects.into_iter().zip(rows).collect())
}

/// What became of one group.
#[expect(clippy::large_enum_variant, reason = "a few live at a time, each as long as its fold")]
enum Taken {
    /// It concerns nobody else.
    Alone,
    /// Its subject belongs to somebody, who is to have it too.
    Owned(Subject, Portion),
    /// Only a refold is exact, of the subject and its owner.
    NeedsRefold,
}

/// Folds one group into its subject's profile, and writes down who owns the subject.
async fn fold_one(
    app: &App,
    placing: &Placing,
    (subject, events, claim): (&Subject, &[Event], Option<&Ownership>),
    mut stored: Option<Versioned>,
) -> Result<(Subject, Taken), FoldError> {
    app.metrics.add(Metric::Folded, events.len());
    // Robots are in no profile, and no copies for that.
    let told = events.iter().filter(|event| event.traffic.is_human()).count();
    for attempt in 0..ATTEMPTS {
        let Some(Opened { mut profile, version, owner: owned, standing }) = open(subject, stored) else {
            return Ok((subject.clone(), Taken::NeedsRefold));
        };
        let owner = Ownership::newer(owned.clone(), claim.cloned());
        let before = known(&profile);
        let Ok(is_changed) = profile.fold(events) else { return Ok((subject.clone(), Taken::NeedsRefold)) };
        let copies = told.saturating_sub(known(&profile) - before);
        let is_written = is_changed || owner != owned;
        if is_written {
            match placing.put(app, &profile, &owner, &standing, version).await {
                Ok(()) => {}
                Err(StoreError::Conflict { .. }) => {
                    step_back(app, attempt, subject).await;
                    stored = reread(app, subject).await?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
        }
        app.metrics.add(Metric::Copies, copies);
        let Some(customer) = owner.customer else { return Ok((subject.clone(), Taken::Alone)) };
        let is_claimed = claim.is_some_and(|claim| claim.customer.as_ref() == Some(&customer));
        let past = (is_claimed && !(profile.is_empty() && profile.erased_at.is_none())).then_some(profile);
        let portion = Portion { way: vec![subject.clone()], events: events.to_vec(), past, is_written };
        return Ok((subject.clone(), Taken::Owned(Subject::Customer(customer), portion)));
    }
    Err(conflict(subject).into())
}

/// How many events a profile counts.
fn known(profile: &Profile) -> usize {
    usize::try_from(profile.totals().events).unwrap_or(usize::MAX).saturating_add(profile.open().len())
}

/// A profile to fold into, and what a write must name.
pub(crate) struct Opened {
    pub(crate) profile: Profile,
    pub(crate) version: Option<u64>,
    pub(crate) owner: Ownership,
    pub(crate) standing: Standing,
}

/// `None` when the row is to be written anew: this release cannot read it, or an earlier one wrote it and said nothing of owners.
pub(crate) fn open(subject: &Subject, stored: Option<Versioned>) -> Option<Opened> {
    let Some(stored) = stored else {
        let (profile, owner, standing) = (Profile::new(subject.clone()), Ownership::default(), Standing::default());
        return Some(Opened { profile, version: None, owner, standing });
    };
    let (standing, version) = (stored.standing(), Some(stored.version));
    match (stored.profile, stored.ownership) {
        (Ok(_), None) => None,
        (Ok(profile), Some(owner)) => Some(Opened { profile, version, owner, standing }),
        (Err(error), _) => {
            tracing::warn!(%error, "a stored profile cannot be read and is folded anew");
            None
        }
    }
}

/// The row as it is now.
pub(crate) async fn reread(app: &App, subject: &Subject) -> Result<Option<Versioned>, StoreError> {
    Ok(app.profiles.get(std::slice::from_ref(subject), true).await?.pop().flatten())
}

/// Notes the refolds durably, then that what was `fresh` is settled, and does the refolds if they are few.
async fn ask_refolds(app: &App, object: &str, refolds: BTreeSet<Subject>, fresh: &[Tie], now: Timestamp) -> Result<(), FoldError> {
    let asks = refolds.iter().cloned().map(|subject| async move { app.identities.ask_refold(&subject, object).await });
    stream::iter(asks).buffer_unordered(WRITE_AT_ONCE).try_collect::<()>().await?;
    let settled = fresh.iter().cloned().map(|tie| async move { app.identities.settled(&tie).await });
    stream::iter(settled).buffer_unordered(WRITE_AT_ONCE).try_collect::<()>().await?;
    if !refolds.is_empty() && refolds.len() <= FEW_REFOLDS {
        refold::waiting(app, now).await?;
    }
    Ok(())
}

/// Waits a little longer each time, and a different while for each subject, so that two writers do not keep step.
pub(crate) async fn step_back(app: &App, attempt: u32, subject: &Subject) {
    if app.step_back_ms == 0 {
        return;
    }
    let spread = rapport_core::digest::short_hash(format!("{attempt}{subject}").as_bytes()) % 20;
    tokio::time::sleep(Duration::from_millis((app.step_back_ms << attempt.min(6)) + spread)).await;
}

pub(crate) fn conflict(subject: &Subject) -> StoreError {
    StoreError::Conflict { what: format!("profile {subject}") }
}
