//! Bodies as JSON: what can be mended is, and no body becomes a forest in memory.

mod tape;

pub use tape::Json;
pub(super) use tape::{List, Number, Object, Value, Without};

use super::Unreadable;
use std::borrow::Cow;

/// Reads `body`.
///
/// Half a character, such as a browser leaves that cuts a text in the middle of an emoji, becomes the mark of a lost one: it must not cost
/// the messages around it.
///
/// # Errors
/// [`Unreadable::NotJson`].
pub fn json(body: &[u8]) -> Result<Json, Unreadable> {
    Json::read(body).or_else(|problem| {
        let not_json = || Unreadable::NotJson(problem.to_string());
        match whole_characters(body) {
            Cow::Borrowed(_) => Err(not_json()),
            Cow::Owned(mended) => Json::read(&mended).map_err(|_| not_json()),
        }
    })
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
    use proptest::prelude::*;

    #[test]
    fn half_a_character_costs_no_message() {
        for (told, read) in [
            (r#"["a\ud83d"]"#, "a\u{fffd}"),
            (r#"["\ude00b"]"#, "\u{fffd}b"),
            (r#"["\ud83d\ud83d\ude00"]"#, "\u{fffd}\u{1f600}"),
            (r#"["\\ud83d \ud83d"]"#, "\\ud83d \u{fffd}"),
            (r#"["\ud83d\ude00"]"#, "\u{1f600}"),
        ] {
            let list = json(told.as_bytes()).expect("JSON");
            assert_eq!(list.value().as_list().and_then(|list| list.iter().next()?.as_str()), Some(read), "{told}");
        }
        for told in [&br#"["\ud83d"#[..], br#"["\ud8"]"#, b"\\ud83d", b"[\"\xff\"]", b""] {
            assert!(matches!(json(told), Err(Unreadable::NotJson(_))), "{told:?}");
        }
    }

    #[test]
    fn what_is_read_says_what_was_written() {
        let told = r#"{"b":[1,-2,2.5,1e300,18446744073709551615,-9223372036854775808,1152921504606846975,1152921504606846976,true,false,null,"\u00e9"],"a":{"":{}},"b2":[],"c":-0.0}"#;
        let known: serde_json::Value = serde_json::from_str(told).expect("JSON");
        assert_eq!(serde_json::to_string(&json(told.as_bytes()).expect("JSON").value()).expect("JSON"), known.to_string());
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<u64>().prop_map(Into::into),
            (-2_i64..2).prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            "\\PC{0,6}|[\"\\\\\n]{0,3}".prop_map(Into::into),
        ];
        leaf.prop_recursive(6, 80, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::Array),
                prop::collection::btree_map("[a-c]{0,2}", inner, 0..6)
                    .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// A tape says what a tree says, copied as well as read, and it was given room for all of it.
        #[test]
        fn a_tape_is_the_tree_that_it_stands_for(tree in any_json(), is_pretty in any::<bool>()) {
            let text = if is_pretty { serde_json::to_string_pretty(&tree).expect("JSON") } else { tree.to_string() };
            // Not every double survives being written and read.
            let tree: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            let tape = json(text.as_bytes()).expect("JSON");
            prop_assert_eq!(tape.value().to_string(), tree.to_string());
            let copy = Json::object([("copy", tape.value())].into_iter());
            prop_assert_eq!(copy.value().to_string(), serde_json::json!({ "copy": tree }).to_string());
            prop_assert!(tape.has_kept_to_its_room(text.as_bytes()) && copy.has_kept_to_its_room(copy.value().to_string().as_bytes()));
        }
    }

    #[test]
    fn of_two_entries_with_one_name_the_later_holds() {
        let body = json(br#"{"b":1,"a":[0],"b":{"c":2},"a":3}"#).expect("JSON");
        let object = body.value().as_object().expect("an object");
        assert_eq!(object.get("a").and_then(Value::as_i64), Some(3));
        let names: Vec<&str> = object.entries().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(serde_json::to_string(&object).expect("JSON"), r#"{"a":3,"b":{"c":2}}"#);
    }
}
