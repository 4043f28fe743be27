//! A segment's rule.
#![no_main]

use rapport_core::segment::Rule;
use rapport_fuzz::bounded;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = bounded(text.len(), || Rule::parse(text));
});
