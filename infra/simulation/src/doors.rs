//! One attempt to get something in, through the door it belongs to.

use crate::{
    apps::Apps,
    sends::{Door, Send},
    weather::Weather,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::request::Builder;
use rapport_core::{
    digest::{content_hash, hmac_sha256},
    event::{Action, Authority, Event, Traffic, encode_line},
    id::{CustomerId, EventId},
    profile::Subject,
    time::Timestamp,
};
use rapport_io::{StoreError, layout};
use std::sync::Arc;

/// What reached the log, or tried to, without a queue.
#[derive(Clone, Debug)]
pub(crate) struct Direct {
    /// Its events, written as one object.
    pub(crate) events: Vec<Event>,
    /// That object's key.
    pub(crate) key: String,
    /// Whether its writer was told that it is there.
    pub(crate) acknowledged: bool,
}

/// Sends `send` at `now`; true when it was acknowledged. `attempt` tells apart what each attempt makes up itself.
pub(crate) async fn attempt(apps: Arc<Apps>, weather: Arc<Weather>, send: Send, attempt: u64, now: Timestamp) -> bool {
    let body = send.body_at(now);
    match &send.door {
        Door::Browser(path, agent) => {
            let request = http::Request::post(format!("{path}?k=wk_sim")).header("user-agent", *agent);
            collect(&apps, request, body, now).await
        }
        Door::Backend(path) => collect(&apps, http::Request::post(*path).header("authorization", "Bearer sk_sim"), body, now).await,
        Door::Shopify => {
            let request = http::Request::post("/webhooks/shopify").header("x-shopify-hmac-sha256", signed("shopify", &body));
            webhook(&apps, request, body, now).await
        }
        Door::Till => {
            let secs = now.epoch_secs();
            let signature = format!("v1,{}", signed("plain", &format!("till{attempt}.{secs}.{body}")));
            let request = http::Request::post("/webhooks/till").header("webhook-id", format!("till{attempt}"));
            webhook(&apps, request.header("webhook-timestamp", secs).header("webhook-signature", signature), body, now).await
        }
        Door::File(events) => append(&apps, &weather, events.clone(), now).await.is_ok(),
        Door::Erase(subject) => erase(&apps, &weather, subject, attempt, now).await.is_ok(),
        Door::Rule(alias, customer, is_one) => rule(&apps, &weather, (alias, customer, *is_one), attempt, now).await.is_ok(),
    }
}

async fn collect(apps: &Apps, request: Builder, body: String, now: Timestamp) -> bool {
    let Ok(request) = request.body(body.into()) else { return false };
    collect::handle(&apps.collect, request, now).await.status().is_success()
}

async fn webhook(apps: &Apps, request: Builder, body: String, now: Timestamp) -> bool {
    let Ok(request) = request.body(body.into()) else { return false };
    webhooks::handle(&apps.webhooks, request, now).await.status().is_success()
}

fn signed(secret: &str, message: &str) -> String {
    BASE64_STANDARD.encode(hmac_sha256(secret.as_bytes(), message.as_bytes()))
}

/// What `rapport import` does with events it has read.
async fn append(apps: &Apps, weather: &Weather, events: Vec<Event>, now: Timestamp) -> Result<(), StoreError> {
    let mut lines = Vec::new();
    events.iter().for_each(|event| encode_line(event, &mut lines));
    let key = layout::log_object(now, &content_hash(&lines));
    let place = {
        let mut state = weather.state();
        state.direct.push(Direct { events: events.clone(), key, acknowledged: false });
        state.direct.len() - 1
    };
    apps.log.append(&events, now).await?;
    weather.state().direct[place].acknowledged = true;
    Ok(())
}

/// What `POST /v1/customers/{id}/merge` and `/unmerge` do.
async fn rule(
    apps: &Apps,
    weather: &Weather,
    (alias, customer, is_one): (&Subject, &str, bool),
    attempt: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let unusable = |problem| StoreError::refused("ruling", problem);
    let customer = CustomerId::new(customer).map_err(unusable)?;
    let event = Event {
        id: EventId::new(&format!("rule-{attempt}")).map_err(unusable)?,
        at: now,
        authority: Authority::Backend,
        source: "api".into(),
        who: Subject::Customer(customer).who(),
        traffic: Traffic::Internal,
        action: Action::Ruled { alias: alias.clone(), is_one },
    };
    append(apps, weather, vec![event], now).await
}

/// What `DELETE /v1/customers/{id}` does, and a platform's request that names a guest's number alone; but for the receipt, whose name is
/// drawn at random.
async fn erase(apps: &Apps, weather: &Weather, subject: &Subject, attempt: u64, now: Timestamp) -> Result<(), StoreError> {
    let mut subjects = vec![subject.clone()];
    if let Subject::Customer(customer) = subject {
        subjects.extend(apps.identities.below(customer).await?);
    }
    let events = subjects.iter().enumerate().filter_map(|(place, subject)| {
        let id = EventId::new(&format!("erase-{attempt}-{place}")).ok()?;
        let (authority, traffic) = (Authority::Backend, Traffic::Human);
        Some(Event { id, at: now, authority, source: "api".into(), who: subject.who(), traffic, action: Action::Erased })
    });
    let events: Vec<Event> = events.collect();
    append(apps, weather, events, now).await?;
    for subject in &subjects {
        apps.contacts.erase(subject, now).await?;
    }
    Ok(())
}
