//! What arrives at the route `shopify`.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| rapport_fuzz::deliver("shopify", body));
