//! What every function needs to be a Lambda: boot, tracing, the shapes of requests and batches, errors on their way out.
//!
//! A function is a library with one entry per trigger and a `main` of wiring. Handlers see [`Request`] and [`Message`], never a
//! Lambda event, so local mode and tests call the very same code:
//!
//! ```text
//! pub async fn handle(app: &App, request: Request, now: Timestamp) -> Response        // function URLs
//! pub async fn handle(app: &App, batch: Vec<Message>, now: Timestamp) -> Vec<String>  // queues: gives the ids that failed
//! pub async fn run(app: &App, job: Job, now: Timestamp) -> Result<_, _>               // schedules
//! ```
#![warn(missing_docs)]

mod environment;
mod metrics;
mod notification;
mod serve;
pub mod wire;

pub use environment::{Environment, EnvironmentError};
pub use metrics::{Metric, Metrics};
pub use notification::{NotificationError, s3_keys};
pub use serve::{ORIGIN, now, serve_http, serve_jobs, serve_queue, serve_queue_and_jobs, start_tracing};

use bytes::Bytes;
use std::net::IpAddr;

/// A request as a handler sees it: path and query in the URI, the body unpacked from base64 but otherwise as sent.
pub type Request = http::Request<Bytes>;
/// An answer.
pub type Response = http::Response<Bytes>;

/// Who called, put into the request's extensions by the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);

/// One message of a queue's batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The queue's id for this delivery; what a partial failure names.
    pub id: String,
    /// What was sent.
    pub body: String,
    /// How often it was delivered, this time included; from 1.
    pub deliveries: u32,
}

/// What a schedule asks for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// Fit and publish models.
    Train,
    /// Fold the subjects anew that wait for it.
    Refold,
    /// Move dead letters to where they can be read.
    Drain,
    /// Look at the customers whose segments time may have changed, and at everybody after a new definition.
    Segments,
}

/// What ends a `main`: anything, said once in the log.
pub type Fatal = lambda_runtime::Error;
