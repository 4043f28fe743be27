//! The shop as this process knows it, and how it is kept fresh without making anyone wait.
//!
//! A lookup serves the copy it finds. Once a minute one lookup also starts a refresh, beside its own profile read, and gives it
//! [`PATIENCE`]; a refresh that takes longer goes on in the background and later lookups see what it found.

use rapport_core::{catalog::Item, id::ItemId, model::Model, ranking::Shop, rules::Rules, time::Timestamp};
use rapport_io::{
    StoreError,
    catalog::{Catalog, StoredRules},
    models::{Models, Pointer},
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Mutex;

/// How old the copy may be, in milliseconds.
const FRESH_MS: i64 = 60_000;
/// How old it may be while there is no model: the first training should not wait for its audience.
const EMPTY_MS: i64 = 2_000;
/// How long a lookup waits for a refresh that it started.
pub const PATIENCE: Duration = Duration::from_millis(30);

/// The live shop.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    models: Models,
    catalog: Catalog,
    serving: RwLock<Arc<Shop>>,
    /// When the last refresh was started, in epoch milliseconds.
    started: AtomicI64,
    /// What the next refresh starts from; held while one runs.
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    pointer: Option<Pointer>,
    model: Option<Model>,
    /// What was put since the first model here was trained, laid over the newest model's catalog: newest wins.
    items: BTreeMap<ItemId, Item>,
    until: Option<Timestamp>,
    rules: Rules,
    rules_version: Option<u64>,
}

impl Live {
    /// Empty until the first refresh.
    #[must_use]
    pub fn new(models: Models, catalog: Catalog) -> Self {
        let serving = RwLock::new(Arc::new(Shop::new(None, [], Rules::default())));
        Self(Arc::new(Inner { models, catalog, serving, started: AtomicI64::new(i64::MIN), known: Mutex::default() }))
    }

    /// The copy that serves now.
    #[must_use]
    pub fn shop(&self) -> Arc<Shop> {
        Arc::clone(&self.0.serving.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Starts a refresh if one is due, and waits for it for at most [`PATIENCE`].
    pub async fn keep_fresh(&self, now: Timestamp) {
        let started = self.0.started.load(Ordering::Acquire);
        let fresh_ms = if self.shop().model().is_some() { FRESH_MS } else { EMPTY_MS };
        let is_due = now.0.saturating_sub(started) >= fresh_ms;
        // Of many lookups that find it due, one starts it.
        if is_due && self.0.started.compare_exchange(started, now.0, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            let live = self.clone();
            let refresh = tokio::spawn(async move { live.refresh().await });
            if tokio::time::timeout(PATIENCE, refresh).await.is_err() {
                tracing::debug!("the refresh takes longer; the copy at hand serves");
            }
        }
    }

    /// Loads everything, however long it takes: for the start.
    pub async fn load(&self, now: Timestamp) {
        self.0.started.store(now.0, Ordering::Release);
        self.refresh().await;
    }

    /// Makes the next lookup refresh: for whoever just changed the catalog or the rules here.
    pub fn expire(&self) {
        self.0.started.store(i64::MIN, Ordering::Release);
    }

    /// Reads what changed, and serves it. What cannot be read keeps its last good state.
    pub async fn refresh(&self) {
        let mut known = self.0.known.lock().await;
        let (rules, mut is_new) = tokio::join!(self.0.catalog.rules(), known.read_model(&self.0.models));
        is_new |= rules.and_then(|stored| known.take_rules(stored)).unwrap_or_else(reported("the rules"));
        is_new |= known.read_items(&self.0.catalog).await.unwrap_or_else(reported("the catalog"));
        if is_new {
            let shop = Shop::new(known.model.clone(), known.items.values().cloned(), known.rules.clone());
            *self.0.serving.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shop);
        }
    }
}

fn reported(what: &'static str) -> impl FnOnce(StoreError) -> bool {
    move |error| {
        tracing::warn!(%error, "{what} could not be refreshed; the copy at hand serves");
        false
    }
}

impl Known {
    async fn read_model(&mut self, models: &Models) -> bool {
        let pointer = match models.current().await {
            Ok(Some(pointer)) => pointer,
            Ok(None) => return false,
            Err(error) => return reported("the model pointer")(error),
        };
        if self.pointer.as_ref().is_some_and(|known| known.etag == pointer.etag) {
            return false;
        }
        match load(models, &pointer).await {
            Ok(model) => {
                // An older model than the last, after a rollback, knows less of the catalog: what came since then is read again.
                if self.model.as_ref().is_some_and(|last| model.meta().created < last.meta().created) {
                    self.until = None;
                }
                (self.model, self.pointer) = (Some(model), Some(pointer));
                true
            }
            Err(error) => {
                tracing::error!(error, model = pointer.model, "the model cannot be used; what served so far serves on");
                false
            }
        }
    }

    async fn read_items(&mut self, catalog: &Catalog) -> Result<bool, StoreError> {
        // Training read the catalog after it looked at the clock: what is older stands in the model.
        let trained = self.model.as_ref().map(|model| model.meta().created);
        let changes = catalog.changes_since(self.until.or(trained).unwrap_or_default()).await?;
        let mut is_new = false;
        for item in changes.items {
            is_new |= self.items.get(&item.id) != Some(&item);
            self.items.insert(item.id.clone(), item);
        }
        self.until = Some(changes.until);
        Ok(is_new)
    }

    fn take_rules(&mut self, stored: Option<StoredRules>) -> Result<bool, StoreError> {
        let version = stored.as_ref().map(|stored| stored.version);
        if version == self.rules_version {
            return Ok(false);
        }
        let rules = stored.map(|stored| serde_json::from_slice(&stored.body)).transpose();
        self.rules = rules.map_err(|source| StoreError::Refused { what: "rules".to_owned(), source: source.into() })?.unwrap_or_default();
        self.rules_version = version;
        Ok(true)
    }
}

/// The newest model, or the one before it where the newest is damaged: in its bytes, which the store notices, or in its meaning.
async fn load(models: &Models, pointer: &Pointer) -> Result<Model, String> {
    let newest = models.load(pointer).await.map_err(|error| error.to_string())?;
    match (Model::parse(newest.artifact), &pointer.previous) {
        (Ok(model), _) => Ok(model),
        (Err(error), Some(previous)) if newest.hash != *previous => {
            tracing::error!(%error, model = newest.hash, "the newest model is damaged; the one before it serves");
            let artifact = models.artifact(previous).await.map_err(|error| error.to_string())?;
            Model::parse(artifact).map_err(|error| error.to_string())
        }
        (Err(error), _) => Err(error.to_string()),
    }
}
