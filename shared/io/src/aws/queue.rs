//! Sending to an SQS queue.

use super::{refused, sorted};
use crate::ports::{Queue, StoreError};
use async_trait::async_trait;
use aws_sdk_sqs::{Client, types::SendMessageBatchRequestEntry};

/// What SQS takes in one call.
const ENTRIES: usize = 10;
/// And in all its bodies together.
const BYTES: usize = 256 * 1024;
/// How often entries that SQS refused by its own fault are sent again.
const ROUNDS: usize = 4;

pub(super) struct Inbox {
    client: Client,
    url: String,
}

impl Inbox {
    pub(super) const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    async fn send_some(&self, bodies: &[String]) -> Result<(), StoreError> {
        let mut waiting: Vec<usize> = (0..bodies.len()).collect();
        for _ in 0..ROUNDS {
            let entries: Result<Vec<_>, _> = waiting
                .iter()
                .map(|index| SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(&bodies[*index]).build())
                .collect();
            let entries = entries.map_err(|error| refused("sending to the inbox", error.to_string()))?;
            let answer = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await;
            let answer = answer.map_err(|error| sorted("sending to the inbox".to_owned(), &[], error))?;
            if let Some(refusal) = answer.failed().iter().find(|failed| failed.sender_fault()) {
                return Err(refused("sending to the inbox", format!("{}: {}", refusal.code(), refusal.message().unwrap_or_default())));
            }
            waiting = answer.failed().iter().filter_map(|failed| failed.id().parse().ok()).collect();
            if waiting.is_empty() {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable { what: "sending to the inbox".to_owned(), source: "the queue keeps refusing messages".into() })
    }
}

#[async_trait]
impl Queue for Inbox {
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
