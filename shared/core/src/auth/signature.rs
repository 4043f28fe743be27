//! Signatures on webhooks. Each sender has its own form of one idea: HMAC-SHA256 of the raw body under a shared secret.
//!
//! | Sender | Signs | Writes it as | Fresh |
//! |---|---|---|---|
//! | Shopify, WooCommerce | body | base64 | – |
//! | Standard Webhooks | `id.time.body` | `v1,BASE64`, several | 5 min |
//! | Stripe | `time.body` | `t=TIME,v1=HEX`, several | 5 min |
//! | Klaviyo | body, then time | hex | 5 min |
//! | Mailchimp | nothing | a secret in the URL | – |
//!
//! Where nothing is fresh a recorded delivery may be played again; that is harmless, for the ids of what is read derive from the body.

use super::{Keyring, Scope, same_secret};
use crate::{
    digest::{hex, hmac_sha256},
    time::{MINUTE_MS, Timestamp},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use subtle::ConstantTimeEq;

/// How far a signed timestamp may be from now, either way.
pub const TOLERANCE_MS: i64 = 5 * MINUTE_MS;

/// Why a delivery is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header is absent or is not what the sender's specification says.
    #[error("the signature headers are missing or malformed")]
    Malformed,
    /// Signed more than five minutes ago, or ahead: perhaps somebody's recording.
    #[error("the signed timestamp is more than five minutes from now")]
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
    if !is_fresh(Timestamp(secs.saturating_mul(1000)), now) {
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

/// [Stripe's](https://docs.stripe.com/webhooks#verify-manually) `Stripe-Signature`: `t=` and any number of `v1=`, hex, over `t.body`;
/// fresh within [`TOLERANCE_MS`]. Other schemes (`v0=`) are test signatures and prove nothing.
///
/// # Errors
/// [`SignatureError`] when it is stale or no live secret signed it.
pub fn stripe(keyring: &Keyring, header: Option<&str>, body: &[u8], now: Timestamp) -> Result<(), SignatureError> {
    let parts = || header.into_iter().flat_map(|header| header.split(',')).filter_map(|part| part.trim().split_once('='));
    let timestamp = parts().find_map(|(name, value)| (name == "t").then_some(value)).ok_or(SignatureError::Malformed)?;
    let secs: i64 = timestamp.parse().map_err(|_| SignatureError::Malformed)?;
    if !is_fresh(Timestamp(secs.saturating_mul(1000)), now) {
        return Err(SignatureError::Stale);
    }
    let signed = [timestamp.as_bytes(), b".", body].concat();
    let secrets: Vec<&[u8]> = keyring.signing_secrets(Scope::Stripe, now).map(str::as_bytes).collect();
    let mut tags = parts().filter(|(name, _)| *name == "v1").filter_map(|(_, tag)| from_hex(tag));
    if tags.any(|tag| any_signed(secrets.iter().copied(), &signed, &tag)) { Ok(()) } else { Err(SignatureError::Forged) }
}

/// [Klaviyo's](https://developers.klaviyo.com/en/docs/working_with_system_webhooks) `Klaviyo-Signature`: hex over the body followed by
/// the text of `Klaviyo-Timestamp`. Both that header and the body's own `meta.timestamp` are signed, and the header has been seen in
/// another time zone than it claims; so either of them being within [`TOLERANCE_MS`] is fresh.
///
/// # Errors
/// [`SignatureError`] when it is stale or no live secret signed it.
pub fn klaviyo(
    keyring: &Keyring,
    signature: Option<&str>,
    timestamp: Option<&str>,
    body: &[u8],
    now: Timestamp,
) -> Result<(), SignatureError> {
    let (Some(tag), Some(timestamp)) = (signature.and_then(|tag| from_hex(tag.trim())), timestamp) else {
        return Err(SignatureError::Malformed);
    };
    let signed = [body, timestamp.as_bytes()].concat();
    if !any_signed(keyring.signing_secrets(Scope::Klaviyo, now).map(str::as_bytes), &signed, &tag) {
        return Err(SignatureError::Forged);
    }
    let sent = [written_time(timestamp), sent_inside(body)];
    if sent.into_iter().flatten().any(|sent| is_fresh(sent, now)) { Ok(()) } else { Err(SignatureError::Stale) }
}

/// Mailchimp signs nothing: the URL that it calls ends in `?secret=…`, which is all that proves it.
///
/// # Errors
/// [`SignatureError`] when no live secret is `offered`.
pub fn mailchimp(keyring: &Keyring, offered: Option<&str>, now: Timestamp) -> Result<(), SignatureError> {
    let offered = offered.ok_or(SignatureError::Malformed)?;
    let known = keyring.signing_secrets(Scope::Mailchimp, now).fold(false, |good, secret| good | same_secret(secret, offered));
    if known { Ok(()) } else { Err(SignatureError::Forged) }
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

/// The `Stripe-Signature` of an event sent at `timestamp_secs` after the epoch.
#[must_use]
pub fn sign_stripe(secret: &str, timestamp_secs: i64, body: &[u8]) -> String {
    let signed = [timestamp_secs.to_string().as_bytes(), b".", body].concat();
    format!("t={timestamp_secs},v1={}", hex(&hmac_sha256(secret.as_bytes(), &signed)))
}

/// The `Klaviyo-Signature` that goes with `timestamp`.
#[must_use]
pub fn sign_klaviyo(secret: &str, timestamp: &str, body: &[u8]) -> String {
    hex(&hmac_sha256(secret.as_bytes(), &[body, timestamp.as_bytes()].concat()))
}

/// The bytes of a Standard Webhooks secret: base64 after `whsec_`, or else the text as it stands.
fn standard_key(secret: &str) -> Vec<u8> {
    let encoded = secret.strip_prefix("whsec_");
    encoded.and_then(|encoded| BASE64_STANDARD.decode(encoded).ok()).unwrap_or_else(|| secret.as_bytes().to_vec())
}

fn any_signed<'a>(keys: impl Iterator<Item = &'a [u8]>, message: &[u8], tag: &[u8]) -> bool {
    keys.fold(false, |good, key| good | bool::from(hmac_sha256(key, message).as_slice().ct_eq(tag)))
}

fn is_fresh(sent: Timestamp, now: Timestamp) -> bool {
    now.since_ms(sent).saturating_abs() <= TOLERANCE_MS
}

/// A time as HTTP's `Date`, RFC 3339 or epoch seconds have it.
fn written_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let of_http = || jiff::fmt::rfc2822::parse(text).ok().map(|at| Timestamp(at.timestamp().as_millisecond()));
    let of_epoch = || text.parse::<i64>().ok().map(|secs| Timestamp(secs.saturating_mul(1000)));
    Timestamp::parse(text).ok().or_else(of_epoch).or_else(of_http)
}

/// The `meta.timestamp` of a Klaviyo body.
fn sent_inside(body: &[u8]) -> Option<Timestamp> {
    #[derive(serde::Deserialize)]
    struct Body {
        meta: Meta,
    }
    #[derive(serde::Deserialize)]
    struct Meta {
        timestamp: String,
    }
    serde_json::from_slice::<Body>(body).ok().and_then(|body| written_time(&body.meta.timestamp))
}

/// 32 bytes written as 64 lower- or upper-case hex digits.
fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = [pair.first()?, pair.last()?].map(|digit| char::from(*digit).to_digit(16));
        *byte = u8::try_from(high? * 16 + low?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
