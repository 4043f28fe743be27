//! Lookups: load (profiles, beside a refresh when due) → decide (one pure function of the core) → answer. Nothing is written.

use crate::{
    App,
    answer::{self, Failure},
    caller,
    wire::{self, Fallback, Lookup, Ranked, RankedItem, Recommendations, Related},
};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use rapport_core::{
    digest::hex,
    event::Purpose,
    id::ItemId,
    profile::{Profile, Subject},
    ranking::{self, Ask, Relation, Shop},
    source::ConsentMode,
    time::Timestamp,
};
use rapport_lambda::{Request, Response};
use std::time::Duration;

/// How long a profile may take before the answer goes out without it.
const PROFILE_PATIENCE: Duration = Duration::from_millis(400);
/// The largest body taken, in bytes.
const LARGEST_BODY: usize = 64 * 1024;
/// How long `similar` and `together` may be kept, in seconds.
const RELATED_MAX_AGE_SECS: u32 = 300;

/// What a lookup needs to be decided.
struct Loaded {
    lookup: Lookup,
    ask: Ask,
    profiles: Vec<Profile>,
    fallback: Option<Fallback>,
}

/// `GET` and `POST /v1/recommendations`.
pub(crate) async fn recommend(app: &App, request: &Request, now: Timestamp) -> Result<Response, Failure> {
    let Loaded { ask, profiles, fallback, .. } = load(app, request, now).await?;
    let shop = app.live.shop();
    let random = random();
    let profiles: Vec<&Profile> = profiles.iter().collect();
    let (seed, name) = random.split_at(8);
    let seed = seed.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
    let answer = app.with_scratch(|scratch| ranking::recommend(&shop, &ask, &profiles, now, seed, scratch));
    let fallback = fallback.or_else(|| no_model(&shop));
    Ok(answer::private(StatusCode::OK, &Recommendations::new(format!("rec_{}", hex(name)), &ask, &shop, &answer, fallback)))
}

/// `POST /v1/rank`.
pub(crate) async fn rank(app: &App, request: &Request, now: Timestamp) -> Result<Response, Failure> {
    let Loaded { lookup, ask, profiles, fallback } = load(app, request, now).await?;
    let shop = app.live.shop();
    let profiles: Vec<&Profile> = profiles.iter().collect();
    let ranked = app.with_scratch(|scratch| ranking::rank(&shop, &ask, &profiles, &lookup.own_items(), now, scratch));
    let items = ranked.into_iter().map(|(id, score)| RankedItem { id: id.to_string(), score: wire::rounded(score) }).collect();
    Ok(answer::private(StatusCode::OK, &Ranked { model: wire::model_of(&shop), fallback: fallback.or_else(|| no_model(&shop)), items }))
}

/// `GET /v1/similar/{item}` and `/v1/together/{item}`: the same for everybody, so everybody may keep it.
pub(crate) async fn related(app: &App, request: &Request, item: &str, relation: Relation, now: Timestamp) -> Result<Response, Failure> {
    let limit = Lookup::from_query(request.uri().query().unwrap_or_default()).ask()?.limit;
    app.live.keep_fresh(now).await;
    let shop = app.live.shop();
    let picks = ItemId::new(item)
        .map(|id| app.with_scratch(|scratch| ranking::related(&shop, &id, relation, limit, now, scratch)))
        .unwrap_or_default();
    let body = Related { item: item.to_owned(), model: wire::model_of(&shop), items: wire::recommended(&shop, &picks) };
    let known = request.headers().get(http::header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    Ok(answer::cached(&body, RELATED_MAX_AGE_SECS, known))
}

async fn load(app: &App, request: &Request, now: Timestamp) -> Result<Loaded, Failure> {
    let lookup = read(request)?;
    let mut ask = lookup.ask()?;
    let keyring = app.keyring(now).await?;
    let caller = caller::caller(&keyring, request.headers(), lookup.key.as_deref(), now)?;
    let subjects = caller::subjects(&keyring, &caller, &lookup, request.headers(), now)?;
    let objects = request.headers().get("sec-gpc").is_some_and(|value| value == "1");
    let brings_session = !lookup.session.is_empty();
    if objects {
        ask.session.clear();
    }
    let (read, ()) = tokio::join!(profiles(app, if objects || brings_session { &[] } else { &subjects }), app.live.keep_fresh(now));
    let (profiles, fallback) = match read {
        Ok(profiles) if may_personalize(&profiles, app.config.consent == ConsentMode::OptOut) => (profiles, None),
        Ok(_) => (Vec::new(), None),
        Err(fallback) => (Vec::new(), Some(fallback)),
    };
    Ok(Loaded { lookup, ask, profiles, fallback })
}

/// The newest word on personalization decides; without any, the shop's setting.
pub(crate) fn may_personalize(profiles: &[Profile], unset_means_yes: bool) -> bool {
    let newest = profiles.iter().filter_map(|profile| profile.consent_for(Purpose::Personalization)).max_by_key(|told| told.at);
    newest.map_or(unset_means_yes, |told| told.value)
}

/// One round trip for all of them; none for nobody.
async fn profiles(app: &App, subjects: &[Subject]) -> Result<Vec<Profile>, Fallback> {
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    match tokio::time::timeout(PROFILE_PATIENCE, app.profiles.get(subjects, false)).await {
        Ok(Ok(read)) => Ok(read.into_iter().flatten().filter_map(|versioned| versioned.profile.ok()).collect()),
        Ok(Err(error)) => {
            tracing::warn!(%error, "profiles cannot be read; answering without");
            Err(Fallback::ProfileUnavailable)
        }
        Err(_) => Err(Fallback::ProfileUnavailable),
    }
}

fn read(request: &Request) -> Result<Lookup, Failure> {
    let query = request.uri().query().unwrap_or_default();
    if request.method() != Method::POST {
        return Ok(Lookup { customer: None, token: None, ..Lookup::from_query(query) });
    }
    let mut lookup: Lookup = read_json(request.body(), LARGEST_BODY)?;
    lookup.key = lookup.key.or_else(|| Lookup::from_query(query).key);
    Ok(lookup)
}

/// A JSON body, whatever its content type says: browsers send `text/plain` to avoid a preflight.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(body: &Bytes, largest: usize) -> Result<T, Failure> {
    if body.len() > largest {
        return Err(Failure::TooLarge);
    }
    serde_json::from_slice(body).map_err(|error| Failure::Body(error.to_string()))
}

fn no_model(shop: &Shop) -> Option<Fallback> {
    shop.model().is_none().then_some(Fallback::NoModel)
}

/// Eight bytes of seed and twelve of name. Without a source of randomness the answer is the same every time, which is no harm.
fn random() -> [u8; 20] {
    let mut bytes = [0; 20];
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::warn!(%error, "no randomness");
    }
    bytes
}

/// What a preflight is answered.
pub(crate) fn allow_any_origin(headers: &mut HeaderMap) {
    use http::{HeaderValue, header};
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
}
