//! Bodies as JSON: what can be mended is, and what would be a forest in memory is refused before it is one.

use super::Unreadable;
use serde_json::Value;
use std::borrow::Cow;

/// What a tree may take, for each byte of the body: what platforms send takes 10 to 20.
const MOST_TIMES: usize = 32;
/// What any body may take.
const ALWAYS_BYTES: usize = 64 * 1024;
/// A node of an object's tree with room for eleven entries, nearly always one of its own.
const OBJECT_BYTES: usize = 640;
/// An entry's place in it, when there are several.
const ENTRY_BYTES: usize = 64;
/// A value in a list that doubles as it grows and is copied once.
const VALUE_BYTES: usize = 96;

/// Reads `body`.
///
/// Half a character, such as a browser leaves that cuts a text in the middle of an emoji, becomes the mark of a lost one: it must not cost
/// the messages around it.
///
/// # Errors
/// [`Unreadable::NotJson`], and [`Unreadable::TooFine`] for a body of countless tiny values, which no sender means.
pub fn json(body: &[u8]) -> Result<Value, Unreadable> {
    if tree_bytes(body) > MOST_TIMES * body.len() + ALWAYS_BYTES {
        return Err(Unreadable::TooFine);
    }
    serde_json::from_slice(body).or_else(|problem| {
        let not_json = || Unreadable::NotJson(problem.to_string());
        match whole_characters(body) {
            Cow::Borrowed(_) => Err(not_json()),
            Cow::Owned(mended) => serde_json::from_slice(&mended).map_err(|_| not_json()),
        }
    })
}

/// About what the tree of `body` takes in memory beside its texts, without building it.
fn tree_bytes(body: &[u8]) -> usize {
    let (mut bytes, mut in_text, mut escaped) = (0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' => bytes += OBJECT_BYTES,
            b':' => bytes += ENTRY_BYTES,
            b',' | b'[' => bytes += VALUE_BYTES,
            _ => {}
        }
    }
    bytes
}

/// `body` with U+FFFD for every escape that is half a surrogate pair; as it is where there is none.
fn whole_characters(body: &[u8]) -> Cow<'_, [u8]> {
    let mut mended = Cow::Borrowed(body);
    let mut at = 0;
    while let Some(escape) = body.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\')).map(|found| at + found) {
        at = match (unit(body, escape), unit(body, escape + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => escape + 12,
            (Some(0xd800..=0xdfff), _) => {
                mended.to_mut().splice(escape + 2..escape + 6, *b"fffd");
                escape + 6
            }
            _ => escape + 2,
        };
    }
    mended
}

/// The UTF-16 unit that `\uXXXX` at `at` stands for.
fn unit(body: &[u8], at: usize) -> Option<u16> {
    let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_character_costs_no_message() {
        for (told, read) in [
            (r#"["a\ud83d"]"#, "a\u{fffd}"),
            (r#"["\ude00b"]"#, "\u{fffd}b"),
            (r#"["\ud83d\ud83d\ude00"]"#, "\u{fffd}\u{1f600}"),
            (r#"["\\ud83d \ud83d"]"#, "\\ud83d \u{fffd}"),
            (r#"["\ud83d\ude00"]"#, "\u{1f600}"),
        ] {
            assert_eq!(json(told.as_bytes()).expect("JSON")[0], read, "{told}");
        }
        for told in [&br#"["\ud83d"#[..], br#"["\ud8"]"#, b"\\ud83d", b"[\"\xff\"]", b""] {
            assert!(matches!(json(told), Err(Unreadable::NotJson(_))), "{told:?}");
        }
    }

    #[test]
    fn a_forest_of_tiny_values_is_refused_and_a_large_order_is_not() {
        let list = |item: &str, count: usize| format!("[{}]", vec![item; count].join(","));
        for (body, name) in [(list("0", 100_000), "numbers"), (list(r#"{"":0}"#, 20_000), "objects"), (list("[]", 100_000), "lists")] {
            assert!(matches!(json(body.as_bytes()), Err(Unreadable::TooFine)), "{name}");
        }
        let line = r#"{"id":466157049,"product_id":632910392,"sku":"BR1","quantity":2,"price":"6.50","price_set":{"shop_money":{"amount":"6.50","currency_code":"GBP"},"presentment_money":{"amount":"9.00","currency_code":"USD"}},"tax_lines":[],"properties":[]}"#;
        let message = r#"{"type":"track","event":"Product Viewed","anonymousId":"d1","properties":{"product_id":"a"}}"#;
        for (body, name) in [(list(line, 5_000), "lines"), (list(message, 5_000), "messages"), (list("0", 600), "a short list")] {
            assert!(json(body.as_bytes()).is_ok(), "{name}");
        }
        assert!(json(format!(r#"["{}"]"#, "{[,:".repeat(50_000)).as_bytes()).is_ok(), "signs in a text are no values");
    }
}
