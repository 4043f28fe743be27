//! The door for platforms: a signature instead of a key. Whoever cannot sign leaves no trace; whoever can is answered 200 once the
//! queue has the body, well within the second that Shopify gives.
//!
//! What is absent: any reading of the body beyond what its unsigned topic header must not contradict. It has its own function, so that
//! a flood of browsers never costs a webhook.
#![warn(missing_docs)]

mod reply;

pub use reply::Refusal;

use http::{HeaderMap, Method};
use rapport_core::{
    auth::{
        Keyring,
        signature::{self, StandardHeaders},
    },
    event::Authority,
    source::{HEADERS_KEPT, Route, ShopifyKind, json, shopify_topic_agrees},
    time::Timestamp,
};
use rapport_io::{
    inbox::{Envelope, Inbox},
    keys::Keys,
};
use rapport_lambda::{Request, Response, wire::REQUEST_ID};
use std::sync::Arc;

/// Largest delivery, in bytes: an order of a thousand lines is about half of it.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Longest name of a sender of Standard Webhooks.
const LONGEST_NAME: usize = 40;

/// What the handler needs.
pub struct App {
    inbox: Inbox,
    keys: Arc<Keys<Keyring>>,
}

impl App {
    /// Over the stack's inbox and keys.
    #[must_use]
    pub const fn new(inbox: Inbox, keys: Arc<Keys<Keyring>>) -> Self {
        Self { inbox, keys }
    }
}

/// Takes one delivery in.
pub async fn handle(app: &App, request: Request, now: Timestamp) -> Response {
    match take(app, &request, now).await {
        Ok(()) => reply::taken(),
        Err(refusal) => refusal.response(header(request.headers(), REQUEST_ID.as_str()).unwrap_or_default()),
    }
}

async fn take(app: &App, request: &Request, now: Timestamp) -> Result<(), Refusal> {
    let route = route(request.uri().path()).ok_or(Refusal::NoSuchRoute)?;
    // Mailchimp looks whether somebody is at home before it takes the address.
    if route == Route::Mailchimp && matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(());
    }
    if request.method() != Method::POST {
        return Err(Refusal::Method);
    }
    let (headers, body) = (request.headers(), request.body());
    if body.len() > MOST_BYTES {
        return Err(Refusal::TooLarge);
    }
    let keyring = app.keys.get(now).await.map_err(Refusal::unavailable)?;
    if route == Route::Woocommerce && is_ping(body) {
        return Ok(());
    }
    verify(&keyring, &route, request, now)?;
    if route == Route::Shopify {
        let kind = ShopifyKind::of(&json(body).map_err(|_| Refusal::NotJson)?);
        if !shopify_topic_agrees(header(headers, "x-shopify-topic"), kind) {
            return Err(Refusal::Contradiction);
        }
    }
    let envelope =
        Envelope { route: route.to_string(), received: now, authority: Authority::Webhook, headers: kept(headers), body: body.clone() };
    app.inbox.send(&[envelope]).await.map_err(Refusal::unavailable)
}

/// `/webhooks/shopify` and the other platforms', `/webhooks/NAME`.
fn route(path: &str) -> Option<Route> {
    match path.strip_prefix("/webhooks/")?.trim_end_matches('/') {
        "shopify" => Some(Route::Shopify),
        "woocommerce" => Some(Route::Woocommerce),
        "stripe" => Some(Route::Stripe),
        "klaviyo" => Some(Route::Klaviyo),
        "mailchimp" => Some(Route::Mailchimp),
        name if !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) => {
            Some(Route::Webhook(name.into()))
        }
        _ => None,
    }
}

fn verify(keyring: &Keyring, route: &Route, request: &Request, now: Timestamp) -> Result<(), Refusal> {
    let (body, header) = (request.body(), |name| header(request.headers(), name));
    let verdict = match route {
        Route::Shopify => signature::shopify(keyring, header("x-shopify-hmac-sha256"), body, now),
        Route::Woocommerce => signature::woocommerce(keyring, header("x-wc-webhook-signature"), body, now),
        Route::Stripe => signature::stripe(keyring, header("stripe-signature"), body, now),
        Route::Klaviyo => signature::klaviyo(keyring, header("klaviyo-signature"), header("klaviyo-timestamp"), body, now),
        Route::Mailchimp => signature::mailchimp(keyring, request.uri().query().and_then(secret_of_query), now),
        Route::Webhook(_) | Route::Segment(_) | Route::Beacon => {
            let [id, timestamp, signature] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header);
            signature::standard(keyring, StandardHeaders { id, timestamp, signature }, body, now)
        }
    };
    verdict.map_err(Refusal::Signature)
}

/// `secret` of `a=1&secret=…`. Secrets are letters, digits and `_`, so nothing in one needs unescaping.
fn secret_of_query(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("secret="))
}

/// What WooCommerce sends, unsigned, when a webhook is created: a form that says `webhook_id=N` and nothing else.
fn is_ping(body: &[u8]) -> bool {
    body.strip_prefix(b"webhook_id=")
        .is_some_and(|number| !number.is_empty() && number.len() <= 20 && number.iter().all(u8::is_ascii_digit))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    HEADERS_KEPT.iter().filter_map(|name| Some(((*name).to_owned(), header(headers, name)?.chars().take(400).collect()))).collect()
}

#[cfg(test)]
mod tests;
