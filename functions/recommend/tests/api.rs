//! The whole function over stores in memory: every route, and what happens when something is missing.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

use bytes::Bytes;
use http::{Method, StatusCode};
use rapport_core::{
    auth::{Keyring, TokenKey, token},
    catalog::Item,
    event::{Action, Authority, Consent, Event, Product, Purpose, Traffic},
    id::{CustomerId, DeviceId, EventId, ItemId},
    identity::{Says, Word},
    model::{Draft, ItemStatistics, Neighbour, Table},
    money::Currency,
    profile::{Position, Subject, refold},
    segment::Standing,
    source::ConsentMode,
    time::Timestamp,
};
use rapport_io::{
    Condition, Objects, Secrets,
    catalog::Catalog,
    contacts::{Contacts, Said},
    counting::Counting,
    faulty::Faulty,
    identities::Identities,
    log::Log,
    memory::{MemoryObjects, MemoryRecords, MemorySecrets},
    models::Models,
    profiles::{Ownership, Profiles},
};
use rapport_lambda::{Request, Response};
use recommend::{App, Config, handle};
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, sync::Arc};

const NOW: Timestamp = Timestamp(1_795_348_800_000);
const MINUTE: i64 = 60_001;

struct Suite {
    app: App,
    records: Arc<Faulty<MemoryRecords>>,
    objects: Arc<Faulty<MemoryObjects>>,
}

fn id(text: &str) -> ItemId {
    ItemId::new(text).expect("an id")
}

/// Twelve items; the visitors of `a` also look at `b`; `l` is sold out.
fn artifact(created: Timestamp) -> Bytes {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
    let items = names.map(|name| Item { title: Some(format!("Title {name}")), in_stock: name != "l", ..Item::bare(id(name)) });
    let row = |place: usize| if place == 0 { vec![Neighbour { item: 1, weight: 1.0, supporters: 5 }] } else { Vec::new() };
    let rows: Vec<Vec<Neighbour>> = (0..names.len()).map(row).collect();
    let sold = |place: usize| ItemStatistics { popularity: 20.0, trending: 20.0 - place as f32, ..ItemStatistics::default() };
    let draft = Draft {
        statistics: (0..names.len()).map(sold).collect(),
        items: items.to_vec(),
        tables: BTreeMap::from([(Table::Session, rows.clone()), (Table::Together, rows)]),
        learned_from: [3, 77, 2, 1],
        ..Draft::empty(created, Currency::EUR)
    };
    draft.to_bytes().expect("an artifact").0.into()
}

fn keyring() -> Keyring {
    Keyring {
        version: 1,
        write_key: "wk_1".into(),
        secret_key: "sk_1".into(),
        hash_key: "salt".into(),
        token_keys: vec![TokenKey { kid: "t1".into(), secret: "secret".into() }],
        ..Keyring::default()
    }
}

async fn suite_with(consent: ConsentMode) -> Suite {
    let records = Arc::new(Faulty::new(MemoryRecords::default()));
    let objects = Arc::new(Faulty::new(MemoryObjects::default()));
    let secrets = Arc::new(MemorySecrets::default());
    secrets.put("test/keys", &keyring().document().expect("a document")).await.expect("memory");
    let config = Config { stack: "test".into(), currency: Currency::EUR, consent };
    let app = App::new(records.clone(), objects.clone(), secrets, config);
    Suite { app, records, objects }
}

/// With a model, warm.
async fn suite() -> Suite {
    let suite = suite_with(ConsentMode::OptOut).await;
    suite.publish(artifact(NOW)).await;
    suite.app.warm(NOW).await;
    suite
}

impl Suite {
    async fn publish(&self, artifact: Bytes) {
        Models::new(self.objects.clone()).publish(artifact, "{\"hit_rate\":0.5}".into(), NOW).await.expect("published");
    }

    async fn remember(&self, subject: Subject, actions: &[Action]) {
        let who = subject.who();
        let event = |(place, action): (usize, &Action)| Event {
            id: EventId::new(&format!("{subject}-{place}")).expect("an id"),
            at: NOW.plus_ms(place as i64 - 1_000),
            authority: Authority::Backend,
            source: "test".into(),
            who: who.clone(),
            traffic: Traffic::Human,
            action: action.clone(),
        };
        let events: Vec<Event> = actions.iter().enumerate().map(event).collect();
        Profiles::new(self.records.clone())
            .put(&refold(subject.clone(), &events), &Ownership::default(), &Standing::default(), None)
            .await
            .expect("memory");
    }

    async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str, now: Timestamp) -> (Response, Json) {
        let request =
            headers.iter().fold(http::Request::builder().method(method).uri(path), |request, (name, value)| request.header(*name, *value));
        let request: Request = request.body(Bytes::copy_from_slice(body.as_bytes())).expect("a request");
        let response = handle(&self.app, request, now).await;
        let json = serde_json::from_slice(response.body()).unwrap_or(Json::Null);
        (response, json)
    }

    async fn get(&self, path: &str) -> Json {
        let (response, json) = self.call(Method::GET, path, &[], "", NOW).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}: {json}");
        json
    }

    async fn post(&self, body: Json) -> Json {
        let (response, json) = self.call(Method::POST, "/v1/recommendations", &[], &body.to_string(), NOW).await;
        assert_eq!(response.status(), StatusCode::OK, "{json}");
        json
    }

    async fn backend(&self, method: Method, path: &str, body: &str) -> (StatusCode, Json) {
        let (response, json) = self.call(method, path, &[("authorization", "Bearer sk_1")], body, NOW).await;
        (response.status(), json)
    }
}

fn viewed(item: &str) -> Action {
    Action::Viewed(Product::bare(id(item)))
}

fn ada() -> Subject {
    Subject::Customer(CustomerId::new("ada").expect("an id"))
}

fn phone() -> Subject {
    Subject::Device(DeviceId::new("phone").expect("an id"))
}

fn first(answer: &Json) -> &str {
    answer["items"][0]["id"].as_str().unwrap_or("nothing")
}

fn without_name(mut answer: Json) -> Json {
    answer["recommendation_id"] = Json::Null;
    answer
}

#[tokio::test]
async fn a_device_is_answered_from_its_own_history() {
    let suite = suite().await;
    suite.remember(phone(), &[viewed("a")]).await;
    let answer = suite.get("/v1/recommendations?k=wk_1&anonymous_id=phone&limit=4").await;
    assert_eq!((first(&answer), &answer["strategy"]), ("b", &json!("session")));
    assert_eq!(answer["items"].as_array().map(Vec::len), Some(4));
    assert_eq!(answer["items"][0]["why"]["text"], "Because you looked at Title a");
    assert!(answer["recommendation_id"].as_str().is_some_and(|name| name.starts_with("rec_")));
    assert!(answer["model"].as_str().is_some_and(|name| name.starts_with("m_")));
}

#[tokio::test]
async fn a_write_key_opens_nobodys_history() {
    let suite = suite().await;
    suite.remember(ada(), &[viewed("a")]).await;
    let claimed = suite.post(json!({ "key": "wk_1", "customer": "ada" })).await;
    let invented = suite.post(json!({ "key": "wk_1", "customer": "nobody at all" })).await;
    assert_eq!(claimed["strategy"], "popular");
    assert_eq!(without_name(claimed), without_name(invented), "nothing tells whether a customer exists");
    for key in ["", "wk_2"] {
        let (response, _) = suite.call(Method::GET, &format!("/v1/recommendations?k={key}"), &[], "", NOW).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    }
    let (response, _) = suite.call(Method::GET, "/v1/customers/ada", &[("authorization", "Bearer wk_1")], "", NOW).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_token_or_the_backend_speaks_for_the_customer() {
    let suite = suite().await;
    suite.remember(ada(), &[viewed("a")]).await;
    let token = token::mint(&keyring().token_keys[0], "ada", NOW, 60).expect("a token");
    for body in [json!({ "key": "wk_1", "token": token }), json!({ "key": "sk_1", "customer": "ada" })] {
        let answer = suite.post(body).await;
        assert_eq!((first(&answer), &answer["strategy"]), ("b", &json!("personal")));
    }
    let bearer = format!("Bearer {token}");
    let own = suite.call(Method::GET, "/v1/customers/ada", &[("authorization", &bearer)], "", NOW).await.0;
    let other = suite.call(Method::GET, "/v1/customers/bob", &[("authorization", &bearer)], "", NOW).await.0;
    let late = suite.call(Method::GET, "/v1/customers/ada", &[("authorization", &bearer)], "", NOW.plus_ms(61_000)).await.0;
    assert_eq!([own.status(), other.status(), late.status()], [StatusCode::OK, StatusCode::FORBIDDEN, StatusCode::UNAUTHORIZED]);
}

#[tokio::test]
async fn without_consent_an_answer_is_for_anybody() {
    let suite = suite().await;
    let refused = Action::Consented(Consent { purpose: Purpose::Personalization, granted: false, basis: "consent".into() });
    suite.remember(phone(), &[viewed("a"), refused]).await;
    assert_eq!(suite.get("/v1/recommendations?k=wk_1&anonymous_id=phone").await["strategy"], "popular");
    let (_, opted_out) = suite.call(Method::GET, "/v1/recommendations?k=wk_1&session=a", &[("sec-gpc", "1")], "", NOW).await;
    assert_eq!(opted_out["strategy"], "popular");

    let strict = suite_with(ConsentMode::OptIn).await;
    strict.publish(artifact(NOW)).await;
    strict.app.warm(NOW).await;
    strict.remember(phone(), &[viewed("a")]).await;
    assert_eq!(strict.get("/v1/recommendations?k=wk_1&anonymous_id=phone").await["strategy"], "popular");
}

/// Law 2, as far as failing stores can show it: once warm, nothing but the profile is read, and not even that with a session.
#[tokio::test]
async fn a_warm_lookup_needs_no_bucket_and_a_session_no_table() {
    let suite = suite().await;
    suite.remember(phone(), &[viewed("a")]).await;
    suite.objects.fail(true);
    assert_eq!(first(&suite.get("/v1/recommendations?k=wk_1&anonymous_id=phone").await), "b");
    suite.records.fail(true);
    let answer = suite.get("/v1/recommendations?k=wk_1&anonymous_id=phone&session=a").await;
    assert_eq!((first(&answer), &answer["fallback"]), ("b", &Json::Null));
}

/// Law 5.
#[tokio::test]
async fn a_warm_lookup_is_one_round_trip() {
    let (records, objects) = (Arc::new(Counting::new(MemoryRecords::default())), Arc::new(Counting::new(MemoryObjects::default())));
    let secrets = Arc::new(Counting::new(MemorySecrets::default()));
    secrets.put("test/keys", &keyring().document().expect("a document")).await.expect("memory");
    let config = Config { stack: "test".into(), currency: Currency::EUR, consent: ConsentMode::OptOut };
    let app = App::new(records.clone(), objects.clone(), secrets.clone(), config);
    Models::new(objects.clone()).publish(artifact(NOW), "{}".into(), NOW).await.expect("published");
    app.warm(NOW).await;
    let spent = || (records.take(), objects.take(), secrets.take());
    spent();

    let ask = async |now: Timestamp| {
        let body = json!({ "key": "sk_1", "customer": "ada", "anonymous_id": "phone", "item": "rye", "limit": 4 }).to_string();
        let request = http::Request::post("/v1/recommendations").header("authorization", "Bearer sk_1").body(body.into());
        assert_eq!(handle(&app, request.expect("a request"), now).await.status(), 200);
    };
    ask(NOW.plus_ms(1)).await;
    assert_eq!(spent(), ((1, 0), (0, 0), (0, 0)), "customer and device in one read, and nothing else");
    ask(NOW.plus_ms(MINUTE)).await;
    assert_eq!(spent(), ((3, 0), (1, 0), (0, 0)), "once a minute the pointer, the catalog's changes and the rules, too");
    ask(NOW.plus_ms(MINUTE + 1)).await;
    assert_eq!(spent(), ((1, 0), (0, 0), (0, 0)));
}

#[tokio::test]
async fn whatever_is_missing_the_answer_comes() {
    let suite = suite().await;
    suite.records.fail(true);
    suite.objects.fail(true);
    let answer = suite.get("/v1/recommendations?k=wk_1&anonymous_id=phone").await;
    assert_eq!((first(&answer), &answer["strategy"], &answer["fallback"]), ("a", &json!("fallback"), &json!("profile_unavailable")));

    let empty = suite_with(ConsentMode::OptOut).await;
    empty
        .backend(Method::PUT, "/v1/catalog/items", r#"[{"id":"new","published":"2026-01-03"},{"id":"old","published":"2020-01-03"}]"#)
        .await;
    let answer = empty.get("/v1/recommendations?k=wk_1").await;
    assert_eq!((first(&answer), &answer["model"], &answer["fallback"]), ("new", &Json::Null, &json!("no_model")));
}

/// Law 4: damaged in its bytes, or in its meaning.
#[tokio::test]
async fn a_damaged_model_is_refused_and_the_one_before_serves() {
    for damage in ["bytes", "meaning"] {
        let suite = suite().await;
        let before = suite.get("/v1/recommendations?k=wk_1").await["model"].clone();
        let newest = if damage == "meaning" { Bytes::from_static(b"not a model") } else { artifact(NOW.plus_days(1)) };
        suite.publish(newest).await;
        if damage == "bytes" {
            let hash = Models::new(suite.objects.clone()).current().await.expect("memory").expect("a pointer").model;
            suite.objects.put(&format!("models/{hash}/model.safetensors"), "torn".into(), Condition::Always).await.expect("memory");
        }
        let (_, running) = suite.call(Method::GET, "/v1/recommendations?k=wk_1", &[], "", NOW.plus_ms(MINUTE)).await;
        assert_eq!(running["model"], before, "{damage}");
        let fresh = App::new(
            suite.records.clone(),
            suite.objects.clone(),
            Arc::new(MemorySecrets::default()),
            Config { stack: "test".into(), currency: Currency::EUR, consent: ConsentMode::OptOut },
        );
        fresh.warm(NOW).await;
        let request = http::Request::builder().uri("/v1/similar/a").body(Bytes::new()).expect("a request");
        let similar: Json = serde_json::from_slice(handle(&fresh, request, NOW).await.body()).expect("JSON");
        assert_eq!(similar["model"], before, "{damage}, started anew");
    }
}

#[tokio::test]
async fn changes_reach_lookups_within_a_minute() {
    let suite = suite().await;
    suite.get("/v1/recommendations?k=wk_1").await;
    let batch = r#"[{"id":"a","in_stock":false},{"id":"new"},{"title":"no id"},{"id":"x","price_minor":5},7]"#;
    let (status, taken) = suite.backend(Method::PUT, "/v1/catalog/items", batch).await;
    assert_eq!((status, &taken["accepted"], taken["rejected"].as_array().map(Vec::len)), (StatusCode::OK, &json!(2), Some(3)));
    assert_eq!((&taken["rejected"][1]["index"], &taken["rejected"][1]["id"]), (&json!(3), &json!("x")));
    let (status, _) = suite.backend(Method::PUT, "/v1/rules", r#"{"rules":[{"name":"hero","do":"pin","position":1,"items":["k"]}]}"#).await;
    assert_eq!(status, StatusCode::OK);
    let (_, later) = suite.call(Method::GET, "/v1/recommendations?k=wk_1&limit=100", &[], "", NOW.plus_ms(MINUTE)).await;
    let shown: Vec<&str> = later["items"].as_array().expect("items").iter().filter_map(|item| item["id"].as_str()).collect();
    assert_eq!(shown[0], "k");
    assert!(shown.contains(&"new") && !shown.contains(&"a"), "{shown:?}");
}

#[tokio::test]
async fn a_new_item_finds_those_who_deal_with_its_category() {
    let suite = suite().await;
    let batch = r#"[{"id":"a","title":"Title a","category":"Mugs"},{"id":"new","title":"A new mug","category":"Mugs"}]"#;
    suite.backend(Method::PUT, "/v1/catalog/items", batch).await;
    let shown = async |path: &str| {
        let (_, answer) = suite.call(Method::GET, path, &[], "", NOW.plus_ms(MINUTE)).await;
        let new = answer["items"].as_array().expect("items").iter().find(|item| item["id"] == "new").cloned();
        new.map(|new| new["why"].clone())
    };
    let why = json!({ "code": "new", "evidence": ["a"], "text": "New, and similar to Title a" });
    assert_eq!(shown("/v1/recommendations?k=wk_1&placement=product&item=a&limit=5").await, Some(why));
    assert_eq!(shown("/v1/recommendations?k=wk_1&placement=product&item=c&limit=5").await, None);
}

#[tokio::test]
async fn a_start_reads_what_the_catalog_says_since_training() {
    let suite = suite_with(ConsentMode::OptOut).await;
    let catalog = Catalog::new(suite.records.clone());
    // A real training would have put the first into the model; that it is missing shows that it was not read again.
    catalog.put_items(&[Item::bare(id("before"))], NOW.plus_ms(-MINUTE)).await.expect("memory");
    catalog.put_items(&[Item::bare(id("meanwhile"))], NOW).await.expect("memory");
    suite.publish(artifact(NOW)).await;
    suite.app.warm(NOW).await;
    let all = suite.get("/v1/recommendations?k=wk_1&limit=100").await;
    let shown: Vec<&str> = all["items"].as_array().expect("items").iter().filter_map(|item| item["id"].as_str()).collect();
    assert!(shown.contains(&"meanwhile") && !shown.contains(&"before"), "{shown:?}");

    // Rolled back to a model from before it, the process reads further back.
    suite.publish(artifact(NOW.plus_ms(-2 * MINUTE))).await;
    suite.app.warm(NOW).await;
    let all = suite.get("/v1/recommendations?k=wk_1&limit=100").await;
    assert!(all["items"].as_array().expect("items").iter().any(|item| item["id"] == "before"), "{all}");
}

#[tokio::test]
async fn rules_are_not_overwritten_unseen() {
    let suite = suite().await;
    let put = async |etag: &str, body: &str| {
        suite.call(Method::PUT, "/v1/rules", &[("authorization", "Bearer sk_1"), ("if-match", etag)], body, NOW).await
    };
    let (response, _) = suite.call(Method::GET, "/v1/rules", &[("authorization", "Bearer sk_1")], "", NOW).await;
    let none = response.headers()["etag"].to_str().expect("text").to_owned();
    let (written, _) = put(&none, r#"{"discovery":0.1,"rules":[]}"#).await;
    assert_eq!(written.status(), StatusCode::OK);
    assert_eq!(put(&none, "{}").await.0.status(), StatusCode::PRECONDITION_FAILED);
    assert_eq!(put(written.headers()["etag"].to_str().expect("text"), "{}").await.0.status(), StatusCode::OK);
    let (refused, error) = put("*", r#"{"rules":[{"name":"a","do":"ban"}]}"#).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert!(error["error"]["message"].as_str().is_some_and(|message| message.contains("means no item")), "{error}");
}

#[tokio::test]
async fn related_items_may_be_kept_by_anybody() {
    let suite = suite().await;
    for path in ["/v1/similar/a", "/v1/together/a"] {
        let (response, json) = suite.call(Method::GET, path, &[], "", NOW).await;
        assert_eq!(json["items"][0]["id"], "b", "{path}");
        assert_eq!(response.headers()["cache-control"], "public, max-age=300");
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        let etag = response.headers()["etag"].to_str().expect("text").to_owned();
        let (again, _) = suite.call(Method::GET, path, &[("if-none-match", &etag)], "", NOW).await;
        assert_eq!((again.status(), again.body().len()), (StatusCode::NOT_MODIFIED, 0));
    }
    assert_eq!(suite.get("/v1/similar/unknown").await["items"], json!([]));
}

#[tokio::test]
async fn the_callers_items_are_ranked() {
    let suite = suite().await;
    let body = json!({ "key": "wk_1", "item": "a", "items": ["zzz", "k", "b"] }).to_string();
    let (response, ranked) = suite.call(Method::POST, "/v1/rank", &[("content-type", "text/plain")], &body, NOW).await;
    assert_eq!(response.status(), StatusCode::OK);
    let order: Vec<&str> = ranked["items"].as_array().expect("items").iter().filter_map(|item| item["id"].as_str()).collect();
    assert_eq!(order, ["b", "k", "zzz"]);
}

#[tokio::test]
async fn a_customer_is_shown_exported_and_forgotten() {
    let suite = suite().await;
    suite.remember(ada(), &[viewed("a"), viewed("b")]).await;
    let at = Position { at: NOW, id: 1 };
    let word = Word { alias: phone(), customer: CustomerId::new("ada").expect("an id"), at, says: Says::Claimed };
    Identities::new(suite.records.clone()).hear(&[word], None).await.expect("memory");
    let contacts = Contacts::new(suite.records.clone());
    let email = Said { subject: ada(), field: "email".into(), value: "ada@example.org".into(), at: Position { at: NOW, id: 1 } };
    contacts.keep(vec![email]).await.expect("memory");

    let (status, view) = suite.backend(Method::GET, "/v1/customers/ada", "").await;
    assert_eq!((status, &view["aliases"], &view["history"]["events"]), (StatusCode::OK, &json!(1), &json!(2)));
    assert_eq!((&view["persona"]["name"], &view["history"]["recent"][0]["item"]), (&json!("unknown"), &json!("b")));
    let (_, export) = suite.backend(Method::GET, "/v1/customers/ada/export", "").await;
    assert_eq!((&export["contacts"]["c#ada"]["email"], &export["ids"]), (&json!("ada@example.org"), &json!(["c#ada", "d#phone"])));

    let (status, receipt) = suite.backend(Method::DELETE, "/v1/customers/ada", "").await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert!(contacts.get(&ada()).await.expect("memory").is_empty());
    let log = Log::new(suite.objects.clone());
    let key = log.keys(None).await.expect("memory").pop().expect("an object");
    let events = log.read(&key).await.expect("memory").expect("the object").events;
    assert!(events.iter().all(|event| event.action == Action::Erased && event.at == NOW));
    assert_eq!(events.len(), 2, "the customer and the phone");
    let (_, erasure) = suite.backend(Method::GET, &format!("/v1/erasures/{}", receipt["receipt"].as_str().expect("a receipt")), "").await;
    assert_eq!(
        (&erasure["stores"]["contacts"], &erasure["stores"]["table_recovery"]),
        (&json!("done"), &json!(format!("expires {}", NOW.plus_days(7).day())))
    );
    assert_eq!(suite.backend(Method::GET, "/v1/erasures/er_0", "").await.0, StatusCode::NOT_FOUND);
    assert_eq!(suite.backend(Method::GET, "/v1/customers/nobody", "").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn consent_is_a_log_event() {
    let suite = suite().await;
    let (status, _) =
        suite.backend(Method::PUT, "/v1/customers/ada/consent", r#"{"purposes":{"personalization":true,"marketing":false}}"#).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let log = Log::new(suite.objects.clone());
    let key = log.keys(None).await.expect("memory").pop().expect("an object");
    let events = log.read(&key).await.expect("memory").expect("the object").events;
    suite.remember(ada(), &events.into_iter().map(|event| event.action).collect::<Vec<_>>()).await;
    let (_, told) = suite.backend(Method::GET, "/v1/customers/ada/consent", "").await;
    let states = ["personalization", "marketing", "analytics"].map(|purpose| told["purposes"][purpose]["state"].as_str());
    assert_eq!(states, [Some("granted"), Some("denied"), Some("unset")]);
    let (status, error) = suite.backend(Method::PUT, "/v1/customers/ada/consent", r#"{"purposes":{"fun":true}}"#).await;
    assert_eq!((status, &error["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_body")));
}

#[tokio::test]
async fn the_live_model_tells_how_it_scored() {
    let suite = suite().await;
    let (status, model) = suite.backend(Method::GET, "/v1/models/current", "").await;
    assert_eq!((status, &model["report"]["hit_rate"]), (StatusCode::OK, &json!(0.5)));
    let page = suite.call(Method::GET, "/", &[], "", NOW).await.0;
    let html = String::from_utf8_lossy(page.body()).into_owned();
    assert!(html.contains(model["serving"].as_str().expect("a name")) && html.contains(">12<") && html.contains(">77<"), "{html}");
    assert!(!html.contains("{{") && !html.contains("src=\"http"), "nothing is left open, nothing is fetched from elsewhere");
    assert_eq!(suite.get("/openapi.json").await["openapi"], "3.0.3");
}

#[tokio::test]
async fn mistakes_are_explained() {
    let suite = suite().await;
    for (method, path, body, status, code) in [
        (Method::GET, "/v1/recommendations?k=wk_1&limit=0", "", 400, "invalid_field"),
        (Method::GET, "/v1/recommendations?k=wk_1&filter=price+%3C", "", 400, "invalid_field"),
        (Method::POST, "/v1/recommendations?k=wk_1", "{", 400, "invalid_body"),
        (Method::GET, "/v2/anything", "", 404, "not_found"),
        (Method::PATCH, "/v1/rules", "", 405, "method_not_allowed"),
        (Method::PUT, "/v1/rules", "{}", 401, "unauthorized"),
    ] {
        let (response, json) = suite.call(method, path, &[], body, NOW).await;
        assert_eq!((response.status().as_u16(), json["error"]["code"].as_str()), (status, Some(code)), "{path}: {json}");
        assert!(json["error"]["request_id"].is_string());
    }
}
