//! The door, over memory.

use super::*;
use rapport_io::{
    Secrets,
    faulty::Faulty,
    inbox,
    memory::{MemoryObjects, MemoryQueue, MemorySecrets},
};
use serde_json::{Value, json};
use std::io::Write;

const NOW: Timestamp = Timestamp(1_795_326_516_000);

struct House {
    app: App,
    queue: Arc<MemoryQueue>,
    objects: Arc<MemoryObjects>,
}

impl House {
    async fn new() -> Self {
        let keys = json!({ "write_key": "wk_1", "secret_key": "sk_1", "more": [{ "key": "sk_demo", "scopes": ["ingest"] }, { "key": "sk_read", "scopes": ["read"] }] });
        let secrets = MemorySecrets::default();
        secrets.put("local/keys", &keys.to_string()).await.expect("memory");
        let (queue, objects) = (Arc::new(MemoryQueue::default()), Arc::new(MemoryObjects::default()));
        let keys = Keys::new(Arc::new(secrets), "local", |document| Ok(Keyring::parse(document)?));
        let app = App::new(Inbox::new(Arc::clone(&queue) as _, Arc::clone(&objects) as _), Arc::new(keys));
        Self { app, queue, objects }
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Response {
        let mut request = http::Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        handle(&self.app, request.body(body.into()).expect("a request"), NOW).await
    }

    async fn inbox(&self) -> Vec<Envelope> {
        let mut envelopes = Vec::new();
        for message in self.queue.take() {
            envelopes.push(inbox::open(self.objects.as_ref(), &message).await.expect("an envelope"));
        }
        envelopes
    }
}

/// What the unmodified libraries send, captured.
#[tokio::test]
async fn segments_libraries_are_understood() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/collect");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).expect("samples").map(|entry| entry.expect("a file").path()).filter(|path| path.is_file()) {
        let sample: Value = serde_json::from_slice(&std::fs::read(file).expect("readable")).expect("JSON");
        let headers: Vec<(&str, &str)> = sample["headers"]
            .as_object()
            .expect("headers")
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
            .collect();
        let house = House::new().await;
        let response = house.post(sample["path"].as_str().expect("a path"), &headers, sample["body"].to_string()).await;
        assert_eq!((response.status().as_u16(), response.body().as_ref()), (200, br#"{"success":true}"#.as_slice()));
        let inbox = house.inbox().await;
        assert_eq!((inbox.len(), inbox[0].authority, inbox[0].route.as_str()), (1, Authority::Backend, "segment/batch"));
        assert!(!String::from_utf8_lossy(&inbox[0].body).contains("sk_demo"), "a key never enters the queue");
        seen += 1;
    }
    assert!(seen >= 2, "the samples are gone");
}

#[tokio::test]
async fn every_way_in_and_every_way_out() {
    let page = r#"{"userId":"u","name":"Home"}"#;
    let keyed = r#"{"userId":"u","writeKey":"wk_1"}"#;
    let large = json!({ "userId": "u", "x": "x".repeat(33 * 1024) }).to_string();
    let batch_with_large = json!({ "batch": [{ "userId": "u", "x": "x".repeat(33 * 1024) }] }).to_string();
    let basic = ("authorization", "Basic c2tfZGVtbzo=");
    for (path, headers, body, status) in [
        ("/v1/page", vec![basic], page.to_owned(), 200),
        ("/v1/p", vec![("authorization", "Bearer sk_1")], page.to_owned(), 200),
        ("/v1/t?x=1&k=wk_1", vec![("content-type", "text/plain"), ("origin", "null")], page.to_owned(), 200),
        ("/v1/page", vec![], keyed.to_owned(), 200),
        ("/v1/beacon?k=wk_1", vec![], format!("[{page}]"), 200),
        ("/v1/beacon?k=wk_1", vec![], format!(r#"{{"batch":[{page}, 7]}}"#), 200),
        ("/v1/page", vec![], page.to_owned(), 401),
        ("/v1/page?k=wk_2", vec![], page.to_owned(), 401),
        ("/v1/page", vec![("authorization", "Bearer sk_read")], page.to_owned(), 403),
        ("/v1/page", vec![basic], "{".to_owned(), 400),
        ("/v1/page", vec![basic], "{}".to_owned(), 400),
        ("/v1/batch", vec![basic], "[]".to_owned(), 400),
        ("/v1/batch", vec![basic], page.to_owned(), 400),
        ("/v1/track", vec![basic], large.clone(), 400),
        ("/v1/batch", vec![basic], batch_with_large, 400),
        ("/v1/batch", vec![basic], "x".repeat(500 * 1024 + 1), 400),
        ("/v1/beacon?k=wk_1", vec![], "x".repeat(64 * 1024 + 1), 413),
        ("/v1/page", vec![basic, ("content-encoding", "gzip")], "\u{1f}\u{8b}".to_owned(), 400),
        ("/v1/nothing", vec![basic], page.to_owned(), 404),
    ] {
        let house = House::new().await;
        let response = house.post(path, &headers, body).await;
        assert_eq!(response.status(), status, "{path} {headers:?}: {:?}", response.body());
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        assert_eq!(house.inbox().await.len(), usize::from(status == 200), "{path}: only what was taken is in the queue");
    }
}

#[tokio::test]
async fn gzip_is_unpacked_and_a_bomb_is_not() {
    let pack = |bytes: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(bytes).expect("memory");
        packed.finish().expect("memory")
    };
    let house = House::new().await;
    let headers = [("authorization", "Bearer sk_demo"), ("content-encoding", "gzip")];
    let body = r#"{"batch":[{"type":"page","userId":"u"}]}"#;
    assert_eq!(house.post("/v1/batch", &headers, pack(body.as_bytes())).await.status(), 200);
    assert_eq!(house.inbox().await[0].body, body);
    assert_eq!(house.post("/v1/batch", &headers, pack(&vec![b' '; 50_000_000])).await.status(), 400);
}

/// Whether an address is the shop's own is decided at the door, for browsers; the address itself goes no further.
#[tokio::test]
async fn the_shops_own_networks_are_marked_and_no_address_is_kept() {
    let secrets = MemorySecrets::default();
    let keys = json!({ "write_key": "wk_1", "secret_key": "sk_1", "insiders": { "networks": ["203.0.113.0/24", "2001:db8::/32"] } });
    secrets.put("local/keys", &keys.to_string()).await.expect("memory");
    let keys = Arc::new(Keys::new(Arc::new(secrets), "local", |document| Ok(Keyring::parse(document)?)));
    let mut house = House::new().await;
    house.app = App::new(Inbox::new(Arc::clone(&house.queue) as _, Arc::clone(&house.objects) as _), keys);
    for (address, key, claims, marked) in [
        ("203.0.113.9", "wk_1", false, true),
        ("2001:db8::9", "wk_1", false, true),
        ("198.51.100.9", "wk_1", false, false),
        ("198.51.100.9", "wk_1", true, false),
        ("203.0.113.9", "sk_1", false, false),
    ] {
        let mut request = http::Request::post("/v1/page")
            .header("authorization", format!("Bearer {key}"))
            .extension(ClientIp(address.parse().expect("an address")));
        if claims {
            request = request.header(INSIDER, "1");
        }
        let response = handle(&house.app, request.body(r#"{"anonymousId":"d"}"#.into()).expect("a request"), NOW).await;
        assert_eq!(response.status(), 200);
        let inbox = house.inbox().await;
        let is_marked = inbox[0].headers.iter().any(|(name, _)| name == INSIDER);
        assert_eq!(is_marked, marked, "{address} {key}; a header of the caller's says nothing");
        assert!(!format!("{:?}", inbox[0]).contains(address));
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_before_the_queue_has_it() {
    let mut house = House::new().await;
    let queue = Faulty::new(MemoryQueue::default());
    queue.fail(true);
    house.app.inbox = Inbox::new(Arc::new(queue), Arc::clone(&house.objects) as _);
    let response = house.post("/v1/page?k=wk_1", &[], r#"{"anonymousId":"d"}"#).await;
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
}
