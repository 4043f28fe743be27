//! The tables that training reads, a page at a time from a disk: DynamoDB's memory is none of a function's.

use bytes::Bytes;
use rapport_io::{Condition, Page, Record, RecordKey, Records, StoreError, layout::Table, memory::MemoryRecords};
use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// What a page holds at most, in bytes of content; as DynamoDB has it.
const PAGE: usize = 1_000_000;

/// Profiles and the catalog in files, in the order in which they were put; everything else in memory.
pub(crate) struct Tables {
    root: PathBuf,
    rest: MemoryRecords,
}

impl Tables {
    /// Files whose names begin with `root`; one that is not there is an empty table.
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), rest: MemoryRecords::default() }
    }

    fn file(&self, table: Table) -> Option<PathBuf> {
        match table {
            Table::Profiles => Some(self.root.with_extension("profiles")),
            Table::Catalog => Some(self.root.with_extension("catalog")),
            _ => None,
        }
    }

    /// The rows from where `next` says.
    fn page(file: &Path, next: Option<String>) -> io::Result<Page> {
        let mut page = Page::default();
        let mut file = match File::open(file) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(page),
            Err(error) => return Err(error),
        };
        let mut at: u64 = next.and_then(|next| next.parse().ok()).unwrap_or(0);
        let end = file.metadata()?.len();
        file.seek(SeekFrom::Start(at))?;
        let mut file = io::BufReader::new(file);
        let mut held = 0;
        while at < end && held < PAGE {
            let [pk, sk, body] = [text(&mut file)?, text(&mut file)?, text(&mut file)?];
            at += (pk.len() + sk.len() + body.len()) as u64 + 3 * 4;
            held += body.len();
            let utf8 = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(io::Error::other);
            page.records.push(Record { version: 1, ..Record::new(RecordKey::new(utf8(pk)?, utf8(sk)?), Bytes::from(body)) });
        }
        page.next = (at < end).then(|| at.to_string());
        Ok(page)
    }
}

fn text(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut text = vec![0; u32::from_le_bytes(length) as usize];
    from.read_exact(&mut text)?;
    Ok(text)
}

fn failed(error: io::Error) -> StoreError {
    StoreError::unavailable("a table's file", error)
}

#[async_trait::async_trait]
impl Records for Tables {
    async fn get(&self, table: Table, keys: &[RecordKey], consistent: bool) -> Result<Vec<Option<Record>>, StoreError> {
        self.rest.get(table, keys, consistent).await
    }

    async fn put(&self, table: Table, record: Record, condition: Condition) -> Result<u64, StoreError> {
        let Some(file) = self.file(table) else { return self.rest.put(table, record, condition).await };
        let mut row = Vec::new();
        for part in [record.key.pk.as_bytes(), record.key.sk.as_bytes(), &record.body] {
            row.extend((part.len() as u32).to_le_bytes());
            row.extend(part);
        }
        let mut file = OpenOptions::new().create(true).append(true).open(file).map_err(failed)?;
        file.write_all(&row).map_err(failed)?;
        Ok(1)
    }

    async fn delete(&self, table: Table, key: &RecordKey, condition: Condition) -> Result<(), StoreError> {
        self.rest.delete(table, key, condition).await
    }

    async fn query(&self, table: Table, pk: &str, prefix: &str, next: Option<String>) -> Result<Page, StoreError> {
        let Some(file) = self.file(table) else { return self.rest.query(table, pk, prefix, next).await };
        let mut page = Self::page(&file, next).map_err(failed)?;
        page.records.retain(|row| row.key.pk == pk && row.key.sk.starts_with(prefix));
        Ok(page)
    }

    async fn query_until(&self, table: Table, pk: &str, until: &str, next: Option<String>) -> Result<Page, StoreError> {
        self.rest.query_until(table, pk, until, next).await
    }

    async fn query_members(&self, table: Table, shard: &str, next: Option<String>) -> Result<Page, StoreError> {
        self.rest.query_members(table, shard, next).await
    }

    async fn query_changed(&self, table: Table, pk: &str, after: &str, next: Option<String>) -> Result<Page, StoreError> {
        self.rest.query_changed(table, pk, after, next).await
    }

    async fn scan(&self, table: Table, consistent: bool, next: Option<String>) -> Result<Page, StoreError> {
        let Some(file) = self.file(table) else { return self.rest.scan(table, consistent, next).await };
        Self::page(&file, next).map_err(failed)
    }
}
