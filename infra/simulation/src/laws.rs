//! What must hold once all is quiet.

use crate::reference::{Given, House};
use rapport_archive::Archive;
use rapport_core::{
    auth::Keyring,
    event::{Action, Event, Purpose, encode_line},
    features::{Basis, CutOffs, Facts},
    id::CustomerId,
    identity::Claims,
    money::Currency,
    profile::{Profile, Subject, subjects},
    segment::{Segments, Standing},
    source::{ConsentMode, Delivery, Parsed, Route, Shop, parse},
    time::{MINUTE_MS, Timestamp},
};
use rapport_io::{
    Objects, Records, StoreError, inbox,
    layout::{self, Table},
    profiles::Versioned,
};
use rapport_lambda::Job;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A law that was broken: which, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// In words.
    pub law: &'static str,
    /// By whom or what.
    pub by: Vec<String>,
}

/// A law that `by` breaks, if any does.
pub(crate) fn hold(law: &'static str, by: impl IntoIterator<Item = String>) -> Result<(), Broken> {
    let by: Vec<String> = by.into_iter().collect();
    if by.is_empty() { Ok(()) } else { Err(Broken { law, by }) }
}

fn failed(error: impl std::fmt::Display) -> Broken {
    Broken { law: "a store in fair weather answers", by: vec![error.to_string()] }
}

/// Every event of log and archive.
async fn held(house: &House) -> Result<Vec<Event>, Broken> {
    let archive = Archive::new(Arc::clone(&house.objects) as _);
    let mut held = Vec::new();
    for key in archive.keys().await.map_err(failed)? {
        held.extend(archive.read(&key).await.map_err(failed)?);
    }
    for key in house.apps.log.keys(None).await.map_err(failed)? {
        held.extend(house.apps.log.read(&key).await.map_err(failed)?.unwrap_or_default().events);
    }
    Ok(held)
}

fn line(event: &Event) -> Vec<u8> {
    let mut line = Vec::new();
    encode_line(event, &mut line);
    line
}

/// Who asked to be forgotten, and until when.
struct Erasures(BTreeMap<Subject, Timestamp>);

impl Erasures {
    fn of(events: &[Event]) -> Self {
        let mut erasures = BTreeMap::new();
        for event in events.iter().filter(|event| matches!(event.action, Action::Erased)) {
            for subject in subjects(event) {
                let until = erasures.entry(subject).or_insert(event.at);
                *until = event.at.max(*until);
            }
        }
        Self(erasures)
    }

    fn cover(&self, event: &Event) -> bool {
        let until = subjects(event).into_iter().filter_map(|subject| self.0.get(&subject).copied()).max();
        !matches!(event.action, Action::Erased) && until.is_some_and(|until| event.at <= until)
    }
}

/// What was acknowledged, or only accepted, is in the log, or in `rejected/`, or was erased at its owner's request; and nothing else is.
pub(crate) async fn custody(house: &House, given: &mut Given) -> Result<(), Broken> {
    let events = held(house).await?;
    let (lines, erasures): (BTreeSet<Vec<u8>>, _) = (events.iter().map(line).collect(), Erasures::of(&events));
    let rejected = rejected(house).await?;
    let keyring = Keyring::parse(crate::apps::KEYS).map_err(failed)?;
    let shop = Shop { currency: Currency::EUR, consent: given.consent, hash_key: &keyring.hash_key };
    let (mut missing, mut told) = (Vec::new(), BTreeSet::new());
    for body in &given.inbox {
        let envelope = inbox::open(house.objects.as_ref(), body).await.map_err(failed)?;
        let route: Route = envelope.route.parse().map_err(failed)?;
        let inbox::Envelope { received, authority, headers, body, .. } = &envelope;
        let Parsed { events, rejects, .. } =
            parse(&Delivery { route: &route, received: *received, authority: *authority, headers, body }, &shop);
        for event in events {
            let line = line(&event);
            if !lines.contains(&line) && !erasures.cover(&event) {
                missing.push(describe(&event));
            }
            told.insert(line);
        }
        missing.extend(rejects.into_iter().filter(|reject| !rejected.contains(&reject.raw)).map(|reject| reject.reason));
    }
    for direct in given.direct.iter().filter(|direct| direct.acknowledged) {
        missing.extend(direct.events.iter().filter(|event| !lines.contains(&line(event)) && !erasures.cover(event)).map(describe));
    }
    hold("what was accepted is in the log or in rejected/", missing)?;
    // Of what was erased since, nothing may be left.
    given.direct.retain(|direct| given.logged.contains(&direct.key));
    told.extend(given.direct.iter().flat_map(|direct| &direct.events).map(line));
    hold("what is in the log was accepted", events.iter().filter(|event| !told.contains(&line(event))).map(describe))
}

async fn rejected(house: &House) -> Result<BTreeSet<Vec<u8>>, Broken> {
    let rejects = rapport_io::rejects::Rejects::new(Arc::clone(&house.objects) as _);
    let mut raw = BTreeSet::new();
    for key in rejects.keys(None).await.map_err(failed)? {
        raw.extend(rejects.get(&key).await.map_err(failed)?.map(|reject| reject.raw));
    }
    Ok(raw)
}

fn describe(event: &Event) -> String {
    format!("{} ({} at {}, {:?})", event.id, event.action.name(), event.at, event.who)
}

/// Live profiles are what the log gives, nobody waits for a refold, and rows say who owns them.
pub(crate) async fn fold(house: &House) -> Result<(), Broken> {
    let waiting = house.apps.identities.waiting_refolds().await.map_err(failed)?;
    hold("nobody waits for a refold for ever", waiting.iter().map(|waiting| waiting.subject.to_string()))?;
    told(house).await?;
    let replayed = profile::replay(&house.apps.profile, None).await.map_err(failed)?;
    hold("live profiles are what a replay gives, byte for byte", replayed.differing.iter().map(ToString::to_string))
}

/// Once the clock has been looked at, everybody stands where their final profile says, has a look planned no later than when that changes,
/// and is listed as they stand. Who belongs to a customer stands nowhere, even before.
pub(crate) async fn standings(house: &House, given: &Given) -> Result<(), Broken> {
    let owned = owners(house).await?;
    let astray = people(house)
        .await?
        .into_iter()
        .filter(|(subject, stored)| owned.contains_key(&subject.to_string()) && !stored.standing().is_empty());
    hold("an alias stands nowhere of its own", astray.map(|(subject, _)| subject.to_string()))?;

    // All looks that a fold could still have planned late are over by then.
    let now = given.now.plus_ms(5 * MINUTE_MS);
    profile::run(&house.apps.profile, Job::Segments, now).await.map_err(failed)?;
    let (segments, cut_offs) = (Segments::with(Vec::new()), CutOffs::prior(Currency::EUR));
    let basis = Basis { currency: Currency::EUR, cut_offs: &cut_offs, catalog: None };
    let (mut listed, mut unplanned, mut wrong) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (subject, stored) in people(house).await? {
        let standing = stored.standing();
        let expected = match &stored.profile {
            Ok(profile) if !owned.contains_key(&subject.to_string()) && may_be_grouped(profile, given.consent) => {
                Standing::after(&Standing::default(), &segments, &Facts::of(profile, basis), now)
            }
            _ => Standing::default(),
        };
        let names = |standing: &Standing| standing.memberships.iter().map(|one| one.segment.to_string()).collect::<Vec<_>>();
        if names(&standing) != names(&expected) {
            wrong.push(format!("{subject} stands in {:?} and not in {:?}", names(&standing), names(&expected)));
        }
        let is_planned = match (standing.next_change_at, expected.next_change_at) {
            (Some(planned), Some(turns)) => planned <= turns && planned > now && has_look(house, &subject, planned).await?,
            (None, Some(_)) => false,
            (_, None) => true,
        };
        unplanned.extend((!is_planned).then(|| subject.to_string()));
        if !standing.memberships.is_empty() {
            let paid = stored.profile.as_ref().map(|profile| profile.whole().revenue_minor).unwrap_or_default();
            listed.insert(subject.to_string(), (standing, paid));
        }
    }
    hold("everybody stands where their profile says", wrong)?;
    hold("everybody is looked at no later than time changes them", unplanned)?;
    hold("who is in a segment is listed, with what they paid", differing(&listed, &members(house).await?))
}

fn may_be_grouped(profile: &Profile, unset: ConsentMode) -> bool {
    let told = profile.consent_for(Purpose::Personalization);
    !profile.is_empty() && told.map_or(unset == ConsentMode::OptOut, |told| told.value)
}

async fn has_look(house: &House, subject: &Subject, at: Timestamp) -> Result<bool, Broken> {
    let row = house.records.as_ref() as &dyn Records;
    Ok(row.get_one(Table::Segments, &layout::look(subject, at)).await.map_err(failed)?.is_some())
}

async fn people(house: &House) -> Result<Vec<(Subject, Versioned)>, Broken> {
    let (mut people, mut next) = (Vec::new(), None);
    loop {
        let (rows, more) = house.apps.profile.profiles.people(next).await.map_err(failed)?;
        people.extend(rows);
        next = more;
        if next.is_none() {
            return Ok(people);
        }
    }
}

async fn members(house: &House) -> Result<BTreeMap<String, (Standing, Vec<(Currency, i64)>)>, Broken> {
    let (mut members, mut next) = (BTreeMap::new(), None);
    loop {
        let page = house.apps.profile.profiles.members(next).await.map_err(failed)?;
        members.extend(page.rows.into_iter().map(|member| (member.subject.to_string(), (member.standing, member.paid))));
        next = page.next;
        if next.is_none() {
            return Ok(members);
        }
    }
}

/// Both houses hold the same profiles, identities and contacts.
pub(crate) async fn same(house: &House, other: &House) -> Result<(), Broken> {
    let (here, there) = (profiles(house).await?, profiles(other).await?);
    hold("profiles are those of a run without faults", differing(&here, &there))?;
    let (here, there) = (owners(house).await?, owners(other).await?);
    hold("aliases belong to whom they belong in a run without faults", differing(&here, &there))?;
    let (said_here, said_there) = (said(house).await?, said(other).await?);
    let differing_words = differing(&said_here, &said_there)
        .into_iter()
        .map(|alias| format!("{alias} is known by {:?} and not by {:?}", said_here.get(&alias), said_there.get(&alias)));
    hold("what is known of aliases is what is known in a run without faults", differing_words)?;
    let (here, there) = (aliases(house, &here).await?, aliases(other, &there).await?);
    hold("customers have the aliases that they have in a run without faults", differing(&here, &there))?;
    let (here, there) = (contacts(house).await?, contacts(other).await?);
    hold("contacts are those of a run without faults", differing(&here, &there))
}

fn differing<V: PartialEq + std::fmt::Debug>(here: &BTreeMap<String, V>, there: &BTreeMap<String, V>) -> Vec<String> {
    let keys: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
    keys.into_iter().filter(|key| here.get(*key) != there.get(*key)).cloned().collect()
}

async fn rows(house: &House, table: Table) -> Result<Vec<rapport_io::Record>, StoreError> {
    let (mut rows, mut next) = (Vec::new(), None);
    loop {
        let page = house.records.scan(table, true, next).await?;
        rows.extend(page.records);
        next = page.next;
        if next.is_none() {
            return Ok(rows);
        }
    }
}

/// Profiles that know something, by subject.
async fn profiles(house: &House) -> Result<BTreeMap<String, Vec<u8>>, Broken> {
    let mut profiles = BTreeMap::new();
    let mut next = None;
    loop {
        let (rows, more) = house.apps.profile.profiles.scan(next).await.map_err(failed)?;
        for (subject, body) in rows {
            let profile = Profile::from_bytes(&body).map_err(failed)?;
            if !profile.is_empty() || profile.erased_at.is_some() {
                profiles.insert(subject.to_string(), body.to_vec());
            }
        }
        next = more;
        if next.is_none() {
            return Ok(profiles);
        }
    }
}

/// Every alias' own row says who owns it.
async fn told(house: &House) -> Result<(), Broken> {
    let mut wrong = Vec::new();
    for tie in house.apps.identities.everything().await.map_err(failed)? {
        let alias = std::slice::from_ref(&tie.alias);
        let owner = house.apps.identities.owners(alias).await.map_err(failed)?.pop().unwrap_or_default().customer;
        let row = house.apps.profile.profiles.get(alias, true).await.map_err(failed)?.pop().flatten();
        let told = row.as_ref().and_then(|row| row.owner().cloned());
        if told != owner {
            wrong.push(format!("{} belongs to {owner:?} and says {told:?}", tie.alias));
        }
    }
    hold("an alias' own row says who owns it", wrong)
}

/// Alias → its owner, where it has one.
async fn owners(house: &House) -> Result<BTreeMap<String, CustomerId>, Broken> {
    let aliases: Vec<Subject> = house.apps.identities.everything().await.map_err(failed)?.into_iter().map(|tie| tie.alias).collect();
    let owners = house.apps.identities.owners(&aliases).await.map_err(failed)?;
    Ok(aliases.into_iter().zip(owners).filter_map(|(alias, owner)| Some((alias.to_string(), owner.customer?))).collect())
}

/// Alias → everything that was said about it.
async fn said(house: &House) -> Result<BTreeMap<String, Claims>, Broken> {
    let ties = house.apps.identities.everything().await.map_err(failed)?;
    Ok(ties.into_iter().map(|tie| (tie.alias.to_string(), tie.claims)).collect())
}

/// The aliases of every owner.
async fn aliases(house: &House, owners: &BTreeMap<String, CustomerId>) -> Result<BTreeMap<String, Vec<Subject>>, Broken> {
    let mut aliases = BTreeMap::new();
    for row in rows(house, Table::Identities).await.map_err(failed)? {
        if let (true, Some(Subject::Customer(customer))) = (row.key.sk.starts_with("alias#"), Subject::parse(&row.key.pk)) {
            aliases.insert(customer.to_string(), of_customer(house, &customer).await?);
        }
    }
    for owner in owners.values() {
        aliases.insert(owner.to_string(), of_customer(house, owner).await?);
    }
    aliases.retain(|_, aliases| !aliases.is_empty());
    Ok(aliases)
}

async fn of_customer(house: &House, customer: &CustomerId) -> Result<Vec<Subject>, Broken> {
    let mut aliases = house.apps.identities.aliases(customer).await.map_err(failed)?;
    aliases.sort();
    Ok(aliases)
}

async fn contacts(house: &House) -> Result<BTreeMap<String, BTreeMap<String, String>>, Broken> {
    let mut contacts = BTreeMap::new();
    for row in rows(house, Table::Contacts).await.map_err(failed)? {
        let Some(subject) = Subject::parse(&row.key.pk) else { continue };
        let known = house.apps.contacts.get(&subject).await.map_err(failed)?;
        if !known.is_empty() {
            contacts.insert(row.key.pk, known);
        }
    }
    Ok(contacts)
}

/// What was erased is in no archive, and everything is archived by then.
pub(crate) async fn archive(house: &House, now: Timestamp) -> Result<(), Broken> {
    train::archive(&house.apps.train, now).await.map_err(failed)?;
    // What is forgotten may ask for refolds, which the hour's job does.
    profile::run(&house.apps.profile, Job::Refold, now).await.map_err(failed)?;
    hold("old days are archived", house.apps.log.keys(None).await.map_err(failed)?)?;
    let events = held(house).await?;
    let erasures = Erasures::of(&events);
    hold("what was erased is in no archive", events.iter().filter(|event| erasures.cover(event)).map(describe))
}

/// Both houses learn the same, once both have archived: what is forgotten on the way may still teach.
pub(crate) async fn training(house: &House, other: &House, now: Timestamp) -> Result<(), Broken> {
    let mut learned = Vec::new();
    for house in [house, other] {
        train::train(&house.apps.train, now, |_| {}).await.map_err(failed)?;
        let models = house.objects.list("models/", None).await.map_err(failed)?;
        learned.push(models.into_iter().filter(|key| key.ends_with(".safetensors")).collect::<Vec<_>>());
    }
    hold("both runs learn the same model", if learned[0] == learned[1] { vec![] } else { vec![format!("{learned:?}")] })
}
