//! S3, embedded, and the one thing that S3 does by itself: telling a queue that an object was put.
//!
//! Objects are plain files under `<home>/s3/<bucket>/`. The store writes to a temporary file and renames it, so that a crash leaves
//! the old object or the new one, never half of one.

use super::{StoresError, queue::Queues};
use crate::template::Notification;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::Incoming;
use s3s::{auth::SimpleAuth, service::S3Service};
use serde_json::json;
use std::path::{Path, PathBuf};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// A streamed answer.
pub(crate) type Answer = http::Response<BoxBody<Bytes, BoxError>>;

/// The store under `root`, for whoever signs with the local credentials.
pub(crate) fn open(root: &Path) -> Result<S3Service, StoresError> {
    let files = s3s_fs::FileSystem::new(root).map_err(|error| StoresError::Objects(format!("{error:?}")))?;
    let mut builder = s3s::service::S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single(super::ACCESS_KEY, super::ACCESS_KEY));
    Ok(builder.build())
}

/// Answers one call. A put under the watched prefix is answered only once its notification is on disk too: an object that was
/// acknowledged is folded, whatever happens next.
pub(crate) async fn answer(store: &S3Service, notify: &Notifier, request: http::Request<Incoming>) -> Answer {
    let key = notify.watched_key(&request);
    let read = (request.method() == http::Method::GET).then(|| percent_decode(request.uri().path().trim_start_matches('/')));
    let answer = match store.call(request.map(Into::into)).await {
        Ok(answer) => at_once(answer.map(|body| body.map_err(Into::into).boxed()), read.map(|key| notify.root.join(key))).await,
        Err(error) => {
            tracing::warn!(?error, "the object store failed");
            return unavailable();
        }
    };
    match key {
        Some(key) if answer.status().is_success() => match notify.send(&key).await {
            Ok(()) => answer,
            Err(error) => {
                tracing::warn!(%error, key, "a notification could not be queued");
                unavailable()
            }
        },
        _ => answer,
    }
}

/// The answer with its body read in one go. The store reads 4 KB at a time, each time on another thread, which takes a hundred times as
/// long for a model. Only large objects are read so: they are never written over with other bytes, and small ones may be.
async fn at_once(answer: Answer, file: Option<PathBuf>) -> Answer {
    const LARGE: std::ops::Range<u64> = 64 * 1024..256 * 1024 * 1024;
    let length = answer.headers().get(http::header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let Some((file, length)) = file.zip(length).filter(|(_, length)| answer.status() == http::StatusCode::OK && LARGE.contains(length))
    else {
        return answer;
    };
    match tokio::fs::read(file).await {
        Ok(body) if body.len() as u64 == length => answer.map(|_| Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed()),
        _ => answer,
    }
}

fn unavailable() -> Answer {
    let body = Full::new(Bytes::from_static(b"<Error><Code>ServiceUnavailable</Code></Error>"));
    let mut answer = http::Response::new(body.map_err(|never| match never {}).boxed());
    *answer.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
    answer
}

/// Tells a queue of new objects.
#[derive(Debug)]
pub(crate) struct Notifier {
    pub(crate) queues: std::sync::Arc<Queues>,
    pub(crate) bucket: String,
    pub(crate) notification: Notification,
    pub(crate) root: PathBuf,
}

impl Notifier {
    /// The key that `request` puts, if it is one to tell of.
    fn watched_key(&self, request: &http::Request<Incoming>) -> Option<String> {
        let path = request.uri().path().strip_prefix('/')?.strip_prefix(&self.bucket)?.strip_prefix('/')?;
        let whole = !request.uri().query().is_some_and(|query| query.contains("uploadId="));
        let key = percent_decode(path);
        (request.method() == http::Method::PUT && whole && key.starts_with(&self.notification.prefix)).then_some(key)
    }

    async fn send(&self, key: &str) -> Result<(), super::queue::QueueError> {
        self.queues.send(&self.notification.queue, vec![event(&self.bucket, key)]).await.map(drop)
    }

    /// Notifies again whatever is under the prefix, was not folded and does not wait: what a crash between the two steps, or a
    /// restored home, left behind. Gives how many.
    pub(crate) async fn catch_up(&self) -> Result<usize, StoresError> {
        let (root, prefix) = (self.root.join(&self.bucket), self.notification.prefix.clone());
        let keys = tokio::task::spawn_blocking(move || keys_under(&root, &prefix))
            .await
            .map_err(|error| StoresError::Objects(error.to_string()))?
            .map_err(|error| StoresError::Objects(error.to_string()))?;
        let notifications = keys.into_iter().map(|key| (key.clone(), event(&self.bucket, &key))).collect();
        Ok(self.queues.notify_unfolded(&self.notification.queue, notifications).await?)
    }
}

/// The files below `prefix`, oldest day first, as keys.
fn keys_under(bucket: &Path, prefix: &str) -> std::io::Result<Vec<String>> {
    let mut keys = Vec::new();
    let mut folders = vec![bucket.join(prefix)];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true => folders.push(entry.path()),
                false => keys.extend(entry.path().strip_prefix(bucket).ok().and_then(Path::to_str).map(str::to_owned)),
            }
        }
    }
    keys.sort();
    Ok(keys)
}

/// The message that S3 sends, in the fields that readers use. It depends on the key alone, so that a second notification of one object
/// is recognised as such.
pub(crate) fn event(bucket: &str, key: &str) -> String {
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": super::REGION,
        "eventTime": "1970-01-01T00:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": { "principalId": "local" },
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": {},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "local",
            "bucket": { "name": bucket, "ownerIdentity": { "principalId": "local" }, "arn": format!("arn:aws:s3:::{bucket}") },
            "object": { "key": percent_encode(key), "sequencer": "0" },
        },
    }] })
    .to_string()
}

/// As S3 does it: all but letters, digits and `-_.*/`; a space is a plus.
fn percent_encode(key: &str) -> String {
    key.bytes().fold(String::with_capacity(key.len()), |mut text, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => text.push(char::from(byte)),
            b' ' => text.push('+'),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
        text
    })
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => hex_digit(*high).zip(hex_digit(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_escapes_its_key_as_s3_does() {
        let event = event("shop", "log/dt=2026-11-22/a b.zst");
        assert!(event.contains("log/dt%3D2026-11-22/a+b.zst"), "{event}");
        let message = rapport_lambda::Message { id: "1".into(), body: event, deliveries: 1 };
        assert_eq!(rapport_lambda::s3_keys(&message).unwrap(), ["log/dt=2026-11-22/a b.zst"]);
    }

    #[test]
    fn broken_escapes_are_taken_as_they_stand() {
        for (text, expected) in [("a%3Db", "a=b"), ("50%", "50%"), ("%zz", "%zz"), ("%C3%A9", "é")] {
            assert_eq!(percent_decode(text), expected);
        }
    }
}
