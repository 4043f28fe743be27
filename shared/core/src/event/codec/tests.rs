//! Lines of the log as releases wrote them, under `events/log/`: a file a schema, which stays for ever.

use super::{DecodeError, decode_line, decode_lines, encode_line};
use std::collections::BTreeSet;

/// One line for every kind of event, each field there and absent.
const SCHEMA_1: &[u8] = include_bytes!("../../../../../events/log/schema-1.jsonl");
/// What a later release may write: nobody knows its shape yet, but the number.
const SCHEMA_2: &[u8] = include_bytes!("../../../../../events/log/schema-2.jsonl");

#[test]
fn what_was_written_is_read_and_written_the_same() {
    let mut written = Vec::new();
    let mut kinds = BTreeSet::new();
    for event in decode_lines(SCHEMA_1) {
        let event = event.expect("an event");
        kinds.insert(event.action.name());
        encode_line(&event, &mut written);
    }
    assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(SCHEMA_1));
    assert_eq!(kinds.len(), 28, "a line for every kind: {kinds:?}");
}

#[test]
fn a_newer_line_is_newer_whatever_its_shape() {
    let newer = decode_lines(SCHEMA_2).next().expect("a line");
    assert!(matches!(newer, Err(DecodeError::Newer { line: 1, schema: 2 })), "{newer:?}");
}

#[test]
fn damage_is_no_newer_line() {
    for damaged in [r#"{"v":1,"id":"a"}"#, r#"{"id":"a"}"#, r#"{"v":"#, "", r#"{"v":0,"id":"a"}"#, r#"{"v":"2"}"#] {
        let read = decode_line(7, damaged.as_bytes());
        assert!(matches!(read, Err(DecodeError::Malformed { line: 7, .. })), "{damaged}: {read:?}");
    }
    let first = SCHEMA_1.split(|byte| *byte == b'\n').next().expect("a line");
    let rest = first.strip_prefix(br#"{"v":1,"#).and_then(|rest| rest.strip_suffix(b"}")).expect("an object");
    let reordered = format!(r#"{{{},"v":1}}"#, String::from_utf8_lossy(rest));
    assert!(decode_line(1, reordered.as_bytes()).is_ok(), "another hand's order of names: {reordered}");
}
