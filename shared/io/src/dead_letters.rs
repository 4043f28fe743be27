//! Dead letters: messages that a function could not handle as often as its queue allows. They wait, for fourteen days since they were
//! sent, until somebody sends them again; once a day a job moves them to [`Rejects`], where what they say can be read.

use crate::{
    layout::Line,
    ports::{Mailbox, Queue, StoreError, Taken},
    rejects::{Form, Reject, Rejects},
};
use rapport_core::time::Timestamp;
use serde::Serialize;
use std::{collections::BTreeSet, sync::Arc};

/// How long letters are hidden from others while they are looked at or moved, in seconds.
const HIDE_SECS: u32 = 60;

/// A message that nobody could handle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Which queue's reader gave it up.
    pub queue: Line,
    /// The queue's name for it.
    pub id: String,
    /// How often it was delivered, looks by hand included.
    pub deliveries: u32,
    /// What was sent.
    pub body: String,
}

/// A line's queue, and that of its dead letters.
pub type Lined = (Line, Arc<dyn Queue>, Arc<dyn Mailbox>);

/// The queues of a stack and their dead letters.
#[derive(Clone, Default)]
pub struct DeadLetters {
    lines: Vec<Lined>,
}

impl DeadLetters {
    /// Of these lines.
    pub fn new(lines: impl IntoIterator<Item = Lined>) -> Self {
        Self { lines: lines.into_iter().collect() }
    }

    /// The queue of `line`'s dead letters.
    #[must_use]
    pub fn of(&self, line: Line) -> Option<&dyn Mailbox> {
        self.lines.iter().find(|(known, ..)| *known == line).map(|(_, _, dead)| dead.as_ref())
    }

    /// All of them. While it is made up, nobody else gets any; then they are as they were, but delivered once more.
    ///
    /// # Errors
    /// [`StoreError`] when a queue does not answer; what was in hand comes back within a minute.
    pub async fn list(&self) -> Result<Vec<DeadLetter>, StoreError> {
        let mut letters = Vec::new();
        for (line, _, dead) in &self.lines {
            let (mut seen, mut taken) = (BTreeSet::new(), Vec::new());
            loop {
                let some = dead.receive(HIDE_SECS).await?;
                // Who is seen again was hidden for so long that it came back: there are more than can be listed in that time.
                let is_end = some.is_empty() || some.iter().any(|letter| !seen.insert(letter.id.clone()));
                taken.extend(some);
                if is_end {
                    break;
                }
            }
            dead.give_back(&taken).await?;
            taken.dedup_by(|again, kept| again.id == kept.id);
            letters.extend(taken.into_iter().map(|Taken { id, body, deliveries, .. }| DeadLetter { queue: *line, id, deliveries, body }));
        }
        Ok(letters)
    }

    /// Puts all dead letters, or those of one queue, back where they came from; gives how many. One that was put back but could not be
    /// deleted is handled twice, which changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when a queue does not answer; what was not put back stays dead.
    pub async fn redrive(&self, only: Option<Line>) -> Result<usize, StoreError> {
        let mut count = 0;
        for (_, living, dead) in self.lines.iter().filter(|(line, ..)| only.is_none_or(|only| only == *line)) {
            loop {
                let some = dead.receive(HIDE_SECS).await?;
                if some.is_empty() {
                    break;
                }
                let bodies: Vec<String> = some.iter().map(|letter| letter.body.clone()).collect();
                living.send(&bodies).await?;
                dead.delete(&some).await?;
                count += some.len();
            }
        }
        Ok(count)
    }

    /// Moves all dead letters into `rejects`, to be read and sent again from there; gives how many.
    ///
    /// # Errors
    /// [`StoreError`] when a queue or the bucket does not answer; a letter is deleted only after it is kept.
    pub async fn drain(&self, rejects: &Rejects, now: Timestamp) -> Result<usize, StoreError> {
        let mut count = 0;
        for (line, _, dead) in &self.lines {
            loop {
                let some = dead.receive(HIDE_SECS).await?;
                if some.is_empty() {
                    break;
                }
                for letter in &some {
                    rejects.put(&given_up(*line, letter, now)).await?;
                }
                dead.delete(&some).await?;
                count += some.len();
            }
        }
        Ok(count)
    }

    /// Sends a message to `line`'s reader once more.
    ///
    /// # Errors
    /// [`StoreError`] when the queue does not take it.
    pub async fn send(&self, line: Line, body: String) -> Result<(), StoreError> {
        match self.lines.iter().find(|(known, ..)| *known == line) {
            Some((_, living, _)) => living.send(&[body]).await,
            None => Err(StoreError::refused(format!("sending to {line}"), "this shop has no such queue")),
        }
    }
}

fn given_up(line: Line, letter: &Taken, now: Timestamp) -> Reject {
    Reject {
        // Without counts, which would make a reason of its own for each.
        reason: format!("the reader of `{line}` failed as often as the queue allows; its log says why"),
        source: format!("{line}-dead"),
        received: now,
        form: Form::Message(line),
        raw: letter.body.clone().into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{MemoryObjects, MemoryQueue};

    struct House {
        letters: DeadLetters,
        queues: Vec<(Arc<MemoryQueue>, Arc<MemoryQueue>)>,
    }

    /// Twelve dead letters in one queue, one in the other.
    async fn house() -> House {
        let queues: Vec<(Arc<MemoryQueue>, Arc<MemoryQueue>)> = Line::ALL.map(|_| Default::default()).into();
        for (count, (_, dead)) in [12, 1].into_iter().zip(&queues) {
            dead.send(&(0..count).map(|n| format!("letter {n}")).collect::<Vec<_>>()).await.unwrap();
        }
        let lines = Line::ALL.into_iter().zip(&queues);
        let letters = DeadLetters::new(lines.map(|(line, (living, dead))| (line, Arc::clone(living) as _, Arc::clone(dead) as _)));
        House { letters, queues }
    }

    #[tokio::test]
    async fn listing_changes_nothing() {
        let House { letters, .. } = house().await;
        for look in 1..3 {
            let listed = letters.list().await.unwrap();
            assert_eq!(listed.len(), 13);
            assert!(listed.iter().all(|letter| letter.deliveries == look), "look {look}");
            assert_eq!(listed.iter().filter(|letter| letter.queue == Line::Folds).count(), 1);
        }
    }

    #[tokio::test]
    async fn what_is_redriven_goes_where_it_came_from_once() {
        let House { letters, queues } = house().await;
        assert_eq!(letters.redrive(Some(Line::Folds)).await.unwrap(), 1);
        assert_eq!(letters.redrive(None).await.unwrap(), 12);
        assert_eq!(letters.redrive(None).await.unwrap(), 0);
        let living: Vec<usize> = queues.iter().map(|(living, _)| living.take().len()).collect();
        assert_eq!((living, letters.list().await.unwrap()), (vec![12, 1], vec![]));
    }

    #[tokio::test]
    async fn what_is_drained_can_be_read_among_the_rejects() {
        let House { letters, .. } = house().await;
        let rejects = Rejects::new(Arc::new(MemoryObjects::default()));
        assert_eq!(letters.drain(&rejects, Timestamp(0)).await.unwrap(), 13);
        assert_eq!(letters.list().await.unwrap(), []);
        let kept = rejects.list().await.unwrap();
        assert_eq!(kept.len(), 13);
        assert_eq!(kept.iter().filter(|(_, reject)| reject.form == Form::Message(Line::Folds)).count(), 1);
    }
}
