//! Lambda's events as they come over the wire, and ours: a function URL's request, a queue's batch, a schedule's job.

use crate::{ClientIp, Job, Message, Request, Response};
use aws_lambda_events::{
    lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse},
    sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap,
    header::{COOKIE, HeaderName, SET_COOKIE},
};
use serde_json::Value;
use std::net::IpAddr;

/// What names a request in logs and answers; the front puts it there, or the shell does.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: &str = "x-forwarded-for";

/// An event that is none of those the function was given a trigger for. Nothing to try again: the wiring is wrong.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Not of the shape its trigger sends.
    #[error("the event is not what its trigger sends: {0}")]
    Shape(#[from] serde_json::Error),
    /// The body is not base64 although it says so.
    #[error("the body is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// Method, path or query make no request.
    #[error("the event makes no request: {0}")]
    Request(#[from] http::Error),
    /// A queue's message without id: it could not be reported as failed.
    #[error("a message has no id")]
    NoMessageId,
}

/// What set a function going that has a queue and a schedule.
#[derive(Debug)]
pub enum Trigger {
    /// The queue.
    Batch(Vec<Message>),
    /// The schedule, or a hand.
    Job(Job),
}

impl Trigger {
    /// Tells the two apart by shape: only a job says `job`.
    ///
    /// # Errors
    /// [`WireError`] when it is neither.
    pub fn read(event: Value) -> Result<Self, WireError> {
        if event.get("job").is_some() { Ok(Self::Job(serde_json::from_value(event)?)) } else { batch(event).map(Self::Batch) }
    }
}

/// A queue's batch.
///
/// # Errors
/// [`WireError`] when it is none.
pub fn batch(event: Value) -> Result<Vec<Message>, WireError> {
    let event: SqsEvent = serde_json::from_value(event)?;
    event.records.into_iter().map(message).collect()
}

fn message(message: SqsMessage) -> Result<Message, WireError> {
    let deliveries = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1);
    let id = message.message_id.ok_or(WireError::NoMessageId)?;
    Ok(Message { id, body: message.body.unwrap_or_default(), deliveries })
}

/// What tells the queue which messages to deliver again.
#[must_use]
pub fn failures(ids: Vec<String>) -> SqsBatchResponse {
    let failure = |id| {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id;
        failure
    };
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = ids.into_iter().map(failure).collect();
    response
}

/// A function URL's request. `x-request-id` is set to the platform's, and [`ClientIp`] to the caller's address as CloudFront saw it.
///
/// # Errors
/// [`WireError`] when the event is none, or its parts make no request.
pub fn request(event: Value) -> Result<Request, WireError> {
    let event: LambdaFunctionUrlRequest = serde_json::from_value(event)?;
    let context = event.request_context;
    let body = event.body.unwrap_or_default();
    let body = if event.is_base64_encoded { BASE64_STANDARD.decode(body)?.into() } else { Bytes::from(body) };
    let path = event.raw_path.as_deref().filter(|path| !path.is_empty()).unwrap_or("/");
    let uri = match event.raw_query_string.as_deref() {
        None | Some("") => path.to_owned(),
        Some(query) => format!("{path}?{query}"),
    };
    let mut request = http::Request::builder().method(context.http.method.as_deref().unwrap_or("GET")).uri(uri).body(body)?;
    let ip = client_ip(&event.headers, context.http.source_ip.as_deref());
    *request.headers_mut() = event.headers;
    // The platform takes cookies out of the headers.
    if let Some(Ok(cookies)) = event.cookies.map(|cookies| cookies.join("; ").parse()) {
        request.headers_mut().insert(COOKIE, cookies);
    }
    if let Some(Ok(id)) = context.request_id.map(|id| id.parse()) {
        request.headers_mut().insert(REQUEST_ID, id);
    }
    if let Some(ip) = ip {
        request.extensions_mut().insert(ClientIp(ip));
    }
    Ok(request)
}

/// The last address that was forwarded is the one CloudFront saw; those before it are the caller's own words. `source` is CloudFront's.
fn client_ip(headers: &HeaderMap, source: Option<&str>) -> Option<IpAddr> {
    let forwarded = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let seen = forwarded.flat_map(|value| value.split(',')).map(str::trim).rfind(|text| Some(*text) != source);
    seen.and_then(|text| text.parse().ok()).or_else(|| source?.parse().ok())
}

/// An answer as a function URL wants it: text as it is, anything else in base64.
#[must_use]
pub fn response(response: Response) -> LambdaFunctionUrlResponse {
    let (mut parts, body) = response.into_parts();
    let mut event = LambdaFunctionUrlResponse::default();
    event.status_code = i64::from(parts.status.as_u16());
    event.cookies = parts.headers.get_all(SET_COOKIE).iter().filter_map(|cookie| Some(cookie.to_str().ok()?.to_owned())).collect();
    parts.headers.remove(SET_COOKIE);
    event.headers = parts.headers;
    // What is compressed is no text, even where its bytes happen to be UTF-8.
    let text = if event.headers.contains_key(http::header::CONTENT_ENCODING) { None } else { std::str::from_utf8(&body).ok() };
    event.is_base64_encoded = text.is_none();
    event.body = Some(text.map_or_else(|| BASE64_STANDARD.encode(&body), str::to_owned));
    event
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_function_url_event_is_a_request() {
        let request = request(sample(include_str!("../../../events/_shapes/function_url.json"))).unwrap();
        assert_eq!((request.method().as_str(), request.uri().to_string().as_str()), ("POST", "/v1/beacon?k=wk_demo"));
        assert_eq!(request.body(), &Bytes::from_static(b"{\"batch\":[]}"));
        assert_eq!(request.headers()["content-type"], "text/plain");
        assert_eq!(request.headers()["cookie"], "a=1; b=2");
        assert_eq!(request.headers()["x-request-id"], "e1506fd5-9e7b-434f-bd42-4f8fa224b599");
        assert_eq!(request.extensions().get(), Some(&ClientIp("203.0.113.7".parse().unwrap())), "the address CloudFront saw");
    }

    #[test]
    fn a_body_that_is_not_base64_is_an_error() {
        let mut event = sample(include_str!("../../../events/_shapes/function_url.json"));
        event["body"] = json!("%%%");
        assert!(matches!(request(event), Err(WireError::Base64(_))));
    }

    #[test]
    fn text_goes_out_as_text_and_bytes_as_base64() {
        let answer = |body: &'static [u8]| {
            let answer = http::Response::builder().status(202).header("set-cookie", "a=1").header("etag", "\"x\"");
            response(answer.body(Bytes::from_static(body)).unwrap())
        };
        let text = answer("grün".as_bytes());
        assert_eq!((text.status_code, text.body.as_deref(), text.is_base64_encoded), (202, Some("grün"), false));
        assert_eq!((text.cookies.as_slice(), text.headers.get("set-cookie")), (["a=1".to_owned()].as_slice(), None));
        let bytes = answer(b"\xff\x00");
        assert_eq!((bytes.body.as_deref(), bytes.is_base64_encoded), (Some("/wA="), true));
    }

    #[test]
    fn a_queue_event_is_a_batch_and_its_failures_are_named() {
        let messages = batch(sample(include_str!("../../../events/_shapes/sqs.json"))).unwrap();
        let seen: Vec<_> = messages.iter().map(|message| (message.id.as_str(), message.body.as_str(), message.deliveries)).collect();
        assert_eq!(seen, [("m-1", "first", 1), ("m-2", "second", 3)]);
        let failed = serde_json::to_value(failures(vec!["m-2".into()])).unwrap();
        assert_eq!(failed, json!({ "batchItemFailures": [{ "itemIdentifier": "m-2" }] }));
    }

    #[test]
    fn a_job_is_told_from_a_batch_by_its_shape() {
        assert!(matches!(Trigger::read(json!({ "job": "refold" })), Ok(Trigger::Job(Job::Refold))));
        assert!(
            matches!(Trigger::read(sample(include_str!("../../../events/_shapes/sqs.json"))), Ok(Trigger::Batch(batch)) if batch.len() == 2)
        );
        assert!(matches!(Trigger::read(json!({ "job": "bake" })), Err(WireError::Shape(_))));
    }
}
