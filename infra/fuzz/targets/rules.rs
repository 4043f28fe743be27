//! The document of merchandising rules, and a product as the catalog takes it.
#![no_main]

use rapport_core::{catalog::Item, rules::Rules};
use rapport_fuzz::bounded;

libfuzzer_sys::fuzz_target!(|text: &str| {
    bounded(text.len(), || {
        let _ = serde_json::from_str::<Rules>(text).map(Rules::checked);
        let _ = Item::read(text);
    });
});
