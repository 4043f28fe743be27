<<<<<<< HEAD
//! Wiring: the environment, the real stores, everything loaded before the first request, the loop.

use rapport_io::aws::{Aws, Options};
use rapport_lambda::{now, serve_http, start_tracing};
use recommend::{App, Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    start_tracing();
    let config = Config::read(|name| std::env::var(name).ok())?;
    let aws = Aws::connect(Options { stack: config.stack.clone(), bucket: config.bucket.clone(), ..Options::default() }).await;
    let app = App::new(aws.records.clone(), aws.objects.clone(), aws.secrets.clone(), config);
    tokio::join!(aws.warm(), app.warm(now()));
    serve_http(app.keys(), async |request, now| handle(&app, request, now).await).await
=======
//! The Lambda: wiring only. What it does is `recommend::handle`.

use rapport_core::{auth::Keyring, source};
use rapport_io::keys::Keys;
use rapport_lambda::{Environment, Fatal};
use recommend::{App, Config, ConsentMode};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Fatal> {
    rapport_lambda::start_tracing();
    let environment = Environment::of_process()?;
    let aws = environment.connect().await;
    let consent = match environment.consent {
        source::ConsentMode::OptIn => ConsentMode::OptIn,
        source::ConsentMode::OptOut => ConsentMode::OptOut,
    };
    let keys = Keys::new(Arc::clone(&aws.secrets), &environment.stack, |document| Ok(Keyring::parse(document)?));
    let config = Config { stack: environment.stack, currency: environment.currency, consent };
    let app = App::new(Arc::clone(&aws.records), Arc::clone(&aws.objects), Arc::clone(&aws.secrets), config);
    // Connections, model, catalog and keys while the platform still gives full speed: the first lookup is as quick as the second.
    tokio::join!(aws.warm(), app.warm(rapport_lambda::now()));
    rapport_lambda::serve_http(&keys, async |request, now| recommend::handle(&app, request, now).await).await
>>>>>>> io
}
