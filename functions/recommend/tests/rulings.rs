//! The shop's word on who is who, over memory.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

use bytes::Bytes;
use http::{Method, StatusCode};
use rapport_core::{
    auth::{Keyring, TokenKey, personal, token},
    event::{Action, Authority, Event, Traffic},
    id::{CustomerId, EventId},
    identity::words,
    money::Currency,
    profile::{Subject, refold},
    segment::Standing,
    source::ConsentMode,
    time::Timestamp,
};
use rapport_io::{
    Secrets,
    identities::Identities,
    log::Log,
    memory::{MemoryObjects, MemoryRecords, MemorySecrets},
    profiles::{Ownership, Profiles},
};
use recommend::{App, Config, handle};
use serde_json::{Value as Json, json};
use std::sync::Arc;

const NOW: Timestamp = Timestamp(1_795_348_800_000);

struct Shop {
    app: App,
    records: Arc<MemoryRecords>,
    objects: Arc<MemoryObjects>,
    keyring: Keyring,
}

impl Shop {
    async fn new() -> Self {
        let keyring = Keyring {
            version: 1,
            write_key: "wk_1".into(),
            secret_key: "sk_1".into(),
            hash_key: "salt".into(),
            token_keys: vec![TokenKey { kid: "t1".into(), secret: "secret".into() }],
            ..Keyring::default()
        };
        let (records, objects) = (Arc::new(MemoryRecords::default()), Arc::new(MemoryObjects::default()));
        let secrets = Arc::new(MemorySecrets::default());
        secrets.put("test/keys", &keyring.document().expect("a document")).await.expect("memory");
        let config = Config { stack: "test".into(), currency: Currency::EUR, consent: ConsentMode::OptOut };
        Self { app: App::new(records.clone(), objects.clone(), secrets, config), records, objects, keyring }
    }

    async fn call(&self, method: Method, path: &str, key: &str, body: &str) -> (StatusCode, Json) {
        let request = http::Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
        let response = handle(&self.app, request.body(Bytes::copy_from_slice(body.as_bytes())).expect("a request"), NOW).await;
        (response.status(), serde_json::from_slice(response.body()).unwrap_or_default())
    }

    async fn post(&self, path: &str, body: &str) -> (StatusCode, Json) {
        self.call(Method::POST, path, "sk_1", body).await
    }

    /// What the log holds, as the fold hears it.
    async fn logged(&self) -> Vec<Event> {
        let log = Log::new(self.objects.clone());
        let mut events = Vec::new();
        for key in log.keys(None).await.expect("memory") {
            events.extend(log.read(&key).await.expect("memory").expect("an object").events);
        }
        events
    }

    async fn hear(&self, events: &[Event]) {
        let said: Vec<_> = events.iter().flat_map(words).collect();
        Identities::new(self.records.clone()).hear(&said, None).await.expect("memory");
    }

    /// A visit of `customer`, with whatever else `who` names.
    async fn visit(&self, customer: &str, device: &str, at: i64) {
        let subject = Subject::Customer(CustomerId::new(customer).expect("an id"));
        let mut who = subject.who();
        who.device = personal::device("salt", device).ok();
        let event = Event {
            id: EventId::new(&format!("{customer}-{at}")).expect("an id"),
            at: NOW.plus_ms(at),
            authority: Authority::Backend,
            source: "test".into(),
            who,
            traffic: Traffic::Human,
            action: Action::CheckoutStarted,
        };
        self.hear(std::slice::from_ref(&event)).await;
        let profile = refold(subject, &[event]);
        // Of a second visit nothing but the word is wanted.
        let _known = Profiles::new(self.records.clone()).put(&profile, &Ownership::default(), &Standing::default(), None).await;
    }

    async fn conflicts(&self, customer: &str, key: &str) -> Json {
        let (status, view) = self.call(Method::GET, &format!("/v1/customers/{customer}"), key, "").await;
        assert_eq!(status, StatusCode::OK, "{view}");
        view["conflicts"].clone()
    }
}

#[tokio::test]
async fn a_ruling_is_a_log_event_of_the_shops_own() {
    let shop = Shop::new().await;
    for (verb, body, alias, is_one) in [
        ("unmerge", json!({ "device": "phone" }), "d#phone".to_owned(), false),
        ("merge", json!({ "customer": "card:0042" }), "c#card:0042".to_owned(), true),
        (
            "unmerge",
            json!({ "phone": "0049 (0)151 23456789" }),
            format!("p#{}", personal::phone("salt", "+4915123456789").expect("one")),
            false,
        ),
        ("merge", json!({ "email": "Ada@Example.org" }), format!("e#{}", personal::email("salt", "ada@example.org").expect("one")), true),
    ] {
        let (status, told) = shop.post(&format!("/v1/customers/ada/{verb}"), &body.to_string()).await;
        assert_eq!((status, &told["other"], &told["is_one"]), (StatusCode::ACCEPTED, &json!(alias), &json!(is_one)), "{told}");
        let events = shop.logged().await;
        let event = events.iter().find(|event| event.id.as_str() == told["event"].as_str().expect("an id")).expect("it is in the log");
        let alias = Subject::parse(&alias).expect("a subject");
        assert_eq!((&event.action, event.traffic, event.at), (&Action::Ruled { alias, is_one }, Traffic::Internal, NOW));
    }
    let raw: Vec<String> = shop.logged().await.iter().map(|event| format!("{event:?}").to_lowercase()).collect();
    assert!(!raw.iter().any(|event| event.contains("@example") || event.contains("23456789")), "no plain address or number enters the log");
}

#[tokio::test]
async fn the_shop_alone_may_rule() {
    let shop = Shop::new().await;
    let token = token::mint(&shop.keyring.token_keys[0], "ada", NOW, 3_600).expect("a token");
    for key in ["wk_1", "sk_2", token.as_str()] {
        for verb in ["merge", "unmerge"] {
            let (status, _) = shop.call(Method::POST, &format!("/v1/customers/ada/{verb}"), key, r#"{"device":"phone"}"#).await;
            assert!([StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status), "{key}: {status}");
        }
    }
    assert_eq!(shop.logged().await, [], "and nothing was said");
}

#[tokio::test]
async fn a_ruling_that_cannot_be_is_explained() {
    let shop = Shop::new().await;
    for (body, field) in [
        (r#"{}"#, "customer"),
        (r#"{"device":"phone","customer":"bob"}"#, "customer"),
        (r#"{"customer":"ada"}"#, "customer"),
        (r#"{"device":"null"}"#, "device"),
        (r#"{"email":"ada"}"#, "email"),
        (r#"{"phone":"0151 23456789"}"#, "phone"),
        (r#"{"phone":"+4915123456789","device":"phone"}"#, "customer"),
    ] {
        let (status, told) = shop.post("/v1/customers/ada/unmerge", body).await;
        assert_eq!((status, &told["error"]["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{body}: {told}");
    }
    let (status, told) = shop.post("/v1/customers/ada/unmerge", r#"{"card":"1"}"#).await;
    assert_eq!((status, &told["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_body")));

    // Two that are tied by way of others.
    shop.visit("ada", "phone", 1).await;
    shop.post("/v1/customers/bob/merge", r#"{"customer":"ada"}"#).await;
    shop.post("/v1/customers/bob/merge", r#"{"customer":"eve"}"#).await;
    shop.hear(&shop.logged().await).await;
    for (path, body, said) in [
        ("/v1/customers/bob/unmerge", r#"{"device":"phone"}"#, "d#phone belongs to c#ada, c#ada belongs to c#bob"),
        ("/v1/customers/ada/unmerge", r#"{"customer":"eve"}"#, "c#eve belongs to c#bob, c#ada belongs to c#bob"),
    ] {
        let (status, told) = shop.post(path, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(told["error"]["message"].as_str().is_some_and(|message| message.contains(said)), "{told}");
    }
    for (path, body) in [("/v1/customers/bob/unmerge", r#"{"customer":"ada"}"#), ("/v1/customers/ada/unmerge", r#"{"customer":"bob"}"#)] {
        assert_eq!(shop.post(path, body).await.0, StatusCode::ACCEPTED, "a pair that is tied directly, from either side");
    }
}

#[tokio::test]
async fn a_view_tells_what_stands_against_a_claim_and_names_others_to_the_shop_alone() {
    let shop = Shop::new().await;
    shop.visit("ada", "phone", 1).await;
    assert_eq!(shop.conflicts("ada", "sk_1").await, json!([]));
    shop.visit("bob", "phone", 2).await;
    let at = |ms: i64| NOW.plus_ms(ms).to_string();
    let theirs = json!({ "id": "d#phone", "claimed_at": at(1), "why": "claimed_by_others_too", "others": 1, "customers": ["bob"] });
    assert_eq!(shop.conflicts("ada", "sk_1").await, json!([theirs]));
    let refused =
        json!({ "id": "d#phone", "claimed_at": at(2), "why": "claimed_earlier_by_another", "since": at(1), "customers": ["ada"] });
    assert_eq!(shop.conflicts("bob", "sk_1").await, json!([refused]));
    let token = token::mint(&shop.keyring.token_keys[0], "bob", NOW, 3_600).expect("a token");
    assert_eq!(shop.conflicts("bob", &token).await[0]["customers"], Json::Null, "bob does not hear of ada");

    shop.post("/v1/customers/ada/unmerge", r#"{"device":"phone"}"#).await;
    shop.hear(&shop.logged().await).await;
    let unmerged = json!({ "id": "d#phone", "claimed_at": at(1), "why": "unmerged", "since": at(0) });
    assert_eq!((shop.conflicts("ada", "sk_1").await, shop.conflicts("bob", "sk_1").await), (json!([unmerged]), json!([])));

    for (at, customer) in [(3, "c1"), (4, "c2"), (5, "c3"), (6, "c4")] {
        shop.visit(customer, "till", at).await;
    }
    let shared = json!({ "id": "d#till", "claimed_at": at(3), "why": "claimed_by_too_many", "claimants": 4, "most": 3 });
    assert_eq!(shop.conflicts("c1", "sk_1").await, json!([shared]));
}
