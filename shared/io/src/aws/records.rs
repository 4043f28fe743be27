//! [`Records`] on DynamoDB. A row is `pk`, `sk`, `version` (number), `body` (binary), `expires` (number), `changed` (text).

use super::failure;
use crate::{
    layout::Table,
    memory::next_version,
    ports::{Condition, Page, Record, RecordKey, Records, StoreError},
};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    primitives::Blob,
    types::{AttributeValue as Value, KeysAndAttributes},
};
use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

/// Rows in one read.
const BATCH: usize = 100;
/// How often in a row a read may bring nothing before the table is called unavailable.
const EMPTY_READS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);
const INDEX: &str = "by_change";

type Row = HashMap<String, Value>;

pub(super) struct DynamoDb {
    client: Client,
    stack: String,
}

impl DynamoDb {
    pub(super) fn new(config: &SdkConfig, endpoint: Option<&str>, stack: &str) -> Self {
        let mut builder = aws_sdk_dynamodb::config::Builder::from(config);
        builder.set_endpoint_url(endpoint.map(str::to_owned));
        Self { client: Client::from_conf(builder.build()), stack: stack.to_owned() }
    }

    /// Reads up to [`BATCH`] rows, asking again for what a busy table or the 16 MB limit left out.
    async fn batch(&self, table: Table, keys: Vec<&RecordKey>, consistent: bool) -> Result<Vec<Record>, StoreError> {
        let name = table.name(&self.stack);
        let mut asked: Vec<Row> = keys.into_iter().map(key_row).collect();
        let mut records = Vec::with_capacity(asked.len());
        let mut empty = 0;
        while !asked.is_empty() {
            let request = KeysAndAttributes::builder().set_keys(Some(asked)).consistent_read(consistent).build();
            let request = request.map_err(|error| StoreError::refused(&name, error))?;
            let found = self.client.batch_get_item().request_items(&name, request).send().await.map_err(|error| failure(&name, error))?;
            let rows: Vec<Row> = found.responses.unwrap_or_default().into_values().flatten().collect();
            asked = found.unprocessed_keys.unwrap_or_default().into_values().flat_map(|left| left.keys).collect();
            empty = if rows.is_empty() { empty + 1 } else { 0 };
            for row in rows {
                records.push(record(&name, row)?);
            }
            if !asked.is_empty() {
                if empty >= EMPTY_READS {
                    return Err(StoreError::unavailable(name, "it leaves keys unprocessed"));
                }
                tokio::time::sleep(PAUSE * 2_u32.pow(empty)).await;
            }
        }
        Ok(records)
    }
}

#[async_trait]
impl Records for DynamoDb {
    async fn get(&self, table: Table, keys: &[RecordKey], consistent: bool) -> Result<Vec<Option<Record>>, StoreError> {
        // DynamoDB refuses to be asked for one key twice.
        let distinct: Vec<&RecordKey> = keys.iter().collect::<BTreeSet<_>>().into_iter().collect();
        let mut found = HashMap::with_capacity(distinct.len());
        for keys in distinct.chunks(BATCH) {
            found.extend(self.batch(table, keys.to_vec(), consistent).await?.into_iter().map(|record| (record.key.clone(), record)));
        }
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    async fn put(&self, table: Table, record: Record, condition: Condition) -> Result<u64, StoreError> {
        let name = table.name(&self.stack);
        let what = format!("{name} {}/{}", record.key.pk, record.key.sk);
        let version = next_version(&condition).map_err(|error| StoreError::refused(&what, error))?;
        let (expression, values) = conditional(condition);
        let request = self.client.put_item().table_name(name).set_item(Some(row(record, version)));
        let request = request.set_condition_expression(expression).set_expression_attribute_values(values);
        request.send().await.map_err(|error| failure(&what, error))?;
        Ok(version)
    }

    async fn delete(&self, table: Table, key: &RecordKey, condition: Condition) -> Result<(), StoreError> {
        let name = table.name(&self.stack);
        let what = format!("{name} {}/{}", key.pk, key.sk);
        let (expression, values) = conditional(condition);
        let request = self.client.delete_item().table_name(name).set_key(Some(key_row(key)));
        let request = request.set_condition_expression(expression).set_expression_attribute_values(values);
        request.send().await.map(|_| ()).map_err(|error| failure(&what, error))
    }

    async fn query(&self, table: Table, pk: &str, prefix: &str, next: Option<String>) -> Result<Page, StoreError> {
        let name = table.name(&self.stack);
        let request = self.client.query().table_name(&name).consistent_read(true).expression_attribute_values(":pk", text(pk));
        // An empty text is no value to compare a key with.
        let request = if prefix.is_empty() {
            request.key_condition_expression("pk = :pk")
        } else {
            request.key_condition_expression("pk = :pk AND begins_with(sk, :prefix)").expression_attribute_values(":prefix", text(prefix))
        };
        let found = request.set_exclusive_start_key(start(&name, next)?).send().await.map_err(|error| failure(&name, error))?;
        page(&name, found.items, found.last_evaluated_key)
    }

    async fn query_changed(&self, table: Table, pk: &str, after: &str, next: Option<String>) -> Result<Page, StoreError> {
        let name = table.name(&self.stack);
        let request = self.client.query().table_name(&name).index_name(INDEX).expression_attribute_values(":pk", text(pk));
        let request = if after.is_empty() {
            request.key_condition_expression("pk = :pk")
        } else {
            request.key_condition_expression("pk = :pk AND changed > :after").expression_attribute_values(":after", text(after))
        };
        let found = request.set_exclusive_start_key(start(&name, next)?).send().await.map_err(|error| failure(&name, error))?;
        page(&name, found.items, found.last_evaluated_key)
    }

    async fn scan(&self, table: Table, next: Option<String>) -> Result<Page, StoreError> {
        let name = table.name(&self.stack);
        let request = self.client.scan().table_name(&name).consistent_read(true);
        let found = request.set_exclusive_start_key(start(&name, next)?).send().await.map_err(|error| failure(&name, error))?;
        page(&name, found.items, found.last_evaluated_key)
    }
}

fn text(value: impl Into<String>) -> Value {
    Value::S(value.into())
}

fn key_row(key: &RecordKey) -> Row {
    HashMap::from([("pk".to_owned(), text(&key.pk)), ("sk".to_owned(), text(&key.sk))])
}

fn row(record: Record, version: u64) -> Row {
    let mut row = key_row(&record.key);
    row.insert("version".to_owned(), Value::N(version.to_string()));
    row.insert("body".to_owned(), Value::B(Blob::new(record.body)));
    row.extend(record.expires.map(|secs| ("expires".to_owned(), Value::N(secs.to_string()))));
    row.extend(record.changed.map(|changed| ("changed".to_owned(), Value::S(changed))));
    row
}

fn record(table: &str, mut row: Row) -> Result<Record, StoreError> {
    let mut take = |name: &str| row.remove(name);
    let (Some(Value::S(pk)), Some(Value::S(sk)), Some(Value::N(version)), Some(Value::B(body))) =
        (take("pk"), take("sk"), take("version"), take("body"))
    else {
        return Err(StoreError::refused(table, "a row lacks pk, sk, version or body"));
    };
    let expires = match take("expires") {
        Some(Value::N(secs)) => Some(secs.parse().map_err(|error: std::num::ParseIntError| StoreError::refused(table, error))?),
        _ => None,
    };
    let changed = match take("changed") {
        Some(Value::S(changed)) => Some(changed),
        _ => None,
    };
    let version = version.parse().map_err(|error: std::num::ParseIntError| StoreError::refused(table, error))?;
    Ok(Record { key: RecordKey { pk, sk }, version, body: body.into_inner().into(), expires, changed })
}

fn conditional(condition: Condition) -> (Option<String>, Option<HashMap<String, Value>>) {
    match condition {
        Condition::Always => (None, None),
        Condition::Absent => (Some("attribute_not_exists(pk)".to_owned()), None),
        Condition::Version(version) => {
            (Some("version = :version".to_owned()), Some(HashMap::from([(":version".to_owned(), Value::N(version))])))
        }
    }
}

/// A page's end as text: the key's attributes as a JSON object.
fn page(table: &str, rows: Option<Vec<Row>>, last: Option<Row>) -> Result<Page, StoreError> {
    let records = rows.unwrap_or_default().into_iter().map(|row| record(table, row)).collect::<Result<_, _>>()?;
    let next = last.filter(|last| !last.is_empty()).map(|last| {
        let texts = last.into_iter().filter_map(|(name, value)| Some((name, serde_json::Value::from(value.as_s().ok()?.as_str()))));
        serde_json::Value::Object(texts.collect()).to_string()
    });
    Ok(Page { records, next })
}

fn start(table: &str, next: Option<String>) -> Result<Option<Row>, StoreError> {
    let Some(next) = next else { return Ok(None) };
    let key: HashMap<String, String> = serde_json::from_str(&next).map_err(|error| StoreError::refused(table, error))?;
    Ok(Some(key.into_iter().map(|(name, value)| (name, Value::S(value))).collect()))
}
