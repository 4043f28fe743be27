//! The kinds of shoppers: `GET /v1/personas`, and which of them a customer is.

use crate::{
    App,
    answer::{self, Failure},
    caller,
};
use http::StatusCode;
use rapport_core::{
    auth::Scope,
    features::Facts,
    model::Model,
    persona::{Past, Persona, Personas, Portrait, Unknown},
    time::Timestamp,
};
use rapport_lambda::{Request, Response};
use serde_json::{Value as Json, json};

const NOBODY_KNOWS: &str = "unknown";

/// `GET /v1/personas`: what the live model says. Before there are any, the list is empty and `fit` says why.
pub(crate) async fn list(app: &App, request: &Request, now: Timestamp) -> Result<Response, Failure> {
    caller::require(&*app.keyring(now).await?, request.headers(), (Scope::Read, "read"), now)?;
    app.live.keep_fresh(now).await;
    let shop = app.live.shop();
    let model = shop.model();
    let personas = model.and_then(|model| model.meta().personas.as_ref());
    let told = personas.map(|personas| personas.personas.iter().map(|persona| told(personas, persona)).collect::<Vec<_>>());
    Ok(answer::private(
        StatusCode::OK,
        &json!({
            "model": model.map(Model::id),
            "currency": app.config.currency.code(),
            "personas": told.unwrap_or_default(),
            "fit": personas.map(fit),
        }),
    ))
}

/// Which persona the customer of `facts` is, with evidence in words. Who keeps to themselves is nobody's kind.
pub(crate) fn of(facts: &Facts<'_>, may_personalize: bool) -> Json {
    let unknown = |reason: &str| json!({ "id": null, "name": NOBODY_KNOWS, "strength": 0, "evidence": [reason] });
    if !may_personalize {
        return unknown("no consent to personalization");
    }
    match (facts.portrait(), facts.model().and_then(|model| model.meta().personas.as_ref())) {
        (Portrait::Known(persona, strength), Some(personas)) => json!({
            "id": persona.id,
            "name": persona.name,
            "strength": (strength * 100.0).round() / 100.0,
            "evidence": evidence(personas, persona, facts),
        }),
        (Portrait::Known(..), None) => unknown(Unknown::NoPersonas.reason()),
        (Portrait::Unknown(why), _) => unknown(why.reason()),
    }
}

fn evidence(personas: &Personas, persona: &Persona, facts: &Facts<'_>) -> Vec<String> {
    let lines = personas.evidence(persona, facts);
    if lines.is_empty() { vec!["shops like most customers here".to_owned()] } else { lines }
}

fn told(personas: &Personas, persona: &Persona) -> Json {
    let history = personas.history.iter().filter(|past| past.id == persona.id).map(
        |past: &Past| json!({ "at": past.at.to_string(), "share": past.share, "people": past.people, "revenue_minor": past.revenue_minor }),
    );
    json!({
        "id": persona.id,
        "name": persona.name,
        "archetype": persona.archetype,
        "card": persona.card,
        "history": history.collect::<Vec<_>>(),
    })
}

fn fit(personas: &Personas) -> Json {
    let fit = &personas.fit;
    json!({
        "at": fit.at.to_string(),
        "since": fit.since.to_string(),
        "outcome": fit.outcome,
        "people": fit.people,
        "thin": fit.thin,
        "unknown": fit.unknown,
        "outliers": fit.outliers,
        "stability": fit.stability,
        "silhouette": fit.silhouette,
        "drift": fit.drift,
    })
}
