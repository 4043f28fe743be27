//! What arrives at the route `woocommerce`.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| rapport_fuzz::deliver("woocommerce", body));
