//! The storefront's question, and the shop's own: lookups, customers, catalog, rules, the live model.
//!
//! [`handle`] is the only entry. A warm lookup is one read of the profiles table and nothing else; what else it needs was loaded at
//! the start and is kept fresh beside it ([`state`]). Whatever is missing, it answers ([`wire::Fallback`] says what was).

pub mod answer;
mod caller;
mod customer;
mod lookup;
pub mod openapi;
mod people;
mod personas;
mod predictions;
pub mod routes;
mod rulings;
mod segments;
mod shopkeeping;
pub mod state;
pub mod wire;

use answer::Failure;
use http::{HeaderValue, Method, StatusCode, header};
use rapport_core::{
    auth::Keyring,
    money::Currency,
    ranking::{Relation, Scratch},
    source::ConsentMode,
    time::Timestamp,
};
use rapport_io::{
    Objects, Records, Secrets, catalog::Catalog, contacts::Contacts, identities::Identities, keys::Keys, log::Log, models::Models,
    profiles::Profiles, segments::SegmentStore,
};
use rapport_lambda::{Request, Response};
use routes::{Miss, Route};
use state::Live;
use std::sync::{Arc, Mutex, PoisonError};

/// What the shop decides.
#[derive(Clone, Debug)]
pub struct Config {
    /// The stack's name, of which the keys' name is made.
    pub stack: String,
    /// The shop's currency.
    pub currency: Currency,
    /// What an unset consent means.
    pub consent: ConsentMode,
}

/// What a lookup is made of, for as long as the process lives.
pub struct App {
    config: Config,
    profiles: Profiles,
    identities: Identities,
    contacts: Contacts,
    segments: SegmentStore,
    catalog: Catalog,
    models: Models,
    log: Log,
    keys: Keys<Keyring>,
    live: Live,
    /// One a lookup that runs at the same time; on Lambda that is one.
    scratches: Mutex<Vec<Scratch>>,
}

impl App {
    /// Over the three stores.
    #[must_use]
    pub fn new(records: Arc<dyn Records>, objects: Arc<dyn Objects>, secrets: Arc<dyn Secrets>, config: Config) -> Self {
        let (models, catalog) = (Models::new(Arc::clone(&objects)), Catalog::new(Arc::clone(&records)));
        Self {
            profiles: Profiles::new(Arc::clone(&records)),
            identities: Identities::new(Arc::clone(&records)),
            segments: SegmentStore::new(Arc::clone(&records)),
            contacts: Contacts::new(records),
            log: Log::new(objects),
            keys: Keys::new(secrets, &config.stack, |document| Ok(Keyring::parse(document)?)),
            live: Live::new(models.clone(), catalog.clone()),
            models,
            catalog,
            config,
            scratches: Mutex::default(),
        }
    }

    /// Loads model, catalog, rules and keys, so that the first lookup is as quick as the second. Whatever cannot be had is tried
    /// again later; a lookup answers without it.
    pub async fn warm(&self, now: Timestamp) {
        let (keys, ()) = tokio::join!(self.keys.get(now), self.live.load(now));
        if let Err(error) = keys {
            tracing::warn!(%error, "the keys cannot be read yet");
        }
    }

    /// The stack's keys: the loop checks with them that a request came through CloudFront.
    #[must_use]
    pub const fn keys(&self) -> &Keys<Keyring> {
        &self.keys
    }

    /// The shop as lookups see it now.
    #[must_use]
    pub fn live_shop(&self) -> Arc<rapport_core::ranking::Shop> {
        self.live.shop()
    }

    async fn keyring(&self, now: Timestamp) -> Result<Arc<Keyring>, Failure> {
        Ok(self.keys.get(now).await?)
    }

    fn with_scratch<T>(&self, rank: impl FnOnce(&mut Scratch) -> T) -> T {
        let pop = || self.scratches.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut scratch = pop().unwrap_or_default();
        let answer = rank(&mut scratch);
        self.scratches.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        answer
    }
}

/// Answers one request.
pub async fn handle(app: &App, request: Request, now: Timestamp) -> Response {
    if request.method() == Method::OPTIONS {
        return preflight();
    }
    let mut response = match dispatch(app, &request, now).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(&request_id(&request)),
    };
    // No answer depends on cookies, so any origin may read what its key may have.
    lookup::allow_any_origin(response.headers_mut());
    response
}

async fn dispatch(app: &App, request: &Request, now: Timestamp) -> Result<Response, Failure> {
    let (route, argument) = routes::find(request.method(), request.uri().path()).map_err(|miss| match miss {
        Miss::Path => Failure::NotFound("there is nothing at this path; see /openapi.json"),
        Miss::Method => Failure::Method,
    })?;
    let argument = wire::decoded(argument.unwrap_or_default(), false);
    match route {
        Route::Recommend => lookup::recommend(app, request, now).await,
        Route::Rank => lookup::rank(app, request, now).await,
        Route::Similar => lookup::related(app, request, &argument, Relation::Similar, now).await,
        Route::Together => lookup::related(app, request, &argument, Relation::Together, now).await,
        Route::Customer => people::view(app, request, &argument, now).await,
        Route::Export => people::export(app, request, &argument, now).await,
        Route::Erase => people::erase(app, request, &argument, now).await,
        Route::Erasure => people::erasure(app, request, &argument, now).await,
        Route::Consent => people::consent(app, request, &argument, now).await,
        Route::SetConsent => people::set_consent(app, request, &argument, now).await,
        Route::Merge => rulings::rule(app, request, &argument, true, now).await,
        Route::Unmerge => rulings::rule(app, request, &argument, false, now).await,
        Route::Personas => personas::list(app, request, now).await,
        Route::PutItems => shopkeeping::put_items(app, request, now).await,
        Route::Rules => shopkeeping::rules(app, request, now).await,
        Route::PutRules => shopkeeping::put_rules(app, request, now).await,
        Route::Segments => segments::list(app, request, now).await,
        Route::Members => segments::members(app, request, &argument, now).await,
        Route::PutSegment => segments::put(app, request, &argument, now).await,
        Route::Preview => segments::preview(app, request, now).await,
        Route::Model => shopkeeping::model(app, request, now).await,
        Route::Audit => shopkeeping::audit(app, request, now).await,
        Route::OpenApi => Ok(answer::cached(&openapi::document(), 300, None)),
        Route::Page => Ok(page(app, now).await),
    }
}

/// The page, with what is live written into it: it asks for nothing that is not on this host.
async fn page(app: &App, now: Timestamp) -> Response {
    app.live.keep_fresh(now).await;
    let shop = app.live.shop();
    let meta = shop.model().map(rapport_core::model::Model::meta);
    let (model, events) = meta.map_or_else(|| ("none yet".to_owned(), "0".to_owned()), |meta| (meta.id.clone(), meta.events.to_string()));
    let html =
        include_str!("page.html").replace("{{model}}", &model).replace("{{events}}", &events).replace("{{items}}", &shop.len().to_string());
    let mut response = answer::respond(StatusCode::OK, "text/html; charset=utf-8", "no-store", html);
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src https: data:; base-uri 'none'; form-action 'none'";
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn preflight() -> Response {
    let mut response = answer::respond(StatusCode::NO_CONTENT, "text/plain", "public, max-age=86400", "");
    let headers = response.headers_mut();
    lookup::allow_any_origin(headers);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, DELETE"));
    headers
        .insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type, if-match, x-rapport-token"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

/// The id that the front gave the request, or one of our own.
fn request_id(request: &Request) -> String {
    let given = ["x-amzn-trace-id", "x-amz-cf-id", "x-request-id"].iter().find_map(|name| request.headers().get(*name)?.to_str().ok());
    given.map_or_else(
        || {
            let mut bytes = [0; 8];
            // Only a name in a log: zeros are a poor one, not a wrong one.
            let _ = getrandom::fill(&mut bytes);
            rapport_core::digest::hex(&bytes)
        },
        |id| id.chars().take(100).collect(),
    )
}
