//! What is answered. Any page may read it: nothing in it is anybody's secret.

use bytes::Bytes;
use http::{StatusCode, header};
use rapport_core::auth::AuthError;
use rapport_io::StoreError;
use rapport_lambda::Response;
use serde_json::json;

/// Why a request was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Not one of this function's paths.
    #[error("there is nothing here; send events to /v1/track, identify, page, screen, group, alias, batch or beacon")]
    NoSuchRoute,
    /// Not a POST.
    #[error("events are sent with POST")]
    Method,
    /// Did not come through the front.
    #[error("call the shop's public address instead")]
    Origin,
    /// No key, or a wrong one.
    #[error(transparent)]
    Key(AuthError),
    /// A key that may do other things.
    #[error("this key may not send events; use one with the scope `ingest`")]
    Scope,
    /// Not what is expected here.
    #[error("{0}")]
    Malformed(String),
    /// Larger than the route takes.
    #[error("too large; at most {most_bytes} bytes are taken here, so send smaller batches")]
    TooLarge {
        /// 400 on Segment's routes, 413 elsewhere.
        status: u16,
        /// The limit.
        most_bytes: usize,
    },
    /// Too often from one address.
    #[error("too many requests from this address")]
    TooMany {
        /// When to come again.
        retry_after_secs: i64,
    },
    /// The queue or the keys are out of reach. The cause goes to the log, never to the caller.
    #[error("not taken just now; send it again")]
    Unavailable,
}

impl Refusal {
    /// Tells the log what the caller is not told.
    pub(crate) fn unavailable(cause: StoreError) -> Self {
        tracing::error!(error = %cause, "an event could not be taken");
        Self::Unavailable
    }

    const fn status(&self) -> (u16, &'static str) {
        match self {
            Self::NoSuchRoute => (404, "not_found"),
            Self::Method => (405, "method_not_allowed"),
            Self::Origin | Self::Scope => (403, "forbidden"),
            Self::Key(_) => (401, "unauthorized"),
            Self::Malformed(_) => (400, "malformed"),
            Self::TooLarge { status, .. } => (*status, "too_large"),
            Self::TooMany { .. } => (429, "too_many_requests"),
            Self::Unavailable => (503, "unavailable"),
        }
    }

    pub(crate) fn response(&self) -> Response {
        let (status, code) = self.status();
        let mut response = json_response(status, &json!({ "error": { "code": code, "message": self.to_string() } }));
        let retry_after_secs = match self {
            Self::TooMany { retry_after_secs } => Some(*retry_after_secs),
            Self::Unavailable => Some(2),
            _ => None,
        };
        if let Some(secs) = retry_after_secs {
            response.headers_mut().insert(header::RETRY_AFTER, secs.into());
        }
        response
    }
}

/// The queue has it.
pub(crate) fn taken() -> Response {
    json_response(200, &json!({ "success": true }))
}

/// Browsers that ask first may come, too.
pub(crate) fn preflight() -> Response {
    let mut response = json_response(204, &json!(null));
    *response.body_mut() = Bytes::new();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, header::HeaderValue::from_static("POST"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, header::HeaderValue::from_static("authorization, content-type"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, header::HeaderValue::from_static("86400"));
    response
}

fn json_response(status: u16, body: &serde_json::Value) -> Response {
    let mut response = Response::new(body.to_string().into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, header::HeaderValue::from_static("*"));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}
