//! Where customers stand, written with their profiles; and the minute's look at those whom time alone moves, or a new definition.
//!
//! Whoever writes a profile works out from that very profile where its subject stands, and writes both in one row: no crash or race
//! parts them. Before, the time to look again is planned, so that it is never missing; a look in vain costs a read.
//!
//! An id that belongs to a customer stands nowhere of its own: its row says who owns it, and whoever writes the row reads that there.

use crate::{App, FoldError, fold::conflict, owner::tell_owners, ruling::Ruling};
use futures::{StreamExt, TryStreamExt, stream};
use rapport_core::{
    profile::{Profile, Subject},
    segment::Standing,
    time::{MINUTE_MS, Timestamp},
};
use rapport_io::{
    StoreError,
    profiles::{Ownership, Versioned},
    segments::{Look, Progress},
};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};

/// How many customers are read at once: what one round trip carries.
const READ_AT_ONCE: usize = 100;
/// How many are written at once.
const WRITE_AT_ONCE: usize = 16;
/// How often a write that lost a race is tried again.
const ATTEMPTS: u32 = 8;
/// Longer than a fold takes. A look stays so long after it was due: a fold that is late may just have planned it. And everybody is looked
/// at once more so long after a change: a fold that began under the old rules has ended by then.
const FOLDS_TAKE_MS: i64 = 3 * MINUTE_MS;
/// How often everybody is looked at after a change.
const PASSES: u8 = 2;
/// Pages of profiles that one run looks at anew; the next minute goes on where it stopped.
const PAGES_A_RUN: usize = 40;
/// Pages of due looks that one run takes.
const DUE_PAGES_A_RUN: usize = 100;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Looks that were due.
    pub due: usize,
    /// Customers looked at because a definition or a cut-off changed.
    pub anew: usize,
    /// Memberships that began or ended.
    pub transitions: usize,
    /// Whether there is more to do at once.
    pub more: bool,
}

/// Where those are put whose profiles are written.
pub(crate) struct Placing {
    /// None where only devices are concerned.
    ruling: Option<Arc<Ruling>>,
    now: Timestamp,
}

impl Placing {
    /// For `subjects`, at `now`.
    pub(crate) async fn of(app: &App, mut subjects: impl Iterator<Item = &Subject>, now: Timestamp) -> Result<Self, StoreError> {
        let ruling = if subjects.any(is_person) { Some(Ruling::known(app, now).await?) } else { None };
        Ok(Self { ruling, now })
    }

    fn place(&self, profile: &Profile, owner: &Ownership, before: &Standing) -> Standing {
        match &self.ruling {
            _ if owner.customer.is_some() => Standing::default(),
            Some(ruling) => ruling.place(profile, before, self.now),
            None => before.clone(),
        }
    }

    /// Writes `profile` and its subject's owner over `version`, and where the subject stands, having stood at `before`.
    pub(crate) async fn put(
        &self,
        app: &App,
        profile: &Profile,
        owner: &Ownership,
        before: &Standing,
        version: Option<u64>,
    ) -> Result<(), StoreError> {
        self.put_at(app, profile, owner, (before, &self.place(profile, owner, before)), version).await
    }

    async fn put_at(
        &self,
        app: &App,
        profile: &Profile,
        owner: &Ownership,
        (before, after): (&Standing, &Standing),
        version: Option<u64>,
    ) -> Result<(), StoreError> {
        if let Some(at) = after.next_change_at.filter(|_| after.next_change_at != before.next_change_at) {
            app.segments.plan(&Look { at, subject: profile.subject.clone() }).await?;
        }
        app.profiles.put(profile, owner, after, version).await
    }
}

/// Whether somebody of this id can be in a segment: a customer, or a guest by address.
pub(crate) const fn is_person(subject: &Subject) -> bool {
    !matches!(subject, Subject::Device(_))
}

/// Those whom time may have changed; and everybody, a part a run, while something that decides memberships is new.
///
/// # Errors
/// [`FoldError`] when a store does not answer; the next run goes on.
pub(crate) async fn sweep(app: &App, now: Timestamp) -> Result<Swept, FoldError> {
    let ruling = Ruling::read(app, now).await?;
    let progress = app.segments.progress().await?;
    let placing = Placing { ruling: Some(Arc::clone(&ruling)), now };
    let mut swept = Swept::default();
    take_due(app, &placing, &mut swept).await?;
    look_anew(app, (&placing, &ruling.fingerprint), progress, &mut swept).await?;
    if swept.anew + swept.transitions > 0 {
        tracing::info!(due = swept.due, anew = swept.anew, transitions = swept.transitions, "segments were swept");
    }
    Ok(swept)
}

async fn take_due(app: &App, placing: &Placing, swept: &mut Swept) -> Result<(), FoldError> {
    let mut next = None;
    for _ in 0..DUE_PAGES_A_RUN {
        let (looks, more) = app.segments.due(placing.now, next).await?;
        for looks in looks.chunks(READ_AT_ONCE) {
            let subjects: Vec<Subject> = looks.iter().map(|look| look.subject.clone()).collect();
            let stored = app.profiles.get(&subjects, true).await?;
            let found = subjects.into_iter().zip(stored).filter_map(|(subject, stored)| Some((subject, stored?)));
            swept.transitions += settle(app, placing, found.collect()).await?;
            let mut over = looks.to_vec();
            over.retain(|look| placing.now.since_ms(look.at) >= FOLDS_TAKE_MS);
            let over = over.into_iter().map(|look| async move { app.segments.looked(&look).await });
            stream::iter(over).buffer_unordered(WRITE_AT_ONCE).try_collect::<()>().await?;
        }
        swept.due += looks.len();
        next = more;
        if next.is_none() {
            return Ok(());
        }
    }
    swept.more = true;
    Ok(())
}

async fn look_anew(app: &App, (placing, fingerprint): (&Placing, &str), mut at: Progress, swept: &mut Swept) -> Result<(), FoldError> {
    if at.fingerprint != fingerprint {
        at = Progress { fingerprint: fingerprint.to_owned(), began: placing.now, ..Progress::default() };
    }
    let waits = at.passes > 0 && at.cursor.is_none() && placing.now.since_ms(at.began) < FOLDS_TAKE_MS;
    if at.passes >= PASSES || waits {
        return Ok(());
    }
    for _ in 0..PAGES_A_RUN {
        let (people, more) = app.profiles.people(at.cursor.take()).await?;
        swept.anew += people.len();
        swept.transitions += settle(app, placing, people).await?;
        at.cursor = more;
        if at.cursor.is_none() {
            at.passes += 1;
            break;
        }
    }
    swept.more |= at.cursor.is_some();
    Ok(app.segments.put_progress(&at).await?)
}

/// Puts `people` where they are to stand; gives how many memberships began or ended.
async fn settle(app: &App, placing: &Placing, people: Vec<(Subject, Versioned)>) -> Result<usize, FoldError> {
    // Looks of one customer come in twos.
    let mut people: BTreeMap<Subject, Versioned> = people.into_iter().collect();
    let untold = people.iter().filter(|(_, stored)| stored.ownership.is_none());
    let untold: Vec<Subject> = untold.map(|(subject, _)| subject.clone()).collect();
    if !untold.is_empty() {
        // An earlier release wrote them.
        tell_owners(app, &untold).await?;
        for chunk in untold.chunks(READ_AT_ONCE) {
            let told = app.profiles.get(chunk, true).await?;
            people.extend(chunk.iter().cloned().zip(told).filter_map(|(subject, stored)| Some((subject, stored?))));
        }
    }
    let settled = people.into_iter().map(|(subject, stored)| settle_one(app, placing, subject, stored));
    let settled: Vec<usize> = stream::iter(settled).buffer_unordered(WRITE_AT_ONCE).try_collect().await?;
    Ok(settled.into_iter().sum())
}

async fn settle_one(app: &App, placing: &Placing, subject: Subject, mut stored: Versioned) -> Result<usize, FoldError> {
    for _ in 0..ATTEMPTS {
        let Ok(profile) = &stored.profile else {
            app.identities.ask_refold(&subject, "its profile cannot be read").await?;
            return Ok(0);
        };
        let (owner, before) = (stored.ownership.clone().unwrap_or_default(), stored.standing());
        let after = placing.place(profile, &owner, &before);
        if after == before {
            return Ok(0);
        }
        match placing.put_at(app, profile, &owner, (&before, &after), Some(stored.version)).await {
            Ok(()) => return Ok(after.transitions(&before, &subject).count()),
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        match app.profiles.get(std::slice::from_ref(&subject), true).await?.pop().flatten() {
            Some(again) => stored = again,
            None => return Ok(0),
        }
    }
    Err(conflict(&subject).into())
}
