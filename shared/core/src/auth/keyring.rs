//! All keys of one shop, as one JSON document in the secret store.

use super::{Caller, Insiders, same_secret};
use crate::{digest::hex, time::Timestamp};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many random bytes [`Keyring::complete`] wants.
pub const RANDOM_BYTES: usize = 32 * 10;

/// The document under `S/keys`. Any field may be empty while the keys are not minted; an empty secret matches nothing.
///
/// ```json
/// { "version": 1, "write_key": "wk_…", "secret_key": "sk_…", "shopify_secret": "…", "woocommerce_secret": "…",
///   "webhook_secret": "whsec_…", "stripe_secret": "whsec_…", "klaviyo_secret": "…", "mailchimp_secret": "…",
///   "hash_key": "…", "origin_secret": "…",
///   "token_keys": [ { "kid": "t1", "secret": "…" } ],
///   "more": [ { "key": "sk_…", "scopes": ["ingest"], "expires": 1795000000000 } ],
///   "insiders": { "networks": ["203.0.113.0/24"], "customers": ["7"], "domains": ["shop.example"] } }
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Keyring {
    /// The schema, 1.
    #[serde(default)]
    pub version: u32,
    /// The public key that browsers use, `wk_…`.
    #[serde(default)]
    pub write_key: String,
    /// The backend's key for everything, `sk_…`.
    #[serde(default)]
    pub secret_key: String,
    /// What Shopify signs with.
    #[serde(default)]
    pub shopify_secret: String,
    /// What WooCommerce signs with.
    #[serde(default)]
    pub woocommerce_secret: String,
    /// What senders of Standard Webhooks sign with: `whsec_` and base64.
    #[serde(default)]
    pub webhook_secret: String,
    /// What Stripe signs with: the endpoint's own `whsec_…`, used as the text that it is.
    #[serde(default)]
    pub stripe_secret: String,
    /// What Klaviyo signs with.
    #[serde(default)]
    pub klaviyo_secret: String,
    /// What Mailchimp, which signs nothing, carries in the URL that it calls.
    #[serde(default)]
    pub mailchimp_secret: String,
    /// What personal ids are hashed with. Never rotated: hashes made with another one are other people.
    #[serde(default)]
    pub hash_key: String,
    /// What CloudFront shows to prove that a request came through it; empty in local mode.
    #[serde(default)]
    pub origin_secret: String,
    /// What customer tokens are signed with: the first mints, all verify.
    #[serde(default)]
    pub token_keys: Vec<TokenKey>,
    /// Further keys: narrower ones, and those that a rotation keeps alive for a while.
    #[serde(default)]
    pub more: Vec<ExtraKey>,
    /// The shop's own people and networks. No key, but as personal, and wanted at the same doors.
    #[serde(default, skip_serializing_if = "Insiders::is_empty")]
    pub insiders: Insiders,
    /// What a newer release put there, kept when the document is written again.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

/// Says what is there, never what it is: keyrings end up in logs through `{:?}`.
impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring")
            .field("version", &self.version)
            .field("token_keys", &self.token_keys.len())
            .field("more", &self.more.len())
            .finish_non_exhaustive()
    }
}

/// A key that signs customer tokens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenKey {
    /// Its name, which stands in the tokens.
    pub kid: String,
    /// The key: its UTF-8 bytes are the HMAC key.
    pub secret: String,
}

/// A key beside the main ones.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtraKey {
    /// The key or webhook secret.
    pub key: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// From when on it is worth nothing, in epoch milliseconds; absent for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// What a key is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Public: events as claims, recommendations for one's own device.
    Write,
    /// Send events that are believed.
    Ingest,
    /// Read customers, segments, models.
    Read,
    /// Write catalog and rules.
    Catalog,
    /// Export, erase, set consent.
    Privacy,
    /// Everything else.
    Admin,
    /// Verify Shopify's signatures.
    Shopify,
    /// Verify WooCommerce's signatures.
    Woocommerce,
    /// Verify Standard Webhooks' signatures.
    Webhook,
    /// Verify Stripe's signatures.
    Stripe,
    /// Verify Klaviyo's signatures.
    Klaviyo,
    /// Verify the URL that Mailchimp calls.
    Mailchimp,
}

impl Scope {
    /// What the main secret key may do.
    pub const BACKEND: [Self; 5] = [Self::Ingest, Self::Read, Self::Catalog, Self::Privacy, Self::Admin];
}

/// The document is no keyring.
#[derive(Debug, thiserror::Error)]
#[error("the keys document cannot be read; mint a new one with `rapport keys`")]
pub struct KeyringError(#[from] serde_json::Error);

impl Keyring {
    /// Reads the document.
    ///
    /// # Errors
    /// [`KeyringError`] when it is not such JSON. The message shows no part of it.
    pub fn parse(document: &str) -> Result<Self, KeyringError> {
        Ok(serde_json::from_str(document)?)
    }

    /// The document to store; unknown fields included.
    ///
    /// # Errors
    /// [`KeyringError`] never in practice: every field is plain JSON.
    pub fn document(&self) -> Result<String, KeyringError> {
        Ok(serde_json::to_string_pretty(self)?)
    }

    /// Who `key` belongs to at `now`.
    #[must_use]
    pub fn caller(&self, key: &str, now: Timestamp) -> Option<Caller> {
        // All keys are always compared, so that time does not tell which one was nearly right.
        let mut scopes: Vec<Scope> = Vec::new();
        if same_secret(&self.write_key, key) {
            scopes.push(Scope::Write);
        }
        if same_secret(&self.secret_key, key) {
            scopes.extend(Scope::BACKEND);
        }
        for extra in self.live(now) {
            if same_secret(&extra.key, key) {
                scopes.extend(&extra.scopes);
            }
        }
        scopes.retain(|scope| *scope == Scope::Write || Scope::BACKEND.contains(scope));
        scopes.sort_unstable();
        scopes.dedup();
        match scopes.as_slice() {
            [] => None,
            [Scope::Write] => Some(Caller::Browser),
            _ => Some(Caller::Backend { scopes }),
        }
    }

    /// The secrets that may have signed a delivery of `scope`, one of those that verify ([`Scope::Shopify`], [`Scope::Stripe`] …).
    pub fn signing_secrets(&self, scope: Scope, now: Timestamp) -> impl Iterator<Item = &str> {
        let main = match scope {
            Scope::Shopify => self.shopify_secret.as_str(),
            Scope::Woocommerce => self.woocommerce_secret.as_str(),
            Scope::Webhook => self.webhook_secret.as_str(),
            Scope::Stripe => self.stripe_secret.as_str(),
            Scope::Klaviyo => self.klaviyo_secret.as_str(),
            Scope::Mailchimp => self.mailchimp_secret.as_str(),
            Scope::Write | Scope::Ingest | Scope::Read | Scope::Catalog | Scope::Privacy | Scope::Admin => "",
        };
        let extra = self.live(now).filter(move |extra| extra.scopes.contains(&scope)).map(|extra| extra.key.as_str());
        std::iter::once(main).chain(extra).filter(|secret| !secret.is_empty())
    }

    fn live(&self, now: Timestamp) -> impl Iterator<Item = &ExtraKey> {
        self.more.iter().filter(move |extra| extra.expires.is_none_or(|expires| now < expires))
    }

    /// Mints every key that is missing out of `random`; `true` when one was. `origin_secret` is the platform's to mint, so a laptop
    /// needs none.
    pub fn complete(&mut self, random: &[u8; RANDOM_BYTES]) -> bool {
        let before = self.clone();
        let mut chunks = random.chunks_exact(32);
        let mut fresh = || chunks.next().unwrap_or_default();
        let mut mint = |field: &mut String, prefix: &str, spell: fn(&[u8]) -> String| {
            // Every field has its own bytes, whether it needs them or not: what is minted does not depend on what was there.
            let bytes = fresh();
            if field.is_empty() {
                *field = format!("{prefix}{}", spell(bytes));
            }
        };
        mint(&mut self.write_key, "wk_", short);
        mint(&mut self.secret_key, "sk_", hex);
        mint(&mut self.shopify_secret, "shpss_", short);
        mint(&mut self.woocommerce_secret, "wcs_", short);
        mint(&mut self.webhook_secret, "whsec_", base64);
        mint(&mut self.hash_key, "", hex);
        let mut token_secret = String::new();
        mint(&mut token_secret, "", hex);
        if self.token_keys.is_empty() {
            self.token_keys.push(TokenKey { kid: "t1".to_owned(), secret: token_secret });
        }
        mint(&mut self.stripe_secret, "whsec_", hex);
        mint(&mut self.klaviyo_secret, "", hex);
        mint(&mut self.mailchimp_secret, "mcs_", hex);
        self.version = self.version.max(1);
        *self != before
    }
}

/// 128 bits are enough for what is public or pasted into a form.
fn short(bytes: &[u8]) -> String {
    hex(bytes.get(..16).unwrap_or(bytes))
}

fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}
