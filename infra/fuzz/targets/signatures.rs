//! The headers by which senders prove themselves.
#![no_main]

use rapport_core::auth::{
    Keyring, RANDOM_BYTES,
    signature::{StandardHeaders, klaviyo, mailchimp, shopify, standard, stripe, woocommerce},
};
use rapport_fuzz::{NOW, bounded};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut keyring = Keyring::default();
    keyring.complete(&[7; RANDOM_BYTES]);
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let (second, third) = rest.split_once('\n').unwrap_or((rest, ""));
    bounded(text.len(), || {
        let headers = StandardHeaders { id: Some(first), timestamp: Some(second), signature: Some(third) };
        // Nobody guesses a secret.
        assert!(shopify(&keyring, Some(text), b"body", NOW).is_err());
        assert!(woocommerce(&keyring, Some(text), b"body", NOW).is_err());
        assert!(stripe(&keyring, Some(text), b"body", NOW).is_err());
        assert!(klaviyo(&keyring, Some(first), Some(second), b"body", NOW).is_err());
        assert!(mailchimp(&keyring, Some(text), NOW).is_err());
        assert!(standard(&keyring, headers, b"body", NOW).is_err());
    });
});
