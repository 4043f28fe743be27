//! The four stores in one process, each on a port of loopback that the system chooses, spoken to by the real SDKs.

pub(crate) mod dynamodb;
pub(crate) mod objects;
pub mod queue;
pub(crate) mod secrets;

use crate::{
    home::Home,
    http::{Answer, aws_operation, json_answer, read_body, serve, stopped},
    template::{Scope, Template},
};
use dynamodb::WriteAheadLog;
use objects::Notifier;
use queue::{QueueError, Queues};
use rapport_io::layout::{self, Line};
use secrets::SecretFile;
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, path::PathBuf, sync::Arc};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

/// User name and password of the local stores: they listen on loopback, and the SDKs must sign with something.
pub const ACCESS_KEY: &str = "local";
/// The region that local names bear.
pub const REGION: &str = "local";
/// The account that local names bear.
pub const ACCOUNT: &str = queue::wire::ACCOUNT;
/// The stack that a home is.
pub const STACK: &str = "local";

/// Whose names the template's resources bear in a home.
pub const SCOPE: Scope<'static> = Scope { stack: STACK, account: ACCOUNT, region: REGION };

/// Why the stores did not start.
#[derive(Debug, thiserror::Error)]
pub enum StoresError {
    /// A path that is not UTF-8.
    #[error("the path {0} is not UTF-8")]
    Path(PathBuf),
    /// A folder could not be made, or a port not be opened.
    #[error("the stores could not be started: {0}")]
    Io(#[from] std::io::Error),
    /// DynamoDB's file.
    #[error("the tables could not be opened: {0}")]
    Tables(String),
    /// The objects' folder.
    #[error("the objects could not be opened: {0}")]
    Objects(String),
    /// The queues' file.
    #[error(transparent)]
    Queues(#[from] QueueError),
}

/// Where each store listens: what the SDKs' endpoint URLs are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// DynamoDB.
    pub dynamodb: String,
    /// S3; buckets are in the path.
    pub s3: String,
    /// SQS.
    pub sqs: String,
    /// Secrets Manager.
    pub secrets: String,
}

/// The names of what the stores hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The bucket.
    pub bucket: String,
    /// Where to send what the inbox shall get.
    pub inbox_url: String,
}

impl Names {
    /// What the template calls them, in the stores at `endpoints`.
    #[must_use]
    pub fn of(endpoints: &Endpoints, template: &Template) -> Self {
        Self { bucket: template.bucket(SCOPE).name, inbox_url: format!("{}/{ACCOUNT}/{}", endpoints.sqs, Line::Inbox.name(STACK)) }
    }
}

/// The running stores.
#[derive(Debug)]
pub struct Stores {
    /// Where they listen.
    pub endpoints: Endpoints,
    /// What they hold.
    pub names: Names,
    pub(crate) queues: Arc<Queues>,
    pub(crate) notifier: Arc<Notifier>,
    pub(crate) tables: WriteAheadLog,
    stop: watch::Sender<bool>,
    servers: JoinSet<()>,
}

impl Stores {
    /// Starts them with their state under `home`, and makes whatever of the template's tables, queues and buckets is not there yet.
    ///
    /// # Errors
    /// See [`StoresError`].
    pub async fn start(home: &Home, template: &Template) -> Result<Self, StoresError> {
        let (stop, stopping) = watch::channel(false);
        let mut servers = JoinSet::new();

        let queues = Arc::new(Queues::open(&home.queues())?);
        for queue in template.queues(SCOPE) {
            queues.create(queue).await?;
        }
        let sqs = serve_queues(&mut servers, &stopping, Arc::clone(&queues)).await?;

        let bucket = template.bucket(SCOPE);
        std::fs::create_dir_all(home.objects().join(&bucket.name))?;
        let notifier = Arc::new(Notifier {
            queues: Arc::clone(&queues),
            bucket: bucket.name.clone(),
            notification: bucket.notification,
            root: home.objects(),
        });
        let s3 = serve_objects(&mut servers, &stopping, home, Arc::clone(&notifier)).await?;

        let database = dynamodb::open(&home.tables(), &template.tables(SCOPE))?;
        let (listener, dynamodb) = listen().await?;
        let (listener, stopped) = (listener.into_std()?, stopping.clone());
        servers.spawn_blocking(move || serve_tables(listener, database, stopped));

        let secret = SecretFile { name: layout::keys_secret(STACK), path: home.keys() };
        let secrets = serve_secrets(&mut servers, &stopping, secret).await?;

        let url = |at: SocketAddr| format!("http://{at}");
        let endpoints = Endpoints { dynamodb: url(dynamodb), s3: url(s3), sqs: url(sqs), secrets: url(secrets) };
        Ok(Self {
            names: Names::of(&endpoints, template),
            endpoints,
            queues,
            notifier,
            tables: WriteAheadLog::of(&home.tables()),
            stop,
            servers,
        })
    }

    /// Stops listening, lets calls that run finish, and closes the files.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.servers.join_next().await.is_some() {}
    }
}

async fn listen() -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let at = listener.local_addr()?;
    Ok((listener, at))
}

/// On a thread of its own: the tables do one thing at a time, and who waited for them would hold up one of the suite's threads.
fn serve_tables(listener: std::net::TcpListener, database: dynoxide::Database, mut stop: watch::Receiver<bool>) {
    let serving = async {
        let listener = TcpListener::from_std(listener).map_err(|error| error.to_string())?;
        dynoxide::server::serve_with_shutdown(listener, database, async move { stopped(&mut stop).await }).await
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string());
    if let Err(error) = runtime.and_then(|runtime| runtime.block_on(serving)) {
        tracing::error!(error, "the tables stopped");
    }
}

async fn serve_queues(servers: &mut JoinSet<()>, stop: &watch::Receiver<bool>, queues: Arc<Queues>) -> std::io::Result<SocketAddr> {
    let (listener, at) = listen().await?;
    servers.spawn(serve(listener, stop.clone(), move |request, _| {
        let queues = Arc::clone(&queues);
        async move {
            let operation = aws_operation(request.headers());
            match read_body(request.into_body(), queue::wire::LARGEST_BODY_BYTES).await {
                Some(body) => queue::wire::answer(&queues, &at.to_string(), &operation, &body, crate::clock::now()).await,
                None => too_large(),
            }
        }
    }));
    Ok(at)
}

async fn serve_objects(
    servers: &mut JoinSet<()>,
    stop: &watch::Receiver<bool>,
    home: &Home,
    notifier: Arc<Notifier>,
) -> Result<SocketAddr, StoresError> {
    let store = objects::open(&home.objects())?;
    let (listener, at) = listen().await?;
    servers.spawn(serve(listener, stop.clone(), move |request, _| {
        let (store, notifier) = (store.clone(), Arc::clone(&notifier));
        async move { objects::answer(&store, &notifier, request).await }
    }));
    Ok(at)
}

async fn serve_secrets(servers: &mut JoinSet<()>, stop: &watch::Receiver<bool>, secret: SecretFile) -> std::io::Result<SocketAddr> {
    /// Secrets Manager's own limit is 64 KB; JSON may escape every byte.
    const LARGEST_BYTES: usize = 512 * 1024;
    let (listener, at) = listen().await?;
    let secret = Arc::new(secret);
    servers.spawn(serve(listener, stop.clone(), move |request, _| {
        let secret = Arc::clone(&secret);
        async move {
            let operation = aws_operation(request.headers());
            match read_body(request.into_body(), LARGEST_BYTES).await {
                Some(body) => secret.answer(&operation, &body),
                None => too_large(),
            }
        }
    }));
    Ok(at)
}

fn too_large() -> Answer {
    json_answer(413, &serde_json::json!({ "__type": "RequestEntityTooLarge", "message": "the body is too large or was cut off" }))
}
