//! Training as a Lambda: the nightly schedule's job.

use rapport_lambda::{Environment, Fatal, serve_jobs, start_tracing};
use train::{App, Config, run};

#[tokio::main]
async fn main() -> Result<(), Fatal> {
    start_tracing();
    let environment = Environment::of_process()?;
    let aws = environment.connect().await;
    let config = Config { currency: environment.currency, consent: environment.consent };
    let app = App::new(aws.objects, aws.records, config);
    serve_jobs(async |job, now| run(&app, job, now).await).await
}
