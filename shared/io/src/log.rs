//! The log: canonical events as zstd NDJSON, one immutable object a batch, named by its content.

use crate::{
    layout,
    ports::{Condition, Objects, StoreError},
};
use rapport_core::{
    digest::content_hash,
    event::{DecodeError, Event, decode_lines, encode_line},
    time::Timestamp,
};
use std::{io::Read, sync::Arc};

/// Events compress about tenfold; this level keeps up with ingest on one core.
const ZSTD_LEVEL: i32 = 3;
/// No object of ours unpacks to more; one that does is not ours.
const UNPACKED_BYTES: u64 = 512 << 20;

/// The log.
#[derive(Clone)]
pub struct Log {
    objects: Arc<dyn Objects>,
}

/// What an object of the log holds.
#[derive(Debug, Default)]
pub struct LogObject {
    /// Its events.
    pub events: Vec<Event>,
    /// Lines that cannot be read.
    pub damaged: Vec<DecodeError>,
}

impl Log {
    /// Over `objects`.
    #[must_use]
    pub fn new(objects: Arc<dyn Objects>) -> Self {
        Self { objects }
    }

    /// Writes `events` as one object and gives its key. The same events on the same day are the same object, written once.
    ///
    /// # Errors
    /// [`StoreError`] when the object could not be written; the events are then not durable and must not be acknowledged.
    pub async fn append(&self, events: &[Event], received: Timestamp) -> Result<String, StoreError> {
        let mut lines = Vec::with_capacity(events.len() * 256);
        events.iter().for_each(|event| encode_line(event, &mut lines));
        let key = layout::log_object(received, &content_hash(&lines));
        let packed = zstd::bulk::compress(&lines, ZSTD_LEVEL).map_err(|source| refused("packing a log object", source))?;
        match self.objects.put(&key, packed.into(), Condition::Absent).await {
            Ok(_) | Err(StoreError::Conflict { .. }) => Ok(key),
            Err(error) => Err(error),
        }
    }

    /// Reads an object; an absent one (compacted into the archive since) holds nothing.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read or unpacked.
    pub async fn read(&self, key: &str) -> Result<LogObject, StoreError> {
        let Some(stored) = self.objects.get(key).await? else { return Ok(LogObject::default()) };
        let lines = unpack(&stored.body).map_err(|source| refused(key, source))?;
        let mut object = LogObject::default();
        for line in decode_lines(&lines) {
            match line {
                Ok(event) => object.events.push(event),
                Err(damaged) => object.damaged.push(damaged),
            }
        }
        Ok(object)
    }

    /// The keys of all objects, oldest day first.
    ///
    /// # Errors
    /// [`StoreError`] when the log cannot be listed.
    pub async fn keys(&self) -> Result<Vec<String>, StoreError> {
        let mut keys: Vec<String> = Vec::new();
        loop {
            let page = self.objects.list(&layout::log_prefix(None), keys.last().map(String::as_str)).await?;
            if page.is_empty() {
                return Ok(keys);
            }
            keys.extend(page);
        }
    }

    /// Deletes an object. Only for what the archive holds.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be deleted.
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.objects.delete(key).await
    }
}

fn unpack(packed: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut lines = Vec::with_capacity(packed.len() * 8);
    zstd::Decoder::new(packed)?.take(UNPACKED_BYTES + 1).read_to_end(&mut lines)?;
    if lines.len() as u64 > UNPACKED_BYTES { Err(std::io::Error::other("it unpacks to more than 512 MiB")) } else { Ok(lines) }
}

fn refused(what: &str, source: std::io::Error) -> StoreError {
    StoreError::Refused { what: what.to_owned(), source: source.into() }
}
