//! Which shop a command works on, and how its stores are reached: those of a stack, of a home that another `rapport` serves, or
//! of a home that this command opens for as long as it runs.

use super::{Failure, currency, progress};
use crate::{
    clock,
    deployed::Deployed,
    elsewhere, home,
    numbers::grouped,
    settings::{Settings, Told},
    stores::Names,
    suite::{self, Suite, SuiteError},
    template::{Scope, Template},
};
use clap::Args;
use profile::Ran;
use rapport_core::{auth::Keyring, money::Currency, source::ConsentMode, time::Timestamp};
use rapport_io::{
    aws::{self, Aws},
    inbox::Inbox,
    layout::Line,
    redrive::Redrive,
};
use rapport_lambda::Job;
use std::{path::PathBuf, sync::Arc};

/// Which shop a command works on.
#[derive(Clone, Debug, Args)]
pub struct Shop {
    /// Where the shop's local state lives.
    #[arg(long, global = true, env = "RAPPORT_HOME", default_value = ".rapport", help_heading = "Which shop")]
    pub home: PathBuf,
    /// Work on this deployed stack instead, with your AWS credentials.
    #[arg(long, global = true, help_heading = "Which shop")]
    pub stack: Option<String>,
    /// The shop's currency, as an ISO code: a home remembers the first it hears, and keeps to it once it has orders or prices
    /// [default: USD]; for a stack, say it as it was deployed.
    #[arg(long, global = true, env = "RAPPORT_CURRENCY", help_heading = "Which shop")]
    pub currency: Option<Currency>,
    /// What it means when nobody said anything about consent, `opt_in` or `opt_out` [default: opt_out for a home].
    #[arg(long, global = true, env = "RAPPORT_CONSENT", help_heading = "Which shop")]
    pub consent: Option<ConsentMode>,
    /// Answer as JSON, for machines.
    #[arg(long, global = true)]
    pub json: bool,
}

/// A shop whose stores are within reach.
pub(super) struct Open {
    pub(super) aws: Aws,
    pub(super) settings: Settings,
    pub(super) keys: Keyring,
    reach: Reach,
}

enum Reach {
    /// This process runs the stores, and the functions over them.
    Here(Box<Suite<Deployed>>),
    /// Another process runs them; what comes into its queues is its work.
    Elsewhere { functions: Box<Deployed>, sqs: String },
    /// AWS does.
    Stack(Box<Deployed>),
}

impl Shop {
    pub(super) const fn told(&self) -> Told {
        Told { currency: self.currency, consent: self.consent }
    }

    /// The settings that hold for this command.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        match (&self.stack, self.currency, self.consent) {
            (None, ..) => {
                Settings::of_home(&self.home, self.told()).map_err(|source| Failure::File { path: self.home.join("shop.json"), source })
            }
            (Some(_), Some(currency), Some(consent)) => Ok(Settings { currency, consent }),
            (Some(stack), ..) => Err(Failure::Usage(format!(
                "say --currency and --consent as {stack} was deployed with them (the parameters Currency and Consent of its template)"
            ))),
        }
    }

    /// Brings the stores within reach; keys that are missing are made, so that every function can work.
    pub(super) async fn open(&self) -> Result<Open, Failure> {
        let keys = super::keys::minted(self).await?;
        let settings = self.settings()?;
        let template = Template::deployed().map_err(SuiteError::from)?;
        if let Some(stack) = &self.stack {
            let aws = connect(stack, &template).await?;
            let functions = Box::new(Deployed::over(&aws, stack, settings));
            return Ok(Open { aws, settings, keys, reach: Reach::Stack(functions) });
        }
        if let Some(serving) = home::serving(&self.home) {
            currency::agree_with_server(self, settings.currency)?;
            let aws = suite::reach(serving.endpoints.clone(), Names::of(&serving.endpoints, &template)).await;
            let functions = Box::new(Deployed::at_home(&aws, settings));
            return Ok(Open { aws, settings, keys, reach: Reach::Elsewhere { functions, sqs: serving.endpoints.sqs } });
        }
        let suite = Suite::start(&self.home, 0, async |aws, _| {
            let functions = Deployed::at_home(aws, settings);
            currency::agree(self, aws, &functions, settings.currency).await?;
            Ok::<_, Failure>(functions)
        })
        .await?;
        let aws = suite::connect(suite.stores()).await;
        Ok(Open { aws, settings, keys, reach: Reach::Here(Box::new(suite)) })
    }
}

impl Open {
    /// The functions, to be called as their triggers would.
    pub(super) fn functions(&self) -> &Deployed {
        match &self.reach {
            Reach::Here(suite) => suite.functions(),
            Reach::Elsewhere { functions, .. } | Reach::Stack(functions) => functions,
        }
    }

    /// Waits until everything that was sent is folded, and folds anew whoever waits for it. False for a stack, whose queues are AWS's to
    /// empty.
    pub(super) async fn drain(&self) -> Result<bool, Failure> {
        match &self.reach {
            Reach::Here(suite) => suite.drain().await?,
            Reach::Elsewhere { sqs, .. } => elsewhere::drained(sqs).await?,
            Reach::Stack(_) => return Ok(false),
        }
        profile::run(&self.functions().profile, Job::Refold, clock::now()).await?;
        Ok(true)
    }

    /// What it takes to send rejects again.
    pub(super) fn redrive(&self) -> Redrive {
        let inbox = Inbox::new(Arc::clone(&self.aws.inbox), Arc::clone(&self.aws.objects));
        Redrive::new(Arc::clone(&self.aws.objects), inbox, self.aws.dead_letters.clone())
    }

    /// Folds what waits and brings segments up to the time, where nobody else is there to do it: the schedule's work while a suite runs,
    /// AWS's for a stack.
    pub(super) async fn sweep(&self) -> Result<(), Failure> {
        let Reach::Here(suite) = &self.reach else { return Ok(()) };
        let spinner = progress::spinner("folding what waits");
        self.drain().await?;
        let mut looked_at = 0;
        while let Ran::Swept(swept) = profile::run(&suite.functions().profile, Job::Segments, clock::now()).await? {
            looked_at += swept.due + swept.anew;
            spinner.set_message(format!("{} customers looked at", grouped(looked_at as u64)));
            if !swept.more {
                break;
            }
        }
        spinner.finish_and_clear();
        Ok(())
    }

    /// Loads what a lookup needs, as a function does when it starts.
    pub(super) async fn warm(&self, now: Timestamp) {
        self.functions().recommend.warm(now).await;
    }

    /// Lets go of the stores.
    pub(super) async fn close(self) {
        if let Reach::Here(suite) = self.reach {
            suite.stop().await;
        }
    }
}

/// The stores of a deployed stack; what they are called follows from the template.
pub(super) async fn connect(stack: &str, template: &Template) -> Result<Aws, Failure> {
    let aws::Account { id, region } = aws::account().await?;
    let scope = Scope { stack, account: &id, region: &region };
    let inbox = Line::Inbox.name(stack);
    Ok(Aws::connect(aws::Options {
        stack: stack.to_owned(),
        bucket: template.bucket(scope).name,
        inbox_url: Some(
            std::env::var("AWS_ENDPOINT_URL_SQS")
                .map_or_else(|_| format!("https://sqs.{region}.amazonaws.com/{id}/{inbox}"), |endpoint| format!("{endpoint}/{id}/{inbox}")),
        ),
        endpoints: aws::Endpoints { s3: std::env::var("AWS_ENDPOINT_URL_S3").ok(), ..aws::Endpoints::default() },
        ..aws::Options::default()
    })
    .await)
}
