//! A filter over items.
#![no_main]

use rapport_core::filter::Filter;
use rapport_fuzz::{TREE, bounded};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = bounded(text.len(), TREE, || Filter::parse(text));
});
