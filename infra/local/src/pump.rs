//! What AWS does between a queue and a function: batches, windows, partial failures, retries.
//!
//! One difference from AWS is on purpose: a failed message comes back after [`RETRY_MS`] times its deliveries and not after the queue's
//! visibility timeout of minutes, so that a shop on a laptop sees a passing fault heal. Dead letters come after as many deliveries.

use crate::{
    http::stopped,
    stores::{
        dynamodb::WriteAheadLog,
        queue::{Delivery, Depth, QueueError, Queues},
    },
};
use rapport_core::time::Timestamp;
use rapport_lambda::{Message, s3_keys};
use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;

/// How long the first message of a batch waits for company.
pub const WINDOW: Duration = Duration::from_secs(1);
/// How long a message that failed once stays hidden; twice as long when it failed twice, and so on.
pub const RETRY_MS: i64 = 1_000;
/// What a function is invoked with is no larger: a batch ends before it would be.
const PAYLOAD_BYTES: usize = 6 * 1024 * 1024;
/// How often a queue is looked at when nothing was heard of it: messages come back by time alone.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Carries messages from one queue to one function.
#[derive(Clone, Debug)]
pub(crate) struct Pump {
    pub(crate) queues: Arc<Queues>,
    /// What handling wrote to the tables is on disk before the queue forgets why.
    pub(crate) tables: WriteAheadLog,
    pub(crate) queue: String,
    /// Messages in a batch at most.
    pub(crate) batch: u32,
    /// Whether finished messages tell of log objects that are folded now.
    pub(crate) marks_objects: bool,
    pub(crate) hurry: Hurry,
}

/// While anybody waits for the queues to be empty, windows are not waited for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hurry(Arc<AtomicUsize>);

impl Hurry {
    fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// On until what is given is dropped.
    fn begin(&self) -> Hurrying {
        self.0.fetch_add(1, Ordering::Relaxed);
        Hurrying(self.clone())
    }
}

struct Hurrying(Hurry);

impl Drop for Hurrying {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pump {
    /// Hands batches to `handle`, which gives the ids that failed, until `stop` says so; then finishes the batch in hand.
    pub(crate) async fn run<F>(self, mut stop: watch::Receiver<bool>, handle: impl Fn(Vec<Message>, Timestamp) -> F)
    where
        F: Future<Output = Vec<String>>,
    {
        while !*stop.borrow() {
            match self.turn(&mut stop, &handle).await {
                Ok(()) => {}
                Err(QueueError::Closed) => return,
                Err(error) => {
                    tracing::error!(queue = self.queue, %error, "the queue failed; trying again");
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            }
        }
    }

    /// Waits for a batch and handles it.
    async fn turn<F>(&self, stop: &mut watch::Receiver<bool>, handle: impl Fn(Vec<Message>, Timestamp) -> F) -> Result<(), QueueError>
    where
        F: Future<Output = Vec<String>>,
    {
        let arrived = self.queues.arrived();
        if self.waiting().await?.visible == 0 {
            tokio::select! {
                () = arrived => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = stopped(stop) => {}
            }
            return Ok(());
        }
        self.wait_for_company(stop).await?;
        let batch = self.queues.receive(&self.queue, self.batch, PAYLOAD_BYTES, None, crate::clock::now()).await?;
        let messages = batch.iter().map(message).collect();
        let started = std::time::Instant::now();
        let failed = handle(messages, crate::clock::now()).await;
        tracing::info!(
            queue = self.queue,
            messages = batch.len(),
            failed = failed.len(),
            millis = started.elapsed().as_millis(),
            "a batch was handled"
        );
        self.settle(&batch, &failed.into_iter().collect()).await
    }

    async fn waiting(&self) -> Result<Depth, QueueError> {
        let depths = self.queues.depths(vec![self.queue.clone()], crate::clock::now()).await?;
        Ok(depths.first().copied().unwrap_or_default())
    }

    fn is_full(&self, waiting: Depth) -> bool {
        waiting.visible >= u64::from(self.batch) || waiting.visible_bytes >= PAYLOAD_BYTES as u64
    }

    async fn wait_for_company(&self, stop: &mut watch::Receiver<bool>) -> Result<(), QueueError> {
        const STEP: Duration = Duration::from_millis(50);
        let mut waited = Duration::ZERO;
        while waited < WINDOW && !self.hurry.is_on() && !*stop.borrow() && !self.is_full(self.waiting().await?) {
            tokio::time::sleep(STEP).await;
            waited += STEP;
        }
        Ok(())
    }

    async fn settle(&self, batch: &[Delivery], failed: &HashSet<String>) -> Result<(), QueueError> {
        let (failed, done): (Vec<&Delivery>, Vec<_>) = batch.iter().partition(|delivery| failed.contains(&delivery.id));
        let objects = match self.marks_objects {
            // What cannot be read names nothing, so nothing is marked.
            true => done.iter().flat_map(|delivery| s3_keys(&message(delivery)).unwrap_or_default()).collect(),
            false => Vec::new(),
        };
        self.tables.flush().await.map_err(QueueError::Tables)?;
        self.queues.finish(done.iter().map(|delivery| delivery.receipt.clone()).collect(), objects).await?;
        for delivery in failed {
            let at = crate::clock::now().plus_ms(RETRY_MS * i64::from(delivery.deliveries));
            tracing::warn!(queue = self.queue, id = delivery.id, deliveries = delivery.deliveries, "a message failed");
            self.queues.show_again(vec![delivery.receipt.clone()], at).await?;
        }
        Ok(())
    }
}

/// Returns once every one of `queues` is empty and nobody works on what came out of them. What one function causes for the next is on
/// its queue before the cause is deleted, so one look at all of them at once is enough.
pub(crate) async fn drained(queues: &Queues, names: &[String], hurry: &Hurry) -> Result<(), QueueError> {
    const STEP: Duration = Duration::from_millis(20);
    let _hurrying = hurry.begin();
    while !queues.depths(names.to_vec(), crate::clock::now()).await?.iter().all(|depth| depth.is_empty()) {
        tokio::time::sleep(STEP).await;
    }
    Ok(())
}

fn message(delivery: &Delivery) -> Message {
    Message { id: delivery.id.clone(), body: delivery.body.clone(), deliveries: delivery.deliveries }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::objects;
    use crate::template::{QueueSpec, Redrive};
    use std::sync::Mutex;

    struct Bench {
        _home: tempfile::TempDir,
        queues: Arc<Queues>,
        pump: Pump,
    }

    async fn bench(max_receives: u32) -> Bench {
        let home = tempfile::tempdir().unwrap();
        let queues = Arc::new(Queues::open(&home.path().join("queues.sqlite")).unwrap());
        let redrive = Some(Redrive { dead_letters: "dead".into(), max_receives });
        queues.create(QueueSpec { name: "folds".into(), visibility_secs: 30, redrive }).await.unwrap();
        queues.create(QueueSpec { name: "dead".into(), visibility_secs: 30, redrive: None }).await.unwrap();
        let tables = WriteAheadLog::of(&home.path().join("tables.sqlite"));
        let pump =
            Pump { queues: Arc::clone(&queues), tables, queue: "folds".into(), batch: 10, marks_objects: true, hurry: Hurry::default() };
        Bench { _home: home, queues, pump }
    }

    #[tokio::test]
    async fn only_what_failed_comes_back_and_only_what_is_done_is_marked() {
        let Bench { _home, queues, pump } = bench(5).await;
        let put = |key: &str| (key.to_owned(), objects::event("shop", key));
        let (good, bad) = (put("log/good"), put("log/bad"));
        queues.send("folds", vec![good.1.clone(), bad.1.clone()]).await.unwrap();

        let seen = Mutex::new(Vec::new());
        let handle = |batch: Vec<Message>, _| {
            seen.lock().unwrap().push(batch.iter().map(|message| message.deliveries).collect::<Vec<_>>());
            let failed = batch.iter().filter(|message| message.body.contains("bad") && message.deliveries < 2);
            let failed = failed.map(|message| message.id.clone()).collect::<Vec<_>>();
            async { failed }
        };
        let (stop, stopped) = watch::channel(false);
        let hurry = pump.hurry.clone();
        let waiter = async {
            drained(&queues, &["folds".into()], &hurry).await.unwrap();
            stop.send_replace(true);
        };
        tokio::join!(pump.run(stopped, handle), waiter);
        assert_eq!(*seen.lock().unwrap(), [vec![1, 1], vec![2]]);
        assert_eq!(queues.notify_unfolded("folds", vec![good, bad, put("log/new")]).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn what_nobody_can_handle_ends_among_the_dead() {
        let Bench { _home, queues, pump } = bench(1).await;
        queues.send("folds", vec!["poison".into()]).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        let hurry = pump.hurry.clone();
        let waiter = async {
            drained(&queues, &["folds".into()], &hurry).await.unwrap();
            stop.send_replace(true);
        };
        let fail_all = |batch: Vec<Message>, _| async move { batch.into_iter().map(|message| message.id).collect::<Vec<_>>() };
        tokio::join!(pump.run(stopped, fail_all), waiter);
        let dead = queues.receive("dead", 10, PAYLOAD_BYTES, None, crate::clock::now()).await.unwrap();
        assert_eq!(dead.iter().map(|got| got.body.as_str()).collect::<Vec<_>>(), ["poison"]);
    }
}
