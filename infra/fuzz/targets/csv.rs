//! A file to import.
#![no_main]

use rapport_core::{
    auth::Insiders,
    money::Currency,
    source::csv::{Options, read},
};
use rapport_fuzz::{NOW, bounded};

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    let hash_key = Some("0123456789abcdef".into());
    let options =
        Options { currency: Currency::EUR, map: Vec::new(), now: NOW, as_of: NOW, hash_key, insiders: Insiders::default(), zone: None };
    // What it finds is handed on a row at a time.
    let _ = bounded(file.len(), || read(file, &options, |_| {}));
});
