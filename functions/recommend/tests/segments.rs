//! Segments over HTTP: the list with sizes, members page by page and as CSV, definitions, previews, the customer's view.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

use bytes::Bytes;
use http::{Method, StatusCode, header};
use rapport_core::{
    auth::Keyring,
    event::{Action, Authority, Event, OrderLine, Product, Traffic, Who},
    id::{CustomerId, EventId, ItemId, OrderId},
    model::Draft,
    money::Currency,
    persona::{Archetype, Card, Cloud, Fit, MEASURES, Persona, Personas, Scale, THEMES, ThemeScale},
    profile::{Profile, Subject, refold},
    segment::{Membership, Standing},
    source::ConsentMode,
    time::Timestamp,
};
use rapport_io::{
    Secrets,
    memory::{MemoryObjects, MemoryRecords, MemorySecrets},
    models::Models,
    profiles::{Ownership, Profiles},
};
use rapport_lambda::Response;
use recommend::{App, Config, handle};
use serde_json::{Value as Json, json};
use std::sync::Arc;

const NOW: Timestamp = Timestamp(1_795_348_800_000);

struct Shop {
    app: App,
    objects: Arc<MemoryObjects>,
    records: Arc<MemoryRecords>,
}

/// Customers `c000` … with as many orders as their number, at most three.
async fn shop(customers: usize) -> Shop {
    let records = Arc::new(MemoryRecords::default());
    let secrets = Arc::new(MemorySecrets::default());
    let keyring =
        Keyring { version: 1, write_key: "wk_1".into(), secret_key: "sk_1".into(), hash_key: "salt".into(), ..Keyring::default() };
    secrets.put("test/keys", &keyring.document().expect("a document")).await.expect("memory");
    let config = Config { stack: "test".into(), currency: Currency::EUR, consent: ConsentMode::OptOut };
    let objects = Arc::new(MemoryObjects::default());
    let app = App::new(records.clone(), objects.clone(), secrets, config);
    let profiles = Profiles::new(records.clone());
    for number in 0..customers {
        let events: Vec<Event> = (0..number.clamp(1, 3)).map(|order| bought(number, order)).collect();
        profiles.put(&refold(customer(number), &events), &Ownership::default(), &Standing::default(), None).await.expect("memory");
    }
    Shop { app, objects, records }
}

fn customer(number: usize) -> Subject {
    Subject::Customer(CustomerId::new(&format!("c{number:03}")).expect("an id"))
}

fn bought(number: usize, order: usize) -> Event {
    Event {
        id: EventId::new(&format!("e{number}-{order}")).expect("an id"),
        at: NOW.plus_days(-(order as i64)),
        authority: Authority::Backend,
        source: "test".into(),
        who: Who { customer: CustomerId::new(&format!("c{number:03}")).ok(), ..Who::default() },
        traffic: Traffic::Human,
        action: Action::Ordered(OrderLine {
            order: OrderId::new(&format!("o{number}-{order}")).expect("an id"),
            version: Timestamp(0),
            product: Some(Product::bare(ItemId::new("tin").expect("an id"))),
            quantity: 1,
            paid_minor: 1_000,
            discount_minor: 0,
            currency: Currency::EUR,
            cancelled: false,
        }),
    }
}

impl Shop {
    async fn call(&self, method: Method, path: &str, headers: &[(header::HeaderName, &str)], body: &str) -> (Response, Json) {
        let request = http::Request::builder().method(method).uri(path).header(header::AUTHORIZATION, "Bearer sk_1");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, *value));
        let request = request.body(Bytes::copy_from_slice(body.as_bytes())).expect("a request");
        let response = handle(&self.app, request, NOW).await;
        let json = serde_json::from_slice(response.body()).unwrap_or(Json::Null);
        (response, json)
    }

    /// Puts the first `members` customers into the segment `loyal`.
    async fn fill(&self, members: usize) {
        for number in 0..members {
            self.put_loyal(customer(number)).await;
        }
    }
}

/// Also where nothing is known of them: a list of members asks no profile.
impl Shop {
    async fn put_loyal(&self, subject: Subject) {
        let memberships = vec![Membership { segment: "loyal".into(), since: NOW }];
        let standing = Standing { memberships, ..Standing::default() };
        Profiles::new(self.records.clone()).put(&Profile::new(subject), &Ownership::default(), &standing, None).await.expect("memory");
    }
}

fn ids(page: &Json) -> Vec<String> {
    page["members"].as_array().into_iter().flatten().filter_map(|member| member["id"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn members_come_page_by_page_each_once() {
    let shop = shop(0).await;
    shop.fill(523).await;
    for limit in [1_000, 100, 7] {
        let (mut members, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let more = cursor.as_deref().map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
            let (response, page) = shop.call(Method::GET, &format!("/v1/segments/loyal/members?limit={limit}{more}"), &[], "").await;
            assert_eq!(response.status(), StatusCode::OK, "{page}");
            assert!(ids(&page).len() <= limit);
            members.extend(ids(&page));
            cursor = page["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        members.sort();
        let expected: Vec<String> = (0..523).map(|number| format!("c{number:03}")).collect();
        assert_eq!(members, expected, "limit {limit}");
    }
    let (_, list) = shop.call(Method::GET, "/v1/segments", &[], "").await;
    let size =
        |name: &str| list["segments"].as_array().into_iter().flatten().find(|one| one["name"] == name).map(|one| one["size"].clone());
    assert_eq!((size("loyal"), size("lapsed")), (Some(json!(523)), Some(json!(0))));
}

#[tokio::test]
async fn members_are_a_table_where_that_is_asked_for() {
    let shop = shop(0).await;
    shop.fill(2).await;
    let formula = Subject::Customer(CustomerId::new("=1+1,\"x\"").expect("an id"));
    shop.put_loyal(formula).await;
    let (response, _) = shop.call(Method::GET, "/v1/segments/loyal/members", &[(header::ACCEPT, "text/csv")], "").await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    let text = String::from_utf8_lossy(response.body()).into_owned();
    let mut lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.remove(0), "id,kind,since");
    lines.sort_unstable();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("\"'=1+1,\"\"x\"\"\",customer,") && lines[1].starts_with("c000,customer,2026-"), "{lines:?}");
    let (nobody, _) = shop.call(Method::GET, "/v1/segments/nobody/members", &[], "").await;
    let (odd, told) = shop.call(Method::GET, "/v1/segments/loyal/members?cursor=odd", &[], "").await;
    assert_eq!(
        (nobody.status(), odd.status(), &told["error"]["field"]),
        (StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST, &json!("cursor"))
    );
}

#[tokio::test]
async fn definitions_are_explained_and_not_overwritten_unseen() {
    let shop = shop(0).await;
    let put = async |name: &str, headers: &[(header::HeaderName, &str)], body: Json| {
        shop.call(Method::PUT, &format!("/v1/segments/{name}"), headers, &body.to_string()).await
    };
    let (refused, told) = put("uk", &[], json!({ "rule": "trait.country = GB" })).await;
    assert_eq!((refused.status(), &told["error"]["field"]), (StatusCode::BAD_REQUEST, &json!("rule")));
    let message = told["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("expected a value at character 17 of the rule, found `GB`"), "{message}");
    let (misnamed, told) = put("UK", &[], json!({ "rule": "orders > 0" })).await;
    assert_eq!((misnamed.status(), &told["error"]["field"]), (StatusCode::BAD_REQUEST, &json!("name")));

    let (first, told) = put("uk", &[(header::IF_MATCH, "\"0\"")], json!({ "rule": "trait.country = \"GB\"", "title": "Britain" })).await;
    assert_eq!((first.status(), first.headers()[header::ETAG].as_bytes()), (StatusCode::OK, &b"\"1\""[..]), "{told}");
    let (late, _) = put("uk", &[(header::IF_MATCH, "\"0\"")], json!({ "rule": "orders > 0" })).await;
    assert_eq!(late.status(), StatusCode::PRECONDITION_FAILED);
    let (second, _) = put("loyal", &[(header::IF_MATCH, "\"1\"")], json!({ "rule": "orders > 5", "active": false })).await;
    assert_eq!(second.status(), StatusCode::OK);

    let (listed, list) = shop.call(Method::GET, "/v1/segments", &[], "").await;
    assert_eq!(listed.headers()[header::ETAG], "\"2\"");
    let named = |name: &str| list["segments"].as_array().into_iter().flatten().find(|one| one["name"] == name).cloned().unwrap_or_default();
    assert_eq!((&named("uk")["title"], &named("uk")["ready"]), (&json!("Britain"), &json!(false)));
    assert_eq!((&named("loyal")["active"], &named("loyal")["title"]), (&json!(false), &json!("Loyal")));
    assert_eq!(named("lapsed")["ready"], true);
}

#[tokio::test]
async fn a_rule_is_tried_before_it_is_saved() {
    let shop = shop(250).await;
    let body = json!({ "rule": "orders >= 3", "limit": 2 }).to_string();
    let (response, told) = shop.call(Method::POST, "/v1/segments/preview", &[], &body).await;
    assert_eq!(response.status(), StatusCode::OK, "{told}");
    assert_eq!((&told["count"], &told["looked_at"], &told["complete"]), (&json!(247), &json!(250), &json!(true)));
    assert_eq!(told["sample"].as_array().map(Vec::len), Some(2));
    assert_eq!(told["sample"][0]["evidence"], json!(["orders >= 3 (3)"]));
    let (refused, _) = shop.call(Method::POST, "/v1/segments/preview", &[], r#"{"rule":"orders >="}"#).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_customer_sees_where_they_belong_and_why() {
    let shop = shop(5).await;
    let (response, view) = shop.call(Method::GET, "/v1/customers/c004", &[], "").await;
    assert_eq!(response.status(), StatusCode::OK, "{view}");
    let segments: Vec<&str> = view["segments"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    assert!(segments.contains(&"new_customers") && !segments.contains(&"lapsed"), "{segments:?}");
    let membership = view["memberships"].as_array().into_iter().flatten().find(|one| one["segment"] == "new_customers").cloned();
    let membership = membership.unwrap_or_default();
    assert_eq!(membership["evidence"], json!(["days_since_first_order <= 30 (2)"]));
    assert_eq!(membership["next_change_at"], json!(NOW.plus_days(29).to_string()), "31 days after the first order");
}

#[tokio::test]
async fn a_rule_that_names_a_persona_nobody_is_says_which_there_are() {
    let put = async |shop: &Shop, rule: &str| {
        let body = json!({ "rule": rule }).to_string();
        shop.call(Method::PUT, "/v1/segments/seekers", &[], &body).await
    };
    let (response, _) = put(&shop(1).await, "persona = \"p7\"").await;
    assert_eq!(response.status(), StatusCode::OK, "before the first training a shop may plan ahead");
    let persona = Persona {
        id: "p2".into(),
        name: "Discount Seeker".to_owned(),
        archetype: Some(Archetype::DiscountSeeker),
        cloud: Cloud { weight: 1.0, variance: 1.0, centre: vec![0.0; THEMES] },
        card: Card::default(),
    };
    let personas = Personas {
        scales: vec![Scale { usual: 0.5, median: 0.0, spread: 0.2 }; MEASURES],
        themes: vec![ThemeScale { median: 0.0, spread: 1.0, speaks: true }; THEMES],
        personas: vec![persona],
        fit: Fit::default(),
        history: Vec::new(),
    };
    let artifact = Draft { personas: Some(personas), ..Draft::empty(NOW, Currency::EUR) }.to_bytes().expect("an artifact").0;
    let shop = shop(1).await;
    Models::new(shop.objects.clone()).publish(artifact.into(), "{}".into(), NOW).await.expect("published");
    let (response, error) = put(&shop, "orders > 1 and persona in (\"discount_seeker\", \"p7\")").await;
    assert_eq!((response.status(), &error["error"]["field"]), (StatusCode::BAD_REQUEST, &json!("rule")), "{error}");
    let said = error["error"]["message"].as_str().unwrap_or_default();
    assert!(said.contains("the shop has no persona \"p7\"; there are \"p2\" (Discount Seeker)"), "{said}");
    let body = json!({ "rule": "persona = \"p7\"" }).to_string();
    let (response, _) = shop.call(Method::POST, "/v1/segments/preview", &[], &body).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(put(&shop, "persona = \"discount_seeker\" or persona = \"P2\"").await.0.status(), StatusCode::OK);
}
