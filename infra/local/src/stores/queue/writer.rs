//! One thread owns the file; whatever waits for it shares a transaction, and is answered only once that is on disk.

use super::QueueError;
use rusqlite::Connection;
use std::sync::mpsc;
use tokio::sync::oneshot;

/// More than this in one transaction saves no time and makes the first one wait.
const MOST_AT_ONCE: usize = 256;

/// Answers its caller, once it is known whether the transaction holds.
type Answer = Box<dyn FnOnce(Result<(), String>) + Send>;
type Work = Box<dyn FnOnce(&Connection) -> Answer + Send>;

#[derive(Debug)]
pub(super) struct Writer {
    work: mpsc::Sender<Work>,
}

impl Writer {
    /// The thread ends when the writer is dropped.
    pub(super) fn start(connection: Connection) -> Self {
        let (work, waiting) = mpsc::channel();
        std::thread::spawn(move || write_all(&connection, &waiting));
        Self { work }
    }

    /// Runs `work`, all or none of it, and returns when it is on disk.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, QueueError> + Send + 'static,
    ) -> Result<T, QueueError> {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            let result = all_or_none(connection, work);
            Box::new(move |committed| {
                // A caller that has gone away wants no answer.
                let _ = answer.send(committed.map_err(QueueError::Commit).and(result));
            })
        });
        self.work.send(work).map_err(|_| QueueError::Closed)?;
        answered.await.map_err(|_| QueueError::Closed)?
    }
}

fn write_all(connection: &Connection, waiting: &mpsc::Receiver<Work>) {
    while let Ok(first) = waiting.recv() {
        let group = std::iter::once(first).chain(waiting.try_iter().take(MOST_AT_ONCE));
        let begun = connection.execute_batch("BEGIN IMMEDIATE");
        let answers: Vec<Answer> = group.map(|work| work(connection)).collect();
        let committed = begun.and_then(|()| connection.execute_batch("COMMIT")).map_err(|error| error.to_string());
        if committed.is_err() && !connection.is_autocommit() {
            // The callers hear of the failed commit; that the rollback fails too would tell them nothing more.
            let _ = connection.execute_batch("ROLLBACK");
        }
        for answer in answers {
            answer(committed.clone());
        }
    }
}

/// One caller's mistake must not take its neighbours in the transaction along, nor leave half of its own work.
fn all_or_none<T>(connection: &Connection, work: impl FnOnce(&Connection) -> Result<T, QueueError>) -> Result<T, QueueError> {
    connection.execute_batch("SAVEPOINT work")?;
    let result = work(connection);
    connection.execute_batch(if result.is_ok() { "RELEASE work" } else { "ROLLBACK TO work; RELEASE work" })?;
    result
}
