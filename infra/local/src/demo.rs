//! The demo shop: opened in a home that has no shop yet, through the same doors as anybody's catalog and events.
//!
//! `demo.json` in the home says which demo shop it is and whether all of it was sent. A loading that was cut short is simply done again
//! from the start: the same events have the same ids, so nothing counts twice. `demo-truth.json` beside it says who was planted as what;
//! no function reads it.

use crate::{
    deployed::Deployed,
    functions::Functions,
    settings::{DEFAULT, Settings},
    stores::{SCOPE, Stores, secrets::write_private},
    suite::{Suite, SuiteError},
    template::{Function, Template},
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{Method, header};
use jiff::Timestamp as Instant;
use rapport_core::{money::Currency, time::Timestamp};
use rapport_demo::{Message, Options};
use rapport_io::{StoreError, aws::Aws, catalog::Catalog};
use rapport_lambda::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    io,
    path::{Path, PathBuf},
};

/// What the shop is called.
pub const NAME: &str = "Crumb & Kettle";
/// Bytes of messages in one call: its message still fits into the queue.
const CALL_BYTES: usize = 120 * 1024;
/// Calls under way at a time: while one waits for the disk, another is read.
const SENT_AT_ONCE: usize = 4;
/// The demo shop's currency.
const CURRENCY: Currency = Currency::EUR;

/// Why the demo shop could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A file of the home cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The suite did not take what was sent, or did not train.
    #[error(transparent)]
    Suite(#[from] SuiteError),
    /// A function refused what the demo shop sends.
    #[error("the demo shop was refused: {0}")]
    Refused(String),
    /// It was asked for in another currency than its own.
    #[error("the demo shop counts in {CURRENCY}, not in {0}; leave --currency out, or open a shop of your own with --no-demo")]
    Currency(Currency),
    /// A message could not be written down.
    #[error("the demo shop cannot be written down: {0}")]
    Json(#[from] serde_json::Error),
}

/// Which demo shop a home has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    seed: u64,
    customers: usize,
    end: Instant,
    /// Whether all of it was sent and learned from.
    loaded: bool,
}

/// How far the opening is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many of so many messages were sent.
    Sent {
        /// Messages sent.
        done: usize,
        /// Messages there are.
        of: usize,
    },
    /// Everything was sent and is being folded.
    Fold,
    /// The models are being learned.
    Train,
}

/// The home's demo shop, if it has one.
///
/// # Errors
/// [`DemoError::File`] when the mark cannot be read.
pub fn mark(home: &Path) -> Result<Option<Mark>, DemoError> {
    let path = home.join("demo.json");
    let failed = |source| DemoError::File { path: path.clone(), source };
    match std::fs::read(&path) {
        Ok(document) => serde_json::from_slice(&document).map(Some).map_err(|error| failed(io::Error::other(error))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Makes the home the demo shop's if it is nobody's yet: no events, no catalog, nothing in the queues. Gives its mark if it is.
///
/// # Errors
/// See [`DemoError`]; [`DemoError::Currency`] where the demo shop was asked for in another than its own.
pub async fn settle(home: &Path, aws: &Aws, stores: &Stores, told: Option<Currency>, now: Timestamp) -> Result<Option<Mark>, DemoError> {
    if let Some(mark) = mark(home)? {
        return Ok(Some(mark));
    }
    if !is_empty(aws, stores).await? {
        return Ok(None);
    }
    if let Some(told) = told.filter(|told| *told != CURRENCY) {
        return Err(DemoError::Currency(told));
    }
    let end = Instant::from_millisecond(now.0).unwrap_or_default();
    let Options { seed, customers, end, .. } = Options::showcase(end);
    let mark = Mark { seed, customers, end, loaded: false };
    Settings { currency: CURRENCY, ..DEFAULT }.keep(home).map_err(|source| DemoError::File { path: home.join("shop.json"), source })?;
    mark.keep(home)?;
    Ok(Some(mark))
}

/// Whether anything was ever sent to the shop.
///
/// # Errors
/// [`StoreError`] when the objects cannot be listed.
pub async fn has_events(aws: &Aws) -> Result<bool, StoreError> {
    for prefix in ["log/", "archive/", "inbox/"] {
        if !aws.objects.list(prefix, None).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn is_empty(aws: &Aws, stores: &Stores) -> Result<bool, DemoError> {
    if has_events(aws).await? {
        return Ok(false);
    }
    let queues = Template::deployed().map_err(SuiteError::from)?.queues(SCOPE).into_iter().map(|queue| queue.name).collect();
    let depths = stores.queues.depths(queues, crate::clock::now()).await.map_err(SuiteError::from)?;
    Ok(depths.iter().all(|depth| depth.is_empty()) && Catalog::new(aws.records.clone()).items().await?.is_empty())
}

impl Mark {
    /// Whether all of it was sent and learned from.
    #[must_use]
    pub const fn is_loaded(&self) -> bool {
        self.loaded
    }

    fn keep(&self, home: &Path) -> Result<(), DemoError> {
        write(&home.join("demo.json"), &serde_json::to_vec_pretty(self)?)
    }

    /// Sends the catalog and the year, waits until all is folded, and trains.
    ///
    /// # Errors
    /// See [`DemoError`]; the next start begins again.
    pub async fn load(mut self, home: &Path, suite: &Suite<Deployed>, key: &str, progress: impl Fn(Step)) -> Result<(), DemoError> {
        let demo = rapport_demo::generate(&Options { seed: self.seed, end: self.end, customers: self.customers, switchers: false });
        write(&home.join("demo-truth.json"), &serde_json::to_vec(&json!({ "customers": demo.truth, "bots": demo.bots }))?)?;
        let catalog = serde_json::to_vec(&demo.catalog)?;
        send(suite, Function::Recommend, Method::PUT, "/v1/catalog/items", key, catalog).await?;
        let of = demo.messages.len();
        let mut done = 0;
        let sent = calls(demo.messages)?.into_iter().map(|(count, call)| async move {
            send(suite, Function::Collect, Method::POST, "/v1/batch", key, call).await?;
            Ok::<usize, DemoError>(count)
        });
        let mut sent = stream::iter(sent).buffer_unordered(SENT_AT_ONCE);
        while let Some(count) = sent.next().await {
            done += count?;
            progress(Step::Sent { done, of });
        }
        tracing::info!(messages = of, "the demo shop's year was sent");
        progress(Step::Fold);
        suite.drain().await?;
        tracing::info!("it is folded");
        progress(Step::Train);
        suite.train().await?;
        self.loaded = true;
        self.keep(home)
    }
}

/// What the hourly and the nightly job would do next: folds anew who signed in after their devices' past was closed, and learns from that.
/// A newcomer need not wait for it with the first answer.
///
/// # Errors
/// [`SuiteError::Job`]; the jobs do it then.
pub async fn catch_up(suite: &Suite<Deployed>) -> Result<(), SuiteError> {
    suite.refold().await?;
    suite.train().await
}

/// The messages in calls of a size that the queue takes, each person's side by side: any order gives the same profiles, and in this
/// one a profile is written once instead of a hundred times.
fn calls(mut messages: Vec<Message>) -> Result<Vec<(usize, Vec<u8>)>, serde_json::Error> {
    let owner = |message: &Message| message.message_id.rsplit_once('-').map(|(owner, _)| owner.to_owned());
    messages.sort_by_cached_key(|message| (owner(message), message.timestamp));
    let mut calls = Vec::new();
    let (mut count, mut body) = (0, Vec::new());
    for message in &messages {
        body.extend_from_slice(if count == 0 { br#"{"batch":["# } else { b"," });
        serde_json::to_writer(&mut body, message)?;
        count += 1;
        if body.len() >= CALL_BYTES {
            body.extend_from_slice(b"]}");
            calls.push((std::mem::take(&mut count), std::mem::take(&mut body)));
        }
    }
    if count > 0 {
        body.extend_from_slice(b"]}");
        calls.push((count, body));
    }
    Ok(calls)
}

async fn send(
    suite: &Suite<Deployed>,
    function: Function,
    method: Method,
    path: &str,
    key: &str,
    body: Vec<u8>,
) -> Result<Response, DemoError> {
    let request = http::Request::builder().method(method).uri(path).header(header::AUTHORIZATION, format!("Bearer {key}"));
    let request = request.body(Bytes::from(body)).map_err(|error| DemoError::Refused(error.to_string()))?;
    let answer = suite.functions().http(function, request, crate::clock::now()).await;
    if answer.status().is_success() {
        return Ok(answer);
    }
    Err(DemoError::Refused(format!("{path}: {} {}", answer.status(), String::from_utf8_lossy(answer.body()))))
}

fn write(path: &Path, content: &[u8]) -> Result<(), DemoError> {
    write_private(path, content).map_err(|source| DemoError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_hold_everything_once_and_fit_the_queue() {
        let end = "2026-11-22T00:00:00Z".parse().unwrap();
        let demo = rapport_demo::generate(&Options { customers: 60, ..Options::showcase(end) });
        let count = demo.messages.len();
        let calls = calls(demo.messages).unwrap();
        assert!(calls.len() > 3 && calls.iter().all(|(_, call)| call.len() < CALL_BYTES + 32 * 1024));
        let read = |call: &[u8]| serde_json::from_slice::<serde_json::Value>(call).unwrap()["batch"].as_array().unwrap().len();
        assert!(calls.iter().all(|(count, call)| read(call) == *count));
        assert_eq!(calls.iter().map(|(count, _)| count).sum::<usize>(), count);
    }
}
