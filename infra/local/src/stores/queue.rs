//! A queue as durable as the real one: a message is on disk before its sender is answered, and gone only when it is deleted.
//!
//! One SQLite file holds every queue, and the done-marks of log objects beside them, so that "this notification is finished" and
//! "this object is folded" are one transaction. All work goes through one `writer` thread that commits whatever has piled up at
//! once, so that a hundred senders wait for one flush of the disk and not for a hundred.
//!
//! What it does not do: FIFO queues, delays, long polls (a reader waits for [`Queues::arrived`] instead), message attributes.

pub(crate) mod wire;
mod writer;

use crate::template::QueueSpec;
use rapport_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;
use tokio::sync::Notify;
use writer::Writer;

/// The most that one message, or the messages of one call together, may be: what SQS takes, in bytes.
pub const LARGEST_CALL_BYTES: usize = 1_048_576;

/// Why a queue did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// No queue has that name.
    #[error("there is no queue `{0}`")]
    Unknown(String),
    /// More than [`LARGEST_CALL_BYTES`].
    #[error("{0} bytes are more than one call may send")]
    TooLarge(usize),
    /// The file could not be read or written.
    #[error("the queue's file: {0}")]
    File(#[from] rusqlite::Error),
    /// The transaction that held this work, and others', did not commit.
    #[error("the queue's file did not take the transaction: {0}")]
    Commit(String),
    /// What a batch caused could not be flushed to the disk; the batch comes again.
    #[error("the tables could not be flushed: {0}")]
    Tables(#[source] std::io::Error),
    /// The writer is gone: the suite is stopping.
    #[error("the queue is closed")]
    Closed,
}

/// A message as a reader gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Names the message for as long as it lives.
    pub id: String,
    /// Names this delivery; a handle from an earlier one deletes nothing.
    pub receipt: String,
    /// What was sent.
    pub body: String,
    /// How often it was delivered, in the queue it died in and in this one, this time included; from 1.
    pub deliveries: u32,
}

/// How full a queue is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages that a reader could have now.
    pub visible: u64,
    /// What they say, in bytes.
    pub visible_bytes: u64,
    /// Messages that a reader has, or that wait for their next try.
    pub in_flight: u64,
}

impl Depth {
    /// Whether nothing waits and nobody works.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.visible == 0 && self.in_flight == 0
    }
}

/// Every queue of a home.
#[derive(Debug)]
pub struct Queues {
    writer: Writer,
    arrived: Notify,
}

/// Where a message is and what it says are apart, because the one changes with every delivery and the other is up to a megabyte, which
/// SQLite would write anew.
const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS queues (
        name TEXT PRIMARY KEY, visibility_secs INTEGER NOT NULL, dead_letters TEXT, max_receives INTEGER) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS messages (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, visible_ms INTEGER NOT NULL, deliveries INTEGER NOT NULL,
        bytes INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS by_visibility ON messages (queue, visible_ms, seq);
    CREATE TABLE IF NOT EXISTS bodies (seq INTEGER PRIMARY KEY, body TEXT NOT NULL);
    CREATE TRIGGER IF NOT EXISTS no_body_alone AFTER DELETE ON messages BEGIN DELETE FROM bodies WHERE seq = old.seq; END;
    CREATE TABLE IF NOT EXISTS folded (object TEXT PRIMARY KEY) WITHOUT ROWID;
    PRAGMA user_version = 2;
    -- Whoever had a message in hand died with the process that held this file.
    UPDATE messages SET visible_ms = 0 WHERE visible_ms <> 0;
";

/// A file of the first schema, which had the bodies beside the rest.
const FROM_SCHEMA_1: &str = "
    BEGIN IMMEDIATE;
    CREATE TABLE bodies (seq INTEGER PRIMARY KEY, body TEXT NOT NULL);
    INSERT INTO bodies SELECT seq, body FROM messages;
    ALTER TABLE messages ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
    UPDATE messages SET bytes = octet_length(body);
    ALTER TABLE messages DROP COLUMN body;
    PRAGMA user_version = 2;
    COMMIT;
";

impl Queues {
    /// Opens, or makes, the file at `path`. Only one process may have it open: see [`crate::home`].
    ///
    /// # Errors
    /// [`QueueError::File`] when it cannot be opened or is no queue file.
    pub fn open(path: &Path) -> Result<Self, QueueError> {
        let connection = Connection::open(path)?;
        if connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))? == 1 {
            connection.execute_batch(FROM_SCHEMA_1)?;
        }
        connection.execute_batch(SCHEMA)?;
        Ok(Self { writer: Writer::start(connection), arrived: Notify::new() })
    }

    /// Makes a queue, or gives an old one new settings; its messages stay.
    ///
    /// # Errors
    /// See [`QueueError`].
    pub async fn create(&self, spec: QueueSpec) -> Result<(), QueueError> {
        self.writer
            .run(move |db| {
                let (dead, max) = spec.redrive.map_or((None, None), |redrive| (Some(redrive.dead_letters), Some(redrive.max_receives)));
                db.prepare_cached("REPLACE INTO queues VALUES (?1, ?2, ?3, ?4)")?.execute(params![
                    spec.name,
                    spec.visibility_secs,
                    dead,
                    max
                ])?;
                Ok(())
            })
            .await
    }

    /// Adds `bodies` to `queue`, all or none; they are on disk when this returns. Gives their ids.
    ///
    /// # Errors
    /// See [`QueueError`].
    pub async fn send(&self, queue: &str, bodies: Vec<String>) -> Result<Vec<String>, QueueError> {
        let bytes = bodies.iter().map(String::len).sum();
        if bytes > LARGEST_CALL_BYTES {
            return Err(QueueError::TooLarge(bytes));
        }
        let queue = queue.to_owned();
        let ids = self.writer.run(move |db| bodies.iter().map(|body| insert(db, &queue, body)).collect()).await?;
        self.arrived.notify_waiters();
        Ok(ids)
    }

    /// Up to `limit` messages, of no more than `bytes` together but for the first, that nobody else gets for `visibility_secs` (the queue's
    /// own when `None`). A message that was delivered as often as the queue allows moves to its dead letters instead.
    ///
    /// # Errors
    /// See [`QueueError`].
    pub async fn receive(
        &self,
        queue: &str,
        limit: u32,
        bytes: usize,
        visibility_secs: Option<u32>,
        now: Timestamp,
    ) -> Result<Vec<Delivery>, QueueError> {
        let queue = queue.to_owned();
        self.writer.run(move |db| receive(db, &queue, (limit, bytes), visibility_secs, now)).await
    }

    /// Deletes the deliveries named by `receipts`, and in the same transaction marks the log `objects` as folded.
    ///
    /// # Errors
    /// See [`QueueError`].
    pub async fn finish(&self, receipts: Vec<String>, objects: Vec<String>) -> Result<(), QueueError> {
        self.writer
            .run(move |db| {
                let mut delete = db.prepare_cached("DELETE FROM messages WHERE seq = ?1 AND deliveries = ?2")?;
                for (seq, deliveries) in receipts.iter().filter_map(|receipt| parse_receipt(receipt)) {
                    delete.execute([seq, deliveries])?;
                }
                let mut mark = db.prepare_cached("INSERT OR IGNORE INTO folded VALUES (?1)")?;
                for object in &objects {
                    mark.execute([object])?;
                }
                Ok(())
            })
            .await
    }

    /// Makes the delivery named by `receipt` visible again at `at`.
    ///
    /// # Errors
    /// See [`QueueError`].
    pub async fn show_again(&self, receipts: Vec<String>, at: Timestamp) -> Result<(), QueueError> {
        self.writer
            .run(move |db| {
                let mut update = db.prepare_cached("UPDATE messages SET visible_ms = ?3 WHERE seq = ?1 AND deliveries = ?2")?;
                for (seq, deliveries) in receipts.iter().filter_map(|receipt| parse_receipt(receipt)) {
                    update.execute([seq, deliveries, at.0])?;
                }
                Ok(())
            })
            .await
    }

    /// How full each of `queues` is, all at one instant: a message that moves from one to the other is seen in one of them.
    ///
    /// # Errors
    /// See [`QueueError`].
    pub async fn depths(&self, queues: Vec<String>, now: Timestamp) -> Result<Vec<Depth>, QueueError> {
        self.writer.run(move |db| queues.iter().map(|queue| depth(db, queue, now)).collect()).await
    }

    /// Notifies again every object that has neither a done-mark nor a message that waits. Gives how many.
    ///
    /// # Errors
    /// See [`QueueError`].
    pub async fn notify_unfolded(&self, queue: &str, notifications: Vec<(String, String)>) -> Result<usize, QueueError> {
        let queue = queue.to_owned();
        let count = self
            .writer
            .run(move |db| {
                let mut known = db.prepare_cached(
                    "SELECT 1 FROM folded WHERE object = ?1
                     UNION ALL SELECT 1 FROM messages JOIN bodies USING (seq) WHERE queue = ?2 AND body = ?3 LIMIT 1",
                )?;
                let mut count = 0;
                for (object, body) in &notifications {
                    if !known.exists(params![object, queue, body])? {
                        insert(db, &queue, body)?;
                        count += 1;
                    }
                }
                Ok(count)
            })
            .await?;
        self.arrived.notify_waiters();
        Ok(count)
    }

    /// Resolves when a message arrives in any queue after this call was made.
    pub async fn arrived(&self) {
        self.arrived.notified().await;
    }
}

fn insert(db: &Connection, queue: &str, body: &str) -> Result<String, QueueError> {
    let inserted = db
        .prepare_cached("INSERT INTO messages (queue, visible_ms, deliveries, bytes) SELECT name, 0, 0, ?2 FROM queues WHERE name = ?1")?
        .execute(params![queue, body.len() as i64])?;
    if inserted == 0 {
        return Err(QueueError::Unknown(queue.to_owned()));
    }
    let seq = db.last_insert_rowid();
    db.prepare_cached("INSERT INTO bodies VALUES (?1, ?2)")?.execute(params![seq, body])?;
    Ok(message_id(seq))
}

struct Settings {
    visibility_secs: u32,
    dead_letters: Option<String>,
    max_receives: Option<u32>,
}

fn settings(db: &Connection, queue: &str) -> Result<Settings, QueueError> {
    db.prepare_cached("SELECT visibility_secs, dead_letters, max_receives FROM queues WHERE name = ?1")?
        .query_row([queue], |row| Ok(Settings { visibility_secs: row.get(0)?, dead_letters: row.get(1)?, max_receives: row.get(2)? }))
        .optional()?
        .ok_or_else(|| QueueError::Unknown(queue.to_owned()))
}

fn receive(
    db: &Connection,
    queue: &str,
    (limit, most_bytes): (u32, usize),
    visibility_secs: Option<u32>,
    now: Timestamp,
) -> Result<Vec<Delivery>, QueueError> {
    let settings = settings(db, queue)?;
    bury_the_worn_out(db, queue, &settings, now)?;
    let until = now.plus_ms(1000 * i64::from(visibility_secs.unwrap_or(settings.visibility_secs)));
    let mut waiting = db.prepare_cached(
        "SELECT seq, deliveries, bytes FROM messages WHERE queue = ?1 AND visible_ms <= ?2 ORDER BY visible_ms, seq LIMIT ?3",
    )?;
    let waiting = waiting.query_map(params![queue, now.0, limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let waiting: Vec<(i64, u32, i64)> = waiting.collect::<Result<_, _>>()?;
    let mut sum = 0;
    let fits = |bytes: i64| {
        sum += usize::try_from(bytes).unwrap_or_default();
        sum <= most_bytes
    };
    let fitting = waiting.iter().map(|(_, _, bytes)| *bytes).map(fits).take_while(|fits| *fits).count().max(1);
    let mut body = db.prepare_cached("SELECT body FROM bodies WHERE seq = ?1")?;
    let mut hide = db.prepare_cached("UPDATE messages SET visible_ms = ?2, deliveries = deliveries + 1 WHERE seq = ?1")?;
    waiting
        .into_iter()
        .take(fitting)
        .map(|(seq, before, _)| {
            hide.execute(params![seq, until.0])?;
            let (body, deliveries) = (body.query_row([seq], |row| row.get(0))?, before + 1);
            Ok(Delivery { id: message_id(seq), receipt: format!("{seq}.{deliveries}"), body, deliveries })
        })
        .collect()
}

fn bury_the_worn_out(db: &Connection, queue: &str, settings: &Settings, now: Timestamp) -> Result<(), QueueError> {
    if let (Some(dead), Some(max)) = (&settings.dead_letters, settings.max_receives) {
        db.prepare_cached("UPDATE messages SET queue = ?3, visible_ms = 0 WHERE queue = ?1 AND visible_ms <= ?2 AND deliveries >= ?4")?
            .execute(params![queue, now.0, dead, max])?;
    }
    Ok(())
}

fn depth(db: &Connection, queue: &str, now: Timestamp) -> Result<Depth, QueueError> {
    settings(db, queue)?;
    let mut count = db.prepare_cached(
        "SELECT count(*) FILTER (WHERE visible_ms <= ?2), total(bytes) FILTER (WHERE visible_ms <= ?2), count(*) FILTER (WHERE visible_ms > ?2)
         FROM messages WHERE queue = ?1",
    )?;
    Ok(count.query_row(params![queue, now.0], |row| {
        Ok(Depth { visible: row.get(0)?, visible_bytes: row.get::<_, f64>(1)? as u64, in_flight: row.get(2)? })
    })?)
}

/// In the shape of the real ones, for those who log them.
fn message_id(seq: i64) -> String {
    format!("00000000-0000-4000-8000-{seq:012x}")
}

fn parse_receipt(receipt: &str) -> Option<(i64, i64)> {
    let (seq, deliveries) = receipt.split_once('.')?;
    Some((seq.parse().ok()?, deliveries.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Redrive;

    const NOW: Timestamp = Timestamp(1_000_000);

    async fn inbox(path: &Path) -> Queues {
        let queues = Queues::open(path).unwrap();
        let redrive = Some(Redrive { dead_letters: "dead".into(), max_receives: 2 });
        queues.create(QueueSpec { name: "inbox".into(), visibility_secs: 30, redrive }).await.unwrap();
        queues.create(QueueSpec { name: "dead".into(), visibility_secs: 30, redrive: None }).await.unwrap();
        queues
    }

    async fn bodies(queues: &Queues, queue: &str, now: Timestamp) -> Vec<(String, u32)> {
        queues.receive(queue, 10, usize::MAX, None, now).await.unwrap().into_iter().map(|got| (got.body, got.deliveries)).collect()
    }

    #[tokio::test]
    async fn a_file_of_the_first_schema_is_taken_over() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("queues.sqlite");
        let first = Connection::open(&path).unwrap();
        first
            .execute_batch(
                "CREATE TABLE queues (
                    name TEXT PRIMARY KEY, visibility_secs INTEGER NOT NULL, dead_letters TEXT, max_receives INTEGER) WITHOUT ROWID;
                 CREATE TABLE messages (
                    seq INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, body TEXT NOT NULL,
                    visible_ms INTEGER NOT NULL, deliveries INTEGER NOT NULL);
                 CREATE INDEX by_visibility ON messages (queue, visible_ms, seq);
                 CREATE TABLE folded (object TEXT PRIMARY KEY) WITHOUT ROWID;
                 INSERT INTO messages VALUES (7, 'inbox', 'kept', 5000000, 1);
                 PRAGMA user_version = 1;",
            )
            .unwrap();
        drop(first);
        let queues = inbox(&path).await;
        queues.send("inbox", vec!["new".into()]).await.unwrap();
        assert_eq!(bodies(&queues, "inbox", NOW).await, [("kept".into(), 2), ("new".into(), 1)]);
    }

    #[tokio::test]
    async fn a_message_survives_until_it_is_deleted() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("queues.sqlite");
        let queues = inbox(&path).await;
        queues.send("inbox", vec!["a".into(), "b".into()]).await.unwrap();
        let got = queues.receive("inbox", 1, usize::MAX, None, NOW).await.unwrap();
        assert_eq!(got[0].body, "a");
        drop(queues);

        let queues = inbox(&path).await;
        assert_eq!(bodies(&queues, "inbox", NOW).await, [("a".into(), 2), ("b".into(), 1)], "who held `a` is gone");
        queues.finish(vec![got[0].receipt.clone()], vec![]).await.unwrap();
        assert_eq!(bodies(&queues, "inbox", NOW.plus_ms(30_000)).await, [("b".into(), 2)], "the old receipt deletes nothing; `a` is dead");
        let dead = queues.receive("dead", 10, usize::MAX, None, NOW.plus_ms(30_000)).await.unwrap();
        assert_eq!((dead[0].body.as_str(), dead[0].deliveries), ("a", 3), "as often as it was tried, too");
        queues.finish(vec![dead[0].receipt.clone()], vec![]).await.unwrap();
        let kept = Connection::open(&path).unwrap().query_row("SELECT group_concat(body) FROM bodies", [], |row| row.get::<_, String>(0));
        assert_eq!(kept.unwrap(), "b", "what is deleted takes no room");
    }

    #[tokio::test]
    async fn what_is_in_hand_is_hidden_and_counted() {
        let home = tempfile::tempdir().unwrap();
        let queues = inbox(&home.path().join("queues.sqlite")).await;
        queues.send("inbox", vec!["a".into(), "b".into()]).await.unwrap();
        let got = queues.receive("inbox", 1, usize::MAX, Some(5), NOW).await.unwrap();
        let depth = |now| queues.depths(vec!["inbox".into()], now);
        assert_eq!(depth(NOW).await.unwrap(), [Depth { visible: 1, visible_bytes: 1, in_flight: 1 }]);
        assert_eq!(depth(NOW.plus_ms(5_000)).await.unwrap(), [Depth { visible: 2, visible_bytes: 2, in_flight: 0 }]);
        queues.show_again(vec![got[0].receipt.clone()], NOW).await.unwrap();
        assert_eq!(depth(NOW).await.unwrap(), [Depth { visible: 2, visible_bytes: 2, in_flight: 0 }]);
    }

    #[tokio::test]
    async fn a_reader_gets_no_more_than_it_can_carry_but_always_something() {
        let home = tempfile::tempdir().unwrap();
        let queues = inbox(&home.path().join("queues.sqlite")).await;
        queues.send("inbox", vec!["1234".into(), "12".into(), "123".into()]).await.unwrap();
        let carried =
            async |most| queues.receive("inbox", 10, most, None, NOW).await.unwrap().into_iter().map(|got| got.body).collect::<Vec<_>>();
        assert_eq!(carried(6).await, ["1234", "12"]);
        assert_eq!(carried(1).await, ["123"], "what is too large for anybody is somebody's");
        assert!(carried(6).await.is_empty());
    }

    #[tokio::test]
    async fn only_objects_without_a_mark_are_notified_again() {
        let home = tempfile::tempdir().unwrap();
        let queues = inbox(&home.path().join("queues.sqlite")).await;
        queues.finish(vec![], vec!["log/1".into()]).await.unwrap();
        let all: Vec<_> = ["log/1", "log/2"].map(|key| (key.to_owned(), format!("put {key}"))).into();
        assert_eq!(queues.notify_unfolded("inbox", all.clone()).await.unwrap(), 1);
        assert_eq!(queues.notify_unfolded("inbox", all).await.unwrap(), 0, "it waits already");
        assert_eq!(bodies(&queues, "inbox", NOW).await, [("put log/2".into(), 1)]);
    }

    #[tokio::test]
    async fn a_refused_send_leaves_nothing_behind() {
        let home = tempfile::tempdir().unwrap();
        let queues = inbox(&home.path().join("queues.sqlite")).await;
        assert!(matches!(queues.send("nowhere", vec!["a".into()]).await, Err(QueueError::Unknown(_))));
        assert!(matches!(queues.send("inbox", vec!["x".repeat(LARGEST_CALL_BYTES + 1)]).await, Err(QueueError::TooLarge(_))));
        assert_eq!(bodies(&queues, "inbox", NOW).await, []);
    }
}
