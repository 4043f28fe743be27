//! S3's notifications, as they come through a queue.

use crate::Message;
use serde::Deserialize;

/// A message that is no notification.
#[derive(Debug, thiserror::Error)]
pub enum NotificationError {
    /// Not the JSON that S3 sends.
    #[error("not an S3 notification: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The object's key is not URL-encoded text.
    #[error("the object's key `{0}` is not URL-encoded UTF-8")]
    Key(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification {
    #[serde(default)]
    records: Vec<Entry>,
    /// `s3:TestEvent`, which S3 sends when the notification is set up, has this and no records.
    event: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    s3: Entity,
}

#[derive(Deserialize)]
struct Entity {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    key: String,
}

/// The keys of the objects that `message` tells of; none for S3's test event.
///
/// # Errors
/// [`NotificationError`] when it tells of something else.
pub fn s3_keys(message: &Message) -> Result<Vec<String>, NotificationError> {
    let notification: Notification = serde_json::from_str(&message.body)?;
    if notification.event.as_deref() == Some("s3:TestEvent") {
        return Ok(Vec::new());
    }
    notification.records.into_iter().map(|entry| decode(&entry.s3.object.key)).collect()
}

/// Undoes the URL encoding of keys: `dt%3D` for `dt=`, `+` for a space.
fn decode(key: &str) -> Result<String, NotificationError> {
    let broken = || NotificationError::Key(key.chars().take(80).collect());
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                let (high, low) = (digit(rest.next()).ok_or_else(broken)?, digit(rest.next()).ok_or_else(broken)?);
                (high * 16 + low) as u8
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(body: &str) -> Result<Vec<String>, String> {
        s3_keys(&Message { id: "1".into(), body: body.into(), deliveries: 1 }).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_come_url_encoded() {
        let body = r#"{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"log/dt%3D2026-11-22/a+b.ndjson.zst"}}}]}"#;
        assert_eq!(keys(body), Ok(vec!["log/dt=2026-11-22/a b.ndjson.zst".to_owned()]));
    }

    #[test]
    fn the_test_event_tells_of_nothing() {
        assert_eq!(keys(r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#), Ok(vec![]));
    }

    #[test]
    fn anything_else_says_so() {
        assert!(keys("hello").is_err_and(|error| error.contains("not an S3 notification")));
        assert!(keys(r#"{"Records":[{"s3":{"object":{"key":"log/%zz"}}}]}"#).is_err_and(|error| error.contains("URL-encoded")));
    }
}
