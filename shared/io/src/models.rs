//! Models in their bucket: immutable artifacts named by their hash, and one pointer to the live one.
//!
//! Publishing writes the artifact first and swaps the pointer last, under a condition, so a reader sees the old model or the new
//! one and never half of either. The one before stays, for readers to fall back on when the new one turns out to be damaged.

use crate::{
    layout,
    ports::{Condition, Objects, StoreError},
};
use bytes::Bytes;
use rapport_core::{digest::content_hash, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const SCHEMA: u8 = 1;
/// How often a publisher tries again when another one swaps the pointer under its hands.
const SWAP_ATTEMPTS: u32 = 5;

/// Which model is live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    v: u8,
    /// The hash of the live artifact: 64 hex digits.
    pub model: String,
    /// The hash of the one that was live before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// When it was published.
    pub created: Timestamp,
    /// What a conditional swap must name; a cheap test for change, too.
    #[serde(skip)]
    pub etag: String,
}

impl Pointer {
    /// The model's name as answers show it: `m_2026-11-21_4f9a`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("m_{}_{}", self.created.day(), self.model.get(..4).unwrap_or(&self.model))
    }
}

/// An artifact that is what its name says.
#[derive(Clone, Debug)]
pub struct Live {
    /// The pointer it was found by.
    pub pointer: Pointer,
    /// The hash of the artifact handed out.
    pub hash: String,
    /// The artifact.
    pub artifact: Bytes,
    /// Why the one before the newest serves; `None` when the newest does.
    pub fell_back: Option<String>,
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The pointer names an artifact that is not there.
    #[error("model {hash} is missing")]
    Missing {
        /// Which.
        hash: String,
    },
    /// The artifact's bytes are not the ones its name was made from.
    #[error("model {hash} is damaged")]
    Damaged {
        /// Which.
        hash: String,
    },
}

/// The models in their bucket.
#[derive(Clone)]
pub struct Models {
    objects: Arc<dyn Objects>,
}

impl Models {
    /// Over `objects`.
    #[must_use]
    pub fn new(objects: Arc<dyn Objects>) -> Self {
        Self { objects }
    }

    /// Which model is live; `None` before the first training.
    ///
    /// # Errors
    /// [`StoreError`] when the pointer cannot be read, or was written by a newer release.
    pub async fn current(&self) -> Result<Option<Pointer>, StoreError> {
        let Some(stored) = self.objects.get(layout::CURRENT_MODEL).await? else { return Ok(None) };
        let pointer: Pointer = serde_json::from_slice(&stored.body).map_err(|error| StoreError::refused(layout::CURRENT_MODEL, error))?;
        Ok(Some(Pointer { etag: stored.etag, ..pointer }))
    }

    /// The artifact called `hash`, checked against its name once, here.
    ///
    /// # Errors
    /// [`ModelError`] when it is missing, damaged or cannot be read.
    pub async fn artifact(&self, hash: &str) -> Result<Bytes, ModelError> {
        let stored = self.objects.get(&layout::model_artifact(hash)).await?;
        let artifact = stored.ok_or_else(|| ModelError::Missing { hash: hash.to_owned() })?.body;
        if content_hash(&artifact) == hash { Ok(artifact) } else { Err(ModelError::Damaged { hash: hash.to_owned() }) }
    }

    /// The artifact that `pointer` names, or the one before it when that one is missing or damaged.
    ///
    /// # Errors
    /// [`ModelError`] of the newest when neither can be had.
    pub async fn load(&self, pointer: &Pointer) -> Result<Live, ModelError> {
        let newest = match self.artifact(&pointer.model).await {
            Ok(artifact) => return Ok(Live { pointer: pointer.clone(), hash: pointer.model.clone(), artifact, fell_back: None }),
            Err(error) => error,
        };
        let Some(previous) = &pointer.previous else { return Err(newest) };
        match self.artifact(previous).await {
            Ok(artifact) => Ok(Live { pointer: pointer.clone(), hash: previous.clone(), artifact, fell_back: Some(newest.to_string()) }),
            Err(_) => Err(newest),
        }
    }

    /// The report beside the artifact called `hash`.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn report(&self, hash: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.objects.get(&layout::model_report(hash)).await?.map(|stored| stored.body))
    }

    /// The newest data audit; `None` before the first.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn audit(&self) -> Result<Option<Bytes>, StoreError> {
        Ok(self.objects.get(layout::DATA_AUDIT).await?.map(|stored| stored.body))
    }

    /// Writes a data audit over the one before.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be written.
    pub async fn put_audit(&self, audit: Bytes) -> Result<(), StoreError> {
        self.objects.put(layout::DATA_AUDIT, audit, Condition::Always).await.map(drop)
    }

    /// Makes `artifact` the live model: artifact and report first, then the pointer. What was live becomes `previous`; what was
    /// `previous` goes.
    ///
    /// # Errors
    /// [`StoreError`] when a write failed (the old model then stays live), [`StoreError::Conflict`] when others keep publishing.
    pub async fn publish(&self, artifact: Bytes, report: Bytes, now: Timestamp) -> Result<Pointer, StoreError> {
        let hash = content_hash(&artifact);
        // Unconditionally, so that publishing a model again heals a damaged copy of it.
        self.objects.put(&layout::model_artifact(&hash), artifact, Condition::Always).await?;
        self.objects.put(&layout::model_report(&hash), report, Condition::Always).await?;
        let mut attempt = 1;
        loop {
            let before = self.current().await?;
            match self.swap(&hash, before.as_ref(), now).await {
                Ok(pointer) => {
                    self.forget_older(before.as_ref(), &pointer).await;
                    return Ok(pointer);
                }
                Err(StoreError::Conflict { .. }) if attempt < SWAP_ATTEMPTS => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    async fn swap(&self, hash: &str, before: Option<&Pointer>, now: Timestamp) -> Result<Pointer, StoreError> {
        let previous = before.and_then(|before| if before.model == hash { before.previous.clone() } else { Some(before.model.clone()) });
        let pointer = Pointer { v: SCHEMA, model: hash.to_owned(), previous, created: now, etag: String::new() };
        let body = serde_json::to_vec(&pointer).map_err(|error| StoreError::refused(layout::CURRENT_MODEL, error))?;
        let condition = before.map_or(Condition::Absent, |before| Condition::Version(before.etag.clone()));
        let etag = self.objects.put(layout::CURRENT_MODEL, body.into(), condition).await?;
        Ok(Pointer { etag, ..pointer })
    }

    /// Deletes the model that `now_live` no longer names. The new one is live whether this succeeds or not: a leftover costs a cent
    /// a year, a training run reported as failed would cost a night.
    async fn forget_older(&self, before: Option<&Pointer>, now_live: &Pointer) {
        let Some(dropped) = before.and_then(|before| before.previous.as_deref()) else { return };
        if dropped == now_live.model || now_live.previous.as_deref() == Some(dropped) {
            return;
        }
        for key in [layout::model_artifact(dropped), layout::model_report(dropped)] {
            if let Err(error) = self.objects.delete(&key).await {
                tracing::warn!(%key, %error, "an old model stays behind");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryObjects;

    const NOW: Timestamp = Timestamp(1_795_348_800_000);

    fn models() -> (Arc<MemoryObjects>, Models) {
        let objects = Arc::new(MemoryObjects::default());
        (Arc::clone(&objects), Models::new(objects))
    }

    async fn publish(models: &Models, artifact: &'static str) -> Pointer {
        models.publish(artifact.into(), "{}".into(), NOW).await.unwrap()
    }

    #[tokio::test]
    async fn before_the_first_training_there_is_none() {
        assert_eq!(models().1.current().await.unwrap(), None);
    }

    #[tokio::test]
    async fn the_newest_and_the_one_before_are_kept() {
        let (objects, models) = models();
        let first = publish(&models, "one").await;
        let second = publish(&models, "two").await;
        let third = publish(&models, "three").await;
        assert_eq!(models.current().await.unwrap(), Some(third.clone()));
        assert_eq!(third.previous, Some(second.model));
        assert!(matches!(models.artifact(&first.model).await, Err(ModelError::Missing { .. })));
        assert_eq!((objects as Arc<dyn Objects>).list_all("models/").await.unwrap().len(), 5, "two models, two reports, one pointer");
    }

    #[tokio::test]
    async fn the_same_model_again_keeps_the_one_before() {
        let (_, models) = models();
        let first = publish(&models, "one").await;
        publish(&models, "two").await;
        assert_eq!(publish(&models, "two").await.previous, Some(first.model));
    }

    #[tokio::test]
    async fn a_damaged_model_is_refused_and_the_one_before_serves() {
        let (objects, models) = models();
        let first = publish(&models, "one").await;
        let second = publish(&models, "two").await;
        objects.put(&layout::model_artifact(&second.model), "tvo".into(), Condition::Always).await.unwrap();
        assert!(matches!(models.artifact(&second.model).await, Err(ModelError::Damaged { .. })));
        let live = models.load(&second).await.unwrap();
        assert_eq!((live.hash, live.artifact), (first.model, Bytes::from("one")));
        assert!(live.fell_back.unwrap().contains("damaged"));
    }

    #[tokio::test]
    async fn of_two_who_publish_at_once_neither_loses_its_predecessor() {
        let (_, models) = models();
        for seen in [None, Some(publish(&models, "one").await)] {
            let other = publish(&models, "two").await;
            let late = models.swap(&content_hash(b"three"), seen.as_ref(), NOW).await;
            assert!(matches!(late, Err(StoreError::Conflict { .. })), "{late:?}");
            assert_eq!(models.current().await.unwrap(), Some(other.clone()), "what was swapped in meanwhile stays");
            assert_eq!(publish(&models, "three").await.previous, Some(other.model), "who looks again puts it behind its own");
        }
    }

    #[tokio::test]
    async fn publishing_again_heals() {
        let (objects, models) = models();
        let live = publish(&models, "one").await;
        objects.put(&layout::model_artifact(&live.model), "onf".into(), Condition::Always).await.unwrap();
        publish(&models, "one").await;
        assert_eq!(models.artifact(&live.model).await.unwrap(), Bytes::from("one"));
    }

    #[test]
    fn a_model_has_a_name_to_show() {
        let pointer = Pointer { v: 1, model: "4f9a00".into(), previous: None, created: NOW, etag: String::new() };
        assert_eq!(pointer.name(), "m_2026-11-22_4f9a");
    }
}
