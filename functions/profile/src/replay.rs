//! All profiles from nothing, held against the live ones: the proof that nothing was lost and nothing counted twice.

use crate::{App, FoldError, fold::reread, history::every_event, owner::tell_owners, segments::Placing};
use rapport_core::{
    event::Event,
    identity::{Owners, Ties},
    profile::{Profile, Subject, refold, subjects},
    time::Timestamp,
};
use rapport_io::profiles::Versioned;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::RangeInclusive,
};

/// So many events are held at once; a longer history takes more passes over the log.
const EVENTS_PER_PASS: u64 = 1_500_000;

/// What a replay found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Events read, copies included.
    pub events: u64,
    /// Profiles that the log gives.
    pub profiles: usize,
    /// Subjects whose live profile is not, byte for byte, what the log gives; live ones that the log knows nothing of among them.
    pub differing: Vec<Subject>,
}

/// Computes every profile from log and archive and compares it with the stored one. With `mend` and the time, stores what the log says.
///
/// # Errors
/// [`FoldError`] when a store does not answer.
pub async fn replay(app: &App, mend: Option<Timestamp>) -> Result<Replayed, FoldError> {
    replay_those(app, None, mend).await
}

/// The same for those alone who did something at a time in `span`, each of them with their whole history.
///
/// # Errors
/// [`FoldError`] when a store does not answer.
pub async fn replay_span(app: &App, span: RangeInclusive<Timestamp>, mend: Option<Timestamp>) -> Result<Replayed, FoldError> {
    replay_those(app, Some(&span), mend).await
}

async fn replay_those(app: &App, span: Option<&RangeInclusive<Timestamp>>, mend: Option<Timestamp>) -> Result<Replayed, FoldError> {
    let mut replayed = Replayed::default();
    let ties = ties(app, &mut replayed.events).await?;
    let owners = ties.owners();
    let active = match span {
        Some(span) => Some(active(app, &owners, span).await?),
        None => None,
    };
    let is_asked = |subject: &Subject| active.as_ref().is_none_or(|active| active.contains(subject));
    if mend.is_some() {
        app.identities.learn(&ties).await?;
    }
    let live = live(app).await?;
    let mut seen = BTreeSet::new();
    let passes = replayed.events.div_ceil(EVENTS_PER_PASS).max(1);
    for pass in 0..passes {
        for (subject, events) in histories(app, &owners, |subject| part_of(subject, passes) == pass && is_asked(subject)).await? {
            let profile = refold(subject.clone(), &events);
            let bytes = profile.to_bytes().map_err(|source| unwritable(&subject, source))?;
            seen.insert(subject.clone());
            let is_nothing = profile.is_empty() && profile.erased_at.is_none();
            if live.get(&subject).map_or(is_nothing, |live| *live == hash(&bytes)) {
                continue;
            }
            if let Some(now) = mend {
                mend_one(app, &profile, now).await?;
            }
            replayed.differing.push(subject);
        }
    }
    replayed.profiles = seen.len();
    for (subject, live) in live.into_iter().filter(|(subject, _)| span.is_none() && !seen.contains(subject)) {
        let nothing = Profile::new(subject.clone());
        if hash(&nothing.to_bytes().map_err(|source| unwritable(&subject, source))?) == live {
            continue;
        }
        if let Some(now) = mend {
            mend_one(app, &nothing, now).await?;
        }
        replayed.differing.push(subject);
    }
    if mend.is_some() {
        tell_owners(app, &ties.iter().map(|(alias, _)| alias.clone()).collect::<Vec<_>>()).await?;
    }
    replayed.differing.sort();
    Ok(replayed)
}

/// Writes what the log says over what is there. Nothing is ever deleted: were a row gone, the next one would have a version that was seen
/// before, and a slow writer would take the one for the other.
async fn mend_one(app: &App, profile: &Profile, now: Timestamp) -> Result<(), FoldError> {
    let placing = Placing::of(app, std::iter::once(&profile.subject), now).await?;
    let stored = reread(app, &profile.subject).await?;
    let owner = stored.as_ref().and_then(|stored| stored.ownership.clone()).unwrap_or_default();
    let standing = stored.as_ref().map(Versioned::standing).unwrap_or_default();
    Ok(placing.put(app, profile, &owner, &standing, stored.as_ref().map(|stored| stored.version)).await?)
}

/// Everything that was said in the log about who is who. The table is asked, too: a word that was erased with the rest of what its customer
/// did is no longer in the archive, and an alias does not change hands because somebody was forgotten.
async fn ties(app: &App, events: &mut u64) -> Result<Ties, FoldError> {
    let mut ties = Ties::default();
    every_event(app, |event| {
        *events += 1;
        ties.hear(&event);
    })
    .await?;
    for tie in app.identities.everything().await? {
        ties.join(tie.alias, &tie.claims);
    }
    Ok(ties)
}

/// Who did something in `span`: those whom its events name, and whoever is above them.
async fn active(app: &App, owners: &Owners, span: &RangeInclusive<Timestamp>) -> Result<BTreeSet<Subject>, FoldError> {
    let mut active = BTreeSet::new();
    every_event(app, |event| {
        if span.contains(&event.at) {
            for named in subjects(&event) {
                active.extend(owners.above(&named));
                active.insert(named);
            }
        }
    })
    .await?;
    Ok(active)
}

async fn histories(app: &App, owners: &Owners, wanted: impl Fn(&Subject) -> bool) -> Result<HashMap<Subject, Vec<Event>>, FoldError> {
    let mut histories: HashMap<Subject, Vec<Event>> = HashMap::new();
    every_event(app, |event| {
        for named in subjects(&event) {
            let above = owners.above(&named);
            for subject in std::iter::once(named).chain(above).filter(&wanted) {
                histories.entry(subject).or_default().push(event.clone());
            }
        }
    })
    .await?;
    Ok(histories)
}

/// A hash of each live profile's bytes.
async fn live(app: &App) -> Result<BTreeMap<Subject, u64>, FoldError> {
    let mut live = BTreeMap::new();
    let mut next = None;
    loop {
        let (rows, more) = app.profiles.scan(next).await?;
        live.extend(rows.into_iter().map(|(subject, bytes)| (subject, hash(&bytes))));
        match more {
            Some(more) => next = Some(more),
            None => return Ok(live),
        }
    }
}

fn unwritable(subject: &Subject, source: rapport_core::profile::ProfileError) -> rapport_io::StoreError {
    rapport_io::StoreError::Refused { what: format!("profile {subject}"), source: source.into() }
}

fn hash(bytes: &[u8]) -> u64 {
    rapport_core::digest::short_hash(bytes)
}

fn part_of(subject: &Subject, parts: u64) -> u64 {
    hash(subject.to_string().as_bytes()) % parts
}
