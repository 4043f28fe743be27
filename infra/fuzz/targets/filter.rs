//! A filter over items.
#![no_main]

use rapport_core::filter::Filter;
use rapport_fuzz::bounded;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = bounded(text.len(), || Filter::parse(text));
});
