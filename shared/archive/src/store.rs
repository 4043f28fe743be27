//! Where the archive's files are.

use crate::{compact, decode, ArchiveError};
use bytes::Bytes;
use rapport_core::{digest::content_hash, event::Event};
use rapport_io::{layout, Condition, Objects};
use std::sync::Arc;

/// The archive of one shop.
#[derive(Clone)]
pub struct Archive {
    objects: Arc<dyn Objects>,
}

impl Archive {
    /// The archive in `objects`.
    #[must_use]
    pub const fn new(objects: Arc<dyn Objects>) -> Self {
        Self { objects }
    }

    /// The keys of all files, of one day or of all, oldest day first.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn files(&self, day: Option<&str>) -> Result<Vec<String>, ArchiveError> {
        let (prefix, mut files) = (layout::archive_prefix(day), Vec::<String>::new());
        loop {
            let page = self.objects.list(&prefix, files.last().map(String::as_str)).await?;
            if page.is_empty() {
                return Ok(files);
            }
            files.extend(page);
        }
    }

    /// The events of a file; none when it is gone.
    ///
    /// # Errors
    /// When the store is out of reach, or the file is damaged.
    pub async fn read(&self, file: &str) -> Result<Vec<Event>, ArchiveError> {
        self.objects.get(file).await?.map_or_else(|| Ok(Vec::new()), |stored| decode(stored.body))
    }

    /// Writes `events` as a file of `day`, named by its content, and reads it back before it says so: what it replaces may then be
    /// deleted. Gives the key and how many events were left after copies were dropped.
    ///
    /// # Errors
    /// When the store is out of reach, or does not give back what was written.
    pub async fn write(&self, day: &str, events: Vec<Event>) -> Result<(String, usize), ArchiveError> {
        let file = Bytes::from(compact(events)?);
        let hash = content_hash(&file);
        let key = format!("{}part-{}.parquet", layout::archive_prefix(Some(day)), hash.get(..16).unwrap_or_default());
        self.objects.put(&key, file, Condition::Always).await?;
        let stored = self.objects.get(&key).await?.map(|stored| stored.body).unwrap_or_default();
        if content_hash(&stored) != hash {
            return Err(ArchiveError::Row { row: 0, why: format!("{key} was not stored as it was written") });
        }
        Ok((key, decode(stored)?.len()))
    }

    /// Deletes a file: its events are in another, or were erased.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn delete(&self, file: &str) -> Result<(), ArchiveError> {
        Ok(self.objects.delete(file).await?)
    }
}
