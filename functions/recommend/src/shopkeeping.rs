//! What the shopkeeper's systems write and read: catalog, rules, the live model.

use crate::{
    App,
    answer::{self, Failure},
    caller,
    lookup::read_json,
    wire::{Rejected, Taken},
};
use http::{StatusCode, header};
use rapport_core::{auth::Scope, catalog::Item, rules::Rules, time::Timestamp};
use rapport_io::StoreError;
use rapport_lambda::{Request, Response};
use serde_json::{Value as Json, json, value::RawValue};
use std::collections::BTreeMap;

/// The largest batch or rule book, in bytes.
const LARGEST_BODY: usize = 1024 * 1024;

/// `PUT /v1/catalog/items`: good items are taken, bad ones are told apart.
pub(crate) async fn put_items(app: &App, request: &Request, now: Timestamp) -> Result<Response, Failure> {
    caller::require(&*app.keyring(now).await?, request.headers(), (Scope::Catalog, "catalog"), now)?;
    let batch: Vec<Box<RawValue>> = read_json(request.body(), LARGEST_BODY)?;
    // Of two with one id the later one holds, as if they had come one after the other.
    let (mut items, mut taken) = (BTreeMap::new(), Taken::default());
    for (index, json) in batch.iter().enumerate() {
        match Item::read(json.get()) {
            Ok(item) => {
                taken.accepted += 1;
                items.insert(item.id.clone(), item);
            }
            Err(error) => taken.rejected.push(Rejected { index, id: id_of(json.get()), message: error.to_string() }),
        }
    }
    app.catalog.put_items(&items.into_values().collect::<Vec<_>>(), now).await?;
    app.live.expire();
    let status = if taken.accepted == 0 && !taken.rejected.is_empty() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Ok(answer::private(status, &taken))
}

fn id_of(json: &str) -> Option<String> {
    serde_json::from_str::<Json>(json).ok()?.get("id")?.as_str().map(str::to_owned)
}

/// `GET /v1/rules`.
pub(crate) async fn rules(app: &App, request: &Request, now: Timestamp) -> Result<Response, Failure> {
    caller::require(&*app.keyring(now).await?, request.headers(), (Scope::Catalog, "catalog"), now)?;
    let stored = app.catalog.rules().await?;
    let version = stored.as_ref().map_or(0, |stored| stored.version);
    let rules = stored.map_or_else(|| serde_json::to_value(Rules::default()), |stored| serde_json::from_slice(&stored.body));
    let rules: Json = rules.map_err(|error| Failure::Internal(error.into()))?;
    Ok(with_version(answer::private(StatusCode::OK, &rules), version))
}

/// `PUT /v1/rules`. With `If-Match` only over the version named; without, over whatever is there.
pub(crate) async fn put_rules(app: &App, request: &Request, now: Timestamp) -> Result<Response, Failure> {
    caller::require(&*app.keyring(now).await?, request.headers(), (Scope::Catalog, "catalog"), now)?;
    let rules: Rules = read_json(request.body(), LARGEST_BODY)?;
    let rules = rules.checked().map_err(|error| Failure::Body(error.to_string()))?;
    let version = app.catalog.rules().await?.map(|stored| stored.version);
    let expected = request.headers().get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    if expected.is_some_and(|expected| expected != "*" && expected.trim_matches('"') != version.unwrap_or(0).to_string()) {
        return Err(Failure::Outdated);
    }
    let body = serde_json::to_vec(&rules).map_err(|error| Failure::Internal(error.into()))?;
    let version = app.catalog.put_rules(body.into(), version).await.map_err(|error| match error {
        StoreError::Conflict { .. } => Failure::Outdated,
        error => error.into(),
    })?;
    app.live.expire();
    Ok(with_version(answer::private(StatusCode::OK, &rules), version))
}

fn with_version(mut response: Response, version: u64) -> Response {
    answer::set(&mut response, header::ETAG, &format!("\"{version}\""));
    response
}

/// `GET /v1/models/current`: the pointer, and the report that training wrote beside the artifact.
pub(crate) async fn model(app: &App, request: &Request, now: Timestamp) -> Result<Response, Failure> {
    caller::require(&*app.keyring(now).await?, request.headers(), (Scope::Read, "read"), now)?;
    let pointer = app.models.current().await?.ok_or(Failure::NotFound("nothing was trained yet"))?;
    let report = app.models.report(&pointer.model).await?;
    let report =
        report.map(|report| serde_json::from_slice::<Json>(&report)).transpose().map_err(|error| Failure::Internal(error.into()))?;
    let shop = app.live.shop();
    let serving = shop.model().map(|model| model.id().to_owned());
    let body = json!({ "hash": pointer.model, "previous": pointer.previous, "published": pointer.created.to_string(), "serving": serving, "report": report });
    Ok(answer::private(StatusCode::OK, &body))
}

/// `GET /v1/data-audit`: as training wrote it.
pub(crate) async fn audit(app: &App, request: &Request, now: Timestamp) -> Result<Response, Failure> {
    caller::require(&*app.keyring(now).await?, request.headers(), (Scope::Read, "read"), now)?;
    let audit = app.models.audit().await?.ok_or(Failure::NotFound("the data was not audited yet; training does it"))?;
    let audit: Json = serde_json::from_slice(&audit).map_err(|error| Failure::Internal(error.into()))?;
    Ok(answer::private(StatusCode::OK, &audit))
}
