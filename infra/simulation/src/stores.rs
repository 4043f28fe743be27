//! The in-memory stores in bad weather: every call is a place where others may run, where it may fail, and where its caller may die.

use crate::weather::{Fate, Line, State, Weather};
use async_trait::async_trait;
use bytes::Bytes;
use rapport_core::{profile::Subject, time::Timestamp};
use rapport_io::{
    Condition, Objects, Page, Queue, Record, RecordKey, Records, Secrets, StoreError, Stored,
    layout::Table,
    memory::{MemoryObjects, MemoryRecords},
};
use std::sync::Arc;

/// A store, and the weather around it.
#[derive(Debug)]
pub(crate) struct Exposed<P> {
    pub(crate) inner: Arc<P>,
    pub(crate) weather: Arc<Weather>,
}

impl<P> Exposed<P> {
    pub(crate) const fn new(inner: Arc<P>, weather: Arc<Weather>) -> Self {
        Self { inner, weather }
    }

    /// A call that changes nothing.
    async fn read<T>(&self, what: &str, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        match self.weather.call(false, false).await {
            Fate::Fine => call.await,
            _ => Err(unavailable(what)),
        }
    }

    /// A call that changes something; the story tells how it went.
    async fn write<T>(
        &self,
        what: &str,
        condition: &Condition,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let fate = self.weather.call(true, *condition != Condition::Always).await;
        if fate == Fate::Refused {
            self.weather.tell(&format!("{what}: refused"));
            return Err(unavailable(what));
        }
        let done = call.await;
        let outcome = if done.is_ok() { format!("{fate:?}") } else { "conflict".to_owned() };
        self.weather.tell(&format!("{what} if {condition:?}: {outcome}"));
        self.weather.answered().await;
        match (done, fate) {
            (Ok(_), Fate::LostAnswer) => Err(unavailable(what)),
            (Ok(_), Fate::OwnConflict) => Err(StoreError::conflict(what)),
            (done, _) => done,
        }
    }
}

impl Exposed<MemoryRecords> {
    /// Remembers what the row under `key` was before `call` changed it.
    async fn changing<T>(&self, table: Table, key: &RecordKey, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let before = self.inner.get(table, std::slice::from_ref(key), true).await?.pop().flatten();
        let done = call.await?;
        self.weather.state().past.remember(table, key, before);
        Ok(done)
    }
}

fn unavailable(what: &str) -> StoreError {
    StoreError::unavailable(what, "bad weather")
}

#[async_trait]
impl Objects for Exposed<MemoryObjects> {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        self.read(key, self.inner.get(key)).await
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<String, StoreError> {
        let put = async {
            let etag = self.inner.put(key, body, condition.clone()).await?;
            // S3 tells of what it took, whatever the writer hears of it.
            if key.starts_with("log/") {
                let mut state = self.weather.state();
                state.logged.insert(key.to_owned());
                state.send(Line::Folds, notification(key));
            }
            Ok(etag)
        };
        self.write(&format!("put {key}"), &condition, put).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StoreError> {
        self.read(prefix, self.inner.list(prefix, after)).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.write(&format!("delete {key}"), &Condition::Always, self.inner.delete(key)).await
    }
}

#[async_trait]
impl Records for Exposed<MemoryRecords> {
    async fn get(&self, table: Table, keys: &[RecordKey], consistent: bool) -> Result<Vec<Option<Record>>, StoreError> {
        let rows = self.read(table.suffix(), self.inner.get(table, keys, consistent)).await?;
        if consistent {
            return Ok(rows);
        }
        let mut state = self.weather.state();
        let is_behind = state.behind.contains(&state.actor);
        let State { dice, rates, past, .. } = &mut *state;
        let shown = keys.iter().zip(rows).map(|(key, row)| match () {
            () if is_behind => past.earliest((table, key), row),
            () if dice.happens(rates.stale) => past.show((table, key), row, dice),
            () => row,
        });
        Ok(shown.collect())
    }

    async fn put(&self, table: Table, record: Record, condition: Condition) -> Result<u64, StoreError> {
        let (what, key) = (format!("put {} {}/{}", table.suffix(), record.key.pk, record.key.sk), record.key.clone());
        let forgotten = if table == Table::Contacts { forgotten(&record) } else { None };
        let put = async {
            let version = self.changing(table, &key, self.inner.put(table, record, condition.clone())).await?;
            // Whatever its writer hears of it, and whether or not they ask again.
            self.weather.state().forgotten.extend(forgotten);
            Ok(version)
        };
        self.write(&what, &condition, put).await
    }

    async fn delete(&self, table: Table, key: &RecordKey, condition: Condition) -> Result<(), StoreError> {
        let what = format!("delete {} {}/{}", table.suffix(), key.pk, key.sk);
        let delete = self.changing(table, key, self.inner.delete(table, key, condition.clone()));
        self.write(&what, &condition, delete).await
    }

    async fn query(&self, table: Table, pk: &str, prefix: &str, next: Option<String>) -> Result<Page, StoreError> {
        self.read(table.suffix(), self.inner.query(table, pk, prefix, next)).await
    }

    async fn query_changed(&self, table: Table, pk: &str, after: &str, next: Option<String>) -> Result<Page, StoreError> {
        self.read(table.suffix(), self.inner.query_changed(table, pk, after, next)).await
    }

    async fn query_until(&self, table: Table, pk: &str, until: &str, next: Option<String>) -> Result<Page, StoreError> {
        self.read(table.suffix(), self.inner.query_until(table, pk, until, next)).await
    }

    async fn query_members(&self, table: Table, shard: &str, next: Option<String>) -> Result<Page, StoreError> {
        self.read(table.suffix(), self.inner.query_members(table, shard, next)).await
    }

    async fn scan(&self, table: Table, consistent: bool, next: Option<String>) -> Result<Page, StoreError> {
        self.read(table.suffix(), self.inner.scan(table, consistent, next)).await
    }
}

/// The sending end of the inbox.
#[derive(Debug)]
pub(crate) struct InboxEnd(pub(crate) Arc<Weather>);

#[async_trait]
impl Queue for InboxEnd {
    async fn send(&self, bodies: &[String]) -> Result<(), StoreError> {
        let fate = self.0.call(true, false).await;
        if fate == Fate::Refused {
            return Err(unavailable("send"));
        }
        {
            let mut state = self.0.state();
            let actor = state.actor;
            state.heard.insert(actor);
            for body in bodies {
                state.send(Line::Inbox, body.clone());
                *state.accepted.entry(body.clone()).or_default() += 1;
            }
        }
        self.0.tell(&format!("send {} to the inbox: {fate:?}", bodies.len()));
        self.0.answered().await;
        if fate == Fate::Fine { Ok(()) } else { Err(unavailable("send")) }
    }
}

/// Keys that can be read, or not just now.
#[derive(Debug)]
pub(crate) struct KeyStore {
    pub(crate) document: String,
    pub(crate) weather: Arc<Weather>,
}

#[async_trait]
impl Secrets for KeyStore {
    async fn get(&self, name: &str) -> Result<Option<String>, StoreError> {
        match self.weather.call(false, false).await {
            Fate::Fine => Ok(Some(self.document.clone())),
            _ => Err(unavailable(name)),
        }
    }

    async fn put(&self, name: &str, _document: &str) -> Result<(), StoreError> {
        Err(StoreError::refused(name, "keys do not change in a simulation"))
    }
}

/// Whose contacts `record` says were erased, and up to when.
fn forgotten(record: &Record) -> Option<(Subject, Timestamp)> {
    let document: serde_json::Value = serde_json::from_slice(&record.body).ok()?;
    Some((Subject::parse(&record.key.pk)?, Timestamp(document.get("erased")?.as_i64()?)))
}

/// What S3 tells the folds queue.
pub(crate) fn notification(key: &str) -> String {
    let key = key.replace('=', "%3D");
    serde_json::json!({ "Records": [{ "s3": { "object": { "key": key } } }] }).to_string()
}
