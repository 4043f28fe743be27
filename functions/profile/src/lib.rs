//! Folds new log objects into profiles.
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

pub use refold::Refolded;
pub use replay::{Replayed, replay, replay_span};

use rapport_archive::Archive;
use rapport_core::time::Timestamp;
use rapport_io::{
    Objects, Records, StoreError,
    identities::Identities,
    log::Log,
    profiles::Profiles,
    rejects::{Form, Reject, Rejects},
};
use rapport_lambda::{Job, Message, Metrics};
use std::sync::Arc;

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
    pub fn new(objects: Arc<dyn Objects>, records: Arc<dyn Records>) -> Self {
        Self {
            log: Log::new(Arc::clone(&objects)),
            archive: Archive::new(Arc::clone(&objects)),
            rejects: Rejects::new(objects),
            profiles: Profiles::new(Arc::clone(&records)),
            identities: Identities::new(records),
            step_back_ms: STEP_BACK_MS,
            metrics: Metrics::default(),
        }
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
            fold_archived(app, &key).await?;
            continue;
        };
        for damaged in &object.damaged {
            let (reason, raw) = (format!("{key}: {damaged}"), key.clone().into_bytes());
            app.rejects.put(&Reject { reason, source: "log".into(), received: now, form: Form::LogObject, raw }).await?;
        }
        fold::events(app, &key, &object.events).await?;
    }
    Ok(())
}

/// An object that is gone is in the archive. Mostly it was folded a day before; but a message that lay among the dead letters tells of
/// it for the first time, and nobody can tell the two apart. A fold knows what it has seen, so its whole day is folded again.
async fn fold_archived(app: &App, key: &str) -> Result<(), FoldError> {
    for file in history::files_of_its_day(app, key).await? {
        fold::events(app, key, &app.archive.read(&file).await?).await?;
    }
    Ok(())
}

/// Folds anew every subject that waits for it.
///
/// # Errors
/// [`FoldError`] when a store does not answer; what was not done keeps waiting.
pub async fn run(app: &App, _job: Job) -> Result<Refolded, FoldError> {
    refold::waiting(app).await
}

#[cfg(test)]
mod tests;
