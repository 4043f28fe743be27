//! Batches, over memory.

use super::*;
use rapport_core::{event::Authority, id::CustomerId, profile::Subject};
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
        let contacts = Contacts::new(Arc::new(MemoryRecords::default()));
        Self { app: App::new(Arc::clone(&objects) as _, contacts, keys, config), objects }
    }

    /// The messages that the doors would send.
    async fn messages(&self, bodies: &[(&str, &str)]) -> Vec<Message> {
        let queue = Arc::new(MemoryQueue::default());
        let envelopes: Vec<Envelope> = bodies
            .iter()
            .map(|(route, body)| Envelope {
                route: (*route).to_owned(),
                received: NOW,
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
