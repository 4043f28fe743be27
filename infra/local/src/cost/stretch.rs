//! A stretch of a shop's month: visitors come and go, the deployed handlers do their work, and what they call is counted.

use super::{
    Traffic,
    meter::{Metered, Tally},
    prices::{CPU_MS, GET_MS, PUT_MS, SEND_MS, TABLE_MS},
};
use crate::{
    deployed::Deployed,
    functions::Functions as _,
    settings,
    stores::SCOPE,
    template::{Function, Template},
};
use rapport_core::{
    auth::Keyring,
    random::SplitMix,
    time::{DAY_MS, Timestamp},
};
use rapport_io::{Secrets as _, StoreError, aws::Aws, dead_letters::DeadLetters, layout, memory::MemorySecrets};
use rapport_lambda::{Job, Message, Response};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A month, in days.
pub(super) const DAYS: f64 = 30.0;
/// Counts rest on so many events at most; more would only take longer.
const EVENTS_COUNTED: u64 = 6_000;
/// How often a visitor comes in a month.
const VISITS: u32 = 2;
/// Time between two things that a visitor does, on average.
const PAUSE_MS: f64 = 20_000.0;
/// One visit in so many ends with an order of two items, which the shop's backend tells of.
const VISITS_AN_ORDER: u64 = 40;
/// The first moment.
const BEGIN: Timestamp = Timestamp(1_795_348_800_000);
const STACK: &str = "cost";
const WRITE_KEY: &str = "wk_cost";
const SECRET_KEY: &str = "sk_cost";

/// Why a stretch could not be counted.
#[derive(Debug, thiserror::Error)]
pub enum StretchError {
    /// A store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys cannot be written down.
    #[error(transparent)]
    Keyring(#[from] rapport_core::auth::KeyringError),
    /// A handler did not take what it must.
    #[error("{0:?} answered {1} to simulated traffic")]
    Refused(Function, u16),
    /// A batch came back.
    #[error("{0:?} handed simulated messages back")]
    HandedBack(Function),
    /// There is no model to answer with.
    #[error("training failed: {0}")]
    Untrained(String),
    /// A request could not be made.
    #[error(transparent)]
    Request(#[from] http::Error),
}

/// How often a function ran, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Ran {
    pub(super) times: f64,
    pub(super) millis: f64,
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counted {
    /// Events that were sent.
    pub(super) events: u64,
    /// Lookups that were answered.
    pub(super) lookups: u64,
    /// Requests through the one address.
    pub(super) requests: u64,
    /// Bytes that left through it.
    pub(super) answered_bytes: u64,
    /// Calls by lookups.
    pub(super) looking: Tally,
    /// Calls by everything else.
    pub(super) folding: Tally,
    /// SQS calls by readers, and by the bucket that tells of its objects.
    pub(super) received: f64,
    /// By function.
    pub(super) ran: BTreeMap<Function, Ran>,
    /// What a visitor's rows take, in bytes.
    pub(super) visitor_bytes: f64,
    /// What an event takes in the bucket, in bytes.
    pub(super) event_bytes: f64,
}

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Event,
    Lookup,
    Order,
}

/// Counts a stretch of the month of `traffic`, from its beginning, with the batches of `template`.
pub(super) async fn count(traffic: Traffic, template: &Template) -> Result<Counted, StretchError> {
    let mut street = Street::open().await?;
    let visits = traffic.visitors * u64::from(VISITS);
    let of_visit = (traffic.events.div_ceil(VISITS), traffic.lookups.div_ceil(VISITS));
    let counted = visits.min(EVENTS_COUNTED.div_ceil(u64::from(of_visit.0.max(1))));
    let agenda = agenda(counted, DAYS * DAY_MS as f64 / visits.max(1) as f64, of_visit);
    let readers = template.readers(SCOPE);
    let reader = |function| readers.iter().find(|reader| reader.function == function).map(|reader| (reader.window_secs, reader.batch));
    let (inbox, folds) = (reader(Function::Ingest).unwrap_or_default(), reader(Function::Profile).unwrap_or_default());
    let (mut inbox, mut folds) = (Waiting::new(inbox), Waiting::new(folds));

    let mut agenda = agenda.into_iter().peekable();
    loop {
        let next = agenda.peek().map(|(at, ..)| *at);
        let due = [next, inbox.due(), folds.due()];
        let Some(now) = due.iter().flatten().min().copied() else { break };
        if folds.due() == Some(now) {
            street.batch(Function::Profile, folds.take(), now).await?;
        } else if inbox.due() == Some(now) {
            street.batch(Function::Ingest, inbox.take(), now).await?;
            // What the bucket sends is billed as what anybody sends.
            let told = street.stores.take_logged();
            street.counted.received += told.len() as f64;
            folds.add(told.iter().map(|key| notification(key)), now);
        } else if let Some((_, number, visitor, act)) = agenda.next() {
            street.act(number, visitor, act, now).await?;
            inbox.add(street.stores.take_sent().into_iter(), now);
        }
    }
    street.close(counted.div_ceil(u64::from(VISITS))).await
}

/// When who does what: (time, number, visitor, act), in order.
fn agenda(visits: u64, gap_ms: f64, (events, lookups): (u32, u32)) -> BTreeSet<(Timestamp, u64, u64, Act)> {
    let mut dice = SplitMix::new(7);
    let mut wait = |mean: f64| -> i64 {
        let uniform = (dice.next_bits() >> 11) as f64 / (1u64 << 53) as f64;
        (-(1.0 - uniform).ln() * mean) as i64
    };
    let mut agenda = BTreeSet::new();
    let mut arrival = BEGIN;
    for visit in 0..visits {
        arrival = arrival.plus_ms(wait(gap_ms));
        let mut at = arrival;
        // Events and lookups take turns; whoever has more goes on alone.
        let turns = (0..events.max(lookups)).flat_map(|turn| [(turn < events, Act::Event), (turn < lookups, Act::Lookup)]);
        let orders = visit % VISITS_AN_ORDER == VISITS_AN_ORDER - 1;
        for (_, act) in turns.chain([(orders, Act::Order)]).filter(|(happens, _)| *happens) {
            // Everybody comes twice before the stretch is over.
            agenda.insert((at, agenda.len() as u64, visit % visits.div_ceil(u64::from(VISITS)), act));
            at = at.plus_ms(if act == Act::Event { wait(PAUSE_MS) } else { 200 });
        }
    }
    agenda
}

/// Messages that wait for a batch to close: when the oldest has waited long enough, or when it is full.
struct Waiting {
    window_ms: i64,
    most: usize,
    messages: Vec<String>,
    since: Timestamp,
}

impl Waiting {
    fn new((window_secs, most): (u32, u32)) -> Self {
        Self { window_ms: i64::from(window_secs) * 1000, most: most.max(1) as usize, messages: Vec::new(), since: BEGIN }
    }

    fn add(&mut self, messages: impl Iterator<Item = String>, now: Timestamp) {
        let was_empty = self.messages.is_empty();
        self.messages.extend(messages);
        if was_empty {
            self.since = now;
        }
    }

    fn due(&self) -> Option<Timestamp> {
        match self.messages.len() {
            0 => None,
            waiting if waiting >= self.most => Some(self.since),
            _ => Some(self.since.plus_ms(self.window_ms)),
        }
    }

    fn take(&mut self) -> Vec<String> {
        let rest = self.messages.split_off(self.messages.len().min(self.most));
        std::mem::replace(&mut self.messages, rest)
    }
}

/// The functions over their metered stores.
struct Street {
    stores: Metered,
    functions: Deployed,
    /// What lay in the bucket before the first event, in bytes.
    bytes_before: usize,
    counted: Counted,
}

impl Street {
    async fn open() -> Result<Self, StretchError> {
        let (stores, secrets) = (Metered::default(), Arc::new(MemorySecrets::default()));
        let keyring = Keyring {
            version: 1,
            write_key: WRITE_KEY.into(),
            secret_key: SECRET_KEY.into(),
            hash_key: "cost".into(),
            ..Keyring::default()
        };
        secrets.put(&layout::keys_secret(STACK), &keyring.document()?).await?;
        let aws = Aws {
            objects: Arc::new(stores.clone()),
            records: Arc::new(stores.clone()),
            inbox: Arc::new(stores.clone()),
            dead_letters: DeadLetters::default(),
            secrets,
        };
        let functions = Deployed::over(&aws, STACK, settings::DEFAULT);
        // Until its first night a shop looks for a model every other second, which is not what a month is like.
        functions.job(Function::Train, Job::Train, BEGIN).await.map_err(StretchError::Untrained)?;
        let bytes_before = stores.put_bytes();
        Ok(Self { stores, functions, bytes_before, counted: Counted::default() })
    }

    async fn act(&mut self, number: u64, visitor: u64, act: Act, now: Timestamp) -> Result<(), StretchError> {
        let item = |step: u64| format!("item-{}", (visitor * 31 + step * 7) % 500);
        let (function, request) = match act {
            Act::Event => {
                let body = json!({ "anonymousId": format!("device-{visitor}"), "messageId": format!("m-{number}"), "event": "Product Viewed",
                    "timestamp": now.to_string(), "properties": { "product_id": item(number) } });
                self.counted.events += 1;
                (
                    Function::Collect,
                    http::Request::builder().method("POST").uri(format!("/v1/track?k={WRITE_KEY}")).body(body.to_string().into())?,
                )
            }
            Act::Order => {
                let products =
                    json!([{ "product_id": item(1), "price": 9, "quantity": 1 }, { "product_id": item(2), "price": 5, "quantity": 1 }]);
                let body = json!({ "userId": format!("customer-{visitor}"), "anonymousId": format!("device-{visitor}"),
                    "messageId": format!("m-{number}"), "event": "Order Completed", "timestamp": now.to_string(),
                    "properties": { "order_id": format!("o-{number}"), "revenue": 14, "products": products } });
                self.counted.events += 1;
                let request =
                    http::Request::builder().method("POST").uri("/v1/track").header("authorization", format!("Bearer {SECRET_KEY}"));
                (Function::Collect, request.body(body.to_string().into())?)
            }
            Act::Lookup => {
                let path = format!("/v1/recommendations?k={WRITE_KEY}&anonymous_id=device-{visitor}&placement=home");
                self.counted.lookups += 1;
                (Function::Recommend, http::Request::builder().uri(path).body(bytes::Bytes::new())?)
            }
        };
        let before = self.stores.tally();
        let response: Response = self.functions.http(function, request, now).await;
        if !response.status().is_success() {
            return Err(StretchError::Refused(function, response.status().as_u16()));
        }
        self.counted.requests += 1;
        self.counted.answered_bytes += response.body().len() as u64;
        self.ran(function, before, 1);
        Ok(())
    }

    async fn batch(&mut self, function: Function, bodies: Vec<String>, now: Timestamp) -> Result<(), StretchError> {
        const MESSAGES_A_CALL: usize = 10;
        let before = self.stores.tally();
        let count = bodies.len();
        let message = |(number, body): (usize, String)| Message { id: number.to_string(), body, deliveries: 1 };
        let batch = bodies.into_iter().enumerate().map(message).collect();
        if !self.functions.batch(function, batch, now).await.is_empty() {
            return Err(StretchError::HandedBack(function));
        }
        // Received and deleted, ten at a time.
        self.counted.received += 2.0 * count.div_ceil(MESSAGES_A_CALL) as f64;
        self.ran(function, before, count);
        Ok(())
    }

    /// Notes a run. Calls are taken to wait for one another, which is the dearer half of the truth.
    fn ran(&mut self, function: Function, before: Tally, messages: usize) {
        let called = self.stores.tally() - before;
        let waited = called.table_calls * TABLE_MS + called.gets * GET_MS + called.puts * PUT_MS + called.sends * SEND_MS;
        let ran = self.counted.ran.entry(function).or_default();
        ran.times += 1.0;
        ran.millis += (waited + CPU_MS * messages as f64).ceil();
        let side = if function == Function::Recommend { &mut self.counted.looking } else { &mut self.counted.folding };
        *side = *side + called;
    }

    async fn close(mut self, visitors: u64) -> Result<Counted, StretchError> {
        self.counted.visitor_bytes = self.stores.row_bytes().await? as f64 / visitors.max(1) as f64;
        self.counted.event_bytes = (self.stores.put_bytes() - self.bytes_before) as f64 / self.counted.events.max(1) as f64;
        Ok(self.counted)
    }
}

/// As the bucket tells of an object.
fn notification(key: &str) -> String {
    json!({ "Records": [{ "s3": { "object": { "key": key.replace('=', "%3D") } } }] }).to_string()
}
