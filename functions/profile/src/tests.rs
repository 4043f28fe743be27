//! What a crash, a race or a dead letter could lose, over memory. `infra/simulation` looks for more of them.

use super::*;
use async_trait::async_trait;
use bytes::Bytes;
use rapport_core::{
    event::{Action, Authority, Event, Traffic, Who},
    id::{CustomerId, DeviceId, EventId},
    identity::words,
    profile::{Profile, Subject},
};
use rapport_io::{
    Condition, Stored,
    memory::{MemoryObjects, MemoryRecords},
};

const NOW: Timestamp = Timestamp(1_795_326_516_000);
const CONFIG: Config = Config { currency: Currency::EUR, consent: ConsentMode::OptOut };

struct House {
    app: App,
    objects: Arc<MemoryObjects>,
    records: Arc<MemoryRecords>,
}

impl House {
    fn new() -> Self {
        let (objects, records) = (Arc::new(MemoryObjects::default()), Arc::new(MemoryRecords::default()));
        Self { app: App::new(objects.clone(), records.clone(), CONFIG), objects, records }
    }

    async fn log(&self, events: &[Event]) -> String {
        self.app.log.append(events, NOW).await.expect("memory")
    }

    async fn fold(&self, key: &str) {
        let body = format!(r#"{{"Records":[{{"s3":{{"object":{{"key":"{key}"}}}}}}]}}"#);
        assert!(handle(&self.app, vec![Message { id: "1".into(), body, deliveries: 1 }], NOW).await.is_empty());
    }

    async fn events(&self, subject: &str) -> u64 {
        let subject = Subject::parse(subject).expect("a subject");
        let stored = self.app.profiles.get(&[subject], true).await.expect("memory").pop().flatten();
        stored.map_or(0, |stored| stored.profile.expect("readable").whole().events)
    }
}

/// An event of `customer`, on `device`, of either, or of both, `at` milliseconds after the start of all.
fn event(at: i64, customer: Option<&str>, device: Option<&str>, action: Action) -> Event {
    let who = Who {
        customer: customer.and_then(|id| CustomerId::new(id).ok()),
        device: device.and_then(|id| DeviceId::new(id).ok()),
        ..Who::default()
    };
    Event {
        id: EventId::new(&format!("e{at}")).expect("an id"),
        at: Timestamp(at),
        authority: Authority::Backend,
        source: "test".into(),
        who,
        traffic: Traffic::Human,
        action,
    }
}

fn viewed(at: i64, customer: Option<&str>, device: Option<&str>) -> Event {
    event(at, customer, device, Action::CheckoutStarted)
}

#[tokio::test]
async fn who_dies_after_a_link_was_recorded_loses_no_past() {
    let house = House::new();
    let key = house.log(&[viewed(1, None, Some("phone"))]).await;
    house.fold(&key).await;
    let login = viewed(2, Some("ada"), Some("phone"));
    let key = house.log(std::slice::from_ref(&login)).await;
    // The first delivery came so far, and no further.
    house.app.identities.hear(&words(&login), Some(&key)).await.expect("memory");
    house.fold(&key).await;
    assert_eq!(house.events("c#ada").await, 2, "the login, and what was done on the phone before");
}

#[tokio::test]
async fn what_a_young_device_did_goes_to_its_owner_without_a_look_into_the_log() {
    let house = House::new();
    let key = house.log(&[viewed(1, None, Some("phone"))]).await;
    house.fold(&key).await;
    house.app.log.delete(&key).await.expect("memory");
    let key = house.log(&[viewed(2, Some("ada"), Some("phone"))]).await;
    house.fold(&key).await;
    assert_eq!((house.events("d#phone").await, house.events("c#ada").await), (1, 2));
}

#[tokio::test]
async fn a_row_of_the_release_before_is_folded_anew_with_its_owner() {
    let house = House::new();
    let login = viewed(1, Some("ada"), Some("phone"));
    house.fold(&house.log(std::slice::from_ref(&login)).await).await;
    let phone = Subject::parse("d#phone").expect("a subject");
    let body = Profile::new(phone.clone()).to_bytes().expect("bytes").into();
    let old = rapport_io::Record {
        key: rapport_io::RecordKey::alone(phone.to_string()),
        version: 0,
        body,
        expires: None,
        changed: None,
        beside: None,
    };
    house.records.put(rapport_io::layout::Table::Profiles, old, Condition::Always).await.expect("memory");
    house.fold(&house.log(&[viewed(2, None, Some("phone"))]).await).await;
    assert_eq!((house.events("d#phone").await, house.events("c#ada").await), (1, 2));
}

#[tokio::test]
async fn whoever_is_refolded_may_be_somebodys_alias() {
    let house = House::new();
    let merged = event(5, Some("eve"), None, Action::Aliased { previous: "ada".into() });
    let key = house.log(&[merged, viewed(6, Some("bob"), Some("phone")), viewed(7, None, Some("phone"))]).await;
    house.fold(&key).await;
    // An earlier word gives the phone to ada, who is refolded, and is an alias of eve.
    let key = house.log(&[viewed(4, Some("ada"), Some("phone"))]).await;
    house.fold(&key).await;
    assert_eq!((house.events("c#ada").await, house.events("c#bob").await, house.events("c#eve").await), (2, 1, 3));
    assert_eq!(replay(&house.app, None).await.expect("memory").differing, []);
}

/// The shop rules that `alias` and `customer` are one, or are not.
fn ruled(at: i64, customer: &str, alias: &str, is_one: bool) -> Event {
    let alias = Subject::parse(alias).expect("a subject");
    Event { traffic: Traffic::Internal, ..event(at, Some(customer), None, Action::Ruled { alias, is_one }) }
}

#[tokio::test]
async fn what_is_unmerged_is_folded_anew_on_both_sides_and_so_when_it_is_taken_back() {
    let house = House::new();
    let past = [viewed(1, None, Some("phone")), viewed(2, Some("ada"), Some("phone")), viewed(3, Some("bob"), Some("phone"))];
    house.fold(&house.log(&past).await).await;
    assert_eq!((house.events("c#ada").await, house.events("c#bob").await), (2, 1), "ada was first");
    house.fold(&house.log(&[ruled(4, "ada", "d#phone", false)]).await).await;
    assert_eq!((house.events("c#ada").await, house.events("c#bob").await), (1, 2), "the next in line");
    house.fold(&house.log(&[viewed(5, Some("ada"), Some("phone")), viewed(6, None, Some("phone"))]).await).await;
    assert_eq!((house.events("c#ada").await, house.events("c#bob").await), (2, 3), "a sign-in does not undo it");
    house.fold(&house.log(&[ruled(7, "ada", "d#phone", true)]).await).await;
    assert_eq!((house.events("c#ada").await, house.events("c#bob").await), (4, 1));
    assert_eq!(replay(&house.app, None).await.expect("memory").differing, []);
}

#[tokio::test]
async fn what_too_many_sign_in_on_is_nobodys_and_neither_is_its_past() {
    let house = House::new();
    house.fold(&house.log(&[viewed(1, None, Some("till"))]).await).await;
    for (at, customer, first_has) in [(2, "ada", 2), (3, "bob", 2), (4, "eve", 2), (5, "joe", 1)] {
        house.fold(&house.log(&[viewed(at, Some(customer), Some("till"))]).await).await;
        assert_eq!(house.events("c#ada").await, first_has, "after {customer}");
    }
    house.fold(&house.log(&[viewed(6, None, Some("till"))]).await).await;
    assert_eq!((house.events("d#till").await, house.events("c#ada").await), (2, 1));
    assert_eq!(replay(&house.app, None).await.expect("memory").differing, []);
}

#[tokio::test]
async fn what_is_done_under_an_id_goes_all_the_way_up() {
    let house = House::new();
    let merged = |at: i64, from: &str, into: &str| event(at, Some(into), None, Action::Aliased { previous: from.into() });
    house.fold(&house.log(&[viewed(1, None, Some("phone")), viewed(2, Some("ada"), Some("phone"))]).await).await;
    house.fold(&house.log(&[merged(3, "ada", "bob"), merged(4, "bob", "eve")]).await).await;
    let counts = async || (house.events("c#ada").await, house.events("c#bob").await, house.events("c#eve").await);
    assert_eq!(counts().await, (2, 3, 4));
    // What comes now is handed on from row to row, without a look into the log.
    for key in house.app.log.keys(None).await.expect("memory") {
        house.app.log.delete(&key).await.expect("memory");
    }
    house.fold(&house.log(&[viewed(5, None, Some("phone")), viewed(6, Some("bob"), None)]).await).await;
    assert_eq!(counts().await, (3, 5, 6));
}

#[tokio::test]
async fn a_ring_of_merges_has_a_top() {
    let house = House::new();
    let merged = |at: i64, from: &str, into: &str| event(at, Some(into), None, Action::Aliased { previous: from.into() });
    house.fold(&house.log(&[viewed(1, Some("ada"), None), merged(2, "ada", "bob"), merged(3, "bob", "eve")]).await).await;
    house.fold(&house.log(&[merged(4, "eve", "ada")]).await).await;
    assert_eq!((house.events("c#ada").await, house.events("c#bob").await, house.events("c#eve").await), (2, 3, 4));
    // An older word closes the ring elsewhere: bob was told to be eve last.
    let house = House::new();
    house.fold(&house.log(&[viewed(1, Some("ada"), None), merged(3, "ada", "bob"), merged(4, "bob", "eve")]).await).await;
    house.fold(&house.log(&[merged(2, "eve", "ada")]).await).await;
    assert_eq!((house.events("c#ada").await, house.events("c#bob").await, house.events("c#eve").await), (3, 4, 1));
    assert_eq!(replay(&house.app, None).await.expect("memory").differing, []);
}

#[tokio::test]
async fn a_dead_letter_is_folded_although_its_object_is_archived() {
    let house = House::new();
    let events = [viewed(1, Some("ada"), None)];
    let key = house.log(&events).await;
    house.app.archive.write(&NOW.day(), events.to_vec()).await.expect("memory");
    house.app.log.delete(&key).await.expect("memory");
    house.fold(&key).await;
    assert_eq!(house.events("c#ada").await, 1);
}

#[tokio::test]
async fn an_emptied_profile_goes_on_counting_its_writes() {
    let house = House::new();
    let key = house.log(&[viewed(1, None, Some("phone"))]).await;
    house.fold(&key).await;
    let subject = Subject::parse("d#phone").expect("a subject");
    house.app.log.delete(&key).await.expect("memory");
    house.app.identities.ask_refold(&subject, "test").await.expect("memory");
    run(&house.app, Job::Refold, NOW).await.expect("memory");
    let stored = house.app.profiles.get(std::slice::from_ref(&subject), true).await.expect("memory").pop().flatten().expect("a row");
    assert_eq!((stored.version, stored.profile.expect("readable")), (2, Profile::new(subject)));
    assert_eq!(replay(&house.app, None).await.expect("memory").differing, []);
}

/// A bucket in which everything is archived at the moment that somebody lists the log.
struct Moving(Arc<MemoryObjects>);

#[async_trait]
impl Objects for Moving {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        self.0.get(key).await
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<String, StoreError> {
        self.0.put(key, body, condition).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StoreError> {
        if prefix == "log/" {
            let (log, archive) = (rapport_io::log::Log::new(self.0.clone()), Archive::new(self.0.clone()));
            for key in log.keys(None).await? {
                let events = log.read(&key).await?.map(|object| object.events).unwrap_or_default();
                archive.write(&NOW.day(), events).await.expect("memory");
                log.delete(&key).await?;
            }
        }
        self.0.list(prefix, after).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.0.delete(key).await
    }
}

#[tokio::test]
async fn what_is_archived_while_somebody_reads_is_read() {
    let house = House::new();
    house.log(&[viewed(1, Some("ada"), None)]).await;
    let app = App::new(Arc::new(Moving(Arc::clone(&house.objects))), Arc::new(MemoryRecords::default()), CONFIG);
    let ada = Subject::parse("c#ada").expect("a subject");
    app.identities.ask_refold(&ada, "test").await.expect("memory");
    assert_eq!(run(&app, Job::Refold, NOW).await.expect("memory"), Ran::Refolded(Refolded { subjects: 1, changed: 1 }));
}

/// Some days' people, each with their whole history: a wrong profile of somebody who was not there is another day's.
#[tokio::test]
async fn a_span_of_days_is_replayed_for_those_who_were_there() {
    let house = House::new();
    let day = |day: i64| day * 86_400_000;
    let told = [
        viewed(day(1), Some("ada"), None),
        viewed(day(9), Some("ada"), None),
        viewed(day(2), Some("bob"), None),
        viewed(day(5), None, Some("phone")),
        viewed(day(20), Some("eve"), Some("phone")),
    ];
    house.fold(&house.log(&told).await).await;
    for name in ["c#ada", "c#bob", "c#eve"] {
        let mut stored = house.app.profiles.get(&[Subject::parse(name).expect("a subject")], true).await.expect("memory");
        let stored = stored.pop().flatten().expect("a row");
        let wrong = Profile::new(Subject::parse(name).expect("a subject")).to_bytes().expect("bytes");
        let key = rapport_io::RecordKey::alone(name.to_owned());
        let row = rapport_io::Record { key, version: stored.version, body: wrong.into(), expires: None, changed: None, beside: None };
        house.records.put(rapport_io::layout::Table::Profiles, row, Condition::Always).await.expect("memory");
    }
    let differing = async |from: i64, to: i64, mend: bool| {
        let replayed =
            replay_span(&house.app, Timestamp(day(from))..=Timestamp(day(to + 1) - 1), mend.then_some(NOW)).await.expect("memory");
        let mut names: Vec<String> = replayed.differing.iter().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(differing(1, 1, false).await, ["c#ada"]);
    assert_eq!(differing(3, 4, false).await, [] as [&str; 0]);
    assert_eq!(differing(5, 5, false).await, ["c#eve"], "the phone that was there is eve's today");
    assert_eq!(differing(9, 9, true).await, ["c#ada"]);
    assert_eq!(house.events("c#ada").await, 2, "mended with what was done on other days, too");
    assert_eq!(differing(0, 30, false).await, ["c#bob", "c#eve"], "and nobody else was");
}
