//! Boot and the loop: what a function's `main` calls, and the one place where the clock is read.

use crate::{Job, Message, Request, Response, wire};
use bytes::Bytes;
use http::{HeaderName, StatusCode, header};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use rapport_core::{
    auth::{Keyring, same_secret},
    time::Timestamp,
};
use rapport_io::keys::Keys;
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    fmt::Display,
    time::{SystemTime, UNIX_EPOCH},
};
use tracing_subscriber::EnvFilter;

/// The header in which CloudFront, and nobody else, sends the stack's origin secret.
pub const ORIGIN: HeaderName = HeaderName::from_static("x-rapport-origin");

/// Sends logs to CloudWatch, a JSON object a line; `RUST_LOG` says how much, `info` by default.
pub fn start_tracing() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // CloudWatch stamps each line itself. A second start in one process keeps the first's.
    let _ = tracing_subscriber::fmt().json().with_env_filter(filter).without_time().with_current_span(false).try_init();
}

/// The time now, to whole milliseconds.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Answers a function URL for ever. Requests that did not come through CloudFront get 403.
///
/// # Errors
/// Only when the runtime itself fails.
pub async fn serve_http(keys: &Keys<Keyring>, handle: impl AsyncFn(Request, Timestamp) -> Response) -> Result<(), Error> {
    let handle = &handle;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let (request, now) = (wire::request(event.payload)?, now());
        let response = match through_cloudfront(keys, &request, now).await {
            Ok(()) => handle(request, now).await,
            Err(refusal) => refusal,
        };
        Ok::<_, Error>(wire::response(response))
    }))
    .await
}

/// Handles a queue's batches for ever; `handle` gives the ids of the messages to deliver again.
///
/// # Errors
/// Only when the runtime itself fails.
pub async fn serve_queue(handle: impl AsyncFn(Vec<Message>, Timestamp) -> Vec<String>) -> Result<(), Error> {
    let handle = &handle;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let batch = wire::batch(event.payload)?;
        Ok::<_, Error>(wire::failures(handle(batch, now()).await))
    }))
    .await
}

/// Runs a schedule's jobs for ever.
///
/// # Errors
/// Only when the runtime itself fails.
pub async fn serve_jobs<T: Serialize, E: Display>(run: impl AsyncFn(Job, Timestamp) -> Result<T, E>) -> Result<(), Error> {
    let run = &run;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| job(run, serde_json::from_value(event.payload)?).await)).await
}

/// Handles a queue's batches and a schedule's jobs for ever, told apart by their shape.
///
/// # Errors
/// Only when the runtime itself fails.
pub async fn serve_queue_and_jobs<T: Serialize, E: Display>(
    handle: impl AsyncFn(Vec<Message>, Timestamp) -> Vec<String>,
    run: impl AsyncFn(Job, Timestamp) -> Result<T, E>,
) -> Result<(), Error> {
    let (handle, run) = (&handle, &run);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| match wire::Trigger::read(event.payload)? {
        wire::Trigger::Batch(batch) => Ok(serde_json::to_value(wire::failures(handle(batch, now()).await))?),
        wire::Trigger::Job(asked) => job(run, asked).await,
    }))
    .await
}

/// A job that failed is an error of the invocation: the alarm counts those, and the schedule tries again.
async fn job<T: Serialize, E: Display>(run: &impl AsyncFn(Job, Timestamp) -> Result<T, E>, job: Job) -> Result<Value, Error> {
    let done = run(job, now()).await.map_err(|error| error.to_string())?;
    Ok(serde_json::to_value(done)?)
}

/// A stack without an origin secret is a laptop's, which nobody stands in front of.
async fn through_cloudfront(keys: &Keys<Keyring>, request: &Request, now: Timestamp) -> Result<(), Response> {
    let keyring = keys.get(now).await.map_err(|error| {
        tracing::error!(%error, "the keys cannot be read");
        refusal(request, StatusCode::SERVICE_UNAVAILABLE, "unavailable", "try again in a moment")
    })?;
    let proof = request.headers().get(ORIGIN).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if keyring.origin_secret.is_empty() || same_secret(&keyring.origin_secret, proof) {
        return Ok(());
    }
    Err(refusal(request, StatusCode::FORBIDDEN, "not_the_front_door", "call the address that `sam deploy` printed as Url"))
}

fn refusal(request: &Request, status: StatusCode, code: &str, message: &str) -> Response {
    let id = request.headers().get(wire::REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    let body = json!({ "error": { "code": code, "message": message, "request_id": id } }).to_string();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("2"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_io::{Secrets, faulty::Faulty, memory::MemorySecrets};
    use std::sync::Arc;

    async fn status(origin_secret: &str, sent: Option<&str>, failing: bool) -> Option<u16> {
        let secrets = Arc::new(Faulty::new(MemorySecrets::default()));
        secrets.put("shop/keys", &json!({ "origin_secret": origin_secret }).to_string()).await.unwrap();
        secrets.fail(failing);
        let keys = Keys::new(secrets, "shop", |document| Ok(Keyring::parse(document)?));
        let mut request = Request::new(Bytes::new());
        request.headers_mut().extend(sent.map(|sent| (ORIGIN, sent.parse().unwrap())));
        through_cloudfront(&keys, &request, Timestamp(0)).await.err().map(|refusal| refusal.status().as_u16())
    }

    #[tokio::test]
    async fn only_cloudfront_comes_in() {
        assert_eq!(status("cloud", Some("cloud"), false).await, None);
        assert_eq!(status("cloud", Some("clouds"), false).await, Some(403));
        assert_eq!(status("cloud", None, false).await, Some(403));
        assert_eq!(status("", None, false).await, None, "a laptop has no front door");
        assert_eq!(status("cloud", Some("cloud"), true).await, Some(503), "no keys, no way to tell");
    }
}
