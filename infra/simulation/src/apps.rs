//! The deployed handlers, wired as their `main`s wire them, over whatever stores they are given.

use rapport_core::{auth::Keyring, money::Currency, source::ConsentMode};
use rapport_io::{Objects, Queue, Records, Secrets, contacts::Contacts, identities::Identities, inbox::Inbox, keys::Keys, log::Log};
use std::sync::Arc;

/// The shop's secrets, as they stand in the secret store.
pub(crate) const KEYS: &str = r#"{"version":1,"write_key":"wk_sim","secret_key":"sk_sim","shopify_secret":"shopify","webhook_secret":"plain","hash_key":"0123456789abcdef"}"#;

/// All of them.
pub(crate) struct Apps {
    pub(crate) webhooks: webhooks::App,
    pub(crate) collect: collect::App,
    pub(crate) ingest: ingest::App,
    pub(crate) profile: profile::App,
    pub(crate) train: train::App,
    /// For what reaches the log by other ways than a queue.
    pub(crate) log: Log,
    pub(crate) identities: Identities,
    pub(crate) contacts: Contacts,
}

/// What they stand on.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) records: Arc<dyn Records>,
    pub(crate) inbox: Arc<dyn Queue>,
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) consent: ConsentMode,
}

impl Apps {
    pub(crate) fn over(ground: &Ground) -> Self {
        let Ground { objects, records, inbox, secrets, consent } = ground.clone();
        let currency = Currency::EUR;
        let keys = || Arc::new(Keys::new(Arc::clone(&secrets), "sim", |document| Ok(Keyring::parse(document)?)));
        let inbox = || Inbox::new(Arc::clone(&inbox), Arc::clone(&objects));
        let mut profile = profile::App::new(Arc::clone(&objects), Arc::clone(&records), profile::Config { currency, consent });
        profile.step_back_ms = 0;
        Self {
            webhooks: webhooks::App::new(inbox(), keys()),
            collect: collect::App::new(inbox(), keys()),
            ingest: ingest::App::new(Arc::clone(&objects), Arc::clone(&records), keys(), ingest::Config { currency, consent }),
            profile,
            train: train::App::new(Arc::clone(&objects), Arc::clone(&records), train::Config { currency, consent }),
            log: Log::new(objects),
            identities: Identities::new(Arc::clone(&records)),
            contacts: Contacts::new(records),
        }
    }
}
