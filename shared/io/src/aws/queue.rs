//! An SQS queue.

use super::{refused, sorted};
use crate::ports::{Mailbox, Queue, StoreError, Taken};
use async_trait::async_trait;
use aws_sdk_sqs::{
    Client,
    types::{
        BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
        MessageSystemAttributeName, SendMessageBatchRequestEntry,
    },
};

/// What SQS takes in one call.
const ENTRIES: usize = 10;
/// And in all its bodies together.
const BYTES: usize = 256 * 1024;
/// How often entries that SQS refused by its own fault are sent again.
const ROUNDS: usize = 4;
/// A short poll asks some of SQS's hosts and may find nothing where there is something; a wait, however short, asks them all.
const WAIT_SECS: i32 = 1;

pub(super) struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    pub(super) const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// `sending to shop-inbox`.
    fn what(&self, doing: &str) -> String {
        format!("{doing} {}", self.url.rsplit('/').next().unwrap_or_default())
    }

    fn failed(&self, doing: &str, entry: &BatchResultErrorEntry) -> StoreError {
        refused(self.what(doing), format!("{}: {}", entry.code(), entry.message().unwrap_or_default()))
    }

    async fn send_some(&self, bodies: &[String]) -> Result<(), StoreError> {
        let mut waiting: Vec<usize> = (0..bodies.len()).collect();
        for _ in 0..ROUNDS {
            let entries: Result<Vec<_>, _> = waiting
                .iter()
                .map(|index| SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(&bodies[*index]).build())
                .collect();
            let entries = entries.map_err(|error| refused(self.what("sending to"), error.to_string()))?;
            let answer = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await;
            let answer = answer.map_err(|error| sorted(self.what("sending to"), &[], error))?;
            if let Some(refusal) = answer.failed().iter().find(|failed| failed.sender_fault()) {
                return Err(self.failed("sending to", refusal));
            }
            waiting = answer.failed().iter().filter_map(|failed| failed.id().parse().ok()).collect();
            if waiting.is_empty() {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable { what: self.what("sending to"), source: "the queue keeps refusing messages".into() })
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, bodies: &[String]) -> Result<(), StoreError> {
        let mut rest = bodies;
        while !rest.is_empty() {
            let (some, more) = rest.split_at(fitting(rest));
            self.send_some(some).await?;
            rest = more;
        }
        Ok(())
    }
}

#[async_trait]
impl Mailbox for SqsQueue {
    async fn receive(&self, hide_secs: u32) -> Result<Vec<Taken>, StoreError> {
        let call = self.client.receive_message().queue_url(&self.url).max_number_of_messages(ENTRIES as i32).wait_time_seconds(WAIT_SECS);
        let call = call.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let call = call.visibility_timeout(i32::try_from(hide_secs).unwrap_or(i32::MAX));
        let answer = call.send().await.map_err(|error| sorted(self.what("reading"), &[], error))?;
        Ok(answer.messages.unwrap_or_default().into_iter().map(taken).collect())
    }

    async fn give_back(&self, taken: &[Taken]) -> Result<(), StoreError> {
        for some in taken.chunks(ENTRIES) {
            let entries: Result<Vec<_>, _> = numbered(some)
                .map(|(id, taken)| {
                    ChangeMessageVisibilityBatchRequestEntry::builder().id(id).receipt_handle(&taken.receipt).visibility_timeout(0).build()
                })
                .collect();
            let entries = entries.map_err(|error| refused(self.what("giving back to"), error.to_string()))?;
            let call = self.client.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries));
            // What is not given back now comes back by itself.
            call.send().await.map_err(|error| sorted(self.what("giving back to"), &[], error))?;
        }
        Ok(())
    }

    async fn delete(&self, taken: &[Taken]) -> Result<(), StoreError> {
        for some in taken.chunks(ENTRIES) {
            let entries: Result<Vec<_>, _> = numbered(some)
                .map(|(id, taken)| DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(&taken.receipt).build())
                .collect();
            let entries = entries.map_err(|error| refused(self.what("deleting from"), error.to_string()))?;
            let call = self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries));
            let answer = call.send().await.map_err(|error| sorted(self.what("deleting from"), &[], error))?;
            if let Some(failed) = answer.failed().first() {
                return Err(self.failed("deleting from", failed));
            }
        }
        Ok(())
    }
}

fn numbered(taken: &[Taken]) -> impl Iterator<Item = (String, &Taken)> {
    taken.iter().enumerate().map(|(index, taken)| (index.to_string(), taken))
}

fn taken(message: Message) -> Taken {
    let count = message.attributes.as_ref().and_then(|known| known.get(&MessageSystemAttributeName::ApproximateReceiveCount));
    Taken {
        deliveries: count.and_then(|count| count.parse().ok()).unwrap_or(1),
        id: message.message_id.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
    }
}

/// How many of `bodies` go into one call; at least one, so that an oversized one is refused by name rather than for ever.
fn fitting(bodies: &[String]) -> usize {
    let mut bytes = 0;
    let fits = bodies.iter().take(ENTRIES).take_while(|body| {
        bytes += body.len();
        bytes <= BYTES
    });
    fits.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_stay_within_ten_entries_and_256_kib() {
        assert_eq!(fitting(&vec!["x".to_owned(); 25]), 10);
        assert_eq!(fitting(&vec!["x".repeat(100 * 1024); 5]), 2);
        assert_eq!(fitting(&["x".repeat(BYTES + 1)]), 1);
    }
}
