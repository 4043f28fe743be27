//! What could not be read, kept raw with the reason, to be sent again once the cause is mended. Expires after 14 days.

use crate::{
    layout::{self, Line},
    ports::{Condition, Objects, StoreError},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures::{StreamExt, TryStreamExt, stream};
use rapport_core::{digest::content_hash, event::Authority, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Version 1 did not say in which form the record came.
const SCHEMA: u8 = 2;
/// Rejects read at a time: enough to hide S3's round trips.
const READ_AHEAD: usize = 32;

/// One record that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// What is wrong with it and how to mend it, in words for the shop's developer.
    pub reason: String,
    /// Where it came from: a route, or who read it.
    pub source: String,
    /// When it came.
    pub received: Timestamp,
    /// What the record is, which says how it is sent again.
    pub form: Form,
    /// What came, untouched.
    pub raw: Vec<u8>,
}

/// What a rejected record is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// What a sender sent, or one message of it. Its `source` is its route.
    Delivery {
        /// How much the sender is believed.
        authority: Authority,
        /// The headers that were kept.
        headers: Vec<(String, String)>,
    },
    /// A message of this queue, as its reader got it.
    Message(Line),
    /// The key of a log object with a line that cannot be read.
    LogObject,
    /// Rows of an imported file, under its header: to be mended, and imported like any file.
    Rows,
}

#[derive(Serialize, Deserialize)]
struct Document {
    v: u8,
    reason: String,
    source: String,
    received: Timestamp,
    #[serde(default)]
    form: Option<Form>,
    raw: String,
}

/// The rejects in their bucket.
#[derive(Clone)]
pub struct Rejects {
    objects: Arc<dyn Objects>,
}

impl Rejects {
    /// Over `objects`.
    #[must_use]
    pub fn new(objects: Arc<dyn Objects>) -> Self {
        Self { objects }
    }

    /// Keeps a record and gives its key. The same record refused again on the same day for the same reason is kept once.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be written.
    pub async fn put(&self, reject: &Reject) -> Result<String, StoreError> {
        let Reject { reason, source, received, .. } = reject;
        let raw = BASE64_STANDARD.encode(&reject.raw);
        let key = layout::rejected_object(*received, &content_hash(format!("{source}\n{reason}\n{raw}").as_bytes()));
        self.write(&key, reject, raw).await?;
        Ok(key)
    }

    /// The reject under `key`; `None` when it is gone.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn get(&self, key: &str) -> Result<Option<Reject>, StoreError> {
        let Some(stored) = self.objects.get(key).await? else { return Ok(None) };
        read(&stored.body).map(Some).map_err(|problem| StoreError::refused(key, problem))
    }

    /// Every reject that can be read, by key: oldest day first.
    ///
    /// # Errors
    /// [`StoreError`] when the bucket cannot be listed or read. A document that is none of ours is passed over, and said in the log.
    pub async fn list(&self) -> Result<Vec<(String, Reject)>, StoreError> {
        let reads = self.keys(None).await?.into_iter().map(|key| async move {
            match self.get(&key).await {
                Err(error @ StoreError::Refused { .. }) => {
                    tracing::warn!(%error, "a reject cannot be read");
                    Ok(None)
                }
                read => read.map(|reject| reject.map(|reject| (key, reject))),
            }
        });
        stream::iter(reads).buffered(READ_AHEAD).try_filter_map(async |read| Ok(read)).try_collect().await
    }

    /// The keys of one day (`2026-11-22`), or of all days.
    ///
    /// # Errors
    /// [`StoreError`] when the bucket cannot be listed.
    pub async fn keys(&self, day: Option<&str>) -> Result<Vec<String>, StoreError> {
        self.objects.list_all(&layout::rejected_prefix(day)).await
    }

    /// Takes a reject out to be sent again, and gives it with the key that it now has; `None` when it is gone. Until it is
    /// [deleted](Self::delete) under that key it is one of the rejects still, so whoever dies half way has lost nothing; and refused again
    /// meanwhile, it is written under its old key and survives that.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read or moved.
    pub async fn take_out(&self, key: &str) -> Result<Option<(String, Reject)>, StoreError> {
        let Some(reject) = self.get(key).await? else { return Ok(None) };
        let aside = layout::rejected_aside(key);
        if aside != key {
            self.write(&aside, &reject, BASE64_STANDARD.encode(&reject.raw)).await?;
            self.delete(key).await?;
        }
        Ok(Some((aside, reject)))
    }

    /// Takes a reject away for good.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be deleted.
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.objects.delete(key).await
    }

    async fn write(&self, key: &str, reject: &Reject, raw: String) -> Result<(), StoreError> {
        let Reject { reason, source, received, form, .. } = reject.clone();
        let document = Document { v: SCHEMA, reason, source, received, form: Some(form), raw };
        let body = serde_json::to_vec(&document).map_err(|error| StoreError::refused(key, error))?;
        self.objects.put(key, body.into(), Condition::Always).await.map(drop)
    }
}

fn read(body: &[u8]) -> Result<Reject, Box<dyn std::error::Error + Send + Sync>> {
    let Document { v, reason, source, received, form, raw } = serde_json::from_slice(body)?;
    if v > SCHEMA {
        return Err(format!("schema {v}; this release reads up to {SCHEMA}").into());
    }
    let form = form.unwrap_or_else(|| form_of(&source));
    Ok(Reject { reason, source, received, form, raw: BASE64_STANDARD.decode(raw)? })
}

/// What a record of version 1 was, from where it came. Whoever may have been a browser is believed no more than one.
fn form_of(source: &str) -> Form {
    let delivery = |authority| Form::Delivery { authority, headers: Vec::new() };
    match source {
        "inbox" => Form::Message(Line::Inbox),
        "log" => Form::LogObject,
        _ if source.starts_with("import:") => Form::Rows,
        _ if source.starts_with("segment/") || source == "beacon" => delivery(Authority::Browser),
        _ => delivery(Authority::Webhook),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryObjects;

    const RECEIVED: Timestamp = Timestamp(1_795_348_800_000);

    fn reject(raw: &[u8]) -> Reject {
        let form = Form::Delivery { authority: Authority::Backend, headers: vec![("user-agent".into(), "php".into())] };
        Reject { reason: "not JSON".into(), source: "segment/batch".into(), received: RECEIVED, form, raw: raw.to_vec() }
    }

    #[tokio::test]
    async fn a_reject_keeps_its_bytes_and_its_reason() {
        let rejects = Rejects::new(Arc::new(MemoryObjects::default()));
        let refused = reject(b"\xff\xfenot text");
        let key = rejects.put(&refused).await.unwrap();
        let again = Reject { received: RECEIVED.plus_ms(5), ..refused.clone() };
        assert_eq!(rejects.put(&again).await.unwrap(), key, "kept once");
        assert_eq!(rejects.keys(Some("2026-11-22")).await.unwrap(), std::slice::from_ref(&key));
        assert_eq!(rejects.get(&key).await.unwrap(), Some(again));
        rejects.delete(&key).await.unwrap();
        assert_eq!(rejects.get(&key).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_was_taken_out_survives_a_death_and_a_second_refusal() {
        let rejects = Rejects::new(Arc::new(MemoryObjects::default()));
        let key = rejects.put(&reject(b"{")).await.unwrap();
        let (aside, taken) = rejects.take_out(&key).await.unwrap().unwrap();
        assert_eq!(rejects.list().await.unwrap(), [(aside.clone(), taken.clone())], "whoever took it out may have died");
        assert_eq!(rejects.take_out(&aside).await.unwrap(), Some((aside.clone(), taken)), "and is followed by another");
        assert_eq!(rejects.put(&reject(b"{")).await.unwrap(), key, "refused again before it was deleted");
        rejects.delete(&aside).await.unwrap();
        assert_eq!(rejects.keys(None).await.unwrap(), [key]);
    }

    /// As the first release wrote them.
    #[tokio::test]
    async fn version_1_is_read_and_believed_no_more_than_it_proves() {
        let objects = Arc::new(MemoryObjects::default());
        let rejects = Rejects::new(Arc::clone(&objects) as _);
        for (source, form) in [
            ("segment/track", Form::Delivery { authority: Authority::Browser, headers: vec![] }),
            ("beacon", Form::Delivery { authority: Authority::Browser, headers: vec![] }),
            ("shopify", Form::Delivery { authority: Authority::Webhook, headers: vec![] }),
            ("inbox", Form::Message(Line::Inbox)),
            ("log", Form::LogObject),
            ("import:orders.csv", Form::Rows),
        ] {
            let document = format!(r#"{{"v":1,"reason":"expected x","source":"{source}","received":1795348800000,"raw":"e30="}}"#);
            objects.put("rejected/dt=2026-11-22/1.json", document.into(), Condition::Always).await.unwrap();
            let read = rejects.get("rejected/dt=2026-11-22/1.json").await.unwrap().unwrap();
            assert_eq!((read.form, read.raw.as_slice(), read.received), (form, b"{}".as_slice(), RECEIVED), "{source}");
        }
        objects.put("rejected/dt=2026-11-22/2.json", r#"{"v":9}"#.into(), Condition::Always).await.unwrap();
        assert_eq!(rejects.list().await.unwrap().len(), 1, "one that cannot be read hides no other");
    }
}
