//! Sending rejects again, each the way it came.

use crate::{
    dead_letters::DeadLetters,
    inbox::{Envelope, Inbox},
    ports::{Condition, Objects, StoreError},
    rejects::{Form, Reject, Rejects},
};
use futures::{StreamExt, TryStreamExt, stream};
use std::sync::Arc;

/// Rejects under way at once.
const AT_ONCE: usize = 16;

/// What it takes to send rejects again.
#[derive(Clone)]
pub struct Redrive {
    objects: Arc<dyn Objects>,
    rejects: Rejects,
    inbox: Inbox,
    letters: DeadLetters,
}

impl Redrive {
    /// Out of the bucket, into the queues.
    #[must_use]
    pub fn new(objects: Arc<dyn Objects>, inbox: Inbox, letters: DeadLetters) -> Self {
        Self { rejects: Rejects::new(Arc::clone(&objects)), objects, inbox, letters }
    }

    /// Sends the rejects under `keys` again and takes them away; gives how many. Keys that are gone are no error, so a second call changes
    /// nothing; [`Form::Rows`] stay, for only their file's owner can mend them. What is refused once more is among the rejects again.
    ///
    /// # Errors
    /// [`StoreError`] when a store does not answer; what was not sent is still a reject, and what was sent twice counts once.
    pub async fn again(&self, keys: &[String]) -> Result<usize, StoreError> {
        stream::iter(keys.iter().map(|key| self.one(key))).buffer_unordered(AT_ONCE).try_fold(0, async |sum, one| Ok(sum + one)).await
    }

    async fn one(&self, key: &str) -> Result<usize, StoreError> {
        let known = self.rejects.get(key).await?;
        if known.is_none_or(|reject| reject.form == Form::Rows) {
            return Ok(0);
        }
        let Some((aside, reject)) = self.rejects.take_out(key).await? else { return Ok(0) };
        self.send(reject).await?;
        self.rejects.delete(&aside).await?;
        Ok(1)
    }

    async fn send(&self, reject: Reject) -> Result<(), StoreError> {
        let Reject { source, received, form, raw, .. } = reject;
        let text = |raw: Vec<u8>| String::from_utf8_lossy(&raw).into_owned();
        match form {
            Form::Delivery { authority, headers } => {
                // As it was received then: the clocks of senders are corrected, and bounded, by that.
                self.inbox.send(&[Envelope { route: source, received, authority, headers, body: raw.into() }]).await
            }
            Form::Message(line) => self.letters.send(line, text(raw)).await,
            Form::LogObject => self.notify_again(&text(raw)).await,
            Form::Rows => Ok(()),
        }
    }

    /// The bucket tells of whatever is written, also of the same once more. An object that is gone was archived, which asks that all of
    /// its lines were read.
    async fn notify_again(&self, key: &str) -> Result<(), StoreError> {
        if let Some(stored) = self.objects.get(key).await? {
            self.objects.put(key, stored.body, Condition::Version(stored.etag)).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        inbox,
        layout::Line,
        memory::{MemoryObjects, MemoryQueue},
    };
    use rapport_core::{event::Authority, time::Timestamp};

    #[tokio::test]
    async fn each_goes_the_way_it_came_and_a_second_time_nothing_does() {
        let objects = Arc::new(MemoryObjects::default());
        let (arrivals, folds) = (Arc::new(MemoryQueue::default()), Arc::new(MemoryQueue::default()));
        let lines = [
            (Line::Inbox, Arc::clone(&arrivals) as _, Arc::default() as Arc<MemoryQueue> as _),
            (Line::Folds, Arc::clone(&folds) as _, Arc::default() as Arc<MemoryQueue> as _),
        ];
        let door = Inbox::new(Arc::clone(&arrivals) as _, Arc::clone(&objects) as _);
        let redrive = Redrive::new(Arc::clone(&objects) as _, door, DeadLetters::new(lines));
        let rejects = Rejects::new(Arc::clone(&objects) as _);

        let headers = vec![("user-agent".to_owned(), "php".to_owned())];
        let delivery = Form::Delivery { authority: Authority::Backend, headers: headers.clone() };
        let forms =
            [(delivery, "{}"), (Form::Message(Line::Inbox), "torn"), (Form::Message(Line::Folds), "told"), (Form::LogObject, "log/gone")];
        for (form, raw) in forms {
            let reject = Reject { reason: "why".into(), source: "segment/track".into(), received: Timestamp(5), form, raw: raw.into() };
            rejects.put(&reject).await.unwrap();
        }
        let keys = rejects.keys(None).await.unwrap();
        assert_eq!((redrive.again(&keys).await.unwrap(), redrive.again(&keys).await.unwrap()), (4, 0));
        assert_eq!(rejects.keys(None).await.unwrap(), [] as [String; 0]);

        assert_eq!(folds.take(), ["told"]);
        let (torn, whole): (Vec<String>, Vec<String>) = arrivals.take().into_iter().partition(|body| body == "torn");
        assert_eq!(torn.len(), 1);
        let envelope = inbox::open(objects.as_ref(), &whole[0]).await.unwrap();
        let sent =
            Envelope { route: "segment/track".into(), received: Timestamp(5), authority: Authority::Backend, headers, body: "{}".into() };
        assert_eq!(envelope, sent);
    }
}
