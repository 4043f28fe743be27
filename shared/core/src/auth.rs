//! Who is calling, and may they? Keys, customer tokens, webhook signatures, and how personal ids are hidden.
//!
//! | Proof | Lives in | Says |
//! |---|---|---|
//! | write key | the browser, public | "some browser": [`Caller::Browser`]; whatever it says is a claim |
//! | secret key | the shop's backend | "the shop", within scopes: [`Caller::Backend`] |
//! | customer token | minted by the shop's backend | "this customer, until then": [`token`] |
//! | signature | each delivery of a webhook | "this body is the platform's": [`signature`] |
//!
//! Every comparison of secrets takes the same time wherever the texts differ, and an empty secret matches nothing: a stack whose
//! keys are not minted yet lets nobody in.

mod insiders;
mod keyring;
pub mod personal;
pub mod signature;
pub mod token;

pub use insiders::{Insiders, NoInsider, Staff};
pub use keyring::{ExtraKey, Keyring, KeyringError, RANDOM_BYTES, Scope, TokenKey};

use crate::time::Timestamp;
use base64::{Engine, prelude::BASE64_STANDARD};
use subtle::ConstantTimeEq;

/// Who a key belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A browser with the public write key.
    Browser,
    /// The shop's backend.
    Backend {
        /// What its key may do.
        scopes: Vec<Scope>,
    },
}

impl Caller {
    /// Whether the caller is the shop's backend with a key for `scope`.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        matches!(self, Self::Backend { scopes } if scopes.contains(&scope))
    }
}

/// Why nobody was recognised. The caller is told the same for all wrong keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// No key in the header, the query or the body.
    #[error("no key; send it as `Authorization: Bearer KEY`, as the user name of Basic authorization, or, a write key, as `?k=`")]
    Missing,
    /// A key that is unknown, expired or revoked.
    #[error("the key is not known here; list the shop's keys with `rapport keys`")]
    Wrong,
}

/// Where a request may carry its key. The header wins over the query, the query over the body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credentials<'a> {
    /// The `Authorization` header: `Bearer KEY`, or Basic with the key as user name.
    pub authorization: Option<&'a str>,
    /// The query's `k`.
    pub query: Option<&'a str>,
    /// `writeKey` or `key` in the body.
    pub body: Option<&'a str>,
}

/// Finds out who is calling.
///
/// # Errors
/// [`AuthError`] when there is no key or a wrong one.
pub fn authenticate(keyring: &Keyring, credentials: Credentials<'_>, now: Timestamp) -> Result<Caller, AuthError> {
    let key = match (credentials.authorization, credentials.query, credentials.body) {
        (Some(header), _, _) => key_of_header(header).ok_or(AuthError::Wrong)?,
        (None, Some(key), _) | (None, None, Some(key)) => key.to_owned(),
        (None, None, None) => return Err(AuthError::Missing),
    };
    keyring.caller(&key, now).ok_or(AuthError::Wrong)
}

/// The key in an `Authorization` header. Segment's libraries send `base64("KEY:")`; some forget the colon.
fn key_of_header(header: &str) -> Option<String> {
    let (scheme, rest) = header.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(BASE64_STANDARD.decode(rest).ok()?).ok()?;
    Some(pair.split_once(':').map_or(pair.as_str(), |(user, _)| user).to_owned())
}

/// Whether two secrets are the same, in a time that does not tell where they differ. An empty secret equals nothing.
#[must_use]
pub fn same_secret(known: &str, offered: &str) -> bool {
    !known.is_empty() && bool::from(known.as_bytes().ct_eq(offered.as_bytes()))
}

#[cfg(test)]
mod tests;
