//! The same sends in another order and in fair weather: what a run must come to.

use crate::{
    apps::{Apps, Ground, KEYS},
    dice::Dice,
    doors::Direct,
    rates::Rates,
    stores::{InboxEnd, KeyStore, notification},
    weather::Weather,
};
use rapport_core::{profile::Subject, source::ConsentMode, time::Timestamp};
use rapport_io::{
    Condition, Objects,
    memory::{MemoryObjects, MemoryRecords},
};
use rapport_lambda::{Job, Message};
use std::{collections::BTreeSet, sync::Arc};

/// What a run was given, whatever became of it on the way.
pub(crate) struct Given {
    /// Bodies that the inbox took.
    pub(crate) inbox: Vec<String>,
    /// What reached the log otherwise.
    pub(crate) direct: Vec<Direct>,
    /// The log objects that were written.
    pub(crate) logged: BTreeSet<String>,
    /// Whose contacts were erased, up to when.
    pub(crate) forgotten: BTreeSet<(Subject, Timestamp)>,
    /// When it is over.
    pub(crate) now: Timestamp,
    /// What silence about consent means.
    pub(crate) consent: ConsentMode,
}

/// The stores of a shop at rest, and handlers over them that meet no fault.
pub(crate) struct House {
    pub(crate) objects: Arc<MemoryObjects>,
    pub(crate) apps: Apps,
    pub(crate) records: Arc<MemoryRecords>,
}

impl House {
    /// Over stores that somebody else filled.
    pub(crate) fn over(objects: Arc<MemoryObjects>, records: Arc<MemoryRecords>, consent: ConsentMode) -> Self {
        let weather = Arc::new(Weather::new(Timestamp(0), Dice::new(0, 0), Rates::CALM, false));
        let ground = Ground {
            objects: Arc::clone(&objects) as _,
            records: Arc::clone(&records) as _,
            inbox: Arc::new(InboxEnd(Arc::clone(&weather))),
            secrets: Arc::new(KeyStore { document: KEYS.to_owned(), weather }),
            consent,
        };
        Self { apps: Apps::over(&ground), objects, records }
    }
}

/// Everything `given`, once each, in an order of chance's choice. Bodies too large for messages are taken from `bodies`.
///
/// # Errors
/// What failed although nothing was made to.
pub(crate) async fn fair_weather(given: &Given, bodies: &MemoryObjects, mut dice: Dice) -> Result<House, String> {
    let house = House::over(Arc::new(MemoryObjects::default()), Arc::new(MemoryRecords::default()), given.consent);
    let said = |error: rapport_io::StoreError| error.to_string();
    for key in bodies.list("inbox/", None).await.map_err(said)? {
        if let Some(stored) = bodies.get(&key).await.map_err(said)? {
            house.objects.put(&key, stored.body, Condition::Always).await.map_err(said)?;
        }
    }
    let mut inbox = given.inbox.clone();
    dice.shuffle(&mut inbox);
    let mut rest = inbox.as_slice();
    while !rest.is_empty() {
        let (batch, later) = rest.split_at((1 + dice.below(12)).min(rest.len()));
        rest = later;
        let failed =
            ingest::handle(&house.apps.ingest, batch.iter().enumerate().map(|(n, body)| message(n, body.clone())).collect(), given.now)
                .await;
        if !failed.is_empty() {
            return Err("a batch failed in fair weather".to_owned());
        }
    }
    for direct in &given.direct {
        house.apps.log.append(&direct.events, given.now).await.map_err(said)?;
    }
    for (subject, at) in &given.forgotten {
        house.apps.contacts.erase(subject, *at).await.map_err(said)?;
    }
    let mut keys = house.apps.log.keys(None).await.map_err(said)?;
    dice.shuffle(&mut keys);
    let folds = keys.iter().enumerate().map(|(number, key)| message(number, notification(key)));
    let failed = profile::handle(&house.apps.profile, folds.collect(), given.now).await;
    profile::run(&house.apps.profile, Job::Refold, given.now).await.map_err(|error| error.to_string())?;
    if failed.is_empty() { Ok(house) } else { Err("a fold failed in fair weather".to_owned()) }
}

fn message(number: usize, body: String) -> Message {
    Message { id: number.to_string(), body, deliveries: 1 }
}
