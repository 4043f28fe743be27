//! A stored profile.
#![no_main]

use rapport_core::profile::Profile;
use rapport_fuzz::bounded_beside;

/// What serde reserves for a list at the word of a length that is forged.
const RESERVED_BYTES: usize = 1024 * 1024;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(profile) = bounded_beside(RESERVED_BYTES, bytes.len(), || Profile::from_bytes(bytes)) {
        let _ = profile.whole();
        let _ = profile.to_bytes();
    }
});
