//! What arrives at the route `klaviyo`.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| rapport_fuzz::deliver("klaviyo", body));
