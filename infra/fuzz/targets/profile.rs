//! A stored profile.
#![no_main]

use rapport_core::profile::Profile;
use rapport_fuzz::{TREE, bounded};

// An event of the window can be told in a dozen bytes, and takes a hundred and more unpacked.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(profile) = bounded(bytes.len(), TREE, || Profile::from_bytes(bytes)) {
        let _ = profile.whole();
        let _ = profile.to_bytes();
    }
});
