//! The door for browsers and backends: Segment's routes and the beacon. It finds out who speaks, bounds what they say, and answers 200
//! once the queue has it; what it means is found out in `ingest`.
//!
//! A browser's call causes no preflight: any origin, `text/plain`, the key in `k=` or in the body, no credentials. What is absent:
//! anything that reads a profile. No answer here depends on who exists.
#![warn(missing_docs)]

mod body;
mod limit;
mod reply;

pub use reply::Refusal;

use bytes::Bytes;
use http::{HeaderMap, Method};
use limit::Limiter;
use rapport_core::{
    auth::{self, Caller, Credentials, Keyring, Scope},
    event::Authority,
    source::{Call, HEADERS_KEPT, INSIDER, Route},
    time::Timestamp,
};
use rapport_io::{
    inbox::{Envelope, Inbox},
    keys::Keys,
};
use rapport_lambda::{ClientIp, Request, Response, wire::REQUEST_ID};
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// What the handler needs.
pub struct App {
    inbox: Inbox,
    keys: Arc<Keys<Keyring>>,
    limiter: Mutex<Limiter>,
}

impl App {
    /// Over the stack's inbox and keys.
    #[must_use]
    pub fn new(inbox: Inbox, keys: Arc<Keys<Keyring>>) -> Self {
        Self { inbox, keys, limiter: Mutex::new(Limiter::default()) }
    }
}

/// Takes one request in.
pub async fn handle(app: &App, request: Request, now: Timestamp) -> Response {
    if request.method() == Method::OPTIONS {
        return reply::preflight();
    }
    match take(app, &request, now).await {
        Ok(()) => reply::taken(),
        Err(refusal) => refusal.response(header(request.headers(), REQUEST_ID.as_str()).unwrap_or_default()),
    }
}

async fn take(app: &App, request: &Request, now: Timestamp) -> Result<(), Refusal> {
    let route = route(request.uri().path()).ok_or(Refusal::NoSuchRoute)?;
    if request.method() != Method::POST {
        return Err(Refusal::Method);
    }
    let keyring = app.keys.get(now).await.map_err(Refusal::unavailable)?;
    let headers = request.headers();
    let unpacked = body::unpack(request.body(), header(headers, "content-encoding"), &route)?;
    let read = body::read(&unpacked, &route)?;
    let query = request.uri().query().and_then(key_of_query);
    let credentials = Credentials { authorization: header(headers, "authorization"), query: query.as_deref(), body: read.key.as_deref() };
    let authority = authority(&auth::authenticate(&keyring, credentials, now).map_err(Refusal::Key)?)?;
    if authority == Authority::Browser {
        admit(app, request, now)?;
    }
    let mut kept = kept(headers);
    if authority == Authority::Browser && client(request).is_some_and(|ip| keyring.insiders.hold(ip)) {
        // Whether, never from where.
        kept.push((INSIDER.to_owned(), "1".to_owned()));
    }
    let envelope = Envelope { route: route.to_string(), received: now, authority, headers: kept, body: read.body.unwrap_or(unpacked) };
    app.inbox.send(&[envelope]).await.map_err(Refusal::unavailable)
}

/// `/v1/track`, `/v1/t`, `/v1/beacon`.
fn route(path: &str) -> Option<Route> {
    let name = path.strip_prefix("/v1/")?.trim_end_matches('/');
    if name == "beacon" { Some(Route::Beacon) } else { Call::named(name).map(Route::Segment) }
}

fn authority(caller: &Caller) -> Result<Authority, Refusal> {
    match caller {
        Caller::Browser => Ok(Authority::Browser),
        Caller::Backend { .. } if caller.may(Scope::Ingest) => Ok(Authority::Backend),
        Caller::Backend { .. } => Err(Refusal::Scope),
    }
}

/// Best effort, per warm copy of this function: it stops a loop gone wild, not an army. Backends are not limited.
fn admit(app: &App, request: &Request, now: Timestamp) -> Result<(), Refusal> {
    let Some(ip) = client(request) else { return Ok(()) };
    let mut limiter = app.limiter.lock().unwrap_or_else(PoisonError::into_inner);
    limiter.admit(ip, now).map_err(|retry_after_secs| Refusal::TooMany { retry_after_secs })
}

fn client(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ClientIp>().map(|ClientIp(ip)| *ip)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    HEADERS_KEPT.iter().filter_map(|name| Some(((*name).to_owned(), header(headers, name)?.chars().take(400).collect()))).collect()
}

/// `k` of `a=1&k=wk_…`. Keys are letters, digits and `_`, so nothing in one needs unescaping.
fn key_of_query(query: &str) -> Option<String> {
    query.split('&').find_map(|pair| pair.strip_prefix("k=")).map(str::to_owned)
}

/// Where a body is bytes.
type Body = Bytes;

#[cfg(test)]
mod tests;
