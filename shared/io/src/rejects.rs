//! What could not be read, kept raw with the reason, to be sent again once the cause is mended. Expires after 14 days.

use crate::{
    layout,
    ports::{Condition, Objects, StoreError},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use rapport_core::{digest::content_hash, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const SCHEMA: u8 = 1;

/// One record that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// What is wrong with it and how to mend it, in words for the shop's developer.
    pub reason: String,
    /// Where it came from: a route, or the source that read it.
    pub source: String,
    /// When it came.
    pub received: Timestamp,
    /// What came, untouched.
    pub raw: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    v: u8,
    reason: String,
    source: String,
    received: Timestamp,
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

    /// Keeps `raw` and gives the key. The same record refused again on the same day for the same reason is kept once.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be written.
    pub async fn put(&self, reason: &str, raw: &[u8], source: &str, received: Timestamp) -> Result<String, StoreError> {
        let raw = BASE64_STANDARD.encode(raw);
        let key = layout::rejected_object(received, &content_hash(format!("{source}\n{reason}\n{raw}").as_bytes()));
        let document = Document { v: SCHEMA, reason: reason.to_owned(), source: source.to_owned(), received, raw };
        let body = serde_json::to_vec(&document).map_err(|error| StoreError::refused(&key, error))?;
        self.objects.put(&key, body.into(), Condition::Always).await?;
        Ok(key)
    }

    /// The reject under `key`; `None` when it is gone.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn get(&self, key: &str) -> Result<Option<Reject>, StoreError> {
        let Some(stored) = self.objects.get(key).await? else { return Ok(None) };
        let document: Document = serde_json::from_slice(&stored.body).map_err(|error| StoreError::refused(key, error))?;
        let raw = BASE64_STANDARD.decode(&document.raw).map_err(|error| StoreError::refused(key, error))?;
        Ok(Some(Reject { reason: document.reason, source: document.source, received: document.received, raw }))
    }

    /// The keys of one day (`2026-11-22`), or of all days.
    ///
    /// # Errors
    /// [`StoreError`] when the bucket cannot be listed.
    pub async fn keys(&self, day: Option<&str>) -> Result<Vec<String>, StoreError> {
        self.objects.list_all(&layout::rejected_prefix(day)).await
    }

    /// Takes a reject away, once it was sent again.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be deleted.
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.objects.delete(key).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryObjects;

    #[tokio::test]
    async fn a_reject_keeps_its_bytes_and_its_reason() {
        let rejects = Rejects::new(Arc::new(MemoryObjects::default()));
        let received = Timestamp(1_795_348_800_000);
        let raw = b"\xff\xfenot text";
        let key = rejects.put("not JSON", raw, "segment", received).await.unwrap();
        assert_eq!(rejects.put("not JSON", raw, "segment", received.plus_ms(5)).await.unwrap(), key, "kept once");
        assert_eq!(rejects.keys(Some("2026-11-22")).await.unwrap(), std::slice::from_ref(&key));
        let reject = rejects.get(&key).await.unwrap().unwrap();
        assert_eq!((reject.reason.as_str(), reject.source.as_str(), reject.raw.as_slice()), ("not JSON", "segment", raw.as_slice()));
        rejects.delete(&key).await.unwrap();
        assert_eq!(rejects.get(&key).await.unwrap(), None);
    }
}
