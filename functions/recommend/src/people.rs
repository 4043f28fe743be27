//! Customers: the living profile, export, consent, erasure.

use crate::{
    App,
    answer::{self, Failure},
    caller, customer,
    lookup::read_json,
    personas, predictions, rulings, segments,
    wire::{Erasure, Receipt, SetConsent},
};
use http::StatusCode;
use rapport_core::{
    auth::Scope,
    digest::hex,
    event::{Action, Authority, Consent, Event, Traffic, Who},
    features::{Basis, Facts},
    id::{CustomerId, EventId},
    profile::{Profile, Subject},
    time::Timestamp,
};
use rapport_io::contacts::{Progress, Receipt as Stored};
use rapport_lambda::{Request, Response};
use serde_json::{Map, json};
use std::collections::BTreeMap;

const NO_CUSTOMER: Failure = Failure::NotFound("there is no customer with this id");
const LARGEST_BODY: usize = 16 * 1024;

/// `GET /v1/customers/{id}`.
pub(crate) async fn view(app: &App, request: &Request, id: &str, now: Timestamp) -> Result<Response, Failure> {
    let customer = caller::own_customer(app, request.headers(), id, (Scope::Read, "read"), now).await?;
    let subject = [Subject::Customer(customer.clone())];
    let is_the_shop = caller::require(&*app.keyring(now).await?, request.headers(), (Scope::Read, "read"), now).is_ok();
    let (read, aliases, conflicts) = tokio::try_join!(
        app.profiles.get(&subject, true),
        app.identities.below(&customer),
        rulings::conflicts(app, &customer, is_the_shop)
    )?;
    let versioned = read.into_iter().flatten().next().ok_or(NO_CUSTOMER)?;
    let (is_owned, standing) = (versioned.is_owned(), versioned.standing());
    let profile = readable(versioned.profile)?;
    if profile.is_empty() {
        return Err(NO_CUSTOMER);
    }
    let ((), definitions) = tokio::join!(app.live.keep_fresh(now), segments::definitions(app));
    let (segments, cut_offs) = definitions?;
    let shop = app.live.shop();
    // All that is said of them rests on the same facts, which are added up once.
    let facts = Facts::of(&profile, Basis { currency: app.config.currency, cut_offs: &cut_offs, catalog: shop.model() });
    let may = profile.may_personalize(app.config.consent);
    let (persona, predictions) = (personas::of(&facts, may), predictions::predictions(&facts, may, now));
    let mut view = customer::view(id, &profile, (aliases.len(), versioned.version), app.config.currency, (persona, predictions));
    (view["segments"], view["memberships"]) = segments::of_customer(&facts, may && !is_owned, (&segments, &standing), now);
    view["conflicts"] = conflicts.into();
    Ok(answer::private(StatusCode::OK, &view))
}

/// `GET /v1/customers/{id}/export`: the customer, every id that is theirs, and the plain data in contacts.
pub(crate) async fn export(app: &App, request: &Request, id: &str, now: Timestamp) -> Result<Response, Failure> {
    let customer = caller::own_customer(app, request.headers(), id, (Scope::Privacy, "privacy"), now).await?;
    let subjects = everyone(app, &customer).await?;
    let (mut profiles, mut standings) = (Vec::new(), Map::new());
    for (subject, read) in subjects.iter().zip(app.profiles.get(&subjects, true).await?) {
        if let Some(versioned) = read {
            let standing = versioned.standing();
            if !standing.is_empty() {
                standings.insert(subject.to_string(), segments::exported(subject, &standing));
            }
            profiles.push(customer::everything(subject, &readable(versioned.profile)?, app.config.currency));
        }
    }
    let mut contacts = Map::new();
    for subject in &subjects {
        let fields = app.contacts.get(subject).await?;
        contacts.extend((!fields.is_empty()).then(|| (subject.to_string(), json!(fields))));
    }
    if profiles.is_empty() && contacts.is_empty() {
        return Err(NO_CUSTOMER);
    }
    let ids: Vec<String> = subjects.iter().map(ToString::to_string).collect();
    let note = "profiles hold the newest events one by one and older ones as sums; the events themselves are in the shop's log and archive under the same ids";
    Ok(answer::private(
        StatusCode::OK,
        &json!({ "id": id, "exported_at": now.to_string(), "ids": ids, "profiles": profiles, "contacts": contacts, "segments": standings, "note": note }),
    ))
}

/// `GET /v1/customers/{id}/consent`.
pub(crate) async fn consent(app: &App, request: &Request, id: &str, now: Timestamp) -> Result<Response, Failure> {
    let customer = caller::own_customer(app, request.headers(), id, (Scope::Privacy, "privacy"), now).await?;
    let read = app.profiles.get(&[Subject::Customer(customer.clone())], true).await?;
    let profile = match read.into_iter().flatten().next() {
        Some(versioned) => readable(versioned.profile)?,
        // Nobody we know has said nothing; that is an answer, and it tells nothing about who exists.
        None => Profile::new(Subject::Customer(customer)),
    };
    Ok(answer::private(StatusCode::OK, &json!({ "id": id, "purposes": customer::consent(&profile) })))
}

/// `PUT /v1/customers/{id}/consent`: one log event a purpose; profiles follow within seconds.
pub(crate) async fn set_consent(app: &App, request: &Request, id: &str, now: Timestamp) -> Result<Response, Failure> {
    let customer = caller::own_customer(app, request.headers(), id, (Scope::Privacy, "privacy"), now).await?;
    let told: SetConsent = read_json(request.body(), LARGEST_BODY)?;
    let basis = told.basis.as_deref().unwrap_or("consent");
    if !["consent", "contract", "legitimate_interest"].contains(&basis) {
        return Err(crate::wire::Flaw { field: "basis", message: "must be consent, contract or legitimate_interest".to_owned() }.into());
    }
    let name = random_name()?;
    let events = told.purposes.iter().map(|(purpose, granted)| {
        let action = Action::Consented(Consent { purpose: *purpose, granted: *granted, basis: basis.into() });
        event(&format!("consent-{name}-{purpose:?}"), Who { customer: Some(customer.clone()), ..Who::default() }, action, now)
    });
    let events = events.collect::<Result<Vec<_>, _>>()?;
    if events.is_empty() {
        return Err(crate::wire::Flaw { field: "purposes", message: "names no purpose".to_owned() }.into());
    }
    app.log.append(&events, now).await?;
    let told: BTreeMap<String, &str> = told
        .purposes
        .iter()
        .map(|(purpose, granted)| (format!("{purpose:?}").to_lowercase(), if *granted { "granted" } else { "denied" }))
        .collect();
    Ok(answer::private(StatusCode::ACCEPTED, &json!({ "id": id, "purposes": told, "basis": basis, "at": now.to_string() })))
}

/// `DELETE /v1/customers/{id}`. The log comes first: from then on every fold drops what was before. A call that failed half way is
/// simply made again.
pub(crate) async fn erase(app: &App, request: &Request, id: &str, now: Timestamp) -> Result<Response, Failure> {
    let customer = caller::own_customer(app, request.headers(), id, (Scope::Privacy, "privacy"), now).await?;
    let receipt = format!("er_{}", random_name()?);
    let subjects = everyone(app, &customer).await?;
    let erased =
        subjects.iter().enumerate().map(|(place, subject)| event(&format!("erase-{receipt}-{place}"), subject.who(), Action::Erased, now));
    app.log.append(&erased.collect::<Result<Vec<_>, _>>()?, now).await?;
    for subject in &subjects {
        app.contacts.erase(subject, now).await?;
    }
    app.contacts.put_receipt(&Stored::new(receipt.clone(), now)).await?;
    Ok(answer::private(StatusCode::ACCEPTED, &Receipt { receipt, erased_at: now.to_string() }))
}

/// `GET /v1/erasures/{receipt}`. A receipt names nobody, so it only needs the scope.
pub(crate) async fn erasure(app: &App, request: &Request, receipt: &str, now: Timestamp) -> Result<Response, Failure> {
    caller::require(&*app.keyring(now).await?, request.headers(), (Scope::Privacy, "privacy"), now)?;
    let stored = app.contacts.receipt(receipt).await?.ok_or(Failure::NotFound("there is no such receipt"))?;
    let today = now.day();
    let told = |progress: Progress| match progress {
        Progress::Done => "done".to_owned(),
        Progress::Expires(date) if date < today => "done".to_owned(),
        Progress::Expires(date) => format!("expires {date}"),
        Progress::Pending => "pending".to_owned(),
    };
    let stores = stored.stores.into_iter().map(|(store, progress)| (store, told(progress))).collect();
    Ok(answer::private(StatusCode::OK, &Erasure { receipt: stored.id, erased_at: stored.requested.to_string(), stores }))
}

async fn everyone(app: &App, customer: &CustomerId) -> Result<Vec<Subject>, Failure> {
    let mut subjects = vec![Subject::Customer(customer.clone())];
    subjects.extend(app.identities.below(customer).await?);
    subjects.dedup();
    Ok(subjects)
}

fn event(id: &str, who: Who, action: Action, now: Timestamp) -> Result<Event, Failure> {
    let id = EventId::new(id).map_err(|error| Failure::Internal(error.into()))?;
    Ok(Event { id, at: now, authority: Authority::Backend, source: "api".into(), who, traffic: Traffic::Human, action })
}

fn readable<E: std::error::Error + Send + Sync + 'static>(profile: Result<Profile, E>) -> Result<Profile, Failure> {
    profile.map_err(|error| Failure::Internal(error.into()))
}

pub(crate) fn random_name() -> Result<String, Failure> {
    let mut bytes = [0; 12];
    getrandom::fill(&mut bytes).map_err(|error| Failure::Internal(error.to_string().into()))?;
    Ok(hex(&bytes))
}
