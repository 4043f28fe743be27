//! Payloads to be sent again: samples under `events/`, and what somebody captured.
//!
//! | File holds | Read as |
//! |---|---|
//! | `method`, `path`, `headers`, `body` | a request |
//! | `requestContext` and the rest of it | what a function URL handed to a Lambda |
//! | `route`, `authority`, `headers`, `body` | what lies in the inbox, sent to the door it came through |
//! | anything else | a body, for the path that the caller names |
//!
//! A sample knows no shop's keys. So a request gets the shop's own: a key where events are taken, a fresh signature on a webhook.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use rapport_core::{
    auth::{Keyring, signature},
    digest::content_hash,
    source::Route,
    time::Timestamp,
};
use rapport_lambda::{Request, wire};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Why a file is no payload.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// Not JSON.
    #[error("it is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A function URL's event that cannot be read.
    #[error("it looks like a function URL's event, but {0}")]
    Event(#[from] wire::WireError),
    /// Nothing says where to send it.
    #[error("it does not say where it goes; name the path with --to, for example --to /webhooks/shopify")]
    Nowhere,
    /// A path or header that HTTP does not allow.
    #[error("it makes no request: {0}")]
    Http(#[from] http::Error),
}

/// The shapes that name their own path. Headers come as a map or as pairs.
#[derive(Deserialize)]
struct Sample {
    path: Option<String>,
    route: Option<String>,
    authority: Option<String>,
    #[serde(default)]
    headers: Headers,
    body: Value,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Headers {
    Map(BTreeMap<String, String>),
    Pairs(Vec<(String, String)>),
}

impl Default for Headers {
    fn default() -> Self {
        Self::Pairs(Vec::new())
    }
}

impl Headers {
    fn into_pairs(self) -> Vec<(String, String)> {
        match self {
            Self::Map(map) => map.into_iter().collect(),
            Self::Pairs(pairs) => pairs,
        }
    }
}

/// The request that `content` stands for, as `keys`' shop would be sent it now. `to` is where a bare body goes.
///
/// # Errors
/// [`PayloadError`] says what is missing.
pub fn request(content: &[u8], to: Option<&str>, keys: &Keyring, now: Timestamp) -> Result<Request, PayloadError> {
    let value: Value = serde_json::from_slice(content)?;
    let mut request = match (to, value.get("requestContext"), value.get("body")) {
        (Some(path), ..) => bare(path, Bytes::copy_from_slice(content))?,
        (None, Some(_), _) => wire::request(value)?,
        (None, None, Some(_)) => sampled(serde_json::from_value(value)?)?,
        (None, None, None) => return Err(PayloadError::Nowhere),
    };
    if request.uri().path() == "/webhooks/mailchimp" && request.uri().query().is_none() {
        *request.uri_mut() =
            http::Uri::try_from(format!("/webhooks/mailchimp?secret={}", keys.mailchimp_secret)).map_err(http::Error::from)?;
    }
    let headers = proof(&request, keys, now);
    for (name, proof) in headers {
        request.headers_mut().insert(name, HeaderValue::from_str(&proof).map_err(http::Error::from)?);
    }
    Ok(request)
}

fn bare(path: &str, body: Bytes) -> Result<Request, PayloadError> {
    Ok(http::Request::builder().method(Method::POST).uri(path).header(header::CONTENT_TYPE, "application/json").body(body)?)
}

fn sampled(sample: Sample) -> Result<Request, PayloadError> {
    let path = sample.path.or_else(|| sample.route.and_then(|route| door(&route))).ok_or(PayloadError::Nowhere)?;
    let body = match sample.body {
        Value::String(text) => Bytes::from(text),
        json => Bytes::from(json.to_string()),
    };
    let mut request = bare(&path, body)?;
    for (name, value) in sample.headers.into_pairs() {
        let name = HeaderName::try_from(name).map_err(http::Error::from)?;
        request.headers_mut().insert(name, HeaderValue::try_from(value).map_err(http::Error::from)?);
    }
    if sample.authority.as_deref() == Some("browser") {
        request.extensions_mut().insert(FromBrowser);
    }
    Ok(request)
}

/// Marks what a browser said: it is sent with the public key.
#[derive(Clone, Copy)]
struct FromBrowser;

/// The path of the door that an inbox route stands for.
fn door(route: &str) -> Option<String> {
    match route.parse::<Route>().ok()? {
        Route::Segment(call) => Some(format!("/v1/{}", call.name())),
        Route::Beacon => Some("/v1/beacon".to_owned()),
        route @ (Route::Shopify | Route::Woocommerce | Route::Stripe | Route::Klaviyo | Route::Mailchimp) => {
            Some(format!("/webhooks/{route}"))
        }
        Route::Webhook(name) => Some(format!("/webhooks/{name}")),
    }
}

/// What the door asks for.
fn proof(request: &Request, keys: &Keyring, now: Timestamp) -> Vec<(HeaderName, String)> {
    let named = |name: &'static str, proof: String| (HeaderName::from_static(name), proof);
    match request.uri().path() {
        "/webhooks/shopify" => vec![named("x-shopify-hmac-sha256", signature::sign_body(&keys.shopify_secret, request.body()))],
        "/webhooks/woocommerce" => vec![named("x-wc-webhook-signature", signature::sign_body(&keys.woocommerce_secret, request.body()))],
        "/webhooks/stripe" => {
            vec![named("stripe-signature", signature::sign_stripe(&keys.stripe_secret, now.epoch_secs(), request.body()))]
        }
        "/webhooks/klaviyo" => {
            let sent = now.to_string();
            let signed = signature::sign_klaviyo(&keys.klaviyo_secret, &sent, request.body());
            vec![named("klaviyo-signature", signed), named("klaviyo-timestamp", sent)]
        }
        // What proves Mailchimp stands in the address.
        "/webhooks/mailchimp" => Vec::new(),
        path if path.starts_with("/webhooks/") => {
            let id = request.headers().get("webhook-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
            // One body is one message, however often it is sent.
            let id = id.unwrap_or_else(|| format!("msg_{}", content_hash(request.body()).get(..24).unwrap_or_default()));
            let secs = now.0.div_euclid(1000);
            let signed = signature::sign_standard(&keys.webhook_secret, &id, secs, request.body());
            vec![named("webhook-id", id), named("webhook-timestamp", secs.to_string()), named("webhook-signature", signed)]
        }
        _ => {
            let browser = request.extensions().get::<FromBrowser>().is_some();
            let key = if browser { &keys.write_key } else { &keys.secret_key };
            vec![named("authorization", format!("Bearer {key}"))]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::auth::RANDOM_BYTES;

    const NOW: Timestamp = Timestamp(1_795_326_516_000);

    fn keys() -> Keyring {
        let mut keys = Keyring::default();
        keys.complete(&[3; RANDOM_BYTES]);
        keys
    }

    fn sent(content: &str, to: Option<&str>) -> Request {
        request(content.as_bytes(), to, &keys(), NOW).unwrap()
    }

    #[test]
    fn every_shape_finds_its_door() {
        for (content, to, path) in [
            (r#"{"method":"POST","path":"/v1/batch","headers":{"authorization":"Basic x"},"body":{"batch":[]}}"#, None, "/v1/batch"),
            (r#"{"route":"webhook/till","authority":"webhook","headers":[],"body":{"batch":[]}}"#, None, "/webhooks/till"),
            (r#"{"route":"beacon","authority":"browser","headers":[],"body":[]}"#, None, "/v1/beacon"),
            (r#"{"id":1}"#, Some("/webhooks/shopify"), "/webhooks/shopify"),
            (include_str!("../../../events/_shapes/function_url.json"), None, "/v1/beacon"),
        ] {
            assert_eq!(sent(content, to).uri().path(), path, "{content}");
        }
        assert!(matches!(request(b"{\"id\":1}", None, &keys(), NOW), Err(PayloadError::Nowhere)));
        assert!(matches!(request(b"id,1", None, &keys(), NOW), Err(PayloadError::Json(_))));
    }

    #[test]
    fn what_is_signed_here_is_believed_there() {
        let header = |request: &Request, name: &str| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
        let shopify = sent(r#"{"id":1}"#, Some("/webhooks/shopify"));
        let proof = header(&shopify, "x-shopify-hmac-sha256");
        assert_eq!(signature::shopify(&keys(), Some(&proof), shopify.body(), NOW), Ok(()));
        let till = sent(r#"{"batch":[]}"#, Some("/webhooks/till"));
        let [id, timestamp, signed] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| header(&till, name));
        let headers = signature::StandardHeaders { id: Some(&id), timestamp: Some(&timestamp), signature: Some(&signed) };
        assert_eq!(signature::standard(&keys(), headers, till.body(), NOW), Ok(()));
    }

    #[test]
    fn a_browsers_sample_gets_the_public_key() {
        let beacon = sent(r#"{"route":"beacon","authority":"browser","headers":[],"body":[]}"#, None);
        assert!(beacon.headers()["authorization"].to_str().unwrap().starts_with("Bearer wk_"));
        let batch = sent(r#"{"path":"/v1/batch","body":{"batch":[]}}"#, None);
        assert!(batch.headers()["authorization"].to_str().unwrap().starts_with("Bearer sk_"));
    }
}
