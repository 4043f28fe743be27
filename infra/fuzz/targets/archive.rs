//! A file of the archive.
#![no_main]

use bytes::Bytes;
use std::{panic, sync::Once};

static QUIET: Once = Once::new();

// Parquet's reader panics at some damaged files; `decode` catches that. Only what it lets through is a finding. How much that reader
// takes in hand is its own affair: nobody but the shop writes archive files.
libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    QUIET.call_once(|| drop(panic::take_hook()));
    let _ = rapport_archive::decode(Bytes::copy_from_slice(file));
});
