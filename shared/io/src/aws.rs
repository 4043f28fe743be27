//! The four ports on AWS, or on anything that speaks its protocols.
//!
//! One TLS stack (rustls on ring), one retry policy and one set of timeouts for all of them. Each adapter is made by a method of its
//! own, so a function links only the SDKs it uses.

mod objects;
mod queue;
mod records;
mod secrets;

use crate::{
    layout::{self, Table},
    ports::{Objects, Queue, RecordKey, Records, Secrets, StoreError},
};
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::{
    config::{Credentials, http::HttpResponse},
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use std::{sync::Arc, time::Duration};

/// Tries of one call, the first included; the SDK waits longer and longer between them.
const ATTEMPTS: u32 = 3;
const CONNECT: Duration = Duration::from_secs(2);
/// A try may carry an object of a hundred megabytes.
const ATTEMPT: Duration = Duration::from_secs(60);
const OPERATION: Duration = Duration::from_secs(120);

/// Where the stack is.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Its name; tables and secrets are named after it.
    pub stack: String,
    /// Its bucket.
    pub bucket: String,
    /// Its region; from the environment when `None`.
    pub region: Option<String>,
    /// Where the services are when they are not AWS's own.
    pub endpoints: Endpoints,
    /// Credentials for services that are not AWS's own; from the environment when `None`.
    pub credentials: Option<StaticCredentials>,
}

/// Addresses (`http://127.0.0.1:4566`) of stand-ins for AWS's services. Without one, the SDK decides (`AWS_ENDPOINT_URL_…` included).
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    /// Stand-in for DynamoDB.
    pub dynamodb: Option<String>,
    /// Stand-in for S3; it is asked with the bucket in the path.
    pub s3: Option<String>,
    /// Stand-in for SQS.
    pub sqs: Option<String>,
    /// Stand-in for Secrets Manager.
    pub secrets: Option<String>,
}

/// A fixed key pair, for local stores.
#[derive(Clone, Debug)]
pub struct StaticCredentials {
    /// Its public half.
    pub key: String,
    /// Its private half.
    pub secret: String,
}

/// A connected stack: hands out the ports.
#[derive(Clone, Debug)]
pub struct Aws {
    config: SdkConfig,
    options: Options,
}

impl Aws {
    /// Reads region and credentials; no call is made yet.
    pub async fn connect(options: Options) -> Self {
        let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        if let Some(region) = &options.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(StaticCredentials { key, secret }) = &options.credentials {
            loader = loader.credentials_provider(Credentials::new(key, secret, None, None, "rapport"));
        }
        Self { config: loader.load().await, options }
    }

    /// S3, in the stack's bucket.
    #[must_use]
    pub fn objects(&self) -> Arc<dyn Objects> {
        Arc::new(objects::S3::new(&self.config, self.options.endpoints.s3.as_deref(), &self.options.bucket))
    }

    /// DynamoDB, in the stack's tables.
    #[must_use]
    pub fn records(&self) -> Arc<dyn Records> {
        Arc::new(records::DynamoDb::new(&self.config, self.options.endpoints.dynamodb.as_deref(), &self.options.stack))
    }

    /// SQS, the queue at `url`.
    #[must_use]
    pub fn queue(&self, url: &str) -> Arc<dyn Queue> {
        Arc::new(queue::Sqs::new(&self.config, self.options.endpoints.sqs.as_deref(), url))
    }

    /// Secrets Manager.
    #[must_use]
    pub fn secrets(&self) -> Arc<dyn Secrets> {
        Arc::new(secrets::SecretsManager::new(&self.config, self.options.endpoints.secrets.as_deref()))
    }
}

/// Opens connections, TLS included, while the platform still gives a starting function its full speed, so that the first request
/// does not pay for it. What the calls answer does not matter: a store that is down now is the first request's to deal with.
pub async fn warm(objects: Option<&dyn Objects>, records: Option<&dyn Records>) {
    let nobody = [RecordKey::alone("-")];
    let objects = async {
        match objects {
            Some(objects) => objects.get(layout::CURRENT_MODEL).await.err(),
            None => None,
        }
    };
    let records = async {
        match records {
            Some(records) => records.get(Table::Profiles, &nobody, false).await.err(),
            None => None,
        }
    };
    let (objects, records) = tokio::join!(objects, records);
    for error in [objects, records].into_iter().flatten() {
        tracing::warn!(%error, "a store did not answer during start");
    }
}

/// What AWS said, with all its causes: the SDK's own `Display` says "service error" and no more.
#[derive(Debug, thiserror::Error)]
#[error("{said}")]
struct Said {
    said: String,
}

/// Codes by which the services say that a condition did not hold.
const CONFLICTS: [&str; 3] = ["ConditionalCheckFailedException", "PreconditionFailed", "ConditionalRequestConflict"];
/// Codes by which the services say "not now" with a status below 500.
const BUSY: [&str; 8] = [
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
];

/// Sorts a failure into the three kinds that callers tell apart.
fn failure<E>(what: &str, error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default();
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    let conflict = CONFLICTS.contains(&code) || status == 412;
    let out_of_reach = matches!(error, SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_));
    let busy = out_of_reach || status >= 500 || status == 429 || BUSY.contains(&code);
    let said = Said { said: DisplayErrorContext(&error).to_string() };
    match (conflict, busy) {
        (true, _) => StoreError::conflict(what),
        (false, true) => StoreError::unavailable(what, said),
        (false, false) => StoreError::refused(what, said),
    }
}
