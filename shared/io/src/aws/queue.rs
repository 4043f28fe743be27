//! [`Queue`] on SQS.

use super::failure;
use crate::ports::{Queue, StoreError};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sqs::{Client, types::SendMessageBatchRequestEntry};
use std::time::Duration;

/// Messages in one call.
const BATCH: usize = 10;
/// Bytes in one call, and so in one message.
const BATCH_BYTES: usize = 256 * 1024;
/// How often the messages that the queue did not take are sent again.
const ROUNDS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(50);

pub(super) struct Sqs {
    client: Client,
    url: String,
}

impl Sqs {
    pub(super) fn new(config: &SdkConfig, endpoint: Option<&str>, url: &str) -> Self {
        let mut builder = aws_sdk_sqs::config::Builder::from(config);
        builder.set_endpoint_url(endpoint.map(str::to_owned));
        Self { client: Client::from_conf(builder.build()), url: url.to_owned() }
    }

    /// Sends one batch and gives the messages that were not taken but may be later.
    async fn attempt<'a>(&self, batch: &[&'a String]) -> Result<Vec<&'a String>, StoreError> {
        let mut request = self.client.send_message_batch().queue_url(&self.url);
        for (index, body) in batch.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(*body).build();
            request = request.entries(entry.map_err(|error| StoreError::refused("send", error))?);
        }
        let sent = request.send().await.map_err(|error| failure("send", error))?;
        if let Some(refused) = sent.failed.iter().find(|failed| failed.sender_fault) {
            return Err(StoreError::refused("send", refused.code.clone()));
        }
        let left = sent.failed.iter().filter_map(|failed| batch.get(failed.id.parse::<usize>().ok()?).copied());
        Ok(left.collect())
    }

    async fn send_batch(&self, batch: &[&String]) -> Result<(), StoreError> {
        let mut left = self.attempt(batch).await?;
        for round in 1..ROUNDS {
            if left.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE * round).await;
            left = self.attempt(&left).await?;
        }
        if left.is_empty() { Ok(()) } else { Err(StoreError::unavailable("send", format!("{} messages were not taken", left.len()))) }
    }
}

#[async_trait]
impl Queue for Sqs {
    async fn send(&self, bodies: &[String]) -> Result<(), StoreError> {
        if bodies.iter().any(|body| body.len() > BATCH_BYTES) {
            return Err(StoreError::refused("send", "a message takes at most 256 KiB"));
        }
        for batch in batches(bodies) {
            self.send_batch(&batch).await?;
        }
        Ok(())
    }
}

/// Cuts `bodies` into batches that one call takes, in order.
fn batches(bodies: &[String]) -> Vec<Vec<&String>> {
    let mut batches: Vec<Vec<&String>> = Vec::new();
    let mut bytes = 0;
    for body in bodies {
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH && bytes + body.len() <= BATCH_BYTES => {
                bytes += body.len();
                batch.push(body);
            }
            _ => {
                bytes = body.len();
                batches.push(vec![body]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_ten_messages_or_256_kib() {
        let sizes = |bodies: &[String]| batches(bodies).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&vec!["x".to_owned(); 25]), [10, 10, 5]);
        assert_eq!(sizes(&vec!["x".repeat(100 * 1024); 5]), [2, 2, 1]);
        assert_eq!(sizes(&["x".repeat(BATCH_BYTES), "x".to_owned()]), [1, 1]);
    }
}
