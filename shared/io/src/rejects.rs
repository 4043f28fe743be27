//! What could not be read, kept as it came with the reason, until somebody mends it or two weeks have passed.

use crate::{
    layout,
    ports::{Condition, Objects, StoreError},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use rapport_core::{digest::content_hash, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The rejected records.
#[derive(Clone)]
pub struct Rejects {
    objects: Arc<dyn Objects>,
}

/// A rejected record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Schema.
    pub v: u8,
    /// Why, and how to mend it.
    pub reason: String,
    /// Where it came from.
    pub source: String,
    /// When it was received.
    pub received: Timestamp,
    /// The record as it came, in base64: it need not be text.
    pub raw: String,
}

impl Rejects {
    /// Over `objects`.
    #[must_use]
    pub fn new(objects: Arc<dyn Objects>) -> Self {
        Self { objects }
    }

    /// Keeps `raw` with its `reason`. The same record rejected twice for the same reason is kept once.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be written; the record must then not be acknowledged.
    pub async fn put(&self, reason: &str, raw: &[u8], source: &str, received: Timestamp) -> Result<(), StoreError> {
        let hash = content_hash(&[reason.as_bytes(), b"\n", raw].concat());
        let rejected = Rejected { v: 1, reason: reason.to_owned(), source: source.to_owned(), received, raw: BASE64_STANDARD.encode(raw) };
        let key = layout::rejected_object(received, &hash);
        let body = serde_json::to_vec(&rejected).map_err(|error| StoreError::Refused { what: key.clone(), source: error.into() })?;
        match self.objects.put(&key, body.into(), Condition::Absent).await {
            Ok(_) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The keys of what was rejected, oldest day first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be listed.
    pub async fn keys(&self) -> Result<Vec<String>, StoreError> {
        let mut keys: Vec<String> = Vec::new();
        loop {
            let page = self.objects.list("rejected/", keys.last().map(String::as_str)).await?;
            if page.is_empty() {
                return Ok(keys);
            }
            keys.extend(page);
        }
    }
}
