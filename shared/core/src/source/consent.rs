//! What a sender says about consent, in any of the dialects that shops speak.

use super::fields::{Object, flag, object};
use crate::event::{Consent, Purpose};

/// Each purpose's names: Segment's categories are the shop's own words, so the usual ones; then Shopify's `customerPrivacy`; then
/// Google Consent Mode. Compared without case.
const NAMES: [(Purpose, &[&str]); 3] = [
    (Purpose::Analytics, &["analytics", "statistics", "performance", "measurement", "analyticsprocessingallowed", "analytics_storage"]),
    (
        Purpose::Personalization,
        &["personalization", "personalisation", "preferences", "functional", "preferencesprocessingallowed", "personalization_storage"],
    ),
    (Purpose::Marketing, &["marketing", "advertising", "targeting", "marketingallowed", "ad_storage"]),
];

/// What was said, per purpose; purposes that nothing was said about are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said(Vec<Consent>);

impl Said {
    /// Reads an event's context and, for `Consent Updated`, its properties. `gpc` is whether the browser sent `Sec-GPC: 1`: it
    /// overrules whatever else was said about personalization and marketing.
    pub(super) fn read(context: Option<Object<'_>>, properties: Option<Object<'_>>, gpc: bool) -> Self {
        let sources = [properties.and_then(|all| object(all, "consent")), properties, context.and_then(|all| object(all, "consent"))];
        let sources: Vec<Object<'_>> =
            sources.into_iter().flatten().flat_map(dialects).chain(context.into_iter().flat_map(nested)).collect();
        let gpc = gpc || context.is_some_and(|context| flag(context, &["gpc", "globalPrivacyControl"]) == Some(true));
        let mut said = Self::default();
        for (purpose, names) in NAMES {
            if gpc && purpose != Purpose::Analytics {
                said.0.push(Consent { purpose, granted: false, basis: "gpc".into() });
            } else if let Some(granted) = sources.iter().find_map(|source| answer(*source, names)) {
                said.0.push(Consent { purpose, granted, basis: "consent".into() });
            }
        }
        said
    }

    /// What was said about `purpose`.
    pub(super) fn about(&self, purpose: Purpose) -> Option<bool> {
        self.0.iter().find(|consent| consent.purpose == purpose).map(|consent| consent.granted)
    }

    /// All that was said.
    pub(super) fn all(self) -> Vec<Consent> {
        self.0
    }
}

/// The object itself, and the places in it where dialects keep their answers.
fn dialects(said: Object<'_>) -> impl Iterator<Item = Object<'_>> {
    std::iter::once(said).chain(nested(said))
}

fn nested(said: Object<'_>) -> impl Iterator<Item = Object<'_>> {
    ["categoryPreferences", "category_preferences", "customerPrivacy", "google_consent", "purposes"]
        .into_iter()
        .filter_map(move |name| object(said, name))
}

fn answer(source: Object<'_>, names: &[&str]) -> Option<bool> {
    let named = |key: &str| names.iter().any(|name| name.eq_ignore_ascii_case(key));
    source.entries().find(|(key, _)| named(key)).and_then(|(key, _)| flag(source, &[key]))
}
