//! Wiring: the environment, the real stores, everything loaded before the first request, the loop.

use rapport_lambda::{Environment, Fatal, now, serve_http, start_tracing};
use recommend::{App, Config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Fatal> {
    start_tracing();
    let environment = Environment::of_process()?;
    let aws = environment.connect().await;
    let config = Config { stack: environment.stack, currency: environment.currency, consent: environment.consent };
    let app = App::new(aws.records.clone(), aws.objects.clone(), aws.secrets.clone(), config);
    tokio::join!(aws.warm(), app.warm(now()));
    serve_http(app.keys(), async |request, now| handle(&app, request, now).await).await
}
