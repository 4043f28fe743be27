//! Batches, over memory.

use super::*;
use rapport_core::{
    event::{Action, Authority},
    id::CustomerId,
    identity::{Says, Word},
    profile::{Alias, Position, Subject},
};
use rapport_io::{
    Secrets,
    faulty::Faulty,
    inbox::Inbox,
    memory::{MemoryObjects, MemoryQueue, MemoryRecords, MemorySecrets},
};

const NOW: Timestamp = Timestamp(1_795_326_516_000);

struct House {
    app: App,
    objects: Arc<Faulty<MemoryObjects>>,
}

impl House {
    async fn new() -> Self {
        let secrets = MemorySecrets::default();
        secrets.put("local/keys", r#"{"hash_key":"0123456789abcdef"}"#).await.expect("memory");
        let objects = Arc::new(Faulty::new(MemoryObjects::default()));
        let keys = Arc::new(Keys::new(Arc::new(secrets), "local", |document| Ok(Keyring::parse(document)?)));
        let config = Config { currency: Currency::EUR, consent: ConsentMode::OptOut };
        Self { app: App::new(Arc::clone(&objects) as _, Arc::new(MemoryRecords::default()), keys, config), objects }
    }

    /// The messages that the doors would send.
    async fn messages(&self, bodies: &[(&str, &str)]) -> Vec<Message> {
        self.messages_at(bodies, NOW).await
    }

    async fn messages_at(&self, bodies: &[(&str, &str)], received: Timestamp) -> Vec<Message> {
        let queue = Arc::new(MemoryQueue::default());
        let envelopes: Vec<Envelope> = bodies
            .iter()
            .map(|(route, body)| Envelope {
                route: (*route).to_owned(),
                received,
                authority: Authority::Backend,
                headers: vec![],
                body: (*body).to_owned().into(),
            })
            .collect();
        Inbox::new(Arc::clone(&queue) as _, Arc::clone(&self.objects) as _).send(&envelopes).await.expect("memory");
        queue.take().into_iter().enumerate().map(|(number, body)| Message { id: number.to_string(), body, deliveries: 1 }).collect()
    }

    async fn logged(&self) -> Vec<rapport_core::event::Event> {
        let mut events = Vec::new();
        for key in self.app.log.keys(None).await.expect("memory") {
            events.extend(self.app.log.read(&key).await.expect("memory").expect("an object").events);
        }
        events
    }
}

const GOOD: (&str, &str) = (
    "segment/batch",
    r#"{"batch":[{"type":"identify","userId":"1","messageId":"m1","traits":{"email":"ada@example.org"}},{"type":"dance","userId":"1"}]}"#,
);
const PAGE: (&str, &str) = ("segment/page", r#"{"userId":"2","messageId":"m2"}"#);

#[tokio::test]
async fn a_batch_is_one_object_and_poison_fails_alone() {
    let house = House::new().await;
    let mut batch = house.messages(&[GOOD, ("from/tomorrow", "{}"), ("shopify", "no json"), PAGE]).await;
    batch.push(Message { id: "torn".into(), body: "{".into(), deliveries: 1 });
    assert_eq!(handle(&house.app, batch, NOW).await, [] as [String; 0]);
    assert_eq!(house.app.log.keys(None).await.expect("memory").len(), 1);
    assert_eq!(house.logged().await.len(), 2);
    let rejects = house.app.rejects.keys(None).await.expect("memory");
    assert_eq!(rejects.len(), 4, "a strange type, a strange route, no JSON, a torn message");
    let customer = Subject::Customer(CustomerId::new("1").expect("an id"));
    let contact = house.app.contacts.get(&customer).await.expect("memory");
    assert_eq!(contact.get("email").map(String::as_str), Some("ada@example.org"));
}

#[tokio::test]
async fn a_batch_that_comes_again_adds_nothing_new() {
    let house = House::new().await;
    let batch = house.messages(&[GOOD, PAGE]).await;
    handle(&house.app, batch.clone(), NOW).await;
    handle(&house.app, batch, NOW).await;
    let ids: std::collections::BTreeSet<String> = house.logged().await.iter().map(|event| event.id.to_string()).collect();
    assert_eq!(ids.into_iter().collect::<Vec<_>>(), ["s:m1", "s:m2"]);
}

#[tokio::test]
async fn what_cannot_be_stored_comes_again() {
    let house = House::new().await;
    let batch = house.messages(&[PAGE, ("segment/page", r#"{"userId":"3"}"#)]).await;
    house.objects.fail(true);
    let mut failed = handle(&house.app, batch.clone(), NOW).await;
    failed.sort();
    assert_eq!(failed, ["0", "1"]);
    house.objects.fail(false);
    assert_eq!(handle(&house.app, batch, NOW).await, [] as [String; 0]);
    assert_eq!(house.logged().await.len(), 2);
}

/// Staff is told by what the body says; the mark is stored with the event, so every fold sees the same.
#[tokio::test]
async fn what_the_shops_own_people_do_is_marked_in_the_log() {
    let mut house = House::new().await;
    let secrets = MemorySecrets::default();
    let keys = r#"{"hash_key":"0123456789abcdef","insiders":{"customers":["9"],"domains":["shop.example"]}}"#;
    secrets.put("local/keys", keys).await.expect("memory");
    house.app.keys = Arc::new(Keys::new(Arc::new(secrets), "local", |document| Ok(Keyring::parse(document)?)));
    let order = |id: u32, email: &str| {
        format!(
            r#"{{"id":{id},"order_number":{id},"created_at":"2026-11-01T00:00:00Z","email":"{email}","line_items":[{{"id":1,"product_id":5,"price":"1.00","quantity":1}}]}}"#
        )
    };
    let bodies = [
        ("shopify", order(1, "Boss@Shop.example")),
        ("shopify", order(2, "ada@example.org")),
        ("segment/page", r#"{"userId":"9","messageId":"m1"}"#.to_owned()),
        ("segment/page", r#"{"userId":"8","messageId":"m2"}"#.to_owned()),
    ];
    let bodies: Vec<(&str, &str)> = bodies.iter().map(|(route, body)| (*route, body.as_str())).collect();
    handle(&house.app, house.messages(&bodies).await, NOW).await;
    let mut logged: Vec<(String, bool)> =
        house.logged().await.iter().map(|event| (event.id.to_string(), event.traffic == rapport_core::event::Traffic::Internal)).collect();
    logged.sort();
    let internal: Vec<&str> = logged.iter().filter(|(_, internal)| *internal).map(|(id, _)| id.as_str()).collect();
    assert_eq!(logged.len(), 4, "{logged:?}");
    assert!(internal.len() == 2 && internal[0] == "s:m1" && internal[1].starts_with("shopify:1:"), "{logged:?}");
}

const REDACT: (&str, &str) = (
    "shopify",
    r#"{"shop_id":1,"shop_domain":"a.example","customer":{"id":7,"email":"ada@example.org","phone":"+49 151 2345 6789"},"orders_to_redact":[]}"#,
);

/// As `DELETE /v1/customers/{id}`: contacts at once, a log event for every id that is theirs, a receipt.
#[tokio::test]
async fn a_redaction_forgets_every_id_of_the_customer_once() {
    let house = House::new().await;
    let identify = (
        "segment/identify",
        r#"{"userId":"7","anonymousId":"d1","messageId":"m1","timestamp":"2026-11-01T00:00:00Z","traits":{"email":"ada@example.org","phone":"1"}}"#,
    );
    handle(&house.app, house.messages(&[identify]).await, NOW).await;
    let customer = CustomerId::new("7").expect("an id");
    let device: Alias = Subject::parse("d#d1").expect("a subject");
    let at = Position { at: Timestamp(1), id: 1 };
    let word = Word { alias: device.clone(), customer: customer.clone(), at, says: Says::Claimed };
    house.app.identities.hear(&[word], None).await.expect("memory");

    handle(&house.app, house.messages(&[REDACT]).await, NOW).await;
    let year = 365 * 86_400_000;
    let back = ("segment/identify", r#"{"userId":"7","messageId":"m2","timestamp":"2027-01-01T00:00:00Z","traits":{"phone":"2"}}"#);
    handle(&house.app, house.messages_at(&[back], NOW.plus_ms(year)).await, NOW.plus_ms(year)).await;
    handle(&house.app, house.messages_at(&[REDACT], NOW.plus_ms(year)).await, NOW.plus_ms(year)).await;

    let erased: Vec<_> = house.logged().await.into_iter().filter(|event| event.action == Action::Erased).collect();
    let ids: std::collections::BTreeSet<_> = erased.iter().map(|event| event.id.to_string()).collect();
    assert_eq!(ids.len(), 4, "the customer, the address, the number, the device: {ids:?}");
    let number = rapport_core::auth::personal::phone("0123456789abcdef", "+4915123456789");
    assert!(erased.iter().any(|event| event.who.phone == number && number.is_some()), "{erased:?}");
    assert!(erased.iter().all(|event| event.at == NOW), "played again, it is still the erasure of that day");
    let contact = house.app.contacts.get(&Subject::Customer(customer)).await.expect("memory");
    assert_eq!(contact.into_iter().collect::<Vec<_>>(), [("phone".to_owned(), "2".to_owned())]);
    let receipt =
        erased.first().and_then(|event| event.id.as_str().strip_prefix("erase-")?.rsplit_once('-').map(|(receipt, _)| receipt.to_owned()));
    let receipt = house.app.contacts.receipt(&receipt.expect("a receipt's name")).await.expect("memory").expect("a receipt");
    assert_eq!(receipt.requested, NOW);
}

#[tokio::test]
async fn what_a_platform_tells_of_its_products_is_in_the_catalog() {
    let house = House::new().await;
    let product = (
        "shopify",
        r#"{"id":1,"title":"Loaf","updated_at":"2026-11-20T00:00:00Z","published_at":"2026-11-01T00:00:00Z","status":"active",
            "variants":[{"id":2,"inventory_item_id":3,"inventory_quantity":4,"price":"2.50"}]}"#,
    );
    let sold_out = ("shopify", r#"{"inventory_item_id":3,"location_id":9,"available":0,"updated_at":"2026-11-21T00:00:00Z"}"#);
    let mut stock = Vec::new();
    for delivery in [product, sold_out, product] {
        handle(&house.app, house.messages(&[delivery]).await, NOW).await;
        let items = house.app.catalog.items().await.expect("memory");
        stock.push((items[0].price_minor, items[0].in_stock));
    }
    assert_eq!(stock, [(Some(250), true), (Some(250), false), (Some(250), false)], "an old telling does not bring it back");
}
