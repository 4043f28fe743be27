//! The Lambda: wiring only. What it does is `profile::handle` for objects of the log, `profile::run` for the nightly refold.

use profile::App;
use rapport_archive::Archive;
use rapport_io::{identities::Identities, log::Log, profiles::Profiles, rejects::Rejects};
use rapport_lambda::{Environment, Fatal};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Fatal> {
    rapport_lambda::start_tracing();
    let aws = Environment::of_process()?.connect().await;
    aws.warm().await;
    let app = App {
        log: Log::new(Arc::clone(&aws.objects)),
        archive: Archive::new(Arc::clone(&aws.objects)),
        profiles: Profiles::new(Arc::clone(&aws.records)),
        identities: Identities::new(aws.records),
        rejects: Rejects::new(aws.objects),
    };
    rapport_lambda::serve_queue_and_jobs(
        async |batch, now| profile::handle(&app, batch, now).await,
        async |job, _now| {
            let done = profile::run(&app, job).await?;
            Ok::<_, profile::FoldError>(format!("{} subjects folded anew, {} came out different", done.subjects, done.changed))
        },
    )
    .await
}
