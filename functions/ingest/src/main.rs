//! The one place that understands what came in, as a Lambda.

use ingest::{App, Config, handle, run};
use rapport_core::auth::Keyring;
use rapport_io::keys::Keys;
use rapport_lambda::{Environment, EnvironmentError, Fatal, Metrics, serve_queue_and_jobs, start_tracing};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Fatal> {
    start_tracing();
    let environment = Environment::of_process()?;
    environment.inbox_url.as_ref().ok_or(EnvironmentError::Missing("RAPPORT_INBOX_URL"))?;
    let aws = environment.connect().await;
    aws.warm().await;
    let keys = Arc::new(Keys::new(Arc::clone(&aws.secrets), &environment.stack, |document| Ok(Keyring::parse(document)?)));
    let config = Config { currency: environment.currency, consent: environment.consent };
    let app =
        App::new(aws.objects, aws.records, keys, config).with_dead_letters(aws.dead_letters).with_metrics(Metrics::of(&environment.stack));
    serve_queue_and_jobs(async |batch, now| handle(&app, batch, now).await, async |job, now| run(&app, job, now).await).await
}
