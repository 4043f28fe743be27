//! Signatures on webhooks. Each sender has its own form of one idea: HMAC-SHA256 of the raw body under a shared secret.

use super::{Keyring, Scope};
use crate::{
    digest::hmac_sha256,
    time::{MINUTE_MS, Timestamp},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use subtle::ConstantTimeEq;

/// How far a Standard Webhook's timestamp may be from now, either way.
pub const TOLERANCE_MS: i64 = 5 * MINUTE_MS;

/// Why a delivery is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header is absent or is not what the sender's specification says.
    #[error("the signature headers are missing or malformed")]
    Malformed,
    /// Signed more than five minutes ago, or ahead: perhaps somebody's recording.
    #[error("the webhook-timestamp is more than five minutes from now")]
    Stale,
    /// Not signed with this shop's secret.
    #[error("the signature does not match the body")]
    Forged,
}

/// Shopify's `X-Shopify-Hmac-Sha256`: base64 of the HMAC of the raw body.
///
/// # Errors
/// [`SignatureError`] when no live secret made it.
pub fn shopify(keyring: &Keyring, header: Option<&str>, body: &[u8], now: Timestamp) -> Result<(), SignatureError> {
    base64_of_body(keyring.signing_secrets(Scope::Shopify, now), header, body)
}

/// WooCommerce's `X-WC-Webhook-Signature`: the same form.
///
/// # Errors
/// [`SignatureError`] when no live secret made it.
pub fn woocommerce(keyring: &Keyring, header: Option<&str>, body: &[u8], now: Timestamp) -> Result<(), SignatureError> {
    base64_of_body(keyring.signing_secrets(Scope::Woocommerce, now), header, body)
}

fn base64_of_body<'a>(secrets: impl Iterator<Item = &'a str>, header: Option<&str>, body: &[u8]) -> Result<(), SignatureError> {
    let tag = header.and_then(|header| BASE64_STANDARD.decode(header.trim()).ok()).ok_or(SignatureError::Malformed)?;
    if any_signed(secrets.map(str::as_bytes), body, &tag) { Ok(()) } else { Err(SignatureError::Forged) }
}

/// The three headers of a Standard Webhook.
#[derive(Clone, Copy, Debug, Default)]
pub struct StandardHeaders<'a> {
    /// `webhook-id`.
    pub id: Option<&'a str>,
    /// `webhook-timestamp`, epoch seconds.
    pub timestamp: Option<&'a str>,
    /// `webhook-signature`: `v1,<base64>`, several of them parted by spaces while a secret is rotated.
    pub signature: Option<&'a str>,
}

/// A [Standard Webhook](https://www.standardwebhooks.com): HMAC over `id.timestamp.body`, fresh within [`TOLERANCE_MS`].
///
/// # Errors
/// [`SignatureError`] when it is stale or no live secret signed it.
pub fn standard(keyring: &Keyring, headers: StandardHeaders<'_>, body: &[u8], now: Timestamp) -> Result<(), SignatureError> {
    let (Some(id), Some(timestamp), Some(signatures)) = (headers.id, headers.timestamp, headers.signature) else {
        return Err(SignatureError::Malformed);
    };
    let secs: i64 = timestamp.trim().parse().map_err(|_| SignatureError::Malformed)?;
    if now.since_ms(Timestamp(secs.saturating_mul(1000))).saturating_abs() > TOLERANCE_MS {
        return Err(SignatureError::Stale);
    }
    let signed = [id.as_bytes(), b".", timestamp.trim().as_bytes(), b".", body].concat();
    let keys: Vec<Vec<u8>> = keyring.signing_secrets(Scope::Webhook, now).map(standard_key).collect();
    let mut tags = signatures
        .split_ascii_whitespace()
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .filter_map(|tag| BASE64_STANDARD.decode(tag).ok());
    let good = tags.any(|tag| any_signed(keys.iter().map(Vec::as_slice), &signed, &tag));
    if good { Ok(()) } else { Err(SignatureError::Forged) }
}

/// What Shopify and WooCommerce put into their headers: base64 of the HMAC of `body`. For whoever plays their part.
#[must_use]
pub fn sign_body(secret: &str, body: &[u8]) -> String {
    BASE64_STANDARD.encode(hmac_sha256(secret.as_bytes(), body))
}

/// The `webhook-signature` of a Standard Webhook sent at `timestamp_secs` after the epoch.
#[must_use]
pub fn sign_standard(secret: &str, id: &str, timestamp_secs: i64, body: &[u8]) -> String {
    let signed = [id.as_bytes(), b".", timestamp_secs.to_string().as_bytes(), b".", body].concat();
    format!("v1,{}", BASE64_STANDARD.encode(hmac_sha256(&standard_key(secret), &signed)))
}

/// The bytes of a Standard Webhooks secret: base64 after `whsec_`, or else the text as it stands.
fn standard_key(secret: &str) -> Vec<u8> {
    let encoded = secret.strip_prefix("whsec_");
    encoded.and_then(|encoded| BASE64_STANDARD.decode(encoded).ok()).unwrap_or_else(|| secret.as_bytes().to_vec())
}

fn any_signed<'a>(keys: impl Iterator<Item = &'a [u8]>, message: &[u8], tag: &[u8]) -> bool {
    keys.fold(false, |good, key| good | bool::from(hmac_sha256(key, message).as_slice().ct_eq(tag)))
}
