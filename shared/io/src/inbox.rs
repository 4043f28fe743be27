//! The inbox: what senders said, raw, on its way from the door (`webhooks`, `collect`) to the one place that understands it (`ingest`).
//!
//! The door has verified and bounded it; the envelope carries what the door alone knew: which route, when, and how much to believe
//! it. Keys, signatures and addresses stay outside.

use crate::{
    layout,
    ports::{Condition, Objects, Queue, StoreError},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use rapport_core::{digest::content_hash, event::Authority, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const SCHEMA: u8 = 1;
/// The largest body that travels in its message, in bytes: as base64 and with its headers it stays under the queue's 256 KiB.
pub const LARGEST_INLINE_BYTES: usize = 180 * 1024;

/// One request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Where it was sent: `v1/track`, `v1/beacon`, `webhooks/shopify` …
    pub route: String,
    /// When it came.
    pub received: Timestamp,
    /// How much it is believed; the door has checked.
    pub authority: Authority,
    /// The headers that the route's source needs, names in lower case. Never keys, signatures or addresses.
    pub headers: Vec<(String, String)>,
    /// The body, unpacked if it was gzipped.
    pub body: Bytes,
}

impl Envelope {
    /// The first header called `name` (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A message that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// The store with the body did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Not one of ours, or torn.
    #[error("the message is not an envelope: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// Its body is not where it says.
    #[error("the message's body {key} is gone")]
    BodyGone {
        /// Where it was.
        key: String,
    },
}

impl InboxError {
    /// Whether opening it later may succeed.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_retryable())
    }
}

#[derive(Serialize, Deserialize)]
struct Message {
    v: u8,
    route: String,
    received: Timestamp,
    authority: Authority,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
    #[serde(flatten)]
    body: Body,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Body {
    /// Base64.
    Inline(String),
    /// Key of an object.
    Object(String),
}

/// The sending end.
#[derive(Clone)]
pub struct Inbox {
    queue: Arc<dyn Queue>,
    objects: Arc<dyn Objects>,
}

impl Inbox {
    /// Sends through `queue`; large bodies through `objects`.
    #[must_use]
    pub fn new(queue: Arc<dyn Queue>, objects: Arc<dyn Objects>) -> Self {
        Self { queue, objects }
    }

    /// Sends `envelopes`; once this returns, they are durable.
    ///
    /// # Errors
    /// [`StoreError`] when any could not be sent; others may have been, and sending all again is safe.
    pub async fn send(&self, envelopes: &[Envelope]) -> Result<(), StoreError> {
        let mut messages = Vec::with_capacity(envelopes.len());
        for envelope in envelopes {
            messages.push(self.message(envelope).await?);
        }
        self.queue.send(&messages).await
    }

    async fn message(&self, envelope: &Envelope) -> Result<String, StoreError> {
        let body = if envelope.body.len() > LARGEST_INLINE_BYTES {
            let key = layout::inbox_object(&content_hash(&envelope.body));
            self.objects.put(&key, envelope.body.clone(), Condition::Always).await?;
            Body::Object(key)
        } else {
            Body::Inline(BASE64_STANDARD.encode(&envelope.body))
        };
        let Envelope { route, received, authority, headers, .. } = envelope.clone();
        let message = Message { v: SCHEMA, route, received, authority, headers, body };
        serde_json::to_string(&message).map_err(|error| StoreError::refused("inbox message", error))
    }
}

/// Opens a message, fetching the body from `objects` where it did not fit.
///
/// # Errors
/// [`InboxError`]; only its `Store` kind may go away by itself.
pub async fn open(objects: &dyn Objects, message: &str) -> Result<Envelope, InboxError> {
    let malformed = |reason: String| InboxError::Malformed { reason };
    let Message { v, route, received, authority, headers, body } =
        serde_json::from_str(message).map_err(|error| malformed(error.to_string()))?;
    if v != SCHEMA {
        return Err(malformed(format!("schema {v}; this release reads {SCHEMA}")));
    }
    let body = match body {
        Body::Inline(text) => BASE64_STANDARD.decode(text).map_err(|error| malformed(error.to_string()))?.into(),
        Body::Object(key) => match objects.get(&key).await? {
            Some(stored) => stored.body,
            None => return Err(InboxError::BodyGone { key }),
        },
    };
    Ok(Envelope { route, received, authority, headers, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{MemoryObjects, MemoryQueue};

    fn envelope(bytes: usize) -> Envelope {
        Envelope {
            route: "v1/batch".into(),
            received: Timestamp(1_795_348_800_000),
            authority: Authority::Backend,
            headers: vec![("user-agent".into(), "analytics-python/2.3".into())],
            body: vec![0xff; bytes].into(),
        }
    }

    #[tokio::test]
    async fn any_size_comes_out_as_it_went_in() {
        for bytes in [0, 1, LARGEST_INLINE_BYTES, LARGEST_INLINE_BYTES + 1, 2_000_000] {
            let (queue, objects) = (Arc::new(MemoryQueue::default()), Arc::new(MemoryObjects::default()));
            let sent = envelope(bytes);
            Inbox::new(Arc::clone(&queue) as _, Arc::clone(&objects) as _).send(std::slice::from_ref(&sent)).await.unwrap();
            let messages = queue.take();
            assert_eq!(messages.len(), 1);
            assert_eq!(open(objects.as_ref(), &messages[0]).await.unwrap(), sent, "{bytes} bytes");
            assert_eq!(objects.list("inbox/", None).await.unwrap().len(), usize::from(bytes > LARGEST_INLINE_BYTES));
        }
    }

    #[tokio::test]
    async fn what_is_not_ours_is_malformed_for_ever() {
        let objects = MemoryObjects::default();
        let newer = r#"{"v":9,"route":"v1/t","received":1,"authority":"browser","inline":""}"#;
        for message in ["", "hello", "{}", newer, &newer.replace('9', "1").replace(r#""inline":"""#, r#""inline":"*""#)] {
            let error = open(&objects, message).await.unwrap_err();
            assert!(matches!(error, InboxError::Malformed { .. }) && !error.is_retryable(), "{message}: {error}");
        }
        let gone = newer.replace('9', "1").replace(r#""inline":"""#, r#""object":"inbox/x""#);
        assert!(matches!(open(&objects, &gone).await, Err(InboxError::BodyGone { .. })));
    }
}
