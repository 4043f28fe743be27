//! What platforms are answered. They read the status; people who debug a webhook read the message.

use http::{StatusCode, header};
use rapport_core::auth::signature::SignatureError;
use rapport_io::StoreError;
use rapport_lambda::Response;
use serde_json::json;

/// Why a delivery was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Not one of this function's paths.
    #[error("there is nothing here; webhooks are /webhooks/shopify, woocommerce, stripe, klaviyo, mailchimp or a NAME of yours")]
    NoSuchRoute,
    /// Not a POST.
    #[error("webhooks are sent with POST")]
    Method,
    /// Not signed, or not by a secret of this shop.
    #[error(transparent)]
    Signature(SignatureError),
    /// Signed, but no JSON.
    #[error("the body is not JSON")]
    NotJson,
    /// The unsigned topic says something else than the signed body.
    #[error("the topic header contradicts the body; only the body is signed")]
    Contradiction,
    /// Larger than any order.
    #[error("too large; at most 4 MiB are taken")]
    TooLarge,
    /// The queue or the keys are out of reach. The cause goes to the log, never to the caller.
    #[error("not taken just now; send it again")]
    Unavailable,
}

impl Refusal {
    /// Tells the log what the caller is not told.
    pub(crate) fn unavailable(cause: StoreError) -> Self {
        tracing::error!(error = %cause, "a webhook could not be taken");
        Self::Unavailable
    }

    const fn status(&self) -> (u16, &'static str) {
        match self {
            Self::NoSuchRoute => (404, "not_found"),
            Self::Method => (405, "method_not_allowed"),
            Self::Signature(_) => (401, "unauthorized"),
            Self::NotJson | Self::Contradiction => (400, "malformed"),
            Self::TooLarge => (413, "too_large"),
            Self::Unavailable => (503, "unavailable"),
        }
    }

    pub(crate) fn response(&self, request_id: &str) -> Response {
        let (status, code) = self.status();
        let mut response =
            json_response(status, &json!({ "error": { "code": code, "message": self.to_string(), "request_id": request_id } }));
        if matches!(self, Self::Unavailable) {
            response.headers_mut().insert(header::RETRY_AFTER, 2.into());
        }
        response
    }
}

/// The queue has it.
pub(crate) fn taken() -> Response {
    json_response(200, &json!({ "success": true }))
}

fn json_response(status: u16, body: &serde_json::Value) -> Response {
    let mut response = Response::new(body.to_string().into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}
