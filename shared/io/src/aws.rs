//! The ports on AWS: one connection set-up, four thin adapters.

mod account;
mod objects;
mod queue;
mod records;
mod secrets;

pub use account::{Account, account};

use crate::{
    dead_letters::DeadLetters,
    layout::Line,
    ports::{Objects, Queue, Records, Secrets, StoreError},
};
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls;
use futures::future::BoxFuture;
use std::{sync::Arc, time::Duration};

/// Where to connect, and as whom. Everything absent comes from the environment, as the SDK reads it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Name of the stack: tables are named after it.
    pub stack: String,
    /// The bucket.
    pub bucket: String,
    /// Address of the inbox, of which those of the other queues follow; functions that use none leave it out.
    pub inbox_url: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Key id and secret, for embedded stores.
    pub credentials: Option<(String, String)>,
    /// Other addresses than AWS's own.
    pub endpoints: Endpoints,
}

/// Addresses of services elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    /// S3.
    pub s3: Option<String>,
    /// DynamoDB.
    pub dynamodb: Option<String>,
    /// SQS.
    pub sqs: Option<String>,
    /// Secrets Manager.
    pub secrets: Option<String>,
}

/// The four ports of one stack.
#[derive(Clone)]
pub struct Aws {
    /// The bucket.
    pub objects: Arc<dyn Objects>,
    /// The tables.
    pub records: Arc<dyn Records>,
    /// The inbox.
    pub inbox: Arc<dyn Queue>,
    /// What the queues' readers gave up.
    pub dead_letters: DeadLetters,
    /// The keys.
    pub secrets: Arc<dyn Secrets>,
}

impl Aws {
    /// Builds the clients. No connection is opened: see [`Aws::warm`].
    ///
    /// Boxed here, so that the SDK's long way to its settings is compiled once and not in every program.
    pub fn connect(options: Options) -> BoxFuture<'static, Self> {
        Box::pin(Self::build(options))
    }

    async fn build(options: Options) -> Self {
        let shared = shared_config(&options).await;
        // A builder made of the shared settings has the environment's endpoint; only an address of our own may take its place.
        let Endpoints { s3: s3_url, dynamodb: dynamodb_url, sqs: sqs_url, secrets: secrets_url } = options.endpoints;
        let mut s3 = aws_sdk_s3::config::Builder::from(&shared).force_path_style(s3_url.is_some());
        s3_url.map(|url| s3.set_endpoint_url(Some(url)));
        let mut dynamodb = aws_sdk_dynamodb::config::Builder::from(&shared);
        dynamodb_url.map(|url| dynamodb.set_endpoint_url(Some(url)));
        let mut sqs = aws_sdk_sqs::config::Builder::from(&shared);
        sqs_url.map(|url| sqs.set_endpoint_url(Some(url)));
        let mut secrets = aws_sdk_secretsmanager::config::Builder::from(&shared);
        secrets_url.map(|url| secrets.set_endpoint_url(Some(url)));
        let sqs = aws_sdk_sqs::Client::from_conf(sqs.build());
        let inbox_url = options.inbox_url.unwrap_or_default();
        let queue = |name: &str| Arc::new(queue::SqsQueue::new(sqs.clone(), beside(&inbox_url, name)));
        Self {
            objects: Arc::new(objects::Bucket::new(aws_sdk_s3::Client::from_conf(s3.build()), options.bucket)),
            records: Arc::new(records::Tables::new(aws_sdk_dynamodb::Client::from_conf(dynamodb.build()), options.stack)),
            dead_letters: DeadLetters::new(Line::ALL.map(|line| (line, queue(line.suffix()) as _, queue(&format!("{line}-dead")) as _))),
            inbox: queue(Line::Inbox.suffix()),
            secrets: Arc::new(secrets::Manager::new(aws_sdk_secretsmanager::Client::from_conf(secrets.build()))),
        }
    }

    /// Opens the connections that a first request would otherwise wait for: TLS at 128 MB takes most of a second there, and next to
    /// nothing during init, where the processor is whole. What fails here is tried again by whoever needs it.
    pub async fn warm(&self) {
        let nobody = [crate::ports::RecordKey::alone("-")];
        let table = self.records.get(crate::layout::Table::Profiles, &nobody, false);
        let bucket = self.objects.get(crate::layout::CURRENT_MODEL);
        let (table, bucket) = tokio::join!(table, bucket);
        for error in table.err().into_iter().chain(bucket.err()) {
            tracing::warn!(%error, "a connection could not be opened ahead of time");
        }
    }
}

/// The address of the stack's queue called `name`, which only differs from the inbox's in its end.
fn beside(inbox_url: &str, name: &str) -> String {
    format!("{}{name}", inbox_url.strip_suffix(Line::Inbox.suffix()).unwrap_or(inbox_url))
}

async fn shared_config(options: &Options) -> SdkConfig {
    // rustls on ring, so that nothing but a C compiler is needed to build.
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https();
    let timeouts =
        TimeoutConfig::builder().connect_timeout(Duration::from_secs(2)).operation_attempt_timeout(Duration::from_secs(30)).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(4));
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some((id, secret)) = &options.credentials {
        loader = loader.credentials_provider(aws_sdk_s3::config::Credentials::new(id, secret, None, None, "rapport"));
    }
    loader.load().await
}

/// Sorts an SDK's error into ours. `conflicts` are the codes by which this service says that a condition did not hold.
fn sorted<E>(what: String, conflicts: &[&str], error: SdkError<E>) -> StoreError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let code = error.code().unwrap_or_default().to_owned();
    let status = error.raw_response().map(|response| response.status().as_u16());
    let passing = matches!(error, SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_))
        || status.is_some_and(|status| status >= 500 || status == 429)
        || code.contains("Throttl")
        || code.contains("SlowDown")
        || code.contains("LimitExceeded")
        || code == "ProvisionedThroughputExceededException";
    let source = Box::new(Said(aws_sdk_s3::error::DisplayErrorContext(error).to_string()));
    if conflicts.contains(&code.as_str()) || status == Some(412) {
        StoreError::Conflict { what }
    } else if passing {
        StoreError::Unavailable { what, source }
    } else {
        StoreError::Refused { what, source }
    }
}

/// What a service said, in full: an SDK's own error prints nothing but its kind.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

fn refused(what: impl Into<String>, said: impl Into<String>) -> StoreError {
    StoreError::Refused { what: what.into(), source: Box::new(Said(said.into())) }
}
