//! How handlers answer: JSON, cached or private, and errors that say how to mend them.

use crate::wire::Flaw;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use rapport_core::digest::content_hash;
use rapport_io::StoreError;
use rapport_lambda::Response;
use serde::Serialize;

/// Room for an answer of ten items, so that it is written in one place.
const USUAL_BYTES: usize = 8 * 1024;

/// Why a request is not answered as asked. What the caller reads is in `Display`; what only the log may know is in the source.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something in the request.
    #[error("`{}` {}", .0.field, .0.message)]
    Flaw(Flaw),
    /// The body is not what it should be.
    #[error("the body cannot be read: {0}")]
    Body(String),
    /// Larger than taken.
    #[error("the body is too large; send it in parts")]
    TooLarge,
    /// No key, or a wrong one.
    #[error("{0}")]
    Unauthorized(String),
    /// A key that may not do this.
    #[error("this key may not do that; it needs the scope `{0}`")]
    Forbidden(&'static str),
    /// Nothing by that name.
    #[error("{0}")]
    NotFound(&'static str),
    /// A path that exists, with another method.
    #[error("this path does not take that method")]
    Method,
    /// Somebody else wrote in between.
    #[error("this was changed since it was read; read it again and send `If-Match` with the new ETag")]
    Outdated,
    /// A store that is busy or away.
    #[error("a store is not available; try again in a few seconds")]
    Unavailable(#[source] StoreError),
    /// A fault of ours.
    #[error("something went wrong here; the request id finds it in the log")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        if error.is_retryable() { Self::Unavailable(error) } else { Self::Internal(error.into()) }
    }
}

impl From<Flaw> for Failure {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw(flaw)
    }
}

impl Failure {
    /// The status, and the code that docs/api.md tables.
    #[must_use]
    pub const fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Flaw(_) => (StatusCode::BAD_REQUEST, "invalid_field"),
            Self::Body(_) => (StatusCode::BAD_REQUEST, "invalid_body"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::Unauthorized(_) => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Outdated => (StatusCode::PRECONDITION_FAILED, "outdated"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    /// `{"error": {"code", "message", "field"?, "request_id"}}`.
    #[must_use]
    pub fn into_response(self, request_id: &str) -> Response {
        let (status, code) = self.kind();
        if status.is_server_error() {
            tracing::error!(request_id, error = ?self, "request failed");
        }
        let mut error = serde_json::json!({ "code": code, "message": self.to_string(), "request_id": request_id });
        if let Self::Flaw(flaw) = &self {
            error["field"] = flaw.field.into();
        }
        let mut response = private(status, &serde_json::json!({ "error": error }));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

/// JSON that nobody may keep.
#[must_use]
pub fn private(status: StatusCode, body: &impl Serialize) -> Response {
    respond(status, "application/json", "private, no-store", to_json(body))
}

fn to_json(body: &impl Serialize) -> Vec<u8> {
    let mut json = Vec::with_capacity(USUAL_BYTES);
    // Writing to memory does not fail, and what is written here has nothing that JSON cannot say.
    match serde_json::to_writer(&mut json, body) {
        Ok(()) => json,
        Err(_) => Vec::new(),
    }
}

/// JSON that everybody may keep for `max_age_secs`, with an ETag; 304 where `known` is the same.
#[must_use]
pub fn cached(body: &impl Serialize, max_age_secs: u32, known: Option<&str>) -> Response {
    let body = to_json(body);
    let etag = format!("\"{}\"", content_hash(&body).get(..16).unwrap_or_default());
    let is_known = known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == etag));
    let (status, body) = if is_known { (StatusCode::NOT_MODIFIED, Vec::new()) } else { (StatusCode::OK, body) };
    let mut response = respond(status, "application/json", &format!("public, max-age={max_age_secs}"), body);
    set(&mut response, header::ETAG, &etag);
    response
}

/// Any body.
#[must_use]
pub fn respond(status: StatusCode, content_type: &'static str, cache: &str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    set(&mut response, header::CACHE_CONTROL, cache);
    response
}

/// Sets a header, unless the value cannot stand in one.
pub fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
