//! The log: what happened, for ever. Everything else in the house can be rebuilt from it.
//!
//! One immutable object a batch, under the day it was received, named by the hash of its lines: a batch that is delivered twice on
//! one day writes the same bytes to the same place.

use crate::{
    layout,
    ports::{Condition, Objects, StoreError},
};
use rapport_core::{
    digest::ContentHasher,
    event::{self, DecodeError, Event},
    time::Timestamp,
};
use std::{
    io::{self, Read, Write},
    sync::Arc,
};

/// The most that one object may unpack to, in bytes. Ours are a thousandth of it; only a forged one would fill a function's memory.
const LARGEST_OBJECT_BYTES: u64 = 512 * 1024 * 1024;
/// Level 3 is where zstd packs JSON tenfold and still keeps up with a network.
const ZSTD_LEVEL: i32 = 3;

/// What one object of the log says.
#[derive(Debug, Default)]
pub struct LogObject {
    /// The events, in the order they were written.
    pub events: Vec<Event>,
    /// Lines that cannot be read; the others are not held up by them.
    pub damaged: Vec<DecodeError>,
}

/// Events on their way into one object. Each is packed as it comes: it takes some twenty bytes here, and half a kilobyte in memory.
pub struct Page {
    packed: io::Result<zstd::Encoder<'static, Vec<u8>>>,
    hash: ContentHasher,
    events: usize,
    line: Vec<u8>,
}

impl Default for Page {
    fn default() -> Self {
        Self { packed: zstd::Encoder::new(Vec::new(), ZSTD_LEVEL), hash: ContentHasher::default(), events: 0, line: Vec::new() }
    }
}

impl Page {
    /// Adds `event`.
    pub fn add(&mut self, event: &Event) {
        // Counted even where packing fails: a page that is not empty is kept, and there the failure shows.
        self.events += 1;
        self.line.clear();
        event::encode_line(event, &mut self.line);
        let Self { packed: Ok(packed), hash, .. } = self else { return };
        if let Err(problem) = packed.write_all(&self.line).and_then(|()| hash.write_all(&self.line)) {
            self.packed = Err(problem);
        }
    }

    /// How many there are.
    #[must_use]
    pub const fn events(&self) -> usize {
        self.events
    }
}

/// The log in its bucket.
#[derive(Clone)]
pub struct Log {
    objects: Arc<dyn Objects>,
}

impl Log {
    /// Over `objects`.
    #[must_use]
    pub fn new(objects: Arc<dyn Objects>) -> Self {
        Self { objects }
    }

    /// Writes `events` as one object and gives its key. Once this returns, the events exist.
    ///
    /// # Errors
    /// [`StoreError`] when the object could not be written; the same call again is safe.
    pub async fn append(&self, events: &[Event], received: Timestamp) -> Result<String, StoreError> {
        let mut page = Page::default();
        events.iter().for_each(|event| page.add(event));
        self.keep(page, received).await
    }

    /// Writes a page as one object and gives its key. Once this returns, its events exist.
    ///
    /// # Errors
    /// As [`Self::append`]; the same page written anew is safe.
    pub async fn keep(&self, page: Page, received: Timestamp) -> Result<String, StoreError> {
        let key = layout::log_object(received, &page.hash.finish());
        let packed = page.packed.and_then(zstd::Encoder::finish).map_err(|source| StoreError::refused(&key, source))?;
        match self.objects.put(&key, packed.into(), Condition::Absent).await {
            // The name is the content: what is there is what we would write.
            Ok(_) | Err(StoreError::Conflict { .. }) => Ok(key),
            Err(error) => Err(error),
        }
    }

    /// The object under `key`; `None` when it is gone, as it is once its day is archived.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it cannot be unpacked, or unpacks to more than 512 MiB; else as the store says.
    pub async fn read(&self, key: &str) -> Result<Option<LogObject>, StoreError> {
        let Some(stored) = self.objects.get(key).await? else { return Ok(None) };
        let lines = unpack(&stored.body, LARGEST_OBJECT_BYTES).map_err(|source| StoreError::refused(key, source))?;
        let mut object = LogObject::default();
        for line in event::decode_lines(&lines) {
            match line {
                Ok(event) => object.events.push(event),
                Err(error) => object.damaged.push(error),
            }
        }
        Ok(Some(object))
    }

    /// The keys of one day (`2026-11-22`), or of all days, oldest day first.
    ///
    /// # Errors
    /// [`StoreError`] when the bucket cannot be listed.
    pub async fn keys(&self, day: Option<&str>) -> Result<Vec<String>, StoreError> {
        self.objects.list_all(&layout::log_prefix(day)).await
    }

    /// Takes an object away, once the archive holds what it said.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be deleted; when it is gone already that is no error.
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.objects.delete(key).await
    }
}

fn unpack(packed: &[u8], at_most: u64) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    zstd::Decoder::with_buffer(packed)?.take(at_most + 1).read_to_end(&mut lines)?;
    if lines.len() as u64 > at_most {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it unpacks to more than {at_most} bytes")));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryObjects;
    use rapport_core::{
        event::{Action, Authority, Traffic, Who},
        id::EventId,
    };

    const NOON: Timestamp = Timestamp(1_795_348_800_000);

    fn page(id: &str) -> Event {
        Event {
            id: EventId::new(id).unwrap(),
            at: NOON,
            authority: Authority::Browser,
            source: "segment".into(),
            who: Who::default(),
            traffic: Traffic::Human,
            action: Action::Page { name: "/bread".into() },
        }
    }

    fn log() -> (Arc<MemoryObjects>, Log) {
        let objects = Arc::new(MemoryObjects::default());
        (Arc::clone(&objects), Log::new(objects))
    }

    #[tokio::test]
    async fn what_is_appended_twice_is_there_once() {
        let (_, log) = log();
        let events = [page("a"), page("b")];
        let key = log.append(&events, NOON).await.unwrap();
        assert_eq!(log.append(&events, NOON).await.unwrap(), key);
        assert_eq!(log.keys(Some("2026-11-22")).await.unwrap(), std::slice::from_ref(&key));
        assert_eq!(log.keys(Some("2026-11-23")).await.unwrap(), [""; 0]);
        let object = log.read(&key).await.unwrap().unwrap();
        assert_eq!(object.events, events);
        assert!(object.damaged.is_empty());
    }

    #[tokio::test]
    async fn a_page_that_could_not_be_packed_is_not_taken_for_an_empty_one() {
        let (_, log) = log();
        let mut page = Page { packed: Err(io::ErrorKind::OutOfMemory.into()), ..Page::default() };
        page.add(&super::tests::page("a"));
        assert_eq!(page.events(), 1);
        assert!(matches!(log.keep(page, NOON).await, Err(StoreError::Refused { .. })));
    }

    #[tokio::test]
    async fn one_damaged_line_holds_nobody_up() {
        let (objects, log) = log();
        let mut lines = b"{\"v\":1,\"torn\":\n".to_vec();
        event::encode_line(&page("a"), &mut lines);
        let packed = zstd::encode_all(lines.as_slice(), ZSTD_LEVEL).unwrap();
        objects.put("log/dt=2026-11-22/x.ndjson.zst", packed.into(), Condition::Always).await.unwrap();
        let object = log.read("log/dt=2026-11-22/x.ndjson.zst").await.unwrap().unwrap();
        assert_eq!((object.events.len(), object.damaged.len()), (1, 1));
        assert!(object.damaged[0].to_string().starts_with("line 1 "), "{}", object.damaged[0]);
    }

    #[tokio::test]
    async fn an_object_that_is_gone_is_none_and_rubbish_is_refused() {
        let (objects, log) = log();
        assert!(log.read("log/dt=2026-11-22/gone").await.unwrap().is_none());
        objects.put("log/rubbish", "not zstd".into(), Condition::Always).await.unwrap();
        assert!(matches!(log.read("log/rubbish").await, Err(StoreError::Refused { .. })));
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let bomb = zstd::encode_all(io::repeat(0).take(10_001), ZSTD_LEVEL).unwrap();
        assert_eq!(unpack(&bomb, 10_001).unwrap().len(), 10_001);
        assert!(unpack(&bomb, 10_000).is_err());
    }
}
