//! `/openapi.json`, written from the list of routes and from the very types that are read and sent.
//!
//! schemars rather than utoipa: it describes types by a derive and leaves paths alone, so the router's own list stays the one list.

use crate::{
    routes::{ROUTES, Route},
    wire,
};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value as Json, json};

/// The document.
#[must_use]
pub fn document() -> Json {
    let mut schemas = SchemaSettings::openapi3().into_generator();
    let mut paths = Map::new();
    for (method, path, route, scope, summary) in &ROUTES {
        let operation = operation(&mut schemas, method, path, *route, scope, summary);
        let entry = paths.entry((*path).to_owned()).or_insert_with(|| json!({}));
        entry[method.as_str().to_lowercase()] = operation;
    }
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Rapport",
            "version": "1",
            "description": "What should this visitor see? Lookups, customers, catalog and rules. /v1 only ever adds.",
            "license": { "name": "MIT OR Apache-2.0" }
        },
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "write key, secret key by scope, or a customer token" },
                "basic": { "type": "http", "scheme": "basic", "description": "the key as user name" },
                "k": { "type": "apiKey", "in": "query", "name": "k", "description": "the write key" }
            }
        }
    })
}

fn operation(schemas: &mut SchemaGenerator, method: &http::Method, path: &str, route: Route, scope: &str, summary: &str) -> Json {
    let (request, response, status) = shapes(schemas, method, route);
    let mut parameters: Vec<Json> = Vec::new();
    if let Some((name, _)) = path.split_once('{').and_then(|(_, rest)| rest.split_once('}')) {
        parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    }
    if (method, route) == (&http::Method::GET, Route::Recommend) {
        let names = ["placement", "anonymous_id", "item", "cart", "session", "limit", "category", "exclude", "filter", "discovery"];
        parameters.extend(names.map(|name| json!({ "name": name, "in": "query", "schema": { "type": "string" } })));
    }
    if route == Route::Members {
        parameters.extend(["limit", "cursor"].map(|name| json!({ "name": name, "in": "query", "schema": { "type": "string" } })));
    }
    let security = match scope {
        "none" => json!([]),
        "write" => json!([{ "bearer": [] }, { "basic": [] }, { "k": [] }]),
        _ => json!([{ "bearer": [] }, { "basic": [] }]),
    };
    let content = if route == Route::Page { "text/html" } else { "application/json" };
    let mut operation = json!({
        "operationId": format!("{}{route:?}", method.as_str().to_lowercase()),
        "summary": summary,
        "description": format!("Scope: {scope}."),
        "parameters": parameters,
        "security": security,
        "responses": {
            status: { "description": "as asked", "content": { content: { "schema": response } } },
            "default": { "description": "see the error codes in docs/api.md", "content": { "application/json": { "schema": { "type": "object" } } } }
        }
    });
    if let Some(request) = request {
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": request } } });
    }
    operation
}

/// What goes in, what comes out, with which status.
fn shapes(schemas: &mut SchemaGenerator, method: &http::Method, route: Route) -> (Option<Json>, Json, &'static str) {
    let object = json!({ "type": "object" });
    let lookup = |schemas: &mut SchemaGenerator| schemas.subschema_for::<wire::Lookup>().to_value();
    match route {
        Route::Recommend => {
            ((method == http::Method::POST).then(|| lookup(schemas)), schemas.subschema_for::<wire::Recommendations>().to_value(), "200")
        }
        Route::Rank => (Some(lookup(schemas)), schemas.subschema_for::<wire::Ranked>().to_value(), "200"),
        Route::Similar | Route::Together => (None, schemas.subschema_for::<wire::Related>().to_value(), "200"),
        Route::Erase => (None, schemas.subschema_for::<wire::Receipt>().to_value(), "202"),
        Route::Erasure => (None, schemas.subschema_for::<wire::Erasure>().to_value(), "200"),
        Route::SetConsent => (Some(schemas.subschema_for::<wire::SetConsent>().to_value()), object, "202"),
        Route::Merge | Route::Unmerge => (Some(schemas.subschema_for::<wire::OtherId>().to_value()), object, "202"),
        Route::PutItems => (Some(json!({ "type": "array", "items": object })), schemas.subschema_for::<wire::Taken>().to_value(), "200"),
        Route::PutSegment => (Some(schemas.subschema_for::<wire::DefineSegment>().to_value()), object, "200"),
        Route::Preview => (Some(schemas.subschema_for::<wire::PreviewRule>().to_value()), object, "200"),
        Route::PutRules => (Some(object.clone()), object, "200"),
        Route::Page => (None, json!({ "type": "string" }), "200"),
        Route::Customer
        | Route::Personas
        | Route::Export
        | Route::Consent
        | Route::Rules
        | Route::Segments
        | Route::Members
        | Route::Model
        | Route::Audit
        | Route::OpenApi => (None, object, "200"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_described_and_every_reference_leads_somewhere() {
        let document = document();
        for (method, path, ..) in &ROUTES {
            let operation = &document["paths"][path][method.as_str().to_lowercase()];
            assert!(operation["summary"].is_string(), "{method} {path}");
        }
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
        assert!(text.contains("\"recommendation_id\""));
    }
}
