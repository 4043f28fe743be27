//! A batch of Segment's calls.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| rapport_fuzz::deliver("segment/batch", body));
