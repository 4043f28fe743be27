//! The Lambda: wiring only. What it does is `collect::handle`.

use rapport_core::auth::Keyring;
use rapport_io::{inbox::Inbox, keys::Keys};
use rapport_lambda::{Environment, Fatal};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Fatal> {
    rapport_lambda::start_tracing();
    let environment = Environment::of_process()?;
    let aws = environment.connect().await;
    let keys = Arc::new(Keys::new(aws.secrets, &environment.stack, |document| Ok(Keyring::parse(document)?)));
    let app = collect::App::new(Inbox::new(aws.inbox, aws.objects), Arc::clone(&keys));
    rapport_lambda::serve_http(&keys, async |request, now| collect::handle(&app, request, now).await).await
}
