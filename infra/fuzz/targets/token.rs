//! A customer token, and the keys' own document.
#![no_main]

use rapport_core::auth::{Keyring, RANDOM_BYTES, token};
use rapport_fuzz::{NOW, bounded};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut keyring = Keyring::default();
    keyring.complete(&[7; RANDOM_BYTES]);
    bounded(text.len(), || {
        assert!(token::verify(&keyring, text, NOW).is_err(), "nobody guesses a key");
        let _ = Keyring::parse(text);
    });
});
