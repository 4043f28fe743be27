//! SQS as the SDKs speak it: AWS JSON 1.0, the operations that the suite uses.

use super::{Delivery, LARGEST_CALL_BYTES, QueueError, Queues};
use crate::{
    http::{Answer, aws_error, json_answer},
    template::{QueueSpec, Redrive},
};
use bytes::Bytes;
use rapport_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Answers one call. `authority` is the host that clients reach this endpoint by, for queue URLs.
pub(crate) async fn answer(queues: &Queues, authority: &str, operation: &str, body: &Bytes, now: Timestamp) -> Answer {
    match call(queues, authority, operation, body, now).await {
        Ok(value) => json_answer(200, &value),
        Err(error) => refuse(&error),
    }
}

#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("the body does not fit the operation: {0}")]
    Body(#[from] serde_json::Error),
    #[error("this queue does not know the operation `{0}`")]
    Operation(String),
}

fn refuse(error: &CallError) -> Answer {
    let (status, kind) = match error {
        CallError::Queue(QueueError::Unknown(_)) => (400, "com.amazonaws.sqs#QueueDoesNotExist"),
        CallError::Queue(QueueError::TooLarge(_)) => (400, "com.amazonaws.sqs#BatchRequestTooLong"),
        CallError::Queue(_) => (503, "com.amazon.coral.service#ServiceUnavailable"),
        CallError::Body(_) => (400, "com.amazon.coral.service#SerializationException"),
        CallError::Operation(_) => (400, "com.amazonaws.sqs#UnsupportedOperation"),
    };
    aws_error(status, kind, &error.to_string())
}

/// The fields of all operations: each uses those that it has.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Call {
    queue_url: String,
    queue_name: String,
    message_body: String,
    entries: Vec<Entry>,
    max_number_of_messages: u32,
    visibility_timeout: Option<u32>,
    wait_time_seconds: u32,
    receipt_handle: String,
    attributes: serde_json::Map<String, Value>,
}

impl Default for Call {
    fn default() -> Self {
        Self {
            queue_url: String::new(),
            queue_name: String::new(),
            message_body: String::new(),
            entries: Vec::new(),
            max_number_of_messages: 1,
            visibility_timeout: None,
            wait_time_seconds: 0,
            receipt_handle: String::new(),
            attributes: serde_json::Map::new(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Entry {
    id: String,
    message_body: String,
    receipt_handle: String,
    visibility_timeout: u32,
}

impl Call {
    fn queue(&self) -> &str {
        self.queue_url.rsplit('/').next().unwrap_or_default()
    }
}

async fn call(queues: &Queues, authority: &str, operation: &str, body: &Bytes, now: Timestamp) -> Result<Value, CallError> {
    let call: Call = serde_json::from_slice(body)?;
    let url = |name: &str| json!({ "QueueUrl": format!("http://{authority}/{ACCOUNT}/{name}") });
    match operation {
        "CreateQueue" => {
            queues.create(spec(&call)).await?;
            Ok(url(&call.queue_name))
        }
        "GetQueueUrl" => {
            queues.depths(vec![call.queue_name.clone()], now).await?;
            Ok(url(&call.queue_name))
        }
        "GetQueueAttributes" => attributes(queues, call.queue(), now).await,
        "SendMessage" => {
            let ids = queues.send(call.queue(), vec![call.message_body.clone()]).await?;
            Ok(json!({ "MessageId": ids.first() }))
        }
        "SendMessageBatch" => send_batch(queues, call).await,
        "ReceiveMessage" => receive(queues, &call, now).await,
        "DeleteMessage" => {
            queues.finish(vec![call.receipt_handle], vec![]).await?;
            Ok(json!({}))
        }
        "DeleteMessageBatch" => delete_batch(queues, call).await,
        "ChangeMessageVisibility" => {
            let at = now.plus_ms(1000 * i64::from(call.visibility_timeout.unwrap_or_default()));
            queues.show_again(vec![call.receipt_handle], at).await?;
            Ok(json!({}))
        }
        "ChangeMessageVisibilityBatch" => show_batch(queues, call, now).await,
        other => Err(CallError::Operation(other.to_owned())),
    }
}

/// The account that every local queue belongs to; AWS's own documents use it for nobody.
pub(crate) const ACCOUNT: &str = "000000000000";

fn spec(call: &Call) -> QueueSpec {
    let text = |name: &str| call.attributes.get(name).and_then(Value::as_str);
    let policy: Option<Value> = text("RedrivePolicy").and_then(|policy| serde_json::from_str(policy).ok());
    QueueSpec {
        name: call.queue_name.clone(),
        visibility_secs: text("VisibilityTimeout").and_then(|secs| secs.parse().ok()).unwrap_or(crate::template::VISIBILITY_SECS),
        redrive: policy.as_ref().and_then(redrive),
    }
}

/// The count comes as a number from some and as a text from others.
fn redrive(policy: &Value) -> Option<Redrive> {
    let max = policy.get("maxReceiveCount")?;
    let max = max.as_u64().and_then(|max| u32::try_from(max).ok()).or_else(|| max.as_str()?.parse().ok())?;
    let dead = policy.get("deadLetterTargetArn")?.as_str()?.rsplit(':').next()?;
    Some(Redrive { dead_letters: dead.to_owned(), max_receives: max })
}

async fn attributes(queues: &Queues, queue: &str, now: Timestamp) -> Result<Value, CallError> {
    let depths = queues.depths(vec![queue.to_owned()], now).await?;
    let depth = depths.first().copied().unwrap_or_default();
    Ok(json!({ "Attributes": {
        "QueueArn": format!("arn:aws:sqs:local:{ACCOUNT}:{queue}"),
        "ApproximateNumberOfMessages": depth.visible.to_string(),
        "ApproximateNumberOfMessagesNotVisible": depth.in_flight.to_string(),
        "ApproximateNumberOfMessagesDelayed": "0",
    }}))
}

async fn send_batch(queues: &Queues, call: Call) -> Result<Value, CallError> {
    let queue = call.queue().to_owned();
    let (names, bodies): (Vec<_>, Vec<_>) = call.entries.into_iter().map(|entry| (entry.id, entry.message_body)).unzip();
    let ids = queues.send(&queue, bodies).await?;
    let sent: Vec<_> = names.iter().zip(ids).map(|(name, id)| json!({ "Id": name, "MessageId": id })).collect();
    Ok(json!({ "Successful": sent, "Failed": [] }))
}

async fn delete_batch(queues: &Queues, call: Call) -> Result<Value, CallError> {
    let deleted: Vec<_> = call.entries.iter().map(|entry| json!({ "Id": entry.id })).collect();
    queues.finish(call.entries.into_iter().map(|entry| entry.receipt_handle).collect(), vec![]).await?;
    Ok(json!({ "Successful": deleted, "Failed": [] }))
}

/// Entries that ask for the same are one transaction.
async fn show_batch(queues: &Queues, call: Call, now: Timestamp) -> Result<Value, CallError> {
    let changed: Vec<_> = call.entries.iter().map(|entry| json!({ "Id": entry.id })).collect();
    let mut by_secs: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for entry in call.entries {
        by_secs.entry(entry.visibility_timeout).or_default().push(entry.receipt_handle);
    }
    for (secs, receipts) in by_secs {
        queues.show_again(receipts, now.plus_ms(1000 * i64::from(secs))).await?;
    }
    Ok(json!({ "Successful": changed, "Failed": [] }))
}

/// Ten at most, as on AWS. A long poll is answered as a short one would be after the wait, or at the first arrival.
async fn receive(queues: &Queues, call: &Call, now: Timestamp) -> Result<Value, CallError> {
    let limit = call.max_number_of_messages.clamp(1, 10);
    let arrived = queues.arrived();
    let mut got = queues.receive(call.queue(), limit, LARGEST_CALL_BYTES, call.visibility_timeout, now).await?;
    if got.is_empty() && call.wait_time_seconds > 0 {
        let wait = std::time::Duration::from_secs(u64::from(call.wait_time_seconds.min(20)));
        let _ = tokio::time::timeout(wait, arrived).await;
        got = queues.receive(call.queue(), limit, LARGEST_CALL_BYTES, call.visibility_timeout, crate::clock::now()).await?;
    }
    Ok(json!({ "Messages": got.iter().map(message).collect::<Vec<_>>() }))
}

fn message(got: &Delivery) -> Value {
    json!({
        "MessageId": got.id,
        "ReceiptHandle": got.receipt,
        "Body": got.body,
        "Attributes": { "ApproximateReceiveCount": got.deliveries.to_string() },
    })
}

/// What an endpoint reads of a body at most: base64 and JSON make a call larger than what it carries.
pub(crate) const LARGEST_BODY_BYTES: usize = 2 * LARGEST_CALL_BYTES;
