//! A segment's rule.
#![no_main]

use rapport_core::segment::Rule;
use rapport_fuzz::{TREE, bounded};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = bounded(text.len(), TREE, || Rule::parse(text));
});
