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
}
