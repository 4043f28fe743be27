//! The door for platforms, as a Lambda.

use rapport_core::auth::Keyring;
use rapport_io::{inbox::Inbox, keys::Keys};
use rapport_lambda::{Environment, EnvironmentError, Fatal, now, serve_http, start_tracing};
use std::sync::Arc;
use webhooks::{App, handle};

#[tokio::main]
async fn main() -> Result<(), Fatal> {
    start_tracing();
    let environment = Environment::of_process()?;
    environment.inbox_url.as_ref().ok_or(EnvironmentError::Missing("RAPPORT_INBOX_URL"))?;
    let aws = environment.connect().await;
    let keys = Arc::new(Keys::new(Arc::clone(&aws.secrets), &environment.stack, |document| Ok(Keyring::parse(document)?)));
    // Read during init, where it costs nobody a wait; whoever needs them asks again if this failed.
    if let Err(error) = keys.get(now()).await {
        tracing::warn!(%error, "the keys could not be read ahead of time");
    }
    let app = App::new(Inbox::new(aws.inbox, aws.objects), Arc::clone(&keys));
    serve_http(&keys, async |request, now| handle(&app, request, now).await).await
}
