//! Every event there is: first the archive, then the log.

use crate::{App, FoldError};
use rapport_core::event::Event;

/// Hands every event of archive and log to `take`, some of them more than once.
pub(crate) async fn every_event(app: &App, mut take: impl FnMut(Event)) -> Result<(), FoldError> {
    for key in app.archive.keys().await? {
        app.archive.read(&key).await?.into_iter().for_each(&mut take);
    }
    for key in app.log.keys(None).await? {
        // An object that vanished since it was listed is in the archive by now; who needed it finds the profile changed and comes again.
        app.log.read(&key).await?.unwrap_or_default().events.into_iter().for_each(&mut take);
    }
    Ok(())
}
