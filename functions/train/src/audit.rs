//! The data audit, from what was counted while everything was read.

use crate::{App, Step, TrainError, gather};
use rapport_core::{catalog::Item, time::Timestamp};
use rapport_io::{StoreError, identities::Tie};
use rapport_train::audit::{Audit, Auditor, Beside, Duplicates};
use serde::Deserialize;

/// Reads log and archive and writes a new data audit, without training.
///
/// # Errors
/// [`TrainError`] when a store does not answer; the audit before it then stays.
pub async fn audit(app: &App, now: Timestamp, progress: impl Fn(Step) + Send) -> Result<Audit, TrainError> {
    let mut auditor = Auditor::default();
    gather::look(app, &progress, |key, events| {
        let received = gather::received_on(key);
        let is_archived = key.starts_with("archive/");
        for event in events {
            if is_archived { auditor.hear_archived(event, received) } else { auditor.hear_logged(event, received) }
        }
    })
    .await?;
    let catalog = app.catalog.items().await?;
    let ties = app.identities.everything().await?;
    write(app, auditor, &catalog, &ties, now).await
}

/// Makes the audit of what was counted, and puts it where lookups find it.
pub(crate) async fn write(app: &App, auditor: Auditor, catalog: &[Item], ties: &[Tie], now: Timestamp) -> Result<Audit, TrainError> {
    let rejects = app.rejects.list().await?;
    let beside = Beside {
        catalog: catalog.iter().map(|item| item.id.clone()).collect(),
        rejects: rejects.into_iter().map(|(_, reject)| (reject.source, reject.reason, reject.received)).collect(),
        before: before(app).await?,
        ties: ties.iter().map(|tie| (tie.alias.clone(), tie.claims.clone())).collect(),
        currency: app.config.currency,
    };
    let audit = auditor.finish(beside, now);
    app.models.put_audit(serde_json::to_vec(&audit)?.into()).await?;
    Ok(audit)
}

/// What the last audit said of copies; nothing where it is none that this release can read.
async fn before(app: &App) -> Result<Duplicates, StoreError> {
    #[derive(Deserialize)]
    struct Known {
        duplicates: Duplicates,
    }
    let known = app.models.audit().await?;
    Ok(known.and_then(|known| serde_json::from_slice::<Known>(&known).ok()).map(|known| known.duplicates).unwrap_or_default())
}
