//! The stack's keys, read from their secret and kept for five minutes.

use crate::{
    layout,
    ports::{Secrets, StoreError},
};
use rapport_core::time::{MINUTE_MS, Timestamp};
use std::sync::Arc;
use tokio::sync::Mutex;

/// How long a copy is taken for fresh. A revoked key works at most this long.
pub const FRESH_MS: i64 = 5 * MINUTE_MS;
/// How long an old copy serves while Secrets Manager is out of reach.
pub const STALE_MS: i64 = 60 * MINUTE_MS;

/// How a document becomes a `K`.
pub type Parse<K> = fn(&str) -> Result<K, Box<dyn std::error::Error + Send + Sync>>;

/// The keys of a stack, parsed into `K`.
pub struct Keys<K> {
    secrets: Arc<dyn Secrets>,
    name: String,
    parse: Parse<K>,
    cached: Mutex<Option<(Arc<K>, Timestamp)>>,
}

impl<K> Keys<K> {
    /// The keys of `stack`, each time parsed by `parse`.
    #[must_use]
    pub fn new(secrets: Arc<dyn Secrets>, stack: &str, parse: Parse<K>) -> Self {
        Self { secrets, name: layout::keys_secret(stack), parse, cached: Mutex::new(None) }
    }

    /// The keys as they are now, or were at most five minutes ago; at most an hour ago while the store is out of reach.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when there is no such secret or it cannot be parsed, [`StoreError::Unavailable`] when it cannot be
    /// read and no copy is young enough.
    pub async fn get(&self, now: Timestamp) -> Result<Arc<K>, StoreError> {
        // Held while loading, so that a burst of requests on a cold copy reads the secret once.
        let mut cached = self.cached.lock().await;
        if let Some((keys, read)) = cached.as_ref()
            && now.since_ms(*read) < FRESH_MS
        {
            return Ok(Arc::clone(keys));
        }
        match (self.load().await, cached.as_ref()) {
            (Ok(keys), _) => {
                *cached = Some((Arc::clone(&keys), now));
                Ok(keys)
            }
            (Err(error), Some((keys, read))) if error.is_retryable() && now.since_ms(*read) < STALE_MS => {
                tracing::warn!(%error, "the keys could not be read anew; the last copy serves");
                Ok(Arc::clone(keys))
            }
            (Err(error), _) => Err(error),
        }
    }

    async fn load(&self) -> Result<Arc<K>, StoreError> {
        let document = self.secrets.get(&self.name).await?;
        let document = document.ok_or_else(|| StoreError::refused(&self.name, "there is no such secret; run `rapport keys` to make it"))?;
        let keys = (self.parse)(&document).map_err(|error| StoreError::refused(&self.name, error))?;
        Ok(Arc::new(keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{faulty::Faulty, memory::MemorySecrets};

    const START: Timestamp = Timestamp(1_795_348_800_000);

    async fn keys() -> (Arc<Faulty<MemorySecrets>>, Keys<String>) {
        let secrets = Arc::new(Faulty::new(MemorySecrets::default()));
        secrets.put("shop/keys", "one").await.unwrap();
        (Arc::clone(&secrets), Keys::new(secrets, "shop", |text| Ok(text.to_owned())))
    }

    #[tokio::test]
    async fn a_rotated_key_is_seen_after_five_minutes() {
        let (secrets, keys) = keys().await;
        assert_eq!(*keys.get(START).await.unwrap(), "one");
        secrets.put("shop/keys", "two").await.unwrap();
        assert_eq!(*keys.get(START.plus_ms(FRESH_MS - 1)).await.unwrap(), "one");
        assert_eq!(*keys.get(START.plus_ms(FRESH_MS)).await.unwrap(), "two");
    }

    #[tokio::test]
    async fn an_outage_is_bridged_for_an_hour() {
        let (secrets, keys) = keys().await;
        keys.get(START).await.unwrap();
        secrets.fail(true);
        assert_eq!(*keys.get(START.plus_ms(STALE_MS - 1)).await.unwrap(), "one");
        assert!(matches!(keys.get(START.plus_ms(STALE_MS)).await, Err(StoreError::Unavailable { .. })));
        secrets.fail(false);
        assert_eq!(*keys.get(START.plus_ms(STALE_MS)).await.unwrap(), "one");
    }

    #[tokio::test]
    async fn no_secret_says_how_to_make_one() {
        let keys: Keys<String> = Keys::new(Arc::new(MemorySecrets::default()), "shop", |text| Ok(text.to_owned()));
        assert!(keys.get(START).await.unwrap_err().to_string().contains("rapport keys"));
    }
}
