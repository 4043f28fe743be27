//! The recommend function over stores in memory, and what it is asked.

use super::{
    customers::{CUSTOMERS, ITEMS, NOW},
    large_shop::item_id,
};
use bytes::Bytes;
use rapport_core::{auth::Keyring, money::Currency, profile::Profile, segment::Standing, source::ConsentMode};
use rapport_io::{
    Secrets,
    memory::{MemoryObjects, MemoryRecords, MemorySecrets},
    models::Models,
    profiles::{Ownership, Profiles},
};
use rapport_lambda::Request;
use recommend::{App, Config};
use serde_json::json;
use std::sync::Arc;

/// The function with a model and customers, over stores in memory, warm.
pub async fn app(artifact: Bytes, profiles: &[Profile]) -> App {
    let (records, objects, secrets) =
        (Arc::new(MemoryRecords::default()), Arc::new(MemoryObjects::default()), Arc::new(MemorySecrets::default()));
    let keyring = Keyring { version: 1, secret_key: "sk_1".into(), hash_key: "salt".into(), ..Keyring::default() };
    secrets.put("bench/keys", &keyring.document().expect("a document")).await.expect("memory");
    Models::new(objects.clone()).publish(artifact, "{}".into(), NOW).await.expect("memory");
    for profile in profiles {
        Profiles::new(records.clone()).put(profile, &Ownership::default(), &Standing::default(), None).await.expect("memory");
    }
    let app = App::new(records, objects, secrets, Config { stack: "bench".into(), currency: Currency::EUR, consent: ConsentMode::OptOut });
    app.warm(NOW).await;
    app
}

/// What a shop's backend asks for a product page.
pub fn request(number: usize) -> Request {
    let body = json!({ "placement": "product", "customer": format!("customer-{}", number % CUSTOMERS), "limit": 10,
        "item": item_id(number * 37 % ITEMS), "cart": [item_id(number * 11 % ITEMS)], "discovery": 0.2 });
    let request = http::Request::post("/v1/recommendations").header("authorization", "Bearer sk_1");
    request.body(body.to_string().into()).expect("a request")
}
