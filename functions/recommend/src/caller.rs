//! Who asks, and for whom they may ask.

use crate::{App, answer::Failure, wire::Lookup};
use http::{HeaderMap, header};
use rapport_core::{
    auth::{Caller, Credentials, Keyring, Scope, authenticate, personal, token},
    id::{CustomerId, DeviceId},
    profile::Subject,
    time::Timestamp,
};

/// The header in which a browser may carry a customer token; never a URL.
pub(crate) const TOKEN_HEADER: &str = "x-rapport-token";

/// The caller of a request with `key` in its query or body.
///
/// # Errors
/// [`Failure::Unauthorized`] without a key, or with a wrong one.
pub(crate) fn caller(keyring: &Keyring, headers: &HeaderMap, key: Option<&str>, now: Timestamp) -> Result<Caller, Failure> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    authenticate(keyring, Credentials { authorization, query: key, body: None }, now)
        .map_err(|error| Failure::Unauthorized(error.to_string()))
}

/// The profiles that an answer may rest on. A `customer` is believed from the shop's backend, or when a token says so; with only
/// the write key it is ignored, and nothing that follows depends on whether it exists.
///
/// # Errors
/// [`Failure::Unauthorized`] for a token that is not valid.
pub(crate) fn subjects(
    keyring: &Keyring,
    caller: &Caller,
    lookup: &Lookup,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Vec<Subject>, Failure> {
    let claimed = lookup.customer.as_deref().filter(|_| caller.may(Scope::Read)).map(str::to_owned);
    let vouched = token_of(lookup, headers).map(|token| token::verify(keyring, token, now)).transpose();
    let vouched = vouched.map_err(|error| Failure::Unauthorized(error.to_string()))?.map(|claims| claims.sub);
    let customer = vouched.or(claimed).and_then(|id| personal::customer(&keyring.hash_key, &id).ok());
    let device = lookup.anonymous_id.as_deref().and_then(|id| personal::device(&keyring.hash_key, id).ok());
    Ok(both(customer, device))
}

fn both(customer: Option<CustomerId>, device: Option<DeviceId>) -> Vec<Subject> {
    customer.map(Subject::Customer).into_iter().chain(device.map(Subject::Device)).collect()
}

fn token_of<'a>(lookup: &'a Lookup, headers: &'a HeaderMap) -> Option<&'a str> {
    lookup.token.as_deref().or_else(|| headers.get(TOKEN_HEADER).and_then(|value| value.to_str().ok()))
}

/// The customer called `id`, if the caller may see (or change) them: by a key with the scope, or by their own token.
///
/// # Errors
/// [`Failure::Unauthorized`] or [`Failure::Forbidden`], the same for a customer that exists and one that does not.
pub(crate) async fn own_customer(
    app: &App,
    headers: &HeaderMap,
    id: &str,
    scope: (Scope, &'static str),
    now: Timestamp,
) -> Result<CustomerId, Failure> {
    let keyring = app.keyring(now).await?;
    let unknown = |_| Failure::NotFound("there is no customer with this id");
    let customer = personal::customer(&keyring.hash_key, id);
    let bearer =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer ct_"));
    let token = bearer.map(|rest| format!("ct_{rest}")).or_else(|| token_of(&Lookup::default(), headers).map(str::to_owned));
    if let Some(token) = token {
        let claims = token::verify(&keyring, &token, now).map_err(|error| Failure::Unauthorized(error.to_string()))?;
        let own = personal::customer(&keyring.hash_key, &claims.sub);
        return match (own, customer) {
            (Ok(own), Ok(customer)) if own == customer => Ok(customer),
            _ => Err(Failure::Forbidden(scope.1)),
        };
    }
    require(&keyring, headers, scope, now)?;
    customer.map_err(unknown)
}

/// An error unless the request's key has `scope`.
///
/// # Errors
/// [`Failure::Unauthorized`] or [`Failure::Forbidden`].
pub(crate) fn require(keyring: &Keyring, headers: &HeaderMap, (scope, name): (Scope, &'static str), now: Timestamp) -> Result<(), Failure> {
    if caller(keyring, headers, None, now)?.may(scope) { Ok(()) } else { Err(Failure::Forbidden(name)) }
}
