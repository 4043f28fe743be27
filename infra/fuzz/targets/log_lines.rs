//! An object of the log, unpacked; what can be read is written and read again as the same.
#![no_main]

use rapport_core::event::{decode_lines, encode_line};
use rapport_fuzz::bounded;

libfuzzer_sys::fuzz_target!(|lines: &[u8]| {
    let readable = bounded(lines.len(), || decode_lines(lines).filter(Result::is_ok).count());
    let events: Vec<_> = decode_lines(lines).filter_map(Result::ok).collect();
    assert_eq!(events.len(), readable, "what can be read depends on who asks");
    let mut written = Vec::new();
    for event in &events {
        encode_line(event, &mut written);
    }
    let again: Vec<_> = decode_lines(&written).filter_map(Result::ok).collect();
    assert_eq!(events, again, "what was read is not what it is written as");
});
