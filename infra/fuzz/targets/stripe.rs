//! What arrives at the route `stripe`.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| rapport_fuzz::deliver("stripe", body));
