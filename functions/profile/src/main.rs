//! Folds as a Lambda: the folds queue and the hourly refold job.

use profile::{App, handle, run};
use rapport_lambda::{Environment, Fatal, serve_queue_and_jobs, start_tracing};

#[tokio::main]
async fn main() -> Result<(), Fatal> {
    start_tracing();
    let aws = Environment::of_process()?.connect().await;
    aws.warm().await;
    let app = App::new(aws.objects, aws.records);
    serve_queue_and_jobs(async |batch, now| handle(&app, batch, now).await, async |job, _now| run(&app, job).await).await
}
