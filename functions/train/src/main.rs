//! The Lambda: wiring only. What it does is `train::run`.

use rapport_lambda::{Environment, Fatal};
use train::{App, Config};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Fatal> {
    rapport_lambda::start_tracing();
    let environment = Environment::of_process()?;
    let aws = environment.connect().await;
    let app = App::new(aws.objects, aws.records, Config::from_env(|name| std::env::var(name).ok())?);
    rapport_lambda::serve_jobs(async |job, now| train::run(&app, job, now).await).await
}
