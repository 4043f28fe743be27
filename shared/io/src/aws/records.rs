//! Records in DynamoDB tables: `pk`, `sk`, `version` (N), `body` (B), `expires` (N), `changed` (S), `beside` (B), `shard` (S).

use super::{refused, sorted};
use crate::{
    layout::Table,
    ports::{Beside, Condition, Page, Record, RecordKey, Records, StoreError},
};
use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, KeysAndAttributes, PutRequest, WriteRequest},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    time::Duration,
};

const CONFLICTS: [&str; 2] = ["ConditionalCheckFailedException", "TransactionConflictException"];
/// What BatchGetItem takes.
const KEYS_AT_ONCE: usize = 100;
/// What BatchWriteItem takes.
const ROWS_AT_ONCE: usize = 25;
/// How many calls of one request are under way at a time.
const CALLS_AT_ONCE: usize = 8;
/// How often what the table left unprocessed is asked for again.
const ROUNDS: u32 = 6;

type Item = HashMap<String, AttributeValue>;

#[derive(Clone)]
pub(super) struct Tables {
    client: Client,
    stack: String,
}

impl Tables {
    pub(super) const fn new(client: Client, stack: String) -> Self {
        Self { client, stack }
    }

    async fn get_some(self, table: Table, keys: Vec<RecordKey>, consistent: bool) -> Result<HashMap<RecordKey, Record>, StoreError> {
        let name = table.name(&self.stack);
        let mut wanted: Vec<Item> = keys.iter().map(key_item).collect();
        let mut found = HashMap::with_capacity(wanted.len());
        for round in 0..ROUNDS {
            let asked = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(consistent).build();
            let asked = asked.map_err(|error| refused(&name, error.to_string()))?;
            let answer = self.client.batch_get_item().request_items(&name, asked).send().await;
            let answer = answer.map_err(|error| sorted(format!("reading {name}"), &[], error))?;
            for item in answer.responses.into_iter().flat_map(|mut tables| tables.remove(&name)).flatten() {
                let record = read(&name, item)?;
                found.insert(record.key.clone(), record);
            }
            wanted = answer.unprocessed_keys.and_then(|mut tables| tables.remove(&name)).map(|rest| rest.keys).unwrap_or_default();
            if wanted.is_empty() {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(20 << round)).await;
        }
        Err(StoreError::Unavailable { what: format!("reading {name}"), source: "the table keeps leaving keys unprocessed".into() })
    }

    async fn put_some(self, table: Table, records: Vec<Record>) -> Result<(), StoreError> {
        let name = table.name(&self.stack);
        let put = |record| {
            let item = PutRequest::builder().set_item(Some(write(record, 1))).build().map_err(|error| refused(&name, error.to_string()))?;
            Ok(WriteRequest::builder().put_request(item).build())
        };
        let mut wanted = records.into_iter().map(put).collect::<Result<Vec<_>, StoreError>>()?;
        for round in 0..ROUNDS {
            let answer = self.client.batch_write_item().request_items(&name, wanted).send().await;
            let answer = answer.map_err(|error| sorted(format!("writing {name}"), &[], error))?;
            wanted = answer.unprocessed_items.and_then(|mut tables| tables.remove(&name)).unwrap_or_default();
            if wanted.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20 << round)).await;
        }
        Err(StoreError::Unavailable { what: format!("writing {name}"), source: "the table keeps leaving rows unprocessed".into() })
    }
}

/// Runs a call as a task of its own once it is polled: signing it and reading its answer are work, and many are under way at a time.
async fn apart<T: Send + 'static>(call: impl Future<Output = Result<T, StoreError>> + Send + 'static) -> Result<T, StoreError> {
    match tokio::spawn(call).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(cancelled) => Err(StoreError::Unavailable { what: "a call to a table".into(), source: cancelled.into() }),
        },
    }
}

#[async_trait]
impl Records for Tables {
    async fn get(&self, table: Table, keys: &[RecordKey], consistent: bool) -> Result<Vec<Option<Record>>, StoreError> {
        // DynamoDB refuses a call that names a row twice.
        let mut distinct = keys.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        // Read on the caller's own task: a lookup asks for a key or two, and whoever gives it up gives up the call.
        let calls: Vec<_> = distinct.chunks(KEYS_AT_ONCE).map(|some| self.clone().get_some(table, some.to_vec(), consistent)).collect();
        let answers: Vec<HashMap<RecordKey, Record>> = stream::iter(calls).buffer_unordered(CALLS_AT_ONCE).try_collect().await?;
        let found: HashMap<RecordKey, Record> = answers.into_iter().flatten().collect();
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    async fn put(&self, table: Table, record: Record, condition: Condition) -> Result<u64, StoreError> {
        let name = table.name(&self.stack);
        let what = format!("{name} {}", record.key.pk);
        let version = next_version(&condition, &what)?;
        let request = self.client.put_item().table_name(name).set_item(Some(write(record, version)));
        let request = match condition {
            Condition::Always => request,
            Condition::Absent => request.condition_expression("attribute_not_exists(pk)"),
            Condition::Version(read) => request
                .condition_expression("#version = :read")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":read", AttributeValue::N(read)),
        };
        apart(async move { request.send().await.map_err(|error| sorted(what, &CONFLICTS, error)) }).await?;
        Ok(version)
    }

    async fn put_all(&self, table: Table, records: Vec<Record>) -> Result<(), StoreError> {
        // DynamoDB refuses a call that names a row twice.
        let rows: BTreeMap<RecordKey, Record> = records.into_iter().map(|record| (record.key.clone(), record)).collect();
        let rows: Vec<Record> = rows.into_values().collect();
        let calls: Vec<_> = rows.chunks(ROWS_AT_ONCE).map(|some| apart(self.clone().put_some(table, some.to_vec()))).collect();
        stream::iter(calls).buffer_unordered(CALLS_AT_ONCE).try_collect().await
    }

    async fn delete(&self, table: Table, key: &RecordKey, condition: Condition) -> Result<(), StoreError> {
        let name = table.name(&self.stack);
        let what = format!("{name} {}", key.pk);
        let request = self.client.delete_item().table_name(name).set_key(Some(key_item(key)));
        let request = match condition {
            Condition::Always => request,
            Condition::Absent => request.condition_expression("attribute_not_exists(pk)"),
            Condition::Version(read) => request
                .condition_expression("#version = :read")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":read", AttributeValue::N(read)),
        };
        request.send().await.map_err(|error| sorted(what, &CONFLICTS, error))?;
        Ok(())
    }

    async fn query(&self, table: Table, pk: &str, prefix: &str, next: Option<String>) -> Result<Page, StoreError> {
        let name = table.name(&self.stack);
        let request = self.client.query().table_name(&name).consistent_read(true).set_exclusive_start_key(start(next)?);
        let request = request.expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()));
        // An empty prefix is no condition: DynamoDB refuses empty text for a key.
        let request = if prefix.is_empty() {
            request.key_condition_expression("pk = :pk")
        } else {
            request
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
        };
        let answer = request.send().await.map_err(|error| sorted(format!("querying {name}"), &[], error))?;
        page(&name, answer.items, answer.last_evaluated_key)
    }

    async fn query_changed(&self, table: Table, pk: &str, after: &str, next: Option<String>) -> Result<Page, StoreError> {
        let name = table.name(&self.stack);
        // Everything written sorts after a space, so that "from the beginning" needs no condition of its own.
        let after = if after.is_empty() { " " } else { after };
        let request = self
            .client
            .query()
            .table_name(&name)
            .index_name("by_change")
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND changed > :after")
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .expression_attribute_values(":after", AttributeValue::S(after.to_owned()))
            .set_exclusive_start_key(start(next)?);
        let answer = request.send().await.map_err(|error| sorted(format!("querying {name}"), &[], error))?;
        page(&name, answer.items, answer.last_evaluated_key)
    }

    async fn query_until(&self, table: Table, pk: &str, until: &str, next: Option<String>) -> Result<Page, StoreError> {
        let name = table.name(&self.stack);
        let request = self
            .client
            .query()
            .table_name(&name)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk <= :until")
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .expression_attribute_values(":until", AttributeValue::S(until.to_owned()))
            .set_exclusive_start_key(start(next)?);
        let answer = request.send().await.map_err(|error| sorted(format!("querying {name}"), &[], error))?;
        page(&name, answer.items, answer.last_evaluated_key)
    }

    async fn query_members(&self, table: Table, shard: &str, next: Option<String>) -> Result<Page, StoreError> {
        let name = table.name(&self.stack);
        let request = self
            .client
            .query()
            .table_name(&name)
            .index_name("members")
            // The word is one of DynamoDB's own.
            .key_condition_expression("#shard = :shard")
            .expression_attribute_names("#shard", "shard")
            .expression_attribute_values(":shard", AttributeValue::S(shard.to_owned()))
            .set_exclusive_start_key(start(next)?);
        let answer = request.send().await.map_err(|error| sorted(format!("querying {name}"), &[], error))?;
        let items = answer.items.unwrap_or_default().into_iter().map(|item| member(&name, item));
        Ok(Page { records: items.collect::<Result<_, _>>()?, next: answer.last_evaluated_key.map(|last| cursor(&last)) })
    }

    async fn scan(&self, table: Table, consistent: bool, next: Option<String>) -> Result<Page, StoreError> {
        let name = table.name(&self.stack);
        let request = self.client.scan().table_name(&name).consistent_read(consistent).set_exclusive_start_key(start(next)?);
        let answer = request.send().await.map_err(|error| sorted(format!("scanning {name}"), &[], error))?;
        page(&name, answer.items, answer.last_evaluated_key)
    }
}

fn next_version(condition: &Condition, what: &str) -> Result<u64, StoreError> {
    match condition {
        Condition::Always | Condition::Absent => Ok(1),
        Condition::Version(read) => read.parse::<u64>().map(|read| read + 1).map_err(|_| refused(what, format!("`{read}` is no version"))),
    }
}

fn key_item(key: &RecordKey) -> Item {
    HashMap::from([("pk".to_owned(), AttributeValue::S(key.pk.clone())), ("sk".to_owned(), AttributeValue::S(key.sk.clone()))])
}

fn write(record: Record, version: u64) -> Item {
    let mut item = key_item(&record.key);
    item.insert("version".to_owned(), AttributeValue::N(version.to_string()));
    item.insert("body".to_owned(), AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new(record.body)));
    item.extend(record.expires.map(|expires| ("expires".to_owned(), AttributeValue::N(expires.to_string()))));
    item.extend(record.changed.map(|changed| ("changed".to_owned(), AttributeValue::S(changed))));
    if let Some(Beside { content, shard }) = record.beside {
        item.insert("beside".to_owned(), AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new(content)));
        item.extend(shard.map(|shard| ("shard".to_owned(), AttributeValue::S(shard))));
    }
    item
}

fn read(table: &str, mut item: Item) -> Result<Record, StoreError> {
    let beside = beside(&mut item);
    let mut text = |name: &str| match item.remove(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => Some(text),
        _ => None,
    };
    let (pk, sk, version, expires, changed) = (text("pk"), text("sk"), text("version"), text("expires"), text("changed"));
    let body = match item.remove("body") {
        Some(AttributeValue::B(body)) => Some(Bytes::from(body.into_inner())),
        _ => None,
    };
    match (pk, sk, version.and_then(|version| version.parse().ok()), body) {
        (Some(pk), Some(sk), Some(version), Some(body)) => Ok(Record {
            key: RecordKey { pk, sk },
            version,
            body,
            expires: expires.and_then(|expires| expires.parse().ok()),
            changed,
            beside,
        }),
        (pk, sk, ..) => Err(refused(format!("{table} {pk:?} {sk:?}"), "the row lacks key, version or body; it was not written by us")),
    }
}

fn beside(item: &mut Item) -> Option<Beside> {
    let Some(AttributeValue::B(content)) = item.remove("beside") else { return None };
    let shard = item.remove("shard").and_then(|shard| shard.as_s().ok().cloned());
    Some(Beside { content: Bytes::from(content.into_inner()), shard })
}

/// What the index `members` holds of a row.
fn member(table: &str, mut item: Item) -> Result<Record, StoreError> {
    let beside = beside(&mut item);
    match (item.remove("pk"), item.remove("sk")) {
        (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk))) => {
            Ok(Record { beside, ..Record::new(RecordKey { pk, sk }, Bytes::new()) })
        }
        (pk, sk) => Err(refused(format!("{table} {pk:?} {sk:?}"), "the row of the index lacks its key")),
    }
}

fn page(table: &str, items: Option<Vec<Item>>, last: Option<Item>) -> Result<Page, StoreError> {
    let records = items.unwrap_or_default().into_iter().map(|item| read(table, item)).collect::<Result<_, _>>()?;
    Ok(Page { records, next: last.map(|last| cursor(&last)) })
}

/// A start key as text. All our key attributes are texts.
fn cursor(last: &Item) -> String {
    let texts: HashMap<&String, &String> = last.iter().filter_map(|(name, value)| Some((name, value.as_s().ok()?))).collect();
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&texts).unwrap_or_default())
}

fn start(next: Option<String>) -> Result<Option<Item>, StoreError> {
    let Some(next) = next else { return Ok(None) };
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(&next).ok();
    let texts: Option<HashMap<String, String>> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let texts = texts.ok_or_else(|| refused("a cursor", format!("`{next}` is none of ours")))?;
    Ok(Some(texts.into_iter().map(|(name, value)| (name, AttributeValue::S(value))).collect()))
}
