//! Archive files among the objects.

use crate::{ArchiveError, decode, encode, in_order};
use bytes::Bytes;
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
        decode(self.file(key).await?)
    }

    /// The bytes of one file, which are what its name says.
    ///
    /// # Errors
    /// As [`Archive::read`].
    pub async fn file(&self, key: &str) -> Result<Bytes, ArchiveError> {
        let gone = || StoreError::Unavailable { what: key.to_owned(), source: "it is gone; list the archive again".into() };
        let file = self.objects.get(key).await?.ok_or_else(gone)?.body;
        if !key.ends_with(&name(&file)) {
            return Err(ArchiveError::Damaged(key.to_owned()));
        }
        Ok(file)
    }

    /// Writes the events received on `day` as one file, in order and without identical copies, and gives its key. The name is the
    /// content's hash, so writing the same events again changes nothing.
    ///
    /// # Errors
    /// [`ArchiveError`] when it could not be written.
    pub async fn write(&self, day: &str, events: Vec<Event>) -> Result<String, ArchiveError> {
        let file = encode(&in_order(events))?;
        let key = format!("{}{}", layout::archive_prefix(Some(day)), name(&file));
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

fn name(file: &[u8]) -> String {
    format!("part-{}.parquet", content_hash(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_io::memory::MemoryObjects;

    #[tokio::test]
    async fn a_file_that_is_not_what_its_name_says_is_refused() {
        let objects = Arc::new(MemoryObjects::default());
        let archive = Archive::new(objects.clone());
        let key = archive.write("2026-01-03", Vec::new()).await.expect("written");
        assert_eq!(archive.read(&key).await.expect("whole"), []);
        // As good a file as any, and another one.
        let mut other = encode(&[]).expect("it encodes");
        let last = other.len() - 9;
        other[last] ^= 1;
        objects.put(&key, other.into(), Condition::Always).await.expect("memory");
        let error = archive.read(&key).await.expect_err("it is not what was written");
        assert!(matches!(&error, ArchiveError::Damaged(named) if *named == key) && error.to_string().contains(&key), "{error}");
    }
}
