//! Folds new log objects into profiles, and keeps with each where its subject stands: which segments a customer is in.
//!
//! Told of an object under `log/`, it reads the events, works out whom they are about, and takes them into the stored profiles.
//! Whatever the fold cannot do exactly becomes a *refold*: that subject's profile is computed anew from log and archive, at once
//! while there are few, by an hourly job when there are many.
//!
//! Deliveries may repeat, overtake each other and run at the same time: a fold knows what it has seen, and a write names the version
//! that was read.

mod fold;
mod history;
mod owner;
mod refold;
mod replay;
mod ruling;
mod segments;

pub use refold::Refolded;
pub use replay::{Replayed, replay, replay_span};
pub use segments::Swept;

use rapport_archive::Archive;
use rapport_core::{money::Currency, source::ConsentMode, time::Timestamp};
use rapport_io::{
    Objects, Records, StoreError,
    identities::Identities,
    log::Log,
    models::Models,
    profiles::Profiles,
    rejects::{Form, Reject, Rejects},
    segments::SegmentStore,
};
use rapport_lambda::{Job, Message, Metrics};
use serde::Serialize;
use std::sync::Arc;

/// What the shop decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The shop's currency.
    pub currency: Currency,
    /// What an unset consent means.
    pub consent: ConsentMode,
}

/// What the handlers work on.
#[derive(Clone)]
pub struct App {
    /// The truth.
    pub log: Log,
    /// The older part of it.
    pub archive: Archive,
    /// What is folded.
    pub profiles: Profiles,
    /// Who is who.
    pub identities: Identities,
    /// Where lines go that cannot be read.
    pub rejects: Rejects,
    segments: SegmentStore,
    models: Models,
    ruling: ruling::Known,
    config: Config,
    /// How long a writer that lost a race steps back, in milliseconds; twice as long each time. 0 where there is no clock to wait by.
    pub step_back_ms: u64,
    /// What is counted, and where it is told.
    pub metrics: Metrics,
}

/// Long enough for the winner to be through with its write, most of the time.
const STEP_BACK_MS: u64 = 5;

impl App {
    /// Over the shop's bucket and tables.
    #[must_use]
    pub fn new(objects: Arc<dyn Objects>, records: Arc<dyn Records>, config: Config) -> Self {
        Self {
            log: Log::new(Arc::clone(&objects)),
            archive: Archive::new(Arc::clone(&objects)),
            models: Models::new(Arc::clone(&objects)),
            rejects: Rejects::new(objects),
            profiles: Profiles::new(Arc::clone(&records)),
            segments: SegmentStore::new(Arc::clone(&records)),
            ruling: ruling::Known::default(),
            config,
            identities: Identities::new(records),
            step_back_ms: STEP_BACK_MS,
            metrics: Metrics::default(),
        }
    }

    /// The same, with what it counts told to `metrics`.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }
}

/// Why an object could not be folded now.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// A store did not answer, or somebody else kept writing. The message comes again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The message is no S3 notification.
    #[error(transparent)]
    Notification(#[from] rapport_lambda::NotificationError),
    /// A job for another function.
    #[error("this function folds; it was asked for {0:?}")]
    OtherJob(Job),
    /// An archive file cannot be read.
    #[error("the archive cannot be read: {0}")]
    Archive(#[from] rapport_archive::ArchiveError),
}

/// Folds the objects that `batch` tells of. Gives the ids of messages to be delivered again.
pub async fn handle(app: &App, batch: Vec<Message>, now: Timestamp) -> Vec<String> {
    let mut failed = Vec::new();
    for message in batch {
        if let Err(error) = fold_message(app, &message, now).await {
            tracing::warn!(error = %error, deliveries = message.deliveries, "an object was not folded and will be delivered again");
            failed.push(message.id);
        }
    }
    app.metrics.report(now);
    failed
}

async fn fold_message(app: &App, message: &Message, now: Timestamp) -> Result<(), FoldError> {
    let keys = rapport_lambda::s3_keys(message)?;
    for key in keys {
        let Some(object) = app.log.read(&key).await? else {
            fold_archived(app, &key, now).await?;
            continue;
        };
        for damaged in &object.damaged {
            let (reason, raw) = (format!("{key}: {damaged}"), key.clone().into_bytes());
            app.rejects.put(&Reject { reason, source: "log".into(), received: now, form: Form::LogObject, raw }).await?;
        }
        fold::events(app, &key, &object.events, now).await?;
    }
    Ok(())
}

/// An object that is gone is in the archive. Mostly it was folded a day before; but a message that lay among the dead letters tells of
/// it for the first time, and nobody can tell the two apart. A fold knows what it has seen, so its whole day is folded again.
async fn fold_archived(app: &App, key: &str, now: Timestamp) -> Result<(), FoldError> {
    for file in history::files_of_its_day(app, key).await? {
        fold::events(app, key, &app.archive.read(&file).await?, now).await?;
    }
    Ok(())
}

/// What a job did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Ran {
    /// Subjects were folded anew.
    Refolded(Refolded),
    /// Segments were brought up to the time.
    Swept(Swept),
}

/// Folds anew every subject that waits for it, or brings segments up to the time.
///
/// # Errors
/// [`FoldError`] when a store does not answer; what was not done keeps waiting.
pub async fn run(app: &App, job: Job, now: Timestamp) -> Result<Ran, FoldError> {
    match job {
        Job::Refold => Ok(Ran::Refolded(refold::waiting(app, now).await?)),
        Job::Segments => Ok(Ran::Swept(segments::sweep(app, now).await?)),
        other => Err(FoldError::OtherJob(other)),
    }
}

#[cfg(test)]
mod tests;
