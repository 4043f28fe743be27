//! Standings beside the profiles: moved by folds, by time, by definitions; written only when something changes.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

use profile::{App, Config, Ran, Swept, handle, run};
use rapport_core::{
    event::{Action, Authority, Consent, Event, OrderLine, Product, Purpose, Traffic, Who},
    id::{ContactHash, CustomerId, EventId, ItemId, OrderId},
    model::Draft,
    money::Currency,
    prediction::{BgNbd, Blend, GammaGamma, Horizon, Outlook, ParetoNbd, Shares},
    profile::Subject,
    segment::{Rule, Segment, Standing, ready},
    source::ConsentMode,
    time::Timestamp,
};
use rapport_io::{
    counting::Counting,
    log::Log,
    memory::{MemoryObjects, MemoryRecords},
    models::Models,
    profiles::Versioned,
    segments::SegmentStore,
};
use rapport_lambda::{Job, Message};
use std::sync::Arc;

const NOW: Timestamp = Timestamp(1_795_348_800_000);
/// Folds that began before have ended by then.
const LATER_MS: i64 = 180_000;

struct Shop {
    app: App,
    log: Log,
    store: SegmentStore,
    records: Arc<Counting<MemoryRecords>>,
    models: Models,
}

/// With these segments of its own and none of the ready ones.
async fn shop(rules: &[(&str, &str)]) -> Shop {
    let objects = Arc::new(MemoryObjects::default());
    let records = Arc::new(Counting::new(MemoryRecords::default()));
    let config = Config { currency: Currency::EUR, consent: ConsentMode::OptOut };
    let shop = Shop {
        app: App::new(objects.clone(), records.clone(), config),
        log: Log::new(objects.clone()),
        models: Models::new(objects),
        store: SegmentStore::new(records.clone()),
        records,
    };
    shop.define(rules).await;
    shop
}

impl Shop {
    async fn define(&self, rules: &[(&str, &str)]) {
        let silent = ready().into_iter().map(|segment| Segment { active: false, ..segment });
        let own = rules.iter().map(|(name, rule)| {
            let rule = Rule::parse(rule).expect("a rule");
            Segment { name: (*name).into(), title: String::new(), description: String::new(), rule, active: true }
        });
        let version = self.store.definitions().await.expect("memory").version;
        self.store.put_definitions(silent.chain(own).collect(), version).await.expect("memory");
    }

    /// What a training publishes that expects customers to come back at `rate`: 1 is as CDNOW's do.
    async fn train(&self, rate: f64, now: Timestamp) {
        let blend = || Blend { shares: Shares { bg_nbd: 0.5, pareto_nbd: 0.5, regression: 0.0 }, regression: None, spread: 0.3 };
        let outlook = Outlook {
            bg_nbd: BgNbd { r: 0.243 * rate, alpha_days: 30.9, a: 0.793, b: 2.426 },
            pareto_nbd: ParetoNbd { r: 0.553 * rate, alpha_days: 74.0, s: 0.606, beta_days: 81.7 },
            spend: GammaGamma { p: 6.25, q: 3.74, v_minor: 1_544.0 },
            learned_from: 2_357,
            usual: None,
            horizons: vec![Horizon { days: 30, season: 0.0, count: blend(), chance: blend(), base: None, calibration: None, unsure: 0.0 }],
        };
        let artifact = Draft { outlook: Some(outlook), ..Draft::empty(now, Currency::EUR) }.to_bytes().expect("an artifact").0;
        self.models.publish(artifact.into(), "{}".into(), now).await.expect("memory");
    }

    /// Folds the events as one object, delivered at `now`.
    async fn fold(&self, events: &[Event], now: Timestamp) {
        let key = self.log.append(events, now).await.expect("memory").replace('=', "%3D");
        let body = format!(
            r#"{{"Records":[{{"eventName":"ObjectCreated:Put","s3":{{"bucket":{{"name":"shop"}},"object":{{"key":"{key}"}}}}}}]}}"#
        );
        let failed = handle(&self.app, vec![Message { id: "m".into(), body, deliveries: 1 }], now).await;
        assert!(failed.is_empty(), "the object is folded");
    }

    async fn sweep(&self, now: Timestamp) -> Swept {
        match run(&self.app, Job::Segments, now).await.expect("memory") {
            Ran::Swept(swept) => swept,
            Ran::Refolded(refolded) => unreachable!("{refolded:?}"),
        }
    }

    /// Everybody was looked at twice after the definitions; from here on nothing is due but by time.
    async fn settled(&self, now: Timestamp) {
        self.sweep(now).await;
        self.sweep(now.plus_ms(LATER_MS)).await;
        self.records.take();
    }

    /// Whether the subject's row says that a customer owns it, and that it stands nowhere of its own.
    async fn is_another_ids(&self, subject: &Subject) -> bool {
        let stored = self.app.profiles.get(std::slice::from_ref(subject), true).await.expect("memory").pop().flatten();
        stored.is_some_and(|stored| stored.is_owned() && stored.standing().is_empty())
    }

    async fn standing(&self, subject: &Subject) -> Standing {
        let stored = self.app.profiles.get(std::slice::from_ref(subject), true).await.expect("memory").pop().flatten();
        stored.as_ref().map(Versioned::standing).unwrap_or_default()
    }

    async fn segments(&self, subject: &Subject) -> Vec<String> {
        self.standing(subject).await.memberships.iter().map(|one| one.segment.to_string()).collect()
    }
}

fn ada() -> Subject {
    Subject::Customer(CustomerId::new("ada").expect("an id"))
}

fn guest() -> Subject {
    Subject::Email(ContactHash::new("h1_guest").expect("an id"))
}

/// Somebody known by an address, and somebody known by a number.
fn guests() -> [Subject; 2] {
    [guest(), Subject::Phone(ContactHash::new("h1_guest").expect("an id"))]
}

fn event(name: &str, who: &[&Subject], at: Timestamp, action: Action) -> Event {
    let mut named = Who::default();
    for subject in who {
        match (*subject).clone() {
            Subject::Customer(customer) => named.customer = Some(customer),
            Subject::Device(device) => named.device = Some(device),
            Subject::Email(email) => named.email = Some(email),
            Subject::Phone(phone) => named.phone = Some(phone),
        }
    }
    let id = EventId::new(name).expect("an id");
    Event { id, at, authority: Authority::Backend, source: "test".into(), who: named, traffic: Traffic::Human, action }
}

fn product(item: &str) -> Product {
    Product::bare(ItemId::new(item).expect("an id"))
}

fn viewed(item: &str) -> Action {
    Action::Viewed(product(item))
}

fn ordered(order: &str) -> Action {
    Action::Ordered(OrderLine {
        order: OrderId::new(order).expect("an id"),
        version: Timestamp(0),
        product: Some(product("a")),
        quantity: 1,
        paid_minor: 5_000,
        discount_minor: 0,
        currency: Currency::EUR,
        cancelled: false,
    })
}

#[tokio::test]
async fn a_fold_moves_who_it_is_about() {
    let shop = shop(&[("lookers", "count(viewed \"tin\", 7d) >= 3 and count(cart_added, 7d) = 0")]).await;
    shop.fold(&[event("1", &[&ada()], NOW, viewed("tin")), event("2", &[&ada()], NOW, viewed("tin"))], NOW).await;
    assert!(shop.segments(&ada()).await.is_empty());
    shop.fold(&[event("3", &[&ada()], NOW, viewed("tin"))], NOW).await;
    assert_eq!(shop.segments(&ada()).await, ["lookers"]);
    shop.fold(&[event("4", &[&ada()], NOW, Action::CartAdded { product: product("tin"), quantity: 1 })], NOW).await;
    assert!(shop.segments(&ada()).await.is_empty());
    assert_eq!(shop.standing(&ada()).await.left.len(), 1, "the departure is remembered");
}

#[tokio::test]
async fn nothing_is_written_while_nothing_changes() {
    let shop = shop(&[("buyers", "orders >= 1"), ("sleepers", "days_since_seen > 30")]).await;
    let order = event("1", &[&ada()], NOW, ordered("o1"));
    shop.fold(std::slice::from_ref(&order), NOW).await;
    shop.settled(NOW).await;
    shop.fold(&[order], NOW).await;
    assert_eq!(shop.records.take().1, 0, "a copy writes nothing");
    shop.fold(&[event("2", &[&ada()], NOW.plus_days(1), viewed("tin"))], NOW.plus_days(1)).await;
    assert_eq!(shop.records.take(), (3, 1), "the profile alone, although the next change moved by a day");
    shop.fold(&[event("3", &[&ada()], NOW.plus_days(1), viewed("tin"))], NOW.plus_days(1)).await;
    assert_eq!(shop.records.take(), (1, 1), "and what decides is known for a while");
    for minute in 0..3 {
        assert_eq!(shop.sweep(NOW.plus_days(2).plus_ms(minute * 60_000)).await, Swept::default());
    }
    assert_eq!(shop.records.take().1, 0, "the clock writes nothing before it has to");
}

#[tokio::test]
async fn time_alone_moves_within_a_minute() {
    let shop = shop(&[("sleepers", "days_since_order > 2")]).await;
    shop.fold(&[event("1", &[&ada()], NOW, ordered("o1"))], NOW).await;
    shop.settled(NOW).await;
    let turns = NOW.plus_days(3);
    assert_eq!(shop.sweep(turns.plus_ms(-1)).await, Swept::default());
    let swept = shop.sweep(turns.plus_ms(59_000)).await;
    assert_eq!((swept.due, swept.transitions), (1, 1));
    assert_eq!(shop.segments(&ada()).await, ["sleepers"]);
    shop.records.take();
    assert_eq!(shop.sweep(turns.plus_ms(119_000)).await.transitions, 0, "once is enough");
    assert_eq!(shop.records.take().1, 0);
    shop.sweep(turns.plus_ms(LATER_MS)).await;
    assert_eq!(shop.sweep(turns.plus_ms(LATER_MS)).await, Swept::default(), "the look is over");
}

#[tokio::test]
async fn a_fold_that_comes_late_to_its_own_look_is_looked_at() {
    let shop = shop(&[("sleepers", "days_since_order > 2")]).await;
    shop.settled(NOW).await;
    // It began just before the change, planned the look, and writes after the clock has been there.
    let turns = NOW.plus_days(3);
    shop.store.plan(&rapport_io::segments::Look { at: turns, subject: ada() }).await.expect("memory");
    shop.sweep(turns.plus_ms(1_000)).await;
    shop.fold(&[event("1", &[&ada()], NOW, ordered("o1"))], turns.plus_ms(-1_000)).await;
    assert!(shop.segments(&ada()).await.is_empty());
    shop.sweep(turns.plus_ms(60_000)).await;
    assert_eq!(shop.segments(&ada()).await, ["sleepers"]);
}

#[tokio::test]
async fn a_new_definition_moves_everybody() {
    let shop = shop(&[("buyers", "orders >= 1")]).await;
    let people: Vec<Subject> = (0..130).filter_map(|n| CustomerId::new(&format!("p{n}")).ok().map(Subject::Customer)).collect();
    let orders: Vec<Event> =
        people.iter().enumerate().map(|(n, who)| event(&format!("e{n}"), &[who], NOW, ordered(&format!("o{n}")))).collect();
    shop.fold(&orders, NOW).await;
    shop.settled(NOW).await;
    shop.define(&[("buyers", "orders >= 2"), ("once", "orders = 1")]).await;
    let swept = shop.sweep(NOW).await;
    assert_eq!((swept.anew, swept.transitions), (130, 260), "each left one and entered another");
    for who in &people {
        assert_eq!(shop.segments(who).await, ["once"]);
    }
    shop.records.take();
    assert_eq!((shop.sweep(NOW).await, shop.records.take().1), (Swept::default(), 0), "a fold may still go by the old rules");
    let again = shop.sweep(NOW.plus_ms(LATER_MS)).await;
    assert_eq!((again.anew, again.transitions), (130, 0), "the second look finds nothing");
    shop.records.take();
    assert_eq!((shop.sweep(NOW.plus_ms(LATER_MS)).await, shop.records.take().1), (Swept::default(), 0));
}

#[tokio::test]
async fn who_may_not_be_grouped_is_not() {
    let shop = shop(&[("buyers", "orders >= 1")]).await;
    shop.fold(&[event("1", &[&ada()], NOW, ordered("o1"))], NOW).await;
    let refusal = Consent { purpose: Purpose::Personalization, granted: false, basis: "consent".into() };
    shop.fold(&[event("2", &[&ada()], NOW.plus_ms(1), Action::Consented(refusal))], NOW).await;
    assert!(shop.standing(&ada()).await.is_empty(), "a refusal takes it away");
}

#[tokio::test]
async fn the_erased_stand_nowhere() {
    let shop = shop(&[("buyers", "orders >= 1")]).await;
    shop.fold(&[event("1", &[&ada()], NOW, ordered("o1"))], NOW).await;
    assert_eq!(shop.segments(&ada()).await, ["buyers"]);
    shop.fold(&[event("2", &[&ada()], NOW.plus_ms(1), Action::Erased)], NOW.plus_ms(1)).await;
    assert!(shop.standing(&ada()).await.is_empty());
    assert!(shop.app.profiles.members(None).await.expect("memory").rows.is_empty());
}

#[tokio::test]
async fn a_guest_who_turns_out_to_be_a_customer_is_one() {
    for guest in guests() {
        let shop = shop(&[("buyers", "orders >= 1")]).await;
        shop.fold(&[event("1", &[&guest], NOW, ordered("o1"))], NOW).await;
        assert_eq!(shop.segments(&guest).await, ["buyers"], "a guest is somebody");
        shop.fold(&[event("2", &[&ada(), &guest], NOW.plus_ms(1), Action::Identified { traits: Vec::new() })], NOW.plus_ms(1)).await;
        assert!(shop.is_another_ids(&guest).await, "the address is the customer's now");
        assert_eq!(shop.segments(&ada()).await, ["buyers"], "and so is what it ordered");
        shop.fold(&[event("3", &[&guest], NOW.plus_ms(2), ordered("o2"))], NOW.plus_ms(2)).await;
        assert!(shop.is_another_ids(&guest).await, "whatever else comes in by it");
    }
}

#[tokio::test]
async fn an_address_that_was_a_customers_before_it_did_anything_stands_nowhere() {
    for guest in guests() {
        let shop = shop(&[("buyers", "orders >= 1")]).await;
        shop.fold(&[event("1", &[&ada(), &guest], NOW, Action::Identified { traits: Vec::new() })], NOW).await;
        shop.fold(&[event("2", &[&guest], NOW.plus_ms(1), ordered("o1"))], NOW.plus_ms(1)).await;
        assert!(shop.is_another_ids(&guest).await);
        assert_eq!(shop.segments(&ada()).await, ["buyers"]);
    }
}

/// Four orders, ten days apart, the last of them at [`NOW`].
fn regular() -> Vec<Event> {
    (0..4).map(|number| event(&format!("r{number}"), &[&ada()], NOW.plus_days(10 * number - 30), ordered(&format!("r{number}")))).collect()
}

#[tokio::test]
async fn a_training_moves_whom_its_model_speaks_of() {
    let shop = shop(&[("likely", "purchase_30d > 0.4")]).await;
    shop.fold(&regular(), NOW).await;
    shop.settled(NOW).await;
    assert!(shop.segments(&ada()).await.is_empty(), "before the first training nothing is foreseen");
    shop.train(1.0, NOW.plus_ms(LATER_MS)).await;
    let swept = shop.sweep(NOW.plus_ms(2 * LATER_MS)).await;
    assert_eq!((swept.anew, swept.transitions), (1, 1), "everybody is looked at anew");
    assert_eq!(shop.standing(&ada()).await.memberships[0].since, NOW.plus_ms(LATER_MS), "she belongs since the training");
    shop.train(0.001, NOW.plus_ms(3 * LATER_MS)).await;
    shop.fold(&[event("look", &[&ada()], NOW.plus_ms(3 * LATER_MS), viewed("tin"))], NOW.plus_ms(4 * LATER_MS)).await;
    assert_eq!(shop.segments(&ada()).await, ["likely"], "four orders outweigh what is expected of strangers");
}

#[tokio::test]
async fn a_day_that_begins_moves_whom_it_is_foreseen_of() {
    let shop = shop(&[("slipping", "purchase_30d < 0.4")]).await;
    shop.train(1.0, NOW.plus_days(-1)).await;
    shop.fold(&regular(), NOW).await;
    shop.settled(NOW).await;
    assert!(shop.segments(&ada()).await.is_empty());
    // NOW is a noon: so many midnights on, and nothing happens meanwhile.
    let midnight = |day: i64| NOW.plus_days(day).plus_ms(-12 * 3_600_000);
    for day in 1..60 {
        let swept = shop.sweep(midnight(day).plus_ms(59_000)).await;
        assert_eq!(swept.anew, 1, "everybody is looked at when a day begins");
        if swept.transitions == 1 {
            assert!(swept.due >= 1, "and it had been planned the day before: {swept:?}");
            assert_eq!(shop.standing(&ada()).await.memberships[0].since, midnight(day));
            return;
        }
        shop.sweep(midnight(day).plus_ms(59_000 + LATER_MS)).await;
    }
    panic!("sixty days of silence change a forecast");
}

#[tokio::test]
async fn without_rules_that_ask_what_is_foreseen_a_new_day_is_as_any() {
    let shop = shop(&[("buyers", "orders >= 1"), ("kind", "persona = \"p1\"")]).await;
    shop.fold(&regular(), NOW).await;
    shop.settled(NOW).await;
    assert_eq!(shop.sweep(NOW.plus_days(1)).await, Swept::default());
}
