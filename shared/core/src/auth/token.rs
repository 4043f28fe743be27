//! Customer tokens: the shop's backend vouches for one signed-in customer, for an hour.
//!
//! `ct_1.<kid>.<base64url {"sub","aud","iat","exp"}>.<base64url HMAC-SHA256 of all before the last dot>`, base64url without padding,
//! times in epoch seconds, `aud` = [`AUDIENCE`]. The version fixes the algorithm: there is nothing to negotiate down. Recipes for
//! other languages and test vectors are in `docs/customer-tokens.md`.

use super::{Keyring, TokenKey};
use crate::{digest::hmac_sha256, time::Timestamp};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// What every token's `aud` says.
pub const AUDIENCE: &str = "rapport";
/// How long a token lives where nothing else is asked, in seconds.
pub const DEFAULT_LIFE_SECS: i64 = 3600;
/// How far the minting clock may run ahead, in seconds.
const CLOCK_AHEAD_SECS: i64 = 300;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The shop's own id of the customer, as the shop writes it; see [`super::personal::customer`] for how it is stored.
    pub sub: String,
    /// Whom the token is for: [`AUDIENCE`].
    pub aud: String,
    /// When it was minted, in epoch seconds.
    pub iat: i64,
    /// From when on it is worth nothing, in epoch seconds.
    pub exp: i64,
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not of the form above, or of another version.
    #[error("this is no customer token; it looks like ct_1.KEY.CLAIMS.SIGNATURE")]
    Malformed,
    /// Signed with a key that is not known, or not signed at all.
    #[error("the customer token's signature is wrong; mint it with one of the shop's token keys")]
    Forged,
    /// For somebody else's ears, or from the future.
    #[error("the customer token is not for this service; its aud must be \"rapport\" and its iat not in the future")]
    Misdirected,
    /// Too old.
    #[error("the customer token has expired; mint a new one")]
    Expired,
}

/// A token for `customer`, good from `now` for `life_secs`.
///
/// # Errors
/// [`TokenError::Malformed`] when the claims are no JSON, which plain text always is.
pub fn mint(key: &TokenKey, customer: &str, now: Timestamp, life_secs: i64) -> Result<String, TokenError> {
    let iat = now.epoch_secs();
    let claims = Claims { sub: customer.to_owned(), aud: AUDIENCE.to_owned(), iat, exp: iat.saturating_add(life_secs) };
    let claims = serde_json::to_vec(&claims).map_err(|_| TokenError::Malformed)?;
    let signed = format!("ct_1.{}.{}", key.kid, BASE64_URL_SAFE_NO_PAD.encode(claims));
    let tag = BASE64_URL_SAFE_NO_PAD.encode(hmac_sha256(key.secret.as_bytes(), signed.as_bytes()));
    Ok(format!("{signed}.{tag}"))
}

/// What `token` says, if one of the keyring's token keys signed it and it is good at `now`.
///
/// # Errors
/// [`TokenError`]; the signature is checked before anything inside is read.
pub fn verify(keyring: &Keyring, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
    let (signed, tag) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let mut parts = signed.split('.');
    let (Some("ct_1"), Some(kid), Some(claims), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(TokenError::Malformed);
    };
    let tag = BASE64_URL_SAFE_NO_PAD.decode(tag).map_err(|_| TokenError::Malformed)?;
    let key = keyring.token_keys.iter().find(|key| key.kid == kid && !key.secret.is_empty()).ok_or(TokenError::Forged)?;
    if !bool::from(hmac_sha256(key.secret.as_bytes(), signed.as_bytes()).as_slice().ct_eq(&tag)) {
        return Err(TokenError::Forged);
    }
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).map_err(|_| TokenError::Malformed)?;
    let claims: Claims = serde_json::from_slice(&claims).map_err(|_| TokenError::Malformed)?;
    let now = now.epoch_secs();
    match () {
        () if claims.aud != AUDIENCE || claims.iat > now.saturating_add(CLOCK_AHEAD_SECS) => Err(TokenError::Misdirected),
        () if claims.exp <= now => Err(TokenError::Expired),
        () => Ok(claims),
    }
}
