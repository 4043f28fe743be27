//! What arrives at the route `mailchimp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| rapport_fuzz::deliver("mailchimp", body));
