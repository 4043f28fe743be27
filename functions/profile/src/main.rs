//! Folds as a Lambda: the folds queue, the hourly refold and the minute's look at segments.

use profile::{App, Config, handle, run};
use rapport_lambda::{Environment, Fatal, Metrics, serve_queue_and_jobs, start_tracing};

#[tokio::main]
async fn main() -> Result<(), Fatal> {
    start_tracing();
    let environment = Environment::of_process()?;
    let aws = environment.connect().await;
    aws.warm().await;
    let config = Config { currency: environment.currency, consent: environment.consent };
    let app = App::new(aws.objects, aws.records, config).with_metrics(Metrics::of(&environment.stack));
    serve_queue_and_jobs(
        async |batch, now| handle(&app, batch, now).await,
        async |job, now| {
            let done = run(&app, job, now).await;
            app.metrics.report(now);
            done
        },
    )
    .await
}
