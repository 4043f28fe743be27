//! The running suite: stores, pumps, timers and the front, started and stopped together.

use crate::{
    front,
    functions::Functions,
    home::{Home, HomeError, Serving},
    pump::{Hurry, Pump, drained},
    schedule::{Schedule, UnknownSchedule},
    stores::{self, Stores, StoresError, queue::QueueError},
    template::{Function, Template, TemplateError, Timer},
};
use rapport_core::time::Timestamp;
use rapport_io::aws::{Aws, Endpoints, Options};
use rapport_lambda::Job;
use std::{io, path::Path, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

/// Why a suite did not start, or stopped short.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// The folder cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A schedule of the template cannot be kept.
    #[error(transparent)]
    Schedule(#[from] UnknownSchedule),
    /// The stores did not start.
    #[error(transparent)]
    Stores(#[from] StoresError),
    /// The queues failed.
    #[error(transparent)]
    Queues(#[from] QueueError),
    /// The port is somebody else's.
    #[error("port {port} cannot be used ({source}); choose another with --port, 0 for any that is free")]
    Port {
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// A job failed.
    #[error("{0}")]
    Job(String),
}

/// A suite that runs.
#[derive(Debug)]
pub struct Suite<F> {
    home: Home,
    stores: Stores,
    functions: Arc<F>,
    port: u16,
    queues: Vec<String>,
    hurry: Hurry,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// What stands before there are functions.
struct Opened {
    template: Arc<Template>,
    listener: TcpListener,
    port: u16,
    home: Home,
    stores: Stores,
}

impl Opened {
    async fn at(home: &Path, port: u16) -> Result<Self, SuiteError> {
        let template = Arc::new(Template::deployed()?);
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|source| SuiteError::Port { port, source })?;
        let port = listener.local_addr().map_err(|source| SuiteError::Port { port, source })?.port();
        let home = Home::hold(home)?;
        let stores = Stores::start(&home, &template).await?;
        Ok(Self { template, listener, port, home, stores })
    }

    async fn run<F: Functions>(self, functions: F) -> Result<Suite<F>, SuiteError> {
        let Self { template, listener, port, home, stores } = self;
        let functions = Arc::new(functions);
        let (stop, stopping) = watch::channel(false);
        let mut suite = Suite { home, stores, functions, port, queues: Vec::new(), hurry: Hurry::default(), stop, tasks: JoinSet::new() };
        suite.start_timers(&template, &stopping)?;
        suite.start_pumps(&template, &stopping);
        suite.tasks.spawn(front::run(listener, stopping, template, Arc::clone(&suite.functions)));
        let again = suite.stores.notifier.catch_up().await?;
        tracing::info!(again, "log objects notified again");
        suite.home.announce(&Serving { pid: std::process::id(), endpoints: suite.stores.endpoints.clone(), port })?;
        Ok(suite)
    }
}

impl<F: Functions> Suite<F> {
    /// Starts everything on the state at `home`. `functions` builds the functions over the stores, before anything that waits in the
    /// queues is handed to them; `port` 0 takes one that is free.
    ///
    /// # Errors
    /// See [`SuiteError`]; or what `functions` says, and then nothing was started.
    pub async fn start<E: From<SuiteError>>(
        home: &Path,
        port: u16,
        functions: impl AsyncFnOnce(&Aws, &Stores) -> Result<F, E>,
    ) -> Result<Self, E> {
        let opened = Opened::at(home, port).await?;
        let functions = functions(&connect(&opened.stores).await, &opened.stores).await?;
        Ok(opened.run(functions).await?)
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its stores, for whoever wants to look with an SDK.
    #[must_use]
    pub const fn stores(&self) -> &Stores {
        &self.stores
    }

    /// Its functions.
    #[must_use]
    pub fn functions(&self) -> &F {
        &self.functions
    }

    /// Returns once everything that was sent is in the log and every log object is folded.
    ///
    /// # Errors
    /// When the queues cannot be looked at.
    pub async fn drain(&self) -> Result<(), SuiteError> {
        Ok(drained(&self.stores.queues, &self.queues, &self.hurry).await?)
    }

    /// Folds anew whoever waits for it, as the schedule would.
    ///
    /// # Errors
    /// [`SuiteError::Job`] says why somebody still waits.
    pub async fn refold(&self) -> Result<(), SuiteError> {
        self.functions.job(Function::Profile, Job::Refold, crate::clock::now()).await.map_err(SuiteError::Job)
    }

    /// Trains now, as the schedule would, and then looks anew who is in which segment.
    ///
    /// # Errors
    /// [`SuiteError::Job`] says why nothing was trained.
    pub async fn train(&self) -> Result<(), SuiteError> {
        for (function, job) in [(Function::Train, Job::Train), (Function::Profile, Job::Segments)] {
            self.functions.job(function, job, crate::clock::now()).await.map_err(SuiteError::Job)?;
        }
        Ok(())
    }

    /// Stops listening, lets what is in hand finish, then closes the stores. What still waits in the queues waits on disk.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        self.stores.stop().await;
        self.home.withdraw();
    }

    fn start_pumps(&mut self, template: &Template, stopping: &watch::Receiver<bool>) {
        for reader in template.readers(stores::SCOPE) {
            self.queues.push(reader.queue.clone());
            let pump = Pump {
                queues: Arc::clone(&self.stores.queues),
                marks_objects: reader.queue == self.stores.notifier.notification.queue,
                tables: self.stores.tables.clone(),
                queue: reader.queue,
                batch: reader.batch,
                hurry: self.hurry.clone(),
            };
            let (functions, stopping) = (Arc::clone(&self.functions), stopping.clone());
            self.tasks.spawn(async move {
                let functions = &functions;
                pump.run(stopping, move |batch, now| functions.batch(reader.function, batch, now)).await;
            });
        }
    }

    fn start_timers(&mut self, template: &Template, stopping: &watch::Receiver<bool>) -> Result<(), UnknownSchedule> {
        for timer in template.timers() {
            let schedule = Schedule::parse(&timer.expression)?;
            let (functions, stopping) = (Arc::clone(&self.functions), stopping.clone());
            self.tasks.spawn(keep(schedule, timer, stopping, functions));
        }
        Ok(())
    }
}

/// The ports over `stores`, as a function on AWS would have them.
pub async fn connect(stores: &Stores) -> Aws {
    reach(stores.endpoints.clone(), stores.names.clone()).await
}

/// The ports over a home's stores, whoever runs them.
pub async fn reach(endpoints: stores::Endpoints, names: stores::Names) -> Aws {
    Aws::connect(Options {
        stack: stores::STACK.to_owned(),
        bucket: names.bucket,
        inbox_url: Some(names.inbox_url),
        region: Some(stores::REGION.to_owned()),
        credentials: Some((stores::ACCESS_KEY.to_owned(), stores::ACCESS_KEY.to_owned())),
        endpoints: Endpoints {
            s3: Some(endpoints.s3),
            dynamodb: Some(endpoints.dynamodb),
            sqs: Some(endpoints.sqs),
            secrets: Some(endpoints.secrets),
        },
    })
    .await
}

async fn keep<F: Functions>(schedule: Schedule, timer: Timer, mut stop: watch::Receiver<bool>, functions: Arc<F>) {
    while !*stop.borrow() {
        let due = schedule.next(crate::clock::now());
        tokio::select! {
            () = sleep_until(due) => {}
            () = crate::http::stopped(&mut stop) => return,
        }
        if let Err(error) = functions.job(timer.function, timer.job.clone(), crate::clock::now()).await {
            tracing::error!(error, job = ?timer.job, "a scheduled job failed; the next time is its retry");
        }
    }
}

/// By short naps: a laptop that slept must not sleep on.
async fn sleep_until(due: Timestamp) {
    const NAP: Duration = Duration::from_secs(30);
    loop {
        let left = u64::try_from(due.since_ms(crate::clock::now())).unwrap_or_default();
        match Duration::from_millis(left) {
            Duration::ZERO => return,
            left => tokio::time::sleep(left.min(NAP)).await,
        }
    }
}
