//! Raw deliveries become canonical events: one batch of the inbox in, one immutable object in the log out.
//!
//! Once the object is written, the events exist. Nothing here has to happen exactly once: a batch that is delivered again gives events
//! with the same ids, and every fold knows them already. What cannot be read goes to `rejected/` with its reason and leaves its
//! batch-mates alone; what cannot be *stored* fails its message, which the queue then brings again.
#![warn(missing_docs)]

mod erase;

use rapport_core::{
    auth::{Insiders, Keyring, Staff},
    catalog::Telling,
    event::{Event, Traffic},
    money::Currency,
    profile::Subject,
    source::{self, ConsentMode, ContactField, Delivery, Erasure, Parsed, Route, Shop, Sink},
    time::Timestamp,
};
use rapport_io::{
    Objects, Records, StoreError,
    catalog::Catalog,
    contacts::{self, Contacts},
    dead_letters::DeadLetters,
    identities::Identities,
    inbox::{self, Envelope},
    keys::Keys,
    layout::Line,
    log::{Log, Page},
    rejects::{Form, Reject, Rejects},
};
use rapport_lambda::{Job, Message, Metric, Metrics};
use serde::Serialize;
use std::sync::Arc;

/// What the handler needs.
pub struct App {
    objects: Arc<dyn Objects>,
    log: Log,
    rejects: Rejects,
    contacts: Contacts,
    catalog: Catalog,
    identities: Identities,
    keys: Arc<Keys<Keyring>>,
    letters: DeadLetters,
    metrics: Metrics,
    config: Config,
}

/// What the shop decides.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The currency of amounts that name none.
    pub currency: Currency,
    /// What an unset consent means.
    pub consent: ConsentMode,
}

impl App {
    /// Over the stack's objects, tables and keys.
    #[must_use]
    pub fn new(objects: Arc<dyn Objects>, records: Arc<dyn Records>, keys: Arc<Keys<Keyring>>, config: Config) -> Self {
        Self {
            log: Log::new(Arc::clone(&objects)),
            rejects: Rejects::new(Arc::clone(&objects)),
            contacts: Contacts::new(Arc::clone(&records)),
            catalog: Catalog::new(Arc::clone(&records)),
            identities: Identities::new(records),
            objects,
            keys,
            letters: DeadLetters::default(),
            metrics: Metrics::default(),
            config,
        }
    }

    /// With the dead letters that [`run`] moves.
    #[must_use]
    pub fn with_dead_letters(self, letters: DeadLetters) -> Self {
        Self { letters, ..self }
    }

    /// Telling what was counted.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }
}

/// Why a job was not done.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// A job for another function.
    #[error("this function reads what came in; it was asked for {0:?}")]
    OtherJob(Job),
    /// A store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a job did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Drained {
    /// Dead letters that are among the rejects now.
    pub letters: usize,
}

/// The daily job: moves dead letters into `rejected/`, where they can be read and sent again from.
///
/// # Errors
/// [`JobError`]; running again is always safe.
pub async fn run(app: &App, job: Job, now: Timestamp) -> Result<Drained, JobError> {
    match job {
        Job::Drain => {
            let letters = app.letters.drain(&app.rejects, now).await?;
            app.metrics.add(Metric::DeadLetters, letters);
            app.metrics.report(now);
            Ok(Drained { letters })
        }
        other => Err(JobError::OtherJob(other)),
    }
}

/// Takes a batch in; gives the ids of the messages that must come again.
pub async fn handle(app: &App, batch: Vec<Message>, now: Timestamp) -> Vec<String> {
    match app.keys.get(now).await {
        Ok(keyring) => ingest(app, &batch, &keyring, now).await,
        Err(error) => {
            // Without the hash key an address could only be stored in plain, so nothing is.
            tracing::error!(%error, "the keys cannot be read; the whole batch comes again");
            batch.into_iter().map(|message| message.id).collect()
        }
    }
}

async fn ingest(app: &App, batch: &[Message], keyring: &Keyring, now: Timestamp) -> Vec<String> {
    let shop = Shop { currency: app.config.currency, consent: app.config.consent, hash_key: &keyring.hash_key };
    let (mut failed, mut taken, mut said) = (Vec::new(), Vec::new(), Said::default());
    for message in batch {
        match take(app, message, (&shop, &keyring.insiders), &mut said, now).await {
            Ok(()) => taken.push(message.id.clone()),
            Err(error) => {
                tracing::warn!(message = message.id, %error, "a message comes again");
                failed.push(message.id.clone());
            }
        }
    }
    let events = said.page.events();
    if let Err(error) = store(app, said, now).await {
        tracing::error!(%error, events, "a batch could not be stored; it comes again");
        failed.extend(taken);
    } else {
        app.metrics.add(Metric::Events, events);
    }
    app.metrics.report(now);
    failed
}

/// What a batch says. Events are packed as they are read, for many small ones fit into a message.
#[derive(Default)]
struct Said {
    page: Page,
    staff: Staff,
    /// All but the events.
    beside: Parsed,
}

impl Sink for Said {
    fn event(&mut self, mut event: Event) {
        if self.staff.is_named_by(&event.who) {
            event.traffic = Traffic::Internal;
        }
        self.page.add(&event);
    }

    fn contact(&mut self, field: ContactField) {
        self.beside.contact(field);
    }

    fn telling(&mut self, telling: Telling) {
        self.beside.telling(telling);
    }

    fn erasure(&mut self, erasure: Erasure) {
        self.beside.erasure(erasure);
    }

    fn reject(&mut self, reject: source::Reject) {
        self.beside.reject(reject);
    }
}

/// Opens a message and reads it; whatever is wrong with its content ends in `rejected/`. What it said is kept even if that fails: the message
/// comes again and says the same.
async fn take(app: &App, message: &Message, shop: (&Shop<'_>, &Insiders), said: &mut Said, now: Timestamp) -> Result<(), StoreError> {
    let (source, received, form) = match inbox::open(app.objects.as_ref(), &message.body).await {
        Ok(envelope) => {
            read(&envelope, shop, said);
            let Envelope { route, received, authority, headers, .. } = envelope;
            (route, received, Form::Delivery { authority, headers })
        }
        Err(inbox::InboxError::Store(error)) => return Err(error),
        Err(error) => {
            said.reject(rejected(error.to_string(), message.body.as_bytes()));
            ("inbox".to_owned(), now, Form::Message(Line::Inbox))
        }
    };
    let rejects = std::mem::take(&mut said.beside.rejects);
    app.metrics.add(Metric::Rejects, rejects.len());
    for source::Reject { reason, raw } in rejects {
        app.rejects.put(&Reject { reason, source: source.clone(), received, form: form.clone(), raw }).await?;
    }
    Ok(())
}

fn read(envelope: &Envelope, (shop, insiders): (&Shop<'_>, &Insiders), said: &mut Said) {
    match envelope.route.parse::<Route>() {
        Ok(route) => {
            let Envelope { received, authority, headers, body, .. } = envelope;
            let delivery = Delivery { route: &route, received: *received, authority: *authority, headers, body };
            said.staff = insiders.staff_in(body, shop.hash_key);
            source::read(&delivery, shop, said);
        }
        Err(error) => said.reject(rejected(error.to_string(), &envelope.body)),
    }
}

fn rejected(reason: String, raw: &[u8]) -> source::Reject {
    source::Reject { reason, raw: raw.to_vec() }
}

/// The log comes last: once its object is there, the queue may forget the batch. Erasures go before contacts, so that what a deleted
/// record said is not kept for the sake of the batch it came in.
async fn store(app: &App, said: Said, now: Timestamp) -> Result<(), StoreError> {
    let Said { mut page, beside, .. } = said;
    for erasure in &beside.erasures {
        erase::erase(app, erasure).await?.iter().for_each(|event| page.add(event));
    }
    app.contacts.keep(beside.contacts.into_iter().map(contact).collect()).await?;
    app.catalog.hear(&beside.tellings, now).await?;
    if page.events() > 0 {
        app.log.keep(page, now).await?;
    }
    Ok(())
}

fn contact(told: ContactField) -> contacts::Said {
    let ContactField { customer, field, value, at } = told;
    contacts::Said { subject: Subject::Customer(customer), field: field.into(), value, at }
}

#[cfg(test)]
mod tests;
