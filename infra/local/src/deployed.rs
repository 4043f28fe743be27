//! The functions as they are deployed, over one set of stores: the only thing a suite runs outside tests.

use crate::{functions::Functions, settings::Settings, stores, template::Function};
use bytes::Bytes;
use http::StatusCode;
use rapport_core::{auth::Keyring, time::Timestamp};
use rapport_io::{aws::Aws, inbox::Inbox, keys::Keys};
use rapport_lambda::{Job, Message, Request, Response};
use std::sync::Arc;

/// All six, each with what its `main` gives it.
pub struct Deployed {
    /// Takes what platforms send.
    pub webhooks: webhooks::App,
    /// Takes what browsers and SDKs send.
    pub collect: collect::App,
    /// Turns raw bodies into events.
    pub ingest: ingest::App,
    /// Folds events into profiles.
    pub profile: profile::App,
    /// Fits models.
    pub train: train::App,
    /// Answers lookups.
    pub recommend: recommend::App,
}

impl Deployed {
    /// Over the stores of `stack`, for a shop with these settings.
    #[must_use]
    pub fn over(aws: &Aws, stack: &str, settings: Settings) -> Self {
        let Settings { currency, consent } = settings;
        let keys = || Arc::new(Keys::new(Arc::clone(&aws.secrets), stack, |document| Ok(Keyring::parse(document)?)));
        let inbox = || Inbox::new(Arc::clone(&aws.inbox), Arc::clone(&aws.objects));
        let (objects, records) = (|| Arc::clone(&aws.objects), || Arc::clone(&aws.records));
        let lookups = recommend::Config { stack: stack.to_owned(), currency, consent };
        Self {
            webhooks: webhooks::App::new(inbox(), keys()),
            collect: collect::App::new(inbox(), keys()),
            ingest: ingest::App::new(objects(), records(), keys(), ingest::Config { currency, consent })
                .with_dead_letters(aws.dead_letters.clone()),
            profile: profile::App::new(objects(), records(), profile::Config { currency, consent }),
            train: train::App::new(objects(), records(), train::Config { currency, consent }),
            recommend: recommend::App::new(records(), objects(), Arc::clone(&aws.secrets), lookups),
        }
    }

    /// Over a home's stores.
    #[must_use]
    pub fn at_home(aws: &Aws, settings: Settings) -> Self {
        Self::over(aws, stores::STACK, settings)
    }
}

impl Functions for Deployed {
    async fn http(&self, function: Function, request: Request, now: Timestamp) -> Response {
        match function {
            Function::Webhooks => webhooks::handle(&self.webhooks, request, now).await,
            Function::Collect => collect::handle(&self.collect, request, now).await,
            Function::Recommend => recommend::handle(&self.recommend, request, now).await,
            // The template gives these no URL; one that did would be answered as a function that does not speak HTTP.
            Function::Ingest | Function::Profile | Function::Train => bad_gateway(),
        }
    }

    async fn batch(&self, function: Function, batch: Vec<Message>, now: Timestamp) -> Vec<String> {
        match function {
            Function::Ingest => ingest::handle(&self.ingest, batch, now).await,
            Function::Profile => profile::handle(&self.profile, batch, now).await,
            // A queue that nobody reads keeps its messages, and so does this.
            Function::Webhooks | Function::Collect | Function::Train | Function::Recommend => {
                batch.into_iter().map(|message| message.id).collect()
            }
        }
    }

    async fn job(&self, function: Function, job: Job, now: Timestamp) -> Result<(), String> {
        match function {
            Function::Ingest => ingest::run(&self.ingest, job, now).await.map(drop).map_err(|error| error.to_string()),
            Function::Profile => profile::run(&self.profile, job, now).await.map(drop).map_err(|error| error.to_string()),
            Function::Train => train::run(&self.train, job, now).await.map(drop).map_err(|error| error.to_string()),
            other => Err(format!("{other:?} has no jobs; it was asked for {job:?}")),
        }
    }
}

fn bad_gateway() -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}
