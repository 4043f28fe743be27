//! Archive files among the objects.

use crate::{ArchiveError, decode, encode, in_order};
use rapport_core::{digest::content_hash, event::Event};
use rapport_io::{Condition, Objects, StoreError, layout};
use std::sync::Arc;

/// The archive.
#[derive(Clone)]
pub struct Archive {
    objects: Arc<dyn Objects>,
}

impl Archive {
    /// Over `objects`.
    #[must_use]
    pub fn new(objects: Arc<dyn Objects>) -> Self {
        Self { objects }
    }

    /// The keys of all files, oldest day first.
    ///
    /// # Errors
    /// [`ArchiveError::Store`] when they cannot be listed.
    pub async fn keys(&self) -> Result<Vec<String>, ArchiveError> {
        let mut keys: Vec<String> = Vec::new();
        loop {
            let page = self.objects.list(&layout::archive_prefix(None), keys.last().map(String::as_str)).await?;
            if page.is_empty() {
                return Ok(keys);
            }
            keys.extend(page);
        }
    }

    /// The events of one file.
    ///
    /// # Errors
    /// [`ArchiveError`] when it cannot be read. A file that is gone is an error too: nothing but an erasure removes one, after its
    /// successor is written.
    pub async fn read(&self, key: &str) -> Result<Vec<Event>, ArchiveError> {
        let gone = || StoreError::Unavailable { what: key.to_owned(), source: "it is gone; list the archive again".into() };
        decode(self.objects.get(key).await?.ok_or_else(gone)?.body)
    }

    /// Writes the events received on `day` as one file, in order and without identical copies, and gives its key. The name is the
    /// content's hash, so writing the same events again changes nothing.
    ///
    /// # Errors
    /// [`ArchiveError`] when it could not be written.
    pub async fn write(&self, day: &str, events: Vec<Event>) -> Result<String, ArchiveError> {
        let file = encode(&in_order(events))?;
        let key = format!("{}part-{}.parquet", layout::archive_prefix(Some(day)), content_hash(&file));
        match self.objects.put(&key, file.into(), Condition::Absent).await {
            Ok(_) | Err(StoreError::Conflict { .. }) => Ok(key),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a file. Only what a newer file holds, or an erasure forbids.
    ///
    /// # Errors
    /// [`ArchiveError::Store`] when it cannot be deleted.
    pub async fn delete(&self, key: &str) -> Result<(), ArchiveError> {
        Ok(self.objects.delete(key).await?)
    }
}
