//! Every event there is, in the log and in the archive.

use crate::{App, FoldError};
use rapport_core::event::Event;

/// Hands every event of log and archive to `take`, some of them more than once.
///
/// The log comes first. Archiving writes the archive's file before it deletes a log object, so what vanishes from the log while we read
/// it is in the archive that we list afterwards; the other way round it could be in neither.
pub(crate) async fn every_event(app: &App, mut take: impl FnMut(Event)) -> Result<(), FoldError> {
    for key in app.log.keys(None).await? {
        app.log.read(&key).await?.unwrap_or_default().events.into_iter().for_each(&mut take);
    }
    for key in app.archive.keys().await? {
        app.archive.read(&key).await?.into_iter().for_each(&mut take);
    }
    Ok(())
}

/// The archive's files of the day on which the log object `key` was received.
pub(crate) async fn files_of_its_day(app: &App, key: &str) -> Result<Vec<String>, FoldError> {
    let day = key.strip_prefix("log/").and_then(|path| path.split_once('/')).map(|(day, _)| format!("/{day}/"));
    let Some(day) = day else { return Ok(Vec::new()) };
    Ok(app.archive.keys().await?.into_iter().filter(|file| file.contains(&day)).collect())
}
